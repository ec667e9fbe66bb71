/* SPDX-License-Identifier: Apache-2.0 */
/* Lines about flows and packets, from text. */
#include "ofproto/parse.h"

#include <ctype.h>
#include <strings.h>

#include "ofproto/openflow.h"
#include "ofproto/text.h"

/* Which keys a command takes, beside those of a match. */
enum {
    TAKES_ACTIONS = 1,
    TAKES_OUT = 2, /* out_port, out_group */
    TAKES_PRIORITY = 4,
    TAKES_TIMEOUTS = 8, /* And flags, importance. */
};

struct flow_parser {
    const char *line; /* A copy that is cut up, for positions. */
    const struct ofp_port_names *names;
    struct ofp_flow_mod *fm;
    unsigned int takes;
};

static unsigned int
keys_of_command(uint8_t command)
{
    switch (command) {
    case OFPFC_DELETE:
        return TAKES_OUT;
    case OFPFC_DELETE_STRICT:
        return TAKES_OUT | TAKES_PRIORITY;
    default:
        return TAKES_ACTIONS | TAKES_PRIORITY | TAKES_TIMEOUTS;
    }
}

/* ---- Keys -------------------------------------------------------------------------------------*/
/* "X", "X/MASK"; a mask of -1 is all ones. */
static char *
parse_cookie(const char *value, struct flow_parser *p)
{
    const char *slash = strchr(value, '/');
    struct ofp_flow_mod *fm = p->fm;
    uint64_t cookie = 0, mask = UINT64_MAX;
    char *head, *error;

    head = slash ? text_copy(value, (size_t)(slash - value)) : xstrdup(value);
    error = text_u64("cookie", head, &cookie);
    free(head);
    if (!error && slash && strcmp(slash + 1, "-1"))
        error = text_u64("the cookie's mask", slash + 1, &mask);
    if (error)
        return error;
    if (slash && fm->command == OFPFC_ADD)
        return text_error("an added flow's cookie takes no mask");
    if (slash || !(p->takes & TAKES_ACTIONS)) {
        fm->cookie = cookie & mask;
        fm->cookie_mask = mask;
    } else {
        fm->new_cookie = cookie;
        fm->modify_cookie = fm->command != OFPFC_ADD;
    }
    return NULL;
}

static const struct {
    const char *name;
    uint16_t flag;
} flow_flags[] = {
    {"send_flow_rem", OFPFF_SEND_FLOW_REM},  {"check_overlap", OFPFF_CHECK_OVERLAP},
    {"reset_counts", OFPFF_RESET_COUNTS},    {"no_packet_counts", OFPFF_NO_PKT_COUNTS},
    {"no_byte_counts", OFPFF_NO_BYT_COUNTS},
};

static bool
parse_flag(const char *key, struct flow_parser *p)
{
    for (size_t i = 0; i < ARRAY_SIZE(flow_flags); i++)
        if (!strcmp(key, flow_flags[i].name)) {
            p->fm->flags |= flow_flags[i].flag;
            return true;
        }
    return false;
}

/* Timeouts and importance. `*known` says if the key was one. */
static char *
parse_timeout(const char *key, const char *value, struct flow_parser *p, bool *known)
{
    *known = true;
    if (!strcmp(key, "idle_timeout"))
        return text_u16(key, value, &p->fm->idle_timeout);
    if (!strcmp(key, "hard_timeout"))
        return text_u16(key, value, &p->fm->hard_timeout);
    if (!strcmp(key, "importance"))
        return text_u16(key, value, &p->fm->importance);
    *known = parse_flag(key, p);
    return NULL;
}

static char *
parse_out(const char *key, const char *value, struct flow_parser *p, bool *known)
{
    *known = true;
    if (!strcmp(key, "out_port")) {
        if (!ofport_parse(value, p->names, &p->fm->out_port))
            return text_error("out_port: \"%s\" is no port", value);
        return NULL;
    }
    if (!strcmp(key, "out_group")) {
        if (!ofgroup_parse(value, &p->fm->out_group))
            return text_error("out_group: \"%s\" is no group; write a number or any", value);
        return NULL;
    }
    *known = false;
    return NULL;
}

/* Statistics in a line that a dump printed. */
static bool
is_statistic(const char *key)
{
    static const char *const keys[] = {"duration", "n_packets", "n_bytes", "idle_age", "hard_age"};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (!strcmp(key, keys[i]))
            return true;
    return false;
}

