/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/of-codec.h"
#include "ofproto/openflow.h"

#include "lib/util.h"

int
of_fail(struct of_decoder *d, const uint8_t *where, uint16_t failure)
{
    d->failure = failure;
    d->offset = (uint32_t)(where - d->message);
    return EBADMSG;
}

int
of_short(struct of_decoder *d, const struct of_cursor *in)
{
    return of_fail(d, in->p, OF_FAIL_NONE);
}

static size_t
read_uint(const uint8_t *p, size_t size)
{
    return size == 2 ? of_get_u16(p) : size == 4 ? of_get_u32(p) : p[0];
}

/* Cuts the object at outer->p out of `outer`. */
static int
open_frame(struct of_decoder *d, struct of_cursor *outer, const struct of_layout *layout,
           struct of_cursor *body)
{
    size_t left = of_left(outer), size, padded;

    body->start = body->p = outer->p;
    body->end = outer->end;
    if (left < layout->frame.min_size)
        return of_fail(d, outer->p, layout->bad_len);
    if (!layout->frame.length_size)
        return 0;
    size = read_uint(outer->p + layout->frame.length_at, layout->frame.length_size);
    if (size < layout->frame.min_size || size > left ||
        (layout->frame.length_includes_align && size % layout->frame.align))
        return of_fail(d, outer->p, layout->bad_len);
    padded = layout->frame.length_includes_align ? size : ROUND_UP(size, layout->frame.align);
    if (padded > left)
        return of_fail(d, outer->p, layout->bad_len);
    body->end = outer->p + size;
    outer->p += padded;
    return 0;
}

/* A wrong length gets the layout's code; an error inside some objects has a code of theirs
 * (OFPBAC_BAD_SET_TYPE). */
static void
translate(struct of_decoder *d, const struct of_layout *layout)
{
    if (d->failure == OF_FAIL_NONE)
        d->failure = layout->bad_len;
    for (const struct of_translation *t = layout->translations; t && t->from; t++) {
        if (t->from == d->failure) {
            d->failure = t->to;
            return;
        }
    }
}

static int
decode_body(struct of_decoder *d, const struct of_layout *layout, struct of_cursor *outer,
            struct of_cursor *body, struct of_object *object)
{
    size_t slack = layout->frame.length_includes_align ? layout->frame.align - 1u : 0;
    int error;

    if (of_left(body) < layout->frame.min_size)
        return of_fail(d, body->p, layout->bad_len);
    error = layout->decode(d, body, object);
    if (error) {
        translate(d, layout);
        return error;
    }
    if (!layout->frame.length_size)
        outer->p = body->p;
    else if (of_left(body) > slack)
        return of_fail(d, body->p, layout->bad_len);
    return 0;
}

static int
decode_root(struct of_decoder *d, struct of_cursor *in, uint16_t root, struct of_object **object)
{
    const struct of_class_info *info = of_class_infos[root];
    const struct of_layout *layout = info->layouts[d->index];
    struct of_cursor body;
    int class_id = root, error;

    error = open_frame(d, in, layout, &body);
    if (error)
        return error;
    if (root == OF_HEADER && body.p[0] != d->version)
        return of_fail(d, body.p, OF_FAIL_BAD_VERSION);
    if (layout->classify) {
        class_id = layout->classify(&body);
        if (class_id < 0)
            return of_fail(d, body.p, (uint16_t)-class_id);
        info = of_class_infos[class_id];
        layout = info->layouts[d->index];
    }
    *object = of_arena_alloc(d->arena, info->size);
    if (!*object)
        return ENOMEM;
    (*object)->class_id = (uint16_t)class_id;
    (*object)->version = d->version;
    return decode_body(d, layout, in, &body, *object);
}

int
of_decode_object(struct of_decoder *d, struct of_cursor *in, uint16_t root, void *object)
{
    struct of_object *result = NULL;
    int error;

    if (of_class_infos[root]->oxm_table) {
        error = of_oxm_decode(d, in, root, &result);
    } else if (d->depth >= OF_MAX_DEPTH) {
        error = of_fail(d, in->p, of_class_infos[root]->layouts[d->index]->bad_len);
    } else {
        d->depth++;
        error = decode_root(d, in, root, &result);
        d->depth--;
    }
    *(of_object_pointer *)object = result;
    return error;
}

int
of_decode_part(struct of_decoder *d, struct of_cursor *in, uint16_t class_id,
               struct of_object *object)
{
    const struct of_layout *layout = of_class_infos[class_id]->layouts[d->index];
    struct of_cursor body;
    int error = open_frame(d, in, layout, &body);

