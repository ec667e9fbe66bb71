/* SPDX-License-Identifier: GPL-2.0 */
/* A pop leaves no frame too short for a wire that was not so before: zeros follow up to the least
 * size of a frame (IEEE 802.3, section 4.2.3.3; 60 bytes without the check sequence). Shorter
 * frames, which only virtual devices carry, stay as they are. */
#ifndef SHUNT_ACTIONS_MIN_SIZE_BPF_H
#define SHUNT_ACTIONS_MIN_SIZE_BPF_H

#include <linux/if_ether.h>

#include "datapath/ctx.bpf.h"

static __always_inline int
keep_min_size(ctx_t *ctx, struct state *state, __u32 size_before)
{
    int drop;

    if (size_before < ETH_ZLEN || ctx_size(ctx) >= ETH_ZLEN)
        return 0;
    drop = ctx_pad(ctx, ETH_ZLEN);
    return drop ? drop : reparse(ctx, state);
}

#endif
