"""Files of pictures and volumes: what is read is what their own library wrote; what is unclear or damaged is refused."""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from invasio.meshes.image.files.reading import FORMATS
from invasio.meshes.image.files.stored import Picture
from invasio.meshes.image.picture import load, spacing
from invasio.solver.scenario.base import Context
from invasio.solver.scenario.units import measure
from tests.lib.messages import refused
from tests.unit.meshes.build import ADAPTER
from tests.unit.meshes.picture_writers import (
    OME,
    Writer,
    body,
    colours,
    metaimage,
    mha,
    nibabel_volume,
    nifti_without_forms,
    npy,
    nrrd,
    nrrd_by,
    pages_of_falling_size,
    pillow,
    plane,
    pyramid,
    slide_and_label,
    stack,
    tif,
)

LABELS: dict[str, Any] = {"regions": {"a": 0, "b": 1, "c": "rest"}}
COLOURS: dict[str, Any] = {"regions": {"a": "red", "b": "green", "c": "blue"}}
LPS = np.diag([-2.0, -2.0, 2.0])


def options(path: Path | str, given: dict[str, Any], length: str | None = "1 um") -> Any:
    """Options of a picture in a scenario with lengths in um, or without units."""
    context = Context(scales=None if length is None else {"length": measure(length)})
    return ADAPTER.validate_python({"kind": "image", "image": str(path), **given}, context={"context": context})


def read(path: Path | str, given: dict[str, Any] = LABELS, **more: Any) -> Picture:
    """The picture of a file."""
    return load(options(path, {**given, **more}))


PLANES: dict[str, Writer] = {
    "PNG grey": pillow("png", "L"),
    "PNG grey with alpha": pillow("png", "LA"),
    "PNG 16 bit": pillow("png", "I;16"),
    "PNG palette": pillow("png", "P"),
    "BMP palette": pillow("bmp", "P"),
    "GIF palette": pillow("gif", "P"),
    "PGM": pillow("pgm", "L"),
    "TIFF by Pillow": pillow("tif", "L"),
    "TIFF LZW": pillow("tif", "L", compression="tiff_lzw"),
    "TIFF LZW 16 bit": pillow("tif", "I;16", compression="tiff_lzw"),
    "TIFF PackBits": pillow("tif", "L", compression="packbits"),
    "TIFF ZIP": pillow("tif", "L", compression="tiff_adobe_deflate"),
    "TIFF grey with alpha": pillow("tif", "LA"),
    "TIFF palette": pillow("tif", "P"),
    "TIFF floats": pillow("tif", "F"),
    "TIFF 32 bit": pillow("tif", "I"),
    "TIFF int64": tif("int64", plane().astype(np.int64)),
    "TIFF white is zero": tif("white", plane(), photometric="miniswhite"),
    "TIFF tiles": tif("tiles", plane(), tile=(16, 16)),
    "npy int64": npy("int64", plane().astype(np.int64)),
    "npy floats": npy("floats", plane().astype(np.float64)),
    "MetaImage of a plane": lambda folder: _plane_mha(folder),
}


def _plane_mha(folder: Path) -> Path:
    head = "ObjectType = Image\nNDims = 2\nDimSize = 30 20\nElementSpacing = 1 1\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
    (folder / "p.mha").write_bytes(head.encode() + plane().tobytes())
    return folder / "p.mha"


@pytest.mark.parametrize("name", PLANES)
def test_labels_of_a_plane_are_those_that_were_written(tmp_path: Path, name: str) -> None:
    picture = read(PLANES[name](tmp_path))
    assert not picture.volume
    assert np.array_equal(picture.values, plane())


COLOURED: dict[str, tuple[Writer, float]] = {
    "PNG RGB": (pillow("png", "RGB"), 0),
    "PNG RGBA": (pillow("png", "RGBA"), 0),
    "TIFF RGB": (pillow("tif", "RGB"), 0),
    "TIFF RGBA": (pillow("tif", "RGBA"), 0),
    "TIFF CMYK": (pillow("tif", "CMYK"), 2),
    "TIFF CMYK LZW": (pillow("tif", "CMYK", compression="tiff_lzw"), 2),
    "TIFF JPEG": (pillow("tif", "RGB", compression="jpeg", quality=95), 120),
    "TIFF planes of colours": (tif("separate", np.moveaxis(colours(), -1, 0), photometric="rgb", planarconfig="separate"), 0),
    "JPEG": (pillow("jpg", "RGB", quality=95, subsampling=0), 60),
    "JPEG CMYK": (pillow("jpg", "CMYK", quality=95, subsampling=0), 60),
    "WebP": (pillow("webp", "RGB", lossless=True), 0),
    "npy with axes": (npy("colours", colours()), 0),
}


