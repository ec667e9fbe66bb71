#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Things that go wrong beside traffic that shall not notice."""
import os
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, main, sh, wait_for  # noqa: E402
from hosts import Wire, frame  # noqa: E402


class Stream(threading.Thread):
    """Numbered frames of one installed flow, a thousand a second; end() says which did not come."""

    def __init__(self, switch, first=1):
        super().__init__(daemon=True)
        self.wires = [Wire(f"s{i}") for i in (1, 2)]
        for i, wire in enumerate(self.wires):
            switch.ctl("add-port", "br0", wire.port, f"ofport={first + i}", "hook=tc")
        switch.ctl("add-flow", "br0", f"priority=9,in_port={first},actions=output:{first + 1}")
        self.wires[1].socket.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)
        self.n, self.ends = 0, threading.Event()
        self.wires[0].send(self.frame())
        assert self.wires[1].receive()
        wait_for(lambda: any(p["device"] == "s1" and p["flows"]
                             for p in switch.ctl_json("dpctl", "show")["ports"]), "the flow")
        self.start()

    def frame(self):
        return frame(payload=self.n.to_bytes(4, "big") + bytes(46))

    def run(self):
        while not self.ends.wait(0.001):
            self.n += 1
            self.wires[0].send(self.frame())

    def end(self):
        self.ends.set()
        self.join()
        got = set()
        while len(got) < self.n and (data := self.wires[1].receive(1)):
            got.add(int.from_bytes(data[14:18], "big"))
        print(f"# {self.n} frames of other traffic", file=sys.stderr)
        assert self.n > 100
        assert not set(range(1, self.n + 1)) - got, "other traffic lost frames"


def stands_still(pid):
    """A signal stops one thread after the other."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii", errors="replace") as file:
            if file.read().rpartition(")")[2].split()[0] != "T":
                return False
    return True


def start(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")


@case
def a_port_flaps_a_hundred_times_a_second(switch):
    """Its link goes down and up 300 times within about 3 s; it works afterwards."""
    start(switch)
    stream = Stream(switch)
    wires = [Wire(f"p{i}") for i in (3, 4)]
    for i, wire in enumerate(wires, 3):
        switch.ctl("add-port", "br0", wire.port, f"ofport={i}")
    switch.ctl("add-flow", "br0", "in_port=3,actions=output:4")
    begin = time.monotonic()
    for i in range(300):
        sh("ip link set p3 down; ip link set p3 up")
        time.sleep(max(0, begin + (i + 1) * 0.01 - time.monotonic()))
    print(f"# 300 flaps in {time.monotonic() - begin:.1f} s", file=sys.stderr)
    wait_for(lambda: switch.ports("br0")["p3"]["carrier"], "the port is up again")
    data = frame(payload=b"after" * 10)
    wires[0].send(data)
    assert wires[1].receive() == data
    stream.end()


@case
def a_stopped_daemon_leaves_installed_flows_forwarding(switch):
    """All of its threads stand still for 2 s: installed flows go on, new ones wait in the ring and
    are set up afterwards, none lost."""
    start(switch)
    stream = Stream(switch)
    wires = [Wire(f"p{i}") for i in (3, 4)]
    for i, wire in enumerate(wires, 3):
        switch.ctl("add-port", "br0", wire.port, f"ofport={i}")
    switch.ctl("add-flow", "br0", "in_port=3,actions=move:NXM_OF_ETH_SRC[]->NXM_NX_XXREG0[0..47],"
               "output:4")
    os.kill(switch.pid(), signal.SIGSTOP)
    try:
        wait_for(lambda: stands_still(switch.pid()), "the daemon stands still")
        for i in range(100):
            wires[0].send(frame(src=f"02:00:00:00:01:{i:02x}"))
        time.sleep(2)
        assert wires[1].is_silent()
    finally:
        os.kill(switch.pid(), signal.SIGCONT)
    got = [wires[1].receive() for _ in range(100)]
    assert [data[11] for data in got] == list(range(100))
    stats = {p["device"]: p["stats"] for p in switch.ctl_json("dpctl", "show")["ports"]}["p3"]
    assert (stats["upcalls"], stats["upcalls_lost"]) == (100, 0), stats
    stream.end()


@case
def a_ring_is_full(switch):
    """The daemon stands still while a port sends more new flows than its ring holds: what is lost
    is counted there, and another port's new flows find room in theirs."""
    start(switch)
    stream = Stream(switch)
    wires = [Wire(f"p{i}") for i in (3, 4, 5)]
    for i, wire in enumerate(wires, 3):
        switch.ctl("add-port", "br0", wire.port, f"ofport={i}")
    wires[1].socket.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)
    move = "actions=move:NXM_OF_ETH_SRC[]->NXM_NX_XXREG0[0..47],output:4"
    switch.ctl("add-flow", "br0", "in_port=3," + move)
    switch.ctl("add-flow", "br0", "in_port=5," + move)
    n_sent = 8000
    os.kill(switch.pid(), 19)
    try:
        for i in range(n_sent):
            wires[0].send(frame(src=f"02:00:00:01:{i >> 8:02x}:{i & 255:02x}"))
        for i in range(100):
            wires[2].send(frame(src=f"02:00:00:02:00:{i:02x}"))
    finally:
        os.kill(switch.pid(), 18)
    stats = wait_for(lambda: {p["device"]: p["stats"]
                              for p in switch.ctl_json("dpctl", "show")["ports"]}, "show")
    flooded, other = stats["p3"], stats["p5"]
    assert flooded["lost_ring_full"] == flooded["upcalls_lost"] > 0, flooded
    assert flooded["upcalls"] + flooded["upcalls_lost"] == n_sent, flooded
    assert (other["upcalls"], other["upcalls_lost"]) == (100, 0), other
    n_expected, got = flooded["upcalls"] + 100, 0
    while got < n_expected and wires[1].receive():
        got += 1
    assert got == n_expected and wires[1].is_silent(), (got, n_expected)
    print(f"# {flooded}", file=sys.stderr)
    stream.end()


main()
