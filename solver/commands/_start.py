"""How many cells a scenario starts with, from its statement: the mesh is not made."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..scenario.columns import units_of
from ..scenario.quantities import counted
from ..scenario.schema import Scenario
from ..scenario.tree import evaluate
from ..scenario.tree import names as names_of

_SAMPLES = {1: 20_000, 2: 400, 3: 64}  # along each axis


def start_line(scenario: Scenario) -> str:
    """``starts with about 412 cells``; "" where cells are not counted, or how many depends on a mesh, a field or a run that is read."""
    if scenario.start is not None:
        return ""
    units = units_of(scenario)
    found = {}
    for name, options in scenario.model.cells.items():
        if not units.counted(name):
            continue
        values = {key: given.value for key, given in scenario.parameters.items()}
        stated = options.amount is not None
        amount = float(evaluate(options.amount.expr, values)) if options.amount is not None else _integral(scenario, options.initial)
        if amount is None:
            return ""
        found[name] = (amount * units.amount(name).factor, stated)
    text = counted({name: count for name, (count, _) in found.items()})
    return text if all(stated for _, stated in found.values()) else text.replace("with ", "with about ", 1)


def _integral(scenario: Scenario, initial: Any) -> float | None:
    """The integral of initial values by region over a generated mesh, by the midpoint rule; None for others, and with given fields."""
    from ...meshes.structured import inside

    mesh: Any = scenario.mesh
    if any(names_of(formula.expr) & set(scenario.fields) for formula in initial.values()):
        return None
    if mesh.kind in ("disc", "ball"):
        lower, upper = (tuple(c + sign * mesh.radius for c in mesh.centre) for sign in (-1, 1))
    elif mesh.kind in ("interval", "rectangle", "box"):
        lower, upper = (tuple(np.atleast_1d(np.asarray(end, dtype=float))) for end in (mesh.from_, mesh.to))
    else:
        return None
    count = _SAMPLES[len(lower)]
    axes = [a + (b - a) * (np.arange(count) + 0.5) / count for a, b in zip(lower, upper, strict=True)]
    points = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    weight = math.prod(b - a for a, b in zip(lower, upper, strict=True)) / len(points)
    if mesh.kind in ("disc", "ball"):
        points = points[np.linalg.norm(points - np.asarray(mesh.centre), axis=1) <= mesh.radius]
    lumens = {name for v in scenario.model.vessels.values() if v.at.kind == "region" for name in v.at.names}
    names = list(mesh.region_names())
    region = np.zeros(len(points), dtype=np.int8 if len(names) < 100 else np.int64)
    for number, shape in enumerate(mesh.regions.values(), 1):
        region[inside(shape, points)] = number
    tissue = ~np.isin(region, [names.index(name) for name in lumens])
    place = dict(zip("xyz", np.vstack([points.T, np.zeros((3 - points.shape[1], len(points)))]), strict=True))
    values = {**{key: given.value for key, given in scenario.parameters.items()}, **place}
    total = 0.0
    for name, formula in initial.items():
        density = np.broadcast_to(np.asarray(evaluate(formula.expr, values), dtype=float), (len(points),))
        total += weight * float(density[tissue & ((region == names.index(name)) if name else True)].sum())
    return total if math.isfinite(total) else None
