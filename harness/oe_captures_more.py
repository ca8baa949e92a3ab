# SPDX-License-Identifier: MIT
"""More of the captures below pcaps/oe: ICMP, packets in the clear, renewal and teardown, and what has to be told by an option."""
import dns.name

from oe_capture_kit import (AGGRESSIVE, ALICE, BOB, CAROL, DES, MD5, PSK, SG_A, SG_B, SG_C, SG_D, SHA, KEY, TXT, Capture, Keying, delegation, key_record, noise, reverse)
from oe_captures_order import initiates, responds, scene


@scene
def icmp_again():
    """ICMP says that the port of the other gateway cannot be reached; the initiator sends message 1 again, and it goes on."""
    c = Capture()
    c.clear(ALICE, BOB)
    c.look(SG_A, BOB, TXT, delegation(SG_B))
    k = Keying(c, SG_A, SG_B)
    k.m1()
    c.unreachable("192.1.9.1", SG_A, c.frames[-1][1])
    c.wait(10)
    k.m1()
    for step in (k.m2, k.m3, k.m4, k.m5, k.m6):
        step()
        c.wait(0.05)
    k.quick()
    c.esp(SG_A, SG_B, 0x1000, 2)
    return c


@scene
def icmp_gives_up():
    """Bob has two gateways. ICMP says that the first cannot be reached, and main mode goes to the second at once, without another try."""
    c = Capture()
    c.look(SG_A, BOB, TXT, delegation(SG_B), delegation(SG_C, "c", 20))
    k = Keying(c, SG_A, SG_B)
    k.m1()
    c.unreachable("192.1.9.1", SG_A, c.frames[-1][1], 1)
    c.wait(0.05)
    Keying(c, SG_A, SG_C, "2").main()
    return c


@scene
def icmp_clear():
    """ICMP says that the gateway cannot be reached, and Alice's packets go on in the clear at once."""
    c = Capture(link="cooked")
    c.clear(ALICE, BOB)
    c.look(SG_A, BOB, TXT, delegation(SG_B))
    k = Keying(c, SG_A, SG_B)
    k.m1()
    quoted = c.frames[-1][1][16:]
    c.ip("192.1.9.1", SG_A, 1, b"\x03\x03\0\0\0\0\0\0" + quoted[:28])
    c.wait(0.05)
    c.forward(ALICE, BOB)
    c.wait(3)
    return c


@scene
def clear_meanwhile():
    """A packet of Alice to Bob comes in, TXT is asked for, and before there is an answer the packet goes on in the clear: a failure by RFC 4322."""
    c = Capture(link="cooked2")
    c.clear(ALICE, BOB)
    asked = c.ask(SG_A, reverse(BOB), TXT, 7)
    c.wait(0.1)
    c.forward(ALICE, BOB)
    c.wait(0.1)
    c.tell(asked, delegation(SG_B))
    k = Keying(c, SG_A, SG_B)
    k.main()
    k.quick()
    c.esp(SG_A, SG_B, 0x1000, 2)
    return c


@scene
def clear_behind():
    """A host without record: the packet of Alice waits for the answer, and goes on in the clear behind it. Nothing is wrong."""
    c = Capture(vlan=True)
    c.look(SG_A, CAROL, TXT, rcode="NXDOMAIN", ident=3)
    c.clear(ALICE, BOB)
    c.look(SG_A, BOB, TXT, '"v=spf1 -all"')
    c.forward(ALICE, BOB)
    c.wait(1)
    c.forward(ALICE, BOB)
    return c


@scene
def translated_tcp():
    """Behind a translator IKE and ESP go over port 4500; DNS over UDP is truncated and asked again over TCP, where one answer fills two segments. A pcapng file of raw IP."""
    c = Capture(link="raw", pcapng=True)
    asked = c.ask(SG_A, reverse(BOB), TXT, 7)
    c.tell(asked, truncated=True)
    asked = c.ask(SG_A, reverse(BOB), TXT, 8, tcp=True)
    c.wait(0.04)
    c.tell(asked, delegation(SG_B))
    k = Keying(c, SG_A, SG_B, port=4500)
    k.main()
    k.quick()
    for n in range(3):
        c.udp(SG_A, SG_B, 4500, 4500, b"\0\0\x70\0" + bytes([0, 0, 0, n]) + noise(60, f"e{n}"))
        c.udp(SG_B, SG_A, 4500, 4500, b"\0\0\x70\x01" + bytes([0, 0, 0, n]) + noise(60, f"f{n}"))
    c.udp(SG_A, SG_B, 4500, 4500, b"\xff")
    asked = c.ask(SG_A, reverse(CAROL), TXT, 9, tcp=True)
    c.tell(asked, delegation(SG_C), split=True)
    return c


