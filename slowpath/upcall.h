/* SPDX-License-Identifier: Apache-2.0 */
/* Handler threads: what the fast path sends up is translated, sent on, and installed.
 *
 * Model: a handler reads a batch of records from its ring. Misses with equal keys are translated
 * once. All packets of the batch are executed, in their order, before any of its megaflows is
 * published. A megaflow is published held, until what came up before it is executed: so a later
 * packet of the same flow overtakes none (docs/slow-path.md, "Order").
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
