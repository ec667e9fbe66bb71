/* SPDX-License-Identifier: Apache-2.0 */
/* Flow and aggregate statistics. */
#include "ofproto/message-scratch.h"

/* ---- Requests ---------------------------------------------------------------------------------*/
/* The requests of one version have the same members in the same places. */
static enum ofperr
decode_standard(const struct of_flow_stats_request *of, struct ofp_flow_stats_request *r)
{
    enum ofp_version version = (enum ofp_version)of->object.version;

    r->table_id = of->table_id;
    r->out_port = of->out_port;
    if (version > OFP10) {
        r->out_group = of->out_group;
        r->cookie = of->cookie & of->cookie_mask;
        r->cookie_mask = of->cookie_mask;
    }
    return match_decode(&of->match, version, &r->match);
}

static enum ofperr
decode_nicira(const struct of_nicira_flow_stats_request *of, struct ofp_flow_stats_request *r)
{
    r->nxm = true;
    r->table_id = of->table_id;
    r->out_port = ofport_from_v10(of->out_port);
    return match_decode_oxm(&of->match, false, &r->match, &r->cookie, &r->cookie_mask);
}

static enum ofperr
decode_lightweight(const struct of_flow_lightweight_stats_request *of,
                   struct ofp_flow_stats_request *r)
{
    r->lengthy = false;
    r->table_id = of->table_id;
    r->out_port = of->out_port;
    r->out_group = of->out_group;
    r->cookie = of->cookie & of->cookie_mask;
    r->cookie_mask = of->cookie_mask;
    return match_decode(&of->match, OFP15, &r->match);
}

enum ofperr
ofp_flow_stats_request_decode(const struct of_header *msg, struct ofp_flow_stats_request *r)
{
    memset(r, 0, sizeof *r);
    r->out_group = OFGROUP_ANY;
    r->lengthy = true;
    switch (msg->object.class_id) {
    case OF_AGGREGATE_STATS_REQUEST:
        r->aggregate = true;
        return decode_standard((const void *)msg, r);
    case OF_NICIRA_AGGREGATE_STATS_REQUEST:
        r->aggregate = true;
        return decode_nicira((const void *)msg, r);
    case OF_NICIRA_FLOW_STATS_REQUEST:
        return decode_nicira((const void *)msg, r);
    case OF_FLOW_LIGHTWEIGHT_STATS_REQUEST:
        return decode_lightweight((const void *)msg, r);
    default:
        return decode_standard((const void *)msg, r);
    }
}

static void
encode_standard(const struct ofp_flow_stats_request *r, enum ofp_version version, struct scratch *s,
                struct of_flow_stats_request *of)
{
    of->table_id = r->table_id;
    of->out_port = r->out_port;
    of->out_group = r->out_group;
    of->cookie = r->cookie;
    of->cookie_mask = r->cookie_mask;
    match_encode(&r->match, version, &s->arena, &of->match);
}

static void
encode_lightweight(const struct ofp_flow_stats_request *r, struct scratch *s,
                   struct of_flow_lightweight_stats_request *of)
{
    of->table_id = r->table_id;
    of->out_port = r->out_port;
    of->out_group = r->out_group;
    of->cookie = r->cookie;
    of->cookie_mask = r->cookie_mask;
    match_encode(&r->match, OFP15, &s->arena, &of->match);
}

static void
encode_nicira(const struct ofp_flow_stats_request *r, struct scratch *s,
              struct of_nicira_flow_stats_request *of)
{
    struct of_oxm_nxm_nx_cookie_masked *cookie;
    struct of_oxm **items;
    uint16_t out_port;

    ofport_to_v10(r->out_port, &out_port);
    of->table_id = r->table_id;
    of->out_port = out_port;
    match_encode_oxm(&r->match, OFP10, &s->arena, &of->match);
    if (!r->cookie_mask)
        return;
    cookie = scratch_new(s, OF_OXM_NXM_NX_COOKIE_MASKED, OFP10);
    cookie->value = r->cookie & r->cookie_mask;
    cookie->value_mask = r->cookie_mask;
    items = scratch_alloc(s, (of->match.n + 1) * sizeof *items);
    memcpy(items, of->match.items, of->match.n * sizeof *items);
    items[of->match.n++] = (struct of_oxm *)(void *)cookie;
    of->match.items = items;
}

