/* SPDX-License-Identifier: Apache-2.0 */
/* A flow entry, as the tables hold it.
 *
 * Model: match and priority never change; actions, cookie, timeouts and flags change under
 * ofproto_lock held for writing. Counters are atomics that whoever saw packets adds to, lock or
 * not.
 *
 * A reference keeps the memory. A pin belongs to somebody who may still add to the counters: the
 * table, an installed megaflow, a translation whose packet is not counted yet. Together the pins
 * hold one reference. When the last one is given back the rule has its final counters, and only
 * then is its flow-removed message due (ofproto_run()).
 *
 * Ownership: rule_pin() and rule_ref() give pins and references, to be given back. Threads: any
 * for references, pins and counters; the lock, for reading, for everything else. Once a rule
 * has left its table (rule_is_installed() is false) nothing but its counters changes.
 * Not here: when a rule is added or removed (ofproto/ofproto.h). */
#ifndef SHUNT_OFPROTO_RULE_H
#define SHUNT_OFPROTO_RULE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ofproto/classifier.h"

struct ofpact;
struct ofproto;

/* Where a rule is. */
enum rule_state {
    RULE_NEW,       /* Not in a table yet. */
    RULE_INSTALLED, /* In its table's classifier. */
    RULE_REMOVED,   /* Out of it; somebody may still have pins or references. */
};

#define RULE_NO_DEADLINE UINT32_MAX

struct rule {
    _Atomic uint32_t n_refs; /* All pins count as one. */
    _Atomic uint32_t n_pins;
    uint32_t tally; /* Counters (lib/tally.h); used_ms: last packet, or `created_ms`. */

    struct ofproto *ofproto;
    const struct ofpact *ofpacts; /* Immutable and shared by rules that do the same. */
    uint32_t ofpacts_size;        /* Bytes. */
    uint32_t heap_index;          /* In the expiry heap, or RULE_NO_DEADLINE. */
    uint32_t evict_index;         /* In the table's eviction heap, or RULE_NO_DEADLINE. */
    uint16_t idle_timeout_s, hard_timeout_s; /* 0: none. */
    uint16_t importance;
    uint16_t flags; /* OFPFF_* of OpenFlow 1.5. */
    uint8_t table_id;
    uint8_t state;          /* enum rule_state */
    uint8_t removed_reason; /* OFPRR_*, when RULE_REMOVED. */
    bool is_unsaved;        /* In the list of what is to be saved (ofproto/save.h). */
    bool is_hidden : 1;     /* The switch's own: no request sees it. */
    bool is_learned : 1;    /* Its hard timeout runs from when it was learned last. */
    bool wants_final : 1;   /* When RULE_REMOVED: its flow-removed waits for the last pin. */
    uint64_t cookie;
    int64_t created_ms, modified_ms;
    struct rule_uses *uses;  /* Groups and meters that the actions name; NULL: none. */
    struct rule *next_final; /* In ofproto's stack of rules whose flow-removed is due. */
    struct cls_rule cls;     /* Match and priority; last. */
};

/* ---- Lifetime ---- */
struct rule *rule_ref(struct rule *);
void rule_unref(struct rule *);
/* For who may count packets later. Lock: read and the rule in its table, or a pin already held. */
struct rule *rule_pin(struct rule *);
/* Gives a pin back: its holder has credited all it will. NULL does nothing. Any thread. */
void rule_unpin(struct rule *);

static inline bool
rule_is_installed(const struct rule *rule)
{
    return rule->state == RULE_INSTALLED;
}

/* ---- Counters ---- */
/* Adds what was seen since the last call; `used_ms` is of the last packet, 0: leave it. */
void rule_credit(struct rule *, uint64_t n_packets, uint64_t n_bytes, int64_t used_ms);

struct rule_stats {
    uint64_t n_packets, n_bytes;
    int64_t used_ms;
};
void rule_get_stats(const struct rule *, struct rule_stats *);

/* ---- Views ---- */
static inline struct rule *
rule_from_cls(struct cls_rule *cls)
{
    return cls ? CONTAINER_OF(cls, struct rule, cls) : NULL;
}

static inline uint16_t
rule_priority(const struct rule *rule)
{
    return (uint16_t)rule->cls.priority;
}

/* A table-miss flow entry: matches everything with priority 0 (OpenFlow 1.3, section 5.4). */
static inline bool
rule_is_table_miss(const struct rule *rule)
{
    return !rule->cls.priority && !rule->cls.mask->n_words;
}

/* When the rule ends by its timeouts as far as known now, or INT64_MAX. */
int64_t rule_deadline_ms(const struct rule *);

/* Shortens timeouts (the fin_timeout action); 0 leaves one as it is. Takes the lock for writing
 * and re-arms the deadline. */
void rule_reduce_timeouts(struct rule *, uint16_t idle_timeout_s, uint16_t hard_timeout_s);

#endif
