/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/xlate-private.h"

#include <arpa/inet.h>
#include <stdarg.h>

#include "actions/actions.h"
#include "datapath/parts.h"

/* ---- Building the result ----------------------------------------------------------------------*/
/* Room for one more element in a growing array. */
#define GROW(ARRAY, N, MAX)                                                                        \
    do {                                                                                           \
        if ((N) >= (MAX)) {                                                                        \
            (MAX) = (MAX) ? 2 * (MAX) : 16;                                                        \
            (ARRAY) = xrealloc(ARRAY, (MAX) * sizeof *(ARRAY));                                    \
        }                                                                                          \
    } while (0)

struct dp_action *
xlate_emit(struct xlate_ctx *ctx, enum dp_action_kind kind)
{
    struct xlate_out *out = ctx->out;
    struct dp_action *action;

    GROW(out->actions, out->n_actions, out->max_actions);
    action = &out->actions[out->n_actions++];
    memset(action, 0, sizeof *action);
    action->kind = (uint8_t)kind;
    return action;
}

void
xlate_add_ref(struct xlate_ctx *ctx, struct xlate_ref ref)
{
    GROW(ctx->out->refs, ctx->out->n_refs, ctx->out->max_refs);
    ctx->out->refs[ctx->out->n_refs++] = ref;
}

struct xlate_effect *
xlate_add_effect(struct xlate_ctx *ctx, enum xlate_effect_kind kind)
{
    struct xlate_out *out = ctx->out;
    struct xlate_effect *effect;

    GROW(out->effects, out->n_effects, out->max_effects);
    effect = &out->effects[out->n_effects++];
    memset(effect, 0, sizeof *effect);
    effect->kind = kind;
    return effect;
}

void
xlate_add_id(struct xlate_ctx *ctx, bool is_recirc, uint32_t id)
{
    GROW(ctx->out->ids, ctx->out->n_ids, ctx->out->max_ids);
    ctx->out->ids[ctx->out->n_ids++] = (struct xlate_id){is_recirc, id};
}

#define MAX_INDENT 40 /* In a loop of tables there are thousands of levels. */

void
xlate_report(struct xlate_ctx *ctx, const char *format, ...)
{
    struct buf *trace = ctx->in->trace;
    va_list args;

    if (!trace)
        return;
    buf_printf(trace, "%*s", (int)(4 * MIN(ctx->indent, MAX_INDENT)), "");
    va_start(args, format);
    buf_vprintf(trace, format, args);
    va_end(args);
    buf_putc(trace, '\n');
}

const char *
xlate_strerror(enum xlate_error error)
{
    switch (error) {
    case XLATE_OK:
        return "no error";
    case XLATE_TOO_DEEP:
        return "resubmits, groups and clones are nested too deep";
    case XLATE_TOO_MANY_RESUBMITS:
        return "too many resubmits";
    case XLATE_STACK_TOO_DEEP:
        return "too much on the stack";
    case XLATE_TOO_MANY_HEADERS:
        return "too many tags and labels pushed and popped";
    case XLATE_NO_RECIRC_STATE:
        return "unknown recirculation id";
    case XLATE_NO_IN_PORT:
        return "the packet's port is not of this bridge";
    }
    return "unknown error";
}

void
xlate_fail(struct xlate_ctx *ctx, enum xlate_error error)
{
    if (!ctx->out->error) {
        ctx->out->error = error;
        xlate_report(ctx, ">> %s: the packet is dropped", xlate_strerror(error));
    }
    ctx->stop = true;
}

/* ---- Tables -----------------------------------------------------------------------------------*/
/* Fragments look, in mode NORMAL, as if they had no ports; whether a packet is one matters to
 * those tables that look at ports. */
