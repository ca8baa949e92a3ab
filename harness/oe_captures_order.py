# SPDX-License-Identifier: MIT
"""The captures below pcaps/oe that are about section 4 and main mode, right and wrong."""
from oe_capture_kit import (AES, AGGRESSIVE, ALICE, BOB, CAROL, Capture, DES, KEY, Keying, MAIN, MD5, PSK, QUICK, RSA, SG_A, SG_B, SG_C, SG_D, SHA, TRIPLE, TXT, USUAL, delegation, isakmp, key_record, noise, reverse, sa)

SCENES = {}


def scene(f):
    SCENES[f.__name__.replace("_", "-")] = f
    return f


def initiates(c, host=BOB, peer=SG_B, seed="1", spi=0x1000, offer=USUAL, chosen=None, esp=3, gate=SG_A, port=500):
    """The whole of section 4 as the initiator sees it."""
    c.look(gate, host, TXT, delegation(peer))
    k = Keying(c, gate, peer, seed, offer, chosen, port)
    k.main()
    k.quick()
    if esp:
        c.esp(gate, peer, spi, esp)
        c.esp(peer, gate, spi + 1, esp)
    return k


def responds(c, host=ALICE, peer=SG_A, gate=SG_B, seed="1", spi=0x2000, esp=3, record=None):
    """... and as the responder does."""
    k = Keying(c, peer, gate, seed)
    k.to_4()
    k.m5()
    c.look(gate, peer, KEY, key_record(), ident=11)
    k.m6()
    c.wait(0.05)
    mid = k.next_id()
    k.q(1, mid)
    c.look(gate, host, TXT, record or delegation(peer, "a"), ident=12)
    k.q(2, mid)
    k.q(3, mid)
    c.esp(peer, gate, spi, esp)
    c.esp(gate, peer, spi + 1, esp)
    return k


@scene
def good_initiator():
    """A packet of Alice comes in, TXT of Bob is looked up, main mode and quick mode follow, the packets go through the tunnel, and a delete ends it. Nothing is wrong."""
    c = Capture()
    c.clear(ALICE, BOB)
    k = initiates(c)
    c.wait(10)
    k.info(True)
    c.wait(0.1)
    k.info(False, "answer")
    c.wait(5)
    return c


@scene
def good_responder():
    """At the gateway of Bob: main mode comes in, the KEY of its initiator is looked up before message 6, TXT of Alice before quick mode is accepted. Bob's answers go
    back through the tunnel. The other end deletes, and is answered; its own KEY is looked up by somebody."""
    c = Capture()
    c.look(SG_A, SG_B, KEY, key_record("b"), ident=77)
    k = responds(c)
    c.wait(3)
    k.info(True)
    c.wait(0.1)
    k.info(False, "answer")
    c.wait(20)
    return c


@scene
def ike_before_answer():
    """Message 1 goes out while the look-up of TXT has no answer (5D before 5C)."""
    c = Capture()
    asked = c.ask(SG_A, reverse(BOB), TXT, 7)
    k = Keying(c, SG_A, SG_B)
    c.wait(0.02)
    k.m1()
    c.wait(0.02)
    c.tell(asked, delegation(SG_B))
    for step in (k.m2, k.m3, k.m4, k.m5, k.m6):
        step()
        c.wait(0.05)
    k.quick()
    c.esp(SG_A, SG_B, 0x1000, 2)
    return c


@scene
def ike_before_query():
    """Message 1 goes out, and TXT is asked for behind it."""
    c = Capture()
    k = Keying(c, SG_A, SG_B)
    k.m1()
    c.wait(0.02)
    c.look(SG_A, BOB, TXT, delegation(SG_B))
    for step in (k.m2, k.m3, k.m4, k.m5, k.m6):
        step()
        c.wait(0.05)
    return c


@scene
def other_gateway():
    """The record of Bob names one gateway, and main mode goes to another, of which no record speaks."""
    c = Capture()
    c.look(SG_A, BOB, TXT, delegation(SG_B))
    Keying(c, SG_A, SG_D).main()
    c.wait(15)
    c.look(SG_A, CAROL, TXT, rcode="NXDOMAIN", ident=8)
    return c


