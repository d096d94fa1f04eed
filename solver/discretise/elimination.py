"""The order in which the unknowns of one node are eliminated, found once: which entries of its matrix there are, and what is done to them.

All nodes of a problem have the same pattern. Pivots are those of the diagonal, each next the one that can fill in least (Markowitz).
Source of the use in kinetics: Sandu et al. 1996, doi:10.1016/1352-2310(96)00073-2 (sparse elimination without a search for pivots).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Elimination:
    """Work on the entries w of a matrix, whose diagonal is w[:m].

    size: of w. place (slopes): where each derivative goes. steps (k, 3) of t, a, b in turn: w[t] = 1/w[t] where a < 0; else
    w[t] *= w[a] where b < 0; else w[t] -= w[a] w[b]. forward (k, 3) of row, column, entry: x[row] -= w[entry] x[column], in turn;
    then backward alike, where a column < 0 means x[row] *= w[entry].
    """

    size: int
    place: Ints
    steps: Ints
    forward: Ints
    backward: Ints


def eliminate(m: int, slopes: Iterable[tuple[int, int]]) -> Elimination:
    """Of a matrix (m, m) with these entries (row, column) besides its diagonal."""
    slopes = list(slopes)
    where = {(i, i): i for i in range(m)}
    for entry in slopes:
        where.setdefault(entry, len(where))
    left, order = set(range(m)), list[int]()
    steps: list[tuple[int, int, int]] = []
    while left:
        rows = {i: {j for j in left if (i, j) in where} for i in left}
        columns = {j: {i for i in left if (i, j) in where} for j in left}
        pivot = min(left, key=lambda p: ((len(rows[p]) - 1) * (len(columns[p]) - 1), p))
        left.remove(pivot)
        order.append(pivot)
        steps.append((pivot, -1, -1))
        for i in sorted(columns[pivot] - {pivot}):
            factor = where[i, pivot]
            steps.append((factor, pivot, -1))
            for j in sorted(rows[pivot] - {pivot}):
                steps.append((where.setdefault((i, j), len(where)), factor, where[pivot, j]))
    rank = {p: k for k, p in enumerate(order)}
    below = [(i, p, where[i, p]) for p in order for i in sorted(range(m)) if (i, p) in where and rank[i] > rank[p]]
    above: list[tuple[int, int, int]] = []
    for p in reversed(order):
        above += [(p, j, where[p, j]) for j in range(m) if (p, j) in where and rank[j] > rank[p]]
        above.append((p, -1, p))
    tables = ([where[entry] for entry in slopes], steps, below, above)
    place, *others = (np.array(table, dtype=np.int32) for table in tables)
    return Elimination(len(where), place, *(table.reshape(-1, 3) for table in others))
