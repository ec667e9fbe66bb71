/* SPDX-License-Identifier: Apache-2.0 */
/* NORMAL: a learning bridge (IEEE 802.1Q, section 8) in which every port is a trunk of all VLANs.
 */
#include "slowpath/xlate-private.h"

#include <arpa/inet.h>

#define VLAN_VID_MASK 0x0fff

/* The VLAN id of the outermost tag, 0 without one. */
static uint16_t
vlan_id(struct xlate_ctx *ctx)
{
    struct flow mask = {0};

    if (!xlate_has_vlan(ctx))
        return 0;
    mask.key.vlan[0].tci = htons(VLAN_VID_MASK);
    xlate_consult(ctx, &mask);
    return ntohs(ctx->pkt.flow.key.vlan[0].tci) & VLAN_VID_MASK;
}

/* 01:80:c2:00:00:0x is for the link alone (IEEE 802.1Q, table 8-1). */
static bool
is_link_local(const uint8_t mac[6])
{
    static const uint8_t prefix[] = {0x01, 0x80, 0xc2, 0x00, 0x00};

    return !memcmp(mac, prefix, sizeof prefix) && !(mac[5] & 0xf0);
}

static void
learn(struct xlate_ctx *ctx, uint16_t vlan)
{
    const struct flow *flow = &ctx->pkt.flow;
    struct xlate_effect *effect;

    if (flow->key.eth_src[0] & 1 || !ofproto_port(ctx->ofproto, flow->in_port))
        return;
    effect = xlate_add_effect(ctx, XLATE_LEARN_MAC);
    effect->mac.vlan = vlan;
    effect->mac.ofport = flow->in_port;
    memcpy(effect->mac.addr, flow->key.eth_src, sizeof effect->mac.addr);
}

static void
forward(struct xlate_ctx *ctx, uint32_t number)
{
    const struct ofport *port = ofproto_port(ctx->ofproto, number);

    if (number == ctx->pkt.flow.in_port) {
        xlate_report(ctx, "learned port is the input port: dropped");
    } else if (port) {
        xlate_report(ctx, "to learned port %u", number);
        xlate_output_port(ctx, port, 0);
    }
}

void
xlate_normal(struct xlate_ctx *ctx)
{
    const uint8_t *dst = ctx->pkt.flow.key.eth_dst;
    uint16_t vlan = vlan_id(ctx);
    uint32_t number;

    xlate_consult_key(ctx, eth_dst);
    xlate_consult_key(ctx, eth_src);
    if (is_link_local(dst)) {
        xlate_report(ctx, "reserved address: dropped");
        return;
    }
    learn(ctx, vlan);
    ctx->out->is_normal = true;
    if (!(dst[0] & 1) && mac_table_lookup(ctx->bridge->macs, vlan, dst, &number)) {
        forward(ctx, number);
    } else {
        xlate_report(ctx, "%s: flooded", dst[0] & 1 ? "multicast" : "no learned port");
        xlate_flood(ctx, false, 0);
    }
}
