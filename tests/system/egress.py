#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Egress tables (OpenFlow 1.5, section 5.1) with packets: what each receiver gets, byte by byte,
what the entries count, and that later packets stay in the fast path."""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, cases, for_hook, main, wait_for  # noqa: E402
from hosts import add_wires, expect_frames  # noqa: E402
from peer import ERROR, FLOW_MOD, V15, Peer, flow_mod, output  # noqa: E402
from rules import (LABELLED, OTHER_MAC, OTHER_PORT, PLAIN, SET_MAC, SET_PORT, TAGGED,  # noqa: E402
                   check, ctl, packet)

N_PORTS, FIRST = 4, 10
TABLE_FEATURES = 12
INGRESS_TABLE, EGRESS_TABLE, FIRST_EGRESS = 1, 2, 0x10
BAD_ACTION, BAD_INSTRUCTION, BAD_TABLE_FEATURES = 2, 3, 13


PUSH = "push_vlan:0x8100,set_field:4101->vlan_vid"

# (name, groups, {flow: how many of the entry's packets one packet makes}, packet,
#  {port: the frames that it makes there})
ROWS = [
    ("a_change_is_for_one_copy", [], {
        "actions=output:2,output:3": 1,
        f"table=10,udp,actset_output=2 actions={SET_MAC}": 1,
        "table=10,priority=1 actions=drop": 1}, PLAIN, {2: [OTHER_MAC], 3: [PLAIN]}),
    ("the_last_copy_s_change_is_not_the_first_s", [], {
        "actions=output:2,output:3": 1,
        "table=10,actset_output=2 actions=drop": 1,
        f"table=10,actset_output=3 actions=write_actions({PUSH})": 1},
     PLAIN, {2: [PLAIN], 3: [TAGGED]}),
    ("clear_actions_and_a_miss_drop", [], {
        "actions=output:2,output:3,output:4": 1,
        "table=10,actset_output=2 actions=clear_actions": 1,
        "table=10,actset_output=4 actions=goto_table:11": 1,
        f"table=11,udp actions={SET_PORT}": 1}, PLAIN, {4: [OTHER_PORT]}),
    ("all", [], {
        "actions=all": 1,
        f"table=10,udp,actset_output=2 actions={SET_MAC}": 1,
        f"table=10,udp,actset_output=3 actions={SET_PORT}": 1,
        f"table=10,udp,actset_output=4 actions={PUSH}": 1},
     PLAIN, {2: [OTHER_MAC], 3: [OTHER_PORT], 4: [TAGGED]}),
    ("flood", [], {
        "actions=flood": 1,
        "table=10,actset_output=2 actions=clear_actions": 1,
        "table=10,priority=1 actions=drop": 3}, PLAIN, {3: [PLAIN], 4: [PLAIN]}),
    ("normal", [], {
        "actions=normal": 1,
        f"table=10,udp,actset_output=2 actions={SET_MAC}": 1,
        "table=10,priority=1 actions=drop": 3}, PLAIN, {2: [OTHER_MAC], 3: [PLAIN], 4: [PLAIN]}),
    ("in_port", [], {
        "actions=in_port": 1,
        f"table=10,udp,actset_output=1,in_port=1 actions={SET_PORT}": 1}, PLAIN, {1: [OTHER_PORT]}),
    ("group_all", [f"group_id=1,type=all,bucket={SET_PORT},output:2,bucket=output:3"], {
        "udp actions=group:1": 1,
        f"table=10,udp,udp_dst=9,actset_output=2 actions={SET_MAC}": 1,
        f"table=10,udp,udp_dst=2000,actset_output=3 actions={PUSH}": 1},
     PLAIN, {2: [packet(dst="02:00:00:00:00:09", port=9)], 3: [TAGGED]}),
    ("group_fast_failover_and_chain", [
        "group_id=1,type=ff,bucket=watch_port:2,output:2,bucket=watch_port:3,output:3",
        "group_id=2,type=indirect,bucket=group:1"], {
            "udp actions=group:2,output:4": 1,
            f"table=10,udp,actset_output=2 actions={SET_MAC}": 1,
            "table=10,actset_output=3 actions=drop": 0,
            "table=10,actset_output=4 actions=drop": 1}, PLAIN, {2: [OTHER_MAC], 4: [PLAIN]}),
    ("group_select", ["group_id=1,type=select,bucket=output:3"], {
        "udp actions=group:1": 1,
        f"table=10,udp,actset_output=3 actions={SET_MAC}": 1}, PLAIN, {3: [OTHER_MAC]}),
    ("the_action_set_s_output", [], {
        "table=0 actions=write_actions(output:3),goto_table:1": 1,
        "table=1,actset_output=3 actions=write_actions(output:2),goto_table:2": 1,
        f"table=2,udp,actset_output=2 actions={SET_PORT}": 1,
        f"table=10,udp,actset_output=2 actions={SET_MAC}": 1,
        "table=10,actset_output=3 actions=drop": 0},
     PLAIN, {2: [packet(dst="02:00:00:00:00:09", port=9)]}),
    ("a_group_in_the_set_hides_its_output", ["group_id=1,type=indirect,bucket=output:2"], {
        "table=0 actions=write_actions(output:3,group:1),goto_table:1": 1,
        "table=1,actset_output=3 actions=drop": 0,
        "table=1,actset_output=unset actions=drop": 1,
        f"table=10,udp,actset_output=2 actions={SET_PORT}": 1}, PLAIN, {2: [OTHER_PORT]}),
    ("packet_type_of_ethernet", [], {
        "packet_type=(0,0) actions=output:2": 1,
        "table=10,packet_type=(0,0),actset_output=2 actions=drop": 1,
        "table=10,packet_type=(1,0x800),priority=65535 actions=clear_actions": 0},
     PLAIN, {2: [PLAIN]}),
    ("a_copy_of_an_egress_table_leaves_at_once", [], {
        "actions=output:2": 1,
        f"table=10,udp,actset_output=2 actions=output:4,{SET_PORT}": 1}, PLAIN,
     {2: [OTHER_PORT], 4: [PLAIN]}),
    ("a_look_below_a_popped_label", [], {
        "actions=output:2": 1,
        "table=10,mpls,actset_output=2 actions=pop_mpls:0x0800,goto_table:11": 1,
        f"table=11,udp,actset_output=2,udp_dst=2000 actions={SET_PORT}": 1},
     LABELLED, {2: [OTHER_PORT]}),
    ("labels_for_one_copy_and_tags_for_the_other", [], {
        "actions=output:2,output:3": 1,
        "table=10,udp,actset_output=2 actions=push_mpls:0x8847,set_field:16->mpls_label": 1,
        f"table=10,udp,actset_output=3 actions={PUSH}": 1}, PLAIN, {2: [LABELLED], 3: [TAGGED]}),
]


def set_first_egress(peer, table, is_first=True):
    """What the switch answers to a change of one table's features."""
    entry = struct.pack("!HBBI32sQQII", 64, table, 0, FIRST_EGRESS if is_first else 0, b"",
                        2**64 - 1, 2**64 - 1, 0xc, 1000000)
    return peer.multipart(TABLE_FEATURES, entry)


