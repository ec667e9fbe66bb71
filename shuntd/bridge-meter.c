/* SPDX-License-Identifier: Apache-2.0 */
/* Gives the meters of all bridges numbers of the datapath's. */
#include "shuntd/bridge.h"

#include <errno.h>

#include "lib/util.h"
#include "ofproto/meter.h"
#include "ofproto/openflow.h"

/* Bitmap of the numbers in use, bridges->meters. */
static bool
is_used(const struct bridges *bridges, uint32_t number)
{
    return bridges->meters[number / 64] >> number % 64 & 1;
}

static void
set_used(struct bridges *bridges, uint32_t number, bool used)
{
    uint64_t bit = UINT64_C(1) << number % 64;

    if (used)
        bridges->meters[number / 64] |= bit;
    else
        bridges->meters[number / 64] &= ~bit;
}

void
bridges_adopt_meters(struct bridges *bridges)
{
    struct dp_meter meter;

    for (uint32_t i = 0; i < DP_MAX_METERS; i++) {
        if (!dp_meter_stats(bridges->dp, i, &meter))
            bridges->adopted_meters[i / 64] |= UINT64_C(1) << i % 64;
    }
    memcpy(bridges->meters, bridges->adopted_meters, sizeof bridges->meters);
}

void
bridges_drop_adopted_meters(struct bridges *bridges)
{
    for (uint32_t i = 0; i < DP_MAX_METERS; i++) {
        if (bridges->adopted_meters[i / 64] >> i % 64 & 1) {
            dp_meter_del(bridges->dp, i);
            set_used(bridges, i, false);
        }
    }
    memset(bridges->adopted_meters, 0, sizeof bridges->adopted_meters);
}

static int
find_free(const struct bridges *bridges, uint32_t *number)
{
    for (uint32_t i = 0; i < DP_MAX_METERS; i++) {
        if (!is_used(bridges, i)) {
            *number = i;
            return 0;
        }
    }
    return ENOSPC;
}

static int
convert_band(const struct ofp_meter_band *band, struct dp_meter_band_config *config)
{
    *config = (struct dp_meter_band_config){
        .prec = band->prec_level,
        .rate = band->rate,
        .burst = band->burst_size,
    };
    if (band->type == OFPMBT_DROP)
        config->type = DP_BAND_DROP;
    else if (band->type == OFPMBT_DSCP_REMARK)
        config->type = DP_BAND_DSCP_REMARK;
    else
        return EINVAL;
    return 0;
}

static int
set_meter(void *aux, const struct ofp_meter_config *config, uint32_t *provider_id)
{
    struct bridges *bridges = ((struct bridge *)aux)->bridges;
    struct dp_meter_band_config bands[DP_METER_BANDS];
    uint32_t number = *provider_id;
    int err = 0;

    if (config->n_bands > DP_METER_BANDS)
        return ENOSPC;
    for (size_t i = 0; !err && i < config->n_bands; i++)
        err = convert_band(&config->bands[i], &bands[i]);
    if (!err && number == METER_NO_PROVIDER)
        err = find_free(bridges, &number);
    if (!err)
        err =
            dp_meter_set(bridges->dp, number, config->flags & OFPMF_PKTPS, bands, config->n_bands);
    if (err)
        return err;
    set_used(bridges, number, true);
    bridges->adopted_meters[number / 64] &= ~(UINT64_C(1) << number % 64);
    *provider_id = number;
    return 0;
}

static void
remove_meter(void *aux, uint32_t provider_id)
{
    struct bridges *bridges = ((struct bridge *)aux)->bridges;

    dp_meter_del(bridges->dp, provider_id);
    set_used(bridges, provider_id, false);
}

static int
get_meter_stats(void *aux, uint32_t provider_id, struct meter_stats *stats)
{
    const struct bridges *bridges = ((struct bridge *)aux)->bridges;
    struct dp_meter meter;
    int err = dp_meter_stats(bridges->dp, provider_id, &meter);

    if (err)
        return err;
    memset(stats, 0, sizeof *stats);
    stats->n_packets = meter.n_packets;
    stats->n_bytes = meter.n_bytes;
    for (size_t i = 0; i < MIN(meter.n_bands, DP_METER_BANDS); i++) {
        stats->bands[i].n_packets = meter.bands[i].n_packets;
        stats->bands[i].n_bytes = meter.bands[i].n_bytes;
    }
    return 0;
}

const struct ofproto_meter_ops bridge_meter_ops = {
    .set = set_meter,
    .remove = remove_meter,
    .stats = get_meter_stats,
    .max_meters = DP_MAX_METERS,
    .max_bands = DP_METER_BANDS,
};
