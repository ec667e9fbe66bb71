/* SPDX-License-Identifier: Apache-2.0 */
/* A limit of the log lines that somebody else can cause as often as he likes.
 *
 * Model: LOG_LIMIT_LINES in LOG_LIMIT_MS, and then a line that says how many were left out; as many
 * warnings and errors, which other lines do not crowd out. The caller keeps one with their subject,
 * as that of a listener, and writes with log_limited() (lib/log.h). Threads: one at a time. Errors:
 * none. */
#ifndef SHUNT_LIB_LOG_LIMIT_H
#define SHUNT_LIB_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LIMIT_LINES 20
#define LOG_LIMIT_MS 10000

/* All zero at first. */
struct log_limit {
    struct log_budget {
        int64_t since_ms;
        unsigned n;
        unsigned long n_left_out;
    } warnings, others;
};

/* Whether one more line may be written. NULL: always. */
bool log_limit_pass(struct log_limit *, bool is_warning, const char *module);

#endif
