/* SPDX-License-Identifier: Apache-2.0 */
/* Messages out of a stream of bytes.
 *
 * Model: every OpenFlow message begins with 8 bytes that hold its size (OpenFlow 1.5.1 section
 * 7.1). Bytes go in as they come; whole messages come out in order. After an error the stream
 * cannot be trusted again. Ownership: the framer owns its buffer; a message that it hands out is
 * good until the next call. Threads: one at a time.
 * Not here: sockets (conn.h), what a message says (of-object.h). */
#ifndef SHUNT_OFPROTO_FRAME_H
#define SHUNT_OFPROTO_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "ofproto/of-buf.h"

enum { OF_FRAME_HEADER_SIZE = 8, OF_FRAME_MAX_SIZE = 65535 };

/* The size of the message that begins with these 8 bytes. EBADMSG: it is less than 8. */
int of_frame_size(const uint8_t header[OF_FRAME_HEADER_SIZE], size_t *size);

struct of_framer {
    struct of_buf buf;
    size_t n_used; /* Bytes at the start of `buf` that have been handed out. */
    size_t limit;
};

/* `limit`: the largest message that is let in, in bytes. */
void of_framer_init(struct of_framer *framer, size_t limit);

/* Takes NULL. */
void of_framer_destroy(struct of_framer *framer);

/* Adds bytes of the stream. ENOMEM: they are not taken. */
int of_framer_feed(struct of_framer *framer, const void *bytes, size_t size);

/* The next message. EAGAIN: it is not whole yet. EBADMSG: its size is below 8. EMSGSIZE: it is
 * above the limit; known from its first 8 bytes, before there is memory for it. */
int of_framer_next(struct of_framer *framer, const uint8_t **bytes, size_t *size);

#endif
