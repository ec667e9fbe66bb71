/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: their statistics, configuration, and features (OpenFlow 1.3, section 7.3.5.5). */
#include <stdio.h>

#include "ofproto/ofconn.h"

/* Of a table without a limit of its own. */
#define MAX_ENTRIES 1000000

static uint32_t
max_entries(const struct table *table)
{
    return MIN(table->max_flows, MAX_ENTRIES);
}

static void
name_table(const struct table *table, char *name, size_t size)
{
    if (*table->name)
        snprintf(name, size, "%s", table->name);
    else
        snprintf(name, size, "table%u", table->id);
}

/* ---- Statistics ---- */

static enum ofperr
handle_table_stats(struct ofconn *ofconn, const struct request *request)
{
    struct ofproto *ofproto = ofconn->mgr->ofproto;
    struct ofp_multipart mp;
    struct buf msgs = BUF_INITIALIZER;

    ofproto_sync_stats(ofproto);
    ofp_multipart_start(&mp, request->msg, &msgs);
    for (unsigned i = 0; i < ofproto->n_tables; i++) {
        const struct table *table = &ofproto->tables[i];
        struct of_table_stats_entry *entry =
            async_new(ofconn, request->arena, OF_TABLE_STATS_ENTRY);

        entry->table_id = table->id;
        entry->active_count = (uint32_t)table_n_flows(table);
        entry->lookup_count = table->n_lookups;
        entry->matched_count = table->n_matches;
        if (ofconn->version == OFP10) {
            name_table(table, entry->name, sizeof entry->name);
            entry->wildcards = OFPFW_ALL;
            entry->max_entries = max_entries(table);
        }
        multipart_add(&mp, &entry->object);
    }
    ofconn_send(ofconn, &msgs);
    return 0;
}

/* ---- Configuration ---- */

static void
decode_property(const struct of_table_mod_prop *prop, struct ofp_table_mod *tm)
{
    switch (prop->object.class_id) {
    case OF_TABLE_MOD_PROP_EVICTION:
        tm->has_eviction = true;
        tm->eviction_flags = ((const struct of_table_mod_prop_eviction *)prop)->flags;
        break;
    case OF_TABLE_MOD_PROP_VACANCY:
        tm->has_vacancy = true;
        tm->vacancy_down = ((const struct of_table_mod_prop_vacancy *)prop)->vacancy_down;
        tm->vacancy_up = ((const struct of_table_mod_prop_vacancy *)prop)->vacancy_up;
        break;
    default:
        break;
    }
}

static enum ofperr
handle_table_mod(struct ofconn *ofconn, const struct request *request)
{
    const struct of_table_mod *msg = (const struct of_table_mod *)request->msg;
    struct ofproto_origin origin = ofconn_origin(ofconn, request->msg);
    struct ofp_table_mod tm = {.table_id = msg->table_id, .config = msg->config};

    for (size_t i = 0; i < msg->properties.n; i++) {
        if (msg->properties.items[i]->object.class_id == OF_TABLE_MOD_PROP_EXPERIMENTER)
            return OFPERR_OFPBPC_BAD_EXPERIMENTER;
        decode_property(msg->properties.items[i], &tm);
    }
    return ofproto_table_mod(ofconn->mgr->ofproto, &tm, &origin);
}

static enum ofperr
handle_table_desc(struct ofconn *ofconn, const struct request *request)
{
    struct ofproto *ofproto = ofconn->mgr->ofproto;
    struct ofp_multipart mp;
    struct buf msgs = BUF_INITIALIZER;

    ofp_multipart_start(&mp, request->msg, &msgs);
    for (unsigned i = 0; i < ofproto->n_tables; i++) {
        struct of_table_desc desc = {.table_id = (uint8_t)i};

        table_describe(&ofproto->tables[i], ofconn->version, request->arena, &desc);
        multipart_add(&mp, &desc.object);
    }
    ofconn_send(ofconn, &msgs);
    return 0;
}

/* ---- Features ---- */

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

