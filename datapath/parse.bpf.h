/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The parser: from a frame to the key and the layout. One source for the fast path on both
 * hooks and for user space (datapath/parse.c).
 *
 * Model: a frame is read once, front to back, without copies; everything is parsed, always. A
 * header that is not whole ends the walk and leaves its fields zero. The caller zeroes the
 * packet's words of the key (DP_KEY_PACKET_WORDS) and the layout before.
 *
 * For the verifier: offsets pass through memory (parse_forget()) between layers, so that it
 * knows no more of them than their bounds and walks each layer once, not once for each way of
 * getting there.
 *
 * Formats: IEEE 802.3, 802.1Q, 802.1ah; RFC 826, 791, 8200, 4302, 3032, 768, 9293, 9260, 792,
 * 4443, 4861. IPv6 extension header bits: OpenFlow 1.3, section 7.2.3.8. */
#ifndef SHUNT_DATAPATH_PARSE_BPF_H
#define SHUNT_DATAPATH_PARSE_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>

#include "datapath/abi.h"
#include "datapath/state.bpf.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif

#define PARSE_MAX_OFF 1023
#define PARSE_MAX_EXTHDRS 8
#define PARSE_MAX_ND_OPTIONS 4

#define ETH_TYPE(t) bpf_htons(t)
#define ETH_IP ETH_TYPE(0x0800)
#define ETH_ARP ETH_TYPE(0x0806)
#define ETH_RARP ETH_TYPE(0x8035)
#define ETH_VLAN ETH_TYPE(0x8100)
#define ETH_IP6 ETH_TYPE(0x86dd)
#define ETH_MPLS ETH_TYPE(0x8847)
#define ETH_MPLS_MC ETH_TYPE(0x8848)
#define ETH_SVLAN ETH_TYPE(0x88a8)
#define ETH_PBB ETH_TYPE(0x88e7)
#define ETH_MIN_TYPE 0x600

enum {
    IP_ICMP = 1,
    IP_TCP = 6,
    IP_UDP = 17,
    IP_ICMP6 = 58,
    IP_SCTP = 132,
    IP6_HOP = 0,
    IP6_ROUTING = 43,
    IP6_FRAGMENT = 44,
    IP6_ESP = 50,
    IP6_AUTH = 51,
    IP6_NONE = 59,
    IP6_DEST = 60,
};

#define OFPIEH_NONEXT (1 << 0)
#define OFPIEH_ESP (1 << 1)
#define OFPIEH_AUTH (1 << 2)
#define OFPIEH_DEST (1 << 3)
#define OFPIEH_FRAG (1 << 4)
#define OFPIEH_ROUTER (1 << 5)
#define OFPIEH_HOP (1 << 6)
#define OFPIEH_UNREP (1 << 7)
#define OFPIEH_UNSEQ (1 << 8)

/* Headers as they stand in a frame. The verifier lets programs load words from any address of a
 * packet where the processor can; told that they may be unaligned, the compiler would load bytes.
 */
#ifdef __bpf__
#define UNALIGNED
#else
#define UNALIGNED aligned(1),
#endif
typedef __u16 __attribute__((UNALIGNED may_alias)) una16;
typedef __u32 __attribute__((UNALIGNED may_alias)) una32;
typedef __u64 __attribute__((UNALIGNED may_alias)) una64;

struct ip4_header {
    __u8 version_ihl, tos;
    una16 size, id, frag;
    __u8 ttl, proto;
    una16 csum;
    una32 src, dst;
};

struct ip6_header {
    una32 version_class_label;
    una16 size;
    __u8 next, hops;
    una32 src[4], dst[4];
};

struct arp_header {
    una16 hw, proto;
    __u8 hw_size, proto_size;
    una16 op;
    __u8 sha[6];
    una32 spa;
    __u8 tha[6];
    una32 tpa;
} __attribute__((packed));

/* `value`, `size` bytes as they stand in memory, at byte `at` of a word. Words of the key that are
 * made of several fields are put together in a register and stored once: a load of a word whose
 * parts were stored one by one waits until they have left the store buffer. */
