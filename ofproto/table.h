/* SPDX-License-Identifier: Apache-2.0 */
/* One flow table: its rules, its configuration and its counters.
 *
 * Model: a classifier plus what OpenFlow configures about a table: how many entries it may have,
 * whether it makes room by evicting others, when it reports vacancy, what a packet that matches
 * nothing does. A packet that matches a table-miss entry (rule_is_table_miss()) matched; a miss
 * is a packet without any entry, and `miss` says what becomes of it.
 *
 * Ownership: the ofproto owns its tables; a table has one reference to each of its rules.
 * Threads: lookups and reading under ofproto_lock for reading, changes for writing; counters are
 * atomics. Not here: flow-mods (ofproto/ofproto.h). */
#ifndef SHUNT_OFPROTO_TABLE_H
#define SHUNT_OFPROTO_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ofproto/classifier.h"
#include "ofproto/rule-heap.h"

struct rule;

/* What a packet does that matches no entry, not even a table-miss entry. */
enum table_miss {
    /* Controllers of OpenFlow 1.0 get it as a packet-in (reason NO_MATCH); for others it is
     * dropped, as section 5.4 of OpenFlow 1.3 says. */
    TABLE_MISS_DEFAULT,
    TABLE_MISS_CONTROLLER, /* OFPTC11_TABLE_MISS_CONTROLLER */
    TABLE_MISS_CONTINUE,   /* OFPTC11_TABLE_MISS_CONTINUE: on to the next table. */
    TABLE_MISS_DROP,       /* OFPTC11_TABLE_MISS_DROP */
};

#define TABLE_NAME_SIZE 33 /* With the NUL. */

/* OFPT_TABLE_MOD: of 1.4 and later config alone, of 1.3 nothing that does anything. */
struct ofp_table_mod {
    uint8_t table_id;        /* OFTABLE_ALL: every one. */
    uint32_t config;         /* OFPTC_EVICTION, OFPTC_VACANCY_EVENTS */
    bool has_eviction;       /* Property OFPTMPT_EVICTION. */
    uint32_t eviction_flags; /* OFPTMPEF_* */
    bool has_vacancy;        /* Property OFPTMPT_VACANCY; percent: */
    uint8_t vacancy_down, vacancy_up;
};

/* What OFPMP_TABLE_FEATURES can set. */
struct ofp_table_features_mod {
    uint8_t table_id;
    char name[TABLE_NAME_SIZE];
    uint32_t max_entries; /* 0 is refused; more than there is memory for is as without a limit. */
    bool sets_egress;     /* OpenFlow 1.5: `is_first_egress` says something. */
    bool is_first_egress; /* Egress processing starts here; table 0 cannot. */
};

struct table {
    struct classifier cls;
    uint8_t id;
    char name[TABLE_NAME_SIZE]; /* "" until somebody names it. */
    uint64_t version;           /* The ofproto's version when an entry changed last. */
    enum table_miss miss;
    uint32_t max_flows; /* UINT32_MAX: no limit of its own. */

    uint32_t config;            /* OFPTC_* of OpenFlow 1.5, the two below. */
    uint32_t eviction_flags;    /* OFPTMPEF_* */
    struct rule_heap evictable; /* By eviction order, while OFPTC_EVICTION is set. */

    /* While OFPTC_VACANCY_EVENTS is set: percent of max_flows that is free. */
    uint8_t vacancy_down, vacancy_up;
    bool is_vacancy_low; /* The next event is VACANCY_UP. */

    /* Entries that could not stay where they are if egress processing started in this table or
     * before it: those of the table that write an output. If it started in this table: those of
     * tables before it that go to it or beyond. */
    uint32_t n_writing, n_crossing;

    uint32_t tally; /* n_packets: looked up here; n_bytes: of these, matched. */
};

/* The rule of highest priority for the flow, or NULL: a miss. Sets in `wc` (may be NULL) the bits
 * that this depends on. Counts nothing: whoever knows how many packets there are credits. */
struct rule *table_lookup(const struct table *, const struct flow *flow, struct flow *wc);

/* Adds packets that were looked up here, and how many of them found an entry. */
void table_credit(struct table *, uint64_t n_lookups, uint64_t n_matches);

static inline size_t
table_n_flows(const struct table *table)
{
    return table->cls.n_rules;
}

/* Percent of the table that is free, as vacancy events count it. */
uint8_t table_vacancy(const struct table *);

/* ---- For ofproto.c ---- */
void table_init(struct table *, uint8_t id);
/* Removes nothing: must be empty. */
void table_destroy(struct table *);
/* Puts `rule` in; takes over a reference. */
void table_insert(struct table *, struct rule *);
/* Takes it out; the table's reference goes to the caller. */
void table_remove(struct table *, struct rule *);
/* Each use puts off an idle timeout: puts in order what stands first for an earlier one. */
void table_order_victims(struct table *);
/* Which rule would be evicted for a new entry of this importance; NULL: none may be. */
struct rule *table_victim(const struct table *, uint16_t importance);
/* Where an entry stands after its timeouts or importance changed. */
void table_reorder(struct table *, struct rule *);
/* Sets config and builds or drops what eviction needs. */
void table_set_eviction(struct table *, bool on, uint32_t eviction_flags);
/* OFPTMPEF_*: what entries are evicted by when eviction is on. */
uint32_t table_eviction_flags(const struct table *);

#endif
