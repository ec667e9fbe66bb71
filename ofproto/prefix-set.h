/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted multiset of bit prefixes that tells how much of a value proves that no longer prefix
 * of the set matches it.
 *
 * Model: prefixes of up to 128 bits in a B+ tree, ordered by (value, length), each with a count.
 * For a key k let m be the most bits that k shares with any prefix p, no more than p's length.
 * The nearest prefix at or below k and the nearest above k attain m, because sorted order keeps
 * common leading bits together. Every prefix longer than m differs from k within the first m + 1
 * bits; so whoever has looked at those bits of k knows that no prefix of m + 1 bits or more
 * matches. This is what the prefix tries of Open vSwitch are for; a tree of wide nodes answers
 * with a third of the cache misses and half the memory of a binary trie at a million prefixes.
 *
 * Deletion frees a node when it is empty and does not merge neighbours: the depth stays that of
 * the largest number of prefixes held since the set was empty.
 *
 * Ownership: the set owns its nodes. Threads: the caller's lock. Errors: memory that runs out
 * aborts. Not here: which field of a flow a set is for (ofproto/classifier.c). */
#ifndef SHUNT_OFPROTO_PREFIX_SET_H
#define SHUNT_OFPROTO_PREFIX_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node;

struct prefix_set {
    struct node *root; /* NULL: empty. */
    size_t n;          /* Distinct prefixes. */
    size_t n_bytes;    /* That the nodes take. */
    uint8_t depth;     /* Levels above the leaves. */
    bool wide;         /* Values of 128 bits, else of 32. */
};

/* Left-aligned: bit 63 of `hi` is the first. Bits behind the prefix are zero. In a set that is
 * not wide only the upper half of `hi` is in use. */
struct prefix {
    uint64_t hi, lo;
    uint8_t n_bits;
};

void prefix_set_init(struct prefix_set *, bool wide);
void prefix_set_destroy(struct prefix_set *);

/* Adds one to the count of the prefix. */
void prefix_set_add(struct prefix_set *, const struct prefix *);
/* Takes one from the count of the prefix, which must be in the set. */
void prefix_set_remove(struct prefix_set *, const struct prefix *);

/* A key on its way to its leaf. */
struct prefix_walk {
    const struct prefix_set *set;
    struct prefix key;
    const struct node *node;
    unsigned int level; /* Above the leaves. */
};

/* Has the processor fetch what adding, removing or looking up the keys, each in its set, will
 * touch. All go down at once, so that they wait for memory together. The caller sets `set` and
 * `key`. */
void prefix_walks_prefetch(struct prefix_walk *, size_t n);

/* The m above, for a key of the set's full width (`n_bits` of the key is not looked at). -1 for
 * an empty set: then no bit needs to be looked at. */
int prefix_set_common(const struct prefix_set *, const struct prefix *key);
/* The largest prefix in order; false when the set is empty. */
bool prefix_set_last(const struct prefix_set *, struct prefix *);
/* How often the prefix is in the set. */
uint32_t prefix_set_count(const struct prefix_set *, const struct prefix *);

#endif
