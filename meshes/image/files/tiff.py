"""TIFF with all it is used for (stacks, hyperstacks of ImageJ, OME-TIFF, pyramids), by tifffile; Pillow where a compression needs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...files.contents import Unreadable
from .stored import Refused, Request, Stored, Values, declared, metres

_AXES = {"X": "x", "Y": "y", "Z": "z", "C": "c", "T": "t", "S": "s", "Q": "q", "I": "q"}
_ALIKE = 0.03  # how far the shapes of the levels of a pyramid may differ


def read(path: Path, request: Request) -> Stored:
    """The first series at its full level, or the level that is asked for, with axes, photometry and sizes as the file says."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            return _read(file, path, request)
    except Unreadable:
        raise
    except MemoryError:
        raise
    except Exception as error:  # tifffile raises whatever a damaged tag leads to
        raise Unreadable(str(error).splitlines()[0] if str(error) else type(error).__name__) from None


def _read(file: Any, path: Path, request: Request) -> Stored:
    if not len(file.series):
        raise Unreadable("it holds no picture")
    notes: list[str] = []
    levels = _levels(file, notes, request.series)
    number = request.level or 0
    if number >= len(levels):
        sizes = ", ".join(_size(each) for each in levels)
        raise Refused(f"no level {number}: it has {len(levels)} ({sizes})", code="wrong-level", remedy="say `level: 0` for the first")
    level = levels[number]
    if len(levels) > 1:
        notes.append(f"level {number} of {len(levels)}, {_size(level)} pixels")
    page = level.keyframe
    axes = "".join(_AXES.get(letter, "?") for letter in level.axes)
    if "?" in axes:
        raise Unreadable(f"its axes are {level.axes}: save slices, rows and columns only")
    declared(level.shape, level.dtype.itemsize if level.dtype is not None else 1)
    end = max(
        (o + n for each in level.pages if each is not None for o, n in zip(each.dataoffsets, each.databytecounts, strict=False)), default=0
    )
    if level.dataoffset is not None:  # its pages follow each other, and only the first may be listed
        end = max(end, level.dataoffset + level.size * level.dtype.itemsize)
    if end > file.filehandle.size or any(each is None for each in level.pages):
        raise Unreadable("it is cut off: some of its values are missing")
    if page.photometric.name in ("MINISBLACK", "MINISWHITE") and not _transparent(page):
        axes = axes.replace("s", "c")  # several greys are channels, not colours
    values, kind = _values(level, path, page)
    if level.dtype is None or values.dtype.kind not in "buif":
        raise Unreadable(f"its values are of type {values.dtype}, not numbers")
    if kind == "PALETTE" and not request.labels:
        table = (np.asarray(page.colormap) >> 8).astype(np.uint8)
        values, axes, kind = np.moveaxis(table[:, values], 0, -1), axes + "s", "RGB"
    elif kind == "PALETTE":
        notes.append("numbers of its palette are the labels")
    elif kind == "SEPARATED":
        values = _from_inks(values, axes)
    elif kind in ("CIELAB", "ICCLAB", "ITULAB", "LOGLUV", "LOGL"):
        raise Unreadable(f"its colours are {kind}: save it as RGB")
    full = dict(zip(axes, levels[0].shape if len(levels[0].shape) == len(level.shape) else level.shape, strict=False))
    scale = {axis: full[axis] / n for axis, n in zip(axes, level.shape, strict=False) if axis in "xy"}
    return Stored(
        values,
        axes,
        _spacing(file, page, notes, request.series or 0),
        scale,
        kind == "MINISWHITE",
        _channels(file, request.series or 0),
        (f"TIFF, axes {level.axes}, {kind}", *notes),
    )


def _transparent(page: Any) -> bool:
    """Whether the second of two samples is said to be transparency."""
    extra = page.extrasamples
    return len(extra) == 1 and extra[0].name in ("ASSOCALPHA", "UNASSALPHA")


def _levels(file: Any, notes: list[str], wanted: int | None) -> list[Any]:
    """Full picture and smaller copies: the levels of the first series, or of the one wanted, or pages of one shape and falling size."""
    first, *others = file.series
    listed = ", ".join(f"{k}: {each.name or 'no name'}, {_size(each)}" for k, each in enumerate(file.series))
    if wanted is not None:
        if wanted > len(others):
            raise Refused(f"no picture {wanted}: it has {listed}", code="ambiguous-picture", remedy="say `series: 0` for the first")
        notes += [f"picture {wanted} of {listed}"] * bool(others)
        return list(file.series[wanted].levels)
    if len(first.levels) > 1:
        return list(first.levels)
    if not others:
        return [first]
    if first.name.lower() == "baseline" or file.is_svs:
        notes.append(f"{len(others)} further pictures ({', '.join(each.name or _size(each) for each in others)}) are left out")
        return [first]
    ratios = [_ratio(each) for each in file.series]
    falling = all(a.size > b.size for a, b in zip(file.series, others, strict=False))
    if falling and max(ratios) < min(ratios) * (1 + _ALIKE):
        return list(file.series)
    raise Refused(
        f"it holds pictures of different shapes ({listed})",
        code="ambiguous-picture",
        remedy=f"say which: `series: 0` to `series: {len(others)}`",
    )


