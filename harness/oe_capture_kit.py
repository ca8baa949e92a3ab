# SPDX-License-Identifier: MIT
"""What the captures below pcaps/oe are made of: packets, ISAKMP messages and DNS messages, the same octets in every run."""
import base64
import hashlib
import ipaddress
import struct

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.reversename
import dns.rrset
import dpkt

SG_A, SG_B, SG_C, SG_D = "192.1.1.4", "192.1.1.5", "192.1.1.6", "192.1.1.7"
ALICE, BOB, CAROL = "192.1.0.65", "192.0.2.66", "192.0.2.67"
DNS = "192.1.9.53"
EPOCH = 1133395200_000000  # microseconds; the month of RFC 4322
INSIDE, OUTSIDE, OTHERS, HOST = (b"\x02\0\0\0\0" + bytes([n]) for n in (1, 2, 3, 4))
TXT, KEY = "TXT", "KEY"

# --- pieces ---------------------------------------------------------------------------------------------------------------------------


def noise(n, seed):
    """n octets that look like nothing, the same in every run."""
    out = b""
    while len(out) < n:
        out += hashlib.sha256(f"{seed}/{len(out)}".encode()).digest()
    return out[:n]


def public_key(seed, octets=128):
    """An RSA key in the form of RFC 2537, with exponent 3."""
    m = bytearray(noise(octets, "key " + seed))
    m[0] |= 0x80
    m[-1] |= 1
    return b"\x01\x03" + bytes(m)


def delegation(gateway, seed="b", precedence=10, key=True):
    text = f"X-IPsec-Server({precedence})={gateway}"
    if key:
        text += " " + base64.b64encode(public_key(seed)).decode()
    cut = [text[i:i + 255] for i in range(0, len(text), 255)]
    return " ".join(f'"{c}"' for c in cut)


def key_record(seed="a", protocol=4):
    """As RFC 3597 has types that a library does not know."""
    rdata = struct.pack(">HBB", 0x4200, protocol, 1) + public_key(seed)
    return f"\\# {len(rdata)} {rdata.hex()}"


def reverse(address):
    return dns.reversename.from_address(address)


# --- ISAKMP -----------------------------------------------------------------------------------------------------------------------------

MAIN, AGGRESSIVE, INFO, QUICK = 2, 4, 5, 32
DES, TRIPLE, AES = 1, 5, 7
MD5, SHA = 1, 2
PSK, RSA = 1, 3
SIZES = {1: 96, 2: 128, 5: 192, 14: 256}
USUAL = [(TRIPLE, MD5, RSA, 5), (TRIPLE, SHA, RSA, 5), (TRIPLE, MD5, RSA, 2), (TRIPLE, SHA, RSA, 2)]
DPD = bytes.fromhex("afcad71368a1f1c96b8696fc77570100")


def generic(kind, body, following):
    return struct.pack(">BBH", following, 0, len(body) + 4) + body


def chain(payloads):
    """Payloads as (type, body): the type of the first, and the octets."""
    out = b""
    for i, (kind, body) in enumerate(payloads):
        out += generic(kind, body, payloads[i + 1][0] if i + 1 < len(payloads) else 0)
    return (payloads[0][0] if payloads else 0), out


def sa(transforms):
    """One proposal of phase 1."""
    ts = []
    for i, (cipher, digest, method, group) in enumerate(transforms):
        attributes = b"".join(struct.pack(">HH", 0x8000 | t, v) for t, v in ((1, cipher), (2, digest), (3, method), (4, group), (11, 1), (12, 3600)))
        ts.append((3, struct.pack(">BBH", i + 1, 1, 0) + attributes))
    proposal = struct.pack(">BBBB", 1, 1, 0, len(ts)) + chain(ts)[1]
    return (1, struct.pack(">II", 1, 1) + generic(2, proposal, 0))


