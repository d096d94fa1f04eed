"""Times of a run as figures show them: in a unit that reads well, and which outputs are drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from invasio.solver.scenario.units import measure

from .faults import WrongRequest
from .units import scale

if TYPE_CHECKING:
    from .run import Run

_OFF = 0.01  # of the least time between two that are shown: by which their labels may be off
_SAME = 1e-6  # of the whole time: an output this near to a wanted time is at it
_ROUND = (1.0, 2.0, 5.0, 10.0)
_ROUND_IN = {  # what people count in, beside 1, 2 and 5 times a power of ten
    "h": (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 24.0, 36.0, 48.0),
    "min": (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0),
    "s": (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 600.0, 1200.0, 1800.0, 3600.0),
    "d": (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 14.0, 15.0, 20.0, 21.0, 25.0, 28.0, 30.0),
}


def time_scale(run: Run, like: Run | None = None) -> tuple[float, str]:
    """How much one unit of time is, and in which unit a run of this length (or the run ``like``) is read best.

    Raises:
        WrongRequest: the two runs measure time in different units.
    """
    if like is not None and like is not run:
        (own, unit), (other, its) = scale(run, "time"), scale(like, "time")
        if unit != its:
            raise WrongRequest(
                f"they measure time in {unit or 'no unit'} and in {its or 'no unit'}",
                code="not-comparable",
                place=f"{run.path} and {like.path}",
                remedy="draw them apart",
            )
        factor, shown = time_scale(like)
        return factor * own / other, shown
    factor, unit = scale(run, "time")
    last = float(run.times[-1]) * factor
    for small, large, ratio, limit in (("s", "h", 3600.0, 7200.0), ("h", "d", 24.0, 72.0)):
        if unit == small and last > limit:
            factor, unit, last = factor / ratio, large, last / ratio
    return factor, unit


def long_time(unit: str, last: float) -> tuple[float, str]:
    """Factor and unit in which times up to ``last`` in a unit are read best, years among them; ("4e4 s", 60) -> (0.463, "d")."""
    if unit in ("", "1"):
        return 1.0, ""
    seconds = float(measure(unit if unit[0].isdigit() else f"1 {unit}").factor)
    for name, length, least in (("years", 365.25 * 86400.0, 2.0), ("d", 86400.0, 3.0), ("h", 3600.0, 2.0)):
        if last * seconds > least * length:
            return seconds / length, name
    return 1.0, unit


def time_label(run: Run, time: float, among: Sequence[float] | NDArray[np.float64] = ()) -> str:
    """A time with its unit: t = 12 h. ``among``: what else is shown, which needs no more decimals than tell all of them apart."""
    factor, unit = time_scale(run)
    value = time * factor
    shown = np.unique(np.asarray(among, dtype=float)) * factor
    if len(shown) > 1:
        off = _OFF * float(np.diff(shown).min())
        value = next((float(round(value, k)) for k in range(4) if np.abs(shown - np.round(shown, k)).max() <= off), value)
    number = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return f"t = {number}" + (f" {unit}" if unit else "")


def pick_times(run: Run, count: int = 6) -> list[int]:
    """Numbers of at most ``count`` outputs, evenly spaced at round times in the unit of the figures where there are such."""
    factor, unit = time_scale(run)
    return round_steps(run.times * factor, count, unit)


def round_steps(times: NDArray[np.float64], count: int, unit: str = "") -> list[int]:
    """Numbers of at most ``count`` of these times: all; else evenly spaced from the first, at round steps, to the last where that is one.

    Where round steps meet too few of the times: every k-th of evenly spaced ones, or those nearest to an even spacing.
    """
    if len(times) <= count:
        return list(range(len(times)))
    begin, whole = float(times[0]), float(times[-1] - times[0])
    best: tuple[float, list[int]] = (0.0, [])
    for step in _round_steps(whole / max(count - 1, 1), whole, unit):
        wanted = begin + step * np.arange(math.floor(whole / step * (1 + _SAME)) + 1)
        near = [int(np.argmin(np.abs(times - t))) for t in wanted]
        met = bool(np.all(np.abs(times[near] - wanted) <= _SAME * whole))
        worth = len(near) - (0.0 if near[-1] == len(times) - 1 else 1.0)
        if met and len(near) <= count and worth > best[0]:
            best = worth, near
    if best[0] >= min(3, count):
        return best[1]
    even = np.allclose(np.diff(times), whole / (len(times) - 1), rtol=0, atol=_SAME * whole)
    if even:
        stride = next(k for k in range(1, len(times)) if (len(times) - 1) // k + 1 <= count)
        exact = [k for k in range(stride, 2 * stride + 1) if (len(times) - 1) % k == 0]
        return list(range(0, len(times), exact[0] if exact else stride))
    return sorted({int(np.argmin(np.abs(times - t))) for t in np.linspace(times[0], times[-1], count)})


def _round_steps(least: float, whole: float, unit: str) -> list[float]:
    """Round steps between ``least`` and the whole time, ascending."""
    powers = range(math.floor(math.log10(least)) - 1, math.ceil(math.log10(whole)) + 1)
    found = {m * 10.0**k for k in powers for m in _ROUND} | set(_ROUND_IN.get(unit, (2.5, 3.0, 4.0, 6.0)))
    if unit not in _ROUND_IN:
        found |= {m * 10.0**k for k in powers for m in (2.5, 3.0, 4.0, 6.0)}
    return sorted(step for step in found if least * (1 - _SAME) <= step <= whole * (1 + _SAME))