def early(kind):
    """At the responder: message 6, or the answer of quick mode, while the look-up that it needs is open."""
    c = Capture()
    k = Keying(c, SG_A, SG_B)
    k.to_4()
    k.m5()
    asked = c.ask(SG_B, reverse(SG_A), KEY, 11)
    if kind == KEY:
        c.wait(0.02)
        k.m6()
    c.wait(0.03)
    c.tell(asked, key_record())
    if kind != KEY:
        k.m6()
    c.wait(0.05)
    mid = k.next_id()
    k.q(1, mid)
    asked = c.ask(SG_B, reverse(ALICE), TXT, 12)
    if kind == TXT:
        k.q(2, mid)
    c.wait(0.04)
    c.tell(asked, delegation(SG_A, "a"))
    if kind != TXT:
        k.q(2, mid)
    k.q(3, mid)
    c.esp(SG_A, SG_B, 0x2000, 2)
    c.wait(6)
    c.esp(SG_B, SG_A, 0x2001, 2)
    return c


@scene
def key_late():
    """The responder sends message 6 before it has the answer about the key of the initiator (OE-D04)."""
    return early(KEY)


@scene
def txt_late():
    """The responder accepts quick mode before it has the answer about the host of the initiator."""
    return early(TXT)


@scene
def asked_late():
    """The responder asks for the KEY of the initiator behind message 6, and for TXT of its host behind the answer of quick mode."""
    c = Capture()
    k = Keying(c, SG_A, SG_B)
    k.main()
    c.look(SG_B, SG_A, KEY, key_record(), ident=11)
    mid = k.next_id()
    k.q(1, mid)
    c.wait(0.02)
    k.q(2, mid)
    k.q(3, mid)
    c.look(SG_B, ALICE, TXT, delegation(SG_A, "a"), ident=12)
    c.esp(SG_A, SG_B, 0x2000, 2)
    c.wait(6)
    return c


@scene
def txt_first():
    """The responder looks up TXT of the initiator itself in place of KEY, which OE-D03 leaves open, and that of its host before quick mode begins. Nothing is wrong."""
    c = Capture()
    k = Keying(c, SG_A, SG_B)
    k.to_4()
    k.m5()
    c.look(SG_B, SG_A, TXT, delegation(SG_A, "a"), ident=11)
    c.look(SG_B, ALICE, TXT, delegation(SG_A, "a"), ident=12)
    k.m6()
    k.quick()
    c.esp(SG_A, SG_B, 0x2000, 2)
    c.esp(SG_B, SG_A, 0x2001, 2)
    return c


@scene
def weak_offer():
    """The initiator offers DES with MD5, a shared secret and group 1, and nothing else; the other end refuses."""
    c = Capture()
    c.look(SG_A, BOB, TXT, delegation(SG_B))
    k = Keying(c, SG_A, SG_B, offer=[(DES, MD5, PSK, 1)])
    k.m1()
    c.wait(0.03)
    k.notify(False)
    c.wait(1)
    return c


@scene
def group2_first():
    """3DES with SHA and group 2 is offered alone: weak, as MD5 is missing (draft) or group 5 does not come first (RFC 4322). It is accepted."""
    c = Capture()
    initiates(c, offer=[(TRIPLE, SHA, RSA, 2)])
    return c


@scene
def group5_alone():
    """At the responder: 3DES with MD5 and SHA and group 5 is offered alone, and accepted. Nothing is wrong."""
    c = Capture()
    k = Keying(c, SG_A, SG_B, offer=USUAL[:2])
    k.to_4()
    c.look(SG_B, CAROL, TXT, rcode="NXDOMAIN")
    return c


@scene
def refused():
    """At the responder: an offer of 3DES, SHA, RSA signatures and group 2 alone is refused, and one of group 5 alone."""
    c = Capture()
    for group in (2, 5):
        k = Keying(c, SG_A, SG_B, f"g{group}", offer=[(TRIPLE, SHA, RSA, group)])
        k.m1()
        c.wait(0.03)
        k.notify(False)
        c.wait(1)
    c.look(SG_B, CAROL, TXT, rcode="NXDOMAIN")
    return c


