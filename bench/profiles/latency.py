# SPDX-License-Identifier: Apache-2.0
"""Round trips of a UDP datagram of 18 bytes between two hosts (bench/roundtrip): the far one answers
each at once. Microseconds, the clock on the wall; other work on the machine is in the last
hundredth."""
import json
import statistics

import measure
import rig
from contestants import CONTESTANTS

TITLE = "Latency of a round trip"
NAMES = ["bare-xdp", "shunt-xdp", "bare-tcx", "bare-peer", "shunt-tc", "shunt-tc-egress", "bridge",
         "ovs-afxdp", "ovs-packet"]
PERCENTILES = ["p50_us", "p99_us", "p999_us"]


def one(contestant, seconds):
    with rig.hosts(contestant.offloads), contestant.setup():
        return json.loads(rig.run(
            rig.BUILD + "/bench/roundtrip", rig.GENERATOR_NET, rig.SINK_NET,
            rig.HOST_ADDRESSES[1], str(seconds), timeout=60))


def run(scale):
    cases = {name: lambda contestant=CONTESTANTS[name]: one(contestant, max(1, scale.seconds))
             for name in NAMES}
    rounds, failed = measure.in_rounds(cases, scale.rounds, TITLE)
    rows = [[name, *(statistics.median(one[name][p] for one in rounds) for p in PERCENTILES),
             sum(one[name]["n"] for one in rounds), sum(one[name]["n_lost"] for one in rounds)]
            for name in rounds[0]]
    return measure.Result(["contestant", "P50 us", "P99 us", "P99.9 us", "round trips", "lost"], rows,
                          {}, [measure.Plot(1, "microseconds, median"),
                               measure.Plot(3, "microseconds, P99.9")], failed, rounds)
