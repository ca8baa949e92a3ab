# SPDX-License-Identifier: MIT
"""Benchmarks of opportunistic encryption: reading records beside ldns, decisions, overlapping look-ups."""
import json
import subprocess
import sys

from bench_kit import in_turn, row, rounds_of, started

PROGRAMS = ["bench_oe_parse", "bench_oe_decide", "bench_oe_lookup"]


def lines(program, rounds):
    out = subprocess.run([program, str(rounds)], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def bench_parse(args, folder, tmp):
    """RDATA to precedence, gateway and key; ratio: to ldns reading it as TXT, which is character-strings."""
    for r in lines(folder / "bench_oe_parse", rounds_of(args, 5) * 101):
        row("oe-parse", f"{r['record']}, {r['octets']} octets", r["per_second"], "records/s", ns=r["ns"], ldns_ns=r["ldns_ns"], ratio=r["ratio"])


def bench_decide(args, folder, tmp):
    """Each destination is a new one unless it is said, and DNS answers from memory; ratio: to reading its records alone."""
    for r in lines(folder / "bench_oe_decide", rounds_of(args, 2) * 51):
        more = {"ratio": r["ratio"]} if r["ratio"] else {}
        row("oe-decide", r["name"], r["per_second"], "decisions/s", ns=r["ns"], records_ns=r["record_ns"], **more)


DEPTHS = (1, 100, 10000)


def asked(program, server, count, depth):
    """Look-ups a second, and microseconds of processor time of one."""
    out = subprocess.run([program, "ask", server, str(count), str(depth)], stdout=subprocess.PIPE, text=True, timeout=300)
    word, *numbers = out.stdout.split() or [""]
    if out.returncode or word != "asked" or float(numbers[0]) != count:
        sys.exit(f"{program} failed: {out.stdout}")
    return count / float(numbers[1]), float(numbers[2]) / count * 1e6


def bench_lookup(args, folder, tmp):
    """TXT through one loop, from a name server on loopback that has a record for each name; ratio: of look-ups a second, to one at a time."""
    program = folder / "bench_oe_lookup"
    with started([program, "serve"], stdin=subprocess.PIPE) as (server, _):
        counts = {d: (1000 if d == 1 else 10000) for d in DEPTHS}
        took = in_turn(args, 3, {d: lambda d=d: asked(program, server, counts[d], d) for d in DEPTHS})
    for depth, (rate, cpu_us) in took.items():
        row("oe-lookup", f"{counts[depth]} look-ups, {depth} under way", rate, "look-ups/s", cpu_us=cpu_us, ratio=rate / took[1][0])


BENCHES = {"oe-parse": bench_parse, "oe-decide": bench_decide, "oe-lookup": bench_lookup}
