/* SPDX-License-Identifier: Apache-2.0 */
/* The Nicira messages with which clients of 1.0 and ovs-ofctl set up a connection. */
#include "ofproto/ofconn.h"

#include "lib/util.h"

#define MAX_OPTION_LEN 124 /* Bytes of a Geneve option. */

/* NX_ROLE_* are one less than OFPCR_ROLE_*. */
static enum ofperr
handle_role(struct ofconn *ofconn, const struct request *request)
{
    const struct of_nicira_role_request *role = (const struct of_nicira_role_request *)request->msg;
    struct of_nicira_role_reply *reply;
    enum ofperr error = ofconn_change_role(ofconn, role->role + 1, NULL);

    if (error)
        return error;
    reply = reply_new(request, OF_NICIRA_ROLE_REPLY);
    reply->role = role->role;
    ofconn_send_object(ofconn, reply);
    return 0;
}

static enum ofperr
handle_flow_format(struct ofconn *ofconn, const struct request *request)
{
    const struct of_nicira_set_flow_format *set =
        (const struct of_nicira_set_flow_format *)request->msg;

    if (ofconn->version != OFP10)
        return OFPERR_OFPBRC_BAD_TYPE;
    if (set->format != NXFF_OPENFLOW10 && set->format != NXFF_NXM)
        return OFPERR_OFPBRC_EPERM;
    ofconn->is_nxm = set->format == NXFF_NXM;
    return 0;
}

static enum ofperr
handle_table_id(struct ofconn *ofconn, const struct request *request)
{
    const struct of_nicira_flow_mod_table_id *set =
        (const struct of_nicira_flow_mod_table_id *)request->msg;

    ofconn->has_table_id = set->set != 0;
    return 0;
}

static enum ofperr
handle_packet_in_format(struct ofconn *ofconn, const struct request *request)
{
    const struct of_nicira_set_packet_in_format *set =
        (const struct of_nicira_set_packet_in_format *)request->msg;

    if (set->format > PACKET_IN_NXT2)
        return OFPERR_OFPBRC_EPERM;
    ofconn->packet_in_format = (uint8_t)set->format;
    return 0;
}

static enum ofperr
handle_controller_id(struct ofconn *ofconn, const struct request *request)
{
    const struct of_nicira_set_controller_id *set =
        (const struct of_nicira_set_controller_id *)request->msg;

    if (!is_all_zero(set->zero, sizeof set->zero))
        return OFPERR_NXBRC_MUST_BE_ZERO;
    ofconn->controller_id = set->controller_id;
    return 0;
}

/* Ages of flows stand in every reply of Nicira's flow statistics. */
static enum ofperr
handle_flow_age(struct ofconn *ofconn, const struct request *request)
{
    (void)ofconn, (void)request;
    return 0;
}

/* ---- Tunnel options: this switch has no fields for them, so none can be mapped. ---- */

static enum ofperr
handle_tlv_table_request(struct ofconn *ofconn, const struct request *request)
{
    ofconn_send_object(ofconn, reply_new(request, OF_NICIRA_TLV_TABLE_REPLY));
    return 0;
}

static enum ofperr
handle_tlv_table_mod(struct ofconn *ofconn, const struct request *request)
{
    const struct of_nicira_tlv_table_mod *mod =
        (const struct of_nicira_tlv_table_mod *)request->msg;

    (void)ofconn;
    if (mod->command > NXTTMC_CLEAR)
        return OFPERR_NXTTMFC_BAD_COMMAND;
    if (mod->command != NXTTMC_ADD)
        return 0;
    for (size_t i = 0; i < mod->maps.n; i++) {
        const struct of_nicira_tlv_map *map = (const struct of_nicira_tlv_map *)mod->maps.items[i];

        if (!map->option_len || map->option_len % 4 || map->option_len > MAX_OPTION_LEN)
            return OFPERR_NXTTMFC_BAD_OPT_LEN;
    }
    return mod->maps.n ? OFPERR_NXTTMFC_BAD_FIELD_IDX : 0;
}

static enum ofperr
handle_resume(struct ofconn *ofconn, const struct request *request)
{
    struct ofp_packet_in pin;
    enum ofperr error = ofp_resume_decode(request->msg, &pin);

    if (!error && pin.packet_size < OFCONN_MIN_PACKET)
        error = OFPERR_OFPBRC_BAD_PACKET;
    return error ? error : ofconn->mgr->ops->resume(ofconn->mgr->aux, &pin);
}

/* ---- What this switch does not do ---- */

static enum ofperr
handle_ipfix(struct ofconn *ofconn, const struct request *request)
{
    (void)ofconn, (void)request;
    return OFPERR_NXST_NOT_CONFIGURED;
}

const struct handler handlers_nicira[] = {
    {OF_NICIRA_TLV_TABLE_REQUEST, 0, handle_tlv_table_request},
    {OF_NICIRA_TLV_TABLE_MOD, HANDLER_WRITES, handle_tlv_table_mod},
    {OF_NICIRA_RESUME, HANDLER_WRITES, handle_resume},
    {OF_NICIRA_IPFIX_BRIDGE_STATS_REQUEST, 0, handle_ipfix},
    {OF_NICIRA_IPFIX_FLOW_STATS_REQUEST, 0, handle_ipfix},
    {OF_NICIRA_ROLE_REQUEST, 0, handle_role},
    {OF_NICIRA_SET_FLOW_FORMAT, 0, handle_flow_format},
    {OF_NICIRA_FLOW_MOD_TABLE_ID, 0, handle_table_id},
    {OF_NICIRA_SET_PACKET_IN_FORMAT, 0, handle_packet_in_format},
    {OF_NICIRA_SET_CONTROLLER_ID, 0, handle_controller_id},
    {OF_NICIRA_FLOW_AGE, 0, handle_flow_age},
    {OF_NO_CLASS, 0, NULL},
};
