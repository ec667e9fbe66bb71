/* SPDX-License-Identifier: Apache-2.0 */
/* What statistics requests ask, what is configured about tables, and hidden flow entries. */
#include "ofproto/openflow.h"

#include "ofproto/ofproto-private.h"
#include "ofproto/save.h"

void
ofproto_sync_stats(struct ofproto *ofproto)
{
    ofproto->ops->sync_stats(ofproto->aux, ofproto);
}

/* ---- Flow entries --------------------------------------------------------------------------- */
struct collection {
    const struct ofproto_flow_filter *filter;
    struct ofproto_rules *rules;
    size_t max;
};

static bool
passes(const struct rule *rule, const struct ofproto_flow_filter *filter)
{
    return !rule->is_hidden && !((rule->cookie ^ filter->cookie) & filter->cookie_mask) &&
           (filter->out_port == OFPORT_ANY ||
            ofpacts_output_to_port(rule->ofpacts, rule->ofpacts_size, filter->out_port)) &&
           (filter->out_group == OFGROUP_ANY ||
            ofpacts_output_to_group(rule->ofpacts, rule->ofpacts_size, filter->out_group));
}

static bool
collect(void *collection_, struct cls_rule *cls)
{
    struct collection *collection = collection_;
    struct ofproto_rules *rules = collection->rules;
    struct rule *rule = rule_from_cls(cls);

    if (!passes(rule, collection->filter))
        return true;
    if (rules->n == collection->max) {
        collection->max = MAX(64, 2 * collection->max);
        rules->rules = xrealloc(rules->rules, collection->max * sizeof *rules->rules);
    }
    rules->rules[rules->n++] = rule_ref(rule);
    return true;
}

static void
collect_from_table(const struct table *table, struct collection *collection)
{
    static const struct match all;
    const struct match *match = collection->filter->match ? collection->filter->match : &all;

    classifier_visit(&table->cls, &match->flow, &match->mask, collect, collection);
}

/* ---- All flow entries ----------------------------------------------------------------------- */
#define PART_SLOTS 4096 /* Of a walk, between two unlockings. */
#define MAX_RESTARTS 8

/* By digits of the address, the last first: several times as fast as comparing. */
void
rules_sort(struct rule **rules, size_t n)
{
    enum { BITS = 11, N_DIGITS = 1 << BITS };
    struct rule **from = rules, **to = xcalloc(n, sizeof *to), **swap;

    for (unsigned int shift = 4; shift < 4 + 4 * BITS; shift += BITS) {
        size_t starts[N_DIGITS + 1] = {0};

        for (size_t i = 0; i < n; i++)
            starts[((uintptr_t)from[i] >> shift) % N_DIGITS + 1]++;
        for (unsigned int d = 0; d < N_DIGITS; d++)
            starts[d + 1] += starts[d];
        for (size_t i = 0; i < n; i++)
            to[starts[((uintptr_t)from[i] >> shift) % N_DIGITS]++] = from[i];
        swap = from;
        from = to;
        to = swap;
    }
    free(to); /* After an even number of rounds the caller's memory has them. */
}

/* A million at once would hold up whoever changes tables for a tenth of a second. Only where the
 * classifier does not keep still, the rest comes in one go. */
static void
collect_in_parts(const struct classifier *cls, struct collection *collection)
{
    struct classifier_walk walk = {0};
    bool has_more;

    do {
        uint32_t n_slots = walk.n_restarts > MAX_RESTARTS ? UINT32_MAX : PART_SLOTS;

        pthread_rwlock_rdlock(&ofproto_lock);
        has_more = classifier_walk(cls, &walk, n_slots, collect, collection);
        pthread_rwlock_unlock(&ofproto_lock);
    } while (has_more);
}

/* Of sorted ones. */
static void
drop_duplicates(struct ofproto_rules *rules)
{
    size_t n = 0;

    for (size_t i = 0; i < rules->n; i++) {
        if (n && rules->rules[n - 1] == rules->rules[i])
            rule_unref(rules->rules[i]);
        else
            rules->rules[n++] = rules->rules[i];
    }
    rules->n = n;
}

