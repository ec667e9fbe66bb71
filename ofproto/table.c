/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/openflow.h"

#include "ofproto/ofproto.h"

#include "lib/tally.h"
#include "ofproto/ofproto-private.h"

struct rule *
table_lookup(const struct table *table, const struct flow *flow, struct flow *wc)
{
    return rule_from_cls(classifier_lookup(&table->cls, flow, wc));
}

void
table_credit(struct table *table, uint64_t n_lookups, uint64_t n_matches)
{
    tally_add(table->tally, n_lookups, n_matches);
}

uint8_t
table_vacancy(const struct table *table)
{
    size_t n = table_n_flows(table);

    if (table->max_flows == UINT32_MAX)
        return 100;
    return n >= table->max_flows ? 0 : (uint8_t)((table->max_flows - n) * 100 / table->max_flows);
}

void
table_init(struct table *table, uint8_t id)
{
    memset(table, 0, sizeof *table);
    table->id = id;
    table->tally = tally_alloc();
    table->max_flows = UINT32_MAX;
    classifier_init(&table->cls);
    rule_heap_init(&table->evictable, offsetof(struct rule, evict_index));
}

void
table_destroy(struct table *table)
{
    rule_heap_destroy(&table->evictable);
    classifier_destroy(&table->cls);
    tally_free(table->tally);
}

/* 0 leaves the choice to the switch: both. */
uint32_t
table_eviction_flags(const struct table *table)
{
    return table->eviction_flags ? table->eviction_flags : OFPTMPEF_IMPORTANCE | OFPTMPEF_LIFETIME;
}

/* What goes first has the smallest key: by importance, then by remaining lifetime, each if the
 * flags say so (OpenFlow 1.4, section 7.3.4.1). */
static int64_t
eviction_key(const struct table *table, const struct rule *rule)
{
    uint32_t flags = table_eviction_flags(table);
    int64_t deadline = rule_deadline_ms(rule), max = (INT64_C(1) << 46) - 1;
    int64_t importance = rule->importance;

    if (!(flags & OFPTMPEF_IMPORTANCE))
        importance = 0;
    if (!(flags & OFPTMPEF_LIFETIME))
        deadline = rule->created_ms;
    return (importance << 46) + MIN(deadline, max);
}

void
table_reorder(struct table *table, struct rule *rule)
{
    if (table->config & OFPTC_EVICTION && !rule->is_hidden)
        rule_heap_set(&table->evictable, rule, eviction_key(table, rule));
}

void
table_insert(struct table *table, struct rule *rule)
{
    classifier_insert(&table->cls, &rule->cls);
    table_reorder(table, rule);
}

void
table_remove(struct table *table, struct rule *rule)
{
    rule_heap_remove(&table->evictable, rule);
    classifier_remove(&table->cls, &rule->cls);
}

struct rule *
table_victim(const struct table *table, uint16_t importance)
{
    const struct rule_heap_item *first = rule_heap_first(&table->evictable);
    bool counts = table_eviction_flags(table) & OFPTMPEF_IMPORTANCE;

    if (!first || (counts && first->rule->importance > importance))
        return NULL;
    return first->rule;
}

void
table_order_victims(struct table *table)
{
    const struct rule_heap_item *first;

    while ((first = rule_heap_first(&table->evictable)) != NULL &&
           first->key != eviction_key(table, first->rule))
        table_reorder(table, first->rule);
}

static bool
make_evictable(void *table_, struct cls_rule *cls)
{
    table_reorder((struct table *)table_, rule_from_cls(cls));
    return true;
}

void
table_set_eviction(struct table *table, bool on, uint32_t eviction_flags)
{
    static const struct flow all;

    table->config &= ~(uint32_t)OFPTC_EVICTION;
    table->eviction_flags = eviction_flags;
    rule_heap_destroy(&table->evictable);
    if (!on)
        return;
    table->config |= OFPTC_EVICTION;
    classifier_visit(&table->cls, &all, &all, make_evictable, table);
}
