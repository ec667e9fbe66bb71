/* SPDX-License-Identifier: GPL-2.0 */
/* The vocabulary of ctx.bpf.h over xdp_md. */
#ifndef SHUNT_DATAPATH_CTX_XDP_BPF_H
#define SHUNT_DATAPATH_CTX_XDP_BPF_H

typedef struct xdp_md ctx_t;
#define CTX_HOOK DP_HOOK_XDP

int reparse(ctx_t *ctx, struct state *state);

static __always_inline void *
ctx_data(const ctx_t *ctx)
{
    return (void *)(long)ctx->data;
}

static __always_inline void *
ctx_data_end(const ctx_t *ctx)
{
    return (void *)(long)ctx->data_end;
}

static __always_inline __u32
ctx_size(const ctx_t *ctx)
{
    void *data = ctx_data(ctx), *end = ctx_data_end(ctx);

    barrier_var(data); /* No 32-bit copy of a pointer: the verifier refuses to spill one. */
    barrier_var(end);
    return end - data;
}

static __always_inline __u32
ctx_ifindex(const ctx_t *ctx)
{
    return ctx->ingress_ifindex;
}

static __always_inline __u32
ctx_gso_size(const ctx_t *ctx)
{
    (void)ctx;
    return 0;
}

/* `n` bytes at `off` for direct access, or NULL. */
static __always_inline void *
ctx_at(const ctx_t *ctx, __u32 off, __u32 n)
{
    void *p = ctx_data(ctx);

    off &= CTX_MAX_OFF;
    p += off;
    barrier_var(p);
    return p + n > ctx_data_end(ctx) ? NULL : p;
}

static __always_inline int
ctx_load(ctx_t *ctx, __u32 off, void *to, __u32 n)
{
    const void *p = ctx_at(ctx, off, n);

    if (!p)
        return DP_DROP_TRUNCATED_HEADER;
    __builtin_memcpy(to, p, n);
    return 0;
}

static __always_inline int
ctx_store(ctx_t *ctx, __u32 off, const void *from, __u32 n)
{
    void *p = ctx_at(ctx, off, n);

    if (!p)
        return DP_DROP_TRUNCATED_HEADER;
    __builtin_memcpy(p, from, n);
    return 0;
}

static __always_inline int
ctx_store_summed(ctx_t *ctx, __u32 off, const void *from, __u32 n)
{
    return ctx_store(ctx, off, from, n);
}

static __always_inline int
ctx_store_l2(ctx_t *ctx, __u32 off, const void *from, __u32 n)
{
    return ctx_store(ctx, off, from, n);
}

static __always_inline void
ctx_set_skb(ctx_t *ctx, __u32 priority, __u32 mark)
{
    (void)ctx;
    (void)priority;
    (void)mark;
}

static __always_inline int
ctx_csum_l3(ctx_t *ctx, __u32 off, __u32 diff)
{
    __u16 *csum = ctx_at(ctx, off, sizeof *csum);

    if (!csum)
        return DP_DROP_TRUNCATED_HEADER;
    *csum = ~csum_fold(csum_add(diff, (__u16) ~*csum));
    return 0;
}

static __always_inline int
ctx_csum_l4(ctx_t *ctx, __u32 off, __u32 diff, __u32 flags)
{
    __u16 *csum = ctx_at(ctx, off, sizeof *csum), sum;

    if (!csum)
        return DP_DROP_TRUNCATED_HEADER;
    if (flags & CSUM_UDP && !*csum)
        return 0;
    sum = ~csum_fold(csum_add(diff, (__u16) ~*csum));
    if (flags & CSUM_UDP && !sum)
        sum = 0xffff;
    *csum = sum;
    return 0;
}

static __always_inline bool
ctx_is_unsummed(ctx_t *ctx, __u32 csum_off)
{
    (void)ctx;
    (void)csum_off;
    return false;
}

static __always_inline int
ctx_vlan_to_bytes(ctx_t *ctx, struct state *state)
{
    (void)ctx;
    (void)state;
    return 0;
}

static __always_inline int
ctx_grow(ctx_t *ctx, struct state *state, __u32 at, __u32 n)
{
    void *data, *end;

    if (bpf_xdp_adjust_head(ctx, -(int)n))
        return DP_DROP_HEADROOM;
    data = ctx_data(ctx);
    end = ctx_data_end(ctx);
    for (__u32 i = 0; i < 22 && i < at; i += 2) {
        if (data + i + n + 2 > end)
            return DP_DROP_TRUNCATED_HEADER;
        *(__u16 *)(data + i) = *(__u16 *)(data + i + n);
    }
    layout_shift(&state->layout, n);
    return 0;
}

