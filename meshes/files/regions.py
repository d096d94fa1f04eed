"""From the groups of a file to regions, boundaries and interfaces with names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError
from ..facets import Ints, cell_facets, keys
from .groups import Group

Floats = NDArray[np.float64]
WHOLE = "tissue"  # the region of a file that tells no regions
_SCENARIO, _FILE, _NUMBER = 2, 1, 0  # who names a group: where groups overlap the first that does counts


@dataclass(frozen=True)
class Part:
    """The members of a group under its name, and who gave the name."""

    name: str
    members: Ints
    rank: int


def named(groups: Sequence[Group], given: Mapping[str, int | str], kind: str, path: Path, count: int) -> tuple[list[Part], list[str]]:
    """The groups by name: the scenario's names first, then the file's own, then KIND_TAG; and what was left out.

    Number 0 names what is in no group as well. Facets of tag 0 have no meaning unless the scenario gives them one.
    Raises MeshError for a group that is not there.
    """
    rest, found, notes = list(groups), list[Part](), list[str]()
    without = np.ones(count, dtype=bool)
    for group in groups:
        without[group.members] = False
    if 0 in given.values() and without.any():
        rest.append(Group(-1, None, 0, np.flatnonzero(without)))
    for name, what in given.items():
        match = [g for g in rest if what in (g.tag, g.name) and what is not None]
        if not match:
            have = ", ".join(f"{g.name!r}" if g.name else str(g.tag) for g in groups) or "none"
            raise MeshError(
                f"no {kind} group {what!r} to be called {name!r}", code="no-group", place=str(path), remedy=f"the file has: {have}"
            )
        found.append(Part(name, np.concatenate([g.members for g in match]), _SCENARIO))
        rest = [g for g in rest if all(g is not m for m in match)]
    for g in rest:
        if kind == "boundary" and g.name is None and g.tag == 0:
            notes.append(f"{len(g.members)} facets of tag 0 left out; `boundaries: {{NAME: 0}}` gives them a name")
        else:
            found.append(Part(g.name or f"{kind}_{g.tag}", g.members, _FILE if g.name else _NUMBER))
    return _joined(found), notes


def _joined(parts: Sequence[Part]) -> list[Part]:
    """Groups of one name are one part."""
    names: dict[str, list[Part]] = {}
    for part in parts:
        names.setdefault(part.name, []).append(part)
    return [Part(name, np.concatenate([p.members for p in same]), max(p.rank for p in same)) for name, same in names.items()]


def single(path: Path, points: Floats, cells: Ints, parts: Sequence[Part]) -> tuple[Ints, list[Part]]:
    """Each cell once: a file that lists a cell for each of its groups has one cell in several groups. Raises MeshError for mere copies."""
    _, first, inverse = np.unique(keys(cells, len(points)), return_index=True, return_inverse=True)
    if len(first) == len(cells):
        return cells, list(parts)
    order = np.argsort(first)
    number = np.empty(len(first), dtype=np.int64)
    number[order] = np.arange(len(first))
    number = number[inverse.reshape(-1)]
    for members in [part.members for part in parts] or [np.arange(len(cells))]:
        copies = len(members) - len(np.unique(number[members]))
        if copies:
            found, times = np.unique(number[members], return_counts=True)
            where = _at(points, cells[first[order]][found[times > 1][0]])
            raise MeshError(
                f"{copies} cells are listed twice (the first at {where})",
                code="repeated-cells",
                place=str(path),
                remedy="remove the copies",
            )
    return cells[first[order]], [Part(part.name, number[part.members], part.rank) for part in parts]


def regions(path: Path, points: Floats, cells: Ints, parts: Sequence[Part]) -> tuple[list[str], NDArray[np.int32], list[str]]:
    """Region names, the region number of each cell, and what the user should know; every cell is in one region.

    Where groups overlap, one that the scenario names counts before one that the file names, and that before a number.
    Raises MeshError for cells in two groups of the same standing, or in none while others are.
    """
    if not parts:
        return [WHOLE], np.zeros(len(cells), dtype=np.int32), [f"no tags in the file: all cells are region {WHOLE!r}"]
    owner = np.full(len(cells), -1, dtype=np.int32)
    notes = []
    for rank in (_SCENARIO, _FILE, _NUMBER):
        taken = owner >= 0
        for index, part in enumerate(parts):
            if part.rank != rank:
                continue
            members = np.unique(part.members)
            lost = members[taken[members]]
            members = members[~taken[members]]
            twice = members[owner[members] >= 0]
            if len(twice):
                _refuse_two_groups(path, points, cells, twice, parts[owner[twice[0]]].name, part.name)
            owner[members] = index
            if len(lost):
                others = ", ".join(parts[k].name for k in np.unique(owner[lost]))
                notes.append(f"{len(lost)} cells of group {part.name!r} are in {others} as well, which counts")
    without = np.flatnonzero(owner < 0)
    if len(without):
        names = ", ".join(part.name for part in parts)
        raise MeshError(
            f"{len(without)} cells are in no group (the first at {_at(points, cells[without[0]])})",
            code="cells-without-group",
            place=str(path),
            remedy=f"give every cell one of the groups ({names}), or name the rest with `regions: {{NAME: 0}}`",
        )
    kept = [index for index in range(len(parts)) if (owner == index).any()]
    number = np.full(len(parts), -1, dtype=np.int32)
    number[kept] = np.arange(len(kept), dtype=np.int32)
    return [parts[k].name for k in kept], number[owner], notes


def _refuse_two_groups(path: Path, points: Floats, cells: Ints, which: Ints, a: str, b: str) -> None:
    raise MeshError(
        f"{len(which)} cells are in two groups, {a!r} and {b!r} (the first at {_at(points, cells[which[0]])})",
        code="overlapping-regions",
        place=str(path),
        remedy="regions must not overlap: name in `regions` the groups that count, or leave the cells in one of them",
    )


def _at(points: Floats, cell: Ints) -> str:
    return "(" + ", ".join(f"{x:.6g}" for x in points[cell].mean(axis=0)) + ")"


def sides(
    path: Path, facets: Ints, parts: Sequence[Part], renumber: Ints, cells: Ints, points: Floats
) -> tuple[dict[str, Ints], dict[str, Ints]]:
    """Facet groups as boundaries (one cell per facet) and interfaces (two cells per facet).

    facets: in the file's node numbers, which ``renumber`` turns into those of ``cells``. Raises MeshError.
    """
    outer: dict[str, Ints] = {}
    inner: dict[str, Ints] = {}
    n, dim = points.shape
    key, count = _counts(path, points, cells)
    for part in parts:
        rows = renumber[facets[part.members]].reshape(-1, dim)
        wanted = keys(np.maximum(rows, 0), n)
        at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        real = (rows >= 0).all(axis=1) & (key[at] == wanted)
        if not real.all():
            raise MeshError(
                f"{int((~real).sum())} of {len(rows)} facets of group {part.name!r} are no sides of cells",
                code="loose-facets",
                place=str(path),
                remedy="embed the curve or surface in the mesh (gmsh: fragment the geometry first), or remove the group",
            )
        inside = count[at] == 2
        if inside.any() and not inside.all():
            raise MeshError(
                f"group {part.name!r} lies partly on the outside ({int((~inside).sum())} facets) and partly inside the tissue "
                f"({int(inside.sum())})",
                code="mixed-group",
                place=str(path),
                remedy="make two groups, a boundary and an interface",
            )
        (inner if inside.all() else outer)[part.name] = rows
    return outer, inner


def _counts(path: Path, points: Floats, cells: Ints) -> tuple[NDArray[np.generic], NDArray[np.int64]]:
    """All facet keys, sorted, and how many cells each belongs to; more than two is refused."""
    facets = cell_facets(cells)
    flat = facets.reshape(-1, facets.shape[2])
    key, first, count = np.unique(keys(flat, len(points)), return_index=True, return_counts=True)
    many = np.flatnonzero(count > 2)
    if len(many):
        raise MeshError(
            f"{len(many)} facets belong to more than two cells (the first at {_at(points, flat[first[many[0]]])}): cells overlap",
            code="overlapping-cells",
            place=str(path),
            remedy="mesh again",
        )
    return key, count
