/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHUNT_ACTIONS_DROP_BPF_H
#define SHUNT_ACTIONS_DROP_BPF_H

#include "datapath/ctx.bpf.h"

static __always_inline int
act_DROP(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    __u32 reason = action->arg32;

    (void)ctx;
    (void)state;
    return reason > DP_DROP_NONE && reason < DP_N_DROPS ? (int)reason : DP_DROP_BAD_RECORD;
}

#endif
