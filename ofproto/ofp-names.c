/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/ofp-names.h"

#include <ctype.h>
#include <strings.h>

#include "ofproto/text.h"

struct name {
    const char *name;
    uint32_t number;
};

static const struct name port_names[] = {
    {"IN_PORT", OFPORT_IN_PORT},       {"TABLE", OFPORT_TABLE}, {"NORMAL", OFPORT_NORMAL},
    {"FLOOD", OFPORT_FLOOD},           {"ALL", OFPORT_ALL},     {"LOCAL", OFPORT_LOCAL},
    {"CONTROLLER", OFPORT_CONTROLLER}, {"ANY", OFPORT_ANY},     {"NONE", OFPORT_ANY},
    {"UNSET", OFPORT_UNSET},
};

static const struct name group_names[] = {
    {"all", OFGROUP_ALL},
    {"any", OFGROUP_ANY},
};

static const struct name meter_names[] = {
    {"all", OFMETER_ALL},
    {"controller", OFMETER_CONTROLLER},
    {"slowpath", OFMETER_SLOWPATH},
};

static bool
find_number(const struct name *names, size_t n, const char *text, uint32_t *number)
{
    for (size_t i = 0; i < n; i++)
        if (!strcasecmp(names[i].name, text)) {
            *number = names[i].number;
            return true;
        }
    return false;
}

static void
put_name(const struct name *names, size_t n, uint32_t number, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        if (names[i].number == number) {
            buf_puts(out, names[i].name);
            return;
        }
    buf_printf(out, "%u", number);
}

static bool
parse_u32(const char *text, uint32_t *number)
{
    unsigned __int128 v;

    if (!text_integer(text, &v) || v > UINT32_MAX)
        return false;
    *number = (uint32_t)v;
    return true;
}

/* A name that a parser could take for a number, a reserved port or punctuation stands in quotes. */
static bool
needs_quotes(const char *name)
{
    uint32_t number;

    if (!*name || find_number(port_names, ARRAY_SIZE(port_names), name, &number))
        return true;
    if (!isalpha((unsigned char)*name) && *name != '_')
        return true;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && !strchr("_-.", *name))
            return true;
    return false;
}

void
ofport_format(uint32_t port, const struct ofp_port_names *names, struct buf *out)
{
    const char *name = names && port < OFPORT_MAX ? names->name(names, port) : NULL;

    if (!name)
        put_name(port_names, ARRAY_SIZE(port_names), port, out);
    else if (needs_quotes(name))
        buf_printf(out, "\"%s\"", name);
    else
        buf_puts(out, name);
}

static bool
parse_quoted(const char *text, const struct ofp_port_names *names, uint32_t *port)
{
    size_t n = strlen(text);
    char *name;
    bool ok;

    if (n < 2 || text[n - 1] != '"')
        return false;
    name = text_copy(text + 1, n - 2);
    ok = names->number(names, name, port);
    free(name);
    return ok;
}

bool
ofport_parse(const char *text, const struct ofp_port_names *names, uint32_t *port)
{
    if (parse_u32(text, port)) {
        if (*port >= OFPORT_MAX_V10 && *port <= UINT16_MAX)
            *port = ofport_from_v10((uint16_t)*port);
        return true;
    }
    if (find_number(port_names, ARRAY_SIZE(port_names), text, port))
        return true;
    if (!names)
        return false;
    return *text == '"' ? parse_quoted(text, names, port) : names->number(names, text, port);
}

bool
ofgroup_parse(const char *text, uint32_t *group)
{
    return parse_u32(text, group) || find_number(group_names, ARRAY_SIZE(group_names), text, group);
}

void
ofgroup_format(uint32_t group, struct buf *out)
{
    put_name(group_names, ARRAY_SIZE(group_names), group, out);
}

bool
ofmeter_parse(const char *text, uint32_t *meter)
{
    return parse_u32(text, meter) || find_number(meter_names, ARRAY_SIZE(meter_names), text, meter);
}

void
ofmeter_format(uint32_t meter, struct buf *out)
{
    put_name(meter_names, ARRAY_SIZE(meter_names), meter, out);
}
