/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/layout.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <unistd.h>

#include "datapath/abi.h"
#include "lib/util.h"

#define MAGIC 0x314c6853 /* "ShL1" */
#define MAX_COMMON 16

/* The pinned bytes. */
struct header {
    uint32_t magic;
    uint32_t n_common;
    uint32_t common[MAX_COMMON];
    uint32_t btf_size;
    uint32_t zero;
};

struct layout {
    struct header header;
    struct btf *btf;
};

static const uint32_t common_words[] = {
#define X(i, word) [i] = word,
    DP_COMMON_WORDS(X)
#undef X
};
_Static_assert(ARRAY_SIZE(common_words) <= MAX_COMMON, "room for them");

static int
layout_create(const struct header *header, const void *btf, struct layout **layoutp)
{
    struct layout *layout = xcalloc(1, sizeof *layout);

    layout->header = *header;
    layout->btf = btf__new(btf, header->btf_size);
    if (!layout->btf) {
        free(layout);
        return EINVAL;
    }
    *layoutp = layout;
    return 0;
}

int
layout_of_build(const struct btf *btf, struct layout **layout)
{
    struct header header = {.magic = MAGIC, .n_common = ARRAY_SIZE(common_words)};
    const void *data = btf__raw_data(btf, &header.btf_size);

    memcpy(header.common, common_words, sizeof common_words);
    return data ? layout_create(&header, data, layout) : ENOMEM;
}

int
layout_load(const char *path, struct layout **layoutp)
{
    int fd = bpf_obj_get(path), error;
    struct bpf_map_info info = {0};
    uint32_t size = sizeof info, zero = 0;
    struct header *header;

    if (fd < 0)
        return errno;
    error = bpf_obj_get_info_by_fd(fd, &info, &size) ? errno : 0;
    header = xcalloc(1, MAX(info.value_size, sizeof *header));
    if (!error && bpf_map_lookup_elem(fd, &zero, header))
        error = errno;
    if (!error && (header->magic != MAGIC || header->n_common > MAX_COMMON ||
                   header->btf_size > info.value_size - sizeof *header))
        error = EINVAL;
    if (!error)
        error = layout_create(header, header + 1, layoutp);
    free(header);
    close(fd);
    return error;
}

int
layout_pin(const struct layout *layout, const char *path)
{
    uint32_t zero = 0, size = sizeof layout->header + layout->header.btf_size, btf_size;
    int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "layout", 4, size, 1, NULL), error = 0;
    struct header *header;

    if (fd < 0)
        return errno;
    header = xcalloc(1, size);
    *header = layout->header;
    memcpy(header + 1, btf__raw_data(layout->btf, &btf_size), layout->header.btf_size);
    if (bpf_map_update_elem(fd, &zero, header, BPF_ANY) || bpf_obj_pin(fd, path))
        error = errno;
    free(header);
    close(fd);
    return error;
}

void
layout_free(struct layout *layout)
{
    if (layout)
        btf__free(layout->btf);
    free(layout);
}

uint32_t
layout_common_word(const struct layout *layout, uint32_t i)
{
    return layout->header.common[i];
}

uint32_t
layout_n_common(const struct layout *layout)
{
    return layout->header.n_common;
}

/* ---- Members ---- */
static const struct btf_type *
find_struct(const struct layout *layout, const char *name)
{
    int id = btf__find_by_name_kind(layout->btf, name, BTF_KIND_STRUCT);

    return id > 0 ? btf__type_by_id(layout->btf, (uint32_t)id) : NULL;
}

size_t
layout_struct_size(const struct layout *layout, const char *struct_name)
{
    const struct btf_type *type = find_struct(layout, struct_name);

    return type ? type->size : 0;
}

static struct layout_place
place_of(const struct layout *layout, const struct btf_type *type, int i)
{
    int64_t size = btf__resolve_size(layout->btf, btf_members(type)[i].type);

    return (struct layout_place){btf_member_bit_offset(type, (uint32_t)i) / 8,
                                 size > 0 ? (size_t)size : 0};
}

struct layout_place
layout_find(const struct layout *layout, const char *struct_name, const char *member)
{
    const struct btf_type *type = find_struct(layout, struct_name);

    for (int i = 0; type && i < btf_vlen(type); i++) {
        if (!strcmp(btf__name_by_offset(layout->btf, btf_members(type)[i].name_off), member))
            return place_of(layout, type, i);
    }
    return (struct layout_place){0, 0};
}

void
layout_plan(struct layout_plan *plan, const struct layout *to, const struct layout *from,
            const char *struct_name)
{
    const struct btf_type *type = find_struct(to, struct_name);

    plan->n = 0;
    for (int i = 0; type && i < btf_vlen(type) && plan->n < ARRAY_SIZE(plan->parts); i++) {
        const char *name = btf__name_by_offset(to->btf, btf_members(type)[i].name_off);
        struct layout_place here = place_of(to, type, i);
        struct layout_place there = layout_find(from, struct_name, name);

        if (!*name || !here.size || here.size != there.size)
            continue;
        plan->parts[plan->n].to = (uint32_t)here.offset;
        plan->parts[plan->n].from = (uint32_t)there.offset;
        plan->parts[plan->n++].size = (uint32_t)here.size;
    }
}

void
layout_copy(const struct layout_plan *plan, void *to, const void *from)
{
    for (uint32_t i = 0; i < plan->n; i++)
        memcpy((char *)to + plan->parts[i].to, (const char *)from + plan->parts[i].from,
               plan->parts[i].size);
}
