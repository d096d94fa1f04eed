"""The whole recipe of a run, on one screen."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .checkpointer import Checkpointer
from .components.options import SchemeOptions
from .diagnostics.ledger import Ledger
from .diagnostics.observables import Observables
from .discretise.problem import Problem
from .discretise.surface import Surface
from .discretise.vessel_surface import VesselSurface
from .errors import InvasioError, ScenarioError
from .linalg.linear import LinearOptions
from .linalg.petsc_options import insert
from .output import checkpoint
from .output.cost import Cost
from .output.fields import FieldsWriter
from .output.folder import RunFolder
from .output.layout import CHECKPOINTS, FIELDS, LOG, MANIFEST, MEMBRANES, SERIES, VESSELS, Frame, Grid
from .output.log import close_log, open_log
from .output.manifest import Manifest
from .output.progress import Progress
from .output.series import Series
from .output.subset import Part, part_of
from .scenario.loader import dump_resolved
from .scenario.moments import output_times
from .scenario.schema import Scenario
from .setup import set_up
from .stepping.clock import Clock
from .stepping.loop import march
from .stepping.options import ClockOptions
from .stepping.restart import part, restore, tables
from .stepping.stepper import Stepper
from .stepping.stop import StopRequest
from .words import closing, headline, opening, unit_of_time

log = logging.getLogger("invasio.run")


@dataclass(frozen=True)
class Outcome:
    """Where a run's results are and how it ended: "done", or why it stopped early."""

    folder: Path
    reason: str


def run(
    scenario: Scenario, comm: Any, out: Path | None = None, resume: bool = False, overwrite: bool = False, petsc: Sequence[str] = ()
) -> Outcome:
    """Run a scenario to its end, or to a checkpoint when asked to stop. Collective; raises InvasioError on all ranks."""
    options = insert(scenario.numerics.petsc, petsc)
    resolved = dump_resolved(scenario)
    domain, problem = set_up(scenario, comm)
    written, rows = _written(problem, scenario)
    stepper = Stepper(problem, scheme_options(scenario))
    times = clock_options(scenario)
    folder = RunFolder.open(out, scenario.path, scenario.name, resolved, resume, overwrite, comm)
    reason = "failed"
    try:
        open_log(folder.path / LOG, comm, append=folder.resuming)
        opening(problem, scenario)
        for note in domain.notes:
            log.info("mesh: %s", note)
        hashes = {"scenario": hashlib.sha256(resolved.encode()).hexdigest()}
        found = checkpoint.load_latest(folder.path / CHECKPOINTS, problem.grid, hashes, tables(stepper)) if folder.resuming else None
        ticker, step, numbers = Clock(times), 0, {}
        if found is not None:
            numbers = found.scalars
            restore(stepper, found.state, numbers)
            step = int(numbers["step"])
            ticker = Clock(times, numbers["time"], numbers["wish"], numbers["error_before"])
            ticker.rejected.update({why: int(count) for why, count in part(numbers, "rejected/").items()})
        else:
            stepper.settle(times.start)
        start = ticker.time if found is not None else None
        ledger = Ledger(stepper, part(numbers, "initial/") or None)
        observables = Observables(problem, part(numbers, "reference/") or None)
        saver = Checkpointer(
            folder.path / CHECKPOINTS, problem, stepper, ticker, hashes, ledger, observables, step, scenario.output.checkpoint_every
        )
        names = list(problem.species) if scenario.output.fields == "all" else list(scenario.output.fields)
        precision = {"double": "float64", "single": "float32"}[scenario.output.precision]
        facts = {"name": scenario.name, "title": scenario.title, "hashes": {**hashes, "mesh": domain.hash}, "mesh": domain.source}
        facts |= {"petsc_options": options, "cite": list(problem.model.citations)}
        surface = Surface(problem, domain) if problem.model.membranes else None
        walls = VesselSurface(problem, domain) if problem.vessels else None

        def writer(name: str, grid: Grid, names: Sequence[str], part: str) -> FieldsWriter:
            more: dict[str, Any] = {"scenario": resolved, "expected": len(times.outputs) + 1, "part": part}
            return FieldsWriter(folder.path / name, grid, names, precision, scenario.output.compression, start, **more)

        said = headline(scenario, problem, folder, step, ticker)
        fields = writer(FIELDS, written, names, "fields")
        watch = Cost(
            [
                fields if rows is None else Part(fields, rows),
                *([writer(MEMBRANES, surface.grid, surface.names, "surface")] if surface else []),
                *([writer(VESSELS, walls.grid, walls.names, "walls")] if walls else []),
                Series(folder.path / SERIES, comm, start),
                Manifest(folder.path / MANIFEST, comm, facts, start),
                saver,
                Progress(comm, times.start, times.end, unit=unit_of_time(scenario), opening=said),
            ]
        )

        def frame(time: float, step: int, dt: float) -> Frame:
            row = observables.row(time) | stepper.row(time) | ledger.balance(time) | stepper.info()
            tissue = {name: s.state[: problem.graph.n_owned] for name, s in problem.species.items()}
            return Frame(time, step, dt, tissue, row, surface.fields() if surface else {}, walls.fields() if walls else {})

        folder.set_status("running")
        with StopRequest(comm) as stop:
            try:
                reason = march(stepper, ticker, [watch], frame, stop, step)
                if saver.step > step:
                    with watch.counted():
                        saver.save()
            finally:
                ending = reason if reason in ("done", "failed") else "stopped early"
                watch.close(ending)
        closing(stepper, ticker)
    except InvasioError as error:
        log.error("%s", error, extra={"ends_program": True})
        raise
    finally:
        folder.close("done" if reason == "done" else "failed" if reason == "failed" else f"stopped early: {reason}")
        close_log()
    return Outcome(folder.path, reason)


def _written(problem: Problem, scenario: Scenario) -> tuple[Grid, Any]:
    """The mesh that fields.vtkhdf holds, and which of this rank's nodes lie in it (None: all). Collective."""
    grid, wanted = problem.grid, scenario.output.regions
    if wanted == "all":
        return grid, None
    missing = [name for name in wanted if name not in grid.regions]
    if missing:
        raise ScenarioError(f"output.regions: the mesh has no region '{missing[0]}' (it has: {', '.join(grid.regions)})")
    return part_of(grid, wanted)


def scheme_options(scenario: Scenario) -> SchemeOptions:
    """The scenario's numerics as the stepper wants them."""
    n = scenario.numerics
    linear = LinearOptions(n.linear.solver, n.linear.preconditioner, n.linear.rtol, n.linear.max_iterations)
    return SchemeOptions(n.scheme, n.limiter, n.flux, linear)


def clock_options(scenario: Scenario) -> ClockOptions:
    """The scenario's times as the clock wants them."""
    t = scenario.time
    return ClockOptions(t.start, t.end, output_times(scenario), t.step, t.tolerance, t.first_step, t.max_step)
