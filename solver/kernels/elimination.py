"""The order in which the nodes of a block are eliminated, and its rows in that order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .factors import Block

Indices = NDArray[np.uint32]


@compiled
def interleave(indptr: Indices, indices: Indices, order: Indices, place: Indices, level: Indices, count: Indices, moved: Indices) -> None:
    """Change an order, and the places in it, run by run: first what follows no neighbour in it, then what follows only these, and so on.

    Neighbours stay before and behind each other, so factors are the same to the last bit; but in a solve nodes next to each other need
    not wait for each other (level scheduling: Anderson and Saad 1989, doi:10.1142/S0129053389000056), and a run stays in the cache.
    level, moved (places of a run), count (one more): memory.
    """
    n, size = len(order), len(level)
    for start in range(0, n, size):
        length = min(size, n - start)
        for p in range(length + 1):
            count[p] = 0
        for p in range(length):
            i = order[start + p]
            depth = np.uint32(0)
            for k in range(indptr[i], indptr[i + 1]):
                q = place[indices[k]]
                if start <= q < start + p:
                    least = np.uint32(level[q - start] + 1)
                    if least > depth:
                        depth = least
            level[p] = depth
            count[depth + 1] += 1
        for p in range(length):
            count[p + 1] += count[p]
        for p in range(length):
            moved[count[level[p]]] = order[start + p]
            count[level[p]] += 1
        for p in range(length):
            order[start + p] = moved[p]
            place[moved[p]] = start + p


@compiled
def arrange(rows: Indices, columns: Indices, values: Indices, rank: Indices, place: Indices, row: Indices, block: Block) -> None:
    """Fill all but the order of a block by the rows of its nodes.

    values: where the value of an entry is; rank: places of the order in which columns of a row stand, place: of that of the block; row:
    memory for the longest row.
    """
    order, indptr, middle, indices, source = block
    end = 0
    for p in range(len(order)):
        i = order[p]
        first = np.int64(rows[i])
        length = np.int64(rows[i + 1]) - first
        for k in range(length):  # sorted by insertion
            at = k
            while at > 0 and rank[columns[first + np.int64(row[at - 1])]] > rank[columns[first + k]]:
                row[at] = row[at - 1]
                at -= 1
            row[at] = k
        indptr[p] = end
        target = end + p
        for k in range(length):
            entry = first + np.int64(row[k])
            source[target + k] = values[entry]
            if columns[entry] == i:
                middle[p] = end
            else:
                indices[end] = place[columns[entry]]
                end += 1
    indptr[len(order)] = end
