/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles: modifications that are collected and then done as one (OpenFlow 1.4, section 6.8;
 * for 1.3 as ONF's extension 230, the same messages under an experimenter's number).
 *
 * What is collected has bounds: bundles of a connection; memory of all bundles of a bridge, of
 * which a connection gets as much as it leaves free, so that one that takes all it can (half, which
 * is more than a million flow-mods need) leaves the next half of the rest; and time: a bundle that
 * nothing is done with for BUNDLE_IDLE_MS is discarded, with OFPBFC_TIMEOUT. */
#include "ofproto/ofconn.h"

#include "lib/chunk.h"
#include "lib/heap.h"
#include "ofproto/flow-mod-pack.h"
#include "ofproto/frame.h"

#define LOG_MODULE "bundle"
#include "lib/log.h"

#define MAX_BUNDLES 64               /* A connection. */
#define MAX_BUNDLED_SIZE (1ul << 30) /* Bytes, of a bridge. */
#define BUNDLE_IDLE_MS 10000
#define MAX_ERROR_DATA 64
#define MAX_STUB_ACTIONS 2048
#define INNER_OFS 16     /* Of the message in an add-message, */
#define ONF_INNER_OFS 24 /* in ONF's. */
#define TRIM_ITEMS 1024  /* Hundreds of kilobytes: worth giving back to the system. */

/* What a message other than a flow-mod says. */
struct decoded {
    union {
        struct ofp_group_mod group_mod;
        struct ofp_meter_mod meter_mod;
        struct ofp_port_mod port_mod;
        struct ofp_packet_out packet_out;
    };
    void *ofpacts;
};

/* A message as it was added: decoded, so that a bad one is refused at once. It stands before the
 * message's bytes, which the error needs that it may get at the commit, and a packed flow-mod. */
struct bundled {
    struct ofproto_msg msg;          /* Without its flow_mod. */
    uint32_t size;                   /* Bytes of the message. */
    uint32_t buffer_id;              /* Of its packet, or OFBUFFER_NONE. */
    struct decoded *decoded;         /* NULL: a flow-mod. */
    struct ofconn_buffered buffered; /* During the commit. */
};

struct bundle {
    struct list link; /* In ofconn's bundles. */
    struct ofconn *ofconn;
    uint32_t id;
    uint16_t flags;
    bool is_closed;
    bool resets_counters;   /* One of the flow-mods does. */
    struct chunk_pool pool; /* Of the items. */
    struct bundled **items; /* NULL: it is done. */
    size_t n, allocated;
    size_t n_buffers; /* That messages name. */
    size_t size;      /* Bytes that the items take. */
    struct event *timer;
    int64_t used_ms;
    uint8_t request[MAX_ERROR_DATA]; /* What opened it, for the error when it is discarded. */
    size_t request_size;
    /* Of the message at hand, during the commit. */
    struct ofproto_msg msg;
    struct ofp_flow_mod flow_mod;
};

/* ---- Life ---- */

static const uint8_t *
bytes_of(const struct bundled *item)
{
    return (const uint8_t *)(item + 1);
}

static void
unpack(const struct bundled *item, struct ofp_flow_mod *fm)
{
    flow_mod_unpack(bytes_of(item) + ROUND_UP(item->size, 8), fm);
}

static void
decoded_destroy(struct decoded *decoded, enum ofproto_msg_type type)
{
    if (!decoded)
        return;
    if (type == OFPROTO_GROUP_MOD)
        ofp_group_mod_destroy(&decoded->group_mod);
    free(decoded->ofpacts);
    free(decoded);
}

static void
bundled_destroy(struct bundled *item)
{
    if (!item)
        return;
    decoded_destroy(item->decoded, item->msg.type);
    chunk_free(item);
}

static void
bundle_destroy(struct bundle *bundle)
{
    size_t n = bundle->n;

    for (size_t i = 0; i < bundle->n; i++)
        bundled_destroy(bundle->items[i]);
    chunk_pool_destroy(&bundle->pool);
    bundle->ofconn->bundled_size -= bundle->size;
    bundle->ofconn->mgr->bundled_size -= bundle->size;
    list_remove(&bundle->link);
    event_free(bundle->timer);
    free(bundle->items);
    free(bundle);
    if (n >= TRIM_ITEMS)
        heap_trim();
}

