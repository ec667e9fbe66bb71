#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Restarts under load: 500,000 packets a second of established flows, counted at the sink.

Each case runs once; with SHUNT_RESTARTS=N it does so N times in a row. A round tells what it lost,
which fails the case, and what was offered, which a busy machine makes less: of N that are to count,
such a one is none.
"""
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import SmallDisk  # noqa: E402
from harness import BUILD, cases, for_hook, main, patience, run, wait_for  # noqa: E402
from hosts import add_wires, frame  # noqa: E402
from peer import V13, Peer  # noqa: E402

RATE, N_FLOWS = 500_000, 256
ROUNDS = int(os.environ.get("SHUNT_RESTARTS", "1"))
# A megaflow of empty tables would cover these: they look at more than the port.
FLOWS = ["priority=1,in_port=1,ip,nw_dst=11.0.0.1,actions=output:2",
         "priority=2,in_port=1,udp,tp_dst=9,actions=drop"]


def device_counters(wires):
    """What the devices on the way count, by device and counter."""
    counters = {}
    for device in [name for wire in wires for name in (wire.end, wire.port)]:
        for line in run("ethtool", "-S", device).splitlines():
            name, _, number = line.strip().rpartition(": ")
            if number.isdigit():
                counters[f"{device} {name}"] = int(number)
        (link,) = json.loads(run("ip", "-j", "-s", "link", "show", device))
        for way, numbers in link["stats64"].items():
            for name in ("packets", "dropped", "errors"):
                counters[f"{device} {way} {name}"] = numbers[name]
    return counters


class Load:
    """500,000 packets a second from the first wire to the second, as long as the block lasts."""
    n_rounds = 0
    is_short = False  # One of them was, since this was last cleared.

    def __init__(self, switch, wires):
        self.switch = switch
        Load.n_rounds += 1
        self.wires, self.counters = wires, device_counters(wires)
        # On one processor: if it moves, what it left to poll there waits while it fills the rings here.
        self.process = subprocess.Popen(
            ["taskset", "-c", "0", BUILD + "/bench/pktgen", "--out", wires[0].end, "--sink", wires[1].end, "--seconds",
             "300", "--flows", str(N_FLOWS), "--rate", str(RATE)],
            stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        try:
            self.wait_for_packets(RATE // 2)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def wait_for_packets(self, n):
        """Waits until `n` more packets were forwarded; needs the daemon."""
        shown = self.switch.ctl_json("dpctl", "show")["packets"]["forwarded"]
        wait_for(lambda: self.switch.ctl_json("dpctl", "show")["packets"]["forwarded"] - shown >= n,
                 "packets flow", 60)

    def __exit__(self, kind, *_):
        if kind:
            self.process.kill()
            self.process.wait()
            return
        self.process.terminate()
        counted = json.loads(self.process.communicate(timeout=60)[0])
        self.sent = counted["sent"]
        rate = counted["offered"] / counted["seconds"]
        lost = self.sent - counted["all_received"]
        is_short = rate < 0.95 * RATE
        Load.is_short |= is_short
        short = f" (of {RATE:,}: the machine is busy)" if is_short else ""
        print(f"# round {self.n_rounds}: {rate:,.0f} packets/s{short}, {self.sent:,} in all, "
              f"{lost} lost", flush=True)
        assert not lost, (counted, self.where())

    def where(self):
        """What every device, from the generator to the sink, and the switch counted meanwhile: from
        the first that counts fewer than the one before it, or an error, on, packets are missing."""
        now = device_counters(self.wires)
        grown = {name: now[name] - n for name, n in self.counters.items() if now[name] != n}
        shown = self.switch.ctl_json("dpctl", "show")
        return grown, shown["packets"], shown["dropped"]


def rounds():
    """Goes on until as many rounds as were asked for had the whole load; one alone counts as it is."""
    n_tried = n_counted = 0
    while n_counted < ROUNDS:
        assert n_tried < 3 * ROUNDS, (
            f"{n_tried - n_counted} of {n_tried} rounds had less than 95 % of {RATE:,} packets/s: "
            "the machine is too busy")
        Load.is_short = False
        yield
        n_tried += 1
        n_counted += ROUNDS == 1 or not Load.is_short


class Controller:
    """Listens for the switch."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(30)
        self.target = f"tcp:127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self):
        return Peer(self.listener.accept()[0], V13)


def open_switch(switch, hook, *options):
    switch.start(*options)
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 2, hook)
    add_flows(switch)
    return wires


def add_flows(switch):
    for flow in FLOWS:
        switch.ctl("add-flow", "br0", flow)


