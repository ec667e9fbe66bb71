/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that keeps installed megaflows true.
 *
 * Model: passes over all ukeys. A pass that a change asked for translates those again that the
 * change may concern, and updates or removes what differs; it ends with `conformed` raised to the
 * seq that it began with. A pass by the clock credits counters, applies effects of traffic and
 * removes what is idle; such passes take about half a hundredth of one core.
 *
 * A megaflow stays when its new translation has the same actions and a mask that asks for no bit
 * that the installed mask lacks; only its actions change when the mask still serves.
 *
 * Threads: one. It holds ofproto_lock and ukeys.lock for a few dozen ukeys at a time, so that
 * others get in between. */
#ifndef SHUNT_SLOWPATH_REVALIDATOR_H
#define SHUNT_SLOWPATH_REVALIDATOR_H

#include <stdint.h>

struct bridge;
struct revalidator;
struct slowpath;

/* Megaflows that there may be after a pass over `n_flows` took `took_ms`: so many that a pass ends
 * within a second or so, at least 1,000, at most `max`. A pure function. */
uint32_t flow_limit_after(uint32_t limit, uint32_t max, uint32_t n_flows, int64_t took_ms);

int revalidator_start(struct slowpath *, struct revalidator **);
void revalidator_stop(struct revalidator *);
/* Takes a grace period, credits what was taken out before it for the last time, and frees it. */
void revalidator_bury(struct slowpath *);
/* Removes all megaflows of a bridge (NULL: of all), and gives back what they held. Main thread. */
void revalidator_remove(struct slowpath *, const struct bridge *);

#endif
