/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that are being written: a buffer of fixed or growing capacity.
 *
 * Model: `size` bytes are written, `capacity` fit. A growable buffer owns heap memory, a fixed
 * one borrows the caller's. Threads: one at a time. Errors: no room in a fixed buffer; without
 * memory the process ends. */
#ifndef SHUNT_OFPROTO_OF_BUF_H
#define SHUNT_OFPROTO_OF_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct of_buf {
    uint8_t *data;
    size_t size, capacity;
    bool growable;
};

#define OF_BUF_INITIALIZER                                                                         \
    {                                                                                              \
        NULL, 0, 0, true                                                                           \
    }

/* An empty growable buffer; it allocates at the first write. */
void of_buf_init(struct of_buf *buf);

/* An empty buffer over `capacity` bytes at `data`, which it never outgrows. */
void of_buf_init_fixed(struct of_buf *buf, void *data, size_t capacity);

/* Frees what a growable buffer owns and leaves it empty. Takes NULL. */
void of_buf_destroy(struct of_buf *buf);

/* Makes room for `n` more bytes: 0, or ENOBUFS if a fixed one has none. */
int of_buf_reserve(struct of_buf *buf, size_t n);

/* Appends `n` bytes for the caller to fill and returns them, or NULL when they do not fit. The
 * pointer holds until the next append. */
static inline uint8_t *
of_buf_put_raw(struct of_buf *buf, size_t n)
{
    uint8_t *p;

    if (n > buf->capacity - buf->size && of_buf_reserve(buf, n))
        return NULL;
    p = buf->data + buf->size;
    buf->size += n;
    return p;
}

/* The same, zeroed. */
static inline uint8_t *
of_buf_put(struct of_buf *buf, size_t n)
{
    uint8_t *p = of_buf_put_raw(buf, n);

    return p && n ? memset(p, 0, n) : p;
}

#endif
