"""What a run reports at every output: amounts per region, extremes, and how far the cells have come."""

from __future__ import annotations

import math

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..discretise.problem import Problem
from ..errors import SolverError
from ..kernels.compiled import compiled

Floats = NDArray[np.float64]

FRONT = 0.01  # of the largest initial density: the level that defines the front
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

    def row(self, time: float) -> dict[str, float]:
        """Amounts, minima, maxima, fronts and degraded volume. Collective; raises SolverError for non-finite values."""
        g, problem = self.problem.graph, self.problem
        n = g.n_owned
        several = len(problem.region_mass) > 1
        sums: dict[str, float] = {}
        highs: dict[str, float] = {}
        centre = np.array([self.start[f"centre.{axis}"] for axis in "xyz"])
        fronts = {s.name: np.full(7, -np.inf) for s in self._cells()}
        for name, s in problem.species.items():
            c = s.state[:n]
            sums[f"{name}.total"] = float(g.mass[:n] @ c)
            if several:
                sums |= {f"{name}.in:{region}": float(mass @ c) for region, mass in problem.region_mass.items()}
            highs[f"{name}.max"] = float(c.max(initial=-np.inf)) if np.isfinite(c).all() else math.inf
            highs[f"{name}.min"] = -float(c.min(initial=np.inf))
            if s.law.kind == "ecm":
                sums[f"{name}.degraded_volume"] = float(g.mass[:n][c < DEGRADED * self.start[f"{name}.max"]].sum())
            if name in fronts:
                level = FRONT * self.start[f"{name}.max"]
                sums[f"{name}.invaded_volume"] = float(g.mass[:n][c > level].sum()) if level > 0.0 else 0.0
                if level > 0.0:
                    _reach(g.indptr, g.indices, g.points, s.state, level, centre, fronts[name])
        summed = g.comm.allreduce(np.array(list(sums.values())))
        extents = [x for extent in fronts.values() for x in extent]
        highest = np.array([*highs.values(), *extents])
        g.comm.Allreduce(MPI.IN_PLACE, highest, MPI.MAX)
        row = {key: float(v) for key, v in zip(sums, summed, strict=True)}
        bad = [key.split(".")[0] for key, v in zip(highs, highest, strict=False) if math.isinf(v) and v > 0]
        if bad:
            raise SolverError(
                f"values are not finite at t = {time:g}; the last good output is kept",
                code="not-finite",
                place=f"species {', '.join(bad)}",
                remedy="check the parameters for rates that explode, or use smaller steps",
            )
        row |= {key: float(-v if key.endswith(".min") else v) + 0.0 for key, v in zip(highs, highest, strict=False)}
        for k, name in enumerate(fronts):
            extent = highest[len(highs) + 7 * k :][:7]
            here = np.isfinite(extent[6])
            for axis in range(problem.dim):
                row[f"{name}.front.{'xyz'[axis]}min"] = float(-extent[2 * axis]) if here else math.nan
                row[f"{name}.front.{'xyz'[axis]}max"] = float(extent[2 * axis + 1]) if here else math.nan
            row[f"{name}.front.distance"] = float(extent[6]) if here else math.nan
        return row
