# SPDX-License-Identifier: MIT
"""Analyzer, proxies and manager as programs: what goes in at one end comes out at the other, octet for octet."""
import os
import socket
import time

import pytest

import programs
import wire
from programs import acknowledged, extract, run, stored, until

PROFILES = pytest.mark.parametrize("tls", ["off", "modern", "draft"], indirect=True)
BODIES = [b"", b"\xff" * 64, b"one\r\n\r\ntwo\r\n\r\n", b"\r\n\r\n", b"\0", b"IAP/0.3 200\r\n\r\n", os.urandom(1 << 20)]
# Nothing here takes a tenth of it, and the deadlines that would end a hanging chain are many times longer.
AT_ONCE = 1.0 * float(os.environ.get("DRAFTPROOF_SLOWNESS", "3"))


def send(*args):
    return run("send", "iap-analyzer", *args)


def check_store(folder, bodies=BODIES):
    alerts = stored(folder)
    assert [a.number for a in alerts] == list(range(1, len(bodies) + 1))
    for a, body in zip(alerts, bodies):
        assert a.octets == len(body)
        assert extract(folder, a.number) == body
        assert a.type == "application/x-idef-alert"


@PROFILES
@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_through_proxies(serve, tls, tmp_path, alert, proxies):
    files = [alert(b) for b in BODIES]
    at = serve("iap-manager", "--store", tmp_path / "store", *tls).address
    for _ in range(proxies):
        at = serve("iap-proxy", "--next-hop", at).address
    done = send("--connect", at, *tls, *files)
    assert done.status == 0, done
    assert acknowledged(done) == (len(BODIES), len(BODIES))
    check_store(tmp_path / "store")


@PROFILES
@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_manager_connects(serve, tls, tmp_path, alert, proxies):
    files = [alert(b) for b in BODIES]
    analyzer = programs.Program([programs.find_binary(), "send", "iap-analyzer", "--listen", "127.0.0.1:0", *tls, *files])
    line = analyzer.line()
    assert line.startswith("listening on "), line
    at = line.split()[-1]
    for _ in range(proxies):
        at = serve("iap-proxy", "--next-hop", at).address
    serve("iap-manager", "--connect", at, "--store", tmp_path / "store", *tls)
    done = analyzer.rest()
    assert done.status == 0, done
    assert acknowledged(done) == (len(BODIES), len(BODIES))
    check_store(tmp_path / "store")


def test_the_store_knows_the_peer_and_the_time(serve, tmp_path, pki, alert):
    at = serve("iap-manager", "--store", tmp_path / "store", "--pki", pki).address
    before = time.gmtime(time.time() - 1)
    assert send("--connect", at, "--pki", pki, "--type", "Application/X-idef-alert", alert()).status == 0
    (a,) = stored(tmp_path / "store")
    assert "CN=analyzer.dom.org" in a.peer
    assert a.type.lower() == "application/x-idef-alert"
    assert time.strftime("%Y-%m-%dT%H:%M:%SZ", before) <= a.when <= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def test_standard_input(serve, tmp_path):
    at = serve("iap-manager", "--store", tmp_path / "store", "--tls", "off").address
    done = run("send", "iap-analyzer", "--connect", at, "--tls", "off", "-", stdin=b"from a pipe")
    assert done.status == 0, done
    check_store(tmp_path / "store", [b"from a pipe"])


def test_each_once_over_many_connections(serve, tmp_path, pki, alert):
    files = [alert(b"<alert n='%d'/>" % i) for i in range(50)]
    at = serve("iap-manager", "--store", tmp_path / "store", "--pki", pki).address
    done = send("--connect", at, "--pki", pki, "--connections", "8", "--repeat", "4", *files)
    assert done.status == 0, done
    assert acknowledged(done) == (200, 200)
    alerts = stored(tmp_path / "store")
    assert [a.number for a in alerts] == list(range(1, 201))
    log = b"".join(p.read_bytes() for p in sorted((tmp_path / "store").glob("*.log")))
    for i in range(50):
        assert log.count(b"<alert n='%d'/>" % i) == 4


