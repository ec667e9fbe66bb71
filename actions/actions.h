/* SPDX-License-Identifier: Apache-2.0 */
/* The user half of the datapath's actions: checks a list, prints it, reads it, and tells what it
 * does to a key.
 *
 * Model: a list is an array of `struct dp_action`; its end is its length (DP_ACTION_END is a
 * kind of records only). One table of operations, a row for each row of actions.def, serves all
 * functions here; a row without a user half does not link. The text is ovs-dpctl's where that
 * has the action: `set(eth(dst=02:00:00:00:00:01)),push_vlan(vid=5,pcp=0),2`.
 *
 * Ownership: lists and texts that come back are the caller's, to free().
 * Threads: no state, any thread.
 * Errors: a positive errno; `struct dp_actions_error` says what and where. A failed call leaves
 * its other results untouched.
 *
 * Not here: running a list on a packet (datapath/dp.h), making lists of OpenFlow actions
 * (slowpath). */
#ifndef SHUNT_ACTIONS_ACTIONS_H
#define SHUNT_ACTIONS_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "datapath/abi.h"

struct dp_actions_error {
    size_t at;      /* Check: index of the action. Parse: byte of the text. */
    char text[240]; /* One line without a newline. */
};

/* Whether the fast path understands the list: EINVAL with the first fault in `error` (may be
 * NULL). */
int dp_actions_check(const struct dp_action *actions, size_t n_actions,
                     struct dp_actions_error *error);

/* Prints the list; an empty one is `drop`. `key` (may be NULL) is of the flow that the list
 * belongs to: it decides whether, say, a transport port prints as tcp() or udp(). */
void dp_actions_format(const struct dp_action *actions, size_t n_actions, const struct dp_key *key,
                       FILE *);
char *dp_actions_to_string(const struct dp_action *actions, size_t n_actions,
                           const struct dp_key *key);

/* Reads what dp_actions_format() prints, checks it, and marks the last output. Neighbouring
 * set() of ascending words become one action a word. EINVAL. */
int dp_actions_parse(const char *text, struct dp_action **actions, size_t *n_actions,
                     struct dp_actions_error *error);

/* Sets DP_OUTPUT_LAST on the output that ends the list and clears it elsewhere. */
void dp_actions_mark_last(struct dp_action *actions, size_t n_actions);

/* Whether XDP cannot run the list: it has an output before its end, or sets what only an skb
 * has. The flow gets DP_FLOW_NEEDS_TC. */
bool dp_actions_need_tc(const struct dp_action *actions, size_t n_actions);

/* Whether no hook can run the list in one pass: something after a truncated output needs the
 * bytes that were cut off. User space then runs it in pieces. */
bool dp_actions_need_slow(const struct dp_action *actions, size_t n_actions);

/* Does to the key what the list does to it in the fast path, as far as the key alone tells.
 * Returns whether it tells all: false when a header came to light (POP_MPLS, POP_PBB, a third
 * VLAN tag, another EtherType or protocol) or was read (COPY_TTL) that the key does not hold;
 * its fields are then not to be relied on. Stops at an invalid TTL and at RECIRC (which sets
 * recirc_id). */
bool dp_actions_apply_key(const struct dp_action *actions, size_t n_actions, struct dp_key *);

#endif
