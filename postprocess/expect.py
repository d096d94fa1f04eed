"""The numbers a scenario promises (its ``expect:`` block), measured in a run's files and compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .faults import WrongRequest, unknown
from .probe import Array, Locator, Ray, axes_and_diagonals, directions, peak
from .run import Run

_PLACE = "expected number"
_AXES = {"x": 0, "y": 1, "z": 2}


@dataclass(frozen=True)
class Result:
    """One expectation with what was measured, in the scenario's scales; ``fault`` says why nothing could be.

    ``unit`` and ``factor``: how it is shown, as factor * number.
    """

    item: Mapping[str, Any]
    measured: float
    passed: bool
    fault: str = ""
    unit: str = ""
    factor: float = 1.0

    @property
    def shown(self) -> tuple[str, str, str, str]:
        """Expected and measured value, error and the largest error allowed, in ``unit``."""
        f, expected = self.factor, float(self.item["value"])
        error = f"{f * (self.measured - expected):+.1e}" if np.isfinite(self.measured) else "-"
        return f"{f * expected:.6g}", f"{f * self.measured:.6g}", error, f"{f * self.bound:.1e}"

    @property
    def quantity(self) -> str:
        """What was measured, with its unit."""
        return self.label + (f" ({self.unit})" if self.unit not in ("", "1") else "")

    @property
    def bound(self) -> float:
        """The largest absolute error allowed."""
        return _bound(self.item)

    @property
    def label(self) -> str:
        """What was measured, in words."""
        item = self.item
        if item["what"] == "series":
            return str(item["of"])
        words = [item["what"].replace("_", " "), f"of {item['of']}"]
        if item.get("level") is not None:
            words.append(f"= {item['level']:g}")
        if item.get("region"):
            words.append(f"in {item['region']}")
        if item.get("point") is not None:
            words.append(f"at ({', '.join(f'{x:g}' for x in item['point'])})")
        return " ".join(words)


def check(run: Run, items: list[Mapping[str, Any]] | None = None) -> list[Result]:
    """Measure every expectation of the run's scenario (or of ``items``); nothing is raised for a wrong number."""
    items = list(run.scenario.get("expect") or []) if items is None else items
    probe = _Probe(run)
    results = []
    for item in items:
        unit, factor = _shown_in(run, item)
        try:
            measured = probe.measure(item)
            results.append(Result(item, measured, bool(abs(measured - item["value"]) <= _bound(item)), unit=unit, factor=factor))
        except (ValueError, KeyError) as error:
            results.append(Result(item, float("nan"), False, str(error), unit, factor))
    return results


def table(results: list[Result]) -> str:
    """The results as text, one line each."""
    rows = [("t", "quantity", "expected", "measured", "error", "allowed", "")]
    for r in results:
        verdict = "ok" if r.passed else f"WRONG{': ' + r.fault if r.fault else ''}"
        rows.append((f"{r.item['at']:g}", r.quantity, *r.shown, verdict))
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    return "\n".join("  ".join([*(text.ljust(w) for text, w in zip(row, widths, strict=False)), row[6]]).rstrip() for row in rows)


def _shown_in(run: Run, item: Mapping[str, Any]) -> tuple[str, float]:
    """The unit in which an expected number is shown, and by what it is multiplied."""
    places = ("position", "peak_position", "anisotropy")
    total = f"{item['of']}.total"
    key = {"series": item["of"], "integral": total}.get(item["what"], "length" if item["what"] in places else item["of"])
    if key == total and item["what"] == "integral" and key not in run.units:
        return "", 1.0
    return run.units.get(key, ""), run.factors.get(key, 1.0)


def _bound(item: Mapping[str, Any]) -> float:
    if item.get("tolerance") is not None:
        return float(item["tolerance"])
    return float(item.get("relative") or 0.0) * abs(float(item["value"]))


