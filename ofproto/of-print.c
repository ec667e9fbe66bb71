/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/of-codec.h"
#include "ofproto/openflow.h"

#include <inttypes.h>
#include <stdlib.h>

static void print_members(FILE *stream, uint16_t class_id, uint8_t index, const char *struct_);

static uint64_t
load_uint(const void *member, size_t size)
{
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    switch (size) {
    case 1:
        return *(const uint8_t *)member;
    case 2:
        memcpy(&u16, member, sizeof u16);
        return u16;
    case 4:
        memcpy(&u32, member, sizeof u32);
        return u32;
    default:
        memcpy(&u64, member, sizeof u64);
        return u64;
    }
}

static const char *
enum_name(const struct of_enum_info *info, uint8_t index, uint64_t value)
{
    for (size_t i = 0; i < info->n_items; i++) {
        if (info->items[i].versions >> index & 1 && info->items[i].value == value)
            return info->items[i].name;
    }
    return NULL;
}

/* FLAG|FLAG|0x100, the rest in hexadecimal. */
static void
print_flags(FILE *stream, const struct of_enum_info *info, uint8_t index, uint64_t value)
{
    const char *separator = "";

    for (size_t i = 0; i < info->n_items; i++) {
        const struct of_enum_item *item = &info->items[i];

        if (item->versions >> index & 1 && item->value && (value & item->value) == item->value) {
            fprintf(stream, "%s%s", separator, item->name);
            separator = "|";
            value &= ~item->value;
        }
    }
    if (value || !*separator)
        fprintf(stream, "%s%#" PRIx64, separator, value);
}

static void
print_uint(FILE *stream, const struct of_field_info *field, uint8_t index, uint64_t value)
{
    const struct of_enum_info *info = field->ref ? of_enum_infos[field->ref] : NULL;
    const char *name = info ? enum_name(info, index, value) : NULL;

    if (name)
        fputs(name, stream);
    else if (info && info->bitmask)
        print_flags(stream, info, index, value);
    else
        fprintf(stream, value > 0xffff ? "%#" PRIx64 : "%" PRIu64, value);
}

static void
print_bytes(FILE *stream, const uint8_t *data, size_t size, const char *separator)
{
    for (size_t i = 0; i < size; i++)
        fprintf(stream, "%s%02x", i ? separator : "", data[i]);
}

/* In quotes; what is not printable ASCII, as \xHH. */
static void
print_string(FILE *stream, const char *s)
{
    fputc('"', stream);
    for (; *s; s++) {
        if (*s >= ' ' && *s <= '~' && *s != '"' && *s != '\\')
            fputc(*s, stream);
        else
            fprintf(stream, "\\x%02x", (unsigned char)*s);
    }
    fputc('"', stream);
}

static void
print_list(FILE *stream, const struct of_list *list)
{
    fputc('[', stream);
    for (size_t i = 0; i < list->n; i++) {
        fputs(i ? ", " : "", stream);
        of_object_print(stream, list->items[i]);
    }
    fputc(']', stream);
}

static void
print_uints(FILE *stream, const struct of_list *list, const struct of_field_info *field)
{
    const char *items = (const char *)list->items;

    fputc('[', stream);
    for (size_t i = 0; i < list->n; i++) {
        fputs(i ? ", " : "", stream);
        fprintf(stream, "%#" PRIx64, load_uint(items + i * field->storage, field->storage));
    }
    fputc(']', stream);
}

static void
print_ipv4(FILE *stream, uint64_t address)
{
    fprintf(stream, "%u.%u.%u.%u", (unsigned int)(address >> 24 & 255),
            (unsigned int)(address >> 16 & 255), (unsigned int)(address >> 8 & 255),
            (unsigned int)(address & 255));
}

static void
print_member(FILE *stream, const struct of_field_info *field, uint8_t index, const void *member)
{
    const struct of_octets *octets = member;

    switch ((enum of_field_kind)field->kind) {
    case OF_KIND_UINT:
    case OF_KIND_PORT:
        print_uint(stream, field, index, load_uint(member, field->storage));
        break;
    case OF_KIND_IPV4:
        print_ipv4(stream, load_uint(member, 4));
        break;
    case OF_KIND_MAC:
        print_bytes(stream, member, 6, ":");
        break;
    case OF_KIND_BYTES:
        print_bytes(stream, member, field->storage, "");
        break;
    case OF_KIND_STRING:
        print_string(stream, member);
        break;
    case OF_KIND_OCTETS:
    case OF_KIND_BITS:
        print_bytes(stream, octets->data, octets->size, "");
        break;
    case OF_KIND_PART:
        fputc('(', stream);
        print_members(stream, field->ref, index, member);
        fputc(')', stream);
        break;
    case OF_KIND_OBJECT:
        of_object_print(stream, *(const of_object_pointer *)member);
        break;
    case OF_KIND_LIST:
        print_list(stream, member);
        break;
    case OF_KIND_UINTS:
    case OF_KIND_PORTS:
        print_uints(stream, member, field);
        break;
    }
}

static bool
is_absent(const struct of_field_info *field, const void *member)
{
    const struct of_octets *octets = member;

    if (field->kind == OF_KIND_OCTETS && !strcmp(field->name, "zero"))
        return !octets->size; /* Padding. */
    if (!field->conditional)
        return false;
    return field->kind == OF_KIND_BITS ? !octets->size
           : field->storage <= 8       ? !load_uint(member, field->storage)
                                       : false;
}

static void
print_members(FILE *stream, uint16_t class_id, uint8_t index, const char *struct_)
{
    const struct of_class_info *info = of_class_infos[class_id];
    const char *separator = "";

    for (size_t i = 0; i < info->n_fields; i++) {
        const struct of_field_info *field = &info->fields[i];

        if (!(field->versions >> index & 1) || is_absent(field, struct_ + field->offset))
            continue;
        fprintf(stream, "%s%s=", separator, field->name);
        print_member(stream, field, index, struct_ + field->offset);
        separator = ", ";
    }
}

void
of_object_print(FILE *stream, const struct of_object *object)
{
    int index = object ? of_version_index(object->version) : -1;

    if (index < 0 || object->class_id >= OF_N_CLASSES) {
        fputs("none", stream);
    } else if (of_class_infos[object->class_id]->oxm) {
        of_oxm_print(stream, object);
    } else {
        fprintf(stream, "%s(", of_class_name(object->class_id));
        print_members(stream, object->class_id, (uint8_t)index, (const char *)object);
        fputc(')', stream);
    }
}

void
of_msg_print(FILE *stream, const struct of_header *msg)
{
    of_object_print(stream, &msg->object);
}

char *
of_object_to_string(const struct of_object *object)
{
    char *string = NULL;
    size_t size;
    FILE *stream = open_memstream(&string, &size);

    if (!stream)
        return NULL;
    of_object_print(stream, object);
    if (fclose(stream)) {
        free(string);
        return NULL;
    }
    return string;
}

const char *
of_error_type_name(uint8_t version, uint16_t type)
{
    int index = of_version_index(version);

    return index < 0 ? NULL
                     : enum_name(of_enum_infos[OF_ENUM_OFP_ERROR_TYPE], (uint8_t)index, type);
}

const char *
of_error_code_name(uint8_t version, uint16_t type, uint16_t code)
{
    int index = of_version_index(version);

    if (index < 0)
        return NULL;
    for (size_t i = 0; i < of_n_error_enums; i++) {
        const struct of_error_enum *e = &of_error_enums[i];

        if (e->versions >> index & 1 && e->type == type)
            return enum_name(of_enum_infos[e->enum_id], (uint8_t)index, code);
    }
    return NULL;
}
