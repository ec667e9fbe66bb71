/* SPDX-License-Identifier: Apache-2.0 */
/* Every way to set or copy a field: text and checks. */
#include "ofproto/ofpact-provider.h"

#define VLAN_PRESENT 0x1000

/* Actions that set one field and are named for it. */
static const struct legacy {
    const char *keyword;
    enum field_id field;
    bool parentheses; /* Printed KEYWORD(VALUE), not KEYWORD:VALUE. */
    enum set_field_flavor flavor;
} legacies[] = {
    {"mod_vlan_vid", FIELD_VLAN_VID, false, SET_FIELD_LEGACY},
    {"mod_vlan_pcp", FIELD_VLAN_PCP, false, SET_FIELD_LEGACY},
    {"mod_dl_src", FIELD_ETH_SRC, false, SET_FIELD_LEGACY},
    {"mod_dl_dst", FIELD_ETH_DST, false, SET_FIELD_LEGACY},
    {"mod_nw_src", FIELD_IP_SRC, false, SET_FIELD_LEGACY},
    {"mod_nw_dst", FIELD_IP_DST, false, SET_FIELD_LEGACY},
    {"mod_nw_tos", FIELD_IP_TOS, false, SET_FIELD_LEGACY},
    {"mod_nw_ecn", FIELD_IP_ECN, false, SET_FIELD_LEGACY},
    {"mod_nw_ttl", FIELD_IP_TTL, false, SET_FIELD_LEGACY},
    {"mod_tp_src", FIELD_TCP_SRC, false, SET_FIELD_LEGACY},
    {"mod_tp_dst", FIELD_TCP_DST, false, SET_FIELD_LEGACY},
    {"set_mpls_label", FIELD_MPLS_LABEL, true, SET_FIELD_LEGACY},
    {"set_mpls_tc", FIELD_MPLS_TC, true, SET_FIELD_LEGACY},
    {"set_mpls_ttl", FIELD_MPLS_TTL, true, SET_FIELD_LEGACY},
    {"set_tunnel", FIELD_TUN_ID, false, SET_FIELD_LEGACY},
    {"set_tunnel64", FIELD_TUN_ID, false, SET_FIELD_LEGACY64},
};

static const struct legacy *
find_legacy(const struct ofpact_set_field *sf)
{
    for (size_t i = 0; i < ARRAY_SIZE(legacies); i++)
        if (legacies[i].field == sf->field && legacies[i].flavor == sf->ofpact.flavor)
            return &legacies[i];
    return NULL;
}

/* ---- Format -----------------------------------------------------------------------------------*/
static void
format_legacy(const struct legacy *legacy, const struct ofpact_set_field *sf, struct buf *out)
{
    const struct field *field = &fields[sf->field];
    field_value value = sf->value;

    if (field->id == FIELD_VLAN_VID)
        value &= ~(field_value)VLAN_PRESENT;
    buf_printf(out, "%s%c", legacy->keyword, legacy->parentheses ? '(' : ':');
    field_format(field, value, field_ones(field), NULL, out);
    if (legacy->parentheses)
        buf_putc(out, ')');
}

/* One `load` for each run of bits, of at most 64. */
static void
format_load(const struct ofpact_set_field *sf, struct buf *out)
{
    const struct field *field = &fields[sf->field];
    unsigned int ofs = 0, n;

    while (ofs < field->n_bits) {
        struct subfield part;

        if (!(sf->mask >> ofs & 1)) {
            ofs++;
            continue;
        }
        for (n = 1; n < 64 && ofs + n < field->n_bits && sf->mask >> (ofs + n) & 1; n++)
            ;
        part = (struct subfield){sf->field, (uint8_t)ofs, (uint8_t)n};
        buf_printf(out, "load:%#llx->",
                   (unsigned long long)((sf->value & subfield_mask(&part)) >> ofs));
        subfield_format(&part, out);
        buf_putc(out, ',');
        ofs += n;
    }
    buf_chomp(out, ',');
}

void
ofpact_format_SET_FIELD(const struct ofpact_set_field *sf, const struct ofpact_printer *p)
{
    const struct legacy *legacy = find_legacy(sf);

    if (legacy) {
        format_legacy(legacy, sf, p->out);
    } else if (sf->ofpact.flavor == SET_FIELD_LOAD) {
        format_load(sf, p->out);
    } else {
        buf_puts(p->out, "set_field:");
        field_format(&fields[sf->field], sf->value, sf->mask, p->names, p->out);
        buf_printf(p->out, "->%s", fields[sf->field].name);
    }
}

void
ofpact_format_REG_MOVE(const struct ofpact_reg_move *move, const struct ofpact_printer *p)
{
    buf_puts(p->out, "move:");
    subfield_format(&move->src, p->out);
    buf_puts(p->out, "->");
    subfield_format(&move->dst, p->out);
}

