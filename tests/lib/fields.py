"""Nodal values, integrities and crossings of a problem as tests read them. Functions that reduce are collective."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from invasio.solver.discretise.membranes import Crossing
from invasio.solver.discretise.problem import Problem
from invasio.solver.discretise.sites import Sites

Floats = NDArray[np.float64]


def density(problem: Problem, name: str) -> Floats:
    """A species at this rank's nodes, owned ones first, then ghosts (n_local): a view, to be written to as well."""
    return problem.species[name].state


def owned(problem: Problem, name: str) -> Floats:
    """A species at the nodes that this rank owns (n_owned): a view."""
    return density(problem, name)[: problem.graph.n_owned]


def logarithm(problem: Problem, name: str) -> Floats | None:
    """The logarithm carried along with a species (n_local), a view; None where none is needed."""
    return problem.species[name].log


def amount(problem: Problem, name: str) -> float:
    """sum_i m_i c_i over all ranks."""
    g = problem.graph
    return float(g.sum(g.mass * density(problem, name))[0])


def part(problem: Problem, region: str, name: str) -> float:
    """The amount of a species in a region, of this rank's nodes."""
    return float(problem.region_mass[region] @ owned(problem, name))


def l1(problem: Problem, name: str, exact: Floats) -> float:
    """sum_i m_i |c_i - exact_i| over all ranks; exact (n_local)."""
    g = problem.graph
    return float(g.sum(g.mass * np.abs(density(problem, name) - exact))[0])


def least(problem: Problem, *names: str) -> float:
    """The smallest density of these species (all of them where none is named) on any rank; -inf where one is no number."""
    mine = [float(density(problem, name).min(initial=np.inf)) for name in names or problem.species]
    return float(problem.graph.comm.allreduce(-np.inf if np.isnan(mine).any() else min(mine), MPI.MIN))


def greatest(problem: Problem, name: str) -> float:
    """The largest density of a species on any rank; inf where one is no number."""
    mine = float(density(problem, name).max(initial=-np.inf))
    return float(problem.graph.comm.allreduce(np.inf if np.isnan(mine) else mine, MPI.MAX))


def crossing(problem: Problem, name: str, membrane: str) -> Crossing:
    """How a species passes a membrane: rates and the flux at this rank's sites."""
    return next(c for c in problem.species[name].crossings if c.membrane == membrane)


def sites(problem: Problem, name: str) -> Sites:
    """Where a membrane or a vessel's wall has an integrity."""
    return problem.integrities[name].sites


def integrity(problem: Problem, name: str) -> Floats:
    """b of a membrane or a vessel's wall at this rank's sites, owned ones first: a view."""
    return problem.integrities[name].b


def first_breach(problem: Problem, name: str) -> float:
    """When a membrane or wall first broke, on any rank; inf where it did not."""
    return float(problem.graph.comm.allreduce(problem.integrities[name].first_breach, MPI.MIN))


def entered(problem: Problem, vessel: str) -> dict[str, Floats]:
    """What has passed the wall of a vessel at each of this rank's sites, by species."""
    return {crossing.law.species: crossing.entered for crossing in problem.vessels[vessel].crossings}
