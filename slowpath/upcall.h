/* SPDX-License-Identifier: Apache-2.0 */
/* Handler threads: what the fast path sends up is translated, sent on, and installed.
 *
 * Model: a handler reads a batch of records from a ring (slowpath/handler.h). Misses with equal
 * keys are translated once. All packets of the batch are executed, in their order, before any of
 * its megaflows is published. A megaflow is published held, until what came up before it is
 * executed: so a later packet of the same flow overtakes none (docs/slow-path.md, "Order").
 *
 * A translation is installed only if nothing changed since it began; else it is made again.
 *
 * Threads: each handler has its own event base, rings and executor. Errors: counted. */
#ifndef SHUNT_SLOWPATH_UPCALL_H
#define SHUNT_SLOWPATH_UPCALL_H

#include <stdbool.h>
#include <stdint.h>

struct handlers;
struct slowpath;

/* `n` pairs of threads. Main thread, like the next two. */
int handlers_start(struct slowpath *, uint32_t n, struct handlers **);
void handlers_stop(struct handlers *);
/* Reads rings that the dp has now, too. An error has its words in dp_error(). */
int handlers_add_rings(struct handlers *);
/* As slowpath_ring_position(). */
bool handlers_ring_position(const struct handlers *, uint32_t ring, uint64_t *position);
/* Whether no handler is at work on translations from before `seq`. Any thread. */
bool handlers_conform(const struct handlers *, uint64_t seq);

#endif
