"""The reference page of all options, written from the models themselves."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from .base import Options, Quantity
from .exemplified import example
from .formulas import ByRegion, Formula, Over
from .outline import hints
from .parser import FUNCTIONS
from .schema import Scenario

_INTRODUCTION = """# Options of a scenario

This page is written by `invasio schema --markdown` from the program itself; `invasio schema` prints the same as JSON Schema for editors.
Below each meaning stands an example. The examples come from scenarios in `solver/scenario/examples/`, which the tests validate, so each is
right in its place; an option without one has options of its own, with theirs.

## Numbers and units

- A quantity is a plain number in the scenario's `scales`, or a text with a unit such as `1e-9 cm^2/s` where scales are stated. So are
  numbers under `expect`.
- What a run writes is in the units that its manifest names: cells are counted, solubles are amounts (mol, g), lengths, areas, volumes and
  times are in the scenario's. A scale per volume in fewer than three dimensions needs the tissue's `depth` for that, as in
  `scales: {{length: 1 um, time: 1 h, cells: 1e8 /cm^3, depth: 10 um}}`; scales per area do not use it.
- A parameter may have any unit (`vmax: 30 fmol/cell/h`, `p: 40 mmHg`). Where a formula names one that is not made of lengths and times
  alone, species, coordinates and such parameters are brought to each other's units and to the option's, and what does not fit is
  refused; ratios of like ones (`drug/ic50` in ug/mL and ng/mL) are plain numbers. A plain number beside them stands in the scenario's
  scales; where these have none for it, it takes the unit of the other side of a sum.
- With `molar_mass` masses stand for amounts, with `solubility` pressures for densities; rates of secretion may be per cell.
- In the tables, *own* is the density of the species the option belongs to and *key* that of the species named by the key; *d* is the
  number of dimensions of the mesh. Of a reaction, *density* is that of the first species that it changes, *left* and *right* are the
  products of the densities on the two sides of its equation.
- Where it says *by region*, one value counts everywhere, or a mapping gives a value per region of the mesh (0 elsewhere).

## Formulas

A formula is a number, a quantity, or an expression of

- numbers, declared parameters, `+ - * / ^`, comparisons, `and or not`, `pi`;
- the functions {functions};
- what the option allows besides: coordinates `x y z`, time `t`, species by name. A name of `fields` may stand wherever coordinates may,
  one of `schedules` wherever the time may.

`noise(scale, seed)` is a smooth random field between 0 and 1 that depends on position and seed only. `mod(a, b)` is a - b floor(a/b), the
time within a period b: `where(mod(t, 24) < 0.5, 100, 0)` is a pulse of half an hour every day. Steps end where comparisons, `floor`, `ceil`
or `mod` of the time and parameters alone jump, and what depends on these alone enters rates by its exact mean over the step.

## Published values

`parameters: {{d_n: {{from: library, name: tumour.motility}}}}` takes a published value by name, with its unit, meaning and source, as
if they were written there. `invasio library` lists the values (`invasio library WORDS` searches, `--json` prints all fields): each with
the cell line or tissue, the range where its source gives one, the citation and DOI, and where it was actually read; the files are
`scenarios/library/*.yaml`. A value with a unit needs `scales`. `explain` shows the source; `resolved.yaml` of a run holds number, unit
and source, not the name.

## One file over another

`extends: other.yaml` lays this file over another one: mappings are merged, lists and values replaced, `null` removes an entry,
another `kind` starts afresh. `--set a.b.c=value` does the same from the command line, also below names that hold
dots, as those of effects; unknown paths are refused.
"""


def markdown() -> str:
    """The whole page."""
    sections = list(_sections(Scenario, "", []))
    text = _INTRODUCTION.format(functions=" ".join(f"`{name}`" for name in FUNCTIONS))
    return text + "\n" + "\n".join(sections)


def _sections(model: type[Options], path: str, seen: list[tuple[type[Options], str]]) -> Iterator[str]:
    seen.append((model, path))
    rows, below = [], []
    for name, annotation in hints(model).items():
        field = next(f for key, f in model.model_fields.items() if (f.alias or key) == name)
        below += [(group, f"{path}.{name}{suffix}".lstrip(".")) for group, suffix in _groups(annotation)]
        if name != "kind":
            cells = [f"`{name}`", _type(annotation), _default(field), _bounds(annotation, field), _meaning(model, name, field)]
            rows.append(f"| {' | '.join(cells)} |")
    title = f"## `{path}`" if path else "## Top level"
    kind = model.model_fields.get("kind")
    if kind is not None:
        title += f" with `kind: {get_args(kind.annotation)[0]}`"
    lines = [title, "", (model.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " "), ""]
    if rows:
        lines += ["| option | value | default | bounds | meaning |", "|---|---|---|---|---|", *rows, ""]
    yield "\n".join(lines)
    for group, place in below:
        if (group, place) not in seen and not any(g is group for g, _ in seen):
            yield from _sections(group, place, seen)


def _meaning(model: type[Options], name: str, field: FieldInfo) -> str:
    """What an option means, with an example."""
    shown = example(model, name).replace("|", "\\|")
    return f"{field.description or ''}" + (f"<br>`{shown}`" if shown else "")


def _groups(annotation: Any) -> Iterator[tuple[type[Options], str]]:
    """Groups of options inside an annotation, with what a path to them adds."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _groups(get_args(annotation)[0])
    elif origin is dict:
        yield from ((group, f".NAME{suffix}") for group, suffix in _groups(get_args(annotation)[1]))
    elif origin in (list, tuple):
        yield from ((group, f"[]{suffix}") for group, suffix in _groups(get_args(annotation)[0]))
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _groups(member)
    elif isinstance(annotation, type) and issubclass(annotation, Options):
        yield annotation, ""