@pytest.mark.parametrize("name", COLOURED)
def test_colours_are_those_that_were_written(tmp_path: Path, name: str) -> None:
    writer, tolerance = COLOURED[name]
    picture = read(writer(tmp_path), COLOURS, **({"axes": "yxs"} if "npy" in name else {}))
    assert picture.coloured
    away = np.abs(picture.values.astype(int) - colours())
    assert away.max() <= tolerance
    assert np.median(away) <= 3  # and not red for cyan


def test_palettes_give_colours_where_colours_are_wanted(tmp_path: Path) -> None:
    table = np.array([[9, 9, 9], [200, 0, 0], [0, 0, 200]])
    for ending in ("png", "tif", "gif"):
        picture = read(pillow(ending, "P")(tmp_path), COLOURS)
        assert np.array_equal(picture.values, table[plane()]), ending


def test_white_is_zero_is_white_in_brightness_and_stored_in_labels(tmp_path: Path) -> None:
    bright: dict[str, Any] = {"regions": {"a": {"above": 0.5}, "b": "rest"}}
    grey = np.where(plane() == 1, 255, 20).astype(np.uint8)
    bits = plane() == 1
    for name, array in {"grey": grey, "bits": bits}.items():
        stored = ~array if name == "bits" else 255 - array
        path = tif(name, stored, photometric="miniswhite")(tmp_path)
        shown = read(path, bright)
        assert np.array_equal(shown.values, array)
        labels = read(path)
        assert np.array_equal(labels.values, stored)
        assert any("0 is white" in note for note in labels.notes)
    Image.fromarray(bits).save(tmp_path / "g4.tif", compression="group4")
    assert np.array_equal(read(tmp_path / "g4.tif", bright).values, bits)


LEFT = body()[::-1, ::-1]  # x to the left, y to the back
RAW = body().tobytes(order="F")
SIZES = ["dimension: 3", "sizes: 6 8 10"]
LAYERS = ["dimension: 4", "sizes: 2 6 8 10", "kinds: list domain domain domain", "space: RAS", "encoding: raw"]
DIRECTIONS = "space directions: none (2,0,0) (0,2,0) (0,0,2)"

