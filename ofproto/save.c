/* SPDX-License-Identifier: Apache-2.0 */
/* State to bytes. */
#include "ofproto/openflow.h"

#include "ofproto/save.h"

#include "ofproto/ofproto-private.h"
#include "ofproto/save-format.h"

#define LOG_MODULE "save"
#include "lib/log.h"

#define CHUNK 256        /* Flow entries between two unlockings. */
#define BUCKETS_A_MSG 64 /* A message has 64 KiB at most. */

/* ---- What is noted ---- */
struct id_list {
    uint32_t *ids;
    size_t n, max;
};

struct unsaved {
    struct rule **rules; /* References, each once (is_unsaved). */
    size_t n_rules, max_rules;
    struct id_list groups, meters;
    bool config;
    void (*wake)(void *aux);
    void *aux;
};

void
ofproto_save_start(struct ofproto *ofproto, void (*wake)(void *aux), void *aux)
{
    struct unsaved *unsaved = xcalloc(1, sizeof *unsaved);

    unsaved->wake = wake;
    unsaved->aux = aux;
    pthread_rwlock_wrlock(&ofproto_lock);
    ofproto->unsaved = unsaved;
    pthread_rwlock_unlock(&ofproto_lock);
}

void
unsaved_destroy(struct ofproto *ofproto)
{
    struct unsaved *unsaved = ofproto->unsaved;

    if (!unsaved)
        return;
    for (size_t i = 0; i < unsaved->n_rules; i++)
        rule_unref(unsaved->rules[i]);
    free(unsaved->rules);
    free(unsaved->groups.ids);
    free(unsaved->meters.ids);
    free(unsaved);
    ofproto->unsaved = NULL;
}

static bool
has_any(const struct unsaved *unsaved)
{
    return unsaved->n_rules || unsaved->groups.n || unsaved->meters.n || unsaved->config;
}

static void
wake_if_first(struct unsaved *unsaved, bool had_any)
{
    if (!had_any && has_any(unsaved))
        unsaved->wake(unsaved->aux);
}

static void
note_id(struct id_list *list, uint32_t id)
{
    if (list->n && list->ids[list->n - 1] == id)
        return;
    if (list->n == list->max) {
        list->max = MAX(16, 2 * list->max);
        list->ids = xrealloc(list->ids, list->max * sizeof *list->ids);
    }
    list->ids[list->n++] = id;
}

static void
note_rule(struct unsaved *unsaved, struct rule *rule)
{
    if (rule->is_unsaved || rule->is_hidden)
        return;
    if (unsaved->n_rules == unsaved->max_rules) {
        unsaved->max_rules = MAX(16, 2 * unsaved->max_rules);
        unsaved->rules = xrealloc(unsaved->rules, unsaved->max_rules * sizeof *unsaved->rules);
    }
    rule->is_unsaved = true;
    unsaved->rules[unsaved->n_rules++] = rule_ref(rule);
}

static void
note_change(struct unsaved *unsaved, const struct change *change)
{
    switch (change->kind) {
    case CHANGE_RULE_ADDED:
    case CHANGE_RULE_MODIFIED:
    case CHANGE_RULE_REMOVED:
        note_rule(unsaved, change->rule);
        break;
    case CHANGE_GROUP_ADDED:
    case CHANGE_GROUP_MODIFIED:
    case CHANGE_GROUP_REMOVED:
        note_id(&unsaved->groups, change->group->id);
        break;
    case CHANGE_METER_ADDED:
    case CHANGE_METER_MODIFIED:
    case CHANGE_METER_REMOVED:
        note_id(&unsaved->meters, change->meter->config.meter_id);
        break;
    case CHANGE_PORT_CONFIG:
        unsaved->config = true;
        break;
    }
}

void
unsaved_note_txn(struct txn *txn)
{
    struct unsaved *unsaved = txn->ofproto->unsaved;
    bool had_any = unsaved && has_any(unsaved);

    if (!unsaved)
        return;
    for (size_t i = 0; i < txn->n; i++)
        note_change(unsaved, &txn->changes[i]);
    wake_if_first(unsaved, had_any);
}

