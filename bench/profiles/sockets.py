# SPDX-License-Identifier: Apache-2.0
"""Load from a socket: trafgen (netsniff-ng) sends 64-byte frames through a packet socket, so that
they come to the port as socket buffers. By the clock; what arrives is counted by the far device."""
import os
import signal
import statistics
import subprocess
import tempfile
import time

import measure
import rig
from contestants import CONTESTANTS

TITLE = "Load from sockets"
NAMES = ["bare-clsact", "bare-tcx", "bare-peer", "shunt-tc", "shunt-tc-egress", "bridge",
         "ovs-packet"]
FRAME = """{ eth(da=%s, sa=02:00:00:00:00:01),
  ipv4(sa=10.0.0.1, da=10.0.0.2), udp(sp=1000, dp=2000), fill(0, 18) }"""


def counter(netns, device, name):
    return int(rig.run(*rig.inside(netns, "cat", f"/sys/class/net/{device}/statistics/{name}")))


def one(contestant, seconds):
    with tempfile.TemporaryDirectory() as directory, rig.hosts(contestant.offloads), contestant.setup():
        rig.run("ip", "-n", rig.SINK_NET, "link", "set", "s", "address", rig.SINK_MAC)
        with open(directory + "/frame", "w", encoding="ascii") as file:
            file.write(FRAME % rig.SINK_MAC)
        start = (time.monotonic(), counter(rig.GENERATOR_NET, "g", "tx_packets"),
                 counter(rig.SINK_NET, "s", "rx_packets"))
        trafgen = subprocess.Popen(
            rig.inside(rig.GENERATOR_NET, "taskset", "-c", "0", "trafgen", "--dev", "g", "--conf",
                       directory + "/frame", "--cpus", "1", "--qdisc-path", "--no-sock-mem"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        time.sleep(seconds)  # The duration of the load.
        seconds = time.monotonic() - start[0]
        os.killpg(trafgen.pid, signal.SIGKILL)  # Its worker, too.
        trafgen.wait(10)
        result = {"offered": counter(rig.GENERATOR_NET, "g", "tx_packets") - start[1],
                  "received": counter(rig.SINK_NET, "s", "rx_packets") - start[2],
                  "seconds": seconds}
    if not result["offered"]:
        raise rig.Failed("trafgen sent nothing")
    return result


def run(scale):
    cases = {name: lambda contestant=CONTESTANTS[name]: one(contestant, max(1, scale.seconds))
             for name in NAMES}
    rounds, failed = measure.in_rounds(cases, scale.rounds, TITLE)
    rows = []
    for name in rounds[0]:
        rates = [measure.rate(one[name]) for one in rounds]
        offered, received = (sum(one[name][what] for one in rounds)
                             for what in ("offered", "received"))
        rows.append([name, statistics.median(rates), min(rates), max(rates),
                     100 * max(offered - received, 0) / offered])
    return measure.Result(["contestant", "Mpps", "least", "most", "lost %"], rows, {},
                          [measure.Plot(1, "million frames a second")], failed, rounds)
