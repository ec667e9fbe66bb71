#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a daemon finds of the one before it: bridges, ports, controllers and tables are as they were,
whatever names, disks, sockets and devices came in between."""
import os
import re
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, main, room, run, sh, wait_for  # noqa: E402
from disk import SmallDisk  # noqa: E402


def veth(*names):
    for name in names:
        sh(f"ip link add {name} up type veth peer name {name}-p && ip link set {name}-p up")


def ofctl(switch, version, verb, *args):
    return run("ovs-ofctl", "-O", version, verb, f"unix:{switch.dir}/br0.mgmt", *args)


def local_end():
    """The switch's end of the only bridge's local port."""
    return re.search(r"shunt-[0-9a-f]{8}", run("ip", "link"))[0]


# ---- Names ----

@case
def names_of_bridges_and_ports_differ(switch):
    """Else the saved configuration would have one twice, and be refused whole."""
    switch.start()
    veth("v1", "v2", "v3")
    switch.ctl("add-br", "br0", "--", "add-port", "br0", "v1", "--", "add-port", "br0", "v2")
    switch.expect("device (v1|v2|shunt-.*) is missing|device '(v1|v2)' is missing")
    run("ip", "link", "del", "v1")
    wait_for(lambda: switch.ports("br0")["v1"].get("error"), "v1 is missed")
    assert "port 1 of bridge 'br0' waits for a device of that name" in switch.ctl_fails("add-br", "v1")
    run("ip", "link", "set", "br0", "name", "moved")
    run("ip", "link", "set", "v3", "name", "br0")
    assert "device 'br0': a bridge has that name" in switch.ctl_fails("add-port", "br0", "br0")
    run("ip", "link", "set", "br0", "name", "v3")
    run("ip", "link", "set", "v2", "name", "br0")
    wait_for(lambda: switch.ports("br0")["v2"].get("error"), "v2 is missed")
    switch.kill()
    switch.start()
    assert switch.ctl("list-br") == "br0\n" and switch.ctl("list-ports", "br0") == "v1\nv2\n"
    run("ip", "link", "set", "br0", "name", "v2")
    wait_for(lambda: switch.ports("br0")["v2"].get("hook"), "v2 is back")


@case
def a_bridge_is_called_tallies(switch):
    """As the files of counters are, of which a new daemon removes the old ones."""
    switch.start()
    switch.ctl("add-br", "tallies")
    switch.kill()
    switch.start()
    assert "actions=NORMAL" in switch.ctl("dump-flows", "tallies")
    files = {name[len("tallies."):] for name in os.listdir(switch.dir) if "tallies." in name}
    (counters,) = files - {"flows", "macs", "mgmt", "snoop"}
    assert len(counters) == 16 and len(files) == 5, files


# ---- Local ports ----

@case
def a_bridge_is_added_again_after_a_kill_before_it_was_saved(switch):
    switch.start()
    with open(switch.dir + "/config.json", "w", encoding="ascii") as file:
        file.write('{"version": 1, "bridges": []}\n')
    empty = switch.dir + "/empty"
    os.rename(switch.dir + "/config.json", empty)
    switch.ctl("add-br", "br0")
    switch.kill()
    os.rename(empty, switch.dir + "/config.json")
    switch.start()
    assert switch.ctl("list-br") == ""
    switch.ctl("add-br", "br0")
    assert switch.ports("br0")["br0"]["carrier"]


@case
def a_local_port_is_finished_after_a_kill_midway(switch):
    switch.start()
    switch.ctl("add-br", "br0")
    end = local_end()
    switch.kill()
    sh(f"ip link del br0; ip link add br0 type veth peer name {end}")
    switch.start()
    wait_for(lambda: switch.ports("br0")["br0"].get("carrier"), "the local port is up")


@case
def a_device_that_came_back_gets_its_flags_back_in_the_end(switch):
    """It was made promiscuous for the switch, which a daemon after that one knows as well."""
    def has(flag):
        return flag in run("ip", "link", "show", "d1")

    def is_saved():
        with open(switch.dir + "/config.json", encoding="ascii") as file:
            return '"promiscuous": true' in file.read()

    switch.start()
    veth("v1")
    sh("ip link add d1 type bridge")
    switch.ctl("add-br", "br0", "--", "add-port", "br0", "d1")
    switch.expect("device 'd1' is missing")
    run("ip", "link", "del", "d1")
    wait_for(lambda: switch.ports("br0")["d1"].get("error"), "d1 is missed")
    switch.ctl("add-port", "br0", "v1")
    sh("ip link add d1 type bridge")
    wait_for(lambda: switch.ports("br0")["d1"].get("hook"), "d1 is back")
    assert has("PROMISC")
    wait_for(is_saved, "that is saved")
    switch.kill()
    switch.start()
    switch.ctl("del-port", "br0", "d1")
    assert not has("PROMISC")


# ---- Sockets ----

@case
def a_listener_waits_for_its_address(switch):
    """At the start, as that of a host whose network is not up; the other controllers do not wait."""
    targets = ["ptcp:6699:10.9.9.9", "ptcp:6698:127.0.0.1", "tcp:127.0.0.1:6697"]

    def listens(address):
        with socket.socket() as peer:
            return peer.connect_ex(address) == 0

    def controllers():
        (shown,) = switch.ctl_json("show")["bridges"]
        return {one["target"]: one.get("last_error", "") for one in shown["controllers"]}

    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    assert "Cannot assign requested address" in switch.ctl_fails("set-controller", "br0", *targets)
    run("ip", "addr", "add", "10.9.9.9/32", "dev", "lo")
    switch.ctl("set-controller", "br0", *targets)
    switch.kill()
    run("ip", "addr", "del", "10.9.9.9/32", "dev", "lo")
    switch.expect("ptcp:6699:10.9.9.9 cannot listen yet, it is tried again: Cannot assign")
    switch.start()
    assert listens(("127.0.0.1", 6698))
    assert sorted(controllers()) == sorted(targets)
    assert "it cannot listen: Cannot assign" in controllers()[targets[0]]
    run("ip", "addr", "add", "10.9.9.9/32", "dev", "lo")
    wait_for(lambda: listens(("10.9.9.9", 6699)), "it listens")
    assert "it cannot listen" not in controllers()[targets[0]]


@case
def a_bridge_without_its_socket_is_managed_all_the_same(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.kill()
    os.unlink(switch.dir + "/br0.mgmt")
    os.mkdir(switch.dir + "/br0.mgmt")
    switch.expect("br0.mgmt or .*br0.snoop could not be listened on: Address already in use")
    switch.start()
    switch.ctl("set-controller", "br0", "tcp:127.0.0.1:6699")
    switch.ctl("set-br", "br0", "datapath-id=00000000000000bb")
    (shown,) = switch.ctl_json("show")["bridges"]
    assert shown["datapath_id"] == "00000000000000bb" and len(shown["controllers"]) == 1
    switch.ctl("del-br", "br0")


@case
def a_socket_that_somebody_listens_on_stays_his(switch):
    path = switch.dir + "/socket"
    switch.start()
    switch.ctl("add-br", "br0", "--", "add-br", "br1")
    switch.ctl("set-controller", "br0", "punix:" + path)
    was = os.stat(path).st_ino
    for bridge, same in (("br1", path), ("br0", f"{switch.dir}/./socket")):
        assert "Address already in use" in switch.ctl_fails("set-controller", bridge, "punix:" + same)
    assert os.stat(path).st_ino == was
    switch.kill()
    switch.start()
    assert os.path.exists(path)
    switch.ctl("del-controller", "br0")
    switch.ctl("set-controller", "br1", "punix:" + path)


# ---- Tables ----

@case
def what_a_port_was_told_is_restored(switch):
    def config():
        return re.findall("config: *(.*)", ofctl(switch, "OpenFlow10", "show"))

    switch.start()
    veth("v1", "v2")
    switch.ctl("add-br", "br0", "--", "add-port", "br0", "v1", "--", "add-port", "br0", "v2")
    for bit in ("no-flood", "no-forward", "no-packet-in", "no-receive"):
        ofctl(switch, "OpenFlow10", "mod-port", "1", bit)
    before = config()
    assert before == ["NO_RECV NO_FLOOD NO_FWD NO_PACKET_IN", "0", "0"], before
    switch.ctl("add-flow", "br0", "table=5,actions=drop")  # Ends with a barrier.
    switch.kill()
    switch.start("--restore")
    assert config() == before, config()


@case
def groups_that_changed_places_are_restored(switch):
    """In one bundle: what names what is another way round, and there is no loop at any time."""
    switch.start()
    switch.ctl("add-br", "br0")
    ofctl(switch, "OpenFlow15", "add-group", "group_id=2,type=all,bucket=actions=drop")
    ofctl(switch, "OpenFlow15", "add-group", "group_id=1,type=all,bucket=actions=group:2")
    changes = switch.dir + "/changes"
    with open(changes, "w", encoding="ascii") as file:
        for group, action in ((2, "output:1"), (1, "output:1"), (2, "group:1")):
            file.write(f"group mod group_id={group},type=all,bucket=actions={action}\n")
    ofctl(switch, "OpenFlow15", "bundle", changes)
    before = ofctl(switch, "OpenFlow15", "dump-groups").splitlines()[1:]
    assert "group_id=2,type=all,bucket=bucket_id:0,actions=group:1" in before[1]
    switch.kill()
    switch.start("--restore")
    assert ofctl(switch, "OpenFlow15", "dump-groups").splitlines()[1:] == before


@case
def a_large_group_is_restored(switch):
    """40 buckets of 1.3 KB each, added in parts; more have no room in a description."""
    def buckets():
        return [switch.ctl("dump-groups", "br0", "1").count("bucket="),
                ofctl(switch, "OpenFlow15", "dump-group-stats").count("bucket")]

    def add(part, verb, what):
        ofctl(switch, "OpenFlow15", verb, f"group_id=1,{what}," + ",".join(
            f"bucket=bucket_id:{20 * part + i},actions={actions}" for i in range(20)))

    switch.start()
    switch.ctl("add-br", "br0")
    actions = ",".join(f"set_field:10.0.0.{i}->ip_dst" for i in range(80))
    add(0, "add-group", "type=all")
    add(1, "insert-buckets", "command_bucket_id=last")
    before = buckets()
    assert before == [40, 40], before
    try:
        add(2, "insert-buckets", "command_bucket_id=last")
        raise RuntimeError("taken")
    except AssertionError as error:
        assert "OFPGMFC_OUT_OF_BUCKETS" in str(error)
    switch.kill()
    switch.start("--restore")
    assert buckets() == before


# ---- Disks ----

@case
def changes_that_cannot_be_saved_take_no_memory(switch):
    """160,000 flow entries come and go while the disk is full."""
    def memory():
        with open(f"/proc/{switch.pid()}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) << 10

    def churn(n):
        for _ in range(n):
            switch.ctl("add-flows", "br0", flows)
            switch.ctl("del-flows", "br0", "table=3")

    disk = SmallDisk(switch)
    flows = switch.dir + "/many"
    with open(flows, "w", encoding="ascii") as file:
        file.writelines(f"table=3,reg0={i},actions=drop\n" for i in range(20000))
    switch.expect("br0.flows cannot be written: No space left on device")
    switch.start("--state-dir", disk.path)
    switch.ctl("add-br", "br0")
    disk.fill()
    churn(2)
    before = memory()
    churn(8)
    grown = memory() - before
    print(f"# {grown >> 10} KiB", file=sys.stderr)
    assert grown < room(8 << 20), grown
    switch.ctl("add-flow", "br0", "table=4,actions=drop")
    disk.empty()
    wait_for(lambda: switch.logged("br0.flows is written again"), "it is saved again", timeout=20)
    switch.kill()
    switch.start("--state-dir", disk.path, "--restore")
    assert "table=4" in switch.ctl("dump-flows", "br0")


@case
def what_was_configured_on_a_full_disk_is_saved_later(switch):
    """A port that is gone stays so, also for who asks with --if-exists; one keeps its device."""
    disk = SmallDisk(switch)
    switch.start("--state-dir", disk.path)
    veth("v1", "v2")
    switch.ctl("add-br", "br0", "--", "add-port", "br0", "v1", "--", "add-port", "br0", "v2")
    disk.fill()
    no_room = "config.json: the configuration could not be saved: No space"
    switch.expect(no_room)
    for options in ([], ["--if-exists"]):
        assert no_room in switch.ctl_fails(*options, "del-port", "br0", "v1")
    run("ip", "link", "set", "v2", "name", "w2")
    wait_for(lambda: "w2" in switch.ports("br0"), "the port has the new name")
    disk.empty()
    wait_for(lambda: switch.logged("config.json is saved again"), "it is saved")
    switch.ctl("--if-exists", "del-port", "br0", "v1")
    switch.kill()
    switch.start("--state-dir", disk.path)
    assert switch.ctl("list-ports", "br0") == "w2\n" and switch.ports("br0")["w2"]["hook"]

if __name__ == "__main__":
    main()
