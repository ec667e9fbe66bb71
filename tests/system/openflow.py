#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""OpenFlow from the command line: ovs-ofctl and shuntctl on a bridge with real hosts."""
import os
import re
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SHUNTCTL, Skip, case, main, run, wait_for  # noqa: E402
from hosts import Host  # noqa: E402

VERSIONS = ["OpenFlow10", "OpenFlow13", "OpenFlow14", "OpenFlow15"]


def two_hosts(switch, fail_mode="secure"):
    switch.start()
    hosts = [Host("h1", 1), Host("h2", 2)]
    switch.ctl("add-br", "br0", f"fail-mode={fail_mode}")
    for number, host in enumerate(hosts, 1):
        switch.ctl("add-port", "br0", host.device, f"ofport={number}")
    return hosts


def ofctl(switch, *args, version="OpenFlow13", check=True):
    """ovs-ofctl: its verb, then the bridge, then the rest."""
    try:
        return run("ovs-ofctl", "-O", version, args[0], f"unix:{switch.dir}/br0.mgmt", *args[1:],
                   check=check)
    except FileNotFoundError:
        raise Skip("ovs-ofctl is not installed")


def flows(text):
    """Flows of a dump without what changes by itself, sorted."""
    lines = []
    for line in text.splitlines():
        if "actions=" in line:
            line = re.sub(r"(duration|n_packets|n_bytes|idle_age|hard_age|cookie)=[^ ,]*, ?", "",
                          line.strip())
            lines.append(re.sub(r"^table=0, ", "", line.replace("reset_counts ", "")).strip())
    return sorted(lines)


# ---- Traffic ----

@case
def a_secure_bridge_without_flows_forwards_nothing(switch):
    h1, h2 = two_hosts(switch)
    assert h1.pings(h2.address) == 0
    assert flows(switch.ctl("dump-flows", "br0")) == []


@case
def a_standalone_bridge_learns_addresses(switch):
    h1, h2 = two_hosts(switch, "standalone")
    assert h1.pings(h2.address, 5) == 5
    mac = h1.mac
    assert mac in switch.ctl("fdb-show", "br0")
    h1.run("ip", "link", "set", "eth0", "down")
    switch.ctl("fdb-flush", "br0")
    assert mac not in switch.ctl("fdb-show", "br0")


@case
def the_local_port_is_the_hosts(switch):
    h1, _ = two_hosts(switch, "standalone")
    run("ip", "addr", "add", "10.0.0.9/24", "dev", "br0")
    assert h1.pings("10.0.0.9", 5) == 5


@case
def flows_forward_and_count(switch):
    h1, h2 = two_hosts(switch)
    switch.ctl("add-flow", "br0", "in_port=1,actions=output:2")
    switch.ctl("add-flow", "br0", "in_port=h2,actions=output:h1")
    assert h1.pings(h2.address, 5) == 5
    for _ in range(2):
        h1.run("ping", "-n", "-c", "10", "-i", "0.01", h2.address)
    assert switch.ctl_json("dump-flows", "br0", "icmp,in_port=1") == []
    dump = switch.ctl_json("dump-flows", "br0")
    sent = {flow["match"]: flow["packets"] for flow in dump}
    assert sent["in_port=1"] >= 25 and sent["in_port=2"] >= 25, sent
    aggregate = switch.ctl_json("dump-aggregate", "br0")
    assert aggregate["packets"] >= sum(sent.values()) and aggregate["flows"] == 2
    switch.ctl("del-flows", "br0", "in_port=1")
    assert h1.pings(h2.address) == 0


@case
def a_removed_flow_stops_traffic_before_the_verb_returns(switch):
    h1, h2 = two_hosts(switch)
    switch.ctl("add-flow", "br0", "actions=normal")
    assert h1.pings(h2.address, 5) == 5
    switch.ctl("del-flows", "br0")
    before = int(h2.run("cat", "/sys/class/net/eth0/statistics/rx_packets"))
    assert h1.pings(h2.address, 2) == 0
    assert int(h2.run("cat", "/sys/class/net/eth0/statistics/rx_packets")) == before


