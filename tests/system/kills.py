#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The daemon is killed before a bpf(2) call of what changes the fast path: the next one has all of
it or nothing, and other ports lose nothing. SHUNT_KILLS=N: N of the calls, by chance; 0: each."""
import json
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SHUNTCTL, cases, for_hook, main, run, sh, wait_for  # noqa: E402
from hosts import Stream, Wire, frame  # noqa: E402
from preload import Faults  # noqa: E402

N_KILLS = int(os.environ.get("SHUNT_KILLS", "6"))


class Pair:
    """Ports 3, which comes and goes, and 4, and flow entries between them."""

    def __init__(self, switch, hook):
        self.switch, self.hook, self.n_sent = switch, hook, 0
        self.wires = Wire("p3"), Wire("p4")
        for wire in self.wires:
            sh(f"ethtool -K {wire.port} gro on; ethtool -K {wire.end} gro on")
        switch.ctl("add-port", "br0", "p4", "ofport=4", f"hook={hook}")
        switch.ctl("add-flow", "br0", "in_port=3,actions=output:4")
        switch.ctl("add-flow", "br0", "in_port=4,actions=output:3")

    def add(self):
        return "add-port", "br0", "p3", "ofport=3", f"hook={self.hook}"

    def forwards(self):
        """Each frame comes out at the other end, once; the first is an upcall. Behind a barrier, for
        megaflows may send to the port that was there before."""
        self.switch.ctl("del-flows", "br0", "cookie=1/-1")
        for _ in range(3):
            self.n_sent += 1
            data = frame(payload=self.n_sent.to_bytes(4, "big") + bytes(46))
            for at, to in (self.wires, self.wires[::-1]):
                at.send(data)
                assert to.receive() == data, (at.end, to.end, self.n_sent)
        assert all(wire.is_silent(0.01) for wire in self.wires)

    def is_bare(self):
        (attached,) = json.loads(run("bpftool", "-j", "net", "show", "dev", "p3"))
        assert not any(attached.values()), attached

    def is_whole(self):
        """Port 3 is there and forwards, or is not and nothing of it stayed."""
        port = self.switch.ports("br0").get("p3")
        if port:
            assert "error" not in port, port
            self.forwards()
        else:
            self.is_bare()
        return bool(port)

    def is_to_be(self, is_there):
        if self.is_whole() and not is_there:
            self.switch.ctl("del-port", "br0", "p3")
            self.is_bare()
        elif is_there and "p3" not in self.switch.ports("br0"):
            self.switch.ctl(*self.add())
            self.forwards()


class Command:
    """What a daemon is killed in: a request, or, without arguments, its own start. `is_there` tells
    whether port 3 is, before it."""

    def __init__(self, pair, faults, *args, is_there):
        self.pair, self.switch, self.faults, self.is_there = pair, pair.switch, faults, is_there
        self.starts = not args
        self.line = ([SHUNTCTL, "--run-dir", self.switch.dir, *args] if args else
                     self.switch.command("--detach", "--restore"))

    def prepare(self):
        self.pair.is_to_be(self.is_there)
        if self.starts:
            self.switch.kill()
            self.switch.forget_log()
        self.faults.none()

    def count(self):
        """How many calls it makes."""
        self.prepare()
        run(*self.line)
        return self.faults.now.n_bpf_until_death

    def dies_at(self, number):
        self.prepare()
        self.faults.die_at_bpf(number)
        subprocess.run(self.line, capture_output=True, check=False, timeout=60)
        self.faults.none()
        asked = subprocess.run([SHUNTCTL, "--run-dir", self.switch.dir, "list-br"],
                               capture_output=True, check=False, timeout=60)
        if asked.returncode == 0:
            return False
        wait_for(lambda: not self.switch.is_alive(), "it is dead")
        if os.path.exists(self.switch.log):
            self.switch.forget_log()
        self.switch.start("--restore")
        return True


def killed_at_each_call(pair, faults, *args, is_there):
    command = Command(pair, faults, *args, is_there=is_there)
    numbers = range(1, command.count() + 1)
    if 0 < N_KILLS < len(numbers):
        numbers = sorted(random.Random(len(numbers)).sample(numbers, N_KILLS))
    died = []
    for number in numbers:
        if command.dies_at(number):
            died.append(number)
        pair.is_whole()
    print(f"# killed before {len(died)} of {len(numbers)} calls", file=sys.stderr)
    # A port's upcall ring, which takes calls, may be there.
    assert len(died) > len(numbers) / 4, (died, numbers)


def started(switch, hook):
    faults = Faults(switch)
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    stream = Stream(switch, first=11)
    return faults, stream, Pair(switch, hook)


def a_port_is_added(switch, hook):
    faults, stream, pair = started(switch, hook)
    killed_at_each_call(pair, faults, *pair.add(), is_there=False)
    stream.end()


def a_port_is_removed(switch, hook):
    faults, stream, pair = started(switch, hook)
    killed_at_each_call(pair, faults, "del-port", "br0", "p3", is_there=True)
    stream.end()


def a_daemon_takes_over(switch, hook):
    faults, stream, pair = started(switch, hook)
    killed_at_each_call(pair, faults, is_there=True)
    stream.end()


cases.extend(for_hook(test, hook) for test in (
    a_port_is_added, a_port_is_removed, a_daemon_takes_over) for hook in ("tc", "xdp"))
main()
