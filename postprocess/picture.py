"""The picture a mesh was made from, to be drawn beneath the fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .run import Run

_TINTS = ("#f6ead7", "#dcebf5", "#e3f1e4", "#f3e2ec", "#f4f0c9", "#e6e3f2")  # of regions: no grey, and paler than any species


@dataclass(frozen=True)
class Picture:
    """A picture and where it lies: pixels (H, W, 3) in 0..1, extent (left, right, bottom, top) with y downwards."""

    pixels: NDArray[np.float64]
    extent: tuple[float, float, float, float]
    labels: bool = False

    @cached_property
    def pale(self) -> NDArray[np.uint8]:
        """The picture with less colour and contrast, so that what is drawn over it stands out (labels are pale as they are); 0..255."""
        if self.labels:
            return (255 * self.pixels).astype(np.uint8)
        grey = self.pixels.mean(axis=2, keepdims=True)
        muted = 0.35 * self.pixels + 0.65 * grey
        return (255 * (1.0 - 0.55 * (1.0 - muted))).astype(np.uint8)


def background(run: Run) -> Picture | None:
    """The picture of a scenario whose mesh is an image in the plane; None if there is none or it cannot be read."""
    mesh = run.scenario.get("mesh") or {}
    if mesh.get("kind") != "image" or run.dim != 2:
        return None
    kept = run.manifest.get("section")
    return _kept(run, kept) if kept else _of_file(run, mesh)


def _kept(run: Run, facts: Mapping[str, Any]) -> Picture | None:
    """The picture in the run folder, as the mesh took it."""
    try:
        from PIL import Image

        with Image.open(run.path / str(facts["file"])) as opened:
            pixels = np.asarray(opened)
        left, right, bottom, top = (float(end) for end in facts["extent"])
        shown = _numbered(pixels) if facts["labels"] else pixels[..., :3] / 255.0
    except (ImportError, OSError, SyntaxError, ValueError, KeyError, TypeError, IndexError):
        return None
    return Picture(shown, (left, right, bottom, top), labels=bool(facts["labels"]))


def _numbered(numbers: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(H, W, 3) a pale tint for each region, whose number + 1 this is; white where there is none."""
    tints = np.array([to_rgb(tint) for tint in _TINTS])
    return np.where((numbers > 0)[..., None], tints[(numbers.astype(np.int64) - 1) % len(tints)], 1.0)


def _of_file(run: Run, mesh: dict[str, Any]) -> Picture | None:
    """The picture's file, if it is there: for runs that kept none (up to version 0.2), whose pixel size the scenario says."""
    if mesh.get("pixel") is None and not str(mesh.get("image", "")).startswith("skimage:"):
        return None  # in the file, perhaps
    pixels = _load(str(mesh.get("image", "")), run)
    if pixels is None or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (3, 4)):
        return None
    pixel = mesh.get("pixel", 1.0)
    labels = _labels(mesh)
    dx, dy = (float(pixel), float(pixel)) if np.ndim(pixel) == 0 else (float(pixel[0]), float(pixel[1 if len(pixel) > 1 else 0]))
    if labels and (pixels.ndim == 2 or (pixels[..., :3] == pixels[..., :1]).all()):
        flat = pixels if pixels.ndim == 2 else pixels[..., 0]
        return Picture(_tinted(flat, labels), (0.0, flat.shape[1] * dx, flat.shape[0] * dy, 0.0), labels=True)
    values = pixels[..., :3].astype(np.float64) if pixels.ndim == 3 else np.repeat(pixels[..., None].astype(np.float64), 3, axis=2)
    values /= max(255.0 if pixels.dtype == np.uint8 else float(values.max()), 1e-300)
    height, width = values.shape[:2]
    return Picture(values, (0.0, width * dx, height * dy, 0.0))


def _labels(mesh: dict[str, Any]) -> list[tuple[int, ...]]:
    """The labels of each region of a label image; none where the picture is one of tissue."""
    stated = [region for region in (mesh.get("regions") or {}).values() if isinstance(region, dict)]
    found = [region.get("label") for region in stated if region.get("kind") == "by_label"]
    return [tuple(label) if isinstance(label, (list, tuple)) else (int(label),) for label in found if label is not None]


def _tinted(pixels: NDArray[Any], labels: list[tuple[int, ...]]) -> NDArray[np.float64]:
    """(H, W, 3) a pale tint for each region, white elsewhere; numbers of a label image are no brightness."""
    whole = np.rint(pixels * 255 if pixels.dtype.kind == "f" and pixels.max(initial=0) <= 1.0 else pixels).astype(np.int64)
    found = np.ones((*whole.shape, 3))
    for number, of in enumerate(labels):
        found[np.isin(whole, of)] = to_rgb(_TINTS[number % len(_TINTS)])
    return found


def _load(name: str, run: Run) -> NDArray[Any] | None:
    try:
        if name.startswith("skimage:"):
            from skimage import data

            return np.asarray(getattr(data, name.removeprefix("skimage:"))())
        import matplotlib.image

        return np.asarray(matplotlib.image.imread(run.path / name))
    except (ImportError, AttributeError, OSError, SyntaxError, ValueError):
        return None  # a figure without its background is still a figure
