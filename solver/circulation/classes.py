"""Kinds of units, told apart by how many cells they have of each phenotype, and what a cluster can come apart into."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations_with_replacement
from math import comb, prod

import numpy as np

from .errors import CirculationError
from .plan import MOST_WAYS, Floats, ways_apart
from .results import Ints
from .special import gammaln


@dataclass(frozen=True)
class Classes:
    """cells: (M, P), every composition of 1 to K cells, the P singles first; sizes: (K,) chance of a cluster that leaves to have k cells.

    Ways: way w leads from class whole[w] to what stays together, stays[w] cells as class cluster[w] (-1: none), and loose[w] (P,) single
    cells, with chance count[w] times 1 - p of each cell that stays and p of each that does not; one cell that stays alone is a single.
    """

    cells: Ints
    sizes: Floats

    @classmethod
    def of(cls, sizes: Floats, phenotypes: int) -> Classes:
        """Of clusters with these chances of sizes; made once, as a run whose rates change asks for it in every step."""
        return _classes(tuple(map(float, sizes)), phenotypes)

    @cached_property
    def size(self) -> Ints:
        return self.cells.sum(axis=1)

    @cached_property
    def shares(self) -> Floats:
        return self.cells / self.size[:, None]

    @cached_property
    def ways(self) -> tuple[Ints, Ints, Ints, Ints, Floats]:
        """whole, cluster, stays, loose, count."""
        return self._ways[:5]

    @cached_property
    def _ways(self) -> tuple[Ints, Ints, Ints, Ints, Floats, Ints]:
        """The same, and kept (ways, P): how many of each phenotype stay."""
        rows = [[int(n) for n in row] for row in self.cells]
        index = {tuple(row): number for number, row in enumerate(rows)}
        whole: list[int] = []
        cluster: list[int] = []
        stays: list[int] = []
        loose: list[list[int]] = []
        count: list[float] = []
        kept_of: list[tuple[int, ...]] = []
        for number, row in enumerate(rows):
            for kept in np.ndindex(*(n + 1 for n in row)):
                together = sum(kept)
                free = row if together <= 1 else [n - r for n, r in zip(row, kept, strict=True)]
                whole.append(number)
                cluster.append(index[kept] if together > 1 else -1)
                stays.append(together)
                loose.append(free)
                kept_of.append(kept)
                count.append(float(prod(comb(n, r) for n, r in zip(row, kept, strict=True))))
        return np.array(whole), np.array(cluster), np.array(stays), np.array(loose), np.array(count), np.array(kept_of)

    def splits(self, apart: Floats) -> Floats:
        """(ways,) chances when each cell comes loose with the chance (P,) ``apart`` of its phenotype."""
        whole, _, _, _, count, kept = self._ways
        return np.asarray(count * ((1 - apart) ** kept * apart ** (self.cells[whole] - kept)).prod(axis=1))

    def split(self, apart: Floats) -> Floats:
        """(M, M): units of each class (columns) that are expected of one of a class (rows)."""
        whole, cluster, _, loose, _ = self.ways
        chance = self.splits(apart)
        out = np.zeros((len(self.cells), len(self.cells)))
        np.add.at(out, (whole[cluster >= 0], cluster[cluster >= 0]), chance[cluster >= 0])
        for p in range(self.cells.shape[1]):
            np.add.at(out[:, p], whole, chance * loose[:, p])
        return out

    def leaving(self, mix: Floats) -> Floats:
        """(M,) chance of an event to be of each class, where its cells have phenotypes with chances ``mix`` (P,)."""
        there = mix > 0
        logs = np.where(self.cells > 0, np.where(there, self.cells * np.log(np.where(there, mix, 1)), -np.inf), 0.0).sum(axis=1)
        return self.sizes[self.size - 1] * np.exp(gammaln(self.size + 1) - gammaln(self.cells + 1).sum(axis=1) + logs)


@lru_cache(maxsize=8)
def _classes(sizes: tuple[float, ...], phenotypes: int) -> Classes:
    rows = [[picked.count(p) for p in range(phenotypes)] for picked in _compositions(len(sizes), phenotypes)]
    return Classes(np.array(rows, dtype=np.int64), np.array(sizes))


def _compositions(most: int, phenotypes: int) -> list[tuple[int, ...]]:
    ways = ways_apart(most, phenotypes)
    if ways > MOST_WAYS:
        what = f"clusters of up to {most} cells of {phenotypes} phenotypes can come apart in {ways:,} ways; {MOST_WAYS:,} can be counted"
        raise CirculationError(what, code="too-large", place="circulation.clusters", remedy="give smaller clusters, or fewer phenotypes")
    return [picked for k in range(1, most + 1) for picked in combinations_with_replacement(range(phenotypes), k)]
