/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHUNT_ACTIONS_HASH_BPF_H
#define SHUNT_ACTIONS_HASH_BPF_H

#include "actions/hash.h"
#include "datapath/ctx.bpf.h"

static __always_inline int
act_HASH(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    (void)ctx;
    state->u.key.hash = act_hash_key(&state->u.key, action->value, action->arg32);
    return 0;
}

#endif
