/* SPDX-License-Identifier: GPL-2.0 */
/* SET: one word of the key, in the key and in the packet.
 *
 * Model: the key says what the packet holds, so old and new bytes are both at hand and the
 * packet is only written. Checksums are updated by the difference (RFC 1624); SCTP's CRC, which
 * is linear, by the CRC of the difference (crc32c.bpf.h).
 *
 * A fragment that is not the first has no layer 4 header: a SET of ports leaves it as it is. A
 * header that is absent for another reason is a drop. */
#ifndef SHUNT_ACTIONS_SET_BPF_H
#define SHUNT_ACTIONS_SET_BPF_H

#include "actions/crc32c.bpf.h"
#include "datapath/ctx.bpf.h"

/* The words of the key that stand for bytes of the packet. */
union set_word {
    __u64 u64;
    __u32 u32[2];
    __u8 u8[8];
    struct {
        __u8 src_tail[4];
        __be16 eth_type, packet_type;
    } eth; /* Word of eth_type. */
    struct dp_vlan vlan[2];
    struct {
        __be32 lse[2];
    } mpls;
    struct {
        __be32 lse2, itag;
    } pbb;
    struct {
        __be32 label;
        __u8 proto, tos, ttl, frag;
    } ip; /* Word of ip_ttl. */
    struct {
        __be16 src, dst, tcp_flags, exthdr;
    } tp;
    struct {
        __u8 sha[6], tha_head[2];
    } hw; /* Word of arp_sha. */
    struct {
        __u8 tha_tail[4], n_mpls, parsed, pad[2];
    } hw_tail; /* The word after. */
};
_Static_assert(sizeof(union set_word) == 8, "a word");

/* ---- Layer 2 ---- */

static __always_inline int
set_eth(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    __u32 l2_len = state->layout.l2_len;
    int drop = 0;

    if (old.u32[0] != new.u32[0])
        drop = ctx_store(ctx, 8, &new.u32[0], sizeof new.u32[0]);
    if (drop || old.eth.eth_type == new.eth.eth_type)
        return drop;
    if (!l2_len || old.eth.eth_type == bpf_htons(DP_ETH_TYPE_NONE))
        return DP_DROP_NO_HEADER;
    drop = ctx_store_l2(ctx, l2_len - sizeof(__be16), &new.eth.eth_type, sizeof(__be16));
    if (!drop)
        drop = ctx_fix_proto(ctx, state);
    return drop ? drop : reparse(ctx, state);
}

static __always_inline int
set_vlan(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    int drop = 0;

    if (old.u32[0] != new.u32[0])
        drop = ctx_vlan_set(ctx, state, 0, new.vlan[0]);
    if (!drop && old.u32[1] != new.u32[1])
        drop = ctx_vlan_set(ctx, state, 1, new.vlan[1]);
    return drop;
}

static __always_inline int
set_mpls(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    __u32 off = state->layout.l2_len, n_mpls = state->u.key.n_mpls;
    int drop = 0;

    if (n_mpls < (old.u32[1] != new.u32[1] ? 2 : 1))
        return DP_DROP_NO_HEADER;
    if (old.u32[0] != new.u32[0])
        drop = ctx_store_l2(ctx, off, &new.u32[0], sizeof new.u32[0]);
    if (!drop && old.u32[1] != new.u32[1])
        drop = ctx_store_l2(ctx, off + sizeof new.u32[0], &new.u32[1], sizeof new.u32[1]);
    return drop;
}

static __always_inline int
set_pbb(ctx_t *ctx, struct state *state, union set_word new)
{
    if (!(state->u.key.parsed & DP_PARSED_PBB))
        return DP_DROP_NO_HEADER;
    return ctx_store_l2(ctx, state->layout.l2_len, &new.pbb.itag, sizeof new.pbb.itag);
}

/* ---- Layer 3 ---- */

/* Brings the checksum of layer 4 in line after addresses or the protocol changed by `diff`; the
 * key has the protocol whose checksum it is. */
