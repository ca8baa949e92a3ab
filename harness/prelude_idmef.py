# SPDX-License-Identifier: MIT
"""IDMEF that somebody else wrote: Debian's prelude-lml reads a log, reports to a prelude-manager on the loopback, and its XML plug-in writes down what came.

Both need a profile, which prelude-admin makes where the packages keep them; that takes root.  The profiles are taken away again."""
import os
import re
import shutil
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path

import programs

TOOLS = ("prelude-manager", "prelude-admin", "prelude-lml")
RULES = Path("/etc/prelude-lml/prelude-lml.conf")
SYSLOG = (r"--time-format=%b %d %H:%M:%S",
          r"--prefix-regex=^(?P<timestamp>.{15}) (?P<hostname>\S+) (?:(?P<process>\S+?)(?:\[(?P<pid>[0-9]+)\])?: )?")
LOG = """\
Nov 22 10:00:01 gate sshd[1201]: Failed password for root from 192.0.2.7 port 40022 ssh2
Nov 22 10:00:02 gate sshd[1202]: Failed password for invalid user admin from 192.0.2.8 port 40023 ssh2
Nov 22 10:00:03 gate sshd[1203]: Accepted publickey for alice from 192.0.2.9 port 40024 ssh2
Nov 22 10:00:04 gate sshd[1204]: Did not receive identification string from 192.0.2.10
"""
MESSAGE = re.compile(rb"<IDMEF-Message\b.*?</IDMEF-Message>", re.S)


def missing():
    """Why nothing can be produced here; empty when it can."""
    if os.geteuid() != 0:
        return "the profiles of prelude are made by root alone"
    gone = [t for t in TOOLS if not shutil.which(t)]
    return f"not installed: {', '.join(gone)}" if gone else ""


def _free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _admin(*args):
    done = subprocess.run(["prelude-admin", *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=2 * programs.DEADLINE, env=programs.environment())
    assert done.returncode == 0, done.stdout.decode(errors="replace")


def _end(p):
    p.terminate()
    try:
        p.wait(programs.DEADLINE)
    except subprocess.TimeoutExpired:
        p.kill()
        p.wait()


class Prelude:
    """A manager and a sensor that is registered with it."""

    def __init__(self):
        tag = uuid.uuid4().hex[:12]
        self.manager, self.sensor = f"draftproof-manager-{tag}", f"draftproof-sensor-{tag}"
        self._folder = tempfile.TemporaryDirectory(prefix="draftproof-prelude-")
        self.folder = Path(self._folder.name)
        self.made = []

    def __enter__(self):
        try:
            self.set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.made:
            subprocess.run(["prelude-admin", "del", name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           timeout=programs.DEADLINE, check=False)
        self._folder.cleanup()

    def set_up(self):
        self.made.append(self.manager)
        _admin("add", self.manager, "--uid", 0, "--gid", 0)
        port, password = _free_port(), uuid.uuid4().hex
        door = subprocess.Popen(["prelude-admin", "registration-server", self.manager, "--passwd", password, "--no-confirm", "--listen", f"127.0.0.1:{port}"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            programs.until(lambda: _accepts(port), what="prelude-admin takes registrations")
            self.made.append(self.sensor)
            _admin("register", self.sensor, "idmef:w", f"127.0.0.1:{port}", "--uid", 0, "--gid", 0, "--passwd", password)
        finally:
            _end(door)

    def messages(self, log=LOG):
        """What the sensor reports of that log: each IDMEF-Message as it was written, heartbeats too."""
        out, conf, lines = self.folder / "out.xml", self.folder / "manager.conf", self.folder / "auth.log"
        port = _free_port()
        conf.write_text(f"listen = 127.0.0.1:{port}\n[xmlmod]\nlogfile = {out}\ndisable-buffering\n")
        lines.write_text(log)
        out.unlink(missing_ok=True)
        manager = subprocess.Popen(["prelude-manager", "--prelude", f"--profile={self.manager}", "--config", conf], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=programs.environment())
        try:
            programs.until(lambda: _accepts(port), what="prelude-manager listens")
            done = subprocess.run(["prelude-lml", "--prelude", f"--profile={self.sensor}", f"--server-addr=127.0.0.1:{port}", "--batch-mode", "--no-resolve",
                                   "--metadata=head", "--config", RULES, "--format=syslog", *SYSLOG, "-f", lines],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=programs.DEADLINE,
                                  env=programs.environment())
            assert done.returncode == 0, done.stdout.decode(errors="replace")
            alerts = len(log.splitlines())
            programs.until(lambda: len(re.findall(rb"</Alert>\s*</IDMEF-Message>", _octets(out))) >= alerts, what=f"{alerts} alerts in {out}")
        finally:
            _end(manager)
        return MESSAGE.findall(_octets(out))


def _octets(path):
    return path.read_bytes() if path.exists() else b""


def _accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False
