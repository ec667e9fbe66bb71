/* SPDX-License-Identifier: Apache-2.0 */
/* Every field that OpenFlow can match or set, as rows of one table (ofproto/fields.def).
 *
 * Model: a field's value is an integer of n_bits bits in a field_value (128 bits, host
 * arithmetic: a MAC address is a 48-bit integer, 2001:db8::1 a 128-bit one). field_get() and
 * field_set() move it between that form and its place in struct flow, or in a mask, which has
 * the same shape; field_read() and field_write() between that form and big-endian bytes. So
 * matching, setting, moving, learning and printing need no code of their own per field.
 *
 * A few fields are views of the same bits: in_port and in_port_oxm (16 and 32 bits wide),
 * vlan_tci, vlan_vid and vlan_pcp, nw_tos and ip_dscp, reg/xreg/xxreg, tp_src of each protocol.
 * The VLAN present bit (0x1000 of vlan_tci and vlan_vid) is bit 15 of vlan[0].tpid.
 *
 * Threads: the table and its indices are constant after start-up. Errors: NULL or false.
 * Not here: matches (ofproto/match.h), what setting a field does to a packet (slowpath). */
#ifndef SHUNT_OFPROTO_FIELD_H
#define SHUNT_OFPROTO_FIELD_H

#include "lib/buf.h"
#include "ofproto/flow.h"
#include "ofproto/ofp.h"

typedef unsigned __int128 field_value __attribute__((aligned(8)));

enum field_id {
#define FIELD(ID, ...) FIELD_##ID,
#include "ofproto/fields.def"
#undef FIELD
    N_FIELDS
};
#define FIELD_REG(I) ((enum field_id)(FIELD_REG0 + (I)))
#define FIELD_XREG(I) ((enum field_id)(FIELD_XREG0 + (I)))
#define FIELD_XXREG(I) ((enum field_id)(FIELD_XXREG0 + (I)))

/* What a match must hold, exactly, before the field may stand in it (OpenFlow 1.3, section
 * 7.2.3.6, table 11; the table of each newer version adds to it). */
enum field_prereq {
    PREREQ_NONE,
    PREREQ_VLAN,    /* vlan_vid present. */
    PREREQ_ARP,     /* eth_type 0x0806 (0x8035, RARP, with the NXM names). */
    PREREQ_IPV4,    /* eth_type 0x0800. */
    PREREQ_IPV6,    /* eth_type 0x86dd. */
    PREREQ_IP,      /* Either. */
    PREREQ_MPLS,    /* eth_type 0x8847 or 0x8848. */
    PREREQ_PBB,     /* eth_type 0x88e7. */
    PREREQ_TCP,     /* IP, ip_proto 6. */
    PREREQ_UDP,     /* 17 */
    PREREQ_SCTP,    /* 132 */
    PREREQ_ICMPV4,  /* IPv4, 1. */
    PREREQ_ICMPV6,  /* IPv6, 58. */
    PREREQ_ND,      /* icmpv6_type 135 or 136. */
    PREREQ_ND_SOL,  /* 135 */
    PREREQ_ND_ADV,  /* 136 */
    PREREQ_IN_PORT, /* in_port. */
};

enum field_format {
    FORMAT_DECIMAL,
    FORMAT_HEX,
    FORMAT_MAC,
    FORMAT_IPV4,
    FORMAT_IPV6,
    FORMAT_PORT,   /* A 32-bit OpenFlow port. */
    FORMAT_PORT10, /* A 16-bit one. */
    FORMAT_FRAG,
    FORMAT_TCP_FLAGS,
    FORMAT_CT_STATE,
    FORMAT_TUN_FLAGS,
    FORMAT_PACKET_TYPE,
};

/* How the bits stand in struct flow. */
enum field_storage {
    STORE_BE,   /* An integer in network order of store_bytes at offset, shifted left. */
    STORE_HOST, /* The same in host order. */
    STORE_IN_PORT10,
    STORE_VLAN_TCI,
    STORE_VLAN_VID,
    STORE_ARP_OP,      /* 16 bits, of which 8 can be told. */
    STORE_TUN4,        /* The first of four words, the rest zero. */
    STORE_PACKET_TYPE, /* Name space and type, which stand in the reverse order. */
};

struct field {
    enum field_id id;
    const char *name;     /* As `set_field` and errors write it: "eth_src". */
    const char *alias;    /* Another name that the parser takes ("dl_src"), or NULL. */
    const char *nxm_name; /* As `load` and `move` write it, "NXM_OF_ETH_SRC"; NULL: none. */
    const char *oxm_name; /* Its other formal name ("OXM_OF_ETH_SRC"), or NULL. */
    uint8_t n_bits;       /* Width that may be nonzero. */
    uint8_t n_bytes;      /* Of the value on the wire as OXM; as NXM, too. */
    uint8_t oxm_since;    /* First version that has `oxm`, 0: no OXM at all. */
    bool maskable;
    bool writable; /* By set-field, load, move, learn, pop. */
    enum field_prereq prereq;
    enum field_format format;
    /* Headers with the length of an unmasked value and no mask bit: class << 16 | field << 9 |
     * length. 0: none. The class 0xffff means that an experimenter id follows. */
    uint32_t nxm, oxm;
    uint32_t onf; /* The field as ONF's experimenter extension of 1.3 (0x4f4e4600). */
    enum field_storage storage;
    uint16_t offset; /* Of its bytes in struct flow. */
    uint8_t store_bytes;
    uint8_t shift;
    /* Which words of struct flow its bits lie in. */
    uint8_t first_word, n_words;
};