def datapath_ports(switch):
    return {p["device"]: p for p in switch.ctl_json("dpctl", "show")["ports"]}


def port_stats(switch):
    """What the datapath counts by port, whichever daemon there was."""
    return {device: port["stats"] for device, port in datapath_ports(switch).items()}


def misses(switch):
    return switch.ctl_json("dpctl", "show")["lookups"]["misses"]


def flow_packets(switch):
    return {f["priority"]: f["packets"] for f in switch.ctl_json("dump-flows", "br0")}


def is_released(switch):
    with open(switch.log, encoding="ascii") as file:
        return any("are matched against the tables" in line for line in file)


def barrier(switch):
    """A tool's, behind a change of nothing."""
    switch.ctl("del-flows", "br0", "cookie=1/-1")


def wait_for_release(switch):
    """The hold is over, and what it left is matched against the tables."""
    wait_for(lambda: is_released(switch), "the hold is over", 30)
    barrier(switch)


def tools_look_around(switch):
    """What says nothing of the controller."""
    switch.ctl("mod-port", "br0", "2", "no-flood")
    switch.ctl("mod-port", "br0", "2", "flood")
    barrier(switch)


class Forgotten:
    """Port 3, whose frames go to port 1 by a flow entry that the controller does not put back."""

    def __init__(self, switch, to, hook):
        (self.wire,) = add_wires(switch, 1, hook, first=3)
        self.switch, self.to, self.n_sent, self.n_came = switch, to, 0, 0

    def counted(self):
        stats = port_stats(self.switch)
        return stats["p3"]["rx_packets"], stats["p1"]["tx_packets"]

    def begins(self):
        self.switch.ctl("add-flow", "br0", "priority=3,in_port=3,actions=output:1")
        self.goes()
        wait_for(lambda: datapath_ports(self.switch)["p3"]["flows"], "it is in the fast path")

    def goes(self):
        self.wire.send(frame())
        assert self.to.receive() == frame()
        self.n_sent, self.n_came = self.n_sent + 1, self.n_came + 1

    def is_gone(self):
        for _ in range(10):
            self.wire.send(frame())
        self.n_sent += 10
        assert self.to.is_silent()
        wait_for(lambda: self.counted() == (self.n_sent, self.n_came), "the ports count it")


