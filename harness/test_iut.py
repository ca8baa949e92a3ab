# SPDX-License-Identifier: MIT
"""pytest harness --iut NAME: the suite against an implementation, one item a case and split.  See docs/iut.md."""
import warnings

import pytest

import iut

PASSIVE = "what was observed throughout"


def pytest_generate_tests(metafunc):
    names = metafunc.config.getoption("--iut")
    items = []
    try:
        for name in names:
            for run in iut.load(name):
                whole = [(i, s) for s in run.splits for i in run.ids()]
                for i, s in [*whole, (PASSIVE, None)]:
                    label = f"{run.name}:{i}" + ("" if s in (None, "whole") else f":{s}")
                    items.append(pytest.param(run, i, s, id=label.replace(" ", "-"), marks=pytest.mark.xdist_group(run.name)))
    except (iut.Wrong, LookupError) as e:
        raise pytest.UsageError(str(e)) from None
    metafunc.parametrize("iut_run,case,split", items)


class WeakVerdict(UserWarning):
    pass


def report(r):
    lines = [f"{r['verdict']}: {r['id']} ({r['split']}): {r['title']}", f"  {r['reason']}"]
    if r["clauses"]:
        lines.append("  clauses: " + ", ".join(r["clauses"] + r["defects"]))
    lines.append(f"  to see it alone: draftproof check {r['role']} ... --case {iut.case_of(r['id'])} --verbose")
    return "\n".join(lines)


def judge(rs, strict):
    """The worst verdict of the results of one item decides it."""
    worst = {"error": 0, "fail": 1, "inconc": 2, "weak": 3, "pass": 4, "skip": 5}
    r = min(rs, key=lambda r: worst[r["verdict"]])
    if r["verdict"] == "pass":
        return
    if r["verdict"] == "skip":
        pytest.skip(r["reason"])
    if r["verdict"] == "weak" and not strict:
        for w in rs:
            if w["verdict"] == "weak":
                warnings.warn(WeakVerdict(report(w)), stacklevel=2)
        return
    pytest.fail("\n".join(report(w) for w in rs if w["verdict"] not in ("pass", "skip")), pytrace=False)


def test_case(iut_run, case, split, tmp_path_factory, request):
    got, told = iut_run.results(tmp_path_factory.mktemp("iut"), iut.shared_folder(tmp_path_factory))
    if got is None:
        pytest.fail(f"the suite did not run:\n{told}", pytrace=False)
    if case == PASSIVE:
        rs = [r for rs in got.values() for r in rs if r["passive"]]
        if not rs:
            pytest.skip("nothing was observed")
    else:
        rs = got.get((case, split)) or ([r for (i, _), v in got.items() if i == case for r in v] if "/sanity/" in case else None)
        if not rs:
            pytest.fail(f"the run gave no result for this case:\n{told}", pytrace=False)
    judge(rs, request.config.getoption("--strict-weak"))
