"""Everything the next step depends on, as named arrays and numbers, for a checkpoint and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from ..output.layout import Rows
from .clock import Clock
from .stepper import Stepper

Floats = NDArray[np.float64]


def snapshot(stepper: Stepper, clock: Clock, step: int) -> tuple[dict[str, Floats], dict[str, Any]]:
    """Arrays at owned nodes and sites, and numbers of the moment. Collective: accounts are those of every rank."""
    state, accounts = stepper.state, stepper.accounts
    arrays = {name: values for v in state.variables for name, values in v.owned().items()}
    numbers: dict[str, Any] = {
        "time": clock.time,
        "step": float(step),
        "wish": clock.wish,
        **clock.control.numbers(),
        "happened": clock.happened,
        **clock.events(),
        "dt_last": state.history.last,
        "dt_before": state.history.before,
    }
    numbers |= {f"scalar/{name}": [float(a[0]) for a in (v.new, v.rate, v.rate_before)] for name, v in state.scalars.items()}
    for c in stepper.components:
        arrays |= c.arrays()
        numbers |= c.numbers()
    numbers |= {f"info/{name}": value for name, value in stepper.info().items()}
    numbers |= {f"rejected/{why}": float(count) for why, count in clock.rejected.items()}
    shares = np.array(stepper.comm.allgather(accounts.totals()))
    numbers |= {f"amount/{a.owner}/{a.key}": list(map(float, shares[:, k])) for k, a in enumerate(accounts.list)}
    return arrays, numbers


def restore(stepper: Stepper, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
    """Put a snapshot back into a fresh stepper, on any number of ranks. Collective; raises SolverError for what it lacks."""
    state, accounts, comm = stepper.state, stepper.accounts, stepper.comm
    _refuse_missing(stepper, arrays, numbers)
    for v in state.variables:
        v.put(arrays)
    for name, v in state.scalars.items():
        for target, value in zip((v.new, v.rate, v.rate_before), numbers[f"scalar/{name}"], strict=True):
            target[:] = value
        v.show()
    for c in stepper.components:
        c.restore(arrays, numbers)
    stepper.go_on_from(part(numbers, "info/"))
    state.history.last, state.history.before = numbers["dt_last"], numbers["dt_before"]
    # each rank its own share, for the same bits; with other ranks rank 0 carries on the sum
    booked = [numbers[f"amount/{a.owner}/{a.key}"] for a in accounts.list]
    accounts.put(shares[comm.rank] if len(shares) == comm.size else sum(shares) if comm.rank == 0 else 0.0 for shares in booked)


def _refuse_missing(stepper: Stepper, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
    of_components = [name for c in stepper.components for name in c.arrays() if name not in set(c.spare())]
    expected = [*(name for v in stepper.state.variables for name in v.owned()), *of_components]
    counted = [f"scalar/{name}" for name in stepper.state.scalars] + [f"amount/{a.owner}/{a.key}" for a in stepper.accounts.list]
    missing = [name for name in expected if name not in arrays] + [name for name in counted if name not in numbers]
    if missing:
        raise SolverError(
            f"it lacks {', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}: it is of another version or of another model",
            code="cannot-resume",
            place="checkpoint",
            remedy="resume with the version that wrote it, or begin anew (--overwrite)",
        )


def tables(stepper: Stepper) -> dict[str, Rows]:
    """The tables, besides that of the nodes, that arrays of a snapshot are rows of, by the beginning of their names."""
    found = {v.group: v.rows for v in stepper.state.variables if v.rows is not None}
    for c in stepper.components:
        found |= c.tables()
    return found


def part(numbers: Mapping[str, Any], prefix: str) -> dict[str, float]:
    """Those of the numbers whose names begin with the prefix, without it."""
    return {key.removeprefix(prefix): float(value) for key, value in numbers.items() if key.startswith(prefix)}
