/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/util.h"

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

void
out_of_memory(size_t size)
{
    log_err("no memory for %zu bytes: the process ends", size);
    abort();
}
