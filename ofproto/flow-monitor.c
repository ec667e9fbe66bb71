/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/flow-monitor.h"

#include "ofproto/ofconn.h"

#define MONITOR_IS_NEW UINT64_MAX

struct flow_monitor {
    struct list link; /* In flow_monitors' list. */
    uint64_t since;   /* Transactions after this one are news. Or MONITOR_IS_NEW. */
    struct ofp_flow_monitor config;
};

/* A flow entry that changed while updates were paused. */
struct held_flow {
    struct hmap_node node; /* By table, match and priority. */
    struct list link;      /* In the order in which they changed first. */
    struct rule *rule;     /* A reference to the entry as it is now. */
    bool is_new;           /* The peer does not know of it. */
    bool is_own;           /* This connection changed it last. */
};

static void held_clear(struct flow_monitors *);

/* ---- Life ---- */

void
flow_monitors_init(struct flow_monitors *monitors)
{
    *monitors = (struct flow_monitors){.n = 0};
    list_init(&monitors->list);
    hmap_init(&monitors->held);
    list_init(&monitors->queue);
}

static void
monitor_destroy(struct flow_monitors *monitors, struct flow_monitor *monitor)
{
    list_remove(&monitor->link);
    free(monitor);
    if (!--monitors->n)
        held_clear(monitors);
}

static void
destroy_all(struct flow_monitors *monitors)
{
    struct flow_monitor *monitor, *next;

    LIST_FOR_EACH_SAFE (monitor, next, link, &monitors->list)
        monitor_destroy(monitors, monitor);
    buf_clear(&monitors->updates);
    monitors->is_paused = monitors->has_abbreviation = false;
}

/* Events are made while somebody wants them. */
static void
update_monitoring(struct connmgr *mgr)
{
    const struct ofconn *ofconn;
    bool wanted = false;

    LIST_FOR_EACH (ofconn, link, &mgr->ofconns)
        wanted |= ofconn->monitors.n != 0;
    ofproto_set_monitoring(mgr->ofproto, wanted);
}

void
flow_monitors_clear(struct ofconn *ofconn)
{
    if (!ofconn->monitors.n)
        return;
    destroy_all(&ofconn->monitors);
    update_monitoring(ofconn->mgr);
}

void
flow_monitors_destroy(struct flow_monitors *monitors)
{
    destroy_all(monitors);
    hmap_destroy(&monitors->held);
    buf_destroy(&monitors->updates);
}

static struct flow_monitor *
find(const struct flow_monitors *monitors, uint32_t id)
{
    struct flow_monitor *monitor;

    LIST_FOR_EACH (monitor, link, &monitors->list) {
        if (monitor->config.id == id)
            return monitor;
    }
    return NULL;
}

/* ---- What a monitor is about ---- */

static bool
is_output(const struct ofp_flow_monitor *config, const struct ofpact *ofpacts, size_t size)
{
    return (config->out_port == OFPORT_ANY ||
            ofpacts_output_to_port(ofpacts, size, config->out_port)) &&
           (config->out_group == OFGROUP_ANY ||
            ofpacts_output_to_group(ofpacts, size, config->out_group));
}

/* Flags of the monitors that are about this flow entry, whose match is `match`, after an event or
 * (NULL) as it is now. */
static uint16_t
flags_for(const struct ofconn *ofconn, const struct rule *rule, const struct match *match,
          const struct flow_event *event, bool is_own)
{
    const struct flow_monitor *monitor;
    uint16_t flags = 0;

    LIST_FOR_EACH (monitor, link, &ofconn->monitors.list) {
        const struct ofp_flow_monitor *config = &monitor->config;

        if ((event && event->txn <= monitor->since) ||
            (config->flags & OFPFMF_ONLY_OWN && !is_own) ||
            (config->table_id != OFTABLE_ALL && config->table_id != rule->table_id) ||
            !match_is_subset(match, &config->match))
            continue;
        if (is_output(config, rule->ofpacts, rule->ofpacts_size) ||
            (event && event->old_ofpacts &&
             is_output(config, event->old_ofpacts, event->old_ofpacts_size)))
            flags |= config->flags;
    }
    return flags;
}

/* ---- Updates ---- */

