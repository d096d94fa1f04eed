"""Reading a run folder, also while it is being written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from invasio.postprocess import open_run
from invasio.solver.output.fields import FieldsWriter
from invasio.solver.output.folder import RunFolder
from tests.lib.messages import refused
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
    path = make(shared_tmp / "run", comm, 1, 5, [0.0, 1.0], state)
    for wrong, code, says in (
        (shared_tmp / "rum", "file-not-found", ()),
        (shared_tmp, "no-run", ("neither fields.vtkhdf nor resolved.yaml",)),
    ):
        with refused(code, remedy=f"runs in {shared_tmp}: run", says=says) as caught:
            open_run(wrong)
        assert caught.error.place == str(wrong)
    run = open_run(path / "fields.vtkhdf")
    for time, name, kind, code, remedy, said in (
        (0.3, "tumour", ValueError, "no-time", "nearest: 0", "t = 0.3 "),
        (None, "oxygen", KeyError, "no-field", "there are: ecm, tumour", "'oxygen'"),
        (None, "tumor", KeyError, "no-field", "did you mean 'tumour'? there are: ecm, tumour", "'tumor'"),
    ):
        with refused(code, str(run.path), says=(said,)) as caught:
            run.field(name, time)
        assert isinstance(caught.error, kind) and caught.error.remedy == remedy


def test_a_run_without_outputs(comm: Any, shared_tmp: Path) -> None:
    folder = RunFolder.open(shared_tmp / "run", None, "a", "name: a\n", False, False, comm)
    with refused("no-output", str(folder.path), "wait for", ("fields.vtkhdf", "(its status: running)")):
        open_run(folder.path)
    writer = FieldsWriter(folder.path / "fields.vtkhdf", of := grid(comm, 2, 6), ["tumour", "ecm"])
    writer.on_output(frame(of, 0.0))
    writer.close("failed")
    with h5py.File(folder.path / "fields.vtkhdf", "r+") as h5:
        h5["VTKHDF/Steps"].attrs["NSteps"] = 0  # as it is before the first output is complete
    with refused("no-output", str(folder.path), "wait for"):
        open_run(folder.path).need_outputs()
    folder.close("failed")


def test_a_run_that_goes_on(comm: Any, shared_tmp: Path) -> None:
    of = grid(comm, 2, 6)
    writer = FieldsWriter(shared_tmp / "fields.vtkhdf", of, ["tumour", "ecm"])
    writer.on_output(frame(of, 0.0))
    reader = "from invasio.postprocess import open_run; import sys; r = open_run(sys.argv[1]); print(len(r.times), r.field('ecm').size)"
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
