# SPDX-License-Identifier: Apache-2.0
"""Bad requests: of each error that the switch sends, what yields it.

A row is (error, what is wrong, versions, request, messages to send before). Requests are in
hexadecimal as of ofwire.message(), VV being the version; or a function of the version.
"""
from ofwire import padded

ALL, OXM, PROPERTIES = (1, 4, 5, 6), (4, 5, 6), (5, 6)


# ---- Pieces of messages ----

def v10_flow(actions="", command="0000", flags="0000", idle="0000", buffer="ffffffff"):
    return ("010e LLLL 00000007 003fffff 0000 000000000000 000000000000 0000 00 00 0000 00 00 0000"
            "00000000 00000000 0000 0000 0000000000000000" + command + idle + "0000 8000" + buffer +
            "ffff" + flags + actions)


def nx_flow(match="", actions="", command="0000"):
    """Nicira's flow mod in OpenFlow 1.0."""
    size = len(match.replace(" ", "")) // 2
    return ("0104 LLLL 00000007 00002320 0000000d 0000000000000000" + command +
            f"0000 0000 8000 ffffffff ffff 0000 {size:04x} 000000000000" + padded(match) + actions)


def match_of(fields=""):
    """A match of OXM fields, padded."""
    fields = fields.replace(" ", "")
    return padded(f"0001 {4 + len(fields) // 2:04x}" + fields)


def instruction(kind, actions):
    """An instruction of actions: 3 write, 4 apply."""
    size = len(actions.replace(" ", "")) // 2
    return f"{kind:04x} {8 + size:04x} 00000000" + actions


def apply(actions):
    return instruction(4, actions)


def flow(fields="", instructions="", **changes):
    """A flow mod of 1.3 and later."""
    c = {"cookie": "00" * 8, "mask": "00" * 8, "table": "00", "command": "00", "idle": "0000",
         "priority": "8000", "buffer": "ffffffff", "flags": "0000", "match": match_of(fields)}
    c.update(changes)
    return ("VV0e LLLL 00000007" + c["cookie"] + c["mask"] + c["table"] + c["command"] + c["idle"] +
            "0000" + c["priority"] + c["buffer"] + "ffffffff ffffffff" + c["flags"] + "0000" +
            c["match"] + instructions)


OUTPUT_1 = "0000 0010 00000001 0000 000000000000"

# Nicira's actions in a flow mod of OpenFlow 1.0.
NX = "00002320"

NXM_ROWS = [
    ("OFPBMC_BAD_FIELD", "an NXM field that is not known", (1,), nx_flow("0001fe02 0001")),
    ("OFPBMC_BAD_FIELD", "an NXM class that is not known", (1,), nx_flow("70000004 00000001")),
    ("OFPBMC_BAD_LEN", "an NXM field that is cut short", (1,), nx_flow("00000004 0001")),
    ("OFPBMC_BAD_WILDCARDS", "NXM value bits outside the mask", (1,),
     nx_flow("00000602 0800 00000f08 0a000001 ffffff00")),
    ("OFPBMC_DUP_FIELD", "an NXM field that comes twice", (1,),
     nx_flow("00000602 0800 00000602 0800")),
    ("OFPBMC_BAD_PREREQ", "an NXM TCP port without TCP", (1,), nx_flow("00001202 0050")),
    ("OFPBMC_BAD_VALUE", "an NXM TOS with ECN bits", (1,), nx_flow("00000602 0800 00000a01 03")),
    ("OFPBMC_BAD_FIELD", "statistics of an NXM field that is not known", (1,),
     "0110 LLLL 00000007 ffff 0000 00002320 00000000 00000000 ffff 0006 ff 000000 0001fe02 0001 0000"),
    ("OFPFMFC_BAD_COMMAND", "a table in a command without NXT_FLOW_MOD_TABLE_ID", (1,),
     nx_flow(command="ff00")),
    ("OFPBRC_BAD_LEN", "Nicira's flow mod cut short", (1,),
     "0104 LLLL 00000007 00002320 0000000d 0000"),
    ("OFPBAC_BAD_ARGUMENT", "a resubmit to a table with bytes that must be zero", (1,),
     nx_flow("", "ffff 0010 00002320 000e 0001 ff 000001")),
    ("OFPBAC_BAD_ARGUMENT", "a learn with a byte that must be zero", (1,),
     nx_flow("", "ffff 0020 00002320 0010 0000 0000 8000 0000000000000000 0000 01 01 0000 0000")),
    ("OFPBAC_BAD_ARGUMENT", "a learn into table 255", (1,),
     nx_flow("", "ffff 0020 00002320 0010 0000 0000 8000 0000000000000000 0000 ff 00 0000 0000")),
    ("OFPBAC_BAD_ARGUMENT", "a learn with an unknown flag", (1,),
     nx_flow("", "ffff 0020 00002320 0010 0000 0000 8000 0000000000000000 8000 01 00 0000 0000")),
    ("OFPBAC_BAD_SET_TYPE", "a load into an unknown field", (1,),
     nx_flow("", "ffff 0018 00002320 0007 001f 0001fe04 0000000000000001")),
    ("OFPBAC_BAD_SET_LEN", "a load beyond its field", (1,),
     nx_flow("", "ffff 0018 00002320 0007 003f 00010004 0000000000000001")),
    ("OFPBAC_BAD_ARGUMENT", "a load of more bits than it sets", (1,),
     nx_flow("", "ffff 0018 00002320 0007 0007 00010004 0000000000000100")),
    ("OFPBAC_BAD_SET_LEN", "a move beyond its fields", (1,),
     nx_flow("", "ffff 0018 00002320 0006 0040 0000 0000 00010004 00010204")),
    ("OFPBAC_BAD_VENDOR_TYPE", "an unknown action of Nicira's", (1,),
     nx_flow("", "ffff 0010 00002320 0fff 000000000000")),
    ("OFPBAC_BAD_OUT_GROUP", "a group that does not exist", (1,),
     nx_flow("", "ffff 0010 00002320 0028 00000001 0000")),
    ("OFPBAC_BAD_ARGUMENT", "a multipath of an unknown algorithm", (1,),
     nx_flow("", "ffff 0020 00002320 000a 0000 0032 0000 0009 0000 00000000 0000 001f 00010004")),
    ("NXBAC_BAD_CONJUNCTION", "a conjunction's clause beyond its clauses", (1,),
     nx_flow("", "ffff 0010 00002320 0022 05 02 00000001")),
    ("OFPBAC_BAD_OUT_PORT", "an output to no port", (1,), nx_flow("", "0000 0008 ff00 0000")),
    ("OFPRRFC_BAD_ROLE", "an unknown role", (1,), "0104 LLLL 00000007 00002320 0000000a 00000009"),
    ("OFPBRC_EPERM", "an unknown flow format", (1,),
     "0104 LLLL 00000007 00002320 0000000c 00000009"),
    ("OFPBRC_EPERM", "an unknown packet-in format", (1,),
     "0104 LLLL 00000007 00002320 00000010 00000009"),
]



