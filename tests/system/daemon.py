#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The daemon's life, its configuration and the verbs about bridges, ports and controllers."""
import difflib
import glob
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SHUNTCTL, SHUNTD, case, main, patience, run, sh, wait_for  # noqa: E402
from preload import Faults  # noqa: E402


def links():
    return {link["ifname"]: link for link in json.loads(run("ip", "-j", "link"))}


def veth(*names):
    for name in names:
        sh(f"ip link add {name} up type veth peer name {name}-p && ip link set {name}-p up")


def settled(switch):
    """What show tells, without what changes by itself."""
    shown = switch.ctl_json("show")
    shown.pop("former_died")
    for bridge in shown["bridges"]:
        for port in bridge["ports"]:
            port.pop("stats", None)
            port.pop("why", None)
            port.pop("link_changes")
        for controller in bridge["controllers"]:
            controller.pop("since_ms")
    return shown


# ---- Bridges ----

@case
def bridges_come_and_go(switch):
    switch.start()
    switch.ctl("add-br", "br1")
    switch.ctl("add-br", "br0", "datapath-id=00000000000000aa", "fail-mode=secure",
               "protocols=OpenFlow10,OpenFlow13", "n-tables=8")
    assert switch.ctl("list-br") == "br0\nbr1\n"
    assert switch.ctl_json("list-br") == ["br0", "br1"]
    (shown,) = switch.ctl_json("show", "br0")["bridges"]
    assert shown["datapath_id"] == "00000000000000aa"
    assert shown["fail_mode"] == "secure"
    assert shown["protocols"] == ["OpenFlow10", "OpenFlow13"]
    assert shown["n_tables"] == 8
    switch.ctl("set-fail-mode", "br0", "standalone")
    switch.ctl("set-br", "br0", "datapath-id=00000000000000bb", "protocols=OpenFlow13")
    (shown,) = switch.ctl_json("show", "br0")["bridges"]
    assert shown["fail_mode"] == "standalone"
    assert shown["datapath_id"] == "00000000000000bb"
    assert shown["protocols"] == ["OpenFlow13"]
    switch.ctl("--may-exist", "add-br", "br0")
    switch.ctl("del-br", "br0")
    switch.ctl("--if-exists", "del-br", "br0")
    assert switch.ctl("list-br") == "br1\n"
    assert "br0" not in links()


@case
def local_port_is_a_device_of_the_bridges_name(switch):
    switch.start()
    switch.ctl("add-br", "br0")
    device = links()["br0"]
    assert "UP" in device["flags"]
    port = switch.ports("br0")["br0"]
    assert port["ofport"] == "LOCAL" and port["hook"] == "tc"
    assert port["mac"] == device["address"]
    (shown,) = switch.ctl_json("show", "br0")["bridges"]
    assert shown["datapath_id"] == "0000" + device["address"].replace(":", "")
    run("ip", "link", "del", "br0")
    switch.expect("device 'shunt-.*' is missing")
    wait_for(lambda: switch.ports("br0")["br0"].get("mac") == device["address"],
             "the local port is made again with its address")


