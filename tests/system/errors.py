#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Bad requests of every kind: the exact bytes of the error, and nothing changed."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from error_pads import PAD_ROWS  # noqa: E402
from error_rows import ELSEWHERE, ROWS, flow, group, meter, v10_flow  # noqa: E402
from harness import Skip, cases, main, run, sh  # noqa: E402
from ofwire import ERROR, TOP, error_message, error_table, message  # noqa: E402
from peer import Peer  # noqa: E402

NAMES = {1: "OpenFlow 1.0", 4: "OpenFlow 1.3", 5: "OpenFlow 1.4", 6: "OpenFlow 1.5"}
ROWS = ROWS + PAD_ROWS
UNENCODABLE = "NXBRC_UNENCODABLE_ERROR"


def bytes_of(text, version):
    text = text(version) if callable(text) else text
    return message(text.replace("VV", f"{version:02x}"))


def reset(peer):
    """Takes away what the requests before a row have made."""
    v = peer.version
    peer.ask_whole(bytes_of(flow(command="03", table="ff") if v > 1 else v10_flow(command="0003"), v))
    if v > 1:
        peer.ask_whole(bytes_of(group(2, group_id="fffffffc"), v), bytes_of(meter(2, meter_id="ffffffff"), v))


def answers(path, version, row):
    """What a bad request gets on a connection of its own."""
    with Peer(path, version) as peer:
        for before in row[4] if len(row) > 4 else ():
            for said in peer.ask_whole(bytes_of(before, version)):
                assert said[1] != ERROR, (row[1], "before it", said.hex())
        state = peer.state()
        request = bytes_of(row[3], version)
        said = peer.ask_whole(request)
        changed = peer.state() != state
    if len(row) > 4:
        with Peer(path, version) as peer:
            reset(peer)
    return request, said, changed


def start(switch):
    switch.start()
    sh("ip link add p1 address 02:00:00:00:01:01 type veth peer name e1; ip link add p2 type veth peer name e2")
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("add-port", "br0", "p1", "ofport=1")
    switch.ctl("add-port", "br0", "p2", "ofport=2")


def errors_are_exact(switch, version):
    table, wrong = error_table(), []
    start(switch)
    for row in ROWS:
        if version not in row[2]:
            continue
        request, said, changed = answers(f"{switch.dir}/br0.mgmt", version, row)
        wire = table[row[0]][version] or table[UNENCODABLE][version]
        if said != [error_message(version, wire, request)]:
            wrong.append(f"{row[1]}: want {row[0]} {wire}, got {[m[:20].hex() for m in said]}")
        elif changed:
            wrong.append(f"{row[1]}: changed something")
    assert not wrong, "\n".join(wrong)


# ---- Open vSwitch ----

