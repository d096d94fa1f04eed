"""When a run saves its state."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Mapping
from pathlib import Path

from .discretise.problem import Problem
from .output import checkpoint
from .output.layout import Frame
from .stepping.clock import Clock
from .stepping.restart import snapshot, tables
from .stepping.stepper import Stepper

CHECKPOINT_SECONDS = 600.0  # wall time between checkpoints, where the scenario does not say


class Checkpointer:
    """Observer that saves everything the next step needs, at intervals or when it is told to.

    Args:
        fixed: numbers that stay the same in a run and are saved with it.
        every: time of the run between checkpoints; None: CHECKPOINT_SECONDS of wall time.
        keep: called before a checkpoint with its step, syncs what belongs to it: files beside it and their SHA-256. Collective.
    """

    def __init__(
        self,
        path: Path,
        problem: Problem,
        stepper: Stepper,
        ticker: Clock,
        hashes: Mapping[str, str],
        fixed: Mapping[str, float],
        every: float | None,
        keep: Callable[[int], Mapping[str, str]],
    ) -> None:
        self.path, self.problem, self.stepper, self.ticker, self.hashes, self.fixed = path, problem, stepper, ticker, hashes, fixed
        self.every, self.keep = every, keep
        self._saved, self._saved_at, self._wall = ticker.steps, ticker.time, clock.monotonic()

    @property
    def behind(self) -> bool:
        """Whether steps were taken that are not saved."""
        return self.ticker.steps > self._saved

    def on_step(self, time: float, step: int, dt: float, info: Mapping[str, float]) -> None:
        """Nothing to save between outputs."""

    def on_output(self, frame: Frame) -> None:
        """Save if the interval has passed; in wall time that is rank 0's word."""
        if self.every:
            due = frame.time - self._saved_at >= self.every * (1.0 - 1e-9)
        else:
            due = clock.monotonic() - self._wall > CHECKPOINT_SECONDS
        if frame.step and self.problem.graph.comm.bcast(due):
            self.save()

    def save(self) -> Path:
        """Write a checkpoint of the moment; the file. Collective."""
        arrays, numbers = snapshot(self.stepper, self.ticker, self.ticker.steps)
        beside, named = self.keep(self.ticker.steps), tables(self.stepper)
        path = checkpoint.save(self.path, self.problem.grid, arrays, {**numbers, **self.fixed}, self.hashes, tables=named, beside=beside)
        self._saved, self._saved_at, self._wall = self.ticker.steps, self.ticker.time, clock.monotonic()
        return path

    def close(self, reason: str) -> None:
        """Nothing left to do."""
