/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>

#include <openssl/err.h>

#include "lib/log-limit.h"
#include "lib/util.h"
#include "ofproto/acceptor.h"
#include "ofproto/frame.h"
#include "ofproto/hello.h"

#define LOG_MODULE "conn"
#include "lib/log.h"

#define MIN_BACKOFF_MS 250
#define MAX_BACKOFF_MS 8000
#define HELLO_TIMEOUT_MS 10000
#define INPUT_HIGH (128u << 10) /* Two of the largest messages. */
#define BATCH_SIZE (64u << 10)  /* One of the largest messages, or many. */
#define OUTPUT_LEAST (64u << 10)

/* Message types that are the same in all versions. */
enum { TYPE_HELLO, TYPE_ERROR, TYPE_ECHO_REQUEST, TYPE_ECHO_REPLY };

struct conn {
    struct event_base *base;
    struct endpoint ep; /* Of an accepted one: its text names the peer. */
    struct conn_options options;
    const struct conn_ops *ops;
    void *aux;
    bool is_active;
    enum conn_state state;
    int64_t state_since_ms, heard_ms;
    bool is_probing;
    uint8_t version;
    unsigned backoff_ms;
    unsigned n_holds;
    bool is_congested;
    uint64_t n_queued, n_taken; /* Bytes in all; and what the peer had taken at the last probe. */
    bool is_ending;             /* After what is queued. */
    bool is_at_end;             /* Of what the peer sends; some of it may be left to do. */
    bool is_closed_by_peer;
    unsigned n_users; /* Callbacks on the stack. */
    bool is_dead;     /* Freed when the last of them returns. */
    struct bufferevent *bev;
    struct event *timer;  /* Backoff, handshake timeout or probe, by state. */
    struct event *resume; /* Goes on with what was read: after a hold, or in its next turn. */
    struct conn_counters counters;
    char error[128];
};

static atomic_uint n_streams; /* Of all connections. */
static const char closed_by_peer[] = "closed by the peer";

static void stream_start(struct conn *);
static void update_reading(struct conn *);

static void
set_state(struct conn *conn, enum conn_state state)
{
    conn->state = state;
    conn->state_since_ms = time_now_ms();
}

static void
set_timer(struct conn *conn, unsigned ms)
{
    struct timeval tv = {ms / 1000, ms % 1000 * 1000};

    evtimer_add(conn->timer, &tv);
}

static void
close_stream(struct conn *conn)
{
    if (!conn->bev)
        return;
    bufferevent_free(conn->bev);
    conn->bev = NULL;
    n_streams--;
}

static void
conn_free(struct conn *conn)
{
    close_stream(conn);
    if (conn->timer)
        event_free(conn->timer);
    if (conn->resume)
        event_free(conn->resume);
    free(conn);
}

static void
enter(struct conn *conn)
{
    conn->n_users++;
}

static void
leave(struct conn *conn)
{
    if (!--conn->n_users && conn->is_dead)
        conn_free(conn);
}

static void
stream_end(struct conn *conn, const char *why)
{
    bool was_up = conn->state == CONN_UP;

    if (!conn->bev)
        return;
    snprintf(conn->error, sizeof conn->error, "%s", why);
    conn->is_closed_by_peer = why == closed_by_peer;
    if (was_up || !conn->is_active)
        log_limited(conn->options.log, LOG_INFO, "%s: connection closed (%s)", conn->ep.text, why);
    else
        log_dbg("%s: connection attempt failed (%s)", conn->ep.text, why);
    close_stream(conn);
    conn->version = 0;
    conn->is_congested = conn->is_probing = conn->is_ending = conn->is_at_end = false;
    conn->n_holds = 0;
    conn->n_queued = conn->n_taken = 0;
    evtimer_del(conn->timer);
    event_del(conn->resume);
    set_state(conn, CONN_BACKOFF);
    if (conn->is_active) {
        set_timer(conn, conn->backoff_ms);
        conn->backoff_ms = MIN(2 * conn->backoff_ms, conn->options.max_backoff_ms);
    }
    if (was_up || !conn->is_active)
        conn->ops->down(conn->aux, conn);
}

