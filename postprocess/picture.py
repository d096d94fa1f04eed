"""The picture a mesh was made from, to be drawn beneath the fields."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .run import Run


@dataclass(frozen=True)
class Picture:
    """A picture and where it lies: pixels (H, W, 3) in 0..1, extent (left, right, bottom, top) with y downwards."""

    pixels: NDArray[np.float64]
    extent: tuple[float, float, float, float]

    @cached_property
    def pale(self) -> NDArray[np.uint8]:
        """The picture with less colour and contrast, so that what is drawn over it stands out; 0..255."""
        grey = self.pixels.mean(axis=2, keepdims=True)
        muted = 0.35 * self.pixels + 0.65 * grey
        return (255 * (1.0 - 0.55 * (1.0 - muted))).astype(np.uint8)


def background(run: Run) -> Picture | None:
    """The picture of a scenario whose mesh is an image in the plane; None if there is none or it cannot be read."""
    mesh = run.scenario.get("mesh") or {}
    if mesh.get("kind") != "image" or run.dim != 2:
        return None
    pixels = _load(str(mesh.get("image", "")), run)
    if pixels is None or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (3, 4)):
        return None
    pixel = mesh.get("pixel", 1.0)
    dx, dy = (float(pixel), float(pixel)) if np.ndim(pixel) == 0 else (float(pixel[0]), float(pixel[1 if len(pixel) > 1 else 0]))
    values = pixels[..., :3].astype(np.float64) if pixels.ndim == 3 else np.repeat(pixels[..., None].astype(np.float64), 3, axis=2)
    values /= max(255.0 if pixels.dtype == np.uint8 else float(values.max()), 1e-300)
    height, width = values.shape[:2]
    return Picture(values, (0.0, width * dx, height * dy, 0.0))


def _load(name: str, run: Run) -> NDArray[Any] | None:
    try:
        if name.startswith("skimage:"):
            from skimage import data

            return np.asarray(getattr(data, name.removeprefix("skimage:"))())
        import matplotlib.image

        return np.asarray(matplotlib.image.imread(run.path / name))
    except (ImportError, AttributeError, OSError, SyntaxError, ValueError):
        return None  # a figure without its background is still a figure
