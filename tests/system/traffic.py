#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Traffic through the switch: exact accounting, segmentation offload, the local port."""
import collections
import contextlib
import json
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import BUILD, SLOWNESS, cases, for_hook, main, patience, run, sh, wait_for  # noqa: E402
from hosts import Host, Raw, Wire, add_wires, frame  # noqa: E402

N_ACCOUNTED = 10_000_000
N_NEW_FLOWS = round(4_000 / patience(1))  # A ring holds what a slow build has not read yet.
SO_RCVBUFFORCE = 33  # Not in Python's socket module.


def pktgen(*args):
    return json.loads(run(BUILD + "/bench/pktgen", *args, timeout=120))


def shown(switch):
    return switch.ctl_json("dpctl", "show")


def accounts_for_every_packet(switch, hook):
    """received = forwarded + consumed + dropped by name, after ten million packets, half of which
    the rules drop; and the sink and the flows counted the same, to the packet."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 2, hook)
    switch.ctl("add-flow", "br0", "priority=1,in_port=1,ip,actions=output:2")
    switch.ctl("add-flow", "br0", "priority=2,in_port=1,ip,nw_src=10.0.0.1/0.0.0.1,actions=drop")
    before = shown(switch)
    # So slowly that no first packet is lost, however slow the daemon.
    sent = pktgen("--out", wires[0].end, "--sink", wires[1].end, "--seconds", "1", "--flows", "256",
                  "--rate", "1000")["sent"]
    while sent < N_ACCOUNTED:
        counted = pktgen("--out", wires[0].end, "--sink", wires[1].end, "--seconds", "3",
                         "--flows", "256")
        assert counted["received"] == counted["offered"] // 2, counted
        sent += counted["sent"]
    after = shown(switch)
    grown = {name: after["packets"][name] - before["packets"][name]
             for name in ("received", "forwarded", "consumed")}
    dropped = {name: n - before["dropped"][name] for name, n in after["dropped"].items()
               if n != before["dropped"][name]}
    assert list(dropped) == ["rule"], dropped
    assert grown["received"] == grown["forwarded"] + grown["consumed"] + dropped["rule"], (
        grown, dropped)
    flows = {f["priority"]: f for f in switch.ctl_json("dump-flows", "br0")}
    assert flows[1]["packets"] == grown["forwarded"] == sent // 2, (sent, grown, flows)
    assert flows[2]["packets"] == sent // 2, (sent, flows)


def iperf(client, server):
    """Gbit/s of one TCP stream."""
    with server.popen("iperf3", "-s", "-1") as process:
        wait_for(lambda: ":5201" in server.run("ss", "-ltn"), "iperf3 listens")
        report = json.loads(client.run("iperf3", "-J", "-c", server.address, "-t", "1"))
        process.wait(20)
    return report["end"]["sum_received"]["bits_per_second"] / 1e9


def tcp_keeps_segmentation_offload(switch):
    """Against the Linux bridge, five rounds of both in turn. The best of each counts: what else the
    machine does takes from a round, and adds to none."""
    switch.expect("is missing, port . waits for it")
    switch.start()
    switch.ctl("add-br", "br0")
    sh("ip link add lbr type bridge && ip link set lbr up")
    with contextlib.ExitStack() as stack:
        ours = [stack.enter_context(Host(f"s{i}", i)) for i in (1, 2)]
        theirs = [stack.enter_context(Host(f"b{i}", i)) for i in (1, 2)]
        for host in ours:
            switch.ctl("add-port", "br0", host.device)
        for host in theirs:
            sh(f"ip link set {host.device} master lbr")
        assert ours[0].ping(ours[1]) and theirs[0].ping(theirs[1])
        rounds = [(iperf(*ours), iperf(*theirs)) for _ in range(5)]
    ratio = max(our for our, _ in rounds) / max(their for _, their in rounds)
    print(f"# TCP: {ratio:.2f} of the Linux bridge", file=sys.stderr)
    assert ratio >= 0.9 or SLOWNESS > 1, rounds


def peer_of(switch, device):
    """Whether packets go straight to the other end of a port's veth, and why."""
    port = switch.ports("br0")[device]
    return port["to_peer"], port["peer_why"]


def device_sent(device):
    """Packets that left by the device: those that go straight to its peer do not."""
    (link,) = json.loads(run("ip", "-s", "-j", "link", "show", device))
    return link["stats64"]["tx"]["packets"]


def wait_for_peer(switch, device, expected, why):
    wait_for(lambda: peer_of(switch, device)[0] == expected and why in peer_of(switch, device)[1],
             f"{device}: {expected}, {why}: {switch.ports('br0')[device]}")


