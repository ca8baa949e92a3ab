# SPDX-License-Identifier: MIT
"""A second opinion on SASL: the mechanisms written down from their RFCs with hmac and hashlib alone (4505, 4616, 2195, 2831, 5802), as client and as server,
behind the BEEP peer of beep_py.  No library of SASL has a part in it."""
import base64
import hashlib
import hmac
import os
import re
import socket
import ssl

import pytest

import beep_py
import programs
import wire
from beep_py import SASL, TLS, inside

pytestmark = pytest.mark.own
USER, PASSWORD = b"alice", b"wonder"


# --- mechanisms: generators of blobs that are sent what came; a client yields None first when it has nothing to say yet -----------------


def md5(octets):
    return hashlib.md5(octets).digest()


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def pairs(text, sep=b","):
    """n="v", n=v to a dict."""
    return {m[1]: m[2] if m[2] is not None else m[3] for m in re.finditer(rb'(\w[\w-]*)=(?:"([^"]*)"|([^,]*))' + sep + b"?", text)}


def anonymous(password):
    yield b"somebody@example.org"


def plain(password):
    yield b"\0" + USER + b"\0" + password


def external(password):
    yield b""


def cram_md5(password):
    challenge = yield None
    yield USER + b" " + hmac.new(password, challenge, "md5").hexdigest().encode()


class Digest:
    """What both sides of DIGEST-MD5 reckon with (RFC 2831, section 2.1.2.1)."""

    def __init__(self, password, realm, nonce, cnonce, uri, qop):
        self.ha1 = md5(md5(USER + b":" + realm + b":" + password) + b":" + nonce + b":" + cnonce)
        self.nonce, self.cnonce, self.uri, self.qop = nonce, cnonce, uri, qop

    def value(self, method):
        a2 = method + b":" + self.uri + (b"" if self.qop == b"auth" else b":" + b"0" * 32)
        tail = b":" + self.nonce + b":00000001:" + self.cnonce + b":" + self.qop + b":" + md5(a2).hex().encode()
        return md5(self.ha1.hex().encode() + tail).hex().encode()

    def key(self, toward):
        return md5(self.ha1 + b"Digest session key to " + toward + b" signing key magic constant")


def digest_md5(password, qop=b"auth", out=None):
    c = pairs((yield None))
    assert c[b"algorithm"] == b"md5-sess" and qop in re.split(rb"[ ,]+", c.get(b"qop", b"auth"))
    d = Digest(password, c.get(b"realm", b""), c[b"nonce"], base64.b64encode(os.urandom(12)), b"beep/localhost", qop)
    realm = b',realm="%s"' % c[b"realm"] if b"realm" in c else b""
    end = yield b'charset=utf-8,username="%s"%s,nonce="%s",nc=00000001,cnonce="%s",digest-uri="%s",response=%s,qop=%s' % (
        USER, realm, d.nonce, d.cnonce, d.uri, d.value(b"AUTHENTICATE"), qop)
    assert pairs(end)[b"rspauth"] == d.value(b""), "the server did not prove that it knows the password"
    if out is not None:
        out.append(d)
    yield b""


def scram(name):
    def client(password):
        bare = b"n=%s,r=%s" % (USER, base64.b64encode(os.urandom(15)))
        first = yield b"n,," + bare
        c = pairs(first)
        assert c[b"r"].startswith(bare.partition(b",r=")[2]) and int(c[b"i"]) >= 4096
        salted = hashlib.pbkdf2_hmac(name, password, base64.b64decode(c[b"s"]), int(c[b"i"]))
        without = b"c=biws,r=" + c[b"r"]
        about = bare + b"," + first + b"," + without
        key = hmac.new(salted, b"Client Key", name).digest()
        proof = xor(key, hmac.new(hashlib.new(name, key).digest(), about, name).digest())
        end = yield without + b",p=" + base64.b64encode(proof)
        server = hmac.new(hmac.new(salted, b"Server Key", name).digest(), about, name).digest()
        assert end == b"v=" + base64.b64encode(server), "the server did not prove that it knows the password"
        yield b""

    return client


CLIENTS = {"ANONYMOUS": anonymous, "PLAIN": plain, "CRAM-MD5": cram_md5, "DIGEST-MD5": digest_md5, "SCRAM-SHA-1": scram("sha1"), "SCRAM-SHA-256": scram("sha256")}


# Servers: sent what the client said (None: nothing yet), they yield (done, blob); False refuses.


def anonymous_server(said):
    while said is None:
        said = yield False, b""
    yield True, b""


def plain_server(said):
    while said is None:
        said = yield False, b""
    yield said.split(b"\0")[1:] == [USER, PASSWORD] or None, b""


def cram_md5_server(said):
    challenge = b"<1896.697170952@localhost>"
    said = yield False, challenge
    yield said == USER + b" " + hmac.new(PASSWORD, challenge, "md5").hexdigest().encode() or None, b""


