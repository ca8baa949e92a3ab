# SPDX-License-Identifier: MIT
"""tshark reads what we save of BEEP as we do: keyword, channel, numbers and sizes of each frame, of a session that was kept and of one that is played now.

Its dissector has two weak spots, which the captures leave out: of two frames in one segment it sees the first, and a header that is cut over two segments it does not
see.  So there is one frame in each segment, and none is longer than a segment."""
import json
import re
import shutil
import subprocess

import pytest

import programs
from programs import ROOT, run

pytestmark = [pytest.mark.own, pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")]
KEPT = ROOT / "pcaps" / "beep" / "session"
PORT = 7000  # of the peer under test, when it has none of its own
FIELDS = ["frame.number", "tcp.srcport", "tcp.payload", "frame.comment", "beep.command", "beep.channel", "beep.msgno", "beep.more", "beep.seqno", "beep.size", "beep.ansno",
          "beep.seq.ackno", "beep.seq.window"]
HEADER = re.compile(r"(?:(MSG|RPY|ERR|NUL) (\d+) (\d+) ([*.]) (\d+) (\d+)|(ANS) (\d+) (\d+) ([*.]) (\d+) (\d+) (\d+)|(SEQ) (\d+) (\d+) (\d+))(?:\r\n| |$)")


def words(text):
    """The words of a frame header at the beginning of a text."""
    m = HEADER.match(text)
    assert m, text
    return [w if not w.isdigit() else int(w) for w in m.groups() if w is not None]


def seen_by_tshark(capture, port):
    """Of each segment with octets: who sent it, its octets, our comment, and what the dissector made of it."""
    p = subprocess.run(["tshark", "-r", capture, "-d", f"tcp.port=={port},beep", "-Y", "tcp.len>0", "-T", "fields", "-E", "separator=|", "-E", "occurrence=f",
                        *[w for f in FIELDS for w in ("-e", f)]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=programs.DEADLINE)
    assert p.returncode == 0, p.stderr
    frames = []
    for line in p.stdout.splitlines():
        v = dict(zip(FIELDS, line.split("|")))
        if v["beep.seq.window"]:
            seen = ["SEQ", int(v["beep.channel"]), int(v["beep.seq.ackno"]), int(v["beep.seq.window"])]
        else:
            seen = [v["beep.command"], *(int(v[f]) for f in ("beep.channel", "beep.msgno")), v["beep.more"].strip("'"), int(v["beep.seqno"]), int(v["beep.size"])]
            seen += [int(v["beep.ansno"])] if v["beep.ansno"] else []
        frames.append(("peer" if int(v["tcp.srcport"]) == port else "tester", bytes.fromhex(v["tcp.payload"]), v["frame.comment"], seen))
    return frames


def agree(capture, port=PORT):
    """Everybody's reading of a capture, which is one: tshark's, our program's, and the octets'."""
    frames = seen_by_tshark(capture, port)
    for _, octets, comment, seen in frames:
        assert seen == words(comment), (seen, comment)
        assert seen == words(octets.decode("latin-1")), (seen, octets)
        head, _, rest = octets.partition(b"\r\n")
        assert rest == b"" if seen[0] == "SEQ" else rest.endswith(b"END\r\n") and len(rest) == seen[5] + 5, octets
    return [[who, *seen] for who, _, _, seen in frames]


def holds_all(frames):
    """A capture that shows little proves little."""
    assert {f[1] for f in frames} == {"MSG", "RPY", "ERR", "ANS", "NUL", "SEQ"}
    assert {f[2] for f in frames} >= {0, 1, 3} and any(f[1] == "ANS" and f[-1] > 1 for f in frames) and sum(f[4] == "*" for f in frames if f[1] == "MSG") > 5


def test_kept_session():
    want = json.loads((KEPT / "expect.json").read_text())
    got = agree(KEPT / "in.pcapng")
    assert got == want["frames"]
    holds_all(got)


@pytest.mark.parametrize("where", ["memory", "sockets"])
def test_session_that_is_played_now(serve, tmp_path, where):
    if where == "memory":
        at, port = ["--memory"], PORT
    else:
        server = serve("beep-listener", "--tls", "off")
        at, port = ["--connect", server.address, "--able", "many", "--profile", "http://draftproof.invalid/profiles/echo"], server.port
    done = run("check", "beep-listener", *at, "--tls", "off", "--scenario", KEPT / "session.scn", "--case", "beep/kept", "--save", tmp_path / "saved")
    assert done.status == 0, done
    frames = agree(tmp_path / "saved" / "beep-kept-session-whole.pcapng", port)
    holds_all(frames)
    if where == "memory":
        assert frames == json.loads((KEPT / "expect.json").read_text())["frames"]


def test_a_disagreement_would_be_seen(tmp_path):
    """One digit of a kept header, changed."""
    octets = (KEPT / "in.pcapng").read_bytes()
    assert octets.count(b"MSG 1 2 * 2025 1000\r\n") == 1
    changed = tmp_path / "in.pcapng"
    changed.write_bytes(octets.replace(b"MSG 1 2 * 2025 1000\r\n", b"MSG 1 2 * 2026 1000\r\n"))
    with pytest.raises(AssertionError):
        agree(changed)