/* ---- Keep-alive ---- */

static void
send_header(struct conn *conn, uint8_t type, uint32_t xid)
{
    uint8_t bytes[8] = {conn->version, type, 0, 8, xid >> 24, xid >> 16, xid >> 8, xid};

    conn_send(conn, bytes, sizeof bytes);
}

/* Nothing is read from a peer that does not keep up, so that it cannot be heard; but it can be seen
 * to take what waits for it. */
static void
check_progress(struct conn *conn)
{
    uint64_t n_taken = conn->n_queued - conn_output_size(conn);

    if (n_taken == conn->n_taken) {
        stream_end(conn, "the peer does not read");
    } else {
        conn->n_taken = n_taken;
        set_timer(conn, conn->options.probe_ms);
    }
}

static void
probe(struct conn *conn)
{
    int64_t silent_ms = time_now_ms() - conn->heard_ms;
    bool is_our_turn = conn->n_holds || evtimer_pending(conn->resume, NULL);

    if (conn->is_congested) {
        check_progress(conn);
    } else if (silent_ms < conn->options.probe_ms) {
        conn->is_probing = false;
        set_timer(conn, conn->options.probe_ms - silent_ms);
    } else if (!conn->is_probing && !is_our_turn) {
        conn->is_probing = true;
        send_header(conn, TYPE_ECHO_REQUEST, 0);
        set_timer(conn, conn->options.probe_ms);
    } else if (is_our_turn) {
        set_timer(conn, conn->options.probe_ms);
    } else {
        stream_end(conn, "no answer to an inactivity probe");
    }
}

static void
on_timer(evutil_socket_t fd, short what, void *aux)
{
    struct conn *conn = aux;

    (void)fd, (void)what;
    enter(conn);
    switch (conn->state) {
    case CONN_BACKOFF:
        stream_start(conn);
        break;
    case CONN_CONNECTING:
    case CONN_HELLO:
        stream_end(conn, "timed out before a version was agreed");
        break;
    case CONN_UP:
        probe(conn);
        break;
    }
    leave(conn);
}

/* ---- Receiving ---- */

/* Ends the stream once the peer has this message. */
static void
send_last(struct conn *conn, const void *bytes, size_t size)
{
    conn->is_ending = true;
    bufferevent_disable(conn->bev, EV_READ);
    bufferevent_setwatermark(conn->bev, EV_WRITE, 0, 0);
    conn_send(conn, bytes, size);
}

static void
handle_hello(struct conn *conn, const uint8_t *bytes, size_t size)
{
    struct of_buf reply;
    int err;

    of_buf_init(&reply);
    err = of_hello_negotiate(conn->options.version_bitmap, bytes, size, &conn->version, &reply);
    if (err) {
        log_limited(conn->options.log, LOG_WARN, "%s: no common OpenFlow version", conn->ep.text);
        send_last(conn, reply.data, reply.size);
    } else {
        set_state(conn, CONN_UP);
        conn->backoff_ms = MIN_BACKOFF_MS;
        evtimer_del(conn->timer);
        if (conn->options.probe_ms)
            set_timer(conn, conn->options.probe_ms);
        conn->ops->up(conn->aux, conn);
    }
    of_buf_destroy(&reply);
}

static void
reply_echo(struct conn *conn, const uint8_t *bytes, size_t size)
{
    uint8_t *reply = xmemdup(bytes, size);

    reply[0] = conn->version;
    reply[1] = TYPE_ECHO_REPLY;
    conn_send(conn, reply, size);
    free(reply);
}

