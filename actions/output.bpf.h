/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHUNT_ACTIONS_OUTPUT_BPF_H
#define SHUNT_ACTIONS_OUTPUT_BPF_H

#include "datapath/ctx.bpf.h"

#define TCP_CSUM_END 18
#define UDP_CSUM_END 8

/* Cuts to state->trunc. TC may refuse to cut a packet of this host inside its headers or before
 * the end of a checksum that is left to the device: such a packet stays that long. */
static __always_inline int
output_cut(ctx_t *ctx, struct state *state)
{
    __u32 size = state->trunc, end = state->layout.l4_off;
    int drop = ctx_truncate(ctx, size);

    state->trunc = 0;
    if (!drop || !end)
        return drop;
    end += state->u.key.ip_proto == IP_TCP ? TCP_CSUM_END : UDP_CSUM_END;
    if (state->layout.vlan_in_meta)
        end += sizeof(struct dp_vlan);
    return end > size ? ctx_truncate(ctx, end) : drop;
}

static __always_inline int
output(ctx_t *ctx, struct state *state, __u32 port_no, bool last)
{
    __u32 size = ctx_size(ctx);
    int drop = ctx_output(ctx, state, port_no, size, last);

    if (drop) {
        port_stats_of(state, port_no)->tx_dropped++;
        return drop;
    }
    state->n_outputs++;
    count_sent(state, port_no, size);
    return 0;
}

/* A clone that cannot leave is a lost copy: the list goes on, the reason is kept for its end. A
 * truncation cuts the packet itself: dp_actions_need_slow() keeps lists out that would miss the
 * bytes later. */
static __always_inline int
act_OUTPUT(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    bool last = action->arg16 & DP_OUTPUT_LAST;
    int drop = state->trunc ? output_cut(ctx, state) : 0;

    if (drop)
        port_stats_of(state, action->arg32)->tx_dropped++;
    else
        drop = output(ctx, state, action->arg32, last);
    if (last)
        return drop ? drop : ACT_DONE;
    if (drop)
        state->drop = drop;
    return 0;
}

#endif
