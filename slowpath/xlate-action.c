/* SPDX-License-Identifier: Apache-2.0 */
/* A list of OpenFlow actions and instructions, one after the other. */
#include "slowpath/xlate-private.h"

#include <netinet/in.h>

#include "ofproto/meter.h"

/* ---- Headers ----------------------------------------------------------------------------------*/
/* OpenFlow 1.0's setters name the ports of any transport, and push a VLAN tag if there is none. */
static bool
legacy_has_field(struct xlate_ctx *ctx, enum field_id id)
{
    switch ((int)id) {
    case FIELD_TCP_SRC:
    case FIELD_TCP_DST:
        return xlate_has_any_transport(ctx);
    case FIELD_VLAN_VID:
    case FIELD_VLAN_PCP:
    case FIELD_DL_VLAN:
    case FIELD_DL_VLAN_PCP:
        if (!xlate_has_vlan(ctx))
            xlate_push_vlan(ctx, ETH_TYPE_VLAN);
        return true;
    default:
        return true;
    }
}

static void
set_field(struct xlate_ctx *ctx, const struct ofpact_set_field *set)
{
    const struct field *field = field_from_id((enum field_id)set->field);
    bool is_legacy = set->ofpact.flavor == SET_FIELD_LEGACY;
    field_value mask = set->mask;

    if (is_legacy && !legacy_has_field(ctx, field->id))
        return;
    if (is_legacy && (field->id == FIELD_VLAN_VID || field->id == FIELD_VLAN_TCI))
        mask &= ~(field_value)0x1000;
    if (is_legacy && (field->id == FIELD_TCP_SRC || field->id == FIELD_TCP_DST))
        xlate_write_present(ctx, field, set->value, mask);
    else
        xlate_write(ctx, field, set->value, mask);
}

static void
move(struct xlate_ctx *ctx, const struct ofpact_reg_move *mv)
{
    if (xlate_has_field(ctx, field_from_id((enum field_id)mv->src.field)))
        xlate_write_subfield(ctx, &mv->dst, xlate_read(ctx, &mv->src));
}

static void
stack_push(struct xlate_ctx *ctx, const struct ofpact_stack *push)
{
    struct xlate_stack_entry entry = {.value = xlate_read(ctx, &push->subfield),
                                      .n_bits = push->subfield.n_bits};

    if (ctx->stack.size >= XLATE_MAX_STACK)
        xlate_fail(ctx, XLATE_STACK_TOO_DEEP);
    else
        buf_put(&ctx->stack, &entry, sizeof entry);
}

static void
stack_pop(struct xlate_ctx *ctx, const struct ofpact_stack *pop)
{
    struct xlate_stack_entry entry;

    if (ctx->stack.size < sizeof entry) {
        xlate_report(ctx, "nothing to pop");
        return;
    }
    ctx->stack.size -= sizeof entry;
    memcpy(&entry, ctx->stack.data + ctx->stack.size, sizeof entry);
    xlate_write_subfield(ctx, &pop->subfield, entry.value);
}

/* ---- Output -----------------------------------------------------------------------------------*/
static void
output_reg(struct xlate_ctx *ctx, const struct ofpact_output_reg *out)
{
    field_value port = xlate_read(ctx, &out->src);

    if (out->src.n_bits <= 16)
        port = ofport_from_v10((uint16_t)port);
    if (port <= UINT32_MAX)
        xlate_output(ctx, (uint32_t)port, out->max_len, false);
}

static void
enqueue(struct xlate_ctx *ctx, const struct ofpact_enqueue *enq)
{
    uint32_t priority = ctx->pkt.flow.key.skb_priority;
    uint32_t known = ctx->pkt.known.key.skb_priority;

    xlate_set_queue(ctx, enq->queue_id);
    xlate_output(ctx, enq->port, 0, false);
    ctx->pkt.flow.key.skb_priority = priority;
    ctx->pkt.known.key.skb_priority = known;
}

static bool meter(struct xlate_ctx *, uint32_t meter_id);

