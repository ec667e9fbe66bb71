/* SPDX-License-Identifier: Apache-2.0 */
/* TTLs change in the datapath, so that packets which differ in their TTL alone share a megaflow.
 * A packet whose TTL does not allow it goes to the controllers (OpenFlow 1.3, section 5.12) and no
 * further: the datapath ends its list at the action. Where others follow the list (the next
 * bucket, say) the mask holds a bit that proves that the TTL is fine. */
#include "slowpath/xlate-private.h"

#include <arpa/inet.h>

struct ttl {
    enum dp_ttl layer;
    uint8_t value;
    bool is_known, is_unseen;
};

static struct ttl
current_ttl(const struct xlate_ctx *ctx, enum dp_ttl layer)
{
    const struct dp_key *key = &ctx->pkt.flow.key, *known = &ctx->pkt.known.key;
    struct ttl ttl = {.layer = layer, .value = key->ip_ttl, .is_known = known->ip_ttl == 0xff};

    if (layer == DP_TTL_MPLS) {
        ttl.value = ntohl(key->mpls_lse[0]) & MPLS_TTL_MASK;
        ttl.is_known = !(~known->mpls_lse[0] & htonl(MPLS_TTL_MASK));
        ttl.is_unseen = !ttl.is_known && ctx->pkt.label_ttl_unseen;
    }
    return ttl;
}

static void
set_ttl(struct xlate_pkt *pkt, enum dp_ttl layer, uint8_t value)
{
    __be32 *lse = &pkt->flow.key.mpls_lse[0];

    if (layer == DP_TTL_IP)
        pkt->flow.key.ip_ttl = value;
    else
        *lse = (*lse & ~htonl(MPLS_TTL_MASK)) | htonl(value);
}

static void
consult_ttl(struct xlate_ctx *ctx, enum dp_ttl layer, uint8_t bits)
{
    struct flow mask = {0};

    if (layer == DP_TTL_IP)
        mask.key.ip_ttl = bits;
    else
        mask.key.mpls_lse[0] = htonl(bits);
    xlate_consult(ctx, &mask);
}

static void
next_epoch(struct xlate_ctx *ctx)
{
    ctx->pkt.ttl_epoch = ctx->base.ttl_epoch = ++ctx->ttl_epoch;
}

static struct xlate_packet_in
invalid_ttl(const uint16_t *controllers, size_t n)
{
    return (struct xlate_packet_in){.reason = OFPR_INVALID_TTL,
                                    .max_len = OFCONTROLLER_MAX_LEN_NONE,
                                    .controllers = controllers,
                                    .n_controllers = n};
}

static void
refuse(struct xlate_ctx *ctx, const uint16_t *controllers, size_t n)
{
    struct xlate_packet_in packet_in = invalid_ttl(controllers, n);

    xlate_report(ctx, "invalid TTL: to the controller, and no further");
    xlate_controller(ctx, &packet_in);
    ctx->stop = true;
}

static void
emit_dec(struct xlate_ctx *ctx, const struct ttl *ttl, const uint16_t *controllers, size_t n)
{
    struct xlate_packet_in packet_in = invalid_ttl(controllers, n);
    struct dp_action *action;

    xlate_commit(ctx);
    action = xlate_emit(ctx, DP_ACTION_DEC_TTL);
    action->word = ttl->layer;
    action->value = xlate_cookie_id(ctx, &packet_in);
    set_ttl(&ctx->pkt, ttl->layer, ttl->value - 1);
    set_ttl(&ctx->base, ttl->layer, ttl->value - 1);
    next_epoch(ctx);
}

/* The highest bit of a TTL over 1 proves that a TTL is over 1. */
static void
prove_valid(struct xlate_ctx *ctx, const struct ttl *ttl)
{
    uint8_t highest = 0x80;

    while (!(ttl->value & highest))
        highest >>= 1;
    consult_ttl(ctx, ttl->layer, highest);
}

/* Others follow: the packet's own TTL decides, and the mask keeps to such packets. */
static void
decrement_in_branch(struct xlate_ctx *ctx, const struct ttl *ttl, const uint16_t *controllers,
                    size_t n)
{
    if (ttl->value <= 1) {
        consult_ttl(ctx, ttl->layer, 0xff);
        refuse(ctx, controllers, n);
    } else {
        prove_valid(ctx, ttl);
        emit_dec(ctx, ttl, controllers, n);
    }
}

static void
decrement(struct xlate_ctx *ctx, enum dp_ttl layer, const uint16_t *controllers, size_t n)
{
    struct ttl ttl = current_ttl(ctx, layer);

    if (ttl.is_known && ttl.value <= 1) {
        refuse(ctx, controllers, n);
    } else if (ttl.is_known) {
        set_ttl(&ctx->pkt, layer, ttl.value - 1);
    } else if (ctx->branch && !ttl.is_unseen) {
        decrement_in_branch(ctx, &ttl, controllers, n);
    } else {
        ctx->irreversible |= ttl.is_unseen;
        emit_dec(ctx, &ttl, controllers, n);
    }
}

void
xlate_dec_ip_ttl(struct xlate_ctx *ctx, const struct ofpact_dec_ttl *dec)
{
    if (xlate_has_field(ctx, field_from_id(FIELD_IP_TTL)))
        decrement(ctx, DP_TTL_IP, dec->controllers, dec->n_controllers);
}

void
xlate_dec_mpls_ttl(struct xlate_ctx *ctx)
{
    if (xlate_is_mpls(ctx))
        decrement(ctx, DP_TTL_MPLS, NULL, 0);
}

/* The copy between two labels that the key shows. */
static void
copy_between_labels(struct xlate_pkt *pkt, enum dp_ttl_copy direction)
{
    __be32 *lse = pkt->flow.key.mpls_lse, *known = pkt->known.key.mpls_lse;
    __be32 ttl = htonl(MPLS_TTL_MASK);
    size_t from = direction == DP_TTL_OUT, to = !from;

    lse[to] = (lse[to] & ~ttl) | (lse[from] & ttl);
    known[to] = (known[to] & ~ttl) | (known[from] & ttl);
    if (direction == DP_TTL_OUT)
        pkt->label_ttl_unseen = false;
}

void
xlate_copy_ttl(struct xlate_ctx *ctx, enum dp_ttl_copy direction)
{
    struct flow bos = {0};
    bool is_bottom;

    if (!xlate_is_mpls(ctx))
        return;
    bos.key.mpls_lse[0] = htonl(MPLS_BOS);
    xlate_consult(ctx, &bos);
    is_bottom = ctx->pkt.flow.key.mpls_lse[0] & htonl(MPLS_BOS);
    xlate_commit(ctx);
    xlate_emit(ctx, DP_ACTION_COPY_TTL)->word = direction;
    next_epoch(ctx);
    ctx->pkt.ttl_moved = ctx->base.ttl_moved = true;
    if (!is_bottom) {
        copy_between_labels(&ctx->pkt, direction);
        copy_between_labels(&ctx->base, direction);
        return;
    }
    ctx->irreversible = true;
    if (direction == DP_TTL_OUT) {
        ctx->pkt.known.key.mpls_lse[0] &= ~htonl(MPLS_TTL_MASK);
        ctx->base.known.key.mpls_lse[0] &= ~htonl(MPLS_TTL_MASK);
        ctx->pkt.label_ttl_unseen = ctx->base.label_ttl_unseen = true;
    }
}
