/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/xlate-private.h"

/* ---- Ports ------------------------------------------------------------------------------------*/
static void
emit_output(struct xlate_ctx *ctx, const struct ofport *port, uint32_t truncate)
{
    xlate_commit(ctx);
    if (truncate)
        xlate_emit(ctx, DP_ACTION_TRUNC)->arg32 = truncate;
    xlate_emit(ctx, DP_ACTION_OUTPUT)->arg32 = port->dp_port;
}

void
xlate_output_port(struct xlate_ctx *ctx, const struct ofport *port, uint32_t truncate)
{
    if (port->config & (OFPPC_NO_FWD | OFPPC_PORT_DOWN)) {
        xlate_report(ctx, "port %u does not forward", port->port_no);
        return;
    }
    if (ctx->ofproto->first_egress_table != OFTABLE_ALL && !ctx->in_egress)
        xlate_egress(ctx, port, truncate);
    else
        emit_output(ctx, port, truncate);
}

static int
by_number(const void *a, const void *b)
{
    uint32_t x = (*(const struct ofport *const *)a)->port_no;
    uint32_t y = (*(const struct ofport *const *)b)->port_no;

    return x < y ? -1 : x > y;
}

static size_t
flood_ports(const struct xlate_ctx *ctx, bool all, const struct ofport **ports)
{
    const struct ofport *port;
    size_t n = 0;

    HMAP_FOR_EACH (port, by_number, &ctx->ofproto->ports) {
        if (port->port_no != ctx->pkt.flow.in_port && (all || !(port->config & OFPPC_NO_FLOOD)))
            ports[n++] = port;
    }
    qsort(ports, n, sizeof *ports, by_number);
    return n;
}

void
xlate_flood(struct xlate_ctx *ctx, bool all, uint32_t truncate)
{
    const struct ofport **ports = xmalloc(ctx->ofproto->ports.n * sizeof *ports);
    size_t n = flood_ports(ctx, all, ports);

    for (size_t i = 0; i < n; i++)
        xlate_output_port(ctx, ports[i], truncate);
    free(ports);
}

/* ---- Reserved ports ---------------------------------------------------------------------------*/
static void
output_to_number(struct xlate_ctx *ctx, uint32_t number, uint32_t truncate)
{
    const struct ofport *port = ofproto_port(ctx->ofproto, number);

    if (!port)
        xlate_report(ctx, "there is no port %u", number);
    else if (number == ctx->pkt.flow.in_port)
        xlate_report(ctx, "not back to the port it came from");
    else
        xlate_output_port(ctx, port, truncate);
}

static void
output_to_in_port(struct xlate_ctx *ctx, uint32_t truncate)
{
    const struct ofport *port = ofproto_port(ctx->ofproto, ctx->pkt.flow.in_port);

    if (port)
        xlate_output_port(ctx, port, truncate);
}

void
xlate_output(struct xlate_ctx *ctx, uint32_t port, uint32_t max_len, bool truncate)
{
    uint32_t cut = truncate ? max_len : 0;
    struct xlate_packet_in packet_in = {.reason = ctx->reason, .max_len = (uint16_t)max_len};

    switch (port) {
    case OFPORT_IN_PORT:
        output_to_in_port(ctx, cut);
        break;
    case OFPORT_TABLE:
        xlate_table_again(ctx, 0, false);
        break;
    case OFPORT_NORMAL:
        xlate_normal(ctx);
        break;
    case OFPORT_FLOOD:
    case OFPORT_ALL:
        xlate_flood(ctx, port == OFPORT_ALL, cut);
        break;
    case OFPORT_CONTROLLER:
        xlate_controller(ctx, &packet_in);
        break;
    case OFPORT_ANY:
    case OFPORT_UNSET:
        break;
    default:
        output_to_number(ctx, port, cut);
        break;
    }
}

/* ---- Queues -----------------------------------------------------------------------------------*/
void
xlate_set_priority(struct xlate_ctx *ctx, uint32_t skb_priority)
{
    ctx->pkt.flow.key.skb_priority = skb_priority;
    ctx->pkt.known.key.skb_priority = UINT32_MAX;
}

/* Queue N is class 1:N+1 of the port's queueing discipline, in the notation of tc(8). */
void
xlate_set_queue(struct xlate_ctx *ctx, uint32_t queue_id)
{
    xlate_set_priority(ctx, 0x10000 | ((queue_id + 1) & 0xffff));
}

void
xlate_pop_queue(struct xlate_ctx *ctx)
{
    ctx->pkt.flow.key.skb_priority = ctx->in->flow.key.skb_priority;
    ctx->pkt.known.key.skb_priority = 0;
}
