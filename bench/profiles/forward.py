# SPDX-License-Identifier: Apache-2.0
"""Two ports, 64 bytes, one flow; generator, switch and sink on one processor (Open vSwitch's
threads have the other). Every contestant; Shunt is the whole switch under a rule. "ns net" is the
time a frame beyond the wire's, where generator and sink are alone."""
import contestants
import measure
import rig
import turns

TITLE = "Forwarding beside others"
# Name: (ours, theirs).
RATIOS = {
    "xdp / bare xdp": ("shunt-xdp", "bare-xdp"),
    "xdp / bridge": ("shunt-xdp", "bridge"),
    "tc / bare tcx": ("shunt-tc", "bare-tcx"),
    "tc / bare clsact": ("shunt-tc", "bare-clsact"),
    "tc / bare peer": ("shunt-tc", "bare-peer"),
    "tc egress / bare tcx": ("shunt-tc-egress", "bare-tcx"),
    "tc / bridge": ("shunt-tc", "bridge"),
    "tc egress / bridge": ("shunt-tc-egress", "bridge"),
    "xdp / ovs afxdp": ("shunt-xdp", "ovs-afxdp"),
    "tc / ovs packet": ("shunt-tc", "ovs-packet"),
}


def run(scale):
    load = rig.Load(scale.seconds)
    rounds, failed = turns.in_rounds({name: (contestant, load) for name, contestant in
                                      contestants.CONTESTANTS.items()}, scale, TITLE)
    return measure.Result(
        measure.RATE_COLUMNS, [measure.rate_row(rounds, name) for name in rounds[0]],
        {name: measure.rate_ratios(rounds, *pair) for name, pair in RATIOS.items()},
        [measure.Plot(1, "million frames a second")], failed, rounds)