static void
controller(struct xlate_ctx *ctx, const struct ofpact_controller *c)
{
    struct xlate_packet_in packet_in = {.reason = c->reason,
                                        .max_len = c->max_len,
                                        .controllers = &c->controller_id,
                                        .n_controllers = c->controller_id != 0,
                                        .userdata = c->userdata,
                                        .userdata_size = c->userdata_size};
    struct xlate_branch *branch;

    if (c->pause) {
        if (c->meter_id) /* What is over its rate goes nowhere: the list ends here. */
            meter(ctx, c->meter_id);
        xlate_pause(ctx, &packet_in);
        return;
    }
    if (!c->meter_id) {
        xlate_controller(ctx, &packet_in);
        return;
    }
    /* What is over the meter's rate is not sent; the packet goes on all the same. */
    branch = xmalloc(sizeof *branch);
    xlate_branch_begin(ctx, branch, false);
    meter(ctx, c->meter_id);
    xlate_controller(ctx, &packet_in);
    xlate_branch_end(ctx, branch);
    free(branch);
}

/* Over its rate the datapath ends the list there. Returns whether there is such a meter. */
static bool
meter(struct xlate_ctx *ctx, uint32_t meter_id)
{
    const struct meter *m = meter_find(ctx->ofproto, meter_id);

    if (!m || m->provider_id == METER_NO_PROVIDER)
        return false;
    xlate_commit(ctx);
    xlate_emit(ctx, DP_ACTION_METER)->arg32 = m->provider_id;
    ctx->irreversible |= ctx->branch != 0;
    return true;
}

/* ---- Control ----------------------------------------------------------------------------------*/
static bool
enter(struct xlate_ctx *ctx)
{
    if (ctx->depth >= XLATE_MAX_DEPTH) {
        xlate_fail(ctx, XLATE_TOO_DEEP);
        return false;
    }
    ctx->depth++;
    return true;
}

void
xlate_table_again(struct xlate_ctx *ctx, uint8_t table_id, bool is_resubmit)
{
    if (++ctx->n_resubmits > XLATE_MAX_RESUBMITS) {
        xlate_fail(ctx, XLATE_TOO_MANY_RESUBMITS);
    } else if (enter(ctx)) {
        xlate_table(ctx, table_id, is_resubmit);
        ctx->depth--;
    }
}

static void
resubmit(struct xlate_ctx *ctx, const struct ofpact_resubmit *rs)
{
    uint32_t in_port = ctx->pkt.flow.in_port;
    uint8_t table_id = rs->table_id == OFTABLE_ALL ? ctx->table_id : rs->table_id;

    if (rs->in_port != OFPORT_IN_PORT) {
        ctx->pkt.flow.in_port = rs->in_port;
        ctx->out->written |= UINT64_C(1) << offsetof(struct flow, in_port) / 8;
    }
    xlate_table_again(ctx, table_id, true);
    ctx->pkt.flow.in_port = in_port;
}

void
xlate_copy_actions(struct xlate_ctx *ctx, const struct ofpact *actions, size_t size, bool is_last)
{
    struct buf outer_set = ctx->action_set, outer_stack = ctx->stack;
    bool was_tail = ctx->tail, was_copy = ctx->is_copy;

    ctx->action_set = ctx->stack = (struct buf)BUF_INITIALIZER;
    buf_put(&ctx->stack, outer_stack.data, outer_stack.size);
    ctx->tail = is_last;
    ctx->is_copy = true;
    xlate_actions(ctx, actions, size);
    if (ctx->freezing)
        xlate_freeze_finish(ctx);
    buf_destroy(&ctx->action_set);
    buf_destroy(&ctx->stack);
    ctx->action_set = outer_set;
    ctx->stack = outer_stack;
    ctx->tail = was_tail;
    ctx->is_copy = was_copy;
}

static void
run_clone(struct xlate_ctx *ctx, const struct ofpact_nest *nest)
{
    struct xlate_branch *branch = xmalloc(sizeof *branch);
    bool is_last = ctx->tail;

    if (enter(ctx)) {
        xlate_branch_begin(ctx, branch, is_last);
        xlate_copy_actions(ctx, nest->actions, ofpact_nest_size(nest), is_last);
        xlate_branch_end(ctx, branch);
        ctx->depth--;
    }
    free(branch);
}