    if (error)
        return error;
    object->class_id = class_id;
    object->version = d->version;
    return decode_body(d, layout, in, &body, object);
}

static size_t
min_element(const struct of_decoder *d, uint16_t root)
{
    return MAX(of_class_infos[root]->layouts[d->index]->frame.min_size, 1);
}

/* Is what remains padding: less than `slack` bytes, zero or less than an element? */
static bool
is_padding(const struct of_cursor *in, size_t slack, size_t min_size)
{
    size_t left = of_left(in);

    if (!left || left >= slack)
        return !left;
    for (size_t i = 0; i < left && left >= min_size; i++) {
        if (in->p[i])
            return false;
    }
    return true;
}

static int
decode_oxms(struct of_decoder *d, struct of_cursor *in, uint16_t root, struct of_list *list)
{
    for (; in->p < in->end; list->n++) {
        int error = of_oxm_decode(d, in, root, &list->items[list->n]);

        if (error)
            return error;
    }
    return 0;
}

int
of_decode_list(struct of_decoder *d, struct of_cursor *in, uint16_t root, size_t slack, void *list_)
{
    struct of_list *list = list_;
    size_t min_size = min_element(d, root);

    list->n = 0;
    list->items = NULL;
    if (is_padding(in, slack, min_size))
        return 0;
    list->items =
        of_arena_alloc(d->arena, DIV_ROUND_UP(of_left(in), min_size) * sizeof *list->items);
    if (!list->items)
        return ENOMEM;
    if (of_class_infos[root]->oxm_table && !slack)
        return decode_oxms(d, in, root, list);
    while (!is_padding(in, slack, min_size)) {
        int error = of_decode_object(d, in, root, &list->items[list->n]);

        if (error)
            return error;
        list->n++;
    }
    return 0;
}

int
of_decode_n(struct of_decoder *d, struct of_cursor *in, uint16_t root, size_t n, void *list_)
{
    struct of_list *list = list_;

    list->n = 0;
    if (n > of_left(in) / min_element(d, root))
        return of_fail(d, in->p, of_class_infos[root]->layouts[d->index]->bad_len);
    list->items = of_arena_alloc_raw(d->arena, n * sizeof *list->items);
    if (!list->items)
        return ENOMEM;
    for (; list->n < n; list->n++) {
        int error = of_decode_object(d, in, root, &list->items[list->n]);

        if (error)
            return error;
    }
    return 0;
}

static void
store_uint(void *items, size_t i, size_t item_size, uint64_t value)
{
    switch (item_size) {
    case 1:
        ((uint8_t *)items)[i] = (uint8_t)value;
        break;
    case 2:
        ((uint16_t *)items)[i] = (uint16_t)value;
        break;
    case 4:
        ((uint32_t *)items)[i] = (uint32_t)value;
        break;
    default:
        ((uint64_t *)items)[i] = value;
    }
}

int
of_decode_uints(struct of_decoder *d, struct of_cursor *in, size_t wire_size, size_t item_size,
                size_t n, void *list_)
{
    struct of_uints {
        size_t n;
        void *items;
    } OF_PARENT *list = list_;

    if (n > of_left(in) / wire_size)
        return of_short(d, in);
    list->items = of_arena_alloc_raw(d->arena, n * item_size);
    if (!list->items)
        return ENOMEM;
    for (list->n = 0; list->n < n; list->n++) {
        const uint8_t *p = of_take(in, wire_size);

        store_uint(list->items, list->n, item_size,
                   wire_size == 8                     ? of_get_u64(p)
                   : wire_size == 2 && item_size == 4 ? of_get_port16(p)
                                                      : read_uint(p, wire_size));
    }
    return 0;
}

int
of_decode_part_size(struct of_decoder *d, struct of_cursor *in, size_t size, struct of_cursor *part)
{
    part->start = part->p = of_take(in, size);
    if (!part->p)
        return of_short(d, in);
    part->end = part->p + size;
    return 0;
}

int
of_decode_end(struct of_decoder *d, const struct of_cursor *in)
{
    return in->p == in->end ? 0 : of_short(d, in);
}

int
of_decode_align(struct of_decoder *d, struct of_cursor *in, size_t align)
{
    size_t done = (size_t)(in->p - in->start);

    return of_take(in, ROUND_UP(done, align) - done) ? 0 : of_short(d, in);
}

