r"""Everything that changes in time: densities at nodes, integrities at sites, scalars; and how a step is begun, refused and accepted.

Each variable has the values at the start of the step (OLD), those that formulas read (MID: predicted, then the mean of old and
new for what has been advanced, or whatever the splitting shows) and those reached so far (NEW). The store alone copies
between them, so that a step can be repeated, doubled or refused halfway, bookings included.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .accounts import Accounts
from .kernels import stages
from .output.layout import Rows

Floats = NDArray[np.float64]


@dataclass
class History:
    """Sizes of the last two accepted steps; 0 where there was none, or where a jump made them void."""

    last: float = 0.0
    before: float = 0.0


class Variable:
    """One quantity in time.

    new, old, mid (n): the three views; mid is ``new`` itself for what formulas read as far as it has come.
    rate, rate_before (n): difference quotients of the last two accepted steps; of length 0 where ``differs`` is False.
    n_owned: the entries of this rank, of which ghosts or copies on other ranks follow; ``update`` gives them their owners' values.
    predicted: whether mid is extrapolated by the rates; the first step of all then runs twice, to have one.
    array: the name of ``new`` in checkpoints, as ``tumour/state``; rows: its table there, None for that of the nodes.
    weights (>= n_owned): of the norm in which the error control compares it; None: it does not. unit: errors are relative to 1,
    not to its own size; share_of: to the size of another. foreseen: whether the error control compares it with its extrapolation.
    """

    def __init__(
        self,
        array: str,
        new: Floats,
        n_owned: int,
        update: Callable[[Floats], None],
        mid: Floats | None = None,
        differs: bool = True,
        rows: Rows | None = None,
        weights: Floats | None = None,
        unit: bool = False,
    ) -> None:
        self.array, self.new, self.n_owned, self._update, self.rows = array, new, n_owned, update, rows
        self.weights, self.unit, self.foreseen = weights, unit, True
        self.share_of: Variable | None = None
        self.history = History()
        self.mid, self.predicted, self.differs = new if mid is None else mid, mid is not None, differs
        self.old = np.zeros(len(new))
        self.rate, self.rate_before = (np.zeros(len(new) if differs else 0) for _ in range(2))
        self.mid[:] = new

    def predict(self, ahead: float) -> None:
        """mid = the quadratic through the last three states, or the line through two, so far ahead of old; not below 0."""
        last, before = self.history.last, self.history.before
        bend = (ahead + last) / (last + before) if before else 0.0
        stages.predict(self.old, self.rate, self.rate_before, ahead, bend, self.mid)

    def show(self, values: Floats | None = None) -> None:
        """Let formulas read these values; those reached so far where none are given."""
        self.mid[:] = self.new if values is None else values

    def update_copies(self) -> None:
        """Give copies on this rank of what others own their owners' values. Collective."""
        self._update(self.new)

    @property
    def group(self) -> str:
        """What the names of its arrays begin with in checkpoints."""
        return self.array.rpartition("/")[0] + "/"

    def owned(self) -> dict[str, Floats]:
        """What the next step depends on, of this rank's entries, by names of checkpoints: views."""
        return {name: values[: self.n_owned] for name, values in self._kept().items()}

    def put(self, values: Mapping[str, Floats]) -> None:
        """Put back what ``owned`` gave, on any number of ranks. Collective."""
        for name, target in self._kept().items():
            target[: self.n_owned] = values[name]
            self._update(target)
        self.show()

    def _kept(self) -> dict[str, Floats]:
        rates = {f"{self.group}rate": self.rate, f"{self.group}rate_before": self.rate_before} if self.differs else {}
        return {self.array: self.new, **rates}


