/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/xlate-private.h"

#include <arpa/inet.h>

#define ITAG_PCP 0xe0000000u /* Of an I-TAG, host order (IEEE 802.1Q, section 9.7). */
#define VLAN_BASE (offsetof(struct dp_key, vlan) / 4)
#define MPLS_BASE (offsetof(struct dp_key, mpls_lse) / 4)

/* ---- Looking ----------------------------------------------------------------------------------*/
/* Adds 32 bits of `look` at place `to` + i to the mask, at the place where they came in. */
static void
consult_moved(uint32_t *wc, const uint32_t *look, size_t base, const int8_t *src, int n,
              uint32_t also)
{
    for (int i = 0; i < n; i++) {
        if (look[base + i] && src[i] != XLATE_NO_SRC)
            wc[base + src[i]] |= look[base + i] | also;
    }
}

void
xlate_ttl_mask(struct dp_key *key)
{
    key->ip_ttl = 0xff;
    for (int i = 0; i < 3; i++)
        key->mpls_lse[i] |= htonl(MPLS_TTL_MASK);
}

/* A TTL that was decremented depends on all of its bits; one that may have been copied, on all
 * TTLs. */
static void
widen_ttl(struct xlate_ctx *ctx, struct dp_key *look)
{
    bool looks_at_label = false;

    for (int i = 0; i < 3; i++) {
        if (look->mpls_lse[i] & htonl(MPLS_TTL_MASK)) {
            look->mpls_lse[i] |= htonl(MPLS_TTL_MASK);
            looks_at_label = true;
        }
    }
    if (look->ip_ttl)
        look->ip_ttl = 0xff;
    if (ctx->pkt.ttl_moved && (looks_at_label || look->ip_ttl))
        xlate_ttl_mask(&ctx->out->wc.key);
}

/* Tags that moved are found by their presence, too: a tag that is not there has no place. */
static void
consult_headers(struct xlate_ctx *ctx, struct flow *look)
{
    struct dp_vlan present = {htons(FLOW_VLAN_PRESENT), 0};
    uint32_t *wc = (uint32_t *)&ctx->out->wc, vlan_present;

    memcpy(&vlan_present, &present, sizeof vlan_present);
    if (ctx->pkt.ttl_epoch)
        widen_ttl(ctx, &look->key);
    consult_moved(wc, (uint32_t *)look, VLAN_BASE, ctx->pkt.vlan_src, 2,
                  ctx->pkt.n_ops ? vlan_present : 0);
    consult_moved(wc, (uint32_t *)look, MPLS_BASE, ctx->pkt.mpls_src, 3, 0);
    memset(look->key.vlan, 0, sizeof look->key.vlan);
    memset(look->key.mpls_lse, 0, sizeof look->key.mpls_lse);
}

/* Whether an unknown bit of `mask` is of a tag, a label, an I-TAG or a TTL: these may have come in
 * elsewhere. */
static bool
looks_at_headers(const struct flow *mask, const struct flow *known)
{
    const __u64 *bits = flow_words(mask), *known_bits = flow_words(known);
    __u64 words = bits[DP_WORD_OF(vlan)] & ~known_bits[DP_WORD_OF(vlan)];

    words |= bits[DP_WORD_OF(mpls_lse)] & ~known_bits[DP_WORD_OF(mpls_lse)];
    words |= bits[DP_WORD_OF(pbb_itag)] & ~known_bits[DP_WORD_OF(pbb_itag)];
    return words || mask->key.ip_ttl & ~known->key.ip_ttl;
}

static void
add_unknown(struct flow *to, const struct flow *mask, const struct flow *known)
{
    __u64 *words = flow_words_rw(to);
    const __u64 *bits = flow_words(mask), *known_bits = flow_words(known);

    for (size_t w = 0; w < DP_KEY_WORDS; w++)
        words[w] |= bits[w] & ~known_bits[w];
}

void
xlate_consult(struct xlate_ctx *ctx, const struct flow *mask)
{
    const struct flow *known = &ctx->pkt.known;

    if (looks_at_headers(mask, known)) {
        struct flow look = {0};

        add_unknown(&look, mask, known);
        consult_headers(ctx, &look);
        add_unknown(&ctx->out->wc, &look, &(struct flow){0});
    } else {
        add_unknown(&ctx->out->wc, mask, known);
    }
}

