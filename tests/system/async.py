#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What controllers are told unasked, byte for byte: forwarded requests, roles, ports, tables,
flows that went; and the configuration that says who hears what."""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, cases, main, run, wait_for  # noqa: E402
from peer import (ANY, EXPERIMENTER, FLOW_MOD, V10, V13, V14, V15, Peer,  # noqa: E402
                  apply_actions, flow_mod, header, output)

NICIRA, ONF = 0x2320, 0x4f4e4600
GROUP_MOD, METER_MOD, FLOW_REMOVED, PORT_STATUS = 15, 29, 11, 12
ROLE_REQUEST, SET_ASYNC, ROLE_STATUS, TABLE_STATUS, REQUESTFORWARD = 24, 28, 30, 31, 32
MASTER, SLAVE = 2, 3
ALL_GROUPS = 0xfffffffc
# Properties of the configuration; + 1: for masters and equals, + 0: for slaves.
OF_PACKET_IN, OF_PORT, OF_FLOW, OF_ROLE, OF_TABLE, OF_FORWARD, OF_CONTROLLER = 0, 2, 4, 6, 8, 10, 14


def start(switch, n_ports=0):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("set-controller", "br0", f"punix:{switch.dir}/controllers")
    for i in range(1, n_ports + 1):
        run("ip", "link", "add", f"p{i}", "up", "type", "veth", "peer", "name", f"q{i}")
        run("ip", "link", "set", f"q{i}", "up")
        switch.ctl("add-port", "br0", f"p{i}", f"ofport={i}")
        wait_for(lambda: switch.ports("br0")[f"p{i}"]["carrier"], "the link is up")


def controller(switch, version):
    return Peer(f"{switch.dir}/controllers", version)


def configure(peer, *masks):
    """Sets (property, mask) pairs; returns what the switch says."""
    body = b"".join(struct.pack("!HHI", kind, 8, mask) for kind, mask in masks)
    if peer.version >= V14:
        return peer.ask(SET_ASYNC, body)
    return peer.experimenter(NICIRA, 27, body)


def role(peer, which, generation=0):
    if peer.version == V10:
        return peer.experimenter(NICIRA, 10, struct.pack("!I", which - 1))
    return peer.ask(ROLE_REQUEST, struct.pack("!IIQ", which, 0, generation))


# ---- Forwarded requests ----

def group_mod(version, command=0, group=1, ports=(1,)):
    """The body of a group-mod of type all, one bucket a port."""
    buckets = b""
    for number, port in enumerate(ports):
        action = output(port)
        if version == V15:
            buckets += struct.pack("!HHI", 8 + len(action), len(action), number) + action
        else:
            buckets += struct.pack("!HHII4x", 16 + len(action), 0, ANY, ANY) + action
    if version == V15:
        return struct.pack("!HBxIHxxI", command, 0, group, len(buckets), 0xffffffff) + buckets
    return struct.pack("!HBxI", command, 0, group) + buckets


def meter_mod(command=0, meter=1, rate=1000):
    band = b"" if command == 2 else struct.pack("!HHIII", 1, 16, rate, 0, 0)
    return struct.pack("!HHI", command, 1, meter) + band


def forwarded(version, kind, body, xid):
    inner = header(version, kind, body, xid)
    if version == V13:
        return header(version, EXPERIMENTER, struct.pack("!II", ONF, 2350) + inner)
    return header(version, REQUESTFORWARD, inner)


def requests_are_forwarded(switch, version):
    start(switch)
    sender, other, deaf = (controller(switch, version) for _ in range(3))
    assert configure(other, (OF_FORWARD + 1, 3)) == []
    add = group_mod(version)
    assert sender.ask(GROUP_MOD, add, xid=40) == []
    assert other.sync() == [forwarded(version, GROUP_MOD, add, 40)]
    sender.ask(METER_MOD, meter_mod(), xid=41)
    assert other.sync() == [forwarded(version, METER_MOD, meter_mod(), 41)]
    assert [m[1] for m in sender.ask(GROUP_MOD, add)] == [1]
    assert other.sync() == [], "a request that failed was forwarded"
    assert other.ask(GROUP_MOD, group_mod(version, group=2)) == [], "to itself"
    assert sender.sync() == deaf.sync() == []
    # One kind alone.
    configure(other, (OF_FORWARD + 1, 2))
    sender.ask(GROUP_MOD, group_mod(version, command=2, ports=()))
    sender.ask(METER_MOD, meter_mod(command=2), xid=42)
    assert other.sync() == [forwarded(version, METER_MOD, meter_mod(command=2), 42)]
    # The configuration of slaves is another.
    configure(other, (OF_FORWARD, 1), (OF_FORWARD + 1, 0))
    role(other, SLAVE)
    sender.ask(GROUP_MOD, group_mod(version, group=3), xid=43)
    assert other.sync() == [forwarded(version, GROUP_MOD, group_mod(version, group=3), 43)]


@case
def each_version_is_forwarded_its_own(switch):
    start(switch)
    peers = {version: controller(switch, version) for version in (V10, V13, V14, V15)}
    for peer in peers.values():
        assert configure(peer, (OF_FORWARD + 1, 3)) == []
    sender = controller(switch, V15)
    sender.ask(GROUP_MOD, group_mod(V15, ports=(1, 2)), xid=9)
    for version in (V13, V14, V15):
        body = group_mod(version, ports=(1, 2))
        assert peers[version].sync() == [forwarded(version, GROUP_MOD, body, 9)], version
    nicira = header(V10, EXPERIMENTER, struct.pack("!IIHBxIHxxI", NICIRA, 31, 0, 0, 1, 32,
                                                   0xffffffff) + b"".join(
        struct.pack("!HHIHHHH", 16, 8, number, 0, 8, number + 1, 0) for number in (0, 1)), 9)
    assert peers[V10].sync() == [header(V10, EXPERIMENTER, struct.pack("!II", NICIRA, 132) +
                                        nicira)]
    # To 1.3 and 1.4 a command on buckets is what came of it.
    bucket = struct.pack("!HHI", 24, 16, 7) + output(3)
    insert = struct.pack("!HBxIHxxI", 3, 0, 1, len(bucket), 0xfffffffe) + bucket
    assert sender.ask(GROUP_MOD, insert, xid=10) == []
    assert peers[V15].sync() == [forwarded(V15, GROUP_MOD, insert, 10)]
    for version in (V13, V14):
        body = group_mod(version, command=1, ports=(1, 2, 3))
        assert peers[version].sync() == [forwarded(version, GROUP_MOD, body, 10)], version
    peers[V10].sync()
    # 1.0 has no meters.
    sender.ask(METER_MOD, meter_mod(), xid=11)
    assert peers[V13].sync() == [forwarded(V13, METER_MOD, meter_mod(), 11)]
    assert peers[V10].sync() == []


@case
def a_bundles_requests_are_forwarded_when_it_is_done(switch):
    start(switch)
    sender, other = controller(switch, V14), controller(switch, V14)
    configure(other, (OF_FORWARD + 1, 3))

    def control(kind):
        return sender.ask(33, struct.pack("!IHH", 1, kind, 3))
    control(0)
    inner = header(V14, GROUP_MOD, group_mod(V14), 60)
    assert sender.ask(34, struct.pack("!IHH", 1, 0, 3) + inner, xid=60) == []
    assert other.sync() == []
    control(4)
    assert other.sync() == [forwarded(V14, GROUP_MOD, group_mod(V14), 60)]


# ---- The configuration ----

@case
def bad_configurations_are_refused(switch):
    start(switch)
    for version in (V14, V15):
        peer = controller(switch, version)
        # A reason that there is not; a property of an experimenter; the second of two.
        assert peer.error(SET_ASYNC, struct.pack("!HHI", OF_FORWARD, 8, 4)) == (15, 0)
        body = struct.pack("!HHIHHI", OF_PORT, 8, 0, OF_TABLE + 1, 8, 1)
        assert peer.error(SET_ASYNC, body) == (15, 0)
        (said,) = peer.ask(26)
        masks = {struct.unpack("!H", said[i:i + 2])[0]: struct.unpack("!I", said[i + 4:i + 8])[0]
                 for i in range(8, len(said), 8)}
        assert masks[OF_PORT] == 7 and masks[OF_TABLE + 1] == 0x18, masks
        assert peer.error(SET_ASYNC, struct.pack("!HHI", OF_PORT, 4, 0))[0] in (1, 14)
    peer = controller(switch, V13)
    assert peer.error(EXPERIMENTER, struct.pack("!IIHHI", NICIRA, 27, OF_FORWARD, 8, 4)) == (
        0xffff, 2370, ONF)


# ---- Roles ----

@case
def a_deposed_master_is_told(switch):
    start(switch)
    for version in (V13, V14, V15):
        first, second = controller(switch, version), controller(switch, version)
        if version == V13:
            configure(first, (OF_ROLE + 1, 7), (OF_ROLE, 7))
        role(first, MASTER, 5)
        role(second, MASTER, 6)
        body = struct.pack("!IB3xQ", SLAVE, 0, 6)
        expected = header(V13, EXPERIMENTER, struct.pack("!II", ONF, 1911) + body) \
            if version == V13 else header(version, ROLE_STATUS, body)
        assert first.sync() == [expected], version
        configure(second, (OF_ROLE + 1, 0), (OF_ROLE, 0))
        role(first, MASTER, 7)
        assert second.sync() == [], version
        first.close()
        second.close()
        switch.kill()
        switch.start()


# ---- Other controllers ----

def status(role_number, reason, is_down=0, name=b"unix"):
    """An entry of a controller's status."""
    prop = struct.pack("!HH", 0, 4 + len(name)) + name
    prop += bytes(-len(prop) % 8)
    return struct.pack("!HHIBB6x", 16 + len(prop), 0, role_number, reason, is_down) + prop


