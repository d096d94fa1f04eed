"""How many of many runs are done: on a terminal a bar with the time that the rest will take below the lines, elsewhere lines alone."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self, TextIO

from invasio.solver.output.progress import bar_wanted, duration

_WIDTH = 24
_CLEAR = "\r\x1b[K"
_EVERY = 10.0  # seconds between two plain lines of `at`


class Tally:
    """A bar that stays below what is printed by `line`; a context manager.

    total: how many there are; 0: not known. stream: where to print; standard output by default.
    """

    def __init__(self, total: int = 0, stream: TextIO | None = None) -> None:
        self.total, self._stream = total, stream or sys.stdout
        self.on_terminal, self._bar = bar_wanted(self._stream), ""
        self._began = self._told = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.clear()

    def line(self, text: str) -> None:
        """A line that stays."""
        if self._bar:
            self._stream.write(_CLEAR)
        print(text, file=self._stream)
        self._stream.write(self._bar)
        self._stream.flush()

    def at(self, done: int, what: str, rest: float | None = None) -> None:
        """Move the bar, or print a line if the last one is old enough. rest: seconds; None: as the ones so far."""
        now = time.monotonic()
        if rest is None and done:
            rest = (now - self._began) / done * max(self.total - done, 0)
        text = f"{done} of {self.total} {what}" + (f", about {duration(rest)} to go" if rest is not None and done < self.total else "")
        if self.on_terminal:
            full = round(_WIDTH * min(done / max(self.total, 1), 1.0))
            self._bar = f"{_CLEAR}{'━' * full}{'╌' * (_WIDTH - full)} {text}"
            self._stream.write(self._bar)
            self._stream.flush()
        elif now - self._told > _EVERY and done < self.total:
            self._told = now
            print(text, file=self._stream, flush=True)

    def clear(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._stream.write(_CLEAR)
            self._stream.flush()
        self._bar = ""
