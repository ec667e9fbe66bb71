/* SPDX-License-Identifier: Apache-2.0 */
/* A network of its own for a test of the client: a namespace that this process enters, veth
 * pairs whose near ends become ports and whose far ends packet sockets watch.
 *
 * Errors end the test by assertion. Threads: one. Not here: lists of actions (rig.h). */
#ifndef SHUNT_TESTS_DATAPATH_NET_H
#define SHUNT_TESTS_DATAPATH_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "datapath/dp.h"
#include "tests/unit.h"

#define NET_PORTS 3

struct net {
    struct dp *dp;
    uint32_t ifindex[NET_PORTS + 1]; /* By port number, of the near end. */
    int far[NET_PORTS + 1];          /* Packet sockets on the far ends. */
};

/* True if this process may make namespaces and load programs. */
bool net_possible(void);
/* Makes devices p1, q1 and so on, once a process. */
void net_devices(void);
/* Opens the switch; ports 1 to NET_PORTS are on `hook`. `pin_dir` may be NULL. */
void net_open(struct net *, enum dp_hook hook, const char *pin_dir, bool *adopted);
void net_close(struct net *, enum dp_close_mode);
/* The far ends alone, while no switch is open in this process. */
void net_watch(struct net *);
void net_unwatch(struct net *);
/* Sends a frame into the switch by a port. */
void net_send(struct net *, uint32_t port_no, const void *frame, size_t size);
/* The next frame of ours (EtherType 0x88b5 or UDP) that left by the port, 0: none for `wait_ms`. */
size_t net_receive(struct net *, uint32_t port_no, void *frame, size_t size, int wait_ms);
/* Waits until the switch has booked `n` frames more than `before` said. */
void net_wait(struct net *, const struct dp_totals *before, uint64_t n);

/* ---- Cases that both hooks have ---------------------------------------------------------------*/
struct net_case {
    void (*in_net)(struct net *);  /* Gets a switch whose ports are on the hook; */
    void (*on_hook)(enum dp_hook); /* or opens what it needs by itself. */
    enum dp_hook hook;
};

/* cmocka's side of a case: `state` has a struct net_case. */
void net_case_run(void **state);

/* Two rows of an array of tests: TEST_tc and TEST_xdp. */
#define NET_CASES(TEST) NET_CASES__(TEST, in_net)
#define NET_HOOK_CASES(TEST) NET_CASES__(TEST, on_hook)
#define NET_CASES__(TEST, MEMBER)                                                                  \
    NET_CASE__(TEST, MEMBER, DP_HOOK_TC, "_tc"), NET_CASE__(TEST, MEMBER, DP_HOOK_XDP, "_xdp")
#define NET_CASE__(TEST, MEMBER, HOOK, SUFFIX)                                                     \
    {                                                                                              \
        .name = #TEST SUFFIX, .test_func = net_case_run, .initial_state = &(struct net_case)       \
        {                                                                                          \
            .MEMBER = TEST, .hook = HOOK                                                           \
        }                                                                                          \
    }

/* UNIT_MAIN, skipped aloud where programs cannot be loaded. */
#define NET_MAIN(tests)                                                                            \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        if (!net_possible()) {                                                                     \
            printf("1..0 # SKIP programs can be loaded by root only\n");                           \
            return 77;                                                                             \
        }                                                                                          \
        return UNIT_RUN(tests, argc, argv);                                                        \
    }

#endif
