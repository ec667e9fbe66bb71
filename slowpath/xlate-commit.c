/* SPDX-License-Identifier: Apache-2.0 */
/* From the packet as the datapath has it to the packet as OpenFlow wants it: first the structure
 * (tags and labels), then the words of the key that differ.
 *
 * Structure: base and pkt went through lists of pushes and pops from the same packet. What they
 * have in common at the start stays; base's rest is undone backwards, pkt's rest is done.
 *
 * Words: a bit needs a SET when pkt's value is known and base's is another or unknown. Where base
 * was written and pkt was not (pkt is a copy from before), pkt's bit is looked at and put back. */
#include "slowpath/xlate-private.h"

#include <arpa/inet.h>

#include "datapath/parts.h"

/* ---- Structure --------------------------------------------------------------------------------*/
static void
hide(struct xlate_ctx *ctx, size_t op)
{
    struct xlate_hidden *hidden = &ctx->hidden[op];

    memcpy(hidden->flow, flow_words(&ctx->base.flow) + XLATE_HIDE_FIRST, sizeof hidden->flow);
    memcpy(hidden->known, flow_words(&ctx->base.known) + XLATE_HIDE_FIRST, sizeof hidden->known);
}

/* Puts back words of base as they were before its op. */
static void
unhide(struct xlate_ctx *ctx, size_t op, size_t first)
{
    const struct xlate_hidden *hidden = &ctx->hidden[op];
    __u64 *flow = flow_words_rw(&ctx->base.flow), *known = flow_words_rw(&ctx->base.known);

    for (size_t w = first; w < XLATE_HIDE_END; w++) {
        flow[w] = hidden->flow[w - XLATE_HIDE_FIRST];
        known[w] = hidden->known[w - XLATE_HIDE_FIRST];
    }
    ctx->base.opaque = XLATE_CLEAR;
}

/* Base's key before its op. */
static void
hidden_key(const struct xlate_ctx *ctx, size_t op, struct dp_key *key, struct dp_key *known)
{
    const struct xlate_hidden *hidden = &ctx->hidden[op];

    memcpy((__u64 *)key + XLATE_HIDE_FIRST, hidden->flow, sizeof hidden->flow);
    memcpy((__u64 *)known + XLATE_HIDE_FIRST, hidden->known, sizeof hidden->known);
}

/* The tag's TCI, as pkt wants its outermost; every bit of it is looked at. */
static void
emit_push_vlan(struct xlate_ctx *ctx, uint16_t tpid)
{
    struct dp_key *base = &ctx->base.flow.key, *known = &ctx->base.known.key;
    struct flow mask = {0};
    uint16_t tci;

    mask.key.vlan[0].tci = 0xffff;
    xlate_consult(ctx, &mask);
    tci = ntohs(ctx->pkt.flow.key.vlan[0].tci);
    xlate_emit(ctx, DP_ACTION_PUSH_VLAN)->value = (uint64_t)tpid << 16 | tci;
    base->vlan[0].tci = htons(tci);
    known->vlan[0].tci = 0xffff;
}

/* Writes the label as pkt wants its outermost. The TTL of a new label, unless an action wrote it,
 * is copied from the next header by the datapath, so that nobody need look at it. */
static void
emit_push_mpls(struct xlate_ctx *ctx, uint16_t eth_type, enum dp_mpls_place place, bool is_undo)
{
    __be32 *base = &ctx->base.flow.key.mpls_lse[0], ttl = htonl(MPLS_TTL_MASK);
    bool copies = !is_undo && (ctx->pkt.known.key.mpls_lse[0] & ttl) != ttl;
    struct flow mask = {0};
    struct dp_action *action;

    mask.key.mpls_lse[0] = copies ? ~ttl : ~0u;
    xlate_consult(ctx, &mask);
    *base = ctx->pkt.flow.key.mpls_lse[0];
    ctx->base.known.key.mpls_lse[0] = mask.key.mpls_lse[0];
    action = xlate_emit(ctx, DP_ACTION_PUSH_MPLS);
    action->word = (uint8_t)place;
    action->arg16 = eth_type;
    action->arg32 = ntohl(*base & mask.key.mpls_lse[0]);
    if (copies) {
        xlate_emit(ctx, DP_ACTION_COPY_TTL)->word = DP_TTL_OUT;
        ctx->base.ttl_epoch = ctx->pkt.ttl_epoch;
    }
}