void
ofproto_collect_all(struct ofproto *ofproto, struct ofproto_rules *rules)
{
    const struct ofproto_flow_filter all = {.out_port = OFPORT_ANY, .out_group = OFGROUP_ANY};
    struct collection collection = {.filter = &all, .rules = rules};

    *rules = (struct ofproto_rules){.n = 0};
    for (unsigned int i = 0; i < ofproto->n_tables; i++)
        collect_in_parts(&ofproto->tables[i].cls, &collection);
    rules_sort(rules->rules, rules->n);
    drop_duplicates(rules);
}

/* ---- Those that somebody asks for ----------------------------------------------------------- */
enum ofperr
ofproto_collect(struct ofproto *ofproto, const struct ofproto_flow_filter *filter,
                struct ofproto_rules *rules)
{
    struct collection collection = {.filter = filter, .rules = rules};

    *rules = (struct ofproto_rules){.n = 0};
    if (filter->table_id != OFTABLE_ALL && filter->table_id >= ofproto->n_tables)
        return OFPERR_OFPBRC_BAD_TABLE_ID;
    ofproto_sync_stats(ofproto);
    pthread_rwlock_rdlock(&ofproto_lock);
    if (filter->table_id != OFTABLE_ALL) {
        collect_from_table(&ofproto->tables[filter->table_id], &collection);
    } else {
        for (unsigned int i = 0; i < ofproto->n_tables; i++)
            collect_from_table(&ofproto->tables[i], &collection);
    }
    pthread_rwlock_unlock(&ofproto_lock);
    return OFPERR_OK;
}

void
ofproto_rules_free(struct ofproto_rules *rules)
{
    for (size_t i = 0; i < rules->n; i++)
        rule_unref(rules->rules[i]);
    free(rules->rules);
    *rules = (struct ofproto_rules){.n = 0};
}

enum ofperr
ofproto_aggregate(struct ofproto *ofproto, const struct ofproto_flow_filter *filter,
                  struct ofproto_aggregate *aggregate)
{
    struct ofproto_rules rules;
    enum ofperr error = ofproto_collect(ofproto, filter, &rules);

    memset(aggregate, 0, sizeof *aggregate);
    if (error)
        return error;
    for (size_t i = 0; i < rules.n; i++) {
        struct rule_stats stats;

        rule_get_stats(rules.rules[i], &stats);
        aggregate->n_packets += stats.n_packets;
        aggregate->n_bytes += stats.n_bytes;
        aggregate->n_flows++;
    }
    ofproto_rules_free(&rules);
    return OFPERR_OK;
}

/* ---- Tables --------------------------------------------------------------------------------- */
static enum ofperr
check_table_mod(const struct ofproto *ofproto, const struct ofp_table_mod *tm)
{
    uint32_t flags = OFPTMPEF_OTHER | OFPTMPEF_IMPORTANCE | OFPTMPEF_LIFETIME;

    if (tm->table_id != OFTABLE_ALL && tm->table_id >= ofproto->n_tables)
        return OFPERR_OFPTMFC_BAD_TABLE;
    if (tm->config & ~(uint32_t)(OFPTC_DEPRECATED_MASK | OFPTC_EVICTION | OFPTC_VACANCY_EVENTS) ||
        (tm->has_eviction && tm->eviction_flags & ~flags))
        return OFPERR_OFPTMFC_BAD_CONFIG;
    if (tm->has_vacancy && (tm->vacancy_up > 100 || tm->vacancy_down > tm->vacancy_up))
        return OFPERR_OFPBPC_BAD_VALUE;
    return OFPERR_OK;
}

static void
set_vacancy(struct table *table, const struct ofp_table_mod *tm)
{
    table->config &= ~(uint32_t)OFPTC_VACANCY_EVENTS;
    table->config |= tm->config & OFPTC_VACANCY_EVENTS;
    if (tm->has_vacancy) {
        table->vacancy_down = tm->vacancy_down;
        table->vacancy_up = tm->vacancy_up;
    }
    table->is_vacancy_low = table_vacancy(table) < table->vacancy_up;
}

static void
configure_table(struct table *table, const struct ofp_table_mod *tm)
{
    table_set_eviction(table, tm->config & OFPTC_EVICTION,
                       tm->has_eviction ? tm->eviction_flags : table->eviction_flags);
    set_vacancy(table, tm);
}

