/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tcp-stream.h"

#define MAX_WAITING (4u << 20)

struct waiting {
    struct list node; /* In tcp_stream.waiting, by `seq`. */
    uint32_t seq;
    size_t size;
    uint8_t bytes[];
};

struct tcp_stream {
    struct list node; /* In tcp_streams.streams. */
    struct tcp_flow flow;
    uint32_t next_seq;
    struct buf ready;
    struct list waiting;
    size_t n_waiting_bytes;
};

void
tcp_streams_init(struct tcp_streams *streams)
{
    list_init(&streams->streams);
}

static void
drop_waiting(struct tcp_stream *stream)
{
    while (!list_is_empty(&stream->waiting))
        free(CONTAINER_OF(list_pop_front(&stream->waiting), struct waiting, node));
    stream->n_waiting_bytes = 0;
}

void
tcp_streams_destroy(struct tcp_streams *streams)
{
    struct tcp_stream *stream, *next;

    LIST_FOR_EACH_SAFE (stream, next, node, &streams->streams) {
        list_remove(&stream->node);
        drop_waiting(stream);
        buf_destroy(&stream->ready);
        free(stream);
    }
}

static struct tcp_stream *
find_or_add(struct tcp_streams *streams, const struct tcp_segment *segment)
{
    struct tcp_stream *stream;

    LIST_FOR_EACH (stream, node, &streams->streams) {
        if (!memcmp(&stream->flow, &segment->flow, sizeof stream->flow))
            return stream;
    }
    stream = xmalloc(sizeof *stream);
    *stream = (struct tcp_stream){.flow = segment->flow, .next_seq = segment->seq};
    list_init(&stream->waiting);
    list_push_back(&streams->streams, &stream->node);
    return stream;
}

/* How far `a` is behind `b`, sequence numbers wrapping. */
static int32_t
distance(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/* Appends what is new of bytes that begin at the next one or before. */
static void
append(struct tcp_stream *stream, uint32_t seq, const uint8_t *bytes, size_t size)
{
    size_t old = (size_t)-distance(seq, stream->next_seq);

    if (old < size) {
        buf_put(&stream->ready, bytes + old, size - old);
        stream->next_seq += (uint32_t)(size - old);
    }
}

static void
append_waiting(struct tcp_stream *stream)
{
    while (!list_is_empty(&stream->waiting)) {
        struct waiting *first = CONTAINER_OF(stream->waiting.next, struct waiting, node);

        if (distance(first->seq, stream->next_seq) > 0)
            break;
        append(stream, first->seq, first->bytes, first->size);
        stream->n_waiting_bytes -= first->size;
        list_pop_front(&stream->waiting);
        free(first);
    }
}

/* Gives up what is missing. */
static void
skip_gap(struct tcp_stream *stream)
{
    struct waiting *first = CONTAINER_OF(stream->waiting.next, struct waiting, node);

    stream->next_seq = first->seq;
    buf_clear(&stream->ready);
}

static void
wait_for_gap(struct tcp_stream *stream, const struct tcp_segment *segment)
{
    struct waiting *waiting = xmalloc(sizeof *waiting + segment->size), *later;
    struct list *before = &stream->waiting;

    waiting->seq = segment->seq;
    waiting->size = segment->size;
    memcpy(waiting->bytes, segment->payload, segment->size);
    LIST_FOR_EACH (later, node, &stream->waiting) {
        if (distance(later->seq, segment->seq) > 0) {
            before = &later->node;
            break;
        }
    }
    list_insert(before, &waiting->node);
    stream->n_waiting_bytes += segment->size;
    if (stream->n_waiting_bytes > MAX_WAITING)
        skip_gap(stream);
}

static void
begin(struct tcp_stream *stream, uint32_t seq)
{
    stream->next_seq = seq;
    buf_clear(&stream->ready);
    drop_waiting(stream);
}

struct buf *
tcp_streams_add(struct tcp_streams *streams, const struct tcp_segment *segment)
{
    struct tcp_stream *stream = find_or_add(streams, segment);

    if (segment->is_syn)
        begin(stream, segment->seq + 1);
    else if (!segment->size)
        return &stream->ready;
    else if (distance(segment->seq, stream->next_seq) > 0)
        wait_for_gap(stream, segment);
    else
        append(stream, segment->seq, segment->payload, segment->size);
    append_waiting(stream);
    return &stream->ready;
}

void
tcp_stream_take(struct buf *ready, size_t n)
{
    memmove(ready->data, ready->data + n, ready->size - n);
    ready->size -= n;
}
