"""Many units at once, of many histories: arrays that go through the cascade together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from .draws import Keys, Words
from .plan import Floats
from .results import Ints


@dataclass(frozen=True)
class Flock:
    """n units: seed, ident: their random numbers; history: index in the batch; route: of ``Body.routes``; the rest as in ``Units``.

    time: since when they are where they are now.
    """

    seed: Words
    ident: Words
    history: Ints
    event: Ints
    part: Ints
    parent: Ints
    generation: Ints
    route: Ints
    cells: Ints
    entered: Floats
    time: Floats

    def __len__(self) -> int:
        return len(self.history)

    @property
    def keys(self) -> Keys:
        return Keys(self.seed, self.ident)

    @property
    def size(self) -> Ints:
        return self.cells.sum(axis=1)

    @property
    def shares(self) -> Floats:
        return self.cells / np.maximum(self.size, 1)[:, None]

    def take(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> Flock:
        return Flock(*(getattr(self, part.name)[which] for part in fields(self)))

    def now(self, **values: NDArray[np.float64] | Ints | Words) -> Flock:
        """The same with other values."""
        return replace(self, **values)  # type: ignore[arg-type]


def joined(flocks: Sequence[Flock]) -> Flock:
    """All of them, in this order."""
    return Flock(*(np.concatenate([getattr(flock, part.name) for flock in flocks]) for part in fields(Flock)))
