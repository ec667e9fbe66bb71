/* SPDX-License-Identifier: Apache-2.0 */
/* Groups and meters from text. */
#include "ofproto/parse.h"

#include <strings.h>

#include "ofproto/openflow.h"
#include "ofproto/text.h"

/* ---- Buckets ----------------------------------------------------------------------------------*/
struct bucket_parser {
    const struct ofp_port_names *names;
    struct ofp_bucket *bucket;
    bool has_weight, has_id;
    struct buf actions; /* What no key of buckets takes, put together again. */
};

static char *
parse_bucket_id(const char *value, uint32_t *bucket_id)
{
    if (!strcasecmp(value, "first"))
        *bucket_id = OFPG_BUCKET_FIRST;
    else if (!strcasecmp(value, "last"))
        *bucket_id = OFPG_BUCKET_LAST;
    else if (!strcasecmp(value, "all"))
        *bucket_id = OFPG_BUCKET_ALL;
    else
        return text_u32("bucket_id", value, bucket_id);
    return NULL;
}

/* An action as it was written, from its parts. Of KEY(VALUE) the cut took the last parenthesis. */
static void
put_action(struct buf *actions, const char *key, const char *value, char delimiter)
{
    int depth = delimiter == '(';

    if (actions->size)
        buf_putc(actions, ',');
    buf_puts(actions, key);
    if (delimiter)
        buf_putc(actions, delimiter);
    buf_puts(actions, value);
    for (const char *s = value; *s; s++)
        depth += (*s == '(') - (*s == ')');
    if (depth > 0)
        buf_putc(actions, ')');
}

static char *
parse_bucket_key(const char *key, const char *value, char delimiter, struct bucket_parser *p)
{
    struct ofp_bucket *bucket = p->bucket;

    if (!strcmp(key, "weight")) {
        p->has_weight = true;
        return text_u16(key, value, &bucket->weight);
    }
    if (!strcmp(key, "bucket_id")) {
        p->has_id = true;
        return text_u32(key, value, &bucket->bucket_id);
    }
    if (!strcmp(key, "watch_port")) {
        if (!ofport_parse(value, p->names, &bucket->watch_port))
            return text_error("watch_port: \"%s\" is no port", value);
        return NULL;
    }
    if (!strcmp(key, "watch_group")) {
        if (!ofgroup_parse(value, &bucket->watch_group))
            return text_error("watch_group: \"%s\" is no group", value);
        return NULL;
    }
    if (!strcmp(key, "actions") || !strcmp(key, "action"))
        return NULL;
    put_action(&p->actions, key, value, delimiter);
    return NULL;
}

/* "actions=output:1" is one pair whose value is the first action. */
static char *
parse_bucket_keys(char *s, struct bucket_parser *p)
{
    char *key, *value, *error = NULL, delimiter;

    while (!error && text_next_pair(&s, &key, &value, &delimiter)) {
        if ((!strcmp(key, "actions") || !strcmp(key, "action")) && *value) {
            if (p->actions.size)
                buf_putc(&p->actions, ',');
            buf_puts(&p->actions, value);
        } else {
            error = parse_bucket_key(key, value, delimiter, p);
        }
    }
    return error;
}

static char *
parse_bucket(char *text, const struct ofp_port_names *names, uint8_t type, uint32_t default_id,
             struct list *buckets)
{
    struct ofp_bucket *bucket = xcalloc(1, sizeof *bucket);
    struct bucket_parser p = {names, bucket, false, false, BUF_INITIALIZER};
    struct buf ofpacts = BUF_INITIALIZER;
    char *error;

    list_push_back(buckets, &bucket->node);
    bucket->watch_port = OFPORT_ANY;
    bucket->watch_group = OFGROUP_ANY;
    error = parse_bucket_keys(text, &p);
    if (!error)
        error = ofpacts_parse(buf_text(&p.actions), names, false, &ofpacts);
    if (!error && ofpacts.size) {
        bucket->ofpacts_size = ofpacts.size;
        bucket->ofpacts = xmemdup(ofpacts.data, ofpacts.size);
    }
    if (!p.has_weight)
        bucket->weight = type == OFPGT_SELECT;
    if (!p.has_id)
        bucket->bucket_id = default_id;
    buf_destroy(&p.actions);
    buf_destroy(&ofpacts);
    return error;
}

/* ---- Groups -----------------------------------------------------------------------------------*/
static char *
parse_type(const char *value, uint8_t *type)
{
    static const struct {
        const char *name;
        uint8_t type;
    } types[] = {
        {"all", OFPGT_ALL}, {"select", OFPGT_SELECT},    {"indirect", OFPGT_INDIRECT},
        {"ff", OFPGT_FF},   {"fast_failover", OFPGT_FF},
    };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (!strcmp(value, types[i].name)) {
            *type = types[i].type;
            return NULL;
        }
    return text_error("\"%s\" is no type of group; write all, select, indirect or ff", value);
}

