#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ovs-ofctl, as Open vSwitch's users know it, against the switch's management socket."""
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Skip, cases, main, run, sh, wait_for  # noqa: E402
from hosts import add_wires, frame  # noqa: E402
from peer import Peer  # noqa: E402

VERSIONS = ("OpenFlow10", "OpenFlow13", "OpenFlow14", "OpenFlow15")


class Ofctl:
    """ovs-ofctl of one version on one bridge."""

    def __init__(self, switch, version):
        self.switch, self.version = switch, version
        self.target = f"unix:{switch.dir}/br0.mgmt"

    def __call__(self, verb, *args, check=True):
        return run("ovs-ofctl", "-O", self.version, verb, self.target, *args, check=check)

    def fails(self, verb, *args):
        done = subprocess.run(["ovs-ofctl", "-O", self.version, verb, self.target, *args],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode, f"{verb} {args}: succeeded: {done.stdout}"
        return done.stderr

    def flows(self, *args):
        """Flows without what differs from run to run, sorted."""
        text = run("ovs-ofctl", "-O", self.version, "--no-stats", "dump-flows", self.target, *args)
        lines = [line.strip() for line in text.splitlines() if "actions=" in line]
        return sorted(lines)


def start(switch, version, n_ports=2):
    if subprocess.run(["which", "ovs-ofctl"], capture_output=True, check=False).returncode:
        raise Skip("ovs-ofctl is not installed")
    os.environ["OVS_RUNDIR"] = switch.dir  # Where ovs-ofctl monitor and snoop put their sockets.
    sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1")
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, n_ports)
    ofctl = Ofctl(switch, version)
    ofctl("del-flows")
    return ofctl, wires


def with_file(text):
    file = tempfile.NamedTemporaryFile("w", suffix=".flows")  # pylint: disable=consider-using-with
    file.write(text)
    file.flush()
    return file


# ---- What each version can do ----

def shows_switch_and_ports(switch, version):
    ofctl, wires = start(switch, version)
    shown = ofctl("show")
    assert re.search(r"FEATURES_REPLY.*dpid:[0-9a-f]{16}", shown), shown
    assert "n_tables:254" in shown, shown
    described = shown + ofctl("dump-ports-desc")
    for i, wire in enumerate(wires, 1):
        assert f"{i}({wire.port}): addr:{wire.port_mac}" in described, described
    assert "LOCAL(br0)" in described, described
    ofctl("probe")
    assert ofctl.flows() == []


def counts_ports(switch, version):
    ofctl, wires = start(switch, version)
    ofctl("add-flow", "in_port=1,actions=output:2")
    for i in range(7):
        wires[0].send(frame(dst="02:00:00:00:00:02", payload=bytes([i]) * 50))
    for i in range(7):
        assert wires[1].receive()[-50:] == bytes([i]) * 50
    def port(number):
        text = ofctl("dump-ports", str(number))
        rx = re.search(r"rx pkts=(\d+), bytes=(\d+)", text)
        tx = re.search(r"tx pkts=(\d+), bytes=(\d+)", text)
        return [int(x) for x in rx.groups() + tx.groups()]
    assert port(1)[:2] == [7, 7 * 64], port(1)
    assert port(2)[2:] == [7, 7 * 64], port(2)
    (flow,) = [line for line in ofctl("dump-flows").splitlines() if "actions=" in line]
    assert "n_packets=7, n_bytes=448" in flow, flow
    assert "packet_count=7 byte_count=448 flow_count=1" in ofctl("dump-aggregate")
    tables = ofctl("dump-tables")
    assert re.search(r"active=1", tables) and re.search(r"lookup=7, matched=7", tables), tables


