/* SPDX-License-Identifier: Apache-2.0 */
/* Table features (OpenFlow 1.3, section A.3.5.5): told as they are; names, sizes and the first
 * egress table can be set, and a request must say of the rest what is.
 *
 * A request may come in parts, which take effect together with the last one. */
#include <stdio.h>

#include "ofproto/connmgr.h"
#include "ofproto/ofconn.h"

#define CAPABILITIES (OFPTC_EVICTION | OFPTC_VACANCY_EVENTS) /* 1.4 and later. */
#define MAX_PART_MS 1000                                     /* Until the next part of a request. */

/* ---- What there is ---- */

static const uint8_t feature_instructions[] = {
    OFPIT_GOTO_TABLE,    OFPIT_WRITE_METADATA, OFPIT_WRITE_ACTIONS,
    OFPIT_APPLY_ACTIONS, OFPIT_CLEAR_ACTIONS,  OFPIT_METER,
};

static const uint8_t feature_actions[] = {
    OFPAT_OUTPUT,       OFPAT_COPY_TTL_OUT, OFPAT_COPY_TTL_IN, OFPAT_SET_MPLS_TTL,
    OFPAT_DEC_MPLS_TTL, OFPAT_PUSH_VLAN,    OFPAT_POP_VLAN,    OFPAT_PUSH_MPLS,
    OFPAT_POP_MPLS,     OFPAT_SET_QUEUE,    OFPAT_GROUP,       OFPAT_SET_NW_TTL,
    OFPAT_DEC_NW_TTL,   OFPAT_SET_FIELD,    OFPAT_PUSH_PBB,    OFPAT_POP_PBB,
};

/* What builds one table's list of properties. */
struct features {
    struct ofconn *ofconn;
    struct of_arena *arena;
    struct of_table_features *entry;
    const struct ofproto *ofproto;
};

#define MAX_PROPERTIES 20

static void *
add_property(struct features *f, enum of_class class_id)
{
    struct of_object *prop = async_new(f->ofconn, f->arena, class_id);

    f->entry->properties.items[f->entry->properties.n++] = (struct of_table_feature_prop *)prop;
    return prop;
}

/* Behind the last table of the part of the pipeline that the table is in. */
static unsigned
end_of_part(const struct features *f)
{
    unsigned first_egress = f->ofproto->first_egress_table, n = f->ofproto->n_tables;

    return f->entry->table_id < first_egress ? MIN(first_egress, n) : n;
}

static void
add_instructions(struct features *f, enum of_class class_id)
{
    struct of_table_feature_prop_instructions *prop = add_property(f, class_id);
    size_t n = ARRAY_SIZE(feature_instructions);

    prop->instruction_ids.items = of_arena_alloc(f->arena, n * sizeof(void *));
    for (size_t i = 0; i < n; i++) {
        struct of_instruction_id *id;

        if (feature_instructions[i] == OFPIT_GOTO_TABLE &&
            f->entry->table_id + 1u >= end_of_part(f))
            continue;
        if (feature_instructions[i] == OFPIT_METER && f->ofconn->version >= OFP15)
            continue;
        id = async_new(f->ofconn, f->arena, OF_INSTRUCTION_ID);
        id->type = feature_instructions[i];
        prop->instruction_ids.items[prop->instruction_ids.n++] = id;
    }
}

static void
add_next_tables(struct features *f, enum of_class class_id)
{
    struct of_table_feature_prop_next_tables *prop = add_property(f, class_id);

    prop->next_table_ids.items = of_arena_alloc(f->arena, f->ofproto->n_tables);
    for (unsigned i = f->entry->table_id + 1u; i < end_of_part(f); i++)
        prop->next_table_ids.items[prop->next_table_ids.n++] = (uint8_t)i;
}

static bool
is_output(uint8_t type)
{
    return type == OFPAT_OUTPUT || type == OFPAT_GROUP;
}

/* What is written in an egress table outputs nothing (ofproto/egress.c). */
static void
add_actions(struct features *f, enum of_class class_id)
{
    struct of_table_feature_prop_write_actions *prop = add_property(f, class_id);
    bool may_output = class_id != OF_TABLE_FEATURE_PROP_WRITE_ACTIONS ||
                      f->entry->table_id < f->ofproto->first_egress_table;
    size_t n = ARRAY_SIZE(feature_actions);

    prop->action_ids.items = of_arena_alloc(f->arena, n * sizeof(void *));
    for (size_t i = 0; i < n; i++) {
        struct of_action_id *id;

        if (!may_output && is_output(feature_actions[i]))
            continue;
        id = async_new(f->ofconn, f->arena, OF_ACTION_ID);
        id->type = feature_actions[i];
        prop->action_ids.items[prop->action_ids.n++] = id;
    }
}

