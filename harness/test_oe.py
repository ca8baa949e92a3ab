# SPDX-License-Identifier: MIT
"""draftproof oe: records are printed for a key, read back, and loaded by the tools of BIND and NSD where they are installed."""
import json
import shutil
import subprocess

import pytest

from programs import one_useful_line, run

pytestmark = pytest.mark.own
ZONE = b"""$TTL 3600
@ 3600 IN SOA ns.example. h.example. ( 1 ; serial
 3600 600 86400 3600 )
@ 3600 IN NS ns.example.
"""
OWNERS = ["--owner", "alice.zone.example.", "--key-owner", "gw.zone.example.", "--gateway", "@gw.zone.example"]
CHECKERS = [("named-checkzone", "zone.example"), ("nsd-checkzone", "zone.example")]


@pytest.fixture(scope="module", params=["512", "1024", "2192", "4096"])
def keys(request, tmp_path_factory):
    """A private key, and its public part."""
    folder = tmp_path_factory.mktemp("keys")
    private, public = folder / "private.pem", folder / "public.pem"
    subprocess.run(["openssl", "genrsa", "-out", private, request.param], check=True, capture_output=True)
    subprocess.run(["openssl", "rsa", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
    return int(request.param), private, public


def records(text, *options):
    done = run("oe", "parse", "--json", *options, stdin=text)
    assert done.status == 0, done
    return [json.loads(line) for line in done.out.splitlines()]


@pytest.mark.parametrize("layout", [[], ["--wrap"]])
def test_there_and_back(keys, layout):
    bits, private, public = keys
    done = run("oe", "record", "--host", "192.2.0.66", "--gateway", "192.1.1.5", "--precedence", "20", *layout, public)
    assert done.status == 0 and not done.err, done
    assert run("oe", "record", "--host", "192.2.0.66", "--gateway", "192.1.1.5", "--precedence", "20", *layout, private).out == done.out
    txt, key = records(done.out.encode())
    assert (txt["owner"], key["owner"]) == ("66.0.2.192.in-addr.arpa.", "5.1.1.192.in-addr.arpa.")
    assert (txt["precedence"], txt["gateway"], txt["bits"], txt["notes"]) == (20, "192.1.1.5", bits, [])
    assert (key["flags"], key["protocol"], key["algorithm"], key["notes"]) == (0x4200, 4, 1, [])
    assert txt["modulus"] == key["modulus"]
    printed = subprocess.run(["openssl", "rsa", "-pubin", "-in", public, "-noout", "-modulus"], check=True, capture_output=True, text=True).stdout
    assert printed.strip().removeprefix("Modulus=").lower() == txt["modulus"]


@pytest.mark.parametrize("layout", [[], ["--wrap"]])
@pytest.mark.parametrize("tool, origin", CHECKERS)
def test_servers_load_them(keys, layout, tool, origin, tmp_path):
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    done = run("oe", "record", *OWNERS, *layout, keys[2])
    (tmp_path / "zone").write_bytes(ZONE + done.out.encode())
    checked = subprocess.run([tool, origin, tmp_path / "zone"], capture_output=True, text=True)
    assert checked.returncode == 0, checked


def test_zone_is_read_past_what_is_not_ours(keys):
    done = run("oe", "record", *OWNERS, keys[2])
    text = ZONE + b'a TXT "v=spf1 -all"\nb TXT "X-IPsec-Server(x)=1.2.3.4"\n' + done.out.encode()
    parsed = run("oe", "parse", "--json", stdin=text)
    assert parsed.status == 1, parsed
    assert [json.loads(line)["draft"] for line in parsed.out.splitlines()] == ["foreign", "bad", "good", "good"]


def test_statuses():
    assert run("oe", "parse", '"v=spf1 -all"').status == 3
    assert run("oe", "parse", stdin=b"").status == 3
    nothing = run("oe", "parse", "")
    assert nothing.status == 3 and "there is no record" in nothing.err
    assert run("oe", "parse", "X-IPsec-Server(10)=192.1.1.5 AQMM...3s1Q==").status == 1
    assert run("oe", "parse", "X-IPsec-Server(10)=192.1.1.5").status == 0
    assert run("oe", "parse", "--strict", "--dialect", "draft", "X-IPsec-Server(10)=192.1.1.5").status == 1
    assert run("oe", "parse", "--strict", "X-IPsec-Server(10)=192.1.1.5").status == 0
    broken = run("oe", "parse", 'TXT "abc', '"X-IPsec-Server(10)=192.1.1.5"')
    assert broken.status == 2 and "without its end" in broken.err and "gateway 192.1.1.5" in broken.out


def test_wrong_use(keys, tmp_path):
    public = keys[2]
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    for words, arguments in [(["parse"], ["prase", "x"]), (["--gateway"], ["record", public]), (["--host"], ["record", "--gateway", "1.2.3.4", public]),
                             (["1.2.3"], ["record", "--gateway", "1.2.3", "--host", "1.2.3.4", public]), (["PEM"], ["record", empty]),
                             (["--dialect rfc"], ["record", "--dialect", "draft", "--gateway", "::5", "--host", "::6", public]), (["PEM"], ["record"]),
                             (["draft, rfc"], ["parse", "--dialect", "raft", "x"]), (["65535"], ["record", "--precedence", "65536", public])]:
        one_useful_line(run("oe", *arguments), *words)


def test_a_file_in_place_of_a_record(tmp_path):
    (tmp_path / "zone").write_text('a. TXT "X-IPsec-Server(10)=192.1.1.5"\n')
    done = run("oe", "parse", tmp_path / "zone")
    assert done.status == 2 and f"draftproof oe parse <{tmp_path / 'zone'}" in done.err, done
