#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Groups with traffic: who goes where, what is counted, and how long a lost link is felt."""
import errno
import os
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import cases, for_hook, main, run, wait_for  # noqa: E402
from hosts import add_wires  # noqa: E402

N_OUTAGES, LIMIT_MS, TRIES = 100, 50, 3
OBSERVED_S = 0.1  # An outage that goes on then counts as that long.
N_FLOWS = 240


def start(switch, n_ports, hook="tc"):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, n_ports, hook)
    return wires


def datagram(number):
    """A UDP datagram whose source port and first bytes are the number."""
    udp = struct.pack("!HHHHI", 1000 + number % 60000, 9, 8 + 46, 0, number) + bytes(42)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                     bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack("!H", 0xffff - total) + ip[12:]
    return bytes.fromhex("020000000002020000000001" "0800") + ip + udp


def number_of(frame):
    return struct.unpack("!I", frame[42:46])[0]


def received(wire, timeout=0.0):
    """Numbers of the datagrams that came, until none comes for `timeout`."""
    numbers = []
    while True:
        try:
            data = wire.receive(timeout)
        except OSError as error:
            if error.errno != errno.ENETDOWN:
                raise
            continue
        if data is None:
            return numbers
        if len(data) == len(datagram(0)):
            numbers.append(number_of(data))


# ---- Fast failover ----

def outage_ms(wires, numbers):
    """How long nothing came when port 2's link went: from sending times."""
    sent, down, end_s = {}, None, None
    begin = time.monotonic()
    while not end_s or time.monotonic() < end_s:
        number = next(numbers)
        sent[number] = time.monotonic()
        wires[0].send(datagram(number))
        if not down and time.monotonic() - begin > 0.02:
            down = subprocess.Popen(["ip", "link", "set", wires[1].end, "down"])
        elif down and not end_s and down.poll() is not None:
            end_s = time.monotonic() + OBSERVED_S
        time.sleep(0.0005)
    assert down.returncode == 0
    first, second = received(wires[1], 0.02), received(wires[2], 0.02)
    came = sorted(set(first + second) & set(sent))
    assert first and not set(first) & set(second), (first, second)
    if not second:  # Nothing came to port 3 yet.
        return (end_s - sent[came[-1]]) * 1000
    gaps = [(sent[b] - sent[a]) * 1000 for a, b in zip(came, came[1:]) if b > a + 1]
    return max(gaps, default=0)  # 0: not one was lost.


def p99_ms(switch, wires, numbers):
    found = []
    for _ in range(N_OUTAGES):
        found.append(outage_ms(wires, numbers))
        run("ip", "link", "set", wires[1].end, "up")
        wait_for(lambda: switch.ports("br0")[wires[1].port]["carrier"], "port 2 is up")
        wires[0].send(datagram(next(numbers)))
        wait_for(lambda: received(wires[1]) or wires[0].send(datagram(next(numbers))),
                 "port 2 is used again")
        received(wires[2], 0.01)
    return sorted(found)[-2], found


def a_lost_link_is_felt_for_less_than_50_ms(switch, hook):
    switch.expect("its link flaps")
    # What else the machine does stops neither the daemon, which inherits this, nor the sender.
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    wires = start(switch, 3, hook)
    switch.ctl("-O", "OpenFlow13", "add-group", "br0",
               "group_id=1,type=ff,bucket=watch_port:2,output:2,bucket=watch_port:3,output:3")
    switch.ctl("-O", "OpenFlow13", "add-flow", "br0", "in_port=1,actions=group:1")
    numbers, tried = iter(range(1 << 30)), []
    for _ in range(TRIES):  # A hypervisor stops all.
        p99, found = p99_ms(switch, wires, numbers)
        tried.append(p99)
        print(f"# {hook}: outage P99 {p99:.1f} ms, median {sorted(found)[N_OUTAGES // 2]:.1f} ms, "
              f"{sum(f > 0 for f in found)} of {N_OUTAGES} lost packets",
              flush=True)
        if p99 <= LIMIT_MS:
            return
    raise AssertionError(f"P99 in ms: {tried}")


# ---- Select ----

def paths(wires):
    """Which wire each flow takes."""
    for number in range(N_FLOWS):
        wires[0].send(datagram(number))
    found = {}
    for wire in wires[1:]:
        for number in received(wire, 0.1):
            assert number not in found
            found[number] = wire.port
    assert len(found) == N_FLOWS
    return found


def bucket_packets(switch):
    (stats,) = switch.ctl_json("-O", "OpenFlow15", "dump-group-stats", "br0", "1")
    return [bucket["packet_count"] for bucket in stats["bucket_stats"]], stats["packet_count"]


def flows_stay_where_they_are(switch, method):
    wires = start(switch, 5)
    ctl = lambda *args: switch.ctl("-O", "OpenFlow15", *args)
    ctl("add-group", "br0", f"group_id=1,type=select{method}," + ",".join(
        f"bucket=bucket_id:{i},weight:100,output:{i + 1}" for i in (1, 2, 3)))
    ctl("add-flow", "br0", "in_port=1,actions=group:1")
    before = paths(wires)
    shares = [list(before.values()).count(f"p{i}") for i in (2, 3, 4)]
    assert min(shares) > N_FLOWS / 6, shares
    assert bucket_packets(switch) == (shares, N_FLOWS)
    ctl("insert-buckets", "br0",
        "group_id=1,command_bucket_id=last,bucket=bucket_id:4,weight:100,output:5")
    more = paths(wires)
    moved = [n for n in before if more[n] != before[n]]
    assert {more[n] for n in moved} == {"p5"} and N_FLOWS / 8 < len(moved) < N_FLOWS / 2.5
    counts, total = bucket_packets(switch)
    assert total == 2 * N_FLOWS and sum(counts) == total, (counts, total)
    ctl("remove-buckets", "br0", "group_id=1,command_bucket_id=1")
    less = paths(wires)
    assert {more[n] for n in less if less[n] != more[n]} == {"p2"}
    assert "p2" not in less.values()
    assert bucket_packets(switch)[1] == 3 * N_FLOWS


cases.extend(for_hook(a_lost_link_is_felt_for_less_than_50_ms, hook) for hook in ("tc", "xdp"))
for name_, method_ in (("5_tuples", ""),
                       ("a_field", ",selection_method=hash,fields(udp_src)"),
                       ("dp_hash", ",selection_method=dp_hash")):
    def test(switch, method=method_):
        flows_stay_where_they_are(switch, method)
    test.__name__ = f"select_by_{name_}_moves_only_what_it_must"
    cases.append(test)

main()
