/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of words and bytes for tables in user space.
 *
 * Model: multiply-and-fold over 64-bit words (the "mum" step of Wang Yi's wyhash, public
 * domain). Not for untrusted keys without a secret `seed`. The datapath's own hash, which both
 * sides of the flow table compute, is in datapath/abi.h. */
#ifndef SHUNT_LIB_HASH_H
#define SHUNT_LIB_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t
hash_fold(uint64_t a, uint64_t b)
{
    __uint128_t product =
        (__uint128_t)(a ^ UINT64_C(0xa0761d6478bd642f)) * (b ^ UINT64_C(0xe7037ed1a0b428db));

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint32_t
hash_u64(uint64_t value, uint32_t seed)
{
    return (uint32_t)hash_fold(value, seed);
}

/* Hashes `n_words` 64-bit words. */
static inline uint32_t
hash_words(const uint64_t *words, size_t n_words, uint32_t seed)
{
    uint64_t h = seed;

    for (size_t i = 0; i < n_words; i++)
        h = hash_fold(words[i], h);
    return (uint32_t)(h ^ h >> 32);
}

static inline uint32_t
hash_bytes(const void *data, size_t size, uint32_t seed)
{
    const unsigned char *p = data;
    uint64_t h = seed ^ size, word;

    for (; size >= 8; size -= 8, p += 8) {
        memcpy(&word, p, 8);
        h = hash_fold(word, h);
    }
    word = 0;
    memcpy(&word, p, size);
    h = hash_fold(word, h);
    return (uint32_t)(h ^ h >> 32);
}

static inline uint32_t
hash_string(const char *s, uint32_t seed)
{
    return hash_bytes(s, strlen(s), seed);
}

#endif
