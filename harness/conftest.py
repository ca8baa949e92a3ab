# SPDX-License-Identifier: MIT
"""Fixtures: certificates, and servers that are ended with the test that started them."""
import signal

import pytest

import programs


def hear_signals():
    """A job that was started in the background ignores SIGINT and SIGHUP and hands that on: the programs under test would never hear them."""
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    except ValueError:
        pass  # not the main thread: then nothing was inherited that matters here


hear_signals()


def pytest_addoption(parser):
    group = parser.getgroup("draftproof")
    group.addoption("--iut", metavar="NAME", action="append", default=[],
                    help="test an implementation: harness/iut/NAME.toml, or a path that ends in .toml; may be repeated")
    group.addoption("--strict-weak", action="store_true", help="with --iut: a weak verdict fails the item")


def pytest_configure(config):
    config.addinivalue_line("markers", "own: of the project's own reference peers (not run with --iut)")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--iut"):
        return
    keep = [i for i in items if i.path.name == "test_iut.py"]
    config.hook.pytest_deselected(items=[i for i in items if i not in keep])
    items[:] = keep


@pytest.fixture(scope="session")
def binary():
    try:
        return programs.find_binary()
    except LookupError as e:
        pytest.fail(str(e), pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def _binary_is_there(binary):
    return binary


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """Folder of draftproof pki."""
    folder = tmp_path_factory.mktemp("pki") / "pki"
    done = programs.run("pki", folder)
    assert done.status == 0, done
    return folder


@pytest.fixture
def serve():
    """serve(ROLE, ...) starts a server on a free port of the loopback (or with --connect) and ends it with the test; each must end with status 0."""
    running = []

    def start(role, *args, **more):
        words = [str(a) for a in args]
        connects = "--connect" in words
        if not connects and "--listen" not in words:
            words = ["--listen", "127.0.0.1:0", *words]
        server = programs.Server(role, *words, listens=not connects, **more)
        running.append(server)
        return server

    yield start
    ends = []
    for server in reversed(running):
        if server.p.returncode is not None:  # the test ended it and looked at its status itself
            continue
        ends.append(server.stop())
    for done in ends:
        assert done.status == 0, done


@pytest.fixture
def tls(request, pki):
    """Options of a TLS profile; parametrized indirectly with off, modern or draft."""
    return tls_options(request.param, pki)


def tls_options(profile, pki):
    return ["--tls", "off"] if profile == "off" else ["--tls", profile, "--pki", str(pki)]


@pytest.fixture
def alert(tmp_path):
    """alert(octets) is a file that holds them."""
    count = [0]

    def make(octets=b"<alert/>"):
        count[0] += 1
        path = tmp_path / f"alert-{count[0]}"
        path.write_bytes(octets)
        return path

    return make
