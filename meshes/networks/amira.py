"""Amira's and Avizo's SpatialGraph (.am): text, binary of either byte order, and their two compressions.

Source: Thermo Fisher Scientific, Amira-Avizo User's Guide, "AmiraMesh Format" and "HxSpatialGraph".
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError
from ...solver.scenario.network import Network as Options
from .sizes import size_array
from .table import Table

Floats = NDArray[np.float64]

_HEAD = re.compile(rb"#\s*(?:AmiraMesh|Avizo|HyperMesh)[^\n]*?(ASCII|BINARY-LITTLE-ENDIAN|BINARY)")
_DEFINE = re.compile(r"define\s+(\w+)\s+(\d+)")
_COLUMN = re.compile(r"(\w+)\s*\{\s*(\w+)\s*(?:\[\s*(\d+)\s*\])?\s+(\w+)\s*\}\s*(?:=\s*)?@(\d+)(?:\(\s*(\w+)\s*,\s*(\d+)\s*\))?")
_TYPES = {"float": "f4", "double": "f8", "int": "i4", "long": "i8", "short": "i2", "ushort": "u2", "byte": "u1"}
_NEEDED = ("VertexCoordinates", "EdgeConnectivity")


def read_amira(table: Table, options: Options) -> None:
    """Each edge is a polyline from vertex to vertex, whose pieces have one name. Raises MeshError."""
    columns = _columns(table.path)
    for name in _NEEDED:
        if name not in columns:
            raise _wrong(table.path, f"no {name}, so it is no SpatialGraph")
    vertices, ends = columns["VertexCoordinates"][1], _integers(table.path, columns["EdgeConnectivity"][1])
    counts = _integers(table.path, columns["NumEdgePoints"][1]) if "NumEdgePoints" in columns else np.zeros(len(ends), dtype=np.int64)
    between = columns["EdgePointCoordinates"][1] if "EdgePointCoordinates" in columns else np.empty((0, 3))
    if (
        vertices.shape[1:] != (3,)
        or ends.shape[1:] != (2,)
        or len(counts) != len(ends)
        or counts.min(initial=0) < 0
        or counts.sum() > len(between)
    ):
        raise _wrong(table.path, "its vertices, edges and points do not fit together")
    sizes = {name: (kind, values) for name, (kind, values) in columns.items() if values.ndim == 1 and name != "NumEdgePoints"}
    table.arrays = tuple(sizes)
    chosen = size_array(sizes, options, str(table.path))
    for k in range(len(vertices)):
        table.node(f"vertex{k}", [float(x) for x in vertices[k]], f"{table.path}: vertex {k}")
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    for edge in range(len(ends)):
        a, b = int(ends[edge, 0]), int(ends[edge, 1])
        place = f"{table.path}: edge {edge}"
        inner = range(int(start[edge]) + 1, int(start[edge + 1]) - 1)
        for k in inner:
            table.node(f"point{k}", [float(x) for x in between[k]], place)
        names = [f"vertex{a}", *(f"point{k}" for k in inner), f"vertex{b}"]
        radius = _radii(chosen, sizes, edge, (a, b), range(int(start[edge]), int(start[edge + 1])), len(names) - 1)
        for one, two, size in zip(names[:-1], names[1:], radius, strict=True):
            table.add(one, two, size, place, "", f"edge{edge}")


def _integers(path: Path, values: Floats) -> NDArray[np.int64]:
    if not (np.isfinite(values) & (np.abs(values) < 2**53)).all():
        raise _wrong(path, "numbers of vertices are no whole numbers")
    return values.astype(np.int64)


def _radii(
    chosen: tuple[str, float] | None,
    sizes: Mapping[str, tuple[str, Floats]],
    edge: int,
    ends: tuple[int, int],
    points: range,
    pieces: int,
) -> list[float]:
    """The radius of each piece of an edge: of the edge, or the mean of the points or vertices at its ends."""
    if chosen is None:
        return [float("nan")] * pieces
    kind, values = sizes[chosen[0]]
    if kind == "EDGE":
        return [chosen[1] * float(values[edge])] * pieces
    at = [float(values[k]) for k in (points if kind == "POINT" else ends) if k < len(values)]
    if len(at) != pieces + 1:
        mean = chosen[1] * sum(at) / len(at) if at else float("nan")
        return [mean] * pieces
    return [chosen[1] * 0.5 * (one + two) for one, two in pairwise(at)]


def _columns(path: Path) -> dict[str, tuple[str, Floats]]:
    """VERTEX, EDGE or POINT and the values of each column of the file."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _wrong(path, error.strerror or str(error)) from None
    head = _HEAD.match(raw)
    if head is None:
        raise _wrong(path, "it does not begin with # AmiraMesh")
    first = re.search(rb"^@\d+\s*$", raw, re.MULTILINE)
    text = raw[: first.start() if first else len(raw)].decode("latin-1")
    counts = {name: int(count) for name, count in _DEFINE.findall(text)}
    columns, position = {}, first.start() if first else len(raw)
    found = sorted(_COLUMN.findall(text), key=lambda column: int(column[4]))
    for group, kind, width, name, mark, packing, packed in found:
        if group not in counts or kind not in _TYPES:
            raise _wrong(path, f"{name} has the unknown type {kind}" if group in counts else f"{name} belongs to the unknown {group}")
        begin = re.compile(rb"^@" + mark.encode() + rb"[ \t\r]*\n", re.MULTILINE).search(raw, position)
        if begin is None:
            raise _wrong(path, f"the values of {name} (@{mark}) are missing")
        total = counts[group] * int(width or 1)
        if head[1] == b"ASCII":
            end = raw.find(b"@", begin.end())
            values = _numbers(raw[begin.end() : end if end >= 0 else len(raw)])
            position = begin.end()
        else:
            dtype = np.dtype(_TYPES[kind]).newbyteorder("<" if b"LITTLE" in head[1] else ">")
            size = int(packed) if packed else total * dtype.itemsize
            values = _unpacked(path, raw[begin.end() : begin.end() + size], packing, total * dtype.itemsize, dtype)
            position = begin.end() + size
        if values is None or len(values) < total:
            raise _wrong(path, f"{name} has fewer values than the {total} that its head says")
        columns[name] = (group, values[:total].reshape(-1, int(width)) if width and int(width) > 1 else values[:total])
    return columns


