#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Forwarding rate of Shunt between two veth ports, beside a bare redirect and Linux's own.

All is on one processor. Contestants take turns in each round; a ratio is between two of one
round; medians are printed with their spread, and lost frames. "net" is the time a frame beyond
the wire's, where the generator and the sink are alone. Exit status 1: a goal is missed.
"""
import argparse
import json
import os
import sys

import rig

CONTESTANTS = {
    "wire": rig.wire,
    "bare-xdp": rig.bare("xdp"),
    "shunt-xdp": rig.shunt("xdp"),
    "bare-clsact": rig.bare("clsact"),
    "bare-tcx": rig.bare("tcx"),
    "bare-peer": rig.bare("peer"),
    "shunt-tc": rig.shunt("tc"),
    "shunt-tc-egress": rig.shunt("tc", "off"),
    "bridge": rig.bridge,
    "routing": rig.routing,
}
# The hook of shunt-tc is tcx where the kernel has it. It sends straight to the sink's end of the last
# veth, as bare-peer does (by clsact); shunt-tc-egress by the device, as the other bare ones do.
GOALS = [("shunt-xdp", "bare-xdp", 0.85), ("shunt-tc", "bare-tcx", 0.93),
         ("shunt-tc", "bare-clsact", 0.93), ("shunt-tc-egress", "bare-tcx", 0.93),
         ("shunt-xdp", "bridge", 3.3), ("shunt-tc", "bridge", 1.15)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--flows", type=int, default=1, help="a power of two")
    parser.add_argument("--processor", type=int, default=0)
    parser.add_argument("--no-daemon", action="store_true",
                        help="the fast path alone, with flows that bench/fastpath installs")
    parser.add_argument("--json", help="where the figures go")
    options = parser.parse_args()
    if os.geteuid():
        raise SystemExit("bench/forward.py: needs root (namespaces, BPF)")
    load = rig.Load(options.seconds, options.size, options.flows, False, options.processor)
    contestants = {name: (contestant, load) for name, contestant in CONTESTANTS.items()}
    if options.no_daemon:
        for hook in ("xdp", "tc"):
            contestants["shunt-" + hook] = (rig.fast_path(hook), load)
    rounds = rig.measure(contestants, options.rounds)
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump({"options": vars(options), "rounds": rounds}, file, indent=1)
    rig.report_rates(rounds)
    sys.exit(0 if rig.report_goals(rounds, GOALS) else 1)


main()
