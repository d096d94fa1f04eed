r"""Incomplete triangular factors of a matrix on its own pattern, in single precision, and the solves with them.

    A ~ (L + D) D^-1 (D + U),   l_ij = (a_ij - ...)/d_j for j < i,   u_ij = (a_ij - ...)/d_i for j > i

What elimination would put where the pattern has no entry is taken off the diagonal, times ``relaxed`` (Axelsson and Lindskog 1986,
doi:10.1007/BF01389447): a smooth residual is then followed nearly exactly. l and u without units fit into single precision whatever
the units of the matrix are; pivots and vectors are double.

A block holds the rows of owned nodes and those of further nodes, whose values other ranks have sent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Indices = NDArray[np.uint32]

RELAXED = 0.95  # as a rule
LEAST = 0.1  # of a pivot without relaxation: one that would be less is not relaxed
ONE = np.uint32(1)  # keeps sums of unsigned numbers unsigned
NOTHING = 1e-14  # of the diagonal entry: rounding


class Block(NamedTuple):
    """The nodes of a rank's block in the order of their elimination, and the pattern of its rows by places in that order.

    order: the node at a place; nodes are the owned ones, then further ones. indptr, middle, indices: the pattern without the diagonal; what
    is eliminated before a node is in indices[indptr[p]:middle[p]], in an order in which it can be, and what is after it follows.
    source: where values are in the two blocks of a matrix and the values of further rows, numbered one after the other, with the
    diagonal between both halves of a row: that of indices[k] at k + p before the middle, k + p + 1 from there on.
    """

    order: Indices
    indptr: Indices
    middle: Indices
    indices: Indices
    source: Indices


class Factors(NamedTuple):
    """l and u in place of the entries of the pattern, and 1/d by places."""

    entries: Singles
    inverse: Floats


@compiled
def pivot(entry: float, reduced: float, dropped: float, relaxed: float) -> float:
    """The diagonal after elimination: relaxed, if that takes little of it; the entry of the matrix where nothing positive is left."""
    if not reduced > NOTHING * entry:
        return entry
    rest = reduced - relaxed * dropped
    return rest if rest >= LEAST * reduced else reduced


@compiled
def factorise(
    b: Block, own: Floats, ghost: Floats, further: Floats, where: Indices, row: Floats, exact: Floats, relaxed: float, f: Factors
) -> None:
    """Factor the values of a matrix: own and ghost, its two blocks, and the values of the further rows.

    where (all nodes): zeros, left as zeros; row: as long as the longest row; exact: as long as the entries, memory for u before it is
    rounded. Pivots made from rounded ones would be lost where a pair of nodes is bound much more tightly than to all others.
    """
    _, indptr, middle, indices, source = b
    entries, inverses = f
    ghosts = len(own)
    others = ghosts + len(ghost)
    for p in range(len(middle)):
        start, split, stop = indptr[p], middle[p], indptr[p + 1]
        where[p] = split - start + ONE
        for k in range(start, split):
            where[indices[k]] = k - start + ONE
        for k in range(split, stop):
            where[indices[k]] = k - start + ONE + ONE
        first = start + np.uint32(p)
        for k in range(stop - start + ONE):
            at = source[first + k]
            if at < ghosts:
                row[k] = own[at]
            elif at < others:
                row[k] = ghost[at - ghosts]
            else:
                row[k] = further[at - others]
        entry = row[split - start]
        dropped = 0.0
        for k in range(start, split):
            j = indices[k]
            value = row[k - start]
            for q in range(middle[j], indptr[j + ONE]):
                fill = value * exact[q]
                column = where[indices[q]]
                if column:
                    row[column - ONE] -= fill
                else:
                    dropped += fill
            entries[k] = value * inverses[j]
            where[j] = 0
        inverse = 1.0 / pivot(entry, row[split - start], dropped, relaxed)
        inverses[p] = inverse
        where[p] = 0
        for k in range(split, stop):
            exact[k] = row[k - start + ONE] * inverse
            entries[k] = exact[k]
            where[indices[k]] = 0


@compiled
def solve(b: Block, f: Factors, r: Floats, beyond: Floats, y: Floats, z: Floats) -> None:
    """z = (D + U)^-1 D (L + D)^-1 r at the owned nodes, which r has; beyond: r at further nodes; y (all nodes): memory."""
    order, indptr, middle, indices, _ = b
    entries, inverses = f
    n = len(r)
    for p in range(len(order)):
        i = order[p]
        total = r[i] if i < n else beyond[i - n]
        for k in range(indptr[p], middle[p]):
            total -= entries[k] * y[indices[k]]
        y[p] = total
    for p in range(len(order) - 1, -1, -1):
        total = y[p] * inverses[p]
        for k in range(middle[p], indptr[p + 1]):
            total -= entries[k] * y[indices[k]]
        y[p] = total
        i = order[p]
        if i < n:
            z[i] = total
