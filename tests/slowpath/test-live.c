/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers, installation and revalidation on the real fast path. */
#include "tests/slowpath/live.h"

#include <arpa/inet.h>
#include <string.h>

#define SOON_MS 2000 /* What shall come. */
#define NEVER_MS 100 /* What shall not. */
#define NO_IDLE 60000

static void
expect_frame(struct live *live, uint32_t port, const struct live_frame *expected)
{
    struct live_frame frame;

    if (!live_receive(live, port, &frame, SOON_MS))
        fail_msg("nothing came out of port %u", port);
    assert_int_equal(frame.size, expected->size);
    assert_memory_equal(frame.data, expected->data, frame.size);
}

static void
expect_none(struct live *live, uint32_t port)
{
    struct live_frame frame;

    assert_false(live_receive(live, port, &frame, NEVER_MS));
}

static uint32_t
n_megaflows(struct live *live)
{
    struct slowpath_stats stats;

    slowpath_get_stats(live->slowpath, &stats);
    return stats.n_flows;
}

static void
first_packet_goes_out_and_the_flow_is_installed(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame frame = live_udp(1, 2, 80);
    struct slowpath_stats stats;
    struct live live;

    live_open(&live, hook, NO_IDLE);
    live_flows(&live, "in_port=1 actions=output:2");
    live_send(&live, 1, &frame);
    expect_frame(&live, 2, &frame);
    live_wait(&live, n_megaflows(&live) == 1);
    for (int i = 0; i < 100; i++) {
        live_send(&live, 1, &frame);
        expect_frame(&live, 2, &frame);
    }
    slowpath_get_stats(live.slowpath, &stats);
    assert_int_equal(stats.n_misses, 1);
    assert_int_equal(live_rule_stats(&live, "in_port=1").n_packets, 101);
    assert_int_equal(live_rule_stats(&live, "in_port=1").n_bytes, 101 * frame.size);
    live_close(&live);
}

static void
a_barrier_ends_when_the_next_packet_meets_the_change(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame frame = live_udp(1, 2, 80);
    struct live live;

    live_open(&live, hook, NO_IDLE);
    for (int i = 0; i < 50; i++) {
        uint32_t port = 2 + (uint32_t)i % 2;

        live_flows(&live, port == 2 ? "in_port=1 actions=output:2" : "in_port=1 actions=output:3");
        live_barrier(&live);
        live_send(&live, 1, &frame);
        expect_frame(&live, port, &frame);
    }
    expect_none(&live, 2);
    expect_none(&live, 3);
    live_close(&live);
}

static void
flow_removed_has_the_final_counters(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame frame = live_udp(1, 2, 80);
    struct live live;

    live_open(&live, hook, NO_IDLE);
    live_flows(&live, "in_port=1 actions=output:2");
    for (int i = 0; i < 20; i++) {
        live_send(&live, 1, &frame);
        expect_frame(&live, 2, &frame);
    }
    live_del_flows(&live, "in_port=1");
    live_wait(&live, live.n_removed == 1);
    assert_int_equal(live.removed_packets, 20);
    assert_int_equal(live.removed_bytes, 20 * frame.size);
    live_send(&live, 1, &frame);
    expect_none(&live, 2);
    live_close(&live);
}

static void
packets_for_the_controller_arrive(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame frame = live_udp(1, 2, 80);
    struct live live;

    live_open(&live, hook, NO_IDLE);
    live_flows(&live, "in_port=1,cookie=0x1234,udp actions=load:7->NXM_NX_REG3[],"
                      "controller(max_len=40),output:2");
    for (uint32_t i = 1; i <= 5; i++) {
        live_send(&live, 1, &frame);
        expect_frame(&live, 2, &frame);
        live_wait(&live, live.n_packet_ins == i);
        assert_int_equal(live.packet_in.size, frame.size);
    }
    assert_int_equal(live.packet_in.cookie, 0x1234);
    assert_int_equal(live.packet_in.max_len, 40);
    assert_int_equal(live.packet_in_flow.in_port, 1);
    assert_int_equal(ntohl(live.packet_in_flow.regs[3]), 7);
    live_close(&live);
}

