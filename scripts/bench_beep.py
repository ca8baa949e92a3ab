# SPDX-License-Identifier: MIT
"""Benchmarks of BEEP: reading frames and elements, messages a second, throughput by window, idle sessions and channels."""
import contextlib
import json
import re
import resource
import statistics
import subprocess
import sys

from bench_kit import answer, in_turn, resident, row, serve, started

PROGRAMS = ["bench_beep_parse", "bench_beep_load", "bench_beep_raw"]
KINDS = ("off", "modern")


def per_second(word, command):
    """How many a second, and the processor time in seconds that one took the program itself (0 when it does not say)."""
    out = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True, timeout=300)
    m = re.match(word + r" (\d+) ([\d.]+)(?: ([\d.]+))?$", out.stdout.strip())
    if out.returncode or not m:
        sys.exit(f"{command[0]} failed: {out.stdout}")
    return int(m[1]) / float(m[2]), float(m[3] or 0) / int(m[1])


def tls_of(kind, pki):
    return str(pki) if kind == "modern" else "off"


# --- parsing

def bench_parse(args, folder, tmp):
    out = subprocess.run([folder / "bench_beep_parse", "21" if args.quick else "201"], stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in out.splitlines():
        r = json.loads(line)
        if r["bench"] == "beep_frame":
            row("beep-parse", f"frame, {r['octets']} octets of payload", r["ns"], "ns", frames_s=1e9 / r["ns"], walk_ns=r["walk_ns"],
                ratio=r["ns"] / r["walk_ns"])
            row("beep-parse", "the same, followed by the tracker", r["track_ns"], "ns", frames_s=1e9 / r["track_ns"],
                ratio=r["track_ns"] / r["ns"])
        else:
            row("beep-parse", f"message of channel 0: {r['message']}, {r['octets']} octets", r["ns"], "ns", libxml2_ns=r["xml_ns"],
                ratio=r["ns"] / r["xml_ns"])


# --- messages

# channels, octets, unanswered on each channel, messages in clear; under TLS a quarter
LOADS = ((1, 64, 1, 40000), (1, 64, 64, 200000), (64, 64, 1, 200000), (64, 64, 16, 200000),
         (1, 4096, 1, 12000), (1, 4096, 64, 16000), (64, 4096, 1, 16000), (64, 4096, 16, 16000))


def load(folder, address, tls, channels, octets, depth, count):
    return lambda: per_second("rate", [folder / "bench_beep_load", "rate", address, tls, channels, octets, depth, count])


def bench_load(args, folder, tmp):
    """Requests and replies of the same size, between two processes; ratios are to the bare socket that sends the same octets to and fro; cpu_us is
    what a message takes the client."""
    scale = 4 if args.quick else 1
    measures = {}
    for octets in (64, 4096):
        framed = octets + (octets + 911) // 912 * 26
        measures["raw", octets] = lambda n=framed: per_second("rate", [folder / "bench_beep_raw", "echo", n, 40000 // scale])
    with contextlib.ExitStack() as stack:
        for kind in KINDS:
            address, _ = stack.enter_context(serve("beep-listener", folder, "--tls", kind, "--pki", str(tmp / "pki")))
            for channels, octets, depth, count in LOADS:
                less = scale * (4 if kind == "modern" else 1)
                measures[kind, channels, octets, depth] = load(folder, address, tls_of(kind, tmp / "pki"), channels, octets, depth, count // less)
        rates = in_turn(args, 5, measures)
    for octets in (64, 4096):
        row("beep-load", f"bare socket, {octets} octets and what frames add", rates["raw", octets][0], "round trips/s")
    for kind in KINDS:
        for channels, octets, depth, _ in LOADS:
            rate, cpu = rates[kind, channels, octets, depth]
            at = "one at a time" if depth == 1 else f"{depth} at a time"
            row("beep-load", f"TLS {kind}, {channels} channel{'s' if channels > 1 else ''}, {octets} B, {at}", rate, "messages/s",
                MB_s=rate * octets / 1e6, cpu_us=cpu * 1e6, ratio=rate / rates["raw", octets][0])


# --- windows

WINDOWS = ((4096, 912), (16384, 912), (65536, 912), (1 << 20, 912), (65536, 16384), (1 << 20, 16384), (1 << 20, 65536))


def bench_window(args, folder, tmp):
    """Messages of a MiB one way.  Ratios are to a window of 4,096 octets; MB_cpu_s is what the sender could do with a processor for itself."""
    count = 60 if args.quick else 300
    measures = {"raw": lambda: per_second("sink", [folder / "bench_beep_raw", "sink", 16384, count * 64])}
    with contextlib.ExitStack() as stack:
        for kind in KINDS:
            tls = tls_of(kind, tmp / "pki")
            for window, frame in WINDOWS:
                command = [folder / "bench_beep_load", "serve", tls, str(window), str(frame)]
                address, _ = stack.enter_context(started(command, stdin=subprocess.PIPE))
                n = count // (3 if kind == "modern" or window == 4096 else 1)
                measures[kind, window, frame] = lambda a=address, t=tls, w=window, f=frame, n=n: per_second(
                    "sink", [folder / "bench_beep_load", "sink", a, t, w, f, n])
        rates = in_turn(args, 5, measures)
    row("beep-window", "bare socket, writes of 16 KiB", rates["raw"][0] / 1e6, "MB/s")
    for kind in KINDS:
        base = rates[kind, 4096, 912][0]
        for window, frame in WINDOWS:
            rate, cpu = rates[kind, window, frame]
            row("beep-window", f"TLS {kind}, window {window}, frames of {frame}", rate / 1e6, "MB/s", MB_cpu_s=1 / max(cpu, 1e-12) / 1e6,
                ratio=rate / base, to_raw=rate / rates["raw"][0])


# --- idle sessions and channels

@contextlib.contextmanager
def held(folder, address, tls, sessions, channels):
    """Sessions that stand and are silent; gives (process, seconds that it took)."""
    p = subprocess.Popen([folder / "bench_beep_load", "hold", address, tls, str(sessions), str(channels)], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True, bufsize=1)
    took = float(answer(p, "up")[1])
    yield p, took
    p.stdin.close()
    if int(answer(p, "held")[0]) != sessions:
        sys.exit("sessions were lost")
    p.wait()
    p.stdout.close()


def beside(folder, address, tls):
    """Microseconds of a message on a session of its own."""
    latencies = []
    with held(folder, address, tls, 1, 1) as (p, _):
        for _ in range(101):
            p.stdin.write("\n")
            p.stdin.flush()
            latencies.append(float(answer(p, "message")[0]))
    return statistics.median(latencies), max(latencies)


def bench_idle(args, folder, tmp):
    scale = 5 if args.quick else 1
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for kind in KINDS:
        tls = tls_of(kind, tmp / "pki")
        for what, n, sessions, channels in (("session", 1000 // scale, 1000 // scale, 0), ("channel", 5120 // scale, 20 // scale, 256)):
            with serve("beep-listener", folder, "--tls", kind, "--pki", str(tmp / "pki")) as (address, listener):
                alone, _ = beside(folder, address, tls)  # the first session brings in what all share
                with contextlib.ExitStack() as stack:
                    if what == "channel":  # the sessions themselves are not to count: as many without channels stand beside them
                        before = resident(listener)
                        stack.enter_context(held(folder, address, tls, sessions, 0))
                        bare = resident(listener) - before
                    else:
                        bare = 0
                    before = resident(listener)
                    _, took = stack.enter_context(held(folder, address, tls, sessions, channels))
                    each = (resident(listener) - before - bare) / n
                    latency, worst = beside(folder, address, tls)
            row("beep-idle", f"TLS {kind}: memory of one of {n} {what}s", each, "octets", setups_s=n / took)
            row("beep-idle", f"TLS {kind}: a message beside {n} idle {what}s", latency, "us", worst=worst, ratio=latency / alone)


BENCHES = {"beep-parse": bench_parse, "beep-load": bench_load, "beep-window": bench_window, "beep-idle": bench_idle}
