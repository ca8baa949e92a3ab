# SPDX-License-Identifier: MIT
"""Raw sockets: octets in, octets out, each wait bounded.  Only the fixed lines of a clear set-up are known here, as octets."""
import os
import select
import socket
import threading
import time

from programs import DEADLINE

CONNECT = b"IAP/0.3 CONNECT m.dom.org\r\n\r\n"
UPGRADE = b"IAP/0.3 Upgrade: TLS/1.0\r\n\r\n"
CHANNEL = b"IAP/0.3 IAP-Version: 0.3\r\nIAP/0.3 IAP-Role: Sender\r\n\r\n"
OK200 = b"IAP/0.3 200\r\n\r\n"
OK101 = b"IAP/0.3 101\r\n\r\n"


def content(body):
    return b"Content-Type: application/x-idef-alert\r\nContent-Length: %d\r\n\r\n" % len(body) + body + b"\r\n\r\n"


def connect(address, deadline=DEADLINE):
    host, _, port = address.rpartition(":")
    s = socket.create_connection((host, int(port)), timeout=deadline)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def read_until(s, what=b"\r\n\r\n"):
    """Octets up to and with what, or what came before the connection ended."""
    got = b""
    while not got.endswith(what):
        try:
            one = s.recv(1)
        except ConnectionError:
            break
        if not one:
            break
        got += one
    return got


def read_end(s, limit=1 << 20):
    """Everything until the peer closed or reset the connection; TimeoutError when it does neither."""
    got = b""
    while len(got) < limit:
        try:
            more = s.recv(65536)
        except ConnectionError:
            break
        if not more:
            break
        got += more
    return got


def ask(s, request):
    s.sendall(request)
    return read_until(s)


def set_up_clear(address):
    """A connection with --tls off whose channel is set up, ready for alerts."""
    s = connect(address)
    assert ask(s, CONNECT) == OK200
    assert ask(s, UPGRADE) == OK101
    assert ask(s, CHANNEL) == OK200
    return s


class Relay:
    """Stands between a TLS program and draftproof: does the clear preamble on behalf of the program, then passes octets on and keeps them.

    toward=ADDRESS: a TLS client program connects to .address; the relay sends the two requests to ADDRESS, then joins both.
    behind=ADDRESS: draftproof connects to .address; the relay answers its two requests, then connects to the TLS server program at ADDRESS."""

    def __init__(self, toward=None, behind=None):
        self.toward, self.behind = toward, behind
        self.log = []  # (from the TCP initiator?, octets) behind the preamble
        self.error = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.port = self.listener.getsockname()[1]
        self._stop_r, self._stop_w = os.pipe()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            if self._readable([self.listener]):
                near, _ = self.listener.accept()
                near.settimeout(DEADLINE)
                with near:
                    self._serve(near)
        except Exception as e:  # told to the test by close()
            self.error = e

    def _readable(self, socks, deadline=DEADLINE):
        ready = select.select([*socks, self._stop_r], [], [], deadline)[0]
        return [] if self._stop_r in ready else ready

    def _serve(self, near):
        if self.behind:
            request = read_until(near)
            assert request.startswith(b"IAP/0.3 CONNECT ") and request.endswith(b"\r\n\r\n"), request
            near.sendall(OK200)
            request = read_until(near)
            assert request == UPGRADE, request
        with connect(self.toward or self.behind) as far:
            if self.toward:
                answer = ask(far, CONNECT)
                assert answer == OK200, answer
                answer = ask(far, UPGRADE)
                assert answer == OK101, answer
            else:
                near.sendall(OK101)
            self._splice(near, far)

    def _splice(self, near, far):
        open_ends = [near, far]
        while open_ends:
            ready = self._readable(open_ends)
            if not ready:
                return
            for s in ready:
                other = far if s is near else near
                try:
                    got = s.recv(65536)
                    if got:
                        self.log.append((s is near, got))
                        other.sendall(got)
                        continue
                except ConnectionError:
                    pass
                open_ends.remove(s)
                try:
                    other.shutdown(socket.SHUT_WR)
                except OSError:
                    pass

    def close(self):
        os.write(self._stop_w, b"x")
        self.thread.join(DEADLINE)
        self.listener.close()
        os.close(self._stop_w)
        os.close(self._stop_r)
        if self.error:
            raise self.error


def drip(s, octets, every):
    """One octet at a time, every so many seconds, until the peer ends the connection; how long that took.  The pause is the attack."""
    began = time.monotonic()
    for o in octets:
        try:
            s.sendall(bytes([o]))
        except ConnectionError:
            break
        if select.select([s], [], [], every)[0]:
            try:
                if not s.recv(65536):
                    break
            except ConnectionError:
                break
    return time.monotonic() - began
