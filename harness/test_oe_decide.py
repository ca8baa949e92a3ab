# SPDX-License-Identifier: MIT
"""draftproof oe decide: a zone and a policy in, a decision with its reasons out; the tables say the same."""
import itertools
import json
import random
import subprocess

import pytest

from programs import one_useful_line, run

pytestmark = pytest.mark.own
BOB = "192.0.2.66"
DIALECTS = ("draft", "rfc")
ENDS = {"permissive": "clear", "paranoid": "drop"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Three RSA keys: file, and what oe decide prints of it."""
    folder, out = tmp_path_factory.mktemp("keys"), []
    for n in range(3):
        file = folder / f"{n}.pem"
        subprocess.run(["openssl", "genrsa", "-out", file, "1024"], check=True, capture_output=True)
        modulus = subprocess.run(["openssl", "rsa", "-in", file, "-noout", "-modulus"], check=True, capture_output=True, text=True).stdout
        out.append((file, modulus.strip().removeprefix("Modulus=").lower()))
    return out


def record(key, gateway, *options, host=BOB):
    done = run("oe", "record", "--host", host, "--gateway", gateway, *options, key[0])
    assert done.status == 0, done
    return done.out


def txt(key, gateway, precedence=10, host=BOB):
    return record(key, gateway, "--only", "txt", "--precedence", str(precedence), host=host)


def bare(gateway, key, host=BOB):
    return record(key, gateway, "--only", "txt", "--no-key", "--dialect", "rfc", host=host)


def key_at(key, gateway):
    return record(key, gateway, "--only", "key")


def decide(zone, *options, status=0):
    """All decisions, of which there is one unless reports lead to more."""
    done = run("oe", "decide", "--json", "--zone", "-", *options, stdin=zone.encode())
    assert done.status == status, done
    return [json.loads(line) for line in done.out.splitlines()]


def one(zone, *options, status=0):
    (only,) = decide(zone, *options, status=status)
    return only


def asked(decision):
    return [(q["type"], q["name"]) for q in decision["asked"]]


# --- initiator


@pytest.mark.parametrize("dialect", DIALECTS)
def test_record(keys, dialect):
    got = one(txt(keys[0], "192.1.1.5"), "--dialect", dialect, "--destination", BOB, "--source", "192.1.0.65")
    assert (got["decision"], got["gateway"], got["source"]) == ("encrypt", "192.1.1.5", "192.1.0.65")
    assert [k["modulus_hex"] for k in got["keys"]] == [keys[0][1]] and got["keys"][0]["exponent_hex"] == "010001"
    assert asked(got) == [("TXT", "66.2.0.192.in-addr.arpa")] and got["life_ms"] == 3600000
    assert all(s["why"] and s["clause"].startswith("OE") for s in got["trail"])


@pytest.mark.parametrize("dialect, policy", itertools.product(DIALECTS, ENDS))
@pytest.mark.parametrize("fact, words", [("--rcode={}=servfail", "servfail"), ("--rcode={}=timeout", "timeout"), ("--rcode={}=nxdomain", "nxdomain"),
                                         ("--rcode={}=nodata", "nodata"), ("--rcode={}=unreadable", "unreadable"), ("--status={}=bogus", "records")])
def test_failures(keys, dialect, policy, fact, words):
    zone = txt(keys[0], "192.1.1.5")
    for name in (BOB, "66.2.0.192.IN-ADDR.arpa.", "*", f"{BOB}/TXT"):
        got = one(zone, "--dialect", dialect, "--class", policy, "--destination", BOB, fact.format(name))
        bogus = "bogus" in fact and dialect == "rfc"
        assert got["decision"] == ("drop" if bogus else ENDS[policy]), got
        assert got["asked"][0]["answer"] == words and got["trail"][-1]["table"] == "fail"
    for name in ("192.0.2.67", f"{BOB}/KEY"):
        assert one(zone, "--destination", BOB, fact.format(name))["decision"] == "encrypt"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_classes_need_no_dns(keys, dialect):
    for policy, want in (("deny", "drop"), ("clear", "clear"), ("configured", "configured tunnel")):
        for options in (["--class", policy], ["--class-of", f"{BOB}={policy}"]):
            got = one(txt(keys[0], "192.1.1.5"), *options, "--dialect", dialect, "--destination", BOB)
            assert got["decision"] == want and got["asked"] == []


def test_truncated(keys):
    got = one(txt(keys[0], "192.1.1.5"), "--destination", BOB, "--rcode", "*=truncated")
    assert got["decision"] == "encrypt" and [q["tcp"] for q in got["asked"]] == [False, True]


def test_order_of_records_does_not_matter(keys):
    records = [txt(keys[0], "192.1.1.9", 9), txt(keys[1], "192.1.1.10", 10), txt(keys[2], "192.1.1.100", 100), txt(keys[1], "192.1.1.9", 200)]
    seen = set()
    for order in itertools.permutations(records):
        first, second, third, end = decide("".join(order), "--class", "paranoid", "--destination", BOB, "--report", "192.1.1.100=refused", "--report", "192.1.1.10=silent", "--report", "192.1.1.9=signature")
        assert (first["gateway"], second["gateway"], third["gateway"], end["decision"]) == ("192.1.1.9", "192.1.1.10", "192.1.1.100", "drop")
        assert {k["modulus_hex"] for k in first["keys"]} == {keys[0][1], keys[1][1]}
        assert end["trail"][-1]["clause"] == "OE-11.2-4" and end["life_ms"] == 300000
        seen.add(first["gateway"])
    assert seen == {"192.1.1.9"}


def test_ties_are_drawn_by_the_seed(keys):
    zone = "".join(txt(keys[0], f"192.1.1.{n}") for n in (5, 6, 7))
    drawn = {}
    for seed in range(20):
        drawn[seed] = one(zone, "--destination", BOB, "--seed", str(seed))["gateway"]
        assert one(zone, "--destination", BOB, "--seed", str(seed))["gateway"] == drawn[seed]
    assert set(drawn.values()) == {"192.1.1.5", "192.1.1.6", "192.1.1.7"}


def test_key_of_the_gateway(keys):
    zone = bare("192.1.1.5", keys[0]) + key_at(keys[1], "192.1.1.5") + key_at(keys[2], "192.1.1.5")
    got = one(zone, "--dialect", "rfc", "--destination", BOB)
    assert got["decision"] == "encrypt" and asked(got)[1] == ("KEY", "5.1.1.192.in-addr.arpa")
    assert {k["modulus_hex"] for k in got["keys"]} == {keys[1][1], keys[2][1]}
    assert one(zone, "--dialect", "draft", "--destination", BOB)["decision"] == "clear"  # the draft has no such record
    assert one(zone, "--dialect", "draft", "--tolerant", "--destination", BOB)["decision"] == "encrypt"
    for what, want in (("--rcode=192.1.1.5=servfail", "clear"), ("--rcode=*/KEY=nxdomain", "clear"), ("--status=192.1.1.5=bogus", "drop")):
        assert one(zone, "--dialect", "rfc", "--destination", BOB, what)["decision"] == want


@pytest.mark.parametrize("unsigned, status, other, itself", [("use", "insecure", 1, 1), ("own", "insecure", 0, 1), ("ignore", "insecure", 0, 0), ("own", "secure", 1, 1), ("ignore", "secure", 1, 1),
                                                             ("own", "indeterminate", 0, 1)])
def test_records_that_are_not_signed(keys, unsigned, status, other, itself):
    for gateway, want in (("192.1.1.5", other), (BOB, itself)):
        got = one(txt(keys[0], gateway), "--dialect", "rfc", "--unsigned", unsigned, f"--status=*={status}", "--destination", BOB)
        assert got["decision"] == ("encrypt" if want else "clear")
    assert one(txt(keys[0], BOB), "--dialect", "rfc", "--untold", "bogus", "--status=*=indeterminate", "--destination", BOB)["decision"] == "drop"


def test_translation(keys):
    zone = txt(keys[0], "192.1.1.5")
    for options, source, want in ((["--nat", "one", "--public", "10.0.0.5=192.1.0.70"], "10.0.0.5", "192.1.0.70"), (["--nat", "many", "--self", "192.1.1.4"], "10.0.0.5", "192.1.1.4"),
                                  (["--nat", "between"], "192.1.0.65", "192.1.0.65")):
        assert one(zone, *options, "--source", source, "--destination", BOB)["source"] == want
    got = one(zone, "--source", "10.0.0.5", "--destination", BOB)
    assert (got["decision"], got["asked"], got["trail"][0]["clause"]) == ("clear", [], "OE-8.1-3")


def test_ourselves_and_names(keys):
    assert one(txt(keys[0], "192.1.1.4"), "--self", "192.1.1.4", "--destination", BOB)["decision"] == "clear"
    assert one(txt(keys[0], "@sg.example.org"), "--destination", BOB)["decision"] == "clear"


# --- responder


@pytest.mark.parametrize("dialect", DIALECTS)
def test_responder(keys, dialect):
    zone = key_at(keys[0], "192.1.1.5") + key_at(keys[1], "192.1.1.5") + key_at(keys[0], "@sg.example.org") + txt(keys[0], "192.1.1.9", 1) + txt(keys[0], "192.1.1.5", 20) + txt(keys[0], "@sg.example.org", 30)
    by_name = ("--phase1", "SG.example.org", "--from", "203.0.113.9")
    table = [
        (("--phase1", "192.1.1.5", "--signed", 0), ["authentic"]), (("--phase1", "192.1.1.5", "--signed", 1), ["authentic"]), (("--phase1", "192.1.1.5", "--signed", 2), ["refuse"]),
        (("--phase1", "192.1.1.6", "--signed", 0), ["refuse"]), (("--phase1", "192.1.1.5", "--signed", 0, "--phase2", BOB), ["authentic", "accept"]),
        (("--phase1", "192.1.1.5", "--signed", 1, "--phase2", BOB), ["authentic", "refuse"]), (("--phase1", "192.1.1.5", "--signed", 0, "--phase2", "192.0.2.67"), ["authentic", "refuse"]),
        (("--phase1", "192.1.1.5", "--signed", 0, "--phase2", "192.1.1.5"), ["authentic", "accept"]), ((*by_name, "--signed", 0, "--phase2", BOB), ["authentic", "accept"]),
        ((*by_name, "--signed", 1, "--phase2", BOB), ["refuse", "refuse"]), (("--phase1", "192.1.1.5", "--signed", 0, "--class", "deny", "--phase2", BOB), ["refuse", "refuse"]),
        (("--phase1", "192.1.1.5", "--signed", 0, "--class-of", "192.1.1.5=configured"), ["configured tunnel"]), (("--phase1", "192.1.1.5", "--signed", 0, "--class-of", f"{BOB}=clear", "--phase2", BOB), ["authentic", "refuse"]),
    ]
    for options, want in table:
        words = [str(keys[o][0]) if isinstance(o, int) else o for o in options]
        assert [d["verdict"] for d in decide(zone, "--dialect", dialect, *words)] == want, options
    got = one(zone, "--phase1", "192.1.1.5", status=3)
    assert got["verdict"] == "check the signature" and len(got["keys"]) == 2


def test_key_as_records_have_it(keys):
    zone = key_at(keys[0], "192.1.1.5")
    base64 = zone.split()[-1]
    assert one(zone, "--phase1", "192.1.1.5", "--signed", base64)["verdict"] == "authentic"
    one_useful_line(run("oe", "decide", "--zone", "/dev/null", "--phase1", "192.1.1.5", "--signed", "nothing"), "nothing")


# --- the zone


def test_zone_as_people_write_it(keys):
    data = txt(keys[0], "192.1.1.5").split(" TXT ")[1]
    zone = f"""$TTL 77 ; seconds
$ORIGIN 2.0.192.IN-ADDR.ARPA.
@ 3600 IN SOA ns.example. h.example. ( 1 ; serial
    3600 600 86400 3600 )
    IN NS ns.example.
66  TXT {data}    IN 300 TXT "v=spf1 -all"
67  CNAME 66
68  3600 IN CNAME 66.2.0.192.in-addr.arpa.
69  CNAME 70
70  CNAME 69
71  A 192.0.2.1
72.2.0.192.in-addr.arpa. TXT {data}"""
    for n in (66, 67, 68, 72):
        got = one(zone, "--destination", f"192.0.2.{n}")
        assert got["decision"] == "encrypt" and got["life_ms"] == 77000, (n, got)
        assert got["asked"][0]["aliases"] == (n in (67, 68))
    for n, answer in ((69, "servfail"), (71, "nodata"), (73, "nxdomain")):
        got = one(zone, "--destination", f"192.0.2.{n}")
        assert (got["decision"], got["asked"][0]["answer"]) == ("clear", answer)
    relative = zone.replace("$ORIGIN 2.0.192.IN-ADDR.ARPA.\n", "")
    assert one(relative, "--origin", "2.0.192.in-addr.arpa", "--destination", BOB)["decision"] == "encrypt"


def test_what_is_passed_over_is_told(keys):
    zone = '$INCLUDE other\n; nothing\n66 1H IN TXT "x"\n67 IN TXT "unended\n$ORIGIN\n' + txt(keys[0], "192.1.1.5")
    done = run("oe", "decide", "--zone", "-", "--destination", BOB, stdin=zone.encode())
    assert done.status == 0 and "decision: encrypt, gateway 192.1.1.5" in done.out
    lines = done.err.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["standard input:1", "standard input:3", "standard input:4", "standard input:5"], done
    assert all("passed over" in line for line in lines) and "4 lines passed over" in done.out


def test_no_zone_is_no_record():
    done = run("oe", "decide", "--zone", "/dev/null", "--destination", "2001:db8::1")
    assert done.status == 0 and "decision: clear" in done.out and "ip6.arpa" in done.out and not done.err


def test_rubbish_for_a_zone():
    rng = random.Random(4322)
    for n in range(60):
        octets = bytes(rng.choice(b'"();\\ \n\t$0aTXTKEYIN@.\x00\xff') for _ in range(rng.randrange(400)))
        done = run("oe", "decide", "--zone", "-", "--destination", BOB, stdin=octets)
        assert done.status == 0 and "decision: clear" in done.out, (n, octets, done)


# --- the tables


def tables():
    done = run("oe", "decide", "--tables", "--json")
    assert done.status == 0
    return {t["table"]: t for t in map(json.loads, done.out.splitlines())}


def test_tables_are_told():
    listed = run("oe", "decide", "--tables")
    assert [line.split()[0] for line in listed.out.splitlines()] == list(tables()) == ["seek", "hop", "fail", "auth", "allow", "nat", "self", "twin"]
    for name, table in tables().items():
        (alone,) = map(json.loads, run("oe", "decide", "--table", name, "--json").out.splitlines())
        assert alone == table
        text = run("oe", "decide", "--table", name).out
        assert all(rule["why"] in text and rule["clause"] in text for rule in table["rules"])


def first(table, **facts):
    """The rule that holds, found again."""
    for rule in table["rules"]:
        if all(facts[axis] in values for axis, values in rule["when"].items()):
            return rule
    raise AssertionError(facts)


@pytest.mark.parametrize("dialect, policy", itertools.product(DIALECTS, ENDS))
def test_decisions_are_those_of_the_tables(keys, dialect, policy):
    """Seek and fail are worked out here by the printed tables, and compared."""
    all_tables, zone = tables(), txt(keys[0], "192.1.1.5")
    names = {"servfail": "servfail", "timeout": "timeout", "nxdomain": "nxdomain", "nodata": "nodata", "unreadable": "unreadable"}
    for rcode, status in itertools.product((None, *names), ("secure", "insecure", "bogus", "indeterminate")):
        options = [f"--status=*={status}"] + ([f"--rcode=*={rcode}"] if rcode else [])
        got = one(zone, "--dialect", dialect, "--class", policy, "--destination", BOB, *options)
        look = "foreign" if status == "bogus" else names.get(rcode, "records")  # what is forged is no answer at all
        seek = first(all_tables["seek"], **{"class": "opportunistic", "dialect": dialect, "unsigned": "use", "indeterminate": "as insecure", "bad beside good": "bad records are ignored", "TXT": look,
                                            "DNSSEC": status, "records": "good"})
        if not seek.get("failure"):
            assert got["decision"] == "encrypt"
            continue
        fail = first(all_tables["fail"], dialect=dialect, fails="open" if policy == "permissive" else "closed", failure=seek["outcome"])
        assert (got["decision"], got["trail"][-2]["why"], got["trail"][-1]["why"]) == (fail["outcome"], seek["why"], fail["why"])


# --- where the gateway stands

@pytest.mark.parametrize("part, reverse, forward, outcome, about", [
    ("initiate", True, True, "identity is the address", "192.1.1.4"),
    ("initiate", True, False, "identity is the address", "192.1.1.4"),
    ("initiate", False, True, "identity is the name", "sg-a.example.org"),
    ("initiate", False, False, "refuse", "192.1.1.4"),
    ("respond", False, False, "identity is the address", "192.1.1.4")])
def test_identity(keys, part, reverse, forward, outcome, about):
    """By address where the reverse map has the key, else by name (6.3, 7.3); an initiator that nobody could find a key of has none."""
    by_address = key_at(keys[0], "192.1.1.4")
    by_name = by_address.replace("4.1.1.192.in-addr.arpa.", "sg-a.example.org.")
    assert by_name != by_address
    decision = one((by_address if reverse else "") + (by_name if forward else ""), f"--identify={part}", "--self", "192.1.1.4", "--name", "SG-A.example.org")
    assert decision["decision"] == outcome
    assert [step["about"] for step in decision["trail"]] == [about]


def test_identity_of_any_own_address(keys):
    zone = key_at(keys[0], "192.1.1.9")
    assert one(zone, "--identify", "--self", "192.1.1.4", "--self", "192.1.1.9")["trail"][0]["about"] == "192.1.1.9"
    bogus = one(zone, "--identify", "--self", "192.1.1.9", "--status", "192.1.1.9=bogus")
    assert bogus["decision"] == "refuse"
    short = one(zone, "--identify", "--self", "192.1.1.9", "--rcode", "192.1.1.9=truncated")
    assert short["decision"] == "identity is the address" and [a["tcp"] for a in short["asked"]] == [False, True]


WAYS = {"turns": "use both tunnels", "heard": "use the second tunnel", "routing": "use both tunnels", "refuse": "refuse", "replace": "use the second tunnel"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("second, stronger", [(5, "use the second tunnel"), (10, None), (20, "use the first tunnel")])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_two_tunnels(keys, dialect, second, stronger, way):
    """In the draft the stronger record has it; among equals, and in RFC 4322 always, one of the permitted ways (section 10)."""
    zone = txt(keys[0], "192.1.1.4", 10) + txt(keys[1], "192.1.1.6", second) + txt(keys[2], "192.1.1.6", 60)
    decision = one(zone, "--dialect", dialect, "--destination", BOB, "--tunnels", "192.1.1.4,192.1.1.6", "--way", way)
    assert decision["decision"] == (dialect == "draft" and stronger or WAYS[way])


def test_two_tunnels_as_usual(keys):
    zone = txt(keys[0], "192.1.1.4") + txt(keys[1], "192.1.1.6")
    assert one(zone, "--destination", BOB, "--tunnels", "192.1.1.4,192.1.1.6")["decision"] == WAYS["replace"]
    done = run("oe", "decide", "--zone", "-", "--destination", BOB, "--tunnels", "192.1.1.4,192.1.1.7", stdin=zone.encode())
    assert done.status == 3 and "names 192.1.1.7" in done.err


# --- use


@pytest.mark.parametrize("options, words", [
    ([], ["--destination", "--phase1"]), (["--destination", BOB], ["--zone"]), (["--destination", "bob"], ["--destination", "bob", "address"]), (["--destination", "192.0.2.066"], ["192.0.2.066"]),
    (["--destination", BOB, "--phase1", BOB], ["one of them"]), (["--phase1", BOB, "--source", BOB], ["--source", "--destination"]), (["--phase1", BOB, "--report", f"{BOB}=up"], ["--report"]),
    (["--destination", BOB, "--phase2", BOB], ["--phase2", "--phase1"]), (["--destination", BOB, "--signed", "x"], ["--signed"]), (["--destination", BOB, "--from", BOB], ["--from"]),
    (["--report", "192.1.1.5"], ["GATEWAY=WHAT"]), (["--report", "192.1.1.5=down"], ["down", "silent"]), (["--report", "sg=up"], ["sg", "address"]), (["--rcode", "x"], ["NAME=WHAT"]),
    (["--rcode", "=servfail"], ["NAME=WHAT"]), (["--rcode", "x="], ["NAME=WHAT"]), (["--rcode", "x=refused"], ["refused", "servfail"]), (["--rcode", "x/A=servfail"], ["TXT", "KEY"]),
    (["--status", "x=signed"], ["signed", "secure"]), (["--status", "..=secure"], []), (["--table", "none"], ["none", "seek"]), (["--zone", "/no/such/zone", "--destination", BOB], ["/no/such/zone"]),
    (["--zone", "/dev/null", "--origin", "a" * 300, "--destination", BOB], ["--origin"]), (["--zone", "/dev/null", "--phase1", "no name"], ["no name"]), (["--class", "open"], ["open", "permissive"]),
    (["--identify"], ["--self", "--name"]), (["--identify=listen", "--self", BOB], ["listen", "respond"]), (["--identify", "--self", BOB, "--destination", BOB], ["--identify"]),
    (["--tunnels", "192.1.1.4"], ["FIRST,SECOND"]), (["--tunnels", "192.1.1.4,x"], ["x", "address"]), (["--tunnels", "192.1.1.4,192.1.1.4"], ["one gateway"]), (["--tunnels", "192.1.1.4,192.1.1.5"], ["--destination"]),
    (["--destination", BOB, "--way", "turns"], ["--tunnels"]), (["--destination", BOB, "--way", "luck"], ["luck", "turns"]),
    (["--dialect", "RFC"], ["RFC"]), (["--destinaton", BOB], []), (["--zone", "/dev/null", "--destination", BOB, "more"], []), (["--seed", "-1"], ["-1"]),
])
def test_wrong_use(options, words):
    if options == ["--status", "..=secure"]:
        options = ["--status", "a" * 300 + "=secure"]
    one_useful_line(run("oe", "decide", *options), *words)


def test_help():
    done = run("oe", "decide", "--help")
    assert done.status == 0 and all(o in done.out for o in ("--zone", "--rcode", "--phase1", "--unsigned", "Exit status"))
    assert "decide says" in run("oe", "--help").out