/* ---- Check ------------------------------------------------------------------------------------*/
static bool
is_ct_field(unsigned int id)
{
    return id == FIELD_CT_MARK || id == FIELD_CT_LABEL;
}

/* A VLAN setter of old makes a tag; a transport port is that of any protocol. */
static enum ofperr
check_legacy(const struct ofpact_set_field *sf, const struct ofpact_checker *c)
{
    switch (sf->field) {
    case FIELD_VLAN_VID:
    case FIELD_VLAN_PCP:
        return OFPERR_OK;
    case FIELD_TCP_SRC:
    case FIELD_TCP_DST:
        if (!ofpact_check_prereq(FIELD_UDP_SRC, false, c) ||
            !ofpact_check_prereq(FIELD_SCTP_SRC, false, c))
            return OFPERR_OK;
        break;
    }
    return ofpact_check_prereq((enum field_id)sf->field, false, c);
}

/* What later actions may count on. */
static void
learn_from_set(const struct ofpact_set_field *sf, struct ofpact_checker *c)
{
    const struct field *field = &fields[sf->field];

    switch (sf->field) {
    case FIELD_VLAN_VID:
    case FIELD_VLAN_TCI:
    case FIELD_ETH_TYPE:
    case FIELD_IP_PROTO:
    case FIELD_ICMPV6_TYPE:
        match_set_masked(&c->match, field, sf->value, sf->mask);
        break;
    case FIELD_VLAN_PCP:
        if (sf->ofpact.flavor == SET_FIELD_LEGACY)
            match_set(&c->match, field, sf->value);
        break;
    }
}

enum ofperr
ofpact_check_SET_FIELD(const struct ofpact_set_field *sf, struct ofpact_checker *c)
{
    const struct field *field = &fields[sf->field];
    enum ofperr error;

    if (!field->writable)
        return sf->ofpact.flavor == SET_FIELD_LOAD ? OFPERR_OFPBAC_BAD_SET_ARGUMENT
                                                   : OFPERR_OFPBAC_BAD_SET_TYPE;
    if (is_ct_field(sf->field) != c->in_ct)
        return OFPERR_OFPBAC_BAD_SET_ARGUMENT;
    if (sf->ofpact.flavor >= SET_FIELD_LEGACY)
        error = check_legacy(sf, c);
    else if (field->id == FIELD_VLAN_VID)
        error = ofpact_check_prereq(FIELD_VLAN_PCP, true, c);
    else
        error = ofpact_check_prereq(field->id, true, c);
    if (!error)
        learn_from_set(sf, c);
    return error;
}

enum ofperr
ofpact_check_src(const struct subfield *sf, const struct ofpact_checker *c)
{
    return ofpact_check_prereq((enum field_id)sf->field, true, c);
}

enum ofperr
ofpact_check_dst(const struct subfield *sf, const struct ofpact_checker *c)
{
    if (!fields[sf->field].writable || is_ct_field(sf->field))
        return OFPERR_OFPBAC_BAD_SET_ARGUMENT;
    return ofpact_check_prereq((enum field_id)sf->field, true, c);
}

enum ofperr
ofpact_check_REG_MOVE(const struct ofpact_reg_move *move, struct ofpact_checker *c)
{
    enum ofperr error = ofpact_check_src(&move->src, c);

    if (error)
        return error;
    if (c->in_ct && is_ct_field(move->dst.field))
        return OFPERR_OK;
    return ofpact_check_dst(&move->dst, c);
}

/* ---- Parse ------------------------------------------------------------------------------------*/
/* Cuts "A->B" in two. Returns B, or NULL. */
static char *
cut_arrow(char *text)
{
    char *arrow = strstr(text, "->");

    if (!arrow)
        return NULL;
    *arrow = '\0';
    return arrow + 2;
}

static char *
check_writable(const struct field *field)
{
    if (!field->writable)
        return text_error("%s cannot be written", field->name);
    return NULL;
}

static char *
parse_set_field(char *value, struct ofpact_parser *parser)
{
    char *name = cut_arrow(value), *error;
    const struct field *field = name ? field_by_name(name) : NULL;
    uint32_t experimenter;
    field_value v, mask;

    if (!name)
        return text_error("write set_field:VALUE[/MASK]->FIELD");
    if (!field || !field_header(field, OFP15, &experimenter))
        return text_error("\"%s\" is no field", name);
    error = check_writable(field);
    if (!error)
        error = field_parse(field, value, parser->names, &v, &mask);
    if (error)
        return error;
    if (!mask)
        return NULL;
    if (field->id == FIELD_VLAN_VID && mask == field_ones(field))
        v |= VLAN_PRESENT;
    ofpact_put_set_field(parser->out, SET_FIELD_OXM, field, v, mask);
    return NULL;
}

