# SPDX-License-Identifier: Apache-2.0
"""What stands at the other end of a port: raw frames on a wire, or a host with addresses."""
import json
import os
import re
import select
import socket
import struct
import subprocess
import sys
import threading

from harness import CLONE_NEWNET, libc, patience, run, sh, wait_for

ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 8, 23
TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID = 0x10, 0x40


def frame(dst="02:00:00:00:00:02", src="02:00:00:00:00:01", eth_type=0x88b5, payload=b"x" * 50):
    mac = lambda text: bytes(int(part, 16) for part in text.split(":"))
    return mac(dst) + mac(src) + struct.pack("!H", eth_type) + payload


class Raw:
    """Sends and receives frames at a device, of the namespace that `netns` names or of this one."""

    def __init__(self, device, netns=None):
        self.end = device
        own = os.open("/proc/self/ns/net", os.O_RDONLY)
        if netns:
            self._enter(os.open("/run/netns/" + netns, os.O_RDONLY))
        # Without a protocol, which bind() names: it would get frames of all devices until then.
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.socket.bind((self.end, ETH_P_ALL))
        self._enter(own)

    @staticmethod
    def _enter(netns):
        assert libc.setns(netns, CLONE_NEWNET) == 0
        os.close(netns)

    def send(self, data):
        self.socket.send(data)

    def receive(self, timeout=patience(5)):
        """The next frame, with the VLAN tag that the kernel took out of it; None after timeout."""
        if not select.select([self.socket], [], [], timeout)[0]:
            return None
        data, ancillary, _, _ = self.socket.recvmsg(65536, 256)
        for level, kind, value in ancillary:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", value[:20])
                if status & TP_STATUS_VLAN_VALID:
                    tpid = tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100
                    data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
        return data

    def is_silent(self, seconds=0.2):
        """Nothing comes for as long: the only way to see that a frame does not come."""
        return self.receive(seconds) is None


class Wire(Raw):
    """A veth pair: one end is to be a port, the other sends and receives frames."""

    def __init__(self, port):
        self.port, self.end = port, port + "-h"
        sh(f"ip link add {port} type veth peer name {self.end};"
           f"sysctl -qw net.ipv6.conf.{port}.disable_ipv6=1 net.ipv6.conf.{self.end}.disable_ipv6=1;"
           f"ip link set {port} up; ip link set {self.end} up promisc on")
        (link,) = json.loads(run("ip", "-j", "link", "show", port))
        self.port_mac = link["address"]
        super().__init__(self.end)


def add_wires(switch, n, hook="auto", first=1, gro=True):
    """Wires p1, p2 and so on as ports 1, 2 and so on of br0, or from `first` on. Without `gro` they
    drop what XDP redirects to them: an XDP port, or bench/pktgen at a wire's end."""
    wires = [Wire(f"p{number}") for number in range(first, first + n)]
    for number, wire in enumerate(wires, first):
        if gro:
            sh(f"ethtool -K {wire.port} gro on; ethtool -K {wire.end} gro on")
        switch.ctl("add-port", "br0", wire.port, f"ofport={number}", f"hook={hook}")
    return wires


class Stream(threading.Thread):
    """Numbered frames of one installed flow, a thousand a second; end() says which did not come."""

    def __init__(self, switch, first=1):
        super().__init__(daemon=True)
        self.wires = [Wire(f"s{i}") for i in (1, 2)]
        for i, wire in enumerate(self.wires):
            switch.ctl("add-port", "br0", wire.port, f"ofport={first + i}", "hook=tc")
        switch.ctl("add-flow", "br0", f"priority=9,in_port={first},actions=output:{first + 1}")
        self.wires[1].socket.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)
        self.n, self.got, self.ends = 0, set(), threading.Event()
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
            self.take(0)  # Or the socket is full after three minutes.

    def take(self, seconds):
        """Frames that are there, or come within so long of the one before."""
        while len(self.got) < self.n and (data := self.wires[1].receive(seconds)):
            number = int.from_bytes(data[14:18], "big")
            if 0 < number <= self.n:  # No other's.
                self.got.add(number)

    def end(self):
        self.ends.set()
        self.join()
        self.take(1)
        print(f"# {self.n} frames of other traffic", file=sys.stderr)
        assert self.n > 100
        lost = sorted(set(range(1, self.n + 1)) - self.got)
        assert not lost, f"other traffic lost {len(lost)} frames of {self.n}: {lost[:20]}"


def expect_frames(wires, frames, name):
    """Each wire receives just its frames, in some order: `frames` has them by number, from 1."""
    for number, wire in enumerate(wires, 1):
        wanted = sorted(frames.get(number, []))
        got = sorted(wire.receive() or b"" for _ in wanted)
        assert got == wanted, f"{name}: {wire.end}: {[data.hex() for data in got]}"
    for wire in wires:
        late = wire.receive(0)
        assert late is None, f"{name}: {wire.end}: {late.hex()} too"


def add_classes(device):
    """Queues 0 to 2: queue N is class 1:N+1."""
    sh(f"tc qdisc add dev {device} root handle 1: htb default 1")
    for minor in (1, 2, 3):
        sh(f"tc class add dev {device} parent 1: classid 1:{minor} htb rate 1gbit")


def class_counts(device):
    """Of each class how many packets it sent."""
    said = run("tc", "-s", "class", "show", "dev", device)
    found = re.findall(r"class htb (\S+) .*\n Sent \d+ bytes (\d+) pkt", said)
    return {name: int(count) for name, count in found}


def expect_class_counts(device, want):
    wait_for(lambda: class_counts(device) == want, f"{want}, not {class_counts(device)}", 3)


class Host:
    """A network namespace with one interface, eth0, whose other end is a device here."""

    def __init__(self, device, number):
        self.device, self.name = device, f"shunt-{os.getpid()}-{device}"
        self.mac, self.address = f"02:00:00:00:00:{number:02x}", f"10.0.0.{number}"
        sh(f"ip netns add {self.name};"
           f"ip netns exec {self.name} sysctl -q -w net.ipv6.conf.default.disable_ipv6=1;"
           f"ip link add {device} type veth peer name eth0 netns {self.name};"
           f"ip link set {device} up;"
           f"ip -n {self.name} link set lo up;"
           f"ip -n {self.name} link set eth0 address {self.mac} up;"
           f"ip -n {self.name} addr add {self.address}/24 dev eth0")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        subprocess.run(["ip", "netns", "del", self.name], check=False)

    def command(self, *command):
        return ["ip", "netns", "exec", self.name, *command]

    def run(self, *command, **options):
        return run(*self.command(*command), **options)

    def popen(self, *command):
        return subprocess.Popen(self.command(*command), stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    def pings(self, other, count=3, timeout=1):
        """How many of `count` pings another host, or an address, answers."""
        said = self.run("ping", "-n", "-q", "-c", str(count), "-i", "0.01", "-W", str(timeout),
                        getattr(other, "address", other), check=False)
        return int(re.search(r"(\d+) received", said)[1])

    def ping(self, other, count=1, timeout=int(patience(5))):
        """Whether all pings are answered."""
        return self.pings(other, count, timeout) == count
