/* SPDX-License-Identifier: Apache-2.0 */
/* What tables can do (OpenFlow 1.3.1, section A.3.5.5).
 *
 * Model: the properties of a table are gathered into a struct table, in which the lists of fields
 * are sorted, so that equal ones are written once: "(same actions)", "ditto". */
#include "ofproto/print-private.h"

#include <ctype.h>
#include <stdlib.h>

#define MAX_FIELDS 256

struct field_list {
    size_t n;
    const char *names[MAX_FIELDS]; /* In the order of field_families, none twice. */
};

struct action_features {
    uint32_t types; /* Bits: OFPAT_*. */
    struct field_list set_fields;
};

/* For packets that meet a flow entry, or for those that meet none. */
struct instruction_features {
    uint32_t types;     /* Bits: OFPIT_*. */
    uint8_t tables[32]; /* Bits: next tables. */
    struct action_features write, apply;
};

struct table {
    const struct of_table_features *of;
    struct instruction_features hit, miss;
    struct field_list masked, optional, needed; /* What may be matched, and how. */
};

/* ---- Names of fields --------------------------------------------------------------------------*/
/* The order in which ovs-ofctl names them; numbers at the end stand apart. */
static const char *const field_families[] = {
    "dp_hash",        "recirc_id",       "packet_type",     "conj_id",        "tun_id",
    "tun_src",        "tun_dst",         "tun_ipv6_src",    "tun_ipv6_dst",   "tun_flags",
    "tun_ttl",        "tun_tos",         "tun_gbp_id",      "tun_gbp_flags",  "tun_erspan_idx",
    "tun_erspan_ver", "tun_erspan_dir",  "tun_erspan_hwid", "tun_gtpu_flags", "tun_gtpu_msgtype",
    "tun_metadata",   "metadata",        "in_port",         "in_port_oxm",    "in_phy_port",
    "actset_output",  "skb_priority",    "pkt_mark",        "ct_state",       "ct_zone",
    "ct_mark",        "ct_label",        "ct_nw_proto",     "ct_nw_src",      "ct_nw_dst",
    "ct_ipv6_src",    "ct_ipv6_dst",     "ct_tp_src",       "ct_tp_dst",      "reg",
    "xreg",           "xxreg",           "eth_src",         "eth_dst",        "eth_type",
    "vlan_tci",       "vlan_vid",        "vlan_pcp",        "pbb_isid",       "pbb_uca",
    "mpls_label",     "mpls_tc",         "mpls_bos",        "mpls_ttl",       "ip_src",
    "ip_dst",         "ipv6_src",        "ipv6_dst",        "ipv6_label",     "ipv6_exthdr",
    "nw_proto",       "nw_tos",          "ip_dscp",         "nw_ecn",         "nw_ttl",
    "ip_frag",        "arp_op",          "arp_spa",         "arp_tpa",        "arp_sha",
    "arp_tha",        "tcp_src",         "tcp_dst",         "tcp_flags",      "udp_src",
    "udp_dst",        "sctp_src",        "sctp_dst",        "icmp_type",      "icmp_code",
    "icmpv6_type",    "icmpv6_code",     "nd_target",       "nd_sll",         "nd_tll",
    "nd_reserved",    "nd_options_type", "nsh_flags",       "nsh_mdtype",     "nsh_np",
    "nsh_spi",        "nsh_si",          "nsh_c",           "nsh_ttl",
};

/* Its number, ARRAY_SIZE(field_families) if there is none. `tail`: for the end of a family's name.
 */
static size_t
find_family(const char *name, size_t size, bool tail)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(field_families); i++) {
        const char *family = field_families[i];
        size_t skip = tail && strlen(family) > size ? strlen(family) - size : 0;

        if (strlen(family) - skip == size && !strncmp(family + skip, name, size))
            break;
    }
    return i;
}

/* The field's name in matches; of one that this switch does not match, its name on the wire, as
 * far as ovs-ofctl uses it. */
static const char *
name_of(const struct of_oxm_id *id)
{
    static const char *const prefixes[] = {"nxm_nx_", "nxoxm_", "eric_"};
    const struct field *field = field_by_header(id->type_len, id->experimenter);
    const struct of_oxm_field *oxm = of_oxm_field_find(id->type_len, id->experimenter);
    const char *name = oxm ? oxm->name : NULL;
    size_t family;

    if (field || !oxm)
        return field ? field->name : NULL;
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
            name += strlen(prefixes[i]);
    }
    family = find_family(name, strlen(name), true);
    return family < ARRAY_SIZE(field_families) ? field_families[family] : name;
}

/* Family and number as one, to sort by. */
static unsigned long
rank(const char *name)
{
    size_t size = strlen(name);

    while (size && isdigit((unsigned char)name[size - 1]))
        size--;
    return find_family(name, size, false) * 1000 + strtoul(name + size, NULL, 10);
}

