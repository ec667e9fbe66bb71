# SPDX-License-Identifier: Apache-2.0
"""Wires, load and contestants of the forwarding benchmarks.

The generator's veth g leads to port p1, port p2 leads to the sink s, all on one processor and in one
fresh namespace, but for the sink of contestants that send skbs: it has one of its own, as a
container's end of a port; the generator is bench/pktgen. A contestant is a function from what to send
(Load) to what came of it: {"offered", "received", "seconds"}; each call has its own namespace.
"""
import contextlib
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("top_builddir") or TOP + "/_build"
NET = f"shunt-bench-{os.getpid()}"
SINK_NET = NET + "-sink"
SINK_MAC = "02:00:00:00:00:02"  # Which pktgen sends to.


@dataclasses.dataclass
class Load:
    seconds: float = 1.0
    size: int = 64  # Bytes, with the frame check sequence.
    flows: int = 1  # A power of two.
    random: bool = False
    processor: int = 0
    restore: bool = False  # The way changes headers: the generator writes them anew.

    def command(self, *args):
        command = ["taskset", "-c", str(self.processor), BUILD + "/bench/pktgen", "--realtime", "--out", "g",
                   "--seconds", str(self.seconds), "--size", str(self.size),
                   "--flows", str(self.flows), *args]
        return command + ["--random"] * self.random + ["--restore"] * self.restore


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if check and done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def ns(*command, check=True):
    return run("ip", "netns", "exec", NET, *command, check=check)


def silence(netns, device):
    run("ip", "netns", "exec", netns, "sysctl", "-qw", f"net.ipv6.conf.{device}.disable_ipv6=1")


def move_sink():
    ns("ip", "link", "set", "s", "netns", SINK_NET)
    silence(SINK_NET, "s")
    run("ip", "-n", SINK_NET, "link", "set", "s", "address", SINK_MAC, "up")


@contextlib.contextmanager
def wires(skbs=False):
    """Gives the generator's arguments that name the sink."""
    for name in (NET, SINK_NET):
        run("ip", "netns", "add", name)
    try:
        for a, b in (("g", "p1"), ("p2", "s")):
            ns("ip", "link", "add", a, "type", "veth", "peer", "name", b)
            for device in (a, b):
                silence(NET, device)
                ns("ip", "link", "set", device, "up")
                # XDP frames reach a veth without XDP of its own through GRO's NAPI, which
                # opens when GRO is turned on, not where it was on before.
                ns("ethtool", "-K", device, "gro", "off")
                ns("ethtool", "-K", device, "gro", "on")
        if skbs:
            move_sink()
        yield ["--sink", "s", *["--sink-netns", SINK_NET] * skbs]
    finally:
        for name in (NET, SINK_NET):
            run("ip", "netns", "del", name, check=False)


def generate(load, *args):
    return json.loads(ns(*load.command(*args)))


def wire(load):
    with wires():
        return generate(load, "--sink", "p1")


def bare(hook):
    def contestant(load):
        with wires(hook != "xdp") as sink:
            return generate(load, *sink, "--bare-" + hook, "p1:p2")
    return contestant


def bridge(load):
    """Without bridge netfilter, which costs a third."""
    with wires(True) as sink:
        ns("ip", "link", "add", "lbr", "type", "bridge")
        ns("sysctl", "-qw", "net.ipv6.conf.lbr.disable_ipv6=1")
        ns("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0", check=False)
        for device in ("p1", "p2"):
            ns("ip", "link", "set", device, "master", "lbr")
        ns("ip", "link", "set", "lbr", "up")
        ns("bridge", "fdb", "add", SINK_MAC, "dev", "p2", "master", "static")
        return generate(load, *sink)


def routing(load):
    with wires(True) as sink:
        ns("sysctl", "-qw", "net.ipv4.ip_forward=1")
        for device in ("p1", "p2"):
            ns("sysctl", "-qw", f"net.ipv4.conf.{device}.rp_filter=0")
        mac = json.loads(ns("ip", "-j", "link", "show", "p1"))[0]["address"]
        ns("ip", "address", "add", "10.0.0.254/8", "dev", "p1")
        ns("ip", "address", "add", "11.0.0.254/8", "dev", "p2")
        ns("ip", "neighbour", "add", "11.0.0.1", "lladdr", SINK_MAC, "dev", "p2")
        return generate(load, *sink, "--dst-mac", mac, *["--restore"] * (not load.restore))


