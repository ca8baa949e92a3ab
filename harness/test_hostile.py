# SPDX-License-Identifier: MIT
"""Hostile peers on raw sockets.  Whatever one connection does, the server goes on serving the others and its memory stays bounded."""
import os
import random
import socket
import struct
import threading
import time

import pytest

import wire
from programs import DEADLINE, run, stored, until

# No octet of a connection has to be kept beyond the head of a message, and 4 MiB of an alert; the sanitizers' own bookkeeping is not counted.
MEMORY_MAX = 64 << 20
GARBAGE = random.Random(7).randbytes(100000)

ATTACKS = {
    "nul": b"\0" * 100000,
    "garbage": GARBAGE,
    "lf": b"\n" * 100000,
    "crlf": b"\r\n" * 100000,
    "blanks": b" " * 100000,
    "many-lines": b"IAP/0.3 CONNECT m.dom.org\r\n" + b"IAP/0.3 Via: p.dom.org\r\n" * 20000,
    "long-host": b"IAP/0.3 CONNECT " + b"a" * 100000 + b"\r\n\r\n",
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls-first": bytes.fromhex("160301002f0100002b0301") + b"\x55" * 36,
    "ssl2-first": bytes.fromhex("802e0100020015000000100100800200800300800400800500800600400700c0") + b"\x55" * 16,
    "percent": b"%s%n%x" * 1000 + b"\r\n\r\n",
    "utf-16": "IAP/0.3 CONNECT m.dom.org\r\n\r\n".encode("utf-16"),
    "no-lf-10mb": b"IAP/0.3 CONNECT " + b"a" * (10 << 20),
}
AFTER_SET_UP = {
    "garbage": GARBAGE,
    "nul": b"\0" * 100000,
    "huge-length": b"Content-Type: application/x-idef-alert\r\nContent-Length: 18446744073709551615\r\n\r\nx",
    "wrapping-length": b"Content-Type: application/x-idef-alert\r\nContent-Length: 18446744073709551617\r\n\r\nx",
    "long-number": b"Content-Type: application/x-idef-alert\r\nContent-Length: " + b"9" * 900 + b"\r\n\r\nx",
    "negative-length": b"Content-Type: application/x-idef-alert\r\nContent-Length: -1\r\n\r\nx",
    "2-gb": b"Content-Type: application/x-idef-alert\r\nContent-Length: 2147483647\r\n\r\n" + b"x" * (8 << 20),
    "4-mb-and-more": b"Content-Type: application/x-idef-alert\r\nContent-Length: 4194305\r\n\r\n" + b"x" * 4194305,
    "many-headers": b"Content-Type: application/x-idef-alert\r\n" * 20000,
    "no-lf": b"Content-Type: " + b"a" * (1 << 20),
}


def push(s, octets):
    """Sends as long as the peer takes it, as an attacker does."""
    try:
        s.sendall(octets)
    except (ConnectionError, TimeoutError):
        return False
    return True


class Target:
    """A server, and a well-behaved delivery through it."""

    def __init__(self, server, deliver):
        self.server, self.address, self.deliver = server, server.address, deliver
        deliver()
        self.idle = server.fds()

    def still_well(self):
        assert self.server.alive(), self.server.err()
        self.deliver()
        if os.environ.get("DRAFTPROOF_SANITIZED") != "1":
            assert self.server.resident() < MEMORY_MAX
        until(lambda: self.server.fds() <= self.idle, what=f"{self.server.fds()} descriptors, {self.idle} before")


@pytest.fixture
def manager(serve, alert, tmp_path):
    server = serve("iap-manager", "--tls", "off", "--deadline", "1", "--store", tmp_path / "store")
    return Target(server, lambda: deliver(server.address, alert()))


@pytest.fixture
def proxy(serve, alert):
    behind = serve("iap-manager", "--tls", "off", "--deadline", "1")
    server = serve("iap-proxy", "--next-hop", behind.address, "--deadline", "1")
    return Target(server, lambda: deliver(server.address, alert()))


@pytest.fixture
def target(request):
    return request.getfixturevalue(request.param)


BOTH = pytest.mark.parametrize("target", ["manager", "proxy"], indirect=True)


def deliver(at, path):
    done = run("send", "iap-analyzer", "--connect", at, "--tls", "off", path)
    assert done.status == 0, done


