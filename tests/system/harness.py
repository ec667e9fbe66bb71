# SPDX-License-Identifier: Apache-2.0
"""What system tests share: a switch in namespaces of its own, and TAP.

A test is a function with one argument, a Switch, behind @case. It runs in a process of its own with fresh
network and mount namespaces, a run directory and a BPF file system that go with it. It fails by
an exception. It also fails when the daemon logged a warning or an error that the test did not
expect (Switch.expect), or when a sanitizer had something to say.
"""
import ctypes
import fcntl
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
BUILD = os.environ.get("top_builddir") or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))) + "/build"
SHUNTD, SHUNTCTL = BUILD + "/shuntd/shuntd", BUILD + "/cli/shuntctl"
SLOWNESS = float(os.environ.get("SHUNT_SLOWNESS", "1"))  # Of the build: sanitizers take their time.
libc = ctypes.CDLL(None, use_errno=True)


def patience(seconds):
    """For how many seconds to wait at most for what takes `seconds` in a usual build."""
    return seconds * SLOWNESS


def room(n_bytes):
    """What may take `n_bytes` in a usual build; ASan keeps 256 MiB of what was freed, too."""
    return n_bytes if SLOWNESS == 1 else SLOWNESS * n_bytes + (256 << 20)


cases = []


def case(test):
    """Makes a function a test."""
    cases.append(test)
    return test


def for_hook(test, hook, *args):
    """A test for `cases` of a function that wants more than a switch, which is in its name."""
    def one(switch):
        test(switch, hook, *args)
    one.__name__ = "_".join([test.__name__, hook, *map(str, args)])
    return one


class Skip(Exception):
    """Raised by a test that cannot run here; says why."""


