"""The part of a mesh that lies in some regions, and a file of it: the same on any number of ranks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invasio.postprocess.run import Run
from invasio.solver.output.fields import FieldsWriter
from invasio.solver.output.subset import Part, part_of, renumber
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.unit.output.synthetic import cells_at, frame, grid, mesh

pytestmark = pytest.mark.mpi


def test_numbers_among_the_chosen(comm: Comm) -> None:
    """Numbers 3, 6, 9, ... below 50 are chosen, each by one rank or by several; the others have no place."""
    chosen = np.arange(3 * (comm.rank + 1), 50, 3)
    places, count = renumber(comm, 50, chosen, np.arange(49, -1, -1))
    expected = [n // 3 - 1 if n % 3 == 0 and n else -1 for n in range(49, -1, -1)]
    parallel_assert(comm, count == 16 and places.tolist() == expected, f"{count} {places}")
    none, count = renumber(comm, 50, chosen[:0], chosen[:0])
    parallel_assert(comm, count == 0 and len(none) == 0)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_a_file_of_one_region(comm: Comm, shared_tmp: Path, dim: int) -> None:
    """Its cells and nodes are those of the region, in their order, with their values; an empty rank takes part."""
    of = grid(comm, dim, 6, empty_rank=0)
    part, rows = part_of(of, ["right"])
    writer = Part(FieldsWriter(shared_tmp / "fields.vtkhdf", part, ["tumour"], "float64"), rows)
    for time in (0.0, 1.0):
        writer.on_output(frame(of, time))
    writer.close("done")
    fault = ""
    if comm.rank == 0:
        points, cells = mesh(dim, 6)
        kept = cells[points[cells].mean(axis=1)[:, 0] > 0.5]
        corners = np.unique(kept)
        run = Run(shared_tmp)
        same = np.array_equal(run.cells, np.searchsorted(corners, kept)) and np.array_equal(run.points, points[corners, :dim])
        fault = "" if same else "the mesh"
        if run.regions != ("right",) or run.cell_region.any():
            fault = "regions"
        if not np.array_equal(run.field("tumour", 1.0), cells_at(points[corners], 1.0)):
            fault = "values"
    parallel_assert(comm, not fault, fault)
