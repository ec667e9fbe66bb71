/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/of-json.h"

#include <stdio.h>

#include "lib/buf.h"
#include "ofproto/of-codec.h"
#include "ofproto/openflow.h"

static uint64_t
load(const void *member, size_t size)
{
    uint64_t value = 0;

    /* The host's byte order: the significant bytes come first on a little-endian one only. */
    switch (size) {
    case 1:
        return *(const uint8_t *)member;
    case 2: {
        uint16_t u16;

        memcpy(&u16, member, sizeof u16);
        return u16;
    }
    case 4: {
        uint32_t u32;

        memcpy(&u32, member, sizeof u32);
        return u32;
    }
    default:
        memcpy(&value, member, sizeof value);
        return value;
    }
}

static json_t *
json_of_bytes(const uint8_t *data, size_t size, const char *separator)
{
    struct buf text = BUF_INITIALIZER;
    json_t *json;

    for (size_t i = 0; i < size; i++)
        buf_printf(&text, "%s%02x", i ? separator : "", data[i]);
    json = json_string(buf_text(&text));
    buf_destroy(&text);
    return json;
}

/* A string of the peer's need not be UTF-8. */
static json_t *
json_of_string(const char *s)
{
    json_t *json = json_string(s);

    return json ? json : json_of_bytes((const uint8_t *)s, strlen(s), "");
}

static json_t *
json_of_ipv4(uint32_t address)
{
    return json_sprintf("%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
                        address & 255);
}

static json_t *
json_of_flags(const struct of_enum_info *info, uint8_t index, uint64_t value)
{
    json_t *names = json_array();

    for (size_t i = 0; i < info->n_items; i++) {
        const struct of_enum_item *item = &info->items[i];

        if (item->versions >> index & 1 && item->value && (value & item->value) == item->value) {
            json_array_append_new(names, json_string(item->name));
            value &= ~item->value;
        }
    }
    if (value)
        json_array_append_new(names, json_sprintf("%#llx", (unsigned long long)value));
    return names;
}

static json_t *
json_of_uint(const struct of_field_info *field, uint8_t index, uint64_t value)
{
    const struct of_enum_info *info = field->ref ? of_enum_infos[field->ref] : NULL;

    if (info && info->bitmask)
        return json_of_flags(info, index, value);
    for (size_t i = 0; info && i < info->n_items; i++) {
        if (info->items[i].versions >> index & 1 && info->items[i].value == value)
            return json_string(info->items[i].name);
    }
    return json_integer((json_int_t)value);
}

static json_t *
json_of_uints(const struct of_list *list, size_t item_size)
{
    const char *items = (const char *)list->items;
    json_t *array = json_array();

    for (size_t i = 0; i < list->n; i++)
        json_array_append_new(array,
                              json_integer((json_int_t)load(items + i * item_size, item_size)));
    return array;
}

static void add_members(json_t *json, uint16_t class_id, uint8_t index, const char *object);

static json_t *
json_of_part(uint16_t class_id, uint8_t index, const void *part)
{
    json_t *json = json_object();

    add_members(json, class_id, index, part);
    return json;
}

static json_t *
json_of_member(const struct of_field_info *field, uint8_t index, const void *member)
{
    const struct of_octets *octets = member;

    switch ((enum of_field_kind)field->kind) {
    case OF_KIND_UINT:
    case OF_KIND_PORT:
        return json_of_uint(field, index, load(member, field->storage));
    case OF_KIND_IPV4:
        return json_of_ipv4((uint32_t)load(member, 4));
    case OF_KIND_MAC:
        return json_of_bytes(member, 6, ":");
    case OF_KIND_BYTES:
        return json_of_bytes(member, field->storage, "");
    case OF_KIND_STRING:
        return json_of_string(member);
    case OF_KIND_OCTETS:
    case OF_KIND_BITS:
        return json_of_bytes(octets->data, octets->size, "");
    case OF_KIND_PART:
        return json_of_part(field->ref, index, member);
    case OF_KIND_OBJECT:
        return of_json(*(const of_object_pointer *)member);
    case OF_KIND_LIST:
        return of_json_list(member);
    case OF_KIND_UINTS:
    case OF_KIND_PORTS:
        return json_of_uints(member, field->storage);
    }
    return json_null();
}

static void
add_members(json_t *json, uint16_t class_id, uint8_t index, const char *object)
{
    const struct of_class_info *info = of_class_infos[class_id];

    for (size_t i = 0; i < info->n_fields; i++) {
        const struct of_field_info *field = &info->fields[i];

        if (field->versions >> index & 1)
            json_object_set_new(json, field->name,
                                json_of_member(field, index, object + field->offset));
    }
}

/* A match field says its name and value in its own way: name=value. */
static json_t *
json_of_oxm(const struct of_object *object)
{
    char *text = of_object_to_string(object), *equals = text ? strchr(text, '=') : NULL;
    json_t *json = json_object();

    if (equals) {
        *equals = '\0';
        json_object_set_new(json, text, json_of_string(equals + 1));
    }
    free(text);
    return json;
}

json_t *
of_json(const struct of_object *object)
{
    int index = object ? of_version_index(object->version) : -1;
    json_t *json;

    if (index < 0 || object->class_id >= OF_N_CLASSES)
        return json_null();
    if (of_class_infos[object->class_id]->oxm)
        return json_of_oxm(object);
    json = json_pack("{s:s}", "class", of_class_name(object->class_id));
    add_members(json, object->class_id, (uint8_t)index, (const char *)object);
    return json;
}

json_t *
of_json_list(const void *list_)
{
    const struct of_list *list = list_;
    json_t *array = json_array();

    for (size_t i = 0; i < list->n; i++)
        json_array_append_new(array, of_json(list->items[i]));
    return array;
}