void
xlate_bucket_actions(struct xlate_ctx *ctx, const struct ofpact *actions, size_t size, bool is_last)
{
    struct buf ordered = BUF_INITIALIZER;

    ofpacts_from_action_set(actions, size, &ordered);
    xlate_copy_actions(ctx, (const struct ofpact *)ordered.data, ordered.size, is_last);
    buf_destroy(&ordered);
}

static void
fin_timeout(struct xlate_ctx *ctx, const struct ofpact_fin_timeout *fin)
{
    struct xlate_effect *effect;

    xlate_consult_key(ctx, eth_type);
    xlate_consult_key(ctx, ip_proto);
    if (!ctx->rule || !xlate_is_ip(ctx) || ctx->pkt.flow.key.ip_proto != IPPROTO_TCP)
        return;
    effect = xlate_add_effect(ctx, XLATE_FIN_TIMEOUT);
    effect->fin.rule = ctx->rule;
    effect->fin.idle_timeout_s = fin->idle_timeout;
    effect->fin.hard_timeout_s = fin->hard_timeout;
}

/* ---- Instructions -----------------------------------------------------------------------------*/
/* What actset_output would be if the pipeline ended here. */
static void
update_actset_output(struct xlate_ctx *ctx)
{
    const struct ofpact *set = (const struct ofpact *)ctx->action_set.data, *a;
    uint32_t port = OFPORT_UNSET;

    if (ctx->in_egress)
        return;
    OFPACT_FOR_EACH(a, set, ctx->action_set.size)
    {
        if (a->type == OFPACT_GROUP) {
            port = OFPORT_UNSET;
            break;
        }
        if (a->type == OFPACT_OUTPUT)
            port = ((const struct ofpact_output *)a)->port;
    }
    ctx->pkt.flow.actset_output = port;
    ctx->out->written |= UINT64_C(1) << offsetof(struct flow, actset_output) / 8;
}

static void
write_actions(struct xlate_ctx *ctx, const struct ofpact_nest *nest)
{
    buf_put(&ctx->action_set, nest->actions, ofpact_nest_size(nest));
    update_actset_output(ctx);
}

static void
clear_actions(struct xlate_ctx *ctx)
{
    buf_clear(&ctx->action_set);
    update_actset_output(ctx);
}

static void
write_metadata(struct xlate_ctx *ctx, const struct ofpact_metadata *md)
{
    const struct field *field = field_from_id(FIELD_METADATA);

    xlate_write(ctx, field, md->value, md->mask);
}

