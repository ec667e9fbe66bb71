/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: steps that take effect at once, are noted, and are then confirmed or undone. */
#include "ofproto/openflow.h"

#include "lib/tally.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/save.h"

static int64_t
first_deadline(const struct ofproto *ofproto)
{
    const struct rule_heap_item *first = rule_heap_first(&ofproto->expiring);

    return first ? first->key : INT64_MAX;
}

void
txn_begin(struct txn *txn, struct ofproto *ofproto, const struct ofproto_origin *origin)
{
    memset(txn, 0, sizeof *txn);
    txn->ofproto = ofproto;
    if (origin)
        txn->origin = *origin;
    if (!txn->origin.version)
        txn->origin.version = OFP15;
    pthread_rwlock_wrlock(&ofproto_lock);
    txn->now_ms = time_now_ms();
    txn->first_deadline = first_deadline(ofproto);
}

struct change *
txn_note(struct txn *txn, enum change_kind kind)
{
    struct change *change;

    if (txn->n == txn->max) {
        txn->max = MAX(4, 2 * txn->max);
        txn->changes = xrealloc(txn->changes, txn->max * sizeof *txn->changes);
    }
    change = &txn->changes[txn->n++];
    memset(change, 0, sizeof *change);
    change->kind = kind;
    change->xid = txn->origin.xid;
    change->msg = txn->msg;
    return change;
}

/* ---- Steps ---------------------------------------------------------------------------------- */
void
txn_add_rule(struct txn *txn, struct rule *rule, struct rule *replaced)
{
    struct change *change = txn_note(txn, CHANGE_RULE_ADDED);

    change->rule = rule;
    change->replaced = replaced;
    change->event = FLOW_ADDED;
    rule_install(rule);
}

void
txn_modify_rule(struct txn *txn, struct rule *rule, const struct rule_contents *contents,
                enum flow_event_kind event, bool reset_counts)
{
    struct change *change = txn_note(txn, CHANGE_RULE_MODIFIED);

    change->rule = rule_ref(rule);
    change->event = (uint8_t)event;
    change->is_quiet =
        rule_actions_of(rule->ofpacts) == contents->actions && rule->cookie == contents->cookie;
    change->old = xmemdup(contents, sizeof *contents);
    rule_swap_contents(rule, change->old);
    if (reset_counts) {
        change->old_stats = xcalloc(1, sizeof *change->old_stats);
        change->old_stats->n_packets = atomic_exchange(&tally_at(rule->tally)->n_packets, 0);
        change->old_stats->n_bytes = atomic_exchange(&tally_at(rule->tally)->n_bytes, 0);
    }
}

void
txn_remove_rule(struct txn *txn, struct rule *rule, uint8_t reason)
{
    struct change *change = txn_note(txn, CHANGE_RULE_REMOVED);

    change->rule = rule;
    change->event = FLOW_DELETED;
    change->reason = reason;
    rule_uninstall(rule);
}

/* ---- Undoing -------------------------------------------------------------------------------- */
static void
undo_modified(struct change *change)
{
    struct rule *rule = change->rule;

    rule_swap_contents(rule, change->old);
    if (change->old_stats)
        rule_credit(rule, change->old_stats->n_packets, change->old_stats->n_bytes, 0);
}

static void
undo_port_config(struct txn *txn, const struct change *change)
{
    struct ofport *port = ofproto_port(txn->ofproto, change->port_no);

    if (!port)
        return;
    port_set_config(port, change->old_config);
    if (change->is_applied)
        txn->ofproto->ops->port_config(txn->ofproto->aux, txn->ofproto, port);
}