class State:
    """The variables of a problem, its scalars, its history and its accounts.

    variables: on nodes and sites. scalars: name -> variable of one entry, the same bits on all ranks; ``numbers`` holds the arrays
    (1,) that formulas read of them.
    """

    def __init__(self) -> None:
        self.variables: list[Variable] = []
        self.scalars: dict[str, Variable] = {}
        self.numbers: dict[str, Floats] = {}
        self._all: list[Variable] = []
        self.history = History()
        self._kept: list[tuple[Floats, Floats, Floats]] = []
        self._sizes_kept = (0.0, 0.0)
        self.accounts = Accounts([])

    def add(self, variable: Variable) -> Variable:
        """Keep a variable."""
        self.variables.append(variable)
        return self.follow(variable)

    def add_scalar(self, name: str, value: float) -> Variable:
        """A number in time that formulas name like a parameter."""
        scalar = Variable(f"scalar/{name}", np.array([value]), 1, lambda _: None, mid=np.zeros(1), weights=np.ones(1))
        self.scalars[name], self.numbers[name] = scalar, scalar.mid
        return self.follow(scalar)

    def follow(self, variable: Variable) -> Variable:
        """Put a variable back and forth with the others; its owner writes it into checkpoints."""
        self._all.append(variable)
        variable.history = self.history
        return variable

    def keep_accounts(self, accounts: Accounts) -> None:
        """Book into these accounts from now on."""
        self.accounts = accounts

    def begin(self) -> None:
        """Keep what a step begins with; nothing is booked until ``commit``."""
        for v in self._all:
            v.old[:] = v.new
        self.accounts.begin()

    def rollback(self) -> None:
        """Put everything back to where the step began."""
        for v in self._all:
            v.new[:] = v.old
            if self.history.last == 0.0 and v.differs:
                v.rate[:] = 0.0
        self.accounts.begin()

    def guess(self, dt: float) -> None:
        """Begin a step again with the rates that a first pass found. What is not predicted has no use for one."""
        for v in self._all:
            if v.predicted:
                np.subtract(v.new, v.old, out=v.rate)
                v.rate /= dt
            v.new[:] = v.old
        self.accounts.begin()

    def commit(self, dt: float) -> None:
        """Accept the step: book it, and remember its difference quotients."""
        self.accounts.commit()
        self._advance(dt)

    def _advance(self, dt: float) -> None:
        for v in self._all:
            if v.differs:
                stages.difference_quotient(v.new, v.old, dt, v.rate, v.rate_before)
        self.history.before, self.history.last = self.history.last, dt

    def compared(self) -> list[tuple[Variable, Floats]]:
        """What the error control compares, with the weights of its norm."""
        return [(v, v.weights) for v in self._all if v.weights is not None]

    def set_out(self) -> None:
        """Begin a trial of some steps, after which ``return_`` puts everything back; nothing of it is ever booked."""
        self._kept = self._kept or [(np.zeros_like(v.new), np.zeros_like(v.rate), np.zeros_like(v.rate)) for v in self._all]
        for v, kept in zip(self._all, self._kept, strict=True):
            for target, values in zip(kept, (v.new, v.rate, v.rate_before), strict=True):
                target[:] = values
        self._sizes_kept = (self.history.last, self.history.before)
        self.begin()

    def proceed(self, dt: float) -> None:
        """A step of a trial is done: the next begins where it has come to, and knows its difference quotients."""
        self.accounts.begin()
        self._advance(dt)
        self.begin()

    def step_back(self, dt: float, short: float) -> None:
        """After two steps of dt in a trial: begin a short one that should end where these did."""
        bend = 0.5 - 0.5 * short / dt  # of the rates, from the middle of the second step to that of the short one
        self._advance(dt)
        signed = self.scalars.values()
        for v in self._all:
            if v.differs:
                least = -math.inf if v.share_of is not None or v in signed else 0.0  # what is no density may well be negative
                stages.step_back(v.new, v.rate, v.rate_before, short, bend, least)
            else:
                v.new += short / dt * (v.old - v.new)
        self.begin()

    def return_(self) -> None:
        """End a trial: everything is as it was when it set out."""
        for v, kept in zip(self._all, self._kept, strict=True):
            v.new[:], v.rate[:], v.rate_before[:] = kept
        self.history.last, self.history.before = self._sizes_kept
        self.accounts.begin()

    def show(self) -> None:
        """Let formulas read everything as it is now."""
        for v in self._all:
            v.show()

    def update_copies(self) -> None:
        """Give all copies their owners' values, as after a change from outside. Collective."""
        for v in self.variables:
            v.update_copies()

    def void_history(self) -> None:
        """Forget the rates: what is now does not follow from what was."""
        self.history.last = self.history.before = 0.0
        for v in self._all:
            if v.differs:
                v.rate[:] = 0.0
                v.rate_before[:] = 0.0

    def bend(self, dt: float) -> float:
        """(dt + dt1)/(dt1 + dt2): the quadratic extrapolation of a variable is old + dt (rate + bend (rate - rate_before))."""
        return (dt + self.history.last) / (self.history.last + self.history.before)