static char *
parse_key(const char *key, const char *value, struct flow_parser *p)
{
    bool known = false;
    char *error = NULL;

    if (!strcmp(key, "table"))
        return text_u8(key, value, &p->fm->table_id);
    if (!strcmp(key, "cookie"))
        return parse_cookie(value, p);
    if (!strcmp(key, "priority") && p->takes & TAKES_PRIORITY)
        return text_u16(key, value, &p->fm->priority);
    if (p->takes & TAKES_TIMEOUTS)
        error = parse_timeout(key, value, p, &known);
    else if (p->takes & TAKES_OUT)
        error = parse_out(key, value, p, &known);
    if (!known && is_statistic(key))
        known = true;
    if (!known && !error)
        error = match_parse_key(&p->fm->match, key, value, p->names, &known);
    if (!known && !error)
        error = text_error("it is neither a field nor a key that belongs here");
    return error;
}

static char *
parse_keys(char *s, struct flow_parser *p)
{
    char *key, *value, *error, *outer;

    while (text_next_pair(&s, &key, &value, NULL)) {
        error = parse_key(key, value, p);
        if (error) {
            outer = text_error("%s at %zu: %s", key, (size_t)(key - p->line) + 1, error);
            free(error);
            return outer;
        }
    }
    return NULL;
}

/* ---- Flow mods --------------------------------------------------------------------------------*/
/* Cuts "actions=..." off the line; returns what follows the equals sign, NULL if there is none. */
static char *
cut_actions(char *line)
{
    for (char *s = line; (s = strstr(s, "action")); s++) {
        char *end = s + 6 + (s[6] == 's');

        if ((s == line || strchr(", \t", s[-1])) && *end == '=') {
            *s = '\0';
            return end + 1;
        }
    }
    return NULL;
}

static void
init_flow_mod(struct ofp_flow_mod *fm, uint8_t command)
{
    memset(fm, 0, sizeof *fm);
    fm->command = command;
    fm->priority = OFPRIORITY_DEFAULT;
    fm->table_id = command == OFPFC_ADD ? 0 : OFTABLE_ALL;
    fm->new_cookie = command == OFPFC_ADD ? 0 : UINT64_MAX;
    fm->buffer_id = OFBUFFER_NONE;
    fm->out_port = OFPORT_ANY;
    fm->out_group = OFGROUP_ANY;
}

/* What the match and the actions must hold to together. */
static char *
check_actions(const struct ofp_flow_mod *fm)
{
    struct ofpact_limits limits = {
        .max_ports = OFPORT_MAX,
        .table_id = fm->table_id,
        .n_tables = OFTABLE_ALL,
        .loose_tables = fm->table_id == OFTABLE_ALL,
        .loose_prereqs = true,
    };
    enum ofperr error = ofpacts_check(fm->ofpacts, fm->ofpacts_size, &fm->match, &limits);

    switch ((int)error) {
    case OFPERR_OK:
        return NULL;
    case OFPERR_OFPBAC_MATCH_INCONSISTENT:
        return text_error("an action needs a header that the match does not promise (%s): match "
                          "its protocol, or push its tag first",
                          ofperr_name(error));
    case OFPERR_OFPBIC_BAD_TABLE_ID:
        return text_error("goto_table must go to a higher table (%s)", ofperr_name(error));
    default:
        return text_error("the actions do not fit the match (%s)", ofperr_name(error));
    }
}

/* "at 7" of the actions becomes that of the line. */
static char *
parse_actions(const char *actions, size_t offset, struct flow_parser *p, struct buf *ofpacts)
{
    size_t start = ofpacts->size;
    char *error = ofpacts_parse(actions, p->names, true, ofpacts), *outer;

    if (error) {
        outer = text_error("actions at %zu: %s", offset + 1, error);
        free(error);
        return outer;
    }
    p->fm->ofpacts_size = ofpacts->size - start;
    p->fm->ofpacts = p->fm->ofpacts_size ? (const void *)(ofpacts->data + start) : NULL;
    return check_actions(p->fm);
}

char *
ofp_flow_mod_parse(const char *line, uint8_t command, const struct ofp_port_names *names,
                   struct buf *ofpacts, struct ofp_flow_mod *fm)
{
    char *error = text_check_parentheses(line);
    char *copy = xstrdup(line), *actions = cut_actions(copy);
    struct flow_parser p = {copy, names, fm, keys_of_command(command)};
    size_t start = ofpacts->size;

