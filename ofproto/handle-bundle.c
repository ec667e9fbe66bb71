/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles: modifications that are collected and then done as one (OpenFlow 1.4, section 6.8;
 * for 1.3 as ONF's extension 230, the same messages under an experimenter's number). */
#include "ofproto/ofconn.h"

#include <malloc.h>

#define MAX_BUNDLES 64 /* A connection. */
#define MAX_STUB_ACTIONS 2048
#define TRIM_ITEMS 1024 /* About a megabyte: worth giving back to the system. */

/* A message as it was added: decoded, so that a bad one is refused at once. */
struct bundled {
    struct ofproto_msg msg;
    union {
        struct ofp_flow_mod flow_mod;
        struct ofp_group_mod group_mod;
        struct ofp_meter_mod meter_mod;
        struct ofp_port_mod port_mod;
        struct ofp_packet_out packet_out;
    };
    uint8_t *bytes; /* For the error that it may get at the commit. */
    size_t size;
    void *ofpacts;
    uint32_t buffer_id;              /* Of its packet, or OFBUFFER_NONE. */
    struct ofconn_buffered buffered; /* During the commit. */
};

struct bundle {
    struct list link; /* In ofconn's bundles. */
    uint32_t id;
    uint16_t flags;
    bool is_closed;
    struct bundled **items;
    size_t n, allocated;
};

/* ---- Life ---- */

static void
bundled_destroy(struct bundled *item)
{
    if (item->msg.type == OFPROTO_GROUP_MOD)
        ofp_group_mod_destroy(&item->group_mod);
    free(item->ofpacts);
    free(item->bytes);
    free(item);
}

