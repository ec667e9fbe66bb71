/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/of-buf.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/util.h"

void
of_buf_init(struct of_buf *buf)
{
    *buf = (struct of_buf)OF_BUF_INITIALIZER;
}

void
of_buf_init_fixed(struct of_buf *buf, void *data, size_t capacity)
{
    *buf = (struct of_buf){data, 0, capacity, false};
}

void
of_buf_destroy(struct of_buf *buf)
{
    if (!buf)
        return;
    if (buf->growable)
        free(buf->data);
    *buf = (struct of_buf){NULL, 0, 0, buf->growable};
}

int
of_buf_reserve(struct of_buf *buf, size_t n)
{
    size_t capacity;

    if (n <= buf->capacity - buf->size)
        return 0;
    if (!buf->growable || n > SIZE_MAX / 2 - buf->size)
        return ENOBUFS;
    capacity = MAX(MAX(buf->size + n, 2 * buf->capacity), (size_t)256);
    buf->data = xrealloc(buf->data, capacity);
    buf->capacity = capacity;
    return 0;
}