void
unsaved_note_config(struct ofproto *ofproto)
{
    struct unsaved *unsaved = ofproto->unsaved;
    bool had_any = unsaved && has_any(unsaved);

    if (!unsaved)
        return;
    unsaved->config = true;
    wake_if_first(unsaved, had_any);
}

void
unsaved_note_rule(struct ofproto *ofproto, struct rule *rule)
{
    struct unsaved *unsaved = ofproto->unsaved;
    bool had_any = unsaved && has_any(unsaved);

    if (!unsaved)
        return;
    note_rule(unsaved, rule);
    wake_if_first(unsaved, had_any);
}

/* ---- Entries ---- */
/* Begins an entry with its fixed part; put_end() says how long it became. */
static size_t
put_begin(struct buf *out, enum saved_kind kind, const void *fixed, size_t size)
{
    struct saved_entry entry = {.kind = kind};
    size_t at = out->size;

    buf_put(out, &entry, sizeof entry);
    buf_put(out, fixed, size);
    return at;
}

static void
put_end(struct buf *out, size_t at)
{
    buf_put_zeros(out, ROUND_UP(out->size, 8) - out->size);
    ((struct saved_entry *)(out->data + at))->size = out->size - at - sizeof(struct saved_entry);
}

static void
put_fixed(struct buf *out, enum saved_kind kind, const void *fixed, size_t size)
{
    put_end(out, put_begin(out, kind, fixed, size));
}

static struct saved_tally
get_tally(uint32_t slot)
{
    const struct tally *tally = tally_at(slot);

    return (struct saved_tally){.n_packets = tally->n_packets,
                                .n_bytes = tally->n_bytes,
                                .used_ms = tally->used_ms,
                                .slot = slot};
}

static void
put_flow_mod(struct buf *out, const struct rule *rule, uint8_t command)
{
    struct ofp_flow_mod fm = {
        .priority = rule_priority(rule),
        .command = command,
        .table_id = rule->table_id,
        .new_cookie = rule->cookie,
        .idle_timeout = rule->idle_timeout_s,
        .hard_timeout = rule->hard_timeout_s,
        .importance = rule->importance,
        .flags = rule->flags,
        .buffer_id = OFBUFFER_NONE,
        .out_port = OFPORT_ANY,
        .out_group = OFGROUP_ANY,
    };

    if (command == OFPFC_ADD) {
        fm.ofpacts = rule->ofpacts;
        fm.ofpacts_size = rule->ofpacts_size;
    }
    cls_rule_expand(&rule->cls, &fm.match.flow, &fm.match.mask);
    ofp_flow_mod_encode(&fm, OFP15, 0, false, false, out);
}

/* Lock: read. */
static void
put_rule(struct buf *out, const struct rule *rule)
{
    bool is_there = rule_is_installed(rule);
    struct saved_rule fixed = {
        .tally = get_tally(rule->tally),
        .created_ms = rule->created_ms,
        .modified_ms = rule->modified_ms,
    };
    size_t at, msg_at;

    fixed.tally.owner = rule->is_learned;
    at = put_begin(out, is_there ? SAVED_RULE : SAVED_RULE_GONE, &fixed, sizeof fixed);
    msg_at = out->size;
    put_flow_mod(out, rule, is_there ? OFPFC_ADD : OFPFC_DELETE_STRICT);
    if (out->size == msg_at) {
        log_err("a flow entry of table %u, cookie 0x%llx, is too long to be saved", rule->table_id,
                (unsigned long long)rule->cookie);
        out->size = at;
        return;
    }
    put_end(out, at);
}

static struct ofp_bucket *
describe_bucket(const struct bucket *bucket)
{
    struct ofp_bucket *copy = xcalloc(1, sizeof *copy);

    copy->weight = bucket->weight;
    copy->watch_port = bucket->watch_port;
    copy->watch_group = bucket->watch_group;
    copy->bucket_id = bucket->id;
    copy->ofpacts = bucket->ofpacts_size ? xmemdup(bucket->ofpacts, bucket->ofpacts_size) : NULL;
    copy->ofpacts_size = bucket->ofpacts_size;
    return copy;
}

