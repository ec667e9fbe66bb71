/* SPDX-License-Identifier: Apache-2.0 */
/* Nicira's and ONF's actions from generated structs (ofproto/openflow_input/nicira-actions.loxi).
 */
#include "ofproto/ofpact-codec.h"

#define NXM_OF_IN_PORT_HEADER 0x00000002u /* The only type of a bundle's member. */

/* ---- Without arguments ------------------------------------------------------------------------*/
#define DECODE_NULL(CLASS, TYPE)                                                                   \
    static enum ofperr decode_##CLASS(const void *object, struct ofpact_decoder *d)                \
    {                                                                                              \
        (void)object;                                                                              \
        ofpact_put(d->out, TYPE, sizeof(struct ofpact_null));                                      \
        return OFPERR_OK;                                                                          \
    }

DECODE_NULL(exit, OFPACT_EXIT)
DECODE_NULL(pop_queue, OFPACT_POP_QUEUE)
DECODE_NULL(dec_mpls_ttl, OFPACT_DEC_MPLS_TTL)
DECODE_NULL(ct_clear, OFPACT_CT_CLEAR)

/* ---- Fields -----------------------------------------------------------------------------------*/
/* Of a field that is given with its experimenter, as Open vSwitch has it. */
static enum ofperr
decode_source(const struct of_oxm_id *id, unsigned int ofs, unsigned int n_bits,
              struct subfield *sf)
{
    uint32_t unmasked = ofpact_unmasked_header(id->type_len);
    enum ofperr error = ofpact_decode_subfield(unmasked, id->experimenter, ofs, n_bits, sf);

    if (error == OFPERR_OFPBAC_BAD_SET_TYPE)
        return OFPERR_OFPBMC_BAD_FIELD;
    return unmasked == id->type_len ? error : OFPERR_OFPBMC_BAD_MASK;
}

static enum ofperr
put_legacy(struct ofpact_decoder *d, enum set_field_flavor flavor, enum field_id id,
           field_value value)
{
    const struct field *field = &fields[id];

    if (value & ~field_ones(field))
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    ofpact_put_set_field(d->out, flavor, field, value, field_ones(field));
    return OFPERR_OK;
}

