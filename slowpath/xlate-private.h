/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of translation share (slowpath/xlate*.c).
 *
 * Model: `pkt` is the packet as OpenFlow sees it now; `base` the packet as it is behind the
 * datapath actions emitted so far. Setting a field changes pkt only; before the packet goes
 * anywhere, xlate_commit() emits what brings base to pkt.
 *
 * Of each bit, `known` says that its value follows from the actions alone, not from the packet.
 * A bit that is not known has the value it had in the packet that came in, at its place or, for
 * VLAN tags and MPLS labels that moved, at the place `vlan_src` and `mpls_src` name. So a bit
 * that somebody looks at (xlate_consult()) is added to the result's mask unless it is known.
 *
 * TTLs that the datapath decrements or copies are a third kind: `ttl_epoch` counts such actions,
 * and looking at any TTL after one looks at all.
 *
 * Headers that came to light by a pop, or whose reading changed with an EtherType, are `opaque`:
 * nobody may look at them before a recirculation parsed the packet again. */
#ifndef SHUNT_SLOWPATH_XLATE_PRIVATE_H
#define SHUNT_SLOWPATH_XLATE_PRIVATE_H

#include <arpa/inet.h>

#include "ofproto/openflow/constants.h"

#include "ofproto/ofpact.h"
#include "slowpath/xlate.h"

#define XLATE_MAX_OPS 16
#define XLATE_NO_SRC (-1)

#define ETH_TYPE_ARP 0x0806
#define ETH_TYPE_RARP 0x8035
#define ETH_TYPE_IPV4 0x0800
#define ETH_TYPE_IPV6 0x86dd
#define ETH_TYPE_VLAN 0x8100
#define ETH_TYPE_QINQ 0x88a8
#define ETH_TYPE_MPLS 0x8847
#define ETH_TYPE_MPLS_MCAST 0x8848
#define ETH_TYPE_PBB 0x88e7

/* LSE fields, host order (RFC 3032, section 2.1). */
#define MPLS_TTL_MASK 0x000000ffu
#define MPLS_BOS 0x00000100u

enum xlate_op_kind {
    XLATE_PUSH_VLAN,
    XLATE_POP_VLAN,
    XLATE_PUSH_MPLS,       /* Behind tags. */
    XLATE_PUSH_MPLS_OUTER, /* Before tags, of which there are some. */
    XLATE_POP_MPLS,
    XLATE_PUSH_PBB,
    XLATE_POP_PBB,
};

/* A change of the packet's structure. */
struct xlate_op {
    uint8_t kind;
    uint8_t pad;
    uint16_t eth_type;     /* The tag's TPID, or the packet's EtherType afterwards. */
    uint16_t old_eth_type; /* The packet's before, or the TPID of the outermost tag. */
};

enum xlate_opaque { XLATE_CLEAR, XLATE_OPAQUE_L4, XLATE_OPAQUE_L3, XLATE_OPAQUE_ALL };

struct xlate_pkt {
    struct flow flow;
    struct flow known;
    int8_t vlan_src[2], mpls_src[3];
    uint8_t opaque; /* enum xlate_opaque */
    uint8_t n_ops;
    bool has_spill;        /* The last op moved the empty place of a tag out: `spill`. */
    bool label_ttl_unseen; /* The outermost label's TTL came from a header out of sight. */
    uint32_t ttl_epoch;    /* 0: TTLs are as they came. */
    bool ttl_moved;        /* From header to header. */
    struct {
        struct dp_vlan known;
        int8_t src;
    } spill;
    struct xlate_op ops[XLATE_MAX_OPS];
};

/* The words that a push can put out of sight. */
#define XLATE_HIDE_FIRST DP_WORD_OF(eth_dst)
#define XLATE_HIDE_END DP_WORD_OF(ct_state)

struct xlate_hidden {
    uint64_t flow[XLATE_HIDE_END - XLATE_HIDE_FIRST];
    uint64_t known[XLATE_HIDE_END - XLATE_HIDE_FIRST];
};

struct xlate_stack_entry {
    field_value value;
    uint64_t n_bits;
};

/* A list of actions cut off by a recirculation, and where it stood. `size` bytes of ofpacts
 * follow. */
