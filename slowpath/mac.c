/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/mac.h"

#include <inttypes.h>
#include <pthread.h>

#include "lib/hash.h"
#include "lib/hmap.h"
#include "lib/list.h"
#include "ofproto/ofp.h"
#include "slowpath/mac-store.h"

struct mac_entry {
    struct hmap_node node;
    struct list lru; /* In mac_table.lru, least recently used first. */
    uint64_t key;
    uint32_t ofport;
    uint32_t slot; /* In mac_table.store. */
    int64_t used_ms;
};

struct mac_table {
    pthread_mutex_t lock;
    struct hmap entries;
    struct list lru;
    uint32_t max_entries;
    int64_t idle_ms;
    mac_changed_cb *changed;
    void *aux;
    struct mac_store *store; /* NULL: the table is not kept. */
    uint32_t n_slots;        /* That were ever used. */
    uint32_t *freed, n_freed;
};

static uint64_t
mac_key(uint16_t vlan, const uint8_t mac[6])
{
    uint64_t key = vlan;

    for (int i = 0; i < 6; i++)
        key = key << 8 | mac[i];
    return key;
}

static void
mac_of_key(uint64_t key, uint8_t mac[6])
{
    for (int i = 0; i < 6; i++)
        mac[i] = (uint8_t)(key >> (40 - 8 * i));
}

static struct mac_entry *
find(const struct mac_table *table, uint64_t key)
{
    struct mac_entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, node, hash_u64(key, 0), &table->entries) {
        if (entry->key == key)
            return entry;
    }
    return NULL;
}

static void
tell(const struct mac_table *table, uint64_t key)
{
    uint8_t mac[6];

    mac_of_key(key, mac);
    if (table->changed)
        table->changed(table->aux, (uint16_t)(key >> 48), mac);
}

static void
remove_entry(struct mac_table *table, struct mac_entry *entry)
{
    tell(table, entry->key);
    table->freed[table->n_freed++] = entry->slot;
    if (table->store)
        mac_store_free(table->store, entry->slot);
    hmap_remove(&table->entries, &entry->node);
    list_remove(&entry->lru);
    free(entry);
}

static struct mac_entry *
oldest(const struct mac_table *table)
{
    return list_is_empty(&table->lru) ? NULL : CONTAINER_OF(table->lru.next, struct mac_entry, lru);
}

static struct mac_entry *
add_entry(struct mac_table *table, uint64_t key, uint32_t ofport, int64_t now_ms)
{
    struct mac_entry *entry = xcalloc(1, sizeof *entry);

    if (table->entries.n >= table->max_entries)
        remove_entry(table, oldest(table));
    *entry = (struct mac_entry){
        .key = key,
        .ofport = ofport,
        .slot = table->n_freed ? table->freed[--table->n_freed] : table->n_slots++,
        .used_ms = now_ms,
    };
    hmap_insert(&table->entries, &entry->node, hash_u64(key, 0));
    list_push_back(&table->lru, &entry->lru);
    return entry;
}

struct mac_table *
mac_table_create(uint32_t max_entries, int64_t idle_ms, mac_changed_cb *changed, void *aux)
{
    struct mac_table *table = xcalloc(1, sizeof *table);

    pthread_mutex_init(&table->lock, NULL);
    hmap_init(&table->entries);
    list_init(&table->lru);
    table->max_entries = MAX(max_entries, 1);
    table->freed = xcalloc(table->max_entries, sizeof *table->freed);
    table->idle_ms = idle_ms;
    table->changed = changed;
    table->aux = aux;
    return table;
}

void
mac_table_destroy(struct mac_table *table)
{
    struct mac_entry *entry;

    if (!table)
        return;
    HMAP_FOR_EACH_SAFE (entry, node, &table->entries)
        free(entry);
    hmap_destroy(&table->entries);
    pthread_mutex_destroy(&table->lock);
    mac_store_close(table->store);
    free(table->freed);
    free(table);
}

static void
restore(struct mac_table *table, const struct mac_slot *slots, size_t n, mac_has_port *has_port,
        void *aux, int64_t now_ms)
{
    int64_t at_least_ms = now_ms - table->idle_ms + MAC_TABLE_GRACE_MS;

    for (size_t i = 0; i < n; i++) {
        uint8_t mac[6];

        mac_of_key(slots[i].key, mac);
        if (slots[i].used_ms <= now_ms && has_port(aux, slots[i].ofport))
            mac_table_learn(table, (uint16_t)(slots[i].key >> 48), mac, slots[i].ofport,
                            MAX(slots[i].used_ms, at_least_ms));
    }
}

