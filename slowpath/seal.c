/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <sys/random.h>

#define CODE_SIZE 32 /* Of SHA-256. */

void
seal_init(struct seal *seal)
{
    if (getrandom(seal->key, sizeof seal->key, 0) != sizeof seal->key)
        abort();
}

static void
make_code(const struct seal *seal, const void *data, size_t size, unsigned char code[CODE_SIZE])
{
    if (!HMAC(EVP_sha256(), seal->key, sizeof seal->key, data, size, code, NULL))
        abort();
}

void
seal_put(const struct seal *seal, const void *data, size_t size, struct buf *out)
{
    unsigned char code[CODE_SIZE];

    make_code(seal, data, size, code);
    buf_put(out, code, sizeof code);
    buf_put(out, data, size);
}

const void *
seal_open(const struct seal *seal, const void *sealed, size_t sealed_size, size_t *size)
{
    const unsigned char *data = sealed;
    unsigned char code[CODE_SIZE];

    if (sealed_size <= CODE_SIZE)
        return NULL;
    *size = sealed_size - CODE_SIZE;
    make_code(seal, data + CODE_SIZE, *size, code);
    return CRYPTO_memcmp(code, data, CODE_SIZE) ? NULL : data + CODE_SIZE;
}
