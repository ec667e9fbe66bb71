/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of flows, ports, groups and meters, and descriptions. Tables: handle-tables.c. */
#include <stdio.h>

#include "lib/tally.h"
#include "ofproto/ofconn.h"

static uint64_t
ms_to_ns(int64_t ms)
{
    return (uint64_t)MAX(ms, 0) * 1000000;
}

/* Starts a reply in parts; the messages come to stand in `msgs`. */
static void
start(struct ofp_multipart *mp, const struct request *request, struct buf *msgs)
{
    buf_init(msgs);
    ofp_multipart_start(mp, request->msg, msgs);
}

/* ---- The switch ---- */

static enum ofperr
handle_desc(struct ofconn *ofconn, const struct request *request)
{
    const struct connmgr_options *options = &ofconn->mgr->options;
    struct of_desc_stats_reply *reply = reply_new(request, OF_DESC_STATS_REPLY);

    snprintf(reply->mfr_desc, sizeof reply->mfr_desc, "%s", options->mfr_desc);
    snprintf(reply->hw_desc, sizeof reply->hw_desc, "%s", options->hw_desc);
    snprintf(reply->sw_desc, sizeof reply->sw_desc, "%s", options->sw_desc);
    snprintf(reply->serial_num, sizeof reply->serial_num, "%s", options->serial_num);
    snprintf(reply->dp_desc, sizeof reply->dp_desc, "%s", ofconn->mgr->ofproto->name);
    ofconn_send_object(ofconn, reply);
    return 0;
}

/* ---- Flows ---- */

static void
append_flow(const struct rule *rule, const struct ofp_flow_stats_request *fsr, int64_t now_ms,
            struct ofp_multipart *mp)
{
    struct ofp_flow_stats fs = {
        .cookie = rule->cookie,
        .table_id = rule->table_id,
        .priority = rule_priority(rule),
        .idle_timeout = rule->idle_timeout_s,
        .hard_timeout = rule->hard_timeout_s,
        .importance = rule->importance,
        .flags = rule->flags,
        .duration_ns = ms_to_ns(now_ms - rule->created_ms),
        .hard_age_s = (now_ms - rule->modified_ms) / 1000,
        .ofpacts = rule->ofpacts,
        .ofpacts_size = rule->ofpacts_size,
    };
    struct rule_stats stats;

    rule_get_stats(rule, &stats);
    fs.n_packets = stats.n_packets;
    fs.n_bytes = stats.n_bytes;
    fs.idle_age_s = (now_ms - stats.used_ms) / 1000;
    cls_rule_expand(&rule->cls, &fs.match.flow, &fs.match.mask);
    ofp_flow_stats_append(&fs, fsr, mp);
}

static struct ofproto_flow_filter
filter_of(const struct ofp_flow_stats_request *fsr)
{
    return (struct ofproto_flow_filter){
        .match = &fsr->match,
        .table_id = fsr->table_id,
        .out_port = fsr->out_port,
        .out_group = fsr->out_group,
        .cookie = fsr->cookie,
        .cookie_mask = fsr->cookie_mask,
    };
}

static enum ofperr
reply_flows(struct ofconn *ofconn, const struct request *request,
            const struct ofp_flow_stats_request *fsr)
{
    struct ofproto_flow_filter filter = filter_of(fsr);
    int64_t now_ms = time_now_ms();
    struct ofproto_rules rules;
    struct ofp_multipart mp;
    struct buf msgs;
    enum ofperr error = ofproto_collect(ofconn->mgr->ofproto, &filter, &rules);

    if (error)
        return error;
    start(&mp, request, &msgs);
    pthread_rwlock_rdlock(&ofproto_lock);
    for (size_t i = 0; i < rules.n; i++)
        append_flow(rules.rules[i], fsr, now_ms, &mp);
    pthread_rwlock_unlock(&ofproto_lock);
    ofproto_rules_free(&rules);
    ofconn_send(ofconn, &msgs);
    return 0;
}

