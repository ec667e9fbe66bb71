# SPDX-License-Identifier: Apache-2.0
"""Namespaces, wires and the generator.

The generator's veth g leads to port p1, port p2 leads to the sink s; the ports are in the
namespace NET. A contestant (contestants.py) forwards between p1 and p2. wires() is for load from
the kernel (bench/pktgen): all on one processor, the sink in NET, or, for contestants that send
skbs, in a namespace of its own, as a container's end of a port. hosts() is for sockets: g and s are
in a namespace each, with addresses.
"""
import contextlib
import dataclasses
import json
import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("top_builddir") or TOP + "/_build"
SINK_MAC = "02:00:00:00:00:02"  # Which pktgen sends to.
MAX_STRAY = 1e-3  # Share of frames that others may send meanwhile.
HOST_ADDRESSES = "10.0.0.1", "10.0.0.2"  # Of g and s in hosts().


def name_namespaces():
    """A process that has wires of its own has namespaces of its own."""
    global NET, GENERATOR_NET, SINK_NET  # pylint: disable=global-statement
    NET = f"shunt-bench-{os.getpid()}"
    GENERATOR_NET, SINK_NET = NET + "-generator", NET + "-sink"


name_namespaces()


class Failed(Exception):
    """A command failed, or a switch did not start; the text is one line."""


@dataclasses.dataclass
class Load:
    """What bench/pktgen sends."""
    seconds: float = 1.0
    size: int = 64  # Bytes, with the frame check sequence.
    flows: int = 1  # A power of two.
    order: str = "turn"  # Or random, or zipf.
    ip: int = 4  # Or 6.
    protocol: str = "udp"  # Or tcp.
    checksum: bool = False  # UDP on IPv4, too.
    restore: bool = False  # The way changes headers: the generator writes them anew.
    rate: float = 0  # Frames a second; 0: as many as go.
    processor: int = 0

    def command(self, *args):
        command = ["taskset", "-c", str(self.processor), BUILD + "/bench/pktgen", "--realtime",
                   "--out", "g", "--seconds", str(self.seconds), "--size", str(self.size),
                   "--flows", str(self.flows), "--order", self.order, "--ip", str(self.ip),
                   "--protocol", self.protocol, *args]
        command += ["--checksum"] * self.checksum + ["--restore"] * self.restore
        return command + (
            ["--rate", str(self.rate)] if self.rate else [])


def run(*command, check=True, timeout=300):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=timeout, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{' '.join(command)}: not done in {timeout} s") from error
    if check and done.returncode:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def inside(netns, *command):
    return ["ip", "netns", "exec", netns, *command]


def ns(*command, check=True):
    return run(*inside(NET, *command), check=check)


@contextlib.contextmanager
def namespaces(*names):
    """Without IPv6, so that nothing is sent but what is measured."""
    try:
        for name in names:
            run("ip", "netns", "add", name)
            run(*inside(name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"))
        yield
    finally:
        for name in names:
            run("ip", "netns", "del", name, check=False)


def open_napi(netns, device):
    """XDP frames reach a veth without XDP of its own through GRO's NAPI, which opens when GRO is
    turned on, not where it was on before."""
    for state in ("off", "on"):
        run(*inside(netns, "ethtool", "-K", device, "gro", state))


def pair(device, port):
    """A veth pair in NET, up."""
    ns("ip", "link", "add", device, "type", "veth", "peer", "name", port)
    for end in (device, port):
        ns("ip", "link", "set", end, "up")
        open_napi(NET, end)


def move(device, netns, *settings):
    ns("ip", "link", "set", device, "netns", netns)
    run("ip", "-n", netns, "link", "set", device, *settings, "up")
    open_napi(netns, device)


@contextlib.contextmanager
def wires(skbs=False, n_sinks=1):
    """Gives the generator's arguments that name the sinks: s, or s2, s3, ... of ports p2, p3, ..."""
    sinks = ["s"] if n_sinks == 1 else [f"s{i + 2}" for i in range(n_sinks)]
    with namespaces(NET, SINK_NET):
        pair("g", "p1")
        for number, sink in enumerate(sinks):
            pair(sink, f"p{number + 2}")
            if skbs:
                move(sink, SINK_NET, "address", SINK_MAC)
        yield ["--sink", ",".join(sinks), *["--sink-netns", SINK_NET] * skbs]


@contextlib.contextmanager
def hosts(offloads=True):
    with namespaces(NET, GENERATOR_NET, SINK_NET):
        for device, port, netns, address in (("g", "p1", GENERATOR_NET, HOST_ADDRESSES[0]),
                                             ("s", "p2", SINK_NET, HOST_ADDRESSES[1])):
            pair(device, port)
            move(device, netns)
            run("ip", "-n", netns, "address", "add", address + "/24", "dev", device)
            if not offloads:
                run(*inside(netns, "ethtool", "-K", device, "tx", "off", "tso", "off"))
        yield


def sent_by_generator():
    """Frames that came to the port or found its queue full, by the count of the device."""
    stats = json.loads(ns("ip", "-j", "-s", "link", "show", "g"))[0]["stats64"]["tx"]
    return stats["packets"] + stats["dropped"], stats["dropped"]


def generate(load, *args):
    """What pktgen says, and of the frames that it offered how many the port had no room for."""
    before = sent_by_generator()
    result = json.loads(ns(*load.command(*args)))
    sent, dropped = (after - since for after, since in zip(sent_by_generator(), before))
    if abs(sent - result["sent"]) > MAX_STRAY * result["sent"]:
        raise Failed(f"pktgen offered {result['sent']} frames, but the device sent {sent}")
    return result | {"queue_full": dropped}


def resident(pid):
    """Bytes of memory."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def thread_seconds(pid):
    """Processor time by thread."""
    times = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
            times[thread] = int(file.read().split()[0]) / 1e9
    return times