BAD_REQUESTS = [
    (["add-br", "br0"], "bridge 'br0' exists already"),
    (["add-br", "a-name-that-is-too-long"], "a name has 1 to 15 characters, this one has 23"),
    (["add-br", "a/b"], "character 2: a name has no '/'"),
    (["add-br", "a b"], "character 2: a name has no '/', ':', spaces"),
    (["add-br", "br\u00e9"], "character 3"),
    (["add-br", "br%d"], "character 3"),
    (["add-br", ""], "a name has 1 to 15 characters, this one has 0"),
    (["add-br", ".."], "not a name that a device can have"),
    (["add-br", "v1"], "a veth device of that name exists"),
    (["add-br", "new", "datapath-id=12"], "datapath id '12': want 16 hexadecimal digits"),
    (["add-br", "new", "datapath-id=0000000000000000"], "that are not all zero"),
    (["add-br", "new", "fail-mode=open"], "fail mode 'open': want secure or standalone"),
    (["add-br", "new", "protocols=OpenFlow9"], "protocol 'OpenFlow9': want OpenFlow10"),
    (["add-br", "new", "n-tables=255"], "n_tables 255: want 1 to 254"),
    (["add-br", "new", "n-tables=x"], "n-tables 'x': want a number"),
    (["add-br", "new%d"], "bridge 'new%d': character 4: a name has no"),
    (["add-br", b"\xff"], "add-br: argument 1: want text in UTF-8"),
    (["add-br", "new", "colour=red"], "argument 'colour=red': want datapath-id="),
    (["del-br", "nix"], "bridge 'nix' does not exist: 'shuntctl list-br' names them"),
    (["add-port", "nix", "v2"], "bridge 'nix' does not exist"),
    (["add-port", "br0", "nix"], "device 'nix' does not exist in this network namespace"),
    (["add-port", "br0", "v1"], "device 'v1' is already port 7 of bridge 'br0'"),
    (["add-port", "br1", "v1"], "device 'v1' is already port 7 of bridge 'br0'"),
    (["add-port", "br0", "v2", "ofport=7"], "ofport 7 of bridge 'br0' is device 'v1' already"),
    (["add-port", "br0", "v2", "ofport=0"], "ofport 0: want 1 to 65279"),
    (["add-port", "br0", "v2", "ofport=65280"], "ofport 65280: want 1 to 65279"),
    (["add-port", "br0", "v2", "ofport=1x"], "ofport '1x': want a number"),
    (["add-port", "br0", "v2", "hook=fast"], "hook 'fast': want auto, xdp or tc"),
    (["add-port", "br0", "v2", "speed=1"], "argument 'speed=1': want ofport=, hook= or peer="),
    (["add-port", "br0", "v2", "peer=on"], "peer 'on': want auto or off"),
    (["set-port", "br0", "v2", "peer=off"], "device 'v2' is no port of bridge 'br0'"),
    (["set-port", "br0", "v1", "hook=tc"], "argument 'hook=tc': want peer="),
    (["add-port", "br0", "lo"], "device 'lo' carries no Ethernet frames"),
    (["add-port", "br0", "br1"], "device 'br1' is the local port of bridge 'br1'"),
    (["add-port", "br0", "m1-p"], "device 'm1-p' belongs to linuxbr: release it with 'ip link"),
    (["add-port", "br0"], "add-port: want: shuntctl add-port BR DEV"),
    (["del-port", "br0", "v2"], "device 'v2' is no port of bridge 'br0'"),
    (["del-port", "br1", "v1"], "device 'v1' is a port of bridge 'br0', not of 'br1'"),
    (["del-port", "br0", "br0"], "device 'br0' is a local port"),
    (["set-controller", "br0", "udp:1.2.3.4"], "udp:1.2.3.4"),
    (["set-controller", "br0", "tcp:1.2.3.4:99999"], "99999"),
    (["set-controller", "nix", "tcp:1.2.3.4"], "bridge 'nix' does not exist"),
    (["set-controller", "br0", b"\xff"], "set-controller: argument 2: want text in UTF-8"),
    (["set-controller", "br0", "controller-rate-limit=5"], "want a controller first"),
    (["set-controller", "br0", "ssl:1.2.3.4"], "ssl:1.2.3.4: TLS takes shuntd's --private-key"),
    (["set-fail-mode", "br0", "open"], "fail mode 'open': want secure or standalone"),
    (["set-fail-mode", "br0", b"\xff"], "set-fail-mode: argument 2: want text in UTF-8"),
    (["frobnicate"], "there is no verb 'frobnicate'"),
    (["dpctl", "frobnicate"], "there is no verb 'dpctl frobnicate'"),
    (["dpctl", "show", "br0"], "dpctl show: want: shuntctl dpctl show"),
    (["--"], "which verb?"),
    (["--colour", "show"], "there is no option '--colour'"),
    (["show", "-x"], "there is no option '-x'"),
    (["show", "--format"], "option '--format' wants an argument"),
    (["show", "-O"], "option '-O' wants an argument"),
    (["snoop", "nix"], "bridge 'nix' does not exist in "),
    (["ofp-print", "0100000800000001", "x"], "verbosity 'x': want a number"),
    (["ofp-parse", "/"], "ofp-parse: /: Is a directory"),
    (["ofp-parse-pcap", "/"], "ofp-parse-pcap: /: Is a directory"),
    (["--format", "xml", "show"], "format 'xml': want text or json"),
    (["-O", "OpenFlow99", "show"], "protocol 'OpenFlow99': want OpenFlow10"),
]


