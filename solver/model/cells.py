"""Cells n: dn/dt = div(d_n grad n) - div(chi(f) n grad f) + g n - delta n."""

from __future__ import annotations

from collections.abc import Sequence

from ..scenario.biology import Cells, LogisticGrowth, VolumeFillingGrowth
from ..scenario.expressions import Expr, Name
from .balance import Factor, Species, Taxis, Term, Transfer
from .citations import CHAPLAIN_LOLAS_2006, FRANSSEN_2019
from .letters import Letters
from .phenotypes import losses
from .pores import room
from .taxis import drift, taxis
from .terms import amount, fibres, is_zero, motility, one_minus, per_capacity, product, regions, summed


def cells(name: str, options: Cells, filling: Sequence[str], matrix: Sequence[str], letters: Letters) -> Species:
    """One phenotype. ``matrix``: components of the ECM; ``filling``: what takes up space, these and all cells."""
    diffusion = motility(options.motility, name, letters)
    moves: list[Taxis | None] = [taxis("haptotaxis", name, toward, law, letters, "gamma") for toward, law in options.haptotaxis.items()]
    moves += [taxis("chemotaxis", name, toward, law, letters, "chi") for toward, law in options.chemotaxis.items()]
    moves += [taxis("following", name, leader, law, letters, "chi", "") for leader, law in options.follows.items()]
    loss: tuple[Term, ...] = ()
    if not is_zero(options.death):
        loss = (Term(letters.use(options.death, "delta", "1/time", f"death rate of {name}", name), "death"),)
    loss += losses(name, options, matrix, letters)
    return Species(
        name=name,
        kind="cells",
        symbol=letters.symbols[name],
        unit=letters.unit("own", name),
        initial=regions(options.initial),
        amount=amount(options.amount, name, letters),
        diffusion=diffusion,
        diffusion_mean=options.motility_mean,
        room=None if options.pores is None else room(options.pores, name, matrix, letters),
        fibres=fibres(options.fibres),
        taxis=(*(move for move in moves if move is not None), *drift(name, options.drift, letters)),
        growth=_growth(name, options, filling, letters),
        loss=loss,
        transfers=tuple(
            Transfer(
                into,
                letters.use(rate, "lambda", "1/time", f"rate at which {name} becomes {into}", name, into),
                letters.credit(rate, FRANSSEN_2019),
            )
            for into, rate in options.becomes.items()
            if not is_zero(rate)
        ),
        maximum=options.maximum,
    )


def _growth(name: str, options: Cells, filling: Sequence[str], letters: Letters) -> tuple[Term, ...]:
    law = options.growth
    if law is None or is_zero(law.rate):
        return ()
    mu = letters.use(law.rate, "mu", "1/time", f"proliferation rate of {name}", name)
    if isinstance(law, LogisticGrowth):
        capacity = _capacity(name, law, letters)
        density = summed(Name(other) for other in dict.fromkeys([name, *law.shared_with]))
        limited = product(mu, one_minus(per_capacity(density, capacity)))
        others = tuple(other for other in law.shared_with if other != name)
        return (Term(limited, "logistic growth", factors=(Factor(capacity, "capacity of growth"),), shares=others),)
    if isinstance(law, VolumeFillingGrowth):
        space: list[Expr] = [Name(other) for other in filling]
        capacity = _capacity(name, law, letters)
        occupied = space if law.capacity.constant == 1.0 else [per_capacity(summed(space), capacity)]
        limited = product(mu, one_minus(*occupied))
        paper = letters.credit(law.rate, CHAPLAIN_LOLAS_2006)
        others = tuple(other for other in filling if other != name)
        return (Term(limited, "growth into free space", paper, (Factor(capacity, "capacity of growth"),), shares=others),)
    return (Term(mu, "exponential growth"),)


def _capacity(name: str, law: LogisticGrowth | VolumeFillingGrowth, letters: Letters) -> Expr:
    if law.capacity.constant == 1.0:
        return law.capacity.expr
    return letters.use(law.capacity, "kappa", "own", f"density at which growth of {name} stops", name)
