/* SPDX-License-Identifier: Apache-2.0 */
/* What the generated codecs are made of: cursors, tables of classes and fields.
 *
 * Duty: the seam between generated code (ofproto/openflow/) and the hand-written runtime
 * (of-decode.c, of-encode.c, of-oxm.c, of-class.c, of-print.c). Consumers do not need it, save for
 * tests that walk all classes.
 *
 * Model: a class has one layout a version. A layout's decode() reads the members from a cursor
 * that ends where the object ends; its encode() appends them. Framing is the runtime's: it finds
 * the length, picks the class by discriminators (classify()), allocates, checks that the object
 * was used up, and in encoding writes constants, the length and trailing padding.
 * Errors: as in of-object.h; a failure is named by enum of_failure, which becomes an OpenFlow
 * (type, code) of the version when the message has been unwound. */
#ifndef SHUNT_OFPROTO_OF_CODEC_H
#define SHUNT_OFPROTO_OF_CODEC_H

#include <endian.h>
#include <errno.h>

#include "ofproto/of-object.h"
#include "ofproto/openflow/classes.h"

/* Indices into tables by version. */
enum { OF_V10, OF_V13, OF_V14, OF_V15, OF_N_VERSIONS };

enum { OF_MAX_DEPTH = 24 };

/* Index into tables by version, or -1. */
static inline int
of_version_index(uint8_t version)
{
    return version == OF_VERSION_10                               ? 0
           : version >= OF_VERSION_13 && version <= OF_VERSION_15 ? version - OF_VERSION_13 + 1
                                                                  : -1;
}

/* Decoding. */

struct of_cursor {
    const uint8_t *start, *p, *end; /* start <= p <= end. */
};

struct of_decoder {
    struct of_arena *arena;
    const uint8_t *message;
    uint32_t offset;  /* Of the failure. */
    uint16_t failure; /* enum of_failure. */
    uint8_t version;
    uint8_t index; /* of_version_index(version). */
    uint8_t depth;
};

static inline size_t
of_left(const struct of_cursor *in)
{
    return (size_t)(in->end - in->p);
}

/* The next `n` bytes, or NULL when there are fewer. */
static inline const uint8_t *
of_take(struct of_cursor *in, size_t n)
{
    const uint8_t *p = in->p;

    if (of_left(in) < n)
        return NULL;
    in->p += n;
    return p;
}

static inline uint16_t
of_get_u16(const uint8_t *p)
{
    uint16_t x;

    memcpy(&x, p, sizeof x);
    return be16toh(x);
}

static inline uint32_t
of_get_u24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | of_get_u16(p + 1);
}

static inline uint32_t
of_get_u32(const uint8_t *p)
{
    uint32_t x;

    memcpy(&x, p, sizeof x);
    return be32toh(x);
}

static inline uint64_t
of_get_u64(const uint8_t *p)
{
    uint64_t x;

    memcpy(&x, p, sizeof x);
    return be64toh(x);
}

/* A port number of 1.0: its reserved ones, from 0xff00, are those of later versions. */
static inline uint32_t
of_get_port16(const uint8_t *p)
{
    uint32_t port = of_get_u16(p);

    return port >= 0xff00 ? port | 0xffff0000 : port;
}

/* Notes the failure and where it was found; returns EBADMSG. */
int of_fail(struct of_decoder *d, const uint8_t *where, uint16_t failure);

/* The same for a wrong length: the failure that the layout names for that. */
int of_short(struct of_decoder *d, const struct of_cursor *in);

/* The next object of class `root` or of a class below it. *object is a pointer to its struct. */
int of_decode_object(struct of_decoder *d, struct of_cursor *in, uint16_t root, void *object);

/* The next object, of class `class_id`, into `object`, which is zeroed. */
int of_decode_part(struct of_decoder *d, struct of_cursor *in, uint16_t class_id,
                   struct of_object *object);

/* Objects up to the end of `in`, or with `slack`, up to where fewer than `slack` bytes remain
 * that are zero or fewer than an element takes. `list` is a struct of_list or of the same layout.
 */
int of_decode_list(struct of_decoder *d, struct of_cursor *in, uint16_t root, size_t slack,
                   void *list);

/* `n` objects. */
int of_decode_n(struct of_decoder *d, struct of_cursor *in, uint16_t root, size_t n, void *list);

/* Numbers of `wire_size` bytes, `n` of them, into `list` { n, items of `item_size` bytes }. */
int of_decode_uints(struct of_decoder *d, struct of_cursor *in, size_t wire_size, size_t item_size,
                    size_t n, void *list);

/* The next `size` bytes as a cursor of their own. */
int of_decode_part_size(struct of_decoder *d, struct of_cursor *in, size_t size,
                        struct of_cursor *part);

