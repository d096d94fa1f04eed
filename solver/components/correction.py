"""Where a step of high order would be negative or too dense: the low-order solution, and the limiter between both."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from ..discretise.species import NodalSpecies
from ..kernels import limiter, restoring, stages
from .boundaries import fix_rows
from .high_order import HighOrder
from .options import SchemeOptions
from .packing import Packing
from .workspace import Workspace

NEGATIVE_MASS = 1e-12  # of the species' amount: what a low-order solution may lack through solver error


class Corrected(HighOrder):
    """Blends with backward Euler of the low-order flux."""

    def __init__(self, species: NodalSpecies, work: Workspace, options: SchemeOptions) -> None:
        super().__init__(species, work, options)
        self.clipped = 0.0  # amount set to zero because of solver error
        self.kept = 1.0  # share of the antidiffusive flux that the limiter let pass in the last step
        local = options.limiter == "local_bounds"
        self.packing = Packing(species, work, local) if local or species.law.maximum is not None else None
        self._extremes = np.zeros(3)  # the smallest new density, -dt s of the tissue, -dt s with gates; the least of all ranks

    def _correct(self, dt: float, usable: bool) -> bool:
        """Low-order solution, limiter, corrected density in ``work.new`` and what the sinks saw in ``work.seen``."""
        s, g, wk = self.species, self.graph, self.work
        n = g.n_owned
        if self.low is None:
            self.low = wk.system(f"{s.name}_low_", self.options.linear, *self._kind)
        system, own = self.low, self.own
        stages.non_negative(wk.new if usable else s.state[:n], system.x)
        if own is not None:
            tools = (lambda: self._fill(system, dt, True), lambda: fix_rows(s, system, wk.edges, dt, low_order=True))
            cap = (lambda: None) if self.packing is None else partial(self.packing.cap_production, dt)
            # between neighbours' extremes, fluxes and sources that balance each other would be cut apart where both are large
            apart = self.options.limiter == "local_bounds" and -self._extremes[1] > 1.0
            usable = usable and not own.gone_below(dt, self.high.x) and not apart
            if not own.low_order(system, dt, *tools, cap):
                return self._failed(f"linear solver ({system.outcome})")
        if not self._fill(system, dt, low_order=True):
            return self._failed("the matrix is not finite")
        if own is None and self.packing is not None:
            self.packing.cap_production(dt)
        stages.implicit_side(g.mass, s.state, wk.production, dt, system.b)
        if self._pulling is not None and self.source is not None:
            restoring.loss(g.mass, self._pulling.rate, self.source, self._pulling.mean, wk.production, dt, system.b)
        if self._settles:
            stages.settle_emptied(g.mass, wk.sinks, dt, system.b, system.x)
        fix_rows(s, system, wk.edges, dt, low_order=True)
        rtol = self.options.linear.rtol
        if own is not None:  # v is the low solution and the error of its solver, dt s times as large as that of the density
            rtol = max(1e-13, rtol / max(1.0, -float(self._extremes[1])))
        for attempt in range(4):
            if not system.solve(rtol):
                return self._failed(f"linear solver ({system.outcome})")
            stages.non_negative(system.x, wk.low[:n])
            if not usable:
                wk.w[:n] = wk.low[:n]
            acted = wk.w if own is None else own.act(usable)
            g.halo.update(wk.low, wk.w)
            args = (wk.production, wk.sinks, s.fixed, s.state, wk.w, acted, wk.low, dt)
            masses = limiter.low_order_and_ratios(wk.edges, *args, wk.v, wk.shares.down)
            negative, amount = g.comm.allreduce(np.array(masses))
            if not math.isfinite(negative + amount):
                return self._failed("non-finite values")
            allowed = NEGATIVE_MASS * max(0.0, amount)  # what comes in at fixed values may exceed what is there
            if negative <= allowed or attempt == 3:
                break
            rtol *= max(1e-3, 0.1 * allowed / negative)
        if self.packing is not None:
            sums = self.packing.correct(dt, acted)
        else:
            g.halo.update(wk.shares.down)
            sums = limiter.corrected(wk.edges, wk.sinks, s.fixed, wk.w, acted, wk.low, wk.v, wk.shares.down, dt, wk.new, wk.seen)
        used, total, added, amount = g.comm.allreduce(np.array(sums))
        self.kept = 1.0 if total == 0.0 else float(used / total)
        if added > 0.0 and amount > 0.0:
            wk.new *= 1.0 - added / amount
            self.clipped += float(added)
        return bool(math.isfinite(amount)) or self._failed("non-finite values")
