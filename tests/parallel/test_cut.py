"""Cut meshes on several ranks: the same pairs, measures, facets and names whatever the partition."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.meshes.cut import pairs_at_facets
from invasio.meshes.distribute import distribute, mesh_hash
from invasio.meshes.domain import Domain, MeshData
from invasio.solver.discretise.forms import Forms
from tests.cut_meshes import case
from tests.lib.by_dolfinx import ByDolfinx
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.parallel.test_meshes import verify

pytestmark = pytest.mark.mpi

LINES = ["two cells", "two points", "circle", "slit", "cross", "T of one name", "two in a line", "torn square"]
SURFACES = ["sphere", "patch", "torn box"]


def spread(comm: Comm, name: str) -> tuple[Domain, MeshData]:
    """A cut mesh over all ranks, and the whole of it on each."""
    data = case(name)[1]
    return distribute(data if comm.rank == 0 else None, comm), data


@pytest.mark.parametrize("name", LINES + SURFACES)
def test_each_rank_has_its_part_of_every_membrane(comm: Comm, name: str) -> None:
    domain, data = spread(comm, name)
    verify(comm, domain, data)
    parallel_assert(comm, domain.hash == mesh_hash(data) != mesh_hash(case(name)[0]), "hash")
    parallel_assert(comm, list(domain.membranes) == list(data.membranes), "names")
    owned = np.zeros(len(data.points), dtype=bool)
    owned[domain.mesh.nodes[: domain.mesh.n_owned]] = True
    for key, whole in data.membranes.items():
        part = domain.membranes[key]
        totals = (part.rim, part.measure, part.n_facets, part.n_pairs)
        parallel_assert(comm, totals == (whole.rim, whole.measure, whole.n_facets, whole.n_pairs), "totals")
        parallel_assert(comm, np.array_equal(part.pairs, whole.pairs[part.pair_numbers]), "pairs")
        parallel_assert(comm, np.array_equal(part.sigma, whole.sigma[part.pair_numbers]), "sigma")
        needed = np.flatnonzero(owned[whole.pairs].any(axis=1))
        parallel_assert(comm, bool(np.isin(needed, part.pair_numbers).all()), "pairs of owned nodes")
        first = part.pair_numbers[owned[part.pairs[:, 0]]]
        gathered = np.sort(np.concatenate(comm.allgather(first)))
        parallel_assert(comm, np.array_equal(gathered, whole.pair_numbers), "each pair has one owner of its node on side 0")
        parallel_assert(comm, np.array_equal(part.facets, whole.facets[part.facet_numbers]), "facets")
        gathered = np.sort(np.concatenate(comm.allgather(part.facet_numbers)))
        parallel_assert(comm, np.array_equal(gathered, whole.facet_numbers), "each facet on one rank")
        expected = pairs_at_facets(whole)[part.facet_numbers]
        found = np.append(part.pair_numbers, -1)[pairs_at_facets(part)]
        parallel_assert(comm, np.array_equal(found, expected), "pairs at facets")


@pytest.mark.parametrize("name", ["two points", "circle", "sphere", "slit", "cross in a box"])
def test_pair_measures_are_the_lumped_integrals_over_each_side(comm: Comm, name: str) -> None:
    """DOLFINx integrates every hat function over both sides of the cut; at each node this is the sum of sigma over its pairs."""
    domain, data = spread(comm, name)
    other = ByDolfinx(comm, domain)
    for key, whole in data.membranes.items():
        found = other.vector(other.v * other.measure(domain.interfaces[key]))
        expected = np.zeros(len(data.points))
        np.add.at(expected, whole.pairs, whole.sigma[:, None])
        there = np.ones(len(data.points), dtype=bool)
        joined = whole.facets[:, 0] == whole.facets[:, 1]
        there[whole.facets[:, 0][joined]] = False
        np.testing.assert_allclose(found[there], expected[there], rtol=1e-12, atol=1e-15, err_msg=key)
        ours = Forms(domain.mesh).boundary_mass(domain.interfaces[key])
        np.testing.assert_allclose(ours, found[domain.mesh.nodes[: domain.mesh.n_owned]], rtol=1e-12, atol=1e-15, err_msg=key)
        assert found.sum() == pytest.approx(2 * whole.measure)


def test_a_constant_on_one_side_stays_there(comm: Comm) -> None:
    """The cut tissue falls into two parts for the stiffness matrix: a function that is 1 in one region has no gradient."""
    domain, data = spread(comm, "circle")
    mesh, forms = domain.mesh, Forms(domain.mesh)
    inside = np.zeros(len(data.points))
    inside[data.cells[data.cell_region == 1]] = 1.0
    mine = inside[mesh.nodes]
    indptr, indices = forms.stencil
    rows = np.repeat(np.arange(mesh.n_owned), np.diff(indptr))
    energy = comm.allreduce(float(forms.stiffness() @ (mine[rows] - mine[indices]) ** 2))
    amount = comm.allreduce(float(mine[: mesh.n_owned] @ forms.mass()))
    jump = domain.membranes["m"]
    assert abs(energy) < 1e-20
    polygon = 0.5 * 0.5 * np.sin(2 * np.pi / jump.n_facets) * jump.n_facets / 2
    assert amount == pytest.approx(polygon)
