/* SPDX-License-Identifier: Apache-2.0 */
/* Choices by hash: multipath and bundle (the algorithms that ovs-actions(7) names), and the hash
 * of select groups. What is hashed is un-wildcarded. */
#include "slowpath/xlate-private.h"

#include <arpa/inet.h>

/* ---- Hashing ----------------------------------------------------------------------------------*/
uint32_t
xlate_hash_mask(struct xlate_ctx *ctx, const struct flow *mask, uint32_t basis)
{
    const __u64 *flow = flow_words(&ctx->pkt.flow), *bits = flow_words(mask);
    uint64_t words[FLOW_WORDS];

    xlate_consult(ctx, mask);
    for (size_t w = 0; w < FLOW_WORDS; w++)
        words[w] = flow[w] & bits[w];
    return hash_words(words, FLOW_WORDS, basis);
}

static void
mask_eth(struct dp_key *mask)
{
    memset(mask->eth_dst, 0xff, sizeof mask->eth_dst);
    memset(mask->eth_src, 0xff, sizeof mask->eth_src);
    mask->eth_type = 0xffff;
    mask->vlan[0].tpid = htons(FLOW_VLAN_PRESENT);
    mask->vlan[0].tci = htons(0x0fff);
}

/* Of the network layer what the EtherType says that there is. */
static void
mask_network(const struct xlate_ctx *ctx, struct dp_key *mask)
{
    uint16_t eth_type = ntohs(ctx->pkt.flow.key.eth_type);

    if (eth_type == ETH_TYPE_IPV6) {
        memset(mask->ip6_src, 0xff, sizeof mask->ip6_src);
        memset(mask->ip6_dst, 0xff, sizeof mask->ip6_dst);
    } else if (eth_type == ETH_TYPE_IPV4 || eth_type == ETH_TYPE_ARP) {
        mask->ip_src = mask->ip_dst = ~0u;
    }
    if (eth_type == ETH_TYPE_IPV6 || eth_type == ETH_TYPE_IPV4) {
        mask->ip_proto = 0xff;
        mask->tp_src = mask->tp_dst = 0xffff;
    }
}

uint32_t
xlate_hash_default(struct xlate_ctx *ctx, uint32_t basis)
{
    struct flow mask = {0};

    mask_eth(&mask.key);
    mask_network(ctx, &mask.key);
    return xlate_hash_mask(ctx, &mask, basis);
}

/* Both directions alike: of each pair of fields the sum of hashes. */
static uint32_t
hash_pair(const void *a, const void *b, size_t size, uint32_t basis)
{
    return hash_bytes(a, size, basis) + hash_bytes(b, size, basis);
}

static uint32_t
hash_symmetric(struct xlate_ctx *ctx, const struct flow *mask, uint32_t basis)
{
    const __u64 *bits = flow_words(mask);
    struct flow flow;
    __u64 *words = flow_words_rw(&flow);
    uint32_t h;

    xlate_consult(ctx, mask);
    for (size_t w = 0; w < FLOW_WORDS; w++)
        words[w] = flow_words(&ctx->pkt.flow)[w] & bits[w];
    h = hash_pair(flow.key.eth_src, flow.key.eth_dst, 6, basis);
    h = hash_u64(h, flow.key.eth_type | (uint32_t)flow.key.vlan[0].tci << 16);
    h = hash_pair(&flow.key.ip_src, &flow.key.ip_dst, 4, h);
    h = hash_pair(flow.key.ip6_src, flow.key.ip6_dst, 16, h);
    h = hash_u64(h, flow.key.ip_proto);
    return hash_pair(&flow.key.tp_src, &flow.key.tp_dst, 2, h);
}

/* Addresses of IP, whichever the packet has. */
static void
mask_addresses(const struct xlate_ctx *ctx, struct dp_key *mask, bool src, bool dst)
{
    uint16_t eth_type = ntohs(ctx->pkt.flow.key.eth_type);

    if (eth_type == ETH_TYPE_IPV4) {
        mask->ip_src = src ? ~0u : 0;
        mask->ip_dst = dst ? ~0u : 0;
    } else if (eth_type == ETH_TYPE_IPV6) {
        memset(mask->ip6_src, src ? 0xff : 0, sizeof mask->ip6_src);
        memset(mask->ip6_dst, dst ? 0xff : 0, sizeof mask->ip6_dst);
    }
}

static void
mask_addresses_and_ports(const struct xlate_ctx *ctx, struct dp_key *mask, bool udp)
{
    uint16_t eth_type = ntohs(ctx->pkt.flow.key.eth_type);
    uint8_t proto = ctx->pkt.flow.key.ip_proto;

    mask_addresses(ctx, mask, true, true);
    if (eth_type != ETH_TYPE_IPV4 && eth_type != ETH_TYPE_IPV6)
        return;
    mask->ip_proto = 0xff;
    if (proto == IPPROTO_TCP || proto == IPPROTO_SCTP || (udp && proto == IPPROTO_UDP))
        mask->tp_src = mask->tp_dst = 0xffff;
}

