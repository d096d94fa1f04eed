"""From where a body is seen: parallel rays, so that one bar holds as a scale everywhere in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .surface import Floats

_MARGIN = 1.03


@dataclass(frozen=True)
class Camera:
    """Degrees around z from x, and above the plane of x and y; the middle and half the width and height of what is seen."""

    azimuth: float
    elevation: float
    middle: Floats
    half: tuple[float, float]

    @property
    def axes(self) -> Floats:
        """(3, 3) unit vectors to the right, upwards and towards the eye."""
        a, e = np.radians(self.azimuth), np.radians(self.elevation)
        towards = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
        right = np.array([-np.sin(a), np.cos(a), 0.0])
        return np.stack([right, np.cross(towards, right), towards])

    def seen(self, points: Floats) -> Floats:
        """(n, 3) to the right and upwards from the middle, and towards the eye."""
        return np.asarray((points - self.middle) @ self.axes.T)


def around(points: Floats, azimuth: float, elevation: float, turning: bool = False) -> Camera:
    """The camera that sees all these points as large as it can; where it is ``turning`` about z, from every side."""
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    angles = np.arange(0.0, 360.0, 5.0) if turning else [azimuth]
    spread = [np.abs(Camera(float(a), elevation, middle, (1.0, 1.0)).seen(points)[:, :2]).max(axis=0) for a in angles]
    right, up = _MARGIN * np.max(spread, axis=0)
    return Camera(azimuth, elevation, middle, (float(right), float(up)))
