#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Things that go wrong beside traffic that shall not notice."""
import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, libc, main, patience, wait_for  # noqa: E402
from hosts import Stream, Wire, add_wires, frame  # noqa: E402
from peer import FLOW_MOD, V13, Peer, flow_mod, output  # noqa: E402


def stands_still(pid):
    """A signal stops one thread after the other."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii", errors="replace") as file:
            if file.read().rpartition(")")[2].split()[0] != "T":
                return False
    return True


def start(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")


@case
def a_port_flaps_a_hundred_times_a_second(switch):
    """Its link goes down and up 300 times within less than 3 s; it works afterwards."""
    start(switch)
    stream = Stream(switch)
    wires = add_wires(switch, 2, first=3)
    switch.ctl("add-flow", "br0", "in_port=3,actions=output:4")
    begin = time.monotonic()
    with subprocess.Popen(["ip", "-batch", "-"], stdin=subprocess.PIPE) as ip:
        for i in range(300):
            ip.stdin.write(b"link set p3 down\nlink set p3 up\n")
            ip.stdin.flush()
            time.sleep(max(0, begin + (i + 1) * 0.005 - time.monotonic()))
    took = time.monotonic() - begin
    print(f"# 300 flaps in {took:.2f} s", file=sys.stderr)
    assert not ip.returncode and 300 / took >= 100, took
    flaps = r"port 3 \(p3\): its link flaps"
    switch.tells_of(flaps)
    wait_for(lambda: switch.ports("br0")["p3"]["carrier"], "the port is up again")
    data = frame(payload=b"after" * 10)
    wires[0].send(data)
    assert wires[1].receive() == data
    assert re.search(r", [0-9]+ changes: ", switch.tells_the_end_of(flaps))
    n_changes = switch.ports("br0")["p3"]["link_changes"]
    assert 300 <= n_changes <= 1200, n_changes
    stream.end()


@case
def a_stopped_daemon_leaves_installed_flows_forwarding(switch):
    """All of its threads stand still for 2 s: installed flows go on, new ones wait in the ring and
    are set up afterwards, none lost."""
    start(switch)
    stream = Stream(switch)
    wires = add_wires(switch, 2, first=3)
    switch.ctl("add-flow", "br0", "in_port=3,actions=move:NXM_OF_ETH_SRC[]->NXM_NX_XXREG0[0..47],"
               "output:4")
    os.kill(switch.pid(), signal.SIGSTOP)
    try:
        wait_for(lambda: stands_still(switch.pid()), "the daemon stands still")
        for i in range(100):
            wires[0].send(frame(src=f"02:00:00:00:01:{i:02x}"))
        time.sleep(2)
        assert wires[1].is_silent()
    finally:
        os.kill(switch.pid(), signal.SIGCONT)
    switch.tells_of(r"the main loop did not run for [2-9]\.", "INFO")
    got = [wires[1].receive() for _ in range(100)]
    assert [data[11] for data in got] == list(range(100))
    stats = {p["device"]: p["stats"] for p in switch.ctl_json("dpctl", "show")["ports"]}["p3"]
    assert (stats["upcalls"], stats["upcalls_lost"]) == (100, 0), stats
    stream.end()


@case
def a_ring_is_full(switch):
    """The daemon stands still while a port sends more new flows than its ring holds: what is lost
    is counted there, and another port's new flows find room in theirs."""
    start(switch)
    stream = Stream(switch)
    wires = add_wires(switch, 3, first=3)
    wires[1].socket.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)
    move = "actions=move:NXM_OF_ETH_SRC[]->NXM_NX_XXREG0[0..47],output:4"
    switch.ctl("add-flow", "br0", "in_port=3," + move)
    switch.ctl("add-flow", "br0", "in_port=5," + move)
    n_sent = 8000
    os.kill(switch.pid(), 19)
    try:
        for i in range(n_sent):
            wires[0].send(frame(src=f"02:00:00:01:{i >> 8:02x}:{i & 255:02x}"))
        for i in range(100):
            wires[2].send(frame(src=f"02:00:00:02:00:{i:02x}"))
    finally:
        os.kill(switch.pid(), 18)
    full = r"port 3 \(p3\) has more new flows .*its upcall ring is full"
    switch.tells_of(full)
    stats = wait_for(lambda: {p["device"]: p["stats"]
                              for p in switch.ctl_json("dpctl", "show")["ports"]}, "show")
    flooded, other = stats["p3"], stats["p5"]
    assert flooded["lost_ring_full"] == flooded["upcalls_lost"] > 0, flooded
    assert flooded["upcalls"] + flooded["upcalls_lost"] == n_sent, flooded
    assert (other["upcalls"], other["upcalls_lost"]) == (100, 0), other
    n_expected, got = flooded["upcalls"] + 100, 0
    while got < n_expected and wires[1].receive():
        got += 1
    assert got == n_expected and wires[1].is_silent(), (got, n_expected)
    print(f"# {flooded}", file=sys.stderr)
    assert f", {flooded['upcalls_lost']} packets lost: " in switch.tells_the_end_of(full)
    assert not switch.logged("p5.*has more")
    stream.end()


