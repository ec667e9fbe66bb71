/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to state. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "ofproto/openflow.h"

#include "ofproto/save.h"

#include "ofproto/frame.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/save-format.h"

/* Reads one entry after the other. */
struct restorer {
    struct txn txn;
    const struct ofproto_saved *saved;
    const uint8_t *data; /* Behind the fixed part of the entry at hand. */
    size_t size;
    struct of_arena arena;
    struct buf ofpacts;
    char *why;
    size_t why_size;
};

static void __attribute__((format(printf, 2, 3))) tell(struct restorer *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(r->why, r->why_size, format, args);
    va_end(args);
}

/* A macro, for an analyzer does not look into functions of variable arguments. */
#define refuse(r, ...) (tell(r, __VA_ARGS__), EBADMSG)

/* Takes the fixed part; what an older build left out is zero. */
static void
take(struct restorer *r, void *fixed, size_t size)
{
    size_t n = MIN(size, r->size);

    memset(fixed, 0, size);
    memcpy(fixed, r->data, n);
    r->data += n;
    r->size -= n;
}

/* Not in the future, whatever became of the host's clock over a boot. */
static int64_t
time_here(const struct restorer *r, int64_t ms)
{
    return MIN(ms + r->saved->clock_offset_ms, time_now_ms());
}

/* The former daemon's slot where that is still there, else what was written. */
static void
restore_tally(const struct restorer *r, const struct saved_tally *saved, uint32_t slot)
{
    const struct tallies_old *old = &r->saved->tallies;
    struct tally *tally = tally_at(slot);

    if (saved->slot < old->n) {
        tally->n_packets = old->slots[saved->slot].n_packets;
        tally->n_bytes = old->slots[saved->slot].n_bytes;
        tally->used_ms = old->slots[saved->slot].used_ms;
    } else {
        tally->n_packets = saved->n_packets;
        tally->n_bytes = saved->n_bytes;
        tally->used_ms = saved->used_ms ? time_here(r, saved->used_ms) : 0;
    }
}

/* The next message of the entry; NULL with *error 0: there is none. */
static struct of_header *
next_message(struct restorer *r, int *error)
{
    struct of_header *msg = NULL;
    struct of_error failure;
    size_t size;

    *error = 0;
    if (r->size < OF_FRAME_HEADER_SIZE || !r->data[0]) /* Or what fills the entry up. */
        return NULL;
    of_arena_reset(&r->arena);
    if (of_frame_size(r->data, &size) || size > r->size ||
        of_msg_decode(&r->arena, r->data, size, &msg, &failure)) {
        *error = refuse(r, "an OpenFlow message does not decode");
        return NULL;
    }
    r->data += size;
    r->size -= size;
    return msg;
}

static struct ofp_decode_limits
limits(const struct restorer *r)
{
    return (struct ofp_decode_limits){.max_ports = OFPORT_MAX,
                                      .n_tables = (uint8_t)r->txn.ofproto->n_tables,
                                      .no_prereqs = true}; /* Each version has its own. */
}

/* ---- Flow entries ---- */
static int
next_flow_mod(struct restorer *r, struct ofp_flow_mod *fm)
{
    struct ofp_decode_limits l = limits(r);
    int error;
    const struct of_header *msg = next_message(r, &error);
    enum ofperr failure;

    if (!msg)
        return error ? error : refuse(r, "a flow entry has no message");
    buf_clear(&r->ofpacts);
    failure = ofp_flow_mod_decode(msg, &l, &r->ofpacts, fm);
    if (!failure && fm->table_id >= r->txn.ofproto->n_tables)
        failure = OFPERR_OFPFMFC_BAD_TABLE_ID;
    return failure ? refuse(r, "a flow entry is refused: %s", ofperr_name(failure)) : 0;
}

static struct rule *
find_rule(const struct restorer *r, const struct ofp_flow_mod *fm)
{
    return rule_from_cls(classifier_find(&r->txn.ofproto->tables[fm->table_id].cls, &fm->match.flow,
                                         &fm->match.mask, fm->priority));
}

static void
add_rule(struct restorer *r, const struct ofp_flow_mod *fm, const struct saved_rule *fixed)
{
    struct txn *txn = &r->txn;
    struct rule_contents contents = {
        .actions = rule_actions_get(fm->ofpacts, fm->ofpacts_size),
        .cookie = fm->new_cookie,
        .idle_timeout_s = fm->idle_timeout,
        .hard_timeout_s = fm->hard_timeout,
        .importance = fm->importance,
        .flags = fm->flags,
        .created_ms = time_here(r, fixed->created_ms),
        .modified_ms = time_here(r, fixed->modified_ms),
        .is_learned = fixed->tally.owner,
    };
    struct rule *rule = find_rule(r, fm);
    bool is_new = !rule;

    if (is_new)
        rule = rule_create(txn->ofproto, &txn->ofproto->tables[fm->table_id], &fm->match,
                           fm->priority, contents.created_ms);
    restore_tally(r, &fixed->tally, rule->tally);
    if (contents.is_learned) /* Learning it again was a use, and is not in the file. */
        contents.modified_ms = MAX(contents.modified_ms, tally_at(rule->tally)->used_ms);
    if (is_new) {
        rule_swap_contents(rule, &contents);
        txn_add_rule(txn, rule, NULL);
    } else {
        txn_modify_rule(txn, rule, &contents, FLOW_ADDED, false);
    }
}

