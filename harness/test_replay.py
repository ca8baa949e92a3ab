# SPDX-License-Identifier: MIT
"""draftproof replay: each capture below pcaps/oe gives what is expected of it, and together they show each fault and each clause kept and broken."""
import json
import re
import shutil
import struct
import subprocess

import pytest

import oe_captures
from programs import ROOT, one_useful_line, run

pytestmark = pytest.mark.own
FOLDER = ROOT / "pcaps" / "oe"
NAMES = sorted(p.name for p in FOLDER.iterdir() if p.is_dir())
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)


def capture(name):
    return next((FOLDER / name).glob("in.pcap*"))


def expected(name):
    return json.loads((FOLDER / name / "expect.json").read_text())


def options(name):
    given = expected(name)["options"]
    return [*(w for a in given["gateway"] for w in ("--gateway", a)), *(["--fresh"] if given["fresh"] else [])]


def verdicts():
    """Each (clause, verdict) that is expected of any capture."""
    return {(clause, verdict) for name in NAMES for dialect in ("draft", "rfc") for who in ("gateway", "other end")
            for clause, verdict in expected(name)[dialect][who].items()}


@pytest.mark.parametrize("name", NAMES)
def test_as_expected(name):
    done = run("replay", "--expect", FOLDER / name / "expect.json", *options(name), capture(name))
    assert done.status == 0 and "as expected" in done.out and not done.err, done


@pytest.mark.parametrize("name", NAMES)
def test_status_and_lines(name, tmp_path):
    """The status follows from the verdicts, which are the same on the terminal and in JSON."""
    for dialect in ("draft", "rfc"):
        done = run("replay", "--all", "--dialect", dialect, "--jsonl", tmp_path / "lines", *options(name), capture(name))
        lines = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()]
        results, summary = lines[:-1], lines[-1]["summary"]
        want = expected(name)[dialect]
        assert sorted((r["clauses"][0], r["verdict"]) for r in results) == sorted([*want["gateway"].items(), *want["other end"].items()])
        assert done.status == (1 if summary["fail"] else 0 if results else 3), done
        for r in results:
            assert re.search(rf"^  {r['verdict']} +{re.escape(r['clauses'][0])} ", done.out, re.M), (r, done)
            assert r["file"] == str(capture(name)) and r["dialect"] == dialect and r["passive"]


