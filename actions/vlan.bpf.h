/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHUNT_ACTIONS_VLAN_BPF_H
#define SHUNT_ACTIONS_VLAN_BPF_H

#include "actions/min-size.bpf.h"
#include "datapath/ctx.bpf.h"

static __always_inline int
act_PUSH_VLAN(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    return ctx_vlan_push(ctx, state, action->value >> 16, action->value & 0xffff);
}

static __always_inline int
act_POP_VLAN(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    __u32 size = ctx_size(ctx);
    int drop = ctx_vlan_pop(ctx, state);

    (void)action;
    return drop ? drop : keep_min_size(ctx, state, size);
}

#endif