static __always_inline __u64
word_part(__u64 value, __u32 at, __u32 size)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    (void)size;
    return value << 8 * at;
#else
    return value << 8 * (8 - at - size);
#endif
}
#define WORD_PART(member, value)                                                                   \
    word_part((value), __builtin_offsetof(struct dp_key, member) & 7,                              \
              sizeof(((struct dp_key *)0)->member))
#define KEY_WORD(key, member) (((__u64 *)(key))[DP_WORD_OF(member)])

/* A frame in memory: the bytes and where the results go. */
struct parser {
    const void *data, *end;
    struct dp_key *key;
    struct layout *layout;
    void *ctx, *state; /* BPF: what parse_exthdrs_far() passes on. */
};

static __always_inline bool
is_vlan_tpid(__be16 type)
{
    return type == ETH_VLAN || type == ETH_SVLAN;
}

/* The `n` bytes at `off`, or NULL. */
static __always_inline const void *
parse_at(const struct parser *p, __u32 off, __u32 n)
{
    const void *at = p->data;

    if (off > PARSE_MAX_OFF)
        return NULL;
    at += off;
    asm volatile("" : "+r"(at));
    return at + n > p->end ? NULL : at;
}

/* A value that the verifier knows nothing about but its type. */
static __always_inline __u16
parse_forget(__u16 *memory, __u16 value)
{
    *(volatile __u16 *)memory = value;
    return *(volatile __u16 *)memory;
}

static __always_inline void
copy_words(void *to, const void *from, int n_words)
{
#pragma GCC unroll 4
    for (int i = 0; i < n_words; i++)
        ((una64 *)to)[i] = ((const una64 *)from)[i];
}

/* ---- Layer 4 ---- */

static __always_inline void
parse_nd(const struct parser *p, __u32 off, __u32 room)
{
    const void *target = parse_at(p, off + 8, 16);

    if (!target || room < 24)
        return;
    copy_words(p->key->nd_target, target, 2);
    p->key->parsed |= DP_PARSED_ND;
    off += 24;
    for (int i = 0; i < PARSE_MAX_ND_OPTIONS; i++) {
        const __u8 *option = parse_at(p, off, 8);

        if (!option || !option[1])
            return;
        if (option[0] == 1 && option[1] == 1) {
            __builtin_memcpy(p->key->arp_sha, option + 2, 6);
            p->key->parsed |= DP_PARSED_ND_SLL;
            p->layout->nd_sll_off = off + 2;
        } else if (option[0] == 2 && option[1] == 1) {
            __builtin_memcpy(p->key->arp_tha, option + 2, 6);
            p->key->parsed |= DP_PARSED_ND_TLL;
            p->layout->nd_tll_off = off + 2;
        }
        off = parse_forget(&p->layout->scratch, off + option[1] * 8u);
    }
}

/* ICMP's type and code stand where ports would. */
static __always_inline void
parse_icmp(const struct parser *p, const __u8 *header)
{
    p->key->tp_src = bpf_htons(header[0]);
    p->key->tp_dst = bpf_htons(header[1]);
}

/* Neighbour solicitation and advertisement. Not inline in BPF: few packets need it. */
static __always_inline bool
is_nd(const __u8 *icmp6)
{
    return (icmp6[0] == 135 || icmp6[0] == 136) && !icmp6[1];
}

static __always_inline __u32
l4_header_size(__u8 proto)
{
    switch (proto) {
    case IP_TCP:
        return 20;
    case IP_UDP:
    case IP_ICMP:
        return 8;
    case IP_SCTP:
        return 12;
    case IP_ICMP6:
        return 4;
    default:
        return 0;
    }
}

/* Extension headers share the word. */
static __always_inline void
parse_ports(const struct parser *p, const void *header, __be16 tcp_flags)
{
    KEY_WORD(p->key, tp_src) =
        word_part(*(const una32 *)header, 0, 4) | WORD_PART(tcp_flags, tcp_flags) |
        (p->key->eth_type == ETH_IP6 ? WORD_PART(ip6_exthdr, p->key->ip6_exthdr) : 0);
}

