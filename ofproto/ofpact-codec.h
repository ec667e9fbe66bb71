/* SPDX-License-Identifier: Apache-2.0 */
/* What the decoders and encoders of actions share; for ofproto/ofpact-{de,en}code*.c alone.
 *
 * Model: a decoder of each generated class stands in a table by class id; an encoder of each row
 * of ofproto/ofpacts.def is a function named for it, so that a missing one does not link. */
#ifndef SHUNT_OFPROTO_OFPACT_CODEC_H
#define SHUNT_OFPROTO_OFPACT_CODEC_H

#include "ofproto/ofpact-provider.h"
#include "ofproto/ofpact-wire.h"
#include "ofproto/openflow.h"

/* ---- Decode -----------------------------------------------------------------------------------*/
struct ofpact_decoder {
    enum ofp_version version;
    struct buf *out;
    unsigned int depth; /* Of nesting. */
};

/* `object` is of the class that the function stands for. */
typedef enum ofperr ofpact_decode_fn(const void *object, struct ofpact_decoder *);

/* By class id; NULL: not in that table. */
extern ofpact_decode_fn *const ofpact_standard_decoders[OF_N_CLASSES];
extern ofpact_decode_fn *const ofpact_nicira_decoders[OF_N_CLASSES];

enum ofperr ofpact_decode_list(const struct of_action_list *, struct ofpact_decoder *);

/* A subfield by an OXM or NXM header, which has the field's length and no mask:
 * OFPBAC_BAD_SET_TYPE, OFPBAC_BAD_SET_LEN. */
enum ofperr ofpact_decode_subfield(uint32_t header, uint32_t experimenter, unsigned int ofs,
                                   unsigned int n_bits, struct subfield *);
enum ofperr ofpact_decode_nx_subfield(uint32_t header, uint16_t ofs_nbits, struct subfield *);

/* The header of a field without its mask. */
static inline uint32_t
ofpact_unmasked_header(uint32_t header)
{
    return header & 0x100 && !(header & 1) ? (header & ~0x1ffu) | (header & 0xff) / 2 : header;
}

/* `error` unless all bytes are zero; of a tail, which pads an action to a multiple of 8, there are
 * fewer than 8 (OFPBAC_BAD_LEN). */
enum ofperr ofpact_must_be_zero(const uint8_t *, size_t, enum ofperr error);
enum ofperr ofpact_tail_must_be_zero(const struct of_octets *, enum ofperr error);

/* An OXM as a set_field. */
enum ofperr ofpact_decode_oxm(const struct of_object *oxm, bool may_mask, struct ofpact_decoder *);

/* ---- Encode -----------------------------------------------------------------------------------*/
struct ofpact_encoder {
    enum ofp_version version;
    struct of_arena *arena;
    const struct match *match; /* NULL: unknown. */
    bool has_vlan;             /* Where the action stands. */
    bool is_exact;             /* As of ofpacts_encode_instructions(). */
    struct of_action **items;
    size_t n, allocated;
};

/* Appends a zeroed object of the class to the list; NULL if the version has no such class. */
void *ofpact_encode_new(struct ofpact_encoder *, uint16_t class_id);
#define ENCODE_NEW(E, CLASS, STRUCT) ((struct STRUCT *)ofpact_encode_new(E, CLASS))

void ofpact_encode_list(const struct ofpact *, size_t size, struct ofpact_encoder *);

/* A nested list, of its own. */
void ofpact_encode_nested(const struct ofpact *, size_t size, const struct ofpact_encoder *,
                          struct of_action_list *);

/* The field's header as Nicira's actions write it, and as copy-field of `version` does. */
uint32_t ofpact_nx_header(unsigned int field_id);
void ofpact_encode_oxm_id(unsigned int field_id, enum ofp_version version, struct of_oxm_id *);

/* A subfield's offset and width in 16 bits. */
static inline uint16_t
ofpact_ofs_nbits(const struct subfield *sf)
{
    return (uint16_t)(sf->ofs << 6 | (sf->n_bits - 1));
}

/* A port in the 16 bits that Nicira's actions have for it. */
static inline uint16_t
ofpact_port16(uint32_t port)
{
    uint16_t port16;

    ofport_to_v10(port, &port16);
    return port16;
}

/* The field of a set_field as an OXM object, NULL if it has none in that version. */
struct of_oxm *ofpact_encode_oxm(const struct ofpact_set_field *, enum ofp_version version,
                                 struct of_arena *);

/* What learn, in both its forms on the wire, and struct ofpact_learn have, between two of them. */
#define COPY_LEARN(to, from)                                                                       \
    do {                                                                                           \
        (to)->idle_timeout = (from)->idle_timeout;                                                 \
        (to)->hard_timeout = (from)->hard_timeout;                                                 \
        (to)->fin_idle_timeout = (from)->fin_idle_timeout;                                         \
        (to)->fin_hard_timeout = (from)->fin_hard_timeout;                                         \
        (to)->priority = (from)->priority;                                                         \
        (to)->cookie = (from)->cookie;                                                             \
        (to)->flags = (from)->flags;                                                               \
        (to)->table_id = (from)->table_id;                                                         \
    } while (0)

#define OFPACT(ENUM, STRUCT, NAME)                                                                 \
    void ofpact_encode_##ENUM(const struct STRUCT *, struct ofpact_encoder *);
#include "ofproto/ofpacts.def"
#undef OFPACT

#endif
