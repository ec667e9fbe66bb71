/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* What the BPF programs and user space share: the one definition of every struct in a map.
 *
 * Model: the flow table is memory that both sides see. A megaflow is a `struct dp_flow` and the
 * `struct dp_record` of the same index, found through buckets of {signature, index} slots; a mask
 * is a list of the key words it covers. User space is the only writer of records, buckets, masks
 * and ports; the fast path is the only writer of counters. To publish: write flow and record, then
 * store the slot with one 8-byte release store. To reuse an index: clear the slot, wait a grace
 * period, then write.
 *
 * All padding is named and zero; sizes and offsets are asserted here, so by both compilers.
 * Not here: how user space calls it (datapath/dp.h), the OpenFlow-only fields (ofproto/flow.h). */
#ifndef SHUNT_DATAPATH_ABI_H
#define SHUNT_DATAPATH_ABI_H

#include <linux/types.h>

/* The order of two members. Tests build a daemon in which each such pair is the other way round,
 * and upgrade from the one to the other (tests/soak/upgrade.py). */
#ifdef DP_OTHER_LAYOUT
#define DP_ABI_STEP 1000
#define DP_PAIR(a, b) b a
#else
#define DP_ABI_STEP 0
#define DP_PAIR(a, b) a b
#endif

/* Changes with any layout here, and with what a member means. Maps of another version are carried
 * over, member by member (datapath/migrate.c): one that means something else gets another name. */
#define DP_ABI_VERSION (14 + DP_ABI_STEP)

/* ---- The flow key ----------------------------------------------------------------------------
 * 29 words of 64 bits. Everything below is network byte order where its type says so. Fields that
 * the packet lacks are zero. Addresses of ARP stand in ip_src and ip_dst, its opcode in ip_proto
 * (the low 8 bits; an opcode over 255 reads as 0), ICMP type and code in tp_src and tp_dst (as
 * 16-bit values). */
struct dp_key {
    /* 0 */
    __u32 in_port;   /* Datapath port number. */
    __u32 recirc_id; /* 0: straight from a port. */
    /* 1 */
    __be64 tun_id;
    /* 2..5 */
    __be32 tun_src[4]; /* IPv4 in [0], the rest zero. */
    __be32 tun_dst[4];
    /* 6 */
    __be16 tun_flags;
    __be16 tun_tp_src;
    __be16 tun_tp_dst;
    __u8 tun_tos;
    __u8 tun_ttl;
    /* 7..8 */
    __u8 eth_dst[6];
    __u8 eth_src[6];
    __be16 eth_type;    /* Of the payload behind all VLAN tags; DP_ETH_TYPE_NONE for 802.3. */
    __be16 packet_type; /* 0: Ethernet. */
    /* 9 */
    struct dp_vlan {
        __be16 tpid; /* 0: no tag. */
        __be16 tci;
    } vlan[2]; /* Outermost first. */
    /* 10..11 */
    __be32 mpls_lse[3]; /* Outermost first. */
    __be32 pbb_itag;    /* I-TAG TCI; with DP_PARSED_PBB in `parsed`. */
    /* 12 */
    __be32 ip_src; /* IPv4, or ARP's sender. */
    __be32 ip_dst; /* IPv4, or ARP's target. */
    /* 13..16 */
    __be32 ip6_src[4];
    __be32 ip6_dst[4];
    /* 17 */
    __be32 ip6_label; /* 20 bits. */
    __u8 ip_proto;    /* IP protocol, or ARP opcode. */
    __u8 ip_tos;      /* DSCP and ECN. */
    __u8 ip_ttl;
    __u8 ip_frag; /* DP_FRAG_* */
    /* 18 */
    __be16 tp_src;
    __be16 tp_dst;
    __be16 tcp_flags;  /* 12 bits. */
    __be16 ip6_exthdr; /* OFPIEH_* bits of OpenFlow 1.3, section 7.2.3.8. */
    /* 19..20 */
    __u8 arp_sha[6]; /* ARP's sender, or ND's source link-layer address. */
    __u8 arp_tha[6]; /* ARP's target, or ND's target link-layer address. */
    __u8 n_mpls;     /* Labels in the packet, at most 4 (4: more than the key holds). */
    __u8 parsed;     /* DP_PARSED_* */
    __u8 tcp_pad[2]; /* Zero. */
    /* 21..22 */
    __be32 nd_target[4];
    /* 23 */
    __u16 ct_state;
    __u16 ct_zone;
    __u32 ct_mark;
    /* 24..25 */
    __u32 ct_label[4];
    /* 26 */
    DP_PAIR(__u32 skb_priority;, __u32 skb_mark;)
    /* 27 */
    __u32 hash; /* Of a HASH action, 0 before one. */
    __u32 pad;  /* Zero. */
    /* 28 */
    __u64 spare; /* Zero: room for tunnel options or NSH. */
};

