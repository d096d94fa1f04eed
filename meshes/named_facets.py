"""Facets that have a name, on the rank's part of a mesh: found by their nodes, when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .facets import Ints, cell_facets, keys
from .simplices import Simplices


@dataclass(frozen=True)
class Facets:
    """Facets with an owned node, once each, also on other ranks that own a node of them.

    cell (F,): local number of a cell of each, that of the lowest canonical number; opposite (F,): its corner that does not lie on the
    facet; nodes (F, dim): local numbers; mine (F,): those that are this rank's, each on one rank.
    """

    cell: Ints
    opposite: Ints
    nodes: Ints
    mine: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.cell)


def find(mesh: Simplices, rows: Ints) -> Facets:
    """The facets given by canonical node numbers (F, dim) that have a node which is owned here."""
    total = int(max(rows.max(initial=0), mesh.nodes.max(initial=0))) + 1
    mask = np.isin(mesh.nodes, rows)
    corners = np.zeros(len(mesh.cells), dtype=np.int8)
    for column in mesh.cells.T:
        corners += mask[column]
    near = np.flatnonzero(corners >= mesh.dim)
    facets = cell_facets(mesh.cells[near].astype(np.int64))
    at, opposite = np.nonzero(mask[facets].all(axis=2) & (facets < mesh.n_owned).any(axis=2))
    nodes, cell = facets[at, opposite], near[at]
    key = keys(mesh.nodes[nodes], total)
    wanted = np.isin(key, keys(rows, total))
    nodes, cell, opposite, key = nodes[wanted], cell[wanted], opposite[wanted], key[wanted]
    order = np.argsort(mesh.numbers[cell], kind="stable")
    _, lowest = np.unique(key[order], return_index=True)
    chosen = order[lowest]
    nodes = nodes[chosen].reshape(-1, mesh.dim)
    return Facets(cell[chosen], opposite[chosen], nodes, _first_owned(mesh, nodes))


def _first_owned(mesh: Simplices, nodes: Ints) -> NDArray[np.bool_]:
    """Whether the node of each facet (F, dim) that has the lowest global number is owned here."""
    ghost = np.append(mesh.ghosts, np.iinfo(np.int64).max)
    numbers = np.where(nodes < mesh.n_owned, nodes + mesh.first, ghost[np.maximum(nodes - mesh.n_owned, -1)])
    lowest = numbers.min(axis=1, initial=np.iinfo(np.int64).max)
    return np.asarray((lowest >= mesh.first) & (lowest < mesh.first + mesh.n_owned))


class NamedFacets(Mapping[str, Facets]):
    """The facets of each name; rows: name -> canonical node numbers (F, dim) of those of which a node is here, or of more."""

    def __init__(self, rows: Mapping[str, Ints], mesh: Simplices) -> None:
        self._rows, self._mesh = rows, mesh
        self._found: dict[str, Facets] = {}

    def __getitem__(self, name: str) -> Facets:
        if name not in self._found:
            self._found[name] = find(self._mesh, self._rows[name])
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