static void
append(struct ofconn *ofconn, const struct ofp_flow_update *fu)
{
    struct flow_monitors *monitors = &ofconn->monitors;

    if (!monitors->updates.size)
        ofp_flow_update_start(ofconn->version, &monitors->mp, &monitors->updates);
    ofp_flow_update_append(fu, &monitors->mp);
}

static void
describe(const struct rule *rule, uint8_t event, bool with_actions, struct ofp_flow_update *fu)
{
    *fu = (struct ofp_flow_update){
        .event = event,
        .table_id = rule->table_id,
        .priority = rule_priority(rule),
        .idle_timeout = rule->idle_timeout_s,
        .hard_timeout = rule->hard_timeout_s,
        .cookie = rule->cookie,
        .ofpacts = with_actions ? rule->ofpacts : NULL,
        .ofpacts_size = with_actions ? rule->ofpacts_size : 0,
    };
    cls_rule_expand(&rule->cls, &fu->match.flow, &fu->match.mask);
}

static void
append_full(struct ofconn *ofconn, const struct flow_event *event, uint16_t flags)
{
    static const uint8_t events[] = {
        [FLOW_ADDED] = OFPFME_ADDED,
        [FLOW_MODIFIED] = OFPFME_MODIFIED,
        [FLOW_DELETED] = OFPFME_REMOVED,
    };
    struct ofp_flow_update fu;

    describe(event->rule, events[event->kind], flags & OFPFMF_INSTRUCTIONS, &fu);
    fu.reason = event->kind == FLOW_DELETED ? event->reason : 0;
    append(ofconn, &fu);
}

static void
append_abbreviation(struct ofconn *ofconn, uint32_t xid)
{
    struct flow_monitors *monitors = &ofconn->monitors;
    const struct ofp_flow_update fu = {.event = OFPFME_ABBREV, .xid = xid};

    if (monitors->has_abbreviation && monitors->abbreviated_xid == xid)
        return;
    append(ofconn, &fu);
    monitors->has_abbreviation = true;
    monitors->abbreviated_xid = xid;
}

static void
send_paused(struct ofconn *ofconn, bool is_paused)
{
    struct buf msg = BUF_INITIALIZER;

    ofp_flow_monitor_paused_encode(is_paused, ofconn->version, &msg);
    ofconn_send(ofconn, &msg);
    ofconn->monitors.is_paused = is_paused;
}

/* Sends the updates that are there. */
static void
flush(struct ofconn *ofconn)
{
    struct flow_monitors *monitors = &ofconn->monitors;

    if (!monitors->updates.size)
        return;
    ofconn_send(ofconn, &monitors->updates);
    buf_init(&monitors->updates);
    monitors->has_abbreviation = false;
    if (!monitors->is_paused && conn_output_size(ofconn->conn) > FLOW_MONITOR_HIGH)
        send_paused(ofconn, true);
}

/* ---- While paused ---- */

static uint32_t
held_hash(const struct rule *rule)
{
    return hash_bytes(&rule->cls.priority, sizeof rule->cls.priority,
                      rule->cls.hash + rule->table_id);
}

static bool
is_same(const struct rule *a, const struct rule *b)
{
    return a->table_id == b->table_id && a->cls.priority == b->cls.priority &&
           a->cls.mask->n_words == b->cls.mask->n_words &&
           !memcmp(a->cls.mask->words, b->cls.mask->words, a->cls.mask->n_words) &&
           !memcmp(a->cls.mask->bits, b->cls.mask->bits, cls_rule_values_size(a->cls.mask)) &&
           !memcmp(a->cls.values, b->cls.values, cls_rule_values_size(a->cls.mask));
}

static struct held_flow *
held_find(const struct flow_monitors *monitors, const struct rule *rule)
{
    struct held_flow *held;

    HMAP_FOR_EACH_WITH_HASH (held, node, held_hash(rule), &monitors->held) {
        if (is_same(held->rule, rule))
            return held;
    }
    return NULL;
}

static void
held_destroy(struct flow_monitors *monitors, struct held_flow *held)
{
    hmap_remove(&monitors->held, &held->node);
    list_remove(&held->link);
    rule_unref(held->rule);
    free(held);
}

static void
held_clear(struct flow_monitors *monitors)
{
    struct held_flow *held, *next;

    LIST_FOR_EACH_SAFE (held, next, link, &monitors->queue)
        held_destroy(monitors, held);
}

