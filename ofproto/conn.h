/* SPDX-License-Identifier: Apache-2.0 */
/* One OpenFlow connection over libevent: bytes to messages and back, TLS, keep-alive.
 *
 * Model: a connection is active (we call, and call again with growing pauses after it ends) or
 * accepted from a listener. On each new stream both sides send HELLO; when a version is agreed,
 * `up` is called, then `message` for each message that is not HELLO or an echo. A stream that
 * says nothing for `probe_ms` gets an echo request, and is closed after as long again.
 *
 * A peer that does not keep up, or asks without end, holds up only itself:
 * - While more than CONN_OUTPUT_HIGH bytes wait for it (less beside many connections, which share
 *   CONN_OUTPUT_ALL), nothing is read from it, and asynchronous messages are dropped and counted.
 *   A reply is never cut: what waits is that much and one reply. When it takes none of it for a
 *   whole `probe_ms`, the stream ends.
 * - It has turns of CONN_TURN_MS; between two of them others have theirs.
 *
 * Ownership: a connection frees itself never; its owner destroys it, also from a callback.
 * Threads: the thread of the event base. Errors: callbacks; conn_last_error() has words.
 * Not here: what messages mean (ofproto/connmgr.h). */
#ifndef SHUNT_OFPROTO_CONN_H
#define SHUNT_OFPROTO_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <openssl/ssl.h>

#include "ofproto/endpoint.h"

#define CONN_OUTPUT_HIGH (4u << 20)
#define CONN_OUTPUT_ALL (256u << 20)
#define CONN_TURN_MS 2

struct conn;
struct conn_listener;
struct log_limit;

struct conn_ops {
    /* A version is agreed. */
    void (*up)(void *aux, struct conn *);
    /* `bytes` is one whole message of the agreed version, valid during the call. */
    void (*message)(void *aux, struct conn *, const uint8_t *bytes, size_t size);
    /* The stream ended. An active connection goes on by itself; the owner of an accepted one
     * destroys it. */
    void (*down)(void *aux, struct conn *);
    /* Every message, both ways, for snooping. May be NULL. */
    void (*snoop)(void *aux, struct conn *, bool is_sent, const uint8_t *bytes, size_t size);
    /* Output was written, and little or nothing is left of it. May be NULL. */
    void (*writable)(void *aux, struct conn *);
};

struct conn_options {
    uint32_t version_bitmap; /* Bit 1 << wire version that we speak. */
    unsigned probe_ms;       /* 0: no probes. */
    unsigned max_backoff_ms; /* Of an active connection; 0: 8,000. */
    SSL_CTX *tls;            /* For ssl: and pssl:. Borrowed. */
    struct log_limit *log;   /* Of lines that a peer can cause; NULL: none. Borrowed. */
};

enum conn_state { CONN_BACKOFF, CONN_CONNECTING, CONN_HELLO, CONN_UP };

struct conn_counters {
    uint64_t n_received, n_sent, n_async_dropped;
    unsigned n_attempts; /* Of connecting. */
};

/* Calls `ep`, at once and whenever it is lost. */
int conn_open(struct event_base *, const struct endpoint *ep, const struct conn_options *,
              const struct conn_ops *, void *aux, struct conn **);
void conn_destroy(struct conn *);

/* Takes what a caller of conn_listen() is given: `accepted` owns the connection from then on, and
 * sets its aux with conn_set_aux() before it returns. Or returns false, and it is cut off. */
typedef bool conn_accepted(void *aux, struct conn *);
int conn_listen(struct event_base *, const struct endpoint *ep, const struct conn_options *,
                const struct conn_ops *, conn_accepted *accepted, void *aux,
                struct conn_listener **);
void conn_listener_destroy(struct conn_listener *);
/* Callers that got no descriptor. NULL: 0. */
uint64_t conn_listener_n_refused(const struct conn_listener *);
void conn_set_aux(struct conn *, void *aux);

/* Queues one message; 0, or ENOTCONN while there is no stream. */
int conn_send(struct conn *, const void *bytes, size_t size);
/* The same, but ENOBUFS (counted) while the peer does not keep up. */
int conn_send_async(struct conn *, const void *bytes, size_t size);
bool conn_is_congested(const struct conn *);
/* Bytes that wait to be written. */
size_t conn_output_size(const struct conn *);
/* Stops and starts the delivery of messages: a request whose reply takes time holds those
 * behind it. Calls nest. */
void conn_hold(struct conn *);
void conn_release(struct conn *);
/* Ends the stream; an active connection calls again. */
void conn_disconnect(struct conn *, const char *why);

enum conn_state conn_state(const struct conn *);
uint8_t conn_version(const struct conn *); /* Agreed wire version, 0 before. */
const char *conn_name(const struct conn *);
const char *conn_last_error(const struct conn *);
/* The last stream ended because the peer closed it, as peers may. */
bool conn_is_closed_by_peer(const struct conn *);
bool conn_is_active(const struct conn *);
void conn_get_counters(const struct conn *, struct conn_counters *);
/* Milliseconds since the state was entered. */
int64_t conn_state_ms(const struct conn *);

#endif