extern const struct field fields[N_FIELDS];

static inline const struct field *
field_from_id(enum field_id id)
{
    return &fields[id];
}

/* Finds a field by any of its names: "eth_src", "dl_src", "NXM_OF_ETH_SRC", "OXM_OF_ETH_SRC"
 * (any case for the first two). NULL: there is none. */
const struct field *field_by_name(const char *name);
const struct field *field_by_name_n(const char *name, size_t n);

/* Finds a field by an NXM or OXM header (length and mask bit are ignored) and, when its class is
 * 0xffff, experimenter id. NULL: there is none. */
const struct field *field_by_header(uint32_t header, uint32_t experimenter);

/* The header that a peer of `version` knows the field by, without mask bit, NXM if it has no OXM
 * in that version (as in 1.0); `*experimenter` gets the id that follows it, 0: none. Returns 0
 * when the field has no wire form. */
uint32_t field_header(const struct field *, enum ofp_version version, uint32_t *experimenter);

/* The value with all n_bits set. */
static inline field_value
field_ones(const struct field *field)
{
    if (field->id == FIELD_IP_TOS)
        return 0xfc; /* The two ECN bits are a field of their own. */
    return field->n_bits == 128 ? ~(field_value)0 : ((field_value)1 << field->n_bits) - 1;
}

/* How many bits `move`, `load` and their like see: of vlan_vid not the present bit. */
static inline unsigned int
field_sub_bits(const struct field *field)
{
    return field->id == FIELD_VLAN_VID ? 12 : field->n_bits;
}

/* Reads the field of a packet or of a match's values; of a mask. */
field_value field_get(const struct field *, const struct flow *flow);
field_value field_get_mask(const struct field *, const struct flow *mask);

/* Overwrites the field in `flow`; in a mask. Bits only: a flow that gets a VLAN by vlan_vid has
 * tpid 0x8000 until someone says which tag it is. */
void field_set(const struct field *, struct flow *flow, field_value value);
void field_set_mask(const struct field *, struct flow *mask, field_value bits);

/* The field's bits of `flow` under `mask` become value's. */
void field_set_masked(const struct field *, struct flow *flow, field_value value, field_value mask);

/* ors all bits, or those of `bits`, into a mask: what a translation looked at. */
void field_unwildcard(const struct field *, struct flow *mask);
void field_unwildcard_bits(const struct field *, struct flow *mask, field_value bits);

/* True when every bit of the field is in `mask`, or none is. */
bool field_is_exact(const struct field *, const struct flow *mask);
bool field_is_wild(const struct field *, const struct flow *mask);

/* Big-endian bytes to a value, `size` at most 16, and back. */
field_value field_read(const uint8_t *bytes, size_t size);
void field_write(field_value value, uint8_t *bytes, size_t size);

/* False for a value that no packet can have (bits above n_bits, arp_op over 255, a reserved
 * combination), which the decoder refuses with OFPBMC_BAD_VALUE. */
bool field_value_is_valid(const struct field *, field_value value);

/* Whether the bits that `match` (masked by `mask`) fixes satisfy the field's prerequisites. */
bool field_prereq_ok(const struct field *, const struct flow *match, const struct flow *mask);

/* The same for a packet, all of whose fields are known. */
bool field_prereq_ok_flow(const struct field *, const struct flow *flow);

/* Appends a number as ovs-ofctl writes it: 0x1f, and 0 without 0x. */
void field_put_hex(field_value, struct buf *out);

/* Appends VALUE or VALUE/MASK, as ovs-ofctl writes it; `mask` 0 is "*". `names`: port names,
 * may be NULL. */
struct ofp_port_names;
void field_format(const struct field *, field_value value, field_value mask,
                  const struct ofp_port_names *names, struct buf *out);

/* Parses VALUE or VALUE/MASK. Returns NULL, or a message for the user (to be freed). */
char *field_parse(const struct field *, const char *text, const struct ofp_port_names *names,
                  field_value *value, field_value *mask);
char *field_parse_value(const struct field *, const char *text, const struct ofp_port_names *names,
                        field_value *value);

/* ---- Subfields: a run of bits of a field ------------------------------------------------------*/
struct subfield {
    uint16_t field; /* enum field_id */
    uint8_t ofs;    /* First bit, 0 the least significant. */
    uint8_t n_bits;
};

static inline field_value
subfield_mask(const struct subfield *sf)
{
    field_value ones = sf->n_bits == 128 ? ~(field_value)0 : ((field_value)1 << sf->n_bits) - 1;

    return ones << sf->ofs;
}

field_value subfield_get(const struct subfield *, const struct flow *flow);
void subfield_set(const struct subfield *, struct flow *flow, field_value value);
/* Puts n_bits of `value` at their place of the field; the mask is subfield_mask(). */
void subfield_unwildcard(const struct subfield *, struct flow *mask);

/* NAME[], NAME[BIT] or NAME[FROM..TO], as ovs-ofctl writes them. `*s` moves behind it. Returns
 * NULL, or a message (to be freed). */
char *subfield_parse(const char **s, struct subfield *);
void subfield_format(const struct subfield *, struct buf *out);

#endif
