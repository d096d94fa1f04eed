"""Where surfaces cross the plane of a picture."""

from __future__ import annotations

import numpy as np

from invasio.postprocess.slices import crossed

PYRAMID = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
SIDES = PYRAMID[[[0, 1, 4], [1, 2, 4], [4, 2, 3], [3, 4, 0]]]


def test_a_pyramid_is_cut_in_a_square() -> None:
    """At height h the corners lie at 1 - h from the axis; each side gives one edge."""
    segments, which = crossed(SIDES, 0.25)
    assert which.tolist() == [0, 1, 2, 3]
    assert np.allclose(np.abs(segments).sum(axis=2), 0.75, rtol=1e-15)
    assert np.allclose(np.linalg.norm(segments[:, 1] - segments[:, 0], axis=1), 0.75 * np.sqrt(2.0), rtol=1e-15)


def test_what_does_not_reach_the_plane_is_left_out() -> None:
    """Above, below, and one side of four."""
    assert len(crossed(SIDES, 1.5)[0]) == len(crossed(SIDES, -0.5)[0]) == 0
    lifted = SIDES.copy()
    lifted[[0, 1, 3]] += 5.0
    assert crossed(lifted, 0.5)[1].tolist() == [2]