VOLUMES: dict[str, tuple[Writer, tuple[float, float, float] | None]] = {
    **{f"NIfTI {order}": (nibabel_volume("nii.gz", "Nifti1Image", order), (2e3,) * 3) for order in ("RAS", "LAS", "LPS", "SPR", "AIL")},
    "NIfTI int64": (nibabel_volume("nii", "Nifti1Image", "LAS", np.int64), (2e3,) * 3),
    "NIfTI floats": (nibabel_volume("nii", "Nifti1Image", "PIR", np.float32), (2e3,) * 3),
    "NIfTI 2": (nibabel_volume("nii", "Nifti2Image", "LIA"), (2e3,) * 3),
    "MGZ": (nibabel_volume("mgz", "MGHImage", "LIA"), (2e3,) * 3),
    "MGH": (nibabel_volume("mgh", "MGHImage", "RAS", np.int32), (2e3,) * 3),
    "NRRD raw": (nrrd("raw", "right-anterior-superior", -LPS * [1, 1, -1], body(), (0, 0, 0)), (2e3,) * 3),
    "NRRD gzip, LPS": (nrrd("gzip", "left-posterior-superior", LPS, body(), (0, 0, 0)), (2e3,) * 3),
    "NRRD ascii, voxels to the left": (nrrd("ascii", "LPS", np.diag([2.0, -2, 2]), body()[::-1], (0, 0, 0)), (2e3,) * 3),
    "NRRD int64": (nrrd("raw", "LAS", np.diag([-2.0, 2, 2]), body().astype(np.int64), (0, 0, 0)), (2e3,) * 3),
    "MetaImage": (metaimage("mha", False), (2e3,) * 3),
    "MetaImage zipped": (metaimage("mha", True), (2e3,) * 3),
    "MetaImage of two files": (metaimage("mhd", False), (2e3,) * 3),
    "MetaImage int64": (mha("int64", {}, LEFT.astype(np.int64)), (2e3,) * 3),
    "MetaImage int64, zipped": (mha("zipped", {}, LEFT.astype(np.int64), packed=True), (2e3,) * 3),
    "NIfTI without an orientation": (nifti_without_forms, (2e3,) * 3),
    "NRRD of two files": (nrrd_by("a.nhdr", [*SIZES, "encoding: raw", "data file: a.raw", "byte skip: 3"], {"a.raw": b"abc" + RAW}), None),
    "NRRD, last bytes": (nrrd_by("b.nhdr", [*SIZES, "encoding: raw", "datafile: b.raw", "byte skip: -1"], {"b.raw": b"abc" + RAW}), None),
    "NRRD, a list of files": (
        nrrd_by("c.nhdr", [*SIZES, "encoding: raw", "data file: LIST", "c0", "c1", ""], {"c0": RAW[:240], "c1": RAW[240:]}),
        None,
    ),
    "NRRD, a pattern of files": (
        nrrd_by("d.nhdr", [*SIZES, "encoding: raw", "data file: d%02d 0 1 1"], {"d00": RAW[:240], "d01": RAW[240:]}),
        None,
    ),
    "NRRD hex": (nrrd_by("hex.nrrd", [*SIZES, "encoding: hex", "", ""], {}, RAW.hex().encode()), None),
    "TIFF pages": (tif("pages", stack(), photometric="minisblack", metadata=None), None),
    "TIFF of tifffile": (tif("shaped", stack(), photometric="minisblack"), None),
    "TIFF of ImageJ": (
        tif("ij", stack(), imagej=True, resolution=(4.0, 4.0), metadata={"axes": "ZYX", "spacing": 2.0, "unit": "um"}),
        (0.25, 0.25, 2.0),
    ),
    "OME-TIFF": (tif("a.ome", stack(), metadata=dict(OME)), (0.5, 0.25, 2.0)),
    "npy": (npy("body", stack()), None),
}


@pytest.mark.parametrize("name", VOLUMES)
def test_a_body_lands_on_one_place_whatever_the_file(tmp_path: Path, name: str) -> None:
    writer, edges = VOLUMES[name]
    path = writer(tmp_path)
    picture = read(path)
    assert picture.volume
    assert np.array_equal(picture.values, body().T)
    found, said = spacing(options(path, LABELS), picture)
    assert found == pytest.approx(edges or (1.0,) * 3)
    assert said == ("from the file" if edges else "the file says none: taken as 1 (`pixel` sets it)")


def test_every_format_of_the_table_is_tested_and_documented(tmp_path: Path) -> None:
    """docs/meshes.md has a row for each format, with its endings, and there is a file of each here."""
    text = (Path(__file__).parents[3] / "docs/meshes.md").read_text()
    rows = {line.split("|")[2].strip(): line.split("|")[1] for line in text.splitlines() if line.startswith("| `.")}
    written = [
        writer(tmp_path).name for writer in (*PLANES.values(), *(w for w, _ in COLOURED.values()), *(w for w, _ in VOLUMES.values()))
    ]
    for each in FORMATS:
        assert re.findall(r"`([^`]+)`", rows[each.name]) == list(each.endings), each.name
        if each.name != "TIFF of microscopes":
            assert any(name.endswith(each.endings) for name in written), each.name


def test_pixel_overrides_and_lengths_are_those_of_the_scenario(tmp_path: Path) -> None:
    path = VOLUMES["OME-TIFF"][0](tmp_path)
    picture = read(path)
    assert spacing(options(path, LABELS, "1 mm"), picture)[0] == pytest.approx((5e-4, 2.5e-4, 2e-3))
    assert spacing(options(path, LABELS, None), picture) == (pytest.approx((5e-4, 2.5e-4, 2e-3)), "from the file, in mm")
    given = {**LABELS, "pixel": ["1 um", "1 um", "3 um"]}
    assert spacing(options(path, given), picture) == ((1.0, 1.0, 3.0), "from `pixel`, which differs from what the file says")
    same = {**LABELS, "pixel": ["500 nm", "250 nm", "2 um"]}
    assert spacing(options(path, same), picture)[1] == "from `pixel`"


