"""A process that runs one run folder after the other: the program starts once, and what a mesh determines is made once."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from invasio.hpc.processes import while_mpi_starts
from invasio.solver.errors import InvasioError
from invasio.solver.output.layout import OUTPUT, RESOLVED

if TYPE_CHECKING:
    from invasio.solver.simulation import Simulation

STOPPED = 85
BROKEN = 70  # of a member: its run ended by a fault of the program, and so does the worker


class Worker:
    """Runs folders that hold a resolved.yaml, each with the files and the exit code that a program of its own would give it."""

    def __init__(self) -> None:
        self.asked = False  # to stop
        self._simulation: Simulation | None = None
        signal.signal(signal.SIGUSR1, self._note)

    def _note(self, *_: object) -> None:
        self.asked = True

    def run(self, folder: Path) -> int:
        """The exit code; what is printed goes to the folder's output.txt."""
        with _printed_to(folder / OUTPUT):
            try:
                return self._run(folder)
            except InvasioError as error:
                print(f"invasio: {error}", file=sys.stderr)
                return error.exit_code
            except Exception:
                traceback.print_exc()
                return BROKEN

    def _run(self, folder: Path) -> int:
        from mpi4py import MPI

        from invasio.solver.commands.run import finish
        from invasio.solver.output.log import on_screen
        from invasio.solver.scenario.loader import load
        from invasio.solver.simulation import Simulation

        scenario = load(folder / RESOLVED)
        with on_screen(MPI.COMM_WORLD):
            if self._simulation is None:
                self._simulation = Simulation(scenario, out=folder, resume=True, progress=True)
            else:
                self._simulation.restart(scenario=scenario, out=folder, resume=True)
            reason = self._simulation.finish()
        if reason != "done":
            print(f"invasio: {folder}: stopped early ({reason})", file=sys.stderr)
            return STOPPED
        return finish(folder, scenario)


@contextmanager
def _printed_to(path: Path) -> Iterator[None]:
    """In the block, all that this process prints is added to a file, also what libraries print."""
    before = os.dup(1), os.dup(2)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, old in zip((1, 2), before, strict=True):
            os.dup2(old, number)
            os.close(old)
        os.close(file)


def main() -> int:
    """Folders come as lines of JSON on standard input, an exit code goes back for each; ends with the input, or when asked to stop."""
    with while_mpi_starts():
        worker = Worker()
        from mpi4py import MPI

        MPI.Get_library_version()
    signal.signal(signal.SIGUSR1, worker._note)
    answers = os.fdopen(os.dup(1), "w")
    code = 0
    for line in sys.stdin:
        if worker.asked:
            break
        code = worker.run(Path(json.loads(line)))
        signal.signal(signal.SIGUSR1, worker._note)
        print(code, file=answers, flush=True)
        if code == BROKEN:
            break
    return code


if __name__ == "__main__":
    sys.exit(main())