static void
emit_push_pbb(struct xlate_ctx *ctx)
{
    struct flow mask = {0};

    mask.key.pbb_itag = ~0u;
    xlate_consult(ctx, &mask);
    ctx->base.flow.key.pbb_itag = ctx->pkt.flow.key.pbb_itag;
    ctx->base.known.key.pbb_itag = ~0u;
    xlate_emit(ctx, DP_ACTION_PUSH_PBB)->arg32 = ntohl(ctx->base.flow.key.pbb_itag);
}

static void
emit_op(struct xlate_ctx *ctx, const struct xlate_op *op, bool is_undo)
{
    switch ((enum xlate_op_kind)op->kind) {
    case XLATE_PUSH_VLAN:
        emit_push_vlan(ctx, op->eth_type);
        break;
    case XLATE_POP_VLAN:
        xlate_emit(ctx, DP_ACTION_POP_VLAN);
        break;
    case XLATE_PUSH_MPLS:
        emit_push_mpls(ctx, op->eth_type, DP_MPLS_INNER, is_undo);
        break;
    case XLATE_PUSH_MPLS_OUTER:
        emit_push_mpls(ctx, op->eth_type, DP_MPLS_OUTER, is_undo);
        break;
    case XLATE_POP_MPLS:
        xlate_emit(ctx, DP_ACTION_POP_MPLS)->arg16 = op->eth_type;
        break;
    case XLATE_PUSH_PBB:
        emit_push_pbb(ctx);
        break;
    case XLATE_POP_PBB:
        xlate_emit(ctx, DP_ACTION_POP_PBB);
        break;
    }
    ctx->irreversible |= ctx->base.opaque == XLATE_OPAQUE_ALL;
}

static size_t
n_common_ops(const struct xlate_pkt *a, const struct xlate_pkt *b)
{
    size_t n = 0;

    while (n < a->n_ops && n < b->n_ops && !memcmp(&a->ops[n], &b->ops[n], sizeof a->ops[n]))
        n++;
    return n;
}

/* Takes the outermost tag away; the tag that comes into sight again is as it was, and so is what it
 * hid. */
static void
unpush_vlan(struct xlate_ctx *ctx, size_t op)
{
    struct dp_key *base = &ctx->base.flow.key, *base_known = &ctx->base.known.key, key, known;

    hidden_key(ctx, op, &key, &known);
    base->vlan[0] = base->vlan[1];
    base_known->vlan[0] = base_known->vlan[1];
    base->vlan[1] = key.vlan[1];
    base_known->vlan[1] = known.vlan[1];
    if (xlate_has_two_tags(&key)) {
        base->eth_type = key.eth_type;
        base_known->eth_type = known.eth_type;
        unhide(ctx, op, DP_WORD_OF(mpls_lse));
    }
    xlate_emit(ctx, DP_ACTION_POP_VLAN);
}

/* The same for a label, and for what the label hid. */
static void
unpush_mpls(struct xlate_ctx *ctx, size_t op, uint16_t eth_type)
{
    struct dp_key *base = &ctx->base.flow.key, *base_known = &ctx->base.known.key, key, known;

    hidden_key(ctx, op, &key, &known);
    for (int i = 0; i < 2; i++) {
        base->mpls_lse[i] = base->mpls_lse[i + 1];
        base_known->mpls_lse[i] = base_known->mpls_lse[i + 1];
    }
    base->mpls_lse[2] = key.mpls_lse[2];
    base_known->mpls_lse[2] = known.mpls_lse[2];
    base->eth_type = key.eth_type;
    base_known->eth_type = known.eth_type;
    unhide(ctx, op, DP_WORD_OF(ip_src));
    xlate_emit(ctx, DP_ACTION_POP_MPLS)->arg16 = eth_type;
}

