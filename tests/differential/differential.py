#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random tables and random packets: what the switch does, on both hooks, is what a plain interpreter
of OpenFlow says (reference.py), by exact bytes and ports.

A round is a rule set. Its frames are sent once (user space runs them), again (the fast path does),
in variants that differ by one bit (a megaflow that is too wide shows), and all again after the rule
set was changed midway. SEED and ROUNDS in the environment choose others, VARIANTS how many of a frame
there are, PACKETS how many packets a hook has to get; a failure tells the seed of its round.
"""
import collections
import os
import random
import select
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]
from harness import Skip, cases, main, sh  # noqa: E402
from hosts import Wire  # noqa: E402
from reference import outcomes  # noqa: E402
import rules as random_rules  # noqa: E402
from rules import PORTS, group_text, number_of, numbered, rule_key_text, rule_text  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "12"))
SEED = int(os.environ.get("SEED", "1"))
N_PACKETS = int(os.environ.get("PACKETS", "0"))  # On each hook, at least.
# Rule sets that once found the switch wrong: the seed, and how many variants of a frame it drew.
REGRESSIONS = (2, 5), (2193, 5), (11169, 5), (11538, 5), (40234, 10)
N_FRAMES = 24
N_VARIANTS = int(os.environ.get("VARIANTS", "5"))
HOOKS = ("tc", "xdp")
SO_RCVBUFFORCE = 33  # Not in Python's socket module.
TIMEOUT_S, QUIET_S = 10, 0.05


class Mismatch(AssertionError):
    """A packet's outputs are not what they should be."""


def show(outputs):
    return "\n".join(f"  {port}: {frame.hex()}" for port, frame in sorted(outputs))


class Bridge:
    """Four wires on one hook."""

    def __init__(self, switch, hook):
        self.switch, self.hook, self.name = switch, hook, f"br-{hook}"
        switch.ctl("add-br", self.name, "fail-mode=secure")
        self.wires = {}
        self.past = {}  # What the packets of the last phase gave, by number.
        for port in PORTS:
            wire = Wire(f"{hook}{port}")
            sh(f"ethtool -K {wire.port} gro on; ethtool -K {wire.end} gro on")
            wire.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
            switch.ctl("add-port", self.name, wire.port, f"ofport={port}", f"hook={hook}")
            self.wires[port] = wire

    def ofctl(self, verb, *args, text=""):
        done = subprocess.run(
            ["ovs-ofctl", "-O", "OpenFlow14", verb, f"unix:{self.switch.dir}/{self.name}.mgmt",
             *args], input=text, capture_output=True, text=True, timeout=60)
        assert not done.returncode, f"{done.stderr}\n{text}"

    def program(self, lines):
        self.ofctl("bundle", "-", text="\n".join(lines) + "\n")
        self.ofctl("del-flows", "cookie=1/-1")  # Deletes nothing, and ends with a barrier.

    def receive(self, at_most, is_complete):
        """Frames by number as they come, [(port, frame)], until all are there."""
        got, n, deadline = collections.defaultdict(list), 0, time.monotonic() + TIMEOUT_S
        by_fd = {wire.socket: port for port, wire in self.wires.items()}
        while n < at_most and time.monotonic() < deadline:
            ready = select.select(list(by_fd), [], [], QUIET_S)[0]
            if not ready and is_complete(got):
                break
            for fd in ready:
                while (data := self.wires[by_fd[fd]].receive(0)) is not None:
                    got[number_of(data)].append((by_fd[fd], data))
                    n += 1
        return got


