/* SPDX-License-Identifier: Apache-2.0 */
/* The flow limit follows what revalidation can sustain. */
#include "slowpath/revalidator.h"
#include "tests/unit.h"

#define MAX_FLOWS 200000

static void
quick_passes_leave_the_limit(void **state)
{
    (void)state;
    assert_int_equal(flow_limit_after(MAX_FLOWS, MAX_FLOWS, 0, 0), MAX_FLOWS);
    assert_int_equal(flow_limit_after(MAX_FLOWS, MAX_FLOWS, MAX_FLOWS, 300), MAX_FLOWS);
    assert_int_equal(flow_limit_after(MAX_FLOWS, MAX_FLOWS, MAX_FLOWS, 1300), MAX_FLOWS);
}

static void
slow_passes_lower_it(void **state)
{
    (void)state;
    assert_int_equal(flow_limit_after(MAX_FLOWS, MAX_FLOWS, MAX_FLOWS, 1500), 150000);
    assert_int_equal(flow_limit_after(MAX_FLOWS, MAX_FLOWS, MAX_FLOWS, 4000), 50000);
    assert_int_equal(flow_limit_after(1200, MAX_FLOWS, 1200, 60000), 1000);
}

static void
it_rises_as_far_as_can_be_sustained(void **state)
{
    uint32_t limit = 1000;

    (void)state;
    assert_int_equal(flow_limit_after(limit, MAX_FLOWS, 1000, 999), 1250);
    /* 4 microseconds a flow. */
    for (int pass = 0; pass < 100; pass++)
        limit = flow_limit_after(limit, MAX_FLOWS, limit, limit / 250);
    assert_int_equal(limit, MAX_FLOWS);
    /* 20 microseconds a flow: 50,000 a second. */
    limit = 1000;
    for (int pass = 0; pass < 100; pass++)
        limit = flow_limit_after(limit, MAX_FLOWS, limit, limit / 50);
    assert_in_range(limit, 50000, 65000);
    assert_int_equal(flow_limit_after(MAX_FLOWS - 1, MAX_FLOWS, MAX_FLOWS, 10), MAX_FLOWS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(quick_passes_leave_the_limit),
    cmocka_unit_test(slow_passes_lower_it),
    cmocka_unit_test(it_rises_as_far_as_can_be_sustained),
};

UNIT_MAIN(tests)
