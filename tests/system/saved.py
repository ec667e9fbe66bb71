#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a daemon finds of the one before it: bridges, ports, controllers and tables are as they were,
whatever names, disks, sockets and devices came in between."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, main, run, sh, wait_for  # noqa: E402


def veth(*names):
    for name in names:
        sh(f"ip link add {name} up type veth peer name {name}-p && ip link set {name}-p up")


# ---- Names ----

@case
def names_of_bridges_and_ports_differ(switch):
    """Else the saved configuration would have one twice, and be refused whole."""
    switch.start()
    veth("v1", "v2", "v3")
    switch.ctl("add-br", "br0", "--", "add-port", "br0", "v1", "--", "add-port", "br0", "v2")
    switch.expect("device (v1|v2|shunt-.*) is missing|device '(v1|v2)' is missing")
    run("ip", "link", "del", "v1")
    wait_for(lambda: switch.ports("br0")["v1"].get("error"), "v1 is missed")
    assert "port 1 of bridge 'br0' waits for a device of that name" in switch.ctl_fails("add-br", "v1")
    run("ip", "link", "set", "br0", "name", "moved")
    run("ip", "link", "set", "v3", "name", "br0")
    assert "device 'br0': a bridge has that name" in switch.ctl_fails("add-port", "br0", "br0")
    run("ip", "link", "set", "br0", "name", "v3")
    run("ip", "link", "set", "v2", "name", "br0")
    wait_for(lambda: switch.ports("br0")["v2"].get("error"), "v2 is missed")
    switch.kill()
    switch.start()
    assert switch.ctl("list-br") == "br0\n" and switch.ctl("list-ports", "br0") == "v1\nv2\n"
    run("ip", "link", "set", "br0", "name", "v2")
    wait_for(lambda: switch.ports("br0")["v2"].get("hook"), "v2 is back")


@case
def a_bridge_is_called_tallies(switch):
    """As the files of counters are, of which a new daemon removes the old ones."""
    switch.start()
    switch.ctl("add-br", "tallies")
    switch.kill()
    switch.start()
    assert "actions=NORMAL" in switch.ctl("dump-flows", "tallies")
    files = {name[len("tallies."):] for name in os.listdir(switch.dir) if "tallies." in name}
    (counters,) = files - {"flows", "macs", "mgmt", "snoop"}
    assert len(counters) == 16 and len(files) == 5, files

if __name__ == "__main__":
    main()
