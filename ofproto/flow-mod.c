/* SPDX-License-Identifier: Apache-2.0 */
/* What flow-mods do (OpenFlow 1.5, section 6.4, and section 4.6 of 1.0). */
#include "ofproto/openflow.h"

#include "ofproto/ofproto-private.h"

/* Flags that stay with a flow entry. */
#define STATE_FLAGS                                                                                \
    (OFPFF_SEND_FLOW_REM | OFPFF_CHECK_OVERLAP | OFPFF_RESET_COUNTS | OFPFF_NO_PKT_COUNTS |        \
     OFPFF_NO_BYT_COUNTS)

/* ---- Which flow entries a message is about -------------------------------------------------- */
struct selection {
    const struct ofp_flow_mod *fm;
    struct rule **rules;
    size_t n, max;
};

static bool
passes_filters(const struct rule *rule, const struct ofp_flow_mod *fm)
{
    bool is_delete = fm->command == OFPFC_DELETE || fm->command == OFPFC_DELETE_STRICT;

    if (rule->is_hidden || (rule->cookie ^ fm->cookie) & fm->cookie_mask)
        return false;
    if (!is_delete)
        return true;
    return (fm->out_port == OFPORT_ANY ||
            ofpacts_output_to_port(rule->ofpacts, rule->ofpacts_size, fm->out_port)) &&
           (fm->out_group == OFGROUP_ANY ||
            ofpacts_output_to_group(rule->ofpacts, rule->ofpacts_size, fm->out_group));
}

static bool
select_rule(void *selection_, struct cls_rule *cls)
{
    struct selection *selection = selection_;
    struct rule *rule = rule_from_cls(cls);

    if (!passes_filters(rule, selection->fm))
        return true;
    if (selection->n == selection->max) {
        selection->max = MAX(16, 2 * selection->max);
        selection->rules = xrealloc(selection->rules, selection->max * sizeof *selection->rules);
    }
    selection->rules[selection->n++] = rule;
    return true;
}

static void
select_in_table(struct selection *selection, const struct table *table, bool strict)
{
    const struct ofp_flow_mod *fm = selection->fm;
    struct cls_rule *cls;

    if (!table_n_flows(table))
        return;
    if (!strict) {
        classifier_visit(&table->cls, &fm->match.flow, &fm->match.mask, select_rule, selection);
        return;
    }
    cls = classifier_find(&table->cls, &fm->match.flow, &fm->match.mask, fm->priority);
    if (cls)
        select_rule(selection, cls);
}

static void
select_rules(struct selection *selection, const struct ofproto *ofproto,
             const struct ofp_flow_mod *fm, bool strict)
{
    *selection = (struct selection){.fm = fm};
    if (fm->table_id != OFTABLE_ALL) {
        select_in_table(selection, &ofproto->tables[fm->table_id], strict);
        return;
    }
    for (unsigned int i = 0; i < ofproto->n_tables; i++)
        select_in_table(selection, &ofproto->tables[i], strict);
}

/* ---- Adding --------------------------------------------------------------------------------- */
/* Makes room for one more entry of this importance. */
static enum ofperr
make_room(struct txn *txn, struct table *table, uint16_t importance)
{
    struct rule *victim;

    while (table_n_flows(table) >= table->max_flows) {
        table_order_victims(table);
        victim = table_victim(table, importance);
        if (!victim)
            return OFPERR_OFPFMFC_TABLE_FULL;
        txn_remove_rule(txn, victim, OFPRR_EVICTION);
    }
    return OFPERR_OK;
}

static void
fill_contents(struct rule_contents *contents, const struct ofp_flow_mod *fm, int64_t now_ms)
{
    contents->actions = rule_actions_get(fm->ofpacts, fm->ofpacts_size);
    contents->cookie = fm->new_cookie;
    contents->idle_timeout_s = fm->idle_timeout;
    contents->hard_timeout_s = fm->hard_timeout;
    contents->importance = fm->importance;
    contents->flags = fm->flags & STATE_FLAGS;
    contents->created_ms = contents->modified_ms = now_ms;
    contents->is_learned = false;
}

