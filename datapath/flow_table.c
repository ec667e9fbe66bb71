/* SPDX-License-Identifier: Apache-2.0 */
/* Megaflows: flows and their records in shared memory, found through buckets.
 *
 * A flow is published by one store of its slot, after it and its record are whole; it is taken out
 * by clearing its ufid (for the microflow caches) and the slot. A list is replaced by writing the
 * new one elsewhere and storing the flow's detour. */
#include "datapath/dp-internal.h"

#include <errno.h>

#include "lib/util.h"

/* ---- Buckets ---- */

/* The bucket of a hash, or a neighbour of it. */
static struct dp_bucket *
bucket_of(const struct dp *dp, uint32_t hash, uint32_t neighbour)
{
    return &dp->buckets[(hash & (dp->n_buckets - 1)) ^ neighbour];
}

static uint64_t
slot_value(uint32_t hash, uint32_t index)
{
    return (uint64_t)hash << 32 | (index + 1);
}

/* Stores a slot's flow and keeps the mark of a bucket that spilled. */
static void
slot_store(struct dp_bucket *bucket, int i, uint64_t value)
{
    uint64_t mark = i == DP_BUCKET_SLOTS - 1 ? bucket->slots[i] & DP_SLOT_SPILL_MASK : 0;

    __atomic_store_n(&bucket->slots[i], value | mark, __ATOMIC_RELEASE);
}

static uint32_t
bucket_spilled(const struct dp_bucket *bucket)
{
    return (uint32_t)bucket->slots[DP_BUCKET_SLOTS - 1] >> DP_SLOT_SPILL_SHIFT;
}

/* Says how many neighbours to search. */
static void
bucket_mark(struct dp_bucket *bucket, uint32_t n_neighbours)
{
    uint64_t value = bucket->slots[DP_BUCKET_SLOTS - 1] & ~(uint64_t)DP_SLOT_SPILL_MASK;

    __atomic_store_n(&bucket->slots[DP_BUCKET_SLOTS - 1],
                     value | (uint64_t)n_neighbours << DP_SLOT_SPILL_SHIFT, __ATOMIC_RELEASE);
}

static bool
bucket_put(struct dp_bucket *bucket, uint64_t value)
{
    for (int i = 0; i < DP_BUCKET_SLOTS; i++) {
        if (!(bucket->slots[i] & DP_SLOT_INDEX)) {
            slot_store(bucket, i, value);
            return true;
        }
    }
    return false;
}

static uint32_t *
filter_of(const struct dp *dp, uint32_t number)
{
    return &dp->filters[number / DP_FILTER_BUCKETS].buckets[number % DP_FILTER_BUCKETS];
}

static bool
slot_publish(struct dp *dp, uint32_t hash, uint32_t index)
{
    struct dp_bucket *own = bucket_of(dp, hash, 0);

    __atomic_or_fetch(filter_of(dp, hash & (dp->n_buckets - 1)), dp_filter_bit(hash),
                      __ATOMIC_RELEASE);
    for (uint32_t i = 0; i <= DP_BUCKET_NEIGHBOURS; i++) {
        if (i > bucket_spilled(own))
            bucket_mark(own, i);
        if (bucket_put(bucket_of(dp, hash, i), slot_value(hash, index)))
            return true;
    }
    return false;
}

/* The slot of a value, or NULL. */
static struct dp_bucket *
slot_find(const struct dp *dp, uint64_t value, int *slot)
{
    for (uint32_t i = 0; i <= DP_BUCKET_NEIGHBOURS; i++) {
        struct dp_bucket *bucket = bucket_of(dp, value >> 32, i);

        for (*slot = 0; *slot < DP_BUCKET_SLOTS; (*slot)++) {
            if ((bucket->slots[*slot] & ~(uint64_t)DP_SLOT_SPILL_MASK) == value)
                return bucket;
        }
    }
    return NULL;
}

/* Whether flows whose bucket is `number` are in `bucket`. */
static bool
bucket_hosts(const struct dp *dp, const struct dp_bucket *bucket, uint32_t number)
{
    for (int i = 0; i < DP_BUCKET_SLOTS; i++) {
        if (bucket->slots[i] & DP_SLOT_INDEX &&
            ((bucket->slots[i] >> 32) & (dp->n_buckets - 1)) == number)
            return true;
    }
    return false;
}

