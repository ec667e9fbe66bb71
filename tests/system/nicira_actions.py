#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Nicira's actions: fin_timeout with real connections; conjunction with its bytes, its packets and
its counters; the stack with parts of fields; note and sample, which do nothing."""
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, cases, for_hook, main, wait_for  # noqa: E402
from hosts import Host, add_wires, expect_frames  # noqa: E402
from peer import ANY, FLOW_MOD, V13, V14, Peer, in_port, match, output  # noqa: E402
from rules import PLAIN, check, packet as datagram  # noqa: E402

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


def instructions(peer):
    """Of each entry, by its cookie, as bytes."""
    said, found = peer.multipart_body(1, struct.pack("!BxxxIIxxxxQQ", 255, ANY, ANY, 0, 0) + match()), {}
    while said:
        size, = struct.unpack("!H", said[:2])
        cookie, = struct.unpack("!Q", said[24:32])
        length, = struct.unpack("!H", said[50:52])
        found[cookie] = said[48 + (length + 7) // 8 * 8:size]
        said = said[size:]
    return found


@case
def a_conjunction_comes_back_as_it_was_sent(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    add_wires(switch, 4, "tc")
    peer = install(switch)
    wanted = {cookie: apply(*actions) for cookie, _, actions in CONJUNCTIONS + [MISS]}
    for version in V13, V14:
        found = instructions(Peer(f"{switch.dir}/br0.mgmt", version))
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


# ---- stack -------------------------------------------------------------------------------------
# (name, flows with what they count of one packet, the packet that leaves port 2)
STACKS = [
    ("bits_of_addresses", {
        "actions=push:NXM_OF_ETH_SRC[0..7],push:NXM_OF_ETH_DST[0..7],pop:NXM_OF_ETH_SRC[40..47],"
        "pop:NXM_OF_ETH_DST[16..23],output:2": 1},
     datagram(src="02:00:00:00:00:01", dst="02:00:00:01:00:02")),
    ("the_last_in_comes_out_first", {
        "udp,actions=push:NXM_OF_UDP_SRC[],push:NXM_OF_UDP_DST[],pop:NXM_OF_UDP_SRC[],"
        "pop:NXM_OF_UDP_DST[],output:2": 1}, datagram(port=1000, source=2000)),
    ("a_few_bits_fill_a_field_with_zeros", {
        "udp,actions=push:NXM_OF_IP_DST[0..3],pop:NXM_OF_UDP_DST[],output:2": 1}, datagram(port=2)),
    ("of_many_bits_the_low_ones_fit", {
        "udp,actions=push:NXM_OF_IP_DST[],pop:NXM_OF_UDP_DST[0..11],output:2": 1}, datagram(port=2)),
    ("nothing_to_pop", {"udp,actions=push:NXM_OF_UDP_SRC[],pop:NXM_OF_UDP_SRC[],pop:NXM_OF_UDP_DST[],"
                        "output:2": 1}, PLAIN),
    ("across_tables_and_registers", {
        "udp,actions=load:0x2a->NXM_NX_REG3[8..15],push:NXM_NX_REG3[4..15],resubmit(,1),"
        "pop:NXM_OF_UDP_DST[],output:2": 1,
        "table=1,actions=pop:NXM_NX_REG4[0..11],push:NXM_NX_REG4[4..11]": 1}, datagram(port=0x2a)),
    ("a_clone_s_stack_is_its_own", {
        "udp,actions=push:NXM_OF_UDP_SRC[],clone(pop:NXM_OF_UDP_DST[],output:3),"
        "pop:NXM_OF_UDP_DST[0..7],output:2": 1}, datagram(port=2000 & 0xff00 | 1000 & 0xff)),
]


# ---- note and sample ---------------------------------------------------------------------------
def nicira(subtype, body):
    return struct.pack("!HHIH", EXPERIMENTER_ACTION, 10 + len(body), NICIRA, subtype) + body


# (what ovs-ofctl prints, the bytes)
IDLE = [
    ("note:01.02.03.04.05.06", nicira(8, bytes(range(1, 7)))),
    ("note:01.02.03.04.05.06.07.00.00.00.00.00.00.00", nicira(8, bytes(range(1, 8)) + bytes(7))),
    ("note:" + ".".join(["ff"] * 62), nicira(8, b"\xff" * 62)),
    ("sample(probability=65535,collector_set_id=1,obs_domain_id=2,obs_point_id=3)",
     nicira(29, struct.pack("!HIII", 65535, 1, 2, 3))),
    ("sample(probability=1,collector_set_id=4294967295,obs_domain_id=0,obs_point_id=0,sampling_port=2)",
     nicira(38, struct.pack("!HIIIH6x", 1, 0xffffffff, 0, 0, 2))),
    ("sample(probability=9,collector_set_id=1,obs_domain_id=2,obs_point_id=3,sampling_port=LOCAL,egress)",
     nicira(41, struct.pack("!HIIIHB5x", 9, 1, 2, 3, 0xfffe, 2))),
]


@case
def notes_and_samples_come_back_as_they_were_sent(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    for version in V13, V14:
        peer = Peer(f"{switch.dir}/br0.mgmt", version)
        for number, (_, data) in enumerate(IDLE):
            assert peer.ask(FLOW_MOD, flow_mod([], [data, output(2)], number, number)) == []
        assert instructions(peer) == {n: apply(data, output(2)) for n, (_, data) in enumerate(IDLE)}
    printed = switch.ctl("--no-stats", "dump-flows", "br0")
    wanted = [f"priority={n} actions={text},output:2" for n, (text, _) in enumerate(IDLE)]
    for text in wanted:
        assert text + "\n" in printed, (text, printed)


def they_leave_as_they_should(switch, hook):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 3, hook)
    for name, flows, leaves in STACKS:
        cloned = {3: [datagram(port=1000)]} if "clone" in name else {}
        check(switch, wires, name, flows, PLAIN, {2: [leaves], **cloned})
    for text, _ in IDLE:
        check(switch, wires, text, {f"udp,actions={text},output:2,{text}": 1}, PLAIN, {2: [PLAIN]})
        check(switch, wires, text, {f"udp,actions={text}": 1}, PLAIN, {})


cases.extend(for_hook(test, hook) for test in (conjunctions_choose, they_leave_as_they_should)
             for hook in ("tc", "xdp"))
main()
