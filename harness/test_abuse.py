# SPDX-License-Identifier: MIT
"""Peers that die, lie or hang while they are being judged, and users who interrupt or mistype: a dead peer never passes, and nothing is left behind."""
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading

import pytest

from programs import MEMORY, environment, find_binary, one_useful_line, results, run, stored, until

CLEAR = ["--tls", "off", "--timeout", "0.5"]
RESET = struct.pack("ii", 1, 0)


class Peer:
    """Listens, and lets a function of the test deal with each connection: talk(connection, its number)."""

    def __init__(self, talk):
        self.talk, self.count, self.open = talk, 0, []
        self.s = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = "127.0.0.1:%d" % self.s.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                c, _ = self.s.accept()
            except OSError:
                return
            self.open.append(c)
            threading.Thread(target=self.one, args=(c, self.count), daemon=True).start()
            self.count += 1

    def one(self, c, n):
        try:
            self.talk(c, n)
        except OSError:
            pass

    def close(self):
        self.s.close()
        for c in self.open:
            c.close()


@pytest.fixture
def peer():
    made = []

    def make(talk):
        made.append(Peer(talk))
        return made[-1]

    yield make
    for p in made:
        p.close()


def relay(c, to):
    """Between two sockets until either ends."""
    host, _, port = to.rpartition(":")
    with c, socket.create_connection((host, int(port))) as b:
        def copy(x, y):
            try:
                while octets := x.recv(65536):
                    y.sendall(octets)
                y.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        back = threading.Thread(target=copy, args=(b, c), daemon=True)
        back.start()
        copy(c, b)
        back.join()


