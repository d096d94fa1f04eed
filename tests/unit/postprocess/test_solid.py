"""Surfaces and pictures in space against closed forms: areas and volumes, what hides what, colours, shares of what shines through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invasio.postprocess.colours import colour_map
from invasio.postprocess.run import open_run
from invasio.postprocess.solid.body import Body, Plane, middle_plane
from invasio.postprocess.solid.camera import Camera, around
from invasio.postprocess.solid.figure import norm_of
from invasio.postprocess.solid.render import Part, render
from invasio.postprocess.solid.surface import Surface, above, clip, contour, gradient, skin
from tests.unit.output.synthetic import mesh
from tests.unit.postprocess.folders import make
from tests.unit.postprocess.test_figures import SCENARIO, state

RADIUS = 0.35


def cube(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points and cells of the unit cube, and the distance from a point near its middle."""
    points, cells = mesh(3, n)
    return points, cells, np.linalg.norm(points - [0.51, 0.49, 0.5], axis=1)


def test_the_surface_of_a_ball_has_its_area_and_volume_to_second_order() -> None:
    """4 pi r^2 and 4/3 pi r^3; halving the mesh takes the error to a quarter."""
    errors = []
    for n in (6, 12, 24):
        points, cells, distance = cube(n)
        ball = contour(points, cells, -distance, -RADIUS, {"distance": distance})
        errors.append((4 * np.pi * RADIUS**2 - ball.areas.sum(), 4 / 3 * np.pi * RADIUS**3 - ball.volume))
        np.testing.assert_allclose(ball.values["distance"], RADIUS, rtol=1e-12)
    area, volume = np.array(errors).T
    assert (np.log2(area[:-1] / area[1:]) > 1.8).all() and 0 < area[-1] < 0.01 * 4 * np.pi * RADIUS**2
    assert (np.log2(volume[:-1] / volume[1:]) > 1.8).all() and 0 < volume[-1] < 0.01


def test_a_body_at_the_rim_is_closed() -> None:
    """x < 0.3 in the unit cube: a slab of area 2 + 4 * 0.3 and volume 0.3, exactly; cut in two, its halves."""
    points, cells, _ = cube(5)
    slab = above(points, cells, -points[:, 0], -0.3, {"x": points[:, 0]})
    assert slab.areas.sum() == pytest.approx(3.2, rel=1e-12) and slab.volume == pytest.approx(0.3, rel=1e-12)
    half = clip(slab, slab.points[:, 1], 0.37)
    assert half.areas.sum() == pytest.approx(2 * 0.63 + 2 * 0.3 * 0.63 + 0.3, rel=1e-12) and half.points[:, 1].min() >= 0.37 - 1e-12
    np.testing.assert_allclose(half.values["x"], half.points[:, 0], atol=1e-12)
    assert skin(points, cells, {}).areas.sum() == pytest.approx(6.0, rel=1e-12)
    np.testing.assert_allclose(gradient(points, cells, points @ [1.0, 2.0, -3.0]), np.tile([1.0, 2.0, -3.0], (len(points), 1)), rtol=1e-10)


def square(height: float, half: float = 0.5) -> Surface:
    """A square across z."""
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    return Surface(np.column_stack([corners, np.full(4, height)]), np.array([[0, 1, 2], [0, 2, 3]]), {"x": corners[:, 0]})


FROM_ABOVE = Camera(-90.0, 90.0, np.zeros(3), (1.0, 1.0))
RED, BLUE = (1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 1.0)


def test_what_is_nearer_hides_what_is_behind_and_shares_add_up() -> None:
    """Pixels of squares seen from above: their number, which is in front, and a o b = a + (1 - alpha_a) b of what shines through."""
    low, high = Part(square(0.0), RED, lit=False), Part(square(0.3, 0.25), BLUE, lit=False)
    for parts in ([low, high], [high, low]):
        picture = render(parts, FROM_ABOVE, 40)
        assert picture.shape == (40, 40, 4) and (picture[..., 3] == 255).sum() == 400 and (picture[..., 3] == 0).sum() == 1200
        assert (picture == [0, 0, 255, 255]).all(axis=2).sum() == 100 and (picture == [255, 0, 0, 255]).all(axis=2).sum() == 300
    veils = [Part(square(z, 0.25), (*c, 0.5), lit=False, opaque=False) for z, c in ((0.3, (0.0, 0.0, 1.0)), (0.6, (0.0, 1.0, 0.0)))]
    hidden = Part(square(-0.5, 0.4), (0.0, 0.0, 0.0, 0.9), lit=False, opaque=False)
    for parts in ([low, *veils, hidden], [hidden, veils[1], veils[0], low]):
        assert render(parts, FROM_ABOVE, 40)[20, 20].tolist() == [64, 128, 64, 255]
    assert render(veils, FROM_ABOVE, 40)[20, 20, 3] == 191  # 1 - 1/2 * 1/2


