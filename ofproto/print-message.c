/* SPDX-License-Identifier: Apache-2.0 */
/* Which message is called what and printed by whom; what stands around its text. */
#include "ofproto/print-private.h"

#include <stdlib.h>

/* By class. Without a printer: the header says all, or (print_members) the members by name. */
static print_body print_members;

static const struct row {
    uint16_t class_id;
    const char *name;
    print_body *print;
} rows[] = {
    {OF_HELLO, "OFPT_HELLO", print_hello},
    {OF_ERROR_MSG, "OFPT_ERROR", print_error_msg},
    {OF_ECHO_REQUEST, "OFPT_ECHO_REQUEST", print_echo},
    {OF_ECHO_REPLY, "OFPT_ECHO_REPLY", print_echo},
    {OF_FEATURES_REQUEST, "OFPT_FEATURES_REQUEST", NULL},
    {OF_FEATURES_REPLY, "OFPT_FEATURES_REPLY", print_features},
    {OF_GET_CONFIG_REQUEST, "OFPT_GET_CONFIG_REQUEST", NULL},
    {OF_GET_CONFIG_REPLY, "OFPT_GET_CONFIG_REPLY", print_config},
    {OF_SET_CONFIG, "OFPT_SET_CONFIG", print_config},
    {OF_PACKET_IN, "OFPT_PACKET_IN", print_packet_in},
    {OF_FLOW_REMOVED, "OFPT_FLOW_REMOVED", print_flow_removed},
    {OF_PORT_STATUS, "OFPT_PORT_STATUS", print_port_status},
    {OF_PACKET_OUT, "OFPT_PACKET_OUT", print_packet_out},
    {OF_FLOW_MOD, "OFPT_FLOW_MOD", print_flow_mod},
    {OF_GROUP_MOD, "OFPT_GROUP_MOD", print_group_mod},
    {OF_PORT_MOD, "OFPT_PORT_MOD", print_port_mod},
    {OF_TABLE_MOD, "OFPT_TABLE_MOD", print_table_mod},
    {OF_METER_MOD, "OFPT_METER_MOD", print_meter_mod},
    {OF_BARRIER_REQUEST, "OFPT_BARRIER_REQUEST", NULL},
    {OF_BARRIER_REPLY, "OFPT_BARRIER_REPLY", NULL},
    {OF_QUEUE_GET_CONFIG_REQUEST, "OFPT_QUEUE_GET_CONFIG_REQUEST", print_queue_config_request},
    {OF_QUEUE_GET_CONFIG_REPLY, "OFPT_QUEUE_GET_CONFIG_REPLY", print_queue_config},
    {OF_ROLE_REQUEST, "OFPT_ROLE_REQUEST", print_role},
    {OF_ROLE_REPLY, "OFPT_ROLE_REPLY", print_role},
    {OF_ROLE_STATUS, "OFPT_ROLE_STATUS", print_role_status},
    {OF_ASYNC_GET_REQUEST, "OFPT_GET_ASYNC_REQUEST", NULL},
    {OF_ASYNC_GET_REPLY, "OFPT_GET_ASYNC_REPLY", print_async},
    {OF_ASYNC_SET, "OFPT_SET_ASYNC", print_async},
    {OF_TABLE_STATUS, "OFPT_TABLE_STATUS", print_table_status},
    {OF_REQUESTFORWARD, "OFPT_REQUESTFORWARD", print_requestforward},
    {OF_BUNDLE_CTRL_MSG, "OFPT_BUNDLE_CONTROL", print_bundle_control},
    {OF_BUNDLE_ADD_MSG, "OFPT_BUNDLE_ADD_MESSAGE", print_bundle_add},
    {OF_CONTROLLER_STATUS, "OFPT_CONTROLLER_STATUS", print_members},

    {OF_DESC_STATS_REQUEST, "OFPST_DESC request", NULL},
    {OF_DESC_STATS_REPLY, "OFPST_DESC reply", print_desc},
    {OF_FLOW_STATS_REQUEST, "OFPST_FLOW request", print_flow_stats_request},
    {OF_FLOW_STATS_REPLY, "OFPST_FLOW reply", print_flow_stats},
    {OF_FLOW_LIGHTWEIGHT_STATS_REQUEST, "OFPST_FLOW_STATS request", print_flow_stats_request},
    {OF_FLOW_LIGHTWEIGHT_STATS_REPLY, "OFPST_FLOW_STATS reply", print_flow_stats},
    {OF_AGGREGATE_STATS_REQUEST, "OFPST_AGGREGATE request", print_flow_stats_request},
    {OF_AGGREGATE_STATS_REPLY, "OFPST_AGGREGATE reply", print_aggregate},
    {OF_TABLE_STATS_REQUEST, "OFPST_TABLE request", NULL},
    {OF_TABLE_STATS_REPLY, "OFPST_TABLE reply", print_table_stats},
    {OF_PORT_STATS_REQUEST, "OFPST_PORT request", print_port_stats_request},
    {OF_PORT_STATS_REPLY, "OFPST_PORT reply", print_port_stats},
    {OF_QUEUE_STATS_REQUEST, "OFPST_QUEUE request", print_queue_stats_request},
    {OF_QUEUE_STATS_REPLY, "OFPST_QUEUE reply", print_queue_stats},
    {OF_GROUP_STATS_REQUEST, "OFPST_GROUP request", print_group_request},
    {OF_GROUP_STATS_REPLY, "OFPST_GROUP reply", print_group_stats},
    {OF_GROUP_DESC_STATS_REQUEST, "OFPST_GROUP_DESC request", print_group_request},
    {OF_GROUP_DESC_STATS_REPLY, "OFPST_GROUP_DESC reply", print_group_desc},
    {OF_GROUP_FEATURES_STATS_REQUEST, "OFPST_GROUP_FEATURES request", NULL},
    {OF_GROUP_FEATURES_STATS_REPLY, "OFPST_GROUP_FEATURES reply", print_group_features},
    {OF_METER_STATS_REQUEST, "OFPST_METER request", print_meter_request},
    {OF_METER_STATS_REPLY, "OFPST_METER reply", print_meter_stats},
    {OF_METER_CONFIG_STATS_REQUEST, "OFPST_METER_CONFIG request", print_meter_request},
    {OF_METER_CONFIG_STATS_REPLY, "OFPST_METER_CONFIG reply", print_meter_config},
    {OF_METER_FEATURES_STATS_REQUEST, "OFPST_METER_FEATURES request", NULL},
    {OF_METER_FEATURES_STATS_REPLY, "OFPST_METER_FEATURES reply", print_meter_features},
    {OF_TABLE_FEATURES_STATS_REQUEST, "OFPST_TABLE_FEATURES request", print_table_features},
    {OF_TABLE_FEATURES_STATS_REPLY, "OFPST_TABLE_FEATURES reply", print_table_features},
    {OF_TABLE_DESC_STATS_REQUEST, "OFPST_TABLE_DESC request", NULL},
    {OF_TABLE_DESC_STATS_REPLY, "OFPST_TABLE_DESC reply", print_table_desc},
    {OF_PORT_DESC_STATS_REQUEST, "OFPST_PORT_DESC request", print_port_desc_request},
    {OF_PORT_DESC_STATS_REPLY, "OFPST_PORT_DESC reply", print_port_desc},
    {OF_QUEUE_DESC_STATS_REQUEST, "OFPST_QUEUE_DESC request", print_queue_config_request},
    {OF_QUEUE_DESC_STATS_REPLY, "OFPST_QUEUE_DESC reply", print_queue_config},
    {OF_FLOW_MONITOR_REQUEST, "OFPST_FLOW_MONITOR request", print_monitor_request},
    {OF_FLOW_MONITOR_REPLY, "OFPST_FLOW_MONITOR reply", print_monitor_reply},
    {OF_CONTROLLER_STATUS_STATS_REQUEST, "OFPST_CONTROLLER_STATUS request", NULL},
    {OF_CONTROLLER_STATUS_STATS_REPLY, "OFPST_CONTROLLER_STATUS reply", print_members},
    {OF_BUNDLE_FEATURES_STATS_REQUEST, "OFPST_BUNDLE_FEATURES request", print_members},
    {OF_BUNDLE_FEATURES_STATS_REPLY, "OFPST_BUNDLE_FEATURES reply", print_members},

    {OF_NICIRA_VENDOR_ERROR_MSG, "OFPT_ERROR", print_error_msg},
    {OF_EXPERIMENTER_ERROR_MSG, "OFPT_ERROR", print_error_msg},
    {OF_NICIRA_ROLE_REQUEST, "NXT_ROLE_REQUEST", print_nicira_role},
    {OF_NICIRA_ROLE_REPLY, "NXT_ROLE_REPLY", print_nicira_role},
    {OF_NICIRA_SET_FLOW_FORMAT, "NXT_SET_FLOW_FORMAT", print_flow_format},
    {OF_NICIRA_FLOW_MOD, "NXT_FLOW_MOD", print_flow_mod},
    {OF_NICIRA_FLOW_REMOVED, "NXT_FLOW_REMOVED", print_flow_removed},
    {OF_NICIRA_FLOW_MOD_TABLE_ID, "NXT_FLOW_MOD_TABLE_ID", print_flow_mod_table_id},
    {OF_NICIRA_SET_PACKET_IN_FORMAT, "NXT_SET_PACKET_IN_FORMAT", print_packet_in_format},
    {OF_NICIRA_PACKET_IN, "NXT_PACKET_IN", print_packet_in},
    {OF_NICIRA_PACKET_IN2, "NXT_PACKET_IN2", print_packet_in},
    {OF_NICIRA_RESUME, "NXT_RESUME", print_packet_in},
    {OF_NICIRA_FLOW_AGE, "NXT_FLOW_AGE", NULL},
    {OF_NICIRA_SET_ASYNC_CONFIG, "NXT_SET_ASYNC_CONFIG", print_async},
    {OF_NICIRA_SET_ASYNC_CONFIG2, "NXT_SET_ASYNC_CONFIG2", print_async},
    {OF_NICIRA_SET_CONTROLLER_ID, "NXT_SET_CONTROLLER_ID", print_controller_id},
    {OF_NICIRA_FLOW_MONITOR_CANCEL, "NXT_FLOW_MONITOR_CANCEL", print_monitor_cancel},
    {OF_NICIRA_FLOW_MONITOR_PAUSED, "NXT_FLOW_MONITOR_PAUSED", NULL},
    {OF_NICIRA_FLOW_MONITOR_RESUMED, "NXT_FLOW_MONITOR_RESUMED", NULL},
    {OF_NICIRA_TLV_TABLE_MOD, "NXT_TLV_TABLE_MOD", print_tlv_table_mod},
    {OF_NICIRA_TLV_TABLE_REQUEST, "NXT_TLV_TABLE_REQUEST", NULL},
    {OF_NICIRA_TLV_TABLE_REPLY, "NXT_TLV_TABLE_REPLY", print_tlv_table_reply},
    {OF_NICIRA_GROUP_MOD, "NXT_GROUP_MOD", print_group_mod},
    {OF_NICIRA_REQUESTFORWARD, "NXT_REQUESTFORWARD", print_requestforward},
    {OF_NICIRA_CT_FLUSH_ZONE, "NXT_CT_FLUSH_ZONE", print_ct_flush_zone},
    {OF_NICIRA_CT_FLUSH, "NXT_CT_FLUSH", print_ct_flush},

    {OF_NICIRA_FLOW_STATS_REQUEST, "NXST_FLOW request", print_flow_stats_request},
    {OF_NICIRA_FLOW_STATS_REPLY, "NXST_FLOW reply", print_flow_stats},
    {OF_NICIRA_AGGREGATE_STATS_REQUEST, "NXST_AGGREGATE request", print_flow_stats_request},
    {OF_NICIRA_AGGREGATE_STATS_REPLY, "NXST_AGGREGATE reply", print_aggregate},
    {OF_NICIRA_FLOW_MONITOR_REQUEST, "NXST_FLOW_MONITOR request", print_monitor_request},
    {OF_NICIRA_FLOW_MONITOR_REPLY, "NXST_FLOW_MONITOR reply", print_monitor_reply},
    {OF_NICIRA_GROUP_STATS_REQUEST, "NXST_GROUP request", print_group_request},
    {OF_NICIRA_GROUP_STATS_REPLY, "NXST_GROUP reply", print_group_stats},
    {OF_NICIRA_GROUP_DESC_STATS_REQUEST, "NXST_GROUP_DESC request", print_group_request},
    {OF_NICIRA_GROUP_DESC_STATS_REPLY, "NXST_GROUP_DESC reply", print_group_desc},
    {OF_NICIRA_GROUP_FEATURES_STATS_REQUEST, "NXST_GROUP_FEATURES request", NULL},
    {OF_NICIRA_GROUP_FEATURES_STATS_REPLY, "NXST_GROUP_FEATURES reply", print_group_features},
    {OF_NICIRA_IPFIX_BRIDGE_STATS_REQUEST, "NXST_IPFIX_BRIDGE request", NULL},
    {OF_NICIRA_IPFIX_BRIDGE_STATS_REPLY, "NXST_IPFIX_BRIDGE reply", print_ipfix_bridge},
    {OF_NICIRA_IPFIX_FLOW_STATS_REQUEST, "NXST_IPFIX_FLOW request", NULL},
    {OF_NICIRA_IPFIX_FLOW_STATS_REPLY, "NXST_IPFIX_FLOW reply", print_ipfix_flows},

    {OF_ONF_FLOW_MONITOR_CANCEL, "ONFT_FLOW_MONITOR_CANCEL", print_monitor_cancel},
    {OF_ONF_FLOW_MONITOR_PAUSED, "ONFT_FLOW_MONITOR_PAUSED", NULL},
    {OF_ONF_FLOW_MONITOR_RESUMED, "ONFT_FLOW_MONITOR_RESUMED", NULL},
    {OF_ONF_ROLE_STATUS, "ONFT_ROLE_STATUS", print_role_status},
    {OF_ONF_BUNDLE_CTRL_MSG, "ONFT_BUNDLE_CONTROL", print_bundle_control},
    {OF_ONF_BUNDLE_ADD_MSG, "ONFT_BUNDLE_ADD_MESSAGE", print_bundle_add},
    {OF_ONF_REQUESTFORWARD, "ONFT_REQUESTFORWARD", print_requestforward},
    {OF_ONF_FLOW_MONITOR_REQUEST, "ONFST_FLOW_MONITOR request", print_monitor_request},
    {OF_ONF_FLOW_MONITOR_REPLY, "ONFST_FLOW_MONITOR reply", print_monitor_reply},
};