#define DECODE_LEGACY(CLASS, MEMBER, FLAVOR, FIELD)                                                \
    static enum ofperr decode_##CLASS(const void *object, struct ofpact_decoder *d)                \
    {                                                                                              \
        return put_legacy(d, FLAVOR, FIELD,                                                        \
                          ((const struct of_action_nicira_##CLASS *)object)->MEMBER);              \
    }

DECODE_LEGACY(set_tunnel, tun_id, SET_FIELD_LEGACY, FIELD_TUN_ID)
DECODE_LEGACY(set_tunnel64, tun_id, SET_FIELD_LEGACY64, FIELD_TUN_ID)
DECODE_LEGACY(set_mpls_ttl, mpls_ttl, SET_FIELD_LEGACY, FIELD_MPLS_TTL)
DECODE_LEGACY(set_mpls_label, mpls_label, SET_FIELD_LEGACY, FIELD_MPLS_LABEL)
DECODE_LEGACY(set_mpls_tc, mpls_tc, SET_FIELD_LEGACY, FIELD_MPLS_TC)

static enum ofperr
decode_reg_load(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_reg_load *load = object;
    struct subfield dst;
    enum ofperr error = ofpact_decode_nx_subfield(load->dst, load->ofs_nbits, &dst);

    if (error)
        return error;
    if (dst.n_bits < 64 && load->value >> dst.n_bits)
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    ofpact_put_set_field(d->out, SET_FIELD_LOAD, &fields[dst.field],
                         (field_value)load->value << dst.ofs, subfield_mask(&dst));
    return OFPERR_OK;
}

static enum ofperr
decode_reg_load2(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_reg_load2 *load = object;
    enum ofperr error = ofpact_tail_must_be_zero(&load->zero, OFPERR_OFPBAC_BAD_SET_ARGUMENT);

    if (error)
        return error;
    return ofpact_decode_oxm((const struct of_object *)(const void *)load->field, true, d);
}

static enum ofperr
put_move(struct ofpact_decoder *d, enum ofpact_flavor flavor, const struct of_oxm_id *src,
         unsigned int src_ofs, const struct of_oxm_id *dst, unsigned int dst_ofs,
         unsigned int n_bits)
{
    struct ofpact_reg_move *move = OFPACT_PUT(d->out, REG_MOVE, ofpact_reg_move);
    enum ofperr error;

    move->ofpact.flavor = (uint8_t)flavor;
    error = decode_source(src, src_ofs, n_bits, &move->src);
    if (error)
        return error;
    return decode_source(dst, dst_ofs, n_bits, &move->dst);
}

static enum ofperr
decode_reg_move(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_reg_move *m = object;

    return put_move(d, FLAVOR_DEFAULT, &m->src, m->src_ofs, &m->dst, m->dst_ofs, m->n_bits);
}

static enum ofperr
decode_onf_copy_field(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_onf_copy_field *m = object;

    return put_move(d, FLAVOR_ONF, &m->src, m->src_offset, &m->dst, m->dst_offset, m->n_bits);
}

static enum ofperr
decode_stack_push(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_stack_push *push = object;
    enum ofperr error = decode_source(&push->field, push->offset, push->n_bits,
                                      &OFPACT_PUT(d->out, STACK_PUSH, ofpact_stack)->subfield);

    return error ? error : ofpact_tail_must_be_zero(&push->zero, OFPERR_NXBRC_MUST_BE_ZERO);
}

static enum ofperr
decode_stack_pop(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_stack_pop *pop = object;
    enum ofperr error = decode_source(&pop->field, pop->offset, pop->n_bits,
                                      &OFPACT_PUT(d->out, STACK_POP, ofpact_stack)->subfield);

    return error ? error : ofpact_tail_must_be_zero(&pop->zero, OFPERR_NXBRC_MUST_BE_ZERO);
}

static enum ofperr
decode_push_mpls(const void *object, struct ofpact_decoder *d)
{
    struct ofpact_push *push = OFPACT_PUT(d->out, PUSH_MPLS, ofpact_push);

    push->ofpact.flavor = FLAVOR_NX;
    push->eth_type = ((const struct of_action_nicira_push_mpls *)object)->ethertype;
    return OFPERR_OK;
}

static enum ofperr
decode_pop_mpls(const void *object, struct ofpact_decoder *d)
{
    OFPACT_PUT(d->out, POP_MPLS, ofpact_push)->eth_type =
        ((const struct of_action_nicira_pop_mpls *)object)->ethertype;
    return OFPERR_OK;
}

static enum ofperr
put_dec_ttl(struct ofpact_decoder *d, enum ofpact_flavor flavor, const uint16_t *ids, size_t n)
{
    struct ofpact_dec_ttl *dec;

    dec = ofpact_put(d->out, OFPACT_DEC_TTL, sizeof *dec + n * sizeof ids[0]);
    dec->ofpact.flavor = (uint8_t)flavor;
    dec->n_controllers = (uint16_t)n;
    memcpy(dec->controllers, ids, n * sizeof ids[0]);
    return OFPERR_OK;
}

static enum ofperr
decode_dec_ttl(const void *object, struct ofpact_decoder *d)
{
    static const uint16_t all = 0;

    (void)object;
    return put_dec_ttl(d, FLAVOR_DEFAULT, &all, 1);
}

static enum ofperr
decode_dec_ttl_cnt_ids(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_dec_ttl_cnt_ids *dec = object;

    if (ofpact_must_be_zero(dec->zero, sizeof dec->zero, OFPERR_NXBRC_MUST_BE_ZERO))
        return OFPERR_NXBRC_MUST_BE_ZERO;
    if (!dec->cnt_ids.n)
        return OFPERR_OFPBAC_BAD_LEN;
    return put_dec_ttl(d, FLAVOR_DEC_TTL_IDS, dec->cnt_ids.items, dec->cnt_ids.n);
}

static enum ofperr
decode_write_metadata(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_write_metadata *write = object;
    struct ofpact_metadata *metadata = OFPACT_PUT(d->out, WRITE_METADATA, ofpact_metadata);

    metadata->value = write->metadata;
    metadata->mask = write->metadata_mask;
    return ofpact_must_be_zero(write->zero, sizeof write->zero, OFPERR_NXBRC_MUST_BE_ZERO);
}

/* ---- Output -----------------------------------------------------------------------------------*/
static enum ofperr
decode_set_queue(const void *object, struct ofpact_decoder *d)
{
    OFPACT_PUT(d->out, SET_QUEUE, ofpact_queue)->queue_id =
        ((const struct of_action_nicira_set_queue *)object)->queue_id;
    return OFPERR_OK;
}

static enum ofperr
decode_group(const void *object, struct ofpact_decoder *d)
{
    OFPACT_PUT(d->out, GROUP, ofpact_group)->group_id =
        ((const struct of_action_nicira_group *)object)->group_id;
    return OFPERR_OK;
}

static enum ofperr
decode_output_trunc(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_output_trunc *trunc = object;
    struct ofpact_output *output;

    if (trunc->max_len < 14) /* An Ethernet header. */
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    output = OFPACT_PUT(d->out, OUTPUT, ofpact_output);
    output->port = ofport_from_v10(trunc->port);
    output->max_len = trunc->max_len;
    output->truncate = true;
    return OFPERR_OK;
}

static enum ofperr
decode_output_reg(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_output_reg *of = object;
    struct ofpact_output_reg *reg = OFPACT_PUT(d->out, OUTPUT_REG, ofpact_output_reg);

    reg->max_len = of->max_len;
    if (ofpact_must_be_zero(of->zero, sizeof of->zero, OFPERR_OFPBAC_BAD_ARGUMENT))
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    return ofpact_decode_nx_subfield(of->src, of->ofs_nbits, &reg->src);
}

static enum ofperr
decode_output_reg2(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_output_reg2 *of = object;
    struct ofpact_output_reg *reg = OFPACT_PUT(d->out, OUTPUT_REG, ofpact_output_reg);

    enum ofperr error = ofpact_tail_must_be_zero(&of->zero, OFPERR_NXBRC_MUST_BE_ZERO);

    reg->ofpact.flavor = FLAVOR_NX2;
    reg->max_len = of->max_len;
    if (error)
        return error;
    return decode_source(&of->src, of->ofs_nbits >> 6, (of->ofs_nbits & 0x3fu) + 1, &reg->src);
}

static enum ofperr
decode_controller(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_controller *of = object;
    struct ofpact_controller *c = OFPACT_PUT(d->out, CONTROLLER, ofpact_controller);

    c->max_len = of->max_len;
    c->controller_id = of->controller_id;
    c->reason = of->reason;
    return OFPERR_OK;
}

static void
decode_controller_prop(const void *prop, struct ofpact_controller *c, struct of_octets *userdata)
{
    switch (((const struct of_object *)prop)->class_id) {
    case OF_CONTROLLER2_PROP_MAX_LEN:
        c->max_len = ((const struct of_controller2_prop_max_len *)prop)->max_len;
        break;
    case OF_CONTROLLER2_PROP_CONTROLLER_ID:
        c->controller_id = ((const struct of_controller2_prop_controller_id *)prop)->controller_id;
        break;
    case OF_CONTROLLER2_PROP_REASON:
        c->reason = ((const struct of_controller2_prop_reason *)prop)->reason;
        break;
    case OF_CONTROLLER2_PROP_USERDATA:
        *userdata = ((const struct of_controller2_prop_userdata *)prop)->userdata;
        break;
    case OF_CONTROLLER2_PROP_PAUSE:
        c->pause = true;
        break;
    case OF_CONTROLLER2_PROP_METER_ID:
        c->meter_id = ((const struct of_controller2_prop_meter_id *)prop)->meter_id;
        break;
    }
}

static enum ofperr
decode_controller2(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_controller2 *of = object;
    struct ofpact_controller *c = OFPACT_PUT(d->out, CONTROLLER, ofpact_controller);
    size_t start = d->out->size - sizeof *c;
    struct of_octets userdata = {NULL, 0};

    if (ofpact_must_be_zero(of->zero, sizeof of->zero, OFPERR_NXBRC_MUST_BE_ZERO))
        return OFPERR_NXBRC_MUST_BE_ZERO;
    c->ofpact.flavor = FLAVOR_NX2;
    c->max_len = OFCONTROLLER_MAX_LEN_NONE;
    c->reason = OFPR_ACTION;
    for (size_t i = 0; i < of->properties.n; i++)
        decode_controller_prop(of->properties.items[i], c, &userdata);
    c->userdata_size = (uint16_t)userdata.size;
    buf_put(d->out, userdata.data, userdata.size);
    ofpact_finish(d->out, start);
    return OFPERR_OK;
}

/* bundle and bundle_load have the same members. */
static enum ofperr
decode_bundle(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_bundle_load *of = object;
    bool is_load = of->object.class_id == OF_ACTION_NICIRA_BUNDLE_LOAD;
    size_t size = sizeof(struct ofpact_bundle) + of->members.n * sizeof(uint32_t);
    struct ofpact_bundle *b = ofpact_put(d->out, OFPACT_BUNDLE, size);

    if (is_load && (of->ofs_nbits & 0x3f) + 1 < 16)
        return OFPERR_OFPBAC_BAD_ARGUMENT; /* A port's number has no room. */
    if (of->member_type != NXM_OF_IN_PORT_HEADER || of->members.n > UINT16_MAX)
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    if (of->fields > HASH_SYMMETRIC_L3 || of->algorithm > BUNDLE_HRW ||
        (!is_load && (of->ofs_nbits || of->dst)) ||
        ofpact_must_be_zero(of->zero, is_load ? 0 : sizeof of->zero, OFPERR_OFPBAC_BAD_ARGUMENT))
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    b->algorithm = of->algorithm;
    b->fields = of->fields;
    b->basis = of->basis;
    b->n_members = (uint16_t)of->members.n;
    for (size_t i = 0; i < of->members.n; i++)
        b->members[i] = ofport_from_v10(of->members.items[i]);
    return is_load ? ofpact_decode_nx_subfield(of->dst, of->ofs_nbits, &b->dst) : OFPERR_OK;
}

static enum ofperr
decode_multipath(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_multipath *of = object;
    struct ofpact_multipath *mp = OFPACT_PUT(d->out, MULTIPATH, ofpact_multipath);

    mp->fields = of->fields;
    mp->basis = of->basis;
    mp->algorithm = of->algorithm;
    mp->max_link = of->max_link;
    mp->arg = of->arg;
    if (of->fields > HASH_SYMMETRIC_L3 || of->algorithm > MULTIPATH_ITER_HASH)
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    return ofpact_decode_nx_subfield(of->dst, of->ofs_nbits, &mp->dst);
}

/* ---- Flow control -----------------------------------------------------------------------------*/
static enum ofperr
put_resubmit(struct ofpact_decoder *d, enum ofpact_flavor flavor, uint16_t in_port,
             uint8_t table_id, bool with_ct)
{
    struct ofpact_resubmit *r = OFPACT_PUT(d->out, RESUBMIT, ofpact_resubmit);

    r->ofpact.flavor = (uint8_t)flavor;
    r->in_port = ofport_from_v10(in_port);
    r->table_id = table_id;
    r->with_ct_orig = with_ct;
    return OFPERR_OK;
}

static enum ofperr
decode_resubmit(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_resubmit *of = object;

    return put_resubmit(d, FLAVOR_RESUBMIT, of->in_port, OFTABLE_ALL, false);
}

static enum ofperr
decode_resubmit_table(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_resubmit_table *of = object;

    if (of->zero)
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    return put_resubmit(d, FLAVOR_RESUBMIT_TABLE, of->in_port, of->table_id, false);
}

static enum ofperr
decode_resubmit_table_ct(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_resubmit_table_ct *of = object;

    if (of->zero)
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    return put_resubmit(d, FLAVOR_RESUBMIT_TABLE, of->in_port, of->table_id, true);
}

static enum ofperr
decode_conjunction(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_conjunction *of = object;
    struct ofpact_conjunction *conj = OFPACT_PUT(d->out, CONJUNCTION, ofpact_conjunction);

    conj->id = of->conj_id;
    conj->clause = of->clause;
    conj->n_clauses = of->n_clauses;
    return OFPERR_OK;
}

static enum ofperr
decode_note(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_note *of = object;

    ofpact_put_note(of->note.data, of->note.size, d->out);
    return OFPERR_OK;
}

static enum ofperr
decode_fin_timeout(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_fin_timeout *of = object;
    struct ofpact_fin_timeout *fin = OFPACT_PUT(d->out, FIN_TIMEOUT, ofpact_fin_timeout);

    fin->idle_timeout = of->fin_idle_timeout;
    fin->hard_timeout = of->fin_hard_timeout;
    return OFPERR_OK;
}

static enum ofperr
decode_clone(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_clone *of = object;
    size_t start = d->out->size;
    enum ofperr error;

    OFPACT_PUT(d->out, CLONE, ofpact_nest);
    d->depth++;
    error = ofpact_decode_list(&of->actions, d);
    d->depth--;
    if (!error)
        ofpact_finish(d->out, start);
    return error;
}

static enum ofperr
decode_check_pkt_larger(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_check_pkt_larger *of = object;
    struct ofpact_check_pkt_larger *check =
        OFPACT_PUT(d->out, CHECK_PKT_LARGER, ofpact_check_pkt_larger);
    enum ofperr error;

    check->pkt_len = of->pkt_len;
    error = decode_source(&of->dst, of->offset, 1, &check->dst);
    return error ? error : ofpact_tail_must_be_zero(&of->zero, OFPERR_NXBRC_MUST_BE_ZERO);
}

/* ---- Sample: four forms, each with more members -----------------------------------------------*/
static enum ofperr
decode_sample(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_sample *of = object;
    struct ofpact_sample *s = OFPACT_PUT(d->out, SAMPLE, ofpact_sample);

    s->probability = of->probability;
    s->collector_set_id = of->collector_set_id;
    s->obs_domain_id = of->obs_domain_id;
    s->obs_point_id = of->obs_point_id;
    s->sampling_port = OFPORT_ANY;
    return OFPERR_OK;
}

static enum ofperr
put_sample(struct ofpact_decoder *d, enum ofpact_flavor flavor,
           const struct of_action_nicira_sample3 *of, uint8_t direction)
{
    struct ofpact_sample *s = OFPACT_PUT(d->out, SAMPLE, ofpact_sample);

    s->ofpact.flavor = (uint8_t)flavor;
    s->probability = of->probability;
    s->collector_set_id = of->collector_set_id;
    s->obs_domain_id = of->obs_domain_id;
    s->obs_point_id = of->obs_point_id;
    s->sampling_port = ofport_from_v10(of->sampling_port);
    s->direction = direction;
    return direction > 2 ? OFPERR_OFPBAC_BAD_ARGUMENT : OFPERR_OK;
}

/* Is as sample3 up to its direction. */
static enum ofperr
decode_sample2(const void *object, struct ofpact_decoder *d)
{
    return put_sample(d, FLAVOR_NX2, object, 0);
}

static enum ofperr
decode_sample3(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_sample3 *of = object;

    if (ofpact_must_be_zero(of->zero, sizeof of->zero, OFPERR_NXBRC_MUST_BE_ZERO))
        return OFPERR_NXBRC_MUST_BE_ZERO;
    return put_sample(d, FLAVOR_NX3, of, of->direction);
}

/* ---- Connection tracking ----------------------------------------------------------------------*/
static enum ofperr
decode_ct(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_ct *of = object;
    size_t start = d->out->size;
    struct ofpact_ct *ct = OFPACT_PUT(d->out, CT, ofpact_ct);
    enum ofperr error = OFPERR_OK;

    ct->flags = of->flags;
    ct->recirc_table = of->recirc_table;
    ct->alg = of->alg;
    if (of->zone_src)
        error = ofpact_decode_nx_subfield(of->zone_src, of->zone, &ct->zone_src);
    else
        ct->zone = of->zone;
    if (!error && ct->zone_src.n_bits && ct->zone_src.n_bits != 16)
        error = OFPERR_OFPBAC_BAD_SET_LEN;
    if (error)
        return error;
    d->depth++;
    error = ofpact_decode_list(&of->actions, d);
    d->depth--;
    if (error)
        return error;
    ct = ofpact_finish(d->out, start);
    ct->actions_size = ct->ofpact.size - (uint32_t)sizeof *ct;
    return OFPERR_OK;
}

static enum ofperr
decode_nat(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_nat *of = object;
    struct ofpact_nat *nat = OFPACT_PUT(d->out, NAT, ofpact_nat);
    unsigned int present = of->range_present;

    nat->flags = of->flags;
    if (present & NX_NAT_RANGE_IPV4_MIN) {
        nat->range_af = 4;
        nat->addr_min = of->ipv4_min;
        nat->addr_max = present & NX_NAT_RANGE_IPV4_MAX ? of->ipv4_max : 0;
    } else if (present & NX_NAT_RANGE_IPV6_MIN) {
        nat->range_af = 6;
        nat->addr_min = field_read(of->ipv6_min, 16);
        nat->addr_max = present & NX_NAT_RANGE_IPV6_MAX ? field_read(of->ipv6_max, 16) : 0;
    }
    nat->proto_min = present & NX_NAT_RANGE_PROTO_MIN ? of->proto_min : 0;
    nat->proto_max = present & NX_NAT_RANGE_PROTO_MAX ? of->proto_max : 0;
    if ((nat->flags & NAT_PROTO_HASH && nat->flags & NAT_PROTO_RANDOM) ||
        (nat->range_af == 4 && present & (NX_NAT_RANGE_IPV6_MIN | NX_NAT_RANGE_IPV6_MAX)))
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    return OFPERR_OK;
}

/* ---- Learn ------------------------------------------------------------------------------------*/
static enum ofperr
decode_learn_spec(const struct of_learn_spec *of, struct learn_spec *spec)
{
    unsigned int dst = of->header & NX_LEARN_DST_MASK;
    enum ofperr error = OFPERR_OK;

    memset(spec, 0, sizeof *spec);
    spec->n_bits = of->header & NX_LEARN_N_BITS_MASK;
    spec->dst_type = dst == NX_LEARN_DST_MATCH  ? LEARN_MATCH
                     : dst == NX_LEARN_DST_LOAD ? LEARN_LOAD
                                                : LEARN_OUTPUT;
    spec->src_is_field = !(of->header & NX_LEARN_SRC_IMMEDIATE);
    if (dst == NX_LEARN_DST_MASK || (dst == NX_LEARN_DST_OUTPUT && !spec->src_is_field))
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    if (spec->src_is_field)
        error = ofpact_decode_subfield(of->src, of->src_experimenter, of->src_ofs, spec->n_bits,
                                       &spec->src);
    else if (of->immediate.size <= 16)
        spec->value = field_read(of->immediate.data, of->immediate.size);
    else
        error = OFPERR_OFPBAC_BAD_ARGUMENT;
    if (error || spec->dst_type == LEARN_OUTPUT)
        return error;
    return ofpact_decode_subfield(of->dst, of->dst_experimenter, of->dst_ofs, spec->n_bits,
                                  &spec->dst);
}

/* A list ends with a header of zero (the padding of the action). */
static enum ofperr
decode_learn_specs(const struct of_learn_spec_list *list, struct ofpact_decoder *d, size_t start)
{
    struct ofpact_learn *learn;
    uint16_t n_specs = 0;

    for (size_t i = 0; i < list->n && list->items[i]->header; i++) {
        struct learn_spec spec;
        enum ofperr error = decode_learn_spec(list->items[i], &spec);

        if (error)
            return error;
        buf_put(d->out, &spec, sizeof spec);
        n_specs++;
    }
    learn = ofpact_finish(d->out, start);
    learn->n_specs = n_specs;
    return learn->table_id == OFTABLE_ALL ? OFPERR_OFPBAC_BAD_ARGUMENT : OFPERR_OK;
}

static enum ofperr
decode_learn(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_learn *of = object;
    size_t start = d->out->size;
    struct ofpact_learn *learn = OFPACT_PUT(d->out, LEARN, ofpact_learn);

    COPY_LEARN(learn, of);
    if (learn->flags & LEARN_WRITE_RESULT || of->zero)
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    return decode_learn_specs(&of->specs, d, start);
}

static enum ofperr
decode_learn2(const void *object, struct ofpact_decoder *d)
{
    const struct of_action_nicira_learn2 *of = object;
    size_t start = d->out->size;
    struct ofpact_learn *learn = OFPACT_PUT(d->out, LEARN, ofpact_learn);
    enum ofperr error;

    learn->ofpact.flavor = FLAVOR_NX2;
    COPY_LEARN(learn, of);
    learn->limit = of->limit;
    if (of->zero)
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    if (of->zero2)
        return OFPERR_NXBAC_MUST_BE_ZERO;
    if (learn->flags & LEARN_WRITE_RESULT) {
        struct of_oxm_id dst = {.type_len = of->result_dst,
                                .experimenter = of->result_dst_experimenter};

        error = decode_source(&dst, of->result_dst_ofs, 1, &learn->result_dst);
        if (error)
            return error;
    }
    return decode_learn_specs(&of->specs, d, start);
}

ofpact_decode_fn *const ofpact_nicira_decoders[OF_N_CLASSES] = {
    [OF_ACTION_NICIRA_RESUBMIT] = decode_resubmit,
    [OF_ACTION_NICIRA_RESUBMIT_TABLE] = decode_resubmit_table,
    [OF_ACTION_NICIRA_RESUBMIT_TABLE_CT] = decode_resubmit_table_ct,
    [OF_ACTION_NICIRA_SET_TUNNEL] = decode_set_tunnel,
    [OF_ACTION_NICIRA_SET_TUNNEL64] = decode_set_tunnel64,
    [OF_ACTION_NICIRA_SET_QUEUE] = decode_set_queue,
    [OF_ACTION_NICIRA_POP_QUEUE] = decode_pop_queue,
    [OF_ACTION_NICIRA_REG_MOVE] = decode_reg_move,
    [OF_ACTION_NICIRA_REG_LOAD] = decode_reg_load,
    [OF_ACTION_NICIRA_REG_LOAD2] = decode_reg_load2,
    [OF_ACTION_ONF_COPY_FIELD] = decode_onf_copy_field,
    [OF_ACTION_NICIRA_STACK_PUSH] = decode_stack_push,
    [OF_ACTION_NICIRA_STACK_POP] = decode_stack_pop,
    [OF_ACTION_NICIRA_PUSH_MPLS] = decode_push_mpls,
    [OF_ACTION_NICIRA_POP_MPLS] = decode_pop_mpls,
    [OF_ACTION_NICIRA_SET_MPLS_LABEL] = decode_set_mpls_label,
    [OF_ACTION_NICIRA_SET_MPLS_TC] = decode_set_mpls_tc,
    [OF_ACTION_NICIRA_SET_MPLS_TTL] = decode_set_mpls_ttl,
    [OF_ACTION_NICIRA_DEC_MPLS_TTL] = decode_dec_mpls_ttl,
    [OF_ACTION_NICIRA_DEC_TTL] = decode_dec_ttl,
    [OF_ACTION_NICIRA_DEC_TTL_CNT_IDS] = decode_dec_ttl_cnt_ids,
    [OF_ACTION_NICIRA_WRITE_METADATA] = decode_write_metadata,
    [OF_ACTION_NICIRA_NOTE] = decode_note,
    [OF_ACTION_NICIRA_EXIT] = decode_exit,
    [OF_ACTION_NICIRA_FIN_TIMEOUT] = decode_fin_timeout,
    [OF_ACTION_NICIRA_CONTROLLER] = decode_controller,
    [OF_ACTION_NICIRA_CONTROLLER2] = decode_controller2,
    [OF_ACTION_NICIRA_OUTPUT_TRUNC] = decode_output_trunc,
    [OF_ACTION_NICIRA_OUTPUT_REG] = decode_output_reg,
    [OF_ACTION_NICIRA_OUTPUT_REG2] = decode_output_reg2,
    [OF_ACTION_NICIRA_GROUP] = decode_group,
    [OF_ACTION_NICIRA_MULTIPATH] = decode_multipath,
    [OF_ACTION_NICIRA_BUNDLE] = decode_bundle,
    [OF_ACTION_NICIRA_BUNDLE_LOAD] = decode_bundle,
    [OF_ACTION_NICIRA_LEARN] = decode_learn,
    [OF_ACTION_NICIRA_LEARN2] = decode_learn2,
    [OF_ACTION_NICIRA_CONJUNCTION] = decode_conjunction,
    [OF_ACTION_NICIRA_SAMPLE] = decode_sample,
    [OF_ACTION_NICIRA_SAMPLE2] = decode_sample2,
    [OF_ACTION_NICIRA_SAMPLE3] = decode_sample3,
    [OF_ACTION_NICIRA_CT] = decode_ct,
    [OF_ACTION_NICIRA_NAT] = decode_nat,
    [OF_ACTION_NICIRA_CT_CLEAR] = decode_ct_clear,
    [OF_ACTION_NICIRA_CLONE] = decode_clone,
    [OF_ACTION_NICIRA_CHECK_PKT_LARGER] = decode_check_pkt_larger,
};
