/* SPDX-License-Identifier: Apache-2.0 */
/* What multipath and bundle choose: every link, evenly, the same one both ways, and no more moves
 * than a change of the links makes necessary. */
#include "tests/translation/fixture.h"

#include <stdio.h>

#define N_PACKETS 1000

/* Where a packet goes, as an action's text; good until the next call. */
static const char *
way_of(struct fixture *fx, const char *packet)
{
    static char text[64];
    struct flow flow = fixture_packet(fx, packet);
    char *actions;

    fixture_xlate(fx, &flow);
    actions = fixture_actions(fx);
    snprintf(text, sizeof text, "%s", actions);
    free(actions);
    return text;
}

/* Of a connection from one host and port to another. */
static const char *
way_of_tcp(struct fixture *fx, unsigned int a, unsigned int b)
{
    char packet[256];

    snprintf(packet, sizeof packet,
             "in_port=1,tcp,nw_src=10.0.%u.%u,nw_dst=10.0.%u.%u,tp_src=%u,tp_dst=%u", a >> 8,
             a & 255, b >> 8, b & 255, a, b);
    return way_of(fx, packet);
}

static unsigned int
link_of(struct fixture *fx, unsigned int a, unsigned int b)
{
    unsigned int port = (unsigned int)strtoul(way_of_tcp(fx, a, b), NULL, 10);

    assert_in_range(port, 102, 106);
    return port - 102;
}

/* Ports 2 to 6 are links 0 to 4. */
static void
set_multipath(struct fixture *fx, const char *algorithm, unsigned int n_links)
{
    char flows[512];

    snprintf(flows, sizeof flows,
             "table=0 actions=multipath(symmetric_l3l4,7,%s,%u,8,NXM_NX_REG0[0..15]),"
             "resubmit(,1)\n"
             "table=1,reg0=0 actions=output:2\n"
             "table=1,reg0=1 actions=output:3\n"
             "table=1,reg0=2 actions=output:4\n"
             "table=1,reg0=3 actions=output:5\n"
             "table=1,reg0=4 actions=output:6",
             algorithm, n_links);
    fixture_flows(fx, flows);
}

static void
links_are_used_evenly_and_both_ways(void **state)
{
    unsigned int n[5] = {0};
    struct fixture fx;

    fixture_init(&fx);
    set_multipath(&fx, *state, 5);
    for (unsigned int i = 0; i < N_PACKETS; i++) {
        unsigned int link = link_of(&fx, i, 5000 + 7 * i);

        n[link]++;
        assert_int_equal(link_of(&fx, 5000 + 7 * i, i), link);
    }
    for (size_t i = 0; i < 5; i++)
        assert_in_range(n[i], N_PACKETS / 5 * 3 / 4, N_PACKETS / 5 * 5 / 4);
    set_multipath(&fx, *state, 1);
    for (unsigned int i = 0; i < 50; i++)
        assert_int_equal(link_of(&fx, i, 5000), 0);
    fixture_destroy(&fx);
}

/* A fifth link takes a fifth of the packets, and takes them from the others: as ovs-actions(7)
 * has it of these two, of iterated hashes as long as their range, 8, stays. */
static void
a_new_link_moves_only_what_it_gets(void **state)
{
    unsigned int before[N_PACKETS], n_moved = 0;
    struct fixture fx;

    fixture_init(&fx);
    set_multipath(&fx, *state, 4);
    for (unsigned int i = 0; i < N_PACKETS; i++)
        before[i] = link_of(&fx, i, 5000);
    set_multipath(&fx, *state, 5);
    for (unsigned int i = 0; i < N_PACKETS; i++) {
        unsigned int link = link_of(&fx, i, 5000);

        if (link != before[i]) {
            assert_int_equal(link, 4);
            n_moved++;
        }
    }
    assert_in_range(n_moved, N_PACKETS / 8, N_PACKETS / 4);
    fixture_destroy(&fx);
}

