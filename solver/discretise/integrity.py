r"""Integrity b of a membrane or wall: lost to enzymes, repaired, and what it lets through.

    db/dt = r (1 - b) - K b,    g(b) = (1 - b/b_c)^q for b < b_c, else 0

K is the sum of the degradation rates at a site: dissolved enzymes enter as the mean of its two sides, enzymes
bound to cells as their sum. Every rank that holds a site advances it by itself, from the same numbers, so that both
ends of a pair see the same b.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..kernels.compiled import compiled
from ..model.balance import IntegrityLaw
from ..model.walk import names_in
from ..output.layout import Rows
from ..parallel import agreed
from ..state import Variable
from .evaluate import number, total
from .site_values import Known, SiteEvaluator
from .sites import Sites

Floats = NDArray[np.float64]


@compiled
def _relax(b: Floats, repair: Floats, decay: Floats, h: float) -> None:
    """b after a time h of db/dt = r (1 - b) - K b with frozen rates, exactly; in [0, 1] for any h."""
    for i in range(len(b)):
        loss = max(decay[i], 0.0)
        x = -(repair[i] + loss) * h
        factor = 1.0 + 0.5 * x if abs(x) < 1e-8 else math.expm1(x) / x
        b[i] = min(1.0, b[i] * math.exp(x) + repair[i] * h * factor)


@compiled
def _opening(b: Floats, threshold: float, sharpness: float, out: Floats) -> None:
    """out = (1 - b/b_c)^q where b < b_c, else 0."""
    for i in range(len(b)):
        share = 1.0 - b[i] / threshold
        out[i] = 0.0 if share <= 0.0 else share if sharpness == 1.0 else share**sharpness


@compiled
def _first_below(old: Floats, new: Floats, level: float, n_owned: int) -> float:
    """The share of a step after which the first of the owned sites falls below a level; inf if none does."""
    share = np.inf
    for i in range(n_owned):
        if new[i] < level:
            drop = old[i] - new[i]
            share = min(share, max(0.0, (old[i] - level) / drop) if drop > 0.0 else 0.0)
    return share


@compiled
def _miss(
    measure: Floats, b: Floats, old: Floats, rate: Floats, before: Floats, dt: float, bend: float, n_owned: int
) -> tuple[float, float]:
    """sum sigma e^2 and sum sigma, e being what the quadratic extrapolation of b misses: b is of size 1."""
    error = 0.0
    size = 0.0
    for i in range(n_owned):
        miss = b[i] - old[i] - dt * (rate[i] + bend * (rate[i] - before[i]))
        error += measure[i] * miss * miss
        size += measure[i]
    return error, size


class Integrity:
    """b at the sites of one surface.

    variable: b, on owned sites and copies alike. first_breach: when the first owned site of this rank fell below ``breach``; inf before.

    Args:
        what: "membrane" or "wall of vessel", for messages; known: what the rates read, densities with ghosts that are up to date.

    Raises ScenarioError, on all ranks, for an initial value outside [0, 1]. Collective.
    """

    def __init__(self, what: str, name: str, law: IntegrityLaw, sites: Sites, known: Known) -> None:
        self.what, self.name, self.law, self.sites = what, name, law, sites
        used = names_in(law.degradation)
        self._sides = [SiteEvaluator(column, sites.points, known, used) for column in sites.nodes.T]
        groups = {how: total([d.expr for d in law.degradation if d.sides == how]) for how in ("mean", "sum")}
        share = {"mean": 1.0 / len(self._sides), "sum": 1.0}
        self._rates: list[tuple[Callable[[Floats], None], float]] = [
            (side.compile(expr), share[how]) for how, expr in groups.items() if expr is not None for side in self._sides
        ]
        b, self._decay, self._scratch, self._repair = (np.zeros(sites.n) for _ in range(4))
        self.threshold, self.sharpness, self.breach = (
            number(expr, known.parameters) for expr in (law.threshold, law.sharpness, law.breach)
        )
        self._sides[0].compile(law.repair)(self._repair)
        self._sides[0].compile(law.initial)(b)
        rows = Rows(sites.numbers[: sites.n_owned], sites.total)
        self.variable = Variable(f"sites/{name}/b", b, sites.n_owned, sites.halo.update, rows=rows)
        self.static = not law.degradation and not sites.comm.allreduce(bool(self._repair.any()), MPI.LOR)
        self.first_breach = math.inf
        with agreed(sites.comm):
            bad = ~((b >= 0.0) & (b <= 1.0))
            if bad.any():
                at = ", ".join(f"{x:g}" for x in sites.points[np.argmax(bad)])
                raise ScenarioError(
                    f"its initial integrity is {b[np.argmax(bad)]:g} at x = {at}",
                    code="wrong-initial",
                    place=f"{what} {name}",
                    remedy="it must lie between 0 (gone) and 1 (whole)",
                )

    @property
    def b(self) -> Floats:
        """The integrity as far as it has come (s,)."""
        return self.variable.new

    def advance(self, time: float, h: float) -> None:
        """Advance b by h with the species as they are in the fields and rates at ``time``."""
        if self.static:
            return
        for side in self._sides:
            side.gather(time)
        self._decay[:] = 0.0
        for write, share in self._rates:
            write(self._scratch)
            self._scratch *= share
            self._decay += self._scratch
        _relax(self.b, self._repair, self._decay, h)

    def opening(self, out: Floats) -> None:
        """g(b) at every site."""
        _opening(self.b, self.threshold, self.sharpness, out)

    def note_breach(self, time: float, dt: float) -> None:
        """Note when the first site was breached in an accepted step that began at ``time``."""
        if math.isinf(self.first_breach):
            self.first_breach = time + dt * _first_below(self.variable.old, self.b, self.breach, self.sites.n_owned)

    def recall(self, first_breach: float) -> None:
        """Go on with the time of the first breach of the whole surface."""
        self.first_breach = first_breach

    def surprise(self, dt: float, bend: float) -> tuple[float, float]:
        """What the quadratic extrapolation misses, as sums over this rank's own sites: sum sigma e^2 and sum sigma."""
        v = self.variable
        return _miss(self.sites.measure, v.new, v.old, v.rate, v.rate_before, dt, bend, self.sites.n_owned)

    def row(self) -> tuple[dict[str, float], dict[str, float]]:
        """This rank's part of area, sigma b and breached area, and its least b and time of breach."""
        n = self.sites.n_owned
        sigma, value = self.sites.measure[:n], self.b[:n]
        sums = {"area": float(sigma.sum()), "integrity_mean": float(sigma @ value)}
        sums["breached_area"] = float(sigma[value < self.breach].sum())
        return sums, {"integrity_min": float(value.min(initial=np.inf)), "first_breach": self.first_breach}