#define DP_KEY_WORDS 29
_Static_assert(sizeof(struct dp_key) == DP_KEY_WORDS * 8, "a key is whole words");

/* The words that come from the packet; the others come from where it was and what was done. */
#define DP_KEY_PACKET_FIRST 7
#define DP_KEY_PACKET_WORDS 16

#define DP_WORD_OF(member) (__builtin_offsetof(struct dp_key, member) / 8)
_Static_assert(DP_WORD_OF(tun_id) == 1, "layout");
_Static_assert(DP_WORD_OF(eth_dst) == 7, "layout");
_Static_assert(DP_WORD_OF(vlan) == 9, "layout");
_Static_assert(DP_WORD_OF(mpls_lse) == 10, "layout");
_Static_assert(DP_WORD_OF(ip_src) == 12, "layout");
_Static_assert(DP_WORD_OF(ip6_src) == 13, "layout");
_Static_assert(DP_WORD_OF(ip6_label) == 17, "layout");
_Static_assert(DP_WORD_OF(tp_src) == 18, "layout");
_Static_assert(DP_WORD_OF(arp_sha) == 19, "layout");
_Static_assert(DP_WORD_OF(nd_target) == 21, "layout");
_Static_assert(DP_WORD_OF(ct_state) == 23, "layout");
_Static_assert(DP_WORD_OF(skb_priority) == 26, "layout");
_Static_assert(DP_WORD_OF(spare) == 28, "layout");

#define DP_ETH_TYPE_NONE 0x05ff /* As OFP_DL_TYPE_NOT_ETH_TYPE of OpenFlow 1.0. */

/* ip_frag */
#define DP_FRAG_ANY 1   /* A fragment. */
#define DP_FRAG_LATER 2 /* Not the first: no layer 4 header. */

/* parsed: which headers were whole. A truncated header leaves its fields zero and its bit clear. */
#define DP_PARSED_ARP 1
#define DP_PARSED_L3 2
#define DP_PARSED_L4 4
#define DP_PARSED_ND 8
#define DP_PARSED_PBB 16 /* An I-TAG follows the (backbone) Ethernet header. */
#define DP_PARSED_ND_SLL 32
#define DP_PARSED_ND_TLL 64

/* ---- Actions ---------------------------------------------------------------------------------
 * A slot of 24 bytes. What a kind means, its arguments and its text stand in actions/: a row in
 * actions/actions.def, a kernel half, a user half, a test. */
struct dp_action {
    __u8 kind; /* enum dp_action_kind */
    __u8 word; /* SET: which word of the key. */
    __u16 arg16;
    __u32 arg32;
    /* SET: bytes as they stand in the key, already masked; and which. */
    DP_PAIR(__u64 value;, __u64 mask;)
};
_Static_assert(sizeof(struct dp_action) == 24, "no hidden padding");

