/* SPDX-License-Identifier: Apache-2.0 */
/* What controllers of OpenFlow 1.5 hear of each other: their roles,
 * and whether their channels are up. Short ids are not used. */
#include "ofproto/ofconn.h"

static void
describe(const struct ofconn *subject, uint8_t reason, struct of_arena *arena,
         struct of_controller_status_entry *entry)
{
    struct of_controller_status_prop_uri *uri =
        (struct of_controller_status_prop_uri *)of_object_new(arena, OF_CONTROLLER_STATUS_PROP_URI,
                                                              OFP15);
    const char *name = conn_name(subject->conn);

    if (!uri)
        abort();
    uri->uri.data = (const uint8_t *)name;
    uri->uri.size = strlen(name);
    entry->role = subject->role;
    entry->reason = reason;
    entry->channel_status =
        conn_state(subject->conn) == CONN_UP ? OFPCT_STATUS_UP : OFPCT_STATUS_DOWN;
    entry->properties.items = of_arena_alloc(arena, sizeof *entry->properties.items);
    if (!entry->properties.items)
        abort();
    entry->properties.items[0] = (struct of_controller_status_prop *)uri;
    entry->properties.n = 1;
}

static void
tell(struct ofconn *ofconn, const struct ofconn *subject, uint8_t reason)
{
    uint64_t stub[128];
    struct of_controller_status *status;
    struct of_arena arena;

    of_arena_init(&arena, stub, sizeof stub);
    status = async_new(ofconn, &arena, OF_CONTROLLER_STATUS);
    describe(subject, reason, &arena, &status->entry);
    ofconn_send_async_object(ofconn, status);
    of_arena_destroy(&arena);
}

void
ofconn_tell_status(const struct ofconn *subject, uint8_t reason)
{
    struct ofconn *ofconn;

    if (subject->kind != OFCONN_CONTROLLER)
        return;
    LIST_FOR_EACH (ofconn, link, &subject->mgr->ofconns) {
        if (ofconn != subject && ofconn->version >= OFP15 &&
            async_wants(ofconn, ASYNC_CONT_STATUS, reason))
            tell(ofconn, subject, reason);
    }
}

static enum ofperr
handle_controller_status(struct ofconn *ofconn, const struct request *request)
{
    const struct ofconn *subject;
    struct buf msgs = BUF_INITIALIZER;
    struct ofp_multipart mp;

    ofp_multipart_start(&mp, request->msg, &msgs);
    LIST_FOR_EACH (subject, link, &ofconn->mgr->ofconns) {
        struct of_controller_status_entry *entry;

        if (subject->kind != OFCONN_CONTROLLER)
            continue;
        entry = async_new(ofconn, request->arena, OF_CONTROLLER_STATUS_ENTRY);
        describe(subject, OFPCSR_REQUEST, request->arena, entry);
        multipart_add(&mp, &entry->object);
    }
    ofconn_send(ofconn, &msgs);
    return 0;
}

const struct handler handlers_controller_status[] = {
    {OF_CONTROLLER_STATUS_STATS_REQUEST, 0, handle_controller_status},
    {OF_NO_CLASS, 0, NULL},
};
