"""run.log: what the program says while it runs, from rank 0."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from ..parallel import Comm

_NAME = "invasio"


class _File(logging.FileHandler):
    """A full disk costs lines of the log, not a traceback for each of them."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing: whoever writes results says what is wrong."""


def open_log(path: Path | None, comm: Comm, append: bool = False, verbose: bool = False) -> logging.Logger:
    """Send the messages of rank 0 to the file, and its warnings (with ``verbose`` everything) to standard error.

    Modules log to ``logging.getLogger("invasio.<part>")``; other ranks are silent below errors.

    Args:
        path: run.log, or None for no file.
        comm: the communicator.
        append: keep what is in the file (a resumed run).
        verbose: repeat information on standard error too.
    """
    logger = logging.getLogger(_NAME)
    close_log()
    logger.propagate = False
    logger.setLevel(logging.INFO if comm.rank == 0 else logging.ERROR)
    screen = logging.StreamHandler(sys.stderr)
    screen.setLevel(logging.INFO if verbose else logging.WARNING)
    screen.setFormatter(logging.Formatter("invasio: %(message)s" if comm.rank == 0 else f"invasio (rank {comm.rank}): %(message)s"))
    # progress is on standard output already, and an error that ends the program is printed by the command line
    screen.addFilter(lambda record: record.name != "invasio.progress" and not getattr(record, "ends_program", False))
    logger.addHandler(screen)
    if path is not None and comm.rank == 0:
        file = _File(path, mode="a" if append else "w", encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S"))
        logger.addHandler(file)
    return logger


def close_log() -> None:
    """Close run.log; later messages go where Python's logging sends them."""
    logger = logging.getLogger(_NAME)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.propagate = True
    logger.setLevel(logging.NOTSET)