def _type(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        for mark in marks:
            if isinstance(mark, Quantity):
                return f"quantity, {mark.dimension}"
            if isinstance(mark, Over):
                allowed = "".join(f", {scope}" for scope in mark.scopes)
                return f"formula, {mark.dimension}{f' (may use {allowed[2:]})' if allowed else ''}"
        if any(hasattr(mark, "pick") for mark in marks):
            return f"options, or {_type(inner)}"
        short = any(hasattr(mark, "expand") for mark in marks)
        by = next((mark.key for mark in marks if isinstance(mark, ByRegion)), "")
        if by:
            return f"{_type(get_args(inner)[1])}, by {by}"
        return _type(inner) + (" (or one value)" if short else "")
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in get_args(annotation))
    if origin in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        groups = [m for m in members if isinstance(m, type) and issubclass(m, Options) and "kind" in m.model_fields]
        if groups and len(groups) == len(members):
            return "one of " + ", ".join(f"`{get_args(m.model_fields['kind'].annotation)[0]}`" for m in groups)
        return " or ".join(dict.fromkeys(_type(member) for member in members))
    if origin is dict:
        return f"mapping name: {_type(get_args(annotation)[1])}"
    if origin in (list, tuple):
        parts = [_type(part) for part in get_args(annotation) if part is not Ellipsis]
        same = len(set(parts)) == 1
        count = f"{len(parts)} x " if origin is tuple and Ellipsis not in get_args(annotation) else ""
        return f"list of {count}{parts[0]}" if same else f"list of {', '.join(parts)}"
    if isinstance(annotation, type) and issubclass(annotation, Options):
        return "options"
    return {"str": "text", "float": "number", "int": "whole number", "bool": "true or false"}.get(
        getattr(annotation, "__name__", ""), "value"
    )


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "**needed**" if field.default_factory is None else "-"
    while isinstance(value, dict) and set(value) == {""}:
        value = value[""]
    if isinstance(value, Formula):
        value = value.plain()
    if value is None or value in ("", {}, []) or isinstance(value, Options):
        return "-"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _plain(value: float) -> str:
    """A bound as it is written in a scenario: 1e7, not 1e+07."""
    return re.sub(r"e([+-]?)0*(\d+)", lambda found: f"e{found[1].strip('+')}{found[2]}", f"{value:g}")


def _bounds(annotation: Any, field: FieldInfo) -> str:
    marks: list[Any] = list(field.metadata)
    while get_origin(annotation) is Annotated:
        marks += get_args(annotation)[1:]
        for mark in get_args(annotation)[1:]:
            marks += mark.metadata if isinstance(mark, FieldInfo) else []
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        below = [_bounds(member, FieldInfo()) for member in get_args(annotation)]
        return next((text for text in below if text != "-"), "-")
    found = []
    for mark in marks:
        for kind, sign, key in ((Gt, ">", "gt"), (Ge, "≥", "ge"), (Lt, "<", "lt"), (Le, "≤", "le")):
            if isinstance(mark, kind):
                found.append(f"{sign} {_plain(getattr(mark, key))}")
        if isinstance(mark, Over) and mark.least is not None:
            found.append(f"≥ {_plain(mark.least)}")
        if isinstance(mark, Over) and mark.above is not None:
            found.append(f"> {_plain(mark.above)}")
        if isinstance(mark, Over) and mark.most is not None:
            found.append(f"≤ {_plain(mark.most)}")
    return ", ".join(dict.fromkeys(found)) or "-"
