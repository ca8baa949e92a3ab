# SPDX-License-Identifier: MIT
"""Waivers of check, and its reports as other programs read them."""
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest

import programs
from programs import MEMORY, VERDICTS, one_useful_line, results, run


# --- waivers ---------------------------------------------------------------------------------------------------------------------------


def waive(tmp_path, mutant=None, **change):
    w = {"id": "iap/4.4/alert", "reason": "known", "link": "https://bugs.example/1", "expires": "2999-12-31"}
    w.update(change)
    path, out = tmp_path / "waive.json", tmp_path / "out.jsonl"
    path.write_text(json.dumps([{k: v for k, v in w.items() if v is not None}]))
    done = run(*MEMORY, "--waive", path, "--jsonl", out, *(["--mutate", mutant] if mutant else []))
    return done, {r.get("id"): r for r in results(out)} if out.exists() else None


def test_waiver_lets_a_failure_pass(tmp_path):
    done, r = waive(tmp_path, "store-204")
    assert r["iap/4.4/alert"]["verdict"] == "skip" and r["iap/4.4/alert"]["waived"] == "known"
    assert "waived until 2999-12-31: known" in r["iap/4.4/alert"]["reason"]
    without, r = waive(tmp_path, "store-204", id="iap/1.7")
    assert without.status == 1 and r["iap/4.4/alert"]["verdict"] == "fail"


def test_run_whose_only_failures_are_waived_is_0(tmp_path):
    path = tmp_path / "w.json"
    common = {"reason": "known", "link": "https://bugs.example/1", "expires": "2999-12-31"}
    out = tmp_path / "o.jsonl"
    args = ["check", "iap-manager", "--memory", "--tls", "off", "--mutate", "takes-chunked", "--strict", "--case", "iap/4.4", "--case", "iap/4.1"]
    assert run(*args, "--jsonl", out).status == 1
    broken = [r["id"] for r in results(out)[:-1] if r["verdict"] in ("fail", "weak")]
    path.write_text(json.dumps([{"id": i, **common} for i in broken]))
    done = run(*args, "--waive", path)
    assert broken and done.status == 0, done


def test_waiver_that_expired_fails(tmp_path):
    done, r = waive(tmp_path, "store-204", expires="2001-01-01")
    assert done.status == 1
    assert r["iap/4.4/alert"]["verdict"] == "fail" and "expired" in r["iap/4.4/alert"]["reason"]


def test_waived_case_that_passes_fails(tmp_path):
    done, r = waive(tmp_path)
    assert done.status == 1
    assert r["iap/4.4/alert"]["verdict"] == "fail" and "remove the waiver" in r["iap/4.4/alert"]["reason"]


@pytest.mark.parametrize("change,word", [({"id": "iap/4.4/alrt"}, "iap/4.4/alrt"), ({"reason": None}, "reason"), ({"link": None}, "link"),
                                         ({"expires": None}, "expires"), ({"expires": "tomorrow"}, "tomorrow"), ({"expires": "2027-13-01"}, "2027-13-01"),
                                         ({"expires": 20270101}, "expires")])
def test_waiver_that_is_wrong(tmp_path, change, word):
    done, _ = waive(tmp_path, **change)
    one_useful_line(done, word)


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", "null", "[null]"])
def test_waivers_that_are_none(tmp_path, text):
    (tmp_path / "w").write_text(text)
    one_useful_line(run(*MEMORY, "--waive", tmp_path / "w"), str(tmp_path / "w"))


# --- reports -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", ["--jsonl", "--junit", "--tap", "--html", "--save"])
def test_report_that_cannot_be_written(report, tmp_path):
    done = run(*MEMORY, report, tmp_path / "missing" / "report")
    assert done.status == 2, done
    assert len(done.lines()) == 1 and "missing" in done.err, done