void
ofconn_destroy_bundles(struct ofconn *ofconn)
{
    struct bundle *bundle, *next;

    LIST_FOR_EACH_SAFE (bundle, next, link, &ofconn->bundles)
        bundle_destroy(bundle);
}

static struct bundle *
find_bundle(struct ofconn *ofconn, uint32_t id)
{
    struct bundle *bundle;

    LIST_FOR_EACH (bundle, link, &ofconn->bundles) {
        if (bundle->id == id)
            return bundle;
    }
    return NULL;
}

static size_t
n_bundles(const struct ofconn *ofconn)
{
    const struct bundle *bundle;
    size_t n = 0;

    LIST_FOR_EACH (bundle, link, &ofconn->bundles)
        n++;
    return n;
}

static void
wait_for_use(struct bundle *bundle, int64_t ms)
{
    struct timeval tv = {ms / 1000, ms % 1000 * 1000};

    evtimer_add(bundle->timer, &tv);
}

static void
on_idle(evutil_socket_t fd, short what, void *bundle_)
{
    struct bundle *bundle = bundle_;
    struct ofconn *ofconn = bundle->ofconn;
    int64_t left_ms = bundle->used_ms + BUNDLE_IDLE_MS - time_now_ms();

    (void)fd, (void)what;
    if (left_ms > 0) {
        wait_for_use(bundle, left_ms);
        return;
    }
    log_limited(&ofconn->peers->log, LOG_INFO,
                "%s: bundle %u of %zu messages is discarded, nothing was done with it for %d s",
                conn_name(ofconn->conn), bundle->id, bundle->n, BUNDLE_IDLE_MS / 1000);
    ofconn_send_error(ofconn, OFPERR_OFPBFC_TIMEOUT, bundle->request, bundle->request_size);
    bundle_destroy(bundle);
}

static enum ofperr
bundle_open(struct ofconn *ofconn, const struct request *request, uint32_t id, uint16_t flags)
{
    struct bundle *bundle;

    if (find_bundle(ofconn, id))
        return OFPERR_OFPBFC_BAD_ID;
    if (n_bundles(ofconn) >= MAX_BUNDLES)
        return OFPERR_OFPBFC_OUT_OF_BUNDLES;
    bundle = xcalloc(1, sizeof *bundle);
    bundle->ofconn = ofconn;
    bundle->id = id;
    bundle->flags = flags;
    bundle->request_size = MIN(request->size, sizeof bundle->request);
    memcpy(bundle->request, request->bytes, bundle->request_size);
    bundle->used_ms = time_now_ms();
    bundle->timer = evtimer_new(ofconn->mgr->options.base, on_idle, bundle);
    if (!bundle->timer)
        abort();
    wait_for_use(bundle, BUNDLE_IDLE_MS);
    chunk_pool_init(&bundle->pool);
    list_push_back(&ofconn->bundles, &bundle->link);
    return 0;
}

/* ---- Adding ---- */

/* The flow-mod is packed behind the item. */
static enum ofperr
decode_flow_mod(struct ofconn *ofconn, struct bundle *bundle, const struct of_header *msg,
                struct buf *out, struct bundled *item)
{
    uint64_t stub[MAX_STUB_ACTIONS / 8];
    struct buf ofpacts = BUF_STUB_INITIALIZER(stub);
    struct ofp_decode_limits limits = ofconn_limits(ofconn);
    struct ofp_flow_mod fm;
    enum ofperr error = ofp_flow_mod_decode(msg, &limits, &ofpacts, &fm);

    if (!error) {
        item->msg.type = OFPROTO_FLOW_MOD;
        item->buffer_id = fm.buffer_id;
        bundle->resets_counters |= (fm.flags & OFPFF_RESET_COUNTS) != 0;
        flow_mod_pack(&fm, out);
    }
    buf_destroy(&ofpacts);
    return error;
}

static enum ofperr
decode_group_mod(struct ofconn *ofconn, const struct of_header *msg, struct bundled *item)
{
    struct ofp_decode_limits limits = ofconn_limits(ofconn);
    enum ofperr error = ofp_group_mod_decode(msg, &limits, &item->decoded->group_mod);

    if (!error) {
        item->msg.type = OFPROTO_GROUP_MOD;
        item->msg.group_mod = &item->decoded->group_mod;
    }
    return error;
}

