"""Which cells and facets belong together: named sets, tag arrays, and arrays of invasio's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError
from .contents import DIMENSION, NO_TAG, Block, Ints, Values

# Arrays that formats are known to keep tags in, the first that is there; only then any other array of whole numbers.
KNOWN = (
    "gmsh:physical",
    "medit:ref",
    "tetgen:ref",
    "nastran:ref",
    "cell_tags",
    "name_to_read",
    "tags",
    "region",
    "material",
    "CellEntityIds",
)
_OURS = ("region", "boundary", "interface")  # "region:NAME", as invasio writes
_NUMBERING = re.compile(r"^(vtk|gmsh:)|^(global|original)?_?(cell|element)_?ids?$", re.IGNORECASE)
_OPTION = {True: "tags", False: "facet_tags"}


@dataclass(frozen=True)
class Group:
    """Elements of one dimension that belong together: rows of ``RawMesh.elements[dim]``."""

    dim: int
    name: str | None
    tag: int | None
    members: Ints


@dataclass(frozen=True)
class RawMesh:
    """What a file means: points (N, 3), simplices by dimension (E, dim+1), groups; nothing checked yet."""

    points: NDArray[np.float64]
    elements: dict[int, Ints]
    groups: tuple[Group, ...]
    notes: tuple[str, ...]


def elements(blocks: Sequence[Block], dim: int) -> Ints:
    """The simplices of one dimension, block after block."""
    found = [block.nodes for block in blocks if DIMENSION[block.shape] == dim]
    return np.concatenate(found) if found else np.empty((0, dim + 1), dtype=np.int64)


def groups(path: Path, blocks: Sequence[Block], dim: int, wanted: str | None, cells: bool = True, like: str | None = None) -> list[Group]:
    """All groups of one dimension, from whichever way the file has of storing them.

    wanted: the option that names the array; "" means that no array holds tags. cells: whether these are cells or facets.
    like: the array that holds the tags of the cells. Raises MeshError for an array that is not there, or several.
    """
    chosen = [block for block in blocks if DIMENSION[block.shape] == dim]
    if wanted is None and (named := _sets(chosen, dim) or _ours(chosen, dim)):
        return named
    array = tag_array(path, chosen, wanted, cells, like)
    if array is None:
        return []
    values = np.concatenate([_whole(b.arrays[array]) if array in b.arrays else np.full(len(b.nodes), NO_TAG) for b in chosen])
    return [Group(dim, None, int(tag), np.flatnonzero(values == tag)) for tag in np.unique(values[values != NO_TAG])]


def tag_array(path: Path, blocks: Sequence[Block], wanted: str | None, cells: bool = True, like: str | None = None) -> str | None:
    """The array that holds the tags of these blocks; None without one. Raises MeshError."""
    names = list(dict.fromkeys(name for block in blocks for name in block.arrays))
    whole = [name for name in names if all(_is_whole(b.arrays[name]) for b in blocks if name in b.arrays)]
    option = _OPTION[cells]
    if wanted is not None:
        if wanted and wanted not in whole:
            raise MeshError(
                f"{option}: the cell array {wanted!r} {'has fractions' if wanted in names else 'is not there'}",
                code="no-tags",
                place=str(path),
                remedy=f"the file has: {', '.join(whole) or 'none'} (whole numbers)",
            )
        return wanted or None
    for known in (like, *KNOWN):
        if known in whole:
            return known
    able = [name for name in whole if not _NUMBERING.search(name) and name.partition(":")[0] not in _OURS]
    integers = [name for name in able if all(b.arrays[name].dtype.kind in "iu" for b in blocks if name in b.arrays)]
    for found in (integers, able):
        if len(found) > 1:
            what = "regions" if cells else "boundaries"
            raise MeshError(
                f"several cell arrays of whole numbers ({', '.join(found)})",
                code="ambiguous-tags",
                place=str(path),
                remedy=f"say which one holds the {what} with '{option}: NAME' (or '{option}: \"\"' if none does)",
            )
        if found:
            return found[0]
    return None


def passed_over(blocks: Sequence[Block], array: str | None) -> str:
    """What to say where other arrays than the one that was taken could hold tags as well; nothing where there are none."""
    names = dict.fromkeys(name for block in blocks for name in block.arrays)
    others = [
        name
        for name in names
        if name != array
        and not _NUMBERING.search(name)
        and name.partition(":")[0] not in _OURS
        and all(_is_whole(b.arrays[name]) for b in blocks if name in b.arrays)
    ]
    if array is None or not others:
        return ""
    return (
        f"regions are the numbers of the cell array {array!r}; whole numbers are in {', '.join(others)} as well (`tags: NAME` takes them)"
    )


def _is_whole(values: Values) -> bool:
    """Whether an array holds whole numbers, be it as floats."""
    if values.dtype.kind in "iub":
        return True
    numbers = np.asarray(values, dtype=np.float64) if values.dtype.kind == "f" else np.full(1, np.nan)
    return bool((np.abs(numbers) < 2**53).all() and (numbers == np.round(numbers)).all())


def _whole(values: Values) -> Ints:
    return np.asarray(values).astype(np.int64)


def _sets(blocks: Sequence[Block], dim: int) -> list[Group]:
    """Named and numbered sets; those of one name in several blocks are one group."""
    members: dict[tuple[str | None, int | None], list[Ints]] = {}
    start = 0
    for block in blocks:
        for each in block.sets:
            members.setdefault((each.name, each.tag), []).append(each.rows + start)
        start += len(block.nodes)
    return [Group(dim, name, tag, np.concatenate(rows)) for (name, tag), rows in members.items()]


def _ours(blocks: Sequence[Block], dim: int) -> list[Group]:
    """The groups of a file that invasio wrote: one array of 0 and 1 per name."""
    keys = dict.fromkeys(key for b in blocks for key in b.arrays if key.partition(":")[0] in _OURS and key.partition(":")[2])
    found = [(key, np.flatnonzero(np.concatenate([b.arrays.get(key, np.zeros(len(b.nodes))) for b in blocks]))) for key in keys]
    return [Group(dim, key.partition(":")[2], None, members) for key, members in found if len(members)]
