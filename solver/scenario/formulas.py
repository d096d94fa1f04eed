"""Options whose value is a number, a quantity with a unit, or an expression; everywhere or by region."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from .base import Context, plain_number
from .dimensions import brought_to, in_units
from .expressions import Binary, Call, Expr, Name, Number
from .hints import NAMED, hint
from .parameters import known
from .parser import MAX_LENGTH, ParseError, parse
from .reader import shown
from .tree import children, evaluate, names, to_text, walk
from .units import UnitError, measure, unit
from .wrong import allowed, joined, wrong

_QUANTITY = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?+(\s*[A-Za-zµμ]|\s+/)[A-Za-zµμ\s*·/^0-9()-]*")
_WRITE = "write a formula such as 0.5*(1 - tumour)"
_NOISE = "write noise(scale, seed) with a length above 0 and a whole number, or declared parameters"
_JUMPING = ("<", "<=", ">", ">=", "==", "!=", "and", "or")
_LASTS = "write what lasts, such as t > 5 and t < 5.5; equality is for floor(...), as floor(t/24) == 3"
_SCOPES = {
    "space": "the coordinates x, y, z and given fields",
    "time": "the time t",
    "species": "species",
    "integrity": "the integrity",
    "pools": "pools of the circulation",
}


@dataclass(frozen=True)
class Formula:
    """An expression of a scenario; quantities with units are numbers in the scenario's scales already."""

    expr: Expr
    base: Formula | None = None  # under drugs: as the scenario states it,
    factor: Expr | None = None  # what that is multiplied by,
    added: Expr | None = None  # and what is added

    def under(self, factor: Expr | None, added: Expr | None) -> Formula:
        """The same under drugs: factor * it + added."""
        return Formula(_changed(self.expr, factor, added), self, factor, added)

    def changed(self, base: Expr) -> Expr:
        """What drugs make of an expression that stands for the base."""
        return _changed(base, self.factor, self.added)

    @staticmethod
    def number(value: float) -> Formula:
        """A plain number as a formula."""
        return Formula(Number(value))

    @staticmethod
    def everywhere(value: float) -> dict[str, Formula]:
        """A plain number in every region."""
        return {"": Formula(Number(value))}

    @property
    def constant(self) -> float | None:
        """The value of a plain number, None for anything else."""
        return self.expr.value if isinstance(self.expr, Number) else None

    def plain(self) -> float | str:
        """The number or text that reads back as this formula."""
        return self.expr.value if isinstance(self.expr, Number) else to_text(self.expr)


