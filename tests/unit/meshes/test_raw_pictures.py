"""Pictures as a microscope gives them: uneven light, vessels as lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from invasio.meshes.image.picture import load
from invasio.meshes.image.segment import classify
from tests.lib.messages import refused
from tests.unit.meshes.build import make, measures, options

Array = np.ndarray
SIDE = 220


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests neither use nor fill the user's cache; the one of this test run is shared."""
    monkeypatch.setenv("INVASIO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def vessels() -> Array:
    """A tree of vessels, 9 pixels wide at its root and 4 at its tips."""
    image = Image.new("L", (SIDE, SIDE), 0)
    draw = ImageDraw.Draw(image)

    def branch(x: float, y: float, angle: float, width: float, length: float, further: int) -> None:
        end = (x + length * np.cos(angle), y + length * np.sin(angle))
        draw.line([x, y, *end], fill=255, width=round(width))
        draw.ellipse([end[0] - width / 2, end[1] - width / 2, end[0] + width / 2, end[1] + width / 2], fill=255)
        if further:
            branch(*end, angle + 0.5, 0.75 * width, 0.75 * length, further - 1)
            branch(*end, angle - 0.5, 0.75 * width, 0.75 * length, further - 1)

    branch(15, 110, 0, 9, 60, 2)
    return np.asarray(image) > 128


def light() -> Array:
    """Twice as much in one corner as in the opposite one."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    return np.asarray(110 + 60 * x + 50 * y)


def retina(path: Path) -> Path:
    """A picture like that of a retina: dark vessels on an uneven orange ground, with noise."""
    grey = light() * (1 - 0.35 * gaussian_filter(vessels().astype(float), 1)) + np.random.default_rng(3).normal(0, 4, (SIDE, SIDE))
    Image.fromarray(np.clip(np.stack([grey * 1.1, grey * 0.6, grey * 0.3], axis=-1), 0, 255).astype(np.uint8)).save(path)
    return path


def overlap(found: Array, wanted: Array) -> float:
    """Dice's coefficient."""
    return float(2 * (found & wanted).sum() / (found.sum() + wanted.sum()))


def test_vessels_of_a_retina_are_a_region_although_no_threshold_finds_them(tmp_path: Path) -> None:
    path = retina(tmp_path / "retina.png")
    given: dict[str, Any] = {"image": str(path), "holes": {}}
    by_ridges = {"vessels": {"ridges": "dark", "width": [3, 10]}, "tissue": "rest"}
    by_brightness = {"vessels": {"below": "otsu"}, "tissue": "rest"}
    found = {}
    for name, regions in {"ridges": by_ridges, "brightness": by_brightness}.items():
        chosen = options("image", **given, regions=regions)
        found[name] = overlap(classify(load(chosen).values, chosen, "picture") == 0, vessels())
    assert found["ridges"] > 0.85
    assert found["brightness"] < 0.5
    data = make("image", **given, regions=by_ridges, interfaces={"wall": ["vessels", "tissue"]})
    assert measures(data)["vessels"] == pytest.approx(vessels().sum(), rel=0.15)
    assert any("region vessels" in note and "in the mesh" in note for note in data.notes)


@pytest.mark.parametrize("flatten", [None, 40])
def test_the_black_frame_of_a_lens_is_no_vessel_and_hides_none(tmp_path: Path, flatten: float | None) -> None:
    """A round field, with corners that are not quite black: its rim is a stronger edge than any vessel."""
    picture = np.asarray(Image.open(retina(tmp_path / "whole.png"))).astype(float)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    inside = np.hypot(x, y) < 0.47 * SIDE
    picture *= gaussian_filter(inside.astype(float), 1.5)[..., None]
    picture += np.random.default_rng(4).uniform(0, 3, picture.shape)
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(tmp_path / "round.png")
    given = {"flatten": flatten, "regions": {"vessels": {"ridges": "dark", "width": [3, 10]}, "tissue": {"above": 0.15}}}
    chosen = options("image", image=str(tmp_path / "round.png"), holes={}, **given)
    found = classify(load(chosen).values, chosen, "picture")
    assert overlap(found == 0, vessels() & inside) > 0.8
    assert (found[(0, 0, -1, -1), (0, -1, 0, -1)] == -1).all()  # no tissue
    if flatten is None:
        from invasio.meshes.network import read_network
        from invasio.solver.scenario.network import Network

        network = read_network(Network.model_validate({"file": str(tmp_path / "round.png"), "loose_ends": "tip", "ridges": "dark"}), 2)
        assert (np.hypot(*(network.points - SIDE / 2).T) < 0.47 * SIDE).all()


def test_bright_lines_are_found_as_dark_ones_are(tmp_path: Path) -> None:
    np.save(tmp_path / "bright.npy", (light() * (1 + 0.4 * vessels())).astype(np.float32))
    chosen = options("image", image=str(tmp_path / "bright.npy"), regions={"v": {"ridges": "bright", "width": 6}, "t": "rest"})
    assert overlap(classify(load(chosen).values, chosen, "picture") == 0, vessels()) > 0.75


def test_uneven_light_goes_where_it_is_flattened(tmp_path: Path) -> None:
    """Half of the picture is cells 20 % darker than the rest, under light that differs twofold."""
    y, x = np.mgrid[:SIDE, :SIDE]
    cells = (x // 20 + y // 20) % 2 == 0
    np.save(tmp_path / "uneven.npy", (light() * (1 - 0.2 * cells)).astype(np.uint8))
    regions = {"cells": {"below": "otsu"}, "rest": "rest"}
    share = {}
    for flatten in (None, 40):
        chosen = options("image", image=str(tmp_path / "uneven.npy"), regions=regions, smooth=1, flatten=flatten)
        share[flatten] = float(((classify(load(chosen).values, chosen, "picture") == 0) == cells).mean())
    assert share[None] < 0.8
    assert share[40] > 0.93


@pytest.mark.parametrize("raw", [False, True])
def test_vessels_of_a_picture_are_a_network_with_radii(tmp_path: Path, raw: bool) -> None:
    """The tree of the drawing: 7 lines, 3 forks, 5 free ends, its length, and radii that fall by 3/4 at each fork."""
    from invasio.meshes.network import read_network
    from invasio.solver.scenario.network import Network

    if raw:
        path, given = retina(tmp_path / "retina.png"), {"ridges": "dark", "width": [3, 10]}
    else:
        path, given = tmp_path / "mask.tif", {}
        Image.fromarray(vessels().astype(np.uint8)).save(path)
    network = read_network(Network.model_validate({"file": str(path), "loose_ends": "tip", "unit": 2.0, **given}), 2)
    degree = np.bincount(network.segments.ravel())
    assert (int((degree == 1).sum()), int((degree == 3).sum())) == (5, 3)
    assert len(set(network.names)) == 7
    assert network.lengths.sum() == pytest.approx(2 * (60 + 2 * 45 + 4 * 33.75), rel=0.1)
    x = network.points[network.segments].mean(axis=1)[:, 0] / 2
    for low, high, radius in ((25, 65, 4.5), (85, 105, 3.4), (130, 180, 2.5)):
        assert network.radius[(x > low) & (x < high)].mean() / 2 == pytest.approx(radius, abs=1.0 if raw else 0.6)


def test_a_ring_in_a_volume_is_one_line(tmp_path: Path) -> None:
    import tifffile

    from invasio.meshes.network import read_network
    from invasio.solver.scenario.network import Network

    z, y, x = np.mgrid[:11, :40, :40] - np.array([5, 20, 20])[:, None, None, None]
    tifffile.imwrite(tmp_path / "ring.tif", ((np.hypot(np.hypot(x, y) - 13, z) < 2.5).astype(np.uint8)), photometric="minisblack")
    network = read_network(Network.model_validate({"file": str(tmp_path / "ring.tif"), "loose_ends": "tip"}), 3)
    assert network.lengths.sum() == pytest.approx(2 * np.pi * 13, rel=0.06)
    assert network.radius.mean() == pytest.approx(2.5, abs=0.5)
    assert (np.bincount(network.segments.ravel()) == 2).all()


def test_a_network_of_several_channels_says_what_a_network_can_do(tmp_path: Path) -> None:
    """There are no options of pictures in a network, so none is named."""
    import tifffile

    from invasio.meshes.network import read_network
    from invasio.solver.scenario.network import Network

    tifffile.imwrite(tmp_path / "two.tif", np.zeros((2, 9, 9), np.uint8), imagej=True, metadata={"axes": "CYX"})
    with refused("ambiguous-picture", "two.tif", "as a file of its own", ("2 channels",)):
        read_network(Network.model_validate({"file": str(tmp_path / "two.tif")}), 2)