static void
handle_message(struct conn *conn, const uint8_t *bytes, size_t size)
{
    conn->counters.n_received++;
    if (conn->ops->snoop)
        conn->ops->snoop(conn->aux, conn, false, bytes, size);
    if (conn->state == CONN_HELLO && bytes[1] == TYPE_HELLO)
        handle_hello(conn, bytes, size);
    else if (conn->state == CONN_HELLO)
        stream_end(conn, bytes[1] == TYPE_ERROR ? "the peer refused our HELLO"
                                                : "the peer's first message is no HELLO");
    else if (bytes[1] == TYPE_ECHO_REQUEST && bytes[0] == conn->version)
        reply_echo(conn, bytes, size);
    else if (bytes[1] != TYPE_ECHO_REPLY && bytes[1] != TYPE_HELLO)
        conn->ops->message(conn->aux, conn, bytes, size);
}

/* Lets others have their turn. A timer, because an event that is made active runs before streams
 * are looked at again. */
static void
wait_for_turn(struct conn *conn)
{
    struct timeval at_once = {0, 0};

    evtimer_add(conn->resume, &at_once);
}

/* Takes whole messages from the stream, as many as fit into the BATCH_SIZE bytes. Returns their
 * size in all; 0: none is whole, and the stream may be at its end. */
static size_t
take_messages(struct conn *conn, uint8_t *batch)
{
    struct evbuffer *input = bufferevent_get_input(conn->bev);
    ev_ssize_t n_read = evbuffer_copyout(input, batch, BATCH_SIZE);
    size_t end = 0, size = 0;

    for (; n_read - (ev_ssize_t)end >= OF_FRAME_HEADER_SIZE; end += size) {
        if (of_frame_size(&batch[end], &size)) {
            if (!end)
                stream_end(conn, "a message shorter than its own header");
            break;
        }
        if (end + size > (size_t)n_read)
            break;
    }
    if (end)
        evbuffer_drain(input, end);
    else if (conn->is_at_end)
        stream_end(conn, closed_by_peer);
    return end;
}

static bool
is_paused(const struct conn *conn)
{
    return conn->n_holds || conn->is_congested || conn->is_ending || conn->is_dead;
}

/* Hands over the messages that are whole, until there is a reason to pause. */
static void
process_input(struct conn *conn)
{
    struct bufferevent *bev = conn->bev;
    uint8_t *batch = xmalloc(BATCH_SIZE);
    int64_t began_ms = time_now_ms();
    size_t at = 0, end = 0, size;

    while (bev && conn->bev == bev && !is_paused(conn)) {
        if (at == end) {
            at = 0;
            end = take_messages(conn, batch);
            if (!end)
                break;
        }
        if (time_now_ms() - began_ms >= CONN_TURN_MS) {
            wait_for_turn(conn);
            break;
        }
        of_frame_size(&batch[at], &size);
        at += size;
        handle_message(conn, &batch[at - size], size);
    }
    if (bev && conn->bev == bev && at < end)
        evbuffer_prepend(bufferevent_get_input(bev), &batch[at], end - at);
    free(batch);
}

static void
on_read(struct bufferevent *bev, void *aux)
{
    struct conn *conn = aux;

    (void)bev;
    conn->heard_ms = time_now_ms();
    conn->is_probing = false;
    if (evtimer_pending(conn->resume, NULL))
        return;
    enter(conn);
    process_input(conn);
    leave(conn);
}

static void
on_resume(evutil_socket_t fd, short what, void *aux)
{
    struct conn *conn = aux;

    (void)fd, (void)what;
    enter(conn);
    process_input(conn);
    leave(conn);
}

/* ---- The stream ---- */

static void
update_reading(struct conn *conn)
{
    if (!conn->bev)
        return;
    if (conn->n_holds || conn->is_congested) {
        bufferevent_disable(conn->bev, EV_READ);
    } else {
        conn->heard_ms = time_now_ms();
        conn->is_probing = false;
        bufferevent_enable(conn->bev, EV_READ);
        event_active(conn->resume, EV_TIMEOUT, 0);
    }
}