/* The ring of numbers is shared with pinned maps: append only. */
enum dp_action_kind {
    DP_ACTION_END, /* A list stops here; with nothing done before it, a drop by rule. */
#define ACTION(NAME, name) DP_ACTION_##NAME,
#include "actions/actions.def"
#undef ACTION
    DP_N_ACTIONS
};

#define DP_OUTPUT_LAST 1 /* OUTPUT, arg16: the packet itself goes, not a clone. */

/* DEC_TTL, word: which TTL; value: the cookie of its upcall. TOLD: an invalid TTL ends the list
 * without a word, as an earlier run on this packet told of it. */
enum dp_ttl { DP_TTL_IP, DP_TTL_MPLS };
#define DP_TTL_TOLD (~0ull)
/* PUSH_MPLS, word: where the label goes, behind the VLAN tags or next to the addresses: then the
 * tags are payload. */
enum dp_mpls_place { DP_MPLS_INNER, DP_MPLS_OUTER };
/* COPY_TTL, word: OUT copies from the next header to the outermost MPLS label, IN the other way. */
enum dp_ttl_copy { DP_TTL_OUT, DP_TTL_IN };
/* HASH, value: which fields. SYM_L4 gives both directions of a connection the same result. */
enum dp_hash_kind { DP_HASH_L4, DP_HASH_SYM_L4, DP_N_HASHES };

/* ---- Flow table ------------------------------------------------------------------------------*/
#define DP_NO_FLOW 0xffffffffu

/* Words that nearly every mask covers: ports, Ethernet, VLAN, IPv4, protocol, layer 4 ports. They
 * are hashed and compared without a loop; the rest of a mask is a list. */
#define DP_COMMON_WORDS(X) X(0, 0) X(1, 7) X(2, 8) X(3, 9) X(4, 12) X(5, 17) X(6, 18)
#define DP_N_COMMON 7

/* Written by the fast path. */
struct dp_flow_counters {
    __u64 n_packets;
    __u64 n_bytes;
    __u64 used_jiffies; /* bpf_jiffies64() of the last packet; 0: never. */
};

/* What most packets of a flow touch, and small: with many flows it is pages that cost. Keys and
 * lists are in records, a flow's own at its index. */
struct dp_flow {
    /* `detour`: record that holds the list instead of the flow's own, or DP_NO_FLOW: how a list is
     * replaced with one store. */
    DP_PAIR(__u32 mask_index;, __u32 detour;)
    __u32 flags;       /* DP_FLOW_* */
    __u32 single_port; /* The list is nothing but an output to it; else DP_NO_PORT. */
    __u64 ufid;        /* Stable identity of the flow over index reuse; 0: not a live one. */
    __u32 hash;        /* Of the masked key: the bucket, and so whether a slot is this flow's. */
    __u32 n_held;      /* Of DP_HELD_COUNT, not 0: held. User space has, or waits for, packets of
                          the flow that are to leave before any other does. Raised by the fast
                          path, lowered by both. And DP_HELD_AUDIT. */
    __u64 common[DP_N_COMMON];        /* Those words of the key. */
    struct dp_flow_counters counters; /* Of its first CPU alone; others have slices of their own in
                                         a map: cpu * max_flows + index. */
    __u32 first_cpu;                  /* Its number + 1; 0: none has counted yet. */
    __u32 tcp_flags;                  /* Host order, or of all packets. By any CPU. */
    union {
        __u64 held_until_ns; /* Then it is held no more, on the monotonic clock. */
        __u64 home;          /* At a detour's index: the flow whose list it is. */
    };
};
_Static_assert(sizeof(struct dp_flow) == 128, "two cache lines");

#define DP_RECORD_ACTIONS 6
/* Records that a tail call runs, and tail calls of a packet: the kernel allows 33. */
#define DP_LINK_RECORDS 2
#define DP_MAX_LINKS 32
/* A list's records: they leave some tail calls to recirculation. */
#define DP_LIST_RECORDS 48
#define DP_LIST_MAX (DP_LIST_RECORDS * DP_RECORD_ACTIONS)