def test_colours_of_a_section_are_those_of_its_bar() -> None:
    colours = colour_map("cells")
    part = Part(square(0.0), lambda x: np.asarray(colours(x + 0.5)), "x", lit=False)
    row = render([part], FROM_ABOVE, 80)[40, 20:60, :3]
    wanted = 255 * colours((np.arange(40) + 0.5) / 40)[:, :3]
    assert np.abs(row - wanted).max() < 8  # of 255: a pixel is a mean over its width


def test_a_camera_sees_all_and_its_axes_are_a_right_handed_frame() -> None:
    dice = np.random.default_rng(1)
    points = dice.normal(size=(200, 3))
    camera = around(points, 30.0, 20.0)
    seen = camera.seen(points)
    assert (np.abs(seen[:, :2]).max(axis=0) <= camera.half).all() and np.abs(seen[:, 0]).max() > 0.9 * camera.half[0]
    np.testing.assert_allclose(camera.axes @ camera.axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(camera.axes) == pytest.approx(1.0)
    turning = around(points, 30.0, 20.0, turning=True)
    for angle in range(0, 360, 5):
        again = Camera(float(angle), 20.0, turning.middle, turning.half).seen(points)[:, :2]
        assert (np.abs(again).max(axis=0) <= turning.half).all()


def test_the_body_of_a_run(comm: Any, shared_tmp: Path) -> None:
    """Front at x = 0.2 + 0.1 t where the density is 1/2: the closed body and its section have the areas of a slab."""
    run = open_run(make(shared_tmp / "run", comm, 3, 10, [0.0, 1.0, 3.0], state, SCENARIO))
    body = Body(run, level=0.5)
    front = body.parts(2)[1].surface
    assert front.areas.sum() == pytest.approx(2 + 4 * 0.5, rel=1e-3)
    parts = body.parts(2, middle_plane(run), norm_of(body, [2]))
    assert parts[1].surface.areas.sum() == pytest.approx(1 + 2 * 0.25 + 0.5, rel=1e-3)  # half the rim, without the cut
    assert parts[2].surface.areas.sum() == pytest.approx(0.5, rel=1e-3) and not parts[2].lit
    behind, before = body.outline(around(run.points, -62.0, 22.0))
    lengths = np.linalg.norm(np.diff(np.concatenate([behind, before]), axis=1), axis=2)
    assert len(behind) == 3 * 10 and len(before) == 9 * 10 and (lengths > 0).all()  # nine of the twelve edges of a cube are seen


def test_a_cut_through_two_kinds_of_cells_shows_their_sum_once(comm: Any, shared_tmp: Path) -> None:
    """Slabs x < 0.5 and x > 0.4 in one cut: its area is that of their union, 1, without a second layer in the same plane."""

    def two(points: np.ndarray, time: float) -> dict[str, np.ndarray]:
        return {"a": np.clip(1.5 - 2 * points[:, 0], 0, 1), "b": np.clip(2 * points[:, 0] + 0.2 - 0.5, 0, 1)}

    scenario = "name: a\nmodel: {cells: {a: {}, b: {}}}\n"
    run = open_run(make(shared_tmp / "run", comm, 3, 10, [0.0, 1.0], two, scenario))
    body = Body(run, level=0.5)
    parts = body.parts(1, middle_plane(run), norm_of(body, [1]))
    cuts = [part for part in parts if part.by == "density"]
    assert len(cuts) == 1 and cuts[0].surface.areas.sum() == pytest.approx(1.0, rel=1e-9)
    np.testing.assert_allclose(body.density(1), run.field("a", step=1) + run.field("b", step=1))


def test_walls_of_vessels_are_outlined_where_a_body_is_cut() -> None:
    angle = np.linspace(0.0, 2 * np.pi, 25)[:-1]
    rings = [np.column_stack([0.3 * np.cos(angle), np.full(24, y), 0.3 * np.sin(angle)]) for y in (-1.0, 1.0)]
    k, after = np.arange(24), np.roll(np.arange(24), -1)
    triangles = np.concatenate([np.column_stack([k, after, k + 24]), np.column_stack([after, after + 24, k + 24])])
    body = Body.__new__(Body)
    body.tubes = {"blood": Surface(np.concatenate(rings), triangles)}
    camera = Camera(azimuth=-90.0, elevation=0.0, middle=np.zeros(3), half=(1.0, 1.0))
    ends = body.walls_crossed(Plane(np.zeros(3), np.array([0.0, 1.0, 0.0])), camera)["blood"]
    assert np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1).sum() == pytest.approx(0.6 * np.pi, rel=0.01)
    radii = np.linalg.norm(ends, axis=2)
    assert radii.max() <= 0.3 + 1e-12 and radii.min() > 0.295
