/* SPDX-License-Identifier: Apache-2.0 */
/* The classifier's rules of one mask.
 *
 * Model: a hash table of matches (ofproto/hash-slots.h), each with its rules by priority
 * (ofproto/cls-same.h). A lookup reads the mask's words in stages; before each stage but the
 * last, a table of the partial hashes of all rules says whether any can still match.
 * For ofproto/classifier.c and its like alone; see ofproto/classifier.h for ownership and
 * threads. */
#ifndef SHUNT_OFPROTO_CLS_SUBTABLE_H
#define SHUNT_OFPROTO_CLS_SUBTABLE_H

#include "ofproto/classifier.h"
#include "ofproto/cls-same.h"
#include "ofproto/hash-slots.h"

/* A match, in cls_subtable.matches. */
struct cls_match {
    uint32_t hash;
    struct cls_rule *rules; /* ofproto/cls-same.h; not empty. */
} __attribute__((packed));

/* A partial hash that n rules have, in cls_subtable.partial[]. */
struct cls_partial {
    uint32_t hash;
    uint32_t n;
};

/* Some words of the mask, all of which stages of enum cls_stage that have any. */
struct cls_step {
    uint8_t end;           /* Words of the mask up to and including this step. */
    uint8_t prefix_fields; /* Bits: which fields with prefix_bits are in it. */
};

struct cls_subtable {
    /* What a lookup reads. */
    struct minimask *mask;
    uint8_t n_steps;                          /* At least 1; the last ends the mask. */
    uint8_t prefix_bits[CLS_N_PREFIX_FIELDS]; /* 0: the mask of that field is no prefix. */
    struct cls_step steps[CLS_N_STAGES];
    struct hash_slots matches;                   /* Of struct cls_match. */
    struct hash_slots partial[CLS_N_STAGES - 1]; /* Of struct cls_partial: after each step. */
    /* What changes read. */
    struct hmap_node node;  /* In classifier's by_mask. */
    struct flow whole_mask; /* The mask, all words. */
    size_t n_rules;
    int32_t max_priority;
    struct prefix_set priorities; /* Of the rules; see priority_key(). */
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

/* The rules that the flow matches, which have one match. NULL: none, and then *n_steps is how many
 * steps proved it; else all. */
struct cls_rule *cls_subtable_lookup(const struct cls_subtable *, const uint64_t *flow,
                                     unsigned int *n_steps);

/* The rules of exactly these masked values, or NULL. */
struct cls_rule *cls_subtable_find(const struct cls_subtable *, const uint64_t *values,
                                   uint32_t hash);

/* Calls `cb` for every rule until it returns false; returns whether it never did. */
bool cls_subtable_visit(const struct cls_subtable *, classifier_visit_cb *cb, void *aux);

/* The same for *n_slots slots from *at on, a few more perhaps, whatever `cb` returns. Returns
 * whether that was the last; else *at is where to go on. Rules that are there all the time are
 * seen, as long as matches.shape stays. */
bool cls_subtable_visit_part(const struct cls_subtable *, uint32_t *at, uint32_t *n_slots,
                             classifier_visit_cb *cb, void *aux);

/* How many rules have this priority. */
uint32_t cls_subtable_count(const struct cls_subtable *, int32_t priority);

size_t cls_subtable_memory(const struct cls_subtable *);

#endif
