"""Which outputs are drawn, and how units are written."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from invasio.postprocess.sweep import quantities
from invasio.postprocess.ticks import Powers
from invasio.postprocess.times import round_steps
from invasio.postprocess.units import plain_unit, power_text, unit_text, value_text


@pytest.mark.parametrize(
    ("times", "count", "unit", "wanted"),
    [
        (np.arange(0, 5.01, 0.25), 4, "d", [0, 2, 4]),  # 0, 1.75, 3.25, 5 before
        (np.arange(0, 24.01, 1), 6, "h", [0, 6, 12, 18, 24]),
        (np.arange(0, 60.01, 10), 4, "d", [0, 20, 40, 60]),
        (np.arange(0, 8.01, 1 / 3), 6, "d", [0, 2, 4, 6, 8]),
        (np.arange(0, 30.01, 5), 6, "", [0, 10, 20, 30]),
        (np.arange(0, 14.01, 1), 6, "d", [0, 3, 6, 9, 12]),
        (np.arange(0, 1.01, 0.1), 6, "", [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (np.array([0.0, 1.0, 7.0]), 6, "d", [0, 1, 7]),  # all that there are
        (np.arange(0, 14) * 1.37, 6, "", [0, 3 * 1.37, 6 * 1.37, 9 * 1.37, 12 * 1.37]),  # none is round: evenly spaced all the same
    ],
)
def test_times_are_round_and_evenly_spaced(times: np.ndarray, count: int, unit: str, wanted: list[float]) -> None:
    found = times[round_steps(times, count, unit)]
    steps = np.diff(found)
    assert len(found) <= count and (len(times) <= count or np.allclose(steps, steps[0], rtol=1e-6))
    if len(wanted) != len(found) or not np.allclose(found, wanted):
        assert found[-1] == times[-1] and len(found) >= len(wanted) and np.allclose(found * 4, np.rint(found * 4)), found


def test_irregular_times_are_drawn_nearest_to_an_even_spacing() -> None:
    times = np.array([0.0, 1.0, 1.5, 2.0, 3.5, 50.0, 100.0])
    assert round_steps(times, 3) == [0, 5, 6] and round_steps(times, 7) == list(range(7))


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("1e9 /cm^3", "10⁹ cm⁻³"),
        ("1e6 cells/cm^2", "10⁶ cells cm⁻²"),
        ("2.5e-7 mol/l", "2.5×10⁻⁷ mol l⁻¹"),
        ("1 mg/ml", "mg ml⁻¹"),
        ("um nM", "µm nM"),
        ("uM", "µM"),
        ("um^2/d", "µm² d⁻¹"),
        ("1/s", "s⁻¹"),
        ("mmHg", "mmHg"),
        ("1", ""),
        ("", ""),
        ("cells", "cells"),
        ("1/(nM s)", "1/(nM s)"),
    ],
)
def test_units_are_written_as_journals_do(unit: str, text: str) -> None:
    assert unit_text(unit) == text


def test_powers_of_ten() -> None:
    assert [power_text(x) for x in (1e-5, 3e4, 0.01, 0.0, 200.0)] == ["10⁻⁵", "3×10⁴", "0.01", "0", "200"]


@pytest.mark.parametrize(
    ("scale", "places", "texts"),
    [
        ("log", [1e-5, 1e-3, 0.1, 10], ["10⁻⁵", "10⁻³", "10⁻¹", "10¹"]),  # 10⁻⁵ beside 0.001 before
        ("log", [0.01, 0.1, 1], ["0.01", "0.1", "1"]),
        ("linear", [0, 5e-8, 1e-7, 2.5e-7], ["0", "0.5×10⁻⁷", "1×10⁻⁷", "2.5×10⁻⁷"]),
        ("linear", [0, 0.0002, 0.002], ["0", "0.0002", "0.002"]),
        ("linear", [-2e4, 0, 1.2e5], ["-0.2×10⁵", "0", "1.2×10⁵"]),
    ],
)
def test_ticks_of_an_axis_are_of_one_kind(scale: str, places: list[float], texts: list[str]) -> None:
    figure, panel = plt.subplots()
    panel.set_yscale(scale)
    panel.yaxis.set_major_formatter(ticks := Powers())
    assert ticks.format_ticks(places) == texts
    plt.close(figure)


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [
        ("2.4 mm", (2.4, "mm")),
        ("2.5e-7 mol/l", (2.5e-7, "mol/l")),
        ("1e9 /cm^3", (1.0, "1e9 /cm^3")),
        ("cells", (1.0, "cells")),
        ("", (1.0, "")),
    ],
)
def test_scales_that_are_no_power_of_ten_become_units(unit: str, wanted: tuple[float, str]) -> None:
    assert plain_unit(unit) == wanted


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (["500 pM", "1 nM", "0", ""], ([500.0, 1000.0, 0.0, np.nan], "pM")),  # 500 and 1 on one axis before
        (["0", "1e-3", "2"], ([0.0, 1e-3, 2.0], "")),
        (["2 h", "1 d"], ([2.0, 24.0], "h")),
        (["1", "2 nM"], None),
        (["1 nM", "2 h"], None),
        (["fast", "slow"], None),
        (["2*k", "1"], None),
        ([], ([], "")),
    ],
)
def test_members_of_a_sweep_are_compared_in_one_unit(texts: list[str], wanted: tuple[list[float], str] | None) -> None:
    found = quantities(texts)
    if wanted is None:
        assert found is None
    else:
        assert found is not None and found[1] == wanted[1] and np.allclose(found[0], wanted[0], equal_nan=True)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0046, "1e9 /cm^3", "4.6×10⁶ cm⁻³"),
        (0.01, "1e9 /cm^3", "10⁷ cm⁻³"),
        (0.0123, "500 cells/mm^2", "6.2 cells mm⁻²"),
        (0.25, "nM", "0.25 nM"),
        (0.25, "", "0.25"),
        (0.25, "1/(nM s)", "0.25 1/(nM s)"),
    ],
)
def test_values_take_the_number_of_their_unit(value: float, unit: str, text: str) -> None:
    assert value_text(value, unit) == text
