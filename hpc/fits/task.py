"""What a process that evaluates runs of a fit needs to know: the statement, the arms, what is varied, and the data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from invasio.solver.scenario.fit import FitOptions
from invasio.solver.scenario.fitted import bare, measured, path_of
from invasio.solver.scenario.loader import Statement, load
from invasio.solver.scenario.reader import Document
from invasio.solver.scenario.schema import Scenario
from invasio.solver.scenario.sensitivity import SensitivityOptions
from invasio.solver.scenario.sweep import Span

from .data import Data, read_data
from .predicted import time_of, with_outputs

DATA, PREDICTED, OUTCOMES, DRAWN = "data", "predicted", "outcomes", "drawn"  # what runs are asked for


@dataclass(frozen=True)
class Task:
    """A scenario with a fit, as a file and texts laid over it."""

    path: Path
    overrides: tuple[str, ...] = ()
    more: tuple[str, ...] = ()  # times of predictions besides the scenario's outputs, as texts

    @classmethod
    def read(cls, text: str) -> Task:
        """From a line of JSON."""
        found = json.loads(text)
        return cls(Path(found["path"]), tuple(found["overrides"]), tuple(found["more"]))

    def __str__(self) -> str:
        return json.dumps({"path": str(self.path), "overrides": list(self.overrides), "more": list(self.more)})

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
    def analysis(self) -> SensitivityOptions:
        """Those of the sensitivity analysis, which there must be."""
        assert self.scenario.sensitivity is not None
        return self.scenario.sensitivity

    def ranges(self, kind: str) -> Mapping[str, Span]:
        """What varies, and between what."""
        return self.analysis.vary if kind == OUTCOMES else self.options.vary

    @cached_property
    def data(self) -> Data:
        """What was measured. Raises DataError."""
        return read_data(self.scenario, self.options)

    @cached_property
    def predicted(self) -> Data:
        """What is predicted: everything that was measured, where it was, at all outputs of the scenario and whenever something was
        measured. Values are not known."""
        return with_outputs(self.data, self.scenario, self.further)

    @cached_property
    def further(self) -> list[float]:
        """The times of predictions that were asked for besides. Raises DataError."""
        return [time_of(text, self.scenario) for text in self.more]

    def asked(self, kind: str) -> Data:
        """What runs are asked for: the data, or what is predicted."""
        return self.predicted if kind == PREDICTED else self.data

    @cached_property
    def _given(self) -> Statement:
        return Statement.read(self.path).over(self.overrides)

    def _statement(self, kind: str) -> Statement:
        if kind not in self._statements:
            document = self._given.document
            changed = measured(document) if kind == OUTCOMES else self._bare(document, kind)
            self._statements[kind] = replace(self._given, document=changed)
        return self._statements[kind]

    def _bare(self, document: Document, kind: str) -> Document:
        """The document of runs with outputs when something of the tissue is asked for."""
        data = self.asked(kind)
        times = sorted({row.time for row in data.rows if data.observables[row.observable].cascade is None})
        return bare(document, times, whole=self.data.of_cascade or times[-1] <= self.scenario.time.start)

    @cached_property
    def _statements(self) -> dict[str, Statement]:
        return {}

    def run(self, arm: str, values: Mapping[str, object], kind: str) -> Scenario:
        """The scenario of one run: an arm with values of what varies, by name. Raises ScenarioError."""
        data = self._given.document.data
        paths = {path_of(name, data): value for name, value in values.items()}
        return self._statement(kind).scenario(values={**(self.scenario.arms or {}).get(arm, {}), **paths})

    def stated(self, values: Sequence[float], kind: str = DATA) -> dict[str, object]:
        """Values of what varies, in its order, as a scenario states them; of runs that are drawn the number of the draw comes last."""
        if kind == DRAWN and self.options.abc.draws is not None:
            return {**self.stated(values[:-1]), self.options.abc.draws: int(values[-1])}
        return {name: one.stated(float(value)) for (name, one), value in zip(self.ranges(kind).items(), values, strict=True)}
