/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/frame.h"

#include <errno.h>

int
of_frame_size(const uint8_t header[OF_FRAME_HEADER_SIZE], size_t *size)
{
    *size = (size_t)header[2] << 8 | header[3];
    return *size < OF_FRAME_HEADER_SIZE ? EBADMSG : 0;
}

void
of_framer_init(struct of_framer *framer, size_t limit)
{
    of_buf_init(&framer->buf);
    framer->n_used = 0;
    framer->limit = limit;
}

void
of_framer_destroy(struct of_framer *framer)
{
    if (framer)
        of_buf_destroy(&framer->buf);
}

/* Forgets what was handed out. */
static void
compact(struct of_framer *framer)
{
    struct of_buf *buf = &framer->buf;

    buf->size -= framer->n_used;
    if (framer->n_used && buf->size)
        memmove(buf->data, buf->data + framer->n_used, buf->size);
    framer->n_used = 0;
}

int
of_framer_feed(struct of_framer *framer, const void *bytes, size_t size)
{
    int error;

    compact(framer);
    error = of_buf_reserve(&framer->buf, size);
    if (error)
        return error;
    if (size)
        memcpy(framer->buf.data + framer->buf.size, bytes, size);
    framer->buf.size += size;
    return 0;
}

int
of_framer_next(struct of_framer *framer, const uint8_t **bytes, size_t *size)
{
    size_t left = framer->buf.size - framer->n_used;
    int error;

    if (left < OF_FRAME_HEADER_SIZE)
        return EAGAIN;
    *bytes = framer->buf.data + framer->n_used;
    error = of_frame_size(*bytes, size);
    if (error)
        return error;
    if (*size > framer->limit)
        return EMSGSIZE;
    if (*size > left)
        return EAGAIN;
    framer->n_used += *size;
    return 0;
}
