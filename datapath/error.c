/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/dp-internal.h"

#include <stdarg.h>
#include <stdio.h>

static __thread char last_error[512] = "no error";

const char *
dp_error(void)
{
    return last_error;
}

int
dp_fail(int error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(last_error, sizeof last_error, format, args);
    va_end(args);
    return error;
}