static void
hold(struct flow_monitors *monitors, const struct flow_event *event, bool is_own)
{
    struct held_flow *held = held_find(monitors, event->rule);

    if (!held) {
        held = xcalloc(1, sizeof *held);
        held->is_new = event->kind == FLOW_ADDED && !event->is_replacement;
        hmap_insert(&monitors->held, &held->node, held_hash(event->rule));
        list_push_back(&monitors->queue, &held->link);
    }
    rule_ref(event->rule);
    rule_unref(held->rule);
    held->rule = event->rule;
    held->is_own = is_own;
}

/* Forgets a flow entry that went; returns whether the peer never knew of it. */
static bool
drop_held(struct flow_monitors *monitors, const struct rule *rule)
{
    struct held_flow *held = held_find(monitors, rule);
    bool is_new = held && held->is_new;

    if (held)
        held_destroy(monitors, held);
    return is_new;
}

static void
append_held(struct ofconn *ofconn, const struct held_flow *held)
{
    uint16_t wanted = held->is_new ? OFPFMF_ADD | OFPFMF_MODIFY : OFPFMF_MODIFY;
    struct ofp_flow_update fu;
    uint16_t flags;

    describe(held->rule, held->is_new ? OFPFME_ADDED : OFPFME_MODIFIED, true, &fu);
    flags = flags_for(ofconn, held->rule, &fu.match, NULL, held->is_own);
    if (!(flags & wanted))
        return;
    if (!(flags & OFPFMF_ADD))
        fu.event = OFPFME_MODIFIED;
    if (!(flags & OFPFMF_INSTRUCTIONS))
        fu.ofpacts_size = 0;
    append(ofconn, &fu);
}

void
flow_monitors_resume(struct ofconn *ofconn)
{
    struct flow_monitors *monitors = &ofconn->monitors;
    struct held_flow *held, *next;

    if (!monitors->is_paused || conn_output_size(ofconn->conn))
        return;
    pthread_rwlock_rdlock(&ofproto_lock);
    LIST_FOR_EACH_SAFE (held, next, link, &monitors->queue) {
        if (monitors->updates.size > FLOW_MONITOR_HIGH)
            break;
        append_held(ofconn, held);
        held_destroy(monitors, held);
    }
    pthread_rwlock_unlock(&ofproto_lock);
    flush(ofconn);
    if (!monitors->held.n)
        send_paused(ofconn, false);
}

/* ---- Events ---- */

static void
take_event(struct ofconn *ofconn, const struct flow_event *event)
{
    static const uint16_t wanted[] = {
        [FLOW_ADDED] = OFPFMF_ADD,
        [FLOW_MODIFIED] = OFPFMF_MODIFY,
        [FLOW_DELETED] = OFPFMF_REMOVED,
    };
    struct flow_monitors *monitors = &ofconn->monitors;
    bool is_own = event->origin.conn == ofconn;
    struct match match;
    uint16_t flags;

    if (monitors->is_paused && event->kind != FLOW_DELETED) {
        hold(monitors, event, is_own);
        return;
    }
    if (drop_held(monitors, event->rule))
        return;
    cls_rule_expand(&event->rule->cls, &match.flow, &match.mask);
    flags = flags_for(ofconn, event->rule, &match, event, is_own);
    if (!(flags & wanted[event->kind]))
        return;
    if (is_own && !(flags & OFPFMF_NO_ABBREV) && !monitors->is_paused)
        append_abbreviation(ofconn, event->origin.xid);
    else
        append_full(ofconn, event, flags);
}

void
connmgr_flow_event(struct connmgr *mgr, const struct flow_event *event)
{
    struct ofconn *ofconn;

    LIST_FOR_EACH (ofconn, link, &mgr->ofconns) {
        if (!ofconn->monitors.n)
            continue;
        if (ofconn->monitors.txn != event->txn)
            flush(ofconn);
        ofconn->monitors.txn = event->txn;
        take_event(ofconn, event);
    }
}

void
connmgr_flow_events_end(struct connmgr *mgr)
{
    struct ofconn *ofconn;

    LIST_FOR_EACH (ofconn, link, &mgr->ofconns)
        flush(ofconn);
}

/* ---- Requests ---- */

/* What a request asks for, all of it decoded before anything is done. */
struct monitor_request {
    struct ofp_flow_monitor *entries;
    size_t n;
};