enum field_use { USE_MATCH, USE_WILDCARD, USE_SET };

static bool
is_field_used(const struct field *field, enum field_use use)
{
    switch (use) {
    case USE_MATCH:
    case USE_WILDCARD: /* Any field may be left out: none is required. */
        return true;
    case USE_SET:
        return field->writable;
    }
    return false;
}

static void
add_fields(struct features *f, enum of_class class_id, enum field_use use)
{
    struct of_table_feature_prop_match *prop = add_property(f, class_id);

    prop->oxm_ids.items = of_arena_alloc(f->arena, N_FIELDS * sizeof(void *));
    for (int i = 0; i < N_FIELDS; i++) {
        const struct field *field = field_from_id((enum field_id)i);
        struct of_oxm_id *id;
        uint32_t header;

        if (!field->oxm || field->oxm_since > f->ofconn->version || !is_field_used(field, use))
            continue;
        header = field->oxm;
        id = async_new(f->ofconn, f->arena, OF_OXM_ID);
        id->type_len = use == USE_MATCH && field->maskable ? header | 0x100 : header;
        prop->oxm_ids.items[prop->oxm_ids.n++] = id;
    }
}

/* The miss variants may be left out when they say the same (section 7.3.5.5.2). */
static void
add_properties(struct features *f)
{
    f->entry->properties.items = of_arena_alloc(f->arena, MAX_PROPERTIES * sizeof(void *));
    add_instructions(f, OF_TABLE_FEATURE_PROP_INSTRUCTIONS);
    add_next_tables(f, OF_TABLE_FEATURE_PROP_NEXT_TABLES);
    add_actions(f, OF_TABLE_FEATURE_PROP_WRITE_ACTIONS);
    add_actions(f, OF_TABLE_FEATURE_PROP_APPLY_ACTIONS);
    add_fields(f, OF_TABLE_FEATURE_PROP_MATCH, USE_MATCH);
    add_fields(f, OF_TABLE_FEATURE_PROP_WILDCARDS, USE_WILDCARD);
    add_fields(f, OF_TABLE_FEATURE_PROP_WRITE_SETFIELD, USE_SET);
    add_fields(f, OF_TABLE_FEATURE_PROP_APPLY_SETFIELD, USE_SET);
}

/* The part of the pipeline that a table is in; OpenFlow 1.5. */
static uint32_t
egress_flags(const struct ofproto *ofproto, const struct table *table)
{
    uint8_t first = ofproto->first_egress_table;

    if (first == OFTABLE_ALL)
        return OFPTFF_INGRESS_TABLE | (table->id ? OFPTFF_EGRESS_TABLE : 0);
    if (table->id < first)
        return OFPTFF_INGRESS_TABLE;
    return OFPTFF_EGRESS_TABLE | (table->id == first ? OFPTFF_FIRST_EGRESS : 0);
}

/* The table's features as they are; from the arena. */
static struct of_table_features *
describe_features(struct ofconn *ofconn, const struct table *table, struct of_arena *arena)
{
    struct features f = {.ofconn = ofconn, .arena = arena, .ofproto = ofconn->mgr->ofproto};

    f.entry = async_new(ofconn, arena, OF_TABLE_FEATURES);
    f.entry->table_id = table->id;
    snprintf(f.entry->name, sizeof f.entry->name, "%s", table->name);
    f.entry->metadata_match = f.entry->metadata_write = UINT64_MAX;
    f.entry->max_entries = table_max_entries(table);
    f.entry->config = table->config;
    f.entry->capabilities = CAPABILITIES;
    f.entry->features = egress_flags(f.ofproto, table);
    add_properties(&f);
    return f.entry;
}

static void
append_features(struct ofconn *ofconn, const struct table *table, struct ofp_multipart *mp)
{
    uint64_t stub[OF_ARENA_BUF_SIZE / 8];
    struct of_arena arena;

    of_arena_init(&arena, stub, sizeof stub);
    multipart_add(mp, &describe_features(ofconn, table, &arena)->object);
    of_arena_destroy(&arena);
}

/* ---- Checks ---- */

static int
compare_words(const void *a, const void *b)
{
    return memcmp(a, b, 4);
}

static int
compare_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 1);
}

/* The ids that a property lists, in wire terms behind its header, in an order of their own. */
static void
encode_sorted(const struct of_table_feature_prop *prop, struct of_buf *out)
{
    bool is_tables = prop->object.class_id == OF_TABLE_FEATURE_PROP_NEXT_TABLES;
    size_t size = is_tables ? 1 : 4;

    of_buf_init(out);
    if (!of_object_encode(&prop->object, out) && out->size > 4)
        qsort(out->data + 4, (out->size - 4) / size, size,
              is_tables ? compare_bytes : compare_words);
}

