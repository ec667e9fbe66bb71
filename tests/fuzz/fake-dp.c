/* SPDX-License-Identifier: Apache-2.0 */
/* A datapath without flows: see fake-bridges.h. */
#include <errno.h>
#include <string.h>

#include "datapath/dp.h"

uint32_t
dp_max_flows(const struct dp *dp)
{
    (void)dp;
    return 0;
}

uint32_t
dp_n_flows(const struct dp *dp)
{
    (void)dp;
    return 0;
}

uint32_t
dp_n_masks(const struct dp *dp)
{
    (void)dp;
    return 0;
}

void
dp_totals(const struct dp *dp, struct dp_totals *totals)
{
    (void)dp;
    memset(totals, 0, sizeof *totals);
}

int
dp_port_stats(const struct dp *dp, uint32_t port_no, struct dp_port_stats *stats)
{
    (void)dp;
    (void)port_no;
    (void)stats;
    return ENOENT;
}

void
dp_flow_grace(struct dp *dp)
{
    (void)dp;
}

int
dp_executor_open(struct dp *dp, struct dp_executor **executor)
{
    (void)dp;
    *executor = NULL;
    return 0;
}

void
dp_executor_close(struct dp_executor *executor)
{
    (void)executor;
}
