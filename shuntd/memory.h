/* SPDX-License-Identifier: Apache-2.0 */
/* What memory flows take: told at start and by "dpctl show".
 *
 * Model: maps are taken at once, for as many flows as there is room for; the daemon's own share
 * comes as flows are installed. Threads: any. Errors: none. */
#ifndef SHUNT_SHUNTD_MEMORY_H
#define SHUNT_SHUNTD_MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct dp;

struct flow_memory {
    uint32_t max_flows;
    size_t maps_size;
    size_t daemon_size, daemon_max; /* Of installed flows; of as many as there is room for. */
    /* Of one flow: in maps, up to how much of buckets, of each processor, in the daemon. */
    size_t flow_size, bucket_size, stats_size, own_size;
};

void flow_memory_get(const struct dp *, struct flow_memory *);

#endif
