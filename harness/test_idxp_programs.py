# SPDX-License-Identifier: MIT
"""Manager and analyzer of IDXP and proxies of TUNNEL as programs: what is acknowledged is stored, octet for octet, also through proxies and whatever becomes of the manager."""
import os
import random
import re
import select
import socket
import threading
import time
from pathlib import Path

import pytest

import programs
from programs import acknowledged, extract, one_useful_line, run, stored, until

pytestmark = pytest.mark.own
SEED = int(os.environ.get("DRAFTPROOF_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
IDMEF = b"""<?xml version="1.0"?>
<IDMEF-Message version="1.0" xmlns="http://iana.org/idmef"><Alert messageid="%d"><Analyzer analyzerid="x"/>\
<CreateTime ntpstamp="0xbc71f4f5.0xef449129">2000-03-09T10:01:25Z</CreateTime><Classification text="%s"/></Alert></IDMEF-Message>
"""


def log_of(store):
    return b"".join(p.read_bytes() for p in sorted(Path(store).glob("alerts-*.log")))


@pytest.fixture
def manager(serve, tmp_path, pki):
    """manager(...) keeps what it gets in .store."""
    def start(*args, name="store"):
        server = serve("idxp-manager", "--pki", pki, "--store", tmp_path / name, *args)
        server.store = tmp_path / name
        return server

    return start


@pytest.fixture
def proxy(serve):
    return lambda *args: serve("tunnel-proxy", *(args or ("--open",)))


@pytest.fixture
def send(pki):
    def deliver(to, *args, **more):
        via = [w for hop in more.pop("via", ()) for w in ("--via", hop)]
        return run("send", "idxp-analyzer", *via, "--connect", to if isinstance(to, str) else to.address, "--pki", pki, *args, **more)

    return deliver


def everything(folder):
    """One file of each kind."""
    files = {"text/xml": IDMEF % (1, b"phf attack"), "text/plain": "Grüße\n".encode(), "application/octet-stream": bytes(range(256)) * 300}
    for i, (kind, octets) in enumerate(files.items()):
        (folder / f"{i}").write_bytes(octets)
    return [folder / f"{i}" for i in range(len(files))], list(files.items())


def check_store(server, contents):
    assert [a.type for a in stored(server.store)] == [t for t, _ in contents]
    for number, (_, octets) in enumerate(contents, 1):
        assert extract(server.store, number) == octets


# --- what was sent is stored -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["rfc", "draft"])
@pytest.mark.parametrize("hops", [0, 1, 2])
def test_through_proxies_with_tls_from_end_to_end(manager, proxy, send, tmp_path, hops, dialect):
    m = manager("--dialect", dialect)
    files, contents = everything(tmp_path)
    done = send(m, "--dialect", dialect, *files, via=[proxy().address for _ in range(hops)])
    assert done.status == 0 and acknowledged(done) == (3, 3), done
    check_store(m, contents)
    assert all("OU=Sensors" in a.peer for a in stored(m.store)), "the certificate is the analyzer's, whoever passed it on"


def test_hops_by_name_and_route(manager, proxy, send, tmp_path):
    m = manager()
    last = proxy("--open", "--endpoint-map", f"managers={m.address}", "--profile-map", f"http://idxp.org/beep/profile={m.address}")
    first = proxy()
    files, contents = everything(tmp_path)
    for end in (f"localhost:{m.port}", "endpoint=managers", "profile=http://idxp.org/beep/profile"):
        done = send(end, "--peer-name=", *files, via=[first.address, f"localhost:{last.port}"])
        assert done.status == 0, done
    check_store(m, contents * 3)


def test_standard_input_and_many_connections(manager, send, tmp_path):
    m = manager()
    assert send(m, "-", stdin=b"one line\n").status == 0
    one = tmp_path / "one"
    one.write_bytes(IDMEF % (2, b"many"))
    done = send(m, "--connections", 8, "--repeat", 500, one)
    assert done.status == 0 and acknowledged(done) == (500, 500), done
    alerts = stored(m.store)
    assert len(alerts) == 501 and extract(m.store, 1) == b"one line\n"
    assert log_of(m.store).count(one.read_bytes()) == 500


def test_large_messages(manager, proxy, send, tmp_path):
    large = tmp_path / "large"
    large.write_bytes(random.Random(1).randbytes(4 << 20))
    m = manager()
    assert send(m, large, via=[proxy().address]).status == 0
    assert extract(m.store, 1) == large.read_bytes()
    large.write_bytes(b"\0" * ((4 << 20) + 1))
    done = send(m, large)
    assert done.status == 1 and "554" in done.err, done
    assert len(stored(m.store)) == 1


@pytest.mark.parametrize("who", ["manager", "analyzer"])
def test_either_may_have_opened_the_connection(serve, tmp_path, pki, who):
    one = tmp_path / "one"
    one.write_bytes(IDMEF % (3, b"x"))
    store = tmp_path / "store"
    keep = ["idxp-manager", "--pki", pki, "--store", store]
    if who == "analyzer":
        m = serve(*keep)
        serve("idxp-analyzer", "--pki", pki, "--connect", m.address, one)
    else:
        a = serve("idxp-analyzer", "--pki", pki, one)
        serve(*keep, "--connect", a.address)
    until(lambda: b"/IDMEF-Message" in log_of(store), what="it is stored")
    assert extract(store, 1) == one.read_bytes()


def test_again_and_again(serve, manager, pki, tmp_path):
    m = manager()
    one = tmp_path / "one"
    one.write_bytes(b"beat")
    serve("idxp-analyzer", "--pki", pki, "--connect", m.address, "--every", "50ms", one)
    until(lambda: log_of(m.store).count(b"\nbeat\n") >= 4, what="it came four times")


# --- what is refused -------------------------------------------------------------------------------------------------------------------


def test_without_tls_nobody_is_served(manager, send, tmp_path):
    m = manager()
    done = run("send", "idxp-analyzer", "--connect", m.address, "--tls", "off", "-", stdin=b"x")
    assert done.status == 1 and "530" in done.err, done
    assert stored(m.store) == []
    open_door = manager("--allow-clear", name="open")
    assert run("send", "idxp-analyzer", "--connect", open_door.address, "--tls", "off", "-", stdin=b"x").status == 0
    assert send(open_door, "-", stdin=b"y").status == 0


def test_what_is_not_valid(manager, send, tmp_path):
    m = manager()
    ill, invalid, good = (tmp_path / n for n in ("ill", "invalid", "good"))
    ill.write_bytes(b"<IDMEF-Message><Alert></IDMEF-Message>")
    invalid.write_bytes(IDMEF.replace(b"<Classification", b"<Nothing") % (4, b"x"))
    good.write_bytes(IDMEF % (5, b"x"))
    done = send(m, ill, invalid, good)
    assert done.status == 1 and acknowledged(done) == (1, 3), done
    assert re.search(r"/ill: not acknowledged: answered 500 ", done.err) and re.search(r"/invalid: not acknowledged: answered 501 ", done.err), done
    assert extract(m.store, 1) == good.read_bytes() and len(stored(m.store)) == 1
    assert send(m, "--type", "text/plain", ill).status == 0  # as text it is no worse than other text


def test_the_other_dialect(manager, send):
    m = manager("--dialect", "draft")
    done = send(m, "-", stdin=b"x")
    assert done.status == 1 and "IDXP" in done.err + done.out or "profile" in done.err, done
    assert stored(m.store) == []


def test_policy(manager, send, tmp_path):
    rules = tmp_path / "policy"
    rules.write_text('deny uri=https://bad.example.org/* text="not here"\nallow uri=https://*.example.org/* subject="OU=Sensors" role=client kind=analyzer\n')
    m = manager("--policy", rules)
    assert send(m, "--uri", "https://a.example.org/x", "-", stdin=b"x").status == 0
    done = send(m, "--uri", "https://bad.example.org/x", "-", stdin=b"x")
    assert done.status == 1 and "537 not here" in done.err, done
    assert send(m, "--uri", "https://a.example.com/x", "-", stdin=b"x").status == 1
    assert len(stored(m.store)) == 1
    rules.write_text("allow uri=*\nallow urn=*\n")
    one_useful_line(run("serve", "idxp-manager", "--listen", "127.0.0.1:0", "--policy", rules), f"{rules}:2: ", "urn")


def test_too_many_sessions(manager, send):
    m = manager("--max-sessions", "1")
    with socket.create_connection(("127.0.0.1", m.port)):
        until(lambda: m.fds() and run("send", "idxp-analyzer", "--connect", m.address, "--tls", "off", "-", stdin=b"x").err.find("421") >= 0, what="the second is turned away")
    until(lambda: send(m, "-", stdin=b"x").status == 0, what="there is room again")


# --- the promise of an acknowledgement ----------------------------------------------------------------------------------------------------


def load(folder, name, n):
    folder.mkdir()
    for i in range(n):
        (folder / f"{i:06d}").write_bytes(b"%s n=%06d " % (name.encode(), i) + b"x" * (i * 37 % 900))
    return sorted(folder.iterdir())


def test_killed_under_load(manager, tmp_path, pki):
    """kill -9 at random moments: nothing that was acknowledged is lost, nothing is there twice, and the numbers go on."""
    rng = random.Random(SEED)
    print("DRAFTPROOF_SEED =", SEED)
    total, files = 0, 300
    for r in range(6):
        m = manager()
        senders = []
        for i in range(2):
            name = f"r{r}s{i}"
            p = programs.Program([programs.find_binary(), "send", "idxp-analyzer", "--connect", m.address, "--pki", pki, "--pipeline", 8, *load(tmp_path / name, name, files)])
            senders.append((name, p))
        until(lambda: b"r%ds" % r in log_of(m.store), what="the round has begun")
        select.select([], [], [], rng.choice((0, rng.uniform(0, 0.02), rng.uniform(0, 0.2))))
        m.kill()
        data = None
        for name, p in senders:
            done = p.rest()
            count, everything_ = acknowledged(done)
            data = data or log_of(m.store)
            kept = [int(n) for n in re.findall(rb"%s n=(\d+) x*\n" % name.encode(), data)]
            assert everything_ == files and len(kept) == len(set(kept)), "an alert is stored twice"
            assert set(range(count)) <= set(kept), f"acknowledged and lost: {name} {sorted(set(range(count)) - set(kept))}"
            assert len(kept) <= count + 8, "no more than was under way"
            total += count
        alerts = stored(m.store)
        assert [a.number for a in alerts] == list(range(1, len(alerts) + 1)) and len(alerts) >= total
    assert total > 0


def test_told_to_stop_under_load(manager, tmp_path, pki):
    m = manager()
    one = tmp_path / "one"
    one.write_bytes(b"more")
    p = programs.Program([programs.find_binary(), "send", "idxp-analyzer", "--connect", m.address, "--pki", pki, "--connections", 8, "--repeat", 1000000, one])
    until(lambda: len(log_of(m.store)) > 20000, what="the load is on")
    began = time.monotonic()
    done = m.stop()
    assert done.status == 0 and time.monotonic() - began < 5, done
    assert 0 < acknowledged(p.rest())[0] <= log_of(m.store).count(b"\nmore\n")


# --- proxies --------------------------------------------------------------------------------------------------------------------------------


def test_loops_end_soon(proxy, send):
    a, b = proxy(), proxy("--open", "--self", "b.draftproof.invalid")
    began = time.monotonic()
    for end, via in ((a.address, [a]), (b.address, [a, b]), ("127.0.0.1:9", [a, b, b]), (f"b.draftproof.invalid:{b.port}", [b])):
        done = send(end, "-", stdin=b"x", via=[p.address for p in via])
        assert done.status == 1 and "554" in done.err, done
        assert end != a.address or "itself" in done.err, done
    # it comes back: who would have to connect to itself says so, and nobody else is asked
    for end, via in ((a.address, [a, b]), ("127.0.0.1:9", [a, b, a]), (f"b.draftproof.invalid:{b.port}", [b, a])):
        done = send(end, "-", stdin=b"x", via=[p.address for p in via])
        assert done.status == 1 and "554" in done.err and "comes back" in done.err, done
    # the name may have further addresses, at which nobody is: that it leads here is told all the same
    done = send(f"localhost:{a.port}", "-", stdin=b"x", via=[a.address])
    assert done.status == 1 and "554" in done.err and "itself" in done.err, done
    assert time.monotonic() - began < 10
    quiet = a.fds()
    assert send("127.0.0.1:9", "-", stdin=b"x", via=[a.address]).status == 1
    until(lambda: a.fds() <= quiet, what="no socket is left")


def test_routes_that_chase_each_other(serve, proxy, send):
    """Two proxies that send tunnels to one endpoint to each other: that ends in an error, with nothing left open."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    b = serve("tunnel-proxy", "--open", "--endpoint-map", f"x=127.0.0.1:{port}")
    a = serve("tunnel-proxy", "--open", "--endpoint-map", f"x={b.address}", "--listen", f"127.0.0.1:{port}")
    done = send("endpoint=x", "-", stdin=b"x", via=[a.address])
    assert done.status == 1, done
    until(lambda: a.fds() <= 20 and b.fds() <= 20, what="no socket is left")


@pytest.fixture
def names():
    """names({"host.example": "127.0.0.1", "_idxp._tcp.m.example": [(priority, port, host)]}) is a name server on loopback: its address, and the list of what it was asked."""
    servers = []

    def start(zone):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        asked = []

        def labels(name):
            return b"".join(bytes([len(x)]) + x.encode() for x in name.split(".")) + b"\0"

        def serve():
            while True:
                try:
                    m, peer = sock.recvfrom(512)
                except OSError:
                    return
                words, at = [], 12
                while m[at]:
                    words.append(m[at + 1:at + 1 + m[at]].decode().lower())
                    at += 1 + m[at]
                name, kind = ".".join(words), int.from_bytes(m[at + 1:at + 3], "big")
                asked.append((name, kind))
                value, data = zone.get(name), []
                if kind == 1 and isinstance(value, str):
                    data = [socket.inet_aton(value)]
                elif kind == 33 and isinstance(value, list):
                    data = [b"".join(n.to_bytes(2, "big") for n in (priority, 0, port)) + labels(host) for priority, port, host in value]
                answers = b"".join(b"\xc0\x0c" + kind.to_bytes(2, "big") + b"\0\1\0\0\0\x3c" + len(d).to_bytes(2, "big") + d for d in data)
                head = m[:2] + (b"\x81\x80" if value else b"\x81\x83") + b"\0\1" + len(data).to_bytes(2, "big") + b"\0\0\0\0"
                sock.sendto(head + m[12:at + 5] + answers, peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        servers.append((sock, thread))
        return "127.0.0.1:%d" % sock.getsockname()[1], asked

    yield start
    for sock, _ in servers:
        sock.close()


def test_hops_that_a_name_server_knows(manager, proxy, send, names):
    """SRV by priority, the port of its record, addresses, and the fall-back to a port when there is no such service (RFC 3620 3)."""
    m = manager()
    with socket.create_server(("127.0.0.1", 0)) as s:
        closed = s.getsockname()[1]
    server, asked = names({"host.example": "127.0.0.1", "_idxp._tcp.m.example": [(20, m.port, "host.example"), (10, closed, "host.example")]})
    p = proxy("--open", "--resolver", server)
    for end in (f"host.example:{m.port}", "_idxp._tcp.m.example", f"_nobody._tcp.host.example:{m.port}"):
        done = send(end, "--peer-name=", "-", stdin=b"x", via=[p.address])
        assert done.status == 0, done
    assert ("_idxp._tcp.m.example", 33) in asked and ("host.example", 1) in asked and ("_nobody._tcp.host.example", 33) in asked
    for end in ("nobody.example:604", "_nobody._tcp.host.example"):
        done = send(end, "--peer-name=", "-", stdin=b"x", via=[p.address])
        assert done.status == 1 and "450" in done.err, done
    assert len(stored(m.store)) == 3


def test_access(proxy, send, tmp_path, manager):
    rules = tmp_path / "access"
    m = manager()
    rules.write_text(f"deny to=*:25 code=554\nallow to={m.address}\n")
    p = proxy("--open", "--access", rules)
    assert send(m, "-", stdin=b"x", via=[p.address]).status == 0
    for end, code in (("127.0.0.1:25", "554"), ("127.0.0.1:24", "537")):
        done = send(end, "-", stdin=b"x", via=[p.address])
        assert done.status == 1 and code in done.err, done
    # what a name leads to counts as well, and no other way to write an address is a way around
    port = m.address.rsplit(":", 1)[1]
    rules.write_text("deny to=127.*:* code=554\ndeny to=[::1]:*\nallow to=*:*\n")
    p = proxy("--open", "--access", rules)
    for end, code in ((f"localhost:{port}", "554"), (f"[::ffff:127.0.0.1]:{port}", "554"), (f"127.0.0.01:{port}", "554"), (f"0.0.0.0:{port}", "554"), (f"[0::1]:{port}", "537")):
        done = send(end, "--peer-name=", "-", stdin=b"x", via=[p.address])
        assert done.status == 1 and code in done.err, (end, done)
    rules.write_text("allow to=*:604\nallow to=here\n")
    one_useful_line(run("serve", "tunnel-proxy", "--open", "--listen", "127.0.0.1:0", "--access", rules), f"{rules}:2: ", "to=here")


def test_who_is_not_known_gets_no_tunnel(proxy, send, tmp_path, manager):
    users = tmp_path / "users"
    users.write_text("alice wonder\n")
    users.chmod(0o600)
    done = send(manager(), "-", stdin=b"x", via=[proxy("--sasl-users", users).address])
    assert done.status == 1 and "530" in done.err, done


@pytest.fixture
def user(tmp_path):
    """user(NAME, PASSWORD...) is a file of them."""
    def write(*words):
        path = tmp_path / f"user-{'-'.join(words)}"
        path.write_text("".join(f"{a} {b}\n" for a, b in zip(words[::2], words[1::2])))
        path.chmod(0o600)
        return path

    return write


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5", "CRAM-MD5"])
def test_two_proxies_that_want_to_know_who_asks(manager, proxy, send, tmp_path, user, mechanism):
    """Each knows the one before it; TLS, and a user of the manager's own, are from end to end."""
    m = manager("--sasl-users", user("carol", "cellar"), "--need-auth", "-v")
    rules = [tmp_path / "rules-1", tmp_path / "rules-2"]
    rules[1].write_text(f"allow identity=site to={m.address}\n")
    far = proxy("--sasl-users", user("site", "gate"), "--access", rules[1])
    rules[0].write_text(f"allow identity=alice to={far.address}\n")
    users = user("alice", "wonder", "mallory", "other")
    near = proxy("--sasl-users", users, "--access", rules[0], "--hop-user", user("site", "gate"), "--hop-mechanism", mechanism)
    files, contents = everything(tmp_path)

    def deliver(*who, via=(near, far)):
        return send(m, "--sasl-user", user("carol", "cellar"), "--sasl-mechanism", "SCRAM-SHA-256", *who, *files, via=[p.address for p in via])

    mine = ("--via-user", user("alice", "wonder"))
    done = deliver(*mine, *([] if mechanism == "SCRAM-SHA-256" else ["--via-mechanism", mechanism]))
    assert done.status == 0 and acknowledged(done) == (len(files), len(files)), done
    check_store(m, contents)
    for who, words in (((), "530"), (("--via-user", user("alice", "wander")), "not authenticated"), (("--via-user", user("mallory", "other")), "537")):
        done = deliver(*who)
        assert done.status == 1 and words in done.err, done
    stranger = proxy("--sasl-users", users, "--hop-user", user("site", "gape"))
    for other, words in ((stranger, ("550", f"{far.address}: not authenticated")), (proxy("--sasl-users", users), ("530", ""))):
        done = deliver(*mine, via=(other, far))
        assert done.status == 1 and all(w in done.err for w in words), done
    check_store(m, contents)


# --- wrong use ------------------------------------------------------------------------------------------------------------------------------

ON = ["--listen", "127.0.0.1:0"]
TO = ["--connect", "127.0.0.1:1", "--tls", "off"]
WRONG = [
    (["serve", "idxp-manager"], "--listen"),
    (["serve", "idxp-manager", *ON, "--dialect", "both"], "--dialect"),
    (["serve", "idxp-manager", *ON, "--uri", "nowhere"], "--uri"),
    (["serve", "idxp-manager", *ON, "--policy", "missing"], "missing"),
    (["serve", "idxp-manager", *ON, "--every", "1"], "--every"),
    (["serve", "idxp-manager", *ON, "--via", "127.0.0.1:1"], "--via"),
    (["serve", "idxp-manager", *ON, "--hops", "3"], "tunnel-proxy"),
    (["serve", "idxp-manager", *ON, "--next-hop", "127.0.0.1:1"], "--next-hop"),
    (["serve", "idxp-manager", *ON, "--sasl-user", "x"], "--sasl-users"),
    (["serve", "idxp-manager", *TO, "--sasl-users", "x"], "--sasl-user"),
    (["serve", "idxp-manager", *TO, "--stream", "alarm"], "--stream"),
    (["serve", "idxp-manager", *TO, "--stream", "alert", "--dialect", "draft"], "streamType"),
    (["serve", "idxp-manager", *ON, "--priority", "-1"], "--priority"),
    (["serve", "idxp-manager", *ON, "--max-sessions", "0"], "--max-sessions"),
    (["serve", "idxp-analyzer", *ON, "--store", "x"], "--store"),
    (["serve", "idxp-analyzer", *ON, "missing"], "missing"),
    (["serve", "idxp-analyzer", *TO, "--type", "text/html"], "--type"),
    (["serve", "idxp-analyzer", *TO, "--via", "nowhere"], "nowhere"),
    (["serve", "tunnel-proxy", "--open"], "--listen"),
    (["serve", "tunnel-proxy", *ON], "--open"),
    (["serve", "tunnel-proxy", *TO, "--open"], "--listen"),
    (["serve", "tunnel-proxy", *ON, "--open", "--hops", "33"], "--hops"),
    (["serve", "tunnel-proxy", *ON, "--open", "--hops", "x"], "--hops"),
    (["serve", "tunnel-proxy", *ON, "--open", "--profile-map", "x"], "--profile-map"),
    (["serve", "tunnel-proxy", *ON, "--open", "--endpoint-map", "x=nowhere"], "nowhere"),
    (["serve", "tunnel-proxy", *ON, "--open", "--access", "missing"], "missing"),
    (["serve", "tunnel-proxy", *ON, "--open", "--resolver", "ns.example.org"], "name server"),
    (["serve", "tunnel-proxy", *ON, "--open", "--store", "x"], "idxp-manager"),
    (["serve", "tunnel-proxy", *ON, "--open", "--sasl-users", "x"], "--open"),
    (["serve", "tunnel-proxy", *ON, "--open", "--hop-mechanism", "DIGEST-MD5"], "--hop-user"),
    (["serve", "tunnel-proxy", *ON, "--open", "--hop-user", "missing"], "--hop-user: missing"),
    (["serve", "tunnel-proxy", *ON, "--open", "--hop-user", "x", "--hop-mechanism", "PLAIN"], "--hop-mechanism"),
    (["serve", "tunnel-proxy", *ON, "--open", "--via-user", "x"], "idxp-manager"),
    (["serve", "idxp-analyzer", *TO, "--hop-user", "x"], "tunnel-proxy"),
    (["serve", "idxp-analyzer", *TO, "--via-user", "x"], "--via:"),
    (["serve", "idxp-analyzer", *TO, "--via", "127.0.0.1:2", "--via-mechanism", "DIGEST-MD5"], "--via-user"),
    (["send", "idxp-analyzer", *TO, "--via-user", "x", "-"], "--via:"),
    (["send", "idxp-analyzer", *TO, "--via", "127.0.0.1:2", "--via-user", "x", "--via-mechanism", "EXTERNAL", "-"], "--via-mechanism"),
    (["send", "idxp-analyzer", *TO, "--via", "127.0.0.1:2", "--via-user", "missing", "-"], "--via-user: missing"),
    (["send", "iap-analyzer", *TO, "--via-user", "x", "-"], "--via-user"),
    (["serve", "iap-manager", *ON, "--policy", "x"], "--policy"),
    (["serve", "beep-listener", *ON, "--store", "x"], "--store"),
    (["send", "idxp-analyzer", *TO, "--host", "m.dom.org", "-"], "--host"),
    (["send", "iap-analyzer", *TO, "--via", "127.0.0.1:1", "-"], "--via"),
    (["send", "idxp-analyzer", *TO], "nothing to send"),
    (["send", "idxp-analyzer", *TO, "--via", "nowhere", "-"], "nowhere"),
    (["send", "idxp-analyzer", *TO, "--via", "127.0.0.1:1", "--via", "a b", "-"], "a b"),
    (["send", "idxp-analyzer", *TO, "--via", "127.0.0.1:1", "--via", "fe80::1:604:", "-"], "fe80"),
    (["send", "idxp-analyzer", *ON, "--tls", "off", "--via", "127.0.0.1:1", "-"], "--via"),
    (["send", "idxp-analyzer", *TO, "--sasl-mechanism", "PLAIN", "-"], "--sasl-user"),
    (["send", "idxp-analyzer", *TO, "--uri", "a b", "-"], "--uri"),
    (["send", "idxp-analyzer", "--connect", "127.0.0.1:1", "-"], "--ca"),
    (["check", "idxp-manager", "--memory", "--dialect", "old"], "--dialect"),
    (["check", "iap-manager", "--memory", "--dialect", "rfc"], "--dialect"),
    (["check", "idxp-manager", "--memory", "--able", "many"], "--able"),
    (["check", "tunnel-proxy", "--connect", "127.0.0.1:1"], "--next-hop"),
]


@pytest.mark.parametrize("args,word", WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_wrong_use(args, word, tmp_path):
    one_useful_line(run(*args, cwd=tmp_path), word)
    assert os.listdir(tmp_path) == []


# --- what check tells -----------------------------------------------------------------------------------------------------------------------


def catalogue():
    done = run("clauses", "--protocol", "idxp", "--format", "json")
    return {c["id"]: c["dialect"] for c in programs.json.loads(done.out)["clauses"]}


@pytest.mark.parametrize("role", ["idxp-manager", "idxp-analyzer"])
def test_clauses_of_the_other_dialect_are_not_judged(role, tmp_path):
    dialects = catalogue()
    assert set(dialects.values()) == {None, "draft", "rfc"}
    cited = {}
    for dialect in ("draft", "rfc"):
        jsonl = tmp_path / f"{dialect}.jsonl"
        done = run("check", role, "--memory", "--tls", "off", "--dialect", dialect, "--jsonl", jsonl)
        assert done.status == 0 and f"--dialect {dialect}" in done.out.splitlines()[0], done
        found = programs.results(jsonl)[:-1]
        assert {r["dialect"] for r in found} == {dialect}
        judged = [r for r in found if r["verdict"] != "skip"]
        assert judged and all(r["clauses"] for r in judged)
        assert not [c for r in found for c in r["clauses"] if dialects[c] not in (None, dialect)]
        cited[dialect] = {c for r in judged for c in r["clauses"]}
    assert any(dialects[c] == "draft" for c in cited["draft"]) and any(dialects[c] == "rfc" for c in cited["rfc"])
    assert run("check", role, "--memory", "--tls", "off", "--jsonl", tmp_path / "usual").status == 0
    assert {r.get("dialect", "rfc") for r in programs.results(tmp_path / "usual")} == {"rfc"}


@pytest.mark.parametrize("role", ["tunnel-proxy", "iap-proxy"])
def test_loops_have_a_section(role, tmp_path):
    jsonl, html, junit = tmp_path / "j", tmp_path / "h", tmp_path / "x"
    done = run("check", role, "--memory", "--tls", "off", "--jsonl", jsonl, "--html", html, "--junit", junit)
    assert done.status == 0, done
    about = [r["id"] for r in programs.results(jsonl)[:-1] if r["about"] == "proxy-loops"]
    assert about and any("loop" in i or "/7/" in i for i in about)
    lines = done.out.splitlines()
    at = next(i for i, t in enumerate(lines) if t.startswith("proxy loops: "))
    assert [t.split()[1] for t in lines[at + 1:at + 1 + len(about)]] == about
    page = html.read_text()
    assert page.count('<section id="proxy-loops">') == 1
    section = page.split('<section id="proxy-loops">')[1].split("</section>")[0]
    assert all(i in section for i in about) and section.count("<tr>") == len(about) + 1
    assert junit.read_text().count('<property name="about" value="proxy-loops"/>') == len(about)
    other = run("check", "idxp-manager", "--memory", "--tls", "off", "--html", html)
    assert "proxy loops" not in other.out and "proxy-loops" not in html.read_text()
