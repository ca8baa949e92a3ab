# SPDX-License-Identifier: MIT
"""Asks proxies of TUNNEL for tunnels and sends octets through them that are nobody's protocol: written from RFC 3620 and RFC 3080, nothing of the program under test is used."""
import hashlib
import os
import random
import re
import socket
import threading
import time
from xml.sax.saxutils import quoteattr

URI = "http://iana.org/beep/TUNNEL"
HEAD = b"Content-Type: application/beep+xml\r\n\r\n"
PATIENCE = 120
PIECE = 1 << 18


class Refused(Exception):
    """The code of an error."""


def element(places, text=""):
    """Tunnel elements in one another that lead by those places (IPv4 address and port), to the last; text: what stands innermost."""
    for place in reversed(places):
        host, _, port = place.rpartition(":")
        text = f"<tunnel ip4={quoteattr(host)} port={quoteattr(port)}>{text}</tunnel>"
    return text


def connect(place):
    host, _, port = place.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def frame(keyword, channel, msgno, seqno, payload):
    return f"{keyword} {channel} {msgno} . {seqno} {len(payload)}\r\n".encode() + payload + b"END\r\n"


def ask(to, what):
    """Connects to a proxy and asks for that element: the socket behind the ok, or Refused with the code."""
    greeting = HEAD + b"<greeting />"
    start = HEAD + f"<start number='1'><profile uri='{URI}'><![CDATA[{what}]]></profile></start>".encode()
    sock = connect(to)
    try:
        sock.sendall(frame("RPY", 0, 0, 0, greeting) + frame("MSG", 0, 1, len(greeting), start))
        answer, got = b"", b""
        while not answer:
            octet = sock.recv(1)  # what is behind the frame is not BEEP any more
            if not octet:
                raise Refused(0)
            got += octet
            m = re.search(rb"(?:RPY|ERR) 0 1 \. \d+ (\d+)\r\n", got)
            if m and len(got) == m.end() + int(m[1]) + 5:
                answer = got[m.end():-5]
        bad = re.search(rb"<error[^>]*code=['\"](\d{3})", answer)
        if bad or b"<ok" not in answer:
            raise Refused(int(bad[1]) if bad else 0)
        return sock
    except BaseException:
        sock.close()
        raise


class Onward(threading.Thread):
    """Somebody else's proxy: whatever tunnel it is asked for, it asks `to` (set behind) for that element, and hands back the error.  .asked: how often."""

    def __init__(self, what):
        super().__init__(daemon=True)
        self.listener, self.what, self.to, self.asked = socket.create_server(("127.0.0.1", 0)), what, None, 0
        self.address = "%s:%d" % self.listener.getsockname()
        self.start()

    def run(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            self.asked += 1
            threading.Thread(target=self.one, args=(sock,), daemon=True).start()

    def one(self, sock):
        greeting = HEAD + f"<greeting><profile uri='{URI}' /></greeting>".encode()
        with sock:
            try:
                sock.settimeout(PATIENCE)
                sock.sendall(frame("RPY", 0, 0, 0, greeting))
                got = b""
                while not (m := re.search(rb"MSG 0 (\d+) \. \d+ \d+\r\n(?s:.*)END\r\n", got)):
                    octets = sock.recv(4096)
                    if not octets:
                        return
                    got += octets
                code = refused(self.to, self.what)
                no = HEAD + f"<profile uri='{URI}'><![CDATA[<error code='{code}'>in a circle</error>]]></profile>".encode()
                sock.sendall(frame("RPY", 0, int(m[1]), len(greeting), no))
                sock.recv(4096)  # until it has read that
            except OSError:
                pass

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def refused(to, what):
    """The code that the proxy answers the element with; AssertionError when it says ok."""
    try:
        ask(to, what).close()
    except Refused as e:
        return e.args[0]
    raise AssertionError("a tunnel stands that may not")


def send_all(sock, octets, seed):
    """Sends octets that do not repeat soon, then its end; gives their digest in hex."""
    block, digest = random.Random(seed).randbytes(PIECE + 4093), hashlib.sha256()
    for n in range(0, octets, PIECE):
        at = n // PIECE % 4093
        piece = memoryview(block)[at:at + min(PIECE, octets - n)]
        digest.update(piece)
        sock.sendall(piece)
    sock.shutdown(socket.SHUT_WR)
    return digest.hexdigest()


def take_all(sock):
    digest, into = hashlib.sha256(), bytearray(PIECE)
    while n := sock.recv_into(into):
        digest.update(memoryview(into)[:n])
    return digest.hexdigest()


class Sink(threading.Thread):
    """Takes one connection to its end, and sends back what back(sock) does, at once, or behind the end the digest of what came."""

    def __init__(self, back=None):
        super().__init__(daemon=True)
        self.listener, self.back, self.came, self.error = socket.create_server(("127.0.0.1", 0)), back, None, None
        self.listener.settimeout(PATIENCE)
        self.address = "%s:%d" % self.listener.getsockname()
        self.start()

    def run(self):
        try:
            with self.listener, self.listener.accept()[0] as sock:
                sock.settimeout(PATIENCE)
                writer = threading.Thread(target=self.back, args=(sock,), daemon=True) if self.back else None
                if writer:
                    writer.start()
                self.came = take_all(sock)
                if writer:
                    writer.join(PATIENCE)
                else:
                    sock.sendall(self.came.encode())
        except OSError as e:
            self.error = e


def through(hops, to):
    """A socket that leads to that place by those proxies."""
    places = [*hops, to]
    return ask(places[0], element(places[1:])) if hops else connect(to)


def pour(hops, octets):
    """Octets one way through those proxies, and their digest back: (seconds, digest of what was sent, digest of what came as the other side tells it)."""
    sink = Sink()
    with through(hops, sink.address) as sock:
        began, told = time.monotonic(), b""
        sent = send_all(sock, octets, 1)
        while got := sock.recv(4096):
            told += got
    sink.join(PATIENCE)
    return time.monotonic() - began, sent, told.decode()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def sockets(pid):
    """How many sockets a process has open."""
    found = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found += os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:")
        except OSError:
            pass  # closed meanwhile
    return found
