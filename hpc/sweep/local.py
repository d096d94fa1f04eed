"""Running several runs at once on this machine's cores, each as a program of its own; none stops the others."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from invasio.hpc import processes
from invasio.hpc.ranks import ABORT_AFTER, GRACE, die_with_parent
from invasio.hpc.tally import Tally
from invasio.postprocess.reason import reason
from invasio.solver.output.folder import replace_text
from invasio.solver.output.layout import LOG, OUTPUT, RESOLVED, STATUS
from invasio.solver.output.progress import duration

STOPPED = 85
_RECENT = 5  # runs by which it is told how long the others will take
_STEP = re.compile(r"step \d+,")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


@dataclass
class _Running:
    folder: Path
    process: subprocess.Popen[bytes]
    began: float = field(default_factory=time.monotonic)
    told: bool = False


class Pool:
    """Runs run folders (with a resolved.yaml) to their end, ``jobs`` at once on ``ranks`` ranks each.

    USR1, HUP, TERM and the first INT ask all of them for a checkpoint; a second INT or TERM ends them. ``codes`` are the exit codes.
    """

    pause = 0.05  # seconds between two looks

    def __init__(self, jobs: int, ranks: int = 1) -> None:
        self.jobs, self.ranks = jobs, ranks
        self.codes: dict[Path, int] = {}
        self._running: list[_Running] = []
        self._asked: list[tuple[int, float]] = []
        self._warm = False
        self._took: list[float] = []  # seconds of the last runs
        self._tally = Tally()

    def run(self, folders: Sequence[Path]) -> int:
        """Returns 0 if all finished, 85 if it was asked to stop, else 1."""
        waiting = list(folders)
        self._tally.total = len(folders)
        handlers = {s: signal.signal(s, lambda number, _: self._asked.append((number, time.monotonic()))) for s in processes.stopping()}
        try:
            while self._running or (waiting and not self._asked):
                while waiting and not self._asked and len(self._running) < (self.jobs if self._is_warm() else 1):
                    self._start(waiting.pop(0))
                self._pass_on()
                for one, code in self._ended():
                    self._running.remove(one)
                    self._tell(one, code, len(folders))
                time.sleep(self.pause)
        finally:
            self._tally.clear()
            self._leave()
            for number, handler in handlers.items():
                signal.signal(number, handler)
        if self._asked or STOPPED in self.codes.values():
            return STOPPED
        return int(any(self.codes.values()))

    def _ended(self) -> list[tuple[_Running, int]]:
        """The runs that have ended, with their exit codes."""
        return [(one, one.process.returncode) for one in self._running if one.process.poll() is not None]

    def _leave(self) -> None:
        """End whatever is still running."""
        for one in self._running:
            processes.kill_session(one.process.pid)

    def _is_warm(self) -> bool:
        """Whether the kernels are compiled: the first run has done a step, so that the others find them and compile nothing."""
        if not self._warm:
            logs = [one.folder / LOG for one in self._running]
            stepped = any(log.exists() and _STEP.search(log.read_text(encoding="utf-8", errors="replace")) for log in logs)
            self._warm = stepped or bool(self.codes)
        return self._warm

    def _start(self, folder: Path) -> None:
        command = [sys.executable, "-m", "invasio.solver.cli", "run", str(folder / RESOLVED), "--out", str(folder), "--resume"]
        command += ["-n", str(self.ranks)] if self.ranks > 1 else []
        with (folder / OUTPUT).open("ab") as out:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # the terminal's Ctrl-C comes to this process alone
                preexec_fn=lambda: die_with_parent(signal.SIGTERM if self.ranks > 1 else signal.SIGKILL),
            )
        self._running.append(_Running(folder, process))

    def _pass_on(self) -> None:
        ends = [(number, at) for number, at in self._asked if number not in processes.GENTLE]
        if ends and any(at - ends[0][1] > ABORT_AFTER for _, at in ends):
            for one in self._running:
                one.process.terminate()
            deadline = time.monotonic() + GRACE
            while time.monotonic() < deadline and any(one.process.poll() is None for one in self._running):
                time.sleep(0.05)
            for one in self._running:
                processes.kill_session(one.process.pid)
        elif self._asked:
            self._ask()

    def _ask(self) -> None:
        """Ask all runs to stop at a checkpoint."""
        for one in self._running:  # one that is still starting has no handler and would die of it: the next time
            if not one.told and processes.catches(one.process.pid, signal.SIGUSR1):
                one.process.send_signal(signal.SIGUSR1)
                one.told = True

    def _tell(self, one: _Running, code: int, count: int) -> None:
        self.codes[one.folder] = code
        head = f"[{len(self.codes)}/{count}] {one.folder.name}"
        if code == 0:
            left = count - len(self.codes)
            took = time.monotonic() - one.began
            self._took = [*self._took[1 - _RECENT :], took]
            seconds = sum(self._took) / len(self._took) * left / min(self.jobs, count)
            rest = duration(seconds)
            if left and self._tally.on_terminal:
                self._tally.at(len(self.codes), "runs", seconds)
            self._tally.line(f"{head}: done in {took:.{0 if took > 9.5 else 1}f} s" + (f", about {rest} to go" if left else ""))
        elif code == STOPPED or self._asked:
            self._tally.line(f"{head}: stopped early")
        else:
            status = one.folder / STATUS
            if not status.exists() or not status.read_text(encoding="utf-8").startswith(("failed", "done")):
                replace_text(status, "failed\n")  # it could not even begin, or was killed
            self._tally.line(f"{head}: FAILED with exit code {code}: {reason(one.folder)} (all in {one.folder / OUTPUT})")
