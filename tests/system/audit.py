#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The shadow audit: packets of installed flows are translated again at run time."""
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, main, run, wait_for  # noqa: E402
from hosts import add_wires  # noqa: E402

from scapy.all import Ether, IP, Raw, UDP  # noqa: E402

ALARM = "the fast path did not do what the tables say"
REPAIR = "masks of the fast path were written over from outside"
N_COMMON, DST_ENTRY = 7, 4  # struct dp_mask: 8 bytes, then common[]; entry 4 is ip_src and ip_dst.


def packet(last_byte):
    return bytes(Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01") /
                 IP(src="10.0.0.1", dst=f"10.0.0.{last_byte}") / UDP(sport=1, dport=2) /
                 Raw(b"d" * 30))


def audits(switch):
    return switch.ctl_json("dpctl", "show")["slow_path"]["audits"]


def start(switch, hook):
    """Packets to 10.0.0.2 are for port 2, those to 10.0.0.3 for nobody."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 2, hook)
    switch.ctl("add-flow", "br0", "ip,nw_dst=10.0.0.2,actions=output:2")
    switch.ctl("add-flow", "br0", "ip,nw_dst=10.0.0.3,actions=drop")
    return wires


def corrupt_masks(switch):
    """Clears the last bit of ip_dst in each mask, as if memory were written over."""
    path = switch.bpf + "/shunt/masks"
    n_corrupted = 0
    for entry in json.loads(run("bpftool", "-j", "map", "dump", "pinned", path)):
        value = [int(byte, 16) for byte in entry["value"]]
        at = 8 + 8 * DST_ENTRY + 7
        if value[at] & 1:
            value[at] &= ~1
            run("bpftool", "map", "update", "pinned", path, "key", "hex",
                *[byte[2:] for byte in entry["key"]], "value", "hex", *[f"{b:02x}" for b in value])
            n_corrupted += 1
    return n_corrupted


def send_until(wires, data, condition, seconds):
    """Sends all the while; returns how many came out."""
    n, deadline = 0, time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        wires[0].send(data)
        n += wires[1].receive(0.005) is not None
    return n


def a_corrupted_mask_is_found(switch, hook):
    for pattern in (ALARM, REPAIR):
        switch.expect(pattern)
    wires = start(switch, hook)
    wires[0].send(packet(2))
    assert wires[1].receive() == packet(2)
    assert corrupt_masks(switch) > 0
    leaked = send_until(wires, packet(3), lambda: audits(switch)["failed"], 10)
    assert leaked > 0, "the corrupted mask let nothing through: the test proves nothing"
    with open(switch.log, encoding="ascii") as file:
        (alarm,) = [line for line in file if ALARM in line]
    assert "dst=10.0.0.3" in alarm, alarm
    assert re.search(r"which does \d+, but it should drop", alarm), alarm
    wait_for(lambda: not any("10.0.0.2" in line for line in
                             switch.ctl("dpctl", "dump-flows").splitlines()), "the flow is gone")
    while wires[1].receive(0.2):
        pass
    wires[0].send(packet(3))
    assert wires[1].is_silent()
    wires[0].send(packet(2))
    assert wires[1].receive() == packet(2)


@case
def a_corrupted_mask_is_found_tc(switch):
    a_corrupted_mask_is_found(switch, "tc")


@case
def a_corrupted_mask_is_found_xdp(switch):
    a_corrupted_mask_is_found(switch, "xdp")


@case
def right_flows_pass_their_audits(switch):
    """And audits take nothing from the traffic, and are no upcalls of the port."""
    wires = start(switch, "tc")
    n_sent = 0
    wires[0].send(packet(2))
    assert wires[1].receive() == packet(2)
    upcalls = switch.ports("br0")["p1"]["stats"]["upcalls"]
    deadline = time.monotonic() + 20
    while audits(switch)["done"] < 3:
        assert time.monotonic() < deadline, audits(switch)
        wires[0].send(packet(2))
        assert wires[1].receive() == packet(2)
        n_sent += 1
    assert wires[1].is_silent()
    assert audits(switch)["failed"] == 0
    assert switch.ports("br0")["p1"]["stats"]["upcalls"] == upcalls
    (flow,) = [f for f in switch.ctl_json("dump-flows", "br0") if "output:2" in f["actions"]]
    assert flow["packets"] == n_sent + 1, (flow, n_sent)


main()