def test_mesh_says_what_was_read(tmp_path: Path) -> None:
    from invasio.meshes.image.build import _made
    from invasio.meshes.quality import quality, report

    path = VOLUMES["NIfTI LAS"][0](tmp_path)
    text = report(quality(_made(options(path, {"regions": {"a": 1, "b": 2, "c": 3}, "smallest": 1, "size": "4 mm"}))))
    assert "voxels LAS, taken as x to the right, y anterior, z superior, which turned the axes" in text
    assert "voxel size 2000 x 2000 x 2000, from the file" in text
    assert "the corner (0, 0, 0) lies at (-10, 20, 30) of the file" in text


def test_validate_says_what_was_read_and_what_meshing_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from invasio.meshes.build import build_data
    from invasio.solver.cli import main
    from invasio.solver.scenario.loader import load as scenario_of

    monkeypatch.setenv("INVASIO_CACHE", str(tmp_path / "cache"))
    VOLUMES["OME-TIFF"][0](tmp_path)
    mesh = "mesh: {kind: image, image: a.ome.tif, regions: {a: 1, b: 2, c: 3}, smallest: 1, size: 1 um}"
    path = tmp_path / "s.yaml"
    path.write_text(f"scales: {{length: 1 um, time: 1 h, cells: 1e5 /cm^2}}\n{mesh}\ntime: {{end: 1}}\nspecies: {{n: {{initial: 1}}}}\n")
    for _ in range(2):
        assert main(["validate", str(path)]) == 0
        text = capsys.readouterr().out
        assert "picture     voxel size 0.5 x 0.25 x 2, from the file" in text
        assert ("picture     region b:" in text) != ("mesh info" in text)
        build_data(scenario_of(path).mesh)
    assert "region b: 160 voxels, in the mesh 40" in text


def test_pyramids_take_the_full_level_or_the_one_that_is_named(tmp_path: Path) -> None:
    for writer in (pyramid, pages_of_falling_size):
        path = writer(tmp_path)
        assert read(path).values.shape == (80, 120)
        small = read(path, level=1)
        assert np.array_equal(small.values, plane())
        assert small.scale == (4.0, 4.0)
        assert small.whole == (120, 80)
        with refused("wrong-level", str(path), "level: 0", ("no level 2", "120 x 80, 30 x 20")):
            read(path, level=2)


def test_one_of_several_pictures_in_a_file(tmp_path: Path) -> None:
    path = slide_and_label(tmp_path)
    with refused("ambiguous-picture", str(path), "`series: 0` to `series: 1`", ("0: label, 40 x 7, 1: scan, 30 x 20",)):
        read(path)
    scan = read(path, series=1)
    assert np.array_equal(scan.values, plane())
    assert spacing(options(path, LABELS), scan)[0] == pytest.approx((0.5, 0.5))
    assert spacing(options(path, LABELS), read(path, series=0))[0] == pytest.approx((5, 5))
    for other, says in ((path, "no picture 2"), (pillow("png", "L")(tmp_path), "holds one")):
        with refused("ambiguous-picture", str(other), "series", (says,)):
            read(other, series=2)


def test_parts_and_smaller_pictures_stay_where_they_were(tmp_path: Path) -> None:
    path = npy("p", plane())(tmp_path)
    part = read(path, crop=[4, 2, 24, 12], shrink=2)
    assert (part.origin, part.scale, part.values.shape) == ((4.0, 2.0), (2.0, 2.0), (5, 10))
    assert np.array_equal(part.values, plane()[3:12:2, 5:24:2])
    volume = read(npy("v", stack())(tmp_path), crop=[1, 2, 3, 5, 6, 9])
    assert np.array_equal(volume.values, stack()[3:9, 2:6, 1:5])
    grey = np.arange(600, dtype=np.uint16).reshape(20, 30) * 100
    shrunk = read(npy("g", grey)(tmp_path), {"regions": {"a": {"above": 0.5}, "b": "rest"}}, shrink=10)
    assert np.allclose(shrunk.values, grey.reshape(2, 10, 3, 10).mean(axis=(1, 3)), atol=0.51)