static struct rule *
lookup_without_ports(struct xlate_ctx *ctx, const struct table *table, struct flow *wc)
{
    struct dp_key *key = &ctx->pkt.flow.key;
    __be16 tp_src = key->tp_src, tp_dst = key->tp_dst;
    bool is_fragment = key->ip_frag & (DP_FRAG_ANY | DP_FRAG_LATER);
    struct rule *rule;

    if (is_fragment) {
        key->tp_src = key->tp_dst = 0;
        ctx->out->written |= UINT64_C(1) << DP_WORD_OF(tp_src);
    }
    rule = table_lookup(table, &ctx->pkt.flow, wc);
    key->tp_src = tp_src;
    key->tp_dst = tp_dst;
    if (wc->key.tp_src || wc->key.tp_dst)
        wc->key.ip_frag |= DP_FRAG_ANY | DP_FRAG_LATER;
    if (is_fragment)
        wc->key.tp_src = wc->key.tp_dst = 0;
    return rule;
}

static struct rule *
lookup(struct xlate_ctx *ctx, const struct table *table)
{
    struct flow wc = {0};
    struct rule *rule;

    if ((ctx->ofproto->config_flags & OFPC_FRAG_MASK) == OFPC_FRAG_NORMAL)
        rule = lookup_without_ports(ctx, table, &wc);
    else
        rule = table_lookup(table, &ctx->pkt.flow, &wc);
    xlate_consult(ctx, &wc);
    return rule;
}

static void
report_rule(struct xlate_ctx *ctx, const struct rule *rule, uint8_t table_id)
{
    struct match match;
    struct buf text = BUF_INITIALIZER;

    if (!ctx->in->trace)
        return;
    if (!rule) {
        xlate_report(ctx, "%u. No match.", table_id);
        return;
    }
    cls_rule_expand(&rule->cls, &match.flow, &match.mask);
    match_format(&match, NULL, rule->cls.priority, &text);
    xlate_report(ctx, "%u. %s%scookie %#llx", table_id, buf_text(&text), text.size ? ", " : "",
                 (unsigned long long)rule->cookie);
    buf_clear(&text);
    ofpacts_format(rule->ofpacts, rule->ofpacts_size, NULL, &text);
    xlate_report(ctx, "   actions=%s", buf_text(&text));
    buf_destroy(&text);
}

static void
run_rule(struct xlate_ctx *ctx, struct rule *rule)
{
    struct rule *old_rule = ctx->rule;
    uint64_t old_cookie = ctx->flow_cookie;
    uint8_t old_reason = ctx->reason;

    ctx->rule = rule;
    ctx->flow_cookie = rule->cookie;
    ctx->reason = rule_is_table_miss(rule) ? OFPR_TABLE_MISS : OFPR_APPLY_ACTION;
    ctx->indent++;
    xlate_actions(ctx, rule->ofpacts, rule->ofpacts_size);
    ctx->indent--;
    ctx->rule = old_rule;
    ctx->flow_cookie = old_cookie;
    ctx->reason = old_reason;
}

static void
send_miss(struct xlate_ctx *ctx, bool is_implicit)
{
    struct xlate_packet_in packet_in = {.reason = OFPR_TABLE_MISS,
                                        .is_implicit = is_implicit,
                                        .max_len = ctx->ofproto->miss_send_len};

    ctx->flow_cookie = UINT64_MAX;
    xlate_controller(ctx, &packet_in);
}

/* A resubmit that finds nothing does nothing. Else the packet is dropped or goes to the controller,
 * and its action set with it. */
static void
run_miss(struct xlate_ctx *ctx, const struct table *table, bool is_resubmit)
{
    if (table->miss == TABLE_MISS_CONTINUE) {
        bool is_end = !ctx->in_egress && table->id + 1u == ctx->ofproto->first_egress_table;

        if (!is_end && ofproto_table(ctx->ofproto, table->id + 1u))
            xlate_table(ctx, table->id + 1, is_resubmit);
        return;
    }
    if (is_resubmit)
        return;
    if (table->miss == TABLE_MISS_CONTROLLER)
        send_miss(ctx, false);
    else if (table->miss == TABLE_MISS_DEFAULT && ctx->bridge->sends_implicit_misses)
        send_miss(ctx, true);
    buf_clear(&ctx->action_set);
}