static void
put_group_mod(struct buf *out, const struct group *group, uint16_t command, size_t from, size_t to)
{
    struct ofp_group_mod gm = {
        .command = command,
        .type = group->type,
        .group_id = group->id,
        .command_bucket_id =
            command == OFPGC_INSERT_BUCKET ? OFPG_BUCKET_LAST : (uint32_t)OFPG_BUCKET_ALL,
    };

    list_init(&gm.buckets);
    for (size_t i = from; i < to; i++)
        list_push_back(&gm.buckets, &describe_bucket(group->buckets[i])->node);
    if (group->props)
        gm.props = *group->props;
    ofp_group_mod_encode(&gm, OFP15, 0, out);
    ofp_group_mod_destroy(&gm);
}

/* As many buckets from `from` on as a message has room for; returns how many. */
static size_t
put_buckets(struct buf *out, const struct group *group, size_t from)
{
    size_t n = MIN(group->n_buckets - from, BUCKETS_A_MSG), size = out->size;

    for (;; n /= 2) {
        put_group_mod(out, group, from ? OFPGC_INSERT_BUCKET : OFPGC_MODIFY, from, from + n);
        if (out->size != size || !n)
            return n;
    }
}

/* The group alone, so that others can name it before its buckets come. */
static void
put_group_stub(struct buf *out, const struct group *group)
{
    const struct saved_id fixed = {.id = group->id};

    put_fixed(out, SAVED_GROUP_STUB, &fixed, sizeof fixed);
}

static void
put_group(struct buf *out, const struct group *group)
{
    const struct saved_group fixed = {.tally = get_tally(group->tally),
                                      .created_ms = group->created_ms,
                                      .modified_ms = group->modified_ms,
                                      .id = group->id,
                                      .n_buckets = (uint32_t)group->n_buckets};
    size_t at = put_begin(out, SAVED_GROUP, &fixed, sizeof fixed), done = 0, n;

    for (size_t i = 0; i < group->n_buckets; i++) {
        struct saved_tally tally = get_tally(group->buckets[i]->tally);

        tally.owner = group->buckets[i]->id;
        buf_put(out, &tally, sizeof tally);
    }
    do {
        n = put_buckets(out, group, done);
        done += n;
    } while (n && done < group->n_buckets);
    if (done < group->n_buckets)
        log_err("bucket %zu of group %u is too long to be saved, so it and the next ones are not",
                done, group->id);
    put_end(out, at);
}

static void
put_meter(struct buf *out, const struct meter *meter)
{
    const struct saved_meter fixed = {.created_ms = meter->created_ms,
                                      .provider_id = meter->provider_id};
    const struct ofp_meter_mod mm = {.command = OFPMC_ADD, .meter = meter->config};
    size_t at = put_begin(out, SAVED_METER, &fixed, sizeof fixed);

    ofp_meter_mod_encode(&mm, OFP15, 0, out);
    put_end(out, at);
}

static void
put_table(struct buf *out, const struct table *table)
{
    struct saved_table fixed = {
        .tally = get_tally(table->tally),
        .id = table->id,
        .miss = table->miss,
        .max_flows = table->max_flows,
        .config = table->config,
        .eviction_flags = table->eviction_flags,
        .vacancy_down = table->vacancy_down,
        .vacancy_up = table->vacancy_up,
    };

    memcpy(fixed.name, table->name, sizeof table->name);
    put_fixed(out, SAVED_TABLE, &fixed, sizeof fixed);
}

static void
put_switch(struct buf *out, const struct ofproto *ofproto)
{
    const struct saved_switch fixed = {.config_flags = ofproto->config_flags,
                                       .miss_send_len = ofproto->miss_send_len,
                                       .first_egress_table = ofproto->first_egress_table};
    const struct ofport *port;

    put_fixed(out, SAVED_SWITCH, &fixed, sizeof fixed);
    for (unsigned int i = 0; i < ofproto->n_tables; i++)
        put_table(out, &ofproto->tables[i]);
    HMAP_FOR_EACH (port, by_number, &ofproto->ports) {
        const struct saved_port saved = {
            .created_ms = port->created_ms, .port_no = port->port_no, .config = port->config};

        put_fixed(out, SAVED_PORT, &saved, sizeof saved);
    }
}