static void
bundle_destroy(struct bundle *bundle)
{
    size_t n = bundle->n;

    for (size_t i = 0; i < bundle->n; i++)
        bundled_destroy(bundle->items[i]);
    list_remove(&bundle->link);
    free(bundle->items);
    free(bundle);
    if (n >= TRIM_ITEMS)
        malloc_trim(0);
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

static enum ofperr
bundle_open(struct ofconn *ofconn, uint32_t id, uint16_t flags)
{
    struct bundle *bundle;

    if (find_bundle(ofconn, id))
        return OFPERR_OFPBFC_BAD_ID;
    if (n_bundles(ofconn) >= MAX_BUNDLES)
        return OFPERR_OFPBFC_OUT_OF_BUNDLES;
    bundle = xcalloc(1, sizeof *bundle);
    bundle->id = id;
    bundle->flags = flags;
    list_push_back(&ofconn->bundles, &bundle->link);
    return 0;
}

/* ---- Adding ---- */

static const struct ofpact *
keep_ofpacts(struct bundled *item, const struct buf *ofpacts, size_t size)
{
    item->ofpacts = xmemdup(size ? ofpacts->data : "", size);
    return item->ofpacts;
}

static enum ofperr
decode_flow_mod(struct ofconn *ofconn, const struct of_header *msg, struct bundled *item)
{
    uint64_t stub[MAX_STUB_ACTIONS / 8];
    struct buf ofpacts = BUF_STUB_INITIALIZER(stub);
    struct ofp_decode_limits limits = ofconn_limits(ofconn);
    enum ofperr error = ofp_flow_mod_decode(msg, &limits, &ofpacts, &item->flow_mod);

    if (!error) {
        item->flow_mod.ofpacts = keep_ofpacts(item, &ofpacts, item->flow_mod.ofpacts_size);
        item->msg.type = OFPROTO_FLOW_MOD;
        item->msg.flow_mod = &item->flow_mod;
        item->buffer_id = item->flow_mod.buffer_id;
    }
    buf_destroy(&ofpacts);
    return error;
}

static enum ofperr
decode_group_mod(struct ofconn *ofconn, const struct of_header *msg, struct bundled *item)
{
    struct ofp_decode_limits limits = ofconn_limits(ofconn);
    enum ofperr error = ofp_group_mod_decode(msg, &limits, &item->group_mod);

    if (!error) {
        item->msg.type = OFPROTO_GROUP_MOD;
        item->msg.group_mod = &item->group_mod;
    }
    return error;
}

static enum ofperr
decode_meter_mod(const struct of_header *msg, struct bundled *item)
{
    item->msg.type = OFPROTO_METER_MOD;
    item->msg.meter_mod = &item->meter_mod;
    return ofp_meter_mod_decode(msg, &item->meter_mod);
}

static enum ofperr
decode_port_mod(const struct of_header *msg, struct bundled *item)
{
    item->msg.port_mod = &item->port_mod;
    return ofp_port_mod_decode(msg, &item->port_mod);
}

/* The packet is what the message ends with, of which the item keeps the bytes. */
static enum ofperr
decode_packet_out(struct ofconn *ofconn, const struct of_header *msg, struct bundled *item)
{
    uint64_t stub[MAX_STUB_ACTIONS / 8];
    struct buf ofpacts = BUF_STUB_INITIALIZER(stub);
    struct ofp_decode_limits limits = ofconn_limits(ofconn);
    struct ofp_packet_out *po = &item->packet_out;
    enum ofperr error = ofp_packet_out_decode(msg, &limits, &ofpacts, po);

    if (!error && po->packet && po->packet_size < OFCONN_MIN_PACKET)
        error = OFPERR_OFPBRC_BAD_PACKET;
    if (!error) {
        po->ofpacts = keep_ofpacts(item, &ofpacts, po->ofpacts_size);
        if (po->packet)
            po->packet = item->bytes + item->size - po->packet_size;
        item->msg.type = OFPROTO_PACKET_OUT;
        item->msg.packet_out = po;
        item->buffer_id = po->buffer_id;
    }
    buf_destroy(&ofpacts);
    return error;
}

static enum ofperr
decode_item(struct ofconn *ofconn, const struct of_header *msg, struct bundled *item)
{
    item->msg.type = OFPROTO_PORT_MOD; /* Until more is known: nothing of it is to be freed. */
    item->msg.xid = msg->xid;
    item->buffer_id = OFBUFFER_NONE;
    if (of_class_is(msg->object.class_id, OF_FLOW_MOD))
        return decode_flow_mod(ofconn, msg, item);
    if (of_class_is(msg->object.class_id, OF_GROUP_MOD))
        return decode_group_mod(ofconn, msg, item);
    if (msg->object.class_id == OF_METER_MOD)
        return decode_meter_mod(msg, item);
    if (msg->object.class_id == OF_PORT_MOD)
        return decode_port_mod(msg, item);
    if (msg->object.class_id == OF_PACKET_OUT)
        return decode_packet_out(ofconn, msg, item);
    return OFPERR_OFPBFC_MSG_UNSUP;
}

static void
bundle_append(struct bundle *bundle, struct bundled *item)
{
    if (bundle->n == bundle->allocated) {
        bundle->allocated = MAX(2 * bundle->allocated, 16);
        bundle->items = xrealloc(bundle->items, bundle->allocated * sizeof *bundle->items);
    }
    bundle->items[bundle->n++] = item;
}

static enum ofperr
bundle_add(struct ofconn *ofconn, const struct request *request,
           const struct of_bundle_add_msg *add)
{
    struct bundle *bundle = find_bundle(ofconn, add->bundle_id);
    struct bundled *item;
    struct of_buf bytes;
    enum ofperr error;

    if (add->message->xid != request->msg->xid)
        return OFPERR_OFPBFC_MSG_BAD_XID;
    if (!bundle) { /* Adding opens (1.4, section 7.3.9.2). */
        error = bundle_open(ofconn, add->bundle_id, add->flags);
        if (error)
            return error;
        bundle = find_bundle(ofconn, add->bundle_id);
    }
    if (bundle->is_closed)
        return OFPERR_OFPBFC_BUNDLE_CLOSED;
    if (bundle->flags != add->flags)
        return OFPERR_OFPBFC_BAD_FLAGS;
    of_buf_init(&bytes);
    of_msg_encode(add->message, &bytes);
    item = xcalloc(1, sizeof *item);
    item->bytes = bytes.data;
    item->size = bytes.size;
    error = decode_item(ofconn, add->message, item);
    if (error)
        bundled_destroy(item);
    else
        bundle_append(bundle, item);
    return error;
}

/* ---- Commit ---- */

/* Takes packets out of their buffers, all or, with an error about *failed, none. */
static enum ofperr
take_buffers(struct ofconn *ofconn, struct bundle *bundle, size_t *failed)
{
    struct pktbuf *pktbuf = ofconn->mgr->pktbuf;
    enum ofperr error = 0;

    for (size_t i = 0; i < bundle->n && !error; i++) {
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

        if (item->buffered.data)
            pktbuf_give_back(ofconn->mgr->pktbuf, item->buffer_id, item->buffered.data);
        item->buffered.data = NULL;
    }
}

/* Packets are run when all modifications are done, in their order. */
static void
run_packets(struct ofconn *ofconn, struct bundle *bundle)
{
    for (size_t i = 0; i < bundle->n; i++) {
        struct bundled *item = bundle->items[i];
        struct ofp_packet_out *po = &item->packet_out;
        enum ofperr error = 0;

        if (item->msg.type == OFPROTO_PACKET_OUT) {
            if (item->buffered.data) {
                po->packet = item->buffered.data;
                po->packet_size = item->buffered.size;
            }
            error = ofconn_run_packet(ofconn, po);
        } else if (item->buffered.data) {
            error = ofconn_run_buffered(ofconn, &item->flow_mod, &item->buffered);
        }
        if (error)
            ofconn_send_error(ofconn, error, item->bytes, item->size);
        free(item->buffered.data);
    }
}

static void
forward_requests(struct ofconn *ofconn, const struct bundle *bundle)
{
    for (size_t i = 0; i < bundle->n; i++) {
        const struct bundled *item = bundle->items[i];
        struct ofconn_forwarded f = {item->bytes, item->size, item->msg.xid, NULL, NULL};

        if (item->msg.type == OFPROTO_GROUP_MOD)
            f.group_mod = &item->group_mod;
        else if (item->msg.type == OFPROTO_METER_MOD)
            f.meter_mod = &item->meter_mod;
        if (f.group_mod || f.meter_mod)
            ofconn_forward(ofconn, &f);
    }
}

static enum ofperr
bundle_commit(struct ofconn *ofconn, struct bundle *bundle, const struct of_header *request)
{
    struct ofproto_origin origin = ofconn_origin(ofconn, request);
    struct ofproto_msg *msgs = xcalloc(bundle->n, sizeof *msgs);
    size_t failed = 0;
    enum ofperr error;

    for (size_t i = 0; i < bundle->n; i++)
        msgs[i] = bundle->items[i]->msg;
    error = take_buffers(ofconn, bundle, &failed);
    if (!error)
        error = ofproto_bundle_commit(ofconn->mgr->ofproto, msgs, bundle->n, &origin, &failed);
    if (error) {
        const struct bundled *item = bundle->items[failed];

        give_buffers_back(ofconn, bundle);
        ofconn_send_error(ofconn, error, item->bytes, item->size);
        error = OFPERR_OFPBFC_MSG_FAILED;
    } else {
        forward_requests(ofconn, bundle);
        run_packets(ofconn, bundle);
    }
    free(msgs);
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
control(struct ofconn *ofconn, const struct of_header *request,
        const struct of_bundle_ctrl_msg *ctrl)
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
        return bundle_open(ofconn, ctrl->bundle_id, ctrl->flags);
    case OFPBCT_CLOSE_REQUEST:
        if (bundle->is_closed) {
            bundle_destroy(bundle);
            return OFPERR_OFPBFC_BUNDLE_CLOSED;
        }
        bundle->is_closed = true;
        return 0;
    case OFPBCT_COMMIT_REQUEST:
        return bundle_commit(ofconn, bundle, request);
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
        error = control(ofconn, request->msg, ctrl);
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
