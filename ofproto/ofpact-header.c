/* SPDX-License-Identifier: Apache-2.0 */
/* Tags, TTLs and the stack: text and checks. Setting fields is in ofproto/ofpact-field.c. */
#include "ofproto/ofpact-provider.h"

#include <arpa/inet.h>
#include <stdio.h>

#define ETH_VLAN 0x8100
#define ETH_QINQ 0x88a8
#define ETH_MPLS 0x8847
#define ETH_MPLS_MULTICAST 0x8848
#define ETH_PBB 0x88e7

enum ofperr
ofpact_check_prereq(enum field_id id, bool strict, const struct ofpact_checker *c)
{
    if (c->limits->no_prereqs || field_prereq_ok(&fields[id], &c->match.flow, &c->match.mask))
        return OFPERR_OK;
    return !strict && c->limits->loose_prereqs ? OFPERR_OK : OFPERR_OFPBAC_MATCH_INCONSISTENT;
}

/* From here on the packet has this Ethernet type; 0: it is unknown. */
static void
set_eth_type(struct ofpact_checker *c, uint16_t eth_type)
{
    c->match.flow.key.eth_type = htons(eth_type);
    c->match.mask.key.eth_type = eth_type ? 0xffff : 0;
    c->match.mask.key.ip_proto = 0;
    c->match.flow.key.ip_proto = 0;
    c->match.mask.key.tp_src = 0;
    c->match.flow.key.tp_src = 0;
}

/* The outermost tag is of this type, 0: there is none. What is behind it is not known. */
static void
set_vlan(struct ofpact_checker *c, uint16_t tpid)
{
    memset(c->match.flow.key.vlan, 0, sizeof c->match.flow.key.vlan);
    memset(c->match.mask.key.vlan, 0, sizeof c->match.mask.key.vlan);
    c->match.flow.key.vlan[0].tpid = htons(tpid);
    c->match.mask.key.vlan[0].tpid = 0xffff;
}

/* ---- Tags -------------------------------------------------------------------------------------*/
void
ofpact_format_PUSH_VLAN(const struct ofpact_push *push, const struct ofpact_printer *p)
{
    buf_printf(p->out, "push_vlan:0x%04x", push->eth_type);
}

enum ofperr
ofpact_check_PUSH_VLAN(const struct ofpact_push *push, struct ofpact_checker *c)
{
    struct dp_key *key = &c->match.flow.key, *mask = &c->match.mask.key;

    if (push->eth_type != ETH_VLAN && push->eth_type != ETH_QINQ)
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    key->vlan[1] = key->vlan[0];
    mask->vlan[1] = mask->vlan[0];
    key->vlan[0].tpid = mask->vlan[0].tpid = htons(FLOW_VLAN_PRESENT);
    return OFPERR_OK;
}

void
ofpact_format_POP_VLAN(const struct ofpact_null *pop, const struct ofpact_printer *p)
{
    buf_puts(p->out, pop->ofpact.flavor == FLAVOR_OF10 ? "strip_vlan" : "pop_vlan");
}

enum ofperr
ofpact_check_POP_VLAN(const struct ofpact_null *pop, struct ofpact_checker *c)
{
    struct dp_key *key = &c->match.flow.key, *mask = &c->match.mask.key;
    enum ofperr error = ofpact_check_prereq(FIELD_VLAN_PCP, false, c);

    (void)pop;
    key->vlan[0] = key->vlan[1];
    mask->vlan[0] = mask->vlan[1];
    memset(&key->vlan[1], 0, sizeof key->vlan[1]);
    memset(&mask->vlan[1], 0, sizeof mask->vlan[1]);
    return error;
}

void
ofpact_format_PUSH_MPLS(const struct ofpact_push *push, const struct ofpact_printer *p)
{
    buf_printf(p->out, "push_mpls:0x%04x", push->eth_type);
}

enum ofperr
ofpact_check_PUSH_MPLS(const struct ofpact_push *push, struct ofpact_checker *c)
{
    if (push->eth_type != ETH_MPLS && push->eth_type != ETH_MPLS_MULTICAST)
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    set_eth_type(c, push->eth_type);
    if (push->ofpact.flavor != FLAVOR_NX)
        set_vlan(c, 0);
    return OFPERR_OK;
}

void
ofpact_format_POP_MPLS(const struct ofpact_push *pop, const struct ofpact_printer *p)
{
    buf_printf(p->out, "pop_mpls:0x%04x", pop->eth_type);
}