static enum ofperr
reply_aggregate(struct ofconn *ofconn, const struct request *request,
                const struct ofp_flow_stats_request *fsr)
{
    struct ofproto_flow_filter filter = filter_of(fsr);
    struct ofproto_aggregate sum;
    struct ofp_aggregate_stats stats;
    struct ofp_multipart mp;
    struct buf msgs;
    enum ofperr error = ofproto_aggregate(ofconn->mgr->ofproto, &filter, &sum);

    if (error)
        return error;
    stats = (struct ofp_aggregate_stats){
        .n_packets = sum.n_packets, .n_bytes = sum.n_bytes, .n_flows = sum.n_flows};
    start(&mp, request, &msgs);
    ofp_aggregate_stats_append(&stats, fsr, &mp);
    ofconn_send(ofconn, &msgs);
    return 0;
}

static enum ofperr
handle_flow_stats(struct ofconn *ofconn, const struct request *request)
{
    struct ofp_flow_stats_request fsr;
    enum ofperr error = ofp_flow_stats_request_decode(request->msg, &fsr);

    if (error)
        return error;
    return fsr.aggregate ? reply_aggregate(ofconn, request, &fsr)
                         : reply_flows(ofconn, request, &fsr);
}

/* ---- Ports ---- */

static enum ofperr
handle_port_desc(struct ofconn *ofconn, const struct request *request)
{
    const struct of_port_desc_stats_request *pdr =
        (const struct of_port_desc_stats_request *)request->msg;
    bool all = ofconn->version < OFP15 || pdr->port_no == OFPORT_ANY;
    struct ofp_multipart mp;
    struct buf msgs;
    struct ofport *port;

    start(&mp, request, &msgs);
    HMAP_FOR_EACH (port, by_number, &ofconn->mgr->ofproto->ports) {
        struct ofp_port desc;

        if (!all && port->port_no != pdr->port_no)
            continue;
        ofport_describe(port, &desc);
        ofp_port_desc_append(&desc, &mp);
    }
    ofconn_send(ofconn, &msgs);
    return 0;
}

static void
set_ethernet(struct of_port_stats_prop_ethernet *prop, const struct ofport_stats *stats)
{
    prop->rx_frame_err = stats->rx_frame_err;
    prop->rx_over_err = stats->rx_over_err;
    prop->rx_crc_err = stats->rx_crc_err;
    prop->collisions = stats->collisions;
}

static void
append_port(struct ofconn *ofconn, const struct ofport *port, struct of_arena *arena,
            struct ofp_multipart *mp)
{
    struct of_port_stats_entry *entry = async_new(ofconn, arena, OF_PORT_STATS_ENTRY);
    uint64_t age_ms = (uint64_t)MAX(time_now_ms() - port->created_ms, 0);
    struct ofport_stats stats;

    if (ofproto_port_stats(ofconn->mgr->ofproto, port->port_no, &stats))
        memset(&stats, 0xff, sizeof stats);
    entry->port_no = port->port_no;
    entry->rx_packets = stats.rx_packets;
    entry->tx_packets = stats.tx_packets;
    entry->rx_bytes = stats.rx_bytes;
    entry->tx_bytes = stats.tx_bytes;
    entry->rx_dropped = stats.rx_dropped;
    entry->tx_dropped = stats.tx_dropped;
    entry->rx_errors = stats.rx_errors;
    entry->tx_errors = stats.tx_errors;
    entry->rx_frame_err = stats.rx_frame_err;
    entry->rx_over_err = stats.rx_over_err;
    entry->rx_crc_err = stats.rx_crc_err;
    entry->collisions = stats.collisions;
    entry->duration_sec = (uint32_t)(age_ms / 1000);
    entry->duration_nsec = (uint32_t)(age_ms % 1000 * 1000000);
    if (ofconn->version >= OFP14) {
        struct of_port_stats_prop_ethernet *prop =
            async_new(ofconn, arena, OF_PORT_STATS_PROP_ETHERNET);

        set_ethernet(prop, &stats);
        entry->properties.n = 1;
        entry->properties.items = of_arena_alloc(arena, sizeof *entry->properties.items);
        entry->properties.items[0] = (struct of_port_stats_prop *)prop;
    }
    multipart_add(mp, (const struct of_object *)entry);
}

