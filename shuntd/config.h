/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator configured, as plain data and as the state file.
 *
 * Model: bridges, each with settings, controllers and ports. The file is JSON with a version; it
 * is replaced whole: a temporary file is written and synced, renamed over the old one, and the
 * directory is synced, so that power loss at any moment leaves the old or the new one. A file
 * that does not parse, whose checksum does not fit, or that breaks a rule below, is refused whole.
 * The checksum (crc32) is the CRC-32 of the file's bytes with 00000000 in its place; a file without
 * one is not checked, so that it can be edited by hand.
 *
 * Rules: names of bridges and devices are names of network devices; a bridge, a device, a
 * datapath port number occur once; an OpenFlow port number occurs once in a bridge.
 *
 * Ownership: a config owns its arrays; config_free() frees them. Threads: any, its own data.
 * Errors: positive errno and a line. Not here: what is running (shuntd/bridge.h). */
#ifndef SHUNT_SHUNTD_CONFIG_H
#define SHUNT_SHUNTD_CONFIG_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datapath/abi.h"
#include "shuntd/error.h"

#define CONFIG_OFPORT_MAX 0xfeff /* The last that OpenFlow 1.0 has for ports. */
#define CONFIG_TABLES_MAX 254    /* 254 is hidden, 255 means all: OpenFlow 1.3, 7.3.4.1. */
#define CONFIG_TARGET_SIZE 128

/* Bits of protocols: 1 << wire version. */
#define CONFIG_PROTOCOL_MIN 0x01   /* OpenFlow 1.0 */
#define CONFIG_PROTOCOL_MAX 0x06   /* OpenFlow 1.5 */
#define CONFIG_PROTOCOLS_ALL 0x72u /* 1.0, 1.3, 1.4, 1.5 */

struct config_port {
    char device[IFNAMSIZ];
    uint32_t ofport;  /* 1..CONFIG_OFPORT_MAX; 0 in a request: the lowest free one. */
    uint32_t dp_port; /* 1..DP_MAX_PORTS-1; 0: none yet. */
    enum dp_hook hook;
    bool peer_off;    /* Else TC may send straight to the other end of a veth. */
    bool promiscuous; /* The daemon switched promiscuous mode on and has to switch it off. */
};

#define CONFIG_LIMIT_MAX 1000000

struct config_target {
    char name[CONFIG_TARGET_SIZE];    /* "tcp:HOST:PORT" and the like. */
    uint32_t rate_limit, burst_limit; /* Packet-ins a second, and at once; 0: no limit. */
};

struct config_bridge {
    char name[IFNAMSIZ];
    uint64_t datapath_id; /* 0 in a request: out of the local port's MAC. */
    uint8_t mac[6];       /* Of the local port. */
    uint32_t dp_port;     /* Of the local port. */
    uint32_t protocols;   /* Bits; 0 in a request: all. */
    uint32_t n_tables;    /* 1..CONFIG_TABLES_MAX; 0 in a request: all. */
    bool standalone;      /* Fail mode: else secure. */
    struct config_target *controllers;
    size_t n_controllers;
    struct config_port *ports;
    size_t n_ports;
};

struct config {
    struct config_bridge *bridges;
    size_t n_bridges;
};

/* Reads `path`. ENOENT (without a line) when there is none, EBADMSG when it is damaged; then
 * *config is empty. */
int config_load(const char *path, struct config *, struct error *);
/* Replaces `path`, or leaves it as it was. */
int config_save(const char *path, const struct config *, struct error *);
void config_free(struct config *);
void config_free_bridge(struct config_bridge *);

/* EINVAL and a line when `name` cannot name a network device. `what` is "bridge" or "device". */
int config_check_name(const char *what, const char *name, struct error *);
/* EINVAL and a line when `target` is no endpoint (ofproto/endpoint.h). */
int config_check_target(const char *target, struct error *);

/* Texts: "auto", "xdp", "tc"; "OpenFlow10", "OpenFlow13"; 16 hexadecimal digits. */
const char *config_hook_name(enum dp_hook);
int config_parse_hook(const char *, enum dp_hook *, struct error *);
/* "auto" or "off". */
const char *config_peer_name(bool peer_off);
int config_parse_peer(const char *, bool *peer_off, struct error *);
/* The name of a wire version, NULL for one that does not exist. */
const char *config_protocol_name(unsigned version);
/* Adds the bit of a name to *protocols. */
int config_parse_protocol(const char *, uint32_t *protocols, struct error *);
int config_parse_datapath_id(const char *, uint64_t *, struct error *);

#endif