static __always_inline int
set_pseudo_header(ctx_t *ctx, struct state *state, __u32 diff)
{
    __u32 off = state->layout.l4_off, flags = CSUM_PSEUDO;

    if (state->u.key.ip_frag & DP_FRAG_LATER)
        return 0;
    switch (state->u.key.ip_proto) {
    case IP_TCP:
        off += 16;
        break;
    case IP_UDP:
        off += 6;
        flags |= CSUM_UDP;
        break;
    case IP_ICMP6:
        if (state->u.key.eth_type != ETH_IP6)
            return 0;
        off += 2;
        break;
    default:
        return 0;
    }
    return state->layout.l4_off ? ctx_csum_l4(ctx, off, diff, flags) : DP_DROP_TRUNCATED_HEADER;
}

static __always_inline int
set_addresses(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    __u32 l3 = state->layout.l3_off, diff = csum_diff_u64(old.u64, new.u64);
    int drop;

    if (state->u.key.parsed & DP_PARSED_ARP) {
        drop = ctx_store_summed(ctx, l3 + 14, &new.u32[0], sizeof new.u32[0]);
        return drop ? drop : ctx_store_summed(ctx, l3 + 24, &new.u32[1], sizeof new.u32[1]);
    }
    if (!l3 || state->u.key.eth_type != ETH_IP)
        return DP_DROP_NO_HEADER;
    drop = ctx_store(ctx, l3 + 12, &new, sizeof new);
    if (!drop)
        drop = ctx_csum_l3(ctx, l3 + 10, diff);
    return drop ? drop : set_pseudo_header(ctx, state, diff);
}

static __always_inline int
set_addresses6(ctx_t *ctx, struct state *state, __u32 i, union set_word old, union set_word new)
{
    __u32 l3 = state->layout.l3_off;
    int drop;

    if (!l3 || state->u.key.eth_type != ETH_IP6)
        return DP_DROP_NO_HEADER;
    drop = ctx_store_summed(ctx, l3 + 8 + i * sizeof new, &new, sizeof new);
    return drop ? drop : set_pseudo_header(ctx, state, csum_diff_u64(old.u64, new.u64));
}

static __always_inline int
set_ip4(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    __u8 ttl_proto[2] = {new.ip.ttl, new.ip.proto};
    __u32 l3 = state->layout.l3_off, diff;
    int drop;

    if (old.ip.label != new.ip.label)
        return DP_DROP_NO_HEADER;
    drop = ctx_store(ctx, l3 + 1, &new.ip.tos, sizeof new.ip.tos);
    if (!drop)
        drop = ctx_store(ctx, l3 + 8, ttl_proto, sizeof ttl_proto);
    if (drop)
        return drop;
    diff = csum_add(csum_diff(bpf_htons(old.ip.tos), bpf_htons(new.ip.tos)),
                    csum_diff(bpf_htons(old.ip.ttl << 8 | old.ip.proto),
                              bpf_htons(new.ip.ttl << 8 | new.ip.proto)));
    return ctx_csum_l3(ctx, l3 + 10, diff);
}

/* With extension headers the protocol is not in the IPv6 header. */
static __always_inline int
set_ip6(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    __be32 first = bpf_htonl(6u << 28 | (__u32) new.ip.tos << 20) | new.ip.label;
    __u32 l3 = state->layout.l3_off;
    int drop;

    if (old.ip.proto != new.ip.proto && state->u.key.ip6_exthdr)
        return DP_DROP_NO_HEADER;
    drop = ctx_store_summed(ctx, l3, &first, sizeof first);
    if (!drop && old.ip.proto != new.ip.proto)
        drop = ctx_store_summed(ctx, l3 + 6, &new.ip.proto, sizeof new.ip.proto);
    return drop ? drop : ctx_store_summed(ctx, l3 + 7, &new.ip.ttl, sizeof new.ip.ttl);
}

static __always_inline int
set_arp_op(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    __be16 op = bpf_htons(new.ip.proto);

    new.ip.proto = old.ip.proto;
    if (new.u64 != old.u64)
        return DP_DROP_NO_HEADER;
    return ctx_store_summed(ctx, state->layout.l3_off + 6, &op, sizeof op);
}

/* Label, protocol, TOS, TTL. Another protocol makes another layer 4 of what follows. */
static __always_inline int
set_ip(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    int drop;

    if (state->u.key.parsed & DP_PARSED_ARP)
        return set_arp_op(ctx, state, old, new);
    if (!(state->u.key.parsed & DP_PARSED_L3))
        return DP_DROP_NO_HEADER;
    drop = state->u.key.eth_type == ETH_IP ? set_ip4(ctx, state, old, new)
                                           : set_ip6(ctx, state, old, new);
    if (drop || old.ip.proto == new.ip.proto)
        return drop;
    drop =
        set_pseudo_header(ctx, state, csum_diff(bpf_htons(old.ip.proto), bpf_htons(new.ip.proto)));
    return drop ? drop : reparse(ctx, state);
}

