"""The picture or volume of a mesh, and how long its pixels are."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError
from ...solver.scenario.mesh_image import ImageMesh, LabelClass, RestClass, RidgeClass
from ...solver.scenario.pictures import PICTURES, PictureFile
from ..files.contents import Missing, Unreadable
from ..files.isolated import answered
from .files.reading import KNOWN
from .files.settle import settle
from .files.stored import Picture, Refused, Request, Stored

_SHIPPED = "skimage:"
_HEADERS = (".mhd", ".nhdr", ".hdr", ".img")  # whose values may be in a second file


def skimage(module: str, purpose: str) -> Any:
    """A module of scikit-image, which is optional; raises MeshError with the way to get it."""
    try:
        return import_module(f"skimage.{module}")
    except ImportError:
        raise MeshError(
            "needs scikit-image, which is not installed",
            code="missing-package",
            place=purpose,
            remedy="install it (Debian: python3-skimage, conda and pip: scikit-image)",
        ) from None


def load(options: ImageMesh) -> Picture:
    """The picture or volume of the options; raises MeshError with the file, what was found and what to do."""
    return read(options, by_label(options), options.crop)


def read(options: PictureFile, labels: bool, crop: tuple[int, ...] | None = None, whole: bool = True, pick: bool = False) -> Picture:
    """The picture or volume of a file, as stored numbers (labels; of any kind, unless whole) or as shown; raises MeshError as above.

    pick: where it is made smaller pixels are left out, as a mean of theirs, such as of angles, has no meaning.
    """
    request = Request(
        labels, options.axes, options.channel, options.frame, options.level, crop, options.shrink, whole, pick, options.series
    )
    source = options.image
    try:
        if source.startswith(_SHIPPED):
            return settle(_shipped(source.removeprefix(_SHIPPED)), request)
        path = Path(source)
        if not path.is_file():
            raise MeshError("file not found", code="file-not-found", place=str(path), remedy="check the name")
        if not path.stat().st_size:
            raise Unreadable("it holds 0 bytes")
        return answered("invasio.meshes.image.files.reading", path, Picture, request)
    except Refused as error:
        raise MeshError(error.what, code=error.code, place=source, remedy=error.remedy) from None
    except Missing as error:
        remedy = "install it (Debian: python3-skimage, python3-nibabel, python3-vtk9; pip: tifffile, nibabel, vtk, pillow)"
        raise MeshError(str(error), code="missing-package", place=source, remedy=remedy) from None
    except Unreadable as error:
        what = f"not readable as a picture or volume ({error})"
        raise MeshError(what, code="unreadable-file", place=source, remedy=f"known are {KNOWN}") from None


def by_label(options: ImageMesh) -> bool:
    """Whether the regions are label values, so that the picture is a label image or volume."""
    return all(isinstance(c, (LabelClass, RestClass)) for c in options.regions.values())


def fine(options: ImageMesh) -> bool:
    """Whether the defaults of smoothing must keep areas: regions are labels, or lines, of which smoothing leaves little."""
    return by_label(options) or any(isinstance(c, RidgeClass) for c in options.regions.values())


def spacing(options: PictureFile, picture: Picture) -> tuple[tuple[float, ...], str]:
    """Edges of a pixel of the full picture along x, y (and z) in the scenario's lengths, and where they come from.

    `pixel` counts before what the file says; without both an edge is 1. In a scenario without units the numbers are
    those of the file, in mm for volumes and um for pictures.
    """
    dim = 3 if picture.volume else 2
    if options.pixel is not None:
        pixel = options.pixel if isinstance(options.pixel, tuple) else (options.pixel,) * dim
        if len(pixel) != dim:
            raise MeshError(
                f"'pixel' has {len(pixel)} edges, the picture {dim} axes",
                code="picture-axes",
                place=str(options.image),
                remedy="give a number, or an edge for each axis",
            )
        said = ", which differs from what the file says" if _other(pixel, picture, options) else ""
        return pixel, f"from `pixel`{said}"
    known = [edge for edge in picture.spacing if edge is not None]
    if not known:
        return (1.0,) * dim, "the file says none: taken as 1 (`pixel` sets it)"
    if len(known) < dim:
        missing = ", ".join(axis for axis, edge in zip("xyz", picture.spacing, strict=False) if edge is None)
        what = f"the file says how long a pixel is, but not along {missing}"
        raise MeshError(what, code="picture-axes", place=str(options.image), remedy="give `pixel`, an edge for each axis")
    length, said = options.metre, "from the file"
    if length is None:
        length, said = (1e3, "from the file, in mm") if picture.volume else (1e6, "from the file, in um")
    return tuple(float(f"{edge * length:.12g}") for edge in known), said


def _other(pixel: tuple[float, ...], picture: Picture, options: PictureFile) -> bool:
    length = options.metre
    if length is None:
        return False
    pairs = zip(pixel, picture.spacing, strict=True)
    return any(edge is not None and abs(edge * length - own) > 1e-3 * own for own, edge in pairs)


def sizes(options: PictureFile, picture: Picture) -> str:
    """How long its pixels or voxels are, in words."""
    edges, said = spacing(options, picture)
    return f"{'voxel' if picture.volume else 'pixel'} size {' x '.join(f'{e:g}' for e in edges)}, {said}"


def digest(path: Path) -> bytes:
    """Of a picture's file and, for headers, of the values beside it; empty for pictures of scikit-image (its version counts)."""
    if not path.is_file():
        return b""
    beside = path.parent.glob(f"{path.stem}.*") if path.suffix.lower() in _HEADERS else ()
    digests = []
    for file in sorted({path, *(each for each in beside if each.is_file())}):
        with file.open("rb") as opened:
            digests.append(hashlib.file_digest(opened, "sha256").digest())
    return b"".join(digests)


# axes of the pictures of scikit-image that are more than rows, columns and colours
_AXES = {
    "cells3d": "zcyx",
    "kidney": "zyxc",
    "lily": "yxc",
    "protein_transport": "tcyx",
    "nickel_solidification": "tyx",
    "lfw_subset": "qyx",
}


def _shipped(name: str) -> Stored:
    data = skimage("data", f"the picture {_SHIPPED}{name}")
    try:
        if name not in PICTURES:
            raise AttributeError(name)
        array = np.asarray(getattr(data, name)())
        return Stored(array, _AXES.get(name, "yxs"[: array.ndim]))
    except AttributeError:
        raise MeshError(
            "scikit-image ships no picture of that name",
            code="no-picture",
            place=f"{_SHIPPED}{name}",
            remedy="a section of tissue is skimage:immunohistochemistry",
        ) from None
    except (ImportError, OSError, ValueError) as error:
        raise MeshError(
            f"this installation of scikit-image does not hold it ({str(error).splitlines()[0]})",
            code="no-picture",
            place=f"{_SHIPPED}{name}",
            remedy="install pooch and fetch it, or save the picture and give its file",
        ) from None


def as_unit(array: NDArray[Any]) -> NDArray[np.float32]:
    """Brightness values scaled to 0 .. 1: integers of up to 16 bits by the range of their type, other numbers by their own range."""
    if array.dtype == bool:
        return array.astype(np.float32)
    if array.dtype.kind == "u" and array.dtype.itemsize <= 2:
        return np.divide(array, np.float32(np.iinfo(array.dtype).max), dtype=np.float32)
    low, high = float(array.min()), float(array.max())
    if array.dtype.kind == "f" and low >= 0 and high <= 1:
        return array.astype(np.float32)
    return np.asarray((array - low) / (high - low or 1.0), dtype=np.float32)
