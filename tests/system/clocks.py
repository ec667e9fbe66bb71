#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The host's clock is set while the switch runs, or is another one than the kernel's."""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Skip, case, main, run, wait_for  # noqa: E402
from hosts import Stream, add_wires, frame  # noqa: E402
from preload import Faults  # noqa: E402

HOUR_NS = 3600 * 10**9


def entries(switch):
    return {flow["priority"]: flow for flow in switch.ctl_json("dump-flows", "br0")}


class Idle:
    """A controller that answers echo requests and asks nothing; the switch probes it."""

    def __init__(self, switch):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            switch.ctl("set-controller", "br0", f"tcp:127.0.0.1:{listener.getsockname()[1]}")
            listener.settimeout(10)
            self.socket = listener.accept()[0]
        self.socket.sendall(b"\4\0\0\x08\0\0\0\1")
        self.socket.setblocking(False)
        self.switch, self.n_answered = switch, 0

    def is_connected(self):
        """Answers what came; an echo request is one header here."""
        try:
            while data := self.socket.recv(1 << 16):
                for start in range(0, len(data) - 7, 8):
                    if data[start + 1] == 2:
                        self.socket.sendall(b"\4\3" + data[start + 2:start + 8])
        except BlockingIOError:
            pass
        (bridge,) = self.switch.ctl_json("show")["bridges"]
        return bridge["controllers"][0]["connected"]


@case
def the_clock_is_set_by_hours(switch):
    """Forward, and back by more: timeouts take as long as they shall, what is used stays, learned
    addresses stay, a controller stays connected; both steps are told."""
    faults = Faults(switch)
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    controller = Idle(switch)  # The first one empties the tables.
    wait_for(controller.is_connected, "the controller is connected")
    stream = Stream(switch)
    switch.ctl("add-flow", "br0",
               "priority=10,in_port=1,idle_timeout=3,actions=output:2")  # The stream's by now.
    wires = add_wires(switch, 2, first=3)
    switch.ctl("add-flow", "br0", "priority=1,in_port=3,actions=normal")
    wires[0].send(frame())
    wait_for(lambda: "02:00:00:00:00:01" in switch.ctl("fdb-show", "br0"), "it is learned")
    for step, told in ((5 * HOUR_NS, r"\+18000\.0"), (-12 * HOUR_NS, r"-43200\.0")):
        faults.now.real_ahead_ns += step
        clock_set = f"the clock was set by {told} s"
        switch.tells_of(clock_set, "INFO")
        begin = time.monotonic()
        switch.ctl("add-flow", "br0", "priority=20,in_port=9,hard_timeout=3,actions=drop")
        switch.ctl("add-flow", "br0", "priority=21,in_port=9,idle_timeout=3,actions=drop")
        for priority in (20, 21):
            assert priority in entries(switch), (step, priority)
        wait_for(lambda: not {20, 21} & set(entries(switch)), "they expire", 20)
        assert 3 <= time.monotonic() - begin < 10, step
        flows = entries(switch)
        assert 10 in flows and flows[10]["duration_s"] < 60, flows
        assert "02:00:00:00:00:01" in switch.ctl("fdb-show", "br0")
        assert controller.is_connected()
        switch.tells_the_end_of(clock_set)
    assert switch.troubles() == []
    switch.kill()
    switch.start("--restore")
    wait_for(lambda: 10 in entries(switch), "it is restored")
    assert entries(switch)[1]["duration_s"] < 60
    stream.end()


@case
def the_machine_sleeps(switch):
    """It is told, and is no setting of the clock; no timeout goes on meanwhile."""
    faults = Faults(switch)
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    stream = Stream(switch)
    switch.ctl("add-flow", "br0", "priority=20,in_port=9,hard_timeout=3600,actions=drop")
    faults.now.asleep_ns += 2 * HOUR_NS
    slept = r"the machine slept for 7200\.0 s"
    switch.tells_of(slept, "INFO")
    switch.tells_the_end_of(slept)
    assert not switch.logged("the clock was set")
    flows = entries(switch)
    assert 20 in flows and flows[20]["duration_s"] < 60, flows
    stream.end()


@case
def another_boot_had_another_clock(switch):
    """State that was saved in what this host's clock says is the future: ages begin anew."""
    faults = Faults(switch)
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    faults.now.real_ahead_ns = 9000 * HOUR_NS
    switch.ctl("add-flow", "br0", "priority=5,hard_timeout=4,in_port=1,actions=drop")
    switch.ctl("add-flow", "br0", "priority=6,in_port=1,actions=drop")
    switch.ctl("save")
    switch.kill()
    faults.now.real_ahead_ns = 0
    boot_id = switch.dir + "/boot_id"
    with open(boot_id, "w", encoding="ascii") as file:
        file.write("00000000-0000-0000-0000-000000000000\n")
    run("mount", "--bind", boot_id, "/proc/sys/kernel/random/boot_id")
    begin = time.monotonic()
    switch.start("--restore")
    assert entries(switch)[6]["duration_s"] < 60
    assert 5 in entries(switch)
    wait_for(lambda: 5 not in entries(switch), "it expires", 20)
    assert 3.9 <= time.monotonic() - begin < 10


@case
def a_time_namespace_is_ahead(switch):
    own_clock(switch, 86400)


@case
def a_time_namespace_is_behind(switch):
    own_clock(switch, -600)


def own_clock(switch, ahead_s):
    """The daemon's monotonic clock is not the kernel's: packets keep their order while flows are
    set up, by holds that do not end at once; used flows stay, and unused ones go."""
    if not os.path.exists("/proc/self/timens_offsets"):
        raise Skip("this kernel has no time namespaces")
    processors = sorted(os.sched_getaffinity(0))
    # Apart: on one processor the handler would wake when all of a block are in its ring.
    switch.wrapper = ["taskset", "-c", str(processors[-1]), "unshare", "--time", "--monotonic",
                      str(ahead_s), "--boottime", str(ahead_s)]
    os.sched_setaffinity(0, processors[:1])
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    stream = Stream(switch)
    wires = add_wires(switch, 2, first=3)
    switch.ctl("add-flow", "br0",
               "priority=2,in_port=3,idle_timeout=3,actions="
               "move:NXM_OF_ETH_SRC[]->NXM_NX_XXREG0[0..47],output:4")
    begin = time.monotonic()
    held = {"packets": 0}
    for block in range(200):
        if block >= 20 and held["packets"]:  # A flow may be set up before its second packet comes.
            break
        frames = [frame(src=f"02:00:00:00:09:{block:02x}", payload=i.to_bytes(4, "big") + bytes(46))
                  for i in range(100)]
        for data in frames:
            wires[0].send(data)
        got = [wires[1].receive() for _ in frames]
        assert got == frames, (block, [g.hex() if g else g for g in got if g not in frames],
                               [frames.index(g) for g in got if g in frames])
        held = switch.ctl_json("dpctl", "show")["held"]
    wait_for(lambda: 2 not in entries(switch), "it expires", 20)
    assert 3 <= time.monotonic() - begin < 10
    print(f"# {held}", file=sys.stderr)
    assert held["packets"] > 0 and held["expired"] == 0, held
    stream.end()


main()
