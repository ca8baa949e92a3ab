# SPDX-License-Identifier: MIT
"""What the benchmarks of all protocols share: rows, rounds, servers, memory."""
import contextlib
import pathlib
import re
import select
import statistics
import subprocess
import sys

rows = []


def row(bench, name, value, unit, **more):
    rows.append({"bench": bench, "name": name, "value": value, "unit": unit, **more})
    extra = "  ".join(f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in more.items())
    print(f"{bench:11} {name:52} {value:12,.1f} {unit:14} {extra}", flush=True)


@contextlib.contextmanager
def started(command, **more):
    """A server that prints its address at the end of its first line; gives (address, process)."""
    p = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more)
    try:
        yield p.stdout.readline().split()[-1], p
    finally:
        p.terminate()
        try:
            p.wait(30)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
        p.stdout.close()


def serve(role, folder, *more):
    return started([folder / "draftproof", "serve", role, "--listen", "127.0.0.1:0", *more])


def rounds_of(args, full):
    return 1 if args.quick else full


def in_turn(args, full, measures):
    """Medians of the tuples that the functions give, one after the other in each round: {name: medians}."""
    runs = {name: [] for name in measures}
    for _ in range(rounds_of(args, full)):
        for name, measure in measures.items():
            runs[name].append(measure())
    return {name: [statistics.median(v) for v in zip(*values)] for name, values in runs.items()}


def resident(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024


def answer(process, word, seconds=60):
    if not select.select([process.stdout], [], [], seconds)[0]:
        sys.exit(f"the client says nothing ({word})")
    line = process.stdout.readline()
    if not line.startswith(word):
        sys.exit(f"the client failed: {line}")
    return line.split()[1:]
