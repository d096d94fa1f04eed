"""Reading pictures, label images and volumes into arrays."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError
from ...solver.scenario.mesh_image import PICTURES

_SHIPPED = "skimage:"


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


def load(image: str) -> NDArray[Any]:
    """The picture as (rows, columns), (rows, columns, 3) or, for a volume, (slices, rows, columns); transparency is dropped.

    image: a file name, or skimage:NAME. Raises MeshError for what cannot be read.
    """
    if image.startswith(_SHIPPED):
        return _without_alpha(_shipped(image.removeprefix(_SHIPPED)))
    path = Path(image)
    if not path.is_file():
        raise MeshError("file not found", code="file-not-found", place=str(path), remedy="check the name")
    if path.name.endswith((".nii", ".nii.gz")):
        return _nifti(path)
    try:
        array = np.load(path, allow_pickle=False) if path.suffix == ".npy" else _frames(path)
    except (OSError, ValueError, SyntaxError) as error:
        reason = str(error).splitlines()[0]
        raise MeshError(
            f"not readable as a picture ({reason})",
            code="unreadable-file",
            place=str(path),
            remedy="known are PNG, TIFF, JPEG, NIfTI and .npy",
        ) from None
    return _without_alpha(array)


def _shipped(name: str) -> NDArray[Any]:
    data = skimage("data", f"the picture {_SHIPPED}{name}")
    try:
        if name not in PICTURES:
            raise AttributeError(name)
        return np.asarray(getattr(data, name)())
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


def _frames(path: Path) -> NDArray[Any]:
    from PIL import Image, ImageSequence

    with Image.open(path) as file:
        frames = [np.asarray(frame.convert("RGB") if frame.mode == "P" else frame) for frame in ImageSequence.Iterator(file)]
    return frames[0] if len(frames) == 1 else np.stack(frames)


def _nifti(path: Path) -> NDArray[Any]:
    try:
        nibabel = import_module("nibabel")
    except ImportError:
        raise MeshError(
            "NIfTI volumes need nibabel, which is not installed",
            code="missing-package",
            place=str(path),
            remedy="install it (Debian: python3-nibabel, conda and pip: nibabel)",
        ) from None
    try:
        array = np.asarray(nibabel.load(path).dataobj)
    except Exception as error:
        raise MeshError(
            f"not readable as NIfTI ({error})",
            code="unreadable-file",
            place=str(path),
            remedy="save the volume again as .nii, .nii.gz or .npy",
        ) from None
    # NIfTI stores (x, y, z); everything here is (z, y, x).
    whole = np.rint(array)
    return np.ascontiguousarray((whole if np.array_equal(whole, array) else array).T)


def _without_alpha(array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim == 3 and array.shape[2] == 4:
        return array[:, :, :3]
    return array.astype(np.uint8) if array.dtype == bool else array


def as_unit(array: NDArray[Any]) -> NDArray[np.float64]:
    """Brightness values scaled to 0 .. 1: integers by the range of their type, other numbers by their own range."""
    if array.dtype.kind == "u" and array.dtype.itemsize <= 2:
        return np.asarray(array / np.iinfo(array.dtype).max, dtype=np.float64)
    values = np.asarray(array, dtype=np.float64)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        return values
    return np.asarray((values - low) / (high - low or 1.0))
