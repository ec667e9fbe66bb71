/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/openflow.h"

#include "ofproto/ofproto-private.h"
#include "ofproto/save.h"

pthread_rwlock_t ofproto_lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

/* ---- Life ----------------------------------------------------------------------------------- */
struct ofproto *
ofproto_create(const struct ofproto_options *options, const struct ofproto_ops *ops, void *aux)
{
    struct ofproto *ofproto = xcalloc(1, sizeof *ofproto);

    strncpy(ofproto->name, options->name, sizeof ofproto->name - 1);
    ofproto->datapath_id = options->datapath_id;
    ofproto->ops = ops;
    ofproto->aux = aux;
    atomic_init(&ofproto->version, 1);
    ofproto->n_tables = options->n_tables ? MIN(options->n_tables, OFTABLE_MAX) : OFTABLE_MAX;
    ofproto->tables = xcalloc(ofproto->n_tables, sizeof *ofproto->tables);
    for (unsigned int i = 0; i < ofproto->n_tables; i++) {
        table_init(&ofproto->tables[i], (uint8_t)i);
        if (options->max_flows)
            ofproto->tables[i].max_flows = options->max_flows;
    }
    hmap_init(&ofproto->groups);
    hmap_init(&ofproto->meters);
    hmap_init(&ofproto->ports);
    hmap_init(&ofproto->ports_by_dp_port);
    ofproto->miss_send_len = OFP_DEFAULT_MISS_SEND_LEN;
    ofproto->first_egress_table = OFTABLE_ALL;
    ofproto->next_port_no = 1;
    learned_init(&ofproto->learned);
    rule_heap_init(&ofproto->expiring, offsetof(struct rule, heap_index));
    list_init(&ofproto->events);
    pthread_mutex_init(&ofproto->events_mutex, NULL);
    return ofproto;
}

struct removal {
    struct txn *txn;
    struct rule **rules;
    size_t n;
    bool with_hidden;
};

static bool
collect_for_removal(void *removal_, struct cls_rule *cls)
{
    struct removal *removal = removal_;
    struct rule *rule = rule_from_cls(cls);

    if (removal->with_hidden || !rule->is_hidden)
        removal->rules[removal->n++] = rule;
    return true;
}

/* Removes all rules, without a flow-removed for any, though monitors hear of it. */
static void
remove_all_rules(struct txn *txn, bool with_hidden)
{
    static const struct flow all;
    struct removal removal = {.txn = txn, .with_hidden = with_hidden};

    removal.rules = xcalloc(txn->ofproto->n_flows, sizeof *removal.rules);
    for (unsigned int i = 0; i < txn->ofproto->n_tables; i++)
        classifier_visit(&txn->ofproto->tables[i].cls, &all, &all, collect_for_removal, &removal);
    rules_sort(removal.rules, removal.n);
    for (size_t i = 0; i < removal.n; i++)
        txn_remove_rule(txn, removal.rules[i], REASON_FLUSHED);
    free(removal.rules);
}

static void
flush(struct ofproto *ofproto, bool with_hidden)
{
    struct txn txn;

    txn_begin(&txn, ofproto, NULL);
    remove_all_rules(&txn, with_hidden);
    group_remove_all(&txn);
    txn_commit(&txn);
}

void
ofproto_flush(struct ofproto *ofproto)
{
    flush(ofproto, false);
}

static void
discard_event(struct queued_event *event)
{
    if (event->kind == QUEUED_FLOW) {
        rule_unref(event->flow.rule);
        if (event->flow.old_ofpacts)
            rule_actions_unref(rule_actions_of(event->flow.old_ofpacts));
    }
    free(event);
}

static void
discard_events(struct ofproto *ofproto)
{
    struct rule *rule = atomic_exchange(&ofproto->finals, NULL), *next_rule;
    struct queued_event *event, *next;

    LIST_FOR_EACH_SAFE (event, next, link, &ofproto->events)
        discard_event(event);
    for (; rule; rule = next_rule) {
        next_rule = rule->next_final;
        rule_unref(rule);
    }
}

void
ofproto_destroy(struct ofproto *ofproto)
{
    if (!ofproto)
        return;
    unsaved_destroy(ofproto);
    flush(ofproto, true);
    discard_events(ofproto);
    meters_destroy(ofproto);
    ports_destroy(ofproto);
    for (unsigned int i = 0; i < ofproto->n_tables; i++)
        table_destroy(&ofproto->tables[i]);
    hmap_destroy(&ofproto->groups);
    rule_heap_destroy(&ofproto->expiring);
    learned_destroy(&ofproto->learned);
    pthread_mutex_destroy(&ofproto->events_mutex);
    free(ofproto->tables);
    free(ofproto);
}

