"""Every option that is a quantity or a formula refuses a value of another unit, and says so at its own place."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import TypeAdapter, ValidationError

from invasio.solver.scenario.base import Context, Options, Quantity
from invasio.solver.scenario.formulas import Over
from invasio.solver.scenario.layers import read_layers
from invasio.solver.scenario.loader import validate
from invasio.solver.scenario.outline import child, expanded, hints, resolve
from invasio.solver.scenario.reader import Document, Faults, Path_
from invasio.solver.scenario.schema import Scenario
from invasio.solver.scenario.shipped import scenario_files
from invasio.solver.scenario.units import measure

WRONG = "3 kg^2 m^5"  # what no option is
SCALES = {name: measure(text) for name, text in {"length": "1 um", "time": "1 h", "cells": "1e8 /cm^3", "mmp": "1 nM"}.items()}
CONTEXT = Context(
    SCALES,
    {"tumour": "cells", "mmp": "soluble", "ecm": "ecm"},
    {"p": 3.0, "q": 3.0},
    slots={"own": "tumour", "key": "mmp", "density": "tumour", "left": "tumour", "right": "mmp"},
    dim=2,
    units={"p": measure("1 kg^2 m^5")},
    lengths={"q": measure("1 um^7")},
)
Key = tuple[str, str]  # a group of options, and one of them


def mark(annotation: Any) -> Quantity | Over | None:
    """What an annotation says of the unit of the numbers in it, at any depth of mappings, lists and choices."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        return next((one for one in marks if isinstance(one, (Quantity, Over))), None) or mark(inner)
    if get_origin(annotation) in (Union, types.UnionType, dict, list, tuple):
        return next((found for part in get_args(annotation) if (found := mark(part)) is not None), None)
    return None


def filled(annotation: Any, value: str, name: str) -> Any:
    """The text where a number of the annotation stands: in the mappings, with this key, and lists that it needs."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return value if any(isinstance(one, (Quantity, Over)) for one in parts[1:]) else filled(parts[0], value, name)
    if origin in (Union, types.UnionType):
        return filled(next(part for part in parts if mark(part) is not None), value, name)
    if origin is dict:
        return {name: filled(parts[1], value, name)}
    if origin in (list, tuple):
        return [filled(part, value, name) for part in parts if part is not Ellipsis]
    return value


@cache
def quantities() -> dict[Key, Any]:
    """The annotation of every option of a scenario that has a unit."""
    found: dict[Key, Any] = {}
    seen: set[type[Options]] = set()
    todo: list[Any] = [Scenario]
    while todo:
        part = todo.pop()
        if isinstance(part, type) and issubclass(part, Options) and part not in seen:
            seen.add(part)
            found |= {(part.__name__, name): one for name, one in hints(part).items() if mark(one) is not None}
            todo += hints(part).values()
        elif not isinstance(part, type):
            todo += get_args(part)
    return found


@pytest.mark.parametrize("key", quantities(), ids=".".join)
def test_an_option_refuses_another_unit(key: Key) -> None:
    """As a text, and where it is a formula as a parameter, also one that is made of lengths alone."""
    annotation = quantities()[key]
    formula = isinstance(mark(annotation), Over)
    for value in (WRONG, *(("p", "q", "p*p/q") if formula else ())):
        codes = set()
        for name in CONTEXT.species:
            with pytest.raises(ValidationError) as caught:
                TypeAdapter(annotation).validate_python(filled(annotation, value, name), context={"context": CONTEXT})
            codes |= {error["type"] for error in caught.value.errors()}
        assert "wrong-unit" in codes, (value, codes)


def stated(annotation: Any, value: Any, path: Path_ = (), key: Key = ("", "")) -> Iterator[tuple[Path_, Key]]:
    """Where a scenario states options that have a unit."""
    if isinstance(value, Mapping):
        shape = resolve(annotation, value)
        group = shape.__name__ if isinstance(shape, type) and issubclass(shape, Options) else ""
        for name, entry in value.items():
            if (below := child(annotation, value, name)) is not None:
                yield from stated(below, entry, (*path, name), (group, str(name)) if group else key)
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            if (below := child(annotation, value, number)) is not None:
                yield from stated(below, entry, (*path, number), key)
    elif mark(annotation) is not None and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        short = isinstance(expanded(annotation, value), Mapping)  # of an option below
        yield from () if short else ((path, key),)


def changed(data: Any, path: Path_) -> Any:
    """The data with the wrong unit at a place."""
    if not path:
        return WRONG
    first, *rest = path
    if isinstance(data, Mapping):
        return {**data, first: changed(data[first], tuple(rest))}
    return [changed(entry, tuple(rest)) if number == first else entry for number, entry in enumerate(data)]


def unnamed(document: Document, places: list[Path_]) -> list[Path_]:
    """The places of wrong units that no fault is told of; where they have a long form, that of the short one will do."""
    data = document.data
    for path in places:
        data = changed(data, path)
    with pytest.raises(Faults) as caught:
        validate(replace(document, data=data))
    told = {fault.path for fault in caught.value.faults if fault.code == "wrong-unit"}
    return [path for path in places if not told & {path, path[:-1], path[:-2]}]


def test_a_wrong_unit_names_its_place_in_every_shipped_scenario() -> None:
    """Each option once, several in a scenario at a time; those that are left out of what is told together, alone."""
    seen: set[Key] = set()
    for file in scenario_files():
        document = read_layers(Path(file))
        base = {"name": "x", **document.data}
        base.setdefault("scales", {"length": "1 um", "time": "1 h", "cells": "1e8 /cm^3"})
        document = replace(document, data={key: part for key, part in base.items() if key not in ("sweep", "arms", "fit", "sensitivity")})
        new = {key: path for path, key in stated(Scenario, document.data) if key not in seen}
        seen |= new.keys()
        places = list(new.values())
        for first in range(0, len(places), 8):
            left = unnamed(document, places[first : first + 8])
            assert not [path for path in left if unnamed(document, [path])], file
    assert len(seen) > 100
