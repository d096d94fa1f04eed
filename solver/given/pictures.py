"""The grey values of a picture or volume at the nodes of a mesh."""

from __future__ import annotations

import hashlib
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...meshes.image.files.stored import Picture
from ...meshes.image.picture import as_unit, digest, read, sizes, spacing
from ..errors import MeshError
from ..parallel import agreed
from ..scenario.fields import ImageField
from .field import Given, lowest
from .orientation import EDGE, pairs, steps, structure, trace, turned

if TYPE_CHECKING:
    from ..discretise.operators import Operators

Floats = NDArray[np.float64]
_COLOURS = ("red", "green", "blue")
_OF_DIRECTIONS = {"orientation", "window", "full", "angles"}
_NONE = 1e-3  # coherence below which there is none
_EDGE = 1e-6  # of the picture's extent: nodes that lie less far outside lie on its edge


def image_field(name: str, options: ImageField, operators: Operators) -> Given:
    """The picture, filtered and interpolated linearly between the centres of its pixels. Collective; raises InvasioError on all ranks."""
    comm, graph, dim = operators.comm, operators.graph, operators.domain.dim
    measure = graph.sum(graph.mass)[0]
    apart = float((measure / graph.n_global) ** (1 / dim))  # between nodes, on average
    made: Any = None
    with agreed(comm):
        if comm.rank == 0:
            made = prepared(name, options, dim, apart)
    layers, *rest = made if comm.rank == 0 else ((),)
    count, edges, first, corner, extent, shown, notes, low, high = comm.bcast((len(layers), *rest))
    points = graph.points[: graph.n_owned, :dim] - corner
    with agreed(comm):
        beyond = refuse_beyond(options, graph.points[: graph.n_owned, :dim], corner, extent)
    found = []
    for number in range(count):  # one at a time: of a volume's directions all six would take too much memory on each rank
        one = _interpolated(comm.bcast(layers[number] if layers else None), points / edges - first)
        if options.outside == "zero":
            one[beyond] = 0.0
        found.append(graph.extended(one))
    facts = {"file": options.image, "take": options.take, "low": low, "high": high}
    if options.orientation is None:
        return Given(found[0], shown, facts, tuple(notes))
    parts = {f"{'xyz'[a]}{'xyz'[b]}": one for (a, b), one in zip(pairs(dim), found, strict=True)}
    return Given(trace(found, dim).astype(np.float64), shown, {**facts, "orientation": options.orientation}, tuple(notes), parts)


def refuse_beyond(options: ImageField, points: Floats, corner: Floats, extent: Floats) -> NDArray[np.bool_]:
    """Which points (n, dim) lie outside the picture; raises MeshError where that is not allowed."""
    beyond = np.asarray(((points - corner < -_EDGE * extent) | (points - corner > (1 + _EDGE) * extent)).any(axis=1))
    if beyond.any() and options.outside == "refused":
        long = " x ".join(f"{e:g}" for e in extent)
        raise MeshError(
            f"a node of the mesh at ({lowest(points[beyond])}) lies outside the picture, which is {long} long",
            code="outside-tissue",
            place=options.image,
            remedy="check `pixel` and `shift`, or state `outside: nearest` or `zero`",
        )
    return beyond


