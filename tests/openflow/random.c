/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/openflow/random.h"

#include <stdlib.h>

#include "lib/util.h"
#include "ofproto/of-codec.h"

enum { MAX_DEPTH = 5, MAX_ITEMS = 4 };

struct maker {
    struct of_arena *arena;
    uint64_t state;
    uint8_t version, index;
    unsigned int depth;
};

static struct of_object *make(struct maker *m, uint16_t root);
static void fill(struct maker *m, uint16_t class_id, void *struct_);

/* Marsaglia's xorshift64*. */
static uint64_t
next(struct maker *m)
{
    m->state ^= m->state >> 12;
    m->state ^= m->state << 25;
    m->state ^= m->state >> 27;
    return m->state * UINT64_C(2685821657736338717);
}

static size_t
below(struct maker *m, size_t n)
{
    return (size_t)((next(m) >> 32) * n >> 32);
}

static void *
allocate(struct maker *m, size_t size)
{
    void *p = of_arena_alloc(m->arena, size);

    if (!p)
        abort();
    return p;
}

static void
random_bytes(struct maker *m, void *data, size_t size)
{
    uint8_t *p = data;

    for (size_t i = 0; i < size; i++)
        p[i] = (uint8_t)(next(m) >> 56);
}

static void
store(void *member, size_t size, uint64_t value)
{
    uint16_t u16 = (uint16_t)value;
    uint32_t u32 = (uint32_t)value;

    switch (size) {
    case 1:
        *(uint8_t *)member = (uint8_t)value;
        break;
    case 2:
        memcpy(member, &u16, sizeof u16);
        break;
    case 4:
        memcpy(member, &u32, sizeof u32);
        break;
    default:
        memcpy(member, &value, sizeof value);
    }
}

/* A constant of the enum in this version, or flags of it. */
static bool
random_enum(struct maker *m, const struct of_enum_info *info, uint64_t *value)
{
    size_t n = 0;

    *value = 0;
    for (size_t i = 0; i < info->n_items; i++) {
        const struct of_enum_item *item = &info->items[i];

        if (!(item->versions >> m->index & 1))
            continue;
        n++;
        if (info->bitmask)
            *value |= next(m) >> 63 ? item->value : 0;
        else if (!below(m, n))
            *value = item->value;
    }
    return n;
}

static uint64_t
random_uint(struct maker *m, size_t wire_size)
{
    uint64_t value = next(m);

    if (!below(m, 8))
        value = below(m, 2) ? below(m, 16) : UINT64_MAX;
    return wire_size < 8 ? value & ((UINT64_C(1) << 8 * wire_size) - 1) : value;
}

static uint32_t
random_port(struct maker *m, size_t wire_size)
{
    uint64_t value = random_uint(m, wire_size);

    return (uint32_t)(wire_size == 2 && value >= 0xff00 ? value | 0xffff0000 : value);
}

/* The discriminator of an open class must not be that of a child: children have low ones and the
 * highest. */
static uint64_t
random_unknown(struct maker *m, size_t wire_size)
{
    return (UINT64_C(0x40) << 8 * (wire_size - 1)) + below(m, 32);
}

static void
random_value(struct maker *m, const struct of_field_info *field, bool is_open, void *member)
{
    uint64_t value;

    if (is_open)
        value = random_unknown(m, field->wire);
    else if (!field->ref || !random_enum(m, of_enum_infos[field->ref], &value))
        value =
            field->kind == OF_KIND_PORT ? random_port(m, field->wire) : random_uint(m, field->wire);
    store(member, field->storage, value);
}

static void
random_octets(struct maker *m, struct of_octets *octets)
{
    uint8_t *data;

    octets->size = below(m, 25);
    octets->data = data = allocate(m, octets->size);
    random_bytes(m, data, octets->size);
}

static void
random_string(struct maker *m, char *s, size_t size)
{
    size_t n = below(m, MIN(size, 20) + 1);

    for (size_t i = 0; i < n; i++)
        s[i] = (char)(' ' + below(m, 95));
}

/* Is there an OXM of this field in the list? */
static bool
is_duplicate(const struct of_list *list, const struct of_object *object)
{
    const struct of_oxm_field *field = of_oxm_field_of_class(object->class_id);

    for (size_t i = 0; field && i < list->n; i++) {
        if (of_oxm_field_of_class(list->items[i]->class_id) == field)
            return true;
    }
    return false;
}

static void
random_list(struct maker *m, uint16_t root, struct of_list *list)
{
    size_t n = m->depth < MAX_DEPTH ? below(m, MAX_ITEMS) : 0;

    list->n = 0;
    list->items = allocate(m, MAX_ITEMS * sizeof *list->items);
    for (size_t i = 0; i < n; i++) {
        struct of_object *object = make(m, root);

        if (object && !is_duplicate(list, object))
            list->items[list->n++] = object;
    }
}

