/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of actions as text: the keywords of all files, and what their parsers share. */
#include "ofproto/ofpact-provider.h"

#include <strings.h>

/* ---- Format -----------------------------------------------------------------------------------*/
static void
format_one(const struct ofpact *ofpact, const struct ofpact_printer *printer)
{
    switch ((enum ofpact_type)ofpact->type) {
#define OFPACT(ENUM, STRUCT, NAME)                                                                 \
    case OFPACT_##ENUM:                                                                            \
        ofpact_format_##ENUM((const struct STRUCT *)ofpact, printer);                              \
        break;
#include "ofproto/ofpacts.def"
#undef OFPACT
    case N_OFPACTS:
    default:
        break;
    }
}

void
ofpact_format_list(const struct ofpact *ofpacts, size_t size, const struct ofpact_printer *printer)
{
    const struct ofpact *ofpact;

    if (!size)
        buf_puts(printer->out, "drop");
    OFPACT_FOR_EACH(ofpact, ofpacts, size)
    {
        if (ofpact != ofpacts)
            buf_putc(printer->out, ',');
        format_one(ofpact, printer);
    }
}

void
ofpacts_format(const struct ofpact *ofpacts, size_t size, const struct ofp_port_names *names,
               struct buf *out)
{
    struct ofpact_printer printer = {names, out};

    ofpact_format_list(ofpacts, size, &printer);
}

/* ---- Parse ------------------------------------------------------------------------------------*/
static const struct ofpact_keyword *
find_keyword(const char *name)
{
    static const struct ofpact_keyword *const tables[] = {
        ofpact_output_keywords,      ofpact_header_keywords, ofpact_field_keywords,
        ofpact_nicira_keywords,      ofpact_learn_keywords,  ofpact_ct_keywords,
        ofpact_instruction_keywords,
    };

    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        for (const struct ofpact_keyword *k = tables[i]; k->name; k++)
            if (!strcasecmp(k->name, name))
                return k;
    return NULL;
}

char *
ofpact_parse_port(const char *text, const struct ofpact_parser *parser, uint32_t *port)
{
    if (ofport_parse(text, parser->names, port))
        return NULL;
    return text_error("\"%s\" is no port; write a number, a port's name, or one of LOCAL, IN_PORT, "
                      "FLOOD, ALL, NORMAL, CONTROLLER, TABLE",
                      text);
}

char *
ofpact_parse_subfield(const char *text, struct subfield *sf)
{
    char *error = subfield_parse(&text, sf);

    if (!error && *text)
        error = text_error("\"%s\" follows the field", text);
    return error;
}

char *
ofpact_parse_null(char *value, struct ofpact_parser *parser)
{
    if (*value)
        return text_error("it takes no argument, not \"%s\"", value);
    ofpact_put(parser->out, (enum ofpact_type)parser->keyword->arg, sizeof(struct ofpact_null));
    return NULL;
}

/* A port's number or name alone is an output. */
static char *
parse_bare_port(const char *key, char *value, struct ofpact_parser *parser)
{
    uint32_t port;

    if (!ofport_parse(key, parser->names, &port))
        return text_error("it is no action");
    if (*value)
        return text_error("a port takes no argument, not \"%s\"", value);
    ofpact_put_output(parser->out, port, port == OFPORT_CONTROLLER ? OFCONTROLLER_MAX_LEN_NONE : 0);
    return NULL;
}

static char *
parse_action(const char *key, char *value, struct ofpact_parser *parser)
{
    const struct ofpact_keyword *keyword = find_keyword(key);
    size_t start = parser->out->size;
    char *error;

    parser->keyword = keyword;
    error = keyword ? keyword->parse(value, parser) : parse_bare_port(key, value, parser);
    if (error || parser->allow_instructions)
        return error;
    if (parser->out->size > start &&
        ofpact_is_instruction((const struct ofpact *)(parser->out->data + start)) &&
        !(keyword && keyword->arg == OFPACT_METER))
        return text_error("an instruction cannot stand here");
    return NULL;
}

/* Parses what is left at *s. `text` is where it started, for positions. */
static char *
parse_list(char *s, const char *text, struct ofpact_parser *parser)
{
    bool drop = false, any = false;
    char *key, *value, *error, *outer;

    while (text_next_pair(&s, &key, &value, NULL)) {
        if (!strcasecmp(key, "drop")) {
            drop = true;
            continue;
        }
        any = true;
        outer = parse_action(key, value, parser);
        if (outer) {
            error = text_error("%s at %zu: %s", key, (size_t)(key - text) + 1, outer);
            free(outer);
            return error;
        }
    }
    return drop && any ? text_error("drop stands with no other action") : NULL;
}

char *
ofpact_parse_nested(char *value, struct ofpact_parser *parser)
{
    struct ofpact_parser inner = *parser;

    if (++inner.depth > OFPACT_MAX_DEPTH)
        return text_error("actions are nested more than %d deep", OFPACT_MAX_DEPTH);
    inner.allow_instructions = false;
    return parse_list(value, value, &inner);
}

/* The first instruction that stands too late, for the message. */
static char *
check_order(const struct buf *out, size_t start)
{
    const struct ofpact *ofpacts = (const struct ofpact *)(out->data + start);
    enum ofperr error = ofpacts_check_order(ofpacts, out->size - start);

    switch ((int)error) {
    case OFPERR_OK:
        return NULL;
    case OFPERR_OFPBIC_DUP_INST:
        return text_error("an instruction stands there twice");
    case OFPERR_NXBAC_BAD_CONJUNCTION:
        return text_error("conjunction stands with no other action than conjunction and note");
    default:
        return text_error("the order must be meter, actions, clear_actions, write_actions, "
                          "write_metadata, goto_table");
    }
}

char *
ofpacts_parse(const char *text, const struct ofp_port_names *names, bool allow_instructions,
              struct buf *out)
{
    struct ofpact_parser parser = {names, out, allow_instructions, NULL, 0};
    char *error = text_check_parentheses(text);
    char *copy = xstrdup(text);
    size_t start = out->size;

    if (!error)
        error = parse_list(copy, copy, &parser);
    if (!error && out->size > start)
        error = check_order(out, start);
    if (error)
        out->size = start;
    free(copy);
    return error;
}
