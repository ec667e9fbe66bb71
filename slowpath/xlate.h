/* SPDX-License-Identifier: Apache-2.0 */
/* Translation: what the OpenFlow tables do to a packet, as a list of datapath actions.
 *
 * Model: a pure function of (tables, groups, meters, ports, learned addresses; fields of one
 * packet). Its result names all that follows from it, and does none of it:
 *   - the action list;
 *   - the mask: every bit of the packet's key that the list depends on, and as few others as can
 *     be shown; any packet that agrees on them gets the same list;
 *   - references: the rules, tables, groups and buckets that count such packets;
 *   - effects: addresses and flows to learn, timeouts to cut.
 * So handlers, revalidation, traces, packet-outs and tests run the same code. Interning bytes
 * under an id (slowpath/ids.h) is no effect: the result holds a reference, and equal inputs give
 * equal ids.
 *
 * A list may need several passes over the packet ("runs"): the list is then for user space, and
 * each run starts from the packet as it came in.
 *
 * Ownership: a result owns its arrays and id references. It borrows rules and groups, and is
 * good while ofproto_lock is held, or after xlate_out_pin().
 * Threads: any, with ofproto_lock held for reading. Errors: a packet that runs into a limit is
 * dropped by the list, and `error` says why.
 * Not here: installing (slowpath/upcall.h), what datapath actions do (actions/). */
#ifndef SHUNT_SLOWPATH_XLATE_H
#define SHUNT_SLOWPATH_XLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "ofproto/flow.h"
#include "ofproto/ofproto.h"
#include "slowpath/ids.h"
#include "slowpath/mac.h"

struct ofpact;

#define XLATE_MAX_DEPTH 64       /* Nested resubmits, groups and clones. */
#define XLATE_MAX_RESUBMITS 4096 /* In one translation. */
#define XLATE_MAX_STACK 65536    /* Bytes that push may pile up. */

/* What translation reads of a bridge beside the ofproto. */
struct xlate_bridge {
    struct ofproto *ofproto;
    struct mac_table *macs;
    struct ids *recircs; /* struct xlate_frozen; shared by bridges. */
    struct ids *cookies; /* struct xlate_cookie; shared by bridges. */
    uint32_t number;     /* Of the bridge in these; never reused. */
    /* Some controller wants packets that match no entry at all (OpenFlow 1.0). */
    bool sends_implicit_misses;
};

struct xlate_in {
    const struct xlate_bridge *bridge;
    /* The key, and in_port as an OpenFlow number (xlate_flow_from_key() fills it in). */
    struct flow flow;
    /* Not NULL: run this list (a packet-out's) instead of table 0. */
    const struct ofpact *actions;
    size_t actions_size;
    struct buf *trace; /* Not NULL: gets an explanation. */
};

/* ---- Result -----------------------------------------------------------------------------------*/
enum xlate_ref_kind { XLATE_RULE, XLATE_TABLE_HIT, XLATE_TABLE_MISS, XLATE_GROUP, XLATE_BUCKET };

struct xlate_ref {
    enum xlate_ref_kind kind;
    union {
        struct rule *rule;
        struct table *table;
        struct group *group;
        struct bucket *bucket;
    };
};

/* A flow that the learn action asks for. */
struct xlate_learned;

enum xlate_effect_kind { XLATE_LEARN_MAC, XLATE_LEARN_FLOW, XLATE_FIN_TIMEOUT };

struct xlate_effect {
    enum xlate_effect_kind kind;
    union {
        struct {
            uint16_t vlan;
            uint8_t addr[6];
            uint32_t ofport;
        } mac;
        struct xlate_learned *learned;
        struct {
            struct rule *rule; /* Also among the references. */
            uint16_t idle_timeout_s, hard_timeout_s;
        } fin;
    };
};

/* An id that the list names. */
struct xlate_id {
    bool is_recirc; /* Else a cookie. */
    uint32_t id;
};

enum xlate_error {
    XLATE_OK,
    XLATE_TOO_DEEP,
    XLATE_TOO_MANY_RESUBMITS,
    XLATE_STACK_TOO_DEEP,
    XLATE_TOO_MANY_HEADERS,
    XLATE_NO_RECIRC_STATE, /* The recirculation id is unknown: of a former daemon, or too old. */
    XLATE_NO_IN_PORT,      /* The packet's port is not one of the bridge. */
};

#define XLATE_MAX_RUNS 64

