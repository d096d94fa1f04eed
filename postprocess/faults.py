"""What can be wrong with a request about a run; each is a message for the user and a plain Python error for a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from invasio.solver.errors import InvasioError


class UnknownName(InvasioError, KeyError):
    """There is no field, column or region of this name."""

    exit_code = 2


class UnknownTime(InvasioError, ValueError):
    """Nothing was written at this time."""

    exit_code = 2


class WrongRequest(InvasioError, ValueError):
    """The request makes no sense for this run."""

    exit_code = 2


def unknown(place: str | Path, what: str, name: str, known: Iterable[str], *, code: str) -> UnknownName:
    """The error for a name that is not among the known ones: it names the nearest, and all."""
    names = list(known)
    near = get_close_matches(name, names, 1, 0.6)
    guess = f"did you mean {near[0]!r}? " if near else ""
    shown = ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
    return UnknownName(f"no {what} {name!r}", code=code, place=str(place), remedy=f"{guess}there are: {shown or 'none'}")
