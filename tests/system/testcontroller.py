#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ovs-testcontroller, and no controller at all, run a network of hosts."""
import contextlib
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Skip, cases, main, wait_for  # noqa: E402
from hosts import Host  # noqa: E402

N_HOSTS = 4


@contextlib.contextmanager
def network(switch, n_hosts=N_HOSTS):
    """A bridge in secure mode with hosts 1 to n on the ports 1 to n."""
    switch.expect("is missing, port . waits for it")  # The hosts go before the switch does.
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    with contextlib.ExitStack() as stack:
        hosts = [stack.enter_context(Host(f"v{i}", i)) for i in range(1, n_hosts + 1)]
        for i, host in enumerate(hosts, 1):
            switch.ctl("add-port", "br0", host.device, f"ofport={i}")
        yield hosts


@contextlib.contextmanager
def program(switch, *command):
    """A program beside the test, with its output in a file; gives the file's path."""
    if not shutil.which(command[0]):
        raise Skip(f"{command[0]} is not installed")
    log = f"{switch.dir}/{os.path.basename(command[0])}.log"
    with open(log, "w", encoding="utf-8") as out, subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT) as process:
        try:
            yield log
        finally:
            process.terminate()
            process.wait(20)


def connect(switch, *target):
    switch.ctl("set-controller", "br0", *target)

    def connected():
        (bridge,) = switch.ctl_json("show", "br0")["bridges"]
        return all(c["connected"] for c in bridge["controllers"])
    wait_for(connected, "the controller is connected", timeout=30)


def everybody_reaches_everybody(hosts):
    for a in hosts:
        for b in hosts:
            if a is not b:
                assert a.ping(b), f"{a.address} does not reach {b.address}"


def ovs_testcontroller(switch):
    with network(switch) as hosts, program(
            switch, "/usr/bin/ovs-testcontroller", "--verbose=warn", "-O",
            "OpenFlow10,OpenFlow13", "ptcp:6653:127.0.0.1") as log:
        connect(switch, "tcp:127.0.0.1:6653")
        everybody_reaches_everybody(hosts)
        assert "actions=" in switch.ctl("dump-flows", "br0")
    with open(log, encoding="utf-8") as file:
        text = file.read()
    assert not re.search(r"\|(WARN|ERR)\|(?!terminating with signal 15)", text), text


def without_a_controller_a_standalone_bridge_learns(switch):
    with network(switch) as hosts:
        switch.ctl("set-fail-mode", "br0", "standalone")
        switch.ctl("del-flows", "br0")
        assert not hosts[0].ping(hosts[1], timeout=1)
        switch.ctl("add-flow", "br0", "actions=NORMAL")
        everybody_reaches_everybody(hosts)


cases.extend([ovs_testcontroller, without_a_controller_a_standalone_bridge_learns])
main()
