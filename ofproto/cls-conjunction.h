/* SPDX-License-Identifier: Apache-2.0 */
/* Which conjunctions the matching conjunctive rules of a lookup complete.
 *
 * Model: a lookup collects the rules with conjunction sets that match; then, priority by
 * priority from the highest, each id whose clauses are all there comes out, lowest id first.
 * For ofproto/classifier.c alone. Ownership: rules are borrowed. Threads: plain data. */
#ifndef SHUNT_OFPROTO_CLS_CONJUNCTION_H
#define SHUNT_OFPROTO_CLS_CONJUNCTION_H

#include "ofproto/classifier.h"

/* One conjunction of a matching rule. */
struct cls_soft_item {
    int32_t priority;
    struct cls_conjunction conjunction;
};

struct cls_soft_rules {
    struct cls_soft_item *items;
    size_t n, max;
};

void cls_soft_rules_init(struct cls_soft_rules *);
void cls_soft_rules_destroy(struct cls_soft_rules *);
void cls_soft_rules_add(struct cls_soft_rules *, const struct cls_rule *);
/* Drops what does not beat `priority`, and sorts the rest. */
void cls_soft_rules_sort(struct cls_soft_rules *, int32_t priority);
/* The next complete conjunction from item *next on; false: there is none. */
bool cls_soft_rules_next(const struct cls_soft_rules *, size_t *next, uint32_t *id);

#endif