int
mac_table_keep(struct mac_table *table, const char *path, mac_has_port *has_port, void *aux,
               int64_t now_ms)
{
    struct mac_store *store;
    struct mac_slot *slots = NULL;
    struct mac_entry *entry;
    size_t n = 0;
    int error;

    if (!mac_store_read(path, &slots, &n))
        restore(table, slots, n, has_port, aux, now_ms);
    free(slots);
    error = mac_store_create(path, table->max_entries, &store);
    if (error)
        return error;
    pthread_mutex_lock(&table->lock);
    LIST_FOR_EACH (entry, lru, &table->lru)
        mac_store_set(store, entry->slot, entry->key, entry->ofport, entry->used_ms);
    error = mac_store_place(store);
    if (!error)
        table->store = store;
    pthread_mutex_unlock(&table->lock);
    if (error)
        mac_store_close(store);
    return error;
}

bool
mac_table_lookup(struct mac_table *table, uint16_t vlan, const uint8_t mac[6], uint32_t *ofport)
{
    struct mac_entry *entry;
    bool found;

    pthread_mutex_lock(&table->lock);
    entry = find(table, mac_key(vlan, mac));
    found = entry != NULL;
    if (found)
        *ofport = entry->ofport;
    pthread_mutex_unlock(&table->lock);
    return found;
}

bool
mac_table_learn(struct mac_table *table, uint16_t vlan, const uint8_t mac[6], uint32_t ofport,
                int64_t now_ms)
{
    uint64_t key = mac_key(vlan, mac);
    struct mac_entry *entry;
    bool is_change;

    if (mac[0] & 1)
        return false;
    pthread_mutex_lock(&table->lock);
    entry = find(table, key);
    is_change = !entry || entry->ofport != ofport;
    if (!entry) {
        entry = add_entry(table, key, ofport, now_ms);
    } else {
        entry->ofport = ofport;
        entry->used_ms = now_ms;
        list_remove(&entry->lru);
        list_push_back(&table->lru, &entry->lru);
    }
    if (is_change)
        tell(table, key);
    if (table->store && is_change)
        mac_store_set(table->store, entry->slot, key, ofport, now_ms);
    else if (table->store)
        mac_store_use(table->store, entry->slot, now_ms);
    pthread_mutex_unlock(&table->lock);
    return is_change;
}

int64_t
mac_table_expire(struct mac_table *table, int64_t now_ms)
{
    int64_t next_ms = now_ms + table->idle_ms;
    struct mac_entry *entry;

    pthread_mutex_lock(&table->lock);
    while ((entry = oldest(table)) && entry->used_ms + table->idle_ms <= now_ms)
        remove_entry(table, entry);
    if (entry)
        next_ms = entry->used_ms + table->idle_ms;
    pthread_mutex_unlock(&table->lock);
    return next_ms;
}

uint32_t
mac_table_flush(struct mac_table *table, uint32_t ofport)
{
    struct mac_entry *entry, *next;
    uint32_t n = 0;

    pthread_mutex_lock(&table->lock);
    LIST_FOR_EACH_SAFE (entry, next, lru, &table->lru) {
        if (ofport == OFPORT_ANY || entry->ofport == ofport) {
            remove_entry(table, entry);
            n++;
        }
    }
    pthread_mutex_unlock(&table->lock);
    return n;
}

uint32_t
mac_table_count(struct mac_table *table)
{
    uint32_t n;

    pthread_mutex_lock(&table->lock);
    n = (uint32_t)table->entries.n;
    pthread_mutex_unlock(&table->lock);
    return n;
}

void
mac_table_format(struct mac_table *table, int64_t now_ms, struct buf *out)
{
    struct mac_entry *entry;

    buf_puts(out, " port  VLAN  MAC                Age\n");
    pthread_mutex_lock(&table->lock);
    LIST_FOR_EACH (entry, lru, &table->lru) {
        uint8_t mac[6];

        mac_of_key(entry->key, mac);
        if (entry->ofport == OFPORT_LOCAL)
            buf_puts(out, "LOCAL");
        else
            buf_printf(out, "%5" PRIu32, entry->ofport);
        buf_printf(out, "  %4u  %02x:%02x:%02x:%02x:%02x:%02x  %3" PRId64 "\n",
                   (unsigned)(entry->key >> 48), mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
                   (now_ms - entry->used_ms) / 1000);
    }
    pthread_mutex_unlock(&table->lock);
}
