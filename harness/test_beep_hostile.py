# SPDX-License-Identifier: MIT
"""Hostile BEEP peers on raw sockets.  Whatever one connection does, the listener goes on serving the others and its memory stays bounded; an initiator survives whoever
it is connected to."""
import os
import random
import re
import socket
import struct
import threading
import time

import pytest

import programs
import wire
from programs import DEADLINE, run, until

pytestmark = pytest.mark.own
SLOW = os.environ.get("DRAFTPROOF_SANITIZED") == "1"
MEMORY_MAX = 64 << 20  # 8 MiB that wait on a channel, as much while a buffer grows, and the program itself
HEAD = b"Content-Type: application/beep+xml\r\n\r\n"
ECHO, TLS = b"http://draftproof.invalid/profiles/echo", b"http://iana.org/beep/TLS"
MANY = b"http://draftproof.invalid/profiles/many"
GARBAGE = random.Random(3080).randbytes(200000)


def frame(head, seqno, payload):
    return b"%s %d %d\r\n%sEND\r\n" % (head, seqno, len(payload), payload)


class Talk:
    """Octets of one side; frames are numbered in order."""

    def __init__(self, address=None, sock=None):
        self.s = sock or wire.connect(address)
        self.seq = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def frame(self, keyword, channel, msgno, payload, more=b"."):
        seqno = self.seq.get(channel, 0)
        self.seq[channel] = seqno + len(payload)
        return frame(b"%s %d %d %s" % (keyword, channel, msgno, more), seqno, payload)

    def mgmt(self, keyword, msgno, element):
        return self.frame(keyword, 0, msgno, HEAD + element + b"\r\n")

    def greet(self, profiles=b""):
        return self.mgmt(b"RPY", 0, b"<greeting>" + profiles + b"</greeting>")

    def start(self, channel, msgno, uri=ECHO):
        return self.mgmt(b"MSG", msgno, b"<start number='%d'><profile uri='%s' /></start>" % (channel, uri))


def push(s, octets):
    """Sends as long as the peer takes it, as an attacker does."""
    try:
        s.sendall(octets)
    except (ConnectionError, TimeoutError):
        return False
    return True


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def echo(address):
    """A whole session that behaves well; seconds that it took."""
    began = time.monotonic()
    with Talk(address) as t:
        t.s.sendall(t.greet() + t.start(1, 1))
        assert b"RPY 0 1 " in wire.read_until(t.s, b"RPY 0 1 ")
        t.s.sendall(t.frame(b"MSG", 1, 0, b"\r\nhello"))
        assert b"\r\nhelloEND" in wire.read_until(t.s, b"\r\nhelloEND\r\n")
        t.s.sendall(t.mgmt(b"MSG", 2, b"<close code='200' />"))
        assert b"<ok />" in wire.read_end(t.s)
    return time.monotonic() - began


class Target:
    def __init__(self, server):
        self.server, self.address = server, server.address
        echo(self.address)
        self.idle = server.fds()

    def answers(self):
        """Another connection, meanwhile."""
        assert echo(self.address) < (10 if SLOW else 1)

    def bounded(self):
        assert self.server.alive(), self.server.err()
        if not SLOW:
            assert self.server.resident() < MEMORY_MAX

    def still_well(self):
        self.bounded()
        self.answers()
        until(lambda: self.server.fds() <= self.idle, what=f"{self.server.fds()} descriptors, {self.idle} before")


@pytest.fixture
def listener(serve):
    return Target(serve("beep-listener", "--tls", "off", "--deadline", "2"))


# --- what ends at once ---------------------------------------------------------------------------------------------------------

