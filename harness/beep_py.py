# SPDX-License-Identifier: MIT
"""A BEEP peer of its own, written from RFC 3080 and RFC 3081 alone: nothing of the program under test is used, so that it can be a second opinion.

It is plain, correct and unusual: it cuts messages into frames of ever other sizes, sends SEQ behind each frame, grants small windows, numbers its messages oddly, and ends
TCP without a word when a frame is poorly formed (RFC 3080, section 2.2.1.1).

As a program: beep_py.py listener H:P [THINKS], beep_py.py initiator H:P [COUNT].  THINKS: seconds before each answer, joined by commas, over and over; such a listener has
one window for all, and large frames."""
import base64
import itertools
import re
import select
import socket
import sys
import threading
import time
import xml.etree.ElementTree as ET

ECHO = "http://draftproof.invalid/profiles/echo"
TLS, SASL = "http://iana.org/beep/TLS", "http://iana.org/beep/SASL/"
HEAD = b"Content-Type: application/beep+xml\r\n\r\n"
DATA = re.compile(rb"(MSG|RPY|ERR|NUL) (\d{1,10}) (\d{1,10}) ([.*]) (\d{1,10}) (\d{1,10})\r\n|(ANS) (\d{1,10}) (\d{1,10}) ([.*]) (\d{1,10}) (\d{1,10}) (\d{1,10})\r\n")
FLOW = re.compile(rb"SEQ (\d{1,10}) (\d{1,10}) (\d{1,10})\r\n")
M31, M32, FIRST_WINDOW = 2**31, 2**32, 4096
HEADER_MAX, MESSAGE_MAX, CONTENT_MAX, CHANNELS_MAX = 80, 4 << 20, 4096, 300
ATTRIBUTES = {"start": {"number", "serverName"}, "profile": {"uri", "encoding"}, "close": {"number", "code", "{http://www.w3.org/XML/1998/namespace}lang"}}


class Poor(Exception):
    """What cannot be read: the session ends without a response."""


class Closed(Exception):
    """The connection is over."""


class Channel:
    def __init__(self, number, uri=None):
        self.number, self.uri = number, uri
        self.sent, self.may_send = 0, FIRST_WINDOW  # octets, not yet modulo 2^32
        self.came, self.may_come = 0, FIRST_WINDOW
        self.partial = None  # (keyword, msgno) of a message that is not complete
        self.pieces = {}  # ansno, or None, to payload so far
        self.reply_of = {}  # msgno of ours to the keyword of its reply so far, or None
        self.owed = []  # msgnos of the peer that wait for a reply
        self.queue = []  # [keyword, msgno, rest of payload, begun]: what goes out, in order
        self.numbers = itertools.cycle((7, 2147483647, 3, 1000000, 0, 5, 1)) if number else itertools.cycle((2147483647, 9, 1, 77))


def number(text, limit=M31):
    n = int(text)
    if n >= limit:
        raise Poor(f"{n} is out of range")
    return n


def element(text):
    return HEAD + text.encode()


def body(message):
    """Behind the header lines of a message."""
    if message.startswith(b"\r\n"):
        return message[2:]
    _, blank, rest = message.partition(b"\r\n\r\n")
    if not blank:
        raise ValueError("no empty line")
    return rest


def parse(message):
    """The element of a message on channel 0; ValueError when there is none.  No declarations, so no entities (section 6.4)."""
    text = body(message)
    if re.search(rb"<!DOCTYPE|<\?xml[ \t\r\n]", text) or text.count(b"<") > 2000:
        raise ValueError("a declaration, or far too much")
    try:
        return ET.fromstring(text.decode("utf-8"))
    except ET.ParseError as e:
        raise ValueError(e) from None


def valid(el):
    """By the DTD of section 7.1, of start and close."""
    if el.tag not in ("start", "close") or not set(el.attrib) <= ATTRIBUTES[el.tag]:
        return False
    if el.tag == "close":
        return not len(el) and re.fullmatch("[1-5][0-9]{2}", el.get("code", "")) and is_number(el.get("number", "0"))
    loose = (el.text or "") + "".join(p.tail or "" for p in el)
    return not loose.strip() and len(el) and is_number(el.get("number", ""), 1) and all(map(valid_profile, el))


def valid_profile(p):
    content = p.text or ""
    if p.tag != "profile" or not set(p.attrib) <= ATTRIBUTES["profile"] or not p.get("uri") or len(p) or len(content.encode()) > CONTENT_MAX:
        return False
    if p.get("encoding", "none") == "base64":
        try:
            base64.b64decode("".join(content.split()), validate=True)
        except ValueError:
            return False
    return p.get("encoding", "none") in ("none", "base64")


