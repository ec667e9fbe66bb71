#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Nicira's actions whose effect is not in the packet: fin_timeout with real connections, and
conjunction with its bytes, its packets and its counters."""
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, main, wait_for  # noqa: E402
from hosts import Host, add_wires, expect_frames  # noqa: E402
from peer import FLOW_MOD, V13, V14, Peer, in_port, match, output  # noqa: E402

from scapy.all import Ether, IP, Raw, UDP  # noqa: E402

NICIRA, NXAST_CONJUNCTION = 0x2320, 34
NXM_CONJ_ID = 0x00014a04
EXPERIMENTER_ACTION, APPLY_ACTIONS = 0xffff, 4

# ---- fin_timeout -------------------------------------------------------------------------------
# A connection; it ends when a line comes.
SERVER = "import socket; s=socket.create_server(('', 7)); c=s.accept()[0]; c.sendall(c.recv(9)); c.recv(9)"
CLIENT = """
import socket, struct, sys
c = socket.create_connection(("10.0.0.2", 7))
c.sendall(b"echo")
assert c.recv(9) == b"echo"
print("connected", flush=True)
sys.stdin.readline()
if sys.argv[1] == "reset":
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
c.close()
"""
# Before and behind a FIN or RST, of an entry with fin_timeout(idle_timeout=50,hard_timeout=70).
TIMEOUTS = [((600, 600), (50, 70)), ((0, 0), (50, 70)), ((30, 600), (30, 70)), ((600, 60), (50, 60))]


def start(switch):
    """Two hosts at ports 1 and 2 of br0."""
    switch.expect("is missing, port . waits for it")
    switch.start()
    switch.ctl("add-br", "br0")
    hosts = [Host("h1", 1), Host("h2", 2)]
    for number, host in enumerate(hosts, 1):
        switch.at_end.append(host.__exit__)
        switch.ctl("add-port", "br0", host.device, f"ofport={number}")
    return hosts


def timeouts(switch):
    """(idle, hard) of the one entry, or nothing when it is gone."""
    found = [f for f in switch.ctl_json("dump-flows", "br0") if f["priority"] == 9]
    return found and (found[0].get("idle_timeout", 0), found[0].get("hard_timeout", 0))


def python(host, script, *args):
    return subprocess.Popen(host.command(sys.executable, "-c", script, *args), text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)


def ends(switch, hosts, how, before, behind):
    idle, hard = before
    switch.ctl("add-flow", "br0", f"priority=9,tcp,tp_dst=7,idle_timeout={idle},hard_timeout={hard},"
               "actions=fin_timeout(idle_timeout=50,hard_timeout=70),output:2")
    server, client = python(hosts[1], SERVER), None
    try:
        wait_for(lambda: hosts[1].run("ss", "-Hlnt", "sport", "=", "7"), "the server listens")
        client = python(hosts[0], CLIENT, how)
        assert client.stdout.readline() == "connected\n"
        assert timeouts(switch) == before, "before the end"
        client.stdin.write("\n")
        client.stdin.flush()
        wait_for(lambda: timeouts(switch) == behind, f"{how}: {before} becomes {behind}")
    finally:
        for process in server, client:
            if process:
                process.kill()
                process.communicate()
    switch.ctl("del-flows", "br0", "tcp,tp_dst=7")


@case
def a_fin_or_reset_shortens_the_timeouts(switch):
    hosts = start(switch)
    assert hosts[0].ping(hosts[1])
    for how in "close", "reset":
        for before, behind in TIMEOUTS:
            ends(switch, hosts, how, before, behind)


@case
def an_entry_goes_when_its_shortened_timeout_is_over(switch):
    hosts = start(switch)
    switch.ctl("add-flow", "br0", "priority=9,tcp,tp_dst=7,idle_timeout=600,"
               "actions=fin_timeout(idle_timeout=1),output:2")
    with python(hosts[1], SERVER):
        wait_for(lambda: hosts[1].run("ss", "-Hlnt", "sport", "=", "7"), "the server listens")
        client = python(hosts[0], CLIENT, "close")
        assert client.stdout.readline() == "connected\n" and timeouts(switch) == (600, 0)
        client.communicate("\n")
    wait_for(lambda: not timeouts(switch), "the entry is gone")


# ---- conjunction -------------------------------------------------------------------------------
def conjunction(number, clause, n_clauses):
    """The action's bytes; clauses count from 0 on the wire."""
    return struct.pack("!HHIHBBI", EXPERIMENTER_ACTION, 16, NICIRA, NXAST_CONJUNCTION, clause - 1,
                       n_clauses, number)


def apply(*actions):
    return struct.pack("!HHI", APPLY_ACTIONS, 8 + len(b"".join(actions)), 0) + b"".join(actions)


def oxm(field, size, value):
    return struct.pack("!HBB", 0x8000, field << 1, size) + value.to_bytes(size, "big")


def flow_mod(oxms, actions, cookie, priority=5):
    body = struct.pack("!QQBBHHHIIIHH", cookie, 0, 0, 0, 0, 0, priority, *3 * [0xffffffff], 0, 0)
    return body + match(*oxms) + apply(*actions)


