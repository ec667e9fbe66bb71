#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Packets of several segments that leave with tags, labels or a backbone header: each segment that
reaches the far end is, byte for byte, what Scapy builds; the first packet by the slow path, the
second by the fast path."""
import os
import socket
import struct
import sys

from scapy.all import IP, TCP, UDP, Dot1AD, Dot1Q, Ether, IPv6, Raw, raw
from scapy.contrib.mpls import MPLS

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Skip, cases, main, sh  # noqa: E402
from hosts import add_wires  # noqa: E402

SOL_PACKET, PACKET_VNET_HDR = 263, 15
NEEDS_CSUM, GSO_TCP4, GSO_TCP6, GSO_UDP = 1, 1, 4, 5
SEGMENT, SIZE = 1000, 3501
MACS = {"dst": "02:00:00:00:00:02", "src": "02:00:00:00:00:01"}
DATA = bytes(i * 7 & 255 for i in range(SIZE))


def pbb(inner):
    return struct.pack("!12sHI", raw(Ether(**MACS))[:12], 0x88e7, 5) + inner


# Actions, and what they make of a frame's layers behind the Ethernet header.
TTL = 64
LISTS = (
    ("mod_vlan_vid:5", lambda l3: raw(Ether(**MACS) / Dot1Q(vlan=5) / l3)),
    ("push_vlan:0x88a8,mod_vlan_vid:5,push_vlan:0x8100,mod_vlan_vid:6",
     lambda l3: raw(Ether(**MACS, type=0x8100) / Dot1Q(vlan=6, type=0x88a8) / Dot1AD(vlan=5) / l3)),
    ("push_mpls:0x8847,set_field:100->mpls_label",
     lambda l3: raw(Ether(**MACS) / MPLS(label=100, s=1, ttl=TTL) / l3)),
    ("push_mpls:0x8847,set_field:100->mpls_label,push_mpls:0x8847,set_field:7->mpls_label",
     lambda l3: raw(Ether(**MACS) / MPLS(label=7, s=0, ttl=TTL) / MPLS(label=100, s=1, ttl=TTL) /
                    l3)),
    ("push_mpls:0x8847,set_field:100->mpls_label,mod_vlan_vid:5",
     lambda l3: raw(Ether(**MACS) / Dot1Q(vlan=5) / MPLS(label=100, s=1, ttl=TTL) / l3)),
    ("mod_vlan_vid:5,push_mpls:0x8847,set_field:100->mpls_label",
     lambda l3: raw(Ether(**MACS, type=0x8847) / MPLS(label=100, s=1, ttl=TTL) /
                    Raw(raw(Ether(**MACS) / Dot1Q(vlan=5) / l3)[14:]))),
    ("push_pbb:0x88e7,set_field:5->pbb_isid", lambda l3: pbb(raw(Ether(**MACS) / l3))),
    ("dec_ttl,push_mpls:0x8847,set_field:100->mpls_label,set_mpls_ttl:9",
     lambda l3: raw(Ether(**MACS) / MPLS(label=100, s=1, ttl=9) / lower_ttl(l3))),
)


def lower_ttl(l3):
    l3 = l3.copy()
    if IPv6 in l3:
        l3.hlim -= 1
    else:
        l3.ttl -= 1
        del l3.chksum
    return l3


def layer3(v6, l4, number=0):
    ip = (IPv6(src="fd00::1", dst="fd00::2", hlim=TTL) if v6 else
          IP(src="10.0.0.1", dst="10.0.0.2", id=65534 + number & 0xffff, ttl=TTL))
    return ip / l4


def large(v6, is_tcp):
    """The packet as a sender hands it over: its checksum is the pseudo header's sum."""
    l4 = TCP(sport=1, dport=2, seq=2**32 - 1500, flags="FPA") if is_tcp else UDP(sport=1, dport=2)
    data = bytearray(raw(Ether(**MACS) / layer3(v6, l4 / Raw(DATA))))
    l4_at = 14 + (40 if v6 else 20)
    addresses = bytes(data[22:54] if v6 else data[26:34])
    total = sum(struct.unpack(f"!{len(addresses) // 2}H", addresses)) + len(data) - l4_at + (
        socket.IPPROTO_TCP if is_tcp else socket.IPPROTO_UDP)
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    csum_offset = 16 if is_tcp else 6
    struct.pack_into("!H", data, l4_at + csum_offset, total)
    kind = (GSO_TCP6 if v6 else GSO_TCP4) if is_tcp else GSO_UDP
    return struct.pack("=BBHHHH", NEEDS_CSUM, kind, l4_at + (20 if is_tcp else 8), SEGMENT, l4_at,
                       csum_offset) + bytes(data)


def segments(v6, is_tcp):
    """What it stands for, each with its layer 3."""
    for number, start in enumerate(range(0, SIZE, SEGMENT)):
        part = Raw(DATA[start:start + SEGMENT])
        l4 = UDP(sport=1, dport=2) if not is_tcp else TCP(
            sport=1, dport=2, seq=(2**32 - 1500 + start) % 2**32,
            flags="FPA" if start + SEGMENT >= SIZE else "A")
        built = layer3(v6, l4 / part, number)
        yield type(built)(raw(built))


def send(wire, data):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        sender.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        sender.bind((wire.end, 0))
        sender.send(data)


def check_lists(switch, v6, is_tcp):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 2, "tc", gro=False)
    sh(f"ethtool -K {wires[1].port} tso off gso off tx off")
    for actions, header in LISTS:
        before = switch.ctl_json("dpctl", "show")
        match = "in_port=1,ipv6" if v6 else "in_port=1,ip"
        switch.ctl("add-flow", "br0", f"{match},actions={actions},output:2")
        switch.ctl("dpctl", "del-flows")
        expected = [header(l3) for l3 in segments(v6, is_tcp)]
        for way in ("slow path", "fast path"):
            try:
                send(wires[0], large(v6, is_tcp))
            except OSError as error:
                raise Skip(f"packet sockets take no such packet here: {error}") from error
            got = [wires[1].receive() for _ in expected]
            assert got == expected, (actions, way, [g and g.hex() for g in got],
                                     [e.hex() for e in expected])
        assert wires[1].is_silent()
        after = switch.ctl_json("dpctl", "show")
        assert after["dropped"] == before["dropped"], (actions, after["dropped"])
        n_large = after["held"]["large"] - before["held"]["large"]
        assert n_large == ("mpls" in actions or "pbb" in actions), (actions, n_large)
        # Each packet that was offered, and each segment that user space sent, is booked.
        grown = {name: n - before["packets"][name] for name, n in after["packets"].items()}
        assert grown["received"] == grown["forwarded"] + grown["consumed"], (actions, grown)


def for_packet(v6, is_tcp):
    def one(switch):
        check_lists(switch, v6, is_tcp)
    one.__name__ = f"segments_of_{'tcp' if is_tcp else 'udp'}{6 if v6 else 4}"
    return one


cases.extend(for_packet(v6, is_tcp) for is_tcp in (True, False) for v6 in (False, True))
main()
