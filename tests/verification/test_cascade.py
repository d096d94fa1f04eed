"""The cascade against published closed forms: Iwata et al. 2000, Luria and Delbrueck 1943; and its means against an integrator.

Draws: 4 standard errors from the analytic variance, fixed seeds; such a comparison fails by chance once in 16,000.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import exp1

from invasio.solver.circulation.means import Stock, means
from invasio.solver.circulation.plan import Blood, Colony, Dormancy, Entries, Growth, Part, Sheds, number
from invasio.solver.circulation.routes import Body
from tests.lib.cascade import account, body, constant, drawn, off, one_bed, rich

A, LIMIT, SEEDING = 0.00286, 7.3e10, 5.3e-8  # Iwata et al. 2000, doi:10.1006/jtbi.2000.1075: per day, cells, per day
PART = Part("vein", "wall", beds=np.ones(1))


def primary(alpha: float, end: float, step: float) -> tuple[np.ndarray, Entries]:
    """What a Gompertzian primary seeds, m x^alpha, as cells that enter."""
    times = np.arange(0, end + step / 2, step)
    sizes = [LIMIT ** (1 - np.exp(-A * t)) for t in (times[:-1], times[:-1] + step / 2, times[1:])]
    flux = SEEDING * sum(weight * size**alpha for weight, size in zip((1, 4, 1), sizes, strict=True)) / 6 * step
    return times, Entries(times.astype(float), np.concatenate([[0.0], np.cumsum(flux)])[:, None, None], (PART,))


@pytest.mark.parametrize(
    ("alpha", "first", "every", "rate", "end", "step"),
    [
        (0.663, {1110: 111.77638, 2000: 705.22428}, {1000: 76.421, 1110: 134.91, 1542: 1584.6, 2000: 23036}, 0.00580566, 3200, 2.0),
        (2 / 3, {1110: 121.62235}, {1110: 148.195}, 0.00590319, 3200, 2.0),
    ],
)
def test_colonies_of_iwata(alpha: float, first: dict, every: dict, rate: float, end: float, step: float) -> None:
    times, entries = primary(alpha, end, step)
    colony = Colony(number(0), number(0), number(2, 1), number(1e7, 1))
    growth, sheds = Growth("gompertz", number(A), number(LIMIT, 1)), Sheds(number(SEEDING), number(alpha, 1))
    alone = one_bed(times, colony=Colony(colony.birth, colony.death, colony.micro, colony.macro, growth=growth))
    found = means(alone, entries, np.array([1110.0, min(end, 2000.0)]))
    c = alpha * np.log(LIMIT)
    for number_of, (time, count) in enumerate(first.items()):
        assert SEEDING * LIMIT**alpha / A * (exp1(c * np.exp(-A * time)) - exp1(c)) == pytest.approx(count, rel=1e-7)
        assert found.settled[number_of, 0] == pytest.approx(count, rel=1e-6)
    assert found.growing[0, 0] > 1e6
    shedding = one_bed(times, colony=Colony(colony.birth, colony.death, colony.micro, colony.macro, growth=growth, sheds=sheds))
    found = means(shedding, entries)
    for time, count in every.items():
        assert found.settled[int(time / step), 0] == pytest.approx(count, rel=2e-4)
    assert found.fault < 1e-12
    late = np.log(found.settled[-1, 0] / found.settled[-101, 0]) / (100 * step)
    assert late == pytest.approx(rate, rel=1e-3)


def test_when_colonies_of_iwata_are_large() -> None:
    growth = Growth("gompertz", number(A), number(LIMIT, 1))
    times = np.array([0, 361.48, 361.50, 616.43, 616.45])
    for least, index in ((1e7, 2), (1e9, 4)):
        colony = Colony(number(0), number(0), number(2, 1), number(least, 1), growth=growth)
        units = drawn(one_bed(times, colony=colony), constant(20, 1e-9), [1])[0].units
        assert len(units) > 5 and set(units.macro) == {times[index]}  # 361.491 d, 616.444 d


def test_luria_and_delbrueck() -> None:
    """Primary and colonies grow at the same rate, without death: chances of n metastatic cells, for one seed on average."""
    rate, end = 0.25, 40.0
    times = np.linspace(0, end, 2001).astype(float)
    entries = Entries(times, (np.expm1(rate * times) / np.expm1(rate * end))[:, None, None], (PART,))
    colony = Colony(number(rate), number(0), number(2, 1), number(1e9, 1))
    plan = one_bed(np.linspace(0, end, 9), colony=colony, report=(8,))
    counts = np.concatenate([batch.cells[:, 0, 0] for batch in drawn(plan, entries, range(26_000))])
    chances = [np.exp(-1.0)]
    for n in range(1, 5):
        chances.append(sum(chances[k] / (n - k + 1) for k in range(n)) / n)
    assert chances == pytest.approx([0.367879, 0.183940, 0.107298, 0.068977, 0.047454], abs=5e-7)
    for n, chance in enumerate(chances):
        assert off((counts == n).astype(float), chance, chance * (1 - chance)) < 4
        upto = sum(chances[: n + 1])
        assert min(off((counts <= n).astype(float), upto * bias, upto * (1 - upto)) for bias in (0.95, 1.05)) > 4, "5 % is caught"


def test_arrests_that_are_drawn_are_where_the_loop_says() -> None:
    """Numbers in beds are Poisson; in the liver and the lungs a bias of 5 % is caught."""
    beds = body(0.5)
    plan = one_bed(np.array([0, 1.0]), beds=beds)
    found = drawn(plan, constant(40_000, 1, part=Part("vein", "wall", beds=np.eye(len(beds.names))[1])), [5])
    for name, share in (("liver", 0.5230), ("lungs", 0.3251), ("brain", 0.0195), ("kidneys", 0.0309)):
        number_of, mean = float(account(found, f"founders: {name}")[0]), 40_000 * share
        assert abs(number_of - mean) < 4 * np.sqrt(mean), name
        assert share < 0.1 or min(abs(number_of * bias - mean) for bias in (0.95, 1.05)) > 4 * np.sqrt(mean), name


def test_means_are_those_of_the_equations() -> None:
    """B' = J - B/T, D' = q phi - (w + delta) D, G' = (1 - q) phi + w D + (b - d) G, of second order in the grid."""
    transit, q, w, delta, b, d = 2.0, 0.6, 0.05, 0.02, 0.15, 0.1
    survival, x, a = 0.4, 0.8, 0.5

    def slopes(t: float, y: np.ndarray) -> list[float]:
        phi = x * a * survival * y[0] / transit
        return [(3.0 if t < 20 else 0.0) - y[0] / transit, q * phi - (w + delta) * y[1], (1 - q) * phi + w * y[1] + (b - d) * y[2]]

    exact = np.zeros(3)
    for low, high in ((0, 20), (20, 60)):
        exact = solve_ivp(slopes, (low + 1e-12, high - 1e-12), exact, rtol=1e-11, atol=1e-12, method="LSODA").y[:, -1]
    errors = []
    for step in (2.0, 1.0):
        plan = one_bed(
            np.arange(0, 60 + step / 2, step), blood=Blood(number(transit, 1), number(survival, 2), number(survival, 2)),
            extravasation=number(x), soil=number(a), dormancy=Dormancy(number(q), number(w), number(delta)),
            colony=Colony(number(b), number(d), number(2, 1), number(9, 1)),
        )  # fmt: skip
        found = means(plan, constant(60, 20))
        assert found.fault < 1e-12
        now = np.array([found.blood[-1], found.dormant[-1, 0], found.growing[-1, 0]])
        assert now[0] == pytest.approx(exact[0], rel=1e-8)
        errors.append(np.abs(now / exact - 1)[1:])
    assert (errors[1] < 2e-3).all() and (errors[0] / errors[1] > 3.5).all()


