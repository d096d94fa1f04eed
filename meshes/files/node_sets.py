"""Boundaries from sets of nodes, as mechanical codes write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .contents import FACES, Block, CellSet, Ints

_OF_CORNERS = {1: "vertex", 2: "line", 3: "triangle", 4: "quad"}


def outer_facets(
    cells: Sequence[Block], place: Mapping[int, int], of_nodes: Mapping[str, Sequence[int] | Ints], whole: bool = False
) -> tuple[list[Block], list[str]]:
    """Outer facets all of whose corners are in a set of nodes, and what was left out.

    place: number of a node -> its row. whole: sets with nodes off the outline, and those of all of it, name no boundary.
    """
    if not of_nodes or not cells:
        return [], []
    outer: dict[tuple[int, ...], tuple[int, ...] | None] = {}
    for block in cells:
        for corners in FACES.get(block.shape, ((0,), (1,))):
            for row in block.nodes[:, corners]:
                facet = tuple(int(node) for node in row)
                key = tuple(sorted(facet))
                outer[key] = None if key in outer else facet
    facets = [facet for facet in outer.values() if facet is not None]
    if whole:
        outline = {node for facet in facets for node in facet}
        rows = {name: {place[int(n)] for n in members if int(n) in place} for name, members in of_nodes.items()}
        of_nodes = {name: of_nodes[name] for name, found in rows.items() if found <= outline and found != outline}
    blocks, notes, met = [], [], set()
    for count, shape in _OF_CORNERS.items():
        listed = np.array([facet for facet in facets if len(facet) == count], dtype=np.int64).reshape(-1, count)
        sets = []
        for name, members in of_nodes.items():
            inside = np.isin(listed, [place[int(n)] for n in members if int(n) in place]).all(axis=1)
            if inside.any():
                met.add(name)
                sets.append((name, np.flatnonzero(inside)))
        if sets:
            used = np.unique(np.concatenate([rows for _, rows in sets]))
            renumbered = tuple(CellSet(name, None, np.searchsorted(used, rows)) for name, rows in sets)
            blocks.append(Block(shape, listed[used], np.arange(len(used)), {}, renumbered))
    notes += [f"component {name!r} of nodes holds no whole facet of the outline" for name in of_nodes if name not in met]
    return blocks, notes