static enum ofperr
handle_port_stats(struct ofconn *ofconn, const struct request *request)
{
    const struct of_port_stats_request *psr = (const struct of_port_stats_request *)request->msg;
    struct ofport *port = ofproto_port(ofconn->mgr->ofproto, psr->port_no);
    struct ofp_multipart mp;
    struct buf msgs;

    if (psr->port_no != OFPORT_ANY && !port)
        return OFPERR_OFPBRC_BAD_PORT;
    start(&mp, request, &msgs);
    if (port) {
        append_port(ofconn, port, request->arena, &mp);
    } else {
        HMAP_FOR_EACH (port, by_number, &ofconn->mgr->ofproto->ports)
            append_port(ofconn, port, request->arena, &mp);
    }
    ofconn_send(ofconn, &msgs);
    return 0;
}

/* ---- Queues: a port has its default queue, which nobody configures. ---- */

static enum ofperr
check_queue(struct ofconn *ofconn, uint32_t port_no, uint32_t queue_id)
{
    uint32_t any = ofconn->version == OFP10 ? OFPORT_ALL : OFPORT_ANY;

    if (port_no != any && !ofproto_port(ofconn->mgr->ofproto, port_no))
        return OFPERR_OFPQOFC_BAD_PORT;
    return queue_id == OFQUEUE_ALL ? 0 : OFPERR_OFPQOFC_BAD_QUEUE;
}

static enum ofperr
send_empty(struct ofconn *ofconn, const struct request *request)
{
    struct ofp_multipart mp;
    struct buf msgs;

    start(&mp, request, &msgs);
    ofconn_send(ofconn, &msgs);
    return 0;
}

static enum ofperr
handle_queue_stats(struct ofconn *ofconn, const struct request *request)
{
    const struct of_queue_stats_request *qsr = (const struct of_queue_stats_request *)request->msg;
    enum ofperr error = check_queue(ofconn, qsr->port_no, qsr->queue_id);

    return error ? error : send_empty(ofconn, request);
}

static enum ofperr
handle_queue_desc(struct ofconn *ofconn, const struct request *request)
{
    const struct of_queue_desc_stats_request *qdr =
        (const struct of_queue_desc_stats_request *)request->msg;
    enum ofperr error = check_queue(ofconn, qdr->port_no, qdr->queue_id);

    return error ? error : send_empty(ofconn, request);
}

static enum ofperr
handle_queue_get_config(struct ofconn *ofconn, const struct request *request)
{
    const struct of_queue_get_config_request *qgc =
        (const struct of_queue_get_config_request *)request->msg;
    struct of_queue_get_config_reply *reply;
    enum ofperr error = check_queue(ofconn, qgc->port, OFQUEUE_ALL);

    if (error)
        return error;
    reply = reply_new(request, OF_QUEUE_GET_CONFIG_REPLY);
    reply->port = qgc->port;
    ofconn_send_object(ofconn, reply);
    return 0;
}

/* ---- Groups ---- */

static void
append_group_desc(const struct group *group, struct ofp_multipart *mp)
{
    struct ofp_group_desc desc = {.type = group->type, .group_id = group->id};
    struct ofp_bucket *buckets = group_describe(group, &desc.buckets);

    if (group->props)
        desc.props = *group->props;
    ofp_group_desc_append(&desc, mp);
    free(buckets);
}