def features(peer):
    """{table: (its flags, {type of property: its bytes})}"""
    found = {}
    for message in peer.multipart(TABLE_FEATURES):
        data = message[16:]
        while data:
            length, table, _, flags = struct.unpack("!HBBI", data[:8])
            found[table] = flags, properties(data[64:length])
            data = data[length:]
    return found


def properties(data):
    found = {}
    while data:
        kind, length = struct.unpack("!HH", data[:4])
        found[kind] = data[4:length]
        data = data[(length + 7) // 8 * 8:]
    return found


def start(switch, hook="tc"):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    return add_wires(switch, N_PORTS, hook), Peer(f"{switch.dir}/br0.mgmt", V15)


def each_output_has_its_way(switch, hook):
    wires, peer = start(switch, hook)
    answers = set_first_egress(peer, FIRST)
    assert not any(m[1] == ERROR for m in answers), answers
    for name, groups, flows, data, frames in ROWS:
        check(switch, wires, name, flows, data, frames, groups)
        print(f"# {name}", flush=True)


@case
def features_tell_of_both_parts(switch):
    _, peer = start(switch)
    before = features(peer)
    assert before[0][0] == INGRESS_TABLE and before[9][0] == INGRESS_TABLE | EGRESS_TABLE
    set_first_egress(peer, FIRST)
    found = features(peer)
    assert found[9][0] == INGRESS_TABLE, found[9][0]
    assert found[FIRST][0] == EGRESS_TABLE | FIRST_EGRESS, found[FIRST][0]
    assert found[FIRST + 1][0] == EGRESS_TABLE
    write_actions, apply_actions, goto = struct.pack("!HH", 0, 4), 6, struct.pack("!HH", 1, 4)
    assert found[3][1][2] == bytes(range(4, FIRST)) and found[12][1][2] == before[12][1][2]
    assert found[9][1][2] == b"" and goto not in found[9][1][0] and goto in found[8][1][0]
    assert write_actions in found[9][1][4] and write_actions not in found[FIRST][1][4]
    assert found[FIRST][1][apply_actions] == before[FIRST][1][apply_actions]
    set_first_egress(peer, FIRST, is_first=False)
    assert features(peer) == before


@case
def what_changes_the_port_is_refused(switch):
    _, peer = start(switch)
    set_first_egress(peer, FIRST)

    def instructions(kind, *actions):
        return struct.pack("!HHI", kind, 8 + len(b"".join(actions)), 0) + b"".join(actions)

    def error(table, body):
        return peer.error(FLOW_MOD, flow_mod(V15, table=table) + body)
    group = struct.pack("!HHI", 22, 8, 1)
    goto = lambda table: struct.pack("!HHBxxx", 1, 8, table)
    ctl(switch, "add-group", "br0", "group_id=1,type=indirect,bucket=output:2")
    for action in output(3), output(0xfffffffd), group:
        assert error(FIRST, instructions(3, action)) == (BAD_ACTION, 0)
        assert error(FIRST + 5, instructions(3, action)) == (BAD_ACTION, 0)
    for table in FIRST, FIRST + 3:
        assert error(3, goto(table)) == (BAD_INSTRUCTION, 2)
    for field in 43, 44:  # actset_output, packet_type
        set_field = struct.pack("!HHHBBII", 25, 16, 0x8000, field << 1, 4, 0, 0)
        assert error(FIRST, instructions(4, set_field)) == (BAD_ACTION, 13), field
    assert switch.ctl_json("-O", "OpenFlow15", "dump-flows", "br0") == []
    # The same where egress processing starts behind the table or not at all.
    assert peer.ask(FLOW_MOD, flow_mod(V15, table=3) + instructions(3, output(3)) + goto(9)) == []
    assert peer.ask(FLOW_MOD, flow_mod(V15, table=FIRST) + instructions(4, output(3)) + goto(12)) == []


@case
def what_contradicts_flows_is_refused(switch):
    _, peer = start(switch)
    for flow in "table=0 actions=goto_table:10", "table=10 actions=write_actions(output:2)":
        ctl(switch, "add-flow", "br0", flow)
        before = features(peer)
        (said,) = set_first_egress(peer, FIRST)
        assert said[1] == ERROR and struct.unpack("!HH", said[8:12]) == (BAD_TABLE_FEATURES, 5), said.hex()
        assert features(peer) == before
        ctl(switch, "del-flows", "br0")
    assert len(set_first_egress(peer, FIRST)) > 0 and features(peer)[FIRST][0] & FIRST_EGRESS


@case
def it_starts_moves_ends_and_survives(switch):
    wires, peer = start(switch)
    ctl(switch, "add-flow", "br0", "actions=output:2")
    ctl(switch, "add-flow", "br0", f"table=10,udp actions={SET_MAC}")
    ctl(switch, "add-flow", "br0", f"table=20,udp actions={SET_PORT}")

    def leaves(frame, name):
        for _ in range(3):
            wires[0].send(PLAIN)
            expect_frames(wires, {2: [frame]}, name)
    leaves(PLAIN, "none")
    set_first_egress(peer, FIRST)
    leaves(OTHER_MAC, "first")
    set_first_egress(peer, 20)
    leaves(OTHER_PORT, "moved")
    ctl(switch, "packet-out", "br0", f"in_port=1 packet={PLAIN.hex()} actions=output:3")
    expect_frames(wires, {3: [OTHER_PORT]}, "packet-out")
    peer.close()
    switch.kill()
    switch.start("--restore")
    wait_for(lambda: switch.ports("br0")["p1"]["carrier"], "the ports are back")
    leaves(OTHER_PORT, "restarted")
    peer = Peer(f"{switch.dir}/br0.mgmt", V15)
    assert features(peer)[20][0] == EGRESS_TABLE | FIRST_EGRESS
    set_first_egress(peer, 20, is_first=False)
    leaves(PLAIN, "ended")


cases.extend(for_hook(each_output_has_its_way, hook) for hook in ("tc", "xdp"))
main()
