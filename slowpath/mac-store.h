/* SPDX-License-Identifier: Apache-2.0 */
/* Learned addresses in a file's memory, which outlives the process.
 *
 * Model: a file is a head and slots, each of one learned address or free. It is mapped, so that
 * what a killed daemon knew is there for the next, which reads the file, and puts one of its own,
 * filled again, in its place. Whenever the process dies a slot is whole or free. Times are of
 * time_now_ms(): a file of another boot is not read. DIR should be in memory (tmpfs).
 *
 * Ownership: a store owns its memory; the file stays. Threads: one at a time (slowpath/mac.c's
 * lock). Errors: positive errno. Not here: which address has which slot (slowpath/mac.c). */
#ifndef SHUNT_SLOWPATH_MAC_STORE_H
#define SHUNT_SLOWPATH_MAC_STORE_H

#include <stddef.h>
#include <stdint.h>

struct mac_slot {
    _Atomic int64_t used_ms; /* 0: the slot is free. */
    uint64_t key;            /* VLAN id and address, as slowpath/mac.c has them. */
    uint32_t ofport;
    uint32_t zero;
};

struct mac_store;

/* Makes PATH.new with free slots; mac_store_place() puts it in the place of PATH. */
int mac_store_create(const char *path, uint32_t n_slots, struct mac_store **);
int mac_store_place(struct mac_store *);
/* Lets go of the memory. */
void mac_store_close(struct mac_store *);

void mac_store_set(struct mac_store *, uint32_t slot, uint64_t key, uint32_t ofport,
                   int64_t used_ms);
void mac_store_use(struct mac_store *, uint32_t slot, int64_t used_ms);
void mac_store_free(struct mac_store *, uint32_t slot);

/* The slots of PATH that are not free, the least recently used first, in memory that the caller
 * frees. ENOENT; EBADMSG: it is another boot's or another build's. */
int mac_store_read(const char *path, struct mac_slot **slots, size_t *n);

#endif
