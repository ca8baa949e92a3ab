# SPDX-License-Identifier: MIT
"""Benchmarks of IDXP: validating IDMEF beside libxml2, acknowledged messages a second and what a proxy adds, tunnels of eight proxies, circles of proxies."""
import contextlib
import json
import pathlib
import re
import subprocess
import sys
import time

from bench_beep import tls_of
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
    """Proxies, each a process of its own, as (address, process)."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(serve("tunnel-proxy", folder, "--open")) for _ in range(n)]


def ran(processes):
    """Seconds of processor time that they took so far."""
    return sum(int(pathlib.Path(f"/proc/{p.pid}/schedstat").read_text().split()[0]) for p in processes) / 1e9


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

COUNTS = {"1 KiB": (16, 6000), "16 KiB": (16, 1000), "1 MiB": (4, 16)}  # unanswered, messages
WAYS = ("validated", "not looked into", "stored")  # the last: and validated


def one_rate(program, servers, kind, size, tls, file, count):
    """Messages a second, and microseconds of processor time that one took everybody and the analyzer alone."""
    depth = COUNTS[size][0]
    chain, processes = zip(*servers)
    before = ran(processes)
    sent, seconds, own = says("rate", program, "rate", chain[0], tls, " ".join(chain[1:]), kind, file, depth, count)
    return sent / seconds, (own / sent + (ran(processes) - before) / (count + count // 10 + 1)) * 1e6, own / sent * 1e6


def bench_load(args, folder, tmp):
    """Of one analyzer to one manager, through tunnels.  cpu_us: processor time of a message of all programs together, which other programs on
    the machine move less than the clock; ratios are of it: direct, to no proxy; plain, to what is not looked into; xml, to what libxml2 alone
    needs to validate the message.  rate_direct: of messages a second, to no proxy."""
    scale, files, pki = 4 if args.quick else 1, messages(tmp), str(tmp / "pki")
    xml_us = dict(zip(files, (r["tree_ns"] / 1e3 for r in validating(args, folder, tmp))))
    measures = {}
    with contextlib.ExitStack() as stack:
        hops = stack.enter_context(proxies(folder, 2))
        for tls in KINDS:
            common = ("idxp-manager", folder, "--tls", tls, "--pki", pki)
            bare = stack.enter_context(serve(*common))
            stored = stack.enter_context(serve(*common, "--store", str(tmp / f"store-{tls}")))
            for n in range(3):
                for way in WAYS:
                    for size, (_, count) in COUNTS.items():
                        servers = [*hops[:n], stored if way == "stored" else bare]
                        what = (servers, "text" if way == "not looked into" else "xml", size, tls_of(tls, pki), files[size], max(count // scale, 4))
                        measures[tls, n, way, size] = lambda w=what: one_rate(folder / "bench_idxp_load", *w)
        rates = in_turn(args, 3, measures)
    for (tls, n, way, size), (rate, all_us, own_us) in rates.items():
        base = rates[tls, 0, way, size]
        row("idxp-load", f"TLS {tls}, {n} proxies, {size}, {way}", rate, "messages/s", MB_s=rate * SIZES[size] / 1e6, cpu_us=all_us, analyzer_us=own_us,
            direct=all_us / base[1], plain=all_us / rates[tls, n, "not looked into", size][1], xml=all_us / xml_us[size], rate_direct=rate / base[0])


def bench_latency(args, folder, tmp):
    """One message at a time, from the first octet to the acknowledgement; added: by each hop.  The fastest tenth (p10) is what a busy machine leaves
    alone; ratio, to no proxy, is of it."""
    files, pki = messages(tmp), str(tmp / "pki")
    count = {"1 KiB": 2000, "16 KiB": 500, "1 MiB": 20}
    measures = {}
    with contextlib.ExitStack() as stack:
        hops = [address for address, _ in stack.enter_context(proxies(folder, 2))]
        for tls in KINDS:
            bare, _ = stack.enter_context(serve("idxp-manager", folder, "--tls", tls, "--pki", pki))
            for n in range(3):
                chain = [*hops[:n], bare]
                for size, file in files.items():
                    command = [chain[0], tls_of(tls, pki), " ".join(chain[1:]), "xml", file, max(count[size] // (8 if args.quick else 1), 5)]
                    measures[tls, n, size] = lambda c=command: says("latency", folder / "bench_idxp_load", "latency", *c)[1:]
        took = in_turn(args, 3, measures)
    for (tls, n, size), (p10, median, p99) in took.items():
        base = took[tls, 0, size]
        more = {"added_p10": (p10 - base[0]) / n, "added_us": (median - base[1]) / n, "added_p99": (p99 - base[2]) / n, "ratio": p10 / base[0]} if n else {}
        row("idxp-latency", f"TLS {tls}, {n} proxies, {size}, one at a time", median, "us", p10=p10, p99=p99, **more)


# --- long tunnels and circles

def bench_tunnel(args, folder, tmp):
    """A GiB through eight proxies, and back a digest of what came.  Ratios are to none; cpu_s: processor time of a proxy.  All programs of the
    chain work at once: with fewer processors than programs the rate falls for want of them."""
    octets = (64 if args.quick else 1024) << 20
    rates = {}
    for n in (0, 1, 8):
        with proxies(folder, n) as hops:
            seconds, sent, came = tunnel_py.pour([address for address, _ in hops], octets)
            cpu = ran(p for _, p in hops) / max(n, 1)
        if sent != came:
            sys.exit(f"through {n} proxies other octets came than were sent")
        rates[n] = octets / seconds
        row("idxp-tunnel", f"{octets >> 20} MiB through {n} proxies, the same digest", rates[n] / 1e6, "MB/s", seconds=seconds, ratio=rates[n] / rates[0],
            cpu_s=cpu)


def bench_circle(args, folder, tmp):
    """How soon a circle ends in an error, and what is left of it in the proxies."""
    again = "<tunnel endpoint='x'/>"
    onward = tunnel_py.Onward(again)
    with proxies(folder, 7) as more, serve("tunnel-proxy", folder, "--open", "--endpoint-map", f"x={onward.address}") as first:
        onward.to = first[0]
        places, pids = [address for address, _ in (first, *more)], [process.pid for _, process in (first, *more)]
        asked = {"a route that leads back by another's proxy": (places[0], again),
                 "the same, seven proxies in front": (places[1], tunnel_py.element([*places[2:], places[0]], again)),
                 "a chain of eight that comes back": (places[0], tunnel_py.element([*places[1:], places[0]])),
                 "a proxy that is to connect to itself": (places[0], tunnel_py.element(places[:1]))}
        for name, (to, element) in asked.items():
            before, runs = sum(map(tunnel_py.sockets, pids)), []
            for _ in range(3 if args.quick else 11):
                began = time.monotonic()
                code = tunnel_py.refused(to, element)
                runs.append(time.monotonic() - began)
            end = time.monotonic() + 5
            while sum(map(tunnel_py.sockets, pids)) > before and time.monotonic() < end:
                time.sleep(0.01)
            row("idxp-circle", name, sorted(runs)[len(runs) // 2] * 1e3, "ms", worst=max(runs) * 1e3, code=code,
                sockets_left=sum(map(tunnel_py.sockets, pids)) - before)
    onward.end()


BENCHES = {"idxp-idmef": bench_validate, "idxp-load": bench_load, "idxp-latency": bench_latency, "idxp-tunnel": bench_tunnel, "idxp-circle": bench_circle}
