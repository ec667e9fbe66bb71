/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHUNT_ACTIONS_USERSPACE_BPF_H
#define SHUNT_ACTIONS_USERSPACE_BPF_H

#include "upcall/upcall.bpf.h"

/* A lost upcall is a lost copy: the packet goes on, the reason is kept for its end. */
static __always_inline int
act_USERSPACE(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    int drop = upcall_send(ctx, state, action->arg16, action->value, action->arg32);

    if (drop)
        state->drop = drop;
    return 0;
}

#endif
