"""What the cascade gives: means, drawn histories, chances; arrays with stated axes.

O places, T + 1 times of the grid, P phenotypes, as in plan.py; H histories of one batch; N units of them; Q times of ``Plan.report``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from .plan import Floats

Ints = NDArray[np.int64]


class Fate(IntEnum):
    """Where a unit is at the horizon, or what it died of. Its R cells share it."""

    LOST = 0  # in the blood; ``Units.cause`` says by what
    STUCK = 1  # arrested, died before it left the vessel
    STARVED = 2  # in a place where it cannot live
    FLOATING = 3  # in the blood at the horizon
    CAVITY = 4  # in the cavity at the horizon
    CLEARED = 5  # lost in the cavity
    DORMANT = 6  # asleep at the horizon
    FADED = 7  # died asleep
    EXTINCT = 8  # founded a colony, which died out (or regressed)
    COLONY = 9  # founded a colony that lives at the horizon


@dataclass(frozen=True)
class Units:
    """Units in the order of their histories; times that did not come are inf. Units of direct draws are those that could live in a place.

    history: index into ``History.seeds``. event: number of the event of its part, from 0, or -1 for what a colony shed. part: of the
    entry, or -1. parent: index of the unit whose colony shed it, or -1. generation: 0 for what left the tissue.
    place: index of the place it came to, or -1. size: cells R; cells: (N, P) of each phenotype. cause: index of a loss in blood, or -1.
    entered, arrived, woke, micro, macro, ended: times of entry, of arrest, of awakening (arrival if it never slept), of the first grid time
    with at least micro, and macro cells, and of death. final: cells of its colony at the horizon.
    """

    history: Ints
    event: Ints
    part: Ints
    parent: Ints
    generation: Ints
    place: Ints
    size: Ints
    cells: Ints
    cause: Ints
    fate: Ints
    entered: Floats
    arrived: Floats
    woke: Floats
    micro: Floats
    macro: Floats
    ended: Floats
    final: Floats

    def __len__(self) -> int:
        return len(self.history)


@dataclass(frozen=True)
class History:
    """A batch of histories of one patient.

    seeds: (H,). ledger: (H, accounts) whole cells; ``gains`` says which are added: those add up to the sum of the others, in every history.
    At the times of the report, by place (H, Q, O): dormant units, colonies that live, of them micro and macro (once macro, always), and
    the cells in colonies.
    """

    seeds: Ints
    units: Units
    accounts: tuple[str, ...]
    gains: NDArray[np.bool_]
    ledger: Ints
    dormant: Ints
    colonies: Ints
    micro: Ints
    macro: Ints
    cells: Floats


@dataclass(frozen=True)
class Means:
    """Expected cells at the times of the grid; every array begins with the axis T + 1.

    entered: (, parts, P) cumulative, of all blocks. shed: (,) cumulative, what colonies shed. blood, cavity: (,) now there.
    lost: (, causes), stuck, starved, faded: (, O) cumulative deaths; cleared: (,). dormant: (, O) cells asleep; founders: (, O) cumulative
    cells that founded colonies; growing: (, O) cells in colonies. settled: (, O) cumulative **units** that could live; arrived: (, O)
    cumulative cells arrested. fault: of the ledger, over its largest term, which is rounding:
    entered + shed = blood + cavity + lost + cleared + stuck + starved + faded + dormant + founders.
    """

    times: Floats
    entered: Floats
    shed: Floats
    blood: Floats
    cavity: Floats
    lost: Floats
    cleared: Floats
    stuck: Floats
    starved: Floats
    faded: Floats
    dormant: Floats
    founders: Floats
    growing: Floats
    settled: Floats
    arrived: Floats
    fault: float


@dataclass(frozen=True)
class Chances:
    """Chance of at least one at the times of the report, without secondary seeding: 1 - exp(-expected events); (Q, O), anywhere (Q,).

    settled: a unit that could live; awake: a colony was founded; micro, macro: a colony has at least so many cells now (nan where growth
    in two stages or from a size on leaves no closed form).
    """

    times: Floats
    settled: Floats
    awake: Floats
    micro: Floats
    macro: Floats
    settled_anywhere: Floats
    awake_anywhere: Floats
    micro_anywhere: Floats
    macro_anywhere: Floats