def adds_changes_and_deletes_flows(switch, version):
    ofctl, _ = start(switch, version)
    ofctl("add-flow", "priority=7,cookie=0x5,ip,nw_src=10.0.0.0/8,actions=output:2")
    with with_file("priority=8,arp,actions=NORMAL\n"
                   "# a comment\n"
                   "priority=9,tcp,tp_dst=80,actions=mod_dl_dst:02:00:00:00:00:09,output:1\n") as file:
        ofctl("add-flows", file.name)
    assert ofctl.flows() == sorted([
        "cookie=0x5, priority=7,ip,nw_src=10.0.0.0/8 actions=output:2",
        "priority=8,arp actions=NORMAL",
        f"priority=9,tcp,tp_dst=80 actions={set_dst(version)},output:1"]), ofctl.flows()
    ofctl("mod-flows", "ip,actions=drop")
    # A modification of 1.0 has a new cookie; ovs-ofctl sends 0.
    cookie = "" if version == "OpenFlow10" else "cookie=0x5, "
    assert f"{cookie}priority=7,ip,nw_src=10.0.0.0/8 actions=drop" in ofctl.flows()
    ofctl("mod-flows", "--strict", "priority=8,arp,actions=output:1")
    assert "priority=8,arp actions=output:1" in ofctl.flows()
    ofctl("del-flows", "cookie=0x5/-1") if version != "OpenFlow10" else ofctl(
        "del-flows", "--strict", "priority=7,ip,nw_src=10.0.0.0/8")
    assert len(ofctl.flows()) == 2
    ofctl("del-flows", "tcp")
    assert ofctl.flows() == ["priority=8,arp actions=output:1"]
    ofctl("del-flows")
    assert ofctl.flows() == []


def set_dst(version):
    return ("mod_dl_dst:02:00:00:00:00:09" if version == "OpenFlow10"
            else "set_field:02:00:00:00:00:09->eth_dst")


def compares_and_replaces_flows(switch, version):
    ofctl, _ = start(switch, version)
    ofctl("add-flow", "priority=1,actions=output:1")
    ofctl("add-flow", "priority=2,ip,actions=output:2")
    with with_file("priority=1,actions=output:1\npriority=3,arp,actions=drop\n") as file:
        differs = subprocess.run(["ovs-ofctl", "-O", version, "diff-flows", ofctl.target,
                                  file.name], capture_output=True, text=True, timeout=60)
        assert differs.returncode == 2, differs.stderr
        assert "-priority=2,ip actions=output:2" in differs.stdout, differs.stdout
        assert "+priority=3,arp actions=drop" in differs.stdout, differs.stdout
        ofctl("replace-flows", file.name)
        assert ofctl("diff-flows", file.name) == ""
    assert ofctl.flows() == ["priority=1 actions=output:1", "priority=3,arp actions=drop"]


def sends_packets_out(switch, version):
    ofctl, wires = start(switch, version)
    sent = frame(dst="02:00:00:00:00:02", payload=b"out" * 20)
    ofctl("packet-out", f"in_port=controller,packet={sent.hex()},actions=output:2"
          if version != "OpenFlow10" else f"in_port=none,packet={sent.hex()},actions=output:2")
    assert wires[1].receive() == sent


def monitors_packet_ins(switch, version):
    ofctl, wires = start(switch, version)
    ofctl("add-flow", "in_port=1,actions=controller:65535")
    log = switch.dir + "/monitor.log"
    with open(log, "w", encoding="ascii") as out, subprocess.Popen(
            ["ovs-ofctl", "-O", version, "monitor", ofctl.target, "65534"],
            stdout=out, stderr=subprocess.STDOUT) as monitor:
        try:
            sent = frame(dst="02:00:00:00:00:02", payload=b"in" * 30)

            def arrived():
                wires[0].send(sent)
                with open(log, encoding="ascii") as file:
                    return "(via action)" in file.read()
            wait_for(arrived, "a packet-in at the monitor")
        finally:
            monitor.terminate()
    with open(log, encoding="ascii") as file:
        text = file.read()
    assert "PACKET_IN" in text and f"total_len={len(sent)} in_port=1" in text, text
    assert "dl_dst=02:00:00:00:00:02" in text, text


