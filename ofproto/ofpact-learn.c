/* SPDX-License-Identifier: Apache-2.0 */
/* learn: a flow that makes flows (ovs-actions(7)): text and checks. */
#include "ofproto/ofpact-provider.h"

/* ---- Format -----------------------------------------------------------------------------------*/
static bool
is_whole(const struct subfield *sf)
{
    return !sf->ofs && sf->n_bits == field_sub_bits(&fields[sf->field]);
}

static void
format_match_spec(const struct learn_spec *spec, const struct ofpact_printer *p)
{
    const struct field *field = &fields[spec->dst.field];

    if (spec->src_is_field) {
        subfield_format(&spec->dst, p->out);
        if (!memcmp(&spec->src, &spec->dst, sizeof spec->src))
            return;
        buf_putc(p->out, '=');
        subfield_format(&spec->src, p->out);
    } else if (is_whole(&spec->dst)) {
        buf_printf(p->out, "%s=", field->name);
        field_format(field, spec->value, field_ones(field), p->names, p->out);
    } else {
        subfield_format(&spec->dst, p->out);
        buf_putc(p->out, '=');
        field_put_hex(spec->value, p->out);
    }
}

static void
format_spec(const struct learn_spec *spec, const struct ofpact_printer *p)
{
    if (spec->dst_type == LEARN_MATCH) {
        format_match_spec(spec, p);
        return;
    }
    buf_puts(p->out, spec->dst_type == LEARN_LOAD ? "load:" : "output:");
    if (spec->src_is_field)
        subfield_format(&spec->src, p->out);
    else
        field_put_hex(spec->value, p->out);
    if (spec->dst_type == LEARN_LOAD) {
        buf_puts(p->out, "->");
        subfield_format(&spec->dst, p->out);
    }
}

static void
put_nonzero(const char *key, unsigned int value, struct buf *out)
{
    if (value)
        buf_printf(out, ",%s=%u", key, value);
}

void
ofpact_format_LEARN(const struct ofpact_learn *learn, const struct ofpact_printer *p)
{
    buf_printf(p->out, "learn(table=%u", learn->table_id);
    put_nonzero("idle_timeout", learn->idle_timeout, p->out);
    put_nonzero("hard_timeout", learn->hard_timeout, p->out);
    put_nonzero("fin_idle_timeout", learn->fin_idle_timeout, p->out);
    put_nonzero("fin_hard_timeout", learn->fin_hard_timeout, p->out);
    if (learn->priority != OFPRIORITY_DEFAULT)
        buf_printf(p->out, ",priority=%u", learn->priority);
    if (learn->flags & LEARN_SEND_FLOW_REM)
        buf_puts(p->out, ",send_flow_rem");
    if (learn->flags & LEARN_DELETE_LEARNED)
        buf_puts(p->out, ",delete_learned");
    if (learn->cookie)
        buf_printf(p->out, ",cookie=%#llx", (unsigned long long)learn->cookie);
    put_nonzero("limit", learn->limit, p->out);
    if (learn->flags & LEARN_WRITE_RESULT) {
        buf_puts(p->out, ",result_dst=");
        subfield_format(&learn->result_dst, p->out);
    }
    for (unsigned int i = 0; i < learn->n_specs; i++) {
        buf_putc(p->out, ',');
        format_spec(&learn->specs[i], p);
    }
    buf_putc(p->out, ')');
}

/* ---- Check ------------------------------------------------------------------------------------*/
enum ofperr
ofpact_check_LEARN(const struct ofpact_learn *learn, struct ofpact_checker *c)
{
    struct ofpact_checker learned = {.limits = c->limits};
    enum ofperr error = OFPERR_OK;

    if (learn->flags & LEARN_WRITE_RESULT && (error = ofpact_check_dst(&learn->result_dst, c)))
        return error;
    for (unsigned int i = 0; i < learn->n_specs; i++) {
        const struct learn_spec *spec = &learn->specs[i];
        const struct field *dst = &fields[spec->dst.field];

        if (spec->src_is_field && (error = ofpact_check_src(&spec->src, c)))
            return error;
        if (spec->dst_type == LEARN_LOAD) {
            error = ofpact_check_dst(&spec->dst, &learned);
        } else if (spec->dst_type == LEARN_MATCH) {
            error = ofpact_check_src(&spec->dst, &learned);
            if (!spec->src_is_field)
                match_set_masked(&learned.match, dst, spec->value << spec->dst.ofs,
                                 subfield_mask(&spec->dst));
            else if (spec->dst.field == spec->src.field && is_whole(&spec->dst))
                match_set(&learned.match, dst, field_get(dst, &c->match.flow));
        }
        if (error)
            return error;
    }
    return OFPERR_OK;
}

