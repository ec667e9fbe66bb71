#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where tags, labels and backbone headers are pushed (OpenFlow 1.3, section 5.12: as the outermost), by
exact bytes, counters and fast path; and Nicira's push_mpls of OpenFlow 1.0, which goes behind tags."""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import cases, for_hook, main  # noqa: E402
from hosts import add_wires, expect_frames  # noqa: E402
from rules import PLAIN, TAGGED, check, packet  # noqa: E402

TAG_5, TAG_7 = bytes.fromhex("81000005"), bytes.fromhex("81000007")
MPLS, IS_TAGGED = "push_mpls:0x8847,set_field:16->mpls_label", "vlan_tci=0x1000/0x1000"


def labelled(data, label=16, ttl=64, bottom=1, at=12):
    """With a label before the EtherType at `at`, which it replaces."""
    return data[:at] + struct.pack("!HI", 0x8847, label << 12 | bottom << 8 | ttl) + data[at + 2:]


def tagged(data, tag):
    return data[:12] + tag + data[12:]


def in_backbone(data, pcp=0):
    return data[:12] + struct.pack("!HI", 0x88e7, pcp << 29) + data


TWO_TAGS = tagged(TAGGED, TAG_7)
# (name, flows and how many packets each counts for one, what comes in, what leaves by which port)
ROWS = [
    ("a_label_before_a_tag", {f"actions={MPLS},output:2": 1}, TAGGED, {2: [labelled(TAGGED)]}),
    ("a_label_before_two_tags", {f"actions={MPLS},output:2": 1}, TWO_TAGS, {2: [labelled(TWO_TAGS)]}),
    ("a_label_on_an_untagged_packet", {f"actions={MPLS},output:2": 1}, PLAIN, {2: [labelled(PLAIN)]}),
    ("two_labels_before_a_tag", {f"actions=push_mpls:0x8847,{MPLS},output:2": 1}, TAGGED,
     {2: [labelled(labelled(TAGGED, 0), bottom=0)]}),
    ("a_label_before_a_tag_and_a_label", {f"actions={MPLS},output:2": 1}, packet(tag=5, label=9),
     {2: [labelled(packet(tag=5, label=9))]}),
    ("a_label_before_a_tag_that_was_pushed", {f"actions=push_vlan:0x8100,set_field:4101->vlan_vid,{MPLS},"
                                              "output:2": 1}, PLAIN, {2: [labelled(TAGGED)]}),
    ("a_tag_before_a_label_before_a_tag",
     {f"actions={MPLS},push_vlan:0x8100,set_field:4103->vlan_vid,output:2": 1}, TAGGED,
     {2: [tagged(labelled(TAGGED), TAG_7)]}),
    ("one_copy_has_the_label", {f"actions=clone({MPLS},output:3),output:2": 1}, TAGGED,
     {2: [TAGGED], 3: [labelled(TAGGED)]}),
    ("behind_a_label_nobody_sees_the_tag",
     {f"table=0,actions={MPLS},goto_table:1": 1, "table=1,dl_vlan=5,actions=output:3": 0,
      "table=1,mpls,mpls_label=16,vlan_tci=0/0x1000,actions=output:2": 1}, TAGGED, {2: [labelled(TAGGED)]}),
    ("the_action_set_pushes_a_label_and_then_a_tag",
     {f"actions=write_actions(push_vlan:0x8100,set_field:4103->vlan_vid,push_mpls:0x8847,output:2)": 1}, TAGGED,
     {2: [tagged(labelled(TAGGED, 0), TAG_7)]}),
    ("a_pop_brings_the_tag_back", {"mpls,actions=pop_mpls:0x8100,output:2": 1}, labelled(TAGGED), {2: [TAGGED]}),
    ("a_tag_that_came_back_is_set", {"mpls,actions=pop_mpls:0x8100,set_field:4103->vlan_vid,output:2": 1},
     labelled(TAGGED), {2: [packet(tag=7)]}),
    ("a_tag_that_came_back_is_matched",
     {"table=0,mpls,actions=pop_mpls:0x8100,goto_table:1": 1, "table=1,dl_vlan=5,udp,actions=pop_vlan,output:2": 1},
     labelled(TAGGED), {2: [PLAIN]}),
    ("a_tag_goes_before_a_tag", {"actions=push_vlan:0x8100,set_field:4103->vlan_vid,output:2": 1}, TAGGED,
     {2: [TWO_TAGS]}),
    ("a_tag_goes_before_a_label", {"actions=push_vlan:0x8100,set_field:4101->vlan_vid,output:2": 1},
     packet(label=16), {2: [tagged(packet(label=16), TAG_5)]}),
    ("a_backbone_header_goes_before_a_tag", {"actions=push_pbb:0x88e7,output:2": 1}, TAGGED,
     {2: [in_backbone(TAGGED)]}),
    ("a_tag_goes_before_a_backbone_header",
     {"actions=push_pbb:0x88e7,push_vlan:0x88a8,set_field:4101->vlan_vid,output:2": 1}, TAGGED,
     {2: [tagged(in_backbone(TAGGED), bytes.fromhex("88a80005"))]}),
]


def pushed_headers_are_outermost(switch, hook):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 3, hook)
    for name, flows, data, leaves in ROWS:
        check(switch, wires, name, flows, data, leaves)


def nicira_s_label_goes_behind_tags(switch, hook):
    """And is that in every version's dump, and after a restart."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 3, hook)
    switch.ctl("-O", "OpenFlow10", "add-flow", "br0", f"{IS_TAGGED},actions=push_mpls:0x8847,output:2")
    for _ in range(2):
        for data, at in ((TAGGED, 16), (TWO_TAGS, 20)):
            for _ in range(3):
                wires[0].send(data)
                expect_frames(wires, {2: [labelled(data, 0, at=at)]}, "behind")
        for version in ("OpenFlow10", "OpenFlow13", "OpenFlow14", "OpenFlow15"):
            assert "actions=push_mpls:0x8847,output:2" in switch.ctl("-O", version, "dump-flows", "br0"), version
        switch.kill()
        switch.start("--restore")


def what_needs_a_tag_is_refused_behind_a_label(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    for version in ("OpenFlow13", "OpenFlow14", "OpenFlow15"):
        for actions in ("set_field:4103->vlan_vid", "set_field:3->vlan_pcp", "pop_vlan"):
            try:
                switch.ctl("-O", version, "add-flow", "br0", f"{IS_TAGGED},actions=push_mpls:0x8847,{actions}")
            except AssertionError as error:
                assert "OFPBAC_MATCH_INCONSISTENT" in str(error), error
            else:
                raise AssertionError(f"{actions} is taken")
    assert switch.ctl("dump-flows", "br0").count("actions=") == 0


cases.extend(for_hook(test, hook) for test in (pushed_headers_are_outermost, nicira_s_label_goes_behind_tags)
             for hook in ("tc", "xdp"))
cases.append(what_needs_a_tag_is_refused_behind_a_label)
main()
