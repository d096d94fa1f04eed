"""MetaImage (.mha, .mhd): values by VTK, of 64-bit integers and four axes, which it does not know, by numpy; the header says the rest."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from ...files.contents import Unreadable
from .bodies import placed
from .stored import Request, Stored, Values, declared

_HEADER = 65_536
_BYTES = {"CHAR": 1, "UCHAR": 1, "SHORT": 2, "USHORT": 2, "INT": 4, "UINT": 4, "FLOAT": 4}
_KINDS = {
    **{"CHAR": "i1", "UCHAR": "u1", "SHORT": "i2", "USHORT": "u2", "INT": "i4", "UINT": "u4", "LONG": "i4", "ULONG": "u4"},
    **{"FLOAT": "f4", "DOUBLE": "f8", "LONG_LONG": "i8", "ULONG_LONG": "u8"},
}


def read(path: Path, request: Request) -> Stored:
    """Values (x, y[, z]) with spacing and directions (left, posterior, superior, as ITK writes them)."""
    head, length = _header(path)
    try:
        sizes = tuple(map(int, head["DimSize"].split()))
        edges = np.array(head.get("ElementSpacing", head.get("ElementSize", "1 " * len(sizes))).split(), dtype=np.float64)
        matrix = np.array(head.get("TransformMatrix", head.get("Rotation", "")).split(), dtype=np.float64)
        offset = np.array(head.get("Offset", head.get("Position", head.get("Origin", "0 " * len(sizes)))).split(), dtype=np.float64)
        channels = int(head.get("ElementNumberOfChannels", "1"))
    except (KeyError, ValueError) as error:
        raise Unreadable(f"its header does not say {error}") from None
    dim = min(len(sizes), 3)
    if len(sizes) not in (2, 3, 4) or len(edges) < dim or len(offset) < dim or len(matrix) not in (0, len(sizes) ** 2):
        raise Unreadable(f"its header has {len(sizes)} sizes, {len(edges)} spacings and {len(matrix)} numbers of directions")
    declared((*sizes, channels), _BYTES.get(head.get("ElementType", "").removeprefix("MET_"), 8))
    if head["ElementDataFile"].upper() == "LOCAL" and head.get("CompressedData", "False").lower() == "false":
        width = _BYTES.get(head.get("ElementType", "").removeprefix("MET_"), 1)
        lacking = int(np.prod(sizes)) * channels * width - (path.stat().st_size - length)
        if lacking > 0:
            raise Unreadable(f"it is cut off: {lacking} bytes of its values are missing")
    kind = head.get("ElementType", "").removeprefix("MET_")
    own = len(sizes) == 4 or kind in ("LONG_LONG", "ULONG_LONG")
    values = _plain(path, head, length, (*sizes, channels), kind) if own else _values(path, sizes, channels)
    unit = head.get("DistanceUnits", "mm")
    notes = [] if "DistanceUnits" in head else ["no unit of length in the file: mm, as ITK has it"]
    if dim == 2:
        colours = channels in (3, 4) and kind == "UCHAR"
        return placed(values[:, :, None], _diagonal(edges), unit, notes, "s" if colours else "c", oriented=False)
    affine = np.eye(4)
    # the rows of TransformMatrix are the directions of the axes, from left, posterior, superior to right, anterior, superior
    directions = matrix.reshape((len(sizes),) * 2)[:3, :3].T if matrix.size else np.eye(3)
    affine[:3, :3] = np.diag([-1, -1, 1]) @ directions * edges[:3]
    affine[:3, 3] = np.array([-1, -1, 1]) * offset[:3]
    return placed(values, affine, unit, notes, "tc" if len(sizes) == 4 else "c")


def _diagonal(edges: np.ndarray) -> np.ndarray:
    return np.diag([*edges, 1.0, 1.0])


def _header(path: Path) -> tuple[dict[str, str], int]:
    """Its entries, and the bytes they take."""
    found, length = {}, 0
    with path.open("rb") as file:
        for line in file.read(_HEADER).split(b"\n"):
            key, equals, value = line.decode(errors="replace").partition("=")
            if not equals:
                break
            found[key.strip()] = value.strip()
            length += len(line) + 1
            if key.strip() == "ElementDataFile":
                break
    if "DimSize" not in found or "ElementDataFile" not in found:
        raise Unreadable("no header of a MetaImage")
    return found, length


def _values(path: Path, sizes: tuple[int, ...], channels: int) -> Values:
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkIOImage import vtkMetaImageReader

    reader = vtkMetaImageReader()
    if not reader.CanReadFile(str(path)):
        raise Unreadable("VTK takes it for no MetaImage")
    failed: list[str] = []
    reader.AddObserver("ErrorEvent", lambda *_: failed.append("VTK could not read its values: are they all there?"))
    reader.SetFileName(str(path))
    reader.Update()
    scalars = reader.GetOutput().GetPointData().GetScalars()
    if failed or scalars is None:
        raise Unreadable(failed[0] if failed else "it holds no values")
    array = vtk_to_numpy(scalars)
    if array.size != int(np.prod(sizes)) * channels:
        raise Unreadable(f"it holds {array.size} values instead of {' x '.join(map(str, sizes))}")
    return _in_order(array, (*sizes, channels))


def _in_order(array: Values, shape: tuple[int, ...]) -> Values:
    """Values (x, y, ...[, channel]), of which the file lists the channels of a voxel together, then x."""
    turned = array.reshape(*shape[-2::-1], shape[-1])
    return np.moveaxis(turned, -1, 0).T if shape[-1] > 1 else turned[..., 0].T


def _plain(path: Path, head: dict[str, str], length: int, shape: tuple[int, ...], kind: str) -> Values:
    """The values where they are in one file, packed or not."""
    if kind not in _KINDS:
        raise Unreadable(f"its values are of type {kind or 'unknown'}, not numbers")
    name = head["ElementDataFile"]
    if name.upper() != "LOCAL":
        path, length = path.parent / Path(name).name, 0
        if not path.is_file():
            raise Unreadable(f"its values are in {name}, which is not beside it")
    data = path.read_bytes()[length:]
    width = np.dtype(_KINDS[kind]).itemsize
    wanted = int(np.prod(shape)) * width
    if head.get("CompressedData", "False").lower() == "true":
        try:
            data = zlib.decompressobj().decompress(data, wanted)
        except zlib.error as error:
            raise Unreadable(f"its values are damaged ({error})") from None
    if len(data) < wanted:
        raise Unreadable(f"it is cut off: {wanted - len(data)} bytes of its values are missing")
    big = head.get("BinaryDataByteOrderMSB", head.get("ElementByteOrderMSB", "False")).lower() == "true"
    return _in_order(np.frombuffer(data[:wanted], dtype=(">" if big else "<") + _KINDS[kind]), shape)
