r"""Permeability of a membrane that is a formula: of position, time, the integrity, and densities beside the membrane.

    kappa = [ f(x, t, b, c_0) + f(x, t, b, c_1) ]/2

c_0 and c_1 being the densities on the two sides, as for the enzymes that degrade it. Both ends of a pair use one number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from ..kernels import surfaces
from ..scenario.expressions import Expr
from ..scenario.tree import names
from .integrity import Integrity
from .site_values import Known, SiteEvaluator

Floats = NDArray[np.float64]

INTEGRITY = "integrity"  # the name of b in formulas


class PassageRate:
    """kappa at every site of one membrane, for one species; ``values`` (s,) [length/time] as evaluated last.

    Args:
        known: what the formula may name besides the integrity; ghosts of densities must be up to date.
    """

    def __init__(self, species: str, expr: Expr, integrity: Integrity, known: Known) -> None:
        self.species, self.integrity = species, integrity
        self.uses = names(expr)
        sites = integrity.sites
        self.static = not known.moving(self.uses) and (integrity.static or INTEGRITY not in self.uses)
        sides = sites.nodes.T if self.uses & {*known.fields, *known.places} else sites.nodes.T[:1]
        self._sides = [SiteEvaluator(column, sites.points, known, self.uses, {INTEGRITY: integrity.b}) for column in sides]
        self._writes = [side.compile_clipped(expr) for side in self._sides]
        self.values, self._scratch = np.zeros(sites.n), np.zeros(sites.n)

    def evaluate(self, begin: float, end: float) -> None:
        """Fill ``values`` for an interval of time, of the fields and b as they are, negative ones as 0; SolverError where not finite."""
        self.values[:] = 0.0
        for side, write in zip(self._sides, self._writes, strict=True):
            side.gather(begin, end)
            write(self._scratch)
            self._check(0.5 * (begin + end))
            self._scratch /= len(self._sides)
            self.values += self._scratch

    def _check(self, time: float) -> None:
        wrong = surfaces.first_wrong(self._scratch)
        if wrong >= 0:
            at = ", ".join(f"{x:g}" for x in self.integrity.sites.points[wrong])
            raise SolverError(
                f"the permeability is {self._scratch[wrong]:g} at {self._sides[0].times.said(time)}, x = {at}",
                code="bad-rate",
                place=f"membrane {self.integrity.name}, species {self.species}",
                remedy="it must be a finite number >= 0",
            )

    def take_from_owners(self) -> None:
        """Both ranks that hold a pair use the numbers of its owner. Collective."""
        self.integrity.sites.halo.update(self.values)