static enum ofperr
decode_meter_mod(const struct of_header *msg, struct bundled *item)
{
    item->msg.type = OFPROTO_METER_MOD;
    item->msg.meter_mod = &item->decoded->meter_mod;
    return ofp_meter_mod_decode(msg, &item->decoded->meter_mod);
}

static enum ofperr
decode_port_mod(const struct of_header *msg, struct bundled *item)
{
    item->msg.port_mod = &item->decoded->port_mod;
    return ofp_port_mod_decode(msg, &item->decoded->port_mod);
}

static enum ofperr
decode_packet_out(struct ofconn *ofconn, const struct of_header *msg, struct bundled *item)
{
    uint64_t stub[MAX_STUB_ACTIONS / 8];
    struct buf ofpacts = BUF_STUB_INITIALIZER(stub);
    struct ofp_decode_limits limits = ofconn_limits(ofconn);
    struct ofp_packet_out *po = &item->decoded->packet_out;
    enum ofperr error = ofp_packet_out_decode(msg, &limits, &ofpacts, po);

    if (!error && po->packet && po->packet_size < OFCONN_MIN_PACKET)
        error = OFPERR_OFPBRC_BAD_PACKET;
    if (!error) {
        item->decoded->ofpacts = xmemdup(ofpacts.size ? ofpacts.data : "", ofpacts.size);
        po->ofpacts = item->decoded->ofpacts;
        item->msg.type = OFPROTO_PACKET_OUT;
        item->msg.packet_out = po;
        item->buffer_id = po->buffer_id;
    }
    buf_destroy(&ofpacts);
    return error;
}

static enum ofperr
decode_other(struct ofconn *ofconn, const struct of_header *msg, struct bundled *item)
{
    enum ofperr error = OFPERR_OFPBFC_MSG_UNSUP;

    item->decoded = xcalloc(1, sizeof *item->decoded);
    if (of_class_is(msg->object.class_id, OF_GROUP_MOD))
        error = decode_group_mod(ofconn, msg, item);
    else if (msg->object.class_id == OF_METER_MOD)
        error = decode_meter_mod(msg, item);
    else if (msg->object.class_id == OF_PORT_MOD)
        error = decode_port_mod(msg, item);
    else if (msg->object.class_id == OF_PACKET_OUT)
        error = decode_packet_out(ofconn, msg, item);
    if (error)
        decoded_destroy(item->decoded, item->msg.type);
    return error;
}

/* What is decoded has about the size of its message, besides. */
static void
count_size(struct bundle *bundle, const struct bundled *item, size_t size)
{
    size += item->decoded ? sizeof *item->decoded + item->size : 0;
    bundle->size += size;
    bundle->ofconn->bundled_size += size;
    bundle->ofconn->mgr->bundled_size += size;
}

/* With what stands behind the item, `size` bytes in all. */
static void
bundle_append(struct bundle *bundle, const struct bundled *item, size_t size)
{
    if (bundle->n == bundle->allocated) {
        bundle->allocated = MAX(2 * bundle->allocated, 16);
        bundle->items = xrealloc(bundle->items, bundle->allocated * sizeof *bundle->items);
    }
    bundle->items[bundle->n++] = memcpy(chunk_alloc(&bundle->pool, size), item, size);
    bundle->n_buffers += item->buffer_id != OFBUFFER_NONE;
    count_size(bundle, item, size);
}

/* The bytes of the message that an add-message carries; it was decoded, so they are there. */
static const uint8_t *
inner_bytes(const struct request *request, size_t *size)
{
    bool is_onf = request->msg->object.class_id == OF_ONF_BUNDLE_ADD_MSG;
    const uint8_t *bytes = request->bytes + (is_onf ? ONF_INNER_OFS : INNER_OFS);

    of_frame_size(bytes, size);
    return bytes;
}

