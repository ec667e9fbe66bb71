/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/heap.h"

#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/util.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1; not in glibc 2.36. */
#endif

#define PAGE ((size_t)4096)
#define HUGE_PAGE ((size_t)2 << 20)
#define N_PAGES (HUGE_PAGE / PAGE)
/* What is larger is mapped apart, and has huge pages of its own (ofproto/hash-slots.c). */
#define MMAP_THRESHOLD ((int)HUGE_PAGE)
#define TRIM_THRESHOLD (2 * MMAP_THRESHOLD)

static uintptr_t start, settled, last_end; /* 0: heap_init() was not called. */

void
heap_init(void)
{
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD);
    start = settled = ROUND_UP((uintptr_t)sbrk(0), HUGE_PAGE);
}

void
heap_trim(void)
{
    malloc_trim(0);
    settled = start;
}

/* Whether so much of the huge page at `at` is in use that it takes little more whole. */
static bool
is_nearly_full(uintptr_t at)
{
    unsigned char in_use[N_PAGES];
    size_t n = 0;

    if (mincore((void *)at, HUGE_PAGE, in_use) < 0)
        return false;
    for (size_t i = 0; i < N_PAGES; i++)
        n += in_use[i] & 1;
    return n >= N_PAGES - N_PAGES / 8;
}

bool
heap_settle(void)
{
    uintptr_t end = (uintptr_t)sbrk(0), at;
    bool is_growing = end != last_end;

    last_end = end;
    settled = MIN(settled, ROUND_UP(end, HUGE_PAGE));
    if (!start || is_growing || end < settled + HUGE_PAGE)
        return false;
    at = settled;
    settled += HUGE_PAGE;
    if (is_nearly_full(at))
        madvise((void *)at, HUGE_PAGE, MADV_COLLAPSE);
    return true;
}
