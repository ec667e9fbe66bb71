/* SPDX-License-Identifier: Apache-2.0 */
/* Features, configuration, barriers, packet-outs. */
#include <errno.h>

#include "ofproto/ofconn.h"
#include "ofproto/ofpact.h"

#define MAX_STUB_ACTIONS 1024

/* ---- Features ---- */

static uint32_t
capabilities(enum ofp_version version)
{
    uint32_t common = OFPC_FLOW_STATS | OFPC_TABLE_STATS | OFPC_PORT_STATS | OFPC_QUEUE_STATS;

    if (version == OFP10)
        return common | OFPC_ARP_MATCH_IP;
    common |= OFPC_GROUP_STATS;
    return version >= OFP14 ? common | OFPC_BUNDLES | OFPC_FLOW_MONITORING : common;
}

/* Every action of OpenFlow 1.0: OFPAT_OUTPUT (0) to OFPAT_ENQUEUE (11). */
#define ACTIONS_V10 0xfff

static enum ofperr
handle_features_request(struct ofconn *ofconn, const struct request *request)
{
    const struct ofproto *ofproto = ofconn->mgr->ofproto;
    struct ofp_port *ports = xcalloc(ofproto->ports.n, sizeof *ports);
    struct ofp_features features = {
        .datapath_id = ofproto->datapath_id,
        .n_buffers = PKTBUF_SLOTS,
        .n_tables = ofproto->n_tables,
        .capabilities = capabilities(ofconn->version),
        .actions = ACTIONS_V10,
        .ports = ports,
    };
    struct buf msg = BUF_INITIALIZER;
    struct ofport *port;

    HMAP_FOR_EACH (port, by_number, &ofproto->ports)
        ofport_describe(port, &ports[features.n_ports++]);
    ofp_features_encode(&features, ofconn->version, request->msg->xid, &msg);
    ofconn_send(ofconn, &msg);
    free(ports);
    return 0;
}

/* Bit of the configuration that Open vSwitch took over into 1.0 from 1.1: packet-ins for invalid
 * TTLs, which later versions ask for by their asynchronous configuration. */
#define CONFIG_INVALID_TTL_V10 4

static bool
wants_invalid_ttl(const struct ofconn *ofconn)
{
    return ofconn->async.masks[0][ASYNC_PACKET_IN] & 1u << OFPR_INVALID_TTL;
}

static void
set_invalid_ttl(struct ofconn *ofconn, bool on)
{
    uint32_t *mask = &ofconn->async.masks[0][ASYNC_PACKET_IN], bit = 1u << OFPR_INVALID_TTL;

    *mask = on ? *mask | bit : *mask & ~bit;
}

static enum ofperr
handle_get_config(struct ofconn *ofconn, const struct request *request)
{
    struct of_get_config_reply *reply = reply_new(request, OF_GET_CONFIG_REPLY);

    reply->flags = ofconn->mgr->ofproto->config_flags;
    if (ofconn->version == OFP10 && wants_invalid_ttl(ofconn))
        reply->flags |= CONFIG_INVALID_TTL_V10;
    reply->miss_send_len = ofconn->miss_send_len;
    ofconn_send_object(ofconn, reply);
    return 0;
}

static enum ofperr
handle_set_config(struct ofconn *ofconn, const struct request *request)
{
    const struct of_set_config *config = (const struct of_set_config *)request->msg;
    uint16_t own_flags = ofconn->version == OFP10 ? CONFIG_INVALID_TTL_V10 : 0;
    enum ofperr error = 0;

    if (ofconn->role != OFPCR_ROLE_SLAVE)
        error = ofproto_set_config(ofconn->mgr->ofproto, config->flags & ~own_flags,
                                   config->miss_send_len);
    if (error)
        return error;
    /* A management connection that wants packet-ins gets all kinds of a controller's. */
    if (ofconn->kind == OFCONN_SERVICE && !ofconn->miss_send_len && config->miss_send_len)
        async_config_default(&ofconn->async, OFCONN_CONTROLLER, ofconn->version);
    if (own_flags)
        set_invalid_ttl(ofconn, config->flags & own_flags);
    ofconn->miss_send_len = config->miss_send_len;
    connmgr_update_implicit_misses(ofconn->mgr);
    return 0;
}

/* ---- Barriers ---- */

