#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reserved ports with packets: LOCAL and packets from it, ALL, FLOOD and IN_PORT, and TABLE, which
sends a packet-out through the tables: what each receiver gets, byte by byte, what entries count."""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import cases, for_hook, main, sh  # noqa: E402
from hosts import Raw, add_wires, expect_frames  # noqa: E402
from peer import ANY, V10, V13, V15, Peer, in_port, match, output  # noqa: E402
from rules import (LABELLED, OTHER_MAC, OTHER_PORT, PLAIN, SET_MAC, SET_PORT, TAGGED, check,  # noqa: E402
                   expect_counts, install, packet)

N_PORTS, LOCAL, N_TIMES = 4, 5, 3  # The local port is the wire behind the others.
PACKET_OUT = 13
TABLE = 0xfffffff9
MAX_DEPTH = 64  # XLATE_MAX_DEPTH
BOTH = packet("02:00:00:00:00:09", 9)

# (name, {flow: how many of the entry's packets one packet makes}, the wire it comes in by, packet,
#  {wire: the frames that it makes there}); port 4 is no-flood, port 3 no-forward.
ROWS = [
    ("to_local", {"actions=local": 1}, 1, PLAIN, {LOCAL: [PLAIN]}),
    ("to_local_tagged", {"actions=push_vlan:0x8100,set_field:4101->vlan_vid,local": 1}, 1, PLAIN,
     {LOCAL: [TAGGED]}),
    ("to_local_without_its_label", {"mpls,actions=pop_mpls:0x0800,local": 1}, 2, LABELLED,
     {LOCAL: [PLAIN]}),
    ("to_local_between_ports", {f"udp,actions=output:2,{SET_PORT},local,{SET_MAC},output:4": 1}, 1,
     PLAIN, {2: [PLAIN], LOCAL: [OTHER_PORT], 4: [BOTH]}),
    ("to_local_twice_by_a_table", {"actions=local,resubmit(,1)": 1, "table=1,udp,actions=local": 1}, 1,
     PLAIN, {LOCAL: [PLAIN, PLAIN]}),
    ("from_local", {"in_port=local,actions=output:2": 1, "priority=1,actions=drop": 0}, LOCAL, PLAIN,
     {2: [PLAIN]}),
    ("from_local_changed", {f"in_port=local,udp,actions=output:1,{SET_MAC},output:2": 1}, LOCAL, PLAIN,
     {1: [PLAIN], 2: [OTHER_MAC]}),
    ("from_local_to_local", {"in_port=local,actions=local,output:2": 1}, LOCAL, PLAIN, {2: [PLAIN]}),
    ("from_local_back", {f"in_port=local,udp,actions={SET_PORT},in_port": 1}, LOCAL, PLAIN,
     {LOCAL: [OTHER_PORT]}),
    ("from_local_to_all", {"in_port=local,actions=all": 1}, LOCAL, PLAIN,
     {1: [PLAIN], 2: [PLAIN], 4: [PLAIN]}),
    ("from_local_to_flood", {"in_port=local,actions=flood": 1}, LOCAL, PLAIN, {1: [PLAIN], 2: [PLAIN]}),
    ("all", {"actions=all": 1}, 1, PLAIN, {2: [PLAIN], 4: [PLAIN], LOCAL: [PLAIN]}),
    ("flood", {"actions=flood": 1}, 1, PLAIN, {2: [PLAIN], LOCAL: [PLAIN]}),
    ("flood_by_a_port_that_is_not_flooded", {"actions=flood": 1}, 4, PLAIN,
     {1: [PLAIN], 2: [PLAIN], LOCAL: [PLAIN]}),
    ("flood_then_changed_for_all", {f"udp,actions=flood,{SET_MAC},all": 1}, 1, PLAIN,
     {2: [PLAIN, OTHER_MAC], 4: [OTHER_MAC], LOCAL: [PLAIN, OTHER_MAC]}),
    ("all_cut", {"actions=output(port=all,max_len=60)": 1}, 1, PLAIN,
     {2: [PLAIN[:60]], 4: [PLAIN[:60]], LOCAL: [PLAIN[:60]]}),
    ("in_port", {"actions=in_port": 1}, 1, PLAIN, {1: [PLAIN]}),
    ("in_port_among_others", {f"udp,actions=output:2,{SET_PORT},in_port,output:1,{SET_MAC},local": 1}, 1,
     PLAIN, {2: [PLAIN], 1: [OTHER_PORT], LOCAL: [BOTH]}),
    ("in_port_in_the_set", {f"actions=write_actions({SET_MAC},in_port)": 1}, 2, PLAIN, {2: [OTHER_MAC]}),
    ("its_own_number", {"actions=output:1": 1}, 1, PLAIN, {}),
    ("a_port_that_does_not_forward", {"actions=output:3,output:2": 1}, 1, PLAIN, {2: [PLAIN]}),
]

# (name, groups, flows as above, in_port and actions of a packet-out, {wire: frames})
TABLE_ROWS = [
    ("the_tables", [], {"in_port=2,udp,actions=output:3": 1, "priority=1,actions=drop": 0},
     "in_port=2 actions=table", {3: [PLAIN]}),
    ("from_the_controller", [], {"in_port=controller,actions=local,output:3": 1, "priority=1,actions=drop": 0},
     "in_port=controller actions=table", {3: [PLAIN], LOCAL: [PLAIN]}),
    ("from_local", [], {"in_port=local,actions=all": 1}, "in_port=local actions=table",
     {1: [PLAIN], 2: [PLAIN], 3: [PLAIN], 4: [PLAIN]}),
    ("as_it_was_changed", [], {"udp,udp_dst=9,actions=output:1": 1, "priority=1,actions=drop": 0},
     f"in_port=2 actions={SET_PORT},table", {1: [OTHER_PORT]}),
    ("among_outputs", [], {f"udp,actions={SET_PORT},goto_table:5": 1,
                           "table=5,udp,udp_dst=9,actions=write_actions(output:4)": 1},
     f"in_port=2 actions=output:1,table,{SET_MAC},output:3",
     {1: [PLAIN], 3: [BOTH], 4: [BOTH]}),  # The action set is for the list's end.
    ("twice", [], {"actions=output:1": 2}, f"in_port=2 actions=table,{SET_MAC},table",
     {1: [PLAIN, OTHER_MAC]}),
    ("below_a_popped_label", [], {"udp,udp_dst=2000,actions=output:4": 1, "priority=1,actions=drop": 0},
     "in_port=2 actions=push_mpls:0x8847,pop_mpls:0x0800,table", {4: [PLAIN]}),
    ("by_a_group", ["group_id=1,type=all,bucket=output:3,bucket=set_field:9->udp_dst,output:4"],
     {"udp,actions=group:1": 1}, "in_port=2 actions=table", {3: [PLAIN], 4: [OTHER_PORT]}),
    ("a_miss", [], {"tcp,actions=all": 0}, "in_port=2 actions=table,output:3", {3: [PLAIN]}),
]


def start(switch, hook):
    """Four wires and, as the fifth, the local port."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    sh("ip link set br0 up")
    return [*add_wires(switch, N_PORTS, hook), Raw("br0")]


