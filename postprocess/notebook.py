"""What makes a run at home in a notebook: a card of it, its figures by name, what happened when, its series as a pandas table."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from invasio.solver.errors import InvasioError

from .faults import WrongRequest

if TYPE_CHECKING:
    from .run import Run

KINDS = ("maps", "profiles", "kymograph", "front", "surface", "series")
_STYLE = "border-collapse:collapse;font-size:90%"
_DOTS = 100  # per inch of the picture on a card
_ON_CARD = 3  # output times on it


class Event(NamedTuple):
    """Something that happened at an instant: when (in the scenario's time), what kind of thing, and to or by what."""

    time: float
    what: str
    name: str


def events(run: Run) -> list[Event]:
    """What happened at instants, in order: radiation, surgery, jumps of schedules as doses are, first breaches, first cells in vessels.

    Times of breaches are those of series.csv; cells have entered by the output at which series.csv first counts any.
    """
    from . import schedules
    from .schedules import MOST_PIECES

    stated = run.scenario
    found = []
    for kind in ("radiation", "surgery"):
        names = stated.get(kind) or {}
        found += [Event(t, kind, name) for name, moments in schedules.instants(run).items() if name in names for t in moments]
    end = float((stated.get("time") or {}).get("end", 0.0))
    begin = float((stated.get("time") or {}).get("start", 0.0))
    for name, function in schedules.of(run).items():
        if function.jumps:
            at, count = function.next(np.nextafter(begin, -np.inf)), 0
            while at <= end and count < MOST_PIECES:
                found.append(Event(float(at), "schedule", name))
                at, count = function.next(at), count + 1
    table = run.series
    for key, column in table.items():
        name, _, what = key.rpartition(".")
        if what == "first_breach" and len(column) and np.isfinite(column[-1]):
            found.append(Event(float(column[-1]), "first breach", name))
        if what.startswith(("blood:", "lymph:")) and (column > 0).any():
            found.append(Event(float(table["time"][np.argmax(column > 0)]), "first entry", f"{name} into {what.partition(':')[2]}"))
    return sorted(event for event in found if begin <= event.time <= end)


def frame(run: Run) -> Any:
    """series.csv as a pandas.DataFrame over time, its units in ``attrs["units"]``.

    Raises:
        InvasioError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise InvasioError(
            "pandas is not installed", code="missing-package", place="to_pandas", remedy="pip install pandas; run.series needs nothing"
        ) from None
    table = pandas.DataFrame(run.series).set_index("time")
    table.attrs["units"] = run.units
    return table


def plot(run: Run, kind: str | None = None, field: str | Sequence[str] | None = None, **options: Any) -> Any:
    """A matplotlib.figure.Figure of a run, as `invasio plot` draws it.

    Args:
        run: the run.
        kind: maps (2-D, 3-D), profiles (1-D, or along a line), kymograph, front, surface (3-D) or series; by default what suits the run.
        field: a name, or several; of ``series`` columns of series.csv.
        options: times, along, level, as of the command; width (mm), font, points, section, of the page.

    Raises:
        WrongRequest, UnknownName, UnknownTime: as the command.
    """
    from . import fronts, plot
    from .style import Page, style
    from .times import pick_times

    kind = kind or ("profiles" if run.dim == 1 or "along" in options else "maps")
    if kind not in KINDS:
        what = f"no such kind of figure (given {kind!r})"
        raise WrongRequest(what, code="unknown-choice", place="plot", remedy=f"allowed: {', '.join(KINDS)}")
    run.need_outputs()
    names = None if field is None else [field] if isinstance(field, str) else list(field)
    on = Page(**{name: options.pop(name) for name in ("width", "font", "points", "section") if name in options})
    times, along, level = (options.pop(name, None) for name in ("times", "along", "level"))
    if options:
        what = f"no such option (given {', '.join(options)})"
        raise WrongRequest(what, code="unknown-choice", place="plot", remedy="allowed: times, along, level, width, font, points, section")
    with style(on):
        if kind == "series":
            return plot.series([run], names or [name for name in run.series if name.endswith(".total")])
        if kind == "kymograph":
            return plot.kymograph([run], names, along or "x")
        if kind == "profiles":
            return plot.profiles([run], names, times, along or "x")
        if kind == "maps":
            return plot.maps([run], names, times)
        if kind == "front":
            found = fronts.front(run, names[0] if names else None, level, along)
            return plot.fronts([run], [found], [fronts.fit(found)])
        if run.dim != 3:
            what = f"it is a run in {run.dim}-D"
            raise WrongRequest(what, code="wrong-dimension", place="plot", remedy="draw maps or profiles")
        from .solid.body import Body
        from .solid.figure import figure

        return figure(Body(run, names, level), plot.steps_of(run, times) if times else pick_times(run, _ON_CARD))


def card(run: Run) -> str:
    """A run as HTML: what it is, how far it is, what it holds, and a picture."""
    from .report import strip

    facts = [(name, value) for name, value in strip(run) if value]
    rows = "".join(f'<tr><td style="color:#666;padding-right:1em">{escape(k)}</td><td>{escape(v)}</td></tr>' for k, v in facts)
    title = escape(str(run.scenario.get("title") or run.scenario.get("name") or run.path.name))
    return f'<div><b>{title}</b><table style="{_STYLE}">{rows}</table>{_picture(run)}</div>'


def _picture(run: Run) -> str:
    from .plot import maps, profiles
    from .style import front_field, style
    from .times import pick_times

    if not len(run.times):
        return ""
    with style():
        times = [float(run.times[step]) for step in pick_times(run, _ON_CARD)]
        name = front_field(run) or run.fields[0]
        figure = profiles([run], None, times) if run.dim == 1 else maps([run], [name], times)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=_DOTS)
    return f'<img alt="{escape(name)}" src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'
