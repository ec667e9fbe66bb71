/* SPDX-License-Identifier: Apache-2.0 */
/* The specification's actions and instructions from generated structs. */
#include "ofproto/ofpact-codec.h"

#include "lib/util.h"

#define VLAN_PRESENT 0x1000

/* ---- Fields -----------------------------------------------------------------------------------*/
enum ofperr
ofpact_must_be_zero(const uint8_t *bytes, size_t n, enum ofperr error)
{
    return is_all_zero(bytes, n) ? OFPERR_OK : error;
}

enum ofperr
ofpact_tail_must_be_zero(const struct of_octets *tail, enum ofperr error)
{
    return tail->size >= 8 ? OFPERR_OFPBAC_BAD_LEN
                           : ofpact_must_be_zero(tail->data, tail->size, error);
}

/* Has the header the length of the whole field, its experimenter included, and no mask? */
static bool
header_is_whole(const struct field *field, uint32_t header, uint32_t experimenter)
{
    return (header & 0x1ff) == field->n_bytes + (experimenter ? sizeof experimenter : 0);
}

enum ofperr
ofpact_decode_subfield(uint32_t header, uint32_t experimenter, unsigned int ofs,
                       unsigned int n_bits, struct subfield *sf)
{
    const struct field *field = field_by_header(header, experimenter);

    if (!field || !header_is_whole(field, header, experimenter))
        return OFPERR_OFPBAC_BAD_SET_TYPE;
    if (!n_bits || ofs + n_bits > field_sub_bits(field))
        return OFPERR_OFPBAC_BAD_SET_LEN;
    *sf = (struct subfield){(uint16_t)field->id, (uint8_t)ofs, (uint8_t)n_bits};
    return OFPERR_OK;
}

/* Open vSwitch takes the header of the field with a mask, too. */
enum ofperr
ofpact_decode_nx_subfield(uint32_t header, uint16_t ofs_nbits, struct subfield *sf)
{
    return ofpact_decode_subfield(ofpact_unmasked_header(header), 0, ofs_nbits >> 6,
                                  (ofs_nbits & 0x3fu) + 1, sf);
}

enum ofperr
ofpact_decode_oxm(const struct of_object *oxm, bool may_mask, struct ofpact_decoder *d)
{
    const struct field *field;
    struct of_oxm_view view;
    field_value value, mask;

    if (of_oxm_view(oxm, &view))
        return OFPERR_OFPBAC_BAD_SET_TYPE;
    field = field_by_header(view.type_len, view.experimenter);
    if (!field)
        return OFPERR_OFPBAC_BAD_SET_TYPE;
    if (field->n_bytes != view.n_bytes)
        return OFPERR_OFPBAC_BAD_SET_LEN;
    value = field_read(view.value, view.n_bytes);
    mask =
        view.has_mask ? field_read(view.mask, view.n_bytes) & field_ones(field) : field_ones(field);
    if (!field_value_is_valid(field, value))
        return OFPERR_OFPBAC_BAD_SET_ARGUMENT;
    if (field->id == FIELD_VLAN_VID && !(value & VLAN_PRESENT) && mask & VLAN_PRESENT)
        return OFPERR_OFPBAC_BAD_SET_ARGUMENT; /* Popping is an action of its own. */
    if (mask != field_ones(field) && !(may_mask && field->maskable))
        return OFPERR_OFPBAC_BAD_SET_MASK;
    if (mask)
        ofpact_put_set_field(d->out, SET_FIELD_OXM, field, value, mask);
    return OFPERR_OK;
}

static enum ofperr
decode_set_field(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_set_field *sf = object;
    enum ofperr error = ofpact_tail_must_be_zero(&sf->zero, OFPERR_OFPBAC_BAD_SET_ARGUMENT);

    if (error)
        return error;
    return ofpact_decode_oxm((const struct of_object *)(const void *)sf->field, d->version >= OFP15,
                             d);
}

