/* SPDX-License-Identifier: Apache-2.0 */
/* Pseudo-random numbers that are the same in every run (xorshift64*, Marsaglia 2003 and Vigna
 * 2016). Threads: one. */
#ifndef SHUNT_TESTS_OFPROTO_RANDOM_H
#define SHUNT_TESTS_OFPROTO_RANDOM_H

#include <stdint.h>

static uint64_t random_state__ = 1;

static inline void
random_seed(uint64_t seed)
{
    random_state__ = seed * 0x9e3779b97f4a7c15ull + 1;
}

static inline uint64_t
random_u64(void)
{
    random_state__ ^= random_state__ >> 12;
    random_state__ ^= random_state__ << 25;
    random_state__ ^= random_state__ >> 27;
    return random_state__ * 0x2545f4914f6cdd1dull;
}

/* 0 to n - 1. */
static inline uint32_t
random_below(uint32_t n)
{
    return (uint32_t)((random_u64() >> 32) * n >> 32);
}

#endif