void
xlate_consult_plain(struct xlate_ctx *ctx, size_t offset, size_t size, uint8_t bits)
{
    uint8_t *wc = (uint8_t *)&ctx->out->wc.key + offset;
    const uint8_t *known = (const uint8_t *)&ctx->pkt.known.key + offset;

    for (size_t i = 0; i < size; i++)
        wc[i] |= bits & ~known[i];
}

void
xlate_consult_field(struct xlate_ctx *ctx, const struct field *field)
{
    struct flow mask = {0};

    field_unwildcard(field, &mask);
    xlate_consult(ctx, &mask);
}

bool
xlate_has_vlan(struct xlate_ctx *ctx)
{
    struct flow mask = {0};

    mask.key.vlan[0].tpid = htons(FLOW_VLAN_PRESENT);
    xlate_consult(ctx, &mask);
    return ctx->pkt.flow.key.vlan[0].tpid & htons(FLOW_VLAN_PRESENT);
}

bool
xlate_is_mpls(struct xlate_ctx *ctx)
{
    xlate_consult_key(ctx, eth_type);
    return xlate_is_mpls_type(ntohs(ctx->pkt.flow.key.eth_type));
}

bool
xlate_is_ip(struct xlate_ctx *ctx)
{
    uint16_t eth_type = ntohs(ctx->pkt.flow.key.eth_type);

    xlate_consult_key(ctx, eth_type);
    return eth_type == ETH_TYPE_IPV4 || eth_type == ETH_TYPE_IPV6;
}

/* ---- Prerequisites ----------------------------------------------------------------------------*/
/* What tells whether a packet has a transport header: not that of a later fragment. */
static bool
has_l4(struct xlate_ctx *ctx)
{
    xlate_consult_key(ctx, eth_type);
    xlate_consult_key(ctx, ip_proto);
    xlate_consult_plain(ctx, offsetof(struct dp_key, ip_frag), 1, DP_FRAG_LATER);
    return !(ctx->pkt.flow.key.ip_frag & DP_FRAG_LATER);
}

static bool
has_nd(struct xlate_ctx *ctx)
{
    xlate_consult_key(ctx, tp_src);
    return has_l4(ctx);
}

/* The whole header must be there for its fields to be. */
static bool
is_parsed(struct xlate_ctx *ctx, uint8_t bits)
{
    xlate_consult_plain(ctx, offsetof(struct dp_key, parsed), 1, bits);
    return (ctx->pkt.flow.key.parsed & bits) == bits;
}

