/* SPDX-License-Identifier: GPL-2.0 */
/* From the key to a megaflow: the microflow cache, then every mask over the hash buckets.
 *
 * Model: a cache entry is a guess at a megaflow, made from a hash of the words that tell flows
 * apart; the guess counts only if the record is live and matches under its own mask, so nobody
 * has to empty the cache when flows change. Masks go through bpf_loop(), four a callback: any
 * number of them, and verified once. */
#ifndef SHUNT_DATAPATH_LOOKUP_BPF_H
#define SHUNT_DATAPATH_LOOKUP_BPF_H

#include "datapath/ctx.bpf.h"

#define MASKS_A_CALLBACK 4

static __always_inline struct dp_flow *
flow_at(__u32 index)
{
    return bpf_map_lookup_elem(&flows, &index);
}

static __always_inline struct dp_record *
record_at(__u32 index)
{
    return bpf_map_lookup_elem(&records, &index);
}

static __always_inline const struct dp_mask *
mask_at(__u32 index)
{
    return bpf_map_lookup_elem(&masks, &index);
}

/* Hash of the words that tell microflows apart. TTL, TCP flags and the like are not among them:
 * they change within one. */
static __always_inline __u32
microflow_hash(const union state_key *u)
{
    __u64 l4 = (__u64) * (const __u32 *)&u->key.tp_src << 8 | u->key.ip_proto;
    __u64 sum = (u->words[7] ^ 0x9e3779b97f4a7c15ull) * 0xd6e8feb86659fd93ull;

    sum += (u->words[8] ^ u->words[9] << 7 ^ u->words[0]) * 0xa0761d6478bd642full;
    sum += (u->words[12] ^ u->words[10]) * 0xe7037ed1a0b428dbull;
    if (u->key.eth_type == ETH_IP6)
        sum += (u->words[14] ^ u->words[16] << 9) * 0x8ebc6af09c88c6e3ull +
               (u->words[13] ^ u->words[15] << 11) * 0x589965cc75374cc3ull;
    sum += l4 * 0x1d8e4e27c47d124full;
    return sum >> 32 ^ sum >> 17;
}

/* The words of a mask that are not common. */
static __always_inline bool
rest_matches(const union state_key *u, const struct dp_mask *mask, __u32 index)
{
    const struct dp_record *record = record_at(index);
    const __u64 *want = (const __u64 *)&record->key;
    __u32 n = mask->n_rest;

    if (!record)
        return false;
    for (__u32 i = 0; i < DP_KEY_WORDS; i++) {
        __u32 word;

        if (i >= n)
            break;
        word = mask->words[i] & 31;
        if ((u->words[word] ^ want[word]) & mask->bits[i])
            return false;
    }
    return true;
}

/* True if the packet's key matches that of the flow at `index` under the mask. */
static __always_inline bool
flow_matches(const union state_key *u, const struct dp_mask *mask, const struct dp_flow *flow,
             __u32 index)
{
    __u64 diff = 0;

#define X(i, word) diff |= (u->words[word] ^ flow->common[i]) & mask->common[i];
    DP_COMMON_WORDS(X)
#undef X
    return !diff && (!mask->n_rest || rest_matches(u, mask, index));
}

static __always_inline __u32
masked_hash(const union state_key *u, const struct dp_mask *mask, __u32 mask_index)
{
    __u64 sum = dp_hash_common(u->words, mask, hash_secret);
    __u32 n = mask->n_rest;

    for (__u32 i = 0; i < DP_KEY_WORDS; i++) {
        __u32 word;

        if (i >= n)
            break;
        word = mask->words[i] & 31;
        sum += dp_hash_word(u->words[word] & mask->bits[i], hash_secret[word]);
    }
    return dp_hash_finish(sum, mask_index);
}

/* ---- One mask ---- */

static __always_inline __u32
bucket_find(const struct state *state, const struct dp_mask *mask, __u32 mask_index,
            const struct dp_bucket *bucket, __u32 hash)
{
    for (int i = 0; i < DP_BUCKET_SLOTS; i++) {
        __u64 slot = *(volatile __u64 *)&bucket->slots[i];
        const struct dp_flow *flow;
        __u32 index;

        if ((__u32)(slot >> 32) != hash)
            continue;
        index = ((__u32)slot & DP_SLOT_INDEX) - 1;
        flow = flow_at(index);
        if (flow && flow->mask_index == mask_index && flow_matches(&state->u, mask, flow, index))
            return index;
    }
    return DP_NO_FLOW;
}