static void
append_group_stats(const struct ofproto *ofproto, const struct group *group,
                   struct ofp_multipart *mp)
{
    struct ofp_bucket_counter *counters = xcalloc(group->n_buckets, sizeof *counters);
    struct ofp_group_stats stats = {
        .group_id = group->id,
        .ref_count = group_ref_count(ofproto, group),
        .n_packets = tally_at(group->tally)->n_packets,
        .n_bytes = tally_at(group->tally)->n_bytes,
        .duration_ns = ms_to_ns(time_now_ms() - group->created_ms),
        .n_buckets = (uint32_t)group->n_buckets,
        .buckets = counters,
    };

    for (size_t i = 0; i < group->n_buckets; i++) {
        counters[i].n_packets = tally_at(group->buckets[i]->tally)->n_packets;
        counters[i].n_bytes = tally_at(group->buckets[i]->tally)->n_bytes;
    }
    ofp_group_stats_append(&stats, mp);
    free(counters);
}

static enum ofperr
handle_group_stats(struct ofconn *ofconn, const struct request *request)
{
    const struct of_group_stats_request *gsr = (const struct of_group_stats_request *)request->msg;
    const struct ofproto *ofproto = ofconn->mgr->ofproto;
    struct ofp_multipart mp;
    struct buf msgs;
    struct group *group;

    ofproto_sync_stats(ofconn->mgr->ofproto);
    start(&mp, request, &msgs);
    HMAP_FOR_EACH (group, node, &ofproto->groups) {
        if (gsr->group_id == OFGROUP_ALL || gsr->group_id == group->id)
            append_group_stats(ofproto, group, &mp);
    }
    ofconn_send(ofconn, &msgs);
    return 0;
}

/* From 1.5 on, and in Nicira's form, the request names one group or all. */
static bool
is_desc_wanted(const struct ofconn *ofconn, const struct request *request, uint32_t group_id)
{
    const struct of_group_desc_stats_request *gdr =
        (const struct of_group_desc_stats_request *)request->msg;

    return ofconn->version == OFP13 || ofconn->version == OFP14 || gdr->group_id == OFGROUP_ALL ||
           gdr->group_id == group_id;
}

static enum ofperr
handle_group_desc(struct ofconn *ofconn, const struct request *request)
{
    struct ofp_multipart mp;
    struct buf msgs;
    struct group *group;

    start(&mp, request, &msgs);
    HMAP_FOR_EACH (group, node, &ofconn->mgr->ofproto->groups) {
        if (is_desc_wanted(ofconn, request, group->id))
            append_group_desc(group, &mp);
    }
    ofconn_send(ofconn, &msgs);
    return 0;
}

/* Bits of action types that a bucket takes, as OpenFlow 1.3, section 7.3.5.11 wants them. */
static uint32_t
group_actions(void)
{
    static const uint8_t types[] = {
        OFPAT_OUTPUT,       OFPAT_COPY_TTL_OUT, OFPAT_COPY_TTL_IN, OFPAT_SET_MPLS_TTL,
        OFPAT_DEC_MPLS_TTL, OFPAT_PUSH_VLAN,    OFPAT_POP_VLAN,    OFPAT_PUSH_MPLS,
        OFPAT_POP_MPLS,     OFPAT_SET_QUEUE,    OFPAT_GROUP,       OFPAT_SET_NW_TTL,
        OFPAT_DEC_NW_TTL,   OFPAT_SET_FIELD,    OFPAT_PUSH_PBB,    OFPAT_POP_PBB,
    };
    uint32_t bits = 0;

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        bits |= 1u << types[i];
    return bits;
}

