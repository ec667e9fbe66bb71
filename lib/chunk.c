/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/chunk.h"

#include <stdint.h>

#include "lib/util.h"

#define CHUNK_SIZE (64 * 1024 - sizeof(struct chunk))

struct chunk {
    size_t n_users; /* Things in it, and the pool that fills it. */
    size_t used, size;
    uint64_t data[];
};

/* What stands before a thing. */
struct thing {
    struct chunk *chunk;
};

void
chunk_pool_init(struct chunk_pool *pool)
{
    pool->last = NULL;
}

static void
release(struct chunk *chunk)
{
    if (chunk && !--chunk->n_users)
        free(chunk);
}

void
chunk_pool_destroy(struct chunk_pool *pool)
{
    release(pool->last);
}

static void
open_chunk(struct chunk_pool *pool, size_t size)
{
    struct chunk *chunk = xmalloc(sizeof *chunk + size);

    chunk->n_users = 1;
    chunk->used = 0;
    chunk->size = size;
    release(pool->last);
    pool->last = chunk;
}

void *
chunk_alloc(struct chunk_pool *pool, size_t size)
{
    size_t whole = sizeof(struct thing) + ROUND_UP(size, 8);
    struct thing *thing;

    if (!pool->last || pool->last->size - pool->last->used < whole)
        open_chunk(pool, MAX(whole, CHUNK_SIZE));
    thing = (struct thing *)((char *)pool->last->data + pool->last->used);
    thing->chunk = pool->last;
    pool->last->used += whole;
    pool->last->n_users++;
    return thing + 1;
}

void
chunk_free(void *p)
{
    if (p)
        release(((struct thing *)p - 1)->chunk);
}
