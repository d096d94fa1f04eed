r"""Exact nodal updates of species that do not move.

With rates frozen over a time h, dc/dt = P + (r - q c) c has the solutions

    q = 0:  c(h) = c e^(r h) + P (e^(r h) - 1)/r          P = 0:  c(h) = c e^(r h) / (1 + q c (e^(r h) - 1)/r)

and, where both are there, that of Riccati's equation. They are non-negative, and come to rest where the law does, for any h.
P, r and q are those of the species' own law about the middle of h, where rates that depend on other immobile species are taken
as well (second order).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..accounts import Account, Accounts
from ..discretise.own_law import OwnLaw, is_quadratic, limits_itself
from ..discretise.species import NodalSpecies
from ..kernels.compiled import compiled
from ..kernels.stages import TINY
from .boundaries import accounts_of, content
from .protocol import Component, Phase

Floats = NDArray[np.float64]


@compiled
def _growth_factor(x: float) -> float:
    """(e^x - 1)/x."""
    return 1.0 + 0.5 * x if abs(x) < 1e-8 else math.expm1(x) / x


@compiled
def exact(density: Floats, production: Floats, rate: Floats, limitation: Floats, h: float, new: Floats) -> None:
    """new = the density after a time h, all arrays over nodes. Growth that quickens with the density (q < 0) is frozen if it
    would be infinite within h."""
    for i in range(len(density)):
        p, r, q, c = production[i], rate[i], limitation[i], density[i]
        if p > 0.0 and q > 0.0:
            new[i] = _riccati(c, p, r, q, h)
            continue
        if q < 0.0 and 1.0 + q * c * h * _growth_factor(min(r * h, 700.0)) < 0.1:
            r -= q * c
            q = 0.0
        x = min(r * h, 700.0)
        if r * h > 700.0 and q * c > 0.0:  # at rest, whatever it was
            new[i] = r / q
        else:
            new[i] = (c * math.exp(x) + p * h * _growth_factor(x)) / (1.0 + q * c * h * _growth_factor(x))


@compiled
def _riccati(c: float, p: float, r: float, q: float, h: float) -> float:
    """The density after a time h for p, q > 0, as a quotient of sums of what is not negative: nothing cancels or overflows.

    With D = sqrt(r^2 + 4 p q) and E = e^(-D h): c [D + r + (D - r) E] + 2 p (1 - E) over D - r + (D + r) E + 2 q c (1 - E).
    """
    d = math.sqrt(r * r + 4.0 * p * q)
    if d * h < 1e-12:
        return (c + (p + 0.5 * r * c) * h) / (1.0 + (q * c - 0.5 * r) * h)
    more, less = (d + r, 4.0 * p * q / (d + r)) if r > 0.0 else (4.0 * p * q / (d - r), d - r)
    left, gone = math.exp(-d * h), -math.expm1(-d * h)
    return (c * (more + less * left) + 2.0 * p * gone) / (less + more * left + 2.0 * q * c * gone)


@compiled
def follow_logarithm(density: Floats, production: Floats, rate: Floats, limitation: Floats, h: float, new: Floats, log: Floats) -> None:
    """Advance ln c as ``exact`` advances c: it goes on where c itself underflows. What was 0 from the start keeps its value."""
    for i in range(len(density)):
        q, c = limitation[i], density[i]
        if production[i] > 0.0 or q < 0.0 or (rate[i] * h > 700.0 and c > 0.0):
            log[i] = math.log(max(new[i], TINY))
        elif c > 0.0 or log[i] < -700.0:
            x = rate[i] * h
            log[i] += x - math.log1p(q * c * h * _growth_factor(min(x, 700.0)))


@compiled
def changes(mass: Floats, old: Floats, new: Floats, production: Floats, h: float, n_owned: int) -> tuple[float, float]:
    """Amounts gained and lost: production counts as gain, what is left of the change by its sign at each node."""
    born = 0.0
    dead = 0.0
    for i in range(n_owned):
        made = h * production[i]
        change = new[i] - old[i] - made
        born += mass[i] * (made + max(change, 0.0))
        dead += mass[i] * max(-change, 0.0)
    return born, dead


class Immobile(Component):
    """All species that do not move, together. coupled: those of which all terms are kinetics with others (components.kinetics)."""

    name = "immobile species"
    phases = frozenset({Phase.FIRST, Phase.SECOND})

    def __init__(self, species: list[NodalSpecies], coupled: Collection[str] = ()) -> None:
        self.species, self.coupled = species, coupled
        for s in species:
            s.variable.foreseen = s.name not in coupled
        n = len(species[0].state)
        self._rates = [(np.zeros(n), np.zeros(n), np.zeros(n)) for _ in species]
        self._new, self._made = ([np.zeros(n) for _ in species] for _ in range(2))
        self._scratch = np.zeros(n)
        names = {s.name for s in species}
        self._coupled = any(s.uses() & names for s in species)
        self._bracketed = {
            s.name: OwnLaw(s.law, s.evaluator, s.variable.mid) for s in species if limits_itself(s.law) and not is_quadratic(s.law)
        }
        self._ahead = False  # whether MID is extrapolated

    def accounts(self) -> Iterable[Account]:
        """Sources of each."""
        return (account for s in self.species for account in accounts_of(s))

    def contents(self) -> Mapping[str, float]:
        """The amount of each."""
        return {name: amount for s in self.species for name, amount in content(s).items()}

    def predict(self, phase: Phase, dt: float) -> None:
        """For the second look extrapolated to the end of the step."""
        if phase is Phase.END:
            for s in self.species:
                s.variable.predict(dt)
        elif phase is Phase.SECOND and self._ahead:
            for s in self.species:
                s.variable.show()
        self._ahead = phase is Phase.END

    def advance(self, phase: Phase, time: float, dt: float, book: Accounts) -> str:
        """Half a step, with the mobile species as they are shown."""
        h = 0.5 * dt
        self._evaluate()
        if self._coupled:
            self._integrate(0.5 * h)
            for s, new in zip(self.species, self._new, strict=True):
                s.variable.show(new)
            self._evaluate()
        self._integrate(h)
        for s, (p, r, q), made, new in zip(self.species, self._rates, self._made, self._new, strict=True):
            if s.log is not None:
                follow_logarithm(s.state, p, r, q, h, new, s.log)
            born, dead = changes(s.graph.mass, s.state, new, made, h, s.graph.n_owned)
            page = book.page(s.name)
            page.add("born", born)
            page.add("dead", dead)
            s.state[:] = new
            s.variable.show()
        return ""

    def _integrate(self, h: float) -> None:
        """The densities after a time h, of rates as they were evaluated."""
        for s, (p, r, q), new in zip(self.species, self._rates, self._new, strict=True):
            exact(s.state, p, r, q, h, new)
            if s.name in self._bracketed:
                shown = s.variable.mid.copy()
                self._bracketed[s.name].stay_before_rest(s.state, new)
                s.variable.show(shown)

    def _evaluate(self) -> None:
        for s, (p, r, q), made in zip(self.species, self._rates, self._made, strict=True):
            s.nodal_rates(p, r, q, s.variable.mid, self._scratch, made)
