"""A silent gmsh session, and what is read out of it; only rank 0 ever opens one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solver.errors import MeshError
from ..solver.parallel import ignore_again
from .facets import Ints

_SIMPLEX = {1: 1, 2: 2, 3: 4}  # gmsh's element types by dimension


@contextmanager
def gmsh_model(purpose: str) -> Iterator[Any]:
    """The gmsh module with an empty model; silent, one thread, closed at the end whatever happens.

    Raises MeshError when gmsh is missing or fails, with gmsh's own last message.
    """
    try:
        import gmsh
    except (ImportError, OSError) as error:  # OSError: a library of the system that it is linked with
        absent = isinstance(error, ImportError)
        remedy = (
            "Debian: python3-gmsh, conda: python-gmsh, pip: gmsh" if absent else "Debian: libglu1-mesa libxcursor1 libxft2 libxinerama1"
        )
        raise MeshError(
            "needs gmsh, which is not installed" if absent else f"needs gmsh, which cannot be loaded: {error}",
            code="missing-package",
            place=purpose,
            remedy=f"install {'it' if absent else 'what it needs'} ({remedy})",
        ) from None
    ours = not gmsh.isInitialized()
    if ours:
        gmsh.initialize(readConfigFiles=False, interruptible=False)
        ignore_again()
    for option, value in (("General.Terminal", 0), ("General.NumThreads", 1), ("Mesh.MeshSizeExtendFromBoundary", 0)):
        gmsh.option.setNumber(option, value)
    gmsh.model.add("invasio")
    try:
        yield gmsh
    except MeshError:
        raise
    except Exception as error:
        raise MeshError(
            f"gmsh failed: {gmsh.logger.getLastError() or error}",
            code="mesh-generator",
            place=purpose,
            remedy="change the shapes or the sizes of cells",
        ) from error
    finally:
        if ours:
            gmsh.finalize()
        else:
            gmsh.model.remove()


def read_mesh(gmsh: Any, dim: int, entities: Mapping[int, int]) -> tuple[NDArray[np.float64], Ints, NDArray[np.int32]]:
    """Points (N, dim), cells (M, dim+1) and their numbers (M,) of the meshed entities {gmsh tag: number}.

    Nodes that no cell uses are left out, and the order of the rest is kept.
    """
    tags, flat, _ = gmsh.model.mesh.getNodes()
    parts, numbers = [], []
    for entity in sorted(entities):
        _, nodes = gmsh.model.mesh.getElementsByType(_SIMPLEX[dim], entity)
        parts.append(np.asarray(nodes, dtype=np.int64).reshape(-1, dim + 1))
        numbers.append(np.full(len(parts[-1]), entities[entity], dtype=np.int32))
    cells = np.concatenate(parts)
    order = np.argsort(tags)
    used, inverse = np.unique(cells, return_inverse=True)
    rows = order[np.searchsorted(tags, used, sorter=order)]
    points = np.ascontiguousarray(flat.reshape(-1, 3)[rows, :dim])
    return points, inverse.reshape(cells.shape).astype(np.int64), np.concatenate(numbers)


def read_curves(gmsh: Any, dim: int, entities: list[int]) -> Ints:
    """gmsh node tags of the facets on curves (dim 2) or surfaces (dim 3), (F, dim)."""
    parts = [np.asarray(gmsh.model.mesh.getElementsByType(_SIMPLEX[dim - 1], e)[1], dtype=np.int64).reshape(-1, dim) for e in entities]
    return np.concatenate(parts) if parts else np.empty((0, dim), dtype=np.int64)


def set_sizes(gmsh: Any, dim: int, default: float, parts: Mapping[float, list[int]]) -> None:
    """Cell size ``default`` everywhere and the given sizes inside the entities listed with them."""
    smallest = min([default, *parts])
    largest = max([default, *parts])
    gmsh.option.setNumber("Mesh.MeshSizeMin", smallest)
    gmsh.option.setNumber("Mesh.MeshSizeMax", largest)
    gmsh.option.setNumber("Mesh.MeshSizeFromPoints", 0)
    fields = []
    listed = {entity for entities in parts.values() for entity in entities}
    rest = [tag for _, tag in gmsh.model.getEntities(dim) if tag not in listed]
    for size, entities in {**parts, default: [*parts.get(default, []), *rest]}.items():
        field = gmsh.model.mesh.field.add("Constant")
        gmsh.model.mesh.field.setNumber(field, "VIn", size)
        gmsh.model.mesh.field.setNumber(field, "VOut", largest)
        gmsh.model.mesh.field.setNumbers(field, "SurfacesList" if dim == 2 else "VolumesList", entities)
        gmsh.model.mesh.field.setNumber(field, "IncludeBoundary", 1)
        fields.append(field)
    least = gmsh.model.mesh.field.add("Min")
    gmsh.model.mesh.field.setNumbers(least, "FieldsList", fields)
    gmsh.model.mesh.field.setAsBackgroundMesh(least)
