/* SPDX-License-Identifier: Apache-2.0 */
/* Packet-ins: a USERSPACE action whose cookie names what the message says beside the packet. */
#include "slowpath/xlate-private.h"

#define TAIL_MAX 4096

/* Interned as bytes: no padding, fixed layout. */
uint32_t
xlate_cookie_id(struct xlate_ctx *ctx, const struct xlate_packet_in *in)
{
    size_t n_controllers = MIN(in->n_controllers, TAIL_MAX / 4);
    size_t ids_size = n_controllers * sizeof *in->controllers;
    size_t userdata_size = MIN(in->userdata_size, TAIL_MAX - ids_size);
    union {
        struct xlate_cookie cookie;
        uint8_t bytes[sizeof(struct xlate_cookie) + TAIL_MAX];
    } u;
    uint32_t id;

    u.cookie = (struct xlate_cookie){.bridge = ctx->bridge->number,
                                     .in_port = ctx->pkt.flow.in_port,
                                     .actset_output = ctx->pkt.flow.actset_output,
                                     .max_len = in->max_len,
                                     .reason = in->reason,
                                     .table_id = ctx->table_id,
                                     .flow_cookie = ctx->flow_cookie,
                                     .metadata = ctx->pkt.flow.metadata,
                                     .n_controllers = (uint16_t)n_controllers,
                                     .userdata_size = (uint16_t)userdata_size,
                                     .is_implicit = in->is_implicit};
    memcpy(u.cookie.regs, ctx->pkt.flow.regs, sizeof u.cookie.regs);
    if (ids_size)
        memcpy(u.cookie.tail, in->controllers, ids_size);
    if (userdata_size)
        memcpy(u.cookie.tail + ids_size, in->userdata, userdata_size);
    id = ids_get(ctx->bridge->cookies, &u, sizeof u.cookie + ids_size + userdata_size);
    xlate_add_id(ctx, false, id);
    return id;
}

void
xlate_controller(struct xlate_ctx *ctx, const struct xlate_packet_in *in)
{
    const struct ofport *port = ofproto_port(ctx->ofproto, ctx->pkt.flow.in_port);
    struct dp_action *action;

    if (port && port->config & OFPPC_NO_PACKET_IN) {
        xlate_report(ctx, "no packet-ins from port %u", port->port_no);
        return;
    }
    xlate_report(ctx, "to the controller");
    xlate_commit(ctx);
    action = xlate_emit(ctx, DP_ACTION_USERSPACE);
    action->arg16 = DP_UPCALL_ACTION;
    action->arg32 = DP_UPCALL_CAP_MAX;
    action->value = xlate_cookie_id(ctx, in);
}
