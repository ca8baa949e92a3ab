# SPDX-License-Identifier: MIT
"""BEEP listener and initiator as programs: they start and stop, say what is wrong with their options, and stand up to a suite in either role and to kill -9."""
import os
import re
import signal
import socket

import pytest

import programs
import wire
from programs import one_useful_line, results, run

pytestmark = pytest.mark.own
TLS = pytest.mark.parametrize("profile", ["off", "modern", "draft"])
MECHANISMS = ("ANONYMOUS", "PLAIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256")
ECHO = "http://draftproof.invalid/profiles/echo"
LISTENER, INITIATOR = ["serve", "beep-listener", "--listen", "127.0.0.1:0"], ["serve", "beep-initiator", "--connect", "127.0.0.1:1"]
CHECK_L, CHECK_I = ["check", "beep-listener", "--connect", "127.0.0.1:1"], ["check", "beep-initiator", "--listen", "127.0.0.1:0"]
GREETING = b"Content-Type: application/beep+xml\r\n\r\n<greeting />\r\n"


def frame(head, payload):
    return b"%s %d\r\n%sEND\r\n" % (head, len(payload), payload)


HELLO = frame(b"RPY 0 0 . 0", GREETING)


def read_frame(s):
    """Header words and payload of the next data frame; None at the end of the connection."""
    while True:
        head = wire.read_until(s, b"\r\n")
        if not head.endswith(b"\r\n"):
            return None
        words = head.split()
        if words[0] == b"SEQ":
            continue
        need, payload = int(words[5]) + 5, b""
        while len(payload) < need:
            got = s.recv(need - len(payload))
            assert got, (head, payload)
            payload += got
        assert payload.endswith(b"END\r\n"), payload
        return words, payload[:-5]


@pytest.fixture
def users(tmp_path):
    path = tmp_path / "users"
    path.write_text("alice wonder\n")
    path.chmod(0o600)
    return path


# --- wrong use -----------------------------------------------------------------------------------------------------------

WRONG = [
    (["serve", "beep-listener"], "--listen"),
    (["serve", "beep-listener", "--connect", "127.0.0.1:1"], "--listen"),
    (["serve", "beep-initiator", "--listen", "127.0.0.1:0"], "--connect"),
    ([*LISTENER, "--host", "m.dom.org"], "iap-manager"),
    ([*LISTENER, "--store", "s"], "iap-manager"),
    ([*LISTENER, "--refuse"], "iap-manager"),
    (["serve", "iap-manager", "--listen", "127.0.0.1:0", "--need-tls"], "beep-listener"),
    (["serve", "iap-manager", "--listen", "127.0.0.1:0", "--window", "8192"], "beep-listener"),
    ([*LISTENER, "file"], "file"),
    ([*LISTENER, "--sasl-user", "users"], "--sasl-users"),
    ([*LISTENER, "--sasl-mechanism", "PLAIN"], "--sasl-users"),
    ([*LISTENER, "--sasl-users", "missing"], "missing"),
    ([*LISTENER, "--wait-tls"], "beep-initiator"),
    ([*LISTENER, "--need-tls"], "--cert"),
    ([*LISTENER, "--need-tls", "--tls", "off"], "--tls"),
    ([*LISTENER, "--window", "4095"], "4096"),
    ([*LISTENER, "--frame", "0"], "--frame"),
    ([*LISTENER, "--profile", "http://iana.org/beep/TLS"], "tuning"),
    ([*LISTENER, "--mutate", "bogus"], "bogus"),
    ([*INITIATOR], "--ca"),
    ([*INITIATOR, "--tls", "off", "--unavailable"], "beep-listener"),
    ([*INITIATOR, "--tls", "off", "--sasl-users", "users"], "--sasl-user"),
    ([*INITIATOR, "--tls", "off", "--sasl-mechanism", "PLAIN"], "--sasl-user"),
    ([*INITIATOR, "--tls", "off", "--sasl-mechanism", "plain"], "PLAIN"),
    ([*INITIATOR, "--tls", "off", "--wait-tls"], "--tls"),
    ([*INITIATOR, "--tls", "off", "--profile", ""], "URI"),
    (["check", "beep-listener"], "--connect"),
    (["check", "beep-initiator"], "--listen"),
    (["check", "beep-listener", "--listen", "127.0.0.1:0"], "--connect"),
    (["check", "beep-initiator", "--connect", "127.0.0.1:1"], "--listen"),
    ([*CHECK_L, "--host", "m.dom.org"], "iap-manager"),
    ([*CHECK_L, "--next-hop", "127.0.0.1:1"], "iap-proxy"),
    ([*CHECK_L, "--able", "refusing"], "refusing"),
    ([*CHECK_L, "--able", "many,bogus"], "bogus"),
    ([*CHECK_L, "--profile", "two words"], "blanks"),
    ([*CHECK_L, "--profile", "http://iana.org/beep/SASL/PLAIN"], "tuning"),
    ([*CHECK_L, "--sasl-user", "missing"], "missing"),
    ([*CHECK_L, "--sasl-mechanism", "OTP"], "SCRAM-SHA-256"),
    ([*CHECK_I, "--sasl-mechanism", "PLAIN"], "--sasl-user"),
    (["check", "beep-listener", "--memory", "--profile", "x:y"], "--memory"),
    (["check", "iap-manager", "--memory", "--echo"], "beep-listener"),
    (["check", "iap-manager", "--memory", "--able", "many"], "many"),
    (["check", "reference", "--profile", "x:y"], "reference"),
    (["model", "beep"], "beep-session"),
]