@scene
def delete_retries():
    """The other end is gone: a delete is sent three times, ten seconds apart, and then it is given up. Nothing is wrong with the gateway; of the other end, that it does not answer is weak."""
    c = Capture()
    k = initiates(c)
    c.wait(60)
    mid = k.next_id()
    for _ in range(3):
        k.info(True, "delete", mid)
        c.wait(10)
    c.wait(20)
    c.look(SG_A, CAROL, TXT, rcode="NXDOMAIN", ident=90)
    return c


def deletes(k, times, gap, body="delete"):
    """The initiator sends one delete so many times, so many seconds apart."""
    mid = k.next_id()
    for _ in range(times):
        k.info(True, body, mid)
        k.cap.wait(gap)


@scene
def delete_four():
    """A delete is sent once and three times again: recorded (OE-D42)."""
    c = Capture()
    deletes(initiates(c), 4, 10)
    return c


@scene
def delete_storm():
    """A delete is sent six times within six seconds, and another one five times, ten seconds apart."""
    c = Capture()
    k = initiates(c)
    deletes(k, 6, 1)
    c.wait(30)
    deletes(k, 5, 10, "another")
    return c


@scene
def delete_unanswered():
    """At the responder: the other end sends a delete three times, and gets no answer."""
    c = Capture()
    deletes(responds(c), 3, 10)
    c.wait(10)
    c.look(SG_B, CAROL, TXT, rcode="NXDOMAIN", ident=90)
    return c


@scene
def delete_twice():
    """At the responder: a delete comes, and is answered twice: recorded (OE-D27). Another one comes twice, as its answer was lost, and is answered twice as well: nothing is wrong with that."""
    c = Capture()
    k = responds(c)
    a, b, d = k.next_id(), k.next_id(), k.next_id()
    k.info(True, "delete", a)
    for _ in range(2):
        c.wait(0.5)
        k.info(False, "answer", b)
    c.wait(30)
    a = k.next_id()
    for _ in range(2):
        k.info(True, "another", a)
        c.wait(0.1)
        k.info(False, "another answer", d)
        c.wait(10)
    return c


@scene
def rekeyed():
    """A second quick mode takes the place of the first tunnel: both go on with the new associations at once, and the old ones are deleted. Nothing is wrong."""
    c = Capture()
    k = initiates(c)
    c.wait(30)
    k.quick()
    c.esp(SG_A, SG_B, 0x4000, 4)
    c.esp(SG_B, SG_A, 0x4001, 4)
    k.info(True, "old")
    c.wait(0.1)
    k.info(False, "old answer")
    c.wait(10)
    c.esp(SG_A, SG_B, 0x4000, 4)
    return c


@scene
def rekeyed_late():
    """Behind rekeying the gateway goes on with its old association though the other end has gone over, and nothing is ever deleted."""
    c = Capture()
    k = initiates(c)
    c.wait(30)
    k.quick()
    c.esp(SG_B, SG_A, 0x4001, 4)
    c.wait(3)
    for _ in range(5):
        c.esp(SG_A, SG_B, 0x1000, 1)
        c.esp(SG_B, SG_A, 0x4001, 1)
    c.esp(SG_A, SG_B, 0x4000, 3)
    c.wait(150)
    c.esp(SG_B, SG_A, 0x4001, 2)
    return c


@scene
def ends_untold():
    """Three tunnels grow old and are not used any more; by 5.1 all are closed, and the other ends are told of none. One was used again in the second half of its first minute, and lives for
    twenty more."""
    c = Capture()
    for n, (host, peer) in enumerate(((BOB, SG_B), (CAROL, SG_C), ("192.0.2.68", SG_D))):
        initiates(c, host, peer, str(n), 0x1000 * (n + 1))
    c.wait(30)
    c.esp(SG_A, SG_D, 0x3000, 1)
    c.wait(1400)
    c.look(SG_A, "192.0.2.90", TXT, rcode="NXDOMAIN", ident=99)
    return c


