/* SPDX-License-Identifier: Apache-2.0 */
/* Egress processing: each output goes through the egress tables first, on a copy of the packet
 * with actset_output set to the port. The action set starts with the output; what the tables write
 * is done before it, and a miss drops the copy. */
#include "slowpath/xlate-private.h"

struct outer {
    struct xlate_branch branch;
    struct buf action_set;
    bool tail, is_copy;
};

static void
enter(struct xlate_ctx *ctx, const struct ofport *port, uint32_t truncate, struct outer *outer)
{
    bool is_back = port->port_no == ctx->pkt.flow.in_port;
    struct ofpact_output *output;

    xlate_branch_begin(ctx, &outer->branch, ctx->tail);
    outer->action_set = ctx->action_set;
    outer->tail = ctx->tail;
    outer->is_copy = ctx->is_copy;
    ctx->action_set = (struct buf)BUF_INITIALIZER;
    output = OFPACT_PUT(&ctx->action_set, OUTPUT, ofpact_output);
    output->port = is_back ? OFPORT_IN_PORT : port->port_no;
    output->max_len = truncate;
    output->truncate = truncate != 0;
    ctx->pkt.flow.actset_output = port->port_no;
    ctx->out->written |= UINT64_C(1) << offsetof(struct flow, actset_output) / 8;
    ctx->in_egress = true;
    ctx->is_copy = false;
}

static void
leave(struct xlate_ctx *ctx, struct outer *outer)
{
    buf_destroy(&ctx->action_set);
    ctx->action_set = outer->action_set;
    ctx->tail = outer->tail;
    ctx->in_egress = false;
    ctx->is_copy = outer->is_copy;
    xlate_branch_end(ctx, &outer->branch);
}

static void
run_tables(struct xlate_ctx *ctx)
{
    ctx->tail = false;
    xlate_table(ctx, ctx->ofproto->first_egress_table, false);
    if (!ctx->freezing)
        xlate_action_set(ctx);
    if (ctx->freezing)
        xlate_freeze_finish(ctx);
}

void
xlate_egress(struct xlate_ctx *ctx, const struct ofport *port, uint32_t truncate)
{
    struct outer *outer;

    if (ctx->depth >= XLATE_MAX_DEPTH) {
        xlate_fail(ctx, XLATE_TOO_DEEP);
        return;
    }
    outer = xmalloc(sizeof *outer);
    xlate_report(ctx, "egress processing for port %u", port->port_no);
    ctx->depth++;
    enter(ctx, port, truncate, outer);
    run_tables(ctx);
    leave(ctx, outer);
    ctx->depth--;
    free(outer);
}
