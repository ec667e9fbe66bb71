/* SPDX-License-Identifier: Apache-2.0 */
/* Packet-ins: a USERSPACE action whose cookie names what the message says beside the packet. */
#include "slowpath/xlate-private.h"

#define TAIL_MAX 4096

/* Interned as bytes: no padding, fixed layout. */
static void
put_cookie(const struct xlate_ctx *ctx, const struct xlate_packet_in *in, struct buf *bytes)
{
    size_t n_controllers = MIN(in->n_controllers, TAIL_MAX / 4);
    size_t ids_size = n_controllers * sizeof *in->controllers;
    size_t userdata_size = MIN(in->userdata_size, TAIL_MAX - ids_size);
    struct xlate_cookie cookie = {.bridge = ctx->bridge->number,
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

    memcpy(cookie.regs, ctx->pkt.flow.regs, sizeof cookie.regs);
    buf_put(bytes, &cookie, sizeof cookie);
    buf_put(bytes, in->controllers, ids_size);
    buf_put(bytes, in->userdata, userdata_size);
}

static uint32_t
intern_cookie(struct xlate_ctx *ctx, const struct buf *bytes)
{
    uint32_t id = ids_get(ctx->bridge->cookies, bytes->data, bytes->size);

    xlate_add_id(ctx, false, id);
    return id;
}

uint32_t
xlate_cookie_id(struct xlate_ctx *ctx, const struct xlate_packet_in *in)
{
    uint64_t stub[32];
    struct buf bytes = BUF_STUB_INITIALIZER(stub);
    uint32_t id;

    put_cookie(ctx, in, &bytes);
    id = intern_cookie(ctx, &bytes);
    buf_destroy(&bytes);
    return id;
}

static bool
may_send(struct xlate_ctx *ctx)
{
    const struct ofport *port = ofproto_port(ctx->ofproto, ctx->pkt.flow.in_port);

    if (!port || !(port->config & OFPPC_NO_PACKET_IN))
        return true;
    xlate_report(ctx, "no packet-ins from port %u", port->port_no);
    return false;
}

static void
emit_packet_in(struct xlate_ctx *ctx, uint32_t cookie_id)
{
    struct dp_action *action = xlate_emit(ctx, DP_ACTION_USERSPACE);

    action->arg16 = DP_UPCALL_ACTION;
    action->arg32 = DP_UPCALL_CAP_MAX;
    action->value = cookie_id;
}

void
xlate_controller(struct xlate_ctx *ctx, const struct xlate_packet_in *in)
{
    if (!may_send(ctx))
        return;
    xlate_report(ctx, "to the controller");
    xlate_commit(ctx);
    emit_packet_in(ctx, xlate_cookie_id(ctx, in));
}

void
xlate_pause(struct xlate_ctx *ctx, const struct xlate_packet_in *in)
{
    if (!may_send(ctx)) {
        ctx->stop = true;
        return;
    }
    put_cookie(ctx, in, &ctx->paused);
    ctx->freezing = true;
}

void
xlate_pause_finish(struct xlate_ctx *ctx, uint32_t continuation)
{
    ((struct xlate_cookie *)ctx->paused.data)->continuation = continuation;
    xlate_report(ctx, "to the controller, which says when it goes on");
    emit_packet_in(ctx, intern_cookie(ctx, &ctx->paused));
    buf_clear(&ctx->paused);
}
