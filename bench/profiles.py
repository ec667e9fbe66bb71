#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The fast path over frame sizes, flows, masks and actions, without a daemon.

Prints Mpps and nanoseconds a frame beyond the wire's with the same load, what the lookup met
(share of microflow cache hits, masks tried a miss), and the nanoseconds that user space took to
put a flow.
"""
import argparse
import json
import os
import statistics

import rig

MACS = "set(eth(src=02:00:00:00:00:03,dst=02:00:00:00:00:04)),2"
NAT = ("set(ipv4(src=12.0.0.1,dst=13.0.0.1)),set(udp(src=3000,dst=4000)),2")
# name: (flows, masks, actions, bytes)
PROFILES = {
    "1 flow": (1, 1, "2", 64),
    "512 bytes": (1, 1, "2", 512),
    "1500 bytes": (1, 1, "2", 1500),
    "rewrite MACs": (1, 1, MACS, 64),
    "rewrite 5-tuple": (1, 1, NAT, 64),
    "push VLAN": (1, 1, "push_vlan(vid=5,pcp=0),2", 64),
    "1,024 flows": (1 << 10, 1, "2", 64),
    "131,072 flows": (1 << 17, 1, "2", 64),
    "1,048,576 flows": (1 << 20, 1, "2", 64),
    "131,072, 16 masks": (1 << 17, 16, "2", 64),
    "1,024, 128 masks": (1 << 10, 128, "2", 64),
    "131,072, 128 masks": (1 << 17, 128, "2", 64),
}


def one(profile, hook, options):
    flows, masks, actions, size = PROFILES[profile]
    peer = "02:00:00:00:00:04" if actions == MACS else rig.SINK_MAC
    load = rig.Load(options.seconds, size, flows, flows > 1, options.processor, actions != "2")
    rounds = rig.measure({"wire": (rig.wire, load),
                          "shunt": (rig.fast_path(hook, flows, masks, actions, peer), load)},
                         options.rounds)
    last = rounds[-1]["shunt"]
    lookups = last["n_cache_hits"] + last["n_megaflow_hits"]
    return {"profile": profile, "hook": hook,
            "mpps": statistics.median(rig.rate(r["shunt"]) for r in rounds),
            "net_ns": statistics.median(rig.cost(r, "shunt") for r in rounds),
            "cache_hits": last["n_cache_hits"] / lookups,
            "masks_tried": last["n_masks_tried"] / max(last["n_megaflow_hits"], 1),
            "put_ns": last["put_ns"], "dp_bytes": last["dp_bytes"],
            "lost": sum(r["shunt"]["offered"] - r["shunt"]["received"] for r in rounds)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--processor", type=int, default=0)
    parser.add_argument("--hook", choices=["xdp", "tc"], action="append")
    parser.add_argument("--json", help="where the figures go")
    parser.add_argument("profile", nargs="*", help="; ".join(PROFILES))
    options = parser.parse_args()
    if os.geteuid():
        raise SystemExit("bench/profiles.py: needs root (namespaces, BPF)")
    print(f"{'':20}{'hook':>5}{'Mpps':>8}{'ns net':>8}{'cached':>8}{'masks':>8}{'put,ns':>8}"
          f"{'MB':>6}{'lost':>6}")
    results = []
    for profile in options.profile or PROFILES:
        for hook in options.hook or ["xdp", "tc"]:
            result = one(profile, hook, options)
            results.append(result)
            print(f"{profile:20}{hook:>5}{result['mpps']:8.3f}{result['net_ns']:8.0f}"
                  f"{result['cache_hits']:8.2f}{result['masks_tried']:8.1f}"
                  f"{result['put_ns']:8.0f}{result['dp_bytes'] / 1e6:6.0f}{result['lost']:6}",
                  flush=True)
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump(results, file, indent=1)


main()
