# SPDX-License-Identifier: Apache-2.0
"""Flow-mods a second, dumps and memory a flow of shuntd beside ovs-vswitchd (dummy datapath).

Messages are made beforehand and written at once, one by one or as a bundle; the clock stops at the
barrier's reply. Flows match in_port, addresses and a port of TCP, under one mask. Memory is what
the process's resident set grew by; a dump is `ovs-ofctl dump-flows`, its own time included."""
import contextlib
import statistics
import struct
import time

import measure
import ofwire
import rig
import switches
from measure import Plot

TITLE = "Flow-mods"
GOAL_FLOWS = 100000
MAX_ROUNDS = 3
GOAL_ROUNDS = 7  # Of a second or two: single ones differ by a quarter.


def flow_mod(number):
    return ofwire.flow_mod(
        ofwire.oxm(ofwire.IN_PORT, struct.pack("!I", 1)) +
        ofwire.oxm(ofwire.ETH_TYPE, b"\x08\x00") + ofwire.oxm(ofwire.IP_PROTO, b"\x06") +
        ofwire.oxm(ofwire.IPV4_SRC, struct.pack("!I", 0x0a000000 + number)) +
        ofwire.oxm(ofwire.IPV4_DST, struct.pack("!I", 0x0b000000 + number)) +
        ofwire.oxm(ofwire.TCP_DST, b"\x01\xbb"))


@contextlib.contextmanager
def shunt():
    with rig.namespaces(rig.NET), switches.shuntd() as switch:
        yield switch


@contextlib.contextmanager
def ovs():
    with rig.namespaces(rig.NET), switches.ovs("dummy", "--enable-dummy=override") as switch:
        yield switch


def one(daemon, data, n_flows, dumps):
    with daemon() as switch:
        connection = ofwire.Connection(switch.openflow)
        connection.time(ofwire.BARRIER)
        before = rig.resident(switch.pid)
        result = {"seconds": connection.time(data)}
        result["bytes"] = (rig.resident(switch.pid) - before) / n_flows
        if dumps:
            start = time.monotonic()
            n_lines = rig.run("ovs-ofctl", "-O", "OpenFlow14", "dump-flows",
                              "unix:" + switch.openflow).count("actions=")
            result["dump_seconds"] = time.monotonic() - start
            if n_lines != n_flows:
                raise rig.Failed(f"{n_lines} of {n_flows} flows were dumped")
        return result


def row(rounds, n_flows, how, name):
    def median(what):
        return statistics.median(one[name][what] for one in rounds)
    dump = median("dump_seconds") if "dump_seconds" in rounds[0][name] else ""
    return [n_flows, how, name, n_flows / median("seconds"), median("bytes"), dump]


def ratios(rounds, what, ours, theirs):
    return measure.each(rounds, lambda one: one[ours][what] / one[theirs][what])


def run(scale):
    result = measure.Result(["flows", "how", "", "a second", "bytes a flow", "dump s"], [], runs=[])
    for n_flows in (10000, GOAL_FLOWS, 1000000) if scale.full else (GOAL_FLOWS,):
        mods = [flow_mod(number) for number in range(n_flows)]
        for how, data in (("single", b"".join(mods) + ofwire.BARRIER),
                          ("bundle", b"".join(ofwire.bundled(mods)) + ofwire.BARRIER)):
            cases = {name: lambda daemon=daemon: one(daemon, data, n_flows, how == "single")
                     for name, daemon in (("shunt", shunt), ("ovs", ovs))}
            n_rounds = min(scale.rounds, MAX_ROUNDS)
            if n_rounds == MAX_ROUNDS and n_flows == GOAL_FLOWS:
                n_rounds = GOAL_ROUNDS
            rounds, failed = measure.in_rounds(cases, n_rounds, f"{TITLE}: {n_flows} {how}")
            result.failed |= {f"{name} {n_flows} {how}": why for name, why in failed.items()}
            result.rows += [row(rounds, n_flows, how, name) for name in rounds[0]]
            result.runs.append({"flows": n_flows, "how": how, "rounds": rounds})
            if n_flows == GOAL_FLOWS:
                result.values[how + " / ovs"] = ratios(rounds, "seconds", "ovs", "shunt")
                result.values[how + " memory"] = ratios(rounds, "bytes", "shunt", "ovs")
    by_size = ((0, [2, 1], "xy"), (0, [2, 1], "x")) if scale.full else ((), ())
    result.plots = [Plot(3, "flow-mods a second", *by_size[0]), Plot(4, "bytes a flow", *by_size[1])]
    return result
