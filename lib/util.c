/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/util.h"

#include <getopt.h>
#include <stdio.h>

#define LOG_MODULE "memory"
#include "lib/log.h"

void
escape_text(const char *text, char *out, size_t size)
{
    const char *end = out + size;

    for (; *text && end - out > 4; text++) {
        unsigned char c = (unsigned char)*text;

        if (c >= ' ' && c <= '~')
            *out++ = (char)c;
        else
            out += sprintf(out, "\\x%02x", c);
    }
    *out = '\0';
}

bool
is_all_zero(const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        if (bytes[i])
            return false;
    }
    return true;
}

bool
parse_decimal(const char *text, unsigned long max, unsigned long *number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10); /* ULONG_MAX, over any bound, if it is more. */

    if (*text < '0' || *text > '9' || *end || value > max)
        return false;
    *number = value;
    return true;
}

const char *
option_in_error(char **argv)
{
    static char text[] = "-x";

    if (!strncmp(argv[optind - 1], "--", 2))
        return argv[optind - 1];
    text[1] = (char)optopt;
    return text;
}

void
out_of_memory(size_t size)
{
    log_err("no memory for %zu bytes: the process ends", size);
    abort();
}
