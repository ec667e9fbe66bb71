/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenFlow connections of one bridge: controllers, listeners, the management socket.
 *
 * Model: requests are decoded (ofproto/openflow.h), turned into the structs of
 * ofproto/messages.h, handed to ofproto, and answered. What is not OpenFlow state - running a
 * packet, waiting until the fast path conforms - goes up through connmgr_ops. Requests of one
 * connection are answered in their order: a barrier holds back what comes after it.
 *
 * Three kinds of connections: a controller that we call, a peer that a listener accepted
 * ("service": no packet-ins by default on the management socket, all of a controller's on ptcp:),
 * and a snooper, who sees the messages of the controllers.
 *
 * Fail modes: in standalone mode the bridge switches by MAC addresses (a flow with NORMAL) while no
 * controller is configured, or none was connected for three probe intervals; in secure mode the
 * tables stay as they are.
 *
 * Ownership: owns its connections; borrows the event base, the ofproto and the TLS context.
 * Threads: the event base's thread. Errors: positive errno for the daemon's calls; a bad message
 * gets its OpenFlow error and changes nothing.
 * Not here: tables (ofproto/ofproto.h), byte streams (ofproto/conn.h). */
#ifndef SHUNT_OFPROTO_CONNMGR_H
#define SHUNT_OFPROTO_CONNMGR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <openssl/ssl.h>

#include "ofproto/conn.h"
#include "ofproto/ofproto.h"

struct connmgr;
struct ofp_packet_in;
struct ofp_packet_out;

struct connmgr_ops {
    /* Runs the packet; it is valid during the call. */
    enum ofperr (*packet_out)(void *aux, const struct ofp_packet_out *);
    /* A packet that paused goes on (NXT_RESUME). */
    enum ofperr (*resume)(void *aux, const struct ofp_packet_in *);
    /* Calls `done` when the fast path conforms to all changes made so far; perhaps at once. */
    void (*barrier)(void *aux, bool of_controller, void (*done)(void *done_aux), void *done_aux);
    /* Forgets barriers of this done_aux. */
    void (*barrier_cancel)(void *aux, void *done_aux);
    /* Whether some connection wants packets that met no flow entry at all, as OpenFlow 1.0 sends
     * them; told when it changes, false at first. NULL: nobody cares. */
    void (*implicit_misses)(void *aux, bool wanted);
};

enum connmgr_fail_mode { FAIL_STANDALONE, FAIL_SECURE };

struct connmgr_options {
    enum connmgr_fail_mode fail_mode;
    struct event_base *base;
    struct ofproto *ofproto;
    const char *mgmt_path;  /* Unix socket for ovs-ofctl and shuntctl; NULL: none. */
    const char *snoop_path; /* NULL: none. */
    const char *hw_desc, *sw_desc, *serial_num, *mfr_desc; /* Of OFPMP_DESC. Borrowed. */
    uint32_t version_bitmap;                               /* 0: all that we speak. */
    SSL_CTX *tls; /* NULL: ssl: and pssl: cannot be used. */
};

/* Connections that a listener has open at a time; one more is cut off. */
#define CONNMGR_MAX_PEERS 1024

/* One controller or listener as it is configured. */
struct connmgr_target {
    const char *target;       /* tcp:, ssl:, unix:, ptcp:, pssl:, punix: */
    unsigned probe_ms;        /* 0: 5,000. */
    unsigned max_backoff_ms;  /* 0: 8,000. */
    uint32_t packet_in_rate;  /* Packet-ins a second; 0: no limit. */
    uint32_t packet_in_burst; /* At once, and how many may wait; 0: a quarter of the rate. */
    bool waits; /* A listener whose address cannot be had is no error, but is tried again. */
};

struct connmgr_target_info {
    const char *target;
    bool is_passive;
    bool is_connected;
    unsigned n_connections; /* Of a listener. */
    uint8_t version;        /* Wire version, 0: none agreed. */
    uint32_t role;          /* OFPCR_ROLE_* */
    int64_t since_ms;       /* In this state. */
    const char *last_error;
    uint32_t packet_in_rate, packet_in_burst; /* As in struct connmgr_target. */
    /* Of all its connections, since it was configured: */
    uint64_t n_refused;            /* Over the limit of connections or of descriptors. */
    uint64_t n_packet_ins_dropped; /* By the rate, or because the peer did not keep up. */
    uint64_t n_async_dropped;      /* Of other messages that it did not ask for. */
    uint64_t n_errors;             /* Sent. */
    uint64_t n_unread;             /* Bytes that wait for peers. */
};

/* An error is that of a socket: there is a connmgr all the same, which does without. */
int connmgr_create(const struct connmgr_options *, const struct connmgr_ops *, void *aux,
                   struct connmgr **);
void connmgr_destroy(struct connmgr *);

/* Replaces the targets: those that stay keep their connections. Nothing changes on error, and
 * `error` says which target and why. */
int connmgr_set_targets(struct connmgr *, const struct connmgr_target *, size_t n, char *error,
                        size_t error_size);
void connmgr_set_fail_mode(struct connmgr *, enum connmgr_fail_mode);
void connmgr_set_versions(struct connmgr *, uint32_t version_bitmap);
/* Calls `cb` for each target. */
void connmgr_for_each_target(const struct connmgr *,
                             void (*cb)(void *aux, const struct connmgr_target_info *), void *aux);
/* The same of the management socket. */
void connmgr_get_management(const struct connmgr *, struct connmgr_target_info *);

/* ---- What the bridge tells its controllers ---- */
/* The packet is whole: each connection gets `max_len` bytes of it (of a miss without a flow entry,
 * as many as it configured), and an id of the rest when there is a rest. `controller_id`: that of
 * NXAST_CONTROLLER; 0: all that asked for no other id. */
void connmgr_packet_in(struct connmgr *, const struct ofp_packet_in *, uint16_t max_len,
                       uint16_t controller_id);
/* These are ofproto_ops of the same names. */
void connmgr_flow_removed(struct connmgr *, struct rule *, uint8_t reason);
void connmgr_flow_event(struct connmgr *, const struct flow_event *);
void connmgr_flow_events_end(struct connmgr *);
void connmgr_port_status(struct connmgr *, const struct ofport *, uint8_t reason);
void connmgr_table_status(struct connmgr *, const struct table *, uint8_t reason);

#endif
