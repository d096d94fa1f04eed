"""ParaView itself opens fields.vtkhdf as it is and draws the front where the data have it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invasio.postprocess.run import open_run
from invasio.solver.diagnostics.observables import FRONT
from invasio.solver.output.fields import FieldsWriter
from invasio.solver.output.layout import FIELDS
from invasio.solver.run import run as simulate
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.shipped import folder
from tests.lib.comm import Comm
from tests.paraview.paraview import along_x, missing, render, where
from tests.unit.output.synthetic import frame, grid, mesh

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"needs the test environment: {missing()}")


@pytest.mark.parametrize(("dim", "n"), [(2, 40), (3, 16)])
def test_a_travelling_front(comm: Comm, shared_tmp: Path, dim: int, n: int) -> None:
    path, times = shared_tmp / "fields.vtkhdf", [0.0, 2.0, 5.0]
    of = grid(comm, dim, n)
    writer = FieldsWriter(path, of, ["tumour", "ecm"])
    for time in times:
        writer.on_output(frame(of, time))
    writer.close("done")
    for time in times[1:]:
        facts, picture = render(path, shared_tmp / "picture.png", "--field", "tumour", "--time", str(time), "--grey", "0", "1")
        assert facts["times"] == times and facts["time"] == time
        assert sorted(facts["fields"]) == ["ecm", "tumour"] and facts["cell_fields"] == ["region"]
        points, cells = mesh(dim, n)
        assert (facts["cells"], facts["points"]) == (len(cells), len(points))
        x, values = along_x(facts, picture, 0.5)
        tissue = (x > 0.02) & (x < 0.98)
        assert values[tissue].max() > 0.95 and values[tissue].min() < 0.05  # black and white: not empty
        front = x[tissue][np.flatnonzero(values[tissue] >= 0.5)[-1]]
        assert front == pytest.approx(0.2 + 0.1 * time, abs=0.01)


def test_lines_in_one_dimension_and_the_usual_colours(comm: Comm, shared_tmp: Path) -> None:
    path = shared_tmp / "fields.vtkhdf"
    of = grid(comm, 1, 50)
    writer = FieldsWriter(path, of, ["tumour", "ecm"])
    for time in (0.0, 3.0):
        writer.on_output(frame(of, time))
    writer.close("done")
    facts, picture = render(path, shared_tmp / "picture.png")
    assert (facts["times"], facts["cells"], facts["points"]) == ([0.0, 3.0], 50, 51)
    assert (picture.min(axis=2) < 0.9).sum() > 1000  # something that is not the white background


def test_the_quick_start(comm: Comm, shared_tmp: Path) -> None:
    """A run of the real scenario, shortened: the front in ParaView's picture is where series.csv says."""
    scenario = load(folder() / "quickstart.yaml", ["time.end=24", "time.step=1", "output.every=12", "output.figures=false"])
    run = open_run(simulate(scenario, comm, shared_tmp / "run").folder)
    level = FRONT * run.series["tumour.max"][0]
    for row, time in enumerate([0.0, 12.0, 24.0]):
        options = ("--field", "tumour", "--time", str(time), "--grey", "0", str(2 * level), "--y-down")
        facts, picture = render(run.path / FIELDS, shared_tmp / "picture.png", *options)
        assert facts["times"] == [0.0, 12.0, 24.0] and facts["time"] == time
        assert sorted(facts["fields"]) == ["ecm", "mmp2", "tumour"] and facts["cell_fields"] == ["region"]
        assert (facts["cells"], facts["points"]) == (len(run.cells), len(run.points))
        assert facts["range"] == pytest.approx([run.series[f"tumour.{end}"][row] for end in ("min", "max")], rel=1e-6)
        x, y, per_pixel = where(facts, picture, y_down=True)
        tissue = picture[..., 2] - picture[..., 0] < 0.1  # the rest is blue
        area = tissue.sum() * per_pixel**2
        assert area == pytest.approx(run.measures.sum(), rel=0.01)
        invaded = tissue & (picture[..., 0] >= 0.5)
        assert invaded.sum() * per_pixel**2 == pytest.approx(run.series["tumour.invaded_volume"][row], rel=0.03)
        for axis, positions in (("x", x[invaded.any(axis=0)]), ("y", y[invaded.any(axis=1)])):
            for end, drawn in (("min", positions.min()), ("max", positions.max())):
                assert drawn == pytest.approx(run.series[f"tumour.front.{axis}{end}"][row], abs=1.5 * per_pixel), (time, axis, end)
    assert run.series["tumour.in:stroma"][-1] > 0.02 * run.series["tumour.total"][-1]  # the front that was measured has left the gland


def test_a_primary_and_a_site_side_by_side(comm: Comm, shared_tmp: Path) -> None:
    """Nothing in the block of the liver at first; after three cells came, as much grey as series.csv has cells there."""
    came = "organs.sites.liver.arrivals=[{at: 2 d, cells: {tumour: 3}}]"
    scenario = load(folder() / "cascade/liver_site.yaml", ["time.end=10", "output.figures=false", "expect=[]", came])
    run = open_run(simulate(scenario, comm, shared_tmp / "run").folder)
    full, whole = 0.2, 200.0**3 * 1e-4  # density that is white; cells of the block at density 1
    for row, time in ((0, 0.0), (-1, 10.0)):
        options = ("--field", "tumour", "--time", str(time), "--grey", "0", str(full))
        facts, picture = render(run.path / FIELDS, shared_tmp / "picture.png", *options)
        assert facts["times"] == [0.0, 10.0] and facts["fields"] == ["tumour"] and facts["cell_fields"] == ["region"]
        x, y, _ = where(facts, picture)
        grey = picture[np.ix_((y > 2) & (y < 198), (x > 205) & (x < 398))].mean()
        cells = run.series["tumour.in:liver"][row]
        assert grey * full * whole == pytest.approx(cells, rel=0.05, abs=0.5)
        gland = picture[np.ix_((y > 50) & (y < 150), (x > 60) & (x < 120))]
        assert gland.min() > 0.95  # beyond the scale
    assert cells > 5.0
