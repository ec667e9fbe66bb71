/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/hello.h"

#include <errno.h>
#include <stdio.h>

#include "lib/util.h"
#include "ofproto/openflow.h"

/* The highest bit, which is not 0. */
static uint8_t
highest(uint32_t versions)
{
    return (uint8_t)(31 - __builtin_clz(versions));
}

int
of_hello_make(uint32_t versions, struct of_buf *out)
{
    struct of_hello_elem_versionbitmap bitmap = {.object.class_id = OF_HELLO_ELEM_VERSIONBITMAP,
                                                 .bitmaps = {1, &versions}};
    struct of_hello_elem *elements[] = {(struct of_hello_elem *)&bitmap};
    struct of_hello hello = {.object.class_id = OF_HELLO};

    versions &= OF_HELLO_ALL_VERSIONS;
    if (!versions)
        return EINVAL;
    hello.object.version = highest(versions);
    if (hello.object.version >= OF_VERSION_13)
        hello.elements = (struct of_hello_elem_list){1, elements};
    return of_object_encode(&hello.object, out);
}

/* The versions that the peer's bitmap names, or 0 when it has sent none. */
static uint32_t
bitmap_of(const struct of_hello *hello)
{
    for (size_t i = 0; i < hello->elements.n; i++) {
        const struct of_hello_elem *element = hello->elements.items[i];
        const struct of_hello_elem_versionbitmap *bitmap = (const void *)element;

        if (element->object.class_id == OF_HELLO_ELEM_VERSIONBITMAP && bitmap->bitmaps.n)
            return bitmap->bitmaps.items[0];
    }
    return 0;
}

/* A HELLO reads alike in every version from 1.3 on, and one of an earlier version has nothing that
 * counts behind its header, so all are read as 1.3's. */
static int
read_hello(struct of_arena *arena, const uint8_t *bytes, size_t size, uint32_t *bitmap,
           struct of_error *error)
{
    uint8_t *copy = of_arena_copy(arena, bytes, size);
    struct of_header *msg;
    int result;

    *bitmap = 0;
    if (!copy)
        return ENOMEM;
    if (size)
        copy[0] = OF_VERSION_13;
    result = of_msg_decode(arena, copy, size, &msg, error);
    if (!result && msg->object.class_id != OF_HELLO) {
        *error = (struct of_error){OFPET_BAD_REQUEST, OFPBRC_BAD_TYPE, 1};
        return EBADMSG;
    }
    if (result == EBADMSG && size >= 8 && bytes[0] < OF_VERSION_13 && bytes[1] == 0)
        return 0;
    if (!result)
        *bitmap = bitmap_of((const struct of_hello *)msg);
    return result;
}

static void
refuse(uint32_t versions, const uint8_t *bytes, size_t size, struct of_buf *reply)
{
    static const char *const names[] = {[1] = " 1.0", [4] = " 1.3", [5] = " 1.4", [6] = " 1.5"};
    struct of_error_msg msg = {
        .object = {OF_ERROR_MSG, MIN(bytes[0], highest(versions)), 0},
        .xid = size >= 8 ? (uint32_t)bytes[4] << 24 | (uint32_t)bytes[5] << 16 |
                               (uint32_t)bytes[6] << 8 | bytes[7]
                         : 0,
        .err_type = OFPET_HELLO_FAILED,
        .code = OFPHFC_INCOMPATIBLE,
    };
    char text[64] = "versions here:";

    for (size_t v = 0; v < ARRAY_SIZE(names); v++) {
        if (versions >> v & 1 && names[v])
            strcat(text, names[v]);
    }
    msg.data = (struct of_octets){(const uint8_t *)text, strlen(text)};
    if (!(OF_HELLO_ALL_VERSIONS >> msg.object.version & 1))
        msg.object.version = OF_VERSION_10;
    of_object_encode(&msg.object, reply);
}

int
of_hello_negotiate(uint32_t versions, const uint8_t *bytes, size_t size, uint8_t *version,
                   struct of_buf *reply)
{
    uint8_t buf[1024];
    struct of_arena arena;
    struct of_error error;
    uint32_t bitmap, common;
    int result;

    versions &= OF_HELLO_ALL_VERSIONS;
    if (!versions)
        return EINVAL;
    of_arena_init(&arena, buf, sizeof buf);
    result = read_hello(&arena, bytes, size, &bitmap, &error);
    of_arena_destroy(&arena);
    if (result == EBADMSG)
        of_error_encode(&error, size ? bytes[0] : OF_VERSION_10, bytes, size, reply);
    if (result)
        return result;
    if (!bitmap)
        bitmap = 1u << MIN(bytes[0], highest(versions));
    common = versions & bitmap;
    if (!common) {
        refuse(versions, bytes, size, reply);
        return EPROTONOSUPPORT;
    }
    *version = highest(common);
    return 0;
}
