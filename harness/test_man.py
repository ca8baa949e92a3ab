# SPDX-License-Identifier: MIT
"""The man pages say what --help says: a page for each command, each long option in both, and no complaint of the formatter."""
import re
import shutil
import subprocess

import pytest

import programs

pytestmark = pytest.mark.own
MAN = programs.ROOT / "docs" / "man"
OPTION = re.compile(r"--[a-z][a-z0-9-]*")
HEADINGS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "SEE ALSO"]


def commands():
    done = programs.run("--help")
    assert done.status == 0, done
    return re.findall(r"^  (\w+) +\S", done.out, re.M)


def page(command):
    path = MAN / (f"draftproof-{command}.1" if command else "draftproof.1")
    return path.read_text(encoding="utf-8")


def plain(roff):
    """Without font changes and with hyphens as they are printed."""
    return re.sub(r"\\f[A-Z]", "", roff).replace(r"\-", "-").replace(r"\ ", " ")


def described(roff):
    """The options in the tags of the page: what stands in the line behind a .TP."""
    tags = re.findall(r"^\.TP[^\n]*\n(\.[A-Z]+ [^\n]*)$", plain(roff), re.M)
    assert tags
    return {o for tag in tags for o in OPTION.findall(tag)}


def offered(command):
    """The options that --help lists: those that begin a line, behind a short one or not."""
    done = programs.run(command, "--help")
    assert done.status == 0, done
    found = set(re.findall(r"^ +(?:-\S, )? *(--[a-z][a-z0-9-]*)", done.out, re.M))
    assert "--help" in found
    return found


def test_overview_names_every_command():
    roff = plain(page(""))
    for c in commands():
        assert f"draftproof-{c} (1)" in roff, c


def test_a_page_for_each_command_and_no_other():
    assert sorted(p.name for p in MAN.glob("*")) == sorted(["draftproof.1", *(f"draftproof-{c}.1" for c in commands())])


@pytest.mark.parametrize("command", commands())
def test_options_are_those_of_help(command):
    assert described(page(command)) == offered(command)


@pytest.mark.parametrize("command", ["", *commands()])
def test_form(command):
    roff = page(command)
    name = f"draftproof-{command}" if command else "draftproof"
    version = programs.run("--version").out.strip()
    assert f'.TH {name.upper()} 1 ' in plain(roff) and f'"{version}"' in roff
    wanted = [h for h in HEADINGS]
    assert [h for h in re.findall(r"^\.SH (.*)$", roff, re.M) if h in wanted] == wanted
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-Kutf8"], input=roff, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and not done.stderr, done.stderr
        assert name in done.stdout
