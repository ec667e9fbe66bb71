/* SPDX-License-Identifier: GPL-2.0 */
/* The vocabulary of ctx.bpf.h over __sk_buff.
 *
 * The kernel keeps the outermost VLAN tag beside the bytes (vlan_present), and the EtherType
 * behind it in skb->protocol, which programs cannot write. bpf_skb_vlan_push() and _pop() move
 * tags between the two places and set the protocol as they go; what cannot be done directly
 * (taking bytes out behind the addresses of a packet that is not IP) is done with them.
 *
 * Writes go through bpf_skb_store_bytes(): a direct write would have every cloned packet copied
 * at the program's entry, those that only pass included. */
#ifndef SHUNT_DATAPATH_CTX_TC_BPF_H
#define SHUNT_DATAPATH_CTX_TC_BPF_H

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>

typedef struct __sk_buff ctx_t;
#define CTX_HOOK DP_HOOK_TC

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
    return ctx->len + (ctx->vlan_present ? sizeof(struct dp_vlan) : 0);
}

static __always_inline __u32
ctx_ifindex(const ctx_t *ctx)
{
    return ctx->ifindex;
}

static __always_inline __u32
ctx_gso_size(const ctx_t *ctx)
{
    return ctx->gso_size;
}

static __always_inline int
ctx_load(ctx_t *ctx, __u32 off, void *to, __u32 n)
{
    return bpf_skb_load_bytes(ctx, off & CTX_MAX_OFF, to, n) ? DP_DROP_TRUNCATED_HEADER : 0;
}

static __always_inline int
ctx_store(ctx_t *ctx, __u32 off, const void *from, __u32 n)
{
    return bpf_skb_store_bytes(ctx, off & CTX_MAX_OFF, from, n, 0) ? DP_DROP_TRUNCATED_HEADER : 0;
}

static __always_inline int
ctx_store_summed(ctx_t *ctx, __u32 off, const void *from, __u32 n)
{
    return bpf_skb_store_bytes(ctx, off & CTX_MAX_OFF, from, n, BPF_F_RECOMPUTE_CSUM)
               ? DP_DROP_TRUNCATED_HEADER
               : 0;
}

static __always_inline void
ctx_set_skb(ctx_t *ctx, __u32 priority, __u32 mark)
{
    ctx->priority = priority;
    ctx->mark = mark;
}

static __always_inline int
ctx_csum_l3(ctx_t *ctx, __u32 off, __u32 diff)
{
    return bpf_l3_csum_replace(ctx, off & CTX_MAX_OFF, 0, diff, 0) ? DP_DROP_TRUNCATED_HEADER : 0;
}

static __always_inline int
ctx_csum_l4(ctx_t *ctx, __u32 off, __u32 diff, __u32 flags)
{
    __u64 bpf_flags = (flags & CSUM_PSEUDO ? BPF_F_PSEUDO_HDR : 0) |
                      (flags & CSUM_UDP ? BPF_F_MARK_MANGLED_0 : 0);

    return bpf_l4_csum_replace(ctx, off & CTX_MAX_OFF, 0, diff, bpf_flags)
               ? DP_DROP_TRUNCATED_HEADER
               : 0;
}

/* The kernel has the sum over the packet follow a checksum that makes up for the change alone. */
static __always_inline bool
ctx_is_unsummed(ctx_t *ctx, __u32 csum_off)
{
    __be16 csum = 1;

    return !bpf_skb_load_bytes(ctx, csum_off & CTX_MAX_OFF, &csum, sizeof csum) && !csum;
}

#define TC_BYTES_MAX 24

struct tc_bytes {
    union {
        __u8 u8[TC_BYTES_MAX];
        __be32 be32[TC_BYTES_MAX / 4];
    };
};

/* Where the sum begins that a device made of the packet (CHECKSUM_COMPLETE): at the network header
 * of the socket buffer, which what was pushed in front leaves behind, and which some kernels have
 * follow the tags that they push. There is the linear part's end to tell it by. */