static void
normal_learns_and_follows_a_move(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame there = live_udp(1, 2, 80), back = live_udp(2, 1, 80);
    struct live live;

    live_open(&live, hook, NO_IDLE);
    live_flows(&live, "actions=normal");
    live_send(&live, 1, &there);
    expect_frame(&live, 2, &there);
    expect_frame(&live, 3, &there);
    live_send(&live, 2, &back);
    expect_frame(&live, 1, &back);
    live_barrier(&live);
    live_send(&live, 1, &there);
    expect_frame(&live, 2, &there);
    expect_none(&live, 3);
    live_send(&live, 3, &back);
    expect_frame(&live, 1, &back);
    live_barrier(&live);
    live_send(&live, 1, &there);
    expect_frame(&live, 3, &there);
    expect_none(&live, 2);
    live_close(&live);
}

/* Port 1's packets are told by their source address; one of them may be learned. */
static void
the_result_of_learning_says_what_the_limit_left(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame frames[] = {live_udp(1, 9, 80), live_udp(2, 9, 80)};
    struct live live;

    live_open(&live, hook, NO_IDLE);
    live_flows(&live, "table=0,in_port=1 actions=learn(table=5,cookie=0x7,limit=1,"
                      "result_dst=NXM_NX_REG0[3],eth_src),resubmit(,1)\n"
                      "table=1,reg0=8 actions=output:2\n"
                      "table=1,reg0=0 actions=output:3");
    /* Both in one batch, and again by their megaflows. */
    for (int round = 0; round < 3; round++) {
        live_send(&live, 1, &frames[0]);
        live_send(&live, 1, &frames[1]);
        expect_frame(&live, 2, &frames[0]);
        expect_frame(&live, 3, &frames[1]);
        live_barrier(&live);
    }
    /* The place that it leaves is free. */
    live_del_flows(&live, "table=5");
    live_barrier(&live);
    live_send(&live, 1, &frames[1]);
    expect_frame(&live, 2, &frames[1]);
    live_close(&live);
}

static void
idle_megaflows_go_and_come_back(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame frame = live_udp(1, 2, 80);
    struct live live;

    live_open(&live, hook, 300);
    live_flows(&live, "in_port=1 actions=output:2");
    for (uint32_t i = 1; i <= 2; i++) {
        live_send(&live, 1, &frame);
        expect_frame(&live, 2, &frame);
        live_wait(&live, n_megaflows(&live) == 1);
        live_wait(&live, n_megaflows(&live) == 0);
        assert_int_equal(live_rule_stats(&live, "in_port=1").n_packets, i);
    }
    live_close(&live);
}

/* ip, label 5 at the bottom of the stack, in front of the IP header. */
static struct live_frame
with_label(const struct live_frame *frame)
{
    static const uint8_t head[] = {0x88, 0x47, 0x00, 0x00, 0x51, 0x40};
    struct live_frame labelled = {.size = frame->size + 4};

    memcpy(labelled.data, frame->data, 12);
    memcpy(labelled.data + 12, head, sizeof head);
    memcpy(labelled.data + 18, frame->data + 14, frame->size - 14);
    return labelled;
}

