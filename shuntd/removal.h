/* SPDX-License-Identifier: Apache-2.0 */
/* The removal of a bridge: "shuntctl del-br br0".
 *
 * Model: the kernel waits for a grace period for each port that is taken off its device. So the
 * bridge is gone for everybody at once, then its ports go, a few milliseconds of them in a turn of
 * the main loop, and then it is saved that there is no such bridge, and the request is answered. Of
 * a step of a transaction the ports go in the turns of that (shuntd/transaction.h).
 *
 * Ownership: the daemon has the list of those under way. Threads: the main loop's. Errors: as a
 * verb's. Not here: what a bridge has (shuntd/bridge.h). */
#ifndef SHUNT_SHUNTD_REMOVAL_H
#define SHUNT_SHUNTD_REMOVAL_H

#include "shuntd/verbs.h"

verb_run verb_del_br;
/* Before the connections end: what is under way is done. */
void removals_end(struct daemon *);

#endif