def run(*command, check=True, timeout=60):
    """Runs a command; returns what it printed. Its failure is an exception that has its words."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=patience(timeout))
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)}: status {done.returncode}: {done.stderr}")
    return done.stdout


def sh(script, timeout=60):
    return run("sh", "-ec", script, timeout=timeout)


def wait_for(condition, what, timeout=10):
    """Waits until `condition` returns something true, and returns that."""
    timeout = patience(timeout)
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.01)


class Switch:
    """A shuntd and its directories."""

    def __init__(self, directory):
        self.dir = directory
        self.log = directory + "/log"
        self.expected = []
        self.at_end = []  # Called when the case is over, however it ended, the last one first.
        self.wrapper = []  # A command that runs the daemon's.
        self.bpf = directory + "/bpf"
        os.mkdir(self.bpf)
        run("mount", "-t", "bpf", "bpf", self.bpf)

    def command(self, *args):
        return [*self.wrapper, SHUNTD, "--run-dir", self.dir, "--state-dir", self.dir, "--pin-dir",
                self.bpf + "/shunt", "--log-file", self.log, *args]

    def start(self, *args):
        run(*self.command("--detach", *args))

    def start_fails(self, *args):
        """Starts a daemon that has to refuse; returns its one line."""
        done = subprocess.run(self.command(*args), capture_output=True, text=True,
                              timeout=patience(60))
        assert done.returncode == 1, f"status {done.returncode}: {done.stderr}"
        lines = done.stderr.splitlines()
        assert len(lines) == 1 and lines[0].startswith("shuntd: "), done.stderr
        return lines[0]

    def ctl(self, *args, timeout=60):
        return run(SHUNTCTL, "--run-dir", self.dir, *args, timeout=timeout)

    def ctl_json(self, *args):
        return json.loads(self.ctl("--format", "json", *args))

    def ctl_fails(self, *args):
        """A verb that has to fail with one line and print nothing; returns the line."""
        done = subprocess.run([SHUNTCTL, "--run-dir", self.dir, *args], capture_output=True,
                              text=True, timeout=patience(60))
        assert done.returncode == 1, f"{args}: status {done.returncode}: {done.stderr}"
        assert done.stdout == "", f"{args}: printed {done.stdout}"
        lines = done.stderr.splitlines()
        assert len(lines) == 1 and lines[0].startswith("shuntctl: "), done.stderr
        return lines[0][len("shuntctl: "):]

    def ports(self, bridge):
        """The ports that show tells of, by device."""
        (shown,) = self.ctl_json("show", bridge)["bridges"]
        return {port["device"]: port for port in shown["ports"]}

    def pid(self):
        try:
            with open(self.dir + "/shuntd.pid", encoding="ascii") as file:
                return int(file.read())
        except (OSError, ValueError):
            return 0

    def is_alive(self):
        """A daemon lives as long as one of its threads holds the lock."""
        try:
            with open(self.dir + "/shuntd.pid", "rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def kill(self, number=signal.SIGKILL):
        os.kill(self.pid(), number)
        wait_for(lambda: not self.is_alive(), "the daemon ends")

    def stop(self, *args):
        self.ctl("stop", *args)

    def expect(self, pattern):
        """A warning or an error in the log that has this in it is no failure."""
        self.expected.append(pattern)

    def logged(self, pattern):
        """The lines of the log that have this in them."""
        with open(self.log, encoding="ascii") as file:
            return [line for line in file if re.search(pattern, line)]

    def forget_log(self):
        """Empties the log of a daemon that is gone, when it was checked."""
        self.check_log()
        os.truncate(self.log, 0)

    def wait_for_line(self, pattern, timeout=10):
        """Waits for a line in the log, which has to be the only one of its kind; returns it."""
        lines = wait_for(lambda: self.logged(pattern), f"the log says {pattern}", timeout)
        assert len(lines) == 1, lines
        return lines[0]

    def troubles(self, *verb):
        """What show, or another verb, says that is going wrong."""
        return [trouble["what"] for trouble in self.ctl_json(*(verb or ["show"]))["troubles"]]

    def tells_of(self, trouble, level="WARN"):
        """A trouble has begun: waits until the log tells of it; so do show and dpctl show."""
        if level == "WARN":
            self.expect(trouble)
        self.wait_for_line(f" {level} health: (?!over after ).*{trouble}")
        for verb in (["show"], ["dpctl", "show"]):
            assert any(re.search(trouble, said) for said in self.troubles(*verb)), (trouble, verb)
            assert re.search("(?m)^trouble for .*" + trouble, self.ctl(*verb)), (trouble, verb)

    def tells_the_end_of(self, trouble):
        """It is over: waits for the line, which it returns; show has forgotten it."""
        line = self.wait_for_line("health: over after .*" + trouble)
        assert not any(re.search(trouble, said) for said in self.troubles()), trouble
        return line

    def tells_of_a_death(self):
        """Whether the daemon says, as it shall wherever it does, that the one before it was killed."""
        found = self.ctl_json("show")["former_died"]
        line = "the daemon before this one ended without a stop"
        told = re.findall(f"(?m)^{line}, which was found at (.*)$", self.ctl("show"))
        assert told == ([found] if found else []), (told, found)
        start = [text for text in self.logged("INFO shuntd: (ready|the daemon before)")][-2:]
        assert (len(start) == 2 and line in start[0]) == bool(found), (start, found)
        return bool(found)

    def finish(self):
        while self.at_end:
            self.at_end.pop()()
        if self.is_alive():
            self.kill(signal.SIGTERM)
        # It looks for leaks when it has let go of its files.
        wait_for(lambda: not run("pgrep", "-f", f"^{SHUNTD} .*{self.dir}", check=False),
                 "the daemon's process ends", 30)
        reports = glob.glob(self.dir + "/sanitizer.*")
        assert not reports, "a sanitizer reported"
        self.check_log()

    def check_log(self):
        if not os.path.exists(self.log):
            return
        with open(self.log, encoding="ascii") as file:
            for line in file:
                assert re.fullmatch(r"[ -~]*\n?", line), f"logged unescaped: {line!r}"
                if not re.match(r"\S+Z (INFO|DBG) ", line):
                    assert any(re.search(p, line) for p in self.expected), f"logged: {line}"


def isolate(directory):
    assert libc.unshare(CLONE_NEWNET | CLONE_NEWNS) == 0, os.strerror(ctypes.get_errno())
    libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
    os.makedirs("/run/netns", exist_ok=True)
    run("mount", "-t", "tmpfs", "tmpfs", "/run/netns")
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
        os.environ[name] = (os.environ.get(name, "") +
                            f":log_path={directory}/sanitizer").strip(":")
    os.environ["OVS_RUNDIR"] = directory
    # The kernel's own frames would be in the way of counting.
    run("sysctl", "-q", "-w", "net.ipv6.conf.default.disable_ipv6=1")
    run("ip", "link", "set", "lo", "up")


def _run_test(test, directory):
    """In the child: returns what to say behind "not ok", or None."""
    switch = None
    try:
        isolate(directory)
        switch = Switch(directory)
        try:
            test(switch)
        finally:
            switch.finish()
    except Skip as skip:
        return f"# SKIP {skip}"
    except BaseException:  # pylint: disable=broad-except
        trace = traceback.format_exc()
        if switch and os.path.exists(switch.log):
            with open(switch.log, encoding="ascii") as file:
                trace += "".join(file.readlines()[-20:])
        for report in glob.glob(directory + "/sanitizer.*"):
            with open(report, encoding="utf-8", errors="replace") as file:
                trace += file.read(4000)
        return trace
    return None


def _fork_test(test):
    directory = tempfile.mkdtemp(prefix="shunt-test-")
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reader)
        said = _run_test(test, directory)
        os.write(writer, (said or "").encode())
        os._exit(0 if said is None else 1)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8", errors="replace") as file:
        said = file.read()
    status = os.waitpid(pid, 0)[1]
    shutil.rmtree(directory, ignore_errors=True)
    return status, said


def _take_turn():
    """Waits until no other system test of this build runs (make -j): each has ports and clocks to
    watch. The lock goes with the process."""
    lock = os.open(BUILD + "/tests/system.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    fcntl.flock(lock, fcntl.LOCK_EX)


def main():
    """Runs the tests whose names have an argument in them, or all."""
    if os.geteuid():
        print("1..0 # SKIP needs root")
        sys.exit(77)
    _take_turn()
    chosen = [t for t in cases if not sys.argv[1:] or any(a in t.__name__ for a in sys.argv[1:])]
    n_failed = 0
    print(f"1..{len(chosen)}", flush=True)
    for number, test in enumerate(chosen, 1):
        start = time.monotonic()
        status, said = _fork_test(test)
        if said.startswith("# SKIP"):
            print(f"ok {number} - {test.__name__} {said}", flush=True)
        elif status:
            n_failed += 1
            lines = said.splitlines()
            print(f"not ok {number} - {test.__name__}", flush=True)
            print("\n".join("# " + line for line in lines), flush=True)
        else:
            print(f"ok {number} - {test.__name__}", flush=True)
        print(f"# {time.monotonic() - start:.1f} s", flush=True)
    sys.exit(n_failed > 0)
