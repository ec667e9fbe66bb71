/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/cls-subtable.h"

#include <assert.h>
#include <endian.h>

#define FIELD(MEMBER)                                                                              \
    {                                                                                              \
        DP_WORD_OF(MEMBER), DIV_ROUND_UP(sizeof(((struct dp_key *)0)->MEMBER), 8),                 \
            offsetof(struct dp_key, MEMBER) % 8, sizeof(((struct dp_key *)0)->MEMBER)              \
    }

const struct cls_prefix_field cls_prefix_fields[CLS_N_PREFIX_FIELDS] = {
    FIELD(ip_src), FIELD(ip_dst), FIELD(ip6_src), FIELD(ip6_dst), FIELD(tp_src), FIELD(tp_dst),
};

void
cls_prefix_read(const struct cls_prefix_field *field, const uint64_t *words, struct prefix *value)
{
    uint64_t hi = be64toh(words[field->word]) << 8 * field->offset;

    if (field->size < 8)
        hi &= ~(UINT64_MAX >> 8 * field->size);
    value->hi = hi;
    value->lo = field->n_words > 1 ? be64toh(words[field->word + 1]) : 0;
    value->n_bits = (uint8_t)(8 * field->size);
}

/* The first n_bits of the field as words of a mask. */
static void
prefix_mask(const struct cls_prefix_field *field, unsigned int n_bits, uint64_t out[2])
{
    unsigned int n_hi = MIN(n_bits, 64), n_lo = n_bits - n_hi;
    uint64_t hi = n_hi ? UINT64_MAX << (64 - n_hi) : 0;
    uint64_t lo = n_lo ? UINT64_MAX << (64 - n_lo) : 0;

    out[0] = htobe64(hi >> 8 * field->offset);
    out[1] = htobe64(lo);
}

void
cls_prefix_unwildcard(const struct cls_prefix_field *field, uint64_t *words, unsigned int n_bits)
{
    uint64_t mask[2];

    assert(field->n_words <= ARRAY_SIZE(mask));
    prefix_mask(field, n_bits, mask);
    for (unsigned int i = 0; i < field->n_words; i++)
        words[field->word + i] |= mask[i];
}

/* How long a prefix the mask of the field is; 0: none, or not contiguous. */
static uint8_t
mask_prefix_bits(const struct cls_prefix_field *field, const uint64_t *mask_words)
{
    struct prefix ones;
    unsigned int n_hi, n_lo;
    uint64_t mask[2];

    cls_prefix_read(field, mask_words, &ones);
    n_hi = ~ones.hi ? (unsigned int)__builtin_clzll(~ones.hi) : 64;
    n_lo = n_hi < 64 ? 0 : ~ones.lo ? (unsigned int)__builtin_clzll(~ones.lo) : 64;
    prefix_mask(field, n_hi + n_lo, mask);
    if (be64toh(mask[0]) << 8 * field->offset != ones.hi ||
        (field->n_words > 1 && be64toh(mask[1]) != ones.lo))
        return 0;
    return (uint8_t)(n_hi + n_lo);
}

/* Priorities in order, as prefixes of 32 bits. */
static struct prefix
priority_key(int32_t priority)
{
    return (struct prefix){.hi = (uint64_t)((int64_t)priority - INT32_MIN) << 32, .n_bits = 32};
}

static void
init_indices(struct cls_subtable *subtable)
{
    const struct minimask *mask = subtable->mask;
    uint8_t previous = 0;

    for (int stage = 0; stage < CLS_N_STAGES - 1; stage++) {
        uint8_t end = mask->stage_end[stage];

        if (end == previous || end == mask->n_words)
            continue;
        previous = end;
        subtable->index_end[subtable->n_indices] = end;
        hash_counts_init(&subtable->indices[subtable->n_indices++]);
    }
}

