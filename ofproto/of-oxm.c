/* SPDX-License-Identifier: Apache-2.0 */
/* OXM and OXS fields: header, value, mask (OpenFlow 1.5.1 section 7.2.3). They are many and
 * alike, so that a table, not code of its own, stands for each. */
#include "ofproto/of-codec.h"
#include "ofproto/openflow.h"

#include "lib/util.h"

enum { HEADER_SIZE = 4, EXPERIMENTER_CLASS = 0xffff, HAS_MASK = 0x100 };

/* The structs that the generated headers give to fields are what of_oxm_value_at() says. */
#define ASSERT_LAYOUT(type, value_at, mask_at)                                                     \
    _Static_assert(offsetof(                                                                       \
                       struct {                                                                    \
                           struct of_object object;                                                \
                           type value;                                                             \
                           type value_mask;                                                        \
                       },                                                                          \
                       value) == (value_at) &&                                                     \
                       offsetof(                                                                   \
                           struct {                                                                \
                               struct of_object object;                                            \
                               type value;                                                         \
                               type value_mask;                                                    \
                           },                                                                      \
                           value_mask) == (mask_at),                                               \
                   "layout of OXM structs")
ASSERT_LAYOUT(uint8_t, 4, 5);
ASSERT_LAYOUT(uint16_t, 4, 6);
ASSERT_LAYOUT(uint32_t, 4, 8);
ASSERT_LAYOUT(uint64_t, 8, 16);

static bool
is_number(const struct of_oxm_field *field)
{
    return field->storage <= OF_OXM_IPV4;
}

/* Big-endian bytes to the member at `to`, and back. */
static void
store_value(const struct of_oxm_field *field, void *to, const uint8_t *bytes, size_t n_bytes)
{
    if (!is_number(field) || n_bytes == 1)
        memcpy(to, bytes, n_bytes);
    else if (n_bytes == 2)
        *(uint16_t *)to = of_get_u16(bytes);
    else if (n_bytes == 3)
        *(uint32_t *)to = of_get_u24(bytes);
    else if (n_bytes == 4)
        *(uint32_t *)to = of_get_u32(bytes);
    else
        *(uint64_t *)to = of_get_u64(bytes);
}

static void
load_value(const struct of_oxm_field *field, uint8_t *bytes, const void *from, size_t n_bytes)
{
    if (!is_number(field) || n_bytes == 1)
        memcpy(bytes, from, n_bytes);
    else if (n_bytes == 2)
        of_put_u16(bytes, *(const uint16_t *)from);
    else if (n_bytes == 3)
        of_put_u24(bytes, *(const uint32_t *)from);
    else if (n_bytes == 4)
        of_put_u32(bytes, *(const uint32_t *)from);
    else
        of_put_u64(bytes, *(const uint64_t *)from);
}

static uint8_t *
value_of(const struct of_oxm_field *field, const struct of_object *object)
{
    return (uint8_t *)(uintptr_t)object + of_oxm_value_at(field);
}

/* The field of that header that some of `versions` (bits of of_version_index()) has, or NULL. */
static const struct of_oxm_field *
find_field(uint32_t type_len, uint32_t experimenter, uint8_t versions)
{
    for (size_t i = 0; i < of_n_oxm_classes; i++) {
        const struct of_oxm_class *class = &of_oxm_classes[i];
        uint16_t index;

        if (class->oxm_class != type_len >> 16 || class->experimenter != experimenter)
            continue;
        index = class->fields[type_len >> 9 & 127];
        if (index && of_oxm_fields[index - 1].versions & versions)
            return &of_oxm_fields[index - 1];
    }
    return NULL;
}

const struct of_oxm_field *
of_oxm_field_find(uint32_t type_len, uint32_t experimenter)
{
    return find_field(type_len, experimenter, 0xff);
}

const struct of_oxm_field *
of_oxm_field_of_class(uint16_t class_id)
{
    return class_id < OF_N_CLASSES ? of_class_infos[class_id]->oxm : NULL;
}

const struct of_oxm_field *
of_oxm_field_by_name(const char *name)
{
    for (size_t i = 0; i < of_n_oxm_fields; i++) {
        if (!strcmp(of_oxm_fields[i].name, name))
            return &of_oxm_fields[i];
    }
    return NULL;
}

