/* SPDX-License-Identifier: Apache-2.0 */
/* OpenFlow actions and instructions, independent of version.
 *
 * Model: a list is a run of TLVs in a struct buf, each 8-byte aligned and starting with a struct
 * ofpact; ofproto/ofpacts.def has a row for each. A flow entry's list holds its instructions in
 * the order of their execution: meter, the actions of Apply-Actions themselves, clear_actions,
 * write_actions (nested), write_metadata, goto_table.
 *
 * Every way to set a header is SET_FIELD: what OpenFlow 1.0 calls SET_DL_SRC or Nicira REG_LOAD
 * differ in `flavor` only, so that they read back as they were written.
 *
 * Ownership: the buf's; lists hold no pointers, so they are copied and compared as bytes (padding
 * is zero). Threads: plain data. Errors: enum ofperr from the wire, a message from text.
 * Not here: what an action does (slowpath), datapath actions (actions/), wire codecs
 * (ofproto/ofpact-wire.h). */
#ifndef SHUNT_OFPROTO_OFPACT_H
#define SHUNT_OFPROTO_OFPACT_H

#include "ofproto/match.h"

enum ofpact_type {
#define OFPACT(ENUM, STRUCT, NAME) OFPACT_##ENUM,
#include "ofproto/ofpacts.def"
#undef OFPACT
    N_OFPACTS
};

struct ofpact {
    uint8_t type;   /* enum ofpact_type */
    uint8_t flavor; /* SET_FIELD: enum set_field_flavor. RESUBMIT, ...: enum ofpact_flavor. */
    uint16_t pad;
    uint32_t size; /* Of the TLV: a multiple of 8. */
};

static inline const struct ofpact *
ofpact_next(const struct ofpact *ofpact)
{
    return (const struct ofpact *)((const char *)ofpact + ofpact->size);
}

/* An empty list may be NULL. */
static inline const struct ofpact *
ofpact_end(const struct ofpact *ofpacts, size_t size)
{
    return size ? (const struct ofpact *)((const char *)ofpacts + size) : ofpacts;
}

/* Iterates over `SIZE` bytes of TLVs at OFPACTS. */
#define OFPACT_FOR_EACH(POS, OFPACTS, SIZE)                                                        \
    for ((POS) = (OFPACTS); (POS) < ofpact_end(OFPACTS, SIZE); (POS) = ofpact_next(POS))

/* ---- Output -----------------------------------------------------------------------------------*/
struct ofpact_null {
    struct ofpact ofpact;
};

struct ofpact_output {
    struct ofpact ofpact;
    uint32_t port;    /* OpenFlow port number. */
    uint32_t max_len; /* To OFPORT_CONTROLLER: bytes to send (0xffff: all, unbuffered). To a port,
                       * with `truncate`: what is longer is cut off. */
    bool truncate;
    uint8_t pad[7];
};

struct ofpact_group {
    struct ofpact ofpact;
    uint32_t group_id;
    uint32_t pad;
};

struct ofpact_controller {
    struct ofpact ofpact;
    uint16_t max_len;
    uint16_t controller_id;
    uint8_t reason; /* OFPR_* of OpenFlow 1.4. */
    bool pause;     /* Continue only when the controller says so. */
    uint16_t userdata_size;
    uint32_t meter_id;          /* 0: none. */
    uint32_t provider_meter_id; /* OFMETER_ALL: as given by meter_id. */
    uint8_t userdata[];
};

struct ofpact_enqueue {
    struct ofpact ofpact;
    uint32_t port;
    uint32_t queue_id;
};

struct ofpact_queue {
    struct ofpact ofpact;
    uint32_t queue_id;
    uint32_t pad;
};

struct ofpact_output_reg {
    struct ofpact ofpact;
    struct subfield src;
    uint16_t max_len;
    uint16_t pad;
};

/* NXAST_BUNDLE, NXAST_BUNDLE_LOAD. */
struct ofpact_bundle {
    struct ofpact ofpact;
    uint16_t algorithm; /* enum bundle_algorithm */
    uint16_t fields;    /* enum hash_fields */
    uint16_t basis;
    uint16_t n_members;
    struct subfield dst; /* n_bits 0: output to the member; else load its port number here. */
    uint32_t pad;
    uint32_t members[]; /* OpenFlow port numbers. */
};

