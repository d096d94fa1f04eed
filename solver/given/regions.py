"""A number for each region as a field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ScenarioError
from ..scenario.fields import RegionField
from .field import Given

if TYPE_CHECKING:
    from ..discretise.operators import Operators


def region_field(name: str, options: RegionField, operators: Operators) -> Given:
    """The mean over the volume around each node. Collective; raises ScenarioError on all ranks."""
    graph, known = operators.graph, operators.region_mass
    refuse_unknown(name, options, known)
    mass = graph.mass[: graph.n_owned]
    values = sum((value * known[region] / mass for region, value in options.regions.items()), np.zeros(graph.n_owned))
    digest = hashlib.sha256(json.dumps(sorted(options.regions.items())).encode()).hexdigest()
    return Given(graph.extended(values), digest, {"regions": dict(options.regions)})


def refuse_unknown(name: str, options: RegionField, known: Collection[str]) -> None:
    """Raise ScenarioError for a region that the mesh does not have."""
    for region in options.regions:
        if region not in known:
            what, remedy = f"unknown region (given {region!r})", f"allowed: {', '.join(known)}"
            raise ScenarioError(what, code="no-region", place=f"fields.{name}.regions.{region}", remedy=remedy)