@case
def a_killed_daemon_is_told_of_by_the_next(switch):
    """By no other one: not by one that fails to start, nor after any kind of stop."""
    start(switch)
    stream = Stream(switch)
    assert not switch.tells_of_a_death()
    switch.ctl("restart")
    assert not switch.tells_of_a_death()
    switch.kill()
    assert "no certificate" in switch.start_fails("--private-key", "/nix", "--certificate", "/nix",
                                               "--ca-cert", "/nix")
    switch.start("--restore")
    assert switch.tells_of_a_death()
    for end in (lambda: switch.ctl("restart"), lambda: switch.stop("--keep"),
                lambda: switch.kill(signal.SIGTERM)):
        end()
        if not switch.is_alive():
            switch.start("--restore", "--keep")
        assert not switch.tells_of_a_death()
    stream.end()


class Stuck:
    """A thread of the daemon that a debugger holds; the others go on."""
    SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, pid, name):
        names = {}
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/comm", encoding="ascii") as file:
                names[file.read().strip()] = int(task)
        self.tid = names[name]
        self._ptrace(self.SEIZE)
        self._ptrace(self.INTERRUPT)
        os.waitpid(self.tid, self.WALL)

    def _ptrace(self, request):
        if libc.ptrace(request, self.tid, None, None):
            raise OSError(ctypes.get_errno(), "ptrace")

    def let_go(self):
        self._ptrace(self.DETACH)

    def is_busy(self):
        """It was not waiting in the kernel."""
        with open(f"/proc/{self.tid}/syscall", encoding="ascii") as file:
            return file.read().startswith("-1 ")


@case
def a_handler_is_stuck(switch):
    """Its rings' new flows wait and none is lost, those of the other handler's are set up; tables
    change, barriers are answered. When it goes on, so do they."""
    switch.start("--handlers", "2")
    switch.ctl("add-br", "br0", "fail-mode=secure")
    stream = Stream(switch)
    wires = add_wires(switch, 3, first=3)
    numbers = {name: port["dp_port"] for name, port in switch.ports("br0").items()}
    # That of p4: audits of the stream come up the other one's.
    assert numbers["s1"] % 2 == numbers["p3"] % 2 != numbers["p4"] % 2, numbers
    for i in (3, 4):
        switch.ctl("add-flow", "br0", f"in_port={i},"
                   "actions=move:NXM_OF_ETH_SRC[]->NXM_NX_XXREG0[0..47],output:5")
    stuck = Stuck(switch.pid(), f"handler{numbers['p4'] % 2}")
    for i in range(100):
        wires[0].send(frame(src=f"02:00:00:00:03:{i:02x}"))
    for i in range(100):
        wires[1].send(frame(src=f"02:00:00:00:04:{i:02x}"))
    got = [wires[2].receive() for _ in range(100)]
    assert [data[10:12] for data in got] == [bytes([3, i]) for i in range(100)]
    unread = f"ring {numbers['p4']} is not read, its handler is stuck: new flows wait of p4"
    switch.tells_of(unread)
    switch.ctl("add-flow", "br0", "priority=3,in_port=5,actions=output:4")
    assert wires[2].is_silent()
    stuck.let_go()
    got = [wires[2].receive() for _ in range(100)]
    assert [data[10:12] for data in got] == [bytes([4, i]) for i in range(100)]
    switch.tells_the_end_of(unread)
    stats = {p["device"]: p["stats"] for p in switch.ctl_json("dpctl", "show")["ports"]}
    assert [stats[p]["upcalls_lost"] for p in ("p3", "p4")] == [0, 0], stats
    stream.end()


@case
def the_revalidator_is_stuck(switch):
    """Installed flows go on, new ones are set up; what the tables say about installed ones waits,
    and so does the barrier behind it."""
    start(switch)
    stream = Stream(switch)
    wires = add_wires(switch, 2, first=3)
    switch.ctl("add-flow", "br0", "in_port=3,actions=output:4")
    stuck = Stuck(switch.pid(), "revalidator")
    wires[0].send(frame())
    assert wires[1].receive() == frame()
    stalled = "the revalidator is stuck"
    wait_for(lambda: switch.logged(stalled), "the log tells", 30)
    switch.tells_of(stalled)
    asked = threading.Thread(target=switch.ctl, args=("add-flow", "br0", "in_port=3,actions=drop"))
    asked.start()
    time.sleep(0.5)
    assert asked.is_alive()
    stuck.let_go()
    asked.join()
    wires[0].send(frame())
    assert wires[1].is_silent()
    switch.tells_the_end_of(stalled)
    stream.end()


