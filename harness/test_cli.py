# SPDX-License-Identifier: MIT
"""The command line as a contract: exit statuses, one useful line for wrong use, reports that other programs can read."""
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest

import programs
import wire
from programs import ROLES, Program, run

COMMANDS = ("check", "serve", "send", "store", "clauses", "mutants", "model", "pki")
# In memory nothing else is needed; one section keeps it short.
MEMORY = ["check", "iap-manager", "--memory", "--tls", "off", "--case", "iap/4.4"]
VERDICTS = ("pass", "weak", "fail", "inconc", "skip", "error")


def one_useful_line(done, *words):
    """Wrong use: status 2, nothing on standard output, one line (or the parser's, which adds where to look)."""
    assert done.status == 2, done
    assert done.out == "", done
    lines = done.lines()
    assert lines and lines[0].startswith("draftproof"), done
    if len(lines) > 1:
        assert " ".join(lines[1:]).startswith("Try `draftproof ") and len(lines) <= 3, done
    for w in words:
        assert w in lines[0], done


# --- wrong use -----------------------------------------------------------------------------------------------------------

WRONG = [
    (["bogus"], "bogus"),
    (["check"], "check what"),
    (["serve"], "serve what"),
    (["send"], "send as whom"),
    (["store"], "folder"),
    (["pki"], "folder"),
    (["model"], "model"),
    (["model", "bogus"], "bogus"),
    (["clauses", "--format", "xml"], "xml"),
    (["clauses", "bogus"], "arguments"),
    (["mutants", "--format", "xml"], "xml"),
    (["mutants", "bogus"], "arguments"),
    (["store", "--extract", "0", "."], "--extract"),
    (["store", "--extract", "x", "."], "--extract"),
    (["store", "a", "b"], "one folder"),
    (["store", "missing"], "missing"),
    (["pki", "a", "b"], "one folder"),
    (["check", "iap-manager"], "--connect"),
    (["check", "iap-analyzer"], "--listen"),
    (["check", "iap-proxy"], "--next-hop"),
    (["check", "iap-proxy", "--connect", "127.0.0.1:1"], "--next-hop"),
    (["check", "iap-manager", "iap-proxy"], "one role"),
    (["check", "iap-manager", "--connect", "127.0.0.1:1", "--listen", "127.0.0.1:0"], "--listen"),
    (["check", "iap-manager", "--connect", "127.0.0.1:1", "--next-hop", "127.0.0.1:0"], "--next-hop"),
    (["check", "iap-manager", "--connect", "nowhere"], "nowhere"),
    (["check", "iap-manager", "--connect", "127.0.0.1:65536"], "65535"),
    (["check", "iap-manager", "--connect", "::1:80"], "brackets"),
    (["check", "iap-analyzer", "--listen", "nowhere"], "nowhere"),
    (["check", "iap-proxy", "--connect", "127.0.0.1:1", "--next-hop", "nowhere"], "nowhere"),
    (["check", "iap-manager", "--connect", "127.0.0.1:1", "--memory"], "--memory"),
    (["check", "iap-manager", "--mutate", "mute"], "--mutate"),
    ([*MEMORY, "--mutate", "bogus"], "bogus"),
    ([*MEMORY, "--split", "bogus"], "bogus"),
    ([*MEMORY, "--split", "random:x"], "random"),
    ([*MEMORY, "--split", "whole,bytes,random,random:1,random:2"], "--split"),
    ([*MEMORY, "--able", "bogus"], "bogus"),
    ([*MEMORY, "--jobs", "0"], "--jobs"),
    ([*MEMORY, "--jobs", "x"], "--jobs"),
    ([*MEMORY, "--jobs"], "--jobs"),
    ([*MEMORY, "--timeout", "0"], "--timeout"),
    ([*MEMORY, "--timeout", "-1"], "--timeout"),
    ([*MEMORY, "--patience", "soon"], "--patience"),
    ([*MEMORY, "--tls", "bogus"], "bogus"),
    ([*MEMORY, "--cert", "x"], "--key"),
    ([*MEMORY, "--scenario", "missing.scn"], "missing.scn"),
    ([*MEMORY, "--waive", "missing.json"], "missing.json"),
    ([*MEMORY, "--bogus"], "--bogus"),
    (["serve", "iap-manager"], "--listen"),
    (["serve", "iap-manager", "--listen", "127.0.0.1:0", "--connect", "127.0.0.1:1"], "--listen"),
    (["serve", "iap-manager", "--listen", "nowhere"], "nowhere"),
    (["serve", "iap-manager", "--connect", "nowhere"], "nowhere"),
    (["serve", "iap-manager", "--listen", "127.0.0.1:0", "--next-hop", "127.0.0.1:1"], "--next-hop"),
    (["serve", "iap-manager", "--listen", "127.0.0.1:0", "--deadline", "x"], "--deadline"),
    (["serve", "iap-manager", "--listen", "127.0.0.1:0", "--idle", "x"], "--idle"),
    (["serve", "iap-manager", "--listen", "127.0.0.1:0", "--max-content", "0"], "--max-content"),
    (["serve", "iap-manager", "--listen", "127.0.0.1:0", "--mutate", "bogus"], "bogus"),
    (["serve", "iap-manager", "--listen", "127.0.0.1:0", "--style", "bogus"], "bogus"),
    (["serve", "iap-manager", "--listen", "127.0.0.1:0", "--bogus"], "--bogus"),
    (["serve", "iap-proxy", "--listen", "127.0.0.1:0"], "--next-hop"),
    (["serve", "iap-proxy", "--connect", "127.0.0.1:1"], "--listen"),
    (["serve", "iap-proxy", "--listen", "127.0.0.1:0", "--next-hop", "nowhere"], "nowhere"),
    (["serve", "iap-proxy", "--listen", "127.0.0.1:0", "--next-hop", "name=nowhere"], "nowhere"),
    (["serve", "iap-analyzer", "--listen", "127.0.0.1:0", "--tls", "off", "--store", "s"], "--store"),
    (["serve", "iap-analyzer", "--listen", "127.0.0.1:0", "--tls", "off", "missing"], "missing"),
    (["serve", "iap-analyzer", "--listen", "127.0.0.1:0", "--tls", "off", "--pad", "x"], "--pad"),
    (["serve", "iap-analyzer", "--listen", "127.0.0.1:0"], "certificate"),
    (["send", "iap-manager", "--connect", "127.0.0.1:1", "-"], "iap-analyzer"),
    (["send", "iap-analyzer", "-"], "--connect"),
    (["send", "iap-analyzer", "--connect", "127.0.0.1:1", "--tls", "off"], "FILE"),
    (["send", "iap-analyzer", "--connect", "127.0.0.1:1", "--tls", "off", "missing"], "missing"),
    (["send", "iap-analyzer", "--connect", "127.0.0.1:1", "--tls", "off", "/"], "irectory"),
    (["send", "iap-analyzer", "--connect", "nowhere", "--tls", "off", "-"], "nowhere"),
    (["send", "iap-analyzer", "--connect", "127.0.0.1:1", "-"], "certificate"),
    (["send", "iap-analyzer", "--connect", "127.0.0.1:1", "--tls", "off", "--repeat", "0", "-"], "--repeat"),
    (["send", "iap-analyzer", "--connect", "127.0.0.1:1", "--tls", "off", "--connections", "x", "-"], "--connections"),
    (["send", "iap-analyzer", "--connect", "127.0.0.1:1", "--tls", "off", "--timeout", "x", "-"], "--timeout"),
    (["send", "iap-analyzer", "--connect", "127.0.0.1:1", "--tls", "off", "--bogus", "-"], "--bogus"),
]


