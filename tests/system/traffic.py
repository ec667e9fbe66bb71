#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Traffic through the switch: exact accounting, segmentation offload, the local port."""
import contextlib
import json
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import BUILD, cases, main, run, sh, wait_for  # noqa: E402
from hosts import Host, Wire, frame  # noqa: E402

N_ACCOUNTED = 10_000_000
SO_RCVBUFFORCE = 33  # Not in Python's socket module.


def pktgen(*args):
    return json.loads(run(BUILD + "/bench/pktgen", *args, timeout=120))


def shown(switch):
    return switch.ctl_json("dpctl", "show")


def add_wires(switch, n, hook):
    wires = [Wire(f"p{i}") for i in range(1, n + 1)]
    for i, wire in enumerate(wires, 1):
        sh(f"ethtool -K {wire.port} gro on; ethtool -K {wire.end} gro on")
        switch.ctl("add-port", "br0", wire.port, f"ofport={i}", f"hook={hook}")
    return wires


def accounts_for_every_packet(switch, hook):
    """received = forwarded + consumed + dropped by name, after ten million packets, half of which
    the rules drop; and the sink and the flows counted the same, to the packet."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 2, hook)
    switch.ctl("add-flow", "br0", "priority=1,in_port=1,ip,actions=output:2")
    switch.ctl("add-flow", "br0", "priority=2,in_port=1,ip,nw_src=10.0.0.1/0.0.0.1,actions=drop")
    before, sent = shown(switch), 0
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


def for_hook(test, hook):
    def one(switch):
        test(switch, hook)
    one.__name__ = f"{test.__name__}_{hook}"
    return one


def iperf(client, server):
    """Gbit/s of one TCP stream."""
    with server.popen("iperf3", "-s", "-1") as process:
        wait_for(lambda: ":5201" in server.run("ss", "-ltn"), "iperf3 listens")
        report = json.loads(client.run("iperf3", "-J", "-c", server.address, "-t", "3"))
        process.wait(20)
    return report["end"]["sum_received"]["bits_per_second"] / 1e9


def tcp_keeps_segmentation_offload(switch):
    """Against the Linux bridge, five rounds of both; the median ratio counts."""
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
        ratios = sorted(iperf(*ours) / iperf(*theirs) for _ in range(5))
    print(f"# TCP: {ratios[2]:.2f} of the Linux bridge", file=sys.stderr)
    assert ratios[2] >= 0.9, ratios


def hosts_reach_the_local_port(switch):
    switch.expect("is missing, port . waits for it")
    switch.start()
    switch.ctl("add-br", "br0")
    sh("ip addr add 10.0.0.100/24 dev br0")
    with Host("v1", 1) as host:
        switch.ctl("add-port", "br0", "v1")
        host.run("ping", "-q", "-c", "3", "-i", "0.05", "-W", "5", "10.0.0.100")
        run("ping", "-q", "-c", "3", "-i", "0.05", "-W", "5", host.address)


def first_packets_are_not_lost(switch):
    """A thousand new flows, back to back, three packets each: all come out, each once."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 2, "tc")
    wires[1].socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
    switch.ctl("add-flow", "br0", "in_port=1,dl_src=00:00:00:00:00:00/01:00:00:00:00:00,"
               "actions=move:NXM_OF_ETH_SRC[]->NXM_NX_XXREG0[0..47],output:2")
    expected = []
    for i in range(1000):
        for k in range(3):
            data = frame(src=f"02:00:00:00:{i >> 8:02x}:{i & 255:02x}", payload=bytes([k]) * 50)
            expected.append(data)
            wires[0].send(data)
    got = [wires[1].receive() for _ in expected]
    assert wires[1].is_silent()
    assert sorted(got) == sorted(expected)


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
      tcp_keeps_segmentation_offload, hosts_reach_the_local_port, first_packets_are_not_lost,
      the_daemon_stops_and_leaves_nothing])
main()
