# SPDX-License-Identifier: MIT
"""Hand-made seeds of beep_session_fuzz and beep_pair_fuzz; README.md says how they read.  scripts/fuzz seeds writes them."""

CUT, FIN, RESET, PAUSE = b"\xffc", b"\xfff", b"\xffr", b"\xffp"
ACKS, SEQS, HELLO, RAW = b"\xffa", b"\xffw", b"\xffh", b"\xffb"
RELEASE, AGAIN, CLOSE_OWN, LATER = b"\xffk", b"\xffn", b"\xffj", b"\xffl"
INITIATOR, TLS, SASL, NEEDS, BARE, IDLES, NARROW, SILENT = 1, 2, 4, 8, 16, 32, 64, 128
UNAVAILABLE, ACKNOWLEDGES = 1, 2
ECHO, MANY, RIG, READY, READY_LATER, ANONYMOUS, PLAIN, EXTERNAL, NOBODY = range(9)
MORE, TYPED = 128, 64
HEAD = b"Content-Type: application/beep+xml\r\n\r\n"


def wait(seconds):
    return b"\xfft" + bytes([int(seconds * 100) if seconds < 1.28 else min(127 + int(seconds), 254)])


def op(letter, *numbers):
    return b"\xff" + letter.encode() + bytes(numbers)


def greet(profiles=0):
    return op("G", profiles) + CUT


def start(channel, profile, content=b""):
    return op("S", channel, profile) + content + CUT


def msg(channel, payload=b"\r\nhello", more=0):
    return op("M", channel | more) + payload + CUT


def blob(text=b"", status=b""):
    return b"<blob%s>%s</blob>" % (b" status='%s'" % status if status else b"", text)


def setting(first=0, second=0):
    return bytes([first, second])


