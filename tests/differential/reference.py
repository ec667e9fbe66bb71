# SPDX-License-Identifier: Apache-2.0
"""A plain interpreter of OpenFlow: what a switch with these tables does to one frame.

It shares nothing with the switch: tables are lists that are searched from end to end, and actions
change the bytes of a frame (frames.py). After OpenFlow 1.4, sections 5.1 to 5.12; resubmit, move,
clone and registers after ovs-actions(7). Where the specification leaves it open: a packet whose TTL
cannot be decremented ends there; an action on a header that is not there does nothing; a table
without a match ends the packet and forgets its action set, but a resubmit there does nothing.

A rule is a Rule. An action is a tuple: ("output", PORT), ("in_port",), ("all",),
("set", FIELD, VALUE, MASK), ("move", (FIELD, LOW, BITS), (FIELD, LOW)), ("push_vlan", TPID),
("pop_vlan",), ("push_mpls", TYPE), ("pop_mpls", TYPE), ("dec_ttl",), ("dec_mpls_ttl",),
("resubmit", TABLE), ("group", ID), ("clone", ACTIONS). A group is (TYPE, [ACTIONS, ...]).
"""
from dataclasses import dataclass, field

import frames

N_REGS = 4
REGISTERS = {f"reg{i}": 32 for i in range(N_REGS)} | {"metadata": 64}
# Order of an action set: OpenFlow 1.4, section 5.10.
SET_ORDER = ("pop_vlan", "pop_mpls", "push_mpls", "push_vlan", "dec_mpls_ttl", "dec_ttl", "set",
             "group", "output")
MAX_SELECTIONS = 200


@dataclass
class Rule:
    table: int
    priority: int
    match: dict  # FIELD: (VALUE, MASK)
    actions: list = field(default_factory=list)
    clear: bool = False
    write: list = field(default_factory=list)
    metadata: tuple = None  # (VALUE, MASK)
    goto: int = None


class Ended(Exception):
    """The copy of the packet that is at hand goes no further."""


class Packet:
    """One frame under way, and what the pipeline knows beside it."""

    def __init__(self, data, in_port):
        self.data, self.in_port = data, in_port
        self.registers = dict.fromkeys(REGISTERS, 0)
        self.action_set = {}

    def copy(self):
        other = Packet(self.data, self.in_port)
        other.registers = dict(self.registers)
        return other

    def get(self, name):
        if name in self.registers:
            return self.registers[name]
        return frames.View(self.data).get(name)

    def put(self, name, value):
        if name in self.registers:
            self.registers[name] = value
        else:
            self.data = frames.put(self.data, name, value)

    def fields(self):
        """What a match compares."""
        view = frames.View(self.data)
        values = {name: view.get(name) for name in view.where}
        values.update(self.registers, in_port=self.in_port, eth_type=view.eth_type,
                      vlan_vid=view.vlan_vid(), ip_frag=view.fragment())
        if view.fragment():  # Layer 4 of fragments is not looked at: OFPC_FRAG_NORMAL.
            for name in ("tp_src", "tp_dst", "icmp_type", "icmp_code"):
                values.pop(name, None)
        return values


def matches(rule, values):
    return all(values.get(name, 0) & mask == value for name, (value, mask) in rule.match.items())


