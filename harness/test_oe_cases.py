# SPDX-License-Identifier: MIT
"""The cases of oe-parser as JSON: kept as they are printed, true to their schema, and run as the documentation says, against our own reader and one that shares nothing with it."""
import json
import re
import subprocess
import sys

import pytest

import oe_adapter
from programs import ROOT, find_binary, one_useful_line, run

pytestmark = pytest.mark.own
DIALECTS = pytest.mark.parametrize("dialect", ["draft", "rfc"])


def kept(dialect):
    return ROOT / "vectors" / "oe" / f"parser-{dialect}.json"


def each_test(dialect):
    for group in json.loads(kept(dialect).read_text())["testGroups"]:
        for test in group["tests"]:
            yield group, test


def verdict(test, got):
    for answer in test["answers"]:
        if all(got.get(name) in values for name, values in answer["members"].items()):
            return answer["verdict"]
    return "fail"


@DIALECTS
def test_what_is_kept_is_what_is_printed(dialect):
    done = run("oe", "cases", "--json", "--dialect", dialect)
    assert done.status == 0 and not done.err, done
    assert done.raw == kept(dialect).read_bytes(), f"draftproof oe cases --json --dialect {dialect} >vectors/oe/parser-{dialect}.json"


@DIALECTS
def test_schema(dialect):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "vectors" / "oe" / "parser-schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(kept(dialect).read_text()))


@DIALECTS
def test_the_members_fit_together(dialect):
    whole = json.loads(kept(dialect).read_text())
    listed = run("oe", "cases", "--dialect", dialect)
    assert listed.status == 0 and len(listed.out.splitlines()) == whole["numberOfTests"] + 1, listed
    number = 0
    for group, test in each_test(dialect):
        number += 1
        assert test["tcId"] == number
        assert set(test["clauses"]) <= set(whole["clauses"]) and set(test["defects"]) | set(test["flags"]) <= set(whole["notes"]), test
        assert verdict(test, test["expected"]) == "pass", (group["case"], test)
        statuses = {"ok": 0, "ignore": 0, "malformed": 0}
        for answer in test["answers"]:
            for status in answer["members"].get("status", statuses):
                statuses[status] += answer["verdict"] != "fail"
        taken, refused = statuses["ok"] > 0, statuses["ignore"] + statuses["malformed"] > 0
        assert test["result"] == ("acceptable" if taken and refused else "valid" if taken else "invalid"), test
        if dialect == "draft":
            assert not any(c.startswith("OERFC") for c in test["clauses"]), test
    assert number == whole["numberOfTests"] > 250


@DIALECTS
def test_a_second_reader_agrees(dialect):
    """What the strict reading says is what a reader says that was written from the texts alone."""
    for group, test in each_test(dialect):
        got = oe_adapter.read(test, dialect)
        assert verdict(test, got) == "pass", (group["case"], test, got)


def example():
    """The program of the documentation."""
    text = (ROOT / "docs" / "oe-adapters.md").read_text()
    program = re.search(r"```python\n(.*?)```", text, re.S)[1]
    assert "from reader import read" in program and len(program.splitlines()) < 25
    return program


READER = """
import json, subprocess, sys
p = subprocess.Popen([sys.argv[2], "serve", "oe-parser", "--dialect", sys.argv[3]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
def read(test):
    question = {m: test[m] for m in ("type", "rdata_hex", "text") if m in test}
    p.stdin.write(json.dumps({"id": str(test["tcId"]), **question}) + "\\n")
    p.stdin.flush()
    got = json.loads(p.stdout.readline())
    assert got.pop("id") == str(test["tcId"])
    return got
"""


def run_example(tmp_path, reader, dialect):
    (tmp_path / "example.py").write_text(example())
    (tmp_path / "reader.py").write_text(reader)
    return subprocess.run([sys.executable, "example.py", kept(dialect), find_binary(), dialect], cwd=tmp_path, capture_output=True, text=True, timeout=120)


@DIALECTS
def test_the_example_runs(dialect, tmp_path):
    done = run_example(tmp_path, READER, dialect)
    count = json.loads(kept(dialect).read_text())["numberOfTests"]
    assert done.returncode == 0 and done.stdout == f"{{'pass': {count}, 'weak': 0, 'fail': 0}}\n", done


@DIALECTS
def test_the_example_finds_what_is_wrong(dialect, tmp_path):
    wrong = READER.replace("    return got", "    if got.get('precedence') == 65535: got['precedence'] = 255\n    return got")
    assert wrong != READER
    done = run_example(tmp_path, wrong, dialect)
    assert done.returncode == 1 and "oe/7.2/precedence p=65535" in done.stdout, done


def test_wrong_use():
    one_useful_line(run("oe", "cases", "--dialect", "rcf"), "draft, rfc")
    assert run("oe", "cases", "extra").status == 2


def tolerant(found, dialect):
    """What draftproof oe parse tells of a record, as the answer of a reader that takes all that a tolerant reading takes."""
    if found[dialect] == "foreign":
        return {"status": "ignore"}
    if found[dialect] == "bad":
        return {"status": "malformed"}
    got = {"status": "ok", "key": None}
    if "modulus" in found:
        got["key"] = {"exponent_hex": found["exponent"], "modulus_hex": found["modulus"]}
    if found["type"] == "TXT":
        gateway = found["gateway"]
        kind = "fqdn" if gateway.startswith("@") else "ipv6" if ":" in gateway else "ipv4"
        got.update(precedence=found["precedence"], gateway_type=kind, gateway=gateway.removeprefix("@"))
    return got


@DIALECTS
def test_no_tolerant_reader_is_accused(dialect):
    """Whoever takes all that a tolerant reading takes is weak where the defects say so, and never fails."""
    came = []
    for kind in ("TXT", "KEY"):
        asked = [t for _, t in each_test(dialect) if t["type"] == kind and t.get("rdata_hex")]
        done = run("oe", "parse", "--json", "--form", "wire", "--type", kind.lower(), "--dialect", dialect,
                   stdin="".join(t["rdata_hex"] + "\n" for t in asked).encode())
        found = [json.loads(line) for line in done.out.splitlines()]
        assert len(found) == len(asked)
        for test, one in zip(asked, found):
            assert one["rdata_hex"] == test["rdata_hex"]
            got = verdict(test, tolerant(one, dialect))
            assert got != "fail", (test, one)
            assert (got == "weak") == (one[dialect] == "loose"), (test, one)
            came.append(got)
    assert came.count("weak") > 40
