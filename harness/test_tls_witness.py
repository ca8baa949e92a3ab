# SPDX-License-Identifier: MIT
"""Independent witnesses of the security layer: the command-line tools of GnuTLS and OpenSSL handshake with our peers, and tshark names what was negotiated.

The tools cannot speak the clear preamble, so a relay does it for them and keeps the octets that follow."""
import re
import select
import shutil
import subprocess
import time

import pytest

import programs
import wire
from programs import DEADLINE, Program, extract, run, stored

# TLS 1.0, DHE with DSS, triple DES: what the draft demands, as GnuTLS writes it.
PRIORITY = ("NONE:+VERS-TLS1.0:+DHE-DSS:+3DES-CBC:+SHA1:+COMP-NULL:+SIGN-DSA-SHA1:+SIGN-ALL:%VERIFY_ALLOW_SIGN_WITH_SHA1:+CTYPE-X509:"
            "+GROUP-FFDHE2048")
BODY = b"<alert>of an independent program</alert>"


def tool(name):
    return pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed")


@pytest.fixture
def relay():
    made = []

    def make(**how):
        made.append(wire.Relay(**how))
        return made[-1]

    yield make
    for r in made:
        r.close()


@pytest.fixture
def tool_run():
    """Starts a tool that is ended with the test."""
    made = []

    def start(*cmd):
        made.append(Program(cmd, stdin=subprocess.PIPE, name=str(cmd[0])))
        return made[-1]

    yield start
    for p in made:
        p.kill()


def files(folder):
    return folder / "cert.pem", folder / "key.pem", folder / "ca.pem"


def say(p, octets):
    p.p.stdin.write(octets)
    p.p.stdin.flush()


def hear(p, what):
    """Standard output of a tool until what has come; all of it so far."""
    end = time.monotonic() + DEADLINE
    while what not in p._buf:
        left = end - time.monotonic()
        ready = left > 0 and select.select([p.p.stdout], [], [], left)[0]
        got = p.p.stdout.read1(65536) if ready else b""
        assert got, f"{p.name}: no {what!r} in {p._buf!r}; stderr: {p.err()}"
        p._buf += got
    return p._buf


def client(kind, profile, folder, port):
    """Command of a TLS client program."""
    cert, key, ca = files(folder / "analyzer")
    if kind == "gnutls":
        priority = PRIORITY if profile == "draft" else "NORMAL:-VERS-ALL:+VERS-TLS1.2" if profile == "modern-1.2" else "NORMAL"
        return ["gnutls-cli", "--priority", priority, "--x509certfile", cert, "--x509keyfile", key, "--x509cafile", ca, "--port", port,
                "--logfile", "/dev/stderr", "localhost"]
    version = ["-tls1_2"] if profile == "modern-1.2" else []
    return ["openssl", "s_client", "-quiet", "-verify_return_error", *version, "-cert", cert, "-key", key, "-CAfile", ca, "-verify_hostname", "localhost",
            "-connect", f"127.0.0.1:{port}"]


CLIENTS = [pytest.param("gnutls", "draft", marks=tool("gnutls-cli")), pytest.param("gnutls", "modern", marks=tool("gnutls-cli")),
           pytest.param("gnutls", "modern-1.2", marks=tool("gnutls-cli")), pytest.param("openssl", "modern", marks=tool("openssl")),
           pytest.param("openssl", "modern-1.2", marks=tool("openssl"))]


def part(pki, profile):
    return pki / ("dsa" if profile == "draft" else "rsa")


def tls_options(pki, profile):
    return ["--tls", profile.removesuffix("-1.2"), "--pki", pki]


def deliver(serve, relay, tool_run, tmp_path, pki, kind, profile):
    """A tool delivers an alert to our manager; the relay with its octets."""
    manager = serve("iap-manager", "--store", tmp_path / "store", *tls_options(pki, profile), "--peer-oid", "2.999.23.1", "--peer-subject", "OU=Sensors")
    r = relay(toward=manager.address)
    p = tool_run(*client(kind, profile, part(pki, profile), r.port))
    say(p, wire.CHANNEL)
    hear(p, wire.OK200)
    say(p, wire.content(BODY))
    hear(p, wire.OK200 + wire.OK200 if kind == "openssl" else wire.OK200)
    programs.until(lambda: stored(tmp_path / "store"), what="the alert is stored")
    (a,) = stored(tmp_path / "store")
    assert extract(tmp_path / "store", a.number) == BODY
    assert "CN=analyzer.dom.org" in a.peer and "OU=Sensors" in a.peer
    p.p.stdin.close()
    return r


@pytest.mark.parametrize("kind,profile", CLIENTS)
def test_their_client_our_manager(serve, relay, tool_run, tmp_path, pki, kind, profile):
    deliver(serve, relay, tool_run, tmp_path, pki, kind, profile)