@case
def datapath_flows_are_shown_and_removed(switch):
    h1, h2 = two_hosts(switch)
    switch.ctl("add-flow", "br0", "actions=normal")
    assert h1.pings(h2.address, 5) == 5
    dump = switch.ctl("dpctl", "dump-flows")
    assert "actions:" in dump and ("packets:4" in dump or "packets:5" in dump), dump
    assert isinstance(switch.ctl_json("dpctl", "dump-flows"), list)
    assert switch.ctl_json("dpctl", "show")["flows"] > 0
    switch.ctl("dpctl", "del-flows")
    assert h1.pings(h2.address, 5) == 5


@case
def a_drop_is_counted_by_its_reason(switch):
    h1, h2 = two_hosts(switch)
    h1.run("ip", "neigh", "add", h2.address, "lladdr", h2.mac, "dev", "eth0")
    before = switch.ctl_json("dpctl", "show")["dropped"]["rule"]
    def is_counted():
        h1.pings(h2.address, 1)
        return switch.ctl_json("dpctl", "show")["dropped"]["rule"] >= before + 4
    wait_for(is_counted, "pings are dropped by rule, all but those that came before the flow")


@case
def ports_with_xdp_forward(switch):
    switch.start()
    hosts = [Host("h1", 1), Host("h2", 2)]
    switch.ctl("add-br", "br0")
    for host in hosts:
        # Partial checksums do not survive XDP.
        host.run("ethtool", "-K", "eth0", "tx", "off", "gro", "on")
        switch.ctl("add-port", "br0", host.device, "hook=xdp")
    assert hosts[0].pings(hosts[1].address, 5) == 5


@case
def tracing_explains_and_changes_nothing(switch):
    two_hosts(switch)
    switch.ctl("add-flow", "br0", "table=0,in_port=1,actions=resubmit(,1)")
    switch.ctl("add-flow", "br0", "table=1,tcp,actions=output:2")
    before = switch.ctl("dump-flows", "br0", "--no-stats")
    said = switch.ctl("trace", "br0", "in_port=1,tcp,tp_dst=80")
    assert "output" in said and "Datapath actions" in said, said
    assert switch.ctl("dump-flows", "br0", "--no-stats") == before
    assert "flow: " in switch.ctl_fails("trace", "br0", "in_port=1,bogus=2")
    assert "character 3" in switch.ctl_fails("trace", "br0", "in_port=1", "00zz")
    assert "want 14" in switch.ctl_fails("trace", "br0", "in_port=1", "00 11 22")


@case
def a_trace_of_a_loop_has_an_end(switch):
    switch.start()
    switch.ctl("add-br", "br0")
    lines = [f"table={i},actions=goto_table:{i + 1}\n" for i in range(253)]
    with open(f"{switch.dir}/flows", "w", encoding="ascii") as file:
        file.writelines(lines + ["table=253,actions=resubmit(,0)\n"])
    switch.ctl("add-flows", "br0", f"{switch.dir}/flows")
    said = switch.ctl("trace", "br0", "in_port=1")
    assert said.count("goto_table:253") == 65 and "nested too deep" in said, said[-500:]
    assert len(said) < 10e6, len(said)


# ---- ovs-ofctl ----

@case
def ovs_ofctl_shows_the_switch(switch):
    two_hosts(switch)
    for version in VERSIONS:
        shown = ofctl(switch, "show", version=version)
        assert re.search(r"dpid:0000[0-9a-f]{12}", shown), shown
        if version == "OpenFlow10":
            assert "1(h1)" in shown and "LOCAL(br0)" in shown, shown
        desc = ofctl(switch, "dump-ports-desc", version=version)
        assert "1(h1)" in desc and "2(h2)" in desc and "LOCAL(br0)" in desc, desc
        assert "rx pkts=" in ofctl(switch, "dump-ports", version=version)
        assert "rx pkts=" in ofctl(switch, "dump-ports", "1", version=version)
        assert "active=" in ofctl(switch, "dump-tables", version=version)
        ofctl(switch, "probe", version=version)
    assert "table 0" in ofctl(switch, "dump-table-features")


