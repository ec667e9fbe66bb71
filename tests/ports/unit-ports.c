/* SPDX-License-Identifier: Apache-2.0 */
/* Each test runs in a network namespace of its own, which goes with the process' next one. */
#include "tests/unit.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>

#include "lib/log.h"
#include "lib/util.h"
#include "ports/ports-private.h"

/* The last event of each kind, and how many there were. */
struct seen {
    struct ports *ports;
    unsigned n_added, n_changed, n_removed, n_renamed;
    struct link added, changed, removed;
};

static const uint8_t mac[6] = {0x02, 0, 0, 0x12, 0x34, 0x56};

static void
on_added(void *aux, const struct link *link)
{
    struct seen *seen = aux;

    seen->n_added++;
    seen->added = *link;
}

static void
on_changed(void *aux, const struct link *old, const struct link *now)
{
    struct seen *seen = aux;

    seen->n_changed++;
    seen->n_renamed += !!strcmp(old->name, now->name);
    seen->changed = *now;
}

static void
on_removed(void *aux, const struct link *link)
{
    struct seen *seen = aux;

    seen->n_removed++;
    seen->removed = *link;
}

static const struct ports_ops ops = {on_added, on_changed, on_removed};

static int
setup(void **state)
{
    struct seen *seen = xcalloc(1, sizeof *seen);

    *state = seen;
    if (unshare(CLONE_NEWNET))
        return errno;
    return ports_open(&ops, seen, &seen->ports);
}

static int
teardown(void **state)
{
    struct seen *seen = *state;

    ports_close(seen->ports);
    free(seen);
    return 0;
}

static void
shell(const char *command)
{
    assert_int_equal(system(command), 0);
}

/* The kernel's link watch tells of a carrier a moment later. */
static void
wait_for_carrier(struct seen *seen, const char *name)
{
    struct pollfd fd = {.fd = ports_fd(seen->ports), .events = POLLIN};

    while (!ports_find_name(seen->ports, name)->carrier) {
        assert_int_equal(poll(&fd, 1, 5000), 1);
        ports_run(seen->ports);
    }
}

static void
local_pair_has_its_names_mac_and_is_up(void **state)
{
    struct seen *seen = *state;
    const struct link *host, *end;
    char name[IFNAMSIZ];

    assert_int_equal(ports_create_local(seen->ports, "br0", mac), 0);
    ports_run(seen->ports);
    assert_int_equal(seen->n_added, 2);
    ports_local_end("br0", name);
    host = ports_find_name(seen->ports, "br0");
    end = ports_find_name(seen->ports, name);
    assert_non_null(host);
    assert_non_null(end);
    assert_memory_equal(host->mac, mac, sizeof mac);
    assert_true(host->admin_up && end->admin_up);
    assert_int_equal(host->kind, LINK_VETH);
    assert_int_equal(host->peer_ifindex, end->ifindex);
    assert_int_equal(end->peer_ifindex, host->ifindex);
    wait_for_carrier(seen, "br0");
    wait_for_carrier(seen, name);
    shell("test -z \"$(ip -6 addr show dev shunt-25ad1adb)\"");
    assert_int_equal(ports_create_local(seen->ports, "br0", mac), EEXIST);
    assert_int_equal(ports_delete(seen->ports, host->ifindex), 0);
    ports_run(seen->ports);
    assert_int_equal(seen->n_removed, 2);
    assert_null(ports_find_name(seen->ports, "br0"));
    assert_null(ports_find_name(seen->ports, name));
}

