/* SPDX-License-Identifier: Apache-2.0 */
/* A hash map whose nodes sit in the elements.
 *
 * Model: a power of two of buckets, each a chain of nodes; it doubles when there are more nodes
 * than buckets. The caller computes hashes and compares keys. Several elements may have equal
 * keys. Ownership stays with whoever allocated the elements; the map owns its bucket array.
 * Threads: the caller's lock. Errors: memory that runs out aborts. */
#ifndef SHUNT_LIB_HMAP_H
#define SHUNT_LIB_HMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/util.h"

struct hmap_node {
    struct hmap_node *next;
    uint32_t hash;
};

struct hmap {
    struct hmap_node **buckets;
    size_t mask; /* Buckets less one. */
    size_t n;
};

static inline void
hmap_init(struct hmap *map)
{
    map->buckets = (struct hmap_node **)xcalloc(1, sizeof *map->buckets);
    map->mask = 0;
    map->n = 0;
}

/* Frees the bucket array, not the elements. */
static inline void
hmap_destroy(struct hmap *map)
{
    if (map) {
        free(map->buckets);
        map->buckets = NULL;
    }
}

static inline void
hmap_resize__(struct hmap *map, size_t n_buckets)
{
    struct hmap_node **buckets = (struct hmap_node **)xcalloc(n_buckets, sizeof *buckets);

    for (size_t i = 0; i <= map->mask; i++) {
        struct hmap_node *node, *next;

        for (node = map->buckets[i]; node; node = next) {
            struct hmap_node **head = &buckets[node->hash & (n_buckets - 1)];

            next = node->next;
            node->next = *head;
            *head = node;
        }
    }
    free(map->buckets);
    map->buckets = buckets;
    map->mask = n_buckets - 1;
}

static inline void
hmap_insert(struct hmap *map, struct hmap_node *node, uint32_t hash)
{
    struct hmap_node **head;

    if (map->n > map->mask)
        hmap_resize__(map, 2 * (map->mask + 1));
    head = &map->buckets[hash & map->mask];
    node->hash = hash;
    node->next = *head;
    *head = node;
    map->n++;
}

/* `node` must be in the map. */
static inline void
hmap_remove(struct hmap *map, struct hmap_node *node)
{
    struct hmap_node **link = &map->buckets[node->hash & map->mask];

    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    map->n--;
}

static inline struct hmap_node *
hmap_next_with_hash__(struct hmap_node *node, uint32_t hash)
{
    while (node && node->hash != hash)
        node = node->next;
    return node;
}

static inline struct hmap_node *
hmap_first_with_hash(const struct hmap *map, uint32_t hash)
{
    return hmap_next_with_hash__(map->buckets[hash & map->mask], hash);
}

static inline struct hmap_node *
hmap_next_in__(const struct hmap *map, size_t bucket)
{
    for (; bucket <= map->mask; bucket++) {
        if (map->buckets[bucket])
            return map->buckets[bucket];
    }
    return NULL;
}

static inline struct hmap_node *
hmap_first(const struct hmap *map)
{
    return hmap_next_in__(map, 0);
}

static inline struct hmap_node *
hmap_next(const struct hmap *map, const struct hmap_node *node)
{
    return node->next ? node->next : hmap_next_in__(map, (node->hash & map->mask) + 1);
}

#define HMAP_ITEM__(node, item, member)                                                            \
    ((node) ? CONTAINER_OF(node, __typeof__(*(item)), member) : NULL)

/* A NULL item ends each loop. */
#define HMAP_FOR_EACH(item, member, map)                                                           \
    for (struct hmap_node *node__ = hmap_first(map);                                               \
         ((item) = HMAP_ITEM__(node__, item, member)) != NULL; node__ = hmap_next(map, node__))

/* `item` may be removed and freed in the loop. */
#define HMAP_FOR_EACH_SAFE(item, member, map)                                                      \
    for (struct hmap_node *node__ = hmap_first(map),                                               \
                          *after__ = node__ ? hmap_next(map, node__) : NULL;                       \
         ((item) = HMAP_ITEM__(node__, item, member)) != NULL;                                     \
         node__ = after__, after__ = node__ ? hmap_next(map, node__) : NULL)

#define HMAP_FOR_EACH_WITH_HASH(item, member, hash_value, map)                                     \
    for (struct hmap_node *node__ = hmap_first_with_hash(map, hash_value);                         \
         ((item) = HMAP_ITEM__(node__, item, member)) != NULL;                                     \
         node__ = hmap_next_with_hash__(node__->next, hash_value))

#endif
