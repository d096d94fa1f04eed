"""What the program says while it runs: into run.log from rank 0, and for a command on standard error.

Modules log to ``logging.getLogger("invasio.<part>")``. What Python's logging is set up to do with these messages it goes on doing.
Of several simulations in one process each has its own messages in its run.log: `speaks` says whose they are.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from ..parallel import Comm

_NAME = "invasio"
_speaker: ContextVar[object | None] = ContextVar("speaker", default=None)
_Args = ParamSpec("_Args")
_Out = TypeVar("_Out")
_Speaker = TypeVar("_Speaker")


@contextmanager
def speaking(who: object) -> Iterator[None]:
    """In the block, messages are of this simulation."""
    token = _speaker.set(who)
    try:
        yield
    finally:
        _speaker.reset(token)


def speaks(method: Callable[Concatenate[_Speaker, _Args], _Out]) -> Callable[Concatenate[_Speaker, _Args], _Out]:
    """Messages within a method are of the object that it is called for."""

    @wraps(method)
    def spoken(self: _Speaker, *args: _Args.args, **options: _Args.kwargs) -> _Out:
        with speaking(self):
            return method(self, *args, **options)

    return spoken


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
    """run.log, which holds the messages of rank 0 until it is closed: those of the simulation that opens it, and, while it is the one that
    was opened last, those of nobody.

    Args:
        path: the file.
        comm: the communicator.
        append: keep what is in the file (a resumed run).
    """

    def __init__(self, path: Path, comm: Comm, append: bool = False) -> None:
        self._of, self._file = _speaker.get(), None
        if comm.rank:
            return
        self._file = _File(path, mode="a" if append else "w", encoding="utf-8")
        self._file.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S"))
        self._file.addFilter(self._mine)
        _open(self)
        logging.getLogger(_NAME).addHandler(self._file)

    def _mine(self, record: logging.LogRecord) -> bool:
        speaker = _speaker.get()
        return self is _logs[-1] if speaker is None else self._of is speaker

    def close(self) -> None:
        """Close the file; with the last one that is open, let Python's logging be as it was."""
        if self._file is not None:
            logging.getLogger(_NAME).removeHandler(self._file)
            self._file.close()
            self._file = None
            _closed(self)
        self._of = None  # a simulation that has this log


_logs: list[RunLog] = []
_before: list[tuple[int, bool, _Onward | None]] = []  # level and propagation of the logger without any run.log, and what hands on


def _open(log: RunLog) -> None:
    logger = logging.getLogger(_NAME)
    _logs.append(log)
    if _before:
        return
    onward = _Onward(logger.getEffectiveLevel()) if logger.propagate else None
    _before.append((logger.level, logger.propagate, onward))
    if onward is not None:
        logger.addHandler(onward)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def _closed(log: RunLog) -> None:
    _logs.remove(log)
    if _logs or not _before:
        return
    logger = logging.getLogger(_NAME)
    level, propagate, onward = _before.pop()
    if onward is not None:
        logger.removeHandler(onward)
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
