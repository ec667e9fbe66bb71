/* SPDX-License-Identifier: Apache-2.0 */
/* A growable run of bytes: text under construction, or 8-byte aligned TLVs.
 *
 * Model: data[0..size) is in use. The memory is the heap's, or at first a stub that the caller
 * lends (typically on its stack), so that short uses allocate nothing. buf_text() ends text by a
 * NUL that size does not count.
 *
 * Ownership: buf_destroy() frees what the heap gave. A pointer into data is good until the next
 * append. Threads: plain data. Errors: none, running out of memory aborts.
 * Not here: packets (datapath), message assembly (generated code). */
#ifndef SHUNT_LIB_BUF_H
#define SHUNT_LIB_BUF_H

#include <stdarg.h>
#include <stdbool.h>

#include "lib/util.h"

struct buf {
    char *data; /* NULL before the first append, without a stub. */
    size_t size;
    size_t allocated;
    bool is_stub;
};

#define BUF_INITIALIZER                                                                            \
    {                                                                                              \
        NULL, 0, 0, false                                                                          \
    }

/* A buffer that starts on the array `STUB`; align the array to 8 bytes if it is for TLVs. */
#define BUF_STUB_INITIALIZER(STUB)                                                                 \
    {                                                                                              \
        (char *)(STUB), 0, sizeof(STUB), true                                                      \
    }

void buf_init(struct buf *);
void buf_destroy(struct buf *);

/* Forgets the contents, keeps the memory. */
static inline void
buf_clear(struct buf *buf)
{
    buf->size = 0;
}

/* Makes room for `size` more bytes. */
void buf_reserve(struct buf *, size_t size);

/* Appends `size` bytes: uninitialised, zero, or a copy of `data`. Returns where they stand. */
void *buf_put_uninit(struct buf *, size_t size);
void *buf_put_zeros(struct buf *, size_t size);
void *buf_put(struct buf *, const void *data, size_t size);

void buf_putc(struct buf *, char c);
void buf_puts(struct buf *, const char *s);
void buf_printf(struct buf *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Removes one character `c` from the end, if it stands there. */
void buf_chomp(struct buf *, char c);

/* The contents as text, "" if there are none; good until the next append. */
const char *buf_text(struct buf *);

/* The contents as text that the caller frees; the buffer is empty afterwards. */
char *buf_steal(struct buf *);

#endif