/* A flow mod or group mod is found by its parent. */
static const struct row *
find_row(uint16_t class_id)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].class_id == class_id)
            return &rows[i];
    }
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (of_class_is(class_id, rows[i].class_id))
            return &rows[i];
    }
    return NULL;
}

static enum ofperr
print_members(const struct print *p, const struct of_header *msg)
{
    char *text = of_object_to_string(&msg->object);

    buf_printf(p->out, " %s", text ? text : "");
    free(text);
    return OFPERR_OK;
}

/* ---- Around the text --------------------------------------------------------------------------*/
static void
put_header(const char *name, uint8_t version, uint32_t xid, struct buf *out)
{
    buf_puts(out, name);
    if (version >= 2 && version <= 6)
        buf_printf(out, " (OF1.%u)", version - 1u);
    else if (version != OFP10)
        buf_printf(out, " (OF 0x%02x)", version);
    buf_printf(out, " (xid=0x%x):", xid);
}

static void
end_line(struct buf *out)
{
    if (out->size && out->data[out->size - 1] != '\n')
        buf_putc(out, '\n');
}

/* A multipart message may be a part of a longer one. */
static void
put_flags(const struct of_header *msg, struct buf *out)
{
    uint16_t class_id = msg->object.class_id;
    uint16_t flags;

    if (!of_class_is(class_id, OF_STATS_REQUEST) && !of_class_is(class_id, OF_STATS_REPLY))
        return;
    flags = ((const struct of_stats_reply *)msg)->flags;
    if (flags)
        buf_puts(out, " flags=");
    if (flags & 1)
        buf_puts(out, "[more]");
    if (flags & ~1u)
        buf_printf(out, "[***unknown flags 0x%04x***]", flags & ~1u);
}

