# SPDX-License-Identifier: MIT
"""Other readers of TXT and KEY records: dnspython, and ldns by its C library.  Each gives the RDATA and what it holds, or Refused."""
import ctypes
import ctypes.util
import json
import re
import struct

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.zonefile

import programs

TXT, KEY, DNSKEY, IN = 16, 25, 48, 1
NUMBERS = {"TXT": TXT, "KEY": KEY}


class Refused(Exception):
    """The reader takes no such record."""


class Dnspython:
    """KEY has no class of its own there, and is read as DNSKEY, which has the same form (RFC 4034 2.1)."""
    name = "dnspython"

    @staticmethod
    def _kind(type_):
        return DNSKEY if type_ == KEY else type_

    def _read(self, make):
        try:
            r = make()
            return r.to_wire(), r
        except (dns.exception.DNSException, ValueError, IndexError, struct.error) as e:
            raise Refused(f"{type(e).__name__}: {e}") from None

    def wire(self, type_, rdata):
        return self._fields(type_, *self._read(lambda: dns.rdata.from_wire(IN, self._kind(type_), rdata, 0, len(rdata))))

    def text(self, type_, text):
        return self._fields(type_, *self._read(lambda: dns.rdata.from_text(IN, self._kind(type_), text)))

    def line(self, line):
        """The first record of a master file; of TXT alone, since KEY has no text there."""
        def first():
            sets = dns.zonefile.read_rrsets(line.decode("ascii"), rdclass=None, default_ttl=300)
            return sets[0][0]
        rdata, r = self._read(first)
        return self._fields(int(r.rdtype), rdata, r)

    @staticmethod
    def _fields(type_, rdata, r):
        out = {"rdata": rdata, "text": r.to_text()}
        if type_ == TXT:
            out["strings"] = list(r.strings)
        elif hasattr(r, "key"):
            out.update(flags=int(r.flags), protocol=r.protocol, algorithm=int(r.algorithm), data=r.key)
        return out


class Ldns:
    """libldns and, for the numbers of RSA keys that it makes, libcrypto."""
    name = "ldns"

    def __init__(self):
        self.ldns = ctypes.CDLL(ctypes.util.find_library("ldns"))
        self.crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
        self.libc = ctypes.CDLL(None)
        p, size = ctypes.c_void_p, ctypes.c_size_t
        for lib, name, result, arguments in [
                (self.ldns, "ldns_wire2rr", ctypes.c_int, [p, p, size, p, ctypes.c_int]), (self.ldns, "ldns_rr2wire", ctypes.c_int, [p, p, ctypes.c_int, p]),
                (self.ldns, "ldns_rr_new_frm_fp", ctypes.c_int, [p, p, p, p, p]), (self.ldns, "ldns_rr2str", p, [p]),
                (self.ldns, "ldns_rr_free", None, [p]), (self.ldns, "ldns_rr_rd_count", size, [p]), (self.ldns, "ldns_rr_rdf", p, [p, size]),
                (self.ldns, "ldns_rdf_data", p, [p]), (self.ldns, "ldns_rdf_size", size, [p]), (self.ldns, "ldns_rr_get_type", ctypes.c_int, [p]),
                (self.ldns, "ldns_get_errorstr_by_id", ctypes.c_char_p, [ctypes.c_int]), (self.ldns, "ldns_key_buf2rsa_raw", p, [ctypes.c_char_p, size]),
                (self.crypto, "RSA_get0_key", None, [p, p, p, p]), (self.crypto, "RSA_free", None, [p]), (self.crypto, "BN_bn2bin", ctypes.c_int, [p, p]),
                (self.crypto, "BN_num_bits", ctypes.c_int, [p]), (self.libc, "free", None, [p]), (self.libc, "fmemopen", p, [ctypes.c_char_p, size, ctypes.c_char_p]), (self.libc, "fclose", ctypes.c_int, [p])]:
            f = getattr(lib, name)
            f.restype, f.argtypes = result, arguments

    def _check(self, status):
        if status != 0:
            raise Refused(self.ldns.ldns_get_errorstr_by_id(status).decode())

    def wire(self, type_, rdata):
        octets = b"\x01x\x00" + struct.pack("!HHIH", type_, IN, 300, len(rdata)) + rdata
        rr, at = ctypes.c_void_p(), ctypes.c_size_t(0)
        self._check(self.ldns.ldns_wire2rr(ctypes.byref(rr), octets, len(octets), ctypes.byref(at), 1))
        return self._fields(type_, rr)

    def line(self, line):
        """The first record of a master file."""
        rr, ttl = ctypes.c_void_p(), ctypes.c_uint32(300)
        f = self.libc.fmemopen(line, len(line), b"r")
        try:
            self._check(self.ldns.ldns_rr_new_frm_fp(ctypes.byref(rr), f, ctypes.byref(ttl), None, None))
        finally:
            self.libc.fclose(f)
        return self._fields(self.ldns.ldns_rr_get_type(rr), rr)

    def text(self, type_, text):
        return self.line(b"x. 300 IN " + (b"TXT " if type_ == TXT else b"KEY ") + text.encode() + b"\n")

    def _fields(self, type_, rr):
        try:
            out, size = ctypes.c_void_p(), ctypes.c_size_t()
            self._check(self.ldns.ldns_rr2wire(ctypes.byref(out), rr, 1, ctypes.byref(size)))
            whole = ctypes.string_at(out, size.value)
            self.libc.free(out)
            owner = whole.index(0) + 1
            string = self.ldns.ldns_rr2str(rr)
            line = ctypes.string_at(string).decode("ascii").rstrip("\n")
            self.libc.free(string)
            fields = []
            for i in range(self.ldns.ldns_rr_rd_count(rr)):
                rdf = self.ldns.ldns_rr_rdf(rr, i)
                fields.append(ctypes.string_at(self.ldns.ldns_rdf_data(rdf), self.ldns.ldns_rdf_size(rdf)))
            got = {"rdata": whole[owner + 10:], "text": line.split("\t", 4)[4] if line.count("\t") >= 4 else ""}
            if type_ == TXT:
                got["strings"] = [f[1:] for f in fields]
            elif len(fields) >= 3:
                got.update(flags=int.from_bytes(fields[0], "big"), protocol=fields[1][0], algorithm=fields[2][0], data=fields[3] if len(fields) > 3 else b"")
            return got
        finally:
            self.ldns.ldns_rr_free(rr)

    def rsa(self, data):
        """Exponent and modulus as numbers; None when ldns makes no key of it."""
        key = self.ldns.ldns_key_buf2rsa_raw(data, len(data))
        if not key:
            return None
        n, e = ctypes.c_void_p(), ctypes.c_void_p()
        self.crypto.RSA_get0_key(key, ctypes.byref(n), ctypes.byref(e), None)
        numbers = []
        for number in (e, n):
            octets = ctypes.create_string_buffer((self.crypto.BN_num_bits(number) + 7) // 8)
            self.crypto.BN_bn2bin(number, octets)
            numbers.append(int.from_bytes(octets.raw, "big"))
        self.crypto.RSA_free(key)
        return tuple(numbers)


# --- records -------------------------------------------------------------------------------------------------------------------

ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|([rnts\\]))(?:\*(\d+))?")
SIMPLE = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"s": b" ", b"\\": b"\\"}