def test_mean_share_awake() -> None:
    plan = one_bed(np.array([0, 1e-3, 100, 200, 400]), dormancy=Dormancy(number(1), number(0.002)))
    found = means(plan, constant(7, 1e-9))
    assert found.founders[:, 0] / 7 == pytest.approx(-np.expm1(-0.002 * plan.times), abs=1e-6)


def test_the_ledger_of_means_closes_and_goes_on_from_numbers() -> None:
    plan, entries = rich(sheds=0.02)
    found = means(plan, entries)
    assert found.fault < 1e-12
    parts = found.blood + found.cavity + found.cleared + found.lost.sum(axis=1)
    parts = parts + sum(getattr(found, name).sum(axis=1) for name in ("stuck", "starved", "faded", "dormant", "founders"))
    gained = found.entered.sum(axis=(1, 2)) + found.shed
    assert found.shed[-1] > 1 and np.abs(parts - gained).max() < 1e-12 * gained[-1]
    assert found.entered[-1] == pytest.approx(plan.stands_for * entries.cells[-1])
    whole, half = Stock(Body(plan, entries.parts)), Stock(Body(plan, entries.parts))
    for step in range(1, len(entries.times)):
        whole.advance(float(entries.times[step]), entries.cells[step])
        half.advance(float(entries.times[step]), entries.cells[step])
        if step == 11:
            numbers = half.numbers()
            half = Stock(Body(plan, entries.parts))
            half.recall(numbers)
    for name, values in whole.numbers().items():
        assert (values == half.numbers()[name]).all(), name


def test_means_do_not_hang_on_steps_where_rates_are_constant() -> None:
    plan, entries = rich(in_time=False)
    finer = Entries(np.linspace(0, 50, 201).astype(float), entries.at(np.linspace(0, 50, 201).astype(float)), entries.parts)
    one, two = means(plan, entries), means(plan, finer)
    for name in ("blood", "cavity", "lost", "stuck", "starved"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), rel=1e-2, abs=1e-3), name
    assert one.growing[-1] == pytest.approx(two.growing[-1], rel=1e-2)
