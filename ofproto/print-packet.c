/* SPDX-License-Identifier: Apache-2.0 */
/* Packet-in and packet-out, and what their packets are. */
#include "ofproto/print-private.h"

#include <netinet/in.h>

#include "datapath/parse.h"

/* ---- Frames -----------------------------------------------------------------------------------*/
#define SHOW(MASK, MEMBER) memset(&(MASK)->MEMBER, 0xff, sizeof(MASK)->MEMBER)

static void
show_ip(const struct dp_key *key, struct dp_key *mask)
{
    SHOW(mask, ip_proto);
    SHOW(mask, ip_tos);
    SHOW(mask, ip_ttl);
    mask->ip_frag = DP_FRAG_ANY | DP_FRAG_LATER;
    if (key->ip_frag & DP_FRAG_LATER)
        return;
    switch (key->ip_proto) {
    case IPPROTO_TCP:
        SHOW(mask, tcp_flags);
        /* fall through */
    case IPPROTO_ICMP:
    case IPPROTO_IGMP:
    case IPPROTO_UDP:
    case IPPROTO_ICMPV6:
    case IPPROTO_SCTP:
        SHOW(mask, tp_src);
        SHOW(mask, tp_dst);
        break;
    }
}

static void
show_ipv6(const struct dp_key *key, struct dp_key *mask)
{
    SHOW(mask, ip6_src);
    SHOW(mask, ip6_dst);
    mask->ip6_label = htonl(0xfffff);
    show_ip(key, mask);
    if (!(key->parsed & DP_PARSED_ND))
        return;
    SHOW(mask, nd_target);
    SHOW(mask, arp_sha);
    SHOW(mask, arp_tha);
}

/* The fields that a frame of this type has. */
static void
show_fields(const struct dp_key *key, struct dp_key *mask)
{
    SHOW(mask, eth_src);
    SHOW(mask, eth_dst);
    SHOW(mask, eth_type);
    SHOW(mask, vlan[0]);
    if (key->vlan[0].tpid)
        SHOW(mask, vlan[1]);
    switch (ntohs(key->eth_type)) {
    case 0x0800:
        SHOW(mask, ip_src);
        SHOW(mask, ip_dst);
        show_ip(key, mask);
        break;
    case 0x86dd:
        show_ipv6(key, mask);
        break;
    case 0x0806:
    case 0x8035:
        SHOW(mask, ip_src);
        SHOW(mask, ip_dst);
        SHOW(mask, ip_proto);
        SHOW(mask, arp_sha);
        SHOW(mask, arp_tha);
        break;
    case 0x8847:
    case 0x8848:
        SHOW(mask, mpls_lse[0]);
        break;
    }
}

/* Where a header of layer 4 has its checksum. */
static void
put_checksum(uint8_t ip_proto, const uint8_t *l4, size_t size, struct buf *out)
{
    static const struct {
        uint8_t ip_proto, header_size, ofs, n_bytes;
        const char *name;
    } rows[] = {
        {IPPROTO_TCP, 20, 16, 2, "tcp"},    {IPPROTO_UDP, 8, 6, 2, "udp"},
        {IPPROTO_SCTP, 12, 8, 4, "sctp"},   {IPPROTO_ICMP, 8, 2, 2, "icmp"},
        {IPPROTO_ICMPV6, 4, 2, 2, "icmp6"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].ip_proto == ip_proto && size >= rows[i].header_size)
            buf_printf(out, " %s_csum:%x", rows[i].name,
                       (unsigned int)field_read(l4 + rows[i].ofs, rows[i].n_bytes));
    }
}

void
ofp_frame_format(const void *frame, size_t size, struct buf *out)
{
    struct match match;
    size_t l4_ofs;

    match_init_catchall(&match);
    l4_ofs = dp_parse(frame, size, &match.flow.key);
    show_fields(&match.flow.key, &match.mask.key);
    match_format(&match, NULL, -1, out);
    if (l4_ofs)
        put_checksum(match.flow.key.ip_proto, (const uint8_t *)frame + l4_ofs, size - l4_ofs, out);
    buf_putc(out, '\n');
}

