#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A million flow entries: how long the management socket does not answer while they are added, added
again, saved, and while the daemon restarts. SHUNT_FLOWS is how many."""
import json
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import harness  # noqa: E402
from harness import case, wait_for  # noqa: E402

N_FLOWS = int(os.environ.get("SHUNT_FLOWS", "1000000"))
STALL_S = 1  # Of the slowest answer; a busy machine gets this much.


class Watch(threading.Thread):
    """Asks for list-br all the time, as long as the block lasts: how long did the slowest answer take?"""

    def __init__(self, switch, what):
        super().__init__(daemon=True)
        self.path, self.what, self.goes_on, self.slowest = (
            switch.dir + "/shuntd.sock", what, True, 0)
        self.new = switch.dir + "/br0.flows.new"
        self.slowest_beside_a_base = 0

    def run(self):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.path)
            while self.goes_on:
                base = os.path.exists(self.new)
                began = time.monotonic()
                client.sendall(b'{"verb": "list-br"}\n')
                assert json.loads(client.recv(65536))["ok"]
                took = time.monotonic() - began
                self.slowest = max(self.slowest, took)
                if base or os.path.exists(self.new):
                    self.slowest_beside_a_base = max(self.slowest_beside_a_base, took)
                time.sleep(0.001)

    def __enter__(self):
        self.began = time.monotonic()
        self.start()
        return self

    def __exit__(self, *_):
        self.goes_on = False
        self.join()
        print(f"# {self.what}: {time.monotonic() - self.began:.1f} s; slowest answer "
              f"{1000 * self.slowest:.0f} ms, beside a base {1000 * self.slowest_beside_a_base:.0f} ms",
              flush=True)


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
    switch.ctl("stop", timeout=600)


harness.main()
