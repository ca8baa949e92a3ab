#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A parser of its own behind an adapter, written from the texts and docs/oe-adapters.md alone: it shares no line with Draftproof, and takes records apart with dnspython.

    oe_adapter.py [--dialect rfc|draft] [--wrong HOW]

It reads strictly.  --wrong makes it a bad adapter: see WRONG."""
import argparse
import base64
import binascii
import ipaddress
import json
import os
import re
import signal
import struct
import sys
import time

import dns.exception
import dns.rdata
import dns.tokenizer

WRONG = {
    "ends": "ends at once, with status 3",
    "crash": "is killed by SIGSEGV at the third question",
    "crash-behind": "answers the third question, then is killed by SIGSEGV",
    "once": "answers one question and ends",
    "silent": "never answers",
    "hang": "does not answer the third question, nor any behind it",
    "rubbish": "writes a line that is no JSON in front of each answer",
    "no-object": "answers with an array",
    "other-id": "answers with an id that nobody asked by",
    "no-id": "answers without id",
    "half": "writes half of each answer and no line end, and stops there",
    "tail": "begins a line behind the third answer, and ends it before the fourth",
    "leaves": "closes standard input and output at the third question, and goes on running",
    "slow": "answers after a second, an octet at a time",
    "huge": "answers with a line of twenty megabytes",
    "late": "answers each question only when the next one comes",
    "twice": "answers each question twice",
    "inside-out": "reads records wrongly: precedence and gateway are always the same",
    "deaf": "closes its standard input",
    "mute": "closes its standard output, and goes on running",
    "binary": "answers with octets that are no text",
    "stubborn": "does not end when its input ends, nor by SIGTERM",
}

WHITE = b" \t\n\r"


class Malformed(Exception):
    pass


# --- records -------------------------------------------------------------------------------------------------------------------


def joined(rdata):
    """The text of a TXT record: its character-strings, joined plainly (RFC 1035 3.3.14, RFC 4322 5.2.1)."""
    if not rdata:
        return b""
    try:
        return b"".join(dns.rdata.from_wire("IN", "TXT", rdata, 0, len(rdata)).strings)
    except dns.exception.DNSException as e:
        raise Malformed("character-strings") from e


def number(octets):
    return int.from_bytes(octets, "big")


def rsa_key(data):
    """RFC 2537 section 2: the length of the exponent in one octet, or in two behind a zero; no leading zeros; each up to 4096 bits."""
    if not data:
        raise Malformed("empty key")
    n, at = (data[0], 1) if data[0] else (number(data[1:3]), 3)
    exponent, modulus = data[at:at + n], data[at + n:]
    if len(exponent) < n or not exponent or not modulus or exponent[0] == 0 or modulus[0] == 0:
        raise Malformed("parts of the key")
    if len(exponent) > 512 or len(modulus) > 512 or number(modulus).bit_length() < 512 or at == 3 and n < 256:
        raise Malformed("size of the key")
    if number(exponent) < 3 or number(exponent) % 2 == 0 or number(modulus) % 2 == 0:
        raise Malformed("no RSA key")
    return {"exponent_hex": exponent.hex(), "modulus_hex": modulus.hex()}


def base64_key(text):
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as e:
        raise Malformed("base64") from e
    if base64.b64encode(data) != text:
        raise Malformed("pad bits")
    return rsa_key(data)


def host_address(text):
    """A.B.C.D of a host: decimal, without leading zeros."""
    parts = text.split(b".")
    if len(parts) != 4 or not all(re.fullmatch(rb"0|[1-9][0-9]{0,2}", p) and int(p) < 256 for p in parts):
        raise Malformed("address")
    a = ipaddress.IPv4Address(text.decode())
    if a.is_multicast or a.is_loopback or a.is_unspecified or a == ipaddress.IPv4Address("255.255.255.255"):
        raise Malformed("address of no host")
    return str(a)


def fqdn(text):
    labels = text.split(b".")
    if len(text) > 253 or len(labels) < 2 or not all(re.fullmatch(rb"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", x) for x in labels):
        raise Malformed("name")
    return text.decode().lower()


def delegation(rdata, dialect):
    """What a TXT record says: None when it is somebody else's."""
    text = joined(rdata)
    head = re.match(rb"[ \t]*x-ipsec-server[ \t]*\(", text, re.I)
    if not head or not re.match(rb"[ \t]*x-ipsec-server[ \t]*\([^=]*\)[ \t]*=", text, re.I):
        if head:
            raise Malformed("name of the attribute")
        return None
    m = re.match(rb"[ \t]*x-ipsec-server\((0|[1-9][0-9]{0,4})\)[ \t]*=([^ \t\n\r]+)(.*)$", text, re.I | re.S)
    if not m or int(m[1]) > 65535:
        raise Malformed("form")
    gateway, rest = m[2], m[3]
    said = {"precedence": int(m[1]), "key": None}
    if gateway[:1] == b"@":
        said.update(gateway_type="fqdn", gateway=fqdn(gateway[1:]))
    else:
        said.update(gateway_type="ipv4", gateway=host_address(gateway))
    if dialect == "rfc":
        key = rest.translate(None, WHITE)
    else:
        if rest and (rest[:1] != b" " or any(c in WHITE for c in rest[1:])):
            raise Malformed("white space")
        key = rest[1:]
    if key:
        said["key"] = base64_key(key)
    elif dialect == "draft":
        raise Malformed("no key")
    return said


def key_record(rdata):
    """RFC 2535 3.1 as the texts want it: flags 0x4200, protocol 4, algorithm 1."""
    if len(rdata) < 4:
        raise Malformed("short")
    flags, protocol, algorithm = struct.unpack("!HBB", rdata[:4])
    if protocol != 4:
        return None
    if flags & 0xC000 == 0xC000:  # there is no key, whatever the algorithm
        return {"key": None}
    if algorithm != 1:
        return None
    if flags != 0x4200:
        raise Malformed("flags")
    return {"key": rsa_key(rdata[4:])}


