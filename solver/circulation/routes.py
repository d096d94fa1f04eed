"""Where every part of a vessel and the vein of every place leads, with the chances of the blood that do not depend on who it carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .plan import Floats, Part, Plan
from .values import resisted
from .where import arrests, starts_of


@dataclass(frozen=True)
class Route:
    """kind: what is entered; level: of lymph nodes; start: row of ``Body.arrests`` where its blood begins, after all levels."""

    kind: Literal["blood", "lymph", "cavity"]
    level: int
    start: int


class Body:
    """Routes of the parts, then of what colonies of each place shed; arrests (S, P, T, B); single, cluster (P, T) with factors."""

    def __init__(self, plan: Plan, parts: Sequence[Part]) -> None:
        self.plan, self.parts = plan, tuple(parts)
        beds, levels = len(plan.beds.names), len(plan.lymph.names)
        systemic = len(parts) + beds
        first = {"blood": levels, "cavity": plan.cavity.level}
        routes = [
            Route(part.carries, first.get(part.carries, part.level), number if part.carries == "blood" else systemic)
            for number, part in enumerate(parts)
        ]
        routes += [Route("blood", levels, len(parts) + bed) for bed in range(beds)]
        routes += [Route("lymph" if level + 1 < levels else "blood", level + 1, systemic) for level in range(levels)]
        routes += [Route("cavity", plan.cavity.level, systemic) for _ in plan.cavity.names]
        self.routes = tuple(routes)
        self.kinds = np.array([route.kind for route in routes])
        self.levels = np.array([route.level if route.kind == "lymph" else levels for route in routes])
        self.starts = np.array([route.start for route in routes])
        self.arrests = arrests(plan.beds, starts_of(plan, [part.beds for part in parts]))
        against = plan.blood.against
        self.single, self.cluster = (resisted(*np.broadcast_arrays(s, against)) for s in (plan.blood.single, plan.blood.cluster))
        self.beds, self.nodes = beds, levels
        self.times = plan.times

    def leaves_cavity(self) -> Floats:
        """(C + 2, P, T): rates of settling on each surface, of loss and of drainage."""
        cavity = self.plan.cavity
        rest = [part[None] for part in (cavity.loss, cavity.drains)]
        phenotypes, intervals = (max(part.shape[axis] for part in (cavity.settles, *rest)) for axis in (1, 2))
        surfaces = np.broadcast_to(cavity.settles, (len(cavity.names), phenotypes, intervals))
        return np.concatenate([surfaces, *(np.broadcast_to(part, (1, phenotypes, intervals)) for part in rest)])
