"""Directions of fibres from pictures and volumes: the angle, how far cells spread along them, the same on any number of ranks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from invasio.postprocess.run import open_run
from invasio.solver.given.orientation import structure, trace
from invasio.solver.scenario.loader import load
from invasio.solver.setup import Ground
from invasio.solver.simulation import Simulation
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.messages import refused

pytestmark = pytest.mark.mpi

MESHES = {
    2: "{kind: rectangle, from: [0, 0], to: [80, 60], cells: [16, 12]}",
    3: "{kind: box, from: [0, 0, 0], to: [40, 32, 24], cells: [8, 6, 5]}",
}
EXTENT = {2: (80, 60), 3: (40, 32, 24)}
ALONG = np.array([1.0, 2.0, 1.5]) / np.linalg.norm([1.0, 2.0, 1.5])


def centres(extent: tuple[int, ...], edges: tuple[float, ...]) -> list[np.ndarray]:
    """x, y (and z) of the centres of pixels, in the order of the axes of a file."""
    axes = [(np.arange(round(length / edge)) + 0.5) * edge for length, edge in zip(extent, edges, strict=True)]
    return list(np.meshgrid(*axes[::-1], indexing="ij"))[::-1]


def stripes(degrees: float, period: float = 7.0, edges: tuple[float, float] = (0.5, 0.5)) -> np.ndarray:
    """Lines at an angle from x toward y, with the noise of a camera."""
    x, y = centres(EXTENT[2], edges)
    angle = np.radians(degrees)
    wave = np.sin(2 * np.pi * (np.cos(angle) * y - np.sin(angle) * x) / period)
    return np.asarray(np.clip(128 + 90 * wave + np.random.default_rng(1).normal(0, 6, wave.shape), 0, 255).astype(np.uint8))


def tubes(edges: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> np.ndarray:
    """Parallel tubes in a volume, along ALONG."""
    place = np.stack(centres(EXTENT[3], edges), axis=-1)
    first = np.cross(ALONG, [0.0, 0.0, 1.0])
    first /= np.linalg.norm(first)
    second = np.cross(ALONG, first)
    return np.asarray((np.cos(2 * np.pi * (place @ first) / 9) + np.cos(2 * np.pi * (place @ second) / 9)).astype(np.float32))


def written(comm: Comm, folder: Path, text: str, **arrays: Any) -> Path:
    """A scenario and its pictures, on all ranks."""
    comm.barrier()
    if comm.rank == 0:
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        (folder / "a.yaml").write_text("scales: {length: 1 um, time: 1 h}\n" + text, encoding="utf-8")
    comm.barrier()
    return folder / "a.yaml"


def text_of(dim: int, fields: str, fibres: str = "", mesh: str = "", cells: str = "") -> str:
    """A scenario whose tumour follows the fibres of a field."""
    law = f", fibres: {{{fibres}}}" if fibres else ""
    return (
        f"fields: {{{fields}}}\nmesh: {mesh or MESHES[dim]}\nmodel: {{cells: {{tumour: {{initial: 1, motility: 1{law}}}{cells}}}}}\n"
        "time: {end: 1, step: 0.5}\noutput: {every: 0.5, figures: false}\n"
    )


def directions(path: Path, comm: Comm, name: str, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the field's tensors (n, d, d) at the nodes the eigenvectors of the largest eigenvalue; the coherence."""
    scenario = load(path)
    given = Ground(scenario, comm).given(scenario)[name]
    q = np.array([[given.parts["".join(sorted("xyz"[a] + "xyz"[b]))] for a in range(dim)] for b in range(dim)]).transpose(2, 0, 1)
    return np.linalg.eigh(q)[1][:, :, -1], given.values


@pytest.mark.parametrize(("degrees", "edges"), [(0.0, (0.5, 0.5)), (30.0, (0.5, 0.5)), (117.0, (0.5, 1.0))])
def test_stripes_have_their_angle(comm: Comm, shared_tmp: Path, degrees: float, edges: tuple[float, float]) -> None:
    """Within a degree at every node, those at the edge of the picture too; also with pixels that are no squares."""
    text = text_of(2, f"lines: {{image: a.npy, pixel: {list(edges)}, orientation: structure_tensor, window: 4 um}}")
    path = written(comm, shared_tmp, text, a=stripes(degrees, edges=edges))
    wanted = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    found, coherence = directions(path, comm, "lines", 2)
    off = np.degrees(np.arccos(np.minimum(np.abs(found @ wanted), 1.0))).max(initial=0.0)
    parallel_assert(comm, off < 1.0, f"off by {off:.2f} degrees")
    parallel_assert(comm, bool((coherence > 0.9).all()), f"coherence {coherence.min(initial=1.0):.3f}")


