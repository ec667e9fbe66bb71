/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about the slow path: installed flows, learned addresses, what would happen to a packet. */
#include "shuntd/verbs.h"

#include <ctype.h>
#include <errno.h>

#include "lib/buf.h"
#include "ofproto/match.h"
#include "ofproto/ofproto.h"
#include "slowpath/slowpath.h"

/* Bytes of a packet to be traced. */
#define PACKET_MAX 65535

static int
find_bridge(struct daemon *daemon, const json_t *request, struct bridge **bridge,
            struct error *error)
{
    const char *name = json_string_value(json_object_get(request, "bridge"));

    return bridges_find(daemon->bridges, name, bridge, error);
}

/* The text of `buf`, which is destroyed. */
static json_t *
take_text(struct buf *buf)
{
    json_t *json = json_string(buf_text(buf));

    buf_destroy(buf);
    return json;
}

int
verb_dpctl_dump_flows(struct daemon *daemon, const json_t *request, json_t **result,
                      struct error *error)
{
    struct buf text = BUF_INITIALIZER;
    struct bridge *bridge = NULL;
    int err = 0;

    if (json_object_get(request, "bridge"))
        err = find_bridge(daemon, request, &bridge, error);
    if (err)
        return err;
    slowpath_dump_flows(daemon->bridges->slowpath, bridge ? bridge->ofproto : NULL, &text);
    *result = take_text(&text);
    return 0;
}

int
verb_dpctl_del_flows(struct daemon *daemon, const json_t *request, json_t **result,
                     struct error *error)
{
    (void)request;
    (void)result;
    (void)error;
    slowpath_del_flows(daemon->bridges->slowpath);
    return 0;
}

int
verb_fdb_show(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    struct buf text = BUF_INITIALIZER;
    struct bridge *bridge;
    int err = find_bridge(daemon, request, &bridge, error);

    if (err)
        return err;
    slowpath_fdb_show(daemon->bridges->slowpath, bridge->ofproto, &text);
    *result = take_text(&text);
    return 0;
}

int
verb_fdb_flush(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    struct bridge *bridge;
    int err = find_bridge(daemon, request, &bridge, error);

    (void)result;
    if (!err)
        slowpath_fdb_flush(daemon->bridges->slowpath, bridge->ofproto);
    return err;
}

/* ---- trace ---- */

static int
hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Blanks between bytes are passed over. */
static int
parse_hex(const char *text, struct buf *packet, struct error *error)
{
    for (const char *p = text; *p; p++) {
        if (*p == ' ')
            continue;
        if (!isxdigit((unsigned char)p[0]) || !isxdigit((unsigned char)p[1]))
            return error_set(error, EINVAL,
                             "packet: character %td: want pairs of hexadecimal digits",
                             p - text + 1);
        buf_putc(packet, (char)(hex_digit(p[0]) << 4 | hex_digit(p[1])));
        p++;
    }
    if (packet->size < 14 || packet->size > PACKET_MAX)
        return error_set(error, EINVAL, "packet: %zu bytes: want 14 to %d", packet->size,
                         PACKET_MAX);
    return 0;
}

static bool
number_of_port(const struct ofp_port_names *names, const char *name, uint32_t *port_no)
{
    const struct bridge *bridge = CONTAINER_OF(names, struct bridge, port_names);
    const struct ofport *port = ofproto_port_by_name(bridge->ofproto, name);

    if (port)
        *port_no = port->port_no;
    return port != NULL;
}

static const char *
name_of_port(const struct ofp_port_names *names, uint32_t port_no)
{
    const struct bridge *bridge = CONTAINER_OF(names, struct bridge, port_names);
    const struct ofport *port = ofproto_port(bridge->ofproto, port_no);

    return port ? port->name : NULL;
}

static int
parse_flow(struct bridge *bridge, const char *text, struct match *match, struct error *error)
{
    char *why;

    bridge->port_names = (struct ofp_port_names){number_of_port, name_of_port};
    why = match_parse(match, text, &bridge->port_names);
    if (!why)
        return 0;
    error_set(error, EINVAL, "flow: %s", why);
    free(why);
    return EINVAL;
}

/* With a packet its headers count, and of the flow what is no header (in_port, registers). */
int
verb_trace(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    const char *flow = json_string_value(json_object_get(request, "flow"));
    const char *bytes = json_string_value(json_object_get(request, "packet"));
    struct buf packet = BUF_INITIALIZER, text = BUF_INITIALIZER;
    struct bridge *bridge;
    struct match match;
    int err = find_bridge(daemon, request, &bridge, error);

    if (!err)
        err = parse_flow(bridge, flow, &match, error);
    if (!err && bytes)
        err = parse_hex(bytes, &packet, error);
    if (!err) {
        slowpath_trace(daemon->bridges->slowpath, bridge->ofproto, &match.flow,
                       bytes ? (const uint8_t *)packet.data : NULL, packet.size, &text);
        *result = take_text(&text);
    }
    buf_destroy(&packet);
    return err;
}
