"""A lattice in parts is the lattice of ``structured``, and its parts are boxes of about equal size."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from invasio.meshes.facets import boundary, keys
from invasio.meshes.lattice_cells import Cells
from invasio.meshes.lattice_parts import comes_in_parts
from invasio.meshes.lattice_share import grid_for, grid_of, share
from invasio.meshes.simplices import Simplices
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
    whole, lattice = structured(made), Cells(extent(made)[0])
    assert (lattice.n_nodes, lattice.n_cells) == (len(whole.points), len(whole.cells))
    boxes = np.arange(len(whole.cells) // lattice.each)[1::3]
    some = lattice.numbers(boxes)
    assert np.array_equal(lattice.cells(boxes), whole.cells[some])
    assert np.array_equal(lattice.points(whole.cells[some]), whole.points[whole.cells[some]])
    for number, facets in enumerate(whole.boundaries.values()):
        assert np.array_equal(lattice.side(number), facets)


@pytest.mark.parametrize(("ranks", "cube", "bar"), [(2, (1, 1, 2), (1, 1, 2)), (4, (1, 2, 2), (1, 1, 4)), (16, (2, 2, 4), (2, 2, 4))])
def test_the_cut_is_the_least(ranks: int, cube: tuple[int, ...], bar: tuple[int, ...]) -> None:
    """Planes between 12^3 boxes, and between 12 x 14 x 40: 3 planes of 168 boxes are less than one and one of 480."""
    assert tuple(sorted(grid_of(ranks, (12, 12, 12)) or ())) == cube
    assert grid_of(ranks, (12, 14, 40)) == bar


def shares(lattice: Cells, ranks: int) -> list[Simplices]:
    """What each of several ranks makes for itself."""
    return [share(lattice, SimpleNamespace(rank=r, size=ranks)) for r in range(ranks)]  # type: ignore[arg-type]


@pytest.mark.parametrize("axes", [(13,), (13, 9), (5, 7, 4)])
@pytest.mark.parametrize("ranks", [1, 2, 3, 4, 6, 12, 40, 97])
def test_what_ranks_make_apart_fits_together(ranks: int, axes: tuple[int, ...]) -> None:
    """Every node and cell once; the same global number of a node wherever it is a ghost; with each own node all cells around it."""
    lattice = Cells([axis(n) for n in axes])
    cells = lattice.cells(np.arange(lattice.n_cells // lattice.each))
    found = shares(lattice, ranks)
    by_global = np.concatenate([s.nodes[: s.n_owned] for s in found])
    assert np.array_equal(np.sort(by_global), np.arange(lattice.n_nodes))
    assert np.array_equal(np.sort(np.concatenate([s.numbers[: s.n_owned_cells] for s in found])), np.arange(lattice.n_cells))
    assert [s.first for s in found] == np.cumsum([0, *(s.n_owned for s in found[:-1])]).tolist()
    for s in found:
        assert np.array_equal(by_global[s.ghosts], s.nodes[s.n_owned :]) and (np.diff(s.ghosts) > 0).all()
        assert np.array_equal(s.nodes[s.cells], cells[s.numbers])
        assert np.array_equal(s.points[:, : s.dim], lattice.points(s.nodes))
        mine = np.zeros(lattice.n_nodes, dtype=bool)
        mine[s.nodes[: s.n_owned]] = True
        assert np.array_equal(np.sort(s.numbers), np.flatnonzero(mine[cells].any(axis=1)))


@pytest.mark.parametrize("ranks", [2, 3, 4, 6, 40])
def test_every_rank_has_its_share(ranks: int) -> None:
    """Cells per rank within those of a layer of boxes along each axis; the cut as long as the planes between boxes of a grid."""
    lattice = Cells([axis(13), axis(9)])
    cells = lattice.cells(np.arange(12 * 8))
    owned = [s.numbers[: s.n_owned_cells] for s in shares(lattice, ranks)]
    assert min(map(len, owned)) > 0
    assert max(abs(len(numbers) - lattice.n_cells / ranks) for numbers in owned) <= 2 * (12 + 8)
    grid = grid_for(ranks, lattice.counts)
    outer = sum(len(boundary(cells[numbers], lattice.n_nodes)[0]) for numbers in owned)
    assert outer == 2 * (12 + 8) + 2 * ((grid[0] - 1) * 8 + (grid[1] - 1) * 12)


def test_more_ranks_than_boxes() -> None:
    """As many as there are boxes have something."""
    lattice = Cells([axis(3)])
    assert grid_of(5, lattice.counts) is None
    assert [s.n_owned_cells for s in shares(lattice, 5)] == [1, 1, 0, 0, 0]
    assert [s.n_owned for s in shares(lattice, 5)] == [1, 2, 0, 0, 0]


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
    lattice = Cells([axis(4)] * 3)
    assert len(np.unique(keys(lattice.side(5), lattice.n_nodes))) == len(lattice.side(5)) == 18