def changes_ports(switch, version):
    ofctl, wires = start(switch, version)
    ofctl("mod-port", "p1", "down")
    wait_for(lambda: "state UP" not in sh("ip link show p1"), "p1 is down")
    ofctl("mod-port", "p1", "up")
    wait_for(lambda: "state UP" in sh("ip link show p1"), "p1 is up")
    ofctl("add-flow", "actions=output:2")
    ofctl("mod-port", "2", "no-forward")
    wires[0].send(frame())
    assert wires[1].is_silent()
    ofctl("mod-port", "2", "forward")
    wires[0].send(frame(payload=b"z" * 50))
    assert wires[1].receive()[-50:] == b"z" * 50


def refuses_what_is_wrong(switch, version):
    ofctl, _ = start(switch, version)
    ofctl("add-flow", "priority=5,actions=output:1")
    before = ofctl.flows()
    assert "OFPBAC_BAD_OUT_PORT" in ofctl.fails("add-flow", "actions=output:65281")
    if version != "OpenFlow10":
        assert "OFPBAC_BAD_OUT_GROUP" in ofctl.fails("add-flow", "actions=group:77")
    assert ofctl.flows() == before


def snoops(switch):
    ofctl, _ = start(switch, "OpenFlow13")
    switch.ctl("set-controller", "br0", "ptcp:6653:127.0.0.1")
    log = switch.dir + "/snoop.log"
    with open(log, "w", encoding="ascii") as out, subprocess.Popen(
            ["ovs-ofctl", "-O", "OpenFlow13", "snoop", f"unix:{switch.dir}/br0.snoop"],
            stdout=out, stderr=subprocess.STDOUT) as snooper:
        try:
            def seen():
                run("ovs-ofctl", "-O", "OpenFlow13", "add-flow", "tcp:127.0.0.1:6653",
                    "priority=77,actions=drop")
                with open(log, encoding="ascii") as file:
                    return "priority=77" in file.read()
            wait_for(seen, "a flow-mod at the snooper")
        finally:
            snooper.terminate()


def passive_connections_get_packet_ins(switch):
    """A controller that calls has them without asking, in each version."""
    ofctl, wires = start(switch, "OpenFlow13")
    switch.ctl("set-controller", "br0", "ptcp:6653:127.0.0.1")
    ofctl("add-flow", "in_port=1,actions=controller:65535")
    sent = frame(dst="02:00:00:00:00:02", payload=b"in" * 30)
    for version in (1, 4, 5, 6):
        with Peer(("127.0.0.1", 6653), version) as peer:
            peer.ask_whole()
            wires[0].send(sent)
            got = peer.receive()
            assert (got[0], got[1]) == (version, 10) and got.endswith(sent), got.hex()


def features_of_254_tables_come_in_parts(switch, version):
    """No part is larger than a client's receive buffer, and ovs-ofctl reads them all."""
    ofctl, _ = start(switch, version)
    shown = ofctl("dump-table-features")
    assert "table 253" in shown, shown[-2000:]
    number = {"OpenFlow13": 4, "OpenFlow14": 5, "OpenFlow15": 6}[version]
    with Peer(f"{switch.dir}/br0.mgmt", number) as peer:
        parts = peer.ask_whole(struct.pack("!BBHIHHI", number, 18, 16, 7, 12, 0, 0))
    flags = [struct.unpack("!H", part[10:12])[0] for part in parts]
    assert flags == [1] * (len(parts) - 1) + [0] and len(parts) > 1, flags
    tables, offset = [], 0
    for part in parts:
        offset = 16
        while offset < len(part):
            length, table = struct.unpack("!HB", part[offset:offset + 3])
            tables.append(table)
            offset += length
    assert tables == list(range(254)), tables


EACH_VERSION = [shows_switch_and_ports, counts_ports, adds_changes_and_deletes_flows,
                compares_and_replaces_flows, sends_packets_out, monitors_packet_ins,
                changes_ports, refuses_what_is_wrong]


def for_version(test, version):
    def one(switch):
        test(switch, version)
    one.__name__ = f"{test.__name__}_{version}"
    return one


cases.extend([for_version(test, version) for version in VERSIONS for test in EACH_VERSION] +
             [for_version(features_of_254_tables_come_in_parts, v) for v in VERSIONS[1:]] +
             [snoops, passive_connections_get_packet_ins])
main()
