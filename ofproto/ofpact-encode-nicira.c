/* SPDX-License-Identifier: Apache-2.0 */
/* Nicira's actions to generated structs (ofproto/openflow_input/nicira-actions.loxi). */
#include "ofproto/ofpact-codec.h"

#define NXM_OF_IN_PORT_HEADER 0x00000002u

static void *
arena_alloc(struct of_arena *arena, size_t size)
{
    void *p = of_arena_alloc(arena, size);

    if (!p)
        abort();
    return p;
}

static struct of_octets
arena_octets(struct of_arena *arena, const void *data, size_t size)
{
    uint8_t *copy = arena_alloc(arena, size);

    if (size)
        memcpy(copy, data, size);
    return (struct of_octets){copy, size};
}

/* ---- Without arguments ------------------------------------------------------------------------*/
void
ofpact_encode_POP_QUEUE(const struct ofpact_null *null, struct ofpact_encoder *e)
{
    (void)null;
    ofpact_encode_new(e, OF_ACTION_NICIRA_POP_QUEUE);
}

void
ofpact_encode_EXIT(const struct ofpact_null *null, struct ofpact_encoder *e)
{
    (void)null;
    ofpact_encode_new(e, OF_ACTION_NICIRA_EXIT);
}

void
ofpact_encode_CT_CLEAR(const struct ofpact_null *null, struct ofpact_encoder *e)
{
    (void)null;
    ofpact_encode_new(e, OF_ACTION_NICIRA_CT_CLEAR);
}

/* ---- Output -----------------------------------------------------------------------------------*/
void
ofpact_encode_OUTPUT_REG(const struct ofpact_output_reg *reg, struct ofpact_encoder *e)
{
    struct of_action_nicira_output_reg *of =
        ENCODE_NEW(e, OF_ACTION_NICIRA_OUTPUT_REG, of_action_nicira_output_reg);

    of->ofs_nbits = ofpact_ofs_nbits(&reg->src);
    of->src = ofpact_nx_header(reg->src.field);
    of->max_len = reg->max_len;
}

static void
put_prop(struct of_controller2_prop_list *list, void *prop)
{
    if (!prop)
        abort();
    list->items[list->n++] = prop;
}

#define PUT_PROP(LIST, E, NAME, MEMBER, VALUE)                                                     \
    do {                                                                                           \
        struct of_controller2_prop_##NAME *prop_ =                                                 \
            of_controller2_prop_##NAME##_new((E)->arena, (uint8_t)(E)->version);                   \
        put_prop(LIST, prop_);                                                                     \
        prop_->MEMBER = VALUE;                                                                     \
    } while (0)

static void
encode_controller2(const struct ofpact_controller *c, struct ofpact_encoder *e)
{
    struct of_controller2_prop_list *list =
        &ENCODE_NEW(e, OF_ACTION_NICIRA_CONTROLLER2, of_action_nicira_controller2)->properties;

    list->items = arena_alloc(e->arena, 6 * sizeof *list->items);
    if (c->max_len != OFCONTROLLER_MAX_LEN_NONE)
        PUT_PROP(list, e, max_len, max_len, c->max_len);
    if (c->controller_id)
        PUT_PROP(list, e, controller_id, controller_id, c->controller_id);
    if (c->reason != OFPR_ACTION)
        PUT_PROP(list, e, reason, reason, c->reason);
    if (c->userdata_size)
        PUT_PROP(list, e, userdata, userdata,
                 arena_octets(e->arena, c->userdata, c->userdata_size));
    if (c->pause)
        put_prop(list, of_controller2_prop_pause_new(e->arena, (uint8_t)e->version));
    if (c->meter_id)
        PUT_PROP(list, e, meter_id, meter_id, c->meter_id);
}

void
ofpact_encode_CONTROLLER(const struct ofpact_controller *c, struct ofpact_encoder *e)
{
    struct of_action_nicira_controller *of;

    if (c->userdata_size || c->pause || c->meter_id || c->ofpact.flavor == FLAVOR_NX2) {
        encode_controller2(c, e);
        return;
    }
    of = ENCODE_NEW(e, OF_ACTION_NICIRA_CONTROLLER, of_action_nicira_controller);
    of->max_len = c->max_len;
    of->controller_id = c->controller_id;
    of->reason = c->reason;
}

void
ofpact_encode_BUNDLE(const struct ofpact_bundle *b, struct ofpact_encoder *e)
{
    struct of_action_nicira_bundle_load *of = ofpact_encode_new(
        e, b->dst.n_bits ? OF_ACTION_NICIRA_BUNDLE_LOAD : OF_ACTION_NICIRA_BUNDLE);

    of->algorithm = b->algorithm;
    of->fields = b->fields;
    of->basis = b->basis;
    of->member_type = NXM_OF_IN_PORT_HEADER;
    if (b->dst.n_bits) {
        of->ofs_nbits = ofpact_ofs_nbits(&b->dst);
        of->dst = ofpact_nx_header(b->dst.field);
    }
    of->members.n = b->n_members;
    of->members.items = arena_alloc(e->arena, b->n_members * sizeof of->members.items[0]);
    for (unsigned int i = 0; i < b->n_members; i++)
        of->members.items[i] = ofpact_port16(b->members[i]);
}

