"""From the values of a file with a letter per axis to one picture or volume: what is meant is decided here, or refused."""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np

from ...files.contents import Unreadable
from .stored import NAMES, Picture, Refused, Request, Stored, Values

_FEW = 4  # so many pages are as likely channels as slices
_PIXELS = 16_000_000  # a larger picture is made smaller, unless `shrink` says otherwise
_BAND = 256  # rows that are averaged at a time


def settle(stored: Stored, request: Request) -> Picture:
    """One picture or volume; raises Unreadable, or Refused with the option that decides."""
    notes = list(stored.notes)
    axes, values = _axes(stored, request, notes)
    values, axes = _one(values, axes, "t", request.frame, "frame", ())
    values, axes = _one(values, axes, "c", request.channel, "channel", stored.names, notes)
    volume = "z" in axes
    values, axes = _grey_or_rgb(values, axes, request.labels, notes)
    values = np.transpose(values, [axes.index(a) for a in ("zyx" if volume else "yx") + "s" * ("s" in axes)])
    if stored.inverted:
        notes.append("0 is white in this file" + ("; its stored values are the labels" if request.labels else ", and black was made 0"))
    dim = 3 if volume else 2
    whole = tuple(values.shape[k] for k in range(dim))[::-1]
    origin, values = _cropped(values, request, whole)
    step = _step(values, request, volume, notes)
    if step > 1:
        values = _shrunk(values, step, (request.labels and request.whole) or volume or request.pick, dim)
    values = _numbers(values, request.labels and request.whole, notes)
    if stored.inverted and not request.labels:
        values = _turned(values)
    letters = "xyz"[:dim]
    level = tuple(stored.scale.get(a, 1.0) for a in letters)
    return Picture(
        values=np.ascontiguousarray(values),
        volume=volume,
        spacing=tuple(stored.spacing.get(a) for a in letters),
        origin=tuple(o * s for o, s in zip(origin, level, strict=True)),
        scale=tuple(s * step for s in level),
        whole=tuple(round(n * s) for n, s in zip(whole, level, strict=True)),
        notes=tuple(notes),
    )


def _axes(stored: Stored, request: Request, notes: list[str]) -> tuple[str, Values]:
    values, axes = stored.values, stored.axes
    if request.axes is not None and request.axes != axes:
        if len(request.axes) != values.ndim:
            slim = np.squeeze(values)
            if len(request.axes) != slim.ndim:
                sizes = " x ".join(map(str, values.shape))
                what = f"`axes: {request.axes}` has {len(request.axes)} letters, the file {values.ndim} axes ({axes}: {sizes})"
                raise Refused(what, code="ambiguous-picture", remedy="give a letter for each: x, y, z, c (channel), t (time), s (colour)")
            values = slim
        notes.append(f"axes {axes} of the file taken as {request.axes}")
        axes = request.axes
    keep = [k for k, a in enumerate(axes) if values.shape[k] > 1 or a in "xy" or (a == "z" and stored.axes == axes)]
    values, axes = values.reshape([values.shape[k] for k in keep]), "".join(axes[k] for k in keep)
    if len(set(axes)) < len(axes) or "x" not in axes or "y" not in axes:
        raise Refused(f"its axes are {axes}", code="ambiguous-picture", remedy="say `axes`, one letter for each, among them x and y once")
    if "q" in axes:
        count = values.shape[axes.index("q")]
        if count <= _FEW or "z" in axes:
            what = f"its {count} pages can be slices, channels or times"
            raise Refused(
                what,
                code="ambiguous-picture",
                remedy=f"say `axes: {axes.replace('q', 'z')}`, `{axes.replace('q', 'c')}` or `{axes.replace('q', 't')}`",
            )
        notes.append(f"its {count} pages taken as slices")
        axes = axes.replace("q", "z")
    return axes, values


def _one(
    values: Values, axes: str, letter: str, wanted: int | None, option: str, names: tuple[str, ...], notes: list[str] | None = None
) -> tuple[Values, str]:
    """One of several channels or times, which must be named."""
    if letter not in axes:
        if wanted:
            raise Refused(f"`{option}: {wanted}`, but the file has one only", code="ambiguous-picture", remedy=f"leave out `{option}`")
        return values, axes
    at = axes.index(letter)
    count = values.shape[at]
    listed = f" ({', '.join(f'{k}: {name}' for k, name in enumerate(names[:count]))})" if any(names) else ""
    if wanted is None or wanted >= count:
        colours = (
            f", or `axes: {axes.replace('c', 's')}` for red, green and blue" if letter == "c" and count == 3 and "z" not in axes else ""
        )
        what = f"it has {count} {NAMES[letter]}{listed}" + (f", no number {wanted}" if wanted is not None else "")
        raise Refused(what, code="ambiguous-picture", remedy=f"say which: `{option}: 0` to `{option}: {count - 1}`{colours}")
    if notes is not None:
        notes.append(f"channel {wanted} of {count}{listed}")
    return np.take(values, wanted, axis=at), axes.replace(letter, "")


