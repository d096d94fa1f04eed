"""Extracellular matrix f: df/dt = sum of s n - (eta_m m + eta_n n) f + nu f (1 - f - sum of all cells); it does not move.

Of several components each has its own law. A cross-linked one becomes another where an enzyme opens it; what is degraded may set
free what it has bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ..scenario.ecm import Ecm
from ..scenario.expressions import Expr, Name
from ..scenario.formulas import Formula
from .balance import Factor, Species, Term, Transfer
from .citations import ANDERSON_2000, CHAPLAIN_LOLAS_2006, FRANSSEN_2019
from .letters import Letters
from .terms import is_zero, one_minus, product, regions, summed


def ecm(name: str, options: Ecm, others: Sequence[str], cells: Sequence[str], letters: Letters) -> Species:
    """One component of the matrix. Degradation by a soluble is by its enzyme, by cells it is on contact (membrane-bound MT1-MMP).

    Remodelling is growth at the rate nu (1 - f - sum c), ``others`` being the other components.
    """
    growth: tuple[Term, ...] = ()
    if not is_zero(options.remodelling):
        nu = letters.use(options.remodelling, "nu", "1/time", f"remodelling rate of {name}", name)
        space = one_minus(Name(name), *(Name(other) for other in others), *(Name(c) for c in cells))
        growth = (
            Term(product(nu, space), "remodelling", letters.credit(options.remodelling, CHAPLAIN_LOLAS_2006), (Factor(nu, "remodelling"),)),
        )
    return Species(
        name=name,
        kind="ecm",
        symbol=letters.symbols[name],
        unit=letters.unit("own", name),
        initial=regions(options.initial),
        production=tuple(_deposition(name, by, rate, letters) for by, rate in options.deposited_by.items() if not is_zero(rate)),
        growth=growth,
        loss=tuple(_degradation(name, by, rate, cells, letters) for by, rate in options.degraded_by.items() if not is_zero(rate)),
        transfers=_transfers(name, options, cells, letters),
    )


def released(name: str, degraded: Iterable[tuple[Species, Ecm]], letters: Letters) -> tuple[Term, ...]:
    """What the degradation of the components of the matrix sets free of a soluble: amount per amount times the rate of degradation."""
    found = []
    for law, options in degraded:
        amount = options.releases.get(name)
        if amount is None or is_zero(amount) or not law.loss:
            continue
        words = f"release from {law.name}"
        rho = letters.use(amount, "rho", "key/own", f"{name} set free by degradation of {law.name}", law.name, name)
        rate = product(rho, summed(term.expr for term in law.loss), Name(law.name))
        found.append(Term(rate, words, factors=(Factor(rho, words), *(f for term in law.loss for f in term.factors))))
    return tuple(found)


def with_releases(laws: Sequence[Species], matrix: Mapping[str, Ecm], letters: Letters) -> list[Species]:
    """The laws, solubles with what the matrix sets free of them."""
    degraded = [(law, matrix[law.name]) for law in laws if law.kind == "ecm"]
    gains = {law.name: released(law.name, degraded, letters) for law in laws if law.kind == "soluble"}
    return [replace(law, production=law.production + gains[law.name]) if gains.get(law.name) else law for law in laws]


def _degradation(name: str, by: str, rate: Formula, cells: Sequence[str], letters: Letters) -> Term:
    contact = by in cells
    source = letters.credit(rate, FRANSSEN_2019 if contact else ANDERSON_2000)
    meaning = f"degradation of {name} {'on contact with' if contact else 'by'} {by}"
    eta = letters.use(rate, "eta", "1/time/key", meaning, name, by)
    return Term(product(eta, Name(by)), meaning, source, (Factor(eta, meaning),))


def _deposition(name: str, by: str, rate: Formula, letters: Letters) -> Term:
    words = f"deposition by {by}"
    s = letters.use(rate, "s", "own/time/key", f"deposition of {name} by {by}", name, by)
    return Term(product(s, Name(by)), words, factors=(Factor(s, words),))


def _transfers(name: str, options: Ecm, cells: Sequence[str], letters: Letters) -> tuple[Transfer, ...]:
    """What turns into other components: at stated rates, and where enzymes open it; one transfer into each."""
    rates: dict[str, list[Expr]] = {}
    for into, rate in options.becomes.items():
        if not is_zero(rate):
            rates[into] = [letters.use(rate, "lambda", "1/time", f"rate at which {name} becomes {into}", name, into)]
    for by, rate in options.opened_by.items():
        if not is_zero(rate) and options.opens_into is not None:
            meaning = f"opening of {name} {'on contact with' if by in cells else 'by'} {by}"
            omega = letters.use(rate, "omega", "1/time/key", meaning, name, by)
            rates.setdefault(options.opens_into, []).append(product(omega, Name(by)))
    return tuple(Transfer(into, summed(parts)) for into, parts in rates.items())
