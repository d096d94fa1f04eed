r"""Amounts by region: what an earlier run had in a region that both meshes have stays in it.

From the densities c_i of a projection to c_i exp(sum_r l_r R_ri / m_i), R_ri the part of m_i in region r, with numbers l_r such that
sum_i R_ri c_i is the amount A_r of before in each r: of all non-negative densities with these amounts those nearest to the projection in
relative entropy (Csiszar 1975, Ann. Probab. 3:146-158, doi:10.1214/aop/1176996454). A node inside one region is multiplied by a factor, one
between regions by a mean of theirs. l is found by Newton's method. Nodes of regions in which nothing was become 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .transfer import Carrier

if TYPE_CHECKING:
    from ..discretise.graph import Graph
    from ..discretise.operators import Operators

Floats = NDArray[np.float64]
SAME, ALIKE = 1e-2, 0.1  # by how much the volumes of meshes of one tissue, and of one region, may differ: coarse outlines are chords
_NONE = 1e-9  # of the volume of the mesh: less is rounding
_MOST, _STEP = 60, 1.0
_NEAR = 1e-12  # of an amount: nearer is rounding


@dataclass(frozen=True)
class Parts:
    """Parts of the tissue of both meshes: names; masses (n_owned) of the nodes in each; amounts of before; and what is to be said.

    alike: numbers of the regions that both meshes have.
    """

    names: tuple[str, ...]
    masses: tuple[Floats, ...]
    amounts: tuple[float, ...]
    alike: tuple[int, ...]
    notes: tuple[str, ...]


def parts_of(carrier: Carrier, operators: Operators) -> Parts:
    """Regions of the same name and volume, and the rest as one part; the whole alone where that does not add up. Collective."""
    graph, names = operators.graph, operators.domain.regions
    mass = graph.mass[: graph.n_owned]
    masses = [operators.region_mass[name] for name in names]
    whole, *now = graph.sum(mass, *masses)
    then, amounts = carrier.by_region(len(names))
    alike = [k for k in range(len(names)) if now[k] > 0.0 and abs(now[k] - then[k]) <= ALIKE * then[k]]
    notes = [
        f"region {names[k]!r} has the volume {now[k]:.6g} here and {then[k]:.6g} there, so its amount is not kept by itself"
        for k in range(len(names))
        if then[k] > 0.0 and k not in alike
    ]
    rest, before = whole - sum(now[k] for k in alike), carrier.volume - float(sum(then[k] for k in alike))
    left = rest > _NONE * whole, before > _NONE * carrier.volume
    if left[0] != left[1]:
        alike = []
        left = True, True
    found = [(names[k], masses[k], float(amounts[k])) for k in alike]
    if left[0]:
        inside: Floats = sum((masses[k] for k in alike), np.zeros_like(mass))
        found.append(("elsewhere", np.maximum(mass - inside, 0.0), carrier.amount - float(sum(amounts[k] for k in alike))))
    listed, of_nodes, sums = zip(*found, strict=True)
    return Parts(listed, of_nodes, sums, tuple(alike), tuple(notes))


def kept(parts: Parts, values: Floats, graph: Graph) -> tuple[Floats, list[float]] | None:
    """The densities (n_owned) with the amounts of before in each part, and the factors of the amounts.

    None where there are none such: on so coarse a mesh that all nodes of a part belong to others too, and for negative ones. Collective.
    """
    mass = graph.mass[: graph.n_owned]
    wanted = np.array(parts.amounts)
    if graph.sum((values < 0.0).astype(float))[0] or (wanted < 0.0).any():
        return None
    found = np.array(graph.sum(*(part * values for part in parts.masses)))
    factors = np.divide(wanted, found, out=np.ones_like(wanted), where=found > 0.0)
    values = values.copy()
    for part, amount in zip(parts.masses, wanted, strict=True):
        if amount == 0.0:
            values[part > 0.0] = 0.0
    some = [k for k in range(len(wanted)) if wanted[k] > 0.0]
    shares = [parts.masses[k] / mass for k in some]
    result = _scaled(values, shares, wanted[some], graph)
    return None if result is None else (result, list(factors))


def _scaled(values: Floats, shares: Sequence[Floats], wanted: Floats, graph: Graph) -> Floats | None:
    mass = graph.mass[: graph.n_owned]
    n = len(shares)
    pairs = [(a, b) for a in range(n) for b in range(a, n)]
    before = np.inf
    for _ in range(_MOST):
        amounts = mass * values
        sums = graph.sum(*(share * amounts for share in shares), *(shares[a] * shares[b] * amounts for a, b in pairs))
        missing = wanted - np.array(sums[:n])
        off = float(np.max(np.abs(missing) / wanted, initial=0.0))
        if off <= _NEAR and off >= 0.5 * before:  # rounding is left
            return values
        before = off
        matrix = np.zeros((n, n))
        for (a, b), entry in zip(pairs, sums[n:], strict=True):
            matrix[a, b] = matrix[b, a] = entry
        if not np.isfinite(matrix).all() or np.linalg.matrix_rank(matrix / np.sqrt(np.outer(wanted, wanted))) < n:
            return None
        step = np.clip(np.linalg.solve(matrix, missing), -_STEP, _STEP)
        values = values * np.exp(sum((length * share for length, share in zip(step, shares, strict=True)), np.zeros_like(values)))
    return None
