"""A whole run as one call, for programs and notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from .course import Out
from .errors import StoppedEarly
from .scenario.schema import Scenario
from .simulation import Simulation

Floats = NDArray[np.float64]


class Result(Protocol):
    """What a finished run can be asked, in memory (`memory.Memory`) or in a folder (`invasio.open_run`)."""

    @property
    def times(self) -> Floats:
        """(n,) output times."""

    @property
    def series(self) -> dict[str, Floats]:
        """Columns by name: time, step, dt and the observables, (n,) each."""

    @property
    def units(self) -> dict[str, str]:
        """The unit of every column, of every field, and of "length"; "1": a plain number."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields."""

    @property
    def points(self) -> Floats:
        """(N, dim) positions of the nodes."""

    def field(self, name: str, time: float | None = None, step: int | None = None) -> Floats:
        """(N,) values of a field at an output time, or at output number ``step`` (-1: the last)."""


def run(
    scenario: str | Path | Scenario,
    *,
    set: Mapping[str, object] | None = None,
    out: Out = None,
    comm: MPI.Intracomm | None = None,
    resume: bool = False,
    overwrite: bool = False,
    petsc: Sequence[str] = (),
    progress: bool = False,
    until: float | str | None = None,
) -> Result:
    """Run a scenario to its end and return its outputs; arguments as of `Simulation`. Collective.

    Raises InvasioError on all ranks; StoppedEarly if a signal or the end of the job ended it, which with a folder can be resumed.
    """
    with Simulation(
        scenario, comm=comm, out=out, set=set, resume=resume, overwrite=overwrite, petsc=petsc, progress=progress, until=until
    ) as simulation:
        reason = simulation.run()
        recorded, folder = simulation.recorded, None if out is None else simulation.path
    if reason != "done":
        remedy = "run it again" if folder is None else f"go on with out={str(folder)!r}, resume=True"
        raise StoppedEarly(f"stopped early ({reason})", code="stopped-early", place="run", remedy=remedy)
    if recorded is not None:
        return recorded
    from ..postprocess.run import open_run

    return open_run(str(folder))
