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
_FILES = 10_000
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
_SEVERAL = ("vector", "list", "point", "normal", "complex", "quaternion")  # kinds of axes that list the values of one voxel
_SHORT = {"RAS": "right-anterior-superior", "LAS": "left-anterior-superior", "LPS": "left-posterior-superior"}


def read(path: Path, request: Request) -> Stored:
    """Values (x, y[, z]) with spacings and directions; an axis of vectors or lists holds channels, one of colours samples."""
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
    letters = _letters(head, sizes, kind)
    places = "".join(a for a in "xyz" if a in letters)
    more = "".join(a for a in "tcs" if a in letters)
    return _placed(head, values.transpose([letters.index(a) for a in places + more]), [letters.index(a) for a in places], more)


def _letters(head: dict[str, str], sizes: tuple[int, ...], kind: np.dtype) -> str:
    """x, y, z in the order of the file's axes in space; t time, s colours, c other values of a voxel."""
    kinds = [*(word.lower() for word in head.get("kinds", "").split()), *("",) * len(sizes)]
    without = [
        *(word in ("none", "nan") for word in head.get("space directions", head.get("spacings", "")).split()),
        *(False,) * len(sizes),
    ]
    several = [
        k for k, name in enumerate(kinds[: len(sizes)]) if without[k] or name in _SEVERAL or "color" in name or name.endswith("-vector")
    ]
    left = list("xyzt")
    letters = ""
    for k, size in enumerate(sizes):
        colours = "color" in kinds[k] or (len(sizes) == 3 and size in (3, 4) and kind.itemsize == 1)
        letters += ("s" if colours else "c") if k in several else "t" if kinds[k] == "time" else left.pop(0) if left else "?"
    if "?" in letters or len(set(letters)) < len(letters) or "y" not in letters:
        raise Unreadable(f"its {len(sizes)} axes ({' x '.join(map(str, sizes))}) are not those of a picture or volume")
    return letters


def _placed(head: dict[str, str], values: Values, axes: list[int], more: str) -> Stored:
    """Values (x, y[, z] and ``more``), of which the first are these axes of the file."""
    dim = len(axes)
    notes: list[str] = []
    if dim == 2:
        values = values[:, :, None]
    units = (head.get("space units") or head.get("units") or "").replace('"', " ").split()
    unit = (units + [""] * 9)[0 if "space units" in head else axes[0]]
    if not unit:
        notes.append("no unit of length in the file: mm, as 3D Slicer has it")
    affine = None
    if "space directions" in head:
        rows = [part.strip("()").split(",")[:3] for part in head["space directions"].split()]
        space = head.get("space", "").lower().removesuffix("-time")
        signs = _SPACES.get(_SHORT.get(space[:3].upper(), space), (1, 1, 1))
        try:
            matrix = np.array([rows[k] for k in axes], dtype=np.float64).T
            origin = np.array(head.get("space origin", "(" + ",".join("0" * dim) + ")").strip("()").split(",")[:dim], dtype=np.float64)
            affine = np.eye(4)
            affine[:dim, :dim] = np.array(signs[:dim])[:, None] * matrix if dim == 3 else matrix
            affine[:dim, 3] = np.array(signs[:dim]) * origin if dim == 3 else origin
        except (ValueError, IndexError):
            raise Unreadable(f"its space directions are no {dim} vectors of {dim} numbers") from None
    elif "spacings" in head:
        words = head["spacings"].split()
        edges = [float(words[k]) for k in axes if k < len(words)]
        if len(edges) != dim or not all(edge > 0 for edge in edges):
            raise Unreadable(f"its spacings are not {dim} numbers above 0")
        affine = np.diag([*edges, *[1.0] * (4 - dim)])
    return placed(values, affine, unit or "mm", notes, more, dim == 3 and "space directions" in head)


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
            if key.strip().lower() in ("data file", "datafile") and value.split() and value.split()[0] == "LIST":
                return found, text.partition(line.encode())[2]
    return found, path.read_bytes()[at + length :] if "data file" not in found and "datafile" not in found else b""


def _values(path: Path, head: dict[str, str], rest: bytes, sizes: tuple[int, ...], kind: np.dtype) -> Values:
    encoding = head.get("encoding", "raw").lower()
    wanted = int(np.prod(sizes))
    name = head.get("data file", head.get("datafile"))
    parts = [rest] if name is None else [_beside(path, each) for each in _files(name, rest)]
    parts = [_skipped(part, head, wanted * kind.itemsize // len(parts)) for part in parts]
    if encoding in ("ascii", "text", "txt"):
        try:
            array = np.array(b" ".join(parts).split(), dtype=kind)
        except (ValueError, OverflowError):
            raise Unreadable("its values are no numbers") from None
    else:
        raw = b"".join(_unpacked(encoding, part, wanted * kind.itemsize) for part in parts)
        array = np.frombuffer(raw[: len(raw) // kind.itemsize * kind.itemsize], dtype=kind)
    if array.size < wanted:
        raise Unreadable(f"it holds {array.size} values instead of {' x '.join(map(str, sizes))}")
    return array[:wanted].reshape(sizes, order="F")


def _files(name: str, rest: bytes) -> list[str]:
    """The files that hold the values: one, a list in the lines that follow, or a pattern with first, last and step."""
    if name.split()[0] == "LIST":
        found = rest.decode(errors="replace").split()
    elif (words := name.split())[1:] and "%" in words[0]:
        try:
            first, last, step = map(int, words[1:4])
            found = [words[0] % k for k in range(first, last + (1 if step > 0 else -1), step)]
        except (ValueError, TypeError):
            raise Unreadable(f"its list of files is garbled: {name}") from None
    else:
        found = [name]
    if not 0 < len(found) <= _FILES:
        raise Unreadable(f"it lists {len(found)} files of values")
    return found


def _beside(path: Path, name: str) -> bytes:
    beside = path.parent / Path(name).name
    if Path(name).name != name.removeprefix("./") or not beside.is_file():
        raise Unreadable(f"its values are in {name}, which is not beside it")
    return beside.read_bytes()


def _skipped(data: bytes, head: dict[str, str], length: int) -> bytes:
    """Without the lines and bytes that the header says to skip; -1: the values are the last bytes."""
    try:
        lines, count = (int(head.get(f"{a} skip", head.get(f"{a}skip", "0"))) for a in ("line", "byte"))
    except ValueError as error:
        raise Unreadable(f"its header garbles a skip ({error})") from None
    if lines:
        data = data.split(b"\n", lines)[-1]
    return data[-length:] if count < 0 else data[count:]


def _unpacked(encoding: str, data: bytes, most: int) -> bytes:
    try:
        if encoding == "raw":
            return data
        if encoding in ("gzip", "gz"):
            return zlib.decompressobj(47).decompress(data, most)
        if encoding in ("bzip2", "bz2"):
            return bz2.BZ2Decompressor().decompress(data, most)
        if encoding == "hex":
            return bytes.fromhex(data.decode())
    except (OSError, ValueError, zlib.error) as error:
        raise Unreadable(f"its values are damaged ({error})") from None
    raise Unreadable(f"its values are encoded as {encoding}; raw, gzip, bzip2, hex and ascii are read")