static void
put_packet(const struct print *p, const void *packet, size_t size)
{
    if (p->verbosity > 0)
        ofp_frame_format(packet, size, p->out);
    if (p->verbosity > 2)
        ofp_hex_dump(packet, size, false, p->out);
}

/* ---- Packet-in --------------------------------------------------------------------------------*/
static void
put_sizes(const struct print *p, const struct ofp_packet_in *pin)
{
    buf_printf(p->out, " data_len=%zu", pin->packet_size);
    if (pin->buffer_id == OFBUFFER_NONE) {
        buf_puts(p->out, " (unbuffered)");
        if (pin->total_size != pin->packet_size)
            buf_puts(p->out, " (***total_len != data_len***)");
    } else {
        buf_printf(p->out, " buffer=0x%08x", pin->buffer_id);
        if (pin->total_size < pin->packet_size)
            buf_puts(p->out, " (***total_len < data_len***)");
    }
    buf_putc(p->out, '\n');
}

static void
put_userdata(const struct print *p, const struct ofp_packet_in *pin)
{
    const uint8_t *userdata = pin->userdata;

    for (size_t i = 0; i < pin->userdata_size; i++)
        buf_printf(p->out, "%s%02x", i ? "." : " userdata=", userdata[i]);
    if (pin->userdata_size)
        buf_putc(p->out, '\n');
}

enum ofperr
print_packet_in(const struct print *p, const struct of_header *msg)
{
    struct ofp_packet_in pin;
    bool is_resume = msg->object.class_id == OF_NICIRA_RESUME;
    enum ofperr error = is_resume ? ofp_resume_decode(msg, &pin) : ofp_packet_in_decode(msg, &pin);

    if (error)
        return error;
    if (pin.table_id)
        buf_printf(p->out, " table_id=%u", pin.table_id);
    if (pin.cookie != UINT64_MAX)
        buf_printf(p->out, " cookie=0x%" PRIx64, pin.cookie);
    buf_printf(p->out, " total_len=%u ", pin.total_size);
    match_format(&pin.match, p->names, -1, p->out);
    buf_puts(p->out, " (via ");
    PRINT_WORD(p->out, pin.reason, print_packet_in_reasons);
    buf_putc(p->out, ')');
    put_sizes(p, &pin);
    put_userdata(p, &pin);
    put_packet(p, pin.packet, pin.packet_size);
    return OFPERR_OK;
}

/* ---- Packet-out -------------------------------------------------------------------------------*/
static void
put_packet_out(const struct print *p, const struct ofp_packet_out *po)
{
    buf_putc(p->out, ' ');
    match_format(&po->match, p->names, -1, p->out);
    buf_puts(p->out, " actions=");
    ofpacts_format(po->ofpacts, po->ofpacts_size, p->names, p->out);
    if (po->buffer_id != OFBUFFER_NONE) {
        buf_printf(p->out, " buffer=0x%08x", po->buffer_id);
        return;
    }
    buf_printf(p->out, " data_len=%zu", po->packet_size);
    if (po->packet_size && p->verbosity > 0)
        buf_putc(p->out, '\n');
    if (po->packet_size)
        put_packet(p, po->packet, po->packet_size);
}

enum ofperr
print_packet_out(const struct print *p, const struct of_header *msg)
{
    static const struct ofp_decode_limits limits = {.max_ports = OFPORT_MAX,
                                                    .n_tables = OFTABLE_ALL};
    struct buf ofpacts = BUF_INITIALIZER;
    struct ofp_packet_out po;
    enum ofperr error = ofp_packet_out_decode(msg, &limits, &ofpacts, &po);

    if (!error)
        put_packet_out(p, &po);
    buf_destroy(&ofpacts);
    return error;
}
