/* SPDX-License-Identifier: GPL-2.0 */
/* The fast path with one more way in: runs the list of record 0 on whatever comes, as from port
 * 1, without a lookup. */
#include "datapath/switch.bpf.c"

#ifdef SHUNT_XDP
#define POISON_SIZE 64

/* A test run clears the room before the frame: fills it, so that bytes show that a grown packet
 * was left without. */
static __always_inline int
poison_headroom(ctx_t *ctx)
{
    __u8 *data;

    if (bpf_xdp_adjust_head(ctx, -POISON_SIZE))
        return 1;
    data = ctx_data(ctx);
    if (data + POISON_SIZE > (__u8 *)ctx_data_end(ctx))
        return 1;
    __builtin_memset(data, 0xa5, POISON_SIZE);
    return bpf_xdp_adjust_head(ctx, POISON_SIZE) != 0;
}
#else
static __always_inline int
poison_headroom(ctx_t *ctx)
{
    (void)ctx;
    return 0;
}
#endif

PROGRAM int
test_list(ctx_t *ctx)
{
    struct state *state = state_of_cpu();

    if (!state || poison_headroom(ctx))
        return ctx_drop_verdict();
    begin(ctx, state, 1, 0);
    state->flow_index = 0;
    state->record = 0;
    bpf_tail_call(ctx, &links, DP_LINK_ACTIONS);
    return finish_drop(state, DP_DROP_TAIL_CALL);
}
