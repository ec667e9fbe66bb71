#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""shuntctl's verbs that change a switch's configuration, fill it from files or measure it, beside
ovs-ofctl: the same syntax leaves the same state and prints the same."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SHUNTCTL, Skip, cases, main, patience, run  # noqa: E402
from hosts import add_wires  # noqa: E402

VERSIONS = ("OpenFlow10", "OpenFlow13", "OpenFlow14", "OpenFlow15")


class Both:
    """Runs a verb by either tool, in one version, on br0 of one switch."""

    def __init__(self, switch, version):
        self.switch, self.version, self.target = switch, version, f"unix:{switch.dir}/br0.mgmt"

    def ofctl(self, verb, *args):
        return run("ovs-ofctl", "-O", self.version, verb, self.target, *args)

    def ctl(self, verb, *args):
        return self.switch.ctl("-O", self.version, verb, "br0", *args)

    def fails(self, verb, *args):
        return self.switch.ctl_fails("-O", self.version, verb, "br0", *args)

    def status(self, tool, *args):
        """The exit status, and what the tool prints without what changes by itself."""
        command = {"shuntctl": [SHUNTCTL, "--run-dir", self.switch.dir], "ovs-ofctl": ["ovs-ofctl"]}
        done = subprocess.run([*command[tool], "-O", self.version, *args], capture_output=True, text=True,
                              timeout=patience(60))
        said = done.stdout.replace(self.target, "br0")
        return done.returncode, re.sub(r"time=\S+|xid=\S+|Finished in .*", "", said)

    def same(self, verb, *args):
        ours = self.status("shuntctl", verb, "br0", *args)
        theirs = self.status("ovs-ofctl", verb, self.target, *args)
        assert ours == theirs, (self.version, verb, args, ours, theirs)
        return ours


def set_frags(both):
    for mode in "drop", "nx-match", "nx-match", "normal":
        assert both.ctl("set-frags", mode) == ""
        assert both.ofctl("get-frags").strip() == mode
    assert "refuses" in both.fails("set-frags", "reassemble")
    assert "want normal" in both.fails("set-frags", "sideways")
    assert both.ofctl("get-frags").strip() == "normal"


def mod_table(both):
    changes = [("1", "evict"), ("2", "vacancy:10,20"), ("2", "evict"), ("1", "noevict"), ("2", "novacancy"),
               ("2", "noevict")]
    if both.version in VERSIONS[:2]:
        assert "no version" in both.fails("mod-table", *changes[0])
        return
    states = {}
    for tool in both.ofctl, both.ctl:
        for table, change in changes:
            assert tool("mod-table", table, change) == ""
            states.setdefault(tool, []).append(re.sub(r"xid=\S+", "", both.ofctl("dump-table-desc")))
    theirs, ours = states[both.ofctl], states[both.ctl]
    assert theirs == ours and len(set(ours)) == len(changes)
    both.ctl("mod-table", "all", "evict")
    assert both.ofctl("dump-table-desc").count("eviction=on") == 254
    both.ctl("mod-table", "all", "noevict")
    for table, change, said in (("1", "drop", "want evict"), ("1", "vacancy:30,20", "LOW below HIGH"),
                                ("1", "vacancy:30", "want evict"), ("254", "evict", "no such table"),
                                ("x", "evict", "want a number")):
        assert said in both.fails("mod-table", table, change)
    assert re.sub(r"xid=\S+", "", both.ofctl("dump-table-desc")) == ours[-1]


def queue_get_config(both):
    """There are no queues; ovs-ofctl prints headers of answers besides."""
    for args in [], ["1"], ["any"], ["p2", "any"]:
        theirs = re.sub(r"(?m)^OFP.*\n", "", both.ofctl("queue-get-config", *args))
        assert both.ctl("queue-get-config", *args) == theirs == ""
    assert both.switch.ctl_json("-O", both.version, "queue-get-config", "br0", "1") is not None
    assert "OFPQOFC_BAD_PORT" in both.fails("queue-get-config", "9")
    assert "no such port" in both.fails("queue-get-config", "p9")
    assert "want a number" in both.fails("queue-get-config", "1", "x")
    if both.version in VERSIONS[2:]:
        assert "OFPQOFC_BAD_QUEUE" in both.fails("queue-get-config", "1", "2")


def ping_and_benchmark(both):
    status, said = both.same("ping")
    assert status == 0 and said.count("64 bytes from br0:") == 10, said
    both.same("ping", "0")
    assert both.same("ping", "65527")[1].count("65527 bytes") == 10
    assert both.same("benchmark", "100", "50")[1].startswith(
        "Sending 50 packets * 108 bytes (with header) = 5400 bytes total\n")
    for args in ("ping", "65528"), ("ping", "x"), ("benchmark", "1", "0"), ("benchmark", "x", "1"):
        assert "want a number" in both.fails(*args)


GOOD = """# three groups
group_id=1,type=all,bucket=output:1,bucket=output:2

  group_id=2,type=indirect,bucket=output:1   # the second
add group_id=3,type=all,bucket=output:p2
"""
MIXED = """add group_id=4,type=select,bucket=output:1
delete group_id=1
modify group_id=2,type=all,bucket=output:2
"""


def add_groups(both):
    path = both.switch.dir + "/groups"
    if both.version == "OpenFlow10":
        with open(path, "w", encoding="ascii") as file:
            file.write(GOOD)
        assert "no version" in both.fails("add-groups", path)
        return
    states = {}
    for tool in both.ofctl, both.ctl:
        for text in GOOD, MIXED:
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            assert tool("add-groups", path) == ""
            states.setdefault(tool, []).append(re.sub(r"xid=\S+", "", both.ofctl("dump-groups")))
        both.ofctl("del-groups")
    assert states[both.ofctl] == states[both.ctl] and "group_id=4" in states[both.ctl][1]
    for text, said in ((MIXED + "group_id=5,type=wild\n", "line 4: "),
                       ("group_id=1,type=all\n\ngroup_id=1,type=all\n", "line 3: the switch refuses: OFPGMFC_")):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        assert said in both.fails("add-groups", path), text
    assert both.ctl("dump-groups").strip() == "group_id=1,type=all"
    both.ctl("del-groups")


def verbs_do_what_ovs_ofctl_s_do(switch):
    if subprocess.run(["which", "ovs-ofctl"], capture_output=True, check=False).returncode:
        raise Skip("ovs-ofctl is not installed")
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    add_wires(switch, 2, "tc")
    for version in VERSIONS:
        both = Both(switch, version)
        for test in set_frags, mod_table, queue_get_config, ping_and_benchmark, add_groups:
            test(both)


cases.append(verbs_do_what_ovs_ofctl_s_do)
main()