@pytest.mark.parametrize("args,word", WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_wrong_use(args, word, tmp_path):
    one_useful_line(run(*args, cwd=tmp_path), word)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("command", ["check", "serve"])
def test_unknown_role(command):
    more = ["--listen", "127.0.0.1:0"]
    one_useful_line(run(command, "bogus-role", *more), "bogus-role", *ROLES)
    one_useful_line(run(command, "iap-managr", *more), "did you mean iap-manager?")


def test_without_anything():
    done = run()
    assert done.status == 2 and done.out == ""
    for c in COMMANDS:
        assert c in done.err


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command):
    done = run(command, "--help")
    assert done.status == 0 and done.err == "", done
    assert done.out.startswith(f"Usage: draftproof {command}")
    assert all(len(t) < 90 for t in done.out.splitlines())
    assert run(command, "--usage").status == 0


def test_overview_and_version():
    done = run("--help")
    assert done.status == 0 and done.err == ""
    for c in COMMANDS:
        assert c in done.out
    done = run("--version")
    assert done.status == 0 and re.match(r"draftproof \d+\.\d+", done.out)


# --- addresses and files that cannot be used ---------------------------------------------------------------------------------


def test_port_in_use(serve):
    taken = serve("iap-manager", "--tls", "off").address
    one_useful_line(run("serve", "iap-manager", "--tls", "off", "--listen", taken), taken, "in use")
    one_useful_line(run("check", "iap-analyzer", "--tls", "off", "--listen", taken), taken, "in use")
    one_useful_line(run("check", "iap-proxy", "--connect", "127.0.0.1:1", "--next-hop", taken), taken, "in use")


