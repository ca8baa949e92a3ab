# SPDX-License-Identifier: MIT
"""A reader of delegation and KEY records that shares nothing with ours: the strict reading of the draft and of RFC 4322, by regular expressions.  It reads wire form alone."""
import base64
import ipaddress
import re

SPACE = " \t\r\n"
NAME = re.compile(r"[ \t]*x-ipsec-server(?P<behind>.*)", re.I | re.S)
REST = re.compile(r"\((?P<p>0|[1-9][0-9]{0,4})\)[ \t]*=(?P<gateway>[\x21-\x7e]+)(?P<gap>[ \t\r\n]*)(?P<key>.*)", re.S)
FOREIGN = re.compile(r"[A-Za-z_-]")
MALFORMED, IGNORE = {"status": "malformed"}, {"status": "ignore"}
HOSTS = [ipaddress.ip_network(n) for n in ("127.0.0.0/8", "224.0.0.0/4", "0.0.0.0/32", "255.255.255.255/32")]


class Bad(Exception):
    pass


def strings(rdata):
    out = b""
    while rdata:
        if len(rdata) <= rdata[0]:
            raise Bad
        out, rdata = out + rdata[1:1 + rdata[0]], rdata[1 + rdata[0]:]
    return out


def rsa(data):
    """RFC 2537 2, with its limits."""
    if not data:
        raise Bad
    n, at = data[0], 1
    if n == 0:
        n, at = int.from_bytes(data[1:3], "big"), 3
        if n < 256:
            raise Bad
    exponent, modulus = data[at:at + n], data[at + n:]
    if len(exponent) < n or n > 512 or not modulus or exponent[0] == 0 or modulus[0] == 0:
        raise Bad
    if not 512 <= int.from_bytes(modulus, "big").bit_length() <= 4096:
        raise Bad
    return {"exponent_hex": exponent.hex(), "modulus_hex": modulus.hex()}


def key(text):
    if not re.fullmatch(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", text):
        raise Bad
    data = base64.b64decode(text)
    if base64.b64encode(data).decode() != text:  # pad bits
        raise Bad
    return rsa(data)


def gateway(text):
    if text.startswith("@"):
        name = text[1:].removesuffix(".")
        label = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
        if len(name) > 253 or not re.fullmatch(rf"{label}(?:\.{label})*", name):
            raise Bad
        return "fqdn", name
    try:
        address = ipaddress.IPv4Address(text)  # refuses leading zeros
    except ValueError:
        raise Bad from None
    if any(address in n for n in HOSTS):
        raise Bad
    return "ipv4", str(address)


def txt(rdata, dialect):
    try:
        text = strings(rdata).decode("latin-1")
        name = NAME.match(text)
        if not name or not name["behind"].lstrip(SPACE).startswith("(") or FOREIGN.match(name["behind"]):
            return IGNORE
        found = REST.fullmatch(name["behind"])
        if not found or int(found["p"]) > 65535:
            return MALFORMED
        kind, value = gateway(found["gateway"])
        digits = found["key"]
        if dialect == "rfc":
            digits = "".join(c for c in digits if c not in SPACE)
        elif found["gap"] != " ":
            return MALFORMED
        if not digits and dialect == "draft":
            return MALFORMED
        return {"status": "ok", "precedence": int(found["p"]), "gateway_type": kind, "gateway": value, "key": key(digits) if digits else None}
    except Bad:
        return MALFORMED


def key_record(rdata):
    try:
        flags, protocol, algorithm = int.from_bytes(rdata[:2], "big"), rdata[2:3], rdata[3:4]
        if len(rdata) < 4:
            return MALFORMED
        if protocol != b"\4" or flags & 0xC000 == 0xC000:
            return IGNORE
        if algorithm != b"\1":
            return IGNORE
        return {"status": "ok", "key": rsa(rdata[4:])} if flags == 0x4200 else MALFORMED
    except Bad:
        return MALFORMED
