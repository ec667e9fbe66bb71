/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/ofconn.h"

#include <errno.h>
#include <pthread.h>

#define LOG_MODULE "ofconn"
#include "lib/log.h"

static const struct handler *const handler_groups[] = {
    handlers_basic,        handlers_async,
    handlers_mods,         handlers_stats,
    handlers_tables,       handlers_table_features,
    handlers_nicira,       handlers_bundle,
    handlers_flow_monitor, handlers_controller_status,
};

static const struct handler *handler_by_class[OF_N_CLASSES];
static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;

static void
index_handlers(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(handler_groups); i++) {
        for (const struct handler *h = handler_groups[i]; h->handle; h++)
            handler_by_class[h->class_id] = h;
    }
}

/* ---- Life ---- */

static void
set_defaults(struct ofconn *ofconn)
{
    ofconn->role = OFPCR_ROLE_EQUAL;
    ofconn->controller_id = 0;
    ofconn->packet_in_format = PACKET_IN_STANDARD;
    ofconn->is_nxm = false;
    ofconn->has_table_id = false;
    ofconn->is_waiting = false;
    ofconn->miss_send_len = ofconn->kind == OFCONN_SERVICE ? 0 : OFP_DEFAULT_MISS_SEND_LEN;
    async_config_default(&ofconn->async, ofconn->kind, ofconn->version);
    packet_in_limit_clear(&ofconn->packet_ins);
}

struct ofconn *
ofconn_new(struct connmgr *mgr, struct conn *conn, struct connmgr_port *port, struct peers *peers,
           enum ofconn_kind kind)
{
    struct ofconn *ofconn = xcalloc(1, sizeof *ofconn);

    pthread_once(&handlers_once, index_handlers);
    ofconn->mgr = mgr;
    ofconn->conn = conn;
    ofconn->port = port;
    ofconn->peers = peers;
    ofconn->kind = kind;
    list_init(&ofconn->bundles);
    flow_monitors_init(&ofconn->monitors);
    packet_in_limit_init(&ofconn->packet_ins, mgr->options.base, &peers->n_packet_ins_dropped,
                         ofconn_send_packet_in, ofconn);
    if (port)
        packet_in_limit_configure(&ofconn->packet_ins, port->packet_in_rate, port->packet_in_burst);
    list_push_back(&mgr->ofconns, &ofconn->link);
    set_defaults(ofconn);
    return ofconn;
}

void
ofconn_reset(struct ofconn *ofconn)
{
    if (ofconn->is_waiting)
        ofconn->mgr->ops->barrier_cancel(ofconn->mgr->aux, ofconn);
    ofconn_destroy_bundles(ofconn);
    ofconn_destroy_parts(ofconn);
    /* Others hear of its changes while it can still be told from a later connection. */
    ofproto_run(ofconn->mgr->ofproto);
    flow_monitors_clear(ofconn);
    set_defaults(ofconn);
    ofconn->version = 0;
    connmgr_update_implicit_misses(ofconn->mgr);
}

void
ofconn_destroy(struct ofconn *ofconn)
{
    if (!ofconn)
        return;
    ofconn_reset(ofconn);
    if (!conn_is_active(ofconn->conn))
        ofconn->peers->n_open--;
    list_remove(&ofconn->link);
    flow_monitors_destroy(&ofconn->monitors);
    packet_in_limit_destroy(&ofconn->packet_ins);
    conn_destroy(ofconn->conn);
    free(ofconn);
}

void
ofconn_up(struct ofconn *ofconn)
{
    ofconn->version = conn_version(ofconn->conn);
    set_defaults(ofconn);
    connmgr_update_implicit_misses(ofconn->mgr);
}

bool
ofconn_wants_implicit_misses(const struct ofconn *ofconn)
{
    return ofconn->version == OFP10 && (ofconn->kind == OFCONN_CONTROLLER ||
                                        (ofconn->kind == OFCONN_SERVICE && ofconn->miss_send_len));
}

void
connmgr_update_implicit_misses(struct connmgr *mgr)
{
    const struct ofconn *ofconn;
    bool wanted = false;

    LIST_FOR_EACH (ofconn, link, &mgr->ofconns)
        wanted |= ofconn_wants_implicit_misses(ofconn);
    if (wanted == mgr->wants_implicit_misses)
        return;
    mgr->wants_implicit_misses = wanted;
    if (mgr->ops->implicit_misses)
        mgr->ops->implicit_misses(mgr->aux, wanted);
}

/* ---- Sending ---- */

static size_t
message_size(const char *header)
{
    return (size_t)(uint8_t)header[2] << 8 | (uint8_t)header[3];
}

void
ofconn_send(struct ofconn *ofconn, struct buf *msgs)
{
    for (size_t ofs = 0; ofs < msgs->size; ofs += message_size(msgs->data + ofs))
        conn_send(ofconn->conn, msgs->data + ofs, message_size(msgs->data + ofs));
    buf_destroy(msgs);
}

int
ofconn_send_async(struct ofconn *ofconn, struct buf *msg)
{
    int err = conn_send_async(ofconn->conn, msg->data, msg->size);

    buf_destroy(msg);
    ofconn->peers->n_async_dropped += err == ENOBUFS;
    return err;
}

void
ofconn_send_error(struct ofconn *ofconn, enum ofperr error, const uint8_t *request, size_t size)
{
    struct buf msg = BUF_INITIALIZER;

    log_dbg("%s: sends error %s", conn_name(ofconn->conn), ofperr_name(error));
    ofconn->peers->n_errors++;
    ofp_error_encode(error, ofconn->version, request, size, &msg);
    ofconn_send(ofconn, &msg);
}