void
ofpact_encode_MULTIPATH(const struct ofpact_multipath *mp, struct ofpact_encoder *e)
{
    struct of_action_nicira_multipath *of =
        ENCODE_NEW(e, OF_ACTION_NICIRA_MULTIPATH, of_action_nicira_multipath);

    of->fields = mp->fields;
    of->basis = mp->basis;
    of->algorithm = mp->algorithm;
    of->max_link = mp->max_link;
    of->arg = mp->arg;
    of->ofs_nbits = ofpact_ofs_nbits(&mp->dst);
    of->dst = ofpact_nx_header(mp->dst.field);
}

/* ---- Flow control -----------------------------------------------------------------------------*/
void
ofpact_encode_RESUBMIT(const struct ofpact_resubmit *r, struct ofpact_encoder *e)
{
    struct of_action_nicira_resubmit_table *table;

    if (!r->with_ct_orig && r->ofpact.flavor == FLAVOR_RESUBMIT) {
        ENCODE_NEW(e, OF_ACTION_NICIRA_RESUBMIT, of_action_nicira_resubmit)->in_port =
            ofpact_port16(r->in_port);
        return;
    }
    table = ofpact_encode_new(e, r->with_ct_orig ? OF_ACTION_NICIRA_RESUBMIT_TABLE_CT
                                                 : OF_ACTION_NICIRA_RESUBMIT_TABLE);
    table->in_port = ofpact_port16(r->in_port);
    table->table_id = r->table_id;
}

void
ofpact_encode_CONJUNCTION(const struct ofpact_conjunction *conj, struct ofpact_encoder *e)
{
    struct of_action_nicira_conjunction *of =
        ENCODE_NEW(e, OF_ACTION_NICIRA_CONJUNCTION, of_action_nicira_conjunction);

    of->clause = conj->clause;
    of->n_clauses = conj->n_clauses;
    of->conj_id = conj->id;
}

void
ofpact_encode_NOTE(const struct ofpact_note *note, struct ofpact_encoder *e)
{
    ENCODE_NEW(e, OF_ACTION_NICIRA_NOTE, of_action_nicira_note)->note =
        arena_octets(e->arena, note->data, note->n_bytes);
}

void
ofpact_encode_FIN_TIMEOUT(const struct ofpact_fin_timeout *fin, struct ofpact_encoder *e)
{
    struct of_action_nicira_fin_timeout *of =
        ENCODE_NEW(e, OF_ACTION_NICIRA_FIN_TIMEOUT, of_action_nicira_fin_timeout);

    of->fin_idle_timeout = fin->idle_timeout;
    of->fin_hard_timeout = fin->hard_timeout;
}

void
ofpact_encode_CLONE(const struct ofpact_nest *nest, struct ofpact_encoder *e)
{
    struct of_action_nicira_clone *of =
        ENCODE_NEW(e, OF_ACTION_NICIRA_CLONE, of_action_nicira_clone);

    ofpact_encode_nested(nest->actions, ofpact_nest_size(nest), e, &of->actions);
}

void
ofpact_encode_CHECK_PKT_LARGER(const struct ofpact_check_pkt_larger *check,
                               struct ofpact_encoder *e)
{
    struct of_action_nicira_check_pkt_larger *of =
        ENCODE_NEW(e, OF_ACTION_NICIRA_CHECK_PKT_LARGER, of_action_nicira_check_pkt_larger);

    of->pkt_len = check->pkt_len;
    of->offset = check->dst.ofs;
    ofpact_encode_oxm_id(check->dst.field, OFP10, &of->dst);
}

/* The shortest of three forms that says it. */
void
ofpact_encode_SAMPLE(const struct ofpact_sample *s, struct ofpact_encoder *e)
{
    struct of_action_nicira_sample3 *of3;
    struct of_action_nicira_sample2 *of2;
    struct of_action_nicira_sample *of;

    if (s->direction || s->ofpact.flavor == FLAVOR_NX3) {
        of3 = ENCODE_NEW(e, OF_ACTION_NICIRA_SAMPLE3, of_action_nicira_sample3);
        of3->probability = s->probability;
        of3->collector_set_id = s->collector_set_id;
        of3->obs_domain_id = s->obs_domain_id;
        of3->obs_point_id = s->obs_point_id;
        of3->sampling_port = ofpact_port16(s->sampling_port);
        of3->direction = s->direction;
    } else if (s->sampling_port != OFPORT_ANY || s->ofpact.flavor == FLAVOR_NX2) {
        of2 = ENCODE_NEW(e, OF_ACTION_NICIRA_SAMPLE2, of_action_nicira_sample2);
        of2->probability = s->probability;
        of2->collector_set_id = s->collector_set_id;
        of2->obs_domain_id = s->obs_domain_id;
        of2->obs_point_id = s->obs_point_id;
        of2->sampling_port = ofpact_port16(s->sampling_port);
    } else {
        of = ENCODE_NEW(e, OF_ACTION_NICIRA_SAMPLE, of_action_nicira_sample);
        of->probability = s->probability;
        of->collector_set_id = s->collector_set_id;
        of->obs_domain_id = s->obs_domain_id;
        of->obs_point_id = s->obs_point_id;
    }
}

