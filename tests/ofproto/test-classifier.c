/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit.h"

#include <endian.h>
#include <stdio.h>

#include "ofproto/classifier.h"
#include "ofproto/cls-same.h"
#include "ofproto/cls-subtable.h"
#include "tests/ofproto/random.h"

enum { MAX_RULES = 400 };

static struct cls_rule *
make_rule(const struct classifier *cls, const struct flow *match, const struct flow *mask,
          int32_t priority, const struct cls_conjunction_set *conjunctions)
{
    struct minimask *minimask = classifier_mask(cls, mask);
    struct cls_rule *rule = xmalloc(sizeof *rule + cls_rule_values_size(minimask));

    cls_rule_init(rule, minimask, match, priority, conjunctions);
    return rule;
}

static void
free_rule(struct cls_rule *rule)
{
    cls_rule_destroy(rule);
    free(rule);
}

/* ---- Random rules over a small world -------------------------------------------------------- */
static __be32
random_address(void)
{
    static const uint32_t bases[] = {0x0a000000, 0x0a000100, 0x0a010000, 0xc0a80000};

    return htobe32(bases[random_below(4)] |
                   (random_below(3) ? random_below(8) : random_below(256)));
}

static void
random_flow(struct flow *flow)
{
    static const uint16_t types[] = {0x0800, 0x0800, 0x86dd, 0x0806};

    memset(flow, 0, sizeof *flow);
    flow->in_port = flow->key.in_port = 1 + random_below(3);
    flow->metadata = htobe64(random_below(3));
    flow->regs[0] = htobe32(random_below(2));
    flow->key.eth_dst[5] = (uint8_t)random_below(4);
    flow->key.eth_src[5] = (uint8_t)random_below(4);
    flow->key.eth_type = htobe16(types[random_below(4)]);
    flow->key.ip_src = random_address();
    flow->key.ip_dst = random_address();
    flow->key.ip6_src[0] = htobe32(0x20010db8);
    flow->key.ip6_src[3] = random_address();
    flow->key.ip6_dst[1] = random_address();
    flow->key.ip_proto = random_below(2) ? 6 : 17;
    flow->key.tp_src = htobe16((uint16_t)random_below(64));
    flow->key.tp_dst = htobe16((uint16_t)(random_below(2) ? 80 : random_below(1024)));
}

static __be32
random_prefix32(void)
{
    unsigned int n_bits = random_below(2) ? 32 : 8 + random_below(25);

    return htobe32((uint32_t)(UINT64_MAX << (32 - n_bits)));
}

static void
random_mask(struct flow *mask)
{
    uint32_t pick = (uint32_t)random_u64();

    memset(mask, 0, sizeof *mask);
    if (pick & 1)
        mask->in_port = UINT32_MAX;
    if ((pick & 6) == 6)
        mask->metadata = UINT64_MAX;
    if ((pick & 0x18) == 0x18)
        mask->key.eth_dst[5] = 0xff;
    if (pick & 0x20)
        mask->key.eth_type = 0xffff;
    if ((pick & 0xc0) == 0xc0)
        mask->key.ip_src = random_prefix32();
    if (pick & 0x100)
        mask->key.ip_dst = random_prefix32();
    if ((pick & 0x600) == 0x600)
        mask->key.ip6_src[0] = mask->key.ip6_src[1] = mask->key.ip6_src[2] = mask->key.ip6_src[3] =
            UINT32_MAX;
    if ((pick & 0x1800) == 0x1800)
        mask->key.ip6_dst[0] = UINT32_MAX, mask->key.ip6_dst[1] = random_prefix32();
    if (pick & 0x2000)
        mask->key.ip_proto = 0xff;
    if ((pick & 0xc000) == 0xc000)
        mask->key.tp_src = htobe16((uint16_t)(0xffff << random_below(8)));
    if (pick & 0x10000)
        mask->key.tp_dst = 0xffff;
    if ((pick & 0x1e0000) == 0x1e0000)
        mask->key.ip_src = htobe32(0xff0000ff); /* No prefix. */
}

struct world {
    struct classifier cls;
    struct cls_rule *rules[MAX_RULES];
    size_t n;
};

