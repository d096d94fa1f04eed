"""What a run says of the data: values at places and amounts in parts of the tissue, as weights of its nodes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from invasio.postprocess.cascade_numbers import over_time
from invasio.postprocess.probe import Locator
from invasio.postprocess.run import Run
from invasio.solver.memory import Memory
from invasio.solver.scenario.fit import Observable
from invasio.solver.scenario.quantities import Units
from invasio.solver.scenario.wrong import allowed

from .data import AXES, DataError, Datum

Floats = NDArray[np.float64]
_PIECES = 64  # of a cell where a slab's end passes through it
_CHILDREN = {  # pieces of half the edges, by the middles of edges between corners
    2: (((0, 0), (0, 1), (0, 2)), ((0, 1), (1, 1), (1, 2)), ((0, 2), (1, 2), (2, 2)), ((0, 1), (1, 2), (0, 2))),
    3: (
        ((0, 0), (0, 1), (0, 2), (0, 3)),
        ((0, 1), (1, 1), (1, 2), (1, 3)),
        ((0, 2), (1, 2), (2, 2), (2, 3)),
        ((0, 3), (1, 3), (2, 3), (3, 3)),
        ((0, 1), (0, 2), (0, 3), (1, 3)),
        ((0, 1), (0, 2), (1, 2), (1, 3)),
        ((0, 2), (0, 3), (1, 3), (2, 3)),
        ((0, 2), (1, 2), (1, 3), (2, 3)),
    ),
}


class Observer:
    """Reads what was measured off a run in memory; on the same mesh, where it was measured is looked up once."""

    def __init__(self, rows: Sequence[Datum], observables: Mapping[str, Observable], units: Units) -> None:
        self.rows, self._observables, self._units = rows, observables, units
        self._points: Floats | None = None
        self._weights: dict[int, tuple[NDArray[np.intp], Floats]] = {}  # row -> nodes and their weights
        self._whole: Floats = np.zeros(0)
        self._lines: dict[tuple[str, str | None], tuple[Floats, NDArray[np.intp], Floats]] = {}  # along which quantiles are taken

    def __call__(self, run: Memory | Run) -> Floats:
        """(n,) what the run says of each row, in the units of series.csv and of densities. Collective. Raises DataError."""
        points, cells = run.points, run.cells
        if self._points is None or not np.array_equal(points, self._points):
            self._look_up(run, points, cells)
        curves = self._curves(run)
        fields: dict[tuple[str, float], Floats] = {}
        series, found = run.series, np.empty(len(self.rows))
        for k, row in enumerate(self.rows):
            observable = self._observables[row.observable]
            if observable.cascade is not None:
                found[k] = self._event(curves[observable.cascade], row, observable)
                continue
            if observable.series is not None:
                if observable.series not in series:
                    remedy = allowed(observable.series, series)
                    raise DataError("series.csv has no such column", code="no-column", place=observable.series, remedy=remedy)
                found[k] = series[observable.series][run.step(row.time)]
                continue
            key = observable.species, row.time
            if key not in fields:
                fields[key] = run.field(*key)
            if observable.quantile is not None:
                found[k] = self._quantile(fields[key], observable)
                continue
            nodes, weights = self._weights[k]
            values = fields[key] if observable.above is None else self._covered(fields[key], observable.above, points, cells)
            found[k] = weights @ values[nodes]
            if observable.share:
                found[k] /= self._whole @ fields[key]
            elif observable.integral is not None:
                found[k] *= self._units.amount(observable.integral).factor
        return found

    def _curves(self, run: Memory | Run) -> dict[str, tuple[Floats, Floats]]:
        """Times and values of the numbers of the cascade that are asked for; the run must be in a folder."""
        asked = [(one.cascade, row) for row in self.rows if (one := self._observables[row.observable]).cascade is not None]
        if not asked:
            return {}
        assert isinstance(run, Run)
        times = [time for _, row in asked for time in (row.time, row.since) if time is not None]
        return over_time(run.path, list(dict.fromkeys(text for text, _ in asked if text is not None)), times)

    @staticmethod
    def _event(curve: tuple[Floats, Floats], row: Datum, observable: Observable) -> float:
        """A number of the cascade at a time; of events the chance of what was seen."""
        now = float(np.interp(row.time, *curve))
        if observable.noise.kind != "events" or math.isnan(row.value):
            return now
        if row.censored == "above":
            return 1.0 - now
        return now - (0.0 if row.since is None else float(np.interp(row.since, *curve)))

    def _quantile(self, field: Floats, observable: Observable) -> float:
        """Where along an axis the share ``level`` of a species is reached: nodes stand for the cells about them."""
        heights, group, weights = self._lines[observable.along or "", observable.region]
        amount = np.bincount(group, weights * field, minlength=len(heights))
        share = (np.cumsum(amount) - 0.5 * amount) / max(float(amount.sum()), 1e-300)
        return float(np.interp(observable.level, share, heights))

    def _covered(self, field: Floats, level: float, points: Floats, cells: NDArray[np.int64]) -> Floats:
        """(N,) the share of the tissue about each node where a density is above a level, as if it went evenly through each cell."""
        corners = field[cells]
        low, high = corners.min(axis=1), corners.max(axis=1)
        share = np.clip((high - level) / np.maximum(high - low, 1e-300), 0.0, 1.0)
        weights = np.repeat((_measures(points, cells) / cells.shape[1])[:, None], cells.shape[1], axis=1)
        found: Floats = _assembled(cells, weights * share[:, None], len(points)) / self._whole
        return found

    def _look_up(self, run: Memory | Run, points: Floats, cells: NDArray[np.int64]) -> None:
        locator = Locator(points, cells)
        measures = _measures(points, cells)
        self._whole = _assembled(cells, np.repeat(measures[:, None] / (run.dim + 1), run.dim + 1, axis=1), len(points))
        known: dict[object, tuple[NDArray[np.intp], Floats]] = {}
        for k, row in enumerate(self.rows):
            observable = self._observables[row.observable]
            if observable.quantile is not None:
                self._lines[observable.along or "", observable.region] = _line(run, observable, points, cells, measures)
            if not (observable.value or observable.integral):
                continue
            key = row.observable, row.at, row.span, row.box
            if key not in known:
                if row.box is not None:
                    known[key] = _block(row, locator, cells, measures)
                elif observable.value is not None:
                    known[key] = _at(locator, row)
                else:
                    weights = part(points, cells, measures, _inside(run, observable), *_box(observable, row, run.dim))
                    nodes = np.flatnonzero(weights)
                    if not len(nodes):
                        place = row.observable + (f" from {row.span[0]:g} to {row.span[1]:g}" if row.span else "")
                        ends = "; ".join(f"{a:g} to {b:g}" for a, b in zip(locator.lower, locator.upper, strict=True))
                        remedy = f"the mesh covers {ends}"
                        raise DataError("no tissue lies in this part", code="outside-tissue", place=place, remedy=remedy)
                    known[key] = nodes, weights[nodes]
            self._weights[k] = known[key]
        self._points = points


def _at(locator: Locator, row: Datum) -> tuple[NDArray[np.intp], Floats]:
    where = f"{row.observable} at ({', '.join(f'{x:g}' for x in row.at)})"
    if len(row.at) != locator.dim:
        remedy = f"write {', '.join(AXES[: locator.dim])}"
        raise DataError(f"{len(row.at)} coordinates on a mesh in {locator.dim}-D", code="wrong-length", place=where, remedy=remedy)
    cell, share = locator.locate(np.array([row.at]))
    if cell[0] < 0:
        ends = "; ".join(f"{a:g} to {b:g}" for a, b in zip(locator.lower, locator.upper, strict=True))
        raise DataError("this place lies outside the tissue", code="outside-tissue", place=where, remedy=f"the mesh covers {ends}")
    return locator.cells[cell[0]].astype(np.intp), share[0]


def _block(row: Datum, locator: Locator, cells: NDArray[np.int64], measures: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Nodes and weights of the mean over the tissue in a block of a picture."""
    lower, upper = (np.array(corner) for corner in row.box or ((), ()))
    if len(lower) != locator.dim:
        what = f"a picture in {len(lower)}-D of a mesh in {locator.dim}-D"
        raise DataError(what, code="picture-axes", place=row.observable, remedy="give a picture for a mesh in 2-D, a volume for one in 3-D")
    weights = part(locator.points, cells, measures, np.ones(len(cells), dtype=bool), lower, upper)
    nodes = np.flatnonzero(weights)
    if not len(nodes):
        place = f"{row.observable} at ({', '.join(f'{x:g}' for x in row.at)})"
        raise DataError("no tissue lies in this block", code="outside-tissue", place=place, remedy="check `pixel`, `shift` and `blocks`")
    return nodes, weights[nodes] / weights.sum()


