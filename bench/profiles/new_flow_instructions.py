# SPDX-License-Identifier: Apache-2.0
"""Instructions that shuntd's handler takes in user space for a new flow: counted by callgrind, which
sees the handler's thread alone, from the first packet to the last flow installed."""
import os
import re
import tempfile

import measure
import rig
import switches
from profiles import new_flows

TITLE = "Instructions a new flow"
MAX_FLOWS = 200000


def total(directory):
    """Of the thread that took most."""
    totals = []
    for name in os.listdir(directory):
        with open(f"{directory}/{name}", encoding="ascii") as file:
            totals += [int(n) for n in re.findall(r"^totals: (\d+)", file.read(), re.M)]
    return max(totals)


def one():
    load = rig.Load(0.01, flows=1 << 20)
    with rig.wires(), tempfile.TemporaryDirectory() as out:
        wrapper = ["valgrind", "-q", "--log-file=/dev/null", "--tool=callgrind",
                   "--separate-threads=yes", "--instr-atstart=no",
                   f"--callgrind-out-file={out}/out"]
        with switches.shuntd("--max-flows", str(MAX_FLOWS), wrapper=wrapper) as switch:
            new_flows.set_up(switch)
            rig.run("callgrind_control", "-i", "on", str(switch.pid))
            _, samples = new_flows.send_and_sample(switch, load)
            n_flows = samples[-1]["flows"]
        return {"flows": n_flows, "instructions": total(out) / n_flows}


def run(scale):
    rounds, failed = measure.in_rounds({"shunt": one}, 1, TITLE)
    figures = measure.each(rounds, lambda one: one["shunt"]["instructions"])
    flows = measure.each(rounds, lambda one: one["shunt"]["flows"])
    return measure.Result(["", "instructions a flow", "flows"],
                          [["handler", *row] for row in zip(figures, flows)],
                          {"user": figures}, [measure.Plot(1, "user-space instructions a new flow")],
                          failed, rounds)
