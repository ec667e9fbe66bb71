/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "lib/util.h"

#define LINE_MAX_SIZE 1024

static _Atomic enum log_level max_level = LOG_INFO;
static atomic_ulong counts[LOG_DBG + 1];
static pthread_mutex_t file_lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *file;

void
log_set_level(enum log_level max)
{
    max_level = max;
}

int
log_open(const char *path)
{
    FILE *next = NULL;

    if (path) {
        next = fopen(path, "ae");
        if (!next)
            return errno;
        setvbuf(next, NULL, _IOLBF, 0);
    }
    pthread_mutex_lock(&file_lock);
    if (file)
        fclose(file);
    file = next;
    pthread_mutex_unlock(&file_lock);
    return 0;
}

unsigned long
log_count(enum log_level level)
{
    return counts[level];
}

void
log_write(enum log_level level, const char *module, const char *format, ...)
{
    static const char *const names[] = {"ERR", "WARN", "INFO", "DBG"};
    char text[LINE_MAX_SIZE], escaped[4 * LINE_MAX_SIZE + 1], stamp[32];
    struct timespec now;
    struct tm tm;
    va_list args;

    counts[level]++;
    if (level > max_level)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    escape_text(text, escaped, sizeof escaped);
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
    pthread_mutex_lock(&file_lock);
    fprintf(file ? file : stderr, "%s.%03ldZ %s %s: %s\n", stamp, now.tv_nsec / 1000000,
            names[level], module, escaped);
    pthread_mutex_unlock(&file_lock);
}
