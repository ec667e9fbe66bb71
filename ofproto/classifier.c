/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/classifier.h"

#include "ofproto/cls-conjunction.h"
#include "ofproto/cls-subtable.h"

void
classifier_init(struct classifier *cls)
{
    memset(cls, 0, sizeof *cls);
    hmap_init(&cls->by_mask);
    for (size_t i = 0; i < CLS_N_PREFIX_FIELDS; i++)
        prefix_set_init(&cls->prefixes[i], cls_prefix_fields[i].size > 8);
}

void
classifier_destroy(struct classifier *cls)
{
    hmap_destroy(&cls->by_mask);
    free(cls->entries);
    for (size_t i = 0; i < CLS_N_PREFIX_FIELDS; i++)
        prefix_set_destroy(&cls->prefixes[i]);
}

/* ---- Subtables ------------------------------------------------------------------------------ */
static bool
mask_equal(const struct minimask *a, const struct minimask *b)
{
    return a == b || (a->n_words == b->n_words && !memcmp(a->words, b->words, a->n_words) &&
                      !memcmp(a->bits, b->bits, cls_rule_values_size(a)));
}

static struct cls_subtable *
find_subtable(const struct classifier *cls, const struct minimask *mask)
{
    struct cls_subtable *subtable;

    if (cls->recent && cls->recent->mask == mask)
        return cls->recent;
    HMAP_FOR_EACH_WITH_HASH (subtable, node, mask->hash, &cls->by_mask) {
        if (mask_equal(subtable->mask, mask))
            return subtable;
    }
    return NULL;
}

static struct cls_subtable *
find_subtable_of_flow(const struct classifier *cls, const struct flow *flow_mask)
{
    MINIMASK_ON_STACK(mask);

    if (cls->recent && !memcmp(&cls->recent->whole_mask, flow_mask, sizeof *flow_mask))
        return cls->recent;
    minimask_init(mask, flow_mask);
    return find_subtable(cls, mask);
}

struct minimask *
classifier_mask(const struct classifier *cls, const struct flow *flow_mask)
{
    const struct cls_subtable *subtable = find_subtable_of_flow(cls, flow_mask);

    return subtable ? minimask_ref(subtable->mask) : minimask_create(flow_mask);
}

static size_t
subtable_position(const struct classifier *cls, const struct cls_subtable *subtable)
{
    size_t i = 0;

    while (cls->entries[i].subtable != subtable)
        i++;
    return i;
}

/* Puts the subtable, whose max_priority changed, where it belongs. */
static void
reorder_subtable(struct classifier *cls, const struct cls_subtable *subtable)
{
    size_t i = subtable_position(cls, subtable);
    struct cls_entry *all = cls->entries, entry = all[i];

    cls->shape++;
    entry.max_priority = subtable->max_priority;
    for (; i && all[i - 1].max_priority < entry.max_priority; i--)
        all[i] = all[i - 1];
    for (; i + 1 < cls->n_subtables && all[i + 1].max_priority > entry.max_priority; i++)
        all[i] = all[i + 1];
    all[i] = entry;
}

static struct cls_subtable *
add_subtable(struct classifier *cls, struct minimask *mask)
{
    struct cls_subtable *subtable = cls_subtable_create(mask);
    struct cls_entry *entry;

    cls->shape++;
    if (cls->n_subtables == cls->max_entries) {
        cls->max_entries = MAX(8, 2 * cls->max_entries);
        cls->entries = xrealloc(cls->entries, cls->max_entries * sizeof *cls->entries);
    }
    entry = &cls->entries[cls->n_subtables++];
    entry->subtable = subtable;
    entry->max_priority = subtable->max_priority = INT32_MIN;
    memcpy(entry->prefix_bits, subtable->prefix_bits, sizeof entry->prefix_bits);
    hmap_insert(&cls->by_mask, &subtable->node, mask->hash);
    return subtable;
}

static void
remove_subtable(struct classifier *cls, struct cls_subtable *subtable)
{
    size_t i = subtable_position(cls, subtable);

    if (cls->recent == subtable)
        cls->recent = NULL;
    cls->shape++;
    cls->n_subtables--;
    memmove(&cls->entries[i], &cls->entries[i + 1], (cls->n_subtables - i) * sizeof *cls->entries);
    hmap_remove(&cls->by_mask, &subtable->node);
    cls_subtable_destroy(subtable);
}

