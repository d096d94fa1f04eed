"""A run that a program drives: build or resume, step, observe, restart with other numbers, save, close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from .components.protocol import Extension
from .course import Course, Out
from .errors import ScenarioError, SolverError
from .heap import give_back
from .linalg.petsc_options import PetscOptions
from .meeting import end_together, hold, of_one_rank
from .memory import Memory, NotRecorded
from .output.log import speaking
from .scenario.loader import Statement
from .scenario.schema import Scenario
from .setup import Ground

Floats = NDArray[np.float64]


class Simulation:
    """A run of a scenario, from its start (or its last checkpoint) on, one step at a time or to its end.

    Everything is collective: all ranks of ``comm`` do the same, and an InvasioError is raised on all of them alike. Use as a context
    manager, or call ``close``.

    Args:
        scenario: a file, or a Scenario that was loaded.
        comm: the communicator; by default all ranks of the program.
        out: the run folder; None keeps the outputs in memory (``recorded``).
        set: values by path, as ``{"model.cells.tumour.haptotaxis.ecm": 1e-2}``, laid over the scenario.
        resume: go on from the folder's last checkpoint; starts where there is none.
        until: another end, as "20 d"; a run that is resumed may have had an earlier one.
        overwrite: replace an earlier run in the folder.
        petsc: options for PETSc, as words; they hold until the simulation is closed.
        progress: tell on standard output how far the run is (with a folder).
        extensions: scalars that formulas may name, and components of your own; see CONTRIBUTING.md.

    Attributes:
        recorded: times, series and fields at the output times, of a run in memory; None with a folder.
    """

    def __init__(
        self,
        scenario: str | Path | Scenario,
        *,
        comm: MPI.Intracomm | None = None,
        out: Out = None,
        set: Mapping[str, object] | None = None,
        resume: bool = False,
        overwrite: bool = False,
        petsc: Sequence[str] = (),
        progress: bool = False,
        extensions: Sequence[Extension] = (),
        until: float | str | None = None,
    ) -> None:
        self._comm = MPI.COMM_WORLD if comm is None else comm
        self._statement: Statement | None = None
        self._given, self._set, self._petsc, self._progress = scenario, dict(set or {}), tuple(petsc), progress
        self._extensions, self._until = tuple(extensions), until
        self._ground: Ground | None = None
        self._course: Course | None = None
        self.recorded: Memory | None = None
        end_together(self._comm)
        try:
            self._begin(self._stated({}), out, resume, overwrite, prolong=until is not None)
        except BaseException as error:
            if not of_one_rank(error, self._comm):
                self._free()
            raise

    def _stated(self, values: Mapping[str, object], until: float | str | None = None) -> Scenario:
        """The scenario with these values besides those of the beginning, and another end."""
        until = self._until if until is None else until
        scalars = [name for extension in self._extensions for name in extension.scalars()]
        if isinstance(self._given, Scenario) and not self._set and not values and not scalars and until is None:
            return self._given
        if self._statement is None:
            self._statement = Statement.of(self._given) if isinstance(self._given, Scenario) else Statement.read(self._given)
        return self._statement.scenario(values={**self._set, **values}, scalars=scalars, until=until)

    def _begin(self, scenario: Scenario, out: Out, resume: bool, overwrite: bool, prolong: bool = False) -> None:
        if self._ground is not None and not self._ground.fits(scenario):
            self._ground.operators.free()
            self._ground = None
        new, options = False, PetscOptions(scenario.numerics.petsc, self._petsc)
        try:
            if self._ground is None:
                with speaking(self):
                    self._ground = Ground(scenario, self._comm)
                new = True
            quiet = self.recorded is not None and out is None  # said already
            given = (out, resume, overwrite, self._progress, quiet, self._extensions, prolong)
            self._course = Course(scenario, self._ground, options, *given)
            self.recorded = self._course.memory
            if new:
                give_back()
        except BaseException:
            options.remove()
            raise

    @property
    def _now(self) -> Course:
        if self._course is None:
            raise SolverError(
                "this simulation is closed", code="closed-simulation", place="simulation", remedy="call restart(), or make another"
            )
        return self._course

    @property
    def scenario(self) -> Scenario:
        """What is computed."""
        return self._now.scenario

    @property
    def path(self) -> Path:
        """The run folder; raises SolverError in memory."""
        recording = self._now.recording
        if recording is None:
            raise SolverError("a simulation in memory has no folder", code="no-folder", place="simulation", remedy="name one with out=")
        return recording.path

    @property
    def time(self) -> float:
        """Where the solution is [scenario time]."""
        return self._now.clock.time

    @property
    def steps(self) -> int:
        """How many steps were accepted since the start of the run."""
        return self._now.clock.steps

    @property
    def done(self) -> bool:
        """Whether the end is reached."""
        return self._now.clock.done

    @property
    def species(self) -> tuple[str, ...]:
        """Names of the species."""
        return tuple(self._now.problem.species)

    @property
    def nodes(self) -> NDArray[np.int64]:
        """(n,) canonical numbers of the nodes that this rank owns, ascending: those of the run folder, for any number of ranks."""
        return self._now.problem.grid.nodes[self._order]

    @property
    def points(self) -> Floats:
        """(n, 3) their positions."""
        return self._now.problem.grid.points[self._order]

    @property
    def _order(self) -> NDArray[np.intp]:
        return np.argsort(self._now.problem.grid.nodes)

    def __getitem__(self, name: str) -> Floats:
        """(n,) density of a species now at the nodes that this rank owns, in the order of ``nodes``: a copy. Not collective.

        On one rank these are all nodes in canonical order. Raises NotRecorded if there is no such species.
        """
        problem = self._now.problem
        if name not in problem.species:
            raise NotRecorded(
                f"there is no species '{name}'", code="no-field", place="simulation", remedy=f"name one of: {', '.join(self.species)}"
            )
        return problem.species[name].state[: problem.graph.n_owned][self._order]

    def row(self) -> dict[str, float]:
        """The observables now, in the units of series.csv: amounts, extremes, fronts, accounts, ledgers; the same on all ranks.

        Collective.
        """
        return self._now.row()

    @property
    def units(self) -> dict[str, str]:
        """The unit of every column of ``row``, of every species' density, and of "length"; "1": a plain number. Collective."""
        course = self._now
        return course.units.table(["time", "step", "dt", *course.row()], course.problem.species)

    def step(self) -> bool:
        """One accepted step; True if it has reached an output time, which is recorded then. Collective.

        Raises SolverError at the end of the run, and if the solution cannot be continued.
        """
        return self._now.step()

    def run(self) -> str:
        """Step to the end and save; "done", or why the run was asked to stop: a signal, or the end of the job. Collective.

        A run that was stopped can be resumed if it has a folder.
        """
        return self._now.run()

    def checkpoint(self) -> Path:
        """Save the state of the moment in the run folder; the file. Collective. Raises SolverError without a folder."""
        return self._now.checkpoint()

    def prolong(self, until: float | str) -> None:
        """Let the run go on to another end, as "20 d", later than where it is; it may have been finished. Collective.

        Output times follow the scenario; where it states none, every tenth of the run as it was. Raises ScenarioError.
        """
        course, scenario = self._now, self._stated({}, until)
        if scenario.time.end <= course.clock.time:
            raise ScenarioError(
                f"the run is at {course.problem.times.said(course.clock.time)} already",
                code="wrong-order",
                place=f"until {scenario.time.end:g}",
                remedy="choose a later end",
            )
        if course.recording is None:
            course.prolong(scenario)
            return
        folder = self.path
        self._end(None)
        self._begin(scenario, folder, True, False, prolong=True)

    def finish(self) -> str:
        """Run to the end as `run` does, and end the run as `close` does, also after an error; what the mesh determines is kept. Collective.

        "done", or why the run was asked to stop. After that only `restart` and `close` make sense.
        """
        try:
            reason = self.run()
        except BaseException as error:
            self._end(error)
            raise
        self._end(None)
        return reason

    def restart(
        self,
        set: Mapping[str, object] | None = None,
        *,
        scenario: Scenario | None = None,
        out: Out = None,
        resume: bool = False,
        overwrite: bool = False,
    ) -> None:
        """Close, and begin again at the start with other values, laid over the scenario as it was given. Collective.

        On the same mesh nothing is made anew that the mesh alone determines, and the new run has the bits of a fresh one. Values that
        change the mesh are allowed: it is then built anew. A value that is wrong raises ScenarioError and leaves the present run as it is.

        scenario: another one, that takes the place of what was given. resume: go on from the last checkpoint in ``out``.
        """
        if scenario is not None:
            self._given, self._set, self._statement = scenario, {}, None
        stated = self._stated(set or {})
        self._end(None)
        self._begin(stated, out, resume, overwrite)

    def close(self) -> None:
        """Save what is not saved yet, close the files, free the solvers. Collective. Raises SolverError if it cannot be saved."""
        self._end(None)
        self._free()

    def _end(self, error: BaseException | None) -> None:
        if self._course is not None:
            course, self._course = self._course, None
            course.end(error)

    def _free(self) -> None:
        if self._ground is not None:
            ground, self._ground = self._ground, None
            ground.operators.free()

    def __enter__(self) -> Simulation:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if of_one_rank(error, self._comm):
            hold(self)  # what would close or free it waits for the others
            if self._course is not None:
                self._course.end(error)
            return
        try:
            self._end(error)
        except BaseException as worse:
            if of_one_rank(worse, self._comm):
                hold(self)
            else:
                self._free()
            raise
        self._free()
