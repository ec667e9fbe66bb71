/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/mac-store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/boot.h"
#include "lib/durable.h"
#include "lib/util.h"

#define MAGIC 0x3143614d /* "MaC1": the layout, too. */

struct head {
    uint32_t magic;
    uint32_t n_slots;
    char boot_id[BOOT_ID_SIZE];
};
_Static_assert(sizeof(struct head) == 48 && sizeof(struct mac_slot) == 24, "no hidden padding");

struct mac_store {
    char path[PATH_MAX];
    struct head *head;
    struct mac_slot *slots; /* Behind the head. */
};

static size_t
file_size(uint32_t n_slots)
{
    return sizeof(struct head) + n_slots * sizeof(struct mac_slot);
}

/* ---- Writing ---- */
static int
map_new_file(const char *path, size_t size, void **memory)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), error;

    if (fd < 0)
        return errno;
    error = posix_fallocate(fd, 0, (off_t)size);
    if (!error) {
        *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        error = *memory == MAP_FAILED ? errno : 0;
    }
    close(fd);
    if (error)
        unlink(path);
    return error;
}

int
mac_store_create(const char *path, uint32_t n_slots, struct mac_store **storep)
{
    struct mac_store *store;
    char new_path[PATH_MAX];
    void *memory = NULL;
    int error = durable_new_path(path, new_path, sizeof new_path);

    if (!error)
        error = map_new_file(new_path, file_size(n_slots), &memory);
    if (error)
        return error;
    assert(memory);
    store = xcalloc(1, sizeof *store);
    snprintf(store->path, sizeof store->path, "%s", path);
    store->head = memory;
    store->slots = (struct mac_slot *)(store->head + 1);
    store->head->magic = MAGIC;
    store->head->n_slots = n_slots;
    boot_id_get(store->head->boot_id);
    *storep = store;
    return 0;
}

int
mac_store_place(struct mac_store *store)
{
    char new_path[PATH_MAX];
    int error = durable_new_path(store->path, new_path, sizeof new_path);

    return error ? error : rename(new_path, store->path) < 0 ? errno : 0;
}

void
mac_store_close(struct mac_store *store)
{
    if (!store)
        return;
    munmap(store->head, file_size(store->head->n_slots));
    free(store);
}

/* The slot is free while the rest changes. */
void
mac_store_set(struct mac_store *store, uint32_t slot, uint64_t key, uint32_t ofport,
              int64_t used_ms)
{
    struct mac_slot *s = &store->slots[slot];

    atomic_store(&s->used_ms, 0);
    s->key = key;
    s->ofport = ofport;
    atomic_store(&s->used_ms, used_ms);
}

void
mac_store_use(struct mac_store *store, uint32_t slot, int64_t used_ms)
{
    atomic_store(&store->slots[slot].used_ms, used_ms);
}

void
mac_store_free(struct mac_store *store, uint32_t slot)
{
    atomic_store(&store->slots[slot].used_ms, 0);
}

/* ---- Reading ---- */
static bool
is_of_this_boot(const struct head *head)
{
    char boot_id[BOOT_ID_SIZE];

    boot_id_get(boot_id);
    return head->magic == MAGIC && !memcmp(head->boot_id, boot_id, sizeof boot_id);
}

static int
compare_used(const void *a, const void *b)
{
    int64_t x = ((const struct mac_slot *)a)->used_ms, y = ((const struct mac_slot *)b)->used_ms;

    return (x > y) - (x < y);
}

static int
read_slots(FILE *file, struct mac_slot **slots, size_t *n)
{
    struct mac_slot slot;
    struct head head;
    size_t n_read;

    if (fread(&head, sizeof head, 1, file) != 1 || !is_of_this_boot(&head))
        return EBADMSG;
    *n = 0;
    *slots = NULL;
    for (n_read = 0; n_read < head.n_slots && fread(&slot, sizeof slot, 1, file) == 1; n_read++) {
        if (slot.used_ms <= 0)
            continue;
        *slots = xrealloc(*slots, (*n + 1) * sizeof **slots);
        memcpy(&(*slots)[(*n)++], &slot, sizeof slot);
    }
    if (*n)
        qsort(*slots, *n, sizeof **slots, compare_used);
    return 0;
}

int
mac_store_read(const char *path, struct mac_slot **slots, size_t *n)
{
    FILE *file = fopen(path, "re");
    int error;

    if (!file)
        return errno;
    error = read_slots(file, slots, n);
    fclose(file);
    return error;
}