def test_address_of_another_machine():
    one_useful_line(run("serve", "iap-manager", "--tls", "off", "--listen", "192.0.2.1:0"), "192.0.2.1")


def identity(folder, cert=None, key=None, ca=None):
    return ["--cert", cert or folder / "cert.pem", "--key", key or folder / "key.pem", "--ca", ca or folder / "ca.pem"]


@pytest.fixture(params=["modern", "draft"])
def certificates(request, pki):
    """Profile, and its part of the pki."""
    return request.param, pki / ("dsa" if request.param == "draft" else "rsa")


@pytest.mark.parametrize("command", ["serve", "send", "check"])
@pytest.mark.parametrize("flaw", ["missing", "no-pem", "other-key", "no-ca", "cert-as-key", "empty"])
def test_bad_certificate(certificates, command, flaw, tmp_path, alert):
    profile, folder = certificates
    mine = folder / ("manager" if command == "serve" else "analyzer")
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("" if flaw == "empty" else "nonsense\n")
    args = {"missing": identity(mine, cert=tmp_path / "missing.pem"), "no-pem": identity(mine, cert=nonsense), "empty": identity(mine, cert=nonsense),
            "other-key": identity(mine, key=folder / ("analyzer" if command == "serve" else "manager") / "key.pem"), "no-ca": identity(mine, ca=nonsense),
            "cert-as-key": identity(mine, key=mine / "cert.pem")}[flaw]
    word = {"missing": "missing.pem", "no-pem": "nonsense.pem", "empty": "nonsense.pem", "other-key": "key", "no-ca": "nonsense.pem",
            "cert-as-key": "cert.pem"}[flaw]
    first = {"serve": ["serve", "iap-manager", "--listen", "127.0.0.1:0"], "send": ["send", "iap-analyzer", "--connect", "127.0.0.1:1", alert()],
             "check": ["check", "iap-manager", "--connect", "127.0.0.1:1"]}[command]
    one_useful_line(run(*first, "--tls", profile, *args), word)


@pytest.mark.parametrize("command", ["serve", "send", "check"])
def test_missing_pki(command, tmp_path, alert):
    first = {"serve": ["serve", "iap-manager", "--listen", "127.0.0.1:0"], "send": ["send", "iap-analyzer", "--connect", "127.0.0.1:1", alert()],
             "check": ["check", "iap-manager", "--connect", "127.0.0.1:1"]}[command]
    one_useful_line(run(*first, "--pki", tmp_path / "missing"), "missing")


@pytest.mark.parametrize("flaw", ["expired", "self-signed", "other-ca"])
@pytest.mark.parametrize("bad_side", ["manager", "analyzer"])
def test_certificate_that_the_peer_rejects(serve, certificates, flaw, bad_side, alert, tmp_path):
    """A run with a certificate that the other side does not take: nothing is delivered, the status says so."""
    profile, folder = certificates

    def mine(role):
        f = folder / (f"{role}-{flaw}" if role == bad_side else role)
        return ["--tls", profile, *identity(f, ca=folder / role / "ca.pem")]

    manager = serve("iap-manager", "--store", tmp_path / "store", *mine("manager"))
    done = run("send", "iap-analyzer", "--connect", manager.address, *mine("analyzer"), alert())
    assert done.status == 1, done
    assert programs.acknowledged(done) == (0, 1)
    assert any("TLS" in t or "certificate" in t or "handshake" in t for t in done.lines()), done
    assert programs.stored(tmp_path / "store") == []