class Round:
    """One rule set and its packets, on all bridges."""

    def __init__(self, seed, bridges, counter, n_variants):
        self.seed, self.bridges, self.counter = seed, bridges, counter
        self.n_variants = n_variants
        self.rng = random.Random(seed)
        pool = [random_rules.random_frame(self.rng) for _ in range(N_FRAMES)]
        self.packets = [(self.rng.choice(PORTS), data) for data in pool]
        self.maker = random_rules.RuleMaker(self.rng, pool)
        self.groups = {i: self.maker.group() for i in range(1, 4)}
        self.rules, self.known = [], {}
        for table in range(random_rules.N_TABLES):
            n = self.rng.randrange(2, 9)
            self.rules += [self.new_rule(table, 10 * i + 10) for i in range(n)]
            if self.rng.random() < 0.7:
                self.rules.append(self.new_rule(table, 0))

    def new_rule(self, table, priority):
        return self.maker.rule(table, priority, list(self.groups))

    def program(self, lines):
        for bridge in self.bridges:
            bridge.program(lines)
        self.known = {}

    def install(self):
        self.program(["flow delete", "group delete"] +
                     [f"group add {group_text(i, g)}" for i, g in self.groups.items()] +
                     [f"flow add {rule_text(rule)}" for rule in self.rules])

    def change(self):
        """Some rules go, some come, some do something else; so does a group."""
        gone = self.rng.sample(self.rules, 3)
        lines = [f"flow delete_strict {rule_key_text(rule)}" for rule in gone]
        self.rules = [rule for rule in self.rules if rule not in gone]
        for rule in self.rng.sample(self.rules, min(3, len(self.rules))):
            other = self.maker.rule(rule.table, rule.priority, list(self.groups), rule.match)
            self.rules[self.rules.index(rule)] = other
            lines.append(f"flow add {rule_text(other)}")
        for _ in range(3):
            rule = self.new_rule(self.rng.randrange(random_rules.N_TABLES),
                                 5 + 10 * self.rng.randrange(8))
            if not any((r.table, r.priority) == (rule.table, rule.priority) for r in self.rules):
                self.rules.append(rule)
                lines.append(f"flow add {rule_text(rule)}")
        self.groups[1] = self.maker.group()
        self.program([f"group mod {group_text(1, self.groups[1])}"] + lines)

    def expected(self, in_port, data):
        key = in_port, data
        if key not in self.known:
            self.known[key] = outcomes(self.rules, self.groups, PORTS, data, in_port)
        return self.known[key]

    def right(self, number, in_port, data):
        return [[(port, numbered(frame, number)) for port, frame in outputs]
                for outputs in self.expected(in_port, data)]

    def check(self, packets, what):
        packets = [packet for packet in packets if self.expected(*packet) is not None]
        for bridge in self.bridges:
            sent = {next(self.counter): packet for packet in packets}
            right = {number: self.right(number, *packet) for number, packet in sent.items()}
            for number, (in_port, data) in sent.items():
                bridge.wires[in_port].send(numbered(data, number))
            got = bridge.receive(
                sum(max(len(outputs) for outputs in r) for r in right.values()),
                lambda so_far, r=right: all(sorted(so_far.get(n, [])) in r[n] for n in r))
            self.check_late(bridge, sent, got, what)
            for number, (in_port, data) in sent.items():
                if sorted(got.get(number, [])) not in right[number]:
                    self.explain(bridge, in_port, numbered(data, number), right[number],
                                 got.get(number, []), what)
        return len(packets)

    def check_late(self, bridge, sent, got, what):
        strangers = sorted(number or 0 for number in got if number not in sent)
        if strangers:
            raise Mismatch("\n".join(
                [f"round {self.seed}, {bridge.hook}, {what}: outputs that came late or that no "
                 "packet explains"] + [f"  {bridge.past.get(n, n)}\n  came {show(got[n])}"
                                       for n in strangers]))
        bridge.past = {number: f"{what}: in_port={in_port}, {data.hex()} gave\n"
                               f"{show(got.get(number, []))}"
                       for number, (in_port, data) in sent.items()}

    def explain(self, bridge, in_port, data, right, got, what):
        nearest, came = min((collections.Counter(r) for r in right), key=lambda r: sum(
            ((r - collections.Counter(got)) + (collections.Counter(got) - r)).values())), (
                collections.Counter(got))
        trace = bridge.switch.ctl("trace", bridge.name, f"in_port={in_port}", data.hex())
        raise Mismatch("\n".join(
            [f"round {self.seed}, {bridge.hook}, {what}: in_port={in_port}", f"  {data.hex()}",
             f"of {len(right)} right outcomes the nearest", show(nearest.elements()),
             "did not come:", show((nearest - came).elements()), "came besides:",
             show((came - nearest).elements()), trace, "groups"] +
            [group_text(i, g) for i, g in self.groups.items()] +
            ["rules"] + [rule_text(rule) for rule in self.rules] + ["megaflows"] +
            [bridge.switch.ctl("dpctl", "dump-flows", bridge.name)]))

    def run(self):
        """Returns how many packets were sent on each bridge."""
        self.install()
        variants = [(port, random_rules.variant(self.rng, data)) for port, data in self.packets
                    for _ in range(self.n_variants)]
        phases = [("first packets", self.packets), ("second packets", self.packets * 2),
                  ("variants", variants), ("variants again", variants + self.packets)]
        n = sum(self.check(packets, what) for what, packets in phases)
        self.change()
        both = self.packets + variants
        return n + self.check(both, "after the change") + self.check(
            both, "after the change, again")


def counter():
    number = 0
    while True:
        number += 1
        yield number


def expect_fast(switch, n_sent):
    """It was the fast path that answered for at least two packets of three; all phases but those of
    new packets send what it has seen. Returns its hits and its upcalls."""
    shown = switch.ctl_json("dpctl", "show")
    n_hits = shown["lookups"]["cache_hits"] + shown["lookups"]["megaflow_hits"]
    n_upcalls = sum(shown["slow_path"]["upcalls"].values())
    assert 3 * n_hits >= 2 * n_sent and 3 * n_upcalls <= n_sent, (n_sent, shown)
    return n_hits, n_upcalls


def the_switch_does_what_openflow_says(switch):
    if subprocess.run(["which", "ovs-ofctl"], capture_output=True, check=False).returncode:
        raise Skip("ovs-ofctl is not installed")
    switch.start()
    bridges = [Bridge(switch, hook) for hook in HOOKS]
    numbers, n, started = counter(), 0, time.monotonic()
    for seed, n_variants in (*REGRESSIONS, *((s, N_VARIANTS) for s in range(SEED, SEED + ROUNDS))):
        n += Round(seed, bridges, numbers, n_variants).run()
    for bridge in bridges:
        late = bridge.receive(1, lambda _: True)
        assert not late, late
    n_hits, n_upcalls = expect_fast(switch, len(HOOKS) * n)
    print(f"# {ROUNDS + len(REGRESSIONS)} rule sets from seed {SEED}, {n} packets on each of {' and '.join(HOOKS)}, "
          f"{n_hits} hits and {n_upcalls} upcalls in all, {time.monotonic() - started:.0f} s",
          file=sys.stderr)
    assert n >= N_PACKETS, n


cases.append(the_switch_does_what_openflow_says)
if __name__ == "__main__":
    main()