/* "eth_dst" or "ip_src,ip_dst/0xff". */
static char *
parse_hash_fields(char *value, struct ofp_group_props *props)
{
    char *key, *rest, *error, *slash;

    while (text_next_pair(&value, &key, &rest, NULL)) {
        const struct field *field;
        field_value bits, mask;

        slash = strchr(key, '/');
        if (slash)
            *slash++ = '\0';
        field = field_by_name(key);
        if (!field)
            return text_error("fields: \"%s\" is no field", key);
        bits = field_ones(field);
        if (slash || *rest) {
            error = field_parse(field, slash ? slash : rest, NULL, &bits, &mask);
            if (error)
                return error;
        }
        field_unwildcard_bits(field, &props->fields, bits);
        ofp_group_props_add(props, field);
    }
    return NULL;
}

static char *
parse_group_key(const char *key, char *value, struct ofp_group_mod *gm, bool *has_type)
{
    if (!strcmp(key, "group_id")) {
        if (!ofgroup_parse(value, &gm->group_id) ||
            (gm->group_id >= OFGROUP_MAX && gm->command != OFPGC_DELETE))
            return text_error("group_id: \"%s\" is no group; at most %u", value, OFGROUP_MAX - 1);
        return NULL;
    }
    if (!strcmp(key, "type")) {
        *has_type = true;
        return parse_type(value, &gm->type);
    }
    if (!strcmp(key, "command_bucket_id"))
        return parse_bucket_id(value, &gm->command_bucket_id);
    if (!strcmp(key, "selection_method")) {
        if (strlen(value) >= sizeof gm->props.selection_method)
            return text_error("selection_method: \"%s\" has more than 15 characters", value);
        strcpy(gm->props.selection_method, value);
        return NULL;
    }
    if (!strcmp(key, "selection_method_param"))
        return text_u64(key, value, &gm->props.selection_method_param);
    if (!strcmp(key, "fields"))
        return parse_hash_fields(value, &gm->props);
    return text_error("%s is unknown; the keys are group_id, type, selection_method, "
                      "selection_method_param, fields, command_bucket_id and bucket",
                      key);
}

/* Cuts the text before "bucket=" outside of parentheses; returns what follows, or NULL. */
static char *
cut_bucket(char *s)
{
    unsigned int depth = 0;

    for (char *start = s; *s; s++) {
        depth += *s == '(';
        depth -= *s == ')' && depth;
        if (!depth && (s == start || strchr(", \t", s[-1])) &&
            (!strncmp(s, "bucket=", 7) || !strncmp(s, "buckets=", 8))) {
            char *value = strchr(s, '=') + 1;

            *s = '\0';
            return value;
        }
    }
    return NULL;
}

static char *
parse_buckets(char *text, const struct ofp_port_names *names, struct ofp_group_mod *gm)
{
    uint32_t bucket_id = 0;
    char *next, *error = NULL;

    for (; text && !error; text = next) {
        next = cut_bucket(text);
        error = parse_bucket(text, names, gm->type, bucket_id++, &gm->buckets);
    }
    return error;
}

static char *
check_group(const struct ofp_group_mod *gm, bool has_type)
{
    bool has_buckets = !list_is_empty(&gm->buckets);

    switch (gm->command) {
    case OFPGC_DELETE:
        return has_buckets ? text_error("a deletion takes no buckets") : NULL;
    case OFPGC_REMOVE_BUCKET:
        return has_buckets ? text_error("write command_bucket_id=..., not a bucket") : NULL;
    case OFPGC_INSERT_BUCKET:
        return has_buckets ? NULL : text_error("a bucket is missing: write bucket=ACTIONS");
    default:
        if (!has_type)
            return text_error("the type is missing: write type=all, select, indirect or ff");
        if (gm->type == OFPGT_INDIRECT && (!has_buckets || gm->buckets.next != gm->buckets.prev))
            return text_error("an indirect group has exactly one bucket");
        if (gm->group_id == OFGROUP_ANY)
            return text_error("the group's number is missing: write group_id=N");
        return NULL;
    }
}

char *
ofp_group_mod_parse(const char *line, uint16_t command, const struct ofp_port_names *names,
                    struct ofp_group_mod *gm)
{
    char *copy = xstrdup(line), *buckets = cut_bucket(copy), *s = copy, *key, *value;
    char *error = text_check_parentheses(line), *outer;
    bool has_type = false;

    memset(gm, 0, sizeof *gm);
    list_init(&gm->buckets);
    gm->command = command;
    gm->group_id = command == OFPGC_DELETE ? OFGROUP_ALL : OFGROUP_ANY;
    gm->command_bucket_id = command == OFPGC_INSERT_BUCKET ? OFPG_BUCKET_LAST : OFPG_BUCKET_ALL;
    while (!error && text_next_pair(&s, &key, &value, NULL)) {
        error = parse_group_key(key, value, gm, &has_type);
        if (error) {
            outer = text_error("%s at %zu: %s", key, (size_t)(key - copy) + 1, error);
            free(error);
            error = outer;
        }
    }
    if (!error)
        error = parse_buckets(buckets, names, gm);
    if (!error)
        error = check_group(gm, has_type);
    if (error)
        ofp_group_mod_destroy(gm);
    free(copy);
    return error;
}

