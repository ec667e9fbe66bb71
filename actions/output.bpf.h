/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHUNT_ACTIONS_OUTPUT_BPF_H
#define SHUNT_ACTIONS_OUTPUT_BPF_H

#include "datapath/ctx.bpf.h"

/* A clone that cannot leave is a lost copy: the list goes on, the reason is kept for its end. A
 * truncation cuts the packet itself: dp_actions_need_slow() keeps lists out that would miss the
 * bytes later. */
static __always_inline int
act_OUTPUT(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    bool last = action->arg16 & DP_OUTPUT_LAST;
    int drop = state->trunc ? ctx_truncate(ctx, state->trunc) : 0;

    state->trunc = 0;
    if (!drop)
        drop = ctx_output(ctx, state, action->arg32, last);
    if (drop)
        count_output_drop(state, action->arg32);
    if (last)
        return drop ? drop : ACT_DONE;
    if (drop)
        state->drop = drop;
    return 0;
}

#endif
