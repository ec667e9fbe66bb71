/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit.h"

#include "lib/util.h"
#include "ofproto/prefix-set.h"
#include "tests/ofproto/random.h"

enum { N = 3000 };

struct model {
    struct prefix items[N];
    size_t n;
};

static uint64_t
ones(unsigned int n)
{
    return n ? UINT64_MAX << (64 - n) : 0;
}

/* A prefix of at most 128 bits whose values collide often. */
static struct prefix
random_prefix(bool wide)
{
    uint64_t hi = random_u64() & 0xff00f0000000000full, lo = random_u64() & 0xf000000000000003ull;
    uint8_t n_bits = (uint8_t)random_below(wide ? 129 : 33);

    if (!wide || n_bits <= 64)
        return (struct prefix){hi & ones(n_bits), 0, n_bits};
    return (struct prefix){hi, lo & ones(n_bits - 64U), n_bits};
}

static int
naive_common(const struct model *model, const struct prefix *key)
{
    int best = model->n ? 0 : -1;

    for (size_t i = 0; i < model->n; i++) {
        const struct prefix *p = &model->items[i];
        int n = 0;

        while (n < p->n_bits &&
               (n < 64 ? !((p->hi ^ key->hi) << n >> 63) : !((p->lo ^ key->lo) << (n - 64) >> 63)))
            n++;
        best = MAX(best, n);
    }
    return best;
}

static void
check_against_model(bool wide)
{
    static struct model model;
    struct prefix_set set;

    model.n = 0;
    prefix_set_init(&set, wide);
    random_seed(wide + 1);
    for (int round = 0; round < 20000; round++) {
        bool grow = round < 8000 || (round > 12000 && round < 16000);

        if (model.n < N && (!model.n || random_below(10) < (grow ? 7 : 3))) {
            model.items[model.n] = random_prefix(wide);
            prefix_set_add(&set, &model.items[model.n++]);
        } else {
            size_t i = random_below((uint32_t)model.n);

            prefix_set_remove(&set, &model.items[i]);
            model.items[i] = model.items[--model.n];
        }
        if (round % 16 == 0) {
            struct prefix key = random_prefix(wide);

            assert_int_equal(prefix_set_common(&set, &key), naive_common(&model, &key));
        }
    }
    while (model.n)
        prefix_set_remove(&set, &model.items[--model.n]);
    assert_int_equal(set.n, 0);
    assert_int_equal(set.n_bytes, 0);
    prefix_set_destroy(&set);
}

static void
narrow_prefixes_agree_with_a_list(void **state)
{
    (void)state;
    check_against_model(false);
}

static void
wide_prefixes_agree_with_a_list(void **state)
{
    (void)state;
    check_against_model(true);
}

static void
counts_and_last(void **state)
{
    struct prefix a = {UINT64_C(5) << 32, 0, 32}, b = {UINT64_C(9) << 32, 0, 32}, last;
    struct prefix_set set;

    (void)state;
    prefix_set_init(&set, false);
    assert_false(prefix_set_last(&set, &last));
    prefix_set_add(&set, &b);
    prefix_set_add(&set, &a);
    prefix_set_add(&set, &a);
    assert_int_equal(prefix_set_count(&set, &a), 2);
    assert_true(prefix_set_last(&set, &last));
    assert_int_equal(last.hi, b.hi);
    prefix_set_remove(&set, &b);
    assert_int_equal(prefix_set_count(&set, &b), 0);
    assert_true(prefix_set_last(&set, &last));
    assert_int_equal(last.hi, a.hi);
    prefix_set_destroy(&set);
}

static void
counts_of_any_size(void **state)
{
    enum { N_KEYS = 500, MANY = 700 };
    struct prefix_set set;

    (void)state;
    prefix_set_init(&set, false);
    for (uint64_t i = 0; i < N_KEYS; i++) {
        struct prefix key = {i << 40, 0, 24};

        for (uint64_t n = 0; n <= (i % 50 ? i % 3 : MANY); n++)
            prefix_set_add(&set, &key);
    }
    assert_int_equal(set.n, N_KEYS);
    for (uint64_t i = 0; i < N_KEYS; i++) {
        struct prefix key = {i << 40, 0, 24};

        for (uint64_t left = (i % 50 ? i % 3 : MANY) + 1; left; left--) {
            assert_int_equal(prefix_set_count(&set, &key), left);
            prefix_set_remove(&set, &key);
        }
        assert_int_equal(prefix_set_count(&set, &key), 0);
    }
    assert_int_equal(set.n_bytes, 0);
    prefix_set_destroy(&set);
}

static void
rising_keys_fill_nodes(void **state)
{
    struct prefix_set set;

    (void)state;
    prefix_set_init(&set, false);
    for (uint64_t i = 0; i < 100000; i++)
        prefix_set_add(&set, &(struct prefix){i << 32, 0, 32});
    assert_int_equal(set.n, 100000);
    assert_true(set.n_bytes < 100000 * 12);
    prefix_set_destroy(&set);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(narrow_prefixes_agree_with_a_list),
    cmocka_unit_test(wide_prefixes_agree_with_a_list),
    cmocka_unit_test(counts_and_last),
    cmocka_unit_test(counts_of_any_size),
    cmocka_unit_test(rising_keys_fill_nodes),
};

UNIT_MAIN(tests)
