/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/buf.h"

#include <stdio.h>

void
buf_init(struct buf *buf)
{
    *buf = (struct buf)BUF_INITIALIZER;
}

void
buf_destroy(struct buf *buf)
{
    if (!buf)
        return;
    if (!buf->is_stub)
        free(buf->data);
    buf_init(buf);
}

void
buf_reserve(struct buf *buf, size_t size)
{
    size_t need = buf->size + size + 1, allocated;
    char *data;

    if (need <= buf->allocated)
        return;
    allocated = MAX(need, MAX(buf->allocated * 2, 64));
    if (buf->is_stub) {
        data = memcpy(xmalloc(allocated), buf->data, buf->size);
        buf->is_stub = false;
    } else {
        data = xrealloc(buf->data, allocated);
    }
    buf->data = data;
    buf->allocated = allocated;
}

void *
buf_put_uninit(struct buf *buf, size_t size)
{
    void *p;

    buf_reserve(buf, size);
    p = buf->data + buf->size;
    buf->size += size;
    return p;
}

void *
buf_put_zeros(struct buf *buf, size_t size)
{
    return memset(buf_put_uninit(buf, size), 0, size);
}

void *
buf_put(struct buf *buf, const void *data, size_t size)
{
    void *p = buf_put_uninit(buf, size);

    return size ? memcpy(p, data, size) : p;
}

void
buf_putc(struct buf *buf, char c)
{
    buf_put(buf, &c, 1);
}

void
buf_puts(struct buf *buf, const char *s)
{
    buf_put(buf, s, strlen(s));
}

void
buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_vprintf(buf, format, args);
    va_end(args);
}

void
buf_vprintf(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    int n;

    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    if (n > 0) {
        buf_reserve(buf, (size_t)n);
        vsnprintf(buf->data + buf->size, (size_t)n + 1, format, again);
        buf->size += (size_t)n;
    }
    va_end(again);
}

void
buf_chomp(struct buf *buf, char c)
{
    if (buf->size && buf->data[buf->size - 1] == c)
        buf->size--;
}

const char *
buf_text(struct buf *buf)
{
    buf_reserve(buf, 0);
    buf->data[buf->size] = '\0';
    return buf->data;
}

char *
buf_steal(struct buf *buf)
{
    char *text;

    buf_text(buf);
    text = buf->is_stub ? xmemdup(buf->data, buf->size + 1) : buf->data;
    if (buf->is_stub)
        buf->size = 0;
    else
        buf_init(buf);
    return text;
}