void
ofconn_barrier_done(void *aux)
{
    struct ofconn *ofconn = aux;
    uint64_t stub[16];
    struct of_arena arena;
    struct of_header *reply;

    ofconn->is_waiting = false;
    /* What happened before the barrier is told before its reply. */
    ofproto_run(ofconn->mgr->ofproto);
    of_arena_init(&arena, stub, sizeof stub);
    reply = async_new(ofconn, &arena, OF_BARRIER_REPLY);
    reply->xid = ofconn->barrier_xid;
    ofconn_send_object(ofconn, reply);
    of_arena_destroy(&arena);
    conn_release(ofconn->conn);
}

static enum ofperr
handle_barrier(struct ofconn *ofconn, const struct request *request)
{
    conn_hold(ofconn->conn);
    ofconn->is_waiting = true;
    ofconn->barrier_xid = request->msg->xid;
    ofconn->mgr->ops->barrier(ofconn->mgr->aux, ofconn->kind == OFCONN_CONTROLLER,
                              ofconn_barrier_done, ofconn);
    return 0;
}

/* ---- Packets ---- */

enum ofperr
ofconn_run_packet(struct ofconn *ofconn, const struct ofp_packet_out *po)
{
    return ofconn->mgr->ops->packet_out(ofconn->mgr->aux, po);
}

static enum ofperr
run_packet_out(struct ofconn *ofconn, struct ofp_packet_out *po)
{
    uint8_t *buffered = NULL;
    uint32_t unused;
    enum ofperr error = ofproto_check_packet_out(ofconn->mgr->ofproto, po, ofconn->version);

    if (!error && po->packet && po->packet_size < OFCONN_MIN_PACKET)
        error = OFPERR_OFPBRC_BAD_PACKET;
    if (!error && po->buffer_id != OFBUFFER_NONE) {
        error =
            pktbuf_take(ofconn->mgr->pktbuf, po->buffer_id, &buffered, &po->packet_size, &unused);
        po->packet = buffered;
    }
    if (!error)
        error = ofconn_run_packet(ofconn, po);
    free(buffered);
    return error;
}

static enum ofperr
handle_packet_out(struct ofconn *ofconn, const struct request *request)
{
    uint64_t stub[MAX_STUB_ACTIONS / 8];
    struct buf ofpacts = BUF_STUB_INITIALIZER(stub);
    struct ofp_decode_limits limits = ofconn_limits(ofconn);
    struct ofp_packet_out po;
    enum ofperr error = ofp_packet_out_decode(request->msg, &limits, &ofpacts, &po);

    if (!error)
        error = run_packet_out(ofconn, &po);
    buf_destroy(&ofpacts);
    return error;
}

/* From 1.1 on as if a packet-out to OFPP_TABLE came behind the flow-mod (1.3, section A.3.4.1). */
enum ofperr
ofconn_run_buffered(struct ofconn *ofconn, const struct ofp_flow_mod *fm,
                    const struct ofconn_buffered *buffered)
{
    struct ofp_packet_out po = {
        .packet = buffered->data,
        .packet_size = buffered->size,
        .buffer_id = OFBUFFER_NONE,
        .ofpacts = fm->ofpacts,
        .ofpacts_size = fm->ofpacts_size,
    };
    uint64_t stub[8];
    struct buf to_table = BUF_STUB_INITIALIZER(stub);
    enum ofperr error;

    match_init_catchall(&po.match);
    po.match.flow.in_port = buffered->in_port;
    if (ofconn->version > OFP10) {
        ofpact_put_output(&to_table, OFPORT_TABLE, 0);
        po.ofpacts = (const struct ofpact *)to_table.data;
        po.ofpacts_size = to_table.size;
    }
    error = ofconn_run_packet(ofconn, &po);
    buf_destroy(&to_table);
    return error;
}

static enum ofperr
handle_error(struct ofconn *ofconn, const struct request *request)
{
    (void)ofconn, (void)request;
    return 0; /* A peer's error needs no answer. */
}

const struct handler handlers_basic[] = {
    {OF_FEATURES_REQUEST, 0, handle_features_request},
    {OF_GET_CONFIG_REQUEST, 0, handle_get_config},
    {OF_SET_CONFIG, 0, handle_set_config},
    {OF_BARRIER_REQUEST, 0, handle_barrier},
    {OF_PACKET_OUT, HANDLER_WRITES, handle_packet_out},
    {OF_ERROR_MSG, 0, handle_error},
    {OF_NO_CLASS, 0, NULL},
};
