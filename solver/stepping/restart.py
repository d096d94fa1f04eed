"""Everything the next step depends on, as named arrays and numbers, for a checkpoint and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..output.layout import Rows
from .clock import Clock
from .stepper import Stepper

Floats = NDArray[np.float64]

_ARRAYS = ("state", "rate", "rate_before")
_SITES = "sites/"  # before the names of arrays that live on membranes and walls
_WALLS = "walls/"  # and of what has entered through the walls of vessels


def snapshot(stepper: Stepper, clock: Clock, step: int) -> tuple[dict[str, Floats], dict[str, Any]]:
    """Arrays at owned nodes and sites, and numbers of the moment. Collective: the ledger's amounts are those of every rank."""
    g = stepper.problem.graph
    arrays = {f"{name}/{what}": getattr(s, what)[: g.n_owned] for name, s in stepper.problem.species.items() for what in _ARRAYS}
    for b in stepper.integrities:
        arrays |= {f"{_SITES}{b.name}/{what}": values for what, values in b.state().items()}
    for name, vessel in stepper.problem.vessels.items():
        arrays |= {f"{_WALLS}{name}/{c.law.species}": c.entered for c in vessel.crossings}
    arrays |= {f"{name}/log": s.log[: g.n_owned] for name, s in stepper.problem.species.items() if s.log is not None}
    numbers: dict[str, Any] = {
        "time": clock.time,
        "step": float(step),
        "wish": clock.wish,
        "error_before": clock.error_before,
        "dt_last": stepper.history.last,
        "dt_before": stepper.history.before,
    }
    numbers |= {f"first_breach/{b.name}": float(g.comm.allreduce(b.first_breach, MPI.MIN)) for b in stepper.integrities}
    numbers |= {f"info/{name}": value for name, value in stepper.info().items()}
    numbers |= {f"rejected/{why}": float(count) for why, count in clock.rejected.items()}
    for t in stepper.transports:
        numbers[f"peclet/{t.species.name}"] = list(max(g.comm.allgather(t.peclet)))
        if t.packing is not None:
            numbers[f"surplus/{t.species.name}"] = list(max(g.comm.allgather(t.packing.surplus)))
    keys = [f"amount/{name}/{key}" for name, account in stepper.amounts.items() for key in account]
    shares = g.comm.allgather([value for account in stepper.amounts.values() for value in account.values()])
    numbers |= {key: list(map(float, of_ranks)) for key, *of_ranks in zip(keys, *shares, strict=True)}
    return arrays, numbers


def restore(stepper: Stepper, arrays: dict[str, Floats], numbers: dict[str, Any]) -> None:
    """Put a snapshot back into a fresh stepper, on any number of ranks. Collective."""
    problem: Any = stepper.problem
    g = problem.graph
    for name, s in problem.species.items():
        for what in (*_ARRAYS, *(["log"] if s.log is not None else [])):
            target = getattr(s, what)
            target[: g.n_owned] = arrays[f"{name}/{what}"]
            g.halo.update(target)
        problem.fields[name][:] = s.state
    for b in stepper.integrities:
        prefix = f"{_SITES}{b.name}/"
        state = {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
        b.restore(state, numbers[f"first_breach/{b.name}"])
    for name, vessel in problem.vessels.items():
        for crossing in vessel.crossings:
            crossing.entered[:] = arrays[f"{_WALLS}{name}/{crossing.law.species}"]
    for t in stepper.transports:
        t.peclet = tuple(numbers.get(f"peclet/{t.species.name}", t.peclet))
        if t.packing is not None:
            t.packing.surplus = tuple(numbers.get(f"surplus/{t.species.name}", t.packing.surplus))
    stepper.earlier = part(numbers, "info/")
    stepper.history.last, stepper.history.before = numbers["dt_last"], numbers["dt_before"]
    for name, account in stepper.amounts.items():
        for key in account:  # each rank its own share, for the same bits; with other ranks rank 0 carries on the sum
            shares = numbers[f"amount/{name}/{key}"]
            account[key] = shares[g.comm.rank] if len(shares) == g.comm.size else sum(shares) if g.comm.rank == 0 else 0.0


def tables(stepper: Stepper) -> dict[str, Rows]:
    """The tables, besides that of the nodes, that arrays of a snapshot are rows of, by the beginning of their names."""
    found = {f"{_SITES}{b.name}/": Rows(b.sites.numbers[: b.sites.n_owned], b.sites.total) for b in stepper.integrities}
    for name, vessel in stepper.problem.vessels.items():
        found[f"{_WALLS}{name}/"] = Rows(vessel.sites.numbers, vessel.sites.total)
    return found


def part(numbers: Mapping[str, Any], prefix: str) -> dict[str, float]:
    """Those of the numbers whose names begin with the prefix, without it."""
    return {key.removeprefix(prefix): float(value) for key, value in numbers.items() if key.startswith(prefix)}