static void
put_error(enum ofperr error, struct buf *out)
{
    buf_printf(out, "***decode error: %s***\n", ofperr_name(error));
}

/* Returns whether the message made sense. */
static bool
put_message(const struct print *outer, const struct of_header *msg)
{
    const struct row *row = find_row(msg->object.class_id);
    struct print p = *outer;
    size_t header_end;
    enum ofperr error = OFPERR_OK;

    p.version = (enum ofp_version)msg->object.version;
    put_header(row ? row->name : of_class_name(msg->object.class_id), msg->object.version, msg->xid,
               p.out);
    header_end = p.out->size;
    put_flags(msg, p.out);
    if (!row || row->print)
        error = (row ? row->print : print_members)(&p, msg);
    if (!error) {
        buf_chomp(p.out, ' ');
        end_line(p.out);
        return true;
    }
    if (p.out->size > header_end) {
        buf_chomp(p.out, ' ');
        end_line(p.out);
    } else {
        buf_putc(p.out, ' ');
    }
    put_error(error, p.out);
    return false;
}

enum ofperr
ofp_message_body_format(const struct of_header *msg, const struct ofp_port_names *names,
                        struct buf *out)
{
    const struct row *row = find_row(msg->object.class_id);
    struct buf text = BUF_INITIALIZER;
    struct print p = {&text, names, OFP_PRINT_VERBOSITY, (enum ofp_version)msg->object.version};
    enum ofperr error = OFPERR_OK;

