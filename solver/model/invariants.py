"""What reactions conserve: whole numbers w with sum_i w_i nu_ir = 0 for every reaction r, from the stoichiometry alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd

from .balance import Reaction

MOST = 2000  # vectors on the way to those without negative numbers

Vector = list[int]


def conserved(reactions: Sequence[Reaction]) -> list[dict[str, int]]:
    """A basis of what is conserved, as numbers of species: sums of as few species as there are, without negative numbers where possible.

    The numbers count amounts: species that are measured in different scales are brought to one first.
    """
    species = list(dict.fromkeys(name for r in reactions for name in r.counts))
    matrix = [[r.counts.get(name, 0) for r in reactions] for name in species]
    every = [*_short_first(_non_negative(matrix)), *_short_first(_null_space(matrix))]
    basis: list[Vector] = []
    for vector in every:
        if _rank([*basis, vector]) > len(basis):
            basis.append(vector)
    return [{name: number for name, number in zip(species, vector, strict=True) if number} for vector in basis]


def _short_first(vectors: Iterable[Vector]) -> list[Vector]:
    return sorted(vectors, key=lambda vector: (sum(map(bool, vector)), sum(map(abs, vector)), [-abs(number) for number in vector]))


def _non_negative(matrix: Sequence[Vector]) -> list[Vector]:
    """All vectors >= 0 of least support in the left null space (Farkas' algorithm); none where there would be too many on the way."""
    n = len(matrix)
    rows = [([*row], [int(i == k) for i in range(n)]) for k, row in enumerate(matrix)]
    for column in range(len(matrix[0]) if matrix else 0):
        kept = [row for row in rows if row[0][column] == 0]
        above, below = ([row for row in rows if sign * row[0][column] > 0] for sign in (1, -1))
        for left, mine in above:
            for other, its in below:
                a, b = -other[column], left[column]
                joined = _least([a * x + b * y for x, y in zip((*left, *mine), (*other, *its), strict=True)])
                kept.append((joined[: len(left)], joined[len(left) :]))
        if len(kept) > MOST:
            return []
        supports = [frozenset(i for i, number in enumerate(vector) if number) for _, vector in kept]
        rows = []
        for row, support in zip(kept, supports, strict=True):
            if not any(other < support for other in supports) and row not in rows:
                rows.append(row)
    return [vector for _, vector in rows]


def _null_space(matrix: Sequence[Vector]) -> list[Vector]:
    """A basis of the left null space by elimination, in whole numbers."""
    columns = list(zip(*matrix, strict=True))
    reduced, pivots = _eliminated([list(map(Fraction, column)) for column in columns])
    found = []
    for free in range(len(matrix)):
        if free in pivots:
            continue
        vector = [Fraction(int(i == free)) for i in range(len(matrix))]
        for row, pivot in zip(reduced, pivots, strict=False):
            vector[pivot] = -row[free]
        scale = 1
        for number in vector:
            scale = scale * number.denominator // gcd(scale, number.denominator)
        sign = 1 if next(number for number in vector if number) > 0 else -1
        found.append(_least([int(sign * number * scale) for number in vector]))
    return found


def _least(vector: Vector) -> Vector:
    """Without a common divisor."""
    divisor = gcd(*vector)
    return [number // divisor for number in vector] if divisor > 1 else vector


def _rank(vectors: Sequence[Vector]) -> int:
    return len(_eliminated([list(map(Fraction, vector)) for vector in vectors])[1])


def _eliminated(rows: list[list[Fraction]]) -> tuple[list[list[Fraction]], list[int]]:
    """Reduced row echelon form, its zero rows last, and the columns of its pivots."""
    pivots: list[int] = []
    for column in range(len(rows[0]) if rows else 0):
        at = len(pivots)
        pick = next((k for k in range(at, len(rows)) if rows[k][column]), None)
        if pick is None:
            continue
        rows[at], rows[pick] = rows[pick], rows[at]
        rows[at] = [number / rows[at][column] for number in rows[at]]
        for k, row in enumerate(rows):
            if k != at and row[column]:
                rows[k] = [x - row[column] * y for x, y in zip(row, rows[at], strict=True)]
        pivots.append(column)
    return rows, pivots
