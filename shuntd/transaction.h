/* SPDX-License-Identifier: Apache-2.0 */
/* Several requests as one: "shuntctl add-br br0 -- add-port br0 p1 -- add-port br0 p2".
 *
 * Model: the steps run one after the other, a few milliseconds of them in a turn of the main loop,
 * so that others are served meanwhile. The configuration is saved once, behind the last; then the
 * request is answered. When a step fails, or the saving, bridges and ports that the steps before it
 * made are taken away again, the last first, and the request is answered with that step's error.
 * What a step removed or set stays so. The ports of a bridge that goes are taken off their devices
 * one by one, in turns as well; the next step waits until the last is.
 *
 * Others see steps as they are done, and a request of theirs that saves the configuration saves
 * them too.
 *
 * Ownership: the daemon has the list of those under way. Threads: the main loop's. Errors: as a
 * verb's. Not here: what the steps do (shuntd/verbs-bridge.c). */
#ifndef SHUNT_SHUNTD_TRANSACTION_H
#define SHUNT_SHUNTD_TRANSACTION_H

#include "shuntd/verbs.h"

/* The verb "transaction", with an array of requests that change the configuration. */
verb_run verb_transaction;
/* Before the connections end: what is under way goes no further, and is not undone. */
void transactions_end(struct daemon *);

#endif
