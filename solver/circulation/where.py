"""Where in the body cells are arrested that come back until they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .errors import CirculationError
from .plan import Beds, Floats, Plan

ROUNDING = 1e-9
LEAST = 1e-6  # capture, below which rounding of what comes back again and again would show in the ledger


def adhering(capture: Floats, factor: Floats) -> Floats:
    """e' = 1 - (1 - e)^f: a factor f on capture."""
    return 1 - (1 - capture) ** factor


def arrests(beds: Beds, starts: Floats) -> Floats:
    """(S, P, T, B): share of the arrests in each bed, from each start (S, B).

    pi = v (I - (I - E) R)^-1 E with captures E and routes R: who is not arrested goes on, without time and without loss.
    """
    captures = np.broadcast_arrays(*(part for part in (beds.capture, beds.adhesion)))
    e = np.moveaxis(np.broadcast_to(adhering(*captures), (len(beds.names), *captures[0].shape[1:])), 0, -1)  # (P, T, B)
    onward = np.eye(len(beds.names)) - (1 - e)[..., None] * beds.routes
    visits = np.linalg.solve(np.swapaxes(onward, -1, -2), np.broadcast_to(starts.T, (*e.shape, len(starts))))
    return np.moveaxis(visits * e[..., None], -1, 0)


def starts_of(plan: Plan, parts: Sequence[Floats | None]) -> Floats:
    """(parts + B + 1, B) where blood leads: of each part (zeros where it is none), of the vein of each bed, of the systemic veins."""
    none = np.zeros(len(plan.beds.names))
    return np.vstack([*(none if part is None else part for part in parts), plan.beds.routes, plan.beds.systemic])


def check_beds(beds: Beds, starts: Sequence[tuple[str, Floats]] = ()) -> None:
    """Shares add up, every bed leads somewhere, is reached, and no cell can circle for ever.

    Raises: CirculationError, all faults together.
    """
    faults = [*_shares(beds, starts)]
    for name in (name for name, row in zip(beds.names, beds.routes, strict=True) if not np.any(row)):
        what, remedy = "the bed leads nowhere", "say where its vein leads: into"
        faults.append(CirculationError(what, code="no-route", place=f"organs.beds.{name}", remedy=remedy))
    if not faults:
        faults += [*_loops(beds, starts)]
    if faults:
        raise faults[0] if len(faults) == 1 else CirculationError.together(faults)


def _shares(beds: Beds, starts: Sequence[tuple[str, Floats]]) -> list[CirculationError]:
    rows = [(f"organs.beds.{name}", beds.routes[number]) for number, name in enumerate(beds.names)]
    faults: list[CirculationError] = []
    for place, row in [*rows, ("organs.beds", beds.systemic), *starts]:
        if bool(np.any(row < 0)) or (bool(np.any(row)) and abs(row.sum() - 1) > ROUNDING):
            what = f"shares of where blood goes add up to {row.sum():.6g} instead of 1"
            faults.append(
                CirculationError(what, code="wrong-shares", place=place, remedy="give shares that are not negative and add up to 1")
            )
    return faults


def _loops(beds: Beds, starts: Sequence[tuple[str, Floats]]) -> list[CirculationError]:
    faults = []
    reached: NDArray[np.bool_] = beds.systemic > 0
    for _, row in starts:
        reached = reached | (row > 0)
    for _ in beds.names:
        reached = reached | (reached @ beds.routes > 0)
    dry = [name for name, here in zip(beds.names, reached, strict=True) if not here]
    for name in dry:
        what, remedy = "no blood reaches the bed", "give it a share of the blood of another"
        faults.append(CirculationError(what, code="no-route", place=f"organs.beds.{name}", remedy=remedy))
    captures = np.broadcast_arrays(beds.capture, beds.adhesion)
    zero = np.broadcast_to(adhering(*captures) < LEAST, (len(beds.names), *captures[0].shape[1:])).any(axis=(1, 2))
    ends: NDArray[np.bool_] = np.array(~zero)
    for _ in beds.names:
        ends |= beds.routes[:, ends].sum(axis=1) > 0
    circling = [name for name, here, ending in zip(beds.names, reached, ends, strict=True) if here and not ending]
    if circling:
        what = f"cells that reach {', '.join(circling)} circle for ever: no bed on their way arrests as many as {LEAST:g} of them"
        remedy = "give one of these beds a capture above 0"
        faults.append(CirculationError(what, code="no-loss", place="organs.capture", remedy=remedy))
    return faults
