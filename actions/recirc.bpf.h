/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHUNT_ACTIONS_RECIRC_BPF_H
#define SHUNT_ACTIONS_RECIRC_BPF_H

#include "datapath/ctx.bpf.h"

static __always_inline int
act_RECIRC(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    (void)ctx;
    state->u.key.recirc_id = action->arg32;
    return ACT_RECIRC;
}

#endif
