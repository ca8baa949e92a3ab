# SPDX-License-Identifier: MIT
"""What the texts say about the project is what there is: roles, links, folders, targets, packages, and what the README shows of captures."""
import re

import pytest

import programs
from programs import ROOT, run

pytestmark = pytest.mark.own
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "impl" / "README.md", ROOT / "fuzz" / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "vectors").glob("*/README.md"))]


def text(*path):
    return ROOT.joinpath(*path).read_text(encoding="utf-8")


def roles():
    done = run("check", "no-such-role")
    return re.findall(r"[a-z]+-[a-z]+", done.err.partition("the roles are")[2].partition(";")[0])


@pytest.mark.parametrize("path", ["README.md", "docs/iut.md", "harness/iut/example.toml", "docs/testing.md", "docs/man/draftproof-check.1", "docs/man/draftproof-serve.1"])
def test_every_role_is_named(path):
    said = text(path).replace(r"\-", "-")
    named = [r for r in roles() if not re.search(rf"\b{r}\b", said)]
    assert len(roles()) == 10
    if path == "docs/testing.md":  # of IAP the README tells
        named = [r for r in named if not r.startswith("iap-")]
    if path.endswith(".toml"):  # of BEEP one end is enough
        named = [r for r in named if r != "beep-initiator"]
    assert named == []


def anchors(path):
    """As they are made of headings: lower case, no punctuation, hyphens for blanks."""
    return {re.sub(r"[^\w\- ]", "", h.replace("`", "")).strip().lower().replace(" ", "-") for h in re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)}


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    said = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", said):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        to = (path.parent / file).resolve() if file else path
        assert to.exists(), link
        assert not anchor or anchor in anchors(to), link


def test_folders_of_the_readme():
    table = text("README.md").partition("## Where things are")[2]
    for cell in re.findall(r"^\| (`.*?) \|", table, re.M):
        names = re.findall(r"`([\w/]+/)`", cell)
        first = names[0].rstrip("/").rpartition("/")[0]
        for name in names:
            assert (ROOT / name).is_dir() or (ROOT / first / name).is_dir(), name


def test_every_fuzz_target_is_described():
    for source in sorted((ROOT / "fuzz").glob("*_fuzz.c")):
        assert f"| `{source.stem}` |" in text("fuzz", "README.md"), source.stem
    named = re.findall(r"^\| `(\w+_fuzz)` \|", text("fuzz", "README.md"), re.M)
    assert [n for n in named if not (ROOT / "fuzz" / (n + ".c")).exists()] == []


def test_oss_fuzz_has_what_a_build_needs():
    wanted = re.search(r'^build="([^"]+)"', text("scripts", "deps"), re.M)[1].split()
    got = text("fuzz", "oss-fuzz", "Dockerfile").replace("\\\n", " ").split()
    assert [p for p in wanted if p not in got and p not in ("gcc", "libc6-dev")] == []


def test_readme_on_captures():
    """Its commands give what it prints."""
    section = re.search(r"^### Judging a capture of a gateway\n(.*?)(?=^##)", text("README.md"), re.M | re.S)[1]
    blocks = re.findall(r"^```\n(.*?)^```", section, re.M | re.S)
    commands = [b.split() for b in blocks if b.startswith("draftproof replay ")]
    assert len(commands) == 2
    assert run(*commands[0][1:], cwd=ROOT).out == next(b for b in blocks if not b.startswith("draftproof"))
    assert run(*commands[1][1:], cwd=ROOT).out.endswith("as expected\n")


def test_every_own_description_is_named():
    for path in (ROOT / "harness" / "iut").glob("reference-*.toml"):
        assert f"`--iut {path.stem}`" in text("docs", "iut.md"), path.stem