/* ---- Connection tracking ----------------------------------------------------------------------*/
void
ofpact_encode_CT(const struct ofpact_ct *ct, struct ofpact_encoder *e)
{
    struct of_action_nicira_ct *of = ENCODE_NEW(e, OF_ACTION_NICIRA_CT, of_action_nicira_ct);

    of->flags = ct->flags;
    of->recirc_table = ct->recirc_table;
    of->alg = ct->alg;
    if (ct->zone_src.n_bits) {
        of->zone_src = ofpact_nx_header(ct->zone_src.field);
        of->zone = ofpact_ofs_nbits(&ct->zone_src);
    } else {
        of->zone = ct->zone;
    }
    ofpact_encode_nested(ct->actions, ct->actions_size, e, &of->actions);
}

void
ofpact_encode_NAT(const struct ofpact_nat *nat, struct ofpact_encoder *e)
{
    struct of_action_nicira_nat *of = ENCODE_NEW(e, OF_ACTION_NICIRA_NAT, of_action_nicira_nat);

    of->flags = nat->flags;
    if (nat->range_af == 4) {
        of->range_present |= NX_NAT_RANGE_IPV4_MIN;
        of->ipv4_min = (uint32_t)nat->addr_min;
        if (nat->addr_max)
            of->range_present |= NX_NAT_RANGE_IPV4_MAX;
        of->ipv4_max = (uint32_t)nat->addr_max;
    } else if (nat->range_af == 6) {
        of->range_present |= NX_NAT_RANGE_IPV6_MIN;
        field_write(nat->addr_min, of->ipv6_min, 16);
        if (nat->addr_max)
            of->range_present |= NX_NAT_RANGE_IPV6_MAX;
        field_write(nat->addr_max, of->ipv6_max, 16);
    }
    if (nat->proto_min)
        of->range_present |= NX_NAT_RANGE_PROTO_MIN;
    if (nat->proto_max)
        of->range_present |= NX_NAT_RANGE_PROTO_MAX;
    of->proto_min = nat->proto_min;
    of->proto_max = nat->proto_max;
}

/* ---- Learn ------------------------------------------------------------------------------------*/
static struct of_learn_spec *
encode_learn_spec(const struct learn_spec *spec, struct ofpact_encoder *e)
{
    static const uint16_t dst_types[] = {
        [LEARN_MATCH] = NX_LEARN_DST_MATCH,
        [LEARN_LOAD] = NX_LEARN_DST_LOAD,
        [LEARN_OUTPUT] = NX_LEARN_DST_OUTPUT,
    };
    struct of_learn_spec *of = of_learn_spec_new(e->arena, (uint8_t)e->version);
    size_t size = DIV_ROUND_UP(spec->n_bits, 16) * 2;
    uint8_t bytes[16];

    if (!of)
        abort();
    of->header = spec->n_bits | dst_types[spec->dst_type];
    if (spec->src_is_field) {
        of->src = ofpact_nx_header(spec->src.field);
        of->src_ofs = spec->src.ofs;
    } else {
        of->header |= NX_LEARN_SRC_IMMEDIATE;
        field_write(spec->value, bytes, size);
        of->immediate = arena_octets(e->arena, bytes, size);
    }
    if (spec->dst_type != LEARN_OUTPUT) {
        of->dst = ofpact_nx_header(spec->dst.field);
        of->dst_ofs = spec->dst.ofs;
    }
    return of;
}

static void
encode_learn_specs(const struct ofpact_learn *learn, struct of_learn_spec_list *list,
                   struct ofpact_encoder *e)
{
    list->items = arena_alloc(e->arena, learn->n_specs * sizeof *list->items);
    for (list->n = 0; list->n < learn->n_specs; list->n++)
        list->items[list->n] = encode_learn_spec(&learn->specs[list->n], e);
}

static void
encode_learn2(const struct ofpact_learn *learn, struct ofpact_encoder *e)
{
    struct of_action_nicira_learn2 *of =
        ENCODE_NEW(e, OF_ACTION_NICIRA_LEARN2, of_action_nicira_learn2);

    COPY_LEARN(of, learn);
    of->limit = learn->limit;
    if (learn->flags & LEARN_WRITE_RESULT) {
        of->result_dst = ofpact_nx_header(learn->result_dst.field);
        of->result_dst_ofs = learn->result_dst.ofs;
    }
    encode_learn_specs(learn, &of->specs, e);
}

void
ofpact_encode_LEARN(const struct ofpact_learn *learn, struct ofpact_encoder *e)
{
    struct of_action_nicira_learn *of;

    if (learn->limit || learn->flags & LEARN_WRITE_RESULT || learn->ofpact.flavor == FLAVOR_NX2) {
        encode_learn2(learn, e);
        return;
    }
    of = ENCODE_NEW(e, OF_ACTION_NICIRA_LEARN, of_action_nicira_learn);
    COPY_LEARN(of, learn);
    encode_learn_specs(learn, &of->specs, e);
}
