"""How the rows of several ranks get into one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import h5py

from .newest import Run
from .places import Place, places, squeezes


@dataclass(frozen=True)
class Way:
    """How a rank's rows get into a table: to their places, or through rank 0, as they are or in compressed chunks.

    kind: the table's type, "" where the rank has no rows or is rank 0; shape: of a row; level, chunk: of gzip, and the rows of a chunk.
    """

    kind: str
    places: tuple[Place, ...] = ()
    shape: tuple[int, ...] = ()
    level: int | None = None
    chunk: int = 0


NOTHING = Way("")


def ways_into(table: h5py.Dataset, asked: Sequence[tuple[int, int]], apart: bool, newest: Callable[[], Run | None]) -> list[Way]:
    """That of each rank, of which ``asked`` has the first row and how many there are; rank 0 writes its own itself.

    apart: ranks may write to the file by themselves; newest: as of `places`.
    """
    level, ways = squeezes(table), [NOTHING]
    for start, count in asked[1:]:
        if not count:
            ways.append(NOTHING)
            continue
        where = places(table, start, count, newest) if apart else None
        if level is not None and _whole(table, start, count):
            ways.append(Way(table.dtype.str, (), table.shape[1:], level, table.chunks[0]))
        else:
            ways.append(Way(table.dtype.str, tuple(where or ()), table.shape[1:]))
    return ways


def _whole(table: h5py.Dataset, start: int, count: int) -> bool:
    """Whether rows are whole chunks; the table's last one may end early."""
    rows = table.chunks[0]
    return start % rows == 0 and (count % rows == 0 or start + count == table.shape[0])