static void
flags_and_mtu_are_set_and_told(void **state)
{
    struct seen *seen = *state;
    uint32_t ifindex;

    assert_int_equal(ports_create_local(seen->ports, "br0", mac), 0);
    ports_run(seen->ports);
    ifindex = ports_find_name(seen->ports, "br0")->ifindex;
    assert_int_equal(ports_set_up(seen->ports, ifindex, false), 0);
    ports_run(seen->ports);
    assert_false(ports_find_ifindex(seen->ports, ifindex)->admin_up);
    assert_true(seen->n_changed > 0);
    assert_int_equal(ports_set_up(seen->ports, ifindex, true), 0);
    assert_int_equal(ports_set_mtu(seen->ports, ifindex, 1280), 0);
    ports_run(seen->ports);
    assert_true(ports_find_ifindex(seen->ports, ifindex)->admin_up);
    assert_int_equal(ports_find_ifindex(seen->ports, ifindex)->mtu, 1280);
    assert_false(ports_find_ifindex(seen->ports, ifindex)->promiscuous);
    assert_int_equal(ports_set_promiscuous(seen->ports, ifindex, true), 0);
    ports_run(seen->ports);
    assert_true(ports_find_ifindex(seen->ports, ifindex)->promiscuous);
    assert_int_not_equal(ports_set_mtu(seen->ports, ifindex, 20), 0);
    assert_int_equal(ports_set_up(seen->ports, 4711, true), ENODEV);
    assert_int_equal(ports_delete(seen->ports, 4711), ENODEV);
}

static void
rename_is_one_change(void **state)
{
    struct seen *seen = *state;

    shell("ip link add v0 type veth peer name v1");
    ports_run(seen->ports);
    shell("ip link set v0 name v9");
    ports_run(seen->ports);
    assert_int_equal(seen->n_renamed, 1);
    assert_string_equal(seen->changed.name, "v9");
    assert_null(ports_find_name(seen->ports, "v0"));
    assert_int_equal(ports_find_name(seen->ports, "v9")->ifindex, seen->changed.ifindex);
    assert_int_equal(seen->n_removed, 0);
}

static void
removed_device_returns_with_a_new_ifindex(void **state)
{
    struct seen *seen = *state;
    uint32_t first;

    shell("ip tuntap add t0 mode tap");
    ports_run(seen->ports);
    first = ports_find_name(seen->ports, "t0")->ifindex;
    shell("ip link del t0");
    ports_run(seen->ports);
    assert_int_equal(seen->n_removed, 1);
    assert_int_equal(seen->removed.ifindex, first);
    shell("ip tuntap add t0 mode tap");
    ports_run(seen->ports);
    assert_int_equal(seen->n_added, 2);
    assert_int_not_equal(ports_find_name(seen->ports, "t0")->ifindex, first);
}

static void
move_to_another_namespace_is_a_removal(void **state)
{
    struct seen *seen = *state;

    shell("ip link add v0 type veth peer name v1");
    ports_run(seen->ports);
    shell("unshare -n sh -c 'nsenter -t $PPID -n ip link set v0 netns $$'");
    ports_run(seen->ports);
    assert_null(ports_find_name(seen->ports, "v0"));
}

static void
kinds_are_told_apart(void **state)
{
    static const struct {
        const char *command, *name, *kind;
        bool ethernet;
    } rows[] = {
        {"ip link add v0 type veth peer name v1", "v0", "veth", true},
        {"ip tuntap add t0 mode tap", "t0", "tap", true},
        {"ip tuntap add t1 mode tun", "t1", "tun", false},
        {"ip link add d0 type bridge", "d0", "other", true},
        {"true", "lo", "physical", false},
    };
    struct seen *seen = *state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct link *link;

        shell(rows[i].command);
        ports_run(seen->ports);
        link = ports_find_name(seen->ports, rows[i].name);
        assert_non_null(link);
        assert_string_equal(link_kind_name(link), rows[i].kind);
        assert_int_equal(link->ethernet, rows[i].ethernet);
    }
}

static void
carrier_follows_the_peer(void **state)
{
    struct seen *seen = *state;

    shell("ip link add v0 up type veth peer name v1");
    ports_run(seen->ports);
    assert_false(ports_find_name(seen->ports, "v0")->carrier);
    shell("ip link set v1 up");
    wait_for_carrier(seen, "v0");
}