static int
restore_rule(struct restorer *r, bool is_gone)
{
    struct saved_rule fixed;
    struct ofp_flow_mod fm;
    struct rule *rule;
    int error;

    take(r, &fixed, sizeof fixed);
    error = next_flow_mod(r, &fm);
    if (error)
        return error;
    rule = find_rule(r, &fm);
    if (!is_gone && !(rule && rule->is_hidden))
        add_rule(r, &fm, &fixed);
    else if (is_gone && rule && !rule->is_hidden)
        txn_remove_rule(&r->txn, rule, REASON_FLUSHED);
    return 0;
}

/* ---- Groups and meters ---- */
/* Without buckets even if it is there: until all have their new ones, the old ones of one and the
 * new ones of another may name each other. */
static int
restore_group_stub(struct restorer *r)
{
    struct ofp_group_mod gm = {.type = OFPGT_ALL, .command_bucket_id = OFPG_BUCKET_ALL};
    struct saved_id fixed;
    enum ofperr failure;

    take(r, &fixed, sizeof fixed);
    gm.command = group_find(r->txn.ofproto, fixed.id) ? OFPGC_MODIFY : OFPGC_ADD;
    gm.group_id = fixed.id;
    list_init(&gm.buckets);
    failure = group_mod_do(&r->txn, &gm);
    return failure ? refuse(r, "group %u is refused: %s", fixed.id, ofperr_name(failure)) : 0;
}

static int
restore_buckets(struct restorer *r, uint32_t id)
{
    struct ofp_decode_limits l = limits(r);
    const struct of_header *msg;
    int error;

    while ((msg = next_message(r, &error)) != NULL) {
        struct ofp_group_mod gm;
        enum ofperr failure = ofp_group_mod_decode(msg, &l, &gm);

        if (!failure) {
            failure = group_mod_do(&r->txn, &gm);
            ofp_group_mod_destroy(&gm);
        }
        if (failure)
            return refuse(r, "group %u is refused: %s", id, ofperr_name(failure));
    }
    return error;
}

static int
restore_group(struct restorer *r)
{
    const struct saved_tally *tallies;
    struct saved_group fixed;
    struct group *group;
    int error;

    take(r, &fixed, sizeof fixed);
    tallies = (const struct saved_tally *)r->data;
    if (fixed.n_buckets > r->size / sizeof *tallies)
        return refuse(r, "group %u is cut off", fixed.id);
    r->data += fixed.n_buckets * sizeof *tallies;
    r->size -= fixed.n_buckets * sizeof *tallies;
    error = restore_buckets(r, fixed.id);
    group = group_find(r->txn.ofproto, fixed.id);
    if (error || !group)
        return error ? error : refuse(r, "group %u was not there before", fixed.id);
    group->created_ms = time_here(r, fixed.created_ms);
    group->modified_ms = time_here(r, fixed.modified_ms);
    restore_tally(r, &fixed.tally, group->tally);
    for (uint32_t i = 0; i < fixed.n_buckets; i++) {
        struct bucket *bucket = group_bucket(group, tallies[i].owner);

        if (bucket)
            restore_tally(r, &tallies[i], bucket->tally);
    }
    return 0;
}

static int
restore_group_gone(struct restorer *r)
{
    struct ofp_group_mod gm = {.command = OFPGC_DELETE, .command_bucket_id = OFPG_BUCKET_ALL};
    struct saved_id fixed;

    take(r, &fixed, sizeof fixed);
    gm.group_id = fixed.id;
    list_init(&gm.buckets);
    return group_mod_do(&r->txn, &gm) ? refuse(r, "group %u cannot go", fixed.id) : 0;
}

static int
restore_meter(struct restorer *r)
{
    struct saved_meter fixed;
    struct ofp_meter_mod mm;
    const struct of_header *msg;
    enum ofperr failure;
    int error;

    take(r, &fixed, sizeof fixed);
    msg = next_message(r, &error);
    if (!msg)
        return error ? error : refuse(r, "a meter has no message");
    failure = ofp_meter_mod_decode(msg, &mm);
    if (!failure && meter_find(r->txn.ofproto, mm.meter.meter_id)) {
        mm.command = OFPMC_MODIFY;
        failure = meter_mod_do(&r->txn, &mm);
    } else if (!failure) {
        failure =
            meter_restore(&r->txn, &mm.meter, fixed.provider_id, time_here(r, fixed.created_ms));
    }
    return failure ? refuse(r, "a meter is refused: %s", ofperr_name(failure)) : 0;
}