bool
of_enum_has(uint16_t enum_id, uint8_t index, uint64_t value)
{
    const struct of_enum_info *info = of_enum_infos[enum_id];
    uint64_t rest = value;

    for (size_t i = 0; i < info->n_items; i++) {
        const struct of_enum_item *item = &info->items[i];

        if (!(item->versions & 1 << index))
            continue;
        if (info->bitmask)
            rest &= ~item->value;
        else if (item->value == value)
            return true;
    }
    return info->bitmask && !rest;
}

int
of_check_unique(struct of_decoder *d, const struct of_cursor *in, const void *list_,
                uint16_t failure)
{
    const struct of_list *list = list_;
    uint64_t seen[DIV_ROUND_UP(OF_N_OXM_FIELDS, 64)] = {0};

    for (size_t i = 0; i < list->n; i++) {
        /* With and without mask it is one field. */
        size_t n = (size_t)(of_class_infos[list->items[i]->class_id]->oxm - of_oxm_fields);

        if (seen[n / 64] & UINT64_C(1) << n % 64)
            return of_fail(d, in->start, failure);
        seen[n / 64] |= UINT64_C(1) << n % 64;
    }
    return 0;
}

/* Entry points. */

static int
finish(const struct of_decoder *d, int result, struct of_error *error)
{
    if (result == EBADMSG) {
        const struct of_failure_code *code = &of_failure_codes[d->failure][d->index];

        *error = (struct of_error){code->type, code->code, d->offset};
    }
    return result;
}

static bool
start(struct of_decoder *d, struct of_cursor *in, struct of_arena *arena, uint8_t version,
      const uint8_t *bytes, size_t size, struct of_error *error)
{
    int index = of_version_index(version);

    *error = (struct of_error){0};
    *d = (struct of_decoder){.arena = arena, .message = bytes, .version = version};
    *in = (struct of_cursor){bytes, bytes, bytes + size};
    d->index = (uint8_t)MAX(index, 0);
    return index >= 0;
}

/* Nothing may follow the object that was asked for. */
static int
end(struct of_decoder *d, const struct of_cursor *in, uint16_t class_id)
{
    const struct of_class_info *info = of_class_infos[class_id];

    return in->p == in->end
               ? 0
               : of_fail(d, in->p, of_class_infos[info->root]->layouts[d->index]->bad_len);
}

int
of_msg_decode(struct of_arena *arena, const uint8_t *bytes, size_t size, struct of_header **msg,
              struct of_error *error)
{
    struct of_decoder d;
    struct of_cursor in;
    int result;

    *msg = NULL;
    if (!start(&d, &in, arena, size ? bytes[0] : OF_VERSION_10, bytes, size, error))
        return finish(&d, of_fail(&d, bytes, OF_FAIL_BAD_VERSION), error);
    result = of_decode_object(&d, &in, OF_HEADER, msg);
    if (!result)
        result = end(&d, &in, OF_HEADER);
    if (result)
        *msg = NULL;
    return finish(&d, result, error);
}

uint16_t
of_msg_class(const uint8_t *bytes, size_t size)
{
    const struct of_cursor in = {bytes, bytes, bytes + size};
    int index = size < sizeof(uint64_t) ? -1 : of_version_index(bytes[0]);
    int class_id = index < 0 ? -1 : of_class_infos[OF_HEADER]->layouts[index]->classify(&in);

    return class_id < 0 ? OF_HEADER : (uint16_t)class_id;
}

int
of_object_decode(struct of_arena *arena, uint16_t class_id, uint8_t version, const uint8_t *bytes,
                 size_t size, struct of_object **object, struct of_error *error)
{
    struct of_decoder d;
    struct of_cursor in;
    int result;

    *object = NULL;
    if (!start(&d, &in, arena, version, bytes, size, error) ||
        !of_class_in_version(class_id, version))
        return EINVAL;
    result = of_decode_object(&d, &in, class_id, object);
    if (!result)
        result = end(&d, &in, class_id);
    if (result)
        *object = NULL;
    return finish(&d, result, error);
}

int
of_list_decode(struct of_arena *arena, uint16_t class_id, uint8_t version, const uint8_t *bytes,
               size_t size, void *list, struct of_error *error)
{
    struct of_decoder d;
    struct of_cursor in;

    if (!start(&d, &in, arena, version, bytes, size, error) ||
        !of_class_in_version(class_id, version))
        return EINVAL;
    return finish(&d, of_decode_list(&d, &in, class_id, 0, list), error);
}
