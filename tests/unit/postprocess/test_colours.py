"""Colours mean the same everywhere: in maps, in their bars, on a picture of tissue, in space and in ParaView."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from invasio.postprocess.colours import KINDS, colour_map, integrity_map, samples, scale_of
from invasio.postprocess.maps import Plane, coloured, map_grid
from invasio.postprocess.paraview.script import describe
from invasio.postprocess.picture import background
from invasio.postprocess.run import open_run
from invasio.postprocess.style import Page, front_level, limits, style, thins_out
from tests.unit.postprocess.folders import make
from tests.unit.postprocess.test_figures import SCENARIO, TIMES, state


def test_the_map_of_cells_begins_with_white_and_darkens_steadily() -> None:
    colours = colour_map("cells")(np.linspace(0, 1, 256))[:, :3]
    light = colours @ [0.2126, 0.7152, 0.0722]
    assert colours[0].tolist() == [1.0, 1.0, 1.0] and light[-1] < 0.05 and np.diff(light).max() < 1e-9
    assert len({tuple(map(tuple, samples(kind))) for kind in KINDS}) == len(KINDS)


@pytest.fixture
def on_picture(comm: Any, shared_tmp: Path) -> Path:
    """A run on a red picture."""
    matplotlib.image.imsave(shared_tmp / "tissue.png", np.tile([1.0, 0.0, 0.0], (20, 20, 1)))
    mesh = f"mesh: {{kind: image, image: {shared_tmp / 'tissue.png'}, pixel: 0.05}}\n"
    return make(shared_tmp / "run", comm, 2, 12, TIMES, state, SCENARIO + mesh)


def test_a_picture_beneath_changes_no_colour_and_can_be_left_out(on_picture: Path) -> None:
    """Pixels of the map are those of its colour bar wherever it is seen, with and without the picture."""
    run = open_run(on_picture)
    panels: dict[bool, Any] = {}
    for section in (True, False):
        with style(Page(section=section)):
            figure = map_grid(run, ["tumour"], [4], Plane(run))
            panels[section] = [np.array(image.get_array()) for image in figure.axes[0].images]
            bar = figure.axes[-1]
            assert bar.get_ylabel() == "tumour"
            note = " ".join(text.get_text() for text in figure.texts)
            assert ("section where tumour" in note) == section
    (picture, above), (alone,) = panels[True], panels[False]
    assert picture.shape == (20, 20, 3)
    shown = above[..., 3] == 1.0
    assert 0.2 < shown.mean() < 0.95 and set(np.unique(above[..., 3])) == {0.0, 1.0}
    np.testing.assert_array_equal(above[shown], alone[shown])
    with style(Page(section=True)):
        plane = Plane(run)
    raster = plane.raster(run.field("tumour", step=4))
    np.testing.assert_array_equal(shown, raster >= front_level(run, "tumour", 0))
    norm = scale_of(*limits(run, "tumour"), root=thins_out(run, "tumour"))
    np.testing.assert_array_equal(coloured(raster, norm, "cells"), alone)


def test_label_pictures_have_tints_and_no_grey(comm: Any, shared_tmp: Path) -> None:
    labels = np.zeros((6, 8), dtype=np.uint8)
    labels[:, 4:], labels[:2, :2] = 1, 2
    from PIL import Image

    Image.fromarray(labels).save(shared_tmp / "labels.png")
    regions = "{a: {kind: by_label, label: 1}, b: {kind: by_label, label: [2, 3]}}"
    mesh = f"mesh: {{kind: image, image: {shared_tmp / 'labels.png'}, pixel: 0.1, regions: {regions}}}\n"
    picture = background(open_run(make(shared_tmp / "run", comm, 2, 4, [0.0], state, SCENARIO + mesh)))
    assert picture is not None and picture.labels and picture.pale.shape == (6, 8, 3)
    tints = {tuple(picture.pale[at]) for at in ((0, 6), (0, 0), (4, 0))}
    assert len(tints) == 3 and (255, 255, 255) in tints
    assert all(tint == (255, 255, 255) or np.ptp(tint) > 10 for tint in tints)


def test_paraview_gets_the_colours_of_the_figures(on_picture: Path) -> None:
    facts = describe(open_run(on_picture))
    for panel in facts["panels"]:
        given = np.array(facts["colours"][panel["kind"]])
        wanted = colour_map(panel["kind"])(np.linspace(0, 1, len(given)))[:, :3]
        np.testing.assert_allclose(given, wanted, atol=1e-4)
    at = np.array(facts["integrity"])
    np.testing.assert_allclose(at[:, 1:], integrity_map(0.5)(at[:, 0])[:, :3], atol=5e-3)  # shares are rounded
