"""gmsh's .msh in every version that gmsh reads, with its physical groups, which may overlap."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np

from ...solver.parallel import ignore_again
from .contents import DIMENSION, Block, CellSet, Contents, Ints, Unreadable

# gmsh's names of element families; what follows is the order, and the first nodes are the corners.
_SHAPES = {
    "Point": "vertex",
    "Line": "line",
    "Triangle": "triangle",
    "Quadrilateral": "quad",
    "Quadrangle": "quad",
    "Tetrahedron": "tetra",
    "Hexahedron": "hexahedron",
    "Prism": "wedge",
    "Pyramid": "pyramid",
}
_HEADS = (b"$MeshFormat", b"$NOD", b"$Comments")
ENTITY = "gmsh:geometrical"  # the geometric entity of each cell, for files without groups


def is_gmsh(path: Path) -> bool:
    """Whether a file begins like a mesh of gmsh: anything else gmsh would take for a script and carry out."""
    with path.open("rb") as file:
        return file.read(4096).lstrip().startswith(_HEADS)


def read(path: Path) -> Contents:
    """The contents of a file, nodes and cells in the order of their numbers. Raises Unreadable."""
    import gmsh

    if not is_gmsh(path):
        raise Unreadable("it does not begin with $MeshFormat")
    gmsh.initialize(readConfigFiles=False, interruptible=False)
    ignore_again()
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        gmsh.logger.start()
        gmsh.open(str(path))
        wrong = [line for line in gmsh.logger.get() if line.startswith("Error")]
        if wrong:
            raise Unreadable(f"gmsh says: {wrong[0].partition(': ')[2]}")
        return _contents(gmsh)
    except Unreadable:
        raise
    except Exception as error:  # gmsh has no class of its own
        raise Unreadable(f"gmsh says: {error or gmsh.logger.getLastError()}") from None
    finally:
        gmsh.finalize()


def _contents(gmsh: ModuleType) -> Contents:
    tags, flat, _ = gmsh.model.mesh.getNodes()
    order = np.argsort(tags, kind="stable")
    tags, points = np.asarray(tags, dtype=np.int64)[order], np.asarray(flat).reshape(-1, 3)[order]
    groups = [(dim, tag, gmsh.model.getPhysicalName(dim, tag) or None) for dim, tag in gmsh.model.getPhysicalGroups()]
    members = {(dim, tag): set(gmsh.model.getEntitiesForPhysicalGroup(dim, tag).tolist()) for dim, tag, _ in groups}
    blocks = []
    for shape, corners, parts in _elements(gmsh):
        entity = np.concatenate([np.full(len(numbers), which) for which, numbers, _ in parts])
        number = np.concatenate([numbers for _, numbers, _ in parts])
        nodes = np.concatenate([rows for *_, rows in parts])
        curved = nodes.shape[1] > corners
        nodes = nodes[:, :corners]
        first = _once(entity, number, nodes)
        entity, nodes = entity[first], nodes[first]
        at = np.minimum(np.searchsorted(tags, nodes), max(len(tags) - 1, 0))
        if not len(tags) or (tags[at] != nodes).any():
            raise Unreadable("elements refer to nodes that the file does not define")
        sets = [
            CellSet(name, tag, rows)
            for dim, tag, name in groups
            if dim == DIMENSION[shape] and len(rows := np.flatnonzero(np.isin(entity, list(members[dim, tag]))))
        ]
        blocks.append(Block(shape, at, number[first], {ENTITY: entity}, tuple(sets), curved))
    return Contents(points, tuple(blocks))


def _elements(gmsh: ModuleType) -> list[tuple[str, int, list[tuple[int, Ints, Ints]]]]:
    """Shape, corners and, entity by entity, element numbers and nodes (n, k) of each type of element."""
    found: dict[int, list[tuple[int, Ints, Ints]]] = {}
    for dim, entity in gmsh.model.getEntities():
        for kind, numbers, nodes in zip(*gmsh.model.mesh.getElements(dim, entity), strict=True):
            numbers = np.asarray(numbers, dtype=np.int64)
            found.setdefault(int(kind), []).append((entity, numbers, np.asarray(nodes, dtype=np.int64).reshape(len(numbers), -1)))
    result = []
    for kind, parts in found.items():
        name, *_, corners = gmsh.model.mesh.getElementProperties(kind)
        shape = _SHAPES.get(name.split()[0])
        if shape is None:
            raise Unreadable(f"elements of gmsh's type {name!r} are not read")
        result.append((shape, int(corners), parts))
    return result


def _once(entity: Ints, number: Ints, nodes: Ints) -> Ints:
    """Rows in the order of the element numbers; an element that is listed once for each of its groups (versions 1 and 2) counts once."""
    order = np.argsort(number, kind="stable")
    whole = np.column_stack([entity, np.sort(nodes, axis=1)])[order]
    _, first = np.unique(whole, axis=0, return_index=True)
    return np.asarray(order[np.sort(first)])