@BOTH
@pytest.mark.parametrize("name", ATTACKS)
def test_instead_of_a_request(target, name):
    with wire.connect(target.address) as s:
        push(s, ATTACKS[name])
        answer = wire.read_end(s)  # ended by the server: at once, or at its deadline
        assert b"200" not in answer and b"101" not in answer
        assert len(answer) < 100
    target.still_well()


@pytest.mark.parametrize("name", AFTER_SET_UP)
def test_instead_of_an_alert(manager, tmp_path, name):
    before = len(stored(tmp_path / "store"))
    with wire.set_up_clear(manager.address) as s:
        push(s, AFTER_SET_UP[name])
        manager.deliver()  # while that one is being dealt with
        s.shutdown(socket.SHUT_WR)
        assert b"200" not in wire.read_end(s)
    manager.still_well()
    assert len(stored(tmp_path / "store")) == before + 2


@BOTH
def test_one_octet_every_while(target):
    """A request that trickles in is cut off at the deadline, however busy the connection looks."""
    with wire.connect(target.address) as s:
        took = wire.drip(s, b"IAP/0.3 CONNECT " + b"a" * 200, 0.05)
    assert took < 5, "the set-up has a second"
    target.still_well()


@BOTH
def test_silence(target):
    with wire.connect(target.address) as s:
        began = time.monotonic()
        wire.read_end(s)
        assert time.monotonic() - began < 10
    target.still_well()


@pytest.mark.parametrize("stage", [wire.CONNECT, wire.UPGRADE, wire.CHANNEL])
def test_silence_in_the_middle_of_the_set_up(manager, stage):
    with wire.connect(manager.address) as s:
        for request in (wire.CONNECT, wire.UPGRADE, wire.CHANNEL):
            if request == stage:
                break
            wire.ask(s, request)
        wire.read_end(s)
    manager.still_well()


@BOTH
@pytest.mark.parametrize("end", ["close", "half", "reset"])
def test_half_a_request(target, end):
    for cut in (1, 7, 16, len(wire.CONNECT) - 1):
        s = wire.connect(target.address)
        push(s, wire.CONNECT[:cut])
        leave(s, end)
    target.still_well()


@pytest.mark.parametrize("end", ["close", "half", "reset"])
def test_half_an_alert(manager, tmp_path, end):
    before = len(stored(tmp_path / "store"))
    whole = wire.content(b"z" * 1000)
    for cut in (1, 20, 60, 100, len(whole) - 5):
        s = wire.set_up_clear(manager.address)
        push(s, whole[:cut])
        leave(s, end)
    manager.still_well()
    assert len(stored(tmp_path / "store")) == before + 1, "half an alert is no alert"


def leave(s, end):
    if end == "half":
        s.shutdown(socket.SHUT_WR)
        wire.read_end(s)
    if end == "reset":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


@BOTH
@pytest.mark.parametrize("say", [b"", b"IAP/0.3 CONN", wire.CONNECT])
def test_two_hundred_at_once(target, say):
    socks = []
    for _ in range(200):
        s = wire.connect(target.address)
        push(s, say)
        socks.append(s)
    target.deliver()  # the two hundred and first is served meanwhile
    for s in socks:
        s.close()
    target.still_well()


@BOTH
def test_connections_that_come_and_go(target):
    for _ in range(500):
        wire.connect(target.address).close()
    target.still_well()


@BOTH
@pytest.mark.parametrize("when", ["first", "connected"])
def test_urgent_data(target, when):
    with wire.connect(target.address) as s:
        if when == "connected":
            assert wire.ask(s, wire.CONNECT).startswith(b"IAP/0.3 200\r\n")
        s.send(b"!", socket.MSG_OOB)
        wire.read_end(s)  # 6.2: the connection ends
    target.still_well()


def test_urgent_data_between_alerts(manager):
    with wire.set_up_clear(manager.address) as s:
        assert wire.ask(s, wire.content(b"one")) == wire.OK200
        s.send(b"!", socket.MSG_OOB)
        assert b"200" not in wire.read_end(s)
    manager.still_well()