INSTEAD = {
    "nul": b"\0" * 100000,
    "garbage": GARBAGE,
    "crlf": b"\r\n" * 100000,
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls-first": bytes.fromhex("160301002f0100002b0301") + b"\x55" * 36,
    "long-header": b"RPY 0 0 . 0 " + b"0" * (10 << 20),
    "huge": b"RPY 0 0 . 0 2147483647\r\n" + b"x" * (8 << 20),
    "twenty-digits": b"RPY 0 0 . 0 99999999999999999999\r\n",
    "signs": b"RPY +0 -0 . 0 +5\r\n",
    "small-letters": b"rpy 0 0 . 0 0\r\nEND\r\n",
    "no-greeting": b"MSG 0 1 . 0 0\r\nEND\r\n",
    "percent": b"%s%n%x" * 1000 + b"\r\n",
}
BEHIND = {
    "huge": b"MSG 0 1 . %d 2147483647\r\n" + b"x" * (8 << 20),
    "seq-ahead": b"SEQ 0 4294967295 4096\r\n",
    "seq-nobody": b"SEQ 9 0 4096\r\n",
    "no-channel": b"MSG 9 0 . 0 0\r\nEND\r\n",
    "no-trailer": b"MSG 0 1 . %d 4\r\nabcdBYE\r\n",
    "keyword": b"XYZ 0 1 . 0 0\r\n" + GARBAGE,
    "reply-to-nothing": b"RPY 0 7 . %d 0\r\nEND\r\n",
    "nul-payload": b"NUL 0 0 . %d 4\r\nabcdEND\r\n",
}


@pytest.mark.parametrize("name", INSTEAD)
def test_instead_of_a_greeting(listener, name):
    with Talk(listener.address) as t:
        push(t.s, INSTEAD[name])
        listener.answers()
        answer = wire.read_end(t.s)  # at once, or at its deadline
        assert answer.count(b"END\r\n") <= 1 and b"<error" not in answer
    listener.still_well()


@pytest.mark.parametrize("name", BEHIND)
def test_behind_a_greeting(listener, name):
    octets = BEHIND[name]
    with Talk(listener.address) as t:
        hello = t.greet()
        push(t.s, hello + (octets.replace(b"%d", b"%d" % t.seq[0])))
        listener.answers()
        answer = wire.read_end(t.s)
        assert len(re.findall(rb"(?:MSG|RPY|ERR|ANS|NUL) \d", answer)) <= 1, "no response to a poorly-formed frame"
    listener.still_well()


# --- floods ------------------------------------------------------------------------------------------------------------------------


def flood_starts(t):
    yield t.greet() + b"SEQ 0 0 2147483647\r\n"
    for n in range(20000):
        yield t.start(2 * n + 1, n + 1)


def flood_seqs(t):
    yield t.greet() + t.start(1, 1)
    for _ in range(100):
        yield b"SEQ 1 0 4096\r\nSEQ 1 0 2147483647\r\n" * 500


def flood_pipeline(t):
    yield t.greet() + t.start(1, 1) + b"SEQ 1 0 2147483647\r\n"
    for n in range(100000):
        yield t.frame(b"MSG", 1, n, b"\r\nhello")


def flood_no_window(t):
    yield t.greet() + t.start(1, 1) + b"SEQ 1 0 0\r\n"
    for n in range(20000):
        yield t.frame(b"MSG", 1, n, b"x" * 1000)


def flood_many(t):
    yield t.greet() + t.start(1, 1, MANY)
    yield t.frame(b"MSG", 1, 0, b"\r\ncount 1024 size 1048576") + b"SEQ 1 0 2147483647\r\n"


def flood_cycles(t):
    yield t.greet() + b"SEQ 0 0 2147483647\r\n"
    for n in range(5000):
        yield t.start(1, 2 * n + 1) + t.mgmt(b"MSG", 2 * n + 2, b"<close number='1' code='200' />")


def flood_greeting(t):
    yield t.frame(b"RPY", 0, 0, HEAD + b"<greeting>", b"*")
    for _ in range(4000):
        yield t.frame(b"RPY", 0, 0, b"<profile uri='http://x.invalid/' />" * 100, b"*")


def flood_head(t):
    yield t.greet()
    for _ in range(4000):
        yield t.frame(b"MSG", 0, 1, b"x-head: value\r\n" * 270, b"*")


def flood_xml(t):
    yield t.greet()
    for n in range(200):
        yield t.mgmt(b"MSG", n + 1, b"<a>" * 1200)
        yield t.mgmt(b"MSG", n + 1001, b"<start number='1'><profile uri='x:y' encoding='base64'>" + b"A" * 3800 + b"</profile></start>")


