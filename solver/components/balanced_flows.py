r"""What a quasi-steady species gains and loses in a step, of second order: by the mean of its rates at the last balance and at this one.

    amount of an account = dt/2 (rate_old + rate_new),    likewise at every site of the walls that it passes

Rates are known at balances only, which are at the ends of steps; after an event there is another balance, from which the next step begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..discretise.species import NodalSpecies
from ..kernels import own_law, stages
from ..state import State, Variable
from .boundaries import gains
from .workspace import Workspace

Floats = NDArray[np.float64]

_FLOW = "flow/"  # before the names of rates, in a checkpoint


class BalancedFlows:
    """The rates of one species at its last balance: variables that the state puts back and forth. NaN: there was none yet.

    rates (k,): [amount/time] by account, this rank's share; sites (s,): of each wall, out of the tissue.
    """

    def __init__(self, species: NodalSpecies, work: Workspace, state: State) -> None:
        self.species, self.work = species, work
        keys = ["born", "dead", *(f"{way}:{c.boundary}" for c in species.conditions for way in ("inflow", "outflow"))]
        self.keys = list(dict.fromkeys([*keys, *(w.account for w in species.walls), *(f"crossed:{c.membrane}" for c in species.crossings)]))
        self._rates = state.follow(_unknown(f"{_FLOW}{species.name}", len(self.keys)))
        self._sites = [state.follow(_unknown(_of_wall(w.vessel, species.name), len(w.nodes))) for w in species.walls]
        self._none, self._missing = np.zeros(species.graph.n_owned), np.zeros(species.graph.n_owned)

    def over(self, dt: float) -> dict[str, float]:
        """The amounts of a step of length dt that ends with the balance of now, by account; also what passed at each site of walls."""
        rates, last = self._now(), self._rates
        last.new[:] = [rates.get(key, 0.0) for key in self.keys]
        for wall, sites in zip(self.species.walls, self._sites, strict=True):
            sites.new[:] = wall.flow
            wall.flow[:] = dt * _mean(sites)
        return dict(zip(self.keys, map(float, dt * _mean(last)), strict=True))

    def _now(self) -> dict[str, float]:
        """Amounts per time at the balance that state and workspace hold."""
        s, wk, g = self.species, self.work, self.species.graph
        rates = {"born": stages.amount(g.mass, wk.production, g.n_owned), "dead": stages.amount_lost(g.mass, wk.loss, s.state, g.n_owned)}
        for c in s.conditions:
            sigma = g.mass[c.nodes] * c.specific_surface
            incoming = {"influx": c.value, "exchange": c.rate * c.value}.get(c.law.kind)
            if incoming is not None:
                rates[f"inflow:{c.boundary}"] = float((sigma * incoming).sum())
                rates["born"] -= rates[f"inflow:{c.boundary}"]
            if c.law.kind in ("exchange", "outflow"):
                rates[f"outflow:{c.boundary}"] = float((sigma * c.rate * s.state[c.nodes]).sum())
        if s.fixed_conditions:  # what keeps a value is what its node lacks of a balance
            own_law.balance(wk.edges, s.state, self._none, wk.production, wk.sinks, self._missing)
        for c in s.fixed_conditions:
            rates[f"inflow:{c.boundary}"], rates[f"outflow:{c.boundary}"] = gains(-self._missing[c.nodes])
        for wall in s.walls:
            rates[wall.account], came = wall.flows(1.0, s.state)
            rates["born"] -= came
        for crossing in s.crossings:
            rates[f"crossed:{crossing.membrane}"] = crossing.measure(wk.edges, s.state, wk.low, wk.shares, False, False)
        return rates

    def arrays(self) -> Mapping[str, Floats]:
        """The rates at the sites of walls, as rows of the tables of these."""
        return {sites.array: sites.new for sites in self._sites}

    def spare(self) -> Iterable[str]:
        """An earlier version booked by the rates of the end: its checkpoints lack them."""
        return [sites.array for sites in self._sites]

    def numbers(self) -> Mapping[str, Any]:
        """The rates of every rank. Collective."""
        shares = np.array(self.species.graph.comm.allgather(self._rates.new))
        return {f"{self._rates.array}/{key}": list(map(float, shares[:, k])) for k, key in enumerate(self.keys)}

    def restore(self, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
        """Put back what ``arrays`` and ``numbers`` gave: each rank its own share, or with other ranks the first one all."""
        comm = self.species.graph.comm
        for k, key in enumerate(self.keys):
            shares = numbers.get(f"{self._rates.array}/{key}", [np.nan] * comm.size)
            self._rates.new[k] = shares[comm.rank] if len(shares) == comm.size else sum(shares) if comm.rank == 0 else 0.0
        for sites in self._sites:
            if sites.array in arrays:
                sites.new[:] = arrays[sites.array]


def _unknown(name: str, n: int) -> Variable:
    return Variable(name, np.full(n, np.nan), n, lambda _: None, differs=False)


def _of_wall(vessel: str, species: str) -> str:
    return f"walls/{vessel}/rate of {species}"


def _mean(rates: Variable) -> Floats:
    """Of the rates at both ends; those of the end alone where others are not known."""
    return np.asarray(0.5 * (np.where(np.isnan(rates.old), rates.new, rates.old) + rates.new))
