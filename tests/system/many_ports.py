#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""As many ports on one bridge as SHUNT_PORTS says (make soak: half of what there can be), and one
more than there can be, beside an established flow of two other ports."""
import json
import os
import re
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, main, patience, run, wait_for  # noqa: E402
from hosts import Raw, Stream, Wire, frame  # noqa: E402
from peer import V13, Peer  # noqa: E402
from watch import Watch  # noqa: E402

MAX_PORTS = 8191  # Of the fast path, of which each bridge's local port has one.
N = int(os.environ.get("SHUNT_PORTS", "80"))
SLOWEST_S = 2
PORT_DESC = 13


def lap(what, begin):
    print(f"# {what}: {time.monotonic() - begin:.2f} s", file=sys.stderr)
    return time.monotonic()


def make_wires(switch, n):
    path = switch.dir + "/links"
    with open(path, "w", encoding="ascii") as file:
        for i in range(1, n + 1):
            file.write(f"link add p{i} up type veth peer name h{i}\nlink set h{i} up\n")
    run("ip", "-batch", path, timeout=600)


def received():
    """Packets that came to each wire's end, by its port's number."""
    counts = {}
    with open("/proc/net/dev", encoding="ascii") as file:
        for line in file:
            name, _, numbers = line.strip().partition(":")
            if name[0] == "h" and name[1:].isdigit():
                counts[int(name[1:])] = int(numbers.split()[1])
    return counts


def flood_reaches_all(source, number, before):
    """One packet comes out of each other port, once."""
    source.send(frame(src=f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"))

    def came():
        now = received()
        return {i: now[i] - before[i] for i in now}
    wait_for(lambda: sum(came().values()) >= N - 1, "the flood is out", 30)
    counts = came()
    assert counts.pop(number) == 0 and set(counts.values()) == {1}, counts


def described_ports(switch):
    """Port numbers of all parts of a description, in 1.0 and 1.3, where a message ends at 64 KiB."""
    peer = Peer(switch.dir + "/br0.mgmt", V13)
    parts = peer.multipart(PORT_DESC)
    flags = [struct.unpack("!H", part[10:12])[0] for part in parts]
    assert flags == [1] * (len(parts) - 1) + [0], flags
    numbers = []
    for part in parts:
        assert len(part) <= 0xffff and (len(part) - 16) % 64 == 0
        numbers += [struct.unpack("!I", part[at:at + 4])[0] for at in range(16, len(part), 64)]
    peer.close()
    return len(parts), numbers


def attached_by_log(switch):
    """The ports that the log says were attached, one after the other."""
    lines = switch.logged(" INFO .*bridge br0: port [0-9]+ is p[0-9]+ by ")
    return [int(re.search(r"port (\d+) is p\1 by ", line)[1]) for line in lines]


def bound(watch):
    assert 0 < watch.slowest < patience(SLOWEST_S), watch.slowest


@case
def many_ports(switch):
    """Added, described, flooded to, fast between any two, adopted by the next daemon, taken away; beside
    it a flow that is in the fast path."""
    begin = time.monotonic()
    make_wires(switch, N)
    begin = lap(f"{N} pairs made", begin)
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    stream = Stream(switch, first=N + 1)
    joined = [["--", "add-port", "br0", f"p{i}", f"ofport={i}"] for i in range(1, N + 1)]
    with Watch(switch, "added") as watch:
        switch.ctl(*sum(joined, [])[1:], timeout=1200)
    bound(watch)
    assert attached_by_log(switch) == [*range(1, N + 1)]
    begin = time.monotonic()
    n_parts, numbers = described_ports(switch)
    assert sorted(numbers) == [*range(1, N + 3), 0xfffffffe]
    assert n_parts >= -(-(N + 3) // 1023), n_parts
    assert len(switch.ports("br0")) == N + 3
    begin = lap(f"described in {n_parts} messages, shown", begin)

    switch.ctl("add-flow", "br0", "priority=1,actions=flood")
    first, last = Raw("h1"), Raw(f"h{N}")
    flood_reaches_all(first, 1, received())
    flood_reaches_all(last, N, received())
    begin = lap("flooded twice", begin)
    pairs = [(i, N + 1 - i) for i in range(1, 1 + min(N // 2, 50))]
    for a, b in pairs:
        switch.ctl("add-flow", "br0", f"priority=2,in_port={a},actions=output:{b}")
    wires = [(Raw(f"h{a}"), Raw(f"h{b}")) for a, b in pairs]
    before = received()
    for i in range(20):
        for source, _ in wires:
            source.send(frame(payload=bytes([i]) + bytes(49)))
    wait_for(lambda: all(received()[b] - before[b] == 20 for _, b in pairs), "20 packets each")
    for _, sink in wires:
        assert [sink.receive()[14] for _ in range(20)] == list(range(20)), sink.end
        assert sink.is_silent(0.01), sink.end
    shown = switch.ctl_json("dpctl", "show")
    assert all(p["stats"]["upcalls_lost"] == 0 for p in shown["ports"] if "stats" in p)
    lap(f"{len(pairs)} pairs forwarded", begin)
    restarted_and_taken_away(switch, first, stream)


def restarted_and_taken_away(switch, first, stream):
    begin = time.monotonic()
    switch.kill()
    switch.start("--restore")
    begin = lap("killed, and started again", begin)
    ports = switch.ports("br0")
    assert len(ports) == N + 3 and not any("error" in port for port in ports.values())
    assert sorted(attached_by_log(switch)) == sorted([*range(1, N + 1)] * 2)
    switch.ctl("del-flows", "br0", "in_port=1")
    switch.ctl("add-flow", "br0", "priority=1,actions=flood")
    flood_reaches_all(first, 1, received())
    lap("flooded again", begin)
    stream.end()
    with Watch(switch, "bridge removed") as watch:
        switch.ctl("del-br", "br0", timeout=1200)
    bound(watch)
    assert switch.ctl_json("dpctl", "show")["ports"] == []
    for direction in ("ingress", "egress"):
        assert run("tc", "filter", "show", "dev", "p1", direction) == ""
    switch.stop()


def fill_up(switch):
    """Saves ports whose devices are not there: they have all numbers of the fast path that are free but
    one. How many."""
    path = switch.dir + "/config.json"
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    del config["crc32"]
    (bridge,) = config["bridges"]
    ports = bridge["ports"]
    free = {*range(1, MAX_PORTS + 1)} - {bridge["dp_port"], *(port["dp_port"] for port in ports)}
    gone = [{**ports[0], "device": f"gone{i}", "ofport": 1000 + i, "dp_port": i} for i in free]
    ports += gone[:-1]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)
    return len(gone) - 1


@case
def a_port_beyond_the_last_is_refused(switch):
    """And a bridge, whose local port is one; when a port is gone, the next has its place."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    stream = Stream(switch, first=11)
    switch.kill()
    n_gone = fill_up(switch)
    waits = r"WARN .*bridge br0: device gone\d+ is missing, port \d+ waits for it"
    switch.expect(waits)
    switch.start("--restore")
    assert n_gone == MAX_PORTS - 4 == len(switch.logged(waits))
    first, last = Wire("p1"), Wire("p2")
    switch.ctl("add-port", "br0", "p1", "ofport=1")
    refused = "all 8191 ports of the fast path are in use"
    assert switch.ctl_fails("add-port", "br0", "p2") == f"device 'p2': {refused}"
    assert switch.ctl_fails("add-br", "br1") == f"bridge 'br1': {refused}"
    assert switch.ctl("list-br") == "br0\n" and len(switch.ports("br0")) == MAX_PORTS
    switch.ctl("del-port", "br0", "gone8000")
    switch.ctl("add-port", "br0", "p2", "ofport=2")
    switch.ctl("add-flow", "br0", "in_port=1,actions=output:2")
    first.send(frame())
    assert last.receive() == frame()
    stream.end()


main()
