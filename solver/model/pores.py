"""Pores of the matrix: the share of their motility and taxis that cells keep where it is dense."""

from __future__ import annotations

from collections.abc import Sequence

from ..scenario.ecm import Pores
from ..scenario.expressions import Expr, Name
from ..scenario.formulas import Formula
from .letters import Letters
from .terms import falling, summed


def room(options: Pores, name: str, matrix: Sequence[str], letters: Letters) -> Expr:
    """w = (1 + cos(pi s))/2, s = (F - F_open)/(F_closed - F_open) between 0 and 1, F the sum of the components that count.

    Cells do not squeeze through pores below a tenth of their nucleus (Wolf et al. 2013, doi:10.1083/jcb.201210152); the shape is chosen.
    """
    of = options.of or list(matrix)
    density = summed(Name(part) for part in of)
    closed = letters.use(Formula.number(options.closed_above), "F_closed", "key", f"density of the matrix that stops {name}", name, of[0])
    if options.open_below == 0.0:
        return falling(density, None, closed)
    words = f"density of the matrix up to which {name} is not hindered"
    return falling(density, letters.use(Formula.number(options.open_below), "F_open", "key", words, name, of[0]), closed)