@pytest.mark.parametrize("option,good,bad", [("--peer-oid", "2.999.23.2", "2.999.23.1"), ("--peer-subject", "OU=Managers", "OU=Others"),
                                             ("--peer-name", "m.dom.org", "x.dom.org")])
def test_what_is_asked_of_the_certificate(serve, certificates, option, good, bad, alert, pki):
    profile, _ = certificates
    manager = serve("iap-manager", "--tls", profile, "--pki", pki)
    send = ["send", "iap-analyzer", "--connect", manager.address, "--tls", profile, "--pki", pki, alert()]
    assert run(*send, option, good).status == 0
    assert run(*send, option, bad).status == 1


def test_no_certificate_no_upgrade(serve, alert, pki):
    """3.2: a manager without a certificate answers the upgrade request with 500."""
    manager = serve("iap-manager")
    done = run("send", "iap-analyzer", "--connect", manager.address, "--pki", pki, alert())
    assert done.status == 1 and "500" in done.err, done


@pytest.mark.parametrize("report", ["--jsonl", "--junit", "--tap", "--html", "--save"])
def test_report_that_cannot_be_written(report, tmp_path):
    done = run(*MEMORY, report, tmp_path / "missing" / "report")
    assert done.status == 2, done
    assert len(done.lines()) == 1 and "missing" in done.err, done


def test_report_on_a_folder(tmp_path):
    done = run(*MEMORY, "--jsonl", tmp_path)
    assert done.status == 2 and len(done.lines()) == 1, done
    assert os.listdir(tmp_path) == []


def test_standard_output_that_is_full():
    with open("/dev/full", "wb") as full:
        for args in (["model", "iap"], ["mutants"], ["check", "iap-manager", "--list"], MEMORY):
            p = subprocess.run([programs.find_binary(), *args], stdout=full, stderr=subprocess.PIPE, timeout=programs.DEADLINE)
            assert p.returncode != 0, args
            assert len(p.stderr.splitlines()) == 1, (args, p.stderr)


# --- statuses of runs ------------------------------------------------------------------------------------------------------------


def test_status_0():
    done = run(*MEMORY)
    assert done.status == 0 and done.err == "", done
    assert re.search(r"^\d+ pass, 0 weak, 0 fail, 0 inconc, 0 skip, 0 error in ", done.out, re.M)


def test_status_1():
    done = run(*MEMORY, "--mutate", "reason-phrase")
    assert done.status == 1, done
    assert re.search(r"^fail  ", done.out, re.M) and "IAP-4.3.1" in done.out


def free_address():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % s.getsockname()[1]


@pytest.mark.parametrize("case", [[], ["--case", "iap/4.4"]])
def test_unreachable_peer_is_3(case):
    at = free_address()
    done = run("check", "iap-manager", "--connect", at, "--tls", "off", "--timeout", "1", *case)
    assert done.status == 3, done
    assert "cannot be reached" in done.out


def test_unreachable_proxy_is_3():
    done = run("check", "iap-proxy", "--connect", free_address(), "--next-hop", "127.0.0.1:0", "--timeout", "1")
    assert done.status == 3, done


def test_name_that_is_not_known_is_3():
    assert run("check", "iap-manager", "--connect", "nobody.invalid:7070", "--tls", "off", "--timeout", "1").status == 3


def test_nobody_connects_is_3():
    done = run("check", "iap-analyzer", "--listen", "127.0.0.1:0", "--tls", "off", "--timeout", "50ms", "--case", "iap/2.3/initiator-begins")
    assert done.status == 3, done
    assert re.match(r"listening on 127\.0\.0\.1:\d+\n", done.out)


def test_exec_that_does_nothing_is_3():
    done = run("check", "iap-analyzer", "--exec", "true", "--tls", "off", "--timeout", "50ms", "--case", "iap/2.3/initiator-begins")
    assert done.status == 3, done


def test_peer_that_only_listens_is_3():
    with socket.create_server(("127.0.0.1", 0)) as s:
        done = run("check", "iap-manager", "--connect", "127.0.0.1:%d" % s.getsockname()[1], "--tls", "off", "--timeout", "50ms")
    assert done.status == 3, done


@pytest.mark.parametrize("args", [["--memory", "--tls", "off"], ["--connect", "127.0.0.1:1"], ["--list"], ["--dry-run"]])
def test_no_case_matches_is_3(args):
    done = run("check", "iap-manager", "--case", "iap/99", *args)
    assert done.status == 3 and len(done.lines()) == 1, done


