"""Radiation and surgery: shares of species that are gone at instants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..scenario.expressions import Binary, Call, Expr, Number, Unary
from ..scenario.schema import Scenario
from .balance import Removal
from .letters import Letters
from .terms import is_zero


def removals(scenario: Scenario, letters: Letters, still: Mapping[str, str]) -> Iterator[Removal]:
    """Of each radiation and of each surgery. ``still``: what cells that do not move carry, with these cells; it is taken with them."""
    cells = list(scenario.model.cells)

    def taken(of: tuple[str, ...]) -> tuple[str, ...]:
        return (*of, *(name for name, carrier in still.items() if carrier in of))

    for name, ray in scenario.radiation.items():
        alpha = letters.use(ray.alpha, "alpha", "", f"linear radiosensitivity, {name}", name, unit="/Gy")
        d, per_gray = Number(ray.dose), alpha
        if not is_zero(ray.beta):
            beta = letters.use(ray.beta, "beta", "", f"quadratic radiosensitivity, {name}", name, unit="/Gy^2")
            per_gray = Binary("+", alpha, Binary("*", beta, d))
        survive = Call("exp", (Unary("-", Binary("*", per_gray, d)),))
        where = None if ray.where is None else ray.where.expr
        yield Removal(name, "radiation", ray.train, taken(ray.species(cells)), survive, ray.region or "", where, ray.words, ray.source)
    for name, cut in scenario.surgery.items():
        left: Expr = Number(round(1.0 - cut.share, 15))
        where = None if cut.where is None else cut.where.expr
        yield Removal(name, "surgery", cut.train, taken(cut.species(cells)), left, cut.region or "", where, cut.words)
