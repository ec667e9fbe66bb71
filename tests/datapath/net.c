/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/datapath/net.h"
#include "tests/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/util.h"

#define ETHERTYPE_OURS 0x88b5 /* IEEE 802 local experimental. */

bool
net_possible(void)
{
    return geteuid() == 0;
}

/* What a failed test left open. */
static struct dp *left_open;

static void
run(const char *format, uint32_t a, uint32_t b)
{
    char command[256];

    snprintf(command, sizeof command, format, a, b);
    assert_int_equal(system(command), 0);
}

void
net_devices(void)
{
    static bool made;

    if (made)
        return;
    made = true;
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    assert_int_equal(system("sysctl -qw net.ipv6.conf.default.disable_ipv6=1"), 0);
    for (uint32_t i = 1; i <= NET_PORTS; i++) {
        run("ip link add p%u type veth peer name q%u", i, i);
        run("ip link set p%u up && ip link set q%u up", i, i);
        run("ethtool -K q%u gro on >/dev/null && ethtool -K p%u gro off >/dev/null", i, i);
    }
}

static int
far_socket(uint32_t port_no)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    char name[IFNAMSIZ];
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), one = 1;

    assert_true(fd >= 0);
    snprintf(name, sizeof name, "q%u", port_no);
    address.sll_ifindex = (int)if_nametoindex(name);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one), 0);
    return fd;
}

void
net_watch(struct net *net)
{
    for (uint32_t i = 1; i <= NET_PORTS; i++)
        net->far[i] = far_socket(i);
}

void
net_unwatch(struct net *net)
{
    for (uint32_t i = 1; i <= NET_PORTS; i++)
        close(net->far[i]);
}

void
net_open(struct net *net, enum dp_hook hook, const char *pin_dir, bool *adopted)
{
    struct dp_options options = {
        .pin_dir = pin_dir, .max_flows = 4096, .ring_size = 1 << 20, .inject_dev = "t-inject"};
    bool was;

    net_devices();
    dp_close(left_open, DP_STOP);
    left_open = NULL;
    if (dp_open(&options, &net->dp, &was))
        fail_msg("dp_open: %s", dp_error());
    if (adopted)
        *adopted = was;
    left_open = net->dp;
    net_watch(net);
    for (uint32_t i = 1; i <= NET_PORTS; i++) {
        char name[IFNAMSIZ];

        snprintf(name, sizeof name, "p%u", i);
        net->ifindex[i] = if_nametoindex(name);
        if (!was && dp_port_add(net->dp, i, net->ifindex[i], 7, hook, NULL))
            fail_msg("dp_port_add: %s", dp_error());
    }
}

void
net_close(struct net *net, enum dp_close_mode mode)
{
    net_unwatch(net);
    dp_close(net->dp, mode);
    left_open = NULL;
}

void
net_send(struct net *net, uint32_t port_no, const void *frame, size_t size)
{
    assert_int_equal(send(net->far[port_no], frame, size, 0), size);
}

static bool
is_ours(const uint8_t *frame, ssize_t size)
{
    uint16_t type = frame[12] << 8 | frame[13];

    return size >= 14 && (type == ETHERTYPE_OURS || type == 0x0800);
}

size_t
net_receive(struct net *net, uint32_t port_no, void *frame, size_t size, int wait_ms)
{
    struct pollfd ready = {.fd = net->far[port_no], .events = POLLIN};

    while (poll(&ready, 1, wait_ms) > 0) {
        ssize_t n = recv(net->far[port_no], frame, size, 0);

        if (n > 0 && is_ours(frame, n))
            return n;
    }
    return 0;
}

static uint64_t
n_booked(const struct dp_totals *totals)
{
    uint64_t n = totals->n_forwarded + totals->n_consumed;

    for (int i = 0; i < DP_N_DROPS; i++)
        n += totals->n_dropped[i];
    return n;
}

void
net_wait(struct net *net, const struct dp_totals *before, uint64_t n)
{
    int64_t deadline_ms = time_now_ms() + 5000;
    struct dp_totals now;

    do {
        dp_totals(net->dp, &now);
        if (time_now_ms() > deadline_ms)
            fail_msg("%llu of %llu frames were booked",
                     (unsigned long long)(n_booked(&now) - n_booked(before)),
                     (unsigned long long)n);
    } while (n_booked(&now) - n_booked(before) < n && !usleep(500));
    assert_int_equal(n_booked(&now) - n_booked(before), n);
    assert_int_equal(now.n_received, n_booked(&now));
}

void
net_case_run(void **state)
{
    const struct net_case *c = *state;
    struct net net;

    if (c->on_hook) {
        c->on_hook(c->hook);
        return;
    }
    net_open(&net, c->hook, NULL, NULL);
    c->in_net(&net);
    net_close(&net, DP_STOP);
}