@case
def ovs_ofctl_manages_flows(switch):
    two_hosts(switch)
    path = switch.dir + "/flows"
    for version in VERSIONS:
        ofctl(switch, "add-flow", "priority=7,in_port=1,actions=output:2", version=version)
        with open(path, "w", encoding="ascii") as file:
            file.write("# comment\npriority=8,tcp,tp_dst=80,actions=drop\n\n"
                       "table=3,udp,actions=output:1,output:2\n")
        ofctl(switch, "add-flows", path, version=version)
        ofctl(switch, "mod-flows", "tcp,actions=output:1", version=version)
        assert flows(ofctl(switch, "dump-flows", version=version)) == [
            "priority=7,in_port=1 actions=output:2", "priority=8,tcp,tp_dst=80 actions=output:1",
            "table=3, udp actions=output:1,output:2"], version
        assert "flow_count=3" in ofctl(switch, "dump-aggregate", version=version)
        with open(path, "w", encoding="ascii") as file:
            file.write("priority=9,icmp,actions=normal\npriority=7,in_port=1,actions=output:2\n")
        done = subprocess.run(["ovs-ofctl", "-O", version, "diff-flows",
                               f"unix:{switch.dir}/br0.mgmt", path], capture_output=True,
                              text=True)
        assert done.returncode == 2 and "+priority=9,icmp" in done.stdout, done
        ofctl(switch, "replace-flows", path, version=version)
        ofctl(switch, "diff-flows", path, version=version)
        ofctl(switch, "del-flows", version=version)
        assert flows(ofctl(switch, "dump-flows", version=version)) == []


@case
def ovs_ofctl_changes_ports(switch):
    h1, h2 = two_hosts(switch)
    switch.ctl("add-flow", "br0", "actions=flood")
    for version in VERSIONS:
        ofctl(switch, "mod-port", "1", "down", version=version)
        wait_for(lambda: not switch.ports("br0")["h1"]["admin_up"], "h1 is down")
        assert "PORT_DOWN" in ofctl(switch, "dump-ports-desc", version=version)
        ofctl(switch, "mod-port", "1", "up", version=version)
        wait_for(lambda: switch.ports("br0")["h1"]["carrier"], "h1 is up")
        assert h1.pings(h2.address) == 3
        ofctl(switch, "mod-port", "h2", "no-forward", version=version)
        assert h1.pings(h2.address, 2) == 0
        ofctl(switch, "mod-port", "h2", "forward", version=version)
        assert h1.pings(h2.address) == 3


