# SPDX-License-Identifier: Apache-2.0
"""OpenFlow as bytes: messages written in hexadecimal, errors by their names."""
import os
import re
import socket
import struct

ERROR, ECHO_REQUEST, FLOW_REMOVED = 1, 2, 11
COLUMN = {1: 0, 4: 1, 5: 2, 6: 3}  # Of ofproto/ofperr.def.
BARRIER_REQUEST = {1: 18, 4: 20, 5: 20, 6: 20}
NICIRA, ONF = 0x2320, 0x4f4e4600
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
    if not experimenter:
        body = struct.pack("!HH", kind, code)
    elif version == 1:
        body = struct.pack("!HHIHH", 0xb0c2, 0, experimenter, kind, code)
    else:
        body = struct.pack("!HHI", 0xffff, code, experimenter)
    return struct.pack("!BBH", version, ERROR, 8 + len(body) + len(request)) + request[4:8] + body + request


class Peer:
    """A connection in one version."""

    def __init__(self, version, path=None, address=None):
        self.version, self.xid = version, 0x70000000
        self.socket = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self.socket.settimeout(20)
        self.socket.connect(path or address)
        self.send(struct.pack("!BBHI", version, 0, 8, 1))
        assert self.receive()[1] == 0

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def _bytes(self, n):
        data = b""
        while len(data) < n:
            part = self.socket.recv(n - len(data))
            assert part, "the switch ended the connection"
            data += part
        return data

    def receive(self):
        """The next message that is no echo request."""
        while True:
            header = self._bytes(8)
            data = header + self._bytes(struct.unpack("!H", header[2:4])[0] - 8)
            if data[1] != ECHO_REQUEST:
                return data
            self.send(data[:1] + b"\x03" + data[2:])

    def ask(self, *requests):
        """Sends requests and a barrier; returns what comes before the barrier's answer."""
        self.xid += 1
        kind = BARRIER_REQUEST[self.version]
        self.send(b"".join(requests) + struct.pack("!BBHI", self.version, kind, 8, self.xid))
        answers = []
        while True:
            data = self.receive()
            if data[1] == kind + 1 and data[4:8] == struct.pack("!I", self.xid):
                return answers
            answers.append(data)

    def multipart(self, kind, body=b""):
        """The bodies of all parts of the answer."""
        request, answer = (16, 17) if self.version == 1 else (18, 19)
        head = 12 if self.version == 1 else 16
        data = struct.pack("!HH", kind, 0) + (b"" if self.version == 1 else bytes(4)) + body
        parts = self.ask(struct.pack("!BBHI", self.version, request, 8 + len(data), 77) + data)
        for part in parts:
            assert part[1] == answer and part[4:8] == struct.pack("!I", 77), part.hex()
        return b"".join(part[head:] for part in parts)

    def state(self):
        """What a request that fails must not change: numbers of flows, groups, meters, ports."""
        if self.version == 1:
            wild = struct.pack("!I", 0x3fffff) + bytes(36) + struct.pack("!BxH", 255, 0xffff)
            return self.multipart(2, wild)[16:20], self.ask(struct.pack("!BBHI", 1, 5, 8, 9))
        body = struct.pack("!B3xII4xQQHH4x", 255, 0xffffffff, 0xffffffff, 0, 0, 1, 4)
        flows = self.multipart(2, body)
        flows = flows[16:20] if self.version < 6 else flows
        groups = self.multipart(7, b"" if self.version < 6 else struct.pack("!I4x", 0xfffffffc))
        meters = self.multipart(10, struct.pack("!I4x", 0xffffffff))
        ports = self.multipart(13, b"" if self.version < 6 else struct.pack("!I4x", 0xffffffff))
        return flows, groups, meters, ports