@pytest.mark.parametrize("edges", [(1.0, 1.0, 1.0), (1.0, 1.0, 2.0)])
def test_tubes_in_a_volume(comm: Comm, shared_tmp: Path, edges: tuple[float, float, float]) -> None:
    text = text_of(3, f"lines: {{image: a.npy, axes: zyx, pixel: {list(edges)}, orientation: structure_tensor}}")
    found, coherence = directions(written(comm, shared_tmp, text, a=tubes(edges)), comm, "lines", 3)
    off = np.degrees(np.arccos(np.minimum(np.abs(found @ ALONG), 1.0))).max(initial=0.0)
    parallel_assert(comm, off < 1.0, f"off by {off:.2f} degrees")
    parallel_assert(comm, bool((coherence > 0.9).all()), f"coherence {coherence.min(initial=1.0):.3f}")


def test_coherence() -> None:
    """Two crossing waves have (1 - 1/4)/(1 + 1/4); from `full` on it counts as 1; a sheet in a volume has no direction."""
    y, x = np.mgrid[:64, :64] + 0.5
    crossing = np.sin(2 * np.pi * x / 8) + 0.5 * np.sin(2 * np.pi * y / 8)
    for full, wanted in ((1.0, 0.6), (0.5, 1.0)):
        found = trace(structure(crossing, [1.0, 1.0], 1.0, [4.0, 4.0], full), 2)[8:-8, 8:-8]
        assert np.allclose(found, wanted, atol=1e-2)
    z = np.mgrid[:20, :20, :20][0]
    assert trace(structure(np.sin(z), [1.0] * 3, 1.0, [3.0] * 3, 1.0), 3).max() < 1e-6


@pytest.mark.parametrize("law", ["fickian", "myopic"])
@pytest.mark.parametrize("dim", [2, 3])
def test_cells_spread_along_the_fibres(comm: Comm, shared_tmp: Path, dim: int, law: str) -> None:
    """Second moments after a while: as with the direction as a formula, and 2 D t along and a fifth of it across the fibres."""
    e = ALONG if dim == 3 else np.array([np.cos(np.radians(30.0)), np.sin(np.radians(30.0))])
    middle = np.array(EXTENT[dim]) / 2
    start = "exp(-(" + " + ".join(f"({axis} - {m:g})^2" for axis, m in zip("xyz", middle, strict=False)) + ")/20)"
    fibres = "FIBRES, across: 0.2, law: " + law
    text = text_of(
        dim,
        "lines: {image: a.npy, axes: " + ("yx, pixel: 0.5" if dim == 2 else "zyx, pixel: 1") + ", orientation: structure_tensor}",
        fibres.replace("FIBRES", "field: lines"),
        cells=f", other: {{initial: '{start}', motility: 1, fibres: {{{fibres.replace('FIBRES', f'direction: {e.tolist()}')}}}}}",
        mesh=MESHES[2] if dim == 2 else "{kind: box, from: [0, 0, 0], to: [40, 32, 24], cells: [20, 16, 12]}",
    ).replace("initial: 1,", f"initial: '{start}',")
    path = written(comm, shared_tmp, text.replace("end: 1, step: 0.5", "end: 8, step: 1"), a=stripes(30.0) if dim == 2 else tubes())
    with Simulation(path, comm=comm) as simulation:
        before, _ = spread(simulation, "tumour", dim, comm)
        simulation.run()
        (found, total), (wanted, _) = spread(simulation, "tumour", dim, comm), spread(simulation, "other", dim, comm)
        change = found - before
    parallel_assert(comm, bool(np.abs(found - wanted).max() < 0.01 * np.abs(wanted).max()), f"{found} for {wanted}")
    other = np.cross(e, [0.0, 0.0, 1.0])[:dim] if dim == 3 else np.array([-e[1], e[0]])
    other /= np.linalg.norm(other)
    along, across = e @ change @ e, other @ change @ other
    parallel_assert(comm, abs(along / 16.0 - 1.0) < 0.05 and abs(across / 3.2 - 1.0) < 0.15, f"{along} along, {across} across")
    parallel_assert(comm, total > 0.0, "all are gone")


