"""Straight lines through a tissue: fields along them, at one time or at all, and where a level is passed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .faults import WrongRequest
from .probe import Array, Locator, Ray
from .units import axis_label, scale

if TYPE_CHECKING:
    from .run import Run

_AXES = {"x": 0, "y": 1, "z": 2}
_MOST = 4000  # samples


class Line:
    """A line sampled at distances ``s`` from its start, located once and used for every field.

    Args:
        run: the run.
        along: ``x``, ``y`` or ``z`` (from end to end through the middle of the tissue), or two points as in ``0,0:100,50``,
            in the scenario's length.

    Raises:
        WrongRequest: the line cannot be understood or misses the tissue.
    """

    def __init__(self, run: Run, along: str = "x") -> None:
        self.run, self.along = run, along
        self._locator = Locator(run.points, run.cells)
        lower, upper = self._locator.lower, self._locator.upper
        if along in _AXES:
            if _AXES[along] >= run.dim:
                raise WrongRequest(
                    f"the mesh has {run.dim} dimension{'s' if run.dim > 1 else ''} and no {along}",
                    code="wrong-dimension",
                    place=str(run.path),
                    remedy="choose another direction",
                )
            start = (lower + upper) / 2
            end = start.copy()
            start[_AXES[along]], end[_AXES[along]] = lower[_AXES[along]], upper[_AXES[along]]
            self.offset = float(lower[_AXES[along]])
        else:
            start, end = _points(along, run.dim)
            self.offset = 0.0
        length = float(np.linalg.norm(end - start))
        if length == 0.0:
            raise WrongRequest("the two points are the same", code="wrong-line", place=f"--along {along}", remedy="give two different ones")
        self.start, self.direction = start, (end - start) / length
        count = int(np.clip(2 * length / self._locator.spacing, 200, _MOST)) + 1
        self.s = np.linspace(0.0, length, count)
        self._cell, self._share = self._locator.locate(start + self.s[:, None] * self.direction)
        if not (self._cell >= 0).any():
            raise WrongRequest(
                "the line lies outside the tissue",
                code="wrong-line",
                place=f"--along {along}",
                remedy=f"the tissue is within {_box(lower, upper)}",
            )

    @property
    def position(self) -> Array:
        """Coordinate along x, y, z, else the distance from the first point; in the unit of the axis label."""
        return np.asarray((self.offset + self.s) * scale(self.run, "length")[0])

    @property
    def label(self) -> str:
        """The label of the axis of positions."""
        return axis_label(self.run, self.along if self.along in _AXES else "distance")

    def values(self, field: Array) -> Array:
        """The field (N,) along the line; NaN outside the tissue."""
        result: Array = np.einsum("ij,ij->i", field[self.run.cells[self._cell]], self._share)
        return result

    @cached_property
    def borders(self) -> Array:
        """Positions at which one region ends and another begins."""
        region = np.where(self._cell >= 0, self.run.cell_region[self._cell], -1)
        change = np.flatnonzero((region[1:] != region[:-1]) & (region[1:] >= 0) & (region[:-1] >= 0))
        return np.asarray((self.position[change] + self.position[change + 1]) / 2)

    def over_time(self, name: str) -> Array:
        """(outputs, samples) of a field."""
        return np.array([self.values(self.run.field(name, step=step)) for step in range(len(self.run.times))])

    def level(self, name: str, level: float) -> Array:
        """Position at which a field passes a level for the last time along the line, at every output; NaN where it does not."""
        ray = Ray(self._locator, self.start, self.direction, self.s[1] - self.s[0])
        found = [ray.outermost(self.run.field(name, step=step), level) for step in range(len(self.run.times))]
        return np.asarray((self.offset + np.array(found)) * scale(self.run, "length")[0])


def _points(along: str, dim: int) -> tuple[Array, Array]:
    """Two points from text."""
    try:
        ends = [np.array([float(number) for number in end.split(",")]) for end in along.split(":")]
    except ValueError:
        ends = []
    if len(ends) != 2:
        example = ":".join(",".join([digit] * dim) for digit in "01")
        raise WrongRequest(
            "not a line", code="wrong-line", place=f"--along {along}", remedy=f"give x, y, z, or two points such as {example}"
        )
    if any(len(end) != dim for end in ends):
        raise WrongRequest(
            "a point has too few or too many coordinates",
            code="wrong-length",
            place=f"--along {along}",
            remedy=f"a point of this mesh has {dim} coordinate{'s' if dim > 1 else ''}",
        )
    return ends[0], ends[1]


def _box(lower: Array, upper: Array) -> str:
    return " x ".join(f"{a:.4g} to {b:.4g}" for a, b in zip(lower, upper, strict=True))
