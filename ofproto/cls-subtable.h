/* SPDX-License-Identifier: Apache-2.0 */
/* The classifier's rules of one mask.
 *
 * Model: a hash table whose chains keep equal matches in falling priority, so that the first
 * found is the best. A 16-bit filter for each bucket says which hashes may be in its chain: most
 * misses touch no rule. Before each stage but the last, the partial hashes of all rules.
 * For ofproto/classifier.c and its like alone; see ofproto/classifier.h for ownership and
 * threads. */
#ifndef SHUNT_OFPROTO_CLS_SUBTABLE_H
#define SHUNT_OFPROTO_CLS_SUBTABLE_H

#include "ofproto/classifier.h"
#include "ofproto/hash-counts.h"

struct cls_subtable {
    struct hmap_node node; /* In classifier's by_mask. */
    struct minimask *mask;
    struct flow whole_mask; /* The same, all words. */
    struct cls_rule **buckets;
    uint16_t *filters;    /* For each bucket, filter_bit() of all hashes in its chain. */
    uint32_t bucket_mask; /* Buckets less one. */
    size_t n_rules;
    int32_t max_priority;
    struct prefix_set priorities; /* Of the rules; see priority_key(). */
    /* Partial hashes after index_end[i] words. */
    uint8_t n_indices;
    uint8_t index_end[CLS_N_STAGES - 1];
    struct hash_counts indices[CLS_N_STAGES - 1];
    uint8_t prefix_bits[CLS_N_PREFIX_FIELDS]; /* 0: the mask of that field is no prefix. */
};

/* Room for any mask: `NAME` points to it. */
#define MINIMASK_ON_STACK(NAME)                                                                    \
    uint64_t NAME##_room__[sizeof(struct minimask) / 8 + FLOW_WORDS];                              \
    struct minimask *NAME = (struct minimask *)NAME##_room__
void minimask_init(struct minimask *, const struct flow *mask);

/* Which bits of struct flow a prefix field is. */
struct cls_prefix_field {
    uint8_t word; /* First of n_words. */
    uint8_t n_words;
    uint8_t offset; /* Bytes into the word. */
    uint8_t size;   /* Bytes. */
};
extern const struct cls_prefix_field cls_prefix_fields[CLS_N_PREFIX_FIELDS];

/* Reads the whole field, left-aligned, from the words of a flow. */
void cls_prefix_read(const struct cls_prefix_field *, const uint64_t *words, struct prefix *);
/* Sets the first n_bits of the field in the words of a mask. */
void cls_prefix_unwildcard(const struct cls_prefix_field *, uint64_t *words, unsigned int n_bits);
#define CLS_HASH_BASIS UINT64_C(0x9ae16a3b2f90404f)

static inline uint32_t
cls_hash_finish(uint64_t hash)
{
    return (uint32_t)(hash ^ hash >> 32);
}

/* Masks `words` into `values` and hashes them. */
static inline uint32_t
cls_hash(const struct minimask *mask, const uint64_t *words, uint64_t *values)
{
    uint64_t hash = CLS_HASH_BASIS;

    for (size_t i = 0; i < mask->n_words; i++) {
        values[i] = words[mask->words[i]] & mask->bits[i];
        hash = hash_fold(values[i], hash);
    }
    return cls_hash_finish(hash);
}

/* Takes a reference to `mask`. */
struct cls_subtable *cls_subtable_create(struct minimask *);
void cls_subtable_destroy(struct cls_subtable *);
/* Has the processor fetch what finding, inserting or removing a rule of these values will touch. */
void cls_subtable_prefetch(const struct cls_subtable *, const uint64_t *values, uint32_t hash);
void cls_subtable_insert(struct cls_subtable *, struct cls_rule *);
void cls_subtable_remove(struct cls_subtable *, struct cls_rule *);

/* The first rule that the flow matches; others follow by cls_rule_next_equal(). NULL: none, and
 * then *n_looked is how many words of the mask proved it. */
struct cls_rule *cls_subtable_lookup(const struct cls_subtable *, const uint64_t *flow,
                                     unsigned int *n_looked);

/* The rule of exactly these masked values and priority. */
struct cls_rule *cls_subtable_find(const struct cls_subtable *, const uint64_t *values,
                                   uint32_t hash, int32_t priority);

/* The next rule of the same match and lower (or equal) priority. */
struct cls_rule *cls_rule_next_equal(const struct cls_rule *);

/* How many rules have this priority. */
uint32_t cls_subtable_count(const struct cls_subtable *, int32_t priority);

size_t cls_subtable_memory(const struct cls_subtable *);

#endif
