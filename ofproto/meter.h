/* SPDX-License-Identifier: Apache-2.0 */
/* Meters: their configuration, and which flow entries use them.
 *
 * Model: a meter has bands and, once the datapath took it, a datapath meter number, by which
 * translation names it. The provider (struct ofproto_meter_ops, an ops struct of the daemon)
 * does the metering; its statistics are asked for when somebody wants them. Deleting a meter
 * deletes the flow entries that use it. OFMETER_CONTROLLER and OFMETER_SLOWPATH can be
 * configured like others; no flow entry may name them.
 *
 * Ownership: the ofproto owns its meters. Threads: under ofproto_lock. Errors: OFPMMFC_* as enum
 * ofperr; a meter-mod that fails changes nothing. Not here: token buckets (datapath). */
#ifndef SHUNT_OFPROTO_METER_H
#define SHUNT_OFPROTO_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/hmap.h"
#include "lib/list.h"
#include "ofproto/messages.h"

struct ofproto;

#define METER_NO_PROVIDER UINT32_MAX

struct meter_stats {
    uint64_t n_packets, n_bytes; /* In. */
    struct meter_band_stats {
        uint64_t n_packets, n_bytes; /* That the band applied to. */
    } bands[OFP_MAX_BANDS];
};

struct meter {
    struct hmap_node node; /* In ofproto's meters, by id. */
    struct ofp_meter_config config;
    uint32_t provider_id; /* The datapath's number, or METER_NO_PROVIDER. */
    int64_t created_ms;
    struct list uses; /* struct rule_use: flow entries that use this meter. */
    size_t n_uses;
};

/* What does the metering. Called with ofproto_lock held for writing, but `stats`: without. */
struct ofproto_meter_ops {
    /* Makes a meter, or changes the one of *provider_id when that is not METER_NO_PROVIDER
     * (counters and buckets go on). A positive errno: ENOSPC, EINVAL. */
    int (*set)(void *aux, const struct ofp_meter_config *, uint32_t *provider_id);
    void (*remove)(void *aux, uint32_t provider_id);
    int (*stats)(void *aux, uint32_t provider_id, struct meter_stats *);
    uint32_t max_meters; /* Of one bridge. */
    uint8_t max_bands;   /* Of a meter; at most OFP_MAX_BANDS. */
};

/* The meter of this id, or NULL. */
struct meter *meter_find(const struct ofproto *, uint32_t meter_id);

#endif