/* The output has drained below the low watermark. */
static void
on_written(struct bufferevent *bev, void *aux)
{
    struct conn *conn = aux;

    (void)bev;
    enter(conn);
    if (conn->is_ending && !conn_output_size(conn))
        stream_end(conn, "no common OpenFlow version");
    if (conn->is_congested) {
        conn->is_congested = false;
        update_reading(conn);
    }
    if (conn->state == CONN_UP && conn->ops->writable)
        conn->ops->writable(conn->aux, conn);
    leave(conn);
}

static void
send_hello(struct conn *conn)
{
    struct of_buf hello;

    of_buf_init(&hello);
    of_hello_make(conn->options.version_bitmap, &hello);
    conn_send(conn, hello.data, hello.size);
    of_buf_destroy(&hello);
}

static void
stream_ready(struct conn *conn)
{
    int on = 1;

    setsockopt(bufferevent_getfd(conn->bev), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    conn->heard_ms = time_now_ms();
    set_state(conn, CONN_HELLO);
    send_hello(conn);
}

/* Of the peer's certificate also what is wrong with it, which the log has of each attempt. */
static void
stream_error(struct conn *conn, char *why, size_t size)
{
    const char *socket_error = evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR());
    unsigned long tls = bufferevent_get_openssl_error(conn->bev);
    const char *reason = tls ? ERR_reason_error_string(tls) : socket_error;
    long verdict = tls ? SSL_get_verify_result(bufferevent_openssl_get_ssl(conn->bev)) : X509_V_OK;

    reason = reason ? reason : "TLS failed";
    if (verdict == X509_V_OK) {
        snprintf(why, size, "%s", reason);
        return;
    }
    snprintf(why, size, "%s: %s", reason, X509_verify_cert_error_string(verdict));
    if (conn->is_active)
        log_limited(conn->options.log, LOG_INFO, "%s: refused (%s)", conn->ep.text, why);
}

/* What came before the end is done first. */
static void
on_end(struct conn *conn)
{
    conn->is_at_end = true;
    if (!evtimer_pending(conn->resume, NULL))
        process_input(conn);
}

static void
on_event(struct bufferevent *bev, short what, void *aux)
{
    struct conn *conn = aux;
    char why[sizeof conn->error];

    (void)bev;
    enter(conn);
    if (what & BEV_EVENT_CONNECTED && conn->state == CONN_CONNECTING)
        stream_ready(conn);
    else if (what & BEV_EVENT_EOF)
        on_end(conn);
    else if (what & BEV_EVENT_ERROR) {
        stream_error(conn, why, sizeof why);
        stream_end(conn, why);
    }
    leave(conn);
}

static int
stream_wrap(struct conn *conn, evutil_socket_t fd)
{
    int flags = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;

    if (conn->ep.is_tls) {
        SSL *ssl = conn->options.tls ? SSL_new(conn->options.tls) : NULL;

        if (!ssl) {
            snprintf(conn->error, sizeof conn->error, "no TLS keys are configured");
            return EINVAL;
        }
        conn->bev = bufferevent_openssl_socket_new(
            conn->base, fd, ssl, fd >= 0 ? BUFFEREVENT_SSL_ACCEPTING : BUFFEREVENT_SSL_CONNECTING,
            flags);
        if (conn->bev)
            bufferevent_openssl_set_allow_dirty_shutdown(conn->bev, 1);
    } else {
        conn->bev = bufferevent_socket_new(conn->base, fd, flags);
    }
    if (!conn->bev)
        return ENOMEM;
    n_streams++;
    bufferevent_setcb(conn->bev, on_read, on_written, on_event, conn);
    bufferevent_setwatermark(conn->bev, EV_READ, 0, INPUT_HIGH);
    bufferevent_setwatermark(conn->bev, EV_WRITE, CONN_OUTPUT_HIGH / 4, 0);
    bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
    set_timer(conn, HELLO_TIMEOUT_MS);
    set_state(conn, CONN_CONNECTING);
    return 0;
}

