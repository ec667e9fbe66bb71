/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/log-limit.h"

#include "lib/log.h"
#include "lib/util.h"

bool
log_limit_pass(struct log_limit *limit, const char *module)
{
    int64_t now_ms = time_now_ms();

    if (!limit)
        return true;
    if (!limit->n || now_ms - limit->since_ms >= LOG_LIMIT_MS) {
        if (limit->n_left_out)
            log_write(LOG_INFO, module, "%lu lines were left out", limit->n_left_out);
        *limit = (struct log_limit){.since_ms = now_ms};
    }
    if (limit->n < LOG_LIMIT_LINES) {
        limit->n++;
        return true;
    }
    limit->n_left_out++;
    return false;
}
