/* SPDX-License-Identifier: Apache-2.0 */
/* Masks and the classifier's part of a rule. */
#include "ofproto/classifier.h"
#include "ofproto/cls-subtable.h"

/* Which stage looks at a word of struct flow. */
static enum cls_stage
word_stage(unsigned int word)
{
    if (word >= DP_WORD_OF(eth_dst) && word < DP_WORD_OF(ip_src))
        return CLS_STAGE_L2;
    if (word >= DP_WORD_OF(ip_src) && word < DP_WORD_OF(tp_src))
        return CLS_STAGE_L3;
    if (word >= DP_WORD_OF(tp_src) && word < DP_WORD_OF(ct_state))
        return CLS_STAGE_L4;
    return CLS_STAGE_METADATA;
}

/* The words of struct flow in the order of stages. */
static const uint8_t stage_order[FLOW_WORDS] = {
    0,  1,  2,  3,  4, 5, 6, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
    36, 37, 38, 39, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
};

static uint32_t
mask_hash(const struct minimask *mask)
{
    return hash_words(mask->bits, mask->n_words, hash_bytes(mask->words, mask->n_words, 0));
}

void
minimask_init(struct minimask *mask, const struct flow *flow_mask)
{
    const uint64_t *bits = cls_words(flow_mask);

    atomic_init(&mask->n_refs, 1);
    mask->n_words = 0;
    for (size_t i = 0; i < FLOW_WORDS; i++) {
        uint8_t word = stage_order[i];

        if (bits[word]) {
            mask->words[mask->n_words] = word;
            mask->bits[mask->n_words++] = bits[word];
        }
        mask->stage_end[word_stage(word)] = mask->n_words;
    }
    mask->hash = mask_hash(mask);
}

struct minimask *
minimask_create(const struct flow *flow_mask)
{
    MINIMASK_ON_STACK(mask);

    minimask_init(mask, flow_mask);
    return xmemdup(mask, sizeof *mask + cls_rule_values_size(mask));
}

struct minimask *
minimask_ref(struct minimask *mask)
{
    atomic_fetch_add_explicit(&mask->n_refs, 1, memory_order_relaxed);
    return mask;
}

void
minimask_unref(struct minimask *mask)
{
    if (mask && atomic_fetch_sub_explicit(&mask->n_refs, 1, memory_order_acq_rel) == 1)
        free(mask);
}

void
minimask_expand(const struct minimask *mask, struct flow *flow_mask)
{
    uint64_t *words = cls_words_rw(flow_mask);

    memset(flow_mask, 0, sizeof *flow_mask);
    for (size_t i = 0; i < mask->n_words; i++)
        words[mask->words[i]] = mask->bits[i];
}

void
cls_rule_init(struct cls_rule *rule, struct minimask *mask, const struct flow *match,
              int32_t priority, const struct cls_conjunction_set *conjunctions)
{
    const uint64_t *words = cls_words(match);

    rule->lower = rule->higher = NULL;
    rule->mask = mask;
    rule->conjunctions = conjunctions;
    rule->priority = priority;
    rule->hash = cls_hash(mask, words, rule->values);
}

void
cls_rule_destroy(struct cls_rule *rule)
{
    if (rule) {
        minimask_unref(rule->mask);
        rule->mask = NULL;
    }
}

void
cls_rule_expand(const struct cls_rule *rule, struct flow *match, struct flow *mask)
{
    if (match) {
        uint64_t *words = cls_words_rw(match);

        memset(match, 0, sizeof *match);
        for (size_t i = 0; i < rule->mask->n_words; i++)
            words[rule->mask->words[i]] = rule->values[i];
    }
    if (mask)
        minimask_expand(rule->mask, mask);
}

bool
cls_rule_matches(const struct cls_rule *rule, const struct flow *flow)
{
    const uint64_t *words = cls_words(flow);
    const struct minimask *mask = rule->mask;

    for (size_t i = 0; i < mask->n_words; i++) {
        if ((words[mask->words[i]] & mask->bits[i]) != rule->values[i])
            return false;
    }
    return true;
}