def test_unknown_type_is_rejected_and_not_stored(serve, tmp_path, alert):
    at = serve("iap-manager", "--tls", "off", "--store", tmp_path / "store").address
    done = send("--connect", at, "--tls", "off", "--type", "text/xml", alert())
    assert done.status == 1 and "415" in done.err, done
    assert stored(tmp_path / "store") == []


def test_rejected_alert_is_told(serve, alert):
    at = serve("iap-manager", "--tls", "off", "--max-content", "100").address
    small, large = alert(b"x" * 100), alert(b"x" * 101)
    done = send("--connect", at, "--tls", "off", small)
    assert done.status == 0, done
    done = send("--connect", at, "--tls", "off", large)
    assert done.status == 1, done
    assert str(large) in done.err and acknowledged(done) == (0, 1)


def test_refusing_manager(serve, alert):
    at = serve("iap-manager", "--tls", "off", "--refuse").address
    done = send("--connect", at, "--tls", "off", alert())
    assert done.status == 1, done
    assert "403" in done.err


# --- loops -------------------------------------------------------------------------------------------------------------


def free_port():
    """A port that was free a moment ago: two programs that name each other cannot both be asked for theirs first."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def loop_answer(at):
    """What a request into the loop is answered with, and how fast; the connection has to end."""
    began = time.monotonic()
    with wire.connect(at) as s:
        answer = wire.ask(s, wire.CONNECT)
        took = time.monotonic() - began
        assert wire.read_end(s) == b""
    return answer, took


def check_loop(at, proxies):
    idle = [p.fds() for p in proxies]
    for _ in range(5):
        answer, took = loop_answer(at)
        assert answer.startswith(b"IAP/0.3 502\r\n") and answer.endswith(b"\r\n\r\n"), answer
        assert took < AT_ONCE
    for p, n in zip(proxies, idle):
        until(lambda p=p, n=n: p.fds() == n, what=f"{p.name}: {p.fds()} descriptors are open and it were {n}")


def start_ring(serve, n):
    """n proxies, each with the next one as its next hop.  Ports are taken again when somebody else was faster."""
    for _ in range(20):
        ports = [free_port() for _ in range(n)]
        try:
            return [serve("iap-proxy", "--listen", f"127.0.0.1:{p}", "--next-hop", f"127.0.0.1:{ports[(i + 1) % n]}")
                    for i, p in enumerate(ports)]
        except AssertionError as e:
            if "in use" not in str(e):
                raise
    raise AssertionError("no free ports")


@pytest.mark.parametrize("length", [1, 2, 3])
def test_ring_of_proxies(serve, length):
    ring = start_ring(serve, length)
    for p in ring:
        check_loop(p.address, ring)


def test_ring_under_one_identity_case_folded(serve):
    port = free_port()
    proxy = serve("iap-proxy", "--listen", f"127.0.0.1:{port}", "--next-hop", f"127.0.0.1:{port}", "--identity", "P.Dom.Org")
    check_loop(proxy.address, [proxy])
    with wire.connect(proxy.address) as s:
        answer = wire.ask(s, b"IAP/0.3 CONNECT m.dom.org\r\nIAP/0.3 Via: p.dom.ORG\r\n\r\n")
        assert answer.startswith(b"IAP/0.3 502\r\n"), answer


@pytest.mark.parametrize("vias,code", [(["p.dom.org"], 502), (["P.DOM.ORG"], 502), (["a.dom.org", "p.dom.org"], 502),
                                       (["p.dom.org", "z.dom.org"], 502), (["a.dom.org"], 200), (["xp.dom.org"], 200), (["p.dom.org.x"], 200), ([], 200)])
def test_own_name_in_the_request(serve, vias, code):
    """3.1: the name decides, not the length of the way (rings end at the limit of Via lines too, which would hide it)."""
    manager = serve("iap-manager", "--tls", "off")
    proxy = serve("iap-proxy", "--next-hop", manager.address, "--identity", "p.dom.org")
    with wire.connect(proxy.address) as s:
        request = b"IAP/0.3 CONNECT m.dom.org\r\n" + b"".join(b"IAP/0.3 Via: %s\r\n" % v.encode() for v in vias) + b"\r\n"
        assert wire.ask(s, request).startswith(b"IAP/0.3 %d\r\n" % code)


def test_send_into_a_ring(serve, alert):
    ring = start_ring(serve, 2)
    began = time.monotonic()
    done = send("--connect", ring[0].address, "--tls", "off", alert())
    assert done.status == 1, done
    assert "502" in done.err
    assert time.monotonic() - began < AT_ONCE


def test_next_hop_is_away(serve, alert):
    proxy = serve("iap-proxy", "--next-hop", f"127.0.0.1:{free_port()}")
    idle = proxy.fds()
    answer, took = loop_answer(proxy.address)
    assert answer.startswith(b"IAP/0.3 50"), answer
    assert took < AT_ONCE
    until(lambda: proxy.fds() == idle, what="descriptors as before")


def test_only_configured_hosts(serve, tmp_path, alert):
    manager = serve("iap-manager", "--tls", "off", "--store", tmp_path / "store")
    proxy = serve("iap-proxy", "--next-hop", f"m.dom.org={manager.address}")
    done = send("--connect", proxy.address, "--tls", "off", "--host", "elsewhere.dom.org", alert())
    assert done.status == 1 and "403" in done.err, done
    done = send("--connect", proxy.address, "--tls", "off", "--host", "M.dom.org", alert())
    assert done.status == 0, done


def test_nothing_stays_open(serve, pki, alert):
    manager = serve("iap-manager", "--pki", pki)
    proxy = serve("iap-proxy", "--next-hop", manager.address)
    assert send("--connect", proxy.address, "--pki", pki, alert()).status == 0  # what the first connection makes for good is there now
    idle = (manager.fds(), proxy.fds())
    done = send("--connect", proxy.address, "--pki", pki, "--connections", "20", "--repeat", "100", alert())
    assert done.status == 0, done
    until(lambda: (manager.fds(), proxy.fds()) == idle, what=f"descriptors as before: {idle}")


def wait_for_two(store):
    """The second alert goes out when the first was acknowledged."""
    until(lambda: b"".join(p.read_bytes() for p in store.glob("*.log")).count(b"<alert/>") > 1, what="two alerts are stored")


@pytest.mark.parametrize("gone", ["manager", "proxy"])
def test_an_end_that_dies_is_noticed(serve, pki, alert, gone, tmp_path):
    """A delivery that is under way ends when the other end or the proxy is killed, and says so."""
    manager = serve("iap-manager", "--pki", pki, "--store", tmp_path / "store")
    proxy = serve("iap-proxy", "--next-hop", manager.address)
    idle = proxy.fds()
    sender = programs.Program([programs.find_binary(), "send", "iap-analyzer", "--connect", proxy.address, "--pki", pki,
                               "--repeat", "1000000", alert()])
    wait_for_two(tmp_path / "store")
    (manager if gone == "manager" else proxy).kill()
    done = sender.rest()
    assert done.status == 1, done
    assert 0 < acknowledged(done)[0] < 1000000
    if gone == "manager":
        until(lambda: proxy.fds() == idle, what="the proxy lets go")


def test_sender_ends_on_sigterm(serve, alert, tmp_path):
    """Not all was acknowledged, so the status is not 0; what was, is told."""
    at = serve("iap-manager", "--tls", "off", "--store", tmp_path / "store").address
    sender = programs.Program([programs.find_binary(), "send", "iap-analyzer", "--connect", at, "--tls", "off", "--repeat", "100000000", alert()])
    wait_for_two(tmp_path / "store")
    done = sender.stop()
    assert done.status == 1, done
    assert acknowledged(done)[0] > 0 and "interrupted" in done.err
