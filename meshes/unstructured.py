"""Unstructured meshes of simple bodies by gmsh, with regions whose outlines the cells follow."""

from __future__ import annotations

from typing import Any

from ..solver.errors import MeshError
from ..solver.scenario.mesh import BallMesh, BallShape, BoxMesh, BoxShape, DiscMesh, DiscShape, RectangleMesh, RectangleShape, TubesShape
from .assemble import assemble, sides
from .domain import MeshData
from .facets import boundary
from .gmsh_session import gmsh_model, read_mesh, set_sizes

Body = RectangleMesh | BoxMesh | DiscMesh | BallMesh


def unstructured(options: Body) -> MeshData:
    """The gmsh mesh of a rectangle, box, disc or ball; later regions lie over earlier ones."""
    dim = 2 if isinstance(options, (RectangleMesh, DiscMesh)) else 3
    names = options.region_names()
    size = float(options.size or 0.0)
    source = f"gmsh {options.kind} size {size:g}"
    with gmsh_model(f"an unstructured {options.kind}") as gmsh:
        number_of = _geometry(gmsh, dim, options)
        for index, name in enumerate(names):
            if index not in number_of.values():
                raise MeshError(
                    f"region {name!r} is empty: it lies outside, or other regions cover it",
                    code="empty-region",
                    place=source,
                    remedy="move it, or shrink those that cover it",
                )
        sizes: dict[float, list[int]] = {}
        for entity, index in number_of.items():
            if index and (finer := list(options.regions.values())[index - 1].size):
                sizes.setdefault(finer, []).append(entity)
        set_sizes(gmsh, dim, size, sizes)
        gmsh.option.setNumber("Mesh.Algorithm", 6)  # frontal Delaunay: the most regular triangles
        gmsh.model.mesh.generate(dim)
        points, cells, tags = read_mesh(gmsh, dim, number_of)
    if isinstance(options, (RectangleMesh, BoxMesh)):
        boundaries = sides(points, cells, options.from_, options.to, options.boundary_names())
    else:
        boundaries = {"outer": boundary(cells, len(points))[0]}
    return assemble(points, cells, tags, names, boundaries, options.interfaces, source)


def _geometry(gmsh: Any, dim: int, options: Body) -> dict[int, int]:
    """Make body and regions meet conformingly; gmsh entity -> region number (0 is the main region)."""
    occ = gmsh.model.occ
    body = (dim, _add(occ, options))
    shapes = [(dim, _add(occ, shape)) for shape in options.regions.values()]
    if not shapes:
        occ.synchronize()
        return {body[1]: 0}
    _, pieces = occ.fragment([body], shapes)
    kept = {tag for _, tag in pieces[0]}
    number_of = dict.fromkeys(sorted(kept), 0)
    for index, found in enumerate(pieces[1:], start=1):
        number_of.update({tag: index for _, tag in found if tag in kept})
    outside = {tag for found in pieces[1:] for _, tag in found} - kept
    occ.remove([(dim, tag) for tag in outside], recursive=True)
    occ.synchronize()
    return number_of


def _add(occ: Any, shape: object) -> int:
    if isinstance(shape, (DiscMesh, DiscShape)):
        return int(occ.addDisk(*shape.centre, 0.0, shape.radius, shape.radius))
    if isinstance(shape, (BallMesh, BallShape)):
        return int(occ.addSphere(*shape.centre, shape.radius))
    if isinstance(shape, (RectangleMesh, RectangleShape)):
        (x, y), (x1, y1) = shape.from_, shape.to
        return int(occ.addRectangle(x, y, 0.0, x1 - x, y1 - y))
    if isinstance(shape, (BoxMesh, BoxShape)):
        return int(occ.addBox(*shape.from_, *(b - a for a, b in zip(shape.from_, shape.to, strict=True))))
    if isinstance(shape, TubesShape):
        return _tubes(occ, shape)
    raise TypeError(type(shape).__name__)


def _tubes(occ: Any, shape: TubesShape) -> int:
    """Cylinders with balls at their ends, fused to one volume."""
    parts = {(3, occ.addSphere(*end, radius)) for end, radius in {(end, t.radius) for t in shape.tubes for end in (t.from_, t.to)}}
    for tube in shape.tubes:
        parts.add((3, occ.addCylinder(*tube.from_, *(b - a for a, b in zip(tube.from_, tube.to, strict=True)), tube.radius)))
    first, *others = sorted(parts)
    if others:
        fused, _ = occ.fuse([first], others)
        if len(fused) != 1:
            raise MeshError(
                f"the tubes of a region are {len(fused)} bodies, not one",
                code="mesh-generator",
                place="tubes",
                remedy="let each begin or end inside another, or make regions of them",
            )
        first = fused[0]
    return int(first[1])