struct xlate_out {
    struct dp_action *actions; /* Of all runs, one behind the other. */
    size_t n_actions, max_actions;
    uint32_t run_starts[XLATE_MAX_RUNS];
    uint32_t n_runs; /* 1 is what the fast path can do. */
    struct flow wc;
    struct xlate_ref *refs;
    size_t n_refs, max_refs;
    struct xlate_effect *effects;
    size_t n_effects, max_effects;
    struct xlate_id *ids;
    size_t n_ids, max_ids;
    bool is_pinned;
    bool is_normal;     /* Learned addresses were consulted. */
    bool asks_to_learn; /* Whether a flow can be learned was asked: any entry may decide. */
    bool is_slow;       /* User space runs it: installed as one USERSPACE(SLOW). */
    enum xlate_error error;
    uint64_t tables[4]; /* Bit set: that table was looked up. */
    uint64_t written;   /* Bit w: word w of the flow was written before some lookup. */
};

void xlate_out_init(struct xlate_out *);
/* Releases what a result holds; the memory stays for the next one. */
void xlate_out_clear(struct xlate_out *, const struct xlate_bridge *);
void xlate_out_destroy(struct xlate_out *, const struct xlate_bridge *);

/* Fills in the fields that only OpenFlow has. False: the key's port is not of this bridge. */
bool xlate_flow_from_key(const struct xlate_bridge *, const struct dp_key *key, struct flow *);

/* Adds to a packet that is described by its fields what the parser says of whole headers: which
 * are there, how many labels, a TPID, a TTL. */
void xlate_flow_complete(struct flow *);

/* Translates into a cleared result. Lock: read. */
void xlate(const struct xlate_in *, struct xlate_out *);

/* Takes references that last without the lock. Lock: read. */
void xlate_out_pin(struct xlate_out *);

/* Whether what follows the action in its list sees another packet: not after an output. */
bool xlate_action_changes_packet(const struct dp_action *);

/* ---- Consequences -----------------------------------------------------------------------------*/
/* Credits packets to the references. */
void xlate_refs_credit(const struct xlate_ref *, size_t n_refs, uint64_t n_packets,
                       uint64_t n_bytes, int64_t used_ms);
void xlate_refs_pin(const struct xlate_ref *, size_t n_refs);
void xlate_refs_unpin(const struct xlate_ref *, size_t n_refs);
/* Applies effects of a packet seen at now_ms, of which tcp_flags are known. Without the lock,
 * references pinned. */
void xlate_effects_apply(const struct xlate_effect *, size_t n_effects, const struct xlate_bridge *,
                         uint16_t tcp_flags, int64_t now_ms);
void xlate_effects_free(const struct xlate_effect *, size_t n_effects);
/* Gives references to ids back. */
void xlate_ids_release(const struct xlate_id *, size_t n_ids, const struct xlate_bridge *);
const char *xlate_strerror(enum xlate_error);

/* ---- What ids stand for -----------------------------------------------------------------------*/
/* Of a USERSPACE or DEC_TTL action: which packet-ins it makes. */
struct xlate_cookie {
    uint32_t bridge;
    uint32_t in_port; /* OpenFlow number. */
    uint32_t actset_output;
    uint16_t max_len;
    uint8_t reason; /* OFPR_* */
    uint8_t table_id;
    uint64_t flow_cookie; /* All ones: of no entry. */
    __be64 metadata;
    __be32 regs[FLOW_N_REGS];
    uint16_t n_controllers; /* Ids, first in tail[], 2 bytes each. */
    uint16_t userdata_size; /* Behind them. */
    uint32_t continuation;  /* The recirculation id at which a paused packet goes on; 0: none. */
    uint8_t is_implicit;    /* For controllers of OpenFlow 1.0 alone. */
    uint8_t pad[7];
    uint8_t tail[];
};

/* Whose bridge it is that a recirculated packet belongs to. */
bool xlate_recirc_bridge(struct ids *recircs, uint32_t recirc_id, uint32_t *bridge);

/* The recirculation id at which a packet goes on whose state was saved as `bytes` (what
 * xlate_cookie.continuation stood for), but with metadata, registers and, if it is not 0, in_port
 * of `flow`; with a reference for the caller. 0: not a state of this bridge. `in_port` is set to
 * the packet's. */
uint32_t xlate_resume(const struct xlate_bridge *, const void *bytes, size_t size,
                      const struct flow *flow, uint32_t *in_port);

#endif
