/* SPDX-License-Identifier: Apache-2.0 */
/* Extension messages, and which asynchronous messages a controller wants, which began as one. */
#include "ofproto/print-private.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* ---- Asynchronous messages --------------------------------------------------------------------*/
enum async_kind { PACKET_IN, PORT_STATUS, FLOW_REMOVED, ROLE_STATUS, TABLE_STATUS, REQUESTFORWARD };
enum { N_KINDS = REQUESTFORWARD + 1 };

static const char *const port_reasons[] = {"add", "delete", "modify"};
static const char *const role_reasons[] = {"primary_request", "configuration_changed",
                                           "experimenter_data_changed"};
static const char *const forward_reasons[] = {"group_mod_request", "meter_mod_request"};

static const struct {
    const char *name;
    const char *const *reasons;
    size_t n_reasons;
    uint16_t classes[2]; /* Of primary and secondary controllers. */
} kinds[] = {
#define KIND(NAME, REASONS)                                                                        \
    [NAME] = {#NAME,                                                                               \
              REASONS,                                                                             \
              ARRAY_SIZE(REASONS),                                                                 \
              {OF_ASYNC_CONFIG_PROP_##NAME##_MASTER, OF_ASYNC_CONFIG_PROP_##NAME##_SLAVE}}
    KIND(PACKET_IN, print_packet_in_reasons),       KIND(PORT_STATUS, port_reasons),
    KIND(FLOW_REMOVED, print_flow_removed_reasons), KIND(ROLE_STATUS, role_reasons),
    KIND(TABLE_STATUS, print_table_reasons),        KIND(REQUESTFORWARD, forward_reasons),
#undef KIND
};

/* masks[0] of primary, masks[1] of secondary controllers. All properties with a mask have the
 * same layout. */
static void
take_properties(const struct of_async_config_prop_list *properties, uint32_t masks[2][N_KINDS])
{
    for (size_t i = 0; i < properties->n; i++) {
        const struct of_async_config_prop_packet_in_slave *prop =
            (const void *)properties->items[i];

        for (int j = 0; j < 2 * N_KINDS; j++) {
            if (kinds[j / 2].classes[j % 2] == prop->object.class_id)
                masks[j % 2][j / 2] = prop->mask;
        }
    }
}

static void
take_masks(const struct of_nicira_set_async_config *of, uint32_t masks[2][N_KINDS])
{
    masks[0][PACKET_IN] = of->packet_in_mask_equal_master;
    masks[1][PACKET_IN] = of->packet_in_mask_slave;
    masks[0][PORT_STATUS] = of->port_status_mask_equal_master;
    masks[1][PORT_STATUS] = of->port_status_mask_slave;
    masks[0][FLOW_REMOVED] = of->flow_removed_mask_equal_master;
    masks[1][FLOW_REMOVED] = of->flow_removed_mask_slave;
}

static void
take_v13(const struct of_async_set *of, uint32_t masks[2][N_KINDS])
{
    const struct of_nicira_set_async_config config = {
        .packet_in_mask_equal_master = of->packet_in_mask_equal_master,
        .packet_in_mask_slave = of->packet_in_mask_slave,
        .port_status_mask_equal_master = of->port_status_mask_equal_master,
        .port_status_mask_slave = of->port_status_mask_slave,
        .flow_removed_mask_equal_master = of->flow_removed_mask_equal_master,
        .flow_removed_mask_slave = of->flow_removed_mask_slave,
    };

    take_masks(&config, masks);
}

static void
put_kind(struct buf *out, enum async_kind kind, uint32_t mask)
{
    buf_printf(out, "%16s:", kinds[kind].name);
    for (uint32_t i = 0; i < 32; i++) {
        if (!(mask >> i & 1))
            continue;
        buf_putc(out, ' ');
        print_word(out, i, kinds[kind].reasons, kinds[kind].n_reasons);
    }
    buf_puts(out, mask ? "\n" : " (off)\n");
}

enum ofperr
print_async(const struct print *p, const struct of_header *msg)
{
    uint32_t masks[2][N_KINDS] = {{0}};

    if (msg->object.class_id == OF_NICIRA_SET_ASYNC_CONFIG)
        take_masks((const void *)msg, masks);
    else if (msg->object.class_id == OF_NICIRA_SET_ASYNC_CONFIG2)
        take_properties(&((const struct of_nicira_set_async_config2 *)msg)->properties, masks);
    else if (p->version >= OFP14)
        take_properties(&((const struct of_async_set *)msg)->properties, masks);
    else
        take_v13((const void *)msg, masks);
    for (int i = 0; i < 2; i++) {
        buf_puts(p->out, i ? "\n secondary:\n" : "\n primary:\n");
        for (int kind = 0; kind < N_KINDS; kind++)
            put_kind(p->out, (enum async_kind)kind, masks[i][kind]);
    }
    return OFPERR_OK;
}

/* ---- The connection ---------------------------------------------------------------------------*/
enum ofperr
print_flow_mod_table_id(const struct print *p, const struct of_header *msg)
{
    bool is_on = ((const struct of_nicira_flow_mod_table_id *)msg)->set;

    buf_puts(p->out, is_on ? " enable" : " disable");
    return OFPERR_OK;
}

enum ofperr
print_flow_format(const struct print *p, const struct of_header *msg)
{
    static const char *const formats[] = {"openflow10", "(unknown)", "nxm"};

    buf_puts(p->out, " format=");
    PRINT_WORD(p->out, ((const struct of_nicira_set_flow_format *)msg)->format, formats);
    return OFPERR_OK;
}

enum ofperr
print_packet_in_format(const struct print *p, const struct of_header *msg)
{
    static const char *const formats[] = {"standard", "nxt_packet_in", "nxt_packet_in2"};

    buf_puts(p->out, " format=");
    PRINT_WORD(p->out, ((const struct of_nicira_set_packet_in_format *)msg)->format, formats);
    return OFPERR_OK;
}

enum ofperr
print_controller_id(const struct print *p, const struct of_header *msg)
{
    buf_printf(p->out, " id=%u", ((const struct of_nicira_set_controller_id *)msg)->controller_id);
    return OFPERR_OK;
}

/* ---- Tunnel options ---------------------------------------------------------------------------*/
static void
put_maps(const struct print *p, const struct of_nicira_tlv_map_list *maps)
{
    buf_puts(p->out, " mapping table:\n"
                     "  class  type  length  match field\n"
                     " ------  ----  ------  --------------");
    for (size_t i = 0; i < maps->n; i++) {
        const struct of_nicira_tlv_map *map = maps->items[i];

        buf_printf(p->out, "\n %#6x  %#4x  %6u  tun_metadata%u", map->option_class,
                   map->option_type, map->option_len, map->index);
    }
}

enum ofperr
print_tlv_table_mod(const struct print *p, const struct of_header *msg)
{
    static const char *const commands[] = {"ADD", "DEL", "CLEAR"};
    const struct of_nicira_tlv_table_mod *of = (const void *)msg;

    buf_puts(p->out, "\n ");
    PRINT_WORD(p->out, of->command, commands);
    if (of->command != NXTTMC_CLEAR)
        put_maps(p, &of->maps);
    return OFPERR_OK;
}

enum ofperr
print_tlv_table_reply(const struct print *p, const struct of_header *msg)
{
    const struct of_nicira_tlv_table_reply *of = (const void *)msg;
    unsigned int space = 0;

    for (size_t i = 0; i < of->maps.n; i++)
        space += of->maps.items[i]->option_len;
    buf_printf(p->out, "\n max option space=%u max fields=%u\n allocated option space=%u\n\n",
               of->max_option_space, of->max_fields, space);
    put_maps(p, &of->maps);
    return OFPERR_OK;
}

/* ---- Connection tracking ----------------------------------------------------------------------*/
enum ofperr
print_ct_flush_zone(const struct print *p, const struct of_header *msg)
{
    buf_printf(p->out, " zone_id=%u", ((const struct of_nicira_ct_flush_zone *)msg)->zone_id);
    return OFPERR_OK;
}

struct ct_tuple {
    uint8_t src[16], dst[16];
    uint16_t src_port, dst_port, icmp_id;
    uint8_t icmp_type, icmp_code;
};

static void
take_tuple(const struct of_nicira_ct_tuple_prop_list *list, struct ct_tuple *tuple)
{
    for (size_t i = 0; i < list->n; i++) {
        const void *prop = list->items[i];

        switch (((const struct of_object *)prop)->class_id) {
#define TAKE(CLASS, NAME, MEMBER, TO)                                                              \
    case OF_NICIRA_CT_TUPLE_PROP_##CLASS:                                                          \
        memcpy(&tuple->TO, &((const struct of_nicira_ct_tuple_prop_##NAME *)prop)->MEMBER,         \
               sizeof tuple->TO);                                                                  \
        break
            TAKE(SRC, src, addr, src);
            TAKE(DST, dst, addr, dst);
            TAKE(SRC_PORT, src_port, port, src_port);
            TAKE(DST_PORT, dst_port, port, dst_port);
            TAKE(ICMP_ID, icmp_id, icmp_id, icmp_id);
            TAKE(ICMP_TYPE, icmp_type, icmp_type, icmp_type);
            TAKE(ICMP_CODE, icmp_code, icmp_code, icmp_code);
#undef TAKE
        }
    }
}

/* An IPv4 address stands in one of IPv6 (RFC 4291, section 2.5.5.2). */
static bool
is_ipv4(const uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    return !memcmp(address, mapped, sizeof mapped);
}

static void
put_address(struct buf *out, const char *label, const uint8_t address[16])
{
    char text[INET6_ADDRSTRLEN];

    if (is_ipv4(address))
        inet_ntop(AF_INET, address + 12, text, sizeof text);
    else
        inet_ntop(AF_INET6, address, text, sizeof text);
    buf_printf(out, "%s=%s,", label, text);
}

static void
put_tuple(struct buf *out, const struct ct_tuple *tuple, uint8_t ip_proto, bool ipv4)
{
    put_address(out, ipv4 ? "ct_nw_src" : "ct_ipv6_src", tuple->src);
    put_address(out, ipv4 ? "ct_nw_dst" : "ct_ipv6_dst", tuple->dst);
    if (ip_proto == IPPROTO_ICMP || ip_proto == IPPROTO_ICMPV6)
        buf_printf(out, "icmp_id=%u,icmp_type=%u,icmp_code=%u", tuple->icmp_id, tuple->icmp_type,
                   tuple->icmp_code);
    else
        buf_printf(out, "ct_tp_src=%u,ct_tp_dst=%u", tuple->src_port, tuple->dst_port);
}

enum ofperr
print_ct_flush(const struct print *p, const struct of_header *msg)
{
    const struct of_nicira_ct_flush *of = (const void *)msg;
    struct ct_tuple orig = {.icmp_id = 0}, reply = orig;
    uint16_t zone_id = 0;
    bool ipv4;

    for (size_t i = 0; i < of->properties.n; i++) {
        const void *prop = of->properties.items[i];

        switch (((const struct of_object *)prop)->class_id) {
        case OF_NICIRA_CT_FLUSH_PROP_ORIG_TUPLE:
            take_tuple(&((const struct of_nicira_ct_flush_prop_orig_tuple *)prop)->tuple, &orig);
            break;
        case OF_NICIRA_CT_FLUSH_PROP_REPLY_TUPLE:
            take_tuple(&((const struct of_nicira_ct_flush_prop_reply_tuple *)prop)->tuple, &reply);
            break;
        case OF_NICIRA_CT_FLUSH_PROP_ZONE_ID:
            zone_id = ((const struct of_nicira_ct_flush_prop_zone_id *)prop)->zone_id;
            break;
        }
    }
    ipv4 = is_ipv4(orig.src) || is_ipv4(orig.dst) || is_ipv4(reply.src) || is_ipv4(reply.dst);
    buf_printf(p->out, " zone=%u '", zone_id);
    put_tuple(p->out, &orig, of->ip_proto, ipv4);
    buf_printf(p->out, ",ct_nw_proto=%u' '", of->ip_proto);
    put_tuple(p->out, &reply, of->ip_proto, ipv4);
    buf_putc(p->out, '\'');
    return OFPERR_OK;
}

/* ---- IPFIX ------------------------------------------------------------------------------------*/
static void
put_ipfix(struct buf *out, const struct of_nicira_ipfix_stats *stats, int indent)
{
    print_counter(out, "flows=", stats->total_flows);
    print_counter(out, ", current flows=", stats->current_flows);
    print_counter(out, ", sampled pkts=", stats->pkts);
    print_counter(out, ", ipv4 ok=", stats->ipv4_pkts);
    print_counter(out, ", ipv6 ok=", stats->ipv6_pkts);
    print_counter(out, ", tx pkts=", stats->tx_pkts);
    buf_printf(out, "\n%*s", indent, "");
    print_counter(out, "pkts errs=", stats->error_pkts);
    print_counter(out, ", ipv4 errs=", stats->ipv4_error_pkts);
    print_counter(out, ", ipv6 errs=", stats->ipv6_error_pkts);
    print_counter(out, ", tx errs=", stats->tx_errors);
    buf_putc(out, '\n');
}

enum ofperr
print_ipfix_bridge(const struct print *p, const struct of_header *msg)
{
    buf_puts(p->out, "\n  bridge ipfix: ");
    put_ipfix(p->out, &((const struct of_nicira_ipfix_bridge_stats_reply *)msg)->stats, 16);
    return OFPERR_OK;
}

enum ofperr
print_ipfix_flows(const struct print *p, const struct of_header *msg)
{
    const struct of_nicira_ipfix_flow_stats_reply *reply = (const void *)msg;

    buf_printf(p->out, " %zu ids\n", reply->entries.n);
    for (size_t i = 0; i < reply->entries.n; i++) {
        buf_printf(p->out, "  id %3u: ", reply->entries.items[i]->collector_set_id);
        put_ipfix(p->out, reply->entries.items[i], 10);
    }
    return OFPERR_OK;
}
