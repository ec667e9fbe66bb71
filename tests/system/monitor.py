#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Flow monitors: exact bytes, errors, a reader who does not read, and ovs-ofctl's monitor."""
import os
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SHUNTCTL, Skip, case, cases, main, room, run, wait_for  # noqa: E402
from peer import (ANY, FLOW_MOD, V10, V13, V14, V15, Peer, apply_actions, flow_mod,  # noqa: E402
                  header, in_port, match, output)

VERSIONS = {"OpenFlow10": V10, "OpenFlow13": V13, "OpenFlow14": V14, "OpenFlow15": V15}
NICIRA, ONF = 0x2320, 0x4f4e4600
INITIAL, ADD, REMOVED, MODIFY, ACTIONS, NO_ABBREV, ONLY_OWN = 1, 2, 4, 8, 16, 32, 64
FULL = INITIAL | ADD | REMOVED | MODIFY | ACTIONS
ADD_MONITOR, MODIFY_MONITOR, DELETE_MONITOR = 0, 1, 2


def start(switch):
    """A bridge with a socket for controllers and one for management."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("set-controller", "br0", f"punix:{switch.dir}/controllers")


def controller(switch, version, **options):
    return Peer(f"{switch.dir}/controllers", version, **options)


# ---- Messages ----

def entry(version, monitor=1, flags=FULL, out_port=ANY, out_group=ANY, table=0xff,
          command=ADD_MONITOR, port=None):
    """One entry of a request."""
    fields = [] if port is None else [in_port(port)]
    if version == V10:
        nxm = b"" if port is None else struct.pack("!IH", 0x00000002, port)
        return struct.pack("!IHHHB5x", monitor, flags, out_port & 0xffff, len(nxm),
                           table) + nxm + bytes(-len(nxm) % 8)
    if version == V13:
        return struct.pack("!IHHIB3x", monitor, flags, 4 + 8 * len(fields), out_port,
                           table) + match(*fields)
    return struct.pack("!IIIHBB", monitor, out_port, out_group, flags, table,
                       command) + match(*fields)


def multipart_head(version, kind=None):
    """What stands between a multipart message's header and its first entry."""
    if version == V10:
        return struct.pack("!HHII4x", 0xffff, 0, NICIRA, 2)
    if version == V13:
        return struct.pack("!HHIII", 0xffff, 0, 0, ONF, 1870)
    return struct.pack("!HHI", 16, 0, 0)


def monitor(peer, *entries, xid=None):
    """Makes monitors; returns what the switch says."""
    return peer.ask(16 if peer.version == V10 else 18,
                    multipart_head(peer.version) + b"".join(entries), xid)


def reply(version, *updates, xid=0):
    return header(version, 17 if version == V10 else 19,
                  multipart_head(version) + b"".join(updates), xid)


EVENTS = {"initial": (0, 0), "added": (0, 1), "removed": (1, 2), "modified": (2, 3)}


def update(version, event, port, out=None, table=0, priority=1, reason=0, cookie=0, idle=0,
           hard=0):
    """A full update about a flow of in_port=PORT,actions=output:OUT."""
    code = EVENTS[event][version >= V14]
    if version == V10:
        body = struct.pack("!HHHHHBxQ", reason, priority, idle, hard, 6, table, cookie)
        body += struct.pack("!IH2x", 0x00000002, port)
        body += b"" if out is None else struct.pack("!HHHH", 0, 8, out, 0)
    elif version == V13:
        body = struct.pack("!HHHHHBxQ", reason, priority, idle, hard, 12, table, cookie)
        body += match(in_port(port)) + (b"" if out is None else apply_actions(output(out)))
    else:
        body = struct.pack("!BBHHH4xQ", table, reason, idle, hard, priority, cookie)
        body += match(in_port(port)) + (b"" if out is None else apply_actions(output(out)))
    return struct.pack("!HH", 4 + len(body), code) + body


def abbreviation(version, xid):
    return struct.pack("!HHI", 8, 4 if version >= V14 else 3, xid)


def flow(peer, port, out=2, **fields):
    """The body of a flow-mod for in_port=PORT."""
    action = struct.pack("!HHHH", 0, 8, out, 0) if peer.version == V10 else output(out)
    return flow_mod(peer.version, port=port, actions=() if fields.get("command") in (3, 4) else
                    (action,), **fields)


