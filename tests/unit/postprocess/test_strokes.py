"""Strokes along fibres: where they lie, how long they are, and that directions have no sign."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.postprocess.strokes import grid_of, strokes

CORNERS = np.array([[0, 1, 2]])
PLACE, MIDDLE = np.array([[3.0, 4.0]]), np.full((1, 3), 1 / 3)


def test_directions_have_no_sign() -> None:
    """Opposite vectors are one direction; the stroke lies along it, around its place, 0.7 of what lies between strokes long."""
    along = np.array([[0.6, 0.8], [-0.6, -0.8], [0.6, 0.8]])
    lines = strokes(along, CORNERS, MIDDLE, PLACE, 10.0)
    assert lines.mean(axis=1) == pytest.approx(PLACE)
    way = lines[0, 1] - lines[0, 0]
    assert np.linalg.norm(way) == pytest.approx(7.0)
    assert abs(way @ [0.6, 0.8]) == pytest.approx(7.0)


def test_length_follows_how_far_fibres_count() -> None:
    """Half of the coherence is half of the length; directions at right angles, and none at all, have no stroke."""
    half = strokes(np.tile([0.5, 0.0], (3, 1)), CORNERS, MIDDLE, PLACE, 10.0)
    assert np.linalg.norm(half[0, 1] - half[0, 0]) == pytest.approx(3.5)
    crossed = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    assert len(strokes(crossed, CORNERS, MIDDLE, PLACE, 10.0)) == 0
    assert len(strokes(np.zeros((3, 2)), CORNERS, MIDDLE, PLACE, 10.0)) == 0


def test_in_space_the_part_in_the_plane_is_drawn() -> None:
    along = np.tile([0.6, 0.0, 0.8], (4, 1))
    lines = strokes(along, np.array([[0, 1, 2, 3]]), np.full((1, 4), 0.25), PLACE, 10.0)
    assert np.linalg.norm(lines[0, 1] - lines[0, 0]) == pytest.approx(7.0 * 0.6)


@pytest.mark.parametrize("shape", [(447, 447), (100, 2000), (3, 2)])
def test_pixels_with_a_stroke(shape: tuple[int, int]) -> None:
    pixels, step = grid_of(shape)
    assert step >= 1 and pixels.min() >= 0 and pixels.max() < shape[0] * shape[1]
    assert len(np.unique(pixels)) == len(pixels) <= 30 * 30
