/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table of small items, made for the question that is mostly answered with no.
 *
 * Model: open addressing with linear probing in a power of two of slots, at most three quarters
 * of them full. A slot's tag is a byte of its hash, 0 if it is empty; tags stand apart from the
 * items, and eight are compared at once: a search that fails reads one cache line, in an array
 * that is small enough to be in the cache. Removal shifts followers back, so nothing has to be
 * cleaned up later. An item begins with its 32-bit hash, which must be good in its low and high
 * bits; several items may have the same.
 *
 * Ownership: the table owns its items. Threads: the caller's lock. Errors: memory that runs out
 * aborts. Not here: what equal items are (ofproto/cls-subtable.c). */
#ifndef SHUNT_OFPROTO_HASH_SLOTS_H
#define SHUNT_OFPROTO_HASH_SLOTS_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hash_slots {
    uint8_t *tags; /* Behind the last the first eight again, so that eight can be read anywhere. */
    char *items;
    uint32_t mask; /* Slots less one. */
    /* Changes when an item comes to stand before its place or all of them move: else a walk that
     * goes on behind an empty slot misses none that was there when it began. */
    uint32_t shape;
    uint32_t n_used;
    uint32_t item_size;
};

#define HASH_SLOTS_NONE UINT32_MAX

/* Items are of `item_size` bytes. */
void hash_slots_init(struct hash_slots *, uint32_t item_size);
void hash_slots_destroy(struct hash_slots *);
/* Returns a new item, zero but for its hash. Others move. */
void *hash_slots_add(struct hash_slots *, uint32_t hash);
/* Removes the item in slot `i`. Others move. */
void hash_slots_remove(struct hash_slots *, uint32_t i);
/* The next slot behind `i` with an item of this hash, or HASH_SLOTS_NONE. */
uint32_t hash_slots_next(const struct hash_slots *, uint32_t hash, uint32_t i);
/* Bytes that the table takes. */
size_t hash_slots_memory(const struct hash_slots *);

static inline void *
hash_slots_item(const struct hash_slots *slots, uint32_t i)
{
    return slots->items + (size_t)i * slots->item_size;
}

static inline uint32_t
hash_slots_hash(const struct hash_slots *slots, uint32_t i)
{
    uint32_t hash;

    memcpy(&hash, hash_slots_item(slots, i), sizeof hash);
    return hash;
}

/* Slots are chosen by the low bits. */
static inline uint8_t
hash_slots_tag(uint32_t hash)
{
    uint8_t tag = (uint8_t)(hash >> 24);

    return tag ? tag : 1;
}

#define HASH_SLOTS_ONES UINT64_C(0x0101010101010101)

/* The high bit of each byte that is zero, and perhaps of bytes above the first such. */
static inline uint64_t
hash_slots_zero_bytes__(uint64_t word)
{
    return (word - HASH_SLOTS_ONES) & ~word & HASH_SLOTS_ONES << 7;
}

/* The first slot with an item of this hash, or HASH_SLOTS_NONE. */
static inline uint32_t
hash_slots_first(const struct hash_slots *slots, uint32_t hash)
{
    uint64_t tags = hash_slots_tag(hash) * HASH_SLOTS_ONES;

    for (uint32_t i = hash & slots->mask;; i = (i + 8) & slots->mask) {
        uint64_t word, empty, hits;

        memcpy(&word, &slots->tags[i], sizeof word);
        word = le64toh(word);
        empty = hash_slots_zero_bytes__(word);
        hits = hash_slots_zero_bytes__(word ^ tags) & (empty - 1) & ~empty;
        for (; hits; hits &= hits - 1) {
            uint32_t slot = (i + (uint32_t)__builtin_ctzll(hits) / 8) & slots->mask;

            if (hash_slots_hash(slots, slot) == hash)
                return slot;
        }
        if (empty)
            return HASH_SLOTS_NONE;
    }
}

/* Has the processor fetch what finding, adding or removing an item of this hash will touch. */
static inline void
hash_slots_prefetch(const struct hash_slots *slots, uint32_t hash)
{
    __builtin_prefetch(&slots->tags[hash & slots->mask], 1);
    __builtin_prefetch(hash_slots_item(slots, hash & slots->mask), 1);
}

#endif
