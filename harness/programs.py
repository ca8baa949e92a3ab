# SPDX-License-Identifier: MIT
"""Starts the program under test and tells what it did.  Nothing here knows the protocol."""
import json
import os
import re
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Every wait ends here at the latest.  Nothing waits for a time to pass, so a slow machine needs a larger number and a fast one is not held up by it.
DEADLINE = float(os.environ.get("DRAFTPROOF_DEADLINE", "30"))
ROLES = ("iap-manager", "iap-analyzer", "iap-proxy", "beep-listener", "beep-initiator", "idxp-manager", "idxp-analyzer", "tunnel-proxy")
ADAPTERS = ("oe-parser", "oe-gateway")  # roles that are no servers
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|UndefinedBehaviorSanitizer")


def find_binary():
    """Path of draftproof; LookupError says what to do when there is none."""
    named = os.environ.get("DRAFTPROOF")
    places = [Path(named)] if named else [ROOT / d / "draftproof" for d in ("build", "build-test")]
    for p in places:
        if p.is_file() and os.access(p, os.X_OK):
            return str(p.resolve())
    raise LookupError(
        "no program to test at " + " or ".join(map(str, places))
        + ": build it (cmake -B build -G Ninja && ninja -C build draftproof), or set DRAFTPROOF to its path")


def environment(**more):
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "CLICOLOR_FORCE")}
    env.update(LC_ALL="C.UTF-8", **more)
    return env


class Done:
    """A program that ended."""

    def __init__(self, args, status, out, err):
        self.args, self.status, self.raw, self.out, self.err = args, status, out, out.decode(errors="replace"), err

    def lines(self):
        return self.err.splitlines()

    def __repr__(self):
        return f"{' '.join(map(str, self.args))}\n-> status {self.status}\nout: {self.out[-3000:]}\nerr: {self.err[-3000:]}"


def run(*args, stdin=b"", deadline=DEADLINE, env=None, cwd=None):
    """Runs draftproof to its end.  Killed, and an error, after the deadline."""
    cmd = [find_binary(), *map(str, args)]
    p = subprocess.run(cmd, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=deadline,
                       env=env or environment(), cwd=cwd)
    done = Done(cmd, p.returncode, p.stdout, p.stderr.decode(errors="replace"))
    assert not SANITIZER.search(done.err), done
    return done


def until(condition, deadline=DEADLINE, what="the condition"):
    """Asks again until it is so; the answer.  For what only /proc and files can tell: whatever speaks is listened to instead."""
    end = time.monotonic() + deadline
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline} s: {what}")
        select.select([], [], [], 0.005)


class Program:
    """A program that goes on running.  Standard output is read by line, standard error goes to a file."""

    def __init__(self, cmd, name=None, stdin=subprocess.DEVNULL):
        self.name = name or " ".join(map(str, cmd[1:4]))
        self._err = tempfile.TemporaryFile()
        self._buf = b""
        self.p = subprocess.Popen([str(c) for c in cmd], stdin=stdin, stdout=subprocess.PIPE, stderr=self._err,
                                  env=environment(), start_new_session=True)
        self.pid = self.p.pid

    def line(self, deadline=DEADLINE):
        """The next line of standard output; None at its end."""
        end = time.monotonic() + deadline
        while b"\n" not in self._buf:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.p.stdout], [], [], left)[0]:
                raise AssertionError(f"{self.name}: no line within {deadline} s; stderr: {self.err()}")
            got = os.read(self.p.stdout.fileno(), 65536)
            if not got:
                return None
            self._buf += got
        line, self._buf = self._buf.split(b"\n", 1)
        return line.decode(errors="replace")

    def err(self):
        self._err.seek(0)
        return self._err.read().decode(errors="replace")

    def rest(self, deadline=DEADLINE):
        """Waits for the end: a Done with the standard output that was not read yet."""
        if self.p.stdin and self.p.stdin.closed:
            self.p.stdin = None  # communicate() would flush it
        try:
            out, _ = self.p.communicate(timeout=deadline)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name}: still runs after {deadline} s; stderr: {self.err()}") from None
        done = Done(self.p.args, self.p.returncode, self._buf + out, self.err())
        assert not SANITIZER.search(done.err), done
        return done

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident(self):
        """Resident memory in octets."""
        for text in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if text.startswith("VmRSS:"):
                return int(text.split()[1]) * 1024
        return 0

    def alive(self):
        return self.p.poll() is None

    def signal(self, number):
        self.p.send_signal(number)

    def kill(self):
        if self.alive():
            self.p.kill()
        self.p.wait()
        self.close()

    def close(self):
        self.p.stdout.close()
        if self.p.stdin:
            self.p.stdin.close()

    def stop(self, deadline=DEADLINE):
        """Asks it to end; a Done."""
        if self.alive():
            self.signal(signal.SIGTERM)
        done = self.rest(deadline)
        self._err.close()
        return done


class Server(Program):
    """draftproof serve; .address once it listens."""

    def __init__(self, *args, listens=True):
        super().__init__([find_binary(), "serve", *args], name="serve " + " ".join(map(str, args)))
        self.address = None
        if listens:
            line = self.line()
            if line is None:
                raise AssertionError(f"{self.name}: ended before it listened: {self.err()}")
            assert line.startswith("listening on "), line
            self.address = line[len("listening on "):]

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])


class Stored:
    """One line of what draftproof store lists."""

    def __init__(self, line):
        m = re.match(r" *(\d+)  (\S+)  +(\d+) octets  (\S+)  (\S+)$", line)
        assert m, line
        self.number, self.when, self.octets, self.type, self.peer = int(m[1]), m[2], int(m[3]), m[4], m[5]


def stored(folder):
    """What a store holds, in order."""
    done = run("store", folder)
    assert done.status == 0, done
    lines = done.out.splitlines()
    n = next(i for i, t in enumerate(lines) if re.match(r"\d+ alerts in \d+ files$", t))
    assert not any("damaged" in t for t in lines), done
    alerts = [Stored(t) for t in lines[:n]]
    assert int(lines[n].split()[0]) == len(alerts), done
    return alerts


def extract(folder, number):
    done = run("store", "--extract", number, folder)
    assert done.status == 0, done
    return done.raw


def acknowledged(done):
    """How many alerts draftproof send says were acknowledged, and of how many."""
    m = re.search(r"^(\d+) of (\d+) alerts acknowledged", done.out, re.M)
    assert m, done
    return int(m[1]), int(m[2])


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


def results(path):
    return [json.loads(t) for t in path.read_text().splitlines()]
