/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/field.h"

#include <endian.h>
#include <netinet/in.h>
#include <stdio.h>
#include <strings.h>

#define HEADER(CLASS, NUMBER, LENGTH) ((uint32_t)(CLASS) << 16 | (NUMBER) << 9 | (LENGTH))
#define NXM0(NUMBER, LENGTH) HEADER(0x0000, NUMBER, LENGTH)
#define NXM1(NUMBER, LENGTH) HEADER(0x0001, NUMBER, LENGTH)
#define OXM(NUMBER, LENGTH) HEADER(0x8000, NUMBER, LENGTH)
#define PKT_REG(NUMBER, LENGTH) HEADER(0x8001, NUMBER, LENGTH)
#define ONF(NUMBER, LENGTH) HEADER(0xffff, NUMBER, (LENGTH) + 4)
#define ONF_ID 0x4f4e4600u

#define STORAGE(KIND, MEMBER, BYTES, SHIFT)                                                        \
    STORE_##KIND, offsetof(struct flow, MEMBER), BYTES, SHIFT, offsetof(struct flow, MEMBER) / 8,  \
        (offsetof(struct flow, MEMBER) + (BYTES)-1) / 8 - offsetof(struct flow, MEMBER) / 8 + 1
#define BE(MEMBER, BYTES, SHIFT) STORAGE(BE, MEMBER, BYTES, SHIFT)
#define HOST(MEMBER, BYTES, SHIFT) STORAGE(HOST, MEMBER, BYTES, SHIFT)
#define SPECIAL(KIND, MEMBER, BYTES) STORAGE(KIND, MEMBER, BYTES, 0)

const struct field fields[N_FIELDS] = {
#define FIELD(ID, NAME, ALIAS, NXM_NAME, OXM_NAME, BITS, BYTES, MASKABLE, WRITABLE, PREREQ, FMT,   \
              NXM, OXM_HEADER, SINCE, ONF_HEADER, ...)                                             \
    [FIELD_##ID] = {FIELD_##ID, NAME,       ALIAS,      NXM_NAME,   OXM_NAME,        BITS,         \
                    BYTES,      SINCE,      MASKABLE,   WRITABLE,   PREREQ_##PREREQ, FORMAT_##FMT, \
                    NXM,        OXM_HEADER, ONF_HEADER, __VA_ARGS__},
#include "ofproto/fields.def"
#undef FIELD
};

/* ---- Indices ----------------------------------------------------------------------------------*/
/* Every name, sorted without regard to case. */
static struct field_name {
    const char *name;
    const struct field *field;
} names[N_FIELDS * 4];
static size_t n_names;

/* Field id + 1 by class and number. */
static uint8_t by_header[5][128];
_Static_assert(N_FIELDS < 255, "an id fits");

/* The row of by_header for a class; experimenter classes only of ONF. */
static int
class_row(uint32_t class, uint32_t experimenter)
{
    switch (class) {
    case 0x0000:
        return 0;
    case 0x0001:
        return 1;
    case 0x8000:
        return 2;
    case 0x8001:
        return 3;
    case 0xffff:
        return experimenter == ONF_ID ? 4 : -1;
    default:
        return -1;
    }
}

static int
compare_names(const void *a_, const void *b_)
{
    const struct field_name *a = a_, *b = b_;

    return strcasecmp(a->name, b->name);
}

static void
add_name(const char *name, const struct field *field)
{
    if (name)
        names[n_names++] = (struct field_name){name, field};
}

static void
add_header(uint32_t header, const struct field *field)
{
    int row = class_row(header >> 16, ONF_ID);

    if (header && row >= 0)
        by_header[row][header >> 9 & 127] = (uint8_t)(field->id + 1);
}

__attribute__((constructor)) static void
build_indices(void)
{
    for (const struct field *field = fields; field < fields + N_FIELDS; field++) {
        add_name(field->name, field);
        add_name(field->alias, field);
        add_name(field->nxm_name, field);
        add_name(field->oxm_name, field);
        add_header(field->oxm, field);
        add_header(field->onf, field);
        /* NXM_OF_IN_PORT is header 0 << 16 | 0 << 9 | 2, which is not 0. */
        add_header(field->nxm, field);
    }
    qsort(names, n_names, sizeof names[0], compare_names);
}

const struct field *
field_by_name(const char *name)
{
    struct field_name key = {name, NULL}, *found;

    found = bsearch(&key, names, n_names, sizeof names[0], compare_names);
    return found ? found->field : NULL;
}

const struct field *
field_by_name_n(const char *name, size_t n)
{
    char copy[48];

    if (n >= sizeof copy)
        return NULL;
    memcpy(copy, name, n);
    copy[n] = '\0';
    return field_by_name(copy);
}

