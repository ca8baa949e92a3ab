# SPDX-License-Identifier: MIT
"""The zone of scripts/oe-zone with its servers, for tests: they are started on free ports and ended with the block."""
import contextlib
import os
import select
import shutil
import socket
import subprocess
import threading

import pytest

import programs

TOOLS = ["nsd", "unbound", "ldns-keygen", "ldns-signzone", "openssl"]


class Zone:
    """Where the servers are: "127.0.0.1:43210"."""

    def __init__(self, folder, said):
        self.folder = folder
        self.server = said["name server"]      # NSD, the master
        self.resolver = said["resolver"]       # a validating Unbound
        self.anchor = said["trust anchor"]

    def way(self, name):
        """Options of a look-up: through the resolver, or straight to the master."""
        return ["--server", self.resolver] if name == "resolver" else ["--server", self.server, "--direct"]

    def validated(self, name):
        return [*self.way(name), "--trust-anchor", self.anchor]


def wanted(*tools):
    """Installs what is missing, and skips where it cannot be had."""
    if all(map(shutil.which, tools)):
        return
    done = subprocess.run([programs.ROOT / "scripts" / "deps", "test"], capture_output=True, text=True, timeout=600)
    missing = [t for t in tools if not shutil.which(t)]
    if missing:
        pytest.skip(f"{', '.join(missing)} cannot be installed: {done.stderr.strip()[-200:]}")


@contextlib.contextmanager
def running(folder):
    wanted(*TOOLS)
    zone = programs.Program([programs.ROOT / "scripts" / "oe-zone", folder, "--server-port", 0, "--resolver-port", 0, "--draftproof", programs.find_binary()])
    try:
        said = {}
        while True:
            line = zone.line(120)
            assert line is not None, zone.err()
            if line == "ready":
                break
            key, _, value = line.rpartition(" ")
            said[key] = value
        yield Zone(folder, said)
    finally:
        done = zone.stop()
    assert done.status == 0, done


@contextlib.contextmanager
def both_ports():
    """Sockets of UDP and TCP at one port; the number that one is given may be taken for the other."""
    for _ in range(100):
        u, t = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
        with u, t:
            u.bind(("127.0.0.1", 0))
            try:
                t.bind(u.getsockname())
            except OSError:
                continue
            t.listen()
            yield u, t, f"127.0.0.1:{u.getsockname()[1]}"
            return
    raise AssertionError("no port is free for both")


@contextlib.contextmanager
def silent():
    """A port that takes questions and never answers."""
    with both_ports() as (_, _, at):
        yield at


@contextlib.contextmanager
def by_tcp_only(server):
    """A port whose TCP is passed on to the server, and whose UDP is silent."""
    host, port = server.split(":")

    def relay(here):
        with here, socket.create_connection((host, int(port))) as there:
            while True:
                for one in select.select([here, there], [], [])[0]:
                    got = one.recv(65536)
                    if not got:
                        return
                    (there if one is here else here).sendall(got)

    def accept(listener):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=relay, args=[listener.accept()[0]], daemon=True).start()

    with both_ports() as (_, t, at):
        threading.Thread(target=accept, args=[t], daemon=True).start()
        try:
            yield at
        finally:
            t.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def listening():
    """A socket of UDP that hears what is asked: the socket, and where it is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
        u.bind(("127.0.0.1", 0))
        u.settimeout(programs.DEADLINE)
        yield u, f"127.0.0.1:{u.getsockname()[1]}"


def closed():
    """A port where nobody is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
        u.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{u.getsockname()[1]}"


def processes_below(folder):
    """Those whose command line names the folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as f:
            if os.fsencode(str(folder)) in f.read() and int(pid) != os.getpid():
                found.append(int(pid))
    return found
