/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/of-codec.h"
#include "ofproto/openflow.h"

#include "lib/util.h"

static void
write_uint(uint8_t *p, size_t size, uint64_t value)
{
    switch (size) {
    case 1:
        *p = (uint8_t)value;
        break;
    case 2:
        of_put_u16(p, (uint16_t)value);
        break;
    case 4:
        of_put_u32(p, (uint32_t)value);
        break;
    default:
        of_put_u64(p, value);
    }
}

int
of_encode_patch(struct of_encoder *e, size_t at, size_t size, size_t value)
{
    if (size < sizeof value && value >> 8 * size)
        return EMSGSIZE;
    write_uint(e->buf->data + at, size, value);
    return 0;
}

/* Discriminators and reserved constants, length, trailing padding. */
static int
close_frame(struct of_encoder *e, const struct of_layout *layout, size_t start)
{
    int error = 0;

    for (const struct of_constant *c = layout->constants; c && c->size; c++)
        write_uint(e->buf->data + start + c->offset, c->size, c->value);
    if (layout->frame.length_includes_align)
        error = of_encode_align(e, start, layout->frame.align);
    if (!error && layout->frame.length_size)
        error = of_encode_patch(e, start + layout->frame.length_at, layout->frame.length_size,
                                e->buf->size - start);
    if (!error && !layout->frame.length_includes_align)
        error = of_encode_align(e, start, layout->frame.align);
    return error;
}

int
of_encode_part(struct of_encoder *e, uint16_t class_id, const struct of_object *object)
{
    const struct of_class_info *info = of_class_infos[class_id];
    const struct of_layout *layout = info->layouts[e->index];
    size_t start = e->buf->size;
    int error;

    if (!layout || !layout->encode)
        return EINVAL;
    error = layout->encode(e, object);
    return error ? error : close_frame(e, layout, start);
}

int
of_encode_object(struct of_encoder *e, uint16_t root, const void *object_)
{
    const struct of_object *object = object_;

    if (!object || object->class_id >= OF_N_CLASSES ||
        of_class_infos[object->class_id]->root != of_class_infos[root]->root)
        return EINVAL;
    if (of_class_infos[object->class_id]->oxm)
        return of_oxm_encode(e, object);
    return of_encode_part(e, object->class_id, object);
}

int
of_encode_list(struct of_encoder *e, uint16_t root, const void *list_)
{
    const struct of_list *list = list_;

    for (size_t i = 0; i < list->n; i++) {
        int error = of_encode_object(e, root, list->items[i]);

        if (error)
            return error;
    }
    return 0;
}

static uint64_t
load_uint(const void *items, size_t i, size_t item_size)
{
    switch (item_size) {
    case 1:
        return ((const uint8_t *)items)[i];
    case 2:
        return ((const uint16_t *)items)[i];
    case 4:
        return ((const uint32_t *)items)[i];
    default:
        return ((const uint64_t *)items)[i];
    }
}

int
of_encode_uints(struct of_encoder *e, size_t wire_size, size_t item_size, const void *list_)
{
    const struct of_uints {
        size_t n;
        const void *items;
    } OF_PARENT *list = list_;

    if (list->n > UINT16_MAX)
        return EMSGSIZE;
    for (size_t i = 0; i < list->n; i++) {
        uint64_t value = load_uint(list->items, i, item_size);
        uint8_t *p = of_put(e, wire_size);

        if (!p)
            return ENOBUFS;
        if (wire_size == 2 && item_size == 4 && !of_port_fits_u16((uint32_t)value))
            return ERANGE;
        write_uint(p, wire_size, value);
    }
    return 0;
}

int
of_encode_octets(struct of_encoder *e, const struct of_octets *octets)
{
    return of_encode_octets_in(e, octets, octets->size);
}

