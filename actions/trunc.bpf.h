/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHUNT_ACTIONS_TRUNC_BPF_H
#define SHUNT_ACTIONS_TRUNC_BPF_H

#include "datapath/ctx.bpf.h"

/* The next OUTPUT cuts. */
static __always_inline int
act_TRUNC(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    (void)ctx;
    state->trunc = action->arg32;
    return 0;
}

#endif
