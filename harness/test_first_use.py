# SPDX-License-Identifier: MIT
"""What somebody does who sees this for the first time: the README's commands for IDMEF, as they are printed there, and what goes wrong then."""
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

import programs
from programs import one_useful_line, run

pytestmark = pytest.mark.own
README = (programs.ROOT / "README.md").read_text(encoding="utf-8")
SAMPLE = programs.ROOT / "vectors" / "idmef" / "prelude" / "alert-1.xml"


def blocks(heading):
    """The fenced blocks of a section, without those that show what is printed."""
    section = re.search(rf"^### {heading}\n(.*?)(?=^##)", README, re.M | re.S)[1]
    return [b for b in re.findall(r"^```\n(.*?)^```", section, re.M | re.S) if "draftproof" in b]


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@pytest.fixture
def shell(tmp_path):
    """Runs a block as a person would: line by line, the next one once a server says that it listens.  Other ports than printed: those may be taken."""
    started = []
    (tmp_path / "vectors").symlink_to(programs.ROOT / "vectors")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "draftproof").symlink_to(programs.find_binary())
    env = programs.environment(PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    def enter(block):
        printed = sorted(set(re.findall(r"127\.0\.0\.1:(\d+)", block)))
        for old, new in zip(printed, free_ports(len(printed))):
            block = block.replace(f":{old}", f":{new}")
        said = []
        for command in split(block):
            if command.rstrip().endswith("&"):
                p = subprocess.Popen(["bash", "-c", "exec " + command.rstrip().rstrip("&")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, cwd=tmp_path, env=env)
                started.append(p)
                assert p.stdout.readline().startswith(b"listening on "), command
            else:
                p = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path, env=env,
                                   timeout=programs.DEADLINE)
                said.append((command, p.returncode, p.stdout.decode()))
        return said

    enter.folder = tmp_path
    yield enter
    for p in started:
        p.send_signal(signal.SIGINT)
        assert p.wait(programs.DEADLINE) == 0
        p.stdout.close()


def split(block):
    """Commands: lines, or several where a here-document follows."""
    commands, end = [], None
    for line in block.splitlines(keepends=True):
        if end:
            commands[-1] += line
            end = None if line.strip() == end else end
            continue
        commands.append(line)
        here = re.search(r"<<'(\w+)'", line)
        end = here and here[1]
    return commands


def test_five_commands(shell):
    block = blocks("IDMEF through two proxies")[0]
    assert len(block.splitlines()) == 5
    said = shell(block)
    assert all(status == 0 for _, status, _ in said), said
    assert said[-1][2].startswith("1 of 1 alerts acknowledged"), said
    assert programs.extract(shell.folder / "messages", 1) == SAMPLE.read_bytes()


def test_validating(shell):
    block = blocks("IDMEF through two proxies")[1]
    lines = block.splitlines()
    said = shell("".join(t[2:] + "\n" for t in lines if t.startswith("$ ")))
    assert said[-1][1] == 1 and said[-1][2].splitlines() == [t for t in lines if not t.startswith("$ ")], said


def test_policy(shell):
    assert run("pki", shell.folder / "pki").status == 0
    said = shell(blocks("IDMEF through two proxies")[2])
    assert [status for _, status, _ in said] == [0, 0, 1], said
    assert "537 was taken out of service" in README and "537 was taken out of service" in said[2][2], said


# --- what goes wrong ---------------------------------------------------------------------------------------------------------------


def test_nobody_there(pki):
    port, = free_ports(1)
    for way in (["--connect", f"127.0.0.1:{port}"], ["--via", f"127.0.0.1:{port}", "--connect", "127.0.0.1:604"]):
        done = run("send", "idxp-analyzer", *way, "--pki", pki, SAMPLE)
        assert done.status == 1 and f"cannot connect to 127.0.0.1:{port}: Connection refused" in done.err, done
    done = run("send", "idxp-analyzer", "--connect", "nobody.draftproof.invalid:604", "--pki", pki, SAMPLE)
    assert done.status == 1 and "nobody.draftproof.invalid:604: the name cannot be looked up" in done.err, done


def test_proxy_there_and_nobody_behind(serve, pki):
    port, = free_ports(1)
    proxy = serve("tunnel-proxy", "--open").address
    done = run("send", "idxp-analyzer", "--via", proxy, "--connect", f"127.0.0.1:{port}", "--pki", pki, SAMPLE)
    assert done.status == 1 and f"127.0.0.1:{port}" in done.err and "450" in done.err, done


def test_whom_to_trust():
    one_useful_line(run("send", "idxp-analyzer", "--connect", "127.0.0.1:604", SAMPLE), "--ca", "--pki")


@pytest.mark.parametrize("role,options", [("idxp-manager", []), ("idxp-analyzer", []), ("tunnel-proxy", ["--open"])])
def test_port_in_use(role, options):
    with socket.create_server(("127.0.0.1", 0)) as s:
        at = f"127.0.0.1:{s.getsockname()[1]}"
        one_useful_line(run("serve", role, "--listen", at, "--tls", "off", *options), at, "in use")


def test_every_file_is_told_of(tmp_path):
    """One that cannot be read does not keep the others from being looked at."""
    empty, folder = tmp_path / "empty", tmp_path / "folder"
    empty.write_bytes(b"")
    folder.mkdir()
    done = run("idmef", "validate", folder, tmp_path / "missing", empty, SAMPLE)
    assert done.status == 2, done
    assert f"{folder}: Is a directory" in done.err and f"{tmp_path / 'missing'}: No such file" in done.err, done
    assert f"{empty}:1: not well-formed" in done.out and f"{SAMPLE}: valid, 1 alerts" in done.out, done


def test_idmef_statuses(tmp_path):
    good = b'<?xml version="1.0" encoding="UTF-8"?>\n' + SAMPLE.read_bytes().replace(b"<IDMEF-Message>", b'<IDMEF-Message xmlns="http://iana.org/idmef" version="1.0" xml:lang="en">')
    assert run("idmef", "validate", "--strict", "-", stdin=good).status == 0
    assert run("idmef", "validate", "--strict", SAMPLE).status == 1
    quiet = run("idmef", "validate", "--quiet", "-", stdin=good[:-20])
    assert quiet.status == 1 and quiet.out == quiet.err == "", quiet
    one_useful_line(run("idmef", "valdate", SAMPLE), "validate")


def test_interrupted(serve, pki, tmp_path):
    """Ctrl-C while sending: an end at once that says how far it came."""
    manager = serve("idxp-manager", "--pki", pki, "--store", tmp_path / "store")
    p = programs.Program([programs.find_binary(), "send", "idxp-analyzer", "--connect", manager.address, "--pki", pki, "--repeat", 1000000, SAMPLE])
    programs.until(lambda: any(f.stat().st_size > 20000 for f in Path(tmp_path / "store").glob("alerts-*.log")), what="the load is on")
    p.signal(signal.SIGINT)
    done = p.rest(5)
    assert done.status == 1 and 0 < programs.acknowledged(done)[0] < 1000000, done


def test_a_character_set_that_is_none():
    one_useful_line(run("idmef", "validate", "--charset", "utf8000", SAMPLE), "utf8000", "utf-16be")
    assert run("idmef", "validate", "--charset", "UTF-8", SAMPLE).status == 0


def test_files_that_are_none_of_ours(tmp_path):
    large = tmp_path / "large"
    with open(large, "wb") as f:
        f.truncate(2 << 30)
    one_useful_line(run("send", "idxp-analyzer", "--connect", "127.0.0.1:604", "--tls", "off", large, deadline=5), f"{large}: larger than")
    for option in ("--policy", "--sasl-users"):
        one_useful_line(run("serve", "idxp-manager", "--listen", "127.0.0.1:0", "--tls", "off", option, tmp_path), f"{tmp_path}: Is a directory")
    one_useful_line(run("send", "idxp-analyzer", "--via", "127.0.0.1:604", "--connect", "endpoint=", "--tls", "off", SAMPLE), "endpoint")
    one_useful_line(run("serve", "tunnel-proxy", "--listen", "127.0.0.1:0", "--open", "--access", large, deadline=5), f"{large}: larger than")
    one_useful_line(run("serve", "tunnel-proxy", "--listen", "127.0.0.1:0", "--open", "--self", ""), "--self")