@case
def controllers_of_openflow_15_hear_of_each_other(switch):
    start(switch)
    watcher = controller(switch, V15)
    configure(watcher, (OF_CONTROLLER + 1, 0x3f))
    other = controller(switch, V13)
    assert watcher.receive() == header(V15, 35, status(1, 1))  # Equal; its channel is up.
    role(other, MASTER, 1)
    assert watcher.sync() == [header(V15, 35, status(MASTER, 2))]
    role(other, MASTER, 1)
    assert watcher.sync() == [], "nothing changed"
    (said,) = watcher.multipart(18, xid=3)
    assert said == header(V15, 19, struct.pack("!HHI", 18, 0, 0) + status(1, 0) + status(
        MASTER, 0), 3), said.hex()
    other.close()
    assert watcher.receive() == header(V15, 35, status(MASTER, 1, 1))
    configure(watcher, (OF_CONTROLLER + 1, 0))
    controller(switch, V15).sync()
    assert watcher.sync() == []


# ---- Ports ----

@case
def ports_are_told_in_each_version(switch):
    start(switch, 1)
    peers = {version: controller(switch, version) for version in (V10, V13, V14, V15)}
    slave = controller(switch, V13)
    role(slave, SLAVE)
    silent = controller(switch, V14)
    configure(silent, (OF_PORT + 1, 3))
    run("ip", "link", "set", "p1", "down")
    mac = {}
    for version, peer in [*peers.items(), ("slave", slave)]:
        said = peer.receive()
        while said[8] != 2 or not said[16:].count(b"p1\0"):
            said = peer.receive()
        assert said[1] == PORT_STATUS and said[8] == 2, said.hex()  # OFPPR_MODIFY
        port = struct.unpack("!H", said[16:18])[0] if version == V10 else \
            struct.unpack("!I", said[16:20])[0]
        assert port == 1, said.hex()
        assert len(said) == {V10: 64, V13: 80, V14: 88, V15: 88}.get(version, 80), said.hex()
        mac[version] = said[18:24] if version == V10 else said[24:30]
    assert len(set(mac.values())) == 1, mac
    switch.ctl("del-port", "br0", "p1")
    for peer in [*peers.values(), slave, silent]:
        while True:
            said = peer.receive()
            assert said[1] == PORT_STATUS, said.hex()
            assert peer is not silent or said[8] == 1, "a kind that was not asked for"
            if said[8] == 1:  # OFPPR_DELETE
                break
    switch.ctl("add-port", "br0", "p1", "ofport=1")
    assert peers[V14].receive()[8] == 0


