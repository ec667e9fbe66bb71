# SPDX-License-Identifier: Apache-2.0
"""What installed megaflows cost while they stay: revalidation, barriers, idling, memory.

Every source address is a megaflow, installed by traffic. Then, with that many installed:
"counters": a pass by the clock, all counters and ages; nothing changed; processor time.
"other table": an entry is added to a table that no packet meets, until the barrier's reply.
"same table": one that no installed flow matches, in the table that all were looked up in.
"all": a port is added; everything is translated again, and all stays as it is.
A barrier's reply says that the fast path conforms. "processor" is what the busiest thread, the
revalidator's, used, "idle" the daemon's share of a processor, "MiB" the maps and the process,
"left" the flows after all of it: fewer if the revalidator took so long that the switch lowered its
limit of flows."""
import json
import re
import statistics
import struct
import time

import measure
import ofwire
import rig
import switches
from measure import Plot
from profiles import new_flows

TITLE = "Installed megaflows"
IDLE_S = 3.5  # Passes of 100,000 flows come a second apart; flows without traffic go after ten.
ONE_HUNDRED_THOUSAND, TWO_HUNDRED_THOUSAND, MILLION = 1 << 17, 1 << 18, 1 << 20


def datapath(switch):
    return json.loads(switch.ctl("--format", "json", "dpctl", "show"))


def install(switch, n_flows):
    """Sends until all are there, each time so long that a slow machine comes to the last of them."""
    load = rig.Load(max(0.5, n_flows / 500_000), flows=n_flows)
    deadline = time.monotonic() + 120
    while True:
        rig.generate(load, "--sink", "s")
        n_installed = datapath(switch)["flows"]
        measure.progress(f"{TITLE}: {n_installed} of {n_flows}")
        if n_installed >= n_flows:
            return
        if time.monotonic() > deadline:
            raise rig.Failed(f"only {n_installed} of {n_flows} flows were installed in 120 s")


def memory(pid):
    """What the process has for itself; maps of the fast path are shared."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read()).group(1)) << 10


def clock_pass_ms(switch):
    """Of passes by the clock, the middle one; they come twice a second or less often."""
    samples = []
    for wait_s in (0, 0.7, 0.7):
        time.sleep(wait_s)
        samples.append(datapath(switch)["revalidation_cpu_us"] / 1e3)
    return statistics.median(samples)


def unrelated(table, number):
    fields = (ofwire.oxm(ofwire.ETH_TYPE, b"\x08\x00") +
              ofwire.oxm(ofwire.IPV4_SRC, struct.pack("!I", 0xc0000200 + number)))
    return ofwire.flow_mod(fields, None, table, 0xffff) + ofwire.BARRIER


def changes(switch, connection):
    result = {}
    for name, table in (("other table ms", 9), ("same table ms", 0)):
        result[name] = statistics.median(1e3 * connection.time(unrelated(table, i))
                                         for i in range(5))
    start, before = time.monotonic(), rig.thread_seconds(switch.pid)
    switch.ctl("add-port", "br0", "p3", "ofport=3")
    connection.time(ofwire.BARRIER)
    result["all ms"] = 1e3 * (time.monotonic() - start)
    result["all processor ms"] = 1e3 * max(seconds - before.get(thread, 0) for thread, seconds in
                                           rig.thread_seconds(switch.pid).items())
    return result


def idle_and_counters(switch):
    time.sleep(1)  # What is left in the ring is answered.
    start = time.monotonic(), sum(rig.thread_seconds(switch.pid).values())
    time.sleep(IDLE_S)  # Nobody asks it anything.
    spent = sum(rig.thread_seconds(switch.pid).values()) - start[1]
    idle = 100 * spent / (time.monotonic() - start[0])
    return {"counters ms": clock_pass_ms(switch), "idle %": idle}


def expect_all(switch, n_flows):
    n_left = datapath(switch)["flows"]
    if n_left < n_flows:
        raise rig.Failed(f"{n_left} of {n_flows} flows stayed: unused for ten seconds, or over the limit")


def one(n_flows):
    room = n_flows + n_flows // 4  # A sixth of it is for other ports.
    with rig.wires(), switches.shuntd("--max-flows", str(room)) as switch:
        rig.ns("ip", "link", "add", "p3", "type", "veth", "peer", "name", "q3")
        new_flows.set_up(switch)
        connection = ofwire.Connection(switch.openflow)
        before = memory(switch.pid)
        install(switch, n_flows)
        result = {"user bytes a flow": (memory(switch.pid) - before) / n_flows}
        with open(switch.directory + "/log", encoding="utf-8") as file:
            said = re.search(r"(\d+) MiB in maps", file.read())
        result["MiB"] = int(said.group(1)) + (memory(switch.pid) >> 20)
        result |= idle_and_counters(switch)
        expect_all(switch, n_flows)
        result |= changes(switch, connection)
        result["left"] = datapath(switch)["flows"]
    return result


def run(scale):
    sizes = [ONE_HUNDRED_THOUSAND, TWO_HUNDRED_THOUSAND, MILLION]
    if scale.full:
        sizes = [1 << 13, 1 << 15, *sizes[:2], 1 << 19, MILLION]
    cases = {n_flows: lambda n_flows=n_flows: one(n_flows) for n_flows in sizes}
    rounds, failed = measure.in_rounds(cases, 1, TITLE)
    done = rounds[0]
    columns = list(next(iter(done.values()), {}))
    values = {name: [done[n_flows][what]] for name, n_flows, what in (
        ("200k ms", TWO_HUNDRED_THOUSAND, "counters ms"), ("1M ms", MILLION, "counters ms"),
        ("unrelated ms", ONE_HUNDRED_THOUSAND, "same table ms"),
        ("idle %", ONE_HUNDRED_THOUSAND, "idle %"), ("1M MiB", MILLION, "MiB")) if n_flows in done}
    return measure.Result(["flows", *columns], [[n, *result.values()] for n, result in done.items()],
                          values, [Plot(1 + columns.index("all processor ms"),
                                        "ms to translate all again", 0, [], "xy")] if done else [],
                          failed, rounds)
