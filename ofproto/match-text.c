/* SPDX-License-Identifier: Apache-2.0 */
/* Matches as ovs-ofctl writes them. */
#include "ofproto/match.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

#include "ofproto/ofp-names.h"
#include "ofproto/text.h"

/* Words that stand for an Ethernet type and an IP protocol; the first of equal ones is printed. */
static const struct shorthand {
    const char *name;
    uint16_t eth_type; /* 0: any. */
    uint8_t ip_proto;  /* 0: any. */
} shorthands[] = {
    {"icmp", 0x0800, IPPROTO_ICMP},
    {"tcp", 0x0800, IPPROTO_TCP},
    {"udp", 0x0800, IPPROTO_UDP},
    {"sctp", 0x0800, IPPROTO_SCTP},
    {"ip", 0x0800, 0},
    {"ipv4", 0x0800, 0},
    {"icmp6", 0x86dd, IPPROTO_ICMPV6},
    {"tcp6", 0x86dd, IPPROTO_TCP},
    {"udp6", 0x86dd, IPPROTO_UDP},
    {"sctp6", 0x86dd, IPPROTO_SCTP},
    {"ipv6", 0x86dd, 0},
    {"arp", 0x0806, 0},
    {"rarp", 0x8035, 0},
    {"mpls", 0x8847, 0},
    {"mplsm", 0x8848, 0},
    {"eth", 0, 0},
};

/* What a printer carries along. */
struct printer {
    const struct match *match;
    const struct ofp_port_names *names;
    struct buf *out;
    int eth_type, ip_proto; /* What the match fixes, else -1. */
};

/* ---- Print ------------------------------------------------------------------------------------*/
static void
put(const struct printer *p, enum field_id id, const char *label)
{
    const struct field *field = &fields[id];
    field_value mask = match_field_mask(p->match, field);

    if (!mask)
        return;
    buf_printf(p->out, "%s=", label ? label : field->name);
    field_format(field, field_get(field, &p->match->flow), mask, p->names, p->out);
    buf_putc(p->out, ',');
}

static void
put_packet_type(const struct printer *p)
{
    if (p->match->flow.key.packet_type)
        put(p, FIELD_PACKET_TYPE, NULL);
}

/* The word for the Ethernet type and IP protocol. Returns it, or NULL. */
static const struct shorthand *
put_shorthand(const struct printer *p)
{
    if (p->eth_type < 0 || p->match->flow.key.packet_type)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(shorthands); i++) {
        const struct shorthand *s = &shorthands[i];

        if (s->eth_type && s->eth_type == p->eth_type &&
            (!s->ip_proto || s->ip_proto == p->ip_proto)) {
            buf_printf(p->out, "%s,", s->name);
            return s;
        }
    }
    return NULL;
}

static void
put_pipeline(const struct printer *p)
{
    for (unsigned int i = 0; i < FLOW_N_REGS; i++)
        put(p, FIELD_REG(i), NULL);
    put(p, FIELD_TUN_ID, NULL);
    put(p, FIELD_TUN_SRC, NULL);
    put(p, FIELD_TUN_DST, NULL);
    if (!match_field_mask(p->match, &fields[FIELD_TUN_SRC]))
        put(p, FIELD_TUN_IPV6_SRC, NULL);
    if (!match_field_mask(p->match, &fields[FIELD_TUN_DST]))
        put(p, FIELD_TUN_IPV6_DST, NULL);
    put(p, FIELD_TUN_TOS, NULL);
    put(p, FIELD_TUN_TTL, NULL);
    if (!field_is_wild(&fields[FIELD_TUN_FLAGS], &p->match->mask))
        buf_printf(p->out, "tun_flags=%coam,",
                   field_get(&fields[FIELD_TUN_FLAGS], &p->match->flow) ? '+' : '-');
    put(p, FIELD_METADATA, NULL);
    put(p, FIELD_IN_PORT_OXM, "in_port");
    put(p, FIELD_IN_PHY_PORT, NULL);
}

/* One tag; `number` follows its names. */
static void
put_tag(const struct printer *p, const struct flow *flow, const struct flow *bits,
        const char *number)
{
    const struct field *field = &fields[FIELD_VLAN_TCI];
    unsigned int tci = (unsigned int)field_get(field, flow);
    unsigned int mask = (unsigned int)field_get_mask(field, bits);
    unsigned int vid_mask = mask & 0xfff, pcp_mask = mask >> 13;
    bool whole =
        (vid_mask == 0xfff || !vid_mask) && (pcp_mask == 7 || !pcp_mask) && (vid_mask || pcp_mask);

    if (whole && tci & 0x1000) {
        if (vid_mask)
            buf_printf(p->out, "dl_vlan%s=%u,", number, tci & 0xfff);
        if (pcp_mask)
            buf_printf(p->out, "dl_vlan_pcp%s=%u,", number, tci >> 13);
    } else if (mask == 0xffff) {
        buf_printf(p->out, "vlan_tci%s=0x%04x,", number, tci);
    } else if (mask) {
        buf_printf(p->out, "vlan_tci%s=0x%04x/0x%04x,", number, tci, mask);
    }
}