/* The same for a label before tags, which hid them, too. */
static void
unpush_mpls_outer(struct xlate_ctx *ctx, size_t op, uint16_t tpid)
{
    struct dp_key *base = &ctx->base.flow.key, *base_known = &ctx->base.known.key, key, known;

    hidden_key(ctx, op, &key, &known);
    base->eth_type = key.eth_type;
    base_known->eth_type = known.eth_type;
    unhide(ctx, op, DP_WORD_OF(vlan));
    xlate_emit(ctx, DP_ACTION_POP_MPLS)->arg16 = tpid;
}

static void
unpush_pbb(struct xlate_ctx *ctx, size_t op)
{
    unhide(ctx, op, XLATE_HIDE_FIRST);
    xlate_emit(ctx, DP_ACTION_POP_PBB);
}

/* Behind a label that was put back is what was behind it before: for both out of sight. */
static void
mirror_hidden_l3(struct xlate_ctx *ctx)
{
    for (size_t w = DP_WORD_OF(ip_src); w < XLATE_HIDE_END; w++) {
        flow_words_rw(&ctx->base.flow)[w] = flow_words(&ctx->pkt.flow)[w];
        flow_words_rw(&ctx->base.known)[w] = flow_words(&ctx->pkt.known)[w];
    }
}

/* Puts a header back that a pop took away. */
static void
unpop(struct xlate_ctx *ctx, const struct xlate_op *op)
{
    struct xlate_op inverse = xlate_op_inverse(op);

    if (op->kind == XLATE_POP_VLAN)
        ctx->out->wc.key.vlan[0].tpid = ctx->out->wc.key.vlan[1].tpid = 0xffff;
    xlate_pkt_change(&ctx->base, &inverse);
    emit_op(ctx, &inverse, true);
    if (op->kind == XLATE_POP_MPLS)
        mirror_hidden_l3(ctx);
}

static void
undo_last(struct xlate_ctx *ctx)
{
    size_t last = ctx->base.n_ops - 1u;
    struct xlate_op op = ctx->base.ops[last];

    switch ((enum xlate_op_kind)op.kind) {
    case XLATE_PUSH_VLAN:
        unpush_vlan(ctx, last);
        break;
    case XLATE_PUSH_MPLS:
        unpush_mpls(ctx, last, op.old_eth_type);
        break;
    case XLATE_PUSH_MPLS_OUTER:
        unpush_mpls_outer(ctx, last, op.old_eth_type);
        break;
    case XLATE_PUSH_PBB:
        unpush_pbb(ctx, last);
        break;
    case XLATE_POP_VLAN:
    case XLATE_POP_MPLS:
    case XLATE_POP_PBB:
        unpop(ctx, &op);
        break;
    }
    ctx->base.n_ops--;
}

static void
commit_structure(struct xlate_ctx *ctx)
{
    size_t common = n_common_ops(&ctx->base, &ctx->pkt);

    while (ctx->base.n_ops > common)
        undo_last(ctx);
    while (ctx->base.n_ops < ctx->pkt.n_ops) {
        const struct xlate_op *op = &ctx->pkt.ops[ctx->base.n_ops];

        hide(ctx, ctx->base.n_ops);
        xlate_pkt_apply(&ctx->base, op);
        emit_op(ctx, op, false);
    }
}

/* ---- Words ------------------------------------------------------------------------------------*/
/* Bits of the key that SET can write. */
static struct dp_key
settable_bits(const struct dp_key *key)
{
    struct dp_key bits;

    memset(&bits, 0xff, sizeof bits);
    bits.in_port = bits.recirc_id = 0;
    bits.packet_type = 0;
    bits.ip_frag = 0;
    bits.tcp_flags = bits.ip6_exthdr = 0;
    bits.n_mpls = bits.parsed = 0;
    bits.ct_state = bits.ct_zone = 0;
    bits.hash = bits.pad = 0;
    bits.spare = 0;
    for (int i = 0; i < 2; i++) {
        if (!xlate_has_tag(&key->vlan[i]))
            memset(&bits.vlan[i], 0, sizeof bits.vlan[i]);
    }
    if (!xlate_is_mpls_type(ntohs(key->eth_type)))
        memset(bits.mpls_lse, 0, sizeof bits.mpls_lse);
    if (ntohs(key->eth_type) != ETH_TYPE_PBB)
        bits.pbb_itag = 0;
    return bits;
}

