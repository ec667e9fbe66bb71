/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/log-limit.h"

#include "lib/log.h"
#include "lib/util.h"

bool
log_limit_pass(struct log_limit *limit, bool is_warning, const char *module)
{
    int64_t now_ms = time_now_ms();
    struct log_budget *budget;

    if (!limit)
        return true;
    budget = is_warning ? &limit->warnings : &limit->others;
    if (!budget->n || now_ms - budget->since_ms >= LOG_LIMIT_MS) {
        if (budget->n_left_out)
            log_write(LOG_INFO, module, "%lu lines were left out", budget->n_left_out);
        *budget = (struct log_budget){.since_ms = now_ms};
    }
    if (budget->n < LOG_LIMIT_LINES) {
        budget->n++;
        return true;
    }
    budget->n_left_out++;
    return false;
}
