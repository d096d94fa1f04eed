"""Which formulas of a model must be >= 0, one by one; growth and sensitivities may have any sign.

    species     production, secretion, loss, death, decay, degradation, becomes, motility, remodelling, self-limitation, capacities
    reactions   rates; laws of those that go one way
    pools       inflow and loss
    boundaries  the value that is held, comes in or is outside; the rate of exchange
    membranes   permeabilities and mobilities; what degrades them
    vessels     rates of entry, open, closed and torn; permeabilities; densities inside; what degrades their walls

A production that depends on the species itself and is >= 0 where there is none of it may be negative elsewhere: it is a law of its
own, and never makes less than nothing. Initial values are checked where they are evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ..scenario.expressions import Expr
from ..scenario.intervals import never_negative
from ..scenario.tree import names, substitute, to_text
from .balance import Degradation, IntegrityLaw, Model, Species, Term, Vessel

At = Literal["nodes", "boundary", "membrane", "vessel"]
_ONE_WAY = "write the equation with <-> and a `law`, which may have any sign"
_TORN = {"opened": "rate of entry", "closed": "rate of entry through the closed wall", "torn": "rate of entry where torn"}


@dataclass(frozen=True)
class NonNegative:
    """A formula that must be >= 0 at all nodes, or at those of a boundary, membrane or wall (``name``) that concern a species.

    what, place: its words, and whose it is, for messages. remedy: what to write instead.
    """

    expr: Expr
    what: str
    place: str
    at: At = "nodes"
    name: str = ""
    species: str = ""
    remedy: str = ""

    @property
    def advice(self) -> str:
        """What to write where it is negative."""
        return f"write max(0, {to_text(self.expr)})" + (f", or {self.remedy}" if self.remedy else "")


def non_negative(model: Model) -> list[NonNegative]:
    """All of them, in the order of the model."""
    found = [formula for law in model.species for formula in _of_species(law, model)]
    found += [NonNegative(f.expr, f.name, f"reaction {r.name}", remedy=_ONE_WAY) for r in model.reactions for f in r.factors]
    found += [NonNegative(expr, what, f"pool {p.name}") for p in model.pools for what, expr in (("inflow", p.inflow), ("loss", p.loss))]
    for m in model.membranes:
        place = f"membrane {m.name}"
        for way in m.passages:
            found.append(NonNegative(way.rate, "permeability", f"{place}, species {way.species}", "membrane", m.name, way.species))
        found += _of_integrity(m.integrity, "membrane", m.name, place)
    return found + [formula for vessel in model.vessels for formula in _of_vessel(vessel)]


def _of_species(law: Species, model: Model) -> Iterator[NonNegative]:
    place = f"species {law.name}"
    written = law.kind == "user"
    for term in law.production:
        if term.factors or not _limits_itself(term.expr, law.name, model):
            yield from _of_term(term, place, "take away by `loss`, which is per unit density" if written else "")
    for term in law.growth:
        yield from (NonNegative(f.expr, f.name, place) for f in term.factors)
    for term in law.loss:
        yield from _of_term(term, place, "write what adds as `growth`, which may be negative" if written or law.kind == "cells" else "")
    for t in law.transfers:
        yield NonNegative(
            t.rate, f"rate of becoming {t.into}", place, remedy=f"let {t.into} become {law.name} at the rate of the negative part"
        )
    if law.diffusion is not None:
        by_region = law.diffusion if isinstance(law.diffusion, Mapping) else {"": law.diffusion}
        yield from (NonNegative(expr, "motility" if law.kind == "cells" else "diffusion", place) for expr in by_region.values())
    for name, condition in law.boundaries.items():
        for what, expr in (("value", condition.value), ("rate", condition.rate)):
            if expr is not None:
                words = f"{what} of '{condition.kind}'"
                remedy = "" if what == "rate" else "let it leave by 'exchange' or 'outflow'"
                yield NonNegative(expr, words, f"boundary {name}, {place}", "boundary", name, law.name, remedy)


def _limits_itself(made: Expr, name: str, model: Model) -> bool:
    """Whether a production depends on the species itself, and is seen to be >= 0 where there is none of it."""
    others = [law.name for law in model.species]
    return name in names(made) and never_negative(substitute(made, {name: 0.0}), model.values(), others)


def _of_term(term: Term | Degradation, place: str, remedy: str = "") -> Iterator[NonNegative]:
    if not term.factors:
        yield NonNegative(term.expr, term.name, place, remedy=remedy)
    yield from (NonNegative(f.expr, f.name, place, remedy=remedy) for f in term.factors)


def _of_integrity(law: IntegrityLaw, at: At, name: str, place: str) -> list[NonNegative]:
    parts = [part for term in law.degradation for part in _of_term(term, place)]
    return [NonNegative(part.expr, part.what, place, at, name) for part in parts]


def _of_vessel(vessel: Vessel) -> Iterator[NonNegative]:
    place = f"vessel {vessel.name}"
    for flux in vessel.fluxes:
        words = {"opened": "permeability", "closed": "permeability"} if flux.dissolved else _TORN
        parts = {"opened": flux.opened, "closed": flux.closed, "torn": flux.torn, "inside": flux.inside}
        told: set[Expr] = set()
        for key, expr in parts.items():
            if expr is not None and expr not in told:
                told.add(expr)
                what = words.get(key, "density inside")
                yield NonNegative(expr, what, f"{place}, species {flux.species}", "vessel", vessel.name, flux.species)
    if vessel.integrity is not None:
        yield from _of_integrity(vessel.integrity, "vessel", vessel.name, f"the wall of {place}")
