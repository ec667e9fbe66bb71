#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Meters, measured at the sink: what passes is the rate to 2 %, whoever sends; a packet that user
space runs in parts is metered once."""
import json
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import BUILD, Skip, cases, for_hook, main, sh, wait_for  # noqa: E402
from hosts import add_wires  # noqa: E402
from rules import PLAIN, ctl  # noqa: E402

PKTPS, FRAME, FCS = 20000, 500, 4  # Packets a second; bytes.
RATES = {"pktps": PKTPS, "kbps": PKTPS * FRAME * 8 // 1000}
# The generator pauses for 30 ms now and then, and a busy machine for longer: 200 ms.
BURSTS = {unit: rate // 5 for unit, rate in RATES.items()}
SECONDS = "2"  # So that what the pause before the first frame left counts for less than 2 %.
TRIES = 6  # A machine that gives a sender less time than a burst takes loses tokens.
LOW, HIGH = PKTPS * 0.98, PKTPS * 1.02
SO_RCVBUFFORCE = 33  # Not in Python's socket module.
AF11, AF12 = 0x28, 0x30  # As TOS.


def start(switch, hook="auto"):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    return add_wires(switch, 4, hook)


def generator(out, sink, n_flows, seconds):
    return [BUILD + "/bench/pktgen", "--out", out.end, "--sink", sink.end, "--seconds", seconds,
            "--size", str(FRAME + FCS), "--flows", str(n_flows)]


def generators(wires, n_flows):
    """A generator on each core: from wire 1 to 2, and from 3 to 4."""
    processes = [
        subprocess.Popen(["taskset", "-c", str(core)] + generator(out, sink, n_flows, SECONDS),
                         stdout=subprocess.PIPE, text=True)
        for core, (out, sink) in enumerate([wires[:2], wires[2:]])]
    return [json.loads(process.communicate(timeout=60)[0]) for process in processes]


def passed(wires, n_flows):
    """What came to both sinks a second, and what was sent, while either generator ran."""
    said = generators(wires, n_flows)
    seconds = max(s["started"] + s["wall_seconds"] for s in said) - min(s["started"] for s in said)
    assert min(s["wall_seconds"] for s in said) > seconds / 2, said
    return sum(s["received"] for s in said) / seconds, sum(s["offered"] for s in said) / seconds


def until_exact(measure):
    """Measures what the rate is at least and at most, until it is in range; more than that is never
    right."""
    seen = []
    for _ in range(TRIES):
        seen.append(measure())
        least, most = seen[-1]
        assert least <= HIGH, f"{seen} is more than {HIGH}"
        if most >= LOW:
            return
    raise AssertionError(f"{seen}: never from {LOW} to {HIGH}")


def drops_what_is_over(switch, unit, n_flows):
    if (os.cpu_count() or 1) < 2:
        raise Skip("needs two cores")
    wires = start(switch)
    switch.ctl("add-meter", "br0",
               f"meter=1 {unit} burst stats bands=type=drop rate={RATES[unit]} "
               f"burst_size={BURSTS[unit]}")
    for port in (1, 3):
        switch.ctl("-O", "OpenFlow13", "add-flow", "br0",
                   f"in_port={port},actions=meter:1,output:{port + 1}")

    def measure():
        rate, offered = passed(wires, n_flows)
        assert offered > 2 * PKTPS, f"only {offered} a second are sent"
        return rate, rate

    until_exact(measure)
    (stats,) = switch.ctl_json("-O", "OpenFlow13", "meter-stats", "br0")
    (band,) = stats["band_stats"]
    assert 0 < band["packet_band_count"] < stats["packet_in_count"]
    assert stats["byte_in_count"] == stats["packet_in_count"] * FRAME, stats
    assert band["byte_band_count"] == band["packet_band_count"] * FRAME, stats


def remarks_what_is_over(switch, unit):
    wires = start(switch)
    sh("ip link add x0 type veth peer name x1; ip link set x0 up; ip link set x1 up")
    switch.ctl("add-br", "br1", "fail-mode=secure")
    switch.ctl("add-port", "br0", "x0", "ofport=9")
    switch.ctl("add-port", "br1", "x1", "ofport=1")
    switch.ctl("add-meter", "br0",
               f"meter=1 {unit} burst stats bands=type=dscp_remark rate={RATES[unit]} "
               f"burst_size={BURSTS[unit]} prec_level=1")
    switch.ctl("-O", "OpenFlow15", "add-flow", "br0",
               f"in_port=1,ip,actions=mod_nw_tos:{AF11},meter:1,output:9")
    for tos in (AF11, AF12):
        switch.ctl("add-flow", "br1", f"ip,nw_tos={tos},actions=drop")

    def counts():
        """And the times between which they were read."""
        found, asked_s = {tos: 0 for tos in (AF11, AF12)}, time.monotonic()
        for flow in switch.ctl_json("dump-flows", "br1"):
            for tos in found:
                if f"nw_tos={tos}" in flow["match"]:
                    found[tos] = flow["packets"]
        return found, asked_s, time.monotonic()

    def measure():
        """Of two seconds while a generator runs."""
        command = generator(wires[0], wires[1], 1, "6")
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            wait_for(lambda: counts()[0][AF12] > first[AF12], "packets are over the rate")
            before, *start_s = counts()
            time.sleep(2)
            after, *end_s = counts()
            assert process.poll() is None
            process.kill()
        assert after[AF12] - before[AF12] > PKTPS
        n = after[AF11] - before[AF11]
        return n / (end_s[1] - start_s[0]), n / (end_s[0] - start_s[1])

    first = counts()[0]
    until_exact(measure)


# ---- Once a packet ----
N_PACKETS = 10
# Rules whose packets user space runs in parts, for each packet how often it meets which meter, and
# how many frames leave.
IN_PARTS = [
    ("udp,actions=meter:1," + ",".join(f"set_field:{i}->udp_dst,set_field:10.1.{i}.1->ip_dst,output:{2 + i % 3}"
                                       for i in range(1, 121)), {1: 1}, 120),
    ("udp,actions=" + ",".join(f"set_field:{i}->udp_dst,output:{2 + i % 3}" for i in range(1, 161)) +
     ",meter:1,output:2,set_field:9->udp_src,output:3", {1: 1}, 162),
    ("udp,actions=meter:1,clone(meter:2,output:2),output:3,meter:2,clone(meter:1,output:4)",
     {1: 2, 2: 2}, 3),
    ("udp,actions=meter:1,output(port=2,max_len=64),output:3", {1: 1}, 2),
    ("udp,actions=output(port=2,max_len=64),meter:1,output(port=3,max_len=70),meter:2,output:4",
     {1: 1, 2: 1}, 3),
]
# What sends copies of a packet behind a meter, and how many of them by which port.
CUT = "output(port=2,max_len=64)"
COPIES = [
    (",".join(f"set_field:{i}->udp_dst,set_field:10.1.{i}.1->ip_dst,output:2" for i in range(1, 121)), {2: 120}),
    (CUT + ",output:3", {2: 1, 3: 1}),
    (CUT + ",output(port=3,max_len=70),set_field:9->udp_dst,output:4", {2: 1, 3: 1, 4: 1}),
    ("output(port=2,max_len=70),output(port=3,max_len=64)", {2: 1, 3: 1}),
]


def drain(wires):
    return [data for wire in wires for data in iter(lambda: wire.receive(0), None)]


def each_meters_a_packet_once(switch, hook):
    wires = start(switch, hook)
    for wire in wires:
        wire.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
    for flow, meters, n_frames in IN_PARTS:
        for number in meters:
            ctl(switch, "add-meter", "br0", f"meter={number} pktps burst stats "
                f"bands=type=drop rate=1 burst_size={N_PACKETS * meters[number]}")
        ctl(switch, "add-flow", "br0", flow)
        for _ in range(N_PACKETS):
            wires[0].send(PLAIN)
        got = []
        wait_for(lambda: got.extend(drain(wires[1:])) or len(got) >= N_PACKETS * n_frames, "all leave")
        assert len(got) == N_PACKETS * n_frames, (flow[:40], len(got))
        for number, times in meters.items():
            (stats,) = switch.ctl_json("-O", "OpenFlow13", "meter-stats", "br0", f"meter={number}")
            assert stats["packet_in_count"] == times * N_PACKETS, (flow[:40], stats)
            assert stats["band_stats"][0]["packet_band_count"] == 0, (flow[:40], stats)
        ctl(switch, "del-flows", "br0")
        ctl(switch, "del-meter", "br0")


def meter_stats(switch):
    (stats,) = switch.ctl_json("-O", "OpenFlow13", "meter-stats", "br0", "meter=1")
    return stats


def dropped(switch):
    """Packets that meters dropped."""
    return switch.ctl_json("dpctl", "show")["dropped"].get("meter", 0)


def toses(wires, copies):
    """Of the copies of the next packet."""
    return {wires[port - 1].receive()[15] for port, n in copies.items() for _ in range(n)}


def all_copies_are_remarked_or_none(switch, hook):
    wires = start(switch, hook)
    for actions, copies in COPIES:
        ctl(switch, "add-meter", "br0",
            "meter=1 pktps burst bands=type=dscp_remark rate=1 burst_size=2 prec_level=1")
        ctl(switch, "add-flow", "br0", f"udp,actions=set_field:{AF11 >> 2}->ip_dscp,meter:1,{actions}")
        seen = []
        for _ in range(N_PACKETS):
            wires[0].send(PLAIN)
            tos = toses(wires, copies)
            assert len(tos) == 1, (actions[:60], tos)
            seen += tos
        assert set(seen) == {AF11, AF12}, (actions[:60], seen)
        ctl(switch, "del-flows", "br0")
        ctl(switch, "del-meter", "br0")


def all_copies_leave_or_none(switch, hook):
    """And what does not leave is counted as dropped, once a packet."""
    wires = start(switch, hook)
    for wire in wires:
        wire.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
    for actions, copies in COPIES:
        ctl(switch, "add-meter", "br0", "meter=1 pktps burst stats bands=type=drop rate=1 burst_size=2")
        ctl(switch, "add-flow", "br0", f"udp,actions=meter:1,{actions}")
        before = dropped(switch)
        for _ in range(N_PACKETS):
            wires[0].send(PLAIN)
        wait_for(lambda: meter_stats(switch)["packet_in_count"] == N_PACKETS, "all are metered")
        n = N_PACKETS - meter_stats(switch)["band_stats"][0]["packet_band_count"]
        assert 0 < n < N_PACKETS, n
        got = {port: 0 for port in copies}
        for port in copies:
            while wires[port - 1].receive(0.2 if got[port] >= n * copies[port] else 5):
                got[port] += 1
        assert got == {port: n * share for port, share in copies.items()}, (actions[:60], n, got)
        assert dropped(switch) - before == N_PACKETS - n, (actions[:60], n, dropped(switch), before)
        ctl(switch, "del-flows", "br0")
        ctl(switch, "del-meter", "br0")


for unit_ in RATES:
    for n_flows_ in (1, 1024):
        def test(switch, unit=unit_, n_flows=n_flows_):
            drops_what_is_over(switch, unit, n_flows)
        test.__name__ = f"drop_by_{unit_}_is_exact_for_{n_flows_}_flows_on_two_cores"
        cases.append(test)

    def test(switch, unit=unit_):
        remarks_what_is_over(switch, unit)
    test.__name__ = f"remark_by_{unit_}_is_exact"
    cases.append(test)

cases.extend(for_hook(test, hook) for test in (each_meters_a_packet_once, all_copies_are_remarked_or_none,
                                                      all_copies_leave_or_none)
             for hook in ("tc", "xdp"))
main()