enum bundle_algorithm { BUNDLE_ACTIVE_BACKUP, BUNDLE_HRW };

/* What bundle and multipath hash (NX_HASH_FIELDS_*). */
enum hash_fields {
    HASH_ETH_SRC,
    HASH_SYMMETRIC_L4,
    HASH_SYMMETRIC_L3L4,
    HASH_SYMMETRIC_L3L4_UDP,
    HASH_NW_SRC,
    HASH_NW_DST,
    HASH_SYMMETRIC_L3,
};

/* ---- Headers ----------------------------------------------------------------------------------*/
enum set_field_flavor {
    SET_FIELD_OXM,    /* OFPAT_SET_FIELD, NXAST_REG_LOAD2: `set_field`. */
    SET_FIELD_LOAD,   /* NXAST_REG_LOAD: `load`. */
    SET_FIELD_LEGACY, /* An action of its own: OFPAT_SET_DL_SRC, OFPAT_SET_NW_TTL, NXAST_SET_TUNNEL,
                       * ...: `mod_dl_src`. On a packet without that header it does nothing, but a
                       * VLAN setter pushes a tag if there is none. TCP_SRC and TCP_DST stand for
                       * the port of any transport. */
    SET_FIELD_LEGACY64, /* NXAST_SET_TUNNEL64. */
};

struct ofpact_set_field {
    struct ofpact ofpact;
    uint16_t field; /* enum field_id */
    uint16_t pad[3];
    field_value value; /* Inside mask. */
    field_value mask;  /* field_ones(): the whole field. */
};

struct ofpact_reg_move {
    struct ofpact ofpact;
    struct subfield src, dst; /* Of the same width. */
};

struct ofpact_stack {
    struct ofpact ofpact;
    struct subfield subfield;
    uint32_t pad;
};

struct ofpact_push {
    struct ofpact ofpact; /* PUSH_MPLS of FLAVOR_NX: behind VLAN tags, else before them. */
    uint16_t eth_type;    /* Host order. PUSH: of the new tag; POP_MPLS: of what comes out. */
    uint16_t pad[3];
};

struct ofpact_dec_ttl {
    struct ofpact ofpact;
    uint16_t n_controllers; /* Which get the packet when the TTL is invalid; at least one. */
    uint16_t controllers[];
};

/* ---- Nicira -----------------------------------------------------------------------------------*/
enum ofpact_flavor {
    FLAVOR_DEFAULT,
    FLAVOR_RESUBMIT,       /* NXAST_RESUBMIT, without a table. */
    FLAVOR_RESUBMIT_TABLE, /* NXAST_RESUBMIT_TABLE. */
    FLAVOR_DEC_TTL_IDS,    /* NXAST_DEC_TTL_CNT_IDS. */
    FLAVOR_ONF,            /* ONF's copy-field for OpenFlow 1.3. */
    FLAVOR_OF10,           /* OFPAT_STRIP_VLAN. */
    FLAVOR_NX,             /* The Nicira form of an action that has a standard one. */
    FLAVOR_NX2,            /* Its second form: NXAST_CONTROLLER2, NXAST_LEARN2, ... */
    FLAVOR_NX3,
};

struct ofpact_resubmit {
    struct ofpact ofpact;
    uint32_t in_port; /* OFPORT_IN_PORT: unchanged. */
    uint8_t table_id; /* OFTABLE_ALL: the current one. */
    bool with_ct_orig;
    uint8_t pad[2];
};

/* Where a learned flow's match value or action operand comes from, and what it becomes. */
struct learn_spec {
    struct subfield src; /* If src_is_field. */
    struct subfield dst; /* Unless dst_type is LEARN_OUTPUT. */
    uint16_t n_bits;
    bool src_is_field; /* Else `value`. */
    uint8_t dst_type;  /* enum learn_dst */
    uint32_t pad;
    field_value value; /* Low n_bits. */
};

enum learn_dst { LEARN_MATCH, LEARN_LOAD, LEARN_OUTPUT };

#define LEARN_SEND_FLOW_REM 1 /* Flags, NX_LEARN_F_*. */
#define LEARN_DELETE_LEARNED 2
#define LEARN_WRITE_RESULT 4

