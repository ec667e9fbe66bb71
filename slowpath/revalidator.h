/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that keeps installed megaflows true.
 *
 * Model: passes over all ukeys. A pass that a change asked for translates those again that the
 * change may concern, and updates or removes what differs; it ends with `conformed` raised to the
 * seq that it began with. A pass by the clock credits counters, applies effects of traffic and
 * removes what is idle; such passes take about a hundredth of one core.
 *
 * A megaflow stays when its new translation has the same actions and a mask that asks for no bit
 * that the installed mask lacks; only its actions change when the mask still serves.
 *
 * Threads: one. It holds ofproto_lock and ukeys.lock for a few dozen ukeys at a time, so that
 * others get in between. */
#ifndef SHUNT_SLOWPATH_REVALIDATOR_H
#define SHUNT_SLOWPATH_REVALIDATOR_H

struct bridge;
struct revalidator;
struct slowpath;

int revalidator_start(struct slowpath *, struct revalidator **);
void revalidator_stop(struct revalidator *);
/* Takes a grace period, credits what was taken out before it for the last time, and frees it. */
void revalidator_bury(struct slowpath *);
/* Removes all megaflows of a bridge (NULL: of all), and gives back what they held. Main thread. */
void revalidator_remove(struct slowpath *, const struct bridge *);

#endif
