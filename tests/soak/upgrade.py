#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Upgrades to a build with another map layout and back, under load, to the packet.

OTHER_BUILD is the folder of a build with --enable-other-layout.
"""
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import harness  # noqa: E402
from preload import Faults  # noqa: E402
from restart import (FLOWS, RATE, Load, Controller, add_flows, device_counters,  # noqa: E402
                     flow_packets, misses, open_switch, port_packets, rounds)

BUILDS = [harness.BUILD + "/shuntd/shuntd", os.environ["OTHER_BUILD"] + "/shuntd/shuntd"]


def there_and_back():
    """The number of the build that comes next; a round is both ways."""
    for _ in rounds():
        yield from (1, 0)


def exchange(switch, number, *options):
    """Kills the daemon and starts the other build's."""
    switch.kill()
    harness.SHUNTD = BUILDS[number]
    switch.start(*options)


def upgraded_and_restored(switch, hook):
    """Megaflows are carried over: none of their packets misses, and all counters go on."""
    wires = open_switch(switch, hook)
    switch.ctl("add-group", "br0", "group_id=5,type=indirect,bucket=actions=output:2")
    switch.ctl("add-flow", "br0", "priority=1,in_port=1,ip,nw_dst=11.0.0.1,"
               "actions=set_field:0x5->pkt_mark,mod_nw_tos:8,group:5")
    sent = 0
    for number in there_and_back():
        with Load(switch, wires) as load:
            megaflows = switch.ctl_json("dpctl", "show")["flows"]
            exchange(switch, number, "--restore")
            assert switch.ctl_json("dpctl", "show")["flows"] == megaflows
            load.wait_for_packets(RATE // 2)
            assert misses(switch) == 0
        sent += load.sent
        assert flow_packets(switch) == {1: sent, 2: 0}, (flow_packets(switch), sent)
        groups = switch.ctl("dump-group-stats", "br0")
        assert re.findall(r"\bpacket_count=(\d+)", groups) == [str(sent)] * 2, (groups, sent)
        assert port_packets(switch) == [sent, sent], (port_packets(switch), sent)


def upgraded_with_a_controller(switch, hook):
    """The same without saved flows: megaflows of the other layout are held."""
    wires = open_switch(switch, hook)
    controller = Controller()
    switch.ctl("set-controller", "br0", controller.target)
    peer = controller.accept()
    add_flows(switch)
    for number in there_and_back():
        with Load(switch, wires) as load:
            exchange(switch, number)
            load.wait_for_packets(RATE // 2)
            peer = controller.accept()
            add_flows(switch)
            peer.sync()
            load.wait_for_packets(RATE // 2)
            assert misses(switch) == 0
        assert len(FLOWS) == len(flow_packets(switch))


def redirected_by_xdp(device):
    return sum(n for name, n in device_counters([device]).items() if name.endswith("xdp_redirect"))


def xdp_goes_on_with_the_flows(switch):
    """The former build's flows are not left to TC."""
    wires = open_switch(switch, "xdp")
    for number in (1, 0):
        with Load(switch, wires) as load:
            exchange(switch, number, "--restore")
            before = redirected_by_xdp(wires[0])
            load.wait_for_packets(RATE // 2)
            assert redirected_by_xdp(wires[0]) - before >= RATE // 2


def killed_between_the_sets(switch, hook):
    """The links have the new programs, the new maps not yet the place of the old ones, when the daemon
    dies: those programs go on, tail calls among them, until the next daemon takes the old maps again."""
    faults = Faults(switch)
    wires = open_switch(switch, hook)
    switch.ctl("add-flow", "br0", "priority=1,in_port=1,ip,nw_dst=11.0.0.1,"
               "actions=set_field:0x5->pkt_mark,mod_nw_tos:8,output:2")
    for number, _ in enumerate(rounds(), 1):
        with Load(switch, wires) as load:
            switch.kill()
            harness.SHUNTD = BUILDS[number % 2]
            faults.now.dies_before_promotion = 1
            daemon = subprocess.Popen(switch.command("--restore"), stderr=subprocess.DEVNULL)
            assert daemon.wait(60) == -signal.SIGKILL
            faults.now.dies_before_promotion = 0
            switch.start("--restore")
            load.wait_for_packets(RATE // 2)
            assert misses(switch) == 0
            assert not {"next", "cut-short"} & set(os.listdir(switch.bpf + "/shunt"))


def nothing_stays_behind(switch, hook):
    """After an upgrade a stop takes away what the former build attached."""
    before = harness.sh("ip -br link; bpftool net show; tc qdisc show dev lo")
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    harness.sh("ip link add q1 up type veth peer name q2 && ip link set q2 up")
    switch.ctl("add-port", "br0", "q1", f"hook={hook}")
    exchange(switch, 1)
    switch.stop()
    assert "clsact" not in harness.sh("tc qdisc show dev q1")
    assert not os.path.exists(switch.bpf + "/shunt")
    harness.sh("ip link del q1")
    assert harness.sh("ip -br link; bpftool net show; tc qdisc show dev lo") == before


harness.cases[:] = [harness.for_hook(test, hook)
                    for test in (upgraded_and_restored, upgraded_with_a_controller,
                                 killed_between_the_sets, nothing_stays_behind) for hook in ("tc", "xdp")]
harness.case(xdp_goes_on_with_the_flows)
harness.main()
