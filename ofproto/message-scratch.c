/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/message-scratch.h"

void
scratch_init(struct scratch *s)
{
    of_arena_init(&s->arena, s->memory, sizeof s->memory);
}

void
scratch_destroy(struct scratch *s)
{
    of_arena_destroy(&s->arena);
}

void *
scratch_alloc(struct scratch *s, size_t size)
{
    void *p = of_arena_alloc(&s->arena, size);

    if (!p)
        abort();
    return p;
}

void *
scratch_new(struct scratch *s, uint16_t class_id, enum ofp_version version)
{
    struct of_object *object = of_object_new(&s->arena, class_id, (uint8_t)version);

    if (!object)
        abort();
    return object;
}

void *
scratch_msg(struct scratch *s, uint16_t class_id, enum ofp_version version, uint32_t xid)
{
    struct of_header *msg = scratch_new(s, class_id, version);

    msg->xid = xid;
    return msg;
}

/* Moves what was encoded behind what `out` has. */
static bool
take(int error, struct of_buf *encoded, struct buf *out)
{
    if (!error)
        buf_put(out, encoded->data, encoded->size);
    of_buf_destroy(encoded);
    return !error;
}

bool
scratch_encode_msg(const void *msg, struct buf *out)
{
    struct of_buf encoded = OF_BUF_INITIALIZER;

    return take(of_msg_encode(msg, &encoded), &encoded, out);
}

bool
scratch_encode_object(const void *object, struct buf *out)
{
    struct of_buf encoded = OF_BUF_INITIALIZER;

    return take(of_object_encode(object, &encoded), &encoded, out);
}

/* ---- Counters ---------------------------------------------------------------------------------*/
static void
put_oxs(struct of_stat *stat, struct scratch *s, uint16_t class_id, uint64_t value)
{
    void *oxs = scratch_new(s, class_id, OFP15);

    if (class_id == OF_OXS_FLOW_COUNT)
        ((struct of_oxs_flow_count *)oxs)->value = (uint32_t)value;
    else
        ((struct of_oxs_duration *)oxs)->value = value;
    LIST_PUSH(&stat->oxs_list, oxs);
}

void
counters_encode(const struct counters *c, enum ofp_version version, struct scratch *s,
                struct of_stat *stat)
{
    stat->object.class_id = OF_STAT;
    stat->object.version = (uint8_t)version;
    stat->oxs_list.items = scratch_alloc(s, 4 * sizeof *stat->oxs_list.items);
    if (c->duration_ns != OFP_COUNT_UNKNOWN)
        put_oxs(stat, s, OF_OXS_DURATION,
                c->duration_ns / NS_PER_S << 32 | c->duration_ns % NS_PER_S);
    if (c->n_flows != OFP_COUNT_UNKNOWN)
        put_oxs(stat, s, OF_OXS_FLOW_COUNT, c->n_flows);
    if (c->n_packets != OFP_COUNT_UNKNOWN)
        put_oxs(stat, s, OF_OXS_PACKET_COUNT, c->n_packets);
    if (c->n_bytes != OFP_COUNT_UNKNOWN)
        put_oxs(stat, s, OF_OXS_BYTE_COUNT, c->n_bytes);
}

void
counters_decode(const struct of_stat *stat, struct counters *c)
{
    *c = (struct counters){0, OFP_COUNT_UNKNOWN, OFP_COUNT_UNKNOWN, OFP_COUNT_UNKNOWN, -1};
    for (size_t i = 0; i < stat->oxs_list.n; i++) {
        const void *oxs = stat->oxs_list.items[i];
        uint64_t duration;

        switch (((const struct of_object *)oxs)->class_id) {
        case OF_OXS_DURATION:
            duration = ((const struct of_oxs_duration *)oxs)->value;
            c->duration_ns = duration_ns((uint32_t)(duration >> 32), (uint32_t)duration);
            break;
        case OF_OXS_IDLE_TIME:
            c->idle_age_s = (int64_t)(((const struct of_oxs_idle_time *)oxs)->value >> 32);
            break;
        case OF_OXS_FLOW_COUNT:
            c->n_flows = ((const struct of_oxs_flow_count *)oxs)->value;
            break;
        case OF_OXS_PACKET_COUNT:
            c->n_packets = ((const struct of_oxs_packet_count *)oxs)->value;
            break;
        case OF_OXS_BYTE_COUNT:
            c->n_bytes = ((const struct of_oxs_byte_count *)oxs)->value;
            break;
        }
    }
}

/* ---- Multipart replies ------------------------------------------------------------------------*/
#define OFP_LENGTH_OFS 2 /* Of the header's length, */
#define MULTIPART_FLAGS_OFS                                                                        \
    10 /* and the multipart header's flags (OpenFlow 1.3, section 7.3.5).                          \
        */

