"""The integer ledger of histories: every cell that entered or was shed is in one account."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .plan import Floats, Plan
from .results import Fate, Ints


class Book:
    """accounts: their names; gains: those that are added; table (H, accounts) cells.

    entered, shed = lost: CAUSE, stuck: BED, starved: PLACE, floating, in cavity, cleared, dormant: PLACE, faded: PLACE, founders: PLACE.
    """

    def __init__(self, plan: Plan, histories: int) -> None:
        names = ["entered", "shed"]
        self.first: dict[int, int] = {}
        kinds: list[tuple[Fate, str, tuple[str, ...]]] = [
            (Fate.LOST, "lost", tuple(name for name, _ in plan.blood.losses)),
            (Fate.STUCK, "stuck", plan.beds.names),
            (Fate.STARVED, "starved", plan.places),
            (Fate.FLOATING, "floating", ()),
            (Fate.CAVITY, "in cavity", ()),
            (Fate.CLEARED, "cleared", ()),
            (Fate.DORMANT, "dormant", plan.places),
            (Fate.FADED, "faded", plan.places),
            (Fate.COLONY, "founders", plan.places),
        ]
        for fate, name, parts in kinds:
            self.first[fate] = len(names)
            names += [f"{name}: {part}" for part in parts] or [name]
        self.first[Fate.EXTINCT] = self.first[Fate.COLONY]
        self.accounts = tuple(names)
        self.gains: NDArray[np.bool_] = np.arange(len(names)) < 2
        self.table = np.zeros((histories, len(names)), dtype=np.int64)
        self.offsets = np.array([self.first[fate] for fate in Fate])

    def gain(self, account: str, history: Ints, cells: Ints) -> None:
        np.add.at(self.table[:, self.accounts.index(account)], history, cells)

    def spend(self, fate: Ints, place: Ints, cause: Ints, history: Ints, cells: Ints) -> None:
        """Cells of units by what became of them."""
        which = self.offsets[fate] + np.maximum(np.where(fate == Fate.LOST, cause, place), 0)
        np.add.at(self.table, (history, which), cells)

    def fault(self) -> Floats:
        """(H,) what was gained less what became of it: 0."""
        return self.table[:, self.gains].sum(axis=1) - self.table[:, ~self.gains].sum(axis=1)
