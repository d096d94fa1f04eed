"""Places of a surface that carry values of their own: points of a wall (one node each) or of a membrane (a node on each side)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..parallel import Comm
from .halo import Halo

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Sites:
    """This rank's sites: those it owns, ascending by number, then copies of those that others own.

    numbers (s,): canonical numbers, the same for any partition; total: sites of the whole surface.
    nodes (s, k): local node numbers, k = 1 for a wall, 2 for a membrane (side 0, side 1). points (s, 3).
    measure (s,) [length^(dim-1)]: the share of the surface that belongs to the site.
    """

    comm: Comm
    n_owned: int
    total: int
    numbers: Ints
    nodes: Ints
    points: Floats
    measure: Floats
    halo: Halo
    position: Ints  # in the order of ranks, of each site

    @property
    def n(self) -> int:
        """Owned sites and copies."""
        return len(self.numbers)

    def positions(self, numbers: Ints) -> Ints:
        """Where any sites of the surface stand in the order of ranks, which is how a Halo numbers them. Collective."""
        return _positions(self.comm, self.numbers[: self.n_owned], numbers)


def build_sites(comm: Comm, numbers: Ints, owned: NDArray[np.bool_], total: int, nodes: Ints, points: Floats, measure: Floats) -> Sites:
    """Sites from arrays in any order; each site is ``owned`` on exactly one rank. Collective."""
    mine = np.flatnonzero(owned)
    mine = mine[np.argsort(numbers[mine], kind="stable")]
    others = np.flatnonzero(~owned)
    at = _positions(comm, numbers[mine], numbers)
    others = others[np.argsort(at[others], kind="stable")]
    order = np.concatenate([mine, others])
    halo = Halo(comm, len(mine), at[others])
    return Sites(comm, len(mine), total, numbers[order], nodes[order], points[order], measure[order], halo, at[order])


def _positions(comm: Comm, owned: Ints, wanted: Ints) -> Ints:
    every = np.concatenate(comm.allgather(owned))
    order = np.argsort(every, kind="stable")
    return np.asarray(order[np.searchsorted(every[order], wanted)], dtype=np.int64)
