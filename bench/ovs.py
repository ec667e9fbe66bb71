# SPDX-License-Identifier: Apache-2.0
"""Open vSwitch's daemons in a directory of their own, for the benchmarks."""
import contextlib
import os
import subprocess
import tempfile
import time

import rig


def wait_for(path):
    deadline = time.monotonic() + 20
    while not os.path.exists(path):
        if time.monotonic() > deadline:
            raise SystemExit(f"no {path} within 20 s")
        time.sleep(0.01)


@contextlib.contextmanager
def ended(*processes):
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            process.wait(20)


@contextlib.contextmanager
def daemons(*options, namespace=None):
    """Runs ovsdb-server and ovs-vswitchd; gives the run directory and the switch's process number."""
    inside = ["ip", "netns", "exec", namespace] if namespace else []
    with tempfile.TemporaryDirectory() as run:
        os.environ.update(OVS_RUNDIR=run, OVS_DBDIR=run, OVS_LOGDIR=run)
        rig.run("ovsdb-tool", "create", run + "/db", "/usr/share/openvswitch/vswitch.ovsschema")
        server = subprocess.Popen(["ovsdb-server", run + "/db", f"--remote=punix:{run}/db.sock",
                                   "-vconsole:off"])
        with ended(server):
            wait_for(run + "/db.sock")
            rig.run("ovs-vsctl", f"--db=unix:{run}/db.sock", "--no-wait", "init")
            switch = subprocess.Popen(inside + ["ovs-vswitchd", f"unix:{run}/db.sock",
                                                "-vconsole:off", *options],
                                      stderr=subprocess.DEVNULL)
            with ended(switch):
                yield run, switch.pid


def configure(run, *command):
    rig.run("ovs-vsctl", f"--db=unix:{run}/db.sock", *command)


@contextlib.contextmanager
def dummy():
    """A bridge on a datapath that does nothing; gives its address and the process number."""
    with daemons("--enable-dummy=override") as (run, pid):
        configure(run, "add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy",
                  "fail-mode=secure", "protocols=OpenFlow14")
        wait_for(run + "/br0.mgmt")
        yield run + "/br0.mgmt", pid


@contextlib.contextmanager
def afxdp(namespace, *devices):
    """A bridge in user space over AF_XDP; port N is the Nth device. Gives its address."""
    with daemons(namespace=namespace) as (run, _):
        configure(run, "add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev",
                  "fail-mode=secure")
        for number, device in enumerate(devices, 1):
            configure(run, "add-port", "br0", device, "--", "set", "interface", device,
                      "type=afxdp", f"ofport_request={number}")
        wait_for(run + "/br0.mgmt")
        yield f"unix:{run}/br0.mgmt"
