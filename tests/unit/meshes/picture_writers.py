"""Pictures and volumes as programs write them: one shape in every format, each by its own library."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

Array = np.ndarray
Writer = Callable[[Path], Path]


def plane() -> Array:
    """Labels 0, 1, 2 in 20 rows and 30 columns: 2 in a corner, 1 in a column at the left, so that every turn shows."""
    array = np.zeros((20, 30), dtype=np.uint8)
    array[:, :8] = 1
    array[:5, 20:] = 2
    return array


def body() -> Array:
    """Labels (x, y, z) 6 x 8 x 10: 2 at low x, 3 at high z and low y, 1 elsewhere, so that every turn shows."""
    array = np.ones((6, 8, 10), dtype=np.uint8)
    array[:2] = 2
    array[2:, :3, 7:] = 3
    return array


def colours() -> Array:
    """The plane in colours that nothing confuses: red, green, blue."""
    table = np.array([[200, 30, 30], [30, 180, 60], [40, 60, 200]], dtype=np.uint8)
    return np.asarray(table[plane()])


def pillow(ending: str, mode: str, **given: Any) -> Writer:
    """Labels or colours in a mode of Pillow."""

    def write(folder: Path) -> Path:
        path = folder / f"{mode.replace(';', '')}.{ending}"
        _image(mode).save(path, **given)
        return path

    return write


def _image(mode: str) -> Image.Image:
    if mode == "1":
        return Image.fromarray(plane() == 1)
    if mode in ("L", "I", "F", "I;16"):
        return Image.fromarray(plane().astype({"L": np.uint8, "I": np.int32, "F": np.float32, "I;16": np.uint16}[mode]))
    if mode == "LA":
        return Image.fromarray(np.dstack([plane(), np.full_like(plane(), 255)]), "LA")
    if mode == "P":
        image = Image.fromarray(plane(), "P")
        image.putpalette([9, 9, 9, 200, 0, 0, 0, 0, 200])
        return image
    return Image.fromarray(colours()).convert(mode)


def tif(name: str, array: Array, **given: Any) -> Writer:
    """An array by tifffile."""

    def write(folder: Path) -> Path:
        path = folder / f"{name}.tif"
        tifffile.imwrite(path, array, **given)
        return path

    return write


def stack() -> Array:
    """The body as slices, rows, columns."""
    return np.ascontiguousarray(body().T)


def pyramid(folder: Path) -> Path:
    """The plane four times as large, and itself as the smaller level."""
    path = folder / "pyramid.tif"
    large = np.kron(plane(), np.ones((4, 4), dtype=np.uint8))
    with tifffile.TiffWriter(path) as file:
        file.write(large, subifds=1)
        file.write(plane(), subfiletype=1)
    return path


def slide_and_label(folder: Path) -> Path:
    """An OME-TIFF with a slide and the label beside it, of other pixels."""
    path = folder / "slide.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as file:
        for name, values, edge in (("label", np.zeros((7, 40), np.uint8), 5.0), ("scan", plane(), 0.5)):
            about = {"axes": "YX", "Name": name, **{f"PhysicalSize{a}": edge for a in "XY"}}
            file.write(values, photometric="minisblack", metadata=about)
    return path


def pages_of_falling_size(folder: Path) -> Path:
    """A pyramid as plain pages."""
    path = folder / "pages.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(np.kron(plane(), np.ones((4, 4), dtype=np.uint8)))
        file.write(plane())
    return path


OME: Mapping[str, Any] = {
    "axes": "ZYX",
    "PhysicalSizeX": 500.0,
    "PhysicalSizeXUnit": "nm",
    "PhysicalSizeY": 0.25,
    "PhysicalSizeYUnit": "µm",
    "PhysicalSizeZ": 2.0,
    "PhysicalSizeZUnit": "µm",
}


def nibabel_volume(ending: str, kind: str, order: str, dtype: Any = np.uint8, scale: float = 2.0) -> Writer:
    """The body with voxels listed in another order and sense (LAS, SPR ...); edges of 2 mm, corner at (-10, 20, 30)."""

    def write(folder: Path) -> Path:
        import nibabel
        from nibabel.orientations import axcodes2ornt, inv_ornt_aff, ornt_transform

        affine = np.diag([scale, scale, scale, 1.0])
        affine[:3, 3] = np.array([-10.0, 20.0, 30.0]) + scale / 2
        turn = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(tuple(order)))
        values = nibabel.orientations.apply_orientation(body().astype(dtype), turn)
        image = getattr(nibabel, kind)(
            values, affine @ inv_ornt_aff(turn, body().shape), **({} if kind == "MGHImage" else {"dtype": values.dtype})
        )
        path = folder / f"{order}_{np.dtype(dtype)}.{ending}"
        if kind == "Nifti1Image":
            image.header.set_xyzt_units("mm")
        image.to_filename(path)
        return path

    return write


def nrrd(encoding: str, space: str, directions: Array, values: Array, origin: tuple[float, float, float]) -> Writer:
    """A NRRD with values (x, y, z) as its format demands."""

    def write(folder: Path) -> Path:
        kinds = {"uint8": "unsigned char", "int64": "long long", "float32": "float"}
        rows = " ".join("(" + ",".join(f"{x:g}" for x in column) + ")" for column in directions.T)
        head = [
            *("NRRD0004", f"type: {kinds[str(values.dtype)]}", "dimension: 3", f"space: {space}"),
            *(f"sizes: {' '.join(map(str, values.shape))}", f"space directions: {rows}", "kinds: domain domain domain"),
            *(
                "endian: little",
                f"encoding: {encoding}",
                f"space origin: ({','.join(f'{x:g}' for x in origin)})",
                'space units: "mm" "mm" "mm"',
            ),
        ]
        raw = values.tobytes(order="F")
        data = {"raw": raw, "gzip": gzip.compress(raw), "ascii": " ".join(map(str, values.ravel(order="F"))).encode()}[encoding]
        path = folder / f"{encoding}_{space}.nrrd"
        path.write_bytes("\n".join(head).encode() + b"\n\n" + data)
        return path

    return write


def metaimage(ending: str, compressed: bool) -> Writer:
    """The body by VTK, edges of 2 mm (VTK writes no directions: left, posterior, superior without turn)."""

    def write(folder: Path) -> Path:
        from vtkmodules.util.numpy_support import numpy_to_vtk
        from vtkmodules.vtkCommonDataModel import vtkImageData
        from vtkmodules.vtkIOImage import vtkMetaImageWriter

        lps = body()[::-1, ::-1]  # the file's x runs to the left, its y to the back
        image = vtkImageData()
        image.SetDimensions(*lps.shape)
        image.SetSpacing(2.0, 2.0, 2.0)
        image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(lps.ravel(order="F")), deep=True))
        path = folder / f"body{compressed}.{ending}"
        writer = vtkMetaImageWriter()
        writer.SetInputData(image)
        writer.SetFileName(str(path))
        writer.SetCompression(compressed)
        writer.Write()
        return path

    return write


def mha(name: str, head: dict[str, str], values: Array, packed: bool = False, more: int = 1) -> Writer:
    """A MetaImage as ITK writes it; values (x, y, z[, t]), each voxel ``more`` times."""

    def write(folder: Path) -> Path:
        kinds = {"uint8": "MET_UCHAR", "int64": "MET_LONG_LONG"}
        raw = np.repeat(values.ravel(order="F"), more).tobytes()
        raw = zlib.compress(raw) if packed else raw
        lines = {
            "ObjectType": "Image",
            "NDims": str(values.ndim),
            "BinaryData": "True",
            "BinaryDataByteOrderMSB": "False",
            "CompressedData": str(packed),
            "ElementSpacing": " ".join(["2"] * values.ndim),
            **head,
            "DimSize": " ".join(map(str, values.shape)),
            "ElementType": kinds[str(values.dtype)],
            "ElementDataFile": "LOCAL",
        }
        path = folder / f"{name}.mha"
        path.write_bytes("".join(f"{key} = {value}\n" for key, value in lines.items()).encode() + raw)
        return path

    return write


def nrrd_by(name: str, lines: list[str], files: Mapping[str, bytes], data: bytes = b"") -> Writer:
    """A NRRD of unsigned bytes with these lines, and files of values beside it."""

    def write(folder: Path) -> Path:
        for beside, content in files.items():
            (folder / beside).write_bytes(content)
        path = folder / name
        path.write_bytes("\n".join(["NRRD0005", "type: uchar", *lines]).encode() + data)
        return path

    return write


def nifti_without_forms(folder: Path) -> Path:
    """A NIfTI that states edges and no orientation."""
    import nibabel

    image = nibabel.Nifti1Image(body(), None)
    image.header["pixdim"][1:4] = 2
    image.header["qform_code"] = image.header["sform_code"] = 0
    image.header.set_xyzt_units("mm")
    image.to_filename(folder / "forms.nii")
    return folder / "forms.nii"


def npy(name: str, array: Array) -> Writer:
    """An array by numpy."""

    def write(folder: Path) -> Path:
        np.save(folder / f"{name}.npy", array)
        return folder / f"{name}.npy"

    return write
