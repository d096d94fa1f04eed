"""Running many small runs on this machine's cores: one process per core, which takes one run after the other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from invasio.hpc import processes
from invasio.hpc.ranks import die_with_parent

from .local import Pool, _Running
from .worker import BROKEN

_AGAIN = 0.5  # seconds after which a worker is asked to stop again: a request before its run has begun is not seen by the run


class Workers(Pool):
    """A `Pool` of runs on one rank each, without the start of a program for each; a worker that ends takes its run with it, no others."""

    pause = 0.005

    def __init__(self, jobs: int) -> None:
        super().__init__(jobs)
        self._idle: list[subprocess.Popen[bytes]] = []
        self._said = 0.0

    def _start(self, folder: Path) -> None:
        self._idle = [process for process in self._idle if process.poll() is None]
        process = self._idle.pop() if self._idle else _worker()
        assert process.stdin is not None
        self._running.append(_Running(folder, process))
        try:
            process.stdin.write(json.dumps(str(folder)).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, which is seen when its answer is looked for

    def _ended(self) -> list[tuple[_Running, int]]:
        found = []
        for one in self._running:
            answer = one.process.stdout.read(64) if one.process.stdout is not None else None
            if answer:
                code = int(answer)
                if code != BROKEN:
                    self._idle.append(one.process)
                found.append((one, code))
            elif one.process.poll() is not None:
                found.append((one, one.process.returncode or BROKEN))
        return found

    def _ask(self) -> None:
        if time.monotonic() - self._said > _AGAIN:
            self._said = time.monotonic()
            for one in self._running:
                if processes.catches(one.process.pid, signal.SIGUSR1):
                    one.process.send_signal(signal.SIGUSR1)

    def _leave(self) -> None:
        super()._leave()
        for process in self._idle:
            assert process.stdin is not None
            process.stdin.close()
        for process in self._idle:
            process.wait()


def _worker() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "invasio.hpc.sweep.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # the terminal's Ctrl-C comes to the process that looks after it
        preexec_fn=lambda: die_with_parent(signal.SIGKILL),
    )
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    return process
