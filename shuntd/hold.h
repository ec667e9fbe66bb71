/* SPDX-License-Identifier: Apache-2.0 */
/* How long the flows of an adopted fast path are left as they are.
 *
 * Model: a new daemon's tables are empty until its controllers have filled them, and flows held
 * against empty tables would all go. So adopted flows are held (slowpath_release() ends it) until
 * every bridge that has controllers is settled: the controllers that it calls are connected, one
 * has asked for a barrier or somebody changed a table, and for HOLD_QUIET_MS nobody did so again.
 * At the latest when the time is over. Bridges without controllers, and those whose tables were
 * restored (shuntd/saver.h), are not waited for.
 *
 * Ownership: the bridges own it. Threads: the main loop's. Errors: none.
 * Not here: what the slow path does meanwhile (slowpath/slowpath.h). */
#ifndef SHUNT_SHUNTD_HOLD_H
#define SHUNT_SHUNTD_HOLD_H

#include <stdint.h>

struct bridge;
struct bridges;

#define HOLD_QUIET_MS 1000

/* Starts to watch, or ends the hold at once when there is nothing to wait for. */
void hold_begin(struct bridges *, uint32_t hold_s);
/* Stops watching; does not release. */
void hold_destroy(struct bridges *);
/* A controller asked for a barrier. */
void hold_note_barrier(struct bridge *);

#endif
