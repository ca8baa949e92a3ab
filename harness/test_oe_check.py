# SPDX-License-Identifier: MIT
"""check oe-parser and oe-gateway over processes and sockets: against our own adapters, and against one of its own (oe_adapter.py) that is good, or bad in one way."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from programs import DEADLINE, Program, find_binary, one_useful_line, results, run, until

pytestmark = pytest.mark.own
ADAPTER = f"exec {sys.executable} {Path(__file__).with_name('oe_adapter.py')}"
ABLE = ["--able", "key-records,master"]
FEW = ["--case", "oe/7.2/address", "--case", "oe/7.2/fqdn", "--timeout", "4"]  # a machine with much to do takes its time to start Python
DIALECTS = pytest.mark.parametrize("dialect", ["rfc", "draft"])


def own(role, *more):
    return f"exec '{find_binary()}' serve {role} " + " ".join(more)


def check(tmp_path, role, command, *options, deadline=120):
    done = run("check", role, "--exec", command, "--jsonl", tmp_path / "out", *options, deadline=deadline)
    return done, results(tmp_path / "out")[:-1] if (tmp_path / "out").exists() else []


def verdicts(rs, *wanted):
    return [(r["id"], r["verdict"], r["reason"]) for r in rs if r["verdict"] in wanted]


def processes(mark):
    """The adapters that still run with that word on their command line."""
    found = []
    for p in Path("/proc").iterdir():
        try:
            words = (p / "cmdline").read_text(errors="replace").split("\0") if p.name.isdigit() else [""]
            if mark in " ".join(words) and words[0] != find_binary():
                found.append(int(p.name))
        except OSError:
            pass
    return found


# --- good ones -----------------------------------------------------------------------------------------------------------------


@DIALECTS
@pytest.mark.parametrize("options", [[], ["--jobs", "4"], ["--split", "bytes,random:3"]], ids=["one", "jobs", "splits"])
def test_own_parser(tmp_path, dialect, options):
    done, rs = check(tmp_path, "oe-parser", own("oe-parser", "--dialect", "{dialect}"), "--dialect", dialect, *ABLE, "--able", "ipv6", *options)
    assert done.status == 0, done
    assert not verdicts(rs, "weak", "fail", "inconc", "error")
    assert len(verdicts(rs, "pass")) > 150


@DIALECTS
@pytest.mark.parametrize("listen", ["127.0.0.1:0", "[::1]:0"], ids=["ipv4", "ipv6"])
def test_own_gateway(tmp_path, dialect, listen):
    if listen.startswith("["):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("there is no IPv6 here")
    done, rs = check(tmp_path, "oe-gateway", own("oe-gateway"), "--dialect", dialect, "--able", "clock,bogus,ipv6", "--jobs", "8", "--dns-listen", listen)
    assert done.status == 0, done
    assert not verdicts(rs, "fail", "inconc", "error")
    assert len(verdicts(rs, "pass")) > 150


@DIALECTS
def test_parser_of_its_own(tmp_path, dialect):
    """What is left open may be read either way; nothing else is."""
    done, rs = check(tmp_path, "oe-parser", ADAPTER + " --dialect {dialect}", "--dialect", dialect, *ABLE)
    assert done.status == 0, done
    assert not verdicts(rs, "fail", "inconc", "error")
    assert {v[0] for v in verdicts(rs, "weak")} <= {"oe/7.2/fqdn-dot", "oe/7.2/fqdn-one-label"}
    assert len(verdicts(rs, "pass")) > 150


@pytest.mark.parametrize("role, mistake", [("oe-parser", "first-string"), ("oe-parser", "takes-cut-string"), ("oe-gateway", "any-place"), ("oe-gateway", "any-id"), ("oe-gateway", "no-tcp"),
                                           ("oe-gateway", "takes-truncated")])
def test_mistakes_over_processes(tmp_path, role, mistake):
    """What the sockets have a part in, and some others: a mistake of our own is found over processes as it is in memory."""
    done, rs = check(tmp_path, role, own(role, "--mutate", mistake), "--jobs", "8", "--timeout", "3", "--strict")
    assert done.status == 1 and verdicts(rs, "fail", "weak"), done
    assert not verdicts(rs, "inconc", "error")


def test_reference(tmp_path):
    """Four settings as programs, and every deliberate mistake in memory."""
    done = run("check", "reference", "--protocol", "oe", "--jobs", "8", "--jsonl", tmp_path / "out", deadline=600)
    assert done.status == 0 and " 0 survived" in done.out, done
    roles = {r["role"] for r in results(tmp_path / "out")[:-1]}
    assert roles == {f"{role} of the {dialect}, --tls off" for role in ("oe-parser", "oe-gateway") for dialect in ("RFC", "draft")}


# --- how it is started -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 3])
def test_started_once(tmp_path, jobs):
    log = tmp_path / "log"
    done, _ = check(tmp_path, "oe-parser", f"echo '{{dialect}} [{{dns}}]' >>{log}; " + own("oe-parser"), "--case", "oe/7.2", "--jobs", jobs)
    assert done.status == 0, done
    assert log.read_text() == "rfc []\n" * jobs


def test_names_in_the_command(tmp_path):
    log = tmp_path / "log"
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    command = f"echo '{{dialect}} {{dns}} {{host}}' >>{log}; " + own("oe-gateway")
    done, _ = check(tmp_path, "oe-gateway", command, "--case", "oe/sanity", "--dialect", "draft", "--dns-listen", f"127.0.0.1:{port}", "--jobs", "4")
    assert done.status == 0, done
    assert log.read_text() == f"draft 127.0.0.1:{port} {{host}}\n"  # one port: one at a time


def test_what_it_writes_on_standard_error(tmp_path):
    command = "echo about me >&2; " + own("oe-parser")
    for option, shown in ((["--verbose"], True), ([], False)):
        done, _ = check(tmp_path, "oe-parser", command, "--case", "oe/7.2/address", *option)
        assert done.status == 0 and ("about me" in done.err) == shown, done


# --- bad ones -----------------------------------------------------------------------------------------------------------------------


BAD = [  # how, status, a verdict that comes, and its reason
    ("ends", 3, "inconc", r"the adapter ended before it answered anything \(status 3\)"),
    ("silent", 3, "inconc", "nobody answers"),
    ("deaf", 3, "inconc", "nobody answers"),
    ("mute", 3, "inconc", "nobody answers"),
    ("half", 3, "inconc", "nobody answers"),
    ("late", 3, "inconc", "nobody answers"),
    ("slow", 3, "inconc", "nobody answers"),
    ("crash", 1, "fail", r"the adapter ended \(signal 11\)"),
    ("crash-behind", 1, "fail", r"the adapter ended.* \(signal 11\)"),
    ("once", 1, "fail", r"the adapter ended.* \(status 0\)"),
    ("hang", 1, "fail", "no answer"),
    ("leaves", 1, "fail", r"the adapter ended( \[|$)"),
    ("rubbish", 1, "fail", "rubbish"),
    ("no-object", 1, "fail", "rubbish"),
    ("other-id", 1, "fail", "rubbish"),
    ("no-id", 1, "fail", "rubbish"),
    ("binary", 1, "fail", "rubbish"),
    ("huge", 1, "fail", "rubbish"),
    ("inside-out", 1, "fail", "reads? .*|a good record was read in another way"),
    ("stubborn", 0, "pass", ""),
]


@pytest.mark.parametrize("how, status, verdict, reason", BAD, ids=[b[0] for b in BAD])
def test_bad_adapters(tmp_path, how, status, verdict, reason):
    # without --case one that is not there at all is not tried on
    few = FEW if status != 3 else ["--timeout", "4" if how == "ends" else "0.4"]
    if how == "hang":
        few = [*FEW, "--timeout", "0.8"]
    mark = f"mark-{how}-{os.getpid()}"
    done, rs = check(tmp_path, "oe-parser", f"{ADAPTER} --wrong {how} --mark {mark}", *few)
    assert done.status == status, done
    assert [v for v in verdicts(rs, verdict) if re.search(reason, v[2])], rs[:3]
    if status:
        assert not [v for v in verdicts(rs, "pass", "weak") if v[0].startswith("oe/7.2/address")]
    until(lambda: not processes(mark), what="no adapter is left")


def test_answers_that_come_twice(tmp_path):
    """The second one is seen, or comes when nobody listens."""
    done, rs = check(tmp_path, "oe-parser", ADAPTER + " --wrong twice", *FEW)
    assert done.status in (0, 1) and not verdicts(rs, "inconc", "error"), done
    assert all("twice" in v[2] for v in verdicts(rs, "fail")), done


@pytest.mark.parametrize("command", ["no-such-program", "true", "exit 7", "cat", "cat >/dev/null", "echo hello; cat >/dev/null", "yes", "while :; do echo '{}'; done"])
def test_commands_that_are_no_adapters(tmp_path, command):
    done, rs = check(tmp_path, "oe-parser", command, *FEW, "--timeout", "0.3")
    assert done.status in (1, 3) and not verdicts(rs, "pass", "weak", "error"), done


@pytest.mark.parametrize("command, reason", [
    ("no-such-program", "(status 127: there is no such command)"),
    ("/dev/null", "(status 126: the command cannot be run)"),
    ("cat", "could not reach ready: begin was answered by rubbish: none of status, decision"),
    ("echo hello; cat >/dev/null", "was no answer: no JSON: "),
])
def test_why_nobody_was_reached(tmp_path, command, reason):
    """No adapter, the wrong one, and one that says something else: each is told for what it is."""
    done, _ = check(tmp_path, "oe-gateway", command, "--timeout", "0.4", "--case", "oe/4.2/first-query")
    assert done.status == 3 and reason in done.out, done


@pytest.mark.parametrize("how, reason", [("crash", "the adapter ended (signal 11)"), ("hang", "no answer (got silence for 2.0 s)"), ("leaves", "the adapter ended"), ("tail", None)])
def test_the_next_case_has_a_fresh_one(tmp_path, how, reason):
    """What one case broke does not fail the next: each third question ends it, and two of three records are read."""
    some = ("cut-often", "cut-octets", "strings-empty", "strings-empty-end", "string-passes-end", "length-alone", "border-joins-numbers", "border-joins-address")
    done, rs = check(tmp_path, "oe-parser", ADAPTER + " --wrong " + how, "--timeout", "2", *(word for name in some for word in ("--case", "oe/7.2/" + name)))
    assert done.status == (1 if reason else 0), done
    assert len(verdicts(rs, "pass")) >= 3
    assert {v[2].split(" [")[0].partition(";")[0] for v in verdicts(rs, "fail")} == ({reason} if reason else set())


@pytest.mark.parametrize("role", ["oe-parser", "oe-gateway"])
def test_ends_with_its_input(tmp_path, role):
    """It is not killed as long as it can be waited for."""
    log = tmp_path / "log"
    done, _ = check(tmp_path, role, f"'{find_binary()}' serve {role}; echo \"ended $?\" >>{log}", "--case", "oe/sanity", "--jobs", "2")
    assert done.status == 0, done
    assert log.read_text() == "ended 0\n"


@pytest.mark.parametrize("jobs", [1, 8])
def test_no_descriptor_is_left(tmp_path, jobs):
    """An adapter that ends with each answer is started a hundred times."""
    p = Program([find_binary(), "check", "oe-parser", "--exec", ADAPTER + " --wrong once", "--case", "oe/7.1", "--jobs", str(jobs)])
    most = 0

    def look():
        nonlocal most
        try:
            most = max(most, p.fds())
        except OSError:
            pass
        return not p.alive()

    until(look, deadline=240, what="the end of the run")
    assert p.rest().status == 1
    assert 0 < most < 20 + 4 * jobs


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("how", ["silent", "stubborn"])
def test_interrupted(tmp_path, number, how):
    mark = f"mark-{how}-{number}-{os.getpid()}"
    if how == "silent":
        p = Program([find_binary(), "check", "oe-parser", "--exec", f"{ADAPTER} --wrong silent --mark {mark}", "--timeout", "60"])
    else:
        command = f"{ADAPTER} --wrong stubborn --mark {mark}"
        p = Program([find_binary(), "check", "oe-parser", "--exec", command, "--jobs", "4", "--split", "bytes", *ABLE])
    until(lambda: processes(mark), what="the adapter runs")
    p.signal(number)
    done = p.rest(deadline=10)
    assert done.status == 3 or how == "stubborn" and done.status in (0, 3), done  # it may have been through
    until(lambda: not processes(mark), what="no adapter is left")


# --- serve -----------------------------------------------------------------------------------------------------------------------


BEGIN = {"id": "1", "op": "begin", "dialect": "rfc", "policy": {"class": "permissive", "self": ["192.1.1.4"], "name": "", "unsigned": "use", "nat": "none", "timeout_ms": 400}}
INITIATE = {"id": "2", "op": "initiate", "source": "192.1.0.65", "destination": "192.0.2.66"}


def lines(*questions):
    return b"".join(json.dumps(q).encode() + b"\n" for q in questions)


def answers(done):
    assert done.status == 0 and not done.err, done
    return [json.loads(line) for line in done.out.splitlines()]


def closed_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % s.getsockname()[1]


def test_serve_ends_with_its_input():
    assert answers(run("serve", "oe-parser")) == []
    assert answers(run("serve", "oe-gateway")) == []
    assert answers(run("serve", "oe-parser", stdin=lines({"id": "x", "rdata_hex": "00"}))) == [{"id": "x", "status": "ignore"}]
    # what was asked before the end is still answered
    said = answers(run("serve", "oe-gateway", stdin=lines({**BEGIN, "dns": closed_port()}, INITIATE)))
    assert [(a["id"], a.get("status", a.get("decision"))) for a in said] == [("1", "ready"), ("2", "clear")]


def test_serve_reads_any_kind_of_input(tmp_path):
    many = lines(*({"id": str(n), "rdata_hex": "00"} for n in range(20000)))
    (tmp_path / "in").write_bytes(many)
    with open(tmp_path / "in", "rb") as i, open(tmp_path / "out", "wb") as o:
        assert subprocess.run([find_binary(), "serve", "oe-parser"], stdin=i, stdout=o, timeout=DEADLINE, check=False).returncode == 0
    assert [json.loads(line)["id"] for line in (tmp_path / "out").read_text().splitlines()] == [str(n) for n in range(20000)]
    assert len(answers(run("serve", "oe-parser", stdin=many))) == 20000
    # a reader that goes away ends it
    done = subprocess.run(["sh", "-c", f"exec {find_binary()} serve oe-parser <{tmp_path}/in | head -n 3"], capture_output=True, timeout=DEADLINE, check=False)
    assert len(done.stdout.splitlines()) == 3 and not done.stderr
    # the same socket for both
    ours, theirs = socket.socketpair()
    p = subprocess.Popen([find_binary(), "serve", "oe-parser"], stdin=theirs, stdout=theirs)
    theirs.close()
    ours.sendall(lines({"id": "s", "rdata_hex": "00"}))
    assert json.loads(ours.makefile().readline())["id"] == "s"
    ours.shutdown(socket.SHUT_WR)
    assert p.wait(DEADLINE) == 0
    assert ours.recv(10) == b""
    # closed ones
    for closed, word in (("<&-", "input"), (">&-", "output")):
        done = subprocess.run(["sh", "-c", f"exec {find_binary()} serve oe-parser {closed}"], capture_output=True, timeout=DEADLINE, check=False, text=True)
        assert done.returncode == 2 and f"standard {word} is closed" in done.stderr, done


@pytest.mark.parametrize("role", ["oe-parser", "oe-gateway"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_is_told_to_end(role, number):
    p = Program([find_binary(), "serve", role], stdin=subprocess.PIPE)
    question = {"id": "1", "rdata_hex": "00"} if role == "oe-parser" else {**BEGIN, "dns": closed_port()}
    p.p.stdin.write(lines(question))
    p.p.stdin.flush()
    assert json.loads(p.line())["id"] == "1"
    assert p.alive()
    p.signal(number)
    done = p.rest()
    assert done.status == 0 and not done.err, done


def test_serve_answers_what_it_cannot_read():
    said = answers(run("serve", "oe-parser", stdin=b"rubbish\n\n[]\n{}\n" + b"x" * 3_000_000 + b"\n" + lines({"id": "end", "rdata_hex": "00"}) + b'{"id":"half"'))
    assert any(a["id"] == "end" for a in said) or said[-1]["status"] == "error"
    assert all(a["status"] in ("error", "ignore") for a in said)


def test_serve_asks_where_it_is_told():
    """--dns is for a begin that names none; one that does comes first."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as a, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as b:
        for s in (a, b):
            s.bind(("127.0.0.1", 0))
            s.settimeout(DEADLINE)
        where = ["127.0.0.1:%d" % s.getsockname()[1] for s in (a, b)]
        run("serve", "oe-gateway", "--dns", where[0], stdin=lines(BEGIN, INITIATE))
        assert b"\x0266\x012\x010\x03192\x07in-addr\x04arpa\x00" in a.recv(4096)
        run("serve", "oe-gateway", "--dns", where[0], stdin=lines({**BEGIN, "dns": where[1]}, INITIATE))
        assert b"in-addr" in b.recv(4096)