def multipath(fields="0000", basis="0032", algorithm="0000", max_link="0003", dst="001f 00010004"):
    return (f"ffff 0020 {NX} 000a {fields} {basis} 0000 {algorithm} {max_link} 00000000 0000 {dst}")


def bundle(subtype="000c", algorithm="0001", fields="0000", member_type="00000002", n="0002",
           ofs_nbits="0000", dst="00000000", members="0001 0002 0000 0000"):
    size = 32 + len(members.replace(" ", "")) // 2
    return (f"ffff {size:04x} {NX} {subtype} {algorithm} {fields} 0032 {member_type} {n} {ofs_nbits}"
            f"{dst} 00000000 {members}")


def stack(subtype="001b", field="00010004", n_bits="0020"):
    return f"ffff 0018 {NX} {subtype} 0000 {field} {n_bits} 000000000000"


def sample(subtype="001d", size="0018", probability="8000", rest=""):
    return f"ffff {size} {NX} {subtype} {probability} 00000001 00000002 00000003 {rest}"


NXM_ROWS += [
    (error, what, (1,), nx_flow("", action)) for error, what, action in (
        ("OFPBAC_BAD_ARGUMENT", "a multipath over unknown fields", multipath(fields="0009")),
        ("OFPBAC_BAD_ARGUMENT", "a multipath of more links than its field holds",
         multipath(dst="0000 00010004")),
        ("OFPBAC_BAD_SET_LEN", "a multipath beyond its field", multipath(dst="045f 00010004")),
        ("OFPBAC_BAD_SET_TYPE", "a multipath into an unknown field", multipath(dst="001f 0001fe04")),
        ("OFPBAC_BAD_SET_ARGUMENT", "a multipath into a field that is not to be set",
         multipath(dst="001f 00014a04")),
        ("OFPBAC_BAD_LEN", "a multipath cut short",
         f"ffff 0018 {NX} 000a 0000 0032 0000 0000 0003 00000000"),
        ("OFPBAC_BAD_ARGUMENT", "a bundle of an unknown algorithm", bundle(algorithm="0009")),
        ("OFPBAC_BAD_ARGUMENT", "a bundle over unknown fields", bundle(fields="0009")),
        ("OFPBAC_BAD_ARGUMENT", "a bundle of members of an unknown type",
         bundle(member_type="00000602")),
        ("OFPBAC_BAD_ARGUMENT", "a bundle with a field", bundle(ofs_nbits="000f", dst="00010004")),
        ("OFPBAC_BAD_LEN", "a bundle of more members than there are", bundle(n="0009")),
        ("OFPBAC_BAD_OUT_PORT", "a bundle of no port", bundle(members="0001 ff01 0000 0000")),
        ("OFPBAC_BAD_SET_TYPE", "a bundle_load into an unknown field",
         bundle("000d", ofs_nbits="000f", dst="0001fe04")),
        ("OFPBAC_BAD_SET_LEN", "a bundle_load beyond its field",
         bundle("000d", ofs_nbits="045f", dst="00010004")),
        ("OFPBAC_BAD_LEN", "notes that end in the middle of 8 bytes",
         2 * f"ffff 000c {NX} 0008 0102"),
        ("OFPBAC_BAD_ARGUMENT", "a sample of no packet", sample(probability="0000")),
        ("OFPBAC_BAD_LEN", "a sample cut short", f"ffff 0010 {NX} 001d 8000 00000001"),
        ("OFPBAC_BAD_ARGUMENT", "a sample of an unknown direction",
         sample("0029", "0020", rest="ffff 09 0000000000")),
        ("OFPBAC_BAD_SET_LEN", "a push beyond its field", stack(n_bits="0021")),
        ("OFPBAC_BAD_SET_LEN", "a push of no bit", stack(n_bits="0000")),
        ("OFPBAC_BAD_SET_ARGUMENT", "a pop into a field that is not to be set",
         stack("001c", field="00014a04")),
        ("OFPBAC_BAD_LEN", "a push cut short", f"ffff 0010 {NX} 001b 0000 00010004"),
    )]

V10_ROWS = [
    ("OFPFMFC_BAD_FLAGS", "an unknown flag of a flow mod", (1,), v10_flow(flags="8000")),
    ("OFPFMFC_TABLE_FULL", "an emergency flow", (1,), v10_flow(flags="0004")),
    ("OFPFMFC_BAD_EMERG_TIMEOUT", "an emergency flow with a timeout", (1,),
     v10_flow(flags="0004", idle="0005")),
    ("OFPFMFC_BAD_COMMAND", "an unknown command of a flow mod", (1,), v10_flow(command="0009")),
    ("OFPQOFC_BAD_QUEUE", "statistics of a queue that no port has", (1,),
     "0110 LLLL 00000007 0005 0000 fffc 0000 00000007"),
    ("OFPQOFC_BAD_PORT", "statistics of the queues of no port", (1,),
     "0110 LLLL 00000007 0005 0000 0042 0000 ffffffff"),
    ("OFPQOFC_BAD_PORT", "queues of no port", (1,), "0114 LLLL 00000007 0042 0000"),
]


# ---- OpenFlow 1.3 and later ----

def by_version(**texts):
    """A request that versions write otherwise: v1=, v4=, ..., any=."""
    return lambda version: texts.get(f"v{version}", texts.get("any"))


def multipart(kind, body="", flags="0000"):
    """A multipart request; of 1.0 without the padding."""
    return lambda v: (f"0110 LLLL 00000007 {kind:04x} {flags}" + body if v == 1 else
                      f"VV12 LLLL 00000007 {kind:04x} {flags} 00000000" + body)


def with_actions(actions):
    return lambda v: v10_flow(actions) if v == 1 else flow("", apply(actions))


def packet_out(actions="", data="", in_port="ffffffff", buffer="ffffffff", fields=None):
    """A packet-out; of 1.5 with a match, of which `fields` are the OXM fields."""
    size = len(actions.replace(" ", "")) // 2

    def text(version):
        if version == 1:
            return f"010d LLLL 00000007 {buffer} {in_port[4:]} {size:04x}" + actions + data
        if version < 6:
            return (f"VV0d LLLL 00000007 {buffer} {in_port} {size:04x} 000000000000" + actions +
                    data)
        match = match_of(f"80000004 {in_port}" if fields is None else fields)
        return f"VV0d LLLL 00000007 {buffer} {size:04x} 0000" + match + actions + data
    return text


