#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast flows are set up: every packet is a megaflow of its own.

The generator, at full rate on one core, sends as many sources as --flows in turn; the handler's
thread has the other core. Most packets of the flood are lost, under a counted reason. "Answered"
are packets that came out at the sink. For shuntd, counters are sampled, and a rate is the
steepest over half a second; "a core" is what a handler would do with a processor of its own: by
the time that its thread had one. Beside it Open vSwitch on AF_XDP, in turns. --instructions
runs shuntd under valgrind, too, and counts the handler's instructions in user space a flow.
"""
import argparse
import json
import os
import re
import statistics
import tempfile
import threading
import time

import ovs
import rig

RULE = "ip,actions=move:NXM_OF_IP_SRC[]->NXM_NX_REG0[],output:2"


def counters(ctl):
    said = json.loads(ctl("--format", "json", "dpctl", "show"))
    return {"seconds": time.monotonic(), "flows": said["flows"],
            "upcalls": sum(port["stats"]["upcalls"] for port in said["ports"])}


def steepest(samples, what):
    return max(((b[what] - a[what]) / (b["seconds"] - a["seconds"]) for a in samples
                for b in samples if b["seconds"] - a["seconds"] >= 0.5), default=0)


def thread_times_ns(pid):
    """Nanoseconds of processor, by thread."""
    times = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
            times[thread] = int(file.read().split()[0])
    return times


def set_up(directory, ctl):
    ctl("add-br", "br0", "fail-mode=secure")
    ctl("add-port", "br0", "p1", "ofport=1", "hook=xdp")
    ctl("add-port", "br0", "p2", "ofport=2", "hook=xdp")
    rig.run("ovs-ofctl", "add-flow", f"unix:{directory}/br0.mgmt", RULE)


def shunt(load):
    with rig.wires(), rig.daemon("--max-flows", "1000000") as (pid, directory, ctl):
        set_up(directory, ctl)
        result = {}
        before = thread_times_ns(pid)
        generator = threading.Thread(target=lambda: result.update(rig.generate(load, "--sink", "s")))
        samples = [counters(ctl)]
        generator.start()
        while generator.is_alive():
            generator.join(0.05)
            samples.append(counters(ctl))
        time.sleep(0.5)
        samples.append(counters(ctl))
        spent_ns = max(ns - before.get(thread, 0) for thread, ns in thread_times_ns(pid).items())
    return {"answered": result["received"] / result["seconds"],
            "installed": steepest(samples, "flows"), "upcalls": steepest(samples, "upcalls"),
            "a core": samples[-1]["flows"] * 1e9 / spent_ns}


def open_vswitch(load):
    with rig.wires(), ovs.afxdp(rig.NET, "p1", "p2") as bridge:
        rig.run("ovs-ofctl", "del-flows", bridge)
        rig.run("ovs-ofctl", "add-flow", bridge, RULE)
        result = rig.generate(load, "--sink", "s")
    return {"answered": result["received"] / result["seconds"]}


def instructions(load):
    """Of the handler under callgrind, a flow."""
    with rig.wires(), tempfile.TemporaryDirectory() as out:
        wrapper = ["valgrind", "-q", "--log-file=/dev/null", "--tool=callgrind", "--separate-threads=yes", "--instr-atstart=no",
                   f"--callgrind-out-file={out}/out"]
        with rig.daemon("--max-flows", "200000", wrapper=wrapper) as (pid, directory, ctl):
            set_up(directory, ctl)
            rig.run("callgrind_control", "-i", "on", str(pid))
            rig.generate(load, "--sink", "s")
            last, now = -1, counters(ctl)["flows"]
            while now != last:
                time.sleep(1)
                last, now = now, counters(ctl)["flows"]
        totals = []
        for name in os.listdir(out):
            with open(f"{out}/{name}", encoding="ascii") as file:
                totals += [int(n) for n in re.findall(r"^totals: (\d+)", file.read(), re.M)]
    return max(totals) / now


def report(rounds):
    for name, results in rounds.items():
        for what in results[0]:
            values = [result[what] for result in results]
            print(f"{name:14}{what:12}{statistics.median(values):12.0f} a second "
                  f"({min(values):.0f} to {max(values):.0f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flows", type=int, default=1 << 20, help="a power of two")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--json", help="where the figures go")
    options = parser.parse_args()
    if os.geteuid():
        raise SystemExit("bench/new-flows.py: needs root (namespaces, BPF)")
    load = rig.Load(options.seconds, 64, options.flows)
    contestants = {"shuntd": shunt, "ovs af_xdp": open_vswitch}
    rounds = {name: [] for name in contestants}
    for _ in range(options.rounds):
        for name, contestant in contestants.items():
            rounds[name].append(contestant(load))
    report(rounds)
    if options.instructions:
        rounds["instructions a flow"] = instructions(rig.Load(0.01, 64, options.flows))
        print(f"instructions of the handler a flow {rounds['instructions a flow']:.0f}")
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump(rounds, file, indent=1)


main()