/* ---- Parse ------------------------------------------------------------------------------------*/
/* A field's run of bits, or a constant for dst's n_bits. */
static char *
parse_source(const char *text, const struct ofpact_parser *parser, struct learn_spec *spec)
{
    const struct field *field = &fields[spec->dst.field];
    char *error;

    if (text_integer(text, &spec->value))
        error = NULL;
    else if (!(error = ofpact_parse_subfield(text, &spec->src)))
        spec->src_is_field = true;
    else if (spec->dst_type == LEARN_MATCH && is_whole(&spec->dst)) {
        free(error);
        error = field_parse_value(field, text, parser->names, &spec->value);
    }
    if (error)
        return error;
    if (spec->src_is_field && spec->src.n_bits != spec->dst.n_bits)
        return text_error("%s has %u bits, the destination has %u", text, spec->src.n_bits,
                          spec->dst.n_bits);
    if (!spec->src_is_field && spec->n_bits < 128 && spec->value >> spec->n_bits)
        return text_error("%s does not fit into %u bits", text, spec->n_bits);
    return NULL;
}

static char *
parse_load_spec(char *value, const struct ofpact_parser *parser, struct learn_spec *spec)
{
    char *arrow = strstr(value, "->"), *error;

    if (!arrow)
        return text_error("write load:SOURCE->FIELD[FIRST..LAST]");
    *arrow = '\0';
    spec->dst_type = LEARN_LOAD;
    error = ofpact_parse_subfield(arrow + 2, &spec->dst);
    if (error)
        return error;
    if (!fields[spec->dst.field].writable)
        return text_error("%s cannot be written", arrow + 2);
    spec->n_bits = spec->dst.n_bits;
    return parse_source(value, parser, spec);
}

static char *
parse_spec(const char *key, char *value, const struct ofpact_parser *parser,
           struct learn_spec *spec)
{
    char *error;

    if (!strcmp(key, "load"))
        return parse_load_spec(value, parser, spec);
    if (!strcmp(key, "output")) {
        spec->dst_type = LEARN_OUTPUT;
        spec->src_is_field = true;
        error = ofpact_parse_subfield(value, &spec->src);
        spec->n_bits = spec->src.n_bits;
        return error;
    }
    spec->dst_type = LEARN_MATCH;
    error = ofpact_parse_subfield(key, &spec->dst);
    if (error) {
        free(error);
        return text_error("\"%s\" is unknown", key);
    }
    spec->n_bits = spec->dst.n_bits;
    if (*value)
        return parse_source(value, parser, spec);
    spec->src = spec->dst;
    spec->src_is_field = true;
    return NULL;
}

static char *
parse_result_dst(const char *value, struct ofpact_learn *learn)
{
    char *error = ofpact_parse_subfield(value, &learn->result_dst);

    if (error)
        return error;
    if (learn->result_dst.n_bits != 1)
        return text_error("result_dst: %s has %u bits; one is needed", value,
                          learn->result_dst.n_bits);
    learn->flags |= LEARN_WRITE_RESULT;
    return NULL;
}

/* Takes a key that is no spec. `*known` says if it was one. */
static char *
parse_key(const char *key, const char *value, struct ofpact_learn *learn, bool *known)
{
    const struct {
        const char *name;
        uint16_t *value;
    } numbers[] = {
        {"idle_timeout", &learn->idle_timeout},
        {"hard_timeout", &learn->hard_timeout},
        {"fin_idle_timeout", &learn->fin_idle_timeout},
        {"fin_hard_timeout", &learn->fin_hard_timeout},
        {"priority", &learn->priority},
    };

    *known = true;
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        if (!strcmp(key, numbers[i].name))
            return text_u16(key, value, numbers[i].value);
    if (!strcmp(key, "table"))
        return text_u8(key, value, &learn->table_id);
    if (!strcmp(key, "cookie"))
        return text_u64(key, value, &learn->cookie);
    if (!strcmp(key, "limit"))
        return text_u32(key, value, &learn->limit);
    if (!strcmp(key, "result_dst"))
        return parse_result_dst(value, learn);
    if (!strcmp(key, "send_flow_rem"))
        learn->flags |= LEARN_SEND_FLOW_REM;
    else if (!strcmp(key, "delete_learned"))
        learn->flags |= LEARN_DELETE_LEARNED;
    else
        *known = false;
    return NULL;
}

static char *
parse_learn(char *value, struct ofpact_parser *parser)
{
    struct ofpact_learn head = {.priority = OFPRIORITY_DEFAULT, .table_id = 1};
    size_t start = parser->out->size;
    char *key, *v, *error = NULL;
    struct ofpact_learn *learn;
    bool known;

    OFPACT_PUT(parser->out, LEARN, ofpact_learn);
    while (!error && text_next_pair(&value, &key, &v, NULL)) {
        struct learn_spec spec;

        error = parse_key(key, v, &head, &known);
        if (error || known)
            continue;
        memset(&spec, 0, sizeof spec);
        error = parse_spec(key, v, parser, &spec);
        buf_put(parser->out, &spec, sizeof spec);
        head.n_specs++;
    }
    if (error)
        return error;
    if (head.table_id == OFTABLE_ALL)
        return text_error("table 255 is no table; at most %d", OFTABLE_MAX);
    learn = ofpact_finish(parser->out, start);
    head.ofpact = learn->ofpact;
    *learn = head;
    return NULL;
}

const struct ofpact_keyword ofpact_learn_keywords[] = {
    {"learn", parse_learn, 0},
    {NULL, NULL, 0},
};