def change(peer, *args, xid=None, **fields):
    """Does a flow-mod; returns what this connection hears."""
    return peer.ask(FLOW_MOD, flow(peer, *args, **fields), xid)


# ---- What is told ----

def tells_what_changes(switch, version):
    start(switch)
    watcher, other = controller(switch, version), controller(switch, version)
    assert change(other, 1, cookie=7, idle=50, hard=60) == []
    (said,) = monitor(watcher, entry(version, port=None), xid=5)
    assert said == reply(version, update(version, "initial", 1, 2, cookie=7, idle=50, hard=60),
                         xid=5), said.hex()
    other.ask(FLOW_MOD, flow(other, 3))
    assert watcher.sync() == [reply(version, update(version, "added", 3, 2))]
    change(other, 3, out=4, command=2)
    assert watcher.sync() == [reply(version, update(version, "modified", 3, 4))]
    change(other, 3, out=4, command=2)
    assert watcher.sync() == [], "what changed nothing was told"
    change(other, 3, out=4)
    assert watcher.sync() == [reply(version, update(version, "added", 3, 4))]
    change(other, 3, command=4)
    assert watcher.sync() == [reply(version, update(version, "removed", 3, 4, reason=2))]
    assert other.sync() == [], "who did not ask was told"


def own_changes_are_abbreviated(switch, version):
    start(switch)
    watcher = controller(switch, version)
    monitor(watcher, entry(version))
    assert change(watcher, 1, xid=77) == [reply(version, abbreviation(version, 77))]
    change(watcher, 2)
    # One request, one abbreviation, whatever it changed.
    delete = flow_mod(version, command=3, table=0 if version == V10 else 0xff)
    assert watcher.ask(FLOW_MOD, delete, 78) == [reply(version, abbreviation(version, 78))]
    assert watcher.ask(FLOW_MOD, delete, 79) == []
    # Nicira and ONF call the flag "own".
    monitor(watcher, entry(version, monitor=2, flags=FULL | NO_ABBREV))
    assert change(watcher, 1) == [reply(version, update(version, "added", 1, 2))]


def flags_choose(switch, version):
    start(switch)
    watcher, other = controller(switch, version), controller(switch, version)
    said = {}
    for name, flag in (("added", ADD), ("modified", MODIFY), ("removed", REMOVED)):
        monitor(watcher, entry(version, monitor=flag, flags=flag))
        change(other, 1, out=2)
        change(other, 1, out=3, command=2)
        change(other, 1, command=4)
        said[name] = watcher.sync()
        cancel(watcher, flag)
    assert said == {"added": [reply(version, update(version, "added", 1))],
                    "modified": [reply(version, update(version, "modified", 1))],
                    "removed": [reply(version, update(version, "removed", 1, reason=2))]}, said
    change(other, 1)
    (said,) = monitor(watcher, entry(version, flags=ADD), xid=9)
    assert said == reply(version, xid=9), "initial flows that were not asked for"


def filters_choose(switch, version):
    start(switch)
    watcher, other = controller(switch, version), controller(switch, version)
    for port in (1, 2, 3):
        change(other, port, out=port + 10)
    (said,) = monitor(watcher, entry(version, out_port=12), xid=3)
    assert said == reply(version, update(version, "initial", 2, 12), xid=3), said.hex()
    (said,) = monitor(watcher, entry(version, monitor=2, port=3), xid=4)
    assert said == reply(version, update(version, "initial", 3, 13), xid=4), said.hex()
    change(other, 1, out=12, command=2)
    assert watcher.sync() == [reply(version, update(version, "modified", 1, 12))]
    change(other, 1, out=11, command=2)  # It did output there before.
    assert watcher.sync() == [reply(version, update(version, "modified", 1, 11))]
    change(other, 1, out=14)
    assert watcher.sync() == []
    change(other, 2, out=14)  # In the place of what did.
    assert watcher.sync() == [reply(version, update(version, "added", 2, 14))]
    # One flow that two monitors are about is told once.
    (said,) = monitor(watcher, entry(version, monitor=3), entry(version, monitor=4, port=3), xid=6)
    told = sorted(said[len(reply(version)):].split(struct.pack("!I", 0xbeef)))
    assert len(said) == len(reply(version)) + 3 * len(update(version, "initial", 1, 1)), told
    if version != V10:
        monitor(watcher, entry(version, monitor=5, table=1), entry(version, monitor=6, table=2))
        for each in (1, 2, 3, 4):
            cancel(watcher, each)
        change(other, 1, table=1)
        change(other, 1, table=3)
        assert watcher.sync() == [reply(version, update(version, "added", 1, 2, table=1))]