struct xlate_segment {
    uint64_t flow_cookie;
    uint32_t size;
    uint32_t in_port;
    uint8_t table_id;
    uint8_t reason;
    uint8_t in_action_set;
    uint8_t pad[5];
};

struct xlate_ctx {
    const struct xlate_in *in;
    struct xlate_out *out;
    const struct xlate_bridge *bridge;
    const struct ofproto *ofproto;
    struct xlate_pkt pkt, base;
    struct xlate_hidden hidden[XLATE_MAX_OPS]; /* What base had before each of its pushes. */
    uint32_t ttl_epoch;                        /* The last one given out. */

    struct rule *rule;    /* Whose actions run, or NULL. */
    uint64_t flow_cookie; /* Of that rule, or of the one before a recirculation. */
    uint8_t table_id;
    uint8_t reason; /* Of an output to the controller here: OFPR_* */
    uint16_t depth;
    uint16_t branch; /* How many branches deep: others follow this list. */
    uint32_t n_resubmits;
    bool exit;          /* The `exit` action: no more actions, no action set. */
    bool stop;          /* This packet ends here (invalid TTL, an error). */
    bool freezing;      /* Unwinding to recirculate; what remains goes to frozen_actions. */
    bool in_action_set; /* The action set runs. */
    bool in_egress;     /* The egress tables run, for one output. */
    bool is_copy;       /* A bucket or clone: what it writes to an action set is not run. */
    bool tail;          /* Nothing follows the action that runs. */
    bool irreversible;  /* What was emitted cannot be undone by actions. */
    bool repeats_meter; /* User space would meter the packet for several of its runs or pieces. */
    bool meters_apart;  /* What is behind a meter recirculates: so it is metered once. */

    struct buf action_set; /* As write_actions appended. */
    struct buf stack;      /* struct xlate_stack_entry, the last on top. */
    struct buf frozen;     /* struct xlate_segment: what remains, innermost first. */
    struct buf paused;     /* struct xlate_cookie, while freezing for the controller. */
    unsigned int indent;   /* Of the trace. */
};