__noinline int
tc_summed_from(ctx_t *ctx)
{
    __u32 linear = ctx->data_end - ctx->data, from = ETH_HLEN;
    __u8 byte;

    for (; from < 64; from += 2) {
        if (!bpf_skb_load_bytes_relative(ctx, linear - from - 1, &byte, 1, BPF_HDR_START_NET))
            break;
    }
    return from;
}

/* Loads `n` bytes (1 to 22) into zeros. */
static __always_inline int
tc_load(ctx_t *ctx, struct tc_bytes *bytes, __u32 off, __u32 n)
{
    __u32 above_1 = n - 1; /* Linux 6.1 does not learn from n != 0. */

    barrier_var(above_1);
    if (above_1 > 21)
        return DP_DROP_BAD_RECORD;
    return bpf_skb_load_bytes(ctx, off & CTX_MAX_OFF, bytes->u8, above_1 + 1)
               ? DP_DROP_TRUNCATED_HEADER
               : 0;
}

static __always_inline int
tc_store_plain(ctx_t *ctx, struct tc_bytes *bytes, __u32 off, __u32 n)
{
    __u32 above_1 = n - 1;

    barrier_var(above_1);
    if (above_1 > 21)
        return DP_DROP_BAD_RECORD;
    return bpf_skb_store_bytes(ctx, off & CTX_MAX_OFF, bytes->u8, above_1 + 1, 0)
               ? DP_DROP_TRUNCATED_HEADER
               : 0;
}

/* Stores `n` bytes (even, at most 22) at `off`, of which some may be before what is summed: the sum
 * gets the difference of the others. */
__noinline int
tc_store(ctx_t *ctx, struct tc_bytes *bytes, __u32 off, __u32 n)
{
    struct tc_bytes old = {0}, new = {0};
    __u32 from, end = off + n;
    int drop;

    if (!bytes)
        return DP_DROP_BAD_RECORD;
    if ((__s64)bpf_csum_update(ctx, 0) < 0)
        return tc_store_plain(ctx, bytes, off, n);
    from = tc_summed_from(ctx);
    if (from < off)
        from = off;
    if (from >= end)
        return tc_store_plain(ctx, bytes, off, n);
    drop = tc_load(ctx, &old, from, end - from);
    if (!drop)
        drop = tc_store_plain(ctx, bytes, off, n);
    if (!drop)
        drop = tc_load(ctx, &new, from, end - from);
    if (!drop)
        bpf_csum_update(ctx, bpf_csum_diff(old.be32, sizeof old, new.be32, sizeof new, 0));
    return drop;
}

static __always_inline int
ctx_store_l2(ctx_t *ctx, __u32 off, const void *from, __u32 n)
{
    struct tc_bytes bytes = {0};

    __builtin_memcpy(bytes.u8, from, n);
    return tc_store(ctx, &bytes, off, n);
}

/* Moves the `n` bytes (even, at most 22) at `from` to `to`. */
static __always_inline int
tc_move(ctx_t *ctx, __u32 from, __u32 to, __u32 n)
{
    struct tc_bytes bytes = {0}; /* Linux 6.1 does not see that the load below fills them. */
    int drop;

    if (!n)
        return 0;
    drop = tc_load(ctx, &bytes, from, n);
    if (drop)
        return drop;
    return tc_store(ctx, &bytes, to, n);
}

/* After tags or bytes moved: how the packet in memory differs from when `size` was its length. */
static __always_inline void
tc_relayout(ctx_t *ctx, struct state *state, __u32 size)
{
    layout_shift(&state->layout, (__s32)(ctx->len - size));
    state->layout.vlan_in_meta = ctx->vlan_present != 0;
    state->by_egress = 1;
}

/* Pushing a tag has one in metadata inserted into memory, and the protocol set to its TPID;
 * popping takes the next one from there and sets the protocol by what follows. */