const struct field *
field_by_header(uint32_t header, uint32_t experimenter)
{
    int row = class_row(header >> 16, experimenter);
    unsigned int id = row < 0 ? 0 : by_header[row][header >> 9 & 127];

    return id ? &fields[id - 1] : NULL;
}

uint32_t
field_header(const struct field *field, enum ofp_version version, uint32_t *experimenter)
{
    *experimenter = 0;
    if (field->oxm_since && version >= field->oxm_since)
        return field->oxm;
    if (field->onf && (version >= OFP13 || !field->nxm)) {
        *experimenter = ONF_ID;
        return field->onf;
    }
    /* NXM_OF_IN_PORT's header is not 0 either. */
    return field->nxm ? field->nxm : field->oxm;
}

/* ---- Values -----------------------------------------------------------------------------------*/
field_value
field_read(const uint8_t *bytes, size_t size)
{
    field_value value = 0;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    if (size == 4) { /* Most fields. */
        memcpy(&u32, bytes, 4);
        return be32toh(u32);
    }
    if (size == 2) {
        memcpy(&u16, bytes, 2);
        return be16toh(u16);
    }
    for (; size >= 8; size -= 8, bytes += 8) {
        memcpy(&u64, bytes, 8);
        value = value << 32 << 32 | be64toh(u64);
    }
    for (; size; size--)
        value = value << 8 | *bytes++;
    return value;
}

void
field_write(field_value value, uint8_t *bytes, size_t size)
{
    uint16_t u16 = htobe16((uint16_t)value);
    uint32_t u32 = htobe32((uint32_t)value);

    if (size == 4) /* Most fields. */
        memcpy(bytes, &u32, 4);
    else if (size == 2)
        memcpy(bytes, &u16, 2);
    else
        for (; size; value >>= 8)
            bytes[--size] = (uint8_t)value;
}

/* The integer in the field's bytes, shift and neighbours included. */
static field_value
load(const struct field *field, const struct flow *flow)
{
    const uint8_t *bytes = (const uint8_t *)flow + field->offset;
    field_value value = 0;

    if (field->storage != STORE_HOST)
        return field_read(bytes, field->store_bytes);
#if __BYTE_ORDER == __LITTLE_ENDIAN
    memcpy(&value, bytes, field->store_bytes);
#else
    value = field_read(bytes, field->store_bytes);
#endif
    return value;
}

static void
store(const struct field *field, struct flow *flow, field_value value)
{
    uint8_t *bytes = (uint8_t *)flow + field->offset;

#if __BYTE_ORDER == __LITTLE_ENDIAN
    if (field->storage == STORE_HOST) {
        memcpy(bytes, &value, field->store_bytes);
        return;
    }
#endif
    field_write(value, bytes, field->store_bytes);
}

/* ---- Fields in one word ---- */
/* Most fields are nothing but bits in one word of the flow: these need no arithmetic of 128 bits.
 */
static bool
is_in_word(const struct field *field)
{
    return field->n_words == 1 && (field->storage == STORE_BE || field->storage == STORE_HOST);
}

/* Where the lowest bit is, in the word in host order (STORE_HOST) or made so from network order. */
static unsigned int
position_in_word(const struct field *field)
{
    unsigned int offset = field->offset % 8;

#if __BYTE_ORDER == __LITTLE_ENDIAN
    if (field->storage == STORE_HOST)
        return 8 * offset + field->shift;
#endif
    return 64 - 8 * (offset + field->store_bytes) + field->shift;
}

static uint64_t
get_in_word(const struct field *field, const struct flow *flow)
{
    uint64_t word = flow_words(flow)[field->first_word];

    if (field->storage == STORE_BE)
        word = be64toh(word);
    return word >> position_in_word(field) & (uint64_t)field_ones(field);
}

/* The bits under `mask` become value's. */
static void
set_in_word(const struct field *field, struct flow *flow, uint64_t value, uint64_t mask)
{
    __u64 *word = &flow_words_rw(flow)[field->first_word];
    unsigned int position = position_in_word(field);

    mask = (mask & (uint64_t)field_ones(field)) << position;
    value = value << position & mask;
    if (field->storage == STORE_BE) {
        mask = htobe64(mask);
        value = htobe64(value);
    }
    *word = (*word & ~mask) | value;
}

/* ---- All fields ---- */
#define VLAN_PRESENT_32 0x80000000u /* FLOW_VLAN_PRESENT in tpid << 16 | tci. */
#define VLAN_CFI 0x1000u            /* What it is in vlan_tci and vlan_vid. */

static field_value
vlan_get(field_value tag, unsigned int tci_mask)
{
    return (tag & tci_mask) | (tag & VLAN_PRESENT_32 ? VLAN_CFI : 0);
}