@case
def bad_requests_get_one_line_and_change_nothing(switch):
    switch.start()
    veth("v1", "v2", "m1")
    sh("ip link add linuxbr type bridge; ip link set m1-p master linuxbr")
    switch.ctl("add-br", "br0")
    switch.ctl("add-br", "br1")
    switch.ctl("add-port", "br0", "v1", "ofport=7")

    def state():
        shown = settled(switch)
        with open(switch.dir + "/config.json", encoding="utf-8") as file:
            return shown, file.read(), sorted(links())

    switch.ctl("set-controller", "br0", "ptcp:6699:127.0.0.1")
    before = state()
    for args, said in BAD_REQUESTS:
        line = switch.ctl_fails(*args)
        assert said in line, f"{args}: {line}"
        assert state() == before, args


# ---- Ports ----

@case
def ports_get_numbers(switch):
    switch.start()
    veth("v1", "v2", "v3", "v4")
    switch.ctl("add-br", "br0")
    switch.ctl("add-port", "br0", "v1")
    switch.ctl("add-port", "br0", "v2", "ofport=3", "hook=tc")
    switch.ctl("add-port", "br0", "v3")
    switch.ctl("add-port", "br0", "v4")
    ports = switch.ports("br0")
    assert [ports[v]["ofport"] for v in ("v1", "v2", "v3", "v4")] == [1, 3, 2, 4]
    assert ports["v2"]["hook"] == "tc" and ports["v2"]["why"]
    assert switch.ctl("list-ports", "br0") == "v1\nv3\nv2\nv4\n"
    switch.ctl("--may-exist", "add-port", "br0", "v2")
    switch.ctl("del-port", "br0", "v2")
    switch.ctl("--if-exists", "del-port", "br0", "v2")
    assert switch.ctl_json("list-ports", "br0") == ["v1", "v3", "v4"]


@case
def joined_commands_are_done_or_undone_together(switch):
    """As with ovs-vsctl: when one fails, what those before it added is taken away again."""
    switch.start()
    veth("v1", "v2", "v3")
    devices = links()
    switch.ctl("add-br", "br0", "fail-mode=secure", "--", "add-port", "br0", "v1", "ofport=5", "--",
               "--may-exist", "add-port", "br0", "v1", "--", "add-port", "br0", "v2", "--",
               "set-controller", "br0", "ptcp:6699:127.0.0.1")
    assert switch.ctl("list-ports", "br0") == "v2\nv1\n"
    assert switch.ctl("get-controller", "br0") == "ptcp:6699:127.0.0.1\n"

    def state():
        with open(switch.dir + "/config.json", encoding="utf-8") as file:
            return settled(switch), file.read(), set(links())

    before = state()
    for commands, said in (
            ("add-br br1 -- add-port br1 v3 -- add-port br1 nix", "device 'nix' does not exist"),
            ("add-port br0 v3 -- --may-exist add-port br0 v1 -- add-port br0 v2", "already port 1"),
            ("add-br br1 -- show", "show: cannot be joined to others by --"),
            ("add-br br1 --", "which verb?"),
            ("add-br br1 -- add-port br1", "add-port: want")):
        assert said in switch.ctl_fails(*commands.split()), commands
        assert state() == before, commands
    (answer,) = talk(switch, b'{"verb": "transaction", "requests": [{"verb": "stop"}]}\n')
    assert "requests[0] is 'stop'" in answer, answer
    switch.ctl("--", "--if-exists", "del-port", "br0", "nix", "--", "del-br", "br0")
    assert switch.ctl("list-br") == "" and set(links()) == set(devices)


@case
def joined_commands_are_undone_when_they_cannot_be_saved(switch):
    switch.start()
    veth("v1")
    devices = links()
    os.mkdir(switch.dir + "/config.json.new")
    assert "could not be saved" in switch.ctl_fails("add-br", "br0", "--", "add-port", "br0", "v1")
    assert switch.ctl("list-br") == "" and set(links()) == set(devices)
    os.rmdir(switch.dir + "/config.json.new")
    switch.ctl("add-br", "br0", "--", "add-port", "br0", "v1")


