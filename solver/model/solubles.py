"""Dissolved species m: dm/dt = div(d_m grad m) + sum of alpha n + P - beta m."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..scenario.biology import Cells, ContactSecretion, Soluble
from ..scenario.expressions import Expr, Name
from .balance import Factor, Species, Term
from .citations import ANDERSON_2000, CHAPLAIN_LOLAS_2006
from .letters import Letters
from .phenotypes import taken_up
from .terms import amount, fibres, is_zero, motility, product, regions, summed


def soluble(name: str, options: Soluble, cells: Mapping[str, Cells], matrix: Sequence[str], letters: Letters) -> Species:
    """One dissolved species, with what all cells secrete of it. ``matrix``: the components of the ECM."""
    diffusion = motility(options.diffusion, name, letters)
    production = [_secretion(source, name, cells[source], matrix, letters) for source in cells if _secretes(cells[source], name)]
    if not is_zero(options.production):
        rate = letters.use(options.production, "p", "own/time", f"production of {name}", name)
        production.append(Term(rate, "production"))
    loss: tuple[Term, ...] = ()
    if not is_zero(options.decay):
        loss = (Term(letters.use(options.decay, "beta", "1/time", f"decay rate of {name}", name), "decay"),)  # of the first order: no one's
    loss += taken_up(name, cells, letters)
    return Species(
        name=name,
        kind="soluble",
        symbol=letters.symbols[name],
        unit=letters.unit("own", name),
        initial=regions(options.initial),
        amount=amount(options.amount, name, letters),
        diffusion=diffusion,
        fibres=fibres(options.fibres),
        production=tuple(production),
        loss=loss,
        quasi_steady=options.quasi_steady,
    )


def _secretes(cells: Cells, name: str) -> bool:
    return name in cells.secretes and not is_zero(cells.secretes[name].rate)


def _secretion(source: str, name: str, options: Cells, matrix: Sequence[str], letters: Letters) -> Term:
    law = options.secretes[name]
    contact = isinstance(law, ContactSecretion)
    touched = [] if not isinstance(law, ContactSecretion) else matrix if law.on is None else [law.on]
    paper = letters.credit(law.rate, CHAPLAIN_LOLAS_2006 if contact else ANDERSON_2000)
    words = f"secretion by {source}" + (f" in contact with {law.on or 'ecm'}" if isinstance(law, ContactSecretion) else "")
    alpha = letters.use(law.rate, "alpha", "key/time", f"{words} of {name}", source, name)
    factors: list[Expr] = [alpha, Name(source), *([summed(Name(part) for part in touched)] if contact else [])]
    return Term(product(*factors), words, paper, (Factor(alpha, f"{words} of {name}"),))