/* The first wrong thing about value and mask, as a failure, or 0. */
static uint16_t
check_value(const struct of_oxm_field *field, const struct of_oxm_failures *failures,
            const uint8_t *value, const uint8_t *mask, size_t n_bytes)
{
    size_t n_unused = 8u * field->n_bytes - field->bits;

    if (mask) {
        for (size_t i = 0; i < n_bytes; i++) {
            if (value[i] & ~mask[i])
                return failures->bad_wildcards;
        }
    }
    for (size_t i = 0; n_unused && i < n_bytes; i++) {
        size_t n = MIN(n_unused, 8);

        if (value[i] >> (8 - n))
            return failures->bad_value;
        n_unused -= n;
    }
    return 0;
}

/* Makes the object. Returns a failure, or 0 with *object NULL when memory ran out. */
static inline uint16_t
make(struct of_arena *arena, uint8_t version, const struct of_oxm_field *field,
     const struct of_oxm_failures *failures, const uint8_t *value, const uint8_t *mask,
     size_t n_bytes, struct of_object **object)
{
    uint16_t class_id = mask ? field->masked_class_id : field->class_id, failure;
    size_t size;
    uint8_t *to;

    *object = NULL;
    if (class_id == OF_NO_CLASS)
        return failures->bad_mask;
    if (field->variable ? !n_bytes || n_bytes > field->n_bytes : n_bytes != field->n_bytes)
        return failures->bad_len;
    failure = check_value(field, failures, value, mask, n_bytes);
    if (failure)
        return failure;
    /* What is not set here is padding, or beyond a value of variable length. */
    size = of_oxm_value_at(field) + (of_oxm_value_size(field) << !!mask);
    *object = of_arena_alloc_raw(arena, size);
    if (!*object)
        return 0;
    if (field->variable)
        memset(*object, 0, size);
    **object = (struct of_object){class_id, version, field->variable ? (uint8_t)n_bytes : 0};
    to = value_of(field, *object);
    store_value(field, to, value, n_bytes);
    if (mask)
        store_value(field, to + of_oxm_value_size(field), mask, n_bytes);
    return 0;
}

/* The field of that header in this version, among the fields of `root`, or NULL. */
static const struct of_oxm_field *
find_in_version(uint32_t type_len, uint32_t experimenter, uint8_t index, uint16_t root)
{
    const struct of_oxm_field *field = find_field(type_len, experimenter, (uint8_t)(1 << index));

    return field && field->root == root ? field : NULL;
}

int
of_oxm_decode(struct of_decoder *d, struct of_cursor *in, uint16_t root, struct of_object **object)
{
    const struct of_oxm_failures *failures =
        &of_oxm_failures[of_class_infos[root]->oxm_table - 1][d->index];
    const uint8_t *header = of_take(in, HEADER_SIZE), *payload;
    const struct of_oxm_field *field;
    uint32_t type_len, experimenter = 0;
    size_t size;
    bool has_mask;
    uint16_t failure;

    payload = header ? of_take(in, header[3]) : NULL;
    if (!payload)
        return of_fail(d, header ? header : in->p, failures->bad_len);
    type_len = of_get_u32(header);
    size = header[3];
    if (type_len >> 16 == EXPERIMENTER_CLASS) {
        if (size < 4)
            return of_fail(d, header, failures->bad_len);
        experimenter = of_get_u32(payload);
        payload += 4;
        size -= 4;
    }
    field = find_in_version(type_len, experimenter, d->index, root);
    if (!field)
        return of_fail(d, header, failures->bad_type);
    has_mask = type_len & HAS_MASK;
    if (has_mask && size % 2)
        return of_fail(d, header, failures->bad_len);
    size >>= has_mask;
    failure = make(d->arena, d->version, field, failures, payload, has_mask ? payload + size : NULL,
                   size, object);
    return failure ? of_fail(d, header, failure) : *object ? 0 : ENOMEM;
}

static size_t
value_size(const struct of_oxm_field *field, const struct of_object *object)
{
    return field->variable ? MIN(object->n_value, field->n_bytes) : field->n_bytes;
}

