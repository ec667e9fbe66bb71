#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the daemon may do when it has started, as root and as a user of its own."""
import grp
import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import BUILD, SHUNTCTL, Skip, case, main, run, sh, wait_for  # noqa: E402
from hosts import Wire, frame  # noqa: E402

USER, GROUP = "daemon", "nogroup"  # Every Debian has them.
NEEDED = {"BPF": 39, "PERFMON": 38, "NET_ADMIN": 12, "NET_RAW": 13, "NET_BROADCAST": 11,
          "NET_BIND_SERVICE": 10}


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.split(":\t", 1) for line in file.read().splitlines())


def capabilities(pid, which):
    return int(status_of(pid)[which], 16)


def needed():
    return sum(1 << number for number in NEEDED.values())


def let_in(switch):
    """Directories of tests are root's alone."""
    os.chmod(switch.dir, 0o755)
    os.chmod(switch.bpf, 0o711)


def forwards(switch, wires):
    """By a rule of its own: a daemon that starts without a saved state has none."""
    switch.ctl("add-flow", "br0", "in_port=1,actions=output:2")
    data = frame()
    wires[0].send(data)
    assert wires[1].receive() == data


def add_ports(switch):
    wires = [Wire(f"p{i}") for i in (1, 2)]
    for wire in wires:
        switch.ctl("add-port", "br0", wire.port)
    return wires


@case
def root_keeps_only_what_it_needs(switch):
    switch.start()
    assert capabilities(switch.pid(), "CapEff") == needed()
    assert capabilities(switch.pid(), "CapPrm") == needed()


@case
def a_user_of_its_own_runs_the_switch(switch):
    let_in(switch)
    switch.start("--user", f"{USER}:{GROUP}")
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_ports(switch)
    forwards(switch, wires)
    status = status_of(switch.pid())
    user, group = pwd.getpwnam(USER).pw_uid, grp.getgrnam(GROUP).gr_gid
    assert status["Uid"].split() == [str(user)] * 4, status["Uid"]
    assert status["Gid"].split() == [str(group)] * 4, status["Gid"]
    assert status["Groups"].split() in ([], [str(group)]), status["Groups"]
    for which in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
        assert capabilities(switch.pid(), which) == needed(), (which, status[which])


@case
def sockets_are_for_the_group(switch):
    let_in(switch)
    switch.start("--user", f"{USER}:{GROUP}")
    switch.ctl("add-br", "br0", "--", "set-controller", "br0", f"punix:{switch.dir}/c")
    for name in ("shuntd.sock", "br0.mgmt", "br0.snoop", "c"):
        status = os.stat(f"{switch.dir}/{name}")
        assert stat.S_IMODE(status.st_mode) == 0o660, (name, oct(status.st_mode))
        assert (status.st_uid, status.st_gid) == (pwd.getpwnam(USER).pw_uid,
                                                  grp.getgrnam(GROUP).gr_gid)


@case
def others_are_refused_in_one_line(switch):
    """By both sockets; a member of the group, who is nobody else, is served."""
    let_in(switch)
    switch.start("--user", f"{USER}:{GROUP}")
    switch.ctl("add-br", "br0")

    def ask(group, *command):
        return subprocess.run(["setpriv", "--reuid", "games", "--regid", group, "--clear-groups",
                               *command], capture_output=True, text=True, check=False, timeout=60)

    for command in ([SHUNTCTL, "--run-dir", switch.dir, "list-br"],
                    [SHUNTCTL, "dump-flows", f"unix:{switch.dir}/br0.mgmt"]):
        assert ask(GROUP, *command).returncode == 0, command
        done = ask("games", *command)
        assert (done.returncode, done.stdout) == (1, ""), (command, done)
        assert re.fullmatch(r"shuntctl: .*[Pp]ermission denied.*\n", done.stderr), (command, done)
    assert ask("games", "ovs-ofctl", "probe", f"unix:{switch.dir}/br0.mgmt").returncode


def lacking(switch, *capabilities):
    """Daemons that start from now on have never had these."""
    switch.wrapper = ["setpriv", "--bounding-set", ",".join(f"-cap_{n}" for n in capabilities)]


