/* SPDX-License-Identifier: Apache-2.0 */
/* One line for an operator: what was wrong, where, what would be right.
 *
 * Model: the function that finds the mistake writes the line, everybody above passes it on.
 * Ownership: the caller's struct. Threads: any. Not here: logs (lib/log.h). */
#ifndef SHUNT_SHUNTD_ERROR_H
#define SHUNT_SHUNTD_ERROR_H

#include <stdarg.h>
#include <stdio.h>

struct error {
    char text[512];
};

/* Fills `error` and returns `err`, a positive errno, so that a caller can return both. */
static inline int __attribute__((format(printf, 3, 4)))
error_set(struct error *error, int err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return err;
}

#endif