/* ---- Events --------------------------------------------------------------------------------- */
void
ofproto_queue_event(struct ofproto *ofproto, struct queued_event *event)
{
    pthread_mutex_lock(&ofproto->events_mutex);
    list_push_back(&ofproto->events, &event->link);
    pthread_mutex_unlock(&ofproto->events_mutex);
    ofproto->ops->wake(ofproto->aux);
}

void
ofproto_queue_final(struct ofproto *ofproto, struct rule *rule)
{
    struct rule *head = atomic_load_explicit(&ofproto->finals, memory_order_relaxed);

    do
        rule->next_final = head;
    while (!atomic_compare_exchange_weak_explicit(&ofproto->finals, &head, rule,
                                                  memory_order_release, memory_order_relaxed));
    ofproto->ops->wake(ofproto->aux);
}

static void
tell(struct ofproto *ofproto, const struct queued_event *event)
{
    const struct ofproto_ops *ops = ofproto->ops;

    switch (event->kind) {
    case QUEUED_FLOW:
        pthread_rwlock_rdlock(&ofproto_lock); /* Others may give the rule other contents. */
        ops->flow_event(ofproto->aux, ofproto, &event->flow);
        pthread_rwlock_unlock(&ofproto_lock);
        break;
    case QUEUED_PORT:
        ops->port_status(ofproto->aux, ofproto, &event->port, event->port_reason);
        break;
    case QUEUED_TABLE:
        ops->table_status(ofproto->aux, ofproto, &ofproto->tables[event->table_id],
                          event->table_reason);
        break;
    }
}

/* The oldest event, which is the caller's from now on; NULL: there is none. */
static struct queued_event *
next_event(struct ofproto *ofproto)
{
    struct queued_event *event = NULL;

    pthread_mutex_lock(&ofproto->events_mutex);
    if (!list_is_empty(&ofproto->events))
        event = CONTAINER_OF(list_pop_front(&ofproto->events), struct queued_event, link);
    pthread_mutex_unlock(&ofproto->events_mutex);
    return event;
}

/* The rules whose last pins were given back, oldest first. */
static struct rule *
take_finals(struct ofproto *ofproto)
{
    struct rule *rule = atomic_exchange_explicit(&ofproto->finals, NULL, memory_order_acquire);
    struct rule *reversed = NULL, *next;

    for (; rule; rule = next) {
        next = rule->next_final;
        rule->next_final = reversed;
        reversed = rule;
    }
    return reversed;
}

void
ofproto_run(struct ofproto *ofproto)
{
    struct queued_event *event;
    struct rule *rule, *next;

    while ((event = next_event(ofproto)) != NULL) {
        tell(ofproto, event);
        discard_event(event);
    }
    if (ofproto->ops->flow_events_end)
        ofproto->ops->flow_events_end(ofproto->aux, ofproto);
    for (rule = take_finals(ofproto); rule; rule = next) {
        next = rule->next_final;
        ofproto->ops->flow_removed(ofproto->aux, ofproto, rule, rule->removed_reason);
        rule_unref(rule);
    }
}

uint64_t
ofproto_n_txns(const struct ofproto *ofproto)
{
    uint64_t n;

    pthread_rwlock_rdlock(&ofproto_lock);
    n = ofproto->n_txns;
    pthread_rwlock_unlock(&ofproto_lock);
    return n;
}

/* ---- Configuration -------------------------------------------------------------------------- */
void
ofproto_changed(struct ofproto *ofproto)
{
    ofproto->config_version = ofproto_version(ofproto) + 1;
    ofproto_rules_changed(ofproto);
}

void
ofproto_rules_changed(struct ofproto *ofproto)
{
    atomic_fetch_add_explicit(&ofproto->version, 1, memory_order_release);
    ofproto->ops->changed(ofproto->aux, ofproto);
}

void
ofproto_set_datapath_id(struct ofproto *ofproto, uint64_t datapath_id)
{
    ofproto->datapath_id = datapath_id;
}

enum ofperr
ofproto_set_config(struct ofproto *ofproto, uint16_t flags, uint16_t miss_send_len)
{
    if (flags & ~OFPC_FRAG_MASK || (flags & OFPC_FRAG_MASK) == OFPC_FRAG_REASM)
        return OFPERR_OFPSCFC_BAD_FLAGS;
    pthread_rwlock_wrlock(&ofproto_lock);
    ofproto->miss_send_len = miss_send_len;
    unsaved_note_config(ofproto);
    if (ofproto->config_flags != flags) {
        ofproto->config_flags = flags;
        ofproto_changed(ofproto);
    }
    pthread_rwlock_unlock(&ofproto_lock);
    return OFPERR_OK;
}

