/* SPDX-License-Identifier: Apache-2.0 */
/* Megaflows as ovs-dpctl prints them: groups of fields, each field that the mask covers, with its
 * mask where that is partial. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "slowpath/internal.h"
#include "slowpath/xlate-private.h"

/* A group under construction: "ipv4(" once, then fields between commas. */
struct group_text {
    struct buf *out;
    const char *name;
    bool is_open;
};

static void
begin_field(struct group_text *group, const char *name)
{
    if (!group->is_open)
        buf_printf(group->out, "%s%s(", group->out->size ? "," : "", group->name);
    else
        buf_putc(group->out, ',');
    group->is_open = true;
    buf_puts(group->out, name);
    if (*name)
        buf_putc(group->out, '=');
}

static void
end_group(const struct group_text *group)
{
    if (group->is_open)
        buf_putc(group->out, ')');
}

static void
put_number(struct group_text *group, const char *name, uint64_t value, uint64_t mask, uint64_t ones,
           const char *format)
{
    if (!mask)
        return;
    begin_field(group, name);
    buf_printf(group->out, format, (unsigned long long)(value & mask));
    if (mask != ones)
        buf_printf(group->out, "/%#llx", (unsigned long long)mask);
}

#define PUT(GROUP, NAME, VALUE, MASK, FORMAT)                                                      \
    put_number(GROUP, NAME, VALUE, MASK, (1ull << (8 * sizeof(MASK) - 1) << 1) - 1, FORMAT)

static bool
is_all(const void *bytes, size_t size, uint8_t value)
{
    for (size_t i = 0; i < size; i++) {
        if (((const uint8_t *)bytes)[i] != value)
            return false;
    }
    return true;
}

static void
put_mac_text(struct buf *out, const uint8_t mac[6])
{
    buf_printf(out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
               mac[5]);
}

static void
put_mac(struct group_text *group, const char *name, const uint8_t mac[6], const uint8_t mask[6])
{
    if (is_all(mask, 6, 0))
        return;
    begin_field(group, name);
    put_mac_text(group->out, mac);
    if (!is_all(mask, 6, 0xff)) {
        buf_putc(group->out, '/');
        put_mac_text(group->out, mask);
    }
}

static void
put_address(struct group_text *group, const char *name, int family, const void *address,
            const void *mask, size_t size)
{
    char text[INET6_ADDRSTRLEN];

    if (is_all(mask, size, 0))
        return;
    begin_field(group, name);
    buf_puts(group->out, inet_ntop(family, address, text, sizeof text));
    if (!is_all(mask, size, 0xff))
        buf_printf(group->out, "/%s", inet_ntop(family, mask, text, sizeof text));
}

/* ---- Layers -----------------------------------------------------------------------------------*/
static void
format_metadata(const struct dp_key *key, const struct dp_key *mask, struct buf *out)
{
    struct group_text tunnel = {out, "tunnel", false}, ct = {out, "ct_state", false};

    buf_printf(out, "recirc_id(%#x),in_port(%u)", key->recirc_id, key->in_port);
    PUT(&tunnel, "tun_id", be64toh(key->tun_id), be64toh(mask->tun_id), "%#llx");
    put_address(&tunnel, "src", AF_INET, key->tun_src, mask->tun_src, 4);
    put_address(&tunnel, "dst", AF_INET, key->tun_dst, mask->tun_dst, 4);
    end_group(&tunnel);
    PUT(&ct, "", key->ct_state, mask->ct_state, "%#llx");
    end_group(&ct);
    if (mask->skb_priority)
        buf_printf(out, ",skb_priority(%#x/%#x)", key->skb_priority, mask->skb_priority);
    if (mask->skb_mark)
        buf_printf(out, ",skb_mark(%#x/%#x)", key->skb_mark, mask->skb_mark);
}

static void
format_vlan(const struct dp_vlan *key, const struct dp_vlan *mask, struct buf *out)
{
    struct group_text group = {out, "vlan", false};
    uint16_t tci = ntohs(key->tci), bits = ntohs(mask->tci);

    if (!mask->tpid && !mask->tci)
        return;
    PUT(&group, "tpid", ntohs(key->tpid), ntohs(mask->tpid), "%#llx");
    put_number(&group, "vid", tci & 0xfff, bits & 0xfff, 0xfff, "%llu");
    put_number(&group, "pcp", tci >> 13, bits >> 13, 7, "%llu");
    end_group(&group);
}

static void
format_mpls(const struct dp_key *key, const struct dp_key *mask, struct buf *out)
{
    for (int i = 0; i < 3; i++) {
        struct group_text group = {out, "mpls", false};
        uint32_t lse = ntohl(key->mpls_lse[i]), bits = ntohl(mask->mpls_lse[i]);

        put_number(&group, "label", lse >> 12, bits >> 12, 0xfffff, "%llu");
        put_number(&group, "tc", lse >> 9 & 7, bits >> 9 & 7, 7, "%llu");
        put_number(&group, "bos", lse >> 8 & 1, bits >> 8 & 1, 1, "%llu");
        put_number(&group, "ttl", lse & 0xff, bits & 0xff, 0xff, "%llu");
        end_group(&group);
    }
    if (mask->n_mpls)
        buf_printf(out, ",n_mpls(%u/%#x)", key->n_mpls, mask->n_mpls);
    if (mask->pbb_itag)
        buf_printf(out, ",pbb(itag=%#x/%#x)", ntohl(key->pbb_itag), ntohl(mask->pbb_itag));
}

