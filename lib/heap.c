/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/heap.h"

#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/util.h"

#define PAGE ((uintptr_t)4096)
#define STEP (32 << 20)          /* Bytes. Where two steps meet a huge page is lost. */
#define MMAP_THRESHOLD (2 << 20) /* As large as a huge page: hash-slots.c does so itself. */

static uintptr_t advised_end; /* Of the heap; 0: heap_init() was not called. */

void
heap_init(void)
{
    mallopt(M_TOP_PAD, STEP);
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    advised_end = (uintptr_t)sbrk(0);
}

void
heap_advise(void)
{
    uintptr_t end = (uintptr_t)sbrk(0), from = ROUND_UP(advised_end, PAGE);

    if (end == advised_end || !advised_end)
        return;
    if (end > from)
        madvise((void *)from, end - from, MADV_HUGEPAGE);
    advised_end = end;
}