/* ---- Adding and removing -------------------------------------------------------------------- */
/* The prefixes of a rule's match, each for one field. */
struct rule_prefixes {
    size_t n;
    uint8_t fields[CLS_N_PREFIX_FIELDS];
    struct prefix_walk walks[CLS_N_PREFIX_FIELDS];
};

static void
read_prefixes(const struct classifier *cls, const struct cls_subtable *subtable,
              const uint64_t *values, struct rule_prefixes *out)
{
    uint64_t words[FLOW_WORDS] = {0};

    for (size_t k = 0; k < subtable->mask->n_words; k++)
        words[subtable->mask->words[k]] = values[k];
    out->n = 0;
    for (uint8_t i = 0; i < CLS_N_PREFIX_FIELDS; i++) {
        if (!subtable->prefix_bits[i])
            continue;
        cls_prefix_read(&cls_prefix_fields[i], words, &out->walks[out->n].key);
        out->walks[out->n].key.n_bits = subtable->prefix_bits[i];
        out->walks[out->n].set = &cls->prefixes[i];
        out->fields[out->n++] = i;
    }
}

/* Reads the prefixes; starts to fetch what a change to the rule's place will touch, which in a
 * large classifier is a dozen cache misses, at once. */
static void
prepare_change(const struct classifier *cls, const struct cls_subtable *subtable,
               const uint64_t *values, uint32_t hash, struct rule_prefixes *prefixes)
{
    cls_subtable_prefetch(subtable, values, hash);
    read_prefixes(cls, subtable, values, prefixes);
    prefix_walks_prefetch(prefixes->walks, prefixes->n);
}

void
classifier_insert(struct classifier *cls, struct cls_rule *rule)
{
    struct cls_subtable *subtable = find_subtable(cls, rule->mask);
    struct rule_prefixes prefixes;
    int32_t old_max;

    if (!subtable)
        subtable = add_subtable(cls, rule->mask);
    read_prefixes(cls, subtable, rule->values, &prefixes);
    old_max = subtable->max_priority;
    cls_subtable_insert(subtable, rule);
    if (subtable->max_priority != old_max)
        reorder_subtable(cls, subtable);
    for (size_t i = 0; i < prefixes.n; i++)
        prefix_set_add(&cls->prefixes[prefixes.fields[i]], &prefixes.walks[i].key);
    cls->recent = subtable;
    cls->n_rules++;
    cls->n_conjunctive += rule->conjunctions != NULL;
}

void
classifier_remove(struct classifier *cls, struct cls_rule *rule)
{
    struct cls_subtable *subtable = find_subtable(cls, rule->mask);
    int32_t old_max = subtable->max_priority;
    struct rule_prefixes prefixes;

    prepare_change(cls, subtable, rule->values, rule->hash, &prefixes);
    for (size_t i = 0; i < prefixes.n; i++)
        prefix_set_remove(&cls->prefixes[prefixes.fields[i]], &prefixes.walks[i].key);
    cls_subtable_remove(subtable, rule);
    if (!subtable->n_rules)
        remove_subtable(cls, subtable);
    else if (subtable->max_priority != old_max)
        reorder_subtable(cls, subtable);
    cls->n_rules--;
    cls->n_conjunctive -= rule->conjunctions != NULL;
}

/* ---- Lookup --------------------------------------------------------------------------------- */
/* No prefix of the field with n_bits or more matches the flow, and `wc` has these bits. */
struct proof {
    uint8_t field;
    uint8_t n_bits;
};

struct lookup {
    const struct classifier *cls;
    const uint64_t *flow;
    uint64_t *wc;                        /* NULL: nobody asks. */
    unsigned int known_fields;           /* Bits: for which n_bits is known. */
    int16_t n_bits[CLS_N_PREFIX_FIELDS]; /* That a proof takes. */
    struct proof proofs[CLS_N_PREFIX_FIELDS];
    unsigned int n_proofs;
};

static void
lookup_init(struct lookup *lookup, const struct classifier *cls, const struct flow *flow,
            struct flow *wc)
{
    lookup->cls = cls;
    lookup->flow = cls_words(flow);
    lookup->wc = wc ? cls_words_rw(wc) : NULL;
    lookup->n_proofs = 0;
    lookup->known_fields = 0;
}

