/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/rule-heap.h"

#include "lib/util.h"

#define NOT_IN UINT32_MAX

static uint32_t *
index_of(const struct rule_heap *heap, struct rule *rule)
{
    return (uint32_t *)((char *)rule + heap->index_offset);
}

static void
place(struct rule_heap *heap, size_t i, struct rule_heap_item item)
{
    heap->items[i] = item;
    *index_of(heap, item.rule) = (uint32_t)i;
}

static void
sift_up(struct rule_heap *heap, size_t i, struct rule_heap_item item)
{
    for (; i && heap->items[(i - 1) / 2].key > item.key; i = (i - 1) / 2)
        place(heap, i, heap->items[(i - 1) / 2]);
    place(heap, i, item);
}

static void
sift_down(struct rule_heap *heap, size_t i, struct rule_heap_item item)
{
    for (size_t child; (child = 2 * i + 1) < heap->n; i = child) {
        if (child + 1 < heap->n && heap->items[child + 1].key < heap->items[child].key)
            child++;
        if (heap->items[child].key >= item.key)
            break;
        place(heap, i, heap->items[child]);
    }
    place(heap, i, item);
}

/* Puts the item where it belongs, from the free place `i`. */
static void
settle(struct rule_heap *heap, size_t i, struct rule_heap_item item)
{
    if (i && heap->items[(i - 1) / 2].key > item.key)
        sift_up(heap, i, item);
    else
        sift_down(heap, i, item);
}

void
rule_heap_init(struct rule_heap *heap, size_t index_offset)
{
    *heap = (struct rule_heap){.index_offset = index_offset};
}

void
rule_heap_destroy(struct rule_heap *heap)
{
    for (size_t i = 0; i < heap->n; i++)
        *index_of(heap, heap->items[i].rule) = NOT_IN;
    free(heap->items);
    heap->items = NULL;
    heap->n = heap->max = 0;
}

void
rule_heap_set(struct rule_heap *heap, struct rule *rule, int64_t key)
{
    uint32_t i = *index_of(heap, rule);

    if (i == NOT_IN) {
        if (heap->n == heap->max) {
            heap->max = MAX(16, 2 * heap->max);
            heap->items = xrealloc(heap->items, heap->max * sizeof *heap->items);
        }
        i = (uint32_t)heap->n++;
    }
    settle(heap, i, (struct rule_heap_item){key, rule});
}

void
rule_heap_remove(struct rule_heap *heap, struct rule *rule)
{
    uint32_t i = *index_of(heap, rule);
    struct rule_heap_item last;

    if (i == NOT_IN)
        return;
    *index_of(heap, rule) = NOT_IN;
    last = heap->items[--heap->n];
    if (i < heap->n)
        settle(heap, i, last);
}

const struct rule_heap_item *
rule_heap_first(const struct rule_heap *heap)
{
    return heap->n ? &heap->items[0] : NULL;
}
