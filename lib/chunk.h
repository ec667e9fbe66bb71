/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for many small things that come one after the other and go in about the same order.
 *
 * Model: things stand beside each other in chunks of 64 KiB, or one that is larger in a chunk of
 * its own. A chunk is the heap's again when all in it are gone, in one piece, so that what is
 * allocated meanwhile finds room without a gap for each thing.
 *
 * Ownership: whoever allocated a thing frees it, at any time; chunk_pool_destroy() only gives up
 * the chunk that is being filled. Threads: plain data. Errors: memory that runs out aborts. */
#ifndef SHUNT_LIB_CHUNK_H
#define SHUNT_LIB_CHUNK_H

#include <stddef.h>

struct chunk;

struct chunk_pool {
    struct chunk *last; /* That is being filled; NULL: none. */
};

void chunk_pool_init(struct chunk_pool *);
void chunk_pool_destroy(struct chunk_pool *);

/* Uninitialised, aligned to 8 bytes. */
void *chunk_alloc(struct chunk_pool *, size_t size);
/* NULL does nothing. */
void chunk_free(void *);

#endif