struct dp_record {
    struct dp_key key; /* Of the packet that the flow was made for, whole. There is room for word
                          number 31 behind it: indices are masked so. */
    __u64 credited_packets; /* For user space alone: what of the counters was given to OpenFlow */
    __u64 credited_bytes;   /* flows. It stands here to live as long as the counters. */
    __u32 next;             /* Record with the actions after these, or DP_NO_FLOW. */
    __u32 n_actions;        /* In this record. */
    struct dp_action actions[DP_RECORD_ACTIONS];
};
_Static_assert(sizeof(struct dp_record) == 400, "no hidden padding");

#define DP_FLOW_NEEDS_TC                                                                           \
    1 /* XDP cannot run this list (several outputs): it passes the frame up.                       \
       */

/* The list adds headers behind which the kernel does not segment: on TC a packet of several
 * segments goes to user space (DP_UPCALL_LARGE), which cuts it and runs the list on each segment.
 */
#define DP_FLOW_CUTS 2

#define DP_HELD_COUNT 0x7fffffffu
#define DP_HELD_AUDIT 0x80000000u /* The next packet is shown to user space, and goes its way. */

/* How long a flow is held at most: some time slices of a busy machine. */
#define DP_HOLD_MAX_NS 50000000ull

/* Bucket `hash & bucket_mask`; when its eight slots are taken, also its neighbours (number ^ 1,
 * then number ^ 2). The last slot says how many of them readers search. */
#define DP_BUCKET_SLOTS 8
struct dp_bucket {
    __u64 slots[DP_BUCKET_SLOTS]; /* hash << 32 | flow index + 1; low half 0: empty. */
};
_Static_assert(sizeof(struct dp_bucket) == 64, "a cache line");
#define DP_BUCKET_NEIGHBOURS 2
#define DP_SLOT_SPILL_SHIFT 30          /* In the low half of slots[7]: neighbours to search. */
#define DP_SLOT_SPILL_MASK 0xc0000000ul /* Of them. */
#define DP_SLOT_INDEX 0x3fffffffu       /* Of the low half: flow index + 1. */

/* A bit for each 32nd of the hashes (dp_filter_bit()) that a bucket's flows have, those of them
 * that its neighbours host included: small enough for the processor's caches, it spares a mask that
 * has no flow there a look at the bucket. Two buckets an element: number / 2, number % 2. */
#define DP_FILTER_BUCKETS 2
struct dp_filter {
    __u32 buckets[DP_FILTER_BUCKETS];
};

static inline __u32
dp_filter_bit(__u32 hash)
{
    return 1u << (hash >> 27); /* Buckets go by the low bits, of which there are at most 24. */
}

struct dp_mask {
    /* Words beside the common ones; for user space: flows that use it, 0: it is not in use. */
    DP_PAIR(__u32 n_rest;, __u32 n_flows;)
    __u64 common[DP_N_COMMON];    /* Bits of the common words. */
    __u8 words[32];               /* Which other words, ascending, the first n_rest. */
    __u64 bits[DP_KEY_WORDS + 1]; /* bits[i] masks words[i]. */
};
_Static_assert(sizeof(struct dp_mask) == 336, "no hidden padding");

#define DP_MAX_MASKS 2048

/* Which masks there are, in the order in which they are tried. Whoever reads while user space
 * reorders may try one twice or miss one, which costs an upcall, never a wrong flow. */
struct dp_control {
    __u32 n_masks;
    __u32 abi_version;         /* DP_ABI_VERSION of whoever made the maps. */
    __u64 jiffies;             /* bpf_jiffies64() when user space asked last (shunt_clock). */
    __u64 generation;          /* Raised after flows were put (dp_upcall_reader_mark()). */
    __u64 secret[32];          /* Of the hash, by word of the key; random, made with the maps. */
    __u16 order[DP_MAX_MASKS]; /* Indices of masks, the first n_masks. */
};