/* No match is about an inner tag, but a packet that is printed has one. */
static void
put_vlans(const struct printer *p)
{
    struct flow flow = {0}, mask = {0};

    put_tag(p, &p->match->flow, &p->match->mask, "");
    if (!p->match->mask.key.vlan[1].tci)
        return;
    flow.key.vlan[0] = p->match->flow.key.vlan[1];
    mask.key.vlan[0] = p->match->mask.key.vlan[1];
    put_tag(p, &flow, &mask, "1");
}

static void
put_ipv6_label(const struct printer *p)
{
    const struct field *field = &fields[FIELD_IPV6_LABEL];
    unsigned int mask = (unsigned int)field_get_mask(field, &p->match->mask);

    if (!mask)
        return;
    buf_printf(p->out, "ipv6_label=0x%05x", (unsigned int)field_get(field, &p->match->flow));
    if (mask != field_ones(field))
        buf_printf(p->out, "/0x%05x", mask);
    buf_putc(p->out, ',');
}

static bool
is_arp(const struct printer *p)
{
    return p->eth_type == 0x0806 || p->eth_type == 0x8035;
}

static void
put_network(const struct printer *p, const struct shorthand *shorthand)
{
    bool arp = is_arp(p);

    if (p->eth_type == 0x86dd) {
        put(p, FIELD_IPV6_SRC, NULL);
        put(p, FIELD_IPV6_DST, NULL);
        put_ipv6_label(p);
        put(p, FIELD_IPV6_EXTHDR, NULL);
    } else {
        put(p, FIELD_IP_SRC, arp ? "arp_spa" : "nw_src");
        put(p, FIELD_IP_DST, arp ? "arp_tpa" : "nw_dst");
    }
    if (!shorthand || !shorthand->ip_proto)
        put(p, FIELD_IP_PROTO, arp ? "arp_op" : "nw_proto");
    if (arp) {
        put(p, FIELD_ARP_SHA, NULL);
        put(p, FIELD_ARP_THA, NULL);
    }
    put(p, FIELD_IP_TOS, NULL);
    put(p, FIELD_IP_ECN, NULL);
    put(p, FIELD_IP_TTL, NULL);
    put(p, FIELD_PBB_ISID, NULL);
    put(p, FIELD_PBB_UCA, NULL);
    put(p, FIELD_MPLS_LABEL, NULL);
    put(p, FIELD_MPLS_TC, NULL);
    put(p, FIELD_MPLS_TTL, NULL);
    put(p, FIELD_MPLS_BOS, NULL);
    put(p, FIELD_IP_FRAG, "nw_frag");
}

static void
put_transport(const struct printer *p)
{
    bool icmp = p->eth_type == 0x0800 && p->ip_proto == IPPROTO_ICMP;
    bool icmp6 = p->eth_type == 0x86dd && p->ip_proto == IPPROTO_ICMPV6;

    if (icmp || icmp6) {
        put(p, FIELD_ICMPV4_TYPE, "icmp_type");
        put(p, FIELD_ICMPV4_CODE, "icmp_code");
        put(p, FIELD_ND_TARGET, NULL);
        if (icmp6) {
            put(p, FIELD_ND_SLL, NULL);
            put(p, FIELD_ND_TLL, NULL);
        }
        return;
    }
    put(p, FIELD_TCP_SRC, "tp_src");
    put(p, FIELD_TCP_DST, "tp_dst");
    put(p, FIELD_TCP_FLAGS, NULL);
}

void
match_format(const struct match *match, const struct ofp_port_names *names, int priority,
             struct buf *out)
{
    const struct dp_key *key = &match->flow.key, *mask = &match->mask.key;
    struct printer p = {match, names, out, -1, -1};
    static const enum field_id first[] = {
        FIELD_PKT_MARK,      FIELD_RECIRC_ID, FIELD_DP_HASH, FIELD_CONJ_ID, FIELD_SKB_PRIORITY,
        FIELD_ACTSET_OUTPUT, FIELD_CT_STATE,  FIELD_CT_ZONE, FIELD_CT_MARK, FIELD_CT_LABEL,
    };
    const struct shorthand *shorthand;
    size_t start = out->size;

