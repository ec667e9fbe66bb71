# SPDX-License-Identifier: Apache-2.0
"""OpenFlow as bytes: messages written in hexadecimal, errors by their names."""
import os
import re
import struct

ERROR = 1
COLUMN = {1: 0, 4: 1, 5: 2, 6: 3}  # Of ofproto/ofperr.def.
NICIRA, ONF = 0x2320, 0x4f4e4600
ERROR_DATA_MAX = 1024  # OF_ERROR_DATA_MAX
TOP = os.environ.get("top_srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def message(text):
    """The bytes of hexadecimal digits; LLLL stands for the length of all, [...] for the length of
    what is in it, which stands behind (two bytes)."""
    text = re.sub(r"\s", "", text)
    while "[" in text:
        start, end = text.rindex("["), text.index("]", text.rindex("["))
        inner = text[start + 1:end]
        text = f"{text[:start]}{len(inner) // 2:04x}{inner}{text[end + 1:]}"
    return bytes.fromhex(text.replace("LLLL", f"{len(text) // 2:04x}"))


def padded(hex_digits, align=8, before=0):
    """The digits with zeros up to a multiple of `align` bytes, `before` more standing before."""
    digits = re.sub(r"\s", "", hex_digits)
    return digits + "00" * (-(len(digits) // 2 + before) % align)


def error_table():
    """Of each error of ofproto/ofperr.def its (experimenter, type, code) by wire version."""
    table = {}
    with open(TOP + "/ofproto/ofperr.def", encoding="ascii") as file:
        for name, rest in re.findall(r"^ERR\((\w+), (.*)\)$", file.read(), re.M):
            table[name] = dict(zip(COLUMN, map(_wire, re.findall(r"[A-Z]+(?:\([^)]*\))?", rest))))
    return table


def _wire(cell):
    kind, numbers = re.match(r"([A-Z]+)(?:\((.*)\))?", cell).groups()
    numbers = [int(n) for n in numbers.split(",")] if numbers else []
    if kind == "STD":
        return (0, *numbers)
    if kind == "NX":
        return (NICIRA, *numbers)
    return None if kind == "NONE" else ({"NXE": NICIRA, "ONF": ONF}[kind], 0xffff, *numbers)


def error_message(version, wire, request):
    """The bytes with which `request` is answered by that error."""
    experimenter, kind, code = wire
    data = request[:ERROR_DATA_MAX]
    if not experimenter:
        body = struct.pack("!HH", kind, code)
    elif version == 1:
        body = struct.pack("!HHIHH", 0xb0c2, 0, experimenter, kind, code)
    else:
        body = struct.pack("!HHI", 0xffff, code, experimenter)
    return struct.pack("!BBH", version, ERROR, 8 + len(body) + len(data)) + request[4:8] + body + data