static uint32_t
hash_fields(struct xlate_ctx *ctx, enum hash_fields which, uint32_t basis)
{
    struct flow mask = {0};

    mask.key.eth_type = 0xffff;
    switch (which) {
    case HASH_ETH_SRC:
        mask = (struct flow){0};
        memset(mask.key.eth_src, 0xff, sizeof mask.key.eth_src);
        break;
    case HASH_SYMMETRIC_L4:
        mask_eth(&mask.key);
        mask_addresses_and_ports(ctx, &mask.key, false);
        break;
    case HASH_SYMMETRIC_L3L4:
    case HASH_SYMMETRIC_L3L4_UDP:
        mask_addresses_and_ports(ctx, &mask.key, which == HASH_SYMMETRIC_L3L4_UDP);
        break;
    case HASH_NW_SRC:
        mask_addresses(ctx, &mask.key, true, false);
        break;
    case HASH_NW_DST:
        mask_addresses(ctx, &mask.key, false, true);
        break;
    case HASH_SYMMETRIC_L3:
        mask_addresses(ctx, &mask.key, true, true);
        break;
    }
    return hash_symmetric(ctx, &mask, basis);
}

/* ---- Multipath --------------------------------------------------------------------------------*/
#define MAX_DRAWS 64 /* Of which each finds a link with a chance of almost a half or more. */

static uint32_t
hash_with(uint32_t hash, uint32_t i)
{
    const uint64_t words[] = {hash, i};

    return hash_words(words, ARRAY_SIZE(words), 0);
}

/* Highest random weight (Thaler and Ravishankar). */
static uint32_t
highest_weight(uint32_t hash, uint32_t n)
{
    uint32_t best = 0, best_weight = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t weight = hash_with(hash, i);

        if (!i || weight > best_weight) {
            best = i;
            best_weight = weight;
        }
    }
    return best;
}

/* Draws from `range` numbers until one is a link. A range that is too small, or over twice too
 * large, is the next power of two instead. */
static uint32_t
iterate_hash(uint32_t hash, uint32_t n, uint32_t range)
{
    uint32_t link = 0;

    if (range < n || range / 2 > n)
        for (range = 1; range < n;)
            range *= 2;
    for (uint32_t i = 0; i < MAX_DRAWS; i++) {
        link = hash_with(hash, i) % range;
        if (link < n)
            return link;
    }
    return link % n;
}

static uint32_t
choose_link(const struct ofpact_multipath *mp, uint32_t hash)
{
    uint32_t n = mp->max_link + 1u;

    switch ((enum multipath_algorithm)mp->algorithm) {
    case MULTIPATH_MODULO_N:
        return hash % n;
    case MULTIPATH_HASH_THRESHOLD:
        return n == 1 ? 0 : (uint32_t)((uint64_t)hash * n >> 32);
    case MULTIPATH_HRW:
        return highest_weight(hash, n);
    case MULTIPATH_ITER_HASH:
        return iterate_hash(hash, n, mp->arg);
    }
    return 0;
}

void
xlate_multipath(struct xlate_ctx *ctx, const struct ofpact_multipath *mp)
{
    uint32_t hash = hash_fields(ctx, (enum hash_fields)mp->fields, mp->basis);

    xlate_write_subfield(ctx, &mp->dst, choose_link(mp, hash));
}

/* ---- Bundle -----------------------------------------------------------------------------------*/
static bool
is_live(const struct xlate_ctx *ctx, uint32_t number)
{
    const struct ofport *port = ofproto_port(ctx->ofproto, number);

    return port && port->is_live;
}

static uint32_t
choose_member(struct xlate_ctx *ctx, const struct ofpact_bundle *bundle)
{
    uint32_t best = OFPORT_ANY, best_weight = 0, hash = 0;

    if (bundle->algorithm == BUNDLE_HRW)
        hash = hash_fields(ctx, (enum hash_fields)bundle->fields, bundle->basis);
    for (uint32_t i = 0; i < bundle->n_members; i++) {
        uint32_t weight = hash_with(hash, i);

        if (!is_live(ctx, bundle->members[i]))
            continue;
        if (bundle->algorithm == BUNDLE_ACTIVE_BACKUP)
            return bundle->members[i];
        if (best == OFPORT_ANY || weight > best_weight) {
            best = bundle->members[i];
            best_weight = weight;
        }
    }
    return best;
}

/* A field gets the number's 16 bits that OpenFlow 1.0 has, as in Open vSwitch: 0xffff is none. */
void
xlate_bundle(struct xlate_ctx *ctx, const struct ofpact_bundle *bundle)
{
    uint32_t member = choose_member(ctx, bundle);

    if (bundle->dst.n_bits)
        xlate_write_subfield(ctx, &bundle->dst, (uint16_t)member);
    else if (member != OFPORT_ANY)
        xlate_output(ctx, member, 0, false);
}
