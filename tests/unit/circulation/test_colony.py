"""Sleep and growth against closed forms: extinction, size, waking, stages, growth without chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import gammaln

from invasio.solver.circulation.chances import tail
from invasio.solver.circulation.colony import moments
from invasio.solver.circulation.plan import Colony, Dormancy, Growth, Lymph, Part, Plan, Second, Sheds, number
from invasio.solver.circulation.results import Fate, Units
from tests.lib.cascade import constant, drawn, off, one_bed
from tests.lib.messages import refused

N = 4000


def colonies(birth: float, death: float, times: np.ndarray, founders: int = 1, cells: float = N, **changes: object) -> Units:
    """Units of one history in which about N of them come at the start."""
    colony = Colony(number(birth), number(death), number(50, 1), number(1e6, 1))
    sizes = np.eye(founders)[-1]
    plan = one_bed(times, sizes=sizes, **({"colony": colony} | changes))
    entries = constant(cells * founders, 1e-9)
    return drawn(plan, entries, [4])[0].units


def share(values: np.ndarray, chance: float) -> bool:
    """A share within 4 standard errors."""
    return off(values.astype(float), chance, chance * (1 - chance)) < 4


def exactly(values: np.ndarray, chance: float) -> bool:
    """A share within 4 standard errors, and so many that one that is 5 % larger or smaller is not."""
    return share(values, chance) and not any(share(values, chance * bias) for bias in (0.95, 1.05))


@pytest.mark.parametrize(("founders", "death"), [(1, 0.2), (3, 0.2), (1, 0.25), (2, 0.3)])
@pytest.mark.parametrize("grid", [1, 7])
def test_extinction_and_size_on_any_grid(founders: int, death: float, grid: int) -> None:
    birth, end = 0.25, 21.0
    units = colonies(birth, death, np.linspace(0, end, int(end / grid) + 1), founders, 10 * N)
    r = birth - death
    gone = np.exp(-r * end)
    none = death * (1 - gone) / (birth - death * gone) if r else birth * end / (1 + birth * end)
    eta = birth * (1 - gone) / (birth - death * gone) if r else none
    dead = units.fate == Fate.EXTINCT
    assert (exactly if none**founders > 0.3 else share)(dead, none**founders)
    if founders == 1:
        two = (1 - none) * eta
        assert (exactly if two > 0.2 else share)(units.final >= 2, two)
        assert share(units.final >= 10, (1 - none) * eta**9)
    mean, variance = (
        founders * np.exp(r * end),
        founders * ((birth + death) / r * np.exp(r * end) * np.expm1(r * end) if r else 2 * birth * end),
    )
    assert off(units.final, mean, variance) < 4


def test_rates_that_change_are_exact() -> None:
    birth, death = np.array([0.25, 0.25, 0.25]), np.array([0.2, 0.2, 0.4])
    times = np.array([0, 10.0, 30, 50])
    first, second = moments(np.array(0.25), np.array(0.2), np.array(30.0)), moments(np.array(0.25), np.array(0.4), np.array(20.0))
    a, b = first[0] * second[0], first[1] * second[0] + second[1]
    colony = Colony(birth[None, None], death[None, None], number(50, 1), number(1e6, 1))
    units = colonies(0, 0, times, colony=colony)
    assert share(units.fate == Fate.EXTINCT, float(1 - a / (1 + b)))
    assert share(units.final >= 5, float(a / (1 + b) * (b / (1 + b)) ** 4))
    assert float(tail(np.array(1), a, b, np.array(5.0))) == pytest.approx(float(a / (1 + b) * (b / (1 + b)) ** 4))


def test_critical_growth_is_the_limit() -> None:
    span = np.array(40.0)
    exact, near = moments(np.array(0.2), np.array(0.2), span), moments(np.array(0.2), np.array(0.2 + 1e-9), span)
    assert exact == (1, pytest.approx(8)) and near == (pytest.approx(1, rel=1e-7), pytest.approx(8, rel=1e-7))


def test_tail_of_many_founders_sums_over_surviving_lines() -> None:
    a, b = moments(np.array(0.25), np.array(0.2), np.array(30.0))
    alive, success = float(a / (1 + b)), float(1 / (1 + b))
    founders, least = 4, 9
    below = (1 - alive) ** founders
    for lines in range(1, founders + 1):
        ways = np.exp(gammaln(founders + 1) - gammaln(lines + 1) - gammaln(founders - lines + 1))
        for cells in range(lines, least):
            choose = np.exp(gammaln(cells) - gammaln(lines) - gammaln(cells - lines + 1))
            below += ways * alive**lines * (1 - alive) ** (founders - lines) * choose * success**lines * (1 - success) ** (cells - lines)
    assert float(tail(np.array(founders), a, b, np.array(float(least)))) == pytest.approx(1 - below)


def test_the_example_micro_and_macro() -> None:
    def chance(time: float, least: float) -> float:
        a, b = moments(np.array(0.25), np.array(0.2), np.array(time))
        return float(tail(np.array(1), a, b, np.array(least)))

    assert round(chance(60, 50), 3) == 0.125 and round(chance(240, 1e6), 4) == 0.0585 and chance(60, 1e6) < 1e-10
    units = colonies(0.25, 0.2, np.linspace(0, 240, 25), cells=20_000)
    assert share(units.macro <= 240, 0.0585)
    once = colonies(0.25, 0.2, np.array([0.0, 240.0]), cells=250_000).macro <= 240  # the grid has no part in it
    assert exactly(once, chance(240, 1e6))
    assert exactly(colonies(0.25, 0.2, np.array([0.0, 60.0]), cells=120_000).final >= 50, chance(60, 50))
    ever = np.isfinite(units.micro) & (units.micro <= 60)
    spread = 4 * np.sqrt(0.13 * 0.87 / len(ever))
    assert 0.125 - spread < ever.mean() < 0.131 + spread  # first seen on the grid: between now and ever


def test_waking_and_death_asleep() -> None:
    times = np.linspace(0, 500, 11)
    for death in (0.0, 0.001):
        units = colonies(0, 0, times, cells=120_000, dormancy=Dormancy(number(0.6), number(0.002), number(death)))
        total, share_woke = 0.002 + death, 0.002 / (0.002 + death)
        at_once, gone = units.woke == units.arrived, np.exp(-total * 500)
        assert exactly(at_once, 0.4)
        assert exactly(np.isfinite(units.woke), 0.4 + 0.6 * share_woke * (1 - gone))
        assert exactly(units.fate == Fate.DORMANT, 0.6 * gone)
        faded = units.fate == Fate.FADED
        assert exactly(faded, 0.6 * (1 - share_woke) * (1 - gone)) if death else not faded.any()
    rates = np.array([0.0] * 5 + [0.004] * 5)[None, None]
    units = colonies(0, 0, times, dormancy=Dormancy(number(1), rates))
    assert units.woke.min() > 250 and share(np.isfinite(units.woke), 1 - np.exp(-1))


def test_what_wakes_grows_from_all_its_founders() -> None:
    units = colonies(0, 0, np.linspace(0, 3, 4), founders=3, dormancy=Dormancy(number(1), number(1)))
    assert set(units.final[units.fate == Fate.COLONY]) == {3} and set(units.final[units.fate == Fate.DORMANT]) == {0}


def test_two_stages() -> None:
    second = Second(number(0.01), number(0.03), number(0.5), number(0.1))
    colony = Colony(number(0.25), number(0), number(5, 1), number(1000, 1), second)
    units = colonies(0, 0, np.linspace(0, 400, 101), colony=colony)
    assert np.isfinite(units.micro).all()  # without death all come so far, and wait there
    assert share(np.isfinite(units.macro), 0.25)  # the switch comes first
    assert share(units.fate == Fate.EXTINCT, 0.75 + 0.25 * 0.2**5 / 1)
    wait = (units.ended - units.micro)[units.fate == Fate.EXTINCT]
    assert off(wait, 25, 25**2) < 4


@pytest.mark.parametrize("kind", ["gompertz", "capped"])
def test_growth_without_chance(kind: str) -> None:
    growth = Growth(kind, number(0.05), number(1e4, 1))  # type: ignore[arg-type]
    colony = Colony(number(0), number(9), number(50, 1), number(100, 1), growth=growth)
    units = colonies(0, 0, np.linspace(0, 100, 11), cells=20, colony=colony)
    gompertz, capped = 1e4 * 1e4 ** -np.exp(-5), 1e4 / (1 + (1e4 - 1) * np.exp(-5))
    assert units.final == pytest.approx(gompertz if kind == "gompertz" else capped, rel=1e-6)
    times = np.linspace(0, 100, 11)
    sizes = 1e4 * 1e4 ** -np.exp(-0.05 * times) if kind == "gompertz" else 1e4 / (1 + (1e4 - 1) * np.exp(-0.05 * times))
    assert set(units.macro) == {times[sizes >= 100][0] if (sizes >= 100).any() else np.inf}
    late = replace(colony, growth=replace(growth, start=number(20, 1)), birth=number(0.3), death=number(0.1))
    units = colonies(0, 0, np.linspace(0, 400, 81), cells=300, colony=late)
    assert set(np.round(units.final, -2)) == {0, 1e4}
    assert abs((units.final > 0).mean() - (1 - 1 / 3)) < 0.15


def shedding(plan: Plan, **changes: object) -> Plan:
    growth = Growth("gompertz", number(0.0), number(1e4, 1))
    colony = Colony(number(0), number(0), number(2, 1), number(100, 1), growth=growth, sheds=Sheds(number(0.03), number(2, 1)))
    return replace(plan, colony=colony, **changes)  # type: ignore[arg-type]


def test_colonies_shed_into_their_own_vein() -> None:
    plan = shedding(one_bed(np.linspace(0, 10, 21), sizes=np.array([0, 1.0])), soil=number(1))
    units = drawn(plan, constant(2, 1e-9), range(1000))[0].units
    first = units.generation == 0
    children = np.bincount(units.parent[units.generation == 1], minlength=len(units))[first]
    assert off(children, 0.03 * 4 * 10, 0.03 * 4 * 10) < 4  # m Z^alpha of two cells for ten days
    grandchildren = units.generation == 2
    assert (units.generation[units.parent[grandchildren]] == 1).all()
    assert (units.entered[grandchildren] >= units.arrived[units.parent[grandchildren]]).all()
    assert off(np.bincount(units.history[grandchildren], minlength=1000), 1.2 * 0.03 * 10 / 2, 0.25) < 4


def test_a_node_fills_the_next_level() -> None:
    lymph = Lymph(("I", "II", "III"), np.array([1, 1, 0.0])[:, None, None])
    plan = shedding(one_bed(np.linspace(0, 10, 21)), lymph=lymph, soil=number(1))
    units = drawn(plan, constant(1, 1e-9, part=Part("duct", "wall", "lymph")), range(300))[0].units
    assert set(units.place[units.generation == 0]) == {1} and set(units.place[units.generation == 1]) == {2}
    assert set(units.place[units.generation == 2]) == {0}  # III holds none: on to the blood


def test_shedding_without_end_is_refused() -> None:
    colony = Colony(number(3), number(0), number(2, 1), number(100, 1), sheds=Sheds(number(1)))
    with refused("too-many", "organs.colony.sheds", "lower rate", ("1,000,000",)):
        drawn(one_bed(np.linspace(0, 10, 21), colony=colony), constant(3, 1e-9), [1])
