"""The columns of series.csv that hold means of a cascade, with their units."""

from __future__ import annotations

from .anatomy import anatomy_of
from .check_cascade import levels, phenotypes, surfaces
from .schema import Scenario

SAMPLE = "7.5 mL"  # of blood, in which circulating cells are counted
PER_SAMPLE = "blood.per_sample"
ORGAN = ("arrived", "stuck", "starved", "dormant", "faded", "founders", "growing")


def cascade_units(scenario: Scenario) -> dict[str, str]:
    """Names and units; none without a cascade."""
    circulation, organs = scenario.circulation, scenario.organs
    if circulation is None or organs is None:
        return {}
    places = [*anatomy_of(organs).beds, *levels(circulation), *surfaces(circulation)]
    names = ["circulation.entered", "circulation.shed", "blood.cells"]
    names += [f"blood.lost:{cause}" for cause in circulation.blood.losses or ("lost",)]
    names += ["cavity.cells", "cavity.cleared"] if circulation.cavity is not None else []
    names += [f"organ.{place}.{what}" for place in places for what in ORGAN]
    names += [f"site.{organ}.arrived:{kind}" for organ in organs.sites for kind in phenotypes(scenario)]
    return {**dict.fromkeys(names, "cells"), PER_SAMPLE: f"cells/{SAMPLE}".replace(" ", ""), "circulation.ledger": "1"}