static void
stream_start(struct conn *conn)
{
    conn->counters.n_attempts++;
    if (stream_wrap(conn, -1)) {
        log_warn("%s: %s", conn->ep.text, conn->error);
        set_timer(conn, conn->options.max_backoff_ms);
        return;
    }
    if (bufferevent_socket_connect(conn->bev, (struct sockaddr *)&conn->ep.address,
                                   conn->ep.address_size))
        stream_end(conn, evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}

static struct conn *
conn_new(struct event_base *base, const struct endpoint *ep, const struct conn_options *options,
         const struct conn_ops *ops, void *aux)
{
    struct conn *conn = xcalloc(1, sizeof *conn);

    conn->base = base;
    conn->ep = *ep;
    conn->options = *options;
    if (!conn->options.max_backoff_ms)
        conn->options.max_backoff_ms = MAX_BACKOFF_MS;
    conn->ops = ops;
    conn->aux = aux;
    conn->backoff_ms = MIN_BACKOFF_MS;
    conn->timer = evtimer_new(base, on_timer, conn);
    conn->resume = event_new(base, -1, 0, on_resume, conn);
    return conn;
}

int
conn_open(struct event_base *base, const struct endpoint *ep, const struct conn_options *options,
          const struct conn_ops *ops, void *aux, struct conn **connp)
{
    struct conn *conn = conn_new(base, ep, options, ops, aux);

    *connp = NULL;
    if (!conn->timer || !conn->resume) {
        conn_free(conn);
        return ENOMEM;
    }
    conn->is_active = true;
    set_state(conn, CONN_BACKOFF);
    set_timer(conn, 0);
    *connp = conn;
    return 0;
}

void
conn_destroy(struct conn *conn)
{
    if (!conn)
        return;
    conn->is_dead = true;
    close_stream(conn);
    evtimer_del(conn->timer);
    event_del(conn->resume);
    if (!conn->n_users)
        conn_free(conn);
}

void
conn_set_aux(struct conn *conn, void *aux)
{
    conn->aux = aux;
}

/* ---- Sending and state ---- */

static void
check_congestion(struct conn *conn)
{
    size_t share = CONN_OUTPUT_ALL / MAX(n_streams, 1u);
    size_t high = MIN(MAX(share, OUTPUT_LEAST), CONN_OUTPUT_HIGH);

    if (conn->is_congested || conn_output_size(conn) <= high)
        return;
    conn->is_congested = true;
    bufferevent_setwatermark(conn->bev, EV_WRITE, high / 4, 0);
    update_reading(conn);
}

int
conn_send(struct conn *conn, const void *bytes, size_t size)
{
    if (!conn->bev)
        return ENOTCONN;
    if (conn->ops->snoop)
        conn->ops->snoop(conn->aux, conn, true, bytes, size);
    conn->counters.n_sent++;
    if (bufferevent_write(conn->bev, bytes, size))
        return ENOMEM;
    conn->n_queued += size;
    check_congestion(conn);
    return 0;
}

int
conn_send_async(struct conn *conn, const void *bytes, size_t size)
{
    if (conn->is_congested) {
        conn->counters.n_async_dropped++;
        return ENOBUFS;
    }
    return conn_send(conn, bytes, size);
}

bool
conn_is_congested(const struct conn *conn)
{
    return conn->is_congested;
}

size_t
conn_output_size(const struct conn *conn)
{
    return conn->bev ? evbuffer_get_length(bufferevent_get_output(conn->bev)) : 0;
}

void
conn_hold(struct conn *conn)
{
    if (!conn->n_holds++)
        update_reading(conn);
}

void
conn_release(struct conn *conn)
{
    if (conn->n_holds && !--conn->n_holds)
        update_reading(conn);
}

void
conn_disconnect(struct conn *conn, const char *why)
{
    enter(conn);
    stream_end(conn, why);
    leave(conn);
}

enum conn_state
conn_state(const struct conn *conn)
{
    return conn->state;
}

uint8_t
conn_version(const struct conn *conn)
{
    return conn->version;
}

const char *
conn_name(const struct conn *conn)
{
    return conn->ep.text;
}

const char *
conn_last_error(const struct conn *conn)
{
    return conn->error;
}

bool
conn_is_closed_by_peer(const struct conn *conn)
{
    return conn->is_closed_by_peer;
}

bool
conn_is_active(const struct conn *conn)
{
    return conn->is_active;
}

void
conn_get_counters(const struct conn *conn, struct conn_counters *counters)
{
    *counters = conn->counters;
}

int64_t
conn_state_ms(const struct conn *conn)
{
    return time_now_ms() - conn->state_since_ms;
}

/* ---- Listeners ---- */

struct conn_listener {
    struct event_base *base;
    struct endpoint ep;
    struct conn_options options;
    const struct conn_ops *ops;
    conn_accepted *accepted;
    void *aux;
    struct acceptor *acceptor;
};

static void
name_peer(struct endpoint *ep, const struct sockaddr *address)
{
    char host[64] = "";

    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *sin = (const struct sockaddr_in *)address;

        evutil_inet_ntop(AF_INET, &sin->sin_addr, host, sizeof host);
        snprintf(ep->text, sizeof ep->text, "%s:%s:%u", ep->is_tls ? "ssl" : "tcp", host,
                 ntohs(sin->sin_port));
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)address;

        evutil_inet_ntop(AF_INET6, &sin6->sin6_addr, host, sizeof host);
        snprintf(ep->text, sizeof ep->text, "%s:[%s]:%u", ep->is_tls ? "ssl" : "tcp", host,
                 ntohs(sin6->sin6_port));
    } else {
        snprintf(ep->text, sizeof ep->text, "unix");
    }
}