    if (!row || row->print)
        error = (row ? row->print : print_members)(&p, msg);
    buf_chomp(&text, ' ');
    end_line(&text);
    if (text.size)
        buf_puts(out, buf_text(&text) + (text.data[0] == ' ' || text.data[0] == '\n'));
    buf_destroy(&text);
    return error;
}

void
print_nested(const struct print *p, const struct of_header *msg)
{
    put_message(p, msg);
}

/* The header of bytes that are no message, as far as they tell what it would be. */
static void
put_header_of(const uint8_t *bytes, size_t size, struct buf *out)
{
    const struct row *row = find_row(of_msg_class(bytes, size));
    char type[16];

    snprintf(type, sizeof type, "type %u", bytes[1]);
    put_header(row ? row->name : type, bytes[0], (uint32_t)field_read(bytes + 4, 4), out);
}

/* What the codecs refuse. */
static void
put_refused(const uint8_t *bytes, size_t size, const struct of_error *error, struct buf *out)
{
    const char *code = of_error_code_name(bytes[0], error->type, error->code);

    put_header_of(bytes, size, out);
    buf_printf(out, " ***decode error: %s***\n", code ? code : "unknown version");
}

static void
put_whole(const uint8_t *bytes, size_t size, const struct print *p)
{
    struct of_header *msg;
    struct of_arena arena;
    struct of_error error = {0};
    bool is_good = false;

    of_arena_init(&arena, NULL, 0);
    if (of_msg_decode(&arena, bytes, size, &msg, &error))
        put_refused(bytes, size, &error, p->out);
    else
        is_good = put_message(p, msg);
    of_arena_destroy(&arena);
    if (!is_good || p->verbosity >= 5)
        ofp_hex_dump(bytes, size, true, p->out);
}

/* What an error quotes may be the beginning of a message. */
static void
put_truncated(const uint8_t *bytes, size_t size, size_t length, struct buf *out)
{
    if (of_msg_class(bytes, size) != OF_HEADER) {
        put_header_of(bytes, size, out);
        buf_putc(out, '\n');
    }
    buf_printf(out, "(***truncated to %zu bytes from %zu***)\n", size, length);
}

void
ofp_message_format(const void *bytes, size_t size, const struct ofp_port_names *names,
                   int verbosity, struct buf *out)
{
    struct print p = {.out = out, .names = names, .verbosity = verbosity};
    size_t length = size >= 8 ? (size_t)field_read((const uint8_t *)bytes + 2, 2) : 0;

    if (size >= 8 && length == size) {
        put_whole(bytes, size, &p);
        return;
    }
    if (!size)
        buf_puts(out, "OpenFlow message is empty\n");
    else if (size < 8)
        buf_printf(out, "OpenFlow packet too short (only %zu bytes):\n", size);
    else if (length > size)
        put_truncated(bytes, size, length, out);
    else
        buf_printf(out, "(***only uses %zu bytes out of %zu***)\n", length, size);
    ofp_hex_dump(bytes, size, true, out);
}
