/* SPDX-License-Identifier: GPL-2.0 */
/* How SCTP's CRC32c (RFC 9260, appendix A) follows a change of the packet's first four bytes.
 *
 * Model: without its initial value and final inversion a CRC is linear, so the CRC of the
 * changed packet differs from the old one by the CRC of the difference: the four bytes followed
 * by zeros up to the end. A zero byte multiplies the register by x^8 modulo the polynomial, so n
 * of them multiply it by x^(8n), which is a product of squares: 16 steps for any packet.
 * Registers are reflected: bit 31 is x^0. */
#ifndef SHUNT_ACTIONS_CRC32C_BPF_H
#define SHUNT_ACTIONS_CRC32C_BPF_H

#include "datapath/ctx.bpf.h"

#define CRC32C_POLY 0x82f63b78u /* Reflected 0x1edc6f41. */
#define CRC32C_X8 0x00800000u   /* x^8, reflected. */
#define CRC32C_STEPS 16         /* A packet has less than 1 << 16 bytes. */

/* `value` if the lowest bit of `bits` is set, else 0. A product: the verifier follows both ways of
 * a branch, and of a mask that is all ones or zero. */
static __always_inline __u32
crc32c_if_bit(__u32 bits, __u32 value)
{
    __u32 bit = bits & 1;

    barrier_var(bit);
    return bit * value;
}

/* a * b modulo the polynomial. */
static __noinline __u32
crc32c_multiply(__u32 a, __u32 b)
{
    __u32 product = 0;

#pragma unroll
    for (int i = 31; i >= 0; i--) {
        product ^= crc32c_if_bit(a >> i, b);
        b = b >> 1 ^ crc32c_if_bit(b, CRC32C_POLY);
    }
    return product;
}

/* A little-endian value, host order, and back. */
static __always_inline __u32
crc32c_le32(__u32 value)
{
    return __builtin_bswap32(bpf_ntohl(value));
}

struct crc32c_walk {
    __u32 crc;
    __u32 power; /* x^(8 * 2^step) */
    __u32 n_bytes;
};

static long
crc32c_step(__u32 step, void *aux)
{
    struct crc32c_walk *walk = aux;

    if (walk->n_bytes >> (step & 31) & 1)
        walk->crc = crc32c_multiply(walk->crc, walk->power);
    walk->power = crc32c_multiply(walk->power, walk->power);
    return 0;
}

/* What to XOR to the CRC field of a packet of `n_bytes` whose first four bytes changed by
 * `change` (old XOR new, both as they stand in the packet). */
static __always_inline __be32
crc32c_of_change(__be32 change, __u32 n_bytes)
{
    struct crc32c_walk walk = {
        .crc = crc32c_le32(change),
        .power = CRC32C_X8,
        .n_bytes = n_bytes,
    };

    bpf_loop(CRC32C_STEPS, crc32c_step, &walk, 0);
    return crc32c_le32(walk.crc);
}

#endif
