# SPDX-License-Identifier: MIT
"""The cases against a gateway of other make (oe_gateway.py).  Where the texts leave a way open, whoever goes it may be found weak, for the reason that the case has, and never wrong."""
import re
import sys

import pytest

from programs import ROOT, run

pytestmark = pytest.mark.own
OVERLAP = {"oe/6.2/overlapping", "oe/6.2/out-of-order", "oe/4.2/many-at-once", "oe/6.2/roles-at-once", "oe/4.9/several-at-once"}
ALIAS = {"oe/4.2/alias", "oe/4.2/aliases", "oe/4.12.2/alias", "oe/4.2/alias-of-key"}
# Each way, and the cases that may find it weak
WAYS = {
    "plain": set(),
    "no-cache": {"oe/6.4/cached-key", "oe/6.2/while-it-lives"},
    "no-alias": ALIAS,
    "serial": OVERLAP,
    "tolerant": {"oe/4.2/address-with-zeros", "oe/4.2/address-of-no-host", "oe/2.3.2/draft"},
    "spoils": {"oe/7.2/gateway-bad-beside-good", "oe/4.12.3/bad-beside-good"},
    "curious": {"oe/4.2/no-second-query"},
    "tcp": set(),
    "wary": set(),
    "hurried": {"oe/4.2/garbage-first"},
    "first": set(),
    "broad": set(),
    "narrow": {"oe/7.2/gateway-key-of-weaker", "oe/rfc/2.3.2/mixed"},
    "four": {"oe/rfc/5.2/gateway-ipv6-name", "oe/rfc/5.2/gateway-ipv6-record", "oe/4.9/ipv6"},
}
# Wrong ways, and one of the cases that have to tell
WRONG = {
    "highest": "oe/7.2/gateway-strongest-first",
    "any-answer": "oe/4.2/forged-first",
    "any-host": "oe/4.12.3/other-key",
    "open": "oe/11.1/no-name-closed",
}
LINE = re.compile(r"^(pass|weak|fail|inconc|error|skip) +(oe/\S+)", re.M)


def check(way, dialect, *options):
    adapter = f"{sys.executable} {ROOT / 'harness' / 'oe_gateway.py'} {way}"
    done = run("check", "oe-gateway", "--exec", adapter, "--able", "clock,bogus", "--dialect", dialect, "--jobs", "16", *options, deadline=200)
    found = {v: {c for w, c in LINE.findall(done.out) if w == v} for v in ("pass", "weak", "fail", "inconc", "error")}
    return done, found


@pytest.mark.parametrize("way, dialect", [(w, "rfc") for w in WAYS] + [(w, "draft") for w in ("plain", "tolerant", "first")])
def test_other_ways_are_not_accused(way, dialect):
    done, found = check(way, dialect)
    assert done.status == 0 and not found["fail"] | found["inconc"] | found["error"], done
    assert len(found["pass"]) > 150 and found["weak"] <= WAYS[way], done


@pytest.mark.parametrize("way", WRONG)
def test_wrong_ways_are(way):
    done, found = check(way, "rfc", "--case", WRONG[way])
    assert done.status == 1 and WRONG[way] in found["fail"] | found["weak"], done
