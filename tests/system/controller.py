#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Controllers: a learning switch on os-ken, fail modes, back-off, several controllers, listeners."""
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Skip, case, main, run, sh, wait_for  # noqa: E402
from hosts import Host  # noqa: E402

warnings.filterwarnings("ignore", "ssl.TLSVersion")  # Old ones are what is tried.

SOURCE = os.environ.get("top_srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


class Controller:
    """A learning switch on os-ken, on a port of this host."""

    def __init__(self, switch, port=6653):
        self.log = f"{switch.dir}/controller-{port}.log"
        manager = shutil.which("osken-manager")
        if not manager:
            raise Skip("os-ken is not installed")
        self.process = subprocess.Popen(
            [manager, "--ofp-listen-host", "127.0.0.1",
             "--ofp-tcp-listen-port", str(port), SOURCE + "/scripts/apps/learning_switch_13.py"],
            stdout=open(self.log, "w", encoding="utf-8"), stderr=subprocess.STDOUT)
        switch.at_end.append(self.stop)
        self.target = f"tcp:127.0.0.1:{port}"

    def errors(self):
        with open(self.log, encoding="utf-8") as file:
            return [line for line in file if "rror" in line or "Traceback" in line]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def hosts(switch, n, **settings):
    switch.start()
    switch.ctl("add-br", "br0", *(f"{k.replace('_', '-')}={v}" for k, v in settings.items()))
    made = [Host(f"h{i}", i) for i in range(1, n + 1)]
    for host in made:
        switch.ctl("add-port", "br0", host.device)
    return made


def controller_state(switch, target):
    (shown,) = switch.ctl_json("show", "br0")["bridges"]
    return next(c for c in shown["controllers"] if c["target"] == target)


def is_connected(switch, target):
    return controller_state(switch, target)["connected"]


def wait_until_it_rules(switch, controller):
    """The controller is connected, and its first flow is in."""
    wait_for(lambda: is_connected(switch, controller.target), "the controller is connected", 30)
    wait_for(lambda: "CONTROLLER" in switch.ctl("dump-flows", "br0"), "its first flow is in")


@case
def a_learning_controller_runs_four_hosts(switch):
    made = hosts(switch, 4, fail_mode="secure")
    controller = Controller(switch)
    switch.ctl("set-controller", "br0", controller.target)
    wait_until_it_rules(switch, controller)
    assert controller_state(switch, controller.target)["protocol"] == "OpenFlow13"
    for one in made:
        for other in made:
            if one is not other:
                assert one.pings(other.address, 5) == 5, (one.name, other.name)
    dump = run("ovs-ofctl", "-O", "OpenFlow13", "dump-flows", f"unix:{switch.dir}/br0.mgmt")
    assert dump.count("priority=1,") >= 6, dump
    controller.stop()
    assert controller.errors() == []
    switch.expect("connection")


@case
def a_lost_controller_is_called_again(switch):
    hosts(switch, 1, fail_mode="secure")
    controller = Controller(switch)
    switch.ctl("set-controller", "br0", controller.target)
    wait_for(lambda: is_connected(switch, controller.target), "connected", 30)
    switch.expect("connection")
    controller.stop()
    wait_for(lambda: not is_connected(switch, controller.target), "disconnected")
    controller = Controller(switch)
    wait_for(lambda: is_connected(switch, controller.target), "connected again", 30)
    controller.stop()


@case
def secure_mode_keeps_flows_without_controller(switch):
    one, other = hosts(switch, 2, fail_mode="secure")
    controller = Controller(switch)
    switch.ctl("set-controller", "br0", controller.target)
    wait_until_it_rules(switch, controller)
    assert one.pings(other.address, 5) == 5
    switch.expect("connection")
    controller.stop()
    wait_for(lambda: not is_connected(switch, controller.target), "disconnected")
    assert one.pings(other.address, 5) == 5


@case
def standalone_mode_takes_over_without_controller(switch):
    one, other = hosts(switch, 2)
    assert one.pings(other.address) == 3
    switch.expect("no controller is connected")
    switch.expect("connection")
    switch.ctl("set-controller", "br0", "tcp:127.0.0.1:6653")
    assert one.pings(other.address, 2) == 0
    deadline = time.monotonic() + 40
    while one.pings(other.address, 1) == 0:
        assert time.monotonic() < deadline, "the bridge never stood alone"
    controller = Controller(switch)
    wait_until_it_rules(switch, controller)
    # os-ken drops packet-ins until it has seen the ports, which no message tells of.
    wait_for(lambda: one.pings(other.address, 1), "the controller handles packet-ins")
    assert one.pings(other.address, 5) == 5
    dump = run("ovs-ofctl", "-O", "OpenFlow13", "dump-flows", f"unix:{switch.dir}/br0.mgmt")
    assert "NORMAL" not in dump and "CONTROLLER" in dump, dump
    controller.stop()


@case
def two_controllers_are_served(switch):
    hosts(switch, 1, fail_mode="secure")
    controllers = [Controller(switch, port) for port in (6653, 6654)]
    switch.ctl("set-controller", "br0", *(c.target for c in controllers))
    for controller in controllers:
        wait_for(lambda: is_connected(switch, controller.target), "connected", 30)
    for controller in controllers:
        controller.stop()
    switch.expect("connection")


@case
def listeners_answer(switch):
    hosts(switch, 1)
    switch.ctl("set-controller", "br0", "ptcp:6699:127.0.0.1", f"punix:{switch.dir}/extra")
    for target in ("tcp:127.0.0.1:6699", f"unix:{switch.dir}/extra"):
        assert "OFPST_PORT_DESC" in run("ovs-ofctl", "-O", "OpenFlow13", "dump-ports-desc", target)
    switch.ctl("del-controller", "br0")
    done = subprocess.run(["ovs-ofctl", "probe", "tcp:127.0.0.1:6699"], capture_output=True)
    assert done.returncode


def make_certificates(directory):
    """An authority, a switch's certificate, a peer's, one of it that is over, and one that the
    authority does not know."""
    sh(f"""cd {directory}; exec 2>/dev/null
        for ca in ca other; do
            openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=$ca -keyout $ca.key -out $ca.pem
        done
        sign() {{
            openssl req -newkey rsa:2048 -nodes -subj /CN=$4 -keyout $1.key -out $1.csr
            openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days $3 \\
                -out $1.pem
        }}
        sign switch ca 9 switch; sign peer ca 9 peer
        sign stranger other 9 peer; sign old ca -1 peer""")


@case
def tls_checks_certificates(switch):
    keys = switch.dir
    make_certificates(keys)
    tls = ["--private-key", f"{keys}/switch.key", "--certificate", f"{keys}/switch.pem",
           "--ca-cert", f"{keys}/ca.pem"]
    assert "together" in switch.start_fails(*tls[:2])
    assert "no certificate in PEM" in switch.start_fails(*tls[:2], "--certificate", switch.log,
                                                         *tls[4:])
    switch.start(*tls)
    switch.ctl("add-br", "br0")
    switch.ctl("set-controller", "br0", "pssl:6699:127.0.0.1")
    switch.expect("ssl|tls|TLS|certificate")

    def probe(name):
        return subprocess.run(
            ["ovs-ofctl", "-O", "OpenFlow13", "probe", "ssl:127.0.0.1:6699", "-p",
             f"{keys}/{name}.key", "-c", f"{keys}/{name}.pem", "-C", f"{keys}/ca.pem"],
            capture_output=True, text=True, timeout=30)

    assert probe("peer").returncode == 0, probe("peer").stderr
    assert probe("stranger").returncode != 0
    assert probe("peer").returncode == 0


def handshake(sock, keys, name, server_side=False, newest=ssl.TLSVersion.MAXIMUM_SUPPORTED):
    """As a peer that checks nothing and shows that certificate, or none, with all that OpenSSL ever
    thought safe; whether the switch says HELLO."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server_side else ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    if name:
        context.load_cert_chain(f"{keys}/{name}.pem", f"{keys}/{name}.key")
    try:
        with context.wrap_socket(sock, server_side=server_side) as stream:
            stream.settimeout(20)
            return stream.recv(8)[1:2] == b"\0"
    except OSError:
        return False


@case
def tls_refuses_wrong_certificates(switch):
    """Of another authority, one that is over, for another name, none at all: on a listener, and of a
    controller that is called; show and the log tell the reason. A listener refuses TLS before 1.2."""
    make_certificates(switch.dir)
    listener = socket.create_server(("127.0.0.1", 6698))
    listener.settimeout(20)
    switch.start("--private-key", f"{switch.dir}/switch.key", "--certificate",
                 f"{switch.dir}/switch.pem", "--ca-cert", f"{switch.dir}/ca.pem", "--peer-name", "peer")
    switch.ctl("add-br", "br0", "fail-mode=secure")
    passive, active = "pssl:6699:127.0.0.1", "ssl:127.0.0.1:6698"
    switch.ctl("set-controller", "br0", passive, active)
    failed = "certificate verify failed: "
    reasons = {"stranger": failed + "unable to get local issuer certificate",
               "old": failed + "certificate has expired", "switch": failed + "hostname mismatch",
               None: "peer did not return a certificate"}

    def is_told(target, reason):
        return (reason in controller_state(switch, target).get("last_error", "") and
                switch.logged(re.escape(reason)))

    for name, reason in reasons.items():
        assert not handshake(socket.create_connection(("127.0.0.1", 6699)), switch.dir, name), name
        wait_for(lambda: is_told(passive, reason), name)
    assert not handshake(socket.create_connection(("127.0.0.1", 6699)), switch.dir, "peer",
                         newest=ssl.TLSVersion.TLSv1_1)
    wait_for(lambda: is_told(passive, "unsupported protocol"), "TLS 1.1")
    for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert handshake(socket.create_connection(("127.0.0.1", 6699)), switch.dir, "peer",
                         newest=newest)
    for name in ("stranger", "old", "switch"):
        assert not handshake(listener.accept()[0], switch.dir, name, server_side=True), name
        wait_for(lambda: reasons[name] in controller_state(switch, active).get("last_error", ""), name)
        assert switch.logged("ssl:127.0.0.1:6698: refused .*" + re.escape(reasons[name])), name
    assert handshake(listener.accept()[0], switch.dir, "peer", server_side=True)
    listener.close()


@case
def tls_needs_its_options(switch):
    switch.start()
    switch.ctl("add-br", "br0")
    assert "ssl" in switch.ctl_fails("set-controller", "br0", "pssl:6699").lower()
    assert switch.ctl("get-controller", "br0") == ""


main()
