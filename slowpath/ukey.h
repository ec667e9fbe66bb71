/* SPDX-License-Identifier: Apache-2.0 */
/* What user space knows of each installed megaflow.
 *
 * Model: one ukey a megaflow, found by the datapath's index. Key, mask, actions and counters
 * are not kept twice: the datapath has them. A ukey has what they were made from and what they
 * count on: the seq they conform to, the tables they depend on, references whose counters get
 * their packets, effects of traffic.
 *
 * Adopted megaflows have no bridge until they were held against the tables; until then nothing
 * is credited, so that their packets come to the flow entries that they are found to belong to.
 *
 * Life: live (in the table), then dying (taken out of the datapath; packets may still count),
 * then, after a grace period, credited for the last time and freed.
 *
 * Ownership: a ukey owns pins on its references, and its effects and ids. Threads: `lock` for
 * everything here. Errors: none. Not here: when to remove (slowpath/revalidator.h). */
#ifndef SHUNT_SLOWPATH_UKEY_H
#define SHUNT_SLOWPATH_UKEY_H

#include <pthread.h>

#include "slowpath/xlate.h"

struct bridge;
struct dp;

/* Effects that outlive the lock: applied by whoever holds a reference. */
struct effects {
    atomic_uint n_refs;
    uint32_t n;
    struct xlate_effect items[];
};

struct ukey {
    uint32_t index;        /* The datapath's. */
    uint32_t in_port;      /* The datapath's, of its packets. */
    struct bridge *bridge; /* NULL: adopted, not held against tables yet. */
    uint64_t seq;          /* Conforms to this; 0: to nothing. */
    int64_t created_ms, used_ms;
    uint16_t tcp_flags;
    bool is_normal, asks_to_learn; /* As in struct xlate_out. */
    bool is_slow;
    bool has_traffic;  /* Effects are due. */
    bool is_dead;      /* Dying since before the grace period that is under way. */
    struct list dying; /* In ukeys.dying. */
    struct xlate_ref *refs;
    struct xlate_id *ids;
    uint32_t n_refs, n_ids;
    struct effects *effects; /* NULL: none. */
    uint64_t tables[4], written;
};

struct ukeys {
    pthread_mutex_t lock;
    struct ukey **by_index;
    uint32_t max;       /* Indices below. */
    _Atomic uint32_t n; /* To be read without the lock, too. */
    struct list dying;
    uint32_t n_dying;
    uint64_t next_ufid;
    _Atomic uint32_t by_port[DP_MAX_PORTS]; /* Of `n`; to be read without the lock, too. */
};

void ukeys_init(struct ukeys *, uint32_t max);
/* All ukeys are gone. */
void ukeys_destroy(struct ukeys *);

/* Everything below: lock held. */
/* Notes the megaflow at `index`; takes over what `out` holds (which must be pinned), if not NULL.
 */
struct ukey *ukey_add(struct ukeys *, uint32_t index, uint32_t in_port, struct bridge *,
                      uint64_t seq, struct xlate_out *out, int64_t now_ms);
/* Whether one more megaflow of the port leaves room for other ports below `limit`: a port may have
 * eight times as many as are free, which is 8/9 of all for one port, 8/17 for each of two. */
bool ukeys_has_room(const struct ukeys *, uint32_t in_port, uint32_t limit);
/* How long a megaflow of the port may be unused: less than `idle_ms` as the port's room ends. */
int64_t ukeys_patience_ms(const struct ukeys *, uint32_t in_port, uint32_t limit, int64_t idle_ms);
/* Takes over what `out` holds instead of what was there. */
void ukey_replace(struct ukey *, struct bridge *, uint64_t seq, struct xlate_out *out);
/* Credits what the datapath counted since the last call. */
void ukey_credit(struct ukey *, struct dp *);
/* Takes it out of the datapath and the table. */
void ukey_remove(struct ukeys *, struct ukey *, struct dp *);
/* Credits for the last time and frees. After a grace period. */
void ukey_free(struct ukeys *, struct ukey *, struct dp *);

struct effects *effects_ref(struct effects *);
void effects_unref(struct effects *);

#endif
