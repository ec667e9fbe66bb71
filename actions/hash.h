/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/* The HASH action's function, for its two halves: which of several paths a connection takes.
 *
 * Model: L4 hashes the five-tuple as it stands; SYM_L4 combines source and destination by
 * addition first, so that both directions agree. Never 0, which means "no hash yet".
 * Not here: the hash of the flow table (datapath/abi.h). */
#ifndef SHUNT_ACTIONS_HASH_H
#define SHUNT_ACTIONS_HASH_H

#include "datapath/abi.h"

static inline __u64
act_hash_word(__u64 word, __u32 position)
{
    __u64 mixed = word ^ (0x9e3779b97f4a7c15ull * (position + 1));

    return (mixed + (mixed >> 32)) * 0xd6e8feb86659fd93ull;
}

static inline __u64
act_hash_pair(__u64 source, __u64 destination, __u64 symmetric, __u32 position)
{
    return symmetric ? act_hash_word(source + destination, position)
                     : act_hash_word(source, position) + act_hash_word(destination, position + 1);
}

static inline __u32
act_hash_key(const struct dp_key *key, __u64 kind, __u32 basis)
{
    __u64 symmetric = kind == DP_HASH_SYM_L4, sum;
    const __u32 *ip6_src = key->ip6_src, *ip6_dst = key->ip6_dst;
    __u32 hash;

    sum = act_hash_word((__u64)basis << 32 | key->ip_proto << 16 | key->eth_type, 0);
    sum += act_hash_pair(key->ip_src, key->ip_dst, symmetric, 1);
    sum += act_hash_pair((__u64)ip6_src[0] << 32 | ip6_src[1], (__u64)ip6_dst[0] << 32 | ip6_dst[1],
                         symmetric, 3);
    sum += act_hash_pair((__u64)ip6_src[2] << 32 | ip6_src[3], (__u64)ip6_dst[2] << 32 | ip6_dst[3],
                         symmetric, 5);
    sum += act_hash_pair(key->tp_src, key->tp_dst, symmetric, 7);
    hash = dp_hash_finish(sum, 0);
    return hash ? hash : 1;
}

#endif