/* `replaced` NULL: none. */
static enum ofperr
add_new(struct txn *txn, struct table *table, const struct ofp_flow_mod *fm, struct rule *replaced)
{
    enum ofperr error = make_room(txn, table, fm->importance);
    struct rule_contents contents;
    struct rule *rule;

    if (error)
        return error;
    rule = rule_create(txn->ofproto, table, &fm->match, fm->priority, txn->now_ms);
    fill_contents(&contents, fm, txn->now_ms);
    rule_swap_contents(rule, &contents);
    txn_add_rule(txn, rule, replaced ? rule_ref(replaced) : NULL);
    return OFPERR_OK;
}

/* An entry of the same match and priority is replaced. Where its counters go on it stays the
 * same object, so that what is not credited yet comes to it; where they start from zero a new
 * one takes its place, so that this does not. */
static enum ofperr
replace(struct txn *txn, struct table *table, struct rule *rule, const struct ofp_flow_mod *fm)
{
    bool reset = fm->flags & OFPFF_RESET_COUNTS || txn->origin.version == OFP10;
    struct rule_contents contents;

    if (reset) {
        txn_remove_rule(txn, rule, REASON_REPLACED);
        return add_new(txn, table, fm, rule);
    }
    fill_contents(&contents, fm, txn->now_ms);
    rule_credit(rule, 0, 0, txn->now_ms);
    txn_modify_rule(txn, rule, &contents, FLOW_ADDED, false);
    return OFPERR_OK;
}

/* What the switch itself sets between tables (a recirculation, a hash) is none of a controller's
 * business: a match of it holds for packets that no table sees. */
static bool
matches_internals(const struct match *match)
{
    return match->flow.key.recirc_id || match->mask.key.hash;
}

static enum ofperr
add_flow(struct txn *txn, const struct ofp_flow_mod *fm)
{
    unsigned int table_id = fm->table_id == OFTABLE_ALL ? 0 : fm->table_id;
    struct table *table = &txn->ofproto->tables[table_id];
    struct cls_rule *same =
        classifier_find(&table->cls, &fm->match.flow, &fm->match.mask, fm->priority);

    if (matches_internals(&fm->match))
        return OFPERR_OFPBRC_EPERM;
    if (same && rule_from_cls(same)->is_hidden)
        return OFPERR_OFPFMFC_EPERM;
    if (fm->flags & OFPFF_CHECK_OVERLAP &&
        classifier_overlaps(&table->cls, &fm->match.flow, &fm->match.mask, fm->priority))
        return OFPERR_OFPFMFC_OVERLAP;
    return same ? replace(txn, table, rule_from_cls(same), fm) : add_new(txn, table, fm, NULL);
}

/* ---- Modifying and deleting ----------------------------------------------------------------- */
static void
modify_rule(struct txn *txn, struct rule *rule, const struct ofp_flow_mod *fm)
{
    struct rule_contents contents;

    rule_get_contents(rule, &contents);
    rule_contents_destroy(&contents);
    contents.actions = rule_actions_get(fm->ofpacts, fm->ofpacts_size);
    contents.modified_ms = txn->now_ms;
    if (fm->modify_cookie)
        contents.cookie = fm->new_cookie;
    txn_modify_rule(txn, rule, &contents, FLOW_MODIFIED, fm->flags & OFPFF_RESET_COUNTS);
}

static enum ofperr
modify_flows(struct txn *txn, const struct ofp_flow_mod *fm)
{
    struct selection selection;
    enum ofperr error = OFPERR_OK;

    select_rules(&selection, txn->ofproto, fm, fm->command == OFPFC_MODIFY_STRICT);
    for (size_t i = 0; i < selection.n; i++)
        modify_rule(txn, selection.rules[i], fm);
    if (!selection.n && fm->add_if_missing && !fm->cookie_mask)
        error = add_flow(txn, fm);
    free(selection.rules);
    return error;
}

