"""Which of a file's times is wanted."""

from __future__ import annotations

from collections.abc import Sequence

from .contents import Unreadable, Wanted

_NEAR = 1e-6  # of the span of times


def chosen_time(wanted: Wanted, times: Sequence[float]) -> list[float]:
    """The time of an ascending list that is wanted, alone; none of an empty list. Raises Unreadable where it is not there."""
    if wanted.time is None or not times:
        return list(times[-1:])
    nearest = min(times, key=lambda time: abs(time - wanted.time))  # type: ignore[operator]
    if abs(nearest - wanted.time) > _NEAR * max(times[-1] - times[0], abs(wanted.time)):
        raise Unreadable(f"it has no time {wanted.time:g}; the nearest is {nearest:g}")
    return [nearest]
