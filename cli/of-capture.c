/* SPDX-License-Identifier: Apache-2.0 */
/* ofp-parse-pcap: the OpenFlow messages of captured connections. */
#include <arpa/inet.h>

#include "cli/of-verbs.h"
#include "cli/tcp-stream.h"
#include "ofproto/print.h"
#include "ofproto/text.h"

#define HEADER_SIZE 8
#define VERBOSITY 1 /* What ovs-ofctl's ofp-parse-pcap prints with: packets are decoded. */

struct ports {
    uint16_t *items;
    size_t n;
};

static const uint16_t default_ports[] = {6633, 6653};

static char *
parse_ports(const struct cli *cli, struct ports *ports)
{
    ports->n = cli->argc > 1 ? (size_t)cli->argc - 1 : ARRAY_SIZE(default_ports);
    ports->items = xmalloc(ports->n * sizeof *ports->items);
    if (cli->argc <= 1)
        memcpy(ports->items, default_ports, sizeof default_ports);
    for (int i = 1; i < cli->argc; i++) {
        char *error = text_u16("TCP port", cli->argv[i], &ports->items[i - 1]);

        if (error)
            return error;
    }
    return NULL;
}

static bool
is_openflow(const struct ports *ports, const struct tcp_flow *flow)
{
    for (size_t i = 0; i < ports->n; i++) {
        if (ports->items[i] == flow->src_port || ports->items[i] == flow->dst_port)
            return true;
    }
    return false;
}

/* "10.0.0.1.40000 > 10.0.0.2.6653:" */
static void
format_flow(const struct tcp_flow *flow, struct buf *out)
{
    char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
    int family = flow->is_v6 ? AF_INET6 : AF_INET;

    inet_ntop(family, flow->src, src, sizeof src);
    inet_ntop(family, flow->dst, dst, sizeof dst);
    buf_printf(out, "%s.%u > %s.%u:\n", src, flow->src_port, dst, flow->dst_port);
}

/* The whole messages at the beginning of what is in order. Bytes that begin none (the capture began
 * in the middle of a message) are given up. */
static void
print_messages(const struct tcp_flow *flow, struct buf *ready, bool *is_first)
{
    while (ready->size >= HEADER_SIZE) {
        const uint8_t *bytes = (const uint8_t *)ready->data;
        size_t length = (size_t)bytes[2] << 8 | bytes[3];
        struct buf text = BUF_INITIALIZER;

        if (length < HEADER_SIZE) {
            buf_clear(ready);
            return;
        }
        if (length > ready->size)
            return;
        if (!*is_first)
            buf_putc(&text, '\n');
        *is_first = false;
        format_flow(flow, &text);
        ofp_message_format(bytes, length, NULL, VERBOSITY, &text);
        cli_print_text(&text);
        tcp_stream_take(ready, length);
    }
}

static char *
print_capture(struct capture *capture, const struct ports *ports)
{
    struct tcp_streams streams;
    struct tcp_segment segment;
    struct buf frame = BUF_INITIALIZER;
    bool is_first = true;
    char *error;

    tcp_streams_init(&streams);
    while (capture_read(capture, &frame, &error)) {
        if (capture_segment(capture, &frame, &segment) && is_openflow(ports, &segment.flow))
            print_messages(&segment.flow, tcp_streams_add(&streams, &segment), &is_first);
    }
    tcp_streams_destroy(&streams);
    buf_destroy(&frame);
    return error;
}

int
of_parse_pcap(const struct cli *cli)
{
    struct ports ports = {NULL, 0};
    struct capture capture;
    char *error = parse_ports(cli, &ports);
    int status = 0;

    if (!error)
        error = capture_open(&capture, cli->argv[0]);
    if (!error) {
        error = print_capture(&capture, &ports);
        capture_close(&capture);
    }
    if (error)
        status = cli_error("%s: %s", cli->verb, error);
    free(error);
    free(ports.items);
    return status;
}
