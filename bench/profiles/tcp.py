# SPDX-License-Identifier: Apache-2.0
"""TCP between two hosts on veth ports with all offloads, as containers have them: iperf3, 1 and 8
streams, at real-time priority; Shunt is the whole switch. The contestants stand side by side and
take many short turns of a fixed number of bytes; a ratio is between neighbours, and beside the
medians stand the intervals in which they lie at 95 %. "Two processors": the sender has one, the
receiver the other, and the kernel places the work between them, so that a turn may take twice as
long as the next. "One processor", in a full run: both have the same one, and the sum of all work
counts."""
import contextlib
import functools
import json
import statistics
import subprocess

import measure
import rig
import turns
from contestants import CONTESTANTS

TITLE = "TCP between local ports"
NEEDED = ["shunt-tc", "bare-tcx", "bridge"]
OTHERS = ["bare-clsact", "bare-peer", "shunt-tc-egress"]
TURNS = 24  # A round.
BYTES_A_SECOND = 3e9  # About what goes, so that a turn takes about as long as it is told to.
REALTIME = ["chrt", "--rr", "1"]
STREAMS = {1: "1 stream", 8: "8 streams"}
# Number of the receiver's processor; the sender's is 0.
PLACES = {1: "two processors", 0: "one processor"}
# Goal: the contestant that Shunt is compared with. "Bare" is by the hook that Shunt uses.
THEIRS = {"bare": "bare-tcx", "bridge": "bridge", "bare peer": "bare-peer"}


def gbit_s(n_streams, receiver, n_bytes):
    server = subprocess.Popen(
        rig.inside(rig.SINK_NET, *REALTIME, "iperf3", "-s", "-1", "--forceflush"),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        while "listening" not in server.stdout.readline():
            if server.poll() is not None:
                raise rig.Failed("the iperf3 server did not start")
        output = rig.run(*rig.inside(
            rig.GENERATOR_NET, *REALTIME, "iperf3", "-J", "-c", rig.HOST_ADDRESSES[1], "-n",
            str(int(n_bytes)), "-P", str(n_streams), "-A", f"0,{receiver}"), timeout=60)
    finally:
        server.kill()
        server.wait()
    return json.loads(output)["end"]["sum_received"]["bits_per_second"] / 1e9


@contextlib.contextmanager
def on_hosts(contestant):
    with rig.hosts(), contestant.setup() as way:
        yield lambda asked: gbit_s(*asked), way


def ratios(rounds, n_streams, place, theirs):
    def of(one, name):
        return one[n_streams, place, name]
    return measure.each(rounds, lambda one: of(one, "shunt-tc") / of(one, theirs))


def row(rounds, kind):
    n_streams, place, name = kind
    rates = [one[kind] for one in rounds]
    theirs = ratios(rounds, n_streams, place, name)
    return [name, STREAMS[n_streams], PLACES[place], statistics.median(rates),
            *measure.interval(rates), statistics.median(theirs) if theirs else ""]


def run(scale):
    n_bytes = scale.seconds * BYTES_A_SECOND
    names = NEEDED + OTHERS * scale.full
    kinds = [(n_streams, place, name) for n_streams in STREAMS
             for place in (PLACES if scale.full else [1]) for name in names]
    with turns.Stands(on_hosts) as stands:
        rounds, failed = measure.in_rounds(
            {(n_streams, place, name): functools.partial(
                stands.turn, CONTESTANTS[name], (n_streams, place, n_bytes))
             for n_streams, place, name in kinds}, scale.rounds * TURNS, TITLE)
    values = {f"{STREAMS[n_streams]} / {text}{', one processor' * (not place)}":
              ratios(rounds, n_streams, place, theirs)
              for n_streams in STREAMS for place in PLACES for text, theirs in THEIRS.items()}
    return measure.Result(
        ["contestant", "streams", "on", "Gbit/s", "from", "to", "Shunt's of it"],
        [row(rounds, kind) for kind in rounds[0]], values, [measure.Plot(3, "Gbit/s")], failed,
        [{" ".join(map(str, kind)): rate for kind, rate in one.items()} for one in rounds])
