/* SPDX-License-Identifier: Apache-2.0 */
/* Setting and copying fields, to generated structs: each version has other means. */
#include "ofproto/ofpact-codec.h"

#include <netinet/in.h>

#define VLAN_PRESENT 0x1000

uint32_t
ofpact_nx_header(unsigned int field_id)
{
    uint32_t experimenter;

    return field_header(&fields[field_id], OFP10, &experimenter);
}

void
ofpact_encode_oxm_id(unsigned int field_id, enum ofp_version version, struct of_oxm_id *id)
{
    id->type_len = field_header(&fields[field_id], version, &id->experimenter);
}

struct of_oxm *
ofpact_encode_oxm(const struct ofpact_set_field *sf, enum ofp_version version,
                  struct of_arena *arena)
{
    const struct field *field = &fields[sf->field];
    uint8_t value[16], mask[16];
    struct of_error error;
    uint32_t experimenter, header = field_header(field, version, &experimenter);

    field_write(sf->value, value, field->n_bytes);
    field_write(sf->mask, mask, field->n_bytes);
    return of_oxm_from_bytes(arena, (uint8_t)version, header, experimenter, value,
                             sf->mask == field_ones(field) ? NULL : mask, field->n_bytes, &error);
}

/* ---- Set-field, reg_load ----------------------------------------------------------------------*/
static void
encode_oxm(const struct ofpact_set_field *sf, struct ofpact_encoder *e)
{
    struct of_oxm *oxm = ofpact_encode_oxm(sf, e->version, e->arena);

    if (oxm)
        ENCODE_NEW(e, OF_ACTION_SET_FIELD, of_action_set_field)->field = oxm;
}

/* One NXAST_REG_LOAD for each run of bits, of at most 64. */
static void
encode_loads(const struct ofpact_set_field *sf, struct ofpact_encoder *e)
{
    const struct field *field = &fields[sf->field];
    unsigned int n_bits = field_sub_bits(field), ofs = 0, n;

    while (ofs < n_bits) {
        struct of_action_nicira_reg_load *load;
        struct subfield part;

        if (!(sf->mask >> ofs & 1)) {
            ofs++;
            continue;
        }
        for (n = 1; n < 64 && ofs + n < n_bits && sf->mask >> (ofs + n) & 1; n++)
            ;
        part = (struct subfield){sf->field, (uint8_t)ofs, (uint8_t)n};
        load = ENCODE_NEW(e, OF_ACTION_NICIRA_REG_LOAD, of_action_nicira_reg_load);
        load->ofs_nbits = ofpact_ofs_nbits(&part);
        load->dst = ofpact_nx_header(sf->field);
        load->value = (uint64_t)((sf->value & subfield_mask(&part)) >> ofs);
        ofs += n;
    }
}

/* ---- Actions named for a field ----------------------------------------------------------------*/
static void
encode_vlan_v10(enum field_id id, field_value value, struct ofpact_encoder *e)
{
    if (id == FIELD_VLAN_PCP)
        ENCODE_NEW(e, OF_ACTION_SET_VLAN_PCP, of_action_set_vlan_pcp)->vlan_pcp = (uint8_t)value;
    else
        ENCODE_NEW(e, OF_ACTION_SET_VLAN_VID, of_action_set_vlan_vid)->vlan_vid = value & 0xfff;
}

/* The action that OpenFlow 1.0 has for a whole field. Returns false if there is none. */
static bool
encode_v10(enum field_id id, field_value value, struct ofpact_encoder *e)
{
    switch ((int)id) {
    case FIELD_VLAN_VID:
    case FIELD_VLAN_PCP:
        encode_vlan_v10(id, value, e);
        return true;
    case FIELD_ETH_SRC:
        field_write(value, ENCODE_NEW(e, OF_ACTION_SET_DL_SRC, of_action_set_dl_src)->dl_addr, 6);
        return true;
    case FIELD_ETH_DST:
        field_write(value, ENCODE_NEW(e, OF_ACTION_SET_DL_DST, of_action_set_dl_dst)->dl_addr, 6);
        return true;
    case FIELD_IP_SRC:
        ENCODE_NEW(e, OF_ACTION_SET_NW_SRC, of_action_set_nw_src)->nw_addr = (uint32_t)value;
        return true;
    case FIELD_IP_DST:
        ENCODE_NEW(e, OF_ACTION_SET_NW_DST, of_action_set_nw_dst)->nw_addr = (uint32_t)value;
        return true;
    case FIELD_IP_TOS:
        ENCODE_NEW(e, OF_ACTION_SET_NW_TOS, of_action_set_nw_tos)->nw_tos = value & 0xfc;
        return true;
    case FIELD_IP_DSCP:
        ENCODE_NEW(e, OF_ACTION_SET_NW_TOS, of_action_set_nw_tos)->nw_tos = value << 2 & 0xfc;
        return true;
    case FIELD_TCP_SRC:
    case FIELD_UDP_SRC:
        ENCODE_NEW(e, OF_ACTION_SET_TP_SRC, of_action_set_tp_src)->tp_port = (uint16_t)value;
        return true;
    case FIELD_TCP_DST:
    case FIELD_UDP_DST:
        ENCODE_NEW(e, OF_ACTION_SET_TP_DST, of_action_set_tp_dst)->tp_port = (uint16_t)value;
        return true;
    default:
        return false;
    }
}

