/* SPDX-License-Identifier: Apache-2.0 */
/* Matches from and to generated structs: lists of OXM and NXM, and OpenFlow 1.0's fixed struct
 * (OpenFlow 1.0, section 5.2.3; 1.3, section 7.2.3). */
#include "ofproto/match.h"

#include <arpa/inet.h>

#include "lib/util.h"
#include "ofproto/openflow.h"

#define VLAN_PRESENT 0x1000

/* ---- Decode -----------------------------------------------------------------------------------*/
static enum ofperr
check_field(const struct field *field, const struct of_oxm_view *view, field_value value,
            field_value mask, const struct match *match, bool loose)
{
    if (field->n_bytes != view->n_bytes)
        return OFPERR_OFPBMC_BAD_LEN;
    if (!field_value_is_valid(field, value))
        return OFPERR_OFPBMC_BAD_VALUE;
    if (mask & ~field_ones(field) && field->id != FIELD_IP_TOS)
        return OFPERR_OFPBMC_BAD_MASK;
    if (!field->maskable && mask != field_ones(field))
        return OFPERR_OFPBMC_BAD_MASK;
    if (value & ~mask)
        return OFPERR_OFPBMC_BAD_WILDCARDS;
    if (!field_is_wild(field, &match->mask))
        return OFPERR_OFPBMC_DUP_FIELD;
    if (!loose && !field_prereq_ok(field, &match->flow, &match->mask))
        return OFPERR_OFPBMC_BAD_PREREQ;
    return OFPERR_OK;
}

/* An all-ones mask on the wire may have more bits than the field. */
static field_value
view_mask(const struct field *field, const struct of_oxm_view *view)
{
    field_value mask, all = ~(field_value)0;

    if (!view->has_mask)
        return field_ones(field);
    mask = field_read(view->mask, view->n_bytes);
    if (view->n_bytes < 16)
        all = ((field_value)1 << view->n_bytes * 8) - 1;
    return mask == all ? field_ones(field) : mask;
}

static enum ofperr
decode_field(const struct of_object *oxm, bool loose, struct match *match)
{
    const struct field *field;
    struct of_oxm_view view;
    field_value value, mask;
    enum ofperr error;

    if (of_oxm_view(oxm, &view))
        return OFPERR_OFPBMC_BAD_FIELD;
    field = field_by_header(view.type_len, view.experimenter);
    if (!field)
        return loose ? OFPERR_OK : OFPERR_OFPBMC_BAD_FIELD;
    value = field_read(view.value, MIN(view.n_bytes, 16));
    mask = view_mask(field, &view);
    error = check_field(field, &view, value, mask, match, loose);
    if (!error)
        match_set_masked(match, field, value, mask);
    return error;
}

/* NXM_NX_COOKIE, which is no field of packets. Returns false for anything else. */
static bool
decode_cookie(const struct of_object *oxm, uint64_t *cookie, uint64_t *cookie_mask)
{
    const struct of_oxm_nxm_nx_cookie_masked *masked = (const void *)oxm;

    if (!cookie)
        return false;
    if (oxm->class_id == OF_OXM_NXM_NX_COOKIE) {
        *cookie = ((const struct of_oxm_nxm_nx_cookie *)(const void *)oxm)->value;
        *cookie_mask = UINT64_MAX;
        return true;
    }
    if (oxm->class_id != OF_OXM_NXM_NX_COOKIE_MASKED)
        return false;
    *cookie = masked->value;
    *cookie_mask = masked->value_mask;
    return true;
}

enum ofperr
match_decode_oxm(const struct of_oxm_list *list, bool loose, struct match *match, uint64_t *cookie,
                 uint64_t *cookie_mask)
{
    enum ofperr error;

    match_init_catchall(match);
    for (size_t i = 0; i < list->n; i++) {
        const struct of_object *oxm = &list->items[i]->object;

        if (decode_cookie(oxm, cookie, cookie_mask))
            continue;
        error = decode_field(oxm, loose, match);
        if (error)
            return error;
    }
    return OFPERR_OK;
}

/* How many low bits of an address the six bits of `wildcards` at `shift` leave out. */
static uint32_t
v10_ip_mask(uint32_t wildcards, unsigned int shift)
{
    unsigned int n = wildcards >> shift & 0x3f;

    return n >= 32 ? 0 : UINT32_MAX << n;
}

static void
set_unless(struct match *match, const struct of_match *of, uint32_t wildcard, enum field_id id,
           field_value value)
{
    if (!(of->wildcards & wildcard))
        match_set(match, &fields[id], value);
}

/* Fields that mean nothing for the packets that the rest chooses are ignored, as section 3.4 of
 * OpenFlow 1.0 has it: match_normalize(). */
