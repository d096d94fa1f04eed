"""MetaImage (.mha, .mhd): values by VTK; its header says axes and directions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...files.contents import Unreadable
from .bodies import placed
from .stored import Request, Stored, Values, declared

_HEADER = 65_536
_BYTES = {"CHAR": 1, "UCHAR": 1, "SHORT": 2, "USHORT": 2, "INT": 4, "UINT": 4, "FLOAT": 4}


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
    if len(sizes) not in (2, 3) or len(edges) != len(sizes) or len(offset) != len(sizes) or len(matrix) not in (0, len(sizes) ** 2):
        raise Unreadable(f"its header has {len(sizes)} sizes, {len(edges)} spacings and {len(matrix)} numbers of directions")
    declared((*sizes, channels), _BYTES.get(head.get("ElementType", "").removeprefix("MET_"), 8))
    if head["ElementDataFile"].upper() == "LOCAL" and head.get("CompressedData", "False").lower() == "false":
        width = _BYTES.get(head.get("ElementType", "").removeprefix("MET_"), 1)
        lacking = int(np.prod(sizes)) * channels * width - (path.stat().st_size - length)
        if lacking > 0:
            raise Unreadable(f"it is cut off: {lacking} bytes of its values are missing")
    values = _values(path, sizes, channels)
    unit = head.get("DistanceUnits", "mm")
    notes = [] if "DistanceUnits" in head else ["no unit of length in the file: mm, as ITK has it"]
    if len(sizes) == 2:
        plane = placed(values[:, :, None] if channels == 1 else values[:, :, None, :], _diagonal(edges), unit, [])
        return Stored(plane.values, plane.axes.replace("t", "s"), plane.spacing, notes=tuple(notes))
    affine = np.eye(4)
    # the rows of TransformMatrix are the directions of the axes, from left, posterior, superior to right, anterior, superior
    directions = matrix.reshape(3, 3).T if matrix.size else np.eye(3)
    affine[:3, :3] = np.diag([-1, -1, 1]) @ directions * edges
    affine[:3, 3] = np.array([-1, -1, 1]) * offset
    if channels > 1:
        raise Unreadable(f"a volume of {channels} values per voxel: save one of them")
    return placed(values, affine, unit, notes)


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
    shape = (*sizes[::-1], channels) if channels > 1 else sizes[::-1]
    turned = array.reshape(shape)
    return np.moveaxis(turned, -1, 0).T if channels > 1 else turned.T