static void
put_gone(struct buf *out, enum saved_kind kind, uint32_t id)
{
    const struct saved_id fixed = {.id = id};

    put_fixed(out, kind, &fixed, sizeof fixed);
}

/* ---- What changed ---- */
/* What names something comes after it, and what is gone goes when nothing names it any more. */
static void
put_made(struct ofproto *ofproto, struct buf *out)
{
    const struct unsaved *unsaved = ofproto->unsaved;
    const struct group *group;
    const struct meter *meter;

    if (unsaved->config)
        put_switch(out, ofproto);
    for (size_t i = 0; i < unsaved->meters.n; i++) {
        meter = meter_find(ofproto, unsaved->meters.ids[i]);
        if (meter)
            put_meter(out, meter);
    }
    for (size_t i = 0; i < unsaved->groups.n; i++) {
        group = group_find(ofproto, unsaved->groups.ids[i]);
        if (group)
            put_group_stub(out, group);
    }
    for (size_t i = 0; i < unsaved->groups.n; i++) {
        group = group_find(ofproto, unsaved->groups.ids[i]);
        if (group)
            put_group(out, group);
    }
}

static void
put_gone_ids(struct ofproto *ofproto, struct buf *out)
{
    struct unsaved *unsaved = ofproto->unsaved;

    for (size_t i = 0; i < unsaved->groups.n; i++) {
        if (!group_find(ofproto, unsaved->groups.ids[i]))
            put_gone(out, SAVED_GROUP_GONE, unsaved->groups.ids[i]);
    }
    for (size_t i = 0; i < unsaved->meters.n; i++) {
        if (!meter_find(ofproto, unsaved->meters.ids[i]))
            put_gone(out, SAVED_METER_GONE, unsaved->meters.ids[i]);
    }
    unsaved->groups.n = unsaved->meters.n = 0;
    unsaved->config = false;
}

/* Gone ones first: another may have taken the place of one. */
static void
put_rules(struct unsaved *unsaved, bool installed, struct buf *out)
{
    for (size_t i = 0; i < unsaved->n_rules; i++) {
        if (rule_is_installed(unsaved->rules[i]) == installed)
            put_rule(out, unsaved->rules[i]);
    }
}

/* Under one lock: what is written together was so at one time. */
void
ofproto_save_changes(struct ofproto *ofproto, struct buf *out)
{
    struct unsaved *unsaved = ofproto->unsaved;

    pthread_rwlock_rdlock(&ofproto_lock);
    if (has_any(unsaved)) {
        put_made(ofproto, out);
        put_rules(unsaved, false, out);
        put_rules(unsaved, true, out);
        put_gone_ids(ofproto, out);
        for (size_t i = 0; i < unsaved->n_rules; i++) {
            unsaved->rules[i]->is_unsaved = false;
            rule_unref(unsaved->rules[i]);
        }
        unsaved->n_rules = 0;
    }
    pthread_rwlock_unlock(&ofproto_lock);
}

/* ---- The base ---- */
void
ofproto_save_config(struct ofproto *ofproto, struct buf *out)
{
    const struct group *group;
    const struct meter *meter;

    pthread_rwlock_rdlock(&ofproto_lock);
    put_switch(out, ofproto);
    HMAP_FOR_EACH (meter, node, &ofproto->meters)
        put_meter(out, meter);
    HMAP_FOR_EACH (group, node, &ofproto->groups)
        put_group_stub(out, group);
    HMAP_FOR_EACH (group, node, &ofproto->groups)
        put_group(out, group);
    pthread_rwlock_unlock(&ofproto_lock);
}

void
ofproto_save_rules(struct ofproto *ofproto, const struct ofproto_rules *rules, size_t from,
                   size_t to, struct buf *out)
{
    (void)ofproto;
    for (size_t i = from; i < to;) {
        size_t end = MIN(to, i + CHUNK);

        pthread_rwlock_rdlock(&ofproto_lock);
        for (; i < end; i++) {
            if (rule_is_installed(rules->rules[i]))
                put_rule(out, rules->rules[i]);
        }
        pthread_rwlock_unlock(&ofproto_lock);
    }
}
