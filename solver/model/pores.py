"""Pores of the matrix: the share of their motility and taxis that cells keep where it is dense, and what opens closed ones."""

from __future__ import annotations

from collections.abc import Sequence

from ..scenario.ecm import Pores
from ..scenario.expressions import Expr, Name
from ..scenario.formulas import Formula
from ..scenario.intervals import bounds
from .balance import Model, Species
from .letters import Letters
from .terms import falling, summed
from .walk import names_in

CLOSED = 1e-9  # of a motility: less than this is nothing


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


def on_contact(model: Model) -> list[str]:
    """A sentence for every component of the matrix whose closed pores cells open only where they are already.

    Such a front moves by a cell of the mesh at a time, in the limit not at all; measured in docs/theory.md.
    """
    laws = {law.name: law for law in model.species}
    found = []
    for cells in model.species:
        matrix = [laws[name] for name in sorted(names_in(cells.room) & set(laws))] if cells.room is not None else []
        if not matrix or not _closes(cells, matrix, model):
            continue
        for part in matrix:
            by = names_in(part.loss, part.transfers) & set(laws) - {law.name for law in matrix}
            if by and all(laws[name].kind == "cells" or laws[name].carried is not None for name in by):
                found.append(
                    f"{part.name}, whose pores stop {cells.name}, is opened only where {', '.join(sorted(by))} is already: the front then "
                    "moves by a cell of the mesh at a time, ever slower on finer ones. Let what opens it reach ahead: an enzyme that "
                    "diffuses, or a quasi-steady field of the reach of protrusions, sqrt(D/decay), as in tissue/crosslinked_collagen"
                )
    return found


def _closes(cells: Species, matrix: Sequence[Species], model: Model) -> bool:
    """Whether the densities of the matrix at the start may stop the cells."""
    ranges = {name: (value, value) for name, value in model.values().items()}
    for law in matrix:
        most = [bounds(expr, ranges)[1] for expr in law.initial.values()]
        ranges[law.name] = (0.0, max(0.0, *most))
    return cells.room is not None and bounds(cells.room, ranges)[0] < CLOSED
