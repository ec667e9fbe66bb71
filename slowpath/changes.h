/* SPDX-License-Identifier: Apache-2.0 */
/* Which changes a megaflow has yet to be held against.
 *
 * Model: changes are numbered by `seq`. The latest changes of flow entries and of learned
 * addresses are remembered one by one; any other change, or too many of these, is one that
 * concerns everything up to it. A megaflow that conforms to an older seq needs translating again
 * only if one of the changes since may concern it: an entry of a table that it was looked up in,
 * whose match it does not contradict; an address that it asked NORMAL for. Words of the flow that
 * an action wrote before a lookup contradict nothing, as their values are not in the key.
 *
 * Ownership: the log holds references to rules. Threads: any; one mutex inside. */
#ifndef SHUNT_SLOWPATH_CHANGES_H
#define SHUNT_SLOWPATH_CHANGES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ofproto/ofproto.h"

struct bridge;
struct ukey;

#define CHANGES_MAX 64

struct change_entry {
    uint64_t seq;
    const struct ofproto *ofproto;
    struct rule *rule; /* NULL: an address. */
    uint16_t vlan;
    uint8_t mac[6];
};

struct changes {
    pthread_mutex_t lock;
    atomic_ullong seq;
    uint64_t broad_seq; /* All changes up to it count as concerning everything. */
    struct change_entry entries[CHANGES_MAX]; /* Rising seq. */
    uint32_t n;
};

void changes_init(struct changes *);
void changes_destroy(struct changes *);

static inline uint64_t
changes_seq(const struct changes *changes)
{
    return atomic_load(&changes->seq);
}

/* A change of anything. */
void changes_add_broad(struct changes *);
/* The next changes_end_rules() is about this entry, too. */
void changes_add_rule(struct changes *, const struct ofproto *, struct rule *);
void changes_end_rules(struct changes *);
void changes_add_mac(struct changes *, const struct ofproto *, uint16_t vlan, const uint8_t mac[6]);
/* Lets go of what concerns a bridge that goes. */
void changes_forget(struct changes *, const struct ofproto *);

/* Whether a change after ukey->seq may concern it. `key` is masked. ofproto_lock: read. */
bool changes_concern(struct changes *, const struct ukey *, const struct dp_key *key,
                     const struct dp_key *mask);
/* The same without the key: false is certain, true may be wrong. */
bool changes_may_concern(struct changes *, const struct ukey *);

#endif