FRAME = "020000000002 020000000001 88b5" + "00" * 46
FLOOD = {1: "0000 0008 fffb 0000"}


def group(command, kind="00", group_id="00000001", buckets="", more=""):
    """A group-mod; 1.5's has the id of a bucket in addition."""
    def text(version):
        if version < 6:
            return f"VV0f LLLL 00000007 {command:04x} {kind} 00 {group_id}" + buckets
        size = len(buckets.replace(" ", "")) // 2
        return (f"VV0f LLLL 00000007 {command:04x} {kind} 00 {group_id} {size:04x} 0000" +
                (more or "ffffffff") + buckets)
    return text


def bucket(actions=OUTPUT_1, weight=0, watch_port=0xffffffff, watch_group=0xffffffff, number=1):
    """A bucket of the version at hand."""
    size = len(actions.replace(" ", "")) // 2

    def text(version):
        if version < 6:
            return (f"{16 + size:04x} {weight:04x} {watch_port:08x} {watch_group:08x} 00000000" +
                    actions)
        props = ""
        if weight:
            props += f"0000 0008 {weight:04x} 0000"
        if watch_port != 0xffffffff:
            props += f"0001 0008 {watch_port:08x}"
        if watch_group != 0xffffffff:
            props += f"0002 0008 {watch_group:08x}"
        n_props = len(props.replace(" ", "")) // 2
        return f"{8 + size + n_props:04x} {size:04x} {number:08x}" + actions + props
    return text


def group_with(command, kind, *buckets, group_id="00000001", more=""):
    return lambda v: group(command, kind, group_id, "".join(b(v) for b in buckets), more)(v)


def meter(command, flags="0001", meter_id="00000001", bands=""):
    return f"VV1d LLLL 00000007 {command:04x} {flags} {meter_id}" + bands


DROP_BAND = "0001 0010 000003e8 00000000 00000000"
GOTO = "0001 0008"


def bundle_ctrl(kind, bundle_id="00000001", flags="0003", properties=""):
    def text(version):
        head = "0404 LLLL 00000007 4f4e4600 000008fc" if version == 4 else "VV21 LLLL 00000007"
        return head + bundle_id + f"{kind:04x}" + flags + properties
    return text


def bundle_add(inner, bundle_id="00000001", flags="0003", xid="00000007"):
    def text(version):
        head = "0404 LLLL 00000007 4f4e4600 000008fd" if version == 4 else "VV22 LLLL 00000007"
        inside = inner(version) if callable(inner) else inner
        size = len(inside.replace("LLLL", "0000").replace(" ", "")) // 2
        inside = inside.replace("LLLL", f"{size:04x}", 1).replace("00000007", xid, 1)
        return head + bundle_id + "0000" + flags + inside
    return text


OPEN, CLOSE, COMMIT, DISCARD = 0, 2, 4, 6
SLAVE = by_version(v1="0104 LLLL 00000007 00002320 0000000a 00000002",
                   any="VV18 LLLL 00000007 00000003 00000000 0000000000000001")

REQUEST_ROWS = [
    ("OFPBRC_BAD_VERSION", "a message of another version", ALL, "0214 0008 00000007"),
    ("OFPBRC_BAD_TYPE", "a message of an unknown type", ALL, "VV63 0008 00000007"),
    ("OFPBRC_BAD_TYPE", "a reply", OXM, "VV15 0008 00000007"),
    ("OFPBRC_BAD_STAT", "a multipart request of an unknown type", ALL, multipart(0x63)),
    ("OFPBRC_BAD_VENDOR", "a message of an unknown experimenter", ALL,
     by_version(v1="0104 LLLL 00000007 0badf00d", any="VV04 LLLL 00000007 0badf00d 00000001")),
    ("OFPBRC_BAD_VENDOR", "a multipart request of an unknown experimenter", ALL,
     multipart(0xffff, "0badf00d 00000001")),
    ("OFPBRC_BAD_SUBTYPE", "an unknown message of Nicira's", ALL,
     "VV04 LLLL 00000007 00002320 00000fff"),
    ("OFPBRC_BAD_SUBTYPE", "an unknown multipart request of Nicira's", ALL,
     by_version(v1="0110 LLLL 00000007 ffff 0000 00002320 00000fff 00000000",
                any="VV12 LLLL 00000007 ffff 0000 00000000 00002320 00000fff")),
    ("OFPBRC_BAD_LEN", "a barrier with a body", OXM, "VV14 LLLL 00000007 00"),
    ("OFPBRC_BAD_LEN", "a flow-mod cut short", ALL, "VV0e LLLL 00000007 00000000"),
    ("OFPBRC_IS_SECONDARY", "a flow-mod of a slave", ALL, with_actions(""), [SLAVE]),
    ("OFPBRC_IS_SECONDARY", "a packet-out of a slave", ALL, packet_out(), [SLAVE]),
    ("OFPBRC_IS_SECONDARY", "table features set by a slave", OXM,
     lambda v: multipart(12, table_features(v))(v), [SLAVE]),
    ("OFPBRC_BUFFER_UNKNOWN", "a packet-out of an unknown buffer", ALL, packet_out(buffer="00000abc")),
    ("OFPBRC_BAD_TABLE_ID", "statistics of flows of a table that is not there", OXM,
     lambda v: multipart(1 if v < 6 else 17, "fe 000000 ffffffff ffffffff 00000000" + "00" * 16 +
                         match_of())(v)),
    ("OFPBRC_BAD_PORT", "a packet-out from a port that is not there", ALL,
     packet_out("", FRAME, in_port="00000042")),
    ("OFPBRC_BAD_PORT", "a packet-out from a reserved port", ALL,
     packet_out("", FRAME, in_port="fffffffb")),
    ("OFPBRC_BAD_PORT", "statistics of a port that is not there", OXM,
     multipart(4, "00000042 00000000")),
    ("OFPBRC_BAD_PACKET", "a packet-out of 13 bytes", ALL, packet_out("", "00" * 13)),
    ("OFPBRC_MULTIPART_BAD_SCHED", "bundle features that set a schedule's accuracy", (6,),
     multipart(19, "00000002 00000000")),
    ("OFPBRC_PIPELINE_FIELDS_ONLY", "a packet-out with an address in its match", (6,),
     packet_out("", FRAME, fields="80000004 00000001 80000606 020000000001")),
]