static void
world_init(struct world *world)
{
    classifier_init(&world->cls);
    world->n = 0;
}

static void
world_remove(struct world *world, size_t i)
{
    classifier_remove(&world->cls, world->rules[i]);
    free_rule(world->rules[i]);
    world->rules[i] = world->rules[--world->n];
}

static void
world_destroy(struct world *world)
{
    while (world->n)
        world_remove(world, world->n - 1);
    assert_int_equal(world->cls.n_subtables, 0);
    classifier_destroy(&world->cls);
}

static void
world_add(struct world *world, const struct flow *match, const struct flow *mask, int32_t priority,
          const struct cls_conjunction_set *conjunctions)
{
    if (world->n == MAX_RULES || classifier_find(&world->cls, match, mask, priority))
        return;
    world->rules[world->n] = make_rule(&world->cls, match, mask, priority, conjunctions);
    classifier_insert(&world->cls, world->rules[world->n++]);
}

static void
world_add_random(struct world *world, int32_t n_priorities,
                 const struct cls_conjunction_set *conjunctions)
{
    struct flow match, mask;

    random_flow(&match);
    random_mask(&mask);
    world_add(world, &match, &mask, (int32_t)random_below((uint32_t)n_priorities), conjunctions);
}

/* ---- The reference -------------------------------------------------------------------------- */
static int32_t
best_priority(const struct world *world, const struct flow *flow)
{
    int32_t best = -1;

    for (size_t i = 0; i < world->n; i++) {
        if (!world->rules[i]->conjunctions && cls_rule_matches(world->rules[i], flow))
            best = MAX(best, world->rules[i]->priority);
    }
    return best;
}

/* Whether rules of `priority` that match complete the conjunction. */
static bool
is_complete(const struct world *world, const struct flow *flow, int32_t priority, uint32_t id)
{
    uint64_t clauses = 0;
    unsigned int n_clauses = 0;

    for (size_t i = 0; i < world->n; i++) {
        const struct cls_rule *rule = world->rules[i];

        if (!rule->conjunctions || rule->priority != priority || !cls_rule_matches(rule, flow))
            continue;
        for (size_t k = 0; k < rule->conjunctions->n; k++) {
            if (rule->conjunctions->items[k].id == id) {
                clauses |= UINT64_C(1) << rule->conjunctions->items[k].clause;
                n_clauses = rule->conjunctions->items[k].n_clauses;
            }
        }
    }
    return n_clauses && (unsigned int)__builtin_popcountll(clauses) == n_clauses;
}

static int32_t
naive_lookup(const struct world *world, const struct flow *flow, int32_t max_priority,
             uint32_t max_id)
{
    int32_t hard = best_priority(world, flow);

    for (int32_t priority = max_priority; priority > hard; priority--) {
        for (uint32_t id = 1; id <= max_id; id++) {
            struct flow with_id = *flow;
            int32_t found;

            if (!is_complete(world, flow, priority, id))
                continue;
            with_id.conj_id = id;
            found = best_priority(world, &with_id);
            if (found >= 0)
                return found;
        }
    }
    return hard;
}

/* Changes bits at random where `wc` is zero. */
static void
shake(struct flow *flow, const struct flow *wc)
{
    uint64_t *words = cls_words_rw(flow);
    const uint64_t *wc_words = cls_words(wc);
    struct flow other;

    random_flow(&other);
    for (size_t i = 0; i < FLOW_WORDS; i++) {
        uint64_t noise = random_below(2) ? random_u64() : words[i] ^ (cls_words(&other))[i];

        words[i] ^= noise & ~wc_words[i];
    }
}

static void
check_lookups(const struct world *world, int n_lookups, int32_t n_priorities, uint32_t max_id)
{
    for (int i = 0; i < n_lookups; i++) {
        struct flow flow, wc;
        struct cls_rule *rule;

        random_flow(&flow);
        memset(&wc, 0, sizeof wc);
        rule = classifier_lookup(&world->cls, &flow, &wc);
        assert_int_equal(rule ? rule->priority : -1,
                         naive_lookup(world, &flow, n_priorities - 1, max_id));
        assert_ptr_equal(rule, classifier_lookup(&world->cls, &flow, NULL));
        for (int k = 0; k < 8; k++) {
            shake(&flow, &wc);
            assert_ptr_equal(rule, classifier_lookup(&world->cls, &flow, NULL));
        }
    }
}

