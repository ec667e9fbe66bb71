/* SPDX-License-Identifier: Apache-2.0 */
/* Puts what malloc() has given out into huge pages, later.
 *
 * Tables of a million entries are read here and there: in pages of 4 KiB most accesses cost a walk
 * of the page table, which takes longer than the access, above all in a virtual machine. Asking for
 * huge pages before memory is touched costs who adds entries: where the host has to find memory, up
 * to three times what small pages do (docs/performance.md). So entries come in small pages, and
 * when there is time the kernel copies them together, 2 MiB a call (MADV_COLLAPSE, Linux 6.1),
 * whatever the system's setting of transparent huge pages. What is mostly free stays as it is.
 *
 * This is the C library's heap of the main thread, which writes the tables; other threads have
 * arenas of their own. Where there is another allocator (a sanitizer's) nothing happens.
 *
 * Ownership: none. Threads: the main thread; others go on meanwhile. Errors: none; memory in small
 * pages is as good but slower. */
#ifndef SHUNT_LIB_HEAP_H
#define SHUNT_LIB_HEAP_H

#include <stdbool.h>

/* At the start of main(). */
void heap_init(void);

/* Looks at the next 2 MiB of the heap, which takes a millisecond or a few if they are copied.
 * False: it has come to the heap's end, or that has moved since the last call. */
bool heap_settle(void);

/* Gives back what is free, which cuts huge pages up: heap_settle() begins anew. */
void heap_trim(void);

#endif
