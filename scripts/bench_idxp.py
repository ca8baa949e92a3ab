# SPDX-License-Identifier: MIT
"""Benchmarks of IDXP: validating IDMEF beside libxml2, acknowledged messages a second and what a proxy adds, tunnels of eight proxies, circles of proxies."""
import contextlib
import json
import pathlib
import re
import subprocess
import sys
import time

from bench_kit import in_turn, row, serve

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
import tunnel_py  # noqa: E402

PROGRAMS = ["bench_idmef_parse", "bench_idxp_load"]
KINDS = ("off", "modern")
SIZES = {"1 KiB": 1 << 10, "16 KiB": 16 << 10, "1 MiB": 1 << 20}

ALERT = """<?xml version="1.0" encoding="UTF-8"?>
<IDMEF-Message version="1.0" xmlns="http://iana.org/idmef">
<Alert messageid="abc123456789"><Analyzer analyzerid="bc-sensor01" ostype="Linux"><Node category="dns"><name>sensor.example.com</name></Node></Analyzer>
<CreateTime ntpstamp="0xbc71f4f5.0xef449129">2000-03-09T10:01:25.93464Z</CreateTime>
<Source ident="a1a2" spoofed="yes"><Node ident="a1a2-1"><Address ident="a1a2-2" category="ipv4-addr"><address>192.0.2.200</address></Address></Node></Source>
<Target ident="b3b4"><Node><Address ident="b3b4-1" category="ipv4-addr-hex"><address>0xde796f70</address></Address></Node></Target>
<Classification text="Ping-of-death detected"><Reference origin="cve"><name>CVE-1999-128</name><url>http://www.example.com/CVE-1999-128</url></Reference></Classification>
"""
MORE = '<AdditionalData type="string" meaning="payload %05d"><string>%s</string></AdditionalData>\n'
END = "</Alert></IDMEF-Message>\n"


def message(octets):
    """A valid alert of that many octets: a usual one, and lines of its payload."""
    parts, left, n = [ALERT], octets - len(ALERT) - len(END), 0
    bare = len(MORE % (0, ""))
    while left > bare:
        parts.append(MORE % (n, "GET /cgi-bin/phf?Qalias=x "[:left - bare]))
        left, n = left - len(parts[-1]), n + 1
    return ("".join(parts) + " " * left + END).encode()


def messages(tmp):
    files = {}
    for name, octets in SIZES.items():
        files[name] = tmp / f"alert-{octets}.xml"
        files[name].write_bytes(message(octets))
    return files


def says(word, *command):
    """The numbers of the one line that a program prints."""
    out = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True, timeout=300)
    if out.returncode or not re.match(word + r"( [\d.]+)+$", out.stdout.strip()):
        sys.exit(f"{command[0]} failed: {out.stdout}")
    return [float(n) for n in out.stdout.split()[1:]]


