"""Cells that reach a share of an organ which is tissue of the mesh: whole units, one by one, out of the wall of a vessel there.

They are those of the run's own history of chance, cell by cell, or stated ones. A unit that arrives within the step in which it entered
appears at its end. Each goes to one place of the wall, drawn in proportion to its area: c becomes c + R/m there. What is drawn is the same
on all ranks.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..accounts import Account, Accounts
from ..circulation.draws import Keys, Purpose, uniform
from ..circulation.entry import begin, integrated, mixes, phenotypes, sizes_of, times_at
from ..circulation.errors import CirculationError
from ..circulation.passage import passage
from ..circulation.plan import Entries, Plan
from ..circulation.routes import Body
from ..components.protocol import Component
from ..scenario.anatomy import SITE
from ..scenario.check_cascade import phenotypes as phenotypes_of
from ..scenario.jumps import merged
from ..scenario.schema import Scenario

if TYPE_CHECKING:
    from ..discretise.problem import Problem

Floats = NDArray[np.float64]
log = logging.getLogger("invasio.run")
AT_ONCE = 200_000  # events that are followed at once
MOST = 20_000_000  # of a run


class Arrivals(Component):
    """What waits to come out of the wall at one site: (time, identity, cells of each phenotype)."""

    def __init__(self, scenario: Scenario, organ: str, problem: Problem) -> None:
        assert scenario.organs is not None and scenario.circulation is not None
        site, self.kinds = scenario.organs.sites[organ], phenotypes_of(scenario)
        self.name, self.organ, self._problem, self._seed = f"site {organ}", organ, problem, scenario.circulation.seed
        self._ends = (scenario.time.start, scenario.time.end)
        self.drawn = site.arrivals == "drawn"
        self._waiting: list[tuple[float, int, list[float]]] = []
        if not isinstance(site.arrivals, str):
            self._waiting = [
                (one.at, number, [float(one.cells.get(kind, 0)) for kind in self.kinds]) for number, one in enumerate(site.arrivals)
            ]
        self.factors: dict[str, float] = {}
        self._came = dict.fromkeys(self.kinds, 0.0)
        vessel = problem.vessels[site.vessel].sites
        n = vessel.n_owned
        numbers: list[int] = [int(number) for number in vessel.numbers[:n]]
        self._nodes: dict[int, int] = dict(zip(numbers, [int(node) for node in vessel.nodes[:n, 0]], strict=True))
        here = list(zip(numbers, [float(measure) for measure in vessel.measure[:n]], strict=True))
        rows = sorted(pair for part in vessel.comm.allgather(here) for pair in part)
        self._numbers = [number for number, _ in rows]
        self._limits: Floats = np.cumsum([measure for _, measure in rows])

    def accounts(self) -> Iterable[Account]:
        """What came, of each phenotype."""
        for kind in self.kinds:
            yield Account(kind, f"arrived:{self.organ}", 1, f"arrived in {self.organ}")

    def know(self, factors: dict[str, float]) -> None:
        """Know the cells of an amount 1 of each phenotype; warn of places that hold less than one at density 1. Collective."""
        self.factors = factors
        g, nodes = self._problem.graph, list(self._nodes.values())
        held = min(factors[kind] for kind in self.kinds) * float(g.mass[nodes].min(initial=math.inf))
        least = g.comm.allreduce(held, MPI.MIN)
        if least < 1.0 and g.comm.rank == 0:
            remedy = "growth that density limits would kill a part of it: give a coarser mesh or a greater depth"
            log.warning("site %s: a cell that arrives has a density of %.3g there; %s", self.organ, 1.0 / least, remedy)

    def add(self, now: float, time: float, ident: int, cells: list[float]) -> None:
        """Let a unit wait that arrives at a time, or now where that is over."""
        self._waiting.append((max(time, now), ident, cells))

    def next_event(self, after: float) -> float:
        """The next arrival."""
        return min((time for time, _, _ in self._waiting if time > after), default=math.inf)

    def apply(self, time: float, book: Accounts) -> None:
        """Put the cells to the wall, and book them."""
        until = merged(time, *self._ends)
        due = sorted(one for one in self._waiting if one[0] <= until)
        self._waiting = [one for one in self._waiting if one[0] > until]
        mass = self._problem.graph.mass
        for _, ident, cells in due:
            u = Keys(np.array([self._seed], np.uint64), np.array([ident], np.uint64)).uniform(Purpose.SITE)[0, 0]
            number = self._numbers[min(int(np.searchsorted(self._limits, u * self._limits[-1])), len(self._numbers) - 1)]
            for kind, count in zip(self.kinds, cells, strict=True):
                self._came[kind] += count
                if count and number in self._nodes:
                    amount, node = count / self.factors[kind], self._nodes[number]
                    self._problem.species[kind].state[node] += amount / mass[node]
                    book.page(kind).add(f"arrived:{self.organ}", amount)

    def row(self, time: float) -> Mapping[str, float]:
        """Whole cells that came so far, of each phenotype."""
        return {f"site.{self.organ}.arrived:{kind}": count for kind, count in self._came.items()}

    def numbers(self) -> Mapping[str, Any]:
        """Who waits, and how many came."""
        waiting = [[time, float(ident >> 32), float(ident & 0xFFFFFFFF), *cells] for time, ident, cells in self._waiting]
        return {f"site/{self.organ}/waiting": waiting, f"site/{self.organ}/came": list(self._came.values())}

    def restore(self, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
        """Put them back."""
        self._waiting = [(time, (int(high) << 32) | int(low), cells) for time, high, low, *cells in numbers[f"site/{self.organ}/waiting"]]
        self._came = dict(zip(self.kinds, numbers[f"site/{self.organ}/came"], strict=True))


class Drawn(Component):
    """The events of the run's own history so far: of each part how many, and at which amount of its integral the last was."""

    name = "history of sites"

    def __init__(self, sites: list[Arrivals], seed: int) -> None:
        self._sites, self._seed = sites, seed
        self._done: list[list[float]] = []
        self._total = 0

    def numbers(self) -> Mapping[str, Any]:
        """How far it is."""
        return {"sites/done": self._done}

    def restore(self, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
        """Go on from there."""
        self._done = [list(one) for one in numbers["sites/done"]]

    def go_on(self, plan: Plan, entries: Entries, now: float) -> None:
        """Draw all events until now, follow their units, and let those wait that reach a site."""
        if not self._sites or len(entries.times) < 2:
            return
        body, places = Body(plan, entries.parts), plan.places
        self._done = self._done or [[0.0, 0.0] for _ in entries.parts]
        for part, state in enumerate(self._done):
            integral = integrated(plan, entries, part)
            while True:
                first, n = int(state[0]), min(AT_ONCE, int(2 * (integral[-1] - state[1]) + 20))
                numbers = np.arange(first, first + n)
                keys = Keys(np.full(n, self._seed, np.uint64), np.full(n, part, np.uint64))
                words = keys.words(Purpose.EVENT, numbers)
                amounts = state[1] + np.cumsum(-np.log(uniform(words[:1]))[0])
                keep = amounts <= integral[-1]
                self._follow(body, places, part, numbers[keep], amounts[keep], words[:, keep], integral, entries, now)
                count = int(keep.sum())
                if count:
                    state[0], state[1] = first + count, float(amounts[count - 1])
                if count < n:
                    break

    def _follow(self, body: Body, places: tuple[str, ...], part: int, numbers: Any, amounts: Floats, words: Any, *more: Any) -> None:
        integral, entries, now = more
        if not len(numbers):
            return
        self._total += len(numbers)
        if self._total > MOST:
            raise CirculationError(
                f"more than {MOST:,} units would be followed one by one",
                code="too-many",
                place="organs.sites",
                remedy="lower circulation.stands_for, or state the arrivals",
            )
        alike = np.zeros(len(numbers), dtype=np.int64)
        keys = Keys(np.full(len(numbers), self._seed, np.uint64), words[1])
        time, step = times_at(amounts, integral, entries.times)
        cells = phenotypes(keys, sizes_of(uniform(words[2]), body.plan.sizes), mixes(entries, part)[step])
        _, alive, place = passage(body, begin(keys, alike, numbers, part, cells, time))
        for site in self._sites:
            for k in np.flatnonzero(place == places.index(f"{site.organ}{SITE}")):
                site.add(now, float(alive.time[k]), int(alive.ident[k]), alive.cells[k].astype(float).tolist())


def built(scenario: Scenario, problem: Problem) -> tuple[list[Arrivals], Drawn | None]:
    """The sites of a scenario, and the history that feeds those that are not given theirs. Collective."""
    if scenario.organs is None or scenario.circulation is None or not scenario.organs.sites:
        return [], None
    sites = [Arrivals(scenario, organ, problem) for organ in scenario.organs.sites]
    return sites, Drawn([site for site in sites if site.drawn], scenario.circulation.seed)