@scene
def strange_choice():
    """At the responder: it chooses AES, which nobody offered, in one exchange, and two transforms in another; in a third both public values have the length of another group."""
    c = Capture()
    k = Keying(c, SG_A, SG_B, "1")
    k.m1()
    k.m2([(AES, SHA, RSA, 5)])
    c.wait(1)
    k = Keying(c, SG_A, SG_B, "2")
    k.m1()
    k.m2(USUAL[:2])
    c.wait(1)
    k = Keying(c, SG_A, SG_B, "3")
    k.m1()
    k.m2()
    k.ke(True, 128)
    k.ke(False, 0)
    c.look(SG_B, CAROL, TXT, rcode="NXDOMAIN")
    return c


@scene
def aggressive():
    """The initiator begins aggressive mode: weak in the draft, a failure by RFC 4322."""
    c = Capture()
    c.look(SG_A, BOB, TXT, delegation(SG_B))
    k = Keying(c, SG_A, SG_B)
    k.m1(AGGRESSIVE, extra=[(4, noise(192, "ke")), (10, noise(16, "n")), (5, b"\x01\0\0\0\xc0\x01\x01\x04")])
    c.wait(0.1)
    return c


@scene
def clear_identity():
    """Messages 5 and 6 are sent in the clear, and so is a delete."""
    c = Capture()
    c.look(SG_A, BOB, TXT, delegation(SG_B))
    k = Keying(c, SG_A, SG_B)
    k.to_4()
    for by_initiator, address in ((True, b"\xc0\x01\x01\x04"), (False, b"\xc0\x01\x01\x05")):
        k.send(by_initiator, isakmp(k.ic, k.rc, MAIN, [(5, b"\x01\0\0\0" + address), (9, noise(128, f"sig{by_initiator}"))]))
    k.clear_delete(True)
    return c


@scene
def message_order():
    """Message 4 stands seconds before message 3."""
    c = Capture()
    c.look(SG_A, BOB, TXT, delegation(SG_B))
    k = Keying(c, SG_A, SG_B)
    for step in (k.m1, k.m2, k.m4, k.m3, k.m5, k.m6):
        step()
        c.wait(2)
    return c


@scene
def ike_form():
    """Messages whose header or payloads are not as RFC 2408 has them: another version, flags, length, message id, cookies; payloads that
    pass the end, or have a reserved octet set; no transform, and more than are looked at; a quick mode in the clear."""
    c = Capture()
    c.look(SG_A, BOB, TXT, delegation(SG_B))
    k = Keying(c, SG_A, SG_B)
    k.send(True, isakmp(k.ic, bytes(8), MAIN, [sa(USUAL)], version=0x11))
    c.wait(1)
    for i, octets in enumerate([
            isakmp(noise(8, "f1"), bytes(8), MAIN, [sa(USUAL)], flags=0x40),
            isakmp(noise(8, "f2"), bytes(8), MAIN, [sa(USUAL)], length=400),
            isakmp(noise(8, "f3"), bytes(8), MAIN, [sa(USUAL)], message_id=5),
            isakmp(bytes(8), bytes(8), MAIN, [sa(USUAL)]),
            isakmp(noise(8, "f5"), bytes(8), MAIN, [(1, sa(USUAL)[1][:-3])]),
            isakmp(noise(8, "f6"), bytes(8), MAIN, [sa(USUAL), (13, b"vendor")])[:-8] + b"\xff\xffvendor",
            isakmp(noise(8, "f7"), bytes(8), MAIN, [sa([])]),
            isakmp(noise(8, "f8"), bytes(8), MAIN, [sa(USUAL * 20)]),
            isakmp(noise(8, "f9"), bytes(8), MAIN, [sa(USUAL), (13, b"vendor")])[:-9] + b"\x01\0\x0avendor",
            isakmp(k.ic, k.rc, QUICK, [(1, noise(40, "sa"))], message_id=9),
            isakmp(k.ic, k.rc, 99, message_id=9, flags=1, body=noise(40, "x"))]):
        k.send(True, octets)
        c.wait(0.1 * i)
    return c