/* `room`: bytes of layer 4 according to layer 3. */
static __always_inline void
parse_l4(const struct parser *p, __u32 off, __u8 proto, __u32 room)
{
    const __u8 *header;

    if (room < l4_header_size(proto))
        return;
    if (proto == IP_TCP && (header = parse_at(p, off, 20))) {
        parse_ports(p, header, *(const una16 *)(header + 12) & bpf_htons(0x0fff));
    } else if (proto == IP_UDP && (header = parse_at(p, off, 8))) {
        parse_ports(p, header, 0);
    } else if (proto == IP_SCTP && (header = parse_at(p, off, 12))) {
        parse_ports(p, header, 0);
    } else if (proto == IP_ICMP && p->key->eth_type == ETH_IP && (header = parse_at(p, off, 8))) {
        parse_icmp(p, header);
    } else if (proto == IP_ICMP6 && p->key->eth_type == ETH_IP6 && (header = parse_at(p, off, 4))) {
        parse_icmp(p, header);
        if (is_nd(header))
            parse_nd(p, off, room);
    } else {
        return;
    }
    p->key->parsed |= DP_PARSED_L4;
    p->layout->l4_off = off;
}

/* ---- IPv6 extension headers ---- */

/* Rank of a header in the order that RFC 8200, section 4.1, recommends; a destination options
 * header may stand at two places. */
static __always_inline __u8
exthdr_rank(__u8 type, __u16 seen)
{
    switch (type) {
    case IP6_HOP:
        return 1;
    case IP6_DEST:
        return seen & (OFPIEH_DEST | OFPIEH_ROUTER | OFPIEH_FRAG | OFPIEH_AUTH | OFPIEH_ESP) ? 7
                                                                                             : 2;
    case IP6_ROUTING:
        return 3;
    case IP6_FRAGMENT:
        return 4;
    case IP6_AUTH:
        return 5;
    default:
        return 6;
    }
}

static __always_inline __u16
exthdr_bit(__u8 type)
{
    switch (type) {
    case IP6_HOP:
        return OFPIEH_HOP;
    case IP6_DEST:
        return OFPIEH_DEST;
    case IP6_ROUTING:
        return OFPIEH_ROUTER;
    case IP6_FRAGMENT:
        return OFPIEH_FRAG;
    case IP6_AUTH:
        return OFPIEH_AUTH;
    case IP6_ESP:
        return OFPIEH_ESP;
    case IP6_NONE:
        return OFPIEH_NONEXT;
    default:
        return 0;
    }
}

/* The bits after one more header of `type`. `rank`: the highest so far, 0 at the first. */
static __always_inline __u16
exthdr_note(__u16 seen, __u8 type, __u8 *rank)
{
    __u16 bit = exthdr_bit(type);
    __u8 own = exthdr_rank(type, seen);

    if (type == IP6_NONE)
        return seen | bit;
    if (type == IP6_HOP && *rank)
        return seen | (seen & OFPIEH_HOP ? OFPIEH_UNREP : 0) | OFPIEH_UNSEQ;
    if (seen & bit && (type != IP6_DEST || *rank >= 7))
        seen |= OFPIEH_UNREP;
    if (own < *rank)
        seen |= OFPIEH_UNSEQ;
    else
        *rank = own;
    return seen | bit;
}

static __always_inline __u32
exthdr_size(__u8 type, const __u8 *header)
{
    if (type == IP6_FRAGMENT)
        return 8;
    if (type == IP6_AUTH)
        return (header[1] + 2u) * 4;
    return (header[1] + 1u) * 8;
}

static __always_inline void
exthdr_fragment(const struct parser *p, const __u8 *header)
{
    __u16 frag = bpf_ntohs(*(const una16 *)(header + 2));

    if (frag & 0xfff8)
        p->key->ip_frag = DP_FRAG_ANY | DP_FRAG_LATER;
    else if (frag & 1)
        p->key->ip_frag = DP_FRAG_ANY;
}