static bool
is_transport(const struct xlate_ctx *ctx)
{
    uint8_t proto = ctx->pkt.flow.key.ip_proto;

    return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

bool
xlate_has_field(struct xlate_ctx *ctx, const struct field *field)
{
    switch (field->prereq) {
    case PREREQ_NONE:
    case PREREQ_IN_PORT:
        return true;
    case PREREQ_VLAN:
        return xlate_has_vlan(ctx);
    case PREREQ_ARP:
        xlate_consult_key(ctx, eth_type);
        return field_prereq_ok_flow(field, &ctx->pkt.flow) && is_parsed(ctx, DP_PARSED_ARP);
    case PREREQ_IPV4:
    case PREREQ_IPV6:
    case PREREQ_IP:
        xlate_consult_key(ctx, eth_type);
        return field_prereq_ok_flow(field, &ctx->pkt.flow) && is_parsed(ctx, DP_PARSED_L3);
    case PREREQ_MPLS:
    case PREREQ_PBB:
        xlate_consult_key(ctx, eth_type);
        return field_prereq_ok_flow(field, &ctx->pkt.flow);
    case PREREQ_TCP:
    case PREREQ_UDP:
    case PREREQ_SCTP:
    case PREREQ_ICMPV4:
    case PREREQ_ICMPV6:
        return has_l4(ctx) && field_prereq_ok_flow(field, &ctx->pkt.flow) &&
               is_parsed(ctx, DP_PARSED_L4);
    case PREREQ_ND:
    case PREREQ_ND_SOL:
    case PREREQ_ND_ADV:
        return has_nd(ctx) && field_prereq_ok_flow(field, &ctx->pkt.flow) &&
               is_parsed(ctx, DP_PARSED_ND);
    }
    return false;
}

/* Setters of OpenFlow 1.0 name the port of whatever transport there is. */
bool
xlate_has_any_transport(struct xlate_ctx *ctx)
{
    return xlate_is_ip(ctx) && has_l4(ctx) && is_transport(ctx) && is_parsed(ctx, DP_PARSED_L4);
}

size_t
xlate_first_opaque_word(const struct xlate_pkt *pkt)
{
    switch ((enum xlate_opaque)pkt->opaque) {
    case XLATE_CLEAR:
        return XLATE_HIDE_END;
    case XLATE_OPAQUE_L4:
        return DP_WORD_OF(tp_src);
    case XLATE_OPAQUE_L3:
        return DP_WORD_OF(ip_src);
    case XLATE_OPAQUE_ALL:
        return XLATE_HIDE_FIRST;
    }
    return XLATE_HIDE_END;
}

bool
xlate_is_opaque(const struct xlate_ctx *ctx, const struct field *field)
{
    size_t first = field->first_word, end = first + field->n_words;

    return first < XLATE_HIDE_END && end > xlate_first_opaque_word(&ctx->pkt);
}

/* ---- Reading and writing ----------------------------------------------------------------------*/
field_value
xlate_read(struct xlate_ctx *ctx, const struct subfield *src)
{
    struct flow mask = {0};

    if (!xlate_has_field(ctx, field_from_id((enum field_id)src->field)))
        return 0;
    subfield_unwildcard(src, &mask);
    xlate_consult(ctx, &mask);
    return subfield_get(src, &ctx->pkt.flow);
}

/* A change of what the next header is: what is behind must be parsed again before anyone looks,
 * and is written before. */
static void
retype(struct xlate_ctx *ctx, enum xlate_opaque opaque)
{
    xlate_commit(ctx);
    ctx->pkt.opaque = MAX(ctx->pkt.opaque, opaque);
    ctx->base.opaque = ctx->pkt.opaque;
}

/* Bit 12 of these fields says that there is a tag: it is pushed or popped, not written. */
static bool
write_vlan_presence(struct xlate_ctx *ctx, const struct field *field, field_value value,
                    field_value *mask)
{
    if (field->id != FIELD_VLAN_TCI && field->id != FIELD_VLAN_VID)
        return true;
    if (!(*mask & 0x1000))
        return xlate_has_vlan(ctx);
    *mask &= ~(field_value)0x1000;
    if (!xlate_has_vlan(ctx)) {
        if (value & 0x1000)
            xlate_push_vlan(ctx, ETH_TYPE_VLAN);
        return value & 0x1000;
    }
    if (!(value & 0x1000))
        xlate_pop_vlan(ctx);
    return value & 0x1000;
}

static void
note_write(struct xlate_ctx *ctx, const struct field *field)
{
    for (size_t w = field->first_word; w < (size_t)field->first_word + field->n_words; w++)
        ctx->out->written |= UINT64_C(1) << w;
}

void
xlate_write_present(struct xlate_ctx *ctx, const struct field *field, field_value value,
                    field_value mask)
{
    if (field->id == FIELD_ETH_TYPE)
        retype(ctx, XLATE_OPAQUE_L3);
    else if (field->id == FIELD_IP_PROTO)
        retype(ctx, XLATE_OPAQUE_L4);
    field_set_masked(field, &ctx->pkt.flow, value, mask);
    field_unwildcard_bits(field, &ctx->pkt.known, mask);
    note_write(ctx, field);
}

void
xlate_write(struct xlate_ctx *ctx, const struct field *field, field_value value, field_value mask)
{
    if (xlate_has_field(ctx, field) && write_vlan_presence(ctx, field, value, &mask))
        xlate_write_present(ctx, field, value, mask);
}

void
xlate_write_subfield(struct xlate_ctx *ctx, const struct subfield *dst, field_value value)
{
    xlate_write(ctx, field_from_id((enum field_id)dst->field), value << dst->ofs,
                subfield_mask(dst));
}

/* ---- Structure --------------------------------------------------------------------------------*/
static void
note_written_headers(struct xlate_ctx *ctx)
{
    for (size_t w = XLATE_HIDE_FIRST; w < XLATE_HIDE_END; w++)
        ctx->out->written |= UINT64_C(1) << w;
}

static void
apply_from(struct xlate_ctx *ctx, enum xlate_op_kind kind, uint16_t eth_type, uint16_t old_eth_type)
{
    struct xlate_op op = {
        .kind = (uint8_t)kind, .eth_type = eth_type, .old_eth_type = old_eth_type};

    if (!xlate_pkt_apply(&ctx->pkt, &op))
        xlate_fail(ctx, XLATE_TOO_MANY_HEADERS);
    note_written_headers(ctx);
}

static void
apply(struct xlate_ctx *ctx, enum xlate_op_kind kind, uint16_t eth_type)
{
    apply_from(ctx, kind, eth_type, ntohs(ctx->pkt.flow.key.eth_type));
}

/* What a third tag hides is written before. */
void
xlate_push_vlan(struct xlate_ctx *ctx, uint16_t tpid)
{
    struct flow present = {0};

    present.key.vlan[1].tpid = htons(FLOW_VLAN_PRESENT);
    if (xlate_has_vlan(ctx))
        xlate_consult(ctx, &present);
    if (xlate_has_two_tags(&ctx->pkt.flow.key)) {
        present.key.vlan[1].tpid = 0xffff;
        xlate_consult(ctx, &present);
        xlate_commit(ctx);
    }
    apply(ctx, XLATE_PUSH_VLAN, tpid);
}

/* A pop that follows its push takes it back. */
static bool
cancel_push_vlan(struct xlate_pkt *pkt)
{
    struct dp_key *key = &pkt->flow.key, *known = &pkt->known.key;

    if (!pkt->has_spill)
        return false;
    pkt->has_spill = false;
    pkt->n_ops--;
    key->vlan[0] = key->vlan[1];
    known->vlan[0] = known->vlan[1];
    pkt->vlan_src[0] = pkt->vlan_src[1];
    memset(&key->vlan[1], 0, sizeof key->vlan[1]);
    known->vlan[1] = pkt->spill.known;
    pkt->vlan_src[1] = pkt->spill.src;
    return true;
}

/* What is behind the outermost tag: whether there is a second, a third. */
static void
consult_inner_tags(struct xlate_ctx *ctx)
{
    struct flow mask = {0};

    mask.key.vlan[1].tpid = htons(FLOW_VLAN_PRESENT);
    xlate_consult(ctx, &mask);
    if (xlate_has_tag(&ctx->pkt.flow.key.vlan[1]))
        xlate_consult_key(ctx, eth_type);
    if (ctx->pkt.n_ops) {
        ctx->out->wc.key.vlan[0].tpid |= htons(FLOW_VLAN_PRESENT);
        ctx->out->wc.key.vlan[1].tpid |= htons(FLOW_VLAN_PRESENT);
    }
}

void
xlate_pop_vlan(struct xlate_ctx *ctx)
{
    if (!xlate_has_vlan(ctx) || cancel_push_vlan(&ctx->pkt))
        return;
    consult_inner_tags(ctx);
    if (xlate_has_third_tag(&ctx->pkt.flow.key)) /* Nobody may look at the packet behind this. */
        xlate_commit(ctx);
    apply(ctx, XLATE_POP_VLAN, ntohs(ctx->pkt.flow.key.vlan[0].tpid));
}

/* The TTL of a new label is that of the next one or of the IP header, which the datapath copies;
 * 0 on what has none (OpenFlow 1.3, section 5.12.1, table 7). */
static void
set_new_label_ttl(struct xlate_ctx *ctx, bool is_copied, uint8_t ttl)
{
    __be32 *lse = &ctx->pkt.flow.key.mpls_lse[0], mask = htonl(MPLS_TTL_MASK);

    *lse = (*lse & ~mask) | htonl(is_copied ? ttl : 0);
    if (is_copied) {
        ctx->pkt.known.key.mpls_lse[0] &= ~mask;
        ctx->pkt.ttl_epoch = ++ctx->ttl_epoch;
        ctx->pkt.ttl_moved = true;
    } else {
        ctx->pkt.known.key.mpls_lse[0] |= mask;
    }
}

static void
note_no_labels(struct xlate_pkt *pkt)
{
    memset(pkt->flow.key.mpls_lse, 0, sizeof pkt->flow.key.mpls_lse);
    memset(pkt->known.key.mpls_lse, 0xff, sizeof pkt->known.key.mpls_lse);
}

/* The label stack entry of a label before tags: the label and TC of the outermost label behind
 * them, its TTL or the IP header's. What follows is no label, so it is the bottom. */
static uint32_t
entry_before_tags(struct xlate_ctx *ctx, bool is_mpls, bool is_ip)
{
    struct flow mask = {0};

    if (is_mpls)
        mask.key.mpls_lse[0] = htonl(~MPLS_BOS);
    else if (is_ip)
        mask.key.ip_ttl = 0xff;
    xlate_consult(ctx, &mask);
    if (is_mpls)
        return ntohl(ctx->pkt.flow.key.mpls_lse[0]) | MPLS_BOS;
    return MPLS_BOS | (is_ip ? ctx->pkt.flow.key.ip_ttl : 0);
}

/* The datapath cannot copy a TTL from behind tags: the mask has it. */
static void
push_before_tags(struct xlate_ctx *ctx, uint16_t eth_type, bool is_mpls, bool is_ip)
{
    uint32_t entry = entry_before_tags(ctx, is_mpls, is_ip);
    struct flow mask = {0};
    uint16_t tpid;

    mask.key.vlan[0].tpid = 0xffff;
    xlate_consult(ctx, &mask);
    tpid = ntohs(ctx->pkt.flow.key.vlan[0].tpid);
    xlate_commit(ctx);
    apply_from(ctx, XLATE_PUSH_MPLS_OUTER, eth_type, tpid);
    ctx->pkt.flow.key.mpls_lse[0] = htonl(entry);
}

void
xlate_push_mpls(struct xlate_ctx *ctx, uint16_t eth_type, bool outer)
{
    struct dp_key *key = &ctx->pkt.flow.key;
    bool is_mpls = xlate_is_mpls(ctx), is_ip = xlate_is_ip(ctx);
    uint8_t ttl = is_mpls ? ntohl(key->mpls_lse[0]) & MPLS_TTL_MASK : key->ip_ttl;

    if (outer && xlate_has_vlan(ctx)) {
        push_before_tags(ctx, eth_type, is_mpls, is_ip);
        return;
    }
    xlate_commit(ctx);
    if (!is_mpls) {
        note_no_labels(&ctx->pkt);
        note_no_labels(&ctx->base);
    }
    apply(ctx, XLATE_PUSH_MPLS, eth_type);
    set_new_label_ttl(ctx, is_mpls || is_ip, ttl);
}

/* Whether there are more labels than the key holds, 4 or more. */
static void
consult_hidden_labels(struct xlate_ctx *ctx)
{
    struct flow mask = {0};

    mask.key.n_mpls = ctx->pkt.n_ops ? 0xff : 4;
    xlate_consult(ctx, &mask);
}

void
xlate_pop_mpls(struct xlate_ctx *ctx, uint16_t eth_type)
{
    if (!xlate_is_mpls(ctx))
        return;
    consult_hidden_labels(ctx);
    xlate_commit(ctx);
    apply(ctx, XLATE_POP_MPLS, eth_type);
}

/* The new I-TAG starts as a copy of the one that was there, all zeros if none was, but with the
 * priority of the VLAN tag if there is one (OpenFlow 1.3, section 5.12, table 7). */
static void
start_itag(struct xlate_ctx *ctx, bool is_pbb, bool has_vlan)
{
    struct dp_key *key = &ctx->pkt.flow.key, *known = &ctx->pkt.known.key;
    uint32_t pcp = ntohs(key->vlan[0].tci) >> 13;
    struct flow mask = {0};

    if (!is_pbb) {
        key->pbb_itag = 0;
        known->pbb_itag = ~0u;
    }
    if (has_vlan) {
        mask.key.vlan[0].tci = htons(0xe000);
        xlate_consult(ctx, &mask);
        key->pbb_itag = (key->pbb_itag & ~htonl(ITAG_PCP)) | htonl(pcp << 29);
        known->pbb_itag |= htonl(ITAG_PCP);
    }
}

void
xlate_push_pbb(struct xlate_ctx *ctx, uint16_t eth_type)
{
    bool has_vlan = xlate_has_vlan(ctx), is_pbb;

    xlate_consult_key(ctx, eth_type);
    is_pbb = ntohs(ctx->pkt.flow.key.eth_type) == ETH_TYPE_PBB;
    xlate_commit(ctx);
    start_itag(ctx, is_pbb, has_vlan);
    apply(ctx, XLATE_PUSH_PBB, eth_type);
}

void
xlate_pop_pbb(struct xlate_ctx *ctx)
{
    xlate_consult_key(ctx, eth_type);
    if (ntohs(ctx->pkt.flow.key.eth_type) != ETH_TYPE_PBB)
        return;
    xlate_commit(ctx);
    apply(ctx, XLATE_POP_PBB, 0);
}