struct ofpact_learn {
    struct ofpact ofpact;
    uint16_t idle_timeout, hard_timeout;
    uint16_t fin_idle_timeout, fin_hard_timeout;
    uint64_t cookie;
    uint16_t priority;
    uint16_t flags;
    uint8_t table_id;
    uint8_t pad;
    uint16_t n_specs;
    uint32_t limit;             /* 0: none. */
    struct subfield result_dst; /* With LEARN_WRITE_RESULT: one bit. */
    struct learn_spec specs[];
};

struct ofpact_conjunction {
    struct ofpact ofpact;
    uint32_t id;
    uint8_t clause;    /* From 0. */
    uint8_t n_clauses; /* 2 .. 64. */
    uint16_t pad;
};

enum multipath_algorithm {
    MULTIPATH_MODULO_N,
    MULTIPATH_HASH_THRESHOLD,
    MULTIPATH_HRW,
    MULTIPATH_ITER_HASH,
};

struct ofpact_multipath {
    struct ofpact ofpact;
    uint16_t fields; /* enum hash_fields */
    uint16_t basis;
    uint16_t algorithm; /* enum multipath_algorithm */
    uint16_t max_link;  /* Number of links - 1. */
    uint32_t arg;
    struct subfield dst;
};

struct ofpact_note {
    struct ofpact ofpact;
    uint32_t n_bytes;
    uint8_t data[];
};

struct ofpact_fin_timeout {
    struct ofpact ofpact;
    uint16_t idle_timeout, hard_timeout; /* Seconds. */
    uint32_t pad;
};

struct ofpact_sample {
    struct ofpact ofpact;
    uint16_t probability;
    uint8_t direction; /* 0: default, 1: ingress, 2: egress. */
    uint8_t pad;
    uint32_t collector_set_id;
    uint32_t obs_domain_id;
    uint32_t obs_point_id; /* The number, or if obs_point_src.n_bits, that field. */
    struct subfield obs_point_src;
    uint32_t sampling_port; /* OFPORT_ANY: none. */
};

#define CT_COMMIT 1 /* Flags of ct. */
#define CT_FORCE 2

struct ofpact_ct {
    struct ofpact ofpact;
    uint16_t flags;
    uint16_t zone; /* If zone_src.n_bits is 0. */
    struct subfield zone_src;
    uint8_t recirc_table; /* OFTABLE_ALL: no recirculation. */
    uint8_t pad;
    uint16_t alg; /* Port number of the helper's protocol (21: FTP, 69: TFTP), 0: none. */
    uint32_t actions_size;
    struct ofpact actions[]; /* Nested: nat, or set_field of ct_mark and ct_label (`exec`). */
};

#define NAT_SRC 1 /* Flags of nat, NX_NAT_F_*. */
#define NAT_DST 2
#define NAT_PERSISTENT 4
#define NAT_PROTO_HASH 8
#define NAT_PROTO_RANDOM 16

struct ofpact_nat {
    struct ofpact ofpact;
    uint16_t flags;
    uint8_t range_af; /* 0: no addresses, 4: IPv4, 6: IPv6. */
    uint8_t pad;
    uint16_t proto_min, proto_max;  /* 0: none. */
    field_value addr_min, addr_max; /* addr_max 0: one address. */
};

struct ofpact_check_pkt_larger {
    struct ofpact ofpact;
    uint16_t pkt_len;
    uint16_t pad;
    struct subfield dst;
};

/* ---- Instructions, and lists inside an action -------------------------------------------------*/
struct ofpact_nest {
    struct ofpact ofpact;
    struct ofpact actions[]; /* To the end of the TLV. */
};

static inline size_t
ofpact_nest_size(const struct ofpact_nest *nest)
{
    return nest->ofpact.size - sizeof *nest;
}

struct ofpact_meter {
    struct ofpact ofpact;
    uint32_t meter_id;
    uint32_t pad;
};

/* OFPIT_STAT_TRIGGER of OpenFlow 1.5. Bits of `present` are 1 << STAT_*, the OXS numbers. */
enum {
    STAT_DURATION = 0,
    STAT_IDLE_TIME = 1,
    STAT_FLOW_COUNT = 3,
    STAT_PACKET_COUNT = 4,
    STAT_BYTE_COUNT = 5,
};

