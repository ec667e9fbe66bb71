/* SPDX-License-Identifier: Apache-2.0 */
/* State that leaves the daemon and comes back, behind a code that shows it is ours and unchanged
 * (HMAC-SHA256, RFC 2104). The key lives as long as the daemon: what an older one gave out is not
 * opened. It is not hidden, and it may come back more than once.
 *
 * Threads: any; a seal does not change. Errors: without random numbers the process ends. */
#ifndef SHUNT_SLOWPATH_SEAL_H
#define SHUNT_SLOWPATH_SEAL_H

#include "lib/buf.h"

struct seal {
    unsigned char key[32];
};

void seal_init(struct seal *);
/* Appends the sealed bytes. */
void seal_put(const struct seal *, const void *data, size_t size, struct buf *out);
/* The bytes inside; NULL: not sealed by this seal. */
const void *seal_open(const struct seal *, const void *sealed, size_t sealed_size, size_t *size);

#endif