static field_value
vlan_set(field_value tag, field_value value, unsigned int tci_mask)
{
    tag &= ~(field_value)(VLAN_PRESENT_32 | tci_mask);
    return tag | (value & tci_mask) | (value & VLAN_CFI ? VLAN_PRESENT_32 : 0);
}

#define TCI_BITS 0xefffu /* All but the present bit. */
#define VID_BITS 0x0fffu

field_value
field_get(const struct field *field, const struct flow *flow)
{
    field_value value;

    if (is_in_word(field))
        return get_in_word(field, flow);
    switch (field->storage) {
    case STORE_IN_PORT10:
        return flow->in_port >= OFPORT_MAX || flow->in_port < OFPORT_MAX_V10
                   ? (uint16_t)flow->in_port
                   : 0;
    case STORE_VLAN_TCI:
        return vlan_get(load(field, flow), TCI_BITS);
    case STORE_VLAN_VID:
        return vlan_get(load(field, flow), VID_BITS);
    case STORE_TUN4:
        return load(field, flow) >> 96;
    case STORE_PACKET_TYPE:
        value = load(field, flow);
        return (value & 0xffff) << 16 | (value & 0xffff ? value >> 16 : 0);
    case STORE_BE:
    case STORE_HOST:
    case STORE_ARP_OP:
    default:
        return load(field, flow) >> field->shift & field_ones(field);
    }
}

field_value
field_get_mask(const struct field *field, const struct flow *mask)
{
    field_value value;

    switch (field->storage) {
    case STORE_ARP_OP:
        return load(field, mask) ? 0xffff : 0;
    case STORE_IN_PORT10:
        return mask->in_port ? 0xffff : 0;
    case STORE_PACKET_TYPE:
        value = load(field, mask);
        return value & 0xffff ? field_ones(field) : 0;
    case STORE_TUN4:
        value = load(field, mask);
        return (uint32_t)value == UINT32_MAX ? value >> 96 : 0;
    case STORE_BE:
    case STORE_HOST:
    case STORE_VLAN_TCI:
    case STORE_VLAN_VID:
    default:
        return field_get(field, mask);
    }
}

void
field_set(const struct field *field, struct flow *flow, field_value value)
{
    field_value ones;

    if (is_in_word(field)) {
        set_in_word(field, flow, (uint64_t)value, UINT64_MAX);
        return;
    }
    switch (field->storage) {
    case STORE_IN_PORT10:
        flow->in_port = ofport_from_v10((uint16_t)value);
        break;
    case STORE_VLAN_TCI:
        store(field, flow, vlan_set(load(field, flow), value, TCI_BITS));
        break;
    case STORE_VLAN_VID:
        store(field, flow, vlan_set(load(field, flow), value, VID_BITS));
        break;
    case STORE_TUN4:
        store(field, flow, value << 96);
        break;
    case STORE_PACKET_TYPE:
        if (value >> 16)
            store(field, flow, (value & 0xffff) << 16 | value >> 16);
        else
            flow->key.packet_type = 0;
        break;
    case STORE_BE:
    case STORE_HOST:
    case STORE_ARP_OP:
    default:
        ones = field_ones(field) << field->shift;
        store(field, flow, (load(field, flow) & ~ones) | (value << field->shift & ones));
        break;
    }
}

void
field_set_mask(const struct field *field, struct flow *mask, field_value bits)
{
    field_set(field, mask, bits);
    if (field->storage == STORE_TUN4 && bits)
        memset((uint8_t *)mask + field->offset + 4, 0xff, 12);
    else if (field->storage == STORE_PACKET_TYPE && !bits)
        mask->key.packet_type = 0;
}

void
field_set_masked(const struct field *field, struct flow *flow, field_value value, field_value mask)
{
    if (is_in_word(field)) {
        set_in_word(field, flow, (uint64_t)value, (uint64_t)mask);
        return;
    }
    field_set(field, flow, (field_get(field, flow) & ~mask) | (value & mask));
}

void
field_unwildcard(const struct field *field, struct flow *mask)
{
    field_set_mask(field, mask, field_ones(field));
}

void
field_unwildcard_bits(const struct field *field, struct flow *mask, field_value bits)
{
    if (!bits)
        return;
    if (is_in_word(field)) {
        set_in_word(field, mask, (uint64_t)bits, (uint64_t)bits);
        return;
    }
    if (field->storage == STORE_IN_PORT10 || field->storage == STORE_PACKET_TYPE)
        bits = field_ones(field);
    field_set_mask(field, mask, field_get_mask(field, mask) | bits);
}

bool
field_is_exact(const struct field *field, const struct flow *mask)
{
    return field_get_mask(field, mask) == field_ones(field);
}

bool
field_is_wild(const struct field *field, const struct flow *mask)
{
    return !field_get_mask(field, mask);
}

