#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What installed megaflows cost while they stay: revalidation, barriers, idling, memory.

Every source address is a megaflow, installed by traffic. Then, with that many installed:
  counters      a pass by the clock: all counters and ages; nothing changed
  other table   an entry is added to a table that no packet meets: until the barrier's reply
  same table    one that no installed flow matches, in the table that all were looked up in
  all           a port is added: everything is translated again, and all stays as it is
A barrier's reply says that the fast path conforms. "Processor" is what the revalidator's thread
used, idle the daemon's share of a processor.
"""
import argparse
import json
import os
import re
import statistics
import struct
import sys
import time

import ofwire
import rig

RULE = "ip,actions=move:NXM_OF_IP_SRC[]->NXM_NX_REG0[],output:2"


def datapath(ctl):
    return json.loads(ctl("--format", "json", "dpctl", "show"))


def install(ctl, n_flows):
    """Sends until all are there."""
    deadline = time.monotonic() + 120
    while True:
        rig.generate(rig.Load(0.5, 64, n_flows), "--sink", "s")
        n_installed = datapath(ctl)["flows"]
        print(f"\r{n_installed} flows installed ", end="", file=sys.stderr)
        if n_installed >= n_flows:
            print("\r" + " " * 40 + "\r", end="", file=sys.stderr)
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"only {n_installed} of {n_flows} flows were installed in 120 s")


def processor_seconds(pid):
    total_ns = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
            total_ns += int(file.read().split()[0])
    return total_ns / 1e9


def memory(pid):
    """What the process has for itself; maps of the fast path are shared."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read()).group(1)) << 10


def clock_pass_ms(ctl):
    """Of passes by the clock, the middle one; they come twice a second or less often."""
    samples = []
    for _ in range(5):
        time.sleep(0.7)
        samples.append(datapath(ctl)["revalidation_cpu_us"] / 1e3)
    return statistics.median(samples)


def unrelated(table, number):
    fields = (ofwire.oxm(ofwire.ETH_TYPE, b"\x08\x00") +
              ofwire.oxm(ofwire.IPV4_SRC, struct.pack("!I", 0xc0000200 + number)))
    return ofwire.flow_mod(fields, None, table, 0xffff) + ofwire.BARRIER


def changes(ctl, connection):
    result = {}
    for name, table in (("other table ms", 9), ("same table ms", 0)):
        result[name] = statistics.median(1e3 * connection.time(unrelated(table, i))
                                         for i in range(5))
    start = time.monotonic()
    ctl("add-port", "br0", "p3", "ofport=3")
    connection.time(ofwire.BARRIER)
    result["all, with the command, ms"] = 1e3 * (time.monotonic() - start)
    result["all, processor ms"] = datapath(ctl)["revalidation_cpu_us"] / 1e3
    return result


def measure(n_flows):
    with rig.wires(), rig.daemon("--max-flows", str(n_flows + n_flows // 4)) as (pid, directory, ctl):
        rig.ns("ip", "link", "add", "p3", "type", "veth", "peer", "name", "q3")
        ctl("add-br", "br0", "fail-mode=secure")
        ctl("add-port", "br0", "p1", "ofport=1", "hook=xdp")
        ctl("add-port", "br0", "p2", "ofport=2", "hook=xdp")
        rig.run("ovs-ofctl", "add-flow", f"unix:{directory}/br0.mgmt", RULE)
        connection = ofwire.Connection(directory + "/br0.mgmt")
        before = memory(pid)
        install(ctl, n_flows)
        result = {"flows": n_flows, "user bytes a flow": (memory(pid) - before) / n_flows}
        time.sleep(1)  # What is left in the ring is answered.
        start = time.monotonic(), processor_seconds(pid)
        result["counters, processor ms"] = clock_pass_ms(ctl)
        result["idle %"] = 100 * (processor_seconds(pid) - start[1]) / (time.monotonic() - start[0])
        result |= changes(ctl, connection)
        result["flows left"] = datapath(ctl)["flows"]
        with open(directory + "/log", encoding="utf-8") as file:
            said = re.search(r"(\d+) MiB in maps", file.read())
        result["MiB in all"] = int(said.group(1)) + (memory(pid) >> 20)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flows", type=int, action="append", help="a power of two; may be repeated")
    parser.add_argument("--json", help="where the figures go")
    options = parser.parse_args()
    if os.geteuid():
        raise SystemExit("bench/revalidate.py: needs root (namespaces, BPF)")
    results = []
    for n_flows in options.flows or [1 << 17, 1 << 18, 1 << 20]:
        results.append(measure(n_flows))
        for name, value in results[-1].items():
            print(f"{name:28}{value:14.3f}" if isinstance(value, float) else f"{name:28}{value!s:>14}")
        print(flush=True)
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump(results, file, indent=1)


main()
