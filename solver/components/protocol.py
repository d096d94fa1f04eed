"""What the time step, the ledger, the series, checkpoints and the error control know of a part of the model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..accounts import Account, Accounts
from ..output.layout import Rows

if TYPE_CHECKING:
    from ..discretise.problem import Problem

Floats = NDArray[np.float64]


class Phase(Enum):
    """The stages of a step, in their order; formulas are evaluated at the middle of each."""

    FIRST = "first half of what does not move, and of transfers"
    WHOLE = "the whole step of what moves, one after another, by what they are at mid-step"
    END = "a second look at what changed much within the step, by what all are at its end"
    SECOND = "second half, in reverse order"


class Component:
    """A part of the model in time. What it does not do, it inherits: nothing.

    It writes the NEW values of its own variables (and MID where it has advanced them); the state keeps, puts back and
    differences them. All methods are called on all ranks in the same order; those that say so may communicate.
    """

    name = ""
    phases: frozenset[Phase] = frozenset()  # in which it advances
    fails_alone = False  # whether ``advance`` may fail on one rank only

    def accounts(self) -> Iterable[Account]:
        """The accounts it books into."""
        return ()

    def contents(self) -> Mapping[str, float]:
        """Owner of accounts -> the amount that is there now, this rank's share."""
        return {}

    def predict(self, phase: Phase, dt: float) -> None:
        """Set MID of its variables for a phase of a step of size dt."""

    def advance(self, phase: Phase, time: float, dt: float, book: Accounts) -> str:
        """Its part of a step of size dt that began at ``time``; book amounts. May communicate.

        Returns "" or why it failed: where it ``fails_alone``, on this rank, and the ranks agree after the phase; else on all ranks alike.
        """
        return ""

    def settle(self, time: float, dt: float, book: Accounts) -> str:
        """Be in balance at ``time``, with all others as they are; book the flows of a step of size dt. May communicate.

        Called at the start, after each step and after events. Returns "" or why it failed, on all ranks alike.
        """
        return ""

    def looks_again(self) -> bool:
        """Whether it has work at the end of this step (``Phase.END``); the same on all ranks."""
        return True

    def next_event(self, after: float) -> float:
        """The first time later than ``after`` at which something happens at once; the same on all ranks. inf: never."""
        return math.inf

    def apply(self, time: float, book: Accounts) -> None:
        """What happens at an instant that ``next_event`` gave: change NEW values at owned nodes, and book that. May communicate."""

    def kind(self, after: float, until: float) -> str:
        """What kind of events ``next_event`` gave in between: steps begin again from what held after the last of the same kind."""
        return self.name

    def accept(self, time: float, dt: float) -> None:
        """The step from ``time`` counts. Random events are drawn here and only here."""

    def row(self, time: float) -> Mapping[str, float]:
        """Columns of series.csv, the same on every rank. May communicate."""
        return {}

    def info(self) -> Mapping[str, float]:
        """Cheap numbers about the work so far, added up over components (``kept``: the least). Must not communicate."""
        return {}

    def tables(self) -> Mapping[str, Rows]:
        """The tables that its own ``arrays`` are rows of, by the beginning of their names; others are rows of the nodes."""
        return {}

    def arrays(self) -> Mapping[str, Floats]:
        """Arrays for checkpoints, besides those of variables."""
        return {}

    def spare(self) -> Iterable[str]:
        """The names of those of its arrays without which it can go on: checkpoints of earlier versions lack them."""
        return ()

    def numbers(self) -> Mapping[str, Any]:
        """Numbers and lists of numbers for checkpoints, the same on every rank. May communicate."""
        return {}

    def restore(self, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
        """Put back what ``arrays`` and ``numbers`` gave. May communicate."""

    def remarks(self) -> Iterable[tuple[int, str]]:
        """What the log says of it at the end of a run: level and text. May communicate."""
        return ()

    def free(self) -> None:
        """Give back what is not memory of Python's."""


class Extension(Protocol):
    """What Python adds to a model from outside: scalars that formulas may name, and components."""

    def scalars(self) -> Mapping[str, float]:
        """Names and values at the start."""
        ...

    def build(self, problem: Problem) -> Iterable[Component]:
        """The components on a problem. Collective."""
        ...