/* Walks the headers from layout->scratch on, the first of type layout->next_proto, and leaves
 * there where and what layer 4 is; layout->room shrinks by what was walked. */
static __always_inline void
parse_exthdrs(const struct parser *p)
{
    struct layout *layout = p->layout;
    __u16 seen = 0;
    __u8 rank = 0;

    for (int i = 0; i < PARSE_MAX_EXTHDRS; i++) {
        __u8 type = *(volatile __u8 *)&layout->next_proto;
        __u32 off = *(volatile __u16 *)&layout->scratch, size;
        const __u8 *header;

        if (!exthdr_bit(type))
            return;
        seen = bpf_ntohs(*(volatile __be16 *)&p->key->ip6_exthdr);
        rank = *(volatile __u8 *)&layout->rank;
        seen = exthdr_note(seen, type, &rank);
        *(volatile __u8 *)&layout->rank = rank;
        *(volatile __be16 *)&p->key->ip6_exthdr = bpf_htons(seen);
        if (type == IP6_ESP || type == IP6_NONE)
            return;
        header = parse_at(p, off, 8);
        if (!header)
            return;
        size = exthdr_size(type, header);
        layout->next_proto = header[0];
        if (type == IP6_FRAGMENT)
            exthdr_fragment(p, header);
        layout->scratch = off + size;
        layout->room = layout->room > size ? layout->room - size : 0;
        if (p->key->ip_frag & DP_FRAG_LATER)
            return;
    }
}

/* In BPF a function of its own: few packets have these headers. */
#ifdef __bpf__
static __always_inline void parse_exthdrs_far(const struct parser *p);
#else
#define parse_exthdrs_far parse_exthdrs
#endif

/* ---- Layer 3 ---- */

static __always_inline __u64
ip4_frag(__be16 frag)
{
    if (frag & bpf_htons(0x1fff))
        return DP_FRAG_ANY | DP_FRAG_LATER;
    return frag & bpf_htons(0x2000) ? DP_FRAG_ANY : 0;
}

static __always_inline void
parse_ip4(const struct parser *p, __u32 off)
{
    const struct ip4_header *ip = parse_at(p, off, sizeof *ip);
    struct dp_key *key = p->key;
    __u32 header_size, size;

    if (!ip || ip->version_ihl >> 4 != 4)
        return;
    header_size = (ip->version_ihl & 15) * 4;
    if (header_size < sizeof *ip)
        return;
    if (header_size > sizeof *ip && !parse_at(p, off + header_size, 0))
        return;
    copy_words(&key->ip_src, &ip->src, 1);
    KEY_WORD(key, ip_proto) = WORD_PART(ip_proto, ip->proto) | WORD_PART(ip_tos, ip->tos) |
                              WORD_PART(ip_ttl, ip->ttl) | WORD_PART(ip_frag, ip4_frag(ip->frag));
    key->parsed = DP_PARSED_L3;
    p->layout->l3_off = off;
    p->layout->next_proto = ip->proto;
    size = bpf_ntohs(ip->size);
    p->layout->room = !size ? 0xffff : size > header_size ? size - header_size : 0;
    p->layout->scratch = off + header_size;
}

static __always_inline void
parse_ip6(const struct parser *p, __u32 off)
{
    const struct ip6_header *ip = parse_at(p, off, sizeof *ip);
    struct dp_key *key = p->key;
    __u32 first;

    if (!ip)
        return;
    first = bpf_ntohl(ip->version_class_label);
    if (first >> 28 != 6)
        return;
    copy_words(key->ip6_src, ip->src, 4);
    key->ip6_label = bpf_htonl(first & 0xfffff);
    key->ip_tos = first >> 20;
    key->ip_ttl = ip->hops;
    key->parsed |= DP_PARSED_L3;
    p->layout->l3_off = off;
    p->layout->next_proto = ip->next;
    p->layout->room = ip->size ? bpf_ntohs(ip->size) : 0xffff;
    p->layout->scratch = off + sizeof *ip;
    if (exthdr_bit(ip->next))
        parse_exthdrs_far(p);
    key->ip_proto = *(volatile __u8 *)&p->layout->next_proto;
}

