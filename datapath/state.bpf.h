/* SPDX-License-Identifier: GPL-2.0 */
/* What the fast path knows about the packet in its hands: one `struct state` a CPU.
 *
 * Model: a program of this switch runs with bottom halves off, and nothing that it calls runs
 * another one on the same CPU, so one slot a CPU is enough; it lives across tail calls. Whoever
 * changes the packet changes the key and the offsets with it.
 *
 * Offsets count from the first byte of the Ethernet header as it stands in memory (on TC the
 * outermost VLAN tag is mostly not there but in the socket buffer: `vlan_in_meta`).
 * Not here: counters that outlive a packet (abi.h), the packet's bytes (ctx.bpf.h). */
#ifndef SHUNT_DATAPATH_STATE_BPF_H
#define SHUNT_DATAPATH_STATE_BPF_H

#include "datapath/abi.h"

/* What the parser found beside the key. Shared with user space's build of the parser. */
struct layout {
    __u16 l2_len; /* Of the Ethernet header with the tags in memory: here MPLS, an I-TAG or layer 3
                     starts. */
    __u16 l3_off; /* IPv4, IPv6 or ARP header; 0: none, or not whole. */
    __u16
        l4_off; /* TCP, UDP, SCTP, ICMP, ICMPv6 header; 0: none, not whole, or a later fragment. */
    __u16 nd_sll_off; /* The address in the option; 0: no such option. */
    __u16 nd_tll_off;
    __u16 scratch; /* The parser's: where the next header starts. */
    __u16 room;    /* The parser's: bytes of layer 4 as layer 3 says. */
    __u16 pad;
    __u8 vlan_in_meta; /* 1: vlan[0] of the key is in the socket buffer's metadata. */
    __u8 next_proto;   /* The parser's: type of the next header. */
    __u8 rank;         /* The parser's: highest rank of an IPv6 extension header so far. */
    __u8 pad2[5];
};

/* The key with room behind, so that a mask's word index masked by 31 stays inside. */
union state_key {
    struct dp_key key;
    __u64 words[32];
};

struct state {
    union state_key u; /* First: tests read the key from here. */
    struct layout layout;

    /* What has happened to the packet so far. Zero when it comes in. */
    union {
        struct {
            __u32 trunc;     /* Most bytes that the next output sends; 0: all. */
            __u32 n_recirc;  /* Recirculations so far. */
            __u32 n_links;   /* Tail calls so far. */
            __u32 n_outputs; /* Copies that left. */
            __u32 n_upcalls; /* Copies that user space got. */
            __u32 drop;      /* enum dp_drop: why a copy, or what is left of the packet, went
                                nowhere. */
            __u32 injected;  /* 1: came from user space. */
            __u32 by_egress; /* 1: not for the ingress of a veth's other end (tc_to_peer()). */
        };
        __u64 progress[4];
    };

    /* The list that runs. */
    __u32 flow_index; /* The megaflow (or injected record) that was hit. */
    __u32 record;     /* Which record of its list. */
    __s32 verdict;    /* What the program returns when the list ended with ACT_DONE. */

    __u32 cpu;
    __u32 size;       /* Bytes on the wire when it came in. */
    __u32 hash;       /* Of the microflow: its slot in the cache. */
    __u32 clean;      /* 1: words of the key that IPv4 packets do not write are zero. */
    __u32 fence;      /* Written for the barrier that comes with it. */
    __u64 generation; /* Of `control`, when this CPU missed last. */
    struct dp_totals totals;

    /* One lookup finds all that this CPU alone writes but its counters of flows. */
    struct dp_cache_set cache[DP_CACHE_SETS];
    struct dp_port_stats port_stats[DP_MAX_PORTS];
};

/* A kernel half is, for ACTION(NAME, file) of actions/actions.def, in actions/FILE.bpf.h,
 *
 *     static __always_inline int
 *     act_NAME(ctx_t *ctx, struct state *state, const struct dp_action *action)
 *
 * with NAME as in the row (act_PUSH_VLAN). datapath/switch.bpf.c includes the file and makes a
 * function of its own for the verifier out of it, so it is verified once. It changes packet,
 * key and layout together, or nothing. `action` is in the flow's record: read only.
 *
 * It returns 0 to go on, an enum dp_drop (positive) to end the list and the
 * packet with that reason, or one of these. */
#define ACT_DONE (-1)   /* The list ends; the packet's verdict is state->verdict. */
#define ACT_RECIRC (-2) /* Parse again, look up again. */

#endif
