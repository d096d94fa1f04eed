"""The table of accounts: what was gained, lost or noted of everything that has an amount, booked as it is applied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Account:
    """One account. sign: 1 gained, -1 lost, 0 noted only (what has crossed a membrane inside)."""

    owner: str  # a species, or whatever else has an amount
    key: str  # "born", "outflow:left", "blood:vein"
    sign: int
    label: str  # in words
    unit: str = ""  # of the amount, as text; "" where the scenario has none
    gives: bool = False  # may well be negative: a loss that brings, as through the wall of a vessel


class Page:
    """The accounts of one owner, as the parts of a step book into them."""

    def __init__(self, places: dict[str, int], pending: list[float]) -> None:
        self._places, self._pending = places, pending

    def add(self, key: str, amount: float) -> None:
        """Book an amount of the step under way, this rank's share of it. KeyError for an account that nobody declared."""
        self._pending[self._places[key]] += amount

    def pending(self, key: str) -> float:
        """What the step under way has booked so far, on this rank."""
        return self._pending[self._places[key]]


class Accounts:
    """All accounts of a run with their totals on this rank; owners in the order given, notes after gains and losses."""

    def __init__(self, accounts: Iterable[Account], owners: Iterable[str] = ()) -> None:
        declared = list(accounts)
        rank = {owner: k for k, owner in enumerate(dict.fromkeys([*owners, *(a.owner for a in declared)]))}
        self.list = sorted(dict.fromkeys(declared), key=lambda a: (rank[a.owner], a.sign == 0))
        self.owners = tuple(rank)
        self._totals, self._pending = [0.0] * len(self.list), [0.0] * len(self.list)  # lists: cheaper than arrays one by one
        places: dict[str, dict[str, int]] = {owner: {} for owner in rank}
        for k, account in enumerate(self.list):
            if account.key in places[account.owner]:
                raise ValueError(f"two accounts are called {account.owner}.{account.key}")
            places[account.owner][account.key] = k
        self._pages = {owner: Page(mine, self._pending) for owner, mine in places.items()}

    def page(self, owner: str) -> Page:
        """The accounts of one owner."""
        return self._pages[owner]

    def begin(self) -> None:
        """Drop what is pending."""
        self._pending[:] = [0.0] * len(self.list)

    def pending(self) -> list[float]:
        """What is booked by the step so far."""
        return list(self._pending)

    def put_pending(self, amounts: list[float]) -> None:
        """Go back to what was booked by the step then."""
        self._pending[:] = amounts

    def commit(self) -> None:
        """What is pending counts."""
        self._totals[:] = [total + amount for total, amount in zip(self._totals, self._pending, strict=True)]
        self.begin()

    def totals(self) -> Floats:
        """Totals of this rank, in the order of ``list``."""
        return np.array(self._totals)

    def of(self, owner: str) -> list[tuple[int, Account]]:
        """An owner's accounts with their places in ``list``."""
        return [(k, account) for k, account in enumerate(self.list) if account.owner == owner]

    def put(self, totals: Iterable[float]) -> None:
        """Put this rank's totals back."""
        self._totals[:] = list(totals)
