/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/prefix-set.h"

#include <assert.h>

#include "lib/util.h"

/* Keys of a node. A leaf of narrow keys with counts of a byte is six cache lines: the first has n
 * and n_bits, then come keys, then counts. */
#define NODE_MAX 60
#define LINE 64

/* A run of keys, uint32_t or struct wide_key, and behind it a run of payload: in a leaf a count
 * for each key, in an inner node the child for each. The key of an inner node is a lower bound of
 * what its child holds. Narrow keys behind the n-th are UINT32_MAX. */
struct node {
    uint16_t n;
    uint8_t count_size; /* Of a leaf: bytes of a count, 1 or 4. */
    uint8_t spare;
    uint8_t n_bits[NODE_MAX];
    uint64_t keys[];
};

_Static_assert(sizeof(struct node) == LINE, "keys begin on a line");

struct wide_key {
    uint64_t hi, lo;
};

static size_t
keys_size(const struct prefix_set *set)
{
    return NODE_MAX * (set->wide ? sizeof(struct wide_key) : sizeof(uint32_t));
}

static void *
node_payload(const struct prefix_set *set, const struct node *node)
{
    return (void *)((uintptr_t)node->keys + keys_size(set));
}

static struct node **
node_children(const struct prefix_set *set, const struct node *node)
{
    return node_payload(set, node);
}

static uint32_t
leaf_count(const struct prefix_set *set, const struct node *leaf, unsigned int i)
{
    const void *counts = node_payload(set, leaf);

    return leaf->count_size == 1 ? ((const uint8_t *)counts)[i] : ((const uint32_t *)counts)[i];
}

/* The count must fit. */
static void
leaf_set_count(const struct prefix_set *set, struct node *leaf, unsigned int i, uint32_t count)
{
    void *counts = node_payload(set, leaf);

    if (leaf->count_size == 1)
        ((uint8_t *)counts)[i] = (uint8_t)count;
    else
        ((uint32_t *)counts)[i] = count;
}

/* Of one key. */
static size_t
payload_size(const struct node *node, unsigned int level)
{
    return level ? sizeof(struct node *) : node->count_size;
}

static size_t
node_size(const struct prefix_set *set, size_t payload)
{
    return ROUND_UP(sizeof(struct node) + keys_size(set) + NODE_MAX * payload, LINE);
}

/* Narrow keys from `from` on become those of no prefix. */
static void
clear_keys(const struct prefix_set *set, struct node *node, unsigned int from)
{
    if (!set->wide)
        memset((uint32_t *)node->keys + from, 0xff, (NODE_MAX - from) * sizeof(uint32_t));
}

/* `count_size` is of a leaf. */
static struct node *
node_create(struct prefix_set *set, unsigned int level, uint8_t count_size)
{
    size_t size = node_size(set, level ? sizeof(struct node *) : count_size);
    struct node *node = aligned_alloc(LINE, size);

    if (!node)
        out_of_memory(size);
    node->n = 0;
    node->count_size = count_size;
    clear_keys(set, node, 0);
    set->n_bytes += size;
    return node;
}

static void
node_free(struct prefix_set *set, struct node *node, unsigned int level)
{
    set->n_bytes -= node_size(set, payload_size(node, level));
    free(node);
}

static void
node_key(const struct prefix_set *set, const struct node *node, unsigned int i, struct prefix *key)
{
    assert(i < node->n);
    if (set->wide) {
        const struct wide_key *wide = (const struct wide_key *)node->keys;

        key->hi = wide[i].hi;
        key->lo = wide[i].lo;
    } else {
        key->hi = (uint64_t)((const uint32_t *)node->keys)[i] << 32;
        key->lo = 0;
    }
    key->n_bits = node->n_bits[i];
}

static void
node_set_key(const struct prefix_set *set, struct node *node, unsigned int i,
             const struct prefix *key)
{
    if (set->wide)
        ((struct wide_key *)node->keys)[i] = (struct wide_key){key->hi, key->lo};
    else
        ((uint32_t *)node->keys)[i] = (uint32_t)(key->hi >> 32);
    node->n_bits[i] = key->n_bits;
}

static bool
prefix_is_at_most(const struct prefix *a, const struct prefix *b)
{
    if (a->hi != b->hi)
        return a->hi < b->hi;
    if (a->lo != b->lo)
        return a->lo < b->lo;
    return a->n_bits <= b->n_bits;
}

