#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What stays in the fast path: after a flow's first packets the counter of upcalls stands still,
for every kind of match, action, group and meter that docs/fast-path.md names; and what that page
gives to user space comes up, packet by packet, and leaves all the same."""
import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import cases, main, sh, wait_for  # noqa: E402
from hosts import add_wires  # noqa: E402

from scapy.all import (ARP, Dot1AD, Dot1Q, Ether, ICMP, ICMPv6EchoRequest,  # noqa: E402
                       ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IP, IPv6, Raw, SCTP, TCP, UDP)
from scapy.contrib.mpls import MPLS  # noqa: E402

N_PORTS = 4
N_LATER = 50
SO_RCVBUFFORCE = 33  # Not in Python's socket module.

ETHER = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01")
DATA = Raw(b"d" * 37)
UDP4 = ETHER / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1000, dport=2000) / DATA
TCP4 = ETHER / IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=1000, dport=80) / DATA
SCTP4 = ETHER / IP(src="10.0.0.1", dst="10.0.0.2") / SCTP(sport=1000, dport=80) / DATA
ICMP4 = ETHER / IP(src="10.0.0.1", dst="10.0.0.2") / ICMP() / DATA
UDP6 = ETHER / IPv6(src="fd00::1", dst="fd00::2") / UDP(sport=1000, dport=2000) / DATA
ICMP6 = ETHER / IPv6(src="fd00::1", dst="fd00::2") / ICMPv6EchoRequest(data=b"d" * 30)
ND = (ETHER / IPv6(src="fd00::1", dst="fd00::2", hlim=255) / ICMPv6ND_NS(tgt="fd00::2") /
      ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:01"))
ARPS = ETHER / ARP(psrc="10.0.0.1", pdst="10.0.0.2", hwsrc="02:00:00:00:00:01") / DATA
TAGGED = ETHER / Dot1Q(vlan=5) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP() / DATA
QINQ = ETHER / Dot1AD(vlan=7) / Dot1Q(vlan=5) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP() / DATA
LABEL = ETHER / MPLS(label=16, s=1, ttl=64) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP() / DATA
LABELS = (ETHER / MPLS(label=17, s=0, ttl=64) / MPLS(label=16, s=1, ttl=64) /
          IP(src="10.0.0.1", dst="10.0.0.2") / UDP() / DATA)
PBB = Raw(bytes(ETHER)[:12] + struct.pack("!HI", 0x88e7, 77) + bytes(UDP4))


class Flows:
    """A set of rules, a frame for port 1, and how many frames leave for one of them."""

    def __init__(self, name, data, n_out, *flows, groups=(), meters=(), version="OpenFlow15"):
        self.name, self.frame, self.n_out = name, bytes(data), n_out
        self.flows, self.groups, self.meters, self.version = flows, groups, meters, version

    def install(self, switch):
        switch.ctl("-O", self.version, "del-flows", "br0")
        switch.ctl("-O", self.version, "del-groups", "br0")
        switch.ctl("-O", self.version, "del-meter", "br0")
        for verb, texts in (("add-meter", self.meters), ("add-group", self.groups),
                            ("add-flow", self.flows)):
            for text in texts:
                switch.ctl("-O", self.version, verb, "br0", text)


def sets(data, protocol, *fields):
    """One case a field: a flow that sets it and sends the frame on."""
    return [Flows(f"set_{field.split('->')[1]}", data, 1,
                  f"{protocol} actions=set_field:{field},output:2") for field in fields]


def group(kind, *buckets):
    return f"group_id=1,type={kind}," + ",".join(f"bucket={b}" for b in buckets)


FAST = [
    Flows("output", UDP4, 1, "actions=output:2"),
    Flows("output_to_three", UDP4, 3, "actions=output:2,output:3,output:4"),
    Flows("output_to_in_port", UDP4, 1, "actions=in_port"),
    Flows("output_to_local", UDP4, 0, "actions=local"),
    Flows("drop", UDP4, 0, "actions=drop"),
    Flows("table_miss", UDP4, 0, "priority=0,table=1,actions=output:2"),
    Flows("flood", UDP4, 3, "actions=flood"),
    Flows("all", UDP4, 3, "actions=all"),
    Flows("normal", UDP4, 3, "actions=normal"),
    Flows("truncated", UDP4, 1, "actions=output(port=2,max_len=64)"),
    Flows("truncated_ever_more", UDP4, 2,
          "actions=output(port=2,max_len=70),output(port=3,max_len=64)"),
    *sets(UDP4, "udp", "02:00:00:00:00:09->eth_src", "02:00:00:00:00:09->eth_dst",
          "10.9.9.9->ip_src", "10.9.9.9->ip_dst", "46->ip_dscp", "2->nw_ecn", "9->nw_ttl",
          "9->udp_src", "9->udp_dst", "10.9.0.0/255.255.0.0->ip_dst"),
    *sets(TCP4, "tcp", "9->tcp_src", "9->tcp_dst"),
    *sets(SCTP4, "sctp", "9->sctp_src", "9->sctp_dst"),
    *sets(ICMP4, "icmp", "9->icmp_type", "9->icmp_code"),
    *sets(UDP6, "udp6", "fd09::9->ipv6_src", "fd09::9->ipv6_dst", "0x12345->ipv6_label"),
    *sets(ICMP6, "icmp6", "9->icmpv6_type", "9->icmpv6_code"),
    *sets(ND, "icmp6,icmp_type=135", "fd09::9->nd_target", "02:00:00:00:00:09->nd_sll"),
    *sets(ARPS, "arp", "2->arp_op", "10.9.9.9->arp_spa", "10.9.9.9->arp_tpa",
          "02:00:00:00:00:09->arp_sha", "02:00:00:00:00:09->arp_tha"),
    *sets(TAGGED, "vlan_tci=0x1000/0x1000", "4103->vlan_vid", "3->vlan_pcp"),
    *sets(LABEL, "mpls", "99->mpls_label", "3->mpls_tc"),
    *sets(UDP4, "ip", "5->metadata", "5->reg3", "5->xxreg1"),
    Flows("push_vlan", UDP4, 1, "actions=push_vlan:0x8100,set_field:4101->vlan_vid,output:2"),
    Flows("push_two_tags", UDP4, 1, "actions=push_vlan:0x8100,push_vlan:0x88a8,output:2"),
    Flows("pop_vlan", TAGGED, 1, "vlan_tci=0x1000/0x1000,actions=pop_vlan,output:2"),
    Flows("pop_two_tags", QINQ, 1, "table=0,vlan_tci=0x1000/0x1000,actions=pop_vlan,goto_table:1", "table=1,vlan_tci=0x1000/0x1000,actions=pop_vlan,output:2"),
    Flows("push_mpls", UDP4, 1, "actions=push_mpls:0x8847,set_field:16->mpls_label,output:2"),
    Flows("pop_mpls", LABEL, 1, "mpls,actions=pop_mpls:0x0800,output:2"),
    Flows("pop_mpls_of_two", LABELS, 1, "mpls,actions=pop_mpls:0x8847,output:2"),
    Flows("dec_mpls_ttl", LABEL, 1, "mpls,actions=dec_mpls_ttl,output:2"),
    Flows("look_below_a_popped_label", LABEL, 1, "table=0,mpls actions=pop_mpls:0x0800,goto_table:1",
          "table=1,ip,nw_dst=10.0.0.2 actions=dec_ttl,output:2"),
    Flows("push_pbb", UDP4, 1, "actions=push_pbb:0x88e7,set_field:5->pbb_isid,output:2"),
    Flows("pop_pbb", PBB, 1, "dl_type=0x88e7,actions=pop_pbb,output:2"),
    Flows("dec_ttl", UDP4, 1, "ip,actions=dec_ttl,output:2"),
    Flows("dec_hop_limit", UDP6, 1, "ipv6,actions=dec_ttl,output:2"),
    Flows("copy_ttl_out", LABEL, 1, "mpls,actions=copy_ttl_out,output:2"),
    Flows("copy_ttl_in", LABEL, 1, "mpls,actions=copy_ttl_in,output:2"),
    Flows("many_actions", UDP4, 1, "udp,actions=" + "".join(
        f"set_field:10.0.0.{i}->ip_dst,set_field:{i}->udp_dst," for i in range(1, 17)) + "output:2"),
    Flows("tables_and_metadata", UDP4, 1, "table=0,actions=write_metadata:7,goto_table:5",
          "table=5,metadata=7,actions=output:2"),
    Flows("action_set", UDP4, 1,
          "table=0,actions=write_actions(output:3),goto_table:1",
          "table=1,udp,actions=clear_actions,write_actions(set_field:9->udp_dst,output:2)"),
    Flows("egress_like_resubmit", UDP4, 1, "table=0,actions=resubmit(,3)",
          "table=3,actions=output:2"),
    Flows("move_and_load", UDP4, 1, "ip,actions=move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],"
          "load:7->NXM_OF_IP_TOS[2..7],output:2", version="OpenFlow13"),
    Flows("copy_field", UDP4, 1, "ip,actions=set_field:0x0a090909->reg1,move:reg1->ip_dst,output:2"),
    Flows("stack", UDP4, 1, "actions=push:NXM_OF_ETH_SRC[],pop:NXM_OF_ETH_DST[],output:2"),
    Flows("output_to_register", UDP4, 1, "actions=load:2->NXM_NX_REG1[],output:NXM_NX_REG1[]"),
    Flows("multipath", UDP4, 1, "table=0,actions=multipath(symmetric_l4,50,hrw,2,0,NXM_NX_REG0[0..7]),"
          "resubmit(,1)", "table=1,actions=output:2"),
    Flows("bundle", UDP4, 1, "actions=bundle(symmetric_l4,50,hrw,ofport,members:2,3)"),
    Flows("conjunction", UDP4, 1, "priority=5,ip,nw_src=10.0.0.1,actions=conjunction(1,1/2)",
          "priority=5,udp,tp_dst=2000,actions=conjunction(1,2/2)",
          "priority=5,conj_id=1,actions=output:2", version="OpenFlow13"),
    Flows("learn", UDP4, 1, "table=0,actions=learn(table=9,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],"
          "output:NXM_OF_IN_PORT[]),output:2"),
    Flows("note", UDP4, 1, "actions=note:00.01,output:2"),
    Flows("fin_timeout", TCP4, 1, "idle_timeout=60,tcp,actions=fin_timeout(idle_timeout=5),output:2"),
    Flows("set_queue", UDP4, 1, "actions=set_queue:0,output:2"),
    Flows("clone", UDP4, 2, "udp,actions=clone(set_field:9->udp_dst,output:2),output:3"),
    Flows("group_all", UDP4, 2, "actions=group:1",
          groups=[group("all", "set_field:9->udp_dst,output:2", "output:3")]),
    Flows("group_select", UDP4, 1, "actions=group:1", groups=[group("select", "output:2", "output:3")]),
    Flows("group_indirect", UDP4, 1, "actions=group:1", groups=[group("indirect", "output:2")]),
    Flows("group_fast_failover", UDP4, 1, "actions=group:1",
          groups=[group("ff", "watch_port:2,output:2", "watch_port:3,output:3")]),
    Flows("group_chain", UDP4, 2, "actions=group:2",
          groups=[group("all", "output:2", "output:3"),
                  "group_id=2,type=indirect,bucket=set_field:9->udp_dst,group:1"]),
    Flows("group_all_with_labels", UDP4, 2, "actions=group:1",
          groups=[group("all", "push_mpls:0x8847,output:2", "push_vlan:0x8100,output:3")]),
    Flows("meter", UDP4, 1, "actions=meter:1,output:2",
          meters=["meter=1,pktps,band=type=drop,rate=1000000"]),
]

SLOW = [
    Flows("undone_cut", UDP4, 2, "actions=output(port=2,max_len=64),output:3"),
    Flows("meter_in_a_copy", UDP4, 2, "actions=clone(meter:1,output:2),output:3",
          meters=["meter=1,pktps,band=type=drop,rate=1000000"]),
    Flows("over_320_actions", UDP4, 110, "udp,actions=" + ",".join(
        f"set_field:{i}->udp_dst,set_field:10.1.{i}.1->ip_dst,set_field:02:00:00:00:00:{i:02x}->eth_dst,"
        f"output:{2 + i % 3}" for i in range(1, 111))),
]


def upcalls(switch):
    """Of port 1, or what anybody's flow lost: (sent up, lost)."""
    stats = switch.ports("br0")["p1"]["stats"]
    return stats["upcalls"], stats["upcalls_lost"]


