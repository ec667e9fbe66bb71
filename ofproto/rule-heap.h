/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap of rules by a 64-bit key: what expires or is evicted first.
 *
 * Model: an array of {key, rule}; a rule knows its index (in the member that the heap was made
 * for), so that moving and removing one costs O(log n).
 *
 * Ownership: the heap owns its array, not the rules. Threads: the caller's lock. Errors: memory
 * that runs out aborts. */
#ifndef SHUNT_OFPROTO_RULE_HEAP_H
#define SHUNT_OFPROTO_RULE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct rule;

struct rule_heap_item {
    int64_t key;
    struct rule *rule;
};

struct rule_heap {
    struct rule_heap_item *items;
    size_t n, max;
    size_t index_offset; /* Of the uint32_t index in struct rule. */
};

/* `index_offset`: of the member that holds a rule's index, UINT32_MAX while it has none. */
void rule_heap_init(struct rule_heap *, size_t index_offset);
void rule_heap_destroy(struct rule_heap *);
/* Puts the rule in, or moves it to its new key. */
void rule_heap_set(struct rule_heap *, struct rule *, int64_t key);
/* Takes the rule out; does nothing if it is not in. */
void rule_heap_remove(struct rule_heap *, struct rule *);
/* The item of the smallest key, or NULL. */
const struct rule_heap_item *rule_heap_first(const struct rule_heap *);

#endif
