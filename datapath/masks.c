/* SPDX-License-Identifier: Apache-2.0 */
/* Masks: which words of the key a group of flows looks at. A mask lives as long as it has
 * flows; its index is used again only after a grace period. */
#include "datapath/dp-internal.h"

#include <errno.h>

#include "lib/hash.h"
#include "lib/util.h"

int
masks_init(struct dp *dp)
{
    hmap_init(&dp->mask_table);
    dp->mask_nodes = calloc(DP_MAX_MASKS, sizeof *dp->mask_nodes);
    dp->mask_use = calloc(DP_MAX_MASKS, sizeof *dp->mask_use);
    dp->mask_hits = calloc(DP_MAX_MASKS, sizeof *dp->mask_hits);
    dp->mask_unwanted = calloc(DP_MAX_MASKS, sizeof *dp->mask_unwanted);
    if (!dp->mask_nodes || !dp->mask_use || !dp->mask_hits || !dp->mask_unwanted ||
        queue_init(&dp->dying_masks, DP_MAX_MASKS))
        return dp_fail(ENOMEM, "no memory for masks");
    return 0;
}

void
masks_destroy(struct dp *dp)
{
    hmap_destroy(&dp->mask_table);
    queue_destroy(&dp->dying_masks);
    free(dp->mask_nodes);
    free(dp->mask_use);
    free(dp->mask_hits);
    free(dp->mask_unwanted);
}

/* Which entry of `common` masks the word, or -1. */
static int
common_entry(uint32_t word)
{
    static const uint8_t common[DP_N_COMMON] = {
#define X(i, number) [i] = number,
        DP_COMMON_WORDS(X)
#undef X
    };

    for (int i = 0; i < DP_N_COMMON; i++) {
        if (common[i] == word)
            return i;
    }
    return -1;
}

/* The words that have bits, as the fast path walks them. */
static void
mask_compile(const struct dp_key *key_mask, struct dp_mask *mask)
{
    const uint64_t *words = (const uint64_t *)key_mask;

    memset(mask, 0, sizeof *mask);
    for (uint32_t i = 0; i < DP_KEY_WORDS; i++) {
        int common = common_entry(i);

        if (common >= 0) {
            mask->common[common] = words[i];
        } else if (words[i]) {
            mask->words[mask->n_rest] = i;
            mask->bits[mask->n_rest++] = words[i];
        }
    }
}

void
mask_expand(const struct dp_mask *mask, struct dp_key *key_mask)
{
    uint64_t *words = (uint64_t *)key_mask;

    memset(key_mask, 0, sizeof *key_mask);
#define X(i, number) words[number] = mask->common[i];
    DP_COMMON_WORDS(X)
#undef X
    for (uint32_t i = 0; i < mask->n_rest; i++)
        words[mask->words[i]] = mask->bits[i];
}

uint32_t
mask_key_hash(const struct dp *dp, const struct dp_key *masked, uint32_t index)
{
    const struct dp_mask *mask = &dp->masks[index];
    const __u64 *words = (const __u64 *)masked;
    uint64_t sum = dp_hash_common(words, mask, dp->secret);

    for (uint32_t i = 0; i < mask->n_rest; i++)
        sum += dp_hash_word(words[mask->words[i]], dp->secret[mask->words[i]]);
    return dp_hash_finish(sum, index);
}

/* A sum, so that multiplications do not wait for one another: every put asks. */
static uint32_t
mask_hash(const struct dp_key *key_mask)
{
    const uint64_t *words = (const uint64_t *)key_mask;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < DP_KEY_WORDS; i++)
        sum += hash_fold(words[i], i);
    return (uint32_t)(sum ^ sum >> 32);
}

static struct mask_node *
mask_find(struct dp *dp, const struct dp_key *key_mask, uint32_t hash)
{
    struct mask_node *node;

    HMAP_FOR_EACH_WITH_HASH (node, node, hash, &dp->mask_table) {
        if (!memcmp(&node->bits, key_mask, sizeof *key_mask))
            return node;
    }
    return NULL;
}

