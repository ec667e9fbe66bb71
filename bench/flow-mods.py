#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Flow mods a second and memory a flow of shuntd beside ovs-vswitchd (on a dummy datapath).

Messages are made beforehand and written at once, one by one or as a bundle; the clock stops at
the barrier's reply. Flows match in_port, addresses and a port of TCP, under one mask. Memory is
what the process's resident set grew by.
"""
import argparse
import contextlib
import json
import os
import statistics
import struct
import sys

import ofwire
import ovs
import rig


def flow_mod(number):
    return ofwire.flow_mod(
        ofwire.oxm(ofwire.IN_PORT, struct.pack("!I", 1)) + ofwire.oxm(ofwire.ETH_TYPE, b"\x08\x00") +
        ofwire.oxm(ofwire.IP_PROTO, b"\x06") +
        ofwire.oxm(ofwire.IPV4_SRC, struct.pack("!I", 0x0a000000 + number)) +
        ofwire.oxm(ofwire.IPV4_DST, struct.pack("!I", 0x0b000000 + number)) +
        ofwire.oxm(ofwire.TCP_DST, b"\x01\xbb"))


def resident(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def shunt():
    with rig.wires(), rig.daemon() as (pid, directory, ctl):
        ctl("add-br", "br0", "fail-mode=secure")
        yield directory + "/br0.mgmt", pid


def one(switch, data, n_flows):
    with switch() as (path, pid):
        connection = ofwire.Connection(path)
        connection.time(ofwire.BARRIER)
        before = resident(pid)
        seconds = connection.time(data)
        return {"seconds": seconds, "bytes": (resident(pid) - before) / n_flows}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flows", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", help="where the figures go")
    options = parser.parse_args()
    mods = [flow_mod(number) for number in range(options.flows)]
    data = {"one by one": b"".join(mods) + ofwire.BARRIER,
            "bundle": b"".join(ofwire.bundled(mods)) + ofwire.BARRIER}
    results, all_met = [], True
    print(f"{options.flows} flows{'':8}{'shuntd/s':>12}{'ovs/s':>12}{'ratio':>8}{'goal':>6}"
          f"{'shuntd,B':>10}{'ovs,B':>8}{'ratio':>8}{'goal':>6}")
    for how, bytes_ in data.items():
        rounds = [(one(shunt, bytes_, options.flows), one(ovs.dummy, bytes_, options.flows))
                  for _ in range(options.rounds)]
        speed = statistics.median(b["seconds"] / a["seconds"] for a, b in rounds)
        memory = statistics.median(a["bytes"] / b["bytes"] for a, b in rounds)
        rates = [options.flows / statistics.median(r[i]["seconds"] for r in rounds) for i in (0, 1)]
        sizes = [statistics.median(r[i]["bytes"] for r in rounds) for i in (0, 1)]
        print(f"{how:20}{rates[0]:12.0f}{rates[1]:12.0f}{speed:8.2f}{3:6}{sizes[0]:10.0f}"
              f"{sizes[1]:8.0f}{memory:8.2f}{0.5:6}", flush=True)
        results.append({"how": how, "rounds": rounds})
        all_met = all_met and speed >= 3 and memory <= 0.5
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump(results, file, indent=1)
    sys.exit(0 if all_met else 1)


main()
