/* SPDX-License-Identifier: Apache-2.0 */
/* How many packet-ins a controller gets a second, and whose.
 *
 * Model: a token bucket. A packet-in without a token waits in the queue of its ingress port, of
 * which each in turn sends one when there is a token again, so that a port with many packets does
 * not crowd out the others. As many as the burst may wait in all; one more drops the oldest of the
 * longest queue.
 *
 * Ownership: part of its struct ofconn; owns what waits. Threads: the event base's.
 * Errors: drops are counted by the caller's counter. Not here: which packets are wanted. */
#ifndef SHUNT_OFPROTO_PACKET_IN_LIMIT_H
#define SHUNT_OFPROTO_PACKET_IN_LIMIT_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/list.h"

struct packet_in_limit {
    uint32_t rate; /* A second; 0: no limit. */
    uint32_t burst;
    double tokens;
    int64_t filled_ms;
    struct list queues; /* struct port_queue; the next to send is first. */
    size_t n_waiting;
    struct event *timer; /* For the next token. */
    uint64_t *n_dropped;
    void (*send)(void *aux, struct buf *msg); /* Destroys the buffer. */
    void *aux;
};

void packet_in_limit_init(struct packet_in_limit *, struct event_base *, uint64_t *n_dropped,
                          void (*send)(void *aux, struct buf *msg), void *aux);
void packet_in_limit_destroy(struct packet_in_limit *);
/* `burst` 0: a quarter of the rate. What waits is sent by the new rate. */
void packet_in_limit_configure(struct packet_in_limit *, uint32_t rate, uint32_t burst);
/* Drops what waits, uncounted: the stream has ended. */
void packet_in_limit_clear(struct packet_in_limit *);
/* Sends the message, now or later, or drops one. Destroys the buffer. */
void packet_in_limit_put(struct packet_in_limit *, uint32_t port_no, struct buf *msg);

#endif