@dataclass(frozen=True)
class Over:
    """Marks a Formula: the dimension of its numbers, what it may depend on besides parameters, and a lower bound.

    ``Annotated[Formula, Over("own", "space")]``; scopes are "space", "time", "species", "integrity" and "pools". The bounds, ``least``
    or ``above``, and ``most``, are checked where the value is constant.
    """

    dimension: str
    scopes: tuple[str, ...] = ()
    least: float | None = None
    above: float | None = None
    most: float | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self._read, serialization=core_schema.plain_serializer_function_ser_schema(lambda formula: formula.plain())
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        number: dict[str, Any] = {"type": "number"}
        if self.least is not None:
            number["minimum"] = self.least
        if self.above is not None:
            number["exclusiveMinimum"] = self.above
        if self.most is not None:
            number["maximum"] = self.most
        return {"anyOf": [number, {"type": "string"}], "x-dimension": self.dimension, "x-may-use": list(self.scopes)}

    def _read(self, value: Any, info: ValidationInfo) -> Formula:
        context = Context.of(info)
        formula = value if isinstance(value, Formula) else Formula(self._tree(value, context))
        self._check_bound(formula.expr, value, context)
        return formula

    def _tree(self, value: Any, context: Context) -> Expr:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            number = plain_number(value)
            if not math.isfinite(number):
                raise wrong("the number is not finite", code="out-of-bounds", remedy="allowed: a finite number")
            return Number(number)
        if not isinstance(value, str):
            raise wrong(f"wrong type (given {shown(value)})", code="wrong-type", remedy="allowed: a number or an expression")
        if self._is_quantity(value, context):
            return Number(context.convert(value, self.dimension))
        try:
            tree = parse(value)
        except ParseError as error:
            raise wrong(str(error), code=error.code, remedy=joined(error.remedy, hint(value)) or _WRITE) from None
        self._check_names(tree, context)
        self._check_noise(tree, context)
        self._check_instants(tree)
        self._check_divisors(tree, context)
        return self._in_scales(tree, context)

    def _in_scales(self, tree: Expr, context: Context) -> Expr:
        """The formula as a number in the option's unit, where parameters have units of their own."""
        used = names(tree)
        mixed = bool(used & context.units.keys())
        if not mixed and not self._sure(used, context):
            return tree
        wanted = context.wanted(self.dimension)
        given = known(used, context, wanted)
        try:
            found = tree if given is None else brought_to(in_units(tree, given), wanted)
            return found if mixed else tree
        except UnitError as error:
            raise wrong(str(error), code=error.code, remedy=error.remedy) from None

    def _sure(self, used: Set[str], context: Context) -> bool:
        """Whether a formula is of parameters made of lengths and times alone: with a wrong unit it is refused, else left as it is."""
        return bool(used) and used <= context.lengths.keys() and ("^d" not in self.dimension or context.dim is not None)

    def _check_instants(self, tree: Expr) -> None:
        for node in walk(tree):
            if isinstance(node, Binary) and node.op in ("==", "!=") and (_flows(node.left) or _flows(node.right)):
                raise wrong(f"{to_text(node)!r} holds at instants only or everywhere else", code="equal-in-time", remedy=_LASTS)

    def _check_divisors(self, tree: Expr, context: Context) -> None:
        """Nothing is divided by a number that is 0, unless `where` may leave it out."""
        nodes = list(walk(tree))
        if any(isinstance(node, Call) and node.function == "where" for node in nodes):
            return
        for node in [node for node in nodes if isinstance(node, Binary) and node.op == "/"]:
            if not names(node.right) - set(context.parameters) and float(evaluate(node.right, context.parameters)) == 0.0:
                what = f"division by 0 (given {to_text(node)!r})"
                raise wrong(what, code="out-of-bounds", remedy="write a number other than 0, or where(...) around it")

    def _check_noise(self, tree: Expr, context: Context) -> None:
        for node in walk(tree):
            if not isinstance(node, Call) or node.function != "noise":
                continue
            if any(names(arg) - set(context.parameters) for arg in node.args):
                raise wrong("noise that depends on other names", code="noise-arguments", remedy=_NOISE)
            scale, seed = (float(evaluate(arg, context.parameters)) for arg in node.args)
            if not 0.0 < scale < math.inf or not (abs(seed) < 2**31 and seed == int(seed)):
                raise wrong(f"noise({scale:g}, {seed:g})", code="noise-arguments", remedy=_NOISE)

    def _is_quantity(self, text: str, context: Context) -> bool:
        if len(text) > MAX_LENGTH or not _QUANTITY.fullmatch(text):
            return False
        words = set(re.findall(r"[A-Za-z_]\w*", re.sub(r"(\d)[eE]([-+]?\d)", r"\1\2", text)))
        names = {*context.species, *context.parameters, *context.scalars, *context.pools, *context.fields, "x", "z", "t"}
        if not words or words & names:  # M may be a species, but in /M/s it is molar
            return bool(words - names) and self._is_needed(text, context)
        return "y" not in words or self._is_needed(text, context)

    def _is_needed(self, text: str, context: Context) -> bool:
        """Whether y is the year here, and not the coordinate: where the unit is then the one that is needed."""
        try:
            given = measure(text)
            return context.scales is not None and any(given.dimension == unit.dimension for unit in context.wanted(self.dimension, given))
        except (UnitError, PydanticCustomError):
            return False

    def _check_names(self, tree: Expr, context: Context) -> None:
        place = {"x", "y", "z", *context.fields}
        groups = {"space": place, "time": {"t", *context.scalars}, "species": set(context.species), "integrity": {"integrity"}}
        groups["pools"] = set(context.pools)
        known = set(context.parameters).union(*(groups[s] for s in self.scopes))
        for name in sorted(names(tree) - known):
            if any(name in group for group in groups.values()):
                usable = ", ".join([*(_SCOPES[s] for s in self.scopes), "declared parameters"])
                both = "a pool that acts on both sides of the walls of vessels is one of model.pools" if name in groups["pools"] else ""
                raise wrong(f"{name!r} cannot be used here", code="name-not-usable", remedy=joined(f"allowed: {usable}", both))
            remedy = allowed(name, sorted(known)) if known else "allowed: numbers only"
            slip = NAMED if _is_unit(name) else ""
            raise wrong(f"unknown name in the expression (given {name!r})", code="unknown-name", remedy=joined(remedy, slip))

    def _check_bound(self, tree: Expr, given: Any, context: Context) -> None:
        if (self.least is None and self.above is None) or names(tree) - set(context.parameters):
            return
        value = float(evaluate(tree, context.parameters))
        if any(math.isnan(context.parameters[name]) for name in names(tree)):
            return  # a parameter that could not be read; that is said at its own place
        if math.isinf(value):
            raise wrong(f"wrong value (given {value:g})", code="out-of-bounds", remedy="allowed: a finite number")
        bound = f"at least {self.least:g}" if self.above is None else f"greater than {self.above:g}"
        if self.most is not None:
            bound += f" and at most {self.most:g}"
        within = value >= (self.least or 0.0) if self.above is None else value > self.above
        if not (within and (self.most is None or value <= self.most)):
            text = f"{shown(given)}, which is " if isinstance(given, str) else ""
            raise wrong(f"value out of bounds (given {text}{value:.6g})", code="out-of-bounds", remedy=f"allowed: {bound}")


