"""What a process that evaluates runs of a fit needs to know: the statement, the arms, what is varied, and the data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from invasio.solver.scenario.fit import FitOptions, Varied
from invasio.solver.scenario.fitted import bare, path_of
from invasio.solver.scenario.loader import Statement, load
from invasio.solver.scenario.schema import Scenario

from .data import Data, read_data


@dataclass(frozen=True)
class Task:
    """A scenario with a fit, as a file and texts laid over it."""

    path: Path
    overrides: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> Task:
        """From a line of JSON."""
        found = json.loads(text)
        return cls(Path(found["path"]), tuple(found["overrides"]))

    def __str__(self) -> str:
        return json.dumps({"path": str(self.path), "overrides": list(self.overrides)})

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario as it stands."""
        return load(self.path, self.overrides)

    @cached_property
    def options(self) -> FitOptions:
        """Those of the fit, which there must be."""
        assert self.scenario.fit is not None
        return self.scenario.fit

    @cached_property
    def data(self) -> Data:
        """What was measured. Raises DataError."""
        return read_data(self.scenario, self.options)

    @cached_property
    def _given(self) -> Statement:
        return Statement.read(self.path).over(self.overrides)

    @cached_property
    def _statement(self) -> Statement:
        return replace(self._given, document=bare(self._given.document, self.data.times))

    def run(self, arm: str, values: Mapping[str, object]) -> Scenario:
        """The scenario of one run: an arm with values of what varies, by name. Raises ScenarioError."""
        data = self._given.document.data
        paths = {path_of(name, data): value for name, value in values.items()}
        return self._statement.scenario(values={**(self.scenario.arms or {}).get(arm, {}), **paths})

    def stated(self, values: Sequence[float]) -> dict[str, object]:
        """Values of what varies, in its order, as a scenario states them."""
        ranges: Mapping[str, Varied] = self.options.vary
        return {name: one.stated(float(value)) for (name, one), value in zip(ranges.items(), values, strict=True)}
