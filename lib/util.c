/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/util.h"

#define LOG_MODULE "memory"
#include "lib/log.h"

void
out_of_memory(size_t size)
{
    log_err("no memory for %zu bytes: the process ends", size);
    abort();
}