static enum ofperr
handle_group_features(struct ofconn *ofconn, const struct request *request)
{
    struct of_group_features_stats_reply *reply = reply_new(request, OF_GROUP_FEATURES_STATS_REPLY);

    reply->types = 1u << OFPGT_ALL | 1u << OFPGT_SELECT | 1u << OFPGT_INDIRECT | 1u << OFPGT_FF;
    reply->capabilities =
        OFPGFC_SELECT_WEIGHT | OFPGFC_SELECT_LIVENESS | OFPGFC_CHAINING | OFPGFC_CHAINING_CHECKS;
    reply->max_groups_all = reply->max_groups_select = OFPROTO_MAX_GROUPS;
    reply->max_groups_indirect = reply->max_groups_ff = OFPROTO_MAX_GROUPS;
    reply->actions_all = reply->actions_select = group_actions();
    reply->actions_indirect = reply->actions_ff = group_actions();
    ofconn_send_object(ofconn, reply);
    return 0;
}

/* Every action of OpenFlow 1.0: OFPAT_OUTPUT (0) to OFPAT_ENQUEUE (11). */
#define ACTIONS_V10 0xfff

static enum ofperr
handle_nicira_group_features(struct ofconn *ofconn, const struct request *request)
{
    struct of_nicira_group_features_stats_reply *reply =
        reply_new(request, OF_NICIRA_GROUP_FEATURES_STATS_REPLY);

    reply->types = 1u << OFPGT_ALL | 1u << OFPGT_SELECT | 1u << OFPGT_INDIRECT | 1u << OFPGT_FF;
    reply->capabilities = OFPGFC_SELECT_WEIGHT | OFPGFC_SELECT_LIVENESS | OFPGFC_CHAINING;
    reply->max_groups_all = reply->max_groups_select = OFPROTO_MAX_GROUPS;
    reply->max_groups_indirect = reply->max_groups_ff = OFPROTO_MAX_GROUPS;
    reply->actions_all = reply->actions_select = ACTIONS_V10;
    reply->actions_indirect = reply->actions_ff = ACTIONS_V10;
    ofconn_send_object(ofconn, reply);
    return 0;
}

/* ---- Meters ---- */

static void
append_meter_stats(struct ofproto *ofproto, const struct meter *meter, struct ofp_multipart *mp)
{
    struct meter_stats counters = {0};
    struct ofp_meter_stats stats = {
        .meter_id = meter->config.meter_id,
        .n_flows = (uint32_t)meter->n_uses,
        .duration_ns = ms_to_ns(time_now_ms() - meter->created_ms),
        .n_bands = meter->config.n_bands,
    };

    ofproto_meter_stats(ofproto, meter->config.meter_id, &counters);
    stats.n_packets = counters.n_packets;
    stats.n_bytes = counters.n_bytes;
    for (size_t i = 0; i < stats.n_bands; i++) {
        stats.bands[i].n_packets = counters.bands[i].n_packets;
        stats.bands[i].n_bytes = counters.bands[i].n_bytes;
    }
    ofp_meter_stats_append(&stats, mp);
}

static enum ofperr
reply_meters(struct ofconn *ofconn, const struct request *request, uint32_t meter_id,
             bool want_stats)
{
    struct ofproto *ofproto = ofconn->mgr->ofproto;
    struct ofp_multipart mp;
    struct meter *meter;
    struct buf msgs;

    if (meter_id != OFMETER_ALL && !meter_find(ofproto, meter_id))
        return OFPERR_OFPMMFC_UNKNOWN_METER;
    start(&mp, request, &msgs);
    HMAP_FOR_EACH (meter, node, &ofproto->meters) {
        if (meter_id != OFMETER_ALL && meter_id != meter->config.meter_id)
            continue;
        if (want_stats)
            append_meter_stats(ofproto, meter, &mp);
        else
            ofp_meter_config_append(&meter->config, &mp);
    }
    ofconn_send(ofconn, &msgs);
    return 0;
}

static enum ofperr
handle_meter_stats(struct ofconn *ofconn, const struct request *request)
{
    const struct of_meter_stats_request *msr = (const struct of_meter_stats_request *)request->msg;

    return reply_meters(ofconn, request, msr->meter_id, true);
}

