# SPDX-License-Identifier: MIT
"""The suite over sockets against the reference peers: nothing fails, nothing is inconclusive.

What the suite expects of a peer's set-up is given here as a user would: see docs/iut.md."""
import pytest

import programs
from programs import results, run

TLS = pytest.mark.parametrize("profile", ["off", "modern", "draft"])
SPLITS = pytest.mark.parametrize("split", ["whole", "bytes", "random:5"])
# A peer has to give up (--deadline) well before the suite does (--patience), and not before the half second for which it shows that it waits.
DEADLINE, PATIENCE, TIMEOUT = "1.5", "6", "3"
# Why a case may be left out; anything else would hide it.
LEFT_OUT = ("waived", "set up", "keeps its connection", "commands of the manager")
ABLE = "trust,role-oid,subject,name"


def peer_options(role, profile, pki):
    """How the reference is set up to check certificates; nothing without TLS."""
    if profile == "off":
        return ["--tls", "off", "--deadline", DEADLINE]
    other = {"iap-manager": ["--peer-oid", "2.999.23.1", "--peer-subject", "OU=Sensors"],
             "iap-analyzer": ["--peer-oid", "2.999.23.2", "--peer-subject", "OU=Managers", "--peer-name", "m.dom.org"]}[role]
    return ["--tls", profile, "--pki", str(pki), "--deadline", DEADLINE, *other]


def suite_options(profile, pki, split="whole"):
    tls = ["--tls", "off"] if profile == "off" else ["--tls", profile, "--pki", str(pki), "--able", ABLE]
    return [*tls, "--split", split, "--patience", PATIENCE, "--timeout", TIMEOUT, "--host", "m.dom.org"]


def judge(out, *args):
    done = run("check", *args, "--jsonl", out, deadline=600)
    rs = results(out)
    bad = [(r["id"], r["verdict"], r["reason"]) for r in rs[:-1] if r["verdict"] in ("fail", "inconc", "error")]
    assert not bad, bad
    assert done.status == 0, done
    assert sum(r["verdict"] == "pass" for r in rs[:-1]) > 3
    for r in rs[:-1]:
        if r["verdict"] == "skip":
            assert any(why in r["reason"] for why in LEFT_OUT), r
    return rs[:-1]


@SPLITS
@TLS
def test_manager_listens(serve, pki, tmp_path, profile, split):
    at = serve("iap-manager", "--store", tmp_path / "store", *peer_options("iap-manager", profile, pki)).address
    judge(tmp_path / "out", "iap-manager", "--connect", at, "--jobs", "8", *suite_options(profile, pki, split))


@SPLITS
@TLS
def test_analyzer_listens(serve, pki, tmp_path, profile, split):
    at = serve("iap-analyzer", *peer_options("iap-analyzer", profile, pki)).address
    judge(tmp_path / "out", "iap-analyzer", "--connect", at, "--jobs", "8", *suite_options(profile, pki, split))


def started(role, profile, pki):
    """The peer as --exec starts it for one connection."""
    words = [programs.find_binary(), "serve", role, "--connect", "{host}:{port}", "--host", "m.dom.org", "--once", *peer_options(role, profile, pki)]
    return " ".join(f"'{w}'" for w in words)


@SPLITS
@TLS
@pytest.mark.parametrize("role", ["iap-manager", "iap-analyzer"])
def test_peer_connects(pki, tmp_path, role, profile, split):
    judge(tmp_path / "out", role, "--listen", "127.0.0.1:0", "--exec", started(role, profile, pki), "--jobs", "4", *suite_options(profile, pki, split))


@pytest.mark.parametrize("role", ["iap-manager", "iap-analyzer"])
def test_peer_that_connects_by_itself(serve, pki, tmp_path, role):
    """Without --exec: one peer that connects again and again."""
    p = programs.Program([programs.find_binary(), "check", role, "--listen", "127.0.0.1:0", *suite_options("off", pki), "--jsonl", tmp_path / "out"])
    line = p.line()
    assert line.startswith("listening on ")
    serve(role, "--connect", line.split()[-1], "--host", "m.dom.org", *peer_options(role, "off", pki))
    done = p.rest(600)
    bad = [r for r in results(tmp_path / "out")[:-1] if r["verdict"] in ("fail", "inconc", "error")]
    assert not bad and done.status == 0, (bad, done)


@SPLITS
def test_proxy(serve, tmp_path, split):
    """The proxy has no part in TLS.  Its next hop is the suite, whose port has to be known first."""
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        behind = "127.0.0.1:%d" % s.getsockname()[1]
    at = serve("iap-proxy", "--next-hop", behind, "--deadline", DEADLINE).address
    judge(tmp_path / "out", "iap-proxy", "--connect", at, "--next-hop", behind, "--split", split, "--patience", PATIENCE, "--timeout", TIMEOUT)


@pytest.mark.parametrize("role", ["iap-manager", "iap-analyzer"])
def test_refusing(serve, tmp_path, role):
    """Set up to refuse connections: the cases about that run, and no others."""
    at = serve(role, "--tls", "off", "--refuse", "--deadline", DEADLINE).address
    done = run("check", role, "--connect", at, "--tls", "off", "--able", "refusing", "--patience", PATIENCE, "--jsonl", tmp_path / "out", deadline=600)
    ran = special(results(tmp_path / "out"), done)
    assert {r["id"] for r in ran} >= {"iap/3.1/refuses"}


def test_unconfigured(serve, pki, tmp_path):
    """A manager without a certificate."""
    at = serve("iap-manager", "--deadline", DEADLINE).address
    done = run("check", "iap-manager", "--connect", at, "--able", "unconfigured", "--pki", pki, "--patience", PATIENCE, "--jsonl", tmp_path / "out",
               deadline=600)
    ran = special(results(tmp_path / "out"), done)
    assert {r["id"] for r in ran} >= {"iap/3.2/unconfigured"}


def special(rs, done):
    ran = [r for r in rs[:-1] if r["verdict"] != "skip" and "/passive/" not in r["id"] and "/sanity/" not in r["id"]]
    assert ran and all(r["verdict"] in ("pass", "weak") for r in ran), [(r["id"], r["verdict"], r["reason"]) for r in ran]
    assert done.status == 0, done
    return ran


# --- and it can fail ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role,mutant,clause", [("iap-manager", "lf-only", "IAP-4.2-1"), ("iap-manager", "store-204", "IAP-4.4-9"),
                                                ("iap-analyzer", "reason-phrase", "IAP-4.3.1-2")])
def test_a_mistake_is_found_over_sockets(serve, pki, tmp_path, role, mutant, clause):
    at = serve(role, "--mutate", mutant, *peer_options(role, "off", pki)).address
    done = run("check", role, "--connect", at, "--jobs", "8", *suite_options("off", pki), "--jsonl", tmp_path / "out", deadline=600)
    assert done.status == 1, done
    cited = {c for r in results(tmp_path / "out")[:-1] if r["verdict"] in ("fail", "weak") for c in r["clauses"]}
    assert clause in cited