static void
random_uints(struct maker *m, const struct of_field_info *field, struct of_list *list)
{
    char *items = allocate(m, MAX_ITEMS * sizeof(uint64_t));

    list->n = below(m, MAX_ITEMS);
    list->items = (of_object_pointer *)items;
    for (size_t i = 0; i < list->n; i++) {
        uint64_t value = field->kind == OF_KIND_PORTS ? random_port(m, field->wire)
                                                      : random_uint(m, field->wire);

        store(items + i * field->storage, field->storage, value);
    }
}

static void
fill_member(struct maker *m, const struct of_field_info *field, bool is_open, void *member)
{
    switch ((enum of_field_kind)field->kind) {
    case OF_KIND_UINT:
    case OF_KIND_PORT:
    case OF_KIND_IPV4:
        random_value(m, field, is_open, member);
        break;
    case OF_KIND_MAC:
    case OF_KIND_BYTES:
        random_bytes(m, member, field->storage);
        break;
    case OF_KIND_STRING:
        random_string(m, member, field->storage);
        break;
    case OF_KIND_OCTETS:
        random_octets(m, member);
        break;
    case OF_KIND_BITS: /* As many zero bytes as the other member says. */
        break;
    case OF_KIND_PART:
        fill(m, field->ref, member);
        break;
    case OF_KIND_OBJECT:
        *(of_object_pointer *)member = make(m, field->ref);
        break;
    case OF_KIND_LIST:
        random_list(m, field->ref, member);
        break;
    case OF_KIND_UINTS:
    case OF_KIND_PORTS:
        random_uints(m, field, member);
        break;
    }
}

static void
fill(struct maker *m, uint16_t class_id, void *struct_)
{
    const struct of_class_info *info = of_class_infos[class_id];
    bool is_open = info->layouts[m->index]->classify;

    for (size_t i = 0; i < info->n_fields; i++) {
        const struct of_field_info *field = &info->fields[i];

        if (field->versions >> m->index & 1)
            fill_member(m, field, is_open, (char *)struct_ + field->offset);
    }
}

static struct of_object *
make_oxm(struct maker *m, uint16_t class_id)
{
    const struct of_oxm_field *field = of_class_infos[class_id]->oxm;
    uint8_t value[OF_OXM_MAX_BYTES], mask[OF_OXM_MAX_BYTES];
    size_t n = field->variable ? 1 + below(m, field->n_bytes) : field->n_bytes;
    size_t n_unused = 8u * field->n_bytes - field->bits;
    bool has_mask = class_id != field->class_id;
    struct of_object *object = of_object_new(m->arena, class_id, m->version);
    uint8_t *to;
    struct of_error error;

    random_bytes(m, value, n);
    random_bytes(m, mask, n);
    for (size_t i = 0; i < n; i++, n_unused -= MIN(n_unused, 8)) {
        value[i] &= (uint8_t)(0xff >> MIN(n_unused, 8)) & (has_mask ? mask[i] : 0xff);
    }
    if (of_class_infos[class_id]->root == OF_OXM)
        return (struct of_object *)of_oxm_from_bytes(m->arena, m->version, field->type_len,
                                                     field->experimenter, value,
                                                     has_mask ? mask : NULL, n, &error);
    to = (uint8_t *)object + of_oxm_value_at(field);
    memcpy(to, value, n);
    return object;
}

/* A class that is `root` or below it, that this version has and that can be made. */
static uint16_t
choose(struct maker *m, uint16_t root)
{
    uint16_t chosen = OF_NO_CLASS;
    size_t n = 0;

    for (uint16_t id = 0; id < OF_N_CLASSES; id++) {
        if (of_class_infos[id]->root == of_class_infos[root]->root && of_class_infos[id]->size &&
            of_class_in_version(id, m->version) && of_class_is(id, root) && !below(m, ++n))
            chosen = id;
    }
    return chosen;
}

static struct of_object *
make(struct maker *m, uint16_t root)
{
    uint16_t class_id = choose(m, root);
    struct of_object *object;

    if (class_id == OF_NO_CLASS)
        return NULL;
    if (of_class_infos[class_id]->oxm)
        return make_oxm(m, class_id);
    object = of_object_new(m->arena, class_id, m->version);
    if (!object)
        abort();
    m->depth++;
    fill(m, class_id, object);
    m->depth--;
    return object;
}

struct of_object *
of_random_object(uint64_t seed, uint8_t version, uint16_t class_id, struct of_arena *arena)
{
    struct maker m = {
        .arena = arena,
        .state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15),
        .version = version,
        .index = (uint8_t)of_version_index(version),
    };

    return make(&m, class_id);
}