def reset(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    c.close()


def flood(octets, after=b""):
    def talk(c, _):
        if after:
            c.recv(1000)
            c.sendall(after)
        while True:
            c.sendall(octets)
    return talk


# --- peers under test -----------------------------------------------------------------------------------------------------

ENDS = {"close": lambda c: c.close(), "reset": reset, "hang": lambda c: c.recv(1 << 20)}


@pytest.mark.parametrize("how", ENDS)
def test_a_peer_that_dies_in_the_middle(serve, peer, tmp_path, how):
    alive = serve("iap-manager", "--tls", "off", "--deadline", "2")
    p = peer(lambda c, n: relay(c, alive.address) if n < 12 else ENDS[how](c))
    done = run("check", "iap-manager", "--connect", p.address, *CLEAR, "--case", "iap/1", "--jsonl", tmp_path / "r")
    assert done.status == (1 if how == "hang" else 3), done  # though much passed before; a case may ask for an answer, whichever
    assert "dead or silent at the end" in done.err
    cases = [r for r in results(tmp_path / "r") if "verdict" in r and "/passive/" not in r["id"]]
    verdicts = {r["id"]: r["verdict"] for r in cases}
    assert verdicts["iap/sanity/alert"] == "pass"
    # what a close answers rightly proves nothing when every connection is closed
    assert verdicts["iap/1.6/other-version"] == "inconc", done
    assert verdicts["iap/sanity/alert-again"] == "inconc"


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_peer_that_only_closes_rejects_nothing(peer, how):
    p = peer(lambda c, n: (c.recv(1000), ENDS[how](c)))
    done = run("check", "iap-manager", "--connect", p.address, *CLEAR, "--case", "iap/1.6/other-version")
    assert done.status == 3, done
    assert "0 pass" in done.out


@pytest.mark.parametrize("talk", [
    flood(b"x" * 65536),
    flood(b"IAP/0.3 200\r\n\r\n" * 4000),
    flood(b"IAP/0.3 Via: p.dom.org\r\n" * 2000, b"IAP/0.3 200\r\n"),
    flood(b"\x15\x03\x01\x00\x02\x01\x5a" * 5000, b"IAP/0.3 200\r\n\r\n"),
    flood(b"\x16\x03\x01\x00\x01\x02" * 5000, b"IAP/0.3 200\r\n\r\nIAP/0.3 101\r\n\r\n"),
], ids=["garbage", "responses", "vias", "alerts", "records"])
@pytest.mark.parametrize("profile", ["off", "modern"])
def test_a_peer_that_floods(peer, pki, talk, profile):
    p = peer(talk)
    more = ["--pki", pki] if profile != "off" else []
    done = run("check", "iap-manager", "--connect", p.address, "--tls", profile, "--timeout", "0.5", "--jobs", "4", "--case", "iap/3", *more)
    assert done.status in (1, 3), done
    assert "0 error" in done.out


def test_a_peer_that_crashes_fails():
    done = run("check", "iap-analyzer", *CLEAR, "--case", "iap/1", "--exec", "kill -SEGV $$")
    assert done.status == 1, done
    assert "the peer crashed (signal 11)" in done.out


def test_a_command_that_does_not_start_is_named():
    done = run("check", "iap-analyzer", *CLEAR, "--exec", "exit 7")
    assert done.status == 3, done
    assert "the command of --exec had ended with status 7" in done.out


@pytest.mark.parametrize("answers,acknowledged", [(2, 1), (1000, 1)])
def test_a_response_that_was_there_before_does_not_acknowledge(peer, alert, answers, acknowledged):
    def talk(c, _):
        with c.makefile("rb") as f:
            for answer in (b"200", b"101", b"200"):
                while f.readline() != b"\r\n":
                    pass
                c.sendall(b"IAP/0.3 " + answer + b"\r\n\r\n")
            while not f.readline().startswith(b"<alert"):
                pass
            c.sendall(b"IAP/0.3 200\r\n\r\n" * answers)
            c.recv(1)
    done = run("send", "iap-analyzer", "--tls", "off", "--host", "m.dom.org", "--connect", peer(talk).address, "--timeout", "1",
               *[alert(b"<alert/>\r\n") for _ in range(3)])
    assert done.status == 1, done
    assert f"{acknowledged} of 3 alerts acknowledged" in done.out


# --- users ----------------------------------------------------------------------------------------------------------------

@pytest.fixture
def temporary():
    folder = tempfile.mkdtemp()
    yield folder
    shutil.rmtree(folder)


def alone(pid):
    """Nobody is left of that session."""
    for d in os.listdir("/proc"):
        try:
            if d.isdigit() and os.getsid(int(d)) == pid:
                return False
        except ProcessLookupError:
            pass
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_leaves_nothing(temporary, number):
    mark = os.path.join(temporary, "started")
    command = f"echo $$ >>{mark}; trap '' TERM; while :; do sleep 1; done"
    p = subprocess.Popen([find_binary(), "check", "iap-analyzer", "--timeout", "5", "--exec", command], env=environment(TMPDIR=temporary),
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    pid = int(until(lambda: os.path.exists(mark) and open(mark).read().split(), what="the command was started")[0])
    assert any(n.startswith("draftproof-pki-") for n in os.listdir(temporary))
    p.send_signal(number)
    out, err = p.communicate(timeout=30)
    assert p.returncode == 3, (out, err)
    assert "draftproof: interrupted" in err
    assert "the run was interrupted" in out
    assert os.listdir(temporary) == ["started"]  # keys are removed
    until(lambda: alone(pid), what="the command is gone")


@pytest.mark.parametrize("command", [["check", "reference"], ["mutants", "--run"]], ids=["reference", "mutants"])
def test_long_runs_can_be_interrupted(temporary, command):
    p = subprocess.Popen([find_binary(), *command], env=environment(TMPDIR=temporary), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: os.listdir(temporary), what="keys are made")
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=60)
    assert p.returncode == 3, (out, err)
    assert "interrupted" in err
    assert os.listdir(temporary) == []


WRONG = [
    (["--host", "a b"], "--host"),
    (["--host", ""], "--host"),
    (["--host", "a\r\nX: y"], "--host"),
    (["--split", ","], "--split"),
    (["--able", ""], "--able"),
    (["--case", ""], "--case"),
    (["--jsonl", ""], "empty"),
    (["--junit", "."], "directory"),
    (["--tap", "missing/x"], "missing/x"),
    (["--html", "/dev/null/x"], "/dev/null/x"),
    (["--save", "/dev/null"], "/dev/null"),
    (["--waive", "missing"], "missing"),
]


@pytest.mark.parametrize("args,word", WRONG, ids=lambda a: " ".join(a) if isinstance(a, list) else None)
def test_wrong_use_is_told_before_the_run(tmp_path, args, word):
    done = run(*MEMORY, *args, cwd=tmp_path)
    one_useful_line(done, word)


@pytest.mark.parametrize("args", [["check", "reference", "--connect", "127.0.0.1:1"], ["check", "reference", "--memory"],
                                  ["check", "iap-analyzer", "--exec", " "], ["check", "iap-manager", "--connect", "127.0.0.1:0"]])
def test_contradictions(args):
    one_useful_line(run(*args))


def test_an_empty_id_waives_nothing(tmp_path):
    (tmp_path / "w").write_text('[{"id":"","reason":"r","link":"l","expires":"2999-01-01"}]')
    one_useful_line(run(*MEMORY, "--waive", tmp_path / "w"), "id")


# --- the disk -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("whole", [True, False], ids=["folder", "file"])
def test_a_store_that_is_removed_acknowledges_nothing(serve, alert, tmp_path, whole):
    store = tmp_path / "store"
    server = serve("iap-manager", "--tls", "off", "--store", store)
    send = ["send", "iap-analyzer", "--tls", "off", "--connect", server.address, alert()]
    assert run(*send).status == 0
    assert len(stored(store)) == 1
    if whole:
        shutil.rmtree(store)
    else:
        next(store.glob("*.log")).unlink()
    done = run(*send)
    assert done.status == 1, done
    assert "No such file" in server.err()
