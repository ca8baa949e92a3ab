# SPDX-License-Identifier: MIT
"""draftproof oe lookup against real servers: NSD with zones that are signed for the test, and a validating Unbound in front of it (scripts/oe-zone)."""
import json
import re
import shutil
import signal
import subprocess
import time

import pytest

import oe_zone
import programs
from programs import DEADLINE, one_useful_line, run

pytestmark = pytest.mark.own
WAYS = ["resolver", "master"]
ALL = [f"192.0.2.{n}" for n in range(66, 82)] + ["198.51.100.66", "203.0.113.66", "203.0.113.67", "198.18.0.66", "198.18.1.66", "192.1.0.65", "2001:db8::66", "2001:db8::67"]


@pytest.fixture(scope="module")
def zone(tmp_path_factory):
    with oe_zone.running(tmp_path_factory.mktemp("zone") / "dir") as z:
        yield z


def looked_up(*arguments, stdin=b"", status=None, deadline=DEADLINE):
    """The objects of --json."""
    done = run("oe", "lookup", "--json", *arguments, stdin=stdin, deadline=deadline)
    assert done.status in ((0, 1) if status is None else (status,)), done
    assert not done.err, done
    return [json.loads(line) for line in done.out.splitlines()]


def one(*arguments, **more):
    found = looked_up(*arguments, **more)
    assert len(found) == 1
    return found[0]


