/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/cls-subtable.h"

#include <assert.h>
#include <endian.h>

#define VISIT_AHEAD 16 /* Slots. */

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

/* Which fields with a prefix begin in the mask's words [from, end). */
static uint8_t
prefix_fields_in(const struct cls_subtable *subtable, unsigned int from, unsigned int end)
{
    uint8_t fields = 0;

    for (unsigned int k = from; k < end; k++) {
        for (size_t i = 0; i < CLS_N_PREFIX_FIELDS; i++) {
            if (subtable->prefix_bits[i] && subtable->mask->words[k] == cls_prefix_fields[i].word)
                fields |= (uint8_t)(1u << i);
        }
    }
    return fields;
}

static void
init_steps(struct cls_subtable *subtable)
{
    const struct minimask *mask = subtable->mask;
    uint8_t from = 0;

    for (int stage = 0; stage < CLS_N_STAGES; stage++) {
        uint8_t end = mask->stage_end[stage];

        if (end == from && !(stage == CLS_N_STAGES - 1 && !subtable->n_steps))
            continue;
        subtable->steps[subtable->n_steps++] =
            (struct cls_step){end, prefix_fields_in(subtable, from, end)};
        from = end;
    }
    for (unsigned int i = 0; i + 1 < subtable->n_steps; i++)
        hash_slots_init(&subtable->partial[i], sizeof(struct cls_partial));
}

struct cls_subtable *
cls_subtable_create(struct minimask *mask)
{
    struct cls_subtable *subtable = xcalloc(1, sizeof *subtable);

    subtable->mask = minimask_ref(mask);
    hash_slots_init(&subtable->matches, sizeof(struct cls_match));
    prefix_set_init(&subtable->priorities, false);
    minimask_expand(mask, &subtable->whole_mask);
    for (size_t i = 0; i < CLS_N_PREFIX_FIELDS; i++)
        subtable->prefix_bits[i] =
            mask_prefix_bits(&cls_prefix_fields[i], cls_words(&subtable->whole_mask));
    init_steps(subtable);
    return subtable;
}

void
cls_subtable_destroy(struct cls_subtable *subtable)
{
    if (!subtable)
        return;
    for (unsigned int i = 0; i + 1 < subtable->n_steps; i++)
        hash_slots_destroy(&subtable->partial[i]);
    hash_slots_destroy(&subtable->matches);
    prefix_set_destroy(&subtable->priorities);
    minimask_unref(subtable->mask);
    free(subtable);
}

/* ---- Partial hashes ---- */
static uint32_t
partial_hash(const struct cls_subtable *subtable, const uint64_t *values, unsigned int step)
{
    uint64_t hash = CLS_HASH_BASIS;

    for (size_t k = 0; k < subtable->steps[step].end; k++)
        hash = hash_fold(values[k], hash);
    return cls_hash_finish(hash);
}

static void
count_partial(struct hash_slots *slots, uint32_t hash)
{
    uint32_t i = hash_slots_first(slots, hash);
    struct cls_partial *partial =
        i == HASH_SLOTS_NONE ? hash_slots_add(slots, hash) : hash_slots_item(slots, i);

    partial->n++;
}

static void
uncount_partial(struct hash_slots *slots, uint32_t hash)
{
    uint32_t i = hash_slots_first(slots, hash);
    struct cls_partial *partial = hash_slots_item(slots, i);

    if (!--partial->n)
        hash_slots_remove(slots, i);
}

/* ---- Matches ---- */
static struct cls_match *
match_at(const struct cls_subtable *subtable, uint32_t i)
{
    return hash_slots_item(&subtable->matches, i);
}

/* The slot of these values, or HASH_SLOTS_NONE. */
static uint32_t
find_match(const struct cls_subtable *subtable, const uint64_t *values, uint32_t hash)
{
    uint32_t i = hash_slots_first(&subtable->matches, hash);

    while (i != HASH_SLOTS_NONE && memcmp(match_at(subtable, i)->rules->values, values,
                                          cls_rule_values_size(subtable->mask)))
        i = hash_slots_next(&subtable->matches, hash, i);
    return i;
}

static void
add_rule(struct cls_subtable *subtable, struct cls_rule *rule)
{
    uint32_t i = find_match(subtable, rule->values, rule->hash);
    struct cls_match *match = i == HASH_SLOTS_NONE ? hash_slots_add(&subtable->matches, rule->hash)
                                                   : match_at(subtable, i);
    struct cls_rule *rules = match->rules;

    cls_same_insert(&rules, rule);
    match->rules = rules;
}

static void
remove_rule(struct cls_subtable *subtable, struct cls_rule *rule)
{
    uint32_t i = find_match(subtable, rule->values, rule->hash);
    struct cls_match *match = match_at(subtable, i);
    struct cls_rule *rules = match->rules;

    cls_same_remove(&rules, rule);
    match->rules = rules;
    if (!rules)
        hash_slots_remove(&subtable->matches, i);
}

