"""Incomplete factors on blocks that overlap: what they solve on a chain, and how many iterations several ranks need."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI
from scipy.sparse import csr_array, diags_array, eye_array, kron

from invasio.solver.components.options import SchemeOptions
from invasio.solver.linalg.incomplete import Incomplete
from invasio.solver.linalg.linear import LinearOptions, Pattern
from invasio.solver.linalg.overlap import Overlap
from invasio.solver.linalg.petsc_values import Values
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.march import March
from tests.lib.models import lattice, problem_of, species

pytestmark = pytest.mark.mpi


def graph_of(matrix: csr_array, comm: Comm, first: int = 0, stop: int | None = None) -> Any:
    """What a preconditioner needs to know of a graph with the pattern of a matrix, of which this rank owns some rows."""
    stop = matrix.shape[0] if stop is None else stop
    own = csr_array(matrix[first:stop]) if stop > first else csr_array((0, matrix.shape[1]))
    inside = (own.indices >= first) & (own.indices < stop)
    ghosts = np.unique(own.indices[~inside]).astype(np.int64)
    local = np.where(inside, own.indices - first, stop - first + np.searchsorted(ghosts, own.indices))
    row_of = np.repeat(np.arange(stop - first), np.diff(own.indptr))
    order = np.lexsort((local, row_of))
    return SimpleNamespace(
        comm=comm,
        n_owned=stop - first,
        n_global=matrix.shape[0],
        first=first,
        ghosts=ghosts,
        nodes=np.arange(first, stop),
        indptr=own.indptr.astype(np.uint32),
        indices=local[order].astype(np.uint32),
        diagonal=np.flatnonzero(local[order] == row_of).astype(np.int32),
        n_own_columns=np.bincount(row_of[inside], minlength=stop - first).astype(np.int32),
        data=own.data[order],
    )


@pytest.mark.parametrize("layers", [1, 2, 5, 40])
@pytest.mark.parametrize(("empty", "scattered"), [(False, False), (True, False), (False, True)])
def test_a_chain_is_solved_on_each_block(comm: Comm, layers: int, empty: bool, scattered: bool) -> None:
    """Factors of a tridiagonal matrix are complete: on its own nodes a rank finds A^-1 r of its block, also beside a rank without nodes.

    scattered: canonical numbers that say nothing of neighbours.
    """
    n = 37
    rng = np.random.default_rng(5)
    drift = rng.uniform(0.5, 1.5, (2, n - 1))
    a = np.diag(rng.uniform(2.5, 4.0, n)) - np.diag(drift[0], 1) - np.diag(drift[1], -1)
    ends = np.linspace(0, n, comm.size + 1).astype(int)
    if empty and comm.size > 1:
        ends[1] = ends[0]  # the first rank owns nothing
    first, stop = int(ends[comm.rank]), int(ends[comm.rank + 1])
    graph = graph_of(csr_array(a), comm, first, stop)
    if scattered:
        graph.nodes = rng.permutation(n)[first:stop]
    pattern = Pattern(graph)
    mat = pattern.matrix()
    values = Values(mat)
    ghost = graph.indices >= graph.n_owned
    values.own[:], values.ghost[:] = graph.data[~ghost], graph.data[ghost]
    values.changed()
    overlap = Overlap(graph, layers)
    incomplete = Incomplete(overlap, values)
    incomplete.setUp(None)
    r = rng.standard_normal(n)
    residual, result = mat.createVecs()
    residual.array_w[:] = r[first:stop]
    incomplete.apply(None, residual, result)
    block = np.arange(max(0, first - layers), min(n, stop + layers)) if stop > first else np.arange(0)
    wanted = np.linalg.solve(a[np.ix_(block, block)], r[block])[first - max(0, first - layers) :][: stop - first]
    parallel_assert(comm, bool(np.abs(result.array_r - wanted).max(initial=0.0) < 1e-6))
    overlap.free()
    for thing in (mat, residual, result):
        thing.destroy()


@pytest.mark.parametrize(
    ("dim", "cells", "dt", "diffusion", "rtol"),
    [(2, 100, 0.006, "0.1", 1e-8), (3, 24, 0.1, "0.1", 1e-8), (2, 6, 0.5, "1e3", 1e-14), (3, 6, 0.5, "1e3", 1e-14)],
)
def test_several_ranks_need_about_the_iterations_of_one(comm: Comm, dim: int, cells: int, dt: float, diffusion: str, rtol: float) -> None:
    """Blocks without overlap need twice as many, and a method for symmetric matrices does not come to the end where diffusion is strong.

    c diffuses, n drifts besides; the lump lies across the blocks' boundaries.
    """
    lump = f"exp(-40*({' + '.join(f'({x} - 0.5)^2' for x in 'xyz'[:dim])}))"
    laws = (species("c", lump, diffusion=diffusion), species("n", lump, diffusion="0.1", taxis=(("c", "c", "0.3"),)))

    def iterations(ranks: Comm) -> np.ndarray:
        march = March(problem_of(laws, lattice(dim, cells), ranks), SchemeOptions(linear=LinearOptions(preconditioner="ilu", rtol=rtol)))
        for _ in range(6):
            assert march.step(dt)
        found = [march.system(name) for name in "cn"]
        return np.array([system.iterations / system.solves for system in found])

    one, several = iterations(MPI.COMM_SELF), iterations(comm)
    assert (several <= 1.5 * one).all(), (one, several)


def test_further_nodes_are_eliminated_where_one_rank_would(comm: Comm) -> None:
    """On a lattice in slabs and in any case: of two owned neighbours the one with the lower canonical number goes first."""
    n = 12
    chain = diags_array([np.ones(n - 1), np.ones(n), np.ones(n - 1)], offsets=[-1, 0, 1])
    matrix = csr_array(kron(chain, eye_array(n)) + kron(eye_array(n), chain))
    ends = np.linspace(0, n * n, comm.size + 1).astype(int)
    graph = graph_of(matrix, comm, int(ends[comm.rank]), int(ends[comm.rank + 1]))
    overlap = Overlap(graph)
    block, own = overlap.block, graph.n_owned
    before = [(block.order[q], i) for p, i in enumerate(block.order) for q in block.indices[block.indptr[p] : block.middle[p]]]
    after = [(i, block.order[q]) for p, i in enumerate(block.order) for q in block.indices[block.middle[p] : block.indptr[p + 1]]]
    pairs = np.array(before + after, dtype=int)
    owned = (pairs < own).all(axis=1)
    parallel_assert(comm, bool((np.sort(block.order) == np.arange(len(block.order))).all()) and len(block.order) >= own)
    parallel_assert(comm, bool((pairs[owned, 0] < pairs[owned, 1]).all()))
    # in slabs all further nodes of lower ranks precede the owned ones that they are neighbours of, those of higher ranks follow
    numbers = np.concatenate([graph.nodes, further_numbers(overlap)])
    parallel_assert(comm, bool((numbers[pairs[:, 0]] < numbers[pairs[:, 1]]).all()))
    overlap.free()


def further_numbers(overlap: Overlap) -> np.ndarray:
    """Numbers of the further nodes, as their owners tell them."""
    own = np.arange(overlap._graph.first, overlap._graph.first + overlap._graph.n_owned, dtype=float)
    told = np.zeros(len(overlap.beyond))
    overlap.nodes(own, own[:0], told)
    return told.astype(int)
