/* SPDX-License-Identifier: Apache-2.0 */
/* Holds what the fast path does against the tables, a packet at a time.
 *
 * Model: at each pass by the clock some megaflows that had traffic are marked; the fast path shows
 * the next packet of each to a handler. Its key is translated again. If the tables would do
 * something else with it than the megaflow's list, or it does not belong to the megaflow, something
 * is wrong that no change explains (memory that was written over, a fault of
 * translation): the log has the evidence, the megaflow goes, masks that are not as they were made
 * are written anew. Packets that come up while tables change prove nothing and are passed over.
 *
 * Threads: audit_choose() the revalidator's, audit_packet() handlers'. Errors: logged. Not here:
 * what changes of tables do (slowpath/revalidator.h). */
#ifndef SHUNT_SLOWPATH_AUDIT_H
#define SHUNT_SLOWPATH_AUDIT_H

#include "slowpath/ukey.h"

struct slowpath;
struct dp_upcall;

/* Asks for a packet of the megaflow, or not: for some 64 of all that are offered in a pass. Locks
 * of ukeys held. */
void audit_choose(struct slowpath *, const struct ukey *);
/* Judges the packet of a DP_UPCALL_AUDIT. */
void audit_packet(struct slowpath *, const struct dp_upcall *);

#endif
