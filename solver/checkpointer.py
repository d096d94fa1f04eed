"""When a run saves its state."""

from __future__ import annotations

import time as clock
from pathlib import Path
from typing import Any

from .diagnostics.ledger import Ledger
from .diagnostics.observables import Observables
from .discretise.problem import Problem
from .output import checkpoint
from .output.layout import Frame
from .stepping.clock import Clock
from .stepping.restart import snapshot, tables
from .stepping.stepper import Stepper

CHECKPOINT_SECONDS = 600.0  # wall time between checkpoints, where the scenario does not say


class Checkpointer:
    """Observer that saves everything the next step needs: at intervals, when stopped, and at the end."""

    def __init__(
        self,
        path: Path,
        problem: Problem,
        stepper: Stepper,
        ticker: Clock,
        hashes: dict[str, str],
        ledger: Ledger,
        observables: Observables,
        step: int,
        every: float | None,
    ) -> None:
        self.path, self.problem, self.stepper, self.ticker, self.hashes = path, problem, stepper, ticker, hashes
        self.fixed = {f"initial/{k}": v for k, v in ledger.initial.items()} | {f"reference/{k}": v for k, v in observables.start.items()}
        self.every, self.step, self._saved_at, self._wall = every, step, ticker.time, clock.monotonic()

    def on_step(self, time: float, step: int, dt: float, info: Any) -> None:
        """Note the step."""
        self.step = step

    def on_output(self, frame: Frame) -> None:
        """Save if the interval has passed; in wall time that is rank 0's word."""
        if self.every:
            due = frame.time - self._saved_at >= self.every * (1.0 - 1e-9)
        else:
            due = clock.monotonic() - self._wall > CHECKPOINT_SECONDS
        if frame.step and self.problem.graph.comm.bcast(due):
            self.save()

    def save(self) -> None:
        """Write a checkpoint of the moment. Collective."""
        arrays, numbers = snapshot(self.stepper, self.ticker, self.step)
        checkpoint.save(self.path, self.problem.grid, arrays, numbers | self.fixed, self.hashes, tables=tables(self.stepper))
        self._saved_at, self._wall = self.ticker.time, clock.monotonic()

    def close(self, reason: str) -> None:
        """Nothing left to do."""