static void
lost_events_are_made_good_by_a_dump(void **state)
{
    struct seen *seen = *state;
    unsigned long n_lines = log_count(LOG_INFO);

    setsockopt(mnl_socket_get_fd(seen->ports->events), SOL_SOCKET, SO_RCVBUF, &(int){8192},
               sizeof(int));
    shell("ip tuntap add gone mode tap");
    ports_run(seen->ports);
    shell("(echo 'link del gone'; seq 100 | sed 's/.*/link add d& type veth peer name e&/';"
          " for r in 1 2 3; do seq -f 'link set d%.0f mtu 140'$r 1 100; done) |"
          " ip -batch -");
    ports_run(seen->ports);
    assert_true(log_count(LOG_INFO) > n_lines);
    assert_null(ports_find_name(seen->ports, "gone"));
    assert_int_equal(seen->n_removed, 1);
    assert_int_equal(seen->n_added, 201);
    assert_int_equal(ports_find_name(seen->ports, "d100")->mtu, 1403);
}

static void
a_master_is_told(void **state)
{
    struct seen *seen = *state;

    shell("ip link add m0 type bridge; ip link add v0 type veth peer name v1");
    shell("ip link set v0 master m0");
    ports_run(seen->ports);
    assert_int_equal(ports_find_name(seen->ports, "v0")->master_ifindex,
                     ports_find_name(seen->ports, "m0")->ifindex);
}

static void
medium_of_a_veth(void **state)
{
    struct link_medium medium;

    (void)state;
    shell("ip link add v0 type veth peer name v1");
    assert_int_equal(link_get_medium("v0", &medium), 0);
    assert_int_equal(medium.speed_mbps, 10000);
    assert_int_equal(medium.current, LINK_MODE_10G_FD | LINK_MODE_COPPER);
    assert_string_equal(medium.driver, "veth");
    assert_true(medium.tso && medium.tx_checksum);
    assert_int_equal(link_get_medium("nonesuch", &medium), ENODEV);
}

static void
counters_are_read(void **state)
{
    struct seen *seen = *state;
    struct rtnl_link_stats64 stats;

    shell("ip link set lo up && ping -q -c 3 -i 0.01 127.0.0.1 >/dev/null");
    assert_int_equal(ports_get_stats(seen->ports, 1, &stats), 0);
    assert_int_equal(stats.rx_packets, 6);
    assert_int_equal(stats.tx_packets, 6);
    assert_int_equal(ports_get_stats(seen->ports, 4711, &stats), ENODEV);
}

static void
truncated_messages_are_refused(void **state)
{
    char buffer[64] = {0};
    struct nlmsghdr *message = (struct nlmsghdr *)buffer;
    struct link link;

    (void)state;
    message->nlmsg_len = sizeof *message + 4;
    assert_int_equal(link_parse(message, &link), EBADMSG);
    message->nlmsg_len = sizeof *message + 16;
    assert_int_equal(link_parse(message, &link), EBADMSG);
}

#define PORTS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
    PORTS_TEST(local_pair_has_its_names_mac_and_is_up),
    PORTS_TEST(flags_and_mtu_are_set_and_told),
    PORTS_TEST(rename_is_one_change),
    PORTS_TEST(removed_device_returns_with_a_new_ifindex),
    PORTS_TEST(move_to_another_namespace_is_a_removal),
    PORTS_TEST(kinds_are_told_apart),
    PORTS_TEST(carrier_follows_the_peer),
    PORTS_TEST(lost_events_are_made_good_by_a_dump),
    PORTS_TEST(a_master_is_told),
    PORTS_TEST(medium_of_a_veth),
    PORTS_TEST(counters_are_read),
    PORTS_TEST(truncated_messages_are_refused),
};

UNIT_MAIN(tests)
