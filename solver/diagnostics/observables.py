"""What a run reports at every output: amounts per region, extremes, and how far the cells have come."""

from __future__ import annotations

import math

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..discretise.problem import Problem
from ..errors import SolverError
from ..kernels.compiled import compiled
from .home import homes

Floats = NDArray[np.float64]

FRONT = 0.01  # of the density that ``Observables.level`` names: what defines the front
DEGRADED = 0.5  # of the largest initial density: ECM below this counts as degraded


@compiled
def _reach(
    indptr: NDArray[np.uint32], indices: NDArray[np.uint32], points: Floats, n: Floats, level: float, centre: Floats, extent: Floats
) -> None:
    """Widen extent = (-xmin, xmax, -ymin, ymax, -zmin, zmax, distance from the centre) by where n = level on edges."""
    for i in range(len(indptr) - 1):
        if n[i] < level:
            continue
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            share = (n[i] - level) / (n[i] - n[j]) if n[j] < level else 0.0
            square = 0.0
            for axis in range(3):
                at = points[i, axis] + share * (points[j, axis] - points[i, axis])
                extent[2 * axis] = max(extent[2 * axis], -at)
                extent[2 * axis + 1] = max(extent[2 * axis + 1], at)
                square += (at - centre[axis]) ** 2
            extent[6] = max(extent[6], math.sqrt(square))


class Observables:
    """Computes one row of observables per output, the same on every rank, always in the same order."""

    def __init__(self, problem: Problem, start: dict[str, float] | None = None) -> None:
        """``start`` restores the reference values of an earlier part of the same run."""
        self.problem = problem
        self.start = start or self._references()
        self._homes = homes(problem, [s.name for s in self._cells()])

    def _references(self) -> dict[str, float]:
        """Largest initial densities, and the centre of mass of the cells."""
        g, start = self.problem.graph, {}
        n = g.n_owned
        for name, s in self.problem.species.items():
            start[f"{name}.max"] = float(g.comm.allreduce(s.state[:n].max(initial=0.0), MPI.MAX))
        weight = g.mass[:n] * sum((s.state[:n] for s in self._cells()), np.zeros(n))
        local = np.array([weight.sum(), *(weight @ g.points[:n])])
        total, *moments = g.comm.allreduce(local)
        for axis, moment in zip("xyz", moments, strict=True):
            start[f"centre.{axis}"] = float(moment / total) if total > 0.0 else 0.0
        return start

    def _cells(self) -> list:  # type: ignore[type-arg]
        chosen = [s for s in self.problem.species.values() if s.law.kind == "cells"]
        return chosen or [s for s in self.problem.species.values() if s.law.taxis]

    def level(self, name: str) -> tuple[float | None, str]:
        """The density at the front of a species, and what it is a share of; None: of what it is at the time.

        Of its own largest at the start, for cells of which there are none then of that of all cells, else of its own largest now.
        """
        cells = [s.name for s in self._cells()]
        own = self.start[f"{name}.max"]
        if own > 0.0:
            return FRONT * own, "its largest density at the start"
        all_cells = max((self.start[f"{other}.max"] for other in cells), default=0.0)
        if name in cells and all_cells > 0.0:
            return FRONT * all_cells, "the largest density of all cells at the start"
        return None, "its largest density at the time"

    @property
    def levels(self) -> dict[str, str]:
        """What the front of each species that moves is, in words."""
        return {name: f"where it is {100 * FRONT:g} % of {self.level(name)[1]}" for name in self._moving()}

    def _moving(self) -> list[str]:
        mobile = [name for name, s in self.problem.species.items() if s.law.mobile]
        return [*mobile, *(s.name for s in self._cells() if s.name not in mobile)]

    def _highs(self, time: float) -> dict[str, float]:
        """Largest and smallest values. Collective; raises SolverError where they are not finite."""
        g, highs = self.problem.graph, {}
        for name, s in self.problem.species.items():
            c = s.state[: g.n_owned]
            highs[f"{name}.max"] = float(c.max(initial=-np.inf)) if np.isfinite(c).all() else math.inf
            highs[f"{name}.min"] = -float(c.min(initial=np.inf))
        highest = np.array(list(highs.values()))
        g.comm.Allreduce(MPI.IN_PLACE, highest, MPI.MAX)
        bad = [key.split(".")[0] for key, v in zip(highs, highest, strict=True) if math.isinf(v) and v > 0]
        if bad:
            raise SolverError(
                f"values are not finite at {self.problem.times.said(time)}; the last good output is kept",
                code="not-finite",
                place=f"species {', '.join(bad)}",
                remedy="check the parameters for rates that explode, or use smaller steps",
            )
        return {key: float(-v if key.endswith(".min") else v) + 0.0 for key, v in zip(highs, highest, strict=True)}

    def row(self, time: float) -> dict[str, float]:
        """Amounts, minima, maxima, fronts, invaded and degraded volume. Collective; raises SolverError for non-finite values."""
        g, problem = self.problem.graph, self.problem
        edges = [e for e in (g, problem.silent) if e is not None]
        n, highs = g.n_owned, self._highs(time)
        several = len(problem.region_mass) > 1
        sums: dict[str, float] = {}
        centre = np.array([self.start[f"centre.{axis}"] for axis in "xyz"])
        fronts = {name: np.full(7, -np.inf) for name in self._moving()}
        depths = {name: np.full(7, -np.inf) for name in self._homes}
        for name, s in problem.species.items():
            c = s.state[:n]
            sums[f"{name}.total"] = float(g.mass[:n] @ c)
            if several:
                sums |= {f"{name}.in:{region}": float(mass @ c) for region, mass in problem.region_mass.items()}
            if s.law.kind == "ecm":
                sums[f"{name}.degraded_volume"] = float(g.mass[:n][c < DEGRADED * self.start[f"{name}.max"]].sum())
            if name not in fronts:
                continue
            stated = self.level(name)[0]
            level = FRONT * highs[f"{name}.max"] if stated is None else stated
            sums[f"{name}.invaded_volume"] = float(g.mass[:n][c > level].sum()) if level > 0.0 else 0.0
            if level > 0.0:
                for e in edges:
                    _reach(e.indptr, e.indices, g.points, s.state, level, centre, fronts[name])
            if name in self._homes:
                home = self._homes[name]
                sums[f"{name}.invaded_beyond"] = float((g.mass[:n] - home.mass)[c > level].sum()) if level > 0.0 else 0.0
                if level > 0.0:
                    for e in edges:
                        _reach(e.indptr, e.indices, home.distance, s.state, level, np.zeros(3), depths[name])
        summed = g.comm.allreduce(np.array(list(sums.values())))
        highest = np.array([x for extent in (*fronts.values(), *depths.values()) for x in extent])
        g.comm.Allreduce(MPI.IN_PLACE, highest, MPI.MAX)
        row = {key: float(v) for key, v in zip(sums, summed, strict=True)} | highs
        for k, name in enumerate(fronts):
            extent = highest[7 * k :][:7]
            here = np.isfinite(extent[6])
            for axis in range(problem.dim):
                row[f"{name}.front.{'xyz'[axis]}min"] = float(-extent[2 * axis]) if here else math.nan
                row[f"{name}.front.{'xyz'[axis]}max"] = float(extent[2 * axis + 1]) if here else math.nan
            row[f"{name}.front.distance"] = float(extent[6]) if here else math.nan
        for k, name in enumerate(depths, len(fronts)):
            row[f"{name}.front.depth"] = max(0.0, float(highest[7 * k + 1]))
        return row