VOLUMES_OF_SEVERAL = ("channels of OME", "layers of 3D Slicer", "values of a MetaImage", "times of a MetaImage")
UNCLEAR: dict[str, tuple[Writer, dict[str, Any], str, tuple[str, ...]]] = {
    "4 columns or colours": (npy("four", np.ones((30, 20, 4), np.uint8)), {"axes": "zyx"}, "`axes`", ("30 x 20 x 4",)),
    "3 slices or channels": (npy("three", np.ones((3, 20, 30), np.uint8)), {"axes": "cyx", "channel": 1}, "`axes`", ("3 x 20 x 30",)),
    "few pages": (tif("few", np.ones((3, 20, 30), np.uint8), photometric="minisblack"), {"axes": "zyx"}, "`axes: zyx`", ("3 pages",)),
    "channels of ImageJ": (
        tif("channels", np.ones((2, 20, 30), np.uint8), imagej=True, metadata={"axes": "CYX"}),
        {"channel": 1},
        "`channel: 0` to `channel: 1`",
        ("2 channels",),
    ),
    "channels of OME": (
        tif("c.ome", np.ones((2, 5, 20, 30), np.uint8), metadata={"axes": "CZYX", "Channel": {"Name": ["DAPI", "CD31"]}}),
        {"channel": 0},
        "`channel: 0`",
        ("0: DAPI, 1: CD31",),
    ),
    "times": (tif("t", np.ones((6, 20, 30), np.uint8), imagej=True, metadata={"axes": "TYX"}), {"frame": 5}, "`frame: 0`", ("6 times",)),
    "two greys of a pixel": (
        tif("greys", np.ones((20, 30, 2), np.uint8), photometric="minisblack", planarconfig="contig"),
        {"channel": 1},
        "`channel: 0`",
        (),
    ),
    "four greys in planes": (
        tif("greys4", np.ones((4, 20, 30), np.uint8), photometric="minisblack", planarconfig="separate"),
        {"channel": 3},
        "`channel: 3`",
        (),
    ),
    "layers of 3D Slicer": (
        nrrd_by("s.seg.nrrd", [*LAYERS, DIRECTIONS, "", ""], {}, np.ones((2, 6, 8, 10), np.uint8).tobytes()),
        {"channel": 1},
        "`channel: 0` to `channel: 1`",
        ("2 channels",),
    ),
    "values of a MetaImage": (
        mha("two", {"ElementNumberOfChannels": "2"}, body(), more=2),
        {"channel": 1},
        "`channel: 0`",
        ("2 channels",),
    ),
    "times of a MetaImage": (mha("times", {}, np.stack([body()] * 3, -1)), {"frame": 2}, "`frame: 0` to `frame: 2`", ("3 times",)),
    "frames of a GIF": (
        lambda folder: _gif(folder),
        {"axes": "tyxs", "frame": 2},
        "`axes: zyxs`",
        ("3 pages",),
    ),
}


def _gif(folder: Path) -> Path:
    frames = [Image.fromarray(np.full((20, 30), k, np.uint8)) for k in range(3)]
    frames[0].save(folder / "f.gif", save_all=True, append_images=frames[1:])
    return folder / "f.gif"


@pytest.mark.parametrize("name", UNCLEAR)
def test_what_is_unclear_is_refused_with_the_option_that_decides(tmp_path: Path, name: str) -> None:
    writer, decided, remedy, says = UNCLEAR[name]
    path = writer(tmp_path)
    with refused("ambiguous-picture", str(path), remedy, says):
        read(path)
    assert read(path, **decided).values.ndim == (3 if "z" in decided.get("axes", "") or name in VOLUMES_OF_SEVERAL else 2)


def test_grey_pictures_saved_in_colours_hold_labels_and_coloured_ones_do_not(tmp_path: Path) -> None:
    Image.fromarray(plane()).convert("RGB").save(tmp_path / "grey.png")
    assert np.array_equal(read(tmp_path / "grey.png").values, plane())
    from tests.unit.meshes.build import make

    with refused("region-rule", "image RGB.png", "regions by colour"):
        make("image", image=str(pillow("png", "RGB")(tmp_path)), **LABELS)
    with refused("region-rule", "half.npy", "brightness", ("1.5",)):
        read(npy("half", plane() + 0.5)(tmp_path))


def test_exif_turns_the_picture_as_viewers_do(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    Image.fromarray(plane()).save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(read(tmp_path / "turned.png").values, np.rot90(plane(), -1))


def _bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def _structured(folder: Path) -> Path:
    np.save(folder / "s.npy", np.zeros((20, 30), dtype=[("r", "u1"), ("g", "u1")]))
    return folder / "s.npy"


def _nifti_rgb(folder: Path) -> Path:
    import nibabel

    kind = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    nibabel.Nifti1Image(np.zeros((6, 8, 10), dtype=kind), np.eye(4)).to_filename(folder / "rgb.nii")
    return folder / "rgb.nii"


def _written(name: str, data: bytes) -> Writer:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return write


def _cut(writer: Writer, share: float) -> Writer:
    def write(folder: Path) -> Path:
        path = writer(folder)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])
        return path

    return write