def _line(
    run: Memory | Run, observable: Observable, points: Floats, cells: NDArray[np.int64], measures: Floats
) -> tuple[Floats, NDArray[np.intp], Floats]:
    """The different places of the nodes along an axis, which of them each node has, and what of the tissue each node stands for."""
    axis = AXES.index(observable.along or "x")
    if axis >= run.dim:
        raise DataError("the mesh has no such axis", code="wrong-dimension", place="along", remedy=f"it has {run.dim} dimensions")
    shares = np.where(_inside(run, observable), measures / (run.dim + 1), 0.0)[:, None] * np.ones(run.dim + 1)
    heights, group = np.unique(_rounded(points[:, axis]), return_inverse=True)
    return heights, group, _assembled(cells, shares, len(points))


def _rounded(places: Floats) -> Floats:
    """Places of which those that differ by rounding alone are the same."""
    tiny = 1e-9 * max(float(np.ptp(places)), 1e-300)
    rounded: Floats = np.round(places / tiny) * tiny
    return rounded


def _inside(run: Memory | Run, observable: Observable) -> NDArray[np.bool_]:
    """(cells,) which cells lie in the region."""
    regions = run.cell_region
    if observable.region is None:
        return np.ones(len(regions), dtype=bool)
    if observable.region not in run.regions:
        remedy = allowed(observable.region, run.regions)
        raise DataError("there is no such region", code="no-region", place=observable.region, remedy=remedy)
    return np.asarray(regions == run.regions.index(observable.region))