enum ofperr
ofpact_check_POP_MPLS(const struct ofpact_push *pop, struct ofpact_checker *c)
{
    enum ofperr error = ofpact_check_prereq(FIELD_MPLS_LABEL, false, c);

    if (pop->eth_type == ETH_VLAN || pop->eth_type == ETH_QINQ) {
        set_eth_type(c, 0);
        set_vlan(c, pop->eth_type);
    } else {
        set_eth_type(c, pop->eth_type);
    }
    return error;
}

void
ofpact_format_PUSH_PBB(const struct ofpact_push *push, const struct ofpact_printer *p)
{
    buf_printf(p->out, "push_pbb:0x%04x", push->eth_type);
}

enum ofperr
ofpact_check_PUSH_PBB(const struct ofpact_push *push, struct ofpact_checker *c)
{
    if (push->eth_type != ETH_PBB)
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    set_eth_type(c, push->eth_type);
    return OFPERR_OK;
}

void
ofpact_format_POP_PBB(const struct ofpact_null *pop, const struct ofpact_printer *p)
{
    (void)pop;
    buf_puts(p->out, "pop_pbb");
}

enum ofperr
ofpact_check_POP_PBB(const struct ofpact_null *pop, struct ofpact_checker *c)
{
    enum ofperr error = ofpact_check_prereq(FIELD_PBB_ISID, false, c);

    (void)pop;
    set_eth_type(c, 0);
    return error;
}

/* push_* and pop_mpls. */
static char *
parse_eth_type(char *value, struct ofpact_parser *parser)
{
    enum ofpact_type type = (enum ofpact_type)parser->keyword->arg;
    struct ofpact_push *push = ofpact_put(parser->out, type, sizeof *push);
    char *error = text_u16("the Ethernet type", value, &push->eth_type);

    if (error)
        return error;
    if (type == OFPACT_PUSH_VLAN && push->eth_type != ETH_VLAN && push->eth_type != ETH_QINQ)
        return text_error("0x%04x is no VLAN's Ethernet type; write 0x8100 or 0x88a8",
                          push->eth_type);
    if (type == OFPACT_PUSH_MPLS && push->eth_type != ETH_MPLS &&
        push->eth_type != ETH_MPLS_MULTICAST)
        return text_error("0x%04x is no MPLS Ethernet type; write 0x8847 or 0x8848",
                          push->eth_type);
    if (type == OFPACT_PUSH_PBB && push->eth_type != ETH_PBB)
        return text_error("0x%04x is not PBB's Ethernet type; write 0x88e7", push->eth_type);
    return NULL;
}

static char *
parse_strip_vlan(char *value, struct ofpact_parser *parser)
{
    char *error = ofpact_parse_null(value, parser);

    if (!error && parser->out->size >= sizeof(struct ofpact_null)) {
        char *end = parser->out->data + parser->out->size;

        ((struct ofpact *)(end - sizeof(struct ofpact_null)))->flavor = FLAVOR_OF10;
    }
    return error;
}

/* ---- TTL --------------------------------------------------------------------------------------*/
void
ofpact_format_DEC_TTL(const struct ofpact_dec_ttl *dec, const struct ofpact_printer *p)
{
    buf_puts(p->out, "dec_ttl");
    if (dec->ofpact.flavor != FLAVOR_DEC_TTL_IDS)
        return;
    for (unsigned int i = 0; i < dec->n_controllers; i++)
        buf_printf(p->out, "%c%u", i ? ',' : '(', dec->controllers[i]);
    buf_putc(p->out, ')');
}

enum ofperr
ofpact_check_DEC_TTL(const struct ofpact_dec_ttl *dec, struct ofpact_checker *c)
{
    (void)dec;
    return ofpact_check_prereq(FIELD_IP_TTL, false, c);
}

static char *
parse_dec_ttl(char *value, struct ofpact_parser *parser)
{
    size_t start = parser->out->size;
    struct ofpact_dec_ttl *dec;
    char *id, *rest, *error = NULL;
    bool has_ids = *value;
    uint16_t ids[256], n = 0;

    while (!error && text_next_pair(&value, &id, &rest, NULL)) {
        if (n == ARRAY_SIZE(ids))
            return text_error("more than %zu controllers", ARRAY_SIZE(ids));
        error = text_u16("the controller's id", id, &ids[n++]);
    }
    if (error)
        return error;
    if (!has_ids)
        ids[n++] = 0;
    ofpact_put(parser->out, OFPACT_DEC_TTL, sizeof *dec + n * sizeof ids[0]);
    dec = (struct ofpact_dec_ttl *)(parser->out->data + start);
    dec->ofpact.flavor = has_ids ? FLAVOR_DEC_TTL_IDS : FLAVOR_DEFAULT;
    dec->n_controllers = n;
    memcpy(dec->controllers, ids, n * sizeof ids[0]);
    return NULL;
}