void
ofp_flow_stats_request_encode(const struct ofp_flow_stats_request *r, enum ofp_version version,
                              uint32_t xid, struct buf *msg)
{
    struct scratch s;
    void *of;

    scratch_init(&s);
    if (version == OFP10 && r->nxm) {
        of = scratch_msg(
            &s, r->aggregate ? OF_NICIRA_AGGREGATE_STATS_REQUEST : OF_NICIRA_FLOW_STATS_REQUEST,
            version, xid);
        encode_nicira(r, &s, of);
    } else if (version >= OFP15 && !r->aggregate && !r->lengthy) {
        of = scratch_msg(&s, OF_FLOW_LIGHTWEIGHT_STATS_REQUEST, version, xid);
        encode_lightweight(r, &s, of);
    } else {
        of = scratch_msg(&s, r->aggregate ? OF_AGGREGATE_STATS_REQUEST : OF_FLOW_STATS_REQUEST,
                         version, xid);
        encode_standard(r, version, &s, of);
    }
    scratch_encode_msg(of, msg);
    scratch_destroy(&s);
}

/* ---- Flow statistics: encode ------------------------------------------------------------------*/
/* Nicira's ages are one more than the seconds, 0 for unknown. */
static uint16_t
age_plus_one(int64_t age_s)
{
    return age_s < 0 ? 0 : (uint16_t)MIN(age_s + 1, UINT16_MAX);
}

static void
append_nicira(const struct ofp_flow_stats *fs, struct scratch *s, struct ofp_multipart *mp)
{
    struct of_nicira_flow_stats_entry *of = scratch_new(s, OF_NICIRA_FLOW_STATS_ENTRY, mp->version);

    of->table_id = fs->table_id;
    of->duration_sec = (uint32_t)(fs->duration_ns / NS_PER_S);
    of->duration_nsec = (uint32_t)(fs->duration_ns % NS_PER_S);
    of->priority = fs->priority;
    of->idle_timeout = fs->idle_timeout;
    of->hard_timeout = fs->hard_timeout;
    of->idle_age_plus_one = age_plus_one(fs->idle_age_s);
    of->hard_age_plus_one = age_plus_one(fs->hard_age_s);
    of->cookie = fs->cookie;
    of->packet_count = fs->n_packets;
    of->byte_count = fs->n_bytes;
    match_encode_oxm(&fs->match, OFP10, &s->arena, &of->match);
    ofpacts_encode_actions(fs->ofpacts, fs->ofpacts_size, &fs->match, OFP10, &s->arena,
                           &of->actions);
    scratch_append(of, mp);
}

static void
append_lightweight(const struct ofp_flow_stats *fs, struct scratch *s, struct ofp_multipart *mp)
{
    struct of_flow_lightweight_stats_entry *of =
        scratch_new(s, OF_FLOW_LIGHTWEIGHT_STATS_ENTRY, mp->version);
    struct counters counters = {fs->duration_ns, fs->n_packets, fs->n_bytes, OFP_COUNT_UNKNOWN, -1};

    of->table_id = fs->table_id;
    of->reason = fs->reason;
    of->priority = fs->priority;
    match_encode(&fs->match, mp->version, &s->arena, &of->match);
    counters_encode(&counters, mp->version, s, &of->stats);
    scratch_append(of, mp);
}

static void
append_standard(const struct ofp_flow_stats *fs, struct scratch *s, struct ofp_multipart *mp)
{
    struct of_flow_stats_entry *of = scratch_new(s, OF_FLOW_STATS_ENTRY, mp->version);
    struct counters counters = {fs->duration_ns, fs->n_packets, fs->n_bytes, OFP_COUNT_UNKNOWN, -1};

    of->table_id = fs->table_id;
    of->priority = fs->priority;
    of->idle_timeout = fs->idle_timeout;
    of->hard_timeout = fs->hard_timeout;
    of->flags = fs->flags;
    of->importance = fs->importance;
    of->cookie = fs->cookie;
    of->duration_sec = (uint32_t)(fs->duration_ns / NS_PER_S);
    of->duration_nsec = (uint32_t)(fs->duration_ns % NS_PER_S);
    of->packet_count = fs->n_packets;
    of->byte_count = fs->n_bytes;
    match_encode(&fs->match, mp->version, &s->arena, &of->match);
    if (mp->version >= OFP15)
        counters_encode(&counters, mp->version, s, &of->stats);
    if (mp->version > OFP10)
        ofpacts_encode_instructions(fs->ofpacts, fs->ofpacts_size, &fs->match, mp->version, false,
                                    &s->arena, &of->instructions);
    else
        ofpacts_encode_actions(fs->ofpacts, fs->ofpacts_size, &fs->match, mp->version, &s->arena,
                               &of->actions);
    scratch_append(of, mp);
}