@case
def a_bridge_goes_at_once_and_its_ports_in_turns(switch):
    """Whoever asks meanwhile finds no bridge; in the end nothing of it is left, also if the daemon
    is stopped before. What is left when it is killed is its successor's to remove."""
    switch.start()
    names = [f"v{i}" for i in range(20)]
    veth(*names)
    devices = links()
    ports = sum((["--", "add-port", "br0", name] for name in names), [])
    for ending in (None, switch.kill, switch.stop):
        switch.ctl("add-br", "br0", *ports)
        with subprocess.Popen([SHUNTCTL, "--run-dir", switch.dir, "del-br", "br0"],
                              stderr=subprocess.DEVNULL) as removal:
            wait_for(lambda: switch.ctl("list-br") == "", "the bridge is gone")
            assert switch.ctl_json("show")["bridges"] == []
            left = len(switch.ctl_json("dpctl", "show")["ports"])
            print(f"# {left} ports are left when it is gone", file=sys.stderr)
            if ending:
                ending()
        if ending == switch.kill:
            switch.start()
            switch.ctl("--if-exists", "del-br", "br0")
        else:
            assert removal.returncode == 0
        if ending != switch.stop:
            assert switch.ctl_json("dpctl", "show")["ports"] == []
        with open(switch.dir + "/config.json", encoding="utf-8") as file:
            assert json.load(file)["bridges"] == []
        assert set(links()) <= set(devices)


@case
def a_joined_removal_goes_in_turns_too(switch):
    """Others are answered between its ports, before the step behind it is done; a daemon that is
    stopped then takes the rest away, and its successor starts from what was saved."""
    switch.start()
    names = [f"v{i}" for i in range(20)]
    veth(*names)
    devices = links()
    ports = sum((["--", "add-port", "br0", name] for name in names), [])
    for ends in (False, True):
        switch.ctl("add-br", "br0", *ports)
        with subprocess.Popen([SHUNTCTL, "--run-dir", switch.dir, "del-br", "br0", "--", "add-br",
                               "br0", "--", "add-br", "br1"], stderr=subprocess.PIPE) as joined:
            wait_for(lambda: switch.ctl("list-br") == "", "the bridge is gone, no other is there")
            if ends:
                switch.stop()
            said = joined.stderr.read().decode()
        assert joined.returncode == ends and ("the daemon ends" in said) == ends, said
        if not ends:
            assert switch.ctl("list-br") == "br0\nbr1\n" and switch.ctl("list-ports", "br0") == ""
            switch.ctl("del-br", "br0", "--", "del-br", "br1")
        assert set(links()) <= set(devices)
    switch.start()
    assert switch.ctl_json("list-ports", "br0") == names


@case
def a_forced_hook_is_used(switch):
    switch.start()
    veth("v1", "v2")
    switch.ctl("add-br", "br0")
    switch.ctl("add-port", "br0", "v1", "hook=xdp")
    switch.ctl("add-port", "br0", "v2", "hook=tc")
    assert switch.ports("br0")["v1"]["hook"] == "xdp"
    assert "xdp" in links()["v1"]
    assert "xdp" not in links()["v2"]
    switch.ctl("del-port", "br0", "v1")
    assert "xdp" not in links()["v1"]


@case
def names_with_control_characters_are_no_ports(switch):
    """A port whose device is named so is missing: neither the log nor the configuration has the
    name, and the port is back with its device's own."""
    switch.start()
    veth("v1")
    switch.ctl("add-br", "br0")
    switch.ctl("add-port", "br0", "v1")
    switch.expect("device 'v1' is missing")
    for name in ("v\x1b[31m", b"v\xff\xc3".decode(errors="surrogateescape")):
        run("ip", "link", "set", "v1", "name", name)
        wait_for(lambda: switch.ports("br0")["v1"].get("error"), "v1 is missed")
        run("ip", "link", "set", name, "name", "v1")
        wait_for(lambda: switch.ports("br0")["v1"].get("hook"), "v1 is back")
    assert switch.ctl("list-ports", "br0") == "v1\n"


@case
def a_device_goes_and_returns(switch):
    switch.start()
    veth("v1")
    switch.ctl("add-br", "br0")
    switch.ctl("add-port", "br0", "v1", "ofport=4")
    switch.expect("device 'v1' is missing")
    run("ip", "link", "del", "v1")
    port = wait_for(lambda: (p := switch.ports("br0")["v1"]).get("error") and p, "v1 is missed")
    assert port["error"] == "device 'v1' is missing" and "hook" not in port
    veth("v1")
    port = wait_for(lambda: (p := switch.ports("br0")["v1"]).get("hook") and p, "v1 is back")
    assert port["ofport"] == 4 and "error" not in port


