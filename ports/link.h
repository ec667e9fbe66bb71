/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of one network device, and what its driver says of its medium.
 *
 * Model: a `struct link` is a snapshot out of one RTM_NEWLINK message; it has no hidden padding
 * that differs, so two snapshots are the same when their bytes are. The medium (speed, offloads)
 * comes from the ethtool ioctl and is asked for when somebody wants it, because no event tells of
 * its changes.
 *
 * Ownership: plain data. Threads: any. Errors: positive errno.
 * Not here: the table of all devices and its events (ports/ports.h). */
#ifndef SHUNT_PORTS_LINK_H
#define SHUNT_PORTS_LINK_H

#include <linux/netlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

enum link_kind {
    LINK_OTHER,
    LINK_PHYSICAL, /* No software kind: a driver's device. */
    LINK_VETH,
    LINK_TUN, /* A tap when `ethernet`, else a tun. */
};

/* How an XDP program sits on a device. */
enum link_xdp { LINK_XDP_NONE, LINK_XDP_NATIVE, LINK_XDP_GENERIC, LINK_XDP_OFFLOADED };

struct link {
    char name[IFNAMSIZ]; /* Zero to the end. */
    uint32_t ifindex;
    uint32_t peer_ifindex;   /* Of a veth; 0: none, or in another namespace. */
    uint32_t far_ifindex;    /* Of a veth whose other end is in another namespace, there; else 0. */
    int32_t far_netnsid;     /* What this namespace calls that one (rtnetlink(7)); else 0. */
    uint32_t mtu;            /* Bytes behind the Ethernet header. */
    uint32_t xdp_prog_id;    /* 0: none. */
    uint32_t kind;           /* enum link_kind */
    uint32_t xdp;            /* enum link_xdp */
    uint32_t master_ifindex; /* Of the bridge or bond that it is enslaved to; 0: none. */
    uint8_t mac[6];
    bool ethernet; /* Its frames have Ethernet headers. */
    bool admin_up;
    bool carrier;
    bool promiscuous;  /* By request of its flags, not by a packet socket's. */
    uint8_t operstate; /* IF_OPER_* of linux/if.h. */
    bool queued;       /* A queueing discipline may hold back what is sent. */
};

/* Fills `link` from an RTM_NEWLINK or RTM_DELLINK message. EBADMSG when an attribute is not what
 * the kernel sends. */
int link_parse(const struct nlmsghdr *, struct link *);
bool link_equal(const struct link *, const struct link *);
/* "veth", "tap", "tun", "physical" or "other". */
const char *link_kind_name(const struct link *);

/* Speeds and duplex as bits; the numbering is that of OFPPF_* of OpenFlow 1.4, section 7.2.1. */
#define LINK_MODE_10M_HD (1u << 0)
#define LINK_MODE_10M_FD (1u << 1)
#define LINK_MODE_100M_HD (1u << 2)
#define LINK_MODE_100M_FD (1u << 3)
#define LINK_MODE_1G_HD (1u << 4)
#define LINK_MODE_1G_FD (1u << 5)
#define LINK_MODE_10G_FD (1u << 6)
#define LINK_MODE_40G_FD (1u << 7)
#define LINK_MODE_100G_FD (1u << 8)
#define LINK_MODE_1T_FD (1u << 9)
#define LINK_MODE_OTHER (1u << 10)
#define LINK_MODE_COPPER (1u << 11)
#define LINK_MODE_FIBER (1u << 12)
#define LINK_MODE_AUTONEG (1u << 13)
#define LINK_MODE_PAUSE (1u << 14)
#define LINK_MODE_PAUSE_ASYM (1u << 15)

struct link_medium {
    uint32_t speed_mbps; /* 0: not known. */
    uint32_t current;    /* LINK_MODE_*, of now. */
    uint32_t advertised;
    uint32_t supported;
    uint32_t peer; /* What the other end advertises. */
    bool gro;
    bool tso;
    bool tx_checksum;
    char driver[32];
};

/* Asks the driver of the device `name`. What a driver does not tell stays zero; ENODEV when
 * there is no such device. */
int link_get_medium(const char *name, struct link_medium *);

#endif
