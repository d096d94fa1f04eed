"""One run from its beginning to its end: what a restart makes anew."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import nullcontext
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from .components.protocol import Extension
from .diagnostics.ledger import Ledger
from .diagnostics.observables import Observables
from .errors import InvasioError, ScenarioError, SolverError
from .linalg.petsc_options import PetscOptions
from .meeting import hold, of_one_rank
from .memory import Memory
from .output.layout import Frame
from .output.log import speaks
from .recording import Recording
from .scenario.check import depth_findings
from .scenario.columns import FEW_PARTS, named_parts, units_of
from .scenario.on_mesh import parts_findings
from .scenario.quantities import PLAIN, Units
from .scenario.schema import Scenario
from .setup import Ground, clock_options, scheme_options
from .stepping.clock import Clock
from .stepping.loop import march, one_step
from .stepping.restart import part, restore
from .stepping.stepper import Stepper
from .stepping.stop import StopRequest
from .words import closing, opening

if TYPE_CHECKING:
    from .cascade.along import Along

log = logging.getLogger("invasio.run")


class Numbered(Enum):
    """Folders that are named after the scenario."""

    NEXT = "the next free one of out/NAME, out/NAME-002, ...; to resume, the last of them"


Out = str | Path | Numbered | None


class Course:
    """A scenario on its mesh, with its solvers, its clock, and where it is recorded. Everything is collective.

    PETSc's options are removed when it ends. ``prolong``: what is resumed may have had another end.
    ``quiet``: without remarks on the model and the mesh. Other arguments as of `Simulation`.
    """

    @speaks
    def __init__(
        self,
        scenario: Scenario,
        ground: Ground,
        options: PetscOptions,
        out: Out = None,
        resume: bool = False,
        overwrite: bool = False,
        progress: bool = False,
        quiet: bool = False,
        extensions: Sequence[Extension] = (),
        prolong: bool = False,
    ) -> None:
        self.scenario, self._options, self._quiet = scenario, options, quiet
        self.recording: Recording | None = None
        self.memory: Memory | None = None
        self._reason = ""  # how it ended, or will end
        self._broken = "the simulation did not begin"  # why the state is not that of a whole step
        self._failure: BaseException | None = None  # what broke it
        self._cascade: Along | None = None
        if scenario.circulation is None:  # most runs need nothing of the cascade, which takes its time to import
            self.problem = ground.problem(scenario, extensions)
        else:
            from .cascade.along import Along
            from .cascade.returned import Feedback

            feedback = Feedback(scenario)
            extensions = (*extensions, feedback)
            self.problem = ground.problem(scenario, extensions)
            self._cascade = Along(scenario, self.problem, feedback)
        self.stepper = Stepper(self.problem, scheme_options(scenario), extensions)
        times = clock_options(scenario)
        self.clock = Clock(times, next_event=self.stepper.next_event)
        try:
            if out is not None:
                folder = None if isinstance(out, Numbered) else Path(out)
                self.recording = Recording(folder, scenario, ground, self.problem, resume, overwrite, prolong)
            if not quiet:
                opening(self.problem, scenario, ground.notes)
                for note in ground.given_notes:
                    log.info("%s", note)
            found = self.recording.found(self.stepper) if self.recording else None
            numbers = {} if found is None else found.scalars
            self.units = self._units(found is not None)
            self._show_parts(found is not None)
            if found is None:
                self.stepper.settle(times.start)
            else:
                restore(self.stepper, found.state, numbers)
                self.clock = Clock.resumed(times, numbers, self.stepper.next_event)
            self._ledger = Ledger(self.stepper, part(numbers, "initial/") or None)
            self._observables = Observables(self.problem, part(numbers, "reference/") or None)
            if self.recording is not None:
                fixed = {f"initial/{k}": v for k, v in self._ledger.initial.items()}
                fixed |= {f"reference/{k}": v for k, v in self._observables.start.items()}
                self.recording.levels = self._observables.levels
                self.recording.begin(self.stepper, self.clock, self.units, found is not None, fixed, options.given, progress)
            else:
                self.memory = Memory(self.problem.grid, self.units)
            if self._cascade is not None:
                before = self.recording.entered() if self.recording is not None and found is not None else None
                self._cascade.begin(self.units, before)
                self._enter()
            self._broken = ""
            if not self.clock.steps:
                self._output()
        except BaseException as error:
            self.end(error)
            raise

    def _units(self, resumed: bool) -> Units:
        """The units of columns; raises ScenarioError where amounts need a depth that is not stated."""
        accounts, species, dim = self.stepper.accounts, self.problem.species, self.problem.dim
        for finding in depth_findings(self.scenario, dim):
            raise ScenarioError(finding.what, code=finding.code, place=".".join(map(str, finding.path)), remedy=finding.remedy)
        others = {f"{a.owner}.{a.key}": a.unit or PLAIN for a in accounts.list if a.owner not in species}
        others |= {f"{owner}.ledger": PLAIN for owner in accounts.owners}
        raw = resumed and self.recording is not None and self.recording.in_scales()
        units = units_of(self.scenario, dim, others, raw)
        if raw and any(units_of(self.scenario, dim).amount(name).factor != 1.0 for name in species):
            log.warning(
                "this run was begun by an earlier version, which wrote amounts as numbers in the scenario's scales: "
                "series.csv goes on so, without units. A run begun anew counts cells"
            )
        return units

    def _show_parts(self, resumed: bool) -> None:
        """Choose the parts of vessels that have columns of their own; raises ScenarioError for one that is not there."""
        stated = self.scenario.output.parts
        wanted = frozenset(named_parts(self.scenario))
        if resumed and self.recording is not None:
            wanted |= self.recording.parts_with_columns()
        for name, vessel in self.problem.vessels.items():
            few = 1 < len(vessel.part_names) <= FEW_PARTS
            names = enumerate(vessel.part_names)
            vessel.shown = tuple(k for k, part in names if few or stated == "all" or f"{name}/{part}" in wanted)
        for finding in parts_findings(self.scenario, {name: vessel.part_names for name, vessel in self.problem.vessels.items()}):
            raise ScenarioError(finding.what, code=finding.code, place=f"output.parts[{finding.path[-1]}]", remedy=finding.remedy)

    @speaks
    def row(self) -> dict[str, float]:
        """The observables now, in the units of series.csv."""
        time = self.clock.time
        row = self._observables.row(time) | self.stepper.row(time)
        booked = self._ledger.balance(time)
        behind = self._cascade.row(time, booked) if self._cascade is not None else {}
        return self.units.converted(row | booked | behind | self.stepper.info())

    def _enter(self) -> None:
        """Note what has entered vessels by now."""
        if self._cascade is not None:
            row = self._cascade.note(self.clock.time)
            if self.recording is not None:
                self.recording.on_entries(Frame(self.clock.time, self.clock.steps, self.clock.dt, {}, row))

    def _output(self) -> None:
        """Record the moment."""
        owned = self.problem.graph.n_owned
        row, fields = self.row(), {name: s.state[:owned] for name, s in self.problem.species.items()}
        moment = (self.clock.time, self.clock.steps, self.clock.dt, fields, row)
        if self.recording is not None:
            self.recording.on_output(Frame(*moment, self.recording.surface(), self.recording.walls(), self.recording.parts()))
        if self.memory is not None:
            self.memory.on_output(Frame(*moment))

    @speaks
    def step(self) -> bool:
        """One accepted step; True if it has reached an output time, which is recorded then. Raises SolverError."""
        if self._broken:
            raise SolverError(
                self._broken,
                code="broken-state",
                place="simulation",
                remedy="restart the simulation, or resume it from its last checkpoint",
            )
        if self.clock.done:
            raise SolverError(
                f"the run is at its end, {self.problem.times.said(self.clock.time)}",
                code="run-at-end",
                place="simulation",
                remedy="raise time.end, or restart",
            )
        self._broken = "the last step was not finished"  # until it is
        try:
            reached = one_step(self.stepper, self.clock)
            self._enter()
            if self.recording is not None:
                self.recording.on_step(self.clock.time, self.clock.steps, self.clock.dt, self.stepper.info())
            if reached:
                self._output()
        except BaseException as error:
            self._failure = error
            raise
        self._broken = ""
        return reached

    @speaks
    def prolong(self, scenario: Scenario) -> None:
        """Go on to the end of this scenario, which is otherwise the same; for a run in memory."""
        self.scenario = scenario
        self.clock.go_on(clock_options(scenario))
        self.problem.times.jumps.go_on(scenario.time.end)
        self._reason = ""

    @speaks
    def run(self) -> str:
        """Step to the end and save; "done", or why it was asked to stop."""
        with StopRequest(self.problem.graph.comm) as stop:
            with self.recording.pooled() if self.recording is not None else nullcontext():
                reason = march(self.step, self.clock, stop)
            self._save()
        self._reason = reason
        return reason

    @speaks
    def checkpoint(self) -> Path:
        """Save the state of the moment; the file. Raises SolverError."""
        if self.recording is None:
            raise SolverError(
                "a simulation in memory has no folder for checkpoints", code="no-folder", place="simulation", remedy="name one with out="
            )
        return self.recording.checkpoint()

    def _save(self) -> None:
        if self.recording is not None and self.recording.behind:
            self.recording.checkpoint()

    @speaks
    def end(self, error: BaseException | None = None) -> None:
        """Save what is not saved yet unless there was an error, close the files, free the solvers; raises SolverError if it fails."""
        if of_one_rank(error or self._failure, self.problem.graph.comm):
            hold(self)
            if self.recording is not None:
                self.recording.abandon(error or self._failure)
            return
        reason = self._reason or ("done" if self.clock.done else "closed")
        if error is not None or self._broken:
            reason = type(error).__name__ if isinstance(error, KeyboardInterrupt) else "failed"
        try:
            if error is None and not self._broken:
                self._save()
                if self._cascade is not None and self.recording is not None and self.clock.done:
                    for line in self._cascade.finish(self.recording.path):
                        log.info("%s", line)
            if self.recording is not None:
                self.recording.finish(reason)
            if error is None and not self._quiet:
                closing(self.stepper, self.clock)
        except BaseException as worse:
            reason, error = "failed", worse
            raise
        finally:
            self._let_go(error, reason)

    def _let_go(self, error: BaseException | None, reason: str) -> None:
        """Close the log and the folder, free the solvers; where closing failed on this rank alone, only say so."""
        if of_one_rank(error, self.problem.graph.comm):
            hold(self)
            if self.recording is not None:
                self.recording.abandon(error)
        else:
            if isinstance(error, InvasioError) and self.recording is not None:
                log.error("%s", error, extra={"ends_program": True})
            if self.recording is not None:
                self.recording.close(reason)
            self.stepper.free()
            self._options.remove()
