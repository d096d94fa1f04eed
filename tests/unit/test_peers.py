"""The comparison with other codes counts what it says: references, errors, and times at equal error; no times are asserted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from benchmarks.peers.__main__ import HERE, kept, pages
from benchmarks.peers.anderson import REFERENCES, judged, lost, reference
from benchmarks.peers.cases import CASES, OWN
from benchmarks.peers.radial import tabulated
from benchmarks.peers.report import best, front, ratio_table, ratios, table, with_compiling
from benchmarks.step.measure import Case, measure
from tests.lib.comm import Comm


@pytest.mark.parametrize(("dim", "apart"), [(2, 4e-6), (3, 1e-7)])
def test_references_are_found_again_by_another_width(dim: int, apart: float) -> None:
    """The ball's table was made with 1500 and 3000 cells, of which h^4 is left; the disc's is of another code, good to 3e-6."""
    listed = np.loadtxt(HERE / REFERENCES[dim], delimiter=",", skiprows=3)
    listed = listed[listed[:, 0] <= 0.5]
    values, change = tabulated(dim, listed[:, 0], 400, 1e-8)
    assert change < 1e-4
    assert np.abs(values - listed[:, 1:].T).max() < apart
    between = 0.5 * (listed[1:, 0] + listed[:-1, 0])  # the spline through the table, which is what errors are taken from
    values, _ = tabulated(dim, between, 400, 1e-8)
    for name, found in zip("nfm", values, strict=True):
        assert np.abs(reference(between, dim)[name] - found).max() < 5e-6


def test_errors_are_relative_and_inside_the_circle() -> None:
    """A tenth too much everywhere is an error of 0.1; outside nothing counts; a value in four below zero is told."""
    x = np.array([[0.0, 0.1, 0.2, 0.6], [0.0, 0.0, 0.3, 0.6]])
    exact = reference(np.linalg.norm(x, axis=0).clip(0.0, 0.69), 2)
    fields = {name: 1.1 * values for name, values in exact.items()}
    fields["n"][3] = -2.0
    found = judged(x, fields)
    assert [found[name] for name in "nfm"] == pytest.approx([0.1] * 3)
    assert (found["least"], found["below"]) == (-2.0, 0.25)
    assert lost(4.0, 3.0) == {"lost": 0.25}


def test_invasio_has_the_references_problem(comm: Comm) -> None:
    """At a coarse mesh and a long step its amount of cells in the cube is that of the lump, which the reference keeps."""
    result = measure(Case(3, 20**3, 0.1, 2), comm)
    r = np.linspace(0.0, 0.5, 1001)
    amount = 4.0 * math.pi * np.trapezoid(reference(r, 3)["n"] * r**2, r)
    assert amount == pytest.approx((math.pi * 0.0025) ** 1.5, rel=1e-5)
    assert result["amounts"]["tumour"] == pytest.approx(amount, rel=1e-2)


def test_times_are_compared_at_equal_error() -> None:
    """invasio halves its error for four times the time; a slower and worse run is on no line; nothing is extrapolated."""

    def run(seconds: float, error: float) -> dict[str, Any]:
        return {"setup": 0.0, "loop": seconds, "n": error}

    results: dict[str, list[dict[str, Any]]] = {
        "invasio": [run(1.0, 0.4), run(4.0, 0.2), run(16.0, 0.1)],
        "quick": [run(6.0, 0.4), run(7.0, 0.5), run(80.0, 0.1)],
        "slow": [run(40.0, 0.2), {"stopped": "9 s"}, run(300.0, 0.05)],
    }
    assert front(results["quick"])[0].tolist() == [6.0, 80.0]
    results["quick"][0]["compiled"] = results["quick"][2]["compiled"] = 20.0
    found = ratios(with_compiling(results))
    assert np.ravel(found["quick"]).tolist() == pytest.approx([0.4, 6.0, 0.1, 5.0])
    assert np.ravel(found["quick, compiling too"]).tolist() == pytest.approx([0.4, 26.0, 0.1, 6.25])
    assert np.ravel(found["slow"]).tolist() == pytest.approx([0.2, 10.0])
    assert [(peer, round(error, 3)) for error, _, peer in best(results)] == [("quick", 0.4), ("quick", 0.1)]
    assert ratio_table(results).splitlines()[-1] == "| the fastest of them | 6 at 4.0e-01 (quick), 5 at 1.0e-01 (quick) |"


def test_the_page_is_that_of_the_kept_results_and_of_all_cases() -> None:
    """Every code of every problem has its runs, with values below zero and lost cells, or says after how long it was stopped."""
    results = kept()
    assert pages(results) == (HERE / "results.md").read_text(encoding="utf-8")
    assert {problem: {peer: len(runs) for peer, runs in found.items()} for problem, found in results.items()} == {
        problem: {peer: len(settings) for peer, (_, settings) in peers.items()} for problem, peers in CASES.items()
    }
    readme = (HERE.parent / "README.md").read_text(encoding="utf-8")
    for found in results.values():
        assert ratio_table(found) in readme
        assert len(table(found).splitlines()) == 2 + sum(len(runs) for runs in found.values())
        for run in (run for runs in found.values() for run in runs if "stopped" not in run):
            assert {"least", "below", "lost", "n", "f", "m", "setup", "loop", "versions"} <= set(run)
    for peer in OWN.values():  # nothing that is installed comes as whatever version there is
        lines = (HERE / f"requirements-{peer}.txt").read_text(encoding="utf-8").split()
        assert lines and all("==" in line for line in lines)
