/* SPDX-License-Identifier: Apache-2.0 */
/* Small words that every C file here uses. Not here: anything with state. */
#ifndef SHUNT_LIB_UTIL_H
#define SHUNT_LIB_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(a)[0])
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define DIV_ROUND_UP(x, y) (((x) + (y)-1) / (y))
#define ROUND_UP(x, y) (DIV_ROUND_UP(x, y) * (y))
#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* Nanoseconds since boot, from the monotonic clock. */
static inline int64_t
time_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Milliseconds of the same clock. */
static inline int64_t
time_now_ms(void)
{
    return time_now_ns() / 1000000;
}

/* Says so in the log, and aborts. Any thread. */
void out_of_memory(size_t size) __attribute__((noreturn));

bool is_all_zero(const void *data, size_t size);

/* Whether the text is a decimal number up to `max`, below ULONG_MAX, and no more; then *number is
 * it. */
bool parse_decimal(const char *text, unsigned long max, unsigned long *number);

/* The option that getopt_long(), with opterr 0, just returned ':' or '?' for. */
const char *option_in_error(char **argv);

/* Copies a text for one line of a log or a terminal: bytes that are not printable ASCII become
 * \xNN. What does not fit into the `size` bytes is cut off. */
void escape_text(const char *text, char *out, size_t size);

/* Memory that the daemon cannot go on without: these abort when there is none. Sizes that a
 * peer chooses do not come here unchecked. */
static inline void *
xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);

    if (!p)
        out_of_memory(n * size);
    return p;
}

static inline void *
xmalloc(size_t size)
{
    void *p = malloc(size ? size : 1);

    if (!p)
        out_of_memory(size);
    return p;
}

static inline void *
xrealloc(void *old, size_t size)
{
    void *p = realloc(old, size ? size : 1);

    if (!p)
        out_of_memory(size);
    return p;
}

static inline char *
xstrdup(const char *s)
{
    size_t size = strlen(s) + 1;

    return memcpy(xmalloc(size), s, size);
}

static inline void *
xmemdup(const void *data, size_t size)
{
    void *copy = xmalloc(size);

    return size ? memcpy(copy, data, size) : copy;
}

#endif
