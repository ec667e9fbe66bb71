/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints, packet buffers, and two ends of a connection in one event loop. */
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>

#include "lib/util.h"
#include "ofproto/conn.h"
#include "ofproto/ofp.h"
#include "ofproto/pktbuf.h"

/* ---- Endpoints ---- */

static void
endpoint_forms(void **state)
{
    static const struct {
        const char *text;
        bool is_passive, is_tls;
        int family;
        unsigned port;
    } good[] = {
        {"tcp:127.0.0.1", false, false, AF_INET, 6653},
        {"tcp:127.0.0.1:6633", false, false, AF_INET, 6633},
        {"ssl:[::1]:6640", false, true, AF_INET6, 6640},
        {"ptcp:", true, false, AF_INET, 6653},
        {"ptcp:0:127.0.0.1", true, false, AF_INET, 0},
        {"pssl:6640:[::1]", true, true, AF_INET6, 6640},
        {"punix:/tmp/x", true, false, AF_UNIX, 0},
        {"unix:/tmp/x", false, false, AF_UNIX, 0},
    };
    struct endpoint ep;
    char error[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        const struct sockaddr_in *sin = (const struct sockaddr_in *)&ep.address;

        assert_int_equal(endpoint_parse(good[i].text, &ep, error, sizeof error), 0);
        assert_int_equal(ep.is_passive, good[i].is_passive);
        assert_int_equal(ep.is_tls, good[i].is_tls);
        assert_int_equal(ep.address.ss_family, good[i].family);
        if (good[i].family != AF_UNIX) /* sin6_port stands where sin_port does. */
            assert_int_equal(ntohs(sin->sin_port), good[i].port);
    }
}

static void
endpoint_errors_name_the_text(void **state)
{
    static const char *const bad[] = {
        "",
        "tcp:",
        "tcp:localhost",
        "tcp:1.2.3.4:65536",
        "tcp:1.2.3.4:x",
        "ptcp:70000",
        "ptcp:1:host",
        "udp:1.2.3.4",
        "unix:",
        "ssl:1.2.3",
        "tcp:1.2.3.4:0",
        "tcp:1.2.3.4: 80",
        "tcp:[::1]6633",
        "tcp:[::1]]:6633",
        "ptcp:+1",
        "ptcp:1:[::1]x",
        "ptcp:1:[::1",
        "ptcp:1:[",
    };
    struct endpoint ep;
    char error[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(endpoint_parse(bad[i], &ep, error, sizeof error), EINVAL);
        assert_non_null(strstr(error, bad[i]));
        assert_non_null(strstr(error, "wanted") ? strstr(error, "wanted")
                                                : strstr(error, "a socket's path"));
    }
}

/* ---- Packet buffers ---- */

static void
pktbuf_gives_each_packet_once(void **state)
{
    struct pktbuf *pb = pktbuf_create();
    uint32_t ids[PKTBUF_SLOTS + 1], in_port;
    uint8_t *data;
    size_t size;

    (void)state;
    for (uint32_t i = 0; i <= PKTBUF_SLOTS; i++)
        ids[i] = pktbuf_put(pb, &i, sizeof i, i + 1);
    assert_int_equal(pktbuf_take(pb, ids[0], &data, &size, &in_port), OFPERR_OFPBRC_BUFFER_UNKNOWN);
    assert_int_equal(pktbuf_take(pb, OFBUFFER_NONE, &data, &size, &in_port),
                     OFPERR_OFPBRC_BUFFER_UNKNOWN);
    for (uint32_t i = 1; i <= PKTBUF_SLOTS; i++) {
        assert_int_equal(pktbuf_take(pb, ids[i], &data, &size, &in_port), 0);
        assert_int_equal(size, sizeof i);
        assert_memory_equal(data, &i, sizeof i);
        assert_int_equal(in_port, i + 1);
        free(data);
        assert_int_equal(pktbuf_take(pb, ids[i], &data, &size, &in_port),
                         OFPERR_OFPBRC_BUFFER_EMPTY);
    }
    pktbuf_destroy(pb);
}

/* ---- Connections ---- */