static void
what_a_pop_shows_is_parsed_again(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame inside = live_udp(1, 2, 80), other = live_udp(1, 3, 80);
    struct live_frame frame = with_label(&inside), other_frame = with_label(&other);
    struct live live;

    live_open(&live, hook, NO_IDLE);
    live_flows(&live, "table=0,mpls,mpls_label=5 actions=pop_mpls:0x0800,goto_table:1\n"
                      "table=1,ip,nw_dst=10.0.0.2 actions=output:2\n"
                      "table=1,ip,nw_dst=10.0.0.3 actions=output:3");
    for (int i = 0; i < 5; i++) {
        live_send(&live, 1, &frame);
        expect_frame(&live, 2, &inside);
        live_send(&live, 1, &other_frame);
        expect_frame(&live, 3, &other);
    }
    assert_int_equal(n_megaflows(&live), 3);
    assert_int_equal(live_rule_stats(&live, "mpls,mpls_label=5").n_packets, 10);
    assert_int_equal(live_rule_stats(&live, "ip,nw_dst=10.0.0.2").n_packets, 5);
    live_close(&live);
}

static void
packet_out_runs_its_actions(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame frame = live_udp(1, 2, 80);
    struct buf ofpacts = BUF_INITIALIZER;
    struct live live;

    live_open(&live, hook, NO_IDLE);
    live_flows(&live, "in_port=3 actions=output:1");
    assert_null(ofpacts_parse("output:2,table", NULL, false, &ofpacts));
    assert_int_equal(slowpath_packet_out(live.slowpath, live.ofproto, 3,
                                         (const struct ofpact *)ofpacts.data, ofpacts.size,
                                         frame.data, frame.size),
                     0);
    expect_frame(&live, 2, &frame);
    expect_frame(&live, 1, &frame);
    assert_int_equal(live_rule_stats(&live, "in_port=3").n_packets, 1);
    buf_destroy(&ofpacts);
    live_close(&live);
}

static void
a_port_that_goes_takes_its_megaflows(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame frame = live_udp(1, 2, 80);
    struct live live;

    live_open(&live, hook, NO_IDLE);
    live_flows(&live, "actions=flood");
    live_send(&live, 1, &frame);
    expect_frame(&live, 2, &frame);
    expect_frame(&live, 3, &frame);
    live_wait(&live, n_megaflows(&live) == 1);
    slowpath_port_removed(live.slowpath, live.ofproto, ofproto_port(live.ofproto, 1));
    assert_int_equal(ofproto_port_remove(live.ofproto, 1), 0);
    live_barrier(&live);
    assert_int_equal(n_megaflows(&live), 0);
    live_close(&live);
}

/* The copy recirculates, which ends a list: user space runs the rest on the packet as it came. */
static void
lists_that_the_fast_path_cannot_run_are_run_in_pieces(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame inside = live_udp(1, 2, 80), frame = with_label(&inside);
    struct slowpath_stats stats;
    struct live live;

    live_open(&live, hook, NO_IDLE);
    live_flows(&live, "mpls actions=clone(pop_mpls:0x0800,resubmit(,1)),output:3\n"
                      "table=1,ip,nw_dst=10.0.0.2 actions=output:2");
    for (int i = 0; i < 5; i++) {
        live_send(&live, 1, &frame);
        expect_frame(&live, 2, &inside);
        expect_frame(&live, 3, &frame);
    }
    slowpath_get_stats(live.slowpath, &stats);
    assert_int_equal(stats.n_slow, 4);
    assert_int_equal(live_rule_stats(&live, "mpls").n_packets, 5);
    live_close(&live);
}

static void
lists_longer_than_the_fast_path_takes_are_run_in_pieces(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame frame = live_udp(1, 2, 80), changed = frame, received;
    struct buf flow = BUF_INITIALIZER;
    struct live live;

    buf_puts(&flow, "in_port=1 actions=mod_dl_dst:02:00:00:00:00:09");
    for (int i = 0; i < 500; i++)
        buf_puts(&flow, ",output:2");
    changed.data[5] = 9;
    live_open(&live, hook, NO_IDLE);
    live_flows(&live, buf_text(&flow));
    live_send(&live, 1, &frame);
    for (int i = 0; i < 500; i++)
        expect_frame(&live, 2, &changed);
    assert_false(live_receive(&live, 2, &received, NEVER_MS));
    buf_destroy(&flow);
    live_close(&live);
}