@tool("gnutls-cli")
@pytest.mark.parametrize("flaw", ["analyzer-expired", "analyzer-self-signed", "analyzer-other-ca", "analyzer-wrong-role", "analyzer-wrong-ou", None])
@pytest.mark.parametrize("profile", ["draft", "modern"])
def test_our_manager_refuses_their_certificate(serve, relay, tool_run, tmp_path, pki, profile, flaw):
    manager = serve("iap-manager", "--store", tmp_path / "store", *tls_options(pki, profile), "--peer-oid", "2.999.23.1", "--peer-subject", "OU=Sensors")
    r = relay(toward=manager.address)
    cmd = [str(c) for c in client("gnutls", profile, part(pki, profile), r.port)]
    for option, name in (("--x509certfile", "cert.pem"), ("--x509keyfile", "key.pem")):
        at = cmd.index(option)
        if flaw:
            cmd[at + 1] = str(part(pki, profile) / flaw / name)
        else:
            del cmd[at:at + 2]
    p = tool_run(*cmd)
    try:
        say(p, wire.CHANNEL + wire.content(BODY))
        p.p.stdin.close()
    except BrokenPipeError:
        pass
    done = p.rest()
    assert wire.OK200 not in done.raw
    assert re.search(r"alert|terminated|closed|[Ee]rror", done.out + done.err), done
    assert stored(tmp_path / "store") == []


@tool("gnutls-cli")
@pytest.mark.parametrize("version,profile", [("VERS-SSL3.0", "draft"), ("VERS-TLS1.0", "modern"), ("VERS-TLS1.1", "modern")])
def test_older_version_is_refused(serve, relay, tool_run, pki, version, profile):
    """6.3 for the draft's own profile; today's floor for the modern one."""
    manager = serve("iap-manager", *tls_options(pki, profile))
    r = relay(toward=manager.address)
    folder = part(pki, profile)
    cmd = [str(c) for c in client("gnutls", profile, folder, r.port)]
    at = cmd.index("--priority") + 1
    cmd[at] = PRIORITY.replace("VERS-TLS1.0", version) if profile == "draft" else f"NORMAL:-VERS-ALL:+{version}:%VERIFY_ALLOW_SIGN_WITH_SHA1"
    p = tool_run(*cmd)
    done = p.rest()
    assert done.status != 0 and wire.OK200 not in done.raw, done


# --- our analyzer against their servers ---------------------------------------------------------------------------------------


def tool_server(tool_run, kind, profile, folder):
    """A TLS server program and its port, taken from what it prints."""
    cert, key, ca = files(folder / "manager")
    for _ in range(20):  # they cannot be asked for any free port, so one that was free is tried
        with wire.socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        if kind == "gnutls":
            cmd = ["gnutls-serv", "--echo", "--port", port, "--x509certfile", cert, "--x509keyfile", key, "--x509cafile", ca, "--require-client-cert",
                   "--verify-client-cert", "--priority", PRIORITY if profile == "draft" else "NORMAL"]
        else:
            cmd = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", cert, "-key", key, "-CAfile", ca, "-Verify", "2",
                   "-verify_return_error", "-naccept", "1", "-ign_eof"]
        p = tool_run(*cmd)
        if kind == "gnutls":
            programs.until(lambda: "done" in p.err() or not p.alive(), what="gnutls-serv listens")
        else:
            while (p.line() or "ACCEPT") != "ACCEPT":
                pass
        if p.alive():
            return p, port
    raise AssertionError(f"{kind}: no port; {p.err()}")


@pytest.mark.parametrize("kind,profile", [pytest.param("openssl", "modern", marks=tool("openssl"))])
def test_our_analyzer_their_server(relay, tool_run, pki, alert, kind, profile):
    server, port = tool_server(tool_run, kind, profile, part(pki, profile))
    r = relay(behind=f"127.0.0.1:{port}")
    sender = Program([programs.find_binary(), "send", "iap-analyzer", "--connect", r.address, "--host", "m.dom.org", *tls_options(pki, profile),
                      "--peer-name", "m.dom.org", "--peer-oid", "2.999.23.2", alert(BODY)])
    hear(server, b"IAP-Role: Sender")
    say(server, wire.OK200)
    hear(server, BODY)
    say(server, wire.OK200)
    done = sender.rest()
    assert done.status == 0, done


@tool("gnutls-serv")
@pytest.mark.parametrize("profile", ["draft", "modern"])
def test_our_analyzer_their_echo(relay, tool_run, pki, alert, profile):
    """gnutls-serv can only echo, which is no answer: the handshake with both certificates succeeds, the channel set-up does not."""
    server, port = tool_server(tool_run, "gnutls", profile, part(pki, profile))
    r = relay(behind=f"127.0.0.1:{port}")
    done = run("send", "iap-analyzer", "--connect", r.address, "--host", "m.dom.org", *tls_options(pki, profile), "--peer-name", "m.dom.org",
               "--timeout", "5", alert(BODY))
    assert done.status == 1, done
    programs.until(lambda: "IAP-Role: Sender" in server.err(), what="the channel set-up arrived")
    text = hear(server, b"- Cipher: ") + hear(server, b"- Channel bindings")
    assert b"CN=analyzer.dom.org" in text and b"OU=Sensors" in text
    if profile == "draft":
        assert b"TLS1.0" in text and b"DHE-DSS" in text and b"3DES-CBC" in text, text
    else:
        assert b"TLS1.3" in text, text
    assert shake(tmp_pcap(r, alert), profile)


