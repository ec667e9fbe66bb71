/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/of-arena.h"

#include <stdlib.h>

#include "lib/util.h"

struct of_arena_block {
    struct of_arena_block *next;
    uint64_t bytes[];
};

enum { BLOCK_SIZE = 65536 };

void
of_arena_init(struct of_arena *arena, void *buf, size_t buf_size)
{
    arena->buf = buf ? buf : (void *)arena; /* A place for no bytes. */
    arena->buf_size = buf ? buf_size : 0;
    arena->blocks = NULL;
    of_arena_reset(arena);
}

void
of_arena_reset(struct of_arena *arena)
{
    size_t skip = -(uintptr_t)arena->buf & 7; /* Up to the first aligned byte. */

    of_arena_destroy(arena);
    if (skip > arena->buf_size)
        skip = arena->buf_size;
    arena->next = arena->buf + skip;
    arena->end = arena->buf + arena->buf_size;
}

void
of_arena_destroy(struct of_arena *arena)
{
    struct of_arena_block *block, *next;

    if (!arena)
        return;
    for (block = arena->blocks; block; block = next) {
        next = block->next;
        free(block);
    }
    arena->blocks = NULL;
}

void *
of_arena_grow(struct of_arena *arena, size_t size)
{
    struct of_arena_block *block;
    size_t capacity;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = ROUND_UP(size, 8);
    capacity = MAX(size, (size_t)BLOCK_SIZE);
    block = xmalloc(sizeof *block + capacity);
    block->next = arena->blocks;
    arena->blocks = block;
    arena->next = (uint8_t *)block->bytes + size;
    arena->end = (uint8_t *)block->bytes + capacity;
    return block->bytes;
}
