#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Nicira's messages that ovs-ofctl uses: groups of OpenFlow 1.0, and what this switch refuses."""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import case, main  # noqa: E402
from peer import EXPERIMENTER, V10, V13, V14, V15, Peer, header  # noqa: E402

NICIRA = 0x2320
STATS_REPLY = 17
GROUP, GROUP_DESC, GROUP_FEATURES = 7, 8, 9
ALL_BUCKETS, LAST_BUCKET, ALL_GROUPS = 0xffffffff, 0xfffffffe, 0xfffffffc


def start(switch):
    switch.start()
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("set-controller", "br0", f"punix:{switch.dir}/controllers")


def stats(peer, subtype, body=b"", xid=1):
    return peer.multipart(0xffff, struct.pack("!II4x", NICIRA, subtype) + body, xid)


def stats_reply(subtype, *entries):
    return header(V10, STATS_REPLY, struct.pack("!HHII4x", 0xffff, 0, NICIRA, subtype) +
                  b"".join(entries), 1)


def bucket(number, port, weight=None):
    """A bucket as in 1.5 with an action of 1.0."""
    action = struct.pack("!HHHH", 0, 8, port, 0)
    prop = b"" if weight is None else struct.pack("!HHHH", 0, 8, weight, 0)
    return struct.pack("!HHI", 8 + len(action + prop), len(action), number) + action + prop


def group_mod(command, group, *buckets, kind=0, where=ALL_BUCKETS):
    body = b"".join(buckets)
    return struct.pack("!IIHBxIHxxI", NICIRA, 31, command, kind, group, len(body), where) + body


def described(group, *buckets, kind=0):
    body = b"".join(buckets)
    return struct.pack("!HBxIH6x", 16 + len(body), kind, group, len(body)) + body


@case
def groups_of_openflow_10(switch):
    start(switch)
    peer = Peer(f"{switch.dir}/controllers", V10)
    one, two = bucket(0, 1, 5), bucket(1, 2, 1)
    assert peer.ask(EXPERIMENTER, group_mod(0, 3, one, two, kind=1)) == []
    assert peer.ask(EXPERIMENTER, group_mod(0, 4, bucket(0, 1))) == []
    (said,) = stats(peer, GROUP_DESC, struct.pack("!I4x", 3))
    assert said == stats_reply(GROUP_DESC, described(3, one, two, kind=1)), said.hex()
    (said,) = stats(peer, GROUP_DESC, struct.pack("!I4x", 9))
    assert said == stats_reply(GROUP_DESC), said.hex()
    (said,) = stats(peer, GROUP_DESC, struct.pack("!I4x", ALL_GROUPS))
    assert len(said) == len(stats_reply(GROUP_DESC)) + len(
        described(3, one, two) + described(4, bucket(0, 1))), said.hex()
    # Commands on buckets.
    assert peer.ask(EXPERIMENTER, group_mod(3, 4, bucket(7, 2), where=LAST_BUCKET)) == []
    (said,) = stats(peer, GROUP_DESC, struct.pack("!I4x", 4))
    assert said == stats_reply(GROUP_DESC, described(4, bucket(0, 1), bucket(7, 2))), said.hex()
    assert peer.ask(EXPERIMENTER, group_mod(5, 4, where=0)) == []
    (said,) = stats(peer, GROUP_DESC, struct.pack("!I4x", 4))
    assert said == stats_reply(GROUP_DESC, described(4, bucket(7, 2))), said.hex()
    (said,) = stats(peer, GROUP, struct.pack("!I4x", 3))
    assert len(said) == len(stats_reply(GROUP)) + 40 + 2 * 16, said.hex()
    assert said[24:32] == struct.pack("!HxxI", 72, 3), said.hex()
    # Nicira's errors: type, code.
    assert peer.error(EXPERIMENTER, group_mod(0, 3)) == (NICIRA, 6, 0)
    assert peer.error(EXPERIMENTER, group_mod(1, 9)) == (NICIRA, 6, 8)
    assert peer.error(EXPERIMENTER, group_mod(5, 3, where=77)) == (NICIRA, 6, 15)
    assert peer.ask(EXPERIMENTER, group_mod(2, ALL_GROUPS)) == []
    (said,) = stats(peer, GROUP_DESC, struct.pack("!I4x", ALL_GROUPS))
    assert said == stats_reply(GROUP_DESC)


@case
def group_features_of_openflow_10(switch):
    start(switch)
    peer = Peer(f"{switch.dir}/controllers", V10)
    (said,) = stats(peer, GROUP_FEATURES)
    assert said == stats_reply(GROUP_FEATURES, struct.pack("!II", 15, 7), struct.pack("!I", 65536)
                               * 4, struct.pack("!I", 0xfff) * 4), said.hex()


@case
def commands_on_buckets_of_openflow_15(switch):
    start(switch)
    peer = Peer(f"{switch.dir}/controllers", V15)

    def mod(command, *buckets, where=ALL_BUCKETS):
        body = b"".join(buckets)
        return struct.pack("!HBxIHxxI", command, 0, 1, len(body), where) + body

    def one(number, port):
        action = struct.pack("!HHIH6x", 0, 16, port, 0)
        return struct.pack("!HHI", 8 + len(action), len(action), number) + action
    assert peer.ask(15, mod(0, one(1, 1))) == []
    assert peer.ask(15, mod(3, one(2, 2), where=0xfffffffd)) == []  # In front.
    assert peer.ask(15, mod(3, one(3, 3), where=LAST_BUCKET)) == []
    assert peer.ask(15, mod(5, where=1)) == []
    (said,) = peer.multipart(7, struct.pack("!I4x", 1))
    assert one(2, 2) + one(3, 3) in said and one(1, 1) not in said, said.hex()
    assert peer.error(15, mod(3, one(2, 2), where=LAST_BUCKET)) == (6, 16)  # BUCKET_EXISTS
    assert peer.error(15, mod(5, where=9)) == (6, 15)  # UNKNOWN_BUCKET


@case
def what_is_not_there_is_refused(switch):
    start(switch)
    for version in (V10, V13, V14, V15):
        peer = Peer(f"{switch.dir}/controllers", version)

        def error(number, v10_number):
            return (NICIRA, 1, v10_number) if version == V10 else (0xffff, number, NICIRA)
        pad = b"\0" * (4 if version == V10 else 0)
        kind = 16 if version == V10 else 18
        head = struct.pack("!HH", 0xffff, 0) + (b"" if version == V10 else bytes(4))
        for subtype in (3, 4):  # NXST_IPFIX_*: NXST_NOT_CONFIGURED
            body = head + struct.pack("!II", NICIRA, subtype) + pad
            assert peer.error(kind, body) == error(36, 535), version
        # No tunnel options: none can be mapped.
        (said,) = peer.experimenter(NICIRA, 25, xid=6)
        assert said == header(version, EXPERIMENTER, struct.pack("!III2x10x", NICIRA, 26, 0), 6)

        def tlv(command, length=None):
            body = b"" if length is None else struct.pack("!HBBHxx", 0xffff, 0, length, 0)
            return struct.pack("!IIH6x", NICIRA, 24, command) + body
        assert peer.error(EXPERIMENTER, tlv(0, 4)) == error(18, 529)
        assert peer.error(EXPERIMENTER, tlv(0, 5)) == error(17, 528)
        assert peer.error(EXPERIMENTER, tlv(3)) == error(16, 527)
        assert peer.ask(EXPERIMENTER, tlv(2)) == []


main()
