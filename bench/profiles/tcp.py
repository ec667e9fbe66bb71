# SPDX-License-Identifier: Apache-2.0
"""TCP between two hosts on veth ports with all offloads, as containers have them: iperf3, 1 and 8
streams. The bare redirects are programs that do nothing else; Shunt is the whole switch."""
import json
import statistics
import subprocess

import measure
import rig
from contestants import CONTESTANTS

TITLE = "TCP between local ports"
NAMES = ["bare-clsact", "bare-tcx", "bare-peer", "shunt-tc", "shunt-tc-egress", "bridge"]
MIN_SECONDS = 2
# Goal: the contestant that Shunt is compared with. "Bare" is by the hook that Shunt uses.
THEIRS = {"bare": "bare-tcx", "bridge": "bridge", "bare peer": "bare-peer"}


def gbit_s(n_streams, seconds):
    server = subprocess.Popen(rig.inside(rig.SINK_NET, "iperf3", "-s", "-1", "--forceflush"),
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        while "listening" not in server.stdout.readline():
            if server.poll() is not None:
                raise rig.Failed("the iperf3 server did not start")
        output = rig.run(*rig.inside(rig.GENERATOR_NET, "iperf3", "-J", "-c", rig.HOST_ADDRESSES[1],
                                     "-t", str(seconds), "-P", str(n_streams)), timeout=60)
    finally:
        server.kill()
        server.wait()
    return json.loads(output)["end"]["sum_received"]["bits_per_second"] / 1e9


def one(contestant, seconds):
    with rig.hosts(), contestant.setup():
        return {n_streams: gbit_s(n_streams, seconds) for n_streams in (1, 8)}


def run(scale):
    seconds = max(MIN_SECONDS, round(scale.seconds))
    cases = {name: lambda contestant=CONTESTANTS[name]: one(contestant, seconds) for name in NAMES}
    rounds, failed = measure.in_rounds(cases, scale.rounds, TITLE)
    rows, values = [], {}
    for n_streams, name in [(n, name) for n in (1, 8) for name in rounds[0]]:
        rates = [one[name][n_streams] for one in rounds]
        rows.append([name, n_streams, statistics.median(rates), min(rates), max(rates)])
    for n_streams in (1, 8):
        for text, theirs in THEIRS.items():
            values[f"{n_streams} stream{'s' * (n_streams > 1)} / {text}"] = measure.each(
                rounds, lambda one, n=n_streams, theirs=theirs: one["shunt-tc"][n] / one[theirs][n])
    return measure.Result(["contestant", "streams", "Gbit/s", "least", "most"], rows, values,
                          [measure.Plot(2, "Gbit/s, by streams")], failed, rounds)