    init_flow_mod(fm, command);
    if (!error && actions && !(p.takes & TAKES_ACTIONS))
        error = text_error("actions at %zu: a deletion takes none", (size_t)(actions - copy) + 1);
    if (!error && !actions && p.takes & TAKES_ACTIONS)
        error = text_error("actions are missing: write actions=..., or actions=drop");
    if (!error)
        error = parse_keys(copy, &p);
    if (!error)
        error = match_check_prereqs(&fm->match);
    if (!error && actions)
        error = parse_actions(actions, (size_t)(actions - copy), &p, ofpacts);
    if (error)
        ofpacts->size = start;
    free(copy);
    return error;
}

char *
ofp_flow_mod_parse_line(const char *line, uint8_t command, const struct ofp_port_names *names,
                        struct buf *ofpacts, struct ofp_flow_mod *fm)
{
    static const struct {
        const char *word;
        uint8_t command;
    } words[] = {
        {"add", OFPFC_ADD},
        {"modify", OFPFC_MODIFY},
        {"modify_strict", OFPFC_MODIFY_STRICT},
        {"delete", OFPFC_DELETE},
        {"delete_strict", OFPFC_DELETE_STRICT},
    };
    size_t blank = strspn(line, " \t"), n = strcspn(line + blank, " \t\r\n,=");

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (n == strlen(words[i].word) && !strncmp(line + blank, words[i].word, n))
            return ofp_flow_mod_parse(line + blank + n, words[i].command, names, ofpacts, fm);
    return ofp_flow_mod_parse(line, command, names, ofpacts, fm);
}

char *
ofp_flow_stats_request_parse(const char *text, const struct ofp_port_names *names,
                             struct ofp_flow_stats_request *r)
{
    struct buf ofpacts = BUF_INITIALIZER;
    struct ofp_flow_mod fm;
    char *error = ofp_flow_mod_parse(text, OFPFC_DELETE, names, &ofpacts, &fm);

    buf_destroy(&ofpacts);
    if (error)
        return error;
    memset(r, 0, sizeof *r);
    r->lengthy = true;
    r->match = fm.match;
    r->cookie = fm.cookie;
    r->cookie_mask = fm.cookie_mask;
    r->out_port = fm.out_port;
    r->out_group = fm.out_group;
    r->table_id = fm.table_id;
    return NULL;
}

/* ---- Packet-outs ------------------------------------------------------------------------------*/
static char *
parse_packet_out_key(const char *key, const char *value, const struct ofp_port_names *names,
                     struct buf *packet, struct ofp_packet_out *po)
{
    bool known;
    char *error;

    if (!strcmp(key, "packet"))
        return text_hex(key, value, packet);
    if (!strcmp(key, "buffer_id"))
        return text_u32(key, value, &po->buffer_id);
    error = match_parse_key(&po->match, key, value, names, &known);
    if (!error && !known)
        error = text_error("\"%s\" is unknown; the keys are in_port, packet, actions, and "
                           "pipeline fields",
                           key);
    return error;
}

char *
ofp_packet_out_parse(const char *text, const struct ofp_port_names *names, struct buf *ofpacts,
                     struct buf *packet, struct ofp_packet_out *po)
{
    char *copy = xstrdup(text), *actions = cut_actions(copy), *s = copy, *key, *value;
    size_t start = ofpacts->size, packet_start = packet->size;
    char *error = text_check_parentheses(text);

    memset(po, 0, sizeof *po);
    po->buffer_id = OFBUFFER_NONE;
    match_set(&po->match, &fields[FIELD_IN_PORT_OXM], OFPORT_CONTROLLER);
    while (!error && text_next_pair(&s, &key, &value, NULL))
        error = parse_packet_out_key(key, value, names, packet, po);
    if (!error && packet->size == packet_start && po->buffer_id == OFBUFFER_NONE)
        error = text_error("the packet is missing: write packet=HEX");
    if (!error && actions)
        error = ofpacts_parse(actions, names, false, ofpacts);
    free(copy);
    if (error)
        return error;
    po->packet = packet->size > packet_start ? packet->data + packet_start : NULL;
    po->packet_size = packet->size - packet_start;
    po->ofpacts_size = ofpacts->size - start;
    po->ofpacts = po->ofpacts_size ? (const void *)(ofpacts->data + start) : NULL;
    return NULL;
}