/* Is all of `in` used up? */
int of_decode_end(struct of_decoder *d, const struct of_cursor *in);

/* Skips padding up to a multiple of `align` from the object's start. */
int of_decode_align(struct of_decoder *d, struct of_cursor *in, size_t align);

/* Is `value` one that the enum has in this version? */
bool of_enum_has(uint16_t enum_id, uint8_t index, uint64_t value);

/* A field that comes twice in a list of OXMs. */
int of_check_unique(struct of_decoder *d, const struct of_cursor *in, const void *list,
                    uint16_t failure);

/* The value bytes up to the end of `in`. */
static inline struct of_octets
of_take_rest(struct of_cursor *in)
{
    struct of_octets octets = {in->p, of_left(in)};

    in->p = in->end;
    return octets;
}

/* Bytes that hold `n_bits` in whole 16-bit words. */
static inline size_t
of_bits_size(size_t n_bits)
{
    return (n_bits + 15) / 16 * 2;
}

/* Encoding. */

struct of_encoder {
    struct of_buf *buf;
    uint8_t version;
    uint8_t index;
};

static inline uint8_t *
of_put(struct of_encoder *e, size_t n)
{
    return of_buf_put(e->buf, n);
}

static inline void
of_put_u16(uint8_t *p, uint16_t x)
{
    x = htobe16(x);
    memcpy(p, &x, sizeof x);
}

static inline void
of_put_u24(uint8_t *p, uint32_t x)
{
    p[0] = (uint8_t)(x >> 16);
    of_put_u16(p + 1, (uint16_t)x);
}

static inline void
of_put_u32(uint8_t *p, uint32_t x)
{
    x = htobe32(x);
    memcpy(p, &x, sizeof x);
}

static inline void
of_put_u64(uint8_t *p, uint64_t x)
{
    x = htobe64(x);
    memcpy(p, &x, sizeof x);
}

/* Can 1.0 say this port? */
static inline bool
of_port_fits_u16(uint32_t port)
{
    return port < 0xff00 || port >= 0xffffff00;
}

/* Appends an object that is pointed to: of class `root` or below. */
int of_encode_object(struct of_encoder *e, uint16_t root, const void *object);

/* Appends an object that is embedded: of class `class_id`, whatever it says itself. */
int of_encode_part(struct of_encoder *e, uint16_t class_id, const struct of_object *object);

int of_encode_list(struct of_encoder *e, uint16_t root, const void *list);
int of_encode_uints(struct of_encoder *e, size_t wire_size, size_t item_size, const void *list);
int of_encode_octets(struct of_encoder *e, const struct of_octets *octets);

/* `octets` in exactly `size` bytes: zeros follow what is there. EINVAL when there is more. */
int of_encode_octets_in(struct of_encoder *e, const struct of_octets *octets, size_t size);

/* Zeros up to a multiple of `align` from offset `start` of the buffer. */
int of_encode_align(struct of_encoder *e, size_t start, size_t align);

/* Writes `value` into the `size` bytes at offset `at`; EMSGSIZE when it does not fit. */
int of_encode_patch(struct of_encoder *e, size_t at, size_t size, size_t value);

/* Tables. */

struct of_constant {
    uint8_t offset, size;
    uint32_t value;
};

struct of_translation {
    uint16_t from, to; /* enum of_failure. */
};

/* Arrays that end with zeros. */
#define OF_CONSTANTS(...) ((const struct of_constant[]){__VA_ARGS__, {0, 0, 0}})
#define OF_TRANSLATIONS(...)                                                                       \
    ((const struct of_translation[]){__VA_ARGS__, {OF_FAIL_NONE, OF_FAIL_NONE}})

/* Where the length stands and what it counts. */
struct of_frame {
    uint8_t length_at, length_size; /* length_size 0: no length member. */
    uint8_t align;                  /* 1: none. */
    bool length_includes_align;
    uint16_t min_size;
};

struct of_layout {
    int (*decode)(struct of_decoder *, struct of_cursor *, struct of_object *);
    int (*encode)(struct of_encoder *, const struct of_object *);

    /* Of a class with children: the class that the bytes are, or less than zero: -failure. */
    int (*classify)(const struct of_cursor *in);
    const struct of_constant *constants;       /* NULL: none. */
    const struct of_translation *translations; /* NULL: none. */
    struct of_frame frame;
    uint16_t bad_len; /* enum of_failure. */
};

enum of_field_kind {
    OF_KIND_UINT, /* An integer of `storage` bytes. */
    OF_KIND_PORT,
    OF_KIND_IPV4,
    OF_KIND_MAC,
    OF_KIND_BYTES,  /* `storage` bytes. */
    OF_KIND_STRING, /* `storage` characters and a NUL. */
    OF_KIND_OCTETS, /* struct of_octets. */
    OF_KIND_BITS,   /* struct of_octets whose size another member says. */
    OF_KIND_PART,   /* An embedded object of class `ref`. */
    OF_KIND_OBJECT, /* A pointer to an object of class `ref` or below. */
    OF_KIND_LIST,   /* A list of such. */
    OF_KIND_UINTS,  /* A list of integers of `storage` bytes. */
    OF_KIND_PORTS,
};

