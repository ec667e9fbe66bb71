# SPDX-License-Identifier: Apache-2.0
"""Instructions a packet beyond the wire's, in an emulated Linux 6.1 (bench/instructions), which has
Open vSwitch's kernel module. The same on every run, to a part in a thousand."""
import measure
import rig

TITLE = "Instructions a packet"
# Goal: (Shunt's, the kernel module's).
RATIOS = {"tc": ("shunt-tc", "ovs-kernel"), "tc mac": ("shunt-tc-mac", "ovs-kernel-mac"),
          "xdp": ("shunt-xdp", "ovs-kernel")}


def one():
    # Other work does not change what it counts, so it lets other work go first.
    output = rig.run("nice", "-n", "20", rig.TOP + "/bench/instructions", timeout=1000)
    return {name: int(count) for name, count in map(str.split, output.splitlines())}


def run(scale):
    rounds, failed = measure.in_rounds({"guest": one}, 1, TITLE)
    if failed:
        raise rig.Failed(failed["guest"])
    counts = rounds[0]["guest"]

    def of_ovs(name):
        return counts[name] / counts["ovs-kernel-mac" if name.endswith("-mac") else "ovs-kernel"]
    return measure.Result(
        ["", "instructions", "of OVS's module"],
        [[name, count, of_ovs(name)] for name, count in counts.items() if name != "wire"],
        {name: [counts[ours] / counts[theirs]] for name, (ours, theirs) in RATIOS.items()},
        [measure.Plot(1, "instructions a packet")], failed, counts)
