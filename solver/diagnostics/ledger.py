r"""The ledger: for every species, what is there equals what was there plus what came minus what went.

    sum_i m_i c_i = initial + born + inflow + switched in - dead - outflow - switched out - blood - lymph
                    (+ adjusted, for quasi-steady species)

to rounding, because the time step books the very amounts it applies. ``amounts`` of the stepper are this
rank's share; one reduction per output adds them up.
"""

from __future__ import annotations

import math

import numpy as np

from ..discretise.problem import Problem
from ..errors import SolverError

TOLERANCE = 1e-10  # far above rounding (1e-13 seen), far below any error of substance

Amounts = dict[str, dict[str, float]]


def empty_accounts(problem: Problem) -> Amounts:
    """Accounts of every species at zero, in a fixed order: born, dead, inflow and outflow of each boundary, vessels, transfers.

    Besides, what has crossed each membrane (``crossed:NAME``, from side 0 to side 1), which is no gain or loss.
    """
    accounts: Amounts = {}
    for name, species in problem.species.items():
        places = [c.boundary for c in species.conditions]
        keys = ["born", "dead", *(f"inflow:{p}" for p in places), *(f"outflow:{p}" for p in places)]
        keys += [wall.account for wall in species.walls]
        keys += ["switched_in"] if any(t.into == name for s in problem.species.values() for t in s.law.transfers) else []
        keys += ["switched_out"] if species.law.transfers else []
        keys += ["adjusted"] if species.law.quasi_steady else []
        keys += [f"crossed:{c.membrane}" for c in species.crossings]
        accounts[name] = dict.fromkeys(keys, 0.0)
    return accounts


class Ledger:
    """Balances the accounts of a run; ``initial`` holds the amounts at its start, the same on every rank."""

    def __init__(self, problem: Problem, amounts: Amounts, initial: dict[str, float] | None = None) -> None:
        self.problem, self.amounts = problem, amounts
        self.initial = initial or self._totals()
        self.worst = 0.0

    def _totals(self) -> dict[str, float]:
        g = self.problem.graph
        local = np.array([float((g.mass[: g.n_owned] * s.state[: g.n_owned]).sum()) for s in self.problem.species.values()])
        return dict(zip(self.problem.species, map(float, g.comm.allreduce(local)), strict=True))

    def balance(self, time: float) -> dict[str, float]:
        """All accounts and the relative residual per species (``ledger:NAME``). Collective.

        Raises SolverError, on all ranks, when they do not balance to 1e-10.
        """
        g = self.problem.graph
        totals = self._totals()
        keys = [(name, key) for name, account in self.amounts.items() for key in account]
        sums = g.comm.allreduce(np.array([self.amounts[name][key] for name, key in keys]))
        booked = {pair: float(value) for pair, value in zip(keys, sums, strict=True)}
        row: dict[str, float] = {}
        for name in self.problem.species:
            mine = {key: value for (n, key), value in booked.items() if n == name}
            gained = math.fsum(v for k, v in mine.items() if k in ("born", "adjusted", "switched_in") or k.startswith("inflow:"))
            lost = math.fsum(v for k, v in mine.items() if k.startswith(("dead", "switched_out", "outflow:", "blood:", "lymph:")))
            # vessels give as well as take
            brought = -math.fsum(v for k, v in mine.items() if v < 0.0 and k.startswith(("blood:", "lymph:")))
            scale = max(self.initial[name] + abs(gained) + brought, totals[name], 1e-300)
            residual = abs(math.fsum([totals[name], lost, -gained, -self.initial[name]])) / scale
            self.worst = max(self.worst, residual)
            row |= {f"{name}.{key}": value for key, value in mine.items()}
            row[f"{name}.ledger"] = residual
            if not residual <= TOLERANCE:
                raise SolverError(
                    f"species {name}: the ledger does not balance at t = {time:g} (relative residual {residual:.1e}); "
                    "this must not happen: please report it with the scenario"
                )
        return row
