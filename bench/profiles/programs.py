# SPDX-License-Identifier: Apache-2.0
"""The fast path's programs by themselves, without devices: nanoseconds of a run, one cached flow of 64
bytes, net of an empty program; of fifteen times 200,000 test runs the quickest. Whatever the list
changes it changes back, because the next run gets the same frame."""
import json
import statistics

import measure
import rig
from contestants import CONTESTANTS

TITLE = "Programs by themselves"
AWAY = "set(eth(src=02:00:00:00:00:03,dst=02:00:00:00:00:04))"
BACK = "set(eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02))"
NAT = "set(ipv4(src={0},dst={1})),set(udp(src={2},dst={3}))"
LISTS = {
    "output": "2",
    "MACs away and back": f"{AWAY},{BACK},2",
    "NAT there and back": ",".join([NAT.format("12.0.0.1", "13.0.0.1", 3000, 4000),
                                    NAT.format("10.0.0.1", "11.0.0.1", 1000, 2000), "2"]),
    "push and pop VLAN": "push_vlan(vid=5,pcp=0),pop_vlan,2",
}


def one(hook, actions):
    with rig.wires(CONTESTANTS["wire"].skbs):
        said = json.loads(rig.ns(rig.BUILD + "/bench/fastpath", "--hook", hook, "--actions", actions,
                                 "--time", "p1", "p2"))
    if said["n_misses"]:
        raise rig.Failed(f"{said['n_misses']} runs missed the flow: the frame was not changed back")
    return said["program_ns"]


def run(scale):
    kinds = [(name, hook) for name in LISTS for hook in ("xdp", "tc")]
    rounds, failed = measure.in_rounds(
        {f"{name}: {hook}": lambda hook=hook, name=name: one(hook, LISTS[name])
         for name, hook in kinds}, scale.rounds, TITLE)
    rows = []
    for name, hook in kinds:
        figures = measure.each(rounds, lambda one: one[f"{name}: {hook}"])
        if figures:
            rows.append([name, hook, statistics.median(figures), min(figures), max(figures)])
    return measure.Result(["actions", "hook", "ns", "least", "most"], rows, {},
                          [measure.Plot(2, "ns a run, net of an empty program")], failed, rounds)