int
of_oxm_encode(struct of_encoder *e, const struct of_object *object)
{
    const struct of_oxm_field *field = of_class_infos[object->class_id]->oxm;
    bool has_mask = object->class_id != field->class_id;
    size_t n_bytes = value_size(field, object), id_size = field->experimenter ? 4 : 0;
    size_t size = id_size + (n_bytes << has_mask);
    uint8_t *p;

    if (!(field->versions & 1 << e->index))
        return EINVAL;
    p = of_buf_put_raw(e->buf, HEADER_SIZE + size);
    if (!p)
        return ENOBUFS;
    of_put_u32(p, (field->type_len & 0xfffffe00) | (has_mask ? HAS_MASK : 0) | (uint32_t)size);
    p += HEADER_SIZE;
    if (id_size)
        of_put_u32(p, field->experimenter);
    load_value(field, p + id_size, value_of(field, object), n_bytes);
    if (has_mask)
        load_value(field, p + id_size + n_bytes, value_of(field, object) + of_oxm_value_size(field),
                   n_bytes);
    return 0;
}

int
of_oxm_view(const struct of_object *oxm, struct of_oxm_view *view)
{
    const struct of_oxm_field *field = of_oxm_field_of_class(oxm->class_id);

    if (!field)
        return EINVAL;
    view->has_mask = oxm->class_id != field->class_id;
    view->n_bytes = (uint8_t)value_size(field, oxm);
    view->experimenter = field->experimenter;
    view->type_len = (field->type_len & 0xfffffe00) | (view->has_mask ? HAS_MASK : 0) |
                     ((field->experimenter ? 4u : 0) + ((uint32_t)view->n_bytes << view->has_mask));
    load_value(field, view->value, value_of(field, oxm), view->n_bytes);
    if (view->has_mask)
        load_value(field, view->mask, value_of(field, oxm) + of_oxm_value_size(field),
                   view->n_bytes);
    return 0;
}

struct of_oxm *
of_oxm_from_bytes(struct of_arena *arena, uint8_t version, uint32_t type_len, uint32_t experimenter,
                  const uint8_t *value, const uint8_t *mask, size_t n_bytes, struct of_error *error)
{
    int index = of_version_index(version);
    const struct of_oxm_failures *failures = &of_oxm_failures[0][MAX(index, 0)];
    const struct of_oxm_field *field =
        index < 0 ? NULL : find_in_version(type_len, experimenter, (uint8_t)index, OF_OXM);
    struct of_object *object = NULL;
    uint16_t failure;

    *error = (struct of_error){0};
    failure = field ? make(arena, version, field, failures, value, mask, n_bytes, &object)
                    : failures->bad_type;
    if (failure) {
        const struct of_failure_code *code = &of_failure_codes[failure][MAX(index, 0)];

        *error = (struct of_error){code->type, code->code, 0};
    }
    return (struct of_oxm *)object;
}

static void
print_value(FILE *stream, const struct of_oxm_field *field, const uint8_t *value, size_t n_bytes)
{
    if (field->storage == OF_OXM_IPV4) {
        fprintf(stream, "%u.%u.%u.%u", value[0], value[1], value[2], value[3]);
    } else if (is_number(field)) {
        uint64_t x = 0;

        for (size_t i = 0; i < n_bytes; i++)
            x = x << 8 | value[i];
        fprintf(stream, "%#llx", (unsigned long long)x);
    } else {
        for (size_t i = 0; i < n_bytes; i++)
            fprintf(stream, "%s%02x", i && field->storage == OF_OXM_MAC ? ":" : "", value[i]);
    }
}

void
of_oxm_print(FILE *stream, const struct of_object *object)
{
    const struct of_oxm_field *field = of_class_infos[object->class_id]->oxm;
    struct of_oxm_view view = {0};

    of_oxm_view(object, &view);
    fprintf(stream, "%s=", field->name);
    print_value(stream, field, view.value, view.n_bytes);
    if (view.has_mask) {
        fputc('/', stream);
        print_value(stream, field, view.mask, view.n_bytes);
    }
}
