"""Run folders with a synthetic state, made by the real writers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from invasio.solver.output.fields import FieldsWriter
from invasio.solver.output.folder import RunFolder
from invasio.solver.output.layout import FIELDS, SERIES, Frame, Observer
from invasio.solver.output.series import Series
from tests.unit.output.synthetic import grid

State = Callable[[np.ndarray, float], Mapping[str, np.ndarray]]


def make(path: Path, comm: Any, dim: int, n: int, times: list[float], state: State, scenario: str = "name: a\n", **rows: State) -> Path:
    """A run folder of the unit cube whose fields are ``state(points, time)``."""
    of = grid(comm, dim, n)
    folder = RunFolder.open(path, None, "a", scenario, False, False, comm)
    observers: list[Observer] = [FieldsWriter(path / FIELDS, of, list(state(of.points, 0.0)), "float64"), Series(path / SERIES, comm)]
    for step, time in enumerate(times):
        fields = state(of.points, time)
        table = {f"{name}.total": float(values.mean()) for name, values in fields.items()}
        table |= {
            "tumour.in:left": 0.5,
            "tumour.in:right": 0.5,
            "tumour.front.xmax": 0.1 * time,
            "tumour.front.distance": 0.1 * time,
            "ecm.ledger": 0.0,
        }
        for observer in observers:
            observer.on_output(Frame(time, step, 0.1, fields, table))
    for observer in observers:
        observer.close("done")
    folder.close("done")
    return path
