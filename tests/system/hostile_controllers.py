#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Controllers and tools that never read, send garbage, or come by the thousand, beside traffic and
a controller that shall not notice: no frame is lost, answers stay prompt, memory has a bound, and
show and the log tell of it."""
import json
import os
import random
import re
import resource
import select
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import SHUNTCTL, case, main, patience, room, run, wait_for  # noqa: E402
from hosts import Stream, Wire, frame  # noqa: E402
from ofwire import error_message  # noqa: E402
from peer import (ECHO_REQUEST, ERROR, FLOW_MOD, V13, V14, Peer, flow_mod, header,  # noqa: E402
                  output)

PACKET_IN, PACKET_OUT, ROLE, MULTIPART, BARRIER = 10, 13, 24, 18, 20
BUNDLE_CONTROL, BUNDLE_ADD = 33, 34
BUNDLE_CLOSED, MSG_TOO_MANY = 4, 12
PTCP, MIB = 6690, 1 << 20


def long_case(test):
    """A test that waits for deadlines, or takes gigabytes: for make soak, or by name."""
    return case(test) if "SOAK_ROUNDS" in os.environ or sys.argv[1:] else test


def rss(switch):
    with open(f"/proc/{switch.pid()}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) << 10


def cpu_seconds(switch):
    with open(f"/proc/{switch.pid()}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def log_of(switch):
    with open(switch.log, encoding="ascii") as file:
        return file.read()


class Neighbour(threading.Thread):
    """A controller that behaves: asks for an echo and a barrier all the time, and keeps how long
    each pair of answers took."""

    def __init__(self, target):
        super().__init__(daemon=True)
        self.peer, self.took, self.ends, self.error = Peer(target, V13), [], threading.Event(), None
        self.start()

    def ask(self):
        began = time.monotonic()
        xid = self.peer.send(ECHO_REQUEST, b"are you there?")
        barrier = self.peer.send(BARRIER)
        wanted = {(3, xid), (BARRIER + 1, barrier)}
        while wanted:
            message = self.peer.receive()
            wanted.discard((message[1], struct.unpack("!I", message[4:8])[0]))
        self.took.append(time.monotonic() - began)

    def run(self):
        try:
            while not self.ends.wait(0.01):
                self.ask()
        except (OSError, AssertionError) as error:
            self.error = error

    def end(self):
        self.ends.set()
        self.join()
        assert self.error is None, self.error
        self.peer.close()
        return sorted(self.took)


class Bystanders:
    """Traffic and a controller that shall not notice; the switch's memory."""

    def __init__(self, switch):
        self.switch = switch
        self.stream = Stream(switch, first=11)
        self.neighbour = Neighbour(f"{switch.dir}/neighbour")
        wait_for(lambda: len(self.neighbour.took) > 20, "the neighbour is answered")
        self.before, self.most = rss(switch), 0

    def watch(self):
        self.most = max(self.most, rss(self.switch))
        return self.most

    def end(self, limit, slowest=1.0):
        """`limit`: bytes that the switch may have grown by, `slowest`: seconds of an answer."""
        grown = self.watch() - self.before
        took = self.neighbour.end()
        print(f"# {len(took)} pairs of answers, P50 {took[len(took) // 2] * 1000:.1f} ms, P99 "
              f"{took[len(took) * 99 // 100] * 1000:.1f} ms, slowest {took[-1] * 1000:.0f} ms; "
              f"memory grew by up to {grown / MIB:.1f} MiB", file=sys.stderr)
        self.stream.end()
        assert took[len(took) * 99 // 100] < patience(slowest), took[-20:]
        assert grown < room(limit), f"grown by {grown}"


def start(switch, *targets, options=()):
    switch.start(*options)
    switch.ctl("add-br", "br0", "fail-mode=secure")
    switch.ctl("set-controller", "br0", f"punix:{switch.dir}/neighbour", *targets)
    return Bystanders(switch)


def target_of(switch, prefix):
    (bridge,) = switch.ctl_json("show", "br0")["bridges"]
    return next(c for c in bridge["controllers"] if c["target"].startswith(prefix))


def management_of(switch):
    (bridge,) = switch.ctl_json("show", "br0")["bridges"]
    return bridge["management"]


def hello(version=V13):
    return header(version, 0, b"")


def multipart(kind, body=b"", xid=0):
    return header(V13, MULTIPART, struct.pack("!HHI", kind, 0, 0) + body, xid)


ALL_FLOWS = struct.pack("!BxxxIIxxxxQQ", 255, 0xffffffff, 0xffffffff, 0, 0) + struct.pack(
    "!HHxxxx", 1, 4)
QUESTIONS = (multipart(12) + multipart(1, ALL_FLOWS) + multipart(4, struct.pack("!Ixxxx", 0xffffffff)) +
             multipart(13))


def ask_without_reading(sock, data, is_full):
    """Sends the data again and again until the switch takes no more, because much waits for this
    peer; returns bytes sent."""
    sock.setblocking(False)
    n, at, deadline = 0, 0, time.monotonic() + patience(30)
    while select.select([], [sock], [], 0.5)[1] or not is_full():
        assert time.monotonic() < deadline, f"{n} bytes sent, and the switch is not full"
        try:
            sent = sock.send(data[at:])
        except BlockingIOError:
            continue
        n, at = n + sent, (at + sent) % len(data)
    return n


def settled(unread_bytes):
    """A condition: much waits for the peer, and no more than when this was asked last, for the
    switch does not read from it any more."""
    last = [0]

    def is_settled():
        before, last[0] = last[0], unread_bytes()
        return before == last[0] > MIB
    return is_settled


def is_full(switch, prefix):
    return settled(lambda: target_of(switch, prefix)["unread_bytes"])


def connect(target, receive_buffer=4096):
    sock = socket.socket(socket.AF_UNIX if isinstance(target, str) else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.connect(target)
    return sock


def replies_of(sock, n_asked):
    """Reads until every request is answered; how often that was."""
    sock.setblocking(True)
    sock.settimeout(20)
    buffered, n, types = bytearray(), 0, {}
    while n < n_asked:
        data = sock.recv(1 << 20)
        assert data, f"closed behind {n} of {n_asked} answers"
        buffered += data
        at = 0
        while len(buffered) - at >= 8:
            size = int.from_bytes(buffered[at + 2:at + 4], "big")
            if len(buffered) - at < size:
                break
            kind = buffered[at + 1]
            types[kind] = types.get(kind, 0) + 1
            # The last part of a reply has no flag "more".
            n += kind == 19 and not buffered[at + 11] & 1
            at += size
        del buffered[:at]
    return types


# ---- Never reads ----

@case
def one_that_never_reads_holds_up_itself(switch):
    """On ptcp: it asks without end, gets packet-ins and flow-removed messages. What is queued has a
    bound, packet-ins and others are dropped and counted, requests are not read; it is ended."""
    others = start(switch, f"ptcp:{PTCP}:127.0.0.1")
    wire = Wire("p1")
    switch.ctl("add-port", "br0", wire.port, "ofport=1")
    switch.ctl("add-flow", "br0", "priority=1,in_port=1,actions=controller")
    sock = connect(("127.0.0.1", PTCP))
    sock.sendall(hello())
    n_sent = ask_without_reading(sock, QUESTIONS, is_full(switch, "ptcp"))
    others.watch()
    shown = target_of(switch, "ptcp")
    assert MIB < shown["unread_bytes"] < 6 * MIB, shown
    assert n_sent < 8 * MIB, n_sent
    for i in range(500):
        wire.send(frame(payload=struct.pack("!I", i) + bytes(46)))
    with Peer(f"{switch.dir}/br0.mgmt", V13) as tool:
        for i in range(50):
            body = flow_mod(V13, table=2, priority=i + 1, flags=1, actions=[output(1)])
            tool.ask(FLOW_MOD, body)
        tool.ask(FLOW_MOD, flow_mod(V13, command=3, table=2))
    shown = wait_for(lambda: (s := target_of(switch, "ptcp"))["packet_ins_dropped"] >= 500 and
                     s["async_dropped"] >= 50 and s, "what is dropped is counted")
    assert (shown["packet_ins_dropped"], shown["async_dropped"]) == (500, 50), shown
    text = switch.ctl("show", "br0")
    assert "500 packet-ins dropped, 50 other messages dropped" in text, text
    assert "bytes not read yet" in text, text
    wait_for(lambda: target_of(switch, "ptcp")["connections"] == 0, "it is ended", 30)
    shown = target_of(switch, "ptcp")
    assert shown["last_error"].endswith("the peer does not read"), shown
    assert "(the peer does not read)" in log_of(switch)
    sock.close()
    others.end(16 * MIB)


@long_case
def one_that_reads_late_gets_every_answer(switch):
    """The same, but it reads in the end, before it is ended: requests were answered, whole and in
    order."""
    others = start(switch, f"ptcp:{PTCP}:127.0.0.1")
    sock = connect(("127.0.0.1", PTCP))
    sock.sendall(hello())
    data = multipart(12) * 64
    n_sent = ask_without_reading(sock, data, is_full(switch, "ptcp"))
    n_asked = n_sent // len(multipart(12))
    # Half a request is made whole.
    sock.setblocking(True)
    rest = -n_sent % len(multipart(12))
    if rest:
        threading.Thread(target=sock.sendall, args=(multipart(12)[-rest:],), daemon=True).start()
        n_asked += 1
    types = replies_of(sock, min(n_asked, 200))
    assert types.get(ERROR) is None, types
    assert target_of(switch, "ptcp")["connections"] == 1
    sock.close()
    others.end(16 * MIB)


@long_case
def an_active_connection_that_never_reads_is_called_again(switch):
    """tcp: to a controller that greets, asks and does not read."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("127.0.0.1", PTCP))
    listener.listen()
    others = start(switch, f"tcp:127.0.0.1:{PTCP}")
    listener.settimeout(20)
    sock, _ = listener.accept()
    sock.sendall(hello())
    ask_without_reading(sock, QUESTIONS, is_full(switch, "tcp"))
    shown = target_of(switch, "tcp")
    assert shown["connected"] and shown["unread_bytes"] > MIB, shown
    others.watch()
    listener.settimeout(30)
    again, _ = listener.accept()
    shown = target_of(switch, "tcp")
    assert shown["last_error"] == "the peer does not read" and shown["unread_bytes"] < 64, shown
    assert "(the peer does not read)" in log_of(switch)
    again.close()
    sock.close()
    listener.close()
    others.end(16 * MIB)


def make_keys(directory):
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=all", "-keyout",
        f"{directory}/key", "-out", f"{directory}/pem")
    return ["--private-key", f"{directory}/key", "--certificate", f"{directory}/pem", "--ca-cert",
            f"{directory}/pem"]


def tls_context(directory):
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(f"{directory}/pem")
    context.load_cert_chain(f"{directory}/pem", f"{directory}/key")
    return context


def ask_over_tls(switch, sock, data):
    import ssl
    sock.setblocking(False)
    is_settled = is_full(switch, "pssl")
    while True:
        try:
            sock.send(data)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            if not select.select([], [sock], [], 0.5)[1] and is_settled():
                return


@long_case
def one_that_never_reads_over_tls_is_ended(switch):
    others = start(switch, f"pssl:{PTCP}:127.0.0.1", options=make_keys(switch.dir))
    plain = connect(("127.0.0.1", PTCP))
    sock = tls_context(switch.dir).wrap_socket(plain)
    sock.sendall(hello())
    ask_over_tls(switch, sock, QUESTIONS)
    others.watch()
    assert MIB < target_of(switch, "pssl")["unread_bytes"] < 6 * MIB, target_of(switch, "pssl")
    wait_for(lambda: target_of(switch, "pssl")["connections"] == 0, "it is ended", 30)
    assert target_of(switch, "pssl")["last_error"].endswith("the peer does not read")
    sock.close()
    others.end(16 * MIB)


@case
def a_tool_that_never_reads_holds_up_itself(switch):
    """On the bridge's management socket, and on shuntd's: bounds, and no deadline, for a person may
    look at the answers page by page."""
    others = start(switch)
    sock = connect(f"{switch.dir}/br0.mgmt")
    sock.sendall(hello())
    ask_without_reading(sock, QUESTIONS,
                        settled(lambda: management_of(switch)["unread_bytes"]))
    assert MIB < management_of(switch)["unread_bytes"] < 6 * MIB, management_of(switch)
    tools = [connect(f"{switch.dir}/shuntd.sock") for _ in range(4)]
    for tool in tools:
        n_sent = ask_without_reading(tool, b'{"verb": "dpctl-show"}\n' * 100, lambda: True)
        assert n_sent < 4 * MIB, n_sent
    others.watch()
    assert switch.ctl_json("show")["management"]["connections"] == 5
    # Its requests are answered when it reads.
    tools[0].setblocking(True)
    tools[0].settimeout(20)
    got = b""
    while got.count(b"\n") < 500:
        got += tools[0].recv(1 << 20)
    assert all(json.loads(line)["ok"] for line in got.split(b"\n")[:500])
    for each in (sock, *tools):
        each.close()
    others.end(24 * MIB)


# ---- Garbage ----

def ended_with(switch, data, version=None, timeout=20):
    """Sends the bytes on a new connection; why it was ended, which show and the log say, and what the
    switch said to the peer."""
    sock = connect(("127.0.0.1", PTCP), 1 << 16)
    sock.settimeout(timeout)
    if version:
        sock.sendall(hello(version))
    sock.sendall(data)
    said = b""
    try:
        while part := sock.recv(1 << 16):
            said += part
    except ConnectionResetError:
        pass
    name = "%s:%u" % sock.getsockname()
    sock.close()
    shown = wait_for(lambda: name in (s := target_of(switch, "ptcp"))["last_error"] and s, name)
    why = shown["last_error"].split(": ", 1)[1]
    assert len(switch.logged(re.escape(f" tcp:{name}: connection closed ({why})"))) == 1, (name, why)
    return why, said


@case
def garbage_ends_its_own_connection(switch):
    others = start(switch, f"ptcp:{PTCP}:127.0.0.1")
    switch.expect("no common OpenFlow version")
    assert ended_with(switch, struct.pack("!BBHI", 4, 0, 7, 1))[0] == \
        "a message shorter than its own header"
    assert ended_with(switch, b"\4\2\0\0\0\0\0\0", V13)[0] == "a message shorter than its own header"
    assert ended_with(switch, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"\r\n" * 12000)[0] == \
        "the peer's first message is no HELLO"
    assert ended_with(switch, struct.pack("!BBHI", 9, 5, 8, 1))[0] == \
        "the peer's first message is no HELLO"
    why, said = ended_with(switch, struct.pack("!BBHI", 4, 0, 16, 1) +
                           struct.pack("!HHI", 1, 8, 1 << 2))  # Version 2 alone.
    assert why == "no common OpenFlow version" and b"versions here:" in said, (why, said)
    switch.wait_for_line(r" WARN .* tcp:127\.0\.0\.1:\d+: no common OpenFlow version")
    others.end(8 * MIB)


@long_case
def half_a_message_and_silence_are_ended(switch):
    """Before the version is agreed within ten seconds; after that by the probe. A message of 64 KiB
    that comes byte by byte takes its own memory only."""
    others = start(switch, f"ptcp:{PTCP}:127.0.0.1")
    silent, half_hello, half = (connect(("127.0.0.1", PTCP)) for _ in range(3))
    half_hello.sendall(hello()[:5])
    half.sendall(hello() + struct.pack("!BBHI", 4, 2, 0xffff, 1) + b"x" * 1000)
    wait_for(lambda: target_of(switch, "ptcp")["connections"] == 0, "all are ended", 30)
    log = log_of(switch)
    assert log.count("(timed out before a version was agreed)") == 2, log
    assert log.count("(no answer to an inactivity probe)") == 1, log
    for sock in (silent, half_hello, half):
        sock.close()
    others.end(8 * MIB)


def mutated(rng, n):
    """Whole messages of 1.3 with random bytes in their bodies."""
    originals = [header(V13, FLOW_MOD, flow_mod(V13, table=9, port=1, actions=[output(1)])),
                 multipart(1, ALL_FLOWS), multipart(12), header(V13, ROLE, bytes(16)),
                 header(V13, PACKET_OUT, struct.pack("!IIHxxxxxx", 0xffffffff, 1, 0) + bytes(60)),
                 header(V13, 15, bytes(24)), header(V13, 29, bytes(40))]
    messages = []
    for _ in range(n):
        data = bytearray(rng.choice(originals))
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(8, len(data))] = rng.randrange(256)
        if data[1] == FLOW_MOD:
            data[24] = 9  # It shall not touch the others' table.
        if data[1] == FLOW_MOD and data[25] in (1, 2, 3, 4):
            data[25] = 0
        if data[1] == FLOW_MOD + 1:
            data[9] = 7  # A command that is none: groups stay.
        messages.append(bytes(data))
    return messages


@case
def a_flood_of_bad_requests_is_answered(switch):
    """Valid frames, random bodies, as fast as the switch takes them, for two seconds; each error is
    sent and counted."""
    others = start(switch, f"ptcp:{PTCP}:127.0.0.1")
    rng = random.Random(6)
    block = b"".join(mutated(rng, 2000))
    with Peer(("127.0.0.1", PTCP), V13) as peer:
        received = [0]

        def read():
            try:
                while data := peer.sock.recv(1 << 20):
                    received[0] += len(data)
            except OSError:
                pass

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        end = time.monotonic() + 2
        n = 0
        while time.monotonic() < end:
            peer.sock.sendall(block)
            n += 2000
        others.watch()
        shown = wait_for(lambda: (s := target_of(switch, "ptcp"))["errors_sent"] > n / 20 and s,
                         "errors are counted", 60)
        print(f"# {n} bad requests, {shown['errors_sent']} errors, {received[0]} bytes of answers",
              file=sys.stderr)
        assert "errors sent" in switch.ctl("show", "br0")
    others.end(64 * MIB)


@case
def random_bytes_for_everything_that_listens(switch):
    """Also TLS, and shuntd's own socket, whose peer is told why."""
    others = start(switch, f"ptcp:{PTCP}:127.0.0.1", f"pssl:{PTCP + 1}:127.0.0.1",
                   options=make_keys(switch.dir))
    switch.expect("no common OpenFlow version")
    rng = random.Random(7)
    places = [("127.0.0.1", PTCP), ("127.0.0.1", PTCP + 1), f"{switch.dir}/br0.mgmt",
              f"{switch.dir}/br0.snoop", f"{switch.dir}/shuntd.sock"]
    for place in [p for p in places if not isinstance(p, str) or os.path.exists(p)] * 20:
        sock = connect(place, 1 << 16)
        try:
            sock.sendall(rng.randbytes(rng.randrange(1, 30000)))
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(20)
            while sock.recv(1 << 16):
                pass
        except OSError:  # It was ended already.
            pass
        sock.close()
    log = log_of(switch)
    assert re.search(r"ssl:127\.0\.0\.1:\d+: connection closed \(.*\)", log), log
    assert "pssl" in switch.ctl("show", "br0")
    assert target_of(switch, "pssl")["last_error"], target_of(switch, "pssl")
    others.end(8 * MIB)


@long_case
def connecting_a_thousand_times_a_second_fills_no_log(switch):
    others = start(switch, f"ptcp:{PTCP}:127.0.0.1")
    n, end = 0, time.monotonic() + 3
    while time.monotonic() < end:
        sock = connect(("127.0.0.1", PTCP))
        sock.sendall(hello())
        sock.close()
        n += 1
    print(f"# {n} connections in 3 s", file=sys.stderr)
    assert n > 1000, n
    wait_for(lambda: target_of(switch, "ptcp")["connections"] == 0, "all are gone")
    others.watch()
    log = log_of(switch)
    assert log.count("\n") < 250, log.count("\n")
    others.end(8 * MIB)


# ---- A thousand of them ----

def raise_file_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def told_of_some(switch, warning, n):
    """A listener has 20 lines in ten seconds (lib/log-limit.h), and says no more of `n` things."""
    lines = switch.logged(" WARN .*" + warning)
    assert 20 <= len(lines) < n, (len(lines), n, lines[:1])


def answers_roles(peers):
    """Each becomes master in its turn; there is one master in the end."""
    for peer in peers:
        peer.send(ROLE, struct.pack("!IxxxxQ", 2, 1))
    for peer in peers:
        said = [m for m in peer.sync() if m[1] == ROLE + 1]
        assert len(said) == 1, said
    for peer in peers:
        peer.send(ROLE, struct.pack("!IxxxxQ", 0, 0))
    roles = []
    for peer in peers:
        roles += [struct.unpack("!I", m[8:12])[0] for m in peer.sync() if m[1] == ROLE + 1]
    assert roles.count(2) == 1 and roles.count(3) == len(peers) - 1, roles


@case
def a_thousand_controllers_are_served(switch):
    """They connect at once, get packet-ins, change roles, open bundles, leave. The 1,025th is
    refused, which show and the log tell."""
    raise_file_limit()
    others = start(switch, f"ptcp:{PTCP}:127.0.0.1")
    wire = Wire("p1")
    switch.ctl("add-port", "br0", wire.port, "ofport=1")
    switch.ctl("add-flow", "br0", "priority=1,in_port=1,actions=controller")
    began = time.monotonic()
    peers = [Peer(("127.0.0.1", PTCP), V14) for _ in range(1000)]
    print(f"# 1,000 connected in {time.monotonic() - began:.1f} s", file=sys.stderr)
    assert target_of(switch, "ptcp")["connections"] == 1000
    others.watch()
    for i in range(5):
        wire.send(frame(payload=struct.pack("!I", i) + bytes(46)))
    for peer in peers:
        for i in range(5):
            message = peer.receive()
            assert message[1] == PACKET_IN and struct.pack("!I", i) + bytes(46) == message[-50:]
    answers_roles(peers)
    for peer in peers:
        peer.ask(BUNDLE_CONTROL, struct.pack("!IHH", 1, 0, 0))
        peer.ask(BUNDLE_ADD, struct.pack("!IHH", 1, 0, 0) +
                 header(V14, FLOW_MOD, flow_mod(V14, table=3, actions=[output(1)]), 9), 9)
    others.watch()
    switch.expect("is refused, 1024 are open")
    more = [connect(("127.0.0.1", PTCP)) for _ in range(30)]
    shown = wait_for(lambda: (s := target_of(switch, "ptcp"))["refused"] and s, "one is refused")
    assert (shown["connections"], shown["refused"]) == (1024, 6), shown
    assert ", 6 connections refused" in switch.ctl("show", "br0")
    refusal = rf" WARN .* br0: ptcp:{PTCP}:\S+: a connection from \S+ is refused, 1024 are open"
    assert len(switch.logged(refusal)) == 6, log_of(switch)[-2000:]
    for each in more + peers:
        each.close()
    wait_for(lambda: target_of(switch, "ptcp")["connections"] == 0, "all are gone")
    Peer(("127.0.0.1", PTCP), V14).close()
    others.end(64 * MIB)


@long_case
def a_thousand_that_never_read_share_a_bound(switch):
    """Each asks for what is hundreds of kilobytes until nothing more is taken."""
    raise_file_limit()
    others = start(switch, f"ptcp:{PTCP}:127.0.0.1")
    socks = [connect(("127.0.0.1", PTCP)) for _ in range(1000)]
    for sock in socks:
        sock.sendall(hello() + multipart(12) * 20)
    wait_for(lambda: target_of(switch, "ptcp")["unread_bytes"] > 200 * MIB or
             not target_of(switch, "ptcp")["connections"], "they are busy", 30)
    wait_for(lambda: others.watch() and not target_of(switch, "ptcp")["connections"],
             "all are ended", 90)
    for sock in socks:
        sock.close()
    others.end(900 * MIB, slowest=10)


@case
def a_limit_of_open_files_is_no_end(switch):
    """Connections are refused before descriptors run out: what the daemon itself has to open it can
    open, and it does not spin."""
    raise_file_limit()
    others = start(switch, f"ptcp:{PTCP}:127.0.0.1")
    switch.expect("the limit of open files is near")
    n_open = len(os.listdir(f"/proc/{switch.pid()}/fd"))
    run("prlimit", f"--pid={switch.pid()}", f"--nofile={n_open + 400}")
    socks = [connect(("127.0.0.1", PTCP)) for _ in range(450)]
    shown = wait_for(lambda: (s := target_of(switch, "ptcp"))["refused"] >= 200 and s, "refused")
    assert shown["connections"] + shown["refused"] == 450, shown
    told_of_some(switch, "the limit of open files is near", shown["refused"])
    # A port, a flow, what is saved: all that takes descriptors goes on.
    wire = Wire("p1")
    switch.ctl("add-port", "br0", wire.port, "ofport=1")
    switch.ctl("save")
    before = cpu_seconds(switch)
    began = time.monotonic()
    wait_for(lambda: time.monotonic() - began > 1, "a second")
    spent = cpu_seconds(switch) - before
    assert spent < 0.5, f"{spent} s of a second are spent on nothing"
    for sock in socks:
        sock.close()
    wait_for(lambda: target_of(switch, "ptcp")["connections"] == 0, "all are gone")
    Peer(("127.0.0.1", PTCP), V13).close()
    others.end(16 * MIB)


@case
def accepting_pauses_when_there_are_no_descriptors(switch):
    """The limit is below what is open: who calls waits, and is served when there is room."""
    others = start(switch, f"ptcp:{PTCP}:127.0.0.1")
    switch.expect("no connection can be accepted for a while")
    n_open = len(os.listdir(f"/proc/{switch.pid()}/fd"))
    run("prlimit", f"--pid={switch.pid()}", f"--nofile={n_open}:20000")
    before, began = cpu_seconds(switch), time.monotonic()
    sock = connect(("127.0.0.1", PTCP))
    wait_for(lambda: "no connection can be accepted" in log_of(switch), "told")
    wait_for(lambda: time.monotonic() - began > 2, "two seconds")
    spent = cpu_seconds(switch) - before
    run("prlimit", f"--pid={switch.pid()}", "--nofile=20000:20000")
    sock.settimeout(20)
    sock.sendall(hello())
    assert sock.recv(8)[1] == 0
    sock.close()
    assert spent < 1, f"{spent} s of two seconds are spent on nothing"
    others.end(8 * MIB)


@case
def a_thousand_tools_are_served_or_refused(switch):
    """On the bridge's management socket as controllers; on shuntd's 64, and one error."""
    raise_file_limit()
    others = start(switch)
    peers = [Peer(f"{switch.dir}/br0.mgmt", V13) for _ in range(1000)]
    assert management_of(switch)["connections"] == 1000
    assert all(peer.ask(ECHO_REQUEST) for peer in peers[::100])
    for peer in peers:
        peer.close()
    switch.expect("a connection is refused, 64 are open")
    socks = []
    for _ in range(1000):
        socks.append(connect(f"{switch.dir}/shuntd.sock", 1 << 16))
    refusals = 0
    for sock in socks[100:]:
        sock.settimeout(20)
        refusals += b"64 management connections are open" in sock.recv(4096)
    assert refusals == 900, refusals
    for sock in socks:
        sock.close()
    shown = wait_for(lambda: json.loads(subprocess.run(
        [SHUNTCTL, "--run-dir", switch.dir, "--format", "json", "show"], capture_output=True,
        text=True).stdout or "null"), "room again")
    assert shown["management"]["refused"] >= 936, shown["management"]
    told_of_some(switch, "a connection is refused, 64 are open", shown["management"]["refused"])
    assert "connections of shuntctl refused" in switch.ctl("show")
    others.end(24 * MIB)


# ---- Bundles and parts that are never finished ----

def bundled(message, xid, bundle=1):
    return header(V14, BUNDLE_ADD, struct.pack("!IHH", bundle, 0, 0) + message, xid)


@case
def a_bundle_that_is_left_is_discarded(switch):
    """After ten seconds, with OFPBFC_TIMEOUT (17, 14) and the request that opened it; one that is
    used meanwhile stays. All requests here have one xid."""
    others = start(switch)
    with Peer(f"{switch.dir}/br0.mgmt", V14) as peer:
        opened = [header(V14, BUNDLE_CONTROL, struct.pack("!IHH", i, 0, 0), 7) for i in (1, 2)]
        add = [bundled(header(V14, FLOW_MOD, flow_mod(V14, table=3, priority=i), 7), 7, i)
               for i in (1, 2)]
        peer.send_whole(*opened, *add)
        assert [m[1] for m in peer.sync()] == [BUNDLE_CONTROL] * 2
        began, said = time.monotonic(), []
        while not said and time.monotonic() - began < 15:
            peer.send_whole(add[1])
            said = peer.sync()
            select.select([peer.sock], [], [], 0.5)
        took = time.monotonic() - began
        assert [m[8:] for m in said] == [struct.pack("!HH", 17, 14) + opened[0]], said
        assert said[0][4:8] == struct.pack("!I", 7) and 9 < took < 13, took
        assert peer.error(BUNDLE_CONTROL, struct.pack("!IHH", 1, 4, 0)) == (17, 2)
        (reply,) = peer.ask(BUNDLE_CONTROL, struct.pack("!IHH", 2, 4, 0))
        assert reply[1] == BUNDLE_CONTROL, reply.hex()
    flows = [f["priority"] for f in switch.ctl_json("dump-flows", "br0")]
    assert 2 in flows and 1 not in flows, flows
    assert "bundle 1 of 1 messages is discarded" in log_of(switch)
    others.end(8 * MIB)


@case
def a_bundle_of_a_hundred_thousand_is_done_at_once(switch):
    """And its connection may end before, which gives its memory back."""
    others = start(switch)
    blocks = [b"".join(bundled(header(V14, FLOW_MOD, flow_mod(V14, table=3, port=1 + i), i), i)
                       for i in range(at, at + 10000)) for at in range(0, 100000, 10000)]
    for ending in ("leaves", "commits"):
        with Peer(f"{switch.dir}/br0.mgmt", V14) as peer:
            for block in blocks:
                peer.send_whole(block)
            assert peer.sync() == []
            others.watch()
            if ending == "commits":
                (reply,) = peer.ask(BUNDLE_CONTROL, struct.pack("!IHH", 1, 4, 0))
                assert reply[1] == BUNDLE_CONTROL and reply[12:14] == b"\0\5", reply.hex()
        n_flows = switch.ctl("dump-aggregate", "br0", "table=3")
        assert ("flow_count=100000" in n_flows) == (ending == "commits"), n_flows
    others.end(256 * MIB, slowest=10)  # It is one transaction.


def long_additions(numbers, bundle=1):
    """Flow-mods of 64 KiB each for a bundle, their numbers as xids."""
    long_list = flow_mod(V14, table=3, actions=[output(1)] * 4000)
    return [bundled(header(V14, FLOW_MOD, long_list, i), i, bundle) for i in numbers]


def refusals(additions, code):
    """What the switch says of these: an error each, with the beginning of the message."""
    return [error_message(V14, (0, 17, code), message) for message in additions]


@case
def long_messages_that_a_bundle_refuses_do_not_stop_their_sender(switch):
    """12 MiB, all of it written before an answer is read."""
    others = start(switch)
    with Peer(f"{switch.dir}/br0.mgmt", V14) as peer:
        for request in (0, 2):  # Opens it, and closes it.
            (reply,) = peer.ask(BUNDLE_CONTROL, struct.pack("!IHH", 1, request, 0))
            assert reply[1] == BUNDLE_CONTROL, reply.hex()
        additions = long_additions(range(200))
        assert peer.ask_whole(*additions) == refusals(additions, BUNDLE_CLOSED)
    others.end(24 * MIB)


def fill_with_bundles(peer):
    """Adds until a message is refused, with an error each; returns how many were taken."""
    said, n = [], 0
    while not said and n < 40000:
        additions, n = long_additions(range(n, n + 100)), n + 100
        said = peer.ask_whole(*additions)
    assert said and said == refusals(additions[-len(said):], MSG_TOO_MANY), (n, said[:1])
    return n - len(said)


@long_case
def bundles_have_a_bound(switch):
    """All that are open have a gigabyte; a connection gets what it leaves free: the first half of it,
    the next half of the rest. What is beyond it is refused at once, each message with an error."""
    others = start(switch)
    peers = [Peer(f"{switch.dir}/br0.mgmt", V14) for _ in range(3)]
    taken = [fill_with_bundles(peer) for peer in peers]
    print(f"# {taken} messages of {len(long_additions([0])[0])} bytes", file=sys.stderr)
    for more, less in zip(taken, taken[1:]):
        assert abs(more / less - 2) < 0.01, taken
    others.watch()
    additions = long_additions(range(100))
    assert peers[0].ask_whole(*additions) == refusals(additions, MSG_TOO_MANY)
    (reply,) = peers[0].ask(BUNDLE_CONTROL, struct.pack("!IHH", 1, 6, 0))
    assert reply[1] == BUNDLE_CONTROL, reply.hex()
    for peer in peers:
        assert peer.ask_whole(*additions) == []
        peer.close()
    wait_for(lambda: rss(switch) - others.before < room(100 * MIB), "the memory is given back")
    others.end(1400 * MIB, slowest=5)


main()
