"""membranes.vtkhdf as VTK sees it: facets in 1-D, 2-D, 3-D with integrity and fluxes, the same on any number of ranks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from invasio.meshes.cut import cut
from invasio.meshes.distribute import distribute
from invasio.meshes.facets import facet_measures
from invasio.solver.discretise.problem import discretise
from invasio.solver.discretise.surface import Surface
from invasio.solver.model.balance import Model
from invasio.solver.output.fields import FieldsWriter
from invasio.solver.output.layout import Frame
from tests.cut_meshes import CASES, case
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.march import advance
from tests.parallel.test_membranes import LAWS, barriers
from tests.unit.output.test_fields import vtk_reader

pytestmark = pytest.mark.mpi


def surface_of(comm: Comm, name: str) -> Surface:
    """The surface of a case after two steps."""
    data = CASES[name]()
    laws = LAWS[:2] + LAWS[3:]
    barrier = tuple(type(m)(m.name, m.integrity, m.passages[:2]) for m in barriers(data))
    parted = cut(data, [m.name for m in barrier]) if comm.rank == 0 else None
    domain = distribute(parted, comm)
    problem = discretise(Model(laws, {}, membranes=barrier), domain)
    advance(problem, 0.2, 2)
    return Surface(problem, domain)


def write(path: Path, surface: Surface, resume_at: float | None = None) -> None:
    """Two outputs, the second one twice as far."""
    writer = FieldsWriter(path, surface.grid, surface.names, "float64", resume_at=resume_at, part="surface")
    values = surface.fields()
    for time in (1.0, 2.0):
        writer.on_output(Frame(time, 1, 0.1, {}, {"a": time}, {name: time * v for name, v in values.items()}))
    writer.close("done")


@pytest.mark.parametrize("name", ["two points", "circle", "slit", "sphere", "cross in a box"])
def test_vtk_reads_the_membranes(comm: Comm, shared_tmp: Path, name: str) -> None:
    """Every facet at its place with its membrane, integrity and flux; a free rim as its neighbours; also after a resumption."""
    pytest.importorskip("vtkmodules")
    from vtkmodules.util.numpy_support import vtk_to_numpy

    path, alone = shared_tmp / "membranes.vtkhdf", surface_of(MPI.COMM_SELF, name)
    together = surface_of(comm, name)
    write(path, together)
    write(path, together, resume_at=1.0)
    if comm.rank == 0:
        reader, times = vtk_reader(path)
        assert times == (1.0, 2.0)
        reader.UpdateTimeStep(2.0)
        grid = reader.GetOutputDataObject(0)
        after = case(name)[1]
        dim = after.points.shape[1]
        points = vtk_to_numpy(grid.GetPoints().GetData())[:, :dim]
        cells = vtk_to_numpy(grid.GetCells().GetConnectivityArray()).reshape(-1, dim)
        assert {grid.GetCellType(k) for k in range(grid.GetNumberOfCells())} == {(1, 3, 5)[dim - 1]}
        expected = np.concatenate([after.points[m.facets[:, 0]] for m in after.membranes.values()])
        assert np.array_equal(points[cells], expected)
        member = vtk_to_numpy(grid.GetCellData().GetArray("region"))
        assert np.array_equal(member, np.concatenate([np.full(m.n_facets, k) for k, m in enumerate(after.membranes.values())]))
        assert facet_measures(points, cells).sum() == pytest.approx(sum(m.measure for m in after.membranes.values()))
        assert sorted(grid.GetPointData().GetArrayName(k) for k in range(3)) == ["flux_m", "flux_n", "integrity"]
        for field, values in alone.fields().items():
            found = vtk_to_numpy(grid.GetPointData().GetArray(field))
            assert found == pytest.approx(2.0 * values, abs=1e-6), field
        integrity = vtk_to_numpy(grid.GetPointData().GetArray("integrity")) / 2.0
        assert 0.5 < integrity.min() <= integrity.max() <= 1.0
        assert np.abs(vtk_to_numpy(grid.GetPointData().GetArray("flux_m"))).max() > 0.0
    parallel_assert(comm, sum(comm.allgather(len(together.grid.cells))) == together.grid.n_cells, "each facet once")