/* The action that Nicira has, for OpenFlow 1.0. */
static bool
encode_nicira(const struct ofpact_set_field *sf, struct ofpact_encoder *e)
{
    switch (sf->field) {
    case FIELD_MPLS_LABEL:
        ENCODE_NEW(e, OF_ACTION_NICIRA_SET_MPLS_LABEL, of_action_nicira_set_mpls_label)
            ->mpls_label = (uint32_t)sf->value;
        return true;
    case FIELD_MPLS_TC:
        ENCODE_NEW(e, OF_ACTION_NICIRA_SET_MPLS_TC, of_action_nicira_set_mpls_tc)->mpls_tc =
            (uint8_t)sf->value;
        return true;
    case FIELD_MPLS_TTL:
        ENCODE_NEW(e, OF_ACTION_NICIRA_SET_MPLS_TTL, of_action_nicira_set_mpls_ttl)->mpls_ttl =
            (uint8_t)sf->value;
        return true;
    case FIELD_TUN_ID:
        if (sf->ofpact.flavor == SET_FIELD_LEGACY && sf->value <= UINT32_MAX)
            ENCODE_NEW(e, OF_ACTION_NICIRA_SET_TUNNEL, of_action_nicira_set_tunnel)->tun_id =
                (uint32_t)sf->value;
        else
            ENCODE_NEW(e, OF_ACTION_NICIRA_SET_TUNNEL64, of_action_nicira_set_tunnel64)->tun_id =
                (uint64_t)sf->value;
        return true;
    default:
        return false;
    }
}

/* A port of any transport, as the field of the protocol that the flow matches. */
static enum field_id
transport_field(enum field_id tcp_field, const struct match *match)
{
    bool is_src = tcp_field == FIELD_TCP_SRC;

    if (!match || match->mask.key.ip_proto != 0xff)
        return tcp_field;
    switch (match->flow.key.ip_proto) {
    case IPPROTO_UDP:
        return is_src ? FIELD_UDP_SRC : FIELD_UDP_DST;
    case IPPROTO_SCTP:
        return is_src ? FIELD_SCTP_SRC : FIELD_SCTP_DST;
    default:
        return tcp_field;
    }
}

/* What a setter of old becomes in OpenFlow 1.3 and later. */
static void
encode_legacy(const struct ofpact_set_field *sf, struct ofpact_encoder *e)
{
    struct ofpact_set_field as_oxm = *sf;

    switch (sf->field) {
    case FIELD_IP_TTL:
        ENCODE_NEW(e, OF_ACTION_SET_NW_TTL, of_action_set_nw_ttl)->nw_ttl = (uint8_t)sf->value;
        return;
    case FIELD_MPLS_TTL:
        ENCODE_NEW(e, OF_ACTION_SET_MPLS_TTL, of_action_set_mpls_ttl)->mpls_ttl =
            (uint8_t)sf->value;
        return;
    case FIELD_IP_TOS:
        as_oxm.field = FIELD_IP_DSCP;
        as_oxm.value = sf->value >> 2;
        break;
    case FIELD_VLAN_VID:
    case FIELD_VLAN_PCP:
        if (!e->has_vlan)
            ENCODE_NEW(e, OF_ACTION_PUSH_VLAN, of_action_push_vlan)->ethertype = 0x8100;
        e->has_vlan = true;
        break;
    case FIELD_TCP_SRC:
    case FIELD_TCP_DST:
        as_oxm.field = (uint16_t)transport_field((enum field_id)sf->field, e->match);
        break;
    }
    as_oxm.mask = field_ones(&fields[as_oxm.field]);
    encode_oxm(&as_oxm, e);
}

