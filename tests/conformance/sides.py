# SPDX-License-Identifier: Apache-2.0
"""Two switches with the same ports, each in a network namespace: ours and Open vSwitch.

Both have bridge br0 (datapath id 1, secure, every protocol) with ports 1 to 3, p1 to p3, which are
veths with fixed MAC addresses; what leaves a port comes to its wire's other end. A side runs
ovs-ofctl in its namespace, so that both see the same names.
"""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import harness  # noqa: E402
from harness import SHUNTCTL, Skip, run, sh, wait_for  # noqa: E402
from hosts import Raw  # noqa: E402

PROTOCOLS = "OpenFlow10,OpenFlow13,OpenFlow14,OpenFlow15"
N_PORTS = 3
LOCAL_MAC = "02:00:00:00:01:00"


class Side:
    """One switch. `name` names the namespace too."""

    def __init__(self, name, directory):
        self.name, self.dir, self.wires = name, f"{directory}/{name}", {}
        os.mkdir(self.dir)
        self.environment = dict(os.environ, OVS_RUNDIR=self.dir, OVS_DBDIR=self.dir,
                                OVS_LOGDIR=self.dir, OVS_SYSCONFDIR=self.dir)
        sh(f"ip netns add {name}; ip netns exec {name} sysctl -qw"
           f" net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.all.disable_ipv6=1;"
           f"ip -n {name} link set lo up")
        for i in range(1, N_PORTS + 1):
            sh(f"ip -n {name} link add p{i} address 02:00:00:00:00:{i:02x} type veth peer name h{i};"
               f"ip -n {name} link set p{i} up; ip -n {name} link set h{i} up promisc on")
            self.wires[i] = Raw(f"h{i}", name)
        self.target = f"unix:{self.dir}/br0.mgmt"

    def run(self, *command, timeout=60, stdin=None):
        """Status, standard output and standard error of a command in the namespace."""
        done = subprocess.run(["ip", "netns", "exec", self.name, *command], capture_output=True,
                              text=True, timeout=timeout, env=self.environment, input=stdin or "")
        return done.returncode, done.stdout, done.stderr

    def must(self, *command, timeout=60):
        status, out, error = self.run(*command, timeout=timeout)
        assert not status, f"{self.name}: {' '.join(command)}: {error}"
        return out

    def settle(self):
        """Counters are up to date after this."""

    def forget(self):
        """What happens to packets is decided anew."""

    def remove(self):
        for wire in self.wires.values():
            wire.socket.close()
        run("ip", "netns", "del", self.name)

    def flush_wires(self):
        for wire in self.wires.values():
            while wire.receive(0) is not None:
                pass


class Shunt(Side):
    title = "Shunt"

    def start(self):
        self.switch = harness.Switch(self.dir)
        command = self.switch.command
        self.switch.command = lambda *args: ["ip", "netns", "exec", self.name, *command(*args)]
        self.switch.start()
        self.ctl("add-br", "br0", "fail-mode=secure", "datapath-id=0000000000000001",
                 "protocols=" + PROTOCOLS)
        sh(f"ip -n {self.name} link set br0 address {LOCAL_MAC}")
        for i in range(1, N_PORTS + 1):
            self.ctl("add-port", "br0", f"p{i}", f"ofport={i}")

    def ctl(self, *args):
        return self.must(SHUNTCTL, "--run-dir", self.dir, *args)

    def set_controller(self, *targets):
        self.ctl("set-controller" if targets else "del-controller", "br0", *targets)

    def is_connected(self):
        return '"connected": true' in self.ctl("--format", "json", "show", "br0")

    def finish(self):
        self.switch.expect("is missing, port . waits for it")  # The namespace may go first.
        self.switch.finish()


class OpenVSwitch(Side):
    title = "Open vSwitch"

    def start(self):
        self.must("ovsdb-tool", "create", f"{self.dir}/conf.db",
                  "/usr/share/openvswitch/vswitch.ovsschema")
        for daemon in (("ovsdb-server", f"{self.dir}/conf.db",
                        f"--remote=punix:{self.dir}/db.sock"),
                       ("ovs-vswitchd", f"unix:{self.dir}/db.sock", "--disable-system")):
            self.must(*daemon, f"--pidfile={self.dir}/{daemon[0]}.pid", "--detach", "--no-chdir",
                      "-vconsole:off", f"--log-file={self.dir}/{daemon[0]}.log")
        self.ctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev",
                 "fail_mode=secure", "protocols=" + PROTOCOLS,
                 "other-config:datapath-id=0000000000000001",
                 f'other-config:hwaddr="{LOCAL_MAC}"', "other-config:disable-in-band=true")
        for i in range(1, N_PORTS + 1):
            self.ctl("add-port", "br0", f"p{i}", "--", "set", "interface", f"p{i}",
                     f"ofport_request={i}")
        sh(f"ip -n {self.name} link set br0 up")

    def ctl(self, *args):
        return self.must("ovs-vsctl", f"--db=unix:{self.dir}/db.sock", "-t", "20", *args)

    def set_controller(self, *targets):
        self.ctl("set-controller" if targets else "del-controller", "br0", *targets)

    def is_connected(self):
        return self.ctl("--bare", "--columns=is_connected", "find", "controller").strip() == "true"

    def settle(self):
        self.must("ovs-appctl", "-t", "ovs-vswitchd", "revalidator/wait")

    def forget(self):
        # What no controller wanted stays dropped when one has come.
        self.must("ovs-appctl", "-t", "ovs-vswitchd", "revalidator/purge")

    def finish(self):
        for daemon in ("ovs-vswitchd", "ovsdb-server"):
            path = f"{self.dir}/{daemon}.pid"
            if os.path.exists(path):
                self.run("ovs-appctl", "-t", daemon, "exit")
                wait_for(lambda p=path: not os.path.exists(p), f"{daemon} ends")


def openvswitch_version():
    """Of ovs-vswitchd; Skip says what is missing."""
    for program in ("ovs-vswitchd", "ovsdb-server", "ovs-ofctl", "ovs-vsctl"):
        if not shutil.which(program):
            raise Skip(f"{program} is not installed (Debian's openvswitch-switch)")
    return re.search(r"[\d.]+", run("ovs-vswitchd", "--version"))[0]
