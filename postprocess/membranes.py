"""The membranes of a run: their facets, integrity and fluxes over time, and where they broke first."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from invasio.solver.output.layout import MEMBRANES

from .run import Run
from .slices import crossed


class Membranes(Run):
    """The surface in membranes.vtkhdf, read like the tissue: ``cells`` (M, dim) are facets, ``regions`` the membranes."""

    table = MEMBRANES

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """(N, dim) corners of the facets; each facet has corners of its own."""
        return np.ascontiguousarray(self._read(lambda h5: h5["VTKHDF/Points"][:])[:, : self.dim + 1])

    @cached_property
    def levels(self) -> NDArray[np.float64]:
        """(M,) the integrity below which each facet counts as breached."""
        given = (self.scenario.get("model") or {}).get("membranes") or {}
        return np.array([breach_level(given.get(name) or {}) for name in self.regions])[self.cell_region]

    def integrity(self, step: int) -> NDArray[np.float64]:
        """(M,) mean integrity of each facet at an output."""
        return self.field("integrity", step=step)[self.cells].mean(axis=1)

    def breached(self, step: int) -> NDArray[np.bool_]:
        """(M,) whether each facet is breached at an output."""
        return self.integrity(step) < self.levels

    def lines(self, height: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Segments (m, 2, 2) in the plane of a picture, z = height in 3-D, and the facet (m,) that each is of."""
        corners = self.points[self.cells]
        return (corners, np.arange(len(corners))) if corners.shape[2] == 2 else crossed(corners, height)

    @cached_property
    def first_breach(self) -> tuple[int, NDArray[np.float64]] | None:
        """The first output at which a facet is breached, and the middle (dim,) of the one that is furthest gone; None: none ever is."""
        for step in range(len(self.times)):
            below = self.breached(step)
            if below.any():
                worst = int(np.argmin(self.integrity(step) - self.levels))
                return step, self.points[self.cells[worst]].mean(axis=0)
        return None


def membranes(run: Run) -> Membranes | None:
    """The membranes of a run; None if it has none."""
    return Membranes(run.path) if (run.path / MEMBRANES).exists() else None


def breach_level(options: dict[str, float]) -> float:
    """The integrity below which a membrane counts as breached, from its resolved options."""
    closed = float(options.get("closed_above", 1.0))
    return float(options.get("breached_below") or (closed if closed < 1.0 else 0.5))
