r"""Incomplete triangular factors of a matrix on its own pattern, in single precision, and the solves with them.

    A ~ (L + D) D^-1 (D + U),   l_ij = (a_ij - ...)/d_j for j < i,   u_ij = (a_ij - ...)/d_i for j > i

What elimination would put where the pattern has no entry is taken off the diagonal, times RELAXED (Axelsson and Lindskog 1986,
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

RELAXED = 0.95
LEAST = 0.1  # of the diagonal entry: a pivot that would be less is left as it would be without relaxation, or as it was


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
def pivot(entry: float, reduced: float, dropped: float) -> float:
    """The diagonal after elimination, never far below the entry of the matrix."""
    relaxed = reduced - RELAXED * dropped
    if relaxed >= LEAST * entry:
        return relaxed
    return reduced if reduced >= LEAST * entry else entry


@compiled
def factorise(b: Block, own: Floats, ghost: Floats, further: Floats, f: Factors, where: Ints, row: Floats) -> None:
    """Factor the values of a matrix: own and ghost, its two blocks, and the values of the further rows.

    where (all nodes): zeros, left as zeros; row: as long as the longest row.
    """
    n = len(b.n_own_columns)
    for p in range(len(b.order)):
        start, stop, middle = b.indptr[p], b.indptr[p + 1], np.uint32(b.diagonal[p])
        for k in range(start, stop):
            where[b.indices[k]] = k - start + 1
        i = b.order[p]
        if i < n:
            first = b.row_of[i]
            split = first + b.n_own_columns[i]
            at = b.own_row[i]
            for k in range(first, split):
                row[where[b.place[b.column_of[k]]] - 1] = own[at]
                at += np.uint32(1)
            at = b.ghost_row[i]
            for k in range(split, b.row_of[i + 1]):
                row[where[b.place[b.column_of[k]]] - 1] = ghost[at]
                at += np.uint32(1)
        else:
            for k in range(b.further_row[i - n], b.further_row[i - n + 1]):
                row[where[b.place[b.further_column[k]]] - 1] = further[k]
        entry = row[middle - start]
        dropped = 0.0
        for k in range(start, middle):
            j = b.indices[k]
            value = row[k - start]
            for q in range(np.uint32(b.diagonal[j]) + 1, b.indptr[j + 1]):
                fill = value * f.entries[q]
                column = where[b.indices[q]]
                if column:
                    row[column - 1] -= fill
                else:
                    dropped += fill
            f.entries[k] = value * f.inverse[j]
        inverse = 1.0 / pivot(entry, row[middle - start], dropped)
        f.inverse[p] = inverse
        for k in range(middle + 1, stop):
            f.entries[k] = row[k - start] * inverse
        for k in range(start, stop):
            where[b.indices[k]] = 0


@compiled
def solve(b: Block, f: Factors, r: Floats, beyond: Floats, y: Floats, z: Floats) -> None:
    """z = (D + U)^-1 D (L + D)^-1 r at the owned nodes; beyond: r at further nodes; y (all nodes): memory."""
    n = len(b.n_own_columns)
    for p in range(len(b.order)):
        i = b.order[p]
        total = r[i] if i < n else beyond[i - n]
        for k in range(b.indptr[p], np.uint32(b.diagonal[p])):
            total -= f.entries[k] * y[b.indices[k]]
        y[p] = total
    for p in range(len(b.order) - 1, -1, -1):
        total = y[p] * f.inverse[p]
        for k in range(np.uint32(b.diagonal[p]) + 1, b.indptr[p + 1]):
            total -= f.entries[k] * y[b.indices[k]]
        y[p] = total
        i = b.order[p]
        if i < n:
            z[i] = total
