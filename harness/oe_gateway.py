# SPDX-License-Identifier: MIT
"""A gateway behind the lines of docs/oe-adapters.md that shares nothing with ours but the texts: dnspython asks, oe_adapter reads, and what is decided is written down here once more.

Run as a program it is an adapter.  Each option makes it another gateway that nothing forbids, or that is weak and no worse:
  no-cache   asks anew for each question             no-alias  knows no aliases                    serial   one question at a time
  tolerant   takes what only a tolerant reading does spoils    one bad record spoils an answer     curious  asks for more than it needs
  tcp        never asks over UDP                     wary      drops for an error of DNS           hurried  an answer that cannot be read ends a look-up
  first      in the draft, gives up behind one gateway         four     knows IPv4 alone           narrow   keys of the strongest records alone
  broad      keys of all records                      plain     none of these
Others are wrong: highest (takes the weakest record), any-answer (whatever comes is the answer), any-host (anybody acts for anybody), open (clear text whatever the class)."""
import asyncio
import ipaddress
import json
import random
import sys

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.reversename

import oe_adapter

ALIASES = 8
SHORT, AGE_YOUNG, AGE_OLD = 20, 60, 1200  # seconds
KEYED = {"permissive", "paranoid"}
BAD = {"malformed": True}


class Answer:
    """What came of one look-up: state is `there', `absent', `silent', `failed' or `bogus'."""

    def __init__(self, state, rdata=(), secure=False, ttl=0):
        self.state, self.rdata, self.secure, self.ttl = state, list(rdata), secure, ttl


class Resolver:
    def __init__(self, address, seconds, ways):
        host, port = address.rsplit(":", 1)
        self.at, self.seconds, self.ways = (host.strip("[]"), int(port)), seconds, ways

    async def look(self, name, kind):
        try:
            return await asyncio.wait_for(self._look(name, kind), self.seconds)
        except asyncio.TimeoutError:
            return Answer("silent")

    async def _look(self, name, kind):
        secure, aliases = True, 0
        while True:
            message = await self._exchange(name, kind)
            if message is None:
                return Answer("failed")
            if message.rcode() == dns.rcode.SERVFAIL and any(isinstance(o, dns.edns.EDEOption) and o.code == 6 for o in message.options):
                return Answer("bogus")
            if message.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                return Answer("failed")
            secure &= bool(message.flags & dns.flags.AD)
            moved = False
            while "no-alias" not in self.ways:
                alias = message.get_rrset(message.answer, name, 1, dns.rdatatype.CNAME)
                if not alias:
                    break
                aliases, name, moved = aliases + 1, alias[0].target, True
                if aliases > ALIASES:
                    return Answer("failed")
            records = message.get_rrset(message.answer, name, 1, kind)
            if records:
                return Answer("there", [r.to_wire() for r in records], secure, records.ttl)
            if moved and message.rcode() == dns.rcode.NOERROR and not message.authority:
                continue
            soa = [s for s in message.authority if s.rdtype == dns.rdatatype.SOA]
            return Answer("absent", (), secure, min(soa[0].ttl, soa[0][0].minimum) if soa else 0)

    async def _exchange(self, name, kind):
        query = dns.message.make_query(name, kind, want_dnssec=True, payload=1232)
        query.flags |= dns.flags.AD
        if "tcp" not in self.ways:
            answer = await self._udp(query)
            if answer is None or not answer.flags & dns.flags.TC:
                return answer
        return await self._tcp(query)

    async def _udp(self, query):
        got = asyncio.get_running_loop().create_future()
        ways = self.ways

        class Socket(asyncio.DatagramProtocol):
            def datagram_received(self, data, _):
                try:
                    message = dns.message.from_wire(data, raise_on_truncation=False)
                    if not query.is_response(message) and "any-answer" not in ways:
                        return
                except dns.exception.DNSException:
                    message = None
                    if "hurried" not in ways:
                        return
                if not got.done():
                    got.set_result(message)

        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Socket, remote_addr=self.at)
        try:
            while True:
                transport.sendto(query.to_wire())
                done, _ = await asyncio.wait([got], timeout=self.seconds / 3)
                if done:
                    return got.result()
        finally:
            transport.close()

    async def _tcp(self, query):
        writer = None
        try:
            reader, writer = await asyncio.open_connection(*self.at)
            octets = query.to_wire()
            writer.write(len(octets).to_bytes(2, "big") + octets)
            size = int.from_bytes(await reader.readexactly(2), "big")
            message = dns.message.from_wire(await reader.readexactly(size))
            return message if query.is_response(message) else None
        except (OSError, EOFError, dns.exception.DNSException):
            return None
        finally:
            if writer:
                writer.close()


