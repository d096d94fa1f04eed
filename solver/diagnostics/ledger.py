r"""The ledger: for everything that has an amount, what is there equals what was there plus what came minus what went.

    content = initial + sum of the accounts that gain - sum of those that lose,

for a species  sum_i m_i c_i = initial + born + inflow + switched in - dead - outflow - switched out - blood - lymph,
to rounding, because the time step books the very amounts it applies. Totals are this rank's share; one reduction per output
adds them up.
"""

from __future__ import annotations

import math

import numpy as np

from ..errors import SolverError
from ..stepping.stepper import Stepper

TOLERANCE = 1e-10  # far above rounding (1e-13 seen), far below any error of substance


class Ledger:
    """Balances the accounts of a run; ``initial`` holds the amounts at its start, the same on every rank."""

    def __init__(self, stepper: Stepper, initial: dict[str, float] | None = None) -> None:
        self.components, self.accounts, self.comm = stepper.components, stepper.accounts, stepper.comm
        self._times = stepper.problem.times
        self.initial = initial or self._contents()
        self.worst = 0.0

    def _contents(self) -> dict[str, float]:
        mine = {owner: amount for c in self.components for owner, amount in c.contents().items()}
        local = np.array([mine[owner] for owner in self.accounts.owners])
        return dict(zip(self.accounts.owners, map(float, self.comm.allreduce(local)), strict=True))

    def balance(self, time: float) -> dict[str, float]:
        """All accounts (``OWNER.KEY``) and the relative residual per owner (``OWNER.ledger``). Collective.

        Raises SolverError, on all ranks, when they do not balance to 1e-10.
        """
        contents = self._contents()
        sums = self.comm.allreduce(self.accounts.totals())
        row: dict[str, float] = {}
        for owner in self.accounts.owners:
            booked = [(account, float(sums[k])) for k, account in self.accounts.of(owner)]
            gained = math.fsum(v for account, v in booked if account.sign > 0)
            lost = math.fsum(v for account, v in booked if account.sign < 0)
            brought = -math.fsum(v for account, v in booked if account.gives and v < 0.0)
            scale = max(self.initial[owner] + abs(gained) + brought, contents[owner], 1e-300)
            residual = abs(math.fsum([contents[owner], lost, -gained, -self.initial[owner]])) / scale
            self.worst = max(self.worst, residual)
            row |= {f"{owner}.{account.key}": value for account, value in booked}
            row[f"{owner}.ledger"] = residual
            if not residual <= TOLERANCE:
                raise SolverError(
                    f"the ledger does not balance at {self._times.said(time)} (relative residual {residual:.1e})",
                    code="unbalanced-ledger",
                    place=owner,
                    remedy="this must not happen: please report it with the scenario",
                )
        return row
