# SPDX-License-Identifier: Apache-2.0
"""Processor time of a million frames, 64 bytes, one flow, as many as go. "softirq" is the kernel's
time on the generator's processor beyond the wire's, for each frame that is offered; "user" and
"system" the time that the switch's threads had, for each that arrives: threads that poll are always
busy. Idle is a share of a processor, of the switch's threads without load. What Shunt takes with
flows installed is in the profile revalidate."""
import os
import statistics
import time

import contestants
import measure
import rig

TITLE = "Processor time of a million frames"


IDLE_S = 1


def times(pids):
    """Seconds of user and system time of the processes."""
    sums = [0, 0]
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            ticks = file.read().rsplit(")", 1)[1].split()[11:13]
        sums = [s + int(t) / os.sysconf("SC_CLK_TCK") for s, t in zip(sums, ticks)]
    return sums


def one(contestant, load):
    with rig.wires(contestant.skbs) as sink, contestant.setup() as way:
        before = times(way.pids)
        result = rig.generate(load, *sink, *way.generator)
        user, system = (after - since for after, since in zip(times(way.pids), before))
        start, before = time.monotonic(), sum(times(way.pids))
        time.sleep(IDLE_S)
        idle = (sum(times(way.pids)) - before) / (time.monotonic() - start)
    n_received = max(result["received"], 1)
    return {"kernel": result["seconds"] / result["offered"], "user": user / n_received,
            "system": system / n_received, "idle": idle, "offered": result["offered"],
            "received": result["received"]}


def run(scale):
    load = rig.Load(scale.seconds)
    cases = {name: lambda contestant=contestant: one(contestant, load)
             for name, contestant in contestants.CONTESTANTS.items()}
    rounds, failed = measure.in_rounds(cases, scale.rounds, TITLE)
    rows = []
    for name in rounds[0]:
        def median(value):
            return statistics.median(value(one[name], one["wire"]) for one in rounds)
        rows.append([name, 1e9 * median(lambda one, wire: one["kernel"] - wire["kernel"]),
                     1e9 * median(lambda one, _: one["user"]),
                     1e9 * median(lambda one, _: one["system"]),
                     100 * median(lambda one, _: one["idle"]),
                     sum(max(one[name]["offered"] - one[name]["received"], 0) for one in rounds)])
    return measure.Result(["contestant", "softirq ms", "user ms", "system ms", "idle %", "lost"],
                          rows, {},
                          [measure.Plot(1, "ms of softirq, a million frames offered"),
                           measure.Plot(2, "ms of user space, a million frames that arrive")],
                          failed, rounds)