struct side {
    struct event_base *base;
    struct conn *conn;
    int n_up, n_down, n_messages;
    uint8_t last[64];
    size_t last_size;
    int stop_at_messages; /* Ends the loop then, or at `stop_at_up`, `stop_at_down`. */
    int stop_at_up, stop_at_down;
};

static void
on_up(void *aux, struct conn *conn)
{
    struct side *side = aux;

    (void)conn;
    if (++side->n_up == side->stop_at_up)
        event_base_loopbreak(side->base);
}

static void
on_message(void *aux, struct conn *conn, const uint8_t *bytes, size_t size)
{
    struct side *side = aux;

    (void)conn;
    memcpy(side->last, bytes, MIN(size, sizeof side->last));
    side->last_size = size;
    if (++side->n_messages == side->stop_at_messages)
        event_base_loopbreak(side->base);
}

static void
on_down(void *aux, struct conn *conn)
{
    struct side *side = aux;

    (void)conn;
    if (++side->n_down == side->stop_at_down)
        event_base_loopbreak(side->base);
}

static const struct conn_ops ops = {.up = on_up, .message = on_message, .down = on_down};

static bool
on_accepted(void *aux, struct conn *conn)
{
    struct side *side = aux;

    conn_destroy(side->conn);
    side->conn = conn;
    conn_set_aux(conn, side);
    return true;
}

struct pair {
    struct event_base *base;
    struct side server, client;
    struct conn_listener *listener;
    char dir[32], path[64];
};

/* Connects both sides with these versions; the loop ends as the test set it. */
static void
pair_open(struct pair *pair, uint32_t server_versions, uint32_t client_versions, unsigned probe_ms)
{
    struct conn_options options = {.version_bitmap = server_versions};
    struct endpoint ep;
    char error[128];

    strcpy(pair->dir, "/tmp/unit-conn-XXXXXX");
    assert_non_null(mkdtemp(pair->dir));
    pair->base = event_base_new();
    pair->server.base = pair->client.base = pair->base;
    snprintf(pair->path, sizeof pair->path, "punix:%s/s", pair->dir);
    assert_int_equal(endpoint_parse(pair->path, &ep, error, sizeof error), 0);
    assert_int_equal(
        conn_listen(pair->base, &ep, &options, &ops, on_accepted, &pair->server, &pair->listener),
        0);
    options.version_bitmap = client_versions;
    options.probe_ms = probe_ms;
    assert_int_equal(endpoint_parse(pair->path + 1, &ep, error, sizeof error), 0);
    assert_int_equal(conn_open(pair->base, &ep, &options, &ops, &pair->client, &pair->client.conn),
                     0);
}

static void
pair_close(struct pair *pair)
{
    conn_destroy(pair->client.conn);
    conn_destroy(pair->server.conn);
    conn_listener_destroy(pair->listener);
    event_base_loop(pair->base, EVLOOP_NONBLOCK); /* libevent frees what it deferred. */
    event_base_free(pair->base);
    rmdir(pair->dir);
}

/* Runs the loop until a side breaks it; a minute without that is a failure. */
static void
run(struct pair *pair)
{
    struct timeval limit = {60, 0};

    event_base_loopexit(pair->base, &limit);
    event_base_dispatch(pair->base);
    assert_true(event_base_got_break(pair->base));
}

static const uint8_t barrier[8] = {4, 20, 0, 8, 0, 0, 0, 7};

static void
conn_agrees_and_delivers(void **state)
{
    struct pair pair = {.client.stop_at_up = 1, .server.stop_at_messages = 2};

    (void)state;
    pair_open(&pair, 1u << OFP10 | 1u << OFP13, 1u << OFP13 | 1u << OFP15, 0);
    run(&pair);
    assert_int_equal(conn_version(pair.client.conn), OFP13);
    assert_int_equal(conn_send(pair.client.conn, barrier, sizeof barrier), 0);
    assert_int_equal(conn_send(pair.client.conn, barrier, sizeof barrier), 0);
    run(&pair);
    assert_int_equal(conn_version(pair.server.conn), OFP13);
    assert_int_equal(pair.server.last_size, sizeof barrier);
    assert_memory_equal(pair.server.last, barrier, sizeof barrier);
    pair_close(&pair);
}