def test_everything_skipped_is_3():
    """Clauses that need TLS are skipped as waived with --tls off; a run of nothing else proves nothing."""
    done = run("check", "iap-manager", "--memory", "--tls", "off", "--case", "iap/3.5")
    assert done.status == 3, done
    assert "--tls off leaves the handshake out" in done.out


def test_send_to_nobody(alert):
    done = run("send", "iap-analyzer", "--connect", free_address(), "--tls", "off", alert())
    assert done.status == 1, done
    assert "cannot connect" in done.err


# --- what to run --------------------------------------------------------------------------------------------------------------------


def ids_of(text):
    return [t.split()[0] for t in text.splitlines()]


@pytest.mark.parametrize("role", ROLES)
def test_list(role):
    done = run("check", role, "--list")
    assert done.status == 0 and done.err == "", done
    ids = ids_of(done.out)
    assert ids and len(ids) == len(set(ids))
    assert all(re.fullmatch(r"iap/[\w.-]+/[\w.-]+", i) for i in ids)
    assert all(len(t.split(None, 1)) == 2 for t in done.out.splitlines()), "each has a title"


def test_list_knows_the_arrangement():
    listens = set(ids_of(run("check", "iap-manager", "--list", "--connect", "127.0.0.1:1").out))
    connects = set(ids_of(run("check", "iap-manager", "--list", "--listen", "127.0.0.1:0").out))
    both = set(ids_of(run("check", "iap-manager", "--list").out))
    assert listens != connects and listens | connects == both


def test_dry_run():
    done = run("check", "iap-manager", "--dry-run", "--case", "iap/4.4")
    assert done.status == 0
    assert re.search(r"^case +iap/4\.4/alert$", done.out, re.M) and "# 1 instances" in done.out


def test_case_by_id_and_prefix():
    ids = ids_of(run("check", "iap-manager", "--list").out)
    assert ids_of(run("check", "iap-manager", "--list", "--case", "iap/4.4/alert").out) == ["iap/4.4/alert"]
    for prefix in ("iap/4.3.5", "iap/4.3", "iap/4", "iap/4.3.5/", "iap"):
        want = [i for i in ids if i == prefix or re.match(re.escape(prefix.rstrip("/")) + r"[./]", i)]
        assert want and ids_of(run("check", "iap-manager", "--list", "--case", prefix).out) == want
    two = ids_of(run("check", "iap-manager", "--list", "--case", "iap/4.4", "--case", "iap/1.7").out)
    assert two == [i for i in ids if i.startswith(("iap/4.4/", "iap/1.7/"))]


def results(path):
    return [json.loads(t) for t in path.read_text().splitlines()]


@pytest.mark.parametrize("split,names", [("whole", ["whole"]), ("bytes", ["bytes"]), ("random:99", ["random:99"]), ("whole,bytes", ["whole", "bytes"]),
                                         ("all", None), (None, ["whole"])])
def test_split(split, names, tmp_path):
    out = tmp_path / "r.jsonl"
    assert run(*MEMORY, *(["--split", split] if split else []), "--jsonl", out).status == 0
    got = sorted({r["split"] for r in results(out)[:-1] if r["id"].startswith("iap/4.4/")})
    if names:
        assert got == sorted(names)
    else:
        assert len(got) == 3 and {"whole", "bytes"} < set(got) and any(g.startswith("random:") for g in got)


def test_scenario_of_a_users_own(tmp_path):
    f = tmp_path / "own.scn"
    f.write_text("case     iap/own/takes-one\ntitle    One alert\nclause   IAP-3.6-1\nagainst  iap-manager\nreach    ready\n"
                 "send     content body=\"x\"\nexpect   response code=200 -> pass\n")
    done = run("check", "iap-manager", "--memory", "--tls", "off", "--scenario", f, "--case", "iap/own")
    assert done.status == 0 and "iap/own/takes-one" in done.out, done
    f.write_text(f.read_text().replace("reach", "raech"))
    done = run("check", "iap-manager", "--memory", "--tls", "off", "--scenario", f)
    one_useful_line(done, f"own.scn:5:")


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


# --- terminals, pipes, signals -----------------------------------------------------------------------------------------------------------