def _grey_or_rgb(values: Values, axes: str, labels: bool, notes: list[str]) -> tuple[Values, str]:
    """Without transparency; colours that are grey become grey where labels or a volume are wanted."""
    if "s" not in axes:
        return values, axes
    at = axes.index("s")
    samples = [np.take(values, k, axis=at) for k in range(min(values.shape[at], _FEW + 1))]
    if len(samples) > _FEW:
        raise Refused(
            f"it has {values.shape[at]} values per pixel", code="ambiguous-picture", remedy="say `axes` with c for channels, and `channel`"
        )
    if len(samples) in (2, 4):
        clear = samples[-1].size and samples[-1].min() < samples[-1].max()
        notes.append("transparency dropped" + (", although it differs from pixel to pixel" if clear else ""))
    colours = samples[: 1 if len(samples) < 3 else 3]
    grey = len(colours) == 1 or ((labels or "z" in axes) and all(np.array_equal(colours[0], each) for each in colours[1:]))
    if grey:
        if len(colours) > 1:
            notes.append("its three colours are equal: taken as grey values")
        return colours[0], axes.replace("s", "")
    if "z" in axes:
        raise Refused("a volume in colours", code="ambiguous-picture", remedy="say `axes` with c in place of s, and `channel`")
    return np.take(values, range(3), axis=at), axes


def _cropped(values: Values, request: Request, whole: tuple[int, ...]) -> tuple[tuple[float, ...], Values]:
    dim = len(whole)
    if request.crop is None:
        return (0.0,) * dim, values
    crop = request.crop
    low, high = crop[: len(crop) // 2], crop[len(crop) // 2 :]
    size = " x ".join(map(str, whole))
    if len(low) != dim or not all(0 <= a < b <= n for a, b, n in zip(low, high, whole, strict=True)):
        kind, form = (
            ("picture", "columns and rows of pixels: [left, top, right, bottom]")
            if dim == 2
            else ("volume", "[x0, y0, z0, x1, y1, z1] in voxels")
        )
        raise Refused(
            f"crop {list(crop)} does not lie in the {kind} of {size} {'pixels' if dim == 2 else 'voxels'}",
            code="wrong-crop",
            remedy=f"give {form}",
        )
    return tuple(map(float, low)), values[tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))]


def _step(values: Values, request: Request, volume: bool, notes: list[str]) -> int:
    size = " x ".join(map(str, values.shape[: 3 if volume else 2][::-1]))
    if request.shrink is not None:
        if request.shrink > min(values.shape[: 3 if volume else 2]):
            raise Refused(f"`shrink: {request.shrink}` leaves nothing of {size}", code="wrong-crop", remedy="give a smaller number")
        if request.shrink > 1:
            notes.append(f"{size} made smaller: one of {request.shrink} in each direction")
        return request.shrink
    pixels = values.shape[0] * values.shape[1]
    step = 1 if volume else ceil(sqrt(pixels / _PIXELS))
    if step > 1:
        notes.append(f"{size} pixels made smaller: one of {step} in each direction (`shrink: 1` keeps all, `crop` takes a part)")
    return step


def _shrunk(values: Values, step: int, pick: bool, dim: int) -> Values:
    """Of blocks of step^dim pixels the middle one (labels, volumes), or their mean."""
    if pick:
        return values[(slice(step // 2, None, step),) * dim]
    rows, columns = (n // step for n in values.shape[:2])
    result = np.empty((rows, columns, *values.shape[2:]), dtype=values.dtype if values.dtype.kind in "uif" else np.uint8)
    for first in range(0, rows, _BAND):
        last = min(first + _BAND, rows)
        band = values[first * step : last * step, : columns * step].reshape(last - first, step, columns, step, *values.shape[2:])
        mean = band.mean(axis=(1, 3), dtype=np.float32)
        result[first:last] = mean if result.dtype.kind == "f" else np.rint(mean * (255 if values.dtype == bool else 1))
    return result


def _numbers(values: Values, labels: bool, notes: list[str]) -> Values:
    """Finite numbers, whole ones for labels."""
    if values.dtype.kind != "f":
        return values
    if not np.isfinite(values).all():
        raise Unreadable(f"{int((~np.isfinite(values)).sum())} of its values are not finite")
    if not labels:
        return values
    values = values.astype(np.float64, copy=False)
    whole = np.rint(values)
    odd = np.flatnonzero(np.abs(whole - values) > 1e-6 * np.maximum(1, np.abs(values)))
    if len(odd) or np.abs(whole).max(initial=0) > 2**53:
        example = f" (the first is {values.flat[odd[0]]:g})" if len(odd) else ""
        raise Refused(
            f"its values are no whole numbers{example}, so they are no labels",
            code="region-rule",
            remedy="tell regions by brightness (above, below)",
        )
    notes.append("whole numbers written as floats taken as labels")
    return np.asarray(whole.astype(np.int64))


def _turned(values: Values) -> Values:
    """Black for white."""
    if values.dtype.kind == "b":
        return np.logical_not(values)
    top = np.iinfo(values.dtype.str).max if values.dtype.kind == "u" else values.max() + values.min()
    return np.asarray(top - values, dtype=values.dtype)