@case
def each_capability_is_needed(switch):
    """Those that the daemon cannot start without; then, one after the other, what the other two are
    for is tried with and without them."""
    sys_admin = 21  # Has what BPF and PERFMON have.
    for name in ("BPF", "PERFMON", "NET_ADMIN", "NET_RAW"):
        lacking(switch, NEEDED[name], sys_admin)
        assert f"privilege CAP_{name} is missing" in switch.start_fails(), name
    cannot_follow = "link events of other namespaces cannot be had: Operation not permitted"
    for name, works in (("NET_BROADCAST", "NET_BIND_SERVICE"), ("NET_BIND_SERVICE", "NET_BROADCAST")):
        lacking(switch, NEEDED[name])
        switch.start()
        assert capabilities(switch.pid(), "CapEff") == needed() - (1 << NEEDED[name])
        switch.ctl("--may-exist", "add-br", "br0")
        assert bool(switch.logged(cannot_follow)) == (works != "NET_BROADCAST")
        low = ["set-controller", "br0", "ptcp:653:127.0.0.1"]
        if works == "NET_BIND_SERVICE":
            switch.ctl(*low)
            switch.ctl("del-controller", "br0")
        else:
            assert "Permission denied" in switch.ctl_fails(*low)
        switch.stop()
        wait_for(lambda: not switch.is_alive(), "the daemon is gone")
        switch.forget_log()


def is_refused(switch, why, *command):
    said = switch.ctl_fails(*command)
    assert why in said and said.count("\n") <= 1, (command, said)


@case
def a_request_names_no_file_outside_the_run_directory(switch):
    """Neither to listen, which would take the file away, nor to connect; and none of the daemon's own."""
    switch.start()
    switch.ctl("add-br", "br0")
    outside = tempfile.mkdtemp()
    switch.at_end.append(lambda: shutil.rmtree(outside))
    with open(outside + "/file", "w", encoding="ascii") as file:
        file.write("somebody's")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(outside + "/socket")
    listener.listen()
    os.symlink(outside + "/socket", switch.dir + "/link")
    for target in (f"punix:{outside}/file", f"punix:{outside}/new", f"unix:{outside}/socket",
                   f"punix:{switch.dir}/../{os.path.basename(outside)}/file", "punix:file",
                   f"punix:{switch.dir}/", f"punix:{switch.dir}/shuntd.sock",
                   f"punix:{switch.dir}/br0.mgmt", f"unix:{switch.dir}/br0.snoop"):
        is_refused(switch, f"want a socket in {switch.dir}, other than", "set-controller", "br0",
                   f"punix:{switch.dir}/good", target)
    is_refused(switch, "Address already in use", "set-controller", "br0", f"punix:{switch.dir}/shuntd.pid")
    with open(outside + "/file", encoding="ascii") as file:
        assert file.read() == "somebody's"
    assert sorted(os.listdir(outside)) == ["file", "socket"]
    assert switch.ctl("get-controller", "br0") == "" and not os.path.exists(switch.dir + "/good")
    listener.settimeout(0)
    try:
        listener.accept()
        raise AssertionError("the daemon has called")
    except BlockingIOError:
        pass
    listener.settimeout(20)  # Who may write to the run directory can let the daemon out of it.
    switch.ctl("set-controller", "br0", f"unix:{switch.dir}/link")
    listener.accept()


@case
def what_the_command_line_does_not_allow_is_refused(switch):
    """At the request; and what was saved under another command line is left out and told."""
    add = ["add-port", "br0"]
    for name in ("p1", "eth9", "tap7"):
        Wire(name)
    targets = ["tcp:127.0.0.1:6653", "ptcp:6699:127.0.0.1", f"punix:{switch.dir}/local"]
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure", "--", *add, "eth9", "--", "set-controller", "br0",
               *targets)
    switch.stop()
    switch.expect("--tls-only allows|--devices allows")
    switch.start("--tls-only", "--devices", "p*,tap?")
    for target in targets[:2]:
        why = f"{target}: --tls-only allows ssl:, pssl:, unix: and punix:"
        assert switch.logged("bridge br0: controller " + why), target
        is_refused(switch, why, "set-controller", "br0", target)
    (bridge,) = switch.ctl_json("show", "br0")["bridges"]
    assert [c["target"] for c in bridge["controllers"]] == targets[2:]
    why = "device 'eth9': --devices allows p*,tap?"
    ports = switch.ports("br0")
    assert why in ports["eth9"]["error"] and switch.logged(re.escape("bridge br0: " + why)), ports
    switch.ctl("del-port", "br0", "eth9")
    is_refused(switch, why, *add, "eth9")
    is_refused(switch, why, *add, "p1", "--", *add, "eth9")
    switch.ctl(*add, "p1", "--", *add, "tap7")
    sh("ip link set eth9 down; ip link set eth9 name p3; ip link set p3 up")
    switch.ctl(*add, "p3")


