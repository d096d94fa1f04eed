"""Edges along which no cell conducts are left out; what is computed is the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from invasio.meshes.domain import MeshData
from invasio.solver.discretise import graph as graphs
from invasio.solver.discretise.problem import Problem
from invasio.solver.model.balance import Fibres
from invasio.solver.scenario.parser import parse
from tests.bad_meshes import obtuse_rectangle
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert, same_densities
from tests.lib.march import advance
from tests.lib.models import anderson, boundary, lattice, problem_of, species


def entries(problem: Problem) -> int:
    g = problem.graph
    return int(g.comm.allreduce(len(g.indices)))


def halves(data: MeshData) -> MeshData:
    """Two regions, of the cells left and right of the middle, that share lattice edges."""
    middle = data.points[data.cells].mean(axis=1)[:, 0] > 0.5 * data.points[:, 0].max()
    return replace(data, regions=("a", "b"), cell_region=middle.astype(data.cell_region.dtype))


# an odd origin and size: what is 0 in exact arithmetic is rounding here
@pytest.mark.parametrize(("dim", "cells", "each"), [(2, 9, 4), (3, 5, 6)])
def test_a_lattice_has_the_edges_of_its_axes(comm: Comm, monkeypatch: pytest.MonkeyPatch, dim: int, cells: int, each: int) -> None:
    """2 d neighbours inside, and the fields with all edges to rounding; motility by region too."""
    data = halves(lattice(dim, cells, 10.1, 11.23))
    laws = (
        *anderson(square="(x - 10.6)^2 + (y - 10.6)^2"),
        species("c", "x", diffusion={"a": "0.01", "b": "0.3"}, boundaries={"left": boundary("fixed", "1")}),
    )
    few = problem_of(laws, data, comm)
    lines = (cells + 1) ** (dim - 1) * cells * dim
    parallel_assert(comm, entries(few) == (cells + 1) ** dim + 2 * lines, f"{entries(few)} entries")
    parallel_assert(comm, int(np.diff(few.graph.indptr).max(initial=0)) <= each + 1)
    advance(few, 0.05, 6).balance()
    monkeypatch.setattr(graphs, "WORTH", 2.0)
    every = problem_of(laws, data, comm)
    parallel_assert(comm, entries(every) > 1.3 * entries(few))
    advance(every, 0.05, 6)
    same_densities(few, every, 1e-7)  # of linear solves


def test_edges_that_conduct_somewhere_are_kept(comm: Comm) -> None:
    """All of a mesh of obtuse cells; along fibres, those of a lattice; and what boundaries need for a gradient."""
    plain = species("c", "x", diffusion="1")
    along = replace(plain, fibres=Fibres((parse("1"), parse("2")), 0.1))
    out = species("c", "x", diffusion="1", boundaries={"right": boundary("outflow")})
    for law, data in ((plain, obtuse_rectangle(6)), (along, lattice(2, 6)), (out, lattice(2, 6))):
        problem = problem_of((law,), data, comm)
        parallel_assert(comm, problem.silent is None)
