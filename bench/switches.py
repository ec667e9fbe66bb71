# SPDX-License-Identifier: Apache-2.0
"""Daemons of the contestants in the wires' namespace: shuntd and ovs-vswitchd."""
import contextlib
import dataclasses
import os
import shutil
import subprocess
import tempfile
import time

import rig


@dataclasses.dataclass
class Switch:
    pid: int
    directory: str  # Sockets and log.
    ctl: object  # Runs shuntctl, ovs-vsctl or ovs-appctl with the arguments; gives its output.
    appctl: object = None

    @property
    def openflow(self):
        return self.directory + "/br0.mgmt"

    def add_flow(self, flow):
        rig.run("ovs-ofctl", "-O", "OpenFlow14", "add-flow", "unix:" + self.openflow, flow)


def wait_for(path, process, name):
    deadline = time.monotonic() + 20
    while not os.path.exists(path):
        if process.poll() is not None or time.monotonic() > deadline:
            raise rig.Failed(f"{name} did not start: no {path}")
        time.sleep(0.01)


@contextlib.contextmanager
def started(*command):
    """Before other processes of the machine. `chrt` and `ip` execute the program in their own place,
    so that their process number is the program's."""
    process = subprocess.Popen(["chrt", "--rr", "1", *rig.inside(rig.NET, *command)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def shuntd(*args, wrapper=()):
    """With an empty bridge br0."""
    pins = f"/sys/fs/bpf/{rig.NET}"
    with tempfile.TemporaryDirectory() as run:
        def ctl(*args):
            return rig.ns(rig.BUILD + "/cli/shuntctl", "--run-dir", run, *args)
        try:
            with started(*wrapper, rig.BUILD + "/shuntd/shuntd", "--run-dir", run, "--no-persist",
                         "--pin-dir", pins, "--log-file", run + "/log", *args) as process:
                wait_for(run + "/shuntd.sock", process, "shuntd")
                ctl("add-br", "br0", "fail-mode=secure")
                yield Switch(process.pid, run, ctl)
        finally:
            shutil.rmtree(pins, ignore_errors=True)


@contextlib.contextmanager
def ovs(datapath, *args):
    """ovs-vswitchd with an empty bridge br0 of a datapath in user space: netdev or dummy."""
    with tempfile.TemporaryDirectory() as run:
        def ctl(*args):
            return rig.run("ovs-vsctl", "--timeout=20", f"--db=unix:{run}/db.sock", *args)

        def appctl(*args):
            return rig.run("ovs-appctl", "--target", f"{run}/vswitchd.ctl", *args)
        rig.run("ovsdb-tool", "create", run + "/db", "/usr/share/openvswitch/vswitch.ovsschema")
        os.environ.update(OVS_RUNDIR=run, OVS_DBDIR=run, OVS_LOGDIR=run)
        with started("ovsdb-server", run + "/db", f"--remote=punix:{run}/db.sock",
                     f"--unixctl={run}/ovsdb.ctl", "-vconsole:off") as server:
            wait_for(run + "/db.sock", server, "ovsdb-server")
            ctl("--no-wait", "init")
            with started("ovs-vswitchd", f"unix:{run}/db.sock", f"--unixctl={run}/vswitchd.ctl",
                         f"--log-file={run}/log", "-vconsole:off", *args) as switch:
                ctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=" + datapath,
                    "fail-mode=secure", "protocols=OpenFlow10,OpenFlow14")
                wait_for(run + "/br0.mgmt", switch, "ovs-vswitchd")
                yield Switch(switch.pid, run, ctl, appctl)
