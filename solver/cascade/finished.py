"""A run that is done, as the cascade sees it: its resolved scenario and what entered its vessels; needs neither FEniCS nor the mesh."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from ..circulation.histories import Way, cost
from ..errors import MeshError, ScenarioError
from ..output.folder import meant
from ..output.layout import CASCADE, ENTRIES, RESOLVED
from ..output.records import damaged, mapping_of, numbers_of
from ..scenario.loader import context_of
from ..scenario.reader import Document
from ..scenario.schema import Scenario
from ..scenario.treated import CASCADE as BEHIND
from ..scenario.treated import treated
from . import columns, tables
from .build import options_of
from .draw import Drawn, draw, prepared
from .entered import SCALAR, Table

_KEPT = ("schema_version", "name", "title", "scales", "parameters", "schedules", "circulation", "organs", "patients")
MINUTES = 30_000_000  # events that are drawn one by one in a minute


def read(run: Path) -> tuple[Scenario, dict[str, list[float]]]:
    """The scenario of a run under its drugs, without mesh and laws, and the table of what entered; raises as ``stated``."""
    data, table = stated(run)
    return scenario_of(run, data, table), table


def stated(run: Path) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """What the scenario of a run states of its cascade, on a mesh of one cell, and the table of what entered.

    Raises ScenarioError where the run has no cascade, MeshError where a file is damaged.
    """
    if not run.is_dir():
        raise MeshError("no such folder", code="file-not-found", place=str(run), remedy=meant(run, "check the name"))
    data = mapping_of(run / RESOLVED)
    if not data.get("circulation"):
        raise ScenarioError(
            "this run has no cascade",
            code="missing-option",
            place=str(run),
            remedy="give circulation and organs in its scenario, and run it",
        )
    table = numbers_of(run / ENTRIES)
    if len(table.get("time", [])) < 1:
        raise ScenarioError(
            "nothing is written yet of what entered", code="no-output", place=str(run / ENTRIES), remedy="wait for the run's first step"
        )
    try:
        return _reduced(data), table
    except (KeyError, AttributeError, TypeError) as error:
        raise damaged(run / RESOLVED, f"its cascade cannot be read ({type(error).__name__})") from error


def scenario_of(run: Path, data: dict[str, Any], table: Table) -> Scenario:
    """The scenario that such data state, under its drugs. Raises MeshError where they state none."""
    try:
        return treated(validated(data, table))
    except (ValidationError, KeyError, AttributeError, TypeError) as error:
        raise damaged(run / RESOLVED, f"its cascade cannot be read ({type(error).__name__})") from error


def validated(data: dict[str, Any], table: Table) -> Scenario:
    """The scenario as it stands; raises ValidationError."""
    scalars = frozenset(name.removeprefix(SCALAR) for name in table if name.startswith(SCALAR))
    context = context_of(Document(data))
    return Scenario.model_validate(data, context={"context": replace(context, scalars=context.scalars | scalars)})


def with_seed(scenario: Scenario, seed: int) -> Scenario:
    """The same with another seed of the first history."""
    circulation, _ = options_of(scenario)
    return scenario.model_copy(update={"circulation": circulation.model_copy(update={"seed": seed})})


def _reduced(data: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a cascade needs, on a mesh of one cell."""
    model, time = data["model"], data["time"]
    cells = {name: {"initial": 0} for name in model.get("cells", {})}
    others = {name: {"initial": 0} for name in data.get("species", {})}
    kept = ("carries", "into")
    vessels = {
        name: {
            **{key: vessel[key] for key in kept if key in vessel},
            "at": {"boundary": "left"},
            "entry": dict.fromkeys(vessel.get("entry", {}), 0),
            **({"ruptured": {"entry": 0, "where": "1"}} if vessel.get("ruptured") else {}),
        }
        for name, vessel in model.get("vessels", {}).items()
    }
    acting = {
        name: {**drug, "effects": {path: effect for path, effect in drug["effects"].items() if _acts_here(path)}}
        for name, drug in (data.get("drugs") or {}).items()
    }
    return {
        **{key: data[key] for key in _KEPT if key in data},
        "drugs": {name: drug for name, drug in acting.items() if drug["effects"]},
        "mesh": {"kind": "interval", "cells": 1},
        "model": {"cells": cells, "vessels": vessels, "pools": model.get("pools") or {}},
        "species": others,
        "time": {"start": time["start"], "end": time["end"]},
    }


def _acts_here(path: str) -> bool:
    """Whether a drug acts on what is read of a run: the cascade, and pools of the tissue, which go on after the run."""
    return path.partition(".")[0] in BEHIND or path.startswith("model.pools.")


def write(
    folder: Path, scenario: Scenario, table: Table, count: int = 1, way: Way = "direct", facts: Mapping[str, object] | None = None
) -> Drawn:
    """Draw histories into a folder. Raises OSError, and CirculationError for what cannot be drawn."""
    plan, entries = prepared(scenario, table)
    folder.mkdir(parents=True, exist_ok=True)
    with tables.Events(folder / tables.EVENTS, plan, [(part.vessel, part.name) for part in entries.parts]) as events:
        found = draw(plan, entries, count, way, events.add)
    time = str((scenario.scales or {}).get("time", "1")).removeprefix("1 ")
    tables.write(folder, found, way, columns.sample_share(scenario), scenario.time.end, time, {"scenario": scenario.name, **(facts or {})})
    return found


def beforehand(scenario: Scenario, table: Table, count: int, way: Way) -> str:
    """What drawing will cost, where that is much; "" else."""
    events = cost(*prepared(scenario, table), count) if way == "cells" else 0.0
    return f"about {events:.2g} cells will be followed one by one, some {events / MINUTES:.2g} minutes" if events > MINUTES / 2 else ""


def words(found: Drawn) -> Iterable[str]:
    """What was drawn, for people."""
    plan, last = found.plan, -1
    alone = ", without what colonies shed" if plan.colony.sheds is not None else ""
    yield f"{found.means.entered[last].sum():.4g} cells are expected to enter by t = {plan.times[-1]:g}"
    yield f"{found.count} histories from seed {plan.seed} on"
    for kind in ("micro", "macro"):
        hits = int(found.anywhere[kind][last])
        chance = float(getattr(found.chances, f"{kind}_anywhere")[last])
        closed = f"chance of a {kind}metastasis{alone}: {chance:.4g}; " if math.isfinite(chance) else ""
        yield f"{closed}{hits} of {found.count} histories have a {kind}metastasis"
    drawn = found.having["macro"][last] / found.count
    value = np.where(np.isfinite(found.chances.macro[last]), found.chances.macro[last], drawn)
    order = [k for k in np.argsort(-value, kind="stable")[:6] if value[k] > 0]
    if order:
        yield "by place: " + ", ".join(f"{plan.places[k]} {value[k]:.3g}" for k in order)


def own(run: Path) -> Path:
    """The folder of what was drawn of a run."""
    return run / CASCADE
