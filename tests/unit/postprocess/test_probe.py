"""Finding cells, and measuring along rays: exact for what P1 holds exactly."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.postprocess.probe import Locator, Ray, axes_and_diagonals, directions, peak
from tests.unit.output.synthetic import mesh


def cube(dim: int, n: int, squeeze: float = 1.0) -> Locator:
    points, cells = mesh(dim, n)
    points = points[:, :dim].copy()
    points[:, -1] *= squeeze
    return Locator(points, cells)


@pytest.mark.parametrize(("dim", "n"), [(1, 30), (2, 12), (3, 6)])
@pytest.mark.parametrize("squeeze", [1.0, 0.001])
def test_linear_fields_are_exact_everywhere(dim: int, n: int, squeeze: float) -> None:
    locator = cube(dim, n, squeeze)
    slope = np.array([2.0, -3.0, 5.0])[:dim]
    at = np.random.default_rng(3).random((500, dim)) * [*[1.0] * (dim - 1), squeeze]
    at[:10] = locator.points[:10]  # nodes themselves
    np.testing.assert_allclose(locator.values(locator.points @ slope + 1.0, at), at @ slope + 1.0, rtol=0, atol=1e-10)
    cell, share = locator.locate(at)
    assert (cell >= 0).all()
    assert share.min() >= -1e-9
    np.testing.assert_allclose(share.sum(axis=1), 1.0, atol=1e-12)


def test_outside_and_in_a_hole_there_is_nothing() -> None:
    points, cells = mesh(2, 10)
    middle = np.abs(points[cells].mean(axis=1)[:, :2] - 0.5).max(axis=1) < 0.15
    locator = Locator(points[:, :2], cells[~middle])
    found = locator.values(np.ones(len(points)), np.array([[0.5, 0.5], [0.1, 0.1], [1.1, 0.5], [-1e-3, 0.2], [5.0, 5.0]]))
    np.testing.assert_array_equal(np.isnan(found), [True, False, True, True, True])


@pytest.mark.parametrize(("dim", "n"), [(1, 20), (2, 10), (3, 5)])
def test_a_level_of_a_linear_field_is_exact(dim: int, n: int) -> None:
    locator = cube(dim, n)
    ray = Ray(locator, np.full(dim, 0.05), np.eye(dim)[0])
    assert ray.outermost(1.0 - locator.points[:, 0], 0.3) == pytest.approx(0.65, abs=1e-9)
    assert ray.outermost(locator.points[:, 0], 0.3) == pytest.approx(0.25, abs=1e-9)  # upwards too
    assert np.isnan(ray.outermost(locator.points[:, 0], 3.0))


def test_the_outermost_crossing_counts() -> None:
    locator = cube(1, 100)
    ray = Ray(locator, np.zeros(1), np.ones(1))
    x = locator.points[:, 0]
    assert ray.outermost(np.where(x < 0.2, 1.0, 0.0) + np.where((x > 0.6) & (x < 0.8), 1.0, 0.0), 0.5) == pytest.approx(0.795, abs=0.006)


def test_peaks() -> None:
    s = np.linspace(0, 1, 101, dtype=np.float64)
    place, height = peak(s, 3.0 - (s - 0.4321) ** 2, 0.01)
    assert (place, height) == (pytest.approx(0.4321, abs=1e-12), pytest.approx(3.0, abs=1e-12))
    two = np.exp(-((s - 0.2) ** 2) / 0.002) + 0.3 * np.exp(-((s - 0.7) ** 2) / 0.002)
    assert peak(s, two, 0.01) == (pytest.approx(0.7, abs=1e-4), pytest.approx(0.3, abs=1e-4))
    assert np.isnan(peak(s, np.exp(-s), 0.01)).all()  # only falls
    assert np.isnan(peak(s, two, 0.01, after=0.75)).all()
    noise = np.exp(-s / 0.05) + 1e-9 * np.sin(300 * s)
    assert np.isnan(peak(s, noise, 0.01)).all()  # rounding in the tail is no peak


def test_directions_are_unit_vectors_without_a_preference() -> None:
    for dim, count in ((1, 2), (2, 64), (3, 200)):
        rays = directions(dim)
        assert rays.shape == (count, dim)
        np.testing.assert_allclose(np.linalg.norm(rays, axis=1), 1.0, atol=1e-12)
        np.testing.assert_allclose(rays.mean(axis=0), 0.0, atol=2e-3)
    assert [len(axes_and_diagonals(dim)) for dim in (1, 2, 3)] == [2, 8, 26]
