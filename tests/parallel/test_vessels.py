"""Vessels on several ranks: the same counts, densities and integrity as on one; restart in the middle of an opening."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mpi4py import MPI

from invasio.meshes.domain import Domain
from invasio.meshes.network import Network, read_network
from invasio.solver.discretise.problem import Problem
from invasio.solver.discretise.vessel_surface import VesselSurface
from invasio.solver.scenario.network import Network as NetworkOptions
from tests.cut_meshes import plane
from tests.lib.comm import Comm
from tests.lib.everywhere import at_sites, parallel_assert, same_bits, same_densities
from tests.lib.fields import entered
from tests.lib.march import March, advance
from tests.lib.models import membrane, passage, species
from tests.lib.vessels import enzyme_opened, flux, line, tissue_and_domain, vessel
from tests.unit.meshes.build import make

pytestmark = pytest.mark.mpi

LUMP = "exp(-8*((x - 0.5)^2 + (y - 0.5)^2 + (z - 0.5)^2))"
LAWS = (
    species("n", LUMP, "cells", diffusion="2e-2", taxis=(("f", "f", "5e-2"),)),
    species("m", f"0.2*{LUMP}", "soluble", diffusion="5e-2", production="n", loss="0.5"),
    species("o", "1", "soluble", diffusion="0.5", loss="n/(0.2 + o)", quasi_steady=True),
    species("f", f"1 - 0.5*{LUMP}", "ecm", loss="3*m"),
)


def tree(dim: int) -> Network:
    """A small tree in the unit square or cube, not aligned with anything."""
    start, along = ([0.52, 0.07], [0.1, 1.0]) if dim == 2 else ([0.52, 0.47, 0.07], [0.1, 0.05, 1.0])
    low, high = [0.05] * dim, [0.95] * dim
    within = {"kind": "rectangle" if dim == 2 else "box", "from": low, "to": high}
    options = {"from": start, "direction": along, "radius": 0.03, "length": 0.3, "generations": 3, "within": within}
    return read_network(NetworkOptions.model_validate({"tree": options}), dim)


def several(dim: int, comm: Comm) -> Problem:
    """As ``several_and_domain``, without its domain."""
    return several_and_domain(dim, comm)[0]


def several_and_domain(dim: int, comm: Comm) -> tuple[Problem, Domain]:
    """A tree, a wall that opens, and a thin vessel along a membrane."""
    kind = "rectangle" if dim == 2 else "box"
    data = make(kind, cells=[12] * dim if dim == 2 else [6] * dim)
    data = replace(data, interfaces={"k": plane(data, 0, 0.5 if dim == 3 else 0.25)})
    supply = flux("o", "2", closed="2", inside="1", dissolved=True)
    vessels = [
        vessel("tree", "network", [], flux("n", "0.5", torn="2"), supply, ruptured="z + y > 0.8"),
        vessel("wall", "boundary", ["left", "top"], flux("n", "1 + m"), carries="lymph", integrity=enzyme_opened("20*m", threshold="0.95")),
        vessel("thin", "interface", ["k"], flux("n", "0.2"), carries="lymph"),
    ]
    barrier = membrane("k", passage("n", "1"), passage("m", "1"), passage("o", "1"))
    return tissue_and_domain(LAWS, data, comm, vessels, {"tree": tree(dim)}, (barrier,))


@pytest.mark.parametrize("dim", [2, 3])
def test_same_on_any_number_of_ranks(comm: Comm, dim: int) -> None:
    """Sites, weights and counts per part do not depend on the partition."""
    together, alone = several(dim, comm), several(dim, MPI.COMM_SELF)
    march = advance(together, 0.2, 5, balanced=True)
    advance(alone, 0.2, 5, balanced=True)
    parallel_assert(comm, march.worst < 1e-12, f"ledger {march.worst:.1e}")
    same_densities(together, alone, 1e-7)
    for name, v in together.vessels.items():
        one = alone.vessels[name]
        parallel_assert(comm, v.sites.total == one.sites.total, f"{name}: {v.sites.total} sites instead of {one.sites.total}")
        parallel_assert(comm, np.allclose(v.area, one.area, rtol=1e-13), name)
        weights = np.zeros(v.sites.total)
        weights[v.sites.numbers] = v.sites.measure
        parallel_assert(comm, np.array_equal(comm.allreduce(weights), one.sites.measure), f"weights of {name}")
        other = entered(alone, name)
        for kind, mine in entered(together, name).items():
            got = comm.allreduce(np.bincount(v.part, mine, minlength=len(v.part_names)))
            expected = np.bincount(one.part, other[kind], minlength=len(v.part_names))
            parallel_assert(comm, np.allclose(got, expected, rtol=0, atol=1e-7), f"{name}: {kind} {got} {expected}")


def test_restart_in_the_middle_of_an_opening(comm: Comm) -> None:
    """The steps after a restart repeat those of the run that went on, to the last bit, counts at every site included."""
    problem, again = several(2, comm), several(2, comm)
    march = advance(problem, 0.2, 4)
    half = march.snapshot()
    march.steps(0.2, 3)
    March.restored(again, half).steps(0.2, 3)
    parallel_assert(comm, at_sites(problem, "wall").min() < 0.9, "the wall has not begun to open")
    same_bits(problem, again)


def test_a_point_belongs_to_one_rank(comm: Comm) -> None:
    """Nodes, midpoints of edges and points outside: each is found once, in the cell of the lowest number, on any partition."""
    from invasio.meshes.distribute import distribute
    from invasio.meshes.locate import locate

    data = make("box", cells=[4, 4, 4])
    points = np.concatenate(
        [data.points, data.points[data.cells].mean(axis=1), 0.5 * (data.points[data.cells[:, 0]] + data.points[data.cells[:, 1]])]
    )
    points = np.concatenate([points, points[:5] + 2.0])
    found = locate(distribute(data if comm.rank == 0 else None, comm).mesh, points)
    alone = locate(distribute(data, MPI.COMM_SELF).mesh, points)
    parallel_assert(comm, np.array_equal(found.cell, alone.cell), "another cell")
    assert (found.cell[-5:] == -1).all() and (found.cell[:-5] >= 0).all()
    owners = comm.allreduce(np.bincount(found.mine, minlength=len(points)))
    assert (owners[:-5] == 1).all() and (owners[-5:] == 0).all()
    back = np.einsum("pk,pkd->pd", found.share, data.points[found.nodes])
    parallel_assert(comm, np.allclose(back, points[found.mine], atol=1e-14), "coordinates")


@pytest.mark.parametrize("dim", [1, 3])
def test_surfaces_do_not_depend_on_the_partition(comm: Comm, dim: int) -> None:
    """Facets, corners and values of the walls in canonical order are those of one rank; each corner is written once."""
    together, alone = (_surface(dim, c) for c in (comm, MPI.COMM_SELF))
    for name in ("points", *together[1]):
        got, expected = together[0][name], alone[0][name]
        parallel_assert(comm, got.shape == expected.shape, f"{name}: {got.shape} instead of {expected.shape}")
        parallel_assert(comm, np.allclose(got, expected, rtol=0, atol=1e-7), f"{name} differs by {np.abs(got - expected).max()}")
    parallel_assert(comm, together[0]["entered_n"].max() > 0.0, "nobody has entered")


def _surface(dim: int, comm: Comm) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Points and fields of all walls after a few steps, whole on every rank, in canonical order."""
    if dim > 1:
        problem, domain = several_and_domain(dim, comm)
    else:
        cells = species("n", "1", "cells", diffusion="1")
        walls = [vessel("v", "boundary", ["left", "right"], flux("n", "1")), vessel("w", "interface", ["k"], flux("n", "2"))]
        data = make("interval", cells=10)
        data = replace(data, interfaces={"k": plane(data, 0, 0.5)})
        problem, domain = tissue_and_domain((cells,), data, comm, walls)
    surface = VesselSurface(problem, domain)
    advance(problem, 0.1, 3, balanced=True)
    rows = {"points": surface.grid.points, **surface.fields()}
    whole = {}
    for name, values in rows.items():
        blank = np.zeros((surface.grid.n_nodes, *values.shape[1:]))
        blank[surface.grid.nodes] = values
        whole[name] = comm.allreduce(blank)
    written = comm.allreduce(np.bincount(surface.grid.nodes, minlength=surface.grid.n_nodes))
    assert (written == 1).all()
    corners = np.concatenate(comm.allgather(surface.grid.connectivity.reshape(-1)))
    assert np.array_equal(np.unique(corners), np.arange(surface.grid.n_nodes)) and len(corners) == surface.grid.n_cells * dim
    return whole, surface.names


@pytest.mark.parametrize("dim", [1, 2])
def test_ranks_without_cells(comm: Comm, dim: int) -> None:
    """A mesh of two cells: some ranks have no cell, no node, no site."""
    data = make("interval", cells=2) if dim == 1 else make("rectangle", cells=[1, 1])
    cells = species("n", "1", "cells", diffusion="1")
    vessels = [vessel("v", "boundary", ["left"], flux("n", "1"), integrity=enzyme_opened("n"))]
    networks = {}
    if dim == 2:
        vessels.append(vessel("w", "network", [], flux("n", "1")))
        networks["w"] = line([(0.2, 0.2), (0.7, 0.8)], 0.01)
    problem, domain = tissue_and_domain((cells,), data, comm, vessels, networks)
    march = advance(problem, 0.1, 3, balanced=True)
    surface = VesselSurface(problem, domain)
    found = surface.fields()
    parallel_assert(comm, march.worst < 1e-12, f"ledger {march.worst:.1e}")
    assert comm.allreduce(len(found["integrity"])) == surface.grid.n_nodes > 0
    counts = comm.allgather(problem.vessels["v"].sites.n)
    parallel_assert(comm, sum(counts) == dim and (comm.size < 3 or min(counts) == 0), str(counts))