/* A setter with an action of its own. */
static enum ofperr
put_legacy(struct ofpact_decoder *d, enum field_id id, field_value value)
{
    const struct field *field = &fields[id];

    if (id == FIELD_VLAN_VID && value > 0xfff)
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    if (value & ~field_ones(field))
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    if (id == FIELD_VLAN_VID)
        value |= VLAN_PRESENT;
    ofpact_put_set_field(d->out, SET_FIELD_LEGACY, field, value, field_ones(field));
    return OFPERR_OK;
}

#define DECODE_LEGACY(CLASS, MEMBER, FIELD)                                                        \
    static enum ofperr decode_##CLASS(const void *object, struct ofpact_decoder *d)                \
    {                                                                                              \
        return put_legacy(d, FIELD, ((const struct of_action_##CLASS *)object)->MEMBER);           \
    }

DECODE_LEGACY(set_vlan_vid, vlan_vid, FIELD_VLAN_VID)
DECODE_LEGACY(set_vlan_pcp, vlan_pcp, FIELD_VLAN_PCP)
DECODE_LEGACY(set_nw_src, nw_addr, FIELD_IP_SRC)
DECODE_LEGACY(set_nw_dst, nw_addr, FIELD_IP_DST)
DECODE_LEGACY(set_nw_tos, nw_tos, FIELD_IP_TOS)
DECODE_LEGACY(set_tp_src, tp_port, FIELD_TCP_SRC)
DECODE_LEGACY(set_tp_dst, tp_port, FIELD_TCP_DST)
DECODE_LEGACY(set_nw_ttl, nw_ttl, FIELD_IP_TTL)
DECODE_LEGACY(set_mpls_ttl, mpls_ttl, FIELD_MPLS_TTL)

static enum ofperr
decode_set_dl_src(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_set_dl_src *set = object;

    return put_legacy(d, FIELD_ETH_SRC, field_read(set->dl_addr, 6));
}

static enum ofperr
decode_set_dl_dst(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_set_dl_dst *set = object;

    return put_legacy(d, FIELD_ETH_DST, field_read(set->dl_addr, 6));
}

static enum ofperr
decode_copy_field(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_copy_field *copy = object;
    struct ofpact_reg_move *move = OFPACT_PUT(d->out, REG_MOVE, ofpact_reg_move);
    enum ofperr error = ofpact_tail_must_be_zero(&copy->zero, OFPERR_NXBRC_MUST_BE_ZERO);

    if (error)
        return error;
    error = ofpact_decode_subfield(copy->src.type_len, copy->src.experimenter, copy->src_offset,
                                   copy->n_bits, &move->src);
    if (error)
        return error;
    return ofpact_decode_subfield(copy->dst.type_len, copy->dst.experimenter, copy->dst_offset,
                                  copy->n_bits, &move->dst);
}

/* ---- Output -----------------------------------------------------------------------------------*/
static enum ofperr
decode_output(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_output *output = object;

    ofpact_put_output(d->out, output->port, output->max_len);
    return OFPERR_OK;
}

static enum ofperr
decode_enqueue(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_enqueue *of = object;
    struct ofpact_enqueue *enqueue = OFPACT_PUT(d->out, ENQUEUE, ofpact_enqueue);

    enqueue->port = of->port;
    enqueue->queue_id = of->queue_id;
    return OFPERR_OK;
}

static enum ofperr
decode_group(const void *object, struct ofpact_decoder *d)
{
    OFPACT_PUT(d->out, GROUP, ofpact_group)->group_id =
        ((const struct of_action_group *)object)->group_id;
    return OFPERR_OK;
}

static enum ofperr
decode_set_queue(const void *object, struct ofpact_decoder *d)
{
    OFPACT_PUT(d->out, SET_QUEUE, ofpact_queue)->queue_id =
        ((const struct of_action_set_queue *)object)->queue_id;
    return OFPERR_OK;
}

static enum ofperr
decode_meter(const void *object, struct ofpact_decoder *d)
{
    OFPACT_PUT(d->out, METER, ofpact_meter)->meter_id =
        ((const struct of_action_meter *)object)->meter_id;
    return OFPERR_OK;
}

/* ---- Tags and TTLs ----------------------------------------------------------------------------*/
#define DECODE_NULL(CLASS, TYPE)                                                                   \
    static enum ofperr decode_##CLASS(const void *object, struct ofpact_decoder *d)                \
    {                                                                                              \
        (void)object;                                                                              \
        ofpact_put(d->out, TYPE, sizeof(struct ofpact_null));                                      \
        return OFPERR_OK;                                                                          \
    }

DECODE_NULL(pop_vlan, OFPACT_POP_VLAN)
DECODE_NULL(pop_pbb, OFPACT_POP_PBB)
DECODE_NULL(copy_ttl_out, OFPACT_COPY_TTL_OUT)
DECODE_NULL(copy_ttl_in, OFPACT_COPY_TTL_IN)
DECODE_NULL(dec_mpls_ttl, OFPACT_DEC_MPLS_TTL)

static enum ofperr
decode_strip_vlan(const void *object, struct ofpact_decoder *d)
{
    struct ofpact_null *strip = OFPACT_PUT(d->out, POP_VLAN, ofpact_null);

    (void)object;
    strip->ofpact.flavor = FLAVOR_OF10;
    return OFPERR_OK;
}

static enum ofperr
decode_dec_nw_ttl(const void *object, struct ofpact_decoder *d)
{
    struct ofpact_dec_ttl *dec;

    (void)object;
    dec = ofpact_put(d->out, OFPACT_DEC_TTL, sizeof *dec + sizeof dec->controllers[0]);
    dec->n_controllers = 1;
    return OFPERR_OK;
}

#define DECODE_PUSH(CLASS, TYPE)                                                                   \
    static enum ofperr decode_##CLASS(const void *object, struct ofpact_decoder *d)                \
    {                                                                                              \
        OFPACT_PUT(d->out, TYPE, ofpact_push)->eth_type =                                          \
            ((const struct of_action_##CLASS *)object)->ethertype;                                 \
        return OFPERR_OK;                                                                          \
    }

DECODE_PUSH(push_vlan, PUSH_VLAN)
DECODE_PUSH(push_mpls, PUSH_MPLS)
DECODE_PUSH(pop_mpls, POP_MPLS)
DECODE_PUSH(push_pbb, PUSH_PBB)

ofpact_decode_fn *const ofpact_standard_decoders[OF_N_CLASSES] = {
    [OF_ACTION_OUTPUT] = decode_output,
    [OF_ACTION_ENQUEUE] = decode_enqueue,
    [OF_ACTION_GROUP] = decode_group,
    [OF_ACTION_SET_QUEUE] = decode_set_queue,
    [OF_ACTION_METER] = decode_meter,
    [OF_ACTION_SET_FIELD] = decode_set_field,
    [OF_ACTION_COPY_FIELD] = decode_copy_field,
    [OF_ACTION_SET_VLAN_VID] = decode_set_vlan_vid,
    [OF_ACTION_SET_VLAN_PCP] = decode_set_vlan_pcp,
    [OF_ACTION_STRIP_VLAN] = decode_strip_vlan,
    [OF_ACTION_SET_DL_SRC] = decode_set_dl_src,
    [OF_ACTION_SET_DL_DST] = decode_set_dl_dst,
    [OF_ACTION_SET_NW_SRC] = decode_set_nw_src,
    [OF_ACTION_SET_NW_DST] = decode_set_nw_dst,
    [OF_ACTION_SET_NW_TOS] = decode_set_nw_tos,
    [OF_ACTION_SET_TP_SRC] = decode_set_tp_src,
    [OF_ACTION_SET_TP_DST] = decode_set_tp_dst,
    [OF_ACTION_SET_NW_TTL] = decode_set_nw_ttl,
    [OF_ACTION_SET_MPLS_TTL] = decode_set_mpls_ttl,
    [OF_ACTION_DEC_NW_TTL] = decode_dec_nw_ttl,
    [OF_ACTION_DEC_MPLS_TTL] = decode_dec_mpls_ttl,
    [OF_ACTION_COPY_TTL_OUT] = decode_copy_ttl_out,
    [OF_ACTION_COPY_TTL_IN] = decode_copy_ttl_in,
    [OF_ACTION_PUSH_VLAN] = decode_push_vlan,
    [OF_ACTION_POP_VLAN] = decode_pop_vlan,
    [OF_ACTION_PUSH_MPLS] = decode_push_mpls,
    [OF_ACTION_POP_MPLS] = decode_pop_mpls,
    [OF_ACTION_PUSH_PBB] = decode_push_pbb,
    [OF_ACTION_POP_PBB] = decode_pop_pbb,
};

/* ---- Lists ------------------------------------------------------------------------------------*/
enum ofperr
ofpact_decode_list(const struct of_action_list *list, struct ofpact_decoder *d)
{
    if (d->depth > OFPACT_MAX_DEPTH)
        return OFPERR_OFPBAC_TOO_MANY;
    for (size_t i = 0; i < list->n; i++) {
        uint16_t class_id = list->items[i]->object.class_id;
        ofpact_decode_fn *decode = ofpact_standard_decoders[class_id];
        enum ofperr error;

        if (!decode)
            decode = ofpact_nicira_decoders[class_id];
        error = decode ? decode(list->items[i], d) : OFPERR_OFPBAC_BAD_VENDOR_TYPE;
        if (error)
            return error;
    }
    return OFPERR_OK;
}

enum ofperr
ofpacts_decode_actions(const struct of_action_list *list, enum ofp_version version,
                       struct buf *ofpacts)
{
    struct ofpact_decoder d = {version, ofpacts, 0};
    size_t start = ofpacts->size;
    enum ofperr error = ofpact_decode_list(list, &d);

    if (error)
        ofpacts->size = start;
    return error;
}

/* ---- Instructions -----------------------------------------------------------------------------*/
enum instruction {
    INSTRUCTION_METER,
    INSTRUCTION_APPLY,
    INSTRUCTION_STAT_TRIGGER,
    INSTRUCTION_CLEAR,
    INSTRUCTION_WRITE_ACTIONS,
    INSTRUCTION_METADATA,
    INSTRUCTION_GOTO,
    N_INSTRUCTIONS
};

static int
instruction_of_class(uint16_t class_id)
{
    switch (class_id) {
    case OF_INSTRUCTION_METER:
        return INSTRUCTION_METER;
    case OF_INSTRUCTION_STAT_TRIGGER:
        return INSTRUCTION_STAT_TRIGGER;
    case OF_INSTRUCTION_APPLY_ACTIONS:
        return INSTRUCTION_APPLY;
    case OF_INSTRUCTION_CLEAR_ACTIONS:
        return INSTRUCTION_CLEAR;
    case OF_INSTRUCTION_WRITE_ACTIONS:
        return INSTRUCTION_WRITE_ACTIONS;
    case OF_INSTRUCTION_WRITE_METADATA:
        return INSTRUCTION_METADATA;
    case OF_INSTRUCTION_GOTO_TABLE:
        return INSTRUCTION_GOTO;
    default:
        return -1;
    }
}

static enum ofperr
decode_write_actions(const struct of_instruction_write_actions *write, struct ofpact_decoder *d)
{
    size_t start = d->out->size;
    const struct ofpact_nest *nest;
    const struct ofpact *ofpact;
    enum ofperr error;

    OFPACT_PUT(d->out, WRITE_ACTIONS, ofpact_nest);
    error = ofpact_decode_list(&write->actions, d);
    if (error)
        return error;
    nest = ofpact_finish(d->out, start);
    OFPACT_FOR_EACH(ofpact, nest->actions, ofpact_nest_size(nest))
    if (!ofpact_may_be_in_set(ofpact))
        return OFPERR_OFPBAC_BAD_TYPE;
    return OFPERR_OK;
}

/* Thresholds come as OXS fields (OpenFlow 1.5, section 7.2.4.3). */
static void
decode_stat_trigger(const struct of_instruction_stat_trigger *trigger, struct ofpact_decoder *d)
{
    struct ofpact_stat_trigger *st = OFPACT_PUT(d->out, STAT_TRIGGER, ofpact_stat_trigger);

    st->flags = trigger->flags;
    for (size_t i = 0; i < trigger->thresholds.oxs_list.n; i++) {
        const void *oxs = trigger->thresholds.oxs_list.items[i];

        switch (((const struct of_object *)oxs)->class_id) {
        case OF_OXS_DURATION:
            st->present |= 1u << STAT_DURATION;
            st->duration = ((const struct of_oxs_duration *)oxs)->value;
            break;
        case OF_OXS_IDLE_TIME:
            st->present |= 1u << STAT_IDLE_TIME;
            st->idle = ((const struct of_oxs_idle_time *)oxs)->value;
            break;
        case OF_OXS_FLOW_COUNT:
            st->present |= 1u << STAT_FLOW_COUNT;
            st->n_flows = ((const struct of_oxs_flow_count *)oxs)->value;
            break;
        case OF_OXS_PACKET_COUNT:
            st->present |= 1u << STAT_PACKET_COUNT;
            st->n_packets = ((const struct of_oxs_packet_count *)oxs)->value;
            break;
        case OF_OXS_BYTE_COUNT:
            st->present |= 1u << STAT_BYTE_COUNT;
            st->n_bytes = ((const struct of_oxs_byte_count *)oxs)->value;
            break;
        }
    }
}

static void
decode_metadata(const struct of_instruction_write_metadata *write, struct ofpact_decoder *d)
{
    struct ofpact_metadata *metadata = OFPACT_PUT(d->out, WRITE_METADATA, ofpact_metadata);

    metadata->value = write->metadata;
    metadata->mask = write->metadata_mask;
}

static enum ofperr
decode_instruction(const void *object, struct ofpact_decoder *d)
{
    switch (((const struct of_object *)object)->class_id) {
    case OF_INSTRUCTION_METER:
        OFPACT_PUT(d->out, METER, ofpact_meter)->meter_id =
            ((const struct of_instruction_meter *)object)->meter_id;
        return OFPERR_OK;
    case OF_INSTRUCTION_STAT_TRIGGER:
        decode_stat_trigger(object, d);
        return OFPERR_OK;
    case OF_INSTRUCTION_APPLY_ACTIONS:
        return ofpact_decode_list(&((const struct of_instruction_apply_actions *)object)->actions,
                                  d);
    case OF_INSTRUCTION_CLEAR_ACTIONS:
        OFPACT_PUT(d->out, CLEAR_ACTIONS, ofpact_null);
        return OFPERR_OK;
    case OF_INSTRUCTION_WRITE_ACTIONS:
        return decode_write_actions(object, d);
    case OF_INSTRUCTION_WRITE_METADATA:
        decode_metadata(object, d);
        return OFPERR_OK;
    default:
        OFPACT_PUT(d->out, GOTO_TABLE, ofpact_goto_table)->table_id =
            ((const struct of_instruction_goto_table *)object)->table_id;
        return OFPERR_OK;
    }
}

enum ofperr
ofpacts_decode_instructions(const struct of_instruction_list *list, enum ofp_version version,
                            struct buf *ofpacts)
{
    const struct of_instruction *found[N_INSTRUCTIONS] = {NULL};
    struct ofpact_decoder d = {version, ofpacts, 0};
    size_t start = ofpacts->size;
    enum ofperr error = OFPERR_OK;

    for (size_t i = 0; i < list->n; i++) {
        int which = instruction_of_class(list->items[i]->object.class_id);

        if (which < 0)
            return OFPERR_OFPBIC_UNSUP_INST;
        if (found[which])
            return OFPERR_OFPBIC_DUP_INST;
        found[which] = list->items[i];
    }
    for (int i = 0; i < N_INSTRUCTIONS && !error; i++)
        if (found[i])
            error = decode_instruction(found[i], &d);
    if (error)
        ofpacts->size = start;
    return error;
}
