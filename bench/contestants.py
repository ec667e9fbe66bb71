# SPDX-License-Identifier: Apache-2.0
"""Who forwards between p1 and p2, both ways: Shunt and what it is compared with.

A contestant's setup is a context manager that runs within rig.wires() or rig.hosts() and gives a
Way. CONTESTANTS has those that need no settings; fast_path() makes more.
"""
import contextlib
import dataclasses
import functools
import json
import subprocess
import typing

import rig
import switches


@dataclasses.dataclass
class Way:
    pids: list = dataclasses.field(default_factory=list)  # Of daemons.
    generator: list = dataclasses.field(default_factory=list)  # Arguments of pktgen.
    counters: dict = dataclasses.field(default_factory=dict)  # When it has ended.


@dataclasses.dataclass
class Contestant:
    setup: typing.Callable
    skbs: bool = True  # Sends socket buffers, so that the sink has a namespace of its own.
    threads: bool = False  # Forwards in user space, on the other processor.

    @property
    def offloads(self):
        """Whether checksums that are left to the device survive."""
        return self.skbs and not self.threads


@contextlib.contextmanager
def nothing():
    """The generator's own veth pair."""
    yield Way(generator=["--sink", "p1"])


@contextlib.contextmanager
def held(*command):
    """Runs `command`, which makes the way and then executes what is named last, until it is left;
    gives what it prints then as JSON."""
    way = Way()
    process = subprocess.Popen(rig.inside(rig.NET, *command, "sh", "-c", "echo ready; read -r _"),
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        if process.stdout.readline() != "ready\n":
            raise rig.Failed(process.stderr.read().strip())
        yield way
    finally:
        output, _ = process.communicate("\n", timeout=60)
        way.counters = json.loads(output or "{}")


@contextlib.contextmanager
def bridge():
    """Without bridge netfilter, which costs a third."""
    rig.ns("ip", "link", "add", "lbr", "type", "bridge")
    rig.ns("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0", check=False)
    ports = [link["ifname"] for link in json.loads(rig.ns("ip", "-j", "link"))
             if link["ifname"].startswith("p")]
    for port in ports:
        rig.ns("ip", "link", "set", port, "master", "lbr")
    rig.ns("ip", "link", "set", "lbr", "up")
    if len(ports) == 2:
        rig.ns("bridge", "fdb", "add", rig.SINK_MAC, "dev", "p2", "master", "static")
    yield Way()


@contextlib.contextmanager
def routing():
    rig.ns("sysctl", "-qw", "net.ipv4.ip_forward=1")
    for device in ("p1", "p2"):
        rig.ns("sysctl", "-qw", f"net.ipv4.conf.{device}.rp_filter=0")
    mac = json.loads(rig.ns("ip", "-j", "link", "show", "p1"))[0]["address"]
    rig.ns("ip", "address", "add", "10.0.0.254/8", "dev", "p1")
    rig.ns("ip", "address", "add", "11.0.0.254/8", "dev", "p2")
    rig.ns("ip", "neighbour", "add", "11.0.0.1", "lladdr", rig.SINK_MAC, "dev", "p2")
    yield Way(generator=["--dst-mac", mac, "--restore"])


def send_to(outputs):
    return "in_port=1,actions=" + ",".join(f"output:{port}" for port in outputs)


@contextlib.contextmanager
def shunt(hook, peer="auto", n_outputs=1):
    """The whole switch under OpenFlow rules."""
    outputs = range(2, 2 + n_outputs)
    with switches.shuntd() as switch:
        for port in (1, *outputs):
            switch.ctl("add-port", "br0", f"p{port}", f"ofport={port}", "hook=" + hook,
                       *["peer=" + peer] * (port > 1))
        switch.add_flow(send_to(outputs))
        switch.add_flow("in_port=2,actions=output:1")
        yield Way([switch.pid])


@contextlib.contextmanager
def ovs(kind, n_outputs=1, flow=None):
    """Open vSwitch's datapath in user space; `kind` of port: afxdp, or system (packet sockets).
    `flow` instead of one that sends all to the outputs."""
    outputs = range(2, 2 + n_outputs)
    with switches.ovs("netdev", "--disable-system") as switch:
        switch.ctl("set", "Open_vSwitch", ".", "other_config:pmd-cpu-mask=2")
        for port in (1, *outputs):
            switch.ctl("add-port", "br0", f"p{port}", "--", "set", "interface", f"p{port}",
                       "type=" + kind, f"ofport_request={port}")
            if switch.ctl("get", "interface", f"p{port}", "ofport").strip() != str(port):
                raise rig.Failed(switch.ctl("get", "interface", f"p{port}", "error").strip())
        switch.add_flow(flow or send_to(outputs))
        switch.add_flow("in_port=2,actions=output:1")
        yield Way([switch.pid])


def bare(hook):
    """A program that does nothing but redirect; hook peer: by clsact, to the device's other end."""
    setup = functools.partial(held, rig.BUILD + "/bench/bare", "--hook", hook, "p1", "p2")
    return Contestant(setup, skbs=hook in ("clsact", "tcx", "peer"))


def bare_reads(n_reads, n_flows):
    """By XDP, behind one or two reads of memory as a table of that many flows takes it."""
    return bare(f"{'flow' if n_reads == 1 else 'table'}:{n_flows}")


def fast_path(hook, actions="2", n_masks=1, load=rig.Load(), peer=rig.SINK_MAC, any_source=False):
    """Shunt's fast path without a daemon, with exact flows for `load`, or one for all of it; IN and
    OUT are 1 and 2."""
    flows = ["--any-source"] if any_source else ["--flows", str(load.flows)]
    setup = functools.partial(
        held, rig.BUILD + "/bench/fastpath", "--hook", hook, *flows, "--masks", str(n_masks),
        "--actions", actions, "--ip", str(load.ip), "--protocol", load.protocol, "--peer", peer,
        "p1", "p2")
    return Contestant(setup, skbs=hook == "tc")


def partial(function, *args, **attributes):
    return Contestant(functools.partial(function, *args), **attributes)


CONTESTANTS = {
    "wire": Contestant(nothing, skbs=False),
    "bare-xdp": bare("xdp"),
    "shunt-xdp": partial(shunt, "xdp", skbs=False),
    "bare-clsact": bare("clsact"),
    "bare-tcx": bare("tcx"),
    "bare-peer": bare("peer"),
    # Sends straight to the sink's end of the last veth, as bare-peer does; shunt-tc-egress by
    # the device, as the other bare ones do. Both by tcx where the kernel has it.
    "shunt-tc": partial(shunt, "tc"),
    "shunt-tc-egress": partial(shunt, "tc", "off"),
    "bridge": Contestant(bridge),
    "routing": Contestant(routing),
    "ovs-afxdp": partial(ovs, "afxdp", skbs=False, threads=True),
    "ovs-packet": partial(ovs, "system", threads=True),
}


def forward(contestant, load, n_sinks=1):
    """What came of the load: {"offered", "received", "seconds", ...} and the way's counters."""
    with rig.wires(contestant.skbs, n_sinks) as sink:
        with contestant.setup() as way:
            result = rig.generate(load, *sink, *way.generator)
    return result | way.counters