static void
delete_flows(struct txn *txn, const struct ofp_flow_mod *fm)
{
    struct selection selection;

    select_rules(&selection, txn->ofproto, fm, fm->command == OFPFC_DELETE_STRICT);
    for (size_t i = 0; i < selection.n; i++)
        txn_remove_rule(txn, selection.rules[i], OFPRR_DELETE);
    free(selection.rules);
}

/* ---- Messages ------------------------------------------------------------------------------- */
struct target_check {
    const struct ofproto *ofproto;
    enum ofp_version version;
};

static int
check_target(const struct ofpact *ofpact, void *check_)
{
    const struct target_check *check = check_;
    uint32_t id;

    if (ofpact->type == OFPACT_GROUP) {
        id = ((const struct ofpact_group *)ofpact)->group_id;
        return group_find(check->ofproto, id) ? 0 : OFPERR_OFPBAC_BAD_OUT_GROUP;
    }
    if (ofpact->type == OFPACT_METER) {
        id = ((const struct ofpact_meter *)ofpact)->meter_id;
        if (id <= OFMETER_MAX && meter_find(check->ofproto, id))
            return 0;
        return check->version >= OFP15 ? OFPERR_OFPBAC_BAD_METER : OFPERR_OFPMMFC_INVALID_METER;
    }
    return 0;
}

enum ofperr
check_targets(const struct ofproto *ofproto, const struct ofpact *ofpacts, size_t size,
              enum ofp_version version)
{
    struct target_check check = {ofproto, version};

    return (enum ofperr)ofpacts_walk(ofpacts, size, check_target, &check);
}

enum ofperr
flow_mod_do(struct txn *txn, const struct ofp_flow_mod *fm)
{
    bool is_delete = fm->command == OFPFC_DELETE || fm->command == OFPFC_DELETE_STRICT;
    enum ofperr error = OFPERR_OK;

    if (fm->table_id != OFTABLE_ALL && fm->table_id >= txn->ofproto->n_tables)
        return OFPERR_OFPFMFC_BAD_TABLE_ID;
    if (!is_delete && !ofp_flow_fits(&fm->match, fm->ofpacts, fm->ofpacts_size))
        return OFPERR_OFPBAC_TOO_MANY;
    if (!is_delete)
        error = check_targets(txn->ofproto, fm->ofpacts, fm->ofpacts_size, txn->origin.version);
    if (!is_delete && !error)
        error = egress_check_flow(txn->ofproto->first_egress_table, fm->table_id, fm->ofpacts,
                                  fm->ofpacts_size);
    if (error)
        return error;
    switch (fm->command) {
    case OFPFC_ADD:
        return add_flow(txn, fm);
    case OFPFC_MODIFY:
    case OFPFC_MODIFY_STRICT:
        return modify_flows(txn, fm);
    case OFPFC_DELETE:
    case OFPFC_DELETE_STRICT:
        delete_flows(txn, fm);
        return OFPERR_OK;
    default:
        return OFPERR_OFPFMFC_BAD_COMMAND;
    }
}

/* Counters that are set to zero must not get what was counted before. */
static void
sync_before_reset(struct ofproto *ofproto, const struct ofp_flow_mod *fm)
{
    if (fm->flags & OFPFF_RESET_COUNTS &&
        (fm->command == OFPFC_MODIFY || fm->command == OFPFC_MODIFY_STRICT))
        ofproto_sync_stats(ofproto);
}

enum ofperr
ofproto_flow_mod(struct ofproto *ofproto, const struct ofp_flow_mod *fm,
                 const struct ofproto_origin *origin)
{
    struct txn txn;

    sync_before_reset(ofproto, fm);
    txn_begin(&txn, ofproto, origin);
    return txn_end(&txn, flow_mod_do(&txn, fm));
}

/* ---- Learned flows -------------------------------------------------------------------------- */
static struct rule *
find_same(const struct ofproto *ofproto, const struct ofp_flow_mod *fm)
{
    const struct table *table = &ofproto->tables[fm->table_id];

    return rule_from_cls(
        classifier_find(&table->cls, &fm->match.flow, &fm->match.mask, fm->priority));
}