def pings_by_device(switch, one, two, mac):
    """50 pings of `two`, whose address is `mac`; how many the device of its port sent. OpenFlow's
    counter must have them all."""
    counted = lambda: switch.ports("br0")[two.device]["stats"]["tx_packets"]
    one.run("ip", "neigh", "replace", two.address, "lladdr", mac, "dev", "eth0")
    two.run("ip", "neigh", "replace", one.address, "lladdr", one.mac, "dev", "eth0")
    assert one.ping(two, 3)
    before = device_sent(two.device), counted()
    assert one.ping(two, 50)
    assert counted() - before[1] == 50
    return device_sent(two.device) - before[0]


def packets_go_straight_to_the_peer(switch):
    """By TC to the other end of a veth in another namespace, while nothing speaks against it."""
    switch.expect("is missing, port . waits for it")
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("add-flow", "br0", "actions=normal")
    with Host("v1", 1) as one, Host("v2", 2) as two:
        for host in (one, two):
            host.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
            switch.ctl("add-port", "br0", host.device)
            wait_for_peer(switch, host.device, True, "in another namespace")
        assert pings_by_device(switch, one, two, two.mac) == 0
        assert "straight to its peer" in switch.ctl("show")
        # Another address is followed; packets for the old one still are for somebody else.
        other = "02:00:00:00:00:77"
        sh(f"ip -n {two.name} link set eth0 address {other}")
        assert pings_by_device(switch, one, two, other) == 0
        one.run("ip", "neigh", "replace", two.address, "lladdr", two.mac, "dev", "eth0")
        assert not one.ping(two, 1, timeout=1)
        sh(f"ip -n {two.name} link set eth0 address {two.mac}")
        for change, why, undo in (
                ("tc qdisc add dev v2 root tbf rate 1gbit burst 1mb latency 50ms",
                 "queueing discipline", "tc qdisc del dev v2 root"),
                (lambda: switch.ctl("set-port", "br0", "v2", "peer=off"), "peer=off",
                 lambda: switch.ctl("set-port", "br0", "v2", "peer=auto"))):
            sh(change) if isinstance(change, str) else change()
            wait_for_peer(switch, "v2", False, why)
            assert pings_by_device(switch, one, two, two.mac) == 50
            sh(undo) if isinstance(undo, str) else undo()
            wait_for_peer(switch, "v2", True, "in another namespace")
            assert pings_by_device(switch, one, two, two.mac) == 0
        sh(f"ip -n {two.name} link set eth0 down")
        wait_for_peer(switch, "v2", False, "no carrier")
        sh(f"ip -n {two.name} link set eth0 up")
        wait_for_peer(switch, "v2", True, "in another namespace")