/* The bits of `number`'s flows that `bucket` has. */
static uint32_t
filter_bits(const struct dp *dp, const struct dp_bucket *bucket, uint32_t number)
{
    uint32_t bits = 0;

    for (int i = 0; i < DP_BUCKET_SLOTS; i++) {
        uint32_t hash = bucket->slots[i] >> 32;

        if (bucket->slots[i] & DP_SLOT_INDEX && (hash & (dp->n_buckets - 1)) == number)
            bits |= dp_filter_bit(hash);
    }
    return bits;
}

static void
filter_update(struct dp *dp, uint32_t number)
{
    uint32_t bits = 0;

    for (uint32_t i = 0; i <= DP_BUCKET_NEIGHBOURS; i++)
        bits |= filter_bits(dp, &dp->buckets[number ^ i], number);
    __atomic_store_n(filter_of(dp, number), bits, __ATOMIC_RELEASE);
}

static void
slot_clear(struct dp *dp, uint64_t value)
{
    uint32_t number = (value >> 32) & (dp->n_buckets - 1), n_spilled;
    struct dp_bucket *bucket;
    int slot;

    bucket = slot_find(dp, value, &slot);
    if (!bucket)
        return;
    slot_store(bucket, slot, 0);
    n_spilled = bucket_spilled(&dp->buckets[number]);
    while (n_spilled && !bucket_hosts(dp, &dp->buckets[number ^ n_spilled], number))
        bucket_mark(&dp->buckets[number], --n_spilled);
    filter_update(dp, number);
}

/* True if the keys agree on the bits of the mask. */
static bool
keys_agree(const struct dp_key *a, const struct dp_key *b, const struct dp_key *mask)
{
    const uint64_t *x = (const uint64_t *)a, *y = (const uint64_t *)b;
    const uint64_t *bits = (const uint64_t *)mask;
    uint64_t diff = 0;

    for (int i = 0; i < DP_KEY_WORDS; i++)
        diff |= (x[i] ^ y[i]) & bits[i];
    return !diff;
}

static bool
flow_exists(const struct dp *dp, const struct dp_key *key, const struct dp_key *mask,
            uint32_t mask_index, uint32_t hash)
{
    uint32_t n_spilled = bucket_spilled(bucket_of(dp, hash, 0));

    for (uint32_t n = 0; n <= n_spilled; n++) {
        const struct dp_bucket *bucket = bucket_of(dp, hash, n);

        for (int i = 0; i < DP_BUCKET_SLOTS; i++) {
            uint32_t index = (uint32_t)bucket->slots[i] & DP_SLOT_INDEX;

            if (!index || bucket->slots[i] >> 32 != hash)
                continue;
            if (dp->flows[index - 1].mask_index == mask_index &&
                keys_agree(&dp->records[index - 1].key, key, mask))
                return true;
        }
    }
    return false;
}

/* ---- Lists ---- */

static bool
action_needs_tc(const struct dp *dp, const struct dp_action *action)
{
    switch ((enum dp_action_kind)action->kind) {
    case DP_ACTION_OUTPUT:
        return !(action->arg16 & DP_OUTPUT_LAST) || action->arg32 >= DP_MAX_PORTS ||
               !dp->xdp_output[action->arg32];
    case DP_ACTION_RECIRC:
        return true;
    case DP_ACTION_SET:
        return action->word == DP_WORD_OF(skb_priority);
    case DP_ACTION_END:
    case DP_ACTION_PUSH_VLAN:
    case DP_ACTION_POP_VLAN:
    case DP_ACTION_PUSH_MPLS:
    case DP_ACTION_POP_MPLS:
    case DP_ACTION_PUSH_PBB:
    case DP_ACTION_POP_PBB:
    case DP_ACTION_DEC_TTL:
    case DP_ACTION_COPY_TTL:
    case DP_ACTION_USERSPACE:
    case DP_ACTION_TRUNC:
    case DP_ACTION_HASH:
    case DP_ACTION_METER:
    case DP_ACTION_DROP:
    case DP_N_ACTIONS:
    default:
        return false;
    }
}

