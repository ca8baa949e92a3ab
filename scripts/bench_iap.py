# SPDX-License-Identifier: MIT
"""Benchmarks of IAP: reading messages, playing cases, taking alerts, holding idle connections."""
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

from bench_kit import answer, resident, rounds_of, row, serve

PROGRAMS = ["bench_iap_parse", "bench_idle"]


# --- parsing

def bench_parse(args, folder, tmp):
    out = subprocess.run([folder / "bench_iap_parse", "21" if args.quick else "101"], stdout=subprocess.PIPE, text=True).stdout
    for line in out.splitlines():
        r = json.loads(line)
        row("parse", f"{r['message']}, {r['octets']} octets (http: {r['http_octets']})", r["ns"], "ns", http_parser_ns=r["http_ns"],
            ratio=r["ratio"])


# --- cases

def cases_once(folder, args):
    """(cases run, seconds) of one run of the suite."""
    with tempfile.TemporaryDirectory() as tmp:
        out = pathlib.Path(tmp) / "out.jsonl"
        began = time.monotonic()
        subprocess.run([folder / "draftproof", "check", "iap-manager", "-q", "--jsonl", out, *args], stdout=subprocess.DEVNULL, timeout=120)
        took = time.monotonic() - began
        verdicts = [json.loads(line) for line in out.read_text().splitlines()]
    ran = [v for v in verdicts if v.get("verdict") not in (None, "skip")]
    return len(ran), took


def bench_cases(args, folder, tmp):
    pki = tmp / "pki"
    base = None
    for name, rounds, options in (("in memory, TLS off", 9, ["--memory", "--tls", "off"]),
                                  ("in memory, TLS modern", 5, ["--memory", "--tls", "modern", "--pki", str(pki)])):
        runs = [cases_once(folder, options) for _ in range(rounds_of(args, rounds))]
        rate = statistics.median(n / t for n, t in runs)
        base = base or rate
        row("cases", f"{name} ({runs[0][0]} cases)", rate, "cases/s", ratio=rate / base)
    with serve("iap-manager", folder, "--tls", "modern", "--pki", str(pki)) as (address, _):
        # cases that show silence wait for it: they would measure the deadlines
        quick = [w for section in ("3.3", "3.4", "4.1", "4.3.2", "4.3.4", "1.7") for w in ("--case", "iap/" + section)]
        options = ["--connect", address, "--tls", "modern", "--pki", str(pki), *quick]
        runs = [cases_once(folder, options) for _ in range(rounds_of(args, 3))]
        rate = statistics.median(n / t for n, t in runs)
        row("cases", f"over sockets, TLS modern ({runs[0][0]} cases)", rate, "cases/s", ratio=rate / base)


# --- alerts

def alerts_once(folder, address, pki, alert, connections, count, tls="modern"):
    out = subprocess.run([folder / "draftproof", "send", "iap-analyzer", "--connect", address, "--tls", tls, "--pki", str(pki),
                          "--repeat", str(count), "--connections", str(connections), str(alert)],
                         stdout=subprocess.PIPE, text=True, timeout=120)
    m = re.match(r"(\d+) of (\d+) alerts acknowledged in ([\d.]+) s", out.stdout)
    if out.returncode or not m or m[1] != m[2]:
        sys.exit(f"alerts were lost: {out.stdout}")
    return int(m[1])


def rate_of(args, folder, address, pki, alert, connections, count, rounds):
    """Alerts a second, without what it takes to set the connections up: a second, smaller run is taken off."""
    rates = []
    for _ in range(rounds_of(args, rounds)):
        t0 = time.monotonic()
        alerts_once(folder, address, pki, alert, connections, connections)
        t1 = time.monotonic()
        alerts_once(folder, address, pki, alert, connections, count + connections)
        t2 = time.monotonic()
        rates.append(count / max((t2 - t1) - (t1 - t0), 1e-3))
    return statistics.median(rates)


def bench_alerts(args, folder, tmp):
    pki = tmp / "pki"
    scale = 4 if args.quick else 1
    for stored in (False, True):
        where = "stored" if stored else "not stored"
        options = ["--store", str(tmp / "store")] if stored else []
        with serve("iap-manager", folder, "--tls", "modern", "--pki", str(pki), *options) as (address, _):
            alert = tmp / "alert-256"
            alert.write_bytes(b"x" * 256)
            base = None
            for connections in (1, 8, 64):
                # enough that what it takes to set up is small beside it
                count = (40000 if not stored else {1: 4000, 8: 12000, 64: 24000}[connections]) // scale
                rate = rate_of(args, folder, address, pki, alert, connections, count, 3)
                base = base or rate
                row("alerts", f"TLS, {where}, 256 B, {connections} connections", rate, "alerts/s", ratio=rate / base)
            base = None
            for size, count in ((64, 8000), (4096, 8000), (65536, 1600), (1 << 20, 160)):
                alert = tmp / f"alert-{size}"
                alert.write_bytes(b"x" * size)
                rate = rate_of(args, folder, address, pki, alert, 8, count // scale, 3)
                base = base or rate
                row("alerts", f"TLS, {where}, 8 connections, {size} B", rate, "alerts/s", MB_s=rate * size / 1e6, ratio=rate / base)


# --- idle connections

def bench_idle(args, folder, tmp):
    pki = tmp / "pki"
    scale = 5 if args.quick else 1
    for tls, n in (("off", 5000 // scale), ("modern", 1000 // scale)):
        more = [str(pki)] if tls == "modern" else []
        with serve("iap-manager", folder, "--tls", tls, "--pki", str(pki)) as (address, manager):
            # the first connection brings in what all share
            subprocess.run([folder / "bench_idle", address, "1", tls, *more], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
            before = resident(manager)
            p = subprocess.Popen([folder / "bench_idle", address, str(n), tls, *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 text=True, bufsize=1)
            took = float(answer(p, "up")[1])
            each = (resident(manager) - before) / n
            latencies = []
            for _ in range(101):
                p.stdin.write("\n")
                p.stdin.flush()
                latencies.append(float(answer(p, "alert")[0]))
            p.stdin.close()
            held = int(answer(p, "held")[0])
            p.wait()
            p.stdout.close()
        row("idle", f"TLS {tls}: memory of one of {n} connections", each, "octets", held=held, setups_s=n / took)
        row("idle", f"TLS {tls}: an alert beside {n} idle connections", statistics.median(latencies), "us", worst=max(latencies))


BENCHES = {"parse": bench_parse, "cases": bench_cases, "alerts": bench_alerts, "idle": bench_idle}