/* Whether the monitor would be there after the first `n` entries were done. */
static bool
would_exist(const struct flow_monitors *monitors, const struct monitor_request *mr, size_t n)
{
    uint32_t id = mr->entries[n].id;

    while (n-- > 0) {
        if (mr->entries[n].id == id)
            return mr->entries[n].command != OFPFMC_DELETE;
    }
    return find(monitors, id) != NULL;
}

static enum ofperr
check_entries(const struct ofconn *ofconn, const struct monitor_request *mr)
{
    size_t n = ofconn->monitors.n;

    for (size_t i = 0; i < mr->n; i++) {
        bool exists = would_exist(&ofconn->monitors, mr, i);
        bool is_add = mr->entries[i].command == OFPFMC_ADD;

        if (exists == is_add)
            return exists ? OFPERR_OFPMOFC_MONITOR_EXISTS : OFPERR_OFPMOFC_UNKNOWN_MONITOR;
        if (is_add && ++n > FLOW_MONITORS_MAX)
            return ofconn->version >= OFP14 ? OFPERR_OFPMOFC_UNKNOWN : OFPERR_OFPBRC_EPERM;
    }
    return OFPERR_OK;
}

/* ovs-ofctl sets ONLY_OWN where it means NO_ABBREV, as ovs-vswitchd takes it; on the management
 * socket, where it and its like are and change nothing themselves, it gets what it means. */
static void
adapt_flags(const struct ofconn *ofconn, struct ofp_flow_monitor *fm)
{
    if (ofconn->kind == OFCONN_SERVICE && fm->flags & OFPFMF_ONLY_OWN)
        fm->flags = (uint16_t)((fm->flags & ~OFPFMF_ONLY_OWN) | OFPFMF_NO_ABBREV);
}

static enum ofperr
decode_entries(struct ofconn *ofconn, const struct of_header *msg, struct monitor_request *mr)
{
    struct ofp_decode_limits limits = ofconn_limits(ofconn);
    enum ofperr error = OFPERR_OK;

    mr->n = ofp_flow_monitor_count(msg);
    mr->entries = xcalloc(mr->n, sizeof *mr->entries);
    for (size_t i = 0; i < mr->n && !error; i++) {
        error = ofp_flow_monitor_decode(msg, i, &limits, &mr->entries[i]);
        adapt_flags(ofconn, &mr->entries[i]);
    }
    return error ? error : check_entries(ofconn, mr);
}

static void
apply(struct ofconn *ofconn, const struct ofp_flow_monitor *config)
{
    struct flow_monitors *monitors = &ofconn->monitors;
    struct flow_monitor *monitor = find(monitors, config->id);

    if (config->command == OFPFMC_DELETE) {
        monitor_destroy(monitors, monitor);
        return;
    }
    if (!monitor) {
        monitor = xcalloc(1, sizeof *monitor);
        list_push_back(&monitors->list, &monitor->link);
        monitors->n++;
    }
    monitor->config = *config;
    monitor->since = MONITOR_IS_NEW;
}

/* The flow entries that are there when a request is made; each is told once. */
struct initial_flow {
    struct hmap_node node; /* By rule. */
    struct list link;      /* In the order of tables. */
    const struct rule *rule;
    uint16_t flags; /* Of the monitors that are about it. */
};

struct initial {
    const struct flow_monitor *monitor;
    struct hmap flows;
    struct list queue;
};

static bool
collect_initial(void *initial_, struct cls_rule *cls)
{
    struct initial *initial = initial_;
    const struct ofp_flow_monitor *config = &initial->monitor->config;
    const struct rule *rule = rule_from_cls(cls);
    uint32_t hash = hash_bytes(&rule, sizeof rule, 0);
    struct initial_flow *flow;

    if (rule->is_hidden || !is_output(config, rule->ofpacts, rule->ofpacts_size))
        return true;
    HMAP_FOR_EACH_WITH_HASH (flow, node, hash, &initial->flows) {
        if (flow->rule == rule) {
            flow->flags |= config->flags;
            return true;
        }
    }
    flow = xcalloc(1, sizeof *flow);
    flow->rule = rule;
    flow->flags = config->flags;
    hmap_insert(&initial->flows, &flow->node, hash);
    list_push_back(&initial->queue, &flow->link);
    return true;
}