def address(text):
    a = ipaddress.ip_address(text)
    return str(getattr(a, "ipv4_mapped", None) or a)


def reverse(text):
    return dns.reversename.from_address(address(text))


def same_name(a, b):
    return a.rstrip(".").lower() == b.rstrip(".").lower()


class Gateway:
    def __init__(self, ways):
        self.ways, self.ahead = ways, 0.0

    def now(self):
        return asyncio.get_running_loop().time() + self.ahead

    def begin(self, q):
        self.dialect, self.policy = q["dialect"], q["policy"]
        self.resolver = Resolver(q["dns"], self.policy["timeout_ms"] / 1000, self.ways)
        self.cache, self.flows, self.peers, self.locks = {}, {}, {}, {}
        return {"status": "ready"}

    # --- what DNS has ------------------------------------------------------------------------------------------------------------

    async def look(self, name, kind):
        kind = dns.rdatatype.from_text(kind)
        key = (name, kind)
        if "no-cache" not in self.ways and key in self.cache and self.cache[key][0] > self.now():
            return self.cache[key][1]
        if "curious" in self.ways:
            asyncio.ensure_future(self.resolver.look(name, dns.rdatatype.from_text("TYPE45")))
            asyncio.ensure_future(self.resolver.look(name, dns.rdatatype.A))
        answer = await self.resolver.look(name, kind)
        self.cache[key] = (self.now() + answer.ttl, answer)
        return answer

    async def keys(self, name):
        """The candidates that KEY records make."""
        answer = await self.look(name, "KEY")
        if answer.state != "there" or self.distrusts(answer):
            return []
        found = [self.attempt(oe_adapter.key_record, r) for r in answer.rdata]
        return [f["key"] for f in found if f and f is not BAD and f["key"]]

    @staticmethod
    def attempt(read, *record):
        try:
            return read(*record)
        except oe_adapter.Malformed:
            return BAD

    def distrusts(self, answer):
        return self.policy["unsigned"] == "ignore" and not answer.secure

    def read(self, answer):
        """Good records, and whether one was malformed."""
        found = [self.attempt(oe_adapter.delegation, r, "rfc" if "tolerant" in self.ways else self.dialect) for r in answer.rdata]
        bad = BAD in found
        return [] if bad and "spoils" in self.ways else [f for f in found if f and f is not BAD], bad

    def class_of(self, who):
        for name, c in self.policy.get("classes", {}).items():
            try:
                if address(name) == address(who):
                    return c
            except ValueError:
                if same_name(name, who):
                    return c
        return self.policy["class"]

    # --- initiator -----------------------------------------------------------------------------------------------------------------

    def failed(self, c, ttl, why):
        return {"decision": "clear" if c == "permissive" or "open" in self.ways else "drop", "reason": why}, ttl

    def source(self, text):
        public = {address(k): v for k, v in (self.policy.get("public") or {}).items()}
        if self.policy["nat"] == "one":
            return public.get(address(text), text)
        return self.policy["self"][0] if self.policy["nat"] == "many" else text

    async def initiate(self, q):
        to = address(q["destination"])
        c = self.class_of(to)
        if c not in KEYED:
            return {"decision": {"deny": "drop", "clear": "clear", "configured": "configured"}[c]}
        if "four" in self.ways and ":" in to:
            return self.failed(c, 0, "IPv4 alone")[0]
        async with self.locks.setdefault("" if "serial" in self.ways else to, asyncio.Lock()):
            return await self.flow(q, to, c)

    async def flow(self, q, to, c):
        self.age()
        f = self.flows.get(to)
        if f and f["up"] and self.now() < f["until"]:
            f["used"] = self.now()
        elif not f or self.now() >= f["until"] or ("no-cache" in self.ways and "encrypt" == f["said"]["decision"] and not f["up"]):
            f = self.flows[to] = {"up": False, "c": c, "used": 0, "began": 0}
            f["left"], outcome, ttl = await self.seek(to, c)
            f["ttl"] = ttl
            f["said"] = outcome if outcome else await self.hop(f)
            f["until"] = self.now() + f["ttl"]
        out = dict(f["said"])
        if out["decision"] == "encrypt":
            out["source"] = self.source(q["source"])
        return out

    async def seek(self, to, c):
        """Gateways in the order in which they are tried, or what else becomes of it, and for how long."""
        answer = await self.look(reverse(to), "TXT")
        if answer.state == "bogus":
            return [], {"decision": "drop"} if self.dialect == "rfc" else self.failed(c, 0, "bogus")[0], SHORT
        if answer.state == "failed" and "wary" in self.ways:
            return [], {"decision": "drop", "reason": "an error of DNS"}, SHORT
        if answer.state in ("failed", "silent"):
            return [], *self.failed(c, SHORT, "no answer")
        records, bad = self.read(answer)
        if not records and bad and self.dialect == "rfc":
            return [], {"decision": "drop", "reason": "malformed"}, answer.ttl
        if not records or self.distrusts(answer):
            return [], *self.failed(c, answer.ttl, "no record")
        by = {}
        for r in records:
            if r["gateway_type"] == "fqdn" or r["gateway"] in self.policy["self"]:
                continue
            if self.policy["unsigned"] == "own" and not answer.secure and address(r["gateway"]) != to:
                continue
            g = by.setdefault(r["gateway"], {"gateway": r["gateway"], "precedence": r["precedence"], "keys": []})
            if "narrow" in self.ways and r["precedence"] < g["precedence"]:
                g["keys"] = []
            if "narrow" in self.ways and r["precedence"] > g["precedence"]:
                continue
            g["precedence"] = min(g["precedence"], r["precedence"])
            if r["key"] and r["key"] not in g["keys"]:
                g["keys"].append(r["key"])
        for g in by.values():
            g["others"] = [r["key"] for r in records if r["key"]] if "broad" in self.ways else []
        order = sorted(by.values(), key=lambda g: (g["precedence"] * (-1 if "highest" in self.ways else 1), random.random()))
        return order, None, answer.ttl

    async def hop(self, f):
        while f["left"]:
            g = f["left"].pop(0)
            if "curious" in self.ways:
                asyncio.ensure_future(self.look(reverse(g["gateway"]), "KEY"))
            keys = g["keys"] or await self.keys(reverse(g["gateway"]))
            if keys:
                if "first" in self.ways and self.dialect == "draft":
                    f["left"] = []
                return {"decision": "encrypt", "gateway": g["gateway"], "keys": keys + [k for k in g["others"] if k not in keys]}
        return self.failed(f["c"], f["ttl"], "no gateway is left")[0]

    async def report(self, q):
        to = address(q["destination"])
        f = self.flows.get(to)
        if not f:
            return await self.initiate({"destination": to, "source": "0.0.0.0"})
        if q["outcome"] == "up":
            f["up"], f["began"], f["used"] = True, self.now(), 0
            return dict(f["said"])
        f["up"] = False
        if q["outcome"] == "silent" and not f["left"]:
            f["until"] = self.now() + SHORT
        f["said"] = await self.hop(f)
        return dict(f["said"])

    def age(self):
        for to, f in list(self.flows.items()):
            while f["up"]:
                period = AGE_OLD if f.get("old") else AGE_YOUNG
                if self.now() < f["began"] + period:
                    break
                f["began"], f["old"] = f["began"] + period, True
                if f["used"] < f["began"] - period / 2:
                    f["up"] = False
            if not f["up"] and f["began"]:
                del self.flows[to]

    # --- responder -----------------------------------------------------------------------------------------------------------------

    async def phase1(self, q):
        kind, who = q["identity"]["type"], q["identity"]["value"]
        out = {"verdict": "refuse", "keys": []}
        try:
            name = dns.name.from_text(who) if kind == "fqdn" else reverse(who)
            c = self.class_of(who)
        except (dns.exception.DNSException, ValueError):
            return out
        if c == "configured":
            return {"verdict": "configured"}
        if c not in KEYED or kind == "other" or ("four" in self.ways and ":" in who) or (kind == "fqdn" and len(name.labels) < 2):
            return out
        out["keys"] = await self.keys(name)
        low = [{k: v.lower().lstrip("0") for k, v in key.items()} for key in out["keys"]]
        if q["signed_by"] and {k: v.lower().lstrip("0") for k, v in q["signed_by"].items()} in low:
            out["verdict"] = "authentic"
            self.peers[q["id"]] = (kind, who, q["from"], q["signed_by"])
        return out

    async def phase2(self, q):
        refuse = {"verdict": "refuse"}
        if q["phase1"] not in self.peers:
            return refuse
        kind, who, came, key = self.peers[q["phase1"]]
        try:
            source = address(q["source"])
        except ValueError:
            return refuse
        if self.class_of(source) not in KEYED:
            return refuse
        if "any-host" in self.ways:
            return {"verdict": "accept"}
        if kind != "fqdn" and address(who) == source or kind == "fqdn" and self.dialect == "draft" and address(came) == source:
            return {"verdict": "accept"}
        answer = await self.look(reverse(source), "TXT")
        if answer.state != "there" or self.distrusts(answer) or self.policy["unsigned"] == "own" and not answer.secure:
            return refuse
        for r in self.read(answer)[0]:
            fits = same_name(r["gateway"], who) if r["gateway_type"] == "fqdn" and kind == "fqdn" else r["gateway_type"] == kind and r["gateway"] == address(who)
            if fits and (r["key"] is None or {k: v.lower() for k, v in key.items()} == r["key"]):
                return {"verdict": "accept"}
        return refuse

    # --- lines -----------------------------------------------------------------------------------------------------------------------

    async def answer(self, q):
        if q["op"] == "tunnels":
            self.age()
            return {"tunnels": [{"destination": to, "gateway": f["said"]["gateway"]} for to, f in self.flows.items() if f["up"]]}
        if q["op"] in ("initiate", "report", "phase1", "phase2"):
            return await getattr(self, q["op"])(q)
        return {"status": "unsupported"}


def tolerate():
    """Zeros in front of the numbers of an address, addresses of no host (OE-D31, OE-D33)."""
    def read(text):
        try:
            return str(ipaddress.IPv4Address(b".".join(n.lstrip(b"0") or b"0" for n in text.split(b".")).decode()))
        except ValueError as e:
            raise oe_adapter.Malformed("address") from e
    oe_adapter.host_address = read


async def main(ways):
    gateway = Gateway(ways)
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)

    def say(q, answer):
        sys.stdout.write(json.dumps({"id": q["id"], **answer}) + "\n")
        sys.stdout.flush()

    async def later(q):
        say(q, await gateway.answer(q))

    under_way = set()
    while line := await lines.readline():
        q = json.loads(line)
        if q["op"] == "begin":
            for task in under_way:
                task.cancel()
            say(q, gateway.begin(q))
        elif q["op"] == "advance":
            gateway.ahead += q["ms"] / 1000
            say(q, {"status": "ready"})
        else:
            task = asyncio.ensure_future(later(q))
            under_way.add(task)
            task.add_done_callback(under_way.discard)


if __name__ == "__main__":
    if "tolerant" in sys.argv[1:]:
        tolerate()
    asyncio.run(main(set(sys.argv[1:])))