static void
conn_without_common_version_ends(void **state)
{
    struct pair pair = {.server.stop_at_down = 1};

    (void)state;
    pair_open(&pair, 1u << OFP10, 1u << OFP15, 0);
    run(&pair);
    assert_int_equal(pair.server.n_up, 0);
    assert_int_equal(pair.client.n_up, 0);
    pair_close(&pair);
}

static void
conn_calls_again(void **state)
{
    struct pair pair = {.client.stop_at_up = 2, .server.stop_at_up = -1};

    (void)state;
    pair_open(&pair, 1u << OFP13, 1u << OFP13, 0);
    pair.client.stop_at_up = 1;
    run(&pair);
    conn_disconnect(pair.client.conn, "the test says so");
    assert_int_equal(pair.client.n_down, 1);
    assert_int_equal(conn_state(pair.client.conn), CONN_BACKOFF);
    assert_string_equal(conn_last_error(pair.client.conn), "the test says so");
    pair.client.stop_at_up = 2;
    run(&pair);
    assert_int_equal(conn_state(pair.client.conn), CONN_UP);
    pair_close(&pair);
}

/* Probes keep a silent connection, whose peer answers, and end one whose peer is held up. */
static void
conn_probes(void **state)
{
    struct pair pair = {.client.stop_at_up = 1, .client.stop_at_down = 1};
    struct conn_counters counters;

    (void)state;
    pair_open(&pair, 1u << OFP13, 1u << OFP13, 50);
    run(&pair);
    conn_get_counters(pair.client.conn, &counters);
    do { /* HELLO, then four answered probes. */
        event_base_loop(pair.base, EVLOOP_ONCE);
        conn_get_counters(pair.client.conn, &counters);
    } while (counters.n_received < 5 && !pair.client.n_down);
    assert_int_equal(pair.client.n_down, 0);
    conn_hold(pair.server.conn);
    run(&pair);
    assert_int_equal(pair.client.n_down, 1);
    pair_close(&pair);
}

/* A message that is held back is delivered, in order, after the release. */
static void
conn_hold_keeps_messages(void **state)
{
    struct pair pair = {.client.stop_at_up = 1, .server.stop_at_up = 1};

    (void)state;
    pair_open(&pair, 1u << OFP13, 1u << OFP13, 0);
    while (!pair.client.n_up || !pair.server.n_up)
        run(&pair);
    conn_hold(pair.server.conn);
    for (uint8_t i = 0; i < 3; i++) {
        uint8_t message[8];

        memcpy(message, barrier, sizeof message);
        message[7] = i;
        conn_send(pair.client.conn, message, sizeof message);
    }
    while (event_base_loop(pair.base, EVLOOP_NONBLOCK) == 0 && pair.server.n_messages == 0) {
        struct conn_counters sent;

        conn_get_counters(pair.client.conn, &sent);
        if (sent.n_sent == 4) /* HELLO and these three. */
            break;
    }
    assert_int_equal(pair.server.n_messages, 0);
    pair.server.stop_at_messages = 3;
    conn_release(pair.server.conn);
    run(&pair);
    assert_int_equal(pair.server.last[7], 2);
    pair_close(&pair);
}

static void
conn_short_message_ends_the_stream(void **state)
{
    static const uint8_t bad[8] = {4, 20, 0, 7, 0, 0, 0, 1};
    struct pair pair = {.client.stop_at_up = 1, .server.stop_at_down = 1};

    (void)state;
    pair_open(&pair, 1u << OFP13, 1u << OFP13, 0);
    run(&pair);
    conn_send(pair.client.conn, bad, sizeof bad);
    run(&pair);
    assert_int_equal(pair.server.n_messages, 0);
    assert_string_equal(conn_last_error(pair.server.conn), "a message shorter than its own header");
    pair_close(&pair);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(endpoint_forms),
    cmocka_unit_test(endpoint_errors_name_the_text),
    cmocka_unit_test(pktbuf_gives_each_packet_once),
    cmocka_unit_test(conn_agrees_and_delivers),
    cmocka_unit_test(conn_without_common_version_ends),
    cmocka_unit_test(conn_calls_again),
    cmocka_unit_test(conn_probes),
    cmocka_unit_test(conn_hold_keeps_messages),
    cmocka_unit_test(conn_short_message_ends_the_stream),
};

UNIT_MAIN(tests)