# ---- Tables ----

def vacancy(peer, down, up, table=0):
    config = 8 if down is not None else 0
    prop = struct.pack("!HHBBB1x", 3, 8, down, up, 0) if config else b""
    return peer.ask(17, struct.pack("!BxxxI", table, config) + prop)


@case
def a_table_that_fills_is_told(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure", "n-tables=2")
    switch.ctl("set-controller", "br0", f"punix:{switch.dir}/controllers")
    for version in (V14, V15):
        peer, silent = controller(switch, version), controller(switch, version)
        configure(silent, (OF_TABLE + 1, 0x8))  # VACANCY_DOWN alone.
        limit_table(peer, 10)
        assert vacancy(peer, 20, 50) == []
        told = []
        for port in range(1, 10):
            told += peer.ask(FLOW_MOD, flow_mod(version, port=port))
        # With eight of ten 20 % are free.
        assert [(m[1], m[8]) for m in told] == [(TABLE_STATUS, 3)], [m.hex() for m in told]
        prop = struct.pack("!HHBBB1x", 3, 8, 20, 50, 20)
        assert prop in told[0], told[0].hex()
        told = []
        for port in range(9, 0, -1):
            told += peer.ask(FLOW_MOD, flow_mod(version, port=port, command=4))
        assert [(m[1], m[8]) for m in told] == [(TABLE_STATUS, 4)], [m.hex() for m in told]
        assert [m[8] for m in silent.sync()] == [3]
        assert vacancy(peer, None, None) == []
        peer.close()
        silent.close()


def limit_table(peer, max_entries):
    """Has table 0 hold so many entries, by its own features."""
    said = peer.multipart(12)
    entry = b"".join(m[16:] for m in said)
    length = struct.unpack("!H", entry[:2])[0]
    first = entry[:length]
    changed = first[:60] + struct.pack("!I", max_entries) + first[64:]
    replies = peer.multipart(12, changed)
    assert all(m[1] == 19 for m in replies), [m.hex() for m in replies]


# ---- Flows that went ----

def removed_reason(messages):
    """(reason, cookie) of flow-removed messages."""
    for message in messages:
        assert message[1] == FLOW_REMOVED, message.hex()
    return [(m[9], m[16:24]) if m[0] == V15 else (m[18], m[8:16]) for m in messages]


SEND_REMOVED = 1


@case
def flows_that_went_have_their_reason(switch):
    start(switch)
    for version in (V13, V14, V15):
        peer = controller(switch, version)

        def add(cookie, *actions, **fields):
            said = peer.ask(FLOW_MOD, flow_mod(version, port=cookie, cookie=cookie,
                                               flags=SEND_REMOVED, actions=actions, **fields))
            return said

        def told(cookie):
            return struct.pack("!Q", cookie)
        add(1, output(1))
        said = removed_reason(peer.ask(FLOW_MOD, flow_mod(version, command=4, port=1)))
        assert said == [(2, told(1))], (version, said)
        assert peer.ask(GROUP_MOD, group_mod(version)) == []
        assert add(2, struct.pack("!HHI", 22, 8, 1)) == []
        assert removed_reason(peer.ask(GROUP_MOD, group_mod(version, command=2, ports=()))) == [
            (3, told(2))]
        assert peer.ask(METER_MOD, meter_mod()) == []
        metered = meter_flow(version, 3)
        assert peer.ask(FLOW_MOD, metered) == []
        # METER_DELETE came with 1.4.
        assert removed_reason(peer.ask(METER_MOD, meter_mod(command=2))) == [
            (2 if version == V13 else 4, told(3))]
        add(4, output(1), hard=1)
        assert removed_reason([peer.receive()]) == [(1, told(4))]
        add(5, output(1), idle=1)
        assert removed_reason([peer.receive()]) == [(0, told(5))]
        configure(peer, (OF_FLOW + 1, 1 << 2 if version >= V14 else 0))
        if version >= V14:
            assert peer.ask(GROUP_MOD, group_mod(version)) == []
            add(6, struct.pack("!HHI", 22, 8, 1))
            assert peer.ask(GROUP_MOD, group_mod(version, command=2, ports=())) == []
        peer.close()


@case
def masks_that_were_read_may_be_set(switch):
    start(switch)
    with controller(switch, V13) as peer:
        (masks,) = peer.ask(26)
        assert peer.ask(SET_ASYNC, masks[8:]) == []
        assert peer.ask(METER_MOD, meter_mod()) == []
        assert peer.ask(FLOW_MOD, meter_flow(V13, 3)) == []
        said = removed_reason(peer.ask(METER_MOD, meter_mod(command=2)))
        assert said == [(2, struct.pack("!Q", 3))], said


def meter_flow(version, port):
    """A flow-mod's body with a meter, which is an action from 1.5 on."""
    head = flow_mod(version, port=port, cookie=port, flags=SEND_REMOVED)
    if version == V15:
        return head + apply_actions(struct.pack("!HHI", 29, 8, 1))
    return head + struct.pack("!HHI", 6, 8, 1)


@case
def an_evicted_flow_is_told(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure", "n-tables=2")
    switch.ctl("set-controller", "br0", f"punix:{switch.dir}/controllers")
    for version in (V14, V15):
        peer = controller(switch, version)
        limit_table(peer, 2)
        prop = struct.pack("!HHI", 2, 8, 2)  # By importance.
        assert peer.ask(17, struct.pack("!BxxxI", 0, 4) + prop) == []
        for port in (1, 2):
            assert peer.ask(FLOW_MOD, flow_mod(version, port=port, cookie=port, importance=port,
                                               flags=SEND_REMOVED)) == []
        said = peer.ask(FLOW_MOD, flow_mod(version, port=3, cookie=3, importance=9))
        assert removed_reason(said) == [(5, struct.pack("!Q", 1))], said
        peer.ask(FLOW_MOD, flow_mod(version, command=3, table=0xff))
        peer.ask(17, struct.pack("!BxxxI", 0, 0))
        peer.close()


def for_version(test, version):
    def one(switch):
        test(switch, version)
    one.__name__ = f"{test.__name__}_{version}"
    return one


cases.extend(for_version(requests_are_forwarded, version) for version in (V13, V14, V15))
main()
