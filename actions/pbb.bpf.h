/* SPDX-License-Identifier: GPL-2.0 */
/* A backbone header is B-DA, B-SA, EtherType 0x88e7 and the I-TAG TCI; the customer's frame
 * follows from its addresses on (IEEE 802.1Q, section 9.7). */
#ifndef SHUNT_ACTIONS_PBB_BPF_H
#define SHUNT_ACTIONS_PBB_BPF_H

#include "actions/min-size.bpf.h"
#include "datapath/ctx.bpf.h"

struct pbb_header {
    __u8 dst[6], src[6];
    __be16 eth_type;
    __u8 itag[4];
};
_Static_assert(sizeof(struct pbb_header) == 18, "no hidden padding");

static __always_inline int
act_PUSH_PBB(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    struct pbb_header header = {.eth_type = ETH_PBB};
    __be32 itag = bpf_htonl(action->arg32);
    int drop = ctx_grow(ctx, state, 0, sizeof header);

    if (drop)
        return drop;
    __builtin_memcpy(header.dst, state->u.key.eth_dst, sizeof header.dst);
    __builtin_memcpy(header.src, state->u.key.eth_src, sizeof header.src);
    __builtin_memcpy(header.itag, &itag, sizeof header.itag);
    drop = ctx_store(ctx, 0, &header, sizeof header);
    if (!drop)
        drop = ctx_fix_proto(ctx, state);
    return drop ? drop : reparse(ctx, state);
}

/* A backbone tag belongs to the header that goes. */
static __always_inline int
act_POP_PBB(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    __u32 size = ctx_size(ctx);
    int drop = 0;

    (void)action;
    if (!(state->u.key.parsed & DP_PARSED_PBB))
        return DP_DROP_NO_HEADER;
    if (state->u.key.vlan[0].tpid)
        drop = ctx_vlan_pop(ctx, state);
    if (!drop && state->u.key.vlan[0].tpid)
        drop = ctx_vlan_pop(ctx, state);
    if (!drop)
        drop = ctx_shrink(ctx, state, 0, sizeof(struct pbb_header));
    if (!drop)
        drop = ctx_fix_proto(ctx, state);
    if (!drop)
        drop = reparse(ctx, state);
    return drop ? drop : keep_min_size(ctx, state, size);
}

#endif
