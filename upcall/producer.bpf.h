/* SPDX-License-Identifier: GPL-2.0 */
/* upcall_send() and what it needs. Included once, by datapath/switch.bpf.c. */
#ifndef SHUNT_UPCALL_PRODUCER_BPF_H
#define SHUNT_UPCALL_PRODUCER_BPF_H

#include "datapath/lookup.bpf.h"
#include "upcall/upcall.bpf.h"

#define NS_PER_S 1000000000ull
#define HOLD_TRIES 16
#define UPCALL_MIN 64 /* Bytes that are copied even if fewer are reported. */

/* A token is 1/rate seconds of saved-up time. Two CPUs at once may spend one token twice. */
static __always_inline bool
upcall_allowed(__u32 port_no)
{
    const struct dp_port *port = bpf_map_lookup_elem(&ports, &port_no);
    struct dp_token_bucket *bucket;
    __u64 now, cost, saved;

    if (!port || !port->upcall_rate)
        return true;
    bucket = bpf_map_lookup_elem(&upcall_buckets, &port_no);
    if (!bucket)
        return true;
    now = bpf_ktime_get_ns();
    cost = NS_PER_S / port->upcall_rate;
    saved = bucket->tokens_ns + (now - bucket->last_ns);
    if (saved > cost * port->upcall_burst)
        saved = cost * port->upcall_burst;
    bucket->last_ns = now;
    bucket->tokens_ns = saved >= cost ? saved - cost : saved;
    return saved >= cost;
}

/* `size` bytes of the packet in memory from `off` on. */
static __always_inline long
upcall_load(ctx_t *ctx, __u32 off, void *to, __u32 size)
{
#ifdef SHUNT_XDP
    return bpf_xdp_load_bytes(ctx, off, to, size);
#else
    return bpf_skb_load_bytes(ctx, off, to, size);
#endif
}

/* A record has room for a fixed number of bytes, so one of a few sizes is reserved. */
struct upcall_record {
    struct dp_upcall header;
    __u8 packet[];
};

static __always_inline void
upcall_header(ctx_t *ctx, struct state *state, struct dp_upcall *header, __u32 reason, __u64 cookie)
{
    header->pkt_size = ctx_size(ctx);
    header->reason = reason;
    header->hook = CTX_HOOK;
    header->gso_size = ctx_gso_size(ctx);
    header->flow_index = reason == DP_UPCALL_MISS ? DP_NO_FLOW : state->flow_index;
    header->cookie = cookie;
    header->key = state->u.key;
}

/* Copies the packet as it is on the wire: a tag in metadata goes back to its place. */
static __always_inline long
upcall_packet(ctx_t *ctx, struct state *state, __u8 *packet, __u32 size)
{
    __u32 rest = size - 16;

    if (!state->layout.vlan_in_meta)
        return upcall_load(ctx, 0, packet, size);
    if (rest - 1 >= DP_UPCALL_CAP_MAX)
        return -1;
    __builtin_memcpy(packet + 12, &state->u.key.vlan[0], sizeof(struct dp_vlan));
    if (upcall_load(ctx, 0, packet, 12))
        return -1;
    return upcall_load(ctx, 12, packet + 16, rest);
}

/* ---- Order (docs/slow-path.md) ---- */

/* A flow may have been put since this packet missed. If so, the room in the ring that the packet
 * has by now may be behind dp_upcall_reader_mark(), and the packet has to look again. No flow was
 * put since the generation that this CPU saw at its last miss: then there is nothing to look for.
 */
static __always_inline bool
found_late(struct state *state)
{
    __u64 generation, known = state->generation;
    const struct dp_control *now;
    __u32 zero = 0;
    int found;

    now = bpf_map_lookup_elem(&control, &zero);
    if (!now || __sync_lock_test_and_set(&state->fence, 1) > 1)
        return false;
    generation = *(volatile __u64 *)&now->generation;
    if (generation == known || __sync_lock_test_and_set(&state->generation, generation) != known)
        return false;
    found = lookup_megaflow(state);
    state->totals.n_misses--;
    state->flow_index = found;
    return found != (int)DP_NO_FLOW;
}

/* Joins the packets of the flow that user space has; not if it has none any more. */
static __always_inline bool
hold_raise(const struct state *state)
{
    struct dp_flow *flow = flow_at(state->flow_index);

    if (!flow)
        return false;
    for (int i = 0; i < HOLD_TRIES; i++) {
        __u32 n = *(volatile __u32 *)&flow->n_held;

        if (!(n & DP_HELD_COUNT))
            return false;
        if (__sync_val_compare_and_swap(&flow->n_held, n, n + 1) == n)
            return true;
    }
    return false;
}