static bool
is_same_property(const struct of_table_feature_prop *a, const struct of_table_feature_prop *b)
{
    struct of_buf x, y;
    bool is_same;

    encode_sorted(a, &x);
    encode_sorted(b, &y);
    is_same = x.size == y.size && x.size >= 4 && !memcmp(x.data + 4, y.data + 4, x.size - 4) &&
              !memcmp(x.data + 2, y.data + 2, 2);
    of_buf_destroy(&x);
    of_buf_destroy(&y);
    return is_same;
}

/* The property that one for misses is held against; itself when it is for all packets. */
static enum of_class
class_for_all(enum of_class class_id)
{
    static const enum of_class pairs[][2] = {
        {OF_TABLE_FEATURE_PROP_INSTRUCTIONS_MISS, OF_TABLE_FEATURE_PROP_INSTRUCTIONS},
        {OF_TABLE_FEATURE_PROP_NEXT_TABLES_MISS, OF_TABLE_FEATURE_PROP_NEXT_TABLES},
        {OF_TABLE_FEATURE_PROP_WRITE_ACTIONS_MISS, OF_TABLE_FEATURE_PROP_WRITE_ACTIONS},
        {OF_TABLE_FEATURE_PROP_APPLY_ACTIONS_MISS, OF_TABLE_FEATURE_PROP_APPLY_ACTIONS},
        {OF_TABLE_FEATURE_PROP_WRITE_SETFIELD_MISS, OF_TABLE_FEATURE_PROP_WRITE_SETFIELD},
        {OF_TABLE_FEATURE_PROP_APPLY_SETFIELD_MISS, OF_TABLE_FEATURE_PROP_APPLY_SETFIELD},
    };

    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        if (pairs[i][0] == class_id)
            return pairs[i][1];
    }
    return class_id;
}

static enum ofperr
check_property(const struct of_table_features *ours, const struct of_table_feature_prop *prop)
{
    enum of_class class_id = class_for_all(prop->object.class_id);

    if (class_id == OF_TABLE_FEATURE_PROP_EXPERIMENTER ||
        class_id == OF_TABLE_FEATURE_PROP_EXPERIMENTER_MISS)
        return OFPERR_OFPBPC_BAD_EXPERIMENTER;
    for (size_t i = 0; i < ours->properties.n; i++) {
        const struct of_table_feature_prop *own = ours->properties.items[i];

        if (own->object.class_id == class_id)
            return is_same_property(own, prop) ? 0 : OFPERR_OFPBPC_BAD_VALUE;
    }
    return OFPERR_OFPBPC_BAD_TYPE;
}

static enum ofperr
check_properties(const struct of_table_features *ours, const struct of_table_features *entry)
{
    const struct of_table_feature_prop *const *items =
        (const struct of_table_feature_prop *const *)entry->properties.items;
    enum ofperr error = 0;

    for (size_t i = 0; i < entry->properties.n && !error; i++) {
        error = check_property(ours, items[i]);
        for (size_t j = 0; j < i && !error; j++) {
            if (items[i]->object.class_id == items[j]->object.class_id)
                error = OFPERR_OFPBPC_DUP_TYPE;
        }
    }
    return error;
}

/* Versions before 1.5 have one code for what cannot be. */
static enum ofperr
refuse(const struct ofconn *ofconn, enum ofperr error)
{
    return ofconn->version >= OFP15 ? error : OFPERR_OFPTFFC_EPERM;
}

static enum ofperr
check_entry(struct ofconn *ofconn, const struct of_table_features *entry, struct of_arena *arena)
{
    const struct table *table = ofproto_table(ofconn->mgr->ofproto, entry->table_id);

    if (!table)
        return OFPERR_OFPTFFC_BAD_TABLE;
    if (ofconn->version >= OFP15 && entry->command == OFPTFC_DISABLE)
        return OFPERR_OFPTFFC_EPERM;
    if (entry->metadata_match != UINT64_MAX || entry->metadata_write != UINT64_MAX)
        return OFPERR_OFPTFFC_BAD_METADATA;
    if (ofconn->version >= OFP14 && entry->capabilities & ~(uint32_t)CAPABILITIES)
        return refuse(ofconn, OFPERR_OFPTFFC_BAD_CAPA);
    if (!entry->max_entries || entry->max_entries > OFCONN_MAX_ENTRIES ||
        entry->max_entries < table_n_flows(table))
        return refuse(ofconn, OFPERR_OFPTFFC_BAD_MAX_ENT);
    return check_properties(describe_features(ofconn, table, arena), entry);
}

/* ---- Setting ---- */