@case
def what_a_bridge_s_settings_do_not_allow_is_refused(switch):
    """Versions, and tables; to the tool on the management socket as to any controller."""
    switch.expect("no common OpenFlow version")
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure", "protocols=OpenFlow13,OpenFlow14", "n-tables=8",
               "--", "set-controller", "br0", f"punix:{switch.dir}/controllers")
    for path in ("br0.mgmt", "controllers"):
        for version, allowed in ((10, False), (13, True), (14, True), (15, False)):
            done = subprocess.run(
                ["ovs-ofctl", "-O", f"OpenFlow{version}", "probe", f"unix:{switch.dir}/{path}"],
                capture_output=True, text=True, check=False, timeout=30)
            assert (done.returncode == 0) == allowed, (path, version, done.stderr)
            assert allowed or "version negotiation failed" in done.stderr, done.stderr
    for flow in ("table=8,actions=drop", "table=7,actions=goto_table:8"):
        assert "BAD_TABLE_ID" in switch.ctl_fails("add-flow", "br0", flow), flow
    switch.ctl("add-flow", "br0", "table=6,actions=goto_table:7")


@case
def the_unit_is_hardened(switch):
    """It asks for the capabilities that are needed, and systemd's own judgement has a bound."""
    del switch
    unit = BUILD + "/shuntd/shuntd.service"
    with open(unit, encoding="ascii") as file:
        settings = dict(line.strip().split("=", 1) for line in file if "=" in line and line[0] != "#")
    for which in ("AmbientCapabilities", "CapabilityBoundingSet"):
        assert set(settings[which].split()) == {"CAP_" + name for name in NEEDED}, which
    if not shutil.which("systemd-analyze"):
        raise Skip("no systemd-analyze")
    said = run("systemd-analyze", "security", "--offline=true", "--threshold=30", unit)
    print("# " + said.strip().splitlines()[-1], file=sys.stderr)


@case
def a_restart_keeps_user_and_traffic(switch):
    let_in(switch)
    switch.start("--user", USER)
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_ports(switch)
    forwards(switch, wires)
    before = status_of(switch.pid())
    switch.ctl("restart")
    after = status_of(switch.pid())
    for which in ("Uid", "Gid", "CapEff", "CapPrm", "CapBnd", "CapAmb"):
        assert before[which] == after[which], which
    assert switch.ports("br0")["p1"]["hook"]
    forwards(switch, wires)


@case
def a_user_takes_over_what_root_left(switch):
    let_in(switch)
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_ports(switch)
    forwards(switch, wires)
    switch.stop("--keep")
    wait_for(lambda: not switch.is_alive(), "the daemon is gone")
    switch.start("--user", USER)
    with open(switch.log, encoding="ascii") as file:
        assert "took over the fast path" in file.read()
    assert switch.ports("br0")["p1"]["hook"]
    forwards(switch, wires)
    with open(switch.dir + "/config.json", encoding="utf-8") as file:
        assert '"br0"' in file.read()
    switch.ctl("del-port", "br0", "p2")
    assert os.stat(switch.dir + "/config.json").st_uid == pwd.getpwnam(USER).pw_uid


@case
def an_unknown_user_is_named(switch):
    line = switch.start_fails("--user", "nobody-of-that-name")
    assert line == ("shuntd: --user: there is no user 'nobody-of-that-name': make it with "
                    "useradd -r"), line
    line = switch.start_fails("--user", USER + ":no-such-group")
    assert "there is no group 'no-such-group'" in line, line


@case
def only_root_becomes_somebody(switch):
    os.chmod(switch.dir, 0o777)
    caps = ",".join(f"+cap_{number}" for number in NEEDED.values())
    said = run("setpriv", "--reuid", "nobody", "--clear-groups", "--inh-caps", caps,
               "--ambient-caps", caps, "--bounding-set", "-all," + caps,
               *switch.command("--user", USER), check=False)
    assert said == ""
    text = sh("setpriv --reuid nobody --clear-groups --inh-caps %s --ambient-caps %s %s 2>&1 || true"
              % (caps, caps, " ".join(switch.command("--user", USER))))
    assert re.search(r"only root may become somebody else", text), text


@case
def a_link_in_place_of_the_lock_is_not_followed(switch):
    """The run directory is the user's, and who opens the file there may be root."""
    let_in(switch)
    other = switch.dir + "/other"
    with open(other, "w", encoding="ascii") as file:
        file.write("root's")
    os.symlink(other, switch.dir + "/shuntd.pid")
    assert "shuntd.pid: Too many levels of symbolic links" in switch.start_fails("--user", USER)
    with open(other, encoding="ascii") as file:
        assert file.read() == "root's"


main()
