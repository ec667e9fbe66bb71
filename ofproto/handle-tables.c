/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: their statistics and configuration. */
#include <stdio.h>

#include "lib/tally.h"
#include "ofproto/ofconn.h"

uint32_t
table_max_entries(const struct table *table)
{
    return MIN(table->max_flows, OFCONN_MAX_ENTRIES);
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
        entry->lookup_count = tally_at(table->tally)->n_packets;
        entry->matched_count = tally_at(table->tally)->n_bytes;
        if (ofconn->version == OFP10) {
            snprintf(entry->name, sizeof entry->name, "%s", table->name);
            entry->wildcards = OFPFW_ALL;
            entry->max_entries = table_max_entries(table);
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

const struct handler handlers_tables[] = {
    {OF_TABLE_STATS_REQUEST, 0, handle_table_stats},
    {OF_TABLE_MOD, HANDLER_WRITES, handle_table_mod},
    {OF_TABLE_DESC_STATS_REQUEST, 0, handle_table_desc},
    {OF_NO_CLASS, 0, NULL},
};