# --- tshark ----------------------------------------------------------------------------------------------------------------------


def tmp_pcap(relay, alert):
    """The octets behind the preamble as a capture of one TCP connection, port 4433."""
    dpkt = pytest.importorskip("dpkt", reason="python3-dpkt is not installed")
    path = alert(b"").with_suffix(".pcap")
    seq = {True: 1000, False: 5000}
    with open(path, "wb") as f:
        w = dpkt.pcap.Writer(f, linktype=dpkt.pcap.DLT_RAW)
        now = 0.0

        def put(up, flags, data=b""):
            nonlocal now
            now += 0.001
            sport, dport = (50000, 4433) if up else (4433, 50000)
            tcp = dpkt.tcp.TCP(sport=sport, dport=dport, seq=seq[up], ack=seq[not up], flags=flags, win=65535, data=data)
            ip = dpkt.ip.IP(src=b"\x7f\0\0\x01" if up else b"\x7f\0\0\x02", dst=b"\x7f\0\0\x02" if up else b"\x7f\0\0\x01", p=6, data=tcp)
            ip.len = len(ip)
            w.writepkt(bytes(ip), now)
            seq[up] += len(data) + bool(flags & dpkt.tcp.TH_SYN)

        put(True, dpkt.tcp.TH_SYN)
        put(False, dpkt.tcp.TH_SYN | dpkt.tcp.TH_ACK)
        for up, octets in relay.log:
            for i in range(0, len(octets), 16000):
                put(up, dpkt.tcp.TH_ACK | dpkt.tcp.TH_PUSH, octets[i:i + 16000])
    return path


def shake(path, profile):
    """What tshark says was negotiated is what the profile promises."""
    p = subprocess.run(["tshark", "-r", path, "-d", "tcp.port==4433,tls", "-V"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                       timeout=DEADLINE)
    assert p.returncode == 0, p.stderr
    hellos = re.split(r"Handshake Type: ", p.stdout)
    server = next(h for h in hellos if h.startswith("Server Hello (2)"))
    offer = next(h for h in hellos if h.startswith("Client Hello (1)"))
    suite = re.search(r"Cipher Suite: (\w+)", server)[1]
    assert "Malformed" not in p.stdout
    if profile == "draft":
        assert suite == "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA"
        assert "Version: TLS 1.0 (0x0301)" in server and "Version: TLS 1.0 (0x0301)" in offer
        assert "Certificate Request (13)" in p.stdout and p.stdout.count("Handshake Type: Certificate (11)") == 2, "certificates are mutual"
    elif profile == "modern-1.2":
        assert "Version: TLS 1.2 (0x0303)" in server and "Supported Version: TLS 1.3" not in server
    else:
        assert "Supported Version: TLS 1.3 (0x0304)" in server and suite.startswith(("TLS_AES_", "TLS_CHACHA20_"))
    return suite


@tool("tshark")
@pytest.mark.parametrize("profile", ["draft", "modern"])
def test_tshark_names_what_we_negotiate(serve, relay, tmp_path, pki, alert, profile):
    """Our analyzer and our manager, read by a third party: that both are ours does not make it up."""
    manager = serve("iap-manager", "--store", tmp_path / "store", *tls_options(pki, profile))
    r = Tap(manager.address)
    try:
        done = run("send", "iap-analyzer", "--connect", r.address, *tls_options(pki, profile), alert(BODY))
        assert done.status == 0, done
    finally:
        r.close()
    everything = b"".join(o for _, o in r.log)
    assert BODY not in everything and b"IAP-Role" not in everything, "it is secret"
    shake(tmp_pcap(r, alert), profile)


@tool("tshark")
@pytest.mark.parametrize("kind,profile", CLIENTS)
def test_tshark_names_what_their_client_negotiates(serve, relay, tool_run, tmp_path, pki, alert, kind, profile):
    shake(tmp_pcap(deliver(serve, relay, tool_run, tmp_path, pki, kind, profile), alert), profile)


class Tap(wire.Relay):
    """Between two of ours: both speak the preamble themselves, and it is left out of the log."""

    def __init__(self, address):
        super().__init__(toward=address)

    def _serve(self, near):
        with wire.connect(self.toward) as far:
            for _ in range(2):
                request = wire.read_until(near)
                far.sendall(request)
                near.sendall(wire.read_until(far))
            self._splice(near, far)
