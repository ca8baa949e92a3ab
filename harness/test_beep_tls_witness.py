# SPDX-License-Identifier: MIT
"""A second opinion on TLS in BEEP: Python's ssl for --tls modern and gnutls-cli for --tls draft behind a proceed, in both directions.  Whoever said ready is the client
of TLS (RFC 3080, section 3.1), whichever of the two opened the connection."""
import os
import select
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

import beep_py
import programs
import wire
from beep_py import ECHO, TLS, inside
from test_tls_witness import PRIORITY

pytestmark = pytest.mark.own


def context(pki, role, server=False):
    folder = pki / "rsa" / role
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.load_verify_locations(folder / "ca.pem")
    c.verify_mode = ssl.CERT_REQUIRED
    c.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return c


@pytest.fixture
def sessions():
    made = []
    yield made
    for s in made:
        s.sock.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_they_ask_our_listener(serve, pki, sessions, version):
    listener = serve("beep-listener", "--tls", "modern", "--pki", pki)
    s = beep_py.Session(wire.connect(listener.address), True)
    sessions.append(s)
    assert TLS in s.greeted() and ECHO in s.offered
    c = context(pki, "analyzer")
    c.minimum_version = c.maximum_version = version
    assert TLS not in s.start_tls(c.wrap_socket)  # it stands already
    assert s.sock.version() == {ssl.TLSVersion.TLSv1_2: "TLSv1.2", ssl.TLSVersion.TLSv1_3: "TLSv1.3"}[version]
    n, keyword, _ = s.start(ECHO)
    body = b"\r\n" + bytes(range(256)) * 40
    assert keyword == "RPY" and s.ask(n, body) == [("RPY", body)]
    assert s.start(TLS)[1] == "ERR"
    assert s.close(n) == s.close() == "RPY"


def test_a_foreign_authority_is_refused(serve, pki, sessions, tmp_path):
    assert programs.run("pki", tmp_path / "other").status == 0
    listener = serve("beep-listener", "--tls", "modern", "--pki", pki)
    s = beep_py.Session(wire.connect(listener.address), True)
    sessions.append(s)
    s.greeted()
    c = context(tmp_path / "other", "analyzer")
    with pytest.raises(ssl.SSLCertVerificationError):
        s.start_tls(c.wrap_socket)
    assert beep_py.Session(wire.connect(listener.address), True).greeted()


class Script:
    """A socket that says these pieces, one each time that it is read, and that never seems to have any: so whatever may be sent is sent before."""

    def __init__(self, *pieces):
        self.pieces, self.sent = list(pieces), b""
        self.never, self.end = os.pipe()

    def sendall(self, octets):
        self.sent += octets

    def recv(self, n):
        return self.pieces.pop(0)

    def fileno(self):
        return self.never

    def close(self):
        os.close(self.never)
        os.close(self.end)


class Wrapped(Exception):
    """The proceed came: TLS would begin."""


def wrapped(sock):
    raise Wrapped


def rpy_or_msg(keyword, msgno, seqno, payload):
    return b"%s 0 %d . %d %d\r\n%sEND\r\n" % (keyword, msgno, seqno, len(payload), payload)


@pytest.mark.parametrize("crosses", [False, True])
def test_the_witness_is_silent_behind_its_ready(sessions, crosses):
    """RFC 3080, section 3.1.3.1: what is owed goes out before the ready, and a MSG that crosses the ready is not answered.  An answer would be taken for TLS."""
    greeting = beep_py.element(f"<greeting><profile uri='{TLS}' /></greeting>")
    asks = beep_py.element(f"<start number='1'><profile uri='{ECHO}' /></start>")
    proceeds = beep_py.element(f"<profile uri='{TLS}'><![CDATA[<proceed />]]></profile>")
    greeting, asks, proceeds = (rpy_or_msg(b"RPY", 0, 0, greeting), rpy_or_msg(b"MSG", 1, len(greeting), asks),
                                rpy_or_msg(b"RPY", 2147483647, len(greeting + asks), proceeds))
    s = beep_py.Session(Script(greeting, asks, proceeds), False, {ECHO: beep_py.echo})
    sessions.append(s)
    assert s.greeted() == [TLS]
    if not crosses:
        s.step()
    with pytest.raises(Wrapped):
        s.start_tls(wrapped)
    said = [head.split()[:3] for ours, head in s.log if ours]
    assert ([b"RPY", b"0", b"1"] in said) is not crosses
    assert said[-1] == [b"MSG", b"0", b"2147483647"] and s.sock.sent.endswith(b"</start>END\r\n")


class Listener(beep_py.Session):
    """Proceeds when it is asked for TLS."""

    wraps = False

    def take_up(self, n, profile):
        answer = super().take_up(n, profile)
        if profile.get("uri") != TLS or inside(profile).tag != "ready":
            return answer
        self.quiet = self.wraps = True
        return b"RPY", beep_py.element(f"<profile uri='{TLS}'><![CDATA[<proceed />]]></profile>")


