# SPDX-License-Identifier: Apache-2.0
"""Parts of user space alone, by processor time: the classifier (bench/classifier), the tables that
flow-mods change (bench/flow-table) and the codec of OpenFlow messages (bench/ofp-codec)."""
import measure
import rig

TITLE = "User space's parts"
PROGRAMS = ["classifier", "flow-table", "ofp-codec"]


def run(scale):
    cases = {name: lambda name=name: rig.run(f"{rig.BUILD}/bench/{name}", timeout=600)
             for name in PROGRAMS}
    rounds, failed = measure.in_rounds(cases, 1, TITLE)
    rows = [[name, line] for name, output in rounds[0].items() for line in output.splitlines()]
    return measure.Result(["program", "what it printed"], rows, {}, [], failed, rounds)
