"""Random fields are functions of position and seed."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.solver.scenario.noise import value_noise


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_depends_on_position_and_seed_only(dim: int) -> None:
    points = np.random.default_rng(5).uniform(-3, 3, (500, dim))
    field = value_noise(points, 0.2, 7)
    order = np.random.default_rng(6).permutation(len(points))
    np.testing.assert_array_equal(value_noise(points[order], 0.2, 7), field[order])
    np.testing.assert_array_equal(value_noise(points[:1], 0.2, 7), field[:1])
    assert field.min() >= 0 and field.max() <= 1
    assert np.abs(value_noise(points, 0.2, 8) - field).max() > 0.1


def test_known_values_do_not_change_between_versions() -> None:
    points = np.array([[0.0, 0.0, 0.0], [0.25, 0.5, 0.75], [-1.3, 2.6, 0.1]])
    np.testing.assert_allclose(value_noise(points, 0.5, 1), [0.4071559758835982, 0.7733931250183573, 0.2140058164471503], rtol=1e-14)


def test_smooth_and_spread_evenly() -> None:
    line = np.linspace(0, 200, 200_001, dtype=np.float64)[:, None]
    field = value_noise(line, 1.0, 3)
    slope = np.abs(np.diff(field)) / 1e-3
    assert slope.max() <= 1.5 + 1e-6  # the blend 3s^2 - 2s^3 has slope 3/2 between values 0 and 1
    corners = value_noise(np.arange(20_000, dtype=np.float64)[:, None], 1.0, 3)
    assert corners.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * len(corners)))
    assert corners.var() == pytest.approx(1 / 12, rel=0.05)


def test_scale_must_be_positive() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        value_noise(np.zeros((1, 2)), 0.0, 1)