def digest_md5_server(said):
    nonce = base64.b64encode(os.urandom(12))
    said = yield False, b'realm="here",nonce="%s",qop="auth",charset=utf-8,algorithm=md5-sess' % nonce
    c = pairs(said)
    d = Digest(PASSWORD, b"here", nonce, c[b"cnonce"], c[b"digest-uri"], b"auth")
    assert c[b"digest-uri"].startswith(b"beep/") and c[b"nc"] == b"00000001" and c[b"username"] == USER, c
    if c[b"response"] != d.value(b"AUTHENTICATE"):
        yield None, b""
    yield True, b"rspauth=" + d.value(b"")


def scram_server(name):
    def server(said):
        while said is None:
            said = yield False, b""
        bare = said.split(b",", 2)[2]
        salt, rounds = os.urandom(16), 5000
        nonce = pairs(bare)[b"r"] + base64.b64encode(os.urandom(12))
        assert pairs(bare)[b"n"] == USER
        first = b"r=%s,s=%s,i=%d" % (nonce, base64.b64encode(salt), rounds)
        said = yield False, first
        without, _, proof = said.rpartition(b",p=")
        about = bare + b"," + first + b"," + without
        salted = hashlib.pbkdf2_hmac(name, PASSWORD, salt, rounds)
        stored = hashlib.new(name, hmac.new(salted, b"Client Key", name).digest()).digest()
        key = xor(base64.b64decode(proof), hmac.new(stored, about, name).digest())
        if hashlib.new(name, key).digest() != stored or pairs(without)[b"r"] != nonce:
            yield None, b""
        yield True, b"v=" + base64.b64encode(hmac.new(hmac.new(salted, b"Server Key", name).digest(), about, name).digest())

    return server


SERVERS = {"ANONYMOUS": anonymous_server, "PLAIN": plain_server, "CRAM-MD5": cram_md5_server, "DIGEST-MD5": digest_md5_server,
           "SCRAM-SHA-1": scram_server("sha1"), "SCRAM-SHA-256": scram_server("sha256")}


# --- over BEEP ------------------------------------------------------------------------------------------------------------------------


def blob(octets, status=None):
    return "<blob%s>%s</blob>" % (f" status='{status}'" if status else "", base64.b64encode(octets).decode())


def authenticate(session, mechanism, client, quiet=False):
    """Error code of the server; None: it let us in.  quiet: a security layer follows, and nothing may get in its way."""
    first = next(client)
    session.quiet = quiet
    n, keyword, el = session.start(SASL + mechanism, "" if first is None else blob(first))
    if keyword != "RPY":
        return el.get("code")
    el = inside(el)
    while True:
        if el.tag == "error":
            return el.get("code")
        came = base64.b64decode("".join((el.text or "").split()), validate=True)
        if el.get("status") == "complete":
            if came:
                client.send(came)
            client.close()
            return None
        answer = client.send(came)
        ((keyword, message),) = session.ask(n, beep_py.element(blob(answer)))
        el = beep_py.parse(message)


def contexts(pki):
    context = ssl.create_default_context(cafile=pki / "rsa" / "analyzer" / "ca.pem")
    context.check_hostname = False
    context.load_cert_chain(pki / "rsa" / "analyzer" / "cert.pem", pki / "rsa" / "analyzer" / "key.pem")
    return context