/* Whether an earlier proof rules the subtable out as well. */
static bool
is_ruled_out(const struct lookup *lookup, const struct cls_entry *entry)
{
    for (unsigned int i = 0; i < lookup->n_proofs; i++) {
        if (entry->prefix_bits[lookup->proofs[i].field] >= lookup->proofs[i].n_bits)
            return true;
    }
    return false;
}

/* Finds out how many bits of each of these fields show that no prefix so long or longer matches
 * the flow. What this reads of large sets is fetched for all at once. */
static void
find_proof_bits(struct lookup *lookup, unsigned int fields)
{
    struct prefix_walk walks[CLS_N_PREFIX_FIELDS];
    size_t n = 0;

    for (unsigned int rest = fields; rest; rest &= rest - 1) {
        int i = __builtin_ctz(rest);

        cls_prefix_read(&cls_prefix_fields[i], lookup->flow, &walks[n].key);
        walks[n++].set = &lookup->cls->prefixes[i];
    }
    prefix_walks_prefetch(walks, n);
    for (n = 0; fields; fields &= fields - 1, n++)
        lookup->n_bits[__builtin_ctz(fields)] =
            (int16_t)(prefix_set_common(walks[n].set, &walks[n].key) + 1);
}

static void
unwildcard_words(struct lookup *lookup, const struct minimask *mask, unsigned int n)
{
    for (unsigned int k = 0; k < n; k++)
        lookup->wc[mask->words[k]] |= mask->bits[k];
}

/* Whether all bits of the mask's words [0, n) are in `wc` already. */
static bool
has_words(const struct lookup *lookup, const struct minimask *mask, unsigned int n)
{
    for (unsigned int k = 0; k < n; k++) {
        if (mask->bits[k] & ~lookup->wc[mask->words[k]])
            return false;
    }
    return true;
}

/* Among these prefix fields, the one that proves with the fewest bits that the subtable has no
 * match; CLS_N_PREFIX_FIELDS: none does. */
static size_t
best_proof(struct lookup *lookup, const struct cls_subtable *subtable, unsigned int fields)
{
    size_t best = CLS_N_PREFIX_FIELDS;

    if (fields & ~lookup->known_fields) {
        find_proof_bits(lookup, fields & ~lookup->known_fields);
        lookup->known_fields |= fields;
    }
    for (; fields; fields &= fields - 1) {
        size_t i = (size_t)__builtin_ctz(fields);

        if (lookup->n_bits[i] <= subtable->prefix_bits[i] &&
            (best == CLS_N_PREFIX_FIELDS || lookup->n_bits[i] < lookup->n_bits[best]))
            best = i;
    }
    return best;
}

/* The flow matches no rule of the subtable, which the mask's words up to this step show.
 * Un-wildcards these, or the beginning of a prefix field of the step that shows it too. */
static void
handle_miss(struct lookup *lookup, const struct cls_subtable *subtable, const struct cls_step *step)
{
    size_t best;

    if (has_words(lookup, subtable->mask, step->end))
        return;
    best = best_proof(lookup, subtable, step->prefix_fields);
    if (best < CLS_N_PREFIX_FIELDS) {
        uint8_t n_bits = (uint8_t)lookup->n_bits[best];

        lookup->proofs[lookup->n_proofs++] = (struct proof){(uint8_t)best, n_bits};
        cls_prefix_unwildcard(&cls_prefix_fields[best], lookup->wc, n_bits);
    } else {
        unwildcard_words(lookup, subtable->mask, step->end);
    }
}

/* Of rules of one match, the ordinary one of highest priority if that is over `hard`'s, else
 * `hard`; rules with conjunctions that could beat it go to `soft`, if that is not NULL. */
static struct cls_rule *
pick(struct cls_rule *rules, struct cls_rule *hard, struct cls_soft_rules *soft)
{
    struct cls_rule *rule;

    CLS_SAME_FOR_EACH(rule, rules)
    {
        if (hard && rule->priority <= hard->priority)
            return hard;
        if (!rule->conjunctions)
            return rule;
        if (soft)
            cls_soft_rules_add(soft, rule);
    }
    return hard;
}

/* Finds the best ordinary rule; those with conjunctions that could beat it go to `soft`, if that
 * is not NULL. */
