#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The flow table is full, memory is short, the kernel refuses a map's change: what was there goes
on, beside it all the while an established flow of other ports, counted at its sink."""
import errno
import os
import random
import re
import resource
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SHUNTCTL, case, main, sh, wait_for  # noqa: E402
from hosts import Stream, Wire, add_wires, frame  # noqa: E402
from peer import FLOW_MOD, V13, Peer, flow_mod, output  # noqa: E402
from preload import Faults, skip_if_sanitized  # noqa: E402

ROUNDS = int(os.environ.get("SHUNT_FAULT_ROUNDS", "3"))
MOVE = "move:NXM_OF_ETH_SRC[]->NXM_NX_XXREG0[0..47]"  # A megaflow an address.


def source(block, i):
    return f"02:00:00:{block:02x}:{i >> 8:02x}:{i & 255:02x}"


# ---- The flow table ----

@case
def the_flow_table_is_full(switch):
    """A port has more flows than the table takes: those without room go through user space, each
    packet once and right; established ones, and another port's new ones, are untouched. When the
    first port is quiet there is room again."""
    switch.start("--max-flows", "1000")
    switch.ctl("add-br", "br0", "fail-mode=secure")
    stream = Stream(switch)
    wires = add_wires(switch, 3, first=3)
    for i in (3, 5):
        switch.ctl("add-flow", "br0", f"in_port={i},actions={MOVE},output:4")
    n = 2000
    for i in range(n):
        wires[0].send(frame(src=source(3, i)))
        got = wires[1].receive()
        assert got == frame(src=source(3, i)), (i, got)
    full = "the flow table has no room for a port's new flows"
    switch.tells_of(full)
    shown = switch.ctl_json("dpctl", "show")
    flows = {port["device"]: port["flows"] for port in shown["ports"]}
    assert shown["flow_limit"] * 0.85 < flows["p3"] < shown["flow_limit"], (flows, shown)
    n_refused = shown["slow_path"]["flows"]["no_room"]
    counts = shown["slow_path"]["flows"]
    assert counts["installed"] + n_refused == shown["slow_path"]["upcalls"]["misses"], shown
    assert n_refused > n / 2 and not counts["failed"], shown
    for i in range(20):
        wires[2].send(frame(src=source(5, i)))
        assert wires[1].receive() == frame(src=source(5, i)), i
    shown = switch.ctl_json("dpctl", "show")
    flows = {port["device"]: port["flows"] for port in shown["ports"]}
    assert flows["p5"] == 20 and flows["s1"] == 1, flows
    assert f", {n_refused} flows had no room: " in switch.tells_the_end_of(full)

    def has_room():
        shown = switch.ctl_json("dpctl", "show")
        return {port["device"]: port["flows"] for port in shown["ports"]}["p3"] < 200
    wait_for(has_room, "what is idle goes", 30)
    wires[0].send(frame(src=source(6, 1)))
    assert wires[1].receive() == frame(src=source(6, 1))
    assert switch.ctl_json("dpctl", "show")["slow_path"]["flows"]["no_room"] == n_refused
    stats = {port["device"]: port["stats"] for port in switch.ctl_json("dpctl", "show")["ports"]}
    assert [stats[p]["upcalls_lost"] for p in ("p3", "p5")] == [0, 0], stats
    stream.end()


@case
def records_of_flows_run_out(switch):
    """Long lists take many records each: flows find none long before there are too many flows.
    Their packets go through user space, each once and right; how many flows there are is told."""
    switch.start("--max-flows", "1000")
    switch.ctl("add-br", "br0", "fail-mode=secure")
    stream = Stream(switch)
    wires = add_wires(switch, 2, first=3)
    copies = [f"02:00:00:00:04:{i:02x}" for i in range(50)]
    switch.ctl("add-flow", "br0", f"in_port=3,actions={MOVE}," + ",".join(
        f"set_field:{copy}->eth_dst,output:4" for copy in copies))
    n = 120
    for i in range(n):
        wires[0].send(frame(src=source(4, i)))
        got = [wires[1].receive() for _ in copies]
        assert got == [frame(dst=copy, src=source(4, i)) for copy in copies], (i, got)
    assert wires[1].is_silent()
    failed = "flows cannot be installed"
    switch.tells_of(failed)
    shown = switch.ctl_json("dpctl", "show")
    counts = shown["slow_path"]["flows"]
    flows = {port["device"]: port["flows"] for port in shown["ports"]}
    print(f"# {flows['p3']} of {n} flows have records", file=sys.stderr)
    assert 0 < flows["p3"] < n and flows["s1"] == 1, flows
    assert counts["failed"] == n - flows["p3"] and not counts["no_room"], (counts, flows)
    assert counts["installed"] == flows["p3"] + 1, (counts, flows)
    assert f", {counts['failed']} flows were not installed: " in switch.tells_the_end_of(failed)
    stream.end()


# ---- Memory ----

@case
def the_daemon_may_have_no_more_memory(switch):
    """Its address space has an end while flow entries are added. It says so and dies; the fast
    path goes on; the next daemon has each entry that a barrier confirmed, and no half one."""
    skip_if_sanitized()
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    stream = Stream(switch)
    pid = switch.pid()
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        size = int(file.read().split()[0]) * os.sysconf("SC_PAGESIZE")
    resource.prlimit(pid, resource.RLIMIT_AS, (size + (1 << 20),) * 2)
    switch.expect("ERR memory: no memory for [0-9]+ bytes: the process ends")
    switch.expect("a thread to save state does not start")
    peer = Peer(switch.dir + "/br0.mgmt", V13)
    n_confirmed, batch = 0, 500
    try:
        while n_confirmed < 1_000_000:
            for i in range(batch):
                number = n_confirmed + i
                peer.send(FLOW_MOD, flow_mod(V13, cookie=number + 1, priority=7,
                                             port=1000 + number, actions=[output(2)]))
            peer.sync()
            n_confirmed += batch
    except (AssertionError, OSError):
        pass
    wait_for(lambda: not switch.is_alive(), "the daemon ends")
    switch.wait_for_line("no memory for")
    switch.start("--restore")
    assert switch.tells_of_a_death()
    flows = [f for f in switch.ctl_json("dump-flows", "br0") if f["priority"] == 7]
    cookies = sorted(int(str(flow["cookie"]), 0) for flow in flows)
    print(f"# {n_confirmed} confirmed, {len(flows)} there", file=sys.stderr)
    assert n_confirmed > 0 and n_confirmed <= len(flows) <= n_confirmed + batch
    assert cookies == list(range(1, len(flows) + 1))
    assert {flow["actions"] for flow in flows} == {"output:2"}
    stream.end()


def does(switch, *args):
    return subprocess.run([SHUNTCTL, "--run-dir", switch.dir, *args], capture_output=True,
                          check=False, timeout=60).returncode == 0


def changes(switch, wire, number):
    """Every kind of thing that takes memory; what came of the first, a flow entry."""
    is_done = does(switch, "add-flow", "br0",
                   f"priority={100 + number},in_port=9,cookie={number},actions=output:2")
    does(switch, "add-group", "br0", f"group_id={number},type=all,bucket=actions=output:2")
    does(switch, "add-meter", "br0", f"meter={number},pktps,bands=type=drop,rate={number}")
    does(switch, "add-port", "br0", "p3", "ofport=3")
    wire.send(frame(src=source(3, number)))  # A flow to be set up.
    for verb in ("dump-flows", "dump-groups", "dump-meters", "dump-ports"):
        does(switch, verb, "br0")
    does(switch, "dpctl", "dump-flows")
    does(switch, "show")
    does(switch, "del-port", "br0", "p3")
    does(switch, "add-br", "br1")
    does(switch, "del-br", "br1")
    return is_done


@case
def any_allocation_may_fail(switch):
    """Each of those that a few requests make, or as many of them as there are rounds. Either the
    daemon answers with an error, or it says that there is no memory and dies; the next has what
    was confirmed."""
    skip_if_sanitized()
    faults = Faults(switch)
    switch.expect("ERR memory: no memory for|Cannot allocate memory|no memory|does not start")
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    stream = Stream(switch)
    wire = Wire("p3")
    faults.none()
    assert changes(switch, wire, 1)
    n_allocations, confirmed = faults.now.n_allocations, {1}
    chance = random.Random(os.environ.get("SHUNT_SEED", "1"))
    chosen = chance.sample(range(1, n_allocations + 1), min(ROUNDS, n_allocations))
    n_died = 0
    for number, which in enumerate(chosen, 2):
        faults.fail_allocation(which)
        if changes(switch, wire, number):
            confirmed.add(number)
        faults.none()
        if not does(switch, "list-br") or switch.logged("no memory for"):
            n_died += 1
            wait_for(lambda: not switch.is_alive(), "the daemon ends")
            assert switch.logged("no memory for"), which
            switch.forget_log()
            switch.start("--restore")
            assert switch.tells_of_a_death()
        flows = {f["priority"] - 100: f for f in switch.ctl_json("dump-flows", "br0")
                 if f["priority"] > 100}
        assert confirmed <= set(flows) <= confirmed | {number}, (which, confirmed, set(flows))
        assert {flow["actions"] for flow in flows.values()} == {"output:2"}, flows
        confirmed = set(flows)
        if "p3" in switch.ports("br0"):
            switch.ctl("del-port", "br0", "p3")
    print(f"# {len(chosen)} of {n_allocations} allocations failed, the daemon died {n_died} times",
          file=sys.stderr)
    stream.end()


# ---- Maps ----

BPF_MAP_CREATE, BPF_MAP_UPDATE_ELEM = 0, 2  # linux/bpf.h


REFUSAL = "the kernel refuses what a request takes: "


def n_refused(switch):
    """How many refused requests the troubles had, those that are over and the one that is not."""
    over = [int(re.search(", ([0-9]+) requests: ", line)[1])
            for line in switch.logged("health: over after .*" + REFUSAL)]
    return sum(over) + sum(trouble["n"] for trouble in switch.ctl_json("show")["troubles"]
                           if trouble["what"].startswith(REFUSAL))


def view(switch, *verb):
    """What show, or another verb, says but for troubles."""
    return re.sub("(?m)^trouble for .*\n", "", switch.ctl(*(verb or ["show"])))


def port_mod_fails(switch, faults):
    """The controller hears of it, and the port is as it was."""
    remote = f"unix:{switch.dir}/br0.mgmt"
    switch.ctl("mod-port", remote, "4", "no-forward")
    before = switch.ctl("dump-ports-desc", remote)
    assert "NO_FWD" in before, before
    faults.fail_bpf(errno.ENOMEM, command=BPF_MAP_UPDATE_ELEM)
    told = n_refused(switch)
    assert "OFPPMFC_" in switch.ctl_fails("mod-port", remote, "4", "forward")
    assert n_refused(switch) == told + 1
    switch.tells_of(REFUSAL + "bridge br0: port 4 could not be configured: .*Cannot allocate")
    assert switch.ctl("dump-ports-desc", remote) == before
    faults.none()
    switch.ctl("mod-port", remote, "4", "forward")


def map_call_fails(switch, hook):
    """Each bpf(2) call of an add-port fails in turn: the request is refused with the reason, the
    device is as it was, and then it can be added."""
    faults = Faults(switch)
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    stream = Stream(switch)
    wire, sink = Wire("p3"), Wire("p4")
    for device in (wire.port, wire.end, sink.port, sink.end):
        sh(f"ethtool -K {device} gro on")  # Without it no veth takes a frame from XDP.
    switch.ctl("add-port", "br0", "p4", "ofport=4", f"hook={hook}")
    switch.ctl("add-flow", "br0", "in_port=3,actions=output:4")
    faults.fail_bpf(errno.ENOMEM, command=BPF_MAP_CREATE)
    assert "upcall ring" in switch.ctl_fails("add-port", "br0", "p3", f"hook={hook}")
    switch.tells_of(REFUSAL + "device 'p3': an upcall ring of .*Cannot allocate memory")
    faults.fail_bpf(errno.EPERM, 1 << 40)
    switch.ctl("add-port", "br0", "p3", "ofport=3", f"hook={hook}")
    n_calls = (1 << 40) + faults.now.n_bpf_calls
    switch.ctl("del-port", "br0", "p3")
    n_told = n_refused(switch)
    for number in range(1, n_calls + 1):
        before = view(switch)
        faults.fail_bpf((errno.ENOMEM, errno.E2BIG, errno.EBUSY)[number % 3], number)
        done = subprocess.run([SHUNTCTL, "--run-dir", switch.dir, "add-port", "br0", "p3",
                               "ofport=3", f"hook={hook}"], capture_output=True, text=True,
                              check=False, timeout=60)
        faults.none()
        print(f"# call {number} of command {faults.now.bpf_failed}: {done.stderr.strip() or 'accepted'}", file=sys.stderr)
        if done.returncode:
            n_told += 1
            assert done.stderr.startswith("shuntctl: device 'p3': "), done.stderr
            assert view(switch) == before
            assert "p3" not in view(switch, "dpctl", "show")
            switch.ctl("add-port", "br0", "p3", "ofport=3", f"hook={hook}")
        wire.send(frame(src=source(7, number)))
        assert sink.receive() == frame(src=source(7, number)), number
        switch.ctl("del-port", "br0", "p3")
        if faults.now.bpf_failed < 0:
            break
        assert n_refused(switch) == n_told
    assert n_told > 1
    wait_for(lambda: not switch.troubles(), "it is over")
    assert n_refused(switch) == n_told
    if hook == "xdp":
        port_mod_fails(switch, faults)
        switch.ctl("add-port", "br0", "p3", "ofport=3", "hook=xdp")
        wire.send(frame())
        assert sink.receive() == frame()
    stream.end()


@case
def an_upcall_ring_cannot_be_mapped(switch):
    """Then nobody would read what its port sends up: the port is refused, and nothing of it stays."""
    faults = Faults(switch)
    switch.start()
    switch.ctl("add-br", "br0")
    stream = Stream(switch)
    wire, sink = add_wires(switch, 1, first=4)[0], Wire("p3")
    switch.ctl("add-flow", "br0", "in_port=3,actions=output:4")
    before = view(switch), sh("tc filter show dev p3 ingress; ls " + switch.bpf)
    for number in (1, 2):
        faults.fail_mapping(number)
        line = switch.ctl_fails("add-port", "br0", "p3", "ofport=3")
        faults.none()
        assert re.fullmatch(r"device 'p3': upcall ring \d+: Cannot allocate memory", line), line
        assert "p3" not in view(switch, "dpctl", "show")
        if number == 1:
            switch.tells_of(REFUSAL + line)
        assert n_refused(switch) == number
        assert (view(switch), sh("tc filter show dev p3 ingress; ls " + switch.bpf)) == before
    switch.ctl("add-port", "br0", "p3", "ofport=3")
    sink.send(frame(src=source(8, 1)))
    assert wire.receive() == frame(src=source(8, 1))
    assert ", 2 requests: " in switch.tells_the_end_of(REFUSAL)
    stream.end()


@case
def a_bpf_call_of_a_tc_port_fails(switch):
    map_call_fails(switch, "tc")


@case
def a_bpf_call_of_an_xdp_port_fails(switch):
    map_call_fails(switch, "xdp")


main()