def cancel(peer, number):
    """Deletes a monitor; returns what the switch says."""
    body = struct.pack("!I", number)
    if peer.version == V10:
        return peer.experimenter(NICIRA, 21, body)
    if peer.version == V13:
        return peer.experimenter(ONF, 1870, body)
    return monitor(peer, entry(peer.version, monitor=number, flags=0, command=DELETE_MONITOR))


def cancelled_monitors_are_silent(switch, version):
    start(switch)
    watcher, other = controller(switch, version), controller(switch, version)
    monitor(watcher, entry(version))
    said = cancel(watcher, 1)
    assert [m[1] for m in said] == ([] if version <= V13 else [19]), said
    change(other, 1)
    assert watcher.sync() == []
    # The numbers are the connection's: both may have a 1.
    monitor(watcher, entry(version, flags=ADD))
    monitor(other, entry(version, flags=ADD))
    change(other, 2)
    assert watcher.sync() == [reply(version, update(version, "added", 2))]
    # A monitor ends with its connection.
    watcher.close()
    watcher = controller(switch, version)
    change(other, 3)
    assert watcher.sync() == []


def bad_requests_get_their_errors(switch, version):
    start(switch)
    peer = controller(switch, version)
    kind = 16 if version == V10 else 18

    def error(*entries):
        return peer.error(kind, multipart_head(version) + b"".join(entries))
    # type, code; Nicira's: (vendor,) type, code; an experimenter's: type, code, id
    exists = {V10: (NICIRA, 1, 517), V13: (0xffff, 6, NICIRA)}.get(version, (16, 1))
    unknown = {V10: (NICIRA, 1, 519), V13: (0xffff, 8, NICIRA)}.get(version, (16, 3))
    bad_flags = {V10: (NICIRA, 1, 518), V13: (0xffff, 7, NICIRA)}.get(version, (16, 5))
    bad_table = {V10: (NICIRA, 1, 512), V13: (1, 9)}.get(version, (16, 6))
    monitor(peer, entry(version))
    assert error(entry(version)) == exists
    assert error(entry(version, monitor=2), entry(version, monitor=2)) == exists
    assert error(entry(version, monitor=2), entry(version, flags=INITIAL)) == bad_flags
    assert error(entry(version, monitor=2, flags=0)) == bad_flags
    assert error(entry(version, monitor=2, flags=ADD | 0x80)) == bad_flags
    assert error(entry(version, monitor=2, table=254)) == bad_table
    if version <= V13:
        assert error(entry(version, monitor=2, flags=ADD | ONLY_OWN)) == bad_flags
        vendor, subtype = (NICIRA, 21) if version == V10 else (ONF, 1870)
        assert peer.error(4, struct.pack("!III", vendor, subtype, 2)) == unknown
        assert peer.error(4, struct.pack("!II", vendor, subtype)) == (1, 6)
    if version >= V13:
        bad_out = (2, 4) if version == V13 else (16, 7)
        assert error(entry(version, monitor=2, out_port=0xffffff01)) == bad_out
    if version >= V14:
        assert error(entry(version, monitor=2, out_group=0xfffffffc)) == (16, 7)
        assert error(entry(version, monitor=2, command=MODIFY_MONITOR)) == unknown
        assert error(entry(version, monitor=2, command=DELETE_MONITOR)) == unknown
        assert error(entry(version, monitor=2, command=3)) == (16, 4)
        assert error(entry(version), entry(version, monitor=2)) == exists
    assert error(entry(version, monitor=2)[:12]) == (1, 6)
    # None of these made a monitor: number 2 is free, and 1 is the first one.
    assert [m[1] for m in monitor(peer, entry(version, monitor=2))] == [kind + 1]
    assert change(peer, 1, xid=50) == [reply(version, abbreviation(version, 50))]


EACH_VERSION = [tells_what_changes, own_changes_are_abbreviated, flags_choose, filters_choose,
                cancelled_monitors_are_silent, bad_requests_get_their_errors]


