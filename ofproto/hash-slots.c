/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/hash-slots.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "lib/util.h"

#define MIN_SLOTS 8
#define HUGE_PAGE ((size_t)2 << 20)
#define N_AGAIN 8 /* Tags that stand behind the last once more. */

/* Memory that is read here and there: in huge pages of its own if it is large (what is smaller gets
 * them later, lib/heap.h), for else each access to it costs a walk of the page table as well. */
static void *
allocate_spread(size_t size)
{
    void *memory;

    if (size < HUGE_PAGE)
        return xmalloc(size);
    memory = aligned_alloc(HUGE_PAGE, ROUND_UP(size, HUGE_PAGE));
    if (!memory)
        out_of_memory(size);
    madvise(memory, size, MADV_HUGEPAGE);
    return memory;
}

static void
allocate(struct hash_slots *slots, uint32_t n_slots)
{
    slots->mask = n_slots - 1;
    slots->tags = allocate_spread((size_t)n_slots + N_AGAIN);
    memset(slots->tags, 0, (size_t)n_slots + N_AGAIN);
    slots->items = allocate_spread((size_t)n_slots * slots->item_size);
}

void
hash_slots_init(struct hash_slots *slots, uint32_t item_size)
{
    slots->item_size = item_size;
    slots->n_used = 0;
    slots->shape = 0;
    allocate(slots, MIN_SLOTS);
}

void
hash_slots_destroy(struct hash_slots *slots)
{
    if (slots) {
        free(slots->tags);
        free(slots->items);
    }
}

static void
set_tag(struct hash_slots *slots, uint32_t i, uint8_t tag)
{
    slots->tags[i] = tag;
    if (i < N_AGAIN)
        slots->tags[slots->mask + 1 + i] = tag;
}

/* The first empty slot for this hash. */
static uint32_t
free_slot(const struct hash_slots *slots, uint32_t hash)
{
    uint32_t i = hash & slots->mask;

    while (slots->tags[i])
        i = (i + 1) & slots->mask;
    return i;
}

static void
grow(struct hash_slots *slots)
{
    struct hash_slots old = *slots;

    slots->shape++;
    allocate(slots, 2 * (old.mask + 1));
    for (uint32_t i = 0; i <= old.mask; i++) {
        uint32_t to;

        if (!old.tags[i])
            continue;
        to = free_slot(slots, hash_slots_hash(&old, i));
        set_tag(slots, to, old.tags[i]);
        memcpy(hash_slots_item(slots, to), hash_slots_item(&old, i), slots->item_size);
    }
    hash_slots_destroy(&old);
}

void *
hash_slots_add(struct hash_slots *slots, uint32_t hash)
{
    uint32_t i;
    char *item;

    if (slots->n_used > slots->mask - (slots->mask + 1) / 4)
        grow(slots);
    slots->n_used++;
    i = free_slot(slots, hash);
    slots->shape += i < (hash & slots->mask);
    set_tag(slots, i, hash_slots_tag(hash));
    item = hash_slots_item(slots, i);
    memset(item, 0, slots->item_size);
    memcpy(item, &hash, sizeof hash);
    return item;
}

void
hash_slots_remove(struct hash_slots *slots, uint32_t gap)
{
    slots->n_used--;
    for (uint32_t i = (gap + 1) & slots->mask; slots->tags[i]; i = (i + 1) & slots->mask) {
        uint32_t home = hash_slots_hash(slots, i);

        /* Move into the gap what may stand there: its home is not behind the gap. */
        if (((i - home) & slots->mask) >= ((i - gap) & slots->mask)) {
            memcpy(hash_slots_item(slots, gap), hash_slots_item(slots, i), slots->item_size);
            set_tag(slots, gap, slots->tags[i]);
            gap = i;
        }
    }
    set_tag(slots, gap, 0);
}

uint32_t
hash_slots_next(const struct hash_slots *slots, uint32_t hash, uint32_t i)
{
    for (i = (i + 1) & slots->mask; slots->tags[i]; i = (i + 1) & slots->mask) {
        if (slots->tags[i] == hash_slots_tag(hash) && hash_slots_hash(slots, i) == hash)
            return i;
    }
    return HASH_SLOTS_NONE;
}

size_t
hash_slots_memory(const struct hash_slots *slots)
{
    return ((size_t)slots->mask + 1) * (slots->item_size + 1) + N_AGAIN;
}
