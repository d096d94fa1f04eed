"""The membranes of a real run in the real ParaView: where they are breached in the picture is where the run says."""

from __future__ import annotations

from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from invasio.postprocess.membranes import membranes
from invasio.postprocess.paraview import script
from invasio.postprocess.run import open_run
from invasio.solver.run import run
from invasio.solver.scenario.loader import load
from tests.lib.comm import Comm
from tests.paraview.paraview import missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"needs the test environment: {missing()}")

SQUARE = """\
mesh:
  kind: rectangle
  cells: [24, 24]
  regions: {bed: {kind: rectangle, from: [0, 0], to: [1, 0.5]}}
  interfaces: {basement: [bed, tissue]}
model:
  cells: {tumour: {initial: {bed: 1}, motility: 0.01}}
  membranes: {basement: {degraded_by: {tumour: "4*exp(-40*(x - 0.25)^2)"}, permeability: {tumour: 0.2}}}
time: {end: 0.5, step: 0.05}
output: {every: 0.5, figures: false}
"""


def test_the_breach_is_seen_where_it_is(comm: Comm, shared_tmp: Path) -> None:
    """The lower half of integrity is bright, and covers the part of the membrane that the file says is breached."""
    path = shared_tmp / "scenario.yaml"
    path.write_text(SQUARE)
    run(load(path), comm, shared_tmp / "run")
    opened = open_run(shared_tmp / "run")
    surface = membranes(opened)
    assert surface is not None
    below = surface.breached(-1)
    middles = surface.points[surface.cells].mean(axis=1)
    assert 0.2 < below.mean() < 0.6
    assert surface.first_breach is not None
    assert surface.first_breach[1] == pytest.approx([0.25, 0.5], abs=0.03)
    script.write(opened, [0.0, 0.5])
    before, after = (matplotlib.image.imread(p)[..., :3] for p in script.render(opened))
    assert before.shape == (1280, 1600, 3)
    panel = after[640:]
    line = (panel[..., 2] > 0.95) & (panel[..., 1] > 0.8) & (panel[..., 0] < 0.75)  # from pale to full cyan
    columns = np.flatnonzero(line[:, :1360].any(axis=0))  # without the colour bar
    first, last = middles[below, 0].min(), middles[below, 0].max()
    width = (columns[-1] - columns[0]) / (last - first + 1 / 24)  # pixels per unit
    assert width == pytest.approx(560, abs=60)
    assert not ((before[640:, :1360, 2] > 0.95) & (before[640:, :1360, 0] < 0.75) & (before[640:, :1360, 1] > 0.8)).any()
