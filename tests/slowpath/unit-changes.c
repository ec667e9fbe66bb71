/* SPDX-License-Identifier: Apache-2.0 */
/* What changes of flow entries hold on to, and give back. */
#include "slowpath/changes.h"
#include "tests/unit.h"

#include "ofproto/ofproto.h"

static void
add(struct changes *changes, struct rule *rule, int n, bool ends_each)
{
    for (int i = 0; i < n; i++) {
        changes_add_rule(changes, NULL, rule);
        if (ends_each)
            changes_end_rules(changes);
    }
}

/* More than there is room for, and then one more. */
static void
overflow(bool ends_each)
{
    struct changes changes;
    struct rule rule = {0};

    atomic_init(&rule.n_refs, 1);
    changes_init(&changes);
    add(&changes, &rule, CHANGES_MAX, ends_each);
    assert_int_equal(rule.n_refs, 1 + CHANGES_MAX);
    add(&changes, &rule, 1, ends_each);
    assert_int_equal(rule.n_refs, 1);
    changes_end_rules(&changes);
    add(&changes, &rule, 1, true);
    assert_int_equal(rule.n_refs, 2);
    changes_destroy(&changes);
    assert_int_equal(rule.n_refs, 1);
}

static void
entries_of_many_transactions_are_given_back(void **state)
{
    (void)state;
    overflow(true);
}

static void
entries_of_one_transaction_are_given_back(void **state)
{
    (void)state;
    overflow(false);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(entries_of_many_transactions_are_given_back),
    cmocka_unit_test(entries_of_one_transaction_are_given_back),
};

UNIT_MAIN(tests)
