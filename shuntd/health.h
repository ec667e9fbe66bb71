/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong in the switch: told once when it begins, once when it is over, and shown
 * meanwhile.
 *
 * Model: a trouble is a kind and what it happens to (a port, an upcall ring). Counters and threads
 * are looked at four times a second. A trouble begins when its sign is seen, and is over when the
 * sign was not seen for three seconds: one that comes and goes makes two lines in the log, not
 * thousands. Threads are judged by looks, not by the clock: when the whole process stood still,
 * none of them did so alone.
 *
 * Ownership: the bridges'. Threads: the main loop's. Errors: none; without memory for its timer
 * nothing is told.
 * Not here: who counts (datapath, slowpath), what is lost for good (counters in shuntctl show). */
#ifndef SHUNT_SHUNTD_HEALTH_H
#define SHUNT_SHUNTD_HEALTH_H

#include <stdint.h>

struct bridges;
struct health;

/* After the slow path has started. */
struct health *health_create(struct bridges *);
void health_destroy(struct health *);

/* Calls `cb` for each trouble that is not over: the sentence, and for how long it has lasted. NULL,
 * before the bridges are started: none. */
typedef void health_cb(void *aux, const char *what, int64_t lasts_ms);
void health_for_each(const struct health *, health_cb *cb, void *aux);

#endif
