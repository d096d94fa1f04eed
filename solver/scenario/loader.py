"""From a file to a Scenario: read, lay over, override, validate; and back to a file that runs again."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML

from ..errors import ScenarioError
from .base import Context
from .check import check
from .check_size import check_size
from .check_vessels import check_vessels
from .columns import check_columns
from .faults import translate
from .layers import override, read_layers
from .members import members
from .mesh import mesh_dimension
from .parameters import read_parameters, read_scales
from .reader import Document, Fault, Faults
from .schema import Scenario


def load(path: str | Path, overrides: Sequence[str] = ()) -> Scenario:
    """Read and check a scenario with everything it extends.

    overrides: texts ``a.b.c=value`` with YAML values. Raises ScenarioError with one line per fault, all at once:
    ``file:line:column: path: what is wrong (what was given); what is allowed; did you mean ...? [code]``.
    """
    try:
        document = override(read_layers(Path(path)), list(overrides), Scenario)
        document.data.setdefault("name", re.sub(r"[^A-Za-z0-9_.-]", "_", Path(path).stem).lstrip("_.-") or "scenario")
        scenario = validate(document)
        if scenario.sweep is not None:
            scenario._members = members(document, scenario.sweep, scenario.name, validate)
            for member in scenario.members:
                member.scenario._path = Path(path)
    except Faults as caught:
        raise _error(caught.faults, str(path)) from None
    scenario._path = Path(path)
    return scenario


def validate(document: Document) -> Scenario:
    """The Scenario that a document states; raises Faults."""
    try:
        scenario = Scenario.model_validate(document.data, context={"context": context_of(document)})
    except ValidationError as error:
        raise Faults(translate(error, document, Scenario)) from None
    findings = [*check(scenario), *check_vessels(scenario), *check_columns(scenario), *check_size(scenario)]
    faults = [Fault(document.mark(f.path, key=_is_key(f.what)), f.path, f.what, f.code, f.remedy) for f in findings]
    if faults:
        raise Faults(faults)
    return scenario


def context_of(document: Document) -> Context:
    """The scales, names and folders that validation needs, as far as they can be read from raw data."""
    data = document.data if isinstance(document.data, Mapping) else {}
    model = _mapping(data.get("model"))
    species = {
        **dict.fromkeys(_mapping(data.get("species")), "user"),
        **dict.fromkeys(_mapping(model.get("solubles")), "soluble"),
        **dict.fromkeys(_mapping(model.get("cells")), "cells"),
        **({"ecm": "ecm"} if "ecm" in model else {}),
    }
    start = Context(read_scales(data.get("scales")), species, folders=document.folders)
    mesh = _mapping(data.get("mesh"))
    dim = mesh_dimension(mesh.get("kind"), mesh.get("image"), mesh.get("pixel"))
    return Context(start.scales, species, read_parameters(data.get("parameters"), start), document.folders, dim=dim)


def dump_resolved(scenario: Scenario) -> str:
    """The scenario with all defaults as YAML text; reading it back gives the same scenario."""
    yaml = YAML()
    yaml.width = 140
    stream = io.StringIO()
    stream.write("# All options with their defaults. Quantities are plain numbers in the scales stated here.\n")
    yaml.dump(scenario.resolved(), stream)
    return stream.getvalue()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_key(what: str) -> bool:
    return what.startswith(("unknown", "the name"))


def _error(faults: list[Fault], path: str) -> ScenarioError:
    order = {fault: (fault.mark.file != path, fault.mark.line, fault.mark.column, number) for number, fault in enumerate(faults)}
    found = [fault.error(ScenarioError) for fault in sorted(dict.fromkeys(faults), key=order.__getitem__)]
    return ScenarioError.together(found, f"{len(found)} error{'s' if len(found) != 1 else ''} in {path}")
