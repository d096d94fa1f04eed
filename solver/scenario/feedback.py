"""Means of the cascade that formulas may name: which there are, and what cannot be one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .cascade_columns import cascade_units
from .check import Finding, species_names
from .columns import near
from .reader import Path_
from .schema import Scenario

LEDGER = "circulation.ledger"


def feedback_of(scenario: Scenario) -> Mapping[str, str]:
    """Names of formulas -> columns of series.csv."""
    return {} if scenario.circulation is None else scenario.circulation.feedback


def check_feedback(scenario: Scenario) -> Iterator[Finding]:
    """Names that are used twice, and columns that are no means of the cascade."""
    circulation, organs = scenario.circulation, scenario.organs
    if circulation is None or organs is None:
        return
    model = scenario.model
    elsewhere = {*scenario.parameters, *scenario.fields, *scenario.schedules, *model.pools, *circulation.pools, *species_names(scenario)}
    known = [name for name in cascade_units(scenario) if name != LEDGER]
    for name, column in circulation.feedback.items():
        path: Path_ = ("circulation", "feedback", name)
        if name in elsewhere:
            yield Finding(path, f"the name {name!r} is used twice", code="repeated-name", remedy="rename one")
        if column not in known:
            what = f"the cascade has no mean of this name (given {column!r})"
            yield Finding(path, what, code="no-column", remedy=near(column, known))
        elif column.endswith(".growing") and organs.colony is not None and organs.colony.second is not None:
            what = "with growth in two stages the cells in colonies have no mean"
            yield Finding(path, what, code="meaningless-option", remedy="name .founders or .dormant")
