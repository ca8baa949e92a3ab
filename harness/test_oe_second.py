# SPDX-License-Identifier: MIT
"""Second opinions: every record of vectors/oe and of the cases of oe-parser is read by ldns and by dnspython as well.  Where both they and we read a
record, all say the same; where one of us does not, EXPLAINED says why."""
import base64
import re

import pytest

pytest.importorskip("dns", reason="python3-dnspython is not installed (scripts/deps test)")
import oe_second  # noqa: E402
from oe_second import KEY, TXT  # noqa: E402

pytestmark = pytest.mark.own
READERS = ["ldns", "dnspython"]

# (reader, what it does where we do not, names of the records): why.  What is not in here is a failure.
EXPLAINED = {
    # text of master files
    ("ldns", "refuses", r"mnemonics|signatory|of a zone|KEY without key|/master(-\S+)? (head|flags)=.*[A-Z]{3}"): "ldns has no mnemonics of KEY (RFC 2535 7.1)",
    ("ldns", "refuses", r"hexadecimal"): "hexadecimal flags are for the tolerant reading of OE-D16 alone",
    ("ldns", "refuses", r"base64 without padding"): "base64 without padding is for the tolerant reading alone",
    ("ldns", "refuses", r"Lines before the record"): "ldns gives an empty line as such, and the record at the next call",
    ("ldns", "refuses", r"octets that are no strings"): "the generic form is octets for us, and what they say is another question",
    ("ldns", "refuses", r"(; \$KEY1|head=\"49664 4 1\")"): "ldns wants a key even where RFC 2535 3.1.2 has none behind the algorithm",
    ("ldns", "differs", r"Words without quotation marks"): "a parenthesis in a word that is not quoted: we part words there, ldns does not",
    ("ldns", "takes", r"KEY, (flags|protocol|algorithm) too large|text=\"(65536|-1) 4 1|text=\"16896 256|text=\"16896 4 256"): "ldns wraps numbers that are too large",
    ("ldns", "takes", r"without end|over two lines|not closed|not opened|in parentheses|master-txt-wrong|text=\"16896 4 1 (\(|\$KEY1 \))"):
        "ldns ends quotation marks and parentheses by itself",
    ("ldns", "takes", r"quotation mark in a word"): "ldns takes a quotation mark in a word as any octet",
    ("ldns", "takes", r"Generic form, (no digits|a word for the number|a number too large)"): "ldns reads another thing than the generic form (RFC 3597 5) of it",
    ("dnspython", "refuses", r"mnemonics|signatory|of a zone|KEY without key|/master(-\S+)? (head|flags)=.*[A-Z]{3}"): "dnspython has KEY in the generic form alone, and no mnemonics of it",
    ("dnspython", "refuses", r"KEY|7\.1 "): "dnspython has KEY in the generic form alone",
    ("dnspython", "refuses", r"hexadecimal"): "hexadecimal flags are for the tolerant reading of OE-D16 alone",
    ("dnspython", "refuses", r"octets that are no strings"): "the generic form is octets for us, and what they say is another question",
    ("dnspython", "refuses", r"(; \$KEY1|head=\"49664 4 1\")"): "dnspython wants a key even where RFC 2535 3.1.2 has none behind the algorithm",
    ("dnspython", "takes", r"master-no-base64"): "dnspython passes over what is no digit of base64",
    ("dnspython", "takes", r"in parentheses"): "dnspython takes parentheses in parentheses",
    ("dnspython", "takes", r"quotation mark in a word"): "dnspython ends the word there",
    # of all
    ("both", "refuses", r"Class before TTL"): "they have TTL and class in one order; RFC 1035 5.1 has both",
    ("both", "refuses", r"a quoted owner"): "oe parse takes what begins with a quotation mark as RDATA alone",
    ("both", "takes", r"What follows the line is left"): "they are asked for the first record alone",
    ("both", "takes", r"a TTL too large"): "a TTL above 2147483647 counts as 0 (RFC 2181 8); we tell it as a mistake of the zone",
    ("both", "takes", r"Refused: another (type|class)"): "that is none of our records",
}


@pytest.fixture(scope="module")
def readers():
    return {"ldns": oe_second.Ldns(), "dnspython": oe_second.Dnspython()}


@pytest.fixture(scope="module")
def records():
    """form: list of (name, octets, what we say)."""
    found = {}
    for name, form, octets in oe_second.records():
        found.setdefault(form, []).append((name, octets))
    told = {}
    for form, some in found.items():
        told[form] = [(name, octets, said) for (name, octets), said in zip(some, oe_second.ours(form, [o for _, o in some]))]
    return told


def explained(reader, what, name):
    return any(r in (reader, "both") and w == what and re.search(pattern, name) for r, w, pattern in EXPLAINED)


def faults(said):
    return {n["fault"] for n in said["notes"]}


def test_there_are_many(records):
    assert len(records["TXT"]) > 900 and len(records["KEY"]) > 150
    assert len(records["line"]) > 70 and len(records["TXT-text"]) > 10 and len(records["KEY-text"]) > 40