int
of_encode_octets_in(struct of_encoder *e, const struct of_octets *octets, size_t size)
{
    uint8_t *p;

    if (octets->size > size)
        return EINVAL;
    if (size > UINT16_MAX)
        return EMSGSIZE;
    p = of_put(e, size);
    if (!p)
        return ENOBUFS;
    if (octets->size)
        memcpy(p, octets->data, octets->size);
    return 0;
}

int
of_encode_align(struct of_encoder *e, size_t start, size_t align)
{
    size_t size = e->buf->size - start;

    return of_put(e, ROUND_UP(size, align) - size) ? 0 : ENOBUFS;
}

/* Entry points. */

static bool
start(struct of_encoder *e, uint8_t version, struct of_buf *out)
{
    int index = of_version_index(version);

    *e = (struct of_encoder){out, version, (uint8_t)MAX(index, 0)};
    /* A pointer to nothing could not be told from a failure. */
    return index >= 0 && !of_buf_reserve(out, 1);
}

int
of_object_encode(const struct of_object *object, struct of_buf *out)
{
    size_t old_size = out->size;
    struct of_encoder e;
    int error;

    if (of_version_index(object->version) < 0 || object->class_id >= OF_N_CLASSES)
        return EINVAL;
    if (!start(&e, object->version, out))
        return ENOBUFS;
    error = of_encode_object(&e, object->class_id, object);
    if (error)
        out->size = old_size;
    return error;
}

int
of_msg_encode(const struct of_header *msg, struct of_buf *out)
{
    return of_class_is(msg->object.class_id, OF_HEADER) ? of_object_encode(&msg->object, out)
                                                        : EINVAL;
}

int
of_msg_validate(const struct of_header *msg)
{
    struct of_buf scratch = OF_BUF_INITIALIZER;
    int error = of_msg_encode(msg, &scratch);

    of_buf_destroy(&scratch);
    return error;
}

int
of_list_encode(uint16_t class_id, uint8_t version, const void *list, struct of_buf *out)
{
    size_t old_size = out->size;
    struct of_encoder e;
    int error;

    if (of_version_index(version) < 0 || class_id >= OF_N_CLASSES)
        return EINVAL;
    if (!start(&e, version, out))
        return ENOBUFS;
    error = of_encode_list(&e, class_id, list);
    if (error)
        out->size = old_size;
    return error;
}

#define FIRST_NICIRA_CODE 256 /* Of errors in 1.0. */
#define NICIRA_ID 0x2320u

/* An error that 1.0 has no code for: Nicira's wrapper around type and code. */
static int
encode_vendor_error(const struct of_error *error, uint32_t xid, struct of_octets data,
                    struct of_buf *out)
{
    struct of_nicira_vendor_error_msg msg = {
        .object = {.class_id = OF_NICIRA_VENDOR_ERROR_MSG, .version = OF_VERSION_10},
        .xid = xid,
        .err_type = OFPET_NX_VENDOR,
        .experimenter = NICIRA_ID,
        .vendor_type = error->type,
        .vendor_code = error->code,
        .data = data,
    };

    return of_object_encode(&msg.object, out);
}

int
of_error_encode(const struct of_error *error, uint8_t version, const uint8_t *bytes, size_t size,
                struct of_buf *out)
{
    struct of_error_msg msg = {
        .object = {.class_id = OF_ERROR_MSG, .version = version},
        .xid = size >= 8 ? of_get_u32(bytes + 4) : 0,
        .err_type = error->type,
        .code = error->code,
        .data = {bytes, MIN(size, (size_t)OF_ERROR_DATA_MAX)},
    };

    if (of_version_index(version) < 0)
        msg.object.version = OF_VERSION_10;
    if (msg.object.version == OF_VERSION_10 &&
        (error->code >= FIRST_NICIRA_CODE || error->type > OFPET_QUEUE_OP_FAILED_V10))
        return encode_vendor_error(error, msg.xid, msg.data, out);
    return of_object_encode(&msg.object, out);
}