/* vlan_tci as a whole takes two actions in OpenFlow 1.0. */
static bool
encode_whole_v10(const struct ofpact_set_field *sf, struct ofpact_encoder *e)
{
    if (sf->field != FIELD_VLAN_TCI)
        return encode_v10((enum field_id)sf->field, sf->value, e);
    if (sf->value & VLAN_PRESENT) {
        encode_vlan_v10(FIELD_VLAN_VID, sf->value, e);
        encode_vlan_v10(FIELD_VLAN_PCP, sf->value >> 13, e);
    } else {
        ofpact_encode_new(e, OF_ACTION_STRIP_VLAN);
    }
    return true;
}

void
ofpact_encode_SET_FIELD(const struct ofpact_set_field *sf, struct ofpact_encoder *e)
{
    bool is_legacy = sf->ofpact.flavor >= SET_FIELD_LEGACY;
    bool whole = sf->mask == field_ones(&fields[sf->field]);

    if (e->version <= OFP10) {
        if (sf->ofpact.flavor == SET_FIELD_LOAD ||
            !((is_legacy && encode_nicira(sf, e)) || (whole && encode_whole_v10(sf, e))))
            encode_loads(sf, e);
    } else if (is_legacy) {
        encode_legacy(sf, e);
    } else if (e->version >= OFP15 || (sf->ofpact.flavor == SET_FIELD_OXM && whole)) {
        encode_oxm(sf, e);
    } else {
        encode_loads(sf, e);
    }
}

/* ---- Move and stack ---------------------------------------------------------------------------*/
static void
encode_copy_field(const struct ofpact_reg_move *move, struct ofpact_encoder *e)
{
    struct of_action_copy_field *copy = ENCODE_NEW(e, OF_ACTION_COPY_FIELD, of_action_copy_field);

    copy->n_bits = move->src.n_bits;
    copy->src_offset = move->src.ofs;
    copy->dst_offset = move->dst.ofs;
    ofpact_encode_oxm_id(move->src.field, e->version, &copy->src);
    ofpact_encode_oxm_id(move->dst.field, e->version, &copy->dst);
}

static void
encode_onf_copy_field(const struct ofpact_reg_move *move, struct ofpact_encoder *e)
{
    struct of_action_onf_copy_field *copy =
        ENCODE_NEW(e, OF_ACTION_ONF_COPY_FIELD, of_action_onf_copy_field);

    copy->n_bits = move->src.n_bits;
    copy->src_offset = move->src.ofs;
    copy->dst_offset = move->dst.ofs;
    ofpact_encode_oxm_id(move->src.field, e->version, &copy->src);
    ofpact_encode_oxm_id(move->dst.field, e->version, &copy->dst);
}

void
ofpact_encode_REG_MOVE(const struct ofpact_reg_move *move, struct ofpact_encoder *e)
{
    struct of_action_nicira_reg_move *of;

    if (e->version >= OFP15) {
        encode_copy_field(move, e);
        return;
    }
    if (move->ofpact.flavor == FLAVOR_ONF && e->version == OFP13) {
        encode_onf_copy_field(move, e);
        return;
    }
    of = ENCODE_NEW(e, OF_ACTION_NICIRA_REG_MOVE, of_action_nicira_reg_move);
    of->n_bits = move->src.n_bits;
    of->src_ofs = move->src.ofs;
    of->dst_ofs = move->dst.ofs;
    ofpact_encode_oxm_id(move->src.field, OFP10, &of->src);
    ofpact_encode_oxm_id(move->dst.field, OFP10, &of->dst);
}

void
ofpact_encode_STACK_PUSH(const struct ofpact_stack *stack, struct ofpact_encoder *e)
{
    struct of_action_nicira_stack_push *of =
        ENCODE_NEW(e, OF_ACTION_NICIRA_STACK_PUSH, of_action_nicira_stack_push);

    of->offset = stack->subfield.ofs;
    of->n_bits = stack->subfield.n_bits;
    ofpact_encode_oxm_id(stack->subfield.field, OFP10, &of->field);
}

void
ofpact_encode_STACK_POP(const struct ofpact_stack *stack, struct ofpact_encoder *e)
{
    struct of_action_nicira_stack_pop *of =
        ENCODE_NEW(e, OF_ACTION_NICIRA_STACK_POP, of_action_nicira_stack_pop);

    of->offset = stack->subfield.ofs;
    of->n_bits = stack->subfield.n_bits;
    ofpact_encode_oxm_id(stack->subfield.field, OFP10, &of->field);
}
