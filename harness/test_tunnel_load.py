# SPDX-License-Identifier: MIT
"""What proxies of TUNNEL bear: long chains, much that passes, circles; and that nothing stays open behind."""
import os
import threading
import time

import pytest

import programs
import tunnel_py
from programs import until

pytestmark = pytest.mark.own
SOON = programs.DEADLINE / 30  # a second, unless the machine is said to be slow
MUCH = 64 << 20


@pytest.fixture
def chain(serve):
    return lambda n, *args: [serve("tunnel-proxy", "--open", *args) for _ in range(n)]


def sockets(proxies):
    return [tunnel_py.sockets(p.pid) for p in proxies]


def test_eight_proxies_carry_much_unchanged(chain):
    """One way, an end behind it, and an answer to that the other way."""
    proxies = chain(8)
    before = sockets(proxies)
    _, sent, came = tunnel_py.pour([p.address for p in proxies], MUCH)
    assert sent == came
    until(lambda: sockets(proxies) == before, what="no socket is left")
    if os.environ.get("DRAFTPROOF_SANITIZED") != "1":
        assert all(p.resident() < MUCH // 2 for p in proxies), "what passes is not gathered"


def test_eight_proxies_carry_both_ways_at_once(chain):
    proxies, digests = chain(8), {}
    before = sockets(proxies)

    def back(sock):
        digests["back"] = tunnel_py.send_all(sock, MUCH // 4, 2)

    sink = tunnel_py.Sink(back)
    with tunnel_py.through([p.address for p in proxies], sink.address) as sock:
        def forth():
            digests["forth"] = tunnel_py.send_all(sock, MUCH // 4, 3)

        writer = threading.Thread(target=forth, daemon=True)
        writer.start()
        came = tunnel_py.take_all(sock)
        writer.join(tunnel_py.PATIENCE)
    sink.join(tunnel_py.PATIENCE)
    assert not sink.error and digests["back"] == came and digests["forth"] == sink.came and came != sink.came
    until(lambda: sockets(proxies) == before, what="no socket is left")


def refused_soon(proxies, what, code):
    """The first of them says no to the element within a second, and none keeps a socket."""
    before = sockets(proxies)
    began = time.monotonic()
    assert tunnel_py.refused(proxies[0].address, what) == code
    took = time.monotonic() - began
    assert took < SOON, f"{took:.2f} s"
    until(lambda: sockets(proxies) == before, SOON, "no socket is left")


@pytest.fixture
def onward():
    """A proxy of somebody else, that asks for the endpoint x again."""
    x = tunnel_py.Onward("<tunnel endpoint='x'/>")
    yield x
    x.end()


@pytest.mark.parametrize("n", [1, 2])
def test_routes_in_a_circle(serve, onward, n):
    """By way of a proxy that tells nothing of where it leads: each round looks like a new request, and only that they grow many shows it."""
    circle = [serve("tunnel-proxy", "--open", "--endpoint-map", f"x={onward.address}")]
    onward.to = circle[0].address
    if n == 2:
        circle.insert(0, serve("tunnel-proxy", "--open"))
    for _ in range(3):
        onward.asked = 0
        refused_soon(circle, tunnel_py.element([p.address for p in circle[1:]], onward.what), 554)
        assert 2 <= onward.asked <= 32, onward.asked


def test_chains_that_come_back(chain):
    proxies = chain(8)
    places = [p.address for p in proxies]
    for rest in (places[:1], [*places[1:], places[0]], [*places[1:4], places[2]], [*places[1:], *places[1:]], [*places[1:], places[0], "127.0.0.1:9"]):
        refused_soon(proxies, tunnel_py.element(rest), 554)


def test_nobody_at_the_end(chain):
    """A refused connection behind eight proxies is told at once, by the last of them."""
    proxies = chain(8)
    refused_soon(proxies, tunnel_py.element([*[p.address for p in proxies[1:]], f"127.0.0.1:{tunnel_py.free_port()}"]), 450)


def test_who_asks_goes_away(chain):
    """In the middle of what passes, either side: all connections of the chain go with it."""
    proxies = chain(8)
    before = sockets(proxies)
    for side in ("near", "far"):
        gone = threading.Event()

        def back(sock, side=side, gone=gone):
            if side == "far":
                sock.shutdown(2)
            gone.wait(tunnel_py.PATIENCE)

        sink = tunnel_py.Sink(back)
        sock = tunnel_py.through([p.address for p in proxies], sink.address)
        try:
            tunnel_py.send_all(sock, 1 << 20, 4)
            if side == "far":
                tunnel_py.take_all(sock)
        except OSError:
            assert side == "far", "nobody ended it"
        sock.close()
        gone.set()
        sink.join(tunnel_py.PATIENCE)
        until(lambda: sockets(proxies) == before, what="no socket is left")