static __always_inline int
ctx_shrink(ctx_t *ctx, struct state *state, __u32 at, __u32 n)
{
    void *data = ctx_data(ctx), *end = ctx_data_end(ctx);

    if (at > 22)
        return DP_DROP_BAD_RECORD;
    for (int i = 20; i >= 0; i -= 2) {
        if ((__u32)i >= at)
            continue;
        if (data + i + n + 2 > end)
            return DP_DROP_TRUNCATED_HEADER;
        *(__u16 *)(data + i + n) = *(__u16 *)(data + i);
    }
    if (bpf_xdp_adjust_head(ctx, n))
        return DP_DROP_TRUNCATED_HEADER;
    layout_shift(&state->layout, -(__s32)n);
    return 0;
}

static __always_inline int
ctx_fix_proto(ctx_t *ctx, struct state *state)
{
    (void)ctx;
    (void)state;
    return 0;
}

static __always_inline int
ctx_vlan_push(ctx_t *ctx, struct state *state, __u16 tpid, __u16 tci)
{
    struct dp_vlan tag = {bpf_htons(tpid), bpf_htons(tci)};
    bool deep = state->u.key.vlan[1].tpid;
    int drop = ctx_grow(ctx, state, 12, sizeof tag);

    if (!drop)
        drop = ctx_store(ctx, 12, &tag, sizeof tag);
    if (drop)
        return drop;
    if (deep)
        return reparse(ctx, state);
    key_vlan_push(&state->u.key, tag.tpid, tag.tci);
    return 0;
}

static __always_inline int
ctx_vlan_pop(ctx_t *ctx, struct state *state)
{
    bool deep = is_vlan_tpid(state->u.key.eth_type);
    int drop;

    if (!state->u.key.vlan[0].tpid)
        return DP_DROP_NO_HEADER;
    drop = ctx_shrink(ctx, state, 12, sizeof(struct dp_vlan));
    if (drop)
        return drop;
    if (deep)
        return reparse(ctx, state);
    key_vlan_pop(&state->u.key);
    return 0;
}

static __always_inline int
ctx_vlan_set(ctx_t *ctx, struct state *state, __u32 i, struct dp_vlan vlan)
{
    int drop;

    i &= 1;
    if (!state->u.key.vlan[i].tpid)
        return DP_DROP_NO_HEADER;
    drop = ctx_store(ctx, 12 + i * sizeof vlan, &vlan, sizeof vlan);
    if (!drop)
        state->u.key.vlan[i] = vlan;
    return drop;
}

static __always_inline int
ctx_truncate(ctx_t *ctx, __u32 n)
{
    __u32 size = ctx_size(ctx);

    if (size > n && bpf_xdp_adjust_tail(ctx, (int)(n - size)))
        return DP_DROP_TRUNCATED_HEADER;
    return 0;
}

static __always_inline int
ctx_pad(ctx_t *ctx, __u32 n)
{
    return bpf_xdp_adjust_tail(ctx, (int)(n - ctx_size(ctx))) ? DP_DROP_HEADROOM : 0;
}

static __always_inline int
ctx_drop_verdict(void)
{
    return XDP_DROP;
}

/* Why the map of devices does not have a port. REDIRECT: the port is TC's alone, and the list's
 * DP_FLOW_NEEDS_TC is on its way. */
static __always_inline int
xdp_no_output(__u32 port_no)
{
    const struct dp_port *port = bpf_map_lookup_elem(&ports, &port_no);

    if (!port || !port->ifindex)
        return DP_DROP_PORT_GONE;
    return port->flags & DP_PORT_NO_FWD ? DP_DROP_PORT_NO_FWD : DP_DROP_REDIRECT;
}

static __always_inline int
ctx_output(ctx_t *ctx, struct state *state, __u32 port_no, __u32 size, bool last)
{
    (void)ctx;
    (void)size;
    if (!last)
        return DP_DROP_BAD_RECORD;
    state->verdict = bpf_redirect_map(&devmap, port_no, 0);
    if (state->verdict != XDP_REDIRECT)
        return xdp_no_output(port_no);
    return 0;
}

#endif