static __always_inline int
ctx_fix_proto(ctx_t *ctx, struct state *state)
{
    __u32 size = ctx->len;
    bool tagged = ctx->vlan_present;

    if (bpf_skb_vlan_push(ctx, bpf_htons(0x8100), 0) ||
        (!tagged && bpf_skb_vlan_push(ctx, bpf_htons(0x8100), 0)) || bpf_skb_vlan_pop(ctx) ||
        (!tagged && bpf_skb_vlan_pop(ctx)))
        return DP_DROP_HEADROOM;
    tc_relayout(ctx, state, size);
    return 0;
}

#define TC_MAX_TAGS 4 /* In a packet whose tags have to be in memory. */

/* Takes every tag out of metadata and memory, then writes them (the two of the key as it has them)
 * to memory: popping one takes the next into metadata, so that none may be left. */
__noinline int
tc_flatten(ctx_t *ctx, struct state *state)
{
    struct dp_vlan tags[TC_MAX_TAGS] = {};
    __u32 size = ctx->len, n = 0;

    if (!state)
        return DP_DROP_BAD_RECORD;
#pragma unroll
    for (int i = 0; i < TC_MAX_TAGS; i++) {
        if (!ctx->vlan_present)
            break;
        tags[i].tpid = (__be16)ctx->vlan_proto;
        tags[i].tci = bpf_htons(ctx->vlan_tci);
        n++;
        if (bpf_skb_vlan_pop(ctx))
            return DP_DROP_HEADROOM;
    }
    if (ctx->vlan_present || !n)
        return DP_DROP_HEADROOM;
    tags[0] = state->u.key.vlan[0];
    if (n > 1)
        tags[1] = state->u.key.vlan[1];
    if (bpf_skb_change_head(ctx, n * sizeof tags[0], 0) || tc_move(ctx, n * sizeof tags[0], 0, 12))
        return DP_DROP_HEADROOM;
#pragma unroll
    for (__u32 i = 0; i < TC_MAX_TAGS; i++) {
        if (i < n && bpf_skb_store_bytes(ctx, 12 + i * sizeof tags[0], &tags[i], sizeof tags[0], 0))
            return DP_DROP_HEADROOM;
    }
    tc_relayout(ctx, state, size);
    return 0;
}

static __always_inline int
ctx_vlan_to_bytes(ctx_t *ctx, struct state *state)
{
    return state->layout.vlan_in_meta ? tc_flatten(ctx, state) : 0;
}

static __always_inline int
ctx_grow(ctx_t *ctx, struct state *state, __u32 at, __u32 n)
{
    int drop = 0;

    if (at < 12 && state->layout.vlan_in_meta)
        drop = tc_flatten(ctx, state);
    if (drop)
        return drop;
    if (bpf_skb_change_head(ctx, n, 0))
        return DP_DROP_HEADROOM;
    state->by_egress = 1;
    drop = tc_move(ctx, n, 0, at);
    if (!drop)
        layout_shift(&state->layout, n);
    return drop;
}

/* A tag that says "more tags follow". */
#define TC_DUMMY_TPID bpf_htons(0x8100)

/* Takes out the 4 bytes behind the addresses of a packet without a tag in metadata: two dummies
 * make the kernel look for tags in memory, the doomed bytes become one, all three are popped. */
static __always_inline int
tc_shrink4_untagged(ctx_t *ctx)
{
    struct dp_vlan dummy = {TC_DUMMY_TPID, 0};

    if (bpf_skb_vlan_push(ctx, TC_DUMMY_TPID, 0) || bpf_skb_vlan_push(ctx, TC_DUMMY_TPID, 0))
        return DP_DROP_HEADROOM;
    if (ctx_store_l2(ctx, 12 + sizeof dummy, &dummy, sizeof dummy) || bpf_skb_vlan_pop(ctx) ||
        bpf_skb_vlan_pop(ctx) || bpf_skb_vlan_pop(ctx))
        return DP_DROP_TRUNCATED_HEADER;
    return 0;
}

