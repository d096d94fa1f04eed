r"""What leaves one species and enters another, nodewise, conservative and non-negative for any step.

With transfers k from a(k) to b(k) at rates r_k(c), MPRK22 (Burchard, Deleersnijder, Meister 2003,
doi:10.1016/S0168-9274(03)00101-6) takes every amount from a and puts the same amount into b,

    U = c + h sum_k (e_b - e_a) r_k(c) U_a
    c_new = c + (h/2) sum_k (e_b - e_a) (r_k(c) c_a + r_k(U) U_a) / U_a  c_new_a

Both are M-matrix systems per node, of the size of the number of species that take part. Second order.

Into a species with a stated maximum no more goes than there is room for; the rest stays where it is.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..accounts import Account, Accounts
from ..discretise.evaluate import Evaluator
from ..discretise.species import NodalSpecies
from ..kernels import transfers
from ..kernels.stages import TINY
from .boundaries import hold
from .carried import Carried
from .protocol import Component, Phase

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


class Transfers(Component):
    """All transfers together, in halves at the beginning and at the end of a step."""

    name = "transfers"
    phases = frozenset({Phase.FIRST, Phase.SECOND})
    fails_alone = True  # a rate may be wrong at one rank's nodes

    def __init__(self, species: Mapping[str, NodalSpecies], evaluator: Evaluator) -> None:
        pairs = [(name, t.into, t.rate) for name, s in species.items() for t in s.law.transfers]
        names = [name for name in species if any(name in pair[:2] for pair in pairs)]
        self.species = [species[name] for name in names]
        self._origins = np.array([names.index(a) for a, _, _ in pairs], dtype=np.int64)
        self._targets = np.array([names.index(b) for _, b, _ in pairs], dtype=np.int64)
        self._write = [evaluator.compile_clipped(rate) for _, _, rate in pairs]
        n = evaluator.n
        self._old, self._middle = np.zeros((len(names), n)), np.zeros((len(names), n))
        self._rates, self._later = np.zeros((len(pairs), n)), np.zeros((len(pairs), n))
        self._system = np.zeros((len(names), len(names) + 1))
        limits = [species[name].law.maximum for name in names]
        self._tops = np.array([np.inf if limit is None else limit for limit in limits])
        self._shares = np.zeros((2, len(names)))
        self._pairs, self._names = pairs, names
        self._carried: list[Carried] = []  # what goes along; of these what turns here
        self._loaded: list[Carried] = []

    def take_along(self, carried: Iterable[Carried], reacting: Container[str]) -> None:
        """Let what these are of the species that turn go along with them. reacting: names of those that kinetics take care of."""
        self._carried = [c for c in carried if c.carrier.name in self._names]
        self._loaded = [c for c in self._carried if c.name not in reacting]
        place = {c.name: k for k, c in enumerate(self._loaded)}
        count, n = len(self._loaded), self._old.shape[1]
        self._on = np.array([self._names.index(c.carrier.name) for c in self._loaded], dtype=np.int64)
        self._before = np.full((count, len(self._pairs)), -1, dtype=np.int64)
        for c in self._loaded:
            for k, (origin, into, _) in enumerate(self._pairs):
                if origin == c.carrier.name and c.turns.get(into, "") in place:
                    self._before[place[c.turns[into]], k] = place[c.name]
        self._fresh, self._loads, self._booked = np.zeros((count, n)), np.zeros((count, n)), np.zeros((count, 3))
        for c, fresh in zip(self._loaded, self._fresh, strict=True):
            if c.newborn == "each":
                fresh[:] = c.each
        self._per_load = np.zeros((2, count))

    def accounts(self) -> Iterable[Account]:
        """What came from and went to other species."""
        for number, s in enumerate(self.species):
            if number in self._targets:
                yield Account(s.name, "switched_in", 1, "came from other species")
            if number in self._origins:
                yield Account(s.name, "switched_out", -1, "became other species")
        for c in self._carried:
            on = self._names.index(c.carrier.name)
            if on in self._targets:
                yield Account(c.name, "switched_in", 1, "came with carriers that were another species")
            if on in self._origins:
                yield Account(c.name, "switched_out", -1, "went with carriers that became another species")

    def advance(self, phase: Phase, time: float, dt: float, book: Accounts) -> str:
        """Half a step; fixed values are those of its beginning or end. Fails where a rate is not finite. Collective."""
        for s in self.species:
            at = time if phase is Phase.FIRST else time + dt
            s.boundary_values(at, at, fixed=True)
        good = self._move(0.5 * dt, book)
        for s in self.species:
            if s.fixed_conditions:
                hold(s, book.page(s.name))
                s.variable.show()
        for c in self._carried:
            c.settle(time, dt, book)
        return "" if good else "a rate of transfer is not finite"

    def _move(self, h: float, book: Accounts) -> bool:
        for c in self._carried:
            c.settle(0.0, h, book)
        for s, old in zip(self.species, self._old, strict=True):
            old[:] = s.state
            s.variable.show()
        if not self._evaluate(self._rates):
            return False
        transfers.implicit(self._origins, self._targets, self._rates, h, self._old, self._middle, self._system)
        for s, middle in zip(self.species, self._middle, strict=True):
            s.variable.show(middle)
        if not self._evaluate(self._later):
            return False
        transfers.patankar(self._origins, self._rates, self._later, self._old, self._middle)
        transfers.implicit(self._origins, self._targets, self._rates, h, self._old, self._middle, self._system)
        if np.isfinite(self._tops).any():
            transfers.hold_back(self._origins, self._targets, self._tops, h, self._old, self._middle, self._rates, *self._shares)
        g = self.species[0].graph
        if self._loaded:
            self._carry(h, book)
        for k, ends in enumerate(zip(self._origins, self._targets, strict=True)):
            a, b = map(int, ends)
            amount = transfers.moved(a, b, self._rates[k], h, g.mass, self._middle, g.n_owned, self._old)
            for number, key in ((a, "switched_out"), (b, "switched_in")):
                book.page(self.species[number].name).add(key, amount)
        for s, new in zip(self.species, self._old, strict=True):
            np.maximum(new, 0.0, out=s.state)  # rounding of the last flow out
            s.variable.show()
            if s.log is not None:
                np.maximum(s.state, TINY, out=s.log)
                np.log(s.log, out=s.log)
        for c in self._carried:
            c.know()
        return True

    def _carry(self, h: float, book: Accounts) -> None:
        g = self.species[0].graph
        for c, load in zip(self._loaded, self._loads, strict=True):
            load[:] = c.species.state
        args = (self._origins, self._targets, self._rates, h, self._old, self._middle, self._on, self._before, self._fresh, g.mass)
        transfers.carry(*args, g.n_owned, self._loads, self._per_load[0], self._per_load[1], self._booked)
        for c, on, load, (came, went, kept) in zip(self._loaded, self._on, self._loads, self._booked, strict=True):
            page = book.page(c.name)
            if on in self._targets:
                page.add("switched_in", float(came))
            if on in self._origins:
                page.add("switched_out", float(went))
            page.add("born", float(kept))
            c.species.state[:] = load
            c.species.variable.show()

    def _evaluate(self, rates: Floats) -> bool:
        good = True
        for k, write in enumerate(self._write):
            write(rates[k])
            good = good and bool(np.isfinite(rates[k].max(initial=0.0)))
        return good
