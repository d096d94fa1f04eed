"""Whether next to nothing can become much: known networks, and their linear parts by eigenvalues."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from invasio.solver.model.balance import Kinetics
from invasio.solver.model.traces import grow
from invasio.solver.scenario.expressions import Expr
from invasio.solver.scenario.parser import parse
from invasio.solver.scenario.tree import names, to_text
from tests.unit.model.test_reactions import MT1, reactions

NETWORKS = {
    ("a + b <-> c",): False,
    MT1: False,
    (*MT1[:3], "Q -> M + C + A"): False,
    ("C + M -> D", "D + M -> Q", "Q -> M + C + A", "C <-> M + T"): True,  # free M makes C of D, and C is M and T
    ("a + f -> 2 a",): True,
    ("a + f -> 2 b", "b -> a"): True,  # no step by itself makes more of the same
    ("a + f -> b + c", "b -> a", "c -> d"): False,
    ("a + f -> b + c", "b -> a", "c -> a"): True,
    ("2 a -> 3 a",): False,  # of second order: nothing of traces
    ("e + s -> e + p", "p -> q"): False,
    ("e + s -> e + p", "p + s -> p + e"): True,
    ("a -> 2 b", "b -> c"): False,
}


def kinetics(*texts: str) -> Kinetics:
    """The reactions and all that they change."""
    found = reactions(*texts)
    members = dict.fromkeys(name for r in found for name in (*r.counts, *sorted(names(r.onward))))
    return Kinetics(tuple(members), (), found)


@pytest.mark.parametrize(("texts", "expected"), NETWORKS.items())
def test_networks(texts: tuple[str, ...], expected: bool) -> None:
    """What multiplies, in one event or in a circle of them, and what does not."""
    k = kinetics(*texts)
    assert grow(k, {name: parse("0") for name in k.members}, {}) == expected


@pytest.mark.parametrize("texts", [texts for texts, expected in NETWORKS.items() if not expected])
def test_nothing_grows_whatever_else_there_is(texts: tuple[str, ...]) -> None:
    """Of networks said not to: with any species at 0 and others abundant, where no reaction can begin, no eigenvalue is above 0."""
    k = kinetics(*texts)
    n, looked = len(k.members), 0

    def rates(c: dict[str, float]) -> np.ndarray:
        total = dict.fromkeys(k.members, 0.0)
        for r in k.reactions:
            v = value(r.onward, c) - value(r.backward, c)
            for name, number in r.change.items():
                total[name] += number * v
        return np.array(list(total.values()))

    for there in product((0.0, 1.0), repeat=n):
        at = dict(zip(k.members, there, strict=True))
        if any(value(side, at) > 0.0 for r in k.reactions for side in (r.onward, r.backward)):
            continue
        absent = [i for i in range(n) if there[i] == 0.0]
        step = 1e-7
        columns = [(rates({**at, k.members[i]: step}) - rates(at))[absent] / step for i in absent]
        looked += 1
        assert np.linalg.eigvals(np.array(columns).T.reshape(len(absent), len(absent))).real.max(initial=0.0) < 1e-5, at
    assert looked > 0


def value(expr: Expr, at: dict[str, float]) -> float:
    """Of a product of densities."""
    return float(eval(to_text(expr).replace("^", "**"), {}, at))


def test_other_rates() -> None:
    """Losses do not count; what makes more of itself does; of a law that is no product nothing is said; 0 is no rate."""
    k = kinetics("a + b <-> c")
    none = {name: parse("0") for name in k.members}
    for text, expected in {"-d*a": False, "-V*a/(K + a)": False, "g*a": True, "s - d*a": False, "a*b": True}.items():
        assert grow(k, none | {"a": parse(text)}, {"d": 1.0, "g": 1.0, "V": 1.0, "K": 2.0, "s": 1.0}) == expected, text
    assert not grow(k, none | {"a": parse("g*a")}, {"g": 0.0})
    assert grow(k, none | {"c": parse("a/(1 + a)")}, {})