@case
def a_ports_number_waits_for_its_megaflows(switch):
    """While the revalidator stands still, a port goes and one of another bridge comes: what was for
    the old one does not reach the new one, nor do packets of the new one meet flows of the old."""
    start(switch)
    stream = Stream(switch)
    wires = add_wires(switch, 2, first=3)
    other = Wire("p5")
    switch.ctl("add-br", "br1", "fail-mode=secure")
    switch.ctl("add-flow", "br0", "in_port=3,actions=output:4")
    switch.ctl("add-flow", "br0", "in_port=4,actions=output:3")
    for at, to in (wires, wires[::-1]):
        at.send(frame())
        assert to.receive() == frame()
    stuck = Stuck(switch.pid(), "revalidator")
    switch.ctl("del-port", "br0", "p4")
    switch.ctl("add-port", "br1", "p5")
    wires[0].send(frame())
    other.send(frame())
    assert other.is_silent()
    assert wires[0].is_silent()
    stuck.let_go()
    stream.end()


class Changes(threading.Thread):
    """As long as the block lasts it adds and deletes what a port's flows meet in table 1, a barrier
    behind each: the revalidator does pass after pass, and translates those flows in each."""
    ADD, DELETE_STRICT = 0, 4

    def __init__(self, switch, port):
        super().__init__(daemon=True)
        self.peer, self.port = Peer(switch.dir + "/br0.mgmt", V13), port
        self.began, self.ends = threading.Event(), threading.Event()

    def run(self):
        while not self.ends.is_set():
            for command in (self.ADD, self.DELETE_STRICT):
                self.peer.ask(FLOW_MOD, flow_mod(V13, command, table=1, priority=8, port=self.port,
                                                 actions=[output(4)]))
            self.began.set()

    def __enter__(self):
        self.start()
        assert self.began.wait(patience(10))
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.join()
        self.peer.close()


def install_flows(switch, wire, n):
    """In blocks that the upcall ring has room for."""
    def n_flows():
        ports = switch.ctl_json("dpctl", "show")["ports"]
        return {port["device"]: port["flows"] for port in ports}[wire.port]
    for first in range(0, n, 1000):
        for i in range(first, first + 1000):
            wire.send(frame(src=f"02:00:00:05:{i >> 8:02x}:{i & 255:02x}"))
        wait_for(lambda: n_flows() == first + 1000, f"{first + 1000} flows are installed")


@case
def the_flow_limit_follows_the_revalidator(switch):
    """A pass over 20,000 flows takes long: from now on there may be fewer, as told. Passes are quick
    again: there may be as many as before."""
    start(switch)
    stream = Stream(switch)
    wires = add_wires(switch, 2, first=3)
    switch.ctl("add-flow", "br0", "in_port=3,actions=move:NXM_OF_ETH_SRC[]->NXM_NX_XXREG0[0..47],"
               "resubmit(,1)")
    switch.ctl("add-flow", "br0", "table=1,actions=output:4")
    install_flows(switch, wires[0], 20000)
    limit = lambda: switch.ctl_json("dpctl", "show")["flow_limit"]
    before = limit()
    switch.expect("is not read, its handler is stuck")  # It may wait for a lock of the revalidator's.
    falls = "revalidating ([0-9]+) flows took ([0-9]+) ms: at most ([0-9]+) flows from now on"

    def held_in_a_pass():
        with Changes(switch, 3) as changes:
            while not (stuck := Stuck(switch.pid(), "revalidator")).is_busy():
                stuck.let_go()
            time.sleep(2.5)
            changes.ends.set()
            stuck.let_go()
        return switch.logged(falls)
    line = wait_for(held_in_a_pass, "it is held in the middle of a pass", 30)[0]
    assert limit() < before
    n, took_ms, fallen = map(int, re.search(falls, line).groups())
    assert n > 20000 and took_ms > 2000, line
    assert fallen == before * 1000 // took_ms, line
    with Changes(switch, 9):
        wait_for(lambda: limit() == before, "it rises again", 30)
    print(f"# {before}, {line.split(': ', 1)[1].strip()}", file=sys.stderr)
    stream.end()


main()