static struct cls_rule *
search(struct lookup *lookup, struct cls_soft_rules *soft)
{
    const struct classifier *cls = lookup->cls;
    struct cls_rule *hard = NULL;

    for (size_t i = 0; i < cls->n_subtables; i++) {
        const struct cls_entry *entry = &cls->entries[i];
        const struct cls_subtable *subtable = entry->subtable;
        struct cls_rule *rules;
        unsigned int n_steps;

        if (hard && hard->priority >= entry->max_priority)
            break;
        if (is_ruled_out(lookup, entry))
            continue;
        rules = cls_subtable_lookup(subtable, lookup->flow, &n_steps);
        if (lookup->wc && rules)
            unwildcard_words(lookup, subtable->mask, subtable->mask->n_words);
        else if (lookup->wc)
            handle_miss(lookup, subtable, &subtable->steps[n_steps - 1]);
        if (rules)
            hard = pick(rules, hard, soft);
    }
    return hard;
}

/* Among rules of one priority, from the highest: a conjunction whose clauses all match stands
 * for the flow with its id. */
static struct cls_rule *
search_conjunctive(struct lookup *lookup, struct flow *wc)
{
    struct cls_soft_rules soft;
    struct cls_rule *found;
    size_t next = 0;
    uint32_t id;

    cls_soft_rules_init(&soft);
    found = search(lookup, &soft);
    cls_soft_rules_sort(&soft, found ? found->priority : INT32_MIN);
    while (cls_soft_rules_next(&soft, &next, &id)) {
        struct lookup again;
        struct cls_rule *rule;
        struct flow flow;

        memcpy(&flow, lookup->flow, sizeof flow);
        flow.conj_id = id;
        lookup_init(&again, lookup->cls, &flow, wc);
        rule = search(&again, NULL);
        if (rule) {
            found = rule;
            break;
        }
    }
    cls_soft_rules_destroy(&soft);
    return found;
}

struct cls_rule *
classifier_lookup(const struct classifier *cls, const struct flow *flow, struct flow *wc)
{
    struct lookup lookup;

    lookup_init(&lookup, cls, flow, wc);
    return cls->n_conjunctive ? search_conjunctive(&lookup, wc) : search(&lookup, NULL);
}

/* ---- Other searches ------------------------------------------------------------------------- */
struct cls_rule *
classifier_find(const struct classifier *cls, const struct flow *match,
                const struct flow *flow_mask, int32_t priority)
{
    const struct cls_subtable *subtable = find_subtable_of_flow(cls, flow_mask);
    struct rule_prefixes prefixes;
    uint64_t values[FLOW_WORDS];
    uint32_t hash;

    if (!subtable)
        return NULL;
    hash = cls_hash(subtable->mask, cls_words(match), values);
    prepare_change(cls, subtable, values, hash, &prefixes);
    return cls_same_find(cls_subtable_find(subtable, values, hash), priority);
}

/* Which rules overlap. */
struct overlap {
    const uint64_t *match, *mask;
    int32_t priority;
    const struct cls_rule *same; /* That does not count. */
};

static bool
does_not_overlap(void *overlap_, struct cls_rule *rule)
{
    const struct overlap *overlap = overlap_;

    if (rule->priority != overlap->priority || rule == overlap->same)
        return true;
    for (size_t k = 0; k < rule->mask->n_words; k++) {
        uint8_t word = rule->mask->words[k];

        if ((rule->values[k] ^ overlap->match[word]) & rule->mask->bits[k] & overlap->mask[word])
            return true;
    }
    return false;
}

bool
classifier_overlaps(const struct classifier *cls, const struct flow *match,
                    const struct flow *flow_mask, int32_t priority)
{
    struct overlap overlap = {
        .match = cls_words(match),
        .mask = cls_words(flow_mask),
        .priority = priority,
        .same = classifier_find(cls, match, flow_mask, priority),
    };

    for (size_t i = 0; i < cls->n_subtables; i++) {
        const struct cls_subtable *subtable = cls->entries[i].subtable;

        if (subtable->max_priority < priority)
            break;
        if (cls_subtable_count(subtable, priority) &&
            !cls_subtable_visit(subtable, does_not_overlap, &overlap))
            return true;
    }
    return false;
}

/* A loose match laid over a subtable's words. */
struct cover {
    size_t n;
    uint8_t index[FLOW_WORDS]; /* Into the rules' values. */
    uint64_t bits[FLOW_WORDS], values[FLOW_WORDS];
};