/* The same with a tag in metadata, which stands in for the first dummy and comes back last. */
static __always_inline int
tc_shrink4_tagged(ctx_t *ctx)
{
    struct dp_vlan dummy = {TC_DUMMY_TPID, 0};
    __be16 tpid = ctx->vlan_proto;
    __u16 tci = ctx->vlan_tci;

    if (bpf_skb_vlan_push(ctx, TC_DUMMY_TPID, 0))
        return DP_DROP_HEADROOM;
    if (ctx_store_l2(ctx, 12 + sizeof dummy, &dummy, sizeof dummy) || bpf_skb_vlan_pop(ctx) ||
        bpf_skb_vlan_pop(ctx) || bpf_skb_vlan_pop(ctx) || bpf_skb_vlan_push(ctx, tpid, tci))
        return DP_DROP_TRUNCATED_HEADER;
    return 0;
}

static __always_inline int
tc_shrink4(ctx_t *ctx)
{
    return ctx->vlan_present ? tc_shrink4_tagged(ctx) : tc_shrink4_untagged(ctx);
}

/* The first 18 bytes: with 2 more in front they are 20, the addresses behind take the place of
 * the first 12, and what is left between goes in pieces of 4. */
static __always_inline int
tc_shrink18(ctx_t *ctx, struct state *state)
{
    int drop = state->layout.vlan_in_meta ? tc_flatten(ctx, state) : 0;

    if (!drop && bpf_skb_change_head(ctx, 2, 0))
        drop = DP_DROP_HEADROOM;
    if (!drop)
        drop = tc_move(ctx, 20, 0, 12);
    for (int i = 0; i < 5 && !drop; i++)
        drop = tc_shrink4(ctx);
    return drop;
}

__noinline int
tc_shrink(ctx_t *ctx, struct state *state, __u32 at, __u32 n)
{
    __u32 size = ctx->len;
    int drop;

    if (!state)
        return DP_DROP_BAD_RECORD;
    if (n == 18 && !at) {
        drop = tc_shrink18(ctx, state);
    } else if (n == 4 && at >= 12) {
        drop = tc_move(ctx, 12, 16, at - 12);
        if (!drop)
            drop = tc_shrink4(ctx);
    } else {
        drop = DP_DROP_BAD_RECORD;
    }
    if (!drop)
        tc_relayout(ctx, state, size);
    return drop;
}

static __always_inline int
ctx_shrink(ctx_t *ctx, struct state *state, __u32 at, __u32 n)
{
    return tc_shrink(ctx, state, at, n);
}

static __always_inline int
ctx_vlan_push(ctx_t *ctx, struct state *state, __u16 tpid, __u16 tci)
{
    bool deep = state->u.key.vlan[1].tpid;
    __u32 size = ctx->len;

    if (bpf_skb_vlan_push(ctx, bpf_htons(tpid), tci))
        return DP_DROP_HEADROOM;
    tc_relayout(ctx, state, size);
    if (deep)
        return reparse(ctx, state);
    key_vlan_push(&state->u.key, bpf_htons(tpid), bpf_htons(tci));
    return 0;
}

static __always_inline int
ctx_vlan_pop(ctx_t *ctx, struct state *state)
{
    bool deep = is_vlan_tpid(state->u.key.eth_type);
    __u32 size;

    if (!state->u.key.vlan[0].tpid)
        return DP_DROP_NO_HEADER;
    if (!state->layout.vlan_in_meta && !is_vlan_tpid(ctx->protocol)) {
        int drop = ctx_fix_proto(ctx, state);

        if (drop)
            return drop;
    }
    size = ctx->len;
    if (bpf_skb_vlan_pop(ctx))
        return DP_DROP_TRUNCATED_HEADER;
    tc_relayout(ctx, state, size);
    if (deep)
        return reparse(ctx, state);
    key_vlan_pop(&state->u.key);
    return 0;
}

