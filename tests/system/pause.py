#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Packets that pause for a controller: what NXT_PACKET_IN2 says, byte by byte, to whom, and that
NXT_RESUME makes the packet go on where it stopped, in whatever part of the pipeline that was."""
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, cases, for_hook, main, wait_for  # noqa: E402
from hosts import add_classes, add_wires, expect_class_counts, expect_frames  # noqa: E402
from peer import EXPERIMENTER, V10, V13, V14, V15, Peer  # noqa: E402
from rules import (LABELLED, OTHER_MAC, OTHER_PORT, PLAIN, SET_MAC, SET_PORT, ctl,  # noqa: E402
                   install, packet)

NICIRA = 0x2320
SET_PACKET_IN_FORMAT, SET_CONTROLLER_ID, RESUME, PACKET_IN2 = 16, 20, 28, 30
PACKET, FULL_LEN, _, TABLE_ID, COOKIE, REASON, METADATA, USERDATA, CONTINUATION = range(9)
REG0 = 0x00010004
N_PORTS = 4


METADATA_OF = {V10: bytes.fromhex("00000002 0001 80000408 0000000000000007 00010004 00000005"),
               V13: bytes.fromhex("80000004 00000001 80000408 0000000000000007 00010004 00000005"),
               V15: bytes.fromhex("80000004 00000001 80000408 0000000000000007"
                                  "80010008 0000000500000000")}
METADATA_OF[V14] = METADATA_OF[V13]


def start(switch, hook="tc"):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("set-controller", "br0", f"punix:{switch.dir}/controllers")
    return add_wires(switch, N_PORTS, hook)


def controller(switch, number=0, version=V13):
    """A connection of that id that asks for NXT_PACKET_IN2."""
    peer = Peer(f"{switch.dir}/controllers", version)
    assert peer.experimenter(NICIRA, SET_PACKET_IN_FORMAT, struct.pack("!I", 2)) == []
    if number:
        assert peer.experimenter(NICIRA, SET_CONTROLLER_ID, struct.pack("!6xH", number)) == []
    return peer


def prop(kind, data):
    return struct.pack("!HH", kind, 4 + len(data)) + data + bytes(-(4 + len(data)) % 8)


def properties(message):
    """Those of an NXT_PACKET_IN2, whose order and padding have to be right."""
    assert (message[1], message[8:16]) == (EXPERIMENTER, struct.pack("!II", NICIRA, PACKET_IN2)), message.hex()
    found, data = {}, message[16:]
    while data:
        kind, length = struct.unpack("!HH", data[:4])
        found[kind] = data[4:length]
        assert not any(data[length:(length + 7) // 8 * 8])
        data = data[(length + 7) // 8 * 8:]
    assert message[16:] == b"".join(prop(k, v) for k, v in found.items())
    return found


def resume(peer, paused, data=None, metadata=None, continuation=None):
    """What the switch says to that."""
    metadata = paused[METADATA] if metadata is None else metadata
    continuation = paused[CONTINUATION] if continuation is None else continuation
    return peer.experimenter(NICIRA, RESUME, prop(PACKET, data or paused[PACKET]) +
                             prop(METADATA, metadata) + prop(CONTINUATION, continuation))


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def counts(switch):
    return {flow["cookie"]: flow["packets"] for flow in
            switch.ctl_json("-O", "OpenFlow15", "dump-flows", "br0")}


@case
def the_message_says_all(switch):
    wires = start(switch)
    install(switch, "cookie=0x1234,udp,actions=set_field:5->reg0,set_field:7->metadata,"
            "controller(reason=no_match,max_len=20,userdata=01.02.03,id=9,pause),output:2")
    wanted = {PACKET: PLAIN, TABLE_ID: b"\0", COOKIE: struct.pack("!4xQ", 0x1234), REASON: b"\0",
              USERDATA: b"\1\2\3"}
    for version in (V10, V13, V14, V15):
        peer = controller(switch, 9, version)
        wires[0].send(PLAIN)
        found = properties(peer.receive())
        state, metadata = found.pop(CONTINUATION), found.pop(METADATA)
        assert found == wanted, found
        # A list of one property (behind four bytes), of a type that Open vSwitch has not.
        kind, length = struct.unpack("!HH", state[4:8])
        assert not any(state[:4]) and kind == 0x5348 and length > 36, state.hex()
        assert len(state) == 4 + (length + 7) // 8 * 8 and not any(state[4 + length:]), state.hex()
        assert metadata == METADATA_OF[version], metadata.hex()
        assert peer.sync() == []
        expect_frames(wires, {}, "while it waits")
        peer.close()


@case
def a_message_goes_to_controllers_of_its_id(switch):
    wires = start(switch)
    peers = {number: controller(switch, number) for number in (0, 7, 8)}
    moved = controller(switch, 7)
    assert moved.experimenter(NICIRA, SET_CONTROLLER_ID, struct.pack("!6xH", 3)) == []
    install(switch, "udp,udp_dst=2000,actions=controller(id=7),controller(id=8,userdata=ff.00)",
            "udp,udp_dst=9,actions=controller(userdata=)")
    for _ in range(5):
        wires[0].send(PLAIN)
        assert properties(peers[7].receive()).get(USERDATA) is None
        assert properties(peers[8].receive())[USERDATA] == b"\xff\0"
        wires[0].send(OTHER_PORT)
        assert properties(peers[0].receive())[PACKET] == OTHER_PORT
    for peer in (*peers.values(), moved):
        assert peer.sync() == []


# (name, groups, flows, what leaves before it goes on and behind, what entries of cookies count)
GO_ON = [
    ("through_tables_registers_stack_and_set", [], [
        "cookie=1,udp,actions=push:eth_src,set_field:5->reg0,set_field:02:00:00:00:00:0a->eth_dst,"
        "controller(pause),pop:eth_dst,write_actions(output:4),write_metadata:6,goto_table:1",
        "cookie=2,table=1,reg0=5,metadata=6,dl_dst=02:00:00:00:00:01 actions="
        f"{SET_MAC},output:2,resubmit(,2)",
        f"cookie=3,table=2,udp,reg0=5 actions={SET_PORT},output:3"], PLAIN,
     {}, {2: [OTHER_MAC], 3: [packet("02:00:00:00:00:09", 9)], 4: [packet("02:00:00:00:00:09", 9)]},
     {1: 1, 2: 1, 3: 1}),
    ("from_a_table_that_was_resubmitted_to", [], [
        f"cookie=1,udp,actions=resubmit(,1),{SET_PORT},output:3",
        f"cookie=2,table=1,udp,actions=output:4,controller(pause),{SET_MAC},output:2"], PLAIN,
     {4: [PLAIN]}, {2: [OTHER_MAC], 3: [packet("02:00:00:00:00:09", 9)]}, {1: 1, 2: 1}),
    ("in_a_clone", [], [f"cookie=1,udp,actions=clone({SET_MAC},controller(pause),output:3),output:2"],
     PLAIN, {2: [PLAIN]}, {3: [OTHER_MAC]}, {1: 1}),
    ("before_a_group", ["group_id=1,type=all,bucket=output:2,bucket=set_field:9->udp_dst,output:3"],
     ["cookie=1,udp,actions=controller(pause),group:1"], PLAIN, {}, {2: [PLAIN], 3: [OTHER_PORT]},
     {1: 1}),
    ("below_a_popped_label", [], [
        "cookie=1,mpls actions=pop_mpls:0x0800,goto_table:1",
        "cookie=2,table=1,udp actions=controller(pause),set_field:9->udp_dst,output:2"], LABELLED,
     {}, {2: [OTHER_PORT]}, {1: 1, 2: 1}),
    ("and_then_below_a_popped_label", [], [
        "cookie=1,mpls actions=controller(pause),pop_mpls:0x0800,goto_table:1",
        "cookie=2,table=1,udp actions=set_field:9->udp_dst,output:2"], LABELLED,
     {}, {2: [OTHER_PORT]}, {1: 1, 2: 1}),
    ("nothing_behind_it", [], ["cookie=1,udp,actions=output:2,controller(pause)"], PLAIN,
     {2: [PLAIN]}, {}, {1: 1}),
]


def a_resumed_packet_goes_on(switch, hook):
    wires, peer = start(switch, hook), controller(switch)
    for name, groups, flows, data, before, behind, counted in GO_ON:
        install(switch, *flows, groups=groups)
        for number in range(1, 6):  # By the upcall of a miss, then by the megaflow.
            wires[0].send(data)
            paused = properties(peer.receive())
            assert peer.sync() == [], name
            expect_frames(wires, before, name)
            assert resume(peer, paused) == [], name
            expect_frames(wires, behind, name)
            wanted = {cookie: n * number for cookie, n in counted.items()}
            assert (found := counts(switch)) == wanted, f"{name}: {found}"
        print(f"# {name}", flush=True)


@case
def a_queue_outlives_the_pause(switch):
    wires, peer = start(switch), controller(switch)
    add_classes("p2")
    install(switch, f"udp,actions=set_queue:1,controller(pause),output:2,set_queue:2,{SET_PORT},output:2,"
            f"pop_queue,{SET_MAC},output:2")
    for number in range(1, 4):
        wires[0].send(PLAIN)
        assert resume(peer, properties(peer.receive())) == []
        expect_frames(wires, {2: [PLAIN, OTHER_PORT, packet("02:00:00:00:00:09", 9)]}, number)
        expect_class_counts("p2", {"1:1": number, "1:2": number, "1:3": number})


@case
def two_pauses_and_another_packet(switch):
    """The controller changes the packet, its registers and its port; it may let it go on twice."""
    wires, peer = start(switch), controller(switch)
    install(switch, "udp,actions=set_field:5->reg0,controller(pause),goto_table:1",
            "table=1,reg0=5,udp actions=controller(pause,userdata=01),output:2",
            "table=1,reg0=6,in_port=2,udp,udp_dst=9 actions=output:3,output:2,in_port")
    wires[0].send(PLAIN)
    first = properties(peer.receive())
    second = properties((resume(peer, first) or [peer.receive()])[0])
    assert second[USERDATA] == b"\1" and second[TABLE_ID] == b"\1"
    expect_frames(wires, {}, "paused again")
    assert resume(peer, second) == resume(peer, second) == []
    expect_frames(wires, {2: [PLAIN, PLAIN]}, "twice")
    metadata = struct.pack("!IIII", 0x80000004, 2, REG0, 6)
    assert resume(peer, first, OTHER_PORT, metadata) == []
    expect_frames(wires, {2: [OTHER_PORT], 3: [OTHER_PORT]}, "another packet")


@case
def what_is_not_ours_is_stale(switch):
    wires, peer = start(switch), controller(switch)
    switch.ctl("add-br", "br1", "fail-mode=secure")
    install(switch, "udp,actions=controller(pause),output:2")
    wires[0].send(PLAIN)
    paused = properties(peer.receive())
    state, stale = paused[CONTINUATION], (0xffff, 35, NICIRA)

    def error(body, peer=peer):
        return peer.error(EXPERIMENTER, struct.pack("!II", NICIRA, RESUME) + body)
    packet_in = prop(PACKET, PLAIN)
    for bad in (state[:-8], state + bytes(8), flip(state, 4), flip(state, 7), flip(state, 8),
                flip(state, 39), flip(state, 40), flip(state, 60), state[:40], state[:12], bytes(4),
                bytes(204), state[:6] + b"\0\4"):
        assert error(packet_in + prop(CONTINUATION, bad)) == stale, bad.hex()
    assert error(packet_in) == stale
    assert error(prop(PACKET, PLAIN[:13]) + prop(CONTINUATION, state)) == (1, 12)  # BAD_PACKET
    assert error(prop(CONTINUATION, state)) == (1, 12)
    other = Peer(f"{switch.dir}/br1.mgmt", V13)
    assert error(packet_in + prop(CONTINUATION, state), other) == stale
    secondary = Peer(f"{switch.dir}/controllers", V13)
    assert len(secondary.ask(24, struct.pack("!I4xQ", 3, 1))) == 1
    assert error(packet_in + prop(CONTINUATION, state), secondary) == (1, 10)  # IS_SLAVE
    expect_frames(wires, {}, "refused")
    assert resume(peer, paused) == []
    expect_frames(wires, {2: [PLAIN]}, "resumed")
    for each in (peer, other, secondary):
        each.close()
    switch.kill()
    switch.start("--restore")
    peer = controller(switch)
    assert error(packet_in + prop(CONTINUATION, state), peer) == stale


@case
def a_port_without_packet_ins_drops_what_pauses(switch):
    wires, peer = start(switch), controller(switch)
    install(switch, "udp,actions=output:3,controller(pause),output:2")
    switch.ctl("mod-port", "br0", "1", "no-packet-in")
    peer.receive()  # The port's new state.
    for _ in range(3):
        wires[0].send(PLAIN)
        assert wires[2].receive() == PLAIN
    assert peer.sync() == []
    expect_frames(wires, {}, "no packet-in")


@case
def ovs_ofctl_resumes(switch):
    wires = start(switch)
    install(switch, "udp,actions=set_field:5->reg0,controller(pause),goto_table:1",
            f"table=1,reg0=5,udp actions={SET_MAC},output:2")
    command = ["ovs-ofctl", "-P", "nxt_packet_in2", "monitor", f"unix:{switch.dir}/br0.mgmt", "65534",
               "resume"]
    with open(switch.dir + "/monitor", "wb") as out:
        monitor = subprocess.Popen(command, stdout=out, stderr=out)
    switch.at_end.append(lambda: (monitor.kill(), monitor.wait()))
    wait_for(lambda: wires[0].send(PLAIN) or wires[1].receive(0.1) == OTHER_MAC, "it goes on")
    with open(switch.dir + "/monitor", encoding="ascii") as said:
        assert "error" not in said.read()


cases.extend(for_hook(a_resumed_packet_goes_on, hook) for hook in ("tc", "xdp"))
main()
