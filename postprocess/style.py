"""What all figures share: colours that colour-blind readers can tell apart, labels with units, the scale bar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from invasio.solver.scenario.ecm import components
from invasio.solver.scenario.units import measure

from .faults import WrongRequest

if TYPE_CHECKING:
    from .run import Run

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")  # Okabe & Ito
MAPS = {"cells": "inferno", "ecm": "cividis", "soluble": "viridis", "bound": "viridis", "user": "viridis"}
FRONT = 0.01  # of the largest initial density: the level that defines the front, as in series.csv
_KINDS = {"cells": "cells", "bound": "bound", "solubles": "soluble"}
_SETTINGS = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "figure.dpi": 150,
    "savefig.facecolor": "white",
}


@contextmanager
def style() -> Iterator[None]:
    """A block in which figures are drawn in this project's style; closes the figures made in it."""
    before = set(plt.get_fignums())
    with plt.rc_context(_SETTINGS):
        try:
            yield
        finally:
            for number in set(plt.get_fignums()) - before:
                plt.close(number)


def kinds(run: Run) -> dict[str, str]:
    """Field name -> "cells", "ecm", "bound", "soluble" or "user", from the scenario; the order of drawing."""
    model = run.scenario.get("model") or {}
    found = {name: kind for block, kind in _KINDS.items() for name in (model.get(block) or {})}
    found |= dict.fromkeys(components(model.get("ecm")), "ecm")
    for name, law in (run.scenario.get("species") or {}).items():
        found[name] = "cells" if isinstance(law, dict) and law.get("taxis") else "user"
    if not found:
        found = {name: "user" for name in run.fields}
        found.update({name: "cells" for name in run.fields[:1]})
    rank = ["cells", "ecm", "user", "bound", "soluble"]
    named = {name: found.get(name, "user") for name in run.fields}
    return dict(sorted(named.items(), key=lambda item: (rank.index(item[1]), list(found).index(item[0]) if item[0] in found else 99)))


def front_field(run: Run) -> str | None:
    """The cells whose front is shown: the first ones; None if there are no cells."""
    return next((name for name, kind in kinds(run).items() if kind == "cells"), None)


def extremes(run: Run, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest and largest value of a field at every output: from series.csv, or from the fields where it does not say."""
    table, count = run.series, len(run.times)
    columns = [table.get(f"{name}.{end}", np.zeros(0))[:count] for end in ("min", "max")]
    if any(len(column) < count for column in columns):
        fields = [run.field(name, step=step) for step in range(count)]
        columns = [np.array([f.min() for f in fields]), np.array([f.max() for f in fields])]
    return columns[0], columns[1]


def limits(run: Run, name: str) -> tuple[float, float]:
    """The ends of a scale for a field that holds for all times; from 0 unless the field varies little around something else."""
    lows, highs = extremes(run, name)
    return span(float(lows.min()), float(highs.max()))


def span(low: float, high: float) -> tuple[float, float]:
    """The ends of a scale for values between ``low`` and ``high``."""
    low = min(low, 0.0) if low < 0.5 * high else low
    return low, high if high > low else low + 1.0


def thins_out(run: Run, name: str) -> bool:
    """Whether a field spreads so thinly that its late times need a root scale to be seen."""
    lows, highs = extremes(run, name)
    late = highs[len(highs) // 2 :]
    return bool(late.min() < 0.3 * highs.max() and lows.min() >= 0)


def scale(run: Run, what: str) -> tuple[float, str]:
    """How much one unit of "length" or "time" is and in which unit: (1.0, "µm"); (1.0, "") when non-dimensional."""
    text = str((run.scenario.get("scales") or {}).get(what) or "")
    match = re.fullmatch(r"\s*([-+0-9.eE]+)?\s*(.*?)\s*", text)
    if not match or not text:
        return 1.0, ""
    try:
        factor = float(match[1]) if match[1] else 1.0
    except ValueError:
        return 1.0, ""
    unit = re.sub(r"^um\b", "µm", match[2])
    return factor, unit


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


def time_label(run: Run, time: float) -> str:
    """A time with its unit: t = 12 h."""
    factor, unit = time_scale(run)
    value = time * factor
    number = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return f"t = {number}" + (f" {unit}" if unit else "")


def unit_text(unit: str) -> str:
    """A unit as figures write it; "" of a plain number, or of one that is not known."""
    return "" if unit == "1" else re.sub(r"\bum\b", "µm", unit)


def with_unit(run: Run, name: str) -> str:
    """A column or field with its unit: "tumour.total (cells)"; without one where it is a plain number, or not known."""
    unit = unit_text(run.units.get(name, ""))
    return f"{name} ({unit})" if unit else name


def axis_label(run: Run, name: str) -> str:
    """An axis of space with its unit."""
    unit = scale(run, "length")[1]
    return f"{name} ({unit})" if unit else name


def length_label(run: Run, name: str, length: float) -> str:
    """A length with its unit: z = 100 µm."""
    factor, unit = scale(run, "length")
    return f"{name} = {length * factor:.3g}" + (f" {unit}" if unit else "")


def scale_bar(axes: Any, run: Run, width: float, colour: str = "black") -> None:
    """A bar of a round length, about a quarter of ``width`` (in the scenario's length), below the picture."""
    factor, unit = scale(run, "length")
    target = width * factor / 4
    power = 10.0 ** np.floor(np.log10(target))
    length = max(n * power for n in (1, 2, 5) if n * power <= target * (1 + 1e-9))
    share = length / factor / width
    text = f"{length:g}" + (f" {unit}" if unit else "")
    axes.plot([0.0, share], [-0.03, -0.03], transform=axes.transAxes, color=colour, linewidth=2.5, clip_on=False, solid_capstyle="butt")
    axes.text(share + 0.02, -0.03, text, transform=axes.transAxes, va="center", ha="left", fontsize=8, color=colour)


def pick_times(run: Run, count: int = 6) -> list[int]:
    """Numbers of about ``count`` outputs, the first and the last among them, evenly spread in time."""
    times = run.times
    wanted = np.linspace(times[0], times[-1], min(count, len(times)))
    return sorted({int(np.argmin(np.abs(times - t))) for t in wanted})