static bool
contains(const struct field_list *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++) {
        if (!strcmp(list->names[i], name))
            return true;
    }
    return false;
}

static void
insert(struct field_list *list, const char *name)
{
    size_t i = list->n;

    if (i == MAX_FIELDS || contains(list, name))
        return;
    for (; i && rank(list->names[i - 1]) > rank(name); i--)
        list->names[i] = list->names[i - 1];
    list->names[i] = name;
    list->n++;
}

static bool
lists_equal(const struct field_list *a, const struct field_list *b)
{
    for (size_t i = 0; i < a->n && a->n == b->n; i++) {
        if (strcmp(a->names[i], b->names[i]) != 0)
            return false;
    }
    return a->n == b->n;
}

/* ---- Gathering --------------------------------------------------------------------------------*/
static void
take_fields(const struct of_table_feature_prop_match *prop, struct field_list *list)
{
    for (size_t i = 0; i < prop->oxm_ids.n; i++) {
        const char *name = name_of(prop->oxm_ids.items[i]);

        if (name)
            insert(list, name);
    }
}

static uint32_t
action_types(const struct of_table_feature_prop_write_actions *prop)
{
    uint32_t types = 0;

    for (size_t i = 0; i < prop->action_ids.n; i++) {
        if (prop->action_ids.items[i]->type < 32)
            types |= 1u << prop->action_ids.items[i]->type;
    }
    return types;
}

static uint32_t
instruction_types(const struct of_table_feature_prop_instructions *prop)
{
    uint32_t types = 0;

    for (size_t i = 0; i < prop->instruction_ids.n; i++) {
        if (prop->instruction_ids.items[i]->type < 32)
            types |= 1u << prop->instruction_ids.items[i]->type;
    }
    return types;
}

static void
take_tables(const struct of_table_feature_prop_next_tables *prop, uint8_t tables[32])
{
    for (size_t i = 0; i < prop->next_table_ids.n; i++) {
        uint8_t id = prop->next_table_ids.items[i];

        tables[id / 8] |= (uint8_t)(1u << id % 8);
    }
}

/* The property of this class, NULL: the table does not have it. Properties with the same member
 * have the same layout. */
static const void *
find_prop(const struct of_table_features *of, uint16_t class_id)
{
    for (size_t i = 0; i < of->properties.n; i++) {
        const struct of_object *prop = (const void *)of->properties.items[i];

        if (prop->class_id == class_id)
            return prop;
    }
    return NULL;
}