/* A set of the microflow cache, the latest first: hash << 32 | flow index + 1. */
struct dp_cache_set {
    __u64 ways[2];
};
#define DP_CACHE_SETS 4096 /* Of one CPU. */

/* ---- Ports -----------------------------------------------------------------------------------*/
#define DP_MAX_PORTS 8192
#define DP_NO_PORT 0 /* Port numbers of the datapath start at 1. */

struct dp_port {
    __u32 ifindex; /* 0: no such port. */
    /* DP_PORT_*; which bridge, for the upcall's reader. */
    DP_PAIR(__u16 flags;, __u16 bridge;)
    __u32 upcall_rate; /* Upcalls a second that its token bucket lets pass; 0: no limit. */
    __u32 upcall_burst;
    __u64 peer_mac;  /* With DP_PORT_PEER: of the device's other end, as in the key's eth_dst. */
    __u32 peer_size; /* Most bytes of a frame that it takes, segmented ones aside. */
    __u32 pad;
};
#define DP_PORT_XDP 1      /* XDP is attached here (TC too, for what XDP passes up). */
#define DP_PORT_NO_RECV 2  /* OFPPC_NO_RECV: drop what comes in. */
#define DP_PORT_NO_FWD 4   /* OFPPC_NO_FWD: drop what would go out. */
#define DP_PORT_QDISC 16   /* The clsact qdisc there is ours to remove. */
#define DP_PORT_TO_LOCAL 8 /* Redirect to the ingress of the device instead of its egress. */
#define DP_PORT_PEER                                                                               \
    32 /* A veth whose other end lives in another namespace: TC may hand packets                   \
          to that end's ingress and spare the queue between. */

/* By the low bits of an interface index: what the way in needs of the port. Stored whole. */
#define DP_IFINDEX_SLOTS 65536
struct dp_ifindex_slot {
    __u32 ifindex; /* 0: none. */
    __u16 port_no;
    __u16 flags; /* Of the port. */
};
_Static_assert(sizeof(struct dp_ifindex_slot) == 8, "one store");

struct dp_token_bucket {
    __u64 tokens_ns; /* Time that is saved up: one token is 1e9 / rate of it. */
    __u64 last_ns;   /* When it was filled last, on the monotonic clock. */
};

struct dp_port_stats {
    DP_PAIR(__u64 rx_packets;, __u64 rx_bytes;)
    DP_PAIR(__u64 tx_packets;, __u64 tx_bytes;)
    __u64 rx_dropped, tx_dropped;
    __u64 n_upcalls, n_upcalls_lost;
    __u64 n_lost_ring_full, n_lost_rate; /* Of the lost ones. */
    __u64 spare[6];
};
_Static_assert(sizeof(struct dp_port_stats) == 128, "two cache lines");

/* ---- Drops -----------------------------------------------------------------------------------
 * Every packet that comes in leaves, is consumed by user space, or is counted under one of
 * these. The names are what `shuntctl dpctl show` prints. */
#define DP_DROP_REASONS(X)                                                                         \
    X(RULE, "rule")            /* An empty action list: what the rules say. */                     \
    X(NO_PORT, "unknown-port") /* Came in by a device that is no port. */                          \
    X(PORT_NO_RECV, "port-no-recv")                                                                \
    X(PORT_NO_FWD, "port-no-fwd")                                                                  \
    X(PORT_GONE, "output-port-gone") /* An output to a port that is no more. */                    \
    X(UPCALL_RING_FULL, "upcall-ring-full")                                                        \
    X(UPCALL_RATE, "upcall-rate-limit") /* The port's token bucket was empty. */                   \
    X(RECIRC_LIMIT, "recirculation-limit")                                                         \
    X(CHAIN_LIMIT, "action-chain-limit") /* More tail calls than the kernel allows. */             \
    X(TAIL_CALL, "tail-call-failed")                                                               \
    X(TRUNCATED_HEADER, "truncated-header") /* A header to be changed is not whole. */             \
    X(NO_HEADER, "no-such-header")          /* An action on a header that the packet lacks. */     \
    X(HEADROOM, "no-headroom")                                                                     \
    X(TTL, "invalid-ttl") /* And nobody asked for a packet-in. */                                  \
    X(METER, "meter")                                                                              \
    X(REDIRECT, "redirect-failed")                                                                 \
    X(CLONE, "clone-failed")                                                                       \
    X(BAD_RECORD, "bad-record") /* A record the fast path does not understand. */                  \
    X(INJECT, "bad-injection")                                                                     \
    X(CHECKSUM, "checksum-needs-whole-packet") /* SCTP's CRC32c, and this is a fragment. */

