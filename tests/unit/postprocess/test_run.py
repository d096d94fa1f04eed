"""Reading a run folder, also while it is being written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invasio.postprocess.run import open_run
from invasio.solver.errors import MeshError
from invasio.solver.output.fields import FieldsWriter
from tests.unit.output.synthetic import cells_at, ecm_at, frame, grid, mesh
from tests.unit.postprocess.folders import make


def state(points: np.ndarray, time: float) -> dict[str, np.ndarray]:
    return {"tumour": cells_at(points, time), "ecm": ecm_at(points, time)}


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_what_is_read(comm: Any, shared_tmp: Path, dim: int) -> None:
    run = open_run(make(shared_tmp / "run", comm, dim, 5, [0.0, 2.5], state, "name: a\nscales: {length: 1 um, time: 2 h}\n"))
    points, cells = mesh(dim, 5)
    assert (run.dim, run.regions, set(run.fields)) == (dim, ("left", "right"), {"tumour", "ecm"})
    assert list(run.times) == [0.0, 2.5]
    np.testing.assert_array_equal(run.points, points[:, :dim])
    np.testing.assert_array_equal(run.cells, cells)
    np.testing.assert_array_equal(run.field("tumour", 2.5), cells_at(points, 2.5))
    np.testing.assert_array_equal(run.field("ecm"), ecm_at(points, 2.5))
    assert run.measures.sum() == pytest.approx(1.0, rel=1e-14)
    assert run.series["time"].tolist() == [0.0, 2.5] and run.series["step"].tolist() == [0, 1]
    assert run.scenario["scales"]["time"] == "2 h" and run.unit("length") == "um"


def test_what_is_not_there(comm: Any, shared_tmp: Path) -> None:
    with pytest.raises(MeshError, match=r"holds no fields.vtkhdf: it is no run folder, or the run has not written its first output yet"):
        open_run(shared_tmp)
    run = open_run(make(shared_tmp / "run", comm, 1, 5, [0.0, 1.0], state))
    with pytest.raises(ValueError, match=r"t = 0.3 is no output time \(nearest: 0\)"):
        run.field("tumour", 0.3)
    with pytest.raises(KeyError, match=r"no field 'oxygen' \(there are: ecm, tumour\)"):
        run.field("oxygen")


def test_a_run_that_goes_on(comm: Any, shared_tmp: Path) -> None:
    of = grid(comm, 2, 6)
    writer = FieldsWriter(shared_tmp / "fields.vtkhdf", of, ["tumour", "ecm"])
    writer.on_output(frame(of, 0.0))
    reader = "from invasio.postprocess.run import open_run; import sys; r = open_run(sys.argv[1]); print(len(r.times), r.field('ecm').size)"
    for count in (1, 2):
        done = subprocess.run([sys.executable, "-c", reader, str(shared_tmp)], capture_output=True, text=True, check=True)
        assert done.stdout.split() == [str(count), "49"]
        writer.on_output(frame(of, float(count)))
    writer.close("done")


def test_reading_needs_no_fenics() -> None:
    code = "import sys, invasio.postprocess.expect, invasio.postprocess.figures; print([m for m in ('dolfinx', 'petsc4py') "
    code += "if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
