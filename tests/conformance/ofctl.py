#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every command of ovs-ofctl, in every version, on this switch and on Open vSwitch.

ofctl.py [-v VERSION]... [-o SUBSTRING] [-p] [--table FILE]

ofctl.cases says what both are asked; ofctl-differences what may differ, and why. A case is a TAP
line: "not ok" prints where the switches differ. -p prints all that they say, --table writes the
outcome as a table of Markdown.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import difflib
import os
import re
import shlex
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sides  # noqa: E402
from differences import Differences  # noqa: E402
from sides import Skip, harness, wait_for  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
VERSIONS = ("OpenFlow10", "OpenFlow13", "OpenFlow14", "OpenFlow15")
# What differs from run to run: transaction ids, ages, how long an echo took.
VOLATILE = [
    (r"\(xid=0x[0-9a-f]+\)", "(xid)"), (r"duration=[\d.]+s", "duration"),
    (r"duration:?[\d.]+s", "duration"), (r"(?:idle|hard)_age=\d+, ", ""),
    (r"^\d{4}-\d\d-\d\dT\S+?Z\|\d+\|", ""), (r"time [\d.]+ ms", "time"),
    (r"time=[\d.]+ ms", "time"), (r"Finished in .*", "Finished"), (r"/tmp/[^ :|]*/", "/dir/"),
]

Case = collections.namedtuple("Case", "command title steps files")


# ---- What is asked ----

def read_cases(path):
    cases = []
    with open(path, encoding="ascii") as lines:
        for line in lines:
            line = line.rstrip("\n")
            if line.startswith("== "):
                command, title = line[3:].split(": ", 1)
                cases.append(Case(command, title, [], {}))
            elif line.startswith("file "):
                file = cases[-1].files[line[5:]] = []
            elif line.startswith("    "):
                file.append(line[4:])
            elif line and not line.startswith("#"):
                cases[-1].steps.append(line)
    return cases