@case
def a_device_that_another_bridge_took_is_waited_for(switch):
    switch.start()
    veth("v1")
    sh("ip link add linuxbr type bridge")
    switch.ctl("add-br", "br0")
    switch.ctl("add-port", "br0", "v1")
    switch.stop()
    run("ip", "link", "set", "v1", "master", "linuxbr")
    switch.expect("device 'v1' belongs to linuxbr")
    switch.start()
    assert "belongs to linuxbr" in switch.ports("br0")["v1"]["error"]
    run("ip", "link", "set", "v1", "nomaster")
    wait_for(lambda: "hook" in switch.ports("br0")["v1"], "v1 is attached")


@case
def a_renamed_device_stays_the_port(switch):
    switch.start()
    veth("v1")
    switch.ctl("add-br", "br0")
    switch.ctl("add-port", "br0", "v1", "ofport=4")
    run("ip", "link", "set", "v1", "name", "w1")
    wait_for(lambda: "w1" in switch.ports("br0"), "the port has the new name")
    assert switch.ports("br0")["w1"]["ofport"] == 4
    switch.ctl("restart")
    assert switch.ports("br0")["w1"]["ofport"] == 4


@case
def a_device_renamed_to_a_missing_one_takes_its_port(switch):
    switch.start()
    veth("v1", "v2")
    switch.ctl("add-br", "br0")
    switch.ctl("add-port", "br0", "v1")
    switch.ctl("add-port", "br0", "v2")
    switch.expect("is missing")
    run("ip", "link", "del", "v1")
    wait_for(lambda: "error" in switch.ports("br0")["v1"], "v1 is missed")
    run("ip", "link", "set", "v2", "name", "v1")
    wait_for(lambda: "hook" in switch.ports("br0")["v1"], "v1 is there again")
    ports = switch.ports("br0")
    assert ports["v1"]["ofport"] == 1 and "error" in ports["v2"]


@case
def link_state_is_shown(switch):
    switch.start()
    veth("v1")
    switch.ctl("add-br", "br0")
    switch.ctl("add-port", "br0", "v1")
    wait_for(lambda: switch.ports("br0")["v1"]["carrier"], "carrier")
    run("ip", "link", "set", "v1-p", "down")
    wait_for(lambda: not switch.ports("br0")["v1"]["carrier"], "no carrier")
    run("ip", "link", "set", "v1", "down")
    wait_for(lambda: not switch.ports("br0")["v1"]["admin_up"], "down")
    assert " down," in switch.ctl("show")


# ---- Controllers ----

@case
def controllers_are_kept_in_order(switch):
    switch.start()
    switch.ctl("add-br", "br0")
    targets = ["tcp:127.0.0.1:6653", f"punix:{switch.dir}/p", "ptcp:6699:127.0.0.1"]
    switch.ctl("set-controller", "br0", *targets)
    assert switch.ctl("get-controller", "br0").splitlines() == targets
    switch.ctl("restart")
    assert switch.ctl_json("get-controller", "br0") == targets
    switch.ctl("del-controller", "br0")
    assert switch.ctl("get-controller", "br0") == ""


@case
def the_local_ports_hook_is_nobodys_wish(switch):
    switch.start()
    switch.ctl("add-br", "br0")
    port = switch.ports("br0")["br0"]
    assert port["hook"] == "tc" and "asked" not in port["why"], port


@case
def what_takes_too_long_is_given_up(switch):
    switch.start()
    switch.ctl("add-br", "br0")
    for verb in "monitor", "snoop":
        line = switch.ctl_fails("--timeout", "1", verb, "br0")
        assert line == "no end within 1 s (--timeout)", line


# ---- The process ----

@case
def a_second_daemon_is_refused(switch):
    switch.start()
    line = switch.start_fails()
    assert f"another shuntd (process {switch.pid()}) uses this run directory" in line
    switch.ctl("show")


