#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Shunt beside other switches, and prints every goal beside what was measured.

Profiles are the modules of bench/profiles: what goals need, or all with --full. A profile that
fails, or takes over half an hour, does not stop the others. Into the directory of --out go
results.json (every run of every profile) and index.html (tables and plots). Exit status 1: a goal
is missed or was not measured, or a profile or a contestant failed.
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
FULL_PROFILES = ["sizes", "protocols", "actions", "multicast", "sockets", "latency", "cpu",
                 "programs", "tcp_instructions", "tables"]
MAX_PROFILE_S = 1800  # A profile hangs.


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


def out_of_time(*_):
    raise rig.Failed(f"not done in {MAX_PROFILE_S // 60} minutes")


def reason(error):
    """In one line."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    said = " ".join(str(error).split())
    if isinstance(error, rig.Failed):
        return said
    return f"{type(error).__name__}: {said} ({os.path.basename(where.filename)}:{where.lineno})"


def measured(name, scale):
    """The profile's result; tells what failed."""
    profile = importlib.import_module("profiles." + name)
    print(f"\n== {profile.TITLE} ({name}, {datetime.datetime.now():%H:%M:%S})", flush=True)
    signal.setitimer(signal.ITIMER_REAL, MAX_PROFILE_S, MAX_PROFILE_S)
    try:
        result = profile.run(scale)
        print_table(result.columns, result.rows)
    except Exception as error:  # Whatever it is, the others go on.
        measure.progress("")
        result = measure.Result([], [], failed={"the profile": reason(error)})
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    for contestant, why in result.failed.items():
        print(f"{contestant} failed: {why}")
    sys.stdout.flush()
    return result


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if "model name" in line), "")
    return {"processor": model, "processors": os.cpu_count(), "kernel": platform.release(),
            "load": round(os.getloadavg()[0], 1), "time": datetime.datetime.now().isoformat(" ", "minutes")}


def save(directory, about, results, verdicts):
    data = {"machine": about, "goals": verdicts,
            "profiles": {name: dataclasses.asdict(result) for name, result in results.items()}}
    with open(directory + "/results.json", "w", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
    page.write(directory, about, results, verdicts)


def main():
    options = parse_options()
    if os.geteuid():
        raise SystemExit("bench/bench.py: needs root (namespaces, BPF)")
    os.setpriority(os.PRIO_PROCESS, 0, -20)  # Clients and senders, too, are before other work.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # Namespaces and daemons are taken away.
    signal.signal(signal.SIGALRM, out_of_time)
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
    if verdicts:
        print_table(["", "goal", "median", "from, to", "limit", ""], verdicts)
    print(f"\n{options.out}/index.html and results.json")
    failed = [name for name, result in results.items() if result.failed]
    if failed:
        print(f"failed, all or in part: {', '.join(failed)}")
    sys.exit(bool(failed) or any(row[-1] != "met" for row in verdicts))


main()
