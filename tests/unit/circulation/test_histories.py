"""Whole histories: an integer ledger, the same for a seed, direct draws as cell by cell, averages as the means say.

Each comparison asks for 4 standard errors: of 200 accounts one in 80 runs of such tests would fail by chance; seeds are fixed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from invasio.solver.circulation.chances import chances
from invasio.solver.circulation.histories import Way
from invasio.solver.circulation.means import means
from invasio.solver.circulation.plan import Beds, Blood, Entries, Growth, Lymph, Part, Plan, Second, Sheds, number
from invasio.solver.circulation.results import Fate, History, Means
from tests.lib.cascade import AT_ONCE, account, constant, drawn, off, one_bed, rich

PLANS = {"constant": rich(in_time=False), "in time": rich(), "sheds": rich(sheds=0.02)}
NUMBER = 1500
WAYS: tuple[Way, ...] = ("cells", "direct")


def ledgers(name: str, way: Way) -> list[History]:
    if (name, way) not in _DRAWN:
        _DRAWN[name, way] = drawn(*PLANS[name], range(1000, 1000 + NUMBER), way)
    return _DRAWN[name, way]


_DRAWN: dict[tuple[str, Way], list[History]] = {}


def expected(plan: Plan, found: Means) -> dict[str, float]:
    """Cells in every account of the ledger at the horizon."""
    out = {"entered": float(found.entered[-1].sum()), "shed": float(found.shed[-1])}
    out |= {f"lost: {cause}": float(found.lost[-1, number]) for number, (cause, _) in enumerate(plan.blood.losses)}
    for kind in ("stuck", "starved", "faded", "dormant", "founders"):
        out |= {f"{kind}: {place}": float(getattr(found, kind)[-1, number]) for number, place in enumerate(plan.places)}
    return out | {"floating": float(found.blood[-1]), "in cavity": float(found.cavity[-1]), "cleared": float(found.cleared[-1])}


@pytest.mark.parametrize("way", ["cells", "direct"])
@pytest.mark.parametrize("name", list(PLANS))
def test_every_history_has_a_ledger_that_closes_and_averages_are_means(name: str, way: Way) -> None:
    plan, entries = PLANS[name]
    found = ledgers(name, way)
    for batch in found:
        assert (batch.ledger >= 0).all()
        assert (batch.ledger[:, batch.gains].sum(axis=1) == batch.ledger[:, ~batch.gains].sum(axis=1)).all()
    wanted = expected(plan, means(plan, entries))
    assert wanted["shed"] > 0 or name != "sheds"
    for title in found[0].accounts:
        values = account(found, title) if ":" in title or title in wanted else None
        assert values is not None
        spread = max(float(values.var()), wanted[title] * 1.2)  # rare accounts: cells of clusters, at least Poisson
        assert off(values, wanted[title], spread) < 4.5 if spread else not values.any(), (title, values.mean(), wanted[title])
    grown = np.concatenate([batch.cells[:, -1].sum(axis=1) for batch in found])
    assert off(grown, float(means(plan, entries).growing[-1].sum()), float(grown.var())) < 4


@pytest.mark.parametrize("name", list(PLANS))
def test_direct_draws_have_the_law_of_cell_by_cell(name: str) -> None:
    cells, direct = ledgers(name, "cells"), ledgers(name, "direct")
    for quantity in ("dormant", "colonies", "micro", "macro"):
        one, two = (np.concatenate([getattr(batch, quantity) for batch in found]).astype(float) for found in (cells, direct))
        error = np.sqrt((one.var(axis=0) + two.var(axis=0)) / NUMBER) + 1e-9
        assert (np.abs(one.mean(axis=0) - two.mean(axis=0)) < 4 * error + 4 / NUMBER).all(), quantity
    sizes = [np.concatenate([batch.units.cells for batch in found]).astype(float) for found in (cells, direct)]
    spread = np.sqrt(sum(values.var(axis=0) / len(values) for values in sizes))
    assert (np.abs(sizes[0].mean(axis=0) - sizes[1].mean(axis=0)) < 4 * spread).all()


def test_direct_draws_keep_what_the_units_of_an_event_have_in_common() -> None:
    """Clusters of six that come apart into units of which half live: how many live in an event, and in a history, are alike."""
    routes = np.array([[0.3, 0.7], [1, 0]])
    beds = Beds(("lungs", "liver"), number(0.6), routes, np.eye(2)[0])
    blood = Blood(AT_ONCE, number(0.5, 2), number(0.7, 2), number(0.6, 2))
    plan = one_bed(np.array([0, 1.0]), sizes=np.eye(6)[5], beds=beds, blood=blood, soil=np.array([0.6, 0.9])[:, None, None])
    entries = constant(12, 1, part=Part("vein", "wall", beds=np.eye(2)[0]))
    counts = []
    for way in WAYS:
        batch = drawn(plan, entries, range(6000), way)[0]
        units = batch.units
        key = units.history * 1000 + units.event
        _, number_of = np.unique(key, return_counts=True)
        by_event = np.bincount(number_of, minlength=8)[:8] / 6000
        liver = np.bincount(units.history, weights=units.place, minlength=6000)
        lungs = np.bincount(units.history, weights=1 - units.place, minlength=6000)
        counts.append((by_event, np.cov(lungs, liver), np.bincount(units.size, minlength=7) / 6000, account([batch], "lost")))
    (first, second), (cov, other), (sizes, others), (lost, gone) = zip(*counts, strict=True)
    assert first[3] > 0.1 and (np.abs(first - second) < 4 * np.sqrt((first + second) / 6000) + 1e-12).all()
    assert (np.abs(sizes - others) < 4 * np.sqrt((sizes + others) / 6000 * 3) + 1e-12).all()
    assert cov[0, 1] > 0.3 and np.abs(cov - other).max() < 4 * np.sqrt(2 * 4 * cov.max() ** 2 / 6000)
    assert off(gone, float(lost.mean()), float(2 * lost.var())) < 4
    assert abs(gone.var() / lost.var() - 1) < 4 * np.sqrt(2 * 3 / 6000)


@pytest.mark.parametrize("way", ["cells", "direct"])
def test_a_history_is_that_of_its_seed(way: Way) -> None:
    plan, entries = PLANS["sheds"]
    many, alone = drawn(plan, entries, range(40, 60), way)[0], drawn(plan, entries, [47], way)[0]
    mine = many.units.history == 7
    assert mine.any()
    for name in (
        "event",
        "part",
        "generation",
        "place",
        "size",
        "cause",
        "fate",
        "entered",
        "arrived",
        "woke",
        "micro",
        "macro",
        "ended",
        "final",
    ):
        assert (getattr(many.units, name)[mine] == getattr(alone.units, name)).all(), name
    shift = int(np.flatnonzero(mine)[0])
    parents = many.units.parent[mine]
    assert (np.where(parents >= 0, parents - shift, -1) == alone.units.parent).all()
    assert (many.ledger[7] == alone.ledger[0]).all() and (many.cells[7] == alone.cells[0]).all()


@pytest.mark.parametrize("way", ["cells", "direct"])
def test_other_steps_give_the_same_histories(way: Way) -> None:
    plan, entries = PLANS["in time"]
    times = np.sort(np.append(entries.times, np.random.default_rng(1).uniform(0, 50, 100)))
    finer = Entries(times, entries.at(times), entries.parts)
    one, two = (drawn(plan, each, range(60), way)[0].units for each in (entries, finer))
    assert len(one) > 50 and (one.place == two.place).all() and (one.final == two.final).all()
    assert one.arrived == pytest.approx(two.arrived, abs=1e-10)


@pytest.mark.parametrize("way", ["cells", "direct"])
def test_what_another_tolerance_flips_is_counted_and_no_more_than_its_part(way: Way) -> None:
    """5 % more that enters by the end brings 5 % more units, at the end; of the others few change anything but their times."""
    plan, entries = PLANS["constant"]
    other = replace(entries, cells=entries.cells * (1 + 0.05 * entries.times / entries.times[-1])[:, None, None])
    one, two = (drawn(plan, each, range(600), way)[0].units for each in (entries, other))
    here, there = (
        Counter(zip(*(getattr(units, name).tolist() for name in ("history", "part", "event", "place", "size")), strict=True))
        for units in (one, two)
    )
    lost, more = (here - there).total(), (there - here).total()
    expected = 0.05 * len(one)
    spread = np.sqrt(expected * float((one.size**2).sum() / one.size.sum()))
    assert len(one) > 1500 and lost < 0.1 * expected and abs(more - lost - expected) < 4 * spread < expected, (lost, more, expected)


def test_counts_are_those_of_the_units() -> None:
    plan, entries = PLANS["sheds"]
    batch = drawn(plan, entries, range(50))[0]
    units = batch.units
    for report, when in enumerate(plan.report):
        time = plan.times[when]
        for name, there in (
            ("dormant", (units.arrived <= time) & (units.woke > time) & (units.ended > time)),
            ("colonies", (units.woke <= time) & (units.ended > time)),
            ("macro", units.macro <= time),
        ):
            counted = np.zeros(batch.dormant[:, report].shape, dtype=int)
            np.add.at(counted, (units.history[there], units.place[there]), 1)
            assert (counted == getattr(batch, name)[:, report]).all(), name


def test_everything_lists_every_cell() -> None:
    plan, entries = PLANS["sheds"]
    batch = drawn(plan, entries, range(20), everything=True)[0]
    units = batch.units
    cells = np.bincount(units.history, weights=units.size, minlength=20)
    assert (cells == batch.ledger[:, batch.gains].sum(axis=1)).all()
    assert set(units.fate) == set(Fate) - {Fate.CAVITY} | (set(units.fate) & {Fate.CAVITY})
    assert (units.size == units.cells.sum(axis=1)).all()
    children = units.parent >= 0
    assert (units.history[units.parent[children]] == units.history[children]).all()
    assert (units.generation[units.parent[children]] == units.generation[children] - 1).all()


def test_levels_of_nodes_are_independent_filters_but_their_colonies_fill_them_in_order() -> None:
    """Conditionals, not marginals alone: P(III | II) as P(III | not II) with filters only; far apart once nodes shed."""
    lymph = Lymph(("II", "III"), np.array([0.8, 0.5])[:, None, None])
    plan = one_bed(np.linspace(0, 20, 11), lymph=lymph, soil=np.array([0, 1.0, 1.0])[:, None, None], report=(10,))
    entries = constant(1.7, 1e-9, part=Part("duct", "wall", "lymph"))
    batch = drawn(plan, entries, range(4000), "direct")[0]
    second, third = (batch.colonies[:, 0, place] > 0 for place in (1, 2))
    chance = 1 - np.exp(-1.7 * 0.2 * 0.5)
    assert off(second.astype(float), 1 - np.exp(-1.7 * 0.8), 0.19) < 4
    for given in (third[second], third[~second]):
        assert off(given.astype(float), chance, chance * (1 - chance)) < 4
    sheds = replace(plan.colony, sheds=Sheds(np.array([0, 0.1, 0])[:, None, None]))
    batch = drawn(replace(plan, colony=sheds), entries, range(16_000), "direct")[0]
    second, third = (batch.colonies[:, 0, place] > 0 for place in (1, 2))
    cells = 1.7 * 0.8  # colonies of one cell in II, each shedding 2 cells in 20 days, half of which are held at III
    per_colony = 1 - np.exp(-0.1 * 20 * 0.5)
    third_given_none = chance
    some = 1 - (1 - chance) * (np.exp(-cells * per_colony) - np.exp(-cells)) / (1 - np.exp(-cells))
    assert off(third[second].astype(float), some, some * (1 - some)) < 4
    assert min(off(third[second].astype(float), some * bias, some * (1 - some)) for bias in (0.95, 1.05)) > 4
    assert off(third[~second].astype(float), third_given_none, chance * (1 - chance)) < 4


def test_chances_in_closed_form_lie_in_the_draws() -> None:
    plan, entries = PLANS["in time"]
    plan = replace(plan, colony=replace(plan.colony, macro=number(60, 1)))
    wanted = chances(plan, entries)
    batch = drawn(plan, entries, range(6000), "direct")[0]
    for name in ("micro", "macro"):
        for seen, chance in (
            ((getattr(batch, name) > 0).mean(axis=0), getattr(wanted, name)),
            ((getattr(batch, name) > 0).any(axis=2).mean(axis=0), getattr(wanted, f"{name}_anywhere")),
        ):
            assert (np.abs(seen - chance) < 4 * np.sqrt(chance * (1 - chance) / 6000) + 4 / 6000).all(), name
    for name in ("arrived", "woke"):
        chance = wanted.settled_anywhere if name == "arrived" else wanted.awake_anywhere
        for number_of_time, when in enumerate(plan.report):
            some = np.zeros(6000)
            some[batch.units.history[getattr(batch.units, name) <= plan.times[when]]] = 1
            assert off(some, chance[number_of_time], chance[number_of_time] * (1 - chance[number_of_time])) < 4
            assert number_of_time < 2 or off(some, chance[number_of_time] * 0.95, 0.25) > 3  # 5 % too little is seen


def test_chances_where_growth_leaves_no_closed_form_are_not_stated() -> None:
    plan = one_bed(np.linspace(0, 40, 41), report=(20, 40))
    growth = Growth("gompertz", number(0.1), number(1e4, 1))
    certain = replace(plan, colony=replace(plan.colony, growth=growth, macro=number(100, 1)))
    found = chances(certain, constant(2, 10))
    age = -np.log(1 - np.log(100) / np.log(1e4)) / 0.1  # from one cell to a hundred
    assert found.macro[:, 0] == pytest.approx(-np.expm1([-0.2 * min(max(20 - age, 0), 10), -2]), abs=2e-2)
    coarse = replace(certain, times=np.linspace(0, 40, 5).astype(float), report=(1,))  # the last that grow to a hundred come within a step
    assert chances(coarse, constant(2, 10)).macro[0, 0] == pytest.approx(-np.expm1(-0.2 * (10 - age)), abs=2e-2)
    for colony in (
        replace(plan.colony, growth=replace(growth, start=number(5, 1))),
        replace(plan.colony, second=Second(*[number(0.1)] * 4)),
    ):
        assert np.isnan(chances(replace(plan, colony=colony), constant(2, 10)).macro).all()


def test_what_would_enter_after_the_horizon_does_not() -> None:
    plan, entries = PLANS["constant"]
    short = replace(plan, times=plan.times[:16], report=(15,))
    for way in WAYS:
        one, two = (drawn(short, each, range(20), way)[0] for each in (entries, entries.until(30)))
        assert (one.ledger == two.ledger).all() and one.units.entered.max() <= 30
    assert (means(short, entries).entered == means(short, entries.until(30)).entered).all()


def test_where_success_is_not_rare_every_unit_is_drawn() -> None:
    """Bounds that add up to more than 1 bound nothing: nodes that first hold nearly nobody and then nearly everybody."""
    hold = np.where(np.arange(20) < 10, 0.05, 0.95)[None, None]
    plan = one_bed(np.linspace(0, 10, 21), lymph=Lymph(("I",), hold))
    entries = constant(30, 10, part=Part("duct", "wall", "lymph"))
    cells, direct = (drawn(plan, entries, range(50), way)[0] for way in WAYS)
    assert (cells.ledger == direct.ledger).all() and (cells.units.arrived == direct.units.arrived).all()
    early = cells.units.entered < 5
    assert off((cells.units.place[early] == 1).astype(float), 0.05, 0.0475) < 4


def test_nobody_enters() -> None:
    for way in WAYS:
        plan, entries = PLANS["sheds"]
        nobody = Entries(entries.times, entries.cells * 0, entries.parts)
        batch = drawn(plan, nobody, range(3), way)[0]
        assert not batch.ledger.any() and len(batch.units) == 0 and not batch.colonies.any()
        assert not chances(plan, nobody).macro_anywhere.any() and means(plan, nobody).fault == 0


def test_memory_is_bounded_by_batches() -> None:
    plan = one_bed(np.array([0, 1.0]), blood=Blood(AT_ONCE, number(0.01, 2), number(0.01, 2)))
    found = drawn(plan, constant(150_000, 1), range(8))
    assert len(found) == 4 and [len(batch.seeds) for batch in found] == [2, 2, 2, 2]
    assert [len(batch.seeds) for batch in drawn(plan, constant(150_000, 1), range(8), "direct")] == [8]


def test_what_is_shed_where_success_is_not_rare_is_booked_once() -> None:
    """A node that sheds to a level whose hold changes in time: bounds of what may live add up to more than 1, and all shed is followed."""
    times = np.linspace(0, 10, 21).astype(float)
    hold = np.stack([np.ones(20), np.where(times[:-1] >= 5, 0.9, 0.1)])[:, None]
    growth = Growth("gompertz", number(0.0), number(1e4, 1))
    blood = Blood(AT_ONCE, number(0.9, 2), number(0.9, 2))
    plan = one_bed(times, blood=blood, lymph=Lymph(("I", "II"), hold), soil=number(0.9))
    plan = replace(plan, colony=replace(plan.colony, growth=growth, sheds=Sheds(number(0.1))))
    entries = constant(4, 1e-3, part=Part("duct", "wall", "lymph"))
    wanted = expected(plan, means(plan, entries))
    for way in WAYS:
        found = drawn(plan, entries, range(2000), way)
        for title in ("shed", "lost: lost", "starved: II", "founders: organ"):
            assert off(account(found, title), wanted[title], float(account(found, title).var())) < 4, (way, title)
