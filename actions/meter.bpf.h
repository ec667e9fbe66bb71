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

/* Of the bands that the packet exceeds the one with the highest rate counts (OpenFlow 1.3,
 * section 5.7.1). */
static __always_inline int
act_METER(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    __u32 number = action->arg32, size = ctx_size(ctx);
    struct dp_meter *meter = bpf_map_lookup_elem(&meters, &number);
    struct dp_meter_band *hit = NULL;
    __u64 now;

    if (!meter || !(meter->flags & DP_METER_LIVE))
        return 0;
    __sync_fetch_and_add(&meter->n_packets, 1);
    __sync_fetch_and_add(&meter->n_bytes, size);
    now = bpf_ktime_get_ns() * METER_TICKS_PER_NS;
    for (__u32 i = 0; i < DP_METER_BANDS && i < meter->n_bands; i++) {
        struct dp_meter_band *band = &meter->bands[i];

        if (band->rate && meter_exceeds(band, now, meter_cost(meter, band, size)) &&
            (!hit || band->rate > hit->rate))
            hit = band;
    }
    if (!hit)
        return 0;
    __sync_fetch_and_add(&hit->n_packets, 1);
    __sync_fetch_and_add(&hit->n_bytes, size);
    return hit->type == DP_BAND_DROP ? DP_DROP_METER : meter_remark(ctx, state, hit->prec);
}

#endif
