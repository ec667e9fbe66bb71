# SPDX-License-Identifier: Apache-2.0
"""Processor time of a million frames, 64 bytes, one flow, as many as go. "softirq" is the kernel's
time on the generator's processor beyond the wire's, for each frame that is offered; "process" the
time, user's and system's, that the switch's threads had, for each that arrives: threads that poll
are always busy. What Shunt takes when idle is in the profile revalidate."""
import statistics

import contestants
import measure
import rig

TITLE = "Processor time of a million frames"


def one(contestant, load):
    with rig.wires(contestant.skbs) as sink, contestant.setup() as way:
        before = sum(sum(rig.thread_seconds(pid).values()) for pid in way.pids)
        result = rig.generate(load, *sink, *way.generator)
        spent = sum(sum(rig.thread_seconds(pid).values()) for pid in way.pids) - before
    return {"kernel": result["seconds"] / result["offered"],
            "process": spent / max(result["received"], 1)}


def run(scale):
    load = rig.Load(scale.seconds)
    cases = {name: lambda contestant=contestant: one(contestant, load)
             for name, contestant in contestants.CONTESTANTS.items()}
    rounds, failed = measure.in_rounds(cases, scale.rounds, TITLE)
    rows = [[name,
             1e9 * statistics.median(one[name]["kernel"] - one["wire"]["kernel"] for one in rounds),
             1e9 * statistics.median(one[name]["process"] for one in rounds)] for name in rounds[0]]
    return measure.Result(["contestant", "softirq ms", "process ms"], rows, {},
                          [measure.Plot(1, "ms of softirq, a million frames offered"),
                           measure.Plot(2, "ms of the switch's threads, a million that arrive")],
                          failed, rounds)