def the_peer_moves(switch):
    """The kernel drops what is sent straight to a peer in this namespace."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("add-flow", "br0", "actions=normal")
    with Host("v1", 1), Host("v2", 2) as two:
        switch.ctl("add-port", "br0", "v2")
        wait_for_peer(switch, "v2", True, "in another namespace")
        sh(f"ip -n {two.name} link set eth0 netns {os.getpid()} name back; ip link set back up")
        wait_for_peer(switch, "v2", False, "in this namespace")
        sh(f"ip netns add {two.name}-2; ip link set back netns {two.name}-2;"
           f"ip -n {two.name}-2 link set back up")
        wait_for_peer(switch, "v2", True, "in another namespace")
        # From there to a third one.
        sh(f"ip -n {two.name}-2 link set back netns {two.name}; ip -n {two.name} link set back up")
        wait_for_peer(switch, "v2", True, "in another namespace")
        sh(f"ip -n {two.name} link set back address 02:00:00:00:00:55")
        sh(f"ip netns del {two.name}-2; ip link del v2")
        switch.expect("is missing, port . waits for it")


def tags_and_large_packets_go_straight_to_the_peer(switch):
    switch.expect("is missing, port . waits for it")
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    with Host("v1", 1) as one, Host("v2", 2) as two:
        for host in (one, two):
            host.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
            switch.ctl("add-port", "br0", host.device)
            wait_for_peer(switch, host.device, True, "in another namespace")
        switch.ctl("add-flow", "br0", "actions=normal")
        assert one.ping(two)
        before = device_sent("v2")
        assert iperf(one, two) > 0
        one.run("ping", "-q", "-c", "20", "-i", "0.05", "-W", "5", "-s", "8000", two.address)
        assert device_sent("v2") - before < 20
        # Frames come out as they went in: with a tag, two tags, and what tags the rules change.
        ends = [Raw("eth0", host.name) for host in (one, two)]
        tagged = lambda *tags: frame(two.mac, one.mac, 0x8100, b"".join(
            bytes([0, tag, 0x81, 0]) for tag in tags[:-1]) + bytes([0, tags[-1], 0x88, 0xb5]) +
            bytes(46))
        plain = frame(two.mac, one.mac)
        for rule, sent, received, by_device in (
                ("actions=output:2", plain, plain, 0),
                ("actions=output:2", tagged(7), tagged(7), 0),
                ("actions=output:2", tagged(7, 8), tagged(7, 8), 0),
                ("actions=push_vlan:0x8100,set_field:4105->vlan_vid,output:2", tagged(7), tagged(9, 7), 1),
                ("dl_vlan=7,actions=strip_vlan,output:2", tagged(7), frame(two.mac, one.mac, 0x88b5, bytes(46)), 1)):
            switch.ctl("del-flows", "br0")
            switch.ctl("add-flow", "br0", f"in_port=1,{rule}")
            ends[0].send(sent)  # The first of a flow is sent by user space.
            assert ends[1].receive() == received, rule
            before = device_sent("v2")
            for _ in range(20):
                ends[0].send(sent)
                assert ends[1].receive() == received, rule
            assert device_sent("v2") - before == 20 * by_device, rule
        # Larger than the peer takes: dropped by the kernel, as ever.
        switch.ctl("add-flow", "br0", "actions=normal")
        sh(f"ip -n {two.name} link set eth0 mtu 1000")
        dropped = lambda: json.loads(run("ip", "-s", "-j", "link", "show", "v2"))[0]["stats64"]["tx"][
            "dropped"]
        before = dropped()
        one.run("ping", "-q", "-c", "1", "-W", "1", "-s", "1200", two.address, check=False)
        wait_for(lambda: dropped() > before, "frames over the MTU are refused")
        assert one.ping(two)


def hosts_reach_the_local_port(switch):
    switch.expect("is missing, port . waits for it")
    switch.start()
    switch.ctl("add-br", "br0")
    sh("ip addr add 10.0.0.100/24 dev br0")
    with Host("v1", 1) as host:
        switch.ctl("add-port", "br0", "v1")
        host.run("ping", "-q", "-c", "3", "-i", "0.05", "-W", "5", "10.0.0.100")
        run("ping", "-q", "-c", "3", "-i", "0.05", "-W", "5", host.address)


def first_packets_keep_their_order(switch, hook, n_handlers):
    """New flows, three packets each, from back to back to 39 flows apart: all come out,
    each once, and those of a flow in their order. Half come in by one port, half by another."""
    switch.start("--handlers", str(n_handlers))
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 3, hook)
    check_order(switch, wires[:2], wires[2], "02:00:00:00:00:02")


def first_packets_keep_their_order_to_the_peer(switch):
    switch.expect("is missing, port . waits for it")
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 2, "tc")
    with Host("v3", 3) as host:
        switch.ctl("add-port", "br0", host.device, "ofport=3")
        wait_for_peer(switch, host.device, True, "in another namespace")
        check_order(switch, wires, Raw("eth0", netns=host.name), host.mac)


def check_order(switch, wires, sink, dst):
    sink.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
    switch.ctl("add-flow", "br0", "dl_src=00:00:00:00:00:00/01:00:00:00:00:00,"
               "actions=move:NXM_OF_ETH_SRC[]->NXM_NX_XXREG0[0..47],output:3")
    expected = collections.defaultdict(list)
    for _, i, k in sorted((i + k * (i % 40), i, k) for i in range(N_NEW_FLOWS) for k in range(3)):
        data = frame(dst, f"02:00:00:00:{i >> 8:02x}:{i & 255:02x}", payload=bytes([k]) * 50)
        expected[i].append(data)
        wires[i % 2].send(data)
    got = collections.defaultdict(list)
    for _ in range(3 * N_NEW_FLOWS):
        data = sink.receive()
        got[int.from_bytes(data[10:12], "big")].append(data)
    assert sink.is_silent()
    assert {i: sorted(flow) for i, flow in got.items()} == expected
    late = [i for i in expected if got[i] != expected[i]]
    held = shown(switch)["held"]
    print(f"# held: {held}", file=sys.stderr)
    # On a machine that gives the handler no time for 50 ms, some are let go, and counted.
    assert len(late) <= held["expired"] + held["refused"], f"{len(late)} came out of order; {held}"


def the_daemon_stops_and_leaves_nothing(switch):
    before = sh("ip -br link"), sh("bpftool net show")
    switch.start()
    switch.ctl("add-br", "br0")
    wire = Wire("p1")
    switch.ctl("add-port", "br0", "p1")
    switch.stop()
    wait_for(lambda: not switch.is_alive(), "the daemon is gone")
    assert "clsact" not in sh("tc qdisc show dev p1")
    wire.socket.close()
    sh("ip link del p1")
    assert (sh("ip -br link"), sh("bpftool net show")) == before
    assert not os.path.exists(switch.bpf + "/shunt")


cases.extend([for_hook(accounts_for_every_packet, "tc"), for_hook(accounts_for_every_packet, "xdp"),
      tcp_keeps_segmentation_offload, packets_go_straight_to_the_peer, the_peer_moves,
      tags_and_large_packets_go_straight_to_the_peer, hosts_reach_the_local_port,
      for_hook(first_packets_keep_their_order, "tc", 1),
      for_hook(first_packets_keep_their_order, "xdp", 1),
      for_hook(first_packets_keep_their_order, "xdp", 2),
      first_packets_keep_their_order_to_the_peer, the_daemon_stops_and_leaves_nothing])
main()