/* ---- Meters -----------------------------------------------------------------------------------*/
static char *
parse_band_type(const char *value, struct ofp_meter_config *meter)
{
    struct ofp_meter_band *band = &meter->bands[meter->n_bands];

    if (meter->n_bands == OFP_MAX_BANDS)
        return text_error("a meter has at most %d bands", OFP_MAX_BANDS);
    if (!strcmp(value, "drop"))
        band->type = OFPMBT_DROP;
    else if (!strcmp(value, "dscp_remark"))
        band->type = OFPMBT_DSCP_REMARK;
    else
        return text_error("\"%s\" is no type of band; write drop or dscp_remark", value);
    meter->n_bands++;
    return NULL;
}

static char *
parse_band_key(const char *key, const char *value, struct ofp_meter_config *meter)
{
    struct ofp_meter_band *band;

    if (!strcmp(key, "type"))
        return parse_band_type(value, meter);
    if (!meter->n_bands)
        return text_error("%s stands in front of the band's type", key);
    band = &meter->bands[meter->n_bands - 1];
    if (!strcmp(key, "rate"))
        return text_u32(key, value, &band->rate);
    if (!strcmp(key, "burst_size") || !strcmp(key, "burst"))
        return text_u32(key, value, &band->burst_size);
    if (!strcmp(key, "prec_level"))
        return text_u8(key, value, &band->prec_level);
    return text_error("\"%s\" is unknown; a band has type, rate, burst_size and prec_level", key);
}

/* "type=drop rate=3 burst_size=5 type=dscp_remark ..." */
static char *
parse_bands(char *text, struct ofp_meter_config *meter)
{
    char *key, *value, *error = NULL;

    while (!error && text_next_pair(&text, &key, &value, NULL)) {
        /* "band=type=drop" starts another one. */
        if (!strcmp(key, "band") || !strcmp(key, "bands")) {
            key = value;
            value = strchr(value, '=');
            if (!value)
                return text_error("write band=type=drop");
            *value++ = '\0';
        }
        error = parse_band_key(key, value, meter);
    }
    for (unsigned int i = 0; i < meter->n_bands && !error; i++)
        if (!meter->bands[i].rate)
            error = text_error("band %u has no rate", i + 1);
    return error;
}

static char *
parse_meter_key(const char *key, const char *value, struct ofp_meter_config *meter)
{
    static const struct {
        const char *name;
        uint16_t flag;
    } flags[] = {
        {"kbps", OFPMF_KBPS},
        {"pktps", OFPMF_PKTPS},
        {"burst", OFPMF_BURST},
        {"stats", OFPMF_STATS},
    };

    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        if (!strcmp(key, flags[i].name)) {
            meter->flags |= flags[i].flag;
            return NULL;
        }
    if (!strcmp(key, "meter")) {
        if (!ofmeter_parse(value, &meter->meter_id))
            return text_error("meter: \"%s\" is no meter; write a number or all", value);
        return NULL;
    }
    return text_error("%s is unknown; the keys are meter, kbps, pktps, burst, stats and bands",
                      key);
}

/* Where the bands begin in the line; NULL: nowhere. */
static char *
cut_bands(char *line)
{
    char *s = strstr(line, "band");
    char *value = s ? strchr(s, '=') : NULL;

    if (!value)
        return NULL;
    *s = '\0';
    return value + 1;
}

char *
ofp_meter_mod_parse(const char *line, uint16_t command, struct ofp_meter_mod *mm)
{
    char *copy = xstrdup(line), *bands = cut_bands(copy), *s = copy, *key, *value, *error = NULL;
    struct ofp_meter_config *meter = &mm->meter;

    memset(mm, 0, sizeof *mm);
    mm->command = command;
    meter->meter_id = command == OFPMC_DELETE ? OFMETER_ALL : 0;
    while (!error && text_next_pair(&s, &key, &value, NULL))
        error = parse_meter_key(key, value, meter);
    if (!error && bands)
        error = parse_bands(bands, meter);
    if (!error && command != OFPMC_DELETE && !meter->meter_id)
        error = text_error("the meter's number is missing: write meter=N");
    if (!error && command != OFPMC_DELETE && !meter->n_bands)
        error = text_error("a band is missing: write bands=type=drop rate=N");
    if (!error && meter->flags & OFPMF_KBPS && meter->flags & OFPMF_PKTPS)
        error = text_error("kbps and pktps exclude each other");
    if (!error && command != OFPMC_DELETE && !(meter->flags & (OFPMF_KBPS | OFPMF_PKTPS)))
        meter->flags |= OFPMF_KBPS;
    free(copy);
    return error;
}
