"""Observed orders of convergence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise


def orders(errors: Sequence[float], sizes: Sequence[float] | None = None) -> list[float]:
    """log(e/e')/log(h/h') between successive sizes of cells, steps or tolerances; each half of the one before where none are given."""
    sizes = [0.5**k for k in range(len(errors))] if sizes is None else sizes
    return [math.log(e / finer) / math.log(h / h_finer) for (h, e), (h_finer, finer) in pairwise(zip(sizes, errors, strict=True))]


def overall(errors: Sequence[float], sizes: Sequence[float] | None = None) -> float:
    """The order between the first and the last size."""
    sizes = [0.5**k for k in range(len(errors))] if sizes is None else sizes
    return orders([errors[0], errors[-1]], [sizes[0], sizes[-1]])[0]


@dataclass(frozen=True)
class Convergence:
    """Errors of species for several sizes of cells, steps or tolerances, from coarse to fine."""

    sizes: list[float]
    errors: dict[str, list[float]]

    @classmethod
    def of(cls, sizes: Sequence[float], found: Sequence[Mapping[str, float]]) -> Convergence:
        """From the errors at each size, by species."""
        return cls(list(sizes), {name: [errors[name] for errors in found] for name in found[0]})

    @property
    def orders(self) -> dict[str, list[float]]:
        """Observed orders between successive sizes, by species."""
        return {name: orders(errors, self.sizes) for name, errors in self.errors.items()}

    def overall(self, name: str) -> float:
        """The order of a species between the first and the last size."""
        return overall(self.errors[name], self.sizes)