uint16_t
list_flags(const struct dp *dp, const struct dp_action *actions, size_t n_actions)
{
    uint16_t flags = 0;

    for (size_t i = 0; i < n_actions; i++) {
        if (action_needs_tc(dp, &actions[i]))
            flags |= DP_FLOW_NEEDS_TC;
        if (actions[i].kind == DP_ACTION_PUSH_MPLS || actions[i].kind == DP_ACTION_PUSH_PBB)
            flags |= DP_FLOW_CUTS;
    }
    return flags;
}

uint32_t
list_single_port(const struct dp_action *actions, size_t n_actions)
{
    bool is_single =
        n_actions && actions[0].kind == DP_ACTION_OUTPUT && actions[0].arg16 & DP_OUTPUT_LAST;

    return is_single ? actions[0].arg32 : DP_NO_PORT;
}

int
flow_record_fill(struct dp *dp, uint32_t index, const struct dp_action *actions, size_t n_actions)
{
    struct dp_record *record = &dp->records[index];
    size_t n = MIN(n_actions, DP_RECORD_ACTIONS);
    int error;

    memset(record->actions, 0, sizeof record->actions);
    if (n)
        memcpy(record->actions, actions, n * sizeof *actions);
    record->n_actions = n;
    record->next = DP_NO_FLOW;
    if (n == n_actions)
        return 0;
    error = record_alloc(dp, RECORD_EXTRA, &record->next);
    if (error) {
        record->next = DP_NO_FLOW;
        return error;
    }
    return flow_record_fill(dp, record->next, actions + n, n_actions - n);
}

static int
list_check(const struct dp_action *actions, size_t n_actions)
{
    if (n_actions > DP_LIST_MAX)
        return dp_fail(EINVAL, "%zu actions: the fast path runs at most %d", n_actions,
                       DP_LIST_MAX);
    for (size_t i = 0; i < n_actions; i++) {
        if (actions[i].kind == DP_ACTION_END || actions[i].kind >= DP_N_ACTIONS)
            return dp_fail(EINVAL, "action %zu: there is no kind %u", i, actions[i].kind);
    }
    return 0;
}

/* ---- Flows ---- */

static void
key_mask(const struct dp_key *key, const struct dp_key *mask, struct dp_key *masked)
{
    const uint64_t *from = (const uint64_t *)key, *bits = (const uint64_t *)mask;
    uint64_t *to = (uint64_t *)masked;

    for (int i = 0; i < DP_KEY_WORDS; i++)
        to[i] = from[i] & bits[i];
}

static void
copy_common_words(const struct dp_key *key, struct dp_flow *flow)
{
    const uint64_t *words = (const uint64_t *)key;

#define X(i, word) flow->common[i] = words[word];
    DP_COMMON_WORDS(X)
#undef X
}

/* Fills and publishes the flow at `index`. */
static int
flow_publish(struct dp *dp, uint32_t index, const struct dp_key *key, uint32_t mask_index,
             uint32_t hash, const struct dp_action *actions, size_t n_actions, uint64_t ufid,
             bool is_held)
{
    struct dp_flow *flow = &dp->flows[index];
    int error = flow_record_fill(dp, index, actions, n_actions);

    if (error)
        return error;
    dp->records[index].key = *key;
    flow->hash = hash;
    copy_common_words(key, flow);
    flow->mask_index = mask_index;
    flow->flags = list_flags(dp, actions, n_actions);
    flow->single_port = list_single_port(actions, n_actions);
    flow->n_held = is_held;
    flow->held_until_ns =
        is_held ? (uint64_t)(time_now_ns() - dp->clock_ahead_ns) + DP_HOLD_MAX_NS : 0;
    __atomic_store_n(&flow->ufid, ufid, __ATOMIC_RELEASE);
    if (slot_publish(dp, hash, index))
        return 0;
    flow->ufid = 0;
    return dp_fail(ENOSPC, "all buckets of this flow's hash are full");
}

static int
flow_put(struct dp *dp, const struct dp_key *key, const struct dp_key *mask, uint32_t mask_index,
         const struct dp_action *actions, size_t n_actions, uint64_t ufid, bool is_held,
         uint32_t *index)
{
    struct dp_key masked;
    uint32_t hash;
    int error;

    key_mask(key, mask, &masked);
    hash = mask_key_hash(dp, &masked, mask_index);
    __builtin_prefetch(bucket_of(dp, hash, 0), 1); /* Comes while the record is zeroed. */
    error = record_alloc(dp, RECORD_HEAD, index);
    if (flow_exists(dp, key, mask, mask_index, hash)) {
        if (!error)
            record_alloc_undo(dp, *index);
        return dp_fail(EEXIST, "there is a flow of this key and mask already");
    }
    if (error)
        return error;
    error = flow_publish(dp, *index, key, mask_index, hash, actions, n_actions, ufid, is_held);
    if (error)
        record_release_chain(dp, *index);
    return error;
}