def spread(simulation: Simulation, name: str, dim: int, comm: Comm) -> tuple[np.ndarray, float]:
    """Second central moments of a species; its total. The nodes of a lattice count alike, as few cells are at its edge."""
    c, points = simulation[name], simulation.points[:, :dim]
    total = comm.allreduce(float(c.sum()))
    mean = comm.allreduce(c @ points) / total
    return comm.allreduce(np.einsum("i,ia,ib->ab", c, points - mean, points - mean)) / total, total


@pytest.mark.parametrize(("angles", "wanted"), [("angles: [0, 255]", 0.0), ("angles: [300, 45]", 120.0), ("take: stored", 0.0)])
def test_angles_have_no_sign(comm: Comm, shared_tmp: Path, angles: str, wanted: float) -> None:
    """Pixels of 1 and of 179 degrees by turns: the fibres lie along x, where the mean of the numbers would be 90."""
    board = np.where(np.indices((60, 80)).sum(axis=0) % 2, 179, 1).astype(np.uint8)
    if "300" in angles:
        board = np.full((60, 80), 180, dtype=np.uint8)  # 300 - 255 * 180/255
    path = written(
        comm, shared_tmp, text_of(2, f"lines: {{image: a.npy, orientation: angle, {angles}}}", "field: lines, across: 0"), a=board
    )
    found, coherence = directions(path, comm, "lines", 2)
    e = np.array([np.cos(np.radians(wanted)), np.sin(np.radians(wanted))])
    parallel_assert(comm, bool(np.allclose(np.abs(found @ e), 1.0, atol=1e-4)), f"{found[:3]}")
    parallel_assert(comm, bool(np.allclose(coherence, 1.0)), f"{coherence[:3]}")


@pytest.mark.parametrize("dim", [2, 3])
def test_the_same_on_any_number_of_ranks(comm: Comm, shared_tmp: Path, dim: int) -> None:
    """The field, and the run with it and with its name in formulas."""
    fields = "lines: {image: a.npy, axes: " + ("yx, pixel: 0.5" if dim == 2 else "zyx, pixel: 1") + ", orientation: structure_tensor}"
    text = text_of(dim, fields, "field: lines, across: 0.1").replace("initial: 1", "initial: x*lines")
    path = written(comm, shared_tmp, text, a=stripes(30.0) if dim == 2 else tubes())
    with Simulation(path, comm=comm) as simulation:
        simulation.run()
        mine, nodes = simulation["tumour"], simulation.nodes
    with Simulation(path, comm=MPI.COMM_SELF) as simulation:
        simulation.run()
        whole = simulation["tumour"]
    off = float(np.abs(mine - whole[nodes]).max(initial=0.0)) / float(whole.max())
    parallel_assert(comm, off < 1e-9, f"differs by {off:.1e}")


FLAT, SLICES = np.full((60, 80), 9, dtype=np.uint8), np.zeros((3, 60, 80), dtype=np.uint8)
TENSOR, ANGLE = "orientation: structure_tensor", "orientation: angle"


