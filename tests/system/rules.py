# SPDX-License-Identifier: Apache-2.0
"""Rules, a packet, and what has to become of it: which frames leave where, what each entry counts,
and that later packets stay in the fast path."""
from harness import wait_for
from hosts import expect_frames

from scapy.all import Dot1Q, Ether, IP, Raw, UDP
from scapy.contrib.mpls import MPLS

N_PACKETS = 20


def packet(dst="02:00:00:00:00:02", port=2000, tag=None, label=None, src="02:00:00:00:00:01",
           source=1000):
    """A UDP datagram from port `source` to `port`, behind a tag or a label."""
    data = Ether(dst=dst, src=src)
    data = data / Dot1Q(vlan=tag) if tag else data
    data = data / MPLS(label=label, s=1, ttl=64) if label else data
    return bytes(data / IP(src="10.0.0.1", dst="10.0.0.2", id=0) / UDP(sport=source, dport=port) /
                 Raw(b"d" * 37))


PLAIN, OTHER_MAC, OTHER_PORT = packet(), packet(dst="02:00:00:00:00:09"), packet(port=9)
TAGGED, LABELLED = packet(tag=5), packet(label=16)
SET_MAC, SET_PORT = "set_field:02:00:00:00:00:09->eth_dst", "set_field:9->udp_dst"


def ctl(switch, *args):
    return switch.ctl("-O", "OpenFlow15", *args)


def install(switch, *flows, groups=()):
    """These and no others."""
    ctl(switch, "del-flows", "br0")
    ctl(switch, "del-groups", "br0")
    for group in groups:
        ctl(switch, "add-group", "br0", group)
    for flow in flows:
        ctl(switch, "add-flow", "br0", flow)


def upcalls(switch, device="p1"):
    return switch.ports("br0")[device]["stats"]["upcalls"]


def counts(switch):
    return sorted(flow["packets"] for flow in switch.ctl_json("-O", "OpenFlow15", "dump-flows", "br0"))


def expect_counts(switch, flows, n, name):
    """Each entry has counted its share of `n` packets."""
    wanted = sorted(share * n for share in flows.values())
    try:  # User space sends a packet before it counts it.
        wait_for(lambda: counts(switch) == wanted, "the counts", 2)
    except AssertionError:
        raise AssertionError(f"{name}: {counts(switch)}, not {wanted}") from None


def check(switch, wires, name, flows, data, frames, groups=(), sender=1):
    """Sends `data` into wire `sender` again and again. `flows` has for each entry how many of its
    packets one packet makes, `frames` what leaves for one, by wire."""
    install(switch, *flows, groups=groups)
    before = None
    for number in range(N_PACKETS):
        if number == N_PACKETS - 1:
            before = upcalls(switch)
        wires[sender - 1].send(data)
        expect_frames(wires, frames, name)
    assert upcalls(switch) == before, f"{name}: the last packet raised an upcall"
    expect_counts(switch, flows, N_PACKETS, name)
