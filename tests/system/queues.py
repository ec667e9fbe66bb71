#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Queues: queue N is class 1:N+1 of what tc(8) set up at the port; the class counts the packets."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import cases, for_hook, main, run  # noqa: E402
from hosts import Host, add_classes, add_wires, expect_class_counts, expect_frames, frame  # noqa: E402


def start(switch, hook):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 2, hook)
    return wires


def send(wire, src, count, **fields):
    for _ in range(count):
        wire.send(frame(src=src, **fields))


def each_queue_is_its_class(switch, hook):
    wires = start(switch, hook)
    add_classes("p2")
    for src, actions in (("01", "output:2"), ("02", "set_queue:1,output:2"),
                         ("03", "set_queue:2,output:2"),
                         ("04", "set_queue:2,pop_queue,output:2")):
        switch.ctl("add-flow", "br0", f"dl_src=02:00:00:00:01:{src},actions={actions}")
    for src, count in (("01", 2), ("02", 5), ("03", 7), ("04", 1)):
        send(wires[0], f"02:00:00:00:01:{src}", count)
    frames = [frame(src=f"02:00:00:00:01:{src}") for src, n in (("01", 2), ("02", 5), ("03", 7), ("04", 1))
              for _ in range(n)]
    expect_frames(wires, {2: frames}, "each as it came")
    # What asks for no queue leaves by XDP, which has none.
    expect_class_counts("p2", {"1:1": 3 if hook == "tc" else 0, "1:2": 5, "1:3": 7})


def enqueue_is_for_one_output(switch, hook):
    wires = start(switch, hook)
    add_classes("p2")
    run("ovs-ofctl", "-O", "OpenFlow10", "add-flow", f"unix:{switch.dir}/br0.mgmt",
        "in_port=1,actions=enqueue:2:2,output:2")
    send(wires[0], "02:00:00:00:01:01", 4)
    expect_class_counts("p2", {"1:1": 4, "1:2": 0, "1:3": 4})


def a_queue_of_a_containers_port(switch, hook):
    """Which packets reach by another way when no queue is asked for."""
    wires = start(switch, hook)
    switch.expect("device 'c3' is missing")  # At the end.
    with Host("c3", 3) as host:
        switch.ctl("add-port", "br0", "c3", "ofport=3", f"hook={hook}")
        add_classes("c3")
        switch.ctl("add-flow", "br0", "in_port=1,actions=set_queue:1,output:3")
        send(wires[0], "02:00:00:00:01:01", 6, dst=host.mac)
        expect_class_counts("c3", {"1:1": 0, "1:2": 6, "1:3": 0})


cases.extend(for_hook(test, hook) for test in (
    each_queue_is_its_class, enqueue_is_for_one_output, a_queue_of_a_containers_port)
             for hook in ("tc", "xdp"))
main()