/* Lock: read. */
static void
collect_all(const struct ofproto *ofproto, struct initial *initial)
{
    const struct ofp_flow_monitor *config = &initial->monitor->config;

    for (unsigned int i = 0; i < ofproto->n_tables; i++) {
        if (config->table_id == OFTABLE_ALL || config->table_id == i)
            classifier_visit(&ofproto->tables[i].cls, &config->match.flow, &config->match.mask,
                             collect_initial, initial);
    }
}

/* From here on changes are news to monitors that are new. Lock: read. */
static void
start_monitors(struct ofconn *ofconn, struct initial *initial)
{
    struct flow_monitor *monitor;

    LIST_FOR_EACH (monitor, link, &ofconn->monitors.list) {
        if (monitor->since != MONITOR_IS_NEW)
            continue;
        monitor->since = ofconn->mgr->ofproto->n_txns;
        initial->monitor = monitor;
        if (monitor->config.flags & OFPFMF_INITIAL)
            collect_all(ofconn->mgr->ofproto, initial);
    }
}

static void
append_initial(struct initial *initial, struct ofp_multipart *mp)
{
    struct initial_flow *flow, *next;

    LIST_FOR_EACH_SAFE (flow, next, link, &initial->queue) {
        struct ofp_flow_update fu;

        describe(flow->rule, OFPFME_INITIAL, flow->flags & OFPFMF_INSTRUCTIONS, &fu);
        ofp_flow_update_append(&fu, mp);
        free(flow);
    }
}

static void
reply(struct ofconn *ofconn, const struct request *request)
{
    struct initial initial = {.monitor = NULL};
    struct buf msgs = BUF_INITIALIZER;
    struct ofp_multipart mp;

    hmap_init(&initial.flows);
    list_init(&initial.queue);
    ofp_multipart_start(&mp, request->msg, &msgs);
    pthread_rwlock_rdlock(&ofproto_lock);
    start_monitors(ofconn, &initial);
    append_initial(&initial, &mp);
    pthread_rwlock_unlock(&ofproto_lock);
    hmap_destroy(&initial.flows);
    ofconn_send(ofconn, &msgs);
}

static enum ofperr
handle_flow_monitor(struct ofconn *ofconn, const struct request *request)
{
    struct monitor_request mr;
    enum ofperr error = decode_entries(ofconn, request->msg, &mr);

    if (!error) {
        /* What came about before is told to the monitors that were there before. */
        ofproto_run(ofconn->mgr->ofproto);
        for (size_t i = 0; i < mr.n; i++)
            apply(ofconn, &mr.entries[i]);
        update_monitoring(ofconn->mgr);
        reply(ofconn, request);
    }
    free(mr.entries);
    return error;
}

static enum ofperr
cancel(struct ofconn *ofconn, uint32_t id)
{
    struct flow_monitor *monitor = find(&ofconn->monitors, id);

    if (!monitor)
        return OFPERR_OFPMOFC_UNKNOWN_MONITOR;
    ofproto_run(ofconn->mgr->ofproto);
    monitor_destroy(&ofconn->monitors, monitor);
    update_monitoring(ofconn->mgr);
    return OFPERR_OK;
}

static enum ofperr
handle_nicira_cancel(struct ofconn *ofconn, const struct request *request)
{
    return cancel(ofconn, ((const struct of_nicira_flow_monitor_cancel *)request->msg)->monitor_id);
}

static enum ofperr
handle_onf_cancel(struct ofconn *ofconn, const struct request *request)
{
    return cancel(ofconn, ((const struct of_onf_flow_monitor_cancel *)request->msg)->monitor_id);
}

const struct handler handlers_flow_monitor[] = {
    {OF_FLOW_MONITOR_REQUEST, 0, handle_flow_monitor},
    {OF_NICIRA_FLOW_MONITOR_REQUEST, 0, handle_flow_monitor},
    {OF_ONF_FLOW_MONITOR_REQUEST, 0, handle_flow_monitor},
    {OF_NICIRA_FLOW_MONITOR_CANCEL, 0, handle_nicira_cancel},
    {OF_ONF_FLOW_MONITOR_CANCEL, 0, handle_onf_cancel},
    {OF_NO_CLASS, 0, NULL},
};
