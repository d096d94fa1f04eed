"""Errors a user can act on: place, what is wrong, remedy and a stable code; and the exit code each one ends the program with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self


class InvasioError(Exception):
    """An error with a message for the user, ``place: what; remedy [code]``; printed once, on rank 0, without a traceback.

    place: what the user can find, such as file:line, option, species, boundary, point. remedy: what to do. code: one of
    solver/codes.py, the same for as long as the fault exists. details: lines printed below. It survives pickling.
    """

    exit_code = 1
    of_one_rank: bool | None = None  # whether other ranks did not fail alike; None: not known (meeting.py)

    def __init__(self, what: str, *, code: str, place: str = "", remedy: str = "", details: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.what, self.code, self.place, self.remedy, self.details = what, code, place, remedy, tuple(details)
        self.faults: tuple[InvasioError, ...] = ()

    @classmethod
    def together(cls, faults: Sequence[InvasioError], heading: str = "") -> Self:
        """One error of several faults, printed as a line each below the heading; its code is that of the first fault."""
        error = cls(heading, code=faults[0].code)
        error.faults = tuple(faults)
        return error

    def __str__(self) -> str:
        if self.faults:
            return "\n".join([*([f"{self.what}:"] if self.what else []), *map(str, self.faults)])
        place = f"{self.place}: " if self.place else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return "\n".join([f"{place}{self.what}{remedy} [{self.code}]", *self.details])

    def __reduce__(self) -> tuple[object, ...]:
        return _blank, (type(self), self.args), self.__dict__


def _blank(kind: type[InvasioError], args: tuple[object, ...]) -> InvasioError:
    return kind.__new__(kind, *args)


class ScenarioError(InvasioError):
    """The scenario is wrong; of several faults the message holds a line each, ``file:line:column: path: ...``."""

    exit_code = 2


class MeshError(InvasioError):
    """The mesh or another input file is wrong or missing."""

    exit_code = 3


class SolverError(InvasioError):
    """The solution could not be continued; the run folder keeps the last good output."""

    exit_code = 4


class StoppedEarly(InvasioError):
    """The run was asked to stop; it left a good checkpoint and can be resumed."""

    exit_code = 85