def ovs_start(directory):
    """ovs-vswitchd with a bridge ovs0 of the user-space datapath; returns how to stop it."""
    if not shutil.which("ovs-vswitchd"):
        raise Skip("ovs-vswitchd is not installed")
    os.mkdir(directory)
    os.environ.update({name: directory for name in ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR")})
    db = f"unix:{directory}/db"
    run("ovsdb-tool", "create", f"{directory}/conf.db",
        "/usr/share/openvswitch/vswitch.ovsschema")
    processes = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for command in (
        ["ovsdb-server", f"{directory}/conf.db", f"--remote=p{db}", f"--unixctl={directory}/1"],
        ["ovs-vswitchd", "--disable-system", db, f"--unixctl={directory}/2"])]
    run("ovs-vsctl", f"--db={db}", "--retry", "--no-wait", "init")
    run("ovs-vsctl", f"--db={db}", "--timeout=20", "add-br", "ovs0", "--", "set", "bridge", "ovs0",
        "datapath_type=netdev", "fail-mode=secure", "protocols=OpenFlow10,OpenFlow13,OpenFlow14,OpenFlow15")
    return processes


def kinds(answer):
    """What is left of an answer that Open vSwitch makes of memory that it has freed."""
    request, said, changed = answer
    return request, [m[1] for m in said], changed


def compare(switch, version, row):
    """With ovs-vswitchd."""
    ours = answers(f"{switch.dir}/br0.mgmt", version, row)
    theirs = answers(f"{switch.dir}/ovs/ovs0.mgmt", version, row)
    if "Nicira's flow monitor" in row[1]:  # Forgotten when it answers: there is none in its error.
        ours, theirs = kinds(ours), kinds(theirs)
    assert ours == theirs, (row[1], NAMES[version], [m.hex() for m in ours[1] + theirs[1]])


def errors_are_those_of_open_vswitch(switch):
    """Byte for byte: all of 1.0, vendor errors for what it has no code for, and in all versions bytes
    that have to be zero."""
    processes = ovs_start(switch.dir + "/ovs")
    try:
        start(switch)
        for row in ROWS:
            for version in row[2] if row[2] == (1,) or row in PAD_ROWS else ():
                compare(switch, version, row)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def errors_have_the_numbers_that_ovs_ofctl_knows(switch):
    """Every error of ofproto/ofperr.def, printed by ovs-ofctl from its bytes."""
    assert switch.dir
    if not shutil.which("ovs-ofctl"):
        raise Skip("ovs-ofctl is not installed")
    wrong, table = [], error_table()
    for name, wires in table.items():
        for version, wire in wires.items():
            if wire is None:
                continue
            said = run("ovs-ofctl", "ofp-print",
                       error_message(version, wire, bytes.fromhex("0000000800000001")).hex())
            theirs = said.splitlines()[0].split()[-1]
            # Two names may share a number in some version.
            if theirs != name and table.get(theirs, {}).get(version) != wire:
                wrong.append(f"{name} in {NAMES[version]}: {theirs}")
    assert not wrong, "\n".join(wrong)


def every_error_has_a_row_or_a_reason(switch):
    """And docs/errors.md says the same: errors.py --table writes it."""
    assert switch.dir
    shown = {row[0] for row in ROWS}
    missing = [name for name in error_table() if name not in shown and name not in ELSEWHERE]
    assert not missing, missing
    stale = [name for name in ELSEWHERE if name in shown or name not in error_table()]
    assert not stale, stale
    with open(TOP + "/docs/errors.md", encoding="utf-8") as file:
        assert file.read() == document(), "docs/errors.md is old: tests/system/errors.py --table"


def document():
    """docs/errors.md"""
    lines = [HEAD]
    for name in error_table():
        rows = [row for row in ROWS if row[0] == name]
        for row in rows:
            versions = ", ".join(NAMES[v][-3:] for v in row[2])
            lines.append(f"| `{name}` | {versions} | {row[1]} | `errors.py` |")
        if not rows:
            what, _, where = ELSEWHERE[name].partition(" @ ")
            lines.append(f"| `{name}` | | {what} | {f'`{where}`' if where else ''} |")
    return "\n".join(lines) + "\n"


HEAD = """# Errors

Which request yields which OpenFlow error, and the test that shows it. `ofproto/ofperr.def` has the \
numbers of each version; where OpenFlow 1.0 has none, the error travels as Nicira's vendor error, \
as from Open vSwitch. An error has the first 1,024 bytes of the request in it. \
`tests/system/errors.py` compares the whole answer, sees that nothing changed, compares 1.0, and bytes that must be zero, with \
`ovs-vswitchd` and the numbers with `ovs-ofctl`. Written by `tests/system/errors.py --table`.

| error | versions | what yields it | test |
|---|---|---|---|"""


for number in NAMES:
    case = lambda switch, version=number: errors_are_exact(switch, version)
    case.__name__ = f"{NAMES[number].replace(' ', '_')}_bad_requests_get_their_errors"
    cases.append(case)
cases.append(every_error_has_a_row_or_a_reason)
cases.append(errors_are_those_of_open_vswitch)
cases.append(errors_have_the_numbers_that_ovs_ofctl_knows)

if sys.argv[1:] == ["--table"]:
    print(document(), end="")
else:
    main()