@contextlib.contextmanager
def proxies(folder, n):
    """The addresses of proxies, each a process of its own."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(serve("tunnel-proxy", folder, "--open"))[0] for _ in range(n)]


# --- validating

def validating(args, folder, tmp):
    """Nanoseconds of each size: {octets: row of the program}."""
    out = subprocess.run([folder / "bench_idmef_parse", "11" if args.quick else "51", *messages(tmp).values()],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def bench_validate(args, folder, tmp):
    """Ratios are to a tree of libxml2 and its validator, with the same declarations; well_formed to the parser with empty handlers."""
    for r in validating(args, folder, tmp):
        row("idxp-idmef", f"validated, {r['octets']} octets", r["ns"] / 1e3, "us", MB_s=r["octets"] * 1e3 / r["ns"], libxml2_us=r["tree_ns"] / 1e3,
            ratio=r["ns"] / r["tree_ns"], to_sax=r["ns"] / r["sax_ns"], pieces=r["pieces_ns"] / r["ns"])


# --- messages

COUNTS = {"1 KiB": (16, 12000), "16 KiB": (16, 2000), "1 MiB": (4, 32)}  # unanswered, messages
WAYS = ("validated", "not looked into", "validated and stored")


def bench_load(args, folder, tmp):
    """Of one analyzer to one manager, through tunnels.  Ratios: direct, to no proxy; plain, to what is not looked into; libxml2, of the whole time of a message to what libxml2 alone needs to validate it."""
    scale, files, pki = 8 if args.quick else 1, messages(tmp), str(tmp / "pki")
    xml_s = dict(zip(files, (r["tree_ns"] / 1e9 for r in validating(args, folder, tmp))))
    measures = {}
    with contextlib.ExitStack() as stack:
        hops = stack.enter_context(proxies(folder, 2))
        for tls in KINDS:
            common = ("idxp-manager", folder, "--tls", tls, "--pki", pki, "--max-content", "4194304", *(["--allow-clear"] if tls != "off" else []))
            bare, _ = stack.enter_context(serve(*common))
            stored, _ = stack.enter_context(serve(*common, "--store", str(tmp / f"store-{tls}")))
            for n in range(3):
                for way in WAYS:
                    for size, (depth, count) in COUNTS.items():
                        if n == 1 and way == "validated and stored":
                            continue  # the disk does not know of proxies: none and two are enough
                        chain = [*hops[:n], stored if way == WAYS[2] else bare]
                        command = ["rate", chain[0], pki if tls != "off" else "off", " ".join(chain[1:]), "text" if way == WAYS[1] else "xml", files[size], depth,
                                   max(count // scale, 4)]
                        measures[tls, n, way, size] = lambda c=command: (lambda r: (r[0] / r[1], r[2] / r[0]))(says("rate", folder / "bench_idxp_load", *c))
        rates = in_turn(args, 3, measures)
    for (tls, n, way, size), (rate, cpu) in rates.items():
        row("idxp-load", f"TLS {tls}, {n} proxies, {size}, {way}", rate, "messages/s", MB_s=rate * SIZES[size] / 1e6, cpu_us=cpu * 1e6,
            direct=rate / rates[tls, 0, way, size][0], plain=rate / rates[tls, n, WAYS[1], size][0], libxml2=1 / rate / xml_s[size])


def bench_latency(args, folder, tmp):
    """One message at a time, from the first octet to the acknowledgement; added is to no proxy, per hop."""
    files, pki = messages(tmp), str(tmp / "pki")
    count = {"1 KiB": 2000, "16 KiB": 500, "1 MiB": 20}
    measures = {}
    with contextlib.ExitStack() as stack:
        hops = stack.enter_context(proxies(folder, 2))
        for tls in KINDS:
            bare, _ = stack.enter_context(serve("idxp-manager", folder, "--tls", tls, "--pki", pki))
            for n in range(3):
                chain = [*hops[:n], bare]
                for size, file in files.items():
                    measures[tls, n, size] = lambda c=chain, t=tls, f=file, k=count[size]: says(
                        "latency", folder / "bench_idxp_load", "latency", c[0], pki if t != "off" else "off", " ".join(c[1:]), "xml", f, max(k // (8 if args.quick else 1), 5))[1:]
        took = in_turn(args, 3, measures)
    for (tls, n, size), (median, p99) in took.items():
        base = took[tls, 0, size]
        more = {"added_us": (median - base[0]) / n, "added_p99": (p99 - base[1]) / n, "ratio": median / base[0]} if n else {}
        row("idxp-latency", f"TLS {tls}, {n} proxies, {size}, one at a time", median, "us", p99=p99, **more)


# --- long tunnels and circles

def bench_tunnel(args, folder, tmp):
    """A GiB through eight proxies and back a digest of what came; and the same through none, to compare with."""
    octets = (64 if args.quick else 1024) << 20
    rates = {}
    for n in (0, 1, 8):
        with proxies(folder, n) as hops:
            seconds, sent, came = tunnel_py.pour(hops, octets)
        if sent != came:
            sys.exit(f"through {n} proxies other octets came than were sent")
        rates[n] = octets / seconds
        row("idxp-tunnel", f"{octets >> 20} MiB through {n} proxies, the same digest", rates[n] / 1e6, "MB/s", seconds=seconds, ratio=rates[n] / rates[0])


def bench_circle(args, folder, tmp):
    """How soon a circle ends in an error, and what is left of it."""
    port = tunnel_py.free_port()
    with serve("tunnel-proxy", folder, "--open", "--endpoint-map", f"x=127.0.0.1:{port}") as (b, b_process):
        with subprocess.Popen([folder / "draftproof", "serve", "tunnel-proxy", "--listen", f"127.0.0.1:{port}", "--open", "--endpoint-map", f"x={b}"],
                              stdout=subprocess.PIPE, text=True) as a_process:
            a = a_process.stdout.readline().split()[-1]
            pids = (a_process.pid, b_process.pid)
            try:
                asked = {"two proxies whose routes lead to each other": (a, "<tunnel endpoint='x'/>"),
                         "a chain that comes back": (a, tunnel_py.element([b, a, "127.0.0.1:9"])),
                         "a proxy that is to connect to itself": (a, tunnel_py.element([a]))}
                for name, (to, element) in asked.items():
                    before = sum(map(tunnel_py.sockets, pids))
                    runs = []
                    for _ in range(3 if args.quick else 11):
                        began = time.monotonic()
                        code = tunnel_py.refused(to, element)
                        runs.append(time.monotonic() - began)
                    end = time.monotonic() + 5
                    while sum(map(tunnel_py.sockets, pids)) > before and time.monotonic() < end:
                        time.sleep(0.01)
                    row("idxp-circle", name, sorted(runs)[len(runs) // 2] * 1e3, "ms", worst=max(runs) * 1e3, code=code,
                        sockets_left=sum(map(tunnel_py.sockets, pids)) - before)
            finally:
                a_process.terminate()


BENCHES = {"idxp-idmef": bench_validate, "idxp-load": bench_load, "idxp-latency": bench_latency, "idxp-tunnel": bench_tunnel, "idxp-circle": bench_circle}