enum dp_drop {
    DP_DROP_NONE,
#define X(NAME, name) DP_DROP_##NAME,
    DP_DROP_REASONS(X)
#undef X
        DP_N_DROPS
};

/* Totals over the datapath, one slice a CPU. received = forwarded + consumed + sum of drops. */
struct dp_totals {
    __u64 n_received;  /* Frames of ports and injected ones. */
    __u64 n_forwarded; /* Frames that came in and left at least once. */
    __u64 n_consumed;  /* Frames that went to user space and nowhere else. */
    __u64 n_cache_hits;
    __u64 n_megaflow_hits;
    __u64 n_misses;
    __u64 n_masks_tried;
    __u64 n_outputs;      /* Copies that left. */
    __u64 n_single;       /* Frames that left by one output, which n_forwarded and n_outputs leave
                             out. dp_totals() adds them there and says 0. */
    __u64 n_held;         /* Frames that went to user space behind earlier ones of their flow. */
    __u64 n_hold_expired; /* Flows whose time was over before user space was done with them. */
    __u64 n_large;        /* Frames that went to user space to be cut (DP_FLOW_CUTS). */
    __u64 n_hold_refused; /* Frames of held flows that found no room, and left at once. */
    __u64 n_dropped[32];  /* By enum dp_drop. */
};
_Static_assert(DP_N_DROPS <= 32, "room for every reason");

/* ---- Meters ----------------------------------------------------------------------------------*/
#define DP_MAX_METERS 65536
#define DP_METER_BANDS 8

enum dp_band_type { DP_BAND_NONE, DP_BAND_DROP, DP_BAND_DSCP_REMARK };

/* A band is a generic cell rate algorithm (ITU-T I.371, virtual scheduling): one number that
 * CPUs exchange atomically. Times are in units of 1/16 ns. */
struct dp_meter_band {
    __u32 type;               /* enum dp_band_type */
    __u32 prec;               /* DSCP_REMARK: by how much the drop precedence grows. */
    __u64 rate;               /* Kilobits or packets a second, not 0. */
    __u64 burst;              /* Kilobits or packets; 0: what comes in 10 ms. */
    __u64 tolerance;          /* Time that the burst takes at this rate. */
    __u64 due;                /* When the rate allows the next packet. Written by the fast path. */
    __u64 n_packets, n_bytes; /* That were over this band's rate. */
};

struct dp_meter {
    __u32 n_bands;            /* Bands in use; with 0 packets pass. */
    __u32 flags;              /* DP_METER_* */
    __u64 n_packets, n_bytes; /* That came in. */
    struct dp_meter_band bands[DP_METER_BANDS];
};
#define DP_METER_LIVE 1  /* There is such a meter. */
#define DP_METER_PKTPS 2 /* Rates are packets, else kilobits. */

