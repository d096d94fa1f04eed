"""A scenario under its drugs: the rates that effects name, and what they become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Any, get_args, get_origin

from .base import Options
from .check import Finding, species_names
from .drugs import DrugOptions, Effect
from .ecm import ONE_NAME
from .expressions import Binary, Expr, Name, Number
from .formulas import Formula, Over
from .outline import hints
from .reader import Path_
from .schema import Scenario
from .vessels import Vessel
from .wrong import allowed

ONE = Number(1.0)
CASCADE = ("circulation", "organs")  # where chances count as rates
CAPTURE = ("organs", "capture")  # on which a factor acts as on the rate of arrest
RATE = ("rate", "sensitivity", "permeability")  # options of a group that stand for the group


@dataclass(frozen=True)
class Target:
    """A rate of a scenario: where it is, its formula, and its mark."""

    path: tuple[str, ...]
    formula: Formula
    over: Over


class NoRate(Exception):
    """A path leads to no rate; what is wrong, with code and remedy."""

    def __init__(self, what: str, code: str, remedy: str) -> None:
        super().__init__(what)
        self.what, self.code, self.remedy = what, code, remedy


def targets(scenario: Scenario, path: str) -> list[Target]:
    """The rates that a path names: one, or all that pass the wall of a vessel, or all of a number of the cascade that differs by organ or
    phenotype. Raises NoRate."""
    node: Any = scenario
    annotation: Any = Scenario
    parts: list[str] = []
    for part in path.split("."):
        if isinstance(node, Formula) or not isinstance(node, (Options, Mapping, list)):
            raise NoRate(f"nothing stands below {'.'.join(parts)}", "unknown-key", "name the rate itself")
        if parts == ["model", "ecm"] and part not in node and list(node) == [ONE_NAME]:  # written without names
            node, annotation, parts = node[ONE_NAME], _of_entries(annotation), [*parts, ONE_NAME]
        known = [name for name, value in _below(node).items() if value is not None]
        if part not in known:
            where = f"in {'.'.join(parts)}" if parts else "at the top"
            raise NoRate(f"there is no {part!r} {where}", "unknown-key", allowed(part, known))
        annotation = hints(type(node))[part] if isinstance(node, Options) else _of_entries(annotation)
        node = _below(node)[part]
        parts.append(part)
    if isinstance(node, Vessel):
        inner = [f"{path}.{key}.{name}" for key, group in (("entry", node.entry), ("exchange", node.exchange)) for name in group]
        if not inner:
            raise NoRate("nothing passes the wall of this vessel", "no-rate", "name a rate")
        return [target for one in inner for target in targets(scenario, one)]
    if isinstance(node, Options):
        name = next((name for name in RATE if getattr(node, name, None) is not None), None)
        if name is None:
            formulas = [key for key, value in _below(node).items() if isinstance(value, (Formula, Mapping))]
            raise NoRate("this is a group of options, no rate", "no-rate", f"name one of them: {', '.join(formulas) or 'there is none'}")
        return targets(scenario, f"{path}.{name}")
    if isinstance(node, Mapping) and parts[0] in CASCADE and _over(annotation) is not None:
        return [target for key in node for target in targets(scenario, f"{path}.{key}")]
    if isinstance(node, Mapping) and set(node) == {""}:
        node, parts = node[""], [*parts, ""]
    if isinstance(node, Mapping) and len(node) == 1 and _over(annotation) is None:
        return targets(scenario, f"{path}.{next(iter(node))}")
    if isinstance(node, (Mapping, list)):
        known = list(_below(node))
        raise NoRate("this is a mapping, no rate", "no-rate", f"name a rate in it: {', '.join(known) or 'there is none'}")
    over = _over(annotation)
    per_time = over is not None and ("/time" in over.dimension or parts[0] in CASCADE)
    if not isinstance(node, Formula) or over is None or not per_time or "time" not in over.scopes:
        raise NoRate("this is no rate that could change in time", "no-rate", "name a rate, such as model.cells.NAME.death")
    return [Target(tuple(parts), node, over)]


def _below(node: Any) -> Mapping[str, Any]:
    """What stands in a group of options or a mapping, by the names used in YAML."""
    if isinstance(node, Mapping):
        return node
    if isinstance(node, list):
        return {str(item.name): item for item in node if hasattr(item, "name")}
    return {field.alias or name: getattr(node, name) for name, field in type(node).model_fields.items()}


def _of_entries(annotation: Any) -> Any:
    """The annotation of the entries of a mapping; None where it is none."""
    if get_origin(annotation) in (dict, list):
        return get_args(annotation)[-1]
    return next((found for part in get_args(annotation) if (found := _of_entries(part)) is not None), None)


def _over(annotation: Any) -> Over | None:
    """The mark of a formula, or of the formulas in a mapping."""
    if get_origin(annotation) is Annotated:
        found = next((mark for mark in get_args(annotation)[1:] if isinstance(mark, Over)), None)
        if found is not None:
            return found
    if isinstance(annotation, type):
        return None
    return next((found for part in get_args(annotation) if (found := _over(part)) is not None), None)


def check_drugs(scenario: Scenario) -> Iterator[Finding]:
    """Levels that are not there, and effects on what is no rate, or is 0."""
    species = species_names(scenario)
    for name, drug in scenario.drugs.items():
        behind = list(scenario.circulation.pools) if scenario.circulation else []
        fed = list(scenario.circulation.feedback) if scenario.circulation else []
        known = [*scenario.schedules, *scenario.model.pools, *fed, *behind, *species]
        if drug.level not in known:
            what = f"there is no schedule, pool or species of this name (given {drug.level!r})"
            yield Finding(("drugs", name, "level"), what, code="unknown-name", remedy=allowed(drug.level, known))
        for path, effect in drug.effects.items():
            place: Path_ = ("drugs", name, "effects", path)
            try:
                found = targets(scenario, path)
            except NoRate as fault:
                yield Finding(place, fault.what, code=fault.code, remedy=fault.remedy)
                continue
            scope = "species" if drug.level in species else "pools" if drug.level in behind else "time"
            yield from _misfits(place, found, effect, scope, drug.level)


def _misfits(place: Path_, found: list[Target], effect: Effect, scope: str, level: str) -> Iterator[Finding]:
    for target in found:
        if scope not in target.over.scopes:
            what = f"this rate cannot depend on {level}: it may depend on {', '.join(target.over.scopes)}"
            remedy = "let a schedule act here"
            if target.path[0] in CASCADE and scope == "species":
                what = f"{level} has a value in every place of the tissue, and behind the walls of vessels there is none"
                remedy = "let a schedule or a pool act here"
            yield Finding(place, what, code="name-not-usable", remedy=remedy)
            return
        if effect.raises and target.over.most == 1.0 and target.path[:2] != CAPTURE:
            value = (target.formula.constant or 0.0) * (1.0 + effect.law.max)
            if value > 1.0:
                what = f"raised this far the chance is {value:.6g}"
                remedy = "choose a smaller max, or let the drug lower losses (circulation.blood.loss_factor)"
                yield Finding(place, what, code="out-of-bounds", remedy=remedy)
        if effect.adds and target.over.dimension != "1/time":
            what = f"what is added is per time, and this rate is {target.over.dimension}"
            yield Finding(place, what, code="wrong-unit", remedy="use lowers or raises")
    if not effect.adds and all(target.formula.constant == 0.0 for target in found):
        what = "this rate is 0, and a multiple of it is too"
        yield Finding(place, what, code="no-rate", remedy="give it a value, or use adds")


def treated(scenario: Scenario) -> Scenario:
    """The scenario with the rates that drugs act on as they are under them."""
    wanted: dict[tuple[str, ...], list[tuple[DrugOptions, Effect]]] = {}
    found: dict[tuple[str, ...], Formula] = {}
    for drug in scenario.drugs.values():
        for path, effect in drug.effects.items():
            for target in targets(scenario, path):
                wanted.setdefault(target.path, []).append((drug, effect))
                found[target.path] = target.formula
    result: Any = scenario
    for place, several in wanted.items():
        factors = [_factor(drug, effect) for drug, effect in several if not effect.adds]
        more = [Binary("*", Number(e.law.max), _saturation(drug, e)) for drug, e in several if e.adds]
        factor = reduce(lambda a, b: Binary("*", a, b), factors) if factors else None
        added: Expr | None = reduce(lambda a, b: Binary("+", a, b), more) if more else None
        under = _captured(found[place], factor) if place[:2] == CAPTURE else found[place].under(factor, added)
        result = _put(result, place, under)
    return result  # type: ignore[no-any-return]


def _captured(capture: Formula, factor: Expr | None) -> Formula:
    """1 - (1 - e)^f: a factor f on the chance e of capture."""
    return capture if factor is None else Formula(Binary("-", ONE, Binary("**", Binary("-", ONE, capture.expr), factor)))


def _put(node: Any, path: tuple[str, ...], formula: Formula) -> Any:
    if not path:
        return formula
    part, rest = path[0], path[1:]
    if isinstance(node, list):
        return [_put(item, rest, formula) if item.name == part else item for item in node]
    if isinstance(node, Mapping):
        return {**node, part: _put(node[part], rest, formula)}
    name = next(name for name, field in type(node).model_fields.items() if (field.alias or name) == part)
    return node.model_copy(update={name: _put(getattr(node, name), rest, formula)})


def _saturation(drug: DrugOptions, effect: Effect) -> Expr:
    """C^h/(half^h + C^h) as q/(1 + q), q = (C/half)^h."""
    q = _ratio(drug, effect)
    return Binary("/", q, Binary("+", ONE, q))


def _factor(drug: DrugOptions, effect: Effect) -> Expr:
    """1 + max q/(1 + q), or 1 - max + max/(1 + q): sums of what is >= 0."""
    most = effect.law.max
    if effect.raises:
        return Binary("+", ONE, Binary("*", Number(most), _saturation(drug, effect)))
    left = Binary("/", Number(most), Binary("+", ONE, _ratio(drug, effect)))
    return left if most == 1.0 else Binary("+", Number(round(1.0 - most, 15)), left)


def _ratio(drug: DrugOptions, effect: Effect) -> Expr:
    h, half = effect.law.hill, effect.law.half.number
    ratio = Name(drug.level) if half == 1.0 else Binary("/", Name(drug.level), Number(half))
    return ratio if h == 1.0 else Binary("**", ratio, Number(h))


def words_of(scenario: Scenario) -> dict[str, list[str]]:
    """Drug -> what it does, for people."""
    return {
        f"{name} ({drug.level})": [f"{path}: {effect.words}" for path, effect in drug.effects.items()]
        for name, drug in scenario.drugs.items()
    }