def await_initiator(serve, *options):
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(programs.DEADLINE)
    serve("beep-initiator", "--connect", "127.0.0.1:%d" % listener.getsockname()[1], *options)
    s, _ = listener.accept()
    s.settimeout(programs.DEADLINE)
    listener.close()
    return s


def echo_some(s):
    """Our initiator's messages, echoed."""
    heard = []
    s.profiles[ECHO] = lambda session, channel, message: (heard.append(message) or b"RPY", message)
    while len(heard) < 3:
        s.step()
    return heard


def test_our_initiator_asks_them(serve, pki, sessions):
    s = Listener(await_initiator(serve, "--tls", "modern", "--pki", pki), False, {TLS: beep_py.echo, ECHO: beep_py.echo})
    sessions.append(s)
    while not s.wraps:
        s.step()
    s.flush()
    assert not s.buf
    del s.profiles[TLS]
    s.wrap(context(pki, "manager", server=True).wrap_socket(s.sock, server_side=True))
    assert s.sock.getpeercert()
    assert any(len(m) > 4096 for m in echo_some(s))


def test_their_listener_asks_our_initiator(serve, pki, sessions):
    """The roles of TLS are swapped: we opened the connection, and are its server."""
    s = beep_py.Session(await_initiator(serve, "--tls", "modern", "--pki", pki, "--wait-tls"), False, {ECHO: beep_py.echo})
    sessions.append(s)
    assert TLS in s.greeted()
    s.start_tls(context(pki, "manager").wrap_socket)
    assert echo_some(s)


class Tool:
    """gnutls-cli as a socket: in clear until it is told to start TLS."""

    def __init__(self, port, folder):
        self.p = subprocess.Popen(["gnutls-cli", "--starttls", "--priority", PRIORITY, "--no-ca-verification", "--x509certfile", folder / "cert.pem", "--x509keyfile",
                                   folder / "key.pem", "--logfile", "/dev/null", "--port", str(port), "localhost"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)

    def start(self):
        """What stands on its standard input when the signal comes it may still send in clear, and it may look for the signal and then wait: so nothing is written before it
        says that it begins, and it is told until it does."""
        end, said = time.monotonic() + programs.DEADLINE, b""
        while b"Starting TLS handshake" not in said:
            assert time.monotonic() < end, said
            self.p.send_signal(signal.SIGALRM)
            if select.select([self.p.stderr], [], [], 0.2)[0]:
                got = os.read(self.p.stderr.fileno(), 65536)
                assert got, said
                said += got
        return self

    def sendall(self, octets):
        self.p.stdin.write(octets)

    def recv(self, n):
        return self.p.stdout.read(n)

    def fileno(self):
        return self.p.stdout.fileno()

    def close(self):
        self.p.kill()
        self.p.wait()
        for pipe in (self.p.stdin, self.p.stdout, self.p.stderr):
            pipe.close()


needs_gnutls = pytest.mark.skipif(not shutil.which("gnutls-cli"), reason="gnutls-cli is not installed")


@needs_gnutls
def test_draft_they_ask_our_listener(serve, pki, sessions):
    listener = serve("beep-listener", "--tls", "draft", "--pki", pki)
    s = beep_py.Session(Tool(listener.port, pki / "dsa" / "analyzer"), True, frames=(1000,))
    sessions.append(s)
    assert TLS in s.greeted()
    assert TLS not in s.start_tls(Tool.start)
    n, keyword, _ = s.start(ECHO)
    body = b"\r\n" + b"under TLS 1.0 " * 700
    assert keyword == "RPY" and s.ask(n, body) == [("RPY", body)]
    assert s.close(n) == s.close() == "RPY"


@needs_gnutls
def test_draft_their_listener_asks_our_initiator(serve, pki, sessions):
    """The tool can only connect: what it says and hears is carried over to the connection that our initiator opened."""
    door = socket.create_server(("127.0.0.1", 0))
    door.settimeout(programs.DEADLINE)
    theirs = await_initiator(serve, "--tls", "draft", "--pki", pki, "--wait-tls")
    tool = Tool(door.getsockname()[1], pki / "dsa" / "manager")
    ours, _ = door.accept()
    door.close()

    def carry(a, b):
        try:
            while got := a.recv(65536):
                b.sendall(got)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    threads = [threading.Thread(target=carry, args=p, daemon=True) for p in ((theirs, ours), (ours, theirs))]
    for t in threads:
        t.start()
    s = beep_py.Session(tool, False, {ECHO: beep_py.echo}, frames=(1000,))
    sessions.append(s)
    assert TLS in s.greeted()
    s.start_tls(Tool.start)
    assert echo_some(s)
    theirs.shutdown(socket.SHUT_RDWR)  # each end is handed on, so both are over
    for t in threads:
        t.join(programs.DEADLINE)
        assert not t.is_alive()
    theirs.close()
    ours.close()
