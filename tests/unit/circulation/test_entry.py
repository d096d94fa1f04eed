"""Who enters: a compound Poisson process, the same whatever the steps, the batch and the restart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from invasio.solver.circulation.entry import enter, mean_size
from invasio.solver.circulation.plan import Entries, geometric
from tests.lib.cascade import constant, off, one_bed, rich

TIMES = np.linspace(0, 10, 11)
SIZES = geometric(1.5)
PLAN = one_bed(TIMES, sizes=SIZES, stands_for=4.0)
SEEDS = np.arange(4000)
K = np.arange(1, len(SIZES) + 1)


def test_cells_that_enter_are_compound_poisson() -> None:
    flock = enter(PLAN, constant(5, 10), SEEDS, 0)
    cells = np.bincount(flock.history, weights=flock.size, minlength=len(SEEDS))
    mean, ratio = 20.0, float(SIZES @ K**2 / (SIZES @ K))
    assert mean_size(SIZES) == pytest.approx(1.5, abs=1e-6) and ratio == pytest.approx(2.0, abs=1e-6)  # (1 + g)/(1 - g), g = 1/3
    variance = mean * ratio
    assert off(cells, mean, variance) < 4
    fourth = mean * float(SIZES @ K**4 / (SIZES @ K)) / variance**2
    assert abs(cells.var() / variance - 1) < 4 * np.sqrt((2 + fourth) / len(cells))
    assert off(cells * 1.05, mean, variance) > 4  # what is off by 5 % is caught
    events = np.bincount(flock.history, minlength=len(SEEDS))
    assert off(events, mean / 1.5, mean / 1.5) < 4


def test_events_come_where_the_integral_is_a_sum_of_exponentials() -> None:
    flock = enter(PLAN, constant(5, 10), np.array([3]), 0)
    numbers = [np.random.Philox(counter=n + (1 << 64) - 1, key=3).random_raw(1)[0] for n in range(len(flock))]
    sums = np.cumsum([-np.log((float(word >> 11) + 0.5) * 2.0**-53) for word in numbers])
    assert flock.time == pytest.approx(10 * sums / (20 / mean_size(SIZES)), rel=1e-12)
    assert sums[-1] < 20 / 1.5


def test_a_history_does_not_hang_on_steps_batches_or_restarts() -> None:
    plan, entries = rich()
    every = [enter(plan, entries, SEEDS[:50], part) for part in range(3)]
    times = np.sort(np.append(entries.times, np.random.default_rng(0).uniform(0, 50, 200)))
    finer = Entries(times, entries.at(times), entries.parts)
    for part, flock in enumerate(every):
        assert len(flock) > 100
        again = enter(plan, finer, SEEDS[:50], part)
        assert (again.history == flock.history).all() and (again.cells == flock.cells).all() and (again.ident == flock.ident).all()
        assert again.time == pytest.approx(flock.time, abs=1e-12 * 50)
        alone = enter(plan, entries, SEEDS[7:8], part)
        mine = flock.take(flock.history == 7)
        assert (alone.ident == mine.ident).all() and (alone.time == mine.time).all() and (alone.cells == mine.cells).all()
        before = enter(plan, entries.until(22.0), SEEDS[:50], part)
        early = flock.take(flock.time <= 22)
        assert (before.ident == early.ident).all() and before.time == pytest.approx(early.time)


def test_phenotypes_follow_the_fluxes_at_the_time() -> None:
    plan, entries = rich()
    flock = enter(replace(plan, sizes=np.ones(1), stands_for=200.0), entries, np.arange(20), 0)
    for low, high in ((0, 25), (25, 50)):
        here = (flock.time > low) & (flock.time <= high)
        chance = 3 / (3 + 4 * (high**2 - low**2) / 2500)
        assert off(flock.cells[here, 0], chance, chance * (1 - chance)) < 4


def test_after_the_end_nothing_or_as_last() -> None:
    entries = constant(5, 10, 5)
    assert entries.until(20).cells[-1] == 5 and entries.until(20, last=True).cells[-1] == pytest.approx(10)
    cut = entries.until(3)
    assert cut.times[-1] == 3 and cut.cells[-1] == pytest.approx(1.5)


def test_no_events_and_a_million() -> None:
    assert len(enter(PLAN, constant(0, 10), SEEDS[:3], 0)) == 0
    many = replace(PLAN, sizes=np.ones(1), stands_for=1.0)
    assert abs(len(enter(many, constant(1e6, 10), SEEDS[:1], 0)) - 1e6) < 4e3
