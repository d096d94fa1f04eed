"""Which of the growth of species is left to transport, node by node: where reactions hold it in balance, none."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .program import run
from .rodas import Table

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int32]

LITTLE = 0.05  # by so much of itself anything may grow within a step, whoever integrates it
MUCH = 2.0  # so much faster than growth reactions are to be
CLEARLY = 2.0  # so much must speak for a change


@compiled
def _bounded(j: Floats, most: float, w: Floats) -> bool:
    """Whether dy/dt = J y grows by no more than exp(most t): the pivots of most I - J are positive, as those of an M-matrix are."""
    m = len(j)
    for i in range(m):
        for k in range(m):
            w[i, k] = (most if i == k else 0.0) - j[i, k]
    for i in range(m):
        if not w[i, i] > 0.0:
            return False
        for k in range(i + 1, m):
            if w[k, i] != 0.0:
                factor = w[k, i] / w[i, i]
                for b in range(i, m):
                    w[k, b] -= factor * w[i, b]
    return True


@compiled
def _slopes(table: Table, outer: Floats, node: int, c: Floats, registers: Floats, f: Floats, j: Floats) -> None:
    """f = R(c) and J = dR/dc at a node; slopes that are not finite count as 0."""
    m = len(c)
    for i in range(m):
        registers[i] = c[i]
    for k in range(len(outer)):
        registers[m + k] = outer[k, node]
    run(table.code, len(table.code), table.first, registers)
    for i in range(m):
        f[i] = registers[table.at[i]]
        for k in range(m):
            j[i, k] = 0.0
    for k in range(len(table.slopes)):
        value = registers[table.slopes[k, 2]]
        if math.isfinite(value):
            j[table.slopes[k, 0], table.slopes[k, 1]] += value


@compiled
def divide(
    table: Table, there: Floats, none: Floats, held: Flags, rows: Ints, density: Floats, carried: Floats, dt: float, part: Floats,
    brought: Floats,
) -> int:  # fmt: skip
    """Choose which part of growth is left to transport, 0 or 1; how many nodes choose anew.

    there, none: outer registers (k, nodes) where all growth, or none, is in the program. rows: the species that may choose, whose
    ``part`` (rows, nodes) is changed, and ``brought`` set to the growth that transport then has more. density (species, nodes).
    carried (rows, nodes): the tendency of transport, its part of growth included.

    At the nodes growth goes where reactions change the density much faster than growth does, if all that is integrated there then grows no
    faster than what transport would make of growth, or not within a step.
    """
    m, n = len(table.at), density.shape[1]  # what is only made of the species has rows too, and no density
    registers = np.zeros(table.first + len(table.code))
    for k in range(len(table.constants)):
        registers[m + len(there) + k] = table.constants[k]
    c, with_, without = np.zeros(m), np.zeros(m), np.zeros(m)
    full, rest, w = np.zeros((m, m)), np.zeros((m, m)), np.zeros((m, m))
    changed = 0
    for node in range(n):
        for i in range(len(density)):
            c[i] = density[i, node]
        _slopes(table, there, node, c, registers, with_, full)
        _slopes(table, none, node, c, registers, without, rest)
        for r in range(len(rows)):
            i = rows[r]
            slope, turned = full[i, i] - rest[i, i], -rest[i, i]
            growth, before = with_[i] - without[i], part[r, node]
            brought[r, node] = 0.0
            if held[i, node] or not math.isfinite(growth):
                continue
            doubt = CLEARLY if before == 1.0 else 1.0
            alone = slope / doubt  # what transport makes of growth
            if c[i] > 0.0:
                alone += (carried[r, node] - before * growth) / (doubt * c[i])
            steep = abs(slope)
            if c[i] > 0.0:
                steep = max(steep, abs(growth) / c[i])
            reacts = turned > doubt * MUCH * steep and _bounded(full, max(alone, LITTLE / dt), w)
            after = 0.0 if reacts else 1.0
            if after != before:
                part[r, node] = after
                brought[r, node] = (after - before) * growth
                changed += 1
    return changed
