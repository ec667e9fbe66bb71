/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines of the daemon and the tools.
 *
 * Model: one line a call, "TIME LEVEL module: text", on standard error or into a file. Bytes
 * that are not printable ASCII are written as \xHH, so that nothing a peer sent can forge a
 * line. A warning or error is also counted, so that tests can see an unexpected one.
 *
 * Threads: any thread, any time. Errors: none; a line that cannot be written is lost.
 * Not here: how often the same may be said (lib/log-limit.h), drop counters (datapath). */
#ifndef SHUNT_LIB_LOG_H
#define SHUNT_LIB_LOG_H

enum log_level { LOG_ERR, LOG_WARN, LOG_INFO, LOG_DBG };

/* Lines above `max` are dropped. The level at start is LOG_INFO. */
void log_set_level(enum log_level max);

/* Appends to `path` from now on; NULL: standard error. Returns 0 or a positive errno. */
int log_open(const char *path);

void log_write(enum log_level level, const char *module, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* How many lines of `level` were asked for since the start, written or not. */
unsigned long log_count(enum log_level level);

/* A .c file defines LOG_MODULE before it includes this header. */
#ifdef LOG_MODULE
#define log_err(...) log_write(LOG_ERR, LOG_MODULE, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARN, LOG_MODULE, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, LOG_MODULE, __VA_ARGS__)
#define log_dbg(...) log_write(LOG_DBG, LOG_MODULE, __VA_ARGS__)
/* With a struct log_limit *. */
#define log_limited(limit, level, ...)                                                             \
    do {                                                                                           \
        if (log_limit_pass(limit, (level) <= LOG_WARN, LOG_MODULE))                                \
            log_write(level, LOG_MODULE, __VA_ARGS__);                                             \
    } while (0)
#endif

#endif
