#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Bundles, tables, ports and bucket commands over the wire: what they do, to the byte."""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from error_rows import (CLOSE, COMMIT, DISCARD, DROP_BAND, FRAME, OPEN, OUTPUT_1, OXM,  # noqa: E402
                        apply, bucket, bundle_add, bundle_ctrl, flow, group, group_with, meter,
                        multipart, packet_out)
from harness import case, main, run, wait_for  # noqa: E402
from hosts import add_wires, frame  # noqa: E402
from ofwire import ERROR, error_message, error_table, message  # noqa: E402
from peer import ANY, V14, V15, Peer  # noqa: E402

ERRORS = error_table()
TO_2 = "0000 0010 00000002 0000 000000000000"


def encode(request, version):
    text = request(version) if callable(request) else request
    return message(text.replace("VV", f"{version:02x}"))


def do(peer, *requests):
    """Sends the requests; none may fail. Returns the answers."""
    answers = peer.ask_whole(*(encode(request, peer.version) for request in requests))
    for answer in answers:
        assert answer[1] != ERROR, answer.hex()
    return answers


def start(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    wires = add_wires(switch, 2)
    return f"{switch.dir}/br0.mgmt", wires


def n_flows(switch):
    return switch.ctl_json("dump-aggregate", "br0")["flows"]


@case
def bundles_hold_every_kind_of_modification(switch):
    path, wires = start(switch)
    for version in OXM:
        with Peer(path, version) as peer:
            head = do(peer, bundle_ctrl(OPEN))[0]
            assert head == encode(bundle_ctrl(OPEN + 1), version), head.hex()
            do(peer, bundle_add(group_with(0, "00", bucket(TO_2))),
               bundle_add(meter(0, bands=DROP_BAND)),
               bundle_add(flow("", apply("0016 0008 00000001"))),
               bundle_add(packet_out("0000 0010 fffffff9 0000 000000000000", FRAME,
                                     in_port="00000001")))
            assert n_flows(switch) == 0 and wires[1].is_silent(0.1)
            do(peer, bundle_ctrl(CLOSE))
            done = do(peer, bundle_ctrl(COMMIT))
            assert done == [encode(bundle_ctrl(COMMIT + 1), version)], done
            assert wires[1].receive() == bytes.fromhex(FRAME.replace(" ", ""))
            assert n_flows(switch) == 1
            assert "meter=1" in switch.ctl("dump-meters", "br0")
            do(peer, bundle_ctrl(OPEN), bundle_add(flow(command="03", table="ff")),
               bundle_add(group(2)), bundle_add(meter(2)))
            do(peer, bundle_ctrl(DISCARD))
            assert n_flows(switch) == 1
            do(peer, flow(command="03", table="ff"), group(2), meter(2))


@case
def a_bundle_that_fails_sends_no_packet(switch):
    path, wires = start(switch)
    for version in OXM:
        with Peer(path, version) as peer:
            bad = encode(flow("", apply("0016 0008 00000009")), version)
            do(peer, bundle_ctrl(OPEN), bundle_add(packet_out(TO_2, FRAME)),
               bundle_add(meter(0, bands=DROP_BAND)), bundle_add(flow("", apply(OUTPUT_1))),
               bundle_add(flow("", apply("0016 0008 00000009"))))
            state = peer.state()
            commit = encode(bundle_ctrl(COMMIT), version)
            want = [error_message(version, ERRORS["OFPBAC_BAD_OUT_GROUP"][version], bad),
                    error_message(version, ERRORS["OFPBFC_MSG_FAILED"][version], commit)]
            assert peer.ask_whole(commit) == want
            assert peer.state() == state
            assert wires[1].is_silent(0.1)


@case
def bundle_features_tell_the_truth(switch):
    path, _ = start(switch)
    with Peer(path, 6) as peer:
        (reply,) = do(peer, multipart(19, "00000001 00000000"))
        assert reply == encode("VV13 LLLL 00000007 0013 0000 00000000 0003 000000000000", 6), \
            reply.hex()


def table_entries(peer):
    """Table features as they are, by table."""
    body, entries = peer.multipart_body(12), {}
    while body:
        (size,) = struct.unpack("!H", body[:2])
        entries[body[2]] = body[:size]
        body = body[size:]
    return entries


@case
def table_features_are_set_in_parts(switch):
    path, _ = start(switch)
    for version in OXM:
        with Peer(path, version) as peer:
            before = table_entries(peer)
            assert sorted(before) == list(range(254))
            # What was read, with other names: a part for two tables, and one for the last.
            named = {t: before[t][:8] + f"t{t}v{version}".encode().ljust(32, b"\0") + before[t][40:]
                     for t in (0, 7, 253)}
            parts = [(named[0] + named[7], "0001"), (named[253], "0000")]
            said = peer.ask_whole(encode(multipart(12, parts[0][0].hex(), parts[0][1]), version))
            assert said == [], said[0].hex()
            assert table_entries_unchanged(path, version, before)
            answers = do(peer, multipart(12, parts[1][0].hex(), parts[1][1]))
            assert len(answers) > 1 and max(len(a) for a in answers) <= 65535
            assert table_entries(peer) == {**before, **named}


def table_entries_unchanged(path, version, before):
    with Peer(path, version) as other:
        return table_entries(other) == before


@case
def parts_that_do_not_come_are_an_error(switch):
    path, _ = start(switch)
    for version in OXM:
        with Peer(path, version) as peer:
            entry = table_entries(peer)[3]
            request = encode(multipart(12, entry.hex(), "0001"), version)
            peer.send_whole(request)
            wire = ERRORS["OFPBRC_MULTIPART_REQUEST_TIMEOUT"][version]
            assert peer.receive() == error_message(version, wire, request[:64])





@case
def the_number_of_tables_is_configurable(switch):
    switch.start()
    switch.ctl("add-br", "br0", "n-tables=5")
    for version in OXM:
        with Peer(f"{switch.dir}/br0.mgmt", version) as peer:
            assert sorted(table_entries(peer)) == list(range(5))
            features = do(peer, "VV05 0008 00000007")[0]
            assert features[20] == 5, features.hex()


@case
def meters_have_as_many_bands_as_they_say(switch):
    path, _ = start(switch)
    for version in OXM:
        with Peer(path, version) as peer:
            features = peer.multipart_body(11)
            assert features == struct.pack("!IIIBB2x", 65536, 6, 15, 8, 0), features.hex()
            bands = "".join(f"0001 0010 {1000 + i:08x} {i:08x} 00000000" for i in range(8))
            do(peer, meter(0, "0005", bands=bands))
            want = encode(meter(0, "0005", bands=bands), version)[16:]
            config = peer.multipart_body(10, struct.pack("!I4x", 1))
            assert config == struct.pack("!HHI", 8 + len(want), 5, 1) + want, config.hex()
            assert len(peer.multipart_body(9, struct.pack("!I4x", 1))) == 40 + 8 * 16
            do(peer, meter(2))


def refused(peer, request, name):
    sent = encode(request, peer.version)
    return peer.ask_whole(sent) == [error_message(peer.version, ERRORS[name][peer.version], sent)]


@case
def what_is_taken_has_room_in_replies(switch):
    path, _ = start(switch)
    flows = struct.pack("!B3xII4xQQHH4x", 255, ANY, ANY, 0, 0, 1, 4)
    for version in OXM:
        with Peer(path, version) as peer:
            assert refused(peer, flow("", apply(OUTPUT_1 * 4090)), "OFPBAC_TOO_MANY")
            assert peer.multipart_body(1, flows) == b""
            do(peer, flow("", apply(OUTPUT_1 * 4089)))
            assert peer.multipart_body(1, flows).endswith(bytes.fromhex(OUTPUT_1) * 4089)
            do(peer, flow(command="03", table="ff"))
            empty = [bucket("", number=i) for i in range(4092)]
            assert refused(peer, group_with(0, "00", *empty), "OFPGMFC_OUT_OF_BUCKETS")
            do(peer, group_with(0, "00", *empty[1:]))
            assert len(peer.multipart_body(6, struct.pack("!I4x", 1))) == 40 + 16 * 4091
            body = peer.multipart_body(7, b"" if version < V15 else struct.pack("!I4x", 1))
            assert len(body) == struct.unpack("!H", body[:2])[0] > 8 * 4091
            do(peer, group(2))


@case
def buckets_of_a_group_fit_into_a_message(switch):
    path, _ = start(switch)
    with Peer(path, V15) as peer:
        half = bucket(OUTPUT_1 * 2050, number=1)
        do(peer, group_with(0, "00", half))
        more = group_with(3, "00", bucket(OUTPUT_1 * 2050, number=2), more="fffffffe")
        assert refused(peer, more, "OFPGMFC_OUT_OF_BUCKETS")
        assert buckets(switch) == [1]


def buckets(switch, version="OpenFlow15"):
    text = run("ovs-ofctl", "-O", version, "dump-groups", f"unix:{switch.dir}/br0.mgmt")
    return [int(part.split(",")[0]) for part in text.split("bucket_id:")[1:]]


@case
def buckets_are_inserted_and_removed(switch):
    path, _ = start(switch)
    with Peer(path, 6) as peer:
        def insert(number, where):
            do(peer, group_with(3, "00", bucket(number=number), more=where))

        do(peer, group_with(0, "00", bucket(number=5)))
        insert(1, "fffffffd")  # First.
        insert(9, "fffffffe")  # Last.
        insert(7, "00000005")
        assert buckets(switch) == [1, 5, 7, 9]
        for where, left in (("fffffffd", [5, 7, 9]), ("fffffffe", [5, 7]), ("00000005", [7]),
                            ("ffffffff", [])):
            do(peer, group(5, more=where))
            assert buckets(switch) == left, where


@case
def learning_stops_at_its_limit(switch):
    _, wires = start(switch)
    switch.ctl("add-flow", "br0", "in_port=1,actions=learn(table=1,cookie=9,limit=2,"
               "NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[]),output:2")
    for number in (1, 2, 3, 1, 3):
        wires[0].send(frame(src=f"02:00:00:00:01:{number:02x}"))
        assert wires[1].receive() is not None
    learned = sorted(flow["match"] for flow in switch.ctl_json("dump-flows", "br0", "table=1"))
    assert learned == ["dl_dst=02:00:00:00:01:01", "dl_dst=02:00:00:00:01:02"], learned


# ---- Tables and ports --------------------------------------------------------------------------
EVICTION, EVICT_OTHER, EVICT_IMPORTANCE, EVICT_LIFETIME = 4, 1, 2, 4


@case
def a_table_says_what_it_evicts_by(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    for version in V14, V15:
        peer = Peer(f"{switch.dir}/br0.mgmt", version)

        def table_mod(flags):
            prop = struct.pack("!HHI", 2, 8, flags)
            return peer.ask(17, struct.pack("!BxxxI", 0, EVICTION) + prop)

        def told():
            """The description of table 0, the first of all."""
            return peer.multipart(14)[0][16:32]
        for asked, used in ((0, EVICT_IMPORTANCE | EVICT_LIFETIME), (EVICT_LIFETIME, EVICT_LIFETIME),
                            (EVICT_OTHER, EVICT_OTHER)):
            assert table_mod(asked) == []
            assert told() == struct.pack("!HBxIHHI", 16, 0, EVICTION, 2, 8, used), told().hex()


@case
def what_a_rule_drops_was_received(switch):
    """The first packet as the others: rx_dropped has none of them, but what the port refuses."""
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    (wire,) = add_wires(switch, 1, "tc")
    switch.ctl("add-flow", "br0", "priority=5,actions=drop")

    def dropped():
        return switch.ports("br0")["p1"]["stats"]["rx_dropped"]

    def n_packets():
        return switch.ctl_json("dump-flows", "br0")[0]["packets"]
    for number in range(1, 6):
        wire.send(frame())
        wait_for(lambda number=number: n_packets() == number, "the entry counts it")
        assert dropped() == 0, number
    switch.ctl("mod-port", "br0", "1", "no-receive")
    for number in range(1, 4):
        wire.send(frame())
        wait_for(lambda number=number: dropped() == number, "the port drops it")
    assert n_packets() == 5


main()
