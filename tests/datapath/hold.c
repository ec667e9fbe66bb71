/* SPDX-License-Identifier: Apache-2.0 */
/* Flows that are held while they are set up: what waits, what is let go, and that nothing is
 * overtaken while two threads do their worst. */
#include "datapath/dp-internal.h"
#include "tests/datapath/net.h"
#include "tests/unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/util.h"

#define SIZE 60
#define UFID 77

/* Of flow `flow`, a source address, and the `number`-th of it. */
static void
frame_make(uint8_t frame[SIZE], uint16_t flow, uint8_t number)
{
    memset(frame, 0, SIZE);
    memcpy(frame, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x00\x88\xb5", 14);
    frame[10] = flow >> 8;
    frame[11] = flow & 255;
    frame[14] = number;
}

static const struct dp_action to_2 = {
    .kind = DP_ACTION_OUTPUT, .arg16 = DP_OUTPUT_LAST, .arg32 = 2};

static uint32_t
put_held(struct dp *dp, uint16_t flow, uint64_t ufid)
{
    struct dp_key key = {.in_port = 1}, mask = {.in_port = ~0u, .recirc_id = ~0u};
    uint8_t frame[SIZE];
    uint32_t index;

    frame_make(frame, flow, 0);
    memcpy(key.eth_src, frame + 6, 6);
    memset(mask.eth_src, 0xff, 6);
    if (dp_flow_put_held(dp, &key, &mask, &to_2, 1, ufid, &index))
        fail_msg("dp_flow_put_held: %s", dp_error());
    return index;
}

/* Sends a frame of flow 1 and waits until the switch has booked it. */
static void
send_one(struct net *net, uint8_t number)
{
    struct dp_totals before;
    uint8_t frame[SIZE];

    frame_make(frame, 1, number);
    dp_totals(net->dp, &before);
    net_send(net, 1, frame, SIZE);
    net_wait(net, &before, 1);
}

static void
expect_out(struct net *net, uint8_t number)
{
    uint8_t got[2048];

    assert_int_equal(net_receive(net, 2, got, sizeof got, 2000), SIZE);
    assert_int_equal(got[14], number);
}

static void
expect_silence(struct net *net)
{
    uint8_t got[2048];

    assert_int_equal(net_receive(net, 2, got, sizeof got, 0), 0);
}

/* ---- Upcalls ----------------------------------------------------------------------------------*/
struct seen {
    struct dp_upcall upcall;
    uint8_t numbers[8];
    int n;
};

static void
note_upcall(void *aux, const struct dp_upcall *upcall, const uint8_t *packet)
{
    struct seen *seen = aux;

    seen->upcall = *upcall;
    seen->numbers[seen->n++ & 7] = packet[14];
}

static void
packets_of_a_held_flow_go_up(struct net *net)
{
    uint32_t index = put_held(net->dp, 1, UFID);
    struct dp_upcall_reader *reader;
    struct dp_flow_stats stats;
    struct dp_totals totals;
    struct seen seen = {.n = 0};

    net->dp->flows[index].held_until_ns = UINT64_MAX;
    assert_int_equal(dp_upcall_reader_open(net->dp, 0, &reader), 0);
    send_one(net, 1);
    send_one(net, 2);
    dp_flow_unhold(net->dp, index, UFID);
    send_one(net, 3);
    assert_int_equal(dp_upcall_read(reader, 8, note_upcall, &seen), 3);
    assert_memory_equal(seen.numbers, "\1\2\3", 3);
    assert_int_equal(seen.upcall.reason, DP_UPCALL_HELD);
    assert_int_equal(seen.upcall.flow_index, index);
    assert_int_equal(seen.upcall.cookie, UFID);
    dp_flow_unhold(net->dp, index, UFID);
    dp_flow_unhold(net->dp, index, UFID + 1);
    dp_flow_unhold(net->dp, index, UFID);
    send_one(net, 4);
    expect_silence(net);
    dp_flow_unhold(net->dp, index, UFID);
    dp_flow_unhold(net->dp, index, UFID);
    send_one(net, 5);
    expect_out(net, 5);
    dp_flow_stats(net->dp, index, &stats);
    assert_int_equal(stats.n_packets, 5);
    dp_totals(net->dp, &totals);
    assert_int_equal(totals.n_held, 4);
    assert_int_equal(totals.n_consumed, 4);
    assert_int_equal(totals.n_hold_expired + totals.n_hold_refused, 0);
    dp_upcall_reader_close(reader);
}

static void
a_hold_ends_by_itself(struct net *net)
{
    uint32_t index = put_held(net->dp, 1, UFID);
    struct dp_totals totals;

    net->dp->flows[index].held_until_ns = UINT64_MAX;
    send_one(net, 1);
    expect_silence(net);
    net->dp->flows[index].held_until_ns = 1;
    send_one(net, 2);
    expect_out(net, 2);
    send_one(net, 3);
    expect_out(net, 3);
    dp_totals(net->dp, &totals);
    assert_int_equal(totals.n_hold_expired, 1);
    assert_int_equal(totals.n_held, 1);
    /* Who comes too late to give it back does no harm. */
    dp_flow_unhold(net->dp, index, UFID);
    send_one(net, 4);
    expect_out(net, 4);
}

static void
a_hold_has_its_time(struct net *net)
{
    uint64_t start_ns = time_now_ms() * UINT64_C(1000000);
    uint32_t index = put_held(net->dp, 1, UFID);
    uint64_t until_ns = net->dp->flows[index].held_until_ns;

    assert_in_range(until_ns, start_ns + DP_HOLD_MAX_NS,
                    (time_now_ms() + 1) * UINT64_C(1000000) + DP_HOLD_MAX_NS);
}

/* A packet that cannot wait is not lost, and what waits keeps the flow held. */
static void
no_token_lets_a_packet_pass(struct net *net)
{
    uint32_t index = put_held(net->dp, 1, UFID);
    struct dp_port_stats stats;
    struct dp_totals totals;

    net->dp->flows[index].held_until_ns = UINT64_MAX;
    assert_int_equal(dp_port_set_upcall_rate(net->dp, 1, 1, 1), 0);
    send_one(net, 1);
    expect_silence(net);
    send_one(net, 2);
    expect_out(net, 2);
    dp_totals(net->dp, &totals);
    assert_int_equal(totals.n_held, 1);
    assert_int_equal(totals.n_hold_refused, 1);
    assert_int_equal(net->dp->flows[index].n_held, 2);
    assert_int_equal(dp_port_stats(net->dp, 1, &stats), 0);
    assert_int_equal(stats.n_upcalls_lost, 0);
}

/* ---- Two threads ------------------------------------------------------------------------------*/
#define N_FLOWS 2000
#define N_MASKS 800 /* So that a packet is long about missing. */
#define LINGER_NS 100000
#define N_A_FLOW 16
#define CHUNK 200 /* Flows that are sent before what came out is looked at. */

struct race {
    struct net *net;
    struct dp_upcall_reader *reader;
    struct dp_executor *executor;
    pthread_t handler;
    atomic_bool stops;
    bool failed;
    atomic_ullong n_handled;
    uint16_t flow; /* The last that was put, */
    uint32_t index;
    uint64_t position; /* and how far it is to be held; 0: it is not. */
};

static void
stay_on(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu % sysconf(_SC_NPROCESSORS_ONLN), &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

/* Like a handler with batches of one, and one flow held at a time. */
static void
handle(void *aux, const struct dp_upcall *upcall, const uint8_t *data)
{
    struct race *race = aux;
    struct dp *dp = race->net->dp;
    struct dp_packet packet = {data, upcall->cap_size, 0};
    uint16_t flow = data[10] << 8 | data[11];

    race->n_handled++;
    if (dp_execute_actions(race->executor, &packet, 1, 0, &to_2, 1))
        race->failed = true;
    if (upcall->reason == DP_UPCALL_HELD)
        dp_flow_unhold(dp, upcall->flow_index, upcall->cookie);
    if (upcall->reason != DP_UPCALL_MISS || flow == race->flow || race->position)
        return;
    race->flow = flow;
    race->index = put_held(dp, flow, flow);
    dp->flows[race->index].held_until_ns = UINT64_MAX;
    race->position = dp_upcall_reader_mark(race->reader);
}

/* Whatever was overlooked lies there for a while. */
static void
linger(void)
{
    struct timespec start, now;

    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while (now.tv_nsec - start.tv_nsec >= 0 && now.tv_nsec - start.tv_nsec < LINGER_NS);
}

static void *
handler_main(void *aux)
{
    struct race *race = aux;
    size_t n;

    stay_on(1);
    do {
        n = dp_upcall_read(race->reader, 1, handle, race);
        if (race->position && race->position <= dp_upcall_reader_position(race->reader)) {
            dp_flow_unhold(race->net->dp, race->index, race->flow);
            race->position = 0;
            linger();
        }
    } while (n || !race->stops);
    return NULL;
}

static void
send_flow(struct race *race, uint16_t flow)
{
    struct dp_totals totals;
    uint8_t frame[SIZE];

    for (int i = 0; i < N_A_FLOW; i++) {
        frame_make(frame, flow, i);
        net_send(race->net, 1, frame, SIZE);
    }
    do /* The ring has room for 2,000. */
        dp_totals(race->net->dp, &totals);
    while (totals.n_consumed > race->n_handled + 500 && !sched_yield());
}

/* Each frame that came out, once, in the order of its flow. */
static void
check_chunk(struct race *race, uint16_t first)
{
    uint8_t n_seen[CHUNK] = {0}, got[2048];

    for (int i = 0; i < CHUNK * N_A_FLOW; i++) {
        uint16_t flow;

        assert_int_equal(net_receive(race->net, 2, got, sizeof got, 5000), SIZE);
        flow = (got[10] << 8 | got[11]) - first;
        assert_in_range(flow, 0, CHUNK - 1);
        if (got[14] != n_seen[flow]++)
            fail_msg("flow %u: frame %u came as its number %u", first + flow, got[14],
                     n_seen[flow] - 1);
    }
    expect_silence(race->net);
}

static void
race_run(struct net *net)
{
    struct race race = {.net = net};
    int size = 32 << 20;

    assert_int_equal(setsockopt(net->far[2], SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size), 0);
    assert_int_equal(dp_upcall_reader_open(net->dp, 0, &race.reader), 0);
    assert_int_equal(dp_executor_open(net->dp, &race.executor), 0);
    assert_int_equal(pthread_create(&race.handler, NULL, handler_main, &race), 0);
    stay_on(0);
    for (uint16_t first = 1; first < N_FLOWS; first += CHUNK) {
        for (uint16_t flow = first; flow < first + CHUNK; flow++)
            send_flow(&race, flow);
        check_chunk(&race, first);
    }
    race.stops = true;
    pthread_join(race.handler, NULL);
    assert_false(race.failed);
    dp_executor_close(race.executor);
    dp_upcall_reader_close(race.reader);
}

static void
nothing_is_overtaken(struct net *net)
{
    race_run(net);
}

/* Flows are put while packets, which have looked under their mask, look on under others. */
static void
nothing_that_looks_on_is_overtaken(struct net *net)
{
    struct dp_key key = {.in_port = 2}, mask = {.in_port = ~0u, .recirc_id = ~0u};
    uint32_t index;

    put_held(net->dp, 0, 1);
    for (int i = 1; i <= N_MASKS; i++) {
        mask.tp_src = htons(i);
        assert_int_equal(dp_flow_put(net->dp, &key, &mask, NULL, 0, 1, &index), 0);
    }
    race_run(net);
}

static const struct CMUnitTest tests[] = {
    NET_CASES(packets_of_a_held_flow_go_up), NET_CASES(a_hold_ends_by_itself),
    NET_CASES(a_hold_has_its_time),          NET_CASES(no_token_lets_a_packet_pass),
    NET_CASES(nothing_is_overtaken),         NET_CASES(nothing_that_looks_on_is_overtaken),
};

NET_MAIN(tests)
