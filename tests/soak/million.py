#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A million flow entries: how long the management socket does not answer while they are added, added
again, saved, and while the daemon restarts. SHUNT_FLOWS is how many."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import harness  # noqa: E402
from harness import case, wait_for  # noqa: E402
from watch import Watch  # noqa: E402

N_FLOWS = int(os.environ.get("SHUNT_FLOWS", "1000000"))
STALL_S = 1  # Of the slowest answer; a busy machine gets this much.


def write_flows(path, port):
    with open(path, "w", encoding="ascii") as file:
        for i in range(N_FLOWS):
            file.write(f"ip,nw_dst=10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255},actions=output:{port}\n")


@case
def many_flow_entries_do_not_stall_the_switch(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    for port, what in enumerate(("added", "added again"), 1):
        write_flows(switch.dir + "/flows", port)
        with Watch(switch, f"{N_FLOWS} {what}") as watch:
            switch.ctl("add-flows", "br0", switch.dir + "/flows", timeout=600)
        assert watch.slowest < STALL_S, watch.slowest
    with Watch(switch, "shuntctl save") as watch:
        switch.ctl("save", timeout=600)
    assert watch.slowest < STALL_S, watch.slowest
    size = os.path.getsize(switch.dir + "/br0.flows")
    began = time.monotonic()
    switch.ctl("restart", timeout=600)
    print(f"# restart with a file of {size / 1e6:.0f} MB: {time.monotonic() - began:.1f} s", flush=True)
    wait_for(lambda: switch.ctl("list-br").split() == ["br0"], "it answers")
    (aggregate,) = [line for line in harness.run(
        "ovs-ofctl", "-O", "OpenFlow14", "dump-aggregate", f"unix:{switch.dir}/br0.mgmt").split()
                    if line.startswith("flow_count")]
    assert aggregate == f"flow_count={N_FLOWS}", aggregate
    began = time.monotonic()
    switch.ctl("stop", timeout=600)
    print(f"# stop: {time.monotonic() - began:.1f} s", flush=True)


harness.main()