# ---- 1.4 and later ----

@case
def a_monitor_of_own_changes_hears_of_no_other(switch):
    start(switch)
    watcher, other = controller(switch, V14), controller(switch, V14)
    monitor(watcher, entry(V14, flags=FULL | ONLY_OWN))
    change(other, 1)
    assert watcher.sync() == []
    assert change(watcher, 2, xid=9) == [reply(V14, abbreviation(V14, 9))]
    monitor(watcher, entry(V14, flags=FULL | ONLY_OWN | NO_ABBREV, command=MODIFY_MONITOR))
    assert change(watcher, 3) == [reply(V14, update(V14, "added", 3, 2))]


@case
def a_modified_monitor_is_another(switch):
    start(switch)
    watcher, other = controller(switch, V15), controller(switch, V15)
    monitor(watcher, entry(V15, port=1))
    change(other, 2)
    (said,) = monitor(watcher, entry(V15, port=2, command=MODIFY_MONITOR), xid=8)
    assert said == reply(V15, update(V15, "initial", 2, 2), xid=8)
    change(other, 1)
    change(other, 2, command=4)
    assert watcher.sync() == [reply(V15, update(V15, "removed", 2, 2, reason=2))]
    # A request is done in its order.
    (said,) = monitor(watcher, entry(V15, command=DELETE_MONITOR), entry(V15, port=1), xid=9)
    assert said == reply(V15, update(V15, "initial", 1, 2), xid=9)


@case
def groups_choose(switch):
    start(switch)
    watcher = controller(switch, V14)
    switch.ctl("-O", "OpenFlow14", "add-group", "br0", "group_id=5,type=all,bucket=output:1")
    switch.ctl("add-flow", "br0", "priority=1,in_port=1,actions=group:5")
    switch.ctl("add-flow", "br0", "priority=1,in_port=2,actions=output:2")
    (said,) = monitor(watcher, entry(V14, flags=INITIAL | REMOVED, out_group=5), xid=1)
    assert said == reply(V14, update(V14, "initial", 1), xid=1)
    switch.ctl("-O", "OpenFlow14", "del-groups", "br0")
    assert watcher.sync() == [reply(V14, update(V14, "removed", 1, reason=3))]


@case
def an_expired_and_a_flushed_flow_are_told(switch):
    start(switch)
    watcher, other = controller(switch, V14), controller(switch, V14)
    monitor(watcher, entry(V14, flags=REMOVED))
    change(other, 1, hard=1)
    assert watcher.receive() == reply(V14, update(V14, "removed", 1, reason=1, hard=1))
    keeper = Peer(f"{switch.dir}/br0.mgmt", V14)
    change(other, 1)
    monitor(keeper, entry(V14, flags=REMOVED))
    switch.ctl("set-controller", "br0", "tcp:127.0.0.1:1")  # Its first controller: a new start.
    assert keeper.receive() == reply(V14, update(V14, "removed", 1, reason=2))


# ---- A reader who does not read ----

PAUSED, RESUMED = 5, 6


def updates(messages):
    """(event, entry) of each update in messages of 1.4."""
    for message in messages:
        assert message[1] == 19 and message[8:10] == b"\0\x10", message.hex()
        rest = message[16:]
        while rest:
            length, event = struct.unpack("!HH", rest[:4])
            yield event, rest[:length]
            rest = rest[length:]