static char *
parse_load(char *value, struct ofpact_parser *parser)
{
    char *dst_text = cut_arrow(value), *error;
    const struct field *field;
    struct subfield dst;
    field_value v;

    if (!dst_text)
        return text_error("write load:VALUE->FIELD[FIRST..LAST]");
    error = ofpact_parse_subfield(dst_text, &dst);
    if (error)
        return error;
    field = &fields[dst.field];
    error = check_writable(field);
    if (!error && !text_integer(value, &v))
        error = field_parse_value(field, value, parser->names, &v);
    if (error)
        return error;
    if (dst.n_bits < 128 && v >> dst.n_bits)
        return text_error("%s does not fit into %u bits", value, dst.n_bits);
    ofpact_put_set_field(parser->out, SET_FIELD_LOAD, field, v << dst.ofs, subfield_mask(&dst));
    return NULL;
}

static char *
parse_move(char *value, struct ofpact_parser *parser)
{
    struct ofpact_reg_move *move = OFPACT_PUT(parser->out, REG_MOVE, ofpact_reg_move);
    char *dst_text = cut_arrow(value), *error;

    if (!dst_text)
        return text_error("write move:FIELD[FIRST..LAST]->FIELD[FIRST..LAST]");
    error = ofpact_parse_subfield(value, &move->src);
    if (!error)
        error = ofpact_parse_subfield(dst_text, &move->dst);
    if (!error)
        error = check_writable(&fields[move->dst.field]);
    if (!error && move->src.n_bits != move->dst.n_bits)
        error = text_error("%s has %u bits, %s has %u", value, move->src.n_bits, dst_text,
                           move->dst.n_bits);
    return error;
}

/* What an action of old takes, beyond what the field does. */
static char *
check_legacy_value(const struct field *field, enum set_field_flavor flavor, const char *text,
                   field_value v)
{
    if (field->id == FIELD_VLAN_VID && v > 0xfff)
        return text_error("%s is no VLAN id; at most 4095", text);
    if (field->id == FIELD_IP_TOS && v & 3)
        return text_error("%s is no TOS; the two lowest bits are ECN's (mod_nw_ecn)", text);
    if (field->id == FIELD_TUN_ID && flavor == SET_FIELD_LEGACY && v > UINT32_MAX)
        return text_error("%s does not fit into 32 bits; use set_tunnel64", text);
    return NULL;
}

/* Of a keyword like mod_dl_src; `arg` is its row in legacies. */
static char *
parse_legacy(char *value, struct ofpact_parser *parser)
{
    const struct legacy *legacy = &legacies[parser->keyword->arg];
    const struct field *field = &fields[legacy->field];
    unsigned __int128 number;
    field_value v, mask;
    char *error;

    if (field->id == FIELD_IP_TOS && text_integer(value, &number) && number <= 0xff)
        error = NULL, v = number;
    else
        error = field_parse_value(field, value, parser->names, &v);
    if (!error)
        error = check_legacy_value(field, legacy->flavor, value, v);
    if (error)
        return error;
    mask = field_ones(field);
    if (field->id == FIELD_VLAN_VID)
        v |= VLAN_PRESENT;
    ofpact_put_set_field(parser->out, legacy->flavor, field, v, mask);
    return NULL;
}

const struct ofpact_keyword ofpact_field_keywords[] = {
    {"set_field", parse_set_field, 0},
    {"load", parse_load, 0},
    {"move", parse_move, 0},
    {"mod_vlan_vid", parse_legacy, 0},
    {"set_vlan_vid", parse_legacy, 0},
    {"mod_vlan_pcp", parse_legacy, 1},
    {"set_vlan_pcp", parse_legacy, 1},
    {"mod_dl_src", parse_legacy, 2},
    {"mod_dl_dst", parse_legacy, 3},
    {"mod_nw_src", parse_legacy, 4},
    {"mod_nw_dst", parse_legacy, 5},
    {"mod_nw_tos", parse_legacy, 6},
    {"mod_nw_ecn", parse_legacy, 7},
    {"mod_nw_ttl", parse_legacy, 8},
    {"mod_tp_src", parse_legacy, 9},
    {"mod_tp_dst", parse_legacy, 10},
    {"set_mpls_label", parse_legacy, 11},
    {"set_mpls_tc", parse_legacy, 12},
    {"set_mpls_ttl", parse_legacy, 13},
    {"set_tunnel", parse_legacy, 14},
    {"set_tunnel64", parse_legacy, 15},
    {NULL, NULL, 0},
};