/* Puts the message that an add-message carries into an item of its own. */
static enum ofperr
add_item(struct ofconn *ofconn, struct bundle *bundle, const struct request *request,
         const struct of_header *msg)
{
    size_t size;
    const uint8_t *bytes = inner_bytes(request, &size);
    struct bundled item = {
        .msg = {.type = OFPROTO_PORT_MOD, .xid = msg->xid}, /* Nothing of it is to be freed. */
        .size = (uint32_t)size,
        .buffer_id = OFBUFFER_NONE,
    };
    uint64_t stub[2 * MAX_STUB_ACTIONS / 8];
    struct buf whole = BUF_STUB_INITIALIZER(stub);
    enum ofperr error;

    buf_put_uninit(&whole, sizeof item);
    buf_put(&whole, bytes, size);
    buf_put_zeros(&whole, ROUND_UP(size, 8) - size);
    error = of_class_is(msg->object.class_id, OF_FLOW_MOD)
                ? decode_flow_mod(ofconn, bundle, msg, &whole, &item)
                : decode_other(ofconn, msg, &item);
    if (!error) {
        memcpy(whole.data, &item, sizeof item);
        bundle_append(bundle, (const struct bundled *)whole.data, whole.size);
    }
    buf_destroy(&whole);
    return error;
}

static bool
has_room(const struct ofconn *ofconn)
{
    return ofconn->bundled_size + ofconn->mgr->bundled_size <= MAX_BUNDLED_SIZE;
}

static enum ofperr
bundle_add(struct ofconn *ofconn, const struct request *request,
           const struct of_bundle_add_msg *add)
{
    struct bundle *bundle = find_bundle(ofconn, add->bundle_id);
    enum ofperr error;

    if (add->message->xid != request->msg->xid)
        return OFPERR_OFPBFC_MSG_BAD_XID;
    if (!bundle) { /* Adding opens (1.4, section 7.3.9.2). */
        error = bundle_open(ofconn, request, add->bundle_id, add->flags);
        if (error)
            return error;
        bundle = find_bundle(ofconn, add->bundle_id);
    }
    if (bundle->is_closed)
        return OFPERR_OFPBFC_BUNDLE_CLOSED;
    if (bundle->flags != add->flags)
        return OFPERR_OFPBFC_BAD_FLAGS;
    if (!has_room(ofconn))
        return OFPERR_OFPBFC_MSG_TOO_MANY;
    bundle->used_ms = time_now_ms();
    return add_item(ofconn, bundle, request, add->message);
}

/* ---- Commit ---- */

/* Takes packets out of their buffers, all or, with an error about *failed, none. */
static enum ofperr
take_buffers(struct ofconn *ofconn, struct bundle *bundle, size_t *failed)
{
    struct pktbuf *pktbuf = ofconn->mgr->pktbuf;
    enum ofperr error = 0;

    for (size_t i = 0; bundle->n_buffers && i < bundle->n && !error; i++) {
        struct bundled *item = bundle->items[i];
        struct ofconn_buffered *b = &item->buffered;

        *failed = i;
        if (item->buffer_id != OFBUFFER_NONE)
            error = pktbuf_take(pktbuf, item->buffer_id, &b->data, &b->size, &b->in_port);
    }
    return error;
}

static void
give_buffers_back(struct ofconn *ofconn, struct bundle *bundle)
{
    for (size_t i = 0; i < bundle->n; i++) {
        struct bundled *item = bundle->items[i];

        if (!item)
            continue;
        if (item->buffered.data)
            pktbuf_give_back(ofconn->mgr->pktbuf, item->buffer_id, item->buffered.data);
        item->buffered.data = NULL;
    }
}

/* Packets are run when all modifications are done, in their order. */
static void
run_packet(struct ofconn *ofconn, struct bundled *item)
{
    struct ofp_flow_mod fm;
    enum ofperr error = 0;

    if (item->msg.type == OFPROTO_PACKET_OUT) {
        struct ofp_packet_out *po = &item->decoded->packet_out;

        po->packet = item->buffered.data ? item->buffered.data
                                         : bytes_of(item) + item->size - po->packet_size;
        if (item->buffered.data)
            po->packet_size = item->buffered.size;
        error = ofconn_run_packet(ofconn, po);
    } else if (item->buffered.data) {
        unpack(item, &fm);
        error = ofconn_run_buffered(ofconn, &fm, &item->buffered);
    }
    if (error)
        ofconn_send_error(ofconn, error, bytes_of(item), item->size);
    free(item->buffered.data);
}

static void
forward_request(struct ofconn *ofconn, const struct bundled *item)
{
    struct ofconn_forwarded f = {bytes_of(item), item->size, item->msg.xid, NULL, NULL};

    if (item->msg.type == OFPROTO_GROUP_MOD)
        f.group_mod = item->msg.group_mod;
    else if (item->msg.type == OFPROTO_METER_MOD)
        f.meter_mod = item->msg.meter_mod;
    if (f.group_mod || f.meter_mod)
        ofconn_forward(ofconn, &f);
}

