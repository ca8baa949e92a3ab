# SPDX-License-Identifier: MIT
"""The command line as a contract: exit statuses, one useful line for wrong use, reports that other programs can read."""
import os
import pty
import re
import select
import signal
import socket
import subprocess

import pytest

import programs
import wire
from programs import ADAPTERS, MEMORY, ROLES, Program, one_useful_line, results, run

COMMANDS = ("check", "serve", "send", "store", "clauses", "mutants", "model", "pki")

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
    (["mutants", "--protocol", "bogus"], "iap"),
    (["clauses", "--protocol", "bogus"], "iap"),
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
    ([*MEMORY, "--set", "bogus"], "NAME=VALUE"),
    ([*MEMORY, "--set", "lower=1"], "NAME=VALUE"),
    ([*MEMORY, "--set", "=1"], "NAME=VALUE"),
    ([*MEMORY, "--set", "BOGUS=1"], "$BOGUS"),
    ([*MEMORY, "--protocol", "iap"], "--protocol"),
    (["check", "reference", "--protocol", "bogus"], "iap"),
    (["check", "reference", "--set", "A=1"], "reference"),
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
    one_useful_line(run(command, "bogus-role", *more), "bogus-role", *ROLES, *ADAPTERS)
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


def test_name_that_is_connected_to_is_looked_for(serve, certificates, alert, pki):
    """6.6 and RFC 2595 2.4; an address is no name, and --peer-name has the last word."""
    profile, _ = certificates
    manager = serve("iap-manager", "--tls", profile, "--pki", pki)
    send = ["send", "iap-analyzer", "--tls", profile, "--pki", pki, alert(), "--connect"]
    assert run(*send, manager.address, "--host", "M.DOM.ORG").status == 0
    assert run(*send, manager.address, "--host", "192.0.2.1").status == 0
    done = run(*send, manager.address, "--host", "x.dom.org")
    assert done.status == 1 and "x.dom.org" in done.err, done
    assert run(*send, manager.address, "--host", "x.dom.org", "--peer-name", "m.dom.org").status == 0
    assert run(*send, manager.address, "--host", "x.dom.org", "--peer-name=").status == 0
    assert run(*send, manager.address.replace("127.0.0.1", "localhost")).status == 0


@pytest.mark.parametrize("words", [["serve", "iap-proxy", "--listen", "127.0.0.1:0", "--next-hop", "127.0.0.1:9", "--identity", "a b"],
                                   ["serve", "iap-proxy", "--listen", "127.0.0.1:0", "--next-hop", "a_b=127.0.0.1:9"],
                                   ["serve", "iap-manager", "--connect", "127.0.0.1:9", "--host", "a\r\nb"]])
def test_names_that_are_no_hosts(words):
    done = run(*words)
    assert done.status == 2 and "is no host" in done.err and len(done.err.splitlines()) <= 2, done


def test_no_certificate_no_upgrade(serve, alert, pki):
    """3.2: a manager without a certificate answers the upgrade request with 500."""
    manager = serve("iap-manager")
    done = run("send", "iap-analyzer", "--connect", manager.address, "--pki", pki, alert())
    assert done.status == 1 and "500" in done.err, done


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


def test_peer_that_takes_connections_and_says_nothing():
    """That is a peer, and one that breaks clauses; nothing passes."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        done = run("check", "iap-manager", "--connect", "127.0.0.1:%d" % s.getsockname()[1], "--tls", "off", "--timeout", "50ms")
    assert done.status == 1, done
    assert re.search(r"^0 pass, 0 weak, [1-9]", done.out, re.M) and "silent" in done.out, done


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


@pytest.mark.parametrize("role", ROLES + ADAPTERS)
def test_list(role):
    done = run("check", role, "--list")
    assert done.status == 0 and done.err == "", done
    ids = ids_of(done.out)
    assert ids and len(ids) == len(set(ids))
    family = "idxp" if role == "tunnel-proxy" else role.partition("-")[0]
    assert all(re.fullmatch(family + r"(/[\w.-]+){2,3}", i) for i in ids)
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
    one_useful_line(done, "own.scn:5:")


def test_names_that_are_set(tmp_path):
    f = tmp_path / "own.scn"
    f.write_text("case     iap/own/types\ntitle    One alert\nclause   IAP-3.6-1\nagainst  iap-manager\nreach    ready\n"
                 "send     content type=$TYPE body=\"x\"\nexpect   response code=200 -> pass\nor       response -> fail \"refused\"\n")
    args = [*MEMORY, "--scenario", f, "--case", "iap/own"]
    assert run(*args, "--set", "TYPE=text/plain", "--set", "TYPE=application/x-idef-alert").status == 0
    refused = run(*args, "--set", "TYPE=text/plain")
    assert refused.status == 1 and "refused" in refused.out, refused
    unset = run(*args)
    assert unset.status == 1 and "TYPE" in unset.out, unset
    one_useful_line(run(*args, "--set", "TYPE=" + "x" * 1024), "--set")


def test_one_protocol_only():
    for command in "clauses", "mutants":
        listed = run(command, "--protocol", "iap")
        assert "IAP-4.3.1-2" in listed.out and "BEEP-" not in listed.out, listed
    listed = run("check", "reference", "--protocol", "iap", "--list")
    assert listed.status == 0 and all(line.startswith("iap/") for line in listed.out.splitlines()), listed


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


@pytest.mark.parametrize("role", [r for r in ROLES if r != "beep-initiator"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_servers_end_with_0(serve, role, number):
    more = {"iap-proxy": ["--next-hop", "127.0.0.1:1"], "tunnel-proxy": ["--open"]}.get(role, ["--tls", "off"])
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