def send_to_reserved_ports(switch, wires):
    switch.ctl("-O", "OpenFlow10", "mod-port", "br0", "4", "no-flood")
    switch.ctl("-O", "OpenFlow10", "mod-port", "br0", "3", "no-forward")
    for name, flows, sender, data, frames in ROWS:
        check(switch, wires, name, flows, data, frames, sender=sender)
        print(f"# {name}", flush=True)
    switch.ctl("-O", "OpenFlow10", "mod-port", "br0", "3", "forward")


def take_packet_outs_through_the_tables(switch, wires):
    for name, groups, flows, what, frames in TABLE_ROWS:
        install(switch, *flows, groups=groups)
        port, actions = what.split(" ")
        for _ in range(N_TIMES):
            switch.ctl("-O", "OpenFlow13", "packet-out", "br0", f"{port} packet={PLAIN.hex()} {actions}")
            expect_frames(wires, frames, name)
        expect_counts(switch, flows, N_TIMES, name)
        print(f"# {name}", flush=True)


def packet_out(version, port, *actions):
    body = b"".join(actions)
    if version == V10:
        return struct.pack("!IHH", ANY, port & 0xffff, len(body)) + body + PLAIN
    if version == V15:
        return struct.pack("!IHxx", ANY, len(body)) + match(in_port(port)) + body + PLAIN
    return struct.pack("!IIH6x", ANY, port, len(body)) + body + PLAIN


def send_to(version, port):
    return struct.pack("!HHHH", 0, 8, port & 0xffff, 0) if version == V10 else output(port)


def take_them_in_each_version(switch, wires):
    """The message's own bytes; and an output to TABLE without end comes to one."""
    flows = {"in_port=2,actions=output:3": 2, "in_port=1,actions=output:2,table,output:4": 2 * MAX_DEPTH + 1}
    for version in V10, V13, V15:
        install(switch, *flows)
        with Peer(f"{switch.dir}/br0.mgmt", version) as peer:
            assert peer.ask(PACKET_OUT, packet_out(version, 2, send_to(version, TABLE))) == []
            expect_frames(wires, {3: [PLAIN]}, version)
            # Neither its frames nor those of a packet that comes in leave.
            assert peer.ask(PACKET_OUT, packet_out(version, 1, send_to(version, TABLE))) == []
            wires[0].send(PLAIN)
            expect_frames(wires, {}, "without end")
            assert peer.ask(PACKET_OUT, packet_out(version, 2, send_to(version, TABLE))) == []
            expect_frames(wires, {3: [PLAIN]}, "behind it")
            expect_counts(switch, flows, 1, version)


def reserved_ports(switch, hook):
    wires = start(switch, hook)
    send_to_reserved_ports(switch, wires)
    take_packet_outs_through_the_tables(switch, wires)
    take_them_in_each_version(switch, wires)


cases.extend(for_hook(reserved_ports, hook) for hook in ("tc", "xdp"))
main()
