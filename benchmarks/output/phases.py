"""Where the time of an output goes: seconds of this rank in each part of the writers, by the wall's clock and the processor's."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from invasio.solver.output import blocks, checkpoint, digest, fields, hdf, structure
from invasio.solver.output.vtkhdf import ROOT

MESH = tuple(f"{ROOT}/{name}" for name in ("Points", "Connectivity", "Offsets", "Types", "CellData/region"))
PARTS: tuple[tuple[Any, str, str], ...] = (
    (blocks.Blocks, "__init__", "plan of rows"),
    (blocks.Blocks, "to_block", "rows to their blocks"),
    (fields, "create_alone", "tables"),
    (hdf.SharedFile, "reserve", "room"),
    (hdf.SharedFile, "resize", "tables"),
    (hdf.SharedFile, "write_same", "tables"),
    (hdf.SharedFile, "set_number", "tables"),
    (hdf.SharedFile, "flush", "flush, close"),
    (hdf.SharedFile, "close", "flush, close"),
    (fields, "sync", "fsync"),
    (checkpoint, "sync", "fsync"),
    (structure, "sync", "fsync"),
    (checkpoint, "_sums", "CRC-32"),
    (digest, "put", "SHA-256"),
)


def clocks() -> NDArray[np.float64]:
    """Seconds by the wall's clock and by the processor's."""
    return np.array([time.perf_counter(), time.process_time()])


class Phases:
    """Seconds (wall, processor) by part while ``attached``; the innermost part counts, what is in none is "the rest" of the whole."""

    def __init__(self) -> None:
        self.seconds: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(2))
        self._inner = [np.zeros(2)]

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Count what is done inside."""
        with ExitStack() as stack:
            for owner, name, label in PARTS:
                stack.enter_context(mock.patch.object(owner, name, self._wrap(getattr(owner, name), partial(_always, label))))
            rows = hdf.SharedFile.write_rows
            stack.enter_context(mock.patch.object(hdf.SharedFile, "write_rows", self._wrap(rows, _kind_of_rows)))
            yield

    def _wrap(self, function: Callable[..., Any], label: Callable[[tuple[Any, ...]], str]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            began = clocks()
            self._inner.append(np.zeros(2))
            try:
                return function(*args, **kwargs)
            finally:
                spent = clocks() - began
                self.seconds[label(args)] += spent - self._inner.pop()
                self._inner[-1] += spent

        return timed

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Time all that is inside."""
        self._inner.append(np.zeros(2))
        began = clocks()
        yield
        self.seconds["the rest"] += clocks() - began - self._inner.pop()

    def take(self) -> dict[str, list[float]]:
        """The seconds up to now, and begin anew."""
        found = {name: [float(each[0]), float(each[1])] for name, each in self.seconds.items()}
        self.seconds.clear()
        return found


def _always(label: str, args: tuple[Any, ...]) -> str:
    return label


def _kind_of_rows(args: tuple[Any, ...]) -> str:
    return "writing the mesh" if args[1] in MESH else "writing rows"