_NPY = b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (900000, 900000), }"
DAMAGED: dict[str, tuple[Writer, str]] = {
    "0 bytes": (_written("empty.png", b""), "0 bytes"),
    "a text": (_written("text.tif", b"not a picture"), "not a TIFF"),
    "a PNG that declares too much": (_written("bomb.png", _bomb(60_000, 60_000)), "60000 x 60000"),
    "a PNG with less than it declares": (_written("short.png", _bomb(3000, 3000)), ""),
    "an array that declares too much": (_written("large.npy", _NPY.ljust(128) + b"\n" + b"\0" * 100), ""),
    "structured types": (_structured, "not numbers"),
    "colours in a NIfTI": (_nifti_rgb, "not numbers"),
    "texts": (npy("texts", np.array([["a", "b"], ["c", "d"]])), "not numbers"),
    "no values": (npy("none", np.zeros((0, 5), np.uint8)), "holds nothing"),
    "not finite": (npy("nan", np.full((20, 30), np.nan)), "600 of its values are not finite"),
    "a NIfTI cut off": (_cut(nibabel_volume("nii", "Nifti1Image", "RAS"), 0.7), ""),
    "a NIfTI cut off, packed": (_cut(nibabel_volume("nii.gz", "Nifti1Image", "RAS"), 0.7), ""),
    "a NRRD cut off": (_cut(VOLUMES["NRRD raw"][0], 0.7), "instead of 6 x 8 x 10"),
    "a NRRD cut off, packed": (_cut(VOLUMES["NRRD gzip, LPS"][0], 0.9), "instead of 6 x 8 x 10"),
    "a MetaImage cut off": (_cut(VOLUMES["MetaImage"][0], 0.7), "cut off"),
    "a TIFF cut off": (_cut(tif("cut", stack(), photometric="minisblack"), 0.25), "cut off"),
    "no gzip": (_written("fake.nii.gz", gzip.compress(b"nothing")), ""),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_damaged_is_said(tmp_path: Path, name: str) -> None:
    writer, says = DAMAGED[name]
    path = writer(tmp_path)
    with refused("unreadable-file", str(path), "known are PNG", (says,) if says else ()):
        read(path)


def test_sheared_voxels_are_refused_and_oblique_ones_said(tmp_path: Path) -> None:
    import nibabel

    sheared = np.eye(4)
    sheared[0, 1] = 0.3
    nibabel.Nifti1Image(body(), sheared).to_filename(tmp_path / "sheared.nii")
    with refused("unreadable-file", "sheared.nii", says=("sheared",)):
        read(tmp_path / "sheared.nii")
    turn = np.radians(10)
    oblique = np.eye(4)
    oblique[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    nibabel.Nifti1Image(body(), oblique).to_filename(tmp_path / "oblique.nii")
    assert any("10.0 degrees" in note for note in read(tmp_path / "oblique.nii").notes)


@pytest.mark.parametrize("name", ["PNG grey", "TIFF LZW", "NIfTI LAS", "MGZ", "NRRD gzip, LPS", "MetaImage", "OME-TIFF"])
def test_files_with_changed_bytes_end_in_a_message_or_in_a_picture(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A little fuzzing, in this process: whatever a byte says, nothing but a message may come of it."""
    from invasio.meshes.files.contents import Unreadable
    from invasio.meshes.image.files import reading
    from invasio.meshes.image.files.stored import Request

    writer: Callable[[Path], Path] = PLANES[name] if name in PLANES else VOLUMES[name][0]
    path = writer(tmp_path)
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(len(data))
    outcomes = set()
    for _ in range(60):
        changed = data.copy()
        for at in rng.integers(0, min(len(data), 400), 3):
            changed[at] = rng.integers(0, 256)
        path.write_bytes(changed)
        try:
            picture = reading.read(path, Request())
        except (Unreadable, MemoryError) as error:
            outcomes.add(type(error).__name__)
            continue
        assert picture.values.dtype.kind in "bui"
        assert picture.values.size > 0
        outcomes.add("read")
    assert outcomes <= {"Unreadable", "Refused", "read", "MemoryError"}
