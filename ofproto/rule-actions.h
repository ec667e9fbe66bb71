/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of OpenFlow actions that rules share.
 *
 * Model: a million flow entries do a few different things. Each distinct list is held once, with
 * the conjunctions that it names; equal lists are the same object, so comparing is a pointer's.
 *
 * Ownership: reference counted. Threads: any; one mutex for the whole daemon. Errors: memory that
 * runs out aborts. For ofproto's own files. */
#ifndef SHUNT_OFPROTO_RULE_ACTIONS_H
#define SHUNT_OFPROTO_RULE_ACTIONS_H

#include "lib/hmap.h"
#include "ofproto/classifier.h"
#include "ofproto/ofpact.h"

struct rule_actions {
    struct hmap_node node;                    /* In the pool, by hash of the bytes. */
    uint32_t n_refs;                          /* Under the pool's mutex. */
    uint32_t size;                            /* Bytes of ofpacts. */
    bool has_learn;                           /* A learn action is among them. */
    bool writes_output;                       /* So does Write-Actions: a port, or a group. */
    uint8_t goto_table;                       /* 0: none. */
    struct cls_conjunction_set *conjunctions; /* NULL: none. */
    struct ofpact ofpacts[] __attribute__((aligned(16)));
};

/* A reference to the shared copy of the list. */
struct rule_actions *rule_actions_get(const struct ofpact *, size_t size);
struct rule_actions *rule_actions_ref(struct rule_actions *);
void rule_actions_unref(struct rule_actions *);

/* The shared object of a rule's ofpacts pointer. */
static inline struct rule_actions *
rule_actions_of(const struct ofpact *ofpacts)
{
    return (struct rule_actions *)((uintptr_t)ofpacts - offsetof(struct rule_actions, ofpacts));
}

#endif