    if (mask->eth_type == 0xffff)
        p.eth_type = ntohs(key->eth_type);
    if (mask->ip_proto == 0xff)
        p.ip_proto = key->ip_proto;
    if (priority >= 0 && priority != OFPRIORITY_DEFAULT)
        buf_printf(out, "priority=%d,", priority);
    for (size_t i = 0; i < ARRAY_SIZE(first); i++)
        put(&p, first[i], NULL);
    put_packet_type(&p);
    shorthand = put_shorthand(&p);
    put_pipeline(&p);
    put_vlans(&p);
    put(&p, FIELD_ETH_SRC, "dl_src");
    put(&p, FIELD_ETH_DST, "dl_dst");
    if (!shorthand && p.eth_type >= 0 && !key->packet_type)
        buf_printf(out, "dl_type=0x%04x,", (unsigned int)p.eth_type);
    put_network(&p, shorthand);
    put_transport(&p);
    if (out->size > start)
        buf_chomp(out, ',');
}

/* ---- Parse ------------------------------------------------------------------------------------*/
static const struct shorthand *
find_shorthand(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(shorthands); i++)
        if (!strcasecmp(shorthands[i].name, key))
            return &shorthands[i];
    return NULL;
}

char *
match_parse_key(struct match *match, const char *key, const char *value,
                const struct ofp_port_names *names, bool *known)
{
    const struct shorthand *shorthand = find_shorthand(key);
    const struct field *field = field_by_name(key);
    field_value v, mask;
    char *error;

    *known = shorthand || field;
    if (shorthand && !(value && *value)) {
        if (shorthand->eth_type)
            match_set(match, &fields[FIELD_ETH_TYPE], shorthand->eth_type);
        if (shorthand->ip_proto)
            match_set(match, &fields[FIELD_IP_PROTO], shorthand->ip_proto);
        return NULL;
    }
    if (!field)
        return NULL;
    if (!value || !*value)
        return text_error("%s needs a value: %s=VALUE", key, key);
    error = field_parse(field, value, names, &v, &mask);
    if (error)
        return error;
    if (field->id == FIELD_DL_VLAN && mask)
        match_set(match, field, v);
    else
        match_set_masked(match, field, v, mask);
    return NULL;
}

/* What a field's prerequisite is called. */
static const char *
prereq_text(enum field_prereq prereq)
{
    static const char *const texts[] = {
        [PREREQ_VLAN] = "dl_vlan",
        [PREREQ_ARP] = "arp",
        [PREREQ_IPV4] = "ip",
        [PREREQ_IPV6] = "ipv6",
        [PREREQ_IP] = "ip or ipv6",
        [PREREQ_MPLS] = "mpls",
        [PREREQ_PBB] = "dl_type=0x88e7",
        [PREREQ_TCP] = "tcp, udp or sctp",
        [PREREQ_UDP] = "udp",
        [PREREQ_SCTP] = "sctp",
        [PREREQ_ICMPV4] = "icmp",
        [PREREQ_ICMPV6] = "icmp6",
        [PREREQ_ND] = "icmp6 and icmp_type=135 or 136",
        [PREREQ_ND_SOL] = "icmp6 and icmp_type=135",
        [PREREQ_ND_ADV] = "icmp6 and icmp_type=136",
        [PREREQ_IN_PORT] = "in_port",
    };

    return texts[prereq];
}

char *
match_check_prereqs(const struct match *match)
{
    struct match normal = *match;

    if (!match_normalize(&normal))
        return NULL;
    for (const struct field *field = fields; field < fields + N_FIELDS; field++)
        if (field->prereq != PREREQ_NONE && !field_is_wild(field, &match->mask) &&
            field_is_wild(field, &normal.mask))
            return text_error("%s: matching it needs %s too",
                              field->alias ? field->alias : field->name,
                              prereq_text(field->prereq));
    return text_error("a field is matched without what it needs");
}

char *
match_parse(struct match *match, const char *text, const struct ofp_port_names *names)
{
    char *copy = xstrdup(text), *s = copy, *key, *value, *error = NULL;
    bool known;

    match_init_catchall(match);
    while (!error && text_next_pair(&s, &key, &value, NULL)) {
        error = match_parse_key(match, key, value, names, &known);
        if (!error && !known)
            error = text_error("%s at %zu is no field", key, (size_t)(key - copy) + 1);
    }
    free(copy);
    return error ? error : match_check_prereqs(match);
}