class Session:
    """One side goes through one case."""

    def __init__(self, side, version, case):
        self.side, self.version, self.case = side, version, case
        self.watcher, self.said = None, []

    def play(self):
        self.reset()
        for step in self.case.steps:
            verb, *args = step.split() if step.startswith("each ") else shlex.split(step)
            handler = getattr(self, "do_" + verb.replace("-", "_"), None)
            if handler:
                handler(step, *args)
            else:
                self.say(step, self.ofctl(verb, *args))
        return self.said

    def reset(self):
        for verb in ("del-flows", "del-groups", "del-meters"):
            status, _, error = self.side.run("ovs-ofctl", "-O", "OpenFlow15", verb,
                                             self.side.target)
            assert not status, error
        self.side.flush_wires()

    def say(self, step, text):
        self.said.append((step, text))

    def file(self, name):
        path = f"{self.side.dir}/{name}"
        if name in self.case.files:
            with open(path, "w", encoding="ascii") as file:
                file.write("\n".join(self.case.files[name]) + "\n")
        return path

    def ofctl(self, verb, *args):
        words = []
        for arg in args:
            if arg == "SW":
                arg = self.side.target
            elif arg.startswith("@"):
                arg = self.file(arg[1:])
            words.append(arg)
        status, out, error = self.side.run("ovs-ofctl", "-O", self.version, verb, *words)
        return (out + error + (f"[status {status}]\n" if status else "")).replace(
            self.side.target, "SW")

    # Lines that are no command of ovs-ofctl.

    def do_flows(self, step, *args):
        self.say(step, self.ofctl("dump-flows", "--no-stats", *args))

    def do_each(self, _step, verb, _switch, name):
        for line in self.case.files[name[1:]]:
            self.say(f"{verb} {line}", self.ofctl(verb, "SW", line))

    def do_inject(self, _step, port, frame):
        self.side.wires[int(port)].send(bytes.fromhex(frame))
        if self.watcher:
            self.until_quiet(self.watcher[1])

    def do_send(self, _step, port, frame, count="1"):
        """Frames one by one, and then until their port has counted them."""
        before = self.counted(port)
        for _ in range(int(count)):
            self.side.wires[int(port)].send(bytes.fromhex(frame))
        wait_for(lambda: self.counted(port) == before + int(count), f"port {port} counts frames")
        self.side.settle()

    def counted(self, port):
        text = self.side.must("ovs-ofctl", "-O", "OpenFlow13", "dump-ports", self.side.target, port)
        return int(re.search(r"rx pkts=(\d+)", text)[1])

    def do_receive(self, step, port):
        frames = []
        while True:
            frame = self.side.wires[int(port)].receive(0.2)
            if frame is None:
                break
            frames.append(frame.hex())
        self.say(step, "".join(frame + "\n" for frame in frames))

    def do_wait_up(self, _step, port):
        wait_for(lambda: "LINK_DOWN" not in self.side.must(
            "ovs-ofctl", "-O", "OpenFlow15", "dump-ports-desc", self.side.target, port),
            f"port {port} is up")

    def do_listen(self, _step):
        self.side.set_controller("ptcp:6653:127.0.0.1")
        wait_for(lambda: not self.side.run("ovs-ofctl", "-O", self.version, "probe",
                                           "tcp:127.0.0.1:6653")[0], "the bridge listens")

    def do_controller(self, _step):
        self.side.must("ovs-testcontroller", "-O", self.version, "ptcp:6653:127.0.0.1",
                       "--detach", "--no-chdir", f"--pidfile={self.side.dir}/controller.pid",
                       f"--unixctl={self.side.dir}/controller.ctl", "-vconsole:off")
        self.side.set_controller("tcp:127.0.0.1:6653")
        wait_for(self.side.is_connected, "the controller is connected")
        self.side.forget()

    def do_no_controller(self, _step):
        self.side.set_controller()
        pid = f"{self.side.dir}/controller.pid"
        if os.path.exists(pid):
            with open(pid, encoding="ascii") as file:
                os.kill(int(file.read()), signal.SIGTERM)
            wait_for(lambda: not os.path.exists(pid), "the controller ends")

    def do_monitor(self, step, *args):
        self.watch(step, "monitor", *args)

    def do_snoop(self, step):
        self.watch(step, "snoop", "unix:" + self.side.target[5:].replace(".mgmt", ".snoop"))

    def watch(self, step, *args):
        log, pid = f"{self.side.dir}/watch.log", f"{self.side.dir}/ovs-ofctl.pid"
        words = [self.side.target if word == "SW" else word for word in args]
        status, _, error = self.side.run(
            "sh", "-c", 'log=$1; shift; exec "$@" >$log 2>&1', "sh", log, "ovs-ofctl", "-O",
            self.version, *words, "--detach", "--no-chdir", "--pidfile=" + pid,
            "--unixctl=" + self.side.dir + "/watch.ctl")
        self.watcher = (step, log, pid, status, error)

    def do_end(self, _step):
        """A barrier brings what is on its way; then the watcher goes."""
        step, log, pid, status, error = self.watcher
        if not status:
            self.until_quiet(log)
            for command in (["ofctl/barrier"] if step.startswith("monitor") else []) + ["exit"]:
                self.side.run("ovs-appctl", "-t", self.side.dir + "/watch.ctl", command)
            wait_for(lambda: not os.path.exists(pid), "ovs-ofctl ends")
        with open(log, encoding="utf-8", errors="replace") as file:
            text = file.read()
        self.say(step, text + error + (f"[status {status}]\n" if status else ""))
        self.watcher = None

    @staticmethod
    def until_quiet(log):
        size, since = -1, time.monotonic()
        while time.monotonic() - since < 0.3:
            if os.path.getsize(log) != size:
                size, since = os.path.getsize(log), time.monotonic()
            time.sleep(0.02)


# ---- What they said ----

def normalised(step, text):
    for pattern, by in VOLATILE:
        text = re.sub(pattern, by, text, flags=re.M)
    return text if "sort=" in step else in_order(text)


def in_order(text):
    """Entries of a reply sorted: flows, groups, ports and meters come in the order of hashes."""
    header, *lines = text.splitlines(keepends=True) or [""]
    if re.match(r"OFPST_(PORT|METER|METER_CONFIG) reply", header):
        entries = re.findall(r"(?:^  port .*\n(?:^   +.*\n)*)|(?:^meter.*\n(?:.+\n)*)",
                             "".join(lines), flags=re.M)
    elif re.match(r"(OFPST|NXST)_(GROUP\w*|FLOW) reply", header):
        entries = lines
    elif re.match(r" .*actions=", header):
        header, entries = "", [header, *lines]
    else:
        return text
    return header + "".join(sorted(entries))


def compare(differences, case, version, step, ours, theirs):
    """The texts without what is listed, and the reasons."""
    return differences.take_out(f"{case.command}: {case.title}: {step}", version[8:],
                                normalised(step, ours), normalised(step, theirs))