/* TTLs that were decremented on one side only: pkt's value is looked at and put back. */
static void
reconcile_ttl(struct xlate_ctx *ctx)
{
    struct flow ttl = {0};

    if (ctx->pkt.ttl_epoch == ctx->base.ttl_epoch)
        return;
    xlate_ttl_mask(&ttl.key);
    if (xlate_is_mpls(ctx))
        ttl.key.ip_ttl = 0;
    else
        memset(ttl.key.mpls_lse, 0, sizeof ttl.key.mpls_lse);
    xlate_consult(ctx, &ttl);
    for (size_t w = 0; w < DP_KEY_WORDS; w++)
        flow_words_rw(&ctx->base.known)[w] |= flow_words(&ttl)[w];
    ctx->base.ttl_epoch = ctx->pkt.ttl_epoch;
}

/* Bits of base whose value this megaflow fixes although no action wrote them. */
static uint64_t
fixed_by_mask(const struct xlate_ctx *ctx, size_t w)
{
    bool moved = ctx->base.n_ops && w >= DP_WORD_OF(vlan) && w <= DP_WORD_OF(pbb_itag);
    bool is_ttl = ctx->base.ttl_epoch && (w == DP_WORD_OF(ip_ttl) || w == DP_WORD_OF(mpls_lse) ||
                                          w == DP_WORD_OF(pbb_itag));
    bool hidden = w >= XLATE_HIDE_FIRST && w < XLATE_HIDE_END && ctx->base.opaque;

    return moved || is_ttl || hidden ? 0 : flow_words(&ctx->out->wc)[w];
}

/* Fields that share a word: a SET covers those that change, whole as far as they are known. */
static const struct {
    uint8_t word, first_byte, n_bytes;
} units[] = {
    {DP_WORD_OF(eth_dst), 0, 6},      {DP_WORD_OF(eth_src), 6, 2},  {DP_WORD_OF(eth_type), 0, 4},
    {DP_WORD_OF(eth_type), 4, 2},     {DP_WORD_OF(vlan), 0, 4},     {DP_WORD_OF(vlan), 4, 4},
    {DP_WORD_OF(mpls_lse), 0, 4},     {DP_WORD_OF(mpls_lse), 4, 4}, {DP_WORD_OF(pbb_itag), 0, 4},
    {DP_WORD_OF(pbb_itag), 4, 4},     {DP_WORD_OF(ip_src), 0, 4},   {DP_WORD_OF(ip_dst), 4, 4},
    {DP_WORD_OF(ip6_label), 0, 4},    {DP_WORD_OF(ip_proto), 4, 1}, {DP_WORD_OF(ip_tos), 5, 1},
    {DP_WORD_OF(ip_ttl), 6, 1},       {DP_WORD_OF(tp_src), 0, 2},   {DP_WORD_OF(tp_dst), 2, 2},
    {DP_WORD_OF(arp_sha), 0, 6},      {DP_WORD_OF(arp_tha), 6, 2},  {DP_WORD_OF(ct_mark), 4, 4},
    {DP_WORD_OF(skb_priority), 0, 4}, {DP_WORD_OF(skb_mark), 4, 4},
};

static uint64_t
widen_to_fields(size_t w, uint64_t bits)
{
    uint64_t wide = 0;

    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        uint64_t field = 0;

        if (units[i].word != w)
            continue;
        memset((uint8_t *)&field + units[i].first_byte, 0xff, units[i].n_bytes);
        if (bits & field)
            wide |= field;
    }
    return wide ? wide : UINT64_MAX;
}