struct ofpact_stat_trigger {
    struct ofpact ofpact;
    uint32_t flags;    /* OFPSTF_* */
    uint32_t present;  /* Which thresholds are given. */
    uint64_t duration; /* As OXS has it: seconds << 32 | nanoseconds. */
    uint64_t idle;     /* The same. */
    uint64_t n_flows, n_packets, n_bytes;
};

struct ofpact_metadata {
    struct ofpact ofpact;
    uint64_t value, mask;
};

struct ofpact_goto_table {
    struct ofpact ofpact;
    uint8_t table_id;
    uint8_t pad[7];
};

/* ---- Building ---------------------------------------------------------------------------------*/
/* Appends a TLV of `size` zero bytes (at least a header). The pointer is good until the next
 * append. When its end grows by further appends to `buf`, ofpact_finish() sets its size and pads.
 */
void *ofpact_put(struct buf *, enum ofpact_type, size_t size);
#define OFPACT_PUT(BUF, ENUM, STRUCT)                                                              \
    ((struct STRUCT *)ofpact_put(BUF, OFPACT_##ENUM, sizeof(struct STRUCT)))

/* `start` is the offset of the TLV in the buffer. Returns it, where it stands now. */
void *ofpact_finish(struct buf *, size_t start);

void ofpact_put_set_field(struct buf *, enum set_field_flavor, const struct field *,
                          field_value value, field_value mask);
void ofpact_put_output(struct buf *, uint32_t port, uint32_t max_len);

/* ---- Questions --------------------------------------------------------------------------------*/
const char *ofpact_name(enum ofpact_type);
bool ofpact_is_instruction(const struct ofpact *); /* clear_actions and later, meter. */

/* Whether the list sends to the port or group, in nested lists too: for out_port, out_group. */
bool ofpacts_output_to_port(const struct ofpact *, size_t size, uint32_t port);
bool ofpacts_output_to_group(const struct ofpact *, size_t size, uint32_t group_id);

/* The meter of the list, 0: none. */
uint32_t ofpacts_meter(const struct ofpact *, size_t size);

/* Calls `cb` for each action, in nested lists too, until it returns nonzero; returns that. */
int ofpacts_walk(const struct ofpact *, size_t size, int (*cb)(const struct ofpact *, void *aux),
                 void *aux);

/* ---- Checks -----------------------------------------------------------------------------------*/
struct ofpact_limits {
    uint32_t max_ports; /* Port numbers below are fine even if no such port is there. */
    uint8_t table_id;   /* Of the flow; OFTABLE_ALL: not in a table (packet-out, group). */
    uint8_t n_tables;
    bool loose_tables;  /* goto_table may go anywhere (text without a table). */
    bool no_prereqs;    /* There is no match to hold against (packet-out, group). */
    bool loose_prereqs; /* OpenFlow 1.0: an action without the header it sets does nothing. */
};

/* Checks a flow's list against its match: ports, tables, prerequisites, pushed tags (which change
 * what later actions may do), and instruction order. Whether a group, meter or port exists is the
 * tables' question. */
enum ofperr ofpacts_check(const struct ofpact *, size_t size, const struct match *,
                          const struct ofpact_limits *);

/* The part of that which no match matters for: order, instructions that come twice, what stands
 * beside a conjunction. */
enum ofperr ofpacts_check_order(const struct ofpact *, size_t size);

/* ---- Action sets (OpenFlow 1.3, section 5.10) -------------------------------------------------*/
/* Appends to `out` the actions of `set` (what write_actions appended, in order) as a list in the
 * order of their execution: of each kind the last, of set_field the last for each field, and
 * only the group if there is one and an output. An action that may not stand in a set is
 * refused on decoding. */
bool ofpact_may_be_in_set(const struct ofpact *);
void ofpacts_from_action_set(const struct ofpact *set, size_t size, struct buf *out);

/* ---- Text -------------------------------------------------------------------------------------*/
/* Appends the list as `ovs-ofctl dump-flows` prints it behind "actions=". */
void ofpacts_format(const struct ofpact *, size_t size, const struct ofp_port_names *,
                    struct buf *out);

/* Parses "output:1,set_field:...". Appends to `out`. `allow_instructions` is false in buckets,
 * packet-outs and nested lists. Returns NULL, or a message that names the action and what is
 * right (to be freed); `out` is then as it was. */
char *ofpacts_parse(const char *text, const struct ofp_port_names *, bool allow_instructions,
                    struct buf *out);

#endif