def pad(n):
    return b"\xffz" + bytes([n // 32])


def session_seeds():
    g = setting() + greet()
    a = setting(0, ACKNOWLEDGES) + greet()
    one = g + start(1, ECHO)
    yield "greets", g + FIN
    yield "silent", setting(SILENT)
    yield "echo", one + msg(1) + msg(1, b"") + op("X", 1) + CUT + op("X", 0) + CUT
    yield "echo-pieces", one + msg(1, b"\r\nabc", MORE) + msg(1, b"def", MORE) + msg(1, b"") + SEQS
    yield "echo-long", a + start(1, ECHO) + msg(1, pad(4000), MORE) + CUT + msg(1, pad(4000), MORE) + CUT + msg(1, pad(2000)) + CUT
    yield "echo-narrow", setting(NARROW, ACKNOWLEDGES) + greet() + start(1, ECHO) + msg(1, pad(960)) + msg(1, pad(320))
    yield "echo-no-window", g + start(1, ECHO) + msg(1, pad(4000), MORE) + op("W", 1, 0) + msg(1, b"x") + op("W", 1, 10) + op("W", 1, 255)
    yield "echo-too-long", a + start(1, ECHO) + (msg(1, pad(8000), MORE) + CUT) * 3 + msg(1, b"")
    yield "many", a + start(1, MANY) + msg(1, b"\r\ncount 5 size 100") + msg(1, b"\r\ncount 0 size 0") + msg(1, b"what")
    yield "many-endless", a + start(1, MANY) + msg(1, b"\r\ncount 100000 size 1048576") + op("W", 1, 255) + CUT
    yield "many-unread", a + start(1, MANY) + PAUSE + msg(1, b"\r\ncount 100000 size 1000") + op("W", 1, 255) + wait(40)
    yield "many-closed", a + start(1, MANY) + msg(1, b"\r\ncount 9 size 3000") + op("X", 1) + CUT + SEQS + op("X", 0) + CUT
    yield "rig", a + start(1, RIG) + msg(1) + op("R", 1) + b"\r\nfine" + CUT + op("X", 1) + CUT
    yield "rig-refuses", a + start(1, RIG, b"n") + start(15, RIG) + op("X", 15) + CUT + op("X", 0) + CUT
    yield "rig-later", a + start(1, RIG, b"l") + start(3, ECHO) + op("X", 3) + CUT + LATER + msg(1) + LATER
    yield "rig-early-error", a + start(1, RIG) + msg(1, pad(1024), MORE) + msg(1, b"more", MORE) + msg(1, b"")
    yield "rig-asks", a + start(5, RIG) + op("E", 5) + b"\r\nno" + CUT + op("X", 5) + CUT
    yield "rig-many-back", a + start(5, RIG) + op("A", 5 | MORE, 0) + b"one" + CUT + op("A", 5, 1) + b"two" + CUT + op("A", 5, 0) + CUT + op("N", 5) + CUT
    yield "rig-nul-early", a + start(5, RIG) + op("A", 5 | MORE, 0) + b"one" + CUT + op("N", 5) + CUT
    yield "starts", a + b"".join(start(n, ECHO) for n in range(1, 63, 2)) + b"".join(msg(n) for n in range(1, 63, 2)) + op("X", 0) + CUT
    yield "start-again", one + start(1, MANY) + start(2, ECHO) + start(3, NOBODY) + start(0, ECHO) + msg(1)
    yield "close-early", one + op("X", 1) + CUT + msg(1)
    yield "close-crossed", one + msg(1, b"a", MORE) + op("X", 1) + CUT + msg(1, b"b") + op("X", 1) + CUT
    yield "close-unknown", g + op("X", 9) + CUT + op("X", 9) + CUT
    yield "release-early", one + msg(1, b"a", MORE) + op("X", 0) + CUT + msg(1, b"b")
    yield "release-both", g + RELEASE + op("X", 0) + CUT + op("O") + CUT
    yield "release-declined", g + RELEASE + op("D") + CUT + RELEASE + op("O") + CUT + FIN
    yield "release-unanswered", g + RELEASE + wait(40)
    yield "released-and-on", g + op("X", 0) + CUT + msg(0) + start(1, ECHO)
    yield "idle", setting(IDLES | SILENT) + greet() + start(1, ECHO)
    yield "idle-owed", setting(IDLES | SILENT) + greet() + start(5, RIG)
    yield "idle-half", setting(IDLES | SILENT) + greet() + start(1, ECHO) + msg(1, b"a", MORE)
    yield "half-frame", g + b"MSG 0 1 . 52 100\r\nhello" + wait(40)
    yield "no-greeting", setting() + msg(0, b"x")
    yield "greeting-twice", g + greet()
    yield "refused", setting(INITIATOR) + op("E", TYPED) + b"<error code='421' />" + CUT
    yield "unavailable", setting(0, UNAVAILABLE) + greet() + FIN
    yield "garbage", g + b"\0\x01\xff\xff garbage"
    yield "keywords", one + b"MSG 1 0 . 0 0\r\nEND\r\nRPY 1 0 . 0 0\r\nEND\r\n"
    yield "seqno-off", one + b"MSG 1 0 . 9 7\r\n\r\nhelloEND\r\n" + CUT + b"MSG 1 1 . 16 7\r\n\r\nhelloEND\r\n"
    yield "seq-far", one + b"SEQ 1 4294967295 4096\r\n"
    yield "seq-window", one + b"SEQ 1 0 2147483647\r\nSEQ 1 0 0\r\nSEQ 1 0 1\r\n" + msg(1)
    yield "seq-nobody", g + op("W", 77, 3)
    yield "nul-payload", one + op("N", 1) + b"payload" + CUT
    yield "numbers", g + b"MSG 00000000000000000000 +1 . -0 18446744073709551616\r\n"
    yield "zeros", g + b"SEQ 00 000 0004096\r\nMSG 0 1 . 0000052 00\r\nEND\r\n"
    yield "huge", g + b"MSG 0 1 . 0 2147483647\r\n" + pad(4000)
    yield "no-trailer", one + b"MSG 1 1 . 0 5\r\nhelloBYE\r\n"
    yield "xml-deep", g + op("M", TYPED) + b"<a>" * 40 + CUT + op("M", TYPED) + b"<!DOCTYPE a>" + CUT + op("M", TYPED) + b"<ok>" + CUT
    yield "mime-long", g + op("M", 0) + b"x-a: b\r\n" * 500 + CUT
    yield "pipeline", a + start(1, ECHO) + b"".join(msg(1, b"%d" % n) for n in range(40))
    yield "pipeline-zero", g + b"".join(op("X", 9) + CUT for _ in range(30))
    yield "pause", one + PAUSE + msg(1) * 3 + wait(10) + PAUSE + msg(1)
    yield "reset", one + msg(1) + RESET
    yield "tls", setting(TLS) + greet() + start(1, READY) + HELLO + greet() + start(1, ECHO) + msg(1) + op("X", 0) + CUT
    yield "tls-later", setting(TLS) + greet() + start(1, READY_LATER) + msg(1, b"<ready version='1' />", TYPED) + HELLO + greet() + start(1, MANY)
    yield "tls-version", setting(TLS) + greet() + start(1, READY, b"<ready version='2' />") + start(3, READY) + HELLO + greet()
    yield "tls-owed", setting(TLS) + greet() + start(1, ECHO) + msg(1, b"a", MORE) + start(3, READY) + msg(1, b"b") + HELLO + greet()
    yield "tls-clear", setting(TLS) + greet() + start(1, READY) + greet()
    yield "tls-rubbish", setting(TLS) + greet() + start(1, READY) + HELLO + greet() + RAW + b"\x17\x03\x03\x00\x04abc" + CUT + RAW + b"MSG"
    yield "tls-ends", setting(TLS) + greet() + start(1, READY) + HELLO + greet() + RAW + b"\x15\x03\x03\x00\x01\x38"
    yield "tls-silent", setting(TLS | SILENT) + greet() + start(1, READY)
    yield "tls-needed", setting(TLS | NEEDS) + greet() + start(1, ECHO) + start(1, READY) + HELLO + greet() + start(1, ECHO) + msg(1)
    yield "tls-then-sasl", setting(TLS | SASL | NEEDS) + greet() + start(1, READY) + HELLO + greet() + start(1, PLAIN, blob(b"AGFsaWNlAHdvbmRlcg==")) + start(3, ECHO)
    yield "sasl-anonymous", setting(SASL) + greet() + start(1, ANONYMOUS, blob(b"aGk=")) + start(3, ECHO) + msg(3)
    yield "sasl-plain", setting(SASL | NEEDS) + greet() + start(3, ECHO) + start(1, PLAIN) + msg(1, blob(b"AGFsaWNlAHdvbmRlcg=="), TYPED) + start(3, ECHO) + msg(3)
    yield "sasl-wrong", setting(SASL) + greet() + start(1, PLAIN, blob(b"AGFsaWNlAHg=")) + msg(1, blob(b"AGFsaWNlAHg="), TYPED) + msg(1, blob(b"", b"abort"), TYPED)
    yield "sasl-base64", setting(SASL) + greet() + start(1, PLAIN, blob(b"!!!")) + msg(1, blob(b"", b"complete"), TYPED) + start(3, EXTERNAL, blob())
    yield "sasl-two", setting(SASL) + greet() + start(1, PLAIN) + start(3, ANONYMOUS) + op("X", 1) + CUT + start(5, ANONYMOUS, blob(b"aGk="))
    i = setting(INITIATOR, ACKNOWLEDGES)
    opened = i + greet(7) + op("P", ECHO) + CUT + op("P", MANY) + CUT + op("P", RIG) + CUT + op("P", ECHO) + CUT
    yield "initiator", opened + op("R", 1) + b"\r\n" + CUT + op("N", 3) + CUT + op("E", 5) + CUT + op("R", 7) + CUT + RELEASE + op("O") + CUT
    yield "initiator-declined", i + greet(7) + (op("D") + CUT) * 4 + AGAIN + op("P", ECHO) + CUT
    yield "initiator-other", i + greet(7) + op("P", NOBODY) + CUT
    yield "initiator-ok", i + greet(7) + op("O") + CUT
    yield "initiator-closes", opened + op("R", 1) + CUT + CLOSE_OWN + op("O") + CUT + op("X", 3) + CUT
    yield "initiator-refused-early", opened + op("E", 1) + b"\r\n" + CUT + op("E", 1) + CUT
    yield "initiator-asked", opened + start(2, RIG) + msg(2) + start(4, ECHO) + msg(4, b"back")
    yield "initiator-unanswered", setting(INITIATOR | IDLES | SILENT) + greet(7)
    yield "initiator-tls", setting(INITIATOR | TLS) + greet(15) + op("P", READY) + b"<proceed />" + CUT + HELLO + greet(7) + op("P", ECHO) + CUT
    yield "initiator-tls-later", setting(INITIATOR | TLS | BARE) + greet(15) + op("P", READY) + b" " + CUT + op("R", 1 | TYPED) + b"<proceed />" + CUT + HELLO + greet(7)
    yield "initiator-tls-no", setting(INITIATOR | TLS) + greet(15) + op("P", READY) + b"<error code='501' />" + CUT + op("O") + CUT
    yield "initiator-tls-not-offered", setting(INITIATOR | TLS) + greet(7) + op("O") + CUT
    yield "initiator-sasl", setting(INITIATOR | SASL) + greet(39) + op("P", ANONYMOUS) + blob(b"", b"complete") + CUT + op("P", ECHO) + CUT
    yield "initiator-plain", setting(INITIATOR | SASL | NEEDS) + greet(127) + op("P", PLAIN) + blob() + CUT + op("R", 1 | TYPED) + blob(b"", b"complete") + CUT
    yield "initiator-sasl-no", setting(INITIATOR | SASL) + greet(39) + op("P", ANONYMOUS) + b"<error code='535' />" + CUT


FRONT, ALL, FLIP, DROP, DOUBLE, SWAP, TIME, END = range(8)
BACK = 8  # what the listener sent


def pair_seeds():
    def some(dir, *lengths):
        return b"".join(bytes([FRONT | dir, n]) for n in lengths)

    turn = bytes([ALL, 0, ALL | BACK, 0])
    for name, first in (("clear", 0), ("tls", TLS), ("tls-bare", TLS | BARE | NEEDS), ("sasl", SASL), ("sasl-bare", SASL | BARE | NEEDS),
                        ("tls-sasl", TLS | SASL | NEEDS), ("narrow", NARROW), ("idle", IDLES)):
        yield name, setting(first, 0)
        yield name + "-both", setting(first, 1)
        yield name + "-pieces", setting(first, 1) + (some(0, 10, 3, 200) + some(BACK, 1, 90, 7)) * 10
        yield name + "-late", setting(first, 1) + turn + bytes([TIME, 20]) + turn + bytes([TIME, 140]) + turn
        for what in (FLIP, DROP, DOUBLE, SWAP):
            yield f"{name}-{'flip drop double swap'.split()[what - FLIP]}", setting(first, 1) + turn * 2 + bytes([what, 30]) + turn + bytes([what | BACK, 90])
        yield name + "-end", setting(first, 1) + turn * 2 + bytes([END, 0])


TARGETS = {"beep_session_fuzz": session_seeds(), "beep_pair_fuzz": pair_seeds()}
