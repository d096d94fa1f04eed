"""From points, cells and region names to a checked MeshData in canonical order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..solver.errors import MeshError
from .domain import MeshData
from .facets import Ints, between, canonical, facets_on, signed_measures

Floats = NDArray[np.float64]

BLOCK = 1 << 15  # cells that are looked at together: what that needs stays in the processor's cache


def assemble(
    points: Floats,
    cells: Ints,
    cell_region: NDArray[np.integer],
    regions: Sequence[str],
    boundaries: Mapping[str, Ints],
    interfaces: Mapping[str, Sequence[str] | Ints],
    source: str,
    notes: Sequence[str] = (),
) -> MeshData:
    """A checked MeshData: positive cells, no empty region, named interfaces found between their two regions.

    ``interfaces``: name -> two region names, or (F, dim) facets. Raises MeshError for flat cells, empty regions
    and interfaces between regions that do not touch.
    """
    check_names((*regions, *boundaries, *interfaces), source)
    cells = oriented(points, np.asarray(cells, dtype=np.int64), source)
    check_regions(regions, np.bincount(cell_region, minlength=len(regions)), source)
    n = len(points)
    found: dict[str, Ints] = {}
    for name, given in interfaces.items():
        if isinstance(given, np.ndarray):
            found[name] = canonical(given, n)
            continue
        first, second = (list(regions).index(region) for region in given)
        found[name] = between(cells, cell_region == first, cell_region == second, n)
        if not len(found[name]):
            raise MeshError(
                f"interface {name!r} is empty: regions {given[0]!r} and {given[1]!r} do not touch",
                code="empty-interface",
                place=source,
                remedy="name regions that do, or use smaller cells",
            )
    return MeshData(
        points=np.ascontiguousarray(points, dtype=np.float64),
        cells=np.ascontiguousarray(cells),
        cell_region=np.ascontiguousarray(cell_region, dtype=np.int32),
        regions=tuple(regions),
        boundaries={name: canonical(facets, n) for name, facets in boundaries.items()},
        interfaces=found,
        source=source,
        notes=tuple(notes),
    )


def check_names(names: Iterable[str], source: str) -> None:
    """Raise MeshError for a name that does not stand in one line."""
    for name in names:
        if name.splitlines() != [name] or not name.replace(" ", "").isprintable():
            raise MeshError(
                f"a name with a line break or a character that cannot be printed ({name[:60]!r})",
                code="bad-name",
                place=source,
                remedy="write it in one line",
            )


def check_regions(regions: Sequence[str], cells: NDArray[np.integer], source: str) -> None:
    """Raise MeshError for a region without cells, of which there are so many."""
    for index, name in enumerate(regions):
        if not cells[index]:
            raise MeshError(
                f"region {name!r} is empty: no cell lies in it",
                code="empty-region",
                place=source,
                remedy="move or enlarge it, or use smaller cells",
            )


def oriented(points: Floats, cells: Ints, source: str) -> Ints:
    """The cells with their nodes in positive order; raises MeshError for cells without volume."""
    scale = np.ptp(points, axis=0).max() if len(points) else 0.0
    turned = cells.copy()
    flat = np.concatenate([np.empty(0, np.int64), *(k + _turn(points, turned[k : k + BLOCK]) for k in range(0, len(cells), BLOCK))])
    if len(flat) or not scale:
        where = ", ".join(f"{x:.6g}" for x in points[cells[flat[0]]].mean(axis=0)) if len(flat) else "everywhere"
        raise MeshError(
            f"{max(len(flat), 1)} cells have no volume (the first, cell {flat[0] if len(flat) else 0}, at ({where}))",
            code="flat-cells",
            place=source,
            remedy="remove them or mesh again",
        )
    return turned


def _turn(points: Floats, cells: Ints) -> Ints:
    """Put the nodes of cells in positive order, in place; which of them have no volume."""
    size = signed_measures(points, cells)
    reach = np.zeros(len(cells))  # longest edge at the first corner, in the maximum norm: a length to compare with
    for corner in cells.T[1:]:
        for column in points.T:
            np.maximum(reach, np.abs(column[corner] - column[cells[:, 0]]), out=reach)
    inverted = size < 0
    cells[inverted, -2:] = cells[inverted][:, [-1, -2]]
    return np.flatnonzero(np.abs(size) <= 1e-12 * reach ** (cells.shape[1] - 1))


def sides(points: Floats, cells: Ints, lower: Sequence[float], upper: Sequence[float], names: Sequence[str]) -> dict[str, Ints]:
    """Facets on the planes of a box, by name: lower and upper x, then y, then z."""
    tolerance = 1e-9 * max(b - a for a, b in zip(lower, upper, strict=True))
    found = {}
    for number, name in enumerate(names):
        axis, value = number // 2, (lower, upper)[number % 2][number // 2]
        found[name], _ = facets_on(cells, np.abs(points[:, axis] - value) <= tolerance)
    return found
