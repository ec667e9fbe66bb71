# SPDX-License-Identifier: Apache-2.0
"""Ethernet frames as bytes: what fields one has, where they stand, and checksums made from scratch.

A frame is read anew for every question, so that nothing can be out of date. Formats: IEEE 802.1Q;
RFC 826, 791, 8200, 3032, 768, 9293, 792, 4443.
"""
import struct

ARP, IP, IP6, MPLS = 0x0806, 0x0800, 0x86dd, (0x8847, 0x8848)
TAGS = (0x8100, 0x88a8)
ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
L4_SIZE = {ICMP: 8, TCP: 20, UDP: 8, ICMP6: 4}
CHECKSUM_AT = {ICMP: 2, TCP: 16, UDP: 6, ICMP6: 2}


class View:
    """The fields of a frame: `where` has of each (first byte, bytes, bits behind it, bits)."""

    def __init__(self, data):
        self.data = data
        self.where = {"eth_dst": (0, 6, 0, 48), "eth_src": (6, 6, 0, 48)}
        self.n_tags = self.l3 = self.l4 = self.proto = 0
        at = 12
        while self.n_tags < 2 and self.u16(at) in TAGS:
            if not self.n_tags:
                self.where["vlan_pcp"] = (at + 2, 2, 13, 3)
                self.where["vlan_id"] = (at + 2, 2, 0, 12)
            self.n_tags += 1
            at += 4
        self.eth_type = self.u16(at)
        self.l2 = at  # Of the EtherType; what it names stands behind.
        self._read_l3(at + 2)

    def u16(self, at):
        return struct.unpack_from("!H", self.data, at)[0]

    def _read_l3(self, at):
        if self.eth_type == IP and self.data[at] >> 4 == 4:
            size = (self.data[at] & 15) * 4
            if 20 <= size <= len(self.data) - at:  # Not what a pop took for IP.
                self._read_ip(at)
        elif self.eth_type == IP6 and self.data[at] >> 4 == 6:
            self._read_ip6(at)
        elif self.eth_type == ARP:
            self.where.update(arp_op=(at + 6, 2, 0, 16), arp_sha=(at + 8, 6, 0, 48),
                              arp_spa=(at + 14, 4, 0, 32), arp_tha=(at + 18, 6, 0, 48),
                              arp_tpa=(at + 24, 4, 0, 32))
        elif self.eth_type in MPLS:
            self.where.update(mpls_label=(at, 4, 12, 20), mpls_tc=(at, 4, 9, 3), mpls_bos=(at, 4, 8, 1),
                              mpls_ttl=(at, 4, 0, 8))

    def _read_ip(self, at):
        self.l3 = at
        self.where.update(ip_dscp=(at + 1, 1, 2, 6), ip_ecn=(at + 1, 1, 0, 2), ip_ttl=(at + 8, 1, 0, 8),
                          ip_proto=(at + 9, 1, 0, 8), ip_src=(at + 12, 4, 0, 32), ip_dst=(at + 16, 4, 0, 32),
                          _frag=(at + 6, 2, 0, 16))
        self._read_l4(at + (self.data[at] & 15) * 4, self.data[at + 9])

    def _read_ip6(self, at):
        self.l3 = at
        self.where.update(ip_dscp=(at, 4, 22, 6), ip_ecn=(at, 4, 20, 2), ip_ttl=(at + 7, 1, 0, 8),
                          ip_proto=(at + 6, 1, 0, 8), ipv6_label=(at, 4, 0, 20),
                          ipv6_src=(at + 8, 16, 0, 128), ipv6_dst=(at + 24, 16, 0, 128))
        self._read_l4(at + 40, self.data[at + 6])

    def _read_l4(self, at, proto):
        size = L4_SIZE.get(proto)
        if self.fragment() & 2 or not size or (proto == ICMP) != (self.eth_type == IP) and (
                proto in (ICMP, ICMP6)):
            return
        if at + size > self.l3_end():
            return
        self.l4, self.proto = at, proto
        if proto in (TCP, UDP):
            self.where.update(tp_src=(at, 2, 0, 16), tp_dst=(at + 2, 2, 0, 16))
            if proto == TCP:
                self.where.update(tcp_flags=(at + 12, 2, 0, 12))
        else:
            self.where.update(icmp_type=(at, 1, 0, 8), icmp_code=(at + 1, 1, 0, 8))

    def fragment(self):
        """Bit 0: a fragment; bit 1: not the first."""
        if "_frag" not in self.where:
            return 0
        frag = self.get("_frag")
        return 3 if frag & 0x1fff else 1 if frag & 0x2000 else 0

    def l3_end(self):
        if self.eth_type == IP:
            return self.l3 + self.u16(self.l3 + 2)
        return self.l3 + 40 + self.u16(self.l3 + 4)

    def get(self, name):
        """A field's value; 0 when the frame has no such field."""
        if name not in self.where:
            return 0
        at, n, low, bits = self.where[name]
        return int.from_bytes(self.data[at:at + n], "big") >> low & (1 << bits) - 1

    def vlan_vid(self):
        """As OpenFlow matches it: bit 12 says that there is a tag."""
        return 0x1000 | self.get("vlan_id") if self.n_tags else 0


