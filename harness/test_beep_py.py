# SPDX-License-Identifier: MIT
"""A BEEP peer that was written from the text alone (beep_py.py), unusual and right: the suite finds no fault in it, in either role, and it talks with our peers."""
import socket
import sys
import threading

import pytest

import beep_py
import programs
import wire
from programs import Program, results, run

pytestmark = pytest.mark.own
ME = [sys.executable, "-S", "-E", beep_py.__file__]


def judge(tmp_path, *args):
    """The verdicts by id, none of them against the peer."""
    out = tmp_path / "out"
    done = run("check", *args, "--tls", "off", "--echo", "--jobs", "8", "--jsonl", out, deadline=600)
    rs = results(out)[:-1]
    bad = [(r["id"], r["verdict"], r["reason"]) for r in rs if r["verdict"] in ("fail", "weak", "inconc", "error")]
    assert not bad and done.status == 0, (bad, done)
    return {r["id"]: r["verdict"] for r in rs}


def cases(*ids):
    return [w for i in ids for w in ("--case", i)]


def test_listener_under_test(tmp_path):
    listener = Program([*ME, "listener", "127.0.0.1:0"])
    try:
        at = listener.line().removeprefix("listening on ")
        got = judge(tmp_path, "beep-listener", "--connect", at, *cases("beep/2.1", "beep/2.2", "beep/2.3.1", "beep/2.4", "beep/6.4", "beep/8", "beep/tcp"))
        assert got["beep/sanity/echo"] == "pass" and sum(v == "pass" for v in got.values()) > 100
    finally:
        listener.kill()


def test_initiator_under_test(tmp_path):
    """Started anew for each connection."""
    own = " ".join(["exec", *ME, "initiator", "{host}:{port}"])
    got = judge(tmp_path, "beep-initiator", "--exec", own, *cases("beep/2.1", "beep/2.2.1.3", "beep/2.4", "beep/tcp/3.1.1", "beep/tcp/3.1.2"))
    assert sum(v == "pass" for v in got.values()) > 20


def test_who_thinks_is_no_hog(tmp_path):
    """How long an answer takes is nobody's business: not even when the first on channel 0 is quick, and later ones are not."""
    listener = Program([*ME, "listener", "127.0.0.1:0", "0,0,0.01,0.1"])
    try:
        at = listener.line().removeprefix("listening on ")
        got = judge(tmp_path, "beep-listener", "--connect", at, *cases("beep/tcp/3.1.4"))
        assert got["beep/tcp/3.1.4/channel-0-has-its-turn"] == "pass", got
    finally:
        listener.kill()


@pytest.fixture
def session(serve):
    """A session with our listener, cut in the given way."""
    made = []

    def make(frames=(5, 1, 300, 23, 2), window=150, options=()):
        s = beep_py.Session(wire.connect(serve("beep-listener", "--tls", "off", *options).address), True, frames=frames, window=window)
        made.append(s)
        return s

    yield make
    for s in made:
        s.sock.close()


@pytest.mark.parametrize("frames,window", [((1,), 1), ((7, 4096, 1), 10), ((100000,), 65536)])
def test_our_listener_serves_it(session, frames, window):
    s = session(frames, window)
    assert beep_py.ECHO in s.greeted()
    numbers = [s.start(beep_py.ECHO) for _ in range(3)]
    assert [k for _, k, _ in numbers] == ["RPY"] * 3
    for n, _, _ in numbers:
        for size in (0, 1, 4094, 4096, 9000):
            body = b"\r\n" + bytes(i * 7 % 256 for i in range(size))
            assert s.ask(n, body) == [("RPY", body)]
    assert s.start("urn:nobody-has-this")[1] == "ERR"
    assert [s.close(n) for n, _, _ in numbers] == ["RPY"] * 3
    assert s.close() == "RPY"
    assert wire.read_end(s.sock) == b""


def test_answers_in_many_parts(session):
    s = session(window=33)
    n, keyword, _ = s.start("http://draftproof.invalid/profiles/many") if s.greeted() else None
    got = s.ask(n, b"\r\ncount 20 size 300")
    assert keyword == "RPY" and [k for k, _ in got] == ["ANS"] * 20 + ["NUL"] and got[-1][1] == b""


@pytest.mark.parametrize("broken", [b"MSG 0 1 . 52 1\r\nxEND\r\n", b"MSG 9 1 . 0 1\r\nxEND\r\n", b"RPY 0 9 . 0 1\r\nxEND\r\n", b"GET / HTTP/1.0\r\n\r\n"])
def test_either_ends_without_a_word(session, broken):
    """What ours does with a poorly-formed frame, and what the other one does with the same."""
    ours = session()
    ours.greeted()
    ours.sock.sendall(broken)
    assert all(line.startswith(b"SEQ ") for line in wire.read_end(ours.sock).splitlines())
    a, b = socket.socketpair()
    peer = beep_py.Session(a, False, {beep_py.ECHO: beep_py.echo})
    why = []
    thread = threading.Thread(target=lambda: why.append(peer.serve()))
    thread.start()
    b.sendall(broken)
    b.settimeout(programs.DEADLINE)
    wire.read_end(b)
    thread.join()
    assert why[0].startswith("Poor"), why


def test_our_initiator_talks_with_it(serve):
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(programs.DEADLINE)
    initiator = serve("beep-initiator", "--connect", "127.0.0.1:%d" % listener.getsockname()[1], "--tls", "off", "--every", "0.01")
    s, _ = listener.accept()
    s.settimeout(programs.DEADLINE)
    seen = []

    def echo(session, channel, message):
        seen.append(message)
        return b"RPY", message

    peer = beep_py.Session(s, False, {beep_py.ECHO: echo})
    while len(seen) < 8:
        peer.step()
    peer.flush()
    initiator.signal(15)
    assert peer.serve() == "released"
    assert initiator.rest().status == 0  # a second signal, from the fixture, might find nobody any more who hears it
    assert any(len(m) > 4096 for m in seen)  # longer than the first window
    listener.close()
