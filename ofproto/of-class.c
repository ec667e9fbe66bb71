/* SPDX-License-Identifier: Apache-2.0 */
/* What any object can do by the tables of its class: be made, copied, named. */
#include "ofproto/of-codec.h"
#include "ofproto/openflow.h"

#include "lib/util.h"

const char *
of_class_name(uint16_t class_id)
{
    return class_id < OF_N_CLASSES ? of_class_infos[class_id]->name : "unknown";
}

bool
of_class_is(uint16_t class_id, uint16_t ancestor)
{
    while (class_id < OF_N_CLASSES && class_id != ancestor)
        class_id = of_class_infos[class_id]->parent;
    return class_id < OF_N_CLASSES;
}

bool
of_class_in_version(uint16_t class_id, uint8_t version)
{
    int index = of_version_index(version);
    const struct of_class_info *info;

    if (index < 0 || class_id >= OF_N_CLASSES)
        return false;
    info = of_class_infos[class_id];
    return info->oxm ? info->oxm->versions >> index & 1 : info->layouts[index] != NULL;
}

struct of_object *
of_object_new(struct of_arena *arena, uint16_t class_id, uint8_t version)
{
    struct of_object *object;

    if (!of_class_in_version(class_id, version) || !of_class_infos[class_id]->size)
        return NULL;
    object = of_arena_alloc(arena, of_class_infos[class_id]->size);
    if (object) {
        object->class_id = class_id;
        object->version = version;
    }
    return object;
}

static bool clone_members(struct of_arena *arena, uint16_t class_id, void *struct_);

static bool
clone_list(struct of_arena *arena, struct of_list *list)
{
    list->items = of_arena_copy(arena, list->items, list->n * sizeof *list->items);
    if (!list->items)
        return false;
    for (size_t i = 0; i < list->n; i++) {
        list->items[i] = of_object_clone(arena, list->items[i]);
        if (!list->items[i])
            return false;
    }
    return true;
}

static bool
clone_octets(struct of_arena *arena, struct of_octets *octets)
{
    octets->data = of_arena_copy(arena, octets->data, octets->size);
    return octets->data;
}

static bool
clone_uints(struct of_arena *arena, struct of_list *list, size_t item_size)
{
    list->items = of_arena_copy(arena, list->items, list->n * item_size);
    return list->items;
}

/* `member` holds a shallow copy; makes it a deep one. */
static bool
clone_member(struct of_arena *arena, const struct of_field_info *field, void *member)
{
    of_object_pointer *pointer = member;

    switch ((enum of_field_kind)field->kind) {
    case OF_KIND_OCTETS:
    case OF_KIND_BITS:
        return clone_octets(arena, member);
    case OF_KIND_PART:
        return clone_members(arena, field->ref, member);
    case OF_KIND_OBJECT:
        return !*pointer || (*pointer = of_object_clone(arena, *pointer));
    case OF_KIND_LIST:
        return clone_list(arena, member);
    case OF_KIND_UINTS:
    case OF_KIND_PORTS:
        return clone_uints(arena, member, field->storage);
    case OF_KIND_UINT:
    case OF_KIND_PORT:
    case OF_KIND_IPV4:
    case OF_KIND_MAC:
    case OF_KIND_BYTES:
    case OF_KIND_STRING:
        break;
    }
    return true;
}

static bool
clone_members(struct of_arena *arena, uint16_t class_id, void *struct_)
{
    const struct of_class_info *info = of_class_infos[class_id];

    for (size_t i = 0; i < info->n_fields; i++) {
        const struct of_field_info *field = &info->fields[i];
        bool again = i && field[-1].offset == field->offset; /* Of other versions. */

        if (!again && !clone_member(arena, field, (char *)struct_ + field->offset))
            return false;
    }
    return true;
}

struct of_object *
of_object_clone(struct of_arena *arena, const struct of_object *object)
{
    struct of_object *copy;

    if (!object || object->class_id >= OF_N_CLASSES)
        return NULL;
    copy = of_arena_copy(arena, object, of_class_infos[object->class_id]->size);
    return copy && clone_members(arena, object->class_id, copy) ? copy : NULL;
}