/* ---- Tests ---------------------------------------------------------------------------------- */
static void
lookups_agree_with_a_list_and_their_masks_are_sound(void **state)
{
    struct world world;

    (void)state;
    for (uint64_t seed = 0; seed < 30; seed++) {
        random_seed(seed);
        world_init(&world);
        for (int round = 0; round < 60; round++) {
            for (int i = 0; i < 12; i++)
                world_add_random(&world, 50, NULL);
            check_lookups(&world, 20, 50, 0);
            for (int i = 0; i < 6 && world.n; i++)
                world_remove(&world, random_below((uint32_t)world.n));
            check_lookups(&world, 5, 50, 0);
        }
        world_destroy(&world);
    }
}

static const struct cls_conjunction_set *
random_conjunctions(void)
{
    static const struct {
        size_t n;
        struct cls_conjunction items[2];
    } sets[] = {
        {1, {{1, 0, 2}}},
        {1, {{1, 1, 2}}},
        {2, {{1, 0, 2}, {2, 0, 3}}},
        {2, {{2, 1, 3}, {3, 0, 2}}},
        {2, {{2, 2, 3}, {3, 1, 2}}},
        {1, {{2, 1, 3}}},
    };

    return (const struct cls_conjunction_set *)&sets[random_below(6)];
}

static void
conjunctions_agree_with_a_list_and_their_masks_are_sound(void **state)
{
    struct world world;

    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        random_seed(seed);
        world_init(&world);
        for (uint32_t id = 1; id <= 3; id++) {
            struct flow match = {.conj_id = id}, mask = {.conj_id = UINT32_MAX};

            if (id != seed % 4)
                world_add(&world, &match, &mask, (int32_t)(id + seed % 5), NULL);
        }
        for (int round = 0; round < 40; round++) {
            for (int i = 0; i < 8; i++)
                world_add_random(&world, 12, random_below(4) ? random_conjunctions() : NULL);
            check_lookups(&world, 25, 12, 3);
            for (int i = 0; i < 3; i++)
                world_remove(&world, 3 + random_below((uint32_t)world.n - 3));
        }
        world_destroy(&world);
    }
}

static void
add_ipv4(struct world *world, uint32_t dst, unsigned int n_bits, int32_t priority)
{
    struct flow match = {.key = {.eth_type = htobe16(0x0800), .ip_dst = htobe32(dst)}};
    struct flow mask = {
        .key = {.eth_type = 0xffff, .ip_dst = htobe32((uint32_t)(UINT64_MAX << (32 - n_bits)))}};

    world_add(world, &match, &mask, priority, NULL);
}

static void
expect_dst_mask(const struct world *world, uint32_t dst, int32_t priority, uint32_t expected)
{
    struct flow flow = {.key = {.eth_type = htobe16(0x0800), .ip_dst = htobe32(dst)}}, wc;
    const struct cls_rule *rule;

    memset(&wc, 0, sizeof wc);
    rule = classifier_lookup(&world->cls, &flow, &wc);
    assert_int_equal(rule ? rule->priority : -1, priority);
    assert_int_equal(be32toh(wc.key.ip_dst), expected);
}

static void
longest_prefix_match_looks_at_few_bits(void **state)
{
    struct world world;

    (void)state;
    world_init(&world);
    add_ipv4(&world, 0x0a010203, 32, 32);
    add_ipv4(&world, 0x0a010200, 24, 24);
    add_ipv4(&world, 0x0a000000, 8, 8);
    expect_dst_mask(&world, 0x0a010203, 32, 0xffffffff);
    expect_dst_mask(&world, 0x0a010283, 24, 0xffffff80); /* The 25th bit rules the /32 out. */
    expect_dst_mask(&world, 0x0a810203, 8, 0xff800000);  /* The 9th bit rules out the longer. */
    expect_dst_mask(&world, 0x8b010203, -1, 0x80000000);
    world_destroy(&world);
}

