/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHUNT_ACTIONS_METER_BPF_H
#define SHUNT_ACTIONS_METER_BPF_H

#include "datapath/ctx.bpf.h"

#define METER_TICKS_PER_NS 16
#define METER_TRIES 8

int run_SET(ctx_t *ctx, struct state *state, const struct dp_action *action);

/* How long this packet takes at the band's rate. */
static __always_inline __u64
meter_cost(const struct dp_meter *meter, const struct dp_meter_band *band, __u32 size)
{
    if (meter->flags & DP_METER_PKTPS)
        return METER_TICKS_PER_NS * 1000000000ull / band->rate;
    return size * 8ull * METER_TICKS_PER_NS * 1000000ull / band->rate;
}

/* Takes the packet's time from the band. True: it is over the band's rate, nothing was taken.
 * When other CPUs win every try the packet passes. */
static __always_inline bool
meter_exceeds(struct dp_meter_band *band, __u64 now, __u64 cost)
{
    for (int i = 0; i < METER_TRIES; i++) {
        __u64 due = *(volatile __u64 *)&band->due;
        __u64 next = (due > now ? due : now) + cost;

        if (due > now + band->tolerance)
            return true;
        if (__sync_val_compare_and_swap(&band->due, due, next) == due)
            return false;
    }
    return false;
}

/* Assured forwarding (RFC 2597): raises the drop precedence, at most to 3. Other code points
 * have none. */
static __always_inline int
meter_remark(ctx_t *ctx, struct state *state, __u32 prec)
{
    __u8 dscp = state->u.key.ip_tos >> 2, class = dscp >> 3, drop = (dscp >> 1) & 3;
    struct dp_action set = {.kind = DP_ACTION_SET, .word = DP_WORD_OF(ip_tos)};
    const __u32 byte = __builtin_offsetof(struct dp_key, ip_tos) & 7;

    if (!(state->u.key.parsed & DP_PARSED_L3) || class < 1 || class > 4 || !drop || dscp & 1)
        return 0;
    drop = drop + prec > 3 ? 3 : drop + prec;
    ((__u8 *)&set.value)[byte] = class << 5 | drop << 3;
    ((__u8 *)&set.mask)[byte] = 0xfc;
    return run_SET(ctx, state, &set);
}

struct meter_walk {
    struct dp_meter *meter;
    __u64 now; /* In ticks. */
    __u32 size;
    __u32 hit; /* Of the bands that the packet exceeds; DP_METER_BANDS: none. */
    __u64 hit_rate;
};

/* Of the bands that the packet exceeds the one with the highest rate counts (OpenFlow 1.3,
 * section 5.7.1). A callback, so that the verifier walks it once and not for every band. */
static long
meter_try_band(__u32 i, struct meter_walk *walk)
{
    struct dp_meter_band *band;

    if (i >= DP_METER_BANDS)
        return 1;
    band = &walk->meter->bands[i];
    if (band->rate && meter_exceeds(band, walk->now, meter_cost(walk->meter, band, walk->size)) &&
        (walk->hit >= DP_METER_BANDS || band->rate > walk->hit_rate)) {
        walk->hit = i;
        walk->hit_rate = band->rate;
    }
    return 0;
}

static __always_inline int
act_METER(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    struct meter_walk walk = {.size = ctx_size(ctx), .hit = DP_METER_BANDS};
    __u32 number = action->arg32;
    struct dp_meter *meter = bpf_map_lookup_elem(&meters, &number);
    struct dp_meter_band *hit;

    if (!meter || !(meter->flags & DP_METER_LIVE))
        return 0;
    __sync_fetch_and_add(&meter->n_packets, 1);
    __sync_fetch_and_add(&meter->n_bytes, walk.size);
    walk.meter = meter;
    walk.now = bpf_ktime_get_ns() * METER_TICKS_PER_NS;
    bpf_loop(meter->n_bands, meter_try_band, &walk, 0);
    if (walk.hit >= DP_METER_BANDS)
        return 0;
    hit = &meter->bands[walk.hit];
    __sync_fetch_and_add(&hit->n_packets, 1);
    __sync_fetch_and_add(&hit->n_bytes, walk.size);
    return hit->type == DP_BAND_DROP ? DP_DROP_METER : meter_remark(ctx, state, hit->prec);
}

#endif
