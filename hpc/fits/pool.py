"""Processes that evaluate runs: as many as run at once, shared by all searches; each takes one run after the other."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from invasio.hpc.ranks import die_with_parent, find_mpirun
from invasio.solver.errors import InvasioError, StoppedEarly

from .data import DataError
from .task import DATA, Task

if TYPE_CHECKING:
    from .worker import Evaluator


class Stopped(Exception):
    """The fit was asked to stop; what has run is kept."""


def reason_of(error: InvasioError) -> str:
    """Why a run failed, in a line: of several faults the first."""
    return str(error.faults[0] if error.faults else error).splitlines()[0]


class WorkerError(InvasioError):
    """A process that evaluates runs has ended by itself."""

    exit_code = 4


@dataclass(frozen=True)
class Answer:
    """What the data of an arm measure of a run, or why there is no run, with the code of the message."""

    values: tuple[float, ...] = ()
    failed: str = ""
    code: str = ""


class Workers:
    """A pool of such processes, started as they are needed; a context manager. ``log``: where they print."""

    def __init__(self, task: Task, jobs: int, ranks: int, log: Path) -> None:
        self._task, self._ranks, self._log = task, ranks, log
        self._idle: queue.LifoQueue[subprocess.Popen[bytes] | None] = queue.LifoQueue()
        self._all: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()
        self.stopped = False
        self.jobs = jobs
        for _ in range(jobs):
            self._idle.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End all processes; what they are at is lost."""
        self.stopped = True
        with self._lock:
            for process in self._all:
                if process.poll() is None:
                    process.terminate()
            for process in self._all:
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                for pipe in (process.stdin, process.stdout):
                    if pipe is not None:
                        with contextlib.suppress(BrokenPipeError):
                            pipe.close()

    def ask(self, arm: str, given: Sequence[float], kind: str = DATA) -> Answer:
        """One run, on the next process that is free; called from several threads. Raises Stopped, WorkerError, and DataError where the
        data do not fit the mesh."""
        process = self._idle.get()
        try:
            if self.stopped:
                raise Stopped
            if process is None or process.poll() is not None:
                process = self._start()
            text = self._line(process, {"arm": arm, "given": [float(x) for x in given], "kind": kind})
        finally:
            self._idle.put(process)
        if self.stopped:
            raise Stopped
        if not text:
            code = process.wait()
            remedy = f"what it printed is in {self._log}"
            raise WorkerError(f"a process that evaluates runs ended by itself ({code})", code="broken-worker", place="fit", remedy=remedy)
        found = json.loads(text)
        if "refused" in found:
            what, kind, place, remedy = found["refused"]
            raise DataError(what, code=kind, place=place, remedy=remedy)
        return Answer(tuple(found.get("values", ())), found.get("failed", ""), found.get("code", ""))

    def _line(self, process: subprocess.Popen[bytes], request: object) -> bytes:
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            return process.stdout.readline()
        except (BrokenPipeError, ValueError):
            return b""

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "invasio.hpc.fits.worker"]
        if self._ranks > 1:
            command = [find_mpirun() or "mpirun", "-n", str(self._ranks), *command]
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # the terminal's Ctrl-C comes to the process that looks after it
                preexec_fn=lambda: die_with_parent(signal.SIGTERM if self._ranks > 1 else signal.SIGKILL),
            )
        assert process.stdin is not None
        process.stdin.write(str(self._task).encode() + b"\n")
        with self._lock:
            self._all.append(process)
        return process


class Here:
    """The same in this process, one run after the other; a context manager."""

    jobs = 1

    def __init__(self, task: Task) -> None:
        self._task = task
        self._evaluator: Evaluator | None = None
        self.stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._evaluator is not None:
            self._evaluator.close()

    def stop(self) -> None:
        """Begin no other run."""
        self.stopped = True

    def ask(self, arm: str, given: Sequence[float], kind: str = DATA) -> Answer:
        """One run. Raises Stopped, and DataError where the data do not fit the mesh."""
        from .worker import Evaluator

        if self.stopped:
            raise Stopped
        if self._evaluator is None:
            self._evaluator = Evaluator(self._task)
        try:
            return Answer(tuple(self._evaluator.values(arm, list(given), kind)))
        except DataError:
            raise
        except StoppedEarly:
            raise Stopped from None
        except InvasioError as error:
            return Answer(failed=reason_of(error), code=error.code)