@case
def options_are_checked(switch):
    for args, said in [
        (["--max-flows", "0"], "--max-flows '0': want a number from 1"),
        (["--max-flows", "many"], "--max-flows 'many': want a number"),
        (["--handlers", "1000"], "--handlers '1000': want a number from 1 to 64"),
        (["stray"], "'stray': want options only"),
        (["--colour"], "there is no option '--colour'"),
        (["--devices", ""], "--devices '': want a pattern"),
        (["--max-flows"], "option '--max-flows' wants an argument"),
        (["--run-dir", "/nonexistent/dir"], "/nonexistent/dir: the run directory could not"),
        (["--state-dir", "/nonexistent/dir"], "/nonexistent/dir: the state directory could not"),
        (["--log-file", "/nonexistent/log"], "/nonexistent/log: the log could not be opened"),
    ]:
        line = switch.start_fails(*args)
        assert said in line, line


@case
def missing_privileges_are_named(switch):
    for capability in ("net_admin", "net_raw"):
        done = subprocess.run(
            ["setpriv", f"--bounding-set=-{capability}", f"--inh-caps=-{capability}",
             *switch.command()], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert f"privilege CAP_{capability.upper()} is missing" in done.stderr, done.stderr
        assert "run as root" in done.stderr
    done = subprocess.run(
        ["setpriv", "--bounding-set=-bpf,-sys_admin", "--inh-caps=-bpf,-sys_admin",
         *switch.command()], capture_output=True, text=True, timeout=60)
    assert "privilege CAP_BPF is missing" in done.stderr, done.stderr


@case
def help_and_version_are_printed(switch):
    for program in (SHUNTD, SHUNTCTL):
        assert run(program, "--help").startswith("Usage: shunt")
        assert re.fullmatch(r"shunt \d+\.\d+\.\d+\n", run(program, "--version"))
    for option in ("--help", "--version"):
        with open("/dev/full", "wb") as full:
            assert subprocess.run([SHUNTCTL, option], stdout=full, stderr=subprocess.DEVNULL).returncode == 1
    assert "shuntd.sock" in switch.ctl_fails("show")


def host_state(*but):
    """What a stopped daemon must leave as it was: devices (but some), qdiscs and filters."""
    devices = {name: (link["flags"], link["address"], "xdp" in link)
               for name, link in links().items() if name not in but}
    tc = [run("tc", *args, "show", "dev", name, *where, check=False) for name in sorted(devices)
          for args, where in ((["qdisc"], []), (["filter"], ["ingress"]))]
    return devices, tc, run("ip", "-d", "link", "show", "type", "veth")


@case
def stopping_leaves_the_host_as_it_was(switch):
    veth("v1", "v2", "v3")
    sh("ip link add d1 type bridge")
    wait_for(lambda: "LOWER_UP" in links()["v3-p"]["flags"], "carrier")
    before = host_state()
    pins = os.listdir(switch.bpf)
    for end in (switch.stop, lambda: switch.kill(signal.SIGTERM), lambda: switch.kill(signal.SIGINT)):
        switch.start("--no-persist")
        switch.ctl("add-br", "br0")
        switch.ctl("add-port", "br0", "v1", "hook=tc")
        switch.ctl("add-port", "br0", "v2", "hook=xdp")
        switch.ctl("add-port", "br0", "v3")
        switch.ctl("add-port", "br0", "d1")
        assert host_state() != before
        end()
        assert not switch.is_alive()
        after = host_state()
        assert after == before, "\n".join(difflib.ndiff(
            json.dumps(before, indent=1).splitlines(), json.dumps(after, indent=1).splitlines()))
        assert os.listdir(switch.bpf) == pins


def map_bytes(pid):
    """What the kernel says that the daemon's maps take, each once."""
    sizes = {}
    for name in os.listdir(f"/proc/{pid}/fdinfo"):
        with open(f"/proc/{pid}/fdinfo/{name}", encoding="ascii") as file:
            info = dict(re.findall(r"(\w+):\t(\d+)", file.read()))
        if "map_id" in info:
            sizes[info["map_id"]] = int(info["memlock"])
    return sum(sizes.values())


@case
def memory_is_told(switch):
    switch.start("--max-flows", "300000")
    memory = switch.ctl_json("dpctl", "show")["memory"]
    flow, mib = memory["flow"], 1 << 20
    assert memory["daemon"] == 0 and memory["daemon_max"] == 300000 * flow["daemon"], memory
    real = map_bytes(switch.pid())
    assert memory["maps"] <= real < memory["maps"] * 1.25, (memory, real)
    line = switch.wait_for_line("room for 300000 flows")
    assert [int(n) for n in re.findall(r"\d+", line.split("flows: ")[1])] == [
        memory["maps"] // mib, flow["maps"], flow["buckets_max"], flow["each_processor"],
        memory["daemon_max"] // mib, flow["daemon"]], (line, memory)
    assert (f"memory: maps {memory['maps'] // mib} MiB, daemon 0 KiB, with all flows in use "
            f"{memory['daemon_max'] // mib} MiB") in switch.ctl("dpctl", "show")


@case
def stop_with_keep_leaves_ports_attached(switch):
    veth("v1", "v2")
    switch.start()
    switch.ctl("add-br", "br0")
    switch.ctl("add-port", "br0", "v1", "hook=xdp")
    switch.ctl("add-port", "br0", "v2")
    before = host_state("shunt-inj")
    switch.stop("--keep")
    assert not switch.is_alive()
    assert host_state("shunt-inj") == before
    switch.start()
    assert host_state("shunt-inj")[0] == before[0]
    assert switch.ctl_json("dpctl", "show")["adopted"]


@case
def restart_keeps_everything(switch):
    veth("v1")
    switch.start("--log-file", switch.log)
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("add-port", "br0", "v1", "ofport=9")
    before, pid = settled(switch), switch.pid()
    switch.ctl("restart")
    assert switch.is_alive() and switch.pid() == pid
    assert settled(switch) == before


@case
def configuration_survives_a_kill(switch):
    veth("v1")
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("add-port", "br0", "v1", "ofport=9")
    before = settled(switch)
    switch.kill()
    switch.start()
    assert settled(switch) == before


@case
def a_device_that_left_while_the_daemon_was_down_is_waited_for(switch):
    veth("v1")
    switch.start()
    switch.ctl("add-br", "br0")
    switch.ctl("add-port", "br0", "v1", "ofport=9")
    switch.stop()
    run("ip", "link", "del", "v1")
    switch.expect("device v1 is missing, port 9 waits for it")
    switch.start()
    veth("v1")
    wait_for(lambda: "hook" in switch.ports("br0")["v1"], "v1 is there")


@case
def no_persist_saves_nothing(switch):
    switch.start("--no-persist")
    switch.ctl("add-br", "br0")
    assert not os.path.exists(switch.dir + "/config.json")
    switch.stop()
    switch.start("--no-persist")
    assert switch.ctl("list-br") == ""


DAMAGES = [
    (lambda text: text[:100], "line "),
    (lambda text: "", "line "),
    (lambda text: text.replace('"version": 1', '"version": 2'), "version 2: want 1"),
    (lambda text: text.replace('"ofport": 9', '"ofport": 0'), "bridges[0].ports[0]: ofport 0"),
    (lambda text: text.replace('"dp_port": 1', '"dp_port": 9000'), "bridges[0]: dp_port 9000"),
    (lambda text: text.replace('"dp_port": 2', '"dp_port": 1'), "dp_port 1 is there twice"),
    (lambda text: text.replace('"hook": "auto"', '"hook": "x"'), "hook 'x': want auto"),
    (lambda text: text.replace('"device": "v1"', '"device": "a/b"'), "'a/b': character 2"),
    (lambda text: text.replace('"fail_mode"', '"fail_mood"'), "bridges[0]: "),
    (lambda text: text.replace('"secure"', '"open"'), "fail_mode 'open'"),
    (lambda text: text.replace('"OpenFlow10"', '"OpenFlow7"'), "protocol 'OpenFlow7'"),
]


@case
def damaged_configuration_is_named_and_set_aside(switch):
    veth("v1")
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("add-port", "br0", "v1", "ofport=9")
    switch.stop()
    path = switch.dir + "/config.json"
    with open(path, encoding="utf-8") as file:
        whole = file.read()
    good = re.sub(r'  "crc32": "[0-9a-f]{8}",\n', "", whole)  # As who edits it by hand.
    assert good != whole
    switch.expect("the saved configuration is damaged")
    switch.expect("it is kept as .*config.json.damaged")
    changed = whole.replace('"ofport": 9', '"ofport": 8')
    for bad, said in [(changed, "crc32 '")] + [(damage(good), said) for damage, said in DAMAGES]:
        assert bad not in (good, whole)
        with open(path, "w", encoding="utf-8") as file:
            file.write(bad)
        switch.start()
        assert switch.ctl("list-br") == ""
        switch.stop()
        with open(switch.log, encoding="utf-8") as file:
            line = [l for l in file if "is damaged" in l][-1]
        assert path in line and said in line, line
    assert len(glob.glob(path + ".damaged*")) == len(DAMAGES) + 1
    with open(path, "w", encoding="utf-8") as file:
        file.write(good)
    switch.start()
    assert switch.ports("br0")["v1"]["ofport"] == 9


# ---- The management protocol ----

def talk(switch, *lines):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(switch.dir + "/shuntd.sock")
        sock.sendall(b"".join(lines))
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(65536), b"")).decode().splitlines()


