"""What a fit has found: estimates with intervals, what the data determine in plain words, tables."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from .bands import Bands
from .data import Data, Datum
from .problem import Problem
from .profile import Side, Spread
from .sample import Sample

Floats = NDArray[np.float64]
DETERMINED, ABOVE, BELOW, NOT = "determined", "only bounded from above", "only bounded from below", "not determined"
_FOLLOWS = 0.1  # share of its range by which another unknown has moved at the end of a profile
_UNLIKELY = 0.01  # of the misfit, if the errors were as stated
_NEAR_END = 1e-3  # likewise, where another unknown has come to it
_END = 1e-4  # share of a range that is its end


@dataclass(frozen=True)
class Estimate:
    """An unknown: its best value, the ends of its interval (nan where it is open), its standard error from the curvature, what the data
    say of it, and which others change with it where they do not determine it."""

    name: str
    unit: str
    value: float
    lower: float
    upper: float
    error: float
    verdict: str
    range: tuple[float, float]
    with_: tuple[str, ...] = ()
    at_end: bool = False
    profiled: bool = True

    @property
    def interval(self) -> str:
        """The interval as text."""
        if self.verdict == NOT:
            return f"anything from {_shown(self.range[0])} to {_shown(self.range[1])}"
        if self.verdict == ABOVE:
            return f"at most {_shown(self.upper)}"
        return f"at least {_shown(self.lower)}" if self.verdict == BELOW else f"{_shown(self.lower)} to {_shown(self.upper)}"

    @property
    def sentence(self) -> str:
        """What the data say, in a sentence."""
        others = f": it changes together with {' and '.join(self.with_)}, so that they make up for each other" if self.with_ else ""
        end = "; its best value lies at the end of its range" if self.at_end else ""
        if self.verdict == NOT:
            return f"{self.name} is not determined by these data{others or ': nothing that was measured depends on it enough'}"
        if self.verdict != DETERMINED:
            return f"{self.name} is {self.verdict} by these data{others}{end}"
        half = 0.5 * (self.upper - self.lower)
        share = f", to {_percent(half / abs(self.value))}" if self.value else ""
        return f"{self.name} is determined{share}{end}"


def _shown(value: float) -> str:
    return f"{value:.4g}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 10 else "an order of magnitude or more"


@dataclass(frozen=True)
class Quality:
    """How well the best values meet the data."""

    count: int  # of data
    free: int  # of unknowns
    squares: float  # of the deviance residuals
    logarithm: float  # of the likelihood
    stated: bool  # whether the errors are known, so that the size of the residuals says something

    @property
    def chance(self) -> float:
        """Of residuals as large as these or larger, if model and errors were right; large samples."""
        return float(chi2.sf(self.squares, max(self.count - self.free, 1)))

    @property
    def aic(self) -> float:
        """Akaike's information criterion, by which models of the same data are compared: smaller is better."""
        return 2.0 * self.free - 2.0 * self.logarithm

    @property
    def sentence(self) -> str:
        """Whether the model meets the data, in a sentence."""
        dof = max(self.count - self.free, 1)
        if self.count <= self.free:
            return "There are no more data than unknowns, so that nothing can be said of whether the model is right."
        if not self.stated:
            return "Errors are estimated, or single events were seen: whether the model meets the data must be seen in the figure."
        text = f"Sum of squared residuals {self.squares:.5g} for {dof} degrees of freedom ({self.squares / dof:.3g} of each)"
        if self.chance < _UNLIKELY:
            return f"{text}: the model misses the data by more than their errors explain, so the intervals are too narrow."
        if self.chance > 1 - _UNLIKELY:
            return f"{text}: the data scatter less than their errors say."
        return f"{text}: the model meets the data."


