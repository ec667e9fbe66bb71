#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How many packet-ins a controller gets: its rate limit, fairness between ports, meters."""
import os
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, main, wait_for  # noqa: E402
from hosts import add_wires, frame  # noqa: E402
from peer import ANY, V13, Peer, output  # noqa: E402

from scapy.all import Ether, IP, Raw, UDP  # noqa: E402

PACKET_IN, PACKET_OUT, SET_ASYNC, INVALID_TTL = 10, 13, 28, 2
TABLE = 0xfffffff9


def start(switch, n_ports, *limits):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("set-controller", "br0", f"punix:{switch.dir}/controllers", *limits)
    wires = add_wires(switch, n_ports)
    return wires, Peer(f"{switch.dir}/controllers", V13)


def target(switch):
    (bridge,) = switch.ctl_json("show", "br0")["bridges"]
    return bridge["controllers"][0]


def in_port(message):
    """Of a packet-in of 1.3."""
    assert message[1] == PACKET_IN, message.hex()
    at = message.index(struct.pack("!I", 0x80000004))
    return struct.unpack("!I", message[at + 4:at + 8])[0]


def numbered(number):
    return frame(payload=struct.pack("!I", number) + bytes(46))


def send(wire, count):
    for number in range(count):
        wire.send(numbered(number))


@case
def a_limited_controller_gets_what_the_rate_allows(switch):
    (one, two), peer = start(switch, 2, "controller-rate-limit=20", "controller-burst-limit=10")
    switch.ctl("add-flow", "br0", "priority=1,actions=controller:100")
    # The first packet of each port makes its megaflow; then all tokens are there again.
    for wire in (one, two):
        send(wire, 1)
        peer.receive()
    time.sleep(0.6)
    began = time.monotonic()
    send(one, 100)
    wait_for(lambda: target(switch)["packet_ins_dropped"] >= 75, "most are dropped")
    send(two, 4)
    got = []
    while got.count(2) < 4:
        got.append(in_port(peer.receive()))
    took = time.monotonic() - began
    # Ten at once; what waits (ten of both ports together) at 20 a second, and by turns.
    assert got[:10] == [1] * 10, got
    first = got.index(2)
    assert got[first:first + 7:2] == [2] * 4, f"the ports do not take turns: {got}"
    assert took >= (len(got) - 10) / 20 - 0.05, f"{len(got)} packet-ins in {took} s"


@case
def every_packet_in_is_sent_or_counted(switch):
    (one,), peer = start(switch, 1, "controller-rate-limit=50", "controller-burst-limit=5")
    switch.ctl("add-flow", "br0", "priority=1,actions=controller:100")
    send(one, 1)
    peer.receive()
    send(one, 60)
    n_got, deadline = 1, time.monotonic() + 10
    while n_got + target(switch)["packet_ins_dropped"] < 61:
        assert time.monotonic() < deadline
        n_got += len([m for m in peer.sync() if m[1] == PACKET_IN])
    assert n_got + target(switch)["packet_ins_dropped"] == 61
    shown = switch.ctl("show", "br0")
    assert "50 packet-ins a second and 5 at once" in shown and "packet-ins dropped" in shown, shown


@case
def a_packet_that_no_message_holds_is_cut(switch):
    _, peer = start(switch, 1)
    registers = "".join(f"load:0x11223344->NXM_NX_REG{i}[]," for i in range(16))
    switch.ctl("add-flow", "br0", f"actions={registers}controller:65535")
    for size in (65300, 65490):
        data = frame().ljust(size, b"x")
        peer.send(PACKET_OUT, struct.pack("!IIH6x", ANY, 0xfffffffd, 16) + output(TABLE) + data)
        said = peer.receive()
        assert said[1] == PACKET_IN and said[12:14] == struct.pack("!H", size), said[:32].hex()
        begun = said.index(data[:64])
        assert said[begun:] == data[:len(said) - begun] and len(said) - begun > 57000, begun
        assert (said[begun:] == data) == (size == 65300)
    assert target(switch)["packet_ins_dropped"] == 0


@case
def limits_are_kept_changed_and_checked(switch):
    _, peer = start(switch, 0, "controller-rate-limit=7")
    assert target(switch)["controller_rate_limit"] == 7
    peer.close()
    switch.stop()
    switch.start()
    assert target(switch)["controller_rate_limit"] == 7
    path = f"punix:{switch.dir}/controllers"
    for value in ("-1", "1000001", "x", "7.5"):
        assert "controller" in switch.ctl_fails("set-controller", "br0", path,
                                                f"controller-rate-limit={value}")
    assert "want controller-rate-limit=" in switch.ctl_fails("set-controller", "br0", path,
                                                             "controller-rate=1")
    assert target(switch)["controller_rate_limit"] == 7
    switch.ctl("set-controller", "br0", path)
    assert "controller_rate_limit" not in target(switch)


@case
def a_meter_limits_what_an_action_sends(switch):
    (one, two), peer = start(switch, 2)
    switch.ctl("-O", "OpenFlow13", "add-meter", "br0",
               "meter=1 pktps burst bands=type=drop rate=1 burst_size=5")
    switch.ctl("add-flow", "br0",
               "priority=1,in_port=1,actions=controller(max_len=100,meter_id=1),output:2")
    send(one, 200)
    received = [two.receive()[14:18] for _ in range(200)]
    assert sorted(received) == [struct.pack("!I", n) for n in range(200)], "the packets go on"
    n_got = len([m for m in peer.sync() if m[1] == PACKET_IN])
    # The burst, and one more for a second that may have begun.
    assert 1 <= n_got <= 8, n_got


# Behind a decremented TTL; user space runs all but the first in parts. The last output is to port 2.
BEHIND_TTL = [
    "output:2",
    "output(port=3,max_len=50),output:2",
    "output(port=3,max_len=50),output(port=3,max_len=51),set_field:9->ip_dscp,output:2",
    "clone(meter:1,output:3),output:2",
    "".join(f"set_field:{i}->udp_dst,output:3," for i in range(1, 161)) + "set_field:53->udp_dst,output:2",
]


def ttl_packet(ttl, dscp=0):
    return bytes(Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01") /
                 IP(src="10.0.0.1", dst="10.0.0.2", ttl=ttl, tos=dscp << 2, id=0) / UDP() / Raw(bytes(30)))


def check_ttl(one, two, peer, dscp):
    for _ in range(3):
        one.send(ttl_packet(1))
        message = peer.receive()
        assert message[1] == PACKET_IN and message[14] == INVALID_TTL, message.hex()
        assert message.endswith(ttl_packet(1)), message.hex()
        one.send(ttl_packet(2))
        assert two.receive() == ttl_packet(1, dscp)
    assert peer.sync() == [] and two.receive(0) is None


@case
def an_invalid_ttl_is_told(switch):
    """The packet goes up as it came, once, and nowhere else; one with a TTL left goes on."""
    (one, two, _), peer = start(switch, 3)
    mask = struct.pack("!6I", 7, 7, 0, 0, 0, 0)  # Packet-ins for any reason.
    assert peer.ask(SET_ASYNC, mask) == []
    switch.ctl("add-meter", "br0", "meter=1 pktps bands=type=drop rate=1000000")
    for actions in BEHIND_TTL:
        switch.ctl("-O", "OpenFlow15", "add-flow", "br0", "udp,actions=dec_ttl," + actions)
        check_ttl(one, two, peer, 9 if "dscp" in actions else 0)
    assert switch.ctl_json("dpctl", "show")["dropped"].get("invalid-ttl", 0) == 0


main()