void
xlate_table(struct xlate_ctx *ctx, uint8_t table_id, bool is_resubmit)
{
    struct table *table = ofproto_table(ctx->ofproto, table_id);
    uint8_t old_table = ctx->table_id;
    struct rule *rule;

    if (!table)
        return;
    ctx->table_id = table_id;
    ctx->out->tables[table_id / 64] |= UINT64_C(1) << table_id % 64;
    rule = lookup(ctx, table);
    report_rule(ctx, rule, table_id);
    xlate_add_ref(
        ctx, (struct xlate_ref){.kind = rule ? XLATE_TABLE_HIT : XLATE_TABLE_MISS, .table = table});
    if (rule) {
        xlate_add_ref(ctx, (struct xlate_ref){.kind = XLATE_RULE, .rule = rule});
        run_rule(ctx, rule);
    } else {
        run_miss(ctx, table, is_resubmit);
    }
    ctx->table_id = old_table;
}

/* ---- Action set -------------------------------------------------------------------------------*/
void
xlate_action_set(struct xlate_ctx *ctx)
{
    struct buf actions = BUF_INITIALIZER;
    bool was_in_set = ctx->in_action_set;

    if (!ctx->action_set.size || ctx->stop)
        return;
    ofpacts_from_action_set((const struct ofpact *)ctx->action_set.data, ctx->action_set.size,
                            &actions);
    buf_clear(&ctx->action_set);
    xlate_report(ctx, "-- the action set");
    ctx->exit = false;
    ctx->in_action_set = true;
    ctx->reason = OFPR_ACTION_SET;
    xlate_actions(ctx, (const struct ofpact *)actions.data, actions.size);
    ctx->in_action_set = was_in_set;
    buf_destroy(&actions);
}

/* ---- Start and end ----------------------------------------------------------------------------*/
static void
init_pkt(struct xlate_pkt *pkt, const struct flow *flow)
{
    memset(pkt, 0, offsetof(struct xlate_pkt, ops));
    pkt->flow = *flow;
    memset((char *)&pkt->known + sizeof(struct dp_key), 0xff,
           sizeof pkt->known - sizeof(struct dp_key));
    for (int i = 0; i < 2; i++)
        pkt->vlan_src[i] = (int8_t)i;
    for (int i = 0; i < 3; i++)
        pkt->mpls_src[i] = (int8_t)i;
}

static void
init(struct xlate_ctx *ctx, const struct xlate_in *in, struct xlate_out *out)
{
    *out = (struct xlate_out){.actions = out->actions,
                              .max_actions = out->max_actions,
                              .refs = out->refs,
                              .max_refs = out->max_refs,
                              .effects = out->effects,
                              .max_effects = out->max_effects,
                              .ids = out->ids,
                              .max_ids = out->max_ids,
                              .n_runs = 1};
    out->wc.key.in_port = out->wc.key.recirc_id = UINT32_MAX;
    init_pkt(&ctx->pkt, &in->flow);
    init_pkt(&ctx->base, &in->flow);
    memset(&ctx->ttl_epoch, 0, sizeof *ctx - offsetof(struct xlate_ctx, ttl_epoch));
    ctx->in = in;
    ctx->out = out;
    ctx->bridge = in->bridge;
    ctx->ofproto = in->bridge->ofproto;
    ctx->reason = OFPR_APPLY_ACTION;
    ctx->flow_cookie = UINT64_MAX;
    ctx->tail = true;
}

/* What the port or the switch's configuration drops before any table. */
static bool
is_dropped_on_entry(struct xlate_ctx *ctx)
{
    const struct ofport *port = ofproto_port(ctx->ofproto, ctx->pkt.flow.in_port);
    struct flow frag = {0};

    if (port && port->config & (OFPPC_NO_RECV | OFPPC_PORT_DOWN)) {
        xlate_report(ctx, "the port does not receive");
        return true;
    }
    if ((ctx->ofproto->config_flags & OFPC_FRAG_MASK) != OFPC_FRAG_DROP)
        return false;
    frag.key.ip_frag = DP_FRAG_ANY;
    xlate_consult(ctx, &frag);
    return ctx->pkt.flow.key.ip_frag & DP_FRAG_ANY;
}