static bool
has_contents(const struct rule *rule, const struct ofp_flow_mod *fm)
{
    return rule->idle_timeout_s == fm->idle_timeout && rule->hard_timeout_s == fm->hard_timeout &&
           rule->importance == fm->importance && rule->flags == (fm->flags & STATE_FLAGS);
}

/* Whether doing `fm` would only say that the rule is still in use. */
static bool
is_refresh(const struct rule *rule, const struct ofp_flow_mod *fm)
{
    return rule->ofpacts_size == fm->ofpacts_size &&
           (!fm->ofpacts_size || !memcmp(rule->ofpacts, fm->ofpacts, fm->ofpacts_size)) &&
           rule->cookie == fm->new_cookie && (fm->command != OFPFC_ADD || has_contents(rule, fm));
}

/* The most frequent case, for which nobody needs to wait. */
static bool
refresh(struct ofproto *ofproto, const struct ofp_flow_mod *fm)
{
    struct rule *rule;
    bool done;

    pthread_rwlock_rdlock(&ofproto_lock);
    rule = find_same(ofproto, fm);
    done = rule && is_refresh(rule, fm) && !rule->hard_timeout_s;
    if (done)
        rule_credit(rule, 0, 0, time_now_ms());
    pthread_rwlock_unlock(&ofproto_lock);
    return done;
}

/* The heap of deadlines may have an earlier one, which is then looked at again. */
static void
renew(struct rule *rule, int64_t now_ms)
{
    rule->is_learned = true;
    rule->modified_ms = now_ms;
    rule_credit(rule, 0, 0, now_ms);
}

struct cookie_count {
    uint64_t cookie;
    uint32_t n, max;
};

static bool
count_cookie(void *count_, struct cls_rule *cls)
{
    struct cookie_count *count = count_;

    count->n += rule_from_cls(cls)->cookie == count->cookie;
    return count->n < count->max;
}

static bool
is_at_limit(const struct table *table, const struct ofp_flow_mod *fm, uint32_t limit)
{
    static const struct flow all;
    struct cookie_count count = {.cookie = fm->new_cookie, .max = limit};

    if (!limit)
        return false;
    classifier_visit(&table->cls, &all, &all, count_cookie, &count);
    return count.n >= limit;
}

bool
ofproto_can_learn(const struct ofproto *ofproto, const struct ofp_flow_mod *fm, uint32_t limit)
{
    const struct table *table = &ofproto->tables[fm->table_id];
    const struct rule *same;

    if (fm->table_id >= ofproto->n_tables)
        return false;
    same = find_same(ofproto, fm);
    if (same)
        return !same->is_hidden;
    return !is_at_limit(table, fm, limit) &&
           (table_n_flows(table) < table->max_flows || table_victim(table, fm->importance));
}

enum ofperr
ofproto_learn(struct ofproto *ofproto, const struct ofp_flow_mod *fm, uint32_t limit,
              bool *is_limited)
{
    bool adds = fm->command == OFPFC_ADD || fm->add_if_missing;
    enum ofperr error = OFPERR_OK;
    struct rule *rule;
    struct txn txn;

    *is_limited = false;
    if (fm->table_id >= ofproto->n_tables)
        return OFPERR_OFPFMFC_BAD_TABLE_ID;
    if (refresh(ofproto, fm))
        return OFPERR_OK;
    txn_begin(&txn, ofproto, NULL);
    rule = find_same(ofproto, fm);
    *is_limited = !rule && adds && is_at_limit(&ofproto->tables[fm->table_id], fm, limit);
    if (!*is_limited && !(rule && is_refresh(rule, fm)))
        error = flow_mod_do(&txn, fm);
    rule = error ? NULL : find_same(ofproto, fm);
    if (rule && !rule->is_hidden)
        renew(rule, txn.now_ms);
    return txn_end(&txn, error);
}
