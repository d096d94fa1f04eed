"""A command in a process of its own, with bounds of time and memory, and what is wrong with its answer."""

from __future__ import annotations

import os
import resource
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from invasio.solver.cli import main

SECONDS = 10  # of the processor
MEMORY = 3 << 30  # bytes of addresses, of which the libraries take one third
PRINTED = 400_000  # bytes
EXITS = (0, 1, 2, 3, 4, 85)


@dataclass(frozen=True)
class Answer:
    """How a command ended: exit code (minus the signal), what it printed, processor time in seconds, memory in MB."""

    code: int
    text: str
    seconds: float
    memory: float

    @property
    def fault(self) -> str:
        """What is wrong with the answer; "" for a result or a message."""
        if self.code not in EXITS:
            return f"ended with {self.code}: {self.text[-1500:]}"
        if "Traceback (most recent call last)" in self.text or "Warning: " in self.text:
            return f"a traceback or a warning of Python: {self.text[-1500:]}"
        if self.code not in (0, 85) and "invasio: " not in self.text and "usage: " not in self.text and "expected number" not in self.text:
            return f"exit code {self.code} without a message: {self.text[-300:]!r}"
        if len(self.text) > PRINTED:
            return f"{len(self.text)} characters of answer"
        return ""


def ask(arguments: Sequence[str], folder: Path, seconds: int = SECONDS, memory: int = MEMORY) -> Answer:
    """The answer of ``invasio ARGUMENTS`` in a folder."""
    return apart(lambda: main(list(arguments)), folder, seconds, memory)


def apart(action: Callable[[], int], folder: Path, seconds: int = SECONDS, memory: int = MEMORY) -> Answer:
    """The answer of a function in a child of this process; it is ended when it takes longer or more than it may."""
    out, into = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            os.chdir(folder)
            for stream in (1, 2):
                os.dup2(into, stream)
            sys.stdout, sys.stderr = (os.fdopen(os.dup(stream), "w", encoding="utf-8") for stream in (1, 2))
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
            try:
                code = action()
            except SystemExit as stop:  # argparse
                code = stop.code if isinstance(stop.code, int) else 1
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)
    os.close(into)
    text = b""
    with os.fdopen(out, "rb") as answer:
        while len(text) <= 2 * PRINTED and (part := answer.read1(1 << 16)):
            text += part
    _, status, used = os.wait4(child, 0)
    time = used.ru_utime + used.ru_stime
    return Answer(os.waitstatus_to_exitcode(status), text.decode("utf-8", "replace"), time, used.ru_maxrss / 1024)
