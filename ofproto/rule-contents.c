/* SPDX-License-Identifier: Apache-2.0 */
/* Rules in and out of their tables, with what hangs on that: deadlines, and the lists of groups
 * and meters. */
#include "ofproto/openflow.h"

#include "ofproto/ofproto-private.h"

void
rule_get_contents(const struct rule *rule, struct rule_contents *contents)
{
    contents->actions = rule->ofpacts ? rule_actions_ref(rule_actions_of(rule->ofpacts)) : NULL;
    contents->cookie = rule->cookie;
    contents->idle_timeout_s = rule->idle_timeout_s;
    contents->hard_timeout_s = rule->hard_timeout_s;
    contents->importance = rule->importance;
    contents->flags = rule->flags;
    contents->created_ms = rule->created_ms;
    contents->modified_ms = rule->modified_ms;
    contents->is_learned = rule->is_learned;
}

void
rule_contents_destroy(struct rule_contents *contents)
{
    if (contents->actions)
        rule_actions_unref(contents->actions);
}

/* ---- Uses ----------------------------------------------------------------------------------- */
static int
count_use(const struct ofpact *ofpact, void *n)
{
    *(size_t *)n += ofpact->type == OFPACT_GROUP || ofpact->type == OFPACT_METER;
    return 0;
}

static void
link_use(struct rule_use *use, struct list *uses, size_t *n_uses)
{
    list_push_back(uses, &use->link);
    use->n_uses = n_uses;
    ++*n_uses;
}

static int
add_use(const struct ofpact *ofpact, void *rule_)
{
    struct rule *rule = rule_;
    struct rule_use *use;
    struct group *group;
    struct meter *meter;

    if (ofpact->type != OFPACT_GROUP && ofpact->type != OFPACT_METER)
        return 0;
    use = &rule->uses->items[rule->uses->n++];
    use->rule = rule;
    use->n_uses = NULL;
    list_init(&use->link);
    if (ofpact->type == OFPACT_GROUP) {
        group = group_find(rule->ofproto, ((const struct ofpact_group *)ofpact)->group_id);
        if (group)
            link_use(use, &group->uses, &group->n_uses);
    } else {
        meter = meter_find(rule->ofproto, ((const struct ofpact_meter *)ofpact)->meter_id);
        if (meter)
            link_use(use, &meter->uses, &meter->n_uses);
    }
    return 0;
}

/* Enters the rule into the lists of the groups and meters that its actions name. */
static void
link_uses(struct rule *rule)
{
    size_t n = 0;

    ofpacts_walk(rule->ofpacts, rule->ofpacts_size, count_use, &n);
    if (!n)
        return;
    rule->uses = xcalloc(1, sizeof *rule->uses + n * sizeof(struct rule_use));
    ofpacts_walk(rule->ofpacts, rule->ofpacts_size, add_use, rule);
}

static void
unlink_uses(struct rule *rule)
{
    if (!rule->uses)
        return;
    for (size_t i = 0; i < rule->uses->n; i++) {
        struct rule_use *use = &rule->uses->items[i];

        if (use->n_uses)
            --*use->n_uses;
        list_remove(&use->link);
    }
    free(rule->uses);
    rule->uses = NULL;
}

/* ---- In and out ----------------------------------------------------------------------------- */
static struct table *
table_of(const struct rule *rule)
{
    return &rule->ofproto->tables[rule->table_id];
}

static void
count_egress(const struct rule *rule, int by)
{
    egress_count(rule->ofproto, rule->table_id, rule_actions_of(rule->ofpacts), by);
}

void
rule_install(struct rule *rule)
{
    table_insert(table_of(rule), rule);
    count_egress(rule, 1);
    rule->ofproto->n_flows++;
    rule->state = RULE_INSTALLED;
    rule_arm(rule);
    link_uses(rule);
    learned_use(&rule->ofproto->learned, rule_actions_of(rule->ofpacts));
}

void
rule_uninstall(struct rule *rule)
{
    learned_unuse(&rule->ofproto->learned, rule_actions_of(rule->ofpacts));
    unlink_uses(rule);
    rule_disarm(rule);
    table_remove(table_of(rule), rule);
    count_egress(rule, -1);
    rule->ofproto->n_flows--;
    rule->state = RULE_REMOVED;
}

/* Takes over the reference to `actions`. */
static void
set_actions(struct rule *rule, struct rule_actions *actions)
{
    bool is_reclassified =
        rule_is_installed(rule) && rule->cls.conjunctions != actions->conjunctions;

    if (is_reclassified)
        classifier_remove(&table_of(rule)->cls, &rule->cls);
    rule->ofpacts = actions->ofpacts;
    rule->ofpacts_size = actions->size;
    rule->cls.conjunctions = actions->conjunctions;
    if (is_reclassified)
        classifier_insert(&table_of(rule)->cls, &rule->cls);
}

void
rule_swap_contents(struct rule *rule, struct rule_contents *contents)
{
    struct rule_contents old;

    rule_get_contents(rule, &old);
    if (rule->ofpacts)
        rule_actions_unref(rule_actions_of(rule->ofpacts)); /* `old` has one. */
    if (rule_is_installed(rule)) {
        unlink_uses(rule);
        count_egress(rule, -1);
    }
    set_actions(rule, contents->actions);
    rule->cookie = contents->cookie;
    rule->idle_timeout_s = contents->idle_timeout_s;
    rule->hard_timeout_s = contents->hard_timeout_s;
    rule->importance = contents->importance;
    rule->flags = contents->flags;
    rule->created_ms = contents->created_ms;
    rule->modified_ms = contents->modified_ms;
    rule->is_learned = contents->is_learned;
    if (rule_is_installed(rule)) {
        link_uses(rule);
        count_egress(rule, 1);
        rule_arm(rule);
        table_reorder(table_of(rule), rule);
        learned_use(&rule->ofproto->learned, contents->actions);
        learned_unuse(&rule->ofproto->learned, old.actions);
    }
    *contents = old;
}
