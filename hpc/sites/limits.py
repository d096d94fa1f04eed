"""Slurm's way of writing a time limit."""

from __future__ import annotations

import re

from invasio.solver.scenario.wrong import wrong

_FORMS = (
    (r"(?P<m>\d+)", "minutes"),
    (r"(?P<m>\d+):(?P<s>\d+)", "minutes:seconds"),
    (r"(?P<h>\d+):(?P<m>\d+):(?P<s>\d+)", "hours:minutes:seconds"),
    (r"(?P<d>\d+)-(?P<h>\d+)(:(?P<m>\d+)(:(?P<s>\d+))?)?", "days-hours"),
)


def minutes(text: str) -> float:
    """The length in minutes of a time limit: MINUTES, MM:SS, HH:MM:SS, D-HH, D-HH:MM or D-HH:MM:SS.

    Raises a ValueError that pydantic turns into a fault with its place.
    """
    for form, _ in _FORMS:
        found = re.fullmatch(form, text.strip())
        if found:
            d, h, m, s = (float(found.groupdict().get(part) or 0) for part in "dhms")
            total = (d * 24 + h) * 60 + m + s / 60
            if total > 0:
                return total
    raise wrong("not a time limit", code="wrong-time-limit", remedy="write MINUTES, HH:MM:SS or D-HH:MM:SS, longer than nothing")