/* The parts of a request that came so far. */
struct table_features_parts {
    struct ofconn *ofconn;
    struct event *timer;
    uint32_t xid;
    bool has_failed; /* The rest is ignored. */
    size_t n;
    struct ofp_table_features_mod mods[OFTABLE_MAX];
    uint8_t request[64]; /* The first bytes of the last part. */
    size_t request_size;
};

void
ofconn_destroy_parts(struct ofconn *ofconn)
{
    if (!ofconn->parts)
        return;
    event_free(ofconn->parts->timer);
    free(ofconn->parts);
    ofconn->parts = NULL;
}

static void
on_late(evutil_socket_t fd, short what, void *parts_)
{
    struct table_features_parts *parts = parts_;

    (void)fd, (void)what;
    if (!parts->has_failed)
        ofconn_send_error(parts->ofconn, OFPERR_OFPBRC_MULTIPART_REQUEST_TIMEOUT, parts->request,
                          parts->request_size);
    ofconn_destroy_parts(parts->ofconn);
}

static void
start_parts(struct ofconn *ofconn, const struct request *request)
{
    ofconn->parts = xcalloc(1, sizeof *ofconn->parts);
    ofconn->parts->ofconn = ofconn;
    ofconn->parts->xid = request->msg->xid;
    ofconn->parts->timer = evtimer_new(ofconn->mgr->options.base, on_late, ofconn->parts);
    if (!ofconn->parts->timer)
        abort();
}

static void
set_mod(const struct ofconn *ofconn, const struct of_table_features *entry,
        struct ofp_table_features_mod *mod)
{
    mod->table_id = entry->table_id;
    mod->max_entries = entry->max_entries;
    mod->sets_egress = ofconn->version >= OFP15;
    mod->is_first_egress = entry->features & OFPTFF_FIRST_EGRESS;
    snprintf(mod->name, sizeof mod->name, "%s", entry->name);
}

static enum ofperr
add_part(struct ofconn *ofconn, const struct request *request)
{
    const struct of_table_features_stats_request *tfr =
        (const struct of_table_features_stats_request *)request->msg;
    struct table_features_parts *parts = ofconn->parts;
    enum ofperr error = 0;

    parts->request_size = MIN(request->size, sizeof parts->request);
    memcpy(parts->request, request->bytes, parts->request_size);
    for (size_t i = 0; i < tfr->entries.n && !error; i++) {
        if (parts->n == ARRAY_SIZE(parts->mods))
            return refuse(ofconn, OFPERR_OFPTFFC_TOO_MANY);
        error = check_entry(ofconn, tfr->entries.items[i], request->arena);
        if (!error)
            set_mod(ofconn, tfr->entries.items[i], &parts->mods[parts->n++]);
    }
    return error;
}

static enum ofperr
handle_table_features(struct ofconn *ofconn, const struct request *request)
{
    const struct of_table_features_stats_request *tfr =
        (const struct of_table_features_stats_request *)request->msg;
    struct ofproto *ofproto = ofconn->mgr->ofproto;
    bool has_more = tfr->flags & OFPSF_REQ_MORE;
    struct ofp_multipart mp;
    struct buf msgs = BUF_INITIALIZER;
    enum ofperr error = 0;

    if (tfr->entries.n && ofconn->role == OFPCR_ROLE_SLAVE)
        return OFPERR_OFPBRC_IS_SECONDARY;
    if (ofconn->parts && ofconn->parts->xid != request->msg->xid)
        return OFPERR_OFPBRC_MULTIPART_BUFFER_OVERFLOW;
    if (!ofconn->parts)
        start_parts(ofconn, request);
    if (!ofconn->parts->has_failed)
        error = add_part(ofconn, request);
    ofconn->parts->has_failed |= error != 0;
    if (has_more) {
        struct timeval tv = {MAX_PART_MS / 1000, 0};

        evtimer_add(ofconn->parts->timer, &tv);
        return error;
    }
    if (!ofconn->parts->has_failed && ofconn->parts->n)
        error = ofproto_table_features(ofproto, ofconn->parts->mods, ofconn->parts->n);
    has_more = ofconn->parts->has_failed;
    ofconn_destroy_parts(ofconn);
    if (error || has_more)
        return error;
    ofp_multipart_start(&mp, request->msg, &msgs);
    for (unsigned i = 0; i < ofproto->n_tables; i++)
        append_features(ofconn, &ofproto->tables[i], &mp);
    ofconn_send(ofconn, &msgs);
    return 0;
}

const struct handler handlers_table_features[] = {
    {OF_TABLE_FEATURES_STATS_REQUEST, 0, handle_table_features},
    {OF_NO_CLASS, 0, NULL},
};
