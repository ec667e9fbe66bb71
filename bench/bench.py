#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Shunt beside other switches, and prints every goal beside what was measured.

Profiles are the modules of bench/profiles: what goals need, or all with --full. A profile that
fails does not stop the others. Into the directory of --out go results.json (every run of every
profile) and index.html (tables and plots). Exit status 1: a goal is missed or was not measured.
"""
import argparse
import dataclasses
import datetime
import importlib
import json
import os
import platform
import signal
import sys
import time
import traceback

import goals
import measure
import page
import rig

PROFILES = ["forward", "flows", "masks", "tcp", "new_flows", "flow_mods", "revalidate",
            "instructions", "new_flow_instructions"]
FULL_PROFILES = ["sizes", "protocols", "actions", "multicast", "sockets", "latency", "cpu", "tables"]


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="all profiles, and all of each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.5, help="of load, each time")
    parser.add_argument("--out", default=rig.BUILD + "/bench/results", help="a directory")
    parser.add_argument("profile", nargs="*", help=" ".join(PROFILES + FULL_PROFILES))
    options = parser.parse_args()
    unknown = set(options.profile) - set(PROFILES + FULL_PROFILES)
    if unknown:
        parser.error(f"no profile {unknown.pop()}: use {' '.join(PROFILES + FULL_PROFILES)}")
    return options


def print_table(columns, rows):
    texts = [columns] + [[page.text(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in texts) for i in range(len(columns))]
    for row in texts:
        print("  ".join([row[0].ljust(widths[0])] + [text.rjust(width) for text, width in
                                                     zip(row[1:], widths[1:])]).rstrip())


def measured(name, scale):
    """The profile's result, or None; tells what failed."""
    profile = importlib.import_module("profiles." + name)
    print(f"\n== {profile.TITLE} ({name}, {datetime.datetime.now():%H:%M:%S})", flush=True)
    try:
        result = profile.run(scale)
    except Exception as error:  # Whatever it is, the others go on.
        measure.progress("")
        print(f"failed: {error}")
        if not isinstance(error, rig.Failed):
            traceback.print_exc()
        return None
    print_table(result.columns, result.rows)
    for contestant, why in result.failed.items():
        print(f"{contestant} failed: {why}")
    sys.stdout.flush()
    return result


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if "model name" in line), "")
    return {"processor": model, "processors": os.cpu_count(), "kernel": platform.release(),
            "load": os.getloadavg()[0], "time": datetime.datetime.now().isoformat(" ", "minutes")}


def save(directory, about, results, verdicts):
    data = {"machine": about, "goals": verdicts,
            "profiles": {name: dataclasses.asdict(result) if result else None
                         for name, result in results.items()}}
    with open(directory + "/results.json", "w", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
    page.write(directory, about, results, verdicts)


def main():
    options = parse_options()
    if os.geteuid():
        raise SystemExit("bench/bench.py: needs root (namespaces, BPF)")
    os.setpriority(os.PRIO_PROCESS, 0, -20)  # Clients and senders, too, are before other work.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # Namespaces and daemons are taken away.
    names = options.profile or PROFILES + FULL_PROFILES * options.full
    scale = measure.Scale(options.full, options.rounds, options.seconds)
    os.makedirs(options.out, exist_ok=True)
    start, about, results = time.monotonic(), machine(), {}
    print(", ".join(f"{name}: {value}" for name, value in about.items()))
    for name in names:
        results[name] = measured(name, scale)
        verdicts = [row for row in goals.judge(results) if not options.profile or row[2]]
        save(options.out, about, results, verdicts)
    print(f"\n== Goals, after {(time.monotonic() - start) / 60:.1f} minutes")
    print_table(["", "goal", "median", "rounds", ""], verdicts)
    print(f"\n{options.out}/index.html and results.json")
    sys.exit(any(row[4] != "met" for row in verdicts))


main()