# --- wrong use ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("args, word", [
    (["check", "oe-parser"], "--exec"),
    (["check", "oe-gateway"], "--exec"),
    (["check", "oe-parser", "--exec", "  "], "--exec"),
    (["check", "oe-parser", "--connect", "127.0.0.1:9"], "no server"),
    (["check", "oe-gateway", "--listen", "127.0.0.1:0"], "no server"),
    (["check", "oe-gateway", "--next-hop", "127.0.0.1:9", "--exec", "x"], "no server"),
    (["check", "oe-parser", "--exec", "x", "--tls", "modern"], "no TLS"),
    (["check", "oe-parser", "--exec", "x", "--ca", "f"], "no TLS"),
    (["check", "oe-parser", "--exec", "x", "--dns-listen", "127.0.0.1:0"], "oe-gateway"),
    (["check", "oe-gateway", "--exec", "x", "--dns-listen", "nonsense"], "HOST:PORT"),
    (["check", "oe-gateway", "--exec", "x", "--dns-listen", "192.0.2.1:0"], "192.0.2.1:0"),
    (["check", "oe-gateway", "--memory", "--dns-listen", "127.0.0.1:0"], "in memory"),
    (["check", "oe-gateway", "--memory", "--exec", "x"], "--memory"),
    (["check", "oe-parser", "--exec", "x", "--dialect", "old"], "--dialect"),
    (["check", "oe-parser", "--exec", "x", "--able", "tunnel"], "key-records, master, ipv6, clock, bogus"),
    (["check", "oe-parser", "--exec", "x", "--able", "no-such"], "key-records, master, ipv6, clock, bogus"),
    (["check", "oe-parser", "--memory", "--peer-connects"], "--peer-connects"),
    (["check", "oe-parser", "--exec", "x", "--host", "h"], "--host"),
    (["check", "iap-manager", "--exec", "x", "--dns-listen", "127.0.0.1:0"], "--dns-listen"),
    (["serve", "oe-parser", "--listen", "127.0.0.1:0"], "standard input"),
    (["serve", "oe-gateway", "--connect", "127.0.0.1:9"], "standard input"),
    (["serve", "oe-parser", "--tls", "modern"], "no TLS"),
    (["serve", "oe-parser", "--dns", "127.0.0.1:9"], "oe-gateway"),
    (["serve", "oe-gateway", "--dns", "nonsense"], "HOST:PORT"),
    (["serve", "oe-gateway", "--dialect", "rfc"], "oe-parser"),
    (["serve", "oe-parser", "--mutate", "no-such"], "no-such"),
    (["serve", "oe-parser", "--sasl-users", "f"], "--sasl-users"),
])
def test_wrong_use(args, word):
    one_useful_line(run(*args), word)
