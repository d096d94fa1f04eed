"""Large mesh files and pictures: converted once, then every rank reads its part; the mesh is the same however it came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest

from invasio.meshes import build as building
from invasio.meshes import kept
from invasio.meshes.build import build_data, build_domain, parted
from invasio.meshes.distribute import mesh_hash
from invasio.meshes.domain import Domain, MeshData
from invasio.meshes.structured import structured
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.parallel.test_meshes import verify
from tests.unit.meshes.build import options

pytestmark = pytest.mark.mpi

CUT = {"bm": ["bed", "tissue"]}


@pytest.fixture
def cache(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of kept meshes; every file and picture counts as large."""
    monkeypatch.setenv("INVASIO_CACHE", str(shared_tmp / "cache"))
    monkeypatch.setattr(kept, "LARGE", 0)
    monkeypatch.setattr(kept, "CELLS", 0)
    return shared_tmp / "cache" / "meshes"


def box(comm: Comm, path: Path, scale: float = 1.0) -> Any:
    """Options of a file with a box of two regions, its nodes and cells in disorder."""
    if comm.rank == 0:
        data = structured(options("box", cells=[5, 4, 3], regions={"bed": {"kind": "box", "from": [0, 0, 0], "to": [0.4, 1, 1]}}))
        dice = np.random.default_rng(1)
        place, order = dice.permutation(len(data.points)), dice.permutation(len(data.cells))
        points = np.empty_like(data.points)
        points[place] = data.points * scale
        tags = data.cell_region[order].astype(np.int32) + 1
        meshio.write(path, meshio.Mesh(points, [("tetra", place[data.cells[order]])], cell_data={"region": [tags]}))
    comm.barrier()
    return options("file", path=str(path), regions={"bed": 1, "tissue": 2}, interfaces=CUT)


def same(comm: Comm, one: Domain, two: Domain) -> None:
    """The same nodes and cells on every rank, in the same order."""
    for a, b in ((one.mesh.nodes, two.mesh.nodes), (one.mesh.numbers, two.mesh.numbers), (one.mesh.cells, two.mesh.cells)):
        parallel_assert(comm, bool(np.array_equal(a, b)), "the same parts")
    parallel_assert(comm, one.hash == two.hash and one.notes == two.notes and one.source == two.source, "and the same facts")


def never(*_: Any) -> MeshData:
    raise AssertionError("the mesh is there")


@pytest.mark.parametrize("membranes", [[], ["bm"]], ids=["whole", "cut"])
def test_the_second_run_reads_parts_of_the_same_mesh(
    comm: Comm, shared_tmp: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, membranes: list[str]
) -> None:
    of = box(comm, shared_tmp / "box.vtu")
    data = parted(build_data(of), of, membranes, [])
    first = build_domain(of, comm, membranes)
    parallel_assert(comm, len(list(cache.glob("*.h5"))) == 1, "kept")
    with monkeypatch.context() as patched:
        patched.setattr(building, "build_data", never)
        second = build_domain(of, comm, membranes)
    same(comm, first, second)
    parallel_assert(comm, second.hash == mesh_hash(data), "hash of the mesh as it came")
    verify(comm, second, data)
    for name, whole in data.membranes.items():
        part = second.membranes[name]
        parallel_assert(comm, (part.rim, part.measure, part.n_facets, part.n_pairs) == (whole.rim, whole.measure, *_counts(whole)), "sums")
        mine = np.sort(np.concatenate(comm.allgather(part.facet_numbers)))
        parallel_assert(comm, bool(np.array_equal(mine, np.arange(whole.n_facets))), "each facet once")
        parallel_assert(comm, bool(np.array_equal(whole.facets[part.facet_numbers], part.facets)), "facets")
        parallel_assert(comm, bool(np.array_equal(whole.pairs[part.pair_numbers], part.pairs)), "pairs")
        held = np.isin(whole.pairs, second.mesh.nodes).any(axis=1)
        parallel_assert(comm, bool(np.array_equal(np.flatnonzero(held), part.pair_numbers)), "those with a node here")
        parallel_assert(comm, bool(np.array_equal(whole.sigma[part.pair_numbers], part.sigma)), "sigma")
    sizes = comm.allgather(second.mesh.n_owned_cells)
    parallel_assert(comm, max(sizes) - min(sizes) <= 1, "no rank has more")


def _counts(whole: Any) -> tuple[int, int]:
    return whole.n_facets, whole.n_pairs


def test_what_cannot_be_kept_or_was_damaged_comes_in_the_same_parts(comm: Comm, shared_tmp: Path, cache: Path) -> None:
    of = box(comm, shared_tmp / "box.vtu")
    if comm.rank == 0:
        cache.parent.mkdir()
        cache.write_text("no folder")
    comm.barrier()
    without = build_domain(of, comm)
    comm.barrier()
    if comm.rank == 0:
        cache.unlink()
    comm.barrier()
    same(comm, without, build_domain(of, comm))
    (path,) = cache.glob("*.h5")
    good = path.read_bytes()
    comm.barrier()
    if comm.rank == 0:
        data = bytearray(good)
        at = data.index(np.ascontiguousarray(build_data(of).points[3]).tobytes())
        data[at + 4] ^= 1
        path.write_bytes(data)
    comm.barrier()
    same(comm, without, build_domain(of, comm))
    parallel_assert(comm, len(path.read_bytes()) == len(good), "made anew")
    comm.barrier()
    if comm.rank == 0:
        path.write_bytes(good[:1000])
    comm.barrier()
    same(comm, without, build_domain(of, comm))


def test_another_content_is_another_mesh(comm: Comm, shared_tmp: Path, cache: Path) -> None:
    """Also of the file that the one of the scenario refers to, with the same name."""
    for ending, times in ((".vtu", 1), (".xdmf", 2)):
        first = build_domain(box(comm, shared_tmp / f"mesh{ending}"), comm)
        second = build_domain(box(comm, shared_tmp / f"mesh{ending}", 2.0), comm)
        largest = [max(comm.allgather(float(d.mesh.points.max(initial=0.0)))) for d in (first, second)]
        parallel_assert(comm, largest == [1.0, 2.0], f"{ending}: not the one before")
        parallel_assert(comm, len(list(cache.glob("*.h5"))) == 2 * times, "both are kept")
        comm.barrier()


def test_a_picture_too(comm: Comm, shared_tmp: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if comm.rank == 0:
        labels = np.zeros((24, 32), dtype=np.uint8)
        labels[:, 16:] = 1
        np.save(shared_tmp / "labels.npy", labels)
    comm.barrier()
    of = options(
        "image", image=str(shared_tmp / "labels.npy"), axes="yx", regions={"bed": 0, "tissue": 1}, interfaces=CUT, holes={}, smallest=4
    )
    first = build_domain(of, comm, ["bm"])
    with monkeypatch.context() as patched:
        patched.setattr(building, "build_data", never)
        second = build_domain(of, comm, ["bm"])
    same(comm, first, second)
    verify(comm, second, parted(build_data(of), of, ["bm"], []))
    parallel_assert(comm, (second.section is not None) == (comm.rank == 0), "the picture is on rank 0")
    if first.section is not None and second.section is not None:
        assert np.array_equal(first.section.pixels, second.section.pixels) and first.section.extent == second.section.extent