static int
mask_free_index(struct dp *dp, uint32_t *index)
{
    const uint8_t *free_one = memchr(dp->mask_use, RECORD_FREE, DP_MAX_MASKS);

    if (free_one) {
        *index = free_one - dp->mask_use;
        return 0;
    }
    return dp_fail(ENOSPC, "there are %u masks already, the most that fit", DP_MAX_MASKS);
}

static void
order_append(struct dp *dp, uint32_t index)
{
    struct dp_control *control = dp->control;

    __atomic_store_n(&control->order[control->n_masks], index, __ATOMIC_RELEASE);
    __atomic_store_n(&control->n_masks, control->n_masks + 1, __ATOMIC_RELEASE);
}

/* The last one takes the place: it is tried in both places for a moment. */
static void
order_remove_at(struct dp_control *control, uint32_t place)
{
    __atomic_store_n(&control->order[place], control->order[control->n_masks - 1],
                     __ATOMIC_RELEASE);
    __atomic_store_n(&control->n_masks, control->n_masks - 1, __ATOMIC_RELEASE);
}

static void
order_remove(struct dp *dp, uint32_t index)
{
    struct dp_control *control = dp->control;

    for (uint32_t i = 0; i < control->n_masks; i++) {
        if (control->order[i] == index) {
            order_remove_at(control, i);
            return;
        }
    }
}

static void
mask_insert(struct dp *dp, uint32_t index)
{
    struct mask_node *node = &dp->mask_nodes[index];

    node->index = index;
    dp->mask_hits[index] = 0;
    dp->mask_unwanted[index] = false;
    mask_expand(&dp->masks[index], &node->bits);
    dp->mask_use[index] = RECORD_HEAD;
    hmap_insert(&dp->mask_table, &node->node, mask_hash(&node->bits));
    dp->n_masks++;
}

int
mask_acquire(struct dp *dp, const struct dp_key *key_mask, uint32_t *index)
{
    struct mask_node *node = mask_find(dp, key_mask, mask_hash(key_mask));
    struct dp_mask *mask;
    int error;

    if (node) {
        *index = node->index;
        dp->masks[*index].n_flows++;
        return 0;
    }
    error = mask_free_index(dp, index);
    if (error)
        return error;
    mask = &dp->masks[*index];
    mask_compile(key_mask, mask);
    mask->n_flows = 1;
    mask_insert(dp, *index);
    order_append(dp, *index);
    return 0;
}

static void
mask_remove(struct dp *dp, uint32_t index)
{
    order_remove(dp, index);
    hmap_remove(&dp->mask_table, &dp->mask_nodes[index].node);
    dp->mask_use[index] = RECORD_DYING;
    queue_push(&dp->dying_masks, index);
    dp->n_masks--;
}

void
mask_release(struct dp *dp, uint32_t index)
{
    if (!--dp->masks[index].n_flows)
        mask_remove(dp, index);
}

void
mask_free(struct dp *dp, uint32_t index)
{
    dp->mask_use[index] = RECORD_FREE;
}

uint32_t
dp_repair_masks(struct dp *dp)
{
    uint32_t n_repaired = 0;

    pthread_mutex_lock(&dp->lock);
    for (uint32_t i = 0; i < DP_MAX_MASKS; i++) {
        struct dp_mask mask;

        if (dp->mask_use[i] != RECORD_HEAD)
            continue;
        mask_compile(&dp->mask_nodes[i].bits, &mask);
        mask.n_flows = dp->masks[i].n_flows;
        if (!memcmp(&mask, &dp->masks[i], sizeof mask))
            continue;
        dp->masks[i] = mask;
        n_repaired++;
    }
    pthread_mutex_unlock(&dp->lock);
    return n_repaired;
}

