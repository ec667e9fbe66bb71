/* SPDX-License-Identifier: Apache-2.0 */
/* The Nicira messages with which clients of 1.0 and ovs-ofctl set up a connection. */
#include "ofproto/ofconn.h"

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

static enum ofperr
handle_async(struct ofconn *ofconn, const struct request *request)
{
    const struct of_nicira_set_async_config *set =
        (const struct of_nicira_set_async_config *)request->msg;

    uint32_t *master = ofconn->async.masks[0], *slave = ofconn->async.masks[1];

    master[ASYNC_PACKET_IN] = set->packet_in_mask_equal_master;
    slave[ASYNC_PACKET_IN] = set->packet_in_mask_slave;
    master[ASYNC_PORT_STATUS] = set->port_status_mask_equal_master;
    slave[ASYNC_PORT_STATUS] = set->port_status_mask_slave;
    master[ASYNC_FLOW_REMOVED] = set->flow_removed_mask_equal_master;
    slave[ASYNC_FLOW_REMOVED] = set->flow_removed_mask_slave;
    return 0;
}

const struct handler handlers_nicira[] = {
    {OF_NICIRA_ROLE_REQUEST, 0, handle_role},
    {OF_NICIRA_SET_FLOW_FORMAT, 0, handle_flow_format},
    {OF_NICIRA_FLOW_MOD_TABLE_ID, 0, handle_table_id},
    {OF_NICIRA_SET_PACKET_IN_FORMAT, 0, handle_packet_in_format},
    {OF_NICIRA_SET_CONTROLLER_ID, 0, handle_controller_id},
    {OF_NICIRA_FLOW_AGE, 0, handle_flow_age},
    {OF_NICIRA_SET_ASYNC_CONFIG, 0, handle_async},
    {OF_NO_CLASS, 0, NULL},
};