@pytest.mark.parametrize("reader", READERS)
def test_txt_rdata(records, readers, reader):
    """The same strings, the same text; what they cannot read is RDATA whose last string is cut off."""
    read = 0
    for name, octets, said in records["TXT"]:
        try:
            got = readers[reader].wire(TXT, octets)
        except oe_second.Refused:
            assert "TXT_CUT" in faults(said) or octets == b"", name
            continue
        assert "TXT_CUT" not in faults(said), name
        assert got["rdata"] == octets, name
        assert b"".join(got["strings"]).hex() == said["text_hex"], name
        read += 1
    assert read > 900


@pytest.mark.parametrize("reader", READERS)
def test_key_rdata(records, readers, reader):
    """The same fields; what they cannot read is shorter than these fields."""
    for name, octets, said in records["KEY"]:
        try:
            got = readers[reader].wire(KEY, octets)
        except oe_second.Refused:
            assert "KEY_CUT" in faults(said), name
            continue
        assert got["rdata"] == octets, name
        if len(octets) >= 4:
            assert (got["flags"], got["protocol"], got["algorithm"]) == (said["flags"], said["protocol"], said["algorithm"]), name
            assert got["data"] == octets[4:], name


# Where we have no key in KEY though ldns makes one of the octets, which knows neither flags nor algorithms there.
NO_KEY = {"KEY_ALGORITHM", "KEY_PROTOCOL", "KEY_NONE", "KEY_NONE_MORE", "KEY_NO_AUTH", "KEY_EXTENDED", "RSA_NO_EXPONENT"}


def test_rsa_numbers(records, readers):
    """Exponent and modulus, as OpenSSL has them behind ldns."""
    ldns, read = readers["ldns"], 0
    data = [(name, octets[4:], said) for name, octets, said in records["KEY"]]
    for name, _, said in records["TXT"]:
        text = bytes.fromhex(said["text_hex"])
        m = re.fullmatch(rb"x-ipsec-server\(\d+\)=\S+ ([A-Za-z0-9+/]+=*)", text, re.I)
        if m and len(m[1]) % 4 == 0 and "modulus" in said:
            data.append((name, base64.b64decode(m[1]), said))
    for name, octets, said in data:
        numbers = ldns.rsa(octets)
        if "modulus" in said:
            assert numbers == (int(said["exponent"], 16), int(said["modulus"], 16)), name
            read += 1
        else:
            assert numbers is None or faults(said) & NO_KEY, (name, faults(said))
    assert read > 500


@pytest.mark.parametrize("reader", READERS)
def test_they_read_what_we_print(records, readers, reader):
    for form, type_ in (("TXT", TXT), ("KEY", KEY)):
        for name, octets, said in records[form]:
            if "master" not in said:  # no such RDATA can be printed
                assert faults(said) & {"TXT_CUT", "KEY_CUT"} or octets == b"", name
                continue
            if type_ == KEY and len(octets) == 4:
                with pytest.raises(oe_second.Refused):  # RFC 2535 3.1.2 has such, and they want a key behind the algorithm
                    readers[reader].text(type_, said["master"])
                continue
            assert readers[reader].text(type_, said["master"])["rdata"] == octets, name


@pytest.mark.parametrize("reader", READERS)
def test_we_read_what_they_print(records, readers, reader):
    for form, type_ in (("TXT", TXT), ("KEY", KEY)):
        lines, wanted = [], []
        for name, octets, _ in records[form]:
            try:
                got = readers[reader].wire(type_, octets)
            except oe_second.Refused:
                continue
            if got["text"].strip() and not (type_ == KEY and len(octets) < 4):
                lines.append(f"x. 300 IN {form} {got['text']}\n")
                wanted.append((name, octets))
        done = oe_second.programs.run("oe", "parse", "--json", "--form", "master", stdin="".join(lines).encode())
        assert not done.err, done.err[:400]
        said = [oe_second.json.loads(line)["rdata_hex"] for line in done.out.splitlines()]
        assert len(said) == len(wanted)
        for (name, octets), hex_text in zip(wanted, said):
            assert hex_text == octets.hex(), name


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("form", ["line", "TXT-text", "KEY-text"])
def test_master_text(records, readers, reader, form):
    """Text of master files: the same octets, or the same refusal, or a reason."""
    same, unexplained = 0, []
    for name, octets, said in records[form]:
        try:
            if form == "line":
                owner_is_there = "owner" in said if said else not re.match(rb"(TXT|KEY) ", octets)
                got = readers[reader].line((octets if owner_is_there or octets[:1].isspace() else b"x. " + octets) + b"\n")
            else:
                got = readers[reader].text(oe_second.NUMBERS[form[:3]], octets.decode("ascii"))
        except (oe_second.Refused, UnicodeDecodeError):
            got = None
        if got is None and said is None:
            continue
        what = "refuses" if got is None else "takes" if said is None else "same" if got["rdata"].hex() == said["rdata_hex"] else "differs"
        same += what == "same"
        if what != "same" and not explained(reader, what, name):
            unexplained.append((what, name))
    assert not unexplained
    assert same >= {"line": 20, "TXT-text": 10, "KEY-text": 12}[form]
