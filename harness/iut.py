# SPDX-License-Identifier: MIT
"""An implementation under test, as harness/iut/NAME.toml describes it.  docs/iut.md explains the keys."""
import fcntl
import json
import os
import re
import shlex
import socket
import subprocess
import tomllib
from pathlib import Path

import programs

FOLDER = Path(__file__).resolve().parent / "iut"
KEYS = {"name", "role", "tls", "connect", "listen", "next_hop", "start", "exec", "ready", "pki", "cert", "key", "ca", "able", "host", "identity", "profile", "echo", "sasl_user", "sasl_mechanism", "dialect", "dns_listen", "set",
        "split", "cases", "timeout", "patience", "jobs", "deadline", "options", "waive"}
PROXIES = ("iap-proxy", "tunnel-proxy")
WAIVER_KEYS = {"id", "reason", "link", "expires"}


class Wrong(Exception):
    """The description cannot be used; the text is for its writer."""


def load(name):
    """The runs of an implementation."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    try:
        with open(path, "rb") as f:
            text = tomllib.load(f)
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
        raise Wrong(f"{path}: no such file; there are {known}") from None
    except tomllib.TOMLDecodeError as e:
        raise Wrong(f"{path}: {e}") from None
    runs = [Run(path, r, n) for n, r in enumerate(text.get("run", []))]
    if not runs:
        raise Wrong(f"{path}: no [[run]]")
    if len({r.name for r in runs}) != len(runs):
        raise Wrong(f"{path}: two runs have the same name")
    return runs


class Run:
    """One run of the suite: a role in one arrangement with one security profile."""

    def __init__(self, path, keys, index):
        self.path, self.keys = path, keys
        self.role = keys.get("role")
        self.adapter = self.role in programs.ADAPTERS
        self.tls = keys.get("tls", "off" if self.adapter else "modern")
        self.name = keys.get("name") or f"{self.role}-{self.tls}"
        where = f"{path}: run {index + 1} ({self.name})"
        unknown = set(keys) - KEYS
        if unknown:
            raise Wrong(f"{where}: unknown key {', '.join(sorted(unknown))}; known are {', '.join(sorted(KEYS))}")
        if self.role not in programs.ROLES + programs.ADAPTERS:
            raise Wrong(f"{where}: role = {self.role!r} is none of {', '.join(programs.ROLES + programs.ADAPTERS)}")
        if self.tls not in ("off", "modern", "draft"):
            raise Wrong(f"{where}: tls = {self.tls!r} is none of off, modern, draft")
        if self.adapter and ("exec" not in keys or {"connect", "listen", "start"} & set(keys)):
            raise Wrong(f"{where}: {self.role} is no server: give exec, an adapter (docs/oe-adapters.md), and none of connect, start and listen")
        if self.adapter and self.tls != "off":
            raise Wrong(f"{where}: there is no TLS to {self.role}")
        if not {"connect", "listen", "start", "exec"} & set(keys):
            raise Wrong(f"{where}: where is the peer?  One of connect, start, listen or exec")
        if self.role in PROXIES and "next_hop" not in keys:
            raise Wrong(f"{where}: a proxy needs next_hop, the address at which the suite plays the hop behind it")
        for w in keys.get("waive", []):
            if set(w) != WAIVER_KEYS:
                raise Wrong(f"{where}: a waiver has id, reason, link and expires, all of them")
        self.peer_connects = self.role == "beep-initiator" or self.role not in PROXIES and not self.adapter and ("exec" in keys or "listen" in keys)
        self.splits = [keys.get("split", "whole")] if isinstance(keys.get("split", "whole"), str) else keys["split"]

    def __repr__(self):
        return self.name

    # --- collecting ---------------------------------------------------------------------------------------------------

    def ids(self):
        """Ids of the cases that apply, in the suite's order."""
        there = [] if self.adapter else ["--listen", "127.0.0.1:0"] if self.peer_connects else ["--connect", "127.0.0.1:1"]
        done = programs.run("check", self.role, "--list", *there, *self._cases())
        if done.status != 0:
            raise Wrong(f"{self.path}: {self.name}: {done.err.strip()}")
        return [t.split()[0] for t in done.out.splitlines()]

    def _cases(self):
        return [w for c in self.keys.get("cases", []) for w in ("--case", c)]

    # --- running ------------------------------------------------------------------------------------------------------

    def results(self, folder, shared):
        """Results of the suite: {(id, split): [result, ...]}.  Run once, by whichever process comes first; folder is of this
        process, shared of all that take part in the session."""
        out = shared / f"iut-{re.sub(r'[^A-Za-z0-9.-]+', '_', self.path.stem + '-' + self.name)}.jsonl"
        with open(out.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            told = out.with_suffix(".told")
            if not told.exists():
                told.write_text(self._run(folder, out))
        if not out.exists():
            return None, told.read_text()
        got = {}
        for r in programs.results(out)[:-1]:
            got.setdefault((case_of(r["id"]), r["split"]), []).append(r)
        return got, told.read_text()

    def _fill(self, text, **more):
        """Replaces {words}; {host}, {port}, {dir}, {dialect} and {dns} are left for draftproof."""
        known = {"draftproof": programs.find_binary(), **more}
        return re.sub(r"\{(\w+)\}", lambda m: str(known.get(m[1], m[0])), str(text))

    def _words(self, command, **more):
        words = command if isinstance(command, list) else shlex.split(command)
        return [self._fill(w, **more) for w in words]

    def _run(self, folder, out):
        pki = self.keys.get("pki")
        if pki is None and self.tls != "off" and self.role != "iap-proxy":
            pki = folder / f"pki-{self.name}"
            made = programs.run("pki", pki)
            if made.status != 0:
                return made.err
        known = {"pki": pki or "", "scratch": folder, "tls": self.tls}
        args = [programs.find_binary(), "check", self.role, "--jsonl", str(out), "--tls", self.tls, *self._options(folder, pki, known)]
        peer = None
        try:
            if "next_hop" in self.keys:
                known["next_hop"] = self._next_hop()
                args += ["--next-hop", known["next_hop"]]
            if "start" in self.keys and not self.peer_connects:
                peer = programs.Program(self._words(self.keys["start"], **known), name=self.name)
                args += ["--connect", self._address(peer)]
            elif "connect" in self.keys:
                args += ["--connect", self.keys["connect"]]
            if "listen" in self.keys:
                args += ["--listen", self.keys["listen"]]
            if "exec" in self.keys:
                args += ["--exec", self._fill(self.keys["exec"], **known)]
            check = programs.Program(args, name=f"check {self.name}")
            if self.peer_connects and "start" in self.keys:
                line = check.line()
                if line and line.startswith("listening on "):
                    peer = programs.Program(self._words(self.keys["start"], listen=line.split()[2], **known), name=self.name)
            done = check.rest(self.keys.get("deadline", 3600))
            return f"$ {shlex.join(map(str, args))}\nstatus {done.status}\n{done.err}" + (peer.err() if peer else "")
        except (AssertionError, OSError, LookupError) as e:
            return f"{e}\n{peer.err() if peer else ''}"
        finally:
            if peer:
                self._end(peer)

    @staticmethod
    def _end(peer):
        peer.p.terminate()
        try:
            peer.p.wait(10)
        except subprocess.TimeoutExpired:
            pass
        peer.kill()

    def _address(self, peer):
        """What the started program says where it listens."""
        ready = re.compile(self.keys.get("ready", r"listening on (\S+)"))
        while True:
            line = peer.line()
            if line is None:
                raise AssertionError(f"{self.name}: the program ended, or closed its output, before it said where it listens")
            m = ready.search(line)
            if m:
                return self.keys.get("connect") or m[1]

    def _next_hop(self):
        """Port 0 is made a number here: the proxy has to be told before the suite listens."""
        host, _, port = self.keys["next_hop"].rpartition(":")
        if port != "0":
            return self.keys["next_hop"]
        with socket.socket() as s:
            s.bind((host, 0))
            return f"{host}:{s.getsockname()[1]}"

    def _options(self, folder, pki, known):
        k, args = self.keys, []
        if pki:
            args += ["--pki", str(pki)]
        for option in ("cert", "key", "ca", "host", "identity", "timeout", "patience", "jobs"):
            if option in k:
                args += [f"--{option}", self._fill(k[option], **known)]
        for key in ("profile", "sasl_user", "sasl_mechanism", "dialect", "dns_listen"):
            if key in k:
                args += [f"--{key.replace('_', '-')}", self._fill(k[key], **known)]
        for name, value in k.get("set", {}).items():
            args += ["--set", f"{name}={self._fill(value, **known)}"]
        if k.get("echo"):
            args += ["--echo"]
        if k.get("able"):
            args += ["--able", ",".join(k["able"])]
        args += ["--split", ",".join(self.splits), *self._cases(), *map(str, k.get("options", []))]
        if k.get("waive"):
            path = folder / f"waive-{self.name}.json"
            path.write_text(json.dumps(k["waive"]))
            args += ["--waive", str(path)]
        return args


def case_of(result_id):
    """The sanity case is run once more in the end, under a name of its own."""
    return result_id.removesuffix("-again") if "/sanity/" in result_id else result_id


def shared_folder(tmp_path_factory):
    """The same folder in every process of the session."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
