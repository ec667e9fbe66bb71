# SPDX-License-Identifier: Apache-2.0
"""Exact flows, installed without a daemon, and packets of them in random order or by Zipf's law.
"cached" is the share of packets that the microflow cache knows (its size is per processor).

Beside one flow and a million stands what makes the difference: "1 read", a program that reads a line
of the flow, of which it knows where it is, and redirects; "2 reads", which reads a bucket's line and
by it the flow's; "1 megaflow", Shunt on XDP with one megaflow for all packets, which are as many
microflows: the cache does not know them, and the search finds in the processor's own cache all that
it reads. No table takes less than one read, none of hashed buckets less than two."""
import contestants
import rig
import sweep
from measure import Plot

TITLE = "Flows"
NEEDED = [(1, "random"), (1 << 20, "random")]
ALL = [(1, "random")] + [(1 << bits, order) for bits in (10, 13, 15, 17, 20)
                         for order in ("random", "zipf")]


def point(flows, order, seconds):
    load = rig.Load(seconds, flows=flows, order=order)
    beside = {"1 read": contestants.bare_reads(1, flows),
              "2 reads": contestants.bare_reads(2, flows),
              "1 megaflow": contestants.fast_path("xdp", load=load, any_source=True)}
    return sweep.Point([flows, order], load, beside=beside if (flows, order) in NEEDED else {})


def run(scale):
    points = [point(flows, order, scale.seconds) for flows, order in (ALL if scale.full else NEEDED)]
    result = sweep.run(scale, TITLE, ["flows", "order"], points)
    one, million = points[0], next(p for p in points if p.name == [1 << 20, "random"])
    result.values = {f"{hook} 1M ns": sweep.more_ns(result, million, one, hook)
                     for hook in ("xdp", "tc", *million.beside)}
    result.plots = [Plot(6, "ns a frame beyond the wire", 0, [2, 1], "x"),
                    Plot(7, "share of packets that the microflow cache knows", 0, [2, 1], "x")]
    return result
