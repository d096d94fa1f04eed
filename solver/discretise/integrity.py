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
from ..kernels import surfaces
from ..model.balance import IntegrityLaw
from ..model.walk import names_in
from ..output.layout import Rows
from ..parallel import agreed
from ..state import Variable
from .evaluate import number, total
from .site_values import Known, SiteEvaluator
from .sites import Sites

Floats = NDArray[np.float64]


class Integrity:
    """b at the sites of one surface.

    variable: b, on owned sites and copies alike. first_breach: when the first owned site of this rank fell below ``breach``; inf before.

    Args:
        what: "membrane" or "wall of vessel", for messages; known: what the rates read, densities with ghosts that are up to date.

    Raises ScenarioError, on all ranks, for an initial value outside [0, 1]. Collective.
    """

    def __init__(self, what: str, name: str, law: IntegrityLaw, sites: Sites, known: Known) -> None:
        self.what, self.name, self.law, self.sites = what, name, law, sites
        self.uses = used = names_in(law.degradation)
        self._sides = [SiteEvaluator(column, sites.points, known, used) for column in sites.nodes.T]
        groups = {how: total([d.expr for d in law.degradation if d.sides == how]) for how in ("mean", "sum")}
        share = {"mean": 1.0 / len(self._sides), "sum": 1.0}
        self._rates: list[tuple[Callable[[Floats], None], float]] = [
            (side.compile(expr), share[how]) for how, expr in groups.items() if expr is not None for side in self._sides
        ]
        b, self._decay, self._later, self._scratch, self._repair = (np.zeros(sites.n) for _ in range(5))
        self.threshold, self.sharpness, self.breach = (
            number(expr, known.parameters) for expr in (law.threshold, law.sharpness, law.breach)
        )
        self._sides[0].compile(law.repair)(self._repair)
        self._sides[0].compile(law.initial)(b)
        rows = Rows(sites.numbers[: sites.n_owned], sites.total)
        self.variable = Variable(f"sites/{name}/b", b, sites.n_owned, sites.halo.update, rows=rows, weights=sites.measure, unit=True)
        self.repaired = bool(sites.comm.allreduce(bool(self._repair.any()), MPI.LOR))
        self.static = not law.degradation and not self.repaired
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

    def advance(self, begin: float, end: float) -> None:
        """Advance b from one time to another, with the species as they are in the fields."""
        if self.static:
            return
        self._degradation(begin, end, self._decay)
        surfaces.relax(self.b, self._repair, self._decay, end - begin)

    def begin(self, time: float) -> None:
        """Take K at the beginning of a step, of the fields as they are."""
        self._degradation(time, time, self._decay)

    def follow(self, time: float, h: float) -> None:
        """b a time h after the beginning of the step, by K as it was then and as it is now."""
        self._degradation(time, time, self._later)
        self.b[:] = self.variable.old
        surfaces.follow_rest(self.b, self._repair, self._decay, self._later, h)

    def _degradation(self, begin: float, end: float, out: Floats) -> None:
        for side in self._sides:
            side.gather(begin, end)
        out[:] = 0.0
        for write, share in self._rates:
            write(self._scratch)
            self._scratch *= share
            out += self._scratch

    def opening(self, out: Floats) -> None:
        """g(b) at every site."""
        surfaces.opening(self.b, self.threshold, self.sharpness, out)

    def note_breach(self, time: float, dt: float) -> None:
        """Note when the first site was breached in an accepted step that began at ``time``."""
        if math.isinf(self.first_breach):
            self.first_breach = time + dt * surfaces.first_below(self.variable.old, self.b, self.breach, self.sites.n_owned)

    def recall(self, first_breach: float) -> None:
        """Go on with the time of the first breach of the whole surface."""
        self.first_breach = first_breach

    def row(self) -> tuple[dict[str, float], dict[str, float]]:
        """This rank's part of area, sigma b and breached area, and its least b and time of breach."""
        n = self.sites.n_owned
        sigma, value = self.sites.measure[:n], self.b[:n]
        sums = {"area": float(sigma.sum()), "integrity_mean": float(sigma @ value)}
        sums["breached_area"] = float(sigma[value < self.breach].sum())
        return sums, {"integrity_min": float(value.min(initial=np.inf)), "first_breach": self.first_breach}
