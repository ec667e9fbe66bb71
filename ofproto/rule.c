/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/openflow.h"

#include "lib/tally.h"
#include "ofproto/ofproto.h"

#include "ofproto/ofproto-private.h"
#include "ofproto/rule-actions.h"
#include "ofproto/save.h"

struct rule *
rule_create(struct ofproto *ofproto, struct table *table, const struct match *match,
            int32_t priority, int64_t now_ms)
{
    struct minimask *mask = classifier_mask(&table->cls, &match->mask);
    struct rule *rule = xcalloc(1, sizeof *rule + cls_rule_values_size(mask));

    atomic_init(&rule->n_refs, 1);
    atomic_init(&rule->n_pins, 1);
    rule->tally = tally_alloc();
    tally_use(rule->tally, now_ms);
    rule->ofproto = ofproto;
    rule->table_id = table->id;
    rule->heap_index = rule->evict_index = RULE_NO_DEADLINE;
    rule->created_ms = rule->modified_ms = now_ms;
    cls_rule_init(&rule->cls, mask, &match->flow, priority, NULL);
    return rule;
}

static void
rule_free(struct rule *rule)
{
    cls_rule_destroy(&rule->cls);
    if (rule->ofpacts)
        rule_actions_unref(rule_actions_of(rule->ofpacts));
    tally_free(rule->tally);
    free(rule->uses);
    free(rule);
}

struct rule *
rule_ref(struct rule *rule)
{
    atomic_fetch_add_explicit(&rule->n_refs, 1, memory_order_relaxed);
    return rule;
}

void
rule_unref(struct rule *rule)
{
    if (rule && atomic_fetch_sub_explicit(&rule->n_refs, 1, memory_order_acq_rel) == 1)
        rule_free(rule);
}

struct rule *
rule_pin(struct rule *rule)
{
    atomic_fetch_add_explicit(&rule->n_pins, 1, memory_order_relaxed);
    return rule;
}

void
rule_unpin(struct rule *rule)
{
    if (!rule || atomic_fetch_sub_explicit(&rule->n_pins, 1, memory_order_acq_rel) != 1)
        return;
    if (rule->wants_final)
        ofproto_queue_final(rule->ofproto, rule);
    else
        rule_unref(rule);
}

void
rule_credit(struct rule *rule, uint64_t n_packets, uint64_t n_bytes, int64_t used_ms)
{
    tally_add(rule->tally, n_packets, n_bytes);
    tally_use(rule->tally, used_ms);
}

void
rule_get_stats(const struct rule *rule, struct rule_stats *stats)
{
    const struct tally *tally = tally_at(rule->tally);

    stats->n_packets = atomic_load_explicit(&tally->n_packets, memory_order_relaxed);
    stats->n_bytes = atomic_load_explicit(&tally->n_bytes, memory_order_relaxed);
    stats->used_ms = atomic_load_explicit(&tally->used_ms, memory_order_relaxed);
}

static int64_t
hard_deadline(const struct rule *rule)
{
    int64_t start_ms = rule->is_learned ? rule->modified_ms : rule->created_ms;

    return rule->hard_timeout_s ? start_ms + rule->hard_timeout_s * INT64_C(1000) : INT64_MAX;
}

static int64_t
idle_deadline(const struct rule *rule)
{
    int64_t used_ms = atomic_load_explicit(&tally_at(rule->tally)->used_ms, memory_order_relaxed);

    return rule->idle_timeout_s ? used_ms + rule->idle_timeout_s * INT64_C(1000) : INT64_MAX;
}

int64_t
rule_deadline_ms(const struct rule *rule)
{
    return MIN(hard_deadline(rule), idle_deadline(rule));
}

uint8_t
rule_expiry_reason(const struct rule *rule, int64_t now_ms)
{
    return hard_deadline(rule) <= now_ms ? OFPRR_HARD_TIMEOUT : OFPRR_IDLE_TIMEOUT;
}

void
rule_arm(struct rule *rule)
{
    struct ofproto *ofproto = rule->ofproto;
    int64_t deadline = rule_deadline_ms(rule);

    if (deadline == INT64_MAX)
        rule_heap_remove(&ofproto->expiring, rule);
    else
        rule_heap_set(&ofproto->expiring, rule, deadline);
}

void
rule_arm_later(struct rule *rule, int64_t ms)
{
    rule_heap_set(&rule->ofproto->expiring, rule, MIN(hard_deadline(rule), ms));
}

void
rule_disarm(struct rule *rule)
{
    rule_heap_remove(&rule->ofproto->expiring, rule);
}

/* The shorter of two timeouts of which 0 is none. */
static uint16_t
shorter(uint16_t old, uint16_t new)
{
    return new && (!old || new < old) ? new : old;
}

void
rule_reduce_timeouts(struct rule *rule, uint16_t idle_timeout_s, uint16_t hard_timeout_s)
{
    struct ofproto *ofproto = rule->ofproto;

    pthread_rwlock_wrlock(&ofproto_lock);
    if (rule_is_installed(rule)) {
        rule->idle_timeout_s = shorter(rule->idle_timeout_s, idle_timeout_s);
        rule->hard_timeout_s = shorter(rule->hard_timeout_s, hard_timeout_s);
        rule_arm(rule);
        table_reorder(&ofproto->tables[rule->table_id], rule);
        unsaved_note_rule(ofproto, rule);
    }
    pthread_rwlock_unlock(&ofproto_lock);
    ofproto->ops->wake(ofproto->aux);
}
