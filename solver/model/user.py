"""Species written by the user: dc/dt + div(v c - D grad c) = P + (g - q c) c - L c."""

from __future__ import annotations

from ..scenario.expressions import Name, Unary
from ..scenario.species import UserSpecies
from .balance import Factor, Species, Term, Transfer
from .letters import Letters
from .taxis import drift, taxis
from .terms import amount, boundary, fibres, is_zero, motility, product, regions


def user(name: str, options: UserSpecies, letters: Letters) -> Species:
    """The law as written; its growth is g - q c."""
    q = options.self_limitation
    growth = [Term(options.growth.expr, "growth", options.source)] if not is_zero(options.growth) else []
    if not is_zero(q):
        limited = Unary("-", product(q.expr, Name(name)))
        growth.append(Term(limited, "self-limitation", options.source, (Factor(q.expr, "self-limitation"),)))
    diffusion = motility(options.diffusion, name, letters) if options.diffusion is not None else None
    moves = [taxis("taxis", name, law.toward, law, letters, "chi", options.source) for law in options.taxis]
    conditions = {at: boundary(condition) for at, condition in options.boundaries.items()}
    return Species(
        name=name,
        kind="user",
        symbol=letters.symbols[name],
        unit=letters.unit("own", name),
        initial=regions(options.initial),
        amount=amount(options.amount, name, letters),
        diffusion=diffusion,
        diffusion_mean=options.diffusion_mean,
        fibres=fibres(options.fibres),
        taxis=(*(move for move in moves if move is not None), *drift(name, options.drift, letters)),
        production=(Term(options.production.expr, "production", options.source),) if not is_zero(options.production) else (),
        growth=tuple(growth),
        loss=(Term(options.loss.expr, "loss", options.source),) if not is_zero(options.loss) else (),
        transfers=tuple(Transfer(into, rate.expr, options.source) for into, rate in options.becomes.items() if not is_zero(rate)),
        maximum=options.maximum,
        quasi_steady=options.quasi_steady,
        boundaries={at: condition for at, condition in conditions.items() if condition is not None},
    )
