# SPDX-License-Identifier: Apache-2.0
"""Shunt's fast path (bench/fastpath) at several points of a load or a table, on both hooks, each
beside the wire with the same load, and beside others where they can do it. In a round the points
take turns."""
import dataclasses

import contestants
import measure
import rig
import turns

OTHERS = {name: contestants.CONTESTANTS[name] for name in ("bare-xdp", "bare-tcx", "bridge")}
COLUMNS = ["way", "Mpps", "least", "most", "ns net", "cached", "masks", "put ns", "lost"]


@dataclasses.dataclass
class Point:
    name: list  # Cells that say what it is.
    load: rig.Load
    actions: str = "2"
    n_masks: int = 1
    peer: str = rig.SINK_MAC  # Destination when the frame leaves.
    beside: dict = dataclasses.field(default_factory=dict)  # Other contestants by name.


def ways_of(point):
    return {hook: contestants.fast_path(hook, point.actions, point.n_masks, point.load, point.peer)
            for hook in ("xdp", "tc")} | point.beside


def key(point, hook):
    """Points with the same load share its wire."""
    name = dataclasses.astuple(point.load) if hook == "wire" else point.name
    return f"{' '.join(map(str, name))}: {hook}"


def cases(points):
    wire = contestants.CONTESTANTS["wire"]
    return {key(point, hook): (contestant, point.load) for point in points
            for hook, contestant in {"wire": wire, **ways_of(point)}.items()}


def row(rounds, point, hook):
    name = key(point, hook)
    _, *rates, net_ns, lost, _ = measure.rate_row(rounds, name, key(point, "wire"))
    last = rounds[-1][name]
    if hook in point.beside:
        return [*point.name, hook, *rates, net_ns, "", "", "", lost]
    n_lookups = last["n_cache_hits"] + last["n_megaflow_hits"]
    return [*point.name, hook, *rates, net_ns, last["n_cache_hits"] / max(n_lookups, 1),
            last["n_masks_tried"] / max(last["n_megaflow_hits"], 1), last["put_ns"], lost]


def run(scale, title, name_columns, points):
    """The Result, without values and plots."""
    rounds, failed = turns.in_rounds(cases(points), scale, title)
    rows = [row(rounds, point, hook) for point in points for hook in ways_of(point)
            if key(point, hook) in rounds[-1] and key(point, "wire") in rounds[-1]]
    return measure.Result(name_columns + COLUMNS, rows, failed=failed, runs=rounds)


def ratios(result, point, base, hook):
    return measure.rate_ratios(result.runs, key(point, hook), key(base, hook))


def more_ns(result, point, base, hook):
    """What the switch takes at `point` beyond what it takes at `base`."""
    def net(one, at):
        return measure.net_ns(one[key(at, hook)], one[key(at, "wire")])
    return measure.each(result.runs, lambda one: net(one, point) - net(one, base))