def estimates(problem: Problem, best: Floats, near: Spread, sides: dict[tuple[int, int], Side] | None, level: float) -> list[Estimate]:
    """The unknowns one by one; without ``sides`` of profiles, intervals are from the curvature."""
    found = []
    wide = float(norm.ppf(0.5 + 0.5 * level))
    for k, one in enumerate(problem.unknowns):
        if sides is None:
            reach = wide * near.error(k)
            low, high = max(best[k] - reach, 0.0), min(best[k] + reach, 1.0)
            open_low, open_high = best[k] - reach <= 0.0, best[k] + reach >= 1.0
            with_ = _correlated(problem, near, k) if open_low or open_high else ()
        else:
            down, up = sides[k, -1], sides[k, 1]
            low, high, open_low, open_high = down.end, up.end, _is_open(problem, best, k, down), _is_open(problem, best, k, up)
            with_ = _moving(problem, best, k, (down, up)) if open_low or open_high else ()
        verdict = NOT if open_low and open_high else ABOVE if open_low else BELOW if open_high else DETERMINED
        value = one.range.at(best[k])
        # the standard error of the value itself
        step = 1e-6
        slope = (one.range.at(min(best[k] + step, 1.0)) - one.range.at(max(best[k] - step, 0.0))) / (2 * step)
        found.append(
            Estimate(
                one.name,
                one.range.unit,
                value,
                math.nan if open_low else one.range.at(low),
                math.nan if open_high else one.range.at(high),
                slope * near.error(k),
                verdict,
                (one.range.from_, one.range.to),
                with_,
                min(best[k], 1.0 - best[k]) < _END,
                sides is not None,
            )
        )
    return found


def _is_open(problem: Problem, best: Floats, k: int, side: Side) -> bool:
    """Whether the data do not bound an unknown on this side: it goes to the end of its range, or another one that makes up for it
    has come to the end of its own."""
    last = side.points[-1].shares
    ends = (n for n in range(problem.size) if n != k and min(last[n], 1.0 - last[n]) < _NEAR_END)
    return side.open or any(abs(last[n] - best[n]) > _NEAR_END for n in ends)


def _moving(problem: Problem, best: Floats, k: int, sides: Sequence[Side]) -> tuple[str, ...]:
    """The unknowns that have moved along a profile that is open."""
    names = [
        problem.unknowns[n].name
        for n in range(problem.size)
        if n != k and any(abs(side.points[-1].shares[n] - best[n]) > _FOLLOWS for side in sides)
    ]
    return tuple(names)


def _correlated(problem: Problem, near: Spread, k: int) -> tuple[str, ...]:
    errors = np.sqrt(np.maximum(np.diag(near.covariance), 1e-300))
    correlations = near.covariance[k] / (errors[k] * errors)
    return tuple(problem.unknowns[n].name for n in range(problem.size) if n != k and abs(correlations[n]) > 0.95)


def as_text(found: Sequence[Estimate], quality: Quality, level: float, note: str) -> str:
    """For people: the table, then what the data determine, then how well the model meets them."""
    head = ["", "best value", f"{100 * level:g} % interval", "unit"]
    rows = [[e.name, _shown(e.value), e.interval, e.unit or "1"] for e in found]
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(4)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]]
    said = [f"{e.sentence}." for e in found]
    return "\n".join([*lines, "", *said, "", quality.sentence, *([note] if note else [])]) + "\n"


def as_markdown(found: Sequence[Estimate], quality: Quality, level: float) -> str:
    """The table in Markdown, for papers and notes."""
    lines = [f"| | best value | {100 * level:g} % interval | unit | |", "|---|---:|---|---|---|"]
    lines += [f"| {e.name} | {_shown(e.value)} | {e.interval} | {e.unit or '1'} | {e.verdict} |" for e in found]
    return "\n".join([*lines, "", quality.sentence]) + "\n"


def as_csv(found: Sequence[Estimate]) -> str:
    """The same in full precision."""
    rows = [["name", "value", "lower", "upper", "standard_error", "unit", "verdict", "with"]]
    rows += [
        [e.name, repr(e.value), *(_number(x) for x in (e.lower, e.upper, e.error)), e.unit or "1", e.verdict, " ".join(e.with_)]
        for e in found
    ]
    return _text(rows)