@scene
def asks_again():
    """At the responder: with the tunnel up it asks for TXT of Alice again before Bob's answer goes back through it."""
    c = Capture()
    k = Keying(c, SG_A, SG_B)
    k.to_4()
    k.m5()
    c.look(SG_B, SG_A, KEY, key_record(), ident=11)
    k.m6()
    mid = k.next_id()
    k.q(1, mid)
    c.look(SG_B, ALICE, TXT, delegation(SG_A, "a"), ident=12)
    k.q(2, mid)
    k.q(3, mid)
    c.esp(SG_A, SG_B, 0x2000, 1)
    c.look(SG_B, ALICE, TXT, delegation(SG_A, "a"), ident=13)
    c.esp(SG_B, SG_A, 0x2001, 1)
    return c


@scene
def many_answers():
    """An alias in the reverse DNS, a forged answer with another id in front of the good one, two gateways of which the second is tried when the first has been silent for a minute. Nothing is wrong."""
    c = Capture(link="null")
    asked = c.ask(SG_A, reverse(BOB), TXT, 7)
    c.tell(asked, delegation("203.0.113.66", "f"), ident=9999)
    c.wait(0.03)
    c.tell(asked, delegation(SG_B), delegation(SG_C, "c", 20), '"v=spf1 -all"', alias=dns.name.from_text("66.0/25.2.0.192.in-addr.arpa"))
    k = Keying(c, SG_A, SG_B)
    for _ in range(4):
        k.m1()
        c.wait(15)
    k = Keying(c, SG_A, SG_C, "2")
    k.main()
    k.quick()
    c.esp(SG_A, SG_C, 0x1000, 2)
    return c


@scene
def txt_of_gateway():
    """A packet to Bob comes in, and TXT is looked up for the gateway in place of Bob."""
    c = Capture()
    c.look(SG_A, CAROL, TXT, rcode="NXDOMAIN", ident=3)
    c.wait(8)
    c.clear(ALICE, BOB)
    c.look(SG_A, SG_B, TXT, delegation(SG_B))
    k = Keying(c, SG_A, SG_B)
    k.main()
    k.quick()
    c.esp(SG_A, SG_B, 0x1000, 2)
    return c


@scene
def nothing_asked():
    """The gateway was started with the capture (--fresh): as an initiator it asks for nothing before main mode, and as a responder for nothing at all."""
    c = Capture()
    c.look(SG_A, CAROL, TXT, rcode="NXDOMAIN", ident=3)
    Keying(c, SG_A, SG_B).main()
    c.wait(15)
    k = Keying(c, SG_C, SG_A, "2")
    k.main()
    k.quick()
    c.wait(15)
    c.look(SG_A, CAROL, TXT, rcode="NXDOMAIN", ident=4)
    return c


@scene
def configured():
    """A tunnel that was configured by hand: aggressive mode, DES, a shared secret, and no question to DNS about it. Beside it the gateway looks up hosts as it should. Nothing is wrong."""
    c = Capture()
    c.look(SG_A, BOB, TXT, rcode="NXDOMAIN")
    k = Keying(c, SG_A, SG_D, offer=[(DES, MD5, PSK, 1)])
    k.m1(AGGRESSIVE, extra=[(4, noise(96, "ke")), (10, noise(16, "n"))])
    c.wait(1)
    initiates(c, CAROL, SG_C, "2")
    k = Keying(c, SG_D, SG_A, "3", offer=[(DES, SHA, PSK, 1)])
    k.main()
    k.quick()
    c.esp(SG_A, SG_D, 0x7000, 2)
    c.esp(SG_D, SG_A, 0x7001, 2)
    c.wait(20)
    c.look(SG_A, BOB, TXT, rcode="NXDOMAIN", ident=8)
    return c


@scene
def two_gateways():
    """Both gateways are in the capture with their queries, so --gateway has to say whose it is: that of Bob."""
    c = Capture()
    c.look(SG_A, BOB, TXT, delegation(SG_B))
    c.look(SG_A, SG_B, KEY, key_record("b"), ident=5)
    responds(c)
    return c
