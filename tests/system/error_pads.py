# SPDX-License-Identifier: Apache-2.0
"""Bytes that have to be zero, and fields whose header is not that of the whole field: rows as of
error_rows.py, of which all are compared with ovs-vswitchd in each of their versions."""
from error_rows import NX, OXM, apply, bundle, flow, group, nx_flow, nx_monitor, stack, bucket
from ofwire import padded

REG0, WITH_MASK, UNKNOWN, XXREG0 = "00010004", "00010108", "0001fe04", "0001de10"
ZERO, ARGUMENT, TYPE, FIELD = "NXBRC_MUST_BE_ZERO", "OFPBAC_BAD_ARGUMENT", "OFPBAC_BAD_SET_TYPE", "OFPBMC_BAD_FIELD"
PAD = "000000010000"


def load(dst=REG0):
    return f"ffff 0018 {NX} 0007 001f {dst} 0000000000000001"


def move(src=REG0, dst="00010204"):
    return f"ffff 0018 {NX} 0006 0020 0000 0000 {src} {dst}"


def output_reg(src=REG0, pad="000000000000"):
    return f"ffff 0018 {NX} 000f 001f {src} ffff {pad}"


def output_reg2(src=XXREG0, pad="000000000000"):
    return f"ffff 0018 {NX} 0020 000f ffff {src} {pad}"


def larger(dst=REG0, pad="000000000000"):
    return f"ffff 0018 {NX} 0031 0064 0000 {dst} {pad}"


def learn2(flags="0000", more="0000 0000"):
    return f"ffff [{NX} 002d 0000 0000 0000 {'00' * 8} {flags} 01 00 0000 0000 00000000 {more}]"


def sized(action):
    """The length of what stands in brackets counts the type and itself."""
    if "[" not in action:
        return action
    kind, body = action.rstrip("]").split("[")
    body = body.replace(" ", "")
    return f"{kind} {4 + len(body) // 2:04x} {body}"


# Of Nicira's actions: (error, what is wrong, action).
ACTIONS = [
    (ZERO, "a push with a byte that must be zero", stack().replace("000000000000", PAD)),
    (ZERO, "a pop with a byte that must be zero", stack("001c").replace("000000000000", PAD)),
    (ZERO, "a TTL decremented for controllers with a byte that must be zero",
     f"ffff 0018 {NX} 0015 0002 00000001 0001 0002 00000000"),
    (ZERO, "an output to a controller with a byte that must be zero", f"ffff 0010 {NX} 0025 {PAD}"),
    (ZERO, "metadata written with a byte that must be zero",
     f"ffff 0020 {NX} 0016 {PAD} 0000000000000001 0000000000000003"),
    (ZERO, "a sample with a byte that must be zero",
     f"ffff 0020 {NX} 0029 8000 00000001 00000002 00000003 0001 00 0000000001"),
    (ZERO, "a look at the packet's size with a byte that must be zero", larger(pad=PAD)),
    ("NXBAC_MUST_BE_ZERO", "a learn with a result and a byte that must be zero",
     sized(learn2(more="0000 0001"))),
    (ARGUMENT, "an output to a register with a byte that must be zero", output_reg(pad=PAD)),
    (ZERO, "an output to a long register with a byte that must be zero", output_reg2(pad=PAD)),
    (ARGUMENT, "a bundle with a byte that must be zero", bundle().replace("00000000 0001", "00000001 0001")),
    (ARGUMENT, "a bundle_load of 15 bits", bundle("000d", ofs_nbits="000e", dst=REG0)),
    (TYPE, "a load into a field with half a mask", load("00010104")),
    (TYPE, "a load into a field of another length", load("00010002")),
    (TYPE, "an output to a register of another length", output_reg("00010008")),
    (FIELD, "an output to a long register of another length", output_reg2("0001de08")),
    (TYPE, "a bundle_load into a field of another length", bundle("000d", ofs_nbits="001f", dst="00010005")),
    (FIELD, "a push of an unknown field", stack(field=UNKNOWN)),
    ("OFPBMC_BAD_MASK", "a push of a field with a mask", stack(field=WITH_MASK)),
    (FIELD, "a pop into an unknown field", stack("001c", field=UNKNOWN)),
    (FIELD, "a move of an unknown field", move(UNKNOWN)),
    (FIELD, "a move into an unknown field", move(dst=UNKNOWN)),
    ("OFPBMC_BAD_MASK", "a move of a field with a mask", move(WITH_MASK)),
    (FIELD, "a look at the packet's size into an unknown field", larger(UNKNOWN)),
    (FIELD, "a learn with a result in an unknown field", sized(learn2("0004", "0000 0000" + UNKNOWN + "00000000"))),
]

COPY = "001c 0018 0020 0000 0000 0000"
SELECTION = "ffff 0028 0000154d 00000009 00000000" + "68617368" + "00" * 20


def versions(action):
    """Those in which ovs-vswitchd knows the action: of 1.5 is copy-field, and load is set-field."""
    return (4, 5) if action.startswith((f"ffff 0018 {NX} 0006", f"ffff 0018 {NX} 0007")) else OXM


PAD_ROWS = [(error, what, (1,), nx_flow("", action)) for error, what, action in ACTIONS]
PAD_ROWS += [(error, what, versions(action), flow("", apply(action))) for error, what, action in ACTIONS]
PAD_ROWS += [
    ("OFPBAC_BAD_SET_ARGUMENT", "a set-field with a byte that must be zero", OXM,
     flow("", apply("0019 0010 80000606 020000000009 0001"))),
    (ZERO, "a copy-field with a byte that must be zero", (6,),
     flow("", apply(COPY + "00010004 00010204 00000001"))),
    ("OFPBPC_BAD_EXP_TYPE", "an unknown property of a group", (6,),
     lambda v: group(0, "01", buckets=bucket(weight=1)(v) + SELECTION)(v).replace(
         f"{len(padded(bucket(weight=1)(v) + SELECTION)) // 2:04x} 0000",
         f"{len(padded(bucket(weight=1)(v))) // 2:04x} 0000")),
    (ZERO, "a controller's id with a byte that must be zero", (1, *OXM),
     "VV04 LLLL 00000007 00002320 00000014 000000000001 0007"),
    (ZERO, "Nicira's flow monitor with a byte that must be zero", (1,), nx_monitor(pad="0000000001")),
]
