"""Plans of the cascade for tests: one bed where everything works, the reference body, and a plan in which everything happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from invasio.solver.circulation.histories import Way, histories
from invasio.solver.circulation.plan import (
    Beds,
    Blood,
    Cavity,
    Colony,
    Dormancy,
    Entries,
    Floats,
    Lymph,
    Part,
    Plan,
    Sheds,
    number,
)
from invasio.solver.circulation.results import History

AT_ONCE = number(1e-6, 1)  # a transit that takes no time


def one_bed(times: np.ndarray, **changes: object) -> Plan:
    """One bed that arrests everything and in which everything lives, sleeps not and does not grow; at once."""
    times = times.astype(float)
    beds = Beds(("organ",), number(1), np.ones((1, 1)), np.ones(1))
    colony = Colony(number(0), number(0), number(2, 1), number(1e9, 1))
    plan = Plan(
        1, 1.0, times, ("tumour",), np.ones(1), Blood(AT_ONCE, number(1, 2), number(1, 2)), beds, number(1), number(1), Dormancy(), colony
    )
    return replace(plan, **changes)  # type: ignore[arg-type]


def constant(total: float, end: float, steps: int = 1, part: Part | None = None) -> Entries:
    """``total`` cells enter at a constant rate until ``end``."""
    times = np.linspace(0, end, steps + 1).astype(float)
    return Entries(times, (total * times / end).astype(float)[:, None, None], (part or Part("vein", "wall", beds=np.ones(1)),))


NAMES = ("lungs", "liver", "brain", "heart", "kidneys", "small gut", "large gut", "stomach", "pancreas", "adrenals", "other")
FLOWS = {"brain": 0.12, "heart": 0.04, "kidneys": 0.19, "liver": 0.065, "small gut": 0.10, "large gut": 0.0325, "stomach": 0.01}
FLOWS |= {"pancreas": 0.01, "adrenals": 0.003, "other": 0.42946}
PORTAL = ("small gut", "large gut", "stomach", "pancreas")


def body(capture: float) -> Beds:
    """Shares of cardiac output; gut, stomach and pancreas drain through the liver, all else to the lungs."""
    routes = np.zeros((len(NAMES), len(NAMES)))
    for name, flow in FLOWS.items():
        routes[0, NAMES.index(name)] = flow / sum(FLOWS.values())
    for name in NAMES[1:]:
        routes[NAMES.index(name), 1 if name in PORTAL else 0] = 1
    return Beds(NAMES, number(capture), routes, np.eye(len(NAMES))[0])


def varied(low: float, high: float) -> Floats:
    """A number that is another from the middle of ``rich`` on."""
    return np.where(np.arange(40) < 15, low, high)


def rich(sheds: float = 0.0, in_time: bool = True) -> tuple[Plan, Entries]:
    """Three vessels (portal, lymph, cavity), two phenotypes, clusters, everything by place and phenotype, and some in time."""
    times = np.linspace(0, 80, 41).astype(float)
    moving = varied if in_time else lambda low, high: np.array([low])
    entered, cells = np.linspace(0, 50, 26).astype(float), np.zeros((26, 3, 2))
    for part, (first, second) in enumerate(((6, 4), (3, 5), (5, 2))):
        cells[:, part, 0] = first * entered / 50
        cells[:, part, 1] = second * (entered / 50) ** 2
    by_kind = np.array([1, 1.5])[None, :, None]
    routes = np.array([[0, 0.3, 0.7], [1, 0, 0], [0, 1, 0]])
    adhesion = moving(1.0, 2.0)[None, None]
    beds = Beds(("lungs", "liver", "gut"), np.array([0.6, 0.5, 0.3])[:, None, None] / by_kind, routes, np.eye(3)[0], adhesion)
    blood = Blood(
        number(2, 1), np.stack([moving(0.1, 0.2), moving(0.05, 0.1)]), np.stack([moving(0.3, 0.5), moving(0.2, 0.2)]),
        np.stack([moving(0.4, 0.6), moving(0.8, 0.7)]),
        number(1.5, 2), (("shear", 0.7), ("immune", 0.3)),
    )  # fmt: skip
    plan = Plan(
        3, 5.0, times, ("p", "q"), np.array([0.6, 0.25, 0.1, 0.05]), blood, beds,
        np.array([0.8, 0.7, 0.9, 1, 1, 1])[:, None, None], np.array([0.1, 0.2, 0.05, 0.06, 0.1, 0.15])[:, None, None] * by_kind,
        Dormancy(number(0.4) * by_kind, moving(0.01, 0.05)[None, None], number(0.01)),
        Colony(number(0.16) * by_kind, number(0.13) * by_kind, number(5, 1), number(20, 1), sheds=Sheds(number(sheds)) if sheds else None),
        Lymph(("I", "II"), np.array([[0.5, 0.4], [0.3, 0.2]])[:, :, None]),
        Cavity(("peritoneum",), number(0.05), number(0.1, 2), number(0.04, 2), 1), (5, 10, 20, 40),
    )  # fmt: skip
    parts = (Part("vein", "a", beds=np.eye(3)[1]), Part("duct", "b", "lymph"), Part("rim", "c", "cavity"))
    return plan, Entries(entered, cells, parts)


def drawn(plan: Plan, entries: Entries, seeds: Sequence[int], way: Way = "cells", everything: bool = False) -> list[History]:
    """All batches."""
    return list(histories(plan, entries, seeds, way, everything))


def account(found: Sequence[History], name: str) -> Floats:
    """(histories,) an account of the ledger; of all places or causes if only its kind is named."""
    columns = [number for number, title in enumerate(found[0].accounts) if title == name or title.startswith(f"{name}:")]
    return np.concatenate([batch.ledger[:, columns].sum(axis=1) for batch in found]).astype(float)


def off(values: np.ndarray, mean: float, variance: float) -> float:
    """How many standard errors, by the analytic variance, an average lies from the mean."""
    return float(abs(values.mean() - mean) / np.sqrt(variance / len(values)))