/* ---- Layer 4 ---- */

static __always_inline int
set_icmp(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    __u32 l4 = state->layout.l4_off;
    __u8 from[2] = {bpf_ntohs(old.tp.src), bpf_ntohs(old.tp.dst)};
    __u8 to[2] = {bpf_ntohs(new.tp.src), bpf_ntohs(new.tp.dst)};
    __u32 diff =
        csum_diff(bpf_htons(from[0] << 8 | from[1]), bpf_htons((__u16)(to[0] << 8 | to[1])));
    int drop = ctx_store(ctx, l4, to, sizeof to);

    if (!drop)
        drop = ctx_csum_l4(ctx, l4 + 2, diff, 0);
    if (drop || state->u.key.eth_type != ETH_IP6)
        return drop;
    return reparse(ctx, state);
}

/* A fragment lacks bytes that the CRC covers, and how many. A CRC of 0 is one that the sender
 * left to the hardware. */
static __always_inline int
set_sctp(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    __u32 l4 = state->layout.l4_off, crc;
    int drop = ctx_load(ctx, l4 + 8, &crc, sizeof crc);

    if (drop)
        return drop;
    if (state->u.key.ip_frag)
        return DP_DROP_CHECKSUM;
    drop = ctx_store_summed(ctx, l4, &new.u32[0], sizeof new.u32[0]);
    if (drop || !crc)
        return drop;
    crc ^= crc32c_of_change(old.u32[0] ^ new.u32[0], state->layout.room);
    return ctx_store_summed(ctx, l4 + 8, &crc, sizeof crc);
}

static __always_inline int
set_ports(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    bool is_tcp = state->u.key.ip_proto == IP_TCP;
    __u32 l4 = state->layout.l4_off;
    int drop;

    if (!is_tcp && ctx_is_unsummed(ctx, l4 + 6))
        return ctx_store_summed(ctx, l4, &new.u32[0], sizeof new.u32[0]);
    drop = ctx_store(ctx, l4, &new.u32[0], sizeof new.u32[0]);
    return drop ? drop
                : ctx_csum_l4(ctx, l4 + (is_tcp ? 16 : 6), csum_diff(old.u32[0], new.u32[0]),
                              is_tcp ? 0 : CSUM_UDP);
}

static __always_inline int
set_tp(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    if (!state->layout.l4_off)
        return DP_DROP_NO_HEADER;
    switch (state->u.key.ip_proto) {
    case IP_TCP:
    case IP_UDP:
        return set_ports(ctx, state, old, new);
    case IP_SCTP:
        return set_sctp(ctx, state, old, new);
    default:
        return set_icmp(ctx, state, old, new);
    }
}

/* ---- ARP's hardware addresses, neighbour discovery ---- */

static __always_inline int
set_nd_csum(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    return ctx_csum_l4(ctx, state->layout.l4_off + 2, csum_diff_u64(old.u64, new.u64), 0);
}

static __always_inline int
set_nd_target(ctx_t *ctx, struct state *state, __u32 i, union set_word old, union set_word new)
{
    int drop;

    if (!(state->u.key.parsed & DP_PARSED_ND))
        return DP_DROP_NO_HEADER;
    drop = ctx_store(ctx, state->layout.l4_off + 8 + i * sizeof new, &new, sizeof new);
    return drop ? drop : set_nd_csum(ctx, state, old, new);
}

/* Where the sender's and the target's address stand; 0: nowhere. */
static __always_inline __u32
set_hw_off(const struct state *state, bool target)
{
    if (state->u.key.parsed & DP_PARSED_ARP)
        return state->layout.l3_off + (target ? 18 : 8);
    return target ? state->layout.nd_tll_off : state->layout.nd_sll_off;
}

/* What neighbour discovery's checksum makes up for, ARP has none for. */
static __always_inline int
set_hw_bytes(ctx_t *ctx, const struct state *state, __u32 off, const void *from, __u32 n)
{
    return state->u.key.parsed & DP_PARSED_ARP ? ctx_store_summed(ctx, off, from, n)
                                               : ctx_store(ctx, off, from, n);
}