@case
def management_requests_are_checked(switch):
    switch.start()
    for line, said in [
        (b"{\n", "one JSON object in a line"),
        (b"[]\n", "another kind of value"),
        (b"\xff\xfe\n", "one JSON object in a line"),
        (b"{}\n", "a request has a string 'verb'"),
        (b'{"verb": 1}\n', "a request has a string 'verb'"),
        (b'{"verb": "x", "verb": "y"}\n', "one JSON object in a line"),
        (b'{"verb": "nix"}\n', "there is no verb 'nix'"),
        (b'{"verb": "add-br"}\n', "add-br: parameter 'bridge' is missing"),
        (b'{"verb": "add-br", "bridge": 1}\n', "add-br: parameter 'bridge': want a string"),
        (b'{"verb": "list-br", "x": 1}\n', "list-br: there is no parameter 'x'"),
        (b'{"verb": "add-br", "bridge": "a\\nb"}\n', "character 2"),
    ]:
        (reply,) = talk(switch, line)
        reply = json.loads(reply)
        assert reply["ok"] is False and said in reply["error"], (line, reply)
    assert switch.ctl("list-br") == ""


@case
def management_requests_are_answered_in_order(switch):
    switch.start()
    replies = talk(switch, b'{"verb": "add-br", "bridge": "br0"}\n', b'{"verb": "list-br"}\n',
                   b'{"verb": "nix"}\n', b'{"verb": "list-br"}\n')
    replies = [json.loads(r) for r in replies]
    assert [r["ok"] for r in replies] == [True, True, False, True]
    assert replies[1]["result"] == ["br0"]


