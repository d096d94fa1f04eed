"""The picture beneath the figures lies where the tissue lies, whatever the file says of its pixels and whatever part is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from invasio.meshes.cache import cached
from invasio.meshes.image.build import _made
from invasio.meshes.image.files.stored import Picture
from invasio.meshes.image.section import section
from invasio.postprocess.maps import Plane
from invasio.postprocess.run import open_run
from invasio.solver.scenario.base import Context
from invasio.solver.scenario.units import measure
from tests.unit.meshes.build import ADAPTER

PIXEL = 0.4  # um
NEST = np.s_[20:50, 40:100]  # rows and columns of label 2
PARTS: dict[str, dict[str, Any]] = {"whole": {}, "part": {"crop": [10, 10, 110, 70]}, "smaller": {"shrink": 2}}


def fiji(path: Path) -> Path:
    """A 16-bit label image of 120 x 80 pixels as ImageJ saves it, with the size of a pixel in its description."""
    labels = np.ones((80, 120), np.uint16)
    labels[NEST] = 2
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = "ImageJ=1.54f\nunit=micron\n"
    tags[282] = tags[283] = TiffImagePlugin.IFDRational(round(1e6 / PIXEL), 10**6)
    tags[296] = 1
    Image.fromarray(labels).save(path, tiffinfo=tags)
    return path


def options(path: Path, **more: Any) -> Any:
    context = Context(scales={"length": measure("1 um")})
    given = {"kind": "image", "image": str(path), "regions": {"stroma": 1, "nest": 2}, "size": "3 um", "smallest": 1, **more}
    return ADAPTER.validate_python(given, context={"context": context})


@pytest.mark.parametrize(("rows", "columns"), [(2, 5000), (5000, 1), (4800, 3200)])
def test_of_a_strip_something_is_kept(rows: int, columns: int) -> None:
    """A picture is kept with 1600 pixels along an edge, or with more where it would have none across."""
    values = np.full((rows, columns, 3), 128, dtype=np.uint8)
    seen = section(Picture(values, False, (None, None), (0.0, 0.0), (1.0, 1.0), (columns, rows)), (1.0, 1.0), None)
    assert seen.pixels.size and (seen.pixels == 128).all()
    left, right, bottom, top = seen.extent
    assert (left, top) == (0.0, 0.0) and 0 <= columns - right < 3 and 0 <= rows - bottom < 3


@pytest.mark.parametrize("name", PARTS)
def test_a_label_lies_on_its_region(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The rectangle of label 2 in the section is the region nest of the mesh, within a pixel; the cache keeps it."""
    monkeypatch.setenv("INVASIO_CACHE", str(tmp_path))
    made = _made(options(fiji(tmp_path / "a.tif"), **PARTS[name]))
    for data in (cached("a", lambda: made), cached("a", lambda: made)):
        seen = data.section
        assert seen is not None and seen.labels and np.unique(seen.pixels).tolist() == [1, 2]
        left, right, bottom, top = seen.extent
        rows, columns = np.nonzero(seen.pixels == 2)
        size = np.array([(right - left) / seen.pixels.shape[1], (bottom - top) / seen.pixels.shape[0]])
        low = np.array([left, top]) + size * [columns.min(), rows.min()]
        high = np.array([left, top]) + size * [columns.max() + 1, rows.max() + 1]
        nest = data.points[data.cells[data.cell_region == 1]].reshape(-1, 2)
        np.testing.assert_allclose([low, high], PIXEL * np.array([[40, 20], [100, 50]]), atol=1e-6)
        np.testing.assert_allclose([nest.min(axis=0), nest.max(axis=0)], [low, high], atol=PIXEL * 2)


def test_colours_are_kept_as_seen(tmp_path: Path) -> None:
    """Large pictures are made smaller by the means of their pixels; grey ones of 16 bits are as bright as viewers show them."""
    picture = np.zeros((1000, 3300, 3), np.uint8)
    picture[:, ::2] = (200, 100, 0)
    picture[:, 1600:] = (0, 0, 250)
    Image.fromarray(picture).save(tmp_path / "a.png")
    given = {"regions": {"a": "orange", "b": "blue"}, "holes": {}, "pixel": "1 um", "size": "100 um", "smooth": 0}
    seen = _made(options(tmp_path / "a.png", **given)).section
    assert seen is not None and not seen.labels and seen.pixels.shape == (333, 1100, 3)
    assert seen.extent == (0.0, 3300.0, 999.0, 0.0)
    assert np.abs(seen.pixels[:, :500].astype(float).mean(axis=(0, 1)) - [100, 50, 0]).max() < 1
    assert np.abs(seen.pixels[:, 600:].astype(float) - [0, 0, 250]).max() < 1


def test_a_run_keeps_it_for_its_maps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the scale of the file, and without the file."""
    from invasio.solver.api import run as compute

    monkeypatch.setenv("INVASIO_CACHE", str(tmp_path / "cache"))
    fiji(tmp_path / "a.tif")
    (tmp_path / "a.yaml").write_text(
        "schema_version: 1\nname: a\nscales: {length: 1 um, time: 1 h, cells: 1e8 /cm^3, depth: 10 um, ecm: 1}\n"
        "mesh: {kind: image, image: a.tif, regions: {stroma: 1, nest: 2}, size: 3 um, smallest: 1}\n"
        "model: {cells: {tumour: {initial: {nest: 1}, motility: 1}}, ecm: {initial: 1}}\ntime: {end: 0.1, step: 0.1}\n"
    )
    compute(tmp_path / "a.yaml", out=tmp_path / "out")
    (tmp_path / "a.tif").unlink()
    picture = Plane(open_run(tmp_path / "out")).picture
    assert picture is not None and picture.labels
    np.testing.assert_allclose(picture.extent, [0, 120 * PIXEL, 80 * PIXEL, 0], atol=1e-6)
    assert len({tuple(colour) for colour in picture.pale[:, 70]}) == 2