/* Of 100 packets of UDP that differ in a port, how many take the second member. */
static unsigned int
n_second(struct fixture *fx, const char *flow)
{
    unsigned int n = 0;
    char packet[64];

    fixture_flows(fx, flow);
    for (unsigned int i = 0; i < 100; i++) {
        snprintf(packet, sizeof packet, "in_port=1,udp,tp_src=%u", i);
        n += !strcmp(way_of(fx, packet), "103");
    }
    return n;
}

static void
ports_of_udp_count_where_they_are_asked_for(void **state)
{
    struct fixture fx;
    unsigned int n;

    (void)state;
    fixture_init(&fx);
    n = n_second(&fx, "actions=bundle(symmetric_l3l4,0,hrw,ofport,slaves:2,3)");
    assert_true(n == 0 || n == 100);
    n = n_second(&fx, "actions=bundle(symmetric_l3l4+udp,0,hrw,ofport,slaves:2,3)");
    assert_in_range(n, 25, 75);
    fixture_destroy(&fx);
}

static void
a_bundle_by_order_takes_the_first_that_is_up(void **state)
{
    struct fixture fx;

    (void)state;
    fixture_init(&fx);
    fixture_flows(&fx, "actions=bundle(eth_src,0,active_backup,ofport,slaves:3,2,4)");
    fixture_check(&fx, "in_port=1,tcp", "103", NULL);
    fixture_port_link(&fx, 3, false);
    fixture_check(&fx, "in_port=1,tcp", "102", NULL);
    fixture_port_link(&fx, 2, false);
    fixture_check(&fx, "in_port=1,tcp", "104", NULL);
    fixture_port_link(&fx, 4, false);
    fixture_check(&fx, "in_port=1,tcp", "drop", NULL);
    fixture_port_link(&fx, 3, true);
    fixture_check(&fx, "in_port=1,tcp", "103", NULL);
    fixture_destroy(&fx);
}

/* Only the packets of the member that went go elsewhere, and they come back. */
static void
a_bundle_by_weight_moves_what_it_must(void **state)
{
    char before[N_PACKETS][8];
    unsigned int n_moved = 0;
    struct fixture fx;

    (void)state;
    fixture_init(&fx);
    fixture_flows(&fx, "actions=bundle(symmetric_l3l4,0,hrw,ofport,slaves:2,3,4)");
    for (unsigned int i = 0; i < N_PACKETS; i++)
        snprintf(before[i], sizeof before[i], "%s", way_of_tcp(&fx, i, 80));
    fixture_port_link(&fx, 3, false);
    for (unsigned int i = 0; i < N_PACKETS; i++) {
        const char *way = way_of_tcp(&fx, i, 80);

        if (!strcmp(before[i], "103")) {
            assert_string_not_equal(way, "103");
            n_moved++;
        } else {
            assert_string_equal(way, before[i]);
        }
    }
    assert_in_range(n_moved, N_PACKETS / 4, N_PACKETS / 2);
    fixture_port_link(&fx, 3, true);
    for (unsigned int i = 0; i < N_PACKETS; i++)
        assert_string_equal(way_of_tcp(&fx, i, 80), before[i]);
    fixture_destroy(&fx);
}

#define WITH(TEST, ALGORITHM)                                                                      \
    {                                                                                              \
        .name = #TEST " (" ALGORITHM ")", .test_func = TEST, .initial_state = (void *)ALGORITHM    \
    }

static const struct CMUnitTest tests[] = {
    WITH(links_are_used_evenly_and_both_ways, "modulo_n"),
    WITH(links_are_used_evenly_and_both_ways, "hash_threshold"),
    WITH(links_are_used_evenly_and_both_ways, "hrw"),
    WITH(links_are_used_evenly_and_both_ways, "iter_hash"),
    WITH(a_new_link_moves_only_what_it_gets, "hrw"),
    WITH(a_new_link_moves_only_what_it_gets, "iter_hash"),
    cmocka_unit_test(ports_of_udp_count_where_they_are_asked_for),
    cmocka_unit_test(a_bundle_by_order_takes_the_first_that_is_up),
    cmocka_unit_test(a_bundle_by_weight_moves_what_it_must),
};

UNIT_MAIN(tests)
