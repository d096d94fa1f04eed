"""Whether a plan can be: chances in [0, 1], rates that are not negative, shares that add up, beds that lead somewhere."""

from __future__ import annotations

import numpy as np

from .errors import CirculationError
from .plan import Entries, Floats, Plan
from .where import ROUNDING, check_beds

MOST_FOLDS = 600  # e-foldings of a colony; numbers end at 709


def check(plan: Plan, entries: Entries) -> None:
    """Raises: CirculationError, all faults together; their places are the options of the scenario."""
    colony, dormancy, blood, cavity = plan.colony, plan.dormancy, plan.blood, plan.cavity
    chances = {
        "circulation.blood.survival.single": blood.single,
        "circulation.blood.survival.cluster": blood.cluster,
        "circulation.blood.disaggregation": blood.disaggregation,
        "circulation.lymph.levels.hold": plan.lymph.hold,
        "organs.capture": plan.beds.capture,
        "organs.extravasation": plan.extravasation,
        "organs.soil": plan.soil,
        "organs.dormancy.enter": dormancy.enter,
    }
    rates = {
        "circulation.blood.loss_factor": blood.against,
        "circulation.cavity.settles": cavity.settles,
        "circulation.cavity.loss": cavity.loss,
        "circulation.cavity.drains": cavity.drains,
        "organs.adhesion": plan.beds.adhesion,
        "organs.dormancy.wake": dormancy.wake,
        "organs.dormancy.death": dormancy.death,
        "organs.colony.birth": colony.birth,
        "organs.colony.death": colony.death,
    }
    if colony.second is not None:
        for name in ("switch", "regress", "birth", "death"):
            rates[f"organs.colony.second.{name}"] = getattr(colony.second, name)
    if colony.growth is not None:
        rates["organs.colony.growth.rate"] = colony.growth.rate
    if colony.sheds is not None:
        rates["organs.colony.sheds.rate"] = colony.sheds.rate
    faults = [fault for name, values in chances.items() for fault in _within(name, values, 1.0)]
    faults += [fault for name, values in rates.items() for fault in _within(name, values, np.inf)]
    if not (blood.transit > 0).all():
        faults += [_bounds("circulation.blood.transit", f"the mean time in the blood is {blood.transit.min():.6g}", "give a time above 0")]
    for name, total in (
        ("circulation.clusters.sizes", plan.sizes.sum()),
        ("circulation.blood.losses", sum(share for _, share in blood.losses)),
    ):
        if abs(total - 1) > ROUNDING:
            what = f"shares add up to {total:.6g} instead of 1"
            faults.append(
                CirculationError(what, code="wrong-shares", place=name, remedy="give shares that are not negative and add up to 1")
            )
    if not ((np.diff(plan.times) > 0).all() and (np.diff(entries.times) > 0).all()):
        faults.append(
            CirculationError("times do not increase", code="wrong-order", place="circulation.end", remedy="give an end after the start")
        )
    try:
        check_beds(plan.beds, [(f"model.vessels.{part.vessel}.into", part.beds) for part in entries.parts if part.beds is not None])
    except CirculationError as error:
        faults += [fault for fault in (error.faults or (error,)) if isinstance(fault, CirculationError)]
    if not faults:
        faults += _endless(plan)
    if faults:
        raise faults[0] if len(faults) == 1 else CirculationError.together(faults)


def _endless(plan: Plan) -> list[CirculationError]:
    """Colonies that would have more cells on average than a number can hold."""
    colony = plan.colony
    if colony.growth is not None:
        return []
    stages = [(colony.birth, colony.death, "organs.colony.birth")]
    if colony.second is not None:
        stages.append((colony.second.birth, colony.second.death, "organs.colony.second.birth"))
    faults = []
    for birth, death, place in stages:
        most = float(np.max(np.sum(np.maximum(birth - death, 0) * np.diff(plan.times), axis=-1)))
        if most > MOST_FOLDS:
            what = f"a colony would have e^{most:.4g} cells by the end of the cascade"
            remedy = "check the unit of the rate, give organs.colony.growth with a limit, or an earlier end"
            faults.append(CirculationError(what, code="out-of-bounds", place=place, remedy=remedy))
    return faults


def _within(name: str, values: Floats, most: float) -> list[CirculationError]:
    if np.isfinite(values).all() and (values >= 0).all() and (values <= most).all():
        return []
    worst = next(float(value) for value in values.ravel() if not 0 <= value <= most or not np.isfinite(value))
    return [
        _bounds(
            name,
            f"{worst:.6g} is not a {'chance' if most == 1 else 'rate'}",
            "give a number in [0, 1]" if most == 1 else "give a number >= 0",
        )
    ]


def _bounds(place: str, what: str, remedy: str) -> CirculationError:
    return CirculationError(what, code="out-of-bounds", place=place, remedy=remedy)