static int
put(struct dp *dp, const struct dp_key *key, const struct dp_key *mask,
    const struct dp_action *actions, size_t n_actions, uint64_t ufid, bool is_held, uint32_t *index)
{
    int error = ufid ? list_check(actions, n_actions) : dp_fail(EINVAL, "a ufid of 0 is none");
    uint32_t mask_index;

    if (error)
        return error;
    pthread_mutex_lock(&dp->lock);
    error = mask_acquire(dp, mask, &mask_index);
    if (!error) {
        error = flow_put(dp, key, mask, mask_index, actions, n_actions, ufid, is_held, index);
        if (error)
            mask_release(dp, mask_index);
        else
            dp->n_flows++;
    }
    pthread_mutex_unlock(&dp->lock);
    return error;
}

int
dp_flow_put(struct dp *dp, const struct dp_key *key, const struct dp_key *mask,
            const struct dp_action *actions, size_t n_actions, uint64_t ufid, uint32_t *index)
{
    return put(dp, key, mask, actions, n_actions, ufid, false, index);
}

int
dp_flow_put_held(struct dp *dp, const struct dp_key *key, const struct dp_key *mask,
                 const struct dp_action *actions, size_t n_actions, uint64_t ufid, uint32_t *index)
{
    return put(dp, key, mask, actions, n_actions, ufid, true, index);
}

/* The live flow at the index, or NULL. Under the lock. */
static struct dp_flow *
flow_live(const struct dp *dp, uint32_t index)
{
    if (index >= dp->max_flows || dp->use[index] != RECORD_HEAD) {
        dp_fail(ENOENT, "there is no flow %u", index);
        return NULL;
    }
    return &dp->flows[index];
}

/* The first of the records that belong to a flow beside the one of its index, or DP_NO_FLOW. */
static uint32_t
chain_behind(const struct dp *dp, uint32_t index)
{
    uint32_t detour = dp->flows[index].detour;

    return detour == DP_NO_FLOW ? dp->records[index].next : detour;
}

/* Where a flow's list starts. */
static uint32_t
list_of(const struct dp *dp, uint32_t index)
{
    uint32_t detour = dp->flows[index].detour;

    return detour == DP_NO_FLOW ? index : detour;
}