static void
commit_word(struct xlate_ctx *ctx, size_t w, uint64_t settable)
{
    __u64 *base = &flow_words_rw(&ctx->base.flow)[w];
    __u64 *base_known = &flow_words_rw(&ctx->base.known)[w];
    uint64_t want = flow_words(&ctx->pkt.flow)[w], known = flow_words(&ctx->pkt.known)[w];
    uint64_t bits = (known | *base_known) & settable, back = *base_known & ~known & settable;
    uint64_t differ;
    struct dp_action *action;

    if (back) {
        struct flow look = {0};

        flow_words_rw(&look)[w] = back;
        xlate_consult(ctx, &look);
    }
    differ = bits & ((want ^ *base) | ~(*base_known | fixed_by_mask(ctx, w)));
    if (!differ)
        return;
    bits &= widen_to_fields(w, differ);
    action = xlate_emit(ctx, DP_ACTION_SET);
    action->word = (uint8_t)w;
    action->value = want & bits;
    action->mask = bits;
    *base = (*base & ~bits) | action->value;
    *base_known |= bits;
}

/* The words that may be looked at: not those that a recirculation has yet to show. */
static bool
is_in_sight(const struct xlate_pkt *pkt, size_t w)
{
    return w < xlate_first_opaque_word(pkt) || w >= XLATE_HIDE_END;
}

static void
commit_words(struct xlate_ctx *ctx)
{
    struct dp_key settable = settable_bits(&ctx->pkt.flow.key);
    const __u64 *bits = (const __u64 *)&settable;
    const __u64 *pkt = flow_words(&ctx->pkt.known), *base = flow_words(&ctx->base.known);

    for (size_t w = 1; w < DP_KEY_WORDS; w++) {
        if ((pkt[w] | base[w]) & bits[w] && is_in_sight(&ctx->pkt, w))
            commit_word(ctx, w, bits[w]);
    }
}

void
xlate_commit(struct xlate_ctx *ctx)
{
    commit_structure(ctx);
    reconcile_ttl(ctx);
    commit_words(ctx);
}

/* ---- Branches ---------------------------------------------------------------------------------*/
void
xlate_branch_begin(struct xlate_ctx *ctx, struct xlate_branch *branch, bool is_last)
{
    branch->pkt = ctx->pkt;
    branch->base = ctx->base;
    branch->run = ctx->out->n_runs - 1;
    branch->n_actions = ctx->out->n_actions;
    branch->irreversible = ctx->irreversible;
    branch->exit = ctx->exit;
    branch->stop = ctx->stop;
    branch->is_last = is_last;
    ctx->irreversible = false;
    ctx->branch += !is_last;
}

bool
xlate_action_changes_packet(const struct dp_action *action)
{
    return action->kind != DP_ACTION_OUTPUT && action->kind != DP_ACTION_USERSPACE &&
           action->kind != DP_ACTION_TRUNC;
}

/* Ends the run, and starts another that first does to the packet what had been done to it before
 * the branch, in the run in which the branch began. */
static void
start_run(struct xlate_ctx *ctx, const struct xlate_branch *branch)
{
    struct xlate_out *out = ctx->out;

    if (out->n_runs >= XLATE_MAX_RUNS) {
        xlate_fail(ctx, XLATE_TOO_MANY_HEADERS);
        return;
    }
    out->run_starts[out->n_runs++] = (uint32_t)out->n_actions;
    for (size_t i = out->run_starts[branch->run]; i < branch->n_actions; i++) {
        if (xlate_action_changes_packet(&out->actions[i])) {
            struct dp_action copy = dp_action_repeated(out->actions[i]);

            ctx->repeats_meter |= copy.kind == DP_ACTION_METER;
            *xlate_emit(ctx, (enum dp_action_kind)copy.kind) = copy;
        }
    }
}

void
xlate_branch_end(struct xlate_ctx *ctx, const struct xlate_branch *branch)
{
    ctx->branch -= !branch->is_last;
    ctx->pkt = branch->pkt;
    ctx->exit = branch->exit;
    ctx->stop = branch->stop;
    if (ctx->irreversible && !branch->is_last && ctx->out->n_actions > branch->n_actions) {
        ctx->base = branch->base;
        start_run(ctx, branch);
    }
    ctx->irreversible = branch->irreversible;
}