static void
on_accept(void *aux, evutil_socket_t fd, const struct sockaddr *address)
{
    struct conn_listener *listener = aux;
    struct endpoint ep = listener->ep;
    struct conn *conn;

    ep.is_passive = false;
    name_peer(&ep, address);
    conn = conn_new(listener->base, &ep, &listener->options, listener->ops, NULL);
    if (!conn->timer || !conn->resume || stream_wrap(conn, fd)) {
        log_limited(conn->options.log, LOG_WARN, "%s: %s", ep.text, conn->error);
        evutil_closesocket(fd);
        conn_free(conn);
    } else if (!listener->accepted(listener->aux, conn)) {
        conn_free(conn);
    } else if (!ep.is_tls) {
        enter(conn);
        stream_ready(conn);
        leave(conn);
    }
}

int
conn_listen(struct event_base *base, const struct endpoint *ep, const struct conn_options *options,
            const struct conn_ops *ops, conn_accepted *accepted, void *aux,
            struct conn_listener **listenerp)
{
    struct conn_listener *listener = xcalloc(1, sizeof *listener);
    int err;

    *listenerp = NULL;
    listener->base = base;
    listener->ep = *ep;
    listener->options = *options;
    listener->ops = ops;
    listener->accepted = accepted;
    listener->aux = aux;
    err = acceptor_open(base, (const struct sockaddr *)&ep->address, ep->address_size,
                        ACCEPTOR_MANAGEMENT_RESERVE, on_accept, listener, &listener->acceptor);
    if (err)
        free(listener);
    else
        *listenerp = listener;
    return err;
}

void
conn_listener_destroy(struct conn_listener *listener)
{
    if (!listener)
        return;
    acceptor_close(listener->acceptor);
    free(listener);
}

uint64_t
conn_listener_n_refused(const struct conn_listener *listener)
{
    return listener ? acceptor_n_refused(listener->acceptor) : 0;
}