class _Probe:
    """Measures, with the locator and the rays kept between expectations."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._locator: Locator | None = None
        self._rays: dict[Any, list[Ray]] = {}

    @property
    def locator(self) -> Locator:
        if self._locator is None:
            self._locator = Locator(self.run.points, self.run.cells)
        return self._locator

    def measure(self, item: Mapping[str, Any]) -> float:
        if item["what"] == "series":
            return self._column(item["of"], item["at"])
        field = self.run.field(item["of"], item["at"])
        what: dict[str, Callable[[], float]] = {
            "integral": lambda: integral(self.run, field, item.get("region")),
            "minimum": lambda: float(field.min()),
            "maximum": lambda: float(field.max()),
            "value": lambda: self._value(field, item["point"]),
            "position": lambda: self._position(field, item),
            "anisotropy": lambda: self._anisotropy(field, item),
            "peak_position": lambda: self._peak(field, item)[0],
            "peak_value": lambda: self._peak(field, item)[1],
        }
        if item["what"] not in what:
            remedy = f"allowed: {', '.join(what)}, series"
            raise WrongRequest(f"unknown quantity {item['what']!r}", code="unknown-choice", place=_PLACE, remedy=remedy)
        return what[item["what"]]()

    def _column(self, name: str, time: float) -> float:
        series = self.run.series
        if name not in series:
            raise unknown(_PLACE, "column of series.csv", name, series, code="no-column")
        times = series["time"]
        row = int(np.argmin(np.abs(times - time))) if len(times) else 0
        if not len(times) or abs(times[row] - time) > 1e-6 * max(float(times[-1] - times[0]), abs(time), 1e-300):
            remedy = f"nearest: {times[row]:g}" if len(times) else "write an output then (output.at)"
            raise WrongRequest(f"series.csv has no row at t = {time:g}", code="no-time", place=_PLACE, remedy=remedy)
        found = float(series[name][row]) / self.run.factors.get(name, 1.0)
        if np.isnan(found):
            raise _not_measurable(
                f"the column holds no number at t = {time:g}: what it tells of has not happened by then", "choose a later time"
            )
        return found

    def _value(self, field: Array, point: Any) -> float:
        if len(point) != self.run.dim:
            raise _wrong_length("point", point, self.run.dim)
        found = float(self.locator.values(field, np.array([point], dtype=np.float64))[0])
        if not np.isfinite(found):
            raise _not_measurable("the point lies outside the mesh", "move it inside")
        return found

    def _position(self, field: Array, item: Mapping[str, Any]) -> float:
        rays = self._along(item)
        found = np.array([ray.outermost(field, item["level"]) for ray in rays])
        if not np.isfinite(found).all():
            some = f" on {np.isnan(found).sum()} of {len(rays)} rays" if len(rays) > 1 else ""
            raise _not_measurable(f"the level is not passed{some}", "choose another level, time or origin")
        return float(found.mean()) + self._offset(item)

    def _anisotropy(self, field: Array, item: Mapping[str, Any]) -> float:
        around = item.get("along") == "radius"
        rays = self._along({**item, "along": "radius"}) if around else self._cast(item, "star", axes_and_diagonals(self.run.dim))
        found = np.array([ray.outermost(field, item["level"]) for ray in rays])
        found = found[np.isfinite(found)]  # a direction that leaves the mesh at once has no position
        if len(found) < 2:
            raise _not_measurable("the level is passed in fewer than two directions", "choose another level, time or origin")
        return float(found.max() - found.min())

    def _peak(self, field: Array, item: Mapping[str, Any]) -> tuple[float, float]:
        rays = self._along(item)
        if self.run.dim == 1 and len(rays) == 1:
            s = (self.run.points[:, 0] - rays[0].origin[0]) * rays[0].direction[0]
            order = np.flatnonzero(s >= 0)[np.argsort(s[s >= 0])]
            profile, s = field[order], s[order]
        else:
            s = rays[int(np.argmin([ray.s[-1] for ray in rays]))].s
            profiles = np.array([np.interp(s, ray.s, ray.profile(field)) for ray in rays])
            inside = np.isfinite(profiles)
            profile = np.where(inside, profiles, 0).sum(axis=0) / np.maximum(inside.sum(axis=0), 1)
        place, height = peak(s, profile, self.locator.spacing, float(item.get("after") or 0.0))
        if not np.isfinite(place):
            raise _not_measurable("there is no local maximum", "choose another time, or a smaller `after`")
        return place + self._offset(item), height

    def _along(self, item: Mapping[str, Any]) -> list[Ray]:
        along = item.get("along") or "x"
        if along == "radius":
            return self._cast(item, along, directions(self.run.dim))
        direction = np.zeros(self.run.dim)
        if isinstance(along, str):
            if _AXES[along] >= self.run.dim:
                raise WrongRequest(
                    f"the mesh has no {along} direction", code="wrong-dimension", place=_PLACE, remedy="choose another direction"
                )
            direction[_AXES[along]] = 1.0
        else:
            if len(along) != self.run.dim:
                raise _wrong_length("direction", along, self.run.dim)
            direction[:] = along
        return self._cast(item, along if isinstance(along, str) else tuple(along), direction[None])

    def _cast(self, item: Mapping[str, Any], kind: Any, vectors: Array) -> list[Ray]:
        origin = self._origin(item, kind)
        key = (kind, tuple(origin))
        if key not in self._rays:
            self._rays[key] = [Ray(self.locator, origin, vector) for vector in vectors]
        return self._rays[key]

    def _origin(self, item: Mapping[str, Any], kind: Any) -> Array:
        given = item.get("origin")
        if given is not None:
            if len(given) != self.run.dim:
                raise _wrong_length("origin", given, self.run.dim)
            return np.asarray(given, dtype=np.float64)
        origin = (self.locator.lower + self.locator.upper) / 2
        if kind in _AXES:
            origin[_AXES[kind]] = self.locator.lower[_AXES[kind]]
        return origin

    def _offset(self, item: Mapping[str, Any]) -> float:
        """Along x, y, z without an origin a position is a coordinate; else it is the distance from the origin."""
        along = item.get("along") or "x"
        if item.get("origin") is None and isinstance(along, str) and along in _AXES:
            return float(self.locator.lower[_AXES[along]])
        return 0.0


def integral(run: Run, field: NDArray[np.float64], region: str | None = None) -> float:
    """The integral of a P1 field, ``sum over cells of measure * mean of the corners`` (exact for P1), in a region or everywhere."""
    weight = run.measures
    if region is not None:
        if region not in run.regions:
            raise unknown(_PLACE, "region", region, run.regions, code="no-region")
        weight = np.where(run.cell_region == run.regions.index(region), weight, 0.0)
    return float((weight * field[run.cells].mean(axis=1)).sum())


def _not_measurable(what: str, remedy: str) -> WrongRequest:
    return WrongRequest(what, code="not-measurable", place=_PLACE, remedy=remedy)


def _wrong_length(what: str, given: Sized, dim: int) -> WrongRequest:
    fault = f"the {what} has {len(given)} numbers"
    return WrongRequest(fault, code="wrong-length", place=_PLACE, remedy=f"the mesh has {dim} dimension{'s' if dim > 1 else ''}")
