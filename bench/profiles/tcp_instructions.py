# SPDX-License-Identifier: Apache-2.0
"""Instructions a megabyte of TCP between two hosts, sender and receiver counted, in an emulated Linux
6.1 of one processor (bench/tcp-instructions): what other work and the placing of threads do not
change. Nearly all are the hosts' own; how TCP cuts the bytes differs from run to run, by one or two
parts in a hundred. There is no tcx on 6.1: the bare redirects and Shunt are on clsact."""
import measure
import rig

TITLE = "Instructions a megabyte of TCP"


def one():
    # Other work does not change what it counts, so it lets other work go first.
    output = rig.run("nice", "-n", "20", rig.TOP + "/bench/tcp-instructions", timeout=1200)
    return {(name, int(n_streams)): int(count)
            for name, n_streams, count in map(str.split, output.splitlines())}


def run(scale):
    rounds, failed = measure.in_rounds({"guest": one}, 1, TITLE)
    if failed:
        raise rig.Failed(failed["guest"])
    counts = rounds[0]["guest"]
    return measure.Result(
        ["contestant", "streams", "instructions", "Shunt's rate of it"],
        [[name, f"{n_streams} stream{'s' * (n_streams > 1)}", count,
          count / counts["shunt-tc", n_streams]] for (name, n_streams), count in counts.items()],
        {}, [measure.Plot(2, "instructions a megabyte")], failed,
        {" ".join(map(str, kind)): count for kind, count in counts.items()})
