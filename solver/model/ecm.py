"""Extracellular matrix f: df/dt = -(eta_m m + eta_n n) f + nu f (1 - f - sum of all cells); it does not move."""

from __future__ import annotations

from collections.abc import Sequence

from ..scenario.biology import Ecm
from ..scenario.expressions import Name
from .balance import Factor, Species, Term
from .citations import ANDERSON_2000, CHAPLAIN_LOLAS_2006, FRANSSEN_2019
from .letters import Letters
from .terms import is_zero, one_minus, product, regions


def ecm(options: Ecm, cells: Sequence[str], letters: Letters) -> Species:
    """The matrix. Degradation by a soluble is by its enzyme, by cells it is on contact (membrane-bound MT1-MMP).

    Remodelling is growth at the rate nu (1 - f - sum c).
    """
    growth: tuple[Term, ...] = ()
    if not is_zero(options.remodelling):
        nu = letters.use(options.remodelling, "nu", "1/time", "remodelling rate of ecm", "ecm")
        space = one_minus(Name("ecm"), *(Name(c) for c in cells))
        growth = (
            Term(product(nu, space), "remodelling", letters.credit(options.remodelling, CHAPLAIN_LOLAS_2006), (Factor(nu, "remodelling"),)),
        )
    return Species(
        name="ecm",
        kind="ecm",
        symbol=letters.symbols["ecm"],
        unit=letters.unit("own", "ecm"),
        initial=regions(options.initial),
        growth=growth,
        loss=tuple(_degradation(by, options, cells, letters) for by, rate in options.degraded_by.items() if not is_zero(rate)),
    )


def _degradation(by: str, options: Ecm, cells: Sequence[str], letters: Letters) -> Term:
    contact = by in cells
    source = letters.credit(options.degraded_by[by], FRANSSEN_2019 if contact else ANDERSON_2000)
    meaning = f"degradation of ecm {'on contact with' if contact else 'by'} {by}"
    eta = letters.use(options.degraded_by[by], "eta", "1/time/key", meaning, "ecm", by)
    return Term(product(eta, Name(by)), meaning, source, (Factor(eta, meaning),))
