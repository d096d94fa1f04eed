"""Discs and balls on a lattice whose nodes lie on them: lengths, areas, volumes, also at sides, in each other and across each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from invasio.meshes.build import build_data
from invasio.meshes.facets import facet_measures, signed_measures
from invasio.meshes.quality import radius_ratios
from tests.unit.meshes.build import check, options

KINDS = {2: ("rectangle", "disc"), 3: ("box", "ball")}


def made(dim: int, count: int, shapes: dict[str, tuple[list[float], float]], outlines: str = "fitted", **more: Any) -> Any:
    """A lattice of squares or cubes of edge 1 with round regions."""
    kind, shape = KINDS[dim]
    regions = {name: {"kind": shape, "centre": centre, "radius": radius} for name, (centre, radius) in shapes.items()}
    given = {"from": [0] * dim, "to": [count] * dim, "cells": [count] * dim, "regions": regions, "outlines": outlines, **more}
    return build_data(options(kind, **given))


def volumes(data: Any) -> dict[str, float]:
    """Of the regions."""
    sizes = signed_measures(data.points, data.cells)
    return {name: float(sizes[data.cell_region == k].sum()) for k, name in enumerate(data.regions)}


@pytest.mark.parametrize("shift", [0.0, 0.17, 0.5])
@pytest.mark.parametrize(("dim", "radius"), [(2, 4.0), (2, 9.3), (3, 4.0), (3, 6.7)])
def test_a_disc_and_a_ball(dim: int, radius: float, shift: float) -> None:
    """From a radius of four cells on: outlines within 2 %, volumes within 0.5 %."""
    cells = int(2 * radius + 5)
    data = made(dim, cells, {"a": ([cells // 2 + shift] * dim, radius)}, interfaces={"skin": ["a", "tissue"]})
    check(data)
    outline, volume = (2 * np.pi * radius, np.pi * radius**2) if dim == 2 else (4 * np.pi * radius**2, 4 / 3 * np.pi * radius**3)
    assert facet_measures(data.points, data.interfaces["skin"]).sum() == pytest.approx(outline, rel=0.02)
    assert volumes(data)["a"] == pytest.approx(volume, rel=0.005)
    assert radius_ratios(data.points, data.cells).min() >= 0.1 - 1e-12
    stepped = made(dim, cells, {"a": ([cells // 2 + shift] * dim, radius)}, "stepped", interfaces={"skin": ["a", "tissue"]})
    assert facet_measures(stepped.points, stepped.interfaces["skin"]).sum() > 1.1 * outline
    assert len(stepped.points) == len(data.points)
    assert any("moved onto round outlines" in note for note in data.notes)


@pytest.mark.parametrize("dim", [2, 3])
def test_at_a_side(dim: int) -> None:
    """Half of it lies in the mesh; sides stay plane and whole."""
    data = made(dim, 12, {"a": ([0.0] + [6.0] * (dim - 1), 4.5)}, interfaces={"skin": ["a", "tissue"]})
    check(data)
    outline, volume = (np.pi * 4.5, np.pi * 4.5**2 / 2) if dim == 2 else (2 * np.pi * 4.5**2, 2 / 3 * np.pi * 4.5**3)
    assert facet_measures(data.points, data.interfaces["skin"]).sum() == pytest.approx(outline, rel=0.03)
    assert volumes(data)["a"] == pytest.approx(volume, rel=0.01)
    assert sum(volumes(data).values()) == pytest.approx(12.0**dim, rel=1e-12)
    for side in data.boundaries.values():
        assert facet_measures(data.points, side).sum() == pytest.approx(12.0 ** (dim - 1), rel=1e-12)


def test_one_in_another_and_across_another() -> None:
    """A ring, and two discs that overlap, of which the later one counts."""
    data = made(2, 20, {"outer": ([10.0, 10.0], 8.0), "inner": ([10.0, 10.0], 5.0)}, interfaces={"in": ["inner", "outer"]})
    check(data)
    assert volumes(data)["outer"] == pytest.approx(np.pi * (64 - 25), rel=0.01)
    assert facet_measures(data.points, data.interfaces["in"]).sum() == pytest.approx(10 * np.pi, rel=0.02)
    data = made(2, 24, {"a": ([9.0, 12.0], 6.0), "b": ([15.0, 12.0], 6.0)})
    check(data)
    lens = 2 * 36 * np.arccos(0.5) - 3 * np.sqrt(144 - 36)
    assert volumes(data)["b"] == pytest.approx(36 * np.pi, rel=0.01)
    assert volumes(data)["a"] == pytest.approx(36 * np.pi - lens, rel=0.02)


def test_straight_regions_stay() -> None:
    """A rectangle keeps its corners; without round regions the lattice is that without the option, to the bit."""
    shapes = {"kind": "rectangle", "from": [2, 2], "to": [6, 6]}
    first, second = (
        build_data(options("rectangle", **{"to": [8, 8], "cells": [8, 8], "regions": {"bed": shapes}, "outlines": outlines}))
        for outlines in ("stepped", "fitted")
    )
    assert np.array_equal(first.points, second.points)
    assert volumes(second) == pytest.approx({"tissue": 48.0, "bed": 16.0})
    ordered = [np.lexsort(np.sort(data.cells, axis=1).T) for data in (first, second)]
    assert np.array_equal(np.sort(first.cells, axis=1)[ordered[0]], np.sort(second.cells, axis=1)[ordered[1]])
    assert np.array_equal(first.cell_region[ordered[0]], second.cell_region[ordered[1]])


@pytest.mark.parametrize("more", [{"structured": False, "cells": None, "size": 1.0}, {"diagonal": "crossed"}])
def test_what_does_not_go_together(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="outlines"):
        made(2, 12, {"a": ([6.0, 6.0], 4.0)}, **more)
