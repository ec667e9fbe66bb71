# SPDX-License-Identifier: Apache-2.0
"""Exact flows, installed without a daemon, and packets of them in random order or by Zipf's law.
"cached" is the share of packets that the microflow cache knows (its size is per processor).

Beside one flow and a million stands what the memory itself takes ("2 reads"): a program that reads
a bucket's line and by it a flow's, in maps of the same sizes, and redirects. No table of hashed
buckets can take less."""
import contestants
import rig
import sweep
from measure import Plot

TITLE = "Flows"
NEEDED = [(1, "random"), (1 << 20, "random")]
ALL = [(1, "random")] + [(1 << bits, order) for bits in (10, 13, 15, 17, 20)
                         for order in ("random", "zipf")]


def point(flows, order, seconds):
    beside = {"2 reads": contestants.bare_table(flows)} if (flows, order) in NEEDED else {}
    return sweep.Point([flows, order], rig.Load(seconds, flows=flows, order=order), beside=beside)


def run(scale):
    points = [point(flows, order, scale.seconds) for flows, order in (ALL if scale.full else NEEDED)]
    result = sweep.run(scale, TITLE, ["flows", "order"], points)
    one, million = points[0], next(p for p in points if p.name == [1 << 20, "random"])
    result.values = {f"{hook} 1M ns": sweep.more_ns(result, million, one, hook)
                     for hook in ("xdp", "tc", *million.beside)}
    result.plots = [Plot(6, "ns a frame beyond the wire", 0, [2, 1], "x"),
                    Plot(7, "share of packets that the microflow cache knows", 0, [2, 1], "x")]
    return result
