"""Volumes with a place in the body: NIfTI, Analyze and MGH/MGZ by nibabel, MetaImage by VTK, NRRD.

Axes are put in the order and sense right, anterior, superior, whatever the order in which the file lists its voxels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...files.contents import Unreadable
from .stored import Request, Stored, Values, declared, metres

_WHERE = (("left", "right"), ("posterior", "anterior"), ("inferior", "superior"))
_OBLIQUE = 1.0  # degrees that are worth a note


def read(path: Path, request: Request) -> Stored:
    """A volume (x, y, z) of nibabel, turned; a fourth axis is time, a fifth several values per voxel."""
    import nibabel

    try:
        image: Any = nibabel.load(path)  # whatever kind: all have these
        declared(image.shape, 8 if image.get_data_dtype().kind == "f" else image.get_data_dtype().itemsize)
        if image.get_data_dtype().kind not in "buif":
            raise Unreadable(f"its voxels are of type {image.get_data_dtype()}, not numbers")
        values = np.asarray(image.dataobj)
        unit = image.header.get_xyzt_units()[0] if hasattr(image.header, "get_xyzt_units") else "mm"
        oriented = not isinstance(image, nibabel.Nifti1Pair) or any(int(image.header[code]) for code in ("sform_code", "qform_code"))
    except Unreadable:
        raise
    except Exception as error:  # nibabel raises what its header parsers and gzip raise
        raise Unreadable(str(error).splitlines()[0] if str(error) else type(error).__name__) from None
    notes = []
    if unit == "unknown":
        unit = "mm"
        notes.append("no unit of length in the file: mm, as NIfTI has it")
    affine = np.asarray(image.affine, dtype=np.float64)
    if not oriented:  # nibabel then takes LAS, ITK LPS
        affine = np.diag([*image.header.get_zooms()[:3], *[1.0] * (4 - min(values.ndim, 3))])
    return placed(values, affine, unit, notes, oriented=oriented)


def placed(
    values: Values, affine: NDArray[np.float64] | None, unit: object, notes: list[str], more: str = "tc", oriented: bool = True
) -> Stored:
    """Values (x, y, z and ``more``) with the affine from voxels to right, anterior, superior; None: the axes as they are.

    Of an affine that is not oriented the edges count only.
    """
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if not 2 <= values.ndim <= 3 + len(more):
        raise Unreadable(f"it has {values.ndim} axes: {' x '.join(map(str, values.shape))}")
    if values.ndim == 2:
        values = values[:, :, None]
    spacing: dict[str, float] = {}
    if affine is not None:
        if oriented:
            values, edges = _turned(values, affine, notes)
        else:
            edges = np.linalg.norm(affine[:3, :3], axis=0)
            notes += ["the file says no orientation: axes as they are"] * (values.shape[2] > 1)
        spacing = {axis: length for axis, edge in zip("xyz", edges, strict=True) if (length := metres(edge, unit))}
    axes = ("xyz" + more)[: values.ndim]
    if values.shape[2] == 1:
        values, axes = values[:, :, 0], axes.replace("z", "")
        spacing.pop("z", None)
    return Stored(values.T, axes[::-1], spacing, notes=tuple(notes))


def _turned(values: Values, affine: NDArray[np.float64], notes: list[str]) -> tuple[Values, NDArray[np.float64]]:
    from nibabel.orientations import aff2axcodes, apply_orientation, inv_ornt_aff, io_orientation

    matrix = affine[:3, :3]
    edges = np.linalg.norm(matrix, axis=0)
    if not np.isfinite(affine).all() or edges.min() == 0:
        raise Unreadable("its affine is no placing of voxels: an edge has no length")
    unit = matrix / edges
    if np.abs(unit.T @ unit - np.eye(3)).max() > 1e-3:
        raise Unreadable("its voxels are sheared: resample it on a grid with right angles")
    orientation = io_orientation(affine)
    code = "".join(str(c) for c in aff2axcodes(affine))
    turned = apply_orientation(values, orientation)
    placed_affine = affine @ inv_ornt_aff(orientation, values.shape[:3])
    away = float(np.degrees(np.arccos(np.clip(np.abs(unit).max(axis=0).min(), -1, 1))))
    notes.append(f"voxels {code}, taken as x to the right, y anterior, z superior" + (", which turned the axes" if code != "RAS" else ""))
    if away > _OBLIQUE:
        notes.append(f"the axes of its voxels are {away:.1f} degrees away from those of the body, and stay so")
    corner = placed_affine[:3, 3] - placed_affine[:3, :3].sum(axis=1) / 2
    notes.append(f"the corner (0, 0, 0) lies at ({', '.join(f'{x:g}' for x in corner)}) of the file")
    return turned, np.linalg.norm(placed_affine[:3, :3], axis=0)
