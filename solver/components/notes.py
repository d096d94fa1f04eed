r"""Losses that are noted by themselves, as part of all that a species loses: what is lost at a rate k within a step.

With c at mid-step and c_new after transport, dt k (c_new + 2 theta(z) (c_mid - c_new)), z = dt k, theta(z) = 1/z - 1/(e^z - 1): the
mean for slow rates, and for fast ones what decays exponentially. A note is no part of the balance.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..accounts import Account, Accounts
from ..discretise.problem import Noted
from .protocol import Component, Phase

Floats = NDArray[np.float64]
SLOW = 1e-4  # z up to which theta is 1/2 - z/12


class Notes(Component):
    """All such losses; it stands after what moves."""

    name = "notes"
    phases = frozenset({Phase.WHOLE})

    def __init__(self, noted: list[Noted]) -> None:
        self.noted = noted
        n = len(noted[0].species.state)
        self._rate, self._share, self._mean = np.zeros(n), np.zeros(n), np.zeros(n)

    def accounts(self) -> Iterable[Account]:
        """One for each."""
        return (Account(n.species.name, n.key, 0, f"of what was lost: {n.words}") for n in self.noted)

    def advance(self, phase: Phase, time: float, dt: float, book: Accounts) -> str:
        """Note what a step has lost."""
        for noted in self.noted:
            s, z, share = noted.species, self._rate, self._share
            noted.rate(z)
            z *= dt
            np.clip(z, SLOW, 700.0, out=share)
            np.subtract(1.0 / share, 1.0 / np.expm1(share), out=share)
            np.copyto(share, 0.5 - z / 12.0, where=z < SLOW)
            np.subtract(s.variable.mid, s.state, out=self._mean)
            self._mean *= share
            self._mean *= 2.0
            self._mean += s.state
            n = s.graph.n_owned
            book.page(s.name).add(noted.key, float((s.graph.mass[:n] * z[:n] * self._mean[:n]).sum()))
        return ""
