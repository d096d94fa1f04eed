"""Everything the next step depends on, as named arrays and numbers, for a checkpoint and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .clock import Clock
from .stepper import Stepper

Floats = NDArray[np.float64]

_ARRAYS = ("state", "rate", "rate_before")


def snapshot(stepper: Stepper, clock: Clock, step: int) -> tuple[dict[str, Floats], dict[str, float]]:
    """Owned-node arrays and numbers of the moment. Collective: the ledger's amounts are summed over the ranks."""
    g = stepper.problem.graph
    arrays = {f"{name}/{what}": getattr(s, what)[: g.n_owned] for name, s in stepper.problem.species.items() for what in _ARRAYS}
    arrays |= {f"{name}/log": s.log[: g.n_owned] for name, s in stepper.problem.species.items() if s.log is not None}
    numbers = {
        "time": clock.time,
        "step": float(step),
        "wish": clock.wish,
        "error_before": clock.error_before,
        "dt_last": stepper.history.last,
        "dt_before": stepper.history.before,
    }
    keys = [f"amount/{name}/{key}" for name, account in stepper.amounts.items() for key in account]
    local = np.array([value for account in stepper.amounts.values() for value in account.values()])
    numbers |= dict(zip(keys, map(float, g.comm.allreduce(local)), strict=True))
    return arrays, numbers


def restore(stepper: Stepper, arrays: dict[str, Floats], numbers: dict[str, float]) -> None:
    """Put a snapshot back into a fresh stepper, on any number of ranks. Collective."""
    problem: Any = stepper.problem
    g = problem.graph
    for name, s in problem.species.items():
        for what in (*_ARRAYS, *(["log"] if s.log is not None else [])):
            target = getattr(s, what)
            target[: g.n_owned] = arrays[f"{name}/{what}"]
            g.halo.update(target)
        problem.fields[name][:] = s.state
    stepper.history.last, stepper.history.before = numbers["dt_last"], numbers["dt_before"]
    for name, account in stepper.amounts.items():
        for key in account:  # rank 0 carries on the sum, the others start from nothing
            account[key] = numbers[f"amount/{name}/{key}"] if g.comm.rank == 0 else 0.0
