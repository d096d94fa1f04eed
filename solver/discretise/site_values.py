"""Formulas at the sites of a surface: of the densities at one node of each site, scalars, parameters, x, y, z and t."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..scenario.expressions import Expr
from .evaluate import Evaluator
from .times import Times

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Known:
    """What formulas may name: nodal arrays (n_local,), scalars as arrays (1,), parameters; places: nodal arrays that do not change.

    times: the functions of time of them all.
    """

    fields: Mapping[str, Floats]
    scalars: Mapping[str, Floats]
    parameters: Mapping[str, float]
    places: Mapping[str, Floats] = field(default_factory=dict)
    times: Times = field(default_factory=lambda: Times({}))

    def at(self, nodes: Ints) -> dict[str, Floats]:
        """The places at nodes (s,)."""
        return {name: np.take(values, nodes, mode="clip") for name, values in self.places.items()}

    def moving(self, used: Iterable[str]) -> bool:
        """Whether any of the names changes in time."""
        return any(name == "t" or name in self.fields or name in self.scalars for name in used)


class SiteEvaluator:
    """Compiles formulas at sites that read the nodal arrays at ``nodes`` (s,), gathered by ``gather``; more: arrays at the sites."""

    def __init__(self, nodes: Ints, points: Floats, known: Known, used: Iterable[str], more: Mapping[str, Floats] | None = None) -> None:
        self._nodes, self.times = np.ascontiguousarray(nodes), known.times
        self._fields = {name: known.fields[name] for name in sorted(set(used) & set(known.fields))}
        self._gathered = {name: np.zeros(len(nodes)) for name in self._fields}
        places = known.at(self._nodes)
        self._evaluator = Evaluator(points, {**self._gathered, **(more or {})}, known.parameters, known.scalars, places, known.times)

    def compile(self, expr: Expr) -> Callable[[Floats], None]:
        """A function that writes the values at the sites of what was gathered last into its argument (s,)."""
        return self._evaluator.compile(expr)

    def compile_clipped(self, expr: Expr) -> Callable[[Floats], None]:
        """As ``compile``, with 0 where the value is negative."""
        return self._evaluator.compile_clipped(expr)

    def gather(self, begin: float, end: float) -> None:
        """Take the nodal values as they are now, and the interval to evaluate for."""
        self._evaluator.over(begin, end)
        for name, values in self._gathered.items():
            np.take(self._fields[name], self._nodes, out=values, mode="clip")
