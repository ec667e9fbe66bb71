#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast shuntd sets up flows: every source address is a megaflow of its own.

The generator, at full rate on one core, sends as many sources as --flows in turn; the handler's
thread has the other core. Most packets of the flood are lost, under a counted reason, because
their flow is not set up yet. Counters are sampled; a rate is the steepest over half a second.
"""
import argparse
import os
import re
import threading
import time

import rig

RULE = "ip,actions=move:NXM_OF_IP_SRC[]->NXM_NX_REG0[],output:2"


def sample(ctl):
    text = ctl("dpctl", "show")
    flows = int(re.search(r"^flows: (\d+)", text, re.M).group(1))
    upcalls = sum(int(n) for n in re.findall(r"upcalls: (\d+)", text))
    return time.monotonic(), flows, upcalls


def steepest(samples, what):
    return max(((b[what] - a[what]) / (b[0] - a[0]) for a in samples for b in samples
                if b[0] - a[0] >= 0.5), default=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flows", type=int, default=1 << 17, help="a power of two")
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    if os.geteuid():
        raise SystemExit("bench/new-flows.py: needs root (namespaces, BPF)")
    with rig.wires(), rig.daemon() as (_, directory, ctl):
        ctl("add-br", "br0", "fail-mode=secure")
        ctl("add-port", "br0", "p1", "ofport=1", "hook=xdp")
        ctl("add-port", "br0", "p2", "ofport=2", "hook=xdp")
        rig.run("ovs-ofctl", "add-flow", f"unix:{directory}/br0.mgmt", RULE)
        load = rig.Load(options.seconds, 64, options.flows)
        generator = threading.Thread(target=rig.generate, args=(load, "--sink", "s"))
        samples = [sample(ctl)]
        generator.start()
        while generator.is_alive():
            generator.join(0.05)
            samples.append(sample(ctl))
    print(f"flows installed a second {steepest(samples, 1):.0f}, of {samples[-1][1]}")
    print(f"upcalls a second         {steepest(samples, 2):.0f}, of {samples[-1][2]}")


main()