static void
other_ethertypes_do_not_look_at_addresses(void **state)
{
    struct flow flow = {.key = {.eth_type = htobe16(0x0806), .ip_dst = htobe32(0x0a010203)}}, wc;
    struct world world;

    (void)state;
    world_init(&world);
    add_ipv4(&world, 0x0a010203, 32, 32);
    memset(&wc, 0, sizeof wc);
    assert_null(classifier_lookup(&world.cls, &flow, &wc));
    assert_int_equal(wc.key.ip_dst, 0);
    assert_int_equal(wc.key.eth_type, 0xffff);
    world_destroy(&world);
}

static void
lower_priorities_are_not_looked_at(void **state)
{
    struct flow low = {.key = {.eth_dst = {2}}}, low_mask = {.key = {.eth_dst = {0xff}}};
    struct flow high = {.in_port = 1}, high_mask = {.in_port = UINT32_MAX};
    struct flow flow = {.in_port = 1, .key = {.eth_dst = {2}}}, wc;
    struct world world;

    (void)state;
    world_init(&world);
    world_add(&world, &low, &low_mask, 10, NULL);
    world_add(&world, &high, &high_mask, 10, NULL);
    world_add(&world, &low, &low_mask, 30, NULL);
    world_add(&world, &high, &high_mask, 40, NULL);
    memset(&wc, 0, sizeof wc);
    assert_int_equal(classifier_lookup(&world.cls, &flow, &wc)->priority, 40);
    assert_int_equal(wc.key.eth_dst[0], 0);
    world_remove(&world, 2);
    assert_int_equal(classifier_lookup(&world.cls, &flow, &wc)->priority, 40);
    world_remove(&world, 2);
    assert_int_equal(classifier_lookup(&world.cls, &flow, &wc)->priority, 10);
    world_destroy(&world);
}

static void
equal_matches_are_told_apart_by_priority(void **state)
{
    struct flow match = {.in_port = 7}, mask = {.in_port = UINT32_MAX};
    struct world world;

    (void)state;
    world_init(&world);
    for (int32_t priority = 0; priority < 100; priority++)
        world_add(&world, &match, &mask, priority * 7 % 100, NULL);
    assert_int_equal(world.n, 100);
    for (int32_t priority = 0; priority < 100; priority++)
        assert_int_equal(classifier_find(&world.cls, &match, &mask, priority)->priority, priority);
    assert_null(classifier_find(&world.cls, &match, &mask, 100));
    for (int32_t priority = 99; priority >= 0; priority--) {
        struct cls_rule *rule = classifier_lookup(&world.cls, &match, NULL);
        size_t i = 0;

        assert_int_equal(rule->priority, priority);
        while (world.rules[i] != rule)
            i++;
        world_remove(&world, i);
    }
    world_destroy(&world);
}

/* The most rules on a way from the root. */
static unsigned int
tree_depth(const struct cls_rule *rule)
{
    unsigned int lower, higher;

    if (!rule)
        return 0;
    lower = tree_depth(rule->lower);
    higher = tree_depth(rule->higher);
    return 1 + MAX(lower, higher);
}

/* Finding, adding and removing one reads no more rules than the tree is deep. */
static void
many_priorities_of_one_match_are_in_a_flat_tree(void **state)
{
    enum { N = 60000, DEPTH = 80 }; /* A random tree is 2.9 log2(N) = 46 deep on average. */
    struct cls_rule *rules = xcalloc(N, sizeof *rules), *root, *rule;

    (void)state;
    for (int order = 0; order < 3; order++) {
        int32_t n = 0;

        root = NULL;
        for (int32_t i = 0; i < N; i++) {
            rules[i].priority = order == 0 ? i : order == 1 ? N - 1 - i : (int32_t)(i * 7919LL % N);
            cls_same_insert(&root, &rules[i]);
        }
        assert_in_range(tree_depth(root), 16, DEPTH);
        CLS_SAME_FOR_EACH(rule, root)
        assert_int_equal(rule->priority, N - 1 - n++);
        assert_int_equal(n, N);
        for (int32_t i = 0; i < N; i += 2) {
            assert_ptr_equal(cls_same_find(root, rules[i].priority), &rules[i]);
            cls_same_remove(&root, &rules[i]);
            assert_null(cls_same_find(root, rules[i].priority));
        }
        assert_in_range(tree_depth(root), 15, DEPTH);
        CLS_SAME_FOR_EACH(rule, root)
        n--;
        assert_int_equal(n, N / 2);
    }
    free(rules);
}