def isakmp(icookie, rcookie, exchange, payloads=None, message_id=0, flags=0, body=None, version=0x10, length=None):
    first, octets = chain(payloads) if payloads else (8 if body else 0, body or b"")
    return icookie + rcookie + struct.pack(">BBBBII", first, version, exchange, flags, message_id, len(octets) + 28 if length is None else length) + octets


class Keying:
    """One main mode between two addresses, and what follows on it."""

    def __init__(self, cap, initiator, responder, seed="1", offer=USUAL, chosen=None, port=500):
        self.cap, self.i, self.r, self.seed, self.offer, self.port = cap, initiator, responder, seed, offer, port
        self.chosen = chosen or offer[0]
        self.ic, self.rc = noise(8, "i" + seed), noise(8, "r" + seed)
        self.ids = 0

    def send(self, by_initiator, octets, **more):
        a, b = (self.i, self.r) if by_initiator else (self.r, self.i)
        self.cap.udp(a, b, self.port, self.port, (b"\0\0\0\0" if self.port == 4500 else b"") + octets, **more)
        return octets

    def m1(self, exchange=MAIN, extra=(), **more):
        return self.send(True, isakmp(self.ic, bytes(8), exchange, [sa(self.offer), *extra]), **more)

    def m2(self, transforms=None, **more):
        return self.send(False, isakmp(self.ic, self.rc, MAIN, [sa(transforms or [self.chosen])]), **more)

    def ke(self, by_initiator, size=None, **more):
        n = SIZES.get(self.chosen[3], 256) if size is None else size
        payloads = [(4, noise(n, f"ke{by_initiator}{self.seed}"))] if n else []
        return self.send(by_initiator, isakmp(self.ic, self.rc, MAIN, payloads + [(10, noise(16, f"n{by_initiator}{self.seed}"))]), **more)

    def m3(self, **more):
        return self.ke(True, **more)

    def m4(self, **more):
        return self.ke(False, **more)

    def hidden(self, by_initiator, exchange, message_id, n, seed, **more):
        return self.send(by_initiator, isakmp(self.ic, self.rc, exchange, message_id=message_id, flags=1, body=noise(n, f"{seed}{self.seed}")), **more)

    def m5(self, **more):
        return self.hidden(True, MAIN, 0, 200, "m5", **more)

    def m6(self, **more):
        return self.hidden(False, MAIN, 0, 200, "m6", **more)

    def to_4(self, gap=0.05):
        for step in (self.m1, self.m2, self.m3, self.m4):
            step()
            self.cap.wait(gap)

    def main(self, gap=0.05):
        self.to_4(gap)
        for step in (self.m5, self.m6):
            step()
            self.cap.wait(gap)

    def next_id(self):
        self.ids += 1
        return struct.unpack(">I", noise(4, f"id{self.seed}{self.ids}"))[0] | 1

    def q(self, n, message_id, by_initiator=True):
        """Message n of a quick mode that the initiator (or the responder) of phase 1 begins."""
        return self.hidden(by_initiator == (n != 2), QUICK, message_id, 160 if n < 3 else 24, f"q{n}{message_id}")

    def quick(self, by_initiator=True, gap=0.05):
        mid = self.next_id()
        for n in (1, 2, 3):
            self.q(n, mid, by_initiator)
            self.cap.wait(gap)

    def info(self, by_initiator, seed="d", mid=None):
        return self.hidden(by_initiator, INFO, mid or self.next_id(), 64, f"info{seed}")

    def notify(self, by_initiator, what=14):
        """A notify in the clear: no proposal chosen."""
        body = struct.pack(">IBBH", 1, 1, 0, what)
        return self.send(by_initiator, isakmp(self.ic, self.rc, INFO, [(11, body)], message_id=0))

    def clear_delete(self, by_initiator):
        body = struct.pack(">IBBH", 1, 1, 16, 1) + self.ic + self.rc
        return self.send(by_initiator, isakmp(self.ic, self.rc, INFO, [(12, body)], message_id=self.next_id()))


