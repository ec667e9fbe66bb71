/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of bytes out of TCP segments that come in any order, some of them twice.
 *
 * Model: a stream is one direction of a connection. It begins with a SYN, or with the first segment
 * that comes, if the capture began later; another SYN begins it anew. Segments that come early wait
 * for those before them, at most 4 MiB a stream: then what is missing is given up, and the stream
 * goes on behind it with nothing in it.
 *
 * Ownership: tcp_streams_destroy() frees all. Threads: none. Errors: none, running out of memory
 * aborts. Not here: frames (cli/capture.h), what the bytes mean. */
#ifndef SHUNT_CLI_TCP_STREAM_H
#define SHUNT_CLI_TCP_STREAM_H

#include "cli/capture.h"
#include "lib/list.h"

struct tcp_streams {
    struct list streams;
};

void tcp_streams_init(struct tcp_streams *);
void tcp_streams_destroy(struct tcp_streams *);

/* Adds a segment. Returns the bytes of its stream that are in order and that the caller has not
 * taken from their beginning yet (tcp_stream_take()); good until the next call. */
struct buf *tcp_streams_add(struct tcp_streams *, const struct tcp_segment *);
void tcp_stream_take(struct buf *, size_t n);

#endif