/* So that a growing table does not walk them. */
static void
one_match_of_many_priorities_takes_one_slot(void **state)
{
    struct flow match = {.in_port = 7}, mask = {.in_port = UINT32_MAX};
    struct world world;

    (void)state;
    world_init(&world);
    for (int32_t priority = 0; priority < MAX_RULES; priority++)
        world_add(&world, &match, &mask, priority, NULL);
    assert_int_equal(world.n, MAX_RULES);
    assert_int_equal(world.cls.entries[0].subtable->matches.n_used, 1);
    world_destroy(&world);
}

struct visited {
    size_t n;
    const struct world *world;
    const struct flow *match, *mask;
};

static bool
count_visited(void *visited_, struct cls_rule *rule)
{
    struct visited *visited = visited_;

    (void)rule;
    visited->n++;
    return true;
}

static bool
is_loosely_inside(const struct cls_rule *rule, const struct flow *match, const struct flow *mask)
{
    struct flow rule_match, rule_mask;
    const uint64_t *a = cls_words(&rule_match);
    const uint64_t *a_mask = cls_words(&rule_mask);
    const uint64_t *b = cls_words(match);
    const uint64_t *b_mask = cls_words(mask);

    cls_rule_expand(rule, &rule_match, &rule_mask);
    for (size_t i = 0; i < FLOW_WORDS; i++) {
        if ((b_mask[i] & ~a_mask[i]) || ((a[i] ^ b[i]) & b_mask[i]))
            return false;
    }
    return true;
}

static bool
overlap(const struct cls_rule *rule, const struct flow *match, const struct flow *mask)
{
    struct flow rule_match, rule_mask;
    const uint64_t *a = cls_words(&rule_match);
    const uint64_t *a_mask = cls_words(&rule_mask);
    const uint64_t *b = cls_words(match);
    const uint64_t *b_mask = cls_words(mask);

    cls_rule_expand(rule, &rule_match, &rule_mask);
    for (size_t i = 0; i < FLOW_WORDS; i++) {
        if ((a[i] ^ b[i]) & a_mask[i] & b_mask[i])
            return false;
    }
    return true;
}

static void
visits_and_overlaps_agree_with_a_list(void **state)
{
    struct world world;

    (void)state;
    random_seed(99);
    world_init(&world);
    for (int i = 0; i < 1000; i++)
        world_add_random(&world, 4, NULL);
    for (int round = 0; round < 2000; round++) {
        struct visited visited = {.n = 0};
        struct cls_rule *same;
        struct flow match, mask;
        bool overlaps = false;
        size_t expected = 0;

        random_flow(&match);
        random_mask(&mask);
        if (random_below(2))
            cls_rule_expand(world.rules[random_below((uint32_t)world.n)], &match, &mask);
        if (random_below(2))
            mask.key.ip_dst = mask.in_port = 0;
        classifier_visit(&world.cls, &match, &mask, count_visited, &visited);
        same = classifier_find(&world.cls, &match, &mask, 2);
        for (size_t i = 0; i < world.n; i++) {
            expected += is_loosely_inside(world.rules[i], &match, &mask);
            overlaps |= world.rules[i]->priority == 2 && world.rules[i] != same &&
                        overlap(world.rules[i], &match, &mask);
        }
        assert_int_equal(visited.n, expected);
        assert_int_equal(classifier_overlaps(&world.cls, &match, &mask, 2), overlaps);
    }
    world_destroy(&world);
}

/* ---- A walk beside changes ------------------------------------------------------------------ */
enum { N_WALKED = 3000 };