@case
def an_endless_request_ends_its_connection(switch):
    switch.start()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(switch.dir + "/shuntd.sock")
        try:
            for _ in range(40):
                sock.sendall(b"x" * 65536)
        except OSError:
            pass
        assert b"at most 1048576 bytes" in sock.recv(4096)
    switch.ctl("show")


@case
def too_many_management_connections_are_refused(switch):
    switch.start()
    socks = [socket.socket(socket.AF_UNIX) for _ in range(64)]
    for sock in socks:
        sock.connect(switch.dir + "/shuntd.sock")
        sock.sendall(b'{"verb": "list-br"}\n')
        assert b'"ok":true' in sock.recv(4096)
    switch.expect("a connection is refused, 64 are open")
    assert "64 management connections are open" in switch.ctl_fails("list-br")
    for sock in socks:
        sock.close()
    wait_for(lambda: subprocess.run([SHUNTCTL, "--run-dir", switch.dir, "list-br"],
                                    capture_output=True).returncode == 0, "room again")


@case
def who_waits_for_an_answer_for_a_minute_does_not_give_way(switch):
    faults = Faults(switch)
    switch.start()
    veth("v1")
    switch.ctl("add-br", "br0")
    port = {"bridge": "br0", "device": "v1"}
    steps = [{"verb": verb, **port} for verb in ("add-port", "del-port")] * 50
    socks = [socket.socket(socket.AF_UNIX) for _ in range(65)]
    for sock in socks:
        sock.settimeout(patience(60))
        sock.connect(switch.dir + "/shuntd.sock")
        if sock == socks[0]:
            request = {"verb": "transaction", "requests": steps}
            sock.sendall(json.dumps(request).encode() + b"\n")
            wait_for(lambda: "v1" in switch.ctl("list-ports", "br0"), "it has begun")
            faults.now.monotonic_ahead_ns = 61 * 10**9
    assert b"64 management connections are open" in socks[-1].recv(4096)
    assert not select.select([socks[0]], [], [], 0)[0], "it was over before there were 64"
    assert socks[0].recv(4096) == b'{"ok":true}\n'
    switch.expect("a connection is refused, 64 are open")
    switch.expect("the revalidator is stuck")  # It sleeps by the kernel's clock.


main()