def _ratio(series: Any) -> float:
    sizes = dict(zip(series.axes, series.shape, strict=True))
    return float(sizes.get("X", 1) / sizes.get("Y", 1))


def _size(series: Any) -> str:
    sizes = dict(zip(series.axes, series.shape, strict=True))
    return f"{sizes.get('X', 1)} x {sizes.get('Y', 1)}"


def _values(level: Any, path: Path, page: Any) -> tuple[Values, str]:
    """The stored values, and what they mean (the photometric interpretation)."""
    kind = page.photometric.name
    try:
        return np.asarray(level.asarray(maxworkers=1)), "RGB" if kind == "YCBCR" else kind
    except ValueError as error:
        if "COMPRESSION" not in str(error):
            raise
    return _by_pillow(level, path, page)


def _by_pillow(level: Any, path: Path, page: Any) -> tuple[Values, str]:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    compression, kind = page.compression.name, page.photometric.name
    if page.is_subifd or (page.bitspersample not in (1, 8) and page.samplesperpixel > 1):
        raise Unreadable(f"{compression} compression of these values needs imagecodecs: save it with ZIP compression, or without")
    if page.bitspersample not in (1, 8, 16, 32):
        raise Unreadable(f"{compression} compression of {page.bitspersample} bits: save it with 8 or 16 bits")
    frames = []
    with Image.open(path) as file:
        for each in level.pages:
            file.seek(each.index)
            image = file.convert("RGB") if file.mode in ("YCbCr", "CMYK", "RGBX") else file
            frames.append(np.array(image))
    values = np.stack(frames)
    if kind == "MINISWHITE" and values.dtype in (np.dtype(np.uint8), np.dtype(bool)):
        values = ~values  # Pillow has turned them
    if kind in ("YCBCR", "SEPARATED"):
        kind = "RGB"
    planar = level.shape[:-1] if level.axes.endswith("S") else level.shape
    if "S" in level.axes and not level.axes.endswith("S"):
        return np.moveaxis(values[0], -1, level.axes.index("S")), kind
    return values.reshape(*planar, values.shape[-1]) if level.axes.endswith("S") else values.reshape(planar), kind


def _from_inks(values: Values, axes: str) -> Values:
    """Red, green and blue of cyan, magenta, yellow and black."""
    from PIL import Image

    at = axes.find("s")
    if at < 0 or axes.replace("s", "") != "yx" or values.shape[at] < 4:
        raise Unreadable("its colours are inks, but not cyan, magenta, yellow and black: save it as RGB")
    inks = np.moveaxis(values, at, -1)[..., :4]
    if inks.dtype != np.uint8:
        inks = np.right_shift(inks, 8).astype(np.uint8)
    colours = np.asarray(Image.fromarray(np.ascontiguousarray(inks), "CMYK").convert("RGB"))
    return np.moveaxis(colours, -1, at)


def _spacing(file: Any, page: Any, notes: list[str], series: int) -> dict[str, float]:
    """Metres of a pixel along each axis, as OME, ImageJ or Aperio say it."""
    found: dict[str, float | None] = {}
    if file.is_ome:
        pixels = _pixels(file, series)
        found = {a: metres(pixels.get(f"PhysicalSize{a.upper()}"), pixels.get(f"PhysicalSize{a.upper()}Unit", "µm")) for a in "xyz"}
    elif file.is_imagej:
        about = file.imagej_metadata or {}
        unit = about.get("unit", "")
        found = {a: metres(_per(page, f"{a.upper()}Resolution"), unit) for a in "xy"}
        found["z"] = metres(about.get("spacing"), about.get("zunit", unit))
    elif file.is_svs and "MPP = " in page.description:
        found = dict.fromkeys("xy", metres(page.description.partition("MPP = ")[2].split("|")[0], "um"))
    elif (size := _per(page, "XResolution")) and page.resolutionunit in (2, 3):
        notes.append(
            f"its resolution tag ({1 / size:g} per {'inch' if page.resolutionunit == 2 else 'cm'}) is for printing and is passed over"
        )
    return {axis: value for axis, value in found.items() if value}


def _per(page: Any, name: str) -> float | None:
    tag = page.tags.get(name)
    if tag is None or not isinstance(tag.value, tuple) or not tag.value[0]:
        return None
    return float(tag.value[1] / tag.value[0])


def _pixels(file: Any, series: int) -> dict[str, Any]:
    import tifffile

    image = tifffile.xml2dict(file.ome_metadata).get("OME", {}).get("Image", {})
    listed = image if isinstance(image, list) else [image]
    return dict(listed[series].get("Pixels", {}) if series < len(listed) else {})


def _channels(file: Any, series: int) -> tuple[str, ...]:
    if not file.is_ome:
        return tuple(str(label) for label in (file.imagej_metadata or {}).get("Labels", ())) if file.is_imagej else ()
    channels = _pixels(file, series).get("Channel", [])
    return tuple(str(each.get("Name", "")) for each in (channels if isinstance(channels, list) else [channels]))
