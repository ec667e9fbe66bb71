/* SPDX-License-Identifier: Apache-2.0 */
/* Requests forwarded to other controllers (OpenFlow 1.4, section 7.4.6; ONF's and Nicira's
 * extensions bring it to 1.3 and 1.0). */
#include "ofproto/ofconn.h"

/* The message of those bytes, which are in the arena; NULL: it is none. */
static struct of_header *
decode(const uint8_t *bytes, size_t size, struct of_arena *arena)
{
    struct of_header *msg = NULL;
    struct of_error error;

    return of_msg_decode(arena, bytes, size, &msg, &error) ? NULL : msg;
}

/* Commands on buckets came with 1.5: to 1.3 and 1.4 the group has become another. */
static void
encode_group_mod(const struct ofproto *ofproto, const struct ofp_group_mod *gm,
                 enum ofp_version version, uint32_t xid, struct buf *out)
{
    bool is_of_buckets = gm->command == OFPGC_INSERT_BUCKET || gm->command == OFPGC_REMOVE_BUCKET;
    const struct group *group = group_find(ofproto, gm->group_id);
    struct ofp_group_mod whole = {.command = OFPGC_MODIFY, .group_id = gm->group_id};
    struct ofp_bucket *buckets;

    if (!is_of_buckets || version == OFP10 || version >= OFP15 || !group) {
        ofp_group_mod_encode(gm, version, xid, out);
        return;
    }
    whole.type = group->type;
    whole.command_bucket_id = OFPG_BUCKET_ALL;
    buckets = group_describe(group, &whole.buckets);
    ofp_group_mod_encode(&whole, version, xid, out);
    free(buckets);
}

/* The request as the connection's version says it; NULL: it cannot. */
static struct of_header *
translate(const struct ofconn *ofconn, const struct ofconn_forwarded *f, struct of_arena *arena)
{
    struct buf encoded = BUF_INITIALIZER;
    struct of_header *msg = NULL;
    uint8_t *copy;

    if (f->bytes[0] == ofconn->version)
        return decode(f->bytes, f->size, arena);
    if (f->group_mod)
        encode_group_mod(ofconn->mgr->ofproto, f->group_mod, ofconn->version, f->xid, &encoded);
    else if (ofconn->version >= OFP13)
        ofp_meter_mod_encode(f->meter_mod, ofconn->version, f->xid, &encoded);
    if (encoded.size) {
        copy = of_arena_alloc(arena, encoded.size);
        if (!copy)
            abort();
        memcpy(copy, encoded.data, encoded.size);
        msg = decode(copy, encoded.size, arena);
    }
    buf_destroy(&encoded);
    return msg;
}

static void
send_forwarded(struct ofconn *ofconn, const struct ofconn_forwarded *f)
{
    uint64_t stub[OF_ARENA_BUF_SIZE / 8];
    /* The three have the same layout. */
    struct of_requestforward *forward;
    struct of_header *inner;
    struct of_arena arena;

    of_arena_init(&arena, stub, sizeof stub);
    inner = translate(ofconn, f, &arena);
    if (inner) {
        forward = async_new(ofconn, &arena,
                            ofconn->version == OFP10   ? OF_NICIRA_REQUESTFORWARD
                            : ofconn->version == OFP13 ? OF_ONF_REQUESTFORWARD
                                                       : OF_REQUESTFORWARD);
        forward->request = inner;
        ofconn_send_async_object(ofconn, forward);
    }
    of_arena_destroy(&arena);
}

void
ofconn_forward(const struct ofconn *from, const struct ofconn_forwarded *f)
{
    unsigned reason = f->group_mod ? OFPRFR_GROUP_MOD : OFPRFR_METER_MOD;
    struct ofconn *ofconn;

    LIST_FOR_EACH (ofconn, link, &from->mgr->ofconns) {
        if (ofconn != from && async_wants(ofconn, ASYNC_REQUESTFORWARD, reason))
            send_forwarded(ofconn, f);
    }
}