static void
decode_v10(const struct of_match *of, struct match *match)
{
    match_init_catchall(match);
    set_unless(match, of, OFPFW_IN_PORT, FIELD_IN_PORT_OXM, of->in_port);
    set_unless(match, of, OFPFW_DL_SRC, FIELD_ETH_SRC, field_read(of->dl_src, 6));
    set_unless(match, of, OFPFW_DL_DST, FIELD_ETH_DST, field_read(of->dl_dst, 6));
    set_unless(match, of, OFPFW_DL_TYPE, FIELD_ETH_TYPE, of->dl_type);
    if (!(of->wildcards & OFPFW_DL_VLAN))
        match_set(match, &fields[FIELD_DL_VLAN],
                  of->dl_vlan == 0xffff ? 0xffff : of->dl_vlan & 0xfff);
    if (!(of->wildcards & OFPFW_DL_VLAN_PCP) &&
        (of->wildcards & OFPFW_DL_VLAN || of->dl_vlan != 0xffff))
        match_set(match, &fields[FIELD_DL_VLAN_PCP], of->dl_vlan_pcp & 7);
    set_unless(match, of, OFPFW_NW_TOS, FIELD_IP_TOS, of->nw_tos & 0xfc);
    set_unless(match, of, OFPFW_NW_PROTO, FIELD_IP_PROTO, of->nw_proto);
    match_set_masked(match, &fields[FIELD_IP_SRC], of->nw_src,
                     v10_ip_mask(of->wildcards, OFPFW_NW_SRC_SHIFT));
    match_set_masked(match, &fields[FIELD_IP_DST], of->nw_dst,
                     v10_ip_mask(of->wildcards, OFPFW_NW_DST_SHIFT));
    set_unless(match, of, OFPFW_TP_SRC, FIELD_TCP_SRC, of->tp_src);
    set_unless(match, of, OFPFW_TP_DST, FIELD_TCP_DST, of->tp_dst);
    /* ICMP's type and code have 8 bits. */
    if (match->flow.key.eth_type == htons(0x0800) && match->flow.key.ip_proto == 1) {
        match->flow.key.tp_src &= htons(0xff);
        match->mask.key.tp_src &= htons(0xff);
        match->flow.key.tp_dst &= htons(0xff);
        match->mask.key.tp_dst &= htons(0xff);
    }
    match_normalize(match);
}

enum ofperr
match_decode(const struct of_match *of, enum ofp_version version, struct match *match)
{
    if (version > OFP10)
        return match_decode_oxm(&of->oxm_list, false, match, NULL, NULL);
    decode_v10(of, match);
    return OFPERR_OK;
}

/* ---- Encode as OXM ----------------------------------------------------------------------------*/
struct encoder {
    enum ofp_version version;
    struct of_arena *arena;
    struct of_oxm_list *list;
    struct of_oxm *items[N_FIELDS];
};

static void
put_field(struct encoder *e, const struct field *field, field_value value, field_value mask)
{
    uint8_t value_bytes[16], mask_bytes[16];
    struct of_error error;
    uint32_t experimenter, header = field_header(field, e->version, &experimenter);
    struct of_oxm *oxm;

    field_write(value, value_bytes, field->n_bytes);
    field_write(mask, mask_bytes, field->n_bytes);
    oxm = of_oxm_from_bytes(e->arena, (uint8_t)e->version, header, experimenter, value_bytes,
                            mask == field_ones(field) ? NULL : mask_bytes, field->n_bytes, &error);
    if (oxm)
        e->items[e->list->n++] = oxm;
}

/* Hands the list over. */
static void
finish(struct encoder *e)
{
    e->list->items = of_arena_copy(e->arena, e->items, e->list->n * sizeof e->items[0]);
    if (!e->list->items)
        abort();
}

/* Whether vlan_vid and vlan_pcp can say what is matched of the tag. */
static bool
vlan_fits_oxm(const struct flow *mask)
{
    unsigned int tci = (unsigned int)field_get_mask(&fields[FIELD_VLAN_TCI], mask);

    return !(tci & 0xe000) || ((tci & 0xe000) == 0xe000 && tci & VLAN_PRESENT);
}

/* Of views of the same bits: is this the one that the version uses? */
static bool
is_preferred(const struct field *field, enum ofp_version version, const struct flow *mask)
{
    bool oxm = version > OFP10;

    switch ((int)field->id) {
    case FIELD_IN_PORT:
    case FIELD_IP_TOS:
        return !oxm;
    case FIELD_IN_PORT_OXM:
    case FIELD_IP_DSCP:
        return oxm;
    case FIELD_VLAN_TCI:
        return !oxm || !vlan_fits_oxm(mask);
    case FIELD_VLAN_VID:
    case FIELD_VLAN_PCP:
        return oxm && vlan_fits_oxm(mask);
    default:
        if (field->id >= FIELD_REG0 && field->id <= FIELD_REG15)
            return version < OFP15;
        return field->id < FIELD_XREG0 || field->id > FIELD_XREG7 || version >= OFP15;
    }
}

