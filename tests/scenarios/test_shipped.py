"""Every shipped scenario validates, runs, meets its expected numbers and keeps what the scheme promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from invasio.postprocess.expect import check, table
from invasio.solver.model.build import build_model
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.shipped import Header, folder, headers, scenario_files
from tests.lib.comm import Comm
from tests.scenarios.runs import PATIENCE, SHORTER, check_estimate, check_promises, run_shipped, seconds

# Only their names: each worker of pytest imports all tests, and to read all files takes seconds.
SHIPPED = {path.relative_to(folder()).with_suffix("").as_posix(): path for path in scenario_files()}
WITHOUT_NUMBERS = {"quickstart", "tissue/colon_lymph", "tissue/tissue_block_3d"}  # checked by tests of their own


@pytest.fixture(scope="module")
def said() -> dict[str, Header]:
    """What they say of themselves, by name."""
    return {header.name: header for header in headers()}


@pytest.mark.parametrize("name", SHIPPED)
def test_it_validates_and_says_what_it_is(said: dict[str, Header], name: str) -> None:
    """It loads, its model builds, and title, source and cost are there; a slow one has a short variant here."""
    header = said[name]
    assert header.path == SHIPPED[name]
    assert build_model(load(header.path)).species
    assert header.title and header.source and header.ranks >= 1
    assert seconds(header) <= PATIENCE or header.name in SHORTER, f"{header.name} takes {header.cost}: give a short variant in runs.py"


def test_short_variants_belong_to_scenarios() -> None:
    """No variant is left over from a scenario that is gone."""
    assert set(SHORTER) <= set(SHIPPED)
    assert set(SHIPPED) >= WITHOUT_NUMBERS


@pytest.mark.parametrize("name", [name for name in SHIPPED if name not in WITHOUT_NUMBERS])
def test_it_meets_its_numbers(comm: Comm, shared_tmp: Path, name: str) -> None:
    """The numbers in its ``expect`` block, through the files it wrote."""
    finished = run_shipped(SHIPPED[name], shared_tmp / "run", comm, *SHORTER.get(name, []))
    results = check(finished)
    assert results, f"{name} expects nothing"
    assert all(r.passed for r in results), "\n" + table(results)
    check_promises(finished)
    check_estimate(finished)
