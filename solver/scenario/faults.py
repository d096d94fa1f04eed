"""From validation errors to messages that name the place, what was given, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ..codes import CODES
from . import outline
from .hints import DECIMALS, glued
from .reader import MOST_SHOWN, Document, Fault, Faults, Path_, shown
from .wrong import allowed, joined, listed, meant

_TYPES = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a text",
    "dict_type": "a mapping",
    "model_type": "a mapping of options",
    "model_attributes_type": "a mapping of options",
    "list_type": "a list",
    "tuple_type": "a list",
    "literal_error": "",
}
_BOUNDS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}

_LENGTHS = {
    "too_short": ("wrong-length", "give more"),
    "too_long": ("wrong-length", "give fewer"),
    "string_too_long": ("wrong-length", "write a shorter text"),
    "string_too_short": ("wrong-length", "write a text that is not empty"),
    "string_pattern_mismatch": ("wrong-pattern", "write it in this form"),
}
_UNITS = ("no-scales", "not-a-quantity", "unknown-unit", "wrong-unit")


def translate(error: ValidationError, document: Document, schema: Any) -> Faults:
    """One fault per thing that is wrong, the first MOST_SHOWN in words; alternatives of one value are put together."""
    located = [(locate(fault["loc"], document.data, fault["type"]), fault) for fault in error.errors(include_url=False)]
    if any(path[:1] == ("scales",) for path, _ in located):  # every quantity would be wrong with them
        located = [(path, fault) for path, fault in located if fault["type"] not in _UNITS or path[:1] == ("scales",)]
    groups: dict[Path_, list[Any]] = {}
    for path, fault in located:
        groups.setdefault(path, []).append(fault)
    faults: list[Fault] = []
    above = {path[:length] for path in groups for length in range(len(path))}
    for number, (path, group) in enumerate(groups.items()):
        if len(faults) >= MOST_SHOWN:
            return Faults(faults[:MOST_SHOWN], len(faults) - MOST_SHOWN + len(groups) - number)
        deeper = path in above
        types = [f for f in group if f["type"] in _TYPES]
        rest = [f for f in group if f["type"] not in _TYPES]
        if types and not rest and not deeper:
            what, code, remedy = _wrong_type(types)
            faults.append(Fault(document.mark(path), path, what, code, joined(remedy, _options(path, types, document, schema))))
        for fault in rest:
            faults.append(_single(path, fault, document, schema))
    return Faults(faults)


def locate(loc: tuple[str | int, ...], data: Any, kind: str) -> Path_:
    """The path in the scenario of an error; names of choices and of short forms are left out."""
    path: list[str | int] = []
    node, tagged = data, False
    for number, part in enumerate(loc):
        named = isinstance(node, Mapping) and part in node and (node.get("kind") != part or tagged)
        if named or (isinstance(node, list) and isinstance(part, int) and part < len(node)):
            path.append(part)
            node, tagged = node[part], False
        elif kind == "missing" and number == len(loc) - 1:
            path.append(part)
        else:
            tagged = True
    return tuple(path)


def _wrong_type(types: list[Any]) -> tuple[str, str, str]:
    """What, code and remedy where a value has none of the types that it may have."""
    literal = next((f for f in types if f["type"] == "literal_error"), None)
    names = re.findall(r"'([^']*)'|\b(\d+)\b", literal["ctx"]["expected"]) if literal else []
    words = [a or b for a, b in names]
    given = types[0]["input"]
    may = [*words, *dict.fromkeys(_TYPES[f["type"]] for f in types if f is not literal)]
    if literal and (isinstance(given, str) or len(types) == 1):
        return f"unknown choice (given {shown(given)})", "unknown-choice", joined(f"allowed: {', '.join(may)}", meant(given, words))
    lines = "write lines `name: value`, without dashes or []" if isinstance(given, list) and may[0].startswith("a mapping") else ""
    return f"wrong type (given {shown(given)})", "wrong-type", joined(f"allowed: {' or '.join(may)}", lines)


def _options(path: Path_, types: list[Any], document: Document, schema: Any) -> str:
    """Where a group of options is needed, which there are."""
    if not any(fault["type"].startswith("model") for fault in types):
        return ""
    keys = outline.keys(_annotation(path, document, schema)[0], {})
    return f"options: {listed(keys)}" if keys else ""


def _annotation(path: Path_, document: Document, schema: Any) -> tuple[Any, Any]:
    annotation, value = schema, document.data
    for part in path:
        annotation = outline.child(annotation, value, part)
        value = outline.expanded(annotation, value[part]) if not isinstance(value, Mapping) or part in value else None
    return annotation, value


def _shown(path: Path_, document: Document, schema: Any) -> str:
    """How an option that is missing may look, where there is an example of it."""
    from .exemplified import first_example

    group = outline.resolve(*_annotation(path[:-1], document, schema))
    text = first_example(group, str(path[-1])) if isinstance(group, type) else ""
    return f", as in `{text}`" if text else ""


_BLOCKS = ("", "model", "time", "output")  # where options that stand in the wrong block are looked for
_EVERYWHERE = ("name", "title", "description", "source", "cost")  # of which it tells nothing


def _elsewhere(path: Path_, schema: Any) -> str:
    """In which block an option stands that is named in a wrong one; empty where in none of the larger ones."""
    for block in _BLOCKS:
        group = outline.child(schema, None, block) if block else schema
        if path[-1] in (outline.keys(group, None) or []) and path[-1] not in _EVERYWHERE:
            return f"it is an option of `{block}`" if block else f"`{path[-1]}` stands at the left edge, in no other block"
    return ""


def _single(path: Path_, fault: Any, document: Document, schema: Any) -> Fault:
    kind, given, context = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "missing":
        remedy = f"give `{path[-1]}`{_shown(path, document, schema)}"
        return Fault(document.mark(path[:-1]), path, "missing, but needed", code="missing-option", remedy=remedy)
    if kind == "extra_forbidden":
        keys = outline.keys(*_annotation(path[:-1], document, schema)) or []
        comma = re.match(r"\d", str(path[-1])) and given is None
        slip = DECIMALS if comma else glued(str(path[-1]), keys) or _elsewhere(path, schema) or meant(path[-1], keys)
        remedy = joined(f"allowed: {', '.join(keys)}" if keys else "", slip) or "take it out"
        return Fault(document.mark(path, key=True), path, f"unknown option (given {path[-1]!r})", code="unknown-key", remedy=remedy)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        words = re.findall(r"'([^']*)'", context.get("expected_tags", "")) or outline.kinds(_annotation(path, document, schema)[0])
        full = (*path, "kind")
        if kind == "union_tag_not_found":
            what, remedy = "missing, but needed", f"allowed: {', '.join(words)}"
            return Fault(document.mark(path), full, what, code="missing-option", remedy=remedy)
        what, remedy = f"unknown kind (given {context['tag']!r})", allowed(context["tag"], words)
        return Fault(document.mark(full), full, what, code="unknown-kind", remedy=remedy)
    what, code, remedy = _said(kind, given, context, fault["msg"])
    return Fault(document.mark(path, key="[key]" in fault["loc"]), path, what, code, remedy)


def _said(kind: str, given: Any, context: Mapping[str, Any], message: str) -> tuple[str, str, str]:
    """What, code and remedy of an error of pydantic, or of one of our validators."""
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"value out of bounds (given {shown(given)})", "out-of-bounds", f"allowed: {words} {context[name]:g}"
    if kind == "string_pattern_mismatch" and "A-Za-z0-9_.-" in context.get("pattern", ""):
        rule = "allowed: letters a to z, digits, _ . and -, starting with a letter or digit"
        return f"not a name (given {shown(given)})", "bad-name", rule
    if kind == "finite_number":
        return f"wrong value (given {shown(given)})", "out-of-bounds", "allowed: a finite number"
    if kind in ("too_short", "too_long") and "actual_length" in context:
        found, needed = context["actual_length"], context.get("min_length", context.get("max_length"))
        what = f"{'fewer' if kind == 'too_short' else 'more'} values than there may be (given {found})"
        return what, "wrong-length", f"allowed: {'at least' if kind == 'too_short' else 'at most'} {needed}"
    if kind in _LENGTHS:
        return f"{message[0].lower()}{message[1:]} (given {shown(given)})", *_LENGTHS[kind]
    what, remedy = context.get("what", message), context.get("remedy", "")
    if "(given" not in what and not isinstance(given, Mapping):
        what = f"{what} (given {shown(given)})"
    return (what, kind, remedy) if kind in CODES else (what, "wrong-value", "see the reference of the options")
