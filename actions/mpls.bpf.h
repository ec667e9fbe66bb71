/* SPDX-License-Identifier: GPL-2.0 */
/* A label goes next to the addresses, and the VLAN tags become payload (OpenFlow 1.3,
 * section 5.12), or behind the tags, as Nicira's action for OpenFlow 1.0 has it. */
#ifndef SHUNT_ACTIONS_MPLS_BPF_H
#define SHUNT_ACTIONS_MPLS_BPF_H

#include "actions/min-size.bpf.h"
#include "datapath/ctx.bpf.h"

/* Writes the EtherType, which ends at `l2_len`. */
static __always_inline int
mpls_set_type(ctx_t *ctx, __u32 l2_len, __be16 eth_type)
{
    return ctx_store_l2(ctx, l2_len - sizeof eth_type, &eth_type, sizeof eth_type);
}

static __always_inline int
act_PUSH_MPLS(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    __u32 l2_len = state->layout.l2_len;
    __be32 lse = bpf_htonl(action->arg32);
    int drop = 0;

    if (!l2_len)
        return DP_DROP_TRUNCATED_HEADER;
    if (action->word == DP_MPLS_OUTER && state->u.key.vlan[0].tpid) {
        drop = ctx_vlan_to_bytes(ctx, state);
        l2_len = ETH_HLEN;
    }
    if (!drop)
        drop = ctx_grow(ctx, state, l2_len, sizeof lse);
    if (!drop)
        drop = ctx_store_l2(ctx, l2_len, &lse, sizeof lse);
    if (!drop)
        drop = mpls_set_type(ctx, l2_len, bpf_htons(action->arg16));
    if (!drop)
        drop = ctx_fix_proto(ctx, state);
    return drop ? drop : reparse(ctx, state);
}

/* The EtherType first: taking bytes out may move tags between memory and metadata. */
static __always_inline int
act_POP_MPLS(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    __u32 l2_len = state->layout.l2_len, size = ctx_size(ctx);
    int drop;

    if (!state->u.key.n_mpls)
        return DP_DROP_NO_HEADER;
    drop = mpls_set_type(ctx, l2_len, bpf_htons(action->arg16));
    if (!drop)
        drop = ctx_shrink(ctx, state, l2_len, sizeof(__be32));
    if (!drop)
        drop = ctx_fix_proto(ctx, state);
    if (!drop)
        drop = reparse(ctx, state);
    return drop ? drop : keep_min_size(ctx, state, size);
}

#endif
