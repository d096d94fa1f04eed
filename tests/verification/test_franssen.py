"""The numbers in the scenarios of Franssen et al. 2019 are those of the independent codes beside this file."""

from __future__ import annotations

from pathlib import Path

import pytest

from invasio.solver.scenario.expect import Expectation
from invasio.solver.scenario.loader import load
from tests.verification.franssen import TIMES, Rings, lattice, solve

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "published" / "franssen_2019"


def expected(name: str, *kinds: str) -> list[Expectation]:
    """What a scenario of the folder expects, of these kinds."""
    return [one for one in load(FOLDER / f"{name}.yaml").expect if one.what in kinds]


def found(rings: Rings, one: Expectation) -> float:
    """The number of the code in rings; of the ECM in a square what is not gone from its area, 1."""
    values = getattr(rings, one.of)
    if one.what == "position":
        assert one.level is not None
        return rings.position(values, one.level)
    return 1.0 - rings.integral(1.0 - values) if one.of == "ecm" else rings.integral(values)


@pytest.mark.parametrize(("name", "growth"), [("mean_field", False), ("growth", True)])
def test_the_code_in_rings_has_the_numbers_that_are_expected(name: str, growth: bool) -> None:
    """Within a quarter of what the run is allowed, on 28 rings in the colony; and a wrong law of growth is far from them."""
    at = dict(zip(TIMES, solve(28, growth=growth), strict=True))
    numbers = expected(name, "integral", "position")
    assert len(numbers) >= 8
    for one in numbers:
        allowed = one.tolerance or abs(one.value) * (one.relative or 0.0)
        assert found(at[one.at], one) == pytest.approx(one.value, abs=0.25 * allowed), one
    wrong = dict(zip(TIMES, solve(14, growth=not growth), strict=True))
    cells = next(one for one in numbers if one.of == "mesenchymal" and one.what == "integral")
    assert abs(found(wrong[cells.at], cells) - cells.value) > 1e2 * (cells.relative or 0.0) * cells.value


def test_the_lattice_has_the_entry_that_is_expected_and_clusters_the_share_that_is_arrested() -> None:
    """Cells that entered by t = 12, within 1 %; of the cells that leave the blood the share that lives, from the paper's rule by hand."""
    _, mesenchymal, _ = lattice((12.0,))[0]
    entry, arrested = expected("cascade", "series")[3], expected("cascade", "series")[-1]
    block = 0.2**2 * 10e-4 * 1e9  # cells of a block of 1e9 per cm^3
    assert mesenchymal == pytest.approx(entry.value * block, rel=0.01)
    single, cluster, loose, sizes = 5e-4, 2.5e-2, 0.5, {1: 0.5, 2: 0.25, 3: 0.13, 4: 0.07, 5: 0.05}
    alive = 0.0
    for k, share in sizes.items():
        alone = k * (1 - loose) * loose ** (k - 1)  # one stays when all others have come loose
        alive += share * (single * (k * loose + alone) + cluster * (k * (1 - loose) - alone))
    per_cell = alive / sum(k * share for k, share in sizes.items())
    assert arrested.value == pytest.approx(0.75 * per_cell * 411.371, rel=1e-3)