/* ---- Rules ---- */
void
cls_subtable_prefetch(const struct cls_subtable *subtable, const uint64_t *values, uint32_t hash)
{
    hash_slots_prefetch(&subtable->matches, hash);
    for (unsigned int i = 0; i + 1 < subtable->n_steps; i++)
        hash_slots_prefetch(&subtable->partial[i], partial_hash(subtable, values, i));
}

void
cls_subtable_insert(struct cls_subtable *subtable, struct cls_rule *rule)
{
    struct prefix key = priority_key(rule->priority);

    add_rule(subtable, rule);
    for (unsigned int i = 0; i + 1 < subtable->n_steps; i++)
        count_partial(&subtable->partial[i], partial_hash(subtable, rule->values, i));
    prefix_set_add(&subtable->priorities, &key);
    if (!subtable->n_rules++ || rule->priority > subtable->max_priority)
        subtable->max_priority = rule->priority;
}

void
cls_subtable_remove(struct cls_subtable *subtable, struct cls_rule *rule)
{
    struct prefix key = priority_key(rule->priority), last;

    remove_rule(subtable, rule);
    subtable->n_rules--;
    for (unsigned int i = 0; i + 1 < subtable->n_steps; i++)
        uncount_partial(&subtable->partial[i], partial_hash(subtable, rule->values, i));
    prefix_set_remove(&subtable->priorities, &key);
    if (rule->priority == subtable->max_priority && prefix_set_last(&subtable->priorities, &last))
        subtable->max_priority = (int32_t)((int64_t)(last.hi >> 32) + INT32_MIN);
}

struct cls_rule *
cls_subtable_lookup(const struct cls_subtable *subtable, const uint64_t *flow,
                    unsigned int *n_steps)
{
    const struct minimask *mask = subtable->mask;
    uint64_t values[FLOW_WORDS], hash = CLS_HASH_BASIS;
    unsigned int step = 0, k = 0;
    uint32_t i;

    for (;; step++) {
        for (; k < subtable->steps[step].end; k++) {
            values[k] = flow[mask->words[k]] & mask->bits[k];
            hash = hash_fold(values[k], hash);
        }
        *n_steps = step + 1;
        if (step + 1 == subtable->n_steps)
            break;
        if (hash_slots_first(&subtable->partial[step], cls_hash_finish(hash)) == HASH_SLOTS_NONE)
            return NULL;
    }
    i = find_match(subtable, values, cls_hash_finish(hash));
    return i == HASH_SLOTS_NONE ? NULL : match_at(subtable, i)->rules;
}

struct cls_rule *
cls_subtable_find(const struct cls_subtable *subtable, const uint64_t *values, uint32_t hash)
{
    uint32_t i = find_match(subtable, values, hash);

    return i == HASH_SLOTS_NONE ? NULL : match_at(subtable, i)->rules;
}

/* Starts to fetch the rule in a slot, with what its owner has in front of it: a walk over a million
 * rules holds the lock, and waits for memory most of the time. */
static void
prefetch_rule(const struct cls_subtable *subtable, uint32_t i)
{
    const char *rule;

    if (i > subtable->matches.mask || !subtable->matches.tags[i])
        return;
    rule = (const char *)match_at(subtable, i)->rules;
    for (int offset = -128; offset <= 64; offset += 64)
        __builtin_prefetch(rule + offset);
}

static bool
visit_slot(const struct cls_subtable *subtable, uint32_t i, classifier_visit_cb *cb, void *aux)
{
    struct cls_rule *rules, *rule;

    prefetch_rule(subtable, i + VISIT_AHEAD);
    if (!subtable->matches.tags[i])
        return true;
    rules = match_at(subtable, i)->rules;
    CLS_SAME_FOR_EACH(rule, rules)
    {
        if (!cb(aux, rule))
            return false;
    }
    return true;
}

bool
cls_subtable_visit(const struct cls_subtable *subtable, classifier_visit_cb *cb, void *aux)
{
    for (uint32_t i = 0; i <= subtable->matches.mask; i++) {
        if (!visit_slot(subtable, i, cb, aux))
            return false;
    }
    return true;
}

/* A part ends behind an empty slot: whatever stands behind it has its place behind it, and a
 * removal moves items toward their places, so none that is there by then comes before `*at`. */
bool
cls_subtable_visit_part(const struct cls_subtable *subtable, uint32_t *at, uint32_t *n_slots,
                        classifier_visit_cb *cb, void *aux)
{
    for (uint32_t i = *at; i <= subtable->matches.mask; i++) {
        if (!*n_slots && i && !subtable->matches.tags[i - 1]) {
            *at = i;
            return false;
        }
        visit_slot(subtable, i, cb, aux);
        *n_slots -= *n_slots > 0;
    }
    *at = 0;
    return true;
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

    size += hash_slots_memory(&subtable->matches);
    for (unsigned int i = 0; i + 1 < subtable->n_steps; i++)
        size += hash_slots_memory(&subtable->partial[i]);
    return size;
}