def _numbers(text: bytes) -> Floats | None:
    try:
        return np.array(text.split(), dtype=np.float64)
    except ValueError:
        return None


def _unpacked(path: Path, data: bytes, packing: str, size: int, dtype: np.dtype[np.generic]) -> Floats | None:
    if packing == "HxZip":
        try:
            data = zlib.decompressobj().decompress(data, size)
        except zlib.error as error:
            raise _wrong(path, str(error)) from None
    elif packing == "HxByteRLE":
        data = _runs(data, size)
    elif packing:
        raise _wrong(path, f"it is compressed with {packing}, which is not read: save it as ASCII")
    return np.frombuffer(data, dtype=dtype, count=size // dtype.itemsize).astype(np.float64) if len(data) >= size else None


def _runs(data: bytes, size: int) -> bytes:
    """Bytes of a run-length code: a count above 127 is followed by so many bytes less 128, another by one to be repeated."""
    out, k = bytearray(), 0
    while k + 1 < len(data) and len(out) < size:
        count = data[k]
        if count > 127:
            out += data[k + 1 : k + 1 + count - 128]
            k += 1 + count - 128
        else:
            out += data[k + 1 : k + 2] * count
            k += 2
    return bytes(out)


def _wrong(path: Path, reason: str) -> MeshError:
    return MeshError(
        f"not readable as a SpatialGraph of Amira ({reason})", code="unreadable-file", place=str(path), remedy="save it again as ASCII"
    )
