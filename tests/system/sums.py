#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The sum over a packet that a device made (CHECKSUM_COMPLETE) stays right through every action that
moves or changes bytes on TC. Packets have one when they come out of a VXLAN tunnel; a BPF program at
the port that they leave by tells what the kernel thinks, and what is true."""
import json
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import BUILD, case, main, run, sh, wait_for  # noqa: E402
from hosts import Raw, add_wires  # noqa: E402
from rules import install  # noqa: E402

from scapy.all import ARP, ICMP, SCTP, TCP, UDP, Dot1Q, Ether, IP, IPv6, Raw as Data  # noqa: E402
from scapy.all import ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr  # noqa: E402
from scapy.contrib.mpls import MPLS  # noqa: E402
from scapy.layers.vxlan import VXLAN  # noqa: E402

MAGIC, N_MORE = 0xfeedbeef, 2  # Frames behind the first that the fast path sends.
ETHER = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01")
NET4, NET6 = IP(src="10.0.0.1", dst="10.0.0.2"), IPv6(src="fd00::1", dst="fd00::2")
DATAGRAM = UDP(sport=1000, dport=2000) / Data(b"dxq7" * 30)
IP4, IP6 = NET4 / DATAGRAM, ETHER / NET6 / DATAGRAM
UNSUMMED = ETHER / NET4 / UDP(sport=1000, dport=2000, chksum=0) / Data(b"dxq7" * 30)
ARP4 = ETHER / ARP(hwsrc="02:00:00:00:00:01", psrc="10.0.0.1", pdst="10.0.0.2") / Data(b"x" * 32)
ND = (ETHER / NET6 / ICMPv6ND_NS(tgt="fd00::2") / ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:01") /
      Data(b"x" * 32))
PLAIN, LABELLED, TAGGED = ETHER / IP4, ETHER / MPLS(label=16, s=1, ttl=64) / IP4, ETHER / Dot1Q(vlan=5) / IP4
TWO_LABELS = ETHER / MPLS(label=17, s=0, ttl=64) / MPLS(label=16, s=1, ttl=64) / IP4
TWO_TAGS = ETHER / Dot1Q(vlan=7, type=0x8100) / Dot1Q(vlan=5) / IP4
PBB = Data(bytes(ETHER)[:12] + struct.pack("!HI", 0x88e7, 77) + bytes(PLAIN))
TAGGED_LABEL = ETHER / Dot1Q(vlan=5) / MPLS(label=16, s=1, ttl=64) / IP4

# (packet, flow...); what leaves by port 2, and by port 3 where it says so.
ROWS = [
    (PLAIN, "actions=output:2"),
    (PLAIN, "ip,actions=dec_ttl,output:2"),
    (PLAIN, "udp,actions=set_field:9->udp_dst,set_field:02:00:00:00:00:09->eth_dst,output:2"),
    (PLAIN, "actions=push_vlan:0x8100,push_vlan:0x8100,output:2"),
    (TAGGED, "vlan_tci=0x1000/0x1000,actions=pop_vlan,output:2"),
    (TWO_TAGS, "vlan_tci=0x1000/0x1000,actions=pop_vlan,output:2"),
    (PLAIN, "actions=push_mpls:0x8847,set_field:16->mpls_label,output:2"),
    (PLAIN, "actions=push_mpls:0x8847,push_mpls:0x8847,output:2"),
    (PLAIN, "actions=push_vlan:0x8100,push_mpls:0x8847,output:2"),
    (PLAIN, "actions=push_mpls:0x8847,push_vlan:0x8100,output:2"),
    (TAGGED, "actions=push_mpls:0x8847,output:2"),
    (TWO_TAGS, "actions=push_mpls:0x8847,output:2"),
    (LABELLED, "mpls,actions=set_field:99->mpls_label,dec_mpls_ttl,output:2"),
    (LABELLED, "mpls,actions=pop_mpls:0x0800,output:2"),
    (LABELLED, "mpls,actions=pop_mpls:0x0800,dec_ttl,output:2"),
    (TWO_LABELS, "mpls,actions=pop_mpls:0x8847,output:2"),
    (TAGGED_LABEL, "mpls,actions=pop_mpls:0x0800,output:2"),
    (PLAIN, "actions=push_mpls:0x8847,output:2,pop_mpls:0x0800,output:3"),
    (PLAIN, "actions=push_pbb:0x88e7,set_field:5->pbb_isid,output:2"),
    (TAGGED, "actions=push_pbb:0x88e7,output:2"),
    (PBB, "dl_type=0x88e7,actions=pop_pbb,output:2"),
    (PBB, "dl_type=0x88e7,actions=set_field:5->pbb_isid,output:2"),
    (PLAIN, "actions=push_pbb:0x88e7,set_field:7->pbb_isid,output:3,set_field:5->pbb_isid,output:2"),
    # Tags and EtherTypes that are set: in metadata, in memory, where others were.
    (TAGGED, "vlan_tci=0x1000/0x1000,actions=set_field:4105->vlan_vid,output:2"),
    (TWO_TAGS, "vlan_tci=0x1000/0x1000,actions=pop_vlan,resubmit(,1)",
     "table=1,vlan_tci=0x1000/0x1000,actions=set_field:4105->vlan_vid,push_vlan:0x8100,output:2"),
    (PLAIN, "actions=push_vlan:0x8100,mod_vlan_vid:9,push_vlan:0x88a8,mod_vlan_vid:8,output:2"),
    (TAGGED, "actions=push_mpls:0x8847,mod_vlan_vid:9,output:2"),
    (TAGGED, "actions=push_pbb:0x88e7,pop_pbb,mod_vlan_vid:9,output:2"),
    (TAGGED, "actions=push_pbb:0x88e7,pop_pbb,push_vlan:0x8100,mod_vlan_vid:9,output:2"),
    (PBB, "dl_type=0x88e7,actions=push_vlan:0x88a8,mod_vlan_vid:9,set_field:5->pbb_isid,output:2"),
    (PLAIN, "actions=set_field:0x1234->eth_type,output:2"),
    (TAGGED, "actions=set_field:0x1234->eth_type,output:2"),
    (TWO_TAGS, "actions=set_field:0x1234->eth_type,output:2"),
    # What no checksum of its own makes up for.
    (ARP4, "arp,actions=set_field:2->arp_op,output:2"),
    (ARP4, "arp,actions=set_field:9.8.7.6->arp_spa,set_field:9.8.7.5->arp_tpa,output:2"),
    (ARP4, "arp,actions=set_field:02:00:00:00:00:77->arp_sha,output:2"),
    (ARP4, "arp,actions=set_field:02:03:04:05:06:77->arp_tha,output:2"),
    (UNSUMMED, "udp,actions=set_field:9->udp_dst,set_field:9.8.7.6->ip_dst,output:2"),
    (ETHER / NET4 / SCTP() / Data(b"dxq7"), "sctp,actions=set_field:9->sctp_dst,output:2"),
    (IP6, "udp6,actions=set_field:9->ipv6_label,set_field:9->ip_dscp,dec_ttl,output:2"),
    (ETHER / MPLS(label=16, s=1, ttl=9) / NET6 / DATAGRAM, "mpls,actions=copy_ttl_in,output:2"),
    # What one does.
    (IP6, "udp6,actions=set_field:9->udp_dst,set_field:fd00::9->ipv6_dst,output:2"),
    (ND, "icmp6,icmp_type=135,icmp_code=0,actions=set_field:fd00::7->nd_target,"
     "set_field:02:00:00:00:00:77->nd_sll,output:2"),
    (ETHER / NET4 / TCP() / Data(b"dxq7"), "tcp,actions=set_field:9->tcp_dst,output:2"),
    (ETHER / NET4 / ICMP() / Data(b"dxq7"), "icmp,actions=set_field:9->icmp_type,output:2"),
    (LABELLED, "mpls,actions=copy_ttl_in,output:2"),
    (LABELLED, "mpls,actions=copy_ttl_out,output:2"),
]


def tunnel():
    """A VXLAN device, vx, and how to send into it: software checks the outer sum, and keeps it."""
    sh("ip link add ua type veth peer name ub; ip link set ua up; ip link set ub up;"
       "ip addr add 10.1.0.2/24 dev ub; ethtool -K ub rx off; ethtool -K ua tx off;"
       "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.ub.rp_filter=0;"
       "ip link add vx type vxlan id 5 local 10.1.0.2 dstport 4789 dev ub udpcsum;"
       "ip link set vx up promisc on")
    (link,) = json.loads(run("ip", "-j", "link", "show", "ub"))
    outer = (Ether(dst=link["address"], src="02:00:00:00:09:09") / IP(src="10.1.0.1", dst="10.1.0.2") /
             UDP(sport=7777, dport=4789) / VXLAN(vni=5, flags=8))
    wire = Raw("ua")
    return lambda data: wire.send(bytes(outer / Data(bytes(data))))


def folded(total):
    return ((total & 0xffff) + (total >> 16)) % 0xffff


def has_sum(wire, what):
    """Whether the next frame has one, which must be right. What user space sent has none."""
    data = wire.receive()
    assert data, f"{what}: nothing leaves {wire.port}"
    magic, is_there, said, true = struct.unpack("=IIII", data[-16:])
    assert magic == MAGIC, f"{what}: the program did not see it"
    assert not is_there or folded(said) == folded(true), f"{what}: {wire.port}: {said:#x}, not {true:#x}"
    return bool(is_there)


@case
def sums_stay_right(switch):
    switch.expect("device 'vx' is missing|is missing, port . waits for it")
    send = tunnel()
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("add-port", "br0", "vx", "ofport=1", "hook=tc")
    wires = add_wires(switch, 2, "tc", first=2)
    for wire in wires:
        sh(f"tc qdisc add dev {wire.port} clsact;"
           f"tc filter add dev {wire.port} egress bpf da obj {BUILD}/tests/system/sum.bpf.o sec tc")
    for data, *flows in ROWS:
        install(switch, *flows)
        text = " ".join(flows)
        outputs = wires[:2 if "output:3" in text else 1]

        def came_with_sums():
            send(data)
            return all([has_sum(wire, text) for wire in outputs])

        came_with_sums()
        wait_for(came_with_sums, f"{text}: frames with sums")
        assert all(came_with_sums() for _ in range(N_MORE)), text


main()
