/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what stands behind the generated decoders: any bytes are printed, any message that the
 * decoders accept is converted, and flows among them are printed and written in every version. */
#include "ofproto/openflow.h"
#include "ofproto/parse.h"
#include "ofproto/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ofp_decode_limits limits = {
    .max_ports = OFPORT_MAX, .n_tables = OFTABLE_ALL, .flow_mod_table_id = true};

static void
check_flow_mod(const struct of_header *msg)
{
    static const enum ofp_version versions[] = {OFP10, OFP13, OFP14, OFP15};
    struct buf ofpacts = BUF_INITIALIZER, out = BUF_INITIALIZER;
    struct ofp_flow_mod fm;

    if (!ofp_flow_mod_decode(msg, &limits, &ofpacts, &fm)) {
        ofp_flow_mod_format(&fm, NULL, &out);
        for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
            buf_clear(&out);
            ofp_flow_mod_encode(&fm, versions[i], 1, false, true, &out);
        }
    }
    buf_destroy(&ofpacts);
    buf_destroy(&out);
}

static void
check_packet_out(const struct of_header *msg)
{
    struct buf ofpacts = BUF_INITIALIZER, out = BUF_INITIALIZER;
    struct ofp_packet_out po;

    if (!ofp_packet_out_decode(msg, &limits, &ofpacts, &po))
        ofp_packet_out_encode(&po, OFP13, 1, &out);
    buf_destroy(&ofpacts);
    buf_destroy(&out);
}

static void
check_group_mod(const struct of_header *msg)
{
    struct buf out = BUF_INITIALIZER;
    struct ofp_group_mod gm;

    if (!ofp_group_mod_decode(msg, &limits, &gm)) {
        ofp_group_mod_encode(&gm, OFP15, 1, &out);
        ofp_group_mod_destroy(&gm);
    }
    buf_destroy(&out);
}

static void
check(const struct of_header *msg)
{
    struct ofp_flow_stats_request request;
    struct ofp_flow_removed removed;
    struct ofp_meter_mod mm;
    struct ofp_packet_in pin;
    struct ofp_port_mod pm;
    const void *data;
    size_t size;

    switch (msg->object.class_id) {
    case OF_FLOW_STATS_REQUEST:
    case OF_AGGREGATE_STATS_REQUEST:
    case OF_NICIRA_FLOW_STATS_REQUEST:
    case OF_NICIRA_AGGREGATE_STATS_REQUEST:
    case OF_FLOW_LIGHTWEIGHT_STATS_REQUEST:
        ofp_flow_stats_request_decode(msg, &request);
        break;
    case OF_FLOW_REMOVED:
    case OF_NICIRA_FLOW_REMOVED:
        ofp_flow_removed_decode(msg, &removed);
        break;
    case OF_PACKET_IN:
    case OF_NICIRA_PACKET_IN:
    case OF_NICIRA_PACKET_IN2:
        ofp_packet_in_decode(msg, &pin);
        break;
    case OF_PACKET_OUT:
        check_packet_out(msg);
        break;
    case OF_METER_MOD:
        ofp_meter_mod_decode(msg, &mm);
        break;
    case OF_PORT_MOD:
        ofp_port_mod_decode(msg, &pm);
        break;
    default:
        if (of_class_is(msg->object.class_id, OF_FLOW_MOD) ||
            msg->object.class_id == OF_NICIRA_FLOW_MOD)
            check_flow_mod(msg);
        else if (of_class_is(msg->object.class_id, OF_GROUP_MOD) ||
                 msg->object.class_id == OF_NICIRA_GROUP_MOD)
            check_group_mod(msg);
        else if (of_class_is(msg->object.class_id, OF_ERROR_MSG))
            ofp_error_decode(msg, &data, &size);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct of_header *msg;
    struct of_arena arena;
    struct of_error error;
    struct buf text = BUF_INITIALIZER;

    ofp_message_format(data, size, NULL, OFP_PRINT_VERBOSITY, &text);
    buf_destroy(&text);
    of_arena_init(&arena, NULL, 0);
    if (!of_msg_decode(&arena, data, size, &msg, &error))
        check(msg);
    of_arena_destroy(&arena);
    return 0;
}