struct cls_subtable *
cls_subtable_create(struct minimask *mask)
{
    struct cls_subtable *subtable = xcalloc(1, sizeof *subtable);

    subtable->mask = minimask_ref(mask);
    subtable->buckets = xcalloc(1, sizeof *subtable->buckets);
    subtable->filters = xcalloc(1, sizeof *subtable->filters);
    prefix_set_init(&subtable->priorities, false);
    init_indices(subtable);
    minimask_expand(mask, &subtable->whole_mask);
    for (size_t i = 0; i < CLS_N_PREFIX_FIELDS; i++)
        subtable->prefix_bits[i] =
            mask_prefix_bits(&cls_prefix_fields[i], cls_words(&subtable->whole_mask));
    return subtable;
}

void
cls_subtable_destroy(struct cls_subtable *subtable)
{
    if (!subtable)
        return;
    for (size_t i = 0; i < subtable->n_indices; i++)
        hash_counts_destroy(&subtable->indices[i]);
    prefix_set_destroy(&subtable->priorities);
    minimask_unref(subtable->mask);
    free(subtable->buckets);
    free(subtable->filters);
    free(subtable);
}

/* Buckets are chosen by the low bits. */
static uint16_t
filter_bit(uint32_t hash)
{
    return (uint16_t)(1u << (hash >> 28));
}

/* The first rule of the chain that `hash` may be in, or NULL. */
static struct cls_rule *
chain_first(const struct cls_subtable *subtable, uint32_t hash)
{
    uint32_t i = hash & subtable->bucket_mask;

    return subtable->filters[i] & filter_bit(hash) ? subtable->buckets[i] : NULL;
}

/* Links the rule in front of the first of equal hash and lower priority. */
static void
chain_insert(struct cls_subtable *subtable, struct cls_rule *rule)
{
    uint32_t i = rule->hash & subtable->bucket_mask;
    struct cls_rule **link = &subtable->buckets[i], *other;

    if (subtable->filters[i] & filter_bit(rule->hash)) {
        while ((other = *link) && (other->hash != rule->hash || other->priority > rule->priority))
            link = &other->next;
    }
    subtable->filters[i] |= filter_bit(rule->hash);
    rule->next = *link;
    *link = rule;
}

static void
chain_remove(struct cls_subtable *subtable, struct cls_rule *rule)
{
    uint32_t i = rule->hash & subtable->bucket_mask;
    struct cls_rule **link = &subtable->buckets[i];
    uint16_t filter = 0;

    while (*link) {
        if (*link == rule) {
            *link = rule->next;
        } else {
            filter |= filter_bit((*link)->hash);
            link = &(*link)->next;
        }
    }
    subtable->filters[i] = filter;
}

static void
resize(struct cls_subtable *subtable, uint32_t n_buckets)
{
    uint32_t n_old = subtable->bucket_mask + 1;
    struct cls_rule **old = subtable->buckets;

    free(subtable->filters);
    subtable->filters = xcalloc(n_buckets, sizeof *subtable->filters);
    subtable->buckets = xcalloc(n_buckets, sizeof *subtable->buckets);
    subtable->bucket_mask = n_buckets - 1;
    for (uint32_t i = 0; i < n_old; i++) {
        struct cls_rule *rule, *next;

        for (rule = old[i]; rule; rule = next) {
            next = rule->next;
            chain_insert(subtable, rule);
        }
    }
    free(old);
}

/* The partial hash that index `i` counts. */
static uint32_t
partial_hash(const struct cls_subtable *subtable, const uint64_t *values, unsigned int i)
{
    uint64_t hash = CLS_HASH_BASIS;

    for (size_t k = 0; k < subtable->index_end[i]; k++)
        hash = hash_fold(values[k], hash);
    return cls_hash_finish(hash);
}

void
cls_subtable_prefetch(const struct cls_subtable *subtable, const uint64_t *values, uint32_t hash)
{
    uint32_t bucket = hash & subtable->bucket_mask;

    __builtin_prefetch(&subtable->filters[bucket], 1);
    __builtin_prefetch(&subtable->buckets[bucket], 1);
    for (unsigned int i = 0; i < subtable->n_indices; i++) {
        const struct hash_counts *index = &subtable->indices[i];

        __builtin_prefetch(&index->slots[partial_hash(subtable, values, i) & index->mask], 1);
    }
}

