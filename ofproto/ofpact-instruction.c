/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions: text and checks. */
#include "ofproto/ofpact-provider.h"

void
ofpact_format_METER(const struct ofpact_meter *meter, const struct ofpact_printer *p)
{
    buf_printf(p->out, "meter:%u", meter->meter_id);
}

enum ofperr
ofpact_check_METER(const struct ofpact_meter *meter, struct ofpact_checker *c)
{
    (void)c;
    if (!meter->meter_id || meter->meter_id > OFMETER_MAX)
        return OFPERR_OFPMMFC_INVALID_METER;
    return OFPERR_OK;
}

static char *
parse_meter(char *value, struct ofpact_parser *parser)
{
    struct ofpact_meter *meter = OFPACT_PUT(parser->out, METER, ofpact_meter);

    return text_u32("meter", value, &meter->meter_id);
}

#define STF_PERIODIC 1 /* OFPSTF_*. */
#define STF_ONLY_FIRST 2

void
ofpact_format_STAT_TRIGGER(const struct ofpact_stat_trigger *st, const struct ofpact_printer *p)
{
    const struct {
        unsigned int bit;
        const char *name;
        unsigned long long value;
    } rows[] = {
        {STAT_DURATION, "duration", st->duration},
        {STAT_IDLE_TIME, "idle_time", st->idle},
        {STAT_FLOW_COUNT, "flow_count", st->n_flows},
        {STAT_PACKET_COUNT, "packet_count", st->n_packets},
        {STAT_BYTE_COUNT, "byte_count", st->n_bytes},
    };

    buf_puts(p->out, "stat_trigger(");
    if (st->flags & STF_PERIODIC)
        buf_puts(p->out, "periodic,");
    if (st->flags & STF_ONLY_FIRST)
        buf_puts(p->out, "only_first,");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (st->present & 1u << rows[i].bit)
            buf_printf(p->out, "%s=%llu,", rows[i].name, rows[i].value);
    buf_chomp(p->out, ',');
    buf_putc(p->out, ')');
}

enum ofperr
ofpact_check_STAT_TRIGGER(const struct ofpact_stat_trigger *st, struct ofpact_checker *c)
{
    (void)c;
    return st->flags & ~3u ? OFPERR_OFPBIC_UNSUP_INST : OFPERR_OK;
}