# --- a capture -------------------------------------------------------------------------------------------------------------------------------


class Capture:
    """Packets with their times.  link: ethernet, cooked, cooked2, raw or null; pcapng or not; octets of each packet that are kept."""

    def __init__(self, link="ethernet", pcapng=False, snap=65535, vlan=False):
        self.link, self.pcapng, self.snap, self.vlan = link, pcapng, snap, vlan
        self.now, self.frames, self.ident, self.waiting = EPOCH, [], 1, {}

    def wait(self, seconds):
        self.now += round(seconds * 1_000_000)

    def ip(self, source, target, proto, payload, mac=None, out=None, offset=0, more=False, ident=None):
        """One IP packet.  mac: of the sender, where it is not told by the address; out: sent by the machine that captured."""
        self.ident += 1
        six = ":" in source
        if six:
            body = payload
            if offset or more:
                body = struct.pack(">BBHI", proto, 0, offset | more, ident) + payload
            head = struct.pack(">IHBB", 6 << 28, len(body), 44 if offset or more else proto, 64)
            packet = head + ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed + body
        else:
            p = dpkt.ip.IP(src=ipaddress.ip_address(source).packed, dst=ipaddress.ip_address(target).packed, p=proto, id=ident or self.ident, ttl=64)
            p._flags_offset = (0x2000 if more else 0) | offset // 8
            p.data = payload
            p.len = 20 + len(payload)
            packet = bytes(p)
        gate = source in (SG_A, "2001:db8:1::4") or mac is OUTSIDE
        out = gate if out is None else out
        mac = mac or (OUTSIDE if gate else OTHERS)
        kind = 0x86DD if six else 0x0800
        if self.link == "ethernet":
            tag = struct.pack(">HH", 0x8100, 7) if self.vlan else b""
            frame = (OTHERS if gate else OUTSIDE) + mac + tag + struct.pack(">H", kind) + packet
            frame += bytes(max(0, 60 - len(frame)))
        elif self.link == "cooked":
            frame = struct.pack(">HHH8sH", 4 if out else 0, 1, 6, mac, kind) + packet
        elif self.link == "cooked2":
            frame = struct.pack(">HHIHBB8s", kind, 0, 2, 1, 4 if out else 0, 6, mac) + packet
        elif self.link == "null":
            frame = struct.pack("<I", 10 if six else 2) + packet
        else:
            frame = packet
        self.frames.append((self.now, frame))
        self.now += 1000

    def udp(self, source, target, sport, dport, payload, fragments=0, **more):
        u = dpkt.udp.UDP(sport=sport, dport=dport, ulen=8 + len(payload))
        u.data = payload
        octets = bytearray(bytes(u))
        pseudo = ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed + struct.pack(">II", len(octets), 17)
        octets[6:8] = b"\0\0"
        total = dpkt.in_cksum(pseudo + bytes(octets))
        octets[6:8] = struct.pack(">H", total or 0xFFFF)
        octets = bytes(octets)
        if not fragments:
            return self.ip(source, target, 17, octets, **more)
        self.ident += 1
        ident = self.ident
        for at in range(0, len(octets), fragments):
            self.ip(source, target, 17, octets[at:at + fragments], offset=at, more=at + fragments < len(octets), ident=ident, **more)

    def tcp(self, source, target, sport, dport, payload, flags=dpkt.tcp.TH_ACK | dpkt.tcp.TH_PUSH):
        t = dpkt.tcp.TCP(sport=sport, dport=dport, seq=1, ack=1, flags=flags)
        t.data = payload
        self.ip(source, target, 6, bytes(t))

    def esp(self, source, target, spi, n=1, gap=0.2):
        count = self.waiting.setdefault((source, spi), 0)
        for i in range(n):
            self.ip(source, target, 50, struct.pack(">II", spi, count + i + 1) + noise(88, f"esp{spi}{count + i}"))
            self.wait(gap)
        self.waiting[(source, spi)] += n

    def clear(self, source, target, mac=HOST, out=False, port=80):
        t = dpkt.tcp.TCP(sport=40000, dport=port, seq=1, flags=dpkt.tcp.TH_SYN)
        self.ip(source, target, 6, bytes(t), mac=mac, out=out)

    def forward(self, source, target):
        """The gateway sends it on."""
        self.clear(source, target, mac=OUTSIDE, out=True)

    def unreachable(self, source, target, about, code=3):
        """ICMP about a packet that target sent, given as the octets of its frame."""
        quoted = about[14:14 + 28] if self.link == "ethernet" else about[:28]
        body = struct.pack(">BBHI", 3, code, 0, 0) + quoted
        body = body[:2] + struct.pack(">H", dpkt.in_cksum(body)) + body[4:]
        self.ip(source, target, 1, body)

    # DNS
    def ask(self, who, name, kind, ident, port=None, tcp=False):
        q = dns.message.make_query(name, kind, use_edns=0, want_dnssec=True)
        q.id = ident
        port = port or 30000 + ident
        wire = q.to_wire()
        if tcp:
            self.tcp(who, DNS, port, 53, struct.pack(">H", len(wire)) + wire)
        else:
            self.udp(who, DNS, port, 53, wire)
        return q, port, who, tcp

    def tell(self, asked, *records, rcode="NOERROR", ttl=3600, alias=None, truncated=False, ident=None, split=False):
        q, port, who, tcp = asked
        r = dns.message.make_response(q, recursion_available=True)
        r.flags |= dns.flags.AD
        r.set_rcode(dns.rcode.from_text(rcode))
        name, kind = q.question[0].name, q.question[0].rdtype
        if alias:
            r.answer.append(dns.rrset.from_text(name, ttl, "IN", "CNAME", alias.to_text()))
            name = alias
        if records and not truncated:
            r.answer.append(dns.rrset.from_text(name, ttl, "IN", dns.rdatatype.to_text(kind), *records))
        elif not truncated:
            r.authority.append(dns.rrset.from_text(name.parent(), ttl, "IN", "SOA", "ns.example. h.example. 1 3600 600 86400 300"))
        if truncated:
            r.flags |= dns.flags.TC
        if ident is not None:
            r.id = ident
        wire = r.to_wire(max_size=65535)
        if not tcp:
            return self.udp(DNS, who, 53, port, wire)
        wire = struct.pack(">H", len(wire)) + wire
        if split:
            self.tcp(DNS, who, 53, port, wire[:100])
            return self.tcp(DNS, who, 53, port, wire[100:])
        return self.tcp(DNS, who, 53, port, wire)

    def look(self, who, address, kind, *records, ident=7, gap=0.04, **more):
        """A query and its answer, for the reverse name of an address."""
        asked = self.ask(who, reverse(address), kind, ident)
        self.wait(gap)
        self.tell(asked, *records, **more)
        self.wait(0.01)

    def save(self, path):
        links = {"ethernet": 1, "cooked": 113, "cooked2": 276, "raw": 101, "null": 0}
        with open(path, "wb") as f:
            if self.pcapng:
                return self.save_pcapng(f, links[self.link])
            f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, self.snap, links[self.link]))
            for us, frame in self.frames:
                f.write(struct.pack("<IIII", us // 1_000_000, us % 1_000_000, min(len(frame), self.snap), len(frame)) + frame[:self.snap])

    def save_pcapng(self, f, link):
        def block(kind, body):
            body += bytes(-len(body) % 4)
            f.write(struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12))
        block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
        block(1, struct.pack("<HHI", link, 0, self.snap))
        for us, frame in self.frames:
            kept = frame[:self.snap]
            block(6, struct.pack("<IIIII", 0, us >> 32, us & 0xFFFFFFFF, len(kept), len(frame)) + kept)