def table_features(version, table="00", name="74", command="00", features="00000000",
                   config=None, max_entries="000f4240", properties="", metadata="f" * 16):
    """An entry of table features that sets a name."""
    names = name + "00" * (32 - len(name) // 2)
    middle = "0000000000" if version < 6 else command + features
    config = config or ("00000003" if version < 5 else "0000000c")
    body = table + middle + names + metadata * 2 + config + max_entries + properties
    return f"{2 + len(body.replace(' ', '')) // 2:04x}" + body


ACTION_ROWS = [
    ("OFPBAC_BAD_TYPE", "an action of an unknown type", ALL, with_actions("0063 0008 00000000")),
    ("OFPBAC_BAD_LEN", "an output of wrong length", ALL,
     by_version(v1=v10_flow("0000 0010 0001 0000 00000000 00000000"),
                any=flow("", apply("0000 0008 00000001")))),
    ("OFPBAC_BAD_VENDOR", "an action of an unknown experimenter", ALL,
     with_actions("ffff 0010 0badf00d 0000 000000000000")),
    ("OFPBAC_BAD_VENDOR_TYPE", "an unknown action of Nicira's", ALL,
     with_actions("ffff 0010 00002320 0fff 000000000000")),
    ("OFPBAC_BAD_OUT_PORT", "an output to no port", ALL,
     by_version(v1=v10_flow("0000 0008 ff00 0000"),
                any=flow("", apply("0000 0010 00000000 0000 000000000000")))),
    ("OFPBAC_BAD_OUT_PORT", "an output to OFPP_ANY", OXM,
     flow("", apply("0000 0010 ffffffff 0000 000000000000"))),
    ("OFPBAC_BAD_ARGUMENT", "a VLAN tag of a strange type is pushed", OXM,
     flow("", apply("0011 0008 0800 0000"))),
    ("OFPBAC_BAD_ARGUMENT", "a VLAN id of 16 bits", (1,), v10_flow("0001 0008 fffe 0000")),
    ("OFPBAC_BAD_ARGUMENT", "a VLAN priority of 8 bits", (1,), v10_flow("0002 0008 ff 000000")),
    ("OFPBAC_BAD_ARGUMENT", "a TOS with ECN bits", (1,), v10_flow("0008 0008 03 000000")),
    ("OFPBAC_BAD_LEN", "a set-queue cut short", OXM, flow("", apply("0015 0000 00000001"))),
    ("OFPBAC_BAD_LEN", "a set-queue with more behind it", OXM,
     flow("", apply("0015 0010 00000001 0000000000000000"))),
    ("OFPBAC_BAD_LEN", "an action that ends in the middle of 8 bytes", OXM,
     flow("", apply("0015 000c 00000001 00000000 0015 000c 00000001 00000000"))),
    ("OFPBAC_BAD_LEN", "an output to LOCAL cut short", OXM, flow("", apply("0000 0008 fffffffe"))),
    ("OFPBAC_BAD_OUT_PORT", "an output to UNSET", (6,),
     flow("", apply("0000 0010 fffffff7 0000 000000000000"))),
    ("OFPBAC_BAD_OUT_PORT", "a packet-out to a port that cannot be", OXM,
     packet_out("0000 0010 ffffff00 0000 000000000000", FRAME)),
    ("OFPBAC_BAD_LEN", "a packet-out to TABLE cut short", OXM,
     packet_out("0000 0008 fffffff9", FRAME)),
    ("OFPBAC_BAD_OUT_PORT", "an enqueue on no port", (1,),
     v10_flow("000b 0010 ff00 000000000000 00000005")),
    ("OFPBAC_BAD_OUT_GROUP", "a group that is not there", OXM,
     flow("", apply("0016 0008 00000009"))),
    ("OFPBAC_BAD_OUT_GROUP", "a packet-out to a group that is not there", OXM,
     packet_out("0016 0008 00000009", FRAME)),
    ("OFPBAC_BAD_SET_TYPE", "a set-field of an unknown field", OXM,
     flow("", apply("0019 0010 8000fc04 00000001 00000000"))),
    ("OFPBAC_BAD_SET_LEN", "a set-field of wrong length", OXM,
     flow("", apply("0019 0010 80000a04 00000001 00000000"))),
    ("OFPBAC_BAD_SET_ARGUMENT", "a set-field of a DSCP of 7 bits", OXM,
     flow("80000a02 0800", apply("0019 0010 80001001 40 00000000000000"))),
    ("OFPBAC_BAD_SET_MASK", "a set-field with a mask before 1.5", (4, 5),
     flow("80000a02 0800", apply("0019 0010 80001908 0a000000 ff000000"))),
    ("OFPBAC_MATCH_INCONSISTENT", "a set-field without what its field needs", OXM,
     flow("", apply("0019 0010 80001a02 0050 0000 00000000"))),
    ("OFPBAC_BAD_METER", "a meter that is not there, as an action", (6,),
     flow("", apply("001d 0008 00000009"))),
    ("OFPBAC_BAD_SET_TYPE", "a copy-field into an unknown field", (6,),
     flow("", apply("001c 0018 0020 0000 0000 0000 80000204 8000fc04 00000000"))),
    ("OFPBAC_BAD_SET_LEN", "a copy-field of more bits than there are", (6,),
     flow("", apply("001c 0018 0080 0000 0000 0000 80000408 80000408 00000000"))),
]

def clones(depth):
    """Nicira's clone actions, in each other."""
    return clone(clones(depth - 1)) if depth else ""


def clone(actions):
    return f"ffff {16 + len(actions.replace(' ', '')) // 2:04x} 00002320 002a 000000000000" + actions


ACTION_ROWS += [
    ("OFPBAC_TOO_MANY", "18 clones in each other", ALL, with_actions(clones(18))),
]

INSTRUCTION_ROWS = [
    ("OFPBIC_UNKNOWN_INST", "an instruction of an unknown type", OXM,
     flow("", "0063 0008 00000000")),
    ("OFPBIC_UNKNOWN_INST", "the meter instruction, which 1.5 made an action", (6,),
     flow("", "0006 0008 00000001")),
    ("OFPBIC_UNSUP_INST", "a statistics trigger with an unknown flag", (6,),
     flow("", "0007 0018 00000004 0000 000c 80020604 00000001 00000000")),
    ("OFPBIC_BAD_TABLE_ID", "a goto to the table itself", OXM, flow("", GOTO + "00 000000")),
    ("OFPBIC_BAD_TABLE_ID", "a goto to a table that is not there", OXM, flow("", GOTO + "fe 000000")),
    ("OFPBIC_BAD_EXPERIMENTER", "an instruction of an unknown experimenter", OXM,
     flow("", "ffff 0008 0badf00d")),
    ("OFPBIC_BAD_LEN", "an instruction of wrong length", OXM,
     flow("", "0001 0010 01000000 00000000 00000000")),
    ("OFPBIC_DUP_INST", "an instruction twice", OXM, flow("", (GOTO + "01 000000") * 2)),
]

MATCH_ROWS = [
    ("OFPBMC_BAD_TYPE", "a match of the type of 1.1", OXM, flow(match="0000 0004 00000000")),
    ("OFPBMC_BAD_LEN", "a match shorter than its header", OXM, flow(match="0001 0003 00000000")),
    ("OFPBMC_BAD_LEN", "a field cut short", OXM, flow("80000004 0000")),
    ("OFPBMC_BAD_FIELD", "an unknown field", OXM, flow("8000fc04 00000001")),
    ("OFPBMC_BAD_FIELD", "a field of an unknown class", OXM, flow("70000004 00000001")),
    ("OFPBMC_BAD_WILDCARDS", "value bits outside the mask", OXM,
     flow("80000a02 0800 80001908 0a000001 ffffff00")),
    ("OFPBMC_BAD_VALUE", "a DSCP of 7 bits", OXM, flow("80000a02 0800 80001001 40")),
    ("OFPBMC_BAD_MASK", "a mask on the ingress port", OXM, flow("80000108 00000001 ffffffff")),
    ("OFPBMC_BAD_PREREQ", "an IPv4 address without the EtherType", OXM, flow("80001604 0a000001")),
    ("OFPBMC_BAD_PREREQ", "a TCP port without TCP", OXM, flow("80000a02 0800 80001a02 0050")),
    ("OFPBMC_BAD_VALUE", "a packet type that no packet has", (6,), flow("80005804 00000001")),
    ("OFPBMC_BAD_PREREQ", "a VLAN id of a packet that is no frame", (6,),
     flow("80005804 00010800 80000c02 1005")),
    ("OFPBMC_BAD_PREREQ", "an Ethernet address of a packet that is no frame", (6,),
     flow("80005804 00010800 80000606 020000000001")),
    ("OFPBMC_BAD_MASK", "a mask on the packet type", (6,), flow("80005908 00000000 ffff0000")),
    ("OFPBMC_DUP_FIELD", "a field twice", OXM, flow("80000a02 0800 80000a02 0800")),
]

FLOW_ROWS = [
    ("OFPFMFC_BAD_TABLE_ID", "a flow in a table that is not there", OXM, flow(table="fe")),
    ("OFPFMFC_BAD_TABLE_ID", "a flow in all tables", OXM, flow(table="ff")),
    ("OFPFMFC_OVERLAP", "a flow that overlaps", OXM,
     flow("80000a02 0800", flags="0002"), [flow("80000004 00000001")]),
    ("OFPFMFC_BAD_COMMAND", "an unknown command", OXM, flow(command="05")),
    ("OFPFMFC_BAD_FLAGS", "an unknown flag", OXM, flow(flags="8000")),
]

def chained_group(number):
    """A group that holds the one before it; the first holds none."""
    actions = f"0016 0008 {number - 1:08x}" if number > 1 else OUTPUT_1
    return group_with(0, "00", bucket(actions), group_id=f"{number:08x}")


GROUP_ROWS = [
    ("OFPGMFC_GROUP_EXISTS", "a group twice", OXM, group(0), [group(0)]),
    ("OFPGMFC_INVALID_GROUP", "a group of a reserved number", OXM, group(0, group_id="fffffffd")),
    ("OFPGMFC_INVALID_GROUP", "a weight outside of select", OXM,
     group_with(0, "00", bucket(weight=5))),
    ("OFPGMFC_INVALID_GROUP", "an indirect group without a bucket", OXM, group(0, "02")),
    ("OFPGMFC_INVALID_GROUP", "fast failover that watches nothing", OXM,
     group_with(0, "03", bucket())),
    ("OFPGMFC_WATCH_UNSUPPORTED", "a watch in a group of all", OXM,
     group_with(0, "00", bucket(watch_port=1))),
    ("OFPGMFC_LOOP", "a group in itself", OXM,
     group_with(1, "00", bucket("0016 0008 00000001")), [group(0)]),
    ("OFPGMFC_LOOP", "a group in a group that it holds", OXM,
     group_with(1, "00", bucket("0016 0008 00000002")),
     [group(0), group_with(0, "00", bucket("0016 0008 00000001"), group_id="00000002")]),
    ("OFPGMFC_UNKNOWN_GROUP", "a change of a group that is not there", OXM, group(1)),
    ("OFPGMFC_CHAINED_GROUP", "a group that another holds is deleted", OXM, group(2),
     [group(0), group_with(0, "00", bucket("0016 0008 00000001"), group_id="00000002")]),
    ("OFPGMFC_BAD_TYPE", "a group of an unknown type", OXM, group(0, "09")),
    ("OFPGMFC_BAD_COMMAND", "an unknown command for a group", OXM, group(9)),
    ("OFPGMFC_BAD_BUCKET", "a bucket cut short", OXM,
     by_version(v4=group(0, buckets="0020 0000")(4), v5=group(0, buckets="0020 0000")(5),
                v6=group(0, buckets="0020 0000 00000001")(6))),
    ("OFPGMFC_UNKNOWN_BUCKET", "a bucket that is not there is removed", (6,),
     group(5, more="00000009"), [group(0)]),
    ("OFPGMFC_UNKNOWN_BUCKET", "buckets behind one that is not there", (6,),
     lambda v: group(3, more="00000009", buckets=bucket()(v))(v), [group(0)]),
    ("OFPGMFC_BUCKET_EXISTS", "a bucket twice", (6,), group_with(0, "00", bucket(), bucket())),
    ("OFPGMFC_BAD_BUCKET", "a bucket with a reserved number", (6,),
     group_with(0, "00", bucket(number=0xffffffff))),
    ("OFPBAC_BAD_OUT_GROUP", "a bucket to a group that is not there", OXM,
     group_with(0, "00", bucket("0016 0008 00000009"))),
    ("OFPGMFC_CHAINING_UNSUPPORTED", "groups that hold groups, 18 deep", OXM, chained_group(18),
     [chained_group(i) for i in range(1, 18)]),
    ("OFPGMFC_OUT_OF_BUCKETS", "4,092 buckets", OXM,
     group_with(0, "00", *(bucket("", number=i) for i in range(4092)))),
]

MAC_1 = "020000000101"  # Port 1's.

PORT_ROWS = [
    ("OFPPMFC_BAD_PORT", "a change of a port that is not there", ALL,
     by_version(v1="010f LLLL 00000007 0042" + "00" * 22,
                v4="0410 LLLL 00000007 00000042" + "00" * 28,
                any="VV10 LLLL 00000007 00000042" + "00" * 20)),
    ("OFPPMFC_BAD_HW_ADDR", "a port's address that is another one", ALL,
     by_version(v1="010f LLLL 00000007 0001 020000000099" + "00" * 16,
                v4="0410 LLLL 00000007 00000001 00000000 020000000099 0000" + "00" * 16,
                any="VV10 LLLL 00000007 00000001 00000000 020000000099 0000" + "00" * 8)),
    ("OFPPMFC_BAD_CONFIG", "a configuration bit that ports lack", OXM,
     by_version(v4=f"0410 LLLL 00000007 00000001 00000000 {MAC_1} 0000 00000080 00000080" +
                "00" * 8,
                any=f"VV10 LLLL 00000007 00000001 00000000 {MAC_1} 0000 00000080 00000080")),
]

METER_ROWS = [
    ("OFPMMFC_METER_EXISTS", "a meter twice", OXM, meter(0, bands=DROP_BAND),
     [meter(0, bands=DROP_BAND)]),
    ("OFPMMFC_INVALID_METER", "meter 0", OXM, meter(0, meter_id="00000000", bands=DROP_BAND)),
    ("OFPMMFC_INVALID_METER", "a meter that is not there, as an instruction", (4, 5),
     flow("", "0006 0008 00000009")),
    ("OFPMMFC_UNKNOWN_METER", "a change of a meter that is not there", OXM,
     meter(1, bands=DROP_BAND)),
    ("OFPMMFC_UNKNOWN_METER", "statistics of a meter that is not there", OXM,
     multipart(9, "00000009 00000000")),
    ("OFPMMFC_BAD_COMMAND", "an unknown command for a meter", OXM, meter(9)),
    ("OFPMMFC_BAD_FLAGS", "an unknown flag of a meter", OXM, meter(0, "8000")),
    ("OFPMMFC_BAD_FLAGS", "a meter of kbit/s and packets", OXM, meter(0, "0003", bands=DROP_BAND)),
    ("OFPMMFC_BAD_RATE", "a band with a rate of 0", OXM,
     meter(0, bands="0001 0010 00000000 00000000 00000000")),
    ("OFPMMFC_BAD_BAND", "an unknown band", OXM,
     meter(0, bands="0009 0010 000003e8 00000000 00000000")),
    ("OFPMMFC_BAD_BAND_VALUE", "a remark by 8 precedences", OXM,
     meter(0, bands="0002 0010 000003e8 00000000 08000000")),
    ("OFPMMFC_OUT_OF_BANDS", "nine bands", OXM, meter(0, bands=DROP_BAND * 9)),
]

OTHER_ROWS = [
    ("OFPTMFC_BAD_TABLE", "a table-mod of a table that is not there", OXM,
     "VV11 LLLL 00000007 fe 000000 00000000"),
    ("OFPTMFC_BAD_CONFIG", "an unknown configuration of a table", OXM,
     "VV11 LLLL 00000007 00 000000 80000000"),
    ("OFPQOFC_BAD_PORT", "statistics of queues of a port that is not there", OXM,
     multipart(5, "00000042 ffffffff")),
    ("OFPQOFC_BAD_QUEUE", "statistics of a queue that is not there", OXM,
     multipart(5, "00000001 00000007")),
    ("OFPQOFC_BAD_QUEUE", "a description of a queue that is not there", PROPERTIES,
     multipart(15, "00000001 00000007")),
    ("OFPQOFC_BAD_PORT", "the queues of a port that is not there", (4,),
     "0416 LLLL 00000007 00000042 00000000"),
    ("OFPSCFC_BAD_FLAGS", "an unknown configuration flag", OXM, "VV09 LLLL 00000007 0010 ffff"),
    ("OFPRRFC_STALE", "a role with an old generation", OXM,
     "VV18 LLLL 00000007 00000003 00000000 0000000000000000", [SLAVE]),
    ("OFPRRFC_BAD_ROLE", "an unknown role", OXM,
     "VV18 LLLL 00000007 00000009 00000000 0000000000000000"),
    ("OFPBPC_BAD_TYPE", "an unknown property of a port-mod", PROPERTIES,
     "VV10 LLLL 00000007 00000001" + "00" * 20 + "0063 0008 00000000"),
    ("OFPBPC_BAD_LEN", "a property cut short", PROPERTIES,
     "VV10 LLLL 00000007 00000001" + "00" * 20 + "0000 0010 00000000"),
    ("OFPBPC_BAD_EXPERIMENTER", "a table-mod's property of an unknown experimenter", PROPERTIES,
     "VV11 LLLL 00000007 00 000000 00000000 ffff 000c 0badf00d 00000001 00000000"),
]

TABLE_ROWS = [
    ("OFPTFFC_BAD_TABLE", "features of a table that is not there", OXM,
     lambda v: multipart(12, table_features(v, table="fe"))(v)),
    ("OFPTFFC_BAD_METADATA", "metadata bits beyond those that there are", OXM,
     lambda v: multipart(12, table_features(v, metadata="f" * 15 + "0"))(v)),
]

def set_features(**changes):
    return lambda v: multipart(12, table_features(v, **changes))(v)


TABLE_ROWS += [
    ("OFPBRC_MULTIPART_BUFFER_OVERFLOW", "a request of one part that has more", ALL,
     multipart(0, flags="0001")),
    ("OFPTFFC_EPERM", "a table of no entries, before 1.5", (4, 5), set_features(max_entries="0" * 8)),
    ("OFPTFFC_BAD_MAX_ENT", "a table of no entries", (6,), set_features(max_entries="0" * 8)),
    ("OFPTFFC_BAD_MAX_ENT", "a table of more entries than there can be", (6,),
     set_features(max_entries="80000000")),
    ("OFPTFFC_BAD_CAPA", "a capability that tables lack", (6,), set_features(config="80000000")),
    ("OFPTFFC_BAD_COMMAND", "an unknown command", (6,), set_features(command="09")),
    ("OFPTFFC_TOO_MANY", "features of 255 tables", (6,),
     lambda v: multipart(12, table_features(v) * 255)(v)),
    ("OFPTFFC_EPERM", "a table is disabled", (6,), set_features(command="03")),
    ("OFPTFFC_BAD_FEATURES", "egress processing from table 0 on", (6,),
     set_features(features="00000010")),
    ("OFPBPC_BAD_VALUE", "instructions other than those there are", OXM,
     set_features(properties="0000 0008 0001 0004")),
    ("OFPBPC_BAD_TYPE", "a property of an unknown type", OXM,
     set_features(properties="0063 0008 00000000")),
    ("OFPBPC_BAD_LEN", "a property cut short", OXM, set_features(properties="0000 0010 00000000")),
    ("OFPBPC_DUP_TYPE", "a property twice", OXM,
     set_features(table="fd", properties="0002 0004 00000000" * 2)),
    ("OFPBPC_BAD_EXPERIMENTER", "a property of an unknown experimenter", OXM,
     set_features(properties="fffe 000c 0badf00d 00000001 00000000")),
]

BUNDLE_ROWS = [
    ("OFPBFC_BAD_ID", "a commit of a bundle that is not there", OXM, bundle_ctrl(COMMIT)),
    ("OFPBFC_BUNDLE_EXIST", "a bundle opened twice", OXM, bundle_ctrl(OPEN), [bundle_ctrl(OPEN)]),
    ("OFPBFC_BUNDLE_CLOSED", "a bundle closed twice", OXM, bundle_ctrl(CLOSE),
     [bundle_ctrl(OPEN), bundle_ctrl(CLOSE)]),
    ("OFPBFC_BUNDLE_CLOSED", "a message for a closed bundle", OXM, bundle_add(flow()),
     [bundle_ctrl(OPEN), bundle_ctrl(CLOSE)]),
    ("OFPBFC_OUT_OF_BUNDLES", "65 bundles", OXM, bundle_ctrl(OPEN, "00000099"),
     [bundle_ctrl(OPEN, f"{i:08x}") for i in range(64)]),
    ("OFPBFC_BAD_TYPE", "an unknown request about a bundle", PROPERTIES, bundle_ctrl(9)),
    ("OFPBFC_BAD_TYPE", "a reply about a bundle", OXM, bundle_ctrl(OPEN + 1), [bundle_ctrl(OPEN)]),
    ("OFPBFC_BAD_FLAGS", "other flags than the bundle's", OXM, bundle_ctrl(COMMIT, flags="0001"),
     [bundle_ctrl(OPEN)]),
    ("OFPBFC_MSG_BAD_LEN", "a message in a bundle cut short", PROPERTIES,
     bundle_add("VV0e LLLL 00000007 00000000"), [bundle_ctrl(OPEN)]),
    ("OFPBFC_MSG_BAD_XID", "a message in a bundle with another xid", OXM,
     bundle_add(flow(), xid="00000008"), [bundle_ctrl(OPEN)]),
    ("OFPBFC_MSG_UNSUP", "a barrier in a bundle", OXM, bundle_add("VV14 LLLL 00000007"),
     [bundle_ctrl(OPEN)]),
    ("OFPBFC_SCHED_NOT_SUPPORTED", "a bundle that is to be scheduled", (6,),
     bundle_ctrl(OPEN, flags="0007")),
    ("OFPBFC_SCHED_NOT_SUPPORTED", "a commit at a time", (6,),
     bundle_ctrl(COMMIT, properties="0001 0018 00000000" + "00" * 16), [bundle_ctrl(OPEN)]),
    ("OFPBPC_BAD_EXPERIMENTER", "a bundle's property of an unknown experimenter", PROPERTIES,
     bundle_ctrl(OPEN, properties="ffff 000c 0badf00d 00000001 00000000")),
]

def monitor(flags="000f", table="ff", command="00", out_port="ffffffff", number="00000001"):
    """A flow monitor of 1.4 and later."""
    return multipart(16, number + out_port + "ffffffff" + flags + table + command + match_of())


def nx_monitor(flags="000f", pad="0000000000"):
    """Nicira's."""
    entry = f"00000001 {flags} ffff 0000 ff {pad}"
    return "0110 LLLL 00000007 ffff 0000 00002320 00000002 00000000" + entry


MONITOR_ROWS = [
    ("OFPMOFC_MONITOR_EXISTS", "Nicira's flow monitor twice", (1,), nx_monitor(), [nx_monitor()]),
    ("OFPMOFC_UNKNOWN_MONITOR", "a flow monitor of Nicira's that is not there is cancelled", (1,),
     "0104 LLLL 00000007 00002320 00000015 00000009"),
    ("OFPMOFC_BAD_FLAGS", "an unknown flag of Nicira's flow monitor", (1,), nx_monitor("8001")),
    ("OFPMOFC_BAD_FLAGS", "Nicira's flow monitor of nothing", (1,), nx_monitor("0010")),
    ("OFPMOFC_MONITOR_EXISTS", "a flow monitor twice", PROPERTIES, monitor(), [monitor()]),
    ("OFPMOFC_UNKNOWN_MONITOR", "a flow monitor that is not there is deleted", PROPERTIES,
     monitor(command="02")),
    ("OFPMOFC_BAD_COMMAND", "an unknown command for a flow monitor", PROPERTIES,
     monitor(command="09")),
    ("OFPMOFC_BAD_FLAGS", "an unknown flag of a flow monitor", PROPERTIES, monitor("8001")),
    ("OFPMOFC_BAD_FLAGS", "a flow monitor of nothing", PROPERTIES, monitor("0010")),
    ("OFPMOFC_BAD_TABLE_ID", "a flow monitor of a table that is not there", PROPERTIES,
     monitor(table="fe")),
    ("OFPMOFC_BAD_OUT", "a flow monitor of a port that cannot be", PROPERTIES,
     monitor(out_port="ffffff01")),
    ("OFPMOFC_UNKNOWN", "1,025 flow monitors", PROPERTIES, monitor(number="ffffffff"),
     [monitor(number=f"{i:08x}") for i in range(1024)]),
    ("OFPACFC_INVALID", "an unknown reason of packet-ins is asked for", PROPERTIES,
     "VV1c LLLL 00000007 0000 0008 80000000"),
    ("OFPACFC_UNSUPPORTED", "messages of an experimenter are asked for", PROPERTIES,
     "VV1c LLLL 00000007 ffff 000c 0badf00d 00000001 00000000"),
]

ROWS = (MONITOR_ROWS + NXM_ROWS + V10_ROWS + REQUEST_ROWS + ACTION_ROWS + INSTRUCTION_ROWS + MATCH_ROWS +
        FLOW_ROWS + GROUP_ROWS + PORT_ROWS + METER_ROWS + OTHER_ROWS + TABLE_ROWS + BUNDLE_ROWS)

# Errors without a row: "what yields it @ which test shows it", or why nothing does.
ELSEWHERE = {
    "OFPHFC_INCOMPATIBLE": "no common version in the hello @ tests/openflow/test-frame",
    "OFPBRC_BUFFER_EMPTY": "a buffer whose packet was taken @ tests/ofproto/test-conn",
    "OFPBRC_MULTIPART_REQUEST_TIMEOUT":
        "the next part of table features does not come within a second @ tests/system/modifications.py",
    "OFPPMFC_EPERM": "the device refuses the configuration @ tests/ofproto/test-bridge",
    "OFPMMFC_OUT_OF_METERS": "more meters than the datapath has @ tests/ofproto/test-bridge",
    "OFPBFC_MSG_FAILED":
        "a commit of which a message fails, after that message's own error @ tests/system/modifications.py",
    "OFPBFC_MSG_TOO_MANY":
        "a message when all bundles of the bridge take 1 GiB @ tests/system/hostile_controllers.py",
    "OFPBFC_TIMEOUT":
        "nothing is done with a bundle for 10 s @ tests/system/hostile_controllers.py",
    "NXST_NOT_CONFIGURED":
        "statistics of IPFIX, as no exporter is configured @ tests/system/nicira.py",
    "OFPBAC_UNSUPPORTED_ORDER": "never sent: only text can have instructions out of their order",
    "OFPFMFC_EPERM": "a change of a flow entry of the switch's own @ tests/ofproto/test-flow-mod",
    "OFPGMFC_OUT_OF_GROUPS": "65,537 groups @ tests/ofproto/test-group",
    "NXBRC_UNENCODABLE_ERROR":
        "1.0: an error that no row of its column has, such as OFPBRC_BAD_PACKET @ tests/system/errors.py",
    "NXR_STALE": "a resume with a continuation that this daemon did not give out @ tests/system/pause.py",
    "NXR_NOT_SUPPORTED": "never sent: a resume is supported",
    "NXTTMFC_BAD_COMMAND": "an unknown command for tunnel options @ tests/system/nicira.py",
    "NXTTMFC_BAD_OPT_LEN": "a tunnel option of five bytes @ tests/system/nicira.py",
    "NXTTMFC_BAD_FIELD_IDX": "any tunnel option @ tests/system/nicira.py",
    "OFPACFC_EPERM": "never sent: whoever may connect may ask for it",
    "OFPMOFC_INVALID_MONITOR": "never sent: every number is good",
    "NXBRC_FM_BAD_EVENT": "never sent: about updates, which only a controller gets",
    "OFPHFC_EPERM": "never sent: whoever may connect may ask for it",
    "OFPBAC_EPERM": "never sent: whoever may connect may ask for it",
    "OFPBIC_EPERM": "never sent: whoever may connect may ask for it",
    "OFPBMC_EPERM": "never sent: whoever may connect may ask for it",
    "OFPGMFC_EPERM": "never sent: whoever may connect may ask for it",
    "OFPTMFC_EPERM": "never sent: whoever may connect may ask for it",
    "OFPQOFC_EPERM": "never sent: whoever may connect may ask for it",
    "OFPSCFC_EPERM": "never sent: whoever may connect may ask for it",
    "OFPBPC_EPERM": "never sent: whoever may connect may ask for it",
    "OFPBFC_EPERM": "never sent: whoever may connect may ask for it",
    "OFPBRC_MULTIPART_REPLY_TIMEOUT": "never sent: replies wait as long as the peer is there",
    "OFPBRC_UNKNOWN":
        "never sent: causes are known (OFPMMFC_UNKNOWN: only if the kernel refuses a meter)",
    "OFPFMFC_UNKNOWN":
        "never sent: causes are known (OFPMMFC_UNKNOWN: only if the kernel refuses a meter)",
    "OFPBFC_UNKNOWN":
        "never sent: causes are known (OFPMMFC_UNKNOWN: only if the kernel refuses a meter)",
    "OFPMMFC_UNKNOWN":
        "never sent: causes are known (OFPMMFC_UNKNOWN: only if the kernel refuses a meter)",
    "OFPBAC_BAD_QUEUE":
        "never sent: queues are classes of the port's tc(8) discipline, which may come later",
    "OFPBAC_BAD_TAG": "never sent: every tag is supported",
    "OFPBMC_BAD_TAG": "never sent: every tag is supported",
    "OFPBIC_UNSUP_METADATA": "never sent: all 64 bits are supported",
    "OFPBIC_UNSUP_METADATA_MASK": "never sent: all 64 bits are supported",
    "OFPBIC_BAD_EXP_TYPE": "never sent: no experimenter's instruction is known",
    "OFPBMC_BAD_DL_ADDR_MASK": "never sent: every mask is supported",
    "OFPBMC_BAD_NW_ADDR_MASK": "never sent: every mask is supported",
    "OFPFMFC_BAD_TIMEOUT": "never sent: every timeout and priority is supported",
    "OFPFMFC_BAD_PRIORITY": "never sent: every timeout and priority is supported",
    "OFPFMFC_UNSUPPORTED": "never sent: every action list of 1.0 is supported",
    "OFPFMFC_CANT_SYNC": "never sent: tables are not synchronised",
    "OFPFMFC_IS_SYNC": "never sent: tables are not synchronised",
    "OFPGMFC_WEIGHT_UNSUPPORTED": "never sent: weights are supported",
    "OFPGMFC_BAD_WATCH": "never sent: a port that is watched may come later",
    "OFPPMFC_BAD_ADVERTISE": "never sent: advertised features are left as they are",
    "OFPSCFC_BAD_LEN": "never sent: a message of wrong length gets OFPBRC_BAD_LEN",
    "OFPRRFC_UNSUP": "never sent: all roles are supported, short ids ignored",
    "OFPRRFC_ID_UNSUP": "never sent: all roles are supported, short ids ignored",
    "OFPRRFC_ID_IN_USE": "never sent: all roles are supported, short ids ignored",
    "OFPMMFC_BAD_BURST": "never sent: every burst is supported",
    "OFPBPC_TOO_MANY": "never sent: lists of properties have no limit",
    "OFPBPC_BAD_EXP_VALUE": "never sent: a wrong value of an experimenter's property is OFPBPC_BAD_VALUE",
    "OFPBFC_BAD_VERSION":
        "never sent: a message of another version in a bundle gets OFPBRC_BAD_VERSION",
    "OFPBFC_MSG_CONFLICT": "never sent: messages of a bundle are done in their order",
    "OFPBFC_BUNDLE_IN_PROGRESS": "never sent: bundles are committed at once",
    "OFPBFC_SCHED_FUTURE": "never sent: bundles cannot be scheduled",
    "OFPBFC_SCHED_PAST": "never sent: bundles cannot be scheduled",
    "NXBRC_BAD_REASON": "never sent: Open vSwitch's own",
    "NXFMFC_BAD_TABLE_ID": "never sent: Open vSwitch's own",
    "NXQOFC_QUEUE_ERROR": "never sent: Open vSwitch's own",
}