def is_number(text, least=0):
    return re.fullmatch("[0-9]{1,10}", text) and least <= int(text) < M31


def inside(profile):
    """The element in the content of a profile element."""
    return ET.fromstring(profile.text.strip()) if profile.text and profile.text.strip() else ET.Element("nothing")


def error(code):
    return element(f"<error code='{code}' />")


class Session:
    """One connection.  profiles: URI to a function (session, channel, body) -> (keyword, payload); greets at once."""

    def __init__(self, sock, initiator, profiles=None, frames=(5, 1, 300, 23, 2), window=150, thinks=(0,)):
        self.sock, self.initiator, self.profiles = sock, initiator, profiles or {}
        self.sizes, self.window = itertools.cycle(frames), window
        self.thinks, self.thoughts = itertools.cycle(thinks), []  # seconds; (when, what to queue) of answers that are not ready
        self.log = []  # (from us, header words) of each frame
        self.quiet = False  # TLS, or a security layer, is being agreed on: no SEQ may get in between
        self.begin()

    def begin(self):
        """From here on as on a new connection: at the start, and behind tuning."""
        self.buf, self.channels, self.replies, self.offered = b"", {0: Channel(0)}, {}, None
        self.channels[0].reply_of[0] = None  # the greeting is the reply to nothing that was sent
        self.released, self.next_channel, self.quiet = False, 1 if self.initiator else 2, False
        self.tune = None  # entry of a queue that holds a ready: nothing else goes out until it is answered (section 3.1.3.1)
        offers = "".join(f"<profile uri='{u}' />" for u in self.profiles)
        self.queue(0, b"RPY", 0, element(f"<greeting>{offers}</greeting>" if offers else "<greeting />"))

    # --- out

    def put(self, head, payload=None):
        self.log.append((True, head))
        self.sock.sendall(head + b"\r\n" + (b"" if payload is None else payload + b"END\r\n"))

    def queue(self, channel, keyword, msgno, payload):
        self.channels[channel].queue.append([keyword, msgno, payload, False])

    def round(self):
        """A frame of each channel, as far as the windows let them; False when there was none to send."""
        moved = False
        for c in list(self.channels.values()):
            if not c.queue or self.tune and c.queue[0] is not self.tune:
                continue
            keyword, msgno, rest, _ = c.queue[0]
            n = min(next(self.sizes), len(rest), max(c.may_send - c.sent, 0))
            if n == 0 and rest:
                continue
            more = n < len(rest)
            self.put(b"%s %d %d %s %d %d" % (keyword, c.number, msgno, b"*" if more else b".", c.sent % M32, n), rest[:n])
            c.sent += n
            c.queue[0][2:] = [rest[n:], True]
            if not more:
                c.queue.pop(0)
                if keyword != b"MSG" and msgno in c.owed:
                    c.owed.remove(msgno)
            moved = True
        return moved

    def think(self):
        """Queues what is ready by now; how long until the next is, None without one."""
        while self.thoughts and self.thoughts[0][0] <= time.monotonic():
            self.queue(*self.thoughts.pop(0)[1])
        return max(self.thoughts[0][0] - time.monotonic(), 0) if self.thoughts else None

    def flush(self):
        while self.round():
            pass

    # --- in

    def more(self):
        """Sends while nothing comes: so a long answer holds nobody up."""
        while True:
            wait = self.think()
            if select.select([self.sock], [], [], 0)[0]:
                break
            if not self.round() and (wait is None or select.select([self.sock], [], [], wait)[0]):
                break
        got = self.sock.recv(65536)
        if not got:
            raise Closed("the peer closed" + (" within a frame" if self.buf else ""))
        self.buf += got

    def take(self, n):
        while len(self.buf) < n:
            self.more()
        out, self.buf = self.buf[:n], self.buf[n:]
        return out

    def step(self):
        """Reads one frame, and answers what became complete by it."""
        while b"\n" not in self.buf[:HEADER_MAX]:
            if len(self.buf) >= HEADER_MAX:
                raise Poor("no header")
            self.more()
        head = self.take(self.buf.index(b"\n") + 1)
        self.log.append((False, head[:-2]))
        m = FLOW.fullmatch(head)
        if m:
            self.on_seq(number(m[1]), number(m[2], M32), number(m[3]))
        else:
            m = DATA.fullmatch(head)
            if not m:
                raise Poor(f"no header: {head!r}")
            w = [x for x in m.groups() if x is not None]
            self.on_frame(w[0], number(w[1]), number(w[2]), w[3] == b"*", number(w[4], M32), number(w[5]), number(w[6]) if len(w) > 6 else None)

    def on_seq(self, channel, ackno, window):
        c = self.channels.get(channel)
        if not c:
            raise Poor("SEQ for nothing")
        acked = c.sent - (c.sent - ackno) % M32
        if acked < 0:
            raise Poor("SEQ acknowledges what was never sent")
        c.may_send = acked + window

    def on_frame(self, keyword, channel, msgno, more, seqno, size, ansno):
        c = self.channels.get(channel)
        if not c:
            raise Poor("no such channel")
        if keyword == b"NUL" and (more or size):
            raise Poor("NUL with something in it")
        if c.partial and c.partial[1] != msgno or c.partial and c.partial[0] != keyword:
            raise Poor("another message before the one before was complete")
        if keyword == b"MSG":
            if msgno in c.owed and not c.partial:
                raise Poor("the number is in use")
        else:
            if msgno not in c.reply_of:
                raise Poor("a reply to nothing")
            was = c.reply_of[msgno]
            if was not in (None, keyword) and (was, keyword) != (b"ANS", b"NUL"):
                raise Poor("the reply began with another keyword")
            c.reply_of[msgno] = keyword
        if seqno != c.came % M32:
            raise Poor("the sequence number is not the next one")
        if c.came + size > c.may_come:
            raise Poor("past the window")
        if len(c.pieces.get(ansno, b"")) + size > MESSAGE_MAX:
            raise Poor("more than we can hold")
        payload = self.take(size)
        if self.take(5) != b"END\r\n":
            raise Poor("no trailer")
        c.came += size
        c.pieces[ansno] = c.pieces.get(ansno, b"") + payload
        c.partial = (keyword, msgno) if more else None
        if keyword == b"MSG" and msgno not in c.owed:
            c.owed.append(msgno)
        c.may_come = max(c.may_come, c.came + self.window)
        message = None if more else c.pieces.pop(ansno)
        over = message is not None and self.on_message(c, keyword, msgno, message)
        if not over and not self.quiet and self.channels.get(channel) is c:
            self.put(b"SEQ %d %d %d" % (channel, c.came % M32, c.may_come - c.came))

    def on_message(self, c, keyword, msgno, message):
        """True when nothing may be sent any more for now."""
        if keyword == b"MSG":
            answer, payload = self.manage(message) if c.number == 0 else self.profiles_answer(c, message)
            wait = next(self.thinks)
            mine = [when for when, what in self.thoughts if what[0] == c.number]
            if wait or mine:  # in the order of time, which is that of the questions on one channel only (section 2.6.1)
                when = max([time.monotonic() + wait, *mine])
                self.thoughts = sorted([*self.thoughts, (when, (c.number, answer, msgno, payload))], key=lambda t: t[0])
            else:
                self.queue(c.number, answer, msgno, payload)
            return False
        self.replies.setdefault((c.number, msgno), []).append((keyword.decode(), message))
        if keyword != b"ANS":
            del c.reply_of[msgno]
        if c.number == 0 and self.offered is None:
            if keyword == b"ERR":
                raise Closed("the peer is not available")
            try:
                el = parse(message)
            except ValueError:
                raise Poor("no greeting") from None
            if el.tag != "greeting":
                raise Poor("no greeting")
            self.offered = [p.get("uri") for p in el]
        return self.tune is not None

    def profiles_answer(self, c, message):
        answer = self.profiles.get(c.uri)
        return answer(self, c, message) if answer else (b"ERR", error(550))

    # --- channel 0

    def manage(self, message):
        try:
            el = parse(message)
        except (ValueError, LookupError):
            return b"ERR", error(500)
        if not valid(el):
            return b"ERR", error(501)
        return self.on_start(int(el.get("number")), el) if el.tag == "start" else self.on_close(int(el.get("number", "0")))

    def on_start(self, n, el):
        if n % 2 != (0 if self.initiator else 1) or n in self.channels or len(self.channels) >= CHANNELS_MAX:
            return b"ERR", error(553)
        for p in el:
            if p.get("uri") in self.profiles:
                return self.take_up(n, p)
        return b"ERR", error(550)

    def take_up(self, n, profile):
        self.channels[n] = Channel(n, profile.get("uri"))
        return b"RPY", element(f"<profile uri='{profile.get('uri')}' />")

    def on_close(self, n):
        if n == 0:
            if any(c.reply_of or c.owed for c in self.channels.values() if c.number):
                return b"ERR", error(550)
            self.released = True
        elif n not in self.channels or self.channels[n].reply_of or self.channels[n].owed:
            return b"ERR", error(550)
        else:
            del self.channels[n]
        return b"RPY", element("<ok />")

    # --- what we ask

    def ask(self, channel, payload, ready=False):
        """Sends a MSG and waits for the whole reply: a list of (keyword, message)."""
        if self.released:
            raise Closed("the session is released")
        c = self.channels[channel]
        msgno = next(c.numbers)
        while msgno in c.reply_of:
            msgno = next(c.numbers)
        c.reply_of[msgno] = None
        self.queue(channel, b"MSG", msgno, payload)
        if ready:
            self.tune = c.queue[-1]
        while msgno in c.reply_of:
            self.step()
        self.tune = None
        return self.replies.pop((channel, msgno))

    def greeted(self):
        while self.offered is None:
            self.step()
        return self.offered

    def start(self, uri, content="", ready=False):
        """(number, keyword, element) of what came of it."""
        n, self.next_channel = self.next_channel, self.next_channel + 2
        inside = f"<![CDATA[{content}]]>" if content else ""
        self.channels[n] = Channel(n, uri)  # frames may come at once behind the reply
        ((keyword, message),) = self.ask(0, element(f"<start number='{n}'><profile uri='{uri}'>{inside}</profile></start>"), ready)
        el = parse(message)
        if el.tag != ("profile" if keyword == "RPY" else "error"):
            raise Poor("no answer to a start")
        if keyword != "RPY":
            del self.channels[n]
        return n, keyword, el

    def wrap(self, sock):
        """What is below changes: everything begins anew."""
        self.sock = sock
        self.begin()
        return self.greeted()

    def start_tls(self, wrap):
        """Asks for TLS; wrap makes the other socket.  What is owed goes out before the ready; what the peer asks while that is on its way gets no answer any more."""
        self.flush()
        while any(c.queue or c.owed for c in self.channels.values()):
            self.step()
            self.flush()
        self.quiet = True
        _, keyword, el = self.start(TLS, "<ready />", ready=True)
        if keyword != "RPY" or inside(el).tag != "proceed" or self.buf:
            raise Closed("no TLS")
        return self.wrap(wrap(self.sock))

    def close(self, n=0):
        self.quiet = n == 0  # behind the ok to a release there is nobody to send SEQ to
        ((keyword, message),) = self.ask(0, element(f"<close number='{n}' code='200' />"))
        if keyword == "RPY":
            self.channels.pop(n)
        return keyword

    def serve(self):
        """Answers until the session is over."""
        why = "released"
        try:
            while True:
                if self.released:
                    while (wait := self.think()) is not None:
                        time.sleep(wait)
                    self.flush()
                    if not self.channels[0].queue:
                        break
                self.step()
        except (Poor, Closed, OSError) as e:
            why = f"{type(e).__name__}: {e}"
        self.sock.close()
        return why


def echo(session, channel, message):
    return b"RPY", message


def talk(s, count):
    """What an initiator begins by itself: a channel, and some messages on it."""
    uri = next((u for u in [ECHO, *s.greeted()] if u in s.greeted() and not u.startswith(("http://iana.org/beep/TLS", SASL))), None)
    n, keyword, _ = s.start(uri) if uri else (0, "", None)
    for i in range(count if keyword == "RPY" else 0):
        s.ask(n, b"\r\n" + b"message %d " % i * 50)


def serve_one(sock, thinks):
    sock.settimeout(30)
    how = {"frames": (4096,), "window": 65536, "thinks": [float(t) for t in thinks.split(",")]} if thinks else {}
    print(Session(sock, False, {ECHO: echo}, **how).serve(), file=sys.stderr)


def main(role, address, extra=None):
    host, _, port = address.rpartition(":")
    if role == "initiator":
        s = Session(socket.create_connection((host, int(port)), 30), True, {ECHO: echo})
        try:
            talk(s, int(extra or 3))
        except Poor:
            return s.sock.close()
        except (Closed, OSError):
            pass  # or released, with an ok that is still to go out
        return s.serve()
    listener = socket.create_server((host, int(port)))
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve_one, args=(sock, extra), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