void
ofp_flow_stats_append(const struct ofp_flow_stats *fs, const struct ofp_flow_stats_request *r,
                      struct ofp_multipart *mp)
{
    struct scratch s;

    (void)r;
    scratch_init(&s);
    switch (mp->class_id) {
    case OF_NICIRA_FLOW_STATS_REPLY:
        append_nicira(fs, &s, mp);
        break;
    case OF_FLOW_LIGHTWEIGHT_STATS_REPLY:
        append_lightweight(fs, &s, mp);
        break;
    default:
        append_standard(fs, &s, mp);
        break;
    }
    scratch_destroy(&s);
}

#define SMALL_ACTIONS 8192 /* On the wire they are four times as long at most. */

bool
ofp_flow_fits(const struct match *match, const struct ofpact *ofpacts, size_t ofpacts_size)
{
    const struct ofp_flow_stats fs = {
        .match = *match, .ofpacts = ofpacts, .ofpacts_size = ofpacts_size};
    struct buf msgs = BUF_INITIALIZER;
    struct ofp_multipart mp;
    bool fits;

    if (ofpacts_size <= SMALL_ACTIONS)
        return true;
    multipart_start(&mp, OF_FLOW_STATS_REPLY, OFP15, 0, &msgs);
    ofp_flow_stats_append(&fs, NULL, &mp);
    fits = msgs.size > mp.head_size;
    buf_destroy(&msgs);
    return fits;
}

/* An aggregate is no list: the reply is made anew with it. */
void
ofp_aggregate_stats_append(const struct ofp_aggregate_stats *as,
                           const struct ofp_flow_stats_request *r, struct ofp_multipart *mp)
{
    struct counters counters = {OFP_COUNT_UNKNOWN, as->n_packets, as->n_bytes, as->n_flows, -1};
    struct of_nicira_aggregate_stats_reply *nicira;
    struct of_aggregate_stats_reply *of;
    struct scratch s;

    (void)r;
    scratch_init(&s);
    mp->msgs->size = mp->part;
    if (mp->class_id == OF_NICIRA_AGGREGATE_STATS_REPLY) {
        nicira = scratch_msg(&s, mp->class_id, mp->version, mp->xid);
        nicira->packet_count = as->n_packets;
        nicira->byte_count = as->n_bytes;
        nicira->flow_count = as->n_flows;
        scratch_encode_msg(nicira, mp->msgs);
    } else {
        of = scratch_msg(&s, mp->class_id, mp->version, mp->xid);
        of->packet_count = as->n_packets;
        of->byte_count = as->n_bytes;
        of->flow_count = as->n_flows;
        if (mp->version >= OFP15)
            counters_encode(&counters, mp->version, &s, &of->stats);
        scratch_encode_msg(of, mp->msgs);
    }
    scratch_destroy(&s);
}

/* ---- Flow statistics: decode ------------------------------------------------------------------*/
static enum ofperr
decode_entry_standard(const struct of_flow_stats_entry *of, enum ofp_version version,
                      struct buf *ofpacts, struct ofp_flow_stats *fs)
{
    struct counters counters;
    enum ofperr error;

    fs->table_id = of->table_id;
    fs->priority = of->priority;
    fs->idle_timeout = of->idle_timeout;
    fs->hard_timeout = of->hard_timeout;
    fs->flags = of->flags;
    fs->importance = of->importance;
    fs->cookie = of->cookie;
    fs->duration_ns = duration_ns(of->duration_sec, of->duration_nsec);
    fs->n_packets = of->packet_count;
    fs->n_bytes = of->byte_count;
    if (version >= OFP15) {
        counters_decode(&of->stats, &counters);
        fs->duration_ns = counters.duration_ns;
        fs->n_packets = counters.n_packets;
        fs->n_bytes = counters.n_bytes;
        fs->idle_age_s = counters.idle_age_s;
    }
    error = match_decode(&of->match, version, &fs->match);
    if (error)
        return error;
    if (version > OFP10)
        return ofpacts_decode_instructions(&of->instructions, version, ofpacts);
    return ofpacts_decode_actions(&of->actions, version, ofpacts);
}

