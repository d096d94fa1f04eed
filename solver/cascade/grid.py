r"""Numbers of a scenario on the grid of the cascade: a formula becomes its mean over each interval.

Where a schedule jumps or has a kink a part of an interval ends, so that doses and pulses count exactly however short they are.
Pools P obey dP/dt = a - l P, with a and l constant on each of the parts of an interval: exact on each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from ..errors import ScenarioError
from ..scenario.anatomy import SITE
from ..scenario.circulation import Circulation
from ..scenario.expressions import Timed
from ..scenario.formulas import Formula
from ..scenario.pools import PoolOptions
from ..scenario.schema import Scenario
from ..scenario.tree import evaluate, names, substitute

Floats = NDArray[np.float64]
PARTS = 8  # of an interval, in the middle of which formulas are evaluated
MOST_PIECES = 20_000  # of schedules; later ones are seen in the middle of parts only
OTHERS = "others"
Steps = Mapping[str, tuple[Floats, Floats]]  # name of a scalar of the tissue -> times, values at them


def named_by(options: Any) -> frozenset[str]:
    """All names in the formulas of options."""
    if isinstance(options, Formula):
        return names(options.expr)
    inner: Iterator[Any] = iter(())
    if isinstance(options, BaseModel):
        inner = (getattr(options, name) for name in type(options).model_fields)
    elif isinstance(options, Mapping):
        inner = iter(options.values())
    elif isinstance(options, (list, tuple)):
        inner = iter(options)
    return frozenset().union(*(named_by(value) for value in inner))


def named_of(scenario: Scenario) -> frozenset[str]:
    """Names in the formulas of the cascade, and in the laws of the pools of the tissue that these name."""
    found, pools = named_by([scenario.circulation, scenario.organs]), scenario.model.pools
    while more := named_by([pools[name] for name in found & pools.keys()]) - found:
        found |= more
    return found


def grid_times(circulation: Circulation, start: float, end: float) -> Floats:
    """(T + 1,) times of the grid, from the start of the tissue to the horizon."""
    return np.linspace(start, circulation.horizon(end), circulation.intervals(start, end) + 1, dtype=np.float64)


class Grid:
    """Formulas of a scenario on a grid.

    scalars: of the tissue, which keep their last value after its end; pools of it go on by their laws.
    """

    def __init__(self, scenario: Scenario, times: Floats, scalars: Steps | None = None) -> None:
        self.times = times
        self._timed = {name: Timed(name, schedule.function) for name, schedule in scenario.schedules.items()}
        self._numbers = {name: parameter.value for name, parameter in scenario.parameters.items()}
        lengths = np.diff(times)
        middles = (np.arange(PARTS) + 0.5) / PARTS
        self._at = (times[:-1, None] + lengths[:, None] * middles).ravel()
        self._spans = np.repeat(lengths / PARTS, PARTS)
        self._first: NDArray[np.intp] | None = None  # part of each interval, where they are not PARTS
        ends = self._ends(named_of(scenario))
        on = {name: pool for name, pool in scenario.model.pools.items() if name in (scalars or {})}
        lasts = [float((scalars or {})[name][0][-1]) for name in on]
        ends += [last for last in set(lasts) if times[0] < last < times[-1]]
        if ends:
            edges = np.union1d(np.append((times[:-1, None] + lengths[:, None] * np.arange(PARTS) / PARTS).ravel(), times[-1]), ends)
            self._at, self._spans = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)
            self._first = np.searchsorted(edges, times[:-1])
        self._values: dict[str, Floats] = {"t": self._at}
        for name, (when, values) in (scalars or {}).items():
            self._values[name] = np.interp(self._at, when, values)
        for name in in_order({name: named_by(pool) & on.keys() for name, pool in on.items()}):
            self._go_on(name, on[name], (scalars or {})[name])
        if scenario.circulation is not None:
            for name, pool in scenario.circulation.pools.items():
                place = f"circulation.pools.{name}"
                inflow, loss = (self._sampled(formula, f"{place}.{key}") for formula, key in ((pool.inflow, "inflow"), (pool.loss, "loss")))
                self._values[name] = _pool(pool.initial, inflow, loss, self._spans)

    def _go_on(self, name: str, pool: PoolOptions, known: tuple[Floats, Floats]) -> None:
        """A pool of the tissue after the run: by its law, from its last value on."""
        later = self._at > known[0][-1]
        if later.any():
            inflow, loss = (self._sampled(formula, f"model.pools.{name}") for formula in (pool.inflow, pool.loss))
            gains, rates = (np.maximum(part[later], 0.0) for part in (inflow, loss))  # as in the run
            self._values[name][later] = _pool(float(known[1][-1]), gains, rates, self._spans[later])

    def _ends(self, used: frozenset[str]) -> list[float]:
        """Where a piece of a schedule that is used ends and another begins, within the grid."""
        found: list[float] = []
        for name in used & self._timed.keys():
            function = self._timed[name].function
            at = function.next(float(self.times[0]))
            while at < self.times[-1] and len(found) < MOST_PIECES:
                found.append(at)
                at = function.next(at)
        return found

    def _sampled(self, formula: Formula, place: str) -> Floats:
        """Values in the middle of all parts of intervals."""
        expr = substitute(formula.expr, self._timed)
        missing = names(expr) - self._values.keys() - self._numbers.keys()
        if missing:
            raise ScenarioError(
                f"{', '.join(sorted(missing))} is not known where this is evaluated",
                code="unknown-name",
                place=place,
                remedy="name t, parameters, schedules, scalars of the run, and pools that are stated before",
            )
        values = np.broadcast_to(np.asarray(evaluate(expr, {**self._numbers, **self._values}), dtype=float), self._at.shape)
        if not np.isfinite(values).all():
            when = self._at[~np.isfinite(values)][0]
            raise ScenarioError(f"no finite number at t = {when:g}", code="bad-rate", place=place, remedy="check the formula")
        return values

    def number(self, formula: Formula, place: str, most: float = np.inf, least: float = 0.0) -> Floats:
        """(T,) means over the intervals, or (1,) of what does not change. Raises ScenarioError for a value out of bounds."""
        values = self._sampled(formula, place)
        if values.min() < least or values.max() > most:
            first = np.flatnonzero((values < least) | (values > most))[0]
            bound = f"at least {least:g}" + ("" if most == np.inf else f" and at most {most:g}")
            what = f"the formula gives {values[first]:g} at t = {self._at[first]:.6g}"
            raise ScenarioError(what, code="bad-rate", place=place, remedy=f"allowed: {bound}")
        if values.min() == values.max():
            return values[:1].copy()
        if self._first is None:
            return np.asarray(values.reshape(-1, PARTS).mean(axis=1))
        return np.asarray(np.clip(np.add.reduceat(values * self._spans, self._first) / np.diff(self.times), values.min(), values.max()))

    def amount(self, formula: Formula, place: str) -> Floats:
        """(T + 1,) the integral from the first time on."""
        means = np.broadcast_to(self.number(formula, place), (len(self.times) - 1,))
        return np.concatenate([[0.0], np.cumsum(means * np.diff(self.times))])

    def by_phenotype(self, values: Mapping[str, Formula], phenotypes: Sequence[str], place: str, most: float = np.inf) -> Floats:
        """(P or 1, T or 1) of values that may differ by phenotype."""
        if "" in values:
            return self.number(values[""], place, most)[None]
        return _stacked([self.number(values[key], f"{place}.{key}", most) for key in _keys(values, phenotypes)])

    def by_place(
        self,
        values: Mapping[str, Mapping[str, Formula]],
        places: Sequence[str],
        phenotypes: Sequence[str],
        place: str,
        most: float = np.inf,
    ) -> Floats:
        """(O or 1, P or 1, T or 1) of values that may differ by organ, and in it by phenotype, or by phenotype alone."""
        if "" in values:
            return self.by_phenotype(values[""], phenotypes, place, most)[None]
        named = values.keys() - {OTHERS}
        if named and not named & set(places):
            return self.by_phenotype({key: inner[""] for key, inner in values.items()}, phenotypes, place, most)[None]
        found = {key: self.by_phenotype(inner, phenotypes, f"{place}.{key}", most) for key, inner in values.items()}
        rows = [found[key] if key else np.zeros((1, 1)) for key in _keys(values, places, needed=False)]
        shape = np.broadcast_shapes(*(row.shape for row in rows))
        return np.stack([np.broadcast_to(row, shape) for row in rows])

    def sizes(self, values: Mapping[str, Formula], places: Sequence[str], place: str, least: float = 1.0) -> Floats:
        """(O or 1,) numbers that may differ by organ."""
        if "" in values:
            return self.number(values[""], place, least=least)
        return np.array([float(self.number(values[key], f"{place}.{key}", least=least)[0]) for key in _keys(values, places)])


def in_order(named: Mapping[str, frozenset[str]]) -> list[str]:
    """Names after those that they depend on; where these go in a circle, in the order that is given."""
    found: list[str] = []
    while len(found) < len(named):
        left = [name for name in named if name not in found]
        found.append(next((name for name in left if named[name] - {name} <= set(found)), left[0]))
    return found


def _keys(values: Mapping[str, object], names_: Sequence[str], needed: bool = True) -> list[str]:
    """The key that each name has a value under; "" for none, where none is ``needed``."""
    names_ = [name if name in values else name.removesuffix(SITE) for name in names_]
    return [name if name in values else OTHERS if OTHERS in values or needed else "" for name in names_]


def _stacked(rows: Sequence[Floats]) -> Floats:
    shape = np.broadcast_shapes(*(row.shape for row in rows))
    return np.stack([np.broadcast_to(row, shape) for row in rows])


def _pool(value: float, inflow: Floats, loss: Floats, lengths: Floats) -> Floats:
    """Values in the middle of parts of these lengths."""
    found = np.empty(len(lengths))
    for k in range(len(lengths)):
        gain, rate, length = float(inflow[k]), float(loss[k]), float(lengths[k])
        found[k] = _after(value, gain, rate, 0.5 * length)
        value = _after(value, gain, rate, length)
    return found


def _after(value: float, gain: float, rate: float, span: float) -> float:
    kept = -math.expm1(-rate * span)  # 1 - e^(-rate span)
    return value * (1.0 - kept) + (gain * kept / rate if rate * span > 1e-300 else gain * span)
