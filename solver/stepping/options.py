"""The times of a run."""

from __future__ import annotations

from dataclasses import dataclass

FLOOR = 1e-6


@dataclass(frozen=True)
class ClockOptions:
    """Start, end and step of a run [scenario time]; without ``step`` the step adapts to ``tolerance``.

    floor: errors are relative to what there is and to this share of the most there has been.
    outputs: ascending times at which the solution is written, the last one being ``end``.
    """

    start: float
    end: float
    outputs: tuple[float, ...]
    step: float | None = None
    tolerance: float = 1e-3
    first_step: float | None = None
    max_step: float | None = None
    floor: float = FLOOR