def put(data, name, value):
    """A copy with one field changed, checksums made again; as it was if there is no such field."""
    view = View(data)
    if name not in view.where:
        return data
    at, n, low, bits = view.where[name]
    word = int.from_bytes(data[at:at + n], "big")
    word = word & ~((1 << bits) - 1 << low) | value << low
    return with_checksums(data[:at] + word.to_bytes(n, "big") + data[at + n:])


def _sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def _patch(data, at, value):
    return data[:at] + struct.pack("!H", value) + data[at + 2:]


def with_checksums(data):
    view = View(data)
    if not view.l3:
        return data
    if view.eth_type == IP:
        end = view.l3 + (data[view.l3] & 15) * 4
        data = _patch(data, view.l3 + 10, 0)
        data = _patch(data, view.l3 + 10, _sum(data[view.l3:end]))
    if not view.l4:
        return data
    at = view.l4 + CHECKSUM_AT[view.proto]
    if view.proto == UDP and view.u16(at) == 0:  # No checksum is wanted.
        return data
    payload = _patch(data, at, 0)[view.l4:view.l3_end()]
    addresses = (data[view.l3 + 12:view.l3 + 20] if view.eth_type == IP
                 else data[view.l3 + 8:view.l3 + 40])
    pseudo = b"" if view.proto == ICMP else addresses + struct.pack("!II", len(payload), view.proto)
    value = _sum(pseudo + payload)
    return _patch(data, at, 0xffff if view.proto == UDP and not value else value)


# ---- Headers that come and go ----

def push_vlan(data, tpid):
    """The new tag has the VID and PCP of the one that was outermost."""
    view = View(data)
    tci = view.u16(14) & 0xefff if view.n_tags else 0
    return data[:12] + struct.pack("!HH", tpid, tci) + data[12:]


def pop_vlan(data):
    return data[:12] + data[16:] if View(data).n_tags else data


def push_mpls(data, eth_type):
    """Before all tags. Label and TC are those of the label that was outermost, the TTL also the IP
    header's; before another label it is not the bottom."""
    view = View(data)
    if view.eth_type in MPLS:
        entry = struct.unpack_from("!I", data, view.l2 + 2)[0] & ~0x100
    else:
        entry = view.get("ip_ttl")
    if view.n_tags or view.eth_type not in MPLS:
        entry |= 0x100
    return data[:12] + struct.pack("!HI", eth_type, entry) + data[14:]


def pop_mpls(data, eth_type):
    view = View(data)
    if view.eth_type not in MPLS:
        return data
    return data[:view.l2] + struct.pack("!H", eth_type) + data[view.l2 + 6:]
