/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps what malloc() gives out in huge pages.
 *
 * Tables of a million entries are read here and there: in pages of 4 KiB most accesses cost a walk
 * of the page table, which takes longer than the access, above all in a virtual machine. The C
 * library's heap grows in large steps here, and the kernel is asked for huge pages for each,
 * whether the system has them by default or on request ("madvise"). Untouched memory of a step
 * takes none; a huge page is whole as soon as it is touched. Where there is another allocator (a
 * sanitizer's), or huge pages are off, nothing happens.
 *
 * The heap is the main thread's: tables are written by it. Other threads have arenas of their own.
 *
 * Ownership: none. Threads: heap_init() before there are others; heap_advise() under the caller's
 * lock. Errors: none; memory in small pages is as good but slower. */
#ifndef SHUNT_LIB_HEAP_H
#define SHUNT_LIB_HEAP_H

/* At the start of main(). */
void heap_init(void);

/* For who allocates what is read here and there, after having done so: asks for what the heap grew
 * by since the last call. Costs a comparison if it did not. */
void heap_advise(void);

#endif
