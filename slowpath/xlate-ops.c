/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/xlate-private.h"

#include <arpa/inet.h>

bool
xlate_is_mpls_type(uint16_t eth_type)
{
    return eth_type == ETH_TYPE_MPLS || eth_type == ETH_TYPE_MPLS_MCAST;
}

/* The words of a key behind the MPLS labels. */
#define L3_FIRST DP_WORD_OF(ip_src)
#define L3_END DP_WORD_OF(ct_state)

/* What lies behind a new header is out of sight, for this pipeline as for the parser: zero, and
 * known to be. */
static void
hide_l3(struct xlate_pkt *pkt)
{
    for (size_t w = L3_FIRST; w < L3_END; w++) {
        flow_words_rw(&pkt->flow)[w] = 0;
        flow_words_rw(&pkt->known)[w] = UINT64_MAX;
    }
    if (pkt->opaque != XLATE_OPAQUE_ALL)
        pkt->opaque = XLATE_CLEAR;
}

static void
forget(struct xlate_pkt *pkt, size_t first, size_t end)
{
    for (size_t w = first; w < end; w++) {
        flow_words_rw(&pkt->flow)[w] = 0;
        flow_words_rw(&pkt->known)[w] = 0;
    }
}

static void
set_eth_type(struct xlate_pkt *pkt, uint16_t eth_type)
{
    pkt->flow.key.eth_type = htons(eth_type);
    pkt->known.key.eth_type = 0xffff;
}

static void
set_eth_type_and_view(struct xlate_pkt *pkt, uint16_t eth_type)
{
    set_eth_type(pkt, eth_type);
    if (eth_type == ETH_TYPE_VLAN || eth_type == ETH_TYPE_QINQ) {
        forget(pkt, DP_WORD_OF(eth_dst), L3_END);
        pkt->opaque = XLATE_OPAQUE_ALL;
    } else if (!xlate_is_mpls_type(eth_type)) {
        forget(pkt, L3_FIRST, L3_END);
        pkt->opaque = MAX(pkt->opaque, XLATE_OPAQUE_L3);
    }
}

/* A third tag is to the parser, and so to this pipeline, a payload that it does not look into. */
static void
hide_payload(struct xlate_pkt *pkt, uint16_t eth_type)
{
    for (size_t w = DP_WORD_OF(mpls_lse); w < L3_FIRST; w++) {
        flow_words_rw(&pkt->flow)[w] = 0;
        flow_words_rw(&pkt->known)[w] = UINT64_MAX;
    }
    for (int i = 0; i < 3; i++)
        pkt->mpls_src[i] = XLATE_NO_SRC;
    hide_l3(pkt);
    set_eth_type(pkt, eth_type);
}

/* The new tag starts as a copy of the one that was outermost, all zeros if there was none. */
static void
shift_vlans_in(struct xlate_pkt *pkt)
{
    struct dp_key *key = &pkt->flow.key, *known = &pkt->known.key;

    pkt->spill.known = known->vlan[1];
    pkt->spill.src = pkt->vlan_src[1];
    pkt->has_spill = !xlate_has_two_tags(key);
    if (!pkt->has_spill)
        hide_payload(pkt, ntohs(key->vlan[1].tpid));
    key->vlan[1] = key->vlan[0];
    known->vlan[1] = known->vlan[0];
    pkt->vlan_src[1] = pkt->vlan_src[0];
}

/* What the key shows of the tag behind the second: nothing, so look again if there is one. */
static void
shift_vlans_out(struct xlate_pkt *pkt)
{
    struct dp_key *key = &pkt->flow.key, *known = &pkt->known.key;
    bool has_second = xlate_has_tag(&key->vlan[1]);

    if (xlate_has_third_tag(key))
        pkt->opaque = XLATE_OPAQUE_ALL;
    key->vlan[0] = key->vlan[1];
    known->vlan[0] = known->vlan[1];
    pkt->vlan_src[0] = pkt->vlan_src[1];
    memset(&key->vlan[1], 0, sizeof key->vlan[1]);
    if (has_second) {
        memset(&known->vlan[1], 0xff, sizeof known->vlan[1]);
        pkt->vlan_src[1] = XLATE_NO_SRC;
    }
}

/* The new label starts as a copy of the one that was outermost, all zeros if there was none;
 * its bottom-of-stack bit is known. */
static void
shift_labels_in(struct xlate_pkt *pkt, bool is_bottom)
{
    struct dp_key *key = &pkt->flow.key, *known = &pkt->known.key;

    for (int i = 2; i > 0; i--) {
        key->mpls_lse[i] = key->mpls_lse[i - 1];
        known->mpls_lse[i] = known->mpls_lse[i - 1];
        pkt->mpls_src[i] = pkt->mpls_src[i - 1];
    }
    key->mpls_lse[0] = (key->mpls_lse[0] & ~htonl(MPLS_BOS)) | (is_bottom ? htonl(MPLS_BOS) : 0);
    known->mpls_lse[0] |= htonl(MPLS_BOS);
    key->n_mpls = (uint8_t)MIN((key->n_mpls & 7) + 1, 4);
}

