"""Fronts of all that moves, also of what starts at 0; how far cells are beyond the border of the region they started in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invasio.solver.output.layout import Frame
from invasio.solver.output.series import Series
from invasio.solver.scenario.columns import columns
from invasio.solver.scenario.loader import load
from invasio.solver.simulation import Simulation
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert

pytestmark = pytest.mark.mpi

MESHES = {
    1: "{kind: interval, from: -1, to: 3, cells: 80, regions: {gland: {kind: interval, from: -1, to: 1}}%s}",
    2: "{kind: rectangle, from: [-1, 0], to: [3, 0.2], cells: [80, 2], regions: {gland: {kind: rectangle, from: [-1, 0], to: [1, 0.2]}}%s}",
    3: "{kind: box, from: [-1, 0, 0], to: [3, 0.1, 0.1], cells: [80, 1, 1],"
    " regions: {gland: {kind: box, from: [-1, 0, 0], to: [1, 0.1, 0.1]}}%s}",
}


def scenario(comm: Comm, folder: Path, dim: int, cut: bool) -> Path:
    """Cells of a gland that turn into a phenotype of which there is none at the start, with or without a membrane around it."""
    path = folder / f"fronts{dim}{cut}.yaml"
    if comm.rank == 0:
        mesh = MESHES[dim] % (", interfaces: {border: [gland, tissue]}" if cut else "")
        rates = "degraded_by: {mmp: 20}, permeability: {epithelial: 10, mesenchymal: 10, mmp: 10}"
        membrane = f"  membranes: {{border: {{{rates}}}}}\n" if cut else ""
        path.write_text(
            f"mesh: {mesh}\nmodel:\n  cells:\n"
            "    epithelial: {initial: {gland: 2}, motility: 0.02, becomes: {mesenchymal: 0.5}, secretes: {mmp: 1}}\n"
            "    mesenchymal: {initial: 0, motility: 0.05}\n"
            f"  solubles: {{mmp: {{diffusion: 0.1}}}}\n  ecm: {{initial: 1}}\n{membrane}"
            "time: {end: 2, step: 0.1}\noutput: {every: 1}\n",
            encoding="utf-8",
        )
    comm.barrier()
    return path


def crossing(x: np.ndarray, c: np.ndarray, level: float) -> float:
    """The last place where a profile falls below a level."""
    k = int(np.flatnonzero(c >= level)[-1])
    return float(x[k] + (c[k] - level) / (c[k] - c[k + 1]) * (x[k + 1] - x[k]))


@pytest.mark.parametrize(("dim", "cut"), [(1, False), (1, True), (2, True), (3, False)])
def test_fronts_of_what_starts_at_0(comm: Comm, shared_tmp: Path, dim: int, cut: bool) -> None:
    """Each front is where the field passes its level; the depth is counted from x = 1, where the gland ends."""
    with Simulation(scenario(comm, shared_tmp, dim, cut), comm=comm) as sim:
        at_start, units = sim.row(), sim.units
        sim.run()
        row, found = sim.row(), sim.recorded
        names, begun = columns(sim.scenario)
    assert found is not None
    points, at_end = found.points, {name: found.field(name) for name in ("epithelial", "mesenchymal", "mmp")}
    levels = {"epithelial": 0.02, "mesenchymal": 0.02, "mmp": 0.01 * row["mmp.max"]}
    line = np.flatnonzero(np.all(np.isclose(points[:, 1:], 0.0), axis=1)) if dim > 1 else np.arange(len(points))
    line = line[np.argsort(points[line, 0], kind="stable")]
    said = []
    for name, level in levels.items():
        wanted = crossing(points[line, 0], at_end[name][line], level)
        if abs(row[f"{name}.front.xmax"] - wanted) > (1e-9 if dim == 1 else 0.05):
            said.append(f"front of {name} at {row[f'{name}.front.xmax']} instead of {wanted}")
    for name in ("epithelial", "mesenchymal"):
        depth, beyond, section = row[f"{name}.front.depth"], row[f"{name}.invaded_beyond"], (1.0, 0.2, 0.01)[dim - 1]
        if not 0.05 < depth == pytest.approx(row[f"{name}.front.xmax"] - 1.0, abs=1e-9):
            said.append(f"{name} is {depth} deep, its front at {row[f'{name}.front.xmax']}")
        if beyond / section != pytest.approx(depth, abs=0.05):
            said.append(f"{name} has invaded {beyond} of a section of {section}")
    said += [f"{name} in the gland only: {at_start[name]}" for name in ("epithelial.front.depth",) if at_start[name] > 0.05]
    said += ["no cells yet, so no front"] if np.isfinite(at_start["mesenchymal.front.xmax"]) else []
    said += ["a front of what does not move"] if "ecm.front.xmax" in row else []
    said += [f"not told beforehand: {name}" for name in row if name not in names and not name.startswith(begun or "\0")]
    said += [f"not written: {name}" for name in names if name not in (*row, "time", "step", "dt")]
    said += [f"no unit: {name}" for name in row if not units[name]]
    parallel_assert(comm, not said, "; ".join(said))


def test_a_series_goes_on_with_the_columns_it_began_with(comm: Comm, shared_tmp: Path) -> None:
    """A run that was begun by a version with fewer columns is resumed, each number under its name."""
    path = shared_tmp / "series.csv"
    if comm.rank == 0:
        path.write_text("time,step,dt,b.total,a.total\n0.0,0,0.0,2.0,1.0\n", encoding="utf-8")
    comm.barrier()
    series = Series(path, comm, 0.0)
    series.on_output(Frame(1.0, 1, 0.5, {}, {"a.total": 3.0, "a.front.xmax": 9.0, "b.total": 4.0}))
    series.close("done")
    comm.barrier()
    lines = path.read_text(encoding="utf-8").splitlines()
    parallel_assert(comm, lines == ["time,step,dt,b.total,a.total", "0.0,0,0.0,2.0,1.0", "1.0,1,0.5,4.0,3.0"], str(lines))


def test_the_level_is_stated(comm: Comm, shared_tmp: Path) -> None:
    """Of its own largest density at the start, of that of all cells, or of what it is at the time."""
    path = scenario(comm, shared_tmp, 1, False)
    with Simulation(load(path), comm=comm, out=shared_tmp / "run") as sim:
        stated = sim._now._observables.levels
    endings = {"epithelial": "its largest density at the start", "mesenchymal": "of all cells at the start", "mmp": "at the time"}
    parallel_assert(comm, all(stated[name].endswith(text) for name, text in endings.items()) and len(stated) == 3, str(stated))
    parallel_assert(comm, '"fronts"' in (shared_tmp / "run" / "manifest.json").read_text(encoding="utf-8"))