IP4, UDP17 = oxm(5, 2, 0x800), oxm(10, 1, 17)


def from_address(number):
    return [IP4, oxm(11, 4, 0x0a000000 + number)]


def to_port(number):
    return [IP4, UDP17, oxm(16, 2, number)]


# Two addresses and two ports are output:2; of a third dimension only number 2 asks.
CONJUNCTIONS = [
    (1, from_address(1), [conjunction(1, 1, 2), conjunction(2, 1, 3)]),
    (2, from_address(2), [conjunction(1, 1, 2)]),
    (3, to_port(7), [conjunction(1, 2, 2), conjunction(2, 2, 3)]),
    (4, to_port(9), [conjunction(1, 2, 2)]),
    (5, [in_port(4)], [conjunction(2, 3, 3)]),
    (6, [IP4, struct.pack("!II", NXM_CONJ_ID, 1)], [output(2)]),
    (7, [IP4, struct.pack("!II", NXM_CONJ_ID, 2)], [output(3)]),
]
MISS = (8, [], [output(3)])


def packet(address, port):
    return bytes(Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01") /
                 IP(src=f"10.0.0.{address}", dst="10.0.0.99") / UDP(sport=1, dport=port) / Raw(bytes(30)))


def install(switch):
    peer = Peer(f"{switch.dir}/br0.mgmt", V13)
    for cookie, oxms, actions in CONJUNCTIONS:
        assert peer.ask(FLOW_MOD, flow_mod(oxms, actions, cookie)) == []
    cookie, oxms, actions = MISS
    assert peer.ask(FLOW_MOD, flow_mod(oxms, actions, cookie, priority=1)) == []
    return peer


@case
def a_conjunction_comes_back_as_it_was_sent(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    add_wires(switch, 4, "tc")
    peer = install(switch)
    wanted = {cookie: apply(*actions) for cookie, _, actions in CONJUNCTIONS + [MISS]}
    for version in V13, V14:
        peer = Peer(f"{switch.dir}/br0.mgmt", version)
        said = b"".join(m[16:] for m in peer.multipart(
            1, struct.pack("!BxxxIIxxxxQQ", 255, 0xffffffff, 0xffffffff, 0, 0) + match()))
        found = {}
        while said:
            size, = struct.unpack("!H", said[:2])
            cookie, = struct.unpack("!Q", said[24:32])
            length, = struct.unpack("!H", said[50:52])
            found[cookie] = said[48 + (length + 7) // 8 * 8:size]
            said = said[size:]
        assert found == wanted, found
    # Refused: beyond its clauses, of one clause, with another action.
    peer = Peer(f"{switch.dir}/br0.mgmt", V13)
    before = switch.ctl_json("dump-flows", "br0")
    for actions in ([conjunction(1, 3, 2)], [conjunction(1, 1, 1)], [conjunction(1, 1, 65)],
                    [conjunction(1, 1, 2), output(2)]):
        assert peer.error(FLOW_MOD, flow_mod([in_port(1)], actions, 9))[0] in (2, 0xffff)
    drop = lambda flows: [{k: v for k, v in f.items() if k not in ("duration_s",)} for f in flows]
    assert drop(switch.ctl_json("dump-flows", "br0")) == drop(before)


def conjunctions_choose(switch, hook):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 4, hook)
    peer = install(switch)
    n, counts = 10, dict.fromkeys(range(1, 9), 0)
    for address in 1, 2, 3:
        for port in 7, 8, 9:
            for source in 1, 4:
                is_one = address in (1, 2) and port in (7, 9)
                cookie = 6 if is_one else 8
                if (address, port, source) == (1, 7, 4):
                    continue  # Both conjunctions hold, of one priority: either may be chosen.
                for _ in range(n):
                    wires[source - 1].send(packet(address, port))
                    expect_frames(wires, {2 if is_one else 3: [packet(address, port)]},
                                  (address, port, source))
                counts[cookie] += n
    upcalls = lambda: [switch.ports("br0")[f"p{i}"]["stats"]["upcalls"] for i in (1, 4)]
    before = upcalls()
    wires[0].send(packet(2, 9))
    expect_frames(wires, {2: [packet(2, 9)]}, "later")
    counts[6] += 1
    assert upcalls() == before
    # Without the first, the second holds where all its three dimensions do.
    assert peer.ask(FLOW_MOD, flow_mod(to_port(9), [conjunction(1, 2, 2)], 4)) == []
    assert peer.ask(FLOW_MOD, flow_mod(from_address(1), [conjunction(2, 1, 3)], 1)) == []
    for _ in range(n):
        wires[3].send(packet(1, 7))
        wires[0].send(packet(1, 7))
        expect_frames(wires, {3: [packet(1, 7)] * 2}, "three dimensions")
    counts[7], counts[8] = n, counts[8] + n
    found = {f["cookie"]: f["packets"] for f in switch.ctl_json("dump-flows", "br0")}
    assert found == counts, found


@case
def conjunctions_choose_tc(switch):
    conjunctions_choose(switch, "tc")


@case
def conjunctions_choose_xdp(switch):
    conjunctions_choose(switch, "xdp")


main()