static uint64_t
n_audits(struct live *live)
{
    struct slowpath_stats stats;

    slowpath_get_stats(live->slowpath, &stats);
    return stats.n_audits;
}

/* Whether something was audited; a packet more. */
static bool
audits_after(struct live *live, uint32_t port, const struct live_frame *frame)
{
    live_send(live, port, frame);
    return n_audits(live) > 0;
}

static void
small_packets_are_audited(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame frame = live_udp(1, 2, 80);
    struct slowpath_stats stats;
    struct live live;

    frame.size = 60;
    live_open(&live, hook, NO_IDLE);
    live_flows(&live, "in_port=1 actions=output:2");
    live_wait(&live, audits_after(&live, 1, &frame));
    slowpath_get_stats(live.slowpath, &stats);
    assert_int_equal(stats.n_audits_failed, 0);
    live_close(&live);
}

/* The megaflow of such a list is what the tables say, for audits and after any change. */
static void
megaflows_of_long_lists_stay(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame frame = live_udp(1, 2, 80);
    struct buf flow = BUF_INITIALIZER;
    struct slowpath_stats stats;
    struct live live;

    buf_puts(&flow, "in_port=1 actions=output:2");
    for (int i = 0; i < 300; i++)
        buf_puts(&flow, ",output:2");
    live_open(&live, hook, NO_IDLE);
    live_flows(&live, buf_text(&flow));
    live_send(&live, 1, &frame);
    live_wait(&live, n_megaflows(&live) == 1);
    slowpath_changed(live.slowpath, NULL);
    live_barrier(&live);
    live_wait(&live, audits_after(&live, 1, &frame));
    slowpath_get_stats(live.slowpath, &stats);
    assert_int_equal(stats.n_audits_failed, 0);
    assert_int_equal(stats.n_removed, 0);
    assert_int_equal(stats.n_flows, 1);
    buf_destroy(&flow);
    live_close(&live);
}

static void
deleted_megaflows_come_back_by_traffic(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame frame = live_udp(1, 2, 80);
    struct live live;

    live_open(&live, hook, NO_IDLE);
    live_flows(&live, "in_port=1 actions=output:2");
    for (int i = 0; i < 3; i++) {
        live_send(&live, 1, &frame);
        expect_frame(&live, 2, &frame);
        live_wait(&live, n_megaflows(&live) == 1);
        slowpath_del_flows(live.slowpath);
        assert_int_equal(n_megaflows(&live), 0);
    }
    assert_int_equal(live_rule_stats(&live, "in_port=1").n_packets, 3);
    live_close(&live);
}

/* What another change leaves alone is not translated again. */
static void
a_change_elsewhere_leaves_megaflows_alone(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame frame = live_udp(1, 2, 80);
    struct slowpath_stats stats;
    struct live live;

    live_open(&live, hook, NO_IDLE);
    live_flows(&live, "priority=5,udp,nw_dst=10.0.0.2 actions=output:2");
    live_send(&live, 1, &frame);
    expect_frame(&live, 2, &frame);
    live_wait(&live, n_megaflows(&live) == 1);
    live_flows(&live, "priority=6,udp,nw_dst=10.0.0.9 actions=output:3\n"
                      "table=7,priority=6 actions=output:3");
    live_barrier(&live);
    slowpath_get_stats(live.slowpath, &stats);
    assert_int_equal(stats.n_revalidated, 0);
    live_flows(&live, "priority=6,udp,nw_dst=10.0.0.2 actions=output:3");
    live_barrier(&live);
    live_send(&live, 1, &frame);
    expect_frame(&live, 3, &frame);
    slowpath_get_stats(live.slowpath, &stats);
    assert_int_equal(stats.n_revalidated, 1);
    live_close(&live);
}

