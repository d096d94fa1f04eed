"""Volumes of labels become meshes with smooth surfaces that keep the volumes; pictures of labels keep their areas; what changes is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invasio.meshes.domain import MeshData
from invasio.meshes.facets import facet_measures
from invasio.meshes.fitted import fitted
from invasio.meshes.quality import quality
from tests.lib.messages import refused
from tests.unit.meshes.build import make, measures

Array = np.ndarray


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests neither use nor fill the user's cache; the one of this test run is shared."""
    monkeypatch.setenv("INVASIO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def grid(n: int) -> tuple[Array, Array, Array]:
    """Coordinates x, y, z of the voxels of a cube."""
    z, y, x = np.mgrid[:n, :n, :n] + 0.5
    return x, y, z


def ball(radius: float) -> Array:
    """A ball off the centre of the voxels."""
    n = int(2 * radius) + 7
    x, y, z = grid(n)
    c = n / 2 + 0.13
    return ((x - c) ** 2 + (y - c) ** 2 + (z - c - 0.2) ** 2 < radius**2).astype(np.uint8)


def meshed(tmp_path: Path, array: Array, **given: Any) -> MeshData:
    """The mesh of labels 0 (out) and 1 (in) with their interface m."""
    np.save(tmp_path / "labels.npy", array)
    regions = {"out": 0, "in": 1}
    interfaces = {"m": ["out", "in"]}
    return make("image", **{"image": str(tmp_path / "labels.npy"), "regions": regions, "interfaces": interfaces, **given})


def area(data: MeshData, name: str = "m") -> float:
    """Of an interface."""
    return float(facet_measures(data.points, data.interfaces[name]).sum())


@pytest.mark.parametrize(("radius", "size"), [(4, None), (6, None), (9, 1.5), (9, 2.0)])
def test_area_and_volume_of_a_ball(tmp_path: Path, radius: float, size: float | None) -> None:
    array = ball(radius)
    data = meshed(tmp_path, array, **({} if size is None else {"size": size}))
    volume = float(array.sum())
    assert measures(data)["in"] == pytest.approx(volume, rel=2e-3)
    assert area(data) == pytest.approx(4 * np.pi * (3 * volume / 4 / np.pi) ** (2 / 3), rel=0.03)
    assert quality(data).slivers == 0


@pytest.mark.parametrize("radius", [2.5, 4])
def test_area_of_a_tube_that_leaves_through_the_sides(tmp_path: Path, radius: float) -> None:
    x, y, _ = grid(16)
    data = meshed(tmp_path, ((x - 8.1) ** 2 + (y - 8.2) ** 2 < radius**2).astype(np.uint8))
    assert area(data) == pytest.approx(2 * np.pi * radius * 16, rel=0.05)
    assert data.points.min(axis=0).tolist() == [0, 0, 0]
    assert data.points.max(axis=0).tolist() == [16, 16, 16]


def test_area_of_an_oblique_plane_and_of_one_along_the_voxels(tmp_path: Path) -> None:
    x, y, z = grid(20)
    data = meshed(tmp_path, (0.3 * x + 0.5 * y + z < 17).astype(np.uint8))
    assert area(data) == pytest.approx(400 * np.sqrt(1 + 0.09 + 0.25), rel=0.01)
    assert area(meshed(tmp_path, (z < 7).astype(np.uint8))) == pytest.approx(400)


def test_membrane_and_outer_wall_have_the_area_of_the_shape(tmp_path: Path) -> None:
    from invasio.meshes.cut import cut

    array = ball(6)
    exact = 4 * np.pi * (3 * float(array.sum()) / 4 / np.pi) ** (2 / 3)
    membrane = cut(meshed(tmp_path, array), ["m"]).membranes["m"]
    assert membrane.measure == pytest.approx(exact, rel=0.03)
    assert membrane.sigma.sum() == pytest.approx(membrane.measure)
    np.save(tmp_path / "alone.npy", array)
    alone = make("image", image=str(tmp_path / "alone.npy"), regions={"in": 1})
    assert facet_measures(alone.points, alone.boundaries["outside"]).sum() == pytest.approx(exact, rel=0.03)


def test_regions_that_meet_in_lines_and_points_keep_their_volumes(tmp_path: Path) -> None:
    x, y, z = grid(18)
    array = np.ones(x.shape, dtype=np.uint8)
    array[x + 0.3 * y > 13] = 2
    array[(x - 9) ** 2 + (y - 9) ** 2 + (z - 9) ** 2 < 25] = 3
    array[(z > 9) & (array == 3)] = 4
    np.save(tmp_path / "four.npy", array)
    data = make("image", image=str(tmp_path / "four.npy"), regions={"a": 1, "b": 2, "c": 3, "d": 4})
    for k, name in enumerate("abcd", start=1):
        assert measures(data)[name] == pytest.approx((array == k).sum(), rel=5e-3), name
    assert quality(data).slivers == 0


def test_noise_neither_folds_cells_nor_hangs() -> None:
    labels = np.random.default_rng(7).integers(0, 4, (9, 10, 11)).astype(np.int32)
    counts = {int(k): float((labels == k).sum()) for k in np.unique(labels)}
    found = fitted(labels, counts, 30)
    from invasio.meshes.facets import signed_measures
    from invasio.meshes.quality import radius_ratios

    assert signed_measures(found.points, found.cells).min() > 0
    assert radius_ratios(found.points, found.cells).min() >= 0.1
    assert signed_measures(found.points, found.cells).sum() == pytest.approx(labels.size)
    assert found.held > 0


def test_lattice_without_smoothing_says_what_it_is(tmp_path: Path) -> None:
    data = meshed(tmp_path, ball(6), surfaces="lattice")
    assert area(data) > 1.4 * 4 * np.pi * 36
    assert any("surfaces lattice" in note for note in data.notes)


def test_lattices_that_no_machine_holds_are_refused(tmp_path: Path) -> None:
    with refused("too-fine", "labels.npy", "`size`", ("400 x 400 x 400",)):
        meshed(tmp_path, ball(6)[:16, :16, :16], size=0.04)


@pytest.mark.parametrize("radius", [5, 8, 12, 30])
def test_areas_of_labels_in_a_picture_stay_within_two_per_cent_and_what_changes_is_said(tmp_path: Path, radius: float) -> None:
    y, x = np.mgrid[:90, :90] + 0.5
    array = ((x - 45) ** 2 + (y - 45.3) ** 2 < radius**2).astype(np.uint8)
    data = meshed(tmp_path, array)
    pixels = int(array.sum())
    assert measures(data)["in"] == pytest.approx(pixels, rel=0.02)
    assert area(data) == pytest.approx(2 * np.pi * np.sqrt(pixels / np.pi), rel=0.04)
    assert any(note.startswith(f"region in: {pixels} pixels, in the mesh") for note in data.notes)


def test_what_smoothing_takes_is_pointed_at(tmp_path: Path) -> None:
    y, x = np.mgrid[:90, :90] + 0.5
    array = ((x - 45) ** 2 + (y - 45) ** 2 < 25).astype(np.uint8)
    data = meshed(tmp_path, array, outline=8, smallest=1)
    (note,) = [note for note in data.notes if note.startswith("region in:")]
    assert "-" in note and note.endswith("smaller `smallest`, `outline` or `size` change less")
