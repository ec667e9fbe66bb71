/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/ids.h"

#include <pthread.h>

#include "lib/hash.h"
#include "lib/hmap.h"
#include "lib/list.h"

struct entry {
    struct hmap_node by_id, by_data;
    struct list unused; /* In ids.unused while n_refs is 0, oldest first. */
    int64_t unused_ms;
    uint32_t id;
    uint32_t n_refs;
    size_t size;
    unsigned char data[];
};

struct ids {
    pthread_mutex_t lock;
    struct hmap by_id, by_data;
    struct list unused;
    uint32_t next_id;
};

struct ids *
ids_create(void)
{
    struct ids *ids = xcalloc(1, sizeof *ids);

    pthread_mutex_init(&ids->lock, NULL);
    hmap_init(&ids->by_id);
    hmap_init(&ids->by_data);
    list_init(&ids->unused);
    ids->next_id = hash_u64((uint64_t)time_now_ns(), 0) | 1;
    return ids;
}

void
ids_destroy(struct ids *ids)
{
    struct entry *entry;

    if (!ids)
        return;
    HMAP_FOR_EACH_SAFE (entry, by_id, &ids->by_id)
        free(entry);
    hmap_destroy(&ids->by_id);
    hmap_destroy(&ids->by_data);
    pthread_mutex_destroy(&ids->lock);
    free(ids);
}

static struct entry *
find_id(const struct ids *ids, uint32_t id)
{
    struct entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, by_id, hash_u64(id, 0), &ids->by_id) {
        if (entry->id == id)
            return entry;
    }
    return NULL;
}

static struct entry *
find_data(const struct ids *ids, const void *data, size_t size, uint32_t hash)
{
    struct entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, by_data, hash, &ids->by_data) {
        if (entry->size == size && !memcmp(entry->data, data, size))
            return entry;
    }
    return NULL;
}

static void
hold(struct entry *entry)
{
    if (!entry->n_refs++)
        list_remove(&entry->unused);
}

static struct entry *
add(struct ids *ids, const void *data, size_t size, uint32_t hash)
{
    struct entry *entry = xcalloc(1, sizeof *entry + size);

    memcpy(entry->data, data, size);
    entry->size = size;
    list_init(&entry->unused);
    do
        entry->id = ids->next_id++;
    while (!entry->id || find_id(ids, entry->id));
    hmap_insert(&ids->by_id, &entry->by_id, hash_u64(entry->id, 0));
    hmap_insert(&ids->by_data, &entry->by_data, hash);
    return entry;
}

uint32_t
ids_get(struct ids *ids, const void *data, size_t size)
{
    uint32_t hash = hash_bytes(data, size, 0), id;
    struct entry *entry;

    pthread_mutex_lock(&ids->lock);
    entry = find_data(ids, data, size, hash);
    if (!entry)
        entry = add(ids, data, size, hash);
    hold(entry);
    id = entry->id;
    pthread_mutex_unlock(&ids->lock);
    return id;
}

void
ids_ref(struct ids *ids, uint32_t id)
{
    struct entry *entry;

    pthread_mutex_lock(&ids->lock);
    entry = find_id(ids, id);
    if (entry)
        hold(entry);
    pthread_mutex_unlock(&ids->lock);
}

void
ids_unref(struct ids *ids, uint32_t id, int64_t now_ms)
{
    struct entry *entry;

    pthread_mutex_lock(&ids->lock);
    entry = find_id(ids, id);
    if (entry && entry->n_refs && !--entry->n_refs) {
        entry->unused_ms = now_ms;
        list_push_back(&ids->unused, &entry->unused);
    }
    pthread_mutex_unlock(&ids->lock);
}

void *
ids_find(struct ids *ids, uint32_t id, size_t *size)
{
    struct entry *entry;
    void *copy = NULL;

    pthread_mutex_lock(&ids->lock);
    entry = find_id(ids, id);
    if (entry) {
        copy = xmemdup(entry->data, entry->size);
        *size = entry->size;
    }
    pthread_mutex_unlock(&ids->lock);
    return copy;
}

void
ids_expire(struct ids *ids, int64_t now_ms)
{
    struct entry *entry, *next;

    pthread_mutex_lock(&ids->lock);
    LIST_FOR_EACH_SAFE (entry, next, unused, &ids->unused) {
        if (entry->unused_ms + IDS_LINGER_MS > now_ms)
            break;
        hmap_remove(&ids->by_id, &entry->by_id);
        hmap_remove(&ids->by_data, &entry->by_data);
        list_remove(&entry->unused);
        free(entry);
    }
    pthread_mutex_unlock(&ids->lock);
}

size_t
ids_count(struct ids *ids)
{
    size_t n;

    pthread_mutex_lock(&ids->lock);
    n = ids->by_id.n;
    pthread_mutex_unlock(&ids->lock);
    return n;
}
