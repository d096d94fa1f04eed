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
Ints = NDArray[np.int32]

RELAXED = 0.95  # as a rule
LEAST = 0.1  # of a pivot without relaxation: one that would be less is not relaxed
NOTHING = 1e-14  # of the diagonal entry: rounding


class Block(NamedTuple):
    """The nodes of a rank's block in the order of their elimination, and the pattern of its rows by places in that order.

    order, place (all nodes): the node at a place, the place of a node. indptr, indices, diagonal: the pattern, columns ascending.
    row_of, column_of, n_own_columns: indptr, indices and n_own_columns of the graph; own_row, ghost_row: where a row begins in the two
    blocks of a matrix. Nodes from n_owned on are further ones: further_row, further_column, as row_of and column_of.
    """

    order: Indices
    place: Indices
    indptr: Indices
    indices: Indices
    diagonal: Ints
    row_of: Indices
    column_of: Indices
    n_own_columns: Ints
    own_row: Indices
    ghost_row: Indices
    further_row: Indices
    further_column: Indices


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
    b: Block, own: Floats, ghost: Floats, further: Floats, where: Ints, row: Floats, exact: Floats, relaxed: float, f: Factors
) -> None:
    """Factor the values of a matrix: own and ghost, its two blocks, and the values of the further rows.

    where (all nodes): zeros, left as zeros; row: as long as the longest row; exact: as long as the entries, memory for u before it is
    rounded. Pivots made from rounded ones would be lost where a pair of nodes is bound much more tightly than to all others.
    """
    order, place, indptr, indices, diagonal, row_of, column_of, n_own_columns, own_row, ghost_row, further_row, further_column = b
    entries, inverses = f
    n = len(n_own_columns)
    for p in range(len(order)):
        start, stop, middle = indptr[p], indptr[p + 1], np.uint32(diagonal[p])
        for k in range(start, stop):
            where[indices[k]] = k - start + 1
        i = order[p]
        if i < n:
            first = row_of[i]
            split = first + n_own_columns[i]
            for k in range(first, split):
                row[where[place[column_of[k]]] - 1] = own[own_row[i] + (k - first)]
            for k in range(split, row_of[i + 1]):
                row[where[place[column_of[k]]] - 1] = ghost[ghost_row[i] + (k - split)]
        else:
            for k in range(further_row[i - n], further_row[i - n + 1]):
                row[where[place[further_column[k]]] - 1] = further[k]
        entry = row[middle - start]
        dropped = 0.0
        for k in range(start, middle):
            j = indices[k]
            value = row[k - start]
            for q in range(np.uint32(diagonal[j]) + 1, indptr[j + 1]):
                fill = value * exact[q]
                column = where[indices[q]]
                if column:
                    row[column - 1] -= fill
                else:
                    dropped += fill
            entries[k] = value * inverses[j]
        inverse = 1.0 / pivot(entry, row[middle - start], dropped, relaxed)
        inverses[p] = inverse
        for k in range(middle + 1, stop):
            exact[k] = row[k - start] * inverse
            entries[k] = exact[k]
        for k in range(start, stop):
            where[indices[k]] = 0


@compiled
def solve(b: Block, f: Factors, r: Floats, beyond: Floats, y: Floats, z: Floats) -> None:
    """z = (D + U)^-1 D (L + D)^-1 r at the owned nodes; beyond: r at further nodes; y (all nodes): memory."""
    order, _, indptr, indices, diagonal, _, _, n_own_columns, _, _, _, _ = b
    entries, inverses = f
    n = len(n_own_columns)
    for p in range(len(order)):
        i = order[p]
        total = r[i] if i < n else beyond[i - n]
        for k in range(indptr[p], np.uint32(diagonal[p])):
            total -= entries[k] * y[indices[k]]
        y[p] = total
    for p in range(len(order) - 1, -1, -1):
        total = y[p] * inverses[p]
        for k in range(np.uint32(diagonal[p]) + 1, indptr[p + 1]):
            total -= entries[k] * y[indices[k]]
        y[p] = total
        i = order[p]
        if i < n:
            z[i] = total
