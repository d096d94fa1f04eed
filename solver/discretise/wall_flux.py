r"""Flux of one species through the wall of one vessel, as a nodal sink and source with an account of its own.

    flux out of the tissue at a site = sigma k (c - c_v),   k = g k_opened + (1 - g) k_closed,   k_torn where torn

so that at the site's node s_i += k sigma / m_i and P_i += k c_v sigma / m_i. A thin line in 3-D does not see the gradient
around it; k there is 1/(1/k + (R/D) ln(r_e/R)), with r_e the radius at which the mesh's nodal value holds and D the diffusivity
or random motility; what has none (cells that only follow gradients) keeps k.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from ..kernels import surfaces
from ..model.balance import WallFlux
from ..model.walk import names_in
from ..scenario.expressions import Binary, Expr, Number
from ..scenario.tree import names
from .passage_rate import INTEGRITY
from .site_values import Known, SiteEvaluator
from .sites import Sites

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class WallCrossing:
    """One species at one vessel's sites.

    torn (s,): where the wall is torn. opening: writes the share g of the wall that is open into an array (s,); None: all of it.
    limit (s,): rates beyond it change nothing but the digits that the linear solver loses.
    integrity (s,): b, for formulas that name it.
    series (s,): L = R ln(r_e/R) of a line [length], 0 elsewhere; with ``diffusion`` it becomes the resistance L/D.
    flow (s,): amounts of the last attempted step; entered (s,): all amounts so far, of accepted steps.
    """

    def __init__(
        self,
        vessel: str,
        account: str,
        law: WallFlux,
        sites: Sites,
        torn: NDArray[np.bool_],
        known: Known,
        mass: Floats,
        opening: Callable[[Floats], None] | None,
        steady: bool,
        limit: Floats,
        series: Floats,
        diffusion: Expr | Floats | None,
        integrity: Floats | None = None,
    ) -> None:
        self.vessel, self.account, self.law, self.sites, self._mass = vessel, account, law, sites, mass
        self.nodes = np.ascontiguousarray(sites.nodes[:, 0])
        self._opening, self._limit, n = opening, limit, sites.n
        parts = {"opened": law.opened, "closed": law.closed, "torn": law.torn, "inside": law.inside}
        diffusing = diffusion if not isinstance(diffusion, np.ndarray) else None
        used = names_in(*parts.values(), diffusing)
        self._values_at = SiteEvaluator(self.nodes, sites.points, known, used, {} if integrity is None else {INTEGRITY: integrity})
        self.static = steady and not known.moving(used)
        self._torn = torn & (law.torn is not None)
        self._values = {what: np.zeros(n) for what in parts}
        self._write = [(what, self._values_at.compile_clipped(expr or Number(0.0)), self._values[what]) for what, expr in parts.items()]
        self._length, self._series, self._g = series, np.zeros(n), np.ones(n)
        self._diffusion = np.ones(n) if diffusion is None else diffusion if isinstance(diffusion, np.ndarray) else np.zeros(n)
        self._write_diffusion = self._values_at.compile_clipped(diffusing) if diffusing is not None else None
        both = law.inside is not None and "t" in names(law.inside) and "t" in names_in(law.opened, law.closed, law.torn)
        brought = {w: Binary("*", e or Number(0.0), law.inside or Number(0.0)) for w, e in parts.items() if w != "inside" and both}
        self._write_carried = [(what, self._values_at.compile_clipped(expr)) for what, expr in brought.items()]
        self._carried, self._both = {what: np.zeros(n) for what in brought}, (np.zeros(n), np.zeros(n))
        self._free, self._boundless = np.zeros(n), np.full(n, np.inf)
        self.rate, self.inside, self.flow, self.entered = (np.zeros(n) for _ in range(4))

    def evaluate(self, begin: float, end: float) -> None:
        """Evaluate k and c_v for an interval of time, of the fields as they are, negative ones as 0; SolverError for what is no number."""
        self._values_at.gather(begin, end)
        for what, write, out in self._write:
            write(out)
            bad = np.isnan(out)
            if bad.any():
                at = ", ".join(f"{x:g}" for x in self.sites.points[np.argmax(bad)])
                raise SolverError(
                    f"the {_WORDS[what]} is no number at {self._values_at.times.said(0.5 * (begin + end))}, x = {at}",
                    code="bad-rate",
                    place=f"vessel {self.vessel}, species {self.law.species}",
                    remedy="it must be a number >= 0",
                )
        if self._opening is not None:
            self._opening(self._g)
        if self._write_diffusion is not None:
            self._write_diffusion(self._diffusion)
        np.divide(self._length, self._diffusion, out=self._series, where=self._length > 0.0)
        v = self._values
        surfaces.wall_rate(v["opened"], v["closed"], v["torn"], self._torn, self._g, self._series, self._limit, self.rate)
        self.inside[:] = v["inside"]
        if self._write_carried:
            self._carry()

    def _carry(self) -> None:
        """Take as c_v the mean of k c_v over that of k, where both depend on time."""
        for what, write in self._write_carried:
            write(self._carried[what])
        for values, out in ((self._carried, self._both[0]), (self._values, self._both[1])):
            parts = (values["opened"], values["closed"], values["torn"])
            surfaces.wall_rate(*parts, self._torn, self._g, self._free, self._boundless, out)
        np.divide(*self._both, out=self.inside, where=self._both[1] > 0.0)

    def add(self, production: Floats, sinks: Floats) -> None:
        """Add to the nodal production and sinks."""
        surfaces.add_wall(self.nodes, self.sites.measure, self._mass, self.rate, self.inside, production, sinks)

    def specific_rate(self) -> Floats:
        """The sink of each site at its node, k sigma/m (s,)."""
        return np.asarray(self.rate * self.sites.measure / self._mass[self.nodes])

    def flows(self, dt: float, seen: Floats) -> tuple[float, float]:
        """What left the tissue in a time dt with the density that the sinks acted on, and what came in, part of the production.

        This rank's amounts; ``flow`` holds what left at every site.
        """
        out, came = surfaces.wall_flow(self.nodes, self.sites.measure, self.rate, self.inside, seen, dt, self.flow)
        return out, came

    def accept(self) -> None:
        """The last attempt counts."""
        self.entered += self.flow

    def flux(self, density: Floats) -> Floats:
        """Amount per time out of the tissue at every site, with the rates last evaluated."""
        return np.asarray(self.sites.measure * self.rate * (density[self.nodes] - self.inside))


_WORDS = {
    "opened": "rate of entry",
    "closed": "rate of entry through the closed wall",
    "torn": "rate of entry where torn",
    "inside": "density inside",
}