static void
a_dump_shows_the_megaflow(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame frame = live_udp(1, 2, 80);
    struct buf text = BUF_INITIALIZER;
    struct live live;

    live_open(&live, hook, NO_IDLE);
    live_flows(&live, "udp,tp_dst=80 actions=output:2");
    live_send(&live, 1, &frame);
    expect_frame(&live, 2, &frame);
    live_wait(&live, n_megaflows(&live) == 1);
    slowpath_dump_flows(live.slowpath, live.ofproto, &text);
    assert_string_equal(buf_text(&text),
                        "recirc_id(0),in_port(101),eth_type(0x0800),ipv4(proto=17,frag=no),"
                        "udp(dst=80), packets:0, bytes:0, used:never, actions:102\n");
    buf_destroy(&text);
    live_close(&live);
}

/* Without a daemon packets keep flowing; the next one removes only what its tables refuse. */
static void
adopted_megaflows_are_held_against_the_tables(void **state)
{
    enum dp_hook hook = (enum dp_hook)(uintptr_t)*state;
    struct live_frame a = live_udp(1, 2, 80), b = live_udp(1, 2, 81);
    struct slowpath_stats stats;
    struct live live;

    live_open_pinned(&live, hook, NO_IDLE);
    live_flows(&live, "udp,tp_dst=80 actions=output:2\nudp,tp_dst=81 actions=output:2");
    live_send(&live, 1, &a);
    live_send(&live, 1, &b);
    live_wait(&live, n_megaflows(&live) == 2);
    expect_frame(&live, 2, &a);
    expect_frame(&live, 2, &b);
    live_leave(&live);
    live_send(&live, 1, &a);
    live_return(&live, "udp,tp_dst=80 actions=output:2\nudp,tp_dst=81 actions=output:3");
    expect_frame(&live, 2, &a);
    live_send(&live, 1, &a);
    expect_frame(&live, 2, &a);
    live_send(&live, 1, &b);
    expect_frame(&live, 3, &b);
    slowpath_get_stats(live.slowpath, &stats);
    assert_int_equal(stats.n_misses, 0);
    assert_int_equal(stats.n_updated, 1);
    /* One of them while nobody was there. */
    assert_int_equal(live_rule_stats(&live, "udp,tp_dst=80").n_packets, 2);
    live_close(&live);
}

#define ON(HOOK, TEST)                                                                             \
    {                                                                                              \
        .name = #TEST " (" #HOOK ")", .test_func = TEST,                                           \
        .initial_state = (void *)(uintptr_t)DP_HOOK_##HOOK                                         \
    }
#define ON_BOTH(TEST) ON(TC, TEST), ON(XDP, TEST)

static const struct CMUnitTest tests[] = {
    ON_BOTH(first_packet_goes_out_and_the_flow_is_installed),
    ON_BOTH(a_barrier_ends_when_the_next_packet_meets_the_change),
    ON_BOTH(flow_removed_has_the_final_counters),
    ON_BOTH(packets_for_the_controller_arrive),
    ON_BOTH(normal_learns_and_follows_a_move),
    ON_BOTH(the_result_of_learning_says_what_the_limit_left),
    ON_BOTH(idle_megaflows_go_and_come_back),
    ON_BOTH(what_a_pop_shows_is_parsed_again),
    ON_BOTH(packet_out_runs_its_actions),
    ON_BOTH(a_port_that_goes_takes_its_megaflows),
    ON_BOTH(lists_that_the_fast_path_cannot_run_are_run_in_pieces),
    ON_BOTH(lists_longer_than_the_fast_path_takes_are_run_in_pieces),
    ON_BOTH(adopted_megaflows_are_held_against_the_tables),
    ON_BOTH(small_packets_are_audited),
    ON_BOTH(megaflows_of_long_lists_stay),
    ON_BOTH(deleted_megaflows_come_back_by_traffic),
    ON_BOTH(a_change_elsewhere_leaves_megaflows_alone),
    ON_BOTH(a_dump_shows_the_megaflow),
};

UNIT_MAIN(tests)
