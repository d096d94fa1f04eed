"""A run into a folder, from its beginning to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .course import Numbered
from .parallel import Comm
from .scenario.schema import Scenario
from .simulation import Simulation


@dataclass(frozen=True)
class Outcome:
    """Where a run's results are and how it ended: "done", or why it stopped early."""

    folder: Path
    reason: str


def run(
    scenario: Scenario,
    comm: Comm,
    out: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    petsc: Sequence[str] = (),
    until: float | str | None = None,
) -> Outcome:
    """Run a scenario to its end, or to a checkpoint when asked to stop. Collective; raises InvasioError on all ranks."""
    place = Numbered.NEXT if out is None else out
    with Simulation(
        scenario, comm=comm, out=place, resume=resume, overwrite=overwrite, petsc=petsc, progress=True, until=until
    ) as simulation:
        reason = simulation.run()
        return Outcome(simulation.path, reason)