static void
undo(struct txn *txn, struct change *change)
{
    switch (change->kind) {
    case CHANGE_RULE_ADDED:
        rule_uninstall(change->rule);
        rule_unpin(change->rule);
        break;
    case CHANGE_RULE_MODIFIED:
        undo_modified(change);
        break;
    case CHANGE_RULE_REMOVED:
        rule_install(change->rule);
        break;
    case CHANGE_GROUP_ADDED:
        group_uninstall(txn->ofproto, change->group);
        group_unref(change->group);
        break;
    case CHANGE_GROUP_MODIFIED:
        group_swap_contents(change->group, change->old_group);
        break;
    case CHANGE_GROUP_REMOVED:
        group_install(txn->ofproto, change->group);
        break;
    case CHANGE_METER_ADDED:
        meter_uninstall(txn->ofproto, change->meter);
        meter_destroy(txn->ofproto, change->meter);
        break;
    case CHANGE_METER_MODIFIED:
        change->meter->config = *change->old_meter;
        break;
    case CHANGE_METER_REMOVED:
        meter_install(txn->ofproto, change->meter);
        break;
    case CHANGE_PORT_CONFIG:
        undo_port_config(txn, change);
        break;
    }
}

/* ---- Confirming ----------------------------------------------------------------------------- */
/* What the flow entry did before the change; NULL: it was not there. */
static struct rule_actions *
old_actions(const struct change *change)
{
    if (change->kind == CHANGE_RULE_MODIFIED)
        return change->old->actions;
    return change->replaced ? rule_actions_of(change->replaced->ofpacts) : NULL;
}

static void
queue_flow_event(struct txn *txn, const struct change *change)
{
    struct rule_actions *old = old_actions(change);
    struct queued_event *event;

    if (!atomic_load(&txn->ofproto->is_monitored) || change->rule->is_hidden)
        return;
    event = xcalloc(1, sizeof *event);
    event->kind = QUEUED_FLOW;
    event->flow.kind = (enum flow_event_kind)change->event;
    event->flow.reason = change->reason == REASON_FLUSHED ? OFPRR_DELETE : change->reason;
    event->flow.is_replacement = event->flow.kind == FLOW_ADDED && old;
    event->flow.txn = txn->ofproto->n_txns;
    event->flow.rule = rule_ref(change->rule);
    if (old) {
        event->flow.old_ofpacts = rule_actions_ref(old)->ofpacts;
        event->flow.old_ofpacts_size = old->size;
    }
    event->flow.origin = txn->origin;
    event->flow.origin.xid = change->xid;
    ofproto_queue_event(txn->ofproto, event);
}

static void
confirm_removed(struct txn *txn, const struct change *change)
{
    struct rule *rule = change->rule;

    if (change->reason != REASON_REPLACED)
        queue_flow_event(txn, change);
    rule->removed_reason = change->reason;
    rule->wants_final =
        change->reason < REASON_FLUSHED && rule->flags & OFPFF_SEND_FLOW_REM && !rule->is_hidden;
    rule_unpin(rule);
}

static void
confirm(struct txn *txn, struct change *change)
{
    switch (change->kind) {
    case CHANGE_RULE_ADDED:
        queue_flow_event(txn, change);
        break;
    case CHANGE_RULE_MODIFIED:
        if (change->event != FLOW_MODIFIED || !change->is_quiet)
            queue_flow_event(txn, change);
        break;
    case CHANGE_RULE_REMOVED:
        confirm_removed(txn, change);
        break;
    case CHANGE_GROUP_REMOVED:
        change->group->is_deleted = true;
        group_unref(change->group);
        break;
    case CHANGE_METER_MODIFIED:
        meter_provide(txn->ofproto, change->meter);
        break;
    case CHANGE_METER_REMOVED:
        meter_destroy(txn->ofproto, change->meter);
        break;
    case CHANGE_PORT_CONFIG:
        port_queue_status(txn->ofproto, ofproto_port(txn->ofproto, change->port_no), OFPPR_MODIFY);
        break;
    case CHANGE_GROUP_ADDED:
    case CHANGE_GROUP_MODIFIED:
    case CHANGE_METER_ADDED:
        break;
    }
}