/* A member of a class's struct, in the versions where it has one type. */
struct of_field_info {
    const char *name;
    uint16_t offset;
    uint16_t storage; /* Bytes in the struct. */
    uint8_t wire;     /* Bytes on the wire, of an integer or of one in a list. */
    uint8_t kind;     /* enum of_field_kind. */
    uint8_t versions; /* Bit of_version_index(). */
    bool conditional;
    uint16_t ref; /* enum of_class, or enum of_enum for integers (0: none). */
};

struct of_class_info {
    const char *name;
    uint16_t parent, root; /* enum of_class; parent OF_NO_CLASS: none. */
    uint16_t size;         /* Of the struct; 0 for one that is never there itself. */
    uint8_t n_fields;
    uint8_t oxm_table; /* 1: the parent of all OXM classes, 2: of OXS; else 0. */
    const struct of_field_info *fields;
    const struct of_layout *layouts[OF_N_VERSIONS]; /* NULL: not in that version. */
    const struct of_oxm_field *oxm;                 /* Of an OXM or OXS class. */
};

/* Parts of a class's initializer. */
/* clang-format off */
#define OF_LAYOUTS(first, last, layout) .layouts[first ... last] = &(layout)
/* clang-format on */
#define OF_FIELDS(array) .fields = array, .n_fields = sizeof(array) / sizeof *(array)

/* A member that a class has from its parent stands where it does there. */
#define OF_ASSERT_SAME_PLACE(child, parent, member)                                                \
    _Static_assert(offsetof(struct child, member) == offsetof(struct parent, member),              \
                   #child " begins as " #parent)

struct of_enum_item {
    uint64_t value;
    const char *name;
    uint8_t versions;
};

struct of_enum_info {
    const char *name;
    bool bitmask;
    uint16_t n_items;
    const struct of_enum_item *items;
};

/* The enum of the codes of an error type. */
struct of_error_enum {
    uint16_t type;
    uint16_t enum_id;
    uint8_t versions;
};

/* An item of an enum's table of names, and the enum over that table. */
#define OF_ITEM(name, value, versions)                                                             \
    {                                                                                              \
        value, #name, versions                                                                     \
    }
#define OF_ENUM(name, bitmask)                                                                     \
    const struct of_enum_info name##_enum = {                                                      \
        #name, bitmask, sizeof name##_items / sizeof *name##_items, name##_items}

struct of_failure_code {
    uint16_t type, code;
};

extern const struct of_class_info *const of_class_infos[OF_N_CLASSES];
extern const struct of_enum_info *const of_enum_infos[OF_N_ENUMS];
extern const struct of_error_enum of_error_enums[];
extern const size_t of_n_error_enums;
extern const struct of_failure_code of_failure_codes[OF_N_FAILURES][OF_N_VERSIONS];

/* OXM and OXS. */

enum of_oxm_storage { OF_OXM_UINT, OF_OXM_PORT, OF_OXM_IPV4, OF_OXM_MAC, OF_OXM_BYTES };

/* Index by field number of the fields of an OXM class: of_oxm_fields[index - 1]; 0: none. A number
 * that versions use otherwise stands in one more row of the class. */
struct of_oxm_class {
    uint16_t oxm_class;
    uint32_t experimenter;
    uint16_t fields[128];
};
extern const struct of_oxm_class of_oxm_classes[];
extern const size_t of_n_oxm_classes;

/* Failures of OXMs by version; entry 0 is of of_oxm, 1 of of_oxs. */
struct of_oxm_failures {
    uint16_t bad_type, bad_len, bad_mask, bad_wildcards, bad_value;
};
extern const struct of_oxm_failures of_oxm_failures[2][OF_N_VERSIONS];

/* Where value and mask stand in the struct of an OXM class. */
static inline size_t
of_oxm_value_at(const struct of_oxm_field *f)
{
    return f->storage == OF_OXM_UINT && f->n_bytes == 8 ? 8 : sizeof(struct of_object);
}

static inline size_t
of_oxm_value_size(const struct of_oxm_field *f)
{
    return f->n_bytes == 3 && f->storage == OF_OXM_UINT ? 4 : f->n_bytes;
}

int of_oxm_decode(struct of_decoder *d, struct of_cursor *in, uint16_t root,
                  struct of_object **object);
int of_oxm_encode(struct of_encoder *e, const struct of_object *object);
void of_oxm_print(FILE *stream, const struct of_object *object);

#endif