class Run:
    """One packet through the tables; `selections` says which bucket each select group takes."""

    def __init__(self, rules, groups, ports, selections=()):
        self.rules, self.groups, self.ports = rules, groups, ports
        self.selections, self.n_selected, self.choices = selections, 0, []
        self.outputs = []

    def run(self, data, in_port):
        packet = Packet(data, in_port)
        try:
            self.table(packet, 0, False)
            self.run_set(packet, packet.action_set)
        except Ended:
            pass
        return self.outputs

    def table(self, packet, table, is_resubmit):
        values = packet.fields()
        found = max((r for r in self.rules if r.table == table and matches(r, values)),
                    key=lambda r: r.priority, default=None)
        if found is None:
            if not is_resubmit:
                packet.action_set = {}
            return
        self.actions(packet, found.actions)
        if found.clear:
            packet.action_set = {}
        add_to_set(packet.action_set, found.write)
        if found.metadata:
            value, mask = found.metadata
            packet.registers["metadata"] = packet.registers["metadata"] & ~mask | value
        if found.goto is not None:
            self.table(packet, found.goto, False)

    def run_set(self, packet, action_set):
        names = [n for n in SET_ORDER if n in action_set]
        if "group" in names and "output" in names:
            names.remove("output")
        for name in names:
            self.actions(packet, action_set[name])

    def actions(self, packet, actions):
        for action in actions:
            getattr(self, "do_" + action[0])(packet, *action[1:])

    def on_copy(self, packet, run):
        try:
            run(packet.copy())
        except Ended:
            pass

    def do_output(self, packet, port):
        if port != packet.in_port and port in self.ports:
            self.outputs.append((port, packet.data))

    def do_in_port(self, packet):
        self.outputs.append((packet.in_port, packet.data))

    def do_all(self, packet):
        for port in self.ports:
            self.do_output(packet, port)

    def do_set(self, packet, name, value, mask):
        packet.put(name, packet.get(name) & ~mask | value)

    def do_move(self, packet, source, target):
        if source[0] not in packet.registers and source[0] not in frames.View(packet.data).where:
            return
        value = packet.get(source[0]) >> source[1] & (1 << source[2]) - 1
        mask = (1 << source[2]) - 1 << target[1]
        self.do_set(packet, target[0], value << target[1], mask)

    def do_push_vlan(self, packet, tpid):
        packet.data = frames.push_vlan(packet.data, tpid)

    def do_pop_vlan(self, packet):
        packet.data = frames.pop_vlan(packet.data)

    def do_push_mpls(self, packet, eth_type):
        packet.data = frames.push_mpls(packet.data, eth_type)

    def do_pop_mpls(self, packet, eth_type):
        packet.data = frames.pop_mpls(packet.data, eth_type)

    def decrement(self, packet, name):
        if name in frames.View(packet.data).where:
            ttl = packet.get(name)
            if ttl <= 1:
                raise Ended
            packet.put(name, ttl - 1)

    def do_dec_ttl(self, packet):
        self.decrement(packet, "ip_ttl")

    def do_dec_mpls_ttl(self, packet):
        self.decrement(packet, "mpls_ttl")

    def do_resubmit(self, packet, table):
        self.table(packet, table, True)

    def do_clone(self, packet, actions):
        self.on_copy(packet, lambda copy: self.actions(copy, actions))

    def do_group(self, packet, group_id):
        kind, buckets = self.groups[group_id]
        if kind == "select":
            self.choices.append(len(buckets))
            chosen = self.selections[self.n_selected] if self.n_selected < len(
                self.selections) else 0
            self.n_selected += 1
            buckets = buckets[chosen:chosen + 1]
        for bucket in buckets:
            action_set = {}
            add_to_set(action_set, bucket)
            self.on_copy(packet, lambda copy, a=action_set: self.run_set(copy, a))


def add_to_set(action_set, actions):
    """Of a kind the last one stays; of set-fields, one a field."""
    for action in actions:
        kind = "output" if action[0] in ("in_port", "all") else action[0]
        if kind == "set":
            others = [a for a in action_set.get("set", []) if a[1] != action[1]]
            action_set["set"] = others + [action]
        else:
            action_set[kind] = [action]


def outcomes(rules, groups, ports, data, in_port):
    """Every list of (port, frame) that is right, sorted: more than one if select groups are met.
    None: too many to tell."""
    found, pending, seen = [], [()], 0
    while pending:
        run = Run(rules, groups, ports, pending.pop())
        outputs = sorted(run.run(data, in_port))
        if outputs not in found:
            found.append(outputs)
        seen += 1
        if seen > MAX_SELECTIONS:
            return None
        for n in range(len(run.selections), len(run.choices)):  # It took the first of the rest.
            taken = run.selections + (0,) * (n - len(run.selections))
            pending += [taken + (i,) for i in range(1, run.choices[n])]
    return found
