/* SPDX-License-Identifier: Apache-2.0 */
/* One line for an operator: what was wrong, where, what would be right.
 *
 * Model: the function that finds the mistake writes the line, everybody above passes it on.
 * Ownership: the caller's struct. Threads: any. Not here: logs (lib/log.h). */
#ifndef SHUNT_SHUNTD_ERROR_H
#define SHUNT_SHUNTD_ERROR_H

#include <stdarg.h>
#include <stdio.h>

#include "lib/util.h"

struct error {
    char text[512];
};

/* What a line cannot show, of names that somebody chose, is escaped. */
static inline void __attribute__((format(printf, 2, 3)))
error_write(struct error *error, const char *format, ...)
{
    char text[sizeof error->text];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    escape_text(text, error->text, sizeof error->text);
}

/* Fills `error` and is `err`, a positive errno, so that a caller can return both. A macro, for an
 * analyzer does not look into functions of variable arguments. */
#define error_set(error, err, ...)                                                                 \
    __extension__({                                                                                \
        int err__ = (err);                                                                         \
        error_write(error, __VA_ARGS__);                                                           \
        err__;                                                                                     \
    })

#endif