enum ofperr
ofproto_table_mod(struct ofproto *ofproto, const struct ofp_table_mod *tm,
                  const struct ofproto_origin *origin)
{
    enum ofperr error = check_table_mod(ofproto, tm);

    (void)origin;
    if (error)
        return error;
    pthread_rwlock_wrlock(&ofproto_lock);
    for (unsigned int i = 0; i < ofproto->n_tables; i++) {
        if (tm->table_id == OFTABLE_ALL || tm->table_id == i)
            configure_table(&ofproto->tables[i], tm);
    }
    unsaved_note_config(ofproto);
    ofproto_changed(ofproto);
    pthread_rwlock_unlock(&ofproto_lock);
    return OFPERR_OK;
}

/* Where egress processing starts when the request is done. */
static uint8_t
first_egress_after(const struct ofproto *ofproto, const struct ofp_table_features_mod *mods,
                   size_t n)
{
    uint8_t first = ofproto->first_egress_table;

    for (size_t i = 0; i < n; i++) {
        if (!mods[i].sets_egress)
            continue;
        if (mods[i].is_first_egress)
            first = mods[i].table_id;
        else if (first == mods[i].table_id)
            first = OFTABLE_ALL;
    }
    return first;
}

/* Under the lock. */
static enum ofperr
set_first_egress(struct ofproto *ofproto, uint8_t first)
{
    if (first == ofproto->first_egress_table)
        return OFPERR_OK;
    if (!egress_fits_flows(ofproto, first))
        return OFPERR_OFPTFFC_EPERM;
    ofproto->first_egress_table = first;
    ofproto_changed(ofproto);
    return OFPERR_OK;
}

enum ofperr
ofproto_table_features(struct ofproto *ofproto, const struct ofp_table_features_mod *mods, size_t n)
{
    enum ofperr error;

    for (size_t i = 0; i < n; i++) {
        if (mods[i].table_id >= ofproto->n_tables)
            return OFPERR_OFPTFFC_BAD_TABLE;
        if (!mods[i].max_entries ||
            mods[i].max_entries < table_n_flows(&ofproto->tables[mods[i].table_id]))
            return OFPERR_OFPTFFC_EPERM;
        if (mods[i].is_first_egress && !mods[i].table_id)
            return OFPERR_OFPTFFC_BAD_FEATURES;
    }
    pthread_rwlock_wrlock(&ofproto_lock);
    error = set_first_egress(ofproto, first_egress_after(ofproto, mods, n));
    for (size_t i = 0; i < n && !error; i++) {
        struct table *table = &ofproto->tables[mods[i].table_id];

        memcpy(table->name, mods[i].name, sizeof table->name);
        table->max_flows = mods[i].max_entries;
    }
    unsaved_note_config(ofproto);
    pthread_rwlock_unlock(&ofproto_lock);
    return error;
}

/* ---- Hidden flow entries -------------------------------------------------------------------- */
static struct rule *
find_hidden(const struct ofproto *ofproto, const struct match *match, int32_t priority)
{
    return rule_from_cls(
        classifier_find(&ofproto->tables[0].cls, &match->flow, &match->mask, priority));
}

void
ofproto_hidden_flow_add(struct ofproto *ofproto, const struct match *match, int32_t priority,
                        const struct ofpact *ofpacts, size_t ofpacts_size)
{
    struct rule_contents contents = {.actions = rule_actions_get(ofpacts, ofpacts_size)};
    struct rule *rule;
    struct txn txn;

    txn_begin(&txn, ofproto, NULL);
    rule = find_hidden(ofproto, match, priority);
    if (rule)
        txn_remove_rule(&txn, rule, REASON_REPLACED);
    rule = rule_create(ofproto, &ofproto->tables[0], match, priority, txn.now_ms);
    rule->is_hidden = true;
    contents.created_ms = contents.modified_ms = txn.now_ms;
    rule_swap_contents(rule, &contents);
    txn_add_rule(&txn, rule, NULL);
    txn_commit(&txn);
}

void
ofproto_hidden_flow_delete(struct ofproto *ofproto, const struct match *match, int32_t priority)
{
    struct rule *rule;
    struct txn txn;

    txn_begin(&txn, ofproto, NULL);
    rule = find_hidden(ofproto, match, priority);
    if (rule && rule->is_hidden)
        txn_remove_rule(&txn, rule, REASON_REPLACED);
    txn_commit(&txn);
}