/* The reply's class for each request's. */
static const struct {
    uint16_t request, reply;
} multipart_classes[] = {
    {OF_DESC_STATS_REQUEST, OF_DESC_STATS_REPLY},
    {OF_FLOW_STATS_REQUEST, OF_FLOW_STATS_REPLY},
    {OF_FLOW_LIGHTWEIGHT_STATS_REQUEST, OF_FLOW_LIGHTWEIGHT_STATS_REPLY},
    {OF_NICIRA_FLOW_STATS_REQUEST, OF_NICIRA_FLOW_STATS_REPLY},
    {OF_AGGREGATE_STATS_REQUEST, OF_AGGREGATE_STATS_REPLY},
    {OF_NICIRA_AGGREGATE_STATS_REQUEST, OF_NICIRA_AGGREGATE_STATS_REPLY},
    {OF_TABLE_STATS_REQUEST, OF_TABLE_STATS_REPLY},
    {OF_TABLE_FEATURES_STATS_REQUEST, OF_TABLE_FEATURES_STATS_REPLY},
    {OF_TABLE_DESC_STATS_REQUEST, OF_TABLE_DESC_STATS_REPLY},
    {OF_PORT_STATS_REQUEST, OF_PORT_STATS_REPLY},
    {OF_PORT_DESC_STATS_REQUEST, OF_PORT_DESC_STATS_REPLY},
    {OF_QUEUE_STATS_REQUEST, OF_QUEUE_STATS_REPLY},
    {OF_QUEUE_DESC_STATS_REQUEST, OF_QUEUE_DESC_STATS_REPLY},
    {OF_GROUP_STATS_REQUEST, OF_GROUP_STATS_REPLY},
    {OF_GROUP_DESC_STATS_REQUEST, OF_GROUP_DESC_STATS_REPLY},
    {OF_GROUP_FEATURES_STATS_REQUEST, OF_GROUP_FEATURES_STATS_REPLY},
    {OF_NICIRA_GROUP_STATS_REQUEST, OF_NICIRA_GROUP_STATS_REPLY},
    {OF_NICIRA_GROUP_DESC_STATS_REQUEST, OF_NICIRA_GROUP_DESC_STATS_REPLY},
    {OF_METER_STATS_REQUEST, OF_METER_STATS_REPLY},
    {OF_METER_CONFIG_STATS_REQUEST, OF_METER_CONFIG_STATS_REPLY},
    {OF_METER_FEATURES_STATS_REQUEST, OF_METER_FEATURES_STATS_REPLY},
    {OF_FLOW_MONITOR_REQUEST, OF_FLOW_MONITOR_REPLY},
    {OF_NICIRA_FLOW_MONITOR_REQUEST, OF_NICIRA_FLOW_MONITOR_REPLY},
    {OF_ONF_FLOW_MONITOR_REQUEST, OF_ONF_FLOW_MONITOR_REPLY},
    {OF_CONTROLLER_STATUS_STATS_REQUEST, OF_CONTROLLER_STATUS_STATS_REPLY},
    {OF_BUNDLE_FEATURES_STATS_REQUEST, OF_BUNDLE_FEATURES_STATS_REPLY},
};

static uint16_t
reply_class(uint16_t request)
{
    for (size_t i = 0; i < ARRAY_SIZE(multipart_classes); i++)
        if (multipart_classes[i].request == request)
            return multipart_classes[i].reply;
    abort(); /* A caller's mistake: no such request has a list for an answer. */
}

static void
start_part(struct ofp_multipart *mp)
{
    struct scratch s;

    scratch_init(&s);
    mp->part = mp->msgs->size;
    scratch_encode_msg(scratch_msg(&s, mp->class_id, mp->version, mp->xid), mp->msgs);
    mp->head_size = mp->msgs->size - mp->part;
    scratch_destroy(&s);
}

void
multipart_start(struct ofp_multipart *mp, uint16_t class_id, enum ofp_version version, uint32_t xid,
                struct buf *msgs)
{
    *mp = (struct ofp_multipart){
        .msgs = msgs,
        .version = version,
        .class_id = class_id,
        .xid = xid,
    };
    start_part(mp);
}

void
ofp_multipart_start(struct ofp_multipart *mp, const struct of_header *request, struct buf *msgs)
{
    multipart_start(mp, reply_class(request->object.class_id), msg_version(request), request->xid,
                    msgs);
}

void
ofp_multipart_append(struct ofp_multipart *mp, const void *entry, size_t size)
{
    size_t part_size = mp->msgs->size - mp->part;
    uint8_t *head;

    if (mp->head_size + size > UINT16_MAX)
        return;
    if (part_size + size > OFP_PART_SIZE && part_size > mp->head_size) {
        head = (uint8_t *)mp->msgs->data + mp->part;
        field_write(OFPSF_REPLY_MORE, head + MULTIPART_FLAGS_OFS, 2);
        start_part(mp);
        part_size = mp->head_size;
    }
    buf_put(mp->msgs, entry, size);
    head = (uint8_t *)mp->msgs->data + mp->part;
    field_write(part_size + size, head + OFP_LENGTH_OFS, 2);
}

void
scratch_append(const void *entry, struct ofp_multipart *mp)
{
    struct buf bytes = BUF_INITIALIZER;

    if (scratch_encode_object(entry, &bytes))
        ofp_multipart_append(mp, bytes.data, bytes.size);
    buf_destroy(&bytes);
}