void
ofpact_format_DEC_MPLS_TTL(const struct ofpact_null *null, const struct ofpact_printer *p)
{
    (void)null;
    buf_puts(p->out, "dec_mpls_ttl");
}

enum ofperr
ofpact_check_DEC_MPLS_TTL(const struct ofpact_null *null, struct ofpact_checker *c)
{
    (void)null;
    return ofpact_check_prereq(FIELD_MPLS_TTL, false, c);
}

void
ofpact_format_COPY_TTL_OUT(const struct ofpact_null *null, const struct ofpact_printer *p)
{
    (void)null;
    buf_puts(p->out, "copy_ttl_out");
}

enum ofperr
ofpact_check_COPY_TTL_OUT(const struct ofpact_null *null, struct ofpact_checker *c)
{
    (void)null;
    return ofpact_check_prereq(FIELD_MPLS_TTL, false, c);
}

void
ofpact_format_COPY_TTL_IN(const struct ofpact_null *null, const struct ofpact_printer *p)
{
    (void)null;
    buf_puts(p->out, "copy_ttl_in");
}

enum ofperr
ofpact_check_COPY_TTL_IN(const struct ofpact_null *null, struct ofpact_checker *c)
{
    (void)null;
    return ofpact_check_prereq(FIELD_MPLS_TTL, false, c);
}

/* ---- Stack ------------------------------------------------------------------------------------*/
void
ofpact_format_STACK_PUSH(const struct ofpact_stack *stack, const struct ofpact_printer *p)
{
    buf_puts(p->out, "push:");
    subfield_format(&stack->subfield, p->out);
}

enum ofperr
ofpact_check_STACK_PUSH(const struct ofpact_stack *stack, struct ofpact_checker *c)
{
    return ofpact_check_src(&stack->subfield, c);
}

void
ofpact_format_STACK_POP(const struct ofpact_stack *stack, const struct ofpact_printer *p)
{
    buf_puts(p->out, "pop:");
    subfield_format(&stack->subfield, p->out);
}

enum ofperr
ofpact_check_STACK_POP(const struct ofpact_stack *stack, struct ofpact_checker *c)
{
    return ofpact_check_dst(&stack->subfield, c);
}

static char *
parse_stack(char *value, struct ofpact_parser *parser)
{
    enum ofpact_type type = (enum ofpact_type)parser->keyword->arg;
    struct ofpact_stack *stack = ofpact_put(parser->out, type, sizeof *stack);
    char *error = ofpact_parse_subfield(value, &stack->subfield);

    if (!error && type == OFPACT_STACK_POP && !fields[stack->subfield.field].writable)
        error = text_error("%s cannot be written", fields[stack->subfield.field].name);
    return error;
}

const struct ofpact_keyword ofpact_header_keywords[] = {
    {"push_vlan", parse_eth_type, OFPACT_PUSH_VLAN},
    {"pop_vlan", ofpact_parse_null, OFPACT_POP_VLAN},
    {"strip_vlan", parse_strip_vlan, OFPACT_POP_VLAN},
    {"push_mpls", parse_eth_type, OFPACT_PUSH_MPLS},
    {"pop_mpls", parse_eth_type, OFPACT_POP_MPLS},
    {"push_pbb", parse_eth_type, OFPACT_PUSH_PBB},
    {"pop_pbb", ofpact_parse_null, OFPACT_POP_PBB},
    {"dec_ttl", parse_dec_ttl, 0},
    {"dec_mpls_ttl", ofpact_parse_null, OFPACT_DEC_MPLS_TTL},
    {"copy_ttl_out", ofpact_parse_null, OFPACT_COPY_TTL_OUT},
    {"copy_ttl_in", ofpact_parse_null, OFPACT_COPY_TTL_IN},
    {"push", parse_stack, OFPACT_STACK_PUSH},
    {"pop", parse_stack, OFPACT_STACK_POP},
    {NULL, NULL, 0},
};
