/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/ofpact.h"

#include "ofproto/ofpact-provider.h"

/* ---- Building ---------------------------------------------------------------------------------*/
void *
ofpact_put(struct buf *buf, enum ofpact_type type, size_t size)
{
    struct ofpact *ofpact = buf_put_zeros(buf, ROUND_UP(size, 8));

    ofpact->type = (uint8_t)type;
    ofpact->size = (uint32_t)ROUND_UP(size, 8);
    return ofpact;
}

void *
ofpact_finish(struct buf *buf, size_t start)
{
    struct ofpact *ofpact;

    buf_put_zeros(buf, ROUND_UP(buf->size - start, 8) - (buf->size - start));
    ofpact = (struct ofpact *)(buf->data + start);
    ofpact->size = (uint32_t)(buf->size - start);
    return ofpact;
}

void
ofpact_put_set_field(struct buf *buf, enum set_field_flavor flavor, const struct field *field,
                     field_value value, field_value mask)
{
    struct ofpact_set_field *sf = OFPACT_PUT(buf, SET_FIELD, ofpact_set_field);

    sf->ofpact.flavor = (uint8_t)flavor;
    sf->field = (uint16_t)field->id;
    sf->value = value & mask;
    sf->mask = mask;
}

void
ofpact_put_output(struct buf *buf, uint32_t port, uint32_t max_len)
{
    struct ofpact_output *output = OFPACT_PUT(buf, OUTPUT, ofpact_output);

    output->port = port;
    output->max_len = max_len;
}

/* ---- Questions --------------------------------------------------------------------------------*/
const char *
ofpact_name(enum ofpact_type type)
{
    static const char *const names[] = {
#define OFPACT(ENUM, STRUCT, NAME) [OFPACT_##ENUM] = NAME,
#include "ofproto/ofpacts.def"
#undef OFPACT
    };

    return (unsigned int)type < ARRAY_SIZE(names) ? names[type] : "unknown";
}

bool
ofpact_is_instruction(const struct ofpact *ofpact)
{
    return ofpact->type >= OFPACT_METER;
}

/* The list inside an action, NULL: none. */
static const struct ofpact *
nested_list(const struct ofpact *ofpact, size_t *size)
{
    const struct ofpact_nest *nest = (const struct ofpact_nest *)ofpact;
    const struct ofpact_ct *ct = (const struct ofpact_ct *)ofpact;

    switch ((int)ofpact->type) {
    case OFPACT_WRITE_ACTIONS:
    case OFPACT_CLONE:
        *size = ofpact_nest_size(nest);
        return nest->actions;
    case OFPACT_CT:
        *size = ct->actions_size;
        return ct->actions;
    default:
        return NULL;
    }
}

int
ofpacts_walk(const struct ofpact *ofpacts, size_t size, int (*cb)(const struct ofpact *, void *aux),
             void *aux)
{
    const struct ofpact *ofpact, *inner;
    size_t inner_size;
    int result;

    OFPACT_FOR_EACH(ofpact, ofpacts, size)
    {
        result = cb(ofpact, aux);
        inner = nested_list(ofpact, &inner_size);
        if (!result && inner)
            result = ofpacts_walk(inner, inner_size, cb, aux);
        if (result)
            return result;
    }
    return 0;
}

static int
is_output_to_port(const struct ofpact *ofpact, void *port_)
{
    const uint32_t *port = port_;

    switch ((int)ofpact->type) {
    case OFPACT_OUTPUT:
        return ((const struct ofpact_output *)ofpact)->port == *port;
    case OFPACT_ENQUEUE:
        return ((const struct ofpact_enqueue *)ofpact)->port == *port;
    case OFPACT_CONTROLLER:
        return *port == OFPORT_CONTROLLER;
    default:
        return 0;
    }
}

bool
ofpacts_output_to_port(const struct ofpact *ofpacts, size_t size, uint32_t port)
{
    return ofpacts_walk(ofpacts, size, is_output_to_port, &port);
}

static int
is_output_to_group(const struct ofpact *ofpact, void *group_id)
{
    return ofpact->type == OFPACT_GROUP &&
           ((const struct ofpact_group *)ofpact)->group_id == *(uint32_t *)group_id;
}

bool
ofpacts_output_to_group(const struct ofpact *ofpacts, size_t size, uint32_t group_id)
{
    return ofpacts_walk(ofpacts, size, is_output_to_group, &group_id);
}

uint32_t
ofpacts_meter(const struct ofpact *ofpacts, size_t size)
{
    const struct ofpact *ofpact;

    OFPACT_FOR_EACH(ofpact, ofpacts, size)
    if (ofpact->type == OFPACT_METER)
        return ((const struct ofpact_meter *)ofpact)->meter_id;
    return 0;
}

/* ---- Action sets ------------------------------------------------------------------------------*/
/* The order of execution (OpenFlow 1.3, section 5.10). A set_field comes once for each field. */
static const enum ofpact_type set_order[] = {
    OFPACT_COPY_TTL_IN, OFPACT_POP_VLAN,     OFPACT_POP_MPLS,  OFPACT_POP_PBB,
    OFPACT_PUSH_MPLS,   OFPACT_PUSH_PBB,     OFPACT_PUSH_VLAN, OFPACT_COPY_TTL_OUT,
    OFPACT_DEC_TTL,     OFPACT_DEC_MPLS_TTL, OFPACT_REG_MOVE,  OFPACT_SET_FIELD,
    OFPACT_METER,       OFPACT_SET_QUEUE,
};