@case
def ovs_ofctl_monitors_and_sends_packets(switch):
    h1, h2 = two_hosts(switch)
    switch.ctl("add-flow", "br0", "priority=5,icmp,actions=controller")
    switch.ctl("add-flow", "br0", "priority=1,actions=normal")
    monitor = subprocess.Popen(
        ["timeout", "20", "ovs-ofctl", "-O", "OpenFlow13", "monitor", f"unix:{switch.dir}/br0.mgmt", "65535"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ping = subprocess.Popen(h1.command("ping", "-q", "-i", "0.1", h2.address),
                            stdout=subprocess.DEVNULL)
    line = next(line for line in monitor.stdout if "PACKET_IN" in line)
    assert "in_port=1" in line and "(via action)" in line, line
    for process in (ping, monitor):
        process.kill()
        process.wait()
    before = int(h2.run("cat", "/sys/class/net/eth0/statistics/rx_packets"))
    ofctl(switch, "packet-out",
          f"in_port=1 packet={h2.mac.replace(':', '')}0200000000018899{'00' * 50}"
          " actions=output:2")
    wait_for(lambda: int(h2.run("cat", "/sys/class/net/eth0/statistics/rx_packets")) > before,
             "the packet comes out")


# ---- shuntctl ----

@case
def shuntctl_manages_flows(switch):
    two_hosts(switch)
    path = switch.dir + "/flows"
    for version in VERSIONS:
        switch.ctl("-O", version, "add-flow", "br0", "priority=7,in_port=1,actions=output:2")
        with open(path, "w", encoding="ascii") as file:
            file.write("# comment\npriority=8,tcp,tp_dst=80,actions=drop\n\n"
                       "table=3,udp,actions=output:1,output:2\n")
        switch.ctl("-O", version, "add-flows", "br0", path)
        switch.ctl("-O", version, "mod-flows", "br0", "tcp,actions=output:1")
        assert flows(switch.ctl("-O", version, "dump-flows", "br0")) == [
            "priority=7,in_port=1 actions=output:2", "priority=8,tcp,tp_dst=80 actions=output:1",
            "table=3, udp actions=output:1,output:2"], version
        assert len(switch.ctl_json("-O", version, "dump-flows", "br0")) == 3
        assert "flow_count=3" in switch.ctl("-O", version, "dump-aggregate", "br0")
        assert "output:h2" in switch.ctl("-O", version, "--names", "dump-flows", "br0")
        with open(path, "w", encoding="ascii") as file:
            file.write("priority=9,icmp,actions=normal\npriority=7,in_port=1,actions=output:2\n")
        done = subprocess.run([SHUNTCTL, "-O", version, "--run-dir", switch.dir, "diff-flows",
                               "br0", path], capture_output=True, text=True)
        assert done.returncode == 1 and "+priority=9,icmp" in done.stdout, done
        switch.ctl("-O", version, "replace-flows", "br0", path)
        assert switch.ctl("-O", version, "diff-flows", "br0", path) == ""
        switch.ctl("-O", version, "--strict", "del-flows", "br0", "priority=7,in_port=1")
        assert flows(switch.ctl("dump-flows", "br0")) == ["priority=9,icmp actions=NORMAL"]
        switch.ctl("-O", version, "del-flows", "br0")
        assert switch.ctl("dump-flows", "br0") == ""


@case
def shuntctl_shows_the_switch(switch):
    two_hosts(switch)
    for version in VERSIONS:
        assert "dpid:0000" in switch.ctl("-O", version, "features", "br0")
        desc = switch.ctl("-O", version, "dump-ports-desc", "br0")
        assert "1(h1)" in desc and "LOCAL(br0)" in desc, desc
        assert "port LOCAL: rx pkts=" in switch.ctl("-O", version, "dump-ports", "br0")
        assert "port  1: rx pkts=" in switch.ctl("-O", version, "dump-ports", "br0", "h1")
        assert "table 0" in switch.ctl("-O", version, "dump-tables", "br0")
        assert switch.ctl_json("-O", version, "dump-tables", "br0")[0]["table_id"] == 0
        assert len(switch.ctl_json("-O", version, "dump-ports", "br0")) == 3
        assert "Manufacturer: " in switch.ctl("-O", version, "dump-desc", "br0")
        assert switch.ctl("-O", version, "get-frags", "br0").startswith("frags=normal miss_send_")
        assert "0 queues" in switch.ctl("-O", version, "queue-stats", "br0", "any", "all")
        switch.ctl("-O", version, "probe", "br0")
        switch.ctl("-O", version, "probe", f"unix:{switch.dir}/br0.mgmt")
    assert "table 0" in switch.ctl("-O", "OpenFlow13", "dump-table-features", "br0")
    assert "table 0:\n   eviction=off" in switch.ctl("dump-table-desc", "br0")
    assert "fast failover group:" in switch.ctl("dump-group-features", "br0")
    assert "want a number" in switch.ctl_fails("queue-stats", "br0", "1", "first")


@case
def shuntctl_manages_groups_and_meters(switch):
    two_hosts(switch)
    for version in VERSIONS[1:]:
        switch.ctl("-O", version, "add-group", "br0",
                   "group_id=5,type=select,bucket=output:1,bucket=output:2")
        assert "group_id=5,type=select,bucket=" in switch.ctl("-O", version, "dump-groups", "br0")
        assert "group_id=5" in switch.ctl("-O", version, "dump-group-stats", "br0", "5")
        switch.ctl("-O", version, "mod-group", "br0", "group_id=5,type=all,bucket=output:1")
        assert "type=all" in switch.ctl("-O", version, "dump-groups", "br0")
        switch.ctl("-O", version, "del-groups", "br0")
        assert switch.ctl("-O", version, "dump-groups", "br0") == ""
        switch.ctl("-O", version, "add-meter", "br0",
                   "meter=3 kbps burst bands=type=drop rate=1000 burst_size=100")
        assert "meter=3 kbps burst" in switch.ctl("-O", version, "dump-meters", "br0")
        assert switch.ctl_json("-O", version, "dump-meters", "br0")[0]["meter_id"] == 3
        assert "meter:3" in switch.ctl("-O", version, "meter-stats", "br0")
        assert ofctl(switch, "meter-features", version=version).endswith(
            switch.ctl("-O", version, "meter-features", "br0"))
        switch.ctl("-O", version, "del-meter", "br0", "meter=3")
        assert switch.ctl("-O", version, "dump-meters", "br0") == ""


BAD_FLOWS = [
    (["add-flow", "br0", "in_port=1"], "actions"),
    (["add-flow", "br0", "in_port=1,bogus=3,actions=drop"], "bogus"),
    (["add-flow", "br0", "table=254,actions=drop"], "OFPFMFC_BAD_TABLE_ID"),
    (["add-flow", "br0", "table=300,actions=drop"], "300"),
    (["add-flow", "br0", "ip,nw_src=1.2.3.4,actions=frob"], "frob"),
    (["add-flow", "br0", "actions=group:77"], "OFPBAC_BAD_OUT_GROUP"),
    (["add-flow", "nix", "actions=drop"], "bridge 'nix' does not exist"),
    (["add-flow", "tcp:127.0.0.1:1", "actions=drop"], "Connection refused"),
    (["mod-port", "br0", "99", "up"], "no such port"),
    (["mod-port", "br0", "1", "sideways"], "want up, down"),
    (["add-flows", "br0", "/nonexistent"], "/nonexistent: No such file"),
    (["-O", "OpenFlow10", "add-group", "br0", "group_id=1,type=all"], "no version"),
]


@case
def bad_input_gets_one_line_and_changes_nothing(switch):
    two_hosts(switch)
    switch.ctl("add-flow", "br0", "actions=drop")
    for args, said in BAD_FLOWS:
        line = switch.ctl_fails(*args)
        assert said in line, (args, line)
        assert flows(switch.ctl("dump-flows", "br0")) == ["actions=drop"]
    path = switch.dir + "/flows"
    with open(path, "w", encoding="ascii") as file:
        file.write("in_port=1,actions=drop\nin_port=2,actions=\nin_port=3,actions=oops\n")
    assert f"{path}: line 3: " in switch.ctl_fails("add-flows", "br0", path)
    assert flows(switch.ctl("dump-flows", "br0")) == ["actions=drop"]
    with open(path, "w", encoding="ascii") as file:
        file.write("in_port=1,actions=group:9\n")
    line = switch.ctl_fails("add-flows", "br0", path)
    assert f"{path}: line 1: the switch refuses: " in line, line


@case
def a_message_cut_short_is_refused(switch):
    two_hosts(switch)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(switch.dir + "/br0.mgmt")
        sock.sendall(bytes.fromhex("0400000800000001"))
        hello = sock.recv(16)
        assert hello[1] == 0
        sock.sendall(bytes.fromhex("040e0010000000020000000000000000"))
        reply = b""
        while len(reply) < 12:
            reply += sock.recv(4096)
        assert reply[:2] == b"\x04\x01" and reply[8:12] == bytes.fromhex("00010006"), reply.hex()
    switch.ctl("probe", "br0")


main()