def test_made_again(tmp_path):
    """The captures are those that the script makes."""
    oe_captures.main(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == NAMES
    for name in NAMES:
        for path in (tmp_path / name).iterdir():
            assert path.read_bytes() == (FOLDER / name / path.name).read_bytes(), path


def test_every_fault_is_shown():
    text = (ROOT / "impl" / "model" / "oe_track.h").read_text()
    listed = set(re.findall(r"^    X\((\w+), \w+, \w+, \w+, (?:FAIL|WEAK|NOTE|OFF), ", text, re.M))
    shown = {fault for name in NAMES for dialect in ("draft", "rfc") for fault, _, _ in expected(name)[dialect]["faults"]}
    assert len(listed) > 50 and listed == shown


def test_every_clause_is_shown_kept_and_broken():
    rows = [line.split("\t") for line in (ROOT / "vectors" / "clauses" / "oe.tsv").read_text().splitlines()]
    passive = {r[0] for r in rows if r[6] == "passive"}
    shown = verdicts()
    assert passive == {c for c, v in shown if v == "pass"}
    assert passive - {c for c, v in shown if v in ("weak", "fail")} == set()


def test_a_difference_is_told(tmp_path):
    """What is expected is compared in all its parts."""
    for change in (lambda e: e["rfc"]["gateway"].pop("OE-4.4-1"), lambda e: e["rfc"]["gateway"].update({"OE-4.4-1": "weak"}), lambda e: e["draft"]["faults"].append(["ORDER", 3, "192.1.1.4"]),
                   lambda e: e["draft"]["seen"].update({"ESP": 5}), lambda e: e.update(gateway="192.1.1.5"), lambda e: e["draft"]["other end"].clear(), lambda e: e.pop("rfc")):
        want = expected("good-initiator")
        change(want)
        (tmp_path / "expect.json").write_text(json.dumps(want))
        done = run("replay", "--expect", tmp_path / "expect.json", capture("good-initiator"))
        assert done.status == 1 and "  differs: " in done.out, done


def test_bless_writes_what_expect_reads(tmp_path):
    assert run("replay", "--bless", tmp_path / "e.json", capture("key-late")).status == 0
    assert json.loads((tmp_path / "e.json").read_text()) == expected("key-late")


def test_good_captures_are_good():
    for name in NAMES:
        if "Nothing is wrong." in (FOLDER / name / "README.md").read_text():
            for dialect in ("draft", "rfc"):
                for who in ("gateway", "other end"):
                    assert set(expected(name)[dialect][who].values()) <= {"pass"}, (name, dialect, who)


def test_whose_capture_it_is():
    done = run("replay", capture("two-gateways"))
    one_useful_line(done, "--gateway", "192.1.1.4", "192.1.1.5")
    with open(capture("good-initiator"), "rb") as f:
        octets = f.read()
    one_useful_line(run("replay", "-", stdin=octets), "--gateway")
    assert "27 pass" in run("replay", "--dialect", "rfc", "--gateway", "192.1.1.4", "-", stdin=octets).out


def test_nothing_in_it(tmp_path):
    (tmp_path / "empty").write_bytes(HEADER)
    done = run("replay", tmp_path / "empty")
    assert done.status == 3 and "no conversation" in done.out, done


def test_damaged_file(tmp_path):
    octets = capture("good-initiator").read_bytes()
    (tmp_path / "short").write_bytes(octets[:-30])
    done = run("replay", tmp_path / "short")
    assert done.status == 0 and "reading ended early: behind packet 19" in done.out, done


def test_wrong_use(tmp_path):
    (tmp_path / "text").write_text("this is no capture")
    (tmp_path / "radio").write_bytes(HEADER[:20] + struct.pack("<I", 105))
    (tmp_path / "json").write_text("{")
    good = capture("good-initiator")
    for arguments, words in (([tmp_path / "text"], ["text", "neither pcap nor pcapng"]), ([tmp_path / "missing"], ["missing", "No such file"]), ([tmp_path / "radio"], ["IEEE802_11"]),
                             (["--gateway", "gate", good], ["gate"]), (["--dialect", "raft", good], ["draft, rfc"]), (["--expect", tmp_path / "json", good], [f"draftproof: {tmp_path}/json:1: nothing that replay --bless wrote"]),
                             (["--expect", tmp_path / "none", good], [f"draftproof: {tmp_path}/none: No such file"]), (["--bless", tmp_path / "no" / "such", good], [f"draftproof: {tmp_path}/no/such: No such file"]),
                             (["--jsonl", tmp_path / "no" / "such", good], [f"draftproof: {tmp_path}/no/such: No such file"]), (["--expect", "x", good, good], ["one capture"]),
                             (["--expect", "x", "--bless", "y", good], ["exclude"]), ([], ["capture"])):
        done = run("replay", *arguments)
        assert done.status == 2 and done.err, done
        for word in words:
            assert word in done.err, (word, done)


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("ike-form", "cut-packets", "icmp-clear")])
def test_wireshark_reads_them(name):
    """Wireshark finds nothing malformed, and tells the same exchanges."""
    done = subprocess.run(["tshark", "-r", capture(name), "-d", "udp.port==4500,udpencap", "-T", "fields", "-e", "isakmp.exchangetype", "-e", "esp.spi", "-e", "_ws.malformed"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done
    fields = [line.split("\t") for line in done.stdout.splitlines()]
    seen = expected(name)["rfc"]["seen"]
    assert not [f for f in fields if f[2]]
    assert sum(1 for f in fields if f[1]) == seen["ESP"]
    if not seen["fragments"]:
        assert sum(1 for f in fields if f[0]) == seen["IKE"]
