"""What the program says while it runs: into run.log from rank 0, and for a command on standard error.

Modules log to ``logging.getLogger("invasio.<part>")``. What Python's logging is set up to do with these messages it goes on doing.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..parallel import Comm

_NAME = "invasio"


class _File(logging.FileHandler):
    """A full disk costs lines of the log, not a traceback for each of them."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing: whoever writes results says what is wrong."""


class _Onward(logging.Handler):
    """Hands on to the root logger's handlers what they would get without a run.log."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.addFilter(_is_for_the_screen)

    def emit(self, record: logging.LogRecord) -> None:
        """Hand it on."""
        logging.getLogger().callHandlers(record)


def _is_for_the_screen(record: logging.LogRecord) -> bool:
    """Progress is on standard output already, and an error that ends the program is an exception, which is told by who catches it."""
    return record.name != "invasio.progress" and not getattr(record, "ends_program", False)


class RunLog:
    """run.log, which holds the messages of rank 0 until it is closed.

    Args:
        path: the file.
        comm: the communicator.
        append: keep what is in the file (a resumed run).
    """

    def __init__(self, path: Path, comm: Comm, append: bool = False) -> None:
        logger = logging.getLogger(_NAME)
        self._before = logger.level, logger.propagate
        self._handlers: list[logging.Handler] = []
        if comm.rank:
            return
        file = _File(path, mode="a" if append else "w", encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S"))
        self._handlers = [file]
        if logger.propagate:
            self._handlers.append(_Onward(logger.getEffectiveLevel()))
        for handler in self._handlers:
            logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False

    def close(self) -> None:
        """Close the file, and let Python's logging be as it was."""
        logger = logging.getLogger(_NAME)
        if not self._handlers:
            return
        while self._handlers:
            handler = self._handlers.pop()
            logger.removeHandler(handler)
            handler.close()
        level, propagate = self._before
        logger.setLevel(level)
        logger.propagate = propagate


@contextmanager
def on_screen(comm: Comm) -> Iterator[None]:
    """In the block, what a command does: warnings of rank 0 go to standard error, and of the other ranks errors only."""
    logger = logging.getLogger(_NAME)
    before = logger.level, logger.propagate
    screen = logging.StreamHandler(sys.stderr)
    screen.setLevel(logging.WARNING if comm.rank == 0 else logging.ERROR)
    screen.setFormatter(logging.Formatter("invasio: %(message)s" if comm.rank == 0 else f"invasio (rank {comm.rank}): %(message)s"))
    screen.addFilter(_is_for_the_screen)
    logger.addHandler(screen)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(screen)
        logger.setLevel(before[0])
        logger.propagate = before[1]