/* Of a miss, what is not told is as for a hit. */
#define TAKE(OF, SUFFIX, TO)                                                                       \
    do {                                                                                           \
        const void *prop;                                                                          \
        if ((prop = find_prop(OF, OF_TABLE_FEATURE_PROP_INSTRUCTIONS##SUFFIX)))                    \
            (TO)->types = instruction_types(prop);                                                 \
        if ((prop = find_prop(OF, OF_TABLE_FEATURE_PROP_NEXT_TABLES##SUFFIX))) {                   \
            memset((TO)->tables, 0, sizeof(TO)->tables);                                           \
            take_tables(prop, (TO)->tables);                                                       \
        }                                                                                          \
        if ((prop = find_prop(OF, OF_TABLE_FEATURE_PROP_WRITE_ACTIONS##SUFFIX)))                   \
            (TO)->write.types = action_types(prop);                                                \
        if ((prop = find_prop(OF, OF_TABLE_FEATURE_PROP_APPLY_ACTIONS##SUFFIX)))                   \
            (TO)->apply.types = action_types(prop);                                                \
        if ((prop = find_prop(OF, OF_TABLE_FEATURE_PROP_WRITE_SETFIELD##SUFFIX))) {                \
            (TO)->write.set_fields.n = 0;                                                          \
            take_fields(prop, &(TO)->write.set_fields);                                            \
        }                                                                                          \
        if ((prop = find_prop(OF, OF_TABLE_FEATURE_PROP_APPLY_SETFIELD##SUFFIX))) {                \
            (TO)->apply.set_fields.n = 0;                                                          \
            take_fields(prop, &(TO)->apply.set_fields);                                            \
        }                                                                                          \
    } while (0)

/* A field that takes a mask can be left out, too. */
static void
take_matches(struct table *table)
{
    const struct of_table_feature_prop_match *match =
        find_prop(table->of, OF_TABLE_FEATURE_PROP_MATCH);
    const struct of_table_feature_prop_match *wildcards =
        find_prop(table->of, OF_TABLE_FEATURE_PROP_WILDCARDS);
    struct field_list optional = {0};

    if (wildcards)
        take_fields(wildcards, &optional);
    for (size_t i = 0; match && i < match->oxm_ids.n; i++) {
        const struct of_oxm_id *id = match->oxm_ids.items[i];
        const char *name = name_of(id);

        if (name && id->type_len & 0x100)
            insert(&table->masked, name);
    }
    for (size_t i = 0; match && i < match->oxm_ids.n; i++) {
        const char *name = name_of(match->oxm_ids.items[i]);

        if (name && !contains(&table->masked, name))
            insert(contains(&optional, name) ? &table->optional : &table->needed, name);
    }
}

static void
take_table(const struct of_table_features *of, struct table *table)
{
    memset(table, 0, sizeof *table);
    table->of = of;
    TAKE(of, , &table->hit);
    table->miss = table->hit;
    TAKE(of, _MISS, &table->miss);
    take_matches(table);
}

/* ---- Comparing --------------------------------------------------------------------------------*/
static bool
actions_equal(const struct action_features *a, const struct action_features *b)
{
    return a->types == b->types && lists_equal(&a->set_fields, &b->set_fields);
}

static bool
has_table(const uint8_t tables[32], unsigned int id)
{
    return tables[id / 8] >> id % 8 & 1;
}

/* `next` follows `table` and may be gone to from there, but of course not from itself. */
static bool
next_tables_equal(const uint8_t a[32], uint8_t a_id, const uint8_t b[32], uint8_t b_id)
{
    uint8_t copy[32];

    if (a_id == b_id + 1)
        return next_tables_equal(b, b_id, a, a_id);
    memcpy(copy, a, sizeof copy);
    if (b_id == a_id + 1 && has_table(a, b_id) && !has_table(b, b_id))
        copy[b_id / 8] &= (uint8_t) ~(1u << b_id % 8);
    return !memcmp(copy, b, sizeof copy);
}

static bool
instructions_equal(const struct instruction_features *a, uint8_t a_id,
                   const struct instruction_features *b, uint8_t b_id)
{
    return next_tables_equal(a->tables, a_id, b->tables, b_id) && a->types == b->types &&
           actions_equal(&a->write, &b->write) && actions_equal(&a->apply, &b->apply);
}

static bool
all_instructions_equal(const struct table *a, const struct table *b)
{
    return instructions_equal(&a->hit, a->of->table_id, &b->hit, b->of->table_id) &&
           instructions_equal(&a->miss, a->of->table_id, &b->miss, b->of->table_id);
}

static bool
matches_equal(const struct table *a, const struct table *b)
{
    return lists_equal(&a->masked, &b->masked) && lists_equal(&a->optional, &b->optional) &&
           lists_equal(&a->needed, &b->needed);
}

static bool
tables_equal(const struct table *a, const struct table *b)
{
    return a->of->metadata_match == b->of->metadata_match &&
           a->of->metadata_write == b->of->metadata_write &&
           a->of->capabilities == b->of->capabilities && a->of->max_entries == b->of->max_entries &&
           all_instructions_equal(a, b) && matches_equal(a, b);
}

/* ---- Printing ---------------------------------------------------------------------------------*/
static void
put_fields(struct buf *out, const char *label, const struct field_list *list)
{
    if (!list->n)
        return;
    buf_printf(out, "%s: ", label);
    print_names(out, list->names, list->n);
    buf_putc(out, '\n');
}

static void
put_actions(const struct print *p, const char *label, const struct action_features *actions)
{
    if (!actions->types && !actions->set_fields.n)
        return;
    buf_printf(p->out, "      %s features:\n", label);
    if (actions->types) {
        buf_puts(p->out, "        actions: ");
        print_actions(p->out, actions->types, p->version);
        buf_putc(p->out, '\n');
    }
    put_fields(p->out, "        supported on Set-Field", &actions->set_fields);
}

static void
put_next_tables(struct buf *out, const uint8_t tables[32])
{
    const char *separator = "      next tables: ";

    for (unsigned int end, id = 0; id < OFTABLE_ALL; id = end) {
        end = id + 1;
        if (!has_table(tables, id))
            continue;
        while (end < OFTABLE_ALL && has_table(tables, end))
            end++;
        buf_printf(out, "%s%u", separator, id);
        if (end > id + 1)
            buf_printf(out, "-%u", end - 1);
        separator = ",";
    }
    if (*separator == ',')
        buf_putc(out, '\n');
}

static void
put_instruction_types(struct buf *out, uint32_t types)
{
    static const struct bit_name names[] = {
        {1 << OFPIT_METER, "meter"},
        {1 << OFPIT_APPLY_ACTIONS, "apply_actions"},
        {1 << OFPIT_CLEAR_ACTIONS, "clear_actions"},
        {1 << OFPIT_WRITE_ACTIONS, "write_actions"},
        {1 << OFPIT_WRITE_METADATA, "write_metadata"},
        {1 << OFPIT_GOTO_TABLE, "goto_table"},
        {1 << OFPIT_STAT_TRIGGER, "stat_trigger"},
        {0, NULL},
    };

    buf_puts(out, "      instructions: ");
    print_bits(out, types, names, ' ');
    buf_putc(out, '\n');
}

static void
put_instructions(const struct print *p, const char *packets,
                 const struct instruction_features *features,
                 const struct instruction_features *last)
{
    buf_printf(p->out, "    instructions (%s):\n", packets);
    put_next_tables(p->out, features->tables);
    if (last && features->types == last->types && features->types)
        buf_puts(p->out, "      (same instructions)\n");
    else if (features->types)
        put_instruction_types(p->out, features->types);
    if (last && actions_equal(&features->write, &last->write) &&
        actions_equal(&features->apply, &last->apply) && features->write.set_fields.n) {
        buf_puts(p->out, "      (same actions)\n");
    } else if (actions_equal(&features->write, &features->apply)) {
        put_actions(p, "Write-Actions and Apply-Actions", &features->write);
    } else {
        put_actions(p, "Write-Actions", &features->write);
        put_actions(p, "Apply-Actions", &features->apply);
    }
}

static bool
is_empty(const struct instruction_features *features)
{
    static const struct instruction_features nothing;

    return instructions_equal(features, 0, &nothing, 0);
}

static void
put_all_instructions(const struct print *p, const struct table *table, const struct table *last)
{
    uint8_t id = table->of->table_id;

    if (last && all_instructions_equal(table, last)) {
        if (!is_empty(&table->hit))
            buf_puts(p->out, "    (same instructions)\n");
    } else if (!instructions_equal(&table->hit, id, &table->miss, id)) {
        put_instructions(p, "other than table miss", &table->hit, last ? &last->hit : NULL);
        put_instructions(p, "table miss", &table->miss, last ? &last->miss : NULL);
    } else if (!is_empty(&table->hit)) {
        put_instructions(p, "table miss and others", &table->hit, last ? &last->hit : NULL);
    }
}

static void
put_matches(const struct print *p, const struct table *table, const struct table *last)
{
    if (!table->masked.n && !table->optional.n && !table->needed.n)
        return;
    if (last && matches_equal(table, last)) {
        buf_puts(p->out, "    (same matching)\n");
        return;
    }
    buf_puts(p->out, "    matching:\n");
    put_fields(p->out, "      arbitrary mask", &table->masked);
    put_fields(p->out, "      exact match or wildcard", &table->optional);
    put_fields(p->out, "      must exact match", &table->needed);
}

static void
put_table(const struct print *p, const struct table *table, const struct table *last)
{
    const struct of_table_features *of = table->of;

    buf_printf(p->out, "\n  table %u", of->table_id);
    if (*of->name)
        buf_printf(p->out, " (\"%s\")", of->name);
    if (last && tables_equal(table, last)) {
        buf_puts(p->out, ": ditto");
        return;
    }
    buf_puts(p->out, ":\n");
    if (of->metadata_match || of->metadata_write)
        buf_printf(p->out, "    metadata: match=%#" PRIx64 " write=%#" PRIx64 "\n",
                   of->metadata_match, of->metadata_write);
    if (p->version >= OFP14)
        buf_printf(p->out, "    eviction: %ssupported\n    vacancy events: %ssupported\n",
                   of->capabilities & OFPTC_EVICTION ? "" : "not ",
                   of->capabilities & OFPTC_VACANCY_EVENTS ? "" : "not ");
    if (of->max_entries)
        buf_printf(p->out, "    max_entries=%u\n", of->max_entries);
    put_all_instructions(p, table, last);
    put_matches(p, table, last);
}

static void
put_command(const struct print *p, uint8_t command)
{
    static const char *const names[] = {"replace", "modify", "enable", "disable"};

    if (p->version < OFP15 || command == OFPTFC_REPLACE)
        return;
    buf_puts(p->out, "\n  command: ");
    PRINT_WORD(p->out, command, names);
}

/* Requests, too: they may tell what the tables should be. */
enum ofperr
print_table_features(const struct print *p, const struct of_header *msg)
{
    const struct of_table_features_stats_reply *reply = (const void *)msg;
    struct print_ditto ditto = PRINT_DITTO_INITIALIZER;
    struct table tables[2];

    for (size_t i = 0; i < reply->entries.n; i++) {
        const struct of_table_features *of = reply->entries.items[i];
        struct table *table = &tables[i % 2], *last = i ? &tables[(i + 1) % 2] : NULL;

        take_table(of, table);
        if (!i)
            put_command(p, of->command);
        if (last && tables_equal(table, last) && !*of->name) {
            print_ditto_add(&ditto, of->table_id);
            continue;
        }
        print_ditto_end(&ditto, p->out);
        put_table(p, table, last);
    }
    print_ditto_end(&ditto, p->out);
    return OFPERR_OK;
}