static __always_inline bool
bucket_may_have(__u32 number, __u32 hash)
{
    __u32 element = number / DP_FILTER_BUCKETS, i = number % DP_FILTER_BUCKETS;
    const struct dp_filter *filter = bpf_map_lookup_elem(&filters, &element);

    return filter && *(volatile __u32 *)&filter->buckets[i] & dp_filter_bit(hash);
}

/* `filtered`: does without a look at the bucket where it can. A mask that is alone will have it. */
static __always_inline __u32
mask_find(const struct state *state, __u32 mask_index, bool filtered)
{
    const struct dp_mask *mask = mask_at(mask_index);
    const struct dp_bucket *bucket;
    __u32 hash, number, found = DP_NO_FLOW, n_spilled = 0;

    if (!mask)
        return DP_NO_FLOW;
    hash = masked_hash(&state->u, mask, mask_index);
    if (filtered && !bucket_may_have(hash & bucket_mask, hash))
        return DP_NO_FLOW;
    for (__u32 i = 0; i <= DP_BUCKET_NEIGHBOURS; i++) {
        number = (hash & bucket_mask) ^ i;
        bucket = bpf_map_lookup_elem(&buckets, &number);
        if (!bucket)
            break;
        found = bucket_find(state, mask, mask_index, bucket, hash);
        if (!i)
            n_spilled = (__u32)bucket->slots[DP_BUCKET_SLOTS - 1] >> DP_SLOT_SPILL_SHIFT;
        if (found != DP_NO_FLOW || i >= n_spilled)
            break;
    }
    return found;
}

/* mask_find() as a function that the verifier walks once. */
__noinline int
mask_probe(const struct state *state, __u32 mask_index, bool filtered)
{
    return state ? (int)mask_find(state, mask_index, filtered) : (int)DP_NO_FLOW;
}

/* ---- All masks ---- */

struct search {
    struct state *state;
    __u32 found;
    __u32 n_tried;
};

static long
search_masks(__u32 round, struct search *search)
{
    const struct dp_control *order;
    __u32 zero = 0;

    order = bpf_map_lookup_elem(&control, &zero);
    if (!order)
        return 1;
    for (__u32 i = 0; i < MASKS_A_CALLBACK; i++) {
        __u32 position = round * MASKS_A_CALLBACK + i;

        if (position >= order->n_masks || position >= DP_MAX_MASKS)
            return 1;
        search->n_tried++;
        search->found = mask_probe(search->state, order->order[position & (DP_MAX_MASKS - 1)],
                                   order->n_masks > 1);
        if (search->found != DP_NO_FLOW)
            return 1;
    }
    return 0;
}

/* ---- The microflow cache ---- */

static __always_inline struct dp_cache_set *
cache_set(struct state *state, __u32 hash)
{
    return &state->cache[hash & (DP_CACHE_SETS - 1)];
}

/* Another microflow of the set is kept, the one before it makes room. */
static __always_inline void
cache_fill(struct state *state, __u32 index)
{
    struct dp_cache_set *set = cache_set(state, state->hash);

    if (set->ways[0] >> 32 != state->hash)
        set->ways[1] = set->ways[0];
    set->ways[0] = (__u64)state->hash << 32 | (index + 1);
}

/* Searches every mask; fills the cache. */
__noinline int
lookup_megaflow(struct state *state)
{
    struct search search = {.state = state, .found = DP_NO_FLOW};

    if (!state)
        return (int)DP_NO_FLOW;
    bpf_loop(DP_MAX_MASKS / MASKS_A_CALLBACK, search_masks, &search, 0);
    state->totals.n_masks_tried += search.n_tried;
    if (search.found == DP_NO_FLOW) {
        state->totals.n_misses++;
        return (int)DP_NO_FLOW;
    }
    state->totals.n_megaflow_hits++;
    cache_fill(state, search.found);
    return (int)search.found;
}

/* The live flow that the packet belongs to, or NULL. */
static __always_inline struct dp_flow *
lookup(struct state *state, __u32 *index)
{
    __u32 hash = microflow_hash(&state->u);
    const struct dp_cache_set *set = cache_set(state, hash);
    struct dp_flow *flow;
    const struct dp_mask *mask;
    __u64 guess = set->ways[0];

    state->hash = hash;
    if (guess >> 32 != hash)
        guess = set->ways[1];
    *index = (__u32)guess - 1;
    if (guess >> 32 == hash && (flow = flow_at(*index)) && flow->ufid &&
        (mask = mask_at(flow->mask_index)) && flow_matches(&state->u, mask, flow, *index)) {
        state->totals.n_cache_hits++;
        return flow;
    }
    *index = lookup_megaflow(state);
    return flow_at(*index);
}

#endif
