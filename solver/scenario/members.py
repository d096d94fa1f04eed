"""From a scenario with a sweep to its members: one scenario per combination of values."""

from __future__ import annotations

import itertools
import math
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .layers import lay
from .reader import Document, Fault, Faults, Mark, Path_
from .sweep import Grid, LatinHypercube, Listed, Sobol, Span, Steps

if TYPE_CHECKING:
    from .schema import Scenario

MAX_MEMBERS = 10_000
MAX_VALUES = 300_000  # members times paths
SHOWN = 20  # faults
_FIXED = ("sweep", "arms", "outcomes", "fit", "sensitivity", "extends", "name", "schema_version", "expect")  # what a member has no own of

Assignment = tuple[str, Any, Path_]  # path of the option, its value, and where in the scenario that is said


@dataclass(frozen=True)
class Member:
    """One run of a sweep: its number from 1 on, the values it differs by, its whole scenario, and its name, "" where it has none."""

    number: int
    values: Mapping[str, Any]
    scenario: Scenario
    name: str = ""


def stated(scenario: Scenario) -> tuple[int, str]:
    """How many runs a scenario states, and by which command they are run: sweep or arms; 0 where it is one run."""
    if scenario.arms is not None:
        return len(scenario.arms), "arms"
    return (0, "") if scenario.sweep is None else (size(scenario.sweep)[0], "sweep")


def size(options: Any) -> tuple[int, int]:
    """How many members there are, and how many paths vary in each."""
    if isinstance(options, Listed):
        return len(options.members), max(map(len, options.members))
    if isinstance(options, Grid):
        return math.prod(axis.count if isinstance(axis, Steps) else len(axis) for axis in options.vary.values()), len(options.vary)
    return options.n, len(options.vary)


def members(
    document: Document, options: Any, name: str, validate: Callable[[Document], Scenario], patience: float = math.inf
) -> tuple[Member, ...]:
    """All members of a sweep, each checked like any other scenario; after ``patience`` seconds no further ones.

    They expect no numbers (those of the scenario hold for its own values) and draw nothing unless the sweep says so.
    Raises Faults, at the lines where the sweep states the values; at most SHOWN of them.
    """
    count, paths = size(options)
    if count > MAX_MEMBERS or count * paths > MAX_VALUES:
        kind, most = ("members", MAX_MEMBERS) if count > MAX_MEMBERS else ("values", MAX_VALUES)
        what, remedy = f"too many {kind} (given more than {most})", f"allowed: at most {most}"
        raise Faults([Fault(document.mark(("sweep",)), ("sweep",), what, code="too-many", remedy=remedy)])
    plan = assignments(options)
    base = without_members(document, options.figures)
    names = options.names or [""] * count
    if len(names) != count:
        what, remedy = f"{len(names)} names for {count} members", "name each member, or none"
        raise Faults([Fault(document.mark(("sweep", "names")), ("sweep", "names"), what, code="wrong-length", remedy=remedy)])
    digits = max(3, len(str(len(plan))))
    found, faults = list[Member](), dict[tuple[Mark, Path_], Fault]()
    deadline = time.monotonic() + patience
    for number, (called, chosen) in enumerate(zip(names, plan, strict=True), 1):
        if time.monotonic() > deadline:
            break
        try:
            scenario = validate(laid(called_after(base, f"{name}-{called or f'{number:0{digits}d}'}"), document, chosen))
            found.append(Member(number, {path: value for path, value, _ in chosen}, scenario, called))
        except Faults as caught:
            # All samples of a range share its place: what is wrong there is said for the first of them.
            faults = {(fault.mark, fault.path): fault for fault in caught.faults} | faults
        if len(faults) >= SHOWN:
            break
    if faults:
        raise Faults(list(faults.values())[:SHOWN])
    return tuple(found)


def without_members(document: Document, figures: bool = False) -> Document:
    """What all members have in common: neither sweep nor arms, no expected numbers, and no ``figures`` unless they are wanted."""
    kept = {key: value for key, value in document.data.items() if key not in ("sweep", "arms", "fit", "sensitivity", "expect")}
    if not figures:
        kept["output"] = {**(kept.get("output") or {}), "figures": False}
    return replace(document, data=kept)


def called_after(document: Document, name: str) -> Document:
    """The document of a scenario of this name."""
    return replace(document, data={**document.data, "name": name[:200]})


def laid(member: Document, document: Document, chosen: list[Assignment]) -> Document:
    """What a member states: its values laid over it, at the places of the ``document`` where they are said. Raises Faults."""
    from .schema import Scenario

    faults: list[Fault] = []
    for path, value, place in chosen:
        mark = document.mark(place[:-1] if isinstance(place[-1], int) else place, key=True)
        if path.partition(".")[0].partition("[")[0] in _FIXED:
            faults.append(Fault(mark, place, f"this cannot vary (given {path!r})", code="cannot-vary", remedy="name another option"))
            continue
        try:
            member = lay(member, path, value, mark, document.mark(place), Scenario)
        except Faults as caught:
            faults += caught.faults
    if faults:
        raise Faults(faults)
    return member


def assignments(options: Any) -> list[list[Assignment]]:
    """For each member the values of its paths; deterministic."""
    if isinstance(options, Listed):
        return [
            [(path, value, ("sweep", "members", number, path)) for path, value in entry.items()]
            for number, entry in enumerate(options.members)
        ]
    places: dict[str, Path_] = {path: ("sweep", "vary", path) for path in options.vary}
    if isinstance(options, Grid):
        axes: list[list[Assignment]] = []
        for path, given in options.vary.items():
            if isinstance(given, Steps):
                axes.append([(path, value, places[path]) for value in _between(given, np.linspace(0.0, 1.0, given.count))])
            else:
                axes.append([(path, value, (*places[path], k)) for k, value in enumerate(given)])
        return [list(row) for row in itertools.product(*axes)]
    sample = _sample(options)
    columns = [_column(given, sample[:, k], places[path]) for k, (path, given) in enumerate(options.vary.items())]
    return [[(path, *column[row]) for path, column in zip(options.vary, columns, strict=True)] for row in range(len(sample))]


def _sample(options: LatinHypercube | Sobol) -> Any:
    """(n, number of paths) numbers in [0, 1)."""
    from scipy.stats import qmc

    kind = qmc.Sobol if isinstance(options, Sobol) else qmc.LatinHypercube
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # any n is allowed for Sobol; newer SciPy calls the seed rng
        return kind(len(options.vary), seed=options.seed).random(options.n)


def _column(given: list[Any] | Span, sample: Any, place: Path_) -> list[tuple[Any, Path_]]:
    if isinstance(given, Span):
        return [(value, place) for value in _between(given, sample)]
    chosen = [int(u * len(given)) for u in sample]
    return [(given[k], (*place, k)) for k in chosen]


def _between(span: Span, shares: Any) -> list[float | str]:
    """Values at shares of a range, to 12 digits, with the unit where there is one."""
    if span.spacing == "log":
        values = np.exp(np.log(span.from_) + shares * (np.log(span.to) - np.log(span.from_)))
    else:
        values = span.from_ + shares * (span.to - span.from_)
    plain = [float(f"{value:.12g}") for value in values]
    return [f"{value!r} {span.unit}" for value in plain] if span.unit else list(plain)