static int
restore_meter_gone(struct restorer *r)
{
    struct ofp_meter_mod mm = {.command = OFPMC_DELETE};
    struct saved_id fixed;

    take(r, &fixed, sizeof fixed);
    mm.meter.meter_id = fixed.id;
    return meter_mod_do(&r->txn, &mm) ? refuse(r, "meter %u cannot go", fixed.id) : 0;
}

/* ---- Configuration ---- */
static int
restore_table(struct restorer *r)
{
    struct saved_table fixed;
    struct table *table;

    take(r, &fixed, sizeof fixed);
    if (fixed.id >= r->txn.ofproto->n_tables)
        return 0; /* The bridge has fewer tables now. */
    if (fixed.miss > TABLE_MISS_DROP)
        return refuse(r, "table %u: miss %u", fixed.id, fixed.miss);
    table = &r->txn.ofproto->tables[fixed.id];
    table->miss = (enum table_miss)fixed.miss;
    table->max_flows = fixed.max_flows;
    table_set_eviction(table, fixed.config & OFPTC_EVICTION, fixed.eviction_flags);
    table->config = fixed.config;
    table->vacancy_down = fixed.vacancy_down;
    table->vacancy_up = fixed.vacancy_up;
    memcpy(table->name, fixed.name, sizeof table->name);
    table->name[sizeof table->name - 1] = '\0';
    restore_tally(r, &fixed.tally, table->tally);
    return 0;
}

/* What of a port's configuration is not the device's. */
#define PORT_CONFIG                                                                                \
    (OFPPC_NO_STP | OFPPC_NO_RECV | OFPPC_NO_RECV_STP | OFPPC_NO_FLOOD | OFPPC_NO_FWD |            \
     OFPPC_NO_PACKET_IN)

static int
restore_port(struct restorer *r)
{
    struct saved_port fixed;
    struct ofp_port_mod pm;
    struct ofport *port;

    take(r, &fixed, sizeof fixed);
    port = ofproto_port(r->txn.ofproto, fixed.port_no);
    if (!port)
        return 0; /* Its device is away. */
    port->created_ms = time_here(r, fixed.created_ms);
    pm = (struct ofp_port_mod){
        .port_no = fixed.port_no, .config = fixed.config & PORT_CONFIG, .mask = PORT_CONFIG};
    return port_mod_do(&r->txn, &pm) ? refuse(r, "port %u", fixed.port_no) : 0;
}

static int
restore_switch(struct restorer *r)
{
    struct ofproto *ofproto = r->txn.ofproto;
    struct saved_switch fixed;

    take(r, &fixed, sizeof fixed);
    ofproto->config_flags = fixed.config_flags;
    ofproto->miss_send_len = fixed.miss_send_len;
    ofproto->first_egress_table = fixed.first_egress_table;
    return 0;
}

/* ---- Entries ---- */
static int
restore_entry(struct restorer *r, uint32_t kind)
{
    switch (kind) {
    case SAVED_RULE:
        return restore_rule(r, false);
    case SAVED_RULE_GONE:
        return restore_rule(r, true);
    case SAVED_GROUP_STUB:
        return restore_group_stub(r);
    case SAVED_GROUP:
        return restore_group(r);
    case SAVED_GROUP_GONE:
        return restore_group_gone(r);
    case SAVED_METER:
        return restore_meter(r);
    case SAVED_METER_GONE:
        return restore_meter_gone(r);
    case SAVED_TABLE:
        return restore_table(r);
    case SAVED_PORT:
        return restore_port(r);
    case SAVED_SWITCH:
        return restore_switch(r);
    default:
        return refuse(r, "there is no entry of kind %u: a newer build wrote this file", kind);
    }
}

static int
restore_all(struct restorer *r, const uint8_t *data, size_t size)
{
    int error = 0;

    while (!error && size) {
        const struct saved_entry *entry = (const struct saved_entry *)data;

        if (size < sizeof *entry || entry->size > size - sizeof *entry || entry->size % 8)
            return refuse(r, "an entry is cut off");
        r->data = data + sizeof *entry;
        r->size = entry->size;
        data += sizeof *entry + entry->size;
        size -= sizeof *entry + entry->size;
        error = restore_entry(r, entry->kind);
    }
    return error;
}

int
ofproto_restore(struct ofproto *ofproto, const struct ofproto_saved *saved, const void *data,
                size_t size, char *why, size_t why_size)
{
    struct restorer r = {.saved = saved, .why = why, .why_size = why_size};
    int error;

    of_arena_init(&r.arena, NULL, 0);
    buf_init(&r.ofpacts);
    txn_begin(&r.txn, ofproto, NULL);
    error = restore_all(&r, data, size);
    if (error)
        txn_abort(&r.txn);
    else if (txn_end(&r.txn, OFPERR_OK))
        error = refuse(&r, "a port refuses its configuration");
    buf_destroy(&r.ofpacts);
    of_arena_destroy(&r.arena);
    return error;
}
