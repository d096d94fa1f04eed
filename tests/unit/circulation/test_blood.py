"""Clusters in the blood: cells come loose one by one, what is left alone is a single, each unit survives by its class."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import comb, prod

import numpy as np
import pytest
from numpy.typing import NDArray

from invasio.solver.circulation.classes import Classes
from invasio.solver.circulation.histories import Way
from invasio.solver.circulation.plan import Blood, Entries, Lymph, Part, number
from invasio.solver.circulation.values import resisted
from tests.lib.cascade import AT_ONCE, account, constant, drawn, off, one_bed
from tests.lib.messages import refused

Floats = NDArray[np.float64]

FIVE = np.array([0, 0, 0, 0, 1.0])
SINGLE, CLUSTER, APART = 5e-4, 2.5e-2, 0.5
MEAN, VARIANCE = 0.059922, 0.18144


def orders(single: float, cluster: float, k: int = 5, p: float = APART) -> tuple[float, float, float]:
    """Expected survivors of k cells: in the right order, if the whole cluster split at once, if it survived first."""
    alone = k * (1 - p) * p ** (k - 1)
    return single * (k * p + alone) + cluster * (k * (1 - p) - alone), k * (single * p + cluster * (1 - p)), cluster * k


def test_survivors_of_a_cluster_of_five() -> None:
    classes = Classes.of(FIVE, 1)
    units = classes.split(np.array([APART]))[4]
    survival = np.where(classes.size > 1, CLUSTER, SINGLE)
    assert float(units * survival @ classes.size) == pytest.approx(MEAN, abs=5e-7)
    assert float(units @ classes.size) == pytest.approx(5)


def test_survivors_drawn_and_the_wrong_orders_caught() -> None:
    assert orders(SINGLE, CLUSTER) == pytest.approx((MEAN, 0.06375, 0.125), abs=5e-7)
    for single, cluster, number_of_events in ((SINGLE, CLUSTER, 60_000), (0.05, 0.5, 20_000)):
        blood = Blood(AT_ONCE, number(single, 2), number(cluster, 2), number(APART, 2))
        plan = one_bed(np.array([0, 1.0]), sizes=FIVE, blood=blood, stands_for=5.0)
        found = drawn(plan, constant(number_of_events / 100, 1), range(100))
        survived, events = account(found, "founders"), account(found, "entered").sum() / 5
        right, whole, first = orders(single, cluster)
        variance = VARIANCE if single == SINGLE else survivors_variance(single, cluster)
        errors = [abs(survived.sum() - events * mean) / np.sqrt(events * variance) for mean in (right, whole, first, 1.05 * right)]
        assert errors[0] < 4
        assert single == SINGLE or min(errors[1:]) > 4  # the wrong orders, and what is off by 5 %, are caught
        assert errors[2] > 4


def survivors_variance(single: float, cluster: float, k: int = 5, p: float = APART) -> float:
    """Of a cluster whose units live or die whole."""
    first = second = 0.0
    for stays in range(k + 1):
        chance, alone = comb(k, stays) * (1 - p) ** stays * p ** (k - stays), k - stays + (stays == 1)
        together = stays if stays > 1 else 0
        mean = alone * single + together * cluster
        first += chance * mean
        second += chance * (alone * single * (1 - single) + together**2 * cluster * (1 - cluster) + mean**2)
    return second - first**2


def test_variance_of_survivors() -> None:
    assert survivors_variance(SINGLE, CLUSTER) == pytest.approx(VARIANCE, abs=5e-6)


LOOSE = (0.2, 0.9)  # of two phenotypes


def in_clusters(k: int) -> tuple[Floats, Floats]:
    """Mean and variance of the cells of each phenotype that stay with another, of k cells of either phenotype, by every way there is."""
    first: Floats = np.zeros(2)
    second: Floats = np.zeros(2)
    for kinds, stays in product(product((0, 1), repeat=k), product((False, True), repeat=k)):
        chance = prod(0.5 * (1 - LOOSE[kind] if stay else LOOSE[kind]) for kind, stay in zip(kinds, stays, strict=True))
        kept = np.array([sum(stay and kind == one for kind, stay in zip(kinds, stays, strict=True)) for one in (0, 1)])
        kept = kept * (sum(stays) > 1)
        first, second = first + chance * kept, second + chance * kept**2
    return first, second - first**2


@pytest.mark.parametrize("way", ["cells", "direct"])
def test_each_cell_comes_loose_by_its_own_phenotype(way: Way) -> None:
    mean, variance = in_clusters(4)
    assert mean == pytest.approx([2 * (1 - loose) * (1 - 0.55**3) for loose in LOOSE])
    classes = Classes.of(np.eye(4)[3], 2)
    units = classes.leaving(np.array([0.5, 0.5])) @ classes.split(np.array(LOOSE))
    assert (units * (classes.size > 1)) @ classes.cells == pytest.approx(mean) and units @ classes.cells == pytest.approx([2, 2])
    survival = 1.0 if way == "cells" else 0.05  # rare enough to be drawn directly
    blood = Blood(AT_ONCE, number(0, 2), number(survival, 2), np.array(LOOSE)[:, None])
    plan = replace(one_bed(np.array([0, 1.0]), sizes=np.eye(4)[3], blood=blood), phenotypes=("p", "q"))
    total = 2000 / survival
    entries = Entries(
        np.array([0, 1.0]), np.array([[[0, 0]], [[2 * total, 2 * total]]], dtype=float), (Part("vein", "a", beds=np.ones(1)),)
    )
    found = drawn(plan, entries, range(20), way)
    lived = sum(batch.units.cells.sum(axis=0) for batch in found)
    events = 20 * total * survival
    error = np.sqrt(events * (variance + mean**2))  # events are a Poisson number
    assert (np.abs(lived - events * mean) < 4 * error).all()
    mixed = 2 * (1 - np.mean(LOOSE)) * (1 - 0.55**3)  # were it the mean over the cluster
    assert (np.abs(lived - events * mixed) > 8 * error).all() and abs(lived[0] - 1.05 * events * mean[0]) > 4 * error[0]  # 5 % is seen


def test_a_factor_on_losses() -> None:
    assert resisted(np.array([0.2, 0, 1]), np.array(2.0)) == pytest.approx([0.2 / 1.8, 0, 1])
    assert resisted(np.array([0.2]), np.array(0.0)) == pytest.approx([1])
    plan = one_bed(np.array([0, 1.0]), blood=Blood(AT_ONCE, number(0.2, 2), number(0.2, 2), against=number(2, 2)))
    lived = account(drawn(plan, constant(100, 1), range(300)), "founders")
    assert off(lived, 100 / 9, 100 / 9) < 4 and off(lived, 20, 20) > 4


def test_what_is_lost_is_lost_by_causes_and_whole() -> None:
    blood = Blood(AT_ONCE, number(0, 2), number(0, 2), losses=(("shear", 0.5), ("anoikis", 0.3), ("immune", 0.2)))
    found = drawn(one_bed(np.array([0, 1.0]), sizes=FIVE, blood=blood), constant(5000, 1), range(20))
    for name, share in blood.losses:
        lost = account(found, f"lost: {name}")
        assert (lost % 5 == 0).all()
        assert off(lost / 5, 1000 * share, 1000 * share) < 4


def test_transit_is_exponential_and_what_is_on_its_way_at_the_end_floats() -> None:
    plan = one_bed(np.linspace(0, 4, 9), blood=Blood(number(2, 1), number(1, 2), number(1, 2)))
    found = drawn(plan, constant(20, 1e-9), range(500))
    assert off(account(found, "floating"), 20 * np.exp(-2), 20 * np.exp(-2)) < 4
    varied = replace(plan, blood=replace(plan.blood, transit=np.array([2.0] * 4 + [0.5] * 4)))
    expected = 20 * np.exp(-1 - 4)
    assert off(account(drawn(varied, constant(20, 1e-9), range(2000)), "floating"), expected, expected) < 4


def test_clusters_pass_the_nodes_whole() -> None:
    blood = Blood(AT_ONCE, number(1, 2), number(1, 2), number(1, 2))
    lymph = Lymph(("I",), np.full((1, 1, 1), 0.5))
    plan = one_bed(np.array([0, 1.0]), sizes=FIVE, blood=blood, lymph=lymph)
    entries = constant(50, 1)
    entries = replace(entries, parts=(replace(entries.parts[0], carries="lymph", beds=None),))
    units = [batch.units for batch in drawn(plan, entries, range(100))]
    held = np.concatenate([unit.size[unit.place == 1] for unit in units])
    arrested = np.concatenate([unit.size[unit.place == 0] for unit in units])
    assert set(held) == {5} and set(arrested) == {1}


def test_too_many_kinds_of_clusters_are_refused() -> None:
    with refused("too-large", "circulation.clusters", "smaller clusters", ("60", "3")):
        Classes.of(np.full(60, 1 / 60), 3)


def test_a_phenotype_that_does_not_enter_is_in_no_cluster() -> None:
    classes = Classes.of(np.array([0.25, 0.75]), 2)
    with np.errstate(all="raise"):
        chances = classes.leaving(np.array([1.0, 0.0]))
    assert chances[(classes.cells[:, 1] == 0)].tolist() == [0.25, 0.75] and chances.sum() == 1