void
cls_subtable_insert(struct cls_subtable *subtable, struct cls_rule *rule)
{
    struct prefix key = priority_key(rule->priority);

    if (subtable->n_rules > subtable->bucket_mask)
        resize(subtable, 2 * (subtable->bucket_mask + 1));
    chain_insert(subtable, rule);
    for (unsigned int i = 0; i < subtable->n_indices; i++)
        hash_counts_add(&subtable->indices[i], partial_hash(subtable, rule->values, i));
    prefix_set_add(&subtable->priorities, &key);
    if (!subtable->n_rules++ || rule->priority > subtable->max_priority)
        subtable->max_priority = rule->priority;
}

void
cls_subtable_remove(struct cls_subtable *subtable, struct cls_rule *rule)
{
    struct prefix key = priority_key(rule->priority), last;

    chain_remove(subtable, rule);
    subtable->n_rules--;
    for (unsigned int i = 0; i < subtable->n_indices; i++)
        hash_counts_remove(&subtable->indices[i], partial_hash(subtable, rule->values, i));
    prefix_set_remove(&subtable->priorities, &key);
    if (rule->priority == subtable->max_priority && prefix_set_last(&subtable->priorities, &last))
        subtable->max_priority = (int32_t)((int64_t)(last.hi >> 32) + INT32_MIN);
}

static bool
values_equal(const struct cls_rule *rule, const uint64_t *values, uint32_t hash)
{
    return rule->hash == hash && !memcmp(rule->values, values, cls_rule_values_size(rule->mask));
}

struct cls_rule *
cls_subtable_lookup(const struct cls_subtable *subtable, const uint64_t *flow,
                    unsigned int *n_looked)
{
    const struct minimask *mask = subtable->mask;
    uint64_t values[FLOW_WORDS], hash = CLS_HASH_BASIS;
    struct cls_rule *rule;
    unsigned int k = 0;

    for (unsigned int i = 0; i < subtable->n_indices; i++) {
        for (; k < subtable->index_end[i]; k++) {
            values[k] = flow[mask->words[k]] & mask->bits[k];
            hash = hash_fold(values[k], hash);
        }
        if (!hash_counts_has(&subtable->indices[i], cls_hash_finish(hash))) {
            *n_looked = k;
            return NULL;
        }
    }
    for (; k < mask->n_words; k++) {
        values[k] = flow[mask->words[k]] & mask->bits[k];
        hash = hash_fold(values[k], hash);
    }
    *n_looked = k;
    rule = chain_first(subtable, cls_hash_finish(hash));
    while (rule && !values_equal(rule, values, cls_hash_finish(hash)))
        rule = rule->next;
    return rule;
}

struct cls_rule *
cls_subtable_find(const struct cls_subtable *subtable, const uint64_t *values, uint32_t hash,
                  int32_t priority)
{
    struct cls_rule *rule = chain_first(subtable, hash);

    while (rule && (rule->priority != priority || !values_equal(rule, values, hash)))
        rule = rule->next;
    return rule;
}

struct cls_rule *
cls_rule_next_equal(const struct cls_rule *rule)
{
    struct cls_rule *next = rule->next;

    while (next && !values_equal(next, rule->values, rule->hash))
        next = next->next;
    return next;
}

uint32_t
cls_subtable_count(const struct cls_subtable *subtable, int32_t priority)
{
    struct prefix key = priority_key(priority);

    return prefix_set_count(&subtable->priorities, &key);
}

size_t
cls_subtable_memory(const struct cls_subtable *subtable)
{
    size_t size = sizeof *subtable + subtable->priorities.n_bytes;

    size += ((size_t)subtable->bucket_mask + 1) *
            (sizeof *subtable->buckets + sizeof *subtable->filters);
    for (size_t i = 0; i < subtable->n_indices; i++)
        size += ((size_t)subtable->indices[i].mask + 1) * sizeof(struct hash_count);
    return size;
}