static __always_inline int
tc_vlan_set_meta(ctx_t *ctx, struct state *state, struct dp_vlan vlan)
{
    __u32 size = ctx->len;

    if (bpf_skb_vlan_pop(ctx) || bpf_skb_vlan_push(ctx, vlan.tpid, bpf_ntohs(vlan.tci)))
        return DP_DROP_HEADROOM;
    tc_relayout(ctx, state, size);
    return 0;
}

static __always_inline int
ctx_vlan_set(ctx_t *ctx, struct state *state, __u32 i, struct dp_vlan vlan)
{
    __u32 in_meta = state->layout.vlan_in_meta;
    int drop;

    i &= 1;
    if (!state->u.key.vlan[i].tpid)
        return DP_DROP_NO_HEADER;
    if (!i && in_meta)
        drop = tc_vlan_set_meta(ctx, state, vlan);
    else
        drop = ctx_store_l2(ctx, 12 + (i && !in_meta ? sizeof vlan : 0), &vlan, sizeof vlan);
    if (!drop)
        state->u.key.vlan[i] = vlan;
    return drop;
}

static __always_inline int
ctx_truncate(ctx_t *ctx, __u32 n)
{
    __u32 in_meta = ctx->vlan_present ? sizeof(struct dp_vlan) : 0;

    if (ctx->len + in_meta > n && bpf_skb_change_tail(ctx, n - in_meta, 0))
        return DP_DROP_TRUNCATED_HEADER;
    return 0;
}

static __always_inline int
ctx_pad(ctx_t *ctx, __u32 n)
{
    __u32 in_meta = ctx->vlan_present ? sizeof(struct dp_vlan) : 0;

    return bpf_skb_change_tail(ctx, n - in_meta, 0) ? DP_DROP_HEADROOM : 0;
}

static __always_inline int
ctx_drop_verdict(void)
{
    return TC_ACT_SHOT;
}

/* Sends to the ingress of the other end of a veth, which lives in another namespace: the kernel
 * goes on with the packet there, without the device's queue and a softirq of its own. It does not
 * look at the Ethernet header again, so only what is as it came in may go this way, and only to the
 * other end's own address. (Linux 6.12 and older leave mark and priority alone, too.) */
static __always_inline bool
tc_to_peer(ctx_t *ctx, struct state *state, const struct dp_port *port, __u32 size)
{
    const __u64 address_bits = bpf_cpu_to_be64(0xffffffffffff0000ull);

    if (!(port->flags & DP_PORT_PEER) || state->by_egress ||
        (KEY_WORD(&state->u.key, eth_dst) & address_bits) != port->peer_mac ||
        (size > port->peer_size && !ctx->gso_size))
        return false;
    if (ctx->pkt_type != PACKET_HOST && bpf_skb_change_type(ctx, PACKET_HOST))
        return false;
    ctx->mark = 0;
    ctx->priority = 0;
    state->verdict = bpf_redirect_peer(port->ifindex, 0);
    return true;
}

static __always_inline int
ctx_output(ctx_t *ctx, struct state *state, __u32 port_no, __u32 size, bool last)
{
    const struct dp_port *port = bpf_map_lookup_elem(&ports, &port_no);
    __u64 flags;

    if (!port || !port->ifindex)
        return DP_DROP_PORT_GONE;
    if (port->flags & DP_PORT_NO_FWD)
        return DP_DROP_PORT_NO_FWD;
    flags = port->flags & DP_PORT_TO_LOCAL ? BPF_F_INGRESS : 0;
    if (!last) {
        state->by_egress = 1; /* What follows is not to overtake the clone. */
        if (bpf_clone_redirect(ctx, port->ifindex, flags))
            return DP_DROP_CLONE;
    } else if (!tc_to_peer(ctx, state, port, size)) {
        state->verdict = bpf_redirect(port->ifindex, flags);
    }
    return 0;
}

#endif