void
ofproto_set_table_miss(struct ofproto *ofproto, uint8_t table_id, enum table_miss miss)
{
    pthread_rwlock_wrlock(&ofproto_lock);
    ofproto->tables[table_id].miss = miss;
    unsaved_note_config(ofproto);
    ofproto_changed(ofproto);
    pthread_rwlock_unlock(&ofproto_lock);
}

void
ofproto_set_monitoring(struct ofproto *ofproto, bool on)
{
    atomic_store(&ofproto->is_monitored, on);
}

/* ---- Packet-outs ---------------------------------------------------------------------------- */
enum ofperr
ofproto_check_packet_out(const struct ofproto *ofproto, const struct ofp_packet_out *po,
                         enum ofp_version version)
{
    uint32_t in_port = po->match.flow.in_port;

    if (in_port < OFPORT_MAX && !ofproto_port(ofproto, in_port))
        return OFPERR_OFPBRC_BAD_PORT;
    return check_targets(ofproto, po->ofpacts, po->ofpacts_size, version);
}

/* ---- Bundles -------------------------------------------------------------------------------- */
static enum ofperr
do_msg(struct txn *txn, const struct ofproto_msg *msg)
{
    txn->origin.xid = msg->xid;
    switch (msg->type) {
    case OFPROTO_FLOW_MOD:
        return flow_mod_do(txn, msg->flow_mod);
    case OFPROTO_GROUP_MOD:
        return group_mod_do(txn, msg->group_mod);
    case OFPROTO_METER_MOD:
        return meter_mod_do(txn, msg->meter_mod);
    case OFPROTO_PORT_MOD:
        return port_mod_do(txn, msg->port_mod);
    case OFPROTO_PACKET_OUT:
        return ofproto_check_packet_out(txn->ofproto, msg->packet_out, txn->origin.version);
    }
    return OFPERR_OFPBFC_MSG_UNSUP;
}

enum ofperr
ofproto_bundle_commit(struct ofproto *ofproto, const struct ofproto_msgs *msgs,
                      const struct ofproto_origin *origin, size_t *failed)
{
    enum ofperr error = OFPERR_OK;
    struct txn txn;

    if (msgs->resets_counters)
        ofproto_sync_stats(ofproto);
    txn_begin(&txn, ofproto, origin);
    for (size_t i = 0; i < msgs->n && !error; i++) {
        txn.msg = i;
        error = do_msg(&txn, msgs->get(msgs->aux, i));
    }
    error = txn_end(&txn, error);
    *failed = txn.msg;
    return error;
}

/* ---- Expiry --------------------------------------------------------------------------------- */
#define EXPIRE_STEP_MS 50 /* Deadlines so close to each other are looked at together. */
#define DEFER_MS 1000     /* Until a deferred timeout is looked at again. */

/* Whether in the heap below item `i` an idle timeout is due. */
static bool
has_idle_due(const struct rule_heap *heap, size_t i, int64_t now_ms)
{
    return i < heap->n && heap->items[i].key <= now_ms &&
           (heap->items[i].rule->idle_timeout_s || has_idle_due(heap, 2 * i + 1, now_ms) ||
            has_idle_due(heap, 2 * i + 2, now_ms));
}

/* Whether counters decide what ends by `now_ms`. */
static bool
needs_sync_to_expire(struct ofproto *ofproto, int64_t now_ms)
{
    bool needs_sync;

    pthread_rwlock_rdlock(&ofproto_lock);
    needs_sync = has_idle_due(&ofproto->expiring, 0, now_ms);
    pthread_rwlock_unlock(&ofproto_lock);
    return needs_sync;
}

static void
expire_rules(struct txn *txn, int64_t now_ms)
{
    struct rule_heap *heap = &txn->ofproto->expiring;
    const struct rule_heap_item *first;

    while ((first = rule_heap_first(heap)) != NULL && first->key <= now_ms) {
        struct rule *rule = first->rule;
        uint8_t reason = rule_expiry_reason(rule, now_ms);

        if (rule_deadline_ms(rule) > now_ms)
            rule_arm(rule); /* It was used since. */
        else if (reason == OFPRR_IDLE_TIMEOUT && txn->ofproto->defers_idle)
            rule_arm_later(rule, now_ms + DEFER_MS);
        else
            txn_remove_rule(txn, rule, reason);
    }
}

int64_t
ofproto_expire(struct ofproto *ofproto, int64_t now_ms)
{
    const struct rule_heap_item *first;
    int64_t next = INT64_MAX;
    struct txn txn;

    if (needs_sync_to_expire(ofproto, now_ms))
        ofproto_sync_stats(ofproto);
    txn_begin(&txn, ofproto, NULL);
    expire_rules(&txn, now_ms);
    first = rule_heap_first(&ofproto->expiring);
    if (first)
        next = MAX(first->key, now_ms + EXPIRE_STEP_MS);
    txn_commit(&txn);
    return next;
}
