/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/cls-conjunction.h"

void
cls_soft_rules_init(struct cls_soft_rules *soft)
{
    memset(soft, 0, sizeof *soft);
}

void
cls_soft_rules_destroy(struct cls_soft_rules *soft)
{
    free(soft->items);
}

void
cls_soft_rules_add(struct cls_soft_rules *soft, const struct cls_rule *rule)
{
    const struct cls_conjunction_set *set = rule->conjunctions;

    if (soft->n + set->n > soft->max) {
        soft->max = 2 * (soft->n + set->n);
        soft->items = xrealloc(soft->items, soft->max * sizeof *soft->items);
    }
    for (size_t i = 0; i < set->n; i++) {
        soft->items[soft->n].priority = rule->priority;
        soft->items[soft->n++].conjunction = set->items[i];
    }
}

/* Falling priority, then rising id and number of clauses. */
static int
compare_items(const void *a_, const void *b_)
{
    const struct cls_soft_item *a = a_;
    const struct cls_soft_item *b = b_;

    if (a->priority != b->priority)
        return a->priority > b->priority ? -1 : 1;
    if (a->conjunction.id != b->conjunction.id)
        return a->conjunction.id < b->conjunction.id ? -1 : 1;
    return a->conjunction.n_clauses - b->conjunction.n_clauses;
}

void
cls_soft_rules_sort(struct cls_soft_rules *soft, int32_t priority)
{
    size_t n = 0;

    for (size_t i = 0; i < soft->n; i++) {
        if (soft->items[i].priority > priority)
            soft->items[n++] = soft->items[i];
    }
    soft->n = n;
    if (n)
        qsort(soft->items, n, sizeof *soft->items, compare_items);
}

bool
cls_soft_rules_next(const struct cls_soft_rules *soft, size_t *next, uint32_t *id)
{
    while (*next < soft->n) {
        const struct cls_soft_item *first = &soft->items[*next];
        uint64_t clauses = 0;

        for (; *next < soft->n && !compare_items(first, &soft->items[*next]); ++*next)
            clauses |= UINT64_C(1) << soft->items[*next].conjunction.clause;
        if ((unsigned int)__builtin_popcountll(clauses) == first->conjunction.n_clauses) {
            *id = first->conjunction.id;
            return true;
        }
    }
    return false;
}
