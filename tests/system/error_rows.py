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

ROWS = NXM_ROWS + V10_ROWS