def test_peer_that_never_reads(manager):
    """Answers that nobody reads must not pile up without bound, and the server must not wait for them."""
    with wire.set_up_clear(manager.address) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(1)
        push(s, wire.content(b"") * 200000)
        manager.deliver()
        assert manager.server.resident() < MEMORY_MAX or os.environ.get("DRAFTPROOF_SANITIZED") == "1"
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    manager.still_well()


def test_proxy_holds_little_for_a_slow_reader(serve):
    """Backpressure: what the far side does not read, the proxy does not take from the near side for ever."""
    far = socket.create_server(("127.0.0.1", 0))
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    proxy = serve("iap-proxy", "--next-hop", "127.0.0.1:%d" % far.getsockname()[1])
    with wire.connect(proxy.address) as near:
        near.sendall(wire.CONNECT)
        other, _ = far.accept()
        with other:
            other.settimeout(DEADLINE)
            wire.read_until(other)
            other.sendall(wire.OK200)
            assert wire.read_until(near).startswith(b"IAP/0.3 200\r\n")
            near.settimeout(0.5)
            taken = 0
            try:
                for _ in range(3000):
                    taken += near.send(b"q" * 65536)
            except TimeoutError:
                pass
            assert taken < 128 << 20, "it was not stopped"
            if os.environ.get("DRAFTPROOF_SANITIZED") != "1":
                assert proxy.resident() < MEMORY_MAX
            got = [0]

            def drain():
                while got[0] < taken:
                    more = other.recv(1 << 20)
                    if not more:
                        break
                    got[0] += len(more)

            t = threading.Thread(target=drain)
            t.start()
            t.join(DEADLINE)
            assert got[0] == taken, "all of it arrives once the far side reads"
    far.close()


def test_analyzer_against_a_hostile_manager(serve, alert):
    """An analyzer that listens is a server as well."""
    server = serve("iap-analyzer", "--tls", "off", "--deadline", "1", alert(b"from the analyzer"))
    for octets in ATTACKS.values():
        with wire.connect(server.address) as s:
            push(s, octets)
            wire.read_end(s)
    with wire.connect(server.address) as s:
        assert wire.ask(s, wire.CONNECT) == wire.OK200
        assert wire.ask(s, wire.UPGRADE) == wire.OK101
        assert wire.ask(s, wire.CHANNEL.replace(b"Sender", b"Receiver")) == wire.OK200
        assert b"from the analyzer" in wire.read_until(s, b"analyzer\r\n\r\n")
    if os.environ.get("DRAFTPROOF_SANITIZED") != "1":
        assert server.resident() < MEMORY_MAX


@pytest.mark.parametrize("profile", ["modern", "draft"])
@pytest.mark.parametrize("octets", [b"\0" * 5000, GARBAGE, b"\x16\x03\x01\xff\xff" + b"\x01" * 70000, b"\x16\x03\x01\x00\x00" * 1000,
                                    b"\x15\x03\x01\x00\x02\x02\x28", b"\x14\x03\x01\x00\x01\x01" * 1000, b"IAP/0.3 CONNECT m.dom.org\r\n\r\n"],
                         ids=["nul", "garbage", "long-record", "empty-records", "alert", "ccs", "clear"])
def test_instead_of_a_handshake(serve, pki, alert, profile, octets):
    server = serve("iap-manager", "--tls", profile, "--pki", pki, "--deadline", "2")
    send = ["send", "iap-analyzer", "--connect", server.address, "--tls", profile, "--pki", pki, alert()]
    assert run(*send).status == 0
    idle = server.fds()
    with wire.connect(server.address) as s:
        assert wire.ask(s, wire.CONNECT) == wire.OK200
        assert wire.ask(s, wire.UPGRADE) == wire.OK101
        push(s, octets)
        assert run(*send).status == 0
        wire.read_end(s)
    assert run(*send).status == 0
    until(lambda: server.fds() <= idle, what="descriptors as before")
    if os.environ.get("DRAFTPROOF_SANITIZED") != "1":
        assert server.resident() < MEMORY_MAX


def test_ends_on_sigterm_with_connections_open(serve):
    server = serve("iap-manager", "--tls", "off")
    socks = [wire.connect(server.address) for _ in range(20)] + [wire.set_up_clear(server.address) for _ in range(5)]
    began = time.monotonic()
    done = server.stop()
    assert done.status == 0, done
    assert time.monotonic() - began < 5
    for s in socks:
        wire.read_end(s)
        s.close()