/* What is left to do when all modifications took effect. */
static void
bundle_finish(struct ofconn *ofconn, struct bundle *bundle)
{
    for (size_t i = 0; i < bundle->n; i++) {
        if (bundle->items[i])
            forward_request(ofconn, bundle->items[i]);
    }
    for (size_t i = 0; i < bundle->n; i++) {
        if (bundle->items[i])
            run_packet(ofconn, bundle->items[i]);
    }
}

/* A flow-mod without a packet is needed no more when it took effect; its memory is wanted for what
 * comes after it. */
static void
drop_done(struct bundle *bundle, size_t i)
{
    struct bundled *item = bundle->items[i];

    if (item->msg.type == OFPROTO_FLOW_MOD && !item->buffered.data) {
        bundled_destroy(item);
        bundle->items[i] = NULL;
    }
}

static const struct ofproto_msg *
get_msg(void *bundle_, size_t i)
{
    struct bundle *bundle = bundle_;
    const struct bundled *item = bundle->items[i];

    if (i)
        drop_done(bundle, i - 1);
    bundle->msg = item->msg;
    if (item->msg.type == OFPROTO_FLOW_MOD) {
        unpack(item, &bundle->flow_mod);
        bundle->msg.flow_mod = &bundle->flow_mod;
    }
    return &bundle->msg;
}

static enum ofperr
bundle_commit(struct ofconn *ofconn, struct bundle *bundle, const struct of_header *request)
{
    struct ofproto_origin origin = ofconn_origin(ofconn, request);
    struct ofproto_msgs msgs = {
        .n = bundle->n, .resets_counters = bundle->resets_counters, .get = get_msg, .aux = bundle};
    size_t failed = 0;
    enum ofperr error = take_buffers(ofconn, bundle, &failed);

    if (!error)
        error = ofproto_bundle_commit(ofconn->mgr->ofproto, &msgs, &origin, &failed);
    if (error) {
        const struct bundled *item = bundle->items[failed];

        give_buffers_back(ofconn, bundle);
        ofconn_send_error(ofconn, error, bytes_of(item), item->size);
        error = OFPERR_OFPBFC_MSG_FAILED;
    } else {
        bundle_finish(ofconn, bundle);
    }
    bundle_destroy(bundle);
    return error;
}

/* ---- Control ---- */

/* Flags must stay as they were opened; a request about no bundle names an unknown id. */
static enum ofperr
check_bundle(const struct bundle *bundle, uint16_t flags)
{
    if (!bundle)
        return OFPERR_OFPBFC_BAD_ID;
    return bundle->flags == flags ? 0 : OFPERR_OFPBFC_BAD_FLAGS;
}

static enum ofperr
control(struct ofconn *ofconn, const struct request *request, const struct of_bundle_ctrl_msg *ctrl)
{
    struct bundle *bundle = find_bundle(ofconn, ctrl->bundle_id);
    enum ofperr error =
        ctrl->bundle_ctrl_type == OFPBCT_OPEN_REQUEST ? 0 : check_bundle(bundle, ctrl->flags);

    if (error) {
        if (bundle)
            bundle_destroy(bundle);
        return error;
    }
    switch (ctrl->bundle_ctrl_type) {
    case OFPBCT_OPEN_REQUEST:
        if (bundle) {
            bundle_destroy(bundle);
            return OFPERR_OFPBFC_BUNDLE_EXIST;
        }
        return bundle_open(ofconn, request, ctrl->bundle_id, ctrl->flags);
    case OFPBCT_CLOSE_REQUEST:
        if (bundle->is_closed) {
            bundle_destroy(bundle);
            return OFPERR_OFPBFC_BUNDLE_CLOSED;
        }
        bundle->is_closed = true;
        bundle->used_ms = time_now_ms();
        return 0;
    case OFPBCT_COMMIT_REQUEST:
        return bundle_commit(ofconn, bundle, request->msg);
    case OFPBCT_DISCARD_REQUEST:
        bundle_destroy(bundle);
        return 0;
    default:
        return OFPERR_OFPBFC_BAD_TYPE;
    }
}