static void
shift_labels_out(struct xlate_pkt *pkt)
{
    struct dp_key *key = &pkt->flow.key, *known = &pkt->known.key;

    if (key->n_mpls & 4)
        pkt->opaque = XLATE_OPAQUE_ALL;
    for (int i = 0; i < 2; i++) {
        key->mpls_lse[i] = key->mpls_lse[i + 1];
        known->mpls_lse[i] = known->mpls_lse[i + 1];
        pkt->mpls_src[i] = pkt->mpls_src[i + 1];
    }
    key->mpls_lse[2] = 0;
    key->n_mpls -= key->n_mpls > 0;
}

/* A label before the tags has all behind it as its payload, and none of its own yet. */
static void
hide_tags(struct xlate_pkt *pkt, uint16_t eth_type)
{
    struct dp_key *key = &pkt->flow.key, *known = &pkt->known.key;

    memset(key->vlan, 0, sizeof key->vlan);
    memset(known->vlan, 0xff, sizeof known->vlan);
    memset(key->mpls_lse, 0, sizeof key->mpls_lse);
    memset(known->mpls_lse, 0xff, sizeof known->mpls_lse);
    hide_l3(pkt);
    set_eth_type(pkt, eth_type);
}

/* The Ethernet addresses of the new header are copies; all else becomes payload. */
static void
enter_backbone(struct xlate_pkt *pkt)
{
    struct dp_key *key = &pkt->flow.key, *known = &pkt->known.key;

    memset(key->vlan, 0, sizeof key->vlan);
    memset(known->vlan, 0xff, sizeof known->vlan);
    memset(key->mpls_lse, 0, sizeof key->mpls_lse);
    memset(known->mpls_lse, 0xff, sizeof known->mpls_lse);
    pkt->opaque = XLATE_CLEAR;
    hide_l3(pkt);
    key->n_mpls = 0;
    key->parsed = DP_PARSED_PBB;
    set_eth_type(pkt, ETH_TYPE_PBB);
}

static void
leave_backbone(struct xlate_pkt *pkt)
{
    forget(pkt, DP_WORD_OF(eth_dst), L3_END);
    pkt->opaque = XLATE_OPAQUE_ALL;
}

void
xlate_pkt_change(struct xlate_pkt *pkt, const struct xlate_op *op)
{
    pkt->has_spill = false;
    switch ((enum xlate_op_kind)op->kind) {
    case XLATE_PUSH_VLAN:
        shift_vlans_in(pkt);
        pkt->flow.key.vlan[0].tpid = htons(op->eth_type);
        pkt->known.key.vlan[0].tpid = 0xffff;
        break;
    case XLATE_POP_VLAN:
        shift_vlans_out(pkt);
        break;
    case XLATE_PUSH_MPLS:
        shift_labels_in(pkt, !xlate_is_mpls_type(op->old_eth_type));
        set_eth_type(pkt, op->eth_type);
        hide_l3(pkt);
        break;
    case XLATE_PUSH_MPLS_OUTER:
        hide_tags(pkt, op->eth_type);
        break;
    case XLATE_POP_MPLS:
        shift_labels_out(pkt);
        set_eth_type_and_view(pkt, op->eth_type);
        break;
    case XLATE_PUSH_PBB:
        enter_backbone(pkt);
        break;
    case XLATE_POP_PBB:
        leave_backbone(pkt);
        break;
    }
}

bool
xlate_pkt_apply(struct xlate_pkt *pkt, const struct xlate_op *op)
{
    if (pkt->n_ops >= XLATE_MAX_OPS)
        return false;
    xlate_pkt_change(pkt, op);
    pkt->ops[pkt->n_ops++] = *op;
    return true;
}

static enum xlate_op_kind
inverse(enum xlate_op_kind kind)
{
    switch (kind) {
    case XLATE_PUSH_VLAN:
        return XLATE_POP_VLAN;
    case XLATE_POP_VLAN:
        return XLATE_PUSH_VLAN;
    case XLATE_PUSH_MPLS:
    case XLATE_PUSH_MPLS_OUTER:
        return XLATE_POP_MPLS;
    case XLATE_POP_MPLS:
        return XLATE_PUSH_MPLS;
    case XLATE_PUSH_PBB:
        return XLATE_POP_PBB;
    case XLATE_POP_PBB:
        return XLATE_PUSH_PBB;
    }
    abort();
}

struct xlate_op
xlate_op_inverse(const struct xlate_op *op)
{
    struct xlate_op undo = {.kind = (uint8_t)inverse((enum xlate_op_kind)op->kind),
                            .eth_type = op->old_eth_type,
                            .old_eth_type = op->eth_type};

    if (op->kind == XLATE_PUSH_VLAN || op->kind == XLATE_POP_VLAN)
        undo.eth_type = op->eth_type;
    return undo;
}
