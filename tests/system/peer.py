# SPDX-License-Identifier: Apache-2.0
"""An OpenFlow peer that says and reads exact bytes."""
import socket
import struct
import time

from harness import patience

V10, V13, V14, V15 = 1, 4, 5, 6
HELLO, ERROR, ECHO_REQUEST, EXPERIMENTER, FLOW_MOD = 0, 1, 2, 4, 14
ANY = 0xffffffff


class Peer:
    """One connection in one version. Messages are bytes with their header."""

    def __init__(self, target, version, receive_buffer=None):
        """`target` is a Unix socket's path, an address and a port, or a connected socket."""
        self.version, self.next_xid, self.buffered = version, 100, b""
        self.sock = target
        if not isinstance(target, socket.socket):
            self.sock = socket.socket(socket.AF_UNIX if isinstance(target, str)
                                      else socket.AF_INET)
            if receive_buffer:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            self.sock.connect(target)
        self.sock.settimeout(patience(20))
        self.send(HELLO, xid=1)
        assert self.receive()[1] == HELLO

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def _read(self, size):
        while len(self.buffered) < size:
            got = self.sock.recv(1 << 16)
            assert got, "the switch ended the connection"
            self.buffered += got
        taken, self.buffered = self.buffered[:size], self.buffered[size:]
        return taken

    def receive(self):
        """The next message that is no echo request."""
        deadline = time.monotonic() + patience(20)
        while time.monotonic() < deadline:
            head = self._read(8)
            message = head + self._read(struct.unpack("!H", head[2:4])[0] - 8)
            if message[1] != ECHO_REQUEST:
                return message
            self.sock.sendall(message[:1] + b"\3" + message[2:])
        raise TimeoutError("nothing but echo requests came")

    def send(self, kind, body=b"", xid=None):
        if xid is None:
            self.next_xid += 1
            xid = self.next_xid
        self.send_whole(header(self.version, kind, body, xid))
        return xid

    def send_whole(self, *messages):
        self.sock.sendall(b"".join(messages))

    def sync(self):
        """What the switch says until it has done all that it was asked."""
        request, reply = (18, 19) if self.version == V10 else (20, 21)
        xid = self.send(request)
        said = []
        while True:
            message = self.receive()
            if message[1] == reply and message[4:8] == struct.pack("!I", xid):
                return said
            said.append(message)

    def ask(self, kind, body=b"", xid=None):
        """Sends a request; returns what came of it."""
        self.send(kind, body, xid)
        return self.sync()

    def ask_whole(self, *messages):
        self.send_whole(*messages)
        return self.sync()

    def error(self, kind, body=b""):
        """(type, code) of the error that a request gets; an experimenter's: and its id."""
        (message,) = self.ask(kind, body)
        assert message[1] == ERROR, message.hex()
        if message[8:10] == b"\xff\xff":
            return struct.unpack("!HHI", message[8:16])
        if message[8:10] == b"\xb0\xc2":  # Nicira's, of OpenFlow 1.0
            return struct.unpack("!IHH", message[12:20])
        return struct.unpack("!HH", message[8:12])

    def multipart(self, kind, body=b"", xid=None):
        if self.version == V10:
            return self.ask(16, struct.pack("!HH", kind, 0) + body, xid)
        return self.ask(18, struct.pack("!HHI", kind, 0, 0) + body, xid)

    def multipart_body(self, kind, body=b""):
        """What is in all parts of the answer."""
        answer, head = (17, 12) if self.version == V10 else (19, 16)
        parts = self.multipart(kind, body, 77)
        for part in parts:
            assert part[1] == answer and part[4:8] == struct.pack("!I", 77), part.hex()
        return b"".join(part[head:] for part in parts)

    def experimenter(self, vendor, subtype, body=b"", xid=None):
        return self.ask(EXPERIMENTER, struct.pack("!II", vendor, subtype) + body, xid)

    def state(self):
        """What a request that fails must not change: numbers of flows, groups, meters, ports."""
        if self.version == V10:
            wild = struct.pack("!I", 0x3fffff) + bytes(36) + struct.pack("!BxH", 255, 0xffff)
            return self.multipart_body(2, wild)[16:20], self.ask(5, xid=9)
        body = struct.pack("!B3xII4xQQHH4x", 255, ANY, ANY, 0, 0, 1, 4)
        flows = self.multipart_body(2, body)
        flows = flows[16:20] if self.version < V15 else flows
        groups = self.multipart_body(7, b"" if self.version < V15
                                     else struct.pack("!I4x", 0xfffffffc))
        meters = self.multipart_body(10, struct.pack("!I4x", ANY))
        ports = self.multipart_body(13, b"" if self.version < V15 else struct.pack("!I4x", ANY))
        return flows, groups, meters, ports


def header(version, kind, body, xid=0):
    """A whole message."""
    return struct.pack("!BBHI", version, kind, 8 + len(body), xid) + body


def output(port):
    """An action of 1.3 and later."""
    return struct.pack("!HHIHHI", 0, 16, port, 0, 0, 0)


def apply_actions(*actions):
    body = b"".join(actions)
    return struct.pack("!HHI", 4, 8 + len(body), 0) + body if actions else b""


def match(*oxms):
    """A match of 1.3 and later, padded."""
    body = b"".join(oxms)
    length = 4 + len(body)
    return struct.pack("!HH", 1, length) + body + bytes(-length % 8)


def in_port(port):
    return struct.pack("!II", 0x80000004, port)


def flow_mod(version, command=0, table=0, priority=1, port=None, actions=(), cookie=0, idle=0,
             hard=0, flags=0, importance=0, out_port=ANY, out_group=ANY):
    """The body of a flow-mod whose match is in_port or nothing."""
    if version == V10:
        wildcards = 0x3fffff if port is None else 0x3ffffe
        body = struct.pack("!IH34x", wildcards, port or 0)
        body += struct.pack("!QHHHHIHH", cookie, command, idle, hard, priority, ANY,
                            out_port & 0xffff, flags)
        return body + b"".join(actions)
    body = struct.pack("!QQBBHHHIIIHH", cookie, 0, table, command, idle, hard, priority, ANY,
                       out_port, out_group, flags, importance)
    return body + match(*([] if port is None else [in_port(port)])) + apply_actions(*actions)
