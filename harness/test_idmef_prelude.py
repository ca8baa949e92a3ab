# SPDX-License-Identifier: MIT
"""IDMEF of Debian's prelude, alerts and heartbeats: from an analyzer through two proxies of TUNNEL to a manager with TLS from end to end, and what is stored there is what prelude wrote, octet for octet.

vectors/idmef/prelude/ keeps what it once wrote, for where it cannot be run."""
import re

import pytest

import prelude_idmef
import programs
from programs import acknowledged, extract, run, stored

pytestmark = pytest.mark.own
KEPT = sorted((programs.ROOT / "vectors" / "idmef" / "prelude").glob("*.xml"))
PROFILES = pytest.mark.parametrize("profile", ["modern", "draft"])
DIALECTS = pytest.mark.parametrize("dialect", ["rfc", "draft"])


@pytest.fixture(scope="session")
def fresh():
    why = prelude_idmef.missing()
    if why:
        pytest.skip(why)
    with prelude_idmef.Prelude() as p:
        return p.messages()


@pytest.fixture(params=["kept", "fresh"])
def messages(request):
    """Each message as it was written."""
    return request.getfixturevalue("fresh") if request.param == "fresh" else [p.read_bytes() for p in KEPT]


@pytest.fixture
def files(messages, tmp_path):
    made = []
    for i, octets in enumerate(messages):
        made.append(tmp_path / f"{i}.xml")
        made[-1].write_bytes(octets)
    return made


def kinds(messages):
    return [sum(f"<{k} ".encode() in m for m in messages) for k in ("Alert", "Heartbeat")]


def test_there_is_something_to_send(messages):
    alerts, heartbeats = kinds(messages)
    assert alerts == len(prelude_idmef.LOG.splitlines()) and heartbeats >= 2, (alerts, heartbeats)


def test_it_is_valid(messages, files):
    done = run("idmef", "validate", *files)
    assert done.status == 0, done
    told = re.findall(r": valid, (\d+) alerts, (\d+) heartbeats$", done.out, re.M)
    assert len(told) == len(files), done
    assert [sum(int(t[i]) for t in told) for i in range(2)] == kinds(messages), done


def test_and_broken_it_is_not(messages, tmp_path):
    for i, octets in enumerate(messages):
        broken = tmp_path / f"broken-{i}"
        broken.write_bytes(octets.replace(b"CreateTime", b"CreatedTime"))
        done = run("idmef", "validate", broken)
        assert done.status == 1 and "CreatedTime" in done.out + done.err, done


@DIALECTS
@PROFILES
def test_it_comes_out_as_it_went_in(serve, pki, tmp_path, messages, files, profile, dialect):
    ends = ["--tls", profile, "--pki", pki, "--dialect", dialect]
    manager = serve("idxp-manager", "--store", tmp_path / "store", *ends)
    outer, inner = serve("tunnel-proxy", "--open"), serve("tunnel-proxy", "--open")
    done = run("send", "idxp-analyzer", *ends, "--via", outer.address, "--via", inner.address, "--connect", manager.address, *files)
    assert done.status == 0 and acknowledged(done) == (len(messages), len(messages)), done
    alerts = stored(tmp_path / "store")
    assert [a.type for a in alerts] == ["text/xml"] * len(messages)
    assert [extract(tmp_path / "store", a.number) for a in alerts] == list(messages)
