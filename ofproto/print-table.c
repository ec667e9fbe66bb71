/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about tables: modifications, descriptions, status, statistics. */
#include "ofproto/print-private.h"

/* ---- What a table is told to do with evictions and vacancy
 * -------------------------------------*/
struct table_config {
    const struct of_table_mod_prop_eviction *eviction;
    const struct of_table_mod_prop_vacancy *vacancy;
};

static struct table_config
find_props(const struct of_table_mod_prop_list *properties)
{
    struct table_config config = {NULL, NULL};

    for (size_t i = 0; i < properties->n; i++) {
        const struct of_object *prop = (const void *)properties->items[i];

        if (prop->class_id == OF_TABLE_MOD_PROP_EVICTION)
            config.eviction = (const void *)prop;
        else if (prop->class_id == OF_TABLE_MOD_PROP_VACANCY)
            config.vacancy = (const void *)prop;
    }
    return config;
}

static void
put_eviction_flags(struct buf *out, uint32_t flags)
{
    static const struct bit_name names[] = {{OFPTMPEF_OTHER, "OTHER"},
                                            {OFPTMPEF_IMPORTANCE, "IMPORTANCE"},
                                            {OFPTMPEF_LIFETIME, "LIFETIME"},
                                            {0, NULL}};

    print_bits(out, flags, names, '|');
}

static void
put_desc(const struct print *p, const struct of_table_desc *desc)
{
    struct table_config config = find_props(&desc->properties);

    buf_printf(p->out, "\n  table %u:\n   eviction=%s eviction_flags=", desc->table_id,
               desc->config & OFPTC_EVICTION ? "on" : "off");
    if (config.eviction)
        put_eviction_flags(p->out, config.eviction->flags);
    else
        buf_puts(p->out, "(default)");
    buf_printf(p->out, "\n   vacancy=%s", desc->config & OFPTC_VACANCY_EVENTS ? "on" : "off");
    if (desc->config & OFPTC_VACANCY_EVENTS && config.vacancy)
        buf_printf(p->out, " vacancy_down=%u%% vacancy_up=%u%% vacancy=%u%%",
                   config.vacancy->vacancy_down, config.vacancy->vacancy_up,
                   config.vacancy->vacancy);
    buf_putc(p->out, '\n');
}

enum ofperr
print_table_desc(const struct print *p, const struct of_header *msg)
{
    const struct of_table_desc_stats_reply *reply = (const void *)msg;

    for (size_t i = 0; i < reply->entries.n; i++)
        put_desc(p, reply->entries.items[i]);
    return OFPERR_OK;
}

enum ofperr
print_table_status(const struct print *p, const struct of_header *msg)
{
    const struct of_table_status *status = (const void *)msg;

    if (status->reason == OFPTR_VACANCY_DOWN)
        buf_puts(p->out, " reason=VACANCY_DOWN");
    else if (status->reason == OFPTR_VACANCY_UP)
        buf_puts(p->out, " reason=VACANCY_UP");
    buf_puts(p->out, "\ntable_desc:-");
    put_desc(p, &status->table);
    return OFPERR_OK;
}

/* ---- Modifications ----------------------------------------------------------------------------*/
static void
put_config(const struct print *p, const struct of_table_mod *of)
{
    struct table_config config = find_props(&of->properties);

    buf_printf(p->out, ", eviction=%s", of->config & OFPTC_EVICTION ? "on" : "off");
    if (config.eviction) {
        buf_puts(p->out, " eviction_flags=");
        put_eviction_flags(p->out, config.eviction->flags);
    }
    buf_printf(p->out, ", vacancy=%s", of->config & OFPTC_VACANCY_EVENTS ? "on" : "off");
    if (of->config & OFPTC_VACANCY_EVENTS && config.vacancy)
        buf_printf(p->out, " vacancy:%u,%u", config.vacancy->vacancy_down,
                   config.vacancy->vacancy_up);
}

