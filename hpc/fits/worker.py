"""A process that evaluates runs of a fit in memory: values of what varies come in, what the data measure goes out."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from invasio.hpc.processes import while_mpi_starts
from invasio.postprocess.cascade_numbers import over_time
from invasio.postprocess.outcomes import measure
from invasio.postprocess.run import Run, open_run
from invasio.solver.errors import InvasioError, StoppedEarly
from invasio.solver.scenario.arms import Outcome
from invasio.solver.scenario.schema import Scenario

from .data import DataError
from .pool import reason_of
from .task import DATA, OUTCOMES, Task

if TYPE_CHECKING:
    from invasio.solver.memory import Memory
    from invasio.solver.simulation import Simulation

    from .observe import Observer


class Evaluator:
    """Runs one scenario after the other on the ground of the first."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._silent = logging.NullHandler()  # remarks on the model and the mesh are not for each of thousands of runs
        logging.getLogger("invasio").addHandler(self._silent)
        self._simulation: Simulation | None = None
        self._observers: dict[tuple[str, str], Observer] = {}

    def values(self, arm: str, given: list[float], kind: str = DATA) -> list[float]:
        """What the data of an arm measure (or what is predicted of it), of a run with these values. Collective. Raises InvasioError."""
        scenario = self.task.run(arm, self.task.stated(given, kind), kind)
        outcomes = self.task.scenario.outcomes
        if kind == OUTCOMES:
            behind = any(one.cascade is not None for one in outcomes.values())
            return self._read(scenario, behind, lambda run: [self._outcome(run, one) for one in outcomes.values()])
        return self._read(scenario, self.task.data.of_cascade, lambda run: self._observed(run, arm, kind))

    def _read(self, scenario: Scenario, behind: bool, read: Callable[[Memory | Run], list[float]]) -> list[float]:
        """What is read off a run in memory; ``behind``: in a folder that is taken away again, as numbers of the cascade need its files."""
        if not behind:
            run = self._run(scenario, None).recorded
            assert run is not None
            return read(run)
        return self._in_folder(scenario, read)

    def _run(self, scenario: Scenario, out: Path | None) -> Simulation:
        """The run, made; in a folder it is ended as well."""
        from invasio.solver.simulation import Simulation

        if self._simulation is None:
            self._simulation = Simulation(scenario, out=out)
        else:
            self._simulation.restart(scenario=scenario, out=out)
        reason = self._simulation.run() if out is None else self._simulation.finish()
        if reason != "done":
            raise StoppedEarly(f"stopped early ({reason})", code="stopped-early", place="fit", remedy="the same command goes on")
        return self._simulation

    def _in_folder(self, scenario: Scenario, read: Callable[[Memory | Run], list[float]]) -> list[float]:
        from mpi4py import MPI

        comm = MPI.COMM_WORLD
        folder = Path(comm.bcast(tempfile.mkdtemp(prefix="invasio-fit-") if comm.rank == 0 else ""))
        try:
            self._run(scenario, folder / "run")
            return read(open_run(folder / "run"))
        finally:
            comm.Barrier()
            if comm.rank == 0:
                shutil.rmtree(folder, ignore_errors=True)

    def _observed(self, run: Memory | Run, arm: str, kind: str) -> list[float]:
        observer = self._observers.get((arm, kind))
        if observer is None:
            observer = self._observers[arm, kind] = self._observer(arm, kind, run.dim)
        return [float(x) for x in observer(run)]

    @staticmethod
    def _outcome(run: Memory | Run, outcome: Outcome) -> float:
        if outcome.cascade is not None:
            assert isinstance(run, Run)
            times, values = over_time(run.path, [outcome.cascade], [] if isinstance(outcome.at, str) else [outcome.at])[outcome.cascade]
            return float(values[-1] if isinstance(outcome.at, str) else np.interp(outcome.at, times, values))
        return measure("run", {name: list(values) for name, values in run.series.items()}, outcome.series or "", outcome.at)

    def close(self) -> None:
        """Free what runs have made."""
        logging.getLogger("invasio").removeHandler(self._silent)
        if self._simulation is not None:
            self._simulation.close()

    def _observer(self, arm: str, kind: str, dim: int) -> Observer:
        from invasio.solver.scenario.columns import units_of

        from .observe import Observer

        data = self.task.asked(kind)
        return Observer([row for row in data.rows if row.arm == arm], data.observables, units_of(self.task.scenario, dim))


def _answer(evaluator: Evaluator, request: Any) -> dict[str, object]:
    try:
        return {"values": evaluator.values(request["arm"], request["given"], request["kind"])}
    except DataError as error:
        return {"refused": [error.what, error.code, error.place, error.remedy]}
    except InvasioError as error:
        return {"failed": reason_of(error), "code": error.code}


def main() -> int:
    """The task comes as the first line of standard input, a request on each further line; answers are lines of JSON. On several ranks
    the first one reads and writes. Ends with the input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with while_mpi_starts():
        from mpi4py import MPI

    comm = MPI.COMM_WORLD
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer

    def line() -> str:
        return str(comm.bcast(sys.stdin.readline() if comm.rank == 0 else ""))

    evaluator = Evaluator(Task.read(line()))
    while text := line():
        answer = _answer(evaluator, json.loads(text))
        if comm.rank == 0:
            print(json.dumps(answer), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