@pytest.fixture
def users(tmp_path):
    path = tmp_path / "users"
    path.write_text("alice wonder\nbob other\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def session(serve, pki, users):
    made = []

    def make(profile):
        options = ["--tls", "off"] if profile == "off" else ["--tls", "modern", "--pki", pki, "--need-tls"]
        s = beep_py.Session(wire.connect(serve("beep-listener", *options, "--sasl-users", users, "--need-auth").address), True)
        made.append(s)
        s.greeted()
        if profile != "off":
            s.start_tls(contexts(pki).wrap_socket)
        assert beep_py.ECHO not in s.offered
        return s

    yield make
    for s in made:
        s.sock.close()


def serves(session):
    n, keyword, _ = session.start(beep_py.ECHO)
    return keyword == "RPY" and session.ask(n, b"\r\nhello") == [("RPY", b"\r\nhello")]


@pytest.mark.parametrize("profile", ["off", "modern"])
@pytest.mark.parametrize("mechanism", CLIENTS)
def test_their_client_our_server(session, mechanism, profile):
    s = session(profile)
    assert SASL + mechanism in s.offered
    assert not serves(s)
    if mechanism != "ANONYMOUS":
        assert authenticate(s, mechanism, CLIENTS[mechanism](b"wunder")) == "535"
        assert not serves(s)
    assert authenticate(s, mechanism, CLIENTS[mechanism](PASSWORD)) is None
    assert serves(s)


def test_external_by_certificate(session):
    s = session("modern")
    assert SASL + "EXTERNAL" in s.offered
    assert authenticate(s, "EXTERNAL", external(b"")) is None
    assert serves(s)


class Layer:
    """Integrity protection of DIGEST-MD5 (RFC 2831, section 2.3) as a socket."""

    def __init__(self, sock, digest, ahead):
        """ahead: octets of the layer that came with the last ones in clear."""
        self.sock, self.ahead, self.out, self.into = sock, ahead, digest.key(b"client-to-server"), digest.key(b"server-to-client")
        self.sent = self.came = self.bad = 0

    def mac(self, key, number, octets):
        return hmac.new(key, number.to_bytes(4, "big") + octets, "md5").digest()[:10] + b"\0\1" + number.to_bytes(4, "big")

    def sendall(self, octets):
        packet = octets + self.mac(self.out, self.sent, octets)
        if self.bad:
            packet = packet[:-7] + bytes([packet[-7] ^ 1]) + packet[-6:]
        self.sent += 1
        self.sock.sendall(len(packet).to_bytes(4, "big") + packet)

    def exactly(self, n):
        got, self.ahead = self.ahead[:n], self.ahead[n:]
        while len(got) < n:
            more = self.sock.recv(n - len(got))
            if not more:
                return b""
            got += more
        return got

    def recv(self, _):
        packet = self.exactly(int.from_bytes(self.exactly(4), "big"))
        octets = packet[:-16]
        assert packet == b"" or packet[-16:] == self.mac(self.into, self.came, octets), "integrity"
        self.came += 1
        return octets

    def fileno(self):
        return self.sock.fileno()

    def close(self):
        self.sock.close()


def layered(session):
    s, digests = session("off"), []
    assert authenticate(s, "DIGEST-MD5", digest_md5(PASSWORD, b"auth-int", digests), quiet=True) is None
    s.wrap(Layer(s.sock, digests[0], s.buf))
    return s


def test_digest_md5_with_integrity(session):
    s = layered(session)
    assert beep_py.ECHO in s.offered and TLS not in s.offered
    assert serves(s)
    n, _, _ = s.start(beep_py.ECHO)
    body = b"\r\n" + os.urandom(20000)
    assert s.ask(n, body) == [("RPY", body)]
    assert s.sock.came > 10


def test_digest_md5_notices_a_change(session):
    s = layered(session)
    s.sock.bad = 1
    with pytest.raises((beep_py.Closed, ConnectionError)):
        serves(s)


class Server(beep_py.Session):
    """Lets in whom the mechanism proves."""

    mechanism, run, user = None, None, None

    def take_up(self, n, profile):
        done, n_or_reply = super().take_up(n, profile)
        uri = profile.get("uri")
        if not uri.startswith(SASL):
            return done, n_or_reply
        el = inside(profile)
        said = base64.b64decode(el.text or "") if el.tag == "blob" else None
        self.run = SERVERS[self.mechanism](said)
        return b"RPY", beep_py.element(f"<profile uri='{uri}'><![CDATA[{self.answer(next(self.run))}]]></profile>")

    def answer(self, step):
        done, octets = step
        self.user = done
        return "<error code='535' />" if done is None else blob(octets, "complete" if done else None)

    def respond(self, _, channel, message):
        el = beep_py.parse(message)
        if el.get("status") == "abort":
            return b"ERR", beep_py.error(535)
        answer = self.answer(self.run.send(base64.b64decode(el.text or "")))
        return (b"ERR" if answer.startswith("<error") else b"RPY"), beep_py.element(answer)


@pytest.mark.parametrize("mechanism", SERVERS)
@pytest.mark.parametrize("password", ["wonder", "wunder"])
def test_our_client_their_server(serve, tmp_path, mechanism, password):
    if mechanism == "ANONYMOUS" and password != "wonder":
        pytest.skip("it has no password")
    user = tmp_path / "user"
    user.write_text(f"alice {password}\n")
    user.chmod(0o600)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(programs.DEADLINE)
    serve("beep-initiator", "--connect", "127.0.0.1:%d" % listener.getsockname()[1], "--tls", "off", "--sasl-user", user, "--sasl-mechanism", mechanism, "--once")
    s, _ = listener.accept()
    s.settimeout(programs.DEADLINE)
    heard = []

    def data(session, channel, message):
        heard.append(message)
        return b"RPY", message

    Server.mechanism = mechanism
    peer = Server(s, False, {SASL + mechanism: lambda *a: peer.respond(*a), beep_py.ECHO: data})
    try:
        while not heard and peer.user is not None or peer.run is None:
            peer.step()
    except beep_py.Closed:
        pass
    peer.flush() if password == "wonder" else None
    assert peer.user is (True if password == "wonder" else None)
    assert bool(heard) == (password == "wonder")
    s.close()
    listener.close()
