"""NRRD (.nrrd, .nhdr): http://teem.sourceforge.net/nrrd/format.html; VTK reads few of its encodings and no directions."""

from __future__ import annotations

import bz2
import zlib
from pathlib import Path

import numpy as np

from ...files.contents import Unreadable
from .bodies import placed
from .stored import Request, Stored, Values, declared

_HEADER = 1 << 20
_TYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "signed short int", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "long long int", "signed long long", "int64", "int64_t"), "i8"),
    **dict.fromkeys(("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"), "u8"),
    **{"float": "f4", "double": "f8"},
}
# What turns a space of the file into right, anterior, superior.
_SPACES = {"right-anterior-superior": (1, 1, 1), "left-anterior-superior": (-1, 1, 1), "left-posterior-superior": (-1, -1, 1)}
_SHORT = {"RAS": "right-anterior-superior", "LAS": "left-anterior-superior", "LPS": "left-posterior-superior"}


def read(path: Path, request: Request) -> Stored:
    """Values (x, y[, z]) with spacings and directions; an axis of vectors or lists is refused, one of colours is taken in pictures."""
    head, rest = _header(path)
    try:
        sizes = tuple(map(int, head["sizes"].split()))
        kind = np.dtype(_TYPES[head["type"].lower()])
    except (KeyError, ValueError) as error:
        raise Unreadable(f"its header lacks or garbles {error}") from None
    if int(head.get("dimension", len(sizes))) != len(sizes):
        raise Unreadable(f"its header says {head['dimension']} axes and lists {len(sizes)} sizes")
    declared(sizes, kind.itemsize)
    if kind.itemsize > 1 and head.get("encoding", "raw") not in ("ascii", "text", "txt"):
        kind = kind.newbyteorder(">" if head.get("endian", "little") == "big" else "<")
    values = _values(path, head, rest, sizes, kind)
    kinds = head.get("kinds", "").split()
    colours = [k for k, name in enumerate(kinds) if name.lower() in ("vector", "rgb-color", "rgba-color", "list", "3-color", "4-color")]
    if colours:
        if len(sizes) != 3 or colours != [0]:
            raise Unreadable(f"several values per voxel (kinds: {' '.join(kinds)}): save one of them")
        return Stored(values.transpose(2, 1, 0), "yxs", notes=("NRRD",))
    if len(sizes) not in (2, 3):
        raise Unreadable(f"it has {len(sizes)} axes: {' x '.join(map(str, sizes))}")
    return _placed(head, values, len(sizes))


def _placed(head: dict[str, str], values: Values, dim: int) -> Stored:
    notes: list[str] = []
    unit = (head.get("space units") or head.get("units") or "").replace('"', " ").split()
    if not unit:
        notes.append("no unit of length in the file: mm, as 3D Slicer has it")
    affine = None
    if "space directions" in head:
        rows = [part.strip("()").split(",") for part in head["space directions"].split()]
        space = head.get("space", "")
        signs = _SPACES.get(_SHORT.get(space.upper(), space.lower()), (1, 1, 1))
        try:
            matrix = np.array(rows, dtype=np.float64).T
            origin = np.array(head.get("space origin", "(" + ",".join("0" * dim) + ")").strip("()").split(","), dtype=np.float64)
            affine = np.eye(4)
            affine[:dim, :dim] = np.array(signs[:dim])[:, None] * matrix if dim == 3 else matrix
            affine[:dim, 3] = np.array(signs[:dim]) * origin if dim == 3 else origin
        except ValueError:
            raise Unreadable(f"its space directions are no {dim} vectors of {dim} numbers") from None
    elif "spacings" in head:
        edges = [float(word) for word in head["spacings"].split()]
        if len(edges) != dim or not all(edge > 0 for edge in edges):
            raise Unreadable(f"its spacings are not {dim} numbers above 0")
        affine = np.diag([*edges, *[1.0] * (4 - dim)])
    return placed(values, affine, unit[0] if unit else "mm", notes)


def _header(path: Path) -> tuple[dict[str, str], bytes]:
    with path.open("rb") as file:
        text = file.read(_HEADER)
    if not text.startswith(b"NRRD"):
        raise Unreadable("it does not begin with NRRD")
    ends = [(at, len(end)) for end in (b"\n\n", b"\r\n\r\n") if (at := text.find(end)) >= 0]
    at, length = min(ends) if ends else (len(text), 0)
    found = {}
    for line in text[:at].decode(errors="replace").splitlines()[1:]:
        if not line.startswith("#"):
            key, colon, value = line.partition(":")
            if colon:
                found[key.strip().lower()] = value.lstrip("=").strip()
    return found, path.read_bytes()[at + length :] if "data file" not in found and "datafile" not in found else b""


def _values(path: Path, head: dict[str, str], rest: bytes, sizes: tuple[int, ...], kind: np.dtype) -> Values:
    name = head.get("data file", head.get("datafile"))
    if name is not None:
        beside = path.parent / Path(name).name
        if Path(name).name != name or not beside.is_file():
            raise Unreadable(f"its values are in {name}, which is not beside it")
        rest = beside.read_bytes()
    if any(key in head for key in ("line skip", "lineskip", "byte skip", "byteskip")):
        raise Unreadable("its values begin after a skip: write them without")
    encoding = head.get("encoding", "raw").lower()
    wanted = int(np.prod(sizes))
    if encoding in ("ascii", "text", "txt"):
        try:
            array = np.array(rest.split(), dtype=kind)
        except (ValueError, OverflowError):
            raise Unreadable("its values are no numbers") from None
    else:
        raw = _unpacked(encoding, rest, wanted * kind.itemsize)
        array = np.frombuffer(raw[: len(raw) // kind.itemsize * kind.itemsize], dtype=kind)
    if array.size < wanted:
        raise Unreadable(f"it holds {array.size} values instead of {' x '.join(map(str, sizes))}")
    return array[:wanted].reshape(sizes, order="F")


def _unpacked(encoding: str, data: bytes, most: int) -> bytes:
    try:
        if encoding == "raw":
            return data
        if encoding in ("gzip", "gz"):
            return zlib.decompressobj(47).decompress(data, most)
        if encoding in ("bzip2", "bz2"):
            return bz2.BZ2Decompressor().decompress(data, most)
    except (OSError, zlib.error) as error:
        raise Unreadable(f"its values are damaged ({error})") from None
    raise Unreadable(f"its values are encoded as {encoding}; raw, gzip, bzip2 and ascii are read")