/* The fast path sets 0 when the time is over; a count of 0 stays. */
static void
hold_lower(struct dp_flow *flow)
{
    uint32_t n = __atomic_load_n(&flow->n_held, __ATOMIC_RELAXED);

    while (n & DP_HELD_COUNT && !__atomic_compare_exchange_n(&flow->n_held, &n, n - 1, true,
                                                             __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        ;
}

void
dp_flow_audit(struct dp *dp, uint32_t index)
{
    pthread_mutex_lock(&dp->lock);
    if (flow_live(dp, index))
        __atomic_or_fetch(&dp->flows[index].n_held, DP_HELD_AUDIT, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&dp->lock);
}

void
dp_flow_unhold(struct dp *dp, uint32_t index, uint64_t ufid)
{
    pthread_mutex_lock(&dp->lock);
    if (index < dp->max_flows && dp->use[index] == RECORD_HEAD && dp->flows[index].ufid == ufid)
        hold_lower(&dp->flows[index]);
    pthread_mutex_unlock(&dp->lock);
}

static int
flow_set_actions(struct dp *dp, uint32_t index, const struct dp_action *actions, size_t n_actions)
{
    struct dp_flow *flow = flow_live(dp, index);
    uint32_t detour, old;
    int error;

    if (!flow)
        return ENOENT;
    error = record_alloc(dp, RECORD_EXTRA, &detour);
    if (error)
        return error;
    error = flow_record_fill(dp, detour, actions, n_actions);
    if (error) {
        record_release_chain(dp, detour);
        return error;
    }
    old = chain_behind(dp, index);
    /* XDP reads the detour first, then the flags. Going up to TC is always right, so the flag
     * comes with the first list that needs it and goes in flow_refresh_flags(). */
    flow->flags |= list_flags(dp, actions, n_actions);
    __atomic_store_n(&flow->detour, detour, __ATOMIC_RELEASE);
    flow->single_port = DP_NO_PORT; /* Which is for the flow's own list. */
    record_release_chain(dp, old);
    record_detoured(dp, index, detour);
    return 0;
}

int
dp_flow_set_actions(struct dp *dp, uint32_t index, const struct dp_action *actions,
                    size_t n_actions)
{
    int error = list_check(actions, n_actions);

    if (error)
        return error;
    /* A list that was replaced before comes home in one grace period, its detour in the next. */
    for (int attempt = 0; attempt < 3; attempt++) {
        if (attempt)
            dp_flow_grace(dp);
        pthread_mutex_lock(&dp->lock);
        error = flow_set_actions(dp, index, actions, n_actions);
        pthread_mutex_unlock(&dp->lock);
        if (error != ENOSPC)
            break;
    }
    return error;
}

int
dp_flow_retire(struct dp *dp, uint32_t index)
{
    struct dp_flow *flow;

    pthread_mutex_lock(&dp->lock);
    flow = flow_live(dp, index);
    if (flow) {
        __atomic_store_n(&flow->ufid, 0, __ATOMIC_RELEASE);
        slot_clear(dp, slot_value(flow->hash, index));
        mask_release(dp, flow->mask_index);
        record_release_chain(dp, chain_behind(dp, index));
        dp->use[index] = RECORD_RETIRED;
        dp->n_flows--;
    }
    pthread_mutex_unlock(&dp->lock);
    return flow ? 0 : ENOENT;
}

void
dp_flow_forget(struct dp *dp, uint32_t index)
{
    pthread_mutex_lock(&dp->lock);
    if (dp->use[index] == RECORD_RETIRED)
        record_free(dp, index);
    pthread_mutex_unlock(&dp->lock);
}

int
dp_flow_remove(struct dp *dp, uint32_t index)
{
    int error = dp_flow_retire(dp, index);

    if (error)
        return error;
    pthread_mutex_lock(&dp->lock);
    record_release(dp, index);
    pthread_mutex_unlock(&dp->lock);
    return 0;
}

void
dp_flow_grace(struct dp *dp)
{
    records_grace(dp);
}

static void
add_counters(struct dp_flow_stats *total, const struct dp_flow_counters *counters)
{
    total->n_packets += __atomic_load_n(&counters->n_packets, __ATOMIC_RELAXED);
    total->n_bytes += __atomic_load_n(&counters->n_bytes, __ATOMIC_RELAXED);
    total->used_jiffies = MAX(total->used_jiffies, counters->used_jiffies);
}

void
dp_flow_stats(const struct dp *dp, uint32_t index, struct dp_flow_stats *total)
{
    memset(total, 0, sizeof *total);
    if (index >= dp->max_flows)
        return;
    total->tcp_flags = __atomic_load_n(&dp->flows[index].tcp_flags, __ATOMIC_RELAXED);
    add_counters(total, &dp->flows[index].counters);
    for (uint32_t cpu = 0; cpu < dp->n_cpus; cpu++)
        add_counters(total, &dp->flow_counters[(size_t)cpu * dp->max_flows + index]);
}

void
dp_flow_credit(struct dp *dp, uint32_t index, struct dp_flow_stats *delta)
{
    struct dp_record *record = &dp->records[index];
    struct dp_flow_stats total;

    dp_flow_stats(dp, index, &total);
    *delta = total;
    delta->n_packets -= record->credited_packets;
    delta->n_bytes -= record->credited_bytes;
    mask_count_hits(dp, dp->flows[index].mask_index, delta->n_packets);
    record->credited_packets = total.n_packets;
    record->credited_bytes = total.n_bytes;
}

/* Copies the list that starts at `record`, as far as there is room. */
static void
list_read(const struct dp *dp, uint32_t record, struct dp_action *actions, size_t max_actions,
          size_t *n_actions)
{
    *n_actions = 0;
    for (; record != DP_NO_FLOW; record = dp->records[record].next) {
        const struct dp_record *part = &dp->records[record];

        for (uint32_t i = 0; i < part->n_actions; i++, (*n_actions)++) {
            if (*n_actions < max_actions)
                actions[*n_actions] = part->actions[i];
        }
    }
}

int
dp_flow_get(const struct dp *dp, uint32_t index, struct dp_key *key, struct dp_key *mask,
            struct dp_action *actions, size_t max_actions, size_t *n_actions, uint64_t *ufid)
{
    pthread_mutex_t *lock = &((struct dp *)dp)->lock;
    const struct dp_flow *flow;

    pthread_mutex_lock(lock);
    flow = flow_live(dp, index);
    if (flow) {
        *key = dp->records[index].key;
        *ufid = flow->ufid;
        mask_expand(&dp->masks[flow->mask_index], mask);
        list_read(dp, list_of(dp, index), actions, max_actions, n_actions);
    }
    pthread_mutex_unlock(lock);
    return flow ? 0 : ENOENT;
}

uint32_t
dp_max_flows(const struct dp *dp)
{
    return dp->max_flows;
}

uint32_t
dp_n_flows(const struct dp *dp)
{
    return dp->n_flows;
}

uint32_t
dp_n_masks(const struct dp *dp)
{
    return dp->n_masks;
}

/* ---- The table as a whole ---- */

static uint16_t
chain_flags(const struct dp *dp, uint32_t record)
{
    uint16_t flags = 0;

    for (; record != DP_NO_FLOW; record = dp->records[record].next)
        flags |= list_flags(dp, dp->records[record].actions, dp->records[record].n_actions);
    return flags;
}

void
flow_refresh_flags(struct dp *dp, uint32_t index)
{
    dp->flows[index].flags = chain_flags(dp, list_of(dp, index));
}

void
flow_table_refresh_hooks(struct dp *dp)
{
    for (uint32_t i = 0; i < dp->max_flows; i++) {
        if (dp->use[i] == RECORD_HEAD)
            flow_refresh_flags(dp, i);
    }
}

int
flow_table_init(struct dp *dp)
{
    int error = records_init(dp);

    return error ? error : masks_init(dp);
}

void
flow_table_destroy(struct dp *dp)
{
    records_destroy(dp);
    masks_destroy(dp);
}

/* True if every record of the chain is there and in no other chain. */
static bool
chain_adopt(struct dp *dp, uint32_t record)
{
    for (int n = 0; record != DP_NO_FLOW; record = dp->records[record].next, n++) {
        if (record >= dp->max_flows || dp->use[record] != RECORD_FREE || n > DP_LIST_RECORDS)
            return false;
        dp->use[record] = RECORD_EXTRA;
    }
    return true;
}

/* A flow that the last daemon published whole. */
static bool
flow_adopt(struct dp *dp, uint32_t index)
{
    struct dp_flow *flow = &dp->flows[index];
    int slot;

    if (!slot_find(dp, slot_value(flow->hash, index), &slot) || mask_adopt(dp, flow->mask_index))
        return false;
    dp->use[index] = RECORD_HEAD;
    flow->n_held = 0; /* What its daemon had of it is lost. */
    if (!chain_adopt(dp, chain_behind(dp, index)))
        return false;
    if (flow->detour != DP_NO_FLOW)
        record_detoured(dp, index, flow->detour);
    dp->n_flows++;
    return true;
}

/* Clears slots of what is no live flow: a daemon may have died between two stores. */
static void
buckets_adopt(struct dp *dp)
{
    for (uint32_t i = 0; i < dp->n_buckets; i++) {
        for (int slot = 0; slot < DP_BUCKET_SLOTS; slot++) {
            uint64_t value = dp->buckets[i].slots[slot];
            uint32_t index = (uint32_t)value & DP_SLOT_INDEX;

            if (index && (index > dp->max_flows || dp->use[index - 1] != RECORD_HEAD))
                slot_store(&dp->buckets[i], slot, 0);
        }
    }
    for (uint32_t i = 0; i < dp->n_buckets; i++)
        filter_update(dp, i);
}

int
flow_table_adopt(struct dp *dp)
{
    for (uint32_t i = 0; i < dp->max_flows; i++) {
        if (dp->flows[i].ufid && !flow_adopt(dp, i)) {
            dp->flows[i].ufid = 0;
            dp->use[i] = RECORD_FREE;
        }
    }
    buckets_adopt(dp);
    masks_adopt_end(dp);
    records_adopt_end(dp);
    return 0;
}
