r"""What leaves one species and enters another, nodewise, conservative and non-negative for any step.

With transfers k from a(k) to b(k) at rates r_k(c), MPRK22 (Burchard, Deleersnijder, Meister 2003,
doi:10.1016/S0168-9274(03)00101-6) takes every amount from a and puts the same amount into b,

    U = c + h sum_k (e_b - e_a) r_k(c) U_a
    c_new = c + (h/2) sum_k (e_b - e_a) (r_k(c) c_a + r_k(U) U_a) / U_a  c_new_a

Both are M-matrix systems per node, of the size of the number of species that take part. Second order.

Into a species with a stated maximum no more goes than there is room for; the rest stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..accounts import Account, Accounts
from ..discretise.evaluate import Evaluator
from ..discretise.species import NodalSpecies
from ..kernels.compiled import compiled
from ..kernels.stages import TINY
from .boundaries import hold
from .protocol import Component, Phase

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@compiled
def implicit(origins: Numbers, targets: Numbers, rates: Floats, h: float, old: Floats, new: Floats, system: Floats) -> None:
    """new = old + h sum_k (e_b - e_a) r_k new_a at every node: Gauss elimination without pivots, which an M-matrix does not need.

    old, new (species, n); rates (transfers, n); system (species, species + 1): scratch.
    """
    size = len(old)
    for i in range(old.shape[1]):
        for a in range(size):
            for b in range(size):
                system[a, b] = 1.0 if a == b else 0.0
            system[a, size] = old[a, i]
        for k in range(len(origins)):
            flow = h * rates[k, i]
            system[origins[k], origins[k]] += flow
            system[targets[k], origins[k]] -= flow
        for a in range(size):
            for b in range(a + 1, size):
                factor = system[b, a] / system[a, a]
                if factor != 0.0:
                    for column in range(a, size + 1):
                        system[b, column] -= factor * system[a, column]
        for a in range(size - 1, -1, -1):
            value = system[a, size]
            for b in range(a + 1, size):
                value -= system[a, b] * new[b, i]
            new[a, i] = value / system[a, a]


@compiled
def patankar(origins: Numbers, before: Floats, after: Floats, old: Floats, middle: Floats) -> None:
    """before = (r(c) c_a + r(U) U_a) / (2 U_a), the rates of the second stage; their mean where there is nothing left."""
    for k in range(len(origins)):
        a = origins[k]
        for i in range(old.shape[1]):
            ratio = old[a, i] / middle[a, i] if middle[a, i] > 1e-200 else 1.0
            before[k, i] = 0.5 * (before[k, i] * ratio + after[k, i])


@compiled
def hold_back(
    origins: Numbers, targets: Numbers, tops: Floats, h: float, old: Floats, new: Floats, rates: Floats, share: Floats, give: Floats
) -> None:
    """Lower the rates at every node until nothing that comes in lifts a species s above tops_s; share, give (species,): scratch.

    Each species takes a share of what comes in, lowered from 1 until all fits, what leaves it counted. Where that does not
    end soon (transfers in a ring), what leaves is not counted, and limited to what is there.
    """
    for i in range(old.shape[1]):
        share[:] = 1.0
        give[:] = 1.0
        over = True
        for attempt in range(2 * len(old) + 1):
            over = False
            last = attempt == 2 * len(old)
            for s in range(len(old)):
                coming = going = 0.0
                for k in range(len(origins)):
                    flow = h * rates[k, i] * new[origins[k], i]
                    if targets[k] == s:
                        coming += flow
                    elif origins[k] == s:
                        going += flow if last else share[targets[k]] * flow
                room = tops[s] - old[s, i]
                if last:
                    share[s] = 1.0 if coming <= max(0.0, room) else max(0.0, room) / coming
                    give[s] = 1.0 if going <= old[s, i] else old[s, i] / going
                elif coming > 0.0 and share[s] > 0.0 and share[s] * coming - going > room + 1e-15 * tops[s]:
                    over = True
                    share[s] = max(0.0, room + going) / coming
            if not over:
                break
        for k in range(len(origins)):
            rates[k, i] *= min(share[targets[k]], give[origins[k]])


@compiled
def moved(origin: int, target: int, rate: Floats, h: float, mass: Floats, new: Floats, n_owned: int, density: Floats) -> float:
    """Add what one transfer moves to density (2, n): out of the origin, into the target; returns its amount over owned nodes."""
    total = 0.0
    for i in range(density.shape[1]):
        flow = h * rate[i] * new[origin, i]
        density[origin, i] -= flow
        density[target, i] += flow
        if i < n_owned:
            total += mass[i] * flow
    return total


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
        self._write = [evaluator.compile(rate) for _, _, rate in pairs]
        n = evaluator.n
        self._old, self._middle = np.zeros((len(names), n)), np.zeros((len(names), n))
        self._rates, self._later = np.zeros((len(pairs), n)), np.zeros((len(pairs), n))
        self._system = np.zeros((len(names), len(names) + 1))
        limits = [species[name].law.maximum for name in names]
        self._tops = np.array([np.inf if limit is None else limit for limit in limits])
        self._shares = np.zeros((2, len(names)))

    def accounts(self) -> Iterable[Account]:
        """What came from and went to other species."""
        for number, s in enumerate(self.species):
            if number in self._targets:
                yield Account(s.name, "switched_in", 1, "came from other species")
            if number in self._origins:
                yield Account(s.name, "switched_out", -1, "became other species")

    def advance(self, phase: Phase, time: float, dt: float, book: Accounts) -> str:
        """Half a step; fixed values are those of its beginning or end. Fails where a rate is negative or not finite. Collective."""
        for s in self.species:
            s.boundary_values(time if phase is Phase.FIRST else time + dt, fixed=True)
        good = self._move(0.5 * dt, book)
        for s in self.species:
            if s.fixed_conditions:
                hold(s, book.page(s.name))
                s.variable.show()
        return "" if good else "a rate of transfer is negative or not finite"

    def _move(self, h: float, book: Accounts) -> bool:
        for s, old in zip(self.species, self._old, strict=True):
            old[:] = s.state
            s.variable.show()
        if not self._evaluate(self._rates):
            return False
        implicit(self._origins, self._targets, self._rates, h, self._old, self._middle, self._system)
        for s, middle in zip(self.species, self._middle, strict=True):
            s.variable.show(middle)
        if not self._evaluate(self._later):
            return False
        patankar(self._origins, self._rates, self._later, self._old, self._middle)
        implicit(self._origins, self._targets, self._rates, h, self._old, self._middle, self._system)
        if np.isfinite(self._tops).any():
            hold_back(self._origins, self._targets, self._tops, h, self._old, self._middle, self._rates, *self._shares)
        g = self.species[0].graph
        for k, ends in enumerate(zip(self._origins, self._targets, strict=True)):
            a, b = map(int, ends)
            amount = moved(a, b, self._rates[k], h, g.mass, self._middle, g.n_owned, self._old)
            for number, key in ((a, "switched_out"), (b, "switched_in")):
                book.page(self.species[number].name).add(key, amount)
        for s, new in zip(self.species, self._old, strict=True):
            np.maximum(new, 0.0, out=s.state)  # rounding of the last flow out
            s.variable.show()
            if s.log is not None:
                np.maximum(s.state, TINY, out=s.log)
                np.log(s.log, out=s.log)
        return True

    def _evaluate(self, rates: Floats) -> bool:
        good = True
        for k, write in enumerate(self._write):
            rate = rates[k]
            write(rate)
            least = rate.min(initial=0.0)
            good = good and bool(least >= 0.0 and np.isfinite(rate.max(initial=0.0)))
        return good
