/* SPDX-License-Identifier: Apache-2.0 */
/* Handler threads: what the fast path sends up is translated, sent on, and installed.
 *
 * Model: a handler reads a batch of records from its ring. Misses with equal keys are translated
 * once. All packets of the batch are executed, in their order, before any of its megaflows is
 * published: so a later packet of the same flow cannot overtake one that came up. What remains is
 * a window: packets that arrive between the end of reading and the publishing go up in a later
 * batch, and a packet that meets the new megaflow may overtake those. It is as long as a batch
 * takes, some hundred microseconds.
 *
 * A translation is installed only if nothing changed since it began; else it is made again.
 *
 * Threads: each handler has its own event base, ring and executor. Errors: counted. */
#ifndef SHUNT_SLOWPATH_UPCALL_H
#define SHUNT_SLOWPATH_UPCALL_H

#include <stdbool.h>
#include <stdint.h>

struct handler;
struct slowpath;

int handlers_start(struct slowpath *, uint32_t n, struct handler **);
void handlers_stop(struct handler *);
/* Whether no handler is at work on translations from before `seq`. Any thread. */
bool handlers_conform(const struct handler *, uint64_t seq);

#endif