bool
field_value_is_valid(const struct field *field, field_value value)
{
    if (field->id == FIELD_ARP_OP)
        return value <= 0xff;
    if (field->id == FIELD_PACKET_TYPE)
        return !value || value >> 16; /* Of name space 0: Ethernet. */
    return !(value & ~field_ones(field));
}

/* ---- Prerequisites ----------------------------------------------------------------------------*/
/* The values that prerequisites ask for; -1: not known. */
struct known {
    int eth_type, ip_proto, icmp_type;
};

static bool
is_ip(const struct known *k)
{
    return k->eth_type == 0x0800 || k->eth_type == 0x86dd;
}

static bool
is_nd(const struct known *k, int type)
{
    return k->eth_type == 0x86dd && k->ip_proto == IPPROTO_ICMPV6 && k->icmp_type == type;
}

/* Prerequisites that a packet's headers meet or not. */
static bool
headers_ok(enum field_prereq prereq, const struct known *k)
{
    switch (prereq) {
    case PREREQ_ARP:
        return k->eth_type == 0x0806 || k->eth_type == 0x8035;
    case PREREQ_IPV4:
        return k->eth_type == 0x0800;
    case PREREQ_IPV6:
        return k->eth_type == 0x86dd;
    case PREREQ_IP:
        return is_ip(k);
    case PREREQ_MPLS:
        return k->eth_type == 0x8847 || k->eth_type == 0x8848;
    case PREREQ_PBB:
        return k->eth_type == 0x88e7;
    case PREREQ_TCP:
        return is_ip(k) && k->ip_proto == IPPROTO_TCP;
    case PREREQ_UDP:
        return is_ip(k) && k->ip_proto == IPPROTO_UDP;
    case PREREQ_SCTP:
        return is_ip(k) && k->ip_proto == IPPROTO_SCTP;
    case PREREQ_ICMPV4:
        return k->eth_type == 0x0800 && k->ip_proto == IPPROTO_ICMP;
    case PREREQ_ICMPV6:
        return k->eth_type == 0x86dd && k->ip_proto == IPPROTO_ICMPV6;
    case PREREQ_ND:
        return is_nd(k, 135) || is_nd(k, 136);
    case PREREQ_ND_SOL:
        return is_nd(k, 135);
    case PREREQ_ND_ADV:
        return is_nd(k, 136);
    case PREREQ_NONE:
    case PREREQ_VLAN:
    case PREREQ_IN_PORT:
    default:
        return true;
    }
}

/* Of headers that no packet has whose type is another than Ethernet's. */
static bool
is_of_frames(const struct field *field)
{
    return field->id >= FIELD_ETH_DST && field->id <= FIELD_DL_VLAN_PCP;
}

bool
field_prereq_ok(const struct field *field, const struct flow *match, const struct flow *mask)
{
    const struct dp_key *key = &match->key, *bits = &mask->key;
    struct known known = {-1, -1, -1};

    if (key->packet_type & bits->packet_type && is_of_frames(field))
        return false;
    if (field->prereq == PREREQ_NONE)
        return true;
    if (field->prereq == PREREQ_VLAN)
        return key->vlan[0].tpid & bits->vlan[0].tpid & htons(FLOW_VLAN_PRESENT);
    if (field->prereq == PREREQ_IN_PORT)
        return mask->in_port == UINT32_MAX;
    if (bits->eth_type == 0xffff)
        known.eth_type = ntohs(key->eth_type);
    if (bits->ip_proto == 0xff)
        known.ip_proto = key->ip_proto;
    if ((ntohs(bits->tp_src) & 0xff) == 0xff)
        known.icmp_type = ntohs(key->tp_src) & 0xff;
    return headers_ok(field->prereq, &known);
}

bool
field_prereq_ok_flow(const struct field *field, const struct flow *flow)
{
    const struct dp_key *key = &flow->key;
    struct known known = {ntohs(key->eth_type), key->ip_proto, ntohs(key->tp_src)};

    if (field->prereq == PREREQ_VLAN)
        return key->vlan[0].tpid & htons(FLOW_VLAN_PRESENT);
    return headers_ok(field->prereq, &known);
}

/* ---- Subfields --------------------------------------------------------------------------------*/
field_value
subfield_get(const struct subfield *sf, const struct flow *flow)
{
    const struct field *field = &fields[sf->field];

    return (field_get(field, flow) & subfield_mask(sf)) >> sf->ofs;
}

void
subfield_set(const struct subfield *sf, struct flow *flow, field_value value)
{
    field_set_masked(&fields[sf->field], flow, value << sf->ofs, subfield_mask(sf));
}

void
subfield_unwildcard(const struct subfield *sf, struct flow *mask)
{
    field_unwildcard_bits(&fields[sf->field], mask, subfield_mask(sf));
}