def on_terminal(args, **env):
    """Output of a run whose standard output and error are a terminal."""
    leader, follower = pty.openpty()
    p = subprocess.Popen([programs.find_binary(), *args], stdin=subprocess.DEVNULL, stdout=follower, stderr=follower,
                         env=programs.environment(TERM="xterm", **env))
    os.close(follower)
    out = b""
    while select.select([leader], [], [], programs.DEADLINE)[0]:
        try:
            more = os.read(leader, 65536)
        except OSError:
            break
        if not more:
            break
        out += more
    os.close(leader)
    assert p.wait(programs.DEADLINE) == 0
    return out


def test_colour_on_a_terminal_only():
    assert b"\033[32m" in on_terminal(MEMORY)
    done = run(*MEMORY)
    assert b"\033" not in done.raw and "\033" not in done.err and "\r" not in done.err + done.out


def test_no_color():
    assert b"\033[32m" not in on_terminal(MEMORY, NO_COLOR="1")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_servers_end_with_0(serve, role, number):
    more = ["--next-hop", "127.0.0.1:1"] if role == "iap-proxy" else ["--tls", "off"]
    server = serve(role, *more)
    server.signal(number)
    done = server.rest()
    assert done.status == 0 and done.err == "" and done.out == "", done


@pytest.mark.parametrize("role", ["iap-manager", "iap-analyzer"])
def test_servers_that_connect_end_with_0(serve, role):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(programs.DEADLINE)
        server = serve(role, "--connect", "127.0.0.1:%d" % listener.getsockname()[1], "--tls", "off", "--host", "m.dom.org")
        s, _ = listener.accept()
        s.settimeout(programs.DEADLINE)
        assert wire.read_until(s) == wire.CONNECT
        done = server.stop()
        assert done.status == 0, done
        s.close()


def test_connects_again_and_once(serve):
    """Without --once the connection is opened again; with it, the program ends when the first one ended."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(programs.DEADLINE)
        at = "127.0.0.1:%d" % listener.getsockname()[1]
        server = serve("iap-analyzer", "--connect", at, "--tls", "off")
        for _ in range(3):
            s, _ = listener.accept()
            s.close()
        server.stop()
        once = serve("iap-analyzer", "--connect", at, "--tls", "off", "--once")
        s, _ = listener.accept()
        s.close()
        assert once.rest().status == 0


def test_check_is_interrupted(serve):
    """A check in the middle of a run can be ended; servers of --exec go with it."""
    p = Program([programs.find_binary(), "check", "iap-analyzer", "--listen", "127.0.0.1:0", "--tls", "off"])
    assert p.line().startswith("listening on ")
    p.signal(signal.SIGTERM)
    assert p.rest().status != 0


def test_listening_line_is_flushed_into_a_pipe(serve):
    for role in ("iap-manager", "iap-analyzer"):  # the fixture reads it from a pipe
        assert re.fullmatch(r"127\.0\.0\.1:\d+", serve(role, "--tls", "off").address)


def test_verbose_goes_to_standard_error(serve, alert):
    manager = serve("iap-manager", "--tls", "off", "--verbose")
    with wire.connect(manager.address) as s:
        s.sendall(b"nonsense\r\n\r\n")
        wire.read_end(s)
    done = manager.stop()
    assert done.status == 0 and done.out == "" and done.err.strip(), done


def test_quiet_send(serve, alert):
    at = serve("iap-manager", "--tls", "off").address
    done = run("send", "iap-analyzer", "--connect", at, "--tls", "off", "--quiet", alert())
    assert (done.status, done.out, done.err) == (0, "", "")


def test_pki_twice_and_names(tmp_path):
    assert run("pki", "--name", "ids.example", "--name", "192.0.2.7", tmp_path / "p").status == 0
    text = subprocess.run(["openssl", "x509", "-noout", "-text", "-in", tmp_path / "p" / "rsa" / "manager" / "cert.pem"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    assert "DNS:ids.example" in text and "IP Address:192.0.2.7" in text and "2.999.23.2" in text
    for key in (tmp_path / "p").rglob("*key.pem"):
        assert key.stat().st_mode & 0o077 == 0, key
    listed = {t.split()[0] for t in (tmp_path / "p" / "INDEX").read_text().splitlines()}
    assert listed == {str(f.parent.relative_to(tmp_path / "p")) for f in (tmp_path / "p").rglob("cert.pem")}
