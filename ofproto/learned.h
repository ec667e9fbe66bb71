/* SPDX-License-Identifier: Apache-2.0 */
/* Learned flow entries that go with those that learned them (the learn action's delete_learned).
 *
 * Model: a cookie in a table is counted for each `learn(delete_learned,cookie=...,table=...)` of
 * the installed entries. When the last such action goes, however its entry goes or changes, so do
 * the entries with that cookie in that table, as from Open vSwitch.
 *
 * Ownership: ofproto has the counts. Threads: ofproto_lock held for writing. Errors: none.
 * Not here: the learn action itself (slowpath/xlate-learn.c, ofproto_learn()). */
#ifndef SHUNT_OFPROTO_LEARNED_H
#define SHUNT_OFPROTO_LEARNED_H

#include "lib/hmap.h"
#include "lib/list.h"

struct ofproto;
struct rule_actions;
struct txn;

struct learned_cookies {
    struct hmap map;    /* By table and cookie. */
    struct list unused; /* Those whose count is 0. */
};

void learned_init(struct learned_cookies *);
void learned_destroy(struct learned_cookies *);

/* An installed entry has these actions, or has them no more. */
void learned_use(struct learned_cookies *, const struct rule_actions *);
void learned_unuse(struct learned_cookies *, const struct rule_actions *);

/* After a transaction was undone: what it had counted is nobody's. */
void learned_forget_unused(struct learned_cookies *);

/* Removes the entries of all cookies that nobody learns any more. */
void learned_settle(struct txn *);

#endif
