/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the rule of highest priority that a flow matches, and the bits that this depended on.
 *
 * Model: tuple-space search (Srinivasan, Suri and Varghese, "Packet Classification using Tuple
 * Space Search", SIGCOMM 1999). Rules of one mask form a subtable, which is a hash table over
 * the masked words. Subtables are searched in falling order of their highest priority, and the
 * search ends when none ahead can beat what was found.
 *
 * A mask keeps its words in the order of four stages (metadata and ports, L2, L3, L4). Before
 * the last stage a subtable knows how many of its rules have which partial hash; a flow whose
 * partial hash is unknown leaves the subtable there, having depended on the stages so far only.
 * A flow that leaves in the stage of an address or a port is shown, where possible, to differ
 * from every prefix of that field within fewer bits than the mask has (ofproto/prefix-set.h);
 * later subtables that this rules out as well are not searched.
 *
 * The invariant that translation stands on: any flow which agrees with the one looked up on all
 * bits that lookup set in `wc` gets the same rule. Of rules with equal priority that match
 * the same flow, it is not said which is found, but the invariant holds.
 *
 * Conjunctive matches: a rule with a conjunction set does not match by itself. Among rules of
 * one priority, when some conjunction id has a matching rule for each of its clauses, the flow is
 * looked up again with conj_id set to that id, among the other rules.
 *
 * Ownership: rules are the caller's and stay in place while they are in the classifier; each
 * holds a reference to its mask. Threads: lookups and visits may run together; inserting and
 * removing excludes everything else (ofproto_lock). A mask's reference count is atomic.
 * Errors: memory that runs out aborts. Not here: actions, counters, timeouts (ofproto/rule.h). */
#ifndef SHUNT_OFPROTO_CLASSIFIER_H
#define SHUNT_OFPROTO_CLASSIFIER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/hmap.h"
#include "ofproto/flow.h"
#include "ofproto/prefix-set.h"

/* ---- Masks ------------------------------------------------------------------------------------*/
enum cls_stage { CLS_STAGE_METADATA, CLS_STAGE_L2, CLS_STAGE_L3, CLS_STAGE_L4, CLS_N_STAGES };

/* The words of a mask that are not zero, in the order of stages. Immutable and shared. */
struct minimask {
    _Atomic uint32_t n_refs;
    uint32_t hash;
    uint8_t n_words;
    uint8_t stage_end[CLS_N_STAGES]; /* Words up to and including each stage. */
    uint8_t words[FLOW_WORDS];       /* Which, the first n_words. */
    uint64_t bits[];                 /* bits[i] masks words[i]; none is zero. */
};

/* The words of a flow or mask as the C library's type. */
static inline const uint64_t *
cls_words(const struct flow *flow)
{
    return (const uint64_t *)flow_words(flow);
}

static inline uint64_t *
cls_words_rw(struct flow *flow)
{
    return (uint64_t *)flow_words_rw(flow);
}

/* Returns a reference to a new mask. */
struct minimask *minimask_create(const struct flow *mask);
struct minimask *minimask_ref(struct minimask *);
void minimask_unref(struct minimask *);
/* Writes the whole mask. */
void minimask_expand(const struct minimask *, struct flow *mask);

/* ---- Rules ------------------------------------------------------------------------------------*/
struct cls_conjunction {
    uint32_t id;
    uint8_t clause;    /* 0 to n_clauses - 1. */
    uint8_t n_clauses; /* 2 to 64. */
};

struct cls_conjunction_set {
    size_t n;
    struct cls_conjunction items[];
};

/* What the classifier holds of a rule: the last member of the caller's struct. */
struct cls_rule {
    struct cls_rule *lower, *higher; /* Of the same match (ofproto/cls-same.h). */
    struct minimask *mask;
    const struct cls_conjunction_set *conjunctions; /* NULL: an ordinary rule. */
    uint32_t hash;
    int32_t priority;
    uint64_t values[]; /* Masked, one for each word of the mask. */
};

/* Bytes of values[] behind a rule of `mask`. */
static inline size_t
cls_rule_values_size(const struct minimask *mask)
{
    return mask->n_words * sizeof(uint64_t);
}

/* Takes over the caller's reference to `mask`. `match` need not be masked. */
void cls_rule_init(struct cls_rule *, struct minimask *mask, const struct flow *match,
                   int32_t priority, const struct cls_conjunction_set *);
/* Gives the mask back. The rule must not be in a classifier. */
void cls_rule_destroy(struct cls_rule *);
/* Writes match and mask; either may be NULL. */
void cls_rule_expand(const struct cls_rule *, struct flow *match, struct flow *mask);
bool cls_rule_matches(const struct cls_rule *, const struct flow *);

/* ---- Classifier -------------------------------------------------------------------------------*/
#define CLS_N_PREFIX_FIELDS 6 /* IPv4, IPv6 addresses and ports, each source and destination. */

struct cls_subtable;

/* What decides whether a subtable is searched at all, beside each other in memory. */
struct cls_entry {
    struct cls_subtable *subtable;
    int32_t max_priority;
    uint8_t prefix_bits[CLS_N_PREFIX_FIELDS]; /* 0: the mask of that field is no prefix. */
};

struct classifier {
    size_t n_rules;
    struct hmap by_mask;         /* struct cls_subtable */
    struct cls_subtable *recent; /* That got a rule last: the next one is likely its. Or NULL. */
    struct cls_entry *entries;   /* Of all subtables, falling max_priority. */
    size_t n_subtables, max_entries;
    uint64_t shape;       /* Changes when a subtable comes, goes or moves. */
    size_t n_conjunctive; /* Rules with a conjunction set. */
    struct prefix_set prefixes[CLS_N_PREFIX_FIELDS];
};

void classifier_init(struct classifier *);
/* Must be empty. */
void classifier_destroy(struct classifier *);

/* A reference to the classifier's own copy of the mask if it has rules of it, else to a new one:
 * so that rules of one mask share it. */
struct minimask *classifier_mask(const struct classifier *, const struct flow *mask);

/* No rule of equal match and priority may be there: who has just looked, by classifier_find(), has
 * what this touches in the processor's cache. */
void classifier_insert(struct classifier *, struct cls_rule *);
void classifier_remove(struct classifier *, struct cls_rule *);

/* Finds the rule of highest priority that `flow` matches, or NULL. Sets in `wc` the bits that
 * the result depends on and leaves others as they are; `wc` may be NULL. */
struct cls_rule *classifier_lookup(const struct classifier *, const struct flow *flow,
                                   struct flow *wc);

/* The rule with exactly this match, mask and priority, or NULL. `match` is masked or not. */
struct cls_rule *classifier_find(const struct classifier *, const struct flow *match,
                                 const struct flow *mask, int32_t priority);

/* Whether some rule of this priority, other than one of the same match, matches a flow that
 * (match, mask) matches as well: OFPFF_CHECK_OVERLAP. */
bool classifier_overlaps(const struct classifier *, const struct flow *match,
                         const struct flow *mask, int32_t priority);

/* Calls `cb` for every rule that (match, mask) covers: the rule's mask has at least the bits of
 * `mask`, and its match agrees on them (the loose match of non-strict modify and delete). All
 * rules for an all-zero mask. `cb` must not change the classifier; it returns false to stop. */
typedef bool classifier_visit_cb(void *aux, struct cls_rule *);
void classifier_visit(const struct classifier *, const struct flow *match, const struct flow *mask,
                      classifier_visit_cb *cb, void *aux);

/* A walk over all rules, between whose parts the classifier may change. All zeros: the beginning.
 */
struct classifier_walk {
    size_t subtable;
    uint32_t slot, slots_shape;
    uint64_t shape;
    unsigned int n_restarts; /* The classifier changed its shape so often. */
};

/* Calls `cb` for the rules of about n_slots slots; returns whether there are more. A rule that is
 * there all the time is seen once at least; where the walk began anew, perhaps twice. What `cb`
 * returns has no meaning. */
bool classifier_walk(const struct classifier *, struct classifier_walk *, uint32_t n_slots,
                     classifier_visit_cb *cb, void *aux);

/* Bytes that the classifier itself takes, rules not included. */
size_t classifier_memory(const struct classifier *);

#endif
