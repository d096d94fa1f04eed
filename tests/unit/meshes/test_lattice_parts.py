"""A lattice in parts is the lattice of ``structured``, and its parts are boxes of about equal size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from invasio.meshes.facets import boundary, keys
from invasio.meshes.lattice_parts import Parts, comes_in_parts, grid_of
from invasio.meshes.structured import extent, structured
from tests.unit.meshes.build import options


def axis(nodes: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Coordinates of nodes from 0 to 1."""
    return np.asarray(np.linspace(0.0, 1.0, nodes), dtype=np.float64)


LATTICES: dict[str, dict[str, Any]] = {
    "interval": {"from": 1.1, "to": 3.7, "size": 0.3},
    "rectangle": {"from": [0.1, -0.3], "to": [1.37, 0.9], "cells": [7, 5]},
    "box": {"from": [0, 5, -1], "to": [3.3, 6.1, 0.7], "cells": [6, 3, 4]},
    "box, finer at a side": {"from": [0, 5, -1], "to": [3.3, 6.1, 0.7], "cells": [6, 3, 4], "graded": {"front": 0.3, "right": 0.4}},
}


@pytest.mark.parametrize(("kind", "given"), LATTICES.items())
def test_nodes_and_cells_by_number_are_those_of_the_whole(kind: str, given: dict[str, Any]) -> None:
    made = options(kind.partition(",")[0], **given)
    whole, parts = structured(made), Parts(extent(made)[0])
    assert (parts.n_nodes, parts.n_cells) == (len(whole.points), len(whole.cells))
    some = np.arange(len(whole.cells))[1::3]
    assert np.array_equal(parts.cells(some), whole.cells[some])
    assert np.array_equal(parts.points(whole.cells[some]), whole.points[whole.cells[some]])
    for number, facets in enumerate(whole.boundaries.values()):
        assert np.array_equal(parts.side(number), facets)


@pytest.mark.parametrize(("ranks", "cube", "bar"), [(2, (1, 1, 2), (1, 1, 2)), (4, (1, 2, 2), (1, 1, 4)), (16, (2, 2, 4), (2, 2, 4))])
def test_the_cut_is_the_least(ranks: int, cube: tuple[int, ...], bar: tuple[int, ...]) -> None:
    """Planes between 12^3 boxes, and between 12 x 14 x 40: 3 planes of 168 boxes are less than one and one of 480."""
    assert tuple(sorted(grid_of(ranks, (12, 12, 12)) or ())) == cube
    assert grid_of(ranks, (12, 14, 40)) == bar


@pytest.mark.parametrize("ranks", [2, 3, 4, 6, 40])
def test_every_rank_has_its_share(ranks: int) -> None:
    """Cells per rank within those of a layer of boxes along each axis; the cut as long as the planes between boxes of a grid."""
    parts = Parts([axis(13), axis(9)])
    numbers = np.arange(parts.n_cells)
    ranked = parts.ranks(numbers, ranks)
    assert set(ranked) == set(range(ranks))
    share = parts.n_cells / ranks
    assert np.abs(np.bincount(ranked) - share).max() <= 2 * (12 + 8)
    grid = grid_of(ranks, parts.counts)
    assert grid is not None or ranks == 40
    if grid is not None:
        cells = parts.cells(numbers)
        outer = sum(len(boundary(cells[ranked == r], parts.n_nodes)[0]) for r in range(ranks))
        assert outer == 2 * (12 + 8) + 2 * ((grid[0] - 1) * 8 + (grid[1] - 1) * 12)


def test_more_ranks_than_boxes() -> None:
    parts = Parts([axis(3)])
    assert grid_of(5, parts.counts) is None
    assert np.array_equal(parts.ranks(np.arange(2), 5), [0, 2])


def test_what_is_made_as_a_whole() -> None:
    """Other diagonals, fitted outlines, interfaces, gmsh; and boxes so thin that their cells may be flat."""
    assert comes_in_parts(options("box", cells=[2, 2, 2]))
    disc = {"a": {"kind": "disc", "radius": 0.4}}
    others: list[tuple[str, dict[str, Any]]] = [
        ("rectangle", {"cells": [4, 4], "diagonal": "crossed"}),
        ("rectangle", {"cells": [9, 9], "regions": disc, "outlines": "fitted"}),
        ("rectangle", {"cells": [9, 9], "regions": disc, "interfaces": {"m": ["a", "tissue"]}}),
        ("rectangle", {"size": 0.2, "structured": False}),
        ("rectangle", {"to": [1, 1e-6], "cells": [4, 4]}),
        ("disc", {"size": 0.2}),
    ]
    for kind, given in others:
        assert not comes_in_parts(options(kind, **given))


def test_keys_of_facets_are_of_all_nodes() -> None:
    """Facets of a side are unique."""
    parts = Parts([axis(4)] * 3)
    assert len(np.unique(keys(parts.side(5), parts.n_nodes))) == len(parts.side(5)) == 18
