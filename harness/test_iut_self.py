# SPDX-License-Identifier: MIT
"""The --iut machinery itself: each verdict becomes what docs/iut.md says, and a wrong description is told."""
import os
import re
import subprocess
import sys

import pytest

import iut
import programs

SERVE = "{draftproof} serve iap-manager --listen 127.0.0.1:0 --tls off --deadline 2"
RUN = {"role": '"iap-manager"', "tls": '"off"', "start": f'"{SERVE}"', "cases": '["iap/4.4"]', "patience": "8"}


def toml(**change):
    keys = {k: v for k, v in (RUN | change).items() if v is not None}
    return "[[run]]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items())


def pytest_iut(tmp_path, text, *options):
    """Runs pytest --iut on a description; outcome counts and all that was printed."""
    path = tmp_path / "mine.toml"
    path.write_text(text)
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    p = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", programs.ROOT / "harness", "--iut", path,
                        f"--basetemp={tmp_path / 'base'}", *options],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=programs.ROOT, env=env, timeout=600)
    last = p.stdout.splitlines()[-1]
    return p.returncode, {k: int(n) for n, k in re.findall(r"(\d+) (passed|failed|skipped|warnings?|error)", last)}, p.stdout


def test_pass(tmp_path):
    status, n, text = pytest_iut(tmp_path, toml())
    listed = len(programs.run("check", "iap-manager", "--list", "--connect", "127.0.0.1:1", "--case", "iap/4.4").out.splitlines())
    assert status == 0 and n.get("passed", 0) + n.get("skipped", 0) == listed + 1 and n["passed"] >= listed and "failed" not in n, text


def test_fail(tmp_path):
    status, n, text = pytest_iut(tmp_path, toml(start=f'"{SERVE} --mutate store-204"'))
    assert status == 1 and n["failed"] >= 1, text
    assert "fail: iap/4.4/alert" in text and "IAP-4.4-9" in text and "--case iap/4.4/alert" in text


def test_weak_and_strict(tmp_path):
    text = toml(start=f'"{SERVE} --mutate takes-chunked"', cases='["iap/4.1"]')
    status, n, out = pytest_iut(tmp_path, text)
    assert status == 0 and n.get("warnings") or n.get("warning"), out
    assert "weak: iap/4.1/" in out
    status, n, out = pytest_iut(tmp_path, text, "--strict-weak")
    assert status == 1 and n["failed"] >= 1, out


def test_skip(tmp_path):
    status, n, text = pytest_iut(tmp_path, toml(cases='["iap/3.5", "iap/4.4"]'))
    assert status == 0 and n["skipped"] >= 1 and "--tls off leaves the handshake out" in text, text


def test_inconclusive_is_a_failure(tmp_path):
    status, n, text = pytest_iut(tmp_path, toml(start=None, connect='"127.0.0.1:1"'))
    assert status == 1 and "passed" not in n, text
    assert "cannot be reached" in text


def test_start_that_ends(tmp_path):
    status, n, text = pytest_iut(tmp_path, toml(start='"{draftproof} serve iap-manager"'))
    assert status == 1 and "passed" not in n, text
    assert "before it said where it listens" in text and "give either --listen or --connect" in text


def test_one_that_connects_again_and_again(tmp_path):
    start = "{draftproof} serve iap-analyzer --connect {listen} --host m.dom.org --tls off --deadline 2"
    status, n, text = pytest_iut(tmp_path, toml(role='"iap-analyzer"', start=f'"{start}"', listen='"127.0.0.1:0"', cases='["iap/2.3"]'))
    assert status == 0 and n["passed"] > 3, text


def test_splits_are_items(tmp_path):
    status, n, text = pytest_iut(tmp_path, toml(split='["whole", "bytes"]'), "-v")
    assert status == 0 and "iap/4.4/alert] PASSED" in text and "iap/4.4/alert:bytes] PASSED" in text, text


WAIVER = '[[run.waive]]\nid = "{}"\nreason = "known"\nlink = "https://bugs.example/1"\nexpires = "{}"\n'


@pytest.mark.parametrize("mutant,expires,passes", [("takes-chunked", "2999-01-01", True), ("takes-chunked", "2001-01-01", False),
                                                   ("store-204", "2999-01-01", False)])
def test_waivers(tmp_path, mutant, expires, passes):
    """Strict, a weak verdict fails unless it is waived; a waiver that is late fails too; and one that covers nothing of it does not help."""
    text = toml(start=f'"{SERVE} --mutate {mutant}"', cases='["iap/4.1"]')
    _, _, out = pytest_iut(tmp_path, text, "--strict-weak")
    broken = sorted(set(re.findall(r"^(?:weak|fail): (iap/4\.1/\S+)", out, re.M)))
    waivers = "".join(WAIVER.format(i, expires) for i in broken or ["iap/4.1/no-length"])
    status, n, out = pytest_iut(tmp_path, text + waivers, "--strict-weak")
    assert (status == 0) == passes, out


def test_with_xdist_the_suite_runs_once(tmp_path):
    pytest.importorskip("xdist")
    mark = tmp_path / "starts"
    start = f"/bin/sh -c 'echo x >> {mark}; exec {SERVE}'"
    status, n, text = pytest_iut(tmp_path, toml(start=f'"{start}"'), "-n", "2")
    assert status == 0, text
    assert mark.read_text() == "x\n"


@pytest.mark.parametrize("name", ["reference-manager", "reference-analyzer", "reference-proxy", "reference-beep", "reference-idxp", "reference-oe", "example"])
def test_descriptions_can_be_read(name):
    for run in iut.load(name):
        assert run.ids()


@pytest.mark.parametrize("text,word", [("", "no [[run]]"), ("[[run]", "mine.toml"), (toml(role='"manager"'), "iap-manager"), (toml(tls='"on"'), "modern"),
                                       (toml(start=None), "where is the peer"), (toml(role='"oe-parser"'), "no server"), (toml(role='"oe-parser"', start=None, exec='"x"', tls='"modern"'), "no TLS"),
                                       (toml(role='"iap-proxy"'), "next_hop"),
                                       (toml(colour='"red"'), "colour"), (toml() + toml(), "same name"),
                                       (toml() + '[[run.waive]]\nid = "iap/4.4"\n', "waiver"), (toml(cases='["iap/99"]'), "no case matches")])
def test_wrong_description(tmp_path, text, word):
    status, _, out = pytest_iut(tmp_path, text)
    assert status not in (0, 1) and word in out, out


def test_unknown_name():
    with pytest.raises(iut.Wrong, match="reference-manager"):
        iut.load("nothere")