static void
run_pipeline(struct xlate_ctx *ctx)
{
    if (ctx->in->flow.key.recirc_id) {
        xlate_thaw(ctx);
    } else if (ctx->in->actions) {
        ctx->reason = OFPR_PACKET_OUT;
        xlate_actions(ctx, ctx->in->actions, ctx->in->actions_size);
    } else if (!is_dropped_on_entry(ctx)) {
        xlate_table(ctx, 0, false);
    }
    if (!ctx->freezing && !ctx->is_copy)
        xlate_action_set(ctx);
    if (ctx->freezing)
        xlate_freeze_finish(ctx);
}

static bool
has_meter(const struct dp_action *actions, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (actions[i].kind == DP_ACTION_METER)
            return true;
    }
    return false;
}

/* Of the parts in which user space runs a list, each but the last is done again for the next. */
static bool
repeats_meter(const struct dp_action *actions, size_t n)
{
    size_t done = 0, length;

    if (n > DP_LIST_MAX)
        return has_meter(actions, n);
    while ((length = dp_part_length(actions + done, n - done)) < n - done)
        done += length;
    return has_meter(actions, done);
}

/* A packet that ran into a limit is dropped whole: what was emitted so far is not sent. */
static void
finish(struct xlate_ctx *ctx)
{
    struct xlate_out *out = ctx->out;

    if (out->error) {
        out->n_actions = 0;
        out->n_runs = 1;
        out->is_slow = false;
        return;
    }
    for (uint32_t i = 0; i < out->n_runs; i++) {
        size_t start = out->run_starts[i];
        size_t end = i + 1 < out->n_runs ? out->run_starts[i + 1] : out->n_actions;

        if (start == end)
            continue;
        dp_actions_mark_last(out->actions + start, end - start);
        ctx->repeats_meter |= repeats_meter(out->actions + start, end - start);
    }
    out->is_slow = out->n_runs > 1 || out->n_actions > DP_LIST_MAX ||
                   dp_actions_need_slow(out->actions, out->n_actions);
}

/* Changes behind which nothing happens need not be made. */
static void
trim(struct xlate_out *out)
{
    size_t start = out->run_starts[out->n_runs - 1];

    while (out->n_actions > start) {
        uint8_t kind = out->actions[out->n_actions - 1].kind;

        if (kind == DP_ACTION_OUTPUT || kind == DP_ACTION_USERSPACE || kind == DP_ACTION_RECIRC ||
            kind == DP_ACTION_METER || kind == DP_ACTION_DEC_TTL || kind == DP_ACTION_DROP)
            break;
        out->n_actions--;
    }
    if (out->n_runs > 1 && out->n_actions == start)
        out->n_runs--;
}

/* Returns whether user space would meter a packet more than once by the list. */
static bool
translate(const struct xlate_in *in, struct xlate_out *out, bool meters_apart)
{
    struct xlate_ctx ctx;

    init(&ctx, in, out);
    ctx.meters_apart = meters_apart;
    run_pipeline(&ctx);
    trim(out);
    finish(&ctx);
    buf_destroy(&ctx.action_set);
    buf_destroy(&ctx.stack);
    buf_destroy(&ctx.frozen);
    buf_destroy(&ctx.paused);
    return ctx.repeats_meter;
}

void
xlate(const struct xlate_in *in, struct xlate_out *out)
{
    if (translate(in, out, false)) {
        xlate_out_clear(out, in->bridge);
        if (in->trace)
            buf_puts(in->trace, "again: what is behind a meter is a list of its own\n");
        translate(in, out, true);
    }
}
