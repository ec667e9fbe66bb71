/* SPDX-License-Identifier: Apache-2.0 */
/* Modifications of flows, groups, meters, ports and tables. */
#include "ofproto/ofconn.h"

#define MAX_STUB_ACTIONS 2048

static enum ofperr
run_buffer(struct ofconn *ofconn, const struct ofp_flow_mod *fm)
{
    struct ofconn_buffered buffered;
    enum ofperr error = pktbuf_take(ofconn->mgr->pktbuf, fm->buffer_id, &buffered.data,
                                    &buffered.size, &buffered.in_port);

    if (error)
        return error;
    error = ofconn_run_buffered(ofconn, fm, &buffered);
    free(buffered.data);
    return error;
}

static enum ofperr
handle_flow_mod(struct ofconn *ofconn, const struct request *request)
{
    uint64_t stub[MAX_STUB_ACTIONS / 8];
    struct buf ofpacts = BUF_STUB_INITIALIZER(stub);
    struct ofp_decode_limits limits = ofconn_limits(ofconn);
    struct ofproto_origin origin = ofconn_origin(ofconn, request->msg);
    struct ofp_flow_mod fm;
    enum ofperr error = ofp_flow_mod_decode(request->msg, &limits, &ofpacts, &fm);

    if (!error)
        error = ofproto_flow_mod(ofconn->mgr->ofproto, &fm, &origin);
    if (!error && fm.buffer_id != OFBUFFER_NONE)
        error = run_buffer(ofconn, &fm);
    buf_destroy(&ofpacts);
    return error;
}

static void
forward(const struct ofconn *ofconn, const struct request *request, const struct ofp_group_mod *gm,
        const struct ofp_meter_mod *mm)
{
    ofconn_forward(ofconn, &(struct ofconn_forwarded){.bytes = request->bytes,
                                                      .size = request->size,
                                                      .xid = request->msg->xid,
                                                      .group_mod = gm,
                                                      .meter_mod = mm});
}

static enum ofperr
handle_group_mod(struct ofconn *ofconn, const struct request *request)
{
    struct ofp_decode_limits limits = ofconn_limits(ofconn);
    struct ofproto_origin origin = ofconn_origin(ofconn, request->msg);
    struct ofp_group_mod gm;
    enum ofperr error = ofp_group_mod_decode(request->msg, &limits, &gm);

    if (error)
        return error;
    error = ofproto_group_mod(ofconn->mgr->ofproto, &gm, &origin);
    if (!error)
        forward(ofconn, request, &gm, NULL);
    ofp_group_mod_destroy(&gm);
    return error;
}

static enum ofperr
handle_meter_mod(struct ofconn *ofconn, const struct request *request)
{
    struct ofproto_origin origin = ofconn_origin(ofconn, request->msg);
    struct ofp_meter_mod mm;
    enum ofperr error = ofp_meter_mod_decode(request->msg, &mm);

    if (!error)
        error = ofproto_meter_mod(ofconn->mgr->ofproto, &mm, &origin);
    if (!error)
        forward(ofconn, request, NULL, &mm);
    return error;
}

static enum ofperr
handle_port_mod(struct ofconn *ofconn, const struct request *request)
{
    struct ofproto_origin origin = ofconn_origin(ofconn, request->msg);
    struct ofp_port_mod pm;
    enum ofperr error = ofp_port_mod_decode(request->msg, &pm);

    return error ? error : ofproto_port_mod(ofconn->mgr->ofproto, &pm, &origin);
}

const struct handler handlers_mods[] = {
    {OF_FLOW_ADD, HANDLER_WRITES, handle_flow_mod},
    {OF_FLOW_MODIFY, HANDLER_WRITES, handle_flow_mod},
    {OF_FLOW_MODIFY_STRICT, HANDLER_WRITES, handle_flow_mod},
    {OF_FLOW_DELETE, HANDLER_WRITES, handle_flow_mod},
    {OF_FLOW_DELETE_STRICT, HANDLER_WRITES, handle_flow_mod},
    {OF_NICIRA_FLOW_MOD, HANDLER_WRITES, handle_flow_mod},
    {OF_GROUP_ADD, HANDLER_WRITES, handle_group_mod},
    {OF_GROUP_MODIFY, HANDLER_WRITES, handle_group_mod},
    {OF_GROUP_DELETE, HANDLER_WRITES, handle_group_mod},
    {OF_GROUP_ADD_OR_MOD, HANDLER_WRITES, handle_group_mod},
    {OF_GROUP_INSERT_BUCKET, HANDLER_WRITES, handle_group_mod},
    {OF_GROUP_REMOVE_BUCKET, HANDLER_WRITES, handle_group_mod},
    {OF_NICIRA_GROUP_MOD, HANDLER_WRITES, handle_group_mod},
    {OF_METER_MOD, HANDLER_WRITES, handle_meter_mod},
    {OF_PORT_MOD, HANDLER_WRITES, handle_port_mod},
    {OF_NO_CLASS, 0, NULL},
};
