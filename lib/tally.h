/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of flow entries, groups and tables, in memory that outlives the process.
 *
 * Model: a tally is a slot of an array that is mapped from a file, DIR/tallies.GENERATION, so that
 * what a killed daemon had counted is there for the next. Each daemon has a file, and so a
 * generation, of its own; the next reads the old file by the slots' numbers, takes the counts over
 * into its own, and removes the old one. DIR should be in memory (tmpfs): power loss loses the
 * fast path's counters as well. Without tallies_open() the memory is the process's own.
 *
 * Ownership: whoever allocates a slot frees it. Threads: any. Errors: positive errno. When DIR has
 * no room, slots are the process's own, which the log tells; without memory the process ends. Not
 * here: which slot belongs to what (ofproto/save.h). */
#ifndef SHUNT_LIB_TALLY_H
#define SHUNT_LIB_TALLY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct tally {
    _Atomic uint64_t n_packets, n_bytes;
    _Atomic int64_t used_ms; /* Of the last packet; time_now_ms() clock. */
    uint64_t spare;
};

#define TALLY_CHUNK 32768 /* Slots that are mapped at once. */
#define TALLY_MAX_CHUNKS 4096
extern struct tally *tally_chunks[TALLY_MAX_CHUNKS];

/* Makes this process's file. Before any slot is allocated. */
int tallies_open(const char *dir);
/* 0 without a file. */
uint64_t tallies_generation(void);
/* Removes the files of former daemons; with `all`, this one's too. */
void tallies_clean(const char *dir, int all);

/* A zeroed slot. */
uint32_t tally_alloc(void);
void tally_free(uint32_t slot);

static inline struct tally *
tally_at(uint32_t slot)
{
    return &tally_chunks[slot / TALLY_CHUNK][slot % TALLY_CHUNK];
}

void tally_add(uint32_t slot, uint64_t n_packets, uint64_t n_bytes);
/* Raises used_ms; 0 leaves it. */
void tally_use(uint32_t slot, int64_t used_ms);

/* The file of a former daemon, to be read. ENOENT. */
struct tallies_old {
    const struct tally *slots;
    size_t n;
};
int tallies_old_open(const char *dir, uint64_t generation, struct tallies_old *);
void tallies_old_close(struct tallies_old *);

#endif
