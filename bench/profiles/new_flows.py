# SPDX-License-Identifier: Apache-2.0
"""How fast flows are set up: every packet is a megaflow of its own.

The generator, at full rate on one processor, sends as many sources as there are flows in turn; the
handler's thread, or Open vSwitch's, has the other one before other processes. Most packets of the
flood are lost, under a counted reason. "Answered" are packets that came out at the sink: of Shunt
by the clock on the wall, because it goes on in the generator's pauses; of Open vSwitch, which does
not, by the time without them. "installed" and "upcalls" are the steepest half second of the
counters by the clock; "a core" is what the handler installs in a second of processor time, whatever
else the machine does."""
import json
import statistics
import threading
import time

import contestants
import measure
import rig
import switches

TITLE = "New flows a second"
STANDS_STILL_S = 5
RULE = "ip,actions=move:NXM_OF_IP_SRC[]->NXM_NX_REG0[],output:2"


def set_up(switch):
    for port in (1, 2):
        switch.ctl("add-port", "br0", f"p{port}", f"ofport={port}", "hook=xdp")
    switch.add_flow(RULE)


def counters(switch):
    said = json.loads(switch.ctl("--format", "json", "dpctl", "show"))
    return {"seconds": time.monotonic(), "flows": said["flows"],
            "answered": sum(said["slow_path"]["upcalls"].values()),
            "upcalls": sum(port["stats"]["upcalls"] for port in said["ports"])}


def steepest(samples, what):
    return max(((b[what] - a[what]) / (b["seconds"] - a["seconds"]) for a in samples
                for b in samples if b["seconds"] - a["seconds"] >= 0.5), default=0)


def send_and_sample(switch, load):
    """The generator's result and samples of the counters, the last when all is answered."""
    result, samples = {}, [counters(switch)]
    generator = threading.Thread(
        target=lambda: result.update(rig.generate(load, "--sink", "s")))
    generator.start()
    while generator.is_alive():
        generator.join(0.05)
        samples.append(counters(switch))
    stands_since = time.monotonic()
    while (samples[-1]["answered"] < samples[-1]["upcalls"] and
           time.monotonic() < stands_since + STANDS_STILL_S):
        time.sleep(0.1)
        samples.append(counters(switch))
        if samples[-1]["answered"] != samples[-2]["answered"]:
            stands_since = time.monotonic()
    return result, samples


def shunt(load):
    with rig.wires(), switches.shuntd("--max-flows", str(load.flows)) as switch:
        set_up(switch)
        before = rig.thread_seconds(switch.pid)
        result, samples = send_and_sample(switch, load)
        spent = max(seconds - before.get(thread, 0)
                    for thread, seconds in rig.thread_seconds(switch.pid).items())
    return {"answered": result["received"] / result["wall_seconds"],
            "installed": steepest(samples, "flows"), "upcalls": steepest(samples, "upcalls"),
            "a core": samples[-1]["flows"] / spent}


def open_vswitch(load):
    with rig.wires() as sink, contestants.ovs("afxdp", flow=RULE):
        result = rig.generate(load, *sink)
    return {"answered": result["received"] / result["seconds"]}


def run(scale):
    load = rig.Load(max(2, scale.seconds), flows=1 << 20)
    cases = {"shunt": lambda: shunt(load), "ovs-afxdp": lambda: open_vswitch(load)}
    rounds, failed = measure.in_rounds(cases, scale.rounds, TITLE)
    rows = []
    for name in rounds[0]:
        for what in rounds[0][name]:
            values = [one[name][what] for one in rounds]
            rows.append([name, what, statistics.median(values), min(values), max(values)])
    values = {
        "a core": measure.each(rounds, lambda one: one["shunt"]["a core"]),
        "by the clock": measure.each(rounds, lambda one: one["shunt"]["installed"]),
        "/ ovs afxdp": measure.each(
            rounds, lambda one: one["shunt"]["answered"] / one["ovs-afxdp"]["answered"])}
    return measure.Result(["", "what", "a second", "least", "most"], rows, values,
                          [measure.Plot(2, "new flows a second")], failed, rounds)