static char *
parse_threshold(const char *key, const char *value, struct ofpact_stat_trigger *st)
{
    const struct {
        unsigned int bit;
        const char *name;
        uint64_t *value;
    } rows[] = {
        {STAT_DURATION, "duration", &st->duration},
        {STAT_IDLE_TIME, "idle_time", &st->idle},
        {STAT_FLOW_COUNT, "flow_count", &st->n_flows},
        {STAT_PACKET_COUNT, "packet_count", &st->n_packets},
        {STAT_BYTE_COUNT, "byte_count", &st->n_bytes},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (!strcmp(key, rows[i].name)) {
            st->present |= 1u << rows[i].bit;
            return text_u64(key, value, rows[i].value);
        }
    return text_error("\"%s\" is unknown; the keys are periodic, only_first, duration, idle_time, "
                      "flow_count, packet_count, byte_count",
                      key);
}

static char *
parse_stat_trigger(char *value, struct ofpact_parser *parser)
{
    struct ofpact_stat_trigger *st = OFPACT_PUT(parser->out, STAT_TRIGGER, ofpact_stat_trigger);
    char *key, *v, *error = NULL;

    while (!error && text_next_pair(&value, &key, &v, NULL)) {
        if (!strcmp(key, "periodic"))
            st->flags |= STF_PERIODIC;
        else if (!strcmp(key, "only_first"))
            st->flags |= STF_ONLY_FIRST;
        else
            error = parse_threshold(key, v, st);
    }
    return error;
}

void
ofpact_format_CLEAR_ACTIONS(const struct ofpact_null *null, const struct ofpact_printer *p)
{
    (void)null;
    buf_puts(p->out, "clear_actions");
}

enum ofperr
ofpact_check_CLEAR_ACTIONS(const struct ofpact_null *null, struct ofpact_checker *c)
{
    (void)null;
    (void)c;
    return OFPERR_OK;
}

void
ofpact_format_WRITE_ACTIONS(const struct ofpact_nest *nest, const struct ofpact_printer *p)
{
    buf_puts(p->out, "write_actions(");
    ofpact_format_list(nest->actions, ofpact_nest_size(nest), p);
    buf_putc(p->out, ')');
}

enum ofperr
ofpact_check_WRITE_ACTIONS(const struct ofpact_nest *nest, struct ofpact_checker *c)
{
    struct ofpact_checker inner = *c;

    inner.in_set = true;
    return ofpact_check_list(nest->actions, ofpact_nest_size(nest), &inner);
}

static char *
parse_write_actions(char *value, struct ofpact_parser *parser)
{
    size_t start = parser->out->size;
    const struct ofpact_nest *nest;
    const struct ofpact *ofpact;
    char *error;

    OFPACT_PUT(parser->out, WRITE_ACTIONS, ofpact_nest);
    error = ofpact_parse_nested(value, parser);
    if (error)
        return error;
    nest = ofpact_finish(parser->out, start);
    OFPACT_FOR_EACH(ofpact, nest->actions, ofpact_nest_size(nest))
    if (!ofpact_may_be_in_set(ofpact))
        return text_error("%s cannot be in an action set",
                          ofpact_name((enum ofpact_type)ofpact->type));
    return NULL;
}

void
ofpact_format_WRITE_METADATA(const struct ofpact_metadata *m, const struct ofpact_printer *p)
{
    buf_printf(p->out, "write_metadata:%#llx", (unsigned long long)m->value);
    if (m->mask != UINT64_MAX)
        buf_printf(p->out, "/%#llx", (unsigned long long)m->mask);
}

enum ofperr
ofpact_check_WRITE_METADATA(const struct ofpact_metadata *m, struct ofpact_checker *c)
{
    (void)m;
    (void)c;
    return OFPERR_OK;
}

static char *
parse_write_metadata(char *value, struct ofpact_parser *parser)
{
    struct ofpact_metadata *m = OFPACT_PUT(parser->out, WRITE_METADATA, ofpact_metadata);
    char *slash = strchr(value, '/'), *error;

    m->mask = UINT64_MAX;
    if (slash)
        *slash = '\0';
    error = text_u64("write_metadata", value, &m->value);
    if (!error && slash)
        error = text_u64("its mask", slash + 1, &m->mask);
    return error;
}

void
ofpact_format_GOTO_TABLE(const struct ofpact_goto_table *go, const struct ofpact_printer *p)
{
    buf_printf(p->out, "goto_table:%u", go->table_id);
}

enum ofperr
ofpact_check_GOTO_TABLE(const struct ofpact_goto_table *go, struct ofpact_checker *c)
{
    const struct ofpact_limits *limits = c->limits;

    if (limits->loose_tables)
        return OFPERR_OK;
    if (limits->table_id != OFTABLE_ALL && go->table_id <= limits->table_id)
        return OFPERR_OFPBIC_BAD_TABLE_ID;
    return go->table_id < limits->n_tables ? OFPERR_OK : OFPERR_OFPBIC_BAD_TABLE_ID;
}

static char *
parse_goto_table(char *value, struct ofpact_parser *parser)
{
    struct ofpact_goto_table *go = OFPACT_PUT(parser->out, GOTO_TABLE, ofpact_goto_table);
    char *error = text_u8("table", value, &go->table_id);

    if (!error && go->table_id == OFTABLE_ALL)
        error = text_error("table 255 is no table; at most %d", OFTABLE_MAX);
    return error;
}

static char *
parse_apply_actions(char *value, struct ofpact_parser *parser)
{
    (void)value;
    (void)parser;
    return text_error("write the actions without it: applying is what they do");
}

const struct ofpact_keyword ofpact_instruction_keywords[] = {
    {"meter", parse_meter, OFPACT_METER},
    {"stat_trigger", parse_stat_trigger, 0},
    {"clear_actions", ofpact_parse_null, OFPACT_CLEAR_ACTIONS},
    {"write_actions", parse_write_actions, 0},
    {"write_metadata", parse_write_metadata, 0},
    {"goto_table", parse_goto_table, 0},
    {"apply_actions", parse_apply_actions, 0},
    {NULL, NULL, 0},
};