# Address, status and DNSSEC of its TXT, decision, gateway, number of keys, clause of the last rule; by RFC 4322.
DECIDED = [
    ("192.0.2.66", "NOERROR", "secure", "encrypt", "192.1.1.5", 1, "OE-4.2-1"),
    ("192.0.2.67", "NOERROR", "secure", "drop", None, 0, "OERFC-3.2.4-2"),      # as printed: OE-D02
    ("192.0.2.68", "NOERROR", "secure", "encrypt", "192.1.1.5", 1, "OE-4.2-1"),  # as meant
    ("192.0.2.69", "NOERROR", "secure", "drop", None, 0, "OERFC-3.2.4-2"),
    ("192.0.2.70", "NOERROR", "secure", "encrypt", "192.1.1.5", 1, "OE-4.2-1"),
    ("192.0.2.71", "NOERROR", "secure", "clear", None, 0, "OE-1.2-4"),
    ("192.0.2.72", "NXDOMAIN", "secure", "clear", None, 0, "OE-1.2-4"),
    ("192.0.2.73", "NOERROR", "secure", "encrypt", "192.1.1.50", 1, "OE-4.2-1"),
    ("192.0.2.74", "NOERROR", "secure", "encrypt", "192.1.1.5", 1, "OERFC-5.2-2"),
    ("192.0.2.75", "NOERROR", "secure", "clear", None, 0, "OE-1.2-4"),
    ("192.0.2.76", "NOERROR", "secure", "clear", None, 0, "OE-1.2-4"),
    ("192.0.2.77", "NOERROR", "secure", "encrypt", "192.1.1.5", 1, "OE-4.2-1"),
    ("192.0.2.78", "NOERROR", "secure", "encrypt", "192.1.1.5", 2, "OE-4.2-1"),
    ("192.0.2.79", "NOERROR", "secure", "encrypt", "192.1.1.5", 1, "OE-4.2-1"),
    ("192.0.2.80", "NOERROR", "secure", "clear", None, 0, "OE-1.2-4"),
    ("192.0.2.81", "NOERROR", "secure", "encrypt", "192.0.2.81", 1, "OE-4.2-1"),
    ("198.51.100.66", "NOERROR", "insecure", "encrypt", "192.1.1.5", 1, "OE-4.2-1"),
    ("203.0.113.66", None, "bogus", "drop", None, 0, "OERFC-3.2.4-3"),
    ("203.0.113.67", "NOERROR", "secure", "encrypt", "192.1.1.5", 1, "OE-4.2-1"),
    ("198.18.0.66", None, "bogus", "drop", None, 0, "OERFC-3.2.4-3"),
    ("198.18.1.66", "SERVFAIL", "", "clear", None, 0, "OE-11.1-1"),
    ("192.1.0.65", "NOERROR", "secure", "encrypt", "192.1.1.4", 1, "OE-4.2-1"),
    ("2001:db8::66", "NOERROR", "secure", "encrypt", "192.1.1.5", 1, "OE-4.2-1"),
    ("2001:db8::67", "NOERROR", "secure", "drop", None, 0, "OERFC-3.2.4-2"),     # OE-D32
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("address, status, dnssec, decision, gateway, keys, clause", DECIDED, ids=[d[0] for d in DECIDED])
def test_decisions(zone, way, address, status, dnssec, decision, gateway, keys, clause):
    got = one(*zone.validated(way), "--dialect", "rfc", address, status=1 if dnssec in ("bogus", "") else 0)
    txt = got["lookups"][0]
    assert txt["type"] == "TXT" and txt["dnssec"] == dnssec and status in (None, txt["status"]), got
    assert (got["decision"], got.get("gateway"), len(got["keys"]), got["trail"][-1]["clause"]) == (decision, gateway, keys, clause), got
    assert got["address"] == address


def test_every_host_of_the_zone_is_looked_up():
    assert sorted(d[0] for d in DECIDED) == sorted(ALL)


def test_the_draft_takes_other_records(zone):
    """Malformed and bogus answers open the way where the policy does; a record without key is read by the tolerant only, and IPv6 so in RFC 4322 alone."""
    by = {a: one(*zone.validated("resolver"), "--dialect", "draft", a) for a in ("192.0.2.67", "203.0.113.66", "192.0.2.74", "2001:db8::67")}
    assert {a: g["decision"] for a, g in by.items()} == dict.fromkeys(by, "clear")
    assert by["192.0.2.67"]["trail"][-2]["clause"] == "OE-4.2-4"
    tolerant = one(*zone.validated("resolver"), "--dialect", "draft", "--tolerant", "192.0.2.74")
    assert (tolerant["decision"], tolerant["gateway"]) == ("encrypt", "192.1.1.5")
    assert [x["type"] for x in tolerant["lookups"]] == ["TXT", "KEY"]
    assert one(*zone.validated("resolver"), "--dialect", "draft", "--tolerant", "2001:db8::67")["decision"] == "clear"
    six = one(*zone.validated("resolver"), "--tolerant", "--dialect", "rfc", "2001:db8::67")
    assert (six["decision"], six["gateway"]) == ("encrypt", "2001:db8:1::5")


def test_policy_decides(zone):
    def decision(*options):
        return one(*zone.validated("resolver"), "--dialect", "rfc", *options)["decision"]
    assert decision("--class", "paranoid", "192.0.2.72") == "drop"
    assert decision("--class", "paranoid", "198.18.1.66") == "drop"
    assert decision("--class", "deny", "192.0.2.66") == "drop"
    assert decision("--class-of", "192.0.2.66=deny", "192.0.2.66") == "drop"
    assert decision("--class-of", "192.0.2.66=deny", "192.0.2.68") == "encrypt"
    assert decision("--unsigned", "ignore", "192.0.2.66") == "encrypt"
    assert decision("--unsigned", "ignore", "198.51.100.66") == "clear"
    assert decision("--unsigned", "own", "198.51.100.66") == "clear"
    assert decision("--spoil", "192.0.2.77") == "drop"
    assert one(*zone.validated("resolver"), "--self", "192.1.1.5", "192.0.2.79")["gateway"] == "192.1.1.6"
    assert one(*zone.way("resolver"), "--self", "192.1.1.5", "--class", "deny", "192.0.2.66")["lookups"] == []  # nobody is asked


def test_without_anchor_nothing_is_told(zone):
    got = one(*zone.way("master"), "--dialect", "draft", "203.0.113.66")
    assert got["lookups"][0]["dnssec"] == "indeterminate"
    assert (got["decision"], got["gateway"]) == ("encrypt", "192.1.1.7")  # the changed gateway: this is what DNSSEC is for
    assert one(*zone.way("master"), "--dialect", "draft", "--untold", "bogus", "203.0.113.66")["decision"] == "clear"
    through = one(*zone.way("resolver"), "--dialect", "draft", "203.0.113.66", status=1)  # the resolver validates for us
    assert through["lookups"][0]["status"] == "SERVFAIL" and through["decision"] == "clear"


def test_what_is_bogus_is_told_why(zone):
    got = one(*zone.validated("master"), "203.0.113.66")
    assert "signature" in got["lookups"][0]["why"]
    assert "expired" in one(*zone.validated("master"), "198.18.0.66")["lookups"][0]["why"]


def test_records_are_those_of_the_zone(zone):
    got = one(*zone.validated("resolver"), "192.0.2.66")
    (line,) = got["lookups"][0]["records"]
    parsed = run("oe", "parse", "--json", stdin=line.encode() + b"\n")
    record = json.loads(parsed.out)
    assert (record["owner"], record["draft"], record["gateway"], record["bits"]) == ("66.2.0.192.in-addr.arpa.", "good", "192.1.1.5", 2192)
    (key,) = got["keys"]
    assert (key["modulus_hex"], key["exponent_hex"]) == (record["modulus"], record["exponent"])
    printed = subprocess.run(["openssl", "rsa", "-in", zone.folder / "sg-b.pem", "-noout", "-modulus"], check=True, capture_output=True, text=True).stdout
    assert printed.strip().removeprefix("Modulus=").lower() == key["modulus_hex"]


def test_alias(zone):
    first, second = one(*zone.validated("resolver"), "192.0.2.70")["lookups"][0]["records"]
    assert re.fullmatch(r"70\.2\.0\.192\.in-addr\.arpa\. \d+ IN CNAME 70\.64-79\.2\.0\.192\.in-addr\.arpa\.", first)
    assert re.match(r'70\.64-79\.2\.0\.192\.in-addr\.arpa\. \d+ IN TXT "X-IPsec-Server\(10\)=192\.1\.1\.5 ', second)


@pytest.mark.parametrize("options", [[], ["--tcp"], ["--bufsize", "512"], ["--bufsize", "4096"]], ids=" ".join)
@pytest.mark.parametrize("way", WAYS)
def test_truncated_answers_follow_by_tcp(zone, way, options):
    """Forty records are some 18,000 octets: more than any datagram here."""
    got = one(*zone.validated(way), *options, "192.0.2.73", status=0)
    records = got["lookups"][0]["records"]
    assert len(records) == 40 and sum(map(len, records)) > 16000
    assert got["gateway"] == "192.1.1.50"


def test_tcp_at_once(zone):
    with oe_zone.by_tcp_only(zone.resolver) as at:
        assert one("--server", at, "--tcp", "192.0.2.66", status=0)["decision"] == "encrypt"
        assert one("--server", at, "--timeout", "0.5", "192.0.2.66", status=1)["decision"] == "clear"


@pytest.mark.parametrize("options, size, validates, recursive", [([], 1232, False, True), (["--bufsize", "4096"], 4096, False, True), (["--direct=2.0.192.in-addr.arpa"], 1232, False, False),
                                                                 (["--trust-anchor"], 1232, True, True)])
def test_what_is_asked(zone, options, size, validates, recursive):
    message = pytest.importorskip("dns.message")
    with oe_zone.listening() as (heard, at):
        p = programs.Program([programs.find_binary(), "oe", "lookup", "--server", at, *options, *([zone.anchor] if validates else []), "--timeout", "20", "192.0.2.66"])
        query = message.from_wire(heard.recv(4096))
        p.kill()
    assert validates or query.question[0].to_text() == "66.2.0.192.in-addr.arpa. IN TXT"  # what validates may begin with keys
    assert (query.edns, query.payload) == (0, size)
    assert bool(query.flags & 0x0100) == recursive
    assert bool(query.ednsflags & 0x8000) or not validates


def test_one_string_of_several(zone):
    """A key of 2192 bits takes two strings, and a reader of ldns agrees about them."""
    got = one(*zone.validated("resolver"), "192.0.2.66")["lookups"][0]["records"][0]
    host, port = zone.server.split(":")
    drill = subprocess.run(["drill", "-p", port, f"@{host}", "TXT", "66.2.0.192.in-addr.arpa"], check=True, capture_output=True, text=True).stdout
    (theirs,) = re.findall(r'^66\.2\.0\.192\.in-addr\.arpa\.\s.*TXT\s+(.*)$', drill, re.M)
    assert re.findall(r'"([^"]*)"', got) == re.findall(r'"([^"]*)"', theirs)


# --- anchors -----------------------------------------------------------------------------------------------------------------------

def test_anchor_as_ds_and_in_parentheses(zone, tmp_path):
    (ds,) = zone.folder.glob("K.+*.ds")
    assert one(*zone.way("resolver"), "--trust-anchor", ds, "192.0.2.66")["lookups"][0]["dnssec"] == "secure"
    words = (zone.folder / "anchor").read_text().split(";")[0].split()
    folded = tmp_path / "folded"
    folded.write_text(f"; the key of the root\n{' '.join(words[:-1])} ( ; in two pieces\n  {words[-1][:20]}\n  {words[-1][20:]} )\n")
    assert one(*zone.way("resolver"), "--trust-anchor", folded, "192.0.2.66")["lookups"][0]["dnssec"] == "secure"


def test_anchor_of_one_zone(zone):
    """Where no anchor stands above a name nothing can be told of it."""
    (ds,) = zone.folder.glob("K2.0.192*.ds")
    assert one(*zone.way("resolver"), "--trust-anchor", ds, "192.0.2.66")["lookups"][0]["dnssec"] == "secure"
    assert one(*zone.way("resolver"), "--trust-anchor", ds, "198.51.100.66")["lookups"][0]["dnssec"] == "indeterminate"
    assert one(*zone.way("resolver"), "--trust-anchor", ds, "192.0.12.66")["lookups"][0]["dnssec"] == "indeterminate"  # ends in the same letters


def test_wrong_anchor_makes_all_bogus(zone, tmp_path):
    subprocess.run(["ldns-keygen", "-a", "ECDSAP256SHA256", "-k", "."], check=True, capture_output=True, cwd=tmp_path)
    (key,) = tmp_path.glob("K.+*.key")
    for address in ("192.0.2.66", "198.51.100.66", "192.0.2.72"):
        got = one(*zone.way("master"), "--dialect", "rfc", "--trust-anchor", key, address, status=1)
        assert (got["lookups"][0]["dnssec"], got["decision"]) == ("bogus", "drop")


# --- servers that are not well ------------------------------------------------------------------------------------------------------

def test_silent_server(zone):
    with oe_zone.silent() as at:
        began = time.monotonic()
        got = one("--server", at, "--timeout", "0.3", "192.0.2.66", status=1)
    assert time.monotonic() - began < 10
    assert (got["lookups"][0]["status"], got["decision"], got["trail"][-1]["clause"]) == ("none in time", "clear", "OE-11.1-1")


def test_closed_port():
    got = one("--server", oe_zone.closed(), "--timeout", "2", "192.0.2.66", status=1)
    assert got["decision"] == "clear" and got["lookups"][0]["status"] in ("SERVFAIL", "none in time")


def test_second_server_helps(zone):
    got = one("--server", oe_zone.closed(), *zone.way("resolver"), "--timeout", "20", "192.0.2.66", status=0)
    assert got["decision"] == "encrypt"


# --- many -------------------------------------------------------------------------------------------------------------------------

def test_many_at_once_in_their_order(zone):
    addresses = [f"192.0.2.{n}" for n in range(100, 200)] + ALL
    text = "".join(f"{a}\n" for a in addresses).encode()
    for jobs in (1, 8, 500):
        got = looked_up(*zone.validated("resolver"), "--dialect", "rfc", "--jobs", jobs, "--file", "-", stdin=text)
        assert [g["address"] for g in got] == addresses
        assert all(g["decision"] == "encrypt" for g in got[:100])
        assert [g["decision"] for g in got[100:]] == [next(d[3] for d in DECIDED if d[0] == a) for a in ALL]


def test_they_overlap():
    """A hundred look-ups that each wait for a second."""
    with oe_zone.silent() as at:
        began = time.monotonic()
        got = looked_up("--server", at, "--timeout", "1", "--jobs", "100", *(f"192.0.2.{n}" for n in range(1, 101)), status=1)
    assert len(got) == 100 and time.monotonic() - began < 20
    assert all(x["lookups"][0]["status"] == "none in time" for x in got)


def test_interrupted(zone):
    with oe_zone.silent() as at:
        p = programs.Program([programs.find_binary(), "oe", "lookup", *zone.way("resolver"), "--jobs", "1", "192.0.2.66", "192.0.2.68"])
        p.rest()
        p = programs.Program([programs.find_binary(), "oe", "lookup", "--server", at, "--json", "--timeout", "60", "192.0.2.66"])
        assert programs.until(lambda: p.fds() > 6, what="a loop that runs")
        p.signal(signal.SIGINT)
        done = p.rest()
    assert done.status == 3 and "interrupted: 0 of 1" in done.err, done


# --- how it is told -----------------------------------------------------------------------------------------------------------------

def test_reads_like_dig(zone):
    done = run("oe", "lookup", *zone.validated("resolver"), "192.0.2.66", "192.0.2.72")
    assert done.status == 0, done
    for text in (";; draftproof oe lookup 192.0.2.66\n", ";; QUESTION SECTION:\n;66.2.0.192.in-addr.arpa.\tIN\tTXT\n",
                 ";; status: NOERROR, DNSSEC: secure\n",
                 f";; SERVER: {zone.resolver}\n", ";; record 1: good in rfc, precedence 10, gateway 192.1.1.5, key of 2192 bits\n",
                 ";; decision: encrypt, gateway 192.1.1.5", "(OE-4.2-1)", ";; status: NXDOMAIN, DNSSEC: secure\n", ";; decision: clear", "(OE-1.2-4)"):
        assert text in done.out, (text, done)
    assert re.search(r'^;; ANSWER SECTION:\n66\.2\.0\.192\.in-addr\.arpa\. \d+ IN TXT "X-IPsec-Server\(10\)=192\.1\.1\.5 ', done.out, re.M)
    assert re.search(r";; Query time: \d+ msec\n", done.out)
    # all but comments is a master file
    parsed = run("oe", "parse", stdin=done.out.encode())
    assert parsed.status == 0 and "gateway 192.1.1.5" in parsed.out, parsed


def test_example_as_printed_is_told_what_is_wrong(zone):
    done = run("oe", "lookup", *zone.validated("resolver"), "192.0.2.67")
    assert ";; record 1: bad in rfc, precedence 10, gateway 192.1.1.5\n" in done.out, done
    assert ";;   bad: the key is no base64 (OE-7.2-11)\n" in done.out


def test_addresses_from_a_file(zone, tmp_path):
    path = tmp_path / "addresses"
    path.write_text("# hosts\n192.0.2.66\n\n  192.0.2.72  # nobody\r\n2001:db8::66\n")
    got = looked_up(*zone.validated("resolver"), "--file", path)
    assert [g["address"] for g in got] == ["192.0.2.66", "192.0.2.72", "2001:db8::66"]
    assert [g["address"] for g in looked_up(*zone.validated("resolver"), stdin=path.read_bytes())] == [g["address"] for g in got]
    path.write_text("192.0.2.66\n192.0.2.256\n")
    one_useful_line(run("oe", "lookup", *zone.way("resolver"), "--file", path), f"{path}:2", "192.0.2.256")
    assert run("oe", "lookup", *zone.way("resolver"), stdin=b"").status == 3


def test_port_goes_to_servers_without_one(zone):
    port = zone.resolver.split(":")[1]
    assert one("--server", "127.0.0.1", "--port", port, "192.0.2.66", status=0)["decision"] == "encrypt"
    assert one("--port", "1", "--server", zone.resolver, "192.0.2.66", status=0)["decision"] == "encrypt"


@pytest.mark.parametrize("words, arguments", [
    (["example.org", "no address"], ["example.org"]),
    (["192.0.2"], ["192.0.2"]),
    (["ns.example", "127.0.0.1:5353"], ["--server", "ns.example", "192.0.2.1"]),
    (["--port"], ["--port", "0", "192.0.2.1"]),
    (["--bufsize"], ["--bufsize", "511", "192.0.2.1"]),
    (["--jobs"], ["--jobs", "0", "192.0.2.1"]),
    (["--timeout"], ["--timeout", "0", "192.0.2.1"]),
    (["--direct", "--server"], ["--direct", "192.0.2.1"]),
    (["zone"], ["--server", "127.0.0.1:1", "--direct=a..b", "192.0.2.1"]),
    (["--class"], ["--class", "paranoic", "192.0.2.1"]),
    (["--class-of"], ["--class-of", "192.0.2.1", "192.0.2.1"]),
    (["--self"], ["--self", "gw", "192.0.2.1"]),
    (["--public"], ["--public", "10.0.0.1=x", "192.0.2.1"]),
    (["--source"], ["--source", "alice", "192.0.2.1"]),
    (["draft, rfc"], ["--dialect", "raft", "192.0.2.1"]),
    (["nowhere"], ["--trust-anchor", "nowhere", "192.0.2.1"]),
    (["nowhere"], ["--file", "nowhere"]),
], ids=lambda v: " ".join(v))
def test_wrong_use(words, arguments):
    one_useful_line(run("oe", "lookup", *arguments), *words)


@pytest.mark.parametrize("text, word", [("", "no DS or DNSKEY"), ("example. IN TXT \"x\"\n", ":1: no DS or DNSKEY"), ("; c\n\nexample. IN DS\n", ":3: nothing behind"),
                                        ("example. IN DS ( 1 8 2 00\n", ":1: a parenthesis"), ("a..b. IN DS 1 8 2 00\n", ""),
                                        (". IN DNSKEY 257 3 13 " + 5000 * "A" + "\n", ":1: longer"), (". IN DS 1 8 2 zz\n", "trust anchors")],
                         ids=["empty", "txt", "nothing behind", "parenthesis", "owner", "long", "digits"])
def test_anchors_that_are_none(tmp_path, text, word):
    path = tmp_path / "anchor"
    path.write_text(text)
    one_useful_line(run("oe", "lookup", "--server", oe_zone.closed(), "--trust-anchor", path, "192.0.2.1"), word)


# --- the zone itself ------------------------------------------------------------------------------------------------------------------

def test_servers_end_with_the_zone(tmp_path):
    oe_zone.wanted(*oe_zone.TOOLS)
    folder = tmp_path / "dir"
    with oe_zone.running(folder):
        assert len(oe_zone.processes_below(folder)) >= 3
    assert programs.until(lambda: not oe_zone.processes_below(folder), what="no server is left")
    with oe_zone.running(folder):  # a folder of its own is used again
        pass


def test_zone_leaves_other_folders_alone(tmp_path):
    (tmp_path / "mine").write_text("x")
    done = subprocess.run([programs.ROOT / "scripts" / "oe-zone", tmp_path, "--draftproof", programs.find_binary()], capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 1 and "holds something else" in done.stderr
    assert shutil.os.listdir(tmp_path) == ["mine"]


def test_readme_tells_what_happens(zone):
    """Its look-ups, at other ports: the same decisions for the same reasons."""
    readme = (programs.ROOT / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^### Looking gateways up\n(.*?)(?=^##)", readme, re.M | re.S)[1]
    blocks = re.findall(r"^```\n(.*?)^```", section, re.M | re.S)
    commands = [line for b in blocks for line in b.splitlines() if line.startswith("draftproof oe lookup ")]
    assert len(commands) == 3
    said = []
    for command in commands:
        words = command.replace("127.0.0.1:5302", zone.resolver).replace("127.0.0.1:5301", zone.server).replace("zone/anchor", zone.anchor).split()
        said.append(run(*words[1:]).out)
    printed = next(b for b in blocks if b.startswith(";; draftproof oe lookup"))
    steps = re.compile(r"^;;   \d\. .*$|^;; (?:decision|status|record).*$", re.M)
    assert steps.findall(said[0]) == steps.findall(printed)
    assert ";; decision: encrypt, gateway 192.1.1.7" in said[1]
    assert ";; decision: drop" in said[2] and ";; bogus: " in said[2]
