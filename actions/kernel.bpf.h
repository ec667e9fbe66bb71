/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel halves: for every row ACTION(NAME, file) of actions.def, file.bpf.h has
 *
 *   static __always_inline int
 *   act_NAME(ctx_t *ctx, struct state *state, const struct dp_action *action);
 *
 * which changes the packet, its checksums, the key and the layout together, or changes nothing
 * that leaves the switch: a drop ends the packet. Returns 0 to go on with the list, an enum
 * dp_drop, ACT_DONE or ACT_RECIRC (datapath/state.bpf.h).
 *
 * A change of layers below layer 3 ends with reparse(): the key is what the parser says, so the
 * two cannot disagree.
 *
 * Not here: the loop that runs a list (datapath/), what the arguments mean (actions.def). */
#ifndef SHUNT_ACTIONS_KERNEL_BPF_H
#define SHUNT_ACTIONS_KERNEL_BPF_H

#include "actions/drop.bpf.h"
#include "actions/hash.bpf.h"
#include "actions/meter.bpf.h"
#include "actions/mpls.bpf.h"
#include "actions/output.bpf.h"
#include "actions/pbb.bpf.h"
#include "actions/recirc.bpf.h"
#include "actions/set.bpf.h"
#include "actions/trunc.bpf.h"
#include "actions/ttl.bpf.h"
#include "actions/userspace.bpf.h"
#include "actions/vlan.bpf.h"

#endif