def _changed(expr: Expr, factor: Expr | None, added: Expr | None) -> Expr:
    """factor * expr + added."""
    changed = expr if factor is None else Binary("*", expr, factor)
    return changed if added is None else Binary("+", changed, added) if expr != Number(0.0) else added


def _flows(expr: Expr) -> bool:
    """Whether the value changes steadily in time: t is named outside of comparisons, floor and ceil, which jump."""
    if isinstance(expr, Name):
        return expr.id == "t"
    jumps = (isinstance(expr, Call) and expr.function in ("floor", "ceil")) or (isinstance(expr, Binary) and expr.op in _JUMPING)
    return not jumps and any(_flows(part) for part in children(expr))


class ByRegion:
    """Marks a mapping region -> Formula that may be written as one value for everywhere (the key is then ""); ``key``: what a key is."""

    def __init__(self, key: str = "region") -> None:
        self.key = key

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            _everywhere,
            core_schema.no_info_wrap_validator_function(self._unwrapped, handler(source)),
            serialization=core_schema.wrap_serializer_function_ser_schema(_plain),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        mapping = handler(schema)
        return {"anyOf": [*mapping.get("additionalProperties", {}).get("anyOf", []), mapping]}

    def _unwrapped(self, value: Any, inner: Callable[[Any], Any]) -> Any:
        if not value:
            raise wrong("the mapping is empty", code="nothing-given", remedy=f"allowed: a value, or {self.key}: value")
        return inner(value)


def _everywhere(value: Any) -> Any:
    return value if isinstance(value, Mapping) else {"": value}


def _plain(value: Mapping[str, Formula], inner: Callable[[Any], Any]) -> Any:
    plain = inner(value)
    return plain[""] if set(plain) == {""} else plain


State = ("space", "time", "species")
OnSurface = (*State, "integrity")
Initial = Annotated[dict[str, Annotated[Formula, Over("own", ("space",), 0)]], ByRegion()]
Amount = Annotated[Formula, Over("own*length^d", above=0)]
Motility = Annotated[dict[str, Annotated[Formula, Over("length^2/time", State, 0)]], ByRegion()]


def _is_unit(name: str) -> bool:
    """Whether a name is that of a unit."""
    try:
        return bool(unit(name))
    except UnitError:
        return False