FLOODS = {f.__name__[6:]: f for f in (flood_starts, flood_seqs, flood_pipeline, flood_no_window, flood_many, flood_cycles, flood_greeting, flood_head, flood_xml)}


@pytest.mark.parametrize("reads", [True, False], ids=["reads", "deaf"])
@pytest.mark.parametrize("name", FLOODS)
def test_flood(listener, name, reads):
    """Others are served while it goes on, and nothing grows without bound."""
    with Talk(listener.address) as t:
        t.s.settimeout(1)
        stop = threading.Event()

        def drain(s=t.s):
            try:
                while not stop.is_set() and s.recv(1 << 20):
                    pass
            except OSError:
                pass

        reader = threading.Thread(target=drain)
        if reads:
            reader.start()
        took, many = time.monotonic() + 4, b""
        for octets in FLOODS[name](t):
            many += octets
            if len(many) < 60000:
                continue
            if not push(t.s, many) or time.monotonic() > took:
                many = b""
                break
            many = b""
            listener.bounded()
        push(t.s, many)
        listener.answers()
        listener.bounded()
        stop.set()
        reset(t.s)
        if reads:
            reader.join(DEADLINE)
    listener.still_well()


def test_many_connections_at_once(listener):
    talks = [Talk(listener.address) for _ in range(200)]
    for i, t in enumerate(talks):
        push(t.s, (b"", b"RPY 0 0", t.greet())[i % 3])
    listener.answers()
    for t in talks:
        t.s.close()
    listener.still_well()


def test_one_octet_every_while(listener):
    """A greeting that trickles in is cut off at the deadline."""
    with Talk(listener.address) as t:
        took = wire.drip(t.s, t.greet()[:-2] + b"x" * 300, 0.05)
    assert took < 8
    listener.still_well()


# --- an initiator and who it is connected to ------------------------------------------------------------------------------------------


class Trap:
    """Listens, and says the same to everybody."""

    def __init__(self, octets):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.sock.getsockname()[1]
        self.octets, self.came = octets, 0
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                s, _ = self.sock.accept()
            except OSError:
                return
            self.came += 1
            s.settimeout(1)
            with s:
                push(s, self.octets)
                try:
                    while s.recv(1 << 16):
                        pass
                except OSError:
                    pass

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def traps():
    yield from ((k, v) for k, v in INSTEAD.items())
    t = Talk(sock=object())
    hello = t.greet(b"<profile uri='%s' />" % ECHO)
    yield "greets-and-ends", hello
    yield "garbage-behind", hello + GARBAGE
    yield "answers-unasked", hello + t.mgmt(b"RPY", 7, b"<ok />")
    yield "greets-twice", hello + hello
    yield "unavailable", frame(b"ERR 0 0 .", 0, HEAD + b"<error code='421'>busy</error>\r\n")
    yield "profiles", frame(b"RPY 0 0 .", 0, HEAD + b"<greeting>" + b"<profile uri='http://x.invalid/' />" * 20000 + b"</greeting>")
    t = Talk(sock=object())
    yield "starts", t.greet() + b"".join(t.start(2 * n + 2, n + 1) for n in range(20000))


TRAPS = dict(traps())


@pytest.mark.parametrize("name", TRAPS)
def test_initiator_and_a_hostile_listener(name):
    trap = Trap(TRAPS[name])
    server = programs.Server("beep-initiator", "--connect", trap.address, "--tls", "off", "--deadline", "2", listens=False)
    try:
        until(lambda: trap.came, what="a connection")
        end = time.monotonic() + 1
        while server.alive() and time.monotonic() < end:
            until(lambda: not server.alive() or time.monotonic() > end, what="the end")
            if server.alive() and not SLOW:
                assert server.resident() < MEMORY_MAX
    finally:
        done = server.stop()
        trap.close()
    assert done.status in (0, 1), done
    assert not re.search(r"assert|Sanitizer|runtime error", done.err), done