def a_killed_daemon_waits_for_its_controller(switch, hook):
    """The daemon is killed and started, and its controller fills the tables late: flows that were
    there stay, no packet of theirs goes up, and what the tables do not confirm goes afterwards."""
    wires, sent = open_switch(switch, hook), 0
    controller, forgotten = Controller(), Forgotten(switch, wires[0], hook)
    switch.ctl("set-controller", "br0", controller.target)
    peer = controller.accept()
    add_flows(switch)
    for _ in rounds():
        forgotten.begins()
        with Load(switch, wires) as load:
            before = misses(switch)
            switch.kill()
            switch.forget_log()
            switch.start()
            load.wait_for_packets(RATE // 2)
            assert switch.ctl("dump-flows", "br0") == ""
            forgotten.goes()
            peer = controller.accept()
            tools_look_around(switch)
            load.wait_for_packets(2 * RATE)
            assert not is_released(switch)
            add_flows(switch)
            peer.sync()
            wait_for_release(switch)
            load.wait_for_packets(RATE // 2)
            assert misses(switch) == before, (misses(switch), before)
            forgotten.is_gone()
        assert flow_packets(switch)[1] > RATE
        sent += load.sent
        stats = port_stats(switch)
        assert [stats["p1"]["rx_packets"], stats["p2"]["tx_packets"]] == [sent, sent], (stats, sent)


def a_controller_that_never_comes_ends_the_hold(switch, hook):
    """Flows are held for as long as --hold-time says, which the log tells of, and go then."""
    wires, hold_s = open_switch(switch, hook), int(patience(5))
    controller, forgotten = Controller(), Forgotten(switch, wires[0], hook)
    switch.ctl("set-controller", "br0", controller.target)
    controller.accept()
    controller.listener.close()
    forgotten.begins()
    switch.kill()
    switch.forget_log()
    switch.expect(f"hold: bridge br0: waited long enough for {controller.target}$")
    began = time.monotonic()
    switch.start("--hold-time", str(hold_s))
    assert switch.ctl("dump-flows", "br0") == ""
    forgotten.goes()
    assert misses(switch) == 1 and not is_released(switch)
    wait_for_release(switch)
    assert time.monotonic() - began >= hold_s
    switch.wait_for_line("waited long enough for " + controller.target)
    forgotten.is_gone()


def killed(switch):
    switch.kill()
    switch.start("--restore")


def restarted(switch):
    switch.ctl("restart")


def port_packets(switch):
    return [switch.ports("br0")[name]["stats"][count]
            for name, count in (("p1", "rx_packets"), ("p2", "tx_packets"))]


def nothing_is_lost(switch, hook, restart):
    """Flow entries, what they counted and what ports counted are as if nothing had happened, and
    no packet of an established flow goes up."""
    wires = open_switch(switch, hook)
    switch.ctl("add-group", "br0", "group_id=5,type=indirect,bucket=actions=output:2")
    switch.ctl("add-flow", "br0", "priority=1,in_port=1,ip,nw_dst=11.0.0.1,actions=group:5")
    sent = 0
    for _ in rounds():
        with Load(switch, wires) as load:
            before = misses(switch)
            restart(switch)
            load.wait_for_packets(RATE // 2)
            assert misses(switch) == before, (misses(switch), before)
        sent += load.sent
        assert flow_packets(switch) == {1: sent, 2: 0}, (flow_packets(switch), sent)
        assert f"packet_count={sent}" in switch.ctl("dump-group-stats", "br0"), sent
        assert port_packets(switch) == [sent, sent], (port_packets(switch), sent)


def killed_and_restored(switch, hook):
    nothing_is_lost(switch, hook, killed)


def restarted_by_shuntctl(switch, hook):
    nothing_is_lost(switch, hook, restarted)


def what_a_barrier_confirmed_survives_a_kill(switch):
    """shuntctl returns after a barrier; the daemon dies at once, again and again."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    for number in range(1, 11):
        switch.ctl("add-flow", "br0", f"priority={number},in_port={number},cookie={number},"
                   "idle_timeout=600,importance=7,actions=output:2")
        switch.ctl("del-flows", "br0", f"in_port={max(number - 3, 0)}")
        killed(switch)
        flows = switch.ctl_json("dump-flows", "br0")
        expected = set(range(max(number - 2, 1), number + 1))
        assert {f["priority"] for f in flows} == expected, (number, flows)
        assert {int(str(f["cookie"]), 0) for f in flows} == expected, flows


def learned_flows_survive_a_kill(switch):
    """A flow entry that is learned again and again, for longer than its hard timeout."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 1)
    switch.ctl("add-flow", "br0", "actions=learn(table=1,hard_timeout=8,NXM_OF_ETH_SRC[]),"
               "resubmit(,1)")

    def learned():
        return [f for f in switch.ctl_json("dump-flows", "br0") if f["table"] == 1]

    def is_old():
        wires[0].send(frame())
        flows = learned()
        return flows and flows[0]["duration_s"] > 9
    wait_for(is_old, "the flow is older than its timeout", 20)
    killed(switch)
    assert len(learned()) == 1


def learned_addresses_survive_a_kill(switch, hook):
    """NORMAL, killed and restored: a conversation goes on, and the third port sees none of it."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 3, hook)
    switch.ctl("add-flow", "br0", "actions=NORMAL")
    talk = [(wires[0], wires[1], frame("02:00:00:00:00:02", "02:00:00:00:00:01")),
            (wires[1], wires[0], frame("02:00:00:00:00:01", "02:00:00:00:00:02"))]

    def say(n):
        """Returns whether the third port saw nothing of it."""
        while wires[2].receive(0):
            pass
        for _ in range(n):
            for at, to, data in talk:
                at.send(data)
                assert to.receive() == data
        return wires[2].is_silent()
    assert not say(1)  # The first frame is flooded.
    wait_for(lambda: say(1), "both are learned")
    learned = [line.split()[:3] for line in switch.ctl("fdb-show", "br0").splitlines()]
    assert len(learned) == 3, learned
    switch.kill()
    assert say(10)
    switch.start("--restore")
    assert say(10)
    shown = [line.split()[:3] for line in switch.ctl("fdb-show", "br0").splitlines()]
    assert shown == learned, (shown, learned)
    before = switch.ctl_json("dpctl", "show")["lookups"]["misses"]
    switch.ctl("add-flow", "br0", "priority=2,in_port=7,actions=drop")  # Ends with a barrier.
    assert say(10)
    assert switch.ctl_json("dpctl", "show")["lookups"]["misses"] == before


def learned_addresses_of_ports_that_are_gone_are_not_restored(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 2)
    switch.ctl("add-flow", "br0", "actions=NORMAL")
    for number, wire in enumerate(wires, 1):
        wire.send(frame("02:00:00:00:00:09", f"02:00:00:00:00:0{number}"))
        assert wires[2 - number].receive()
    wait_for(lambda: len(switch.ctl("fdb-show", "br0").splitlines()) == 3, "both are learned")
    switch.kill()
    run("ip", "link", "del", wires[1].port)
    switch.expect("device p2 is missing")
    switch.start("--restore")
    (_, line) = switch.ctl("fdb-show", "br0").splitlines()
    assert line.split()[:3] == ["1", "0", "02:00:00:00:00:01"], line
    switch.ctl("restart")
    assert len(switch.ctl("fdb-show", "br0").splitlines()) == 2
    switch.stop()
    assert not os.path.exists(switch.dir + "/br0.macs")


class Stream:
    """Frames from the first wire to the second, one after the other, as long as the block lasts."""

    def __init__(self, wires):
        self.wires, self.n, self.n_lost = wires, 0, 0
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.is_over.wait(0.01):
            self.wires[0].send(frame())
            self.n, self.n_lost = self.n + 1, self.n_lost + (self.wires[1].receive() != frame())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


IDLES_OUT = "priority=1,in_port=1,idle_timeout=2,actions=output:2"


def expect_use(switch):
    """Packets are credited to the entry."""
    counted = flow_packets(switch)[1]
    wait_for(lambda: flow_packets(switch)[1] > counted + 10, "packets are credited")


def what_packets_use_does_not_idle_out(switch):
    """The daemon is away for longer than an entry may be unused, and packets go on."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 2)
    switch.ctl("add-flow", "br0", IDLES_OUT)
    with Stream(wires) as stream:
        expect_use(switch)
        switch.kill()
        began = time.monotonic()
        wait_for(lambda: time.monotonic() - began > 3, "an idle timeout passes")
        switch.start("--restore")
        expect_use(switch)
    assert not stream.n_lost
    assert flow_packets(switch) == {1: stream.n}, (flow_packets(switch), stream.n)


def what_held_packets_use_does_not_idle_out(switch):
    """Nothing is credited while flows are held, for longer than an entry may be unused."""
    controller = Controller()
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 2)
    switch.ctl("set-controller", "br0", controller.target)
    controller.accept()
    controller.listener.close()
    switch.ctl("add-flow", "br0", IDLES_OUT)
    with Stream(wires) as stream:
        expect_use(switch)
        switch.kill()
        switch.forget_log()
        switch.expect(f"hold: bridge br0: waited long enough for {controller.target}$")
        switch.start("--hold-time", "5")
        switch.ctl("add-flow", "br0", IDLES_OUT)
        assert not is_released(switch)
        wait_for_release(switch)
        expect_use(switch)
    assert not stream.n_lost


def damaged_state_is_named_and_set_aside(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    add_flows(switch)
    switch.stop()
    path = switch.dir + "/br0.flows"
    with open(path, "rb") as file:
        good = file.read()
    bad = bytearray(good)
    bad[len(bad) // 2] ^= 1
    with open(path, "wb") as file:
        file.write(bad)
    switch.expect("br0.flows is damaged: byte")
    switch.expect("it is kept as .*br0.flows.damaged; the tables start empty")
    switch.start("--restore")
    assert switch.ctl("dump-flows", "br0") == ""
    with open(path + ".damaged", "rb") as file:
        assert file.read() == bad
    switch.stop()
    with open(path, "wb") as file:
        file.write(good + b"torn")
    switch.expect("4 bytes at the end were not whole")
    switch.start("--restore")
    assert set(flow_packets(switch)) == {1, 2}


def state_of_a_newer_build_leaves_nothing_behind(switch):
    """The file checks out, and its last record has an entry that this build does not know."""
    def tables():
        said = run("ovs-ofctl", "-O", "OpenFlow14", "dump-table-desc", remote)
        return said.splitlines()[1:]  # Without the transaction id.

    remote = f"unix:{switch.dir}/br0.mgmt"
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    fresh = tables()
    run("ovs-ofctl", "-O", "OpenFlow14", "mod-table", remote, "3", "evict")
    assert tables() != fresh
    add_flows(switch)
    switch.stop()
    entry = struct.pack("=IIQ", 12345, 0, 0)
    body = struct.pack("=QQ", len(entry), 0)
    with open(switch.dir + "/br0.flows", "ab") as file:
        file.write(struct.pack("=II", 0x31446853, zlib.crc32(body + entry)) + body + entry)
    switch.expect("br0.flows is damaged: there is no entry of kind 12345: a newer build")
    switch.expect("it is kept as .*br0.flows.damaged; the tables start empty")
    switch.start("--restore")
    assert switch.ctl("dump-flows", "br0") == ""
    assert tables() == fresh


def flow_entries_of_openflow_1_0_come_back(switch):
    """There an action may be without the header that it sets; later versions refuse such a list."""
    def flows():
        return run("ovs-ofctl", "-O", "OpenFlow10", "--no-stats", "dump-flows", remote).splitlines()

    remote = f"unix:{switch.dir}/br0.mgmt"
    actions = ["mod_tp_src:80", "mod_tp_dst:80", "mod_nw_src:1.2.3.4", "mod_nw_tos:4", "dec_ttl",
               "mod_vlan_pcp:3", "strip_vlan", "pop_mpls:0x0800", "fin_timeout(idle_timeout=10)"]
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    for priority, action in enumerate(actions):
        run("ovs-ofctl", "-O", "OpenFlow10", "add-flow", remote, f"priority={priority},actions={action}")
    before = flows()
    assert len(before) == len(actions) and actions[0] in before[-1], before
    switch.kill()
    switch.start("--restore")
    assert flows() == before, flows()


def count_logged(switch, text):
    with open(switch.log, encoding="ascii") as file:
        return sum(text in line for line in file)


def full_disk_stops_saving_alone(switch):
    """A disk of 256 KiB: the switch goes on, the file stays as it was, and is whole again later."""
    disk = SmallDisk(switch)
    switch.start("--state-dir", disk.path)
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("add-flow", "br0", "priority=1,in_port=1,actions=output:2")
    before, config = disk.read("br0.flows"), disk.read("config.json")
    disk.fill()
    switch.expect("br0.flows cannot be written: No space left on device")
    flows = switch.dir + "/many"
    with open(flows, "w", encoding="ascii") as file:
        file.writelines(f"priority=2,ip,nw_dst=10.0.0.{i},actions=output:2\n" for i in range(200))
    switch.ctl("add-flows", "br0", flows)
    assert "config.json: the configuration could not be saved: No space" in switch.ctl_fails(
        "set-fail-mode", "br0", "standalone")
    assert "br0.flows cannot be written: No space" in switch.ctl_fails("save")
    assert len(switch.ctl_json("dump-flows", "br0")) == 201
    assert disk.read("br0.flows")[:len(before)] == before
    assert disk.read("config.json") == config
    assert not os.path.exists(disk.path + "/config.json.new")
    tried = os.stat(disk.path).st_mtime_ns  # PATH.new comes and goes.
    wait_for(lambda: os.stat(disk.path).st_mtime_ns != tried, "it is tried again", timeout=20)
    assert count_logged(switch, "cannot be written") == 1
    disk.empty()
    wait_for(lambda: count_logged(switch, "br0.flows is written again"),
             "the state is written again", timeout=20)
    switch.kill()
    switch.start("--state-dir", disk.path, "--restore")
    assert len(switch.ctl_json("dump-flows", "br0")) == 201


def a_start_on_a_full_disk_saves_when_there_is_room(switch):
    disk = SmallDisk(switch)
    switch.start("--state-dir", disk.path)
    switch.ctl("add-br", "br0", "fail-mode=secure")
    add_flows(switch)
    switch.kill()
    before = disk.read("br0.flows")
    disk.fill()
    switch.expect("br0.flows cannot be written: No space left on device")
    switch.start("--state-dir", disk.path, "--restore")
    assert set(flow_packets(switch)) == {1, 2}
    switch.ctl("add-flow", "br0", "priority=3,in_port=1,actions=drop")
    assert disk.read("br0.flows") == before
    disk.empty()
    wait_for(lambda: count_logged(switch, "br0.flows is written again"),
             "the state is written again", timeout=20)
    assert count_logged(switch, "cannot be written") == 1
    switch.ctl("add-flow", "br0", "priority=4,in_port=1,actions=drop")
    switch.kill()
    switch.start("--state-dir", disk.path, "--restore")
    assert set(flow_packets(switch)) == {1, 2, 3, 4}


cases.extend(for_hook(test, hook) for test in (
    a_killed_daemon_waits_for_its_controller, a_controller_that_never_comes_ends_the_hold,
    killed_and_restored, restarted_by_shuntctl, learned_addresses_survive_a_kill)
             for hook in ("tc", "xdp"))
cases.extend([learned_addresses_of_ports_that_are_gone_are_not_restored,
              what_packets_use_does_not_idle_out, what_held_packets_use_does_not_idle_out,
              what_a_barrier_confirmed_survives_a_kill, damaged_state_is_named_and_set_aside,
              state_of_a_newer_build_leaves_nothing_behind,
              flow_entries_of_openflow_1_0_come_back, full_disk_stops_saving_alone,
              a_start_on_a_full_disk_saves_when_there_is_room, learned_flows_survive_a_kill])
if __name__ == "__main__":
    main()
