/* SPDX-License-Identifier: Apache-2.0 */
/* The slow path on a real fast path, without a daemon: a bridge whose ports 1 to 3 are veths in a
 * network namespace of this process. Frames go into and come out of the far ends h1 to h3.
 *
 * A step that cannot be done fails the test; without root, live_open() skips it. */
#ifndef SHUNT_TESTS_SLOWPATH_LIVE_H
#define SHUNT_TESTS_SLOWPATH_LIVE_H

#include "tests/unit.h"

#include "datapath/dp.h"
#include "ofproto/ofproto.h"
#include "slowpath/slowpath.h"

#define LIVE_N_PORTS 3
#define LIVE_FRAME_MAX 2048

struct live_frame {
    size_t size;
    uint8_t data[LIVE_FRAME_MAX];
};

struct live {
    struct event_base *base;
    struct dp *dp;
    const char *pin_dir; /* NULL: nothing is pinned. */
    struct ofproto *ofproto;
    struct slowpath *slowpath;
    int fds[LIVE_N_PORTS + 1]; /* Packet sockets on h1 to h3. */

    uint32_t n_packet_ins;
    struct slowpath_packet_in packet_in; /* The last; pointers are not good any more. */
    struct flow packet_in_flow;
    uint32_t n_removed;
    uint64_t removed_packets, removed_bytes; /* Of the last flow-removed. */
};

void live_open(struct live *, enum dp_hook, int64_t idle_ms);
void live_close(struct live *);
/* The same with a pinned datapath: live_leave() leaves it forwarding, live_return() adopts it and
 * waits for the tables that come with it. */
void live_open_pinned(struct live *, enum dp_hook, int64_t idle_ms);
void live_leave(struct live *);
void live_return(struct live *, const char *flows);

void live_flows(struct live *, const char *lines);
void live_del_flows(struct live *, const char *match);
/* Waits for a barrier. */
void live_barrier(struct live *);
/* Runs the main loop until the condition holds; fails after some seconds. */
#define live_wait(LIVE, CONDITION)                                                                 \
    do {                                                                                           \
        int64_t deadline_ms__ = time_now_ms() + 5000;                                              \
        while (!(CONDITION)) {                                                                     \
            if (time_now_ms() > deadline_ms__)                                                     \
                fail_msg("never came about: %s", #CONDITION);                                      \
            live_loop(LIVE, 5);                                                                    \
        }                                                                                          \
    } while (0)
void live_loop(struct live *, int64_t ms);

/* A UDP packet between two hosts: 02:00:00:00:00:SRC to DST, 10.0.0.SRC to 10.0.0.DST. */
struct live_frame live_udp(uint8_t src, uint8_t dst, uint16_t tp_dst);
void live_send(struct live *, uint32_t port, const struct live_frame *);
/* The next frame that leaves by the port, of those a test sent; false: none within `wait_ms`. */
bool live_receive(struct live *, uint32_t port, struct live_frame *, int64_t wait_ms);
/* The counters of the flow whose match is exactly this text, after a synchronisation. */
struct rule_stats live_rule_stats(struct live *, const char *match);

#endif
