/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong in the switch: told once when it begins, once when it is over, and shown
 * meanwhile.
 *
 * Model: a trouble is a kind and what it happens to (a port, an upcall ring). Counters and threads
 * are looked at four times a second; requests that the kernel refuses are told by who has to answer
 * them. A trouble begins when its sign is seen, and is over when the sign was not seen for three
 * seconds: one that comes and goes makes two lines in the log, not thousands. Threads are judged by
 * looks, not by the clock: when the whole process stood still, none of them did so alone.
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

/* The kernel refused a change that somebody asked for, and so the request is refused. A device that
 * went away meanwhile (ENODEV) is no trouble. NULL, before the bridges are started: nothing. */
void health_note_refusal(struct health *, int err, const char *why);

/* Calls `cb` for each trouble that is not over. NULL, before the bridges are started: none. */
struct health_trouble {
    const char *what; /* The sentence. */
    int64_t lasts_ms;
    uint64_t n;
    const char *unit; /* Of `n`; NULL: it has no number. */
};
typedef void health_cb(void *aux, const struct health_trouble *);
void health_for_each(const struct health *, health_cb *cb, void *aux);

#endif