static void
encode_one(struct encoder *e, const struct field *field, const struct match *match,
           struct flow *left)
{
    field_value value, mask = field_get_mask(field, left);
    uint32_t experimenter;

    if (!mask || !match_field_mask(match, field) ||
        !field_header(field, e->version, &experimenter) ||
        !is_preferred(field, e->version, &match->mask) ||
        !field_prereq_ok(field, &match->flow, &match->mask))
        return;
    value = field_get(field, &match->flow);
    field_set_mask(field, left, 0);
    if (field->id == FIELD_PACKET_TYPE) {
        if (value >> 16)
            left->key.eth_type = 0;
        if (e->version < OFP15 && !(value >> 16))
            return;
    }
    put_field(e, field, value, mask);
}

/* Bit i: word i is not zero. */
static uint64_t
words_in_use(const struct flow *mask)
{
    uint64_t words = 0;

    for (int i = 0; i < FLOW_WORDS; i++)
        words |= (uint64_t)(flow_words(mask)[i] != 0) << i;
    return words;
}

void
match_encode_oxm(const struct match *match, enum ofp_version version, struct of_arena *arena,
                 struct of_oxm_list *list)
{
    struct encoder e = {.version = version, .arena = arena, .list = list};
    uint64_t words = words_in_use(&match->mask);
    struct flow left = match->mask;

    list->n = 0;
    for (const struct field *field = fields; field < fields + N_FIELDS; field++) {
        /* Most fields go no further. */
        if (words >> field->first_word & ((UINT64_C(1) << field->n_words) - 1))
            encode_one(&e, field, match, &left);
    }
    finish(&e);
}

/* Fields of a packet that no controller is told, or that another field tells. */
static bool
is_untold(enum field_id id, const struct flow *flow)
{
    const __be32 *src = flow->key.tun_src, *dst = flow->key.tun_dst;
    bool src_is_ipv6 = src[1] | src[2] | src[3], dst_is_ipv6 = dst[1] | dst[2] | dst[3];

    switch ((int)id) {
    case FIELD_IN_PORT:
    case FIELD_IN_PORT_OXM:
        return false;
    case FIELD_IN_PHY_PORT:
        return flow->in_phy_port == flow->in_port;
    case FIELD_ACTSET_OUTPUT:
        return flow->actset_output == OFPORT_UNSET;
    case FIELD_PACKET_TYPE:
        return !flow->key.packet_type;
    case FIELD_TUN_SRC:
        return src_is_ipv6;
    case FIELD_TUN_DST:
        return dst_is_ipv6;
    case FIELD_TUN_IPV6_SRC:
        return !src_is_ipv6;
    case FIELD_TUN_IPV6_DST:
        return !dst_is_ipv6;
    case FIELD_RECIRC_ID:
    case FIELD_DP_HASH:
    case FIELD_CONJ_ID:
        return true;
    default:
        return id >= FIELD_XXREG0 && id <= FIELD_XXREG3;
    }
}

void
match_encode_metadata(const struct flow *flow, enum ofp_version version, struct of_arena *arena,
                      struct of_oxm_list *list)
{
    struct encoder e = {.version = version, .arena = arena, .list = list};
    uint32_t experimenter;

    list->n = 0;
    for (enum field_id id = FIELD_IN_PORT; id < FIELD_ETH_DST; id++) {
        const struct field *field = &fields[id];
        field_value value = field_get(field, flow);
        bool is_in_port = id == FIELD_IN_PORT || id == FIELD_IN_PORT_OXM;

        if ((value || is_in_port) && !is_untold(id, flow) &&
            field_header(field, version, &experimenter) && is_preferred(field, version, flow))
            put_field(&e, field, value, field_ones(field));
    }
    finish(&e);
}

/* ---- Encode as OpenFlow 1.0 -------------------------------------------------------------------*/
/* Clears the bit in `wildcards` if the field is matched whole; notes if only in part. */
static field_value
get_exact(const struct match *match, enum field_id id, uint32_t wildcard, struct of_match *of,
          struct flow *left)
{
    const struct field *field = &fields[id];

    if (!field_is_exact(field, &match->mask))
        return 0;
    of->wildcards &= ~wildcard;
    field_set_mask(field, left, 0);
    return field_get(field, &match->flow);
}

