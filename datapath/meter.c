/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/dp-internal.h"

#include <errno.h>

#include "lib/util.h"

#define TICKS_PER_S UINT64_C(16000000000)

static int
meter_check(const struct dp_meter_band_config *bands, size_t n_bands, uint32_t number)
{
    if (number >= DP_MAX_METERS)
        return dp_fail(EINVAL, "meter %u: numbers are below %d", number, DP_MAX_METERS);
    if (n_bands > DP_METER_BANDS)
        return dp_fail(EINVAL, "meter %u: %zu bands: at most %d", number, n_bands, DP_METER_BANDS);
    for (size_t i = 0; i < n_bands; i++) {
        if (!bands[i].rate)
            return dp_fail(EINVAL, "meter %u: band %zu has a rate of 0", number, i);
    }
    return 0;
}

/* The time that the burst takes at the band's rate; 10 ms when none is named. */
static uint64_t
band_tolerance(const struct dp_meter_band_config *band)
{
    if (!band->burst)
        return TICKS_PER_S / 100;
    return (uint64_t)((__uint128_t)band->burst * TICKS_PER_S / band->rate);
}

int
dp_meter_set(struct dp *dp, uint32_t number, bool pktps, const struct dp_meter_band_config *bands,
             size_t n_bands)
{
    int error = meter_check(bands, n_bands, number);
    struct dp_meter *meter;

    if (error)
        return error;
    pthread_mutex_lock(&dp->lock);
    meter = &dp->meters[number];
    __atomic_store_n(&meter->n_bands, 0, __ATOMIC_RELEASE);
    for (size_t i = 0; i < n_bands; i++) {
        struct dp_meter_band *band = &meter->bands[i];

        band->type = bands[i].type;
        band->prec = bands[i].prec;
        band->rate = bands[i].rate;
        band->burst = bands[i].burst;
        band->tolerance = band_tolerance(&bands[i]);
        band->due = 0;
    }
    meter->flags = DP_METER_LIVE | (pktps ? DP_METER_PKTPS : 0);
    __atomic_store_n(&meter->n_bands, n_bands, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&dp->lock);
    return 0;
}

static int
meter_exists(const struct dp *dp, uint32_t number)
{
    if (number >= DP_MAX_METERS || !(dp->meters[number].flags & DP_METER_LIVE))
        return dp_fail(ENOENT, "there is no meter %u", number);
    return 0;
}

int
dp_meter_del(struct dp *dp, uint32_t number)
{
    int error;

    pthread_mutex_lock(&dp->lock);
    error = meter_exists(dp, number);
    if (!error)
        memset(&dp->meters[number], 0, sizeof dp->meters[number]);
    pthread_mutex_unlock(&dp->lock);
    return error;
}

int
dp_meter_stats(const struct dp *dp, uint32_t number, struct dp_meter *meter)
{
    int error = meter_exists(dp, number);

    if (!error)
        *meter = dp->meters[number];
    return error;
}