/* Frees what the note itself holds; after undoing this is what the change had brought. */
static void
forget(struct change *change)
{
    if (change->kind == CHANGE_RULE_ADDED) {
        rule_unref(change->replaced);
    } else if (change->kind == CHANGE_RULE_MODIFIED) {
        rule_contents_destroy(change->old);
        free(change->old);
        free(change->old_stats);
        rule_unref(change->rule);
    } else if (change->kind == CHANGE_GROUP_MODIFIED) {
        group_contents_destroy(change->old_group);
        free(change->old_group);
        group_unref(change->group);
    } else if (change->kind == CHANGE_METER_MODIFIED) {
        free(change->old_meter);
    }
}

/* A table whose free space has crossed a threshold (OpenFlow 1.4, section 7.4.5). */
static void
check_vacancy(struct ofproto *ofproto, struct table *table)
{
    struct queued_event *event;
    uint8_t vacancy;

    if (!(table->config & OFPTC_VACANCY_EVENTS))
        return;
    vacancy = table_vacancy(table);
    if (table->is_vacancy_low ? vacancy < table->vacancy_up || vacancy <= table->vacancy_down
                              : vacancy > table->vacancy_down)
        return;
    event = xcalloc(1, sizeof *event);
    event->kind = QUEUED_TABLE;
    event->table_id = table->id;
    event->table_reason = table->is_vacancy_low ? OFPTR_VACANCY_UP : OFPTR_VACANCY_DOWN;
    table->is_vacancy_low = !table->is_vacancy_low;
    ofproto_queue_event(ofproto, event);
}

static bool
is_of_rule(const struct change *change)
{
    return change->kind <= CHANGE_RULE_REMOVED;
}

static void
note_rule_change(const struct txn *txn, const struct change *change, uint64_t version)
{
    struct ofproto *ofproto = txn->ofproto;
    struct table *table = &ofproto->tables[change->rule->table_id];

    table->version = version;
    check_vacancy(ofproto, table);
    if (ofproto->ops->rule_changed)
        ofproto->ops->rule_changed(ofproto->aux, ofproto, change->rule);
}

void
txn_commit(struct txn *txn)
{
    struct ofproto *ofproto = txn->ofproto;
    uint64_t version = ofproto_version(ofproto) + 1;
    bool is_seen = false, is_config = false;

    learned_settle(txn);
    for (size_t i = 0; i < txn->n; i++) {
        if (txn->changes[i].is_quiet)
            continue;
        is_seen = true;
        if (is_of_rule(&txn->changes[i]))
            note_rule_change(txn, &txn->changes[i], version);
        else
            is_config = true;
    }
    if (is_config)
        ofproto_changed(ofproto);
    else if (is_seen)
        ofproto_rules_changed(ofproto);
    ofproto->n_txns += txn->n > 0;
    unsaved_note_txn(txn);
    for (size_t i = 0; i < txn->n; i++) {
        confirm(txn, &txn->changes[i]);
        forget(&txn->changes[i]);
    }
    if (first_deadline(ofproto) < txn->first_deadline)
        ofproto->ops->wake(ofproto->aux);
    pthread_rwlock_unlock(&ofproto_lock);
    free(txn->changes);
}

void
txn_abort(struct txn *txn)
{
    for (size_t i = txn->n; i-- > 0;) {
        undo(txn, &txn->changes[i]);
        forget(&txn->changes[i]);
    }
    learned_forget_unused(&txn->ofproto->learned);
    pthread_rwlock_unlock(&ofproto_lock);
    free(txn->changes);
}

/* Has the devices take their ports' configuration. */
static enum ofperr
configure_ports(struct txn *txn)
{
    struct ofproto *ofproto = txn->ofproto;

    for (size_t i = 0; i < txn->n; i++) {
        struct change *change = &txn->changes[i];

        if (change->kind != CHANGE_PORT_CONFIG)
            continue;
        txn->msg = change->msg;
        if (ofproto->ops->port_config(ofproto->aux, ofproto,
                                      ofproto_port(ofproto, change->port_no)))
            return OFPERR_OFPPMFC_EPERM;
        change->is_applied = true;
    }
    return OFPERR_OK;
}

enum ofperr
txn_end(struct txn *txn, enum ofperr error)
{
    if (!error)
        error = configure_ports(txn);
    if (error)
        txn_abort(txn);
    else
        txn_commit(txn);
    return error;
}
