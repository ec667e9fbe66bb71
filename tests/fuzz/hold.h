/* SPDX-License-Identifier: Apache-2.0 */
/* What fuzz targets share: a promise that must hold whatever the input is. */
#ifndef SHUNT_TESTS_FUZZ_HOLD_H
#define SHUNT_TESTS_FUZZ_HOLD_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the process, as a sanitizer would, unless `CONDITION`. */
#define HOLD(CONDITION) hold((CONDITION), #CONDITION, __FILE__, __LINE__)

static inline void
hold(bool condition, const char *text, const char *file, int line)
{
    if (!condition) {
        fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
        abort();
    }
}

#endif