/* One of these ends a set, the first that it has. */
static const enum ofpact_type set_outputs[] = {OFPACT_GROUP, OFPACT_OUTPUT, OFPACT_RESUBMIT,
                                               OFPACT_CT};

bool
ofpact_may_be_in_set(const struct ofpact *ofpact)
{
    for (size_t i = 0; i < ARRAY_SIZE(set_order); i++)
        if (set_order[i] == ofpact->type)
            return true;
    for (size_t i = 0; i < ARRAY_SIZE(set_outputs); i++)
        if (set_outputs[i] == ofpact->type)
            return true;
    return false;
}

static void
copy_last(const struct ofpact *set, size_t size, enum ofpact_type type, struct buf *out)
{
    const struct ofpact *ofpact, *last = NULL;

    OFPACT_FOR_EACH(ofpact, set, size)
    if (ofpact->type == type)
        last = ofpact;
    if (last)
        buf_put(out, last, last->size);
}

/* Set-fields in their order, without those that a later one of the same field overwrites. */
static void
copy_set_fields(const struct ofpact *set, size_t size, struct buf *out)
{
    const struct ofpact *ofpact, *later;

    OFPACT_FOR_EACH(ofpact, set, size)
    {
        const struct ofpact_set_field *sf = (const struct ofpact_set_field *)ofpact;
        bool overwritten = false;

        if (ofpact->type != OFPACT_SET_FIELD)
            continue;
        for (later = ofpact_next(ofpact); later < ofpact_end(set, size);
             later = ofpact_next(later)) {
            const struct ofpact_set_field *other = (const struct ofpact_set_field *)later;

            overwritten |= later->type == OFPACT_SET_FIELD && other->field == sf->field &&
                           !(sf->mask & ~other->mask);
        }
        if (!overwritten)
            buf_put(out, ofpact, ofpact->size);
    }
}

static bool
has_type(const struct ofpact *set, size_t size, enum ofpact_type type)
{
    const struct ofpact *ofpact;

    OFPACT_FOR_EACH(ofpact, set, size)
    if (ofpact->type == type)
        return true;
    return false;
}

void
ofpacts_from_action_set(const struct ofpact *set, size_t size, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(set_order); i++) {
        if (set_order[i] == OFPACT_SET_FIELD)
            copy_set_fields(set, size, out);
        else
            copy_last(set, size, set_order[i], out);
    }
    for (size_t i = 0; i < ARRAY_SIZE(set_outputs); i++)
        if (has_type(set, size, set_outputs[i])) {
            copy_last(set, size, set_outputs[i], out);
            return;
        }
}

/* ---- Check ------------------------------------------------------------------------------------*/
static enum ofperr
check_one(const struct ofpact *ofpact, struct ofpact_checker *checker)
{
    switch ((enum ofpact_type)ofpact->type) {
#define OFPACT(ENUM, STRUCT, NAME)                                                                 \
    case OFPACT_##ENUM:                                                                            \
        return ofpact_check_##ENUM((const struct STRUCT *)ofpact, checker);
#include "ofproto/ofpacts.def"
#undef OFPACT
    case N_OFPACTS:
    default:
        return OFPERR_OFPBAC_BAD_TYPE;
    }
}

enum ofperr
ofpact_check_list(const struct ofpact *ofpacts, size_t size, struct ofpact_checker *checker)
{
    const struct ofpact *ofpact;
    enum ofperr error;

    OFPACT_FOR_EACH(ofpact, ofpacts, size)
    {
        if (checker->in_set && !ofpact_may_be_in_set(ofpact))
            return OFPERR_OFPBAC_BAD_TYPE;
        error = check_one(ofpact, checker);
        if (error)
            return error;
    }
    return OFPERR_OK;
}

/* Where a TLV stands in the order of instructions; actions are what Apply-Actions holds. A meter
 * is an instruction in front, in OpenFlow 1.5 also an action anywhere. */
static unsigned int
instruction_rank(const struct ofpact *ofpact)
{
    return ofpact_is_instruction(ofpact) && ofpact->type != OFPACT_METER ? ofpact->type : 0;
}

/* Conjunctions stand alone, but for notes. */
static enum ofperr
check_conjunctions(const struct ofpact *ofpacts, size_t size)
{
    const struct ofpact *ofpact;
    bool any = false, other = false;

    OFPACT_FOR_EACH(ofpact, ofpacts, size)
    {
        any |= ofpact->type == OFPACT_CONJUNCTION;
        other |= ofpact->type != OFPACT_CONJUNCTION && ofpact->type != OFPACT_NOTE;
    }
    return any && other ? OFPERR_NXBAC_BAD_CONJUNCTION : OFPERR_OK;
}

enum ofperr
ofpacts_check_order(const struct ofpact *ofpacts, size_t size)
{
    const struct ofpact *ofpact;
    unsigned int rank, last = 0;
    bool seen[N_OFPACTS] = {false};

    OFPACT_FOR_EACH(ofpact, ofpacts, size)
    {
        rank = instruction_rank(ofpact);
        if (rank < last)
            return OFPERR_OFPBAC_UNSUPPORTED_ORDER;
        if (rank && seen[ofpact->type])
            return OFPERR_OFPBIC_DUP_INST;
        seen[ofpact->type] = true;
        last = rank;
    }
    return check_conjunctions(ofpacts, size);
}

enum ofperr
ofpacts_check(const struct ofpact *ofpacts, size_t size, const struct match *match,
              const struct ofpact_limits *limits)
{
    struct ofpact_checker checker = {.match = *match, .limits = limits};
    enum ofperr error = ofpacts_check_order(ofpacts, size);

    return error ? error : ofpact_check_list(ofpacts, size, &checker);
}