@pytest.mark.parametrize(
    ("array", "field", "fibres", "code", "place", "says"),
    [
        (FLAT, TENSOR, "field: lines", "no-direction", "a.npy", ["'lines'", "coherence at most 0"]),
        (FLAT[:5], f"{TENSOR}, pixel: [1, 12]", "field: lines", "picture-axes", "a.npy", ["80 x 5", "at least 7"]),
        (stripes(30.0)[:40], f"{TENSOR}, pixel: 0.5", "field: lines", "outside-tissue", "a.npy", ["80 x 20 long", "`outside: nearest`"]),
        (SLICES, f"{TENSOR}, axes: zyx", "field: lines", "picture-axes", "a.npy", ["a volume for a mesh of 2"]),
        (np.zeros((60, 80), np.float32), f"{ANGLE}, angles: [0, 180]", "field: lines", "picture-axes", "a.npy", ["`take: stored`"]),
        (
            np.zeros((60, 80, 3), np.uint8),
            f"{ANGLE}, angles: [0, 180], axes: yxs",
            "field: lines",
            "picture-axes",
            "a.npy",
            ["state `colour`"],
        ),
        (FLAT, ANGLE, "field: lines", "missing-option", "fields.lines", ["`angles`"]),
        (FLAT, f"{ANGLE}, angles: [0, 180], take: stored", "field: lines", "meaningless-option", "fields.lines", ["take `angles` out"]),
        (FLAT, f"{ANGLE}, angles: [0, 180], window: 2", "field: lines", "meaningless-option", "fields.lines", ["'window'"]),
        (FLAT, "angles: [0, 180]", "field: lines", "meaningless-option", "fields.lines", ["orientation: angle"]),
        (FLAT, f"{TENSOR}, smooth: 0.1", "field: lines", "out-of-bounds", "fields.lines", ["at least 0.5"]),
        (FLAT, "take: stored", "field: lines", "meaningless-option", "fibres.field", ["has no directions"]),
        (FLAT, TENSOR, "field: line", "unknown-name", "fibres.field", ["did you mean 'lines'"]),
        (FLAT, TENSOR, "field: lines, direction: [1, 0]", "either-or", "tumour.fibres", ["both 'direction' and 'field'"]),
        (FLAT, TENSOR, "law: myopic", "either-or", "tumour.fibres", ["neither"]),
    ],
)
def test_what_is_refused(
    comm: Comm, shared_tmp: Path, array: np.ndarray, field: str, fibres: str, code: str, place: str, says: list[str]
) -> None:
    path = written(comm, shared_tmp, text_of(2, f"lines: {{image: a.npy, {field}}}", f"{fibres}, across: 0.1"), a=array)
    with refused(code, place, says=says):
        Simulation(path, comm=comm)


def test_a_file_that_is_no_picture(comm: Comm, shared_tmp: Path) -> None:
    path = written(comm, shared_tmp, text_of(2, f"lines: {{image: a.csv, {TENSOR}}}", "field: lines, across: 0.1"))
    if comm.rank == 0:
        (shared_tmp / "a.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    comm.barrier()
    with refused("unreadable-file", "a.csv", says=["not readable as a picture"]):
        Simulation(path, comm=comm)


DIRECTED = """\
mesh: MESH
model:
  cells:
    tumour: {initial: 1, motility: 1, fibres: {direction: DIRECTION, across: 0.2}}
    other: {initial: 1, motility: 1}
    round: {initial: 1, motility: 1, fibres: {direction: DIRECTION, across: 1}}
time: {end: 2, step: 1}
output: {every: 1, figures: false, regions: REGIONS}
"""


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("regions", ["all", "[bed]"])
def test_the_file_of_a_run_holds_the_directions(comm: Comm, shared_tmp: Path, dim: int, regions: str) -> None:
    """At the nodes that are written, without a sign, as long as they count; also of a run that was resumed."""
    direction, kind = ("[1, x/10]", "rectangle") if dim == 2 else ("[1, x/10, -1]", "box")
    bed = f"regions: {{bed: {{kind: {kind}, from: {[0] * dim}, to: {[20] * dim}}}}}"
    mesh = MESHES[dim].replace("}", f", {bed}}}")
    text = DIRECTED.replace("MESH", mesh).replace("DIRECTION", direction).replace("REGIONS", regions)
    path, out = written(comm, shared_tmp, text), shared_tmp / "out"
    with Simulation(path, comm=comm, out=out) as simulation:
        simulation.step()
    with Simulation(path, comm=comm, out=out, resume=True) as simulation:
        simulation.run()
    run = open_run(out)
    exact = np.ones((len(run.points), dim))
    exact[:, 1] = run.points[:, 0] / 10
    if dim == 3:
        exact[:, 2] = -1.0
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    along = run.fibres["tumour"]
    parallel_assert(comm, along.shape == exact.shape and set(run.fibres) == {"tumour"}, f"{set(run.fibres)}")
    off = float(np.abs(np.abs((along * exact).sum(axis=1)) - 1.0).max())
    parallel_assert(comm, off < 1e-6, f"off by {off:.1e}")