def as_json(found: Sequence[Estimate], quality: Quality, level: float, runs: int, failed: int, units: Mapping[str, str]) -> str:
    """The same as data; null where an interval is open."""
    data = {
        "level": level,
        "units": dict(units),
        "estimates": {
            e.name: {
                "value": e.value,
                "lower": _or_none(e.lower),
                "upper": _or_none(e.upper),
                "standard_error": _or_none(e.error),
                "unit": e.unit or "1",
                "verdict": e.verdict,
                "changes_with": list(e.with_),
                "interval_from": "profile" if e.profiled else "curvature",
            }
            for e in found
        },
        "data": quality.count,
        "unknowns": quality.free,
        "sum_of_squares": quality.squares,
        "log_likelihood": quality.logarithm,
        "aic": quality.aic,
        "chance_of_such_a_misfit": quality.chance if quality.stated else None,
        "runs": runs,
        "failed_runs": failed,
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


_PLACES = ["arm", "time", "observable", "x", "y", "z", "from", "to"]


def _place(row: Datum) -> list[str]:
    """What, when and where, as cells of a table."""
    at = [*map(repr, row.at), *[""] * (3 - len(row.at))]
    return [row.arm, repr(row.time), row.observable, *at, *(map(repr, row.span) if row.span else ("", ""))]


def fitted_csv(data: Data, bands: Bands, residuals: Floats, sigmas: Floats) -> str:
    """Each datum with what the best values say of it, the ends of its band and of that of a new measurement, and its residual in units of
    its error."""
    rows = [[*_PLACES, "value", "error", "trials", "censored", "noise", "unit", *_BANDS, "residual"]]
    for k, row in enumerate(data.rows):
        kind = data.observables[row.observable].noise.kind
        normal = kind in ("normal", "log_normal")
        measured = [repr(row.value), _number(float(sigmas[k])) if normal else "", _number(row.trials), row.censored, kind]
        rows.append([*_place(row), *measured, data.units[row.observable], *_banded(bands, k), _number(float(residuals[k]))])
    return _text(rows)


def predictions_csv(asked: Data, bands: Bands) -> str:
    """What the best values say at all outputs of the scenario, and the ends of the bands."""
    rows = [[*_PLACES, "unit", *_BANDS]]
    rows += [[*_place(row), asked.units[row.observable], *_banded(bands, k)] for k, row in enumerate(asked.rows)]
    return _text(rows)


_BANDS = ["model", "lower", "upper", "seen_lower", "seen_upper"]


def _banded(bands: Bands, k: int) -> list[str]:
    found = (bands.model, bands.lower, bands.upper, bands.seen_lower, bands.seen_upper)
    return [_number(float(column[k])) for column in found]


def sample_files(problem: Problem, drawn: Sample, level: float) -> dict[str, str]:
    """The values that were drawn, all of one weight, as `--abc` writes its own."""
    names = [one.name for one in problem.unknowns]
    rows = [[*names, "weight"], *([*map(repr, problem.values(shares)), "1"] for shares in drawn.shares)]
    return {"sample.csv": _text(rows), "sample.json": json.dumps({"names": names, "level": level, "worth": drawn.worth}) + "\n"}


def profiles_csv(problem: Problem, best: Floats, sides: dict[tuple[int, int], Side] | None) -> str:
    """All points of all profiles: whose, its value, the rise, the values of all unknowns there."""
    rows = [["profile", "rise", *(one.name for one in problem.unknowns)]]
    for k, one in enumerate(problem.unknowns):
        points = [(0.0, best)]
        for sign in (-1, 1) if sides else ():
            points += [(point.rise, point.shares) for point in sides[k, sign].points]  # type: ignore[index]
        for rise, shares in sorted(points, key=lambda point: float(point[1][k])):
            rows.append([one.name, repr(float(rise)), *map(repr, problem.values(shares))])
    return _text(rows)


def _number(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else repr(value)


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _text(rows: Sequence[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