void *
reply_new(const struct request *request, enum of_class class_id)
{
    struct of_header *reply =
        (struct of_header *)of_object_new(request->arena, class_id, request->msg->object.version);

    if (!reply)
        abort();
    reply->xid = request->msg->xid;
    return reply;
}

void *
async_new(const struct ofconn *ofconn, struct of_arena *arena, enum of_class class_id)
{
    struct of_object *msg = of_object_new(arena, class_id, ofconn->version);

    if (!msg)
        abort();
    return msg;
}

static int
encode(const struct of_header *msg, struct of_buf *out)
{
    int err;

    of_buf_init(out);
    err = of_msg_encode(msg, out);
    if (err)
        log_err("cannot encode %s: %s", of_class_name(msg->object.class_id), strerror(err));
    return err;
}

void
ofconn_send_object(struct ofconn *ofconn, const void *msg)
{
    struct of_buf out;

    if (!encode(msg, &out))
        conn_send(ofconn->conn, out.data, out.size);
    of_buf_destroy(&out);
}

void
ofconn_send_async_object(struct ofconn *ofconn, const void *msg)
{
    struct of_buf out;

    if (!encode(msg, &out) && conn_send_async(ofconn->conn, out.data, out.size) == ENOBUFS)
        ofconn->peers->n_async_dropped++;
    of_buf_destroy(&out);
}

void
multipart_add(struct ofp_multipart *mp, const struct of_object *entry)
{
    struct of_buf out;

    of_buf_init(&out);
    if (!of_object_encode(entry, &out))
        ofp_multipart_append(mp, out.data, out.size);
    else
        log_err("cannot encode %s", of_class_name(entry->class_id));
    of_buf_destroy(&out);
}

/* ---- Receiving ---- */

struct ofp_decode_limits
ofconn_limits(const struct ofconn *ofconn)
{
    return (struct ofp_decode_limits){
        .max_ports = OFPROTO_MAX_PORTS,
        .n_tables = ofconn->mgr->ofproto->n_tables,
        .flow_mod_table_id = ofconn->has_table_id,
    };
}

/* What a message gets that is of a known class and that nobody handles. */
static enum ofperr
unsupported(enum of_class class_id)
{
    if (of_class_is(class_id, OF_EXPERIMENTER_STATS_REQUEST))
        return OFPERR_OFPBRC_BAD_SUBTYPE;
    if (of_class_is(class_id, OF_STATS_REQUEST))
        return OFPERR_OFPBRC_BAD_STAT;
    if (of_class_is(class_id, OF_EXPERIMENTER))
        return OFPERR_OFPBRC_BAD_SUBTYPE;
    return OFPERR_OFPBRC_BAD_TYPE;
}

/* Whether a multipart request has more parts that cannot be: lists alone can be cut. */
static bool
has_strange_parts(const struct of_header *msg)
{
    enum of_class class_id = msg->object.class_id;

    return of_class_is(class_id, OF_STATS_REQUEST) &&
           ((const struct of_stats_request *)msg)->flags & OFPSF_REQ_MORE &&
           class_id != OF_TABLE_FEATURES_STATS_REQUEST && class_id != OF_FLOW_MONITOR_REQUEST &&
           !of_class_is(class_id, OF_EXPERIMENTER_STATS_REQUEST);
}

enum ofperr
ofconn_handle(struct ofconn *ofconn, const struct request *request)
{
    enum of_class class_id = request->msg->object.class_id;
    const struct handler *h = handler_by_class[class_id];

    if (!h)
        return unsupported(class_id);
    if (has_strange_parts(request->msg))
        return OFPERR_OFPBRC_MULTIPART_BUFFER_OVERFLOW;
    if (h->flags & HANDLER_WRITES && ofconn->role == OFPCR_ROLE_SLAVE)
        return OFPERR_OFPBRC_IS_SECONDARY;
    return h->handle(ofconn, request);
}

static enum ofperr
handle_bytes(struct ofconn *ofconn, struct request *request)
{
    struct of_header *msg;
    struct of_error error;
    int err;

    if (request->bytes[0] != ofconn->version)
        return OFPERR_OFPBRC_BAD_VERSION;
    err = of_msg_decode(request->arena, request->bytes, request->size, &msg, &error);
    if (err == EBADMSG) {
        struct of_buf reply;

        of_buf_init(&reply);
        ofconn->peers->n_errors++;
        if (!of_error_encode(&error, ofconn->version, request->bytes, request->size, &reply))
            conn_send(ofconn->conn, reply.data, reply.size);
        of_buf_destroy(&reply);
        return 0;
    }
    if (err)
        return OFPERR_OFPBRC_BAD_LEN;
    request->msg = msg;
    return ofconn_handle(ofconn, request);
}

void
ofconn_message(struct ofconn *ofconn, const uint8_t *bytes, size_t size)
{
    uint64_t stub[OF_ARENA_BUF_SIZE / 8];
    struct of_arena arena;
    struct request request = {.bytes = bytes, .size = size, .arena = &arena};
    enum ofperr error;

    if (ofconn->kind == OFCONN_SNOOP)
        return;
    of_arena_init(&arena, stub, sizeof stub);
    error = handle_bytes(ofconn, &request);
    if (error)
        ofconn_send_error(ofconn, error, bytes, size);
    of_arena_destroy(&arena);
}
