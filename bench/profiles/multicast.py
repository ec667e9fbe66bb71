# SPDX-License-Identifier: Apache-2.0
"""Each frame to eight ports. Rates are of frames that arrive, so eight for each that is sent; the
bridge floods (its destination is unknown to it)."""
import contestants
import measure
import rig
from contestants import Contestant, partial

TITLE = "Multicast to 8 ports"
N_PORTS = 8
CONTESTANTS = {
    "shunt-tc": partial(contestants.shunt, "tc", "auto", N_PORTS),
    "shunt-xdp": partial(contestants.shunt, "xdp", "auto", N_PORTS),
    "bridge": Contestant(contestants.bridge),
    "ovs-afxdp": partial(contestants.ovs, "afxdp", N_PORTS, skbs=False, threads=True),
    "ovs-packet": partial(contestants.ovs, "system", N_PORTS, threads=True),
}


def one(contestant, load):
    result = contestants.forward(contestant, load, N_PORTS)
    return result | {"offered": result["offered"] * N_PORTS}


def run(scale):
    load = rig.Load(scale.seconds)
    cases = {"wire": lambda: contestants.forward(contestants.CONTESTANTS["wire"], load)}
    cases |= {name: lambda contestant=contestant: one(contestant, load)
              for name, contestant in CONTESTANTS.items()}
    rounds, failed = measure.in_rounds(cases, scale.rounds, TITLE)
    return measure.Result(
        measure.RATE_COLUMNS, [measure.rate_row(rounds, name) for name in rounds[0]],
        {"tc / bridge": measure.rate_ratios(rounds, "shunt-tc", "bridge")},
        [measure.Plot(1, "million frames a second that arrive")], failed, rounds)
