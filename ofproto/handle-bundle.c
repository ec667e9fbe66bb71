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
        struct ofp_port_mod port_mod;
    };
    uint8_t *bytes; /* For the error that it may get at the commit. */
    size_t size;
    void *ofpacts;
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

static enum ofperr
decode_flow_mod(struct ofconn *ofconn, const struct of_header *msg, struct bundled *item)
{
    uint64_t stub[MAX_STUB_ACTIONS / 8];
    struct buf ofpacts = BUF_STUB_INITIALIZER(stub);
    struct ofp_decode_limits limits = ofconn_limits(ofconn);
    enum ofperr error = ofp_flow_mod_decode(msg, &limits, &ofpacts, &item->flow_mod);

    if (!error) {
        item->ofpacts =
            xmemdup(item->flow_mod.ofpacts_size ? ofpacts.data : "", item->flow_mod.ofpacts_size);
        item->flow_mod.ofpacts = item->ofpacts;
        item->msg.type = OFPROTO_FLOW_MOD;
        item->msg.flow_mod = &item->flow_mod;
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
decode_port_mod(const struct of_header *msg, struct bundled *item)
{
    enum ofperr error = ofp_port_mod_decode(msg, &item->port_mod);

    item->msg.port_mod = &item->port_mod;
    return error;
}

static enum ofperr
decode_item(struct ofconn *ofconn, const struct of_header *msg, struct bundled *item)
{
    item->msg.type = OFPROTO_PORT_MOD;
    item->msg.xid = msg->xid;
    if (of_class_is(msg->object.class_id, OF_FLOW_MOD))
        return decode_flow_mod(ofconn, msg, item);
    if (of_class_is(msg->object.class_id, OF_GROUP_MOD))
        return decode_group_mod(ofconn, msg, item);
    if (msg->object.class_id == OF_PORT_MOD)
        return decode_port_mod(msg, item);
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
bundle_add(struct ofconn *ofconn, const struct request *request, uint32_t id, uint16_t flags,
           const struct of_header *msg)
{
    struct bundle *bundle = find_bundle(ofconn, id);
    struct bundled *item;
    struct of_buf bytes;
    enum ofperr error;

    if (msg->xid != request->msg->xid)
        return OFPERR_OFPBFC_MSG_BAD_XID;
    if (!bundle) { /* Adding opens (1.4, section 7.3.9.2). */
        error = bundle_open(ofconn, id, flags);
        if (error)
            return error;
        bundle = find_bundle(ofconn, id);
    }
    if (bundle->is_closed)
        return OFPERR_OFPBFC_BUNDLE_CLOSED;
    if (bundle->flags != flags)
        return OFPERR_OFPBFC_BAD_FLAGS;
    item = xcalloc(1, sizeof *item);
    error = decode_item(ofconn, msg, item);
    if (error) {
        if (item->msg.type == OFPROTO_GROUP_MOD)
            item->msg.type = OFPROTO_PORT_MOD;
        bundled_destroy(item);
        return error;
    }
    of_buf_init(&bytes);
    of_msg_encode(msg, &bytes);
    item->bytes = bytes.data;
    item->size = bytes.size;
    bundle_append(bundle, item);
    return 0;
}

/* ---- Control ---- */

static enum ofperr
bundle_commit(struct ofconn *ofconn, struct bundle *bundle, const struct of_header *request)
{
    struct ofproto_origin origin = ofconn_origin(ofconn, request);
    struct ofproto_msg *msgs = xcalloc(bundle->n, sizeof *msgs);
    size_t failed = 0;
    enum ofperr error;

    for (size_t i = 0; i < bundle->n; i++)
        msgs[i] = bundle->items[i]->msg;
    error = ofproto_bundle_commit(ofconn->mgr->ofproto, msgs, bundle->n, &origin, &failed);
    if (error) {
        const struct bundled *item = bundle->items[failed];

        ofconn_send_error(ofconn, error, item->bytes, item->size);
        error = OFPERR_OFPBFC_MSG_FAILED;
    }
    free(msgs);
    bundle_destroy(bundle);
    return error;
}

/* Flags must stay as they were opened; a request about no bundle names an unknown id. */
static enum ofperr
check_bundle(const struct bundle *bundle, uint16_t flags)
{
    if (!bundle)
        return OFPERR_OFPBFC_BAD_ID;
    return bundle->flags == flags ? 0 : OFPERR_OFPBFC_BAD_FLAGS;
}

static enum ofperr
control(struct ofconn *ofconn, const struct of_header *request, uint32_t id, uint16_t type,
        uint16_t flags)
{
    struct bundle *bundle = find_bundle(ofconn, id);
    enum ofperr error = type == OFPBCT_OPEN_REQUEST ? 0 : check_bundle(bundle, flags);

    if (error) {
        if (bundle)
            bundle_destroy(bundle);
        return error;
    }
    switch (type) {
    case OFPBCT_OPEN_REQUEST:
        if (bundle) {
            bundle_destroy(bundle);
            return OFPERR_OFPBFC_BUNDLE_EXIST;
        }
        return bundle_open(ofconn, id, flags);
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

static enum ofperr
handle_ctrl(struct ofconn *ofconn, const struct request *request)
{
    const struct of_bundle_ctrl_msg *ctrl = (const struct of_bundle_ctrl_msg *)request->msg;
    struct of_bundle_ctrl_msg *reply;
    enum ofperr error =
        control(ofconn, request->msg, ctrl->bundle_id, ctrl->bundle_ctrl_type, ctrl->flags);

    if (error)
        return error;
    reply = reply_new(request, OF_BUNDLE_CTRL_MSG);
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

    return bundle_add(ofconn, request, add->bundle_id, add->flags, add->message);
}

static enum ofperr
handle_onf_ctrl(struct ofconn *ofconn, const struct request *request)
{
    const struct of_onf_bundle_ctrl_msg *ctrl = (const struct of_onf_bundle_ctrl_msg *)request->msg;
    struct of_onf_bundle_ctrl_msg *reply;
    enum ofperr error =
        control(ofconn, request->msg, ctrl->bundle_id, ctrl->bundle_ctrl_type, ctrl->flags);

    if (error)
        return error;
    reply = reply_new(request, OF_ONF_BUNDLE_CTRL_MSG);
    reply->bundle_id = ctrl->bundle_id;
    reply->bundle_ctrl_type = ctrl->bundle_ctrl_type + 1;
    reply->flags = ctrl->flags;
    ofconn_send_object(ofconn, reply);
    return 0;
}

static enum ofperr
handle_onf_add(struct ofconn *ofconn, const struct request *request)
{
    const struct of_onf_bundle_add_msg *add = (const struct of_onf_bundle_add_msg *)request->msg;

    return bundle_add(ofconn, request, add->bundle_id, add->flags, add->message);
}

const struct handler handlers_bundle[] = {
    {OF_BUNDLE_CTRL_MSG, HANDLER_WRITES, handle_ctrl},
    {OF_BUNDLE_ADD_MSG, HANDLER_WRITES, handle_add},
    {OF_ONF_BUNDLE_CTRL_MSG, HANDLER_WRITES, handle_onf_ctrl},
    {OF_ONF_BUNDLE_ADD_MSG, HANDLER_WRITES, handle_onf_add},
    {OF_NO_CLASS, 0, NULL},
};
