# SPDX-License-Identifier: MIT
"""The promise of an acknowledgement: the alert is on disk, whatever happens to the manager next."""
import os
import random
import re
import select
import time
from pathlib import Path

import pytest

import programs
from programs import acknowledged, extract, run, stored, until

SEED = int(os.environ.get("DRAFTPROOF_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
ROUNDS, FILES = 10, 400


def log_of(store):
    return b"".join(p.read_bytes() for p in sorted(Path(store).glob("alerts-*.log")))


def body(sender, n):
    return b"<alert sender='%s' n='%06d'>" % (sender.encode(), n) + b"x" * (n * 37 % 900) + b"</alert>"


class Sender:
    """One run of send with alerts that nobody else sends."""

    def __init__(self, folder, name, at, pki, connections):
        self.name, self.connections = name, connections
        folder.mkdir()
        files = []
        for n in range(FILES):
            files.append(folder / f"{n:06d}")
            files[-1].write_bytes(body(name, n))
        self.p = programs.Program([programs.find_binary(), "send", "iap-analyzer", "--connect", at, "--pki", pki,
                                   "--connections", connections, *files])

    def check(self, done, kept):
        """No acknowledged alert of this sender is missing from kept, the numbers of its alerts that are stored."""
        count, everything = acknowledged(done)
        assert everything == FILES
        assert len(kept) == len(set(kept)), "an alert is stored twice"
        if self.connections == 1:  # in order, so it is known which ones were acknowledged
            missing = set(range(count)) - set(kept)
            assert not missing, f"acknowledged and lost: {self.name} {sorted(missing)}"
        else:
            assert count <= len(kept), f"{self.name}: {count} acknowledged, {len(kept)} stored"
        # at most one alert a connection was on its way when the manager died
        assert len(kept) <= count + self.connections
        return count


@pytest.mark.parametrize("tls_word", ["modern"])
def test_killed_under_load(serve, tmp_path, pki, tls_word):
    """kill -9 at ten random moments.  (What a power cut would do is the matter of fsync and not shown here.)"""
    rng = random.Random(SEED)
    print("DRAFTPROOF_SEED =", SEED)
    store = tmp_path / "store"
    total, highest = 0, 0
    for r in range(ROUNDS):
        manager = serve("iap-manager", "--store", store, "--tls", tls_word, "--pki", pki)
        if r:
            assert f"{highest} alerts" in manager.err(), manager.err()
        senders = [Sender(tmp_path / f"r{r}s{i}", f"r{r}s{i}", manager.address, pki, c) for i, c in enumerate((1, 1, 6))]
        # the load is on when something of this round is stored; then a random moment
        until(lambda: b"sender='r%d" % r in log_of(store), what="the round has begun")
        select.select([], [], [], rng.choice((0, rng.uniform(0, 0.02), rng.uniform(0, 0.3))))
        manager.kill()
        results = [s.p.rest() for s in senders]
        alerts = stored(store)
        data = log_of(store)
        for s, done in zip(senders, results):
            kept = [int(n) for n in re.findall(rb"<alert sender='%s' n='(\d+)'>x*</alert>\n" % s.name.encode(), data)]
            total += s.check(done, kept)
        assert [a.number for a in alerts] == list(range(1, len(alerts) + 1)), "numbering goes on without gaps"
        assert len(alerts) >= total
        highest = len(alerts)
        a = rng.choice(alerts)
        text = extract(store, a.number)
        m = re.match(rb"<alert sender='(\w+)' n='(\d+)'>", text)
        assert m and text == body(m[1].decode(), int(m[2])) and len(text) == a.octets
    assert total > 0
    # the next start reads it all and goes on
    manager = serve("iap-manager", "--store", store, "--pki", pki)
    one = tmp_path / "last"
    one.write_bytes(b"last")
    assert run("send", "iap-analyzer", "--connect", manager.address, "--pki", pki, one).status == 0
    alerts = stored(store)
    assert alerts[-1].number == highest + 1 and extract(store, highest + 1) == b"last"


def test_many_large_alerts_at_once(serve, tmp_path):
    """48 connections with a MiB each wait for the disk; none is sent away."""
    large = tmp_path / "large"
    large.write_bytes(b"x" * (1 << 20))
    manager = serve("iap-manager", "--store", tmp_path / "store", "--tls", "off")
    done = run("send", "iap-analyzer", "--connect", manager.address, "--tls", "off", "--connections", "48", "--repeat", "96", large)
    assert done.status == 0, done
    assert len(stored(tmp_path / "store")) == 96


def test_told_to_stop_under_load(serve, tmp_path, pki):
    """The server ends soon although alerts keep coming, and each session by close_notify; all that it acknowledged is there."""
    store = tmp_path / "store"
    manager = serve("iap-manager", "--store", store, "--pki", pki)
    sender = Sender(tmp_path / "s", "s", manager.address, pki, 8)
    more = tmp_path / "more"
    more.write_bytes(b"more")
    load = programs.Program([programs.find_binary(), "send", "iap-analyzer", "--connect", manager.address, "--pki", pki, "-v", "--connections", "8",
                             "--repeat", "1000000", more])
    until(lambda: len(log_of(store)) > 20000, what="the load is on")
    began = time.monotonic()
    done = manager.stop()
    assert done.status == 0 and time.monotonic() - began < 5, done
    result = sender.p.rest()
    kept = [int(n) for n in re.findall(rb"<alert sender='s' n='(\d+)'>x*</alert>\n", log_of(store))]
    sender.check(result, kept)
    rest = load.rest()
    assert 0 < acknowledged(rest)[0] <= log_of(store).count(b"\nmore\n")
    assert "peer ended the connection" not in rest.err, "the sessions end by close_notify (3.5)"


def test_torn_end_is_set_aside(serve, tmp_path, alert):
    store = tmp_path / "store"
    manager = serve("iap-manager", "--store", store, "--tls", "off")
    assert run("send", "iap-analyzer", "--connect", manager.address, "--tls", "off", alert(b"whole"), alert(b"torn" * 100)).status == 0
    assert manager.stop().status == 0
    log = max(store.glob("alerts-*.log"))
    octets = log.read_bytes()
    log.write_bytes(octets[:-30])
    listed = run("store", store)
    assert listed.status == 0 and "1 alerts in" in listed.out and "of no whole alert" in listed.out, listed
    assert log.read_bytes() == octets[:-30], "listing changes nothing"
    manager = serve("iap-manager", "--store", store, "--tls", "off")
    assert "damaged end" in manager.err()
    assert run("send", "iap-analyzer", "--connect", manager.address, "--tls", "off", alert(b"next")).status == 0
    assert [(a.number, extract(store, a.number)) for a in stored(store)][0] == (1, b"whole")
    assert extract(store, stored(store)[-1].number) == b"next"
    torn = list(store.glob("*.torn"))
    assert torn and b"torn" in torn[0].read_bytes(), "nothing is thrown away"


def test_numbering_goes_on_after_an_orderly_end(serve, tmp_path, alert):
    store = tmp_path / "store"
    for n in range(1, 4):
        manager = serve("iap-manager", "--store", store, "--tls", "off")
        assert run("send", "iap-analyzer", "--connect", manager.address, "--tls", "off", alert(b"%d" % n)).status == 0
        assert manager.stop().status == 0
    assert [(a.number, extract(store, a.number)) for a in stored(store)] == [(1, b"1"), (2, b"2"), (3, b"3")]


def start_fails(*args):
    done = run("serve", "iap-manager", "--listen", "127.0.0.1:0", "--tls", "off", *args)
    assert done.status == 2, done
    assert len(done.lines()) == 1 and done.lines()[0].startswith("draftproof: "), done
    assert "listening" not in done.out
    return done.err


def test_store_of_a_second_server(serve, tmp_path, alert):
    store = tmp_path / "store"
    manager = serve("iap-manager", "--store", store, "--tls", "off")
    assert str(store) in start_fails("--store", store)
    assert run("send", "iap-analyzer", "--connect", manager.address, "--tls", "off", alert()).status == 0
    assert len(stored(store)) == 1, "the first goes on, and can be listed meanwhile"
    assert manager.stop().status == 0
    serve("iap-manager", "--store", store, "--tls", "off")  # the lock went with its holder


def test_store_lock_ends_with_kill(serve, tmp_path):
    store = tmp_path / "store"
    serve("iap-manager", "--store", store, "--tls", "off").kill()
    serve("iap-manager", "--store", store, "--tls", "off")


def test_store_is_a_file(tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert str(tmp_path / "file") in start_fails("--store", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "no folder"


def test_store_below_nothing(tmp_path):
    assert "missing" in start_fails("--store", tmp_path / "missing" / "store")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser reads and writes any folder")
@pytest.mark.parametrize("mode", [0, 0o500])
def test_store_without_permission(tmp_path, mode):
    store = tmp_path / "store"
    store.mkdir()
    store.chmod(mode)
    try:
        start_fails("--store", store)
    finally:
        store.chmod(0o700)


def test_full_disk_is_no_acknowledgement(serve, tmp_path, alert):
    """A limit on the size of files stands for a disk that is full: nothing that did not get there may be acknowledged."""
    import resource
    import subprocess
    store = tmp_path / "store"
    soft = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    cmd = [programs.find_binary(), "serve", "iap-manager", "--listen", "127.0.0.1:0", "--tls", "off", "--store", str(store)]
    with open(tmp_path / "err", "wb") as err:
        p = subprocess.Popen(cmd, stdout=subprocess.PIPE, stderr=err, text=True, env=programs.environment(),
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100000, soft)))
    try:
        at = p.stdout.readline().split()[-1]
        done = run("send", "iap-analyzer", "--connect", at, "--tls", "off", "--repeat", "20", alert(b"y" * 10000))
        assert done.status == 1, done
        count, _ = acknowledged(done)
        assert count == len(stored_whole(store)) and 0 < count < 20, done
    finally:
        p.terminate()
        assert p.wait(programs.DEADLINE) == 0
        p.stdout.close()
    assert (tmp_path / "err").read_text().strip(), "the manager says why"


def stored_whole(store):
    done = run("store", store)
    assert done.status == 0, done
    return [t for t in done.out.splitlines() if " octets  " in t]
