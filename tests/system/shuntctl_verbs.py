#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""shuntctl's verbs that change a switch's configuration, fill it from files or measure it, beside
ovs-ofctl: the same syntax leaves the same state and prints the same."""
import difflib
import os
import random
import re
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SHUNTCTL, Skip, cases, main, patience, run, sh, wait_for  # noqa: E402
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


# ---- ofp-parse-pcap ----
TARGET = "tcp:127.0.0.1:6653"
SAYS = [("add-flow", "priority=7,in_port=1,actions=output:2"), ("add-group", "group_id=1,type=all,bucket=output:2"),
        ("dump-flows",), ("dump-ports-desc",), ("dump-ports",), ("show",), ("dump-groups",),
        ("packet-out", "in_port=1,packet=" + "02" * 12 + "88b5" + "00" * 46 + ",actions=output:2"), ("probe",)]


def parse_pcap(tool, *args):
    done = subprocess.run([tool, "ofp-parse-pcap", *args], capture_output=True, text=True, timeout=patience(60))
    return done.returncode, done.stdout, done.stderr


def by_direction(text):
    """The messages of each direction of each connection, in their order."""
    found = {}
    for message in re.split(r"^\n(?=\S+ > \S+:$)", text, flags=re.M):
        flow, _, said = message.partition("\n")
        found.setdefault(flow, []).append(said.strip("\n"))
    return found


def records(data):
    """The frames of a capture, each with its header."""
    at = 24
    while at < len(data):
        size = 16 + struct.unpack_from("=I", data, at + 8)[0]
        yield data[at:at + size]
        at += size


def disorder(data, rng):
    """The capture with frames behind a SYN in another order, and some twice."""
    frames = list(records(data))
    is_syn = [frame[16 + 14 + 20 + 13] & 2 for frame in frames]
    for i in range(len(frames) - 1):
        if not is_syn[i] and not is_syn[i + 1] and rng.random() < 0.5:
            frames[i], frames[i + 1] = frames[i + 1], frames[i]
    frames += [frame for frame, syn in zip(frames, is_syn) if not syn and rng.random() < 0.2]
    return data[:24] + b"".join(frames)


def swapped(data):
    """The capture as a machine of the other byte order writes it."""
    turn = lambda text, size: b"".join(text[i:i + size][::-1] for i in range(0, len(text), size))
    return (turn(data[:4], 4) + turn(data[4:8], 2) + turn(data[8:24], 4) +
            b"".join(turn(frame[:16], 4) + frame[16:] for frame in records(data)))


def record(switch, path):
    with subprocess.Popen(["tcpdump", "-q", "-U", "-i", "lo", "-w", path, "tcp port 6653"], text=True,
                          stderr=subprocess.PIPE) as dump:
        while "listening on" not in dump.stderr.readline():
            assert dump.poll() is None
        for version in VERSIONS:
            for verb, *args in SAYS:
                if version != VERSIONS[0] or "group" not in verb:
                    run("ovs-ofctl", "--no-names", "-O", version, verb, TARGET, *args)
            switch.ctl("-O", "OpenFlow15", "del-groups", "br0")
        wait_for(lambda: parse_pcap(SHUNTCTL, path)[1].count("OFPT_ECHO_REPLY") == len(VERSIONS), "all is there")
        dump.terminate()


def captures_are_parsed(switch):
    path, other = switch.dir + "/a.pcap", switch.dir + "/b.pcap"
    for tool in "tcpdump", "ovs-ofctl":
        if subprocess.run(["which", tool], capture_output=True, check=False).returncode:
            raise Skip(f"{tool} is not installed")
    sh("ip link set lo up")
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("set-controller", "br0", "ptcp:6653:127.0.0.1")
    add_wires(switch, 2, "tc")
    record(switch, path)
    ours = parse_pcap(SHUNTCTL, path)
    theirs = parse_pcap("ovs-ofctl", path)
    difference = list(difflib.unified_diff(theirs[1].splitlines(), ours[1].splitlines(), n=1, lineterm=""))
    assert ours == theirs and ours[0] == 0, (ours[0], theirs[0], ours[2], theirs[2], difference)
    assert ours == parse_pcap(SHUNTCTL, path, "9", "6653") and parse_pcap(SHUNTCTL, path, "9") == (0, "", "")
    with open(path, "rb") as file:
        data = file.read()
    rng = random.Random(7)
    for changed in [swapped(data)] + [disorder(data, rng) for _ in range(5)]:
        with open(other, "wb") as file:
            file.write(changed)
        status, text, said = parse_pcap(SHUNTCTL, other)
        assert (status, by_direction(text), said) == (0, by_direction(ours[1]), ""), text
    for changed, error in ((data[:-5], "middle of a frame"), (data[:9], "too short"), (b"x" * 99, "not a capture"),
                           (bytes.fromhex("0a0d0d0a") + bytes(40), "pcapng"),
                           (data[:20] + struct.pack("=I", 105), "link type 105")):
        with open(other, "wb") as file:
            file.write(changed)
        status, text, said = parse_pcap(SHUNTCTL, other)
        assert status == 1 and error in said and ours[1].startswith(text), (error, status, said)
    assert parse_pcap(SHUNTCTL, path, "x")[0] == parse_pcap(SHUNTCTL, switch.dir + "/none")[0] == 1


def a_watch_ends_when_nobody_reads_it(switch):
    switch.start()
    switch.ctl("add-br", "br0")
    for options in ([], ["--format", "json"]):
        with subprocess.Popen([SHUNTCTL, "--run-dir", switch.dir, *options, "monitor", "br0",
                               "watch:"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as watch:
            assert watch.stdout.readline()
            watch.stdout.close()
            switch.ctl("add-flow", "br0", "table=1,actions=drop")
            switch.ctl("del-flows", "br0", "table=1")
            try:
                watch.wait(patience(10))
            finally:
                watch.kill()
            assert watch.returncode == 1
            assert watch.stderr.read() == "shuntctl: the output could not be written\n"


cases.append(captures_are_parsed)
cases.append(a_watch_ends_when_nobody_reads_it)
cases.append(verbs_do_what_ovs_ofctl_s_do)
main()