static enum ofperr
handle_meter_config(struct ofconn *ofconn, const struct request *request)
{
    const struct of_meter_config_stats_request *mcr =
        (const struct of_meter_config_stats_request *)request->msg;

    return reply_meters(ofconn, request, mcr->meter_id, false);
}

/* The feature flags of 1.5. On the management socket they are left out: ovs-ofctl, whom it serves,
 * refuses them, as Open vSwitch has the shape of 1.3 here. */
static void
add_meter_flags(const struct ofconn *ofconn, const struct request *request,
                struct of_meter_features_stats_reply *reply)
{
    struct of_meter_features_flags *flags;

    if (ofconn->version < OFP15 || ofconn->kind == OFCONN_SERVICE)
        return;
    flags = async_new(ofconn, request->arena, OF_METER_FEATURES_FLAGS);
    flags->features = OFPMFF_ACTION_SET | OFPMFF_ANY_POSITION | OFPMFF_MULTI_LIST;
    reply->feature_flags.items = of_arena_alloc(request->arena, sizeof(void *));
    reply->feature_flags.items[0] = flags;
    reply->feature_flags.n = 1;
}

static enum ofperr
handle_meter_features(struct ofconn *ofconn, const struct request *request)
{
    const struct ofproto_meter_ops *meters = ofconn->mgr->ofproto->ops->meters;
    struct of_meter_features_stats_reply *reply = reply_new(request, OF_METER_FEATURES_STATS_REPLY);

    if (meters) {
        reply->features.max_meter = meters->max_meters;
        reply->features.band_types = 1u << OFPMBT_DROP | 1u << OFPMBT_DSCP_REMARK;
        reply->features.capabilities = OFPMF_KBPS | OFPMF_PKTPS | OFPMF_BURST | OFPMF_STATS;
        reply->features.max_bands = meters->max_bands;
        add_meter_flags(ofconn, request, reply);
    }
    ofconn_send_object(ofconn, reply);
    return 0;
}

const struct handler handlers_stats[] = {
    {OF_DESC_STATS_REQUEST, 0, handle_desc},
    {OF_FLOW_STATS_REQUEST, 0, handle_flow_stats},
    {OF_FLOW_LIGHTWEIGHT_STATS_REQUEST, 0, handle_flow_stats},
    {OF_AGGREGATE_STATS_REQUEST, 0, handle_flow_stats},
    {OF_NICIRA_FLOW_STATS_REQUEST, 0, handle_flow_stats},
    {OF_NICIRA_AGGREGATE_STATS_REQUEST, 0, handle_flow_stats},
    {OF_PORT_STATS_REQUEST, 0, handle_port_stats},
    {OF_PORT_DESC_STATS_REQUEST, 0, handle_port_desc},
    {OF_QUEUE_STATS_REQUEST, 0, handle_queue_stats},
    {OF_QUEUE_DESC_STATS_REQUEST, 0, handle_queue_desc},
    {OF_QUEUE_GET_CONFIG_REQUEST, 0, handle_queue_get_config},
    {OF_GROUP_STATS_REQUEST, 0, handle_group_stats},
    {OF_GROUP_DESC_STATS_REQUEST, 0, handle_group_desc},
    {OF_GROUP_FEATURES_STATS_REQUEST, 0, handle_group_features},
    {OF_NICIRA_GROUP_STATS_REQUEST, 0, handle_group_stats},
    {OF_NICIRA_GROUP_DESC_STATS_REQUEST, 0, handle_group_desc},
    {OF_NICIRA_GROUP_FEATURES_STATS_REQUEST, 0, handle_nicira_group_features},
    {OF_METER_STATS_REQUEST, 0, handle_meter_stats},
    {OF_METER_CONFIG_STATS_REQUEST, 0, handle_meter_config},
    {OF_METER_FEATURES_STATS_REQUEST, 0, handle_meter_features},
    {OF_NO_CLASS, 0, NULL},
};