/* Whatever comes after this packet waits until user space is done with it. */
static __always_inline void
hold_begin(const struct state *state)
{
    struct dp_flow *flow = flow_at(state->flow_index);

    if (!flow)
        return;
    flow->held_until_ns = bpf_ktime_get_ns() + DP_HOLD_MAX_NS;
    __sync_fetch_and_add(&flow->n_held, 1);
}

/* With room in the ring, and the packet in it: whether it may go up. */
__noinline int
upcall_confirm(struct state *state, __u32 reason)
{
    if (!state)
        return DP_DROP_BAD_RECORD;
    if (reason == DP_UPCALL_MISS && found_late(state))
        return UPCALL_FOUND;
    if (reason == DP_UPCALL_HELD && !hold_raise(state))
        return UPCALL_OPEN;
    if (reason == DP_UPCALL_LARGE)
        hold_begin(state);
    return 0;
}

/* ---- Sending ---- */

/* One body for each size of record; `room` is a constant. */
static __always_inline int
upcall_reserve_send(ctx_t *ctx, struct state *state, void *ring, __u32 reason, __u64 cookie,
                    __u32 size, __u32 cap_size, const __u32 room)
{
    struct upcall_record *record;
    int refusal = DP_DROP_TRUNCATED_HEADER;

    record = bpf_ringbuf_reserve(ring, sizeof *record + room, 0);
    if (!record)
        return DP_DROP_UPCALL_RING_FULL;
    if (size > room)
        size = room;
    upcall_header(ctx, state, &record->header, reason, cookie);
    record->header.cap_size = cap_size < size ? cap_size : size;
    /* Two comparisons, kept apart: Linux 6.1 learns nothing from the one they make together. */
    barrier_var(size);
    if (size >= 17) {
        barrier_var(size);
        if (size <= room && !upcall_packet(ctx, state, record->packet, size)) {
            refusal = upcall_confirm(state, reason);
            if (!refusal) {
                bpf_ringbuf_submit(record, 0);
                return 0;
            }
        }
    }
    bpf_ringbuf_discard(record, 0);
    return refusal;
}

#define UPCALL_SEND(room)                                                                          \
    upcall_reserve_send(ctx, state, ring, reason, cookie, size, cap_size, room)

static __always_inline int
upcall_by_size(ctx_t *ctx, struct state *state, void *ring, __u32 reason, __u64 cookie, __u32 size,
               __u32 cap_size)
{
    if (size <= 128)
        return UPCALL_SEND(128);
    if (size <= 512)
        return UPCALL_SEND(512);
    if (size <= 1536)
        return UPCALL_SEND(1536);
    if (size <= 9216)
        return UPCALL_SEND(9216);
    return UPCALL_SEND(DP_UPCALL_CAP_MAX);
}

static __always_inline int
upcall_produce(ctx_t *ctx, struct state *state, __u32 reason, __u64 cookie, __u32 max_size)
{
    __u32 number = state->u.key.in_port, size = ctx_size(ctx);
    void *ring;

    if (!upcall_allowed(number))
        return DP_DROP_UPCALL_RATE;
    number %= n_rings;
    ring = bpf_map_lookup_elem(&rings, &number);
    if (!ring)
        return DP_DROP_UPCALL_RING_FULL;
    if (!max_size || max_size > size)
        max_size = size;
    if (max_size >= UPCALL_MIN)
        size = max_size;
    else if (size > UPCALL_MIN)
        size = UPCALL_MIN;
    return upcall_by_size(ctx, state, ring, reason, cookie, size, max_size);
}

__noinline int
upcall_send(ctx_t *ctx, struct state *state, __u32 reason, __u64 cookie, __u32 max_size)
{
    struct dp_port_stats *stats;
    int drop;

    if (!state)
        return DP_DROP_BAD_RECORD;
    drop = upcall_produce(ctx, state, reason, cookie, max_size);
    if (reason == DP_UPCALL_AUDIT)
        return drop;
    stats = port_stats_of(state, state->u.key.in_port);
    if (!drop) {
        state->n_upcalls++;
        stats->n_upcalls++;
    } else if (drop > 0 && reason != DP_UPCALL_HELD) {
        stats->n_upcalls_lost++;
        stats->n_lost_ring_full += drop == DP_DROP_UPCALL_RING_FULL;
        stats->n_lost_rate += drop == DP_DROP_UPCALL_RATE;
    }
    return drop;
}

#endif