/* Addresses start at even offsets of what the checksum covers, as they do in their words. */
static __always_inline int
set_hw(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    bool sender = (old.u64 ^ new.u64) & bpf_cpu_to_be64(~0ull << 16);
    bool target = (old.u64 ^ new.u64) & bpf_cpu_to_be64(0xffff);
    __u32 sender_off = set_hw_off(state, false), target_off = set_hw_off(state, true);
    int drop = 0;

    if ((sender && !sender_off) || (target && !target_off))
        return DP_DROP_NO_HEADER;
    if (sender)
        drop = set_hw_bytes(ctx, state, sender_off, new.hw.sha, sizeof new.hw.sha);
    if (target && !drop)
        drop = set_hw_bytes(ctx, state, target_off, new.hw.tha_head, sizeof new.hw.tha_head);
    if (drop || state->u.key.parsed & DP_PARSED_ARP)
        return drop;
    return set_nd_csum(ctx, state, old, new);
}

static __always_inline int
set_hw_tail(ctx_t *ctx, struct state *state, union set_word old, union set_word new)
{
    __u32 target_off = set_hw_off(state, true);
    int drop;

    if (!target_off)
        return DP_DROP_NO_HEADER;
    drop =
        set_hw_bytes(ctx, state, target_off + 2, new.hw_tail.tha_tail, sizeof new.hw_tail.tha_tail);
    if (drop || state->u.key.parsed & DP_PARSED_ARP)
        return drop;
    return set_nd_csum(ctx, state, old, new);
}

/* ---- All words ---- */

static __always_inline int
set_packet(ctx_t *ctx, struct state *state, __u32 word, union set_word old, union set_word new)
{
    switch (word) {
    case DP_WORD_OF(eth_dst):
        return ctx_store(ctx, 0, &new, sizeof new);
    case DP_WORD_OF(eth_type):
        return set_eth(ctx, state, old, new);
    case DP_WORD_OF(vlan):
        return set_vlan(ctx, state, old, new);
    case DP_WORD_OF(mpls_lse):
        return set_mpls(ctx, state, old, new);
    case DP_WORD_OF(pbb_itag):
        return set_pbb(ctx, state, new);
    case DP_WORD_OF(ip_src):
        return set_addresses(ctx, state, old, new);
    case DP_WORD_OF(ip6_src):
    case DP_WORD_OF(ip6_src) + 1:
    case DP_WORD_OF(ip6_dst):
    case DP_WORD_OF(ip6_dst) + 1:
        return set_addresses6(ctx, state, word - DP_WORD_OF(ip6_src), old, new);
    case DP_WORD_OF(ip_ttl):
        return set_ip(ctx, state, old, new);
    case DP_WORD_OF(tp_src):
        return set_tp(ctx, state, old, new);
    case DP_WORD_OF(arp_sha):
        return set_hw(ctx, state, old, new);
    case DP_WORD_OF(arp_sha) + 1:
        return set_hw_tail(ctx, state, old, new);
    case DP_WORD_OF(nd_target):
    case DP_WORD_OF(nd_target) + 1:
        return set_nd_target(ctx, state, word - DP_WORD_OF(nd_target), old, new);
    case DP_WORD_OF(skb_priority):
        ctx_set_skb(ctx, new.u32[0], new.u32[1]);
        return 0;
    default: /* Tunnel, connection tracking, ports: of the key alone. */
        return 0;
    }
}

/* Has packet and key hold `value` as word `word`. */
static __always_inline int
set_word(ctx_t *ctx, struct state *state, __u32 word, __u64 value)
{
    union set_word old, new = {.u64 = value};
    int drop;

    word &= 31;
    old.u64 = state->u.words[word];
    if (old.u64 == value || (word == DP_WORD_OF(tp_src) && state->u.key.ip_frag & DP_FRAG_LATER))
        return 0;
    drop = set_packet(ctx, state, word, old, new);
    if (!drop)
        state->u.words[word] = value;
    return drop;
}

static __always_inline int
act_SET(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    __u32 word = action->word & 31;

    return set_word(ctx, state, word, (state->u.words[word] & ~action->mask) | action->value);
}

#endif