def drain(wires):
    n = 0
    for wire in wires:
        wire.socket.setblocking(False)
        try:
            while wire.socket.recv(65536):
                n += 1
        except BlockingIOError:
            pass
        wire.socket.setblocking(True)
    return n


def received(wires, n_wanted, seconds=10):
    """Counts frames at the far ends until there are as many, or time is up."""
    n, deadline = 0, time.monotonic() + seconds
    while n < n_wanted and time.monotonic() < deadline:
        n += drain(wires)
    return n


def warm_up(switch, wires, flows):
    """Sends until a packet raises no upcall: the flow is installed."""
    def is_quiet():
        before = upcalls(switch)
        wires[0].send(flows.frame)
        received(wires, flows.n_out, 1)
        return upcalls(switch) == before
    wait_for(is_quiet, f"{flows.name}: packets stay in the fast path")
    drain(wires)


def start(switch, hook):
    switch.expect("is missing, port . waits for it")
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    sh("ip link set br0 up")
    wires = add_wires(switch, N_PORTS, hook)
    for wire in wires:
        wire.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
    return wires


def stays(switch, hook):
    wires = start(switch, hook)
    for flows in FAST:
        flows.install(switch)
        warm_up(switch, wires, flows)
        before = upcalls(switch)
        for _ in range(N_LATER):
            wires[0].send(flows.frame)
        n = received(wires, N_LATER * flows.n_out)
        assert n == N_LATER * flows.n_out, f"{flows.name}: {n} frames left"
        assert upcalls(switch) == before, f"{flows.name}: {before} to {upcalls(switch)}"


def comes_up(switch, hook):
    wires = start(switch, hook)
    for flows in SLOW:
        flows.install(switch)
        before = upcalls(switch)[0]
        for _ in range(N_LATER):
            wires[0].send(flows.frame)
        n = received(wires, N_LATER * flows.n_out)
        assert n == N_LATER * flows.n_out, f"{flows.name}: {n} frames left"
        assert upcalls(switch) == (before + N_LATER, 0), f"{flows.name}: {upcalls(switch)}"


def flows_stay_in_the_fast_path_xdp(switch):
    stays(switch, "xdp")


def flows_stay_in_the_fast_path_tc(switch):
    stays(switch, "tc")


def the_rest_comes_up_and_leaves_xdp(switch):
    comes_up(switch, "xdp")


def the_rest_comes_up_and_leaves_tc(switch):
    comes_up(switch, "tc")


cases.extend([flows_stay_in_the_fast_path_xdp, flows_stay_in_the_fast_path_tc,
              the_rest_comes_up_and_leaves_xdp, the_rest_comes_up_and_leaves_tc])
main()