static void
format_l2(const struct dp_key *key, const struct dp_key *mask, struct buf *out)
{
    struct group_text eth = {out, "eth", false}, type = {out, "eth_type", false};

    put_mac(&eth, "src", key->eth_src, mask->eth_src);
    put_mac(&eth, "dst", key->eth_dst, mask->eth_dst);
    end_group(&eth);
    format_vlan(&key->vlan[0], &mask->vlan[0], out);
    format_vlan(&key->vlan[1], &mask->vlan[1], out);
    if (mask->eth_type) {
        PUT(&type, "", ntohs(key->eth_type), ntohs(mask->eth_type), "0x%04llx");
        end_group(&type);
    }
    format_mpls(key, mask, out);
}

static void
put_frag(struct group_text *group, const struct dp_key *key, const struct dp_key *mask)
{
    static const char *const names[] = {"no", "first", "later", "later"};

    if (!mask->ip_frag)
        return;
    begin_field(group, "frag");
    buf_puts(group->out, names[key->ip_frag & 3]);
    if ((mask->ip_frag & 3) != 3)
        buf_printf(group->out, "/%#x", mask->ip_frag);
}

static void
format_arp(const struct dp_key *key, const struct dp_key *mask, struct buf *out)
{
    struct group_text group = {out, "arp", false};

    put_address(&group, "sip", AF_INET, &key->ip_src, &mask->ip_src, 4);
    put_address(&group, "tip", AF_INET, &key->ip_dst, &mask->ip_dst, 4);
    PUT(&group, "op", key->ip_proto, mask->ip_proto, "%llu");
    put_mac(&group, "sha", key->arp_sha, mask->arp_sha);
    put_mac(&group, "tha", key->arp_tha, mask->arp_tha);
    end_group(&group);
}

static void
put_ip_common(struct group_text *group, const struct dp_key *key, const struct dp_key *mask)
{
    PUT(group, "proto", key->ip_proto, mask->ip_proto, "%llu");
    PUT(group, "tos", key->ip_tos, mask->ip_tos, "%#llx");
    PUT(group, "ttl", key->ip_ttl, mask->ip_ttl, "%llu");
    put_frag(group, key, mask);
}

static void
format_ip(const struct dp_key *key, const struct dp_key *mask, struct buf *out)
{
    struct group_text v4 = {out, "ipv4", false}, v6 = {out, "ipv6", false};
    bool is_v6 = ntohs(key->eth_type) == ETH_TYPE_IPV6;

    put_address(&v4, "src", AF_INET, &key->ip_src, &mask->ip_src, 4);
    put_address(&v4, "dst", AF_INET, &key->ip_dst, &mask->ip_dst, 4);
    if (!is_v6)
        put_ip_common(&v4, key, mask);
    end_group(&v4);
    put_address(&v6, "src", AF_INET6, key->ip6_src, mask->ip6_src, 16);
    put_address(&v6, "dst", AF_INET6, key->ip6_dst, mask->ip6_dst, 16);
    put_number(&v6, "label", ntohl(key->ip6_label), ntohl(mask->ip6_label), 0xfffff, "%#llx");
    PUT(&v6, "exthdr", ntohs(key->ip6_exthdr), ntohs(mask->ip6_exthdr), "%#llx");
    if (is_v6)
        put_ip_common(&v6, key, mask);
    end_group(&v6);
}

static const char *
l4_name(const struct dp_key *key)
{
    bool is_v6 = ntohs(key->eth_type) == ETH_TYPE_IPV6;

    switch (key->ip_proto) {
    case IPPROTO_TCP:
        return "tcp";
    case IPPROTO_UDP:
        return "udp";
    case IPPROTO_SCTP:
        return "sctp";
    case IPPROTO_ICMP:
        return is_v6 ? "l4" : "icmp";
    case IPPROTO_ICMPV6:
        return is_v6 ? "icmpv6" : "l4";
    default:
        return "l4";
    }
}

static void
format_l4(const struct dp_key *key, const struct dp_key *mask, struct buf *out)
{
    const char *name = l4_name(key);
    bool is_icmp = name[0] == 'i';
    struct group_text l4 = {out, name, false}, nd = {out, "nd", false};
    struct group_text flags = {out, "tcp_flags", false};

    PUT(&l4, is_icmp ? "type" : "src", ntohs(key->tp_src), ntohs(mask->tp_src), "%llu");
    PUT(&l4, is_icmp ? "code" : "dst", ntohs(key->tp_dst), ntohs(mask->tp_dst), "%llu");
    end_group(&l4);
    put_number(&flags, "", ntohs(key->tcp_flags), ntohs(mask->tcp_flags), 0xfff, "%#llx");
    end_group(&flags);
    put_address(&nd, "target", AF_INET6, key->nd_target, mask->nd_target, 16);
    if (is_icmp) {
        put_mac(&nd, "sll", key->arp_sha, mask->arp_sha);
        put_mac(&nd, "tll", key->arp_tha, mask->arp_tha);
    }
    end_group(&nd);
}

void
megaflow_format(const struct dp_key *key, const struct dp_key *mask, struct buf *out)
{
    uint16_t eth_type = ntohs(key->eth_type);
    struct buf text = BUF_INITIALIZER;

    format_metadata(key, mask, &text);
    format_l2(key, mask, &text);
    if (eth_type == ETH_TYPE_ARP || eth_type == ETH_TYPE_RARP)
        format_arp(key, mask, &text);
    else
        format_ip(key, mask, &text);
    format_l4(key, mask, &text);
    if (mask->parsed)
        buf_printf(&text, ",parsed(%#x/%#x)", key->parsed, mask->parsed);
    buf_puts(out, buf_text(&text));
    buf_destroy(&text);
}