static void
add_instructions(struct features *f, enum of_class class_id)
{
    struct of_table_feature_prop_instructions *prop = add_property(f, class_id);
    size_t n = ARRAY_SIZE(feature_instructions);

    prop->instruction_ids.items = of_arena_alloc(f->arena, n * sizeof(void *));
    for (size_t i = 0; i < n; i++) {
        struct of_instruction_id *id;

        if (feature_instructions[i] == OFPIT_GOTO_TABLE &&
            f->entry->table_id + 1u >= f->ofproto->n_tables)
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
    for (unsigned i = f->entry->table_id + 1u; i < f->ofproto->n_tables; i++)
        prop->next_table_ids.items[prop->next_table_ids.n++] = (uint8_t)i;
}

static void
add_actions(struct features *f, enum of_class class_id)
{
    struct of_table_feature_prop_write_actions *prop = add_property(f, class_id);
    size_t n = ARRAY_SIZE(feature_actions);

    prop->action_ids.items = of_arena_alloc(f->arena, n * sizeof(void *));
    for (size_t i = 0; i < n; i++) {
        struct of_action_id *id = async_new(f->ofconn, f->arena, OF_ACTION_ID);

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

static void
append_features(struct ofconn *ofconn, const struct table *table, struct ofp_multipart *mp)
{
    uint64_t stub[OF_ARENA_BUF_SIZE / 8];
    struct of_arena arena;
    struct features f = {.ofconn = ofconn, .arena = &arena, .ofproto = ofconn->mgr->ofproto};

    of_arena_init(&arena, stub, sizeof stub);
    f.entry = async_new(ofconn, &arena, OF_TABLE_FEATURES);
    f.entry->table_id = table->id;
    name_table(table, f.entry->name, sizeof f.entry->name);
    f.entry->metadata_match = f.entry->metadata_write = UINT64_MAX;
    f.entry->max_entries = max_entries(table);
    f.entry->config = f.entry->capabilities = table->config;
    f.entry->features = egress_flags(f.ofproto, table);
    add_properties(&f);
    multipart_add(mp, &f.entry->object);
    of_arena_destroy(&arena);
}

/* Names and sizes can be set; what a table can do cannot. */
static enum ofperr
set_features(struct ofconn *ofconn, const struct of_table_features_stats_request *tfr)
{
    struct ofp_table_features_mod *mods = xcalloc(tfr->entries.n, sizeof *mods);
    enum ofperr error;

    if (ofconn->role == OFPCR_ROLE_SLAVE) {
        free(mods);
        return OFPERR_OFPBRC_IS_SECONDARY;
    }
    for (size_t i = 0; i < tfr->entries.n; i++) {
        const struct of_table_features *entry = tfr->entries.items[i];

        mods[i].table_id = entry->table_id;
        mods[i].max_entries = entry->max_entries;
        mods[i].sets_egress = ofconn->version >= OFP15;
        mods[i].is_first_egress = entry->features & OFPTFF_FIRST_EGRESS;
        snprintf(mods[i].name, sizeof mods[i].name, "%s", entry->name);
    }
    error = ofproto_table_features(ofconn->mgr->ofproto, mods, tfr->entries.n);
    free(mods);
    return error;
}

static enum ofperr
handle_table_features(struct ofconn *ofconn, const struct request *request)
{
    const struct of_table_features_stats_request *tfr =
        (const struct of_table_features_stats_request *)request->msg;
    struct ofproto *ofproto = ofconn->mgr->ofproto;
    struct ofp_multipart mp;
    struct buf msgs = BUF_INITIALIZER;
    enum ofperr error = tfr->entries.n ? set_features(ofconn, tfr) : 0;

    if (error)
        return error;
    ofp_multipart_start(&mp, request->msg, &msgs);
    for (unsigned i = 0; i < ofproto->n_tables; i++)
        append_features(ofconn, &ofproto->tables[i], &mp);
    ofconn_send(ofconn, &msgs);
    return 0;
}

const struct handler handlers_tables[] = {
    {OF_TABLE_STATS_REQUEST, 0, handle_table_stats},
    {OF_TABLE_MOD, HANDLER_WRITES, handle_table_mod},
    {OF_TABLE_DESC_STATS_REQUEST, 0, handle_table_desc},
    {OF_TABLE_FEATURES_STATS_REQUEST, 0, handle_table_features},
    {OF_NO_CLASS, 0, NULL},
};
