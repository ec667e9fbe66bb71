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

/* Fills `error` and returns `err`, a positive errno, so that a caller can return both. What a line
 * cannot show, of names that somebody chose, is escaped. */
static inline int __attribute__((format(printf, 3, 4)))
error_set(struct error *error, int err, const char *format, ...)
{
    char text[sizeof error->text];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    escape_text(text, error->text, sizeof error->text);
    return err;
}

#endif
