/* SPDX-License-Identifier: Apache-2.0 */
/* Recirculation: a pop or a new EtherType brings headers to light that the key does not hold.
 * Before an action looks at these, translation unwinds; each list saves its rest. The datapath
 * parses the packet again and looks it up under an id that stands for what was saved. */
#include "slowpath/xlate-private.h"

/* The bytes behind an id: this, the stack, the action set, the segments. */
struct frozen {
    uint32_t bridge;
    uint32_t in_port;
    uint32_t actset_output;
    uint32_t stack_size, action_set_size, segments_size;
    uint32_t skb_priority; /* Of a packet that waits at the controller; 0: no queue was set. */
    uint16_t in_egress;
    uint16_t is_copy;
    __be64 metadata;
    __be32 regs[FLOW_N_REGS];
};

/* ---- When -------------------------------------------------------------------------------------*/
static bool
looks_at(const struct xlate_ctx *ctx, const struct subfield *sf)
{
    return xlate_is_opaque(ctx, field_from_id((enum field_id)sf->field));
}

static bool
is_all_opaque(const struct xlate_ctx *ctx)
{
    return ctx->pkt.opaque == XLATE_OPAQUE_ALL;
}

static bool
output_needs_reparse(const struct xlate_ctx *ctx, const struct ofpact_output *output)
{
    return output->port == OFPORT_TABLE || (output->port == OFPORT_NORMAL && is_all_opaque(ctx));
}

static bool
set_field_needs_reparse(const struct xlate_ctx *ctx, const struct ofpact_set_field *set)
{
    return xlate_is_opaque(ctx, field_from_id((enum field_id)set->field));
}

static bool
move_needs_reparse(const struct xlate_ctx *ctx, const struct ofpact_reg_move *move)
{
    return looks_at(ctx, &move->src) || looks_at(ctx, &move->dst);
}

bool
xlate_needs_reparse(const struct xlate_ctx *ctx, const struct ofpact *a)
{
    if (!ctx->pkt.opaque)
        return false;
    switch ((enum ofpact_type)a->type) {
    case OFPACT_OUTPUT:
        return output_needs_reparse(ctx, (const struct ofpact_output *)a);
    case OFPACT_SET_FIELD:
        return set_field_needs_reparse(ctx, (const struct ofpact_set_field *)a);
    case OFPACT_REG_MOVE:
        return move_needs_reparse(ctx, (const struct ofpact_reg_move *)a);
    case OFPACT_STACK_PUSH:
    case OFPACT_STACK_POP:
        return looks_at(ctx, &((const struct ofpact_stack *)a)->subfield);
    case OFPACT_OUTPUT_REG:
        return looks_at(ctx, &((const struct ofpact_output_reg *)a)->src);
    case OFPACT_PUSH_VLAN:
    case OFPACT_POP_VLAN:
    case OFPACT_POP_MPLS:
    case OFPACT_POP_PBB:
    case OFPACT_DEC_MPLS_TTL:
    case OFPACT_COPY_TTL_OUT:
    case OFPACT_COPY_TTL_IN:
        return is_all_opaque(ctx);
    case OFPACT_GROUP:
    case OFPACT_BUNDLE:
    case OFPACT_MULTIPATH:
    case OFPACT_PUSH_MPLS:
    case OFPACT_PUSH_PBB:
    case OFPACT_DEC_TTL:
    case OFPACT_RESUBMIT:
    case OFPACT_LEARN:
    case OFPACT_CT:
    case OFPACT_GOTO_TABLE:
        return true;
    case OFPACT_CONTROLLER:
    case OFPACT_ENQUEUE:
    case OFPACT_SET_QUEUE:
    case OFPACT_POP_QUEUE:
    case OFPACT_CONJUNCTION:
    case OFPACT_NOTE:
    case OFPACT_EXIT:
    case OFPACT_FIN_TIMEOUT:
    case OFPACT_SAMPLE:
    case OFPACT_CT_CLEAR:
    case OFPACT_NAT:
    case OFPACT_CLONE:
    case OFPACT_CHECK_PKT_LARGER:
    case OFPACT_METER:
    case OFPACT_STAT_TRIGGER:
    case OFPACT_CLEAR_ACTIONS:
    case OFPACT_WRITE_ACTIONS:
    case OFPACT_WRITE_METADATA:
    case N_OFPACTS:
        return false;
    }
    return false;
}

/* ---- Freezing ---------------------------------------------------------------------------------*/
void
xlate_freeze_rest(struct xlate_ctx *ctx, const struct ofpact *rest, size_t size)
{
    struct xlate_segment segment = {.flow_cookie = ctx->flow_cookie,
                                    .size = (uint32_t)size,
                                    .in_port = ctx->pkt.flow.in_port,
                                    .table_id = ctx->table_id,
                                    .reason = ctx->reason,
                                    .in_action_set = ctx->in_action_set};

    ctx->freezing = true;
    if (size) {
        buf_put(&ctx->frozen, &segment, sizeof segment);
        buf_put(&ctx->frozen, rest, size);
    }
}