/* ---- xlate.c ---- */
void xlate_report(struct xlate_ctx *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void xlate_fail(struct xlate_ctx *, enum xlate_error);
struct dp_action *xlate_emit(struct xlate_ctx *, enum dp_action_kind);
void xlate_add_ref(struct xlate_ctx *, struct xlate_ref);
struct xlate_effect *xlate_add_effect(struct xlate_ctx *, enum xlate_effect_kind);
/* Notes an id that the result holds a reference to. */
void xlate_add_id(struct xlate_ctx *, bool is_recirc, uint32_t id);
/* Looks the packet up in a table and runs what it finds. */
void xlate_table(struct xlate_ctx *, uint8_t table_id, bool is_resubmit);
void xlate_action_set(struct xlate_ctx *);

/* ---- xlate-pkt.c: looking at and changing the packet ---- */
/* Adds the bits of `mask` to what the result depends on. */
void xlate_consult(struct xlate_ctx *, const struct flow *mask);
void xlate_consult_field(struct xlate_ctx *, const struct field *);
/* `bits` of each byte of a member of the key that no action moves. */
void xlate_consult_plain(struct xlate_ctx *, size_t offset, size_t size, uint8_t bits);
#define DP_KEY_MOVES(MEMBER)                                                                       \
    ((offsetof(struct dp_key, MEMBER) >= offsetof(struct dp_key, vlan) &&                          \
      offsetof(struct dp_key, MEMBER) < offsetof(struct dp_key, ip_src)) ||                        \
     offsetof(struct dp_key, MEMBER) == offsetof(struct dp_key, ip_ttl))
/* One member of the key, all bits: xlate_consult_key(ctx, eth_type). */
#define xlate_consult_key(CTX, MEMBER)                                                             \
    do {                                                                                           \
        _Static_assert(!DP_KEY_MOVES(MEMBER), "xlate_consult() knows where " #MEMBER " came in");  \
        xlate_consult_plain(CTX, offsetof(struct dp_key, MEMBER),                                  \
                            sizeof((struct dp_key *)NULL)->MEMBER, 0xff);                          \
    } while (0)
/* Whether the packet has the headers that the field is in; consults what tells that. */
bool xlate_has_field(struct xlate_ctx *, const struct field *);
/* The first word, and then all up to XLATE_HIDE_END, that nobody may look at. */
size_t xlate_first_opaque_word(const struct xlate_pkt *);
/* Whether reading or writing the field needs a recirculation first. */
bool xlate_is_opaque(const struct xlate_ctx *, const struct field *);
field_value xlate_read(struct xlate_ctx *, const struct subfield *);
/* Sets bits of a field, if the packet has it. */
void xlate_write(struct xlate_ctx *, const struct field *, field_value value, field_value mask);
/* The same for a caller who knows that the packet has it. */
void xlate_write_present(struct xlate_ctx *, const struct field *, field_value value,
                         field_value mask);
void xlate_write_subfield(struct xlate_ctx *, const struct subfield *, field_value value);
void xlate_push_vlan(struct xlate_ctx *, uint16_t tpid);
void xlate_pop_vlan(struct xlate_ctx *);
/* `outer`: next to the addresses; what tags there are become payload. */
void xlate_push_mpls(struct xlate_ctx *, uint16_t eth_type, bool outer);
void xlate_pop_mpls(struct xlate_ctx *, uint16_t eth_type);
void xlate_push_pbb(struct xlate_ctx *, uint16_t eth_type);
void xlate_pop_pbb(struct xlate_ctx *);
/* Whether the (outermost) EtherType is MPLS; consults it. */
bool xlate_is_mpls(struct xlate_ctx *);
bool xlate_is_ip(struct xlate_ctx *);
bool xlate_has_vlan(struct xlate_ctx *);
bool xlate_has_any_transport(struct xlate_ctx *);

/* ---- xlate-ops.c: structure of a packet state, without looks at the mask ---- */
/* Changes the state as the op does, and notes the op. False: too many. */
bool xlate_pkt_apply(struct xlate_pkt *, const struct xlate_op *);
/* Changes the state as the op does; ops stay as they are. */
void xlate_pkt_change(struct xlate_pkt *, const struct xlate_op *);
struct xlate_op xlate_op_inverse(const struct xlate_op *);
bool xlate_is_mpls_type(uint16_t eth_type);

static inline bool
xlate_has_tag(const struct dp_vlan *vlan)
{
    return vlan->tpid & htons(FLOW_VLAN_PRESENT);
}

static inline bool
xlate_has_two_tags(const struct dp_key *key)
{
    return xlate_has_tag(&key->vlan[0]) && xlate_has_tag(&key->vlan[1]);
}

static inline bool
xlate_has_third_tag(const struct dp_key *key)
{
    uint16_t eth_type = ntohs(key->eth_type);

    return xlate_has_two_tags(key) && (eth_type == ETH_TYPE_VLAN || eth_type == ETH_TYPE_QINQ);
}

/* ---- xlate-commit.c ---- */
/* Emits what makes the datapath's packet equal to pkt. */
void xlate_commit(struct xlate_ctx *);

struct xlate_branch {
    struct xlate_pkt pkt, base;
    uint32_t run;     /* In which the branch began, */
    size_t n_actions; /* and how many actions there were, of all runs. */
    bool irreversible;
    bool exit, stop;
    bool is_last;
};
/* Between these, actions work on a copy of the packet. `is_last`: nothing follows the branch. */
void xlate_branch_begin(struct xlate_ctx *, struct xlate_branch *, bool is_last);
void xlate_branch_end(struct xlate_ctx *, const struct xlate_branch *);

/* ---- xlate-ttl.c ---- */
void xlate_dec_ip_ttl(struct xlate_ctx *, const struct ofpact_dec_ttl *);
void xlate_dec_mpls_ttl(struct xlate_ctx *);
void xlate_copy_ttl(struct xlate_ctx *, enum dp_ttl_copy);
/* The TTL bytes of a key, all ones. */
void xlate_ttl_mask(struct dp_key *);

/* ---- xlate-output.c ---- */
void xlate_output(struct xlate_ctx *, uint32_t port, uint32_t max_len, bool truncate);
/* To one port, whichever it is; `truncate` 0: whole. */
void xlate_output_port(struct xlate_ctx *, const struct ofport *, uint32_t truncate);
/* To all ports but the packet's own, in the order of their numbers; `all`: those with NO_FLOOD
 * too. */
void xlate_flood(struct xlate_ctx *, bool all, uint32_t truncate);
void xlate_set_priority(struct xlate_ctx *, uint32_t skb_priority);
void xlate_set_queue(struct xlate_ctx *, uint32_t queue_id);
void xlate_pop_queue(struct xlate_ctx *);

/* ---- xlate-egress.c ---- */
/* Sends the packet through the egress tables on its way to a port (OpenFlow 1.5, section 5.1.3). */
void xlate_egress(struct xlate_ctx *, const struct ofport *, uint32_t truncate);

/* ---- xlate-controller.c ---- */
struct xlate_packet_in {
    uint8_t reason;   /* OFPR_* */
    bool is_implicit; /* A miss without an entry: only OpenFlow 1.0 wants to know. */
    uint16_t max_len;
    const uint16_t *controllers; /* Ids; none: all that asked for no other id. */
    size_t n_controllers;
    const uint8_t *userdata;
    size_t userdata_size;
};
void xlate_controller(struct xlate_ctx *, const struct xlate_packet_in *);
/* The id under which a packet-in of this place is kept, with a reference in the result. */
uint32_t xlate_cookie_id(struct xlate_ctx *, const struct xlate_packet_in *);
/* Stops the packet here until the controller says that it goes on: begins to freeze. */
void xlate_pause(struct xlate_ctx *, const struct xlate_packet_in *);
/* Emits the packet-in of a pause whose state has this recirculation id. */
void xlate_pause_finish(struct xlate_ctx *, uint32_t continuation);

/* ---- xlate-normal.c ---- */
void xlate_normal(struct xlate_ctx *);

/* ---- xlate-group.c ---- */
void xlate_group(struct xlate_ctx *, uint32_t group_id);

/* ---- xlate-hash.c ---- */
void xlate_multipath(struct xlate_ctx *, const struct ofpact_multipath *);
void xlate_bundle(struct xlate_ctx *, const struct ofpact_bundle *);
/* The hash of Ethernet addresses, VLAN, EtherType, IP addresses, protocol and ports. */
uint32_t xlate_hash_default(struct xlate_ctx *, uint32_t basis);
/* The hash of the bits of `mask`. */
uint32_t xlate_hash_mask(struct xlate_ctx *, const struct flow *mask, uint32_t basis);

/* ---- xlate-learn.c ---- */
void xlate_learn(struct xlate_ctx *, const struct ofpact_learn *);
void xlate_learned_apply(const struct xlate_learned *, struct ofproto *);
void xlate_learned_free(struct xlate_learned *);

/* ---- xlate-action.c ---- */
void xlate_actions(struct xlate_ctx *, const struct ofpact *, size_t size);
/* Runs actions on the current copy of the packet, with an action set of their own. What is behind
 * a recirculation inside the copy is saved and runs as part of the copy. */
void xlate_copy_actions(struct xlate_ctx *, const struct ofpact *, size_t size, bool is_last);
/* Runs a bucket's actions as an action set on a copy of the packet (OpenFlow 1.3, section 5.6). */
void xlate_bucket_actions(struct xlate_ctx *, const struct ofpact *, size_t size, bool is_last);

/* xlate_table() for an action, which may come by again: within the limits on that. */
void xlate_table_again(struct xlate_ctx *, uint8_t table_id, bool is_resubmit);

/* ---- xlate-freeze.c ---- */
/* Whether the action looks behind headers that only a recirculation shows. */
bool xlate_needs_reparse(const struct xlate_ctx *, const struct ofpact *);
/* Saves the rest of a list, while the translation unwinds. */
void xlate_freeze_rest(struct xlate_ctx *, const struct ofpact *, size_t size);
/* Emits the recirculation of what was saved, or hands it to the controller (xlate_pause()). */
void xlate_freeze_finish(struct xlate_ctx *);
/* Goes on where the packet of this recirculation id stopped. */
void xlate_thaw(struct xlate_ctx *);

#endif
