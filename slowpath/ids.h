/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for what a megaflow's actions can only name: recirculation states and packet-in
 * cookies.
 *
 * Model: a two-way map of byte strings and 32-bit ids. Equal bytes have one id as long as anyone
 * holds a reference, so translating again gives the same actions. An id whose last reference
 * went stays valid for IDS_LINGER_MS, because packets that carry it may still be on their way up;
 * ids are given out in rising order and not reused before they wrap. The first one is chosen from
 * the clock, so that ids of a former daemon's flows mean nothing here.
 *
 * Threads: any; one mutex inside. Errors: none. */
#ifndef SHUNT_SLOWPATH_IDS_H
#define SHUNT_SLOWPATH_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IDS_LINGER_MS 10000

struct ids;

struct ids *ids_create(void);
void ids_destroy(struct ids *);

/* The id of these bytes, never 0, with a reference for the caller. */
uint32_t ids_get(struct ids *, const void *data, size_t size);
void ids_ref(struct ids *, uint32_t id);
void ids_unref(struct ids *, uint32_t id, int64_t now_ms);

/* A copy of the bytes of `id` that the caller frees; NULL: unknown. */
void *ids_find(struct ids *, uint32_t id, size_t *size);

/* Forgets ids without references for longer than they linger. */
void ids_expire(struct ids *, int64_t now_ms);
size_t ids_count(struct ids *);

#endif