static enum ofperr
decode_entry_nicira(const struct of_nicira_flow_stats_entry *of, struct buf *ofpacts,
                    struct ofp_flow_stats *fs)
{
    enum ofperr error;

    fs->table_id = of->table_id;
    fs->priority = of->priority;
    fs->idle_timeout = of->idle_timeout;
    fs->hard_timeout = of->hard_timeout;
    fs->cookie = of->cookie;
    fs->duration_ns = duration_ns(of->duration_sec, of->duration_nsec);
    fs->n_packets = of->packet_count;
    fs->n_bytes = of->byte_count;
    fs->idle_age_s = (int64_t)of->idle_age_plus_one - 1;
    fs->hard_age_s = (int64_t)of->hard_age_plus_one - 1;
    error = match_decode_oxm(&of->match, false, &fs->match, NULL, NULL);
    return error ? error : ofpacts_decode_actions(&of->actions, OFP10, ofpacts);
}

static enum ofperr
decode_entry_lightweight(const struct of_flow_lightweight_stats_entry *of,
                         struct ofp_flow_stats *fs)
{
    struct counters counters;

    fs->table_id = of->table_id;
    fs->reason = of->reason;
    fs->priority = of->priority;
    counters_decode(&of->stats, &counters);
    fs->duration_ns = counters.duration_ns;
    fs->n_packets = counters.n_packets;
    fs->n_bytes = counters.n_bytes;
    fs->idle_age_s = counters.idle_age_s;
    return match_decode(&of->match, OFP15, &fs->match);
}

static enum ofperr
decode_entry(const struct of_object *entry, enum ofp_version version, struct buf *ofpacts,
             struct ofp_flow_stats *fs)
{
    memset(fs, 0, sizeof *fs);
    fs->idle_age_s = fs->hard_age_s = -1;
    switch (entry->class_id) {
    case OF_NICIRA_FLOW_STATS_ENTRY:
        return decode_entry_nicira((const void *)entry, ofpacts, fs);
    case OF_FLOW_LIGHTWEIGHT_STATS_ENTRY:
        return decode_entry_lightweight((const void *)entry, fs);
    default:
        return decode_entry_standard((const void *)entry, version, ofpacts, fs);
    }
}

enum ofperr
ofp_flow_stats_decode(const struct of_header *reply,
                      void (*cb)(const struct ofp_flow_stats *, void *aux), void *aux)
{
    /* The three replies have their list in the same place. */
    const struct of_flow_stats_reply *of = (const void *)reply;
    uint64_t stub[512];
    struct buf ofpacts = BUF_STUB_INITIALIZER(stub);
    enum ofperr error = OFPERR_OK;

    for (size_t i = 0; i < of->entries.n && !error; i++) {
        struct ofp_flow_stats fs;

        buf_clear(&ofpacts);
        error = decode_entry(&of->entries.items[i]->object, msg_version(reply), &ofpacts, &fs);
        fs.ofpacts = (const void *)ofpacts.data;
        fs.ofpacts_size = ofpacts.size;
        if (!error)
            cb(&fs, aux);
    }
    buf_destroy(&ofpacts);
    return error;
}

enum ofperr
ofp_aggregate_stats_decode(const struct of_header *reply, struct ofp_aggregate_stats *as)
{
    const struct of_nicira_aggregate_stats_reply *nicira = (const void *)reply;
    const struct of_aggregate_stats_reply *of = (const void *)reply;
    struct counters counters;

    if (reply->object.class_id == OF_NICIRA_AGGREGATE_STATS_REPLY) {
        *as = (struct ofp_aggregate_stats){nicira->packet_count, nicira->byte_count,
                                           nicira->flow_count};
        return OFPERR_OK;
    }
    *as = (struct ofp_aggregate_stats){of->packet_count, of->byte_count, of->flow_count};
    if (msg_version(reply) >= OFP15) {
        counters_decode(&of->stats, &counters);
        *as = (struct ofp_aggregate_stats){counters.n_packets, counters.n_bytes,
                                           (uint32_t)counters.n_flows};
    }
    return OFPERR_OK;
}