@scene
def private_host():
    """At the responder: the host that the other end speaks for has a private address, 10.1.2.3, for which TXT is asked for. The fault is the other end's."""
    c = Capture()
    k = Keying(c, SG_A, SG_B)
    k.to_4()
    k.m5()
    c.look(SG_B, SG_A, KEY, key_record(), ident=11)
    k.m6()
    mid = k.next_id()
    k.q(1, mid)
    c.look(SG_B, "10.1.2.3", TXT, rcode="NXDOMAIN", ident=12)
    k.info(False)
    c.wait(1)
    return c


@scene
def no_keys():
    """At the responder: the initiator has no KEY in the reverse DNS, and is authenticated all the same, by some knowledge that cannot be seen; that of the gateway itself cannot be used."""
    c = Capture()
    k = Keying(c, SG_A, SG_B)
    k.to_4()
    k.m5()
    c.look(SG_B, SG_A, KEY, rcode="NXDOMAIN", ident=11)
    c.look(SG_A, SG_B, KEY, key_record("b", protocol=3), ident=12)
    k.m6()
    k.quick()
    c.esp(SG_A, SG_B, 0x2000, 2)
    return c


@scene
def begins_late():
    """The capture begins in the middle: of an exchange there are messages 4 to 6 and quick mode, ESP flows through another tunnel, and an answer comes whose query is missing. New exchanges
    that would look wrong in a whole capture are held against nobody."""
    c = Capture()
    k = Keying(c, SG_A, SG_B)
    c.esp(SG_A, SG_C, 0x3000, 1)
    k.m4()
    k.m5()
    k.m6()
    k.quick()
    c.tell(c_asked(c), delegation(SG_C))
    Keying(c, SG_A, SG_D, "2").main()
    asked = c.ask(SG_A, reverse(CAROL), TXT, 8)
    Keying(c, SG_A, "192.1.1.8", "3").m1()
    c.tell(asked, delegation("192.1.1.8"))
    c.wait(20)
    c.esp(SG_A, SG_C, 0x3000, 1)
    return c


def c_asked(c):
    """A query that the capture does not have."""
    asked = c.ask(SG_A, reverse("192.0.2.80"), TXT, 9)
    c.frames.pop()
    return asked


@scene
def ipv6():
    """All of it over IPv6, with a name below ip6.arpa and a gateway with an IPv6 address, which a record has in RFC 4322 only (OE-D32): in the draft it counts as bad, and names nobody."""
    c = Capture()
    a, b, bob = "2001:db8:1::4", "2001:db8:1::5", "2001:db8:2::66"
    asked = c.ask(a, reverse(bob), TXT, 7)
    c.frames.pop()  # the name server is asked over IPv6 as well
    q, port, _, _ = asked
    server = "2001:db8:9::53"
    c.udp(a, server, port, 53, q.to_wire())
    c.wait(0.03)
    c.tell((q, port, a, False), delegation(b))
    when, frame = c.frames.pop()
    wire = frame[14 + 20 + 8:] if frame[12:14] == b"\x08\x00" else frame[14 + 40 + 8:]
    c.udp(server, a, 53, port, wire)
    k = Keying(c, a, b)
    k.main()
    k.quick()
    c.esp(a, b, 0x6000, 2)
    c.esp(b, a, 0x6001, 2)
    return c


@scene
def fragments():
    """Message 1 offers so much that it has to be sent in fragments; what it offers cannot be read."""
    c = Capture()
    c.look(SG_A, BOB, TXT, delegation(SG_B))
    k = Keying(c, SG_A, SG_B, offer=USUAL * 12)
    k.m1(fragments=1024)
    c.wait(0.05)
    k.chosen = USUAL[0]
    for step in (k.m2, k.m3, k.m4, k.m5, k.m6):
        step()
        c.wait(0.05)
    k.quick()
    return c


@scene
def cut_packets():
    """Only the first 96 octets of each packet were captured: headers can be read, records and payloads cannot, and nothing is held against anybody for that."""
    c = Capture(snap=96)
    asked = c.ask(SG_A, reverse(BOB), TXT, 7)
    k = Keying(c, SG_A, SG_B)
    c.wait(0.02)
    c.tell(asked, delegation(SG_B))
    k.main()
    k.quick()
    c.esp(SG_A, SG_B, 0x1000, 3)
    c.wait(20)
    c.esp(SG_A, SG_B, 0x1000, 1)
    return c