def octets_of(block):
    """The notation of vectors/iap/README.md."""
    return ESCAPE.sub(lambda m: (bytes([int(m[1], 16)]) if m[1] else SIMPLE[m[2]]) * int(m[3] or 1), block.replace("\n", "").encode())


def strings_of(text):
    return b"".join(bytes([len(text[i:i + 255])]) + text[i:i + 255] for i in range(0, max(len(text), 1), 255))


def vectors():
    """(name, form, octets) of vectors/oe: form is TXT or KEY (RDATA), or line, TXT-text, KEY-text (of master files)."""
    for path in sorted((programs.ROOT / "vectors" / "oe").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        for m in re.finditer(r"^## (.*?)\n.*?^```octets\n(.*?)\n?^```\n.*?^```expect\nas (\S+)\n", text, re.M | re.S):
            octets = octets_of(m[2])
            form = {"text": "TXT", "rdata": "TXT", "key": "KEY", "record": "line", "txt-text": "TXT-text", "key-text": "KEY-text"}[m[3]]
            yield f"{path.stem}: {m[1]}", form, strings_of(octets) if m[3] == "text" else octets


def cases():
    """The records of check oe-parser, the same way."""
    for dialect in ("draft", "rfc"):
        done = programs.run("oe", "cases", "--json", "--dialect", dialect)
        assert done.status == 0, done
        for group in json.loads(done.out)["testGroups"]:
            for t in group["tests"]:
                name = f"{group['case']} {t['comment']} ({dialect} {t['tcId']})"
                if "rdata_hex" in t:
                    yield name, t["type"], bytes.fromhex(t["rdata_hex"])
                else:
                    yield name, t["type"] + "-text", t["text"].encode()


def records():
    """All of them, each set of octets once."""
    seen = set()
    for name, form, octets in [*vectors(), *cases()]:
        if (form, octets) not in seen:
            seen.add((form, octets))
            yield name, form, octets


def ours(form, all_octets):
    """What draftproof oe parse says of each, in order; None where it reads nothing."""
    if form in NUMBERS:
        text = b"".join(o.hex().encode() + b"\n" for o in all_octets)
        done = programs.run("oe", "parse", "--json", "--form", "wire", "--type", form.lower(), stdin=text)
        found = [json.loads(line) for line in done.out.splitlines()]
        assert len(found) == len(all_octets) and not done.err, done
        return found
    found = []
    for o in all_octets:  # may hold line ends: one process each
        options = [] if form == "line" else ["--type", form[:3].lower()]
        done = programs.run("oe", "parse", "--json", "--form", "master", *options, stdin=o)
        lines = done.out.splitlines()
        found.append(json.loads(lines[0]) if len(lines) == 1 and done.status != 2 else None)
    return found
