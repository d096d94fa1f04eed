"""ParaView itself opens fields.vtkhdf as it is and draws the front where the data have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invasio.solver.output.fields import FieldsWriter
from tests.paraview.paraview import along_x, missing, render
from tests.unit.output.synthetic import frame, grid, mesh

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"needs the test environment: {missing()}")


@pytest.mark.parametrize(("dim", "n"), [(2, 40), (3, 16)])
def test_a_travelling_front(comm: Any, shared_tmp: Path, dim: int, n: int) -> None:
    path, times = shared_tmp / "fields.vtkhdf", [0.0, 2.0, 5.0]
    of = grid(comm, dim, n)
    writer = FieldsWriter(path, of, ["tumour", "ecm"])
    for time in times:
        writer.on_output(frame(of, time))
    writer.close("done")
    for time in times[1:]:
        facts, picture = render(path, shared_tmp / "picture.png", "--field", "tumour", "--time", str(time), "--grey")
        assert facts["times"] == times and facts["time"] == time
        assert sorted(facts["fields"]) == ["ecm", "tumour"] and facts["cell_fields"] == ["region"]
        points, cells = mesh(dim, n)
        assert (facts["cells"], facts["points"]) == (len(cells), len(points))
        x, values = along_x(facts, picture, 0.5)
        tissue = (x > 0.02) & (x < 0.98)
        assert values[tissue].max() > 0.95 and values[tissue].min() < 0.05  # black and white: not empty
        front = x[tissue][np.flatnonzero(values[tissue] >= 0.5)[-1]]
        assert front == pytest.approx(0.2 + 0.1 * time, abs=0.01)


def test_lines_in_one_dimension_and_the_usual_colours(comm: Any, shared_tmp: Path) -> None:
    path = shared_tmp / "fields.vtkhdf"
    of = grid(comm, 1, 50)
    writer = FieldsWriter(path, of, ["tumour", "ecm"])
    for time in (0.0, 3.0):
        writer.on_output(frame(of, time))
    writer.close("done")
    facts, picture = render(path, shared_tmp / "picture.png")
    assert (facts["times"], facts["cells"], facts["points"]) == ([0.0, 3.0], 50, 51)
    assert (picture.min(axis=2) < 0.9).sum() > 1000  # something that is not the white background
