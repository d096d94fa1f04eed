"""How much of a run's wall time its output takes."""

from __future__ import annotations

import logging
import time as clock
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from .layout import Frame, Observer

log = logging.getLogger("invasio.output")


class Cost:
    """Observer that hands everything on to others and tells at the end what they took; rank 0's clock.

    Args:
        observers: in the order in which they are served.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self.observers = observers
        self.seconds = 0.0
        self._began = clock.perf_counter()

    def on_step(self, time: float, step: int, dt: float, info: Mapping[str, float]) -> None:
        """Hand it on and add its time."""
        with self.counted():
            for observer in self.observers:
                observer.on_step(time, step, dt, info)

    def on_output(self, frame: Frame) -> None:
        """Hand it on and add its time. Collective."""
        with self.counted():
            for observer in self.observers:
                observer.on_output(frame)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count what is done inside as output."""
        began = clock.perf_counter()
        yield
        self.seconds += clock.perf_counter() - began

    def close(self, reason: str) -> None:
        """Close all and log the share. Collective."""
        with self.counted():
            for observer in self.observers:
                observer.close(reason)
        share = self.seconds / (clock.perf_counter() - self._began)
        log.info("output and checkpoints took %.2g s, %.1f %% of the run", self.seconds, 100.0 * share)