/* ---- The list ---------------------------------------------------------------------------------*/
static void
run(struct xlate_ctx *ctx, const struct ofpact *a)
{
    switch ((enum ofpact_type)a->type) {
    case OFPACT_OUTPUT: {
        const struct ofpact_output *out = (const struct ofpact_output *)a;

        xlate_output(ctx, out->port, out->max_len, out->truncate);
        break;
    }
    case OFPACT_GROUP:
        xlate_group(ctx, ((const struct ofpact_group *)a)->group_id);
        break;
    case OFPACT_CONTROLLER:
        controller(ctx, (const struct ofpact_controller *)a);
        break;
    case OFPACT_ENQUEUE:
        enqueue(ctx, (const struct ofpact_enqueue *)a);
        break;
    case OFPACT_OUTPUT_REG:
        output_reg(ctx, (const struct ofpact_output_reg *)a);
        break;
    case OFPACT_BUNDLE:
        xlate_bundle(ctx, (const struct ofpact_bundle *)a);
        break;
    case OFPACT_SET_QUEUE:
        xlate_set_queue(ctx, ((const struct ofpact_queue *)a)->queue_id);
        break;
    case OFPACT_POP_QUEUE:
        xlate_pop_queue(ctx);
        break;
    case OFPACT_SET_FIELD:
        set_field(ctx, (const struct ofpact_set_field *)a);
        break;
    case OFPACT_REG_MOVE:
        move(ctx, (const struct ofpact_reg_move *)a);
        break;
    case OFPACT_STACK_PUSH:
        stack_push(ctx, (const struct ofpact_stack *)a);
        break;
    case OFPACT_STACK_POP:
        stack_pop(ctx, (const struct ofpact_stack *)a);
        break;
    case OFPACT_PUSH_VLAN:
        xlate_push_vlan(ctx, ((const struct ofpact_push *)a)->eth_type);
        break;
    case OFPACT_POP_VLAN:
        xlate_pop_vlan(ctx);
        break;
    case OFPACT_PUSH_MPLS:
        xlate_push_mpls(ctx, ((const struct ofpact_push *)a)->eth_type, a->flavor != FLAVOR_NX);
        break;
    case OFPACT_POP_MPLS:
        xlate_pop_mpls(ctx, ((const struct ofpact_push *)a)->eth_type);
        break;
    case OFPACT_PUSH_PBB:
        xlate_push_pbb(ctx, ((const struct ofpact_push *)a)->eth_type);
        break;
    case OFPACT_POP_PBB:
        xlate_pop_pbb(ctx);
        break;
    case OFPACT_DEC_TTL:
        xlate_dec_ip_ttl(ctx, (const struct ofpact_dec_ttl *)a);
        break;
    case OFPACT_DEC_MPLS_TTL:
        xlate_dec_mpls_ttl(ctx);
        break;
    case OFPACT_COPY_TTL_OUT:
        xlate_copy_ttl(ctx, DP_TTL_OUT);
        break;
    case OFPACT_COPY_TTL_IN:
        xlate_copy_ttl(ctx, DP_TTL_IN);
        break;
    case OFPACT_RESUBMIT:
        resubmit(ctx, (const struct ofpact_resubmit *)a);
        break;
    case OFPACT_LEARN:
        xlate_learn(ctx, (const struct ofpact_learn *)a);
        break;
    case OFPACT_MULTIPATH:
        xlate_multipath(ctx, (const struct ofpact_multipath *)a);
        break;
    case OFPACT_EXIT:
        ctx->exit = true;
        break;
    case OFPACT_FIN_TIMEOUT:
        fin_timeout(ctx, (const struct ofpact_fin_timeout *)a);
        break;
    case OFPACT_CLONE:
        run_clone(ctx, (const struct ofpact_nest *)a);
        break;
    case OFPACT_METER:
        if (meter(ctx, ((const struct ofpact_meter *)a)->meter_id) && ctx->meters_apart)
            ctx->freezing = true;
        break;
    case OFPACT_CLEAR_ACTIONS:
        clear_actions(ctx);
        break;
    case OFPACT_WRITE_ACTIONS:
        write_actions(ctx, (const struct ofpact_nest *)a);
        break;
    case OFPACT_WRITE_METADATA:
        write_metadata(ctx, (const struct ofpact_metadata *)a);
        break;
    case OFPACT_GOTO_TABLE:
        xlate_table(ctx, ((const struct ofpact_goto_table *)a)->table_id, false);
        break;
    /* In the classifier, for its reader, or without connection tracking and samplers here. */
    case OFPACT_CONJUNCTION:
    case OFPACT_NOTE:
    case OFPACT_SAMPLE:
    case OFPACT_CT:
    case OFPACT_CT_CLEAR:
    case OFPACT_NAT:
    case OFPACT_CHECK_PKT_LARGER:
    case OFPACT_STAT_TRIGGER:
    case N_OFPACTS:
        break;
    }
}

/* An action is in tail position when nothing comes behind it, here, outside or in the set. */
void
xlate_actions(struct xlate_ctx *ctx, const struct ofpact *actions, size_t size)
{
    const struct ofpact *a, *end = ofpact_end(actions, size);
    bool was_tail = ctx->tail;

    OFPACT_FOR_EACH(a, actions, size)
    {
        if (ctx->stop || ctx->exit)
            break;
        if (ctx->freezing || xlate_needs_reparse(ctx, a)) {
            xlate_freeze_rest(ctx, a, (size_t)((const char *)end - (const char *)a));
            break;
        }
        ctx->tail = was_tail && ofpact_next(a) == end && !ctx->action_set.size;
        run(ctx, a);
    }
    ctx->tail = was_tail;
}