def fast_path(hook, flows=None, masks=1, actions="2", peer=SINK_MAC):
    """Shunt's fast path with exact flows, installed without a daemon (bench/fastpath)."""
    def contestant(load):
        with wires(hook == "tc") as sink:
            output = ns(BUILD + "/bench/fastpath", "--hook", hook, "--flows",
                        str(flows or load.flows), "--masks", str(masks), "--actions", actions,
                        "--peer", peer, "p1", "p2", *load.command(*sink))
            generated, counted = [json.loads(line) for line in output.splitlines()]
            return generated | counted
    return contestant


@contextlib.contextmanager
def daemon(*args, wrapper=()):
    """shuntd in the wires' namespace; gives its process number, its run
    directory and a function that runs shuntctl."""
    with tempfile.TemporaryDirectory() as directory:
        pins = f"/sys/fs/bpf/{NET}"
        process = subprocess.Popen(
            ["ip", "netns", "exec", NET, *wrapper, BUILD + "/shuntd/shuntd", "--run-dir", directory,
             "--no-persist", "--pin-dir", pins, "--log-file", directory + "/log", *args])
        try:
            deadline = time.monotonic() + 20
            while not os.path.exists(directory + "/shuntd.sock"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("shuntd did not start: " + open(directory + "/log").read())
                time.sleep(0.01)
            # ip executes the daemon in its own place.
            yield process.pid, directory, lambda *args: ns(
                BUILD + "/cli/shuntctl", "--run-dir", directory, *args)
        finally:
            process.terminate()
            process.wait(20)
            subprocess.run(["rm", "-rf", pins], check=False)


def shunt(hook, peer="auto"):
    """The whole switch under an OpenFlow rule."""
    def contestant(load):
        with wires(hook == "tc") as sink, daemon() as (_, directory, ctl):
            ctl("add-br", "br0", "fail-mode=secure")
            ctl("add-port", "br0", "p1", "ofport=1", "hook=" + hook)
            ctl("add-port", "br0", "p2", "ofport=2", "hook=" + hook, "peer=" + peer)
            switch = f"unix:{directory}/br0.mgmt"
            run("ovs-ofctl", "del-flows", switch)
            run("ovs-ofctl", "add-flow", switch, "in_port=1,actions=output:2")
            return generate(load, *sink)
    return contestant


def measure(contestants, n_rounds):
    """Rounds of {name: result}; `contestants` is {name: (contestant, load)}."""
    rounds = []
    for number in range(n_rounds):
        one = {}
        for name, (contestant, load) in contestants.items():
            print(f"\rround {number + 1} of {n_rounds}: {name:<24}", end="", file=sys.stderr)
            one[name] = contestant(load)
        rounds.append(one)
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
    return rounds


def rate(result):
    """Frames a microsecond, so million a second."""
    return result["received"] / result["seconds"] / 1e6


def cost(one, name):
    """Nanoseconds a frame beyond the generator's and the sink's own, within a round."""
    return 1e3 / rate(one[name]) - 1e3 / rate(one["wire"])


def report_rates(rounds):
    print(f"{'':18}{'Mpps':>8}{'least':>8}{'most':>8}{'ns net':>8}{'lost':>10}")
    for name in rounds[0]:
        rates = [rate(one[name]) for one in rounds]
        lost = sum(one[name]["offered"] - one[name]["received"] for one in rounds)
        net = statistics.median(cost(one, name) for one in rounds)
        print(f"{name:18}{statistics.median(rates):8.3f}{min(rates):8.3f}{max(rates):8.3f}"
              f"{net:8.0f}{lost:10}")


def report_goals(rounds, goals):
    """`goals`: (ours, theirs, ratio of rates). Returns whether all are met."""
    all_met = True
    print(f"\n{'':36}{'ratio':>8}{'goal':>8}")
    for ours, theirs, goal in goals:
        ratio = statistics.median(rate(one[ours]) / rate(one[theirs]) for one in rounds)
        all_met = all_met and ratio >= goal
        print(f"{ours + ' / ' + theirs:36}{ratio:8.2f}{goal:8.2f}"
              f"{'' if ratio >= goal else '  missed'}")
    return all_met