@pytest.mark.parametrize("args,word", WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_wrong_use(args, word, tmp_path):
    one_useful_line(run(*args, cwd=tmp_path), word)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("text", ["", "# nobody\n", "alice\n", 'alice "wonder\n', "alice a\nalice b\n"])
def test_users_that_cannot_be_used(tmp_path, text):
    path = tmp_path / "users"
    path.write_text(text)
    path.chmod(0o600)
    one_useful_line(run(*LISTENER, "--sasl-users", path), "users")
    one_useful_line(run(*CHECK_L, "--sasl-user", path), "users")


def test_a_file_that_others_can_read_is_told_of(serve, users):
    users.chmod(0o644)
    server = serve("beep-listener", "--tls", "off", "--sasl-users", users)
    done = server.stop()
    assert done.status == 0 and "others can read" in done.err and "wonder" not in done.err, done


# --- on the wire -------------------------------------------------------------------------------------------------------------


def test_a_listener_greets_at_once_and_answers(serve):
    s = wire.connect(serve("beep-listener", "--tls", "off").address)
    words, payload = read_frame(s)
    assert words[:5] == [b"RPY", b"0", b"0", b".", b"0"] and b"<greeting" in payload and ECHO.encode() in payload and b"beep/TLS" not in payload
    start = b"Content-Type: application/beep+xml\r\n\r\n<start number='1'><profile uri='%s' /></start>\r\n" % ECHO.encode()
    s.sendall(HELLO + frame(b"MSG 0 1 . %d" % len(GREETING), start))
    words, payload = read_frame(s)
    assert words[:4] == [b"RPY", b"0", b"1", b"."] and b"<profile" in payload
    s.sendall(frame(b"MSG 1 1 . 0", b"\r\nhello"))
    assert read_frame(s) == ([b"RPY", b"1", b"1", b".", b"0", b"7"], b"\r\nhello")
    s.close()


def test_an_unavailable_listener_says_421(serve):
    s = wire.connect(serve("beep-listener", "--tls", "off", "--unavailable").address)
    words, payload = read_frame(s)
    assert words[:3] == [b"ERR", b"0", b"0"] and b"421" in payload
    assert wire.read_end(s) == b""


def test_what_is_offered_follows_the_options(serve, pki, users):
    def offered(*args):
        s = wire.connect(serve("beep-listener", *args).address)
        _, payload = read_frame(s)
        s.close()
        return re.findall(rb"uri=.([^'\"]+)", payload)

    plain = offered("--tls", "off")
    assert any(u.endswith(b"SASL/ANONYMOUS") for u in plain) and not any(u.endswith(b"PLAIN") for u in plain)
    assert any(u.endswith(b"SASL/PLAIN") for u in offered("--tls", "off", "--sasl-users", users))
    assert b"http://iana.org/beep/TLS" in offered("--pki", pki) and b"http://iana.org/beep/TLS" not in offered()
    assert ECHO.encode() not in offered("--pki", pki, "--need-tls")
    assert b"x:mine" in offered("--tls", "off", "--profile", "x:mine")


def accept(serve, *args):
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(programs.DEADLINE)
    server = serve("beep-initiator", "--connect", "127.0.0.1:%d" % listener.getsockname()[1], *args)
    s, _ = listener.accept()
    s.settimeout(programs.DEADLINE)
    return server, listener, s


def test_an_initiator_greets_starts_a_channel_and_comes_back(serve):
    server, listener, s = accept(serve, "--tls", "off")
    words, payload = read_frame(s)
    assert words[:3] == [b"RPY", b"0", b"0"] and b"<greeting" in payload
    offer = b"Content-Type: application/beep+xml\r\n\r\n<greeting><profile uri='%s' /></greeting>\r\n" % ECHO.encode()
    s.sendall(frame(b"RPY 0 0 . 0", offer))
    words, payload = read_frame(s)
    assert words[:3] == [b"MSG", b"0", b"1"] and b"<start" in payload and ECHO.encode() in payload
    s.close()  # in the middle of it: it connects again
    again, _ = listener.accept()
    again.settimeout(programs.DEADLINE)
    words, _ = read_frame(again)
    assert words[:3] == [b"RPY", b"0", b"0"] and server.alive()
    again.close()
    listener.close()


def test_an_initiator_that_is_told_to_stop_releases_the_session(serve):
    server, listener, s = accept(serve, "--tls", "off")
    read_frame(s)
    s.sendall(HELLO)
    seen = server.fds()
    server.signal(signal.SIGTERM)
    words, payload = read_frame(s)
    assert seen and words[:2] == [b"MSG", b"0"] and b"<close" in payload
    s.sendall(frame(b"RPY 0 %s . %d" % (words[2], len(GREETING)), b"Content-Type: application/beep+xml\r\n\r\n<ok />\r\n"))
    assert server.rest().status == 0
    s.close()
    listener.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_servers_end_with_0_whatever_the_peer_does(serve, number):
    server, listener, s = accept(serve, "--tls", "off")  # a peer that never says anything
    server.signal(number)
    assert server.rest().status == 0
    s.close()
    listener.close()
    server = serve("beep-listener", "--tls", "off")
    s = wire.connect(server.address)
    server.signal(number)
    assert server.rest().status == 0
    s.close()


def test_nobody_is_there(serve):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        at = "127.0.0.1:%d" % s.getsockname()[1]
        server = serve("beep-initiator", "--connect", at, "--tls", "off", "--once")
        assert server.rest().status == 0
        assert run("check", "beep-listener", "--connect", at, "--tls", "off", "--timeout", "1").status == 3


# --- the suite over sockets -------------------------------------------------------------------------------------------------

# One case for each thing that a program can be told to do; scripts/check plays all of the suite.
SCENARIO = """
case     beep/harness/channel
title    A channel for data carries a message
clause   BEEP-2.1.1-1
against  beep-listener beep-initiator
needs    profile
reach    channel
send     msg body="hello"
expect   rpy same=yes -> pass

case     beep/harness/authenticated
title    The mechanism of the run
clause   BEEP-4-1
against  beep-listener beep-initiator
needs    sasl
reach    authenticated
send     start profile=http://draftproof.invalid/profiles/nobody-has-this
expect   error asked=start -> pass

case     beep/harness/external
title    Who the certificate says
clause   BEEP-4-1
against  beep-listener
needs    tls sasl-EXTERNAL
reach    tls
do       sasl EXTERNAL
expect   authenticated -> pass

case     beep/harness/tls
title    TLS, whoever asks
clause   BEEP-3-1
against  beep-listener beep-initiator
needs    tls
reach    tls
send     start profile=http://draftproof.invalid/profiles/nobody-has-this
expect   error asked=start -> pass
"""


@TLS
@pytest.mark.parametrize("mechanism", [None, *MECHANISMS, "EXTERNAL"])
def test_listener_in_the_suite(serve, pki, users, tmp_path, profile, mechanism):
    if mechanism == "EXTERNAL" and profile == "off":
        pytest.skip("without TLS nobody is known to it")
    at = serve("beep-listener", "--tls", profile, "--pki", pki, "--sasl-users", users, "--deadline", "2").address
    more = ["--sasl-mechanism", mechanism] if mechanism else []
    got = judge(tmp_path, "beep-listener", "--connect", at, "--tls", profile, "--pki", pki, "--sasl-user", users, "--jobs", "8", *more)
    assert got["beep/harness/channel"] == "pass"
    assert got["beep/harness/authenticated"] == ("skip" if mechanism == "EXTERNAL" else "pass")
    assert got["beep/harness/tls"] == ("skip" if profile == "off" else "pass")
    assert got["beep/harness/external"] == "pass" or mechanism != "EXTERNAL"


@TLS
@pytest.mark.parametrize("mechanism", [None, *MECHANISMS])
def test_initiator_in_the_suite(pki, users, tmp_path, profile, mechanism):
    more = ["--sasl-mechanism", mechanism] if mechanism else []
    mine = ["--sasl-user", str(users), *more] if mechanism else []
    own = " ".join(map(str, [programs.find_binary(), "serve", "beep-initiator", "--connect", "{host}:{port}", "--once", "--deadline", "2", "--tls", profile,
                             "--pki", pki, *mine]))
    got = judge(tmp_path, "beep-initiator", "--exec", own, "--tls", profile, "--pki", pki, "--sasl-user", users, "--jobs", "4", *more)
    assert got["beep/harness/channel"] == "pass"
    assert got["beep/harness/authenticated"] == ("pass" if mechanism else "skip")
    assert got["beep/harness/tls"] == ("skip" if profile == "off" else "pass")


def test_one_process_that_connects_again_and_again(tmp_path):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        at = "127.0.0.1:%d" % s.getsockname()[1]
    initiator = programs.Server("beep-initiator", "--connect", at, "--tls", "off", "--deadline", "2", listens=False)
    try:
        judge(tmp_path, "beep-initiator", "--listen", at, "--tls", "off")
    finally:
        assert initiator.stop().status == 0


def judge(folder, *args):
    """The verdicts by case, all of them good."""
    out, scenario = folder / "out", folder / "harness.scn"
    scenario.write_text(SCENARIO)
    done = run("check", *args, "--scenario", scenario, "--case", "beep/harness", "--timeout", "3", "--jsonl", out, deadline=600)
    rs = results(out)[:-1]
    bad = [(r["id"], r["verdict"], r["reason"]) for r in rs if r["verdict"] in ("fail", "inconc", "error")]
    assert not bad, bad
    assert done.status == 0, done
    return {r["id"]: r["verdict"] for r in rs}


@TLS
def test_kill(serve, pki, users, profile):
    """Either is killed while they talk; the other lives on, and finds the one that takes its place."""
    tls = ["--tls", profile, "--pki", str(pki)]
    listener = serve("beep-listener", *tls, "--sasl-users", users)
    initiator = serve("beep-initiator", "--connect", listener.address, *tls, "--every", "0.02")
    base = programs.Server("beep-initiator", "--connect", listener.address, *tls, "--every", "0.02", listens=False)
    quiet = listener.fds()
    programs.until(lambda: connected(listener) >= 2, what="two sessions")
    base.kill()
    programs.until(lambda: connected(listener) == 1, what="the end of one session")
    assert listener.alive() and quiet
    address = listener.address
    listener.kill()
    programs.until(lambda: not connected(initiator), what="the end of the other")
    back = programs.Server("beep-listener", "--listen", address, *tls, "--sasl-users", users)
    try:
        programs.until(lambda: connected(back) == 1 and connected(initiator) == 1, what="a session with the one in its place")
    finally:
        assert back.stop().status == 0


def connected(program):
    """How many TCP connections of the program are established."""
    inodes = set()
    for fd in os.listdir(f"/proc/{program.pid}/fd"):
        try:
            m = re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{program.pid}/fd/{fd}"))
        except OSError:
            continue
        if m:
            inodes.add(m[1])
    with open(f"/proc/{program.pid}/net/tcp") as f:
        lines = [t.split() for t in f.readlines()[1:]]
    return sum(t[3] == "01" and t[9] in inodes for t in lines)