def daemon_rss_kb(switch):
    with open(f"/proc/{switch.pid()}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def bulk(peer, ports, **fields):
    """Flow-mods for many ports in few system calls."""
    body = b"".join(header(peer.version, FLOW_MOD, flow(peer, port, **fields), 1)
                    for port in ports)
    peer.sock.sendall(body)
    assert peer.sync() == []


@case
def updates_pause_until_the_reader_reads(switch):
    start(switch)
    watcher = controller(switch, V14, receive_buffer=4096)
    other = controller(switch, V14)
    monitor(watcher, entry(V14, flags=FULL | NO_ABBREV))
    bulk(other, range(1, 8001))               # Too much to be told: most come while paused.
    bulk(other, range(1, 101), command=4)     # Told before the pause.
    bulk(other, range(7901, 8001), command=4)  # Never told at all.
    bulk(other, range(201, 301), out=9)       # Told and replaced.
    bulk(other, range(7801, 7811), out=9, command=2)
    told, seen = {}, []

    def take(message):
        for event, body in updates([message]):
            seen.append(event)
            if event <= 3:
                port, out = struct.unpack("!I", body[32:36])[0], body[-12:-8]
                if event == 2:
                    assert told.pop(port, None) is not None, f"{port} is removed, but unknown"
                else:
                    assert event == 3 or seen.count(PAUSED) or port not in told, port
                    told[port] = struct.unpack("!I", out)[0]
    while RESUMED not in seen:
        take(watcher.receive())
    for message in watcher.sync():
        take(message)
    assert seen.count(PAUSED) == seen.count(RESUMED) == 1, seen
    expected = {port: 2 for port in range(101, 7901)}
    expected.update({port: 9 for port in list(range(201, 301)) + list(range(7801, 7811))})
    assert told == expected, sorted(set(told.items()) ^ set(expected.items()))[:10]
    n_after = len(seen) - seen.index(PAUSED)
    assert n_after < 8001, "what went while paused was told"
    bulk(other, [9000])
    assert watcher.sync() == [reply(V14, update(V14, "added", 9000, 2))], "it goes on"


@case
def a_deaf_reader_costs_no_memory(switch):
    start(switch)
    watcher = controller(switch, V14, receive_buffer=4096)
    other = controller(switch, V14)
    monitor(watcher, entry(V14, flags=FULL | NO_ABBREV))

    def churn():
        bulk(other, range(1, 4001))
        bulk(other, range(1, 4001), command=4)
    churn()
    churn()
    before = daemon_rss_kb(switch)
    for _ in range(20):
        churn()
    # 160,000 updates of 64 bytes would be 10 MB.
    grown = daemon_rss_kb(switch) - before
    assert grown << 10 < room(3000 << 10), f"{grown} kB more"


# ---- ovs-ofctl ----

def ofctl(switch, version, verb, *args):
    return run("ovs-ofctl", "-O", version, verb, f"unix:{switch.dir}/br0.mgmt", *args)


HEADS = {V10: "NXST_FLOW_MONITOR reply", V13: "ONFST_FLOW_MONITOR reply (OF1.3)",
         V14: "OFPST_FLOW_MONITOR reply (OF1.4)", V15: "OFPST_FLOW_MONITOR reply (OF1.5)"}


def expected_lines(version):
    """What ovs-ofctl prints of ovs-vswitchd for what ovs_ofctl_watches does."""
    initial = "INITIAL" if version >= V14 else "ADDED"
    # A modification of 1.0 goes for all tables, and has a cookie of its own.
    cookie, also = ("0", [" event=MODIFIED table=1 idle_timeout=50 cookie=0 tcp,tp_dst=80"
                          " actions=output:3"]) if version == V10 else ("0x7", [])
    return [
        f"{HEADS[version]} (xid=0x6):",
        f" event={initial} table=0 cookie=0x7 ip actions=output:2",
        f" event={initial} table=1 idle_timeout=50 cookie=0 tcp,tp_dst=80",
        f"{HEADS[version]} (xid=0x0):",
        " event=ADDED table=0 cookie=0 udp actions=output:1,output:2",
        f"{HEADS[version]} (xid=0x0):",
        " event=ADDED table=0 cookie=0 udp actions=output:2",
        f"{HEADS[version]} (xid=0x0):",
        " event=MODIFIED table=0 cookie=0 udp actions=output:3",
        f" event=MODIFIED table=0 cookie={cookie} ip actions=output:3", *also,
        f"{HEADS[version]} (xid=0x0):",
        " event=ADDED table=0 cookie=0 sctp actions=group:1",
        f"{HEADS[version]} (xid=0x0):",
        " event=DELETED reason=group_delete table=0 cookie=0 sctp actions=group:1",
        f"{HEADS[version]} (xid=0x0):",
        " event=DELETED reason=delete table=0 cookie=0 udp actions=output:3",
        f" event=DELETED reason=delete table=0 cookie={cookie} ip actions=output:3"]


def ovs_ofctl_watches(switch, version):
    name = next(n for n, v in VERSIONS.items() if v == version)
    if not shutil.which("ovs-ofctl"):
        raise Skip("ovs-ofctl is not installed")
    start(switch)

    def ofctl(verb, *args, spoken=name):
        return run("ovs-ofctl", "-O", spoken, verb, f"unix:{switch.dir}/br0.mgmt", *args)
    ofctl("add-flow", "table=0,priority=5,cookie=7,ip,actions=output:2")
    ofctl("add-flow", "table=1,tcp,tp_dst=80,idle_timeout=50,actions=drop")
    log = switch.dir + "/watch.log"

    def printed():
        with open(log, encoding="ascii") as file:
            return file.read().splitlines()
    with open(log, "w", encoding="ascii") as out, subprocess.Popen(
            ["timeout", "60", "ovs-ofctl", "-O", name, "monitor", f"unix:{switch.dir}/br0.mgmt",
             "watch:"], stdout=out, stderr=subprocess.STDOUT) as watcher:
        try:
            wait_for(lambda: len(printed()) == 3, "the flows that are there")
            ofctl("add-flow", "priority=6,udp,actions=output:1,output:2")
            ofctl("add-flow", "priority=6,udp,actions=output:2")
            ofctl("mod-flows", "ip,actions=output:3")
            ofctl("mod-flows", "ip,actions=output:3")
            ofctl("add-group", "group_id=1,type=all,bucket=output:1", spoken="OpenFlow13")
            ofctl("add-flow", "priority=9,sctp,actions=group:1", spoken="OpenFlow13")
            ofctl("del-groups", spoken="OpenFlow13")
            ofctl("del-flows", "table=0,ip" if version == V10 else "table=0")
            wait_for(lambda: len(printed()) >= len(expected_lines(version)), "all of it")
        finally:
            watcher.terminate()
    shown = [line for line in printed() if "terminating" not in line and line]
    assert sorted_updates(shown) == sorted_updates(expected_lines(version)), "\n".join(shown)


def sorted_updates(shown):
    """Updates of one message stand in no order."""
    messages = []
    for line in shown:
        if line.startswith(" "):
            messages[-1].append(line)
        else:
            messages.append([line])
    return [[m[0]] + sorted(m[1:]) for m in messages]


def shuntctl_watches(switch, version):
    name = next(n for n, v in VERSIONS.items() if v == version)
    start(switch)

    def ctl(verb, *args):
        switch.ctl("-O", name, verb, "br0", *args)
    ctl("add-flow", "priority=5,cookie=7,ip,actions=output:2")
    ctl("add-flow", "priority=5,arp,actions=output:3")
    log = switch.dir + "/watch.log"

    def printed():
        with open(log, encoding="ascii") as file:
            return [line for line in file.read().splitlines() if line.startswith(" event=")]
    with open(log, "w", encoding="ascii") as out, subprocess.Popen(
            [SHUNTCTL, "-O", name, "--run-dir", switch.dir, "monitor", "br0",
             "watch:out_port=2,!modify"], stdout=out, stderr=subprocess.STDOUT) as watcher:
        try:
            wait_for(lambda: len(printed()) == 1, "the flow that is there")
            ctl("add-flow", "idle_timeout=9,in_port=1,actions=output:2")
            ctl("mod-flows", "in_port=1,actions=output:2,output:4")
            ctl("del-flows", "in_port=1")
            wait_for(lambda: len(printed()) == 3, "what becomes of another")
        finally:
            watcher.terminate()
    initial = "INITIAL" if version >= V14 else "ADDED"
    assert printed() == [
        f" event={initial} table=0 cookie=0x7 priority=5,ip actions=output:2",
        " event=ADDED table=0 idle_timeout=9 cookie=0 in_port=1 actions=output:2",
        " event=DELETED reason=delete table=0 idle_timeout=9 cookie=0 in_port=1"
        " actions=output:2,output:4"], printed()
    for text, said in (("watch:!bogus", "write !initial"), ("watch:cookie=1/1", "cookie"),
                       ("watch:frob=1", "frob"), ("x", "want bytes of a packet")):
        assert said in switch.ctl_fails("-O", name, "monitor", "br0", text), text


def for_version(test, version):
    def one(switch):
        test(switch, version)
    one.__name__ = f"{test.__name__}_{version}"
    return one


cases.extend(for_version(test, version) for version in VERSIONS.values()
             for test in EACH_VERSION + [ovs_ofctl_watches, shuntctl_watches])
main()
