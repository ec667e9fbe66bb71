/* SPDX-License-Identifier: Apache-2.0 */
/* What the structs of pinned maps look like, for a build that has others.
 *
 * Model: a layout is the BTF of the build that made the maps and the words that its masks cover
 * without a list. It is pinned beside the maps, as an array of one element of bytes. A reader finds
 * members by their names and sizes, so that it copies what both builds know, wherever it stands.
 *
 * Ownership: layout_free(). Threads: plain data. Errors: positive errno; a member that is not there
 * has no place. Not here: what is copied (datapath/migrate.c). */
#ifndef SHUNT_DATAPATH_LAYOUT_H
#define SHUNT_DATAPATH_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

struct btf;
struct layout;

/* Of this build, out of the BTF of its object; and of a pinned file. */
int layout_of_build(const struct btf *, struct layout **);
int layout_load(const char *path, struct layout **);
int layout_pin(const struct layout *, const char *path);
void layout_free(struct layout *);

/* Which word of the key stands at `common[i]` of a mask; and how many such there are. */
uint32_t layout_common_word(const struct layout *, uint32_t i);
uint32_t layout_n_common(const struct layout *);
/* Bytes of a struct, 0: there is none of the name. */
size_t layout_struct_size(const struct layout *, const char *struct_name);

struct layout_place {
    size_t offset, size; /* size 0: there is no such member. */
};
struct layout_place layout_find(const struct layout *, const char *struct_name, const char *member);

/* How to copy a struct: the members that both have in the same size; others stay as they are. */
struct layout_plan {
    uint32_t n;
    struct {
        uint32_t to, from, size;
    } parts[64];
};
void layout_plan(struct layout_plan *, const struct layout *to, const struct layout *from,
                 const char *struct_name);
void layout_copy(const struct layout_plan *, void *to, const void *from);

#endif