int
mask_adopt(struct dp *dp, uint32_t index)
{
    if (index >= DP_MAX_MASKS || dp->masks[index].n_rest > DP_KEY_WORDS)
        return EINVAL;
    if (dp->mask_use[index] != RECORD_HEAD) {
        dp->masks[index].n_flows = 0;
        mask_insert(dp, index);
    }
    dp->masks[index].n_flows++;
    return 0;
}

/* The order gets each mask that a flow counted, once: a daemon may have died as it changed it. */
void
masks_adopt_end(struct dp *dp)
{
    struct dp_control *control = dp->control;
    bool has[DP_MAX_MASKS] = {false};

    for (uint32_t i = 0; i < control->n_masks;) {
        uint32_t index = control->order[i] & (DP_MAX_MASKS - 1);

        if (dp->mask_use[index] != RECORD_HEAD || has[index]) {
            order_remove_at(control, i);
        } else {
            has[index] = true;
            i++;
        }
    }
    for (uint32_t index = 0; index < DP_MAX_MASKS; index++) {
        if (dp->mask_use[index] == RECORD_HEAD && !has[index])
            order_append(dp, index);
    }
}

/* ---- Rank ---- */

bool
dp_mask_fits(struct dp *dp, const struct dp_key *mask, uint32_t budget)
{
    bool fits;

    pthread_mutex_lock(&dp->lock);
    fits = dp->n_masks < budget || mask_find(dp, mask, mask_hash(mask));
    pthread_mutex_unlock(&dp->lock);
    return fits;
}

void
mask_count_hits(struct dp *dp, uint32_t index, uint64_t n_packets)
{
    atomic_fetch_add_explicit(&dp->mask_hits[index & (DP_MAX_MASKS - 1)], n_packets,
                              memory_order_relaxed);
}

struct ranked {
    uint64_t hits;
    uint16_t index;
};

/* The most hits first. */
static int
compare_rank(const void *a_, const void *b_)
{
    const struct ranked *a = a_, *b = b_;

    return a->hits == b->hits ? a->index - b->index : a->hits < b->hits ? 1 : -1;
}

/* True if some mask is tried after one with less than half of its hits. */
static bool
is_out_of_order(const struct ranked *masks, uint32_t n)
{
    uint64_t fewest = UINT64_MAX;

    for (uint32_t i = 0; i < n; i++) {
        if (masks[i].hits / 2 > fewest)
            return true;
        fewest = MIN(fewest, masks[i].hits);
    }
    return false;
}

static void
masks_rank(struct dp *dp, struct ranked *masks, uint32_t n_unwanted)
{
    struct dp_control *control = dp->control;
    uint32_t n = control->n_masks;
    bool reorder;

    for (uint32_t i = 0; i < n; i++) {
        uint16_t index = control->order[i];

        masks[i] = (struct ranked){dp->mask_hits[index], index};
        dp->mask_hits[index] /= 2;
    }
    reorder = is_out_of_order(masks, n);
    qsort(masks, n, sizeof *masks, compare_rank);
    for (uint32_t i = 0; i < n; i++) {
        dp->mask_unwanted[masks[i].index] = i + n_unwanted >= n;
        if (reorder)
            __atomic_store_n(&control->order[i], masks[i].index, __ATOMIC_RELEASE);
    }
}

void
dp_masks_rank(struct dp *dp, uint32_t n_unwanted)
{
    struct ranked *masks = xcalloc(DP_MAX_MASKS, sizeof *masks);

    pthread_mutex_lock(&dp->lock);
    masks_rank(dp, masks, n_unwanted);
    pthread_mutex_unlock(&dp->lock);
    free(masks);
}

bool
dp_flow_is_unwanted(const struct dp *dp, uint32_t index)
{
    return dp->mask_unwanted[dp->flows[index].mask_index & (DP_MAX_MASKS - 1)];
}
