#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""multipath, bundle and bundle_load with packets: a flow keeps its link, many flows spread over
all, what is not hashed makes no difference, and a bundle leaves a port that has lost its link."""
import errno
import functools
import os
import select
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import cases, for_hook, main, patience, run, wait_for  # noqa: E402
from hosts import add_wires  # noqa: E402
from rules import ctl, install  # noqa: E402

from scapy.all import Ether, IP, IPv6, Raw, TCP, UDP  # noqa: E402

LINKS = {2, 3, 4}
N_FLOWS = 24  # Their hashes are the same in each run.
FIELDS = ("eth_src", "eth_dst", "ip_src", "ip_dst", "sport", "dport")
# What makes a difference to each hash, of TCP and of UDP; and is it the same for both directions?
MACS, ADDRESSES, PORTS = set(FIELDS[:2]), set(FIELDS[2:4]), set(FIELDS[4:])
HASHES = {"eth_src": ({"eth_src"}, {"eth_src"}, False),
          "symmetric_l4": (MACS | ADDRESSES | PORTS, MACS | ADDRESSES, True),
          "symmetric_l3l4": (ADDRESSES | PORTS, ADDRESSES, True),
          "symmetric_l3l4+udp": (ADDRESSES | PORTS, ADDRESSES | PORTS, True),
          "nw_src": ({"ip_src"}, {"ip_src"}, False),
          "nw_dst": ({"ip_dst"}, {"ip_dst"}, False),
          "symmetric_l3": (ADDRESSES, ADDRESSES, True)}
BY_LINK = [f"table=1,reg0={link - 2},actions=output:{link}" for link in sorted(LINKS)]


@functools.lru_cache(maxsize=None)
def packet(transport=TCP, network=IP, reverse=False, **numbers):
    """A packet whose fields have numbers, 1 where none is given."""
    n = {**dict.fromkeys(FIELDS, 1), **numbers}
    prefix = "10.0.0." if network is IP else "fd00::"
    macs = [f"02:00:00:00:01:{n['eth_src']:02x}", f"02:00:00:00:02:{n['eth_dst']:02x}"]
    addresses = [f"{prefix}{n['ip_src']}", f"{prefix}{n['ip_dst'] + 100}"]
    ports = [n["sport"], n["dport"] + 1000]
    step = -1 if reverse else 1
    (mac, to_mac), (address, to), (port, to_port) = macs[::step], addresses[::step], ports[::step]
    return bytes(Ether(src=mac, dst=to_mac) / network(src=address, dst=to) /
                 transport(sport=port, dport=to_port) / Raw(b"d" * 30))


def varied(field, **others):
    return [packet(**{field: n}, **others) for n in range(1, N_FLOWS + 1)]


FLOWS = varied("sport")


class Sender:
    """Sends from port 1 and sees by which one port each frame leaves."""

    def __init__(self, switch, hook):
        switch.start()
        switch.ctl("add-br", "br0", "fail-mode=secure")
        self.switch, self.wires, self.n_sent = switch, add_wires(switch, 4, hook), 0

    def install(self, *flows):
        install(self.switch, *flows)
        self.n_sent = 0

    def links(self, frames, seconds=patience(5)):
        """By which port each leaves; None: it did not. They are all different."""
        for wire in self.wires:
            while self.receive(wire.socket):  # Late ones of an earlier call.
                pass
        for data in frames:
            self.wires[0].send(data)
        self.n_sent += len(frames)
        found, sockets = {}, [wire.socket for wire in self.wires]
        while len(found) < len(frames) and (ready := select.select(sockets, [], [], seconds)[0]):
            found.update((self.receive(s), sockets.index(s) + 1) for s in ready)
            found.pop(None, None)
        return [found.get(data) for data in frames]

    @staticmethod
    def receive(sock):
        try:
            return sock.recv(65536, socket.MSG_DONTWAIT)
        except OSError as error:  # A lost link is told once.
            assert error.errno in (errno.EAGAIN, errno.ENETDOWN), error
            return None

    def spread(self, frames, name):
        """The link of each flow, which it keeps."""
        links = self.links(frames)
        assert self.links(frames) == links, f"{name}: another link for a later packet"
        assert set(links) == LINKS, f"{name}: {links}"
        assert not any(self.receive(wire.socket) for wire in self.wires), f"{name}: copies"
        return links

    def expect_count(self):
        """The entry that chooses has counted every packet."""
        flows = self.switch.ctl_json("-O", "OpenFlow15", "dump-flows", "br0")
        assert max(flow["packets"] for flow in flows) == self.n_sent, flows

    def set_link(self, number, state):
        wire = self.wires[number - 1]
        run("ip", "link", "set", wire.end, state)
        wait_for(lambda: self.switch.ports("br0")[wire.port]["carrier"] == (state == "up"),
                 f"port {number} is {state}")


def each_hash_has_its_fields(sender):
    for name, (of_tcp, of_udp, is_symmetric) in HASHES.items():
        sender.install(f"actions=multipath({name},50,hrw,3,0,NXM_NX_REG0[]),resubmit(,1)", *BY_LINK)
        for transport, network, counts in (TCP, IP, of_tcp), (UDP, IP, of_udp), (TCP, IPv6, of_tcp):
            for field in FIELDS:
                what = {"transport": transport, "network": network}
                if field not in counts:
                    links = set(sender.links(varied(field, **what)[:6]))
                    assert len(links) == 1, (name, field, what, links)
                    continue
                links = sender.spread(varied(field, **what), (name, field, what))
                back = sender.links(varied(field, **what, reverse=True)) if is_symmetric else links
                assert back == links, (name, field, what)
        sender.expect_count()


def each_algorithm_spreads(sender):
    found = []
    for basis, what in (50, "modulo_n,3,0"), (50, "hash_threshold,3,0"), (50, "hrw,3,0"), \
            (50, "iter_hash,3,4"), (51, "hrw,3,0"):
        sender.install(f"actions=multipath(symmetric_l4,{basis},{what},NXM_NX_REG0[4..7]),"
                       "move:NXM_NX_REG0[4..7]->NXM_NX_REG0[0..3],load:0->NXM_NX_REG0[4..7],resubmit(,1)",
                       *BY_LINK)
        links = sender.spread(FLOWS, what)
        assert links not in found, what  # Another algorithm, or basis, another choice.
        found.append(links)
        sender.expect_count()
    sender.install("actions=multipath(symmetric_l4,50,hrw,1,0,NXM_NX_REG0[]),resubmit(,1)", *BY_LINK)
    assert set(sender.links(FLOWS)) == {2}


def a_bundle_leaves_a_lost_link(sender):
    for actions in ("bundle(symmetric_l4,60,hrw,ofport,members:2,3,4)",
                    "bundle_load(symmetric_l4,60,hrw,ofport,NXM_NX_REG1[0..15],members:2,3,4),"
                    "output:NXM_NX_REG1[0..15]"):
        sender.install(f"actions={actions}")
        links = sender.spread(FLOWS, actions)
        sender.set_link(2, "down")
        moved = wait_for(lambda: set(now := sender.links(FLOWS, 0.05)) == {3, 4} and now, "all moved")
        assert all(now == then for now, then in zip(moved, links) if then != 2), (links, moved)
        assert {now for now, then in zip(moved, links) if then == 2} == {3, 4}, (links, moved)
        sender.set_link(2, "up")
        wait_for(lambda: sender.links(FLOWS, 0.05) == links, "all are back")
        sender.expect_count()


def an_active_backup(sender):
    rest = {"bundle(eth_src,0,active_backup,ofport,members:3,2)": None,
            "bundle_load(eth_src,0,active_backup,ofport,NXM_NX_REG0[],members:3,2),resubmit(,1)": 4}
    for actions, last in rest.items():
        sender.install(f"actions={actions}", "table=1,reg0=2,actions=output:2",
                       "table=1,reg0=3,actions=output:3", "table=1,reg0=0xffff,actions=output:4")
        assert set(sender.links(FLOWS)) == {3}, actions
        sender.set_link(3, "down")
        wait_for(lambda: set(sender.links(FLOWS, 0.05)) == {2}, actions)
        sender.set_link(2, "down")
        wait_for(lambda: set(sender.links(FLOWS[:3], 0.05)) == {last}, actions)
        sender.set_link(2, "up")
        wait_for(lambda: set(sender.links(FLOWS, 0.05)) == {2}, actions)
        sender.set_link(3, "up")
        wait_for(lambda: set(sender.links(FLOWS, 0.05)) == {3}, actions)
        sender.expect_count()


def choices(switch, hook):
    switch.expect("its link flaps")
    sender = Sender(switch, hook)
    if hook == "tc":  # What is hashed is a matter of translation alone.
        each_hash_has_its_fields(sender)
    each_algorithm_spreads(sender)
    a_bundle_leaves_a_lost_link(sender)
    an_active_backup(sender)


cases.extend(for_hook(choices, hook) for hook in ("tc", "xdp"))
main()