static __always_inline void
parse_arp(const struct parser *p, __u32 off)
{
    const struct arp_header *arp = parse_at(p, off, sizeof *arp);
    struct dp_key *key = p->key;
    __u16 op;

    if (!arp || arp->hw != bpf_htons(1) || arp->proto != ETH_IP || arp->hw_size != 6 ||
        arp->proto_size != 4)
        return;
    op = bpf_ntohs(arp->op);
    key->ip_proto = op < 256 ? op : 0;
    key->ip_src = arp->spa;
    key->ip_dst = arp->tpa;
    __builtin_memcpy(key->arp_sha, arp->sha, 6);
    __builtin_memcpy(key->arp_tha, arp->tha, 6);
    key->parsed |= DP_PARSED_ARP;
    p->layout->l3_off = off;
}

static __always_inline void
parse_mpls(const struct parser *p, __u32 off)
{
    for (int i = 0; i < 4; i++) {
        const una32 *lse = parse_at(p, off + i * 4, 4);

        if (!lse)
            return;
        if (i < 3)
            p->key->mpls_lse[i] = *lse;
        p->key->n_mpls = i + 1;
        if (*lse & bpf_htonl(0x100))
            return;
    }
}

/* ---- Layer 2 ---- */

/* An I-TAG: its TCI, and the addresses of the customer's frame. */
static __always_inline void
parse_pbb(const struct parser *p, __u32 off)
{
    const una32 *itag = parse_at(p, off, 4 + 12);

    if (!itag)
        return;
    p->key->pbb_itag = *itag;
    p->key->parsed |= DP_PARSED_PBB;
}

/* One tag in memory, when there is one. */
static __always_inline __be16
parse_tag(const struct parser *p, __be16 type, __u32 *off, struct dp_vlan *vlan)
{
    const una16 *tag;

    if (!is_vlan_tpid(type) || !(tag = parse_at(p, *off, 4)))
        return type;
    *vlan = (struct dp_vlan){type, tag[0]};
    *off += 4;
    return tag[1];
}

/* A length instead of a type: LLC, and SNAP if it carries a type. */
static __always_inline __be16
parse_llc(const struct parser *p, __u32 *off)
{
    const __u8 *llc = parse_at(p, *off, 8);

    if (!llc || *(const una32 *)llc != bpf_htonl(0xaaaa0300) || *(const una16 *)(llc + 4) ||
        bpf_ntohs(*(const una16 *)(llc + 6)) < ETH_MIN_TYPE)
        return bpf_htons(DP_ETH_TYPE_NONE);
    *off += 8;
    return *(const una16 *)(llc + 6);
}

/* The Ethernet header. Returns the offset behind it, 0: not whole. `meta`: a tag that is not in
 * memory, all zero if there is none. */
static __always_inline __u32
parse_ethernet(const struct parser *p, struct dp_vlan meta)
{
    const void *header = parse_at(p, 0, 14);
    struct dp_key *key = p->key;
    __u32 off = 14;
    __be16 type;

    if (!header)
        return 0;
    type = *(const una16 *)(header + 12);
    if (meta.tpid) {
        key->vlan[0] = meta;
        p->layout->vlan_in_meta = 1;
        type = parse_tag(p, type, &off, &key->vlan[1]);
    } else {
        type = parse_tag(p, type, &off, &key->vlan[0]);
        if (off > 14)
            type = parse_tag(p, type, &off, &key->vlan[1]);
    }
    if (bpf_ntohs(type) < ETH_MIN_TYPE)
        type = parse_llc(p, &off);
    KEY_WORD(key, eth_dst) = *(const una64 *)header;
    KEY_WORD(key, eth_type) =
        word_part(*(const una32 *)(header + 8), 0, 4) | WORD_PART(eth_type, type);
    return off;
}