/* The state that goes on after the packet was parsed again, as bytes. */
static void
put_frozen(const struct xlate_ctx *ctx, struct buf *bytes)
{
    uint32_t priority = ctx->pkt.flow.key.skb_priority & ctx->pkt.known.key.skb_priority;
    struct frozen frozen = {.bridge = ctx->bridge->number,
                            .in_port = ctx->pkt.flow.in_port,
                            .actset_output = ctx->pkt.flow.actset_output,
                            .stack_size = (uint32_t)ctx->stack.size,
                            .action_set_size = (uint32_t)ctx->action_set.size,
                            .segments_size = (uint32_t)ctx->frozen.size,
                            .skb_priority = ctx->paused.size ? priority : 0,
                            .in_egress = ctx->in_egress,
                            .is_copy = ctx->is_copy,
                            .metadata = ctx->pkt.flow.metadata};

    memcpy(frozen.regs, ctx->pkt.flow.regs, sizeof frozen.regs);
    buf_put(bytes, &frozen, sizeof frozen);
    buf_put(bytes, ctx->stack.data, ctx->stack.size);
    buf_put(bytes, ctx->action_set.data, ctx->action_set.size);
    buf_put(bytes, ctx->frozen.data, ctx->frozen.size);
}

static void
recirculate(struct xlate_ctx *ctx, uint32_t id)
{
    xlate_emit(ctx, DP_ACTION_RECIRC)->arg32 = id;
    xlate_report(ctx, "recirculates as %#x", id);
    ctx->irreversible = true;
}

void
xlate_freeze_finish(struct xlate_ctx *ctx)
{
    struct buf bytes = BUF_INITIALIZER;
    uint32_t id;

    put_frozen(ctx, &bytes);
    id = ids_get(ctx->bridge->recircs, bytes.data, bytes.size);
    buf_destroy(&bytes);
    buf_clear(&ctx->frozen);
    buf_clear(&ctx->action_set);
    xlate_add_id(ctx, true, id);
    xlate_commit(ctx);
    if (ctx->paused.size)
        xlate_pause_finish(ctx, id);
    else
        recirculate(ctx, id);
    ctx->freezing = false;
    ctx->stop = true;
}

/* ---- Thawing ----------------------------------------------------------------------------------*/
/* Runs the segments; one that freezes again leaves the others to be saved behind it. */
static void
run_segments(struct xlate_ctx *ctx, const char *p, const char *end)
{
    while (p < end && !ctx->stop) {
        const struct xlate_segment *segment = (const struct xlate_segment *)p;

        p += sizeof *segment + segment->size;
        ctx->flow_cookie = segment->flow_cookie;
        ctx->table_id = segment->table_id;
        ctx->reason = segment->reason;
        ctx->in_action_set = segment->in_action_set;
        ctx->pkt.flow.in_port = segment->in_port;
        if (ctx->freezing)
            xlate_freeze_rest(ctx, (const struct ofpact *)(segment + 1), segment->size);
        else
            xlate_actions(ctx, (const struct ofpact *)(segment + 1), segment->size);
    }
    ctx->in_action_set = false;
}

static void
restore(struct xlate_ctx *ctx, const struct frozen *frozen)
{
    const char *p = (const char *)(frozen + 1);
    struct flow *flow = &ctx->pkt.flow;

    ctx->out->written |= ~((UINT64_C(1) << DP_KEY_WORDS) - 1);
    flow->in_port = flow->in_phy_port = frozen->in_port;
    flow->actset_output = frozen->actset_output;
    flow->metadata = frozen->metadata;
    memcpy(flow->regs, frozen->regs, sizeof flow->regs);
    if (frozen->skb_priority)
        xlate_set_priority(ctx, frozen->skb_priority);
    ctx->in_egress = frozen->in_egress;
    ctx->is_copy = frozen->is_copy;
    buf_put(&ctx->stack, p, frozen->stack_size);
    p += frozen->stack_size;
    buf_put(&ctx->action_set, p, frozen->action_set_size);
    p += frozen->action_set_size;
    run_segments(ctx, p, p + frozen->segments_size);
}

void
xlate_thaw(struct xlate_ctx *ctx)
{
    size_t size;
    struct frozen *frozen = ids_find(ctx->bridge->recircs, ctx->in->flow.key.recirc_id, &size);

    if (frozen && frozen->bridge == ctx->bridge->number)
        restore(ctx, frozen);
    else
        xlate_fail(ctx, XLATE_NO_RECIRC_STATE);
    free(frozen);
}

/* Segments of a resubmit that said another port keep that. */
static void
change_in_port(struct frozen *frozen, uint32_t in_port)
{
    char *p = (char *)(frozen + 1) + frozen->stack_size + frozen->action_set_size;
    const char *end = p + frozen->segments_size;

    while (p < end) {
        struct xlate_segment *segment = (struct xlate_segment *)p;

        if (segment->in_port == frozen->in_port)
            segment->in_port = in_port;
        p += sizeof *segment + segment->size;
    }
    frozen->in_port = in_port;
}

uint32_t
xlate_resume(const struct xlate_bridge *bridge, const void *bytes, size_t size,
             const struct flow *flow, uint32_t *in_port)
{
    struct frozen *frozen;
    uint32_t id = 0;

    if (size < sizeof *frozen)
        return 0;
    frozen = xmemdup(bytes, size);
    if (frozen->bridge == bridge->number) {
        frozen->metadata = flow->metadata;
        memcpy(frozen->regs, flow->regs, sizeof frozen->regs);
        if (flow->in_port)
            change_in_port(frozen, flow->in_port);
        *in_port = frozen->in_port;
        id = ids_get(bridge->recircs, frozen, size);
    }
    free(frozen);
    return id;
}

bool
xlate_recirc_bridge(struct ids *recircs, uint32_t recirc_id, uint32_t *bridge)
{
    size_t size;
    struct frozen *frozen = ids_find(recircs, recirc_id, &size);
    bool found = frozen != NULL;

    if (found)
        *bridge = frozen->bridge;
    free(frozen);
    return found;
}