def judge(differences, case, version, ours, theirs):
    """Reasons of the listed differences, and the lines that differ without one."""
    reasons, wrong = [], []
    assert len(ours) == len(theirs), f"{len(ours)} and {len(theirs)} answers"
    for (step, our_text), (_, their_text) in zip(ours, theirs):
        texts, why = compare(differences, case, version, step, our_text, their_text)
        reasons += why
        if texts[0] != texts[1]:
            wrong.append(f"{step}: (- Open vSwitch, + Shunt)")
            wrong += [line for line in difflib.unified_diff(
                texts[1].splitlines(), texts[0].splitlines(), lineterm="", n=0)][2:]
    return reasons, wrong


def play_both(pair, version, case):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(Session(side, version, case).play) for side in pair]
        return [run.result() for run in runs]


# ---- Result ----

def table(results, reasons, versions):
    """Rows a command, columns a version."""
    rows = ["| command | " + " | ".join(v.replace("OpenFlow1", "1.") for v in versions) + " |",
            "|---|" + "---|" * len(versions)]
    for command in dict.fromkeys(command for command, _ in results):
        cells = []
        for version in versions:
            outcomes = results[command, version]
            cells.append("wrong" if "wrong" in outcomes else
                         "listed " + ", ".join(sorted({str(n) for o in outcomes if o != "same"
                                                      for n in o}, key=int))
                         if any(o != "same" for o in outcomes) else "same")
        rows.append(f"| `{command}` | " + " | ".join(cells) + " |")
    rows += ["", *(f"{n}. {reason}" for reason, n in reasons.items())]
    return "\n".join(rows) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-v", action="append", choices=VERSIONS)
    parser.add_argument("-o", default="")
    parser.add_argument("-p", action="store_true")
    parser.add_argument("--table")
    options = parser.parse_args()
    versions = options.v or VERSIONS
    cases = [c for c in read_cases(HERE + "/ofctl.cases") if options.o in f"{c.command}: {c.title}"]
    if os.geteuid():
        print("1..0 # SKIP needs root")
        return 77
    try:
        sides.openvswitch_version()
    except Skip as skip:
        print(f"1..0 # SKIP {skip}")
        return 77
    harness.isolate(tempfile.gettempdir())
    run_ = Run(cases, options)
    print(f"1..{len(versions) * len(cases)}", flush=True)
    for version in versions:
        with both(version) as pair:
            run_.version(pair, version)
    if not options.o and not options.v:
        run_.check_differences()
    if options.table:
        with open(options.table, "w", encoding="ascii") as file:
            file.write(table(run_.results, run_.reasons, versions))
    return 1 if run_.n_wrong else 0


@contextlib.contextmanager
def both(version):
    """Both switches, fresh."""
    directory = tempfile.mkdtemp(prefix=f"shunt-{version}-")
    pair = [sides.Shunt("shunt", directory), sides.OpenVSwitch("ovs", directory)]
    try:
        for side in pair:
            side.start()
        yield pair
    finally:
        for side in pair:
            side.finish()
            side.remove()
        shutil.rmtree(directory, ignore_errors=True)


class Run:
    """Cases played, and their outcomes."""

    def __init__(self, cases, options):
        self.cases, self.options = cases, options
        self.differences = Differences(HERE + "/ofctl-differences")
        self.results, self.reasons = collections.defaultdict(list), {}
        self.n = self.n_wrong = 0

    def tell(self, name, wrong):
        self.n += 1
        self.n_wrong += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {self.n} - {name}", flush=True)
        for line in wrong:
            print("# " + line, flush=True)

    def version(self, pair, version):
        for case in self.cases:
            try:
                said = play_both(pair, version, case)
                why, wrong = judge(self.differences, case, version, *said)
            except AssertionError as error:
                said, why, wrong = ([], []), [], [str(error)]
            self.tell(f"{case.command}: {case.title}, {version}", wrong)
            if self.options.p:
                print_all(*said)
            numbers = [self.reasons.setdefault(r, len(self.reasons) + 1) for r in why]
            self.results[case.command, version].append("wrong" if wrong else numbers or "same")

    def check_differences(self):
        """With all cases: what is listed for nothing."""
        for difference in self.differences.unused():
            self.tell("a listed difference", [f"no case needs it: {difference.case}"])


def print_all(ours, theirs):
    for (step, our_text), (_, their_text) in zip(ours, theirs):
        print(f"# {step}")
        for mark, text in (("S", our_text), ("O", their_text)):
            print("".join(f"#  {mark} {line}\n" for line in text.splitlines()), end="")


sys.exit(main())