def _box(observable: Observable, row: Datum, dim: int) -> tuple[Floats, Floats]:
    """The lower and the upper ends along all axes of the part that is integrated over."""
    lower: Floats = np.full(dim, -np.inf)
    upper: Floats = np.full(dim, np.inf)
    if observable.from_ is not None and observable.to is not None:
        if len(observable.from_) != dim or len(observable.to) != dim:
            what, remedy = f"the box's corners have not {dim} numbers", f"the mesh has {dim} dimensions"
            raise DataError(what, code="wrong-length", place=row.observable, remedy=remedy)
        lower, upper = np.array(observable.from_), np.array(observable.to)
    if observable.along is not None and row.span is not None:
        axis = AXES.index(observable.along)
        if axis >= dim:
            raise DataError("the mesh has no such axis", code="wrong-dimension", place=row.observable, remedy=f"it has {dim} dimensions")
        lower[axis], upper[axis] = max(lower[axis], row.span[0]), min(upper[axis], row.span[1])
    return lower, upper


def part(points: Floats, cells: NDArray[np.int64], measures: Floats, inside: NDArray[np.bool_], lower: Floats, upper: Floats) -> Floats:
    """(N,) weights w, so that w @ c is the integral of a P1 field over the cells ``inside`` and the box from ``lower`` to ``upper``.

    Exact for whole cells and in one dimension; a cell that the box cuts is taken in 64 pieces, of each the share within the box. Nothing
    is lost between boxes that lie side by side.
    """
    dim = points.shape[1]
    corners = points[cells]
    low, high = corners.min(axis=1), corners.max(axis=1)
    whole = inside & (low >= lower).all(axis=1) & (high <= upper).all(axis=1)
    cut = np.flatnonzero(inside & ~whole & (high > lower).all(axis=1) & (low < upper).all(axis=1))
    shares = np.where(whole, measures / (dim + 1), 0.0)[:, None] * np.ones(dim + 1)
    if dim == 1:
        a, b = corners[cut, 0, 0], corners[cut, 1, 0]
        left, right = np.maximum(np.minimum(a, b), lower[0]), np.minimum(np.maximum(a, b), upper[0])
        along = (0.5 * (left + right) - a) / (b - a)
        shares[cut] = (right - left)[:, None] * np.stack([1.0 - along, along], axis=1)
    else:
        pieces = _pieces(dim)
        middles = pieces.mean(axis=1)
        for one in cut:
            there = pieces @ corners[one]
            first, last = there.min(axis=1), there.max(axis=1)
            within = np.clip(np.minimum(last, upper) - np.maximum(first, lower), 0.0, None) / np.maximum(last - first, 1e-300)
            shares[one] = measures[one] * (within.prod(axis=1)[:, None] * middles).mean(axis=0)
    return _assembled(cells, shares, len(points))


@cache
def _pieces(dim: int) -> Floats:
    """(n, dim+1, dim+1) barycentric coordinates of the corners of n = 64 pieces of equal volume into which a simplex is cut."""
    children = _CHILDREN[dim]
    pieces = np.eye(dim + 1)[None]
    while len(pieces) < _PIECES:
        pieces = np.concatenate([np.stack([0.5 * (pieces[:, a] + pieces[:, b]) for a, b in child], axis=1) for child in children])
    return pieces


def _measures(points: Floats, cells: NDArray[np.int64]) -> Floats:
    corners = points[cells]
    found: Floats = np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1])) / np.array([1.0, 1.0, 2.0, 6.0])[points.shape[1]]
    return found


def _assembled(cells: NDArray[np.int64], shares: Floats, count: int) -> Floats:
    found: Floats = np.bincount(cells.ravel(), shares.ravel(), minlength=count).astype(np.float64)
    return found
