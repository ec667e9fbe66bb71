/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for decoded OpenFlow objects that is given back all at once.
 *
 * Model: a bump allocator over a buffer of the caller's (on the stack, say); past its end it
 * grows by blocks from the heap. of_arena_reset() frees the blocks and starts over in the
 * buffer. Ownership: the arena owns its blocks, the caller the buffer. Objects live until the
 * reset. Threads: one at a time. Errors: NULL for a size that no object has; without memory the
 * process ends. */
#ifndef SHUNT_OFPROTO_OF_ARENA_H
#define SHUNT_OFPROTO_OF_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Enough for a flow mod with dozens of fields and actions. */
#define OF_ARENA_BUF_SIZE 16384

struct of_arena_block;

struct of_arena {
    uint8_t *next, *end; /* What is free of the buffer or of the newest block. */
    uint8_t *buf;
    size_t buf_size;
    struct of_arena_block *blocks;
};

/* `buf` may be NULL with a size of 0: then every byte comes from the heap. */
void of_arena_init(struct of_arena *arena, void *buf, size_t buf_size);

/* Forgets all objects; the arena can be used again. */
void of_arena_reset(struct of_arena *arena);

/* Frees the heap blocks. The arena must be initialized again before use. Takes NULL. */
void of_arena_destroy(struct of_arena *arena);

/* The slow path of of_arena_alloc_raw(). */
void *of_arena_grow(struct of_arena *arena, size_t size);

/* `size` bytes of any content, aligned to 8; NULL for a size that no object has. */
static inline void *
of_arena_alloc_raw(struct of_arena *arena, size_t size)
{
    size_t room = (size_t)(arena->end - arena->next);
    uint8_t *p = arena->next;

    if (size > room || ((size + 7) & ~(size_t)7) > room)
        return of_arena_grow(arena, size);
    arena->next += (size + 7) & ~(size_t)7;
    return p;
}

/* The same, zeroed. */
static inline void *
of_arena_alloc(struct of_arena *arena, size_t size)
{
    void *p = of_arena_alloc_raw(arena, size);

    return p ? memset(p, 0, size) : NULL;
}

/* A copy of `size` bytes at `data`, or NULL. */
static inline void *
of_arena_copy(struct of_arena *arena, const void *data, size_t size)
{
    void *copy = of_arena_alloc_raw(arena, size);

    return copy && size ? memcpy(copy, data, size) : copy;
}

#endif
