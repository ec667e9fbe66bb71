# SPDX-License-Identifier: Apache-2.0
"""OpenFlow 1.4 on a Unix socket, as far as the benchmarks need it: messages made beforehand,
written at once, and timed until the barrier's reply."""
import socket
import struct
import threading
import time

VERSION = 5  # OpenFlow 1.4: the first with bundles.
HELLO, ERROR, FLOW_MOD, BARRIER_REQUEST, BARRIER_REPLY = 0, 1, 14, 20, 21
BUNDLE_CONTROL, BUNDLE_ADD = 33, 34
OPEN, COMMIT = 0, 4
IN_PORT, ETH_TYPE, IP_PROTO, IPV4_SRC, IPV4_DST, TCP_DST = 0, 5, 10, 11, 12, 14


def message(kind, body=b"", xid=1):
    return struct.pack("!BBHI", VERSION, kind, 8 + len(body), xid) + body


BARRIER = message(BARRIER_REQUEST)


def oxm(field, value):
    return struct.pack("!HBB", 0x8000, field << 1, len(value)) + value


def flow_mod(fields, out_port=1, table=0, priority=100):
    """Adds a flow; `fields` is oxm() of each field, `out_port` None: no action."""
    match = struct.pack("!HH", 1, 4 + len(fields)) + fields
    match += bytes(-len(match) % 8)
    output = struct.pack("!HHIH6x", 0, 16, out_port, 0) if out_port is not None else b""
    apply = struct.pack("!HH4x", 4, 8 + len(output)) + output
    return message(FLOW_MOD, struct.pack("!QQBBHHHIIIHH", 0, 0, table, 0, 0, 0, priority,
                                         0xffffffff, 0xffffffff, 0xffffffff, 0, 0) + match + apply)


def bundled(messages):
    yield message(BUNDLE_CONTROL, struct.pack("!IHH", 1, OPEN, 1))
    for one in messages:
        yield message(BUNDLE_ADD, struct.pack("!I2xH", 1, 1) + one)
    yield message(BUNDLE_CONTROL, struct.pack("!IHH", 1, COMMIT, 1))


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.input = self.socket.makefile("rb")
        self.socket.sendall(message(HELLO))

    def finish(self):
        """Reads until the barrier's reply."""
        while True:
            _, kind, length, _ = struct.unpack("!BBHI", self.input.read(8))
            body = self.input.read(length - 8)
            if kind == ERROR:
                raise SystemExit(f"an error message: {body[:4].hex()}")
            if kind == BARRIER_REPLY:
                return

    def time(self, data):
        """Seconds from the first byte, which are to end with BARRIER, to the reply."""
        start = time.monotonic()
        writer = threading.Thread(target=self.socket.sendall, args=(data,))
        writer.start()
        self.finish()
        writer.join()
        return time.monotonic() - start