enum ofperr
print_table_mod(const struct print *p, const struct of_header *msg)
{
    const struct of_table_mod *of = (const void *)msg;

    if (of->table_id == OFTABLE_ALL)
        buf_puts(p->out, " table_id: ALL_TABLES");
    else
        buf_printf(p->out, " table_id=%u", of->table_id);
    if (p->version >= OFP14)
        put_config(p, of);
    return OFPERR_OK;
}

/* ---- Statistics -------------------------------------------------------------------------------*/
static bool
is_like(const struct of_table_stats_entry *a, const struct of_table_stats_entry *b)
{
    return a->active_count == b->active_count && a->lookup_count == b->lookup_count &&
           a->matched_count == b->matched_count;
}

/* 1.0's statistics say what 1.3 has table features for. */
static bool
has_features_of(const struct of_table_stats_entry *a, const struct of_table_stats_entry *b)
{
    return a->object.version > OFP10 ||
           (a->max_entries == b->max_entries && a->wildcards == b->wildcards);
}

static void
put_wildcards(struct buf *out, uint32_t wildcards)
{
    static const struct {
        uint32_t bits;
        const char *name;
    } rows[] = {
        {OFPFW_IN_PORT, "in_port"},    {OFPFW_DL_SRC, "eth_src"},
        {OFPFW_DL_DST, "eth_dst"},     {OFPFW_DL_TYPE, "eth_type"},
        {OFPFW_DL_VLAN, "vlan_vid"},   {OFPFW_DL_VLAN_PCP, "vlan_pcp"},
        {OFPFW_NW_SRC_MASK, "ip_src"}, {OFPFW_NW_DST_MASK, "ip_dst"},
        {OFPFW_NW_PROTO, "nw_proto"},  {OFPFW_NW_TOS, "nw_tos"},
        {OFPFW_TP_SRC, "tcp_src"},     {OFPFW_TP_DST, "tcp_dst"},
    };
    const char *names[ARRAY_SIZE(rows)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (wildcards & rows[i].bits)
            names[n++] = rows[i].name;
    }
    if (!n)
        return;
    buf_puts(out, "    matching:\n      exact match or wildcard: ");
    print_names(out, names, n);
    buf_putc(out, '\n');
}

static void
put_features_v10(const struct of_table_stats_entry *entry, const struct of_table_stats_entry *last,
                 struct buf *out)
{
    if (last && has_features_of(entry, last)) {
        buf_puts(out, "    (same features)\n");
        return;
    }
    if (entry->max_entries)
        buf_printf(out, "    max_entries=%u\n", entry->max_entries);
    put_wildcards(out, entry->wildcards);
}

static void
put_table_stats(const struct of_table_stats_entry *entry, const struct of_table_stats_entry *last,
                struct buf *out)
{
    bool is_ditto = last && is_like(entry, last) && has_features_of(entry, last);
    bool is_v10 = entry->object.version == OFP10;

    buf_printf(out, "\n  table %u", entry->table_id);
    if (is_v10 && *entry->name)
        buf_printf(out, " (\"%s\")", entry->name);
    if (is_ditto) {
        buf_puts(out, ": ditto");
        return;
    }
    buf_printf(out, ":\n    active=%u, lookup=%" PRIu64 ", matched=%" PRIu64 "\n",
               entry->active_count, entry->lookup_count, entry->matched_count);
    if (is_v10)
        put_features_v10(entry, last, out);
}

/* Tables that say what the one before them said are told in one line. */
enum ofperr
print_table_stats(const struct print *p, const struct of_header *msg)
{
    const struct of_table_stats_reply *reply = (const void *)msg;
    struct print_ditto ditto = PRINT_DITTO_INITIALIZER;

    for (size_t i = 0; i < reply->entries.n; i++) {
        const struct of_table_stats_entry *entry = reply->entries.items[i];
        const struct of_table_stats_entry *last = i ? reply->entries.items[i - 1] : NULL;

        if (last && is_like(entry, last) && has_features_of(entry, last) &&
            !(p->version == OFP10 && *entry->name)) {
            print_ditto_add(&ditto, entry->table_id);
            continue;
        }
        print_ditto_end(&ditto, p->out);
        put_table_stats(entry, last, p->out);
    }
    print_ditto_end(&ditto, p->out);
    return OFPERR_OK;
}