/* False when the subtable's mask lacks some of the bits. */
static bool
cover_init(struct cover *cover, const struct cls_subtable *subtable, const uint64_t *match,
           const uint64_t *mask)
{
    unsigned int n_words = 0;

    cover->n = 0;
    for (size_t word = 0; word < FLOW_WORDS; word++)
        n_words += mask[word] != 0;
    for (uint8_t k = 0; k < subtable->mask->n_words; k++) {
        uint8_t word = subtable->mask->words[k];

        if (!mask[word])
            continue;
        if (mask[word] & ~subtable->mask->bits[k])
            return false;
        cover->index[cover->n] = k;
        cover->bits[cover->n] = mask[word];
        cover->values[cover->n++] = match[word] & mask[word];
    }
    return cover->n == n_words;
}

static bool
cover_has(const struct cover *cover, const struct cls_rule *rule)
{
    for (size_t i = 0; i < cover->n; i++) {
        if ((rule->values[cover->index[i]] & cover->bits[i]) != cover->values[i])
            return false;
    }
    return true;
}

/* Whether the loose match is as narrow as the subtable's mask: then its rules have one match. */
static bool
cover_is_exact(const struct cover *cover, const struct minimask *mask)
{
    return cover->n == mask->n_words &&
           !memcmp(cover->bits, mask->bits, cls_rule_values_size(mask));
}

struct visit {
    struct cover cover;
    classifier_visit_cb *cb;
    void *aux;
};

static bool
visit_rule(void *visit_, struct cls_rule *rule)
{
    const struct visit *visit = visit_;

    return !cover_has(&visit->cover, rule) || visit->cb(visit->aux, rule);
}

static bool
visit_match(const struct cls_subtable *subtable, const uint64_t *match, const struct visit *visit)
{
    uint64_t values[FLOW_WORDS];
    uint32_t hash = cls_hash(subtable->mask, match, values);
    struct cls_rule *rules = cls_subtable_find(subtable, values, hash), *rule;

    if (!rules)
        return true;
    CLS_SAME_FOR_EACH(rule, rules)
    {
        if (!visit->cb(visit->aux, rule))
            return false;
    }
    return true;
}

void
classifier_visit(const struct classifier *cls, const struct flow *match, const struct flow *mask,
                 classifier_visit_cb *cb, void *aux)
{
    struct visit visit = {.cb = cb, .aux = aux};
    bool goes_on = true;

    for (size_t i = 0; goes_on && i < cls->n_subtables; i++) {
        const struct cls_subtable *subtable = cls->entries[i].subtable;

        if (!cover_init(&visit.cover, subtable, cls_words(match), cls_words(mask)))
            continue;
        goes_on = cover_is_exact(&visit.cover, subtable->mask)
                      ? visit_match(subtable, cls_words(match), &visit)
                      : cls_subtable_visit(subtable, visit_rule, &visit);
    }
}

static uint32_t
slots_shape(const struct classifier *cls, const struct classifier_walk *walk)
{
    return walk->slot ? cls->entries[walk->subtable].subtable->matches.shape : walk->slots_shape;
}

bool
classifier_walk(const struct classifier *cls, struct classifier_walk *walk, uint32_t n_slots,
                classifier_visit_cb *cb, void *aux)
{
    if (walk->shape != cls->shape || walk->slots_shape != slots_shape(cls, walk))
        *walk = (struct classifier_walk){.shape = cls->shape, .n_restarts = walk->n_restarts + 1};
    for (; walk->subtable < cls->n_subtables; walk->subtable++) {
        const struct cls_subtable *subtable = cls->entries[walk->subtable].subtable;
        bool is_whole = cls_subtable_visit_part(subtable, &walk->slot, &n_slots, cb, aux);

        walk->slots_shape = subtable->matches.shape;
        if (!is_whole)
            return true;
    }
    return false;
}

size_t
classifier_memory(const struct classifier *cls)
{
    size_t size = cls->max_entries * sizeof *cls->entries;

    for (size_t i = 0; i < CLS_N_PREFIX_FIELDS; i++)
        size += cls->prefixes[i].n_bytes;
    for (size_t i = 0; i < cls->n_subtables; i++)
        size += cls_subtable_memory(cls->entries[i].subtable);
    return size;
}
