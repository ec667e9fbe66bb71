/* SPDX-License-Identifier: Apache-2.0 */
/* Captures of packets (as `tcpdump -w` writes them), and the TCP segments in them.
 *
 * Model: a capture is a file of frames in the classic format, of either byte order, from Ethernet,
 * from Linux's "any" device or of bare IP. A segment is what a frame holds of one direction of a
 * connection; its payload is in the frame's bytes. What is no TCP over IPv4 or IPv6 (without
 * extension headers), is a fragment or was cut short by the capture is no segment.
 *
 * Ownership: the caller's. Threads: plain functions. Errors: texts that the caller frees.
 * Not here: the order of segments (cli/tcp-stream.h). */
#ifndef SHUNT_CLI_CAPTURE_H
#define SHUNT_CLI_CAPTURE_H

#include <stdio.h>

#include "lib/buf.h"

struct capture {
    FILE *file;
    uint32_t link_type;
    bool is_swapped; /* Its numbers are of the other byte order. */
};

/* Opens the file; NULL or an error. */
char *capture_open(struct capture *, const char *path);
void capture_close(struct capture *);

/* The next frame, into `frame`. False at the end, and when the rest is damaged: then with *error.
 */
bool capture_read(struct capture *, struct buf *frame, char **error);

/* One direction of a connection: addresses as they stand in the packet, ports in host order. */
struct tcp_flow {
    uint8_t src[16], dst[16];
    uint16_t src_port, dst_port;
    bool is_v6;
    uint8_t pad[3];
};
_Static_assert(sizeof(struct tcp_flow) == 40, "no hidden padding: it is compared whole");

struct tcp_segment {
    struct tcp_flow flow;
    uint32_t seq;
    bool is_syn;
    const uint8_t *payload;
    size_t size;
};

/* False: the frame holds none. */
bool capture_segment(const struct capture *, const struct buf *frame, struct tcp_segment *);

#endif