def prepared(name: str, options: ImageField, dim: int | None, apart: float) -> tuple[Any, ...]:
    """Layers of values, edges, where the first lies, corner, extent, digest, notes, least and largest value; on one rank.

    dim: dimensions of the mesh, None where they are not known; apart: what lies between its nodes. Raises MeshError.
    """
    picture = read(options, options.take == "stored", whole=False, pick=options.turns)
    own = 3 if picture.volume else 2
    if dim is None:
        dim = own
    if dim != own:
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
    read_ = digest(Path(options.image)) or options.image.encode()
    unused = set() if options.orientation else _OF_DIRECTIONS  # so that pictures without directions have the digests that they always had
    shown = hashlib.sha256(read_ + options.model_dump_json(exclude={"image", *unused}).encode()).hexdigest()
    if options.orientation is not None:
        layers, taken, said = _directions(name, options, picture, edges, apart)
        values = trace(layers, dim)
    else:
        width = [0.5 * apart / edge if options.smooth is None else options.smooth for edge in edges[::-1]]
        width = [w if options.smooth is not None or w > 0.5 else 0.0 for w in width]
        values = _smoothed(_grey(picture, options), width)
        layers, taken = [values], np.ones(dim, dtype=np.int64)
        said = [f"filtered by {', '.join(f'{w:.3g}' for w in width[::-1])} pixels, values {values.min():.4g} to {values.max():.4g}"]
    notes = [f"field {name}: {note}" for note in (*picture.notes, sizes(options, picture), *said)]
    corner, extent = np.array(options.shift or [0.0] * dim), full * picture.whole
    first = (0.5 + taken // 2) / taken  # where the first value lies
    return layers, edges * taken, first, corner, extent, shown, notes, float(values.min()), float(values.max())


def _directions(
    name: str, options: ImageField, picture: Picture, edges: Floats, apart: float
) -> tuple[list[Any], NDArray[np.int64], list[str]]:
    """The components of the tensor of directions, filtered so that nodes miss no pixel; of every which pixel; what is said."""
    values, dim = _grey(picture, options), len(edges)
    if options.turns:
        layers, said = _of_angles(name, options, picture, values), []
        done, taken = [0.0] * dim, [1] * dim
    else:
        smooth = 1.0 if options.smooth is None else options.smooth
        least = 2 * int(np.ceil(EDGE * smooth)) + 1
        if min(values.shape) < least:
            raise MeshError(
                f"field {name!r}: too few pixels for directions ({' x '.join(map(str, values.shape[::-1]))})",
                code="picture-axes",
                place=options.image,
                remedy=f"at least {least} are needed along each axis with `smooth: {smooth:g}`",
            )
        done = [3.0 * smooth if options.window is None else max(options.window / float(edge), smooth) for edge in edges]
        taken = steps(done, values.shape[::-1])
        layers = structure(values, [float(edge) for edge in edges], smooth, done, options.full or 1.0)
        said = [f"gradients filtered by {smooth:g}, directions by {', '.join(f'{w:.3g}' for w in done)} pixels"]
    wanted = [0.5 * apart / float(edge) if options.smooth is None or not options.turns else options.smooth for edge in edges]
    more = [sqrt(max(w**2 - d**2, 0.0)) / n for w, d, n in zip(wanted, done, taken, strict=True)]
    layers = [_smoothed(layer, [m if m > 0.5 else 0.0 for m in more[::-1]]) for layer in layers]
    coherence = trace(layers, dim)
    if coherence.max() < _NONE:
        raise MeshError(
            f"field {name!r}: the picture has no direction anywhere (coherence at most {coherence.max():.2g})",
            code="no-direction",
            place=options.image,
            remedy="check `channel`, `colour` and `window`: fibres are lines lighter or darker than what lies between them",
        )
    said += [f"coherence {coherence.min():.3g} to {coherence.max():.3g}, mean {coherence.mean():.3g}"]
    return layers, np.array(taken), said


def _of_angles(name: str, options: ImageField, picture: Picture, values: Any) -> list[Any]:
    if picture.volume:
        raise MeshError(
            f"field {name!r}: an angle is no direction in 3-D",
            code="picture-axes",
            place=options.image,
            remedy="give the volume itself with `orientation: structure_tensor`",
        )
    if picture.coloured and options.colour == "grey":
        raise MeshError(
            f"field {name!r}: a picture in colours, of which none is said to be the angle",
            code="picture-axes",
            place=options.image,
            remedy="state `colour`: red, green or blue",
        )
    if options.angles is None:
        return turned(values)
    if picture.values.dtype not in (np.uint8, np.uint16):
        raise MeshError(
            f"field {name!r}: the picture holds numbers of type {picture.values.dtype}, so black and white are not known",
            code="picture-axes",
            place=options.image,
            remedy="state `take: stored` without `angles`, the numbers being degrees",
        )
    low, high = options.angles
    return turned(low + (high - low) * values.astype(np.float64))


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