/* A prefix of an IPv4 address becomes six bits of the wildcards. */
static uint32_t
get_prefix(const struct match *match, enum field_id id, unsigned int shift, struct of_match *of,
           struct flow *left)
{
    const struct field *field = &fields[id];
    uint32_t mask = (uint32_t)field_get_mask(field, &match->mask);
    unsigned int n = mask ? (unsigned int)__builtin_ctz(mask) : 32;

    if (mask && mask != UINT32_MAX << n)
        return 0;
    of->wildcards = (of->wildcards & ~(0x3fu << shift)) | n << shift;
    field_set_mask(field, left, 0);
    return (uint32_t)field_get(field, &match->flow);
}

static void
encode_v10_vlan(const struct match *match, struct of_match *of, struct flow *left)
{
    const struct field *field = &fields[FIELD_VLAN_TCI];
    unsigned int tci = (unsigned int)field_get(field, &match->flow);
    unsigned int mask = (unsigned int)field_get_mask(field, &match->mask);

    if (!(mask & VLAN_PRESENT))
        return;
    if (!(tci & VLAN_PRESENT)) {
        of->wildcards &= ~(uint32_t)(OFPFW_DL_VLAN | OFPFW_DL_VLAN_PCP);
        of->dl_vlan = 0xffff;
        if (mask == 0xffff)
            field_set_mask(field, left, 0);
        return;
    }
    if ((mask & 0xfff) == 0xfff) {
        of->wildcards &= ~(uint32_t)OFPFW_DL_VLAN;
        of->dl_vlan = tci & 0xfff;
        mask &= 0xe000;
    }
    if ((mask & 0xe000) == 0xe000) {
        of->wildcards &= ~(uint32_t)OFPFW_DL_VLAN_PCP;
        of->dl_vlan_pcp = (uint8_t)(tci >> 13);
        mask &= 0xfff;
    }
    field_set_mask(field, left, mask);
}

static void
encode_v10_network(const struct match *match, struct of_match *of, struct flow *left)
{
    of->nw_tos = (uint8_t)get_exact(match, FIELD_IP_TOS, OFPFW_NW_TOS, of, left);
    of->nw_proto = (uint8_t)get_exact(match, FIELD_IP_PROTO, OFPFW_NW_PROTO, of, left);
    of->nw_src = get_prefix(match, FIELD_IP_SRC, OFPFW_NW_SRC_SHIFT, of, left);
    of->nw_dst = get_prefix(match, FIELD_IP_DST, OFPFW_NW_DST_SHIFT, of, left);
    if (of->nw_proto == 1 && of->dl_type == 0x0800) {
        of->tp_src = (uint16_t)get_exact(match, FIELD_ICMPV4_TYPE, OFPFW_TP_SRC, of, left);
        of->tp_dst = (uint16_t)get_exact(match, FIELD_ICMPV4_CODE, OFPFW_TP_DST, of, left);
    } else {
        of->tp_src = (uint16_t)get_exact(match, FIELD_TCP_SRC, OFPFW_TP_SRC, of, left);
        of->tp_dst = (uint16_t)get_exact(match, FIELD_TCP_DST, OFPFW_TP_DST, of, left);
    }
}

static bool
encode_v10(const struct match *match, struct of_match *of)
{
    struct flow left = match->mask;
    uint16_t port;

    of->wildcards = OFPFW_ALL;
    if (match->mask.in_port) {
        of->wildcards &= ~(uint32_t)OFPFW_IN_PORT;
        of->in_port = match->flow.in_port;
        left.in_port = ofport_to_v10(of->in_port, &port) ? 0 : UINT32_MAX;
    }
    field_write(get_exact(match, FIELD_ETH_SRC, OFPFW_DL_SRC, of, &left), of->dl_src, 6);
    field_write(get_exact(match, FIELD_ETH_DST, OFPFW_DL_DST, of, &left), of->dl_dst, 6);
    of->dl_type = (uint16_t)get_exact(match, FIELD_ETH_TYPE, OFPFW_DL_TYPE, of, &left);
    encode_v10_vlan(match, of, &left);
    /* IPv6 came after 1.0; what it shares with IPv4 can be said. */
    if (of->dl_type == 0x0800 || of->dl_type == 0x0806 || of->dl_type == 0x86dd)
        encode_v10_network(match, of, &left);
    return is_all_zero(&left, sizeof left);
}

bool
match_encode(const struct match *match, enum ofp_version version, struct of_arena *arena,
             struct of_match *of)
{
    if (version <= OFP10)
        return encode_v10(match, of);
    match_encode_oxm(match, version, arena, &of->oxm_list);
    return true;
}