/* ---- Upcalls ---------------------------------------------------------------------------------*/
enum dp_upcall_reason {
    DP_UPCALL_MISS,   /* No megaflow: translate, install, execute. */
    DP_UPCALL_SLOW,   /* The megaflow says that user space runs the list. */
    DP_UPCALL_ACTION, /* A USERSPACE action: `cookie` is its argument; the packet as changed. */
    DP_UPCALL_TTL,    /* A DEC_TTL found an invalid TTL; `cookie` as in its action. */
    DP_UPCALL_HELD,   /* The megaflow is held; `cookie` is its ufid. It counted the packet. */
    DP_UPCALL_LARGE,  /* To be cut (DP_FLOW_CUTS); the megaflow is held from now on, as above. */
    DP_UPCALL_AUDIT,  /* A copy of a packet that went its way; `cookie` is its megaflow's ufid. */
};

struct dp_upcall {
    __u32 cap_size;   /* Bytes of packet after this header. */
    __u32 pkt_size;   /* Of the packet. */
    __u8 reason;      /* enum dp_upcall_reason */
    __u8 hook;        /* enum dp_hook: where it was met. */
    __u16 gso_size;   /* TC: segment size of a large packet, else 0. */
    __u32 flow_index; /* MISS: DP_NO_FLOW; else the record. */
    __u64 cookie;
    struct dp_key key;
};
_Static_assert(sizeof(struct dp_upcall) == 24 + sizeof(struct dp_key), "no hidden padding");

#define DP_UPCALL_CAP_MAX 65535

/* ---- Injection -------------------------------------------------------------------------------
 * User space runs a packet by handing it to the injection device, a tap, in one of two ways:
 *   - a packet socket with SO_MARK = slot number + 1 on its egress, where the TC program is;
 *   - the tap itself, a struct dp_inject before the frame, on its ingress, where the XDP program
 *     is: cheaper, for what XDP can do.
 * The program parses the packet as if it came from `in_port`, and runs the record's list. Slots
 * belong to threads. Both writes return after the list ran. */
struct dp_inject {
    __u32 in_port;
    __u32 flow_index; /* The record whose list runs: a megaflow, or a scratch record. */
    __u32 recirc_id;
    __u32 flags;    /* DP_INJECT_* */
    __u64 metadata; /* Zero. */
};
#define DP_INJECT_COUNT 1  /* Count in the record's statistics. */
#define DP_INJECT_LOOKUP 2 /* No record: look the packet up as a port's would be (OFPP_TABLE). */
#define DP_INJECT_SLOTS 1024

/* Slots of the array of tail calls, one array a hook. */
enum dp_link {
    DP_LINK_ACTIONS, /* Runs a record's list from the position in the state. */
    DP_LINK_LOOKUP,  /* Parses and looks up again, after a recirculation. */
    DP_N_LINKS
};

enum dp_hook { DP_HOOK_AUTO, DP_HOOK_XDP, DP_HOOK_TC };

/* ---- Hash ------------------------------------------------------------------------------------
 * NH of UMAC (RFC 4418, section 5.2.2), 32x32->64 bits: each masked word's halves are added to a
 * secret's and multiplied, products are summed. Words do not wait for one another (the design
 * measured four times the speed of a serial chain), and whoever does not know the secrets finds
 * two keys with equal sums with a chance of 2^-32. */
static inline __u64
dp_hash_word(__u64 word, __u64 secret)
{
    return (__u64)((__u32)word + (__u32)secret) *
           (__u32)((__u32)(word >> 32) + (__u32)(secret >> 32));
}

/* The common words of a key, masked. `secret` by word of the key. */
static inline __u64
dp_hash_common(const __u64 *words, const struct dp_mask *mask, const volatile __u64 *secret)
{
    __u64 sum = 0;

#define X(i, word) sum += dp_hash_word(words[word] & mask->common[i], secret[word]);
    DP_COMMON_WORDS(X)
#undef X
    return sum;
}

static inline __u32
dp_hash_finish(__u64 sum, __u32 mask_index)
{
    sum ^= 0xa0761d6478bd642full * (mask_index + 1);
    sum ^= sum >> 32;
    sum *= 0xd6e8feb86659fd93ull;
    return (__u32)(sum ^ (sum >> 32));
}

#endif
