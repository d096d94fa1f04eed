"""What a run leaves in its folder: fields, series, manifest, checkpoints, log, and how far it is."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .checkpointer import Checkpointer
from .discretise.problem import Problem
from .discretise.surface import Surface
from .discretise.vessel_surface import VesselSurface
from .errors import ScenarioError
from .meeting import as_error
from .output import checkpoint, section
from .output.cost import Cost
from .output.fields import FieldsWriter
from .output.folder import RunFolder
from .output.layout import CHECKPOINTS, ENTRIES, FIELDS, LOG, MANIFEST, MEMBRANES, SECTION, SERIES, VESSELS, Frame, Grid, Observer, Writer
from .output.log import RunLog
from .output.manifest import Manifest, recorded
from .output.parts import NO_PARTS
from .output.progress import Progress
from .output.records import facts_of, numbers_of, rows_of
from .output.series import Series
from .output.subset import Part, part_of
from .output.together import Together
from .parallel import agreed
from .scenario.loader import dump_resolved
from .scenario.prolong import course_hash, free, usual
from .scenario.quantities import Units, counted, part_column, unit_in_file
from .scenario.schema import Scenario
from .setup import Ground
from .stepping.clock import Clock
from .stepping.restart import tables
from .stepping.stepper import Stepper
from .words import headline, prolonged, unit_of_time

log = logging.getLogger("invasio.run")

Floats = NDArray[np.float64]
PRECISION = {"double": "float64", "single": "float32"}


class Recording:
    """The folder of one run from its start, or from its last checkpoint, to its end; with run.log open. All is collective.

    First the folder is opened, then ``found`` tells whether there is something to go on from, then ``begin`` opens the files.
    Raises InvasioError, on all ranks, where the folder cannot be used as asked.
    """

    def __init__(
        self, out: Path | None, scenario: Scenario, ground: Ground, problem: Problem, resume: bool, overwrite: bool, prolong: bool = False
    ) -> None:
        self.scenario, self.problem, self.ground = scenario, problem, ground
        self._resolved = dump_resolved(scenario)
        self._written, self._rows = _part_written(problem, scenario)
        comm = problem.graph.comm
        may = free(scenario, prolong), usual(scenario)
        self.folder = RunFolder.open(out, scenario.path, scenario.name, self._resolved, resume, overwrite, comm, *may)
        self._hashes = {"scenario": hashlib.sha256(self._resolved.encode()).hexdigest(), "course": course_hash(scenario)}
        self._hashes |= {f"field {name}": given.digest for name, given in ground.given(scenario).items()}
        self._begun = False
        self._log: RunLog | None = None
        self._watch: Cost | None = None
        self._saver: Checkpointer | None = None
        self._manifest: Manifest | None = None
        self.levels: dict[str, str] = {}  # what the front of each species is
        self._stated = False  # whether the manifest has the units
        self._surface: Surface | None = None
        self._walls: VesselSurface | None = None
        self._series: Series | None = None
        self._entries: Series | None = None
        self._writers: list[FieldsWriter] = []
        self._together: Together | None = None
        self._beside: dict[str, str] = {}
        self._abandoned = False
        try:
            self._log = RunLog(self.path / LOG, comm, append=self.folder.resuming)
        except BaseException:
            self.close("failed")
            raise

    @property
    def path(self) -> Path:
        """The folder."""
        return self.folder.path

    def found(self, stepper: Stepper) -> checkpoint.Checkpoint | None:
        """The last checkpoint, if the run is resumed and there is one; raises InvasioError if it belongs to something else."""
        if not self.folder.resuming:
            return None
        same = {name: text for name, text in self._hashes.items() if name != "scenario"}  # the end may be another
        found = checkpoint.load_latest(self.path / CHECKPOINTS, self.problem.grid, same, tables(stepper))
        end = self.scenario.time.end
        if found is not None and (found.scalars["time"] > end or (self.folder.earlier and found.scalars["time"] == end)):
            raise ScenarioError(
                f"the run in {self.path} is at {self.problem.times.said(found.scalars['time'])} already",
                code="wrong-order",
                place=f"until {end:g}",
                remedy="choose a later end, or another --out for a run of its own",
            )
        self._beside = {} if found is None else found.beside
        return found

    def in_scales(self) -> bool:
        """Whether the part of the run that is there wrote amounts as numbers in the scenario's scales, as version 0.1.0 did. Collective."""
        comm = self.problem.graph.comm
        noted = comm.bcast(("units" in (found := recorded(self.path / MANIFEST)), bool(found)) if comm.rank == 0 else None)
        if not noted[1]:
            log.warning("%s is missing or damaged: earlier rows of %s are taken to be in the units of this version", MANIFEST, SERIES)
        return noted[1] and not noted[0]

    def begin(
        self,
        stepper: Stepper,
        clock: Clock,
        units: Units,
        resumed: bool,
        fixed: Mapping[str, float],
        options: Mapping[str, str],
        progress: bool,
    ) -> None:
        """Open the files; ``fixed``: numbers of the run's start, kept in checkpoints; ``progress``: tell it on standard output."""
        self._units = units
        scenario, problem = self.scenario, self.problem
        comm, start = problem.graph.comm, clock.time if resumed else None
        start_counts = {name: units.amount(name).factor * fixed[f"initial/{name}"] for name in scenario.model.cells if units.counted(name)}
        said = ", ".join(filter(None, (headline(scenario, problem, self.folder, clock), counted(start_counts))))
        if self.folder.earlier:
            for note in prolonged(scenario, self.folder.earlier, clock, stepper.state.history.last):
                log.info("%s", note)
        self.folder.adopt(self._resolved)
        self._surface = Surface(problem, self.ground.domain) if problem.model.membranes else None
        self._walls = VesselSurface(problem, self.ground.domain) if problem.vessels else None
        every = scenario.output.checkpoint_every
        self._saver = Checkpointer(self.path / CHECKPOINTS, problem, stepper, clock, self._hashes, fixed, every, self._keep)
        writers = self._tables(start, len(clock.options.outputs) + 1)
        part = {"until": scenario.time.end, "scenario_hash": self._hashes["scenario"]}
        self._manifest = Manifest(self.path / MANIFEST, comm, self._facts(options), start, part)
        self._series = Series(self.path / SERIES, comm, start, self._writers[0].recorded)
        self._entries = Series(self.path / ENTRIES, comm, start) if scenario.circulation is not None else None
        self._together = Together([*writers, self._series], comm)
        observers: list[Observer] = [self._together, self._manifest, self._saver]
        if progress:
            observers.append(
                Progress(
                    comm, clock.options.start, clock.options.end, unit=unit_of_time(scenario), opening=said, at=(clock.time, clock.steps)
                )
            )
        self._watch = Cost(observers)
        self.folder.set_status("running")
        self._begun = True

    def _tables(self, start: float | None, expected: int) -> list[Writer]:
        """The writers of fields, and of membranes and vessels where there are any."""
        output = self.scenario.output

        def writer(name: str, grid: Grid, names: Sequence[str], part: str) -> FieldsWriter:
            kind = PRECISION[output.precision]
            path = self.path / name
            beside = [other for other in self._beside if other.startswith(f"{path.stem}-")]
            made = FieldsWriter(
                path,
                grid,
                names,
                kind,
                output.compression or int(part == "walls" and self._walls is not None and self._walls.repetitive),
                start,
                scenario=self._resolved,
                expected=expected,
                part=part,
                kept=(self.path / CHECKPOINTS / beside[0], self._beside[beside[0]]) if beside else None,
                unit_of=partial(unit_in_file, self._units),
                still=self._walls.still if part == "walls" and self._walls else (),
                parts=self._walls.parts() if part == "walls" and self._walls else NO_PARTS,
                fibres=self._along(names) if part == "fields" else None,
            )
            self._writers.append(made)
            return made

        names = list(self.problem.species) if output.fields == "all" else list(output.fields)
        fields = writer(FIELDS, self._written, names, "fields")
        found: list[Writer] = [fields if self._rows is None else Part(fields, self._rows)]
        found += [writer(MEMBRANES, self._surface.grid, self._surface.names, "surface")] if self._surface else []
        found += [writer(VESSELS, self._walls.grid, self._walls.names, "walls")] if self._walls else []
        return found

    def _along(self, names: Sequence[str]) -> dict[str, Floats]:
        """Along the fibres of the species that are written, at the nodes that are."""
        rows = slice(None) if self._rows is None else self._rows
        return {name: values[rows] for name, values in self.problem.fibres.items() if name in names}

    def _keep(self, step: int) -> dict[str, str]:
        """Bring what a checkpoint counts on to the disk, and keep the structures of the files of fields beside it. Collective."""
        with agreed(self.problem.graph.comm):
            for table in (self._series, self._entries):
                if table is not None:
                    table.sync()
        found = {}
        for writer in self._writers:
            name = f"{writer.path.stem}-{step:09d}.structure"
            if digest := writer.keep(self.path / CHECKPOINTS / name):
                found[name] = digest
        return found

    def _facts(self, options: Mapping[str, str]) -> dict[str, object]:
        """What the manifest tells of the run."""
        domain, scenario = self.ground.domain, self.scenario
        facts: dict[str, object] = {"name": scenario.name, "title": scenario.title, "hashes": {**self._hashes, "mesh": domain.hash}}
        given = {name: {**field.facts, "sha256": field.digest} for name, field in self.ground.given(scenario).items()}
        facts |= {"fields": given} if given else {}
        begun = self.ground.begun(scenario)
        if begun is not None:  # that run may have gone on since
            before = facts_of(self.path / MANIFEST).get("start") if self.folder.resuming else None
            facts |= {"start": before or dict(begun.facts)}
        seen = domain.section
        facts |= section.write(self.path / SECTION, seen.pixels, seen.extent, seen.labels) if seen else {}  # rank 0 has it
        return facts | {"mesh": domain.source, "petsc_options": dict(options), "cite": list(self.problem.model.citations)}

    def surface(self) -> dict[str, Floats]:
        """Values at the corners of the membranes' facets."""
        return self._surface.fields() if self._surface else {}

    def walls(self) -> dict[str, Floats]:
        """And of those of the walls of vessels."""
        return self._walls.fields() if self._walls else {}

    def parts(self) -> dict[str, Floats]:
        """And of each part of vessels that have several, in the units of series.csv."""
        found = self._walls.by_part() if self._walls else {}
        return {name: self._units.column(part_column(name)).factor * row for name, row in found.items()}

    def parts_with_columns(self) -> frozenset[str]:
        """VESSEL/PART of the parts that the series of the earlier part of the run has columns of. Collective."""
        comm = self.problem.graph.comm
        names = rows_of(self.path / SERIES)[0] if comm.rank == 0 else None
        return frozenset(name.rpartition(".")[0] for name in comm.bcast(names) if "/" in name)

    def entered(self) -> dict[str, list[float]]:
        """The table of what has entered vessels, at all steps up to now. Collective."""
        comm = self.problem.graph.comm
        found = None
        with agreed(comm):
            found = numbers_of(self.path / ENTRIES) if comm.rank == 0 else None
        return dict(comm.bcast(found))

    def on_entries(self, frame: Frame) -> None:
        """Write what has entered by now, a row of observables."""
        if self._entries is not None:
            self._entries.on_output(frame)

    @contextmanager
    def pooled(self) -> Iterator[None]:
        """While steps follow each other by themselves: outputs of a moment are written together. Collective."""
        if self._together is None:
            yield
            return
        self._together.pooled = True
        yield
        self._together.pooled = False
        self._together.write()

    def on_step(self, time: float, step: int, dt: float, info: Mapping[str, float]) -> None:
        """Tell all that write."""
        if self._watch is not None:
            self._watch.on_step(time, step, dt, info)

    def on_output(self, frame: Frame) -> None:
        """Write the frame."""
        if self._watch is not None:
            if not self._stated:
                self._state_units(frame)
            self._watch.on_output(frame)

    def _state_units(self, frame: Frame) -> None:
        """Write the units of columns and fields into the manifest, now that the columns are known."""
        self._stated = True
        if self._manifest is not None:
            self._manifest.update({"fronts": self.levels})
        if not self._units.raw and self._manifest is not None:
            columns = ["time", "step", "dt", *frame.observables]
            factors = {name: self._units.column(name).factor for name in columns}
            table = self._units.table(columns, frame.fields)
            self._manifest.update({"units": table, "factors": {name: factor for name, factor in factors.items() if factor != 1.0}})

    def checkpoint(self) -> Path:
        """Save the state of the moment; the file. Raises SolverError if it cannot be written."""
        if self._watch is None or self._saver is None:
            raise RuntimeError("the recording has not begun")
        with self._watch.counted():
            return self._saver.save()

    @property
    def behind(self) -> bool:
        """Whether steps were taken that no checkpoint holds."""
        return self._saver is not None and self._saver.behind

    def finish(self, reason: str) -> None:
        """Close the files of results; run.log and the folder's lock are held until ``close``."""
        if self._watch is not None:
            watch, self._watch = self._watch, None
            watch.close(reason if reason in ("done", "failed") else "stopped early")
        if self._entries is not None:
            self._entries.close(reason)
            self._entries = None
        if self._surface is not None:
            self._surface.free()
            self._surface = None

    def abandon(self, error: BaseException | None) -> None:
        """Say in the folder that one rank has failed; what others must take part in is left as it is. Not collective."""
        if self._abandoned:
            return
        self._abandoned = True
        known = None if error is None else as_error(error)
        self.folder.give_up(str(known or f"{type(error).__name__}: {error}"))

    def close(self, reason: str) -> None:
        """Say how the run ended, and let go of everything."""
        try:
            self.finish(reason)
        finally:
            status = reason if reason in ("done", "failed") else f"stopped early: {reason}"
            before = self.folder.previous_status if self.folder.resuming and not self._begun else ""
            self.folder.close(status if before in ("", "running") else before)  # what could not begin leaves the folder as it was
            if self._log is not None:
                self._log.close()
            self._saver = None  # which keeps by a method of this
        self.problem.graph.comm.barrier()  # whoever reads the folder now finds it complete, on any rank


def _part_written(problem: Problem, scenario: Scenario) -> tuple[Grid, NDArray[np.int64] | None]:
    """The mesh that fields.vtkhdf holds, and which of this rank's nodes lie in it (None: all). Collective."""
    grid, wanted = problem.grid, scenario.output.regions
    if wanted == "all":
        return grid, None
    missing = [name for name in wanted if name not in grid.regions]
    if missing:
        raise ScenarioError(
            f"the mesh has no region {missing[0]!r}", code="no-region", place="output.regions", remedy=f"it has: {', '.join(grid.regions)}"
        )
    return part_of(grid, wanted)
