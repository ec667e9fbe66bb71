/* SPDX-License-Identifier: Apache-2.0 */
/* A multiset of 32-bit hashes: is there any element with this hash?
 *
 * Model: open addressing with linear probing in a power of two of {hash, count} slots, at most
 * three quarters full; removal shifts followers back, so there are no tombstones. The hashes
 * must be good in their low bits.
 *
 * Ownership: the set owns its slots. Threads: the caller's lock. Errors: memory that runs out
 * aborts. */
#ifndef SHUNT_OFPROTO_HASH_COUNTS_H
#define SHUNT_OFPROTO_HASH_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/util.h"

struct hash_count {
    uint32_t hash;
    uint32_t n; /* 0: the slot is empty. */
};

struct hash_counts {
    struct hash_count *slots;
    uint32_t mask; /* Slots less one. */
    uint32_t n_used;
};

static inline void
hash_counts_init(struct hash_counts *counts)
{
    counts->mask = 3;
    counts->n_used = 0;
    counts->slots = xcalloc(counts->mask + 1, sizeof *counts->slots);
}

static inline void
hash_counts_destroy(struct hash_counts *counts)
{
    free(counts->slots);
}

/* The slot of this hash, or the empty one where it would go. */
static inline struct hash_count *
hash_counts_slot__(const struct hash_counts *counts, uint32_t hash)
{
    uint32_t i = hash & counts->mask;

    while (counts->slots[i].n && counts->slots[i].hash != hash)
        i = (i + 1) & counts->mask;
    return &counts->slots[i];
}

static inline bool
hash_counts_has(const struct hash_counts *counts, uint32_t hash)
{
    return hash_counts_slot__(counts, hash)->n != 0;
}

static inline void
hash_counts_grow__(struct hash_counts *counts)
{
    struct hash_counts old = *counts;

    counts->mask = 2 * old.mask + 1;
    counts->slots = xcalloc((size_t)counts->mask + 1, sizeof *counts->slots);
    for (uint32_t i = 0; i <= old.mask; i++) {
        if (old.slots[i].n)
            *hash_counts_slot__(counts, old.slots[i].hash) = old.slots[i];
    }
    free(old.slots);
}

static inline void
hash_counts_add(struct hash_counts *counts, uint32_t hash)
{
    struct hash_count *slot = hash_counts_slot__(counts, hash);

    if (!slot->n) {
        if (counts->n_used >= counts->mask - counts->mask / 4) {
            hash_counts_grow__(counts);
            slot = hash_counts_slot__(counts, hash);
        }
        counts->n_used++;
        slot->hash = hash;
    }
    slot->n++;
}

/* The hash must be in the set. */
static inline void
hash_counts_remove(struct hash_counts *counts, uint32_t hash)
{
    struct hash_count *slot = hash_counts_slot__(counts, hash);
    uint32_t gap = (uint32_t)(slot - counts->slots), i = gap;

    if (--slot->n)
        return;
    counts->n_used--;
    for (;;) {
        i = (i + 1) & counts->mask;
        if (!counts->slots[i].n)
            break;
        /* Move into the gap what may stand there: its home is not behind the gap. */
        if (((i - counts->slots[i].hash) & counts->mask) >= ((i - gap) & counts->mask)) {
            counts->slots[gap] = counts->slots[i];
            gap = i;
        }
    }
    counts->slots[gap].n = 0;
}

#endif
