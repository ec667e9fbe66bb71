/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/memory.h"

#include "datapath/dp.h"
#include "slowpath/slowpath.h"

void
flow_memory_get(const struct dp *dp, struct flow_memory *memory)
{
    const struct dp_options options = {.max_flows = dp_max_flows(dp), .n_rings = DP_MAX_RINGS};

    *memory = (struct flow_memory){
        .max_flows = options.max_flows,
        .maps_size = dp_memory_size(&options),
        .daemon_size = (size_t)dp_n_flows(dp) * SLOWPATH_FLOW_SIZE,
        .daemon_max = (size_t)options.max_flows * SLOWPATH_FLOW_SIZE,
        .flow_size = sizeof(struct dp_flow) + sizeof(struct dp_record),
        .bucket_size = sizeof(struct dp_bucket),
        .stats_size = sizeof(struct dp_flow_counters),
        .own_size = SLOWPATH_FLOW_SIZE,
    };
}
