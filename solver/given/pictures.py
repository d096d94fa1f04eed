"""The grey values of a picture or volume at the nodes of a mesh."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...meshes.image.files.stored import Picture
from ...meshes.image.picture import as_unit, digest, read, sizes, spacing
from ..discretise.operators import Operators
from ..errors import MeshError
from ..parallel import agreed
from ..scenario.fields import ImageField
from .field import Given

Floats = NDArray[np.float64]
_COLOURS = ("red", "green", "blue")
_EDGE = 1e-6  # of the picture's extent: nodes that lie less far outside lie on its edge


def image_field(name: str, options: ImageField, operators: Operators) -> Given:
    """The picture, filtered and interpolated linearly between the centres of its pixels. Collective; raises InvasioError on all ranks."""
    comm, graph, dim = operators.comm, operators.graph, operators.domain.dim
    measure = graph.sum(graph.mass)[0]
    apart = float((measure / graph.n_global) ** (1 / dim))  # between nodes, on average
    made: Any = None
    with agreed(comm):
        if comm.rank == 0:
            made = _made(name, options, dim, apart)
    values, edges, corner, extent, shown, notes = comm.bcast(made)
    points = graph.points[: graph.n_owned, :dim] - corner
    with agreed(comm):
        beyond = ((points < -_EDGE * extent) | (points > (1 + _EDGE) * extent)).any(axis=1)
        if beyond.any() and options.outside == "refused":
            at = ", ".join(f"{x:.6g}" for x in graph.points[: graph.n_owned][int(np.argmax(beyond)), :dim])
            raise MeshError(
                f"a node of the mesh at ({at}) lies outside the picture, which is {' x '.join(f'{e:g}' for e in extent)} long",
                code="outside-tissue",
                place=options.image,
                remedy="check `pixel` and `shift`, or state `outside: nearest` or `zero`",
            )
    found = _interpolated(values, points / edges - 0.5)
    if options.outside == "zero":
        found[beyond] = 0.0
    facts = {"file": options.image, "take": options.take, "low": float(values.min()), "high": float(values.max())}
    return Given(graph.extended(found), shown, facts, tuple(notes))


def _made(name: str, options: ImageField, dim: int, apart: float) -> tuple[Any, ...]:
    picture = read(options, options.take == "stored", whole=False)
    if dim != (3 if picture.volume else 2):
        raise MeshError(
            f"field {name!r}: a {'volume' if picture.volume else 'picture'} for a mesh of {dim} dimensions",
            code="picture-axes",
            place=options.image,
            remedy="give a picture for a mesh in 2-D, a volume for one in 3-D",
        )
    full = np.array(spacing(options, picture)[0])
    edges = full * picture.scale
    if options.shift is not None and len(options.shift) != dim:
        raise MeshError(
            f"field {name!r}: `shift` has {len(options.shift)} numbers, the mesh {dim} dimensions",
            code="picture-axes",
            place=options.image,
            remedy="give one for each dimension",
        )
    width = [0.5 * apart / edge if options.smooth is None else options.smooth for edge in edges[::-1]]
    width = [w if options.smooth is not None or w > 0.5 else 0.0 for w in width]
    values = _smoothed(_grey(picture, options), width)
    read_ = digest(Path(options.image)) or options.image.encode()
    shown = hashlib.sha256(read_ + options.model_dump_json(exclude={"image"}).encode()).hexdigest()
    said = f"filtered by {', '.join(f'{w:.3g}' for w in width[::-1])} pixels, values {values.min():.4g} to {values.max():.4g}"
    notes = [f"field {name}: {note}" for note in (*picture.notes, sizes(options, picture), said)]
    return values, edges, np.array(options.shift or [0.0] * dim), full * picture.whole, shown, notes


def _grey(picture: Picture, options: ImageField) -> NDArray[np.floating]:
    values = picture.values
    if options.take == "brightness":
        values = as_unit(values)
    if picture.coloured:
        values = values.mean(axis=2) if options.colour == "grey" else values[..., _COLOURS.index(options.colour)]
    return np.asarray(values, dtype=np.float32 if values.dtype.itemsize <= 4 else np.float64)


def _smoothed(values: NDArray[np.floating], width: list[float]) -> NDArray[np.floating]:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(values, width, mode="reflect")) if any(width) else values


def _interpolated(values: NDArray[np.floating], at: Floats) -> Floats:
    from scipy.ndimage import map_coordinates

    if not len(at):
        return np.zeros(0)
    return np.asarray(map_coordinates(values, at.T[::-1], order=1, mode="nearest", output=np.float64))