def test_report_on_a_folder(tmp_path):
    done = run(*MEMORY, "--jsonl", tmp_path)
    assert done.status == 2 and len(done.lines()) == 1, done
    assert os.listdir(tmp_path) == []


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Every report of one run with passes, failures and skips."""
    d = tmp_path_factory.mktemp("reports")
    done = run("check", "iap-manager", "--memory", "--tls", "off", "--mutate", "extra-line", "--split", "whole,bytes", "--jsonl", d / "r.jsonl",
               "--junit", d / "r.xml", "--tap", d / "r.tap", "--html", d / "r.html", "--save", d / "saved")
    assert done.status == 1, done
    return d


def counts(rs):
    return {v: sum(r["verdict"] == v for r in rs) for v in VERDICTS}


def test_jsonl(reports):
    text = (reports / "r.jsonl").read_text()
    assert text.endswith("\n")
    rs = results(reports / "r.jsonl")
    assert list(rs[-1]) == ["summary"] and set(rs[-1]["summary"]) == set(VERDICTS)
    assert counts(rs[:-1]) == rs[-1]["summary"]
    assert counts(rs[:-1])["fail"] and counts(rs[:-1])["skip"]
    for r in rs[:-1]:
        assert list(r)[:7] == ["id", "verdict", "clauses", "defects", "reason", "ms", "split"]
        assert r["verdict"] in VERDICTS and r["ms"] >= 0 and isinstance(r["reason"], str)
        assert r["clauses"] and all(re.match(r"IAP-[\d.]+-\d+$", c) for c in r["clauses"])
        assert all(re.match(r"IAP-D\d\d$", x) for x in r["defects"])
        assert r["reason"] or r["verdict"] == "pass"
    known = {c["id"] for c in clauses()}
    assert {c for r in rs[:-1] for c in r["clauses"]} <= known


def clauses():
    done = run("clauses", "--format", "json")
    got = json.loads(done.out)
    return got if isinstance(got, list) else got["clauses"]


def test_junit(reports):
    root = ElementTree.parse(reports / "r.xml").getroot()
    total = counts(results(reports / "r.jsonl")[:-1])
    cases = root.findall(".//testcase")
    assert len(cases) == sum(total.values())
    assert len(root.findall(".//testcase/failure")) >= total["fail"]
    assert len(root.findall(".//testcase/skipped")) >= total["skip"]
    for suite in root.iter("testsuite"):
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))


def test_tap(reports):
    lines = (reports / "r.tap").read_text().splitlines()
    total = counts(results(reports / "r.jsonl")[:-1])
    assert lines[0] == "TAP version 13"
    plan = [t for t in lines if re.match(r"1\.\.\d+", t)]
    points = [re.match(r"(not )?ok (\d+)", t) for t in lines]
    points = [m for m in points if m]
    assert len(plan) == 1 and int(plan[0][3:].split()[0]) == len(points) == sum(total.values())
    assert [int(m[2]) for m in points] == list(range(1, len(points) + 1))
    assert sum(bool(m[1]) for m in points) >= total["fail"]


class WellFormed(HTMLParser):
    VOID = {"meta", "link", "br", "hr", "img", "input", "col", "wbr", "area", "base"}

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.outside = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        for k, v in attrs:
            if k in ("src", "href") and v and re.match(r"(https?:)?//", v) and tag != "a":
                self.outside.append(v)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        while self.open and self.open[-1] != tag and self.open[-1] in ("p", "li", "td", "tr", "th", "tbody", "thead", "dt", "dd", "option"):
            self.open.pop()  # their ends may be left out
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()


def test_html(reports):
    text = (reports / "r.html").read_text(encoding="utf-8")
    page = WellFormed()
    page.feed(text)
    page.close()
    assert text.lower().startswith("<!doctype html>") and {"html", "head", "body", "title"} <= page.seen
    assert not page.outside, "the page is whole by itself"
    assert all(r["id"] in text for r in results(reports / "r.jsonl")[:-1])


def test_report_to_standard_output():
    done = run(*MEMORY, "--quiet", "--jsonl", "-")
    assert done.status == 0
    lines = done.out.splitlines()
    assert '"summary"' in lines[-2] and lines[-1].endswith(" s")


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_saved_captures(reports):
    files = sorted((reports / "saved").glob("*.pcapng"))
    ran = [r for r in results(reports / "r.jsonl")[:-1] if r["saved"]]
    assert files and len(ran) == len(files)
    merged = reports / "all.pcapng"
    subprocess.run(["mergecap", "-w", merged, *files[:40]], check=True, timeout=programs.DEADLINE)
    p = subprocess.run(["tshark", "-r", merged, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-T", "fields",
                        "-e", "ip.checksum.status", "-e", "tcp.checksum.status", "-e", "tcp.len", "-e", "_ws.malformed"],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=programs.DEADLINE)
    assert p.returncode == 0, p.stderr
    rows = [t.split("\t") for t in p.stdout.splitlines()]
    assert len(rows) > 40
    for r in rows:
        assert r[0] == "1" and r[1] == "1" and r[3] == "", r  # 1 is "good"
    assert any(int(r[2]) > 0 for r in rows)
    for f in files:
        assert f.with_suffix(".txt").read_text() and (f.parent / (f.stem + ".ladder.txt")).read_text()


def test_save_failed_only(tmp_path):
    args = ["check", "iap-manager", "--memory", "--tls", "off", "--mutate", "store-204", "--case", "iap/4.4", "--case", "iap/2.3"]
    assert run(*args, "--save", tmp_path / "all").status == 1
    assert run(*args, "--save", tmp_path / "some", "--save-failed").status == 1
    every, some = ({p.name for p in (tmp_path / d).iterdir()} for d in ("all", "some"))
    assert some and some < every


def test_strict():
    """A weak verdict fails a run only with --strict."""
    args = ["check", "iap-manager", "--memory", "--tls", "off", "--mutate", "takes-chunked", "--case", "iap/4.1"]
    done = run(*args)
    assert done.status == 0 and re.search(r"^weak  .*iap/4\.1/", done.out, re.M) and " 0 fail" in done.out, done
    assert run(*args, "--strict").status == 1