/* Bundles cannot be scheduled here (1.5, section 6.9.6), and no experimenter's property is known.
 */
static enum ofperr
check_extras(uint16_t flags, const struct of_bundle_prop_list *properties)
{
    if (flags & ~(OFPBF_ATOMIC | OFPBF_ORDERED))
        return OFPERR_OFPBFC_SCHED_NOT_SUPPORTED;
    if (!properties->n)
        return 0;
    return properties->items[0]->object.class_id == OF_BUNDLE_PROP_EXPERIMENTER
               ? OFPERR_OFPBPC_BAD_EXPERIMENTER
               : OFPERR_OFPBFC_SCHED_NOT_SUPPORTED;
}

/* ---- The messages ---- */

/* ONF's messages of 1.3 have the members of those of 1.4, so that one function does for both. */
#define ASSERT_ALIKE(MEMBER, A, B)                                                                 \
    _Static_assert(offsetof(struct A, MEMBER) == offsetof(struct B, MEMBER), #MEMBER)
ASSERT_ALIKE(bundle_id, of_bundle_ctrl_msg, of_onf_bundle_ctrl_msg);
ASSERT_ALIKE(bundle_ctrl_type, of_bundle_ctrl_msg, of_onf_bundle_ctrl_msg);
ASSERT_ALIKE(flags, of_bundle_ctrl_msg, of_onf_bundle_ctrl_msg);
ASSERT_ALIKE(properties, of_bundle_ctrl_msg, of_onf_bundle_ctrl_msg);
ASSERT_ALIKE(bundle_id, of_bundle_add_msg, of_onf_bundle_add_msg);
ASSERT_ALIKE(flags, of_bundle_add_msg, of_onf_bundle_add_msg);
ASSERT_ALIKE(message, of_bundle_add_msg, of_onf_bundle_add_msg);
ASSERT_ALIKE(properties, of_bundle_add_msg, of_onf_bundle_add_msg);

static enum ofperr
handle_ctrl(struct ofconn *ofconn, const struct request *request)
{
    const struct of_bundle_ctrl_msg *ctrl = (const struct of_bundle_ctrl_msg *)request->msg;
    struct of_bundle_ctrl_msg *reply;
    enum ofperr error = check_extras(ctrl->flags, &ctrl->properties);

    if (!error)
        error = control(ofconn, request, ctrl);
    if (error)
        return error;
    reply = reply_new(request, request->msg->object.class_id);
    reply->bundle_id = ctrl->bundle_id;
    reply->bundle_ctrl_type = ctrl->bundle_ctrl_type + 1;
    reply->flags = ctrl->flags;
    ofconn_send_object(ofconn, reply);
    return 0;
}

static enum ofperr
handle_add(struct ofconn *ofconn, const struct request *request)
{
    const struct of_bundle_add_msg *add = (const struct of_bundle_add_msg *)request->msg;
    enum ofperr error = check_extras(add->flags, &add->properties);

    return error ? error : bundle_add(ofconn, request, add);
}

/* What bundles can do (1.5, section 7.3.5.20); no accuracy of schedules can be set. */
static enum ofperr
handle_features(struct ofconn *ofconn, const struct request *request)
{
    const struct of_bundle_features_stats_request *bfr =
        (const struct of_bundle_features_stats_request *)request->msg;
    struct of_bundle_features_stats_reply *reply;

    if (bfr->feature_request_flags & OFPBF_TIME_SET_SCHED)
        return OFPERR_OFPBRC_MULTIPART_BAD_SCHED;
    reply = reply_new(request, OF_BUNDLE_FEATURES_STATS_REPLY);
    reply->capabilities = OFPBF_ATOMIC | OFPBF_ORDERED;
    ofconn_send_object(ofconn, reply);
    return 0;
}

const struct handler handlers_bundle[] = {
    {OF_BUNDLE_CTRL_MSG, HANDLER_WRITES, handle_ctrl},
    {OF_BUNDLE_ADD_MSG, HANDLER_WRITES, handle_add},
    {OF_ONF_BUNDLE_CTRL_MSG, HANDLER_WRITES, handle_ctrl},
    {OF_ONF_BUNDLE_ADD_MSG, HANDLER_WRITES, handle_add},
    {OF_BUNDLE_FEATURES_STATS_REQUEST, 0, handle_features},
    {OF_NO_CLASS, 0, NULL},
};