# RFC 2535 7.1
FLAGS = {"NOCONF": 0x4000, "NOAUTH": 0x8000, "NOKEY": 0xC000, "FLAG2": 0x2000, "EXTEND": 0x1000, "FLAG4": 0x0800, "FLAG5": 0x0400, "USER": 0, "ZONE": 0x0100, "HOST": 0x0200,
         "NTYP3": 0x0300, "FLAG8": 0x80, "FLAG9": 0x40, "FLAG10": 0x20, "FLAG11": 0x10, **{f"SIG{n}": n for n in range(16)}}
PROTOCOLS = {"NONE": 0, "TLS": 1, "EMAIL": 2, "DNSSEC": 3, "IPSEC": 4, "ALL": 255}
ALGORITHMS = {"RSAMD5": 1, "DH": 2, "DSA": 3, "ECC": 4, "INDIRECT": 252, "PRIVATEDNS": 253, "PRIVATEOID": 254}


def symbols(text, names, largest):
    """A number, or mnemonics with a bar between them."""
    value = 0
    if re.fullmatch(r"\d+", text):
        value = int(text)
    else:
        for word in text.split("|"):
            if word not in names:
                raise Malformed(word)
            value |= names[word]
    if value > largest:
        raise Malformed("number")
    return value


def from_master(kind, text):
    """RDATA of the text of a master file."""
    if kind == "TXT":
        try:
            return dns.rdata.from_text("IN", "TXT", text).to_wire()
        except dns.exception.DNSException as e:
            raise Malformed("text") from e
    try:
        t = dns.tokenizer.Tokenizer(text)
        flags, protocol, algorithm = symbols(t.get_string(), FLAGS, 65535), symbols(t.get_string(), PROTOCOLS, 255), symbols(t.get_string(), ALGORITHMS, 255)
        key = base64.b64decode(t.concatenate_remaining_identifiers(True), validate=True)
    except (dns.exception.DNSException, binascii.Error, ValueError) as e:
        raise Malformed("text") from e
    return struct.pack("!HBB", flags, protocol, algorithm) + key


def read(question, dialect):
    """The answer to a question, but for its id."""
    kind = question.get("type", "TXT")
    try:
        rdata = from_master(kind, question["text"]) if "text" in question else bytes.fromhex(question["rdata_hex"])
        said = key_record(rdata) if kind == "KEY" else delegation(rdata, dialect)
    except Malformed as e:
        return {"status": "malformed", "reason": str(e)}
    return {"status": "ok", **said} if said else {"status": "ignore"}


# --- the conversation ----------------------------------------------------------------------------------------------------------


class Out:
    """Standard output."""

    def __init__(self, wrong):
        self.wrong, self.n, self.held = wrong, 0, None

    def write(self, octets):
        sys.stdout.buffer.write(octets)
        sys.stdout.buffer.flush()

    def answer(self, question, said):
        said = {"id": question.get("id", ""), **said}
        if self.wrong == "other-id":
            said["id"] = "nobody-" + said["id"]
        elif self.wrong == "no-id":
            del said["id"]
        elif self.wrong == "inside-out" and said.get("status") == "ok":
            said.update(precedence=7, gateway_type="ipv4", gateway="198.51.100.7")
        elif self.wrong == "huge":
            said["reason"] = "x" * 20_000_000
        self.send(json.dumps([said] if self.wrong == "no-object" else said).encode() + b"\n")

    def send(self, line):
        wrong = self.wrong
        if wrong == "late":
            line, self.held = self.held or b"", line
        if wrong == "rubbish":
            self.write(b"Segmentation fault (core not dumped)\n")
        if wrong == "tail" and self.n == 3:
            line += b'{"id":'
        if wrong == "tail" and self.n == 4:
            self.write(b'"0","status":"ignore"}\n')
        if wrong == "binary":
            line = b"\xff\xfe\x00{\x80\n"
        if wrong == "half":
            self.write(line[:len(line) // 2])
            time.sleep(3600)
        if wrong == "slow":
            time.sleep(1)
            for octet in line:
                self.write(bytes([octet]))
        else:
            self.write(line * (2 if wrong == "twice" else 1))
        if wrong == "crash-behind" and self.n == 3:
            crash()
        if wrong == "once":
            os._exit(0)


def crash():
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGSEGV)


def before(wrong, n):
    """What a bad adapter does in place of reading on."""
    if wrong == "silent" or wrong == "hang" and n >= 3:
        time.sleep(3600)
    if wrong == "leaves" and n == 3:
        os.close(0)
        os.close(1)
        time.sleep(3600)
    if wrong == "crash" and n == 3:
        crash()


def prepare(wrong):
    if wrong == "ends":
        print("cannot find my library", file=sys.stderr)
        sys.exit(3)
    if wrong == "deaf":
        os.close(0)
        time.sleep(3600)
    if wrong == "mute":
        os.close(1)
        time.sleep(3600)
    if wrong == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--dialect", choices=["rfc", "draft"], default="rfc")
    options.add_argument("--wrong", choices=sorted(WRONG))
    options.add_argument("--mark", help="does nothing: to be known by in a list of processes")
    options = options.parse_args()
    out = Out(options.wrong)
    prepare(options.wrong)
    for line in sys.stdin.buffer:
        out.n += 1
        before(options.wrong, out.n)
        question = json.loads(line)
        out.answer(question, read(question, options.dialect))
    while options.wrong == "stubborn":
        time.sleep(3600)


if __name__ == "__main__":
    main()