struct walked {
    struct classifier cls;
    struct cls_rule *rules[N_WALKED]; /* NULL: not there. */
    bool stays[N_WALKED];             /* Since the walk began. */
    unsigned int n_seen[N_WALKED];
};

/* Its number is in its match. */
static void
walked_add(struct walked *walked, uint32_t i)
{
    struct flow match = {.metadata = htobe64(i), .in_port = i}, mask = {.metadata = UINT64_MAX};

    if (i % 3 == 0)
        mask.in_port = UINT32_MAX;
    walked->rules[i] = make_rule(&walked->cls, &match, &mask, 1, NULL);
    classifier_insert(&walked->cls, walked->rules[i]);
}

static void
walked_remove(struct walked *walked, uint32_t i)
{
    classifier_remove(&walked->cls, walked->rules[i]);
    free_rule(walked->rules[i]);
    walked->rules[i] = NULL;
    walked->stays[i] = false;
}

/* One in four that are there goes and comes back, as with a transaction that is undone. */
static void
walked_change(struct walked *walked, uint32_t n)
{
    while (n--) {
        uint32_t i = random_below(N_WALKED);

        if (!walked->rules[i]) {
            walked_add(walked, i);
        } else if (random_below(4)) {
            walked_remove(walked, i);
        } else {
            classifier_remove(&walked->cls, walked->rules[i]);
            classifier_insert(&walked->cls, walked->rules[i]);
        }
    }
}

static bool
note_walked(void *walked_, struct cls_rule *rule)
{
    struct walked *walked = walked_;
    struct flow match;

    cls_rule_expand(rule, &match, NULL);
    walked->n_seen[be64toh(match.metadata)]++;
    return true;
}

/* Returns how often it began anew. */
static unsigned int
walk_beside_changes(struct walked *walked, uint32_t n_slots, uint32_t n_changes)
{
    struct classifier_walk walk = {.shape = walked->cls.shape};

    memset(walked->n_seen, 0, sizeof walked->n_seen);
    for (uint32_t i = 0; i < N_WALKED; i++)
        walked->stays[i] = walked->rules[i];
    while (classifier_walk(&walked->cls, &walk, n_slots, note_walked, walked))
        walked_change(walked, n_changes);
    for (uint32_t i = 0; i < N_WALKED; i++) {
        assert_true(walked->n_seen[i] || !walked->stays[i]);
        assert_true(walked->n_seen[i] <= 1 || walk.n_restarts || n_changes);
    }
    return walk.n_restarts;
}

static void
a_walk_in_parts_misses_none_that_stays(void **state)
{
    struct walked *walked = xcalloc(1, sizeof *walked);
    unsigned int n_whole = 0;

    (void)state;
    random_seed(7);
    classifier_init(&walked->cls);
    for (int round = 0; round < 600; round++) {
        walked_change(walked, random_below(200));
        n_whole += !walk_beside_changes(walked, 1 + random_below(50), random_below(30));
        assert_int_equal(walk_beside_changes(walked, 1 + random_below(50), 0), 0);
    }
    assert_in_range(n_whole, 100, 599);
    for (uint32_t i = 0; i < N_WALKED; i++) {
        if (walked->rules[i])
            walked_remove(walked, i);
    }
    classifier_destroy(&walked->cls);
    free(walked);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lookups_agree_with_a_list_and_their_masks_are_sound),
    cmocka_unit_test(conjunctions_agree_with_a_list_and_their_masks_are_sound),
    cmocka_unit_test(longest_prefix_match_looks_at_few_bits),
    cmocka_unit_test(other_ethertypes_do_not_look_at_addresses),
    cmocka_unit_test(lower_priorities_are_not_looked_at),
    cmocka_unit_test(equal_matches_are_told_apart_by_priority),
    cmocka_unit_test(many_priorities_of_one_match_are_in_a_flat_tree),
    cmocka_unit_test(one_match_of_many_priorities_takes_one_slot),
    cmocka_unit_test(visits_and_overlaps_agree_with_a_list),
    cmocka_unit_test(a_walk_in_parts_misses_none_that_stays),
};

UNIT_MAIN(tests)
