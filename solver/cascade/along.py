"""The cascade beside a run: what enters at every accepted step, and means of everything behind the walls at outputs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..circulation.errors import CirculationError
from ..circulation.histories import Way
from ..circulation.means import means
from ..circulation.plan import Plan
from ..errors import ScenarioError, SolverError
from ..parallel import agreed
from ..scenario.check_cascade import phenotypes
from ..scenario.quantities import Units
from ..scenario.schema import Scenario
from ..scenario.stated import told_where
from ..scenario.treated import treated
from . import columns
from .build import plan_of
from .entered import ENTERED, SCALAR, column, entries_of, scalars_of
from .finished import beforehand, own, words, write
from .grid import Steps, named_of

if TYPE_CHECKING:
    from ..circulation.results import Means
    from ..discretise.problem import Problem
    from ..discretise.wall_flux import WallCrossing
    from .returned import Feedback, Returned

Floats = NDArray[np.float64]
log = logging.getLogger("invasio")
TOLERANCE = 1e-10  # of the ledger, as of that of the tissue


class Along:
    """What has entered so far, of a problem whose scenario has a cascade; the same on every rank.

    Raises ScenarioError where cells that enter are not counted, and for formulas whose values are not allowed.
    """

    def __init__(self, scenario: Scenario, problem: Problem, feedback: Feedback | None = None) -> None:
        scenario = treated(scenario)
        self._scenario, self._problem, self._feedback = scenario, problem, feedback
        self._scalars = sorted(named_of(scenario) & problem.state.scalars.keys())
        self._sample = columns.sample_share(scenario)
        self.table: dict[str, list[float]] = {}
        self._parts: list[tuple[str, str, list[int]]] = []
        self._factors: dict[str, float] = {}
        start = scenario.time.start
        self.plan = self.plan_with({name: (np.array([start]), problem.state.scalars[name].new.copy()) for name in self._scalars})

    def plan_with(self, scalars: Steps) -> Plan:
        """The plan with these scalars of the tissue. Raises ScenarioError and CirculationError, which say file and line."""
        with told_where(self._scenario.stated):
            return plan_of(self._scenario, scalars)

    def begin(self, units: Units, table: Mapping[str, list[float]] | None = None) -> None:
        """Know the units and the parts that have columns, and what entered in the part of the run that is there."""
        for species in phenotypes(self._scenario):
            with told_where(self._scenario.stated):
                if not units.counted(species):
                    raise ScenarioError(
                        f"cells of {species} cannot be counted",
                        code="no-scales",
                        place="circulation",
                        remedy="state scales with cells, as {length: 1 um, time: 1 d, cells: 1e8 /cm^3, depth: 100 um}",
                    )
            self._factors[species] = units.amount(species).factor
        for name, vessel in self._problem.vessels.items():
            single = len(vessel.part_names) == 1
            shown = [0] if single else list(vessel.shown)
            self._parts += [(name, vessel.part_names[k], [k]) for k in shown]
            rest = [k for k in range(len(vessel.part_names)) if k not in shown]
            self._parts += [(name, "", rest)] if rest else []
        self.table = {name: list(values) for name, values in (table or {}).items()}
        if self._returned is not None:
            self._returned.begin(self._scenario, self)
        for site in self._feedback.sites if self._feedback is not None else ():
            site.know(self._factors)

    def note(self, time: float) -> dict[str, float]:
        """What has entered by now [cells of one block], and the scalars that are read: a row of entries.csv. Collective."""
        row = self.passed(lambda crossing: crossing.entered)
        row |= {f"{SCALAR}{name}": float(self._problem.state.scalars[name].new[0]) for name in self._scalars}
        if not self.table or time > self.table["time"][-1]:
            for name, value in {"time": time, **row}.items():
                self.table.setdefault(name, []).append(value)
            if self._feedback is not None and self._feedback.drawn is not None:
                plan = self.plan_with(scalars_of(self.table)) if self._scalars else self.plan
                with told_where(self._scenario.stated):
                    self._feedback.drawn.go_on(plan, entries_of(self._scenario, self.table), time)
        return row

    def passed(self, amounts: Callable[[WallCrossing], Floats]) -> dict[str, float]:
        """Amounts at sites as cells of one block, by the columns of entries.csv. Collective."""
        keys, values = [], []
        for name, vessel in self._problem.vessels.items():
            mine = [(part, rows) for at, part, rows in self._parts if at == name]
            for crossing in vessel.crossings:
                species = crossing.law.species
                if species in self._factors:
                    found = np.bincount(vessel.part, amounts(crossing), minlength=len(vessel.part_names)) * self._factors[species]
                    keys += [column(name, part, species) for part, _ in mine]
                    values += [float(found[rows].sum()) for _, rows in mine]
        total = self._problem.graph.comm.allreduce(np.array(values))
        return dict(zip(keys, map(float, total), strict=True))

    def finish(self, run: Path) -> list[str]:
        """Draw the run's own history into its folder (rank 0); what to say of it. Collective. Raises InvasioError on all ranks."""
        said: list[str] = []
        with agreed(self._problem.graph.comm):
            if self._problem.graph.comm.rank == 0:
                try:
                    way: Way = "cells" if self._feedback is not None and self._feedback.drawn is not None else "direct"
                    with told_where(self._scenario.stated):
                        if cost := beforehand(self._scenario, self.table, 1, way):
                            log.info("the run's own history: %s", cost)
                        said = list(words(write(own(run), self._scenario, self.table, way=way)))
                except CirculationError as error:
                    if error.code != "too-many":
                        raise
                    log.warning("the run's own history is not drawn: %s", error)
                    with suppress(OSError):
                        own(run).rmdir()
                except OSError as error:
                    raise SolverError(
                        f"cannot be written: {error.strerror}",
                        code="cannot-write",
                        place=str(own(run)),
                        remedy="free some space, and use --resume",
                    ) from error
        return said

    @property
    def _returned(self) -> Returned | None:
        return None if self._feedback is None else self._feedback.returned

    def _means(self, time: float) -> Means:
        if self._returned is not None:
            return self._returned.means()
        if self._scalars:
            self.plan = self.plan_with(scalars_of(self.table))
        return means(self.plan, entries_of(self._scenario, self.table), np.array([time]))

    def row(self, time: float, booked: Mapping[str, float]) -> dict[str, float]:
        """Means now, and the ledger over tissue and all compartments; ``booked``: what the tissue's ledger says, in its own units.

        Raises SolverError where that does not balance.
        """
        found = columns.row(self.plan, self._means(time), self._sample)
        vessels = {f"{vessel.law.account}": name for name, vessel in self._problem.vessels.items()}
        entered = sum(booked.get(f"{species}.{account}", 0.0) * factor for species, factor in self._factors.items() for account in vessels)
        before = sum(values[0] for name, values in self.table.items() if ENTERED in name)
        found["circulation.ledger"] = columns.residual(found, self.plan.stands_for * (entered - before))
        if not found["circulation.ledger"] <= TOLERANCE:
            raise SolverError(
                f"the ledger of the cascade does not balance at t = {time:g} (relative residual {found['circulation.ledger']:.1e})",
                code="unbalanced-ledger",
                place="circulation",
                remedy="this must not happen: please report it with the scenario",
            )
        return found