static bool
prefix_equal(const struct prefix *a, const struct prefix *b)
{
    return a->hi == b->hi && a->lo == b->lo && a->n_bits == b->n_bits;
}

/* How many keys of the node have a value no greater than `value`. Keys often come in rising order;
 * otherwise all are compared, several at once, as the compiler makes it: no comparison waits for
 * another. */
static unsigned int
narrow_rank(const struct node *node, uint32_t value)
{
    const uint32_t *keys = (const uint32_t *)node->keys;
    uint32_t rank = 0;

    if (node->n && keys[node->n - 1] <= value)
        return node->n;
    for (uint32_t i = 0; i < NODE_MAX; i++)
        rank += keys[i] <= value;
    return MIN(rank, node->n);
}

static unsigned int
wide_rank(const struct prefix_set *set, const struct node *node, const struct prefix *key)
{
    unsigned int low = 0, high = node->n;

    while (low < high) {
        unsigned int middle = (low + high) / 2;
        struct prefix here;

        node_key(set, node, middle, &here);
        if (prefix_is_at_most(&here, key))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How many keys of the node are no greater than `key`. */
static unsigned int
node_rank(const struct prefix_set *set, const struct node *node, const struct prefix *key)
{
    unsigned int rank;
    struct prefix here;

    if (set->wide)
        return wide_rank(set, node, key);
    for (rank = narrow_rank(node, (uint32_t)(key->hi >> 32)); rank; rank--) {
        node_key(set, node, rank - 1, &here);
        if (prefix_is_at_most(&here, key))
            break;
    }
    return rank;
}

/* Which child of an inner node `key` belongs to. */
static unsigned int
child_rank(const struct prefix_set *set, const struct node *node, const struct prefix *key)
{
    unsigned int rank = node_rank(set, node, key);

    return rank ? rank - 1 : 0;
}

/* Moves keys and payload from `from` on to `to` in `dst`, which may be the same node. */
static void
node_move(const struct prefix_set *set, unsigned int level, struct node *dst, unsigned int to,
          const struct node *src, unsigned int from, unsigned int n)
{
    size_t key = keys_size(set) / NODE_MAX, item = payload_size(src, level);
    const char *src_items = node_payload(set, src);
    char *dst_items = node_payload(set, dst);

    memmove(&dst->n_bits[to], &src->n_bits[from], n);
    memmove((char *)dst->keys + to * key, (const char *)src->keys + from * key, n * key);
    memmove(dst_items + to * item, src_items + from * item, n * item);
}

/* Opens a gap for `key` at `i`; the caller fills in the payload. */
static void
node_open(const struct prefix_set *set, struct node *node, unsigned int level, unsigned int i,
          const struct prefix *key)
{
    node_move(set, level, node, i + 1, node, i, node->n - i);
    node->n++;
    node_set_key(set, node, i, key);
}

static void
node_close(const struct prefix_set *set, struct node *node, unsigned int level, unsigned int i)
{
    node->n--;
    node_move(set, level, node, i, node, i + 1, node->n - i);
    if (!set->wide)
        ((uint32_t *)node->keys)[node->n] = UINT32_MAX;
}

/* Moves the upper half of a full node to a new one. Keys that come in rising order leave full
 * nodes behind. */
static struct node *
node_split(struct prefix_set *set, struct node *node, unsigned int level, unsigned int at)
{
    struct node *right = node_create(set, level, node->count_size);
    unsigned int keep = at == NODE_MAX ? NODE_MAX - 1 : NODE_MAX / 2;

    right->n = (uint16_t)(node->n - keep);
    node_move(set, level, right, 0, node, keep, right->n);
    node->n = (uint16_t)keep;
    clear_keys(set, node, keep);
    return right;
}

/* Opens a gap at `i` for `key`, splitting a full node first: then *right is the new one. Returns
 * the node and in *i the place of the gap. */
static struct node *
node_make_room(struct prefix_set *set, struct node *node, unsigned int level, unsigned int *i,
               const struct prefix *key, struct node **right)
{
    *right = NULL;
    if (node->n == NODE_MAX) {
        *right = node_split(set, node, level, *i);
        if (*i > node->n) {
            *i -= node->n;
            node = *right;
        }
    }
    node_open(set, node, level, *i, key);
    return node;
}

/* Gives the leaf at `link` counts of four bytes. */
static void
leaf_widen(struct prefix_set *set, struct node **link)
{
    struct node *leaf = *link, *wide = node_create(set, 0, sizeof(uint32_t));

    memcpy(wide->n_bits, leaf->n_bits, sizeof wide->n_bits);
    memcpy(wide->keys, leaf->keys, keys_size(set));
    wide->n = leaf->n;
    for (unsigned int i = 0; i < leaf->n; i++)
        leaf_set_count(set, wide, i, leaf_count(set, leaf, i));
    node_free(set, leaf, 0);
    *link = wide;
}

/* Adds to the leaf at `link`; returns the one that was split off to the right, or NULL. */
static struct node *
leaf_add(struct prefix_set *set, struct node **link, const struct prefix *key)
{
    unsigned int i = node_rank(set, *link, key);
    struct node *leaf, *right;
    struct prefix last;

    if (i) {
        node_key(set, *link, i - 1, &last);
        if (prefix_equal(&last, key)) {
            uint32_t count = leaf_count(set, *link, i - 1) + 1;

            if ((*link)->count_size == 1 && count > UINT8_MAX)
                leaf_widen(set, link);
            leaf_set_count(set, *link, i - 1, count);
            return NULL;
        }
    }
    set->n++;
    leaf = node_make_room(set, *link, 0, &i, key, &right);
    leaf_set_count(set, leaf, i, 1);
    return right;
}

/* Adds to the subtree at `link`; returns the node that was split off to the right, or NULL. */
static struct node *
subtree_add(struct prefix_set *set, struct node **link, unsigned int level,
            const struct prefix *key)
{
    struct node *node = *link, *right, *split;
    struct prefix first;
    unsigned int i;

    if (!level)
        return leaf_add(set, link, key);
    i = child_rank(set, node, key);
    split = subtree_add(set, &node_children(set, node)[i], level - 1, key);
    if (!split)
        return NULL;
    node_key(set, split, 0, &first);
    i++;
    node = node_make_room(set, node, level, &i, &first, &right);
    node_children(set, node)[i] = split;
    return right;
}

/* Takes one from the count of `key`; returns whether the node is empty now. */
static bool
subtree_remove(struct prefix_set *set, struct node *node, unsigned int level,
               const struct prefix *key)
{
    struct prefix least = {0, 0, 0};
    unsigned int i = level ? child_rank(set, node, key) : node_rank(set, node, key) - 1;

    if (level) {
        struct node *child = node_children(set, node)[i];

        if (!subtree_remove(set, child, level - 1, key))
            return false;
        node_free(set, child, level - 1);
        node_key(set, node, 0, &least);
    } else {
        uint32_t count = leaf_count(set, node, i) - 1;

        leaf_set_count(set, node, i, count);
        if (count)
            return false;
        set->n--;
    }
    node_close(set, node, level, i);
    if (level && node->n)
        node_set_key(set, node, 0, &least); /* What child 0 gets may be less than 1's. */
    return !node->n;
}

static void
subtree_free(struct prefix_set *set, struct node *node, unsigned int level)
{
    for (unsigned int i = 0; level && i < node->n; i++)
        subtree_free(set, node_children(set, node)[i], level - 1);
    node_free(set, node, level);
}

void
prefix_set_init(struct prefix_set *set, bool wide)
{
    *set = (struct prefix_set){.wide = wide};
}

void
prefix_set_destroy(struct prefix_set *set)
{
    if (set && set->root)
        subtree_free(set, set->root, set->depth);
}

void
prefix_set_add(struct prefix_set *set, const struct prefix *key)
{
    struct prefix first, least = {0, 0, 0};
    struct node *root, *right;

    if (!set->root)
        set->root = node_create(set, 0, sizeof(uint8_t));
    right = subtree_add(set, &set->root, set->depth, key);
    if (!right)
        return;
    root = set->root;
    node_key(set, right, 0, &first);
    set->root = node_create(set, ++set->depth, 0);
    node_open(set, set->root, set->depth, 0, &least);
    node_children(set, set->root)[0] = root;
    node_open(set, set->root, set->depth, 1, &first);
    node_children(set, set->root)[1] = right;
}

void
prefix_set_remove(struct prefix_set *set, const struct prefix *key)
{
    struct node *root = set->root;

    if (subtree_remove(set, root, set->depth, key)) {
        node_free(set, root, set->depth);
        set->root = NULL;
        set->depth = 0;
        return;
    }
    while (set->depth && root->n == 1) {
        set->root = node_children(set, root)[0];
        node_free(set, root, set->depth--);
        root = set->root;
    }
}

static void
prefetch(const void *from, size_t size)
{
    for (size_t i = 0; i < size; i += LINE)
        __builtin_prefetch((const char *)from + i, 1);
}

/* One step down, of which the memory is asked for only; returns whether a leaf is reached. */
static bool
walk_step(struct prefix_walk *walk)
{
    const struct prefix_set *set = walk->set;

    walk->node = node_children(set, walk->node)[child_rank(set, walk->node, &walk->key)];
    if (--walk->level) {
        prefetch(walk->node, sizeof(struct node) + keys_size(set));
        return false;
    }
    prefetch(walk->node, node_size(set, sizeof(uint8_t)));
    return true;
}

void
prefix_walks_prefetch(struct prefix_walk *walks, size_t n)
{
    size_t n_under_way = 0;

    for (size_t i = 0; i < n; i++) {
        walks[i].node = walks[i].set->root;
        walks[i].level = walks[i].set->depth;
        n_under_way += walks[i].level > 0; /* A single node is in the cache. */
    }
    while (n_under_way) {
        for (size_t i = 0; i < n; i++) {
            if (walks[i].level && walk_step(&walks[i]))
                n_under_way--;
        }
    }
}

/* How many leading bits `key` shares with `other`, at most other's length. */
static int
common_bits(const struct prefix *key, const struct prefix *other)
{
    uint64_t hi = key->hi ^ other->hi, lo = key->lo ^ other->lo;
    int n = hi ? __builtin_clzll(hi) : lo ? 64 + __builtin_clzll(lo) : 128;

    return MIN(n, other->n_bits);
}

/* Common bits with the last (or first) prefix of a subtree. */
static int
common_with_edge(const struct prefix_set *set, const struct node *node, unsigned int level,
                 bool last, const struct prefix *key)
{
    struct prefix edge;

    for (; level; level--)
        node = node_children(set, node)[last ? node->n - 1 : 0];
    node_key(set, node, last ? node->n - 1 : 0, &edge);
    return common_bits(key, &edge);
}

int
prefix_set_common(const struct prefix_set *set, const struct prefix *key)
{
    const struct node *node = set->root, *left = NULL, *right = NULL;
    struct prefix high = {key->hi, key->lo, UINT8_MAX}; /* Behind all of its value. */
    unsigned int level, left_level = 0, right_level = 0, i;
    int below, above;

    if (!node)
        return -1;
    for (level = set->depth; level; level--) {
        struct node **children = node_children(set, node);

        i = child_rank(set, node, &high);
        if (i) {
            left = children[i - 1];
            left_level = level - 1;
        }
        if (i + 1 < node->n) {
            right = children[i + 1];
            right_level = level - 1;
        }
        node = children[i];
    }
    i = node_rank(set, node, &high);
    below = above = 0;
    if (i) {
        node_key(set, node, i - 1, &high);
        below = common_bits(key, &high);
    } else if (left) {
        below = common_with_edge(set, left, left_level, true, key);
    }
    if (i < node->n) {
        node_key(set, node, i, &high);
        above = common_bits(key, &high);
    } else if (right) {
        above = common_with_edge(set, right, right_level, false, key);
    }
    return MAX(below, above);
}

bool
prefix_set_last(const struct prefix_set *set, struct prefix *last)
{
    const struct node *node = set->root;

    if (!node)
        return false;
    for (unsigned int level = set->depth; level; level--)
        node = node_children(set, node)[node->n - 1];
    node_key(set, node, node->n - 1U, last);
    return true;
}

uint32_t
prefix_set_count(const struct prefix_set *set, const struct prefix *key)
{
    struct node *node = set->root;
    struct prefix found;
    unsigned int i;

    if (!node)
        return 0;
    for (unsigned int level = set->depth; level; level--)
        node = node_children(set, node)[child_rank(set, node, key)];
    i = node_rank(set, node, key);
    if (!i)
        return 0;
    node_key(set, node, i - 1, &found);
    return prefix_equal(&found, key) ? leaf_count(set, node, i - 1) : 0;
}