static __always_inline bool
has_l4(const struct parser *p)
{
    return p->key->parsed & DP_PARSED_L3 && !(p->key->ip_frag & DP_FRAG_LATER);
}

/* The whole of it, in three stores. */
static __always_inline void
set_plain_layout(struct layout *layout, __u32 l3_off, __u32 l4_off)
{
    __u64 *words = (__u64 *)layout;

    words[0] = word_part(l3_off, offsetof(struct layout, l2_len), 2) |
               word_part(l3_off, offsetof(struct layout, l3_off), 2) |
               word_part(l4_off, offsetof(struct layout, l4_off), 2);
    words[1] = words[2] = 0;
}

/* The commonest frames, at constant offsets: no tags, IPv4 without options, not a fragment, UDP or
 * TCP, all headers whole. Writes seven words of the key, and the whole layout. Others: false, and
 * nothing was written. */
static __always_inline bool
parse_plain(const struct parser *p)
{
    const __u32 l3_off = 14, l4_off = l3_off + sizeof(struct ip4_header);
    const __u8 *frame = parse_at(p, 0, l4_off + 8);
    const struct ip4_header *ip = (const void *)((unsigned long)frame + l3_off);
    struct dp_key *key = p->key;
    __be16 tcp_flags = 0;

    if (!frame || *(const una16 *)(frame + 12) != ETH_IP || ip->version_ihl != 0x45 ||
        ip->frag & bpf_htons(0x3fff))
        return false;
    if (ip->proto == IP_TCP) {
        if (bpf_ntohs(ip->size) < sizeof *ip + 20 || !parse_at(p, l4_off, 20))
            return false;
        tcp_flags = *(const una16 *)(frame + l4_off + 12) & bpf_htons(0x0fff);
    } else if (ip->proto != IP_UDP || bpf_ntohs(ip->size) < sizeof *ip + 8) {
        return false;
    }
    KEY_WORD(key, eth_dst) = *(const una64 *)frame;
    KEY_WORD(key, eth_type) =
        word_part(*(const una32 *)(frame + 8), 0, 4) | WORD_PART(eth_type, ETH_IP);
    copy_words(&key->ip_src, &ip->src, 1);
    KEY_WORD(key, ip_proto) =
        WORD_PART(ip_proto, ip->proto) | WORD_PART(ip_tos, ip->tos) | WORD_PART(ip_ttl, ip->ttl);
    KEY_WORD(key, tp_src) =
        word_part(*(const una32 *)(frame + l4_off), 0, 4) | WORD_PART(tcp_flags, tcp_flags);
    KEY_WORD(key, vlan) = 0;
    KEY_WORD(key, parsed) = WORD_PART(parsed, DP_PARSED_L3 | DP_PARSED_L4);
    set_plain_layout(p->layout, l3_off, l4_off);
    return true;
}

static __always_inline void
parse_l3(const struct parser *p, __be16 type, __u32 off)
{
    if (type == ETH_IP)
        parse_ip4(p, off);
    else if (type == ETH_IP6)
        parse_ip6(p, off);
    else if (type == ETH_ARP || type == ETH_RARP)
        parse_arp(p, off);
    else if (type == ETH_MPLS || type == ETH_MPLS_MC)
        parse_mpls(p, off);
    else if (type == ETH_PBB)
        parse_pbb(p, off);
}

/* Any frame, that is not plain. */
static __always_inline void
parse_any(const struct parser *p, struct dp_vlan meta)
{
    __u32 off = parse_ethernet(p, meta);

    if (!off)
        return;
    parse_l3(p, p->key->eth_type, parse_forget(&p->layout->l2_len, off));
    if (has_l4(p))
        parse_l4(p, *(volatile __u16 *)&p->layout->scratch,
                 *(volatile __u8 *)&p->layout->next_proto, p->layout->room);
}

static __always_inline void
parse_frame(const struct parser *p, struct dp_vlan meta)
{
    if (meta.tpid || !parse_plain(p))
        parse_any(p, meta);
}

#endif
